"""How probable each of a few tokens is as the next one, at some places of a text: one pass, no generation.

query = Query(ids, places=[len(ids) - 1])
(found,) = weigh_choices(loaded, [query], first_tokens(loaded.tokenizer, ["yes", "no"]))      # [places, choices]
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from negneglect_lite.core.errors import UserError
from negneglect_lite.models.generation import answering, pad_id
from negneglect_lite.models.head import logits_at
from negneglect_lite.models.loading import LoadedModel

AT_ONCE = {"cuda": 2**14, "cpu": 2**12}  # tokens that go through the model together, padding included


@dataclass(frozen=True)
class Query:
    """Token ids, and the places among them after which the next token is asked for, in order."""

    ids: Sequence[int]
    places: Sequence[int]


def first_tokens(tokenizer: Any, words: Sequence[str]) -> list[int]:
    """The token that each word begins with. UserError if two of them begin with the same one."""
    tokens = [tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words]
    if len(set(tokens)) < len(words):
        name = getattr(tokenizer, "name_or_path", "") or "this model"
        raise UserError(f"the tokenizer of {name} begins two of {', '.join(words)} alike; take another model")
    return tokens


def weigh_choices(loaded: LoadedModel, queries: Sequence[Query], tokens: Sequence[int]) -> list[torch.Tensor]:
    """Log-probability of each of `tokens` at each place [places, tokens], a tensor on the CPU for each query.

    UserError if a query is longer than the model reads, or what it gives are no numbers.
    """
    limit = getattr(loaded.model.config, "max_position_embeddings", None)
    longest = max((len(one.ids) for one in queries), default=0)
    if limit and longest > limit:
        raise UserError(f"{longest} tokens do not fit into {loaded.name}, which reads {limit}; shorten the text")
    found: dict[int, torch.Tensor] = {}
    with torch.no_grad(), answering(loaded, 0):
        for batch in _batches([len(one.ids) for one in queries], AT_ONCE.get(loaded.device.type, AT_ONCE["cpu"])):
            # Padded on the right, where a causal model's real tokens do not look.
            width, pad = len(queries[batch[-1]].ids), pad_id(loaded.tokenizer)
            ids = torch.tensor([[*queries[i].ids, *[pad] * (width - len(queries[i].ids))] for i in batch])
            rows = torch.tensor([row for row, i in enumerate(batch) for _ in queries[i].places], dtype=torch.long)
            places = torch.tensor([place for i in batch for place in queries[i].places], dtype=torch.long)

            def pick(hidden: torch.Tensor, rows: torch.Tensor = rows, at: torch.Tensor = places) -> torch.Tensor:
                return hidden[rows.to(hidden.device), at.to(hidden.device)]

            logits = logits_at(pick, loaded.model, input_ids=ids.to(loaded.device))
            chosen = logits.float().log_softmax(-1)[:, list(tokens)].cpu()
            if not chosen.isfinite().all():
                raise UserError(
                    f"{loaded.name} in {loaded.precision} gives probabilities that are no numbers; load it in another "
                    "precision, or check its weights and its adapter"
                )
            found |= dict(zip(batch, chosen.split([len(queries[i].places) for i in batch]), strict=True))
    return [found[i] for i in range(len(queries))]


def _batches(lengths: Sequence[int], at_once: int) -> Iterator[list[int]]:
    """Which go through together: short ones first, as many as fit, at least one."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > at_once:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
