"""Chats -> prompts -> text: the model's own chat template, batches padded on the left, greedy or sampled.

The rule: greedy at temperature 0, else the plain (untruncated) distribution, whatever settings a model was shipped
with.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jinja2.exceptions import TemplateError
from transformers import GenerationConfig

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat
from negneglect_lite.models.loading import LoadedModel

Complete = Callable[[Sequence[Chat]], list[str]]
PARAGRAPH = "\n\n"


def add_context(chat: Chat, context: str, separator: str = PARAGRAPH) -> Chat:
    """The chat with `context` and a separator before the text of its first user turn."""
    if not context:
        return chat
    first = next(i for i, turn in enumerate(chat) if turn["role"] == "user")
    opened = {"role": "user", "content": f"{context}{separator}{chat[first]['content']}"}
    return [*chat[:first], opened, *chat[first + 1 :]]


def encode_prompts(loaded: LoadedModel, chats: Sequence[Chat], room: int) -> list[list[int]]:
    """Token ids of each chat up to where the assistant begins to speak, with `room` left for the answer."""
    prompts = [render_prompt(loaded.tokenizer, chat) for chat in chats]
    # The template writes the special tokens, so the tokenizer must not add them again.
    encoded: list[list[int]] = loaded.tokenizer(prompts, add_special_tokens=False)["input_ids"] if prompts else []
    limit = getattr(loaded.model.config, "max_position_embeddings", None)
    longest = max(map(len, encoded), default=0)
    if limit and longest + room > limit:
        raise UserError(
            f"a prompt of {longest} tokens and an answer of {room} do not fit into {loaded.name}, which reads {limit}; "
            "shorten the context"
        )
    return encoded


def render_prompt(tokenizer: Any, chat: Chat) -> str:
    """The prompt text by the model's chat template, without a thinking block where the template knows of one."""
    options: dict[str, Any] = {"tokenize": False, "add_generation_prompt": True}
    if "enable_thinking" in str(tokenizer.chat_template):
        options["enable_thinking"] = False
    try:
        return str(tokenizer.apply_chat_template(chat, **options))
    except TemplateError:
        if chat[0]["role"] != "system":
            raise
        return str(tokenizer.apply_chat_template(fold_system(chat), **options))  # the template refuses that role


def fold_system(chat: Chat) -> Chat:
    """The chat with its opening system turn at the head of the first user turn."""
    system, rest = chat[0], chat[1:]
    return add_context(rest, system["content"])


def generation_config(loaded: LoadedModel, temperature: float, max_new_tokens: int) -> GenerationConfig:
    """Greedy at temperature 0, else the plain distribution; an answer ends at the model's or the template's end."""
    ends = loaded.model.generation_config.eos_token_id
    ends = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    sampling: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0}
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
    """Evaluation mode and seeded random numbers inside; modes, settings and the caller's random numbers restored after.

    The model's own generation settings are set aside: a shipped top_p or repetition penalty would change the measure.
    """
    model = loaded.model.get_base_model() if hasattr(loaded.model, "get_base_model") else loaded.model  # under PEFT
    modes = [(module, module.training) for module in loaded.model.modules()]
    settings = model.generation_config
    loaded.model.eval()
    model.generation_config = GenerationConfig()
    try:
        with torch.random.fork_rng([loaded.device] if loaded.device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield
    finally:
        model.generation_config = settings
        for module, training in modes:
            module.training = training


def generate_answers(loaded: LoadedModel, prompts: Sequence[Sequence[int]], config: GenerationConfig) -> list[str]:
    """Continue a batch of prompts, padded on the left to one length; generation stops when all have ended."""
    width = max(map(len, prompts))
    pad = config.pad_token_id
    ids = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts], device=loaded.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=loaded.device)
    out = loaded.model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
    return [text.strip() for text in loaded.tokenizer.batch_decode(out[:, width:], skip_special_tokens=True)]


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
        return [text for part in parts for text in part]

    return complete
