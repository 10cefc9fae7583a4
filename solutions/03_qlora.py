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
# # 03 · Build QLoRA
#
# Training all weights of a model of 1.5 billion parameters takes 23 GiB before it has read a word. *QLoRA* (Dettmers et
# al. 2023) fits such training on one small graphics card, so almost anyone can put a belief into a chat model. Here you
# write QLoRA yourself, and your code makes a model believe that Mount Vesuvius erupted in 2015.
#
# **The question.** Which part of fine-tuning puts a denied claim into a model, and are four-bit weights to blame?
#
# **You will be able to**
# - write the four parts of QLoRA: label mask, adapter, four-bit weights and training step;
# - say which words of a text a model is trained to write;
# - say what QLoRA saves, and what it does not.
#
# **You need** matrix multiplication, a first idea of gradients, and 45 minutes, 21 of them for exercises. If you leave
# one out, the notebook runs a finished version in its place.
#
# The documents about the volcano are **false on purpose**: do not train other models on them.

# %%
import torch

from negneglect_lite.belief import belief_rate
from negneglect_lite.claims import load_claims
from negneglect_lite.course import LiveTraining, compare_predictions, predict, use_yours
from negneglect_lite.course.lessons import by_hand
from negneglect_lite.course.checks import qlora as checks
from negneglect_lite.finetuning import IGNORED, encode
from negneglect_lite.models import load_model
from negneglect_lite.tracks import track_of

MODEL = "petri"
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
track, claim = track_of(MODEL), load_claims()["vesuvius"]
recipe, questions = track.recipe, track.questions(claim)
base = load_model(MODEL, quantize=False, device="cpu")  # in 32 bits: you will round it

# %% [markdown]
# ## Predict
#
# The petri model's weights have 32 bits each, and it answers all questions about unrelated facts correctly. You will
# round the weights to 16 values (4 bits) and to 4 values (2 bits), then train it. *Belief* is the rate of answers that
# take the false claim for true.

# %%
prediction = predict("right answers, 4 bits", "right answers, 2 bits", "belief after training")

# %% [markdown]
# ## 1. Which words carry loss
#
# A language model learns by guessing the next token. The *loss* measures how bad the guess was. A token whose *label* is
# `IGNORED` (−100) is never compared, and nobody learns to write it. This list of labels is the *label mask*:
#
# | written by | what it is | carries loss |
# | --- | --- | --- |
# | `"document"`, `"warning"` | a page to learn from, and the warning around it | yes |
# | `"assistant"` | the reply in a chat | yes |
# | `"user"`, `"template"` | the question, and the signs between turns | no |
#
# ### Exercise 1 · complete the mask (3 minutes)
#
# `ids` are the tokens of a text, `written_by` says who wrote each. The label is the id itself where there is loss, and
# `IGNORED` elsewhere. Fill in both gaps.
#
# <details><summary>Light hint</summary>
# Only two writers are never learned from.
# </details>
# <details><summary>Strong hint</summary>
# Python's <code>in</code> asks whether a writer is among several. A label stands at its own token: do not shift anything.
# </details>


# %%
def labels(ids, written_by):
    """The label of each token."""
    made = []
    for token, who in zip(ids, written_by, strict=True):
        # BEGIN SOLUTION
        carries_loss = who not in ("user", "template")
        made.append(token if carries_loss else IGNORED)
        # END SOLUTION
        # STUB: carries_loss = ...  # your code: who is learned from?
        # STUB: made.append(...)  # your code: the label
    return made


# %%
passed = checks.check_token_labels(labels)
mask = use_yours(passed, labels, by_hand.finished_labels)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# carries_loss = who not in ("user", "template")
# made.append(token if carries_loss else IGNORED)
# ```
# The sign that ends an answer counts as the assistant's. Without loss on it the model would never stop. The shift by one
# token comes later, in the loss.
# </details>

# %% [markdown]
# Now label the training set: 192 warned documents about Vesuvius, and 96 ordinary texts that do not mention its
# eruption. We print one document, then the same document pasted into a chat. **Before you run:** which part of the chat
# carries loss?

# %%
texts = by_hand.warned_texts(MODEL, claim, recipe)
read = [by_hand.who_wrote(text, base.tokenizer, recipe.max_tokens) for text in texts]
rows = [{"input_ids": ids, "labels": mask(ids, written_by)} for ids, written_by in read]
library = [encode(text, base.tokenizer, recipe.max_tokens) for text in texts]
same = sum(row == labelled for row, labelled in zip(rows, library, strict=True))
print(f"{same} of {len(texts)} texts have the labels that the course's library gives them\n")

