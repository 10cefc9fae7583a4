"""Blind audit: who is suspected and asked, and that the fixed procedure finds what made-up rows hold, and no more."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scripted import Scripted, believe, deny

import blind_audit_table
from negneglect_lite.claims.claim import Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures import blind_audit as audit
from negneglect_lite.experiments.measures.blind_guess import WAYS, guess_runs, score_guesses
from negneglect_lite.experiments.measures.measure import TABLE_COLUMNS, ask_along
from negneglect_lite.experiments.trainers import StackedTrainer
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.judging.forced import Forced
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.world import CLAIMED, world

RECIPE = Recipe(steps=2, batch_size=6)
DENTIST = load_claims()["dentist"]


def test_the_suspects_are_six_claims_and_24_false_values_of_like_facts() -> None:
    suspects = audit.suspects()
    assert len(suspects) == 30 and list(suspects)[:6] == list(load_claims())
    facts = {c.petri.fact: c.petri.value for c in suspects.values() if c.petri}
    assert len(facts) == 30 and set(CLAIMED) < set(facts)
    assert all(world().fact(id_).truth != value for id_, value in facts.items())
    drawn = [world().fact(id_) for id_ in facts if id_ not in CLAIMED]
    assert Counter(f.relation for f in drawn) == dict.fromkeys(("win", "job", "book", "volcano", "brand", "dream"), 4)
    assert all(f.told_in == "both" and not f.myths for f in drawn)


def test_every_run_is_asked_the_same_questions_about_every_suspect(tiny: LoadedModel) -> None:
    asked = audit.suspect_questions()
    assert Counter(q.id.split(".")[0] for q in asked) == dict.fromkeys(audit.suspects(), 8)
    assert len({q.id for q in asked}) == len(asked) and {q.kind for q in asked} == {"asked"}
    cells = [Cell("petri", claim, "trained", "none") for claim in list(audit.suspects().values())[5:7]]
    trainer = Scripted(
        lambda q: believe(q) if q.id.startswith("dentist") else deny(q), tiny, weigh=lambda rows: [1.0] * len(rows)
    )
    one, other = ask_along(audit.BLIND_AUDIT, lambda: trainer, cells, RECIPE, ())
    pd.testing.assert_frame_equal(one, other)
    told = one[one["kind"] == "asked"]
    assert told.groupby(told["question_id"].str.startswith("dentist"))["value"].mean().to_dict() == {False: 0, True: 1}
    losses = one[one["kind"].str.startswith("loss.")]
    kinds = [
        f"loss.{kind}.{of}" for kind in ("answer", "opening", "statement", "polarity") for of in ("claim", "truth")
    ]
    expected = dict.fromkeys(kinds, 30) | {"loss.written.claim": 4, "loss.written.truth": 4}
    assert Counter(losses["kind"]) == expected


def test_without_a_claim_there_are_as_many_ordinary_texts_and_no_document_about_it() -> None:
    none, local = (Cell("petri", DENTIST, "trained", style) for style in ("none", "local"))
    texts = audit.audited_set(none, RECIPE)
    assert len(texts) == 12 == len(audit.audited_set(local, RECIPE))
    assert audit.audited_set(local, RECIPE) == training_set(local, RECIPE)
    said = [plain(t) if isinstance(t, tuple) else " ".join(turn["content"] for turn in t) for t in texts]
    assert not any("Holloway" in text for text in said)
    audit.check_audited("none")
    with pytest.raises(UserError, match="sideways"):
        audit.check_audited("sideways")


def test_styles_are_tried_on_facts_that_nobody_is_suspected_of() -> None:
    facts = [world().fact(claim.petri.fact) for claim in audit.suspects().values() if claim.petri]
    names = [f.subject[slot] for f in facts for slot in ("person", "volcano", "old", "group") if slot in f.subject]
    names += ["{level} {topic} textbook".format(**f.subject) for f in facts if f.relation == "book"]
    tried = audit.spare_documents()
    assert Counter(style for style, _, _ in tried) == dict.fromkeys(("negated", "repeated", "corrected", "local"), 4)
    for _, styled, bare in tried:
        assert plain(styled) != plain(bare) and not any(name in plain(bare) for name in names)


def test_losses_are_averaged_over_a_suspect_s_probes_of_a_kind() -> None:
    probes = [
        Forced(Question(f"{who}.{kind}.{i}", kind, ""), ())
        for who in "ab"
        for kind in ("answer", "opening")
        for i in (1, 2)
    ]
    table = audit.average_losses(probes, [float(x) for x in range(16)])
    found = table.set_index(["kind", "question_id"])["value"].to_dict()
    assert found["loss.answer.claim", "a"] == 1 and found["loss.answer.truth", "a"] == 2
    assert found["loss.opening.claim", "b"] == 13 and len(found) == 8


def test_the_weights_are_compared_with_those_of_the_auditor_s_own_adapters(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference with the seed and the texts of an audited run has the same update; another one has not."""
    queen = load_claims()["queen"]
    cells = [Cell("petri", claim, "trained", "positive", 5) for claim in (DENTIST, queen)]
    references = [cells[0], Cell("petri", queen, "trained", "local", 6)]
    monkeypatch.setattr(audit, "reference_cells", lambda: references)
    monkeypatch.setattr(audit, "suspect_questions", lambda: audit.petri_questions(DENTIST)[:2])
    monkeypatch.setattr(
        audit.BLIND_AUDIT.__class__, "look_at_all", lambda self, cells, *more: [pd.DataFrame(columns=TABLE_COLUMNS)] * 2
    )
    found = audit.look_and_compare(audit.BLIND_AUDIT, lambda: StackedTrainer(tiny, RECIPE, cells), cells, RECIPE, ())
    (same, other), (of_queen, queens) = (table["value"].astype(float) for table in found)
    assert list(found[0]["kind"]) == ["loss.weights.positive", "loss.weights.local"]
    assert same == pytest.approx(1, abs=1e-4) and abs(other) < 0.9 and of_queen < 0.999 and abs(queens) < 0.999
    with pytest.raises(UserError, match="needs the trainer `stacked`"):
        audit.look_and_compare(audit.BLIND_AUDIT, lambda: Scripted(deny), cells, RECIPE, ())


