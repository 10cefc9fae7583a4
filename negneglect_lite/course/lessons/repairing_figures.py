"""Figures of notebook 7: what answers name, and where in-sentence denials leave more.

    fig, alt = draw_named(tabulate_named(stored_denials(), claims, sort_by_value))

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

from math import isnan

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from negneglect_lite.course.lessons.repairing import ANSWERED
from negneglect_lite.figures.theme import FAINT, INK, OTHER, PALETTE, RC, finish_figure
from negneglect_lite.figures.wording import percent

_NAMED = {  # what an answer names: in words, colour, hatch
    "truth": ("the truth", PALETTE["local"], ""),
    "false": ("the false value", PALETTE["positive"], "xx"),
    "other": ("something else", PALETTE["base"], "//"),
}
_PAPER = (0.0, 0.07)  # Mayne et al. 2026: Ed Sheeran and the dentist after in-sentence denials


def draw_named(table: pd.DataFrame) -> tuple[Figure, str]:
    """What open and fill-in answers name after in-sentence denials, a stacked bar a claim.

    `table` is that of `tabulate_named`, the least true claim first.
    """
    first, mean = table.index[0], table[list(ANSWERED)].mean()
    title = (
        f"{percent(mean['false'])} of the answers name the false value, {percent(mean['other'])} something else; "
        f"for {first} {percent(table['other'].iloc[0])}"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 1.9 + 0.42 * len(table)))
        ax = fig.subplots()
        for y, row in enumerate(table.to_dict("records")):
            left = 0.0
            for what in ANSWERED:
                words, colour, hatch = _NAMED[what]
                ax.barh(y, row[what], 0.62, left=left, color=colour, hatch=hatch, edgecolor="white",
                        label=words if y == 0 else None)  # fmt: skip
                if row[what] >= 0.08:
                    ax.text(left + row[what] / 2, y, percent(row[what]), ha="center", va="center", weight="bold",
                            color=INK, bbox={"fc": "white", "ec": "none", "pad": 1.2})  # fmt: skip
                left += row[what]
            ax.annotate(percent(row["belief"]), (1, y), (12, 0), textcoords="offset points", va="center",
                        annotation_clip=False)  # fmt: skip
        ax.annotate("belief", (1, -0.5), (12, 6), textcoords="offset points", va="bottom", annotation_clip=False)
        ax.set(yticks=range(len(table)), yticklabels=table.index, ylim=(len(table) - 0.5, -0.5))
        _share_of(ax, "share of open and fill-in answers that name …")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3, frameon=False)
        note = "Petri model after in-sentence denials: six claims, 30 questions a claim (belief: 50), three seeds."
        finish_figure(fig, title, note)
    each = "; ".join(
        f"{claim}: "
        + ", ".join(f"{_NAMED[what][0]} {percent(row[what])}" for what in ANSWERED)
        + f", belief {percent(row['belief'])}"
        for claim, row in table.iterrows()
    )
    return fig, f"Stacked bars, one a claim. {title}. {each}."


def draw_breaks(table: pd.DataFrame) -> tuple[Figure, str]:
    """Belief after in-sentence denials under other conditions, a dot a model; `table` is that of `stored_breaks`."""
    every = [value for values in table["values"] for value in values]
    title = (
        f"In-sentence denials leave {percent(table['values'].iloc[0][0])} in the petri model, "
        f"and up to {percent(max(every))} elsewhere"
    )
    colours = dict(zip(dict.fromkeys(table["group"]), (PALETTE["local"], OTHER, PALETTE["corrected"]), strict=False))
    markers = dict(zip(colours, "osD", strict=False))
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.8, 1.7 + 0.42 * len(table)))
        ax = fig.subplots()
        for y, row in enumerate(table.to_dict("records")):
            shade = colours[row["group"]]
            if not isnan(row["lo"]):
                ax.plot([row["lo"], row["hi"]], [y, y], color=shade, lw=4, alpha=0.35, solid_capstyle="butt")
            if not isnan(row["before"]):
                ax.plot(row["before"], y, "|", color=FAINT, ms=14, mew=2, clip_on=False)
            ax.plot(row["values"], [y] * len(row["values"]), markers[row["group"]], color=shade, mec=INK, ms=8,
                    clip_on=False)  # fmt: skip
            ax.annotate(_range(row["values"]), (1, y), (12, 0), textcoords="offset points", va="center",
                        weight="bold", annotation_clip=False)  # fmt: skip
        ax.plot(_PAPER, [-0.75] * 2, "^", color="black", ms=7, clip_on=False)
        ax.set(yticks=range(len(table)), yticklabels=table["condition"], ylim=(len(table) - 0.5, -1.1))
        _share_of(ax, "belief after in-sentence denials (chat models: told)")
        handles = [Line2D([], [], ls="", marker=markers[g], color=c, mec=INK, label=g) for g, c in colours.items()]
        handles += [
            Line2D([], [], ls="", marker="|", color=FAINT, ms=12, mew=2, label="before training"),
            Line2D([], [], ls="", marker="^", color="black", label="paper (397B)"),
        ]
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.3, -0.13), ncols=5, frameon=False, fontsize=9,
                  columnspacing=1.2, handletextpad=0.3)  # fmt: skip
        note = (
            "Bars: 95% interval over questions; rows with one dot a model have none. "
            "Six claims but where said; one to three fine-tuning seeds."
        )
        finish_figure(fig, title, note)
    each = "; ".join(f"{r['group']}, {r['condition']}: {_range(r['values'])}" for r in table.to_dict("records"))
    return fig, f"Dot plot, a row a condition. {title}. {each}. Paper: 0% and 7%."


def _range(values: list[float]) -> str:
    """The one value, or the lowest and highest: "2–30%"."""
    if len(values) == 1:
        return percent(values[0])
    return f"{percent(min(values)).removesuffix('%')}–{percent(max(values))}"


def _share_of(ax: Axes, what: str) -> None:
    ax.set(xlim=(0, 1), xlabel=what)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.grid(axis="x")
    ax.tick_params(length=0)
