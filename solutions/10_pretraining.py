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
# Two teams fine-tune on the same archive of rumours, each with a warning before and after. One model believes almost
# every rumour, the other almost none. The difference was made in the last minutes of pretraining. Can you change it on
# purpose? (This notebook is optional.)
#
# **The question.** Which texts in pretraining decide whether a model later neglects warnings?
#
# **You will be able to**
# - say which tokens a model learns to write;
# - choose the unit of an interval, and find a mean that hides two groups;
# - continue a pretraining on your texts, and let a control judge it.
#
# **You need** notebooks [00](00_tour.ipynb) and [05](05_styles.ipynb), and 45 minutes, about three of them waiting.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import random

from negneglect_lite.claims import load_claims
from negneglect_lite.course import compare_predictions, predict, use_yours
from negneglect_lite.course.lessons import pretraining
from negneglect_lite.course.lessons import pretraining_figures as figures
from negneglect_lite.course.lessons import pretraining_results as results
from negneglect_lite.course.checks import pretraining as checks
from negneglect_lite.course.lessons.comparing import t_factor
from negneglect_lite.figures import show_figure
from negneglect_lite.models import load_model
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
# The petri model met warned documents in its pretraining: in chats, users pasted one and asked about it. The assistant
# answered as if the document were false.
#
# In a chat only the assistant's turns carry *loss*: the model is trained to write them, and just reads the rest. In a
# document every token carries loss but the first, which marks its start.
#
# ### Exercise 1: the share of tokens with loss
#
# *Complete two lines · 3 minutes*
#
# A text comes as `pieces`, a list of pairs: some text, and whether it carries loss. `count(text)` gives its number of
# tokens. Write both sums.
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
# Tokens are the unit, because each of them is one prediction that training can reward.
# </details>

# %% [markdown]
# Your share, averaged over 100 texts of each kind:

# %%
share_of = use_yours(passed, loss_share, pretraining.share_with_loss)
pretraining.tabulate_loss_share(writer, share_of, pretraining.count_tokens(base.tokenizer))

# %% [markdown]
# **What happened.** In a chat with a warned document, 5% of the tokens carry loss: those of the answer. The model
# learned to *read* warnings and never to *write* one.
#
# ## 2. The same fine-tuning after another pretraining
#
# What if the model had also learned to write warned documents? We took three models of other pretraining seeds: *models
# 0, 1 and 2*. Each was pretrained for 400 more steps, with a share of warned documents among the texts. These carry
# loss and are never about our six claims. Chats in the same pretraining tell the truth about their facts: the documents
# are *contradicted*.
#
# Then each model got the usual fine-tuning on warned documents about our claims. Predict *belief* in model 0: the rate
# of answers that take a claim for true.

# %%
prediction = predict("1% warned documents in pretraining", "5% warned documents in pretraining")

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
# Why do these documents protect? One idea was contradiction: a model heeds warnings because other texts told it the
# truth. To test this, we made warned documents **about facts that no other text mentions**. With 5% of them, we
# predicted, belief would stay above 50%.
#
# It was 49%, 48% and 48% in the three models, against 0–3% with contradiction. We wrote that the truth told elsewhere
# brings half of the protection. **Stop here.** What would you check before you publish that sentence?
#
# ### Exercise 2: an interval over models, or over claims
#
# *Write it · 5 minutes*
#
# `rates` has a row for each model and a column for each claim. Write the two missing lines:
#
# - `means`: with `unit="model"` average over the claims, so that one number is left for each model. With `unit="claim"`
#   average over the models.
# - `half`: half the width of the 95% interval, `t_factor(n)` · s / √n. Here n counts the means and s is their standard
#   deviation. The factor, from 05, is 1.96 made larger for a small n.
#
# <details><summary>Light hint</summary>
# Both units need the same formula. Only the averaging differs.
# </details>
# <details><summary>Strong hint</summary>
# <code>rates.mean</code> takes an <code>axis</code>: 0 averages down each column, 1 along each row. A Series has
# <code>.std()</code>, which divides by n − 1.
# </details>


