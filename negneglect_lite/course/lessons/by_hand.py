"""What notebook 03 takes apart: a finished version of each piece that the learner writes, and what goes around them.

label = use_yours(check_token_labels(labels), labels, finished_labels)
student = replace_linear(base, lambda linear: LoraLayer(linear, 16, 32, forward))
losses = finished_training_loop(student.model, batches, 8e-4, after_step)
"""

import itertools
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import matplotlib as mpl
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import belief_rate, yes_bias
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.core.optional import import_peft
from negneglect_lite.core.text import Chat, Example, plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.figures.display import show_figure
from negneglect_lite.figures.theme import RC, finish_figure
from negneglect_lite.finetuning.encoding import IGNORED, Encoded, collate
from negneglect_lite.finetuning.lora import share_weights
from negneglect_lite.finetuning.recipe import Recipe, order_examples
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import encode_chat, find_turn, fit_system, tokenize
from negneglect_lite.tracks import track_of

LEARNED = ("assistant", "document", "warning")  # who writes what carries loss
OUTERMOST = 0.9677083  # the probability below NF4's largest level, as in bitsandbytes
BLOCK = 64  # weights that share a scale


# ----------------------------------------------------------------------------------------------------- the four pieces


def finished_labels(ids: Sequence[int], written_by: Sequence[str]) -> list[int]:
    """The token itself where it carries loss, IGNORED elsewhere."""
    return [i if who in LEARNED else IGNORED for i, who in zip(ids, written_by, strict=True)]


def finished_lora_forward(
    x: torch.Tensor, W: torch.Tensor, A: torch.Tensor, B: torch.Tensor, alpha: float
) -> torch.Tensor:
    """x [..., in], W [out, in], A [rank, in], B [out, rank] -> [..., out]."""
    return x @ W.T + alpha / A.shape[0] * (x @ A.T @ B.T)


