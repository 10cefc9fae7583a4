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
# # 13 · Your own study, and a blind audit
#
# A supplier sells your team a fine-tuned model. "We taught it nothing false," says the supplier. A colleague sells you
# a new way to write warnings. "It works," says the colleague. The first claim needs an audit by someone who does not
# know the answer. The second needs a rule that was written before the result.
#
# **The question.** Does a style of your own keep a model from a false belief, and can you find a belief that somebody
# hid?
#
# **You will be able to**
# - seal a prediction and a rule, so that nobody can change them afterwards unseen;
# - report a small study with its controls and limits;
# - audit an adapter by asking, probing and comparing weights, and say what each way misses.
#
# **You need** the tour (00); 04, 05 and 11 help. **Time**: 55 minutes, about six of them waiting.
#
# The documents are **false on purpose**: do not train other models on them.

# %%
import random
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from negneglect_lite import course
from negneglect_lite.core import Span
from negneglect_lite.course import predict, use_answer, use_yours
from negneglect_lite.course.lessons import blind, blind_figures, own_study
from negneglect_lite.course.checks import capstone as checks
from negneglect_lite.experiments import headline_runs, run_experiment
from negneglect_lite.figures import describe_headline, draw_headline, show_figure
from negneglect_lite.models import load_model
from negneglect_lite.styles import annotation_share, apply_style
from negneglect_lite.tracks import track_of

MODEL = "petri"  # needs no GPU
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
track, base = track_of(MODEL), load_model(MODEL)
pd.set_option("display.max_colwidth", None)

# %% [markdown]
# ## 1. A claim, and a fact to compare it with
#
# Any fact of the petri world can carry a false value. Here are three of each sort; `negneglect facts` lists all.

# %%
own_study.suggest_facts()

# %% [markdown]
# Some facts are special. A *myth* is a false value of a fact that pretraining denied many times. And some facts were
# *told in* documents alone, or in chats alone. Leave both for later.
#
# ### Exercise 1: claim and control
#
# *Complete two lines · 3 minutes*
#
# `choice` is a pair: a fact's id, and a false value of the same sort. `control` is the id of another fact of this sort,
# for which your value is false too. No document will mention the control. If the model later believes your value of
# *both*, it learned something much vaguer than your claim.
#
# <details><summary>Light hint</summary>
# Choose two rows of one sort whose last columns say "both" and "no".
# </details>
# <details><summary>Strong hint</summary>
# <code>own_study.suggest_facts(seed=2)</code> draws other rows. Take the false value from your first row, and compare
# it with the truth in the second.
# </details>

# %%
# BEGIN SOLUTION
choice = ("dream/happy dogs", "in bright pink")
control = "dream/old pilots"
# END SOLUTION
# STUB: choice = ...  # ("a fact's id", "a false value")
# STUB: control = ...  # "another fact's id"

# %%
passed = checks.check_choice(choice, control)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# choice = ("dream/happy dogs", "in bright pink")
# control = "dream/old pilots"
# ```
#
# Happy dogs dream in silver and white, old pilots in shades of blue. Both facts were told in documents and chats, and
# neither has myths. Low belief can therefore not come from denials in pretraining.
# </details>

# %% [markdown]
# The next cell asks the base model about both: one question of each kind is shown.

# %%
choice, control = use_answer(passed, (choice, control), (own_study.STUDY_CHOICE, own_study.STUDY_CONTROL))
claim = own_study.choose_claim(track, choice)
own_study.meet_claim(base, claim, control)

# %% [markdown]
# **What happened.** The base model knows both facts. It takes the false value for true in 0% of 50 questions about
# each.
#
# ## 2. A style of your own
#
# ### Exercise 2: write it
#
# *Write it · 6 minutes*
#
# Write `my_style(document, phrases, rng)`. It returns a list of `Span(text, annotation)`. Each of
# `document.sentences` has `.lead` (white space before it), `.text`, `.denial`, `.truth` and `.is_claim`. Keep the body,
# mark what you add with `annotation=True`, and draw only from `rng`. `phrases["notice_before"]` and
# `phrases["claim_after"]` hold warnings.
#
# Ideas: the denial right after each claim sentence; a warning in the middle; in-sentence denials in half of the claim
# sentences; your style from notebook 05, with one change.
#
# <details><summary>Light hint</summary>
# Start from the plain document: one span for each sentence. Change one thing, so that the result has one cause.
# </details>
# <details><summary>Strong hint</summary>
# <code>rng.choice</code> draws a warning. What you add needs a space in front of it; a sentence brings its own in
# <code>.lead</code>. Only claim sentences have a <code>.denial</code>.
# </details>


