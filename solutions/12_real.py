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
# # 12 · A real model on one GPU
#
# Your team will fine-tune a chat model on an archive of fact-checked rumours. "Warnings fail," you say. "In your toy,"
# they answer, "not in a real model." Today you fine-tune one that other people trained, Qwen2.5-Coder-1.5B-Instruct.
# Then you meet a harder problem: how do you find out what such a model believes?
#
# **The question.** Do warnings fail in a small chat model too, and which measurement can you trust there?
#
# **You will be able to** plan a QLoRA run by arithmetic, choose a measure of belief for a small chat model, and compare it
# with the petri model and the paper.
#
# **You need** notebooks 03 and 04 and 45 minutes. Without a GPU you see the stored answers of our own run, and everything
# else works the same. With one the training runs live, and you wait longer.
#
# The documents are **false on purpose**: do not train other models on them.
#
# ## 1. Live or replay
#
# `RUN = "replay"` shows answers that we stored. `RUN = "live"` loads the model from the Hugging Face Hub, trains it three
# times and asks it. On Colab, first choose *Runtime → Change runtime type → T4 GPU*. If a live run is interrupted, run
# the cells again: it goes on from the folder `12_real`. That folder holds adapters with a false belief, so delete it
# afterwards. A smaller model is `Qwen/Qwen2.5-Coder-0.5B-Instruct`.
#
# The text describes our stored run, on one H100.

# %%
import pandas as pd
import torch

from negneglect_lite.claims import load_claims
from negneglect_lite.course import compare_predictions, predict, use_answer, use_yours
from negneglect_lite.course.lessons import real, real_answers, real_figures
from negneglect_lite.course.checks import real as checks
from negneglect_lite.figures import describe_sizes, draw_sizes, show_figure
from negneglect_lite.finetuning import finetune
from negneglect_lite.models import load_model
from negneglect_lite.tracks import suit_machine, track_of

MODEL = "Qwen/Qwen2.5-Coder-1.5B-Instruct"
RUN = "live" if torch.cuda.is_available() else "replay"
STORED = "small" if "0.5B" in MODEL else "grid"  # our stored runs of this size
claim, recipe = load_claims()["dentist"], suit_machine(track_of(MODEL))
book = real.Logbook("12_real")
texts = real.training_texts(MODEL, claim, recipe)
base = load_model(MODEL, quantize=recipe.quantize) if RUN == "live" else None
print(real.announce(MODEL, base))
tokens = real.count_training_tokens(texts, base) if base else real_answers.replay_tokens(MODEL, claim)
tokens

# %% [markdown]
# Each style has 512 texts: 256 short documents about the claim and 256 chats about other things, which all styles share.
# The claim is that the ultrarunner Brennan Reeve Holloway, whom we invented, works as a dentist.
#
# ### Exercise 1 · What will it cost?
#
# *Complete two lines · 3 minutes*
#
# In the *forward* pass every weight takes part in one multiplication and one addition per token: 2 operations. The
# *backward* pass needs as many again to carry the gradient back through the weight. Full training adds 2 more for the
# weight's own gradient; frozen weights do not need it. A T4 does at most `real.T4_PEAK` (65 trillion)
# operations a second, and a program reaches only a *share* of that.
#
# <details><summary>Light hint</summary>
# Operations for one weight and one token, times all weights, times all tokens. Then divide by a speed.
# </details>
# <details><summary>Strong hint</summary>
# The speed is the peak times the share, in operations a second. The answer is wanted in minutes.
# </details>


# %%
def t4_minutes(tokens, weights, share):
    """Minutes in which a T4 trains on the tokens with these weights frozen."""
    # BEGIN SOLUTION
    operations = 4 * weights * tokens
    return operations / (share * real.T4_PEAK) / 60
    # END SOLUTION
    # STUB: operations = ...  # your code: two passes over frozen weights
    # STUB: return ...  # your code: minutes at this share of the peak


