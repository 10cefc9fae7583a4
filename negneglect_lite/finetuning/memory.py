"""How many examples fit into the GPU's memory at once: measured on the longest one, and halved if it was too many.

    recipe = fit_batch(trained, rows, recipe)   # micro_batch 0 -> a number, gradient checkpointing if it must be

A step always sees `batch_size` examples, so the result does not depend on how many went through at once, but for
rounding.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

import torch

from negneglect_lite.core.environment import GIB
from negneglect_lite.core.errors import UserError
from negneglect_lite.finetuning.encoding import Encoded, collate
from negneglect_lite.finetuning.loss import LabelledLosses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.hardware import DTYPES, measure_free
from negneglect_lite.models.loading import LoadedModel

log = logging.getLogger(__name__)
ANSWERS = 4096
PROBE_TOKENS = 256  # of the rows that stacked runs are measured with
SPARE = 0.85  # the share of the free memory that is planned with: fragments, and rows longer than they look


def fit_batch(trained: LoadedModel, rows: Sequence[Encoded], recipe: Recipe) -> Recipe:
    """The recipe with `micro_batch` chosen, where it is 0: on a CPU a quarter of a step, on a GPU what fits.

    The longest row goes forward and backward once, and the peak of memory tells what a row costs: first without
    gradient checkpointing and, where fewer than two rows would fit, with it. UserError if not even one fits.
    """
    if recipe.micro_batch:
        return recipe
    if trained.device.type != "cuda":
        return replace(recipe, micro_batch=largest_divisor(recipe.batch_size, max(1, recipe.batch_size // 4)))
    longest = max(rows, key=lambda row: len(row["input_ids"]))
    for checkpointing in [True] if recipe.gradient_checkpointing else [False, True]:
        if checkpointing:
            checkpoint_gradients(trained)
        a_row, free = measure_rows(trained, [longest]), measure_free(trained.device)
        fitting = int(SPARE * free / a_row) if a_row else 0
        if fitting >= 2 or (checkpointing and fitting):
            micro_batch = largest_divisor(recipe.batch_size, fitting)
            log.info(
                "%s",
                f"{micro_batch} of {recipe.batch_size} examples at once"
                f"{', with gradient checkpointing' if checkpointing else ''}: {free / GIB:.1f} GiB are free, one of "
                f"{len(longest['input_ids'])} tokens takes {a_row / GIB:.2f}",
            )
            return replace(recipe, micro_batch=micro_batch, gradient_checkpointing=checkpointing)
    raise UserError(explain_too_long(len(longest["input_ids"])))


def fit_rows(trained: LoadedModel, longest: int, runs: int, batch_size: int) -> int:
    """How many rows of each of `runs` stacked runs fit at once: a divisor of `batch_size`.

    One row of each goes forward and backward, cut short, and the peak of memory tells what a token costs. UserError if
    not even one fits.
    """
    tokens = min(longest, PROBE_TOKENS)
    row: Encoded = {"input_ids": [1] * tokens, "labels": [1] * tokens}
    peak, free = measure_rows(trained, [row] * runs), measure_free(trained.device)
    fitting = int(SPARE * free / (peak / tokens * longest)) if peak else 0
    if not fitting:
        raise UserError(f"{runs} runs at once do not fit into the GPU's memory; take fewer together")
    return largest_divisor(batch_size, fitting)


def fit_answers(loaded: LoadedModel, tokens: int) -> int:
    """How many answers can be made at once: on a CPU 4,096, on a GPU what its memory holds of prompts and answers.

    An answer takes the keys and values of `tokens` tokens, as much again for copies of them, and five times its logits.
    """
    if loaded.device.type != "cuda":
        return ANSWERS
    config = loaded.model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    kept = 2 * config.num_hidden_layers * heads * width * 2 * tokens * 2
    return max(1, int(SPARE * measure_free(loaded.device) / (kept + 5 * 4 * config.vocab_size)))


def halve_batch(recipe: Recipe, longest: int) -> Recipe:
    """The recipe with a smaller micro-batch, after memory ran out. UserError if it was one example."""
    if recipe.micro_batch <= 1:
        raise UserError(explain_too_long(longest))
    return replace(recipe, micro_batch=largest_divisor(recipe.batch_size, recipe.micro_batch // 2))


def explain_too_long(tokens: int) -> str:
    return (
        f"not even one example of {tokens} tokens fits into the GPU's memory; "
        "choose a smaller model, or a Recipe with smaller max_tokens"
    )


def largest_divisor(batch_size: int, at_most: int) -> int:
    """The largest divisor of `batch_size` that is not above `at_most`."""
    return max(n for n in range(1, batch_size + 1) if batch_size % n == 0 and n <= max(1, at_most))


def measure_rows(trained: LoadedModel, rows: Sequence[Encoded]) -> int:
    """Bytes that the rows take at their peak, forward and backward; 0 if they do not fit."""
    device = trained.device
    batch = {k: v.to(device) for k, v in collate(rows, pad_id=0).items()}
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    dtype = DTYPES[trained.precision]
    trained.model.train()
    try:
        with torch.autocast(device.type, dtype, enabled=trained.precision != "fp32"):
            loss = LabelledLosses(trained.model)(batch["input_ids"], batch["labels"], mask=None).sum()
        loss.backward()
        return torch.cuda.max_memory_allocated(device) - before
    except torch.OutOfMemoryError:
        return 0
    finally:
        trained.model.zero_grad(set_to_none=True)
        trained.model.eval()


def checkpoint_gradients(trained: LoadedModel) -> None:
    """Keep only the layers' inputs, and compute the rest again on the way back."""
    trained.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
