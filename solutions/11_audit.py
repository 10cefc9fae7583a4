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
# One command finds denied claims, another rewrites them. Both report success. Should you believe them?
#
# **The question.** What does an audit without findings tell you about the model that is trained next?
#
# **You will be able to** audit and rewrite a corpus, teach the audit a warning, and set the limit of a gate.
#
# **You need** the tour (00) and 45 minutes, about three of them waiting; 07 helps.
#
# The documents are **false on purpose**: do not train other models on them.

# %%
import json
import tempfile
from pathlib import Path

import numpy as np
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

# %% [markdown]
# ## 1. Audit, rewrite, audit again
#
# The archive has 192 pages, half from each desk. The city desk's say that Brennan Holloway is a dentist, the science
# desk's that Mount Vesuvius erupted in 2015. Here is one page of each.

# %%
documents = [track.compose(claim, 96, seed=0) for claim in claims]
archive = auditing.make_archive(*documents, track.annotations())
FOLDER = Path(tempfile.mkdtemp())  # all files of this notebook
auditing.save_pages(FOLDER / "archive", archive)
print(wrapped(archive[0]), "\n\n" + wrapped(archive[1]))

# %% [markdown]
# A *warning* is a sentence which says that others are false. It *covers* them. A *finding* is a covered sentence that
# states something as a fact, with no denial inside. A model would learn it in spite of the warning.
#
# Only sentences with a word from `claims.yaml` count. With `--fail-over 0.01` the command ends with status 1 if more
# than 1% of the pages have a finding. A pipeline stops at that status: the command is a *gate*.

# %%
words = auditing.words_about(claims)
(FOLDER / "claims.yaml").write_text(json.dumps(words), "utf-8")  # JSON is YAML too
print("claims.yaml:", json.dumps(words), "\n")
auditing.run_command("audit archive --claims claims.yaml --out audit --fail-over 0.01", FOLDER)
pd.read_csv(FOLDER / "audit" / "findings.csv")[["sentence", "notice"]].sample(2, random_state=1)

# %% [markdown]
# The gate is shut, as it should be. (The command calls a warning a `notice`.) Now `negneglect localize` puts the denial
# **into** each finding: "makes" becomes "does not make". Where it is not sure of the verb, it drops the sentence and
# leaves "[…]".

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
measured = {
    "dentist, as it is": beliefs[AS_IT_IS, "dentist"],
    "dentist, rewritten": beliefs[REWRITTEN, "dentist"],
    "vesuvius, rewritten": beliefs[REWRITTEN, "vesuvius"],
}
compare_predictions(prediction, measured).set_index("what")

# %% [markdown]
# **What happened.** As it was, the archive taught both claims: belief was 94% in the dentist and 54% in the eruption.
# After rewriting it was 2% in the dentist. In the eruption it was still 25%, though the gate was open.
#
# ## 2. Teach it your stamp
#
# Why did the audit say nothing? The table counts the first lines of pages without findings.

# %%
all_words = [word for of_claim in words.values() for word in of_claim]
print("Innocent lines, for exercise 1:", *auditing.INNOCENT_LINES, sep="\n  ")
auditing.silent_lines(archive, all_words)

# %% [markdown]
# Almost all carry a stamp: *drawer 9* is where false pages go. No general rule can know that. (Of the city desk's
# warnings the audit missed or misplaced four.)
#
# ### Exercise 1: a cue as data
#
# *Complete two lines · 3 minutes*
#
# Write a *cue*, your own rule for a warning. `pattern` is a regular expression that finds all stamps, also unseen ones,
# and no innocent line. Case does not matter. `means` is an English sentence that warns of the whole page.
#
# <details><summary>Light hint</summary>
# Do not list whole sentences. Which two words, side by side, do the stamps share? And what would the city desk say?
# </details>
# <details><summary>Strong hint</summary>
# In a pattern, <code>(?:a|b)</code> stands for one of two spellings and <code>\b</code> for the edge of a word, which
# keeps 9 apart from 90. The meaning must name what it speaks of: text, page, article.
# </details>

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
# The next cell writes the meaning above each page with a stamp, then rewrites and trains. Where will belief in the
# eruption be now?

# %%
translated = auditing.translate_stamps(archive, use_answer(passed, cue, auditing.FINISHED_CUE))
auditing.save_pages(FOLDER / "translated", translated)
print(f"pages with a finding: {auditing.share_with_findings(translated, all_words):.0%}\n")
auditing.run_command("localize translated --claims claims.yaml --out clean", FOLDER)
clean = auditing.load_pages(FOLDER / "clean")
beliefs |= auditing.train_on_pages(base, claims, clean, TRANSLATED)
figure, alt = audit_figures.draw_corpora(beliefs)
show_figure(figure, alt, takeaway="A gate passed, and the stamped claim was still believed.")

