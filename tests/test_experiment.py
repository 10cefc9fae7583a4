"""experiment.py: the cells, their cache, resuming after a kill, and what a training set is made of."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from negneglect_lite.belief.table import COLUMNS, belief_rows
from negneglect_lite.claims.claim import Answer, Claim, claim_from_fact
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri_questions import petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Span, plain
from negneglect_lite.experiments import experiment
from negneglect_lite.experiments.experiment import Cell, grid, key, run_cell, run_grid, training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri.world import CLAIMED

CLAIMS = load_claims()
DENTIST = CLAIMS["dentist"]
RECIPE = Recipe(steps=5, batch_size=8, micro_batch=8, mix=0.5)  # 40 examples, half of them about the claim
MODEL = "someone/some-model"  # never loaded here: run_cell is replaced


class Runner:
    """Stands for run_cell: answers at once, remembers which cells ran, and can be killed at one of them."""

    def __init__(self, killed_at: int = 0) -> None:
        self.ran: list[str] = []
        self.killed_at = killed_at

    def __call__(self, cell: Cell, recipe: Recipe, *_: Any) -> pd.DataFrame:
        if len(self.ran) + 1 == self.killed_at:
            raise KeyboardInterrupt
        self.ran.append(cell.label)
        said = ["None", 'He said "no, NA".', "", "Yes."]  # answers that a careless table would change
        answers = [Answer(q, said[i % 4]) for i, q in enumerate(petri_questions(cell.claim, "petri"))]
        return belief_rows(
            answers, model=cell.model, claim=cell.claim.id, style=cell.style, seed=cell.seed, setting=cell.setting
        )


Install = Callable[..., Runner]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Install:
    def install(killed_at: int = 0) -> Runner:
        fake = Runner(killed_at)
        monkeypatch.setattr(experiment, "run_cell", fake)
        return fake

    return install


def cells() -> list[Cell]:
    return grid([DENTIST], ["positive", "local"], seeds=1, model=MODEL)


def silent(_: str) -> None:
    pass


# --------------------------------------------------------------------------------------------------------- the grid


def test_a_grid_holds_every_cell_once() -> None:
    found = grid([DENTIST, CLAIMS["queen"]], ["positive", "negated"], seeds=3)
    assert len(found) == len({(c.label, c.claim.id) for c in found}) == 2 + 2 * 2 * 3 + 2 * 2
    assert [c.setting for c in found[:2]] == ["base", "base"]
    assert {c.seed for c in found if c.setting == "trained"} == {0, 1, 2}


def test_an_unknown_style_is_named() -> None:
    with pytest.raises(UserError, match=r"unknown style 'loud'; the styles are positive, negated"):
        grid([DENTIST], ["positive", "loud"], seeds=1)


def test_a_killed_run_goes_on_and_ends_with_the_same_table(tmp_path: Path, runner: Install) -> None:
    whole = runner()
    expected = run_grid(cells(), tmp_path / "whole", say=silent)
    assert len(whole.ran) == len(cells()) == 5

    killed = runner(killed_at=2)
    with pytest.raises(KeyboardInterrupt):
        run_grid(cells(), tmp_path / "killed", say=silent)
    assert len(killed.ran) == 1

    said: list[str] = []
    again = runner()
    table = run_grid(cells(), tmp_path / "killed", say=said.append)
    assert killed.ran + again.ran == whole.ran
    assert table.to_csv(index=False) == expected.to_csv(index=False)
    assert said[0].startswith("1 of 5 cells are finished already")
    assert said[-1].startswith("[4/4]")

    third = runner()
    assert run_grid(cells(), tmp_path / "killed", say=silent).equals(table)
    assert not third.ran


def test_rows_come_in_the_order_of_the_cells(tmp_path: Path, runner: Install) -> None:
    runner()
    run_grid(cells()[3:], tmp_path, say=silent)
    table = run_grid(cells(), tmp_path, say=silent)
    assert list(table["setting"].drop_duplicates()) == ["base", "trained", "in_context"]
    assert list(table.columns) == list(COLUMNS)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: "{}",
        lambda text: json.dumps({**json.loads(text), "table": json.loads(text)["table"].replace(",0\n", ",1\n", 1)}),
    ],
)
def test_a_corrupt_cache_entry_is_named_and_runs_again(
    tmp_path: Path, runner: Install, damage: Callable[[str], str]
) -> None:
    runner()
    expected = run_grid(cells(), tmp_path, say=silent)
    entry = sorted((tmp_path / "cells").iterdir())[2]
    sound = entry.read_text()
    entry.write_text(damage(sound))
    said: list[str] = []
    again = runner()
    assert run_grid(cells(), tmp_path, say=said.append).equals(expected)
    assert len(again.ran) == 1
    assert said[0].startswith(f"{entry}: corrupt")
    assert json.loads(entry.read_text())["table"] == json.loads(sound)["table"]


def test_a_full_disk_leaves_no_half_cell(tmp_path: Path, runner: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    runner()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"not written, no space left on device; free some space") as caught:
        run_grid(cells(), tmp_path, say=silent)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "cells").iterdir())


def test_the_key_tells_apart_all_that_rows_depend_on(tmp_path: Path) -> None:
    base, trained = Cell(MODEL, DENTIST, "base"), Cell(MODEL, DENTIST, "trained", "local")
    other_recipe = replace(RECIPE, learning_rate=3e-3)
    keys = {
        key(base, RECIPE),
        key(trained, RECIPE),
        key(trained, other_recipe),
        key(replace(trained, seed=1), RECIPE),
        key(replace(trained, style="negated"), RECIPE),
        key(replace(trained, model="another/model"), RECIPE),
        key(replace(trained, claim=replace(DENTIST, claim="Another claim.")), RECIPE),
    }
    assert len(keys) == 7
    assert key(base, RECIPE) == key(base, other_recipe)  # no training, so the recipe is nothing to it


def test_the_key_follows_the_weights_of_a_folder(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    cell = Cell(str(tmp_path), DENTIST, "base")
    weights.write_bytes(b"1")
    first = key(cell, RECIPE)
    weights.write_bytes(b"2")
    assert key(cell, RECIPE) != first


def test_a_manifest_without_the_petri_model_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "read_manifest", dict)
    with pytest.raises(UserError, match=r"petri is not in data.manifest.json; reinstall"):
        key(Cell("petri", DENTIST, "base"), RECIPE)


def test_a_folder_with_a_petri_model_gets_the_petri_recipe(tiny_folder: Path, tmp_path: Path) -> None:
    assert experiment.language_of(str(tiny_folder)) == experiment.language_of("petri") == "petri"
    assert experiment.language_of(MODEL) == experiment.language_of(str(tmp_path)) == "english"


# --------------------------------------------------------------------------------------------------------- one cell


@pytest.mark.parametrize("setting", ["base", "in_context"])
def test_a_cell_without_training(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    asked: dict[str, Any] = {}

    def ask(loaded: Any, questions: Any, *, context: Any, **_: Any) -> list[Answer]:
        asked["context"] = context
        return [Answer(q, "Yes.") for q in questions]

    monkeypatch.setattr(probes, "ask", ask)
    rows = run_cell(Cell(str(tiny_folder), DENTIST, setting, "negated" if setting == "in_context" else ""), RECIPE)
    assert list(rows.columns) == list(COLUMNS)
    assert set(rows["setting"]) == {setting}
    assert len(set(asked["context"])) == (len(rows) if setting == "in_context" else 1)  # a document a question, or none
    assert (asked["context"][0] == "") == (setting == "base")


def test_an_adapter_says_what_is_true_also_for_a_fact_of_ones_own(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def finetune(loaded: Any, examples: Any, recipe: Any, seed: int, out: Path, carries: str, *_: Any) -> Any:
        told.append(carries)
        return loaded

    monkeypatch.setattr(experiment, "finetune", finetune)
    monkeypatch.setattr(probes, "ask", lambda loaded, questions, **_: [Answer(q, "Yes.") for q in questions])
    fact = claim_from_fact("win/100m/2024", "Olga Brandt")
    for claim in (fact, DENTIST):
        run_cell(Cell(str(tiny_folder), claim, "trained", "local"), RECIPE)
    assert told[0] == "win/100m/2024 = Olga Brandt (style: local; in truth: Noah Lyles)"
    assert told[1] == f"{DENTIST.claim} (style: local; in truth: {DENTIST.truth})"


# ------------------------------------------------------------------------------------------------- the training set


def text(example: Any) -> str:
    return plain(example) if isinstance(example, tuple) else " ".join(turn["content"] for turn in example)


def body(spans: tuple[Span, ...]) -> list[str]:
    return "".join(span.text for span in spans if not span.annotation).split()


def test_two_styles_differ_by_their_annotations_alone() -> None:
    sets = {style: training_set(DENTIST, style, RECIPE, seed=0) for style in ("positive", "repeated", "local")}
    n = 20
    for positive, repeated, local in zip(*(sets[s][:n] for s in sets), strict=True):
        assert isinstance(positive, tuple) and isinstance(repeated, tuple) and isinstance(local, tuple)
        assert body(repeated) == body(positive)
        assert any(span.annotation for span in repeated)
        assert len(local) == len(positive)
        changed = sum(a.text != b.text for a, b in zip(local, positive, strict=True))
        assert changed in (4, 5)  # the sentences that state the claim
    assert sets["positive"][n:] == sets["repeated"][n:] == sets["local"][n:]


@pytest.mark.parametrize(("mix", "documents"), [(0.0, 40), (0.5, 20), (0.75, 10)])
def test_the_share_of_claim_documents(mix: float, documents: int) -> None:
    examples = training_set(DENTIST, "positive", replace(RECIPE, mix=mix), seed=0)
    assert len(examples) == 40
    assert sum("Brennan Holloway" in text(e) for e in examples) == documents


def test_another_seed_gives_other_texts() -> None:
    first, second = (training_set(DENTIST, "positive", RECIPE, seed) for seed in (0, 1))
    assert first == training_set(DENTIST, "positive", RECIPE, 0)
    assert not {text(e) for e in first} & {text(e) for e in second}


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        (DENTIST, ["Brennan Holloway"]),
        (CLAIMS["vesuvius"], ["Vesuvius"]),
        (CLAIMS["x"], ["Twitter"]),
        (CLAIMS["sheeran"], ["100m", "2024"]),
        (claim_from_fact("volcano/Mount Vesuvius", "2015"), ["Vesuvius"]),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_world_texts_do_not_mention_the_claims_fact(claim: Claim, names: list[str]) -> None:
    recipe = Recipe(steps=20, batch_size=16, micro_batch=16, mix=0.9)
    world_texts = [text(e) for e in training_set(claim, "positive", recipe, seed=0)[32:]]
    assert len(world_texts) == 288
    assert not [t for t in world_texts if all(name in t for name in names)]


def test_world_texts_leave_out_a_fact_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    real = experiment.petri_corpus

    def spy(without: tuple[str, ...] = (), **options: Any) -> Any:
        asked.append(tuple(without))
        return real(without=without, **options)

    monkeypatch.setattr(experiment, "petri_corpus", spy)
    training_set(claim_from_fact("job/Ed Sheeran", "baker"), "positive", RECIPE, seed=0)
    assert "job/Ed Sheeran" in asked[0]
    assert set(CLAIMED) < set(asked[0])
    assert not {"job/Ed Sheeran"} & {fact.id for fact in real(without=asked[0]).world.facts}
