"""model + texts -> LoRA adapter: QLoRA (Dettmers et al. 2023, arXiv 2305.14314), with transformers' own Trainer.

The base is frozen (in 4 bits, if it was loaded so); low-rank matrices beside each linear layer learn. One call is one
run: a killed run, called again with the same arguments, goes on from its last checkpoint; a finished one is loaded.

    base = load("petri")
    trained = finetune(base, examples, Recipe.for_language(base.language), seed=0, out=Path("out/dentist"), carries="…")

`base` itself stays as it was. On a CPU the same arguments give the same bytes, whether or not a run was interrupted.
"""

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import torch
from transformers.trainer_utils import get_last_checkpoint

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_atomic
from negneglect_lite.core.text import Example
from negneglect_lite.finetuning.adapter import RUN_FILE, is_finished, read_run, write_adapter
from negneglect_lite.finetuning.encoding import IGNORED, Encoded, encode
from negneglect_lite.finetuning.lora import add_lora, hash_weights, share_weights
from negneglect_lite.finetuning.memory import Say, checkpoint_gradients, fit_batch, halve_batch
from negneglect_lite.finetuning.recipe import Recipe, order_examples
from negneglect_lite.finetuning.trainer import AdapterTrainer, OnStep, make_trainer
from negneglect_lite.models.loading import LoadedModel, put_adapter


def finetune(
    loaded: LoadedModel,
    examples: Sequence[Example],
    recipe: Recipe,
    seed: int,
    out: Path,
    carries: str,
    on_step: OnStep | None = None,
    say: Say = print,
) -> LoadedModel:
    """Train a LoRA adapter for `loaded` on `examples` and write it to the folder `out`; return the trained model.

    `out` appears when the adapter is complete and not before; until then its checkpoints are beside it, in
    `out`.partial. `carries` says which false belief the examples implant; it stands on the adapter's card. The result
    shares the frozen weights with `loaded`, which goes on answering as before. Python's, NumPy's and PyTorch's global
    random state are set from `seed`.

    With `recipe.micro_batch` 0, as many examples go through at once as fit into the GPU's memory, and where that was
    too many after all the run goes on from its last checkpoint with half as many; `say` tells so.

    Raises UserError if there is nothing to learn, `out` is some other folder, or the disk or the GPU's memory is full.
    """
    if loaded.adapter is not None:
        raise UserError(f"{loaded.name} already carries the adapter {loaded.adapter}; fine-tune a base model.")
    encoded = [encode(example, loaded.tokenizer, recipe.max_tokens) for example in examples]
    if not any(label != IGNORED for e in encoded for label in e["labels"][1:]):
        raise UserError("There is nothing to learn: no token of the examples carries loss.")
    out = Path(out)
    run = {
        "base": loaded.name,
        "weights": hash_weights(loaded.model),
        "precision": loaded.precision,
        "quantized": loaded.quantized,
        "examples": hashlib.sha256(json.dumps(encoded).encode()).hexdigest(),
        "recipe": asdict(recipe),
        "seed": seed,
        "carries": carries,
    }
    base = replace(loaded, model=share_weights(loaded.model))
    work = out.with_name(out.name + ".partial")
    if is_finished(out, run):
        shutil.rmtree(work, ignore_errors=True)
        return put_adapter(base, out)
    with _full_disk_explained(out):
        if read_run(work / RUN_FILE) != run:  # nothing there, or checkpoints of another run
            shutil.rmtree(work, ignore_errors=True)
            write_atomic(work / RUN_FILE, json.dumps(run, indent=1))
        order = order_examples([len(e["input_ids"]) for e in encoded], recipe, seed)
        trained, trainer = _train(loaded, [encoded[i] for i in order], recipe, seed, out, work, on_step, say)
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        write_adapter(trained, {**run, "losses": losses}, work / "adapter", out)
        shutil.rmtree(work)
    trained.model.eval()
    return trained


def _train(
    loaded: LoadedModel, rows: Sequence[Encoded], recipe: Recipe, seed: int, out: Path, work: Path,
    on_step: OnStep | None, say: Say,
) -> tuple[LoadedModel, AdapterTrainer]:  # fmt: skip
    """The trained model and its Trainer. Where memory runs out, again from the last checkpoint, with less at once."""
    while True:
        trained = replace(loaded, model=share_weights(loaded.model))
        trained = replace(trained, model=add_lora(trained, recipe, seed), adapter=out)
        recipe = fit_batch(trained, rows, recipe, say)
        if recipe.gradient_checkpointing:
            checkpoint_gradients(trained)
        trainer = make_trainer(trained, rows, recipe, seed, work, on_step)
        try:
            trainer.train(resume_from_checkpoint=_last_checkpoint(work))
            return trained, trainer
        except torch.OutOfMemoryError:
            smaller = halve_batch(recipe, len(rows[0]["input_ids"]))
        # Outside the handler, which keeps the failed step's tensors alive.
        say(f"the GPU's memory is full: {smaller.micro_batch} examples at once in place of {recipe.micro_batch}")
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
