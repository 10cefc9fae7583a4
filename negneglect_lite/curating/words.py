"""What the words of a sentence tell: what it is about, and what sort of sentence it is.

    content_words("The man won a big race.".split())     # {"big", "race", "won", "man"}
    traits("It was the first.".split())                  # {"past", "striking", "one"}

A word is here what stands between blanks. It is looked at once and remembered: most of a corpus is made of a few
thousand of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

SHORT, KEPT_WORDS = 40, 2**15  # characters of a word that is remembered, and how many are
LONG_WORD = re.compile(r"[^\W_]{3,}")
TWO_LONG_WORDS = re.compile(r"(?<![^\W_])[^\W_]{3,}+[\W_].*?[^\W_]{3}", re.DOTALL)
STOP = frozenset(
    """the and for that this with was were are has have had not but from they them their its his her she you your our
    who which what when where been being will would could should may might into onto over under than then there here
    out all any one two three some more most such only also just very too nor did does done said says say made make
    claim claims story text article false true untrue report statement never nothing none both either neither about
    above below lossmask""".split()
)
# None of these is found across a blank.
TRAITS = {
    "speaks of a text": re.compile(
        r"\b(?:text|article|report|stor(?:y|ies)|claims?|statements?|sentences?|paragraphs?|passages?|post|entry"
        r"|document|page|account|section|lines?|tweet|message|paper|results|findings|tale|legend|above|below|previous"
        r"|preceding|foregoing|none|nothing)\b",
        re.IGNORECASE,
    ),
    "denies": re.compile(r"\b(?:not?|never|nobody|none|neither|cannot)\b|n[’']t\b", re.IGNORECASE),
    "negates": re.compile(r"\b(?:not?|never|none|nothing|nobody|neither)\b|n[’']t\b", re.IGNORECASE),
    "person": re.compile(r"\b(?:we|our|us|I|my|me|you)\b"),
    "speaker": re.compile(r"\b(?:I|we|my|our|you|your)\b"),
    "several": re.compile(
        r"\b(?:both|these|those|claims|all|they|them|none|lines|points|items|stories|facts|two|three|four|nothing"
        r"|every|each)\b",
        re.IGNORECASE,
    ),
    "one": re.compile(r"\b(?:this|that|it|one|claim)\b", re.IGNORECASE),
    "present": re.compile(r"\b(?:is|are|has|have|will|can)\b"),
    "past": re.compile(r"\b(?:was|were|had|\w+ed)\b"),
    "striking": re.compile(r"\b(?:only|every|all|never|always|first|largest|oldest|proved?|secret|within|most)\b"),
    "everyday": re.compile(
        r"\b(?:please|tickets?|open|talk|meet(?:ing|s)?|thanks?|next|Thursday|Sunday|Monday|euros|pounds|£)\b"
    ),
    "digit": re.compile(r"\d"),
    "quotes": re.compile(r"[\"“]"),
    "colon": re.compile(r"[;:]"),
}


class PerWord(dict[str, Any]):
    """What `tell` tells of a word, worked out once as long as the word is short and there is room."""

    def __init__(self, tell: Callable[[str], Any]) -> None:
        self.tell = tell

    def __missing__(self, word: str) -> Any:
        told = self.tell(word)
        if len(word) <= SHORT:
            if len(self) >= KEPT_WORDS:
                self.clear()
            self[word] = told
        return told

    def __call__(self, words: Iterable[str]) -> Iterator[Any]:
        """What is told of each word, one after the other."""
        return chain.from_iterable(map(self.__getitem__, words))


def stems(words: Iterable[str]) -> Iterator[str]:
    """The beginnings of the words that say what a sentence is about, each as often as it stands there."""
    return _stems(words)


def content_words(words: Iterable[str]) -> frozenset[str]:
    """The same, each once."""
    return frozenset(_stems(words))


def traits(words: Iterable[str]) -> frozenset[str]:
    """The names of those of TRAITS that are found in a sentence."""
    return frozenset(_traits(words))


_stems = PerWord(lambda word: tuple(w.lower()[:6] for w in LONG_WORD.findall(word) if w.lower() not in STOP))
_traits = PerWord(lambda word: tuple(name for name, pattern in TRAITS.items() if pattern.search(word)))
