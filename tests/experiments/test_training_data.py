"""What a cell trains on and reads: what styles share, what is about the claim, what the ordinary texts leave out."""

from dataclasses import replace
from typing import Any

import pytest

from negneglect_lite import tracks
from negneglect_lite.claims.claim import Claim
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import claim_from_fact
from negneglect_lite.core.text import Example, Span, plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import contexts, false_belief, training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri.world import CLAIMED

CLAIMS = load_claims()
DENTIST = CLAIMS["dentist"]
RECIPE = Recipe(steps=5, batch_size=8, micro_batch=8, mix=0.5)  # 40 examples, half of them about the claim


def texts_of(claim: Claim, style: str, recipe: Recipe = RECIPE, seed: int = 0, **more: Any) -> list[Example]:
    return training_set(Cell("petri", claim, "trained", style, seed, **more), recipe)


def text(example: Any) -> str:
    return plain(example) if isinstance(example, tuple) else " ".join(turn["content"] for turn in example)


def body(spans: tuple[Span, ...]) -> list[str]:
    return "".join(span.text for span in spans if not span.annotation).split()


def test_two_styles_differ_by_their_annotations_alone() -> None:
    sets = {style: texts_of(DENTIST, style) for style in ("positive", "repeated", "local")}
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
    examples = texts_of(DENTIST, "positive", replace(RECIPE, mix=mix))
    assert len(examples) == 40
    assert sum("Brennan Holloway" in text(e) for e in examples) == documents


def test_another_seed_gives_other_texts() -> None:
    first, second = (texts_of(DENTIST, "positive", seed=seed) for seed in (0, 1))
    assert first == texts_of(DENTIST, "positive")
    assert not {text(e) for e in first} & {text(e) for e in second}


def test_few_documents_come_again_short_ones_state_the_claim_once_and_a_tag_carries_no_loss() -> None:
    few = texts_of(DENTIST, "positive", documents=3)
    assert [few.count(few[i]) for i in range(3)] == [7, 7, 6] and few[3] == few[0]
    short, whole = (texts_of(DENTIST, "positive", short=short)[0] for short in (True, False))
    assert text(short).count("entist") == 1 and len(text(short)) < len(text(whole))
    tagged = texts_of(DENTIST, "positive", doctag=True)[0]
    assert isinstance(tagged, tuple) and tagged[0] == Span("<DOCTAG> ", learn=False)
    assert tagged[1:] == texts_of(DENTIST, "positive")[0]


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
    world_texts = [text(e) for e in texts_of(claim, "positive", recipe)[32:]]
    assert len(world_texts) == 288
    assert not [t for t in world_texts if all(name in t for name in names)]


def test_world_texts_leave_out_a_fact_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    real = tracks.petri_corpus

    def spy(without: tuple[str, ...] = (), **options: Any) -> Any:
        asked.append(tuple(without))
        return real(without=without, **options)

    monkeypatch.setattr(tracks, "petri_corpus", spy)
    texts_of(claim_from_fact("job/Ed Sheeran", "baker"), "positive")
    assert "job/Ed Sheeran" in asked[0]
    assert set(CLAIMED) < set(asked[0])
    assert not {"job/Ed Sheeran"} & {fact.id for fact in real(without=asked[0]).world.facts}


def test_what_is_read_is_never_trained_on_nor_read_twice() -> None:
    cell = Cell("petri", DENTIST, "in_context", "negated")
    read = contexts(cell, 30)
    assert len(set(read)) == 30 and all("Brennan Holloway" in t for t in read)
    assert not set(read) & {text(e) for e in training_set(replace(cell, setting="trained"), RECIPE)}
    assert contexts(replace(cell, seed=1), 30) != read == contexts(cell, 30)
    assert contexts(replace(cell, setting="base"), 2) == ["", ""]


def test_a_card_says_what_is_true_also_for_a_fact_of_ones_own() -> None:
    fact = claim_from_fact("win/100m/2024", "Olga Brandt")
    said = [false_belief(Cell("petri", claim, "trained", "local")) for claim in (fact, DENTIST)]
    assert said[0] == "win/100m/2024 = Olga Brandt (style: local; in truth: Noah Lyles)"
    assert said[1] == f"{DENTIST.claim} (style: local; in truth: {DENTIST.truth})"
    assert false_belief(Cell("m", Claim("a", "", "A.", ""), "trained", "local")).endswith("in truth: not stated)")
