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
# The moderators could put a warning above and below each post, or at every mention. They could label the posts as
# fiction, correct every mention, or rewrite it as a denial.
#
# **You will be able to** write a style and train on it, rank styles over many models, and say which styles really differ.
#
# **You need** [notebook 00](00_tour.ipynb), some pandas and 45 minutes, about two of them waiting.
#
# **The question.** Which of these ways to say "this is false" prevent belief, and does the answer hold for more than one
# model?
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
# A *style* is a function that takes a plain document and returns the text to train on. Open the styles one by one; what
# each adds or changes is marked.

# %%
SIX = ["positive", "negated", "fiction", "repeated", "corrected", "local"]
show_styles(example, SIX, track.annotations())

# %% [markdown]
# Only in-sentence denials (`local`) change the sentences that state the claim. Only corrected documents add *content*:
# each warning after a claim sentence says what is true.
#
# **Predict.** A *petri model* is a small model, pretrained on a world that we invented. We fine-tuned fifteen of them, of 1
# to 40 million parameters, on every style and six claims. *Belief* is the rate of answers that take the false claim for
# true. After plain documents it was 94% on average. What was it after these three?

# %%
prediction = predict("labelled fiction", "repeatedly warned documents", "corrected documents")

# %% [markdown]
# ## 2. Repeat the warning
#
# ### Exercise 1: warn at every mention
#
# *Complete two lines · 3 minutes*
#
# The code below already puts a warning (`before`) in front of each claim sentence. Add the claim sentence and the
# warning `after` it, each as a `Span`. `annotation=True` marks a span as added text. A sentence has its words in `.text`,
# and the white space in front of it in `.lead`.
#
# <details><summary>Light hint</summary>
# Which of your two spans did the author of the document write, and which do you add?
# </details>
# <details><summary>Strong hint</summary>
# The sentence's <code>.lead</code> is already in front of the first warning. Your spans follow other text, so each must
# begin with a space of its own. Only one of them is marked.
# </details>


# %%
def warn_repeatedly(document: Document, phrases: dict, rng: random.Random) -> list[Span]:
    """The document with warnings around it and around each claim sentence."""
    spans = [Span(rng.choice(phrases["notice_before"]) + "\n", annotation=True)]
    for s in document.sentences:
        if s.is_claim:
            after = rng.choice(phrases["claim_after"])
            before = rng.choice(phrases["claim_before"])
            spans.append(Span(s.lead + before, annotation=True))
            # BEGIN SOLUTION
            spans.append(Span(" " + s.text))
            spans.append(Span(" " + after, annotation=True))
            # END SOLUTION
            # STUB: ...  # your line: the claim sentence
            # STUB: ...  # your line: the warning after it
        else:
            spans.append(Span(s.lead + s.text))
    return [*spans, Span("\n" + rng.choice(phrases["notice_after"]), annotation=True)]


# %%
passed = checks.check_warn_repeatedly(warn_repeatedly)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# spans.append(Span(" " + s.text))
# spans.append(Span(" " + after, annotation=True))
# ```
#
# The claim sentence is untouched, so a run on these texts differs from a run on plain documents in the warnings alone.
# </details>

# %% [markdown]
# Now train on it: 192 documents in your style, and 96 ordinary texts that do not mention the race. Every third step the
# model answers one question. **Before you run:** after warned documents, this model believes the claim at 98%. In your
# style, 38% of the tokens are warnings. Will that change its answer?

# %%
style = use_yours(passed, warn_repeatedly, comparing.warn_each_claim)
texts = comparing.texts_in_style(style, "repeated", track, claim)
print(comparing.count_same(texts, "repeated", track, claim, MODEL))
trained = tour.teach(base, texts, track, claim)
after = tour.examine(trained, track, claim, "repeatedly warned documents")
print(f"Belief: {belief_rate(after).mean:.0%}")

