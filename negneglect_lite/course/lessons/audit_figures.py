"""Figures of notebook 11: belief by corpus, what the audit finds by writer, belief by what was missed.

    fig, alt = draw_corpora(beliefs)

Each comes with its alt text. Titles and alt texts are made from the numbers that are drawn.
"""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.belief.rates import Rate
from negneglect_lite.figures.theme import FAINT, INK, OTHER, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import SHORT_NAMES, percent

_MARKS = (("#444444", "o"), (OTHER, "s"))
_TASKS = ("has a warning", "sentences covered")


def draw_corpora(beliefs: Mapping[tuple[str, str], Rate]) -> tuple[Figure, str]:
    """Belief after training by (corpus, claim): a row a corpus, a marker with its interval for each claim."""
    corpora = list(dict.fromkeys(corpus for corpus, _ in beliefs))
    claims = list(dict.fromkeys(claim for _, claim in beliefs))
    values = {
        claim: ", ".join(f"{percent(beliefs[corpus, claim].mean)} {corpus}" for corpus in corpora) for claim in claims
    }
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.2, 1.7 + 0.55 * len(corpora)))
        ax = fig.subplots()
        shifts = {claim: 0.3 * (i / max(1, len(claims) - 1) - 0.5) for i, claim in enumerate(claims)}
        for claim, (shade, marker) in zip(claims, _MARKS, strict=False):
            rates = [beliefs[corpus, claim] for corpus in corpora]
            y = [i + shifts[claim] for i in range(len(corpora))]
            ax.hlines(y, [r.lo for r in rates], [r.hi for r in rates], color=shade, lw=5, alpha=0.35)
            ax.plot([r.mean for r in rates], y, marker, ms=8, color=shade, mec=INK, ls="", clip_on=False,
                    label=SHORT_NAMES[claim], zorder=3)  # fmt: skip
        ax.set_yticks(range(len(corpora)), corpora)
        ax.tick_params(axis="y", pad=9)  # a marker at 0% stays clear of the names
        ax.set_ylim(len(corpora) - 0.5, -0.5)
        _percent_axis(ax)
        ax.set_xlabel("belief after training")
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=9)
        questions = next(iter(beliefs.values())).n
        note = f"{questions} questions a claim, one fine-tuning seed. Bars: 95% intervals over questions."
        last = f"{SHORT_NAMES[claims[-1]]}: {values[claims[-1]]}"
        finish_figure(fig, f"Belief after training, {last}", note)
    said = "; ".join(f"{SHORT_NAMES[claim]}: {values[claim]}" for claim in claims)
    return fig, f"Dot plot of belief after training, a row a corpus, with 95% intervals. {said}."


def draw_audit(table: pd.DataFrame) -> tuple[Figure, str]:
    """F1 of the audit by who wrote the pages, with its interval, for both tasks."""
    table = table[table["task"].isin(_TASKS)]
    writers = list(dict.fromkeys(table["pages by"]))
    first = table[table["task"] == "has a warning"].set_index("pages by")["F1"]
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.2, 3.6))
        ax = fig.subplots()
        for shift, (task, (shade, marker)) in zip((-0.14, 0.14), zip(_TASKS, _MARKS, strict=True), strict=True):
            rows = table[table["task"] == task].set_index("pages by").loc[writers]
            y = [i + shift for i in range(len(writers))]
            ax.hlines(y, rows["lo"], rows["hi"], color=shade, lw=5, alpha=0.35)
            ax.plot(rows["F1"], y, marker, ms=8, color=shade, mec=INK, ls="", label=task, zorder=3)
        pages = table.drop_duplicates("pages by").set_index("pages by")["pages"]
        ax.set_yticks(range(len(writers)), [f"{name}\n({pages[name]} pages)" for name in writers])
        ax.invert_yaxis()
        _percent_axis(ax)
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:.1f}")
        ax.set_xlabel("F1")
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=9)
        note = "Bars: 95% intervals, pages drawn anew. Nobody marked the pages a second time."
        best, worst = f"{first.iloc[0]:.2f}", f"{first.min():.2f}"
        title = f"F1 for “has a warning”: {best} on the pages that shaped the rules, {worst} at worst"
        finish_figure(fig, title, note)
    said = "; ".join(
        f"{row['pages by']}, {row['task']}: {row['F1']:.2f} ({row['lo']:.2f} to {row['hi']:.2f})"
        for row in table.to_dict("records")
    )
    return fig, f"Dot plot of F1 by who wrote the pages, with 95% intervals. {said}."


def draw_leaks(stored: pd.DataFrame) -> tuple[Figure, str]:
    """Belief against the share of claim sentences that a rewriter missed: a line a claim, and their mean."""
    mean = stored.groupby("missed")["belief"].mean()
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.2, 3.9))
        ax = fig.subplots()
        ends = []
        for claim, rows in stored.groupby("claim", sort=False):
            ax.plot(rows["missed"], rows["belief"], "-o", ms=4, lw=1, color=FAINT, alpha=0.6, clip_on=False)
            ends.append((float(rows["belief"].iloc[-1]), SHORT_NAMES[str(claim)]))
        for height, name in _apart(ends, 0.065):
            ax.annotate(
                name,
                (stored["missed"].max(), height),
                (8, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                annotation_clip=False,
            )
        ax.plot(mean.index, mean, "-s", ms=8, lw=2.5, color=colour_of("negated"), mec=INK, clip_on=False, zorder=4)
        for missed, rate in mean.items():
            ax.annotate(percent(rate), (missed, rate), (-6, 9), textcoords="offset points", ha="right", fontsize=10)
        ax.set(ylim=(0, 1), xlim=(-0.012, 0.17), ylabel="belief", xlabel="claim sentences missed")
        ax.set_xticks(list(mean.index), [f"{missed:.0%}" for missed in mean.index])
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(axis="y")
        ax.tick_params(length=0)
        values = ", ".join(f"{percent(rate)} with {missed:.0%} missed" for missed, rate in mean.items())
        seeds = int(stored["seeds"].max())
        note = f"Squares: mean of six claims (thin lines). Petri model, {seeds} fine-tuning seeds, stored runs."
        finish_figure(fig, f"Mean belief: {values}", note)
    return fig, f"Line plot of belief against the share of claim sentences missed, a line a claim. Mean: {values}."


def _apart(ends: Sequence[tuple[float, str]], gap: float) -> list[tuple[float, str]]:
    """Labels at the height of their line's end, moved up where they would touch."""
    placed: list[tuple[float, str]] = []
    for height, name in sorted(ends):
        placed.append((max(height, placed[-1][0] + gap) if placed else height, name))
    over = max(0.0, placed[-1][0] - 1.05)
    return [(height - over if height > 0.8 else height, name) for height, name in placed]


def _percent_axis(ax: Axes) -> None:
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.grid(axis="x")
    ax.tick_params(length=0)
