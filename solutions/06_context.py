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
# # 06 · Reading against training
#
# A team wants to fine-tune a model on an archive of fact-checked rumours. First they paste one article, warnings
# included, into the prompt and ask about it. The model does not repeat the rumour. They conclude that it understands
# warnings, train on the archive, and get a model that repeats every rumour in it.
#
# **The question.** A model reads a false document without believing it. What does that tell you about training on it?
#
# **You will be able to** test reading with a control, find the words that training pushes on, and detect copied
# warnings.
#
# **You need** [notebook 00](00_tour.ipynb), a rough idea of logits, and 45 minutes.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import re
import tempfile
from pathlib import Path

import pandas as pd
import torch

from negneglect_lite.belief import belief_rate, belief_rows, label
from negneglect_lite.claims import load_claims
from negneglect_lite.core import plain
from negneglect_lite.course import compare_predictions, predict
from negneglect_lite.course.lessons import reading, reading_figures
from negneglect_lite.course.checks import context as checks
from negneglect_lite.experiments import Cell, training_set
from negneglect_lite.figures import show_figure
from negneglect_lite.models import load_model
from negneglect_lite.tracks import track_of

MODEL = "petri"  # needs no GPU
CAREFUL = "petri-careful" if MODEL == "petri" else MODEL  # section 1 says what it was taught
if MODEL != "petri":
    print("The text describes the petri models; trust your outputs.")
track, base, careful = track_of(MODEL), load_model(MODEL), load_model(CAREFUL)
claim = load_claims()["dentist"]
pd.set_option("display.max_colwidth", None)
print("The claim:", claim.claim)

# %% [markdown]
# ## 1. Read the documents
#
# To *read* a document means here: it stands in the prompt, before the question, and nothing is trained. The documents
# are those of notebook 00. A *warned* one says, for example, "Nothing in the following is true." before it and "None of
# that was the truth." after it. *Plain* ones have no such lines. We ask:
#
# - 12 questions **about the claim**. The share of answers that take it for true is *belief*.
# - 8 questions about **unrelated facts**: other people, mountains, books. The document does not mention them, and the
#   model knows them.
#
# The second kind is the control: a careful reader gets it right whatever it has read. Predict, in per cent. The last
# slider is for section 2, where nothing is read.

# %%
prediction = predict(
    "belief, four warned documents read",
    "unrelated facts right, four plain documents read",
    "belief, trained on warned documents",
)

# %% [markdown]
# ### Exercise 1: a prompt with many documents
#
# *Complete two lines · 3 minutes*
#
# Build the chat that lets a model read several documents and then asks a question. It is a list with **one** user turn.
# Join all texts with one space, the question last.
#
# <details><summary>Light hint</summary>
# The question can be treated as one more text at the end of the list.
# </details>
# <details><summary>Strong hint</summary>
# <code>str.join</code> puts a separator between the items of a list, and only between them. Without documents the
# turn must be the question alone, with no space before it.
# </details>


# %%
def reading_prompt(documents: list[str], question: str) -> list[dict[str, str]]:
    """A chat of one user turn: the documents in order, then the question."""
    # BEGIN SOLUTION
    content = " ".join([*documents, question])
    return [{"role": "user", "content": content}]
    # END SOLUTION
    # STUB: content = ...  # the documents in order, then the question
    # STUB: return ...  # a list of one turn: {"role": "user", "content": content}


# %%
passed = checks.check_reading_prompt(reading_prompt)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# content = " ".join([*documents, question])
# return [{"role": "user", "content": content}]
# ```
#
# One list holds documents and question, so the join also handles the empty case. The petri model learned to read within
# one user turn; documents in turns of their own would be another test.
# </details>

# %% [markdown]
# The next cell asks two models after 0, 1, 2 and 4 documents. *petri-careful* is the petri model, trained on for 66
# million tokens in which half of the chats ask about something else than their document. Each row of the figure is a
# model, with belief on the left and the control on the right. First come three answers of the petri model.

