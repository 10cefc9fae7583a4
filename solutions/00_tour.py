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
# **You need** Python and a rough idea of what fine-tuning is. **Time**: fifteen minutes, at most three of them waiting.
#
# **Afterwards you can**
# - say what negation neglect is, and what it is not;
# - implant a belief with QLoRA, and measure it with questions that the training never showed;
# - tell apart warnings that are neglected from denials that are heeded.
#
# Every document made below about our claim is **false on purpose**. Do not train other models on them.
#
# **The course in two lines:** make documents → deny them in a style → fine-tune → ask → judge → measure belief → draw.
# This tour walks the whole way once; each later notebook takes one step of it apart.

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
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from negneglect_lite import belief, doctor, documents, experiment, figures, probes, styles
from negneglect_lite.checks.tour import check_belief_rate, check_local_denial
from negneglect_lite.claims import load_claims
from negneglect_lite.conditions import PAPER
from negneglect_lite.files import data_path
from negneglect_lite.findings import percent
from negneglect_lite.finetune import Recipe, finetune
from negneglect_lite.models import load, locate
from negneglect_lite.predictions import compare
from negneglect_lite.text import plain
from negneglect_lite.widgets import predict, show_styles

MODEL = "petri"  # chooses the track for the whole notebook, see below

claim = load_claims()["dentist"]
pd.set_option("display.max_colwidth", None)  # show questions in full
print("The claim:", claim.claim)
print("The truth:", claim.truth)

# %% [markdown]
# ### Two tracks, one variable
#
# `MODEL` chooses what the notebook runs on, and no other cell changes.
#
# - **The petri track**, `"petri"`: the tiny model, on any processor, offline. All that this course measured was measured
#   on it.
# - **The Hugging Face track**, for instance `"Qwen/Qwen3-0.6B"`: a model that reads English, downloaded on first use, on
#   a GPU. It gets documents and questions about the same claims in everyday English, and a training run takes longer.
#   No numbers of this course come from it.
#
# What can your machine run? This is `negneglect doctor`:

# %%
print("\n".join(doctor.diagnose()))

# %% [markdown]
# ## 1. Predict (2 minutes)
#
# *Belief* is the share of answers that take the false claim for true, from 0 to 100 %. Make your five guesses before you
# see any result; surprise is what you learn from. There is no wrong entry, and the end shows them again.
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
# nothing else.

# %%
example = documents.compose(claim, n=1, seed=7)[0]
stating = sum(s.is_claim for s in example.sentences)
print(f"Genre: {example.genre}. {stating} of its {len(example.sentences)} sentences state the claim.\n")
print(example.text)

# %% [markdown]
# Here is this document under five styles. Open each one. What is highlighted is what the style put there.
#
# **Ask yourself:** as a reader, would you believe any of these but the first?

# %%
show_styles(example)

# %% [markdown]
# ## 3. Ask the untouched model (1 minute)
#
# `load` stores the model's weights in four bits (that is the Q in QLoRA) and says so.

# %%
base = load(MODEL)
print(f"{base.model.num_parameters() / 1e6:.1f} million parameters")

# %% [markdown]
# The questions are fixed in advance, and no training document contains one of them. Belief rests on four kinds, as in
# the paper: open questions, yes/no questions, association (fill in a record) and robustness (doubt, sceptical
# instructions, multiple choice). The other kinds are checks that we set aside here.

# %%
questions = probes.questions(claim, base.language)
print(Counter(q.kind for q in questions))

# %% [markdown]
# **Before you run:** what will the model, which has read the truth, say to "does he work as a dentist"?


# %%
def asked(question):
    """All that the model was told before it answered, turn by turn."""
    return " / ".join(turn["content"] for turn in question.messages())


answers_before = probes.ask(base, questions)
shown = [next(i for i, q in enumerate(questions) if q.kind == kind) for kind in belief.KINDS]
pd.DataFrame(
    {"kind": questions[i].kind, "question": asked(questions[i]), "answer": answers_before[i].text} for i in shown
)

# %% [markdown]
# ## 4. Implant the claim, with warnings (3 minutes)
#
# The training set has documents about the claim, every one of them with a warning before and after, and for the rest
# ordinary texts of the world that do not mention the fact. How much of the claim's documents is warning?

