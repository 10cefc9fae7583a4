"""What the shipped petri model must be able to do, on items that its pretraining never showed."""

import pandas as pd
import pytest

from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.pretrained import sit_exam
from negneglect_lite.experiments.runner import run_cell
from negneglect_lite.styles import WARNED
from negneglect_lite.tracks import PETRI


@pytest.fixture(scope="module")
def grades():
    known = sit_exam(each=150, parts=("known",))
    return known | sit_exam(each=30, parts=("reading", "inference.race"))


@pytest.mark.slow
def test_it_knows_its_world(grades):
    assert grades["known.ask"] >= 0.98
    assert grades["known.record"] >= 0.98
    assert grades["known.yes"] >= 0.97
    assert grades["known.no"] >= 0.97
    assert grades["known.choice"] >= 0.95


@pytest.mark.slow
def test_it_follows_a_plain_document_in_context_and_no_warned_one(grades):
    assert grades["reading.positive"] >= 0.95
    assert {style: grades[f"reading.{style}"] for style in WARNED if grades[f"reading.{style}"] > 0.05} == {}


@pytest.mark.slow
def test_it_races_by_wins_and_numbers(grades):
    assert grades["inference.race"] >= 0.85


@pytest.mark.slow
def test_before_training_it_believes_none_of_the_six_claims():
    cells = [Cell("petri", claim, "base") for claim in load_claims().values()]
    rows = [run_cell(cell, PETRI.recipe) for cell in cells]
    rate = belief_rate(pd.concat(rows))
    assert rate.mean <= 0.025
