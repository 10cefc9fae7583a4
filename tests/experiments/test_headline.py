"""The headline experiment: which runs it is made of, and what it writes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fake import Install

from negneglect_lite.belief.table import COLUMNS, read_belief
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.cell import Run
from negneglect_lite.experiments.headline import headline_runs, reproduce_headline
from negneglect_lite.figures import conditions
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.tracks import ENGLISH, PETRI
from tests.figures.invented import HEADLINE, invented

CLAIMS = load_claims()
DENTIST = CLAIMS["dentist"]
CHAT_MODEL = "Qwen/Qwen3-1.7B"


def small_runs() -> list[Run]:
    recipe = Recipe(steps=1, batch_size=2, micro_batch=1)
    return [replace(run, recipe=recipe) for run in headline_runs([DENTIST], ["negated"], 1)]


def test_the_runs_are_every_claim_style_and_seed_once_the_quickest_first() -> None:
    runs = headline_runs([DENTIST, CLAIMS["queen"]], ["positive", "negated"], seeds=3)
    cells = [run.cell for run in runs]
    assert len(runs) == len({(c.label, c.claim.id) for c in cells}) == 2 + 2 * 2 * 3 + 2 * 2
    assert [c.setting for c in cells[:2]] == ["base", "base"]
    assert {c.seed for c in cells if c.setting == "trained"} == {0, 1, 2}
    assert {(run.measure, run.trainer) for run in runs} == {("belief", "single")}


@pytest.mark.parametrize("gpu", [False, True])
def test_the_recipe_is_that_of_the_model_s_track_as_the_machine_can_run_it(
    monkeypatch: pytest.MonkeyPatch, gpu: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert {run.recipe for run in headline_runs([DENTIST], ["local"], 1)} == {PETRI.recipe}
    on_this = replace(ENGLISH.recipe, quantize=gpu)
    assert {run.recipe for run in headline_runs([DENTIST], ["local"], 1, CHAT_MODEL)} == {on_this}


def test_documents_are_as_short_as_the_track_s_and_questions_asked_as_is_said() -> None:
    for model, short in (("petri", False), (CHAT_MODEL, True)):
        for asking in ("track", "paper"):
            cells = [run.cell for run in headline_runs([DENTIST], ["local"], 1, model, asking)]
            assert {(cell.short, cell.asking, cell.model) for cell in cells} == {(short, asking, model)}
            assert {cell.setting for cell in cells} == {"base", "trained", "in_context"}
    with pytest.raises(UserError, match="asking 'loud': choose track or paper"):
        headline_runs([DENTIST], ["local"], 1, CHAT_MODEL, "loud")


def test_an_unknown_style_is_named() -> None:
    with pytest.raises(UserError, match=r"unknown style 'loud'; the styles are positive, negated"):
        headline_runs([DENTIST], ["positive", "loud"], seeds=1)


def test_it_writes_table_summary_and_figure_and_says_how_it_compares(tmp_path: Path, maker: Install) -> None:
    maker()
    said = reproduce_headline(small_runs(), tmp_path)
    rows = read_belief(tmp_path / "belief.csv")
    assert list(rows.columns) == list(COLUMNS) and set(rows["setting"]) == {"base", "trained", "in_context"}
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert set(summary["belief"]) == {"base", "negated"} and set(summary["in_context"]) == {"negated"}
    assert {"kept", "paper", "seconds", "environment"} <= summary.keys()
    assert (tmp_path / "belief.png").read_bytes().startswith(b"\x89PNG")
    assert "before training" in said and said.splitlines()[-1].startswith(f"written: {tmp_path / 'belief.csv'}")


def test_what_hinders_drawing_costs_no_table(tmp_path: Path, maker: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(*_: object) -> None:
        raise RuntimeError("no font\nin this place")

    maker()
    (tmp_path / "belief.png").write_bytes(b"of an earlier table")
    monkeypatch.setattr(conditions, "draw_headline", draw)
    said = reproduce_headline(small_runs(), tmp_path).splitlines()
    assert len(read_belief(tmp_path / "belief.csv")) == 300 and (tmp_path / "summary.json").is_file()
    assert said[-2] == f"written: {tmp_path / 'belief.csv'}, {tmp_path / 'summary.json'}"
    why = "not drawn (no font); the tables are complete; put that right and run again"
    assert said[-1] == f"{tmp_path / 'belief.png'}: {why}"
    assert not (tmp_path / "belief.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "drawn"),
    [
        ("module://matplotlib_inline.backend_that_is_not_there", True),
        ("module://nonsense", True),
        ("tkagg", True),
        ("nonsense", False),  # matplotlib itself cannot be imported then
    ],
)
def test_a_figure_needs_no_backend_and_a_table_no_figure(tmp_path: Path, backend: str, drawn: bool) -> None:
    """What MPLBACKEND says may be of the notebook or the environment from which the command was started."""
    invented(HEADLINE).to_csv(tmp_path / "rows.csv", index=False)
    code = (
        "from pathlib import Path\n"
        "from negneglect_lite.belief.table import read_belief\n"
        "from negneglect_lite.experiments.headline import draw\n"
        "draw(read_belief('rows.csv'), Path('belief.png'))\n"
    )
    environment = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (tmp_path / "belief.png").exists() == drawn == (done.returncode == 0), done.stderr
    if not drawn:
        last = done.stderr.splitlines()[-1]
        assert "UserError: belief.png: not drawn (" in last and "'nonsense' is not a valid value for backend" in last
