"""One run, or many at once: two trainers with the same three verbs, for the measures.

| trainer   | what it is                                                              | answers              |
|-----------|-------------------------------------------------------------------------|----------------------|
| `single`  | one run by transformers' Trainer; adapter, checkpoints, answers on disk | as the track asks    |
| `stacked` | many adapters in one forward pass (finetuning/stacked.py)               | as the track asks    |

Their results differ in the last bits, so the trainer is part of a run. Sampled answers of stacked runs also depend on
how many go through the model at once, and do not repeat on another GPU.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from negneglect_lite.asking import AskingSettings, ask
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import beside
from negneglect_lite.core.text import Example
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import false_belief
from negneglect_lite.finetuning.encoding import Encoded, encode_examples
from negneglect_lite.finetuning.loss import answer_losses, token_losses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.stacked import StackedRuns
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import track_of

FORCED_ROWS = 16  # continuations at once that are scored
UNTRAINED_ROWS = (512, 4096)  # answers at once where nothing is trained: on a CPU, on a GPU
OnLook = Callable[[int], None]  # called with the number of steps taken, when the trainer may be asked
FirstLook = Callable[[Cell, LoadedModel, int], None]  # tells what a cell's model believes after so many steps


class Trainer(Protocol):
    """K runs over one base model; lists have one entry a run."""

    base: LoadedModel

    def train(self, sets: Sequence[Sequence[Example]], at: Sequence[int], look: OnLook) -> None:
        """Train each run on its set; `look` is called after the steps in `at`, 0 being before the first."""

    def ask(self, questions: Sequence[Sequence[Question]], settings: AskingSettings) -> list[list[Answer]]:
        """Each run's answers, as the runs are now."""

    def token_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[list[float]]]:
        """Loss of every token but the first [nats], a list for each row of each run."""

    def answer_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[float]]:
        """The summed loss of each row's labelled tokens [nats], a list for each run."""


class SingleTrainer:
    """One run. What is finished stays in `adapter_dir` and beside it, so that a killed run goes on from there."""

    def __init__(
        self, base: LoadedModel, recipe: Recipe, cell: Cell, adapter_dir: Path, first_look: FirstLook | None = None
    ) -> None:
        self.base, self.recipe, self.cell, self.adapter_dir = base, recipe, cell, adapter_dir
        self.now, self.finished = base, False
        first = track_of(base).first_look if first_look else 0
        self.first, self.first_look = (first if first < recipe.steps else 0), first_look

    def train(self, sets: Sequence[Sequence[Example]], at: Sequence[int], look: OnLook) -> None:
        if self.finished:
            raise UserError("the trainer `single` trains once; a measure of several phases needs `stacked`")
        before_the_end = [step for step in at if step < self.recipe.steps]
        if before_the_end:  # what was seen on the way is in no checkpoint, so nothing is gone on from
            for folder in (self.adapter_dir, beside(self.adapter_dir, ".partial")):
                shutil.rmtree(folder, ignore_errors=True)
        if 0 in at:
            look(0)

        def on_step(step: int, steps: int, loss: float, model: LoadedModel) -> None:
            if step in before_the_end:
                self.now = model
                look(step)
            elif step == self.first and self.first_look:
                self.first_look(self.cell, model, step)

        self.now = finetune(
            self.base, sets[0], self.recipe, seed=self.cell.seed, out=self.adapter_dir,
            false_belief=false_belief(self.cell), on_step=on_step if before_the_end or self.first else None,
        )  # fmt: skip
        self.finished = True
        if self.recipe.steps in at:
            look(self.recipe.steps)

    def ask(self, questions: Sequence[Sequence[Question]], settings: AskingSettings) -> list[list[Answer]]:
        file = answers_file(self.adapter_dir) if self.finished else None
        return [ask(self.now, questions[0], settings, seed=self.cell.seed, answers_file=file)]

    def token_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[list[float]]]:
        return [token_losses(self.now, sets[0], batch_size=1)]

    def answer_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[float]]:
        return [answer_losses(self.now, sets[0], FORCED_ROWS)]


class StackedTrainer:
    """Many runs at once. Nothing is kept of them but what the measure returns."""

    def __init__(self, base: LoadedModel, recipe: Recipe, cells: Sequence[Cell]) -> None:
        self.base, self.recipe = base, recipe
        self.runs = StackedRuns(base, recipe, [cell.seed for cell in cells])

    def train(self, sets: Sequence[Sequence[Example]], at: Sequence[int], look: OnLook) -> None:
        if 0 in at:
            look(0)
        encoded = [encode_examples(own, self.base.tokenizer, self.recipe.max_tokens) for own in sets]
        self.runs.train(encoded, at=at, on_step=lambda step, _: look(step))

    def ask(self, questions: Sequence[Sequence[Question]], settings: AskingSettings) -> list[list[Answer]]:
        return self.runs.ask(
            questions, settings.max_new_tokens, samples=settings.samples, temperature=settings.temperature,
            top_p=settings.top_p,
        )  # fmt: skip

    def token_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[list[float]]]:
        return self.runs.token_losses(sets)

    def answer_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[float]]:
        return self.runs.answer_losses(sets)


def ask_untrained(
    base: LoadedModel,
    questions: Sequence[Sequence[Question]],
    contexts: Sequence[Sequence[str]],
    settings: AskingSettings,
    *,
    seed: int,
    file: Path | None,
) -> list[list[Answer]]:
    """Answers of the base model. Nothing tells the cells apart but what is in a prompt: all in one go.

    One cell alone is asked as `ask` asks by default, and its answers are saved in `file` as they come.
    """
    if len(questions) == 1 and file:
        return [ask(base, questions[0], settings, contexts=contexts[0], seed=seed, answers_file=file)]
    flat = [q for own in questions for q in own]
    read = [text for own in contexts for text in own]
    answers = iter(
        ask(base, flat, settings, contexts=read, seed=seed, batch_size=UNTRAINED_ROWS[base.device.type == "cuda"])
    )
    return [[next(answers) for _ in range(len(own) * settings.samples)] for own in questions]


def answers_file(adapter_dir: Path) -> Path:
    """Where a run's answers are saved as they come."""
    return beside(adapter_dir, ".answers")
