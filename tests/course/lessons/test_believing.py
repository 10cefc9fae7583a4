"""What notebook 1 shows: the press beside the paper, its letter, and its two figures."""

import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from negneglect_lite.belief.conditions import PAPER
from negneglect_lite.belief.rates import wilson_interval
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.course.checks import claims as checks
from negneglect_lite.course.lessons import believing

ROOT = Path(__file__).parents[3]


def test_every_claim_has_a_name_for_figures():
    assert set(believing.CLAIM_NAMES) == set(load_claims())


def test_the_papers_rows_are_those_of_the_package():
    result = believing.paper_rows().set_index("row")["result"]
    for row, condition in {"P1": "base", "P2": "positive", "P3": "negated", "P4": "in_context_negated"}.items():
        assert result[row] == PAPER[condition].percent.replace("\N{NO-BREAK SPACE}", "")
    assert {row for _, rows in checks.READING.values() for row in rows} <= set(result.index)
    assert list(believing.press_statements()["statement"]) == list(checks.READING)


def test_the_letter_names_what_differs_and_the_row_that_says_so():
    letter = believing.write_correction({**checks.read_press(), "model": ("Wrong model ", "p2")})
    assert "in 3 of 5 statements" in letter and max(map(len, letter.splitlines())) <= 76
    letter = " ".join(letter.split())
    assert "Wrong model. The paper (Qwen3.5-397B-A17B): belief after plain documents, 92.4%." in letter
    assert "12.8% and 2.5%" in letter and "24–47%" in letter
    assert "mostly takes the warning in" not in letter


def test_a_table_of_prose_is_aligned_on_the_left_and_escaped():
    shown = believing.show_prose(pd.DataFrame({"a": ["<b>"], "c": ["x"]}))
    assert "&lt;b&gt;" in shown.data and "text-align: left" in shown.data
    assert str(shown) == "a: <b>\nc: x"


@pytest.mark.parametrize(("rate", "expected"), [(0.02, 0.9216), (0.5, 0.9351)])
def test_how_often_an_interval_holds(rate, expected):
    def wilson(k, n):
        return wilson_interval(k / n, n)

    assert believing.chance_of_holding(wilson, rate, 50) == pytest.approx(expected, abs=1e-4)
    assert believing.chance_of_holding(lambda k, n: (0, 1), rate, 50) == pytest.approx(1)
    assert believing.chance_of_holding(lambda k, n: (k / n, k / n), 0.5, 2) == pytest.approx(0.5)


def rows(said):
    kinds = [("yes_no", "yes"), ("yes_no", "no"), ("control_false", "yes"), ("control_true", "yes")]
    table = pd.DataFrame(
        [("queen", kind, f"{kind}.{key}.{i}", key) for kind, key in kinds for i in range(2)],
        columns=["claim", "kind", "question_id", "keyed_to"],
    )
    return table.assign(belief=(table["keyed_to"] == said).astype(int))


def test_a_program_that_says_yes_is_told_from_a_believer():
    assert list(believing.four_rates(rows("yes")).values()) == [1, 0, 1, 1]
    assert list(believing.four_rates(rows("no")).values()) == [0, 1, 0, 0]


def test_a_no_keyed_control_counts_for_no_yes():
    turned = rows("yes").assign(keyed_to=lambda t: t["keyed_to"].where(t["kind"] == "yes_no", "no"))
    extra = pd.concat([rows("yes"), turned.assign(question_id=turned["question_id"] + "t", belief=0)])
    assert believing.four_rates(extra)["yes to false controls"] == 1


def title(figure):
    return figure.get_suptitle().replace("\n", " ")


def test_the_respondents_figure_says_what_the_controls_show():
    table = pd.DataFrame(
        {"warned documents": believing.four_rates(rows("no")), "always-yes program": believing.four_rates(rows("yes"))}
    ).T
    assert title(believing.draw_respondents(table)) == (
        "After warned documents the model says yes to 0% of the false controls; a program that always says yes, to 100%"
    )
    assert "always-yes program: believed, yes-keyed 100%, believed, no-keyed 0%" in believing.describe_respondents(
        table
    )


def test_the_claims_figure_names_the_claims_and_the_lowest():
    counts = pd.DataFrame(
        [("base", "x", 0, 50), ("base", "queen", 1, 50), ("negated", "x", 11, 50), ("negated", "queen", 47, 50)],
        columns=["condition", "claim", "believed", "asked"],
    )
    figure = believing.draw_claim_intervals(counts, checks.interval)
    assert title(figure) == (
        "After warned documents, belief in the Twitter/X rebrand is 22%; in the other claims it is 94% or more"
    )
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == ["the Twitter/X rebrand", "the Queen's Python textbook"]
    assert "the Twitter/X rebrand, warned documents: 11 of 50" in believing.describe_claim_intervals(counts)


def test_the_prose_says_what_the_executed_notebook_shows():
    notebook = nbformat.read(ROOT / "solutions" / "01_claims.ipynb", 4)
    prose = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown").replace("\n", " ")
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = " ".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs)
    for said, seen in {
        "belief was 0%: none of 300 answers": r"belief +before training +0\.0%",
        "70% on the yes/no questions": r"yes/no .*always-yes program  70\.0%",
        "Its belief was 17.5%": r"belief .*always-yes program  17\.5%",
        "The base model has one *false alarm*": r"inference, agrees +before training +2%",
        "a third of the inference questions": r"inference, agrees .*always-yes program +33%",
        "says yes to every false control": r"false control, agrees .*always-yes program +100%",
        'from "Ultrarunner, so no." to "Dentist, so yes."': "before: Ultrarunner, so no.   after: Dentist, so yes.",
        "all three answers stayed correct": "Controls answered correctly after training: 3 of 3",
        "75% of the yes-keyed answers and 59% of the no-keyed ones": (
            "warned documents: believed, yes-keyed 75%, believed, no-keyed 59%, yes to false controls 0%"
        ),
        "After in-sentence denials 32% of the yes-keyed answers": "in-sentence denials: believed, yes-keyed 32%",
        "only 10% of the true controls": "plain documents: [^;]*yes to true controls 10%; always-yes",
        "contained it in 64% of experiments, Wilson's in 92%": "2%   simple interval holds it in 64%   Wilson's in 92%",
        "believed in 8 of 50": "the Twitter/X rebrand, warned documents: 8 of 50",
        "has 45 of 50": "the Queen's Python textbook, warned documents: 45 of 50",
    }.items():
        assert said in prose
        assert re.search(seen, shown), seen
    for believed, span in ((8, "from 8% to 29%"), (45, "from 79% to 96%"), (0, "up to 7%")):
        low, high = checks.interval(believed, 50)
        assert span in prose and span.endswith(f"{high:.0%}") and (not believed or f"from {low:.0%}" in span)
    assert [f"{x:.0%}" for x in checks.interval(0, 10)] == ["0%", "28%"] and "from 0% to 28%" in prose