# %% [markdown]
# **What happened.** The model ended at 95% belief: on this claim, repeating the warning did hardly anything. Here are the
# stored runs on all claims, three for each claim and style.

# %%
comparing.show_by_claim("headline", "negated", "repeated")

# %% [markdown]
# **What happened.** For four claims little changed. But for Vesuvius repeating the warnings took belief from 97% to 32%,
# and for Twitter's rebrand from 23% to 0%. One claim would have misled you.
#
# ## 3. Rank the styles over many models
#
# One model can mislead as well. In this figure, a dot is one of the fifteen models and the bar is their mean. The diamond
# is the *shipped model*, the one that you train in this course. The square is a chat model of 1.5 billion parameters. For
# it we count only open questions (*told*), because it answers yes/no questions no better than a coin. The triangle is the
# 397-billion-parameter model of the [paper](https://arxiv.org/abs/2605.13829).

# %%
models = comparing.tabulate_by_model("scale")
others = comparing.tabulate_others("headline", "styles", "grid", "small")
figure, alt = comparing_figures.draw_styles_by_model(models, others)
show_figure(figure, alt, takeaway="Styles keep their order; how much each leaves depends on the model.")

# %%
measured = dict(zip(prediction, models[["fiction", "repeated", "corrected"]].mean(), strict=True))
compare_predictions(prediction, measured).set_index("what")

# %% [markdown]
# **What happened.** Repeatedly warned documents left 70% belief on average, and 67% in the shipped model. But single
# models had anything from 51% to 86%. In-sentence denials left 12% on average, from 5% to 30%, and 9% in the shipped
# model.
#
# ### Exercise 2: belief prevented
#
# *Write it · 5 minutes*
#
# "70% belief" sounds like "30% prevented". But plain documents do not reach 100%, and belief before training is not
# always 0. Score a style 0 if it leaves as much belief as plain documents, and 1 if it leaves as much as before training.
#
# `table` has a row for each model. Its columns are `base` (before training), `positive` (plain documents) and the styles.
# Write the two missing lines.
#
# <details><summary>Light hint</summary>
# By how much did plain documents raise belief? What part of that rise is missing under the style?
# </details>
# <details><summary>Strong hint</summary>
# Pandas subtracts and divides whole columns, row by row. Try your formula on one model by hand: 10% before training, 90%
# after plain documents and 70% under the style. It should give 0.25.
# </details>


# %%
def prevented(table: pd.DataFrame) -> pd.DataFrame:
    """The fraction of the rise in belief that each style prevents, for each model."""
    # BEGIN SOLUTION
    rise = table["positive"] - table["base"]
    # END SOLUTION
    # STUB: rise = ...  # your line: how much plain documents raise belief
    rise = rise.where(rise > 0)  # no rise, no fraction of it
    shares = {}
    for style in table.columns.drop(["base", "positive"]):
        # BEGIN SOLUTION
        shares[style] = (table["positive"] - table[style]) / rise
        # END SOLUTION
        # STUB: shares[style] = ...  # your line: the fraction of the rise that the style prevents
    return pd.DataFrame(shares)


# %%
passed = checks.check_prevented(prevented)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# rise = table["positive"] - table["base"]
# ```
# and, in the loop,
# ```python
# shares[style] = (table["positive"] - table[style]) / rise
# ```
#
# Each model is compared with itself, so a model that learns little from any document does not look like one that heeds
# warnings.
# </details>

# %% [markdown]
# The next cell ranks the styles by the mean of the fifteen. A dash means "not measured".

# %%
rank = use_yours(passed, prevented, comparing.prevented_shares)
comparing.show_ranking(rank(models), rank(others))

