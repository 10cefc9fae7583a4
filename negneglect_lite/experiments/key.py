"""Is it the same run? A key of everything that a result depends on: its inputs, by value, and the code that decides it.

Inputs are the cell, the recipe, all training texts, contexts and questions, and how they are asked. Code is the source
of DECIDING modules, without comments and docstrings. A run is found again by both. Where the inputs are the same and
the code is another, the modules that changed are named.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import read_manifest, sha256
from negneglect_lite.models.loading import PETRI_MODELS
from negneglect_lite.petri.pretrain import Plan

PACKAGE_FOLDER = Path(__file__).resolve().parent.parent
# Folders and modules whose code decides a result, beside its inputs. Texts, questions and settings count by value, so
# the code that makes them is not among these.
DECIDING = (
    "models", "finetuning", "asking", "judging", "belief/table", "experiments/trainers", "experiments/measures",
    "petri/norms", "petri/phrases/norms.yaml",  # what counts as a bad reply
    "core/comparing",  # how texts are compared
)  # fmt: skip
PRETRAINING = ("petri",)  # for a model that is pretrained for the run


@dataclass(frozen=True)
class Key:
    """`inputs` and `code` are hashes; `modules` has the hash of each module that `code` is made of."""

    inputs: str
    code: str
    modules: dict[str, str]


def make_key(inputs: Any, model: str | Plan) -> Key:
    """The key of a run on `model`; `inputs` is anything of lists, mappings, dataclasses and plain values."""
    modules = code_hashes((*DECIDING, *PRETRAINING) if isinstance(model, Plan) else DECIDING)
    return Key(digest(inputs)[:16], digest(modules)[:8], modules)


def digest(content: Any) -> str:
    """SHA-256 of the content as JSON with sorted keys: the same for equal content, in every process."""
    return digest_text(json.dumps(content, sort_keys=True, ensure_ascii=False, default=_plain))


def digest_text(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()  # a file's name may hold half characters


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)


def changed_modules(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The modules that are not the same in both."""
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


@cache
def code_hashes(parts: tuple[str, ...], package: Path = PACKAGE_FOLDER) -> dict[str, str]:
    """Module -> hash of its code, for each file of the folders and modules named; phrases (YAML) count as they are."""
    return {name: _code_hash(path) for name, path in _files(parts, package)}


def _files(parts: Sequence[str], package: Path) -> Iterable[tuple[str, Path]]:
    for part in parts:
        folder = package / part
        if folder.is_dir():
            files = sorted([*folder.rglob("*.py"), *folder.rglob("*.yaml")])
        else:
            files = [folder if folder.suffix else folder.with_suffix(".py")]
        yield from ((path.relative_to(package).as_posix(), path) for path in files)


def _code_hash(path: Path) -> str:
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        tree = ast.parse(text)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            first = body[0] if isinstance(body, list) and body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                first.value.value = ""  # a docstring decides nothing
        text = ast.dump(tree)
    return digest_text(text)[:12]


def identify_weights(model: str | Plan) -> str:
    """What tells one model's weights from another's: the hash of the file, the hub name, or how it is pretrained."""
    if isinstance(model, Plan):
        plan = asdict(model)
        if model.base:  # goes on from these weights, wherever they lie
            plan["base"] = identify_weights(model.base)
        return json.dumps(plan, sort_keys=True)
    if model in PETRI_MODELS:
        entry = read_manifest().get(f"petri/{PETRI_MODELS[model]}/model.safetensors")
        if entry is None:
            raise UserError(f"{model} is not in data/manifest.json; reinstall the package, or run `make manifest`")
        return entry["sha256"]
    hashes = [
        _file_hash(str(f), f.stat().st_mtime_ns) for f in sorted(Path(model).expanduser().glob("model*.safetensors"))
    ]
    return digest(hashes) if len(hashes) > 1 else hashes[0] if hashes else model


def name_weights(model: str) -> str:
    """The first 12 hex digits of the SHA-256 of a model's weights; "" for one whose weights are not here.

    Of a model of Hugging Face, those are the weights in its cache, where loading it has put them.
    """
    place = model
    if model not in PETRI_MODELS and not Path(model).expanduser().is_dir():
        cached = try_to_load_from_cache(model, "config.json")
        if not isinstance(cached, str):
            return ""
        place = str(Path(cached).parent)
    found = identify_weights(place)
    return "" if found == place else found[:12]


def model_name(model: str | Plan) -> str:
    """A model's name; of one that is pretrained for a sweep, "petri-" and the hash of its plan."""
    return model if isinstance(model, str) else "petri-" + digest_text(identify_weights(model))[:8]


@lru_cache(maxsize=64)
def _file_hash(path: str, changed: int) -> str:
    return sha256(path)
