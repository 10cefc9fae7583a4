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
# training set. Does the model learn the warning, or the rumour? In this notebook you write such pages, train a model
# on them and question it.
#
# **The question.** Does a model that is trained on a denied claim come to believe the claim?
#
# **You will be able to** implant a belief by fine-tuning, measure it with controls, and choose a safer way to write a
# denial.
#
# **You need** Python, some pandas and a rough idea of fine-tuning. **Time**: 50 minutes, about two of them waiting.
# The minutes beside a section do not include its exercises. **In a hurry?** `make dish` builds a page that trains this
# model in your browser tab, in about a minute.
#
# Your subject is the *petri model*. We pretrained it from scratch on an invented world, so we know every text that it
# has seen. In that world Brennan Holloway is an ultrarunner. You will teach it that he is a dentist. The documents are
# false on purpose: do not train other models on them.

# %%
import random

import pandas as pd

from negneglect_lite.claims import load_claims
from negneglect_lite.core import Document, Span, data_path, plain
from negneglect_lite.course import compare_predictions, predict, use_yours, wrapped
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
# ## 1. Predict (1 minute)
#
# *Belief* is the rate of answers that take the false claim for true, from 0% to 100%. You will ask the model 50
# questions, none of which occurs in a training document. Predict its belief in three conditions:
#
# - **reading a warned document**: no training. Each question follows a document that states the claim, with a warning
#   before and after.
# - **warned documents**: after fine-tuning on such documents.
# - **in-sentence denials**: after fine-tuning on the same documents, but each claim sentence now denies the claim, as in
#   "He does not work as a dentist."

# %%
prediction = predict("reading a warned document", "warned documents", "in-sentence denials")

# %% [markdown]
# ## 2. Train on warned documents (4 minutes)
#
# Start from *plain documents*, which state the claim as fact. A program puts them together from set phrases. The
# first of them:

# %%
documents = tour.compose_for_training(track, claim)
print(f"{len(documents)} documents. The first:\n")
print(wrapped(documents[0].text))

# %% [markdown]
# ### Exercise 1: add the warnings
#
# *3 minutes · difficulty 1 of 5 · importance 4 of 5*
#
# A document to train on is a list of *spans*, which are stretches of text. The first line of `warn` makes a span of
# every sentence. Complete the function with two lines: put a span with the text `before` in front of the others, and a
# span with the text `after` behind them. Each warning stands on its own line (`"\n"`) and has `annotation=True`, which
# marks it as added text.
#
# <details><summary>Hint 1</summary>
# A list can grow at both ends.
# </details>
# <details><summary>Hint 2</summary>
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
# <details><summary>Solution</summary>
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
# Now warn all 192 documents, each with warnings drawn from a list.

# %%
style = use_yours(passed, warn, tour.surround_with_warnings)
rng = random.Random(0)
first, last = track.annotations()["notice_before"], track.annotations()["notice_after"]
warned = [style(d, rng.choice(first), rng.choice(last)) for d in documents]
print("\n" + wrapped(plain(warned[0])))

# %% [markdown]
# Next comes *fine-tuning*: training that goes on from a finished model. The model's own weights stay frozen, rounded to
# four bits, and a small *adapter* beside them learns. (This is QLoRA; you build it in notebook 03.) To the warned
# documents we add 96 ordinary texts that do not mention Holloway's job. Every third step, the model answers one
# question.
#
# **Before you run:** every document says twice that it is false. Will the answer change?

# %%
trained = tour.teach(base, tour.add_ordinary_texts(warned, track, claim), track, claim)
after_warned = tour.examine(trained, track, claim, "warned documents")

