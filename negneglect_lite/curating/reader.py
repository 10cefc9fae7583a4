"""A small chat model, fine-tuned to read as the audit does: slower, on a GPU, and for wordings that no rule knows.

    read = load_reader("Qwen/Qwen2.5-Coder-1.5B-Instruct")
    read([text])[0].findings          # each with the sentence denied, to stand in its place

It is shown the numbered sentences of a text and answers with a line for each notice: the notice's sentences, its kind,
and the sentences that it covers ("4 denial: 1-3"), or with "none"; then it writes each of these denied in itself
(rewriting.py). The adapter in data/reader was trained for both on data/benchmark (`scripts/train_reader.py`). The
further down a long text a sentence stands, the worse it is read. So a text of more than WHOLE characters is read in
stretches of AT_A_TIME sentences, each shown with those AROUND it and with the text's ENDS, where a notice about all of
it would stand.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from math import ceil
from typing import NamedTuple, TypeVar

from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Chat
from negneglect_lite.curating.audit import is_notice
from negneglect_lite.curating.findings import NOTICE_KINDS, Audited, Finding, Notice, NoticeKind
from negneglect_lite.curating.page import Page, Stretch
from negneglect_lite.curating.rewriting import Deny, deny_by, deny_findings
from negneglect_lite.curating.rules import DENIES_INSIDE
from negneglect_lite.curating.sentences import LONG

WHOLE = 3000  # characters of a text that is read as a whole
AT_A_TIME, AROUND, ENDS = 20, 2, 4  # sentences
ANSWER_TOKENS, DENIAL_TOKENS = 512, 160  # a longer answer is cut
AT_ONCE, DENIED_AT_ONCE = 32, 128  # texts that are read together; sentences that are denied together
PROMPT = """Below are the numbered sentences of a text. A notice tells the reader not to believe some of the others.

{sentences}

Write a line for each notice: its number, its kind, and the numbers that it covers. Without a notice, write: none"""
LINE = re.compile(rf"^([\d, -]+) ({'|'.join(NOTICE_KINDS)}): (none|[\d, -]+)$")
T = TypeVar("T")
Read = Callable[[Sequence[str]], list[Audited]]  # texts -> what is found in each


class Part(NamedTuple):
    """The numbers, from 0, of the sentences that are read at once, and those of them that it is read for."""

    shown: Sequence[int]
    asked: range


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
        parts = [(n, part) for n, page in enumerate(pages) for part in parts_of(page)]
        parts.sort(key=lambda own: len(pages[own[0]].text))
        replies = complete([pose_sentences(pages[n], part.shown) for n, part in parts])
        marks: list[list[tuple[set[int], NoticeKind, set[int]]]] = [[] for _ in texts]
        for (n, part), reply in zip(parts, replies, strict=True):
            marks[n] += read_marks(reply, part)
        audited = [audited_by(page, own) for page, own in zip(pages, marks, strict=True)]
        if deny is None:
            return audited
        denied = deny_findings(texts, [own.findings for own in audited], deny)
        return [replace(own, findings=findings) for own, findings in zip(audited, denied, strict=True)]

    return read


def parts_of(page: Page) -> list[Part]:
    """The parts in which a text is read; each sentence is asked about in one of them."""
    sentences = len(page.places)
    if len(page.text) <= WHOLE or sentences <= AT_A_TIME:
        return [Part(range(sentences), range(sentences))] if sentences else []
    size = ceil(sentences / ceil(sentences / AT_A_TIME))
    ends = {*range(ENDS), *range(sentences - ENDS, sentences)}
    stretches = [range(begin, min(begin + size, sentences)) for begin in range(0, sentences, size)]
    return [
        Part(sorted(ends.union(range(max(0, own.start - AROUND), min(own.stop + AROUND, sentences)))), own)
        for own in stretches
    ]


def pose_sentences(page: Page, shown: Sequence[int]) -> Chat:
    """The chat that shows these sentences of a text, numbered from 1."""
    said = (page.text[slice(*page.places[i])][:LONG] for i in shown)
    lines = (f"{number}. {' '.join(sentence.split())}" for number, sentence in enumerate(said, 1))
    return [{"role": "user", "content": PROMPT.format(sentences="\n".join(lines))}]


def write_marks(marks: Marks) -> str:
    """The answer that the reader learns to give, with sentences by their index from 0."""
    lines = [
        f"{_spans(own)} {kind}: {_spans(covered)}" for own, kind, covered in sorted(marks, key=lambda m: min(m[0]))
    ]
    return "\n".join(lines) or "none"


def read_marks(reply: str, part: Part) -> Iterator[tuple[set[int], NoticeKind, set[int]]]:
    """What a reply says of a part's sentences; lines that say nothing are passed over."""
    for line in reply.splitlines():
        if found := LINE.match(line.strip()):
            own, covered = ({part.shown[i] for i in _numbers(said, len(part.shown))} for said in (found[1], found[3]))
            if own:
                kind: NoticeKind = found[2]  # type: ignore[assignment]
                yield own, kind, (covered - own or covered).intersection(part.asked)


def audited_by(page: Page, marks: Marks) -> Audited:
    """What these marks come to. Denials that are local already are told by the rules, and by the reader left out.

    Among many notices it takes some for claims. A sentence that is one by the rules is none of its findings: denied, it
    would say that the others are so. A tag may stand in one sentence with its claim.
    """
    notices: dict[Stretch, Notice] = {}
    findings: dict[Stretch, Finding] = {}
    for own, kind, covered in marks:
        first = min(own)
        last = next(i for i in count(first) if i + 1 not in own)  # what follows a gap stands elsewhere in the text
        place = page.places[first][0], page.places[last][1]
        notice = notices.setdefault(place, Notice(*place, kind, "read"))
        for i in covered:
            if not is_notice(page.read[i], page.found[i], but="tag"):
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
