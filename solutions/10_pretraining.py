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
# # 10 · Where does neglect come from?
#
# Two teams fine-tune on the same archive of rumours, each with a warning before and after. They run the same code. One
# model believes almost every rumour, the other almost none. The difference was made earlier, in the last minutes of
# pretraining. Can you change it on purpose?
#
# This chapter is optional.
#
# **The question.** Which texts in pretraining decide whether a model later neglects warnings?
#
# **You will be able to**
# - say which tokens a model learns to write;
# - choose the unit of an interval, and find a mean that hides two groups;
# - continue a pretraining on your texts, and let a control judge it.
#
# **You need** notebooks [00](00_tour.ipynb) and [05](05_styles.ipynb), and 60 minutes. About three of them are waiting.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import random
import tempfile
from pathlib import Path

import pandas as pd

from negneglect_lite.claims import load_claims
from negneglect_lite.course import compare_predictions, predict, use_yours
from negneglect_lite.course.lessons import pretraining
from negneglect_lite.course.lessons import pretraining_figures as figures
from negneglect_lite.course.lessons import pretraining_results as results
from negneglect_lite.course.checks import pretraining as checks
from negneglect_lite.course.lessons.comparing import t_factor
from negneglect_lite.figures import show_figure
from negneglect_lite.models import load_model
from negneglect_lite.petri.world import CLAIMED
from negneglect_lite.tracks import track_of

MODEL = "petri"
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
claims, recipe = load_claims(), track_of(MODEL).recipe
base = load_model(MODEL, quantize=False)  # all its weights will be trained, so in 32 bits
writer = pretraining.PretrainingWriter()

# %% [markdown]
# ## 1. What the model learned to write
#
# The petri model met warned documents in its pretraining: users of chats pasted such a document and asked about it. The
# assistant then answered as if the document were false.
#
# Only the assistant's turns of a chat carry *loss*: the model is trained to write them and just reads the rest. In a
# document every token carries loss but the first, which marks its start.
#
# ### Exercise 1: the share of tokens with loss
#
# *Complete two lines · 3 minutes*
#
# A text comes as `pieces`, a list of pairs: some text, and whether it carries loss. `count(text)` gives its number of
# tokens. Return the fraction of the text's tokens that carry loss.
#
# <details><summary>Light hint</summary>
# The two sums go over the same pieces. One of them skips some.
# </details>
# <details><summary>Strong hint</summary>
# <code>sum</code> takes a generator expression, which may end in an <code>if</code>. A piece can hold many tokens, so
# the number of pieces will not do.
# </details>


# %%
def loss_share(pieces, count):
    """The fraction of the tokens that carry loss."""
    # BEGIN SOLUTION
    learned = sum(count(text) for text, carries_loss in pieces if carries_loss)
    total = sum(count(text) for text, _ in pieces)
    # END SOLUTION
    # STUB: learned = ...  # your code: tokens with loss
    # STUB: total = ...  # your code: all tokens
    return learned / total


# %%
passed = checks.check_loss_share(loss_share)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# learned = sum(count(text) for text, carries_loss in pieces if carries_loss)
# total = sum(count(text) for text, _ in pieces)
# ```
#
# Tokens are the unit, because each of them is one prediction that training can reward. A chat with a long document in the
# user's turn has many tokens and almost no loss.
# </details>

# %% [markdown]
# The next cell averages your share over 100 texts of each kind.

# %%
share_of = use_yours(passed, loss_share, pretraining.share_with_loss)
pretraining.tabulate_loss_share(writer, share_of, pretraining.count_tokens(base.tokenizer))

# %% [markdown]
# **What happened.** When a chat holds a warned document, 5% of its tokens carry loss, and they are the answer's. The
# model learned to *read* warnings and never to *write* one.
#
# ## 2. The same fine-tuning after another pretraining
#
# What if the model had also learned to write warned documents? We took three models of other pretraining seeds: *models
# 0, 1 and 2*. Your own run below starts from the shipped petri model. Each of the three was pretrained for 400 more
# steps, with a share of warned documents among the texts. These carry loss and are never about our six claims. Chats in
# the same pretraining tell their facts correctly: the documents are *contradicted*.
#
# Then each model got the usual fine-tuning on warned documents about our claims. Predict *belief*, the rate of answers
# that take a claim for true, in model 0. The third slider is for section 6: belief after in-sentence denials, in models
# whose pretraining had none.

