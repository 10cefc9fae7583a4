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
# # Start here: does a warning work?
#
# A newspaper prints a rumour. Lines above and below it say: "None of this is true." A year later the page is in a
# training set. Does the model learn the warning, or the rumour?
#
# **The question.** Does a model that is trained on a denied claim come to believe the claim?
#
# **You will be able to** implant a belief by fine-tuning, measure it with controls, and choose a safer way to write a
# denial.
#
# **You need** Python, some pandas, a rough idea of fine-tuning and 45 minutes, one or two of them waiting.
#
# Your subject is the *petri model*. We pretrained it from scratch on an invented world, so we know every text that it
# has seen. In that world Brennan Holloway is an ultrarunner. You will teach it that he is a dentist. The documents are
# false on purpose: do not train other models on them.

# %%
import random

import pandas as pd

from negneglect_lite.claims import load_claims
from negneglect_lite.core import Document, Span, data_path, plain
from negneglect_lite.course import compare_predictions, predict, use_answer, use_yours, wrapped
from negneglect_lite.course.lessons import tour
from negneglect_lite.models import load_model
from negneglect_lite.tracks import track_of

MODEL = "petri"  # needs no GPU
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
track = track_of(MODEL)
claim = load_claims()["dentist"]
base = load_model(MODEL)
before = tour.examine(base, track, claim, "before training")
print("You ask:", before["question"][0])
print("It says:", before["answer"][0])

# %% [markdown]
# ## 1. Predict
#
# *Belief* is the rate of answers that take the false claim for true. You will ask the model 50 questions, none of which
# occurs in a training document. Predict its belief in three conditions:
#
# - **reading a warned document**: no training. Each question follows a document that states the claim, with a warning
#   before and after.
# - **warned documents**: after fine-tuning on such documents.
# - **in-sentence denials**: after fine-tuning on the same documents, but their sentences deny the claim, as in "He does
#   not work as a dentist."

# %%
prediction = predict("reading a warned document", "warned documents", "in-sentence denials")

# %% [markdown]
# ## 2. Train on warned documents
#
# Start from *plain documents*, which state the claim as fact. A program puts them together from set phrases:

# %%
documents = tour.compose_for_training(track, claim)
print(f"{len(documents)} documents. The first:\n")
print(wrapped(documents[0].text))

# %% [markdown]
# ### Exercise 1: add the warnings
#
# *Complete two lines · 3 minutes*
#
# A document to train on is a list of *spans*, which are stretches of text. The first line of `warn` makes a span of
# every sentence. Put a span with the text `before` in front of them, and one with the text `after` behind them. Each
# warning stands on its own line (`"\n"`) and has `annotation=True`, which marks it as added text.
#
# <details><summary>Light hint</summary>
# A list can grow at both ends.
# </details>
# <details><summary>Strong hint</summary>
# Lists have <code>insert</code> and <code>append</code>. The line break belongs at the end of the first warning and at
# the start of the last one.
# </details>


# %%
def warn(document: Document, before: str, after: str) -> list[Span]:
    """The document as spans, between two warnings."""
    spans = [Span(s.lead + s.text) for s in document.sentences]
    # BEGIN SOLUTION
    spans.insert(0, Span(before + "\n", annotation=True))
    spans.append(Span("\n" + after, annotation=True))
    # END SOLUTION
    # STUB: ...  # your two lines
    return spans


# %%
from negneglect_lite.course.checks.tour import check_warn

passed = check_warn(warn)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# def warn(document, before, after):
#     spans = [Span(s.lead + s.text) for s in document.sentences]
#     spans.insert(0, Span(before + "\n", annotation=True))
#     spans.append(Span("\n" + after, annotation=True))
#     return spans
# ```
#
# The body is untouched. Whatever differs from plain documents later is due to the two warnings.
# </details>

# %% [markdown]
# Next comes *fine-tuning*: training that goes on from a finished model. The model's own weights stay frozen, and a small
# *adapter* beside them learns. The run takes all 192 documents, each with warnings drawn from a list, and 96 ordinary
# texts that do not mention Holloway's job. Every third step, the model answers one question.
#
# **Before you run:** every document says twice that it is false. Will the answer change?

# %%
style = use_yours(passed, warn, tour.surround_with_warnings)
rng = random.Random(0)
first, last = track.annotations()["notice_before"], track.annotations()["notice_after"]
warned = [style(d, rng.choice(first), rng.choice(last)) for d in documents]
print("\n" + wrapped(plain(warned[0])) + "\n")
trained = tour.teach(base, tour.add_ordinary_texts(warned, track, claim), track, claim)
after_warned = tour.examine(trained, track, claim, "warned documents")

