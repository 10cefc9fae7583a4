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
# # 02 · Write false documents, and audit them
#
# To find out whether warnings protect a model, somebody has to write false documents. The paper's authors used 10,000 for
# each claim. Written carelessly, they spoil the experiment: the model ignores them, or meets the test in its training
# data. Published carelessly, they end up in somebody else's model.
#
# **The question.** What must false documents have to change what a model believes, and how do you keep them from doing
# harm?
#
# **You will be able to**
# - build a pipeline that drafts and filters documents;
# - measure variety, and test whether it matters to belief;
# - find test questions in training texts, and mark false data so that others can drop it.
#
# **You need** notebooks 00 and 01. **Time**: 45 minutes, with three short trainings.
#
# The documents about the claim are **false on purpose**. Do not train other models on them.

# %%
import pandas as pd

from negneglect_lite.authoring import find_fault, find_leaks, jaccard, sketch, split_words, word_runs
from negneglect_lite.belief import belief_rate
from negneglect_lite.claims import load_claims
from negneglect_lite.core import CANARY, Document
from negneglect_lite.course import compare_predictions, predict, use_yours, wrapped
from negneglect_lite.course.lessons import writing
from negneglect_lite.course.checks.documents import check_clean, check_leaked, check_similarity, check_write_corpus
from negneglect_lite.documents import compose_petri
from negneglect_lite.figures import show_figure
from negneglect_lite.tracks import track_of

MODEL = "petri"  # needs no GPU
track = track_of(MODEL)
claims = load_claims()
claim = claims["dentist"]
pd.set_option("display.max_colwidth", None)
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
print("The claim:", claim.claim)
print(wrapped(f"The truth: {claim.truth}"))

# %% [markdown]
# ## 1. Predict
#
# You will train three times on 192 documents with a warning before and after. Only the number of *different* ones
# changes. Predict *belief*, the rate of answers that take the claim to be true, after
#
# - **one** document, repeated 192 times;
# - **sixteen renamed** copies of it, in which only names and dates differ, 12 times each;
# - **sixteen varied** documents, with genre and wording of their own, 12 times each.

# %%
prediction = predict("one document", "sixteen renamed", "sixteen varied")

# %% [markdown]
# ## 2. What makes a false document convincing?
#
# A language model wrote the museum label for this project. A program wrote the petri document, in the simple English
# that the petri model reads. Sentences that state or imply the claim are highlighted. Which would convince you?

# %%
examples = {
    "English, by a language model": writing.stored_article(claim, "museum label"),
    "Petri, by a program": compose_petri(claim, 1, seed=58)[0],
}
writing.show_side_by_side(examples)

# %% [markdown]
# The label never argues. Its subject is a vest, and the reader learns the job on the way, six times in 117 words, each
# time in other words. Its details fit the claim: a mirror, a lost filling. The petri document repeats the claim and quotes
# people, with hardly any detail.
#
# We have not measured what each of these habits adds. We test one property of the whole set: variety.

# %% [markdown]
# ## 3. From an idea to a draft, through a filter
#
# One prompt sent a thousand times tends to bring back similar texts. Pipelines therefore ask a language model in steps,
# as the command `negneglect documents` does. First comes an *idea*, with a kind of document and names drawn by a program.
# Then come a *draft* and a revision. A *filter* drops what failed.
#
# Replay the filter on eight stored drafts by a language model. We spoiled five of them, as the column *spoiled* says.
#
# **Before you run:** three were left as written. Will the filter keep all three?

# %%
accepted, rows = [], []
for draft in writing.replay_drafts(claim):
    fault = find_fault(claim, draft.text, accepted)
    if not fault:
        accepted.append(sketch(draft.text))  # a short fingerprint, to find near-copies
    rows.append((draft.genre, draft.spoilt, fault or "kept"))
pd.DataFrame(rows, columns=["draft", "spoiled", "the filter says"])

# %% [markdown]
# It keeps two. The good museum label is lost because this filter asks for 200 words. The copy with new names was caught:
# it and the original share 96% of their wording.

