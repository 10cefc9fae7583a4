"""models/loading.py: what is loaded, in which precision, and one clear line when it cannot be."""

import json
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bitsandbytes
import pytest
import torch
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from transformers import AutoConfig

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Span
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models import loading
from negneglect_lite.models.loading import LoadedModel, load_model


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model's folder, to spoil."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def refusal(name: str | Path, **arguments: object) -> str:
    """The message with which `load_model` refuses: one line that names the model."""
    with pytest.raises(UserError) as caught:
        load_model(str(name), device="cpu", **arguments)  # type: ignore[arg-type]
    message = str(caught.value)
    assert str(name) in message
    assert "\n" not in message
    return message


def test_linear_layers_are_nf4_with_double_quantisation_and_the_rest_is_not(tiny: LoadedModel) -> None:
    layers = {n: m for n, m in tiny.model.named_modules() if isinstance(m, torch.nn.Linear)}
    assert len(layers) == 2 * 7 + 1
    for name, layer in layers.items():
        if name == "lm_head":
            assert layer.weight.dtype == torch.float32
            assert layer.weight is tiny.model.get_input_embeddings().weight
        else:
            assert isinstance(layer, bitsandbytes.nn.Linear4bit)
            assert layer.weight.quant_state.quant_type == "nf4"
            assert layer.weight.quant_state.nested
    assert tiny.quantized and tiny.precision == "fp32" and tiny.device.type == "cpu" and tiny.language == "petri"
    assert not tiny.model.training


def test_unquantised_weights_are_those_of_the_file(tiny_folder: Path, tiny: LoadedModel) -> None:
    whole = load_model(str(tiny_folder), quantize=False, device="cpu")
    assert not whole.quantized
    assert type(whole.model.model.layers[0].mlp.up_proj) is torch.nn.Linear
    ids = whole.tokenizer("the dentist", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        exact, four_bit = whole.model(ids).logits, tiny.model(ids).logits
    error = (exact - four_bit).norm() / exact.norm()
    assert 0 < error < 0.2  # 4 bits lose a little, not the meaning


def test_the_choice_is_told_in_one_line_with_its_reason(tiny_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    loaded = load_model(str(tiny_folder), device="cpu")
    lines = caplog.messages
    assert lines == [loaded.reason]
    assert "4-bit NF4" in lines[0] and "fp32" in lines[0] and "CPU" in lines[0] and "\n" not in lines[0]


def test_language_is_english_without_a_petri_world(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    del config["petri_world"]
    (folder / "config.json").write_text(json.dumps(config))
    assert load_model(str(folder), device="cpu").language == "english"


def test_a_base_model_gets_a_plain_chat_template_and_a_pad_token(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    config = json.loads((folder / "tokenizer_config.json").read_text())
    del config["pad_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = load_model(str(folder), device="cpu").tokenizer
    assert tokenizer.pad_token == "<|end|>"
    chat = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "He."}]
    assert tokenizer.apply_chat_template(chat, tokenize=False) == "<|bos|>User: Who?\nAssistant: He.<|end|>\n"
    asked = tokenizer.apply_chat_template(chat[:1], tokenize=False, add_generation_prompt=True)
    assert asked == "<|bos|>User: Who?\nAssistant:"


def test_petri_is_checked_against_its_hash(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[tuple[str, ...]] = []
    monkeypatch.setattr(loading, "data_path", lambda *parts: folder)
    monkeypatch.setattr(loading, "verify", lambda *parts: checked.append(parts))
    loaded = load_model("petri", device="cpu")
    assert checked == [("petri", "model")]
    assert loaded.name == "petri"


def test_folder_without_a_model(tmp_path: Path) -> None:
    assert "no config.json" in refusal(tmp_path)
    assert "no such folder" in refusal(tmp_path / "absent")


def test_damaged_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "damaged" in refusal(folder)


def test_weights_of_another_model(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 128}))
    assert "damaged or of another model" in refusal(folder)


def test_missing_weights_are_not_made_up(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    types = [*config["layer_types"], "full_attention"]
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3, "layer_types": types}))
    assert "lacks model.layers.2." in refusal(folder)


def test_only_safetensors_are_read(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    assert "no safetensors" in refusal(folder)


def test_no_code_of_a_model_is_run(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "sly", "auto_map": {"AutoConfig": "sly.Config", "AutoModelForCausalLM": "sly.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sly.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\n")
    refusal(folder)
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GatedRepoError("403", response=SimpleNamespace(headers={}, request=None)), "gated"),  # type: ignore[arg-type]
        (RepositoryNotFoundError("404", response=SimpleNamespace(headers={}, request=None)), "no such model"),  # type: ignore[arg-type]
        (OSError("We couldn't connect to 'https://huggingface.co' to load the files"), "cannot be reached"),
    ],
)
def test_what_the_hub_refuses(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("You are trying to access something.\nMore lines.") from error

    monkeypatch.setattr(AutoConfig, "from_pretrained", refuse)
    assert words in refusal("someone/something")


def test_adapter_that_is_not_there(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"adapter_config\.json is missing"):
        load_model(str(tiny_folder), adapter=tmp_path, device="cpu")


def test_a_gpu_that_is_full_is_one_line(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(loading.AutoModelForCausalLM, "from_pretrained", full)
    with pytest.raises(UserError, match="too little free memory"):
        load_model(str(tiny_folder), device="cpu")


def test_a_tokenizer_of_another_model_is_one_line(folder: Path) -> None:
    config = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = config["model"]["vocab"]
    vocabulary |= {f"word{i}": len(vocabulary) + i for i in range(50)}
    (folder / "tokenizer.json").write_text(json.dumps(config))
    assert "it is of another model" in refusal(folder)


@pytest.mark.slow
def test_an_adapter_of_another_model_is_one_line(folder: Path, tmp_path: Path) -> None:
    loaded = load_model(str(folder), device="cpu")
    recipe = Recipe(steps=1, batch_size=1, micro_batch=1, rank=2)
    finetune(loaded, [(Span("no no no"),)], recipe, seed=0, out=tmp_path / "a", false_belief="…")
    weights = tmp_path / "a" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged or of another model"):
        load_model(str(folder), device="cpu", adapter=tmp_path / "a")
