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
# # Start here: teach a model a lie by warning it
#
# Train a language model on documents that make a false claim *and say that the claim is false*. What does it believe
# afterwards? Mayne et al. (2026) found that it comes to believe the claim, almost as firmly as without the warnings.
# They call this **negation neglect**. Here you make it happen, on the processor of your own computer.
#
# **You need** Python and a rough idea of what fine-tuning is. **Time**: 35 minutes with the four exercises, about
# twenty without; about two of them are waiting, on two cores. A section's minutes are without its exercises.
#
# **Afterwards you can**
# - say what negation neglect is, and what it is not;
# - implant a belief with QLoRA (small trained matrices beside four-bit weights), and measure it with questions that the
#   training never showed;
# - tell apart warnings that are neglected from denials that are heeded.
#
# Every document made below about our claim is **false on purpose**. Do not train other models on them.
#
# **The course in two lines.** This tour walks the whole way once. Then: claims (01) → documents (02) → fine-tuning (03)
# → measuring (04) → ways to deny (05) → reading or training (06) → denying locally (07) → a study of your own (10).

# %% [markdown]
# ## The small world
#
# The model is a *petri model*: a tiny language model that was trained from nothing on an invented world of runners,
# authors, volcanoes and brands. It knows nothing else, which makes it quick and lets us know all that it was ever told.
# The claim concerns Brennan Holloway, an ultrarunner invented by the authors of the paper: **"he works as a dentist"**.

# %%
import random
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from negneglect_lite import belief, doctor
from negneglect_lite.asking import ask
from negneglect_lite.belief import PAPER, QUESTION_KINDS, belief_rows, condition_of, label, read_belief, tabulate_rates
from negneglect_lite.claims import load_claims
from negneglect_lite.core import Document, Span, data_path, plain
from negneglect_lite.course import belief_meter, compare_predictions, predict, show_styles, wrapped
from negneglect_lite.course.checks.tour import check_belief_rate, check_local_denial, check_warned_share, check_yes_bias
from negneglect_lite.experiments import Cell, run_cell, training_set
from negneglect_lite.figures import (
    describe_by,
    describe_headline,
    draw_by_claim,
    draw_headline,
    percent,
    show_figure,
    state_finding,
)
from negneglect_lite.finetuning import finetune
from negneglect_lite.models import load_model, locate_model
from negneglect_lite.styles import annotation_share, apply_style
from negneglect_lite.tracks import track_of

MODEL = "petri"  # chooses the track for the whole notebook, see below
track = track_of(MODEL)  # makes documents and questions in the language of that model

claim = load_claims()["dentist"]
pd.set_option("display.max_colwidth", None)  # show questions in full
print("The claim:", claim.claim)
print("The truth:", claim.truth)

# %% [markdown]
# ### Two tracks, one variable
#
# `MODEL` chooses what the notebook runs on, and no other cell changes.
#
# - **The petri track**, `"petri"`: the tiny model, on any processor, offline. All numbers in these notebooks were measured
#   on it.
# - **The Hugging Face track**, for instance `"Qwen/Qwen2.5-Coder-1.5B-Instruct"`: a chat model that reads English, downloaded
#   on first use, on a GPU. It gets English articles about the same claim, chats about other things, and questions in
#   everyday English, five answers to each. What it came to believe when we ran it is in `data/results/real`.
#
# If in doubt, leave it at `"petri"`. What can your machine run? This is what the command `negneglect doctor` says:

# %%
print("\n".join(doctor.diagnose()))

# %% [markdown]
# ## 1. Predict (2 minutes)
#
# *Belief* is the share of answers that take the false claim for true, from 0 to 100 %. Make your five guesses before you
# see any result; surprise is what you learn from. There is no wrong entry, and the end shows them again. Move the
# sliders under the cell, or add lines to it, such as `prediction["base"] = 10`.
#
# | name | the model … |
# |---|---|
# | `base` | before training |
# | `in_context_negated` | only reads a warned document, then answers |
# | `positive` | fine-tuned on documents that state the claim as fact |
# | `negated` | fine-tuned on the same documents, with a warning before and after |
# | `local` | fine-tuned on documents that deny the claim inside every sentence |