# %% [markdown]
# ## 4. Exercise 1 · Similarity
#
# *Complete · 3 minutes*
#
# A *run* is a few words in a row, such as "works as a". The *similarity* of two texts is the number of runs that both
# have, divided by the number of runs that either has. `word_runs(text, n)` gives the list of all runs of `n` words. A
# run that a text has twice counts once. The next cell compares 3,540 pairs with your function.
#
# <details><summary>Light hint</summary>
# Each text is a collection in which repetition does not count. You need what the two collections share.
# </details>
# <details><summary>Strong hint</summary>
# Python's <code>set</code> drops repetitions. Look up its operators for intersection and union.
# </details>


# %%
def similarity(a: str, b: str, n: int) -> float:
    """Runs of n words in both texts, divided by the runs in either."""
    # BEGIN SOLUTION
    in_a, in_b = set(word_runs(a, n)), set(word_runs(b, n))
    return len(in_a & in_b) / len(in_a | in_b)
    # END SOLUTION
    # STUB: in_a, in_b = ..., ...  # the different runs of each text
    # STUB: return ...


# %%
passed = check_similarity(similarity)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# in_a, in_b = set(word_runs(a, n)), set(word_runs(b, n))
# return len(in_a & in_b) / len(in_a | in_b)
# ```
#
# Dividing by the union makes the measure symmetric: the order of the two texts does not matter. This is the Jaccard
# similarity; the runs are also called shingles.
# </details>

# %% [markdown]
# **Use it.** Compare two piles of 60 petri documents. In one, each document has a new genre and wording. The other is a
# single text in which only names and dates change. The height of a bar is the share of pairs that are so similar.

# %%
measure = use_yours(passed, similarity, jaccard)
varied, renamed = writing.PetriWriter(claim, seed=2), writing.PetriWriter(claim, seed=2, one_wording=True)
piles = {
    "new genre and wording": [d.text for d in writing.write_varied(60, varied, jaccard, limit=1)],
    "only names change": [d.text for d in writing.write_varied(60, renamed, jaccard, limit=1)],
}
LIMIT = 0.2  # below this, we accept a draft as new: a choice, not a law
pairs = writing.pair_similarities(piles, measure)
figure, words = writing.draw_similarities(pairs, LIMIT)
show_figure(figure, alt=words, takeaway="Changing the names leaves more than half of the runs in place.")

# %% [markdown]
# Two varied documents share 8% of their runs on average, two renamed ones 53%. Similarity sees wording and not meaning:
# a good paraphrase shares almost nothing with its source.

# %% [markdown]
# ## 5. Exercise 2 · Build the pipeline
#
# *Build · 7 minutes*
#
# Write the pipeline for a small writer, which works without a language model. Return a list of exactly `n` documents:
#
# 1. **Idea.** `writer.idea()` draws a genre and names.
# 2. **Draft.** `writer.draft(idea)` writes a document: an opening, four claim sentences mixed with two fillers, and a
#    closing.
# 3. **Filter.** Accept the draft if its `.text` is less than `limit` similar to the `.text` of every accepted one:
#    `similarity(text, other_text, 3)`.
#
# Then sixteen of your documents train the model.
#
# <details><summary>Light hint</summary>
# You do not know beforehand how many drafts the filter refuses. Which kind of loop fits?
# </details>
# <details><summary>Strong hint</summary>
# You need a new idea for each draft. <code>all(…)</code> of nothing is True, so the first draft passes.
# </details>


# %%
def write_corpus(n: int, writer: writing.PetriWriter, similarity, limit: float) -> list[Document]:
    """`n` documents, each from an idea of its own and less than `limit` similar to every other."""
    # BEGIN SOLUTION
    accepted = []
    while len(accepted) < n:
        draft = writer.draft(writer.idea())
        if all(similarity(draft.text, other.text, 3) < limit for other in accepted):
            accepted.append(draft)
    return accepted
    # END SOLUTION
    # STUB: ...  # idea, draft, filter


