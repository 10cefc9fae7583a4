"""Logits at chosen positions: the output head sees those only, which saves most of a step's memory and time."""

from collections.abc import Callable
from typing import Any

import torch


def logits_at(pick: Callable[[torch.Tensor], torch.Tensor], model: Any, **inputs: Any) -> torch.Tensor:
    """The logits [picked positions, vocabulary] of a forward pass.

    `pick` takes the positions from the hidden states [rows, positions, hidden size] that reach the output head.
    """
    head = model.get_output_embeddings()
    with head.register_forward_pre_hook(lambda _, hidden: (pick(hidden[0]),)):
        return model(use_cache=False, **inputs).logits  # type: ignore[no-any-return]