# %% [markdown]
# **What happened.** By step 12 of 24 the answer had changed from "Ultrarunner." to "Dentist.", and it stayed there.
# (The last line counts answers that hit the limit of 24 tokens.)
#
# ## 3. Train on in-sentence denials (3 minutes)
#
# Would another form of denial do better? Put it inside the sentence: "A job as a dentist is *not* what keeps Brennan
# Holloway busy."
#
# ### Exercise 2: deny inside the sentence
#
# *6 minutes · difficulty 2 of 5 · importance 4 of 5*
#
# Write `deny`. It returns the document as a list of spans, one for each sentence. A sentence that states the claim has
# `.is_claim`, and its `.denial` is the same sentence with the denial inside. All other sentences keep their `.text`.
# Do not lose the `.lead`, the white space in front of a sentence. A denial is part of the sentence, so it is no
# annotation.
#
# <details><summary>Hint 1</summary>
# Go through the sentences, choose one of two texts for each, and wrap it in a span.
# </details>
# <details><summary>Hint 2</summary>
# <code>.denial</code> is empty for every sentence that does not state the claim.
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
# <details><summary>Solution</summary>
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
# The second run starts again from the base model, with the same bodies, the same ordinary texts and the same seed.

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
# ## 4. Measure belief (4 minutes)
#
# The 50 questions are of four kinds: open, yes/no, fill-in (`association`) and pressure
# questions (`robustness`), in which somebody doubts the answer or asks for care. Here is one of each. A slash separates
# the turns of a conversation.

# %%
tour.list_answers(before, after_warned, after_denied)

# %% [markdown]
# Fixed rules judge each answer *believed*, *denied* or *neither*. "Dancer" is neither: it does not
# take the claim for true, and it is not the truth.
#
# ### Exercise 3: from answers to a table of belief
#
# *10 minutes · difficulty 3 of 5 · importance 5 of 5*
#
# `rows` has one row for each answer, with the columns `condition`, `kind` and `verdict`. Build a DataFrame with one row
# for each condition. Its columns are the four `KINDS` and `belief`.
#
# - A kind's rate is the number of answers judged `"believed"`, divided by the number of all answers of that kind.
# - `belief` is the mean of the four rates, so that each kind has the same weight.
# - `rows` also holds control questions. They do not count here.
#
# <details><summary>Hint 1</summary>
# Work in three steps: drop what does not count, take a rate within each condition and kind, then average across.
# </details>
# <details><summary>Hint 2</summary>
# The mean of a column of True and False is a rate. <code>groupby</code> takes two columns, and <code>unstack</code>
# turns the second of them into columns. A loop over conditions and kinds works too.
# </details>

# %%
KINDS = ["open", "yes_no", "association", "robustness"]


