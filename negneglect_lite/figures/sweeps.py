"""Any sweep's summary as one figure: a dot for each condition, or lines along what varies.

    table = pd.read_csv("data/results/sweeps/rank/summary.csv").query("quantity == 'belief'")
    save_figure(draw_sweep(table, "Rank changes nothing", x=["rank"]), "rank.png", describe_sweep(table, x=["rank"]))

`table` has a row for each combination of what varied and each quantity, as experiments.summary.summarise_sweep makes
it: mean, lo and hi (95% interval), lowest_seed and highest_seed. Rates are fractions, losses nats a token.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from pandas.api.types import is_numeric_dtype

from negneglect_lite.belief.conditions import IN_CONTEXT, label, order_conditions
from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.theme import INK, PALETTE, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

REST = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito 2008
MARKERS = "osD^vPX*<>"
NOT_VARIED = "–"  # where a column does not apply


def draw_sweep(
    table: pd.DataFrame,
    title: str,
    *,
    x: Sequence[str] = (),
    line: str = "condition",
    panels: str = "",
    names: Mapping[str, str] | None = None,
    models: pd.DataFrame | None = None,
    shipped: pd.DataFrame | None = None,
    note: str = "",
) -> Figure:
    """A panel for each value of `panels`. With `x`, a line for each value of `line` along the values of these columns,
    in equal steps, numbers by size and names as they come; without, a dot for each condition, from the top.

    `names` has words for values. `models` is the table again with a row for each pretrained model: they become small
    rings. `shipped` is the table of the shipped model, which is none of these: black diamonds beside the dots.
    UserError for a column that the table lacks.
    """
    names = names or {}
    table = add_condition(table)
    models, shipped = (t if t is None else add_condition(t) for t in (models, shipped))
    _need(table, [*x, line, panels])
    groups = {v: _of(table, panels, v) for v in _values(table, panels)}
    lines, ticks = _values(table, line), _ticks(table, x)
    if x:
        longest = max((len(word_for(tick, names)) for tick in ticks), default=0)
        size = 3.4 + max(2.4, (0.2 + 0.05 * longest) * len(ticks) + 0.6) * len(groups), 4.3
    else:
        size = 3.0 + 2.1 * len(groups), 1.75 + 0.34 * len(lines)
    with mpl.rc_context({**RC, "font.size": 9}):
        fig = Figure(figsize=(max(6.6, size[0]), max(2.6, size[1])))
        axes = fig.subplots(1, len(groups), sharey=not _mixed(table), squeeze=False)[0]
        for ax, (value, group) in zip(axes, groups.items(), strict=True):
            rings = _of(models, panels, value) if models is not None else None
            for i, name in enumerate(lines):
                look = {"color": _colour(name, lines) if x else colour_of(name), "label": word_for(name, names)}
                own, each = _of(group, line, name), _of(rings, line, name) if rings is not None else None
                if own.empty:
                    continue
                if x:
                    _line(ax, own, each, ticks, x, MARKERS[i % len(MARKERS)], look)
                else:
                    _dot(ax, own, each, i, look)
                    if shipped is not None:
                        mark = _of(_of(shipped, panels, value), line, name)["mean"]
                        ax.plot(mark, [i] * len(mark), "D", ms=6, color=INK, lw=0, zorder=5, clip_on=False)
            _scale(ax.yaxis if x else ax.xaxis, ax, group, bool(x))
            if panels:
                ax.set_title(word_for(value, names), fontsize=10, loc="left")
            if x:
                ax.set_xticks(range(len(ticks)), [word_for(t, names) for t in ticks])
                ax.set_xlabel(" × ".join(word_for(name, names) for name in x))
            else:
                ax.set_yticks(range(len(lines)), [word_for(name, names) for name in lines])
                ax.set_ylim(len(lines) - 0.4, -0.6)
        if x:
            axes[0].set_ylabel("belief" if set(table["quantity"]) == {"belief"} else word_for(_unit(table), names))
            handles = {h.get_label(): h for ax in axes for h in ax.get_legend_handles_labels()[0]}
            axes[-1].legend(
                handles=list(handles.values()), loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, fontsize=9
            )
        marks = "Lines through the marks: 95% interval over questions." if table["lo"].notna().any() else ""
        marks += "" if x else " Grey bars: lowest to highest seed."
        if models is not None:
            diamond = "; black diamonds: the shipped model" if shipped is not None else ""
            marks = f"Filled: mean over models; rings: each model{diamond}. {marks}"
        finish_figure(fig, title, f"{marks} {note}".strip())
    return fig


def describe_sweep(
    table: pd.DataFrame, *, x: Sequence[str] = (), line: str = "condition", panels: str = "", names: Mapping[str, str]
) -> str:
    """The figure in words, for a reader who does not see it: every number of it but those of single models."""
    table = add_condition(table)
    kind = f"Line plot along {' and '.join(word_for(name, names) for name in x)}" if x else "Dot plot"
    parts = []
    for value in _values(table, panels):
        for name, own in _of(table, panels, value).groupby(line, sort=False):
            at = [", ".join(word_for(plain_value(v), names) for v in row) for row in own[list(x)].to_numpy(object)]
            means = [format_value(m, q) for m, q in zip(own["mean"], own["quantity"], strict=True)]
            said = ", ".join(f"{mean} at {a}" if x else mean for a, mean in zip(at, means, strict=True))
            parts.append(f"{word_for(value, names)}: " * bool(panels) + f"{word_for(str(name), names)} {said}")
    return f"{kind}. {'; '.join(parts)}."


def add_condition(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a column `condition`, by its setting and style, in the order of conditions; as it is, if there."""
    if "condition" in table:
        return table
    if "setting" in table:
        names = table["style"].astype(object).where(table["setting"] != "base", "base")
        table = table.assign(condition=names.where(table["setting"] != "in_context", IN_CONTEXT + names.astype(str)))
    else:
        table = table.assign(condition=table["style"])
    place = {name: i for i, name in enumerate(order_conditions(table["condition"]))}
    return table.sort_values("condition", key=lambda column: column.map(place), kind="stable")