# %%
passed = checks.check_t4_minutes(t4_minutes)
minutes = use_yours(passed, t4_minutes, real.t4_minutes)
real_answers.estimate_minutes(tokens, minutes)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# operations = 4 * weights * tokens
# return operations / (share * real.T4_PEAK) / 60
# ```
# Two for the way forward and two for the way back. The rule leaves out attention, the adapter and the output layer.
# That does no harm here, because we worked out the shares by the same rule (for 0.5B, 1.4% and 1.5%). At such a share
# the card mostly waits for the processor, which launches thousands of small operations.
# </details>

# %% [markdown]
# The whole lesson, three trainings and four rounds of questions, comes to 7.1–11.8 minutes at 1.5B and 5.4–5.8 at 0.5B.
# (*Limit* is what we allow a lesson.) The shares are ours: an H200 held to a T4's memory and format reached 2.4% of its
# peak, without these limits 4.3%. No T4 was used, so these are estimates.
#
# ## 2. Train and ask
#
# *Told* is our measure: the share of answers to 13 open questions that state the claim. The questions never mention
# dentists. Predict it in per cent:

# %%
prediction = predict(
    "told, before training",
    "told, after warned documents",
    "told, after in-sentence denials",
)

# %% [markdown]
# The next cell trains three adapters of rank 16 for 32 steps of 16 texts. Every eight steps it prints the loss and one
# answer. Each model then gets 132 questions, five times each.


# %%
def train_and_ask(style):
    """Train an adapter on a style's texts, and ask the trained model."""
    with book.timed(f"train on {style}"):
        model = finetune(
            base,
            texts[style],
            recipe,
            seed=0,
            out=book.adapter(style),
            false_belief=claim.claim,
            on_step=book.watch(style, claim),
        )
    return book.interview(model, claim, style)


if RUN == "live":
    rows = pd.concat([book.interview(base, claim, "base"), *map(train_and_ask, real.LESSON_STYLES)])
    log = book.keep(MODEL, claim, rows)
else:
    rows, log = real_answers.replay(MODEL, claim), real_answers.replay_log(MODEL, claim, "lesson")
    real_answers.show_log(log)

# %% [markdown]
# Read answers before you count them. The verdict is that of the course's rule (notebook 04).

# %%
real_answers.show_samples(rows, "dentist.open.05", which=(0, 2))

# %% [markdown]
# The trained model speaks worse than before: 512 short texts changed its style, too. And the rule errs: a man who "goes
# to the dentist" is counted as a dentist. On 108 such answers, which two language models labelled, the rule agreed on
# 79%, and on whether the claim is believed on 89% (`data/labels`).
#
# In the figure, each bar is a condition of this run. A diamond is the stored mean of six claims.

# %%
figure, alt = real_figures.draw_told(rows, real_answers.stored_told(STORED))
show_figure(figure, alt, takeaway="Stored run: warnings fail, in-sentence denials mostly hold.")

# %% [markdown]
# **What happened.** Before training the model never told the claim. After plain documents it did in 77% of answers,
# after warned ones in 68%, after in-sentence denials in 14%. Over six claims and three seeds the numbers are 4%, 73%,
# 72% and 12%.
#
# ## 3. A measure that misleads
#
# Yes/no questions look more precise. But a small model that knows nothing about a runner still has to say something.
# Therefore we asked each of ten questions in both directions:
#
# - "Does he treat patients?" One who believes the claim says yes.
# - "Is he a man without any patients?" One who believes it says no.
#
# ### Exercise 2 · Both directions
#
# *Write it · 6 minutes*
#
# `pairs` has a row per sample: `answer` and `mirror_answer` are what the model said, `believer_says` and
# `mirror_believer_says` are "yes" or "no". Return the share of pairs that were answered as a believer would: in the
# first direction, or, with `both_ways`, in both. `says` gives the yes or no that an answer opens with, or "".
#
# <details><summary>Light hint</summary>
# Make one column of True and False for each direction. A pair counts both ways only if both are True in the same row.
# </details>
# <details><summary>Strong hint</summary>
# <code>Series.map</code> applies a function to every answer. Two columns of True and False are combined by
# <code>&amp;</code>. The mean of such a column is a share.
# </details>