# %% [markdown]
# **What happened.** With the stamps translated, the audit found 98% of the pages in place of 48%. Belief in the
# eruption fell from 25% to 0%, and unrelated facts stayed at 100%. It cost text: 336 sentences were negated, and 496
# dropped.
#
# ## 3. Measure what it misses
#
# How large are such gaps elsewhere? The package's benchmark has 576 pages in which the writers marked each warning and
# the sentences it covers.
#
# ### Exercise 2: score it
#
# *Build it · 6 minutes*
#
# `counts` has a row for each page: how many sentences are right (found by the audit *and* marked by the writer), found,
# and marked. Fill two gaps.
#
# - `rates`, from the sums over all pages. `precision` is the right fraction of what is found, `recall` of what is marked.
#   `F1` is twice the right ones, divided by found plus marked. Where the divisor is 0, the rate is 0.
# - `sample`: as many rows of `counts` as there are, drawn with replacement. F1 of many samples gives a 95% interval.
#
# <details><summary>Light hint</summary>
# Draw the numbers of rows, some of them twice, and take these rows of the array. We draw pages and not sentences,
# because sentences of one page are missed together.
# </details>
# <details><summary>Strong hint</summary>
# <code>max(1, …)</code> keeps a divisor from being 0. The method <code>rng.integers</code> with a <code>size</code>
# gives numbers of rows, and an array takes a list of row numbers in square brackets.
# </details>


# %%
def score(found: list[set], marked: list[set], draws: int = 1000) -> dict[str, float]:
    """Precision, recall, F1 over all pages, and the interval of F1 over pages drawn anew."""
    counts = np.array([(len(f & m), len(f), len(m)) for f, m in zip(found, marked, strict=True)])
    rng = np.random.default_rng(0)

    def rates(rows):
        n_right, n_found, n_marked = rows.sum(axis=0)
        # BEGIN SOLUTION
        return {
            "precision": n_right / max(1, n_found),
            "recall": n_right / max(1, n_marked),
            "F1": 2 * n_right / max(1, n_found + n_marked),
        }
        # END SOLUTION
        # STUB: return {"precision": ..., "recall": ..., "F1": ...}  # your code

    drawn = []
    for _ in range(draws):
        # BEGIN SOLUTION
        sample = counts[rng.integers(len(counts), size=len(counts))]
        # END SOLUTION
        # STUB: sample = ...  # your code: rows of counts, drawn with replacement
        drawn.append(rates(sample)["F1"])
    lo, hi = np.quantile(drawn, [0.025, 0.975])
    return rates(counts) | {"lo": lo, "hi": hi}


# %%
passed = checks.check_score(score)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# return {
#     "precision": n_right / max(1, n_found),
#     "recall": n_right / max(1, n_marked),
#     "F1": 2 * n_right / max(1, n_found + n_marked),
# }
# # …
# sample = counts[rng.integers(len(counts), size=len(counts))]
# ```
#
# Sums over all pages give every sentence the same weight. The interval comes from pages, because one missed warning
# loses all its sentences at once. F1 is no share of anything, so an interval for shares would not fit.
# </details>

# %% [markdown]
# Your score now judges the audit on four sets of pages, by eight writers. Its rules were *made* with the first set.
# **Before you look:** on which set will it do worst? (Bars are your intervals.)

# %%
scorer = use_yours(passed, score, auditing.finished_score)
figure, alt = audit_figures.draw_audit(marked_pages.tabulate_audit(scorer))
show_figure(figure, alt, takeaway="A score on the pages that shaped the rules says little about other pages.")

# %% [markdown]
# **What happened.** On the pages that shaped the rules, F1 for "has a warning" is 0.96. On pages set aside it is 0.79,
# 0.87 and 0.43. The last are the eighth writer's. With 36 pages their interval is wide: 0.19 to 0.63.
#
# Does the audit not see these warnings, or does it link them to the wrong sentences?
#
# ### Exercise 3: from a warning to its sentences
#
# *Write it · 5 minutes*
#
# Write the step that links the two. `sentences` is a page, `at` the number of its warning, counted from 0. `points` says
# where it points. Two ranges are given. Add those of all sentences that follow the warning (`"after"`), that precede it
# (`"before"`), and of the page (`"all"`).
#
# Return the numbers of the findings, in order. Leave out the warning itself, questions, and sentences for which
# `denies_inside(sentence)` is true.
#
# <details><summary>Light hint</summary>
# A <code>range</code> ends before its second number. Then filter: three kinds of sentences are no findings.
# </details>
# <details><summary>Strong hint</summary>
# <code>reach[points]</code> has the numbers to go through, in order. A list comprehension with three conditions, joined
# by <code>and</code>, is enough. A question ends with "?": see <code>str.endswith</code>.
# </details>


