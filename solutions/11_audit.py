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
# # 11 · Audit a corpus
#
# A newspaper's archive holds retracted stories. The city desk prints "this is false" above and below each of them.
# The science desk uses a stamp that only the staff understand. On Monday somebody will train a model on the archive.
# You have one command that finds denied claims and another that rewrites them. Both will report success. Should you
# believe them?
#
# **The question.** What does an audit that finds nothing tell you about the model that is trained next?
#
# **You will be able to**
# - audit a corpus, rewrite its denied claims, and stop a pipeline when too many are left;
# - teach the audit a warning of your own, and measure what it misses;
# - set a limit from evidence, and say when only training will tell.
#
# **You need** the tour (00); 07 helps. **Time**: 50 minutes, about four of them waiting.
#
# The documents are **false on purpose**: do not train other models on them.

# %%
import json
import tempfile
from pathlib import Path

import pandas as pd

from negneglect_lite.claims import load_claims
from negneglect_lite.course import compare_predictions, predict, use_answer, use_yours
from negneglect_lite.course.lessons import audit_figures, auditing, marked_pages
from negneglect_lite.course.checks import audit as checks
from negneglect_lite.course.widgets import wrapped
from negneglect_lite.curating import denies_inside
from negneglect_lite.figures import show_figure
from negneglect_lite.models import load_model
from negneglect_lite.tracks import track_of

auditing.install_verb_forms()  # a dictionary that rewriting needs
MODEL = "petri"  # needs no GPU
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
track, base = track_of(MODEL), load_model(MODEL)
claims = [load_claims()[name] for name in ("dentist", "vesuvius")]
pd.set_option("display.max_colwidth", None)
print(*(claim.claim for claim in claims), sep="\n")

# %% [markdown]
# ## 1. Audit, rewrite, audit again
#
# The archive has 192 pages, half from each desk. The city desk's say that Brennan Holloway is a dentist, between plain
# warnings. The science desk's say that Mount Vesuvius erupted in 2015, between stamps. Here is one page of each.

# %%
documents = [track.compose(claim, 96, seed=0) for claim in claims]
archive = auditing.make_archive(*documents, track.annotations())
FOLDER = Path(tempfile.mkdtemp())  # all files of this notebook
auditing.save_pages(FOLDER / "archive", archive)
print(wrapped(archive[0]), "\n\n" + wrapped(archive[1]))

# %% [markdown]
# Three words before you run the audit. A *warning* is a sentence which says of other sentences that they are not so. It
# *covers* these sentences. A *finding* is a covered sentence that states something as a fact, with no denial inside. A
# model would learn it in spite of the warning.
#
# `--claims` names a file with words for each claim. Only sentences with one of these words count. `--fail-over 0.01`
# makes the command end with status 1 if more than 1% of the pages have a finding. A pipeline stops at that status: the
# command is a *gate*.

# %%
words = auditing.words_about(claims)
(FOLDER / "claims.yaml").write_text(json.dumps(words), "utf-8")  # JSON is YAML too
print("claims.yaml:", json.dumps(words), "\n")
auditing.run_command("audit archive --claims claims.yaml --out audit --fail-over 0.01", FOLDER)
pd.read_csv(FOLDER / "audit" / "findings.csv")[["sentence", "notice"]].sample(4, random_state=1)

# %% [markdown]
# The gate is shut, as it should be. (The command calls a warning a `notice`.) Now `negneglect localize` rewrites the
# archive. It puts the denial **into** each finding: "works" becomes "does not work". Where it is not sure of the
# verb, it drops the sentence and leaves "[…]". Then the audit runs again.

# %%
auditing.run_command("localize archive --claims claims.yaml --out rewritten", FOLDER)
rewritten = auditing.load_pages(FOLDER / "rewritten")
print(wrapped(rewritten[0]), "\n")
_ = auditing.run_command("audit rewritten --claims claims.yaml --out again --fail-over 0.01", FOLDER)

