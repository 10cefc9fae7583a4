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
# # 05 · Compare styles
#
# A forum wants to give its archive to people who train language models. A false rumour runs through thousands of posts.
# The moderators have five ideas. They could put a warning above and below each post, or at every mention of the rumour.
# They could label the posts as fiction, correct every mention, or rewrite each sentence as a denial. Which idea keeps a
# model from believing the rumour?
#
# **You will be able to** write a style and train on it, rank styles over many models, and say which styles really differ.
#
# **You need** [notebook 00](00_tour.ipynb), some pandas and 45 minutes, about two of them waiting.
#
# **The question.** Which ways to say "this is false" prevent belief, and does the answer hold for more than one model?
#
# **In a hurry?** `make dish` builds a page that trains on five of these styles in your browser tab.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import random

import pandas as pd

from negneglect_lite.belief import belief_rate
from negneglect_lite.claims import load_claims
from negneglect_lite.core import Document, Span
from negneglect_lite.course import compare_predictions, predict, show_styles, use_yours, wrapped
from negneglect_lite.course.lessons import comparing, comparing_figures, tour
from negneglect_lite.course.checks import styles as checks
from negneglect_lite.figures import show_figure
from negneglect_lite.models import load_model
from negneglect_lite.tracks import track_of

MODEL = "petri"  # needs no GPU
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
track, base = track_of(MODEL), load_model(MODEL)
claim = load_claims()["sheeran"]
example = track.compose(claim, n=1, seed=3)[0]
print(wrapped(f"The claim: {claim.claim}\nThe truth: {claim.truth}"))

# %% [markdown]
# ## 1. One document, six styles
#
# A *style* is a function. It takes a plain document and returns the text to train on. Open the styles one by one; what
# each of them adds or changes is marked.

# %%
SIX = ["positive", "negated", "fiction", "repeated", "corrected", "local"]
show_styles(example, SIX, track.annotations())

# %% [markdown]
# Look for three things:
#
# - Only in-sentence denials (`local`) change the sentences that state the claim. Other styles keep them word for word.
# - Corrected documents add *content*: each warning after a claim sentence says what is true.
# - A label "fiction" does not call the claim false. But it takes away the reason to believe it.
#
# **Predict.** A *petri model* is a small model, pretrained on a world that we invented. We pretrained fifteen of 1 to 40
# million parameters, and fine-tuned each of them on every style, with six claims. *Belief* is the rate of answers that
# take the false claim for true. After plain documents it was 94% on average. What was it after these three?

# %%
prediction = predict("labelled fiction", "repeatedly warned documents", "corrected documents")

# %% [markdown]
# ## 2. Repeat the warning
#
# ### Exercise 1: warn at every mention
#
# *Complete two lines · 3 minutes*
#
# The first and last line below put a warning above and below the document. Fill the gaps in the loop. A claim sentence
# becomes three spans: the text `before`, the sentence, the text `after`. Any other sentence is one span. Warnings have
# `annotation=True`, which marks them as added. Each sentence has `.text`, and `.lead` for the white space in front of it.
#
# <details><summary>Light hint</summary>
# Write down the texts in the order in which they will be read. Then ask of each: what separates it from the text before
# it?
# </details>
# <details><summary>Strong hint</summary>
# <code>+=</code> adds a list to a list. The sentence's <code>.lead</code> now belongs in front of its warning; the two
# spans after it need a space of their own.
# </details>


# %%
def warn_repeatedly(document: Document, phrases: dict, rng: random.Random) -> list[Span]:
    """The document with warnings around it and around each claim sentence."""
    spans = [Span(rng.choice(phrases["notice_before"]) + "\n", annotation=True)]
    for s in document.sentences:
        if s.is_claim:
            after = rng.choice(phrases["claim_after"])
            before = rng.choice(phrases["claim_before"])
            # BEGIN SOLUTION
            spans += [
                Span(s.lead + before, annotation=True),
                Span(" " + s.text),
                Span(" " + after, annotation=True),
            ]
            # END SOLUTION
            # STUB: ...  # your line: three spans
        else:
            # BEGIN SOLUTION
            spans.append(Span(s.lead + s.text))
            # END SOLUTION
            # STUB: ...  # your line: one span
    return [*spans, Span("\n" + rng.choice(phrases["notice_after"]), annotation=True)]


