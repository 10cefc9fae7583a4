"""A small chat model, fine-tuned to read as the audit does: slower, on a GPU, and for wordings that no rule knows.

    read = load_reader("Qwen/Qwen2.5-Coder-1.5B-Instruct")     # reader_model.py
    read([text])[0].findings          # each with the sentence denied, to stand in its place

About each sentence of a text it answers two questions: which kind of notice is it, and which kind of notice covers it?
What is covered is linked to the nearest notice of that kind, and denied in itself by the same model (rewriting.py). Of
a long text it reads SENTENCES or BYTES at a time, the last OVERLAP sentences again, and so does not link a notice to
what stands further away.
"""

import itertools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from negneglect_lite.curating.findings import NOTICE_KINDS, Audited, Finding, Notice, NoticeKind
from negneglect_lite.curating.learned import Array
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.rewriting import Deny, deny_findings
from negneglect_lite.curating.rules import DENIES_INSIDE
from negneglect_lite.curating.sentences import LONG

SENTENCES, OVERLAP = 160, 16
BYTES = 15_000  # a token has at least one byte, and all is shown twice: the model reads 32,768 tokens
QUESTIONS, CHOICES = 2, 1 + len(NOTICE_KINDS)  # about each sentence; none, or a kind of notice
# The least probability, of all kinds together, for a sentence to be a notice, and to be covered (data/benchmark).
THRESHOLDS = (0.6, 0.4)
Read = Callable[[Sequence[str]], list[Audited]]  # texts -> what is found in each
# The sentences of each text -> probabilities [sentences, 2 questions, 1 + kinds of notice], the first of no kind.
Weigh = Callable[[Sequence[Sequence[str]]], list[Array]]


def read_by(weigh: Weigh, deny: Deny | None = None) -> Read:
    """Reading with answers that are weighed in this way; all parts of all texts go to `weigh` at once.

    With `deny`, the findings have their sentences denied.
    """

    def read(texts: Sequence[str]) -> list[Audited]:
        pages = [Page(text) for text in texts]
        shown = [shown_sentences(page) for page in pages]
        parts = [(n, part) for n, sentences in enumerate(shown) for part in cut_parts(sentences)]
        weighed = weigh([shown[n][part] for n, part in parts])
        whole = [np.zeros((len(sentences), QUESTIONS, CHOICES)) for sentences in shown]
        for (n, part), found in zip(parts, weighed, strict=True):
            whole[n][part] = found  # of two readings the later counts
        audited = [audited_by(page, found) for page, found in zip(pages, whole, strict=True)]
        if deny is None:
            return audited
        denied = deny_findings(texts, [own.findings for own in audited], deny)
        return [replace(own, findings=findings) for own, findings in zip(audited, denied, strict=True)]

    return read


def shown_sentences(page: Page) -> list[str]:
    """The sentences as they are shown: in one line, very long ones cut."""
    return [" ".join(page.text[start : min(end, start + LONG)].split()) for start, end in page.places]


def cut_parts(sentences: Sequence[str]) -> Iterator[slice]:
    """The parts of a text that are read at once: SENTENCES at most, and no more than BYTES, unless it is one sentence.

    Each begins again with the last OVERLAP of the one before it, or with half of that.
    """
    begin = end = 0
    while begin < len(sentences):
        sizes = itertools.accumulate(map(_bytes, sentences[begin : begin + SENTENCES]))
        until = begin + max(1, sum(size <= BYTES for size in sizes))
        if until > end:  # else there is no room for more behind what is read again
            yield slice(begin, until)
            begin, end = max(until - OVERLAP, (begin + until + 1) // 2), until
        else:
            begin += 1
        if end == len(sentences):
            return


def _bytes(sentence: str) -> int:
    """At most as many tokens are made of it: tokenizers compose characters, which makes some longer."""
    return len(unicodedata.normalize("NFC", sentence).encode(errors="surrogatepass"))


def audited_by(page: Page, weighed: Array) -> Audited:
    """What the answers come to. Sentences that are denied locally are listed by the rules; the reader names none.

    Sentences in a row that are notices of one kind are one notice. One sentence may be both a notice and covered: a tag
    that stands beside its claim.
    """
    own, covering = (_kinds(weighed[:, question], least) for question, least in enumerate(THRESHOLDS))
    notices = list(_notices(page, own))
    findings = []
    for place, said, kind in zip(page.places, own, covering, strict=True):
        if kind and notices and said in (None, "tag"):
            of_kind = [notice for notice in notices if notice.kind == kind] or notices
            findings.append(Finding(*place, min(of_kind, key=lambda n: max(n.start - place[1], place[0] - n.end))))
    found = {(f.start, f.end) for f in findings}
    local = (
        place
        for place, states, rules in zip(page.places, page.states, page.found, strict=True)
        if states and rules & DENIES_INSIDE and place not in found
    )
    return Audited(tuple(notices), tuple(findings), tuple(local))


def _kinds(weighed: Array, least: float) -> list[NoticeKind | None]:
    """The most probable kind of notice for each row [sentences, 1 + kinds], where it is probable enough that one is."""
    return [NOTICE_KINDS[int(row[1:].argmax())] if 1 - row[0] >= least else None for row in weighed]


def _notices(page: Page, kinds: Sequence[NoticeKind | None]) -> Iterator[Notice]:
    for kind, group in itertools.groupby(zip(page.places, kinds, strict=True), key=lambda pair: pair[1]):
        if kind:
            places = [place for place, _ in group]
            yield Notice(places[0][0], places[-1][1], kind, "read")
