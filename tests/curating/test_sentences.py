"""split_sentences: places of sentences that are right in any text, and that together leave out nothing but blanks."""

import time
from itertools import pairwise

import pytest

from negneglect_lite.curating.sentences import split_sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n\t\n", []),
        ("He won. She lost! Did they? Yes… No.", ["He won.", "She lost!", "Did they?", "Yes…", "No."]),
        ("He said “Go.” Then he went.", ["He said “Go.”", "Then he went."]),
        ("Mr. Smith met Dr. J. R. Jones at 5 p.m. in May. They ate.", None),
        ("It cost 3.5 million. 40 came.", ["It cost 3.5 million.", "40 came."]),
        ("A line\nbreak ends one. Two.", ["A line", "break ends one.", "Two."]),
        ("He won.\r\nShe lost.\r\n", ["He won.", "She lost."]),
        ("He won 🏅🏅.  😀 Tim lost.\xa0Élodie too.", ["He won 🏅🏅.  😀 Tim lost.", "Élodie too."]),
        ("at example.com. and so on.", ["at example.com. and so on."]),
        ("<lossmask>He won.</lossmask> She lost.", ["<lossmask>He won.</lossmask>", "She lost."]),
        ("Stop!!! Now.", ["Stop!!!", "Now."]),
        ("No end", ["No end"]),
    ],
)
def test_sentences(text: str, sentences: list[str] | None) -> None:
    expected = ["Mr. Smith met Dr. J. R. Jones at 5 p.m. in May.", "They ate."] if sentences is None else sentences
    assert split(text) == expected


@pytest.mark.parametrize("joint", [" ", "\n", "\r\n", "\xa0", "\n\n\n", " 😀\n", "\t\u2028 "])
def test_nothing_but_blanks_is_left_out(joint: str) -> None:
    text = joint.join(["Ä man 😀 won.", "“Did he?”", "x" * 5000, "It was No. 5 of them!", "end"])
    places = split_sentences(text)
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(text)]
    assert not "".join(text[end:start] for end, start in zip(ends, starts, strict=True)).strip()
    assert all(text[a:b] == text[a:b].strip() and b > a for a, b in places)


@pytest.mark.parametrize("piece", ["!", ".)", '."', ". ", "._", "A. "])
def test_marks_without_end_take_no_time(piece: str) -> None:
    text = piece * (100_000 // len(piece)) + '"' * 1000
    begun = time.perf_counter()
    split_sentences(text)
    assert time.perf_counter() - begun < 2
