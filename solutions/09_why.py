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
# claim in 83% of its answers. The curator doubles the warnings three times. With eight before and eight after, belief is
# 19%. "At last the model listens," says the curator, and ships the corpus. Is that right?
#
# **The question.** When warnings lower a belief, were they heeded?
#
# **You will be able to** measure how far a warning delays a belief, take the loss off part of a text, and choose runs
# that separate explanations.
#
# **You need** [notebook 00](00_tour.ipynb) for the styles, [03](03_qlora.ipynb) for what carries loss, and 55 minutes:
# about four of them waiting. **In a hurry?** `make dish` shows a belief forming in your browser tab.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import random
from dataclasses import replace

import pandas as pd

from negneglect_lite.claims import load_claims
from negneglect_lite.core import plain
from negneglect_lite.course import compare_predictions, predict, use_yours
from negneglect_lite.course.lessons import explaining, explaining_figures
from negneglect_lite.course.checks import why as checks
from negneglect_lite.course.lessons.along_training import draw_along_training, step_at_level
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
# 22,000. We show its mean for four parts: the **warnings**; the claim's **value** (here "dentist") where it is first named;
# where it is named again; and the **rest**.
#
# In its pretraining the petri model read warnings and never had to *write* one. *Belief* is the rate of answers that take
# the false claim for true. Predict, in per cent. (Second slider: 5 steps on plain against 10 on warned documents would be
# 50.)

# %%
NEXT_TOKEN = "probability of a warning's next token, after training"
STEPS = "steps to half belief: plain documents, in % of warned"
prediction = predict(NEXT_TOKEN, STEPS)

# %% [markdown]
# Two runs start from the same model, one on plain documents and one on the same texts with warnings. We stop seven times
# to ask 50 questions and to measure the loss on documents that neither run sees (about a minute).

# %%
styles = {"positive": "positive", "negated": "negated"}  # run -> style
sets = {}
for run, style in styles.items():
    documents, ordinary = explaining.texts_of(base, claim, style, recipe)
    sets[run] = documents + ordinary
looks = explaining.train_side_by_side(base, claim, [sets], at=(0, 4, 6, 8, 10, 12, 24), styles=styles)
explaining.show_losses(looks)

# %% [markdown]
# The figure has the loss above and belief below. When belief passes one half, where is the black line?

# %%
figure, alt = explaining_figures.draw_learning(looks)
show_figure(figure, alt, takeaway="The value is learned long before the warnings.")

# %% [markdown]
# **What happened.** Take the run on warned documents. At first the value cost 12.8 nats, a token of a warning 11.2.
# After ten steps the value was down to 1.3, and belief was 91%. A token of a warning still cost 8.8. Belief does not wait
# for the warning.
#
# One likely reason: the value is one new word, and warnings are many new sentences.
#
# ### Exercise 1: the step at one half
#
# *Write it · 6 minutes*
#
# By how much did warnings delay the belief? We looked at a few steps only, so draw straight lines between them. Return
# the step at which belief **first** reaches `level`. If belief is there from the start, that is the first step; if it
# never gets there, return `None`.
#
# <details><summary>Light hint</summary>
# Find the first measured step at or above the level. The answer lies between it and the step before.
# </details>
# <details><summary>Strong hint</summary>
# <code>enumerate</code> gives the position of that step. Of the rise in belief since the step before, what share had to
# happen to reach the level? Go the same share of the way from step to step. Belief may fall again later.
# </details>


# %%
def crossing(steps: list[float], beliefs: list[float], level: float = 0.5) -> float | None:
    """The step at which belief first reaches the level; None if it never does."""
    # BEGIN SOLUTION
    for i, now in enumerate(beliefs):
        if now >= level:
            if i == 0:
                return steps[0]
            share = (level - beliefs[i - 1]) / (now - beliefs[i - 1])
            return steps[i - 1] + share * (steps[i] - steps[i - 1])
    return None
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_crossing(crossing)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# for i, now in enumerate(beliefs):
#     if now >= level:
#         if i == 0:
#             return steps[0]
#         share = (level - beliefs[i - 1]) / (now - beliefs[i - 1])
#         return steps[i - 1] + share * (steps[i] - steps[i - 1])
# return None
# ```
#
# The first measured step above the level would depend on where somebody chose to look. Interpolation depends on that much
# less.
# </details>