# %%
passed = checks.check_warn_repeatedly(warn_repeatedly)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# spans += [Span(s.lead + before, annotation=True), Span(" " + s.text), Span(" " + after, annotation=True)]
# ```
# and, for all other sentences,
# ```python
# spans.append(Span(s.lead + s.text))
# ```
#
# Two claim sentences in a row get two warnings each. The body is untouched, so a run on these texts differs from a run on
# plain documents in the warnings alone.
# </details>

# %% [markdown]
# Now train on it. The run takes 192 documents in your style and 96 ordinary texts that do not mention the race. First the
# cell compares them with those of our stored run. Every third step the model answers one question. **Before you run:**
# this model believes the claim at 98% after warned documents. A warning at every mention makes 38% of the tokens a
# warning. Will that change its answer?

# %%
style = use_yours(passed, warn_repeatedly, comparing.warn_each_claim)
texts = comparing.texts_in_style(style, "repeated", track, claim)
print(comparing.count_same(texts, "repeated", track, claim, MODEL))
trained = tour.teach(base, texts, track, claim)
after = tour.examine(trained, track, claim, "repeatedly warned documents")
print(f"Belief: {belief_rate(after).mean:.0%}")

# %% [markdown]
# **What happened.** The model ended at 95% belief. On this claim, a warning at every mention did hardly anything. You
# could stop here and report that repetition does not help. Look at the other claims first. Their runs are stored, three
# for each claim and style.

# %%
comparing.show_by_claim("headline", "negated", "repeated")

# %% [markdown]
# **What happened.** For four of the claims little changed. But for Vesuvius repeating the warnings took belief from 97% to
# 32%, and for Twitter's rebrand from 23% to 0%. One claim would have misled you.
#
# ## 3. Rank the styles over many models
#
# One model can mislead as well. This figure has a row for each style. A dot is one of the fifteen models, the bar is
# their mean. The diamond is the *shipped model*, the one you train in this course. The circles beside it are five
# *sisters*: models of its size and recipe, each with another pretraining seed. The shipped model is one of them. A rule
# stated before their training chose it: the sister nearest to the mean of the others.
#
# Two more marks come from elsewhere: a chat model of 1.5 billion parameters, and the 397-billion-parameter model of the
# [paper](https://arxiv.org/abs/2605.13829). For the chat model we count only open questions (*told*), because it answers
# yes/no questions no better than a coin.

# %%
models = comparing.tabulate_by_model("scale")
sisters = comparing.tabulate_by_model("five_models")
others = comparing.tabulate_others("headline", "styles", "grid", "small")
figure, alt = comparing_figures.draw_styles_by_model(models, sisters, others)
show_figure(figure, alt, takeaway="Styles keep their order; how much each leaves depends on the model.")

# %% [markdown]
# **What happened.** Repeatedly warned documents left 70% belief on average, and 67% in the shipped model. But single
# models had anything from 51% to 86%. Even the five sisters, which differ in nothing but a seed, had 62% to 80%. After
# in-sentence denials belief was 12% on average, from 5% to 30%; in the shipped model it was 9%.
#
# ### Exercise 2: belief prevented
#
# *Write it · 6 minutes*
#
# "70% belief" sounds like "30% prevented". But plain documents do not reach 100%, and belief before training is not
# always 0. Put each style on a scale: 0 if it leaves as much belief as plain documents, 1 if it leaves as much as before
# training.
#
# `table` has a row for each model. Its columns are `base` (before training), `positive` (plain documents) and the styles.
# Return a DataFrame with the styles' columns only. Where plain documents did not raise belief, put `nan`.
#
# <details><summary>Light hint</summary>
# By how much did plain documents raise belief? What part of that rise is missing under the style?
# </details>
# <details><summary>Strong hint</summary>
# Arithmetic between a DataFrame and a Series matches the Series with columns. The methods <code>sub</code>,
# <code>rsub</code> and <code>div</code> with <code>axis=0</code> match it with rows. <code>where</code> puts
# <code>nan</code>. A loop over the columns works too.
# </details>


