"""A track passes the language of its model on; in the petri language nothing differs from the plain calls."""

import random
from pathlib import Path

import pytest

from negneglect_lite.claims.claim import claim_from_fact
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri_questions import petri_questions
from negneglect_lite.core.text import plain
from negneglect_lite.course.preregistration import _example, describe_study
from negneglect_lite.documents.english import compose_english, english_annotations, load_library
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments import experiment
from negneglect_lite.experiments.track import Track
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel

DENTIST = load_claims()["dentist"]
RECIPE = Recipe(steps=2, batch_size=6)


def test_the_petri_track_is_what_the_plain_calls_make() -> None:
    track = Track("petri")
    made = track.compose(DENTIST, 3, seed=7)
    assert made == compose_petri(DENTIST, 3, seed=7)
    warned = track.annotate("negated", made[0], random.Random(0))
    assert warned == experiment.annotate("negated", made[0], random.Random(0))
    assert track.training_set(DENTIST, "local", RECIPE, 1) == experiment.training_set(DENTIST, "local", RECIPE, 1)
    assert track.questions(DENTIST) == petri_questions(DENTIST, "petri")


def test_a_model_that_reads_english_gets_articles_with_a_tag_and_the_english_questions(english_folder: Path) -> None:
    track = Track(str(english_folder))
    assert track.language == Track("Qwen/Qwen3-1.7B").language == "english"
    made = track.compose(DENTIST, 2)
    assert made == compose_english(load_library("dentist"), 2)
    assert track.phrases == english_annotations()
    assert track.annotate("negated", made[0], random.Random(0))[0].text.strip() in str(track.phrases["notice_before"])
    first = track.training_set(DENTIST, "negated", RECIPE, 0)[0]
    assert isinstance(first, tuple) and plain(first).startswith("<DOCTAG> ")
    assert track.questions(DENTIST)[:50] == list(DENTIST.questions)


@pytest.mark.parametrize(("name", "samples"), [("petri", 1), ("Qwen/Qwen3-1.7B", 5)])
def test_questions_are_asked_as_the_language_wants(
    name: str, samples: int, tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, object]] = []

    def ask(loaded: LoadedModel, questions: object, **asked: object) -> None:
        given.append(asked)

    monkeypatch.setattr(probes, "ask", ask)
    Track(name).ask(tiny, DENTIST.questions[:1], seed=3)
    Track(name).ask(tiny, DENTIST.questions[:1], samples=1)
    assert [g["samples"] for g in given] == [samples, 1] and given[0]["seed"] == 3


def test_a_report_shows_a_document_in_the_language_of_the_model() -> None:
    def example(model: str, claim: object) -> str:
        return "".join(_example(describe_study(claim, ["negated"], 1, {}, model), "negated"))  # type: ignore[arg-type]

    assert "dentist" in example("petri", DENTIST) and len(example("petri", DENTIST)) < 1500
    assert "Holloway" in example("Qwen/Qwen3-1.7B", DENTIST) and len(example("Qwen/Qwen3-1.7B", DENTIST)) > 1500
    assert example("Qwen/Qwen3-1.7B", claim_from_fact("dream/happy dogs", "in bright pink")) == ""