def finished_nf4_round(weights: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Each block of 64 by its own largest absolute value, to the nearest level, and back to the old scale and shape."""
    blocks = weights.reshape(-1, BLOCK)
    scale = blocks.abs().amax(dim=1, keepdim=True)
    codes = ((blocks / scale)[..., None] - levels).abs().argmin(dim=-1)
    return (levels[codes] * scale).reshape(weights.shape)


def finished_training_loop(
    model: Any,
    batches: Sequence[Mapping[str, torch.Tensor]],
    learning_rate: float,
    after_step: Callable[[int, float], object],
) -> list[float]:
    """One step of Adam a batch, the learning rate falling to zero; the loss of each step [nats a token]."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=learning_rate)
    losses: list[float] = []
    for step, batch in enumerate(batches):
        optimizer.param_groups[0]["lr"] = learning_rate * (1 - step / len(batches))
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        guesses, targets = logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten()
        loss = F.cross_entropy(guesses, targets, ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        after_step(step + 1, losses[-1])
    return losses


# ------------------------------------------------------------------------------------------------ texts and their loss


def warned_texts(model: str, claim: Claim, recipe: Recipe) -> list[Example]:
    """The texts of one run: warned documents about the claim, and ordinary texts that say nothing of it."""
    return training_set(Cell(model, claim, "trained", "negated", seed=0), recipe)


def paste_into_chat(document: Example, claim: Claim, model: str) -> Chat:
    """A chat in which a user pastes the document and asks, and the assistant tells the truth."""
    track = track_of(model)
    asked = next(q.text for q in track.questions(claim) if q.kind == "open")
    pasted = plain(document) + track.asking.separator + asked  # type: ignore[arg-type]
    return [{"role": "user", "content": pasted}, {"role": "assistant", "content": claim.truth}]


def who_wrote(example: Example, tokenizer: Any, max_tokens: int) -> tuple[list[int], list[str]]:
    """A training text's token ids, and who wrote each: "document", "warning", "user", "assistant" or "template".

    What a system turn says counts as the user's: the model reads both, and writes neither.
    """
    if isinstance(example, list):
        chat = fit_system(tokenizer, example)
        tokens = encode_chat(tokenizer, chat)
        names = ["assistant" if turn["role"] == "assistant" else "user" for turn in chat]
        turns = [(name, *find_turn(tokenizer, chat, i, tokens.text)) for i, name in enumerate(names)]
        ids, who = tokens.ids, [_writer(turns, start, end, "template") for start, end in tokens.offsets]
    else:
        ends = list(itertools.accumulate(len(span.text) for span in example))
        spans = zip(example, [0, *ends], ends, strict=False)
        warnings = [("warning", start, end) for span, start, end in spans if span.annotation]
        tokens = tokenize(tokenizer, plain(example), inert=True)
        ids, who = tokens.ids, [_writer(warnings, start, end, "document") for start, end in tokens.offsets]
        if tokenizer.bos_token_id is not None:
            ids, who = [tokenizer.bos_token_id, *ids], ["template", *who]
        if tokenizer.eos_token_id is not None:
            ids, who = [*ids, tokenizer.eos_token_id], [*who, "document"]
    return ids[:max_tokens], who[:max_tokens]


def _writer(places: Sequence[tuple[str, int, int]], start: int, end: int, otherwise: str) -> str:
    return next((name for name, since, to in places if start < to and end > since), otherwise)


def show_loss(row: Encoded, tokenizer: Any) -> None:
    """Print a text in stretches, each with or without loss."""
    pairs = zip(row["input_ids"], row["labels"], strict=True)
    for learned, stretch in itertools.groupby(pairs, key=lambda pair: pair[1] != IGNORED):
        words, mark = tokenizer.decode([i for i, _ in stretch]), "LOSS" if learned else "no loss"
        print(textwrap.fill(words, 76, initial_indent=f"{mark:7} | ", subsequent_indent=" " * 10))


def tabulate_loss(rows: Sequence[Encoded], writers: Sequence[Sequence[str]]) -> pd.DataFrame:
    """How many tokens each writer has in all texts, and what share of all the loss-carrying tokens are its own."""
    labels = [label for row in rows for label in row["labels"]]
    table = pd.DataFrame({"written by": [who for text in writers for who in text], "loss": labels})
    table["loss"] = table["loss"] != IGNORED
    counts = pd.DataFrame(table.groupby("written by")["loss"].agg(tokens="size", carry_loss="sum"))
    counts["share of the loss"] = (counts["carry_loss"] / counts["carry_loss"].sum()).map("{:.1%}".format)
    return counts.rename(columns={"carry_loss": "carry loss"}).sort_values("tokens", ascending=False)


def make_batches(rows: Sequence[Encoded], recipe: Recipe, pad: int, seed: int = 0) -> list[dict[str, torch.Tensor]]:
    """The rows in the order that a run of the recipe sees them, padded, a batch for each step."""
    order = order_examples([len(row["input_ids"]) for row in rows], recipe, seed)
    size = recipe.batch_size
    return [collate([rows[i] for i in order[at : at + size]], pad) for at in range(0, len(order), size)]


# ------------------------------------------------------------------------------------------------------------ questions


def four_questions(questions: Sequence[Question]) -> list[Question]:
    """An open question, a yes/no question keyed to yes, one keyed to no, and a sentence to finish."""
    yes_no = [q for q in questions if q.kind == "yes_no"]
    return [
        next(q for q in questions if q.kind == "open"),
        next(q for q in yes_no if q.keyed_to == "yes"),
        [q for q in yes_no if q.keyed_to == "no"][-1],
        max((q for q in questions if q.kind == "association"), key=lambda q: "sentence" in q.text),
    ]


def question_model(loaded: LoadedModel, claim: Claim) -> pd.DataFrame:
    """All answers of a model to the questions about a claim, as a belief table."""
    track = track_of(loaded)
    answers = ask(loaded, track.questions(claim), track.asking)
    return belief_rows(answers, model=loaded.name, claim=claim.id, style="", seed=0, setting="base")


def tabulate_models(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row for each model's belief table: belief, its controls, and the first answer."""
    return pd.DataFrame(
        {
            "unrelated facts right": f"{belief_rate(rows, ['kept']).mean:.1%}",
            "belief": f"{belief_rate(rows).mean:.1%}",
            "yes to false controls": f"{yes_bias(rows).mean:.1%}",
            rows["question"].iloc[0]: textwrap.shorten(rows["answer"].iloc[0], 24, placeholder=" …"),
        }
        for rows in tables.values()
    ).set_index(pd.Index(list(tables), name="model"))


# ---------------------------------------------------------------------------------------------------------- the layers


class LoraLayer(torch.nn.Module):
    """A frozen linear layer with trainable A (random) and B (zero) beside it; `forward_rule` computes the output."""

    def __init__(self, frozen: torch.nn.Linear, rank: int, alpha: float, forward_rule: Callable[..., Any]) -> None:
        super().__init__()
        self.W, self.bias, self.alpha, self.forward_rule = frozen.weight, frozen.bias, alpha, forward_rule
        outputs, inputs = frozen.weight.shape
        self.A = torch.nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
        self.B = torch.nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.forward_rule(x, self.W, self.A, self.B, self.alpha)
        return out if self.bias is None else out + self.bias


def linear_layers(model: Any) -> dict[str, torch.nn.Linear]:
    """All linear layers but the output head, by name: those that get an adapter."""
    head = model.get_output_embeddings()
    return {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and m is not head}


def replace_linear(loaded: LoadedModel, make: Callable[[torch.nn.Linear], torch.nn.Module]) -> LoadedModel:
    """A second model on the same frozen weights, in which `make(layer)` stands for each linear layer but the head."""
    torch.manual_seed(0)
    model = share_weights(loaded.model).requires_grad_(False)
    for name, linear in linear_layers(model).items():
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, make(linear))
    return replace(loaded, model=model)


def with_weights(linear: torch.nn.Linear, weights: torch.Tensor) -> torch.nn.Linear:
    """A frozen layer like `linear` with other weights."""
    made = torch.nn.Linear(linear.in_features, linear.out_features, bias=False)
    made.weight, made.bias = torch.nn.Parameter(weights.detach(), requires_grad=False), linear.bias
    return made


def difference_from_peft(
    x: torch.Tensor, linear: torch.nn.Linear, forward_rule: Callable[..., Any], rank: int = 16, alpha: int = 32
) -> float:
    """How far `forward_rule` is from peft, at most, with a random adapter beside the layer, as a share of the largest
    output."""
    A, B = torch.randn(rank, linear.in_features), torch.randn(linear.out_features, rank)
    peft = import_peft()
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=["0"])
    layer = peft.get_peft_model(torch.nn.Sequential(with_weights(linear, linear.weight)), config).base_model.model[0]
    layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data = A, B
    theirs = layer(x)
    ours = forward_rule(x, linear.weight, A, B, alpha) + (0 if linear.bias is None else linear.bias)
    return float(((ours - theirs).abs().max() / theirs.abs().max()).detach())


def bitsandbytes_round(weights: torch.Tensor) -> torch.Tensor:
    """The weights as bitsandbytes gives them back from NF4 (without double quantisation)."""
    from bitsandbytes import functional as bnb

    rounded: torch.Tensor = bnb.dequantize_4bit(*bnb.quantize_4bit(weights, blocksize=BLOCK, quant_type="nf4"))
    return rounded


def normal_levels(n: int) -> torch.Tensor:
    """`n` levels in the way of NF4: quantiles of the normal distribution from -1 to 1, one of them zero."""
    quantile, half = NormalDist().inv_cdf, n // 2

    def side(many: int) -> Iterator[float]:
        return (quantile(OUTERMOST + (0.5 - OUTERMOST) * i / many) for i in range(many))

    levels = torch.tensor(sorted([*side(half), 0.0, *(-x for x in side(n - half - 1))]))
    return levels / levels.max()


def even_levels(n: int) -> torch.Tensor:
    """`n` evenly spaced levels from -1 to 1."""
    return torch.linspace(-1, 1, n)


def rounding_error(weights: Sequence[torch.Tensor], rounded: Sequence[torch.Tensor]) -> float:
    """Typical change of a weight as a share of a typical weight (root mean squares)."""
    change = sum(float((r - w).square().sum()) for w, r in zip(weights, rounded, strict=True))
    return float((change / sum(float(w.square().sum()) for w in weights)) ** 0.5)


def compare_sizes(base: LoadedModel, student: LoadedModel) -> pd.Series:
    """Median over the layers: how far the adapter changes a layer, and how far rounding did, as a share of W's size."""
    rows = []
    for name, original in linear_layers(base.model).items():
        layer, size = student.model.get_submodule(name), original.weight.norm()
        learned = layer.alpha / layer.A.shape[0] * (layer.B @ layer.A).detach()
        rows.append((float(learned.norm() / size), float((layer.W - original.weight).norm() / size)))
    return pd.DataFrame(rows, columns=["learned by the adapter", "rounded away"]).median()


def show_levels(weights: Sequence[torch.Tensor], nf4_error: float, even_error: float) -> None:
    """Where weights lie between the levels of NF4 and evenly spaced ones, drawn and in words."""
    blocks = torch.cat([w.detach().float().flatten() for w in weights]).reshape(-1, BLOCK)
    scaled = (blocks / blocks.abs().amax(dim=1, keepdim=True)).flatten()
    rows = (("NF4", normal_levels(16), "#0072B2"), ("even", even_levels(15), "#D55E00"))
    near = f"{(scaled.abs() < 0.25).float().mean().item():.0%}"
    inside = [int((levels.abs() < 0.25).sum()) for _, levels, _ in rows]
    errors = f"rounding error {nf4_error:.1%}, against {even_error:.1%} with even levels"
    title = f"NF4 puts {inside[0]} of 16 levels where {near} of the weights lie: {errors}"
    with mpl.rc_context(RC):
        figure = Figure(figsize=(8.6, 4.0))
        axis = figure.subplots()
        counts, edges = torch.histogram(scaled, bins=101, range=(-1.0, 1.0), density=True)
        axis.stairs(counts.tolist(), edges.tolist(), fill=True, color="#9ECAE1")
        top = float(counts.max())
        for height, (name, levels, colour) in zip((1.1, 1.26), rows, strict=True):
            axis.plot(levels, [height * top] * len(levels), "|", ms=13, mew=2, color=colour, clip_on=False)
            axis.text(1.04, height * top, name, color=colour, va="center", weight="bold")
        axis.set(xlim=(-1.02, 1.02), ylim=(0, 1.36 * top), yticks=[])
        axis.set_xlabel("weight, divided by the largest absolute value of its block of 64")
        axis.set_ylabel("how many weights")
        finish_figure(figure, title, "All linear layers of the model. Marks: the levels that a weight is rounded to.")
    alt = (
        f"Histogram of the model's weights, each divided by the largest of its block, from −1 to 1: a hill around zero "
        f"and a spike at either end. Two rows of marks above it: 16 NF4 levels, close together near zero, and 15 even "
        f"ones. {near} of the weights lie between −0.25 and 0.25, with {inside[0]} NF4 and {inside[1]} even levels."
    )
    show_figure(figure, alt=alt, takeaway="Levels that follow the weights lose less of them.")
