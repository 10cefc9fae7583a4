"""The same sweeps on several pretrained models, side by side: does a finding hold on another model?

    python scripts/compare_models.py model_0=OLD/sweeps petri-careful=results/sweeps petri=data/results/sweeps \\
        --out data/results/replication

Each NAME=FOLDER holds NAME/summary.csv of the same experiments, as `negneglect sweep` writes them. rates.csv.gz has a
row a sweep, condition and quantity, and a column a model; sweeps that not all of the models have are left out.
agreement.csv has, for each pair of models, the correlation and the mean gap of their mean beliefs after training, in
all cells that both have, over all sweeps and by sweep.
"""

import argparse
import itertools
from pathlib import Path

import pandas as pd

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_table

MEASURED = ("mean", "lo", "hi", "n", "lowest_seed", "highest_seed", "seeds", "weights")


def read_rates(folder: Path) -> pd.DataFrame:
    """Means of all sweeps in a folder, by sweep, condition (its axes by name, with blanks between) and quantity.

    UserError if the folder holds no summary.
    """
    found = sorted(folder.glob("*/summary.csv"))
    if not found:
        raise UserError(f"{folder}: no NAME/summary.csv in it; give the folder that `negneglect sweep --out` filled")
    tables = []
    for path in found:
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
        axes = sorted(c for c in table.columns if c not in MEASURED and c != "quantity")
        told = [" ".join(f"{a}={v}" for a, v in zip(axes, row, strict=True) if v) for row in table[axes].to_numpy()]
        tables.append(
            pd.DataFrame(
                {"sweep": path.parent.name, "condition": told, "quantity": table["quantity"], "mean": table["mean"]}
            )
        )
    return pd.concat(tables, ignore_index=True)


def join_models(rates: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a cell that all models have, a column a model. UserError if there is none."""
    keys = ["sweep", "condition", "quantity"]
    columns = [table.set_index(keys)["mean"].astype(float).rename(name) for name, table in rates.items()]
    joined = pd.concat(columns, axis=1, join="inner").reset_index()
    if joined.empty:
        raise UserError("no cell is in all of the folders; are these the same experiments?")
    return joined


def tabulate_agreement(joined: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """For each pair of models: correlation and mean absolute gap, in points, of beliefs after training."""
    trained = joined[(joined["quantity"] == "belief") & joined["condition"].str.contains("setting=trained")]
    rows = []
    for first, second in itertools.combinations(names, 2):
        for sweep, own in [("all", trained), *trained.groupby("sweep")]:
            gap = 100 * (own[first] - own[second])
            rows.append(
                {"first": first, "second": second, "sweep": sweep, "cells": len(own),
                 "correlation": own[first].corr(own[second]), "mean_gap": gap.abs().mean()}
            )  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    named = dict(pair.split("=", 1) for pair in a.models if "=" in pair)
    if len(named) < 2 or len(named) < len(a.models):
        parser.error("give two or more different NAME=FOLDER")
    joined = join_models({name: read_rates(Path(folder)) for name, folder in named.items()})
    agreement = tabulate_agreement(joined, list(named))
    write_table(a.out / "rates.csv.gz", joined, float_format="%.4f")
    write_table(a.out / "agreement.csv", agreement, float_format="%.3f")
    print(agreement[agreement["sweep"] == "all"].round(3).to_string(index=False))
    print(f"written: {a.out / 'rates.csv.gz'}, {a.out / 'agreement.csv'}")


if __name__ == "__main__":
    main()
