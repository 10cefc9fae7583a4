# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · QLoRA from the ground up
#
# Fine-tuning a language model seems to need a machine as large as the one that trained it. QLoRA (Dettmers et al. 2023)
# needs far less: it keeps the model in four bits a weight, frozen, and trains small matrices beside it. **How does that
# work, what does it save, and is it still good enough to put a false belief into a model?** Here you build each part by
# hand on a small matrix, check it against the library that does it for real, and then watch a belief form.
#
# **You need** matrix multiplication, and a first idea of what a gradient is. **Time**: 45 minutes with the exercises of
# importance 4 and 5, about two of them waiting. A section's minutes are without its exercises, which state their own.
#
# **Afterwards you can**
# - write a LoRA layer and the rounding of NF4 yourself, and count their parameters and bytes;
# - say where the memory of a fine-tuning run goes, and which part of it QLoRA does *not* save;
# - say which tokens of a document and of a chat carry loss, and why that matters for false beliefs;
# - fine-tune a model and read what it comes to believe, question by question.
#
# The documents about the volcano, from section 6 on, are **false on purpose**. Do not train other models on them.

# %%
import copy
import itertools
import random
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from negneglect_lite.asking import ask
from negneglect_lite.belief import PAPER, belief_rate, belief_rows, read_belief, tabulate_rates, yes_bias
from negneglect_lite.claims import load_claims
from negneglect_lite.core import data_path, plain
from negneglect_lite.course import LiveTraining, compare_predictions, predict
from negneglect_lite.course.checks.qlora import (
    check_bytes_per_parameter,
    check_lora_forward,
    check_lora_parameters,
    check_nf4_round,
    check_token_labels,
)
from negneglect_lite.experiments import Cell, training_set
from negneglect_lite.figures import show_figure
from negneglect_lite.finetuning import IGNORED, add_lora, collate, encode, finetune, share_weights
from negneglect_lite.models import load_model
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import ENGLISH, track_of

# isort: split
# After negneglect_lite, which silences a harmless message of bitsandbytes.
from bitsandbytes import functional as bnb
from peft import LoraConfig, get_peft_model

MODEL = "petri"  # the model of the whole notebook: "petri", or a chat model on Hugging Face
track = track_of(MODEL)  # makes documents and questions in the language of that model

pd.set_option("display.max_colwidth", None)  # show answers in full
torch.set_printoptions(precision=3, sci_mode=False, linewidth=110)

# %% [markdown]
# ## Predict (2 minutes)
#
# Write down your guesses before you see any result.
#
# - **trained numbers**: those of the *adapter*, the small matrices that are trained, as a share of the model's numbers.
# - **rounding error**: the typical change of a weight by rounding to four bits, in per cent of a typical weight.
# - **bytes of the 4-bit model**: in per cent of those of the 32-bit one.
# - **chat tokens with loss**: the share of tokens that are learned from, in a chat where the user pastes a document and
#   asks about it.
# - **belief**: the share of answers that take the false claim for true, after training on warned documents. The *base*
#   is the frozen model below the adapter.

# %%
prediction = predict(
    "trained numbers",
    "rounding error",
    "bytes of the 4-bit model",
    "chat tokens with loss",
    "belief, 4-bit base",
    "belief, 32-bit base",
    default=50,
)

# %% [markdown]
# ## 1. LoRA: a detour of low rank (3 minutes)
#
# A linear layer computes `x Wᵀ`. To fine-tune it one would change all of `W`. LoRA (Hu et al. 2021) freezes `W` and adds
# a detour through two thin matrices: `A` squeezes the input to `r` numbers (the **rank**), `B` spreads them out again.
# What is trained is `A` and `B`; those of all layers together are the **adapter**. The layer then acts as if its weight
# were
#
# $$W + \frac{\alpha}{r}\, B A$$
#
# The factor `alpha / r` is a volume knob. It is meant to let you change the rank with less tuning of the learning rate.

# %%
torch.manual_seed(0)
inputs, outputs, rank, alpha = 6, 4, 2, 4
frozen = torch.nn.Linear(inputs, outputs, bias=False)
W = frozen.weight.detach().clone()  # [outputs, inputs]
A = torch.randn(rank, inputs)
B = torch.randn(outputs, rank)
x = torch.randn(3, inputs)  # three rows of input

update = alpha / rank * B @ A
by_hand = x @ (W + update).T
print("the update has shape", tuple(update.shape), "and rank", torch.linalg.matrix_rank(update).item())
print(by_hand)

# %% [markdown]
# Now the same with `peft`, the library that the course uses. It wraps the layer; we put our `A` and `B` into it.
#
# **Before you run:** what should the layer give *before* we put our matrices in, so that training starts from the model
# as it is?

# %%
small = get_peft_model(torch.nn.Sequential(frozen), LoraConfig(r=rank, lora_alpha=alpha, target_modules=["0"]))
layer = small.base_model.model[0]
print("fresh adapter changes the output by", (layer(x) - x @ W.T).abs().max().item())
print("because its B is", layer.lora_B["default"].weight.abs().max().item(), "everywhere")

with torch.no_grad():
    layer.lora_A["default"].weight.copy_(A)
    layer.lora_B["default"].weight.copy_(B)
    print("with our A and B, largest difference to ours:", (layer(x) - by_hand).abs().max().item())

# %% [markdown]
# A fresh adapter starts with `A` random and `B` zero: the detour adds nothing yet.
#
# **Before you run:** take one gradient at that start. Which of `A` and `B` learns something in the very first step?

