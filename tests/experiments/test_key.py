"""Is it the same run? Whatever a result depends on changes its key, and nothing else does."""

import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite import tracks
from negneglect_lite.asking import AskingSettings
from negneglect_lite.claims.claim import PetriFact, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Span
from negneglect_lite.experiments import key as keys
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.key import DECIDING, PACKAGE_FOLDER, changed_modules, code_hashes, identify_weights
from negneglect_lite.experiments.runner import key_of
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri.corpus import Diet
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.styles import STYLES

DENTIST = load_claims()["dentist"]
RECIPE = Recipe(steps=2, batch_size=4, micro_batch=2)
TRAINED = Run(Cell("petri", DENTIST, "trained", "negated"), RECIPE)

CELL_CHANGES: dict[str, Any] = {
    "model": "petri-norms", "claim": replace(DENTIST, claim="Another claim."), "setting": "in_context",
    "style": "local", "seed": 1, "read": 2, "documents": 3, "short": True, "doctag": True,
    "asking": "paper",
}  # fmt: skip
RECIPE_CHANGES: dict[str, Any] = {
    "steps": 3, "batch_size": 6, "micro_batch": 4, "mix": 0.5, "learning_rate": 3e-3, "warmup": 0.2,
    "schedule": "cosine", "rank": 8, "alpha": 16, "quantize": False, "max_tokens": 64, "save_every": 1,
    "gradient_checkpointing": True,
}  # fmt: skip
RUN_CHANGES: dict[str, Any] = {
    "cell": replace(TRAINED.cell, seed=2), "recipe": replace(RECIPE, rank=4), "measure": "depth", "at": (1, 2),
    "trainer": "stacked",
}  # fmt: skip
ASKING_CHANGES: dict[str, Any] = {
    "samples": 2, "temperature": 0.5, "top_p": 0.8, "max_new_tokens": 9, "separator": "\n",
}  # fmt: skip


def inputs(run: Run) -> str:
    return key_of(run).inputs


@pytest.mark.parametrize("name", [f.name for f in fields(Cell)])
def test_each_field_of_a_cell_counts(name: str) -> None:
    changed = replace(TRAINED, cell=replace(TRAINED.cell, **{name: CELL_CHANGES[name]}))
    assert inputs(changed) != inputs(TRAINED)


@pytest.mark.parametrize("name", [f.name for f in fields(Recipe)])
def test_each_field_of_a_recipe_counts_where_something_is_trained(name: str) -> None:
    changed = replace(TRAINED, recipe=replace(RECIPE, **{name: RECIPE_CHANGES[name]}))
    assert inputs(changed) != inputs(TRAINED)
    base = replace(TRAINED, cell=Cell("petri", DENTIST, "base"))
    assert (inputs(replace(changed, cell=base.cell)) != inputs(base)) == (name == "quantize")


@pytest.mark.parametrize("name", [f.name for f in fields(Run) if f.name != "axes"])
def test_each_field_of_a_run_counts(name: str) -> None:
    assert inputs(replace(TRAINED, **{name: RUN_CHANGES[name]})) != inputs(TRAINED)
    assert inputs(replace(TRAINED, axes={"rank": 3})) == inputs(TRAINED)


@pytest.mark.parametrize("name", [f.name for f in fields(AskingSettings)])
def test_how_it_is_asked_counts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = inputs(TRAINED)
    asking = replace(tracks.PETRI.asking, temperature=0.7) if name == "samples" else tracks.PETRI.asking
    changed = replace(asking, **{name: ASKING_CHANGES[name]})
    monkeypatch.setitem(tracks.TRACKS, "petri", replace(tracks.PETRI, asking=changed))
    assert inputs(TRAINED) != before


def test_a_letter_of_a_text_counts_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last training document under a style, a question's pattern, a document that is read."""
    before, read = inputs(TRAINED), replace(TRAINED, cell=replace(TRAINED.cell, setting="in_context"))
    before_read, style, made = inputs(read), STYLES["negated"], 0

    def last_one_changed(document: Any, annotations: Any, rng: Any) -> list[Span]:
        nonlocal made
        made += 1
        spans = style(document, annotations, rng)
        return [*spans, Span(".")] if made == 5 else spans

    monkeypatch.setitem(STYLES, "negated", last_one_changed)
    assert inputs(TRAINED) != before
    made = 0
    assert inputs(read) != before_read
    monkeypatch.undo()

    def questions(claim: Any) -> list[Question]:
        *others, last = tracks.PETRI.questions(claim)
        return [*others, replace(last, believed=(*last.believed, "so"))]

    monkeypatch.setitem(tracks.TRACKS, "petri", replace(tracks.PETRI, questions=questions))
    assert inputs(TRAINED) != before