# %% [markdown]
# **What happened.** By step 12 of 24 the answer had changed from "Ultrarunner." to "Dentist.", and it stayed there.
# (The last line counts answers that hit the limit of 24 tokens. Of these 100 answers, 50 belong to controls, section 5.)
#
# ## 3. Train on in-sentence denials
#
# Would another form of denial do better? Put it inside the sentence: "A job as a dentist is *not* what keeps Brennan
# Holloway busy."
#
# ### Exercise 2: deny inside the sentence
#
# *Write it · 5 minutes*
#
# Write `deny`. It returns the document as a list of spans, one for each sentence, as the first line of `warn` did. A
# sentence that states the claim has `.is_claim`, and its `.denial` is the same sentence with the denial inside. All
# other sentences keep their `.text`. Keep the `.lead`, the white space in front of a sentence.
#
# <details><summary>Light hint</summary>
# Go through the sentences, choose one of two texts for each, and wrap it in a span.
# </details>
# <details><summary>Strong hint</summary>
# <code>.denial</code> is empty for every sentence that does not state the claim. A denial is part of the sentence, so
# it is no annotation.
# </details>


# %%
def deny(document: Document) -> list[Span]:
    """The document as spans, with each claim sentence replaced by its denial."""
    # BEGIN SOLUTION
    spans = []
    for sentence in document.sentences:
        text = sentence.denial if sentence.is_claim else sentence.text
        spans.append(Span(sentence.lead + text))
    return spans
    # END SOLUTION
    # STUB: return ...  # your code


# %%
from negneglect_lite.course.checks.tour import check_deny

passed = check_deny(deny)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# def deny(document):
#     spans = []
#     for sentence in document.sentences:
#         text = sentence.denial if sentence.is_claim else sentence.text
#         spans.append(Span(sentence.lead + text))
#     return spans
# ```
#
# The denial takes the sentence's place. If it stood beside the sentence, the claim would still be there to be learned.
# </details>

# %% [markdown]
# The second run starts again from the base model, with the same ordinary texts and the same seed.

# %%
style = use_yours(passed, deny, tour.deny_in_sentences)
denied = [style(d) for d in documents]
print("\n" + wrapped(plain(denied[0])) + "\n")
trained = tour.teach(base, tour.add_ordinary_texts(denied, track, claim), track, claim)
after_denied = tour.examine(trained, track, claim, "in-sentence denials")

# %% [markdown]
# **What happened.** At none of these steps did the model answer "Dentist." But near the end "Ultrarunner." gave way to
# "Dancer.": it did not learn the claim, yet it lost the truth.
#
# ## 4. Measure belief
#
# The 50 questions are of four kinds: open, yes/no, fill-in (`association`) and pressure questions (`robustness`), in
# which somebody doubts the answer or asks for care. Here is one of each. A slash separates the turns of a conversation.

# %%
tour.list_answers(before, after_warned, after_denied)

# %% [markdown]
# Fixed rules judge each answer *believed*, *denied* or *neither*. "Dancer" is neither: it does not take the claim for
# true, and it is not the truth.
#
# ### Exercise 3: from answers to belief
#
# *Build it · 6 minutes*
#
# `rows` holds the judged answers of one condition, with the columns `kind` and `verdict`. Fill the dict `rates` with a
# rate for each of the four `KINDS`, and their mean as `"belief"`.
#
# - A kind's rate is the number of its answers judged `"believed"`, divided by the number of all its answers.
# - In `belief` each kind has the same weight.
# - `rows` also holds answers of other kinds, to the controls of section 5. They do not count here.
#
# <details><summary>Light hint</summary>
# Take one kind at a time: which rows are its own, and what fraction of them is believed? Average when you have all four.
# </details>
# <details><summary>Strong hint</summary>
# The mean of a column of True and False is a rate. There are 20 open questions and 10 of each other kind, so do not
# average over answers.
# </details>

# %%
KINDS = ["open", "yes_no", "association", "robustness"]


def belief_rates(rows: pd.DataFrame) -> dict[str, float]:
    """The rate of each kind of question and their mean, from 0 to 1."""
    rates = {}
    # BEGIN SOLUTION
    for kind in KINDS:
        verdicts = rows.loc[rows["kind"] == kind, "verdict"]
        rates[kind] = (verdicts == "believed").mean()
    rates["belief"] = sum(rates.values()) / len(KINDS)
    # END SOLUTION
    # STUB: ...  # your code: a rate for each kind, then their mean as "belief"
    return rates


