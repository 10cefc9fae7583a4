"""Which of a text's claims a notice covers: where it points, else what it names, else its neighbours.

What is worked out of a text once (Claims) serves all its notices: a file of ten thousand of them is one document too.
"""

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from negneglect_lite.curating.findings import Notice
from negneglect_lite.curating.page import Page, Stretch
from negneglect_lite.curating.words import content_words

NUMBERS = {
    "first": 1, "opening": 1, "one": 1, "two": 2, "both": 2, "second": 2, "three": 3, "third": 3, "four": 4, "five": 5,
    "six": 6,
}  # fmt: skip
COUNTED = re.compile(r"\b(two|three|four|five|six) (?:sentences|statements|lines|claims|points)\b", re.IGNORECASE)
WHICH_PARAGRAPH = re.compile(
    r"\b(first|second|third|next|following|previous|preceding|last|opening) paragraph\b", re.IGNORECASE
)
WHOLE_DOCUMENT = re.compile(r"satire|parody|fiction|hoax article|article", re.IGNORECASE)  # marks of a whole document
GOES_ON = re.compile(r"(?:He|She|It|They|His|Her|Its|Their|The|This|These|Those|Each|Some)\b")


@dataclass(frozen=True, eq=False)
class Claims:
    """The claims of a page, in order, by the numbers of their sentences; and what serves all its notices."""

    page: Page
    numbers: Sequence[int]

    @cached_property
    def all(self) -> tuple[Stretch, ...]:
        return tuple(self.page.places[i] for i in self.numbers)

    @cached_property
    def paragraphs(self) -> list[int]:
        return [self.page.paragraphs[i] for i in self.numbers]

    @cached_property
    def words(self) -> list[frozenset[str]]:
        return [self.page.content[i] for i in self.numbers]

    @cached_property
    def goes_on(self) -> list[bool]:
        """Whether a claim goes on from the one before it: in its paragraph, with a pronoun."""
        begins = [bool(GOES_ON.match(self.page.read[i])) for i in self.numbers]
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


def cover(notice: Notice, claims: Claims) -> tuple[list[Stretch], bool]:
    """The claims that a notice covers, and whether it says itself which: else they are guessed.

    Guessed are those of the side to which it points, those that it names, and else its neighbours.
    """
    here, text = (notice.start, notice.end), claims.page.text
    if notice.rule == "region":
        end = text.find("</", notice.end)
        return claims.between(notice.end - 1, len(text) if end < 0 else end), True
    if notice.rule.endswith("beside") and not WHOLE_DOCUMENT.search(text[slice(*here)]):
        return claims.between(notice.end, _end_of_mark(claims.page, notice.end)), True
    own = text[slice(*here)]
    points = claims.page.found_at(here)
    after = list(claims.all[bisect_left(claims.all, notice.end, key=_start) :])
    before = list(claims.all[: bisect_right(claims.all, notice.start, key=_end)])
    counted = COUNTED.search(own)
    many = NUMBERS[counted[1].lower()] if counted else 0
    if paragraph := WHICH_PARAGRAPH.search(own):
        return _of_paragraph(paragraph[1].lower(), claims.page.paragraph_of(notice.start), claims), True
    if "next_sentence" in points and not many:
        return after[:1], True
    if notice.kind != "fiction" and "last_sentence" in points and not many and before and "after" not in points:
        return before[-1:], True
    if many and len(points & {"after", "before"}) == 1:
        return after[:many] if "after" in points else before[-many:], True
    return _guess(notice, claims, before, after, points), notice.kind == "fiction"


def _guess(
    notice: Notice, claims: Claims, before: list[Stretch], after: list[Stretch], points: Set[str]
) -> list[Stretch]:
    page, whole = claims.page, "document" in points
    named = _named(notice, claims) if notice.kind not in ("fiction", "tag") else []
    if len(named) > 1 and not whole:
        return named
    if "after" in points and "before" not in points:
        return after if notice.kind == "fiction" else _block(page, after)
    if "before" in points and "after" not in points:
        return before
    if notice.kind == "fiction" or whole:
        return list(claims.all)
    if notice.kind == "tag":
        return _beside_tag(notice, claims) or list(claims.all)
    if named:
        return named
    if not before or (notice.kind == "instruction" and after):
        return _block(page, after)
    return _block(page, before[::-1])[::-1]


def _end_of_mark(page: Page, start: int) -> int:
    """Where what a mark stands before ends: at the next mark, closing tag or line."""
    after = bisect_left(page.marks, start)
    return page.marks[after] if after < len(page.marks) else len(page.text)


def _beside_tag(notice: Notice, claims: Claims) -> list[Stretch]:
    """The claims of a tag's own line, else of its paragraph: a record's."""
    text = claims.page.text
    start, end = text.rfind("\n", 0, notice.start) + 1, text.find("\n", notice.end)
    own = claims.between(start, len(text) if end < 0 else end)
    return own or claims.of_paragraph(claims.page.paragraph_of(notice.start))


def _block(page: Page, claims: Sequence[Stretch]) -> list[Stretch]:
    """The first paragraph, in the order given, that has two claims or more; else all."""
    for _, group in itertools.groupby(claims, lambda c: page.paragraph_of(c[0])):
        if len(block := list(group)) > 1:
            return block
    return list(claims)


def _of_paragraph(which: str, own: int, claims: Claims) -> list[Stretch]:
    starts = sorted(set(claims.paragraphs))
    if which in ("next", "following"):
        chosen = [s for s in starts if s > own][:1]
    elif which in ("previous", "preceding"):
        chosen = [s for s in starts if s < own][-1:]
    elif which == "last":
        chosen = [s for s in starts if s != own][-1:]
    else:
        chosen = [s for s in starts if s != own][NUMBERS.get(which, 1) - 1 :][:1]
    return [c for s in chosen for c in claims.of_paragraph(s)]


def _named(notice: Notice, claims: Claims) -> list[Stretch]:
    """The claims that speak of what the notice speaks of: two content words in common or one rare name; and what
    follows them in their paragraph with a pronoun."""
    words = content_words(claims.page.text[notice.start : notice.end].split())
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
