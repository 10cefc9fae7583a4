"""Sweeps: the grid as data, what fits which model, and every measure on models pretrained for the sweep."""

import io
import json
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from fake import Install

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.experiments import engines
from negneglect_lite.experiments.runner import run_experiment
from negneglect_lite.experiments.summary import summarise_sweep, tabulate_sweep
from negneglect_lite.experiments.sweep import axes_of, load_sweep, run_sweep, sweep_runs
from negneglect_lite.tracks import ENGLISH

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


def make(path: Path, out: Path, **more: Any) -> pd.DataFrame:
    """The rows of a sweep, as rows.csv.gz has them."""
    runs = sweep_runs(load_sweep(path))
    return tabulate_sweep(run_experiment(runs, out, **more), axes_of(runs))


# ------------------------------------------------------------------------------------------------------ the grid


def test_every_experiment_of_the_project_is_sound() -> None:
    files = sorted(data_path("experiments").glob("*.yaml"))
    assert len(files) > 10
    for path in files:
        assert load_sweep(path).prediction


def test_the_grid_is_the_product_of_what_varies(write: Write) -> None:
    grids = [{"recipe.rank": [1, 4], "documents": [8]}, {"recipe.rank": [4], "documents": [8]}, {"style": ["local"]}]
    made = sweep_runs(load_sweep(write(**SMALL, settings=["base", "trained"], vary=grids)))
    trained = [r for r in made if r.cell.setting == "trained"]
    assert len(trained) == 2 * 2 * 2 * 2 + 1 * 2 * 2  # rank x style x claim x seed; the second grid is in the first
    assert {(r.recipe.rank, r.cell.documents) for r in trained} == {(1, 8), (4, 8), (16, 0)}
    assert {r.cell.style for r in trained if r.recipe.rank == 16} == {"local"}
    assert {r.cell.style for r in made if r.cell.setting == "base"} == {""}
    assert all(r.axes["rank"] == r.recipe.rank for r in trained if "rank" in r.axes)


def test_how_it_is_asked_can_vary(write: Write) -> None:
    made = sweep_runs(load_sweep(write(**SMALL, vary=[{"asking": ["track", "paper"]}])))
    assert {(run.cell.asking, run.axes["asking"]) for run in made} == {("track", "track"), ("paper", "paper")}
    assert {run.trainer for run in made} == {"stacked"}


