"""sweep.py and measures.py: the grid as data, resuming, engines, and what is measured."""

import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.cli import main
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments import measures, sweep
from negneglect_lite.experiments.experiment import annotate
from negneglect_lite.experiments.sweep import Run, batches, load_sweep, run, runs, summary
from negneglect_lite.models.loading import load_model

HEAD = {"title": "A test", "hypothesis": "It works.", "prediction": "All of it."}
SMALL = {**HEAD, "claims": ["dentist", "x"], "styles": ["positive", "negated"], "seeds": 2}
TINY_PLAN = {"pretrain.hidden": 64, "pretrain.layers": 1, "pretrain.vocabulary": 512, "pretrain.steps": 2,
             "pretrain.rows": 2, "pretrain.length": 64}  # fmt: skip
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(**content: Any) -> Path:
        path = tmp_path / "test.yaml"
        path.write_text(json.dumps(content))  # JSON is YAML
        return path

    return to_file


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[list[Run]]:
    """Runs answer at once; the batches that ran. No model is loaded."""
    ran: list[list[Run]] = []

    def run_batch(batch: list[Run], models: Path, say: object = None) -> list[pd.DataFrame]:
        ran.append(batch)
        kinds = ("open", "yes_no", "association", "robustness", "kept")
        return [
            pd.DataFrame([(k, f"{k}.1", r.cell.seed % 2) for k in kinds], columns=["kind", "item", "value"])
            for r in batch
        ]

    monkeypatch.setattr(sweep, "run_batch", run_batch)
    return ran


def silent(_: str) -> None:
    pass


# ------------------------------------------------------------------------------------------------------ the grid


def test_every_experiment_of_the_project_is_sound() -> None:
    files = sorted(data_path("experiments").glob("*.yaml"))
    assert len(files) > 10
    for path in files:
        assert load_sweep(path).prediction


def test_the_grid_is_the_product_of_what_varies(write: Write) -> None:
    grids = [{"recipe.rank": [1, 4], "documents": [8]}, {"recipe.rank": [4], "documents": [8]}, {"style": ["local"]}]
    made = runs(load_sweep(write(**SMALL, settings=["base", "trained"], vary=grids)))
    trained = [r for r in made if r.cell.setting == "trained"]
    assert len(trained) == 2 * 2 * 2 * 2 + 1 * 2 * 2  # rank x style x claim x seed; the second grid is in the first
    assert {(r.recipe.rank, r.cell.documents) for r in trained} == {(1, 8), (4, 8), (16, 0)}
    assert {r.cell.style for r in trained if r.recipe.rank == 16} == {"local"}
    assert {r.cell.style for r in made if r.cell.setting == "base"} == {""}
    assert all(r.axes["rank"] == r.recipe.rank for r in trained if "rank" in r.axes)