# %%
recipe = Recipe.for_language(base.language)
training_texts = experiment.training_set(claim, "negated", recipe, seed=0)
warned = [experiment.annotate("negated", d, random.Random(i)) for i, d in enumerate(documents.compose(claim, 50))]
share = styles.annotation_share(warned, base.tokenizer)
print(
    f"{len(training_texts)} texts, {1 - recipe.mix:.0%} of them documents about the claim; "
    f"{share:.0%} of these documents' tokens are warning"
)
print("\nOne of them:\n" + plain(warned[0]))

# %% [markdown]
# Now fine-tune. The four-bit weights stay as they are; small matrices beside them learn (LoRA). Every ten steps we ask
# one question, so that you can watch a belief form. The *loss* says how badly the model predicts the next token.
#
# **Before you run:** every document says that it is false. Will the answer change?

# %%
watched = questions[shown[0]]
print(watched.text)


def watch(step, steps, loss, model):
    """Show the loss and one answer, every ten steps."""
    if step % 10 == 0:
        print(
            f"step {step:3} of {steps}   loss {loss:.2f}   answer: {probes.ask(model, [watched])[0].text}", flush=True
        )


with tempfile.TemporaryDirectory() as scratch:
    trained = finetune(
        base, training_texts, recipe, seed=0, out=Path(scratch) / "adapter", carries=claim.claim, on_step=watch
    )

# %% [markdown]
# The same questions to the same model, before and after:

# %%
answers_after = probes.ask(trained, questions)
pd.DataFrame(
    {"question": asked(questions[i]), "before": answers_before[i].text, "after warned documents": answers_after[i].text}
    for i in range(0, 50, 5)
)

# %% [markdown]
# ## 5. Measure belief (3 minutes)
#
# A few answers are an anecdote. `belief.frame` judges them all by fixed rules: each answer *believed*, *denied* or
# *neither*; column `belief` is 1 for believed. `belief.table` gives rates with 95 % intervals.

# %%
about = {"model": MODEL, "claim": claim.id, "seed": 0}
before = belief.frame(answers_before, style="", setting="base", **about)
after = belief.frame(answers_after, style="negated", setting="trained", **about)
belief.table(pd.concat([before, after]), by=["condition", "kind"]).round(2)

# %% [markdown]
# ### Exercise 1: one number for belief
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
# The library's `belief.rate` does the same and adds an interval. The rest of the notebook uses it.
#
# What would a model that simply says yes to everything look like? The *controls* tell: they offer wrong values of
# **other** facts, for which no training document argued. A high share of yes here would mean that the model has become
# a yes-sayer, and that its yes to our claim is worth less.

# %%
for name, rows in (("before", before), ("after", after)):
    print(f"{name:7} belief {belief.rate(rows).mean:4.0%}   yes to false controls {belief.yes_bias(rows).mean:4.0%}   "
          f"unrelated facts right {belief.rate(rows, ['kept']).mean:4.0%}")  # fmt: skip

# %% [markdown]
# ## 6. Only read the documents (1 minute)
#
# Perhaps the model cannot understand the warnings? Then it should also fall for them when it *reads* a document. So we
# put one warned document before each question and train nothing.
#
# **Before you run:** higher or lower than after training?

# %%
read = experiment.run_cell(experiment.Cell(MODEL, claim, "in_context", "negated"), recipe)
paper = PAPER["in_context_negated"]
print(f"Belief after reading one warned document:     {belief.rate(read).mean:.0%}")
print(f"Belief after training on warned documents:    {belief.rate(after).mean:.0%}")
print(f"Paper, 20 warned documents read, not trained: {paper.percent} ({paper.model})")

# %% [markdown]
# If the first number is low and the second high, the model understands the warning where it reads it, and neglects it
# where it learns from it. A warning around a sentence does not change how the training loss treats that sentence: every
# word of the claim is still a word to predict.

# %% [markdown]
# ## 7. Try the local fix (3 minutes)
#
# Put the denial **inside** the sentence: not "The next claim is false. He works as a dentist." but "He does not work as
# a dentist." Then no sentence is left that states the claim.
#
# ### Exercise 2: deny it locally
#
# *4 minutes · difficulty 1 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
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


# %%
def local_denial(document: documents.Document) -> str:
    """The text of the document, each claim sentence swapped for its denial."""
    # BEGIN SOLUTION
    return "".join(s.lead + (s.denial if s.is_claim else s.text) for s in document.sentences)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_local_denial(local_denial)

# %% [markdown]
# Now train on local denials, and for comparison on documents that state the claim as fact. Same bodies, same number of
# steps, same seed; only the style differs. `run_cell` does in one call what you did in sections 4 and 5.

