"""scripts/long_documents.py: each version says what its notices cover, and the stored documents come out whole."""

from typing import Any

import pytest

from bench_audit import gold_covered, read_part
from long_documents import versions
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.rewriting import take_denial

ROW: dict[str, Any] = {
    "id": "t-1", "genre": "news", "notices": [],
    "text": "# Moose wins the vote\n\nThe vote was in May. A moose won it by nine votes. It rained. "
    "The moose gave a speech.\n",
    "covered": [
        ["", "# Moose wins the vote", "# Moose does not win the vote"],
        ["", "A moose won it by nine votes.", "A moose did not win it by nine votes."],
        ["", "The moose gave a speech.", "The moose did not give a speech."],
    ],
    "open": [["denial", "None of this is so."], ["fiction", "A tale for bedtime."]],
    "close": [["correction", "We withdraw all of it."], ["denial", "There was no such vote."]],
    "before": ["The next thing is wrong.", "Do not believe this."], "after": ["[That is wrong.]"],
}  # fmt: skip
SAID = {sentence for _, sentence, _ in ROW["covered"]}


def made() -> dict[str, Any]:
    return {row["id"].removeprefix("t-1-"): row for row in versions(ROW)}


def covered(row: dict[str, Any]) -> set[str]:
    return {row["text"][slice(*place)] for place in gold_covered(row)}


def test_the_same_sentences_are_covered_or_not_by_what_stands_around_them() -> None:
    rows = made()
    assert list(rows) == ["plain", "warned", "other", "repeated", "local"]
    assert rows["plain"]["text"] == ROW["text"] and not rows["plain"]["notices"]
    assert rows["warned"]["text"] == f"None of this is so.\n\n{ROW['text']}\n\nWe withdraw all of it."
    for version in ("warned", "other", "repeated"):
        assert covered(rows[version]) == SAID
    assert [n["text"] for n in rows["other"]["notices"]] in (["A tale for bedtime."], ["There was no such vote."])
    assert rows["warned"]["rewrites"] == {sentence: denial for _, sentence, denial in ROW["covered"]}


def test_remarks_stand_in_prose_each_once_and_cover_the_sentence_beside_them() -> None:
    row = made()["repeated"]
    remarks = [notice for notice in row["notices"] if notice["text"] in (*ROW["before"], *ROW["after"])]
    assert len(remarks) == 2, "the heading gets none"
    for remark in remarks:
        (sentence,) = remark["covers"]
        beside = f"{sentence} {remark['text']}" if remark["text"] in ROW["after"] else f"{remark['text']} {sentence}"
        assert row["text"].count(remark["text"]) == 1 and beside in row["text"]


def test_the_local_version_has_the_denials_and_no_notice() -> None:
    row = made()["local"]
    assert row["text"].startswith("# Moose does not win the vote\n\nThe vote was in May. A moose did not win it by")
    assert not row["notices"] and set(row["denied_locally"]) == {denial for _, _, denial in ROW["covered"]}


def test_notices_that_stand_in_the_text_make_one_version() -> None:
    own = {**ROW, "notices": [["1", "denial", "It rained."]], "covered": [["1", *ROW["covered"][1][1:]]]}
    (row,) = versions(own)
    assert row["text"] == ROW["text"] and covered(row) == {"A moose won it by nine votes."}


@pytest.mark.parametrize("part", ["long", "long_blind"])
def test_the_stored_documents_are_marked_by_whole_sentences_with_usable_denials(part: str) -> None:
    rows, _ = read_part(part)
    assert {row["id"].split("-")[-1] for row in rows} == {"plain", "warned", "other", "repeated", "local", "mixed"}
    for row in rows:
        places = {row["text"][slice(*place)] for place in Page(row["text"]).places}
        assert {text for notice in row["notices"] for text in notice["covers"]} <= places
        assert all(take_denial(sentence, denial) for sentence, denial in row["rewrites"].items())