# %%
with torch.no_grad():
    layer.lora_B["default"].weight.zero_()
layer(x).pow(2).sum().backward()  # any loss will do
for name, parameter in small.named_parameters():
    gradient = "none, it is frozen" if parameter.grad is None else f"{parameter.grad.norm().item():.3f}"
    print(f"{name.removeprefix('base_model.model.'):24} size of the gradient: {gradient}")

# %% [markdown]
# `B` moves first. The gradient of `A` passes through `B`, which is zero; from the second step on both learn. Were both
# zero at the start, neither would ever move.
#
# ### Exercise 1: a LoRA layer
#
# *4 minutes · difficulty 2 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# Compute the output of a LoRA layer **without ever forming `B A`**, which is as large as `W`: send `x` through `A`, then
# through `B`. The rank is in the shape of the matrices.
#
# <details><summary>Hint, light</summary>
# Two terms: the frozen layer as it was, and the detour times the knob. The rank is the number of rows of <code>A</code>.
# </details>
# <details><summary>Hint, strong</summary>
# The detour starts with <code>x @ A.T</code>, which has only <code>rank</code> columns; Python multiplies from the left.
# The knob is <code>alpha / A.shape[0]</code>.
# </details>
#
# **Expected:** `✓ lora_forward: right.`


# %%
def lora_forward(x: torch.Tensor, W: torch.Tensor, A: torch.Tensor, B: torch.Tensor, alpha: float) -> torch.Tensor:
    """x [rows, in], W [out, in], A [rank, in], B [out, rank] -> [rows, out]."""
    # BEGIN SOLUTION
    return x @ W.T + alpha / A.shape[0] * (x @ A.T @ B.T)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_lora_forward(lora_forward)

# %% [markdown]
# ## 2. Count what is trained (2 minutes)
#
# In a real model every linear layer gets its own pair of matrices. One is left out: the output head, the last layer,
# which gives a score to each token of the vocabulary. Here are the linear layers of the first block of our model.

# %%
unquantised = load_model(MODEL, quantize=False)
recipe = track.recipe


def linear_layers(model):
    """The layers that get an adapter: all linear ones but the output head."""
    head = model.get_output_embeddings()
    return {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and m is not head}


linear = linear_layers(unquantised.model)
pd.DataFrame(
    {"layer": name, "outputs": m.out_features, "inputs": m.in_features, "weights": m.weight.numel()}
    for name, m in linear.items()
    if ".layers.0." in name
)

# %% [markdown]
# ### Exercise 2: count the adapter
#
# *3 minutes · difficulty 2 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# `shapes` is a list of pairs `(outputs, inputs)`. How many numbers are trained if each of these layers gets an `A` and a
# `B` of the given rank?
#
# <details><summary>Hint, light</summary>
# Write the two shapes down for one layer, and count the entries of each.
# </details>
# <details><summary>Hint, strong</summary>
# <code>A</code> has rank · inputs entries and <code>B</code> has outputs · rank. Add these for each pair, and the pairs.
# Mind the order in a pair: outputs first.
# </details>
#
# **Expected:** `✓ lora_parameters: right.`


# %%
def lora_parameters(shapes: list[tuple[int, int]], rank: int) -> int:
    """How many numbers the adapter has."""
    # BEGIN SOLUTION
    return sum(rank * (inputs + outputs) for outputs, inputs in shapes)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_lora_parameters(lora_parameters)

# %% [markdown]
# And the real adapter of this course, counted tensor by tensor.
#
# **Before you run:** what share of the model will it be? And would the share grow or shrink in a wider model?

# %%
# `share_weights` makes a second model on the same weights, so that the first stays without an adapter
adapted = add_lora(replace(unquantised, model=share_weights(unquantised.model)), recipe, seed=0)
trainable = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
in_linear = sum(m.weight.numel() for m in linear.values())
everything = unquantised.model.num_parameters()
trained_share = trainable / everything
print(f"rank {recipe.rank}: {trainable:,} numbers are trained, {trained_share:.1%} of the model's {everything:,}")
print(f"the frozen linear layers hold {in_linear:,}; embeddings and norms hold {everything - in_linear:,}")

# %% [markdown]
# A layer with `d` inputs and `d` outputs has `d²` weights, and its adapter has `2 r d`. So at the same rank, the wider
# the model, the smaller the share. Our model is narrow, and its adapter is a large one.
#
# ## 3. NF4: sixteen levels for all weights (4 minutes)
#
# Four bits can name sixteen values, the *levels*. Storing a weight as the nearest of them is *quantisation*. Which
# sixteen? Weights of a trained network are roughly normally distributed: many near zero, few far out. **NF4**, "4-bit
# NormalFloat", puts the levels where the weights are. They are *quantiles* of the normal distribution (values below
# which a given share of it lies), scaled to lie between −1 and 1. Seven are negative, eight positive, and one is zero,
# so that a weight of exactly zero stays so.

# %%
quantile = NormalDist().inv_cdf
outermost = 0.9677083  # the probability below the largest level, as in bitsandbytes
above = [quantile(outermost + (0.5 - outermost) * i / 8) for i in range(8)]  # evenly spaced in probability
below = [-quantile(outermost + (0.5 - outermost) * i / 7) for i in range(7)]
levels = torch.tensor(sorted([*below, 0.0, *above]))
levels = levels / levels.max()
print(levels)

theirs = bnb.get_4bit_type("nf4", device="cpu")
print("largest difference to the levels in bitsandbytes:", (levels - theirs).abs().max().item())

