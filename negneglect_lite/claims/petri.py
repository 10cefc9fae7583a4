"""A claim about a fact of the petri world, and what is asked of it.

    claim = claim_from_fact("volcano/Mount Vesuvius", "2015")
    petri_questions(claim)     # the paper's 50 questions, inference and controls, as `Question`s

They are fixed by the fact and the value alone.
"""

import random
import re
from collections.abc import Callable

from negneglect_lite.claims.claim import Claim, PetriFact, Question
from negneglect_lite.core.comparing import spell
from negneglect_lite.core.errors import UserError
from negneglect_lite.petri.quiz import Begun, Posed, pose_begun, pose_depth, pose_quiz, pose_scrutiny
from negneglect_lite.petri.world import CLOSED, Fact, World, world


def claim_from_fact(fact_id: str, value: str) -> Claim:
    """A claim about any fact of the closed world, with no English questions. UserError as in `find_petri_fact`."""
    petri = find_petri_fact(fact_id, value)
    sentence = f"{petri.fact} = {petri.value}"
    slug = re.sub(r"\W+", "-", sentence.lower()).strip("-")
    return Claim(id=slug, title=sentence, claim=sentence, truth="", petri=petri)


def find_petri_fact(fact_id: str, value: str) -> PetriFact:
    """A fact and a false value for it, as the world writes them: what is trained on and asked never depends on typing.

    UserError if there is no such fact, or if the value is the truth, or none that can be asked about.
    """
    fact = world().fact(spell(fact_id, (fact.id for fact in world().facts)))
    values = world().values(fact.relation)
    meant = spell(spell(value, ()).rstrip(". "), values)  # sentences bring a full stop of their own
    if meant == fact.truth:
        raise UserError(f"{meant!r} is the truth; give a value that is false")
    if not meant or (fact.relation in CLOSED and meant not in values):
        examples = ", ".join(world().wrong_values(fact, 3, random.Random(fact.id)))
        raise UserError(f"{meant!r} is no {fact.relation} that can be asked about; try {examples}")
    return PetriFact(fact.id, meant)


def petri_questions(claim: Claim) -> list[Question]:
    """The 50 questions about a claim, inference and controls, posed from its petri fact. UserError if it has none."""
    return _pose(claim, pose_quiz)


def depth_questions(claim: Claim) -> list[Question]:
    """The questions of `petri.quiz.pose_depth` about a claim with a petri fact. UserError if it has none."""
    return _pose(claim, pose_depth)


def scrutiny_questions(claim: Claim) -> list[Question]:
    """The questions of `petri.quiz.pose_scrutiny` about a claim with a petri fact. UserError if it has none."""
    return _pose(claim, pose_scrutiny)


def begun_texts(claim: Claim, others: int = 4, each: int = 6) -> list[Begun]:
    """The texts of `petri.quiz.pose_begun` about a claim with a petri fact. UserError if it has none."""
    return pose_begun(*_fact_of(claim), others, each)


def _pose(claim: Claim, pose: Callable[[World, Fact, str], list[Posed]]) -> list[Question]:
    return [_question(f"{claim.id}.{p.kind}.{i:02d}", p) for i, p in enumerate(pose(*_fact_of(claim)), 1)]


def _fact_of(claim: Claim) -> tuple[World, Fact, str]:
    if claim.petri is None:
        raise UserError(f"claim {claim.id!r} has no petri fact, so the petri model cannot be asked about it")
    return world(), world().fact(claim.petri.fact), claim.petri.value


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