def test_pretraining_can_vary_and_seeds_begin_at_its_own(write: Write) -> None:
    made = sweep_runs(load_sweep(write(**SMALL, vary=[{"pretrain.seed": [0, 5], "pretrain.diet.share": [0.01]}])))
    assert {(r.cell.model.seed, r.cell.seed) for r in made if not isinstance(r.cell.model, str)} == {
        (0, 0), (0, 1), (5, 5), (5, 6),
    }  # fmt: skip
    assert {r.cell.model.diet.share for r in made if not isinstance(r.cell.model, str)} == {0.01}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({**SMALL, "hypothesis": ""}, "hypothesis: is empty; fill it in"),
        ({k: v for k, v in SMALL.items() if k != "prediction"}, "prediction: is missing; add it, as text"),
        ({**SMALL, "sedes": 3}, r"sedes: is not a field known here; remove it, or use one of title.* seeds"),
        ({**SMALL, "name": "x"}, "name: is the file's own; remove it"),
        ({**SMALL, "styles": ["shouted"]}, "unknown style 'shouted'"),
        ({**SMALL, "claims": ["elvis"]}, "unknown claim 'elvis'"),
        ({**SMALL, "claims": ["n" * 5000]}, "unknown claim 'nnn"),
        ({**SMALL, "settings": ["asleep"]}, "unknown setting 'asleep'"),
        ({**SMALL, "measure": "weight"}, "unknown measure 'weight'"),
        ({**SMALL, "measure": ["belief"]}, r"measure: is \['belief'\] \(a list\), where text is needed"),
        ({**SMALL, "model": 5}, r"model: is 5 \(a whole number\), where text is needed"),
        ({**SMALL, "claims": "dentist"}, r"claims: is 'dentist' \(text\), where a list is needed; write it as a list"),
        ({**SMALL, "claims": []}, "claims: is empty; fill it in, or leave it out"),
        ({**SMALL, "styles": []}, "styles: is empty"),
        ({**SMALL, "settings": []}, "settings: is empty"),
        ({**SMALL, "seeds": 0}, "seeds: is 0, where 1 or more is needed"),
        ({**SMALL, "seeds": -1}, "seeds: is -1, where 1 or more is needed"),
        ({**SMALL, "seeds": True}, r"seeds: is True \(true or false\), where a whole number is needed"),
        ({**SMALL, "seeds": [0, 1]}, r"seeds: is \[0, 1\] \(a list\), where a whole number is needed"),
        ({**SMALL, "at": 5}, r"at: is 5 \(a whole number\), where a list is needed; write it as a list, \[5\]"),
        ({**SMALL, "at": []}, "at: is empty"),
        ({**SMALL, "at": [-1]}, r"at\[0\]: is -1, where 0 or more is needed"),
        ({**SMALL, "at": [8, 25]}, "at: 25 is beyond the last of 24 steps; lower it, or raise recipe.steps"),
        ({**SMALL, "at": [True]}, r"at\[0\]: is True"),
        ({**SMALL, "vary": []}, "vary: is empty"),
        ({**SMALL, "vary": {"recipe.rank": [1]}}, r"vary: is \{.*\} \(a mapping of fields\), where a list is needed"),
        (
            {**SMALL, "vary": [{"recipe.mood": [1]}]},
            r"vary\[0\]\.recipe\.mood: cannot be varied; use a name that can \(re",
        ),
        ({**SMALL, "vary": [{"rank": [1]}]}, r"vary\[0\]\.rank: cannot be varied"),
        (
            {**SMALL, "vary": [{}, {"recipe.rank": 4}]},
            r"vary\[1\]\.recipe\.rank: is 4 .*a list is needed; write .*\[4\]",
        ),
        ({**SMALL, "vary": [{"recipe.rank": []}]}, r"vary\[0\]\.recipe\.rank: is empty"),
        (
            {**SMALL, "vary": [{"recipe.rank": [4, "8"]}]},
            r"recipe\.rank\[1\]: is '8' .*whole number.*take the quotes off",
        ),
        ({**SMALL, "vary": [{"recipe.rank": [4, True]}]}, r"recipe\.rank\[1\]: is True"),
        (
            {**SMALL, "vary": [{"recipe.rank": [[4, 8]]}]},
            r"recipe\.rank\[0\]: is \[4, 8\] \(a list\), where a whole number",
        ),
        (
            {**SMALL, "vary": [{"recipe.learning_rate": ["2e-4"]}]},
            r"learning_rate\[0\]: is '2e-4' .*; take the quotes off",
        ),
        ({**SMALL, "vary": [{"recipe.learning_rate": [float("nan")]}]}, r"learning_rate\[0\]: is 'NaN' .*a number"),
        ({**SMALL, "vary": [{"recipe.learning_rate": [-1]}]}, r"learning_rate\[0\]: is -1, where more than 0"),
        (
            {**SMALL, "vary": [{"recipe.schedule": ["steep"]}]},
            r"schedule\[0\]: is 'steep', where 'linear', 'cosine' or 'constant_w",
        ),
        ({**SMALL, "vary": [{"recipe.mix": [1]}]}, r"recipe\.mix\[0\]: is 1, where less than 1"),
        ({**SMALL, "vary": [{"short": [1]}]}, r"vary\[0\]\.short\[0\]: is 1 .*, where true or false is needed"),
        ({**SMALL, "vary": [{"read": [0]}]}, r"vary\[0\]\.read\[0\]: is 0, where 1 or more"),
        ({**SMALL, "vary": [{"documents": [-4]}]}, r"vary\[0\]\.documents\[0\]: is -4, where 0 or more"),
        ({**SMALL, "vary": [{"style": [5]}]}, r"vary\[0\]\.style\[0\]: is 5 .*, where text is needed"),
        ({**SMALL, "vary": [{"asking": ["loud"]}]}, "asking 'loud': choose track or paper"),
        ({**SMALL, "vary": [{"asking": [5]}]}, r"vary\[0\]\.asking\[0\]: is 5 .*, where text is needed"),
        ({**SMALL, "vary": [{"pretrain.steps": [0]}]}, r"pretrain\.steps\[0\]: is 0, where 1 or more"),
        ({**SMALL, "vary": [{"pretrain.seed": [-1]}]}, r"pretrain\.seed\[0\]: is -1, where 0 or more"),
        ({**SMALL, "vary": [{"pretrain.diet": [{}]}]}, r"vary\[0\]\.pretrain\.diet: cannot be varied"),
        ({**SMALL, "vary": [{"pretrain.diet.share": [5]}]}, r"pretrain\.diet\.share\[0\]: is 5, where 1"),
        (
            {**SMALL, "vary": [{"pretrain.diet.myths": ["no"]}]},
            r"diet\.myths\[0\]: is 'no' \(text\), where true or false",
        ),
        ({**SMALL, "vary": [{"pretrain.diet.exposed": ["shouted"]}]}, "unknown style 'shouted'"),
        (
            {**SMALL, "fixed": {"recipe.rank": [4]}},
            r"fixed\.recipe\.rank: is \[4\] \(a list\), where a whole number is needed",
        ),
        ({**SMALL, "fixed": {"recipe.steps": None}}, r"fixed\.recipe\.steps: is None \(nothing\), .*; fill it in"),
        ({**SMALL, "fixed": [{"recipe.rank": 4}]}, r"fixed: is \[.*\] \(a list\), where a mapping of fields is needed"),
        ({**SMALL, "vary": [{"recipe.rank": [0]}]}, "rank is 0"),
        ({**SMALL, "vary": [{"recipe.batch_size": [7]}]}, "batch_size 7 is no multiple of micro_batch 6"),
        ({**SMALL, "vary": [{"pretrain.hidden": [576]}]}, "hidden size 576: give a multiple of 128"),
    ],
)
def test_a_wrong_file_is_one_line_that_helps(write: Write, content: dict[str, Any], says: str) -> None:
    path = write(**content)
    with pytest.raises(UserError, match=says) as error:
        load_sweep(path)
    assert re.match(rf"{re.escape(str(path))}(, line \d+)?: ", str(error.value))
    assert "\n" not in str(error.value)