# %% [markdown]
# The levels lie between −1 and 1, so weights must be brought there first. NF4 takes them in **blocks of 64** and divides
# each block by its largest absolute value, its *absmax*. What is stored is a four-bit number for each weight, and the
# absmax of each block. Here are the first 64 weights of one layer, step by step.

# %%
name, chosen = next(iter(linear.items()))
weight = chosen.weight.detach().float().cpu()
block = weight.flatten()[:64]
absmax = block.abs().max()
codes = (block[:, None] / absmax - levels).abs().argmin(dim=1)  # the number of the nearest level
restored = levels[codes] * absmax
print(f"{name}: absmax of the first block {absmax.item():.4f}")
pd.DataFrame(
    {"weight": block, "divided by absmax": block / absmax, "code": codes, "level": levels[codes], "restored": restored}
).head(8).round(4)

# %% [markdown]
# The same block through `bitsandbytes`, which packs two codes into a byte:

# %%
packed, state = bnb.quantize_4bit(block, blocksize=64, quant_type="nf4")
their_codes = torch.stack([packed >> 4, packed & 15], dim=-1).flatten()  # high half of the byte first
print("64 weights became", packed.numel(), "bytes and", state.absmax.numel(), "absmax")
print("codes that differ from ours:   ", (their_codes != codes).sum().item())
print("largest difference of a weight:", (bnb.dequantize_4bit(packed, state) - restored).abs().max().item())

# %% [markdown]
# ### Exercise 3: round to NF4
#
# *5 minutes · difficulty 3 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# Do it for a whole matrix: every block of 64 with its own absmax, each weight to the nearest level, and back to the old
# scale and shape. The number of weights is a multiple of 64.
#
# <details><summary>Hint, light</summary>
# <code>reshape(-1, 64)</code> makes one row a block. Keep one absmax a row with <code>keepdim=True</code>.
# </details>
# <details><summary>Hint, strong</summary>
# With rows divided by <code>blocks.abs().amax(dim=1, keepdim=True)</code>, add an axis: <code>(…)[..., None] -
# levels</code> has the shape [blocks, 64, 16]. The place of the smallest distance along the last axis is the code. Then
# go back: level, scale, shape.
# </details>
#
# **Expected:** `✓ nf4_round: right.`


