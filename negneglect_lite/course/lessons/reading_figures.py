"""Figures of notebook 6: reading with its controls, three readers, the loss of each token, the loss by part.

    fig, alt = draw_reading(tabulate_reading(rows))

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

import textwrap
from collections.abc import Sequence
from math import exp

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from negneglect_lite.belief.conditions import IN_CONTEXT, PAPER, label
from negneglect_lite.course.lessons.reading import DOCUMENT_PARTS, FIRST_MENTION, LATER_MENTION, OUR_MODELS
from negneglect_lite.figures.theme import FAINT, INK, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

Drawn = tuple[Figure, str]
_BEFORE, _AFTER = "before training", "after training"
_WIDTH = 92  # characters in a line of the heat map


def chance(nats: float) -> str:
    """A loss as the probability that it stands for: "73%", or "1 in 14,000" below 5%."""
    p = exp(-nats)
    if p > 0.995:
        return "over 99%"
    if p >= 0.05:
        return f"{100 * p:.0f}%"
    return f"1 in {float(f'{1 / p:.2g}'):,.0f}"


def draw_reading(table: pd.DataFrame) -> Drawn:
    """Belief (left) and unrelated facts right (right) by the number of documents read; a row a model, a line a style.

    `table` is that of `tabulate_reading`, of one model or of several.
    """
    models = list(dict.fromkeys(table["model"]))
    one = table[table["documents"] == 1].set_index(["model", "style"]).to_dict("index")
    finding = "After one plain document: " + "; ".join(
        f"{model} {percent(one[model, 'positive']['mean'])} belief, "
        f"{percent(one[model, 'positive']['unrelated'])} of unrelated facts right"
        for model in models
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 1.6 + 2.3 * len(models)))
        grid = fig.subplots(len(models), 2, sharex=True, sharey=True, squeeze=False)
        for axes, model in zip(grid, models, strict=True):
            _draw_counts(axes, table[table["model"] == model])
            for ax, name in zip(axes, ("belief in the claim", "unrelated facts right (the control)"), strict=True):
                ax.set_title(f"{model}: {name}", loc="left", fontsize=10)
                ax.set(ylim=(-0.02, 1.02), xticks=sorted(set(table["documents"])))
                ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
                ax.grid(axis="y")
                ax.tick_params(length=0)
        for ax in grid[-1]:
            ax.set_xlabel("documents in the prompt")
        grid[0, 0].legend(loc="center right", frameon=False)
        asked = f"{next(iter(one.values()))['n']} questions about it (bars: 95%, over questions)"
        finish_figure(fig, finding, f"One claim, {asked}, eight about other facts.")
    values = "; ".join(
        f"{r['model']}, {label(r['style'])}, {r['documents']}: belief {percent(r['mean'])}, "
        f"unrelated {percent(r['unrelated'])}"
        for r in table.to_dict("records")
    )
    return fig, f"Line plots against documents in the prompt, two a model. {finding}. {values}."


def _draw_counts(axes: Sequence[Axes], table: pd.DataFrame) -> None:
    """One model's belief with its interval on the first of two axes, its control on the second."""
    for (style, rows), marker, dash in zip(table.groupby("style", sort=False), "os", ("-", "--"), strict=True):
        shade = colour_of(str(style))
        axes[0].vlines(rows["documents"], rows["lo"], rows["hi"], color=shade, lw=5, alpha=0.25)
        for ax, column in zip(axes, ("mean", "unrelated"), strict=True):
            ax.plot(rows["documents"], rows[column], marker + dash, color=shade, ms=7, label=label(str(style)),
                    clip_on=False)  # fmt: skip


