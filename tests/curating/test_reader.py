"""reader.py: what answers about a text's sentences come to; the answers are written by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from answered import answered, nothing

from negneglect_lite.curating.findings import NOTICE_KINDS
from negneglect_lite.curating.learned import Array
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.reader import SENTENCES, audited_by, cut_parts, read_by, shown_sentences
from negneglect_lite.curating.reader_model import KIND_LETTERS

TEXT = "Ed Sheeran won the race. He was quick. Ask no athlete about any of that.\n\nIt rained. He did not run."


def test_what_answers_come_to() -> None:
    audited = audited_by(Page(TEXT), answered("AB", "AB", "BA", "AA", "AA"))
    assert [TEXT[n.start : n.end] for n in audited.notices] == ["Ask no athlete about any of that."]
    assert [(TEXT[f.start : f.end], f.notice.rule) for f in audited.findings] == [
        ("Ed Sheeran won the race.", "read"),
        ("He was quick.", "read"),
    ]
    assert [TEXT[slice(*place)] for place in audited.local] == ["He did not run."]
    assert audited_by(Page("It rained."), answered("AA")).risk == "none"


@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_every_kind_of_notice_can_be_said(kind: str) -> None:
    letter = KIND_LETTERS[1 + NOTICE_KINDS.index(kind)]  # type: ignore[arg-type]
    audited = audited_by(Page(TEXT), answered("AA", f"A{letter}", f"{letter}A", "AA", "AA"))
    assert [n.kind for n in audited.notices] == [f.notice.kind for f in audited.findings] == [kind]


def test_a_kind_counts_where_all_kinds_together_are_probable_enough() -> None:
    weighed = answered("AA", "AA", "AA", "AA", "AA")
    weighed[2, 0, :4] = (0.39, 0.3, 0.31, 0)
    weighed[3, 0, :2] = (0.41, 0.59)
    weighed[0, 1, :2] = (0.59, 0.41)
    weighed[1, 1, :2] = (0.61, 0.39)
    audited = audited_by(Page(TEXT), weighed)
    assert [(TEXT[n.start : n.end], n.kind) for n in audited.notices] == [
        ("Ask no athlete about any of that.", "correction")
    ]
    assert [TEXT[f.start : f.end] for f in audited.findings] == ["Ed Sheeran won the race."]


def test_notices_in_a_row_are_one_if_they_are_of_one_kind() -> None:
    audited = audited_by(Page(TEXT), answered("BA", "BA", "CA", "AC", "BA"))
    said = [TEXT[n.start : n.end] for n in audited.notices]
    assert said == [
        "Ed Sheeran won the race. He was quick.",
        "Ask no athlete about any of that.",
        "He did not run.",
    ]


def test_what_is_covered_goes_with_the_nearest_notice_of_that_kind_and_else_with_the_nearest() -> None:
    text = "Never. Not so. One came. Two came. Three came. Four came. Nonsense. Five came."
    audited = audited_by(Page(text), answered("BA", "CA", "AB", "AC", "AE", "AB", "BA", "AB"))
    linked = {text[f.start : f.end]: text[f.notice.start : f.notice.end] for f in audited.findings}
    assert linked == {
        "One came.": "Never.",
        "Two came.": "Not so.",
        "Three came.": "Nonsense.",
        "Four came.": "Nonsense.",
        "Five came.": "Nonsense.",
    }


def test_nothing_is_found_where_there_is_no_notice() -> None:
    audited = audited_by(Page(TEXT), answered("AB", "AB", "AA", "AA", "AA"))
    assert audited.findings == () and audited.notices == ()


def test_a_tag_may_stand_in_one_sentence_with_its_claim_and_no_other_notice_is_covered() -> None:
    audited = audited_by(Page(TEXT), answered("HH", "BH", "CB", "AA", "AA"))
    assert [TEXT[f.start : f.end] for f in audited.findings] == ["Ed Sheeran won the race."]
    assert len(audited.notices) == 3


def test_a_long_text_is_read_in_parts_that_overlap() -> None:
    sentences = [f"Number {i} was seen by everybody." for i in range(320)]
    text, shown = " ".join(sentences), list[Sequence[str]]()

    def weigh(parts: Sequence[Sequence[str]]) -> list[Array]:
        shown.extend(parts)
        found = [nothing(part) for part in parts]
        found[0][SENTENCES - 1, 0] = np.eye(9)[1]  # read again in the next part, which has nothing there
        found[1][:2] = answered("BA", "AB")
        return found

    (audited,) = read_by(weigh)([text])
    assert [len(part) for part in shown] == [160, 160, 32] and shown[1][0] == sentences[144]
    assert [text[n.start : n.end] for n in audited.notices] == [sentences[144]]
    assert [text[f.start : f.end] for f in audited.findings] == [sentences[145]]


@pytest.mark.parametrize(
    ("sentences", "parts"),
    [
        (0, []),
        (1, [(0, 1)]),
        (160, [(0, 160)]),
        (161, [(0, 160), (144, 161)]),
        (304, [(0, 160), (144, 304)]),
        (305, [(0, 160), (144, 304), (288, 305)]),
    ],
)
def test_where_parts_begin_and_end(sentences: int, parts: list[tuple[int, int]]) -> None:
    assert [(part.start, part.stop) for part in cut_parts(["It rained."] * sentences)] == parts


def test_a_part_fits_the_model_however_long_its_sentences_are() -> None:
    long = ["x" * 2000] * 20
    assert [(part.start, part.stop) for part in cut_parts(long)] == [(0, 7), (4, 11), (8, 15), (12, 19), (16, 20)]
    wide = ["é" * 2000] * 4
    assert [(part.start, part.stop) for part in cut_parts(wide)] == [(0, 3), (2, 4)]
    assert [(part.start, part.stop) for part in cut_parts(["😀" * 5000])] == [(0, 1)], "a sentence goes alone"
    assert len(list(cut_parts(["\ufb2c" * 2000] * 2))) == 2, "of four bytes each, but six when they are composed"
    assert len(list(cut_parts(["\ud800"]))) == 1, "half a character is told where the text is made into tokens"


def test_no_part_is_read_that_goes_no_further() -> None:
    sentences = ["Not so."] * 9 + ["x" * 2000] * 12
    parts = [(part.start, part.stop) for part in cut_parts(sentences)]
    assert parts == [(0, 16), (10, 17), (14, 21)]
    assert all(a < b for a, b in zip([0, *(end for _, end in parts)], (end for _, end in parts), strict=False))


def test_sentences_are_shown_in_one_line() -> None:
    assert shown_sentences(Page("Ed  Sheeran\twon.\nHe ran.")) == ["Ed Sheeran won.", "He ran."]


def test_each_text_gets_its_own_reading() -> None:
    texts = ["A long tale of a king who ruled. It is all made up. And more.", "", "Rain fell. That is a lie."]

    def weigh(parts: Sequence[Sequence[str]]) -> list[Array]:
        replies = {"king": ("AD", "DA", "AA"), "Rain": ("AB", "BA")}
        return [answered(*next(r for word, r in replies.items() if word in part[0])) for part in parts]

    assert [[n.kind for n in audited.notices] for audited in read_by(weigh)(texts)] == [["fiction"], [], ["denial"]]


def test_what_is_found_is_denied_when_a_writer_is_given() -> None:
    read = read_by(
        lambda parts: [answered("AB", "AB", "BA", "AA", "AA") for _ in parts],
        lambda asked: [f"Not: {a.sentence}" for a in asked],
    )
    assert [f.denied for f in read([TEXT])[0].findings] == ["Not: Ed Sheeran won the race.", "Not: He was quick."]
