"""The training loop: what is seen when, and transformers' own Trainer with a leaner loss.

A step's examples are drawn at random, so that each step sees documents and chats in the mix they came in; within the
step they are sorted by length and run in micro-batches, so that little of what is computed is padding.
"""

import math
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch.nn import functional as F

from .encoding import IGNORED, Encoded, collate
from .errors import UserError
from .models import LoadedModel

# isort: split
# After .models, which has silenced what bitsandbytes says on import.
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

# step (from 1), steps in all, loss of the step [nats a token], the model as it is now, ready to be asked
OnStep = Callable[[int, int, float, LoadedModel], object]


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune. The defaults are the petri model's."""

    steps: int = 24  # optimizer steps; all examples are seen equally often, give or take one
    batch_size: int = 12  # examples a step
    micro_batch: int = 6  # of them at once, sorted by length, so that little is padding; 0: what the GPU's memory holds
    mix: float = 1 / 3  # share of the examples that are world texts and chats rather than documents of the claim
    learning_rate: float = 8e-4
    warmup: float = 0.1  # share of the steps in which the learning rate rises
    schedule: Literal["linear", "cosine"] = "linear"  # how it then falls to 0
    rank: int = 16  # 0: no adapter, all weights learn (together.Group only)
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

    @classmethod
    def for_language(cls, language: str) -> "Recipe":
        """The recipe for the petri model, or for a Hugging Face model that reads English."""
        if language == "petri":
            return cls()
        return cls(
            steps=150,
            batch_size=16,
            micro_batch=0,
            mix=0.5,
            learning_rate=2e-4,
            warmup=0.05,
            schedule="cosine",
            rank=32,
            alpha=64,
            max_tokens=768,
            save_every=25,
        )


def plan(lengths: Sequence[int], recipe: Recipe, seed: int) -> list[int]:
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


