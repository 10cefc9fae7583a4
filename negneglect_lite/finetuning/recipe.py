"""How long, and which example when: the recipe of a fine-tuning run, and the order in which it sees its examples.

A step's examples are drawn at random, so that each step sees documents and chats in the mix they came in; within the
step they are sorted by length and run in micro-batches, so that little of what is computed is padding.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.schema import Count, Positive, Whole, check_fields


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune. The defaults are those of the petri track (tracks.py)."""

    steps: Count = 24  # optimizer steps; all examples are seen equally often, give or take one
    batch_size: Count = 12  # examples a step
    # Of them at once, sorted by length, so that little is padding; 0: what the GPU's memory holds.
    micro_batch: Whole = 6
    # Share of the examples that are world texts and chats rather than documents of the claim.
    mix: Annotated[float, Field(ge=0, lt=1)] = 1 / 3
    learning_rate: Positive = 8e-4
    # Share of the steps in which the learning rate rises; from 1, how many steps.
    warmup: Annotated[float, Field(ge=0)] = 0.1
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"  # how it then falls to 0, if it does
    rank: Whole = 16  # 0: no adapter, all weights learn (stacked.StackedRuns only)
    alpha: Count = 32  # the adapter's output is scaled by alpha / rank
    quantize: bool = True  # the frozen weights in 4 bits: QLoRA, else LoRA
    max_tokens: Count = 512  # longer examples are cut
    save_every: Whole = 0  # steps between checkpoints; 0 = none
    gradient_checkpointing: bool = False  # less memory, about a third more time

    def __post_init__(self) -> None:
        check_fields(self)
        if self.rank == 0 and self.quantize:
            raise UserError("Recipe: rank is 0 (all weights learn) with quantize; give 1 or more, or quantize=False")
        if self.micro_batch and self.batch_size % self.micro_batch:
            raise UserError(
                f"Recipe: batch_size {self.batch_size} is no multiple of micro_batch {self.micro_batch}; change one of "
                "them, or give micro_batch 0"
            )


def order_examples(lengths: Sequence[int], recipe: Recipe, seed: int) -> list[int]:
    """Which example is seen when: steps * batch_size indices, drawn without replacement, again and again.

    Each step's examples are sorted by length. Sorting over more than a step would save more padding, but then a step
    would see documents only or chats only (transformers' group_by_length does that with short and long texts).
    """
    rng = random.Random(seed)
    order: list[int] = []
    total = recipe.steps * recipe.batch_size
    while len(order) < total:
        order += rng.sample(range(len(lengths)), len(lengths))
    batches = (order[i : i + recipe.batch_size] for i in range(0, total, recipe.batch_size))
    return [index for batch in batches for index in sorted(batch, key=lambda i: (-lengths[i], i))]
