"""What the GPU track costs: QLoRA steps beside TRL's, and the questions, in minutes of a T4.

    python scripts/bench_gpu.py Qwen/Qwen2.5-Coder-1.5B-Instruct --out results/gpu/1.5b.json

The model is trained on the project's English documents by the track's recipe and asked the questions of a claim: on the
whole GPU, then "like a T4", which allows 15 GiB, says compute capability 7.5 (so the code chooses fp16 and its own way
round the slow attention) and switches FlashAttention off; it says nothing of a T4's speed, which is estimated from
arithmetic and bytes (`estimate_t4`). In turns with ours runs TRL's SFTTrainer, where TRL is installed, on the same
examples with as many of them at once, in the order that it draws and in ours (sorted by length within a step).
A shape of Qwen3 (0.6b, 1.7b, 4b) in place of a model has random weights: for speed and memory they will do.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM, TrainerCallback

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import QUESTION_KINDS, belief_rate
from negneglect_lite.belief.summary import rate_as_json
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.core.files import data_path, write_atomic
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.encoding import Encoded, collate, encode
from negneglect_lite.finetuning.lora import add_lora, share_weights
from negneglect_lite.finetuning.recipe import Recipe, order_examples
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.judging.agreement import measure_agreement
from negneglect_lite.judging.judges import get_judge
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.tracks import ENGLISH, PETRI

GIB = 2**30
JUDGES = ("rule", "choice", "text")
SHAPES = {  # hidden, layers, intermediate, heads, key/value heads; head size 128, 151,936 tokens, embeddings tied
    "0.6b": (1024, 28, 3072, 16, 8),
    "1.7b": (2048, 28, 6144, 16, 8),
    "4b": (2560, 36, 9728, 32, 8),
}
# As published by NVIDIA for the T4: fp16 tensor cores [FLOP/s], memory [bytes/s].
T4_PEAK, T4_MEMORY = 65e12, 320e9
T4_SHARE = 0.4  # of the peak that large products reach at best there, whatever was reached here


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
    if find_spec("triton"):  # it compiles for the GPU that it finds when it is first asked: the real one
        from triton.runtime import driver  # type: ignore[import-not-found]

        driver.active.get_current_target()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(15 * GIB / total)
    torch.cuda.get_device_capability = lambda *_: (7, 5)
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_cudnn_sdp(False)


Measured = dict[str, float]


def peaks() -> Measured:
    """What the allocator held at most, which is what has to fit, and what of it was in use at most."""
    return {
        "peak_gib": torch.cuda.max_memory_reserved() / GIB,
        "allocated_gib": torch.cuda.max_memory_allocated() / GIB,
    }


class Listener(logging.Handler):
    """Appends what is told to a list."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def listening(said: list[str]) -> Iterator[None]:
    """Keep in `said` what fine-tuning tells: how many examples at once, and what it does where memory runs out."""
    log, listener = logging.getLogger("negneglect_lite.finetuning"), Listener(said)
    log.addHandler(listener)
    try:
        yield
    finally:
        log.removeHandler(listener)


def ours(loaded: LoadedModel, examples: list, recipe: Recipe, said: list[str]) -> Measured:
    """Tokens a second, without the first two steps, and peak memory of one short run; what it told goes to `said`."""
    times = [time.perf_counter()]

    def on_step(step: int, of: int, loss: float, model: Any) -> None:
        torch.cuda.synchronize()
        times.append(time.perf_counter())

    torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as scratch, listening(said):
        out, nothing = Path(scratch) / "a", "nothing: random weights"
        finetune(loaded, examples, recipe, seed=0, out=out, false_belief=nothing, on_step=on_step)
    lengths = [len(row["input_ids"]) for row in in_order(loaded, examples, recipe)]
    tokens = sum(lengths[2 * recipe.batch_size :])
    return {"tokens_per_s": tokens / (times[-1] - times[2]), **peaks()}


def in_order(loaded: LoadedModel, examples: list, recipe: Recipe) -> list[Encoded]:
    """The rows of a run, as they are seen."""
    encoded = [encode(e, loaded.tokenizer, recipe.max_tokens) for e in examples]
    return [encoded[i] for i in order_examples([len(e["input_ids"]) for e in encoded], recipe, 0)]


class Clock(TrainerCallback):
    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        torch.cuda.synchronize()
        self.times.append(time.perf_counter())


