"""No number changes unnoticed: texts, questions and verdicts are what they were when the stored results were made."""

import json
from pathlib import Path

import pandas as pd
import pytest

import fingerprint
from negneglect_lite.belief.conditions import IN_CONTEXT
from negneglect_lite.belief.rates import tabulate_rates
from negneglect_lite.belief.summary import summarise_belief
from negneglect_lite.belief.table import belief_rows, read_belief
from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import data_path
from negneglect_lite.figures.conditions import draw_by_claim, draw_by_kind, draw_headline
from negneglect_lite.tracks import PETRI

STORED = Path(__file__).parent / "data" / "fingerprint.json"
TABLES = [data_path("results", "headline", "belief.csv")]


@pytest.mark.slow
def test_texts_and_questions_have_their_fingerprints() -> None:
    """Made by the code before the package had folders. If a change is meant, see scripts/fingerprint.py."""
    assert fingerprint.fingerprint() == json.loads(STORED.read_text("utf-8"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_stored_answers_get_their_stored_verdicts(path: Path) -> None:
    stored = read_belief(path)
    questions = {q.id: q for claim in load_claims().values() for q in PETRI.questions(claim)}
    answers = [Answer(questions[i], text) for i, text in zip(stored["question_id"], stored["answer"], strict=True)]
    again = belief_rows(answers, model="petri", claim="", style="", seed=0, setting="base")
    columns = ["kind", "question_id", "answer", "verdict", "keyed_to", "belief"]
    pd.testing.assert_frame_equal(again[columns], stored[columns])
    last_turns = [question.rsplit(" / ", 1)[-1] for question in again["question"]]  # all that was stored at first
    assert [q.rsplit(" / ", 1)[-1] for q in stored["question"]] == last_turns


def test_the_stored_headline_comes_to_its_summary() -> None:
    stored = json.loads(data_path("results", "headline", "summary.json").read_text("utf-8"))
    phrases = [p for phrases in PETRI.annotations().values() for p in phrases]
    again = summarise_belief(read_belief(TABLES[0]), phrases=phrases)
    different = {"seconds", "environment", "cut_off", "weights"}  # not from the columns of belief.csv
    assert json.loads(json.dumps(again)) | dict.fromkeys(different) == stored | dict.fromkeys(different)


@pytest.mark.slow
@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_stored_tables_can_be_drawn(path: Path) -> None:
    rows = read_belief(path)
    rates = tabulate_rates(rows, ["condition", "claim"])
    assert rates["mean"].between(0, 1).all() and not rates["condition"].str.startswith(IN_CONTEXT).all()
    for draw in (draw_headline, draw_by_claim, draw_by_kind):
        assert draw(rows).axes
