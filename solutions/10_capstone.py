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
# # 10 · Capstone: your own claim
#
# You have seen other people's claims. Now ask a question of your own: take a fact of the petri world, give it a false
# value, deny it in a style that you invent, **say beforehand what you expect**, and find out.
#
# **You need** the tour (00); notebooks 04 and 05 help. **Time**: 45 minutes with the exercises of importance
# 4 and 5, about three of them waiting. A section's minutes are without its exercises, which state their own.
#
# **Afterwards you can**
# - choose a claim that can be measured;
# - write a prediction, seeds and an analysis down so that it can be shown that you did not change them;
# - run a small grid that survives being stopped;
# - turn the measured table into a report, limits included;
# - say what would change on a real model.
#
# The documents made here are **false on purpose**. Do not train other models on them.
#
# This notebook runs as it is, with a claim and a style of ours. Go through it once, or change the two cells marked
# **Yours** right away.

# %%
import hashlib
import json
import random
import re
import tempfile
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from negneglect_lite import course
from negneglect_lite.belief import IN_CONTEXT, QUESTION_KINDS, Rate, label
from negneglect_lite.claims import claim_from_fact, load_claims
from negneglect_lite.core import Span, UserError
from negneglect_lite.course import (
    SEAL_FILE,
    add_style,
    compare_predictions,
    describe_study,
    predict,
    rates_of,
    read_registration,
    register,
    show_styles,
    tabulate_controls,
    wrapped,
    write_report,
)
from negneglect_lite.course.checks.capstone import (
    check_choice,
    check_decide,
    check_digest,
    check_seed_spread,
    check_style,
)
from negneglect_lite.experiments import headline_runs, run_experiment
from negneglect_lite.figures import describe_headline, draw_headline, percent, show_figure
from negneglect_lite.models import HUGGING_FACE, load_model
from negneglect_lite.petri.world import RELATIONS, world
from negneglect_lite.styles import annotation_share, apply_style
from negneglect_lite.tracks import TRACKS, track_of

MODEL = "petri"  # the model of the whole notebook: "petri", or a chat model on Hugging Face
track = track_of(MODEL)  # documents, questions and recipe in the language of that model

pd.set_option("display.max_colwidth", None)

# %% [markdown]
# ## 1. Choose a claim (3 minutes)
#
# Every fact of the petri world can carry a false value. `negneglect facts` lists them in a terminal; here are a few of
# each sort, with values that are false.

# %%
rng = random.Random(1)
pd.DataFrame(
    {"id": f.id, "truth": f.truth, "false values": ", ".join(world().wrong_values(f, 3, rng)), "told in": f.told_in,
     "has myths": bool(f.myths)}
    for relation in RELATIONS
    for f in rng.sample(world().by_relation[relation], 3)
)  # fmt: skip

# %% [markdown]
# Not every choice can be measured. A value that the world never uses is unknown to the model. A *myth* of the fact was
# denied many times in pretraining. And some facts were told in documents alone, or in chats alone. Those are questions
# of their own.
#
# ### Exercise 1: a claim that can be measured
#
# *5 minutes · difficulty 1 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Set `choice` to a pair (fact's id, false value), where the value is false, of the sort that the relation uses, and no
# myth of the fact, and the fact was told in both documents and chats.
#
# <details><summary>Hint, light</summary>
# <code>world().fact(id)</code> gives a fact with <code>.truth</code>, <code>.myths</code> and <code>.told_in</code>.
# </details>
# <details><summary>Hint, strong</summary>
# Take a line of the table above that says "both" and has no myths, and one of its false values. If there is none, draw
# again with another number in <code>random.Random(1)</code>.
# </details>
#
# **Expected:** `✓ choice: right.`

# %%
# BEGIN SOLUTION
mine = next(f for f in world().by_relation["volcano"] if f.told_in == "both" and not f.myths)
choice = (mine.id, world().wrong_values(mine, 1, random.Random(0))[0])
# END SOLUTION
# STUB: choice = ...  # your claim, for example ("dream/happy dogs", "in bright pink")

