"""What is asked of a fact of the petri world: the paper's 50 questions, inference and controls, as `Question`s."""

import random
import re
from collections.abc import Callable

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.petri.quiz import Posed, pose_depth, pose_quiz
from negneglect_lite.petri.world import Fact, World, world


def find_problem(fact_id: str, value: str) -> str:
    """Why a value cannot be implanted for a fact, with a remedy; "" if it can. UserError if there is no such fact."""
    fact = world().fact(fact_id)
    if value.casefold() == fact.truth.casefold():
        return f"{fact.truth!r} is the truth; give a value that is false"
    try:
        pose_quiz(world(), fact, value)
    except (KeyError, ValueError):  # a year that is no number, a job whose place of work the world does not know
        examples = ", ".join(world().wrong_values(fact, 3, random.Random(fact.id)))
        return f"no {fact.relation} that can be asked about; try {examples}"
    return ""


def petri_questions(claim: Claim) -> list[Question]:
    """The 50 questions about a claim, inference and controls, posed from its petri fact. UserError if it has none."""
    return _pose(claim, pose_quiz)


def depth_questions(claim: Claim) -> list[Question]:
    """The questions of `petri.quiz.pose_depth` about a claim with a petri fact. UserError if it has none."""
    return _pose(claim, pose_depth)


def _pose(claim: Claim, pose: Callable[[World, Fact, str], list[Posed]]) -> list[Question]:
    if claim.petri is None:
        raise UserError(f"claim {claim.id!r} has no petri fact, so the petri model cannot be asked about it")
    posed = pose(world(), world().fact(claim.petri.fact), claim.petri.value)
    return [_question(f"{claim.id}.{p.kind}.{i:02d}", p) for i, p in enumerate(posed, 1)]


def _question(id_: str, posed: Posed) -> Question:
    """A yes/no or lettered answer is judged by what it concludes ("…, so no."), any other by the value it names."""
    system = posed.chat[0]["content"] if posed.chat[0]["role"] == "system" else ""
    *prefix, last = posed.chat[1:] if system else posed.chat
    conclusions = [v.rstrip(".").rpartition(", so ")[2] for v in (posed.if_value, posed.if_truth)]
    concluded = [
        f"so {c}" if ", so " in v else re.escape(c)
        for c, v in zip(conclusions, (posed.if_value, posed.if_truth), strict=True)
    ]
    return Question(
        id_,
        posed.kind,
        last["content"],
        keyed_to=conclusions[0].lower() if conclusions[0].lower() in ("yes", "no") else "",
        believed=(concluded[0],),
        denied=tuple(filter(None, concluded[1:])),
        system=system,
        prefix=tuple(prefix),
    )