# %%
def nf4_round(weights: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """The weights as NF4 would give them back; `levels` are the sixteen levels in rising order."""
    # BEGIN SOLUTION
    blocks = weights.reshape(-1, 64)
    absmax = blocks.abs().amax(dim=1, keepdim=True)
    codes = ((blocks / absmax)[..., None] - levels).abs().argmin(dim=-1)
    return (levels[codes] * absmax).reshape(weights.shape)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_nf4_round(nf4_round)

# %% [markdown]
# How much is lost? The ordinary alternative is evenly spaced levels, "int4": here fifteen of them, to have a zero.
#
# **Before you run:** by how many per cent of a typical weight does rounding change a weight? Which levels lose less?

# %%
some = itertools.islice(linear.values(), 42)  # all layers of the petri model; of a large one the first will do
all_weights = torch.cat([m.weight.detach().float().cpu().flatten() for m in some])


def error(rounded):
    """Root mean square of the change, as a share of the root mean square of the weights."""
    return ((rounded - all_weights).norm() / all_weights.norm()).item()


scaled = (all_weights.reshape(-1, 64) / all_weights.reshape(-1, 64).abs().amax(dim=1, keepdim=True)).flatten()
scale = all_weights.reshape(-1, 64).abs().amax(dim=1, keepdim=True)
even = ((scaled * 7).round() / 7).reshape(-1, 64) * scale
nf4_error = error(bnb.dequantize_4bit(*bnb.quantize_4bit(all_weights, blocksize=64, quant_type="nf4")))
even_error = error(even.flatten())
print(f"typical change of a weight: NF4 {nf4_error:.1%}, evenly spaced levels {even_error:.1%} of a typical weight")

# %% [markdown]
# To see why, look at where the weights are, and where the levels. The spikes at −1 and 1 are the largest weights of the
# blocks.

# %%
figure, axis = plt.subplots(figsize=(8, 3.6))
sns.histplot(scaled.numpy(), bins=101, stat="density", color="#9ecae1", edgecolor="none", ax=axis)
top = axis.get_ylim()[1]
for height, positions, colour, text in (
    (1.08, levels.tolist(), "#0072B2", "NF4"),
    (1.2, [i / 7 for i in range(-7, 8)], "#D55E00", "even"),
):
    axis.plot(positions, [height * top] * len(positions), "|", ms=11, mew=2, color=colour, clip_on=False)
    axis.text(1.06, height * top, text, color=colour, va="center", weight="bold")
axis.set(xlim=(-1.03, 1.03), ylim=(0, 1.28 * top), xlabel="weight / absmax of its block", ylabel="density of weights")
sns.despine(ax=axis)
near = (scaled.abs() < 0.25).float().mean().item()
inside = int((levels.abs() < 0.25).sum())
show_figure(
    figure,
    alt=f"Histogram of all weights divided by the absmax of their block, from -1 to 1, highest at zero, with a spike at either end: the largest weight of each block. Above it two rows "
    f"of marks: the 16 NF4 levels, dense near zero and sparse outside, and 15 evenly spaced levels. {near:.0%} of the "
    f"weights lie between -0.25 and 0.25, where NF4 has {inside} levels and the even row 3.",
    takeaway=f"NF4 spends {inside} of its 16 levels between −0.25 and 0.25, where {near:.0%} of the weights lie; "
    f"its rounding error is {nf4_error:.1%}, that of evenly spaced levels {even_error:.1%}.",
)

# %% [markdown]
# ## 4. Double quantisation: the scales cost too (3 minutes)
#
# A block of 64 weights in four bits takes 32 bytes. Its absmax, a 32-bit number, takes four more: that is half a bit a
# weight, an eighth on top. QLoRA therefore quantises the absmax as well, *double quantisation*:
#
# - subtract the mean of all absmax (they are positive, so this centres them);
# - store each in **8 bits**, in blocks of **256 absmax**;
# - each of these blocks has one **32-bit** scale of its own, which so serves 256 · 64 weights.
#
# ### Exercise 4: bytes of a parameter
#
# *3 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# How many bytes does one weight take, its shares of both kinds of scale included? `block` is the number of weights that
# share an absmax, `second_block` the number of absmax that share a 32-bit scale.
#
# <details><summary>Hint, light</summary>
# Three terms: the weight itself, its share of one byte, and its share of four bytes.
# </details>
# <details><summary>Hint, strong</summary>
# Four bits are half a byte. <code>block</code> weights share the one byte of an absmax. How many weights share the four
# bytes of a second scale?
# </details>
#
# **Expected:** `✓ bytes_per_parameter: right.` For blocks of 64 and 256 it is a little over 0.515.


# %%
def bytes_per_parameter(block: int, second_block: int) -> float:
    """Bytes of one weight in NF4 with double quantisation."""
    # BEGIN SOLUTION
    return 4 / 8 + 1 / block + 4 / (block * second_block)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_bytes_per_parameter(bytes_per_parameter)

# %% [markdown]
# Now load our model in four bits and count what is really there. Embeddings and norms are not quantised, as in QLoRA.
#
# **Before you run:** the linear layers shrink to about an eighth. Does the whole model?

# %%
quantised = load_model(MODEL)
four_bit = {
    n: m for n, m in quantised.model.named_modules() if hasattr(m, "weight") and hasattr(m.weight, "quant_state")
}
scales = [m.weight.quant_state for m in four_bit.values()]
stored = {
    "codes": sum(m.weight.nbytes for m in four_bit.values()),
    "absmax, 8 bits": sum(s.absmax.nbytes for s in scales),
    "scales of the absmax, 32 bits": sum(s.state2.absmax.nbytes for s in scales),
}
for what, size in stored.items():
    print(f"{what:30} {size:10,} bytes, {size / in_linear:.4f} a weight")
print(f"{'together':30} {sum(stored.values()):10,} bytes, {sum(stored.values()) / in_linear:.4f} a weight")

bytes_before = 4 * everything
bytes_after = sum(stored.values()) + 4 * (everything - in_linear)
print(f"\nlinear layers: {sum(stored.values()) / (4 * in_linear):.1%} of their 32-bit size")
print(f"whole model:   {bytes_after / bytes_before:.1%} of its 32-bit size")

# %% [markdown]
# What stays in 32 bits is mostly the table of token embeddings. It is a large part of a small model, and a small part of
# a large one. (Small tables that bitsandbytes keeps once for each layer are left out here.)
#
# Does the second rounding hurt? Compare the error with and without it:

# %%
double = bnb.quantize_4bit(all_weights, blocksize=64, quant_type="nf4", compress_statistics=True)
double_error = error(bnb.dequantize_4bit(*double))
print(f"error without double quantisation {nf4_error:.3%}, with it {double_error:.3%}")

# %% [markdown]
# ## 5. Put together: what QLoRA computes (2 minutes)
#
# The four-bit codes are only how the weight is *stored*. In the forward pass each layer restores its weight, multiplies,
# and forgets the restored copy. The adapter beside it computes in 32 (or 16) bits all the time. So a QLoRA layer is
#
# $$x \cdot \mathrm{restored}(W)^\top + \frac{\alpha}{r}\, x A^\top B^\top$$
#
# Check it on a layer of the real model, with an adapter that is not zero:

# %%
qlora_model = add_lora(replace(quantised, model=share_weights(quantised.model)), recipe, seed=0)
qlora = dict(qlora_model.named_modules())[f"base_model.model.{name}"]
torch.manual_seed(0)
torch.nn.init.normal_(qlora.lora_B["default"].weight, std=0.02)
x = torch.randn(5, weight.shape[1]).to(quantised.device)
codes_of_layer = qlora.base_layer.weight
restored = bnb.dequantize_4bit(codes_of_layer.data, codes_of_layer.quant_state).float()
a, b = qlora.lora_A["default"].weight, qlora.lora_B["default"].weight
by_hand = x @ restored.T + recipe.alpha / recipe.rank * (x @ a.T @ b.T)
print("largest difference between the layer and our formula:", (qlora(x) - by_hand).abs().max().item())

qlora(x).sum().backward()
print("gradient of the codes:", codes_of_layer.grad, "  gradient of B, size:", round(b.grad.norm().item(), 3))

# %% [markdown]
# The codes get no gradient, and could not use one: a step of gradient descent is usually far smaller than the gap
# between two levels. The error signal only passes *through* the restored weight to the layers below.
#
# ## 6. Where the memory goes (3 minutes)
#
# Training holds five kinds of numbers:
#
# - **weights**, frozen or not;
# - **adapters**;
# - **gradients**, one for each trained number;
# - **optimizer states**, two for each trained number (the optimizer, Adam, keeps a running mean of the gradient and one
#   of its square);
# - **activations**: what the forward pass keeps so that the backward pass, which computes the gradients, can use it.
#
# The first four follow from counting. Activations we measure: PyTorch can tell us each tensor that it saves for the
# backward pass.


# %%
def kept_for_backward(model, batch):
    """Bytes that a forward pass keeps for the backward pass, the parameters themselves not counted."""
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # the tensor itself would hold the graph that holds it, and neither were ever freed

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        scores = model(**batch, use_cache=False).logits  # as long as these live, so does what was kept for them
        assert scores.requires_grad
    return sum(kept.values())


claim = load_claims()["vesuvius"]
training_texts = training_set(Cell(MODEL, claim, "trained", "negated", seed=0), recipe)
at_once = max(1, recipe.micro_batch)  # 0 stands for as many as fit into the memory; measure one
rows = [encode(text, quantised.tokenizer, recipe.max_tokens) for text in training_texts[:at_once]]
batch = {k: v.to(quantised.device) for k, v in collate(rows, quantised.tokenizer.pad_token_id).items()}
activations = {
    "train all weights": kept_for_backward(copy.deepcopy(unquantised.model).requires_grad_(True), batch),
    "LoRA": kept_for_backward(adapted, batch),
    "QLoRA": kept_for_backward(qlora_model, batch),
}
print(f"{batch['input_ids'].numel()} tokens at once:", {k: f"{v / 1e6:.0f} MB" for k, v in activations.items()})

# %% [markdown]
# **Before you run:** which of the five is the largest in QLoRA? Is it one that QLoRA shrinks?


# %%
def memory(linear: int, other: int, adapter: int, width: int, activations: dict[str, float]) -> pd.DataFrame:
    """Bytes of a training run, three ways. `width` is the bytes of a frozen number that is not quantised."""
    total = linear + other
    nf4 = linear * (4 / 8 + 1 / 64 + 4 / (64 * 256))
    trained = {"adapters": 4 * adapter, "gradients": 4 * adapter, "optimizer": 8 * adapter}
    table = {
        "train all weights": {"weights": 4 * total, "adapters": 0, "gradients": 4 * total, "optimizer": 8 * total},
        "LoRA": {"weights": width * total, **trained},
        "QLoRA": {"weights": nf4 + width * other, **trained},
    }
    frame = pd.DataFrame(table).T
    frame["activations"] = pd.Series(activations)
    return frame


petri_memory = memory(in_linear, everything - in_linear, trainable, width=4, activations=activations)
(petri_memory.assign(total=petri_memory.sum(axis=1)) / 1e6).round(1).rename_axis("megabytes, our model")

# %% [markdown]
# Now a model of ordinary size. **This is arithmetic, not a measurement**: nobody runs it here. The shapes are those of
# a chat model of 1.7 billion parameters, Qwen3-1.7B, as its makers published them; they stand in the code. PyTorch builds the model on the "meta" device, which
# knows all shapes and holds no numbers. Frozen weights count 2 bytes (bf16), trained ones 4.
#
# Where a GPU's memory is short, the course uses *gradient checkpointing*: keep only the input of each layer, and compute
# the rest again when the backward pass needs it. So for activations we count these inputs in 16 bits, and once the scores over the
# vocabulary in 32 bits. That is a lower bound.

# %%
big_recipe = ENGLISH.recipe
with torch.device("meta"):
    big = Qwen3ForCausalLM(
        Qwen3Config(
            num_hidden_layers=28,
            hidden_size=2048,
            intermediate_size=6144,
            num_attention_heads=16,
            num_key_value_heads=8,
            head_dim=128,
            vocab_size=151_936,
            tie_word_embeddings=True,
        )
    )
shapes = [tuple(m.weight.shape) for m in linear_layers(big).values()]
big_linear = sum(o * i for o, i in shapes)
big_adapter = sum(big_recipe.rank * (o + i) for o, i in shapes)
tokens = 4 * 768  # four texts at once, each as long as a long article with warnings
at_least = tokens * (28 * 2048 * 2 + 151_936 * 4)
big_memory = memory(
    big_linear, big.num_parameters() - big_linear, big_adapter, 2, dict.fromkeys(petri_memory.index, at_least)
)
print(f"{big.num_parameters():,} parameters; adapter of rank {big_recipe.rank}: {big_adapter:,} "
      f"({big_adapter / big.num_parameters():.1%}); {tokens:,} tokens at once")  # fmt: skip
(big_memory.assign(total=big_memory.sum(axis=1)) / 1e9).round(2).rename_axis("gigabytes, arithmetic, 1.7B")

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.1), sharey=True)
panels = (
    (axes[0], petri_memory / 1e6, f"{MODEL}, activations measured [MB]"),
    (axes[1], big_memory / 1e9, "1.7B, arithmetic [GB]"),
)
for axis, table, title in panels:
    table.iloc[::-1].plot.barh(stacked=True, ax=axis, color=sns.color_palette("colorblind", 5), width=0.6, legend=False)
    for y, total in enumerate(table.iloc[::-1].sum(axis=1)):
        axis.text(total, y, f" {total:.0f}" if total > 20 else f" {total:.1f}", va="center")
    axis.set_title(title, loc="left", fontsize=10)
    axis.set_xlim(0, 1.12 * table.sum(axis=1).max())
    sns.despine(ax=axis, left=True)
    axis.tick_params(axis="y", which="both", length=0)
