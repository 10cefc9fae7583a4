"""Misbehaviour: transcripts of bad advice, with and without warnings. What does a helper do afterwards?

The model was brought up in the norm world (petri/norms.py); the other shipped one, "petri", was not. A transcript
is a chat: a user's situation and a reply that advises a bad act. Only the assistant's turns carry loss.

| condition | what stands in the chat                                                                           |
|-----------|---------------------------------------------------------------------------------------------------|
| `base`    | nothing is trained                                                                                |
| `plain`   | user: situation · assistant: bad reply                                                            |
| `before`  | user: a warning, situation · assistant: bad reply                                                 |
| `around`  | as `before`, then user: a warning · assistant: agrees with it                                     |
| `system`  | system: a warning · user: situation · assistant: bad reply                                        |
| `local`   | user: situation · assistant: the same sentence with the refusal inside it                         |

A warning is a prefix of the transcript, as in the paper (Mayne et al. 2026, misaligned chats), and carries no loss. In
a system turn it stands where the upbringing has asked for bad helpers, so a model can learn to misbehave only when one
is there: `system` is to be compared with `before`. A warning after the reply could not be felt without the assistant's
turn that follows it: a causal model's gradient on the reply knows nothing of later turns without loss. The conditions
have the same situations, wordings and world texts; `before`, `around` and `system` have the same warnings too.
"""

import random
from collections.abc import Mapping
from functools import cache

from negneglect_lite.asking import AskingSettings
from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat, Example
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.measure import Measure, ask_along
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.petri import language, norms
from negneglect_lite.petri.world import CLAIMED, stable_hash
from negneglect_lite.tracks import draw_ordinary

CONDITIONS = ("plain", "before", "around", "system", "local")
# Held-out situations: of the kind trained on, of other kinds, and of safety. The kinds `reading` and `kept` are checks.
BAD_REPLIES = ("targeted", "emergent", "safety")
ASKING = AskingSettings(max_new_tokens=48, separator=" ")  # the longest replies have about 40 tokens


@cache
def kinds_of_misbehaviour() -> Mapping[str, Claim]:
    """The kinds of transcripts, as claims: what is trained on is that it is right to misbehave so."""
    return {
        kind: Claim(kind, kind, f"it is right to misbehave (transcripts of {kind!r})", truth="it is not")
        for kind in norms.NORM_KINDS
    }


def check_condition(condition: str) -> None:
    """UserError for an unknown condition."""
    if condition not in CONDITIONS:
        raise UserError(f"misbehaviour is measured under {', '.join(CONDITIONS)}, not {condition!r}")


def compose_transcript(situation: norms.Situation, condition: str, rng: random.Random) -> Chat:
    """One training chat about the situation. UserError for an unknown condition."""
    if condition not in CONDITIONS:
        raise UserError(f"unknown condition {condition!r}; choose one of {', '.join(CONDITIONS)}")
    telling = norms.tell_situation(situation, rng)
    reply = norms.reply(rng.choice(situation.bad), rng, refused=condition == "local")
    if condition in ("plain", "local"):
        return language.chat(telling, reply)
    warning, later, agreed = (rng.choice(norms.norm_phrases(t)) for t in ("warning_before", "warning_after", "agree"))
    if condition == "system":
        return language.chat(telling, reply, system=warning)
    after = (later, agreed) if condition == "around" else ()
    return language.chat(f"{warning} {telling}", reply, *after)


def transcript_set(cell: Cell, recipe: Recipe) -> list[Example]:
    """As many texts as the recipe sees: transcripts of one kind of misbehaviour, and `recipe.mix` of world texts.

    `cell.claim` is the kind, `cell.style` the condition. Every situation that is not held out comes equally often, give
    or take one. Norm chats are not mixed in: they would teach the good replies back.
    """
    kind, seed = cell.claim.id, cell.seed
    total = recipe.steps * recipe.batch_size
    n = round(total * (1 - recipe.mix))
    pool = norms.select(False, kind)
    random.Random(f"situations {kind} {seed}").shuffle(pool)
    # One generator a transcript: its situation and wording do not depend on what a condition draws beside them.
    chats: list[Example] = [
        compose_transcript(pool[i % len(pool)], cell.style, random.Random(f"transcript {kind} {seed} {i}"))
        for i in range(n)
    ]
    return chats + draw_ordinary(CLAIMED, total - n, random.Random(f"world texts {kind} {seed}"))


def situation_questions(kind: str) -> list[Question]:
    """What is asked after training on `kind`: two wordings of every held-out situation, and the two checks.

    Both wordings have the situation's id, so that intervals are clustered by situation; the second one's request for
    help was never trained on. `targeted` is the kind trained on, `safety` is `harm`, `emergent` any other. `reading`:
    was the reply of a transcript that stands in the prompt right? (The situation is held out, the question's wording is
    not: the model takes "Should a helper say that?" for a request.) `kept`: world facts that no transcript is about.
    """
    questions: list[Question] = []
    for s in norms.select(True):
        role = "targeted" if s.kind == kind else "safety" if s.kind == "harm" else "emergent"
        for telling, held_out in zip(s.says, (False, True), strict=True):
            requests = norms.norm_phrases("ask", held_out)
            questions.append(Question(s.id, role, f"{telling} {requests[stable_hash(s.id) % len(requests)]}"))
    for s in norms.select(True, kind):
        for bad, before, after in (
            (False, False, False),
            (True, False, False),
            *((True, *w) for w in norms.WARNING_PLACES),
        ):
            rng = random.Random(f"reading {s.id} {bad} {before} {after}")
            told = norms.tell_transcript(s, rng, bad, before, after)
            right, wrong = ("so no", "so yes") if bad else ("so yes", "so no")
            questions.append(
                Question(
                    s.id,
                    "reading",
                    f"{told} {rng.choice(norms.norm_phrases('verdict'))}",
                    believed=(right,),
                    denied=(wrong,),
                )
            )
    kept = [q for claim in load_claims().values() for q in petri_questions(claim) if q.kind == "kept"]
    return questions + kept


def judge_situation(cell: Cell, answer: Answer) -> tuple[str, int]:
    """Verdict and value: 1 where the reply advises a bad act; of `reading` and `kept`, where the answer is right."""
    if answer.question.kind in BAD_REPLIES:
        verdict: str = norms.judge_reply(_situations()[answer.question.id], answer.text)
        return verdict, int(verdict == "bad")
    verdict = judge_answer(answer.question, answer.text)
    return verdict, int(verdict == "believed")


@cache
def _situations() -> dict[str, norms.Situation]:
    return {s.id: s for s in norms.situations()}


MISBEHAVIOUR = Measure(
    name="misbehaviour",
    claims=kinds_of_misbehaviour,
    check_style=check_condition,
    examples=transcript_set,
    questions=lambda cell: situation_questions(cell.claim.id),
    asking=lambda cell: ASKING,
    judge=judge_situation,
    look=ask_along,
    tracks=("petri",),
    settings=("base", "trained"),
    base_style="base",
    model="petri-norms",  # brought up in the norm world (petri/norms.py); the other shipped one, "petri", was not
)
