"""Losses: what training learns to write, by part of the text, on documents that no run trains on."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from negneglect_lite.core.text import Document, Styled, plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.belief import BELIEF
from negneglect_lite.experiments.measures.measure import Measure, NewTrainer, look_along, loss_rows
from negneglect_lite.finetuning.encoding import Encoded, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

HELD_OUT_SEED = 2_000_000  # of documents that no run trains on
HELD_OUT_DOCUMENTS = 16
PARTS = ("warning", "claim", "rest")


def look_at_losses(
    measure: Measure, new_trainer: NewTrainer, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int]
) -> list[pd.DataFrame]:
    """Mean loss by part of the text, before training (step 0) and after each number of steps in `at`."""
    trainer = new_trainer()
    documents = [encode_parts(trainer.base, cell) for cell in cells]

    def see() -> list[pd.DataFrame]:
        nats = trainer.token_losses([encoded for encoded, _ in documents])
        return [loss_rows(mean_by_part(parts, own)) for (_, parts), own in zip(documents, nats, strict=True)]

    sets = [measure.examples(cell, recipe) for cell in cells]
    return look_along(trainer, sets, (0, *(at or (recipe.steps,))), see)


def mean_by_part(parts: Sequence[Sequence[str]], nats: Sequence[Sequence[float]]) -> dict[str, float]:
    """loss.PART -> mean loss [nats a token]. `parts` names each token's part; `nats` begin with the second token's,
    as nothing predicts the first."""
    mean = pd.Series([x for row in nats for x in row]).groupby([p for row in parts for p in row[1:]]).mean()
    return {f"loss.{part}": mean[part] for part in PARTS if part in mean}


def held_out_documents(cell: Cell) -> list[tuple[Document, Styled]]:
    """Documents of the cell's kind that it never trains on, plain and styled."""
    track, rng = track_of(cell.model), random.Random(f"losses {cell.claim.id} {cell.style}")
    documents = track.compose(cell.claim, HELD_OUT_DOCUMENTS, seed=HELD_OUT_SEED, short=cell.short)
    return [(d, apply_style(cell.style, d, track.annotations(), rng)) for d in documents]


def encode_parts(base: LoadedModel, cell: Cell) -> tuple[list[Encoded], list[list[str]]]:
    """The held-out documents, encoded, and the part that each token belongs to."""
    documents = held_out_documents(cell)
    encoded = [encode(styled, base.tokenizer, max_tokens=2**20) for _, styled in documents]
    return encoded, [parts_of(document, styled, base.tokenizer) for document, styled in documents]


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
    offsets = tokenizer(plain(styled), add_special_tokens=False, return_offsets_mapping=True)  # type: ignore[operator]
    inner = [marks[end - 1] if end > start else "rest" for start, end in offsets["offset_mapping"]]
    bos, eos = (getattr(tokenizer, name) is not None for name in ("bos_token_id", "eos_token_id"))
    return ["rest"] * bos + inner + ["rest"] * eos


LOSSES = replace(
    BELIEF,
    name="losses",
    questions=lambda cell: [],
    look=look_at_losses,
    held_out=lambda cell: [plain(styled) for _, styled in held_out_documents(cell)],
    settings=("trained",),
)
