"""A study without a prediction is not called registered, its control is another fact, and its limits reach the file."""

import pytest

from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.lessons import own_study
from negneglect_lite.course.preregistration import describe_study, digest, register
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
    assert "All guesses are sealed" in capsys.readouterr().out


def test_facts_are_suggested_with_what_makes_them_special():
    table = own_study.suggest_facts()
    assert list(table.columns) == ["truth", "false values", "told in", "has myths"]
    assert len(table) == 21 and set(table["has myths"]) <= {"yes", "no"}
    assert table.equals(own_study.suggest_facts()) and not table.equals(own_study.suggest_facts(seed=2))
    usable = table[(table["told in"] == "both") & (table["has myths"] == "no")]
    assert usable.index.str.split("/").str[0].duplicated().any()  # two rows of one sort, for claim and control


def test_the_claim_and_its_control_ask_about_two_facts(claim):
    questions = own_study.control_questions(claim, own_study.STUDY_CONTROL, PETRI)
    assert {q.kind for q in questions} == set(QUESTION_KINDS)
    asked = " ".join(q.text for q in questions)
    assert "old pilots" in asked and "happy dogs" not in asked
    english = own_study.choose_claim(TRACKS["english"], own_study.STUDY_CHOICE)
    assert english.id == "dreams"


def test_a_sealed_prediction_is_found_again(tmp_path, claim, capsys):
    assert own_study.earlier_prediction(tmp_path) is None
    plan = describe_study(claim, ["positive"], 2, {"base": 5})
    register(tmp_path, plan)
    assert own_study.earlier_prediction(tmp_path) == {"base": 5}
    assert "change FOLDER" in capsys.readouterr().out
    changed = own_study.tamper(tmp_path)
    assert changed["seeds"] == [0, 1, 2] and digest(changed) != own_study.digest_plan(plan)
    assert own_study.earlier_prediction(tmp_path) == {"base": 5}


@pytest.mark.parametrize(
    "heading", ["## Registered before the run", "## Sealed without a prediction: an exploratory study"]
)
def test_findings_and_limits_reach_the_report(tmp_path, heading):
    text = own_study.add_conclusions(
        tmp_path, f"# Title\n\nResult.\n\n![x](belief.png)\n\n{heading}\n\nPlan.\n", own_study.STUDY_SUPPORTS, "heeded"
    )
    assert text == (tmp_path / "report.md").read_text("utf-8")
    supports, limits = text.partition("## What it does not support")[::2]
    for statement, holds in own_study.STUDY_SUPPORTS.items():
        assert (statement in supports) is holds and (statement in limits) is not holds
    assert "own rule: heeded" in supports and text.index("support") < text.index(heading)
    top = own_study.top_of_report(text)
    assert top.startswith("### Title") and "Plan." not in top and "belief.png" not in top
    with pytest.raises(UserError, match="no report"):
        own_study.add_conclusions(tmp_path, "# Title", {}, "heeded")
