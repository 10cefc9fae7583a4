"""Belief tables -> figures, with alt texts and one-sentence findings computed from the same numbers.

    df = belief.read("results/reproduce/belief.csv")
    fig = headline(df)
    save(fig, "belief.png", alt_text(df))

Colours are Okabe and Ito's (2008), which colour-blind readers tell apart; a condition has one colour in all figures,
and is always named in words as well.
"""

import base64
import html
import io
import itertools
import textwrap
from collections.abc import Sequence
from math import isnan, nan
from os import PathLike
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from IPython import get_ipython
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, PercentFormatter, StrMethodFormatter

from negneglect_lite import belief
from negneglect_lite.conditions import IN_CONTEXT, LARGE, ORDER, PAPER, label, ordered
from negneglect_lite.errors import UserError
from negneglect_lite.files import write_atomic
from negneglect_lite.findings import KIND_LABELS, alt_text, percent, rates_shown, setup, spread, takeaway
from negneglect_lite.styles import FRAMES

__all__ = [
    "KIND_LABELS", "PALETTE", "STYLE_ORDER", "along_in_words", "along_training", "alt_by", "alt_exposure", "alt_text",
    "by_claim", "by_kind", "exposure", "exposure_in_words", "halved_from", "headline", "passes", "save", "show",
    "spread", "takeaway", "training_curve",
]  # fmt: skip

STYLE_ORDER = ORDER
_STYLE_COLOURS = {
    "positive": "#D55E00",  # vermilion
    "negated": "#E69F00",  # orange
    "repeated": "#CC79A7",  # purple
    "corrected": "#0072B2",  # blue
    "local": "#009E73",  # green
    "fiction": "#882255",
    "unreliable": "#AA4499",
    "unknown": "#999933",
    "unlikely": "#332288",
    "tag": "#661100",
}
_STYLE_COLOURS |= {  # a frame that is repeated: darker than the frame itself
    f"{frame}_repeated": mpl.colors.to_hex(sns.dark_palette(_STYLE_COLOURS[frame], 3)[1]) for frame in FRAMES
}
PALETTE: dict[str, str] = {
    "base": "#7F7F7F",
    **_STYLE_COLOURS,
    **{IN_CONTEXT + s: mpl.colors.to_hex(sns.light_palette(c, 3)[1]) for s, c in _STYLE_COLOURS.items()},
}
OTHER = "#56B4E9"  # a style of the reader's own
INK, FAINT = "#222222", "#666666"
_STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.edgecolor": "#BBBBBB", "axes.spines.top": False, "axes.spines.right": False,
    "axes.spines.left": False, "axes.axisbelow": True, "grid.color": "#E3E3E3", "figure.dpi": 110, "savefig.dpi": 160,
}  # fmt: skip
_PAPER_MARK: dict[str, Any] = {"marker": "v", "ms": 6, "color": "black"}
WITHOUT, AFTER = "without training", "fine-tuned on documents with"  # headings above the two groups of conditions


def headline(df: pd.DataFrame) -> Figure:
    """Belief in each condition with its 95 % interval, and the paper's value. UserError if the table mixes models."""
    here = rates_shown(df)
    rows = _rows(list(here))
    with mpl.rc_context(_STYLE):
        fig, ax = plt.subplots(figsize=(8.6, 1.95 + 0.4 * (max(rows.values()) + 1)))
        for name, r in here.items():
            y = rows[name]
            ax.barh(y, r.mean, height=0.56, color=colour(name))
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
        note = f"{setup(df)} Bars: mean over claims and question kinds; intervals are clustered by question."
        _finish(fig, takeaway(df), note)
    return fig


def by_kind(df: pd.DataFrame) -> Figure:
    """Belief in each condition, one panel for each kind of question, with 95 % intervals."""
    kinds = [k for k in belief.KINDS if (df["kind"] == k).any()]
    rows = _rows(list(rates_shown(df)))
    with mpl.rc_context(_STYLE):
        size = (2.6 + 1.75 * len(kinds), 1.7 + 0.36 * (max(rows.values()) + 1))
        fig, axes = plt.subplots(1, len(kinds), sharey=True, squeeze=False, figsize=size)
        for ax, kind in zip(axes[0], kinds, strict=True):
            for name, r in rates_shown(df, [kind]).items():
                ax.plot([r.lo, r.hi], [rows[name]] * 2, color=colour(name), lw=2.5, solid_capstyle="butt")
                ax.plot(r.mean, rows[name], "o", ms=7, color=colour(name), mec=INK, mew=0.8, clip_on=False, zorder=3)
            _condition_axis(ax, rows, headings=ax is axes[0][0], step=0.5)
            ax.set_title(KIND_LABELS[kind], fontsize=10, loc="left")
        note = f"Dots: mean over claims; lines: 95 % interval, clustered by question. {setup(df)}"
        _finish(fig, spread(df, "kind"), note)
    return fig