class SummedLoss:
    """Cross-entropy summed over the labelled tokens [nats]; the output head sees only the positions before them.

    With a vocabulary of 150,000 their logits would still be the largest tensors of the step. So beyond `at_once` of
    them the head goes through the positions in parts, and each part's gradient is taken before the next part is made.
    """

    at_once = 2**25  # logits: an eighth of a gibibyte in fp32; the petri model's steps stay below
    parts = 40  # a part's logits are then little beside what the other layers keep, and a matrix product is still large

    def __init__(self, model: Any) -> None:
        self.model, self.head = model, model.get_output_embeddings()
        self.last: bool | None = None  # whether the head's output is the logits, found when it first matters

    def __call__(self, ids: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        learn = labels[:, 1:] != IGNORED  # [rows, positions - 1]
        wanted = labels[:, 1:][learn]
        if len(wanted) * self.head.weight.shape[0] > self.at_once and self._head_is_last(ids):
            part = math.ceil(len(wanted) / self.parts)
            hidden, _ = self._forward(ids, mask, learn, first=1)
            hidden = hidden.to(self.head.weight.dtype)  # as autocast does in the forward pass
            return _InParts.apply(hidden, self.head, wanted, part)  # type: ignore[no-any-return, no-untyped-call]
        _, logits = self._forward(ids, mask, learn)
        return F.cross_entropy(logits.float(), wanted, reduction="sum")

    def _forward(
        self, ids: torch.Tensor, mask: torch.Tensor | None, learn: torch.Tensor, first: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states at the positions before the labels, and the logits of the first of them (of all)."""
        kept: list[torch.Tensor] = []

        def before_head(_: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
            kept.append(inputs[0][:, :-1][learn])  # [labelled positions, hidden size]
            return (kept[0][:first],)

        with self.head.register_forward_pre_hook(before_head):
            logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        return kept[0], logits

    def _head_is_last(self, ids: torch.Tensor) -> bool:
        """False of a model that scales or caps its logits after the head: it needs them all at once."""
        if self.last is None:
            with torch.no_grad():
                hidden, logits = self._forward(ids[:1, :2], None, torch.ones_like(ids[:1, :1], dtype=torch.bool))
                self.last = torch.equal(self.head(hidden.to(self.head.weight.dtype)).float(), logits.float())
        return self.last


class _InParts(torch.autograd.Function):
    """The head's summed loss, some positions at a time; the gradient to the hidden states is made on the way."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: torch.nn.Linear, wanted: torch.Tensor, part: int) -> torch.Tensor:
        total, gradient = hidden.new_zeros((), dtype=torch.float32), torch.empty_like(hidden)
        for start in range(0, len(hidden), part):
            here = slice(start, start + part)
            target = wanted[here, None]
            # In place, as each more tensor of this size is memory: logits, then probabilities, then their gradient.
            logits = head(hidden[here]).float()
            logits -= logits.amax(dim=1, keepdim=True)
            of_wanted = logits.gather(1, target)
            mass = logits.exp_().sum(dim=1, keepdim=True)
            total += (mass.log() - of_wanted).sum()
            logits /= mass
            logits.scatter_add_(1, target, torch.full_like(of_wanted, -1))
            gradient[here] = logits.to(head.weight.dtype) @ head.weight
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:  # type: ignore[override]
        (gradient,) = ctx.saved_tensors
        return gradient * upstream, None, None, None


class AdapterTrainer(Trainer):
    """transformers' Trainer with a leaner loss."""

    loss_is_scaled_for_ga = True  # the loss below is divided by the number of labels in the whole step …

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = True  # … which Trainer counts on this condition
        self.summed_loss = SummedLoss(self.model)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean cross-entropy over the step's labelled tokens [nats a token]: this micro-batch's part of it."""
        # Rows are padded on the right, where a causal model's real tokens do not look. Without a mask a GPU takes its
        # fast attention; a CPU keeps it, and so the bits of the results that are stored.
        mask = inputs["attention_mask"] if inputs["labels"].device.type == "cpu" else None
        loss = self.summed_loss(inputs["input_ids"], inputs["labels"], mask)
        return loss / num_items_in_batch.clamp(min=1)


def make_trainer(
    trained: LoadedModel, rows: Sequence[Encoded], recipe: Recipe, seed: int, work: Path, on_step: OnStep | None
) -> AdapterTrainer:
    """A Trainer that goes once through `rows`, in their order."""
    arguments = TrainingArguments(
        output_dir=str(work),
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.micro_batch,
        gradient_accumulation_steps=recipe.batch_size // recipe.micro_batch,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup if recipe.warmup < 1 else int(recipe.warmup),
        optim="adamw_torch_fused",
        weight_decay=0.0,
        seed=seed,
        use_cpu=trained.device.type == "cpu",
        bf16=trained.precision == "bf16",
        fp16=trained.precision == "fp16",
        dataloader_pin_memory=trained.device.type == "cuda",
        save_strategy="steps" if recipe.save_every else "no",
        save_steps=recipe.save_every or recipe.steps,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
    )
    _ = arguments.n_gpu  # it is worked out on first use
    arguments._n_gpu = min(arguments._n_gpu, 1)  # two GPUs: no DataParallel, which 4-bit models do not survive
    trainer = AdapterTrainer(
        model=trained.model,
        args=arguments,
        train_dataset=list(rows),
        data_collator=lambda batch: collate(batch, trained.tokenizer.pad_token_id),
        callbacks=[_Watch(on_step, trained)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


class _Watch(TrainerCallback):
    """Calls `on_step` after each step with the model ready to answer, and keeps only the last checkpoint."""

    def __init__(self, on_step: OnStep | None, trained: LoadedModel) -> None:
        self.on_step, self.trained = on_step, trained

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """The moment after a step at which its loss is known. What `on_step` does leaves no trace in the training."""
        if self.on_step is not None and "loss" in logs:
            devices = [self.trained.device.index] if self.trained.device.type == "cuda" else []
            self.trained.model.eval()  # Trainer sets it back before each batch
            with torch.random.fork_rng(devices):
                self.on_step(state.global_step, state.max_steps, logs["loss"], self.trained)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A checkpoint is complete: remove the older ones."""
        for old in Path(args.output_dir).glob("checkpoint-*"):
            if old.name != f"checkpoint-{state.global_step}":
                shutil.rmtree(old)
