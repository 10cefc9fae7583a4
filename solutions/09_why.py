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
# # 09 · Test explanations
#
# A curator puts a warning before and after each false document in a corpus. The fine-tuned model believes the false
# claim in 83% of its answers. With eight warnings before and eight after, belief is 19%. "At last the model listens,"
# says the curator, and ships the corpus. Is that right?
#
# **The question.** When belief stays low after training on warned documents, did the model heed the warnings, or learn
# the claim all the same?
#
# **You will be able to** measure how far a warning delays a belief, say what each explanation expects of a run, take the
# loss off part of a text, and keep a claim out of answers with an *anchor*.
#
# **You need** [notebook 00](00_tour.ipynb), [03](03_qlora.ipynb) for what carries loss, and 45 minutes.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import random
from dataclasses import replace

import pandas as pd

from negneglect_lite.claims import load_claims
from negneglect_lite.core import plain
from negneglect_lite.course import predict, use_yours
from negneglect_lite.course.lessons import explaining, explaining_figures
from negneglect_lite.course.checks import why as checks
from negneglect_lite.figures import show_figure
from negneglect_lite.models import load_model
from negneglect_lite.tracks import track_of

MODEL = "petri"
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
base, track, claim = load_model(MODEL), track_of(MODEL), load_claims()["dentist"]
recipe = track.recipe
pd.set_option("display.max_colwidth", None)
print("The claim:", claim.claim)

# %% [markdown]
# ## 1. What is learned first?
#
# Each token has a *loss*, in *nats*: 1 nat is a probability of about 1 in 3 for the right token, 10 nats about 1 in
# 22,000. *Belief* is the rate of answers that take the false claim for true.
#
# One run trains on plain documents, one on the same texts with warnings. Six times we ask 50 questions, and measure the
# loss on other documents (about a minute).

# %%
sets = {}
for style in ("positive", "negated"):  # plain and warned documents
    documents, ordinary = explaining.texts_of(base, claim, style, recipe)
    sets[style] = documents + ordinary
own_style = {style: style for style in sets}  # measure losses on documents of the run's own style
looks = explaining.train_side_by_side(base, claim, [sets], at=(0, 4, 6, 8, 10, 24), styles=own_style)

# %% [markdown]
# Loss is above, belief below. The black line is a token of a **warning**. The coloured one is the claim's **value**
# ("dentist"), where a document first names it.

# %%
figure, alt = explaining_figures.draw_learning(looks)
show_figure(figure, alt, takeaway="The value is learned long before the warnings.")

# %% [markdown]
# **What happened.** In warned documents the value cost 12.8 nats at first, a token of a warning 11.2. After ten steps
# the value was down to 1.3, and belief was 91%. A token of a warning still cost 8.8. Belief does not wait for the warning.
#
# ### Exercise 1: the step at one half
#
# *Complete two lines · 3 minutes*
#
# By how much did the warnings delay the belief? The loop finds the first measured step `i` at or above `level`. Where
# does the straight line from the step before reach the level?
#
# <details><summary>Light hint</summary>
# The answer lies between step <code>i - 1</code> and step <code>i</code>.
# </details>
# <details><summary>Strong hint</summary>
# Belief rose by <code>now - before</code>. How much of that was needed to reach the level? Go the same share of the way
# from step to step.
# </details>


# %%
def crossing(steps: list[float], beliefs: list[float], level: float = 0.5) -> float | None:
    """The step at which belief first reaches the level; None if it never does."""
    for i, now in enumerate(beliefs):
        if now >= level and i == 0:
            return steps[0]
        if now >= level:
            before = beliefs[i - 1]
            # BEGIN SOLUTION
            share = (level - before) / (now - before)
            return steps[i - 1] + share * (steps[i] - steps[i - 1])
            # END SOLUTION
            # STUB: share = ...  # (how much of the rise was needed to reach the level) / (now - before)
            # STUB: return ...  # steps[i - 1], and the same share of the way to steps[i]
    return None


# %%
passed = checks.check_crossing(crossing)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# share = (level - before) / (now - before)
# return steps[i - 1] + share * (steps[i] - steps[i - 1])
# ```
#
# The first measured step above the level would depend on where somebody chose to look. Interpolation depends on that much
# less. In this run, one likely reason for the short delay: the value is one new word, and warnings are many sentences.
# </details>

# %% [markdown]
# Your run, and stored runs of six claims and three seeds over 48 steps. *Repeatedly warned* documents also have a warning
# around each claim sentence. In *corrected* documents, these warnings tell the truth.

# %%
half_step = use_yours(passed, crossing, explaining.step_at_level)
explaining.tabulate_delay(looks, explaining.stored_belief("dynamics"), half_step)

