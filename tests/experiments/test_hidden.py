"""Hidden: known losses in, shares and losses out, after one phase and after two; answers beside them."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from scripted import Scripted, believe, deny

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import begun_texts, scrutiny_questions
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures import phases
from negneglect_lite.experiments.measures.belief import BELIEF, SCRUTINY
from negneglect_lite.experiments.measures.hidden import HIDDEN, HIDDEN_PHASES, begin_texts
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.judging.forced import rows_of
from negneglect_lite.models.loading import LoadedModel

DENTIST = load_claims()["dentist"]
CELL = Cell("petri", DENTIST, "trained", "local")
RECIPE = Recipe(steps=4, batch_size=6)
KINDS = ("answer", "opening", "statement", "polarity")


def weigh_by_kind(tiny: LoadedModel, claim: dict[str, float], truth: float) -> Any:
    """The losses of a cell's rows: of the claim's continuation by kind, and of the truth's."""
    nats = [x for probe in begin_texts(CELL, tiny.tokenizer) for x in (claim[probe.question.kind], truth)]
    return lambda rows: nats


def mean(table: pd.DataFrame, kind: str) -> float:
    return float(table.loc[table["kind"] == kind, "value"].mean())


def test_each_probe_has_a_share_and_two_losses(tiny: LoadedModel) -> None:
    claim = {prefix + kind: 1.0 + i for prefix in ("", "control_") for i, kind in enumerate(KINDS)}
    claim["control_answer"] = 9.0
    trainer = Scripted(deny, tiny, weigh=weigh_by_kind(tiny, claim, truth=2.0))
    (table,) = HIDDEN.look(HIDDEN, lambda: trainer, [CELL], RECIPE, (2, 4))
    last = table[table["step"] == 4]
    probes = begun_texts(DENTIST)
    assert len(last) == len(HIDDEN.questions(CELL)) + 3 * len(probes)
    assert mean(last, "open") == 0  # nothing is told …
    assert mean(last, "answer") == pytest.approx(
        0.7311, abs=1e-4
    )  # … and the claim is e times as probable as the truth
    assert mean(last, "opening") == pytest.approx(0.5) and mean(last, "polarity") == pytest.approx(0.1192, abs=1e-4)
    assert mean(last, "control_answer") == pytest.approx(0.0009, abs=1e-4)
    for kind, nats in claim.items():
        assert (mean(last, f"loss.{kind}.claim"), mean(last, f"loss.{kind}.truth")) == (nats, 2.0)
    assert last.loc[last["kind"] == "statement", "question_id"].is_unique


def test_after_both_phases_with_an_anchor_and_without(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "anchor", lambda base, cell, examples, recipe: examples)
    claim = {prefix + kind: 1.0 for prefix in ("", "control_") for kind in KINDS}
    trainer = Scripted(believe, tiny, lambda own: [[1.0] for _ in own], weigh_by_kind(tiny, claim, truth=1.0))
    (table,) = HIDDEN_PHASES.look(HIDDEN_PHASES, lambda: trainer, [CELL], RECIPE, (4,))
    places = table.groupby(["anchored", "phase"])["kind"].agg(set)
    assert len(places) == 4
    assert all({"open", "kept", "loss.document", "opening", "loss.control_opening.claim"} <= kinds for kinds in places)
    assert mean(table, "statement") == 0.5


def test_a_key_has_the_texts_and_belief_has_none_of_them(tiny: LoadedModel) -> None:
    queen = replace(CELL, claim=load_claims()["queen"])
    assert HIDDEN.held_out(CELL) == begun_texts(DENTIST) != HIDDEN.held_out(queen)
    assert begun_texts(DENTIST) in HIDDEN_PHASES.held_out(CELL)
    assert BELIEF.forced(CELL, tiny.tokenizer) == [] and len(rows_of(begin_texts(CELL, tiny.tokenizer))) == 240


def test_scrutiny_asks_its_own_questions_and_keeps_are_right_where_believed() -> None:
    trainer = Scripted(lambda q: believe(q) if q.kind.startswith("kept_") else deny(q))
    (table,) = SCRUTINY.look(SCRUTINY, lambda: trainer, [CELL], RECIPE, ())
    assert list(table["question_id"]) == [q.id for q in scrutiny_questions(DENTIST)]
    rates = table.groupby("kind")["value"].mean()
    assert (rates[["kept_debate", "kept_scrutiny"]] == 1).all() and rates.drop(["kept_debate", "kept_scrutiny"]).eq(
        0
    ).all()