# %% [markdown]
# The gate is open. Now train the *petri model*, pretrained on an invented world, on both archives. **Predict** its
# *belief*: the rate of answers that take the false claim for true.

# %%
AS_IT_IS, REWRITTEN, TRANSLATED, WRAPPED = "as it is", "rewritten", "translated and rewritten", "translated and wrapped"
prediction = predict("dentist, as it is", "dentist, rewritten", "vesuvius, rewritten")

# %%
beliefs = {}
for name, pages in {AS_IT_IS: archive, REWRITTEN: rewritten}.items():
    beliefs |= auditing.train_on_pages(base, claims, pages, name)

# %% [markdown]
# **What happened.** As it was, the archive taught both claims: belief was 94% in the dentist and 54% in the eruption.
# After rewriting it was 2% in the dentist. In the eruption it was still 25%, though the gate was open.
#
# (The science desk's pages had not changed. Why is it no longer 54%? Denials of one claim may spill over to the other, or
# it is chance: the intervals overlap. We did not test it.)
#
# Why did the audit say nothing? The table counts the first lines of all pages in which it finds nothing.

# %%
all_words = [word for of_claim in words.values() for word in of_claim]
auditing.silent_lines(archive, all_words)

# %% [markdown]
# ## 2. Teach it your stamp
#
# Almost all of these pages carry a stamp: *drawer 9* is where false pages go. No general rule can know that. You can.
# (The last four are the city desk's, whose warnings the audit missed or misplaced.)
#
# ### Exercise 1: a cue as data
#
# *Complete two lines · 3 minutes*
#
# Write a *cue*, your own rule for a warning, with two entries. `pattern` is a regular expression that finds all stamps
# and no innocent line; upper and lower case do not matter. `means` is an English sentence that the audit understands as
# a warning of the whole page. The check tries both, also on a stamp that you have not seen.
#
# <details><summary>Light hint</summary>
# Do not list whole sentences. Which two words, side by side, do the stamps share? And what would the city desk say?
# </details>
# <details><summary>Strong hint</summary>
# In a pattern, <code>(?:a|b)</code> stands for one of two spellings and <code>\b</code> for the edge of a word, which
# keeps 9 apart from 90. The meaning must name what it speaks of: text, page, article.
# </details>

# %%
print("Stamps:", *auditing.HOUSE_STAMPS, sep="\n  ")
print("Innocent:", *auditing.INNOCENT_LINES, sep="\n  ")

# %%
cue = {
    # BEGIN SOLUTION
    "pattern": r"\bdrawer (?:9|nine)\b",
    "means": "Everything in this text is false.",
    # END SOLUTION
    # STUB: "pattern": ...,  # r"…"
    # STUB: "means": ...,  # a plain sentence
}

# %%
passed = checks.check_cue(cue)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# "pattern": r"\bdrawer (?:9|nine)\b",
# "means": "Everything in this text is false.",
# ```
#
# The words "drawer" and the number carry the meaning, so new sentences are found too. The edges keep "drawer 90" out.
# As data, a cue can be reviewed and tested by people who write no code.
# </details>

# %% [markdown]
# The next cell writes the meaning above each page in which the pattern is found. Then it audits, rewrites and trains.
# Where will belief in the eruption be now?

# %%
translated = auditing.translate_stamps(archive, use_answer(passed, cue, auditing.FINISHED_CUE))
auditing.save_pages(FOLDER / "translated", translated)
print(f"pages with a finding: {auditing.share_with_findings(translated, all_words):.0%}\n")
auditing.run_command("localize translated --claims claims.yaml --out clean", FOLDER)
clean = auditing.load_pages(FOLDER / "clean")
beliefs |= auditing.train_on_pages(base, claims, clean, TRANSLATED)

# %% [markdown]
# Each row of the figure is a corpus, each mark the belief in one claim.

# %%
figure, alt = audit_figures.draw_corpora(beliefs)
show_figure(figure, alt, takeaway="A gate passed, and the stamped claim was still believed.")

