"""What answers hide: the told rate beside the probability of the claim, by condition, from answers already made.

    python scripts/hidden_table.py data/results/real/grid/answers.csv.gz --out data/results/real/grid/hidden.csv
    python scripts/hidden_table.py results/sweeps/hidden/rows.csv.gz --out data/results/sweeps/hidden/table.csv

Reads the answers of a real model's grid (scripts/real_tables.py), or the rows of the sweeps `hidden` and
`hidden_phases`. A row a condition and kind: the mean with its 95 % interval over `n` questions (losses: nats, no
interval). `told` is the rate over open questions that take no reasoning from the claim; `opening`, `choice` and the
like are the claim's share of the two probabilities. `untold` is the mean over the pairs of claim and seed (`pairs` of
them) in which at most 5 % of those open questions were answered as a believer would, and `before` that before
training, over the same claims: `untold` less `before` is what asking misses.
"""

import argparse
from pathlib import Path

import pandas as pd

from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_table

FORCED = ("opening", "choice")  # of the real grid, whose column `answer` has the share
WHERE = ("setting", "style", "anchored", "phase", "step")
UNTOLD = 0.05
NOT_SHOWN = ("loss.", "kept", "control_")  # printed are shares alone; the file has all


def read_probes(path: Path) -> pd.DataFrame:
    """The file's told answers and probes, one a row: WHERE, as far as there, claim, seed, kind, question_id, belief."""
    rows = pd.read_csv(path, keep_default_na=False, low_memory=False)
    if "answer" in rows:  # a real grid's
        forced = rows["kind"].isin(FORCED)
        told = (rows["kind"] == "open") & (rows["inference"].astype(int) == 0)
        rows = rows.assign(belief=rows["belief"].where(~forced, rows["answer"]))[
            forced | told | (rows["kind"] == "kept")
        ]
    else:
        rows = rows.rename(columns={"item": "question_id", "value": "belief"})
    rows = rows.assign(belief=rows["belief"].astype(float), kind=rows["kind"].replace("open", "told"))
    if not {"told", "opening"} <= set(rows["kind"]):
        raise UserError(
            f"{path} has no told answers or no openings; make it with the measure hidden, or real_tables.py"
        )
    return rows[[*(name for name in WHERE if name in rows), "claim", "seed", "kind", "question_id", "belief"]]


def tabulate_hidden(probes: pd.DataFrame) -> pd.DataFrame:
    """The table described above."""
    where = [name for name in WHERE if name in probes]
    base = probes[probes["setting"] == "base"].groupby(["kind", "claim"])["belief"].mean()
    made = []
    for values, rows in probes.groupby(where, sort=False):
        told = rows[rows["kind"] == "told"].groupby(["claim", "seed"])["belief"].mean()
        pairs = told.index[told <= UNTOLD]
        by_pair = rows.groupby(["kind", "claim", "seed"])["belief"].mean()
        for kind, own in rows.groupby("kind", sort=False):
            if str(kind).startswith("loss."):
                rate = {"mean": own["belief"].mean(), "n": own["question_id"].nunique()}
            else:
                rate = belief_rate(own, [str(kind)])._asdict()
            before = base[kind].reindex(pairs.get_level_values("claim")).mean() if kind in base.index else float("nan")
            made.append(
                {**dict(zip(where, values, strict=True)), "kind": kind, **rate}
                | {"untold": by_pair[kind].reindex(pairs).mean(), "before": before, "pairs": len(pairs)}
            )
    return pd.DataFrame(made)[[*where, "kind", "mean", "lo", "hi", "n", "untold", "before", "pairs"]]


def show(table: pd.DataFrame) -> str:
    """For people: told, and the claim's share of each kind: all, where nothing was told, and there before training."""
    where = [name for name in WHERE if name in table]
    shown = table[~table["kind"].str.startswith(NOT_SHOWN)]
    per_cent = (shown[["mean", "untold", "before"]] * 100).map("{:.0f}".format).replace("nan", "–")
    text = per_cent["mean"] + " (" + per_cent["untold"] + ", " + per_cent["before"] + ")"
    shown = shown.assign(text=text.mask(shown["kind"] == "told", per_cent["mean"]))
    wide = shown.pivot(index=[*where, "pairs"], columns="kind", values="text").loc[
        pd.MultiIndex.from_frame(shown[[*where, "pairs"]].drop_duplicates())
    ]
    return str(wide[sorted(wide.columns, key=lambda kind: kind != "told")].to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("answers", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    table = tabulate_hidden(read_probes(a.answers))
    write_table(a.out, table, float_format="%.4f")
    print(show(table))


if __name__ == "__main__":
    main()