def by_claim(df: pd.DataFrame) -> Figure:
    """Belief in each condition and claim, as a heatmap in percent."""
    names = list(rates_shown(df))
    grid = belief.table(df, ["condition", "claim"]).pivot(index="condition", columns="claim", values="mean")
    grid = 100 * grid.loc[names, list(dict.fromkeys(df["claim"]))]
    with mpl.rc_context(_STYLE):
        fig, ax = plt.subplots(figsize=(3.4 + 0.85 * grid.shape[1], 1.7 + 0.42 * len(grid)))
        cmap = sns.light_palette(PALETTE["positive"], as_cmap=True)
        sns.heatmap(grid, ax=ax, vmin=0, vmax=100, cmap=cmap, annot=True, fmt=".0f", linewidths=1, cbar=False)
        ax.set(xlabel="", ylabel="")
        ax.set_yticks([y + 0.5 for y in range(len(names))], [label(n) for n in names], rotation=0)
        ax.set_xticks(ax.get_xticks(), list(grid.columns), rotation=0 if grid.shape[1] < 8 else 45)
        ax.tick_params(length=0)
        _finish(fig, spread(df, "claim"), "Belief in percent. " + setup(df))
    return fig


def training_curve(rows: pd.DataFrame) -> Figure:
    """Loss and belief over the steps of one training. `rows` has a row a question: step, loss, belief (0 or 1)."""
    steps = _by_step(rows)
    with mpl.rc_context(_STYLE):
        fig, axes = plt.subplots(2, 1, sharex=True, figsize=(7, 4.6))
        for ax, column, shade in zip(axes, steps, (FAINT, PALETTE["positive"]), strict=True):
            ax.plot(steps.index, steps[column], "o-", color=shade, ms=5, clip_on=False, zorder=3)
            ax.grid(axis="y")
            ax.tick_params(length=0)
        axes[0].set_ylim(0, 1.1 * steps["loss"].max() or 1)
        axes[0].set_ylabel("loss\n[nats a token]")
        axes[1].set(ylabel="belief", ylim=(0, 1), xlabel="training step")
        axes[1].yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
        axes[1].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes[1].xaxis.set_major_locator(MaxNLocator(integer=True))
        asked = int(rows.groupby("step").size().max())
        note = f"Belief: share of {asked} question{'s' * (asked != 1)} whose answer takes the false claim for true."
        _finish(fig, curve_in_words(rows), note)
    return fig


def curve_in_words(rows: pd.DataFrame) -> str:
    """The finding of `training_curve` in a sentence."""
    steps = _by_step(rows)
    (first, start), (last, end) = (next(steps.iloc[[i]].iterrows()) for i in (0, -1))
    if first == last:
        return f"At step {first} belief is {percent(end['belief'])} and the loss {end['loss']:.2f}"
    before, after = percent(start["belief"]), percent(end["belief"])
    both = f"belief goes from {before} to {after}, the loss"
    moved = both if before != after else f"belief stays at {after}, the loss goes"
    return f"From step {first} to step {last} {moved} from {start['loss']:.2f} to {end['loss']:.2f}"