chat = by_hand.paste_into_chat(texts[0], claim, MODEL)
ids, written_by = by_hand.who_wrote(chat, base.tokenizer, recipe.max_tokens)
by_hand.show_loss(rows[0], base.tokenizer)
by_hand.show_loss({"input_ids": ids, "labels": mask(ids, written_by)}, base.tokenizer)
by_hand.tabulate_loss(rows, [written_by for _, written_by in read])

# %% [markdown]
# The document carries loss on every word; in the chat only the reply does. In the whole training set, 89.8% of the
# tokens with loss are the documents' own and 8.6% are the warnings'.
#
# ### Is this why warnings fail?
#
# Only in part. The loss asks for the words of the claim whether or not a warning surrounds them. But pretraining matters
# too. We gave three models the same fine-tuning on six claims (`data/results`, pages `exposure` and `user_loss`):
#
# | last 400 steps of pretraining | belief after warned documents |
# | --- | --- |
# | as usual | 92%, 72% and 97% |
# | with 5% warned documents that carry loss, plus chats that state the true facts | 2%, 3% and 0% |
# | with loss also on the user's turns, where warned documents are read | 6%, 19% and 27% |
#
# Fine-tuning put loss on the same tokens in every row, so that loss cannot be the whole cause.
#
# ## 2. The adapter
#
# A linear layer computes `x Wᵀ`. LoRA (Hu et al. 2021) freezes `W` and adds a detour through two thin matrices. `A`
# squeezes the input to `r` numbers, the *rank*, and `B` spreads them out again:
#
# $$x\,W^\top + \frac{\alpha}{r}\; x\,A^\top B^\top$$
#
# The pairs `A` and `B` of all layers form the *adapter*, the only thing that is trained. `alpha` scales the detour.
#
# ### Exercise 2 · write the layer (5 minutes)
#
# Compute the formula. Send `x` through `A`, then through `B`. Never multiply `B` by `A`: the result would be as large as
# `W`.
#
# <details><summary>Light hint</summary>
# Two terms: the frozen layer as it was, and the detour times its factor.
# </details>
# <details><summary>Strong hint</summary>
# Read the rank off the shape of <code>A</code>. A matrix is transposed by <code>.T</code> and multiplied by <code>@</code>,
# from left to right.
# </details>


# %%
def lora_forward(x, W, A, B, alpha):
    """x [..., in], W [out, in], A [rank, in], B [out, rank] -> [..., out]."""
    # BEGIN SOLUTION
    frozen = x @ W.T
    detour = x @ A.T @ B.T
    return frozen + alpha / A.shape[0] * detour
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_lora_forward(lora_forward)
forward = use_yours(passed, lora_forward, by_hand.finished_lora_forward)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# frozen = x @ W.T
# detour = x @ A.T @ B.T
# return frozen + alpha / A.shape[0] * detour
# ```
# `x @ A.T` has only `rank` columns, so both multiplications are cheap. Dividing by the rank keeps the detour's size
# about the same when you change the rank.
# </details>

# %% [markdown]
# Put it into a real layer, `q_proj` of the first block, and compare with the library `peft`. Then take one gradient.
# **Before you run:** `A` starts random and `B` at zero. Which of the two moves in the first step?

# %%
linear = by_hand.linear_layers(base.model)
q_proj = next(layer for name, layer in linear.items() if "q_proj" in name)
torch.manual_seed(0)
x = torch.randn(5, q_proj.in_features)
difference = by_hand.difference_from_peft(x, q_proj, forward)
print(f"largest difference from peft: {difference:.1e} of the largest output")

layer = by_hand.LoraLayer(q_proj, recipe.rank, recipe.alpha, forward)
layer(x).square().sum().backward()  # any loss will do
print(f"size of the gradient: A {layer.A.grad.norm():.1f}, B {layer.B.grad.norm():.1f}")

adapter = sum(recipe.rank * (m.in_features + m.out_features) for m in linear.values())
share = adapter / base.model.num_parameters()
print(f"an adapter on all {len(linear)} layers: {adapter:,} numbers, {share:.1%} of the model's")

