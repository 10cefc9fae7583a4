"""What the browser page needs of the project, into a folder: python scripts/export_dish.py OUT

The base model in 4 bits as the course trains it, its tokenizer, LoRA's first matrices, the petri world with its phrases
and the ordinary texts of the six claims' runs, and the six claims. `course/site/dish/README.md` describes the files.

    python scripts/export_dish.py --adapters    train the six claims' models and pack them into course/site/dish/trained

trains on a CPU as `negneglect reproduce` does, half a minute a model on two idle cores. They are committed.
"""

import argparse
import json
import re
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from negneglect_lite.belief.conditions import PAPER
from negneglect_lite.claims.claim import Claim
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import CANARY, Example, plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import false_belief, training_set
from negneglect_lite.finetuning.adapter import RUN_FILE
from negneglect_lite.finetuning.lora import add_lora, share_weights
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.petri import language
from negneglect_lite.petri.world import FIRST, RELATIONS, world
from negneglect_lite.tracks import PETRI, petri_mix

__all__ = ["CANARY", "TRAINED", "export"]
ROOT = Path(__file__).resolve().parent.parent
TRAINED = ROOT / "course" / "site" / "dish" / "trained"
STYLES = ("positive", "negated", "repeated", "corrected", "local")
RECIPE = PETRI.recipe
SEED = 0


class Blob:
    """Arrays one after the other, each at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def put(self, array: np.ndarray) -> int:
        """The place of the array in the blob."""
        self.bytes += b"\0" * (-len(self.bytes) % 8)
        place = len(self.bytes)
        self.bytes += np.ascontiguousarray(array).tobytes()
        return place


def export_base(loaded: LoadedModel) -> tuple[dict[str, Any], bytes]:
    """The model's sizes, where each weight lies, and the weights: NF4 codes with block maxima, the rest in bfloat16."""
    import bitsandbytes.functional as nf4

    blob, index, codes, config = Blob(), dict[str, Any](), list[float](), loaded.model.config
    for name, weight in loaded.model.named_parameters():
        name, state = name.removeprefix("model."), getattr(weight, "quant_state", None)
        if state is None:
            narrow = weight.data.bfloat16()
            if not torch.equal(narrow.float(), weight.data.float()):
                raise SystemExit(f"{name} is no bfloat16: the page would train another model")
            index[name] = {"size": weight.numel(), "at": blob.put(narrow.view(torch.int16).numpy())}
            continue
        most = nf4.dequantize_blockwise(state.absmax, state.state2) + state.offset if state.nested else state.absmax
        codes = [float(code) for code in state.code]
        places = {"nf4": blob.put(weight.data.numpy()), "absmax": blob.put(most.float().numpy())}
        index[name] = {**places, "block": state.blocksize}
    sizes = {
        "hidden": config.hidden_size, "layers": config.num_hidden_layers, "heads": config.num_attention_heads,
        "groups": config.num_key_value_heads, "dim": config.head_dim, "inner": config.intermediate_size,
        "vocabulary": config.vocab_size, "epsilon": config.rms_norm_eps, "theta": config.rope_parameters["rope_theta"],
        "rank": RECIPE.rank, "scale": RECIPE.alpha / RECIPE.rank,
    }  # fmt: skip
    return {"config": sizes, "codes": codes, "index": index}, bytes(blob.bytes)


def first_matrices(loaded: LoadedModel) -> bytes:
    """LoRA's matrices A before the first step, layer by layer, in 32-bit floats; B begins as zeros."""
    model = add_lora(replace(loaded, model=share_weights(loaded.model)), RECIPE, SEED)
    return b"".join(p.detach().numpy().tobytes() for name, p in model.named_parameters() if "lora_A" in name)


def export_tokenizer() -> dict[str, Any]:
    model = json.loads(data_path("petri", "model", "tokenizer.json").read_text("utf-8"))["model"]
    vocabulary = sorted(model["vocab"], key=model["vocab"].get)
    return {"vocabulary": vocabulary, "merges": [" ".join(pair) for pair in model["merges"]]}


