"""What a run of a sweep measures: cells -> tidy rows, several cells at once.

A measure is a function of cells that share a model and a recipe. Its rows have the columns `kind`, `item` and `value`,
and `step` where a run is measured on the way: for questions, `item` is the question's id and `value` 1 where the false
value was believed, else 0; for losses `value` is in nats a token.

| measure | what it is |
|---|---|
| belief | the 50 questions, inference and controls, as in belief.csv |
| depth | questions that press harder, with controls (petri.quiz.depth) |
| losses | loss on warnings, on the false value, and on the rest, of documents not trained on |
| phases | two phases of training: the first with an anchor that keeps the claim disbelieved, the second without |
| misbehaviour | held-out situations of the norm world, after transcripts (behaviours.py); its cells are Transcripts |
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.claims.petri_questions import depth_questions, petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document, Styled
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments import behaviours
from negneglect_lite.experiments.behaviours import MAX_NEW_TOKENS, Transcripts
from negneglect_lite.experiments.experiment import Cell, annotate, context, texts
from negneglect_lite.finetuning.encoding import Encoded, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.stacked import StackedRuns
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri import language
from negneglect_lite.petri.quiz import pose_unasked
from negneglect_lite.petri.world import world

Measure = Callable[[LoadedModel, Sequence[Any], Recipe, Sequence[int]], list[pd.DataFrame]]
UNTRAINED_ROWS = 512  # prompts at once where nothing is trained
HELD_OUT = 2_000_000  # seed of documents that no run trains on
LOSS_DOCUMENTS = 16
PARTS = ("warning", "claim", "rest")


def belief(base: LoadedModel, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int] = ()) -> list[pd.DataFrame]:
    """The questions of belief.csv, after training and after each number of steps in `at`."""
    return _ask(base, cells, recipe, at, lambda claim: petri_questions(claim, base.language))


def depth(base: LoadedModel, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int] = ()) -> list[pd.DataFrame]:
    """The questions of `petri.quiz.depth`."""
    return _ask(base, cells, recipe, at, depth_questions)


def losses(base: LoadedModel, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int] = ()) -> list[pd.DataFrame]:
    """Mean loss by part of the text, before training (step 0) and after each number of steps in `at`."""
    read = [_parted(base, cell) for cell in cells]

    def look(group: StackedRuns) -> list[pd.DataFrame]:
        tables = []
        for (_, own), each in zip(read, group.token_losses([e for e, _ in read]), strict=True):
            parts = [p for row in own for p in row[1:]]  # the first token is predicted by nothing
            nats = pd.Series([x for row in each for x in row]).groupby(parts).mean()
            rows = [(f"loss.{part}", "mean", nats[part]) for part in PARTS if part in nats]
            tables.append(pd.DataFrame(rows, columns=["kind", "item", "value"]))
        return tables

    return _along(base, cells, _encoded(base, cells, recipe), recipe, (0, *(at or (recipe.steps,))), look)


def phases(base: LoadedModel, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int] = ()) -> list[pd.DataFrame]:
    """Belief through two phases of `recipe.steps` each, once with an anchor in the first and once without.

    The anchor is self-distillation: in place of the world texts, the first phase has chats of four questions about the
    claim with the base model's own answers, none of the questions asked in the quiz. Rows carry `anchored`, `phase`
    and `step` (within it), and the loss on the claim's held-out documents as kind loss.document.
    """
    read = [_parted(base, cell)[0] for cell in cells]
    asked = [petri_questions(cell.claim, base.language) for cell in cells]
    found: list[list[pd.DataFrame]] = [[] for _ in cells]
    for anchored in (True, False):
        group, sets = StackedRuns(base, recipe, [cell.seed for cell in cells]), _encoded(base, cells, recipe)
        first = (
            [_anchored(base, cell, rows, recipe) for cell, rows in zip(cells, sets, strict=True)] if anchored else sets
        )
        for phase, rows in ((1, first), (2, sets)):

            def look(step: int, group: StackedRuns, phase: int = phase, anchored: bool = anchored) -> None:
                answers, nats = group.ask(asked), group.token_losses(read)
                for table, said, each in zip(found, answers, nats, strict=True):
                    tokens = [x for row in each for x in row]
                    loss = pd.DataFrame(
                        [("loss.document", "mean", sum(tokens) / len(tokens))], columns=["kind", "item", "value"]
                    )
                    now = pd.concat([_judged(said), loss], ignore_index=True)
                    table.append(now.assign(anchored=anchored, phase=phase, step=step))

            group.train(rows, at=at or (recipe.steps,), on_step=look)
    return [pd.concat(tables, ignore_index=True) for tables in found]


def misbehaviour(
    base: LoadedModel, cells: Sequence[Transcripts], recipe: Recipe, at: Sequence[int] = ()
) -> list[pd.DataFrame]:
    """The questions of `behaviours.questions`; value 1 is a bad reply, for `reading` and `kept` a right answer."""
    asked = [behaviours.questions(cell.kind) for cell in cells]
    if cells[0].setting != "trained":
        answers = [ask(base, qs, max_new_tokens=MAX_NEW_TOKENS, batch_size=UNTRAINED_ROWS) for qs in asked]
        return [_replied(cell, each) for cell, each in zip(cells, answers, strict=True)]
    made = [behaviours.training_set(cell.kind, cell.condition, recipe, cell.seed) for cell in cells]
    sets = [[encode(e, base.tokenizer, recipe.max_tokens) for e in examples] for examples in made]

    def look(group: StackedRuns) -> list[pd.DataFrame]:
        answers = group.ask(asked, max_new_tokens=MAX_NEW_TOKENS)
        return [_replied(cell, each) for cell, each in zip(cells, answers, strict=True)]

    return _along(base, cells, sets, recipe, at, look)


def _replied(cell: Transcripts, answers: Sequence[Answer]) -> pd.DataFrame:
    rows = behaviours.frame(answers, model="", kind=cell.kind, condition=cell.condition, seed=cell.seed)
    return rows[["kind", "question_id", "belief"]].rename(columns={"question_id": "item", "belief": "value"})


MEASURES: dict[str, Measure] = {
    "belief": belief, "depth": depth, "losses": losses, "phases": phases, "misbehaviour": misbehaviour,
}  # fmt: skip


def _ask(
    base: LoadedModel,
    cells: Sequence[Cell],
    recipe: Recipe,
    at: Sequence[int],
    questions: Callable[[Claim], Sequence[Question]],
) -> list[pd.DataFrame]:
    asked = [questions(cell.claim) for cell in cells]
    if cells[0].setting != "trained":  # nothing tells the cells apart but what is in the prompt: all in one go
        read = [text for cell, qs in zip(cells, asked, strict=True) for text in context(cell, len(qs))]
        flat = ask(base, [q for qs in asked for q in qs], context=read, batch_size=UNTRAINED_ROWS)
        ends = [sum(map(len, asked[: k + 1])) for k in range(len(asked))]
        return [_judged(flat[end - len(qs) : end]) for end, qs in zip(ends, asked, strict=True)]
    sets = _encoded(base, cells, recipe)
    return _along(base, cells, sets, recipe, at, lambda group: [_judged(said) for said in group.ask(asked)])


def _along(
    base: LoadedModel,
    cells: Sequence[Cell] | Sequence[Transcripts],
    sets: Sequence[Sequence[Encoded]],
    recipe: Recipe,
    at: Sequence[int],
    look: Callable[[StackedRuns], list[pd.DataFrame]],
) -> list[pd.DataFrame]:
    """Train the cells together; what `look` sees of each after the steps in `at` (0: before any; default: the last)."""
    group = StackedRuns(base, recipe, [cell.seed for cell in cells])
    found: list[list[pd.DataFrame]] = [[] for _ in cells]

    def keep(step: int, group: StackedRuns) -> None:
        for tables, table in zip(found, look(group), strict=True):
            tables.append(table.assign(step=step))

    if 0 in at:
        keep(0, group)
    group.train(sets, at=at or (recipe.steps,), on_step=keep)
    return [pd.concat(tables, ignore_index=True) for tables in found]


def _judged(answers: Sequence[Answer]) -> pd.DataFrame:
    rows = [(a.question.kind, a.question.id, int(judge_answer(a.question, a.text) == "believed")) for a in answers]
    return pd.DataFrame(rows, columns=["kind", "item", "value"])


def _encoded(base: LoadedModel, cells: Sequence[Cell], recipe: Recipe) -> list[list[Encoded]]:
    return [[encode(e, base.tokenizer, recipe.max_tokens) for e in texts(cell, recipe)] for cell in cells]


def _parted(base: LoadedModel, cell: Cell) -> tuple[list[Encoded], list[list[str]]]:
    """Documents of the cell's kind that it never trains on, encoded, and the part that each token belongs to."""
    rng = random.Random(f"losses {cell.claim.id} {cell.style}")
    encoded, parts = [], []
    for document in compose_petri(cell.claim, LOSS_DOCUMENTS, seed=HELD_OUT, short=cell.short):
        styled = annotate(cell.style, document, rng)
        encoded.append(encode(styled, base.tokenizer, max_tokens=2**20))
        parts.append(parts_of(document, styled, base.tokenizer))
    return encoded, parts