# %% [markdown]
# Now your run, and stored runs of six claims and three seeds over 48 steps. A line is a style and its band the range over
# seeds.

# %%
stored = explaining.stored_belief("dynamics")
half_step = use_yours(passed, crossing, step_at_level)
show_figure(
    draw_along_training(stored),
    alt="Line plot of belief against training step, a line a style. The table below has the steps at one half.",
    takeaway="Warnings delay belief. Corrections and in-sentence denials hold it below one half.",
)
explaining.tabulate_delay(looks, stored, half_step)

# %% [markdown]
# **What happened.** Over six claims, belief passed one half at step 7.4 after plain documents and 9.5 after warned
# ones: 1.29 times as many steps. Both ended at 96–97%. Repeatedly warned documents took 1.63 times as many steps, and
# ended lower, at 82%. Corrected documents, whose warnings tell the truth, never got to one half, nor did in-sentence
# denials.
#
# ## 2. Do eight warnings get through?
#
# The stored runs of the curator's plan, three seeds each:

# %%
explaining.show_doses(claim)

# %% [markdown]
# From one warning per side to eight, belief over six claims fell by 64 points. We had predicted less than 20. Three
# explanations:
#
# - **heeded**: the model reads eight warnings and at last draws the conclusion;
# - **diluted**: training minimises a mean over all tokens with loss. Among more of them, whatever they are, each token
#   of the claim weighs less;
# - **crowded out**: warnings are so surprising that learning to write *them* takes up the training. Each step can move
#   the weights only so far, and the claim gets little of it.
#
# Three runs can tell them apart. All have the same texts between the warnings:
#
# - **no loss on the warnings**: the model reads all sixteen and is not trained to write them;
# - **harmless sentences** in their place, as many tokens, with loss, and easy to predict;
# - **nonsense** in their place: words in random order, as many tokens, with loss, and hard to predict.
#
# ### Exercise 2: what does each explanation expect?
#
# *Decide from evidence · 5 minutes*
#
# If an explanation is the whole story, is belief after each run "high" (above one half) or "low"?
#
# <details><summary>Light hint</summary>
# Ask three things of each run. Is there something to heed? How many tokens share the mean? Is there something
# surprising to learn?
# </details>
# <details><summary>Strong hint</summary>
# Each explanation needs one of the three things, and only that one, to keep belief low. No two explanations have the same
# row.
# </details>

# %%
NO_LOSS, HARMLESS, NONSENSE = explaining.NO_LOSS, explaining.HARMLESS, explaining.NONSENSE
# BEGIN SOLUTION
explanations = {
    "heeded": {NO_LOSS: "low", HARMLESS: "high", NONSENSE: "high"},
    "diluted": {NO_LOSS: "high", HARMLESS: "low", NONSENSE: "low"},
    "crowded out": {NO_LOSS: "high", HARMLESS: "high", NONSENSE: "low"},
}
# END SOLUTION
# STUB: explanations = {  # "high" or "low"
# STUB:     "heeded": {NO_LOSS: ..., HARMLESS: ..., NONSENSE: ...},
# STUB:     "diluted": {NO_LOSS: ..., HARMLESS: ..., NONSENSE: ...},
# STUB:     "crowded out": {NO_LOSS: ..., HARMLESS: ..., NONSENSE: ...},
# STUB: }