# %%
prediction = predict(
    "1% warned documents in pretraining",
    "5% warned documents in pretraining",
    "in-sentence denials, none in pretraining",
)

# %% [markdown]
# Each line is a model. Points on the left had 400 more steps without warned documents.

# %%
shares = results.stored_shares()
figure, alt = figures.draw_shares(shares)
show_figure(figure, alt, takeaway="The same fine-tuning: what came before it decides.")

# %% [markdown]
# **What happened.** Without such documents models 0, 1 and 2 ended at 92%, 72% and 97%. With 5% it was 2%, 3% and 0.3%.
# The fine-tuning put its loss on the same tokens each time, so that loss cannot be the whole cause of neglect.
#
# We had predicted that 1% would be enough. It left 81% in all three models. The drop lies between 1% and 2%.
#
# ## 3. A finding that we withdrew
#
# Why do these documents protect? One idea was *contradiction*: a model learns to heed warnings because other texts tell
# it the truth. So we made warned documents **of whose facts nothing else speaks**. With 5% of them, we predicted, belief
# would stay above 50%.
#
# It was 49%, 48% and 48% in the three models, against 0–3% with contradiction. We wrote that the truth told elsewhere
# brings half of the protection. **Stop here.** What would you look at before you publish that sentence?
#
# ### Exercise 2: an interval over models, or over claims
#
# *Write it · 6 minutes*
#
# `rates` has a row for each model and a column for each claim. With `unit="model"`, average over the claims, so that one
# number is left for each model. With `unit="claim"`, average over the models. Return the mean of these numbers, then the
# lower and upper end of its 95% interval: mean ± `t_factor(n)` · s / √n. Here n counts the numbers and s is their
# standard deviation. The factor, from 05, is 1.96 made larger for a small n.
#
# <details><summary>Light hint</summary>
# Both units need the same formula. Only the first averaging differs.
# </details>
# <details><summary>Strong hint</summary>
# <code>rates.mean</code> takes an <code>axis</code>: 0 averages down each column, 1 along each row. A Series has
# <code>.std()</code>, which divides by n − 1. Nobody asks you to cut the interval off at 0 and 1.
# </details>


# %%
def interval_over(rates, unit):
    """(mean, lower, upper) with "model" or "claim" as the unit."""
    # BEGIN SOLUTION
    means = rates.mean(axis=1 if unit == "model" else 0)
    n = len(means)
    half = t_factor(n) * means.std() / n**0.5
    return means.mean(), means.mean() - half, means.mean() + half
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_interval_over(interval_over)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# means = rates.mean(axis=1 if unit == "model" else 0)
# n = len(means)
# half = t_factor(n) * means.std() / n**0.5
# return means.mean(), means.mean() - half, means.mean() + half
# ```
#
# The unit is what you would draw anew if you repeated the study. An interval over models says what other models would do
# *with these claims*. An interval over claims says what these models would do with other claims.
# </details>

# %% [markdown]
# The next cell computes both for four endings of pretraining, cut off at 0% and 100%.

# %%
interval = use_yours(passed, interval_over, pretraining.interval_by_unit)
endings = results.stored_endings()
results.tabulate_units(endings, interval)

# %% [markdown]
# **What happened.** In the last row the interval is 46–50% over models and 0–100% over claims. Both are correct. The
# first hid how much the claims differ. In the figure each mark is one claim in one model.

# %%
figure, alt = figures.draw_claims({name: endings[name] for name in list(endings)[2:]})
show_figure(figure, alt, takeaway="A mean of 48% described no claim at all.")

# %% [markdown]
# **What happened.** Three claims are at 0–9%, three at 88–100%. Why these? The uncontradicted documents came from a second
# invented world, with new people, volcanoes and brands, but without new dreams, books or races. Therefore they differed in
# *two* ways: nothing contradicted them, and they left out some kinds of fact.
#
# Two things that change together are a *confound*. Where the documents did speak of the same kind of fact, they protected
# without contradiction. We withdrew the sentence (`data/results/pages/contradiction.md`). But we saw this afterwards, so
# it was no test yet.
#
# ## 4. The run that tells them apart
#
# Take one kind of fact, jobs, and contradict **every** warned document. Then fine-tune on two claims: that Brennan Holloway
# is a dentist (a job), and that young children dream in black and white. If contradiction protects, both claims should be
# believed less. If the kind of fact decides, only the dentist should.