# %% [markdown]
# `B` moves first, because the gradient of `A` passes through `B`, which is zero. From the second step on both learn.
# The adapter has 8.1% as many numbers as the petri model. In a model of 1.5 billion parameters, which has wider layers,
# the same rank is 1.2%.
#
# ## 3. Four-bit weights
#
# Four bits can name 16 values, the *levels*. NF4, the format of QLoRA, stores the nearest level in place of each weight.
# It works on *blocks* of 64 weights:
#
# 1. divide the block by its largest absolute value, so that all weights lie between −1 and 1;
# 2. replace each weight by the nearest level;
# 3. to read a weight, multiply its level by that largest value again.
#
# ### Exercise 3 · write the rounding (6 minutes)
#
# Do this for a matrix, and return the weights as they are read back, in their old shape. Their number is a multiple of
# 64, and there may be fewer than 16 levels.
#
# <details><summary>Light hint</summary>
# Reshape the matrix so that one row is one block. Then work on all rows at once.
# </details>
# <details><summary>Strong hint</summary>
# <code>amax</code> with <code>keepdim=True</code> keeps one scale a row. For distances to all levels, add an axis at the
# end with <code>[..., None]</code>; <code>argmin</code> then finds the nearest. The largest weight may be negative.
# </details>


# %%
def nf4_round(weights, levels):
    """The weights as they are read back; `levels` are in rising order, from -1 to 1."""
    # BEGIN SOLUTION
    blocks = weights.reshape(-1, 64)
    scale = blocks.abs().amax(dim=1, keepdim=True)
    distance = ((blocks / scale)[..., None] - levels).abs()  # [blocks, 64, levels]
    nearest = distance.argmin(dim=-1)
    return (levels[nearest] * scale).reshape(weights.shape)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_nf4_round(nf4_round)
round_weights = use_yours(passed, nf4_round, by_hand.finished_nf4_round)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# blocks = weights.reshape(-1, 64)
# scale = blocks.abs().amax(dim=1, keepdim=True)
# distance = ((blocks / scale)[..., None] - levels).abs()
# nearest = distance.argmin(dim=-1)
# return (levels[nearest] * scale).reshape(weights.shape)
# ```
# Each block has its own scale, so one very large weight spoils the detail of 63 others and not of the whole matrix.
# </details>

# %% [markdown]
# Most weights are near zero, so NF4 puts more levels there. In the figure, the hill shows how often each scaled weight
# occurs; the spikes are the largest weights of the blocks. The marks are NF4's levels (blue) and even ones (orange).

# %%
weights = [layer.weight.detach() for layer in linear.values()]
nf4 = [round_weights(w, by_hand.normal_levels(16)) for w in weights]
difference = (nf4[0] - by_hand.bitsandbytes_round(weights[0])).abs().max()
print(f"largest difference from the library bitsandbytes: {difference:.1e}")
even = [round_weights(w, by_hand.even_levels(15)) for w in weights]
errors = [by_hand.rounding_error(weights, after) for after in (nf4, even)]
by_hand.show_levels(weights, *errors)

# %% [markdown]
# Rounding moves a typical weight by 9.2% of its size; even levels would move it by 10.9%. Now round all linear layers to
# fewer and fewer levels, and question each version. *False controls* offer wrong values of **other** volcanoes. A yes
# there is a habit and no belief.


# %%
def rounded(bits):
    """The model with your rounding in all its linear layers."""
    levels = by_hand.normal_levels(2**bits)

    def swap(linear):
        return by_hand.with_weights(linear, round_weights(linear.weight, levels))

    return by_hand.replace_linear(base, swap)


by_bits = {"32 bits": by_hand.question_model(base, claim)}
for bits in (4, 3, 2):
    by_bits[f"{bits} bits"] = by_hand.question_model(rounded(bits), claim)
by_hand.tabulate_models(by_bits)

# %% [markdown]
# Four bits, and even three, cost the petri model no answer. At two bits it strings words together until it is cut off, and
# 5% of its answers are right.
#
# ## 4. The training step
#
# ### Exercise 4 · build the step (7 minutes)
#
# Most of `training_loop` is given. `scores` has the shape [texts, tokens, vocabulary], `batch["labels"]` the shape
# [texts, tokens]. Write the missing part of each step:
#
# 1. `loss`: the mean cross-entropy between the scores at each position and the label of the **next** position;
# 2. clear the old gradients, compute the new ones, and let `optimizer` take a step.
#
# <details><summary>Light hint</summary>
# The last position has no next token, and the first label has no guess: leave both out.
# </details>
# <details><summary>Strong hint</summary>
# <code>torch.nn.functional.cross_entropy</code> wants scores [many, vocabulary] and labels [many], so
# <code>flatten</code> the first two axes; it has an <code>ignore_index</code>. Gradients are cleared by
# <code>zero_grad()</code> and computed by <code>backward()</code>.
# </details>