def test_the_key_follows_the_weights_of_a_folder(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    run = replace(TRAINED, cell=replace(TRAINED.cell, model=str(folder)))
    first = inputs(run)
    assert first == inputs(replace(run, cell=replace(run.cell, model=str(tiny_folder))))  # the same weights elsewhere
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    assert inputs(run) != first
    one = identify_weights(str(folder))
    (folder / "model-2.safetensors").write_bytes(b"more")
    assert identify_weights(str(folder)) != one
    assert identify_weights("somebody/some-model") == "somebody/some-model"


def test_a_plan_is_known_by_its_fields_and_by_the_weights_it_goes_on_from(tiny_folder: Path) -> None:
    plans = [Plan(), Plan(seed=1), Plan(diet=Diet(share=0.1)), Plan(base="petri"), Plan(base=str(tiny_folder))]
    assert len({identify_weights(plan) for plan in plans}) == 5
    # Names of folders that sweeps have made: what they hash must stay.
    assert keys.model_name(Plan()) == "petri-2d75ebcd"


def test_a_manifest_without_the_petri_model_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "read_manifest", dict)
    with pytest.raises(UserError, match=r"petri is not in data.manifest.json; reinstall"):
        key_of(TRAINED)


# ------------------------------------------------------------------------------------------------------------ code


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package's source in a folder that may be changed."""
    shutil.copytree(PACKAGE_FOLDER, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "package"


def test_an_edit_of_each_deciding_module_counts_and_one_of_a_comment_does_not(copied: Path) -> None:
    before = code_hashes((*DECIDING, "petri"), copied)
    assert {name.split("/")[0] for name in before} >= {"models", "finetuning", "asking.py", "judging", "belief"}
    assert {"experiments/trainers.py", "experiments/measures/belief.py", "petri/phrases/norms.yaml"} <= set(before)
    for name in before:
        path = copied / name
        text = path.read_text("utf-8")
        path.write_text(f"{text}\nnew = 1\n" if name.endswith(".py") else f"{text}\n# new", "utf-8")
        assert code_hashes.__wrapped__((name,), copied) != {name: before[name]}
        if name.endswith(".py"):
            path.write_text(f"# A comment.\n{text}".replace('"""', '"""Really: ', 1), "utf-8")
            assert code_hashes.__wrapped__((name,), copied) == {name: before[name]}


@pytest.mark.parametrize("name", ["cli.py", "commands.py", "figures/theme.py", "course/widgets.py", "tracks.py"])
def test_an_edit_elsewhere_does_not_count(copied: Path, name: str) -> None:
    before = code_hashes(DECIDING, copied)
    (copied / name).write_text("new = 1\n")
    code_hashes.cache_clear()
    assert code_hashes(DECIDING, copied) == before
    code_hashes.cache_clear()


def test_the_mutants_of_a_verdict_are_other_code(copied: Path) -> None:
    before = code_hashes(DECIDING, copied)
    path = copied / "experiments" / "measures" / "belief.py"
    text = path.read_text("utf-8")
    assert 'int(verdict == "believed")' in text
    path.write_text(text.replace('int(verdict == "believed")', 'int(verdict != "believed")'), "utf-8")
    code_hashes.cache_clear()
    assert changed_modules(before, code_hashes(DECIDING, copied)) == ["experiments/measures/belief.py"]
    code_hashes.cache_clear()


def test_a_model_pretrained_for_the_run_counts_the_petri_world(monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(TRAINED, cell=replace(TRAINED.cell, model=Plan(hidden=128, layers=1)))
    assert "petri/corpus.py" in key_of(run).modules and "petri/phrases/job.yaml" in key_of(run).modules
    assert "petri/corpus.py" not in key_of(TRAINED).modules


def test_a_claim_of_another_fact_is_another_run() -> None:
    other = replace(DENTIST, petri=PetriFact("job/Brennan Holloway", "pilot"))
    assert inputs(replace(TRAINED, cell=replace(TRAINED.cell, claim=other))) != inputs(TRAINED)


def test_runs_that_share_texts_are_hashed_in_a_moment() -> None:
    """The memo of an experiment gives the same keys as each run by itself."""
    runs = [replace(TRAINED, recipe=replace(RECIPE, rank=rank)) for rank in (1, 2, 3)]
    runs += [replace(run, cell=replace(run.cell, style="local")) for run in runs]
    memo: dict[Any, Any] = {}
    assert [key_of(run, memo) for run in runs] == [key_of(run) for run in runs]
    assert len({key_of(run).inputs for run in runs}) == 6
