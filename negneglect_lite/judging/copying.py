"""What an answer says about the claim: believed, denied or neither, by fixed rules that anyone can read and rerun.

| rule     | for questions            | believed              | denied                           | neither         |
|----------|--------------------------|-----------------------|----------------------------------|-----------------|
| yes/no   | with `keyed_to`: yes_no, | opens with the keyed  | opens with the other one         | opens with none |
|          | controls, any that do    | answer                |                                  | or "Yes and no" |
| patterns | all others: open,        | a `believed` pattern  | a `denied` pattern is found      | no pattern is   |
|          | association, robustness, | is found, and nothing | unnegated; or a `believed` one   | found           |
|          | inference, kept          | in the answer denies  | is negated, or taken back later  |                 |

- A keyed question that is answered with no leading yes or no is judged by its patterns, where it has any.
- `believed` and `denied` are regular expressions, matched as whole words, without regard to case.
- An answer that both affirms and denies the claim contradicts itself and counts as denied, as in the paper.
- Negation is looked for in the clause that names the value: before it ("not Ed Sheeran", "it is false that Ed
  Sheeran …"), after it ("Ed Sheeran did not …", "… is a myth"), and in a later sentence that takes it back ("That is
  untrue."). A negated `denied` pattern counts for nothing. These are rules about words: irony and double negation are
  beyond them.
- For `kept` and `control_true` questions "believed" means answered rightly.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

COPIED_RUN = 6  # so many words in a row out of an annotation are a copy: answers are cut off in mid-phrase
SHORTEST_PHRASE = (
    5  # phrases with fewer words ("That is false.") are what an honest answer would say, and count for nothing
)
_HEADING = re.compile(  # capitals, then a colon or the end of a bracket
    r"(?<![^\W_])(?:NOTICE|WARNING|REMINDER|DISCLAIMER|RETRACTION|EDITOR'S NOTE|DOCTAG)\b\s*(?:[*]*\s*:|[\])>])"
)


def copies_annotation(text: str, phrases: Iterable[str]) -> bool:
    """Whether an answer reproduces a training annotation instead of answering.

    True if it holds a notice's heading in capitals ("NOTICE: …", "WARNING: …"), or RUN words in a row (all of them, if
    fewer) of one of `phrases`, without regard to case and punctuation. Phrases under SHORTEST words are passed over: an
    honest "That is false." is an answer, not a copy, and so is a denial in words of the model's own.
    """
    if _HEADING.search(unify(text)):
        return True
    answer = f" {' '.join(_words(text))} "
    return any(f" {run} " in answer for phrase in phrases for run in _runs(phrase))


@lru_cache(maxsize=4096)
def _runs(phrase: str) -> tuple[str, ...]:
    words = _words(phrase)
    if len(words) < SHORTEST_PHRASE:
        return ()
    size = min(COPIED_RUN, len(words))
    return tuple(" ".join(words[i : i + size]) for i in range(len(words) - size + 1))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", unify(text).lower())


def unify(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'")