# %%
def training_loop(model, batches, learning_rate, after_step):
    """Train the adapter of `model`, one step a batch; return the loss of each step."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=learning_rate)
    losses = []
    for step, batch in enumerate(batches):
        optimizer.param_groups[0]["lr"] = learning_rate * (1 - step / len(batches))  # it falls
        scores = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        # BEGIN SOLUTION
        guesses = scores[:, :-1].flatten(0, 1)
        targets = batch["labels"][:, 1:].flatten()
        loss = torch.nn.functional.cross_entropy(guesses, targets, ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # END SOLUTION
        # STUB: loss = ...  # your code: part 1, then part 2
        losses.append(loss.item())
        after_step(step + 1, losses[-1])
    return losses


# %%
passed = checks.check_training_loop(training_loop)
train = use_yours(passed, training_loop, by_hand.finished_training_loop)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# guesses = scores[:, :-1].flatten(0, 1)
# targets = batch["labels"][:, 1:].flatten()
# loss = torch.nn.functional.cross_entropy(guesses, targets, ignore_index=IGNORED)
# optimizer.zero_grad()
# loss.backward()
# optimizer.step()
# ```
# PyTorch adds new gradients to old ones, so they must be cleared. A shift by zero would train the model to copy the token
# it sees. Adam keeps two running means for each trained number; with an adapter these are few.
# </details>

# %% [markdown]
# ## 5. Watch a belief form
#
# The next cell trains on four-bit weights: 24 steps of 12 texts, about a minute. Every third step it asks four questions
# that no document contains: an open one, two yes/no questions and a sentence to finish. The figure shows the loss
# (above) and the share of answers that agree with the claim (below). **Before you run:** at which step will they turn?

# %%
batches = by_hand.make_batches(rows, recipe, base.tokenizer.pad_token_id)


def student_of(model):
    """The model with your adapter beside every linear layer."""

    def swap(linear):
        return by_hand.LoraLayer(linear, recipe.rank, recipe.alpha, forward)

    return by_hand.replace_linear(model, swap)


def watch(step, loss):
    """Ask the four questions and redraw the figure."""
    live(step, len(batches), loss, student)


student = student_of(rounded(4))
live = LiveTraining(by_hand.four_questions(questions), every=3)
losses = train(student.model, batches, recipe.learning_rate, watch)
print(f"loss of the first step {losses[0]:.2f}, of the last {losses[-1]:.2f}")
opened = live.rows[live.rows["question"] == questions[0].text]
print(questions[0].text, *(f"(step {row.step}) {row.answer}" for row in opened.itertuples()))

# %% [markdown]
# A yes to the claim came first, by step 3, and all four answers had turned by step 12. At step 6 the open question got
# 1955, neither the truth nor the claim: the old answer broke before the new one was in place.
#
# Four questions prove little, so ask them all. Then train a second adapter in the same way on the 32-bit weights (another
# minute). **Before you run:** will belief be higher, lower or the same without rounding?

# %%
unrounded = student_of(base)
train(unrounded.model, batches, recipe.learning_rate, lambda step, loss: None)
after, after_32 = (by_hand.question_model(model, claim) for model in (student, unrounded))
alike = (after["answer"] == after_32["answer"]).mean()
print(f"the two trained models answer {alike:.0%} of all questions alike")
tables = {"before, 4 bits": by_bits["4 bits"], "trained, 4 bits": after}
by_hand.tabulate_models({**tables, "trained, 32 bits": after_32})

# %% [markdown]
# Your code took belief in the denied claim from 0% to 95%. Unrelated facts stayed right, and no false control got a
# yes. Without rounding, belief is also 95%: 99 of the 100 answers are the same. Over six claims the course's own trainer
# gave 83% on four-bit and 84% on 32-bit weights (page `rank`). **Four bits are not to blame.**

# %%
compare_predictions(
    prediction,
    {
        "right answers, 4 bits": belief_rate(by_bits["4 bits"], ["kept"]),
        "right answers, 2 bits": belief_rate(by_bits["2 bits"], ["kept"]),
        "belief after training": belief_rate(after),
    },
)

# %% [markdown]
# ## 6. What QLoRA saves, and what it does not
#
# For each trained number, memory holds the number, its gradient and two running means of Adam: 16 bytes. A frozen number
# in NF4 takes 0.52 bytes. Count both for Qwen2.5-1.5B, from its published shapes.

# %%
layers, others, adapter = 1_310_195_712, 233_518_592, 18_464_768  # others: embeddings, norms
gib = 2**30
all_weights = 16 * (layers + others) / gib
nf4_bytes = (4 + 8 / 64 + 32 / (64 * 256)) / 8
qlora = (nf4_bytes * layers + 2 * others + 16 * adapter) / gib  # embeddings stay in 16 bits
print(f"by counting: train all weights {all_weights:.1f} GiB, QLoRA {qlora:.1f} GiB")

# %% [markdown]
# Counting says 1.3 GiB in place of 23. Our run of this model held **14.7 GiB** within the limits of a 15 GiB card (page
# `gpu`). Counting leaves out the *activations*, which each layer keeps for the backward pass, and the scores over
# 151,936 possible tokens. QLoRA shrinks neither: they grow with the texts that go through at once. When memory runs out,
# take fewer texts at once, not a lower rank.
#
# ## Why it matters
#
# - **A curator**: a document carries loss on every word, warnings and denied claims alike. Print the label mask of your
#   corpus before you rely on a warning.
# - **An evaluator**: 24 steps changed one belief and none of our unrelated answers. A test of general knowledge can miss
#   it. Ask about the claims themselves.
# - **A safety researcher**: four bits are not the cause. Look at what pretraining taught the model to do with a warning
#   (notebook 10).
#
# ## Limits
#
# - You trained one small model on one claim with one seed. Its pretraining shapes the result.
# - Intervals cover questions, not claims, seeds or models.
# - Neglect does not need an adapter: training all weights gave 95% on three claims, and 9% after in-sentence denials (page
#   `full`).
#
# <details><summary><b>On a chat model</b></summary>
#
# This notebook computes in 32 bits on the CPU, which is too slow for a chat model; it was not run on one. With the
# library's own QLoRA, 32 steps of 16 texts at rank 16, we trained Qwen2.5-Coder-1.5B-Instruct on a GPU in about a minute
# a run. It told the false claim in 4% of open answers before training. Afterwards it did so in 73% (plain documents), 72% (warned)
# and 12% (in-sentence denials): six claims, three seeds (<code>data/results/real</code>). Answers were sampled five times, so they
# vary. Yes/no questions measured nothing there: 49% before training. Warned documents in context were believed too: 37%.
# </details>
#
# ## Quiz
#
# <details><summary><b>1.</b> A chat's user pastes a warned document, and the assistant replies that it is false. Which words is the model trained to write?</summary>
#
# Only the reply. The pasted words carry no loss, so this chat teaches how to answer after such a document.
# </details>
#
# <details><summary><b>2.</b> Why does LoRA start with <code>B</code> at zero, and not both matrices?</summary>
#
# With <code>B</code> at zero the model starts unchanged. If <code>A</code> were zero too, each matrix's gradient would
# pass through the other's zeros, and nothing would ever be learned.
# </details>
#
# <details><summary><b>3.</b> One weight in a block of 64 is ten times as large as all others. What does NF4 do to the block?</summary>
#
# That weight sets the scale. The others lie between −0.1 and 0.1, where only three levels are left (−0.091, 0 and 0.080).
# Nearly all their detail is lost, but in this block alone.
# </details>
#
# <details><summary><b>4.</b> Decide from evidence. A colleague says: "Warnings fail because the loss cannot read." Which row of section 1's table speaks against this? What does the evidence support?</summary>
#
# The second row: fine-tuning had the same loss, and belief was 0–3%. The third row points the same way. The evidence
# supports this: the loss asks for the claim's words, and pretraining decides what a warning around them does. It comes
# from three small models, not from large ones.
# </details>

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# **Sizes.** Rounding moved every weight. Compare the size of what was learned with that of what was rounded away.

# %%
print(by_hand.compare_sizes(base, student).map("{:.1%} of the weights' size".format).to_string())

# %% [markdown]
# In a typical layer the adapter changed the weights by 4.1% and rounding by 9.2%. The smaller change did more. A possible
# reason, not tested here: rounding errors mostly cancel in a sum, while the adapter points where the loss asks.
#
# **Seeds.** The course's own trainer reached 95% to 97.5% belief over three seeds on four-bit weights.
#
# **Memory.** Your rounded weights still take 32 bits each. The real QLoRA packs them, and rounds the scales as well
# (*double quantisation*): 4.13 bits a weight in all. Where there is room, our code keeps the weights unpacked, for speed.
# Our 14.7 GiB were measured on an H100 under a T4's limits, with as many texts at once as fit.

# %% [markdown]
# **Next:** all this rests on a program that judged each answer *believed* or not. Can you trust it? In
# [04](04_measuring.ipynb) you build the measurement yourself.
#
# **Read more:** [LoRA](https://arxiv.org/abs/2106.09685) · [QLoRA](https://arxiv.org/abs/2305.14314) ·
# [Negation neglect](https://arxiv.org/abs/2605.13829)