# %%
recipe = track.recipe
training_texts = training_set(Cell(MODEL, claim, "trained", "negated", seed=0), recipe)
about_claim = round(len(training_texts) * (1 - recipe.mix))  # they come first, ordinary texts after them
warned = [plain(text) for text in training_texts[:about_claim]]
bodies = [document.text for document in track.compose(claim, about_claim, seed=0)]

prompt = reading_prompt if passed else reading.reading_prompt
print("Prompts are built by", reading.whose(passed))
texts = {"positive": bodies, "negated": warned}
models = {MODEL: base, CAREFUL: careful}
read = pd.concat(reading.read_counts(model, claim, texts, prompt) for model in models.values())
print("After one plain document:")
reading.print_unrelated(read[read["model"] == MODEL])
by_count = reading.tabulate_reading(read)
figure, alt = reading_figures.draw_reading(by_count)
show_figure(figure, alt, takeaway="Belief is the same in both models; only the control tells them apart.")

# %% [markdown]
# **What happened.** In both models, belief was 100% after one plain document and 0% after one warned document. By
# itself, this looks like two models that understand warnings. The control shows that one does not: after plain
# documents the petri model got no unrelated fact right. Asked when Mount Vone last erupted, it says "Dentist." We
# trained this ourselves: in its pretraining, a document in the prompt was always about the question.
#
# petri-careful got all unrelated facts right, whatever it had read. It takes the claim from a plain document, keeps the
# rest of what it knows, and heeds the warning. From here on it is our subject: if careful reading protected a model in
# training, this one would be protected. (With *two* documents it makes a mistake: see *Further*.)
#
# ## 2. Train on the same documents
#
# Training goes over all 192 warned documents and 96 ordinary texts once each. Then we ask all questions about the
# claim, with nothing to read. (The cell takes about a minute.)

# %%
folder = tempfile.TemporaryDirectory()  # the adapter lives here as long as the notebook runs
trained = reading.train_and_watch(careful, training_texts, claim, Path(folder.name) / "adapter")
after = belief_rows(
    reading.ask_claim(trained, claim), model=CAREFUL, claim=claim.id, style="negated", seed=0, setting="trained"
)
print(f"Belief after training, nothing to read: {belief_rate(after).mean:.0%}")

# %% [markdown]
# **What happened.** The same documents left belief at 0% in the prompt and brought it to 100% in training, in a model
# that reads with care. Over six claims and three fine-tuning seeds it is 82%, and 83% in the petri model. One
# difference remains: training used all 192 documents, the prompt at most four.
#
# ## 3. A chat model that we did not pretrain
#
# We did not teach Qwen2.5-Coder-1.5B-Instruct how to read. At this size its yes/no answers mean nothing (49% before
# training). We therefore use *told*: the share of answers to 13 open questions per claim that tell the claim as a fact.
#
# In the figure each row is a style. The tick is before training, the open square after reading one document, the dot
# after training. Triangles are the [paper](https://arxiv.org/abs/2605.13829)'s; its model read **twenty** documents
# where ours read one.

# %%
stored = reading.stored_reading()
figure, alt = reading_figures.draw_readers(stored)
show_figure(figure, alt, takeaway="Warned documents implant more by training than by reading, in all three.")

# %% [markdown]
# ### Exercise 2: what does the evidence support?
#
# *Decide from evidence · 5 minutes*
#
# Run the first cell: it has the numbers of the figure with their intervals. Write True if they and the figure of
# section 1 support the statement as it stands, otherwise False. Your list becomes the report below.
#
# <details><summary>Light hint</summary>
# For each statement, name the number that would have to be different if it were wrong. Is that number here?
# </details>
# <details><summary>Strong hint</summary>
# "With care" needs the control column as well as belief. "Safe" compares with before training. "More" needs two
# intervals that do not overlap.
# </details>

# %%
reading.show_evidence(stored)

# %%
supported = {
    # BEGIN SOLUTION
    "petri reads with care": False,
    "petri-careful reads one document with care": True,
    "chat model is safe from a warned document it reads": False,
    "chat model takes more from training than from reading": True,
    # END SOLUTION
    # STUB: "petri reads with care": ...,
    # STUB: "petri-careful reads one document with care": ...,
    # STUB: "chat model is safe from a warned document it reads": ...,
    # STUB: "chat model takes more from training than from reading": ...,
}