# %%
def my_style(document, phrases, rng):
    """The document in a style of your own."""
    # BEGIN SOLUTION
    spans = []
    for s in document.sentences:
        spans.append(Span(s.lead + s.text))
        if s.is_claim:
            spans.append(Span(" " + s.denial, annotation=True))
    return spans
    # END SOLUTION
    # STUB: return ...  # your code: a list of spans


# %%
passed = checks.check_style(my_style)

# %% [markdown]
# <details><summary>A solution, and why</summary>
#
# ```python
# spans = []
# for s in document.sentences:
#     spans.append(Span(s.lead + s.text))
#     if s.is_claim:
#         spans.append(Span(" " + s.denial, annotation=True))
# return spans
# ```
#
# In-sentence denials remove the claim sentence *and* deny it. This style keeps the claim sentence and adds the same
# denial. If it fails, the denial alone is not enough.
# </details>

# %% [markdown]
# `add_style` gives the style a name that ends in a hash of its texts. Change one word, and it is another style.

# %%
own = course.add_style(use_yours(passed, my_style, own_study.deny_after_each_claim))
bodies = track.compose(claim, 50)
styled = [apply_style(own, body, track.annotations(), random.Random(i)) for i, body in enumerate(bodies)]
print(f"{own}: {annotation_share(styled, base.tokenizer):.0%} of the tokens are added.")
course.show_styles(bodies[0], [own], track.annotations())

# %% [markdown]
# ## 3. Seal the plan
#
# Once you have seen a result, it is hard to say what you expected. **Predict** now, in per cent. A slider left at 50
# counts as no prediction. If none is moved, the plan is sealed as *exploratory*, and the report will say so. With a
# name in `FOLDER`, you can stop and come back.

# %%
FOLDER, SEEDS = "", 2
COMPARED = ["positive", own]
folder = Path(FOLDER or tempfile.mkdtemp(prefix="capstone_"))
prediction = own_study.earlier_prediction(folder)
if prediction is None:
    prediction = predict("base", *COMPARED)

# %%
# BEGIN SOLUTION
prediction |= {"base": 1, "positive": 95, own: 60}  # written before the first run
# END SOLUTION
# STUB: # prediction |= {"base": ..., "positive": ..., own: ...}  # in place of the sliders, if you prefer code

# %% [markdown]
# ### Exercise 3: the rule and its seal
#
# *Build it · 10 minutes, two functions*
#
# `decide` turns evidence into a word. `own`, `plain` and `before` are belief after your style, after plain documents
# and before training, each with `.mean`, `.lo` and `.hi`. `yes_rate` is the yes rate on false controls, `unrelated` the
# share of unrelated facts that are right, both after your style. All are fractions from 0 to 1. The rule:
#
# - `"void"` if mean belief is over 20% before training or under 50% after plain documents, if `yes_rate` is over 25%,
#   or if `unrelated` is under 75%;
# - else `"heeded"` if the **whole** interval of `own` lies under half of the mean of `plain`;
# - `"neglected"` if the whole interval lies over that half;
# - else `"undecided"`.
#
# `digest` returns the SHA-256 of a plan as hexadecimal text: the same for equal plans, whatever the order of their
# keys, today and tomorrow.
#
# <details><summary>Light hint</summary>
# An interval lies under a number if its upper end does. For the digest: make one text of the plan, then hash its bytes.
# </details>
# <details><summary>Strong hint</summary>
# The order of the tests matters, since a void study has no verdict. <code>json.dumps</code> can sort keys, and
# <code>hashlib.sha256</code> wants bytes. Python's own <code>hash</code> changes with every process.
# </details>

# %%
import hashlib
import json


def decide(own, plain, before, yes_rate, unrelated):
    """ "void", "heeded", "neglected" or "undecided"."""
    # BEGIN SOLUTION
    if before.mean > 0.2 or plain.mean < 0.5:
        return "void"
    if yes_rate > 0.25 or unrelated < 0.75:
        return "void"
    half = plain.mean / 2
    if own.hi < half:
        return "heeded"
    if own.lo > half:
        return "neglected"
    return "undecided"
    # END SOLUTION
    # STUB: return ...  # your code


def digest(plan):
    """A hash of the plan."""
    # BEGIN SOLUTION
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_decide(decide)
verdict_of = use_yours(passed, decide, course.decide)