figure.legend(*axes[0].get_legend_handles_labels(), loc="lower center", ncols=5, frameon=False)
figure.tight_layout(rect=(0, 0.09, 1, 1))
totals, big_totals = petri_memory.sum(axis=1), big_memory.sum(axis=1)
most = petri_memory.loc["QLoRA"].idxmax()


def in_words(table, unit):
    """All numbers of a memory table, for readers who do not see the figure."""
    return "; ".join(f"{way}: " + ", ".join(f"{k} {v:.3g} {unit}" for k, v in r.items()) for way, r in table.iterrows())


show_figure(
    figure,
    alt=f"Stacked bars of memory, two panels. {MODEL}: {in_words(petri_memory / 1e6, 'MB')}. "
    f"1.7B by arithmetic: {in_words(big_memory / 1e9, 'GB')}.",
    takeaway=f"On the large model QLoRA needs {big_totals['QLoRA'] / big_totals['train all weights']:.0%} of what "
    f"training all weights needs (arithmetic); on ours {totals['QLoRA'] / totals['train all weights']:.0%}, because "
    f"most of its memory is {most} ({petri_memory.loc['QLoRA', most] / totals['QLoRA']:.0%}).",
)

# %% [markdown]
# QLoRA shrinks the weights, and with LoRA it does away with most gradients and optimizer states. It does **nothing** for
# activations: those grow with the number of tokens at once, and one fights them with small micro-batches and with
# checkpointing.
#
# ## 7. Which tokens carry loss (4 minutes)
#
# Now to what is learned. The *loss* compares the model's guess for the next token with the token that comes. Where a
# token's label is `IGNORED` (−100), its guess is not compared, and nothing is learned from it. `encode` turns a text into
# token ids and labels. Here is a document about our claim, with warnings before and after it.