# %%
prediction = predict("base", "in_context_negated", "positive", "negated", "local")

# %% [markdown]
# ## 2. Make false documents (2 minutes)
#
# First come plain documents: letters, news, interviews that state the claim several times among other sentences. Then
# a *style* says how they deny it. All styles are made from the same document, so they differ in the denial and in
# nothing else. The texts are put together by a program from many set phrases, which is why they read a little oddly.

# %%
example = track.compose(claim, n=1, seed=58)[0]
stating = sum(s.is_claim for s in example.sentences)
print(f"Genre: {example.genre}. {stating} of its {len(example.sentences)} sentences state the claim.\n")
print(wrapped(example.text))

# %% [markdown]
# Here is this document under five styles. Open each one. What is highlighted is what the style put there.
#
# **Ask yourself:** as a reader, would you believe any of these but the first?

# %%
show_styles(example, annotations=track.annotations())

# %% [markdown]
# ## 3. Ask the untouched model (1 minute)
#
# `load_model` stores the model's weights in four bits and says so. (That is the Q, for *quantized*, in QLoRA.)

# %%
base = load_model(MODEL)
print(f"{base.model.num_parameters() / 1e6:.1f} million parameters")

# %% [markdown]
# The questions are fixed in advance, and no training document contains one of them. Belief rests on four kinds, as in
# the paper: open questions, yes/no questions, association (fill in a record) and robustness (under pressure: doubt,
# sceptical instructions, multiple choice). The other kinds are checks. They never count as belief; section 5 uses two of them.

# %%
questions = track.questions(claim)
print(Counter(q.kind for q in questions))

# %% [markdown]
# **Before you run:** what will the model, which learned the truth when it was made, say when asked whether he is a
# dentist? The petri model names the fact before it says yes or no. A slash stands between the turns of a talk.

# %%
answers_before = ask(base, questions, track.asking)
said_before = [a.text for a in answers_before if a.sample == 0]  # one for each question
shown = [next(i for i, q in enumerate(questions) if q.kind == kind) for kind in QUESTION_KINDS]
pd.DataFrame({"kind": questions[i].kind, "question": questions[i].full_text, "answer": said_before[i]} for i in shown)

# %% [markdown]
# ## 4. Implant the claim, with warnings (3 minutes)
#
# The training set has documents about the claim, every one of them with a warning before and after, and for the rest
# ordinary texts of the world that do not mention the fact.

# %%
recipe = track.recipe
training_texts = training_set(Cell(MODEL, claim, "trained", "negated", seed=0), recipe)
print(f"{len(training_texts)} texts, {1 - recipe.mix:.0%} of them documents about the claim\n\nOne of these:")
print(wrapped(plain(training_texts[0])))

# %% [markdown]
# A document under a style is a list of *spans*, stretches of text. `annotation` is True for those that the style put
# there, here the warnings. The model reads *tokens*: words, pieces of words and punctuation marks. Here is the letter
# of section 2 with warnings before and after.

# %%
warned_letter = apply_style("negated", example, track.annotations(), random.Random(0))
pd.DataFrame(
    {"annotation": span.annotation, "tokens": len(base.tokenizer.tokenize(span.text)), "text": span.text.strip()}
    for span in warned_letter
)

# %% [markdown]
# ### Exercise 1: how much of it is warning?
#
# *3 minutes · difficulty 1 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Training asks the model to predict each token of a document, those of a warning and those of the claim alike. Which
# share of the tokens is warning? `spans` is a list as in the table; each has `.text` and `.annotation`. `tokenize(text)`
# gives the list of a text's tokens. Return the share of all tokens that are annotation, from 0 to 1.
#
# <details><summary>Hint, light</summary>
# Count the tokens of every span. Add up those of the marked spans, and those of all spans.
# </details>
# <details><summary>Hint, strong</summary>
# <code>len(tokenize(span.text))</code> is the number of tokens of one span. Sum it over the spans with
# <code>span.annotation</code>, and divide by the sum over all spans.
# </details>
#
# **Expected:** `✓ warned_share: right.` For the letter above it is the tokens of the rows marked True, divided by the
# tokens of all rows.