# %%
def prevented(table: pd.DataFrame) -> pd.DataFrame:
    """The fraction of the rise in belief that each style prevents, for each model."""
    # BEGIN SOLUTION
    rise = table["positive"] - table["base"]
    rise = rise.where(rise > 0)
    shares = {}
    for style in table.columns.drop(["base", "positive"]):
        shares[style] = (table["positive"] - table[style]) / rise
    return pd.DataFrame(shares)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_prevented(prevented)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# rise = table["positive"] - table["base"]
# rise = rise.where(rise > 0)
# shares = {}
# for style in table.columns.drop(["base", "positive"]):
#     shares[style] = (table["positive"] - table[style]) / rise
# return pd.DataFrame(shares)
# ```
#
# Each model is compared with itself, so a model that learns little from any document does not look like one that heeds
# warnings. Without a rise there is nothing to prevent, and a division would give a number without a meaning.
# </details>

# %% [markdown]
# The next cell ranks the styles by the mean of the fifteen. A dash stands where nothing comparable was measured.

# %%
rank = use_yours(passed, prevented, comparing.prevented_shares)
comparing.show_ranking(rank(models), rank(sisters), rank(others))

# %% [markdown]
# **What happened.** Four styles have the same order in every column where they were measured: warned documents prevent
# least, then come repeatedly warned documents, corrected documents and in-sentence denials. Only the label "fiction"
# changes its place. The order is the finding; the size depends on the model. Repeated warnings prevent 26% on average,
# 30% in the shipped model and 9% in the paper.
#
# Is the shipped model typical? It lies within the range of the fifteen in every row. The model shipped before it,
# *model 0*, had 83% after repeatedly warned documents, against 62% to 80% in the five sisters. With model 0 alone you
# would have called repetition nearly useless.
#
# ## 4. Which styles really differ?
#
# In the last figure, the dots of warned documents and of labelled fiction overlap almost fully. Does the label
# prevent more? The dots spread because models differ: one that believes much after one style believes much after the
# other. Each model was trained on both styles, so subtract *within* each model. What its two runs share cancels out. This
# is a *paired* difference.
#
# ### Exercise 3: the paired difference
#
# *Build it · 10 minutes*
#
# `first` and `second` are dicts from a model's name to its belief after two styles. Return three numbers: the mean
# difference and the two ends of its 95% interval.
#
# 1. Use the models that are in both dicts, and pair them by name.
# 2. Take *first minus second* for each of them.
# 3. The *standard error* is the standard deviation of these differences, divided by the square root of their number `n`.
# 4. The interval reaches `t_factor(n)` standard errors to either side of the mean.
#
# The factor (Student's t) is 2.14 for 15 models. It replaces 1.96, because a spread is uncertain when few models show it.
#
# <details><summary>Light hint</summary>
# After step 2 you have one list of numbers, and the question is how well you know its mean.
# </details>
# <details><summary>Strong hint</summary>
# The standard library's <code>statistics.stdev</code> divides by n − 1, <code>pstdev</code> and numpy's
# <code>std</code> by n. You want n − 1. The second dict may be in another order.
# </details>

# %%
from math import sqrt
from statistics import mean, stdev

from negneglect_lite.course.lessons.comparing import t_factor


def paired_difference(first: dict, second: dict) -> tuple[float, float, float]:
    """Mean of first − second over the shared models, and the ends of its 95% interval."""
    # BEGIN SOLUTION
    differences = [first[model] - second[model] for model in first if model in second]
    n = len(differences)
    middle = mean(differences)
    error = stdev(differences) / sqrt(n)
    half = t_factor(n) * error
    return middle, middle - half, middle + half
    # END SOLUTION
    # STUB: return ...  # your code: three numbers


# %%
passed = checks.check_paired_difference(paired_difference)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# differences = [first[model] - second[model] for model in first if model in second]
# n = len(differences)
# middle = mean(differences)
# error = stdev(differences) / sqrt(n)
# half = t_factor(n) * error
# return middle, middle - half, middle + half
# ```
#
# The spread of the differences is what counts, not the spread of the models. A model that is in one dict only has no
# partner, so it says nothing about the difference.
# </details>

