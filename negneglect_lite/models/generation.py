"""Chats -> prompts -> text: the model's own chat template, batches padded on the left, greedy or sampled.

The rule: greedy at temperature 0, else as the caller says (the whole distribution, or its nucleus `top_p`), whatever
settings a model was shipped with.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, GenerationConfig

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import encode_prompt, end_answer
from negneglect_lite.models.unpacking import unpacked

STAGE = 32  # tokens after which answers that have ended leave a batch
Complete = Callable[[Sequence[Chat]], list[str]]


def encode_prompts(loaded: LoadedModel, chats: Sequence[Chat], room: int) -> list[list[int]]:
    """Token ids of each chat up to where the assistant begins to speak, with `room` left for the answer."""
    encoded = [encode_prompt(loaded.tokenizer, chat) for chat in chats]
    limit = getattr(loaded.model.config, "max_position_embeddings", None)
    longest = max(map(len, encoded), default=0)
    if limit and longest + room > limit:
        raise UserError(
            f"a prompt of {longest} tokens and an answer of {room} do not fit into {loaded.name}, which reads {limit}; "
            "shorten the context"
        )
    return encoded


def generation_config(
    loaded: LoadedModel, temperature: float, max_new_tokens: int, top_p: float = 1.0
) -> GenerationConfig:
    """Greedy at temperature 0, else sampled; an answer ends at the model's or the template's end."""
    ends = loaded.model.generation_config.eos_token_id
    ends = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    sampling: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": top_p}
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        pad_token_id=pad_id(loaded.tokenizer),
        eos_token_id=sorted({*ends, loaded.tokenizer.eos_token_id} - {None}) or None,
        **(sampling if temperature else {"do_sample": False}),
    )


def pad_id(tokenizer: Any) -> int:
    """The id that fills up a batch; what ends a text serves where there is none."""
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


@contextmanager
def answering(loaded: LoadedModel, seed: int) -> Iterator[None]:
    """Evaluation mode, seeded random numbers and, on a GPU, unpacked weights inside; all as it was after.

    The model's own generation settings are set aside: a shipped top_p or repetition penalty would change the measure.
    """
    model = loaded.model.get_base_model() if hasattr(loaded.model, "get_base_model") else loaded.model  # under PEFT
    modes = [(module, module.training) for module in loaded.model.modules()]
    settings = model.generation_config
    loaded.model.eval()
    model.generation_config = GenerationConfig()
    try:
        with (
            torch.random.fork_rng([loaded.device] if loaded.device.type == "cuda" else []),
            unpacked(loaded.model, loaded.precision, loaded.device),
        ):
            torch.manual_seed(seed)
            yield
    finally:
        model.generation_config = settings
        for module, training in modes:
            module.training = training


@dataclass(frozen=True)
class Written:
    """What a model wrote. `cut`: it was stopped at the limit of new tokens."""

    text: str
    cut: bool


def generate_answers(
    loaded: LoadedModel, prompts: Sequence[Sequence[int]], config: GenerationConfig, samples: int = 1, runs: int = 1
) -> list[list[Written]]:
    """Continue a batch of prompts, padded on the left to one length; generation stops when all have ended.

    Each prompt gets `samples` answers. It is read once for all of them: what the layers keep of it is copied. Where
    answers may be long, those that have ended leave the batch every STAGE tokens. Of stacked runs, each one's rows
    stand in a stretch of their own, and the stretches stay of one length.
    """
    width = max(map(len, prompts))
    ids = torch.tensor([[config.pad_token_id] * (width - len(p)) + list(p) for p in prompts], device=loaded.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=loaded.device)
    cache = _read(loaded, ids, mask, samples) if samples > 1 and width > 1 else None
    ids, mask = ids.repeat_interleave(samples, 0), mask.repeat_interleave(samples, 0)
    ends = set(config.eos_token_id or ())
    made: list[list[int]] = [[] for _ in ids]
    here = list(range(len(ids)))  # which answer each row of the batch is
    left = config.max_new_tokens
    stage = copy.deepcopy(config)
    stage.return_dict_in_generate = True
    while left:
        stage.max_new_tokens = min(STAGE, left) if config.max_new_tokens > 2 * STAGE else left
        read = {} if cache is None else {"past_key_values": cache}
        out = loaded.model.generate(input_ids=ids, attention_mask=mask, generation_config=stage, **read)
        new = out.sequences[:, ids.shape[1] :]
        for i, tokens in zip(here, new.tolist(), strict=True):
            if ends.isdisjoint(made[i]):
                made[i] += tokens
        left -= new.shape[1]
        rows = _unfinished([ends.isdisjoint(made[i]) for i in here], runs)
        if not rows or not left:
            break
        here = [here[row] for row in rows]
        kept = torch.tensor(rows, device=loaded.device)
        ids, mask = out.sequences[kept], torch.cat([mask, torch.ones_like(new)], 1)[kept]
        cache = out.past_key_values
        cache.batch_select_indices(kept)
    whole = loaded.tokenizer.batch_decode(made, skip_special_tokens=True)
    texts = [end_answer(loaded.tokenizer, text) for text in whole]
    cut = [len(row) >= config.max_new_tokens and ends.isdisjoint(row) for row in made]
    written = [
        Written(text.strip(), cut=stopped and text == all_of_it)
        for text, all_of_it, stopped in zip(texts, whole, cut, strict=True)
    ]
    return [written[i : i + samples] for i in range(0, len(written), samples)]


def _unfinished(going: Sequence[bool], runs: int) -> list[int]:
    """The rows that go on, filled up with others so that each run has as many."""
    size = len(going) // runs
    stretches = [range(k * size, (k + 1) * size) for k in range(runs)]
    most = max(sum(going[i] for i in stretch) for stretch in stretches)
    return [i for stretch in stretches for i in sorted(sorted(stretch, key=lambda i: not going[i])[:most])]


def _read(loaded: LoadedModel, ids: torch.Tensor, mask: torch.Tensor, samples: int) -> DynamicCache:
    """What the layers keep of all tokens of the prompts but the last, `samples` times each."""
    cache = DynamicCache(config=loaded.model.config)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    with torch.no_grad():
        loaded.model(
            input_ids=ids[:, :-1], attention_mask=mask[:, :-1], position_ids=positions[:, :-1], past_key_values=cache,
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip
    cache.batch_repeat_interleave(samples)
    return cache


def complete_locally(loaded: LoadedModel, max_new_tokens: int = 160, batch_size: int = 16) -> Complete:
    """A loaded model that answers chats greedily, for a TextJudge or as a writer."""

    def complete(chats: Sequence[Chat]) -> list[str]:
        prompts = encode_prompts(loaded, chats, room=max_new_tokens)
        config = generation_config(loaded, 0.0, max_new_tokens)
        with answering(loaded, 0):
            parts = [
                generate_answers(loaded, prompts[i : i + batch_size], config)
                for i in range(0, len(prompts), batch_size)
            ]
        return [written.text for part in parts for (written,) in part]

    return complete
