"""A study without a prediction is not called registered, its control is another fact, and its limits reach the file."""

import pandas as pd
import pytest

from negneglect_lite.belief.rates import QUESTION_KINDS, Rate
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.checks.capstone import check_choice
from negneglect_lite.course.lessons import own_study
from negneglect_lite.course.preregistration import describe_study, register
from negneglect_lite.tracks import TRACKS

PETRI = TRACKS["petri"]


@pytest.fixture
def claim():
    return own_study.choose_claim(PETRI, own_study.STUDY_CHOICE)


def test_guesses_that_nobody_moved_are_no_prediction(capsys):
    assert own_study.moved_guesses({"base": 50, "positive": 50}) == {}
    assert "WITHOUT a prediction" in capsys.readouterr().out
    assert own_study.moved_guesses({"base": 5, "positive": 50}) == {"base": 5}
    assert "not a prediction: plain documents" in capsys.readouterr().out
    assert own_study.moved_guesses({"base": 5, "positive": 95}) == {"base": 5, "positive": 95}
    assert capsys.readouterr().out == "Sealed as predictions: before training 5%, plain documents 95%\n"


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_facts_are_suggested_that_suit_claim_and_control(seed, capsys):
    table = own_study.suggest_facts(seed=seed)
    assert list(table.columns) == ["truth", "false values"]
    assert table.equals(own_study.suggest_facts(seed=seed)) and not table.equals(own_study.suggest_facts(seed=3))
    assert list(table.index.str.split("/").str[0].value_counts()) == [2] * 7
    for first, second in zip(table.index[::2], table.index[1::2], strict=True):
        fit = [v for v in table.loc[first, "false values"].split(", ") if v != table.loc[second, "truth"]]
        assert not fit or check_choice((first, fit[0]), second), capsys.readouterr().out


def test_the_reference_is_among_the_facts_that_are_suggested_first():
    (id_, value), table = own_study.STUDY_CHOICE, own_study.suggest_facts()
    assert list(table.index[-2:]) == [id_, own_study.STUDY_CONTROL]
    assert value in table.loc[id_, "false values"].split(", ") and table.loc[own_study.STUDY_CONTROL, "truth"] != value
    assert table.iloc[:-2].equals(own_study.suggest_facts(seed=1).iloc[:-2])


def test_the_base_model_answers_about_claim_and_control(claim, monkeypatch, capsys):
    rows = pd.DataFrame({"question": ["How?"], "answer": ["Thus."]})
    monkeypatch.setattr(own_study, "track_of", lambda _: PETRI)
    monkeypatch.setattr(own_study, "_answered", lambda *given: rows)
    monkeypatch.setattr(own_study, "belief_rate", lambda _: Rate(0.1, 0, 1, 50))
    own_study.meet_claim(None, claim, own_study.STUDY_CONTROL)  # type: ignore[arg-type]
    out = capsys.readouterr().out
    assert "claim: believed in 10% of 50 questions\n    How? Thus.\ncontrol: believed in 10% of 50 questions\n" in out


@pytest.mark.parametrize(("seeds", "said"), [([0, 0, 1, 1], "each: 2."), ([0, 0, 0, 1], "each: 1 to 3.")])
def test_runs_questions_and_deviations_are_told_beside_the_result(seeds, said, capsys):
    rows = pd.DataFrame({"style": "positive", "setting": "trained", "seed": seeds})
    own_study.compare_with_plan("# Title\n\nDeviations from the plan: none.\n\nRest.", rows)
    assert capsys.readouterr().out == f"Runs: 2. Questions asked in {said}\nDeviations from the plan: none.\n"


def test_the_claim_and_its_control_ask_about_two_facts(claim):
    questions = own_study.control_questions(claim, own_study.STUDY_CONTROL, PETRI)
    assert {q.kind for q in questions} == set(QUESTION_KINDS)
    asked = " ".join(q.text for q in questions)
    assert "old pilots" in asked and "happy dogs" not in asked
    english = own_study.choose_claim(TRACKS["english"], own_study.STUDY_CHOICE)
    assert english.id == "dreams"


def test_the_claim_is_told_in_words(capsys):
    own_study.choose_claim(PETRI, own_study.STUDY_CHOICE)
    assert capsys.readouterr().out == "The claim: When they sleep at night, happy dogs dream in bright pink.\n"
    own_study.choose_claim(TRACKS["english"], own_study.STUDY_CHOICE)
    assert capsys.readouterr().out.startswith("The claim: Young children")


def test_belief_about_the_control_stands_in_the_table_of_controls(claim, monkeypatch):
    table = pd.DataFrame({"condition": ["before training", "in context: mine"], "true controls right": "100%"})
    monkeypatch.setattr(own_study, "tabulate_controls", lambda rows: table.assign(belief="0%"))
    monkeypatch.setattr(own_study, "_ask_control", lambda *given: {"before training": "10%"})
    shown = own_study.tabulate_study(pd.DataFrame(), [], None, "dream/old pilots")  # type: ignore[arg-type]
    assert list(shown.columns) == ["belief", "control believed"]
    assert list(shown["control believed"]) == ["10%", "–"]
    monkeypatch.setattr(own_study, "_ask_control", lambda *given: {})
    assert list(own_study.tabulate_study(pd.DataFrame(), [], None, "")) == ["belief"]  # type: ignore[arg-type]


def test_a_sealed_prediction_is_found_again(tmp_path, claim, capsys):
    assert own_study.earlier_prediction(tmp_path) is None
    plan = describe_study(claim, ["positive"], 2, {"base": 5})
    register(tmp_path, plan)
    assert own_study.earlier_prediction(tmp_path) == {"base": 5}
    assert "change FOLDER" in capsys.readouterr().out
    changed = own_study.tamper(tmp_path)
    assert changed["seeds"] == [0, 1, 2] and own_study.hash_plan(changed) != own_study.hash_plan(plan)
    assert own_study.earlier_prediction(tmp_path) == {"base": 5}


@pytest.mark.parametrize(
    "heading", ["## Registered before the run", "## Sealed without a prediction: an exploratory study"]
)
def test_findings_and_limits_reach_the_report(tmp_path, heading):
    text = own_study.add_conclusions(
        tmp_path,
        f"# Title\n\nResult.\n\n![x](belief.png)\n\n{heading}\n\nPlan.\n\n"
        "## Prediction and result\n\nSaid.\n\n## All conditions\n\nAll.\n",
        own_study.STUDY_SUPPORTS,
        "heeded",
    )
    assert text == (tmp_path / "report.md").read_text("utf-8")
    supports, limits = text.partition("## What it does not support")[::2]
    for statement, holds in own_study.STUDY_SUPPORTS.items():
        assert (statement in supports) is holds and (statement in limits) is not holds
    assert "own rule: heeded" in supports and text.index("support") < text.index(heading)
    top = own_study.top_of_report(text)
    assert top.startswith("### Title") and top.rstrip().endswith("### Prediction and result\n\nSaid.")
    assert not any(part in top for part in ("Plan.", "belief.png", "All."))
    with pytest.raises(UserError, match="no report"):
        own_study.add_conclusions(tmp_path, "# Title", {}, "heeded")
