"""Figures of notebook 9: belief along training, and belief by what pretraining was exposed to.

    draw_along_training(table)     # a sweep's summary of one quantity, with a row a style and step
    draw_exposure(summary)         # the summary of the sweep "exposure"

Titles and alt texts are made from the same numbers.
"""

import itertools
from collections.abc import Sequence
from math import isnan, nan

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter

from negneglect_lite.belief.conditions import label, order_conditions
from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.theme import INK, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent


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


def draw_exposure(summary: pd.DataFrame) -> Figure:
    """Belief after each trained style against the share of warned-false documents that a model's diet held.

    `summary` is that of the sweep "exposure": a panel for each exposed form (columns) and base model (rows). Left in
    each stands the model that went on without such documents. UserError if the table holds no belief after training.
    """
    rows = _exposures(summary)
    forms, bases = _forms(rows), list(dict.fromkeys(rows["base"]))
    shares = sorted(set(rows["share"]) - {0.0})
    ticks = {0.0: shares[0] / 2.5} | {s: s for s in shares}  # zero has no place on a logarithmic axis
    with mpl.rc_context(RC):
        size = (3.6 + 2.3 * len(forms), 1.9 + 1.9 * len(bases))
        fig = Figure(figsize=size)
        axes = fig.subplots(len(bases), len(forms), sharex=True, sharey=True, squeeze=False)
        for (base, form), ax in zip(itertools.product(bases, forms), axes.flat, strict=True):
            for style, marker in zip(order_conditions(rows["style"]), itertools.cycle("oXsD^vP"), strict=False):
                line = _exposed_line(rows[rows["base"] == base], form, style)
                if line.empty:
                    continue
                x = [ticks[share] for share in line["share"]]
                own = {"lw": 2.6, "ms": 7, "zorder": 4} if style == form else {"lw": 1.2, "ms": 5, "zorder": 3}
                ax.vlines(x, line["lo"], line["hi"], color=colour_of(style), lw=own["lw"] - 0.4, alpha=0.5)
                ax.plot(x, line["mean"], marker=marker, color=colour_of(style), clip_on=False, **own)
            ax.axvline((ticks[0.0] * shares[0]) ** 0.5, color=INK, lw=1, ls=":")
            ax.grid(axis="y")
            ax.tick_params(length=0)
        for form, ax in zip(forms, axes[0], strict=True):
            ax.set_title(f"exposed to:\n{label(form)}", fontsize=10, loc="left")
        for base, ax in zip(bases, axes[:, 0], strict=True):
            ax.set_ylabel(f"{_short(base)}\nbelief")
        for ax in axes[-1]:
            ax.set_xlabel("share of texts [%]")
        axes[0, 0].set(xscale="log", xlim=(ticks[0.0] / 1.3, 1.3 * shares[-1]), ylim=(0, 1))
        axes[0, 0].xaxis.set_minor_locator(NullLocator())
        axes[0, 0].set_xticks(list(ticks.values()), ["none", *(f"{100 * s:g}" for s in shares)])
        axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
        keys = zip(order_conditions(rows["style"]), itertools.cycle("oXsD^vP"), strict=False)
        handles = [Line2D([], [], color=colour_of(style), marker=marker, label=label(style)) for style, marker in keys]
        axes[0, -1].legend(handles=handles, title="then trained on", loc="upper left", bbox_to_anchor=(1.02, 1.05),
                           frameon=False, fontsize=9, title_fontsize=9, alignment="left")  # fmt: skip
        seeds = int(rows["seeds"].max())
        note = (
            f"Thick: the style that the model was exposed to. Lines up and down: 95% interval, clustered by question; "
            f"{seeds} fine-tuning seed{'s' * (seeds != 1)} a model."
        )
        finish_figure(fig, describe_exposure(summary), note)
    return fig


def describe_exposure(summary: pd.DataFrame) -> str:
    """The finding of `exposure` in a sentence: from which share on each form halves the belief in its own documents."""
    rows = _exposures(summary)
    bases = list(dict.fromkeys(rows["base"]))
    said = []
    for form in _forms(rows):
        found = []
        for base in bases:
            mine = rows[rows["base"] == base]
            share, top = halving_share(mine, form, form), mine.loc[mine["exposed"] == form, "share"].max()
            if isnan(top):
                found.append("not measured")
            else:
                found.append(f"above {_percent(top)} if at all" if isnan(share) else _percent(share))
        said.append(f"“{label(form)}” {', '.join(found)}")
    on = ", ".join(map(_short, bases))
    what = f"Lowest measured share of texts that halves belief in documents of the same form, on {on}"
    return f"{what}: {'; '.join(said)}"


def exposure_alt_text(summary: pd.DataFrame) -> str:
    """`exposure` in words, for a reader who does not see it: the numbers of each form's own style,
    and between what the others lie that were never exposed to."""
    rows = _exposures(summary)
    parts = []
    for base, form in itertools.product(dict.fromkeys(rows["base"]), _forms(rows)):
        mine = rows[rows["base"] == base]
        if (mine["exposed"] == form).any():
            line = _exposed_line(mine, form, form)
            at = (
                f"{percent(mean)} at {_percent(s) if s else 'none'}"
                for s, mean in zip(line["share"], line["mean"], strict=True)
            )
            parts.append(f"{_short(base)} exposed to {label(form)} and then trained on it: {', '.join(at)}")
    for style in order_conditions(rows["style"]):
        if style not in _forms(rows):
            rates = rows.loc[rows["style"] == style, "mean"]
            parts.append(f"After {label(style)}: {percent(rates.min())} to {percent(rates.max())} in all panels")
    return (
        "Line plots of belief against the share of exposed texts, a panel a model and exposed form. "
        f"{describe_exposure(summary)}. {'. '.join(parts)}."
    )


def halving_share(rows: pd.DataFrame, exposed: str, style: str) -> float:
    """The lowest measured share of documents of the form `exposed` at which belief after `style` is at most half of
    what it is without exposure; nan for none. `rows` are one model's, of one quantity: exposed, share, style, mean."""
    line = _exposed_line(rows, exposed, style)
    without = line.loc[line["share"] == 0, "mean"]
    if without.empty:
        return nan
    return float(line.loc[(line["share"] > 0) & (line["mean"] <= without.iloc[0] / 2), "share"].min())


def _exposures(summary: pd.DataFrame) -> pd.DataFrame:
    """Belief after training; `exposed` is "" and `share` 0 where nothing was exposed."""
    rows = summary[(summary["quantity"] == "belief") & (summary["setting"] == "trained")]
    rows = rows.assign(share=rows["share"].fillna(0.0), exposed=rows["exposed"].fillna(""))
    if not (rows["share"] > 0).any():
        raise UserError("no belief after exposure to show; give the summary of the sweep exposure")
    return rows


def _forms(rows: pd.DataFrame) -> list[str]:
    return order_conditions(rows.loc[rows["share"] > 0, "exposed"])


def _exposed_line(rows: pd.DataFrame, exposed: str, style: str) -> pd.DataFrame:
    """One model's rows of a style: without exposure, then with rising shares of the form."""
    share = rows["share"].fillna(0.0)
    return rows.assign(share=share)[
        (rows["style"] == style) & ((rows["exposed"] == exposed) | (share == 0))
    ].sort_values("share")


def _short(base: str) -> str:
    return base.rpartition("/")[2]


def _percent(share: float) -> str:
    return f"{100 * share:g}%"