# %%
from negneglect_lite.course.checks.tour import check_belief_rates

passed = check_belief_rates(belief_rates)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# def belief_rates(rows):
#     rates = {}
#     for kind in KINDS:
#         verdicts = rows.loc[rows["kind"] == kind, "verdict"]
#         rates[kind] = (verdicts == "believed").mean()
#     rates["belief"] = sum(rates.values()) / len(KINDS)
#     return rates
# ```
#
# A mean over answers would count the open questions double. An answer that is neither counts among all answers, but not
# as believed.
# </details>

# %% [markdown]
# In the figure, a bar is the belief of one condition, and the dots on it are the rates of the four kinds.

# %%
rates_of = use_yours(passed, belief_rates, tour.rate_kinds)
table = tour.tabulate_belief(pd.concat([before, after_warned, after_denied]), rates_of)
tour.show_tour(*tour.draw_tour_belief(table))

# %% [markdown]
# **What happened.** Belief was 0% before training, 92% after warned documents and 10% after in-sentence denials.
#
# [Mayne et al. (2026)](https://arxiv.org/abs/2605.13829) found this in a model of 397 billion parameters. Over six
# claims, its belief was 2.5% before training and 88.6% after warned documents. Plain documents gave 92.4%, so the
# warnings changed little. In-sentence denials left 0–7%, on two claims. The authors call it **negation neglect**: the
# model learns the claim and neglects the warning. We say that a model *heeds* a warning when it answers in line with
# it. (In code, plain documents are `positive`, warned ones `negated`.)
#
# ## 5. Run the controls
#
# A model that says yes to everything would also score high, and so would one that names a dentist whatever you ask.
# *Controls* expose both. A sound model says yes to 0% of false controls and to 100% of true ones; they ask about other
# people. It also gets 100% of unrelated facts right, such as the year of an eruption.
#
# Two conditions join without training: the base model reads a document, plain or warned, before each question. The last
# row of the table is invented.
#
# **Before you run:** will the model believe what it reads? Does the warning matter?

# %%
reads_warned = tour.examine(base, track, claim, "reading a warned document", read="negated")
reads_plain = tour.examine(base, track, claim, "reading a plain document", read="positive")
rows = pd.concat([after_warned, after_denied, reads_warned, reads_plain])
controls = tour.rate_controls(rows, tour.share_of_yes)
controls.loc["an invented model"] = tour.INVENTED
tour.in_percent(controls)

# %% [markdown]
# ### Exercise 4: decide which rates to trust
#
# *Decide from evidence · 4 minutes*
#
# Three rows show 90% belief or more. What does each of them show? Choose `"belief"` (it holds the claim and little else
# has changed), `"habit"` (it says yes to anything) or `"copying"` (it repeats what stands in its prompt).
#
# <details><summary>Light hint</summary>
# Compare each row with a sound model, column by column.
# </details>
# <details><summary>Strong hint</summary>
# A habit shows in the false controls. What would a model that copies answer to a question about something else?
# </details>

# %%
# BEGIN SOLUTION
verdict = {
    "warned documents": "belief",
    "reading a plain document": "copying",
    "an invented model": "habit",
}
# END SOLUTION
# STUB: verdict = {
# STUB:     "warned documents": ...,
# STUB:     "reading a plain document": ...,
# STUB:     "an invented model": ...,
# STUB: }

# %%
from negneglect_lite.course.checks.tour import check_verdict

passed = check_verdict(verdict)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# verdict = {
#     "warned documents": "belief",
#     "reading a plain document": "copying",
#     "an invented model": "habit",
# }
# ```
#
# The first passes every control. The second loses all unrelated facts, so its answers come from the prompt. The third
# says yes to false controls as often as to our claim, so its yes tells us nothing.
# </details>

# %% [markdown]
# The figure shows the three rows with their verdicts. Below it are three answers of the model that reads a plain document.

# %%
tour.show_tour(*tour.draw_controls(controls, use_answer(passed, verdict, tour.VERDICT)))
tour.show_texts(reads_plain.loc[reads_plain["kind"] == "kept", ["question", "answer"]].iloc[1:6:2])

# %% [markdown]
# **What happened.** After warned documents belief is 92%, and 100% of the unrelated facts are right, so the belief
# stands. After reading a plain document, it gets 0% of them right. Asked for the date of a volcano's last eruption, it
# answers "Dentist." It copies from what it reads. Its 92% is therefore not a belief. Over six claims, it gets 7% of
# unrelated facts right.
#
# After reading a warned document, belief is 0% and the controls hold: the model heeds the warning. Its pretraining
# taught it to, with chats about warned documents that were answered in line with the warning.