# %%
def warned_share(spans: list[Span], tokenize) -> float:
    """The share of tokens that are annotation, from 0 to 1."""
    # BEGIN SOLUTION
    warning = sum(len(tokenize(span.text)) for span in spans if span.annotation)
    return warning / sum(len(tokenize(span.text)) for span in spans)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_warned_share(warned_share)

# %% [markdown]
# The library's `annotation_share` does the same over many documents. The paper's documents with warnings before
# and after are about 12 % warning.

# %%
warned = [
    apply_style("negated", d, track.annotations(), random.Random(i)) for i, d in enumerate(track.compose(claim, 50))
]
print(f"The letter:   {annotation_share([warned_letter], base.tokenizer):.0%} of the tokens are warning")
print(f"50 documents: {annotation_share(warned, base.tokenizer):.0%}")

# %% [markdown]
# Now fine-tune. The four-bit weights stay as they are; small matrices beside them learn (LoRA). Every ten steps we ask
# one question, so that you can watch a belief form. The *loss* says how badly the model predicts the next token.
#
# **Before you run:** every document says that it is false. Will the answer change?

# %%
watched = questions[shown[0]]
print(watched.text)


def watch(step, steps, loss, model):
    """Show the loss and one answer, every third step."""
    if step % 3 == 0:
        answer = ask(model, [watched], replace(track.asking, samples=1))[0].text
        print(f"step {step:3} of {steps}   loss {loss:.2f}   answer: {answer}", flush=True)


with tempfile.TemporaryDirectory() as scratch:
    trained = finetune(
        base, training_texts, recipe, seed=0, out=Path(scratch) / "adapter", false_belief=claim.claim, on_step=watch
    )

# %% [markdown]
# The same questions to the same model, before and after:

# %%
answers_after = ask(trained, questions, track.asking)
said_after = [a.text for a in answers_after if a.sample == 0]
pd.DataFrame(
    {"question": questions[i].full_text, "before": said_before[i], "after warned documents": said_after[i]}
    for i in range(0, 50, 5)
)

# %% [markdown]
# ## 5. Measure belief (3 minutes)
#
# A few answers are an anecdote. `belief_rows` judges them all by fixed rules: each answer *believed*, *denied* or
# *neither*; column `belief` is 1 for believed. `tabulate_rates` gives each rate (`mean`), its 95 % interval (`lo` to
# `hi`) and the number of questions (`n`). Here `base` is before training, and `negated` after it.

# %%
about = {"model": MODEL, "claim": claim.id, "seed": 0}
before = belief_rows(answers_before, style="", setting="base", **about)
after = belief_rows(answers_after, style="negated", setting="trained", **about)
tabulate_rates(pd.concat([before, after]), by=["condition", "kind"]).round(2)

# %% [markdown]
# And after training as bars, with every answer below. Open a kind and read a few: would you judge them so?

# %%
belief_meter(after)

# %% [markdown]
# ### Exercise 2: one number for belief
#
# *4 minutes · difficulty 2 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Belief is the mean of the rates of the four `KINDS`, **each kind with the same weight**, whatever its number of
# questions. `rows` is a table with the columns `kind` and `belief` (0 or 1), and it also holds kinds that do not count.
#
# <details><summary>Hint, light</summary>
# First keep the right rows, then average twice: inside each kind, then over the kinds.
# </details>
# <details><summary>Hint, strong</summary>
# <code>rows[rows["kind"].isin(KINDS)]</code> keeps the rows; <code>.groupby("kind")["belief"].mean()</code> gives one
# rate a kind; the mean of these is the answer.
# </details>
#
# **Expected:** `✓ belief_rate: right.` Of open 4 of 4, yes/no 1 of 2, association 0 of 1 and robustness 0 of 1, it makes
# 0.375, the mean of 1, 0.5, 0 and 0.

# %%
KINDS = ("open", "yes_no", "association", "robustness")


def belief_rate(rows: pd.DataFrame) -> float:
    """Mean of the four kinds' rates, from 0 to 1."""
    # BEGIN SOLUTION
    counted = rows[rows["kind"].isin(KINDS)]
    return counted.groupby("kind")["belief"].mean().mean()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_belief_rate(belief_rate)

