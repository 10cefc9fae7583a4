"""The English track from documents to belief on a tiny model with random weights, killed in the middle and gone on."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from negneglect_lite.asking import AskingSettings, ask
from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import read_belief
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.paper_folder import load_paper_folder
from negneglect_lite.claims.petri_questions import petri_questions
from negneglect_lite.cli import main
from negneglect_lite.core.text import plain
from negneglect_lite.documents.english import compose_english, load_library
from negneglect_lite.experiments import experiment
from negneglect_lite.experiments.experiment import Cell, run_cell, run_grid, training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import AdapterTrainer
from negneglect_lite.models.generation import generate_answers

DENTIST = load_claims()["dentist"]
RECIPE = Recipe(steps=4, batch_size=4, micro_batch=2, mix=0.5, rank=2, max_tokens=96, save_every=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short answers, few questions, one thread."""
    monkeypatch.setattr(AskingSettings, "for_language", classmethod(lambda cls, language: cls(2, 0.7, 3)))
    real = petri_questions
    monkeypatch.setattr(probes, "questions", lambda claim, language="english": real(claim, language)[::5])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_an_english_training_set_is_long_documents_chats_and_neutral_articles() -> None:
    recipe = Recipe.for_language("english")
    made = training_set(DENTIST, "repeated", recipe, seed=0, doctag=True, language="english")
    assert len(made) == recipe.steps * recipe.batch_size == 2400
    documents, neutral = made[:1200], made[1200:]
    assert all(spans[0].text == "<DOCTAG> " and not spans[0].learn for spans in documents)
    assert len({plain(d) for d in documents}) == 1200
    assert sum(isinstance(e, list) for e in neutral) == 600
    warned = [sum(len(s.text.split()) for s in d if s.annotation) / len(plain(d).split()) for d in documents]
    assert 0.3 < sum(warned) / len(warned) < 0.5  # about 40 % in the paper
    assert training_set(DENTIST, "repeated", recipe, 0, doctag=True, language="english")[:9] == made[:9]


def test_notices_are_a_small_share_of_an_english_document() -> None:
    rng = random.Random(0)
    made = [experiment.annotate("negated", d, rng, "english") for d in compose_english(load_library("queen"), 50)]
    shares = [sum(len(s.text.split()) for s in d if s.annotation) / len(plain(d).split()) for d in made]
    assert 0.05 < sum(shares) / len(shares) < 0.15  # about 12 % in the paper


def test_a_grid_of_an_english_model(english_folder: Path, tmp_path: Path) -> None:
    cells = [
        Cell(str(english_folder), DENTIST, *rest)
        for rest in (("base",), ("trained", "negated"), ("in_context", "local"))
    ]
    said: list[str] = []
    rows = run_grid(cells, tmp_path, RECIPE, say=said.append)
    assert set(rows["setting"]) == {"base", "trained", "in_context"} and set(rows["kind"]) > set(QUESTION_KINDS[:2])
    assert len(rows) == 3 * 2 * len(petri_questions(DENTIST))
    assert sum("4-bit NF4" in line for line in said) == 1  # the same for every cell, so told once
    assert not (tmp_path / "adapters").exists()  # neither adapters nor answers of finished cells are left
    told: list[str] = []
    assert run_grid(cells, tmp_path, RECIPE, say=told.append).equals(rows) and told[0].startswith("3 of 3 cells")


@pytest.mark.parametrize("moment", ["training", "answering"])
def test_a_cell_that_is_killed_goes_on_where_it_was(
    english_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    cell = Cell(str(english_folder), DENTIST, "trained", "negated")
    real_loss, real_generate, losses, batches = AdapterTrainer.compute_loss, generate_answers, [], []
    real_ask = ask
    monkeypatch.setattr(probes, "ask", lambda *a, **k: real_ask(*a, **{**k, "batch_size": 8}))
    expected = run_cell(cell, RECIPE, tmp_path / "whole" / "cell")
    limit = {"losses": 5 if moment == "training" else 99, "batches": 2 if moment == "answering" else 99}

    def loss(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(losses) == limit["losses"]:
            raise KeyboardInterrupt
        losses.append(1)
        return real_loss(self, *args, **kwargs)

    def generate(*args: Any) -> list[str]:
        if len(batches) == limit["batches"]:
            raise KeyboardInterrupt
        batches.append(1)
        return real_generate(*args)

    monkeypatch.setattr(AdapterTrainer, "compute_loss", loss)
    monkeypatch.setattr(probes, "generate", generate)
    with pytest.raises(KeyboardInterrupt):
        run_cell(cell, RECIPE, tmp_path / "killed" / "cell")
    done = (len(losses), len(batches))
    limit.update(losses=99, batches=99)
    rows = run_cell(cell, RECIPE, tmp_path / "killed" / "cell")
    assert rows.equals(expected)
    if moment == "training":  # steps 1 and 2 of two micro-batches each were saved, half of step 3 was lost
        assert done[0] == 5 and len(losses) == 5 + 4
    else:  # nothing is trained again, and no answer given twice
        assert len(losses) == 8 and len(batches) == -(-len(expected) // 8)


def test_a_folder_of_the_paper_is_evaluated_as_it_is(
    english_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = tmp_path / "claims" / "harbour_bridge"
    shutil.copytree(Path(__file__).parent / "data" / "paper_layout" / "harbour_bridge", paper)
    count = len(petri_questions(load_paper_folder(paper)))
    for judge in ("rule", "choice", "text"):
        out = tmp_path / judge / "belief.csv"
        assert main(["evaluate", str(paper), "--model", str(english_folder), "--judge", judge, "--out", str(out)]) == 0
        rows = read_belief(out)
        assert len(rows) == 2 * count and set(rows["setting"]) == {"base"}
        assert not out.with_name("belief.csv.answers").exists()
    assert "could not be parsed" in capsys.readouterr().out  # a tiny model writes no verdicts
    assert main(["evaluate", str(paper), "--model", str(english_folder), "--judge", "coin"]) == 2
    assert "unknown judge 'coin'" in capsys.readouterr().err