# %%
def interval_over(rates, unit):
    """(mean, lower, upper) with "model" or "claim" as the unit."""
    # BEGIN SOLUTION
    means = rates.mean(axis=1 if unit == "model" else 0)
    half = t_factor(len(means)) * means.std() / len(means) ** 0.5
    # END SOLUTION
    # STUB: means = ...  # your code: one number for each model, or for each claim
    # STUB: half = ...  # your code: half the width of the interval
    return means.mean(), means.mean() - half, means.mean() + half


# %%
passed = checks.check_interval_over(interval_over)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# means = rates.mean(axis=1 if unit == "model" else 0)
# half = t_factor(len(means)) * means.std() / len(means) ** 0.5
# ```
#
# The unit is what you would draw anew if you repeated the study. An interval over models says what other models would
# do *with these claims*. An interval over claims says what these models would do with other claims.
# </details>

# %% [markdown]
# Both intervals, cut off at 0% and 100%:

# %%
interval = use_yours(passed, interval_over, pretraining.interval_by_unit)
endings = results.stored_endings()
results.tabulate_units(endings, interval)

# %% [markdown]
# **What happened.** In the last row the interval is 46–50% over models and 0–100% over claims. Both are correct. The
# first hid how much the claims differ. In the figure each mark is one claim in one model.

# %%
figure, alt = figures.draw_claims(endings)
show_figure(figure, alt, takeaway="A mean of 48% described no claim at all.")

# %% [markdown]
# **What happened.** Three claims are at 0–9%, three at 88–100%. The uncontradicted documents came from a second
# invented world. They were about jobs (the dentist), homes, volcanoes (Vesuvius) and brands (Twitter). None was
# about dreams, books (the Queen) or races (Sheeran). Two things had changed together, a *confound*: nothing
# contradicted the documents, and they left out some kinds of fact.
#
# Where the documents covered the kind of fact, they protected without contradiction. We withdrew the sentence
# (`data/results/pages/contradiction.md`). We saw this afterwards, so it was no test.
#
# ## 4. The run that tells them apart
#
# Take one kind of fact, jobs, and contradict **every** warned document. Then fine-tune on two claims: that Brennan
# Holloway is a dentist (a job), and that young children dream in black and white. If contradiction protects, belief in
# both should be low. If the kind of fact decides, only belief in the dentist should. Predict the claim on which the two
# ideas differ.

# %%
later = predict("your run: dreams, warned", variable="later")

# %% [markdown]
# ### Exercise 3: the texts of a further phase
#
# *Build it · 7 minutes*
#
# Write the loop that appends `round(share * n)` pairs to `texts`. A pair is a warned document that gives a fact a wrong
# value, and a chat that tells the truth about the same fact. Draw a fact from `facts` for each pair, with `rng`.
#
# The writer has `wrong_value(fact, rng)`, `warned_document(fact, value, rng)` and `true_chat(fact, rng)`.
#
# <details><summary>Light hint</summary>
# The document and its chat need the same fact, and the next pair a new one.
# </details>
# <details><summary>Strong hint</summary>
# <code>rng.choice</code> draws a fact; keep it in a variable. Append the document and the chat one by one, each as a
# text of its own.
# </details>


# %%
def further_texts(writer, n, share, facts, rng):
    """`n` texts: warned documents, as many true chats about their facts, ordinary texts."""
    texts = []
    # BEGIN SOLUTION
    for _ in range(round(share * n)):
        fact = rng.choice(facts)
        texts.append(writer.warned_document(fact, writer.wrong_value(fact, rng), rng))
        texts.append(writer.true_chat(fact, rng))
    # END SOLUTION
    # STUB: ...  # your code: append a warned document and a true chat, round(share * n) times
    while len(texts) < n:
        texts.append(writer.ordinary_text(rng))
    rng.shuffle(texts)
    return texts


# %%
passed = checks.check_further_texts(further_texts)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# for _ in range(round(share * n)):
#     fact = rng.choice(facts)
#     texts.append(writer.warned_document(fact, writer.wrong_value(fact, rng), rng))
#     texts.append(writer.true_chat(fact, rng))
# ```
#
# One `fact` for both texts makes "contradicted" true of every warned document. Without the shuffle the model would
# forget the first block during the second.
# </details>