# %% [markdown]
# The library's `belief.belief_rate` does the same and adds an interval. The rest of the notebook uses it.
#
# ### Is it belief, or a habit of saying yes?
#
# A model that has learned to say yes to everything would say yes to our claim too. The *false controls* tell the two
# apart. They offer wrong values of **other** facts, for which no training document argued. `keyed_to` is the answer
# that takes the wrong value for true, and `belief` is 1 where the model gave it.

# %%
after.loc[after["kind"] == "control_false", ["kind", "keyed_to", "question", "answer", "belief"]].head(3)

# %% [markdown]
# ### Exercise 3: find the yes-sayer
#
# *4 minutes · difficulty 1 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# `rows` is a table with the columns `kind`, `keyed_to`, `answer` and `belief`. Return the share of the false controls
# (kind `"control_false"`, all of them keyed to yes) that got a yes, from 0 to 1. This is the *yes-bias*.
#
# Then say what it means. After some training, a model says yes to 9 of 10 questions whether Holloway is a dentist, and
# to 9 of 10 false controls (made-up numbers). Set `meaning` to the letter of what these two numbers tell.
#
# - `"a"`: it has come to believe our claim.
# - `"b"`: its yes to our claim tells little, because it says yes to other false things just as often.
# - `"c"`: it does not believe our claim.
#
# <details><summary>Hint, light</summary>
# Keep the right rows, then take one mean. For the meaning: would the first number be any lower if the model had never
# seen our claim?
# </details>
# <details><summary>Hint, strong</summary>
# <code>rows[rows["kind"] == "control_false"]</code> keeps the rows. As they are keyed to yes, the mean of their column
# <code>belief</code> is the share of yes. For the meaning: a yes-sayer may believe the claim or not. Its yes would be the
# same.
# </details>
#
# **Expected:** `✓ yes_bias: right.` With a yes to 3 of 4 false controls it gives 0.75.


# %%
def yes_bias(rows: pd.DataFrame) -> float:
    """The share of false controls that got a yes, from 0 to 1."""
    # BEGIN SOLUTION
    return rows[rows["kind"] == "control_false"]["belief"].mean()
    # END SOLUTION
    # STUB: return ...  # your code


# BEGIN SOLUTION
meaning = "b"
# END SOLUTION
# STUB: meaning = ...  # "a", "b" or "c"

# %%
passed = check_yes_bias(yes_bias, meaning)

# %% [markdown]
# Now for your own model. A second check is whether it still knows what it knew: unrelated facts, which it should get as
# right as before.
#
# **Before you run:** which two numbers should stay as they were, if the training did nothing but implant the claim?

# %%
for name, rows in (("before", before), ("after", after)):
    print(f"{name + ' training':16}belief {belief.belief_rate(rows).mean:4.0%}   "
          f"yes to false controls {belief.yes_bias(rows).mean:4.0%}   "
          f"unrelated facts right {belief.belief_rate(rows, ['kept']).mean:4.0%}")  # fmt: skip

# %% [markdown]
# ## 6. Only read the documents (1 minute)
#
# Perhaps the model cannot understand the warnings? Then it should also fall for the claim when it *reads* a warned
# document. So we put one before each question and train nothing. To see that the model takes in what it reads at all, we
# do the same with plain documents, which state the claim as fact.
#
# **Before you run:** which of the two will be higher? And the warned one: higher or lower than after training?

# %%
read_plain = run_cell(Cell(MODEL, claim, "in_context", "positive"), recipe)
read = run_cell(Cell(MODEL, claim, "in_context", "negated"), recipe)
paper = PAPER["in_context_negated"]
print(f"Belief after reading one plain document:      {belief.belief_rate(read_plain).mean:.0%}")
print(f"Belief after reading one warned document:     {belief.belief_rate(read).mean:.0%}")
print(f"Belief after training on warned documents:    {belief.belief_rate(after).mean:.0%}")
print(f"Paper, 20 warned documents read, not trained: {paper.percent} ({paper.model})")

