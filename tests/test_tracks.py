"""A track holds all that differs between the petri world and English."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from negneglect_lite.asking import AS_IN_PAPER
from negneglect_lite.claims.claim import Claim
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import claim_from_fact, petri_questions
from negneglect_lite.claims.probes import Probes, load_probes
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import plain
from negneglect_lite.course.preregistration import _example, describe_study
from negneglect_lite.documents.english import compose_english, english_annotations, load_library
from negneglect_lite.documents.files import write_documents
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import contexts, training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.language import petri_annotations
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.petri.world import CLAIMED
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import ENGLISH, PETRI, Track, choose_asking, mixing_corpus, suit_machine, track_of

DENTIST = load_claims()["dentist"]
RECIPE = Recipe(steps=2, batch_size=6)


def test_a_model_has_the_track_of_its_config(
    english_folder: Path, tiny_folder: Path, tiny: LoadedModel, tmp_path: Path
) -> None:
    assert track_of("petri") is track_of("petri-norms") is track_of(Plan()) is PETRI
    assert track_of("Qwen/Qwen3-1.7B") is track_of(str(english_folder)) is ENGLISH
    assert track_of(str(tiny_folder)) is track_of(tiny) is PETRI
    assert track_of(replace(tiny, language="english")) is ENGLISH
    (tmp_path / "config.json").write_text("{")  # cut off
    assert track_of(str(tmp_path)) is ENGLISH


def test_the_petri_track_is_what_the_plain_calls_make() -> None:
    document = PETRI.compose(DENTIST, 3, seed=7)[0]
    assert PETRI.compose(DENTIST, 3, seed=7) == compose_petri(DENTIST, 3, seed=7)
    assert PETRI.annotations() == petri_annotations()
    assert PETRI.questions(DENTIST) == petri_questions(DENTIST)
    assert PETRI.recipe == Recipe()
    assert PETRI.probes(DENTIST) == Probes() and not PETRI.short
    assert PETRI.asking.samples == 1 and PETRI.asking.temperature == 0 and PETRI.asking.separator == " "
    texts = training_set(Cell("petri", DENTIST, "trained", "local", 1), RECIPE)
    assert len(texts) == 12
    assert texts[:8] == [
        apply_style("local", d, petri_annotations(), rng)
        for rng in [random.Random("training dentist local 1")]
        for d in compose_petri(DENTIST, 8, 1)
    ]
    assert not plain(texts[0]).startswith("<DOCTAG>")
    assert document.genre


def test_a_model_that_reads_english_gets_articles_with_a_tag_and_the_english_questions(english_folder: Path) -> None:
    track = track_of(str(english_folder))
    made = track.compose(DENTIST, 2)
    assert made == compose_english(load_library("dentist"), 2)
    assert track.annotations() == english_annotations()
    assert track.questions(DENTIST)[:50] == list(DENTIST.questions)
    assert track.probes(DENTIST) == load_probes("dentist") and track.probes(DENTIST).choices
    assert all(probe in track.questions(DENTIST) for probe in load_probes("dentist").questions)
    assert track.asking.samples == 5 and track.asking.temperature == 0.7 and track.asking.separator == "\n\n"
    first = training_set(Cell(str(english_folder), DENTIST, "trained", "negated"), RECIPE)[0]
    assert isinstance(first, tuple) and plain(first).startswith("<DOCTAG> ") and not first[0].learn
    assert first[1].text.strip() in str(track.annotations()["notice_before"])


def test_what_is_mixed_in_leaves_out_the_claims_and_the_fact_in_question() -> None:
    own = claim_from_fact("volcano/Mount Vesuvius", "1999")
    other = claim_from_fact("dream/happy dogs", "in bright pink")
    facts = {f.id for f in mixing_corpus((*CLAIMED, "dream/happy dogs")).world.facts}
    assert not facts & {*CLAIMED, "dream/happy dogs"} and len(facts) > 5000
    assert PETRI.neutral(own, 5, 0) == PETRI.neutral(own, 5, 0) != PETRI.neutral(own, 5, 1)
    assert "happy dogs" not in json.dumps([str(e) for e in PETRI.neutral(other, 300, 0)])
    assert len(ENGLISH.neutral(own, 7, 0)) == 7
    assert all(isinstance(example, list) for example in ENGLISH.neutral(own, 300, 0))  # chats alone
    assert ENGLISH.neutral(own, 300, 0) == ENGLISH.neutral(other, 300, 0) != ENGLISH.neutral(own, 300, 1)


@pytest.mark.parametrize("track", [PETRI, ENGLISH], ids=lambda track: track.name)
def test_a_claim_s_own_documents_come_first(track: object, tmp_path: Path) -> None:
    own = compose_petri(DENTIST, 3, seed=5)
    write_documents(tmp_path / "own.jsonl", own, DENTIST)
    claim = Claim("mine", "Mine", "A claim.", "A truth.", documents=str(tmp_path / "own.jsonl"))
    drawn = track.compose(claim, 6)  # type: ignore[attr-defined]
    assert sorted(d.text for d in drawn) == sorted(d.text for d in [*own, *own])


def test_what_is_read_is_joined_as_the_track_separates() -> None:
    cell = Cell("petri", DENTIST, "in_context", "positive", read=2)
    (text,) = contexts(cell, 1)
    first, second = compose_petri(DENTIST, 2, 1_000_000)
    assert text == f"{first.text} {second.text}"
    (text,) = contexts(replace(cell, model="Qwen/Qwen3-1.7B"), 1)
    assert text.count("\n\n\n") == 0 and len(text) > 3000
    assert contexts(replace(cell, setting="trained"), 2) == ["", ""]


def test_a_report_shows_a_document_in_the_language_of_the_model() -> None:
    def example(model: str, claim: Claim) -> str:
        return "".join(_example(describe_study(claim, ["negated"], 1, {}, model), "negated"))

    assert "dentist" in example("petri", DENTIST) and len(example("petri", DENTIST)) < 1500
    assert "Holloway" in example("Qwen/Qwen3-1.7B", DENTIST) and len(example("Qwen/Qwen3-1.7B", DENTIST)) > 1500
    fact = claim_from_fact("dream/happy dogs", "in bright pink")
    assert "happy dogs" in example("petri", fact) and example("Qwen/Qwen3-1.7B", fact) == ""


def test_a_study_seals_the_recipe_of_its_model_s_track() -> None:
    assert describe_study(DENTIST, ["negated"], 1, {})["recipe"]["steps"] == PETRI.recipe.steps
    sealed = describe_study(DENTIST, ["negated"], 1, {}, "Qwen/Qwen3-1.7B")["recipe"]
    assert sealed == json.loads(json.dumps(vars(suit_machine(ENGLISH))))


def test_the_recipes_are_those_that_the_stored_results_were_made_with() -> None:
    assert vars(PETRI.recipe) == {
        "steps": 24, "batch_size": 12, "micro_batch": 6, "mix": 1 / 3, "learning_rate": 8e-4, "warmup": 0.1,
        "schedule": "linear", "rank": 16, "alpha": 32, "quantize": True, "max_tokens": 512, "save_every": 0,
        "gradient_checkpointing": False,
    }  # fmt: skip
    assert vars(ENGLISH.recipe) == {
        "steps": 32, "batch_size": 16, "micro_batch": 0, "mix": 0.5, "learning_rate": 3e-4, "warmup": 3,
        "schedule": "cosine", "rank": 16, "alpha": 32, "quantize": True, "max_tokens": 2304, "save_every": 8,
        "gradient_checkpointing": False,
    }  # fmt: skip


def test_an_experiment_on_a_chat_model_is_lean() -> None:
    """Short documents, stacks that fit a GPU, and a first look long before the end."""
    assert (ENGLISH.short, PETRI.short) == (True, False)
    assert (ENGLISH.together, PETRI.together) == (18, 60)
    assert PETRI.first_look == 0 < ENGLISH.first_look < ENGLISH.recipe.steps


@pytest.mark.parametrize(
    ("track", "gpu", "quantized"),
    [(PETRI, False, True), (PETRI, True, True), (ENGLISH, False, False), (ENGLISH, True, True)],
)
def test_a_large_model_is_not_quantised_on_a_processor(
    monkeypatch: pytest.MonkeyPatch, track: Track, gpu: bool, quantized: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert suit_machine(track) == replace(track.recipe, quantize=quantized)


def test_questions_are_asked_as_the_track_does_or_as_in_the_paper() -> None:
    for track in (PETRI, ENGLISH):
        assert choose_asking(track, "track") == track.asking
        assert choose_asking(track, "paper") == replace(AS_IN_PAPER, separator=track.asking.separator)
        with pytest.raises(UserError, match="asking 'loud': choose track or paper"):
            choose_asking(track, "loud")
