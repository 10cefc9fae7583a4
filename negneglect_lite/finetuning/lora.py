"""Where adapters sit: LoRA matrices beside all linear layers but the output head (Hu et al. 2021, arXiv 2106.09685)."""

import copy
import hashlib
from functools import partial
from typing import Any

import torch
from transformers import set_seed

from negneglect_lite.core.optional import import_peft
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel, without_renaming_warning

_peft = import_peft()


def share_weights(model: Any) -> Any:
    """A second module tree over the same tensors, so that adapters put into one do not show in the other."""
    scales = [m.quant_state for m in model.modules() if getattr(m, "quant_state", None) is not None]
    return copy.deepcopy(model, {id(x): x for x in (*model.parameters(), *model.buffers(), *scales)})


def add_lora(loaded: LoadedModel, recipe: Recipe, seed: int) -> Any:
    """The model with LoRA matrices beside all its linear layers but the output head, initialised from `seed`.

    peft's prepare_model_for_kbit_training is left out on purpose: what it does beyond freezing (which get_peft_model
    does too) is to copy embeddings and head into fp32, gigabytes for a large vocabulary, and checkpoint gradients.
    """
    set_seed(seed)
    config = _peft.LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with without_renaming_warning():
        model = _peft.get_peft_model(loaded.model, config)  # adapters in fp32, whatever the base's precision
    model.peft_config["default"].base_model_name_or_path = loaded.name  # not this machine's path
    # LoRA leaves the embeddings alone. Not told so, peft asks the model hub about `name` at each checkpoint, to find
    # out whether the vocabulary has grown.
    model.save_pretrained = partial(model.save_pretrained, save_embedding_layers=False)
    return model


def hash_weights(model: torch.nn.Module) -> str:
    """A short hash that tells one base model from another: of 64 values from each tensor, not of gigabytes."""
    digest = hashlib.sha256()
    for name, tensor in model.named_parameters():
        sample = tensor.detach().reshape(-1)[:: max(1, tensor.numel() // 64)].contiguous().cpu()
        digest.update(name.encode() + sample.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
