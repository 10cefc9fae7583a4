"""What an audit finds in a document, as places in its text.

A *notice* says of other sentences that they are not so: it is far from them, and training does not hear it. A
*finding* is a sentence that states as a fact what a notice covers. A sentence that denies the claim in itself is
*local*: training hears that (Mayne et al. 2026: 0 to 7 % belief, where notices leave 84 to 89 %).
"""

from dataclasses import dataclass
from typing import Literal

OMITTED = "[…]"  # stands where a sentence was left out, so that a notice does not then point at the next one
NoticeKind = Literal["denial", "correction", "fiction", "unreliable", "unknown", "improbable", "tag", "instruction"]
NOTICE_KINDS: tuple[NoticeKind, ...] = (
    "denial", "correction", "fiction", "unreliable", "unknown", "improbable", "tag", "instruction",
)  # fmt: skip


@dataclass(frozen=True)
class Notice:
    """Characters [start, end) of the text, what kind of notice stands there, and the rule that found it."""

    start: int
    end: int
    kind: NoticeKind
    rule: str


@dataclass(frozen=True)
class Finding:
    """The sentence at [start, end) states as a fact what `notice` covers.

    `denied`: what is to stand in its place; "": the grammar's negation (denying.py).
    """

    start: int
    end: int
    notice: Notice
    denied: str = ""


@dataclass(frozen=True)
class Audited:
    """A document's notices, findings (in the order of their sentences, each sentence once), and local denials."""

    notices: tuple[Notice, ...] = ()
    findings: tuple[Finding, ...] = ()
    local: tuple[tuple[int, int], ...] = ()

    @property
    def risk(self) -> str:
        """What a model trained on the document would learn, in words."""
        if self.findings:
            kinds = ", ".join(dict.fromkeys(f.notice.kind for f in self.findings))
            return f"{len(self.findings)} sentences would be learned as true in spite of a notice ({kinds})"
        if self.notices:
            return "a notice, and no sentence that states what it covers"
        return "none"