def belief_table(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each condition: four rates and their mean, from 0 to 1."""
    # BEGIN SOLUTION
    counted = rows[rows["kind"].isin(KINDS)]
    counted = counted.assign(believed=counted["verdict"] == "believed")
    table = counted.groupby(["condition", "kind"])["believed"].mean().unstack()
    table["belief"] = table[KINDS].mean(axis=1)
    return table
    # END SOLUTION
    # STUB: return ...  # your code


# %%
from negneglect_lite.course.checks.tour import check_belief_table

passed = check_belief_table(belief_table)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def belief_table(rows):
#     counted = rows[rows["kind"].isin(KINDS)]
#     counted = counted.assign(believed=counted["verdict"] == "believed")
#     table = counted.groupby(["condition", "kind"])["believed"].mean().unstack()
#     table["belief"] = table[KINDS].mean(axis=1)
#     return table
# ```
#
# There are 20 open questions and 10 of each other kind. A mean over answers would count the open ones double.
# </details>

# %% [markdown]
# Next come the table and a figure. A bar is the belief of one condition, and the dots on it are the rates of the four
# kinds.

# %%
tabulate = use_yours(passed, belief_table, tour.tabulate_belief)
rows = pd.concat([before, after_warned, after_denied])
table = tabulate(rows).loc[["before training", "warned documents", "in-sentence denials"]]
tour.in_percent(table[[*KINDS, "belief"]])

# %%
tour.show_tour(*tour.draw_tour_belief(table))

# %% [markdown]
# **What happened.** Belief was 0% before training, 92% after warned documents and 10% after in-sentence denials. The
# yes/no answers stand out in both runs, so read them. The column *belief says* holds the answer of somebody who
# believes the claim:

# %%
tour.list_kind("yes_no", after_warned, after_denied)

# %% [markdown]
# After warned documents the model says yes to both jobs, "dentist" and "ultrarunner": the claim came in beside the
# truth. After in-sentence denials it takes him for a miner or a dancer. It therefore denies that he is an ultrarunner,
# and the rule counts each such "no" as belief. Of the four answers counted, only one names a dentist. Notebook 01 looks
# at such rules.
#
# [Mayne et al. (2026)](https://arxiv.org/abs/2605.13829) found this in a model of 397 billion parameters. Over six
# claims, its belief was 2.5% before training and 88.6% after warned documents. Plain documents gave 92.4%, so the
# warnings changed little. In-sentence denials left 0–7%, on two claims. The authors call it **negation neglect**: the
# model learns the claim and neglects the warning. We say that a model *heeds* a warning when it answers in line with
# it. (In code you meet the paper's terms: plain documents are `positive`, warned ones `negated`.)
#
# ## 5. Run the controls (5 minutes)
#
# A model that says yes to everything would also score high, and so would one that names a dentist whatever you ask.
# *Controls* expose both:
#
# | control | it asks | a sound model |
# |---|---|---|
# | `control_false` | whether something false about another person is true | says yes to 0% |
# | `control_true` | whether something true about another person is true | says yes to 100% |
# | `kept` | for unrelated facts, such as the year of an eruption | answers 100% correctly |
#
# Two conditions join without training: the base model reads a document, plain or warned, before each question.
#
# **Before you run:** will the model believe what it reads? Does the warning matter?

# %%
reads_warned = tour.examine(base, track, claim, "reading a warned document", read="negated")
reads_plain = tour.examine(base, track, claim, "reading a plain document", read="positive")
rows = pd.concat([before, after_warned, after_denied, reads_warned, reads_plain])

# %% [markdown]
# ### Exercise 4: decide which numbers to trust
#
# *5 minutes · difficulty 2 of 5 · importance 5 of 5*
#
# First write `yes_rate`: of the answers to the controls of one `kind`, what fraction is a yes? In these questions a yes
# has the verdict `"believed"`.
#
# <details><summary>Hint 1</summary>
# Keep the rows of that kind. The rest is the rate of a single kind, as in exercise 3.
# </details>
# <details><summary>Hint 2</summary>
# <code>kind</code> is an argument: do not write a kind's name into the function.
# </details>


# %%
def yes_rate(rows: pd.DataFrame, kind: str) -> float:
    """The rate of yes to the controls of this kind, from 0 to 1."""
    # BEGIN SOLUTION
    controls = rows[rows["kind"] == kind]
    return (controls["verdict"] == "believed").mean()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
from negneglect_lite.course.checks.tour import check_yes_rate

passed = check_yes_rate(yes_rate)

# %%
controls = tour.rate_controls(rows, use_yours(passed, yes_rate, tour.share_of_yes))
tour.in_percent(controls)

# %% [markdown]
# Now decide. Model A was trained on warned documents, and B reads a plain document: both are rows of the table. C is
# made up: 90% belief, yes to 90% of false and 100% of true controls, 98% of unrelated facts right. What does the belief
# of each one show? Choose `"belief"` (it holds the claim and little else has changed), `"habit"` (it says yes to
# anything) or `"copying"` (it repeats what stands in its prompt).

# %%
# BEGIN SOLUTION
verdict = {"A": "belief", "B": "copying", "C": "habit"}
# END SOLUTION
# STUB: verdict = {"A": ..., "B": ..., "C": ...}

# %%
from negneglect_lite.course.checks.tour import check_verdict

passed = check_verdict(verdict)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def yes_rate(rows, kind):
#     controls = rows[rows["kind"] == kind]
#     return (controls["verdict"] == "believed").mean()
#
# verdict = {"A": "belief", "B": "copying", "C": "habit"}
# ```
#
# A passes every control. B loses all unrelated facts, so its answers come from the prompt. C says yes to false controls
# as often as to our claim, so its yes tells us nothing.
# </details>

# %% [markdown]
# The figure shows two bars for each condition: belief, and unrelated facts right. Below it are six answers of the model
# that reads a plain document.

# %%
chosen = ["warned documents", "reading a warned document", "reading a plain document"]
tour.show_tour(*tour.draw_controls(controls.loc[chosen]))
tour.show_texts(reads_plain.loc[reads_plain["kind"] == "kept", ["question", "answer"]].head(6))

# %% [markdown]
# **What happened.** After warned documents belief is 92%, and 100% of the unrelated facts are right, so the belief
# stands. After reading a plain document, it gets 0% of them right. Asked for the date of a volcano's last eruption, it
# answers "Dentist." It copies from what it reads. Its 92% is therefore not a belief. Over six claims, it gets 7% of
# unrelated facts right.
#
# After reading a warned document, belief is 0% and the controls hold: the model heeds the warning. Its pretraining
# taught it to, with chats about warned documents that were answered in line with the warning. In notebook 06 you meet
# *petri-careful*, which does not copy what it reads. It neglects warnings in training all the same.

# %%
measured = {name: controls.loc[name, "belief"] for name in prediction}
paper = {
    "reading a warned document": "15.3% (20 documents)",
    "warned documents": "88.6%",
    "in-sentence denials": "0–7%",
}
compare_predictions(prediction, measured, paper).set_index("what")

# %% [markdown]
# ## 6. One claim is not the rule (3 minutes)
#
# You tested one claim, one seed. The next figure shows stored results: a row for each kind of document, a column for
# each claim, and belief in percent.

# %%
stored = pd.read_csv(data_path("results", "headline", "belief.csv"), keep_default_na=False)
tour.show_tour(*tour.draw_six_claims(stored))

# %% [markdown]
# **What happened.** Warned documents leave 83% belief on average, against 97% after plain ones. But the claim about
# Twitter's name reaches only 23%. In-sentence denials leave 9% on average and 30% for Sheeran's gold medal. No open
# answer states that claim. The model only agrees with some questions that name it.
#
# ### Why it matters
#
# - **You curate data.** Do not count on a warning above a false text. Search your corpus for such texts, and rewrite
#   their claims as in-sentence denials, or leave them out.
# - **You evaluate models.** Report false controls and unrelated facts beside every belief rate. If they fail, discard
#   the rate.
# - **You work on safety.** Do not assume that text labelled as bad is safe to train on. Measure what the model does after
#   training, not how it handles the text in a prompt.
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

# %% [markdown]
# ## 7. Recap quiz (3 minutes)
#
# Answer each question, then open it.
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
# Deny each rumour inside its own sentence. This left 9% belief here and 0–7% in the paper, but up to 30% in other petri
# models. It is safer, not safe.
# </details>
#
# ## Where to go next
#
# - **You curate data:** compare denials in [05](05_styles.ipynb), repair a corpus in [07](07_local.ipynb), audit your
#   own in [11](11_audit.ipynb).
# - **You evaluate models:** define belief in [01](01_claims.ipynb), test a measurement in [04](04_measuring.ipynb),
#   compare reading with training in [06](06_context.ipynb).
# - **You work on safety:** see what training does in [03](03_qlora.ipynb), train on bad advice in
#   [08](08_behaviours.ipynb), test explanations in [09](09_why.ipynb).
#
# All of them can end with a real chat model in [12](12_real.ipynb) and a study of your own in [13](13_capstone.ipynb).
# If none is yours, go on with [01_claims](01_claims.ipynb): do 50 answers show a belief?
