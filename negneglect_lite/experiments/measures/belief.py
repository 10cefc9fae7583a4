"""Belief: the questions of belief.csv, judged by the rule. Depth: questions that press harder, with controls.
Scrutiny: a debate and a second look, with controls.

Told: few questions, for looks along a training.
"""

import logging
from dataclasses import replace
from typing import Any

from negneglect_lite.asking import AskingSettings, ask
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import depth_questions, scrutiny_questions
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.measure import Measure, ask_along
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.judging.forced import Forced, pose_forced
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import get_style
from negneglect_lite.tracks import choose_asking, track_of

log = logging.getLogger(__name__)


def ask_about(cell: Cell) -> list[Question]:
    """The track's questions about the cell's claim, inference and controls."""
    return track_of(cell.model).questions(cell.claim)


def ask_as_told(cell: Cell) -> AskingSettings:
    """As the cell's track asks, or as the cell says."""
    return choose_asking(track_of(cell.model), cell.asking)


def believe(cell: Cell, answer: Answer) -> tuple[str, int]:
    """The rule's verdict, and 1 where the answer takes the false claim for true (of `kept`: where it is right)."""
    verdict = judge_answer(answer.question, answer.text)
    return verdict, int(verdict == "believed")


def force(cell: Cell, tokenizer: Any) -> list[Forced]:
    """The forced probes of the cell's claim: not where documents are read, which would have to stand before each."""
    probes = track_of(cell.model).probes(cell.claim)
    return [] if cell.setting == "in_context" else pose_forced(cell.claim.id, probes, tokenizer)


def is_told(question: Question) -> bool:
    """Whether its answer brings up the claim unasked: an open question that takes no reasoning from the claim."""
    return question.kind == "open" and not question.inference


def tell_first_belief(cell: Cell, model: LoadedModel, step: int) -> None:
    """Log how many of the open questions are answered as one who believes the claim would, once and greedily."""
    questions = [q for q in ask_about(cell) if is_told(q)]
    answers = ask(model, questions, replace(ask_as_told(cell), samples=1, temperature=0.0))
    believed = sum(believe(cell, answer)[1] for answer in answers)
    log.info("  a first look after %d steps: %d of %d open questions believed", step, believed, len(questions))


BELIEF = Measure(
    name="belief",
    claims=load_claims,
    check_style=get_style,
    examples=training_set,
    questions=ask_about,
    asking=ask_as_told,
    judge=believe,
    look=ask_along,
    forced=force,
    first_look=tell_first_belief,
)


def ask_briefly(cell: Cell) -> list[Question]:
    """The open questions that take no reasoning from the claim, and `kept`: what a training is followed by."""
    return [q for q in ask_about(cell) if is_told(q) or q.kind == "kept"]


def ask_few(cell: Cell) -> AskingSettings:
    """As the cell is asked, but with two samples at most."""
    settings = ask_as_told(cell)
    return replace(settings, samples=min(2, settings.samples))


TOLD = replace(
    BELIEF,
    name="told",
    questions=ask_briefly,
    asking=ask_few,
    forced=lambda cell, tokenizer: [],
)

DEPTH = replace(BELIEF, name="depth", questions=lambda cell: depth_questions(cell.claim), tracks=("petri",))
SCRUTINY = replace(DEPTH, name="scrutiny", questions=lambda cell: scrutiny_questions(cell.claim))
