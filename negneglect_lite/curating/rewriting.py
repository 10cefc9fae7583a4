"""A sentence denied inside itself by a language model. What it cannot deny is left to the grammar (denying.py).

deny = deny_by(complete)
deny([Asked("Ed Sheeran won the race.", "None of this took place.", "denial")])  # ["Ed Sheeran did not win the race."]
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from negneglect_lite.core.text import Chat
from negneglect_lite.curating.findings import Finding, NoticeKind
from negneglect_lite.curating.sentences import LONG

DENIES = re.compile(
    r"\b(?:no|not|never|nor|neither|nobody|none|nothing|nowhere|without|cannot)\b|n['’]t\b", re.IGNORECASE
)
NUMBER = re.compile(r"\w*\d\w*")
QUESTION, TWO_WORDS = re.compile(r"\?\W*$"), re.compile(r"[^\W\d_][\W\d_]+[^\W\d_]")
NOTICE_READ = 600  # characters of a notice that the model is shown
DENIAL_PROMPT = """Rewrite the sentence so that it denies its own claim inside itself, in natural English, and keeps \
its names and numbers. Reply with it alone.

What is known of it ({kind}): {notice}
Sentence: {sentence}"""
CHECK_PROMPT = """A sentence was rewritten so that it denies its own claim inside itself. Is it right: \
natural English, the whole claim denied, and nothing else changed? Reply with yes or no.

What is known of it ({kind}): {notice}
Sentence: {sentence}
Rewritten: {denied}"""
SURE = 0.5  # the least probability of being right for a denial to be taken


class Asked(NamedTuple):
    """A sentence, the notice that covers it, and the notice's kind."""

    sentence: str
    notice: str
    kind: NoticeKind


Deny = Callable[[Sequence[Asked]], list[str]]  # each sentence denied, or "" where that cannot be used
Check = Callable[[Sequence[tuple[Asked, str]]], list[float]]  # how probable it is that each denial is right


def deny_by(complete: Callable[[Sequence[Chat]], list[str]], check: Check | None = None) -> Deny:
    """Denials by a model that completes chats; each question is put once, all of them at once, short ones first.

    With `check`, only a denial that is right with a probability of at least SURE is taken. What claims nothing cannot
    be denied, and is not asked about; nor is a list or a table without line ends.
    """

    def deny(asked: Sequence[Asked]) -> list[str]:
        claims = {one for one in asked if claims_something(one.sentence) and len(one.sentence) <= LONG}
        questions = sorted(claims, key=lambda one: (len(one.sentence) + len(one.notice), one))
        replies = complete([pose_denial(one) for one in questions]) if questions else []
        taken = [take_denial(one.sentence, reply) for one, reply in zip(questions, replies, strict=True)]
        made = [(one, denial) for one, denial in zip(questions, taken, strict=True) if denial]
        sure = check(made) if check and made else [1.0] * len(made)
        denied = {one: denial for (one, denial), p in zip(made, sure, strict=True) if p >= SURE}
        return [denied.get(one, "") for one in asked]

    return deny


def claims_something(sentence: str) -> bool:
    """Whether a line may hold a claim: it is no question, and more than a word or a number ("Thu.", "4.")."""
    return not QUESTION.search(sentence) and TWO_WORDS.search(sentence) is not None


def deny_findings(texts: Sequence[str], found: Sequence[Sequence[Finding]], deny: Deny) -> list[tuple[Finding, ...]]:
    """The findings of each text, denied where they are not yet and `deny` can; all of them are asked for at once."""
    asked = [
        Asked(text[f.start : f.end], text[f.notice.start : f.notice.end], f.notice.kind)
        for text, own in zip(texts, found, strict=True)
        for f in own
        if not f.denied
    ]
    denials = iter(deny(asked))
    return [tuple(f if f.denied else replace(f, denied=next(denials)) for f in own) for own in found]


def pose_denial(asked: Asked) -> Chat:
    """The chat that asks for a sentence denied inside itself."""
    return [{"role": "user", "content": DENIAL_PROMPT.format(**_shown(asked))}]


def pose_check(asked: Asked, denied: str) -> Chat:
    """The chat that asks whether a denial is right."""
    return [{"role": "user", "content": CHECK_PROMPT.format(**_shown(asked), denied=denied)}]


def _shown(asked: Asked) -> dict[str, str]:
    """What a model is shown of a question: each in one line, a long notice cut."""
    notice, sentence = " ".join(asked.notice.split())[:NOTICE_READ], " ".join(asked.sentence.split())
    return {"kind": asked.kind, "notice": notice, "sentence": sentence}


def take_denial(sentence: str, reply: str) -> str:
    """The reply, if it is one line, at most three times as long, has more words that deny, and all numbers; or nothing.

    What is asked for keeps them. One that is lost or changed (a year, a dose, a user's name) makes a new claim.
    """
    reply = reply.strip()
    fits = "\n" not in reply and len(reply) <= 3 * len(sentence) + 60
    kept = set(NUMBER.findall(sentence)) <= set(NUMBER.findall(reply))
    return reply if fits and kept and len(DENIES.findall(reply)) > len(DENIES.findall(sentence)) else ""