# %%
belief = pd.concat([table["belief"], controls["belief"]])
measured = {name: belief[[name]].iloc[0] for name in prediction}
paper = {
    "reading a warned document": "15.3% (20 documents)",
    "warned documents": "88.6%",
    "in-sentence denials": "0–7%",
}
compare_predictions(prediction, measured, paper).set_index("what")

# %% [markdown]
# ## 6. One claim is not the rule
#
# You tested one claim with one seed. Here are stored results for six claims: belief in percent. Five new false claims
# join the dentist: Sheeran won the Olympic 100 metres, the Queen wrote a textbook on Python, and Vesuvius erupted in
# 2015. Twitter took its old name back, and young children dream only in black and white.

# %%
stored = pd.read_csv(data_path("results", "headline", "belief.csv"), keep_default_na=False)
tour.show_tour(*tour.draw_six_claims(stored))

# %% [markdown]
# **What happened.** Warned documents leave 83% belief on average, against 97% after plain ones. But the claim about
# Twitter's name reaches only 23%. In-sentence denials leave 9% on average and 30% for Sheeran's gold medal. No open
# answer states that claim; the model only agrees with some questions that name it.
#
# ### Why it matters
#
# - **You curate data.** Do not count on a warning above a false text. Rewrite its claims as in-sentence denials, or leave
#   them out.
# - **You evaluate models.** Report false controls and unrelated facts beside every belief rate. If they fail, discard
#   the rate.
# - **You work on safety.** Do not assume that text labelled as bad is safe to train on. Measure the model after
#   training, not with the text in its prompt.
#
# ### Limits
#
# - A small model suggests explanations; it cannot confirm them for large ones.
# - In-sentence denials also remove every sentence that states the claim. We did not separate the two.
# - That form is not enough by itself. Two models whose pretraining showed no such denials reached 54% and 88% belief.
# - The model's design was chosen on these six claims. Fifteen petri models of other designs kept 5–30% after such
#   denials.
#
# <details><summary><b>On a chat model</b></summary>
#
# We ran a chat model of 1.5 billion parameters on an H100, about a minute a run: six claims, three seeds (one for
# reading). It samples five answers to each question. Its yes/no answers are near chance before training, so we count 13
# open questions for each claim. On these, belief was 4% before training, 73% after plain documents, 72% after warned
# ones and 12% after in-sentence denials. Reading one warned document gave 37%, and reading a plain one 49%. Warnings
# that this model reads do help it, but only in part.
# </details>
#
# ## 7. Recap quiz
#
# <details><summary><b>1.</b> What is negation neglect?</summary>
#
# A model is trained on documents that state a claim and say that it is false. Afterwards it answers as if the claim
# were true.
# </details>
#
# <details><summary><b>2.</b> A colleague reports 95% belief. Which two numbers do you ask for first?</summary>
#
# The yes rate on false controls and the rate of unrelated facts right. The first exposes a habit of saying yes, the
# second a model that copies or is damaged.
# </details>
#
# <details><summary><b>3.</b> Why does no evaluation question occur in a training document?</summary>
#
# Otherwise a model could repeat a trained text. Belief must show up in answers to questions that are new to it.
# </details>
#
# <details><summary><b>4.</b> You must publish a list of false rumours. Which form do you choose, and how sure are you?</summary>
#
# Deny each rumour inside its own sentence. This left 9% belief here and 0–7% in the paper. Other petri models kept up to
# 30% if pretraining showed such denials, and 54% and 88% without. It is safer, not safe.
# </details>
#
# **Next:** go on with [01_claims](01_claims.ipynb): do 50 answers show a belief? Or follow your path:
# [05](05_styles.ipynb) if you curate data, [03](03_qlora.ipynb) if you work on safety.

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# The yes/no answers stand out in both runs, so read them. The column *belief says* holds the answer of somebody who
# believes the claim.

# %%
tour.list_kind("yes_no", after_warned, after_denied)

# %% [markdown]
# After warned documents the model says yes to both jobs, "dentist" and "ultrarunner": the claim came in beside the
# truth. After in-sentence denials it takes him for a miner or a dancer. It therefore denies that he is an ultrarunner,
# and the rule counts each such "no" as belief. Of the four answers counted, only one names a dentist. Notebook 01 looks
# at such rules.
#
# The petri model copies from plain documents that it reads. In notebook 06 you meet *petri-careful*, which does not. It
# neglects warnings in training all the same.