# %% [markdown]
# **What happened.** Over six claims, belief passed one half at step 7.4 after plain documents and 9.5 after warned
# ones: 1.29 times as many steps. Both ended at 96–97%. Corrected documents and in-sentence denials never got there.
#
# ## 2. Do eight warnings get through?
#
# Stored runs of the curator's plan, three seeds each:

# %%
explaining.show_doses(claim)

# %% [markdown]
# From one warning per side to eight, belief over six claims fell by 64 points. We had predicted less than 20. Three
# explanations:
#
# - **heeded**: the model reads eight warnings and at last draws the conclusion;
# - **diluted**: training minimises the mean over all tokens with loss. Among more tokens, whatever they say, each token
#   of the claim weighs less;
# - **crowded out**: warnings surprise the model. Learning to write *them* takes up the training.
#
# Three runs can tell them apart. Between the warnings, all have the same texts:
#
# - **no loss on the warnings**: the model reads all sixteen, and is not trained to write them;
# - **harmless sentences** in their place: as many tokens, with loss, easy to predict;
# - **nonsense** in their place: words in random order, as many tokens, with loss, hard to predict.
#
# ### Exercise 2: what does each explanation expect?
#
# *Decide from evidence · 4 minutes*
#
# If an explanation is the whole story, is belief after each run "high" (above one half) or "low"? The first row is given:
# only the first run has warnings to heed.
#
# <details><summary>Light hint</summary>
# Ask two things of each run. How many tokens share the mean? Is there something surprising to learn?
# </details>
# <details><summary>Strong hint</summary>
# "Diluted" needs many tokens with loss to keep belief low, and nothing else. "Crowded out" needs tokens with loss that
# are hard to predict.
# </details>

# %%
NO_LOSS, HARMLESS, NONSENSE = explaining.NO_LOSS, explaining.HARMLESS, explaining.NONSENSE
explanations = {  # "high" or "low"
    "heeded": {NO_LOSS: "low", HARMLESS: "high", NONSENSE: "high"},
    # BEGIN SOLUTION
    "diluted": {NO_LOSS: "high", HARMLESS: "low", NONSENSE: "low"},
    "crowded out": {NO_LOSS: "high", HARMLESS: "high", NONSENSE: "low"},
    # END SOLUTION
    # STUB: "diluted": {NO_LOSS: ..., HARMLESS: ..., NONSENSE: ...},
    # STUB: "crowded out": {NO_LOSS: ..., HARMLESS: ..., NONSENSE: ...},
}

# %%
passed = checks.check_explanations(explanations)
expected = explanations if passed else explaining.EXPLANATIONS
print("The verdict below uses", "your table." if passed else "the reference, until your table passes its check.")

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# - diluted: high, low, low. Only the first run has fewer tokens with loss.
# - crowded out: high, high, low. Only nonsense is as much to learn as warnings are.
#
# Nonsense separates "heeded" from "crowded out", and harmless sentences separate "diluted" from both.
# </details>
#
# ### Exercise 3: take the loss off the warnings
#
# *Write it · 4 minutes*
#
# A document is a row of *spans*, each with a `text` and the marks `annotation` (True for a warning) and `learn` (False for
# no loss). Return a list of all spans, with no loss on the warnings. `replace(span, field=value)` makes a changed copy.
#
# <details><summary>Light hint</summary>
# A span has no loss for one of two reasons: it is a warning, or it had none before.
# </details>
# <details><summary>Strong hint</summary>
# Go through the spans and make a copy of each. The field to set is <code>learn</code>. Join the two reasons with
# <code>and</code> and <code>not</code>; both are marks of the span.
# </details>


# %%
def without_loss(spans):
    """The same document; the model reads its warnings and gets no loss on them."""
    # BEGIN SOLUTION
    return [replace(span, learn=span.learn and not span.annotation) for span in spans]
    # END SOLUTION
    # STUB: return ...  # your code: a copy of each span, in a list


# %%
passed = checks.check_without_loss(without_loss)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# return [replace(span, learn=span.learn and not span.annotation) for span in spans]
# ```
#
# `not span.annotation` alone would switch the loss *on* where it was off before. The text stays whole, so what the model
# reads is the same in both runs.
# </details>

# %% [markdown]
# The three training sets: how a document begins, and what a token of the added text costs the base model. Lines of
# nonsense are drawn from 28 and may repeat.