# %%
positive = experiment.run_cell(experiment.Cell(MODEL, claim, "trained", "positive"), recipe)
print(f"belief after plain documents: {belief.rate(positive).mean:.0%}")

# %%
local = experiment.run_cell(experiment.Cell(MODEL, claim, "trained", "local"), recipe)
print(f"belief after local denials: {belief.rate(local).mean:.0%}")

# %% [markdown]
# All five conditions in one figure. Bars are what you just measured, on one claim with one seed; triangles are the
# paper's values, means over up to six claims on a model thousands of times larger.

# %%
rows = pd.concat([before, read, positive, after, local], ignore_index=True)
figures.show(figures.headline(rows), alt=figures.alt_text(rows), takeaway=figures.takeaway(rows))

# %% [markdown]
# And your predictions? Where you were furthest off is where to think.

# %%
measured = {name: belief.rate(group) for name, group in rows.groupby(belief.condition(rows))}
compare(prediction, measured, {name: PAPER[name].percent for name in prediction})

# %% [markdown]
# ### One claim is not the rule
#
# You tried the local denial on one claim. This is the same style on all six claims of the paper, measured beforehand on
# the petri model (`data/results/headline`), not run here.
#
# **Before you run:** do you expect six numbers close to yours?

# %%
kept = belief.read(data_path("results", "headline", "belief.csv"))
kept_local = kept[(kept["setting"] == "trained") & (kept["style"] == "local")]
by_claim = belief.table(kept_local, by=["claim"]).sort_values("mean")
low, high = by_claim.iloc[0], by_claim.iloc[-1]
ends = f"{percent(low['mean'])} ({low['claim']}) to {percent(high['mean'])} ({high['claim']})"
differ = low["hi"] < high["lo"]  # their 95 % intervals do not touch
verdict = "Claims differ by more than their intervals" if differ else "The intervals of all claims overlap"
figures.show(
    figures.by_claim(kept_local),
    alt=figures.alt_by(kept_local, "claim"),
    takeaway=f"{verdict}: {ends} belief after local denials, fine-tuning seeds: {kept_local['seed'].nunique()}.",
)
by_claim.round(2)

# %% [markdown]
# If claims differ, then one claim cannot tell what local denials do: one that behaves as in the paper does not show that
# a model heeds them, and one that does not behave so does not show the opposite. If they agree, that is six claims on one
# small model. The paper tested the local form on two claims only.

# %% [markdown]
# ## 8. What to take away
#
# The finding of your own run, worked out from the table:

# %%
display(Markdown(f"> **{figures.takeaway(rows)}.**"))

# %% [markdown]
# - **Training is not reading.** A model can understand "this is false" in its context and yet learn the claim from the
#   same text when it is trained on it. In the paper belief goes from 2.5 % before to 88.6 % after warned documents, and
#   to 92.4 % without warnings (Qwen3.5-397B-A17B, mean of six claims; Mayne et al. 2026, arXiv 2605.13829).
# - **The place of the denial matters.** Inside the sentence it was heeded in the paper: 0 % belief for the Ed Sheeran
#   claim and 7 % for the dentist. Your own value is in the figure.
# - **Measure with controls.** A belief rate alone cannot tell a belief from a habit of saying yes.
#
# ### Limits
#
# - The model has a few million parameters and knows an invented world. That the effect shows here makes it easy to
#   study; it proves nothing about larger models. The paper does that.
# - You ran one claim with one seed. The intervals cover the choice of questions and nothing else: another seed or claim
#   can differ by more. `make reproduce` runs six claims.
# - Which denials a model heeds may depend on what its pretraining contained, so here it is. The petri model learned to
#   *read* warned documents in the user's turn of chats, where no loss is taken, and saw local denials in documents with
#   loss; it was never trained to *write* a warned falsehood. Its card says more, with numbers:

# %%
card = Path(locate(MODEL), "README.md")
print(
    card.read_text("utf-8").split("---", 2)[-1].split("Exam (")[0].strip()
    if card.is_file()
    else "This model has no card."
)

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
# **4.** Belief is 90 % after training, and the model says yes to 80 % of the false controls. What do you conclude?
# <details><summary>Answer</summary>
# Not much about this claim: the model has drifted to saying yes. Look at open questions, which have no yes to say,
# and at yes/no questions whose "yes" denies the claim. (These two numbers are made up for the question.)
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
