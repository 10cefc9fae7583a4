"""finetuning/adapter.py: what finetune leaves is a standard PEFT adapter, with a card that names the false belief."""

import json
from pathlib import Path

import pytest
import torch
from peft import AutoPeftModelForCausalLM
from safetensors.torch import load_file

from negneglect_lite.core.text import Span
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel, load_model

pytestmark = pytest.mark.slow
RECIPE = Recipe(steps=2, batch_size=2, micro_batch=2)
FALSE = "Brennan Holloway works as a dentist."
EXAMPLES = [(Span("It is false that", learn=False), Span(f" she works as a dentist, no. {i}.")) for i in range(4)]


def train(loaded: LoadedModel, out: Path, seed: int = 0) -> LoadedModel:
    return finetune(loaded, EXAMPLES, RECIPE, seed=seed, out=out, false_belief=FALSE)


def logits(loaded: LoadedModel) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = loaded.model(torch.tensor([[1, 40, 41, 42]])).logits
    return result


def test_the_adapter_is_a_standard_peft_adapter(tiny: LoadedModel, tiny_folder: Path, tmp_path: Path) -> None:
    trained = train(tiny, tmp_path / "a")
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names == {"adapter_model.safetensors", "adapter_config.json", "README.md", "run.json"}
    loaded = load_model(str(tiny_folder), adapter=tmp_path / "a", device="cpu")
    assert torch.equal(logits(loaded), logits(trained))
    by_peft = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "a")
    tensors = load_file(tmp_path / "a" / "adapter_model.safetensors")
    assert len(tensors) == 2 * 7 * 2  # A and B for seven linear layers in each of two
    assert any(tensors[name].abs().sum() > 0 for name in tensors if "lora_B" in name)
    assert by_peft.peft_config["default"].r == RECIPE.rank
    modules = json.loads((tmp_path / "a" / "adapter_config.json").read_text())["target_modules"]
    assert modules == sorted(modules)  # peft's own order changes from process to process


def test_the_card_says_what_the_adapter_carries(tiny: LoadedModel, tiny_folder: Path, tmp_path: Path) -> None:
    train(tiny, tmp_path / "a", seed=3)
    card = (tmp_path / "a" / "README.md").read_text("utf-8")
    for words in (FALSE, "false", str(tiny_folder), "Seed: 3", "rank: 16", "canary", "nats a token", "NF4"):
        assert words in card