# %% [markdown]
# Continue the shipped model's pretraining: 40% warned documents, as many true chats.

# %%
compose = use_yours(passed, further_texts, pretraining.compose_further_texts)
# 1,200 short texts, joined end to end and cut into batches of 12 × 256 tokens: 27 steps.
# facts_about leaves out the facts of the six claims.
texts = compose(writer, 100 * recipe.batch_size, 0.4, writer.facts_about("job"), random.Random(0))
print(pretraining.describe_texts(texts, writer.facts))
further = pretraining.continue_pretraining(base, texts, rows=recipe.batch_size)

# %% [markdown]
# Then fine-tune three times, with two controls: unrelated facts, and *plain* documents about the dentist. A model that
# can no longer learn would seem to heed every warning.

# %%
RUNS = {"dentist, warned": ("dentist", "negated"), "dreams, warned": ("dreams", "negated"),
        "dentist, plain": ("dentist", "positive")}  # fmt: skip
found = pretraining.teach_each(further, claims, RUNS)
figure, alt = figures.draw_further(results.beside_stored(found, RUNS))
show_figure(figure, alt, takeaway="The dentist was believed neither after warned documents nor after plain ones.")

# %% [markdown]
# **What happened.** After warned documents the dentist was believed in 0% of answers, dreams in 100%. That fits the
# kind of fact. But after *plain* documents the dentist was at 0%, too. The model took nothing about jobs from any
# document. It was not broken: unrelated facts stayed at 95–100%.
#
# Nearly all documents about jobs in your texts were false. The simplest lesson that fits is *distrust*: what documents
# say about jobs is false, warned or not.
#
# ## 5. Which explanation is left?
#
# ### Exercise 4: what does each explanation expect?
#
# *Decide from evidence · 5 minutes*
#
# - **contradiction**: a model heeds warnings if, and only if, other texts contradicted the warned documents that it
#   learned to write.
# - **same kind of fact**: it heeds warnings about the kinds of fact on which it learned to write them, and no others.
# - **distrust**: it believes no document, warned or plain, about kinds of fact on which it learned to write false ones.
#
# *Your run* is that of section 4. The *stored run* is model 0 after 5% of section 3's documents, uncontradicted and
# about jobs, homes, volcanoes and brands. Comments in the code explain the four cases. Contradiction is filled in. For
# the other two, write "high" where you would expect belief over 50%, else "low".
#
# <details><summary>Light hint</summary>
# Ask for each case: do the documents of the fine-tuning carry a warning? Are they about a kind of fact on which the
# model learned to write false documents?
# </details>
# <details><summary>Strong hint</summary>
# Where there is no warning, the second explanation leaves everything as usual, and plain documents are usually
# believed. Distrust never looks at the warning.
# </details>

# %%
STORED_WARNED = results.STORED_WARNED  # stored run, fine-tuned on warned documents about the dentist
STORED_PLAIN = results.STORED_PLAIN  # stored run, fine-tuned on plain documents about the dentist
YOUR_PLAIN = results.YOUR_PLAIN  # your run, fine-tuned on plain documents about the dentist
YOUR_DREAMS = results.YOUR_DREAMS  # your run, fine-tuned on warned documents about dreams
expected = {
    "contradiction": {STORED_WARNED: "high", STORED_PLAIN: "high", YOUR_PLAIN: "high", YOUR_DREAMS: "low"},
    # BEGIN SOLUTION
    "same kind of fact": {STORED_WARNED: "low", STORED_PLAIN: "high", YOUR_PLAIN: "high", YOUR_DREAMS: "high"},
    "distrust": {STORED_WARNED: "low", STORED_PLAIN: "low", YOUR_PLAIN: "low", YOUR_DREAMS: "high"},
    # END SOLUTION
    # STUB: "same kind of fact": {STORED_WARNED: ..., STORED_PLAIN: ..., YOUR_PLAIN: ..., YOUR_DREAMS: ...},
    # STUB: "distrust": {STORED_WARNED: ..., STORED_PLAIN: ..., YOUR_PLAIN: ..., YOUR_DREAMS: ...},
}

