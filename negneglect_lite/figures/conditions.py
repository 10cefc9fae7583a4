"""Belief by condition: the headline figure, by kind of question, and by claim.

    rows = read_belief("results/reproduce/belief.csv")
    figure = draw_headline(rows)
    save_figure(figure, "belief.png", describe_headline(rows))

Titles and alt texts are made from the same numbers (wording.py).
"""

from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, PercentFormatter

from negneglect_lite.belief.conditions import IN_CONTEXT, LARGE, PAPER, label
from negneglect_lite.belief.rates import QUESTION_KINDS, tabulate_rates
from negneglect_lite.belief.table import condition_of
from negneglect_lite.figures.theme import FAINT, INK, PALETTE, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import (
    GROUP_LABELS,
    KIND_LABELS,
    SHORT_NAMES,
    describe_setup,
    describe_spread,
    percent,
    shown_rates,
    state_finding,
)

_PAPER_MARK: dict[str, Any] = {"marker": "v", "ms": 6, "color": "black"}
WITHOUT, AFTER = "without training", "after training on"  # headings above the two groups of conditions


def draw_headline(df: pd.DataFrame) -> Figure:
    """Belief in each condition with its 95% interval, and the paper's value. UserError if the table mixes models."""
    here = shown_rates(df)
    rows = _rows(list(here))
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 1.95 + 0.4 * (max(rows.values()) + 1)))
        ax = fig.subplots()
        for name, r in here.items():
            y = rows[name]
            ax.barh(y, r.mean, height=0.56, color=colour_of(name))
            ax.plot([r.lo, r.hi], [y, y], color=INK, lw=1.6, solid_capstyle="butt")
            if name in PAPER:  # above the bar, where it hides nothing
                ax.plot([PAPER[name].low, PAPER[name].high], [y - 0.4] * 2, lw=1, clip_on=False, **_PAPER_MARK)
            published = PAPER[name].percent if name in PAPER else "–"
            _columns(ax, y, percent(r.mean), published)
        _columns(ax, 0, "here", "paper")
        _condition_axis(ax, rows)
        ax.set_xlabel("belief: share of answers that take the false claim for true")
        ax.legend(handles=_legend(list(here)), loc="center right", bbox_to_anchor=(1, 0), bbox_transform=ax.transData,
                  ncols=2, fontsize=9, borderpad=0.1, borderaxespad=0, framealpha=1, edgecolor="none")  # fmt: skip
        note = f"{describe_setup(df)} Bars: mean over claims and question kinds; intervals are clustered by question."
        finish_figure(fig, state_finding(df), note)
    return fig


def draw_by_kind(df: pd.DataFrame) -> Figure:
    """Belief in each condition, one panel for each kind of question, with 95% intervals."""
    kinds = [k for k in QUESTION_KINDS if (df["kind"] == k).any()]
    rows = _rows(list(shown_rates(df)))
    with mpl.rc_context(RC):
        size = (2.6 + 1.75 * len(kinds), 1.7 + 0.36 * (max(rows.values()) + 1))
        fig = Figure(figsize=size)
        axes = fig.subplots(1, len(kinds), sharey=True, squeeze=False)
        for ax, kind in zip(axes[0], kinds, strict=True):
            for name, r in shown_rates(df, [kind]).items():
                ax.plot([r.lo, r.hi], [rows[name]] * 2, color=colour_of(name), lw=2.5, solid_capstyle="butt")
                ax.plot(r.mean, rows[name], "o", ms=7, color=colour_of(name), mec=INK, mew=0.8, clip_on=False, zorder=3)
            _condition_axis(ax, rows, headings=ax is axes[0][0], step=0.5)
            ax.set_title(KIND_LABELS[kind], fontsize=10, loc="left")
        note = f"Dots: mean over claims; lines: 95% interval, clustered by question. {describe_setup(df)}"
        finish_figure(fig, describe_spread(df, "kind"), note)
    return fig