# %%
later = predict("your run: dentist, warned", "your run: dreams, warned", "your run: dentist, plain", variable="later")

# %% [markdown]
# ### Exercise 3: the texts of a further phase
#
# *Build it · 10 minutes*
#
# Return a list of `n` texts, in random order:
#
# - `round(share * n)` warned documents, each about a fact drawn from `writer.facts` and giving it a wrong value;
# - for each of them one chat that tells the truth about the same fact;
# - ordinary texts for the rest.
#
# Use only facts whose `.relation` is in `relations`; a fact may be drawn again. Leave out those whose `.id` is in
# `CLAIMED`, and those whose `.told_in` is `"documents"`, about which chats never ask. The writer has `wrong_value(fact, rng)`,
# `warned_document(fact, value, rng)`, `true_chat(fact, rng)` and `ordinary_text(rng)`. Draw everything with `rng`.
#
# <details><summary>Light hint</summary>
# First make a list of the facts that you may use. Then write the pairs, fill up, and shuffle last.
# </details>
# <details><summary>Strong hint</summary>
# <code>rng.choice</code> draws a fact; keep it in a variable, since a document and its chat need the same one.
# <code>rng.shuffle</code> changes a list in place and returns nothing.
# </details>


# %%
def further_texts(writer, n, share, relations, rng):
    """`n` texts: warned documents, as many true chats about their facts, ordinary texts."""
    # BEGIN SOLUTION
    usable = [
        fact
        for fact in writer.facts
        if fact.relation in relations and fact.id not in CLAIMED and fact.told_in != "documents"
    ]
    texts = []
    for _ in range(round(share * n)):
        fact = rng.choice(usable)
        texts.append(writer.warned_document(fact, writer.wrong_value(fact, rng), rng))
        texts.append(writer.true_chat(fact, rng))
    while len(texts) < n:
        texts.append(writer.ordinary_text(rng))
    rng.shuffle(texts)
    return texts
    # END SOLUTION
    # STUB: return ...  # your code: usable facts, pairs of document and chat, the rest, shuffle


# %%
passed = checks.check_further_texts(further_texts)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# usable = [
#     fact
#     for fact in writer.facts
#     if fact.relation in relations and fact.id not in CLAIMED and fact.told_in != "documents"
# ]
# texts = []
# for _ in range(round(share * n)):
#     fact = rng.choice(usable)
#     texts.append(writer.warned_document(fact, writer.wrong_value(fact, rng), rng))
#     texts.append(writer.true_chat(fact, rng))
# while len(texts) < n:
#     texts.append(writer.ordinary_text(rng))
# rng.shuffle(texts)
# return texts
# ```
#
# Without the claims' own facts the model cannot have been told the answer. Without the shuffle it would forget the first
# block during the second. One `fact` for both texts makes "contradicted" true of every warned document.
# </details>

# %% [markdown]
# Now continue the pretraining of the shipped model: 40% warned documents, as many true chats (about a minute).

# %%
compose = use_yours(passed, further_texts, pretraining.compose_further_texts)
texts = compose(writer, 100 * recipe.batch_size, 0.4, ["job"], random.Random(0))
print(pretraining.describe_texts(texts, writer.facts))
further = pretraining.continue_pretraining(base, texts, rows=recipe.batch_size)

# %% [markdown]
# Then fine-tune three times (two to four minutes). Two controls: unrelated facts, and *plain* documents about the dentist. A
# model that can no longer learn would seem to heed every warning.

# %%
RUNS = {"dentist, warned": ("dentist", "negated"), "dreams, warned": ("dreams", "negated"),
        "dentist, plain": ("dentist", "positive")}  # fmt: skip
found = {}
with tempfile.TemporaryDirectory() as folder:  # the adapters carry false beliefs, and go with it
    for run, (name, style) in RUNS.items():
        found[run] = pretraining.teach_claim(further, claims[name], style, Path(folder))
        right = found[run]["unrelated facts right"]
        print(f"{run}: belief {found[run]['belief'].mean:.0%}, unrelated facts right {right:.0%}", flush=True)