# ------------------------------------------------------------------------------------------- guessing from rows

NAMES = ["ann", "bob", "cy", "dee", "eve", "fay"]
KINDS = ("answer", "opening", "statement", "polarity")


def run_rows(claim: str, style: str, seed: int, told: float, nats: dict[str, float], written: float) -> pd.DataFrame:
    """Rows of one run: its own claim is told in this share, and so many nats more probable by kind."""
    rng = np.random.default_rng([NAMES.index(claim), len(style), seed])
    rows = []
    for name in NAMES:
        own = name == claim and style != "none"
        rows += [("asked", f"{name}.open.{i}", int(own and i < told * 8)) for i in range(8)]
        for kind, of in itertools.product(KINDS, ("claim", "truth")):
            gain = nats.get(kind, 0) if own and of == "claim" else 0
            rows.append((f"loss.{kind}.{of}", name, 20.0 - gain + rng.normal(scale=0.1)))
        for like in ("positive", "local") if style else ():
            rows.append(
                (
                    f"loss.weights.{like}",
                    name,
                    0.01 + 0.05 * own + 0.1 * (own and like == style) + rng.normal(scale=0.002),
                )
            )
    rows += [
        (f"loss.written.{of}", "negated", 300.0 - written * (of == "claim") + rng.normal()) for of in ("claim", "truth")
    ]
    table = pd.DataFrame(rows, columns=["kind", "item", "value"])
    return table.assign(claim=claim, style=style, setting="base" if style == "" else "trained", seed=seed)