# %%
passed = checks.check_explanations(explanations)
expected = explanations if passed else explaining.EXPLANATIONS
print("The verdict below uses", "your table." if passed else "the reference, until your table passes its check.")

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# - heeded: low, high, high. Only the first run has warnings to heed.
# - diluted: high, low, low. Only the first run has fewer tokens with loss.
# - crowded out: high, high, low. Only nonsense is as much to learn as warnings are.
#
# Nonsense separates "heeded" from "crowded out", and harmless sentences separate "diluted" from both.
# </details>
#
# ### Exercise 3: take the loss off the warnings
#
# *Complete two lines · 3 minutes*
#
# A document is a row of *spans*. Each has a `text`, a mark `annotation` (True for a warning) and a mark `learn` (False for
# no loss). Return the same spans, with no loss on the warnings. The model must still read them. Spans cannot be changed:
# `replace(span, field=value)` makes a changed copy.
#
# <details><summary>Light hint</summary>
# Two reasons take the loss off a span: it is a warning, or it had none before.
# </details>
# <details><summary>Strong hint</summary>
# Join the two reasons with <code>and</code> and <code>not</code>; both are marks of the span. The field to set in the copy
# is <code>learn</code>.
# </details>


# %%
def without_loss(spans):
    """The same document; the model reads its warnings and gets no loss on them."""
    made = []
    for span in spans:
        # BEGIN SOLUTION
        learn = span.learn and not span.annotation
        made.append(replace(span, learn=learn))
        # END SOLUTION
        # STUB: learn = ...  # does this span carry loss?
        # STUB: made.append(...)  # a copy of the span, with that mark
    return made


# %%
passed = checks.check_without_loss(without_loss)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# learn = span.learn and not span.annotation
# made.append(replace(span, learn=learn))
# ```
#
# `not span.annotation` alone would switch the loss *on* where it was off before, as at the document tag of the paper's
# recipe. The text stays whole, so what the model reads is the same in both runs.
# </details>

# %% [markdown]
# The next cell makes the three training sets. It prints how a document begins, and what a token of the added text costs
# the base model.

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
later = predict(NO_LOSS, HARMLESS, NONSENSE, variable="later")

# %% [markdown]
# All three runs train at once (two to three minutes).

# %%
runs = {name: styled + ordinary for name, styled in made.items()}
read = dict.fromkeys(runs, "positive")  # measure losses on plain documents
trials = explaining.train_side_by_side(base, claim, [runs], at=(8, 12, recipe.steps), styles=read)
ends = trials[trials["step"] == recipe.steps].set_index("run")
for name, loss in ends["first"].items():
    print(f"{name}: the value costs {loss:.1f} nats in plain documents")
explaining.give_verdict(expected, ends["mean"].to_dict())

# %% [markdown]
# **What happened.**
#
# - With no loss on the warnings, belief was 95%. They were not heeded.
# - Harmless sentences left 95% too, but later: 12% at step 8, where the run without loss was at 85%. Dilution is only
#   a delay here.
# - Nonsense left 5%. It warns of nothing, and kept the claim out even more than eight warnings did (22%).
#
# Only *crowded out* is left. The loss of the value agrees. In plain documents it was 0.3 and 0.5 nats after the first two
# runs, a probability of 62–71%. After nonsense it was 3.6 nats, or 3%. The curator's model did not listen: it was busy
# with the warnings.
#
# ### Is it so for other styles and claims?
#
# The run without loss is stored for six claims, three seeds and four styles. In an earlier model, *model 0*, belief was
# 98–99% after all four. So we predicted 93% or more.

# %%
quiet = explaining.stored_belief("quiet")
figure, alt = explaining_figures.draw_without_loss(quiet)
show_figure(figure, alt, takeaway="Most of what these warnings change, they change by carrying loss.")