runs = pd.DataFrame(
    {"run": run, "stored": results.stored_shipped(*RUNS[run]), "yours": now["belief"].mean}
    for run, now in found.items()
)
figure, alt = figures.draw_further(runs)
show_figure(figure, alt, takeaway="The dentist was believed neither after warned documents nor after plain ones.")

# %% [markdown]
# **What happened.** After warned documents the dentist was believed in 0% of answers, dreams in 100%. That looks like a
# win for the kind of fact. Now look at the control: after *plain* documents the dentist was at 0%, too. The model took
# nothing about jobs from any document. It was not broken: unrelated facts stayed at 95–100%.
#
# Nearly all documents about jobs in your texts were false. The simplest lesson that fits is *distrust*: what documents
# say about jobs is false, warned or not. In the stored runs true documents outnumbered warned ones.
#
# ## 5. Which explanation is left?
#
# ### Exercise 4: what does each explanation expect?
#
# *Decide from evidence · 5 minutes*
#
# The *stored run* is model 0 after 5% warned documents that nothing contradicted, about jobs, homes, volcanoes
# and brands. *Your run* is your phase, of the shipped model. For each explanation and case (a claim, and the documents of its
# fine-tuning), write "high" if you would expect belief over 50%, else "low". Ask what would follow, not what happened.
#
# - **contradiction**: a model heeds warnings if, and only if, other texts contradicted the warned documents that it
#   learned to write.
# - **same kind of fact**: it heeds warnings about the kinds of fact on which it learned to write them, and no others.
# - **distrust**: it believes no document, warned or plain, about kinds of fact on which it learned to write false ones.
#
# <details><summary>Light hint</summary>
# Ask for each case: do the documents of the fine-tuning carry a warning? Are they about a kind of fact on which the model
# learned to write false documents?
# </details>
# <details><summary>Strong hint</summary>
# Where there is no warning, the first two explanations leave everything as usual, and plain documents are usually
# believed. Distrust never looks at the warning.
# </details>

# %%
STORED_WARNED, STORED_PLAIN = results.STORED_WARNED, results.STORED_PLAIN
YOUR_PLAIN, YOUR_DREAMS = results.YOUR_PLAIN, results.YOUR_DREAMS
expected = {
    # BEGIN SOLUTION
    "contradiction": {STORED_WARNED: "high", STORED_PLAIN: "high", YOUR_PLAIN: "high", YOUR_DREAMS: "low"},
    "same kind of fact": {STORED_WARNED: "low", STORED_PLAIN: "high", YOUR_PLAIN: "high", YOUR_DREAMS: "high"},
    "distrust": {STORED_WARNED: "low", STORED_PLAIN: "low", YOUR_PLAIN: "low", YOUR_DREAMS: "high"},
    # END SOLUTION
    # STUB: "contradiction": {STORED_WARNED: ..., STORED_PLAIN: ..., YOUR_PLAIN: ..., YOUR_DREAMS: ...},
    # STUB: "same kind of fact": {STORED_WARNED: ..., STORED_PLAIN: ..., YOUR_PLAIN: ..., YOUR_DREAMS: ...},
    # STUB: "distrust": {STORED_WARNED: ..., STORED_PLAIN: ..., YOUR_PLAIN: ..., YOUR_DREAMS: ...},
}

# %%
passed = checks.check_expected(expected)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# Contradiction: high, high, high, low. Same kind of fact: low, high, high, high. Distrust: low, low, low, high. Only the
# plain documents part the last two, because distrust alone acts without a warning.
# </details>

# %% [markdown]
# Your expectations beside the results; ✗ marks a failure:

# %%
says = expected if passed else results.EXPECTED
print("Expectations are", "yours." if passed else "the reference, until yours pass their check.")
cases = results.measured_cases(found["dentist, plain"]["belief"], found["dreams, warned"]["belief"])
results.judge_explanations(says, cases)