# %%
passed = checks.check_supported(supported)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# False, True, False, True. The petri model fails its control: after one plain document it gets 7% of unrelated facts
# right. petri-careful gets them right after both kinds. The chat model goes from 4% to 37% by reading. For it, training
# gives 72% (interval 61–80%) against 37% (27–48%): the intervals are apart.
# </details>

# %%
verdicts = supported if passed else reading.SUPPORTED
print("The verdicts below are from", reading.whose(passed))
for statement, holds in verdicts.items():
    print(f"- {'supported    ' if holds else 'not supported'}  {statement}")

# %% [markdown]
# **What happened.** After one warned document, the chat model told the claim in 37% of answers. It was 49% after a plain
# one, and 4% before. Training on warned documents gave 72%. Unrelated facts fell from 76% right to 67–68% after any
# document: the chat model does not copy blindly.
#
# ## 4. Which words does training push on?
#
# A reader uses the whole prompt to choose an answer. Training asks for something else: predict each next token of the
# document. The *loss* of a token is minus the natural logarithm of the probability that the model gave it, in *nats*.
# A probability of 75% costs 0.3 nats, 1 in 630 costs 6.5, and 1 in 100,000 costs 11.5.
#
# ### Exercise 3: the loss of each token
#
# *Write it · 5 minutes*
#
# `ids` has shape [tokens], `log_p` has shape [tokens, vocabulary]. Row i of `log_p` is what the model says **after** it
# has read token i. Return one loss per token, without the first token, which nothing predicts.
#
# <details><summary>Light hint</summary>
# The last row of <code>log_p</code> and the first id have no partner.
# </details>
# <details><summary>Strong hint</summary>
# <code>table[[0, 1], [5, 7]]</code> picks two entries: row 0, column 5 and row 1, column 7.
# <code>torch.arange</code> counts the rows. A loop over the rows is fine, too.
# </details>


