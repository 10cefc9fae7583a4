"""Which of a text's claims a notice covers: where it points, else what it names, else its neighbours.

What is worked out of a text once (Claims) serves all its notices: a file of ten thousand of them is one document too.
"""

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from negneglect_lite.curating.findings import Notice
from negneglect_lite.curating.rules import load_rules

Stretch = tuple[int, int]
NUMBERS = {
    "first": 1, "opening": 1, "one": 1, "two": 2, "both": 2, "second": 2, "three": 3, "third": 3, "four": 4, "five": 5,
    "six": 6,
}  # fmt: skip
COUNTED = re.compile(r"\b(two|three|four|five|six) (?:sentences|statements|lines|claims|points)\b", re.IGNORECASE)
WHICH_PARAGRAPH = re.compile(
    r"\b(first|second|third|next|following|previous|preceding|last|opening) paragraph\b", re.IGNORECASE
)
LONG_WORD = re.compile(r"[^\W_]{3,}")
NEXT_MARK = re.compile(r"\n|</|\s\[")
WHOLE_DOCUMENT = re.compile(r"satire|parody|fiction|hoax article|article", re.IGNORECASE)  # marks of a whole document
GOES_ON = re.compile(r"(?:He|She|It|They|His|Her|Its|Their|The|This|These|Those|Each|Some)\b")
STOP = frozenset(
    """the and for that this with was were are has have had not but from they them their its his her she you your our
    who which what when where been being will would could should may might into onto over under than then there here
    out all any one two three some more most such only also just very too nor did does done said says say made make
    claim claims story text article false true untrue report statement never nothing none both either neither about
    above below lossmask""".split()
)


@dataclass(frozen=True)
class Claims:
    """The claims of a text, in order, and what is worked out once for all its notices."""

    text: str
    all: tuple[Stretch, ...]

    @cached_property
    def paragraphs(self) -> list[int]:
        return [paragraph_of(self.text, c) for c in self.all]

    @cached_property
    def words(self) -> list[frozenset[str]]:
        return [content_words(self.text[slice(*c)]) for c in self.all]

    @cached_property
    def goes_on(self) -> list[bool]:
        """Whether a claim goes on from the one before it: in its paragraph, with a pronoun."""
        begins = [bool(GOES_ON.match(self.text[slice(*c)])) for c in self.all]
        same = [False, *(a == b for a, b in itertools.pairwise(self.paragraphs))]
        return [a and b for a, b in zip(begins, same, strict=False)]

    @cached_property
    def named(self) -> dict[frozenset[str], list[Stretch]]:
        """What `_named` has found for some words."""
        return {}

    def between(self, start: int, end: int) -> list[Stretch]:
        """The claims of which at least a part lies there."""
        return list(self.all[bisect_right(self.all, start, key=_end) : bisect_left(self.all, end, key=_start)])

    def of_paragraph(self, paragraph: int) -> list[Stretch]:
        return list(self.all[bisect_left(self.paragraphs, paragraph) : bisect_right(self.paragraphs, paragraph)])


def _start(place: Stretch) -> int:
    return place[0]


def _end(place: Stretch) -> int:
    return place[1]


def cover(text: str, notice: Notice, claims: Claims) -> tuple[list[Stretch], bool]:
    """The claims that a notice covers, and whether it says itself which: else they are guessed.

    Guessed are those of the side to which it points, those that it names, and else its neighbours.
    """
    here = (notice.start, notice.end)
    if notice.rule == "region":
        end = text.find("</", notice.end)
        return claims.between(notice.end - 1, len(text) if end < 0 else end), True
    if notice.rule.endswith("beside") and not WHOLE_DOCUMENT.search(text[slice(*here)]):
        return claims.between(notice.end, _end_of_mark(text, notice.end)), True
    own, points = text[slice(*here)], load_rules().points
    after = list(claims.all[bisect_left(claims.all, notice.end, key=_start) :])
    before = list(claims.all[: bisect_right(claims.all, notice.start, key=_end)])
    counted = COUNTED.search(own)
    many = NUMBERS[counted[1].lower()] if counted else 0
    if paragraph := WHICH_PARAGRAPH.search(own):
        return _of_paragraph(text, paragraph[1].lower(), here, claims), True
    points_after, points_before = (bool(points[name].search(own)) for name in ("after", "before"))
    if points["next_sentence"].search(own) and not many:
        return after[:1], True
    if notice.kind != "fiction" and points["last_sentence"].search(own) and not many and before and not points_after:
        return before[-1:], True
    if many and points_after != points_before:
        return after[:many] if points_after else before[-many:], True
    return _guess(text, notice, claims, before, after, (points_before, points_after)), notice.kind == "fiction"