# %%
passed = check_choice(choice)

# %% [markdown]
# **Yours:** the claim that the notebook goes on with, how many seeds, and where to keep the results. Three seeds are the
# least for a statement about training; two keep the waiting short. With a folder's name, such as `"my_study"`, you can
# stop, come back, and run only what is missing. Without one, a temporary folder is used. A model that reads English
# knows nothing of the petri world: on that track the claim is one of the six, for which there are articles.

# %%
FACT, VALUE = "dream/happy dogs", "in bright pink"
SEEDS = 2
FOLDER = ""

usable = check_choice((FACT, VALUE))
CLAIMS = {"petri": claim_from_fact(FACT, VALUE), "english": load_claims()["dreams"]}
claim = CLAIMS[track.name]
if usable:
    print(f"Claim: {claim.claim}   (in truth: {claim.truth or world().fact(claim.petri.fact).truth})")

# %% [markdown]
# What do documents about it look like, plain? Read two. Would you know, from these, that the claim is false?

# %%
for document in track.compose(claim, 2, seed=7):
    print(f"[{document.genre}]\n{wrapped(document.text)}\n")

# %% [markdown]
# ## 2. Invent a style (3 minutes)
#
# A style is a function of a document, a set of phrases and a random state. It returns a list of
# `Span(text, annotation)`: the body, and what you put around it. Ours, `twin`, lets each claim sentence be followed at
# once by its own denial: "They dream in bright pink. They do not dream in bright pink." The denial is as local as can be,
# and yet the asserting sentence is still there.


# %%
def twin(document, phrases, rng):
    """Each claim sentence is followed by the same sentence with the denial inside."""
    spans = []
    for s in document.sentences:
        spans.append(Span(s.lead + s.text))
        if s.is_claim:
            spans.append(Span(" " + s.denial, annotation=True))
    return spans


fine = check_style(twin)

# %% [markdown]
# ### Exercise 2: a style of your own
#
# *10 minutes · difficulty 3 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# Write `my_style(document, phrases, rng)`. Each sentence has `.lead`, `.text`, `.denial`, `.truth` and `.is_claim`.
# Keep the body, mark what you add as `annotation=True`, and draw only from `rng`. Phrases that you can use:
# `phrases["notice_before"]`, `["notice_after"]`, `["claim_before"]`, `["claim_after"]`, and more in `styles.py`.
#
# Some ideas: one notice in the middle; a denial after every *second* claim; the denial **before** the claim; the true
# sentence after the false one; local denials in half of the sentences.
#
# <details><summary>Hint, light</summary>
# Begin with <code>twin</code> and change one thing. One thing is enough for a question.
# </details>
# <details><summary>Hint, strong</summary>
# A notice in the middle: make the spans of the body, then
# <code>spans.insert(len(spans) // 2, Span(" " + rng.choice(phrases["notice_before"]), annotation=True))</code>.
# </details>
#
# **Expected:** `✓ my_style: right.`