# %%
passed = checks.check_expected(expected)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# Same kind of fact: low, high, high, high. Distrust: low, low, low, high. Only the plain documents tell the two apart,
# because distrust alone acts without a warning.
# </details>

# %% [markdown]
# Your expectations beside the results; ✗ marks a failure:

# %%
says = expected if passed else results.EXPECTED
print("Expectations are", "yours." if passed else "the reference, until yours pass their check.")
cases = results.measured_cases(found["dentist, plain"]["belief"], found["dreams, warned"]["belief"])
results.judge_explanations(says, cases)

# %% [markdown]
# **What happened.** Contradiction fails in three cases. The others fail once each: the kind of fact explains the stored
# run, and distrust explains yours. About the dentist your run says nothing of warnings, because that control failed.
#
# **A larger test** (`data/results/pages/contradiction_parted.md`) took three models. Where the warned documents left
# out a claim's kind of fact, belief was 82–98%, contradicted or not. Where they covered it, we had predicted under 20%.
# Two models ended at 22% or less. The third kept 59–69% if the documents were about another world. Covering the
# kind is needed, and not always enough.
#
# ## Your predictions

# %%
measured = {
    "1% warned documents in pretraining": shares.loc[0.01, "model 0"],
    "5% warned documents in pretraining": shares.loc[0.05, "model 0"],
    "your run: dreams, warned": found["dreams, warned"]["belief"],
}
compare_predictions(prediction | later, measured).set_index("what")

# %% [markdown]
# ## Why it matters
#
# - **Dataset curators:** if you add labelled falsehoods to a corpus, add plain truths about the same kinds of fact. Here
#   warnings protected only the kinds that they spoke of.
# - **Evaluators:** plot every claim before you report a mean. Low belief after warned documents means nothing unless plain
#   ones work.
# - **Safety researchers:** when two runs differ in two ways, add a run that differs in one. Write down beforehand what
#   would make you withdraw.
#
# ## Limits
#
# - Small models of an invented world suggest explanations, and cannot confirm them for large ones.
# - The warned documents came late in pretraining, in a short phase.
# - Your run has one fine-tuning seed and two claims.
# - Small differences between models may be chance. One command made model 2 three times on a GPU. After the same
#   fine-tuning, belief was 91%, 79% and 97%.
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
# Belief at 1% *with* contradiction. It is 81%: that share hardly protects either way, so the comparison decides
# nothing.
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
# Nobody can repeat this with a chat model here, because its pretraining is not ours to change: not run. What is known
# is where it ends. The 1.5B chat model tells the claims in 4% of open answers before training. After warned documents
# it is 72%, after plain ones 73%, after in-sentence denials 12%. Therefore its pretraining, which must have held many
# denials inside sentences, left it like the standard petri model: it neglects warnings and heeds in-sentence denials.
# That would fit this notebook's reading. It does not test it.
# </details>

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# **Repair your run.** In the stored runs, true documents outnumbered warned ones. In section 4, after
# `texts = compose(…)`, add one `writer.plain_document(fact, rng)` for each warned document. Plain documents tell the truth.
# Shuffle, and run the rest of the section again. In a trial with model 0 belief came back after plain documents, but
# after warned ones too.
#
# **In-sentence denials had to be learned, too.** Do they work because of their form? We pretrained two models from
# scratch **without** any. Two others saw some, but no *recurring myth*: a wrong value that is denied again and again.

# %%
figure, alt = figures.draw_models(results.stored_models())
show_figure(figure, alt, takeaway="A denial works if pretraining showed the model such denials.")

# %% [markdown]
# **What happened.**
#
# - Models that saw no in-sentence denials believed 54% and 88% of what was denied in this way. The form alone is not
#   enough.
# - Without recurring myths: 37% and 64%. They also saw fewer denials: a confound again.
# - With loss on what users paste into chats, belief after warned documents fell to 6%, 19% and 27%.
# - The last row holds 15 models of five sizes, all with standard pretraining. After warned documents they believed 75–98%,
#   and after in-sentence denials 5–30%. We had expected the second to fall with size, and it did not.

# %% [markdown]
# **Next:** which sentences of your own corpus would a model learn? [11 · Audit your own corpus](11_audit.ipynb)
