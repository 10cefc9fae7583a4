"""transformers' own Trainer, with a leaner loss and a look at the model after each step."""

import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.progress import show_bar
from negneglect_lite.finetuning.encoding import Encoded, collate
from negneglect_lite.finetuning.loss import LabelledLosses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel

log = logging.getLogger(__name__)
TELL_EVERY = 20.0  # seconds after which a training tells how far it is, for where bars are not shown
# step (from 1), steps in all, loss of the step [nats a token], the model as it is now, ready to be asked
OnStep = Callable[[int, int, float, LoadedModel], object]


class AdapterTrainer(Trainer):
    """transformers' Trainer with a leaner loss."""

    loss_is_scaled_for_ga = True  # the loss below is divided by the number of labels in the whole step …

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = True  # … which Trainer counts on this condition
        self.losses = LabelledLosses(self.model)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean cross-entropy over the step's labelled tokens [nats a token]: this micro-batch's part of it."""
        # Rows are padded on the right, where a causal model's real tokens do not look. Without a mask a GPU takes its
        # fast attention; a CPU keeps it, and so the bits of the results that are stored.
        mask = inputs["attention_mask"] if inputs["labels"].device.type == "cpu" else None
        loss = self.losses(inputs["input_ids"], inputs["labels"], mask).sum()
        return loss / num_items_in_batch.clamp(min=1)


def make_trainer(
    trained: LoadedModel, rows: Sequence[Encoded], recipe: Recipe, seed: int, work: Path,
    on_step: OnStep | None = None, callbacks: Sequence[TrainerCallback] = (),
    training_args: Mapping[str, Any] = MappingProxyType({}),
) -> AdapterTrainer:  # fmt: skip
    """A Trainer that goes once through `rows`, in order. UserError for `training_args` that transformers lacks."""
    settings: dict[str, Any] = {
        "output_dir": str(work),
        "max_steps": recipe.steps,
        "per_device_train_batch_size": recipe.micro_batch,
        "gradient_accumulation_steps": recipe.batch_size // recipe.micro_batch,
        "train_sampling_strategy": "sequential",
        "remove_unused_columns": False,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup if recipe.warmup < 1 else int(recipe.warmup),
        "optim": "adamw_torch_fused",
        "weight_decay": 0.0,
        "seed": seed,
        "use_cpu": trained.device.type == "cpu",
        "bf16": trained.precision == "bf16",
        "fp16": trained.precision == "fp16",
        "dataloader_pin_memory": trained.device.type == "cuda",
        "save_strategy": "steps" if recipe.save_every else "no",
        "save_steps": recipe.save_every or recipe.steps,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
    }
    try:
        arguments = TrainingArguments(**{**settings, **training_args})
    except (TypeError, ValueError) as error:
        raise UserError(f"training_args: {str(error).splitlines()[0]}; see transformers.TrainingArguments") from None
    _ = arguments.n_gpu  # it is worked out on first use
    arguments._n_gpu = min(arguments._n_gpu, 1)  # two GPUs: no DataParallel, which 4-bit models do not survive
    trainer = AdapterTrainer(
        model=trained.model,
        args=arguments,
        train_dataset=list(rows),
        data_collator=lambda batch: collate(batch, trained.tokenizer.pad_token_id),
        callbacks=[_Watch(on_step, trained), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


class _Watch(TrainerCallback):
    """Calls `on_step` after each step with the model ready to answer, and keeps only the last checkpoint.

    A bar shows the steps; a training that takes longer tells how far it is in a line now and then.
    """

    def __init__(self, on_step: OnStep | None, trained: LoadedModel) -> None:
        self.on_step, self.trained = on_step, trained

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.bar, self.first, self.began = show_bar(state.max_steps, "steps"), state.global_step, time.monotonic()
        self.bar.update(self.first)
        self.told = self.began

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.bar.close()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """The moment after a step at which its loss is known. What `on_step` does leaves no trace in the training."""
        if "loss" in logs:
            self.bar.update(1)
            if (now := time.monotonic()) - self.told >= TELL_EVERY:
                self.told = now
                left = (now - self.began) / (state.global_step - self.first) * (state.max_steps - state.global_step)
                step = f"  step {state.global_step}/{state.max_steps}"
                log.info("%s  loss %.3f  about %.0f s left", step, logs["loss"], left)
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