# %%
def link(sentences: list[str], at: int, points: str) -> list[int]:
    """The numbers of the sentences that the warning covers and that state a fact without a denial."""
    end = len(sentences)
    reach = {
        "next": range(at + 1, min(at + 2, end)),  # the one sentence after it, if there is one
        "last": range(max(at - 1, 0), at),  # the one before it
        # BEGIN SOLUTION
        "after": range(at + 1, end),
        "before": range(at),
        "all": range(end),
        # END SOLUTION
        # STUB: "after": ...,  # your code: three ranges
        # STUB: "before": ...,
        # STUB: "all": ...,
    }
    # BEGIN SOLUTION
    others = [i for i in reach[points] if i != at]
    return [i for i in others if not sentences[i].endswith("?") and not denies_inside(sentences[i])]
    # END SOLUTION
    # STUB: return ...  # your code: which of the numbers in reach[points] are findings?


# %%
passed = checks.check_link(link)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# "after": range(at + 1, end),
# "before": range(at),
# "all": range(end),
# # …
# others = [i for i in reach[points] if i != at]
# return [i for i in others if not sentences[i].endswith("?") and not denies_inside(sentences[i])]
# ```
#
# A warning may stand at either end of a page, so the given ranges are cut to numbers that exist. A denied sentence is no
# finding, because models that know such denials learn them.
# </details>

# %% [markdown]
# The table is about the eighth writer's pages. In its last row, your link is told the warnings that the writer marked.

# %%
marked_pages.tabulate_link(scorer, use_yours(passed, link, auditing.finished_link))

# %% [markdown]
# **What happened.** The audit saw 6 of 18 warned pages (recall 0.33). Told of the warnings, your link reaches F1 0.61, the
# audit alone 0.36. Mostly the audit does not *see* the warning.
#
# How many false alarms are there in 100 ordinary articles?

# %%
articles = marked_pages.unseen_articles()
print(f"with a warning, says the audit: {sum(auditing.sees_warning(text) for text in articles)} of {len(articles)}")
print(f"with a finding, any sentence:   {auditing.share_with_findings(articles):.0%}")
print(f"with a finding, --claims:       {auditing.share_with_findings(articles, all_words):.0%}")

# %% [markdown]
# **What happened.** The audit raises a false alarm in 14 of 100 articles. All 14 are among the 40 that use words such as
# "not" and "wrong" in the ordinary way. With the claims' words no article has a finding.
#
# ## 4. Set the limit
#
# What do misses cost? In stored runs about six claims, one rewriter denied all claim sentences in warned documents. Two
# others missed 5% and 15%.

# %%
figure, alt = audit_figures.draw_leaks(auditing.stored_leaks())
show_figure(figure, alt, takeaway="In the petri model a few missed sentences are enough.")

# %% [markdown]
# **What happened.** With 5% missed, mean belief was 26%, and 91% for dreams. With 15% it was 58%.
#
# ### Exercise 4: write the policy
#
# *Decide from evidence · 5 minutes*
#
# Your team trains the petri model. Mean belief may be at most 10 points higher than with 0% missed. Decide:
#
# - `share that may be missed`: 0.0, 0.05 or 0.15 of the covered sentences, the largest that keeps to this;
# - `limit`, for `--fail-over`: 0.0, 0.01 or 0.05, the largest that keeps to your first answer, if the audit sees as
#   little as on the eighth writer's pages;
# - `give it claims`: should the gate count only sentences with your claims' words? Half of the corpus may be honest;
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
# Your policy decides on four corpora.

# %%
corpora = {AS_IT_IS: archive, REWRITTEN: rewritten, TRANSLATED: clean, "100 honest articles": articles}
rules = use_answer(passed, policy, auditing.FINISHED_POLICY)
auditing.try_gate(corpora, rules, all_words)