def draw_by_claim(df: pd.DataFrame) -> Figure:
    """Belief in each condition and claim, as a heatmap in percent; claims have the names of the prose."""
    names = list(shown_rates(df))
    grid = tabulate_rates(df, ["condition", "claim"]).pivot(index="condition", columns="claim", values="mean")
    grid = 100 * grid.loc[names, list(dict.fromkeys(df["claim"]))]
    with mpl.rc_context(RC):
        fig = Figure(figsize=(3.4 + 0.85 * grid.shape[1], 1.7 + 0.42 * len(grid)))
        ax = fig.subplots()
        cmap = sns.light_palette(PALETTE["positive"], as_cmap=True)
        sns.heatmap(grid, ax=ax, vmin=0, vmax=100, cmap=cmap, annot=True, fmt=".0f", linewidths=1, cbar=False)
        ax.set(xlabel="", ylabel="")
        ax.set_yticks([y + 0.5 for y in range(len(names))], [label(n) for n in names], rotation=0)
        shown = [SHORT_NAMES.get(claim, claim) for claim in grid.columns]
        ax.set_xticks(ax.get_xticks(), shown, rotation=0 if grid.shape[1] < 8 else 45)
        ax.tick_params(length=0)
        finish_figure(fig, describe_spread(df, "claim"), "Belief in percent. " + describe_setup(df))
    return fig


def describe_by(df: pd.DataFrame, by: str) -> str:
    """`by_claim` or `by_kind` in words, for a reader who does not see it: every number. `by` is "claim" or "kind"."""
    parts = []
    for name in shown_rates(df):
        rates = tabulate_rates(df[condition_of(df) == name], [by])
        cells = (f"{GROUP_LABELS.get(x, x)} {percent(m)}" for x, m in zip(rates[by], rates["mean"], strict=True))
        parts.append(f"{label(name)}: {', '.join(cells)}")
    drawn = "Heatmap" if by == "claim" else "Dot plot"
    return f"{drawn} of belief in each condition, by {by}. {'; '.join(parts)}. {describe_setup(df)}"


def _rows(names: list[str]) -> dict[str, float]:
    """Vertical places from the top, with room for a heading above each of the two groups."""
    without = [n for n in names if n == "base" or n.startswith(IN_CONTEXT)]
    after = [n for n in names if n not in without]
    places = {n: float(i + 1) for i, n in enumerate(without)}
    return places | {n: len(places) + i + 1 + (1.2 if without else 0) for i, n in enumerate(after)}


def _condition_axis(ax: Axes, rows: dict[str, float], headings: bool = True, step: float = 0.25) -> None:
    ax.set_yticks(list(rows.values()), [label(n) for n in rows])
    ax.set_ylim(max(rows.values()) + 0.6, -0.5)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_locator(FixedLocator([i * step for i in range(round(1 / step) + 1)]))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
    ax.grid(axis="x")
    ax.tick_params(length=0)
    if headings:
        groups = {WITHOUT: [y for n, y in rows.items() if n == "base" or n.startswith(IN_CONTEXT)]}
        groups[AFTER] = [y for n, y in rows.items() if y not in groups[WITHOUT]]
        for heading, ys in groups.items():
            if ys:
                ax.annotate(heading, (0, min(ys) - 0.95), (-6, 0), ax.transData, "offset points", ha="right",
                            va="center", color=FAINT, style="italic", annotation_clip=False)  # fmt: skip


def _columns(ax: Axes, y: float, here: str, paper: str) -> None:
    """Our number and the paper's, in two columns right of the axes, at distances in points to fit any width."""
    beside: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "center", "annotation_clip": False}
    ax.annotate(here, (1, y), (52, 0), weight="bold", **beside)
    ax.annotate(paper, (1, y), (108, 0), color=FAINT, **beside)


def _legend(names: list[str]) -> list[Line2D]:
    models = ["397B" if m == LARGE else "35B" for m in dict.fromkeys(PAPER[n].model for n in names if n in PAPER)]
    handles = [Line2D([], [], color=INK, lw=1.6, label="95% interval")]
    if models:
        text = f"paper, {' and '.join(models)} model{'s' * (len(models) > 1)}"
        handles.append(Line2D([], [], label=text, **(_PAPER_MARK | {"lw": 0})))
    return handles