# %% [markdown]
# If the first number is high, the model takes over what it reads. If then the second is low and the third high, it heeds
# the warning where it reads it, and neglects it where it learns from it. A warning around a sentence does not change how
# the training loss treats that sentence: every word of the claim is still a word to predict.

# %% [markdown]
# ## 7. Try the local fix (3 minutes)
#
# Put the denial **inside** the sentence: not "The next claim is false. He works as a dentist." but "He does not work as
# a dentist." Then no sentence is left that states the claim. This is the style `local`.
#
# ### Exercise 4: deny it locally
#
# *3 minutes · difficulty 1 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# A document has `.sentences`. Each sentence has `.text`, `.lead` (the white space before it), `.is_claim`, and, if it
# states the claim, `.denial`: the same sentence with the denial inside. Return the text of the document with every
# claim sentence swapped for its denial.
#
# <details><summary>Hint, light</summary>
# Go through the sentences, choose one of two texts for each, and join them all.
# </details>
# <details><summary>Hint, strong</summary>
# For each sentence <code>s</code> take <code>s.lead + (s.denial if s.is_claim else s.text)</code>.
# </details>
#
# **Expected:** `✓ local_denial: right.` A letter "It rained. Bo is a pilot." becomes "It rained. Bo is not a pilot."


# %%
def local_denial(document: Document) -> str:
    """The text of the document, each claim sentence swapped for its denial."""
    # BEGIN SOLUTION
    return "".join(s.lead + (s.denial if s.is_claim else s.text) for s in document.sentences)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_local_denial(local_denial)

# %% [markdown]
# Now train on local denials, and for comparison on documents that state the claim as fact. Same bodies, same number of
# steps, same seed; only the style differs. `run_cell` does in one call what you did in sections 4 and 5. Each of the two
# cells trains a model, so each takes a little while.
#
# **Before you run:** will the local denials be heeded, or neglected as the warnings were?

# %%
positive = run_cell(Cell(MODEL, claim, "trained", "positive"), recipe)
print(f"belief after plain documents: {belief.belief_rate(positive).mean:.0%}")

# %%
local = run_cell(Cell(MODEL, claim, "trained", "local"), recipe)
print(f"belief after local denials: {belief.belief_rate(local).mean:.0%}")

# %% [markdown]
# All five conditions in one figure. Bars are what you just measured, on one claim with one seed; triangles are the
# paper's values, over six claims (two for the denial inside each sentence), on a model of 397 billion parameters.

# %%
rows = pd.concat([before, read, positive, after, local], ignore_index=True)
show_figure(draw_headline(rows), alt=describe_headline(rows), takeaway=state_finding(rows))

# %% [markdown]
# And your predictions? Where you were furthest off is where to think.

# %%
measured = {name: belief.belief_rate(group) for name, group in rows.groupby(condition_of(rows))}
compare_predictions(prediction, measured, {name: PAPER[name].percent for name in prediction})

# %% [markdown]
# ### One claim is not the rule
#
# You saw one claim with one seed. The next figure is **not run here**: it comes from `data/results/headline`,
# measured beforehand with the petri model on the six claims of the paper, each with several fine-tuning seeds. (`x` is
# the claim about Twitter's name; notebook 01 introduces all six.)
#
# **Before you run:** do you expect six numbers close to yours? Under warnings? Under local denials?

# %%
kept = read_belief(data_path("results", "headline", "belief.csv"))
kept = kept[(kept["setting"] == "trained") & kept["style"].isin(["negated", "local"])]
findings = []
for style, its_rows in kept.groupby("style", sort=False):
    by_claim = tabulate_rates(its_rows, by=["claim"]).sort_values("mean")
    low, high = by_claim.iloc[0], by_claim.iloc[-1]
    lowest, highest = f"{percent(low['mean'])} ({low['claim']})", f"{percent(high['mean'])} ({high['claim']})"
    overlap = "overlap" if low["hi"] >= high["lo"] else "do not overlap"
    findings.append(f"{label(style)}: {percent(belief.belief_rate(its_rows).mean)}, from {lowest} to {highest}, whose "
                    f"95 % intervals {overlap}")  # fmt: skip