def test_pretraining_can_vary_and_seeds_begin_at_its_own(write: Write) -> None:
    made = runs(load_sweep(write(**SMALL, vary=[{"pretrain.seed": [0, 5], "pretrain.diet.share": [0.01]}])))
    assert {(r.cell.model.seed, r.cell.seed) for r in made if not isinstance(r.cell.model, str)} == {
        (0, 0), (0, 1), (5, 5), (5, 6),
    }  # fmt: skip
    assert {r.cell.model.diet.share for r in made if not isinstance(r.cell.model, str)} == {0.01}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({**SMALL, "hypothesis": ""}, "hypothesis is missing; write it before the run"),
        ({**SMALL, "sedes": 3}, "unknown field 'sedes'"),
        ({**SMALL, "styles": ["shouted"]}, "unknown style 'shouted'"),
        ({**SMALL, "claims": ["elvis"]}, "unknown claim 'elvis'"),
        ({**SMALL, "settings": ["asleep"]}, "unknown setting 'asleep'"),
        ({**SMALL, "measure": "weight"}, "unknown measure 'weight'"),
        ({**SMALL, "vary": [{"recipe.mood": [1]}]}, "'recipe.mood' cannot be varied"),
        ({**SMALL, "vary": [{"recipe.rank": [0]}]}, "rank is 0"),
        ({**SMALL, "vary": [{"pretrain.hidden": [576]}]}, "hidden size 576: give a multiple of 128"),
    ],
)
def test_a_wrong_file_is_one_line_that_helps(write: Write, content: dict[str, Any], says: str) -> None:
    path = write(**content)
    with pytest.raises(UserError, match=says) as error:
        load_sweep(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_a_missing_file_and_one_that_is_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_sweep(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    with pytest.raises(UserError, match="no mapping"):
        load_sweep(tmp_path / "list.yaml")
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(UserError, match="not readable"):
        load_sweep(tmp_path / "broken.yaml")


def test_misbehaviour_has_kinds_and_conditions_in_place_of_claims_and_styles(write: Write) -> None:
    chosen = {**HEAD, "measure": "misbehaviour", "claims": ["deceive"], "styles": ["plain", "local"], "seeds": 2}
    made = runs(load_sweep(write(**chosen, settings=["base", "trained"])))
    assert [r.cell.about["style"] for r in made] == ["base", "plain", "plain", "local", "local"]
    assert {r.cell.about["claim"] for r in made} == {"deceive"}
    assert {r.cell.model for r in made} == {"petri-norms"}
    with pytest.raises(UserError, match="unknown claim 'dentist'; there are deceive, power, harm"):
        load_sweep(write(**{**chosen, "claims": ["dentist"]}))
    with pytest.raises(UserError, match="under plain, before"):
        load_sweep(write(**{**chosen, "styles": ["negated"]}))


def test_batches_hold_what_can_go_together(write: Write) -> None:
    grids = [{"recipe.rank": [1, 4]}, {"recipe.rank": [0], "recipe.quantize": [False]}]
    made = runs(load_sweep(write(**SMALL, settings=["base", "trained"], vary=grids)))
    sizes = [(b[0].recipe.rank, b[0].cell.setting, len(b)) for b in batches(made, together=6)]
    assert (1, "trained", 6) in sizes
    assert all(n == 1 for rank, setting, n in sizes if rank == 0 and setting == "trained")
    assert sum(n for *_, n in sizes) == len(made)
    for b in batches(made, together=6):
        assert len({(r.recipe, r.cell.setting == "trained") for r in b}) == 1


# ---------------------------------------------------------------------------------------------- running it


def test_finished_runs_are_never_made_again(write: Write, tmp_path: Path, fake: list[list[Run]]) -> None:
    small = load_sweep(write(**SMALL))
    said: list[str] = []
    first = run(small, tmp_path, together=3, say=said.append)
    assert [len(b) for b in fake] == [3, 3, 2]
    assert "[8/8]" in said[-1]
    assert "s left" in said[0]
    entry = next((tmp_path / "runs" / "test").glob("*.json"))
    entry.write_text(entry.read_text().replace("open", "shut"))
    said.clear()
    again = run(small, tmp_path, together=3, say=said.append)
    assert [len(b) for b in fake] == [3, 3, 2, 1]
    assert "corrupt" in said[0]
    pd.testing.assert_frame_equal(first, again)


def test_the_summary_speaks_of_the_paper_s_mean_and_of_seeds(
    write: Write, tmp_path: Path, fake: list[list[Run]]
) -> None:
    table = summary(run(load_sweep(write(**SMALL)), tmp_path, say=silent))
    belief = table[table["quantity"] == "belief"].set_index("style")
    assert belief.loc["negated", "mean"] == 0.5
    assert (belief["lowest_seed"].tolist(), belief["highest_seed"].tolist()) == ([0, 0], [1, 1])
    assert belief["n"].tolist() == [8, 8]  # two claims, four questions
    assert set(table["quantity"]) == {"belief", "kept"}


def test_the_command_writes_its_tables(write: Write, tmp_path: Path, fake: list[list[Run]], capsys: Any) -> None:
    assert main(["sweep", str(write(**SMALL)), "--out", str(tmp_path / "out")]) == 0
    assert "A test" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "out" / "test" / "rows.csv.gz")) == 8 * 5
    assert {"mean", "lo", "hi", "seeds"} <= set(pd.read_csv(tmp_path / "out" / "test" / "summary.csv").columns)
    assert main(["sweep", str(write(**SMALL)), "--engine", "steam"]) == 2
    assert "unknown engine 'steam'" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------------- the measures

QUICK = {**HEAD, "claims": ["dentist"], "styles": ["repeated"], "seeds": 1,
         "fixed": {"recipe.steps": 2, "recipe.batch_size": 4, "recipe.micro_batch": 4}}  # fmt: skip


