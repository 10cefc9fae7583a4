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
# **You will be able to** test reading with controls, find the words that training pushes on, and build a detector of
# copied warnings.
#
# **You need** [notebook 00](00_tour.ipynb), a rough idea of logits, and 45 minutes.
#
# **The question.** A model reads a false document without believing it. What does that tell you about training on it?
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import tempfile
from pathlib import Path

import pandas as pd

from negneglect_lite.belief import belief_rate, belief_rows, label
from negneglect_lite.claims import load_claims
from negneglect_lite.core import plain
from negneglect_lite.course import compare_predictions, predict, wrapped
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
# To *read* a document means here: it stands in the prompt, before the question, and nothing is trained. We ask three
# kinds of question.
#
# - **About the claim.** The share of answers that take it for true is *belief*.
# - **Unrelated facts**: other people, mountains, books. The document is silent about them, and the model knows them.
# - **True controls**: yes/no questions about other people's real jobs. The right answer is always yes.
#
# The last two are controls: a careful reader gets them right whatever it has read. Predict, in per cent:

# %%
prediction = predict(
    "belief, four plain documents read",
    "belief, four warned documents read",
    "unrelated facts right, four plain documents read",
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
# The next cell takes the documents that section 2 trains on, and the same bodies without warnings. It asks the petri
# model 24 questions after 0, 1, 2 and 4 of them (up to a minute).

# %%
recipe = track.recipe
training_texts = training_set(Cell(MODEL, claim, "trained", "negated", seed=0), recipe)
about_claim = round(len(training_texts) * (1 - recipe.mix))  # they come first, ordinary texts after them
warned = [plain(text) for text in training_texts[:about_claim]]
bodies = [document.text for document in track.compose(claim, about_claim, seed=0)]
print(wrapped(warned[0]))

prompt = reading_prompt if passed else reading.reading_prompt
print("\nPrompts are built by", reading.whose(passed))
texts = {"positive": bodies, "negated": warned}
read = reading.read_counts(base, claim, texts, prompt)
by_count = reading.tabulate_reading(read)
reading.show_counts(by_count)

# %% [markdown]
# **What happened.** Belief was 100% after one plain document and 0% after one warned document; more documents changed
# neither. By itself the column of belief shows a model that understands warnings. The control rules that out: after plain
# documents no unrelated fact was right. Look at the answers after one of them:

# %%
one_plain = read[(read["style"] == "positive") & (read["documents"] == 1)]
others = one_plain[one_plain["kind"].isin(["kept", "control_true"])]
others.set_index("question")[["answer"]].iloc[1:11:2]

# %% [markdown]
# Asked when Mount Vone last erupted, the model says "Dentist." It answers from the document where it can, and wrongly
# elsewhere, although it knew these facts. We trained this ourselves: in the petri model's pretraining, a document in the
# prompt was always about the question.
#
# ### A model that reads with care
#
# *petri-careful* is the same model, trained on for 66 million tokens in which half of the chats ask about something else
# than their document. Give it the same test. In the figure each row is a model, with belief on the left
# and the control on the right.

# %%
careful_read = reading.read_counts(careful, claim, texts, prompt)
by_count = pd.concat([by_count, reading.tabulate_reading(careful_read)])
figure, alt = reading_figures.draw_reading(by_count)
show_figure(figure, alt, takeaway="Belief is the same in both models; only the control tells them apart.")

# %% [markdown]
# **What happened.** Belief is the same, but petri-careful got all unrelated facts right, whatever it had read. It takes
# the claim from a plain document, keeps the rest of what it knows, and heeds the warning. From here on it is our
# subject: if careful reading protected a model in training, this one would be protected.
#
# ### Whose warning is it?
#
# A careful reader knows which text a warning belongs to. Give the model *two* documents, one about Holloway and one
# about Vesuvius, and warn of only one. The next cell asks about Holloway, through your function. A careful reader
# believes the claim if its own document is plain, wherever that stands.

# %%
two = predict("belief, its document warned and then a plain one about Vesuvius", variable="two")

# %%
vesuvius = load_claims()["vesuvius"]
pairs = reading.read_pairs(careful, claim, vesuvius, prompt)
reading.show_pairs(pairs)

# %% [markdown]
# **What happened.** Three rows out of four are a careful reader's. The first row is wrong: the claim's own document is
# plain, but a warned one about Vesuvius follows, and belief falls to 0%. The model takes the closing warning for all
# that it has read. **A warning should name what it is about**, and whether a model heeds that must be measured.
#
# ## 2. Train on the same documents
#
# Training goes over all 192 warned documents and 96 ordinary texts once each. Predict belief afterwards, with nothing
# to read. The second slider is for section 3: how often does a chat model tell the claim after it has read *one*
# warned document?

# %%
later = predict(
    "belief, trained on warned documents",
    "told, 1.5B chat model reads one warned document",
    variable="later",
)

# %%
folder = tempfile.TemporaryDirectory()  # the adapter lives here as long as the notebook runs
trained = reading.train_and_watch(careful, training_texts, claim, Path(folder.name) / "adapter")
after = belief_rows(
    reading.ask_claim(trained, claim), model=CAREFUL, claim=claim.id, style="negated", seed=0, setting="trained"
)
print(f"Belief after training, nothing to read: {belief_rate(after).mean:.0%}")

# %% [markdown]
# **What happened.** The very documents that left belief at 0% in the prompt brought it to 100% in training, in a model
# that reads with care. Over six claims and three fine-tuning seeds it is 82%, and 83% in the petri model. The trained
# model also saw more: all 192 documents, the reader at most four.
#
# Now weights and prompt contradict each other: the trained model reads one warned document. Does it still heed warnings?
# A second claim, about Vesuvius, was never trained on.

# %%
for about, style in ((claim, "negated"), (vesuvius, "negated"), (vesuvius, "positive")):
    rate = reading.read_one(trained, about, style)
    print(f"{about.id:8} after reading {label(style):16}: belief {rate.mean:4.0%}")

# %% [markdown]
# **What happened.** The trained model believes its own claim at 100%, even with a warning in front of it. About Vesuvius
# it reads as before: 0% after a warned document, 75% after a plain one. Training put one claim into the weights and left
# the reading of other claims alone.
#
# ## 3. A chat model that we did not pretrain
#
# Qwen2.5-Coder-1.5B-Instruct was not taught by us how to read. Yes/no questions say nothing at this size (49% before
# training), so we use *told*: the share of answers to 13 open questions per claim that tell the claim as a fact.
#
# In the figure each row is a style. The tick is before training, the open square after reading one document, the dot
# after training. Triangles are the [paper](https://arxiv.org/abs/2605.13829)'s; its model read **twenty** documents
# where ours read one.

# %%
stored = reading.stored_reading()
figure, alt = reading_figures.draw_readers(stored)
show_figure(figure, alt, takeaway="Warned documents implant more by training than by reading, in both.")
reading.stored_places()

# %% [markdown]
# **What happened.**
#
# - After one warned document, the chat model told the claim in 37% of answers. It was 49% after a plain one, and 4%
#   before. Training on warned documents gave 72%.
# - The table moves the warning. *Before* the document it helps: 34%. *After* the document it does not: 51%. Each number
#   has an interval of about ±11 points and one seed, so repeat this before you rely on it.
# - Unrelated facts fell from 76% right to 67–68% after any document. The chat model does not copy blindly.
#
# ### Exercise 2: what does the evidence support?
#
# *Decide from evidence · 5 minutes*
#
# Run the first cell. Write True if its numbers and the tables above support the statement as it stands, otherwise False.
# Your list becomes the report below.
#
# <details><summary>Light hint</summary>
# For each statement, name the number that would have to be different if it were wrong. Is that number here?
# </details>
# <details><summary>Strong hint</summary>
# "With care" needs the control column as well as belief. "Knows which" needs all four rows. "Safe" compares with before
# training. "More" needs two intervals that do not overlap. "Protects" compares with no warning.
# </details>

# %%
reading.show_evidence(stored)

# %%
supported = {
    # BEGIN SOLUTION
    "petri reads with care": False,
    "petri-careful reads one document with care": True,
    "petri-careful knows which document a warning belongs to": False,
    "chat model is safe from a warned document it reads": False,
    "chat model takes more from training than from reading": True,
    "a warning after the document protects the chat model": False,
    # END SOLUTION
    # STUB: "petri reads with care": ...,
    # STUB: "petri-careful reads one document with care": ...,
    # STUB: "petri-careful knows which document a warning belongs to": ...,
    # STUB: "chat model is safe from a warned document it reads": ...,
    # STUB: "chat model takes more from training than from reading": ...,
    # STUB: "a warning after the document protects the chat model": ...,
}

# %%
passed = checks.check_supported(supported)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# False, True, False, False, True, False. The petri model fails its control: after one plain document it gets 7% of
# unrelated facts right. petri-careful gets them right after both kinds, but one of four rows with two documents is wrong.
# The chat model goes from 4% to 37% by reading. Training gives 72% (interval 61–80%) against 37% (27–48%): the intervals
# are apart. With the warning after the document it is 51%, without any it is 49%.
# </details>

# %%
verdicts = supported if passed else reading.SUPPORTED
print("The verdicts below are from", reading.whose(passed))
for statement, holds in verdicts.items():
    print(f"- {'supported    ' if holds else 'not supported'}  {statement}")

# %% [markdown]
# ## 4. Which words does training push on?
#
# A reader uses the whole prompt to choose an answer. Training asks for something else: predict each next token of the
# document. The *loss* of a token is minus the natural logarithm of the probability that the model gave it, in *nats*.
# A probability of 75% costs 0.3 nats, 1 in 630 costs 6.5, and 1 in 100,000 costs 11.5.
#
# ### Exercise 3: the loss of each token
#
# *Write it · 6 minutes*
#
# `logits` has shape [tokens, vocabulary], `ids` has shape [tokens]. Row i is what the model says **after** it has read
# token i. Return one loss a token, without the first token, which nothing predicts.
#
# <details><summary>Light hint</summary>
# The last row of the logits and the first id have no partner.
# </details>
# <details><summary>Strong hint</summary>
# <code>torch.log_softmax</code> over the last axis turns logits into log-probabilities; <code>gather</code> picks one
# entry a row. <code>torch.nn.functional.cross_entropy</code> does both, but takes the mean unless told otherwise.
# </details>

# %%
import torch


def token_loss(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The loss of every token but the first, in nats."""
    # BEGIN SOLUTION
    return torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_token_loss(token_loss)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# return torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")
# ```
#
# Row i predicts token i + 1, so the rows lose their last and the ids their first. `reduction="none"` keeps one value a
# token: a mean would hide which words cost.
# </details>

# %% [markdown]
# The next cell applies it to ten fresh documents, before and after training. It tells five parts of a document apart:
# warnings; the first mention of the *value* ("dentist"); its later mentions; other words of claim sentences; other
# sentences. The heat map shows one document. Darker tokens surprise the model more.

# %%
loss_of = token_loss if passed else reading.token_loss
print("Losses are computed by", reading.whose(passed))
losses = reading.compare_losses({"before training": careful, "after training": trained}, claim, loss_of)
figure, alt = reading_figures.draw_tokens(losses[(losses["document"] == 4) & losses["style"].eq("negated")])
show_figure(figure, alt, takeaway="Most of the document was predictable already; the value and the warnings were not.")

# %% [markdown]
# **Before you look:** which falls further in training, the loss of the value or that of the warnings? And will the value
# be easier in *plain* documents, which this model was never trained on?

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
# ### Exercise 4: a copy detector
#
# *Build it · 10 minutes*
#
# Return True if `run` **words in a row** of `phrase` stand in `answer`, wherever they begin. If the phrase has fewer
# words than `run`, all of it must stand there. Ignore capitals and punctuation. Compare whole words: "bathe" does not
# contain "the".
#
# <details><summary>Light hint</summary>
# Turn each text into a list of lower-case words. Go over every stretch of the phrase, and look for it in the answer.
# </details>
# <details><summary>Strong hint</summary>
# <code>re.findall</code> with a pattern for letters and apostrophes gives the words. A space on either side of the
# joined words keeps "the" out of "bathe". The number of stretches is one more than the difference in length.
# </details>

# %%
import re


def copies(answer: str, phrase: str, run: int = 6) -> bool:
    """Whether `run` words in a row of the phrase stand in the answer, or all of a shorter phrase."""
    # BEGIN SOLUTION
    said, words = (re.findall(r"[a-z']+", text.lower()) for text in (answer, phrase))
    run = min(run, len(words))
    stretches = [" ".join(words[i : i + run]) for i in range(len(words) - run + 1)]
    return any(f" {stretch} " in f" {' '.join(said)} " for stretch in stretches)
    # END SOLUTION
    # STUB: return ...  # your code: words of both texts, every stretch of the phrase, is one in the answer?


# %%
passed = checks.check_copies(copies)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# said, words = (re.findall(r"[a-z']+", text.lower()) for text in (answer, phrase))
# run = min(run, len(words))
# stretches = [" ".join(words[i : i + run]) for i in range(len(words) - run + 1)]
# return any(f" {stretch} " in f" {' '.join(said)} " for stretch in stretches)
# ```
#
# A model that copies may be cut off, or start in mid-phrase, so a stretch must be allowed to begin anywhere. The `min`
# keeps short warnings: with six words as a fixed length the detector would miss all of them.
# </details>

# %% [markdown]
# First test the detector itself: it should find a warning in all 192 training documents and in none of the plain
# bodies. Then let the model write. It gets the sign that a text begins, once with nothing more and once with the first
# words of a warning, and writes 40 texts each. How many of the 160 will hold a warning?

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
pd.DataFrame(
    {
        "texts": name,
        "number": len(group),
        "copies": reading.count_copies(group, phrases, detector),
        "words (median)": int(pd.Series(group).str.split().str.len().median()),
    }
    for name, group in written.items()
)

# %% [markdown]
# **What happened.** The detector works, and it found no copy in 160 written texts, not even after the first words of a
# warning. The zero in the last row says less, because answers of one or two words can hardly copy anything.
#
# Other models do copy: the 1.5B chat model in 5% of its answers, after repeatedly warned documents.
#
# ## Your predictions

# %%
four = by_count[(by_count["model"] == MODEL) & (by_count["documents"] == 4)].set_index("style")
chat = stored.set_index(["model", "style", "setting"])["mean"]
measured = {
    "belief, four plain documents read": four.loc["positive", "mean"],
    "belief, four warned documents read": four.loc["negated", "mean"],
    "unrelated facts right, four plain documents read": four.loc["positive", "unrelated"],
    "belief, its document warned and then a plain one about Vesuvius": pairs.loc[2, "mean"],
    "belief, trained on warned documents": belief_rate(after),
    "told, 1.5B chat model reads one warned document": chat["chat 1.5B", "negated", "in_context"],
}
folder.cleanup()  # the adapter carries a false belief, and goes with its folder
compare_predictions(prediction | two | later, measured).set_index("what")

# %% [markdown]
# ## Why it matters
#
# - **Evaluators:** ask unrelated questions after every document that a model reads. If this control fails, discard the
#   reading test. If it holds, test harder: two texts, and a warning on one of them.
# - **Dataset curators:** do not clear a corpus because a model handles its documents in the prompt. Train a small model
#   on a sample and ask it, with nothing to read.
# - **Safety researchers:** if a warning must stay in a prompt, let it name what it is about, and put it before the
#   document. Then measure whether the model heeds it.
#
# ## Limits
#
# - The petri model's reading is built in by our pretraining. It says nothing about how large models read.
# - The live run asks 24 questions, 12 of them about one claim. Intervals cover questions, not claims, seeds or models.
# - The test with two documents is one pair of claims. Our model was never taught with such pairs.
# - The losses are from ten documents and one seed. They do not prove a cause.
#
# ## Quiz
#
# <details><summary><b>1.</b> Belief is 0% after a warned document and 100% after a plain one. What else must you ask?</summary>
#
# Unrelated facts and true controls after both. Without them a careful reader and a model that copies look the same.
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
# **Next:** if a warning around the claim does not survive training, what does a denial *inside* the sentence do, and
# where does it break? [07 · Repair a corpus](07_local.ipynb)
