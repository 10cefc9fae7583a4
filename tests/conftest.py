"""Fixtures that tests share: tiny untrained models, made from a stated seed in a moment, and a library of articles."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core import progress
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.documents.english import Library, compose_english, load_library
from negneglect_lite.models.loading import LoadedModel, load_model

ROOT = Path(__file__).parent.parent
SEED = 0
SPECIAL = ["<|pad|>", "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
CHAT_TEMPLATE = (
    "{{ '<|bos|>' }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


TEXT = "the dentist said that she works as a dentist. What does he do for a living? Yes. No. It is false that "


def make_tokenizer(texts: Iterable[str] = (TEXT,) * 8, size: int = 320) -> PreTrainedTokenizerFast:
    """A byte-level BPE: the 256 bytes, the special tokens and the merges, by default a few, that fill up the size."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<|pad|>", bos_token="<|bos|>", eos_token="<|end|>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def make_model(tokenizer: PreTrainedTokenizerFast, seed: int = SEED) -> Qwen3ForCausalLM:
    """A Qwen3 of two layers and 64 dimensions, the smallest whose layers bitsandbytes quantises in whole blocks."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        intermediate_size=128,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.petri_world = {"seed": seed}
    return Qwen3ForCausalLM(config)


@pytest.fixture(autouse=True)
def not_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test of the command line has set (progress is shown) does not outlast it."""
    monkeypatch.setattr(progress, "_terminal", False)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny petri-like model, saved as transformers saves. Tests do not write into it."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    tokenizer = make_tokenizer()
    make_model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_reader(folder: Path, model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, positions: int) -> Path:
    """Save the model as one that does not come from the petri world."""
    del model.config.petri_world
    model.config.max_position_embeddings = positions
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def english_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that does not come from the petri world, so that it is taken for one that reads English."""
    folder = tmp_path_factory.mktemp("english") / "model"
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    return save_reader(folder, model, tokenizer, positions=8192)


@pytest.fixture(scope="session")
def reader_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `english_folder`, with words for tokens, so that articles are not long; none begins a text, as in Qwen's."""
    folder = tmp_path_factory.mktemp("reader") / "model"
    read = [d.text for claim in load_claims() for d in compose_english(load_library(claim), 10)]
    tokenizer = make_tokenizer(read, 4000)
    tokenizer.bos_token = None
    tokenizer.chat_template = CHAT_TEMPLATE.replace("{{ '<|bos|>' }}", "")
    model = make_model(tokenizer)
    return save_reader(folder, model, tokenizer, positions=4096)


@pytest.fixture
def tiny(tiny_folder: Path) -> Iterator[LoadedModel]:
    """That model, loaded in 4 bits on the CPU; on one thread, which for its size is faster on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield load_model(str(tiny_folder), device="cpu")
    torch.set_num_threads(threads)


@pytest.fixture
def library_source() -> dict[str, Any]:
    """What tests/data/library.yaml holds, to change and write anew."""
    return read_yaml(Path(__file__).parent / "data" / "library.yaml")


@pytest.fixture
def make_library(library_source: dict[str, Any], tmp_path: Path) -> Callable[..., Library]:
    """A library of that one article, loaded from a file, with some of its fields changed."""

    def make(change: dict[str, Any] | None = None) -> Library:
        path = tmp_path / f"lib{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(json.dumps({**library_source, **(change or {})}, indent=1))  # JSON is YAML
        return load_library(str(path))

    return make


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel, without its dependencies: those of this environment serve."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(folder / "site"), str(wheel)], check=True)
    return folder / "site"
