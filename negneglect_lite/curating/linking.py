"""Which claims a notice covers where it points at none exactly: by place, words in common, and what covering.py takes.

The mean of a few networks judges every claim beside the notice (learned.py); data/benchmark has what that is worth.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log

import numpy as np

from negneglect_lite.curating.covering import Claims
from negneglect_lite.curating.findings import NOTICE_KINDS, Notice
from negneglect_lite.curating.learned import Array
from negneglect_lite.curating.page import Page, Stretch
from negneglect_lite.curating.rules import load_rules
from negneglect_lite.curating.words import content_words, traits

PRONOUN = re.compile(r"\W*(?:He|She|It|They|His|Her|Its|Their|We|I|My|Our)\b")
GOING_ON = re.compile(r"\W*(?:The|This|These|Those|That|Each|Some|Both)\b")
NAME = re.compile(r"(?<=\w )[A-Z][a-z]+|\d{2,}")


@dataclass(frozen=True, eq=False)
class Linked(Claims):
    """Claims, with what is worked out once for the features of all notices."""

    @cached_property
    def where(self) -> dict[str, list[int]]:
        """Of each word, which claims it stands in."""
        found: dict[str, list[int]] = {}
        for number, said in enumerate(self.words):
            for word in said:
                found.setdefault(word, []).append(number)
        return found

    @cached_property
    def names(self) -> list[set[str]]:
        """The names and numbers of each claim."""
        return [set(NAME.findall(self.page.text[slice(*s)])) for s in self.all]

    @cached_property
    def opens(self) -> Array:
        """Whether a claim is the first of its paragraph [claims]."""
        return np.array([True, *(a != b for a, b in pairwise(self.paragraphs))])

    @cached_property
    def looks(self) -> Array:
        """What each claim looks like by itself, in its paragraph and among all [looks, claims]."""
        n, number = len(self.all), np.arange(len(self.all))
        first = np.flatnonzero(self.opens)
        size = np.diff(first, append=n)[self.opens.cumsum() - 1]
        closes = np.append(self.opens[1:], True)
        placed = [np.minimum(size, 12) / 6, size == 1, self.opens, closes, number == 0, number == n - 1]
        return np.array([*placed, *np.array([_looks(self.page, i) for i in self.numbers], float).T])

    def shared(self, words: Collection[str]) -> tuple[list[float], list[int]]:
        """How many of these words stand in each claim, weighted by how rare a word is among the claims; and plain."""
        weighted, plain = [0.0] * len(self.all), [0] * len(self.all)
        for claims in filter(None, map(self.where.get, words)):
            rarity = 1 + log((1 + len(self.all)) / len(claims))
            for number in claims:
                weighted[number] += rarity
                plain[number] += 1
        return weighted, plain


def link_features(notices: Sequence[Notice], claims: Linked, guessed: Sequence[Sequence[Stretch]]) -> Array:
    """What is measured of each claim beside each notice [notices * claims, features].

    `guessed` are those that covering.py takes, for each notice. Arrays are [notices, claims] if nothing else is said.
    """
    page, k, n = claims.page, len(notices), len(claims.all)
    said = [page.text[notice.start : notice.end] for notice in notices]
    taken, names = [set(places) for places in guessed], [set(NAME.findall(own)) for own in said]
    weighted, plain = zip(*(claims.shared(content_words(own.split())) for own in said), strict=True)
    shared, common = np.array(weighted), np.array(plain)
    most = shared.max(1, keepdims=True)  # [notices, 1]
    any_shared = most > 0
    share, best = shared / np.where(any_shared, most, 1), (shared == most) & any_shared

    number, opens, paragraphs = np.arange(n), claims.opens, np.array(claims.paragraphs)
    before = np.array([[bisect_left(claims.all, (notice.end,))] for notice in notices])  # [notices, 1]
    after = number >= before
    far = np.where(after, number - before + 1, before - number)  # 1: the nearest
    first = far == 1
    here = np.array([[page.paragraph_of(notice.start)] for notice in notices])  # [notices, 1]
    same = paragraphs == here
    beside = same.any(1, keepdims=True)  # else a notice has a paragraph of its own
    starts, paragraph = np.flatnonzero(opens), opens.cumsum() - 1  # [paragraphs], [claims]
    nearest = np.searchsorted(paragraphs[starts], here, "right") - 1  # the notice's paragraph, or the last before it
    apart = np.where(after, paragraph - nearest, nearest - paragraph + ~beside)
    in_all = np.add.reduceat(shared, starts, axis=1)[:, paragraph]
    in_best = np.maximum.reduceat(shared, starts, axis=1)[:, paragraph]
    previous, following, seen = np.zeros((3, k, n))
    previous[:, 1:], following[:, :-1] = share[:, :-1] * ~opens[1:], share[:, 1:] * ~opens[1:]
    seen[:, 1:] = np.maximum.accumulate(shared, axis=1)[:, :-1]

    counted = zip(taken, before.flat, beside.flat, any_shared.flat, strict=True)
    own = [[len(places) / n, *there] for places, *there in counted]
    rows = [_of_notice(notice, claims, *row) for notice, row in zip(notices, own, strict=True)]
    of_notice = np.array(rows, np.float32).T[:, :, None]  # [of a notice, notices, 1]
    head, tail, points, kind = of_notice[1] > 0, of_notice[2] > 0, of_notice[15:20], of_notice[20:]
    chosen = np.array([[place in own for place in claims.all] for own in taken])
    named = [[bool(own & there) for there in claims.names] if own else [False] * n for own in names]
    by_place = [
        chosen,
        chosen & (of_notice[0] == 1),
        after,
        first,
        far == 2,
        far == 3,
        np.minimum(far, 10) / 10,
        same,
        same & after,
        apart == 1,
        apart == 2,
        apart > 2,
        after & (apart == 1),
        after & head,
        ~after & tail,
    ]
    by_words = [
        np.minimum(shared, 20) / 10,
        share,
        best,
        common >= 1,
        common >= 2,
        common >= 3,
        shared / (shared.sum(1, keepdims=True) + 1e-6) * n / 3,
        np.minimum(in_all, 30) / 20,
        (in_best == most) & any_shared,
        previous,
        following,
        (seen == most) & any_shared,
        named,
    ]
    looks = claims.looks[:, None, :]
    blocks = [
        np.array(by_place, np.float32),
        (points[:, None] * np.array([after, first, same])).reshape(-1, k, n),
        (kind[:, None] * np.array([after, same])).reshape(-1, k, n),
        np.array(by_words, np.float32),
        np.broadcast_to(looks, (len(looks), k, n)),
        looks[6:7] * (previous > 0.6),
        np.broadcast_to(of_notice, (len(of_notice), k, n)),
    ]
    return np.concatenate(blocks, dtype=np.float32).reshape(-1, k * n).T


def _of_notice(
    notice: Notice, claims: Linked, taken: float, before: int, beside: bool, any_shared: bool
) -> list[float]:
    """What is measured of a notice: the share of the claims that covering.py takes, how many stand before it, …"""
    text, n = claims.page.text, len(claims.all)
    own = text[notice.start : notice.end]
    found, tells = claims.page.found_at((notice.start, notice.end)), traits(own.split())
    return [
        taken,
        not text[: notice.start].strip(),
        not text[notice.end :].strip(),
        notice.start == 0 or text[: notice.start].rstrip(" ").endswith("\n"),
        beside,
        before == n,
        before == 0,
        "several" in tells,
        "one" in tells,
        min(len(own), 400) / 400,
        "\n" in own,
        own[0] in "[({<",
        min(n, 40) / 10,
        min(int(claims.opens.sum()), 30) / 5,
        not any_shared,
        *(point in found for point in load_rules().points),
        *(notice.kind == kind for kind in NOTICE_KINDS),
    ]


def _looks(page: Page, number: int) -> list[float]:
    (start, end), own, tells = page.places[number], page.read[number], traits(page.all_words[number])
    line = page.text[max(0, page.text.rfind("\n", 0, start)) : start]
    return [
        bool(PRONOUN.match(own)),
        bool(GOING_ON.match(own)),
        "quotes" in tells,
        page.text[max(0, start - 1) : start] in ('"', "“"),
        "digit" in tells,
        min(end - start, 300) / 300,
        "speaker" in tells,
        "present" in tells,
        "past" in tells,
        "striking" in tells,
        "everyday" in tells,
        "**" in line,
        not line.strip(),
    ]