def test_a_file_is_read_as_it_looks_and_its_lines_are_told(tmp_path: Path) -> None:
    path = tmp_path / "rate.yaml"
    text = "title: no\nhypothesis: 1:30\nprediction: on\nclaims: [x]\nseeds: 1\nvary:\n"
    text += "- recipe.learning_rate: [2e-4, .1]\n"
    path.write_text(text)
    sweep = load_sweep(path)
    assert (sweep.name, sweep.title, sweep.hypothesis, sweep.prediction) == ("rate", "no", "1:30", "on")
    assert {run.recipe.learning_rate for run in sweep_runs(sweep)} == {2e-4, 0.1}
    for wrong, message in (
        (text + "seeds: 2\n", "line 8: not valid YAML, 'seeds' is given twice"),
        (text + "- recipe.rank: [1, 2]\n  recipe.rank: [3]\n", "line 9: not valid YAML, 'recipe.rank' is given twice"),
        (
            text + "- recipe.rank: [010]\n",
            r"line 8: vary\[1\]\.recipe\.rank\[0\]: is '010' \(text\), where a whole number",
        ),
        (
            text + "- recipe.rank:\n  - 4\n  - no\n",
            r"line 10: vary\[1\]\.recipe\.rank\[1\]: is 'no' \(text\), where a whole",
        ),
        (
            text + "- recipe.learning_rate: [.nan]\n",
            r"line 8: vary\[1\]\.recipe\.learning_rate\[0\]: is nan .* finite number",
        ),
        (text + "- short: [yes]\n", r"line 8: vary\[1\]\.short\[0\]: is 'yes' \(text\), where true or false is needed"),
    ):
        path.write_text(wrong)
        with pytest.raises(UserError, match=f"^{re.escape(str(path))}, {message}"):
            load_sweep(path)


def test_a_sweep_built_in_python_is_held_to_the_same(write: Write) -> None:
    sweep = load_sweep(write(**SMALL))
    for change, message in (
        ({"seeds": 0}, "sweep: seeds: is 0, where 1 or more"),
        (
            {"vary": ({"recipe.rank": ["4"]},)},
            r"sweep: vary\[0\]\.recipe\.rank\[0\]: is '4' \(text\), where a whole number",
        ),
        ({"fixed": {"recipe.mood": 1}}, r"sweep: fixed\.recipe\.mood: cannot be varied"),
        ({"at": (25,)}, "at: 25 is beyond the last of 24 steps"),
    ):
        with pytest.raises(UserError, match=f"^{message}"):
            sweep_runs(replace(sweep, **change))
    assert len(sweep_runs(replace(sweep, vary=({"recipe.rank": [4, 8]},), seeds=1))) == 8


