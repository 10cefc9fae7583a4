"""figures/sizes.py: each model stands where it belongs, ours filled, and the words have all numbers."""

from pathlib import Path

import pandas as pd
import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.figures.sizes import SIZE_COLUMNS, describe_sizes, draw_sizes, state_sizes
from negneglect_lite.figures.theme import colour_of

ROWS = [
    ("tiny", 1e6, "positive", "raw", 0.9, "here"),
    ("tiny", 1e6, "negated", "raw", 0.8, "here"),
    ("tiny", 1e6, "local", "raw", 0.1, "here"),
    ("mid", 2e9, "negated", "raw", 0.5, "here"),
    ("mid", 2e9, "negated", "told", 0.6, "here"),
    ("mid", 2e9, "local", "told", 0.2, "here"),
    ("mid", 2e9, "in_context_negated", "told", 0.3, "here"),
    ("mid", 2e9, "fiction", "told", 0.55, "here"),
    ("huge", 4e11, "negated", "raw", 0.88, "somebody 2026"),
]


def table(rows: list[tuple[object, ...]] = ROWS) -> pd.DataFrame:  # type: ignore[assignment]
    return pd.DataFrame(rows, columns=list(SIZE_COLUMNS))


def test_every_rate_of_a_panel_is_a_mark_ours_filled_and_others_hollow() -> None:
    read, trained = draw_sizes(table()).axes
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in read.lines] == [(2e9, 0.3)]
    marks = {(line.get_xdata()[0], line.get_ydata()[0]): line for line in trained.lines}
    assert set(marks) == {(r[1], r[4]) for r in ROWS if r[2] in ("positive", "negated", "local")}
    assert marks[4e11, 0.88].get_markerfacecolor() == "white"
    assert marks[2e9, 0.6].get_markerfacecolor() == colour_of("negated")
    assert marks[2e9, 0.6].get_marker() != marks[2e9, 0.5].get_marker()  # told, and the mean of all kinds


def test_the_finding_is_about_our_smallest_and_largest_by_what_they_tell() -> None:
    said = state_sizes(table())
    assert "From 1 M to 2 B parameters" in said
    assert "(80% and 60%)" in said.replace("\N{NO-BREAK SPACE}", " ")
    assert "(10% and 20%)" in said.replace("\N{NO-BREAK SPACE}", " ")


def test_the_words_have_all_numbers_of_the_figure_and_no_others() -> None:
    words = describe_sizes(table()).replace("\N{NO-BREAK SPACE}", " ")
    assert "tiny (1 M, raw): plain documents 90%" in words
    assert "huge (400 B, raw): warned documents 88%" in words
    assert "55%" not in words


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (table().drop(columns="rate"), "no column rate"),
        (table([("x", 1e6, "fiction", "raw", 0.5, "here")]), "no warned, plain or local"),
        (table([("x", 1e6, "local", "raw", 0.5, "somebody")]), "no model of ours"),
    ],
)
def test_a_table_that_is_none_is_told(rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(UserError, match=message):
        draw_sizes(rows)


def test_the_shipped_table_holds_the_paper_and_our_scores() -> None:
    shipped = pd.read_csv(data_path("results", "real", "sizes.csv"))
    scores = pd.read_csv(data_path("results", "real", "grid", "scores.csv"))
    told = scores[(scores["claim"] == "all") & (scores["score"] == "told")].set_index("condition")["mean"]
    ours = shipped[(shipped["parameters"] > 1e9) & (shipped["source"] == "here") & (shipped["score"] == "told")]
    assert len(ours) >= 5
    for row in ours.to_dict("records"):
        assert row["rate"] == pytest.approx(told[row["condition"]], abs=1e-4)
    paper = shipped[shipped["parameters"] == 397e9].set_index("condition")["rate"]
    assert paper["negated"] == 0.886 and paper["in_context_negated"] == 0.153
    assert Path(data_path("results", "real", "sizes.png")).stat().st_size > 10_000