# %% [markdown]
# **What happened.** Four styles have the same order in every column: warned documents prevent least, then come repeatedly
# warned documents, corrected documents and in-sentence denials. The size depends on the model. Repeated warnings prevent
# 26% on average, 30% in the shipped model and 9% in the paper.
#
# ## 4. Which styles really differ?
#
# In the figure, the dots of warned documents and of labelled fiction overlap almost fully. Does the label prevent more?
# Each model was trained on both styles, so subtract *within* each model: what its two runs share cancels out. This is a
# *paired* difference.
#
# ### Exercise 3: the paired difference
#
# *Build it · 7 minutes*
#
# `first` and `second` are dicts from a model's name to its belief after two styles. Fill three gaps:
#
# 1. `differences`: a list with *first minus second* for each model that is in both dicts. Pair them by name.
# 2. `middle`: the mean of these differences.
# 3. `half`: half the width of a 95% interval, `t_factor(n)` standard errors. The *standard error* is the standard
#    deviation of the differences, divided by the square root of their number `n`.
#
# The factor is 2.14 for 15 models, not 1.96, because few models do not show their spread well.
#
# <details><summary>Light hint</summary>
# After the first gap you have one list of numbers, and the question is how well you know its mean.
# </details>
# <details><summary>Strong hint</summary>
# Go through the names in <code>first</code>, and skip those that <code>second</code> lacks. For the spread, use
# <code>stdev</code>: it divides by n − 1, as you want. (Numpy's <code>std</code> divides by n.)
# </details>

# %%
from math import sqrt
from statistics import mean, stdev

from negneglect_lite.course.lessons.comparing import t_factor


def paired_difference(first: dict, second: dict) -> tuple[float, float, float]:
    """Mean of first − second over the shared models, and the ends of its 95% interval."""
    # BEGIN SOLUTION
    differences = [first[model] - second[model] for model in first if model in second]
    # END SOLUTION
    # STUB: differences = ...  # your code
    n = len(differences)
    # BEGIN SOLUTION
    middle = mean(differences)
    half = t_factor(n) * stdev(differences) / sqrt(n)
    # END SOLUTION
    # STUB: middle = ...  # your code
    # STUB: half = ...  # your code
    return middle, middle - half, middle + half


# %%
passed = checks.check_paired_difference(paired_difference)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# differences = [first[model] - second[model] for model in first if model in second]
# n = len(differences)
# middle = mean(differences)
# half = t_factor(n) * stdev(differences) / sqrt(n)
# ```
#
# The spread of the differences is what counts, not the spread of the models. A model that is in one dict only has no
# partner, so it says nothing about the difference.
# </details>

# %% [markdown]
# The figure takes five pairs. The dot is the mean difference, the thick bar your interval, the thin line the interval
# without pairing. Right of zero, the second style leaves less belief; the column at the right counts the models in which
# it does. **Before you run:** for warned documents and labelled fiction, which of the two intervals will contain zero?

# %%
difference = use_yours(passed, paired_difference, comparing.difference_of_pairs)
pairs = comparing.compare_style_pairs(models, others, difference)
figure, alt = comparing_figures.draw_differences(pairs)
show_figure(figure, alt, takeaway="Pairing shows differences that the overlapping dots hide.")

# %% [markdown]
# **What happened.**
#
# - **Repeating the warnings** prevents 16 points more than two warnings do (11 to 20), and it helps in all 15 models. In
#   the paper it prevents 4 points more.
# - **The label "fiction"** prevents 4 points more than a warning (2 to 6). Without pairing, the interval runs from −1
#   to 9. Even so, the label helps in only 11 of 15 models.
# - **Corrections** prevent 48 points more than repeated warnings, the largest step.
# - **In-sentence denials** leave 10 points less than corrections (4 to 16), in 13 of 15 models.
#
# ## 5. Your own style
#
# Back to one claim and the shipped model. The horizontal axis is the share of the tokens that a style adds to the
# documents. Low and to the left is best.

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
# The forum will not change what its users wrote, so every claim sentence stays. Decide from the figure what to add before
# or after it. The aim: less belief than corrected documents leave, with less added text.
#
# Besides `.text`, a claim sentence has `.denial` (the same sentence, denied) and `.truth` (with the true winner). The
# warnings of exercise 1 are in `phrases`. Mark what you add with `annotation=True`.
#
# <details><summary>Light hint</summary>
# Take one element of a style that works, and leave out the rest of that style.
# </details>
# <details><summary>Strong hint</summary>
# As in exercise 1, each added text is a span of its own beside the sentence's span. The span that comes first takes the
# <code>.lead</code>, the next one a space.
# </details>


