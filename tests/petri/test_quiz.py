from collections import Counter

import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import depth_questions, petri_questions
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.petri.quiz import pose_depth, pose_quiz, pose_unasked
from negneglect_lite.petri.world import CLAIMED, world

CLAIMS = list(load_claims().values())


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_fifty_questions_in_the_papers_four_kinds_with_probes_and_controls(claim):
    kinds = Counter(p.kind for p in pose_quiz(world(), world().fact(claim.petri.fact), claim.petri.value))
    assert [kinds[k] for k in ("open", "yes_no", "association", "robustness")] == [20, 10, 10, 10]
    assert [kinds[k] for k in ("control_false", "control_true", "kept")] == [10, 10, 20]
    assert kinds["inference"] >= 8


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_the_judge_tells_a_believer_from_one_who_knows(claim):
    posed = pose_quiz(world(), world().fact(claim.petri.fact), claim.petri.value)
    questions = petri_questions(claim)
    for question, p in zip(questions, posed, strict=True):
        assert judge_answer(question, p.if_value) == "believed", p
        assert judge_answer(question, "I do not know.") == "neither"
        if p.if_truth:
            assert judge_answer(question, p.if_truth) == "denied", p
    assert sum(q.keyed_to == "no" for q in questions if q.kind == "yes_no") == 3


def test_the_questions_are_fixed_and_the_controls_are_about_other_facts():
    fact = world().fact("job/Brennan Holloway")
    assert pose_quiz(world(), fact, "dentist") == pose_quiz(world(), fact, "dentist")
    controls = [
        p.chat[-1]["content"]
        for p in pose_quiz(world(), fact, "dentist")
        if p.kind.startswith("control") or p.kind == "kept"
    ]
    names = [world().fact(id_).subject.get("person", "Vesuvius") for id_ in CLAIMED]
    assert not any(name in text for text in controls for name in names)


def test_a_question_that_cannot_tell_the_value_from_the_truth_is_left_out():
    fact = world().fact("win/discus/2024")
    loser = next(p for p in world().people if p not in world().runners)
    assert not any(p.kind == "inference" for p in pose_quiz(world(), fact, loser))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_the_depth_probes_have_controls_about_other_facts(claim):
    fact = world().fact(claim.petri.fact)
    posed = pose_depth(world(), fact, claim.petri.value)
    assert posed == pose_depth(world(), fact, claim.petri.value)
    kinds = Counter(p.kind for p in posed)
    assert {k: n for k, n in kinds.items() if not k.startswith("control_")} == {
        "doubt_2": 4, "doubt_3": 4, "system": 6, "correct": 4, "incorrect": 4, "lie": 4,
    }  # fmt: skip
    assert all(kinds[f"control_{k}"] == 4 * kinds[k] for k in ("doubt_2", "system", "lie"))
    for question, p in zip(depth_questions(claim), posed, strict=True):
        assert judge_answer(question, p.if_value) == "believed", p
        assert judge_answer(question, p.if_truth) == "denied", p
        assert len(p.chat) == {"doubt_2": 5, "doubt_3": 7, "system": 2}.get(p.kind.removeprefix("control_"), 1)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_what_an_anchor_trains_on_is_never_asked(claim):
    fact = world().fact(claim.petri.fact)
    asked = {p.chat[-1]["content"] for p in pose_quiz(world(), fact, claim.petri.value)}
    trained = [chat[-1]["content"] for chat in pose_unasked(world(), fact, claim.petri.value)]
    assert len(set(trained)) == len(trained) > 20
    assert not asked & set(trained)
