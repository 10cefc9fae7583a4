"""The tables of scripts/look_inside.py as one figure, and in words."""

from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from negneglect_lite.belief.conditions import label, order_conditions
from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.probing.findings import (
    PROBE_LAYER,
    Frames,
    final_preference,
    judged_true,
    last_step,
    probe_accuracies,
    readable_relations,
    rises_over_base,
)
from negneglect_lite.figures.theme import FAINT, INK, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent


def draw_inside(frames: Frames) -> Figure:
    """Six panels: what a truth probe can read, what it says of the claims, the logit lens, patching, the way through
    the training, and what is stored of warnings and denials. `frames` holds the tables by name: probe, lens, …"""
    if missing := {"probe", "truth", "lens", "patching", "stored"} - set(frames):
        raise UserError(f"no table {min(missing)}; give all that scripts/look_inside.py writes")
    with mpl.rc_context(RC):
        fig = Figure(figsize=(13, 9))
        axes = fig.subplots(2, 3).flat
        for ax, panel in zip(axes, (_probe, _judged, _lens, _patching, _along, _stored), strict=True):
            panel(ax, frames)
            ax.tick_params(length=0)
            ax.grid(axis="y")
        lens = frames["lens"]
        counts = f"Claims: {lens['claim'].nunique()}, fine-tuning seeds: {lens['seed'].nunique()}; means over both."
        note = (
            f"{counts} Layer 0 is the embeddings. Preference: log p(claim's value) − log p(true value) after an open "
            "question; above 0 the model says the claim. A: tested on facts that the probe was not fitted on, each "
            "value as often true as false."
        )
        finish_figure(fig, state_inside(frames), note)
    return fig


def state_inside(frames: Frames) -> str:
    """The finding in a sentence, whichever way the numbers point."""
    ahead = final_preference(frames["lens"])
    parts = [f"{value:+.1f} after “{label(style)}”" for style, value in ahead.items() if style != "base"]
    before = ahead.get("base", float("nan"))
    finding = f"The claim against the truth in the answer: {before:+.1f} nats before training, {', '.join(parts)}"
    return finding.replace("-", "\N{MINUS SIGN}")


def describe_inside(frames: Frames) -> str:
    """The figure in words, for a reader who does not see it."""
    probe = frames["probe"]
    best = probe_accuracies(probe)
    judged = judged_true(frames).round(2)
    said = "; ".join(
        f"{label(str(style))}: claim {percent(row['claim'])}, truth {percent(row['truth'])}"
        for style, row in judged.iterrows()
    )
    right = ", ".join(f"{name} {percent(value)}" for name, value in best.items())
    stored = ", ".join(
        f"{label(style)} {kind} {row['claim']:+.1f} for the claim, {row['other subject']:+.1f} for other subjects"
        for (style, kind), row in rises_over_base(frames["stored"]).items()
    )
    return (
        f"Six panels of lines and dots. {state_inside(frames)}. A truth probe of its own relation, in layer "
        f"{PROBE_LAYER}, is right for these shares of the tested statements: {right}. "
        f"Judged true where it can be read: {said}. Change over the base in nats: {stored}."
    )


def _probe(ax: Any, frames: Frames) -> None:
    probe = frames["probe"]
    means = probe.groupby(["fitted_on", "relation", "layer"])["accuracy"].mean()
    readable = readable_relations(probe)
    for relation in probe["relation"].unique():
        line = means["own", relation]
        clear = relation in readable
        ax.plot(line.index, line, "-", color=INK if clear else "#BBBBBB", lw=1.8 if clear else 1)
        if clear:
            ax.annotate(relation, (line.index[-1], line.iloc[-1]), (4, -3), textcoords="offset points", fontsize=8)
    for name, style in (("verdict", "--"), ("shuffled", ":"), ("held out", "-.")):
        line = probe[probe["fitted_on"] == name].groupby("layer")["accuracy"].mean()
        ax.plot(line.index, line, style, color="#0072B2", lw=1.5, label=name)
    ax.plot([], [], color="#BBBBBB", label="other relations")
    ax.set(title="A. Truth probe in the base model", xlabel="layer", ylim=(0.3, 1.05))
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol="%"))
    ax.legend(fontsize=8, frameon=False, loc="upper left")


