"""Tables of runs -> rows for people and files, and what they come to."""

from collections.abc import Sequence

import pandas as pd

from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate
from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.key import model_name
from negneglect_lite.finetuning.recipe import Recipe


def label_rows(cell: Cell, table: pd.DataFrame) -> pd.DataFrame:
    """A run's table with belief.csv's columns, `belief` being the value; then `step` and the like."""
    return label_tables([Run(cell, Recipe())], [table])


def label_tables(runs: Sequence[Run], tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The runs' tables, one below the other, as `label_rows` labels each; then a column for each axis."""
    rows = pd.concat(tables, ignore_index=True).rename(columns={"value": "belief"})
    about = [{"model": model_name(run.cell.model), **run.cell.about, **run.axes} for run in runs]
    columns = pd.DataFrame(about).loc[[i for i, table in enumerate(tables) for _ in range(len(table))]]
    rows = pd.concat([rows, columns.reset_index(drop=True)], axis=1)
    axes = [name for name in columns.columns if name not in COLUMNS]
    more = [name for name in rows.columns if name not in (*COLUMNS, *axes)]
    return rows[[*COLUMNS, *more, *axes]]


def tabulate_sweep(rows: pd.DataFrame, axes: list[str]) -> pd.DataFrame:
    """The columns of rows.csv.gz: axes, claim, style, setting, seed, kind, item, value, and `step` and the like."""
    first = list(dict.fromkeys((*axes, "claim", "style", "setting", "seed", "kind", "item", "value")))  # style may vary
    rows = rows.rename(columns={"question_id": "item", "belief": "value"})
    return rows[[*first, *(name for name in rows.columns if name not in (*first, *COLUMNS, "cut", "inference"))]]


def list_weights(rows: pd.DataFrame) -> dict[str, str]:
    """`weights`: the hashes in the rows' column of that name, each once; nothing if there is no such column."""
    return {"weights": " ".join(sorted(set(rows["weights"].fillna("")) - {""}))} if "weights" in rows else {}


def summarise_sweep(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each combination of what varies and each quantity: mean, 95 % interval, lowest and highest seed.

    Where models of several pretraining seeds are pooled, a seed is a pair of pretraining and fine-tuning seed. The
    quantity `belief` is the paper's mean over four kinds of question; every other kind stands for itself. Intervals of
    rates are clustered by question (belief.rates.belief_rate); losses have none, but the range over seeds. A last
    column `weights`, where the rows have one, names the models behind a row by their weights.
    """
    seeds = [c for c in ("pretraining_seed", "seed") if c in rows.columns]
    axes = [c for c in rows.columns if c not in ("claim", "kind", "item", "value", "weights", *seeds)]
    made = []
    for values, group in rows.groupby(axes, sort=False, dropna=False):
        about = dict(zip(axes, values, strict=True))
        quantities = {kind: [kind] for kind in group["kind"].unique() if kind not in QUESTION_KINDS}
        if group["kind"].isin(QUESTION_KINDS).any():
            quantities = {"belief": list(QUESTION_KINDS), **quantities}
        for quantity, kinds in quantities.items():
            asked = group[group["kind"].isin(kinds)].rename(columns={"item": "question_id", "value": "belief"})
            if quantity.startswith("loss."):
                by_seed = asked.groupby(seeds)["belief"].mean()
                r = Rate(float(asked["belief"].mean()), float("nan"), float("nan"), asked["claim"].nunique())
            else:
                by_seed, r = _means_by(asked, seeds), belief_rate(asked, kinds)
            spread = {"lowest_seed": by_seed.min(), "highest_seed": by_seed.max(), "seeds": len(by_seed)}
            made.append({**about, "quantity": quantity, **r._asdict(), **spread, **list_weights(group)})
    return pd.DataFrame(made)


def _means_by(asked: pd.DataFrame, seeds: list[str]) -> "pd.Series[float]":
    """Each seed's rate, as belief_rate weighs: over questions, then kinds, then claims."""
    by = [*seeds, "claim", "kind", "question_id"]
    means = asked.groupby(by)["belief"].mean()
    while len(by := by[:-1]) >= len(seeds):
        means = means.groupby(by).mean()
    return means.round(12)