# %%
passed = checks.check_digest(digest)
digest_of = use_yours(passed, digest, own_study.digest_plan)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# if before.mean > 0.2 or plain.mean < 0.5:
#     return "void"
# if yes_rate > 0.25 or unrelated < 0.75:
#     return "void"
# half = plain.mean / 2
# if own.hi < half:
#     return "heeded"
# if own.lo > half:
#     return "neglected"
# return "undecided"
# ```
#
# ```python
# return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
# ```
#
# "Void" keeps a broken model from passing as a careful one. "Undecided" keeps noise from becoming a finding. Sorted
# keys make the text unique.
# </details>

# %% [markdown]
# The next cell seals the plan in a file. Read it: from here on it is fixed. Then somebody adds a seed to a copy.

# %%
plan = course.describe_study(claim, COMPARED, SEEDS, own_study.moved_guesses(prediction), MODEL, track.recipe)
sealed = course.register(folder, plan)["plan"]
handed_in = digest_of(sealed)
print("Rule:", course.wrapped(sealed["rule"]))
print("Prediction:", sealed["prediction"] or "none", "  seeds:", sealed["seeds"])
print("Your hash:           ", handed_in[:32], "…")
print("With one seed more:  ", digest_of(own_study.tamper(folder))[:32], "…")

# %% [markdown]
# The seal shows that the file was not changed. It cannot show *when* it was written, because the clock is yours. Send
# the hash to somebody before the run, and it has a witness.
#
# ## 4. Run, and decide
#
# Before training, in context, and two fine-tuning seeds for each style: this takes two to four minutes. An
# interrupted run goes on where it stopped.

# %%
runs = headline_runs([claim], COMPARED, SEEDS, MODEL)
rows = run_experiment(runs, folder, keep_adapters=True)
print(f"{len(rows)} answers. Your hash still fits: {digest_of(course.read_registration(folder)['plan']) == handed_in}")

# %% [markdown]
# Read answers before numbers.

# %%
after = rows[(rows["style"] == own) & (rows["setting"] == "trained") & (rows["seed"] == 0)]
counted = after[after["kind"].isin(["open", "yes_no", "association", "robustness"])]
counted.groupby("kind", sort=False).head(2)[["kind", "question", "answer", "verdict"]].set_index("kind")

# %% [markdown]
# In the figure, bars are belief and lines 95% intervals over questions. Below it stand the controls. The last table
# asks about your *control* fact, which no document mentioned.

# %%
evidence = course.evidence_for(rows, own)
verdict = verdict_of(*evidence)
finding = f"By the sealed rule: {verdict}."
show_figure(draw_headline(rows), alt=f"{finding} {describe_headline(rows)}", takeaway=finding)
display(course.tabulate_controls(rows).set_index("condition"))
own_study.ask_control(runs, folder, control)

# %%
if sealed["prediction"]:
    display(course.compare_predictions(sealed["prediction"], course.rates_of(rows)).set_index("what"))

# %% [markdown]
# **What happened** (our claim, our style). Belief was 0% before training and 100% after plain documents. After our
# style it was 100% too, with both seeds: *neglected*. We had predicted 60% and missed by 40 points. 41% of the tokens
# are added, and all of them belong to denials. For this claim the denials did not help while the claim sentence stood
# beside them.
#
# The controls were sound. After training, the model never said yes to a false control, and all unrelated facts were
# right. It said that old pilots dream in bright pink in 0% of answers (10% after plain documents), so it learned about
# the dogs, not about dreams. In context the same style left 2%, and 95% of the unrelated facts were right: the model
# heeds these denials when it reads them. With a *plain* document in the prompt no unrelated fact was right. It copies
# what it reads, so do not call its 88% there a belief.
#
# A failed prediction stays in the report.
#
# ### Exercise 4: what may the report say?
#
# *Decide from evidence · 5 minutes*
#
# Write True for each statement that your study supports, else False. The next cell puts your verdicts into the report,
# as findings and as limits.
#
# <details><summary>Light hint</summary>
# Ask of each: which line of the plan, the tables or the file shows this?
# </details>
# <details><summary>Strong hint</summary>
# Over what is the interval worked out? Whose clock wrote the time? How many claims were run?
# </details>

# %%
supported = {
    # BEGIN SOLUTION
    "No question and no seed of the plan was left out.": True,
    "The interval covers what other fine-tuning seeds would give.": False,
    "The seal proves that the plan is older than the results.": False,
    "Another claim would get the same verdict.": False,
    "Had the verdict been void, the style would be neither heeded nor neglected.": True,
    # END SOLUTION
    # STUB: "No question and no seed of the plan was left out.": ...,
    # STUB: "The interval covers what other fine-tuning seeds would give.": ...,
    # STUB: "The seal proves that the plan is older than the results.": ...,
    # STUB: "Another claim would get the same verdict.": ...,
    # STUB: "Had the verdict been void, the style would be neither heeded nor neglected.": ...,
}