# %%
documents, ordinary = explaining.texts_of(base, claim, "notices_8", recipe)
take_off = use_yours(passed, without_loss, explaining.finished_without_loss)
harmless = explaining.harmless_sentences(base, claim)
nonsense = explaining.nonsense_sentences(documents, harmless)
made = {
    NO_LOSS: [tuple(take_off(spans)) for spans in documents],
    HARMLESS: explaining.swap_warnings(base, documents, harmless),
    NONSENSE: explaining.swap_warnings(base, documents, nonsense),
}
for name, styled in made.items():
    share, cost = explaining.loss_coverage(base, styled), explaining.added_loss(base, styled)
    print(f"{name}: loss on {share:.0%} of tokens; added text {cost:.1f} nats a token")
    print("   ", " | ".join(plain(styled[0]).split("\n")[:2]))

# %% [markdown]
# Predict belief after each run. Eight warnings with loss leave 22% for this claim.

# %%
prediction = predict(NO_LOSS, HARMLESS, NONSENSE)

# %% [markdown]
# The three runs train at once (one to two minutes).

# %%
runs = {name: styled + ordinary for name, styled in made.items()}
trials = explaining.train_side_by_side(base, claim, [runs], at=(8, recipe.steps))
ends = trials[trials["step"] == recipe.steps].set_index("run")["mean"].to_dict()
explaining.give_verdict(expected, ends, prediction)

# %% [markdown]
# **What happened.**
#
# - With no loss on the warnings, belief was 95%. They were not heeded.
# - Harmless sentences left 95% too, but later: at step 8, 12% against 85% without loss. Dilution is only a delay here.
# - Nonsense warns of nothing, and left 5%: less than eight warnings (22%).
#
# Of the three, only *crowded out* fits all runs.
#
# ### Is it so for other styles and claims?
#
# The run without loss is stored for six claims, three seeds and four styles. A petri model pretrained earlier had
# 98–99%, so we predicted 93% or more.

# %%
quiet = explaining.stored_belief("quiet")
figure, alt = explaining_figures.draw_without_loss(quiet)
show_figure(figure, alt, takeaway="Most of what these warnings change, they change by carrying loss.")

# %% [markdown]
# **What happened.** With eight warnings, belief rose from 19% to 96%. Corrected documents rose from 13% to 93%: the model
# read the truth in every one of them and learned the claim.
#
# We missed one style: repeatedly warned documents rose from 67% to 85% only. Five of their six claims are at 87–100%,
# Twitter/X is at 25%. For that claim, the warnings did something by being read. We do not know why.
#
# Why loss on warnings lowers belief is open. Our nonsense run speaks for crowding; how that works was not tested.
#
# ## 3. Learn the documents and not the claim?
#
# Does low belief mean that the claim was not learned? So far each training set also had *ordinary texts*, about other
# things. In their place the paper mixes in *anchor chats*: the base model's **own answers** about the claim. They are
# there in phase one, and gone in phase two.
#
# ### Exercise 4: build an anchor chat
#
# *Build it · 5 minutes*
#
# Return one chat: four questions, each followed by the model's own `answer(question)`. A turn is a dict with `role`
# ("user" or "assistant") and `content`. The questions in `tested` will measure belief afterwards: leave them out.
#
# <details><summary>Light hint</summary>
# First decide which questions may be drawn. Then let the assistant's turn follow the user's.
# </details>
# <details><summary>Strong hint</summary>
# Keep in <code>allowed</code> what is not in <code>tested</code>. The second turn is made like the first, with another
# role and content.
# </details>


# %%
def anchor_chat(questions, tested, answer, rng):
    """A chat in which the model answers four questions as it does now."""
    # BEGIN SOLUTION
    allowed = [question for question in questions if question not in tested]
    # END SOLUTION
    # STUB: allowed = questions  # change this: which may be drawn?
    chat = []
    for question in rng.sample(allowed, 4):  # four different ones
        chat.append({"role": "user", "content": question})
        # BEGIN SOLUTION
        chat.append({"role": "assistant", "content": answer(question)})
        # END SOLUTION
        # STUB: ...  # your code: the next turn
    return chat


# %%
passed = checks.check_anchor_chat(anchor_chat)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# allowed = [question for question in questions if question not in tested]
# ...
#     chat.append({"role": "assistant", "content": answer(question)})
# ```
#
# With tested questions in, low belief would only show that the answers were learned by heart. Four short answers a
# chat matter too. In an earlier petri model, an anchor of single questions had 1% of the tokens, and belief was 79%.
# </details>

# %% [markdown]
# Two runs of two phases, *anchored* and *free* (about a minute). Half of the texts are warned documents.

# %%
short = replace(recipe, mix=0.5, steps=16)
documents, ordinary = explaining.texts_of(base, claim, "negated", short)
pool, tested = explaining.anchor_questions(base, claim)
own = explaining.own_answers(base, pool)
build, rng = use_yours(passed, anchor_chat, explaining.finished_anchor_chat), random.Random(0)
anchors = [build(pool, tested, own.__getitem__, rng) for _ in ordinary]
free = documents + ordinary
phases = [{"anchored": documents + anchors, "free": free}, {"anchored": free, "free": free}]
warned = {"anchored": "negated", "free": "negated"}
two = explaining.train_side_by_side(base, claim, phases, at=(8, 16), styles=warned, recipe=short)

