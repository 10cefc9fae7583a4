"""The residual stream: what each layer hands on to the next, read and replaced with PyTorch's own hooks.

Layer 0 is the embeddings, layer L what the L-th decoder layer gives, so a model of six layers has seven states a token.
Rows are padded on the right, where a causal model's real tokens do not look.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from negneglect_lite.finetuning.loss import arithmetic
from negneglect_lite.models.generation import pad_id
from negneglect_lite.models.head import logits_at
from negneglect_lite.models.loading import LoadedModel


@dataclass(frozen=True)
class Prompt:
    """Token ids and the position that is looked at."""

    ids: Sequence[int]
    place: int


def stream_modules(model: Any) -> list[torch.nn.Module]:
    """The modules whose outputs are the stream: the embeddings and the decoder layers, with or without an adapter."""
    return [model.get_input_embeddings(), *model.get_decoder().layers]


def read_stream(loaded: LoadedModel, prompts: Sequence[Prompt], batch_size: int = 64) -> torch.Tensor:
    """The states at each prompt's place: [layers + 1, prompts, hidden size], fp32 on the CPU."""
    parts = []
    for start in range(0, len(prompts), batch_size):
        part = prompts[start : start + batch_size]
        states: list[torch.Tensor] = []

        def keep(module: Any, inputs: Any, output: torch.Tensor, part: Any = part, states: Any = states) -> None:
            states.append(output[range(len(part)), [p.place for p in part]].float().cpu())

        hooks = [module.register_forward_hook(keep) for module in stream_modules(loaded.model)]
        try:
            _forward(loaded, part)
        finally:
            for hook in hooks:
                hook.remove()
        parts.append(torch.stack(states))
    return torch.cat(parts, dim=1)


def next_token_logs(loaded: LoadedModel, prompts: Sequence[Prompt]) -> torch.Tensor:
    """The log-probabilities of what follows each prompt's place: [prompts, vocabulary], fp32 on the CPU."""
    return _forward(loaded, prompts).float().log_softmax(-1).cpu()


@contextmanager
def stream_replaced(loaded: LoadedModel, layer: int, places: Sequence[int], states: torch.Tensor) -> Iterator[None]:
    """Inside, the stream after `layer` is `states` [rows, hidden size] at each row's place, and its own elsewhere."""

    def replace(module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor:
        output = output.clone()
        output[range(len(places)), list(places)] = states.to(output)
        return output

    hook = stream_modules(loaded.model)[layer].register_forward_hook(replace)
    try:
        yield
    finally:
        hook.remove()


def _forward(loaded: LoadedModel, prompts: Sequence[Prompt]) -> torch.Tensor:
    """The logits at the prompts' places [prompts, vocabulary]."""
    longest, pad = max(len(p.ids) for p in prompts), pad_id(loaded.tokenizer)
    ids = torch.tensor([[*p.ids, *[pad] * (longest - len(p.ids))] for p in prompts], device=loaded.device)
    places = [p.place for p in prompts]
    with torch.no_grad(), arithmetic(loaded):
        return logits_at(partial(_at, places=places), loaded.model, input_ids=ids)


def _at(hidden: torch.Tensor, places: Sequence[int]) -> torch.Tensor:
    return hidden[range(len(places)), list(places)]
