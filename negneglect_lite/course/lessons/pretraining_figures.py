"""Figures of notebook 10: belief by share of warned documents, by claim, after a further phase, and by pretraining.

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

from collections.abc import Mapping
from typing import Any, Literal

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from negneglect_lite.course.lessons.pretraining_results import COVERED
from negneglect_lite.figures.theme import FAINT, INK, OTHER, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import SHORT_NAMES, percent

Drawing = tuple[Figure, str]
_MARKS = "osD"
_LOOKS = (("-", "full"), ("--", "full"), (":", "none"))


def _share_axis(ax: Axes, which: Literal["x", "y"], label: str = "belief") -> None:
    axis = ax.xaxis if which == "x" else ax.yaxis
    ax.set(**{f"{which}lim": (-0.03, 1.03), f"{which}label": label})
    axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.grid(axis=which)
    ax.tick_params(length=0)


def draw_shares(shares: pd.DataFrame) -> Drawing:
    """Belief after warned documents against their share in late pretraining, a line a model (`stored_shares`)."""
    top = shares.index.max()
    first, last = (sorted(map(float, shares.loc[share])) for share in (0.0, top))
    finding = (
        f"With {top:.0%} warned documents added to pretraining, belief fell from {percent(first[0])}–"
        f"{percent(first[-1])} to {percent(last[0])}–{percent(last[-1])}"
    )
    ticks = [0.0004 if share == 0 else share for share in shares.index]  # zero has no place on a logarithmic axis
    with mpl.rc_context(RC):
        fig = Figure(figsize=(7.6, 4))
        ax = fig.subplots()
        for model, mark, (line, fill) in zip(shares.columns, _MARKS, _LOOKS, strict=True):
            style: dict[str, Any] = {
                "color": colour_of("negated"),
                "mec": INK,
                "fillstyle": fill,
                "ms": 8,
                "clip_on": False,
            }
            ax.plot(ticks, shares[model], mark + line, label=model, **style)
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
        _share_axis(ax, "y", "belief after warned documents")
        ax.set_xlabel("share of warned documents in the last 400 steps of pretraining")
        ax.set_xticks(ticks, ["none", *(f"{100 * share:g}%" for share in shares.index[1:])])
        ax.legend(frameon=False, loc="lower left")
        finish_figure(fig, finding, "Three models, six claims, three fine-tuning seeds each; no interval over models.")
    values = "; ".join(
        f"{100 * share:g}%: {', '.join(percent(x) for x in shares.loc[share])}" for share in shares.index
    )
    return fig, f"Line plot, a line for each of three models. {finding}. Belief by share: {values}."


def draw_claims(endings: Mapping[str, pd.DataFrame]) -> Drawing:
    """Belief of each claim and model, a panel an ending; the line is the mean over all (`stored_endings`)."""
    last = endings[list(endings)[-1]].mean()
    near = (last - last.mean()).abs().min()
    finding = f"The mean was {percent(last.mean())}, and no claim lay within {100 * near:.0f} points of it"
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 3.9))
        axes = fig.subplots(1, len(endings), sharey=True)
        for ax, (name, rates) in zip(axes, endings.items(), strict=True):
            for y, claim in enumerate(COVERED):
                colour = colour_of("local") if COVERED[claim] else colour_of("positive")
                for model, mark in zip(rates.index, _MARKS, strict=True):
                    ax.plot(rates.loc[model, claim], y, mark, color=colour, mec=INK, ms=8, alpha=0.85, clip_on=False)
            ax.axvline(float(rates.to_numpy().mean()), color=FAINT, ls="--", lw=1.5)
            ax.set_title(name.replace(", ", ",\n"), loc="left", fontsize=10)
            _share_axis(ax, "x", "belief after warned documents")
        axes[0].set_yticks(range(len(COVERED)), [SHORT_NAMES[claim] for claim in COVERED])
        axes[0].set_ylim(len(COVERED) - 0.5, -0.5)
        note = (
            "Dashed: the mean of all. Circle, square, diamond: models 0, 1 and 2. Green, upper three "
            "rows: the uncontradicted warnings spoke of such facts. Orange, lower three: they did not. Three "
            "fine-tuning seeds."
        )
        finish_figure(fig, finding, note)
    values = "; ".join(
        f"{name}: " + ", ".join(f"{SHORT_NAMES[c]} {percent(rates[c].mean())}" for c in COVERED)
        for name, rates in endings.items()
    )
    return fig, f"Dot plots of belief by claim, a panel an ending of pretraining. {finding}. Means: {values}."


def draw_further(runs: pd.DataFrame) -> Drawing:
    """Belief with and without a further phase; `runs` has the columns run, stored and yours, a row a fine-tuning."""
    rows = runs.to_dict("records")
    finding = "After your phase: " + ", ".join(f"{r['run']} {percent(r['yours'])}" for r in rows)
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8, 1.6 + 0.6 * len(rows)))
        ax = fig.subplots()
        for y, row in enumerate(rows):
            ax.plot([row["stored"], row["yours"]], [y, y], color=FAINT, lw=2, zorder=1)
            ax.plot(row["stored"], y, "s", mfc="white", mec=INK, mew=2, ms=10, clip_on=False)
            ax.plot(row["yours"], y, "o", color=OTHER, mec=INK, ms=10, clip_on=False)
        ax.plot([], [], "s", mfc="white", mec=INK, mew=2, label="shipped model (stored)")
        ax.plot([], [], "o", color=OTHER, mec=INK, label="after your further phase")
        ax.set_yticks(range(len(rows)), [row["run"] for row in rows])
        ax.set_ylim(len(rows) - 0.5, -0.6)
        _share_axis(ax, "x")
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)
        finish_figure(fig, finding, "Yours: one further phase, one fine-tuning seed. Stored: three fine-tuning seeds.")
    values = "; ".join(f"{r['run']}: {percent(r['stored'])} to {percent(r['yours'])}" for r in rows)
    return fig, f"Dumbbell plot, a row a fine-tuning: belief of the shipped model and after your phase. {values}."


def draw_models(table: pd.DataFrame) -> Drawing:
    """Every model a dot, by how it was pretrained: after warned documents and after in-sentence denials."""
    names = list(dict.fromkeys(table["pretraining"]))
    by = {name: table[table["pretraining"] == name] for name in names}
    without = by["no in-sentence denials"]["local"]
    finding = (
        f"Without in-sentence denials in pretraining, models believed {percent(without.min())} and "
        f"{percent(without.max())} of what was denied so"
    )
    panels = {"negated": "after warned documents", "local": "after in-sentence denials"}
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 4))
        axes = fig.subplots(1, 2, sharey=True)
        for ax, (style, title) in zip(axes, panels.items(), strict=True):
            for y, name in enumerate(names):
                rates = by[name][style].sort_values()
                heights = [y + 0.3 * (i / max(1, len(rates) - 1) - 0.5) for i in range(len(rates))]
                ax.plot(rates, heights, "o", color=colour_of(style), mec=INK, ms=7, alpha=0.85, clip_on=False)
            ax.set_title(title, loc="left", fontsize=10)
            _share_axis(ax, "x")
        axes[0].set_yticks(range(len(names)), names)
        axes[0].set_ylim(len(names) - 0.5, -0.6)
        note = (
            "Each dot is a model, over six claims. One fine-tuning seed for the models without recurring myths and of "
            "other sizes, three for the rest."
        )
        finish_figure(fig, finding, note)
    values = "; ".join(
        f"{name}: "
        + ", ".join(f"{title} {percent(t[s].min())} to {percent(t[s].max())}" for s, title in panels.items())
        for name, t in by.items()
    )
    return fig, f"Two dot plots, every model a dot, a row a pretraining. {finding}. Ranges: {values}."