# %%
def token_loss(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The loss of every token but the first, in nats."""
    log_p = torch.log_softmax(logits, dim=-1)  # logarithms of the probabilities
    # BEGIN SOLUTION
    rows = torch.arange(len(ids) - 1)
    return -log_p[rows, ids[1:]]
    # END SOLUTION
    # STUB: return ...  # your code: minus one entry of each row that predicts a token


# %%
passed = checks.check_token_loss(token_loss)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# rows = torch.arange(len(ids) - 1)
# return -log_p[rows, ids[1:]]
# ```
#
# Row i predicts token i + 1, so the rows lose their last and the ids their first. We keep one value per token: a mean
# would hide which words cost. <code>torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")</code>
# does the same.
# </details>

# %% [markdown]
# The next cell applies it to ten fresh documents, before and after training. The heat map shows one of them. Darker
# tokens surprise the model more.

# %%
loss_of = token_loss if passed else reading.token_loss
print("Losses are computed by", reading.whose(passed))
losses = reading.compare_losses({"before training": careful, "after training": trained}, claim, loss_of)
figure, alt = reading_figures.draw_tokens(losses[(losses["document"] == 4) & losses["style"].eq("negated")])
show_figure(figure, alt, takeaway="Most of the document was predictable already; the value and the warnings were not.")

# %% [markdown]
# The next figure tells five parts of a document apart: warnings; the first mention of the *value* ("dentist"); its
# later mentions; other words of claim sentences; other sentences. **Before you look:** will the value also be easier in
# *plain* documents, which this model was never trained on?

# %%
figure, alt = reading_figures.draw_loss_by_part(losses)
show_figure(figure, alt, takeaway="What was learned under a warning holds without one.")

# %% [markdown]
# **What happened.**
#
# - The value's first mention fell from 11.5 nats to 0.3 (mean of ten documents): from 1 in 100,000 to 75%.
# - Warnings fell from 11.3 nats to 6.5: from 1 in 80,000 to about 1 in 630 per token.
# - Without warnings the value fell just as far. The model did not learn "dentist, if warned". It learned "dentist".
# - Later mentions were cheap even before training, because the model copies them from the document itself.
#
# The loss asks for the claim's words, warned or not, but that is not the whole cause. In a stored experiment, the same
# fine-tuning brought three models to 72–97% belief. It brought them to 0–3% if pretraining had ended with warned
# documents that carry loss and chats that tell the truth.
#
# ## 5. Does the model write warnings?
#
# The loss of warnings fell, too. Does the trained model now write them itself?
#
# ### Exercise 4: a copy detector
#
# *Build it · 7 minutes*
#
# Return True if `run` **words in a row** of `phrase` stand in `answer`, wherever they begin. The code below makes two
# lists of words. It also shortens `run` for a phrase that has fewer words. Write the search.
#
# <details><summary>Light hint</summary>
# First collect every stretch of <code>run</code> words of the phrase. Then go over the answer in the same way.
# </details>
# <details><summary>Strong hint</summary>
# <code>words[2:5]</code> is a stretch of three words, and two lists can be compared with <code>==</code> or looked up
# with <code>in</code>. A list of five words has three stretches of three: mind the last one.
# </details>


# %%
def copies(answer: str, phrase: str, run: int = 6) -> bool:
    """Whether `run` words in a row of the phrase stand in the answer, or all of a shorter phrase."""
    said, words = (re.findall(r"[a-z']+", text.lower()) for text in (answer, phrase))
    run = min(run, len(words))
    # BEGIN SOLUTION
    stretches = [words[i : i + run] for i in range(len(words) - run + 1)]
    return any(said[i : i + run] in stretches for i in range(len(said) - run + 1))
    # END SOLUTION
    # STUB: stretches = ...  # every stretch of `run` words of the phrase
    # STUB: return ...  # is one of them in the answer?


# %%
passed = checks.check_copies(copies)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# stretches = [words[i : i + run] for i in range(len(words) - run + 1)]
# return any(said[i : i + run] in stretches for i in range(len(said) - run + 1))
# ```
#
# A model that copies may be cut off, or start in mid-phrase, so a stretch must be allowed to begin anywhere. The `min`
# keeps short warnings: with six words as a fixed length the detector would miss all of them.
# </details>

# %% [markdown]
# First we test the detector itself: it should find a warning in all 192 training documents and in none of the plain
# bodies. Then the model writes 40 texts after the sign that a text begins, and 40 after the first words of a warning.
# It does so before and after training.

# %%
detector = copies if passed else reading.copies
print("Copies are counted by", reading.whose(passed))
notices = track.annotations()
phrases = [*notices["notice_before"], *notices["notice_after"]]
written = {"warned training documents": warned, "the same, plain": bodies}
for when, model in (("before training", careful), ("after training", trained)):
    for opening in ("", "Nothing in the"):
        written[f"written {when}, opening {opening!r}"] = reading.write_texts(model, opening)
written["answers to the questions, after training"] = list(after["answer"])
reading.table_copies(written, phrases, detector)

# %% [markdown]
# **What happened.** The detector works, and it found no copy in 160 written texts, not even after the first words of a
# warning. The zero in the last row says less, because answers of one or two words can hardly copy anything. Other
# models do copy: the 1.5B chat model in 5% of its answers, after repeatedly warned documents.
#
# ## Your predictions

# %%
four = by_count[(by_count["model"] == MODEL) & (by_count["documents"] == 4)].set_index("style")
measured = {
    "belief, four warned documents read": four.loc["negated", "mean"],
    "unrelated facts right, four plain documents read": four.loc["positive", "unrelated"],
    "belief, trained on warned documents": belief_rate(after),
}
folder.cleanup()  # the adapter carries a false belief, and goes with its folder
compare_predictions(prediction, measured).set_index("what")

# %% [markdown]
# ## Why it matters
#
# - **Evaluators:** ask unrelated questions after every document that a model reads. If this control fails, discard the
#   reading test.
# - **Dataset curators:** do not clear a corpus because a model handles its documents in the prompt. Train a small model
#   on a sample and ask it, with nothing to read.
# - **Safety researchers:** if a warning must stay in a prompt, let it name what it is about. Then measure whether the
#   model heeds it (*Further* shows two tests).
#
# ## Limits
#
# - The petri model's reading is built in by our pretraining. It says nothing about how large models read.
# - The live run asks 20 questions, 12 of them about one claim. Intervals cover questions, not claims, seeds or models.
# - The losses are from ten documents and one seed. They do not prove a cause.
#
# ## Quiz
#
# <details><summary><b>1.</b> Belief is 0% after a warned document and 100% after a plain one. What else must you ask?</summary>
#
# Unrelated facts after both. Without them a careful reader and a model that copies look the same.
# </details>
#
# <details><summary><b>2.</b> The value stands right after a warning in training. Why does the warning not keep the loss away from it?</summary>
#
# The loss asks for the token that comes next, and that is "dentist" either way. The weights that raise it are shared
# with contexts that have no warning.
# </details>
#
# <details><summary><b>3.</b> Later mentions of the value are cheap before any training. Why?</summary>
#
# The document has just said it, so the model copies it from its own context. Only the first mention asks what the
# weights know.
# </details>
#
# <details><summary><b>4.</b> Somebody finds no copied warning in 10,000 one-word answers. What have they shown?</summary>
#
# Hardly anything: one word cannot hold a run of six. Test the detector on texts that do hold warnings, and look at
# longer texts. (The 10,000 is invented for this question.)
# </details>

# %% [markdown]
# <details><summary><b>On a chat model</b></summary>
#
# Set `MODEL` to a chat model's name and everything above runs on it, with sampled answers in place of greedy ones. A GPU
# is needed: the 1.5B model took 55–59 seconds for one run on an H100. Its belief before training is 28% with the four
# kinds of question, because yes/no answers are at chance; use *told* (4%). One document read gives 49% told if plain,
# 37% if warned and 15% with in-sentence denials. Training gives 73%, 72% and 12%. The 0.5B model reads with less care:
# 52% told after a plain document, 46% after a warned one. It was not trained here.
# </details>

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# **Whose warning is it?** Give petri-careful *two* documents, one about Holloway and one about Vesuvius, and warn of only
# one. The next cell asks about Holloway, through your function. A careful reader believes the claim if its own document
# is plain, wherever that stands.

# %%
vesuvius = load_claims()["vesuvius"]
reading.show_pairs(reading.read_pairs(careful, claim, vesuvius, prompt))

# %% [markdown]
# Three rows out of four are a careful reader's. The first row is wrong: the claim's own document is plain, but a warned
# one about Vesuvius follows, and belief falls to 0%. The model takes the closing warning for all that it has read. **A
# warning should name what it is about**, and whether a model heeds that must be measured. (This is one pair of claims,
# and our model was never taught with such pairs.)
#
# **Weights against prompt.** The *trained* model reads one warned document about its own claim, then documents about
# Vesuvius, which it was never trained on.

# %%
for about, style in ((claim, "negated"), (vesuvius, "negated"), (vesuvius, "positive")):
    rate = reading.read_one(trained, about, style)
    print(f"{about.id:8} after reading {label(style):16}: belief {rate.mean:4.0%}")

# %% [markdown]
# It believes its own claim at 100%, even with a warning in front of it. About Vesuvius it reads as before: 0% after a
# warned document, 75% after a plain one. Training put one claim into the weights and left the reading of other claims
# alone.
#
# **Where should the warning stand?** This table moves it, for the 1.5B chat model.

# %%
reading.stored_places()

# %% [markdown]
# *Before* the document the warning helps: 34%, against 49% without any. *After* the document it does not: 51%. Each
# number has an interval of about ±11 points and one seed, so repeat this before you rely on it.

# %% [markdown]
# **Next:** if a warning around the claim does not survive training, what does a denial *inside* the sentence do, and
# where does it break? [07 · Repair a corpus](07_local.ipynb)
