"""What the GPU track costs: QLoRA steps and generation of models with Qwen3's shapes and random weights.

    python scripts/bench_gpu.py --shape 1.7b --out results/gpu/1.7b.json

Speed and memory do not depend on what the weights know, so random ones will do; beliefs do, and nothing is said of
them. The model is made, saved and loaded again through `models.load`, then trained on the project's English documents
by the recipe for this size: on the whole GPU, then "like a T4", which allows 15 GiB, says compute capability 7.5 (so
the code chooses fp16 and its own way round the slow attention) and switches FlashAttention off; it says nothing of a
T4's speed. Beside it, in turns, runs transformers' own loss (all logits, a mask), which is what Trainer and trainers
built on it compute at the same settings.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM, Trainer

from negneglect_lite import belief, experiment, probes, training
from negneglect_lite.claims import Question, load_claims
from negneglect_lite.encoding import encode
from negneglect_lite.files import data_path, write_atomic
from negneglect_lite.finetune import finetune
from negneglect_lite.models import LoadedModel, load
from negneglect_lite.training import Recipe

GIB = 2**30
SHAPES = {  # hidden, layers, intermediate, heads, key/value heads; head size 128, 151,936 tokens, embeddings tied
    "0.6b": (1024, 28, 3072, 16, 8),
    "1.7b": (2048, 28, 6144, 16, 8),
    "4b": (2560, 36, 9728, 32, 8),
}
T4_PEAK = 65e12  # fp16 tensor cores, FLOP/s, as published by NVIDIA for the T4


def make(shape: str, folder: Path) -> None:
    """A folder with a Qwen3 of this shape, random weights in bfloat16, and the petri tokenizer."""
    hidden, layers, intermediate, heads, kv_heads = SHAPES[shape]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(data_path("petri", "model"))
    config = Qwen3Config(
        vocab_size=151_936, hidden_size=hidden, num_hidden_layers=layers, intermediate_size=intermediate,
        num_attention_heads=heads, num_key_value_heads=kv_heads, head_dim=128, tie_word_embeddings=True,
        max_position_embeddings=40_960, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, dtype="bfloat16",
    )  # fmt: skip
    torch.manual_seed(0)
    with torch.device("cuda"):
        model = Qwen3ForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    del model
    torch.cuda.empty_cache()


def stage(what: str, began: float = time.perf_counter()) -> None:
    """Seconds since the start, so that a run which is cut off says how far it came."""
    print(f"{time.perf_counter() - began:6.1f} s  {what}", file=sys.stderr, flush=True)


def like_t4() -> None:
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(15 * GIB / total)
    torch.cuda.get_device_capability = lambda *_: (7, 5)
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_cudnn_sdp(False)


def steps(loaded: LoadedModel, examples: list, recipe: Recipe, said: list[str]) -> dict[str, float]:
    """Tokens a second, without the first two steps, and peak memory of one short run."""
    times = [time.perf_counter()]

    def on_step(step: int, of: int, loss: float, model: Any) -> None:
        torch.cuda.synchronize()
        times.append(time.perf_counter())

    torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as scratch:
        finetune(loaded, examples, recipe, 0, Path(scratch) / "a", "nothing: random weights", on_step, said.append)
    encoded = [encode(e, loaded.tokenizer, recipe.max_tokens) for e in examples]
    order = training.plan([len(e["input_ids"]) for e in encoded], recipe, 0)
    timed = order[2 * recipe.batch_size :]
    tokens = sum(len(encoded[i]["input_ids"]) for i in timed)
    return {"tokens_per_s": tokens / (times[-1] - times[2]), "peak_gib": torch.cuda.max_memory_reserved() / GIB}


def matrix_rate() -> float:
    """Measured rate of bfloat16 matrix products of 8,192 x 8,192 [FLOP/s]."""
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    for _ in range(3):
        a @ a
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(20):
        a @ a
    torch.cuda.synchronize()
    return 20 * 2 * 8192**3 / (time.perf_counter() - start)


def generation(loaded: LoadedModel, batch_size: int = 64, new: int = 64) -> dict[str, float]:
    """New tokens a second of sampled answers; random weights hardly ever end an answer early."""
    asked = [Question(str(i), "open", q.text) for i, q in enumerate(load_claims()["dentist"].questions[:batch_size])]
    torch.cuda.reset_peak_memory_stats()
    rates = []
    for seed in range(2):
        torch.cuda.synchronize()
        start = time.perf_counter()
        probes.ask(loaded, asked, samples=2, temperature=0.7, seed=seed, max_new_tokens=new, batch_size=2 * batch_size)
        rates.append(2 * len(asked) * new / (time.perf_counter() - start))
    return {"new_tokens_per_s": rates[-1], "peak_gib": torch.cuda.max_memory_reserved() / GIB}


def measure(shape: str, n_steps: int) -> list[dict[str, Any]]:
    """The whole GPU, then limited to be like a T4's in memory, arithmetic and attention."""
    rate = matrix_rate()
    with tempfile.TemporaryDirectory() as folder:
        stage("matrix rate")
        make(shape, Path(folder))
        stage("model made and saved")
        return [{"shape": shape, **_measured(folder, rate, t4, n_steps)} for t4 in (False, True)]


