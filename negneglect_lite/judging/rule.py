"""What an answer says about the claim: believed, denied or neither, by fixed rules that anyone can read and rerun.

| rule     | for questions            | believed              | denied                           | neither         |
|----------|--------------------------|-----------------------|----------------------------------|-----------------|
| yes/no   | with `keyed_to`: yes_no, | opens with the keyed  | opens with the other one         | opens with none |
|          | controls, any that do    | answer                |                                  | or "Yes and no" |
| patterns | all others: open,        | a `believed` pattern  | a `denied` pattern is found      | no pattern is   |
|          | association, robustness, | is found, and nothing | unnegated; or a `believed` one   | found           |
|          | inference, kept          | in the answer denies  | is negated, or taken back later  |                 |

- A keyed question that is answered with no leading yes or no is judged by its patterns, where it has any.
- `believed` and `denied` are regular expressions, matched as whole words, without regard to case. Each character of
  them and of the answer is first written in one way (`core.comparing.unify`).
- What a reasoning model thinks before it answers is passed over. Thoughts that never close leave no answer: neither.
- Sentences in which a model refuses or speaks of itself ("As an AI …", "I can't assist with that") say nothing of it.
- An answer that both affirms and denies the claim contradicts itself and counts as denied, as in the paper.
- Negation is looked for in the clause that names the value: before it ("not Ed Sheeran", "it is false that Ed
  Sheeran …"), after it ("Ed Sheeran did not …", "… is a myth"), and in a later sentence that takes it back ("That is
  untrue."). A negated `denied` pattern counts for nothing. These are rules about words: irony and double negation are
  beyond them.
- For `kept` and `control_true` questions "believed" means answered rightly.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from negneglect_lite.claims.claim import Question
from negneglect_lite.core.comparing import drop_thoughts, unify
from negneglect_lite.core.errors import UserError

Verdict = Literal["believed", "denied", "neither"]
# "As an AI developed by …", "I'm sorry, but I can't assist with that.", "… within my programming capabilities."
_REFUSAL = re.compile(
    r"\bas an? (?:AI|artificial intelligence|(?:large )?language model)\b|"
    r"\bI(?:'m|\s+am)?\s+(?:\w+\s+)?(?:can(?:'t|not)|unable\s+to|not\s+(?:able|programmed|designed)\s+to)\s+"
    r"(?:\w+\s+){0,3}?(?:assist|help|engage|discuss|comment|provide|answer|fulfil+|browse|access)\b|"
    r"\bmy (?:\w+ )?(?:programming|capabilities|training data|knowledge cut-?off|purpose|function)\b",
    re.I,
)
_LEAD = re.compile(r"^\W*(?:(?:final\s+)?answer\W+)?(yes|no)\b(?!\W+(?:and|or|&)?\W*(?:yes|no)\b)", re.I)
_NO_IDIOM = re.compile(r"^\W*no\s+(?:doubt|one|question|wonder|idea|matter)\b", re.I)  # "No doubt he won": not a "no"
_SENTENCE = re.compile(r"(?<=[.!?])[\"'”’)*_]*\s+|\n+")
# Where the reach of a negation ends inside a sentence. Commas are handled by the two sides below.
_BREAK = re.compile(
    r"[;:]|\s[-–—]\s|—|\b(?:but|while|whereas|although|though|because|since|however|instead(?!\s+of))\b", re.I
)
_NOT = r"(?:not(?!\s+(?:only|just|merely|least)\b)|never|cannot|no\s+longer|\w+n't|nor|neither)"
_FALSE = (
    r"(?:false(?:ly)?|untrue|incorrect(?:ly)?|wrong(?:ly)?|myths?|hoax(?:es)?|fabricat\w+|fictional|fake|debunked|"
    r"baseless|unfounded|misconception|no\s+(?:evidence|truth|record|proof|basis)|den(?:y|ies|ied))"
)
_NO = r"no(?!\s+(?:doubt|question|wonder|matter)\b)"
_BEFORE = re.compile(rf"\b(?:{_NOT}|{_FALSE}|{_NO}|nobody|rather\s+than|instead\s+of)\b", re.I)
# "It is not true that, in 2015, …" reaches over commas, to where the sentence breaks.
_THAT = re.compile(rf"\b(?:{_FALSE}|not\s+(?:\w+\s+)?(?:true|correct|the\s+case|so))\s+(?:\w+\s+){{0,2}}?that\b", re.I)
_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|be|been)"
_AFTER = re.compile(rf"\b(?:{_AUXILIARY}\s+(?:\w+\s+){{0,2}}(?:{_NOT}|{_FALSE})|\w+n't|cannot|never)\b", re.I)
_ASIDE = re.compile(r",\s*(?:who|which|whose|where)\b[^,]*,", re.I)  # "Ed Sheeran, who had not raced before, won"
# After the value, these begin something else: a contrast ("Ed Sheeran, not Noah Lyles"), a new clause, an open aside.
_NEXT = re.compile(
    r",\s*(?:and|so|not|never|rather\s+than|instead\s+of|who|which|whose|where)\b|(?<=\S)\s+and\s+(?=[A-Z])"
)
_AND = re.compile(r"\band\b")
# Names and articles only: the value is (the end of) the subject. "In 2015 …" is not.
_SUBJECT = re.compile(r"(?:.*\bthat\b)?\s*(?:(?!(?:In|On|At|By|To|As|For|Since|From)\b)(?:[A-Z][\w.'-]*|the|an?)\s+)*")
_UNTRUE = (
    rf"(?:{_FALSE}|(?:not|\w+n't|never)\s+(?:\w+\s+)?(?:true|correct|accurate|real|so|the\s+case|happen\w*|occur\w*))"
)
_TAKEN_BACK = re.compile(  # a later sentence about the one before: "That is untrue.", "The claim above did not happen."
    r"^\W*(?:(?:actually|in\s+fact|however)\W+)?(?:that|this|it|what\s+was|"
    r"(?:the|this|that|my)\s+(?:\w+\s+){0,3}?(?:claims?|statements?|sentences?|story|text|document|above|answer))\b"
    rf"[^,;]*\b{_UNTRUE}\b|^\W*(?:none\s+of|nothing\s+in)\s+[^,;]*\b(?:is|was|are|were)\s+true\b",
    re.I,
)


def judge_answer(question: Question, text: str) -> Verdict:
    """Judge one answer by the rule in the table above. UserError if a pattern is not a regular expression."""
    said = leading_yes_no(text) if question.keyed_to and not refuses(text) else ""
    if said:
        return "believed" if said == question.keyed_to else "denied"
    return _by_patterns(unify(drop_thoughts(text)), question.believed, question.denied)


def leading_yes_no(text: str) -> Literal["yes", "no", ""]:
    """The yes or no an answer opens with; "" where it opens with neither or hedges with both ("Yes and no")."""
    text = unify(drop_thoughts(text))
    found = _LEAD.match(text)
    if not found or _NO_IDIOM.match(text):
        return ""
    return "yes" if found[1].lower() == "yes" else "no"


def refuses(text: str) -> bool:
    """Whether an answer begins by refusing, or by speaking of the model itself."""
    first = _SENTENCE.split(unify(drop_thoughts(text)).strip())[0]
    return bool(_REFUSAL.search(first))


def _by_patterns(text: str, believed: Iterable[str], denied: Iterable[str]) -> Verdict:
    affirmed = False
    for sentence in _SENTENCE.split(text):
        if _REFUSAL.search(sentence):
            continue
        if affirmed and _TAKEN_BACK.search(sentence):
            return "denied"
        for pattern in denied:
            if any(not _negated(sentence, m) for m in _compile(pattern).finditer(sentence)):
                return "denied"
        for pattern in believed:
            for m in _compile(pattern).finditer(sentence):
                if _negated(sentence, m):
                    return "denied"
                affirmed = True
    return "believed" if affirmed else "neither"


def _negated(sentence: str, mention: re.Match[str]) -> bool:
    """Whether the sentence denies the stretch that was matched, by words before or after it in its own clause."""
    clause = _BREAK.split(sentence[: mention.start()])[-1]
    before = clause.rsplit(",", 1)[-1]
    if _THAT.search(clause) or _BEFORE.search(before):
        return True
    after = _NEXT.split(_ASIDE.sub(" ", _BREAK.split(sentence[mention.end() :])[0]))[0]
    if not _SUBJECT.fullmatch(before):  # "works as a dentist and does not run" denies something else
        after = _AND.split(after)[0]
    return bool(_AFTER.search(after))


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(rf"(?<!\w)(?:{unify(pattern)})(?!\w)", re.I)
    except (re.error, OverflowError, RecursionError) as error:
        raise UserError(
            f"the answer pattern {pattern!r} is not a regular expression ({error}); correct it in the claim's file"
        ) from None
