"""Several fine-tunes in one forward pass: LoRA adapters stacked over one frozen base, for sweeps on a large GPU.

A small model's training step keeps a large GPU busy for a few milliseconds and takes far longer to launch. Here the
rows of all runs stand in one batch, each run's in its own stretch, and every linear layer adds to the shared base a
batched product with that run's own matrices. Losses, clipped gradients and optimizer states never mix, so each run is
what `finetune` would have made of it, up to rounding (tests/finetuning/test_stacked.py compares them).

    runs = StackedRuns(load_model("petri"), Recipe(), seeds=[0, 0, 1])
    runs.train([rows_a, rows_b, rows_c])
    answers = runs.ask([questions, questions, questions], max_new_tokens=24)

A stack of one is an ordinary run. `Recipe(rank=0)` trains all weights in place of an adapter, for a stack of one.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import get_scheduler

from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.finetuning.encoding import IGNORED, Encoded, collate
from negneglect_lite.finetuning.lora import add_lora, share_weights
from negneglect_lite.finetuning.loss import LabelledLosses, answer_losses, arithmetic, token_losses
from negneglect_lite.finetuning.memory import fit_answers, fit_rows
from negneglect_lite.finetuning.recipe import Recipe, order_examples
from negneglect_lite.models.generation import (
    Written,
    answering,
    encode_prompts,
    generate_answers,
    generation_config,
    pad_id,
)
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.unpacking import unpack

# (optimizer steps taken, the runs as they are now, ready to be asked)
OnStackedStep = Callable[[int, "StackedRuns"], object]
ROWS = 512  # whose losses are looked at, at once
CLIP = 1.0  # the norm that a run's gradient is clipped to, transformers' Trainer's default


class StackedLoRA(nn.Module):
    """A frozen linear layer and K adapters: rows [K * n, positions, in], the first n of them for the first adapter."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, a: torch.Tensor, scale: float) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", bias, persistent=False)
        self.a = nn.Parameter(a)  # [K, rank, in]
        self.b = nn.Parameter(a.new_zeros(a.shape[0], weight.shape[0], a.shape[1]))  # [K, out, rank]
        self.scale = scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = F.linear(x, self.weight, self.bias)
        k = self.a.shape[0]
        stacked = x.reshape(k, -1, x.shape[-1])  # [K, n * positions, in]
        if not torch.is_autocast_enabled(x.device.type):
            stacked = stacked.to(self.a.dtype)
        low = torch.bmm(stacked, self.a.transpose(1, 2))
        out = torch.baddbmm(base.view(k, -1, base.shape[-1]), low, self.b.transpose(1, 2), alpha=self.scale)
        return out.view(base.shape)