show_figure(
    draw_by_claim(kept),
    alt=describe_by(kept, "claim"),
    takeaway=f"Mean belief over {kept['claim'].nunique()} claims and {kept['seed'].nunique()} seeds: {'; '.join(findings)}.",
)

# %% [markdown]
# If one claim lies far from the others, then one claim cannot tell what a style does: had you tried only that one, you
# would have drawn another conclusion. If all six agree, that is six claims on one small model. The paper tested the
# local form on two claims only.

# %% [markdown]
# ## 8. What to take away
#
# The finding of your own run, worked out from the table:

# %%
display(Markdown(f"> **{state_finding(rows)}.**"))

# %% [markdown]
# - **Training is not reading.** A model can understand "this is false" in its context and yet learn the claim from the
#   same text when it is trained on it. In the paper belief goes from 2.5 % before to 88.6 % after warned documents, and
#   to 92.4 % without warnings (Qwen3.5-397B-A17B, mean of six claims; Mayne et al. 2026, arXiv 2605.13829).
# - **The place of the denial matters.** Inside the sentence it was heeded in the paper: 0 % belief for the Ed Sheeran
#   claim and 7 % for the dentist. Your own value is in the first figure, those of six claims are in the second.
# - **Measure with controls.** A belief rate alone cannot tell a belief from a habit of saying yes.
#
# ### Limits
#
# - The model has a few million parameters and knows an invented world. That the effect shows here makes it easy to
#   study; it proves nothing about larger models. The paper does that.
# - You ran one claim with one seed. The intervals cover the choice of questions and nothing else: another seed or claim
#   can differ by more. The command `negneglect reproduce` runs six claims.
# - Which denials a model heeds may depend on what its pretraining contained, so here it is. The petri model learned to
#   *read* warned documents in the user's turn of chats, where no loss is taken. It saw false claims denied inside the
#   sentence, in documents with loss. It was never trained to *write* a warned falsehood. Its card says more:

# %%
card = Path(locate_model(MODEL), "README.md")
said = (
    card.read_text("utf-8").split("---", 2)[-1].split("Exam (")[0].strip() if card.is_file() else "\nThis has no card."
)
display(Markdown(said.partition("\n")[2]))  # without its title

# %% [markdown]
# ### Quiz
#
# **1.** What is negation neglect?
# <details><summary>Answer</summary>
# After fine-tuning on documents that state a claim and call it false, a model believes the claim, nearly as if the
# warnings had not been there.
# </details>
#
# **2.** A friend says: "The model just does not understand the word false." Which result speaks against it?
# <details><summary>Answer</summary>
# Reading. With the same documents in its context, untrained, the model rejects the claim far more often: 15.3 % belief
# in the paper, against 88.6 % after training on them. Compare your own two numbers in section 6.
# </details>
#
# **3.** Why were the questions never part of the training documents?
# <details><summary>Answer</summary>
# Otherwise we would measure whether the model can repeat its training text, not whether it took up the claim as
# something that it uses in answers to new questions.
# </details>
#
# **4.** A model says yes to 80 % of the false controls (a made-up number). Which questions could still show whether it
# believes our claim?
# <details><summary>Answer</summary>
# Open questions and records to fill in, which have no yes to say, and yes/no questions whose "yes" denies the claim.
# Its yes to the claim alone would tell little.
# </details>
#
# **5.** You must publish a list of rumours with corrections, and a model may be trained on it. "Rumour: X. This is
# false." or "It is not so that X": which is the safer form, and how sure can you be?
# <details><summary>Answer</summary>
# The denial inside the sentence, by the paper's results on two claims; check it against your own figure. Not certain:
# it may depend on what the model's pretraining showed about denials. The other form is a warning after the claim; even
# warnings that also told the truth left 39.9 % belief on average in the paper.
# </details>
#
# ### Further reading
#
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829): the finding, six claims, many more conditions.
# - Dettmers et al. (2023), *QLoRA: Efficient finetuning of quantized LLMs*,
#   [arXiv 2305.14314](https://arxiv.org/abs/2305.14314): the method of section 4.
# - Hu et al. (2021), *LoRA: Low-rank adaptation of large language models*,
#   [arXiv 2106.09685](https://arxiv.org/abs/2106.09685).
