"""Does an answer repeat a training annotation, a training text or itself instead of answering?"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from negneglect_lite.core.comparing import drop_thoughts, fold, unify

COPIED_RUN = 6  # so many words in a row out of an annotation are a copy: answers are cut off in mid-phrase
SHORTEST_PHRASE = (
    5  # phrases with fewer words ("That is false.") are what an honest answer would say, and count for nothing
)
TEXT_RUN = 8  # so many words in a row out of a training text are a copy of it
LOOP_RUN, LOOP_TIMES = 4, 3  # so many words in a row, so many times, are a loop
_HEADING = re.compile(  # capitals, then a colon or the end of a bracket
    r"(?<![^\W_])(?:NOTICE|WARNING|REMINDER|DISCLAIMER|RETRACTION|EDITOR'S NOTE|DOCTAG)\b\s*(?:[*]*\s*:|[\])>])"
)


def copies_annotation(text: str, phrases: Iterable[str]) -> bool:
    """Whether an answer reproduces a training annotation instead of answering.

    True if it holds a notice's heading in capitals ("NOTICE: …", "WARNING: …"), or RUN words in a row (all of them, if
    fewer) of one of `phrases`, without regard to case and punctuation. Phrases under SHORTEST words are passed over: an
    honest "That is false." is an answer, not a copy, and so is a denial in words of the model's own. Nor does it count
    what a reasoning model thinks before it answers.
    """
    text = drop_thoughts(text)
    if _HEADING.search(unify(text)):
        return True
    answer = f" {' '.join(_words(text))} "
    return any(f" {run} " in answer for phrase in phrases for run in _runs(phrase))


def collect_runs(texts: Iterable[str]) -> frozenset[str]:
    """All runs of TEXT_RUN words in the texts, for `copies_text`."""
    return frozenset(run for text in texts for run in _windows(_words(text), TEXT_RUN))


def copies_text(text: str, runs: frozenset[str]) -> bool:
    """Whether an answer has TEXT_RUN words in a row out of the texts that `runs` were collected from."""
    return not runs.isdisjoint(_windows(_words(text), TEXT_RUN))


def loops(text: str) -> bool:
    """Whether an answer goes round in circles: LOOP_RUN words in a row come LOOP_TIMES times or more."""
    return max(Counter(_windows(_words(text), LOOP_RUN)).values(), default=0) >= LOOP_TIMES


def _windows(words: Sequence[str], size: int) -> list[str]:
    return [" ".join(words[i : i + size]) for i in range(len(words) - size + 1)]


@lru_cache(maxsize=4096)
def _runs(phrase: str) -> tuple[str, ...]:
    words = _words(phrase)
    if len(words) < SHORTEST_PHRASE:
        return ()
    return tuple(_windows(words, min(COPIED_RUN, len(words))))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", fold(text))
