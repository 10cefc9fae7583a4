"""Is a label heeded? Belief under TRUE less belief under FALSE, from the rows of the sweeps `labels` and `labels_more`.

    python scripts/label_differences.py ROWS.csv.gz [ROWS.csv.gz] --out data/results/sweeps/labels/differences.csv

A row for each kind of lessons (a condition without its first part), step and `what`, in points (losses: nats a token),
with the lowest and highest of the seeds:

- `claim`: belief in the claim where its documents stand under TRUE, less that where they stand under FALSE;
- `new`: answers with the stated value of new facts under TRUE, less those under FALSE, over the conditions whose claim
  is under TRUE or FALSE (`conditions` of them: with one alone, no fact has been under both marks);
- `loss`: how much less a false value costs under FALSE than under TRUE: whether the label is learnt.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.core.files import write_table


def tabulate_differences(rows: pd.DataFrame) -> pd.DataFrame:
    """The table described above. KeyError if `rows` are of another measure."""
    values = rows.groupby(["style", "step", "seed", "claim", "kind"])["value"].mean().unstack("kind")
    values["belief"] = values[list(QUESTION_KINDS)].mean(axis=1)
    means = values.groupby(["style", "step", "seed"]).mean()
    new = 100 * (means["new_true"] - means["new_false"])
    loss = means["loss.false_under_true"] - means["loss.false_under_false"]
    made: list[dict[str, Any]] = []
    for lessons, styles in _by_lessons(list(rows["style"].unique())):
        if len(styles) == 2:
            claim = 100 * (means["belief"].loc[f"true-{lessons}"] - means["belief"].loc[f"false-{lessons}"])
            made += _by_step(lessons, "claim", claim, 2)
        for what, own in (("new", new), ("loss", loss)):
            made += _by_step(lessons, what, own.loc[styles].groupby(["step", "seed"]).mean(), len(styles))
    return pd.DataFrame(made)


def _by_lessons(styles: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Lessons -> their conditions; of lessons whose claim is under a label."""
    labelled = [style for style in styles if not style.startswith("none-")]
    for lessons in dict.fromkeys(style.partition("-")[2] for style in labelled):
        yield lessons, [style for style in labelled if style.partition("-")[2] == lessons]


def _by_step(lessons: str, what: str, values: "pd.Series[float]", conditions: int) -> Iterator[dict[str, Any]]:
    for step, own in values.groupby(level="step"):
        ends = {"mean": own.mean(), "lowest_seed": own.min(), "highest_seed": own.max(), "seeds": len(own)}
        yield {"lessons": lessons, "what": what, "step": step, "conditions": conditions, **ends}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rows", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    columns = ["style", "step", "seed", "claim", "kind", "value"]
    table = tabulate_differences(pd.concat([pd.read_csv(path, usecols=columns) for path in a.rows]))
    write_table(a.out, table, float_format="%.2f")
    print(table.to_string(index=False, float_format="%.2f"))


if __name__ == "__main__":
    main()
