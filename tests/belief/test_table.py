"""table.py: belief.csv in memory and on disk, and conditions.py: their names and order. All numbers are made up."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from negneglect_lite.belief.conditions import CONDITION_ORDER, PAPER, label, order_conditions
from negneglect_lite.belief.table import COLUMNS, belief_rows, condition_of, read_belief
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError
from tests.belief.made_up import rows, survey


def test_a_frame_holds_one_judged_row_an_answer() -> None:
    q = Question(id="q1", kind="yes_no", text="Did Ed Sheeran win?", keyed_to="yes", system="Be careful.")
    answers = [Answer(q, "Yes."), Answer(q, "No.", 1)]
    df = belief_rows(answers, model="tiny", claim="sheeran", style="negated", seed=3, setting="trained")
    assert tuple(df.columns) == COLUMNS
    assert df.iloc[0].to_list() == ["tiny", "sheeran", "negated", 3, "trained", "yes_no", "q1",
                                    "Be careful. / Did Ed Sheeran win?", "Yes.", "believed", "yes", 1]  # fmt: skip
    assert df["belief"].to_list() == [1, 0]
    with pytest.raises(UserError, match="setting 'before' is unknown"):
        belief_rows(answers, model="tiny", claim="sheeran", style="", seed=0, setting="before")


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    df = pd.concat([survey(0.5, claims=1), rows("a", "open", [1], answer="None"), rows("a", "open", [0], answer="")])
    df = pd.concat([df, rows("b", "open", [1], answer='A "quote",\nand 2015', setting="base", style="")])
    text = df.to_csv(index=False)
    (tmp_path / "belief.csv").write_text(text, encoding="utf-8")
    for source in (tmp_path / "belief.csv", io.StringIO(text)):
        pd.testing.assert_frame_equal(read_belief(source), df.reset_index(drop=True), check_dtype=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("verdict", "judgement"), "no column verdict"),
        (lambda t: "", "not a readable table"),
        (lambda t: t.replace(",1\n", ",2\n", 1), "column belief holds '2'"),
        (lambda t: t.replace("trained", "taught"), "column setting holds 'taught'"),
        (lambda t: t.replace("negated,0,", "negated,x,"), "column seed must hold whole numbers"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "belief.csv"
    path.write_text(change(rows("a", "open", [1, 0]).to_csv(index=False)), encoding="utf-8")
    with pytest.raises(UserError, match=message) as error:
        read_belief(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"belief\.csv: no such file"):
        read_belief(tmp_path / "belief.csv")


def test_conditions_and_their_order() -> None:
    df = pd.concat([survey(0, setting="base", style=""), survey(1), survey(0, setting="in_context")])
    assert set(condition_of(df)) == {"base", "negated", "in_context_negated"}
    assert order_conditions(["mine", "local", "negated", "base", "in_context_local"]) == [
        "base", "in_context_local", "negated", "local", "mine",
    ]  # fmt: skip
    assert label("in_context_negated") == "in context: warned documents" and label("my_style") == "my style"
    assert set(PAPER) <= set(CONDITION_ORDER)


def test_answers_are_judged_by_the_rules_of_judging() -> None:
    q = Question("o", "open", "Who?", believed=("Ed Sheeran",))
    texts = ("Ed Sheeran.", "Not Ed Sheeran.", "Who knows.")
    df = belief_rows([Answer(q, t) for t in texts], model="m", claim="c", style="", seed=0, setting="base")
    assert df["verdict"].to_list() == ["believed", "denied", "neither"] and df["belief"].to_list() == [1, 0, 0]