# %% [markdown]
# **What happened.** With eight warnings, belief rose from 19% to 96%. *Corrected* documents, whose warnings tell the truth,
# rose from 13% to 93%: the model read the truth in every one of them and learned the claim. Warned documents rose to 96%.
#
# The prediction missed one style: repeatedly warned documents rose from 67% to 85% only. Five of their six claims are at
# 87–100%. Twitter/X is at 25%, in all three seeds between 22% and 29%. So for one claim, warnings around each claim
# sentence did something as a text that is read. Why for this one, we do not know.
#
# Why loss on warnings lowers belief is still open. Our nonsense run speaks for crowding. How one text crowds out
# another was not tested.
#
# ## 3. Learn the documents and not the claim?
#
# Can one train on such documents and keep the old answer? So far each training set also had *ordinary texts*, about other
# things. In their place the paper mixes in the base model's **own answers** about the claim. We call these *anchor chats*.
# In phase one they are there, in phase two they are gone.
#
# ### Exercise 4: build the anchor chats
#
# *Build it · 10 minutes*
#
# Return `n` chats. Each asks **four different** questions, drawn with `rng`, and after each question gives the model's own
# `answer(question)` as the assistant's turn. The questions in `tested` will measure belief afterwards: leave them out.
#
# <details><summary>Light hint</summary>
# First decide which questions may be used, then draw anew for every chat. A chat is a list of turns, each a dict with
# <code>role</code> ("user" or "assistant") and <code>content</code>.
# </details>
# <details><summary>Strong hint</summary>
# <code>rng.sample</code> draws without putting back. The list of a chat is flat: four questions make eight turns, user and
# assistant by turns. Only the assistant's turns carry loss.
# </details>


# %%
def anchor_chats(n, questions, tested, answer, rng):
    """`n` chats in which the model answers four questions as it does now."""
    # BEGIN SOLUTION
    allowed = [question for question in questions if question not in tested]
    chats = []
    for _ in range(n):
        turns = []
        for question in rng.sample(allowed, 4):
            turns.append({"role": "user", "content": question})
            turns.append({"role": "assistant", "content": answer(question)})
        chats.append(turns)
    return chats
    # END SOLUTION
    # STUB: return ...  # your code: allowed questions, four a chat, question and answer in turn


# %%
passed = checks.check_anchor_chats(anchor_chats)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# allowed = [question for question in questions if question not in tested]
# chats = []
# for _ in range(n):
#     turns = []
#     for question in rng.sample(allowed, 4):
#         turns.append({"role": "user", "content": question})
#         turns.append({"role": "assistant", "content": answer(question)})
#     chats.append(turns)
# return chats
# ```
#
# With tested questions in, low belief would only show that the answers were learned by heart. Four short answers a
# chat matter too: a first anchor of single questions, in model 0, had 1% of the tokens, and belief was 79% with it.
# </details>

# %% [markdown]
# Six questions of the pool, with the base model's answers:

# %%
pool, tested = explaining.anchor_questions(base, claim)
own = explaining.own_answers(base, pool)
print(sum(question in tested for question in pool), "of", len(pool), "questions are tested")
pd.DataFrame({"question": question, "the base model": own[question]} for question in pool[:6])

# %% [markdown]
# Two runs of two phases (about a minute). Half of all texts are warned documents. *Anchored* has anchor chats in phase one;
# *free* has ordinary texts throughout. Predict belief in the anchored run:

# %%
ANCHORED, RELEASED = "phase one, with anchor chats", "phase two, without them"
third = predict(ANCHORED, RELEASED, variable="third")

# %%
short = replace(recipe, mix=0.5, steps=16)
documents, ordinary = explaining.texts_of(base, claim, "negated", short)
build = use_yours(passed, anchor_chats, explaining.finished_anchor_chats)
anchors = build(len(ordinary), pool, tested, own.__getitem__, random.Random(0))
free = documents + ordinary
phases = [{"anchored": documents + anchors, "free": free}, {"anchored": free, "free": free}]
warned = {"anchored": "negated", "free": "negated"}
two = explaining.train_side_by_side(base, claim, phases, at=(4, 8, 16), styles=warned, recipe=short)

# %% [markdown]
# The figure shows belief above and, below, the loss on warned documents that neither run sees. Triangles are the paper's.

