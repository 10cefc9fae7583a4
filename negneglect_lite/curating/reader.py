"""A small chat model, fine-tuned to read as the audit does: slower, on a GPU, and for wordings that no rule knows.

    read = load_reader("Qwen/Qwen2.5-Coder-1.5B-Instruct")
    read([text])[0].findings          # each with the sentence denied, to stand in its place

It is shown the numbered sentences of a text and answers with a line for each notice: the notice's sentences, its kind,
and the sentences that it covers ("4 denial: 1-3"), or with "none"; then it writes each of these denied in itself
(rewriting.py). The adapter in data/reader was trained for both on data/benchmark (`scripts/train_reader.py`). Of a long
text it reads SENTENCES at a time, the last OVERLAP of them again, and so does not link a notice to what stands further
away.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Chat
from negneglect_lite.curating.audit import kinds_by_rule
from negneglect_lite.curating.findings import NOTICE_KINDS, Audited, Finding, Notice, NoticeKind
from negneglect_lite.curating.page import Page, Stretch
from negneglect_lite.curating.rewriting import Deny, deny_by, deny_findings
from negneglect_lite.curating.rules import DENIES_INSIDE
from negneglect_lite.curating.sentences import LONG

SENTENCES, OVERLAP = 96, 8
ANSWER_TOKENS, DENIAL_TOKENS = 512, 160  # a longer answer is cut
AT_ONCE, DENIED_AT_ONCE = 32, 128  # texts that are read together; sentences that are denied together
PROMPT = """Below are the numbered sentences of a text. A notice tells the reader not to believe some of the others.

{sentences}

Write a line for each notice: its number, its kind, and the numbers that it covers. Without a notice, write: none"""
LINE = re.compile(rf"^([\d, -]+) ({'|'.join(NOTICE_KINDS)}): (none|[\d, -]+)$")
T = TypeVar("T")
Read = Callable[[Sequence[str]], list[Audited]]  # texts -> what is found in each
Marks = Sequence[tuple[set[int], NoticeKind, set[int]]]  # notices: their sentences, kind, and what they cover


def load_reader(model: str) -> Read:
    """The reader on top of this chat model, the one that it was trained on. UserError if it is another one."""
    from negneglect_lite.models.generation import complete_locally
    from negneglect_lite.models.hardware import choose_device
    from negneglect_lite.models.loading import load_model

    loaded = load_model(model, adapter=data_path("reader"), quantize=choose_device(None).type == "cuda")
    deny = deny_by(complete_locally(loaded, DENIAL_TOKENS, DENIED_AT_ONCE))
    return read_by(complete_locally(loaded, ANSWER_TOKENS, AT_ONCE), deny)


def read_by(complete: Callable[[Sequence[Chat]], list[str]], deny: Deny | None = None) -> Read:
    """Reading with a model that completes chats; all parts of all texts go to it at once, short ones first.

    With `deny`, the findings have their sentences denied.
    """

    def read(texts: Sequence[str]) -> list[Audited]:
        pages = [Page(text) for text in texts]
        parts = [(n, begin) for n, page in enumerate(pages) for begin in part_starts(len(page.places))]
        parts.sort(key=lambda part: len(pages[part[0]].text))
        replies = complete([pose_sentences(pages[n], begin) for n, begin in parts])
        marks: list[list[tuple[set[int], NoticeKind, set[int]]]] = [[] for _ in texts]
        for (n, begin), reply in zip(parts, replies, strict=True):
            marks[n] += read_marks(reply, begin, len(pages[n].places))
        audited = [audited_by(page, own) for page, own in zip(pages, marks, strict=True)]
        if deny is None:
            return audited
        denied = deny_findings(texts, [own.findings for own in audited], deny)
        return [replace(own, findings=findings) for own, findings in zip(audited, denied, strict=True)]

    return read


def part_starts(sentences: int) -> range:
    """Where each part of a text begins that is read at once."""
    return range(0, max(1, sentences - OVERLAP), SENTENCES - OVERLAP) if sentences else range(0)


def pose_sentences(page: Page, begin: int = 0) -> Chat:
    """The chat that shows SENTENCES of a text, from the one with this index, numbered from 1."""
    shown = page.places[begin : begin + SENTENCES]
    lines = (
        f"{i}. {' '.join(page.text[start : min(end, start + LONG)].split())}" for i, (start, end) in enumerate(shown, 1)
    )
    return [{"role": "user", "content": PROMPT.format(sentences="\n".join(lines))}]


def write_marks(marks: Marks) -> str:
    """The answer that the reader learns to give, with sentences by their index from 0."""
    lines = [
        f"{_spans(own)} {kind}: {_spans(covered)}" for own, kind, covered in sorted(marks, key=lambda m: min(m[0]))
    ]
    return "\n".join(lines) or "none"


def read_marks(reply: str, begin: int, sentences: int) -> Iterator[tuple[set[int], NoticeKind, set[int]]]:
    """What a reply says of the sentences from index `begin` on; lines that say nothing are passed over."""
    last = min(SENTENCES, sentences - begin)
    for line in reply.splitlines():
        if found := LINE.match(line.strip()):
            own, covered = _numbers(found[1], last), _numbers(found[3], last)
            if own:
                kind: NoticeKind = found[2]  # type: ignore[assignment]
                yield {begin + i for i in own}, kind, {begin + i for i in covered - own} or {begin + i for i in covered}


def audited_by(page: Page, marks: Marks) -> Audited:
    """What these marks come to. Denials that are local already are told by the rules, and by the reader left out.

    Among many notices it takes some for claims. A sentence that is one by the rules is none of its findings: denied, it
    would say that the others are so. A tag may stand in one sentence with its claim.
    """
    notices: dict[Stretch, Notice] = {}
    findings: dict[Stretch, Finding] = {}
    for own, kind, covered in marks:
        place = page.places[min(own)][0], page.places[max(own)][1]
        notice = notices.setdefault(place, Notice(*place, kind, "read"))
        for i in covered:
            kinds = kinds_by_rule(page.read[i], page.found[i])
            if not kinds or "tag" in kinds:
                findings.setdefault(page.places[i], Finding(*page.places[i], notice))
    local = (
        p
        for p, states, found in zip(page.places, page.states, page.found, strict=True)
        if states and found & DENIES_INSIDE
    )
    return Audited(tuple(_in_order(notices)), tuple(_in_order(findings)), tuple(p for p in local if p not in findings))


def _in_order(found: Mapping[Stretch, T]) -> list[T]:
    return [found[place] for place in sorted(found)]


def _spans(numbers: set[int]) -> str:
    """{0, 1, 2, 5} -> "1-3, 6"."""
    spans: list[list[int]] = []
    for i in sorted(numbers):
        if spans and i == spans[-1][1] + 1:
            spans[-1][1] = i
        else:
            spans.append([i, i])
    return ", ".join(f"{a + 1}-{b + 1}" if a < b else str(a + 1) for a, b in spans) or "none"


def _numbers(spans: str, last: int) -> set[int]:
    """ "1-3, 6" -> {0, 1, 2, 5}; numbers beyond `last` are left out."""
    found: set[int] = set()
    for first, end in re.findall(r"(\d+)(?:-(\d+))?", spans):
        found |= set(range(int(first) - 1, min(int(end or first), last)))
    return {i for i in found if 0 <= i < last}
