"""Belief: the questions of belief.csv, judged by the rule. Depth: questions that press harder, with controls."""

from dataclasses import replace

from negneglect_lite.asking import AskingSettings
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import depth_questions
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.measure import Measure, ask_along
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.styles import get_style
from negneglect_lite.tracks import choose_asking, track_of


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


BELIEF = Measure(
    name="belief",
    claims=load_claims,
    check_style=get_style,
    examples=training_set,
    questions=ask_about,
    asking=ask_as_told,
    judge=believe,
    look=ask_along,
)

DEPTH = replace(BELIEF, name="depth", questions=lambda cell: depth_questions(cell.claim), tracks=("petri",))
