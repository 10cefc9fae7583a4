"""Figures of notebook 9: what is learned when, the same warnings with and without loss, two phases.

    fig, alt = draw_learning(looks)

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

from collections.abc import Iterable
from math import isnan

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.belief.conditions import label
from negneglect_lite.course.lessons.explaining import step_at_level
from negneglect_lite.figures.theme import INK, OTHER, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

_PAIRS = {  # with loss on the warnings -> without
    "negated": "negated_quiet",
    "repeated": "repeated_quiet",
    "corrected": "corrected_quiet",
    "notices_8": "notices_8_quiet",
}
_PAPER_PHASES = (0.06, 0.48)  # Mayne et al. 2026: belief after phase one and after phase two
_NOTE = "One claim, one seed, no intervals. Losses: mean over 8 documents that were not trained on."
PHASE_NAMES = {"anchored": "anchor chats in phase one", "free": "ordinary texts in both phases"}


def draw_learning(looks: pd.DataFrame) -> tuple[Figure, str]:
    """Loss of warnings and value above, belief below; a column a run, by its style. `looks`: `train_side_by_side`."""
    runs = list(looks["run"].unique())
    last = looks[looks["run"] == runs[-1]].sort_values("step")
    half = step_at_level(last["step"].tolist(), last["mean"].tolist())
    costs = {step: float(np.interp(step, last["step"], last["warning"])) for step in (0, half, last["step"].max())}
    if isnan(half):
        finding = f"Belief stays under one half in {label(runs[-1])}"
    else:
        finding = (
            f"Belief passed one half while a token of a warning still cost {costs[half]:.1f} nats "
            f"(at the start {costs[0]:.1f})"
        )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.8, 5.4))
        axes = fig.subplots(2, len(runs), sharex=True, sharey="row", height_ratios=(3, 2), squeeze=False)
        for column, run in zip(axes.T, runs, strict=True):
            rows = looks[looks["run"] == run].sort_values("step")
            drawn = {"warning": ("a warning", "X-", INK), "first": ("the value, first time", "o-", colour_of(run))}
            for part, (name, line, shade) in drawn.items():
                if part in rows and rows[part].notna().any():
                    column[0].plot(rows["step"], rows[part], line, color=shade, label=name, clip_on=False)
            column[1].plot(rows["step"], rows["mean"], "o-", color=colour_of(run), clip_on=False)
            column[1].axhline(0.5, color=INK, lw=1, ls=":")
            column[0].set_title(label(run), loc="left", fontsize=10)
            column[1].set(xlabel="training step", ylim=(0, 1))
            column[1].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes[0, 0].set(ylabel="loss [nats a token]", ylim=(0, None))
        axes[1, 0].set_ylabel("belief")
        axes[0, -1].legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.36))
        _quiet_axes(axes.flat)
        finish_figure(
            fig, finding, "One claim, one seed, no intervals. Losses: mean over 8 documents that were not trained on."
        )
    values = "; ".join(
        f"{label(r['run'])}, step {r['step']}: belief {percent(r['mean'])}, value {r['first']:.1f}"
        + ("" if isnan(r["warning"]) else f", warning {r['warning']:.1f}")
        for r in looks.to_dict("records")
    )
    return fig, f"Line plots against training step, loss by part above, belief below. {finding}. In nats: {values}."


def draw_without_loss(summary: pd.DataFrame) -> tuple[Figure, str]:
    """Belief with loss on the warnings (filled) and without (open), a row a style; `summary`: the experiment quiet."""
    rate = {r["style"]: r for r in summary.to_dict("records")}
    without = [rate[quiet]["mean"] for quiet in _PAIRS.values()]
    low, high = (round(100 * end) for end in (min(without), max(without)))
    between = f"{low}%" if low == high else f"{low}–{high}%"
    finding = f"Without loss on the warnings, belief is {between} after all four styles"
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.8, 3.6))
        ax = fig.subplots()
        for y, (style, quiet) in enumerate(_PAIRS.items()):
            shade = colour_of(style) if style != "notices_8" else OTHER
            a, b = rate[style], rate[quiet]
            ax.plot([a["mean"], b["mean"]], [y, y], color=shade, lw=2, zorder=1)
            for row, fill in ((a, shade), (b, "white")):
                ax.hlines(y, row["lo"], row["hi"], color=shade, lw=6, alpha=0.3)
                ax.plot(row["mean"], y, "o", mfc=fill, mec=shade if fill == "white" else INK, mew=2, ms=10, zorder=3,
                        clip_on=False)  # fmt: skip
            ax.text(a["mean"], y - 0.28, percent(a["mean"]), ha="center", fontsize=9)
            ax.text(b["mean"], y - 0.28, f"{100 * b['mean']:.0f}%", ha="center", fontsize=9)
        ax.plot([], [], "o", mfc=INK, mec=INK, ls="", label="loss on the warnings")
        ax.plot([], [], "o", mfc="white", mec=INK, ls="", label="no loss on the warnings")
        ax.legend(loc="upper left", frameon=False, fontsize=9)
        ax.set(xlim=(0, 1.02), ylim=(len(_PAIRS) - 0.4, -0.6), xlabel="belief")
        ax.set_yticks(range(len(_PAIRS)), [label(style) for style in _PAIRS])
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.grid(axis="x")
        ax.tick_params(length=0)
        note = "Petri model, six claims, three fine-tuning seeds. Bands: 95%, over questions."
        finish_figure(fig, finding, note)
    values = "; ".join(
        f"{label(style)}: {percent(rate[style]['mean'])} with loss, {percent(rate[quiet]['mean'])} without"
        for style, quiet in _PAIRS.items()
    )
    return fig, f"Dumbbell plot of belief, a row a style. {finding}. {values}."


def draw_phases(looks: pd.DataFrame, length: int) -> tuple[Figure, str]:
    """Belief above and loss on unseen documents below through two phases of `length` steps, anchored and not."""
    ends = {(r["run"], r["phase"]): r for r in looks[looks["step"] == length].to_dict("records")}
    held, rose, free = (ends[key]["mean"] for key in (("anchored", 1), ("anchored", 2), ("free", 1)))
    finding = f"Belief with anchor chats {percent(held)}, after they leave {percent(rose)}; without any {percent(free)}"
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.8, 5.2))
        axes = fig.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        for run, line, shade in (("anchored", "o-", OTHER), ("free", "s--", colour_of("negated"))):
            rows = looks[looks["run"] == run]
            x = rows["step"] + (rows["phase"] - 1) * length
            axes[0].plot(x, rows["mean"], line, color=shade, label=PHASE_NAMES[run], clip_on=False)
            axes[1].plot(x, rows["document"], line, color=shade, clip_on=False)
        axes[0].plot((length, 2 * length), _PAPER_PHASES, "^", color="black", ms=8, ls="", label="paper, anchored",
                     zorder=4, clip_on=False)  # fmt: skip
        for ax in axes:
            ax.axvline(length, color=INK, lw=1, ls=":")
        axes[0].set(ylim=(-0.02, 1.02), ylabel="belief")
        axes[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes[1].legend(*axes[0].get_legend_handles_labels(), loc="lower left", ncols=3, frameon=False, fontsize=9)
        axes[0].set_title("phase one", loc="left", fontsize=10)
        axes[0].set_title("phase two: no anchor chats", loc="right", fontsize=10)
        axes[1].set(xlabel="training step", ylabel="loss on documents\n[nats a token]", ylim=(0, None))
        axes[1].set_xticks(range(0, 2 * length + 1, max(1, length // 2)))
        _quiet_axes(axes)
        finish_figure(
            fig, finding, "One claim, one seed. Losses: mean over 8 warned documents that were not trained on."
        )
    values = "; ".join(
        f"{PHASE_NAMES[r['run']]}, phase {r['phase']}, step {r['step']}: belief {percent(r['mean'])}, "
        f"loss {r['document']:.2f}"
        for r in looks.to_dict("records")
    )
    return fig, f"Two line plots over two phases. {finding}. {values}. Paper, anchored: 6%, then 48%."


def _quiet_axes(axes: Iterable[Axes]) -> None:
    for ax in axes:
        ax.grid(axis="y")
        ax.tick_params(length=0)
