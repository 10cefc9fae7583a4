"""Belief along training, as a figure.

    draw_along_training(table)     # a sweep's summary of one quantity, with a row a style and step

Title and alt text are made from the same numbers.
"""

import itertools
from collections.abc import Sequence
from math import isnan, nan

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter

from negneglect_lite.belief.conditions import label, order_conditions
from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.theme import INK, RC, colour_of, finish_figure


def draw_along_training(table: pd.DataFrame) -> Figure:
    """Belief over the steps of training, a line a style, with the range from the lowest to the highest seed as a band.

    `table` has a row a style and step, with mean, lowest_seed and highest_seed: a sweep's summary of one quantity. Rows
    without a step, as before training, are left out. UserError if none is left.
    """
    table = _along(table)
    styles = order_conditions(table["style"])
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 4.4))
        ax = fig.subplots()
        for style, marker in zip(styles, itertools.cycle("osD^vPX"), strict=False):
            rows = table[table["style"] == style].sort_values("step")
            shade = colour_of(style)
            ax.fill_between(rows["step"], rows["lowest_seed"], rows["highest_seed"], color=shade, alpha=0.25, lw=0)
            ax.plot(
                rows["step"],
                rows["mean"],
                marker=marker,
                color=shade,
                ms=5,
                label=label(style),
                clip_on=False,
                zorder=3,
            )
        ax.axhline(0.5, color=INK, lw=1, ls=":")
        ax.set(xscale="log", ylim=(0, 1), xlabel="training step (logarithmic)", ylabel="belief")
        ax.xaxis.set_major_locator(FixedLocator(sorted(table["step"].unique())))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
        ax.grid(axis="y")
        ax.tick_params(length=0)
        ax.legend(loc="upper left", frameon=False, fontsize=9)
        note = "Dots: mean over claims, kinds of question and seeds; bands: from the lowest seed to the highest."
        finish_figure(fig, describe_along_training(table), note)
    return fig


def describe_along_training(table: pd.DataFrame) -> str:
    """The finding of `along_training` in a sentence: where belief first passes one half, and where last or never."""
    table = _along(table)
    runs = {style: table[table["style"] == style].sort_values("step") for style in order_conditions(table["style"])}
    at = {label(style): step_at_level(list(rows["step"]), list(rows["mean"])) for style, rows in runs.items()}
    there = sorted((step, name) for name, step in at.items() if not isnan(step))
    never = " and ".join(f"“{name}”" for name, step in at.items() if isnan(step))
    if not there:
        return f"Belief never passes one half under {never}"
    ends = [f"under “{name}” (step {step:.1f})" for step, name in (there[0], there[-1])]
    passed = f"first {ends[0]}, last {ends[1]}" if len(there) > 1 else ends[0]
    return f"Belief passes one half {passed}" + (f", never under {never}" if never else "")


def _along(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that have a step and a mean."""
    rows = table.dropna(subset=["step", "mean"])
    if rows.empty:
        raise UserError("nothing was measured along a training yet; run the cells that train and look first")
    return rows


def step_at_level(steps: Sequence[float], beliefs: Sequence[float], level: float = 0.5) -> float:
    """The step at which belief first reaches `level`, on straight lines between what was measured; nan for never."""
    before: tuple[float, float] | None = None
    for step, belief_ in zip(steps, beliefs, strict=True):
        if belief_ >= level:
            return (
                step if before is None else before[0] + (step - before[0]) * (level - before[1]) / (belief_ - before[1])
            )
        before = step, belief_
    return nan