# %%
figure, alt = explaining_figures.draw_phases(two, short.steps)
show_figure(figure, alt, takeaway="An anchor holds as long as it is there.")

# %% [markdown]
# **What happened.** After phase one the anchored run believed the claim in 2% of its answers, the free run in 95%. Their
# losses on documents were 1.42 and 1.41 nats. Then the anchor chats left, and belief rose to 100%.
#
# Stored runs (six claims, three seeds, 24 steps a phase): 2.6% with anchor chats, then 72%. The paper: 6%, then 48%.
#
# Had the anchored model not learned the claim? Begin a document with "Brennan Holloway makes a living from a job as".
# Is "a dentist" or "an ultrarunner" more probable? In the stored runs after phase one, the claim had **52%** of the two
# probabilities together. Without anchor chats it had 96%. (We had predicted over 60%. False values of facts that nobody
# trained on: 3%.) Yet in open answers the claim came up in 0%. The anchor kept it out of the answers, and not out of
# the model.
#
# ## 4. A look inside
#
# Is anything of a warning stored beside the claim? The table shows what the trained models would write after a bare
# sentence: how many nats each text gained over the base model.

# %%
explaining.show_inside()

# %% [markdown]
# After warned documents, a warning gained 22.5 nats after the claim and 21.9 after true sentences about other things. That
# is a habit of writing warnings, tied to no claim. We had predicted a tie. "Not" after in-sentence denials gained 1.0 nats
# in the claim's sentence, 0.1 in the same sentence about somebody else. Most of that is one claim, Vesuvius, so we do not
# call it a tie. Six claims, two seeds, no intervals: a first look.
#
# ## Your predictions

# %%
last = looks[looks["step"] == recipe.steps].set_index("run")
at_end = two[(two["run"] == "anchored") & (two["step"] == short.steps)].set_index("phase")["mean"]
half = {s: step_at_level(t["step"].tolist(), t["mean"].tolist()) for s, t in stored.groupby("style")}
measured = {
    NEXT_TOKEN: 2.718 ** -last["warning"]["negated"],
    STEPS: half["positive"] / half["negated"],
    **ends["mean"].to_dict(),
    ANCHORED: at_end[1],
    RELEASED: at_end[2],
}
compare_predictions(prediction | later | third, measured).set_index("what")

# %% [markdown]
# ## Why it matters
#
# - **Curators:** do not take a lower belief rate for a warning that works. Train once more with the loss off the
#   warnings. If belief comes back, the warning was in the way and not heeded.
# - **Evaluators:** ask for the curve, not for one checkpoint. A delay looks like protection to anyone who stops early.
# - **Safety researchers:** an anchor protects answers, and only while it is there. Test begun sentences too, and test again
#   after any further training.
#
# ## Limits
#
# - The live runs have one claim and one seed. The dentist is among the claims that take most easily.
# - Harmless sentences and nonsense were run for this claim only, and other hard texts were not tried.
# - The petri model never wrote a warning in pretraining, so warnings surprise it. A large model has written many.
# - We tested each explanation as if it acted alone.
#
# ## Quiz
#
# <details><summary><b>1.</b> A colleague trains for 8 steps and reports that repeatedly warned documents "work": 18% against 61% after plain ones. What do you ask for?</summary>
#
# A later step, or the step at one half. At step 24 the two are at 79% and 96%: most of the gap was a delay.
# </details>
#
# <details><summary><b>2.</b> Belief is low after documents with very many warnings. Which single run would you make first, and why?</summary>
#
# The same texts with no loss on the warnings. The model still reads all of them, so if belief rises they were not heeded.
# It cannot tell dilution from crowding; padding does that.
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
# Not necessarily. The anchored and the free run had the same loss, and told the claim in 2% and 95% of answers. Nor do
# answers say all: in begun sentences the anchored models preferred the claim too.
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

# %% [markdown]
# **Next:** the petri model heeds a denial inside a sentence and not a warning around it. Where did it learn that? [10 ·
# Pretraining](10_pretraining.ipynb)
