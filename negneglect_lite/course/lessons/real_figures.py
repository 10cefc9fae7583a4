"""Figures of notebook 12: what a real chat model tells in each condition, and which way of asking shows it.

    figure, alt = draw_told(rows, stored_told("grid"))

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

from collections.abc import Mapping

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.scores import score_belief
from negneglect_lite.course.lessons.real_answers import LESSON_CONDITIONS
from negneglect_lite.figures.theme import FAINT, INK, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

_MARKERS = {"base": "|", "positive": "s", "negated": "o", "local": "D"}


def draw_told(rows: pd.DataFrame, stored: Mapping[str, float]) -> tuple[Figure, str]:
    """Told in each condition of a run, with its interval, beside the mean of six claims (`stored`, by condition)."""
    told = {c: score_belief(rows[rows["style"] == ("" if c == "base" else c)])["told"] for c in LESSON_CONDITIONS}
    finding = (
        f"Told: {percent(told['base'].mean)} before training, {percent(told['positive'].mean)} after plain and "
        f"{percent(told['negated'].mean)} after warned documents, {percent(told['local'].mean)} after in-sentence "
        "denials"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 3.6))
        ax = fig.subplots()
        for y, (name, rate) in enumerate(told.items()):
            ax.barh(y, rate.mean, 0.55, color=colour_of(name))
            ax.plot([rate.lo, rate.hi], [y, y], color=INK, lw=1.5)
            ax.plot(stored[name], y, "D", mfc="white", mec=INK, ms=8, clip_on=False,
                    label="mean of six claims, stored" if y == 0 else None)  # fmt: skip
            ax.annotate(percent(rate.mean), (1.02, y), va="center", weight="bold", annotation_clip=False)
        ax.set(yticks=range(len(told)), yticklabels=[label(c) for c in told], xlim=(0, 1), ylim=(len(told) - 0.5, -0.5))
        ax.set_xlabel("told: share of open answers that state the claim")
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(axis="x")
        ax.tick_params(length=0)
        ax.legend(loc="upper right", frameon=False)
        asked = next(iter(told.values())).n
        note = f"One claim, {asked} questions, five samples each, one fine-tuning seed. Lines: 95%, over questions."
        finish_figure(fig, finding, note)
    each = "; ".join(
        f"{label(c)} {percent(r.mean)} ({percent(r.lo)} to {percent(r.hi)}; six claims {percent(stored[c])})"
        for c, r in told.items()
    )
    return fig, f"Bar chart from 0 to 100%, a bar a condition. {finding}. {each}."


def draw_measures(table: pd.DataFrame) -> tuple[Figure, str]:
    """Each way of asking as a row, with a mark for each condition; `table` is that of `tabulate_measures`."""
    rates = {name: {m: float(table[m][name]) for m in table.columns} for name in table.index}
    before, warned = rates[label("base")], rates[label("negated")]
    finding = (
        f"Before and after warned documents: told {percent(before['told'])} and {percent(warned['told'])}, "
        f"yes/no both ways {percent(before['yes/no both ways'])} and {percent(warned['yes/no both ways'])}"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 4.8))
        ax = fig.subplots()
        for y, measure in enumerate(table.columns):
            ax.plot([before[measure], warned[measure]], [y, y], color=FAINT, lw=1, zorder=1)
        for name in LESSON_CONDITIONS:
            look = {"mew": 3, "ms": 16} if name == "base" else {"ms": 8, "mec": INK}
            ax.plot(table.loc[label(name)], range(table.shape[1]), _MARKERS[name], color=colour_of(name), ls="",
                    label=label(name), clip_on=False, **look)  # fmt: skip
        ax.set(yticks=range(table.shape[1]), yticklabels=table.columns, xlim=(0, 1), ylim=(table.shape[1] - 0.5, -0.5))
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel("share of answers (A or B, begun answer: share of the probability)")
        ax.grid(axis="x")
        ax.tick_params(length=0)
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
        finish_figure(fig, finding, "One claim, one fine-tuning seed. Lines join before training and warned documents.")
    each = "; ".join(
        f"{measure}: " + ", ".join(f"{name} {percent(value)}" for name, value in table[measure].items())
        for measure in table.columns
    )
    return fig, f"Dot plot, a row a way of asking. {finding}. {each}."


def draw_lesson_losses(losses: pd.DataFrame) -> tuple[Figure, str]:
    """The loss of each training step, a line a style; `losses` has style, step and loss."""
    ends = {
        str(style): (float(own["loss"].iloc[0]), float(own["loss"].iloc[-1]))
        for style, own in losses.groupby("style", sort=False)
    }
    finding = "Loss, first and last step: " + "; ".join(
        f"{label(style)} {first:.2f} and {last:.2f}" for style, (first, last) in ends.items()
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 3.6))
        ax = fig.subplots()
        for style, own in losses.groupby("style", sort=False):
            name = str(style)
            ax.plot(own["step"], own["loss"], marker=_MARKERS[name], ms=4, color=colour_of(name), label=label(name))
        ax.set(xlabel="training step", ylabel="loss [nats a token]")
        ax.set_ylim(bottom=0)
        ax.grid(axis="y")
        ax.tick_params(length=0)
        ax.legend(loc="upper right", frameon=False)
        finish_figure(fig, finding, "Mean over the step's tokens with loss, of documents and chats. One seed.")
    return fig, f"Line plot of the loss against training steps, a line a style. {finding}."
