"""scripts/hidden_table.py: what is left of the claim where nothing is told, beside the same claims before training."""

from pathlib import Path

import pandas as pd
import pytest

import hidden_table
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path

ROWS = [  # setting, style, claim, seed, kind, share
    ("base", "", "a", 0, "open", 0.0), ("base", "", "a", 0, "opening", 0.1),
    ("base", "", "b", 0, "open", 0.0), ("base", "", "b", 0, "opening", 0.3),
    ("trained", "local", "a", 0, "open", 0.0), ("trained", "local", "a", 0, "opening", 0.6),
    ("trained", "local", "b", 0, "open", 1.0), ("trained", "local", "b", 0, "opening", 0.9),
    ("trained", "local", "a", 0, "loss.opening.claim", 4.0), ("trained", "local", "b", 0, "loss.opening.claim", 2.0),
]  # fmt: skip


def test_untold_pairs_are_compared_with_their_own_claims_before_training(tmp_path: Path) -> None:
    rows = pd.DataFrame(ROWS, columns=["setting", "style", "claim", "seed", "kind", "value"])
    path = tmp_path / "rows.csv.gz"
    rows.assign(item=rows["claim"] + "." + rows["kind"]).to_csv(path, index=False)
    table = hidden_table.tabulate_hidden(hidden_table.read_probes(path)).set_index(["style", "kind"])
    told, opening = table.loc[("local", "told")], table.loc[("local", "opening")]
    assert told["mean"] == 0.5 and told["pairs"] == 1  # b is told, a is not
    assert [opening[c] for c in ("mean", "untold", "before")] == pytest.approx([0.75, 0.6, 0.1])
    assert table.loc[("local", "loss.opening.claim"), "mean"] == 3.0
    shown = hidden_table.show(table.reset_index())
    assert "75 (60, 10)" in shown and "loss" not in shown


def test_the_stored_grid_gives_the_stored_table() -> None:
    stored = pd.read_csv(data_path("results", "real", "grid", "hidden.csv"), keep_default_na=False, na_values=[""])
    made = hidden_table.tabulate_hidden(
        hidden_table.read_probes(data_path("results", "real", "grid", "answers.csv.gz"))
    )
    made["style"] = made["style"].replace("", float("nan"))
    pd.testing.assert_frame_equal(made, stored, check_dtype=False, atol=6e-5)
    local = made[(made["setting"] == "trained") & (made["style"] == "local")].set_index("kind")["mean"]
    assert local["told"] < 0.15 and local["opening"] > 0.5  # the finding: what is not told is not gone


def test_answers_without_openings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    pd.DataFrame(
        [("trained", "local", "a", 0, "open", "x", 1)],
        columns=["setting", "style", "claim", "seed", "kind", "item", "value"],
    ).to_csv(path)
    with pytest.raises(UserError, match="no openings; make it with the measure hidden"):
        hidden_table.read_probes(path)