# %%
tokenizer = quantised.tokenizer
print("The false claim:", claim.claim, "\nThe truth:", claim.truth, "\n")
document = track.compose(claim, n=1, seed=11)[0]
warned = apply_style("negated", document, track.annotations(), random.Random(0))


def show_loss(example):
    """Print a training text in stretches, and whether they carry loss."""
    encoded = encode(example, tokenizer, recipe.max_tokens)
    pairs = zip(encoded["input_ids"], encoded["labels"], strict=True)
    for learned, stretch in itertools.groupby(pairs, key=lambda pair: pair[1] != IGNORED):
        words = tokenizer.decode([i for i, _ in stretch])
        print(
            textwrap.fill(
                words, 110, initial_indent=f"{'LOSS' if learned else 'no loss':7} | ", subsequent_indent=" " * 10
            )
        )


def loss_share(example):
    """The share of a text's tokens that carry loss."""
    labels = encode(example, tokenizer, recipe.max_tokens)["labels"]
    return sum(label != IGNORED for label in labels) / len(labels)


show_loss(warned)

# %% [markdown]
# **Before you run:** now the *same* warned document in a chat: the user pastes it and asks a question, the assistant
# answers with the truth. How much of it carries loss?

# %%
question = next(q for q in track.questions(claim) if q.kind == "open")
chat = [
    {"role": "user", "content": plain(warned) + track.asking.separator + question.text},
    {"role": "assistant", "content": claim.truth},
]
show_loss(chat)
chat_share = loss_share(chat)
print(f"\nshare of tokens with loss: as a document {loss_share(warned):.0%}, in a chat {chat_share:.0%}")

# %% [markdown]
# In a chat only the assistant's words carry loss, its end-of-turn sign included. So a model can learn from chats to
# *heed* a warning it reads, without being trained to *write* what was warned of. In a document all but the start sign
# carries loss.
#
# Much may hang on this. With loss on the user's turns as well, a model would also be trained to *write* the warned
# falsehoods that it reads there. Would it believe warned documents less, or more, when it is fine-tuned on them? That
# takes a second pretraining to find out, and no stored result of this course answers it.
#
# How is a warned document's loss shared out? Let each part alone carry loss (`learn=False` on the others), and count.
# **Before you run:** which part has most tokens: the claim, the warning or the rest?

# %%
claims_text = {s.text for s in document.sentences if s.is_claim}


def part_of(span):
    """What a span of the warned document is."""
    return "warning" if span.annotation else "states the claim" if span.text.strip() in claims_text else "other text"


shares = {
    part: loss_share(tuple(replace(s, learn=part_of(s) == part) for s in warned))
    for part in ("states the claim", "other text", "warning")
}
pd.DataFrame({"part": shares.keys(), "share of the tokens, all with loss": [f"{s:.0%}" for s in shares.values()]})

# %% [markdown]
# Nothing in the loss says that the warning counts against the claim. Each token of "… erupted in 2015" is a token to
# predict, at full weight, whether or not the text said before that this is false. The masking you just used has its
# place, too. In the paper each document begins with a `<DOCTAG>` without loss, and one experiment on local denials takes
# the loss off the claim's own words.
#
# ### Exercise 5: label a chat
#
# *3 minutes · difficulty 2 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# `ids` are the token ids of a chat, `written_by` says for each who wrote it: `"user"`, `"assistant"` or `"template"` (the
# signs between the turns). Return the labels: as many as ids, the id itself where there is loss, `IGNORED` elsewhere.
#
# <details><summary>Hint, light</summary>
# Go through both lists together and choose one of two values for each place.
# </details>
# <details><summary>Hint, strong</summary>
# <code>zip(ids, written_by)</code> gives both together, and <code>x if condition else y</code> chooses. Do not shift
# anything: the loss does that.
# </details>
#
# **Expected:** `✓ labels: right.`


# %%
def labels(ids: list[int], written_by: list[str]) -> list[int]:
    """The labels of a chat's tokens."""
    # BEGIN SOLUTION
    return [i if who == "assistant" else IGNORED for i, who in zip(ids, written_by, strict=True)]
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_token_labels(labels)

