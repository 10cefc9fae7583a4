"""Figures of notebook 5: belief of several models, differences of pairs, belief against the text that is added.

    fig, alt = draw_styles_by_model(models, others)

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

from statistics import fmean

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.belief.conditions import label
from negneglect_lite.course.lessons.comparing import COMPARED, SHIPPED, points
from negneglect_lite.figures.theme import FAINT, INK, OTHER, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

_Drawn = tuple[Figure, str]
_MARKS = {SHIPPED: ("D", "white"), "chat model, 1.5B": ("s", "white"), "paper, 397B": ("^", "black")}
# Where a label of `draw_added` stands, in points from its dot. Styles that are not here have a grey dot and no label.
_LABELLED = {
    "positive": (8, 5), "negated": (3, 9), "repeated": (-60, -16), "tag": (9, -7), "notices_4": (-26, -17),
    "notices_8": (-6, -16), "corrected": (-40, 10), "corrected_50": (8, -3), "local": (9, 3),
}  # fmt: skip


def draw_styles_by_model(models: pd.DataFrame, others: pd.DataFrame) -> _Drawn:
    """Belief after each style, a row a style: a dot a model, a bar for their mean, marks for the other models.

    `models` is that of `tabulate_by_model`, `others` that of `tabulate_others`.
    """
    styles = list(COMPARED[1:])
    dots = {style: [float(x) for x in models[style]] for style in styles}
    mean = {style: fmean(values) for style, values in dots.items()}
    marks = others.to_dict("index")
    finding = (
        f"Repeatedly warned documents leave {percent(mean['repeated'])} in {len(models)} models, "
        f"{percent(marks[SHIPPED]['repeated'])} in the shipped one"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.8, 5.2))
        ax = fig.subplots()
        for y, style in enumerate(styles):
            spread = np.linspace(-0.22, 0.08, len(models))
            ax.plot(dots[style], y + spread, "o", color=colour_of(style), ms=5, alpha=0.65, clip_on=False)
            ax.plot([mean[style]] * 2, [y - 0.34, y + 0.16], color=INK, lw=2.5)
            for name, (marker, fill) in _MARKS.items():
                ax.plot(marks[name][style], y + 0.3, marker, mec=INK, mfc=fill, mew=1.5, ms=8, clip_on=False, zorder=5)
        for marker, fill, name in (
            ("o", FAINT, f"one of {len(models)} models"),
            ("|", INK, "their mean"),
            *((mark, fill, name) for name, (mark, fill) in _MARKS.items()),
        ):
            ax.plot([], [], marker, mfc=fill, mec=INK if marker != "o" else FAINT, ms=8, mew=1.5, ls="", label=name)
        ax.legend(loc="upper center", bbox_to_anchor=(0.42, -0.13), ncols=5, frameon=False, fontsize=8.5,
                  handletextpad=0.2, columnspacing=1.2)  # fmt: skip
        ax.set(yticks=range(len(styles)), ylim=(len(styles) - 0.5, -0.5))
        ax.set_yticklabels([label(style) for style in styles])
        _share_of_answers(ax, "x", "belief after training")
        finish_figure(
            fig,
            finding,
            "Six claims, 50 questions each. 15 models of 1 to 40 million parameters: one fine-tuning seed each;"
            " shipped and chat model: three. Chat model: told. Paper: where one number covers all claims on"
            " its largest model.",
        )
    values = "; ".join(
        f"{label(style)}: mean {percent(mean[style])}, {percent(min(dots[style]))} to {percent(max(dots[style]))}, "
        f"shipped {percent(marks[SHIPPED][style])}"
        for style in styles
    )
    return fig, f"Dot plot of belief, a row a style and a dot a model. {finding}. {values}."


def draw_differences(table: pd.DataFrame) -> _Drawn:
    """The mean difference of each pair with its paired interval (thick) and the unpaired one (thin), in points.

    `table` is that of `compare_style_pairs`. Diamonds are the shipped model's differences; a column at the right counts
    the models in which the first style of a pair leaves more.
    """
    of = {(r["first"], r["second"]): r for r in table.to_dict("records")}
    repeat, label_only = of["negated", "repeated"], of["negated", "fiction"]
    finding = (
        f"Repeating the warnings prevents {points(repeat['difference'])} points more, "
        f"labelling as fiction {points(label_only['difference'])}"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.8, 3.6))
        ax = fig.subplots()
        beside = ax.get_yaxis_transform()  # across in parts of the axes, down in rows
        for y, row in enumerate(table.to_dict("records")):
            middle, shade = 100 * row["difference"], colour_of(str(row["second"]))
            ax.plot(
                [middle - 100 * row["unpaired"], middle + 100 * row["unpaired"]], [y - 0.22] * 2, color=FAINT, lw=1.5
            )
            ax.plot([100 * row["lo"], 100 * row["hi"]], [y] * 2, color=shade, lw=6, solid_capstyle="butt")
            ax.plot(middle, y, "o", color=INK, ms=6, zorder=4)
            ax.plot(100 * row["shipped"], y, "D", mfc="white", mec=INK, mew=1.5, ms=7, zorder=5)
            ax.text(1.02, y, f"{row['more']} of {row['models']}", transform=beside, va="center", fontsize=9)
        ax.text(1.02, -0.75, "models", transform=beside, fontsize=9, weight="bold")
        ax.axvline(0, color=INK, lw=1)
        ax.plot([], [], "o-", color=FAINT, mfc=INK, mec=INK, lw=6, label="paired (mean, 95% interval)")
        ax.plot([], [], color=FAINT, lw=1.5, label="if not paired")
        ax.plot([], [], "D", mfc="white", mec=INK, mew=1.5, ms=7, label="shipped model")
        ax.legend(loc="upper right", frameon=False, fontsize=9)
        names = [f"{label(r['first'])}\n− {label(r['second'])}" for r in table.to_dict("records")]
        ax.set(yticks=range(len(table)), yticklabels=names, ylim=(len(table) - 0.5, -0.6), xlim=(-8, 60))
        ax.set_xlabel("difference in belief [points]")
        ax.grid(axis="x")
        ax.tick_params(length=0)
        n = int(table["models"].max())
        finish_figure(fig, finding, f"{n} models, six claims; intervals cover models, not claims.")
    values = "; ".join(
        f"{label(r['first'])} minus {label(r['second'])}: {points(r['difference'])} ({points(r['lo'])} to "
        f"{points(r['hi'])}; above 0 in {r['more']} of {r['models']}), shipped {points(r['shipped'])}"
        for r in table.to_dict("records")
    )
    return fig, f"Interval plot of differences in belief, in points. {finding}. {values}."


def draw_added(table: pd.DataFrame, claim: str, own: tuple[float, float] | None = None) -> _Drawn:
    """Belief in one claim against the share of the tokens that a style adds, a dot a style.

    `table` is that of `tabulate_styles`; `own`, the share and the belief of one more style, is drawn as a star.
    """
    shown = table.to_dict("index")
    corrected, repeated = shown["corrected"], shown["repeated"]
    finding = (
        f"Repeatedly warned ({percent(repeated['added'])} added) leaves {percent(repeated['belief'])}, "
        f"corrected ({percent(corrected['added'])}) {percent(corrected['belief'])}"
        if own is None
        else f"The new style ({percent(own[0])} added) leaves {percent(own[1])}, "
        f"corrected documents ({percent(corrected['added'])}) {percent(corrected['belief'])}"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.8, 4.6))
        ax = fig.subplots()
        for style, row in shown.items():
            named = style in _LABELLED
            shade, edge, size = (colour_of(str(style)), INK, 9) if named else ("#BBBBBB", "#BBBBBB", 5)
            ax.plot(row["added"], row["belief"], "o", color=shade, mec=edge, ms=size, clip_on=False, zorder=3 + named)
            if named:
                ax.annotate(label(str(style)), (row["added"], row["belief"]), _LABELLED[str(style)],
                            textcoords="offset points", fontsize=8.5)  # fmt: skip
        if own is not None:
            ax.plot(*own, "*", color=OTHER, mec=INK, ms=18, clip_on=False, zorder=6)
            ax.annotate("the new style", own, (11, -4), textcoords="offset points", weight="bold")
        ax.set(xlim=(-0.02, 0.66), ylim=(-0.02, 1.04))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel("share of the tokens that the style adds")
        _share_of_answers(ax, "y", "belief after training")
        ax.set_ylim(-0.03, 1.08)
        star = " Star: one fine-tuning seed." if own is not None else ""
        note = f"Shipped petri model, claim about {claim}, 50 questions, three fine-tuning seeds.{star} "
        finish_figure(
            fig, finding, note + "Grey, without a name: further labels, numbers of warnings and of corrections."
        )
    values = "; ".join(
        f"{label(str(s))}: {percent(r['added'])} added, {percent(r['belief'])}" for s, r in shown.items()
    )
    return fig, f"Scatter plot of belief against the share of text that is added. {finding}. {values}."


def _share_of_answers(ax: Axes, axis: str, name: str) -> None:
    """Percent from 0 to 100 along one axis, with a grid."""
    of = ax.xaxis if axis == "x" else ax.yaxis
    (ax.set_xlim if axis == "x" else ax.set_ylim)(-0.02, 1.02)
    of.set_major_formatter(PercentFormatter(1, decimals=0))
    of.set_label_text(name)
    ax.grid(axis=axis)  # type: ignore[arg-type]
    ax.tick_params(length=0)
