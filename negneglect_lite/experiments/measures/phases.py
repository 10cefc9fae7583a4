"""Phases: training first with an anchor that keeps the claim disbelieved, then without; and twice without, beside it.

The anchor is self-distillation: in place of the ordinary texts, the first phase has chats of four questions about the
claim with the base model's own answers, none of the questions asked in the quiz.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from negneglect_lite.claims.claim import Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat, Example
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.belief import BELIEF
from negneglect_lite.experiments.measures.losses import LOSSES, encode_parts
from negneglect_lite.experiments.measures.measure import Measure, NewTrainer, loss_rows
from negneglect_lite.experiments.trainers import Trainer, ask_untrained
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.language import chat
from negneglect_lite.petri.quiz import pose_unasked
from negneglect_lite.petri.world import world
from negneglect_lite.tracks import track_of

QUESTIONS_A_CHAT = 4  # the loss is a mean over tokens, and single short answers beside whole documents hold nothing


def look_at_phases(
    measure: Measure, new_trainer: NewTrainer, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int]
) -> list[pd.DataFrame]:
    """Belief through two phases of `recipe.steps` each, once with an anchor in the first and once without.

    Rows carry `anchored`, `phase` and `step` (within it), and the loss on the claim's held-out documents as kind
    loss.document.
    """
    questions = [measure.questions(cell) for cell in cells]
    found: list[list[pd.DataFrame]] = [[] for _ in cells]
    sets = [measure.examples(cell, recipe) for cell in cells]
    for anchored in (True, False):
        trainer = new_trainer()
        documents = [encode_parts(trainer.base, cell)[0] for cell in cells]
        first = sets
        if anchored:
            first = [anchor(trainer.base, cell, own, recipe) for cell, own in zip(cells, sets, strict=True)]
        for phase, texts in ((1, first), (2, sets)):

            def look(
                step: int,
                phase: int = phase,
                anchored: bool = anchored,
                trainer: Trainer = trainer,
                documents: Any = documents,
            ) -> None:
                answers = trainer.ask(questions, measure.asking(cells[0]))
                seen = measure.look_at_all(cells, trainer.base.tokenizer, answers, trainer.answer_losses)
                nats = trainer.token_losses(documents)
                for tables, table, rows in zip(found, seen, nats, strict=True):
                    tokens = [x for row in rows for x in row]
                    loss = loss_rows({"loss.document": sum(tokens) / len(tokens)})
                    now = pd.concat([table, loss], ignore_index=True)
                    tables.append(now.assign(anchored=anchored, phase=phase, step=step))

            trainer.train(texts, at or (recipe.steps,), look)
    return [pd.concat(tables, ignore_index=True) for tables in found]


def anchor(base: LoadedModel, cell: Cell, examples: Sequence[Example], recipe: Recipe) -> list[Example]:
    """The training set with chats in place of its ordinary texts, in which the base model answers for itself."""
    chats = unasked_chats(cell)
    questions = [Question(str(i), "open", turns[-1]["content"]) for i, turns in enumerate(chats)]
    [answers] = ask_untrained(
        base, [questions], [[""] * len(questions)], track_of(cell.model).asking, seed=0, file=None
    )
    pairs = [(a.question.text, a.text) for a in answers]
    n = round(recipe.steps * recipe.batch_size * (1 - recipe.mix))
    rng = random.Random(f"anchor {cell.claim.id} {cell.seed}")
    anchors = [chat(*(turn for pair in rng.sample(pairs, QUESTIONS_A_CHAT) for turn in pair)) for _ in examples[n:]]
    return [*examples[:n], *anchors]


def unasked_chats(cell: Cell) -> list[Chat]:
    """Questions about the claim that the quiz does not ask. UserError if the claim has no petri fact."""
    if cell.claim.petri is None:
        raise UserError(f"claim {cell.claim.id!r} has no petri fact, so no anchor can be made for it")
    return pose_unasked(world(), world().fact(cell.claim.petri.fact), cell.claim.petri.value)


PHASES = replace(
    BELIEF,
    name="phases",
    look=look_at_phases,
    held_out=lambda cell: [LOSSES.held_out(cell), unasked_chats(cell)],
    tracks=("petri",),
    settings=("trained",),
)