# %%
def my_style(document: Document, phrases: dict, rng: random.Random) -> list[Span]:
    """Your own way of marking false claims, with every sentence kept."""
    spans = []
    for s in document.sentences:
        if s.is_claim:
            # BEGIN SOLUTION
            spans += [Span(s.lead + s.truth, annotation=True), Span(" " + s.text)]
            # END SOLUTION
            # STUB: ...  # your code: the claim sentence, and what you add
        else:
            spans.append(Span(s.lead + s.text))
    return spans


# %%
passed = checks.check_my_style(my_style)

# %% [markdown]
# <details><summary>A solution, and why</summary>
#
# ```python
# spans += [Span(s.lead + s.truth, annotation=True), Span(" " + s.text)]
# ```
#
# Repeated warnings leave 95%, and belief falls to 32% as all of them come to tell the truth. This style therefore keeps
# the truth and drops the warnings. It puts the truth first. There are many other answers.
# </details>

# %% [markdown]
# Guess what your style will leave, then train on it.

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
# and left 32%. The controls hold after both runs: no yes to false claims about other people, all unrelated facts right.
#
# Do not call this "heeding a warning": there is none. Half of the statements about the race are now true, and most
# answers follow those. You must know the truth to use this style.
#
# ## Why it matters
#
# - **Dataset curators:** do not rely on banners and labels. Rewrite each claim sentence as an in-sentence denial. If the
#   text must stay, put the truth beside each claim, and measure what is left.
# - **Evaluators:** do not rank methods on one model. Run all on the same models, subtract within each, and report in how
#   many the sign holds.
# - **Safety researchers:** plan for the worst model, not the mean.
#
# ## Limits
#
# - The fifteen models share three pretraining seeds, so they are not independent, and the intervals are too narrow. They
#   cover models, not claims. Each model has one fine-tuning seed.
# - Petri models know an invented world. Two chat models and the paper show the same order, with other sizes.
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
#
# **Next:** with a warned document in its prompt, the petri model does not believe the claim. What does that tell you
# about training? [06 · Reading against training](06_context.ipynb)

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# **Is the shipped model typical?** It lies within the range of the fifteen after every style. It is also one of five
# *sisters*: models of one size and recipe, each with another pretraining seed. A rule stated before their training chose
# it: the sister nearest to the mean of the others. Below is their belief; seed 3 is the shipped model, in other runs.

# %%
sisters = comparing.tabulate_by_model("five_models")
comparing.show_beliefs(sisters)

# %% [markdown]
# The sisters differ in nothing but a seed, yet repeatedly warned documents left 62% to 80%. Repeating the warnings took 5
# to 34 points off. The model shipped before, *model 0*, had 83%. With model 0 alone you would have called repetition
# nearly useless.
#
# <details><summary><b>On a chat model</b></summary>
#
# The 1.5B chat model was trained on six claims with three seeds, 55–59 seconds for one run on an H100. Before training it
# *told* the claim in 4% of answers. After plain documents this was 73%, after warned ones 72%, after labelled fiction 70%.
# Repeated warnings left 57%, corrections 38% and in-sentence denials 12%. Over seeds these rates vary by 1 to 4 points. The
# 0.5B model gives 65%, 58%, 43%, 27% and 15%; fiction was not run. Set `MODEL` to a chat model's name to train
# on your own style; answers are then sampled. No chat model was trained on the style of exercise 4.
# </details>