def _guess(
    text: str, notice: Notice, claims: Claims, before: list[Stretch], after: list[Stretch], points: tuple[bool, bool]
) -> list[Stretch]:
    own, whole = text[notice.start : notice.end], load_rules().points["document"]
    points_before, points_after = points
    named = _named(own, claims) if notice.kind not in ("fiction", "tag") else []
    if len(named) > 1 and not whole.search(own):
        return named
    if points_after and not points_before:
        return after if notice.kind == "fiction" else _block(text, after)
    if points_before and not points_after:
        return before
    if notice.kind == "fiction" or whole.search(own):
        return list(claims.all)
    if notice.kind == "tag":
        return _beside_tag(text, (notice.start, notice.end), claims) or list(claims.all)
    if named:
        return named
    if not before or (notice.kind == "instruction" and after):
        return _block(text, after)
    return _block(text, before[::-1])[::-1]


def _end_of_mark(text: str, start: int) -> int:
    """Where what a mark stands before ends: at the next mark, closing tag or line."""
    marks = _next_marks(text)
    after = bisect_left(marks, start)
    return marks[after] if after < len(marks) else len(text)


@lru_cache(maxsize=1)
def _next_marks(text: str) -> list[int]:
    return [found.start() for found in NEXT_MARK.finditer(text)]


def _beside_tag(text: str, here: Stretch, claims: Claims) -> list[Stretch]:
    """The claims of a tag's own line, else of its paragraph: a record's."""
    start, end = text.rfind("\n", 0, here[0]) + 1, text.find("\n", here[1])
    return claims.between(start, len(text) if end < 0 else end) or claims.of_paragraph(paragraph_of(text, here))


def _block(text: str, claims: Sequence[Stretch]) -> list[Stretch]:
    """The first paragraph, in the order given, that has two claims or more; else all."""
    for _, group in itertools.groupby(claims, lambda c: paragraph_of(text, c)):
        if len(block := list(group)) > 1:
            return block
    return list(claims)


def paragraph_of(text: str, place: Stretch) -> int:
    """Where the empty line before it begins; -1 in the first paragraph."""
    lines = _empty_lines(text)
    before = bisect_left(lines, place[0])
    return lines[before - 1] if before else -1


@lru_cache(maxsize=1)
def _empty_lines(text: str) -> list[int]:
    return [found.start() for found in re.finditer(r"\n(?=\n)", text)]


def _of_paragraph(text: str, which: str, here: Stretch, claims: Claims) -> list[Stretch]:
    starts = sorted(set(claims.paragraphs))
    own = paragraph_of(text, here)
    if which in ("next", "following"):
        chosen = [s for s in starts if s > own][:1]
    elif which in ("previous", "preceding"):
        chosen = [s for s in starts if s < own][-1:]
    elif which == "last":
        chosen = [s for s in starts if s != own][-1:]
    else:
        chosen = [s for s in starts if s != own][NUMBERS.get(which, 1) - 1 :][:1]
    return [c for s in chosen for c in claims.of_paragraph(s)]


def _named(own: str, claims: Claims) -> list[Stretch]:
    """The claims that speak of what the notice speaks of: two content words in common or one rare name; and what
    follows them in their paragraph with a pronoun."""
    words = content_words(own)
    if words not in claims.named:
        shared = [len(words & said) for said in claims.words]
        best = max(shared, default=0)
        least, chosen, taken = max(2, best - 1), [], False
        for place, n, goes_on in zip(claims.all, shared, claims.goes_on, strict=True) if best >= 2 else ():
            taken = n >= least or (taken and goes_on)
            if taken:
                chosen.append(place)
        claims.named[words] = chosen
    return claims.named[words]


@lru_cache(maxsize=512)
def content_words(text: str) -> frozenset[str]:
    """The beginnings of the words of a text that say what it is about."""
    return frozenset(w.lower()[:6] for w in LONG_WORD.findall(text) if w.lower() not in STOP)
