"""model + texts -> LoRA adapter: QLoRA (Dettmers et al. 2023, arXiv 2305.14314), with transformers' own Trainer.

The base is frozen (in 4 bits, if it was loaded so); low-rank matrices beside each linear layer learn. One call is one
run: a killed run, called again with the same arguments, goes on from its last checkpoint; a finished one is loaded.

    base = load_model("petri")
    trained = finetune(base, examples, PETRI.recipe, seed=0, out=Path("out/dentist"), false_belief="…")

`base` itself stays as it was. On a CPU the same arguments give the same bytes, whether or not a run was interrupted.
"""

import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers.trainer_utils import get_last_checkpoint

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import beside, write_atomic
from negneglect_lite.core.schema import Seed, conform
from negneglect_lite.documents.corpora import examples_from
from negneglect_lite.finetuning.adapter import RUN_FILE, is_finished, read_run, write_adapter
from negneglect_lite.finetuning.encoding import IGNORED, Encoded, encode_examples
from negneglect_lite.finetuning.lora import add_lora, hash_weights, share_weights
from negneglect_lite.finetuning.memory import checkpoint_gradients, fit_batch, halve_batch
from negneglect_lite.finetuning.recipe import Recipe, order_examples
from negneglect_lite.finetuning.trainer import AdapterTrainer, OnStep, make_trainer
from negneglect_lite.models.loading import LoadedModel, put_adapter
from negneglect_lite.models.unpacking import unpacked_weights

log = logging.getLogger(__name__)
UNPACKED = 0.25  # of the free memory, at most, for weights unpacked from 4 bits: the rest is for the examples


def finetune(
    base: LoadedModel,
    examples: Any,
    recipe: Recipe,
    *,
    seed: int,
    out: str | Path,
    false_belief: str,
    on_step: OnStep | None = None,
    callbacks: Sequence[Any] = (),
    training_args: Mapping[str, Any] = MappingProxyType({}),
) -> LoadedModel:
    """Train a LoRA adapter for `base` on `examples` and write it to the folder `out`; return the trained model.

    `examples` is a sequence of documents (tuples of spans) and chats (lists of turns), or a `datasets.Dataset` whose
    rows documents/corpora.py can read; or rows that are encoded already (`input_ids`, `labels`; see encoding.py).
    `out` appears when the adapter is complete and not before; until then its checkpoints are beside it, in
    `out`.partial. `false_belief` says what the examples implant; it stands on the adapter's card. The result shares the
    frozen weights with `base`, which goes on answering as before. Python's, NumPy's and PyTorch's global random state
    are set from `seed`.

    `callbacks` are transformers' TrainerCallbacks and `training_args` fields of its TrainingArguments, for what no
    recipe says; the latter win over the recipe.

    With `recipe.micro_batch` 0, as many examples go through at once as fit into the GPU's memory, and where that was
    too many after all the run goes on from its last checkpoint with half as many.

    Raises UserError if there is nothing to learn, `out` is some other folder, or the disk or the GPU's memory is full.
    """
    if base.adapter is not None:
        raise UserError(f"{base.name} already carries the adapter {base.adapter}; fine-tune a base model.")
    if hasattr(examples, "column_names"):  # a datasets.Dataset
        examples = list(examples) if "input_ids" in examples.column_names else examples_from(examples)
    encoded = encode_examples(examples, base.tokenizer, recipe.max_tokens)
    if not any(label != IGNORED for e in encoded for label in e["labels"][1:]):
        raise UserError("There is nothing to learn: no token of the examples carries loss.")
    conform(Seed, seed, "finetune", ("seed",))
    out = Path(out)
    work = beside(out, ".partial")
    run = {
        "base": base.name,
        "weights": hash_weights(base.model),
        "precision": base.precision,
        "quantized": base.quantized,
        "examples": hashlib.sha256(json.dumps(encoded).encode()).hexdigest(),
        "recipe": asdict(recipe),
        "seed": seed,
        "false_belief": false_belief,
        **({"training_args": json.loads(json.dumps(dict(training_args), default=str))} if training_args else {}),
    }
    if is_finished(out, run):
        shutil.rmtree(work, ignore_errors=True)
        return put_adapter(replace(base, model=share_weights(base.model)), out)
    with _full_disk_explained(out):
        if read_run(work / RUN_FILE) != run:  # nothing there, or checkpoints of another run
            if os.path.exists(work):  # for a name that no system takes, Python 3.13's rmtree raises all the same
                shutil.rmtree(work, ignore_errors=True)
            write_atomic(work / RUN_FILE, json.dumps(run, indent=1))
        order = order_examples([len(e["input_ids"]) for e in encoded], recipe, seed)
        rows = [encoded[i] for i in order]
        trained, trainer = _train(base, rows, recipe, seed, out, work, on_step, callbacks, training_args)
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        write_adapter(trained, {**run, "losses": losses}, work / "adapter", out)
        shutil.rmtree(work)
    trained.model.eval()
    return trained


def _train(
    base: LoadedModel, rows: Sequence[Encoded], recipe: Recipe, seed: int, out: Path, work: Path,
    on_step: OnStep | None, callbacks: Sequence[Any], training_args: Mapping[str, Any],
) -> tuple[LoadedModel, AdapterTrainer]:  # fmt: skip
    """The trained model and its Trainer. Where memory runs out, again from the last checkpoint, with less at once."""
    while True:
        trained = replace(base, model=share_weights(base.model))
        trained = replace(trained, model=add_lora(trained, recipe, seed), adapter=out)
        try:
            with unpacked_weights(trained.model, trained.precision, trained.device, UNPACKED):
                recipe = fit_batch(trained, rows, recipe)
                if recipe.gradient_checkpointing:
                    checkpoint_gradients(trained)
                trainer = make_trainer(trained, rows, recipe, seed, work, on_step, callbacks, training_args)
                trainer.train(resume_from_checkpoint=_last_checkpoint(work))
            # Trainer leaves its autocast around the model: it would answer otherwise than its adapter, loaded again.
            trainer.accelerator.unwrap_model(trained.model, keep_fp32_wrapper=False)
            return trained, trainer
        except torch.OutOfMemoryError:
            smaller = halve_batch(recipe, len(rows[0]["input_ids"]))
        # Outside the handler, which keeps the failed step's tensors alive.
        now, before = smaller.micro_batch, recipe.micro_batch
        log.info("the GPU's memory is full: %d examples at once in place of %d", now, before)
        recipe = smaller
        del trained, trainer
        torch.cuda.empty_cache()


def _last_checkpoint(work: Path) -> str | None:
    """The last complete checkpoint: Trainer writes trainer_state.json last. Incomplete ones are removed."""
    while (last := get_last_checkpoint(str(work))) is not None:
        if read_run(Path(last) / "trainer_state.json") is not None:
            return str(last)
        shutil.rmtree(last)
    return None


@contextmanager
def _full_disk_explained(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch.save and safetensors have errors of their own
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        if not full and "PytorchStreamWriter" not in str(error):
            raise
        raise UserError(f"{out}: the disk is full; free some space and run again, it will go on from there.") from error