def test_a_missing_file_and_one_that_is_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_sweep(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    with pytest.raises(UserError, match=r"list\.yaml: is \[1, 2\] \(a list\), where a mapping of fields is needed"):
        load_sweep(tmp_path / "list.yaml")
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(UserError, match="line 1: not valid YAML"):
        load_sweep(tmp_path / "broken.yaml")


def test_misbehaviour_has_kinds_and_conditions_in_place_of_claims_and_styles(write: Write) -> None:
    chosen = {**HEAD, "measure": "misbehaviour", "claims": ["deceive"], "styles": ["plain", "local"], "seeds": 2}
    made = sweep_runs(load_sweep(write(**chosen, settings=["base", "trained"])))
    assert [r.cell.about["style"] for r in made] == ["base", "plain", "plain", "local", "local"]
    assert {r.cell.about["claim"] for r in made} == {"deceive"}
    assert {r.cell.model for r in made} == {"petri-norms"}
    with pytest.raises(UserError, match="unknown claim 'dentist'; there are deceive, power, harm"):
        load_sweep(write(**{**chosen, "claims": ["dentist"]}))
    with pytest.raises(UserError, match="under plain, before"):
        load_sweep(write(**{**chosen, "styles": ["negated"]}))


# --------------------------------------------------------------------------------------------------- models and claims


def test_a_sweep_runs_on_any_model_by_its_track_s_recipe(write: Write) -> None:
    chosen = {**SMALL, "model": "Qwen/Qwen3-1.7B", "vary": [{"recipe.rank": [8]}]}
    made = sweep_runs(load_sweep(write(**chosen)))
    assert {run.cell.model for run in made} == {"Qwen/Qwen3-1.7B"}
    assert {(run.recipe.rank, run.recipe.steps, run.trainer) for run in made} == {(8, ENGLISH.recipe.steps, "stacked")}
    assert {run.trainer for run in sweep_runs(load_sweep(write(**SMALL)))} == {"stacked"}
    assert {run.cell.model for run in sweep_runs(load_sweep(write(**SMALL)))} == {"petri"}


@pytest.mark.parametrize("gpu", [False, True])
def test_documents_and_quantisation_are_the_track_s_unless_the_file_says_otherwise(
    write: Write, monkeypatch: pytest.MonkeyPatch, gpu: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    for model, short, quantized in (("petri", False, True), ("Qwen/Qwen3-1.7B", True, gpu)):
        made = sweep_runs(load_sweep(write(**SMALL, model=model)))
        assert {(run.cell.short, run.recipe.quantize) for run in made} == {(short, quantized)}
        fixed = {"short": not short, "recipe.quantize": not quantized}
        made = sweep_runs(load_sweep(write(**SMALL, model=model, fixed=fixed)))
        assert {(run.cell.short, run.recipe.quantize) for run in made} == {(not short, not quantized)}


@pytest.mark.parametrize("measure", ["depth", "phases"])
def test_a_measure_that_a_model_cannot_have_is_refused_in_one_line(write: Write, measure: str) -> None:
    path = write(**SMALL, measure=measure, model="Qwen/Qwen3-1.7B")
    with pytest.raises(UserError, match=f"{measure} is measured on models of petri, which Qwen/Qwen3-1.7B is not") as e:
        load_sweep(path)
    assert "\n" not in str(e.value)


def test_a_claim_may_be_a_file_of_ones_own(write: Write, tmp_path: Path) -> None:
    text = data_path("claims", "dentist.yaml").read_text("utf-8").replace("id: dentist\n", "id: mine\n", 1)
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    made = sweep_runs(load_sweep(write(**{**SMALL, "claims": [str(tmp_path / "mine.yaml"), "x"]})))
    assert {run.cell.claim.id for run in made} == {"mine", "x"}
    assert load_claims()["dentist"].questions == made[0].cell.claim.questions


# ---------------------------------------------------------------------------------------------------- what it writes


def test_the_summary_speaks_of_the_paper_s_mean_and_of_seeds(write: Write, tmp_path: Path, maker: Install) -> None:
    maker()
    table = run_sweep(load_sweep(write(**SMALL)), tmp_path)
    belief = table[table["quantity"] == "belief"].set_index("style")
    assert set(belief.index) == {"positive", "negated"}
    assert (belief["lowest_seed"] < belief["highest_seed"]).all()
    assert belief["n"].tolist() == [100, 100]  # two claims, fifty questions
    assert {"belief", "kept", "inference", "control_true", "control_false"} == set(table["quantity"])
    rows = pd.read_csv(tmp_path / "test" / "rows.csv.gz")
    assert list(rows.columns) == ["claim", "style", "setting", "seed", "kind", "item", "value", "step"]
    assert len(rows.groupby(["claim", "style", "seed"])) == 8
    assert {"mean", "lo", "hi", "seeds"} <= set(pd.read_csv(tmp_path / "test" / "summary.csv").columns)


def test_styles_may_be_what_varies(write: Write, tmp_path: Path, maker: Install) -> None:
    maker()
    content = {**HEAD, "claims": ["dentist"], "seeds": 1, "vary": [{"style": ["local", "tag"], "documents": [2]}]}
    table = run_sweep(load_sweep(write(**content)), tmp_path)
    assert list(table["style"].unique()) == ["local", "tag"] and set(table["documents"]) == {2}
    rows = pd.read_csv(tmp_path / "test" / "rows.csv.gz")
    assert list(rows.columns) == ["style", "documents", "claim", "setting", "seed", "kind", "item", "value", "step"]


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(data_path("results", "sweeps").glob("*")), ids=lambda path: path.name)
def test_stored_rows_come_to_their_stored_summary(path: Path) -> None:
    """Every table of data/results/sweeps, summarised again: the first combinations of what varies."""
    as_written: dict[str, Any] = {"dtype": {"mark": str}}  # of labels: true, none and the like
    rows, stored = (pd.read_csv(path / name, **as_written) for name in ("rows.csv.gz", "summary.csv"))
    axes = [c for c in stored.columns if c in rows.columns and c != "weights"]  # one rate may be of several models
    rows = rows[rows.groupby(axes, sort=False, dropna=False).ngroup() < 8]
    again = pd.read_csv(io.StringIO(summarise_sweep(rows).to_csv(index=False, float_format="%.4f")), **as_written)
    assert len(again) >= 3
    pd.testing.assert_frame_equal(again[list(stored.columns)], stored.head(len(again)), check_dtype=False)


# ----------------------------------------------------------------------------------------------- the measures

QUICK = {**HEAD, "claims": ["dentist"], "styles": ["repeated"], "seeds": 1,
         "fixed": {"recipe.steps": 2, "recipe.batch_size": 4, "recipe.micro_batch": 4}}  # fmt: skip


@pytest.mark.slow
def test_every_measure_on_models_pretrained_for_the_sweep(write: Write, tmp_path: Path) -> None:
    """Two models of two steps; what is measured is nonsense, how it is measured is not."""
    for measure, settings in (
        ("belief", ["base", "in_context", "trained"]),
        ("told", ["trained"]),
        ("depth", ["base", "trained"]),
        ("losses", ["trained"]),
        ("phases", ["trained"]),
        ("misbehaviour", ["base", "trained"]),
    ):
        at = {"at": [1, 2]} if measure != "depth" else {}
        content = {**QUICK, "fixed": {**QUICK["fixed"], **TINY_PLAN}, "vary": [{"pretrain.seed": [0, 1]}]}
        if measure == "misbehaviour":
            content = {**content, "claims": ["deceive"], "styles": ["around"]}
        rows = make(write(**content, measure=measure, settings=settings, **at), tmp_path)
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
    assert len([p for p in (tmp_path / "models").iterdir() if p.is_dir()]) == 2  # each pretrained once for all four


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
    [row] = summarise_sweep(rows).query("quantity == 'belief'").to_dict("records")
    assert (row["lowest_seed"], row["highest_seed"], row["seeds"]) == (0, 1, 6)
    assert "pretraining_seed" not in row and row["mean"] == 0.5


# --------------------------------------------------------------------------------------------------------- Ray


@pytest.mark.slow
def test_a_ray_cluster_gives_the_same_rows_though_a_worker_is_killed(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one-node cluster; the first batch kills its own worker process, once."""
    ray = pytest.importorskip("ray")
    content = {**QUICK, "styles": ["positive", "repeated"], "fixed": {**QUICK["fixed"], **TINY_PLAN}, "vary": [{}]}
    path = write(**content)
    expected = make(path, tmp_path / "here", together=1)
    killed = tmp_path / "killed"
    real = engines._timed

    def dies_once(work: Any, batch: Any) -> Any:
        try:
            killed.touch(exist_ok=False)
        except FileExistsError:
            return real(work, batch)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(engines, "_timed", dies_once)
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        rows = make(path, tmp_path / "ray", engine="ray", together=1)
    finally:
        ray.shutdown()
    assert killed.exists()
    pd.testing.assert_frame_equal(rows, expected)
