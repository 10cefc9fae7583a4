"""A result names its model by its weights: a seed names only the texts that it was pretrained on."""

from pathlib import Path

import pandas as pd
import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import data_path, sha256
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.key import name_weights
from negneglect_lite.experiments.runner import make_batch
from negneglect_lite.experiments.summary import list_weights, summarise_sweep, tabulate_sweep
from negneglect_lite.finetuning.recipe import Recipe


def test_a_model_has_the_name_of_its_weights(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name_weights("petri") == sha256(data_path("petri", "model", "model.safetensors"))[:12]
    assert name_weights(str(tiny_folder)) == sha256(tiny_folder / "model.safetensors")[:12]
    assert name_weights("somebody/never-loaded") == ""
    monkeypatch.setattr(
        "negneglect_lite.experiments.key.try_to_load_from_cache", lambda *_: str(tiny_folder / "config.json")
    )
    assert name_weights("somebody/loaded") == name_weights(str(tiny_folder))  # by its file in the cache


def test_a_run_carries_it(tiny_folder: Path, tmp_path: Path) -> None:
    cell = Cell(str(tiny_folder), load_claims()["dentist"], "base")
    (table,) = make_batch([Run(cell, Recipe(quantize=False))], tmp_path / "models", tmp_path / "adapter")
    assert set(table["weights"]) == {name_weights(str(tiny_folder))}


def test_a_summary_lists_the_models_behind_each_row() -> None:
    rows = pd.DataFrame(
        [
            (seed, "dentist", "local", "trained", kind, kind, 0, weights)
            for seed, weights in ((1, "bbb"), (2, "aaa"), (3, None))  # the last from before models were named
            for kind in ("open", "yes_no", "association", "robustness")
        ],
        columns=["seed", "claim", "style", "setting", "kind", "question_id", "belief", "weights"],
    )
    swept = tabulate_sweep(rows, [])
    assert "weights" in swept
    [row] = summarise_sweep(swept).to_dict("records")
    assert row["weights"] == "aaa bbb" and row["seeds"] == 3
    assert "weights" not in summarise_sweep(swept.drop(columns="weights"))
    assert list_weights(rows) == {"weights": "aaa bbb"} and list_weights(rows.drop(columns="weights")) == {}