def _by_step(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        raise UserError("no training to show: a finished run is loaded, not trained again; choose another folder `out`")
    return rows.groupby("step")[["loss", "belief"]].mean()


def along_training(table: pd.DataFrame) -> Figure:
    """Belief over the steps of training, a line a style, with the range from the lowest to the highest seed as a band.

    `table` has a row a style and step, with mean, lowest_seed and highest_seed: a sweep's summary of one quantity.
    """
    styles = ordered(table["style"])
    with mpl.rc_context(_STYLE):
        fig, ax = plt.subplots(figsize=(8.6, 4.4))
        for style, marker in zip(styles, itertools.cycle("osD^vPX"), strict=False):
            rows = table[table["style"] == style].sort_values("step")
            shade = colour(style)
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
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        ax.grid(axis="y")
        ax.tick_params(length=0)
        ax.legend(loc="upper left", frameon=False, fontsize=9)
        note = "Dots: mean over claims, kinds of question and seeds; bands: from the lowest seed to the highest."
        _finish(fig, along_in_words(table), note)
    return fig


def along_in_words(table: pd.DataFrame) -> str:
    """The finding of `along_training` in a sentence: where belief first passes one half, and where last or never."""
    runs = {style: table[table["style"] == style].sort_values("step") for style in ordered(table["style"])}
    at = {label(style): passes(list(rows["step"]), list(rows["mean"])) for style, rows in runs.items()}
    there = sorted((step, name) for name, step in at.items() if not isnan(step))
    never = " and ".join(f"“{name}”" for name, step in at.items() if isnan(step))
    if not there:
        return f"Belief never passes one half under {never}"
    ends = [f"under “{name}” (step {step:.1f})" for step, name in (there[0], there[-1])]
    passed = f"first {ends[0]}, last {ends[1]}" if len(there) > 1 else ends[0]
    return f"Belief passes one half {passed}" + (f", never under {never}" if never else "")


def passes(steps: Sequence[float], beliefs: Sequence[float], level: float = 0.5) -> float:
    """The step at which belief first reaches `level`, on straight lines between what was measured; nan for never."""
    before: tuple[float, float] | None = None
    for step, belief_ in zip(steps, beliefs, strict=True):
        if belief_ >= level:
            return (
                step if before is None else before[0] + (step - before[0]) * (level - before[1]) / (belief_ - before[1])
            )
        before = step, belief_
    return nan


def exposure(summary: pd.DataFrame) -> Figure:
    """Belief after each trained style against the share of warned-false documents that a model's diet held.

    `summary` is that of the sweep "exposure": a panel for each exposed form (columns) and base model (rows). Left in
    each stands the model that went on without such documents. UserError if the table holds no belief after training.
    """
    rows = _exposures(summary)
    forms, bases = _forms(rows), list(dict.fromkeys(rows["base"]))
    shares = sorted(set(rows["share"]) - {0.0})
    ticks = {0.0: shares[0] / 2.5} | {s: s for s in shares}  # zero has no place on a logarithmic axis
    with mpl.rc_context(_STYLE):
        size = (3.6 + 2.3 * len(forms), 1.9 + 1.9 * len(bases))
        fig, axes = plt.subplots(len(bases), len(forms), sharex=True, sharey=True, squeeze=False, figsize=size)
        for (base, form), ax in zip(itertools.product(bases, forms), axes.flat, strict=True):
            for style, marker in zip(ordered(rows["style"]), itertools.cycle("oXsD^vP"), strict=False):
                line = _exposed_line(rows[rows["base"] == base], form, style)
                if line.empty:
                    continue
                x = [ticks[share] for share in line["share"]]
                own = {"lw": 2.6, "ms": 7, "zorder": 4} if style == form else {"lw": 1.2, "ms": 5, "zorder": 3}
                ax.vlines(x, line["lo"], line["hi"], color=colour(style), lw=own["lw"] - 0.4, alpha=0.5)
                ax.plot(x, line["mean"], marker=marker, color=colour(style), clip_on=False, **own)
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
        axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        keys = zip(ordered(rows["style"]), itertools.cycle("oXsD^vP"), strict=False)
        handles = [Line2D([], [], color=colour(style), marker=marker, label=label(style)) for style, marker in keys]
        axes[0, -1].legend(handles=handles, title="then trained on", loc="upper left", bbox_to_anchor=(1.02, 1.05),
                           frameon=False, fontsize=9, title_fontsize=9, alignment="left")  # fmt: skip
        seeds = int(rows["seeds"].max())
        note = (
            f"Thick: the style that the model was exposed to. Lines up and down: 95 % interval, clustered by question; "
            f"{seeds} fine-tuning seed{'s' * (seeds != 1)} a model."
        )
        _finish(fig, exposure_in_words(summary), note)
    return fig


def exposure_in_words(summary: pd.DataFrame) -> str:
    """The finding of `exposure` in a sentence: from which share on each form halves the belief in its own documents."""
    rows = _exposures(summary)
    bases = list(dict.fromkeys(rows["base"]))
    said = []
    for form in _forms(rows):
        found = []
        for base in bases:
            mine = rows[rows["base"] == base]
            share, top = halved_from(mine, form, form), mine.loc[mine["exposed"] == form, "share"].max()
            if isnan(top):
                found.append("not measured")
            else:
                found.append(f"above {_percent(top)} if at all" if isnan(share) else _percent(share))
        said.append(f"“{label(form)}” {', '.join(found)}")
    on = ", ".join(map(_short, bases))
    what = f"Lowest measured share of texts that halves belief in documents of the same form, on {on}"
    return f"{what}: {'; '.join(said)}"


def alt_exposure(summary: pd.DataFrame) -> str:
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
    for style in ordered(rows["style"]):
        if style not in _forms(rows):
            rates = rows.loc[rows["style"] == style, "mean"]
            parts.append(f"After {label(style)}: {percent(rates.min())} to {percent(rates.max())} in all panels")
    return (
        "Line plots of belief against the share of exposed texts, a panel a model and exposed form. "
        f"{exposure_in_words(summary)}. {'. '.join(parts)}."
    )


def halved_from(rows: pd.DataFrame, exposed: str, style: str) -> float:
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
    return ordered(rows.loc[rows["share"] > 0, "exposed"])


def _exposed_line(rows: pd.DataFrame, exposed: str, style: str) -> pd.DataFrame:
    """One model's rows of a style: without exposure, then with rising shares of the form."""
    share = rows["share"].fillna(0.0)
    return rows.assign(share=share)[
        (rows["style"] == style) & ((rows["exposed"] == exposed) | (share == 0))
    ].sort_values("share")


def _short(base: str) -> str:
    return base.rpartition("/")[2]


def _percent(share: float) -> str:
    return f"{100 * share:g}\N{NO-BREAK SPACE}%"


def alt_by(df: pd.DataFrame, by: str) -> str:
    """`by_claim` or `by_kind` in words, for a reader who does not see it: every number. `by` is "claim" or "kind"."""
    parts = []
    for name in rates_shown(df):
        rates = belief.table(df[belief.condition(df) == name], [by])
        cells = (f"{KIND_LABELS.get(x, x)} {percent(m)}" for x, m in zip(rates[by], rates["mean"], strict=True))
        parts.append(f"{label(name)}: {', '.join(cells)}")
    drawn = "Heatmap" if by == "claim" else "Dot plot"
    return f"{drawn} of belief in each condition, by {by}. {'; '.join(parts)}. {setup(df)}"


def show(figure: Figure, alt: str, takeaway: str) -> None:
    """Display the figure in a notebook, with its alt text, its finding in a sentence, and a folded text alternative.

    Outside of notebooks the finding and the alt text are printed. The figure is closed.
    """
    plt.close(figure)
    if not in_notebook():
        print(f"{takeaway}\n{alt}")
        return
    display(picture(figure, alt), raw=True, metadata={"image/png": {"alt": alt}})
    words = f"<details><summary>The figure in words</summary>\n\n{html.escape(alt, quote=False)}\n\n</details>"
    line = f"**{html.escape(takeaway, quote=False)}**\n\n{words}"
    display({"text/markdown": line, "text/plain": takeaway}, raw=True)


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code, so that what is displayed may be more than text."""
    return hasattr(get_ipython(), "kernel")


def picture(figure: Figure, alt: str) -> dict[str, str]:
    """The figure as a notebook's output: PNG, text, and HTML, because JupyterLab knows an alt text in HTML only."""
    buffer = io.BytesIO()
    metadata = {"Description": alt, "Software": None}
    figure.savefig(buffer, format="png", dpi=110, facecolor="white", bbox_inches="tight", metadata=metadata)
    image = base64.b64encode(buffer.getvalue()).decode()
    page = f'<img style="max-width:100%" alt="{html.escape(alt)}" src="data:image/png;base64,{image}">'
    return {"image/png": image, "text/html": page, "text/plain": alt}


def colour(condition: str) -> str:
    """The condition's colour, the same in every figure."""
    return PALETTE.get(condition, OTHER)


def save(fig: Figure, path: str | PathLike[str], alt: str) -> None:
    """Write a PNG, whole or not at all, with the alt text in its metadata under "Description"."""
    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):
        fig.savefig(buffer, format="png", facecolor="white", metadata={"Description": alt, "Software": None})
    write_atomic(path, buffer.getvalue())


# ----------------------------------------------------------------------------------------------------------- parts


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
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
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
    handles = [Line2D([], [], color=INK, lw=1.6, label="95 % interval")]
    if models:
        text = f"paper, {' and '.join(models)} model{'s' * (len(models) > 1)}"
        handles.append(Line2D([], [], label=text, **(_PAPER_MARK | {"lw": 0})))
    return handles


def _finish(fig: Figure, title: str, note: str) -> None:
    """Title above and note below, laid out so that nothing overlaps or is cut off."""
    width, height = fig.get_size_inches()
    note = textwrap.fill(note, int(width * 16.8))
    fig.suptitle(textwrap.fill(title, int(width * 9.2)), x=0.01, ha="left", fontsize=13, weight="bold")
    fig.text(0.01, 0.06 / height, note, fontsize=8, color=FAINT, va="bottom")
    fig.tight_layout(rect=(0, (0.12 + 0.15 * (note.count("\n") + 1)) / height, 1, 1))
    plt.close(fig)  # pyplot's list of open figures would show it a second time in a notebook