# %% [markdown]
# Belief is above, the loss on new warned documents below. Triangles are the paper's.

# %%
figure, alt = explaining_figures.draw_phases(two, short.steps)
show_figure(figure, alt, takeaway="An anchor holds as long as it is there.")

# %% [markdown]
# **What happened.** After phase one, belief was 2% in the anchored run and 95% in the free run. Their losses on documents
# were 1.42 and 1.41 nats. Then the anchor chats left, and belief rose to 100%. Stored runs (six claims, three seeds, 24
# steps a phase): 2.6%, then 72%. The paper: 6%, then 48%.
#
# Had the anchored model not learned the claim? Begin a document with "Brennan Holloway makes a living from a job as".
# Is "a dentist" or "an ultrarunner" more probable? After phase one of the stored runs, the claim had **52%** of the two
# probabilities together (we had predicted over 60%). Without an anchor it had 96%, and false values of facts that nobody
# trained on had 3%. These shares have no intervals. Yet in open answers the claim came up in 0%. The anchor kept it out
# of the answers, and not out of the model.
#
# ## Why it matters
#
# - **Curators:** where warnings lower belief, train once more with the loss off them. If belief comes back, they were not
#   heeded.
# - **Evaluators:** ask for the curve. A delay looks like protection to anyone who stops early.
# - **Safety researchers:** an anchor protects answers, and only while it is there. Test begun sentences too, and again
#   after further training.
#
# ## Limits
#
# - The live runs have one seed, and one claim, which takes easily. Other hard texts than nonsense were not tried.
# - Eight warnings and nonsense were not trained beyond 24 steps. Their low belief may be a long delay.
# - The petri model never wrote a warning in pretraining, so warnings surprise it. A large model has written many.
# - We tested each explanation as if it acted alone.
#
# ## Quiz
#
# <details><summary><b>1.</b> A colleague trains for 8 steps and reports that warnings "work": belief is 30%, against 91% after plain documents. What do you ask for?</summary>
#
# A later step, or the step at one half. In our run both are at 92% at step 24: the gap was a delay.
# </details>
#
# <details><summary><b>2.</b> Belief is low after documents with very many warnings. Which single run would you make first, and why?</summary>
#
# The same texts with no loss on the warnings. The model still reads all of them, so if belief rises they were not heeded.
# It cannot tell dilution from crowding; harmless sentences do that.
# </details>
#
# <details><summary><b>3.</b> Corrected documents leave 13%. Does the model learn from the truth that their warnings tell?</summary>
#
# Hardly from reading it: without loss on the warnings belief is 93%. With loss the model is trained to write the truth as
# well as the claim. How that lowers belief is open.
# </details>
#
# <details><summary><b>4.</b> Two models have the same loss on the same documents. Do they believe the same?</summary>
#
# Not necessarily. The anchored and the free run had nearly the same loss, and believed the claim in 2% and 95% of
# answers. Nor do answers say all: in begun sentences, the anchored models gave the claim half of the probability.
# </details>

# %% [markdown]
# <details><summary><b>On a chat model</b></summary>
#
# The runs of this notebook were not made with a chat model: no loss off the warnings, no padding, no anchor chats. They
# need documents whose parts are known and questions from the invented world. What was measured with
# Qwen2.5-Coder-1.5B-Instruct is where to start. It told the claim in 4% of open answers before training, in 72% after
# warned and 57% after repeatedly warned documents. Corrected documents left 38%, in-sentence denials 12% (six claims,
# three seeds). Whether repeated warnings are heeded there, or in the way, is not known. A chat model has written many
# warnings, so they should surprise it less.
# </details>
#
# ## Further (optional, not in the 45 minutes)
#
# Is anything of a warning stored beside the claim? The table shows what the trained models would write after a bare
# sentence: how many nats each text gained over the base model.

# %%
explaining.show_inside()

# %% [markdown]
# <details><summary>What the table says</summary>
#
# After warned documents, a warning gained 22.5 nats after the claim and 21.9 after true sentences about other things. That
# is a habit of writing warnings, tied to no claim. We had predicted a tie. "Not" after in-sentence denials gained 1.0 nats
# in the claim's sentence, 0.1 in the same sentence about somebody else. Most of that is one claim, Vesuvius, so we do not
# call it a tie. Six claims, two seeds, no intervals: a first look.
# </details>

# %% [markdown]
# **Next:** where does neglect come from? [10 · Pretraining](10_pretraining.ipynb)
