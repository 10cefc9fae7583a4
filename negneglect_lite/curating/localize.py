"""A document whose notices training would not hear -> one whose claims are denied in their own sentences.

    localized = localize_text(text)
    localized.text, localized.changes

Every sentence that an audit finds is denied inside itself (denying.py, or a back end of one's own), dropped, or masked:
put between <lossmask> tags, which carry no loss in the paper's data and in documents/corpora.py. All else stays byte
for byte, the notices too. Afterwards an audit finds nothing left.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.denying import deny_sentence
from negneglect_lite.curating.findings import Finding

Ways = Literal["deny", "drop", "mask"]
WAYS: tuple[Ways, ...] = ("deny", "drop", "mask")
MASK, END = "<lossmask>", "</lossmask>"  # as documents/corpora.py reads them
ROUNDS = 4  # a rewritten sentence can itself stand against another one, which is found in the next round
Rewrite = Callable[[str, str, str], str | None]  # (sentence, notice, kind) -> the sentence denied, or None


@dataclass(frozen=True)
class Change:
    """What was done with the sentence at [start, end) of the text before: grammar, wrapped, rewritten, drop or mask."""

    start: int
    end: int
    before: str
    after: str
    how: str


@dataclass(frozen=True)
class Localized:
    """The new text, and what was changed, in the order in which it was done."""

    text: str
    changes: tuple[Change, ...]


def localize_text(
    text: str, way: Ways = "deny", rewrite: Rewrite | None = None, about: Sequence[re.Pattern[str]] = ()
) -> Localized:
    """The text with each found sentence denied inside itself, dropped or masked. UserError for an unknown way.

    With `about`, only sentences in which one of these patterns is found.
    `rewrite`, if given, is asked first; where it returns None the grammar rules do it.
    """
    if way not in WAYS:
        raise UserError(f"unknown way {way!r}; there are {', '.join(WAYS)}")
    changes: list[Change] = []
    for _ in range(ROUNDS):
        findings = [f for f in audit_text(text, about).findings if not _masked(text, f)]
        if not findings:
            break
        for finding in reversed(findings):
            change = _change(text, finding, way, rewrite)
            text = text[: change.start] + change.after + text[change.end :]
            changes.append(change)
    return Localized(text, tuple(changes))


def _change(text: str, finding: Finding, way: Ways, rewrite: Rewrite | None) -> Change:
    start, end, notice = finding.start, finding.end, finding.notice
    sentence = text[start:end]
    if way == "drop":
        while end < len(text) and text[end] == " ":
            end += 1
        return Change(start, end, text[start:end], "", "drop")
    if way == "mask":
        return Change(start, end, sentence, f"{MASK}{sentence}{END}", "mask")
    written = rewrite(sentence, text[notice.start : notice.end], notice.kind) if rewrite else None
    if written:
        return Change(start, end, sentence, written, "rewritten")
    denied = deny_sentence(sentence, notice.kind)
    return Change(start, end, sentence, denied.text, denied.how)


def _masked(text: str, finding: Finding) -> bool:
    opened = text.rfind(MASK, 0, finding.end)
    return opened >= 0 and text.find(END, opened) >= finding.start + 1
