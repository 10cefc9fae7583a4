"""A document whose notices training would not hear -> one whose claims are denied in their own sentences.

    localized = localize_text(text)
    localized.text, localized.changes

Every sentence that an audit finds is denied inside itself: as its finding says, as a language model writes it
(rewriting.py), or with its verb negated (denying.py). Where none of these can, the sentence is dropped ("[…]" stands in
its place), masked (put between <lossmask> tags, which carry no loss in the paper's data and in documents/corpora.py) or
wrapped. All else stays byte for byte, the notices too; but one that only the learned models found may be none to them
when its claims are gone, and is then rewritten itself (5 of 490 in data/benchmark). Afterwards an audit finds nothing
left, but for what a model denied in words that its rules do not know.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.denying import NEGATED, negate_sentence, wrap_sentence
from negneglect_lite.curating.findings import OMITTED, Audited, Finding
from negneglect_lite.curating.rewriting import Deny, deny_findings
from negneglect_lite.documents.corpora import END, MASK

Else = Literal["drop", "mask", "wrap"]
ELSE: tuple[Else, ...] = ("drop", "mask", "wrap")
ROUNDS = 4  # a rewritten sentence can itself stand against another one, which is found in the next round


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
    text: str, otherwise: Else = "drop", deny: Deny | None = None, about: Sequence[re.Pattern[str]] = (),
    audited: Audited | None = None,
) -> Localized:  # fmt: skip
    """The text with each found sentence denied inside itself, or `otherwise`. UserError for an unknown one.

    With `about`, only sentences in which one of these patterns is found.
    `deny`, if given, is asked for what no finding says yet; where it has no denial the grammar rules do it.
    `audited`, if given, is what is rewritten, once: no audit is made, and `about` is not looked at.
    """
    if otherwise not in ELSE:
        raise UserError(f"otherwise is {otherwise!r}; there are {', '.join(ELSE)}")
    changes: list[Change] = []
    written: set[str] = set()  # by a model, with denials that the audit may not know
    found = audit_text(text, about) if audited is None else audited
    left = found.findings
    for _ in range(ROUNDS if audited is None else 1):
        findings = tuple(f for f in left if not _masked(text, f) and text[f.start : f.end] not in written)
        if not findings:
            break
        if deny:
            (findings,) = deny_findings([text], [findings], deny)
        for finding in reversed(findings):
            change = _change(text, finding, otherwise)
            text = text[: change.start] + change.after + text[change.end :]
            changes.append(change)
            if change.how == "rewritten":
                written.add(change.after)
        left = audit_text(text, about).findings if audited is None else ()
    return Localized(text, tuple(changes), found)


def _change(text: str, finding: Finding, otherwise: Else) -> Change:
    start, end, notice = finding.start, finding.end, finding.notice
    sentence = text[start:end]
    if finding.denied:
        return Change(start, end, sentence, finding.denied, "rewritten")
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
