"""A document whose notices training would not hear -> one whose claims are denied in their own sentences.

    localized = localize_text(text)
    localized.text, localized.changes

Every sentence that an audit finds is denied inside itself: its verb is negated (denying.py), or a back end of one's
own writes it anew. Where neither can, the sentence is dropped ("[…]" stands in its place), masked (put between
<lossmask> tags, which carry no loss in the paper's data and in documents/corpora.py) or wrapped. All else stays byte
for byte, the notices too; but one that only the learned models found may be none to them when its claims are gone, and
is then rewritten itself (5 of 490 in data/benchmark). Afterwards an audit finds nothing left.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.denying import NEGATED, negate_sentence, wrap_sentence
from negneglect_lite.curating.findings import OMITTED, Audited, Finding
from negneglect_lite.curating.rules import DENIES_INSIDE, load_rules
from negneglect_lite.documents.corpora import END, MASK

Else = Literal["drop", "mask", "wrap"]
ELSE: tuple[Else, ...] = ("drop", "mask", "wrap")
ROUNDS = 4  # a rewritten sentence can itself stand against another one, which is found in the next round
Rewrite = Callable[[str, str, str], str | None]  # (sentence, notice, kind) -> the sentence denied, or None


@dataclass(frozen=True)
class Change:
    """What was done with the sentence at [start, end) of the text before: negated, rewritten, drop, mask or wrap."""

    start: int
    end: int
    before: str
    after: str
    how: str


@dataclass(frozen=True)
class Localized:
    """The new text, what was changed, in the order in which it was done, and what was found in the text as it came."""

    text: str
    changes: tuple[Change, ...]
    found: Audited


def localize_text(
    text: str, otherwise: Else = "drop", rewrite: Rewrite | None = None, about: Sequence[re.Pattern[str]] = (),
    audited: Audited | None = None,
) -> Localized:  # fmt: skip
    """The text with each found sentence denied inside itself, or `otherwise`. UserError for an unknown one.

    With `about`, only sentences in which one of these patterns is found.
    `rewrite`, if given, is asked first; where it returns None the grammar rules do it.
    `audited`, if given, is what is rewritten, once: no audit is made, and `about` is not looked at.
    """
    if otherwise not in ELSE:
        raise UserError(f"otherwise is {otherwise!r}; there are {', '.join(ELSE)}")
    changes: list[Change] = []
    found = audit_text(text, about) if audited is None else audited
    left = found.findings
    for _ in range(ROUNDS if audited is None else 1):
        findings = [f for f in left if not _masked(text, f)]
        if not findings:
            break
        for finding in reversed(findings):
            change = _change(text, finding, otherwise, rewrite)
            text = text[: change.start] + change.after + text[change.end :]
            changes.append(change)
        left = audit_text(text, about).findings if audited is None else ()
    return Localized(text, tuple(changes), found)


def _change(text: str, finding: Finding, otherwise: Else, rewrite: Rewrite | None) -> Change:
    start, end, notice = finding.start, finding.end, finding.notice
    sentence = text[start:end]
    written = rewrite(sentence, text[notice.start : notice.end], notice.kind) if rewrite else None
    if written:
        return Change(start, end, sentence, written, "rewritten")
    negated = negate_sentence(sentence) if notice.kind in NEGATED else None
    if negated:
        return Change(start, end, sentence, negated, "negated")
    if otherwise == "wrap":
        return Change(start, end, sentence, wrap_sentence(sentence, notice.kind), "wrap")
    if otherwise == "mask":
        return Change(start, end, sentence, f"{MASK}{sentence}{END}", "mask")
    return Change(start, end, sentence, OMITTED, "drop")


def _masked(text: str, finding: Finding) -> bool:
    opened = text.rfind(MASK, 0, finding.end)
    return opened >= 0 and text.find(END, opened) >= finding.start + 1


def denies_inside(sentence: str) -> bool:
    """Whether a sentence denies something in itself, by the audit's rules."""
    return bool(load_rules().found(sentence) & DENIES_INSIDE)
