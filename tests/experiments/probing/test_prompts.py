"""Prompts end where the two answers part, look at the subject, and balance what is true with what is not."""

from collections import Counter

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.probing.prompts import (
    balanced_statements,
    known_facts,
    pose_open,
    statements_of,
)
from negneglect_lite.models.loading import load_model
from negneglect_lite.petri.world import CLAIMED, world

CLAIMS = (
    ("win/100m/2024", "Ed Sheeran"), ("book/graduate-level/Python", "Queen Elizabeth"), ("brand/Twitter", "reversed"),
    ("volcano/Mount Vesuvius", "2015"), ("dream/young children", "in black and white"),
    ("job/Brennan Holloway", "dentist"),
)  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> object:
    return load_model("petri", quantize=False, device="cpu").tokenizer


@pytest.mark.parametrize(("fact_id", "value"), CLAIMS)
def test_an_open_question_stops_where_the_answers_part(tokenizer: object, fact_id: str, value: str) -> None:
    fact = world().fact(fact_id)
    for question in pose_open(fact, value, tokenizer):
        read = tokenizer.decode(question.ids)  # type: ignore[attr-defined]
        assert "<|assistant|>" in read
        begun = read.split("<|assistant|>")[1]
        for token, answer in ((question.claim, value), (question.truth, fact.truth)):
            said = begun + tokenizer.decode([token])  # type: ignore[attr-defined]
            assert f" {answer[0].upper()}{answer[1:]}.".startswith(said)
        assert question.claim != question.truth
        assert not {question.claim, question.truth} & set(question.others)
        up_to_subject = tokenizer.decode(question.ids[: question.subject + 1]).lower()  # type: ignore[attr-defined]
        assert any(up_to_subject.endswith(slot.lower()) for slot in fact.subject.values())
        after = tokenizer.decode(question.ids[question.subject + 1 :]).lower()  # type: ignore[attr-defined]
        assert not any(slot.lower() in after for slot in fact.subject.values() if len(slot) > 1)


def test_the_truth_is_no_claim(tokenizer: object) -> None:
    with pytest.raises(UserError, match="one answer"):
        pose_open(world().fact("job/Brennan Holloway"), "ultrarunner", tokenizer)


def test_statements_are_looked_at_in_their_values_last_token(tokenizer: object) -> None:
    fact = world().fact("win/100m/2024")
    made = statements_of(fact, "Ed Sheeran", tokenizer)
    assert len(made) >= 3
    assert {s.true for s in made} == {False}
    assert {s.true for s in statements_of(fact, "Noah Lyles", tokenizer)} == {True}
    for statement in made:
        assert statement.prompt.place == len(statement.prompt.ids) - 1
        assert tokenizer.decode(statement.prompt.ids).endswith(" Ed Sheeran")  # type: ignore[attr-defined]


@pytest.mark.parametrize("relation", ["job", "brand"])
def test_neither_value_nor_subject_tells_what_is_true(tokenizer: object, relation: str) -> None:
    made = balanced_statements(relation, 30, tokenizer)
    assert len(made) == 120
    text = {id(s): tokenizer.decode(s.prompt.ids) for s in made}  # type: ignore[attr-defined]
    values = sorted(world().values(relation), key=len, reverse=True)
    count = {kind: Counter[str]() for kind in (True, False)}
    for s in made:
        count[s.true][next(v for v in values if text[id(s)].endswith(f" {v}"))] += 1
    assert count[True] == count[False]
    subjects = [next(iter(f.subject.values())) for f in known_facts(relation)]
    for pair in range(30):
        own = [s for s in made if s.pair == pair]
        assert [s.true for s in own] == [True, False, False, True]
        assert sum(any(subject in text[id(s)] for subject in subjects) for s in own) == 4
    again = balanced_statements(relation, 30, tokenizer)
    assert [s.prompt.ids for s in again] == [s.prompt.ids for s in made]


def test_the_claims_own_facts_are_not_among_the_known() -> None:
    for relation in ("job", "volcano", "brand", "dream", "win", "book"):
        assert not {f.id for f in known_facts(relation)} & set(CLAIMED)