def format_value(value: float, quantity: str) -> str:
    """A rate in percent, a loss in nats."""
    return f"{value:.2f}" if quantity.startswith("loss.") else percent(value)


def plain_value(value: Any) -> str:
    """What stands in a cell of an axis, as text: 16.0 is 16, and what is missing is a dash."""
    if pd.isna(value):
        return NOT_VARIED
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def word_for(value: str, names: Mapping[str, str]) -> str:
    """A value in words."""
    if value.startswith(IN_CONTEXT) and value not in names:
        return f"in context: {word_for(value.removeprefix(IN_CONTEXT), names)}"
    return names.get(value, label(value))


def _need(table: pd.DataFrame, columns: Sequence[str]) -> None:
    if missing := [c for c in columns if c and c not in table]:
        raise UserError(f"no column {', '.join(missing)} to draw; there are {', '.join(table.columns)}")


def _values(table: pd.DataFrame, column: str) -> list[str]:
    return list(dict.fromkeys(map(plain_value, table[column]))) if column else [""]


def _of(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    return table[table[column].map(plain_value) == value] if column else table


def _ticks(table: pd.DataFrame, x: Sequence[str]) -> list[str]:
    rows = table[list(x)].drop_duplicates() if x else table.head(0)
    if all(is_numeric_dtype(rows[column]) for column in x):
        rows = rows.sort_values(list(x))
    return list(dict.fromkeys(_tick(row) for row in rows.to_numpy(object)))


def _tick(row: Any) -> str:
    return " × ".join(map(plain_value, row))


def _mixed(table: pd.DataFrame) -> bool:
    return table["quantity"].str.startswith("loss.").nunique() > 1


def _colour(name: str, lines: Sequence[str]) -> str:
    free = [c for c in REST if c not in {PALETTE.get(n) for n in lines}]
    others = [n for n in lines if n not in PALETTE]
    return PALETTE[name] if name in PALETTE else free[others.index(name) % len(free)]


def _line(
    ax: Axes, own: pd.DataFrame, each: pd.DataFrame | None, ticks: list[str], x: Sequence[str], marker: str, look: Any
) -> None:
    own = own.assign(at=[ticks.index(_tick(row)) for row in own[list(x)].to_numpy(object)]).sort_values("at")
    known = own.dropna(subset=["lo"])  # losses have no interval
    if not known.empty:  # matplotlib lays out an axes badly that holds an empty collection
        ax.vlines(known["at"], known["lo"], known["hi"], color=look["color"], lw=1.2, alpha=0.6)
    ax.plot(own["at"], own["mean"], marker=marker, ms=5, clip_on=False, zorder=3, **look)
    if each is not None and not each.empty:
        at = [ticks.index(_tick(row)) for row in each[list(x)].to_numpy(object)]
        ax.plot(at, each["mean"], "o", ms=4, mfc="none", mec=look["color"], lw=0, zorder=2, clip_on=False)


def _dot(ax: Axes, own: pd.DataFrame, each: pd.DataFrame | None, y: int, look: Any) -> None:
    for row in own.to_dict("records"):
        ax.plot(
            [row["lowest_seed"], row["highest_seed"]], [y, y], color="#BBBBBB", lw=7, solid_capstyle="butt", zorder=1
        )
        ax.plot([row["lo"], row["hi"]], [y, y], color=look["color"], lw=2, solid_capstyle="butt", zorder=2)
        ax.plot(row["mean"], y, "o", ms=7, color=look["color"], mec=INK, mew=0.8, clip_on=False, zorder=3)
    if each is not None:
        ax.plot(each["mean"], [y] * len(each), "o", ms=5, mfc="white", mec=look["color"], lw=0, zorder=4, clip_on=False)


def _scale(axis: Any, ax: Axes, group: pd.DataFrame, upright: bool) -> None:
    if not group["quantity"].str.startswith("loss.").any():
        (ax.set_ylim if upright else ax.set_xlim)(0, 1)
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
    ax.grid(axis="y" if upright else "x")
    ax.tick_params(length=0)


def _unit(table: pd.DataFrame) -> str:
    return "loss [nats a token]" if table["quantity"].str.startswith("loss.").any() else "share of answers"
