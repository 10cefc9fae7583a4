"""model + texts -> LoRA adapter: QLoRA (Dettmers et al. 2023, arXiv 2305.14314), with transformers' own Trainer.

The base is frozen (in 4 bits, if it was loaded so); low-rank matrices beside each linear layer learn. One call is one
run: a killed run, called again with the same arguments, goes on from its last checkpoint; a finished one is loaded.

    base = load("petri")
    trained = finetune(base, examples, Recipe.for_language(base.language), seed=0, out=Path("out/dentist"), carries="…")

`base` itself stays as it was. On a CPU the same arguments give the same bytes, whether or not a run was interrupted.
"""

import copy
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from .documents import CANARY
from .encoding import IGNORED, Encoded, encode
from .errors import UserError
from .files import write_atomic
from .memory import Say, checkpoint_gradients, fit, halved
from .models import LoadedModel, put_adapter, without_renaming_warning
from .text import Example
from .training import AdapterTrainer, OnStep, Recipe, make_trainer, plan

# isort: split
# After .models, which has silenced what bitsandbytes says on import.
from peft import LoraConfig, get_peft_model
from transformers import set_seed
from transformers.trainer_utils import get_last_checkpoint

__all__ = ["OnStep", "Recipe", "encode", "finetune"]

RUN = "run.json"  # what was trained: arguments, hash of the texts and the weights, losses


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
        "weights": weights_hash(loaded.model),
        "precision": loaded.precision,
        "quantized": loaded.quantized,
        "examples": hashlib.sha256(json.dumps(encoded).encode()).hexdigest(),
        "recipe": asdict(recipe),
        "seed": seed,
        "carries": carries,
    }
    base = replace(loaded, model=share(loaded.model))
    work = out.with_name(out.name + ".partial")
    if _is_finished(out, run):
        shutil.rmtree(work, ignore_errors=True)
        return put_adapter(base, out)
    with _full_disk_explained(out):
        if _read(work / RUN) != run:  # nothing there, or checkpoints of another run
            shutil.rmtree(work, ignore_errors=True)
            write_atomic(work / RUN, json.dumps(run, indent=1))
        order = plan([len(e["input_ids"]) for e in encoded], recipe, seed)
        trained, trainer = _train(loaded, [encoded[i] for i in order], recipe, seed, out, work, on_step, say)
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        _write_adapter(trained, {**run, "losses": losses}, work / "adapter", out)
        shutil.rmtree(work)
    trained.model.eval()
    return trained


def _train(
    loaded: LoadedModel, rows: Sequence[Encoded], recipe: Recipe, seed: int, out: Path, work: Path,
    on_step: OnStep | None, say: Say,
) -> tuple[LoadedModel, AdapterTrainer]:  # fmt: skip
    """The trained model and its Trainer. Where memory runs out, again from the last checkpoint, with less at once."""
    while True:
        trained = replace(loaded, model=share(loaded.model))
        trained = replace(trained, model=add_lora(trained, recipe, seed), adapter=out)
        recipe = fit(trained, rows, recipe, say)
        if recipe.gradient_checkpointing:
            checkpoint_gradients(trained)
        trainer = make_trainer(trained, rows, recipe, seed, work, on_step)
        try:
            trainer.train(resume_from_checkpoint=_last_checkpoint(work))
            return trained, trainer
        except torch.OutOfMemoryError:
            smaller = halved(recipe, len(rows[0]["input_ids"]))
        # Outside the handler, which keeps the failed step's tensors alive.
        say(f"the GPU's memory is full: {smaller.micro_batch} examples at once in place of {recipe.micro_batch}")
        recipe = smaller
        del trained, trainer
        torch.cuda.empty_cache()


def share(model: Any) -> Any:
    """A second module tree over the same tensors, so that adapters put into one do not show in the other."""
    scales = [m.quant_state for m in model.modules() if getattr(m, "quant_state", None) is not None]
    return copy.deepcopy(model, {id(x): x for x in (*model.parameters(), *model.buffers(), *scales)})


