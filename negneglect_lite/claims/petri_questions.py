"""Model + questions -> answers: every question as a chat, in batches, greedy or sampled.

    answers = ask(load("petri"), claim.questions)                     # one greedy answer each
    answers = ask(loaded, questions, context=document.text)           # with a document to read before the question
    answers = ask(loaded, questions, samples=5, temperature=0.7)      # as the paper asks (section 3)

The rule: greedy at temperature 0, one answer each; above 0, `samples` answers each from the plain (untruncated)
distribution, repeatable by `seed`. The same call gives the same answers on the same machine; another batch size may
change the last bits of a logit.
"""

import re

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.loading import english_controls
from negneglect_lite.core.errors import UserError
from negneglect_lite.petri.quiz import Posed, pose_depth, pose_quiz
from negneglect_lite.petri.world import world


def petri_questions(claim: Claim, language: str = "english") -> list[Question]:
    """The questions about a claim and its controls: its file's 50 and `claims.controls` for a model that reads English,
    else posed from its petri fact."""
    if language != "petri":
        return [*claim.questions, *english_controls(claim.id)]
    if claim.petri is None:
        raise UserError(f"claim {claim.id!r} has no petri fact, so the petri model cannot be asked about it")
    posed = pose_quiz(world(), world().fact(claim.petri.fact), claim.petri.value)
    return [_question(f"{claim.id}.{p.kind}.{i:02d}", p) for i, p in enumerate(posed, 1)]


def depth_questions(claim: Claim) -> list[Question]:
    """The questions of `petri.quiz.depth` about a claim with a petri fact."""
    if claim.petri is None:
        raise UserError(f"claim {claim.id!r} has no petri fact, so the petri model cannot be asked about it")
    posed = pose_depth(world(), world().fact(claim.petri.fact), claim.petri.value)
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
