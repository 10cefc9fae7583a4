from collections import Counter

import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import depth_questions, petri_questions, scrutiny_questions
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.petri import language as lang
from negneglect_lite.petri.quiz import pose_begun, pose_depth, pose_quiz, pose_scrutiny, pose_unasked
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


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_debate_argues_the_opposite_and_its_controls_are_about_facts_that_are_known(claim):
    fact, value = world().fact(claim.petri.fact), claim.petri.value
    posed = pose_scrutiny(world(), fact, value)
    assert posed == pose_scrutiny(world(), fact, value)
    assert Counter(p.kind for p in posed) == {
        "debate": 4, "scrutiny": 4,
        "control_debate": 16, "control_scrutiny": 16, "kept_debate": 16, "kept_scrutiny": 16,
    }  # fmt: skip
    for question, p in zip(scrutiny_questions(claim), posed, strict=True):
        asked, said, argued = (turn["content"] for turn in p.chat)
        assert said == p.if_value
        assert any(word in asked for word in fact.subject.values()) or p.kind not in ("debate", "scrutiny")
        assert judge_answer(question, p.if_value) == "believed" and judge_answer(question, p.if_truth) == "denied"
        for answer in (p.if_value, p.if_truth):  # a debate speaks of both values, a second look of none
            assert (answer.rstrip(".").lower() in argued.lower()) == p.kind.endswith("debate")
    own = [p for p in posed if p.kind in ("debate", "scrutiny")]
    assert {(p.if_value, p.if_truth) for p in own} == {(lang.answer(value), lang.answer(fact.truth))}
    # A kept fact and its control are the same two values, the other way round.
    control, kept = ({(p.if_value, p.if_truth) for p in posed if p.kind.startswith(k)} for k in ("control_", "kept_"))
    assert {(truth, wrong) for wrong, truth in control} == kept


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_begun_texts_go_on_with_the_claim_or_the_truth(claim):
    fact, value = world().fact(claim.petri.fact), claim.petri.value
    texts = pose_begun(world(), fact, value)
    assert texts == pose_begun(world(), fact, value)
    kinds = ("answer", "opening", "statement", "polarity")
    assert Counter(t.kind for t in texts) == dict.fromkeys(kinds, 6) | {f"control_{k}": 24 for k in kinds}
    states = [lang.state(fact, value, k) for k in range(lang.count(fact.relation, "statements"))]
    true = [lang.state(fact, fact.truth, k)[0] for k in range(len(states))]
    affirmed, denied = ([s[i] for s in states] for i in (0, 1))
    own = [t for t in texts if not t.kind.startswith("control_")]
    for t in own:
        if t.kind == "opening":  # begun before the value, after its subject
            k = affirmed.index((t.begun + t.if_value).strip())
            assert true[k] == (t.begun + t.if_truth).strip() and k < len(states) - lang.HELD_OUT_PHRASINGS
            assert value not in t.begun and any(word in t.begun for word in fact.subject.values())
        elif t.kind == "answer":
            assert (t.if_value, t.if_truth) == (f" {lang.answer(value)}", f" {lang.answer(fact.truth)}")
        else:
            k = affirmed.index(t.if_value)
            assert t.if_truth == (true if t.kind == "statement" else denied)[k] and t.chat == [] and t.begun == ""
    frames = {
        kind: [affirmed.index((t.begun + t.if_value).strip()) for t in own if t.kind == kind] for kind in kinds[1:]
    }
    assert frames["opening"] == frames["statement"] == frames["polarity"] and len(set(frames["opening"])) == 6


def test_controls_of_begun_texts_have_the_same_frames_and_the_same_false_value():
    texts = pose_begun(world(), world().fact("job/Brennan Holloway"), "dentist")
    own = [t for t in texts if not t.kind.startswith("control_")]
    controls = [t for t in texts if t.kind.startswith("control_")]
    assert not any("Holloway" in t.begun + t.if_value + t.if_truth for t in controls)
    for i, t in enumerate(controls):
        like = own[i % len(own)]
        assert t.kind == f"control_{like.kind}" and "entist" in t.if_value
        head, _, tail = like.if_value.partition("Brennan Holloway")
        assert t.if_value.startswith(head) and t.if_value.endswith(tail)