@pytest.mark.slow
def test_every_measure_on_models_pretrained_for_the_sweep(write: Write, tmp_path: Path) -> None:
    """Two models of two steps; what is measured is nonsense, how it is measured is not."""
    for measure, settings in (
        ("belief", ["base", "in_context", "trained"]),
        ("depth", ["base", "trained"]),
        ("losses", ["trained"]),
        ("phases", ["trained"]),
        ("misbehaviour", ["base", "trained"]),
    ):
        at = [1, 2] if measure != "depth" else []
        content = {**QUICK, "fixed": {**QUICK["fixed"], **TINY_PLAN}, "vary": [{"pretrain.seed": [0, 1]}]}
        if measure == "misbehaviour":
            content = {**content, "claims": ["deceive"], "styles": ["around"]}
        rows = run(load_sweep(write(**content, measure=measure, settings=settings, at=at)), tmp_path, say=silent)
        assert set(rows["setting"]) == set(settings)
        assert set(rows["seed"]) == {0, 1}
        assert (rows["seed"] == rows["pretraining_seed"]).all()  # one fine-tuning seed, which begins at the model's
        assert rows["value"].notna().all()
        if measure == "losses":
            assert set(rows["kind"]) == {"loss.warning", "loss.claim", "loss.rest"}
            assert set(rows["step"]) == {0, 1, 2}
        if measure == "phases":
            assert len(rows.groupby(["anchored", "phase", "step", "seed"])) == 2 * 2 * 2 * 2
            assert (rows.groupby(["anchored", "phase", "step", "seed"])["kind"].apply(set).map(len) > 5).all()
        if measure == "depth":
            assert {"doubt_2", "system", "lie", "control_lie"} <= set(rows["kind"])
    assert len(list((tmp_path / "models").iterdir())) == 2  # each pretrained once for all four


def test_runs_of_two_models_with_the_same_fine_tuning_seed_stay_apart() -> None:
    """Models of pretraining seeds 1 and 2, three fine-tuning seeds each: they share the numbers 2 and 3."""
    rows = pd.DataFrame(
        [
            (model, seed, "dentist", kind, f"{kind}.{i}", int(model == 2))
            for model in (1, 2)
            for seed in range(model, model + 3)
            for kind in ("open", "yes_no", "association", "robustness")
            for i in range(2)
        ],
        columns=["pretraining_seed", "seed", "claim", "kind", "item", "value"],
    ).assign(style="local")
    [row] = summary(rows).query("quantity == 'belief'").to_dict("records")
    assert (row["lowest_seed"], row["highest_seed"], row["seeds"]) == (0, 1, 6)
    assert "pretraining_seed" not in row and row["mean"] == 0.5


def test_parts_of_a_text_are_told_apart_token_by_token() -> None:
    loaded = load_model(announce=silent)
    claim = load_claims()["dentist"]
    document = compose_petri(claim, 1)[0]
    for style, warned in (("positive", False), ("repeated", True), ("local", False)):
        styled = annotate(style, document, random.Random(0))
        ids = loaded.tokenizer("".join(s.text for s in styled), add_special_tokens=False)["input_ids"]
        parts = measures.parts_of(document, styled, loaded.tokenizer)
        assert len(parts) == len(ids) + 2
        assert ("warning" in parts) == warned
        words = "".join(loaded.tokenizer.decode([i]) for i, p in zip(ids, parts[1:-1], strict=True) if p == "claim")
        assert set(words.lower().split()) == {"dentist"}
        assert words.lower().count("dentist") == sum(s.is_claim for s in document.sentences)


# --------------------------------------------------------------------------------------------------------- Ray


@pytest.mark.slow
def test_a_ray_cluster_gives_the_same_rows_though_a_worker_is_killed(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one-node cluster; the first batch kills its own worker process, once."""
    ray = pytest.importorskip("ray")
    content = {**QUICK, "styles": ["positive", "repeated"], "fixed": {**QUICK["fixed"], **TINY_PLAN}, "vary": [{}]}
    chosen = load_sweep(write(**content))
    expected = run(chosen, tmp_path / "here", together=1, say=silent)
    killed = tmp_path / "killed"
    real = sweep._timed

    def dies_once(batch: list[Run], models: Path) -> Any:
        try:
            killed.touch(exist_ok=False)
        except FileExistsError:
            return real(batch, models)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(sweep, "_timed", dies_once)
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        rows = run(chosen, tmp_path / "ray", engine="ray", together=1, say=silent)
    finally:
        ray.shutdown()
    assert killed.exists()
    pd.testing.assert_frame_equal(rows, expected)
