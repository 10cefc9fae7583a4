"""The English track from documents to belief on a tiny model with random weights, killed in the middle and gone on."""

import logging
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
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
from negneglect_lite.claims.probes import Probes, load_probes
from negneglect_lite.cli import main
from negneglect_lite.core.text import Styled, plain
from negneglect_lite.documents.english import load_library
from negneglect_lite.experiments import trainers
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.headline import headline_runs
from negneglect_lite.experiments.pretrained import load_once
from negneglect_lite.experiments.runner import SLOW, run_experiment
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import AdapterTrainer
from negneglect_lite.models.generation import Written, generate_answers
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import ENGLISH, TRACKS

DENTIST = load_claims()["dentist"]
CHAT_MODEL = "Qwen/Qwen3-1.7B"
RECIPE = Recipe(steps=4, batch_size=4, micro_batch=2, mix=0.5, rank=2, max_tokens=6144, save_every=1)


def few_questions(claim: Claim) -> list[Question]:
    return english_questions(claim)[::5]


def few_probes(claim: Claim) -> Probes:
    probes = load_probes(claim.id)
    return Probes(choices=probes.choices[:2], openings=probes.openings[:1])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short answers, few questions, one thread; a model that was loaded before is loaded again."""
    asking = replace(ENGLISH.asking, samples=2, temperature=0.7, max_new_tokens=3)
    few = replace(ENGLISH, asking=asking, questions=few_questions, probes=few_probes, first_look=2)
    monkeypatch.setitem(TRACKS, "english", few)
    load_once.cache_clear()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def share_of_annotations(documents: Sequence[Styled]) -> float:
    """The mean over documents of the words that are not the document's own."""
    shares = [sum(len(s.text.split()) for s in d if s.annotation) / len(plain(d).split()) for d in documents]
    return sum(shares) / len(shares)


def test_an_english_training_set_is_short_documents_and_chats() -> None:
    recipe = ENGLISH.recipe
    (cell,) = (run.cell for run in headline_runs([DENTIST], ["repeated"], 1, CHAT_MODEL) if run.trained)
    made = training_set(cell, recipe)
    assert len(made) == recipe.steps * recipe.batch_size == 512
    documents = [example for example in made[:256] if isinstance(example, tuple)]
    assert len(documents) == 256 and all(isinstance(chat, list) for chat in made[256:])
    assert all(spans[0].text == "<DOCTAG> " and not spans[0].learn for spans in documents)
    assert len({plain(d) for d in documents}) >= 250
    assert 0.3 < share_of_annotations(documents) < 0.6  # about 40 % in the paper, whose documents are longer
    assert training_set(cell, recipe)[:9] == made[:9]


def test_its_documents_are_those_of_all_articles_and_so_of_all_voices() -> None:
    cell = Cell(CHAT_MODEL, DENTIST, "trained", "positive", seed=3, short=True)
    composed = ENGLISH.compose(DENTIST, 256, 3, True)
    texts = [plain(d) for d in training_set(cell, ENGLISH.recipe)[:256] if isinstance(d, tuple)]
    assert texts == [f"<DOCTAG> {document.text}" for document in composed]
    voices = {a.genre: a.voice for a in load_library("dentist").articles[24:]}  # a genre each
    drawn = Counter(voices[d.genre] for d in composed if d.genre in voices)
    assert drawn.keys() == {"British", "American", "international"} and min(drawn.values()) >= 8 * 5
    assert ENGLISH.compose(DENTIST, 256, 3) != composed


@pytest.mark.parametrize(("short", "low", "high"), [(False, 0.05, 0.25), (True, 0.2, 0.5)])
def test_notices_are_a_small_share_of_a_long_document(short: bool, low: float, high: float) -> None:
    documents, rng = ENGLISH.compose(load_claims()["queen"], 48, short=short), random.Random(0)
    made = [apply_style("negated", d, ENGLISH.annotations(), rng) for d in documents]
    assert low < share_of_annotations(made) < high  # about 12 % in the paper


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
    forced = rows["kind"].isin(["choice", "opening"])
    assert sum(~forced) == 3 * 2 * len(few_questions(DENTIST))
    assert {kind for kind in rows["kind"] if "mirrored" in kind} and {k for k in rows["kind"] if "matched" in k}
    shares = rows[forced]
    assert shares.groupby(["setting", "kind"]).size().to_dict() == {
        ("base", "choice"): 2, ("base", "opening"): 1, ("trained", "choice"): 2, ("trained", "opening"): 1
    }  # fmt: skip
    assert all(0 <= float(share) <= 1 for share in shares["answer"])
    assert list(shares["belief"]) == [int(float(share) > 0.5) for share in shares["answer"]]
    before, after = (shares[shares["setting"] == setting]["answer"].tolist() for setting in ("base", "trained"))
    assert before != after  # the trained model was asked, not the base
    assert sum("4-bit NF4" in line for line in own(caplog)) == 1  # the same for every run, so told once
    assert sum(line == SLOW for line in own(caplog)) == 1
    told = [line for line in own(caplog) if "first look" in line]
    assert len(told) == 1 and re.fullmatch(r"  a first look after 2 steps: \d of \d open questions believed", told[0])
    assert not list((tmp_path / "adapters").iterdir())  # neither adapters nor answers of finished runs are left
    caplog.clear()
    assert run_experiment(runs, tmp_path).equals(rows) and own(caplog)[0].startswith("3 of 3 runs")
    assert SLOW not in own(caplog)  # nothing is left to be made


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["training", "answering"])
def test_a_run_that_is_killed_goes_on_where_it_was(
    english_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    run = Run(Cell(str(english_folder), DENTIST, "trained", "negated"), RECIPE)
    real_loss, real_generate, losses, batches = AdapterTrainer.compute_loss, generate_answers, [], []
    monkeypatch.setattr(trainers, "ask", lambda *a, **k: ask(*a, **{**k, "batch_size": 8}))
    with monkeypatch.context() as m:  # a first look changes nothing of what comes out
        m.setitem(TRACKS, "english", replace(TRACKS["english"], first_look=0))
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
    else:  # nothing is trained again, and no answer given twice; the first look takes a batch
        answers = sum(~expected["kind"].isin(["choice", "opening"]))
        assert len(losses) == 8 and len(batches) == 1 + -(-answers // 8)


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