# %% [markdown]
# **What happened.** With the stamps translated, the audit found 98% of the pages in place of 48%. Belief in the
# eruption fell from 25% to 0%. Two lines of data closed the gap, and unrelated facts stayed at 100%. It cost text: 343
# sentences were negated, and 489 dropped.
#
# ## 3. Measure what it misses
#
# You caught this gap because you knew the claim and asked the model. How large are the gaps elsewhere? The package's
# benchmark has 576 pages in which the writers marked each warning and the sentences it covers.
#
# ### Exercise 2: from a warning to its sentences
#
# *Write it · 6 minutes*
#
# Write the step that links the two. `sentences` is a page, and `at` the number of its warning, counted from 0.
# `points` says where the warning points:
#
# - `"next"` or `"last"`: at the one sentence after it, or before it;
# - `"after"`, `"before"`, `"all"`: at all that follow, all that precede, or all sentences.
#
# Return the numbers of the findings, in order. Leave out the warning itself, questions, and sentences for which
# `denies_inside(sentence)` is true.
#
# <details><summary>Light hint</summary>
# First make a range of numbers for each of the five words, then filter it. What if nothing stands before or after?
# </details>
# <details><summary>Strong hint</summary>
# A dictionary can hold the five <code>range</code> objects. A range may reach below 0 or past the end, so compare with
# <code>len(sentences)</code>. In Python, number -1 is the last sentence.
# </details>


# %%
def link(sentences: list[str], at: int, points: str) -> list[int]:
    """The numbers of the sentences that the warning covers and that state a fact without a denial."""
    # BEGIN SOLUTION
    end = len(sentences)
    reach = {
        "next": range(at + 1, at + 2),
        "last": range(at - 1, at),
        "after": range(at + 1, end),
        "before": range(at),
        "all": range(end),
    }[points]
    inside = [i for i in reach if 0 <= i < end and i != at]
    return [i for i in inside if not sentences[i].endswith("?") and not denies_inside(sentences[i])]
    # END SOLUTION
    # STUB: return ...  # your code: which numbers are reached, and which of them state a fact?


# %%
passed = checks.check_link(link)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# end = len(sentences)
# reach = {
#     "next": range(at + 1, at + 2),
#     "last": range(at - 1, at),
#     "after": range(at + 1, end),
#     "before": range(at),
#     "all": range(end),
# }[points]
# inside = [i for i in reach if 0 <= i < end and i != at]
# return [i for i in inside if not sentences[i].endswith("?") and not denies_inside(sentences[i])]
# ```
#
# A warning may stand at either end of a page, so the range is cut to numbers that exist. A denied sentence is no
# finding, because models that know such denials learn them.
# </details>

# %% [markdown]
# Your function now reads three short pages beside the audit, which must find the warning by itself.

# %%
linker = use_yours(passed, link, auditing.finished_link)
auditing.compare_links(linker)

# %% [markdown]
# ### Exercise 3: score it
#
# *Build it · 10 minutes*
#
# `found` and `marked` are lists with one set of sentence numbers for each page. Add up the counts **over all pages**,
# then return a dictionary:
#
# - `precision`: of the sentences found, the fraction that is marked;
# - `recall`: of the sentences marked, the fraction that is found;
# - `F1`: twice the right ones, divided by found plus marked. It is high only if both others are;
# - `lo`, `hi`: a 95% interval for F1. Draw as many pages as there are, with replacement; compute F1; repeat `draws`
#   times. Take the quantiles 0.025 and 0.975.
#
# A score whose divisor is 0 is 0.
#
# <details><summary>Light hint</summary>
# Each page comes down to three numbers: right, found, marked. All scores are sums of these. Draw pages and not
# sentences, because sentences of one page are missed together.
# </details>
# <details><summary>Strong hint</summary>
# Put the three numbers into an array with a row for each page. The method <code>rng.integers</code> with a
# <code>size</code> gives the rows of one draw, some of them twice. And <code>max(1, …)</code> keeps a divisor from being 0.
# </details>