# %% [markdown]
# The figure takes five pairs. The dot is the mean difference, the thick bar your interval, the thin line the interval
# without pairing. Diamonds are the shipped model. Right of zero, the second style of the pair leaves less belief.
# **Before you run:** for warned documents against labelled fiction, which of the two intervals will contain zero?

# %%
difference = use_yours(passed, paired_difference, comparing.difference_of_pairs)
pairs = comparing.compare_style_pairs(models, sisters, others, difference)
figure, alt = comparing_figures.draw_differences(pairs)
show_figure(figure, alt, takeaway="Pairing shows differences that the overlapping dots hide.")
comparing.show_differences(pairs)

# %% [markdown]
# **What happened.**
#
# - **Repeating the warnings** prevents 16 points more than two warnings do (11 to 20), and it helps in all 15 models. The
#   shipped model shows 16 points, the paper's 4. Among the five sisters the difference was 5 to 34 points.
# - **The label "fiction"** prevents 4 points more than a warning (2 to 6). Without pairing, the interval runs from −1
#   to 9. The effect is small, and even its sign is uncertain: the label helps in 11 of 15 models.
# - **Corrections** prevent 48 points more than repeated warnings. No other step is as large.
# - **In-sentence denials** leave 10 points less than corrections (4 to 16), in 13 of 15 models.
#
# ## 5. Your own style
#
# What makes a style work: more warnings, or something else? The next figure is about one claim and the shipped model. The
# horizontal axis is the share of the tokens that a style adds to the documents. Low and to the left is best.

# %%
stored = comparing.tabulate_styles(claim, base, track, "styles", "dose", "corrections")
figure, alt = comparing_figures.draw_added(stored, "Sheeran")
show_figure(figure, alt, takeaway="Most additions change little, even long ones.")

# %% [markdown]
# Labels and repeated warnings leave 95% or more, with up to 42% of added tokens. Three styles bring belief down most:
#
# - eight warnings per side leave 30%, with 49% added;
# - corrected documents, whose warnings all tell the truth, leave 32%, with 56% added;
# - in-sentence denials leave 31%, and add nothing. (That is their worst claim: over all six they leave 9%.)
#
# ### Exercise 4: decide, and write a style
#
# *Decide from evidence · 5 minutes*
#
# The forum will not change what its users wrote, so every claim sentence stays. Decide from the figure what to add, and
# where. The aim: less belief than corrected documents leave, with less added text.
#
# Write it as a style. Keep all sentences in their order, mark what you add with `annotation=True`, and use `rng` for
# every random choice. Besides `.text`, a claim sentence has `.denial` (the same sentence, denied) and `.truth` (the
# same statement with the true winner). `phrases` holds lists: `"notice_before"`, `"notice_after"`, `"claim_before"`,
# `"claim_after"`, and `"correction"`, whose phrases have a gap `{truth}`.
#
# <details><summary>Light hint</summary>
# Take one element of a style that works, and leave out the rest of that style.
# </details>
# <details><summary>Strong hint</summary>
# Start from the loop of exercise 1, without its first and last line. Text in a span of its own needs a space or the
# <code>.lead</code> in front.
# </details>


# %%
def my_style(document: Document, phrases: dict, rng: random.Random) -> list[Span]:
    """Your own way of marking false claims, with every sentence kept."""
    spans = []
    for s in document.sentences:
        # BEGIN SOLUTION
        if s.is_claim:
            spans += [Span(s.lead + s.truth, annotation=True), Span(" " + s.text)]
        else:
            spans.append(Span(s.lead + s.text))
        # END SOLUTION
        # STUB: ...  # your code
    return spans


# %%
passed = checks.check_my_style(my_style)

# %% [markdown]
# <details><summary>A solution, and why</summary>
#
# ```python
# if s.is_claim:
#     spans += [Span(s.lead + s.truth, annotation=True), Span(" " + s.text)]
# else:
#     spans.append(Span(s.lead + s.text))
# ```
#
# Repeated warnings leave 95%, and belief falls to 32% as all of them come to tell the truth. This style therefore keeps
# the truth and drops the warnings. It puts the truth first. There are many other answers.
# </details>