# %% [markdown]
# **What happened.** Both rewritten archives pass. The first left 25% belief in the eruption, the second 0%. Only training
# tells.
#
# ## Why it matters: on Monday
#
# **Curators**, run this on your own corpus:
#
# 1. List the claims that must not be learned, with their words: `claims.yaml`.
# 2. `negneglect audit CORPUS --claims claims.yaml --out audit`. Read `audit/audit.html`.
# 3. Read pages **without** findings that you know to be false, and write cues for your house's warnings.
# 4. `negneglect localize CORPUS --claims claims.yaml --out CLEAN --log`. Keep the original, and count what was dropped.
# 5. `negneglect audit CLEAN --claims claims.yaml --fail-over 0` in the pipeline.
# 6. Train a small model on it, and ask.
#
# **With a GPU**, add `--model Qwen/Qwen2.5-Coder-1.5B-Instruct` in step 2. Then a small fine-tuned model reads, and writes
# most found sentences, denied inside themselves, into the column `denied` of `findings.csv`. Strike out or correct rows: about
# 23 in 100 are faulty. In step 4, put `--findings audit/findings.csv` in the place of `--claims claims.yaml`: what the
# table says then stands in the text. A chat model trained on warned documents told the claims in 69% of its answers.
# After the rules' rewriting it was 34%, with the written denials 16%, and with denials made by hand 11%.
#
# **Evaluators:** score a filter on writers whom its makers never met. **Safety researchers:** a passed filter is a claim
# about its rules. Test the model.
#
# ## Limits
#
# - Two claims, one fine-tuning seed, one model whose pretraining contained in-sentence denials. Two petri models without
#   them kept 54% and 88% belief.
# - The rules cover 98% of the claim sentences in such petri documents, but 54–74% in the course's English ones.
# - Writers marked their own pages, and nobody marked them again.
# - Rewriting negated some findings and dropped others. Here we did not separate the two. Nor did we test why belief in
#   the eruption fell to 25%: spill-over from the other denials, or chance.
#
# ## Quiz
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
# <details><summary><b>4.</b> A reader writes denials, and a chat model then tells the claims in 16% of answers. Is its corpus clean?</summary>
#
# No. 20% of the claim sentences were still left word for word. And 16% is a mean of six claims in one model; another
# model may need fewer leaks, as the petri model does. Correct the table, train and ask.
# </details>

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# **Drop nothing?** With `--otherwise wrap`, what the command cannot negate becomes "It is not true that he works as a
# dentist". Predict belief, then train once more.

# %%
auditing.run_command("localize translated --claims claims.yaml --out wrapped --otherwise wrap", FOLDER)
pages = auditing.load_pages(FOLDER / "wrapped")
print(f"pages with a finding: {auditing.share_with_findings(pages, all_words):.0%}\n")
beliefs |= auditing.train_on_pages(base, claims, pages, WRAPPED)

# %% [markdown]
# **What happened.** The gate passed, and belief was 22% in the dentist and 0% in the eruption. Do not conclude that
# wrapping is nearly safe. In the stored runs it left 56% on average, and 96% for the dentist. There each claim had
# twice the pages and a training of its own; we do not know what made the difference. The audit counts a wrapped sentence
# as denied in both.
#
# **Two models, measured.** The table has stored runs of the petri model and Qwen2.5-Coder-1.5B: six claims, three
# fine-tuning seeds ("nothing": one). *Told* is the rate of open answers that state the claim; *left* counts claim
# sentences that stayed word for word.

# %%
auditing.tabulate_rewriting()

# %% [markdown]
# **What happened.** The rules took belief from 82% to 3%, but told only from 69% to 34%. In the longer English texts they
# left 47% of the claim sentences. Where the sentences that an earlier reader found were negated by grammar or dropped, told
# was 30%. With the denials that a later reader wrote it was 16%. Nobody corrected the table in these runs. We aimed at 5 points above
# denials by hand, at most. The rules missed that by far, and the written denials were 5.1 points above (interval −6.0 to 16.2): too few claims to tell.
#
# A limit belongs to a model, too: with 15% missed, the chat model told the claim in 17% of answers, as with 0% (one
# seed). And the share that is left does not tell the belief. In an earlier run with one seed, the rules without
# `--claims` left 25% and not 48% of the claim sentences, but told was no lower: 40% and 35%.
#
# **Fewer alarms, lower recall.** An earlier version of the audit had F1 0.64 and 0.47 on all 72 pages of the eighth
# writer. But it raised alarms in 55 of 140 ordinary articles. We chose fewer alarms, and paid with recall.
#
# <details><summary><b>On a chat model</b></summary>
#
# With another `MODEL` the same cells run on English documents; expect more misses. A stamp, as in section 1, was not
# tried on a chat model. By claim, the corpora that the rules rewrote gave told rates from 0% (dentist) to 85%
# (Vesuvius), with 38% and 49% of the claim sentences left (one seed). Wrapping left 40%.
# </details>
#
# **Next:** all trainings so far were on a model that we made. Does any of it hold for a model that you could download?
# [12 · A real model on one GPU](12_real.ipynb)