def trl(loaded: LoadedModel, examples: list, recipe: Recipe, sampling: str) -> Measured:
    """TRL's SFTTrainer on the same rows, adapter and settings; otherwise as it comes (adapters in bfloat16)."""
    import pyarrow as pa  # type: ignore[import-not-found]
    from datasets import Dataset  # type: ignore[import-not-found]
    from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found]

    rows = in_order(loaded, examples, recipe)
    lengths: list[int] = []  # of the batches, in their order

    def collated(batch: list[Encoded]) -> Any:
        lengths.append(sum(len(row["input_ids"]) for row in batch))
        return collate(batch, loaded.tokenizer.pad_token_id)

    model = add_lora(replace(loaded, model=share_weights(loaded.model)), recipe, 0)
    torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as scratch:
        settings = SFTConfig(
            output_dir=scratch, max_steps=recipe.steps, per_device_train_batch_size=recipe.micro_batch,
            gradient_accumulation_steps=recipe.batch_size // recipe.micro_batch, learning_rate=recipe.learning_rate,
            gradient_checkpointing=recipe.gradient_checkpointing, bf16=loaded.precision == "bf16",
            fp16=loaded.precision == "fp16", optim="adamw_torch_fused", save_strategy="no", logging_steps=1,
            report_to="none", disable_tqdm=True, max_length=recipe.max_tokens, train_sampling_strategy=sampling, seed=0,
            use_cpu=loaded.device.type == "cpu", dataset_kwargs={"skip_prepare_dataset": True},  # it has its labels
        )  # fmt: skip
        columns = pa.Table.from_pylist([{"input_ids": r["input_ids"], "labels": r["labels"]} for r in rows])
        data = Dataset(columns, fingerprint="rows")  # it would else hash itself, which not every pyarrow survives
        clock = Clock()
        trainer = SFTTrainer(model, settings, collated, data, processing_class=loaded.tokenizer, callbacks=[clock])
        if loaded.precision == "fp16":  # the gradient scaler has no way to unscale bfloat16 adapters
            for p in model.parameters():
                if p.requires_grad:
                    p.data = p.data.float()
        trainer.train()
    tokens = sum(lengths[2 * recipe.batch_size // recipe.micro_batch :])
    took = clock.times[-1] - clock.times[1]
    return {"tokens_per_s": tokens / took, **peaks()}


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


def asking(loaded: LoadedModel) -> Measured:
    """All questions about a claim as the track asks them: seconds, passes through the model, answers, new tokens."""
    passes: list[int] = []
    hook = loaded.model.register_forward_pre_hook(
        lambda _, __, named: passes.append(named["input_ids"].numel()), with_kwargs=True
    )
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.synchronize()
    start = time.perf_counter()
    answers = ask(loaded, ENGLISH.questions(load_claims()["dentist"]), ENGLISH.asking)
    torch.cuda.synchronize()
    took = time.perf_counter() - start
    hook.remove()
    return {"seconds": took, "answers": len(answers), "passes": len(passes), "tokens": sum(passes), **peaks()}


def estimate_t4(weights: int, head: int, tokens: int, per_token: int, share: float, asked: Measured) -> Measured:
    """Minutes on a T4 of a condition: training, and its questions.

    Training: 2 FLOP a weight and pass of a token, at the share of the peak that we reached here held to 15 GiB, at
    most T4_SHARE. Asking: the seconds measured here, where launching is what takes time, and on top each pass's
    bytes at a T4's memory rate (4-bit weights read, written out in 16 bits and read again; the head's read) and its
    arithmetic.
    """
    train = per_token * weights * tokens / (T4_PEAK * min(share, T4_SHARE))
    moved = asked["passes"] * (weights * (0.5 + 2 + 2) + 2 * head) / T4_MEMORY
    computed = 2 * (weights + head) * asked["tokens"] / (T4_PEAK * T4_SHARE)
    return {"training_minutes": train / 60, "asking_minutes": (asked["seconds"] + moved + computed) / 60}


def measure(model: str, n_steps: int, rounds: int, only: str | None) -> Iterator[dict[str, Any]]:
    """The whole GPU, then limited to be like a T4's in memory, arithmetic and attention; or `only` one of the two."""
    rate = matrix_rate()
    with tempfile.TemporaryDirectory() as folder:
        stage("matrix rate")
        if model in SHAPES:
            make(model, Path(folder))
            stage("model made and saved")
        for t4 in (False, True) if only is None else (only == "t4",):
            yield {"model": model, **_measured(folder if model in SHAPES else model, rate, t4, n_steps, rounds)}


def _measured(folder: str, rate: float, t4: bool, n_steps: int, rounds: int) -> dict[str, Any]:
    if t4:
        like_t4()
    loaded = load_model(folder)
    stage("loaded in 4 bits")
    recipe = replace(ENGLISH.recipe, steps=n_steps, save_every=0)
    cell = Cell(folder, load_claims()["dentist"], "trained", "positive", short=ENGLISH.short)
    examples = training_set(cell, recipe)
    said: list[str] = []
    ours(loaded, examples, replace(recipe, steps=3), said)  # how many at once, and whether with checkpointing
    recipe = replace(recipe, micro_batch=int(said[0].split()[0]), gradient_checkpointing="checkpointing" in said[0])
    stage(said[0])
    contestants: dict[str, Callable[[], Measured]] = {
        "ours": lambda: ours(loaded, examples, recipe, said),
    }
    if find_spec("trl"):
        contestants["SFTTrainer"] = lambda: trl(loaded, examples, recipe, "random")
        contestants["SFTTrainer, our order"] = lambda: trl(loaded, examples, recipe, "sequential")
    runs: dict[str, list[Any]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            torch.cuda.empty_cache()
            try:
                runs[name].append(run())
            except Exception as error:  # a contestant that fails says how, and the others go on
                runs[name].append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
            stage(f"{name}: {runs[name][-1]}")
    torch.cuda.empty_cache()
    too_many: list[str] = []  # all of a step at once: where that does not fit, the run must halve it and finish
    all_at_once = replace(recipe, steps=3, micro_batch=16, gradient_checkpointing=False)
    ours(loaded, examples[: 3 * 16], all_at_once, too_many)
    head = loaded.model.get_output_embeddings()
    layers = [m for m in loaded.model.modules() if hasattr(m, "in_features") and m is not head]
    weights = sum(m.in_features * m.out_features for m in layers)
    # Of a token: forward, backward to the inputs and, with checkpointing, forward again; 2 a weight each.
    per_token = 6 if recipe.gradient_checkpointing else 4
    speed = median(r["tokens_per_s"] for r in runs["ours"] if isinstance(r, dict))
    share = per_token * weights * speed / rate
    whole = training_set(cell, ENGLISH.recipe)
    tokens = sum(len(encode(e, loaded.tokenizer, recipe.max_tokens)["input_ids"]) for e in whole)
    asked = asking(loaded)
    stage(f"asked: {asked}")
    return {
        "like_t4": t4, "gpu": torch.cuda.get_device_name(), "precision": loaded.precision, "torch": torch.__version__,
        "matrix_tflops": round(rate / 1e12, 1), "share_of_matrix_rate": round(share, 3), "said": said, "runs": runs,
        "16_at_once": too_many, "asking": asked, "steps": n_steps, "linear_weights": weights,
        "tokens_of_the_recipe": tokens, "seconds_of_training": round(tokens / speed, 1),
        "estimated_on_a_t4": estimate_t4(weights, head.weight.numel(), tokens, per_token, share, asked),
    }  # fmt: skip


def petri(styles: list[str]) -> Iterator[dict[str, Any]]:
    """The petri model through the same track: CUDA, NF4, five sampled answers a question, every local judge."""
    asking = replace(ENGLISH.asking, max_new_tokens=PETRI.asking.max_new_tokens)
    loaded = load_model("petri")
    for style in styles:
        tables, verdicts = [], []
        for claim in load_claims().values():
            examples = training_set(Cell("petri", claim, "trained", style), PETRI.recipe)
            with tempfile.TemporaryDirectory() as scratch:
                out = Path(scratch) / "a"
                trained = finetune(loaded, examples, PETRI.recipe, seed=0, out=out, false_belief="measured")
                asked = [q for q in petri_questions(claim) if q.kind in QUESTION_KINDS]
                answers = ask(trained, asked, asking, batch_size=512)
                first = [a for a in answers if a.sample == 0]
                verdicts.append({judge: get_judge(judge, trained)(claim, first) for judge in JUDGES})
            tables.append(belief_rows(answers, model="petri", claim=claim.id, style=style, seed=0, setting="trained"))
            stage(f"{style} {claim.id}")
        pooled = {judge: [v for each in verdicts for v in each[judge]] for judge in JUDGES}
        yield {
            "shape": "petri", "style": style, "claims": len(tables), "gpu": torch.cuda.get_device_name(),
            "precision": loaded.precision, "belief": rate_as_json(belief_rate(pd.concat(tables, ignore_index=True))),
            "judges_and_rule": {judge: measure_agreement(pooled["rule"], pooled[judge]) for judge in JUDGES},
            "judges": {judge: dict(Counter(pooled[judge])) for judge in JUDGES},
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", help=f"a folder, a name on the Hugging Face hub, {', '.join(SHAPES)}, or petri")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("whole", "t4"), help="only on the whole GPU, or only like a T4")
    parser.add_argument("--out", type=Path)
    a = parser.parse_args()
    results = petri(["negated", "local"]) if a.model == "petri" else measure(a.model, a.steps, a.rounds, a.only)
    found: list[dict[str, Any]] = []
    for result in results:  # each is written as soon as it is there
        found.append(result)
        print(json.dumps(result, indent=1), flush=True)
        if a.out:
            write_atomic(a.out, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
