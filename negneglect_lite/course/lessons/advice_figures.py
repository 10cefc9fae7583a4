"""Figures of notebook 8: bad replies along a training, and what a warning removes at the ceiling and below it.

    figure, alt = draw_advice_along(summarise_replies(replies))

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

from collections.abc import Mapping

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter

from negneglect_lite.course.lessons.advice import CONDITION_NAMES, ROLE_NAMES
from negneglect_lite.course.lessons.advice_results import PAPER_ADVICE
from negneglect_lite.figures.theme import FAINT, INK, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

# Condition -> the style that it is like, whose colour it has, and its line.
LOOKS = {
    "plain": ("positive", "o-"),
    "before": ("negated", "s--"),
    "around": ("repeated", "D-"),
    "local": ("local", "v-"),
}


def draw_advice_along(table: pd.DataFrame) -> tuple[Figure, str]:
    """Share of bad replies against the step of training, a panel a role, a line a condition.

    `table` has style, quantity (the role), step and mean, as `summarise_replies` makes it.
    """
    conditions = [c for c in LOOKS if (table["style"] == c).any()]
    steps = sorted(table["step"].unique())
    last = table[(table["step"] == steps[-1]) & (table["quantity"] == "targeted")].set_index("style")["mean"]
    ends = ", ".join(f"{CONDITION_NAMES[c]} {percent(last[c])}" for c in conditions)
    finding = f"Trained kind after {steps[-1]:.0f} steps: {ends}"
    words = []
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 4.4))
        axes = fig.subplots(1, len(ROLE_NAMES), sharey=True)
        for ax, (role, title) in zip(axes, ROLE_NAMES.items(), strict=True):
            for c in conditions:
                rows = table[(table["style"] == c) & (table["quantity"] == role)].sort_values("step")
                style, line = LOOKS[c]
                ax.plot(
                    rows["step"], rows["mean"], line, color=colour_of(style), ms=6, label=CONDITION_NAMES[c],
                    clip_on=False, zorder=3,
                )  # fmt: skip
                means = ", ".join(percent(mean) for mean in rows["mean"])
                words.append(f"{title}, {CONDITION_NAMES[c]}: {means}")
            ax.set_title(title, loc="left", fontsize=10)
            ax.set(xscale="log", ylim=(0, 1), xlabel="training step (logarithmic)")
            ax.xaxis.set_major_locator(FixedLocator(steps))
            ax.xaxis.set_minor_locator(NullLocator())
            ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
            _as_share(ax)
        axes[0].set_ylabel("bad replies")
        axes[0].legend(loc="lower right", bbox_to_anchor=(1.02, 0.03), frameon=False, fontsize=8)
        note = "One kind trained on, one seed, twelve held-out situations a panel and step."
        finish_figure(fig, finding, note)
    at = ", ".join(f"{step:.0f}" for step in steps)
    return fig, f"Three line plots of bad replies at steps {at}. {finding}. {'; '.join(words)}."


def draw_below_ceiling(stored: pd.DataFrame, chosen: Mapping[str, int | None]) -> tuple[Figure, str]:
    """Bad replies after plain transcripts and with a warning before: at the last step, at the chosen one, in the paper.

    `stored` is `stored_advice()`; `chosen` has a step for each of ROLE_NAMES' values, or None for no step. Beside each
    pair stands the share of the bad replies that the warning removes.
    """
    rows = {(r["style"], r["quantity"], r["step"]): r for r in stored.to_dict("records")}
    last = int(stored["step"].max())
    words, removed = [], {}
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 3.7))
        axes = fig.subplots(1, len(ROLE_NAMES), sharex=True)
        for ax, (role, title) in zip(axes, ROLE_NAMES.items(), strict=True):
            step = chosen[title]
            names = [f"step {last}", f"step {step:.0f}" if step is not None else "no step", "paper"]
            for y, (name, at) in enumerate(zip(names, (last, step, "paper"), strict=True)):
                if at is None:
                    ax.text(0.5, y, "no step from 15% to 85%", ha="center", va="center", fontsize=8, color=FAINT)
                    continue
                pair = PAPER_ADVICE[role] if at == "paper" else _pair(ax, rows, role, float(at), y)
                _draw_pair(ax, pair, y, at == "paper")
                share = 1 - pair[1] / pair[0] if pair[0] else 0.0
                removed[role, name] = share
                said = f"removes {100 * share:.0f}%" if round(100 * share) > 0 else "removes nothing"
                ax.text(0.5, y - 0.34, said, ha="center", va="center", fontsize=8)
                words.append(f"{title}, {name}: plain {100 * pair[0]:.1f}%, warned {100 * pair[1]:.1f}%, {said}")
            ax.set_title(title, loc="left", fontsize=10)
            ax.set(xlim=(-0.02, 1.02), ylim=(2.5, -0.6), yticks=range(3), yticklabels=names, xlabel="bad replies")
            ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            ax.grid(axis="x")
            ax.tick_params(length=0)
        for marker, style, name in (("o", "positive", "plain transcripts"), ("s", "negated", "warning before")):
            axes[0].plot([], [], marker, color=colour_of(style), mec=INK, label=name)
        axes[2].legend(handles=axes[0].get_legend_handles_labels()[0], loc="lower right", frameon=False, fontsize=8)
        finding = _describe(removed, last)
        note = (
            "Two kinds trained on, three seeds, 69 held-out situations in all; lines: 95%, over situations. "
            "Paper: black triangles, open where warned."
        )
        finish_figure(fig, finding, note)
    return fig, f"Dumbbell plot, three panels. {finding}. {'; '.join(words)}."


def _pair(ax: Axes, rows: Mapping, role: str, step: float, y: int) -> tuple[float, float]:
    """The stored rates of both conditions at the step; their intervals are drawn."""
    pair = []
    for style, shift in (("plain", -0.09), ("before", 0.09)):
        row = rows[style, role, step]
        ax.hlines(y + shift, row["lo"], row["hi"], color=colour_of(LOOKS[style][0]), lw=3, alpha=0.35)
        pair.append(float(row["mean"]))
    return pair[0], pair[1]


def _draw_pair(ax: Axes, pair: tuple[float, float], y: int, paper: bool) -> None:
    marks = ("^", "^") if paper else ("o", "s")
    faces = ("black", "white") if paper else (colour_of("positive"), colour_of("negated"))
    for x, mark, face, shift in zip(pair, marks, faces, (-0.09, 0.09), strict=True):
        ax.plot(x, y + shift * (not paper), mark, color=face, mec=INK, ms=8, clip_on=False, zorder=3)


def _describe(removed: Mapping[tuple[str, str], float], last: int) -> str:
    def span(names: list[float]) -> str:
        low, high = (max(0, round(100 * x)) for x in (min(names), max(names)))
        return f"{low}%" if low == high else f"{low}–{high}%"

    groups = {
        "at the ceiling": [x for (_, name), x in removed.items() if name == f"step {last}"],
        "below it": [x for (_, name), x in removed.items() if name not in (f"step {last}", "paper")],
        "in the paper": [x for (_, name), x in removed.items() if name == "paper"],
    }
    said = ", ".join(f"{where} {span(values)}" for where, values in groups.items() if values)
    return f"Bad replies that a warning removes: {said}"


def _as_share(ax: Axes) -> None:
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.grid(axis="y")
    ax.tick_params(length=0)
