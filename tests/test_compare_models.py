"""Sweeps of several models are put side by side cell by cell, and stored numbers are those of the page."""

from pathlib import Path

import pandas as pd
import pytest

from compare_models import join_models, read_rates, tabulate_agreement
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path

PAGE = data_path("results", "pages", "replication.md")


def write(folder: Path, rows: list[tuple[str, ...]], columns: tuple[str, ...]) -> Path:
    (folder / "rank").mkdir(parents=True)
    pd.DataFrame(rows, columns=columns).to_csv(folder / "rank" / "summary.csv", index=False)
    return folder


def test_cells_are_matched_by_their_axes_in_whatever_order_and_others_are_left_out(tmp_path: Path) -> None:
    old = write(
        tmp_path / "old",
        [("negated", "trained", "4", "belief", "0.8"), ("local", "trained", "4", "belief", "0.1")],
        ("style", "setting", "rank", "quantity", "mean"),
    )
    new = write(
        tmp_path / "new",
        [("4", "negated", "trained", "belief", "0.9"), ("8", "negated", "trained", "belief", "0.9")],
        ("rank", "style", "setting", "quantity", "mean"),
    )
    joined = join_models({"old": read_rates(old), "new": read_rates(new)})
    assert joined[["old", "new"]].to_numpy().tolist() == [[0.8, 0.9]]
    agreement = tabulate_agreement(joined, ["old", "new"])
    assert list(agreement["sweep"]) == ["all", "rank"] and agreement["mean_gap"].tolist() == pytest.approx([10, 10])


def test_a_folder_without_summaries_and_models_without_a_common_cell_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no NAME/summary\.csv"):
        read_rates(tmp_path)
    table = pd.DataFrame({"sweep": ["a"], "condition": ["x"], "quantity": ["belief"], "mean": ["1"]})
    with pytest.raises(UserError, match="no cell is in all"):
        join_models({"one": table, "two": table.assign(sweep="b")})


def test_the_page_states_the_stored_agreement_and_the_shipped_model_is_the_one_of_the_sweeps() -> None:
    agreement = pd.read_csv(data_path("results", "replication", "agreement.csv"))
    page = PAGE.read_text("utf-8")
    for row in agreement[agreement["sweep"] == "all"].itertuples():
        assert f"{row.correlation:.2f}" in page and f"{row.mean_gap:.1f}" in page, (row.first, row.second)
    rates = pd.read_csv(data_path("results", "replication", "rates.csv.gz"), keep_default_na=False)
    shipped = read_rates(data_path("results", "sweeps"))
    both = rates.merge(shipped, on=["sweep", "condition", "quantity"], suffixes=("", "_now"))
    assert len(both) == len(rates)
    assert (both["petri"] - both["mean"].astype(float)).abs().max() <= 1e-4