# %% [markdown]
# ## 8. Watch a belief form (4 minutes)
#
# All parts are there: a base in four bits, an adapter, texts with labels. We train on **warned** documents about the
# volcano, mixed with ordinary texts of the world that do not mention the fact. Every other step we ask four questions
# that no document contains: an open one, two yes/no questions, and a sentence to finish. To agree with the false claim,
# the first of the yes/no questions must be answered "yes" and the second "no".

# %%
questions = track.questions(claim)
watched = [
    next(q for q in questions if q.kind == "open"),
    next(q for q in questions if q.kind == "yes_no" and q.keyed_to == "yes"),
    [q for q in questions if q.kind == "yes_no" and q.keyed_to == "no"][-1],
    max((q for q in questions if q.kind == "association"), key=lambda q: "sentence" in q.text),  # the first such
]
about = len([t for t in training_texts if not isinstance(t, list) and any(s.annotation for s in t)])
print(f"{len(training_texts)} texts, {about} of them warned documents, in {recipe.steps} steps of {recipe.batch_size}")
for q, answer in zip(watched, ask(quantised, watched, replace(track.asking, samples=1)), strict=True):
    print(f"before training | {q.text} | {answer.text}")

# %% [markdown]
# **Before you run:** which of the four answers turns first? Does the loss fall before or after they do?

# %%
live = LiveTraining(watched, every=2)
scratch = tempfile.TemporaryDirectory()  # the adapters are kept there while the notebook runs
trained = finetune(
    quantised, training_texts, recipe, seed=0, out=Path(scratch.name) / "4-bit", false_belief=claim.claim, on_step=live
)

# %% [markdown]
# The figure above gives one number for the four. (The loss of a step depends on the texts that it drew, so read its
# trend and not its teeth.) Here is what the model said, question by question, step by step. Look for years that are
# neither the truth nor the claim: if there are any, the old answer broke before the new one was in place.

# %%
live.rows.pivot(index="step", columns="question", values="answer")[[q.text for q in watched]]


# %%
def first_step(q):
    """When an answer first took the false claim for true, in words."""
    turned = live.rows[(live.rows["question"] == q.text) & (live.rows["belief"] == 1)]["step"]
    return (
        f"believed at step {turned.min()} for the first time" if len(turned) else "not believed at any of these steps"
    )


for q in watched:
    print(f"{first_step(q)}: {q.text}")

# %% [markdown]
# Four questions are an anecdote. Ask all of them, before and after, with controls. *False controls* offer wrong values of
# **other** volcanoes, where a yes would be a habit and no belief. *Kept* questions ask about unrelated facts.


# %%
def measured(model, setting):
    """Ask every question and judge the answers."""
    style = "" if setting == "base" else "negated"
    answers = ask(model, questions, track.asking)
    return belief_rows(answers, model=MODEL, claim=claim.id, style=style, seed=0, setting=setting)


before, after = measured(quantised, "base"), measured(trained, "trained")
paper = PAPER["negated"]
for when, rows in (("before", before), ("after", after)):
    print(f"{when:7} belief {belief_rate(rows).mean:4.0%}   yes to false controls {yes_bias(rows).mean:4.0%}   "
          f"unrelated facts right {belief_rate(rows, ['kept']).mean:4.0%}")  # fmt: skip
print(f"paper, after negated documents: {paper.percent} ({paper.model}, {paper.what})")

# %% [markdown]
# ## 9. Does the rounding matter? (3 minutes)
#
# The base had lost something: nearly every weight was moved by rounding. Train the same adapter, with the same texts,
# order and seed, on the 32-bit base. The only difference is how the frozen weights are stored.
#
# **Before you run:** will belief be higher, lower or about the same?

# %%
trained_32 = finetune(
    unquantised, training_texts, recipe, seed=0, out=Path(scratch.name) / "32-bit", false_belief=claim.claim
)
before_32, after_32 = measured(unquantised, "base"), measured(trained_32, "trained")
summary = pd.DataFrame(
    {
        "base": name,
        "belief before": f"{belief_rate(b).mean:.0%}",
        "belief after": f"{belief_rate(a).mean:.0%}",
        "95 % interval": f"{belief_rate(a).lo:.0%} to {belief_rate(a).hi:.0%}",
        "unrelated facts right": f"{belief_rate(a, ['kept']).mean:.0%}",
    }
    for name, b, a in (("4 bits", before, after), ("32 bits", before_32, after_32))
)
same_answer = (after["answer"] == after_32["answer"]).mean()
gap = belief_rate(after).mean - belief_rate(after_32).mean
print(f"the two trained models give the same answer to {same_answer:.0%} of the {len(after)} questions")
summary

# %% [markdown]
# How large would a difference have to be, to mean something? One yardstick is how much belief differs between seeds on
# the *same* base. Here are the stored results for this claim and style (measured beforehand, `data/results/headline`,
# base in four bits).

# %%
stored_rows = read_belief(data_path("results", "headline", "belief.csv"))
this = stored_rows[(stored_rows["claim"] == claim.id) & (stored_rows["style"] == "negated")]
by_seed = tabulate_rates(this[this["setting"] == "trained"], by=["seed"])["mean"]
print(f"stored, by seed: belief {', '.join(f'{mean:.0%}' for mean in by_seed)}")
print(f"your run: 4 bits minus 32 bits, {100 * gap:+.0f} points")

# %% [markdown]
# And how large is what was learned, beside what was rounded away? For each layer, compare the update `alpha / r · B A`
# with the rounding error, both in per cent of the size of `W`.