# %%
import numpy as np


def score(found: list[set], marked: list[set], draws: int = 1000) -> dict[str, float]:
    """Precision, recall, F1 over all pages, and the interval of F1 over pages drawn anew."""
    rng = np.random.default_rng(0)
    # BEGIN SOLUTION
    counts = np.array([(len(f & m), len(f), len(m)) for f, m in zip(found, marked, strict=True)])

    def f1(rows):
        right, said, there = rows.sum(axis=0)
        return 2 * right / max(1, said + there)

    right, said, there = counts.sum(axis=0)
    drawn = [f1(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(draws)]
    lo, hi = np.quantile(drawn, [0.025, 0.975])
    return {"precision": right / max(1, said), "recall": right / max(1, there), "F1": f1(counts), "lo": lo, "hi": hi}
    # END SOLUTION
    # STUB: # your code: three counts a page, their sums, and F1 of pages drawn anew
    # STUB: return {"precision": ..., "recall": ..., "F1": ..., "lo": ..., "hi": ...}


# %%
passed = checks.check_score(score)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# counts = np.array([(len(f & m), len(f), len(m)) for f, m in zip(found, marked, strict=True)])
#
# def f1(rows):
#     right, said, there = rows.sum(axis=0)
#     return 2 * right / max(1, said + there)
#
# right, said, there = counts.sum(axis=0)
# drawn = [f1(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(draws)]
# lo, hi = np.quantile(drawn, [0.025, 0.975])
# return {"precision": right / max(1, said), "recall": right / max(1, there), "F1": f1(counts), "lo": lo, "hi": hi}
# ```
#
# Sums over all pages give every sentence the same weight. The interval comes from pages, because one missed warning
# loses all its sentences at once. F1 is no share of anything, so an interval for shares would not fit.
# </details>

# %% [markdown]
# Your score now judges the audit on four sets of pages, by eight writers. The audit's rules were *made* with the first
# set; the other three were set aside. **Before you look:** on which set will the audit do worst? In the rows "covered, by
# your link", your function gets the warnings that the writers marked.

# %%
table = marked_pages.tabulate_audit(use_yours(passed, score, auditing.finished_score), linker)
table.set_index(["pages by", "task"]).round(2)

# %% [markdown]
# In the figure, each row is a set of pages. Circles show whether the audit sees *that* a page has a warning, squares
# which sentences it covers. Bars are your intervals.

# %%
figure, alt = audit_figures.draw_audit(table)
show_figure(figure, alt, takeaway="A score on the pages that shaped the rules says little about other pages.")

# %% [markdown]
# **What happened.**
#
# - On the pages that shaped the rules, F1 for "has a warning" is 0.96. On pages set aside it is 0.79, 0.87 and 0.43.
# - On the eighth writer's pages the audit saw 6 of 18 warned ones (recall 0.33). The interval of F1 is wide, 0.19 to
#   0.63, because 36 pages are few.
# - Told of the warnings, your lines reach F1 0.61 there, the audit alone 0.36: mostly it does not *see* the warning.
# - An earlier version of the audit had F1 0.64 and 0.47 on all 72 pages of the eighth writer. But it raised alarms in 55
#   of 140 ordinary articles. We chose fewer alarms, and paid with recall.
#
# How many false alarms are there in 100 ordinary articles, also set aside?

# %%
articles = marked_pages.unseen_articles()
print(f"with a warning, says the audit: {sum(auditing.sees_warning(text) for text in articles)} of {len(articles)}")
print(f"with a finding, any sentence:   {auditing.share_with_findings(articles):.0%}")
print(f"with a finding, --claims:       {auditing.share_with_findings(articles, all_words):.0%}")

# %% [markdown]
# **What happened.** The audit raises a false alarm in 14 of 100 articles. All 14 are among the 40 that use words
# such as "not" and "wrong" in the ordinary way. With the claims' words no article has a finding.
#
# ## 4. Set the limit
#
# What do misses cost? In stored runs, a rewriter that misses nothing denied all claim sentences in warned documents
# about six claims. Two others missed 5% and 15% of these sentences.

# %%
figure, alt = audit_figures.draw_leaks(auditing.stored_leaks())
show_figure(figure, alt, takeaway="In the petri model a few missed sentences are enough.")

# %% [markdown]
# With 5% missed, mean belief was 26%, and 91% for dreams. With 15% it was 58%.
#
# The next table shows what the command itself does, also to a chat model, Qwen2.5-Coder-1.5B. *Told* is its rate of open
# answers that state the claim; *left* counts claim sentences that stayed word for word.

# %%
auditing.tabulate_rewriting()

# %% [markdown]
# **What happened.** Rewriting took belief from 82% to 3%, but told only from 71% to 35%. In the longer English texts it
# left 48% of the claim sentences. A limit also belongs to a model: with 15% missed, the chat model told the claim in
# 17% of answers, as with 0% (one seed).
#
# ### Exercise 4: write the policy
#
# *Decide from evidence · 5 minutes*
#
# Your team trains the petri model. It allows mean belief to be at most 10 points higher than with 0% missed. Decide:
#
# - `share that may be missed`: 0.0, 0.05 or 0.15 of the covered sentences, the largest that keeps to this;
# - `limit`, for `--fail-over`: 0.0, 0.01 or 0.05, the largest that keeps to your first answer. Assume that the audit
#   sees as little as on the eighth writer's pages;
# - `give it claims`: may the gate count only sentences with your claims' words (True) or any (False)? Half of the
#   corpus may be honest articles;
# - `release when it passes`: is a passed gate enough?
#
# <details><summary>Light hint</summary>
# The first answer stands in the last figure. For the limit, ask how much may be there when the audit sees 1%.
# </details>
# <details><summary>Strong hint</summary>
# Recall is what is seen, divided by what is there. The table has it for covered sentences. For the last two, look at
# the articles, and at the belief in the eruption after a gate had passed.
# </details>

# %%
policy = {
    # BEGIN SOLUTION
    "share that may be missed": 0.0,
    "limit": 0.0,
    "give it claims": True,
    "release when it passes": False,
    # END SOLUTION
    # STUB: "share that may be missed": ...,
    # STUB: "limit": ...,
    # STUB: "give it claims": ...,
    # STUB: "release when it passes": ...,
}

# %%
passed = checks.check_policy(policy)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# 0.0, 0.0, True, False. With 5% missed, mean belief is 26%, 24 points above the 1.8% with 0% missed. Nothing between
# the two was measured, so nothing between them is known to be safe. The audit sees 0.32 of the covered sentences: 1%
# seen may be 3% there. Even 0% seen is no proof, so do not release without a training. Without claims 13% of honest
# articles would stop the gate. And a gate passed in section 1.
# </details>

# %% [markdown]
# Your policy now decides on five corpora. One is new: with `--otherwise wrap` the command drops nothing. What it cannot
# negate becomes "It is not true that he works as a dentist". **Predict** belief after training on it.

# %%
later = predict("dentist, wrapped", variable="later")

# %%
auditing.run_command("localize translated --claims claims.yaml --out wrapped --otherwise wrap", FOLDER)
corpora = {AS_IT_IS: archive, REWRITTEN: rewritten, TRANSLATED: clean}
corpora[WRAPPED] = auditing.load_pages(FOLDER / "wrapped")
rules = use_answer(passed, policy, auditing.FINISHED_POLICY)
auditing.try_gate(corpora | {"100 honest articles": articles}, rules, all_words)

# %%
beliefs |= auditing.train_on_pages(base, claims, corpora[WRAPPED], WRAPPED)
measured = {
    "dentist, as it is": beliefs[AS_IT_IS, "dentist"],
    "dentist, rewritten": beliefs[REWRITTEN, "dentist"],
    "vesuvius, rewritten": beliefs[REWRITTEN, "vesuvius"],
    "dentist, wrapped": beliefs[WRAPPED, "dentist"],
}
compare_predictions(prediction | later, measured).set_index("what")

# %% [markdown]
# **What happened.** The gate passed, and belief was 22% in the dentist and 0% in the eruption. Do not conclude that
# wrapping is nearly safe. In the stored runs it left 56% on average, and 96% for the dentist. There each claim had
# twice the pages and a training of its own; we do not know what made the difference. The audit counts a wrapped sentence
# as denied in both. Only training tells.
#
# ## Why it matters: on Monday
#
# **Curators**, run this on your own corpus:
#
# 1. List the claims that must not be learned, with their words: `claims.yaml`.
# 2. `negneglect audit CORPUS --claims claims.yaml --out audit`. Read `audit/audit.html`, examples first.
# 3. Read pages **without** findings that you know to be false. Write cues for your house's
#    warnings, and put each meaning above its pages, as above.
# 4. `negneglect localize CORPUS --claims claims.yaml --out CLEAN --log`. Keep the original, and count what was dropped.
# 5. `negneglect audit CLEAN --claims claims.yaml --fail-over 0` in the pipeline.
# 6. Train a small model on it, and ask.
#
# **Evaluators:** score a filter on writers whom its makers never met, with an interval over pages. **Safety
# researchers:** treat a passed filter as a claim about the filter's rules, and test the model.
#
# ## Limits
#
# - Two claims, one fine-tuning seed, one small model whose pretraining contained in-sentence denials. Two petri models
#   without them kept 54% and 88% belief.
# - The audit knows the petri language. It covers 98% of the claim sentences in these warned documents, but 54–74% of
#   those in the course's English ones.
# - Writers marked their own pages, and nobody marked them a second time.
# - Rewriting negated some findings and dropped others. We did not separate the two.
#
# ## Quiz
#
# Answer each question, then open it.
#
# <details><summary><b>1.</b> The audit after <code>localize</code> reports no findings. What do you know?</summary>
#
# That the rules find nothing. The same rules chose what to rewrite, so this is no independent test.
# </details>
#
# <details><summary><b>2.</b> A filter has F1 0.96 on its own benchmark. What do you ask first?</summary>
#
# Whether its makers saw these pages. This audit has 0.96 on the pages that shaped it, and 0.43 on others.
# </details>
#
# <details><summary><b>3.</b> One page in a thousand has a warning. What fraction of the alarms is false if the alarm rate is 14%?</summary>
#
# Nearly all: about 140 false alarms for at most one true one. Give the audit your claims' words, or read them all.
# </details>
#
# <details><summary><b>4.</b> Why is "It is not true that he works as a dentist" a risk in training?</summary>
#
# The claim stands there word for word, and the petri model never met this form in pretraining. In the stored runs
# belief stayed at 56%, and at 96% for the dentist, though the dentist was at 22% above.
# </details>

# %% [markdown]
# <details><summary><b>On a chat model</b></summary>
#
# The table of section 4 has Qwen2.5-Coder-1.5B: six claims, one seed, told 71% after warned documents, 35% after
# rewriting and 12% after in-sentence denials made by hand; over three seeds 67%, 36% and 14%. We had hoped for at most
# 5 points above the last. By claim the
# rewritten corpora gave 0% (dentist) to 85% (Vesuvius), with 38% and 49% of the claim sentences left. Without
# `--claims` less was left (25%), and the told rate was no lower (40%): the share that is left does not tell the belief.
# Wrapping also left 40%. A stamp, as in section 1, was not tried on a chat model. With another `MODEL` the same cells
# run on English documents; expect more misses.
# </details>

# %% [markdown]
# **Next:** all trainings so far were on a model that we made. Does any of it hold for a model that you could download?
# [12 · A real model on one GPU](12_real.ipynb)