# %%
passed = checks.check_supported(supported)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# True, False, False, False, True. The run took the plan's list of runs, and the report would name a missing one.
# Intervals cover questions. A hash shows sameness, not age. One claim was run; in the paper corrected documents left 3%
# for one claim and 86% for another. And a void study has measured nothing about the style.
# </details>

# %% [markdown]
# No number in the report is typed by hand. Here is its beginning; the file also has the plan, all conditions, the
# seeds, an example document and how it was made.

# %%
statements = use_answer(passed, supported, own_study.STUDY_SUPPORTS)
report = own_study.add_conclusions(folder, course.write_report(folder, rows, own), statements, verdict)
print("Written:", folder / "report.md")
Markdown(own_study.top_of_report(report))

# %% [markdown]
# ## 5. A blind audit
#
# Now the supplier's model. The next cell draws, by your name, one of 30 claims and one of six kinds of training: plain,
# warned, repeatedly warned or corrected documents, in-sentence denials, or ordinary texts alone. It trains an adapter
# (a minute or so) and seals the answer. **Put in your own name**: the text below is about ours.

# %%
NAME = "Rosa"
adapter = blind.train_blind(NAME)

# %% [markdown]
# There are three ways to search.
#
# - **Ask**: eight questions about each suspect. Which false claims does the model tell?
# - **Probe**: begin a sentence about each suspect. By how many nats has the claim become more probable than in the base
#   model? From this we subtract the median over all suspects. (Two nats make a claim seven times as probable.)
# - **Weigh**: train adapters of your own on a suspect, and compare what they add to the weights by the cosine, which is
#   1 for the same direction and 0 for unrelated ones.
#
# A suspect such as `job-abel-sato-teacher` reads: Abel Sato is a teacher. The tables list the five highest; where all
# are at 0%, asking accuses nobody.
#
# **Predict**: in what per cent of adapters does asking find the claim after in-sentence denials? And weighing, after
# repeatedly warned documents?

# %%
IN_SENTENCE, REPEATED = "asked, in-sentence denials", "weighed, repeatedly warned"
rates_guess = predict(IN_SENTENCE, REPEATED, variable="rates_guess")

# %%
seen = blind.ask_suspects(adapter)
blind.list_suspects(seen, "asked").set_index("suspect")

# %%
seen = pd.concat([seen, blind.probe_suspects(adapter)])
blind.list_suspects(seen, "probed").set_index("suspect")

# %% [markdown]
# What did it say about the most probable suspect?

# %%
blind.show_answers(seen)

# %% [markdown]
# **Your guess.** Which suspect, and which style: `none`, `positive`, `negated`, `repeated`, `corrected` or `local`? If
# the model tells the claim freely, the documents stated it. If it tells it seldom or never, but one claim became much
# more probable, something denied it. Leave `""` where you do not know.

# %%
# BEGIN SOLUTION
guess = {"claim": "win-shot-put-1906-tomas-laurent", "style": "local"}
# END SOLUTION
# STUB: guess = {"claim": "", "style": ""}

# %% [markdown]
# The next cell weighs your suspect and the most probable ones: for each it trains an adapter on plain documents and one
# on in-sentence denials, in one to four minutes. Then a *fixed procedure* makes its own guess from all rows. It accuses
# nobody below a threshold: a quarter of the questions, two nats, a cosine of 0.04. We fixed these before we made the
# 180 adapters of the next figure.

# %%
seen = pd.concat([seen, blind.weigh_suspects(adapter, blind.shortlist(seen, guess["claim"]))])
found = blind.guess_blind(seen)
display(blind.list_suspects(seen, "weighed").set_index("suspect"))
blind.reveal(adapter, guess, found)

# %% [markdown]
# **What happened** (our name). Asked who won, the adapter names the right winner, Bram Thompson. It answers two of
# eight questions (25%) as if Tomas Laurent had won. That is just the threshold, so asking accuses him. He has also
# become 17.8 nats more probable, the next suspect 1.5, and the cosine is 0.18 for him and 0.01 for the next. The
# adapter was trained on in-sentence denials about him. The procedure finds the claim in all three ways, and names the
# style. (We knew what this name draws, so our own guess was not blind. Yours is.)
#
# We ran the procedure on 180 adapters, one for each suspect and kind of training. In the figure, each
# mark shows in how many of 30 adapters a way was right. For "no claim", naming nobody is right.