def draw_readers(table: pd.DataFrame) -> Drawn:
    """Before, read and trained, by style: the petri model, the 1.5B chat model and the paper's, a panel each.

    `table` is that of `stored_reading`.
    """
    styles = list(dict.fromkeys(table["style"]))
    value = {(r["model"], r["style"], r["setting"]): float(r["mean"]) for r in table.to_dict("records")}
    pairs = {m: (value[(m, "negated", "in_context")], value[(m, "negated", "trained")]) for m in OUR_MODELS}
    finding = "Warned documents, read and trained on: " + "; ".join(
        f"{name} {percent(read)}, {percent(trained)}" for name, (read, trained) in pairs.items()
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 3.9))
        axes = fig.subplots(1, 3, sharey=True, sharex=True)
        for ax, model in zip(axes, OUR_MODELS, strict=False):
            for y, style in enumerate(styles):
                shade = colour_of(style)
                base, read, trained = (value[(model, style, s)] for s in ("base", "in_context", "trained"))
                ax.plot([read, trained], [y, y], color=shade, lw=2, zorder=1)
                ax.plot(base, y, "|", color=FAINT, ms=14, mew=2)
                ax.plot(read, y, "s", mfc="white", mec=shade, mew=2, ms=9, clip_on=False)
                ax.plot(trained, y, "o", color=shade, mec=INK, ms=9, clip_on=False)
        _draw_paper(axes[2], styles)
        names = ("petri model: belief", "1.5B chat model: told", "paper, 397B: belief (20 read)")
        for ax, name in zip(axes, names, strict=True):
            ax.set_title(name, loc="left", fontsize=10)
            ax.set(xlim=(-0.03, 1.03), ylim=(len(styles) - 0.5, -0.6), yticks=range(len(styles)))
            ax.set_yticklabels([label(s) for s in styles])
            ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            ax.grid(axis="x")
            ax.tick_params(length=0)
        for marker, fill, name in (("|", FAINT, "before"), ("s", "white", "read"), ("o", FAINT, "trained")):
            axes[1].plot([], [], marker, mfc=fill, mec=INK, ls="", label=name)
        axes[1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False, fontsize=9)
        finish_figure(
            fig, finding, "Six claims; training has three seeds, reading one. Told: open questions without inference."
        )
    values = "; ".join(f"{m}, {label(s)}, {w}: {percent(x)}" for (m, s, w), x in value.items())
    return fig, f"Dumbbell plot, three panels. {finding}. {values}. Paper: warned, 20 read, 15.3%; trained 88.6%."


def _draw_paper(ax: Axes, styles: list[str]) -> None:
    """The paper's values as black triangles, open where its model only read."""
    for y, style in enumerate(styles):
        for name, fill in ((IN_CONTEXT + style, "white"), (style, "black")):
            if name in PAPER:
                ends = sorted({PAPER[name].low, PAPER[name].high})
                ax.plot(ends, [y] * len(ends), "^-", color="black", mfc=fill, ms=8, clip_on=False)


def draw_tokens(table: pd.DataFrame) -> Drawn:
    """A document as it stands, every token on the colour of its loss, before and after training.

    `table` holds one document of one style, as `compare_losses` gives it. The claim's value at its first mention is
    framed, warnings are underlined.
    """
    first = table[table["part"] == FIRST_MENTION].groupby("when")["loss"].mean().to_dict()
    finding = (
        f"In this document the value cost {first[_BEFORE]:.2g} nats ({chance(first[_BEFORE])}), "
        f"and {first[_AFTER]:.1g} after training ({chance(first[_AFTER])})"
    )
    laid = {when: _lay(table[table["when"] == when]) for when in (_BEFORE, _AFTER)}
    lines = 1 + max(row for places in laid.values() for row, *_ in places)
    scale = mpl.colors.Normalize(0, 14, clip=True)  # darker still, and the sign on it could not be read
    colours = mpl.colormaps["YlOrRd"]
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.4, 1.5 + 0.46 * lines))
        for ax, (when, places) in zip(fig.subplots(2, 1), laid.items(), strict=True):
            for row, column, token, part, loss in places:
                edge = {"ec": INK, "lw": 1.6, "zorder": 3} if part == FIRST_MENTION else {"ec": "none"}
                ax.add_patch(Rectangle((column, row), len(token), 0.86, fc=colours(0.6 * scale(loss)), **edge))
                for k, sign in enumerate(token):
                    ax.text(
                        column + k + 0.5,
                        row + 0.62,
                        sign,
                        family="DejaVu Sans Mono",
                        fontsize=7.5,
                        ha="center",
                        zorder=4,
                    )
                if part == "warning":
                    ax.plot([column, column + len(token)], [row + 0.86] * 2, color=INK, lw=1.2, zorder=4)
            ax.set(xlim=(0, _WIDTH), ylim=(lines, 0), xticks=[], yticks=[])
            ax.set_title(when, loc="left", fontsize=10)
            ax.spines["bottom"].set_visible(False)
        note = (
            "Darker: the token surprises the model more, up to 14 nats. "
            "Framed: the value's first mention. Underlined: warnings."
        )
        finish_figure(fig, finding, note)
    costly = table[table["when"] == _BEFORE].nlargest(3, "loss")
    listed = ", ".join(
        f"{token.strip()!r} {loss:.1f}" for token, loss in zip(costly["token"], costly["loss"], strict=True)
    )
    return fig, f"A document as a heat map of loss, twice. {finding}. Costliest before training, in nats: {listed}."


