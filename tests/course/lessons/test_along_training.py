"""The course's own figures: belief along training, and after exposure. The data here are invented."""

from math import nan

import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from negneglect_lite.belief.conditions import label
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.lessons.along_training import (
    describe_along_training,
    draw_along_training,
    step_at_level,
)
from negneglect_lite.figures.theme import PALETTE
from tests.figures.invented import title


def along(beliefs: dict[str, list[float]]) -> pd.DataFrame:
    """A sweep's summary of belief at steps 2, 4 and 8, with a seed 5 points below and one 5 points above the mean."""
    rows = [
        (style, step, mean) for style, means in beliefs.items() for step, mean in zip((2, 4, 8), means, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["style", "step", "mean"])
    return table.assign(lowest_seed=table["mean"] - 0.05, highest_seed=table["mean"] + 0.05)


def test_belief_along_training_has_a_line_and_a_band_a_style_in_order() -> None:
    fig = draw_along_training(
        along({"local": [0.1, 0.1, 0.2], "positive": [0.2, 0.6, 0.9], "negated": [0.1, 0.4, 0.8]})
    )
    ax = fig.axes[0]
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [line.get_label() for line in lines] == [label(s) for s in ("positive", "negated", "local")]
    assert [to_rgb(line.get_color()) for line in lines][1] == to_rgb(PALETTE["negated"])
    assert list(lines[0].get_ydata()) == [0.2, 0.6, 0.9]
    band = ax.collections[1].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((0.05, 0.85))
    assert title(fig) == (
        "Belief passes one half first under “plain documents” (step 3.5), last under “warned documents” "
        "(step 5.0), never under “in-sentence denials”"
    )


def test_where_belief_passes_a_level() -> None:
    assert step_at_level([2, 4, 8], [0.1, 0.4, 0.8]) == pytest.approx(5)
    assert step_at_level([2, 4, 8], [0.6, 0.4, 0.8]) == 2  # there from the start
    assert step_at_level([1, 2, 4, 8], [0, 0.6, 0.4, 0.9]) == pytest.approx(1 + 0.5 / 0.6)  # the first time counts
    assert step_at_level([2, 4], [0.1, 0.4]) != step_at_level([2, 4], [0.1, 0.4])  # never: not a number
    one = describe_along_training(along({"positive": [0.2, 0.6, 0.9]}))
    assert one == "Belief passes one half under “plain documents” (step 3.5)"
    none = describe_along_training(along({"local": [0.1, 0.1, 0.2]}))
    assert none == "Belief never passes one half under “in-sentence denials”"


def test_what_was_not_measured_along_a_training_is_no_line_and_no_empty_figure() -> None:
    table = along({"local": [0.1, 0.1, 0.2], "positive": [0.2, 0.6, 0.9]})
    before = table.head(1).assign(style="base", step=nan)  # as a sweep's summary has it
    holed = pd.concat([table, before, table.head(1).assign(style="negated", mean=nan)], ignore_index=True)
    assert title(draw_along_training(holed)) == title(draw_along_training(table))
    assert "nan" not in describe_along_training(holed)
    for empty in (table.iloc[:0], before):
        for make in (draw_along_training, describe_along_training):
            with pytest.raises(UserError, match="run the cells that train"):
                make(empty)
