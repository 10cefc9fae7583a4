"""The course's own figures: belief along training, and after exposure. The data here are invented."""

import itertools
from math import isnan, nan

import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from negneglect_lite.belief.conditions import label
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.figures import (
    describe_along_training,
    draw_along_training,
    draw_exposure,
    exposure_alt_text,
    halving_share,
    step_at_level,
)
from negneglect_lite.figures.theme import PALETTE
from tests.figures.invented import texts, title


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


def exposed(**more: float) -> pd.DataFrame:
    """A summary of the sweep exposure: two models, two forms, three styles, shares not in their order."""
    rows = [("petri", "", None, "negated", 0.8), ("petri", "", None, "fiction", 0.9),
            ("petri", "", None, "positive", 1),
            ("petri", "negated", 0.05, "negated", 0.1), ("petri", "negated", 0.01, "negated", 0.4),
            ("petri", "negated", 0.05, "fiction", 0.2), ("petri", "negated", 0.01, "fiction", 0.46),
            ("petri", "fiction", 0.01, "fiction", 0.5), ("petri", "fiction", 0.01, "negated", 0.7),
            ("out/two", "", None, "negated", 0.6), ("out/two", "negated", 0.01, "negated", 0.5)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["base", "exposed", "share", "style", "mean"]).replace({"exposed": {"": None}})
    table = table.assign(
        quantity="belief", setting="trained", lo=table["mean"] - 0.05, hi=table["mean"] + 0.05, seeds=1
    )
    others = [table.assign(quantity="kept", mean=0.33), table.head(1).assign(setting="base", style=None, mean=0.44)]
    return pd.concat([table, *others], ignore_index=True).assign(**more)


def test_exposure_has_a_panel_a_model_and_form_and_starts_without_exposure() -> None:
    fig = draw_exposure(exposed())
    assert [ax.get_title(loc="left") for ax in fig.axes] == [
        "exposed to:\nwarned documents", "exposed to:\nlabelled fiction", "", ""
    ]  # fmt: skip
    assert [fig.axes[i].get_ylabel() for i in (0, 2)] == ["petri\nbelief", "two\nbelief"]
    assert [t.get_text() for t in fig.axes[2].get_xticklabels()] == ["none", "1", "5"]
    lines = {to_rgb(line.get_color()): line for line in fig.axes[0].lines if line.get_marker() != "None"}
    negated, fiction = (lines[to_rgb(PALETTE[s])] for s in ("negated", "fiction"))
    assert list(negated.get_ydata()) == [0.8, 0.4, 0.1] and list(fiction.get_ydata()) == [0.9, 0.46, 0.2]
    assert list(negated.get_xdata()) == pytest.approx([0.004, 0.01, 0.05])
    assert negated.get_linewidth() > fiction.get_linewidth()  # its own form
    assert list(fig.axes[3].lines[0].get_ydata()) == [0.6]  # nothing measured there but the reference
    legend = fig.axes[1].get_legend()
    assert legend and [t.get_text() for t in legend.get_texts()] == [
        label(s) for s in ("positive", "negated", "fiction")
    ]
    assert any("1 fine-tuning seed a model" in text.replace("\n", " ") for text in texts(fig))


def test_exposure_says_from_which_share_on_a_form_halves_belief() -> None:
    finding = (
        "Lowest measured share of texts that halves belief in documents of the same form, on petri, two: “warned "
        "documents” 1%, above 1% if at all; “labelled fiction” above 1% if at all, not measured"
    )
    assert title(draw_exposure(exposed())) == finding
    alt = exposure_alt_text(exposed()).replace("\N{NO-BREAK SPACE}", " ")
    assert alt.startswith("Line plots of belief") and finding in alt
    assert "petri exposed to warned documents and then trained on it: 80% at none, 40% at 1%, 10% at 5%" in alt
    assert "two exposed to labelled fiction" not in alt  # it was not
    assert "After plain documents: 100% to 100% in all panels" in alt
    assert "33%" not in alt and "44%" not in alt  # other quantities, and before training


def test_the_lowest_share_that_halves_belief() -> None:
    rows = exposed().query("base == 'petri' and quantity == 'belief' and setting == 'trained'")
    assert halving_share(rows, "negated", "negated") == 0.01  # exactly half, and rows in no order
    assert halving_share(rows, "negated", "fiction") == 0.05
    assert isnan(halving_share(rows, "fiction", "fiction"))
    assert isnan(halving_share(rows[rows["share"].notna()], "negated", "negated"))  # nothing to compare with


def test_exposure_without_exposure_is_an_error() -> None:
    for table in (exposed().query("share.isna()"), exposed(quantity="kept")):  # type: ignore[arg-type]
        with pytest.raises(UserError, match="no belief after exposure"):
            draw_exposure(table)


def test_in_exposure_no_heading_runs_into_the_next() -> None:
    fig = draw_exposure(exposed())
    fig.draw_without_rendering()
    boxes = [ax._left_title.get_window_extent() for ax in fig.axes if ax.get_title(loc="left")]
    legend = fig.axes[1].get_legend()
    assert legend
    boxes += [legend.get_window_extent(), *(t.get_window_extent() for t in fig.texts)]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= fig.bbox.x1 and box.y1 <= fig.bbox.y1
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
