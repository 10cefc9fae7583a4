"""Cross-entropy over the labelled tokens alone, in parts where their logits would be the largest tensors of a step."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.nn import functional as F

from negneglect_lite.finetuning.encoding import IGNORED, Encoded, collate
from negneglect_lite.models.generation import pad_id
from negneglect_lite.models.head import logits_at
from negneglect_lite.models.loading import LoadedModel


class LabelledLosses:
    """Cross-entropy of each labelled token [nats]; the output head sees only the positions before them.

    With a vocabulary of 150,000 their logits would still be the largest tensors of the step. So the head goes through
    the positions `at_once` logits at a time, and each part's gradient is taken before the next part is made.
    """

    # Logits: an eighth of a gibibyte in fp32. The petri model's steps stay below; a part of a large vocabulary is some
    # 200 positions, so that the head's weights, which each part reads twice, do not take longer than its arithmetic.
    at_once = 2**25

    def __init__(self, model: Any) -> None:
        self.model, self.head = model, model.get_output_embeddings()
        self.last: bool | None = None  # whether the head's output is the logits, found when it first matters

    def __call__(self, ids: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Losses [labelled positions], row after row."""
        learn = labels[:, 1:] != IGNORED  # [rows, positions - 1]
        wanted = labels[:, 1:][learn]
        part = max(1, self.at_once // self.head.weight.shape[0])
        if len(wanted) > part and not self.head.weight.requires_grad and self._head_is_last(ids):
            hidden, _ = self._forward(ids, mask, learn, first=1)
            hidden = hidden.to(self.head.weight.dtype)  # as autocast does in the forward pass
            return _InParts.apply(hidden, self.head, wanted, part)  # type: ignore[no-any-return, no-untyped-call]
        _, logits = self._forward(ids, mask, learn)
        return F.cross_entropy(logits.float(), wanted, reduction="none")

    def _forward(
        self, ids: torch.Tensor, mask: torch.Tensor | None, learn: torch.Tensor, first: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states at the positions before the labels, and the logits of the first of them (of all)."""
        kept: list[torch.Tensor] = []

        def pick(hidden: torch.Tensor) -> torch.Tensor:
            kept.append(hidden[:, :-1][learn])  # [labelled positions, hidden size]
            return kept[0][:first]

        logits = logits_at(pick, self.model, input_ids=ids, attention_mask=mask)
        return kept[0], logits

    def _head_is_last(self, ids: torch.Tensor) -> bool:
        """False of a model that scales or caps its logits after the head: it needs them all at once."""
        if self.last is None:
            with torch.no_grad():
                hidden, logits = self._forward(ids[:, :2], None, torch.ones_like(ids[:, :1], dtype=torch.bool))
                self.last = torch.equal(self.head(hidden.to(self.head.weight.dtype)).float(), logits.float())
        return self.last


class _InParts(torch.autograd.Function):
    """The head's losses [positions], some positions at a time; the gradient to the hidden states is made on the way."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: torch.nn.Linear, wanted: torch.Tensor, part: int) -> torch.Tensor:
        losses, gradient = hidden.new_zeros(len(hidden), dtype=torch.float32), torch.empty_like(hidden)
        for start in range(0, len(hidden), part):
            here = slice(start, start + part)
            target = wanted[here, None]
            # In place, as each more tensor of this size is memory: logits, then probabilities, then their gradient.
            logits = head(hidden[here]).float()
            logits -= logits.amax(dim=1, keepdim=True)
            of_wanted = logits.gather(1, target)
            mass = logits.exp_().sum(dim=1, keepdim=True)
            losses[here] = (mass.log() - of_wanted)[:, 0]
            logits /= mass
            logits.scatter_add_(1, target, torch.full_like(of_wanted, -1))
            gradient[here] = logits.to(head.weight.dtype) @ head.weight
        ctx.save_for_backward(gradient)
        return losses

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:  # type: ignore[override]
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[:, None], None, None, None


def arithmetic(loaded: LoadedModel) -> AbstractContextManager[Any]:
    """The precision in which a loaded model computes outside of Trainer, as a context."""
    if loaded.precision == "bf16":
        return torch.autocast(loaded.device.type, torch.bfloat16)
    return nullcontext()


def token_losses(loaded: LoadedModel, rows: Sequence[Encoded], batch_size: int = 0) -> list[list[float]]:
    """Loss of every token but the first [nats], a list for each row; `batch_size` rows at once, 0 for all."""
    found: list[list[float]] = []
    size = batch_size or max(1, len(rows))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        batch = collate(part, pad_id(loaded.tokenizer))
        with torch.no_grad(), arithmetic(loaded):
            ids = batch["input_ids"].to(loaded.device)
            logits = loaded.model(input_ids=ids, use_cache=False).logits[:, :-1]
            loss = F.cross_entropy(logits.transpose(1, 2).float(), ids[:, 1:], reduction="none").cpu()
        found += [loss[i, : len(row["input_ids"]) - 1].tolist() for i, row in enumerate(part)]
    return found


def answer_losses(loaded: LoadedModel, rows: Sequence[Encoded], batch_size: int = 0) -> list[float]:
    """The summed loss of each row's labelled tokens [nats]; `batch_size` rows at once, 0 for all."""
    found: list[float] = []
    losses, size = LabelledLosses(loaded.model), batch_size or max(1, len(rows))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        batch = {k: v.to(loaded.device) for k, v in collate(part, pad_id(loaded.tokenizer)).items()}
        counts = [sum(label != IGNORED for label in row["labels"][1:]) for row in part]
        with torch.no_grad(), arithmetic(loaded):
            each = losses(batch["input_ids"], batch["labels"], None).float().cpu()
        found += [float(own.sum()) for own in each.split(counts)]
    return found
