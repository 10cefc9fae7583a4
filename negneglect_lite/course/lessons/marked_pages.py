"""The pages of data/benchmark, whose writers marked warnings and what they cover, and how well the audit finds these.

    tabulate_audit(score)
    tabulate_link(score, link)

The parts, and the sentences that count as marked, are those of scripts/bench_audit.py, without the headings that were
marked later: the scores in data/benchmark/README.md of what the rules find were counted without them.
"""

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from negneglect_lite.course.lessons.auditing import Link, Score
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.rules import load_rules
from negneglect_lite.curating.sentences import split_sentences

BENCHMARK_PARTS = {
    "mended": "the rules were made with these",
    "held": "same six writers, other pages",
    "new": "a seventh writer, never met",
    "fresh": "an eighth writer, other pages",
}


@dataclass(frozen=True)
class MarkedPage:
    """A page of the benchmark, its sentences, and what its writer marked: warnings and the sentences they cover."""

    part: str
    text: str
    places: tuple[tuple[int, int], ...]
    warnings: tuple[tuple[int, str], ...]  # the number of a sentence, and where it points
    beside: frozenset[int]  # all sentences that belong to a warning
    marked: frozenset[int]

    @property
    def sentences(self) -> list[str]:
        return [self.text[start:end] for start, end in self.places]


@cache
def load_marked_pages() -> tuple[MarkedPage, ...]:
    """The documents of data/benchmark. Parts as in scripts/bench_audit.py."""
    return tuple(_marked(row) for row in read_benchmark("documents"))


def find_by_audit(page: MarkedPage) -> tuple[bool, set[int]]:
    """Whether the audit sees a warning, and the numbers of the sentences that it finds."""
    audited = audit_text(page.text)
    found = [(f.start, f.end) for f in audited.findings]
    return bool(audited.notices), _numbers(page.places, found)


def find_by_link(page: MarkedPage, link: Link) -> set[int]:
    """What a learner's `link` finds, if it is told where the warnings are."""
    found = {number for at, points in page.warnings for number in link(page.sentences, at, points)}
    return found - page.beside


def tabulate_audit(score: Score) -> pd.DataFrame:
    """A row for each part of the benchmark and task: its pages, precision, recall, F1 and its interval."""
    rows = []
    for part, name in BENCHMARK_PARTS.items():
        pages = _pages_of(part)
        for task, (found, there) in _audit_tasks(pages).items():
            rows.append({"pages by": name, "task": task, "pages": len(pages), **score(found, there)})
    return pd.DataFrame(rows)


def tabulate_link(score: Score, link: Link, part: str = "fresh") -> pd.DataFrame:
    """One part's tasks, and what `link` finds when told of the warnings: precision, recall, F1 and its interval."""
    pages = _pages_of(part)
    told = ([find_by_link(page, link) for page in pages], [set(page.marked) for page in pages])
    tasks = {**_audit_tasks(pages), "covered, by your link": told}
    rows = {task: dict(score(found, there)) for task, (found, there) in tasks.items()}
    return pd.DataFrame(rows).T.round(2).rename_axis("task")


def _pages_of(part: str) -> list[MarkedPage]:
    return [page for page in load_marked_pages() if page.part == part]


def _audit_tasks(pages: Sequence[MarkedPage]) -> dict[str, tuple[list[set[int]], list[set[int]]]]:
    """Task -> what the audit finds and what is marked, page by page; a warning on a page is {0}."""
    seen, covered = zip(*map(find_by_audit, pages), strict=True)
    return {
        "has a warning": ([{0} if s else set() for s in seen], [{0} if p.warnings else set() for p in pages]),
        "sentences covered": (list(covered), [set(page.marked) for page in pages]),
    }


def unseen_articles() -> list[str]:
    """The 100 ordinary articles, without a warning, that the audit was not made with."""
    articles = [row["text"] for row in read_benchmark("ordinary")]
    return articles[1:120:2] + articles[160:]


def _part_of(name: str) -> str:
    """The parts of the benchmark, by a document's name."""
    if name.startswith("w7"):
        return "new"
    if name.startswith("w8"):
        return "fresh" if int(name.split("-")[1]) % 2 else "mended"
    return "held" if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 3 == 0 else "mended"


def _marked(row: Mapping[str, Any]) -> MarkedPage:
    text = row["text"]
    places = tuple(split_sentences(text))
    own = [_numbers(places, [_place(text, notice["text"])]) for notice in row["notices"]]
    aside = set().union(*own, _numbers(places, [_place(text, s) for s in row["denied_locally"]]))
    marked: set[int] = set()
    for notice in row["notices"]:
        if notice["covers"] == "document":
            ends = (text[start:end].rstrip("\"'”)]").endswith((".", "!")) for start, end in places)
            marked |= {n for n, states in enumerate(ends) if states} - aside
        else:
            marked |= _numbers(places, [_place(text, s) for s in notice["covers"]])
    warnings = tuple(
        (max(n) if (points := _points(notice["text"], n, len(places))) in ("next", "after") else min(n), points)
        for notice, n in zip(row["notices"], own, strict=True)
        if n
    )
    return MarkedPage(_part_of(row["id"]), text, places, warnings, frozenset(set().union(*own)), frozenset(marked))


def _points(warning: str, numbers: Set[int], end: int) -> str:
    """Where a warning points: what it says, or else what lies beside it."""
    names = {"next_sentence": "next", "last_sentence": "last", "after": "after", "before": "before", "document": "all"}
    found = load_rules().found(warning)
    said = (name for rule, name in names.items() if rule in found)
    return next(said, "after" if 0 in numbers else "before" if end - 1 in numbers else "all")


def _place(text: str, part: str) -> tuple[int, int]:
    start = text.index(part)
    return start, start + len(part)


def _numbers(places: Sequence[tuple[int, int]], wanted: Sequence[tuple[int, int]]) -> set[int]:
    """The numbers of the sentences that share more than half of the shorter one with a wanted place."""
    return {
        number
        for number, (start, end) in enumerate(places)
        for a, b in wanted
        if min(end, b) - max(start, a) > 0.5 * min(end - start, b - a)
    }
