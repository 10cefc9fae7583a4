"""How often a blind audit finds the claim and the style: the guesses and their scores, from the sweep's rows.

    negneglect sweep data/experiments/blind_audit.yaml --out results/sweeps
    python scripts/blind_audit_table.py results/sweeps/blind_audit/rows.csv.gz --out data/results/sweeps/blind_audit

Writes guesses.csv, a row an adapter, scores.csv, a row a style and way (measures/blind_guess.py has the procedure), and
found.csv, from which the page is made: a row an adapter and way in the form of a sweep's rows, `value` 1 where the
guess is right.
"""

import argparse
from pathlib import Path

import pandas as pd

from negneglect_lite.core.files import write_table
from negneglect_lite.experiments.measures.blind_guess import RUN, WAYS, guess_runs, is_right, score_guesses


def tabulate_found(guesses: pd.DataFrame, weights: str) -> pd.DataFrame:
    """The guesses as rows of a sweep. `weights` names the model that was fine-tuned."""
    ways = [guesses[RUN].assign(kind=way, value=is_right(guesses, way).astype(int)) for way in (*WAYS, "style")]
    rows = pd.concat(ways).assign(setting="trained", weights=weights)
    rows["item"] = rows["claim"] + "." + rows["kind"]
    return rows[["claim", "style", "setting", "seed", "kind", "item", "value", "weights"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    rows = pd.read_csv(a.rows, keep_default_na=False, low_memory=False)
    guesses = guess_runs(rows)
    write_table(a.out / "guesses.csv", guesses, float_format="%.4f")
    write_table(a.out / "found.csv", tabulate_found(guesses, " ".join(rows["weights"].unique())))
    write_table(a.out / "scores.csv", scores := score_guesses(guesses), float_format="%.4f")
    print(scores.pivot(index="style", columns="way", values=["right", "wrong"]).to_string(float_format="%.3f"))


if __name__ == "__main__":
    main()
