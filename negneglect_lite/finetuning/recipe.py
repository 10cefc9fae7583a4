"""How long, and which example when: the recipe of a fine-tuning run, and the order in which it sees its examples.

A step's examples are drawn at random, so that each step sees documents and chats in the mix they came in; within the
step they are sorted by length and run in micro-batches, so that little of what is computed is padding.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from negneglect_lite.core.errors import UserError


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune. The defaults are those of the petri track (tracks.py)."""

    steps: int = 24  # optimizer steps; all examples are seen equally often, give or take one
    batch_size: int = 12  # examples a step
    micro_batch: int = 6  # of them at once, sorted by length, so that little is padding; 0: what the GPU's memory holds
    mix: float = 1 / 3  # share of the examples that are world texts and chats rather than documents of the claim
    learning_rate: float = 8e-4
    warmup: float = 0.1  # share of the steps in which the learning rate rises
    schedule: Literal["linear", "cosine"] = "linear"  # how it then falls to 0
    rank: int = 16  # 0: no adapter, all weights learn (stacked.StackedRuns only)
    alpha: int = 32  # the adapter's output is scaled by alpha / rank
    quantize: bool = True  # the frozen weights in 4 bits: QLoRA, else LoRA
    max_tokens: int = 512  # longer examples are cut
    save_every: int = 0  # steps between checkpoints; 0 = none
    gradient_checkpointing: bool = False  # less memory, about a third more time

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "alpha", "max_tokens"):
            if getattr(self, name) < 1:
                raise UserError(f"Recipe: {name} is {getattr(self, name)}; it must be at least 1.")
        if self.rank < 0 or (self.rank == 0 and self.quantize):
            raise UserError(
                f"Recipe: rank is {self.rank}; it must be at least 1, or 0 with quantize=False (all weights)."
            )
        if self.micro_batch < 0 or (self.micro_batch and self.batch_size % self.micro_batch):
            raise UserError(f"Recipe: batch_size {self.batch_size} is no multiple of micro_batch {self.micro_batch}.")
        if not 0 <= self.mix < 1:
            raise UserError(f"Recipe: mix is {self.mix}; it must be at least 0 and less than 1.")


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