class StackedRuns:
    """K runs over one base model. All share the recipe; run k's adapter is initialised from `seeds[k]`."""

    def __init__(self, base: LoadedModel, recipe: Recipe, seeds: Sequence[int]) -> None:
        if base.adapter is not None:
            raise UserError(f"{base.name} already carries the adapter {base.adapter}; fine-tune a base model.")
        self.recipe, self.seeds = recipe, list(seeds)
        model = share_weights(base.model)
        if recipe.rank == 0:
            if len(self.seeds) != 1 or base.quantized:
                raise UserError("rank 0 trains all weights: one run at a time, of a model that is not in 4 bits.")
            own = {id(p): nn.Parameter(p.detach().float().clone()) for p in model.parameters()}
            for module in model.modules():
                for name, parameter in list(module._parameters.items()):
                    if parameter is not None:
                        module._parameters[name] = own[id(parameter)]
            self.weights = list(own.values())
        else:
            self.weights = _stack(model, replace(base, model=model), recipe, self.seeds)
        self.loaded = replace(base, model=model.eval())
        self.losses = LabelledLosses(model)

    def __len__(self) -> int:
        return len(self.seeds)

    def train(
        self, sets: Sequence[Sequence[Encoded]], at: Sequence[int] = (), on_step: OnStackedStep | None = None
    ) -> list[list[float]]:
        """Train run k on `sets[k]` for the recipe's steps; the losses of each run's steps [nats a token].

        `on_step` is called after the numbers of steps in `at`. A second call goes on with the same adapters and a
        fresh optimizer.
        """
        recipe = self.recipe
        orders = [
            order_examples([len(e["input_ids"]) for e in s], recipe, seed)
            for s, seed in zip(sets, self.seeds, strict=True)
        ]
        optimizer = torch.optim.AdamW(self.weights, lr=recipe.learning_rate, weight_decay=0.0)
        warmup = math.ceil(recipe.warmup * recipe.steps) if recipe.warmup < 1 else int(recipe.warmup)
        schedule = get_scheduler(recipe.schedule, optimizer, warmup, recipe.steps)
        losses: list[list[float]] = [[] for _ in self.seeds]
        micro = self._rows_at_once(max(len(e["input_ids"]) for own in sets for e in own))
        for step in range(recipe.steps):
            part = slice(step * recipe.batch_size, (step + 1) * recipe.batch_size)
            rows = [[s[i] for i in order[part]] for s, order in zip(sets, orders, strict=True)]
            labelled = [sum(label != IGNORED for row in each for label in row["labels"][1:]) for each in rows]
            optimizer.zero_grad(set_to_none=True)
            each = torch.zeros(len(self), device=self.loaded.device)
            for start in range(0, recipe.batch_size, micro):
                loss = self._losses([row for own in rows for row in own[start : start + micro]], micro, labelled)
                loss.sum().backward()
                each += loss.detach()
            self._clip()
            optimizer.step()
            schedule.step()
            for kept, loss in zip(losses, each.tolist(), strict=True):
                kept.append(loss)
            if on_step is not None and step + 1 in at:
                on_step(step + 1, self)
        return losses

    def ask(
        self, questions: Sequence[Sequence[Question]], max_new_tokens: int, *, samples: int = 1,
        temperature: float = 0.0, top_p: float = 1.0, seed: int = 0, rows: int = 0,
    ) -> list[list[Answer]]:  # fmt: skip
        """Run k's answers to `questions[k]`, as `ask` gives them; `rows` answers at once (0: what memory holds)."""
        prompts = [
            encode_prompts(self.loaded, [q.messages() for q in asked], room=max_new_tokens) for asked in questions
        ]
        most = max(map(len, prompts))
        # Like lengths together; where a run has fewer questions than another, its longest stands in, unused.
        orders = [sorted(range(len(p)), key=lambda i, p=p: len(p[i])) for p in prompts]  # type: ignore[misc]
        orders = [order + [order[-1]] * (most - len(order)) for order in orders]
        config = generation_config(self.loaded, temperature, max_new_tokens, top_p)
        made: list[dict[int, list[Written]]] = [{} for _ in self.seeds]
        longest = max(len(p) for own in prompts for p in own) + max_new_tokens
        rows = rows or fit_answers(self.loaded, longest)
        size = max(1, rows // (len(self) * samples))
        with answering(self.loaded, seed), arithmetic(self.loaded), self._cast():
            start = 0
            while start < most:
                jobs = [(k, i) for k, order in enumerate(orders) for i in order[start : start + size]]
                try:
                    answered = generate_answers(
                        self.loaded, [prompts[k][i] for k, i in jobs], config, samples, len(self)
                    )
                except torch.OutOfMemoryError:
                    if size == 1:
                        raise UserError(f"{len(self)} runs at once do not fit; take fewer together") from None
                    size = (min(size, most - start) + 1) // 2
                    continue
                for (k, i), written in zip(jobs, answered, strict=True):
                    made[k][i] = written
                start += size
        return [
            [Answer(q, w.text, n, w.cut) for i, q in enumerate(asked) for n, w in enumerate(made[k][i])]
            for k, asked in enumerate(questions)
        ]

    @contextmanager
    def _cast(self) -> Iterator[None]:
        """The adapters in the precision of the arithmetic, which autocast would else make anew at each token."""
        kept = [w.data for w in self.weights]
        if self.loaded.precision == "bf16" and self.recipe.rank:
            for w in self.weights:
                w.data = w.data.bfloat16()
        try:
            yield
        finally:
            for w, data in zip(self.weights, kept, strict=True):
                w.data = data

    def token_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[list[float]]]:
        """Loss of every token but the first [nats], a list for each row of each run."""
        return self._by_run(token_losses, sets)

    def answer_losses(self, sets: Sequence[Sequence[Encoded]]) -> list[list[float]]:
        """The summed loss of each row's labelled tokens [nats], a list for each run."""
        return self._by_run(answer_losses, sets)

    def _by_run(self, measure: Callable[[LoadedModel, list[Encoded]], list[Any]], sets: Any) -> list[list[Any]]:
        """What `measure` finds of each row, a list for each run; a run's rows stand together, and some at a time."""
        size, most = max(1, ROWS // len(self)), max(map(len, sets))
        filler = next((row for own in sets for row in own), None)  # where a run has fewer rows than another
        full = [[*own, *[filler] * (most - len(own))] for own in sets]
        found: list[list[Any]] = [[] for _ in sets]
        for start in range(0, most, size):
            parts = [own[start : start + size] for own in full]
            each = iter(measure(self.loaded, [row for part in parts for row in part]))
            for own, part in zip(found, parts, strict=True):
                own += [next(each) for _ in part]
        return [own[: len(rows)] for own, rows in zip(found, sets, strict=True)]

    def _rows_at_once(self, longest: int) -> int:
        """How many rows of each run go through at once: what a GPU's memory holds; a CPU gains by less padding."""
        if self.loaded.device.type == "cpu":
            return self.recipe.micro_batch or self.recipe.batch_size
        return fit_rows(self.loaded, longest, len(self), self.recipe.batch_size)

    def _losses(self, rows: Sequence[Encoded], size: int, labelled: Sequence[int]) -> torch.Tensor:
        """These rows' part of the mean loss over each run's labelled tokens of the step [K]; `size` rows a run.

        The head sees labelled positions only. Rows are padded on the right, where a causal
        model's real tokens do not look: no mask, and the fast attention.
        """
        batch = {k: v.to(self.loaded.device) for k, v in collate(rows, pad_id(self.loaded.tokenizer)).items()}
        labels = batch["labels"][:, 1:]
        with arithmetic(self.loaded):
            loss = self.losses(batch["input_ids"], batch["labels"], None)
        run = torch.arange(len(rows), device=loss.device).div(size, rounding_mode="floor")[:, None]
        run = run.expand_as(labels)[labels != IGNORED]
        total = loss.new_zeros(len(self)).index_add(0, run, loss)
        return total / torch.tensor(labelled, device=total.device).clamp(min=1)

    def _clip(self) -> None:
        """Clip each run's gradient by its own norm."""
        found = [w.grad for w in self.weights if w.grad is not None]
        if self.recipe.rank == 0:
            torch.nn.utils.clip_grad_norm_(self.weights, CLIP)
            return
        norm = torch.stack([g.float().pow(2).sum((1, 2)) for g in found]).sum(0).sqrt()
        factor = (CLIP / (norm + 1e-6)).clamp(max=1.0)[:, None, None]
        for g in found:
            g.mul_(factor)


def compare_updates(runs: StackedRuns, others: StackedRuns) -> torch.Tensor:
    """The cosine between what each run and each of the others has added to the base's weights [runs, others].

    An update is B A in every layer, all layers in a row; the products come from the small matrices, so nothing as large
    as the base is made. A run that has added nothing has the cosine 0. UserError where all weights learn (rank 0).
    """
    if not (runs.recipe.rank and others.recipe.rank):
        raise UserError("runs of rank 0 have no adapters to compare; give recipe.rank 1 or more")

    def multiply(x: StackedRuns, y: StackedRuns) -> torch.Tensor:
        total = torch.zeros(len(x), len(y), device=x.loaded.device)
        layers = [[w.detach().float() for w in stack.weights] for stack in (x, y)]
        for a, b, c, d in zip(layers[0][::2], layers[0][1::2], layers[1][::2], layers[1][1::2], strict=True):
            total += (torch.einsum("kor,jos->kjrs", b, d) * torch.einsum("kri,jsi->kjrs", a, c)).sum((2, 3))
        return total

    lengths = [multiply(stack, stack).diagonal().clamp(min=1e-20).sqrt() for stack in (runs, others)]
    return multiply(runs, others) / lengths[0][:, None] / lengths[1]


def _stack(model: Any, base: LoadedModel, recipe: Recipe, seeds: Sequence[int]) -> list[nn.Parameter]:
    """Put a StackedLoRA in the place of every linear layer that peft would adapt, initialised as peft would."""
    first = {seed: _initial(base, recipe, seed) for seed in dict.fromkeys(seeds)}
    for p in model.parameters():
        p.requires_grad_(False)
    weights: list[nn.Parameter] = []
    for name in first[seeds[0]]:
        parent = model.get_submodule(name.rpartition(".")[0])
        linear = model.get_submodule(name)
        a = torch.stack([first[seed][name] for seed in seeds])
        layer = StackedLoRA(unpack(linear), linear.bias, a, recipe.alpha / recipe.rank)
        setattr(parent, name.rpartition(".")[2], layer)
        weights += [layer.a, layer.b]
    return weights


def _initial(base: LoadedModel, recipe: Recipe, seed: int) -> dict[str, torch.Tensor]:
    """Layer name -> peft's initial A matrix for this seed."""
    adapted = add_lora(replace(base, model=share_weights(base.model)), recipe, seed).get_base_model()
    return {
        name: module.lora_A["default"].weight.detach().clone()
        for name, module in adapted.named_modules()
        if hasattr(module, "lora_A")
    }
