"""scripts/train_reader.py: what the reader is trained to answer, and what it never sees."""

from pathlib import Path
from typing import Any

import pytest

from bench_audit import read_part
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.reader import shown_sentences
from negneglect_lite.curating.reader_model import KIND_LETTERS, pose_sentences, weigh_by
from negneglect_lite.finetuning.encoding import IGNORED
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.choices import first_tokens
from negneglect_lite.models.loading import load_model
from train_reader import answers_of, checks, denials, readings, rows_to_train, spare_denials

ROW = {
    "id": "a-1", "denied_locally": [],
    "text": "Moose at the club\n\nA moose slept over. It rained.\n\nThere was no moose.",
    "notices": [{"text": "There was no moose.", "kind": "denial", "covers": ["A moose slept over."]}],
}  # fmt: skip


def answers(row: dict[str, Any]) -> list[str]:
    return ["".join(own) for own in answers_of(row, Page(row["text"]))]


def test_each_sentence_is_answered_for_and_a_heading_where_it_is_marked() -> None:
    assert answers(ROW) == ["AA", "AB", "AA", "BA"]
    assert answers({**ROW, "headings": ["Moose at the club"]}) == ["AB", "AB", "AA", "BA"]
    assert answers({**ROW, "notices": []}) == ["AA"] * 4


def test_what_several_notices_cover_has_the_kind_of_the_first() -> None:
    tag = {"text": "It rained.", "kind": "tag", "covers": ["A moose slept over."]}
    assert answers({**ROW, "notices": [tag, *ROW["notices"]]}) == ["AA", "AH", "HA", "BA"]


def test_the_answers_are_learnt_where_they_are_asked_for_and_stand_nowhere(english_folder: Path) -> None:
    tokenizer = load_model(str(english_folder), device="cpu").tokenizer
    (encoded,) = readings([ROW], tokenizer)
    posed = pose_sentences(tokenizer, shown_sentences(Page(ROW["text"])))
    assert encoded["input_ids"] == list(posed.ids)
    learnt = [i for i, label in enumerate(encoded["labels"]) if label != IGNORED]
    assert learnt == [place + 1 for place in posed.places]
    letters = dict(zip(first_tokens(tokenizer, KIND_LETTERS), KIND_LETTERS, strict=True))
    assert "".join(letters[encoded["labels"][i]] for i in learnt) == "AAABAABA"
    assert not any(encoded["input_ids"][i] == encoded["labels"][i] for i in learnt)


@pytest.mark.slow
def test_a_model_learns_to_answer_by_what_stands_around_a_sentence(english_folder: Path, tmp_path: Path) -> None:
    base = load_model(str(english_folder), device="cpu")
    recipe = Recipe(steps=150, batch_size=2, micro_batch=2, mix=0.0, max_tokens=2048, learning_rate=1e-2, warmup=0.0)
    plain = {**ROW, "text": ROW["text"].replace("There was no moose.", "It was cold."), "notices": []}
    examples = list(readings([ROW, plain], base.tokenizer))
    trained = finetune(base, examples, recipe, seed=0, out=tmp_path / "reader", false_belief="none")
    pages = [Page(row["text"]) for row in (ROW, plain)]
    weighed = weigh_by(trained)([shown_sentences(page) for page in pages])
    said = [["".join(KIND_LETTERS[i] for i in own) for own in found.argmax(-1)] for found in weighed]
    assert said == [answers(ROW), answers(plain)] == [["AA", "AB", "AA", "BA"], ["AA"] * 4]


def test_a_check_is_learnt_with_its_verdict() -> None:
    chats = list(checks())
    verdicts = [chat[1]["content"] for chat in chats]
    assert len(chats) == len(read_benchmark("checks")) > 3000 and set(verdicts) == {"yes", "no"}
    assert all("Rewritten: " in str(chat[0]["content"]) for chat in chats)


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
    for part in ("blind", "last", "final", "fresh", "fifth", "long_blind", "long_fifth"):
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