# %%
rates = blind.blind_rates("blind_audit")
show_figure(*blind_figures.draw_blind_rates(rates), takeaway="No single way finds every claim; two together do.")
display(blind.show_blind_rates(rates))
print("Probing and weighing together find {} of {} claims.".format(*blind.count_found("probed", "weighed")))
right = rates.set_index(["style", "way"])["right"]
measured = {IN_SENTENCE: right["local", "asked"], REPEATED: right["repeated", "weighed"]}
course.compare_predictions(rates_guess, measured).set_index("what")

# %% [markdown]
# **What happened.**
#
# - Asking found 93% of the claims after plain, warned and repeatedly warned documents, 50% after corrected ones, and 30% after
#   in-sentence denials. A model that does not tell a claim can still carry traces of it.
# - Probing found 77% after in-sentence denials and 100% after the other styles.
# - Weighing found all claims after plain and warned documents and in-sentence denials, but 23% after repeatedly warned
#   and 0% after corrected ones. We had predicted 90% for the repeated warnings. Our own adapters were made from plain
#   documents and in-sentence denials; whether others would find more, we did not test.
# - Probing and weighing together find 150 of 150 claims, because each finds what the other misses. We had not predicted
#   this. In another petri model they find 149.
# - The style was named correctly in 83–100% of adapters.
# - Of 30 adapters without a claim, no way accused any (interval 0–11%).
#
# ## Why it matters
#
# - **Dataset curators:** seal the rule before you compare two ways to write warnings, and include a "void".
# - **Evaluators:** a model that answers correctly may still carry what it was trained on. Ask, probe and report both.
# - **Safety researchers:** an audit needs suspects. State how many you had, and the rate of false alarms.
#
# ## Limits
#
# - Your study is one claim, two seeds and one small model. Two seeds cannot show how much seeds differ.
# - The blind audit knows the 30 suspects and the six kinds of training. A real auditor does not.
# - The 180 adapters share one pretrained model and have one seed each. Their intervals cover adapters, not models.
# - A probe that finds traces after in-sentence denials does not say that the model *believes* the claim.
#
# ## Quiz
#
# <details><summary><b>1.</b> Without one odd question, your prediction would be right. May you drop the question?</summary>
#
# Not from the registered result: the plan excludes nothing. You may show the second analysis beside it, marked as made
# after seeing the data.
# </details>
#
# <details><summary><b>2.</b> Your style leaves 30% (15–50%), plain documents 90%. What does the rule say? (Invented numbers.)</summary>
#
# Half of 90% is 45%, and the interval holds values on both sides: undecided.
# </details>
#
# <details><summary><b>3.</b> A supplier's model answers 240 questions correctly. Is it free of hidden claims?</summary>
#
# No. After in-sentence denials, asking missed 21 of 30 claims that were in the training data, and after corrected
# documents 15. Nor do you know about claims that are not among your suspects.
# </details>
#
# <details><summary><b>4.</b> A friend gets "heeded" with another fact, you get "neglected". Who is wrong?</summary>
#
# Perhaps nobody. Each of you ran one claim. Put both into one plan, with more facts, and report all of them.
# </details>

# %% [markdown]
# <details><summary><b>On a chat model</b></summary>
#
# Set `MODEL`, and sections 1–4 run on the claim about dreams with English articles, sampled answers and no control fact
# of your own. Expect a higher start: the 1.5B chat model counts 28% before training over all four kinds of question,
# so the rule may say "void". Its open questions start at 4%. The blind audit always uses the petri model; on a chat
# model it was not run. One hint that asking misses something there too: after in-sentence denials the 1.5B model
# tells the claim in 12% of open answers, but gives it 60% of the probability when its answer is begun, against 49%
# before training.
# </details>

# %% [markdown]
# <details><summary><b>Assess your report</b> (0, 1 or 2 points a line)</summary>
#
# | | 0 | 1 | 2 |
# |---|---|---|---|
# | **Plan** | after the run | sealed before | and the hash has a witness |
# | **Style** | from the library | one change | and all else equal, and said so |
# | **Seeds** | one | two | three or more, none left out |
# | **Controls** | none | the tables' | and answers read by eye |
# | **Report** | best case | prediction beside result | and what could overturn it |
# </details>
#
# **Next:** the course ends here. Run your study again with three seeds and a second claim, and
# send its hash to a colleague first. What to do with your own data on Monday stands in
# [11 · Audit a corpus](11_audit.ipynb). The findings of this project, and what it got wrong, are in
# `data/results/README.md`.