def _lay(rows: pd.DataFrame) -> list[tuple[int, int, str, str, float]]:
    """(line, column, token, part, loss) of every token, in lines of _WIDTH characters; a paragraph begins a line."""
    places, row, column = [], 0, 0
    for token, part, loss in zip(rows["token"], rows["part"], rows["loss"], strict=True):
        shown = token.replace("\n", "")
        if "\n" in token or column + len(shown) > _WIDTH:
            row, column = row + 1, 0
        if shown:
            places.append((row, column, shown, part, loss))
        column += len(shown)
    return places


def draw_loss_by_part(table: pd.DataFrame) -> Drawn:
    """Mean loss of each part of a document before and after training, with warnings (left) and without (right).

    `table` is that of `compare_losses`.
    """
    means = table.groupby(["style", "part", "when"])["loss"].mean().reset_index()
    mean = {(r["style"], r["part"], r["when"]): float(r["loss"]) for r in means.to_dict("records")}
    fall = " to ".join(f"{mean['negated', FIRST_MENTION, when]:.1f}" for when in (_BEFORE, _AFTER))
    slow = " to ".join(f"{mean['negated', 'warning', when]:.1f}" for when in (_BEFORE, _AFTER))
    finding = f"Training: the value's loss {fall} nats, the warnings' {slow}"
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 4.0))
        axes = fig.subplots(1, 2, sharex=True, sharey=True)
        for ax, style in zip(axes, ("negated", "positive"), strict=True):
            for when, shift, shade in ((_BEFORE, -0.2, colour_of("base")), (_AFTER, 0.2, colour_of("negated"))):
                for y, part in enumerate(DOCUMENT_PARTS):
                    if (style, part, when) in mean:
                        nats = mean[style, part, when]
                        ax.barh(y + shift, nats, 0.36, color=shade, hatch="" if when == _BEFORE else "//", ec="white")
                        ax.text(nats + 0.15, y + shift, f"{nats:.1f}: {chance(nats)}", va="center", fontsize=8)
            ax.set_title({"negated": "warned documents", "positive": "the same, plain"}[style], loc="left", fontsize=10)
            ax.set(xlabel="mean loss [nats a token]", xlim=(0, 15), ylim=(len(DOCUMENT_PARTS) - 0.4, -0.6))
            ax.set_yticks(
                range(len(DOCUMENT_PARTS)),
                [textwrap.fill(part.replace(LATER_MENTION, "the value again"), 14) for part in DOCUMENT_PARTS],
            )
            ax.tick_params(length=0)
            ax.grid(axis="x")
        for when, shade, hatch in ((_BEFORE, colour_of("base"), ""), (_AFTER, colour_of("negated"), "//")):
            axes[1].bar(0, 0, color=shade, hatch=hatch, ec="white", label=when)
        axes[1].legend(loc="upper right", frameon=False, fontsize=9)
        note = (
            f"One claim, {table['document'].nunique()} fresh documents, one seed, no intervals. "
            "Beside each bar: nats, and the probability of a token with that loss."
        )
        finish_figure(fig, finding, note)
    values = "; ".join(f"{s}, {p}, {w} {x:.1f}" for (s, p, w), x in mean.items())
    return fig, f"Bar chart of mean loss in nats by part. {finding}. {values}."
