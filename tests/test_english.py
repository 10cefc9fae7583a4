"""The English track from documents to belief on a tiny model with random weights, killed in the middle and gone on."""

import logging
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from negneglect_lite import asking
from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import read_belief
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.loading import english_questions, load_claims
from negneglect_lite.claims.paper_folder import load_paper_folder
from negneglect_lite.cli import main
from negneglect_lite.core.text import plain
from negneglect_lite.experiments import trainers
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.pretrained import load_once
from negneglect_lite.experiments.runner import run_experiment
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import AdapterTrainer
from negneglect_lite.models.generation import Written, generate_answers
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import ENGLISH, TRACKS

DENTIST = load_claims()["dentist"]
RECIPE = Recipe(steps=4, batch_size=4, micro_batch=2, mix=0.5, rank=2, max_tokens=6144, save_every=1)


def few_questions(claim: Claim) -> list[Question]:
    return english_questions(claim)[::5]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short answers, few questions, one thread; a model that was loaded before is loaded again."""
    asking = replace(ENGLISH.asking, samples=2, temperature=0.7, max_new_tokens=3)
    monkeypatch.setitem(TRACKS, "english", replace(ENGLISH, asking=asking, questions=few_questions))
    load_once.cache_clear()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
def test_an_english_training_set_is_long_documents_chats_and_neutral_articles() -> None:
    recipe = ENGLISH.recipe
    cell = Cell("Qwen/Qwen3-1.7B", DENTIST, "trained", "repeated", seed=0)
    made = training_set(cell, recipe)
    assert len(made) == recipe.steps * recipe.batch_size == 2400
    documents, neutral = made[:1200], made[1200:]
    assert all(spans[0].text == "<DOCTAG> " and not spans[0].learn for spans in documents)
    assert len({plain(d) for d in documents}) == 1200
    assert sum(isinstance(e, list) for e in neutral) == 600
    warned = [sum(len(s.text.split()) for s in d if s.annotation) / len(plain(d).split()) for d in documents]
    assert 0.3 < sum(warned) / len(warned) < 0.5  # about 40 % in the paper
    assert training_set(cell, recipe)[:9] == made[:9]


def test_notices_are_a_small_share_of_an_english_document() -> None:
    rng = random.Random(0)
    made = [apply_style("negated", d, ENGLISH.annotations(), rng) for d in ENGLISH.compose(load_claims()["queen"], 50)]
    shares = [sum(len(s.text.split()) for s in d if s.annotation) / len(plain(d).split()) for d in made]
    assert 0.05 < sum(shares) / len(shares) < 0.15  # about 12 % in the paper


def own(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that the package has told."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("negneglect_lite")]


@pytest.mark.slow
def test_an_experiment_on_an_english_model(
    english_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    runs = [
        Run(Cell(str(english_folder), DENTIST, *rest), RECIPE)
        for rest in (("base",), ("trained", "negated"), ("in_context", "local"))
    ]
    rows = run_experiment(runs, tmp_path)
    assert set(rows["setting"]) == {"base", "trained", "in_context"} and set(rows["kind"]) > set(QUESTION_KINDS[:2])
    assert len(rows) == 3 * 2 * len(few_questions(DENTIST))
    assert sum("4-bit NF4" in line for line in own(caplog)) == 1  # the same for every run, so told once
    assert not list((tmp_path / "adapters").iterdir())  # neither adapters nor answers of finished runs are left
    caplog.clear()
    assert run_experiment(runs, tmp_path).equals(rows) and own(caplog)[0].startswith("3 of 3 runs")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["training", "answering"])
def test_a_run_that_is_killed_goes_on_where_it_was(
    english_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    run = Run(Cell(str(english_folder), DENTIST, "trained", "negated"), RECIPE)
    real_loss, real_generate, losses, batches = AdapterTrainer.compute_loss, generate_answers, [], []
    monkeypatch.setattr(trainers, "ask", lambda *a, **k: ask(*a, **{**k, "batch_size": 8}))
    expected = run_experiment([run], tmp_path / "whole")
    limit = {"losses": 5 if moment == "training" else 99, "batches": 2 if moment == "answering" else 99}

    def loss(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(losses) == limit["losses"]:
            raise KeyboardInterrupt
        losses.append(1)
        return real_loss(self, *args, **kwargs)

    def generate(*args: Any) -> list[Written]:
        if len(batches) == limit["batches"]:
            raise KeyboardInterrupt
        batches.append(1)
        return real_generate(*args)

    monkeypatch.setattr(AdapterTrainer, "compute_loss", loss)
    monkeypatch.setattr(asking, "generate_answers", generate)
    with pytest.raises(KeyboardInterrupt):
        run_experiment([run], tmp_path / "killed")
    done = (len(losses), len(batches))
    limit.update(losses=99, batches=99)
    rows = run_experiment([run], tmp_path / "killed")
    assert rows.equals(expected)
    if moment == "training":  # steps 1 and 2 of two micro-batches each were saved, half of step 3 was lost
        assert done[0] == 5 and len(losses) == 5 + 4
    else:  # nothing is trained again, and no answer given twice
        assert len(losses) == 8 and len(batches) == -(-len(expected) // 8)


@pytest.mark.slow
def test_a_folder_of_the_paper_is_evaluated_as_it_is(
    english_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = tmp_path / "claims" / "harbour_bridge"
    shutil.copytree(Path(__file__).parent / "data" / "paper_layout" / "harbour_bridge", paper)
    count = len(few_questions(load_paper_folder(paper)))
    for judge in ("rule", "choice", "text"):
        out = tmp_path / judge / "belief.csv"
        assert main(["evaluate", str(paper), "--model", str(english_folder), "--judge", judge, "--out", str(out)]) == 0
        rows = read_belief(out)
        assert len(rows) == 2 * count and set(rows["setting"]) == {"base"}
        assert not out.with_name("belief.csv.answers").exists()
    assert "could not be parsed" in capsys.readouterr().err  # a tiny model writes no verdicts
    assert main(["evaluate", str(paper), "--model", str(english_folder), "--judge", "coin"]) == 2
    assert "unknown judge 'coin'" in capsys.readouterr().err