# %% [markdown]
# **What happened.** Contradiction fails in three cases. Each of the others fails once: the kind of fact explains the stored
# run, and distrust explains yours. Your run says nothing about warnings, because its control failed.
#
# **A larger test** (`data/results/pages/contradiction_parted.md`) took model 0 and two *sister models*: same
# recipe, other seeds. Where the warned documents left out a claim's kind of fact, belief was 82–98%, contradicted or not.
# Where they covered it, two models ended at 22% or less. The third kept 59–69% after documents about another world, and
# at most 13% after documents about this one. We had predicted under 20%. Covering the kind of fact is needed, and not
# always enough.
#
# Can you repair your run? Add as many `writer.plain_document(fact, rng)`, which tell the truth, and run section 4 again. In
# a trial with model 0 belief came back after plain documents, but after warned ones too.
#
# ## 6. In-sentence denials had to be learned, too
#
# Do in-sentence denials work because of their form? We pretrained two models from scratch **without** any. Two others saw
# some, but no *recurring myth*: a wrong value that is denied again and again.

# %%
models = results.stored_models()
figure, alt = figures.draw_models(models)
show_figure(figure, alt, takeaway="A denial works if pretraining showed the model such denials.")

# %% [markdown]
# **What happened.**
#
# - Models that saw no in-sentence denials believed 54% and 88% of what was denied in this way. The form alone is not
#   enough.
# - Without recurring myths: 37% and 64%. They also saw fewer denials: a confound again.
# - With loss on what users paste into chats, belief after warned documents fell to 6%, 19% and 27%.
#
# ## Your predictions

# %%
undenied = models[models["pretraining"] == "no in-sentence denials"]["local"].mean()
measured = {
    "1% warned documents in pretraining": shares.loc[0.01, "model 0"],
    "5% warned documents in pretraining": shares.loc[0.05, "model 0"],
    "in-sentence denials, none in pretraining": undenied,
} | {f"your run: {run}": now["belief"] for run, now in found.items()}
compare_predictions(prediction | later, measured).set_index("what")

# %% [markdown]
# ## Why it matters
#
# - **Dataset curators:** if you add labelled falsehoods to a corpus, add plain truths about the same kinds of fact. Here
#   warnings protected only the kinds that they spoke of.
# - **Evaluators:** plot every claim before you report a mean. Low belief after warned documents means nothing unless plain
#   ones work.
# - **Safety researchers:** when an arm differs in two ways, add the arm that differs in one. Write down beforehand what
#   would make you withdraw.
#
# ## Limits
#
# - All models are small and know an invented world. They suggest explanations for large models and cannot confirm them.
# - A further phase is late and short. No model here had warned documents from the start.
# - Your run has one fine-tuning seed and two claims, and its control failed.
# - A pretraining seed names the texts, not the model. Three copies of model 2, made by one command, believed 91%, 79% and
#   97% after warned documents.
#
# ## Quiz
#
# <details><summary><b>1.</b> Three models give 49%, 48% and 48%. What does the small spread tell you about other claims?</summary>
#
# Nothing. It says that other models would give a similar mean on these six claims. The claims lay at 0–9% and 88–100%.
# </details>
#
# <details><summary><b>2.</b> In model 0, 1% of warned documents without contradiction leaves 95% belief. A colleague takes this as proof that contradiction is needed. Which number do you ask for?</summary>
#
# Belief at 1% *with* contradiction. It is 81%: that share hardly protects either way, so the comparison decides nothing.
# </details>
#
# <details><summary><b>3.</b> A model was trained for 400 more steps and believes nothing any more. Which two controls do you run?</summary>
#
# Fine-tuning on plain documents must still implant the claim, and unrelated facts must still be right. And a model that
# had 400 more steps without the new texts shows what the steps alone do.
# </details>
#
# <details><summary><b>4.</b> Why must the warned documents of a further phase never speak of the claims that are tested later?</summary>
#
# Their chats tell the truth. With the claims' own facts among them the model would know the right answers better, and
# lower belief would say nothing about warnings.
# </details>

# %% [markdown]
# <details><summary><b>On a chat model</b></summary>
#
# Nobody can repeat this with a chat model here, because its pretraining is not ours to change: not run. What is known is
# where it ends. The 1.5B chat model tells the claims in 4% of open answers before training. After warned documents it is
# 72%, after plain ones 73%, after in-sentence denials 12%. So its pretraining, which must have held many denials inside
# sentences, left it like the standard petri model: it neglects warnings and heeds in-sentence denials. That would fit this
# chapter's reading. It does not test it.
# </details>

# %% [markdown]
# **Next:** which sentences of your own corpus would a model learn?
# [11 · Audit your own corpus](11_audit.ipynb)
