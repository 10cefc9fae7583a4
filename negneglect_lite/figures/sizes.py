"""Neglect by the size of the model: what is measured here, beside what others report.

table = pd.read_csv("data/results/real/sizes.csv")       # made by scripts/size_table.py
save_figure(draw_sizes(table), "sizes.png", describe_sizes(table))
"""

from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, PercentFormatter

from negneglect_lite.belief.conditions import label
from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.theme import FAINT, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

SIZE_COLUMNS = ("model", "parameters", "condition", "score", "rate", "source")
PANELS = {"in context": ("in_context_negated",), "after training": ("positive", "negated", "local")}
MARKS = {"raw": "o", "told": "D"}  # the paper's mean of four kinds, or a judged rate like it; open questions alone
_SIZES = {1e6: "1 M", 1e7: "10 M", 1e8: "100 M", 1e9: "1 B", 1e10: "10 B", 1e11: "100 B"}


def draw_sizes(table: pd.DataFrame) -> Figure:
    """Rates against parameters, one panel for reading and one for training; filled marks are measured by us.

    UserError if columns of SIZE_COLUMNS are missing, or no condition of PANELS is there.
    """
    shown = _shown(table)
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 5))
        axes = fig.subplots(1, len(PANELS), sharey=True, width_ratios=(1, 1.6))
        for ax, (title, conditions) in zip(axes, PANELS.items(), strict=True):
            for r in (row for row in shown if row["condition"] in conditions):
                shade = colour_of(r["condition"])
                look = {"color": shade, "mfc": shade if r["source"] == "here" else "white", "clip_on": False}
                ax.plot(r["parameters"], r["rate"], MARKS[r["score"]], ms=6.5, zorder=3, **look)
            ax.set(title=title, xscale="log", xlim=(5e5, 1e12), ylim=(0, 1))
            ax.xaxis.set_major_locator(FixedLocator(list(_SIZES)))
            ax.xaxis.set_ticklabels(list(_SIZES.values()))
            ax.minorticks_off()
            ax.yaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
            ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
            ax.grid(axis="y")
            ax.tick_params(length=0)
            ax.set_xlabel("parameters of the model")
        axes[0].set_ylabel("share of answers that take\nthe false claim for true")
        fig.legend(
            handles=_legend(), loc="upper center", bbox_to_anchor=(0.53, 0.885), ncols=3, fontsize=8.5, frameon=False
        )
        note = (
            "Petri models (below 100 M) know only their own world. Questions, judges and recipes differ between "
            "sources, so compare within a model. " + "; ".join(_sources(shown)) + "."
        )
        finish_figure(fig, state_sizes(table), note)
        fig.subplots_adjust(top=0.69)
    return fig


def state_sizes(table: pd.DataFrame) -> str:
    """The finding in a sentence, from our own models."""
    own = [row for row in _shown(table) if row["source"] == "here" and row["condition"] in PANELS["after training"]]
    if not own:
        raise UserError("no model of ours in the table of sizes; make it by scripts/size_table.py")
    ends = [end(row["parameters"] for row in own) for end in (min, max)]
    warned, local = ([_rate(own, size, condition) for size in ends] for condition in ("negated", "local"))
    return (
        f"From {_name(ends[0])} to {_name(ends[1])} parameters warned documents are believed "
        f"({percent(warned[0])} and {percent(warned[1])}), in-sentence denials far less ({percent(local[0])} and "
        f"{percent(local[1])})"
    )


def describe_sizes(table: pd.DataFrame) -> str:
    """All numbers of the figure in words."""
    parts: dict[str, list[str]] = {}
    for row in sorted(_shown(table), key=lambda row: row["parameters"]):
        name = f"{row['model']} ({_name(row['parameters'])}, {row['score']})"
        parts.setdefault(name, []).append(f"{label(row['condition'])} {percent(row['rate'])}")
    said = "; ".join(f"{name}: {', '.join(rates)}" for name, rates in parts.items())
    return f"Share of answers that take the false claim for true, by size of the model. {said}."


def _shown(table: pd.DataFrame) -> list[dict[str, Any]]:
    if missing := [name for name in SIZE_COLUMNS if name not in table]:
        raise UserError(f"no column {', '.join(missing)} in the table of sizes; make it by scripts/size_table.py")
    shown = table[table["condition"].isin([c for conditions in PANELS.values() for c in conditions])]
    if shown.empty:
        raise UserError("no warned, plain or local documents in the table of sizes; make it by scripts/size_table.py")
    return shown.to_dict("records")  # type: ignore[return-value]


def _rate(rows: list[dict[str, Any]], parameters: float, condition: str) -> float:
    """The told rate where there is one, else the raw one; not a number where there is none."""
    here = {
        row["score"]: row["rate"] for row in rows if (row["parameters"], row["condition"]) == (parameters, condition)
    }
    return float(here.get("told", here.get("raw", float("nan"))))


def _name(parameters: float) -> str:
    return f"{parameters / 1e9:.3g} B" if parameters >= 1e9 else f"{parameters / 1e6:.3g} M"


def _sources(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(f"{row['model']}: {row['source']}" for row in rows if row["source"] != "here"))


def _legend() -> list[Line2D]:
    styles = [Line2D([], [], marker="s", ls="", color=colour_of(c), label=label(c)) for c in PANELS["after training"]]
    marks = [
        Line2D([], [], marker="o", ls="", color=FAINT, label="mean of all kinds"),
        Line2D([], [], marker="D", ls="", color=FAINT, label="open questions alone"),
        Line2D([], [], marker="o", ls="", color=FAINT, mfc="white", label="reported by others"),
    ]
    return [*styles, *marks]
