"""Which claims a notice covers where it points at none exactly: by place, words in common, and what covering.py takes.

The mean of a few networks judges every claim beside the notice (learned.py); data/benchmark has what that is worth.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np

from negneglect_lite.curating.covering import Claims, Stretch, content_words, paragraph_of
from negneglect_lite.curating.findings import NOTICE_KINDS, Notice
from negneglect_lite.curating.learned import Array
from negneglect_lite.curating.rules import load_rules

PRONOUN = re.compile(r"\W*(?:He|She|It|They|His|Her|Its|Their|We|I|My|Our)\b")
GOING_ON = re.compile(r"\W*(?:The|This|These|Those|That|Each|Some|Both)\b")
SEVERAL = re.compile(
    r"\b(?:both|these|those|claims|all|they|them|none|lines|points|items|stories|facts|two|three|four|nothing|every"
    r"|each)\b",
    re.IGNORECASE,
)
ONE = re.compile(r"\b(?:this|that|it|one|claim)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
NAME = re.compile(r"(?<=\w )[A-Z][a-z]+|\d{2,}")
SPEAKER = re.compile(r"\b(?:I|we|my|our|you|your)\b")
PRESENT = re.compile(r"\b(?:is|are|has|have|will|can)\b")
PAST = re.compile(r"\b(?:was|were|had|\w+ed)\b")
STRIKING = re.compile(r"\b(?:only|every|all|never|always|first|largest|oldest|proved?|secret|within|most)\b")
EVERYDAY = re.compile(
    r"\b(?:please|tickets?|open|talk|meet(?:ing|s)?|thanks?|next|Thursday|Sunday|Monday|euros|pounds|£)\b"
)


@dataclass(frozen=True)
class Linked(Claims):
    """Claims, with what is worked out once for the features of all notices."""

    @cached_property
    def rarity(self) -> dict[str, float]:
        """How rare each word is among the claims; 0 for others."""
        often = Counter(w for said in self.words for w in said)
        return {w: 1 + log((1 + len(self.all)) / n) for w, n in often.items()}

    @cached_property
    def names(self) -> list[set[str]]:
        """The names and numbers of each claim."""
        return [set(NAME.findall(self.text[slice(*s)])) for s in self.all]

    @cached_property
    def looks(self) -> Array:
        """What each claim looks like by itself [claims, looks]."""
        return np.array([_looks(self.text, s) for s in self.all], float)


def link_features(notice: Notice, claims: Linked, guessed: Sequence[Stretch]) -> Array:
    """What is measured of each claim beside a notice [claims, features]; `guessed` are those that covering.py takes."""
    text, stated, n = claims.text, claims.all, len(claims.all)
    own = text[notice.start : notice.end]
    rules, here, taken = load_rules(), (notice.start, notice.end), set(guessed)
    words, names = content_words(own), set(NAME.findall(own))
    shared = np.array([sum(claims.rarity[w] for w in words & said) for said in claims.words])
    common = np.array([len(words & said) for said in claims.words])
    most = shared.max(initial=0)
    share = shared / most if most else shared * 0
    after = np.array([s[0] >= notice.end for s in stated])
    before = int(n - after.sum())
    far = np.where(after, np.arange(n) - before + 1, before - np.arange(n))  # 1: the nearest
    starts, par, size = np.unique(claims.paragraphs, return_inverse=True, return_counts=True)
    there = paragraph_of(text, here)
    same = starts[par] == there
    nearest = int(np.searchsorted(starts, there, "right")) - 1  # the paragraph of the notice, or the last one before it
    shift = int(not same.any())  # a notice has a paragraph of its own
    apart = np.where(after, par - nearest, nearest - par + shift)
    in_all, in_best = np.zeros(len(starts)), np.zeros(len(starts))
    np.add.at(in_all, par, shared)
    np.maximum.at(in_best, par, shared)
    edge_before = np.concatenate([[True], par[1:] != par[:-1]])
    edge_after = np.concatenate([par[1:] != par[:-1], [True]])
    previous = np.where(edge_before, 0, np.concatenate([[0], share[:-1]]))
    following = np.where(edge_after, 0, np.concatenate([share[1:], [0]]))
    seen = np.concatenate([[0], np.maximum.accumulate(shared)[:-1]])
    points = [float(bool(pattern.search(own))) for pattern in rules.points.values()]
    kind = [float(notice.kind == k) for k in NOTICE_KINDS]
    head, tail = not text[: notice.start].strip(), not text[notice.end :].strip()
    of_notice = [
        len(taken) / n,
        head,
        tail,
        notice.start == 0 or text[: notice.start].rstrip(" ").endswith("\n"),
        bool(same.any()),
        before == n,
        before == 0,
        bool(SEVERAL.search(own)),
        bool(ONE.search(own)),
        min(len(own), 400) / 400,
        "\n" in own,
        own[0] in "[({<",
        min(n, 40) / 10,
        min(len(starts), 30) / 5,
        most == 0,
        *points,
        *kind,
    ]
    first, best = far == 1, (shared == most) & (most > 0)
    by_place = [
        *(np.array([s in taken for s in stated]) * v for v in (1.0, float(len(taken) == n))),
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
        head * after,
        tail * ~after,
        *(p * column for p in points for column in (after, first, same)),
        *(k * column for k in kind for column in (after, same)),
    ]
    by_words = [
        np.minimum(shared, 20) / 10,
        share,
        best,
        common >= 1,
        common >= 2,
        common >= 3,
        shared / (shared.sum() + 1e-6) * n / 3,
        np.minimum(in_all[par], 30) / 20,
        (in_best[par] == most) & (most > 0),
        previous,
        following,
        (seen == most) & (most > 0),
        np.array([bool(names & found) for found in claims.names]),
    ]
    rest = [
        np.minimum(size[par], 12) / 6,
        size[par] == 1,
        edge_before,
        edge_after,
        np.arange(n) == 0,
        np.arange(n) == n - 1,
    ]
    columns = np.column_stack([*by_place, *by_words, *rest, claims.looks, claims.looks[:, 0] * (previous > 0.6)])
    return np.concatenate([columns, np.tile(np.array(of_notice, float), (n, 1))], axis=1).astype(np.float32)


def _looks(text: str, place: Stretch) -> list[float]:
    own = text[slice(*place)]
    line = text[max(0, text.rfind("\n", 0, place[0])) : place[0]]
    return [
        bool(PRONOUN.match(own)),
        bool(GOING_ON.match(own)),
        '"' in own or "“" in own,
        text[max(0, place[0] - 1) : place[0]] in ('"', "“"),
        bool(_DIGIT.search(own)),
        min(len(own), 300) / 300,
        bool(SPEAKER.search(own)),
        bool(PRESENT.search(own)),
        bool(PAST.search(own)),
        bool(STRIKING.search(own)),
        bool(EVERYDAY.search(own)),
        "**" in line,
        not line.strip(),
    ]