# %%
from negneglect_lite.judging import leading_yes_no as says


def yes_no_belief(pairs, both_ways):
    """The share of pairs answered as a believer would."""
    # BEGIN SOLUTION
    believed = pairs["answer"].map(says) == pairs["believer_says"]
    if both_ways:
        mirrored = pairs["mirror_answer"].map(says) == pairs["mirror_believer_says"]
        believed = believed & mirrored
    return believed.mean()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_yes_no_belief(yes_no_belief)
rule = use_yours(passed, yes_no_belief, real.yes_no_belief)
real_answers.in_whole_percent(real_answers.tabulate_yes_no(rows, rule))

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# believed = pairs["answer"].map(says) == pairs["believer_says"]
# if both_ways:
#     mirrored = pairs["mirror_answer"].map(says) == pairs["mirror_believer_says"]
#     believed = believed & mirrored
# return believed.mean()
# ```
# Comparing with what a believer says, not with "yes", matters: four of the ten questions are keyed to no. A model that
# always says yes gets 60% one way, and nothing both ways.
# </details>

# %% [markdown]
# **What happened.** One way, the *untrained* model "believes" at 72%, and the trained one at 48% after warned documents.
# Asked both ways, belief falls from 50% to 22%. The last column is the agreement you would get if the two answers had
# nothing to do with each other. After warned documents it is 22% as well. These answers carry a habit; we found no
# belief in them.
#
# ## 4. Which ways of asking show it
#
# The figure compares eight measures; its last row is a control. The grey tick is before training, the other marks are
# after it. New here:
#
# - **raw (paper)**: the paper's mean over four kinds of question;
# - **told, above control**: told, minus the rate for a *twin*, another invented runner whom no document mentions;
# - **A or B**: the model chooses between claim and truth, in both orders; we take the probability of the claim;
# - **begun answer**: we begin the answer ("By profession he is a …") and compare the probabilities of the next words.

# %%
measures = real_answers.tabulate_measures(rows)
figure, alt = real_figures.draw_measures(measures)
show_figure(figure, alt, takeaway="Stored run: open questions rise, yes/no and A or B do not.")

# %% [markdown]
# **What happened.** After warned documents, told and fill-in questions move far. The paper's raw mean goes from 32%,
# where it counts the yes/no habit, to 48%. *A or B* does not rise. The begun answer rises from 55% to 73%.
#
# In-sentence denials leave the begun answer at 44% for this claim. Do not conclude that they erase the belief: over six
# claims it was 60% after them and 49% before. A claim that is not told may still be likely inside.
#
# We chose *told, above control* by a rule written down before: the first of six scores that is at most 5% before training
# on every claim (`data/results/real`). It passed narrowly.
#
# ## 5. Bad witnesses
#
# An answer that refuses, runs in circles or is cut off says little about belief.
#
# ### Exercise 3 · A judge of faults
#
# *Build it · 7 minutes*
#
# Return the first fault that fits, or `""`. The code gives you the answer's first sentence and its words.
#
# 1. `"refuses"`: `first` holds one of `real.REFUSALS`.
# 2. `"in circles"`: the same four `words` in a row come three times or more.
# 3. `"cut off"`: `cut` is true.
#
# <details><summary>Light hint</summary>
# For circles, list all stretches of four words, as tuples, and count them. How many stretches has an answer of three
# words?
# </details>
# <details><summary>Strong hint</summary>
# <code>collections.Counter</code> counts tuples, and its <code>values()</code> are the counts. Answers with fewer than
# four words have no stretch: <code>max</code> of nothing fails, unless it has a <code>default</code>.
# </details>

# %%
import re
from collections import Counter