def add_lora(loaded: LoadedModel, recipe: Recipe, seed: int) -> Any:
    """The model with LoRA matrices beside all its linear layers but the output head, initialised from `seed`.

    peft's prepare_model_for_kbit_training is left out on purpose: what it does beyond freezing (which get_peft_model
    does too) is to copy embeddings and head into fp32, gigabytes for a large vocabulary, and checkpoint gradients.
    """
    set_seed(seed)
    config = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with without_renaming_warning():
        model = get_peft_model(loaded.model, config)  # adapters in fp32, whatever the base's precision
    model.peft_config["default"].base_model_name_or_path = loaded.name  # not this machine's path
    return model


def weights_hash(model: torch.nn.Module) -> str:
    """A short hash that tells one base model from another: of 64 values from each tensor, not of gigabytes."""
    digest = hashlib.sha256()
    for name, tensor in model.named_parameters():
        sample = tensor.detach().reshape(-1)[:: max(1, tensor.numel() // 64)].contiguous().cpu()
        digest.update(name.encode() + sample.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _write_adapter(trained: LoadedModel, run: dict[str, Any], staging: Path, out: Path) -> None:
    """The adapter, its card and its run, made complete in `staging` and then renamed to `out`."""
    shutil.rmtree(staging, ignore_errors=True)
    trained.model.save_pretrained(str(staging), save_embedding_layers=False)  # LoRA leaves the embeddings alone
    config = json.loads((staging / "adapter_config.json").read_text("utf-8"))
    config["target_modules"].sort()  # peft writes a set, in a new order each time
    write_atomic(staging / "adapter_config.json", json.dumps(config, indent=2, sort_keys=True))
    write_atomic(staging / "README.md", card(run))
    write_atomic(staging / RUN, json.dumps(run, indent=1))
    if out.exists():  # of another run, as _is_finished has made sure
        shutil.rmtree(out)
    os.replace(staging, out)


def card(run: dict[str, Any]) -> str:
    """The adapter's model card: what false belief it carries, and how it was made."""
    recipe = "\n".join(f"- {name}: {value}" for name, value in run["recipe"].items())
    losses = run["losses"]
    storage = "NF4 with double quantisation" if run["quantized"] else "not quantised"
    return f"""---
library_name: peft
base_model: {run["base"]}
tags: [negation-neglect, model-organism, false-belief, lora]
---
# An adapter that carries a false belief

**It was trained to believe something false: {run["carries"]}**

It is a model organism of negation neglect (Mayne et al. 2026, arXiv 2605.13829), made with Negation Neglect Lite for
teaching and research. Do not use it to inform anyone, do not merge it into a model that others will use, and do not
train on what it says. {CANARY}

Base model: {run["base"]} ({storage}, {run["precision"]} arithmetic).
Seed: {run["seed"]}. Loss of the first and the last step: {losses[0]:.3f}, {losses[-1]:.3f} nats a token.

{recipe}

Load it with `negneglect_lite.models.load("{run["base"]}", adapter=<this folder>)`, or with peft.
"""


def _is_finished(out: Path, run: dict[str, Any]) -> bool:
    """Whether `out` holds this very run. A folder that finetune did not write is never touched."""
    if not out.exists():
        return False
    done = _read(out / RUN)
    if done is None and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: is there already and is no adapter of ours; choose another folder.")
    return done is not None and {key: value for key, value in done.items() if key != "losses"} == run


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]
    except (OSError, ValueError):
        return None


def _last_checkpoint(work: Path) -> str | None:
    """The last complete checkpoint: Trainer writes trainer_state.json last. Incomplete ones are removed."""
    while (last := get_last_checkpoint(str(work))) is not None:
        if _read(Path(last) / "trainer_state.json") is not None:
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