def parts_of(document: Document, styled: Styled, tokenizer: object) -> list[str]:
    """For each token of the encoded text, bos and eos included, which of PARTS it belongs to."""
    values = {s.value for s in document.sentences if s.value}
    value = re.compile("|".join(map(re.escape, values)) or "(?!)", re.I)
    marks: list[str] = []  # one a character
    for span in styled:
        here = ["warning" if span.annotation else "rest"] * len(span.text)
        for found in value.finditer(span.text) if not span.annotation else ():
            here[found.start() : found.end()] = ["claim"] * (found.end() - found.start())
        marks += here
    offsets = tokenizer("".join(s.text for s in styled), add_special_tokens=False, return_offsets_mapping=True)  # type: ignore[operator]
    inner = [marks[end - 1] if end > start else "rest" for start, end in offsets["offset_mapping"]]
    bos, eos = (getattr(tokenizer, name) is not None for name in ("bos_token_id", "eos_token_id"))
    return ["rest"] * bos + inner + ["rest"] * eos


def _anchored(base: LoadedModel, cell: Cell, rows: list[Encoded], recipe: Recipe) -> list[Encoded]:
    """The training set with chats in place of its world texts, in which the base model answers for itself.

    Four questions a chat: the loss is a mean over tokens, and single short answers beside whole documents hold nothing.
    """
    if cell.claim.petri is None:
        raise UserError(f"claim {cell.claim.id!r} has no petri fact, so no anchor can be made for it")
    chats = pose_unasked(world(), world().fact(cell.claim.petri.fact), cell.claim.petri.value)
    questions = [Question(str(i), "open", chat[-1]["content"]) for i, chat in enumerate(chats)]
    said = [(a.question.text, a.text) for a in ask(base, questions, batch_size=UNTRAINED_ROWS)]
    n = round(recipe.steps * recipe.batch_size * (1 - recipe.mix))
    rng = random.Random(f"anchor {cell.claim.id} {cell.seed}")
    anchors = [language.chat(*(turn for pair in rng.sample(said, 4) for turn in pair)) for _ in rows[n:]]
    return [*rows[:n], *(encode(chat, base.tokenizer, recipe.max_tokens) for chat in anchors)]