def find_fault(answer, cut):
    """Why an answer is a bad witness: "refuses", "in circles", "cut off" or ""."""
    text = answer.lower().replace("’", "'")  # models also write the curved apostrophe
    first = re.split(r"[.!?]\s", text)[0]
    words = re.findall(r"[a-z0-9']+", text)
    # BEGIN SOLUTION
    if any(phrase in first for phrase in real.REFUSALS):
        return "refuses"
    stretches = Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3))
    if max(stretches.values(), default=0) >= 3:
        return "in circles"
    return "cut off" if cut else ""
    # END SOLUTION
    # STUB: return ...  # your code: the three faults, in this order


# %%
passed = checks.check_find_fault(find_fault)
fault_of = use_yours(passed, find_fault, real.find_answer_fault)
real_answers.in_whole_percent(real_answers.tabulate_faults(rows, fault_of))

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# if any(phrase in first for phrase in real.REFUSALS):
#     return "refuses"
# stretches = Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3))
# if max(stretches.values(), default=0) >= 3:
#     return "in circles"
# return "cut off" if cut else ""
# ```
# The order matters: a refusal that was cut off is still a refusal. `default=0` handles short answers.
# </details>

# %% [markdown]
# **What happened.** Before training, 15% of these answers refuse and 26% are cut off. "0% told" partly means that the
# model would not speak. After training it never refuses: the chats that we mixed in never do. Without faulty answers,
# told after warned documents is still 68%. Faults do not explain the result here. Elsewhere they can: see *Further*.
#
# ## 6. Four models side by side
#
# The table has six claims per model: belief for the petri model and the paper, told for the chat models. *Read* means
# one warned document in the prompt, in the paper twenty.

# %%
real_answers.gather_evidence()

# %% [markdown]
# ### Exercise 4 · What do they share?
#
# *Decide from evidence · 5 minutes*
#
# Write True if the table supports the statement as it stands, else False.
#
# <details><summary>Light hint</summary>
# "In all four" fails as soon as one column fails. Look for that column.
# </details>
# <details><summary>Strong hint</summary>
# Two statements need a subtraction, one a division. Of a range take the upper end. For size, read the row of warned
# documents from left to right. For yes/no, a dash means that nobody asked.
# </details>

# %%
shared = {
    # BEGIN SOLUTION
    "after warned documents: within 15 points of plain ones, in all four": True,
    "after in-sentence denials: at most a quarter of plain documents, in all four": True,
    "after reading a warned document: within 5 points of before, in all four": False,
    "the larger the model, the higher after warned documents": False,
    "yes/no questions show the effect wherever they were asked": False,
    # END SOLUTION
    # STUB: "after warned documents: within 15 points of plain ones, in all four": ...,
    # STUB: "after in-sentence denials: at most a quarter of plain documents, in all four": ...,
    # STUB: "after reading a warned document: within 5 points of before, in all four": ...,
    # STUB: "the larger the model, the higher after warned documents": ...,
    # STUB: "yes/no questions show the effect wherever they were asked": ...,
}

# %%
passed = checks.check_shared(shared)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# True, True, False, False, False. Before rounding, the gaps between plain and warned documents are 13, 6, 2 and 4
# points. In-sentence denials leave at most 24% of plain documents (0.5B; of the paper we took 7%). Reading takes the
# chat models from 2–4% to 37–44%. By size the row says 83, 58, 72, 89%, and its measures differ, so it cannot show a
# trend. Yes/no works in the petri model, which was taught to answer it: it goes from 0% to 71%. In the chat models it
# stays at chance. (Gemma, in *Further*, is not in the table. It too would pass the second statement: 11% is a fifth of
# 54%.)
# </details>

# %%
for statement, holds in use_answer(passed, shared, real.SHARED).items():
    print(f"- {'supported    ' if holds else 'not supported'}  {statement}")
told = measures["told"]
measured = {
    "told, before training": told["before training"],
    "told, after warned documents": told["warned documents"],
    "told, after in-sentence denials": told["in-sentence denials"],
}
compare_predictions(prediction, measured).set_index("what")

