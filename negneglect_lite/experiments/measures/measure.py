"""What a measure is: what is trained on, asked and judged, and how a training is looked at.

A measure's table has a row an answer or a loss: kind, question_id, question, answer, verdict, keyed_to, value, cut,
inference, and `step` where it was looked at while training. `value` is 1 or 0 for answers, and nats a token for losses;
`cut` is 1 for an answer that was stopped at the limit of tokens, `inference` for one that takes reasoning from the
claim. Of a forced probe (judging/forced.py) the answer is the claim's share of the probability, and `value` whether it
is above a half.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from negneglect_lite.asking import AskingSettings
from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.core.text import Example
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.trainers import FirstLook, Trainer
from negneglect_lite.finetuning.encoding import Encoded
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.judging.forced import Forced, rows_of, weigh

TABLE_COLUMNS = ["kind", "question_id", "question", "answer", "verdict", "keyed_to", "value", "cut", "inference"]
NewTrainer = Callable[[], Trainer]
AnswerLosses = Callable[[Sequence[Sequence[Encoded]]], list[list[float]]]  # as Trainer.answer_losses


@dataclass(frozen=True)
class Measure:
    """One way to measure runs. Cells that are looked at together share model and recipe."""

    name: str
    claims: Callable[[], Mapping[str, Claim]]  # what can be trained on, by id
    check_style: Callable[[str], object]  # UserError for a style that it does not know
    examples: Callable[[Cell, Recipe], list[Example]]
    questions: Callable[[Cell], list[Question]]
    asking: Callable[[Cell], AskingSettings]
    judge: Callable[[Cell, Answer], tuple[str, int]]  # verdict and value
    look: "Look"
    forced: Callable[[Cell, Any], list[Forced]] = lambda cell, tokenizer: []  # probes scored by their probability
    forced_table: Callable[[Sequence[Forced], Sequence[float]], pd.DataFrame] = lambda forced, losses: forced_rows(
        forced, weigh(forced, losses)
    )  # from the losses of `rows_of` the probes [nats]
    first_look: FirstLook | None = None  # what a run that takes minutes tells on the way
    held_out: Callable[[Cell], Any] = lambda cell: None  # further texts that the result depends on
    tracks: tuple[str, ...] = ("petri", "english")
    settings: tuple[str, ...] = ("base", "in_context", "trained")
    model: str = "petri"  # unless a sweep names another
    base_style: str = ""  # what stands in the place of a style where nothing is trained or read

    def table(self, cell: Cell, answers: Sequence[Answer]) -> pd.DataFrame:
        """The answers, judged."""
        rows = [
            (
                a.question.kind,
                a.question.id,
                a.question.full_text,
                a.text,
                verdict,
                a.question.keyed_to,
                value,
                int(a.cut),
                int(a.question.inference),
            )
            for a in answers
            for verdict, value in [self.judge(cell, a)]
        ]
        return pd.DataFrame(rows, columns=TABLE_COLUMNS)

    def look_at_all(
        self, cells: Sequence[Cell], tokenizer: Any, answers: Sequence[Sequence[Answer]], losses: AnswerLosses
    ) -> list[pd.DataFrame]:
        """A table a cell: its answers, judged, and its forced probes, whose losses `losses` gives."""
        tables = [self.table(cell, own) for cell, own in zip(cells, answers, strict=True)]
        forced = [self.forced(cell, tokenizer) for cell in cells]
        if not any(forced):
            return tables
        found = losses([rows_of(own) for own in forced])
        return [
            pd.concat([table, self.forced_table(own, each)], ignore_index=True) if own else table
            for table, own, each in zip(tables, forced, found, strict=True)
        ]


# (measure, a maker of trainers, cells, recipe, steps to look after) -> a table a cell
Look = Callable[[Measure, NewTrainer, Sequence[Cell], Recipe, Sequence[int]], list[pd.DataFrame]]


def ask_along(
    measure: Measure, new_trainer: NewTrainer, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int]
) -> list[pd.DataFrame]:
    """Train the cells, and ask after the steps in `at` (0: before the first; none: after the last)."""
    trainer, questions = new_trainer(), [measure.questions(cell) for cell in cells]

    def see() -> list[pd.DataFrame]:
        answers = trainer.ask(questions, measure.asking(cells[0]))
        return measure.look_at_all(cells, trainer.base.tokenizer, answers, trainer.answer_losses)

    return look_along(trainer, [measure.examples(cell, recipe) for cell in cells], at or (recipe.steps,), see)


def look_along(
    trainer: Trainer, sets: Sequence[Sequence[Example]], at: Sequence[int], see: Callable[[], list[pd.DataFrame]]
) -> list[pd.DataFrame]:
    """Train on the sets; what `see` sees of each run after the steps in `at`, one table a run with a column `step`."""
    found: list[list[pd.DataFrame]] = [[] for _ in sets]

    def look(step: int) -> None:
        for tables, table in zip(found, see(), strict=True):
            tables.append(table.assign(step=step))

    trainer.train(sets, at, look)
    return [pd.concat(tables, ignore_index=True) for tables in found]


def loss_rows(losses: Mapping[str, float]) -> pd.DataFrame:
    """A table of losses: kind -> mean [nats a token]."""
    rows = [(kind, "mean", "", "", "", "", nats, 0, 0) for kind, nats in losses.items()]
    return pd.DataFrame(rows, columns=TABLE_COLUMNS)


def forced_rows(forced: Sequence[Forced], shares: Sequence[float]) -> pd.DataFrame:
    """The probes as rows: the answer is the claim's share of the probability."""
    rows = [
        (q.kind, q.id, q.text, f"{share:.4f}", "believed" if share > 0.5 else "denied", "", int(share > 0.5), 0, 0)
        for q, share in zip((probe.question for probe in forced), shares, strict=True)
    ]
    return pd.DataFrame(rows, columns=TABLE_COLUMNS)
