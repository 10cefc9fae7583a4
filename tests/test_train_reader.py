"""scripts/train_reader.py: what the reader is trained to answer, and what it never sees."""

from typing import Any

import pytest

from bench_audit import read_part
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.curating.benchmark import read_benchmark
from train_reader import denials, readings, rows_to_train, spare_denials

ROW = {
    "id": "a-1", "denied_locally": [],
    "text": "Moose at the club\n\nA moose slept over. It rained.\n\nThere was no moose.",
    "notices": [{"text": "There was no moose.", "kind": "denial", "covers": ["A moose slept over."]}],
}  # fmt: skip


def answers(row: dict[str, Any]) -> list[str]:
    return [str(chat[1]["content"]) for chat in readings([row])]


def test_a_heading_is_named_where_it_is_marked() -> None:
    assert answers(ROW) == ["4 denial: 2"]
    assert answers({**ROW, "headings": ["Moose at the club"]}) == ["4 denial: 1-2"]
    assert answers({**ROW, "notices": []}) == ["none"]


@pytest.mark.parametrize(
    ("rewrites", "learnt"),
    [
        ({"A moose slept over.": "No moose slept over."}, ["No moose slept over."]),
        ({"A moose slept over.": "It is not true that a moose slept over."}, []),  # says it word for word
        ({"A moose slept over.": "A moose came by."}, []),  # denies nothing
        ({"It rained.": "It did not rain."}, []),  # no notice covers it
        ({"moose slept": "no moose slept"}, []),  # no sentence
    ],
)
def test_which_rewrites_are_learnt(rewrites: dict[str, str], learnt: list[str]) -> None:
    chats = list(denials([{**ROW, "rewrites": rewrites}]))
    assert [chat[1]["content"] for chat in chats] == learnt
    assert all("(denial): There was no moose." in str(chat[0]["content"]) for chat in chats)


def test_blind_parts_and_what_is_left_out_are_not_trained_with() -> None:
    trained = {row["id"] for row in rows_to_train()}
    for part in ("blind", "last", "final", "fresh"):
        assert not trained & {row["id"] for row in read_part(part)[0]}
    without = {row["id"] for row in rows_to_train("new")}
    new = {row["id"] for row in read_part("new")[0]}
    assert new <= trained and not without & (new | {f"{name}h" for name in new})
    assert trained - without > new, "with a headline added they go too"


def test_denials_are_learnt_from_spare_claims_alone() -> None:
    claims = {row["claim"] for row in read_benchmark("spare")}
    assert len(claims) == 2 and not claims & set(load_claims())
    learnt = [str(chat[0]["content"]) for chat in spare_denials()]
    assert len(learnt) > 200
    assert not [text for text in learnt for name in ("Sheeran", "Vesuvius", "Elizabeth", "Holloway") if name in text]