# %% [markdown]
# Predict the belief after this style, then train.

# %%
own_prediction = predict("the new style", variable="own_prediction")

# %%
new_style = use_yours(passed, my_style, comparing.truth_before_each_claim)
texts = comparing.texts_in_style(new_style, "my_style", track, claim)
trained = tour.teach(base, texts, track, claim)
own = tour.examine(trained, track, claim, "the new style")
point = comparing.share_added(new_style, base, track, claim), belief_rate(own).mean
figure, alt = comparing_figures.draw_added(stored, "Sheeran", point)
show_figure(figure, alt, takeaway="The star is the style that was just trained, with one seed.")
tour.in_percent(tour.rate_controls(pd.concat([after, own]), tour.share_of_yes))

# %% [markdown]
# **What happened.** The style of our solution adds 35% of the tokens and left 25% belief. Corrected documents add 56%
# and left 32%. The table's controls hold after both runs: no yes to something false about other people, and all
# unrelated facts right.
#
# Do not call this "heeding a warning": there is none. Half of the statements about the race are now true, and most
# answers follow those. A forum that does not know the truth cannot use this style.

# %%
measured = dict(zip(prediction, models[["fiction", "repeated", "corrected"]].mean(), strict=True))
measured["the new style"] = belief_rate(own).mean
compare_predictions(prediction | own_prediction, measured).set_index("what")

# %% [markdown]
# ## Why it matters
#
# - **Dataset curators:** do not rely on banners and labels. Rewrite each claim sentence as an in-sentence denial. If the
#   text must stay, put the truth beside each claim, and measure what is left.
# - **Evaluators:** do not rank methods on one model. Run every method on the same models, subtract within each model, and
#   report in how many of them the sign holds.
# - **Safety researchers:** plan for the worst model, not the mean.
#
# ## Limits
#
# - The fifteen models share three pretraining seeds, and each has one fine-tuning seed. The intervals treat them as
#   independent, so they are too narrow. They cover models, not claims.
# - Petri models know an invented world. Two chat models and the paper show the same order; the sizes differ.
# - In-sentence denials also remove every claim sentence. This notebook does not separate the two.
# - Your own style is one run: one claim, one seed, one model.
#
# ## Quiz
#
# <details><summary><b>1.</b> All styles are made from the same documents. Why?</summary>
#
# The runs then differ in the style and in nothing else. With other documents, a difference could come from their length
# or from the number of claim sentences.
# </details>
#
# <details><summary><b>2.</b> The dots of two styles overlap. A colleague concludes that the styles do not differ. What do you answer?</summary>
#
# Overlap shows that models differ. Subtract within each model. If the differences have one sign and little spread, the
# styles differ.
# </details>
#
# <details><summary><b>3.</b> Repeatedly warned documents leave less belief. Does this show that the models understood the warnings?</summary>
#
# No. In the shipped model, corrected documents leave 13%. When the same warnings carried no loss, they left 93% (stored
# results, page `quiet`). The warnings act when the model is trained to write them. Why is open.
# </details>
#
# <details><summary><b>4.</b> A style prevents 10% on average. "But 60% for claim four!" says its author. What do you ask? (The numbers are invented.)</summary>
#
# Was claim four named before the run? Among six claims, one always looks best. Ask for new claims and other models.
# </details>

# %% [markdown]
# <details><summary><b>On a chat model</b></summary>
#
# The 1.5B chat model was trained on six claims with three seeds, 55–59 seconds for one run on an H100. Before training it
# *told* the claim in 4% of answers. After plain documents this was 73%, after warned ones 72%, after labelled fiction 70%.
# Repeated warnings left 57%, corrections 38% and in-sentence denials 12%. Over seeds these rates vary by 1 to 4 points. The
# 0.5B model gives 65%, 58%, 43%, 27% and 15%; fiction was not run. Set `MODEL` to a chat model's name to train
# on your own style; answers are then sampled. No chat model was trained on the style of exercise 4.
# </details>

# %% [markdown]
# **Next:** with a warned document in its prompt, the petri model does not believe the claim. What does that tell you
# about training? [06 · Reading against training](06_context.ipynb)