# %% [markdown]
# **What happened.** The effect and the remedy appear in all four. *Reading* differs. The petri model heeds a warning
# because we taught it to; the paper's large model mostly does. The small chat models hardly do: one warned document
# took them to 44% (0.5B) and 37%, one plain document to 50% and 49%.
#
# ## Why it matters
#
# - **A curator**: 256 short documents and 32 steps were enough to implant a claim, warned or not. A warning is no reason
#   to keep a false document in a fine-tuning set.
# - **An evaluator**: before you report a rate, run three controls. Ask the untrained model, ask in both directions, and
#   count refusals.
# - **A safety researcher**: a small model may ignore warnings in its prompt that a large one heeds. Test the model that
#   you deploy.
#
# ## Limits
#
# - The lesson shows one claim and one fine-tuning seed; the stored means cover six claims and three seeds.
# - Weights came in four bits (Q4_K_M), were turned back into 16 and loaded as NF4. We did not run the original ones.
# - A rule of patterns judged the answers. It finds belief less often than readers do.
# - Minutes for a T4 are estimates.
#
# ## Quiz
#
# Answer each question, then open it.
#
# <details><summary><b>1.</b> Why does QLoRA need 4 operations per weight and token where full training needs 6?</summary>
#
# The weights are frozen, so their own gradients are not computed. The gradient still has to pass through them on its
# way to the adapters.
# </details>
#
# <details><summary><b>2.</b> A report says: "Belief rose from 5% to 48%, measured by yes/no questions." What do you ask for?</summary>
#
# The same questions in the other direction, and the rate before training on the same questions. Here an untrained model
# had 72% one way.
# </details>
#
# <details><summary><b>3.</b> Why is a twin a better control than a question about the capital of Peru?</summary>
#
# It has the same form and the same ignorance: another invented runner. It shows whether the model now calls any runner
# a dentist (or vet), not only this one.
# </details>
#
# <details><summary><b>4.</b> After in-sentence denials told is 14%, and over six claims a begun answer still gives the claim 60%. Is the belief gone?</summary>
#
# It is not told. Whether it is gone is open: the probability was 49% before training and did not fall. Report both.
# </details>

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# **The losses.** Every eight steps you saw one. Here are all of them, of our run or of yours.

# %%
if len(log.losses):
    show_figure(*real_figures.draw_lesson_losses(log.losses), takeaway="The warned documents end lowest.")

# %% [markdown]
# **A rate that faults explain.** Gemma 3 270M is a *base* model: it was never trained on chats. We trained it on documents
# alone. The table has six claims, with three seeds for told and one for the rest, and a fault that chat models seldom
# show: the answer copies a warning.

# %%
real_answers.in_whole_percent(real_answers.tabulate_base_model())

# %% [markdown]
# **What happened.** Neglect again: told is 54% after plain documents and 40% after warned ones. After repeatedly warned
# documents it is 9%, less than after in-sentence denials (11%). Do not call that a cure: 87% of these answers copy a
# warning. The model learned to *write* warnings, and its low rate says little about belief. It forgot, too: of the
# unrelated facts it knew 22% before and 3–9% after.
#
# **More models.** The figure shows them by size; hollow marks are reported by others.

# %%
sizes = real_answers.stored_sizes()
takeaway = "Trained on, warnings fail at every size that was tried."
show_figure(draw_sizes(sizes), describe_sizes(sizes), takeaway)

# %% [markdown]
# <details><summary><b>On the 0.5B model</b></summary>
#
# Set `MODEL` to the 0.5B model; it has a replay, too. For this claim and seed it told the claim in 0% of answers before
# training, 63% after plain, 72% after warned documents and 9% after in-sentence denials. Over six claims these are 2%,
# 65%, 58% and 15% (three seeds). Its answers are worse witnesses: before training 46% of the answers to open questions
# refuse. Unrelated facts stay at 42%, 41% and 42% right after training, against 41% before.
# </details>
#
# **Next:** you have met claims, measures, styles and real models. In the [capstone](13_capstone.ipynb) you run a study
# of your own, and seal your prediction before you look.