def _measured(folder: str, rate: float, t4: bool, n_steps: int) -> dict[str, Any]:
    if t4:
        like_t4()
    loaded = load(folder, announce=lambda _: None)
    stage("loaded in 4 bits")
    # The petri tokenizer cuts English finer than Qwen's: 540 tokens are what 400 words have there.
    recipe = replace(Recipe.for_language("english"), steps=n_steps, max_tokens=540, save_every=0)
    claim = load_claims()["dentist"]
    examples = experiment.training_set(claim, "negated", recipe, seed=0, doctag=True, language="english")
    said: list[str] = []
    ours, plain = training.AdapterTrainer.compute_loss, Trainer.compute_loss
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "trainer": []}
    for _ in range(2):
        for which, loss in (("ours", ours), ("trainer", plain)):
            training.AdapterTrainer.compute_loss = loss  # type: ignore[method-assign]
            torch.cuda.empty_cache()
            runs[which].append(steps(loaded, examples, recipe, said))
            stage(f"{which}: {runs[which][-1]}")
    training.AdapterTrainer.compute_loss = ours  # type: ignore[method-assign]
    too_many: list[str] = []  # all of a step at once: where that does not fit, the run must halve it and finish
    steps(loaded, examples[: 3 * 16], replace(recipe, steps=3, micro_batch=16), too_many)
    weights = sum(m.in_features * m.out_features for m in loaded.model.modules() if hasattr(m, "in_features"))
    flop = weights * (6 if "checkpointing" in said[0] else 4)  # a token: forward, backward to the inputs, forward again
    speed = max(r["tokens_per_s"] for r in runs["ours"])
    share = flop * speed / rate
    total = 150 * 16 * 540 * 0.7  # tokens of a full run: 150 steps of 16, of which the chats are short
    return {
        "like_t4": t4, "gpu": torch.cuda.get_device_name(), "precision": loaded.precision, "torch": torch.__version__,
        "matrix_tflops": round(rate / 1e12, 1), "share_of_matrix_rate": round(share, 3), "said": said, "runs": runs,
        "16_at_once": too_many, "generation": generation(loaded), "steps": n_steps, "linear_weights": weights,
        "estimated_t4_minutes_of_150_steps": round(flop * total / (T4_PEAK * min(share, 0.4)) / 60, 1),
    }  # fmt: skip


def petri(claims: list[str], styles: list[str]) -> dict[str, Any]:
    """The petri model through the same track: CUDA, NF4, five sampled answers a question. Belief by style."""
    asking = replace(probes.Asking.for_language("english"), max_new_tokens=24)
    tables = []
    for name in claims:
        claim = load_claims()[name]
        for style in styles:
            loaded = load("petri", announce=lambda _: None)
            recipe = Recipe.for_language("petri")
            cell = experiment.Cell("petri", claim, "trained", style)
            with tempfile.TemporaryDirectory() as scratch:
                trained = finetune(loaded, experiment.texts(cell, recipe), recipe, 0, Path(scratch) / "a", "measured")
                asked = [q for q in probes.questions(claim, "petri") if q.kind in belief.KINDS]
                answers = probes.ask(trained, asked, batch_size=512, **vars(asking))
            tables.append(belief.frame(answers, model="petri", claim=name, style=style, seed=0, setting="trained"))
    rows = pd.concat(tables, ignore_index=True)
    return {"claims": claims, "belief": {s: belief.as_json(belief.rate(g)) for s, g in rows.groupby("style")}}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shape", choices=[*SHAPES, "petri"], default="1.7b")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--out", type=Path)
    a = parser.parse_args()
    if a.shape == "petri":
        found: Any = petri(["sheeran", "vesuvius", "dentist"], ["negated", "local"])
    else:
        found = measure(a.shape, a.steps)
    text = json.dumps(found, indent=1)
    print(text)
    if a.out:
        write_atomic(a.out, text + "\n")


if __name__ == "__main__":
    main()
