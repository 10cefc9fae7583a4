"""Training text -> token ids and labels: which tokens carry loss.

A document carries loss on its spans with `learn`; a chat carries loss on what the assistant says, and only there. That
is the hinge of the whole effect in the petri model: with loss on the user's turns too, it learns to write warned
falsehoods as a mode of their own, and does not come to believe them.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

import torch

from negneglect_lite.core.text import Chat, Example, Span, plain

IGNORED = -100  # the label of a token without loss, as everywhere in PyTorch


class Encoded(TypedDict):
    """One training example; both lists have the same length. `labels` are the ids themselves, or IGNORED."""

    input_ids: list[int]
    labels: list[int]


def encode(example: Example, tokenizer: Any, max_tokens: int) -> Encoded:
    """Token ids and labels of a document (a tuple of spans) or a chat (a list of turns), cut after `max_tokens`."""
    ids, learn = _chat(example, tokenizer) if isinstance(example, list) else _document(example, tokenizer)
    labels = [i if carries_loss else IGNORED for i, carries_loss in zip(ids, learn, strict=True)]
    return {"input_ids": ids[:max_tokens], "labels": labels[:max_tokens]}


def collate(batch: Sequence[Encoded], pad_id: int) -> dict[str, torch.Tensor]:
    """Right-padded tensors [rows, longest row]: input_ids, attention_mask, labels. Padding carries no loss."""
    longest = max(len(row["input_ids"]) for row in batch)

    def pad(rows: list[list[int]], value: int) -> torch.Tensor:
        return torch.tensor([row + [value] * (longest - len(row)) for row in rows])

    return {
        "input_ids": pad([row["input_ids"] for row in batch], pad_id),
        "attention_mask": pad([[1] * len(row["input_ids"]) for row in batch], 0),
        "labels": pad([row["labels"] for row in batch], IGNORED),
    }


def _document(spans: Sequence[Span], tokenizer: Any) -> tuple[list[int], list[bool]]:
    """bos + text + eos. A token that touches a span without loss carries none: masking wins at the seams.

    The text is tokenised as a whole, as a reader would meet it; span by span, words would break at the seams.
    """
    quiet: list[tuple[int, int]] = []
    at = 0
    for span in spans:
        if not span.learn:
            quiet.append((at, at + len(span.text)))
        at += len(span.text)
    tokens = tokenizer(plain(spans), add_special_tokens=False, return_offsets_mapping=True)
    ids: list[int] = list(tokens["input_ids"])
    learn = [not any(start < to and end > since for since, to in quiet) for start, end in tokens["offset_mapping"]]
    if tokenizer.bos_token_id is not None:
        ids, learn = [tokenizer.bos_token_id, *ids], [False, *learn]
    if tokenizer.eos_token_id is not None:
        ids, learn = [*ids, tokenizer.eos_token_id], [*learn, bool(spans) and spans[-1].learn]
    return ids, learn


def _chat(chat: Chat, tokenizer: Any) -> tuple[list[int], list[bool]]:
    """The chat as the template writes it, and the tokens that the assistant would have to generate."""
    if "{% generation" in tokenizer.chat_template or "{%- generation" in tokenizer.chat_template:
        tokens = tokenizer.apply_chat_template(chat, return_dict=True, return_assistant_tokens_mask=True)
        return list(tokens["input_ids"]), [bool(m) for m in tokens["assistant_masks"]]
    ids = _rendered(chat, tokenizer)
    learn = [False] * len(ids)
    for i, turn in enumerate(chat):
        if turn["role"] == "assistant":  # what the template adds to the prompt when this turn comes
            prompt = _rendered(chat[:i], tokenizer, add_generation_prompt=True)
            start, end = _common(prompt, ids), _common(_rendered(chat[: i + 1], tokenizer), ids)
            learn[start:end] = [True] * (end - start)
    return ids, learn


def _rendered(chat: Chat, tokenizer: Any, add_generation_prompt: bool = False) -> list[int]:
    tokens = tokenizer.apply_chat_template(chat, return_dict=True, add_generation_prompt=add_generation_prompt)
    return list(tokens["input_ids"])


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """How many leading tokens `a` and `b` share."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
