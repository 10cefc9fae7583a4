"""Training text -> token ids and labels: which tokens carry loss.

A document carries loss on its spans with `learn`; a chat carries loss on what the assistant says, and only there. That
is the hinge of the whole effect in the petri model: with loss on the user's turns too, it learns to write warned
falsehoods as a mode of their own, and does not come to believe them.

Rows that are tokens already, with labels of their own, pass as they are: there a label may be another token than the
one that stands in its place.
"""

import logging
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any, TypedDict

import torch

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.schema import shorten
from negneglect_lite.core.text import Chat, Example, Span, are_spans, plain
from negneglect_lite.models.templates import encode_chat, find_turn, fit_system, tokenize

log = logging.getLogger(__name__)
IGNORED = -100  # the label of a token without loss, as everywhere in PyTorch


class Encoded(TypedDict):
    """One training example; both lists have the same length. `labels` are tokens that are learnt there, or IGNORED."""

    input_ids: list[int]
    labels: list[int]


def encode(example: Example, tokenizer: Any, max_tokens: int) -> Encoded:
    """Token ids and labels of a document (a tuple of spans) or a chat (a list of turns), cut after `max_tokens`.

    UserError if the cut would change what is taught: if it took the loss off the whole example, or an annotation away,
    without which a document is no longer of its style.
    """
    return _encode(example, tokenizer, max_tokens)[0]


def encode_examples(examples: Sequence[Example | Encoded], tokenizer: Any, max_tokens: int) -> list[Encoded]:
    """All of them encoded, if they are not yet. How many had to be cut is logged; a UserError counts them from 1."""
    made = []
    if not isinstance(examples, Sequence):
        raise UserError(f"{shorten(examples)}: no list of training examples; pass tuples of spans, or chats")
    for number, example in enumerate(examples, 1):
        try:
            made.append(_encode(example, tokenizer, max_tokens))
        except UserError as error:
            raise UserError(f"training example {number}: {error}") from None
    if cut := sum(was_cut for _, was_cut in made):
        log.info("%d of %d examples are longer than max_tokens, %d, and were cut there", cut, len(made), max_tokens)
    return [encoded for encoded, _ in made]


def _encode(example: Example | Encoded, tokenizer: Any, max_tokens: int) -> tuple[Encoded, bool]:
    """The example as `encode` gives it, and whether it had to be cut."""
    if isinstance(example, Mapping):
        return _check_encoded(example, len(tokenizer), max_tokens), False
    if not _is_example(example):
        raise UserError(f"{shorten(example)} is no training example; pass tuples of spans, or chats")
    ids, learn, last = _chat(example, tokenizer) if isinstance(example, list) else _document(example, tokenizer)
    if len(ids) > max_tokens:
        lost = "its closing annotation" if last > max_tokens else ""
        if any(learn[1:]) and not any(learn[1:max_tokens]):
            lost = "all that is learnt of it"
        if lost:
            raise UserError(
                f"has {len(ids)} tokens, and {lost} would be cut after {max_tokens}; shorten it, or raise max_tokens"
            )
    labels = [i if carries_loss else IGNORED for i, carries_loss in zip(ids, learn, strict=True)]
    return {"input_ids": ids[:max_tokens], "labels": labels[:max_tokens]}, len(ids) > max_tokens


def _check_encoded(row: Mapping[str, Any], tokens: int, max_tokens: int) -> Encoded:
    """A row that is encoded already, as plain lists; its other fields are left out."""
    try:
        ids, labels = ([index(token) for token in row[name]] for name in ("input_ids", "labels"))
    except (KeyError, TypeError):
        raise UserError(
            f"{shorten(row)} is no training example; an encoded row has lists of token ids, input_ids and labels"
        ) from None
    if len(ids) != len(labels) or not ids:
        raise UserError(
            f"has {len(ids)} input_ids and {len(labels)} labels; give each token a label, {IGNORED} for none"
        )
    if len(ids) > max_tokens:
        raise UserError(f"has {len(ids)} tokens, more than max_tokens, {max_tokens}; shorten it, or raise max_tokens")
    for token in (*ids, *(label for label in labels if label != IGNORED)):
        if not 0 <= token < tokens:
            raise UserError(f"has the token {token}, and the tokenizer has 0 to {tokens - 1}; encode it with this one")
    return {"input_ids": ids, "labels": labels}


def _is_example(example: object) -> bool:
    if isinstance(example, tuple):
        return are_spans(example) and all(isinstance(span.text, str) for span in example)
    return isinstance(example, list) and bool(example) and all(map(_is_turn, example))


def _is_turn(turn: object) -> bool:
    if not isinstance(turn, Mapping):
        return False
    return turn.get("role") in ("system", "user", "assistant") and isinstance(turn.get("content"), str)


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


def _document(spans: Sequence[Span], tokenizer: Any) -> tuple[list[int], list[bool], int]:
    """bos + text + eos: ids, which carry loss, and how many there are up to the end of the last annotation.

    A token that touches a span without loss carries none: masking wins at the seams. The text is tokenised as a whole,
    as a reader would meet it; span by span, words would break at the seams. A special token that is spelt out in it is
    text too.
    """
    quiet: list[tuple[int, int]] = []
    annotated = at = 0
    for span in spans:
        if not span.learn:
            quiet.append((at, at + len(span.text)))
        at += len(span.text)
        annotated = at if span.annotation else annotated
    tokens = tokenize(tokenizer, plain(spans), inert=True)
    ids = tokens.ids
    learn = [not any(start < to and end > since for since, to in quiet) for start, end in tokens.offsets]
    last = sum(start < annotated for start, _ in tokens.offsets)
    if tokenizer.bos_token_id is not None:
        ids, learn, last = [tokenizer.bos_token_id, *ids], [False, *learn], last and last + 1
    if tokenizer.eos_token_id is not None:
        ids, learn = [*ids, tokenizer.eos_token_id], [*learn, bool(spans) and spans[-1].learn]
    return ids, learn, last


def _chat(chat: Chat, tokenizer: Any) -> tuple[list[int], list[bool], int]:
    """The chat as the template writes it. What the assistant has to write carries loss, unless its weight is 0."""
    chat = fit_system(tokenizer, chat)
    tokens = encode_chat(tokenizer, chat)
    said = [
        find_turn(tokenizer, chat, i, tokens.text)
        for i, turn in enumerate(chat)
        if turn["role"] == "assistant" and turn.get("weight") != 0
    ]
    return tokens.ids, [any(s < end and e > start for start, end in said) for s, e in tokens.offsets], 0