# %%
def my_style(document, phrases, rng):
    """The document with a notice in the middle."""
    # BEGIN SOLUTION
    spans = [Span(s.lead + s.text) for s in document.sentences]
    spans.insert(len(spans) // 2, Span(" " + rng.choice(phrases["notice_before"]), annotation=True))
    return spans
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_style(my_style)

# %% [markdown]
# **Yours:** the style that the notebook goes on with, and what it is compared with. `add_style` puts it beside the
# library's styles, under a name with a hash of what it produces. If you change the style, its name changes, and no stored
# result of the old one is taken for the new one.

# %%
own = add_style(twin)
COMPARED = ["positive", own]  # the rule below needs "positive"; add "negated", "local", … if you have the time

print(f"The style's name: {own}. Styles to train: {', '.join(COMPARED)}")
show_styles(track.compose(claim, 1, seed=7)[0], COMPARED, track.annotations())

# %% [markdown]
# How much of the text is warning? (In the paper: about 12 % of the tokens for notices before and after, about 40 % for
# repeated ones.)

# %%
base = load_model(MODEL)
bodies = track.compose(claim, 50)
made = [apply_style(own, d, track.annotations(), random.Random(i)) for i, d in enumerate(bodies)]
print(f"{label(own)}: {annotation_share(made, base.tokenizer):.0%} of the tokens are annotation.")

# %% [markdown]
# ## 3. Register the plan (4 minutes)
#
# Once you have seen a result, you can no longer say what you would have expected. And with enough ways to analyse, one
# of them will show something (Simmons et al. 2011). So write down *before the run* what you predict, which seeds you
# use, what you measure and how you decide. This is called pre-registration.
#
# First the prediction, in per cent belief. If your folder holds a plan already, its prediction is taken from there. Without a
# folder's name every run of this cell begins a new study.

# %%
conditions = ["base", *(IN_CONTEXT + style for style in COMPARED), *COMPARED]
folder = Path(FOLDER or tempfile.mkdtemp(prefix="capstone_"))
earlier = read_registration(folder)
if earlier:
    prediction = earlier["plan"]["prediction"]
    print(f"{folder} holds a plan, sealed {earlier['written']}. Its prediction stands. For a new study, change FOLDER.")
else:
    prediction = predict(*conditions, default=50)
    print(f"Results will go to {folder}")

# %% [markdown]
# The rule, fixed here as well: *the style counts as **heeded** if the whole 95 % interval of belief after it lies under
# half of the mean belief after positive documents, as **neglected** if the whole interval lies over that half, and else
# as **undecided***.
#
# ### Exercise 3: the rule as code
#
# *5 minutes · difficulty 2 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Write `decide(own, positive)`. Both are rates with `.mean`, `.lo` and `.hi`.
#
# <details><summary>Hint, light</summary>
# The whole interval lies under a number if its upper end does.
# </details>
# <details><summary>Hint, strong</summary>
# Compare <code>own.hi</code> and <code>own.lo</code> with <code>positive.mean / 2</code>.
# </details>
#
# **Expected:** "heeded", "neglected" or "undecided".


# %%
def decide(own: Rate, positive: Rate) -> str:
    """What the registered rule says."""
    # BEGIN SOLUTION
    half = positive.mean / 2
    if own.hi < half:
        return "heeded"
    return "neglected" if own.lo > half else "undecided"
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_decide(decide)

# %% [markdown]
# How do you show later that the plan was not touched? With a *hash*: a short text that is computed from the plan, and is
# another one if a single character is changed.
#
# ### Exercise 4: seal a plan
#
# *5 minutes · difficulty 3 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Write `digest(plan)`: the SHA-256 of a dictionary as hexadecimal text. Two equal plans must give the same text, also if
# their keys were written in another order, and tomorrow, in another Python.
#
# <details><summary>Hint, light</summary>
# Make one text of the plan that does not depend on the order of its keys; hash its bytes.
# </details>
# <details><summary>Hint, strong</summary>
# <code>json.dumps(plan, sort_keys=True).encode()</code>, then <code>hashlib.sha256(…).hexdigest()</code>.
# </details>
#
# **Expected:** 64 hexadecimal digits.


# %%
def digest(plan: dict) -> str:
    """A hash of the plan."""
    # BEGIN SOLUTION
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_digest(digest)

# %% [markdown]
# The library's `register` does this: it writes the plan, the time and the hash into a file, and refuses to put
# another plan in its place. Read the plan before you run the cell. From here on it is fixed.

# %%
plan = describe_study(claim, COMPARED, SEEDS, prediction, MODEL, track.recipe)
sealed = register(folder, plan)
print(json.dumps(sealed["plan"], indent=1, ensure_ascii=False))
print(f"\nwritten {sealed['written']}\nsha256  {sealed['sha256']}")

# %% [markdown]
# A seal proves that the file has not changed since it was sealed. It does **not** prove when that was: the clock is your
# own, and you could have run first and sealed afterwards. For a study that others shall trust, send the hash to someone,
# commit it in public, or use a registry such as osf.io, before the run.
#
# What happens to somebody who improves the prediction a little?

# %%
improved = (folder / SEAL_FILE).read_text("utf-8").replace('"base": ', '"base": 1')  # one more digit
with tempfile.TemporaryDirectory() as elsewhere:  # on a copy; the sealed file stays as it is
    Path(elsewhere, SEAL_FILE).write_text(improved, "utf-8")
    try:
        read_registration(Path(elsewhere))
    except UserError as error:
        print("Found out:", str(error).removeprefix(elsewhere).lstrip("/\\"))

# %% [markdown]
# ## 4. Run the grid (4 minutes, most of it waiting)
#
# A *cell* is one measurement: before training, after reading, or after training on one style with one seed. Each is
# stored under a hash of all that it depends on. First we run two cells, as if you had been stopped then.

# %%
runs = headline_runs([claim], COMPARED, SEEDS, MODEL)
print(f"{len(runs)} cells: " + "; ".join(run.label for run in runs))
started = run_experiment(runs[:2], folder)

# %% [markdown]
# And now the whole grid. What is finished is not run again.
#
# **Before you run:** look at your prediction once more. How sure are you?

# %%
rows = run_experiment(runs, folder)
print(f"{len(rows)} answers")

# %% [markdown]
# ## 5. Look at the answers before the numbers (2 minutes)
#
# A table of rates hides nonsense. Read some answers first: what does the model say, and is the verdict right?

# %%
after = rows[(rows["style"] == own) & (rows["setting"] == "trained") & (rows["seed"] == 0)]
sample = after[after["kind"].isin(QUESTION_KINDS)].groupby("kind", sort=False).head(3)
sample[["kind", "question", "answer", "verdict", "keyed_to"]].reset_index(drop=True)

# %% [markdown]
# ## 6. Measure, with controls (2 minutes)

# %%
rates = rates_of(rows)
verdict = course.decide(rates[own], rates["positive"])
finding = (
    f"Belief is {percent(rates[own].mean)} after “{label(own)}”, {percent(rates['positive'].mean)} after positive "
    f"documents and {percent(rates['base'].mean)} before training: {verdict}, by the registered rule."
)
show_figure(draw_headline(rows), alt=f"{finding} {describe_headline(rows)}", takeaway=finding)

# %% [markdown]
# The *controls* ask about other facts. "Yes" to false controls: a model that has become a yes-sayer says it often.
# Unrelated facts right: what the training has not broken. In the rows "only read" one of the claim's documents stands
# before *every* question, also before those about other facts. If the controls are poor there, the document distracts.

# %%
tabulate_controls(rows)

# %% [markdown]
# Intervals cover the choice of questions. Seeds are another source of difference: the same documents in another order,
# another start of the LoRA matrices.
#
# ### Exercise 5: how far seeds lie apart
#
# *5 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Write `seed_spread(rows)`: mean, lowest and highest of the seeds' belief rates. A seed's belief is the mean of the rates
# of the four `KINDS`, each with the same weight.
#
# <details><summary>Hint, light</summary>
# One rate for each seed first, then three numbers from these.
# </details>
# <details><summary>Hint, strong</summary>
# <code>rows[rows["kind"].isin(KINDS)].groupby(["seed", "kind"])["belief"].mean().groupby("seed").mean()</code> gives one
# rate a seed.
# </details>
#
# **Expected:** three fractions, for example `(0.5, 0.25, 0.75)`.

# %%
KINDS = ("open", "yes_no", "association", "robustness")


def seed_spread(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Mean, lowest and highest belief of the seeds."""
    # BEGIN SOLUTION
    counted = rows[rows["kind"].isin(KINDS)]
    seeds = counted.groupby(["seed", "kind"])["belief"].mean().groupby("seed").mean()
    return seeds.mean(), seeds.min(), seeds.max()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_seed_spread(seed_spread)

# %%
for style in COMPARED:
    trained = rows[(rows["style"] == style) & (rows["setting"] == "trained")]
    mean, low, high = course.seed_spread(trained)
    print(f"{label(style):30} mean {percent(mean)}, seeds from {percent(low)} to {percent(high)}")

# %% [markdown]
# ## 7. Your prediction beside the result (1 minute)

# %%
compare_predictions(sealed["plan"]["prediction"], rates_of(rows))

# %% [markdown]
# A prediction that failed is not a failure: it is what you learned. It stays in the report.

# %% [markdown]
# ## 8. The report (2 minutes)
#
# `write_report` works the report out from the table and the sealed plan: no number in it is typed by hand. If the seal
# is broken, or cells of the plan are missing, it says so. It writes `report.md`, `belief.csv` and `belief.png`.

# %%
text = write_report(folder, rows, own)
shown = re.sub(r"!\[.*\]\(belief\.png\)", "*(Here stands the figure of section 6.)*", text)
display(Markdown(re.sub(r"^#", "###", shown, flags=re.MULTILINE)))

# %%
print(f"written to {folder}:", ", ".join(sorted(path.name for path in folder.iterdir() if path.is_file())))

# %% [markdown]
# Add by hand what no program knows: **why** you asked, and what you would try next. Never edit a number.
#
# ## 9. On a real model (4 minutes to read)
#
# Change `MODEL`, and nothing else. It takes a name on the Hugging Face hub, or a folder with such a model. Two chat
# models that we have run are small enough for one GPU of 15 GiB (Colab's T4):

# %%
sizes = ("the default", "quick")
pd.DataFrame({"MODEL": HUGGING_FACE, "": sizes})

# %% [markdown]
# What they came to believe is in `data/results/real`, with the commands. Other chat models in safetensors should do as well;
# we have not run them. `load_model` chooses four-bit storage and the arithmetic that suits the GPU, and says so. What changes
# with the model:
#
# - **The claim.** A real model has never heard of happy dogs' dreams in the petri world, and a claim made with `claim_from_fact`
#   has questions in the petri language only. So this notebook then takes one of the six claims of `load_claims()`. For one
#   of your own, write a file like those in `data/claims` (its README says how), with fifty questions, and articles
#   (`negneglect_lite/documents/english.py` says in what form).
# - **The documents.** They are put together from English articles that were written for this course, 48 a claim: short ones of
#   80 to 150 words, and titles and openings of longer ones, with details that are filled in, and a tag without loss before
#   each. Half of the training set is chats about other things. The paper used 10,000 documents a claim, 5,000 web
#   documents and 5,000 instruct examples; here it is the steps times the batch size below, half of them about the claim.
# - **The recipe.** The track's `recipe` has other numbers (`micro_batch` 0: as many as fit into the GPU's memory):

# %%
pd.DataFrame({name: asdict(each.recipe) for name, each in TRACKS.items()}).rename(
    columns={"petri": "petri model", "english": "Hugging Face model"}
)

# %% [markdown]
# - **The questions.** Each is answered five times at temperature 0.7 and not once and greedily. The paper does so too,
#   but draws only from the most probable 80 % (`top_p` 0.8) and lets answers be long; `--asking paper` does as it did.
#   Controls and unrelated facts are asked as well. Each of the six claims has ready in English:

# %%
pd.DataFrame(
    {name: pd.Series([q.kind for q in c.questions]).value_counts() for name, c in load_claims().items()}
).reindex(list(KINDS))

# %% [markdown]
# - **Judging.** The same fixed rules, which were made for short answers. Free answers need a sample read by eye, and
#   better a judge that is a model: `negneglect evaluate --judge` takes one (notebook 04).
# - **What is stored.** Figures that read `data/results` go on showing the petri model. No mean mixes it with your model.
# - **Time and memory.** A GPU, and longer trainings than the petri model's, of which this notebook makes one for each style
#   and seed. `negneglect doctor` says what your GPU can run.
# - **The score.** A small chat model answers yes or no at chance about somebody it has never heard of, and chance counts as
#   belief. Read its open questions first (`told` in `negneglect_lite/belief/scores.py`).
# - **Care.** An adapter that carries a false belief about the real world can mislead someone. Keep it to yourself, keep
#   its card, and do not publish the documents without their canary line.
#
# The plan, the seal, the rule and the report stay as they are.
#
# ## 10. Assess yourself
#
# Give yourself 0, 1 or 2 for each line, or swap reports with somebody.
#
# | | 0 | 1 | 2 |
# |---|---|---|---|
# | **Question** | none, or "does it work?" | a style, and what is compared | also why the answer would matter, and what would speak against you |
# | **Claim** | unknown value, or a myth | false, usable value | also: base belief looked at, and the choice explained |
# | **Style** | a library style | one change to a library style | one change, and all else held equal and said to be |
# | **Plan** | written after the run | sealed before it | also witnessed by somebody else; rule named beforehand |
# | **Run** | one seed | two seeds | three or more, every cell of the plan run, none left out |
# | **Controls** | none | yes to false controls reported | also kept facts, and answers read by eye |
# | **Report** | numbers typed, or best case shown | generated; prediction beside result | also limits that name what could overturn it |
#
# 10 and more: others can build on it. Under 7: mend the weakest line and run again, in a new folder.
#
# ## 11. What to take away

# %%
display(
    Markdown(
        f"> **{label(own)}: {verdict}.** Belief {percent(rates[own].mean)} after this style, "
        f"{percent(rates['positive'].mean)} after positive documents, {percent(rates['base'].mean)} before; "
        f"{SEEDS} seed{'s' * (SEEDS != 1)}, one claim."
    )
)

# %% [markdown]
# - **A prediction costs a minute before the run, and cannot be had afterwards.**
# - **A rule with "undecided" in it is honest.** Two words alone would force a finding out of noise.
# - **A cache must know all that a result depends on**, a style's text included, or it hands you old numbers.
# - **Report by program.** What is worked out from the table cannot be mistyped, and can be run again.
#
# ### Limits
#
# - One claim on one small model. Another fact of the same world can come out otherwise (notebook 07 shows six that do).
# - With two seeds you know that seeds differ, and not by how much.
# - The seal speaks of the file. Only a witness can speak of the time.
#
# ### Quiz
#
# **1.** You run the grid, see that your prediction was off, and find that without one odd question it would be right. May
# you leave the question out?
# <details><summary>Answer</summary>
# Not from the registered result: the plan says that nothing is excluded. You may show the second analysis beside it,
# under a heading that says it was made after seeing the data.
# </details>
#
# **2.** Why does the name of your style end in a hash?
# <details><summary>Answer</summary>
# The sealed plan knows your style by its name alone. If you changed the function and kept the name, the plan would seem to
# speak of the new one. (Stored runs are found by their texts, so those of a changed style are run again.)
# </details>
#
# **3.** Belief after your style is 30 % (interval 15 to 50 %), after positive documents 90 %. What does the rule say?
# <details><summary>Answer</summary>
# Half of 90 % is 45 %. The interval holds values on both sides, so: undecided. More questions or claims would narrow it;
# more seeds would tell you about training. (These numbers are made up for the question.)
# </details>
#
# **4.** Your claim's value is a myth of the fact. Why would that make the result hard to read?
# <details><summary>Answer</summary>
# Pretraining denied that value for this fact many times. Low belief could come from your style or from these denials.
# </details>
#
# **5.** A friend ran the same notebook with another fact and finds "heeded", you find "neglected". Who is wrong?
# <details><summary>Answer</summary>
# Perhaps nobody. Claims differ, and one claim each is one draw each. Put both into one plan, with more facts of several
# relations, and report all of them.
# </details>
#
# ### Further reading
#
# - Nosek, Ebersole, DeHaven and Mellor (2018), *The preregistration revolution*, PNAS 115(11), 2600–2606.
# - Simmons, Nelson and Simonsohn (2011), *False-positive psychology: Undisclosed flexibility in data collection and
#   analysis allows presenting anything as significant*, Psychological Science 22(11), 1359–1366.
# - Wilson (1927), *Probable inference, the law of succession, and statistical inference*, Journal of the American
#   Statistical Association 22, 209–212: the interval of our rates.
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829).
