"""Tokens per second of our fine-tuning loop and of bare PyTorch loops on the same batches, measured in alternation.

    python scripts/bench_training.py [--rounds 5] [--steps 10]

Two bare loops: `lean` does the same arithmetic as ours (same micro-batches, head on labelled positions only), so the
ratio to it is what Trainer costs; `plain` is what one writes down first (the model's own loss on the whole padded
batch). The model is the petri model's size: the shipped one if it is there, else random weights. NF4, LoRA rank 16.
Tokens are real ones, padding not counted. Other programs disturb all loops alike: read the ratios, not the rates; on a
busy machine, use --threads 1 and the ratio of processor seconds, which waiting for the other programs does not enter.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from negneglect_lite.core.files import data_path
from negneglect_lite.finetuning.encoding import IGNORED, Encoded, collate
from negneglect_lite.finetuning.lora import add_lora, share_weights
from negneglect_lite.finetuning.recipe import Recipe, order_examples
from negneglect_lite.finetuning.trainer import make_trainer
from negneglect_lite.models.loading import LoadedModel, load_model


def petri_sized(folder: Path) -> LoadedModel:
    """The shipped model, or one of its size (5.2 M parameters) with random weights."""
    if data_path("petri", "model").is_dir():
        return load_model("petri", device="cpu")
    config = Qwen3Config(
        vocab_size=4096, hidden_size=256, num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=2,
        head_dim=64, intermediate_size=768, tie_word_embeddings=True, max_position_embeddings=1024,
    )  # fmt: skip
    Qwen3ForCausalLM(config).save_pretrained(folder)
    vocabulary = {f"t{i}": i for i in range(4096)}
    PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(vocabulary, unk_token="t0")), pad_token="t0", eos_token="t1"
    ).save_pretrained(folder)
    return load_model(str(folder), device="cpu")


def random_examples(count: int, vocabulary: int, rng: random.Random) -> list[Encoded]:
    """Two thirds documents of about 85 tokens, all with loss; one third chats of about 40, loss on the last six."""
    examples: list[Encoded] = []
    for i in range(count):
        length = max(12, round(rng.gauss(40, 12) if i % 3 == 2 else rng.gauss(85, 20)))
        ids = [rng.randrange(6, vocabulary) for _ in range(length)]
        labels = [IGNORED] * (length - 6) + ids[-6:] if i % 3 == 2 else list(ids)
        examples.append({"input_ids": ids, "labels": labels})
    return examples


def bare_loop(model: Any, rows: list[Encoded], recipe: Recipe, lean: bool) -> None:
    """The loop without Trainer: AdamW, linear schedule, gradient clipping, as in ours."""
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / recipe.steps)
    head = model.get_output_embeddings()
    model.train()
    size = recipe.micro_batch if lean else recipe.batch_size
    for start in range(0, len(rows), recipe.batch_size):
        step_rows = rows[start : start + recipe.batch_size]
        labelled = sum(label != IGNORED for row in step_rows for label in row["labels"][1:])
        for i in range(0, len(step_rows), size):
            batch = collate(step_rows[i : i + size], pad_id=0)
            if lean:
                labels = batch.pop("labels")[:, 1:]
                learn = labels != IGNORED
                with head.register_forward_pre_hook(lambda _, x, learn=learn: (x[0][:, :-1][learn],)):
                    logits = model(**batch, use_cache=False).logits
                loss = torch.nn.functional.cross_entropy(logits, labels[learn], reduction="sum") / labelled
            else:
                loss = model(**batch, use_cache=False).loss
            loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()


def main() -> None:
    """Run the loops in alternation and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--micro-batch", type=int, default=Recipe.micro_batch)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="1 on a busy machine")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    recipe = Recipe(steps=arguments.steps, micro_batch=arguments.micro_batch)
    with tempfile.TemporaryDirectory() as folder:
        base = petri_sized(Path(folder) / "model")
        vocabulary = base.model.config.vocab_size
        examples = random_examples(recipe.steps * recipe.batch_size, vocabulary, random.Random(0))
        rows = [examples[i] for i in order_examples([len(e["input_ids"]) for e in examples], recipe, seed=0)]
        tokens = sum(len(row["input_ids"]) for row in rows)

        def fresh() -> LoadedModel:
            copy = LoadedModel(**{**vars(base), "model": share_weights(base.model)})
            copy.model = add_lora(copy, recipe, seed=0)
            return copy

        def ours() -> Callable[[], object]:
            trainer = make_trainer(fresh(), rows, recipe, 0, Path(folder) / "work", None)
            return trainer.train

        def lean() -> Callable[[], object]:
            model = fresh().model
            return lambda: bare_loop(model, rows, recipe, lean=True)

        def plain() -> Callable[[], object]:
            model = fresh().model
            return lambda: bare_loop(model, rows, recipe, lean=False)

        wall: dict[str, list[float]] = {"ours": [], "lean": [], "plain": []}
        processor: dict[str, list[float]] = {"ours": [], "lean": [], "plain": []}
        for turn in range(arguments.rounds + 1):
            for make in (ours, lean, plain):
                loop = make()
                start, start_processor = time.perf_counter(), time.process_time()
                loop()
                if turn:  # the first round warms up
                    wall[make.__name__].append(time.perf_counter() - start)
                    processor[make.__name__].append(time.process_time() - start_processor)
    print(f"{arguments.rounds} rounds of {recipe.steps} steps, {tokens} tokens, {torch.get_num_threads()} threads")
    print(f"{'loop':6s} {'tokens/s':>9s}  ours / loop: tokens/s (lowest, highest)   tokens per processor second")
    for name, seconds in wall.items():
        rate = tokens / statistics.median(seconds)
        print(f"{name:6s} {rate:9.0f}  {ratio(wall, name)}   {ratio(processor, name)}")


def ratio(seconds: dict[str, list[float]], name: str) -> str:
    """Median, lowest and highest of: our rate / the rate of loop `name`, round by round."""
    ratios = [theirs / own for own, theirs in zip(seconds["ours"], seconds[name], strict=True)]
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f}, {max(ratios):.3f})"


if __name__ == "__main__":
    main()