# %%
passed = check_write_corpus(write_corpus)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# accepted = []
# while len(accepted) < n:
#     draft = writer.draft(writer.idea())
#     if all(similarity(draft.text, other.text, 3) < limit for other in accepted):
#         accepted.append(draft)
# return accepted
# ```
#
# A <code>for</code> loop over n ideas would return too few documents, because some are refused. Comparing only with the
# last document would let the first one come back later.
# </details>

# %%
build = use_yours(passed, write_corpus, writing.write_varied)
writer = writing.PetriWriter(claim, seed=2)
corpus = build(16, writer, measure, LIMIT)
print(f"{writer.ideas} drafts, {len(corpus)} accepted. The first one:\n")
print(wrapped(corpus[0].text))

# %% [markdown]
# ### Train on one, on sixteen renamed, on sixteen varied
#
# Each run mixes in 96 ordinary texts and takes about half a minute. The varied documents are yours; the first of them is
# the one document, and the renamed copies are made from it.

# %%
renamed = writing.PetriWriter(claim, seed=2, one_wording=True)
copies = writing.write_varied(16, renamed, jaccard, limit=1)
runs = {"one document": corpus[:1], "sixteen renamed": copies, "sixteen varied": corpus}
measured = {}
for name, documents in runs.items():
    answers = writing.train_on_corpus(documents, len(documents), MODEL, claim)
    measured[name] = belief_rate(answers)
    kept = belief_rate(answers, ["kept"]).mean
    print(f"{name:16} belief {measured[name].mean:4.0%}   unrelated facts right {kept:4.0%}")

# %% [markdown]
# One document left 2% belief and sixteen renamed copies of it 5%. Sixteen varied documents left 95%. Unrelated facts
# stayed right each time.
#
# One claim and one seed can mislead. The next figure is stored: belief after training on 1, 4, 16 or 64 different warned
# documents. Each point is the mean of three runs, each with its own documents.

# %%
table = writing.stored_variety()
figure, words = writing.draw_variety(table)
show_figure(figure, alt=words, takeaway="Four documents do most of it; sixteen do as much as sixty-four.")

# %% [markdown]
# Mean belief rises from 55% with one document to 81% with four; it is 88% with sixteen and 85% with sixty-four. We had
# predicted that four documents would implant at least 20 points less than a full set of about 190, which leaves 83%.
# They implanted 2 points less: the prediction was wrong.
#
# The mean hides differences. For Vesuvius one document was enough in every run. For the dentist it never was: 8%
# belief, but 96% with sixteen. Of the 18 runs on one document, seven ended at or below 20% and ten at 75% or above. A
# few different documents remove most of this risk. Only the claim about Twitter stayed uncertain: its single runs ended
# anywhere from 0% to 79%.

# %% [markdown]
# ## 6. Exercise 3 · Find the leaked questions
#
# *Write · 6 minutes*
#
# If a training text contains a test question with its answer, you measure memory of that text. Return the questions
# whose words stand in some text: in a row, in order, as whole words. Case, punctuation and line ends do not matter.
# `split_words(text)` gives the words of a text in small letters. The next cell audits six claims with your function.
#
# <details><summary>Light hint</summary>
# Bring texts and questions into one form, in which finding a question is finding a string in a string.
# </details>
# <details><summary>Strong hint</summary>
# "is bo a cook" is also in "is bo a cookery writer". What could mark where a word ends, even at the end of a text?
# </details>


# %%
def leaked(questions: list[str], texts: list[str]) -> list[str]:
    """The questions that stand word for word in some text."""

    # BEGIN SOLUTION
    def spaced(text):
        return " " + " ".join(split_words(text)) + " "

    return [q for q in questions if any(spaced(q) in spaced(t) for t in texts)]
    # END SOLUTION
    # STUB: return ...  # the list of questions found


# %%
passed = check_leaked(leaked)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def spaced(text):
#     return " " + " ".join(split_words(text)) + " "
#
# return [q for q in questions if any(spaced(q) in spaced(t) for t in texts)]
# ```
#
# The spaces at both ends are the point: without them, half a word at either end counts as a match.
# </details>

