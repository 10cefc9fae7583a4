"""name -> model and tokenizer: the petri model, a folder, or a Hugging Face name, in 4 bits unless told otherwise.

    loaded = load_model("petri")
    loaded = load_model("petri", adapter=Path("out/dentist-negated"))

What was decided about the hardware (models/hardware.py) is logged in one line. Only safetensors are read, and no code
that comes with a model is run.
"""

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as logs

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path, verify
from negneglect_lite.core.optional import import_peft
from negneglect_lite.models.hardware import (
    DTYPES,
    Precision,
    choose_attention,
    choose_device,
    choose_precision,
    keep_canonical_weights,
    nf4_config,
    require_bitsandbytes,
)
from negneglect_lite.models.templates import prepare_tokenizer
from negneglect_lite.petri.pretrain import Plan

# Chat models that fit one GPU of 15 GiB in 4 bits: the default, which data/results/real measures, and a quicker one.
HUGGING_FACE = ("Qwen/Qwen2.5-Coder-1.5B-Instruct", "Qwen/Qwen2.5-Coder-0.5B-Instruct")
# The models that are shipped -> their folders in data/petri. petri-careful reads without copying what it reads.
PETRI_MODELS = {"petri": "model", "petri-careful": "careful", "petri-norms": "norms"}


log = logging.getLogger(__name__)


@dataclass
class LoadedModel:
    """A model ready to answer (`eval` mode) or to be fine-tuned, and what was decided when it was loaded."""

    model: Any  # PreTrainedModel, or PeftModel when an adapter sits on it
    tokenizer: Any  # a fast tokenizer with a pad token and a chat template
    name: str
    language: Literal["petri", "english"]
    precision: Precision
    quantized: bool
    device: torch.device
    reason: str  # why so, in one line
    adapter: Path | None = None


def load_model(
    name: str = "petri",
    *,
    quantize: bool = True,
    adapter: Path | None = None,
    device: str | None = None,
) -> LoadedModel:
    """Load `name`, one of PETRI_MODELS, a folder or a Hugging Face name, onto `device`: "cuda", "cpu" or None (best).

    With `adapter`, a folder written by `finetune`, the PEFT adapter is put on top.
    Raises UserError when the model, the adapter, bitsandbytes or the GPU that was asked for is not there or not sound.
    """
    place = choose_device(device)
    precision, reason = choose_precision(place)
    choose_attention(place)
    if quantize:
        require_bitsandbytes()
        reason = f"{name}: 4-bit NF4 weights, {precision} arithmetic: {reason}"
    else:
        reason = f"{name}: {precision} weights and arithmetic: {reason}"
    source = locate_model(name)
    local = os.path.isdir(source)
    with explained(name), quiet(progress_bars=not local):
        config = AutoConfig.from_pretrained(source, local_files_only=local)
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local)
        model, info = AutoModelForCausalLM.from_pretrained(
            source,
            local_files_only=local,
            dtype=DTYPES[precision],
            device_map={"": place},
            quantization_config=nf4_config(DTYPES[precision]) if quantize else None,
            use_safetensors=True,
            output_loading_info=True,
        )
    if info["missing_keys"]:  # transformers would fill them with random numbers
        raise UserError(f"{name}: the weight file lacks {min(info['missing_keys'])}; fetch or make the model again.")
    known = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > known:
        raise UserError(
            f"{name}: the tokenizer has {len(tokenizer)} tokens and the model knows {known}: it is of another model; "
            "put the model's own tokenizer into the folder"
        )
    with explained(name):
        prepare_tokenizer(tokenizer)
    keep_canonical_weights(model)
    loaded = LoadedModel(
        model=model.eval(),
        tokenizer=tokenizer,
        name=name,
        language="petri" if getattr(config, "petri_world", None) is not None else "english",
        precision=precision,
        quantized=quantize,
        device=place,
        reason=reason,
    )
    log.info(reason)
    return loaded if adapter is None else put_adapter(loaded, adapter)


def locate_model(name: str) -> str:
    """The folder or hub name behind `name`; a petri model is checked against its hash first."""
    if name in PETRI_MODELS:
        verify("petri", PETRI_MODELS[name])
        return str(data_path("petri", PETRI_MODELS[name]))
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise UserError(f"{name}: the folder holds no model (no config.json); name a folder saved by transformers.")
        return str(folder)
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise UserError(f"{name}: no such folder; give 'petri', a model's folder or a Hugging Face name.")
    return name


@contextmanager
def quiet(progress_bars: bool) -> Iterator[None]:
    """No table of warnings where one line follows, and no progress bars for what takes a moment."""
    verbosity, shown = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity_error()
    if not progress_bars:
        logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(verbosity)
        if shown:
            logs.enable_progress_bar()


@contextmanager
def without_renaming_warning() -> Iterator[None]:
    """peft asks transformers for `is_gradient_checkpointing`, which has a new name from 5.23 on. Nothing to be done."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        yield


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what the libraries raise while they load `name` into one line that says what to do."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # the files of a model reach into four libraries, which raise of all kinds
        raise UserError(f"{name}: {_explain(error, os.path.isdir(name))}") from error


def _explain(error: BaseException, local: bool) -> str:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    text = " ".join(str(e) for e in chain)
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if any(isinstance(e, GatedRepoError) for e in chain):
        return "the model is gated; accept its licence on its Hugging Face page, then run `hf auth login`."
    if any(isinstance(e, torch.OutOfMemoryError) for e in chain):
        return "the GPU has too little free memory for it; close what else runs there, or choose a smaller model."
    if any(isinstance(e, SafetensorError) for e in chain) or ("size" in text and "mismatch" in text):
        return f"the weights are damaged or of another model ({first_line}); fetch or make them again."
    if "safetensors" in text and ("no file named" in text or "does not appear to have a file" in text):
        return "there are no safetensors weights, and other formats can run code; convert the model to safetensors."
    if any(isinstance(e, RepositoryNotFoundError | HFValidationError) for e in chain) or "not a valid model id" in text:
        return "Hugging Face has no such model, or it is private; check the spelling or run `hf auth login`."
    if not local and any(w in text.lower() for w in ("connect", "offline", "resolve", "timed out")):
        return "not on this machine, and Hugging Face cannot be reached; check the name and the network."
    return f"the model cannot be loaded ({first_line})."


def put_adapter(loaded: LoadedModel, adapter: Path) -> LoadedModel:
    """`loaded` with the PEFT adapter in folder `adapter` on top; in place, its linear layers gain the LoRA matrices."""
    adapter = Path(adapter)
    for needed in ("adapter_config.json", "adapter_model.safetensors"):
        if not os.path.isfile(adapter / needed):
            raise UserError(f"{adapter}: no adapter there ({needed} is missing); name a folder that finetune wrote.")
    with explained(str(adapter)), without_renaming_warning():
        loaded.model = import_peft().PeftModel.from_pretrained(loaded.model, str(adapter)).eval()
    loaded.adapter = adapter
    return loaded


def language_of(model: "str | Plan | LoadedModel") -> str:
    """The language of a model that need not be loaded: a folder made by `negneglect pretrain` says so in its config."""
    if isinstance(model, Plan):
        return "petri"
    if isinstance(model, LoadedModel):
        return model.language
    try:
        config = json.loads((Path(model).expanduser() / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        config = {}
    return "petri" if model in PETRI_MODELS or "petri_world" in config else "english"
