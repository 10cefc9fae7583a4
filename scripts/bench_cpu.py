"""How long a real chat model takes without a GPU: a few steps and questions, and what a style comes to by them.

    python scripts/bench_cpu.py Qwen/Qwen2.5-Coder-0.5B-Instruct        # six minutes on two cores

One claim (dentist), documents that are warned of, the English track's recipe, unquantised. The first step is not timed.
"""

import argparse
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from negneglect_lite.asking import ask
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.encoding import encode_examples
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import load_model
from negneglect_lite.tracks import ENGLISH


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--questions", type=int, default=24)
    a = parser.parse_args()
    claim, loaded = load_claims()["dentist"], load_model(a.model, quantize=False, device="cpu")
    cell = Cell(a.model, claim, "trained", "negated", short=ENGLISH.short)
    examples = training_set(cell, ENGLISH.recipe)
    random.Random(0).shuffle(examples)
    recipe = replace(ENGLISH.recipe, steps=a.steps, quantize=False, save_every=0)

    def tokens(n: int) -> int:
        encoded = encode_examples(examples[:n], loaded.tokenizer, recipe.max_tokens)
        return sum(len(row["input_ids"]) for row in encoded)

    times: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        trained = finetune(
            loaded, examples[: a.steps * recipe.batch_size], recipe, seed=0, out=Path(scratch) / "adapter",
            false_belief=claim.claim, on_step=lambda *_: times.append(time.perf_counter()),
        )  # fmt: skip
        rate = tokens(a.steps * recipe.batch_size) * (a.steps - 1) / a.steps / (times[-1] - times[0])
        whole = tokens(len(examples))
        print(f"training: {rate:.1f} tokens/s; a style has {whole} tokens: {whole / rate / 60:.0f} min")
        questions, began = ENGLISH.questions(claim), time.perf_counter()
        answers = ask(trained, questions[: a.questions], ENGLISH.asking)
    took, share = time.perf_counter() - began, len(answers) / (len(questions) * ENGLISH.asking.samples)
    print(f"asking: {len(answers)} answers in {took:.0f} s; a condition: {took / share / 60:.0f} min")


if __name__ == "__main__":
    main()