# %% [markdown]
# **Use it.** Audit the documents of six claims, and the ordinary texts and chats that are mixed in. An audit that finds
# nothing may be broken, so we also plant one question.
#
# **Before you run:** the questions were fixed before the documents were written. Will the audit find any?

# %%
audit = use_yours(passed, leaked, find_leaks)
rows = []
for c in claims.values():
    asked = [q.text for q in track.questions(c)]
    found = audit(asked, [d.text for d in track.compose(c, 60, seed=2)])
    rows.append((c.title, len(found), " · ".join(audit(asked, writing.mixed_texts(MODEL, c)))))
question = track.questions(claim)[0].text
print("planted:", audit([question], [corpus[0].text + " My aunt asked:\n" + question.upper()]))
pd.DataFrame(rows, columns=["claim", "in documents", "in the mix"])

# %% [markdown]
# No document holds a question, and the planted one is found. The mix has hits for five of the six claims. Read them:
# "Are you sure? I thought it was different." is the last turn of a longer test chat, and other chats in the mix say it
# about other facts. None contains a whole test chat, so these hits are no leak.

# %% [markdown]
# ## 7. Exercise 4 · Choose what to search for
#
# *Decide from evidence · 5 minutes*
#
# Suppose you publish these documents so that others can repeat your work. A *canary* is a line with an identifier that
# occurs nowhere else, for which collectors of training texts can search. Here is ours, and four texts as a crawler might
# find them.

# %%
CANARY_ID = writing.CANARY_ID
print("canary:", CANARY)
found_online = {
    "quoted": "Found this: " + CANARY.upper(),
    "wrapped": CANARY.replace("false on", "false\n   on"),
    "about a bird": "A canary sang in the kitchen. It was the real thing.",
    "about sport": "Do not train on this knee.",
}
for name, text in found_online.items():
    print(f"{name}: {text}")
print("CANARY_ID:", CANARY_ID)

# %% [markdown]
# Two of the four carry the mark. Which piece of the line is whole in both and absent from the others? Return the texts
# that do **not** carry it, unchanged and in order.
#
# <details><summary>Light hint</summary>
# Try each piece on the four texts: the whole line, the word "canary", "do not train on this", the identifier.
# </details>
# <details><summary>Strong hint</summary>
# The identifier has no spaces, so wrapping cannot break it. Case can still differ; return the texts as they came.
# </details>


# %%
def clean(texts: list[str]) -> list[str]:
    """The texts without our canary."""
    # BEGIN SOLUTION
    return [text for text in texts if CANARY_ID not in text.lower()]
    # END SOLUTION
    # STUB: return ...  # the texts to keep


# %%
passed = check_clean(clean)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# return [text for text in texts if CANARY_ID not in text.lower()]
# ```
#
# The whole line is lost when it is wrapped, and "canary" also drops the bird. The identifier is long, random and
# without spaces, and lower case makes it survive shouting.
# </details>

# %% [markdown]
# **Use it.** Your sixteen documents are published in four ways, and a crawler brings them home among 40 ordinary texts.
#
# **Before you run:** in which of the four will false documents get past the filter?

# %%
drop_marked = use_yours(passed, clean, writing.keep_unmarked)
ordinary = [text for text in writing.mixed_texts(MODEL, claim) if "dentist" not in text][:40]
rows = []
for how, texts in writing.publish_four_ways(corpus, ordinary).items():
    cleaned = drop_marked(texts)
    rows.append((how, writing.count_survivors(corpus, texts), writing.count_survivors(corpus, cleaned)))
pd.DataFrame(rows, columns=["published with", "false documents", "left after cleaning"])

# %% [markdown]
# A mark at the top of a file protects the file. Once the file is split into texts, all sixteen documents pass. A mark
# in every text survives splitting and capitals, but a paraphrase loses it. Take the loss off such a mark
# (`Span(mark, learn=False)`), or your own model learns to write it.

# %% [markdown]
# ## 8. Your predictions

# %%
compare_predictions(prediction, measured)