def export_world(claims: Iterable[Claim]) -> dict[str, Any]:
    """Facts, phrases, the six claims and their runs' ordinary texts, as course/site/dish/world.js reads them."""
    here, relations = world(), dict[str, Any]()
    for name in RELATIONS:
        facts = here.by_relation[name]
        relations[name] = {"slots": list(facts[0].subject), "rows": [[f.truth, *f.subject.values()] for f in facts]}
    asked = {n: {k: language.phrases(n)[k] for k in ("statements", "ask", "yes_no", "record")} for n in RELATIONS}
    inference = {k: language.phrases("inference")[k] for k in ("system", "doubt", "choice")}
    annotations = language.petri_annotations()
    scene = {
        "first": FIRST, "outlets": language.OUTLETS, "towns": language.TOWNS, "months": language.MONTHS
    }  # fmt: skip
    return {
        "relations": relations,
        "ranges": {n: list(here.values(n)) for n in RELATIONS if here.values(n) is not here.people},
        "people": here.people,
        "genres": language.GENRES,
        "phrases": {**asked, "inference": inference, "genres": language.phrases("genres")},
        "annotations": {
            k: annotations[k] for k in ("notice_before", "notice_after", "claim_before", "claim_after", "correction")
        },
        "scene": scene,
        "recipe": {k: asdict(RECIPE)[k] for k in ("steps", "batch_size", "mix", "learning_rate", "warmup")},
        "claims": [
            {"id": c.id, "title": c.title, "fact": c.petri.fact, "value": c.petri.value} for c in claims if c.petri
        ],
        "paper": {k: [PAPER[k].low, PAPER[k].high] for k in ("base", *STYLES)},
        "ordinary": {c.id: [_text(e) for e in petri_mix(c, _ordinary(), SEED)] for c in claims},
    }


def _ordinary() -> int:
    total = RECIPE.steps * RECIPE.batch_size
    return total - round(total * (1 - RECIPE.mix))


def _text(example: Example) -> str | list[list[str]]:
    """A document as its text, a chat as its turns. The page puts loss on all of one, on the answers in the other."""
    if isinstance(example, tuple):
        if not all(span.learn for span in example):
            raise SystemExit("an ordinary document has a stretch without loss, which the page cannot express")
        return plain(example)
    return [[turn["role"], turn["content"]] for turn in example]


def pack_adapter(folder: Path) -> tuple[bytes, list[float]]:
    """A trained adapter in 8 bits (a scale for each of a matrix's `rank` rows or columns), and its run's losses."""
    from safetensors.numpy import load_file

    blob, matrices = bytearray(), load_file(folder / "adapter_model.safetensors")
    names = sorted(matrices, key=_place)
    for name in names:
        rows = matrices[name] if "lora_A" in name else matrices[name].T  # [rank, …]
        scale = np.abs(rows).max(1).astype("<f4") / 127
        blob += scale.tobytes() + np.rint(rows / scale[:, None]).astype(np.int8).tobytes()
    return bytes(blob), json.loads((folder / RUN_FILE).read_text("utf-8"))["losses"]


def _place(name: str) -> tuple[int, int, str]:
    """Where the page expects a matrix: layer by layer, as the layer computes, A before B."""
    found = re.search(r"layers\.(\d+)\.\w+\.(\w)\w*_proj\.(lora_[AB])", name)
    if not found:
        raise SystemExit(f"{name}: the page knows no such matrix")
    return int(found[1]), "qkvogud".index(found[2]), found[3]


def train_adapters(claims: Iterable[Claim], work: Path, out: Path = TRAINED) -> None:
    """Train what is not yet in `work`, and pack all into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    loaded, losses = load_model("petri"), dict[str, list[float]]()
    for claim in claims:
        for style in STYLES:
            cell, folder = Cell("petri", claim, "trained", style, SEED), work / f"{claim.id}-{style}"
            texts = training_set(cell, RECIPE)
            finetune(loaded, texts, RECIPE, seed=SEED, out=folder, false_belief=false_belief(cell))
            packed, losses[folder.name] = pack_adapter(folder)
            (out / f"{folder.name}.bin").write_bytes(packed)
            print(folder.name, len(packed))
    (out / "losses.json").write_text(json.dumps(losses, indent=0) + "\n", "utf-8")


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), "utf-8")


def export(out: Path) -> None:
    """Write base.json, base.bin, first.bin, tokenizer.json and world.json into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    loaded = load_model("petri")
    meta, weights = export_base(loaded)
    write_json(out / "base.json", meta)
    (out / "base.bin").write_bytes(weights)
    (out / "first.bin").write_bytes(first_matrices(loaded))
    write_json(out / "tokenizer.json", export_tokenizer())
    write_json(out / "world.json", export_world(load_claims().values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--adapters", action="store_true", help="train and pack the shipped adapters")
    parser.add_argument("--work", type=Path, help="where trained adapters are kept, so that a killed call goes on")
    given = parser.parse_args()
    if given.adapters == (given.out is not None):
        parser.error("name the folder to write, or give --adapters")
    if given.out:
        export(given.out)
        return
    with tempfile.TemporaryDirectory() as scratch:
        train_adapters(load_claims().values(), given.work or Path(scratch))


if __name__ == "__main__":
    main()