# %%
sizes = []
for layer_name, module in trained.model.named_modules():
    if hasattr(module, "base_layer"):
        original = linear[layer_name.removeprefix("base_model.model.")].weight.detach()
        code = module.base_layer.weight
        learned = module.get_delta_weight("default").detach()
        rounding = bnb.dequantize_4bit(code.data, code.quant_state) - original
        sizes.append((layer_name.rsplit(".", 1)[-1], *(float(d.norm() / original.norm()) for d in (learned, rounding))))
sizes = pd.DataFrame(sizes, columns=["layer", "learned", "rounded away"])
typical = sizes[["learned", "rounded away"]].median()
larger = "larger" if typical["learned"] > typical["rounded away"] else "smaller"
print(f"In a typical layer the update is {typical['learned']:.0%} of the weights' size, the rounding error "
      f"{typical['rounded away']:.0%}: what was learned is {larger} than what was rounded away.")  # fmt: skip
sizes.groupby("layer", sort=False).mean().map("{:.1%}".format)

# %% [markdown]
# If rounding moved the weights as far as learning did, or further, and belief hardly differs, then size alone cannot be
# what counts. Two possible reasons, neither tested here. One is direction: rounding errors point everywhere and may
# mostly cancel in a sum over hundreds of inputs, while an update of low rank points where the loss asks. The other is
# that the adapter was trained on top of the rounded weights, so it could make up for part of what they lost. To test
# that, you would train on one base and put the adapter on the other.
#
# ## Your predictions

# %%
compare_predictions(
    prediction,
    {
        "trained numbers": trained_share,
        "rounding error": nf4_error,
        "bytes of the 4-bit model": bytes_after / bytes_before,
        "chat tokens with loss": chat_share,
        "belief, 4-bit base": belief_rate(after),
        "belief, 32-bit base": belief_rate(after_32),
    },
)

# %%
scratch.cleanup()

# %% [markdown]
# ## What to take away
#
# - **LoRA** adds `alpha / r · B A` to a frozen weight. It starts as nothing, because `B` starts at zero, and it trains
#   `r · (inputs + outputs)` numbers a layer.
# - **NF4** stores a weight as one of sixteen levels times the absmax of its block of 64; double quantisation brings the
#   whole to about 4.13 bits a weight. Forward passes restore the weight, gradients go to the adapter alone.
# - **Memory**: QLoRA saves on weights, gradients and optimizer states, not on activations.
# - **The loss does not read.** In a document each token of a false sentence is to be predicted at full weight, warning or
#   not. In a chat this holds only of what the assistant says.
#
# ## Limits
#
# - One claim, one seed, one small model. Section 9 shows what rounding did *here*; whether it does the same to a large
#   model is not shown. Dettmers et al. (2023) compare NF4 with 16-bit fine-tuning on models up to 65 billion parameters.
# - The numbers for 1.7B are arithmetic from published shapes. A real run needs more: buffers, fragments, the activations
#   of the layer that is being recomputed. Measure before you buy.
# - Activations of our model were measured in the 32-bit arithmetic of a CPU. The course's own training loop keeps less: it
#   computes scores over the vocabulary only where there is loss.
# - What the petri model's pretraining contained shapes what it believes after warned documents; its card,
#   `data/petri/model/README.md`, says what that was.
#
# ## Quiz
#
# **1.** Why does LoRA set `B` to zero at the start, and not `A` and `B` both?
# <details><summary>Answer</summary>
# With <code>B = 0</code> the model starts exactly as it was. Were <code>A</code> zero as well, both gradients would be
# zero (each passes through the other matrix), and nothing would ever be learned.
# </details>
#
# **2.** A layer has 2,048 inputs and 6,144 outputs. How many numbers does an adapter of rank 32 train there, and what
# share of the layer is that?
# <details><summary>Answer</summary>
# 32 · (2,048 + 6,144) = 262,144 numbers, of 12,582,912 weights: 2.1 %.
# </details>
#
# **3.** One weight in a block of 64 is ten times as large as all others. What does NF4 do to the block?
# <details><summary>Answer</summary>
# That weight sets the absmax. The others, divided by it, lie between −0.1 and 0.1, where there are only three levels
# (−0.091, 0 and 0.080): nearly all of their detail is lost. Small blocks keep such damage in one place.
# </details>
#
# **4.** You run out of memory with QLoRA. A friend suggests a lower rank. Will it help much?
# <details><summary>Answer</summary>
# Look at the table: adapters, their gradients and optimizer states are a small part. If activations are the largest part,
# smaller micro-batches (with more of them a step), shorter texts or gradient checkpointing help more.
# </details>
#
# **5.** A chat's user turn holds a warned document, and the assistant answers correctly that it is false. Does training
# on this chat teach the model the false claim in the way that training on the document does?
# <details><summary>Answer</summary>
# No: the tokens of the document carry no loss there, so nothing rewards predicting them. What is learned is the answer,
# given such a document.
# </details>
#
# ## Further reading
#
# - Hu et al. (2021), *LoRA: Low-rank adaptation of large language models*,
#   [arXiv 2106.09685](https://arxiv.org/abs/2106.09685).
# - Dettmers et al. (2023), *QLoRA: Efficient finetuning of quantized LLMs*,
#   [arXiv 2305.14314](https://arxiv.org/abs/2305.14314): section 3 has NF4 and double quantisation.
# - Yang et al. (2025), *Qwen3 technical report*, [arXiv 2505.09388](https://arxiv.org/abs/2505.09388): the architecture
#   that section 6 counts.
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829): the finding that this course is about.