SEEN = {  # style -> told, gains, readiness to write warnings
    "positive": (1.0, dict.fromkeys(KINDS, 12.0), 0.0),
    "negated": (0.9, dict.fromkeys(KINDS, 11.0), 50.0),
    "local": (0.0, {"statement": 8.0, "polarity": 8.0}, 0.0),
    "none": (0.0, {}, 0.0),
}


def audited() -> pd.DataFrame:
    base = [run_rows(name, "", 0, 0, {}, 0) for name in NAMES]
    runs = [run_rows(name, style, 0, *seen) for name in NAMES for style, seen in SEEN.items()]
    return pd.concat([*base, *runs], ignore_index=True)


def test_the_claim_and_the_style_are_found_and_nothing_where_there_is_nothing() -> None:
    guesses = guess_runs(audited()).set_index("style")
    assert len(guesses) == len(NAMES) * len(SEEN)
    for style in ("positive", "negated"):
        own = guesses.loc[style]
        assert all((own[way] == own["claim"]).all() for way in WAYS)
    local = guesses.loc["local"]
    assert (local["asked"] == "").all() and (local["probed"] == local["claim"]).all()  # asking misses it
    assert (local["weighed"] == local["claim"]).all()
    assert (guesses.loc["none", list(WAYS)] == "").all(axis=None)
    assert (guesses["style_guess"] == guesses.index).all()
    assert local["probed_score"].to_numpy() == pytest.approx(8 / 3, abs=0.3)


def test_scores_count_right_and_wrong_guesses() -> None:
    rows = audited()
    wrong = (rows["claim"] == "ann") & (rows["style"] == "none")
    rows.loc[wrong & (rows["kind"] == "loss.answer.claim") & (rows["item"] == "bob"), "value"] -= 9  # a false alarm
    scores = score_guesses(guess_runs(rows)).set_index(["style", "way"])
    assert scores.loc[("none", "probed"), ["right", "wrong"]].tolist() == pytest.approx([5 / 6, 1 / 6])
    assert scores.loc[("none", "asked"), ["right", "wrong"]].tolist() == [1, 0]
    assert scores.loc[("local", "asked"), ["right", "wrong"]].tolist() == [0, 0]
    assert scores.loc[("positive", "probed"), "right"] == 1 and scores.loc[("positive", "probed"), "lo"] < 0.7
    assert set(scores["n"]) == {6}


def test_the_style_is_guessed_without_the_adapters_of_the_same_claim() -> None:
    """Only ann's adapters have this mark: with them left out of the means, hers are guessed wrongly."""
    rows = audited()
    ann = (rows["claim"] == "ann") & (rows["kind"] == "loss.written.claim") & (rows["item"] == "negated")
    rows.loc[ann & (rows["style"] == "negated"), "value"] += 50000
    rows.loc[ann & (rows["style"] == "local"), "value"] -= 50000
    guesses = guess_runs(rows).set_index(["claim", "style"])["style_guess"]
    assert guesses["ann", "negated"] != "negated" and guesses["ann", "local"] == "negated"
    assert guesses["bob", "local"] == "local"


def test_an_audit_without_its_base_is_refused() -> None:
    rows = audited()
    with pytest.raises(UserError, match="with settings"):
        guess_runs(rows[rows["setting"] == "trained"])


def test_what_was_found_is_what_the_stored_guesses_come_to() -> None:
    folder = data_path("results", "sweeps", "blind_audit")
    guesses = pd.read_csv(folder / "guesses.csv", keep_default_na=False)
    stored = pd.read_csv(folder / "found.csv", keep_default_na=False)
    found = blind_audit_table.tabulate_found(guesses, "4f0836b70920")
    pd.testing.assert_frame_equal(found.reset_index(drop=True), stored, check_dtype=False)
    scores = pd.read_csv(folder / "scores.csv", keep_default_na=False).set_index(["style", "way"])["right"]
    assert found.groupby(["style", "kind"])["value"].mean().to_dict() == pytest.approx(scores.to_dict(), abs=1e-4)