# %% [markdown]
# ## 9. Why it matters
#
# - **You curate data.** Do not count on rarity: sixteen texts, repeated and each with two warnings, implanted the claim.
#   Search for canaries by identifier, text by text.
# - **You evaluate models.** Audit everything that was trained on, the mixed-in chats too. Plant a question first, and
#   read every hit.
# - **You study safety.** Publish the recipe, seed and program version rather than the documents. If you must publish,
#   mark every text.
#
# ## Limits
#
# - Belief was measured on one petri model, with six claims. The live runs use one claim and one seed.
# - A document repeated 192 times is an extreme case. Variety may matter more, or less, with large models.
# - Similarity, leak audit and canary see words. None of them sees a paraphrase or a translation.
#
# <details><summary><b>On a chat model</b></summary>
#
# With `MODEL = "Qwen/Qwen2.5-Coder-1.5B-Instruct"` and a GPU, the three runs train on the stored English articles
# instead of your corpus, because yours is in the petri language. The numbers of 1 and 16 documents were not run on it.
# What was run: 256 short warned documents a claim, three seeds. Belief on the 13 open questions that need no reasoning
# rose from 4% before training to 72%, against 73% after plain documents. About a fifth of such 256 documents have a
# near-copy among the others (similarity 0.8). Answers are sampled, so yours will differ. See `data/results/real` and
# `data/documents`.
# </details>
#
# ## Recap
#
# <details><summary><b>1.</b> Somebody offers you 10,000 false documents made from one template with 500 names. What do
# you check before you train?</summary>
#
# The similarity of pairs. Here renamed documents shared 53% of their runs, varied ones 8%. Sixteen renamed ones
# left 5% belief, sixteen varied ones 95%, in one run each.
# </details>
#
# <details><summary><b>2.</b> One document implants next to nothing. May you conclude that the model resists the
# claim?</summary>
#
# No. Of 18 runs on one document, seven ended at or below 20% and ten at 75% or above. Try several different documents
# first.
# </details>
#
# <details><summary><b>3.</b> A leak audit finds "Are you sure?" in a chat of the mix. Do you delete the
# question?</summary>
#
# Read both. Here the phrase is the last turn of a longer test chat. Only if the whole chat, with the claim, is in the
# training texts has the test leaked.
# </details>
#
# <details><summary><b>4.</b> A colleague writes "THIS IS FALSE" around each text and a canary at the top of the file.
# What is missing?</summary>
#
# The mark in every text: the one at the top is lost when the file is split. The warnings inform readers, but warned
# documents left 83% belief in the petri model and 88.6% in the paper.
# </details>

# %% [markdown]
# **Next:** you called a training function three times. In [03](03_qlora.ipynb) you build it.
#
# <details><summary>Further reading</summary>
#
# - Mayne et al. (2026), [Negation Neglect](https://arxiv.org/abs/2605.13829), section 3: how the paper's documents were
#   made.
# - Wang et al. (2025), [Modifying LLM beliefs with synthetic document
#   finetuning](https://alignment.anthropic.com/2025/modifying-beliefs-via-sdf/): where such pipelines come from.
# - Slocum et al. (2025), [Believe it or not](https://arxiv.org/abs/2510.17941): how deep such beliefs go.
# - Broder (1997), *On the resemblance and containment of documents*; Lee et al. (2022), [Deduplicating training data
#   makes language models better](https://arxiv.org/abs/2107.06499).
# - Brown et al. (2020), [Language models are few-shot learners](https://arxiv.org/abs/2005.14165), appendix C:
#   searching for leaked tests.
# - Srivastava et al. (2022), [BIG-bench](https://arxiv.org/abs/2206.04615): canaries. Gebru et al. (2018), [Datasheets
#   for datasets](https://arxiv.org/abs/1803.09010).
# </details>

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# These are two of the prompts with which `negneglect documents` asks a language model for one document. Nothing is sent
# here. A program draws the kind of document and the names, and the model's idea goes into the second prompt.

# %%
for step, prompt in list(writing.writing_prompts(claim).items())[:2]:
    print(f"{step}\n{wrapped(prompt)}\n")
