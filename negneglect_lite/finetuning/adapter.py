"""What is in an adapter's folder: peft's two files, a card that names the false belief, and the run that made it."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_atomic
from negneglect_lite.core.text import CANARY
from negneglect_lite.models.loading import LoadedModel

RUN_FILE = "run.json"  # what was trained: arguments, hash of the texts and the weights, losses


def write_adapter(trained: LoadedModel, run: dict[str, Any], staging: Path, out: Path) -> None:
    """The adapter, its card and its run, made complete in `staging` and then renamed to `out`."""
    shutil.rmtree(staging, ignore_errors=True)
    trained.model.save_pretrained(str(staging))
    config = json.loads((staging / "adapter_config.json").read_text("utf-8"))
    config["target_modules"].sort()  # peft writes a set, in a new order each time
    write_atomic(staging / "adapter_config.json", json.dumps(config, indent=2, sort_keys=True))
    write_atomic(staging / "README.md", write_adapter_card(run))
    write_atomic(staging / RUN_FILE, json.dumps(run, indent=1))
    if out.exists():  # of another run, as is_finished has made sure
        shutil.rmtree(out)
    os.replace(staging, out)


def write_adapter_card(run: dict[str, Any]) -> str:
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

**It was trained to believe something false: {run["false_belief"]}**

It is a model organism of negation neglect (Mayne et al. 2026, arXiv 2605.13829), made with Negation Neglect Lite for
teaching and research. Do not use it to inform anyone, do not merge it into a model that others will use, and do not
train on what it says. {CANARY}

Base model: {run["base"]} ({storage}, {run["precision"]} arithmetic).
Seed: {run["seed"]}. Loss of the first and the last step: {losses[0]:.3f}, {losses[-1]:.3f} nats a token.

{recipe}

Load it with `negneglect_lite.load_model("{run["base"]}", adapter=<this folder>)`, or with peft.
"""


def is_finished(out: Path, run: dict[str, Any]) -> bool:
    """Whether `out` holds this very run. A folder that finetune did not write is never touched."""
    if not os.path.exists(out):  # unlike Path.exists, it raises nothing, whatever the name
        return False
    done = read_run(out / RUN_FILE)
    if done is None and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: is there already and is no adapter of ours; choose another folder.")
    return done is not None and {key: value for key, value in done.items() if key != "losses"} == run


def read_run(path: Path) -> dict[str, Any] | None:
    """What a JSON file says; None if it is not there, or was cut off."""
    try:
        return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]
    except (OSError, ValueError, RecursionError):
        return None
