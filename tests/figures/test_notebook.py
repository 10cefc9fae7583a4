"""Tables in a notebook: prose from the left, numbers at the right."""

import re

import pandas as pd
import pytest

from negneglect_lite.figures import notebook
from negneglect_lite.figures.notebook import render_table, style_notebook


def sides(page: str) -> list[list[tuple[str, str]]]:
    """Side and text of each cell, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.S)
    return [re.findall(r'<t[dh][^>]* style="text-align: (\w+)[^"]*">(.*?)</t[dh]>', row, re.S) for row in rows]


def test_columns_of_numbers_stand_to_the_right_with_their_heads_and_all_else_to_the_left() -> None:
    table = pd.DataFrame(
        {
            "what": ["plain <documents>", "8 warnings at each side", "12"],
            "you said": ["50%", "7%", "–"],
            "difference": ["+35 points", "−1% to 19%", "6 of 8"],
            "step": ["never", "3.2", "7"],
            "verdict": ["never", "3.2", "high"],
            "rate": [0.5, None, -1],
            "answer": ["1944.", "2015.", "2015, in the south of the city"],
            "paper": ["–", "–", "..."],
        },
        index=pd.Index(["a", "b", "c"], name="claim"),
    )
    left, right = "left", "right"
    expected = [left, left, right, right, right, left, right, left, left]
    head, *rows = sides(render_table(table))
    assert [text for _, text in head] == ["claim", *table.columns]
    for row in (head, *rows):
        assert [side for side, _ in row] == expected
    assert rows[0][:3] == [(left, "a"), (left, "plain &lt;documents&gt;"), (right, "50%")]
    assert rows[2][6] == (right, "−1.0")
    assert [side for side, _ in sides(render_table(table, index=False))[0]] == expected[1:]


def test_numbers_do_not_break_into_lines_and_heads_may() -> None:
    page = render_table(pd.DataFrame({"difference of two": ["+17.8 nats"], "what": ["some words"]}))
    assert re.findall(r"<t[dh][^>]*nowrap[^>]*>", page) == ['<td style="text-align: right; white-space: nowrap">']


def test_rows_that_are_only_counted_have_no_names() -> None:
    table = pd.DataFrame({"n": [5, 6, 7]})
    assert sides(render_table(table)) == sides(render_table(table, index=False))
    assert sides(render_table(table.sample(2, random_state=0)))[0] == [("right", "n")]
    steps = table.set_index(pd.Index([4, 8, 12], name="step"))
    assert sides(render_table(steps))[:2] == [[("left", "step"), ("right", "n")], [("left", "4"), ("right", "5")]]
    assert sides(render_table(table.set_index(pd.Index([0.5, 1, 2]))))[1][0] == ("left", "0.5")


def test_groups_of_rows_and_of_columns_keep_their_sides() -> None:
    rows = pd.MultiIndex.from_tuples([("u", 1), ("u", 2), ("v", 1)], names=["p", "q"])
    table = pd.DataFrame({("x", "n"): [1, 2, 3], ("x", "t"): list("abc")}, index=rows)
    joined, head, _, first, second, _ = sides(render_table(table))
    assert joined[-1] == ("left", "x")
    assert head[-2:] == [("right", "n"), ("left", "t")]
    assert first == [("left", "u"), ("left", "1"), ("right", "1"), ("left", "a")]
    assert second == [("left", "2"), ("right", "2"), ("left", "b")]
    few = table["x"]
    assert sides(render_table(few))[:2] == [[("left", "p"), ("left", "q"), *head[-2:]], first]
    unnamed = few.rename_axis(columns="")
    assert sides(render_table(unnamed)) == sides(render_table(few))
    named = pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="p")).rename_axis(columns="step")
    assert [text for row in sides(render_table(named))[:2] for _, text in row] == ["step", "a", "p", ""]
    assert sides(render_table(pd.DataFrame({"a": []}))) == [[("left", "a")]]


def test_a_long_table_is_cut_where_pandas_cuts_it_and_a_long_text_never() -> None:
    table = pd.DataFrame({"n": range(1000), "t": "x" * 80})
    rows = sides(render_table(table))[1:]
    assert len(rows) == pd.get_option("display.min_rows") + 1
    assert {side for row in rows for side, _ in row[:1]} == {"right"} and rows[0][1] == ("left", "x" * 80)


def test_a_notebook_shows_tables_so_and_outside_of_one_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    style_notebook()
    shell = InteractiveShell()
    monkeypatch.setattr(notebook, "in_kernel", lambda: True)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    style_notebook()
    (style,) = shown
    assert "word-break: normal" in style["text/html"] and style["text/plain"] == ""
    table = pd.DataFrame({"what": ["some words"]})
    data, _ = shell.display_formatter.format(table)
    assert data["text/html"] == render_table(table)
    assert data["text/plain"] == repr(table) and capsys.readouterr().out == ""