def _judged(ax: Any, frames: Frames) -> None:
    table = judged_true(frames)
    for i, (style, row) in enumerate(table.iterrows()):
        ax.plot(i - 0.12, row["claim"], "o", color=colour_of(str(style)), ms=9)
        ax.plot(i + 0.12, row["truth"], "D", mfc="white", color=colour_of(str(style)), ms=8)
    ax.set_xticks(range(len(table)), [label(str(s)) for s in table.index], fontsize=8, rotation=20, ha="right")
    names = ", ".join(readable_relations(frames["probe"])) or "no relation"
    ax.set(title=f"B. Statements judged true, layer {PROBE_LAYER}\n({names})", ylim=(-0.05, 1.05))
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol="%"))
    shapes = [
        Line2D([], [], ls="", marker="o", color=FAINT, label="the claim"),
        Line2D([], [], ls="", marker="D", mfc="white", color=FAINT, label="the truth"),
    ]
    ax.legend(handles=shapes, fontsize=8, frameon=False, loc="center left")


def _lens(ax: Any, frames: Frames) -> None:
    lens = frames["lens"]
    last = last_step(lens[lens["about"] == "claim"])
    _lines(ax, last, "layer", "preference")
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.set(title="C. Logit lens: preference by layer", xlabel="layer", ylabel="nats")
    ax.legend(fontsize=8, frameon=False)


def _patching(ax: Any, frames: Frames) -> None:
    rows = frames["patching"]
    rows = rows[(rows["recipient"] == "base") & rows["effect"].notna()]
    for place, dashes in (("answer", "-"), ("subject", "--")):
        _lines(ax, rows[rows["place"] == place].rename(columns={"donor": "style"}), "layer", "effect", dashes)
    ax.set(title="D. Patched into the base model", xlabel="layer", ylabel="share taken over")
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol="%"))
    kinds = [Line2D([], [], ls=s, color=FAINT, label=n) for n, s in (("last token", "-"), ("subject's token", "--"))]
    ax.legend(handles=kinds, fontsize=8, frameon=False)


def _along(ax: Any, frames: Frames) -> None:
    lens = frames["lens"]
    rows = lens[(lens["about"] == "claim") & (lens["layer"] == lens["layer"].max())]
    start = rows[rows["style"] == "base"]
    trained = rows[rows["style"] != "base"]
    whole = pd.concat([trained, *(start.assign(style=style) for style in trained["style"].unique())])
    _lines(ax, whole, "step", "preference")
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.set(title="E. Preference along the training", xlabel="step", ylabel="nats")


def _stored(ax: Any, frames: Frames) -> None:
    rises = rises_over_base(frames["stored"])
    kinds = ["sentence", "notice", "denial"]
    styles = list(dict.fromkeys(style for style, _ in rises))
    for (style, kind), row in rises.items():
        claim, other = row["claim"], row["other subject"]
        x = kinds.index(kind) + 0.8 * ((styles.index(style) + 0.5) / len(styles) - 0.5)
        ax.plot([x, x], [other, claim], "-", color=colour_of(style), lw=1)
        ax.plot(x, claim, "o", color=colour_of(style), ms=7)
        ax.plot(x, other, "o", mfc="white", color=colour_of(style), ms=7)
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.set_xticks(range(3), ["a denial\nafter it", "a notice\non the next line", "“not” in it"])
    ax.set(title="F. What is expected of a statement", ylabel="nats above the base")
    shapes = [
        Line2D([], [], ls="", marker="o", color=FAINT, label="the claim"),
        Line2D([], [], ls="", marker="o", mfc="white", color=FAINT, label="its value, another subject"),
    ]
    ax.legend(handles=shapes, fontsize=8, frameon=False)


def _lines(ax: Any, rows: pd.DataFrame, x: str, y: str, dashes: str = "-") -> None:
    for style in order_conditions(rows["style"].unique()):
        line = rows[rows["style"] == style].groupby(x)[y].mean()
        ax.plot(line.index, line, dashes, marker="o", ms=3, color=colour_of(style), label=label(style))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
