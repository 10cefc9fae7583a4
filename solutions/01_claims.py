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
# # 01 · The claims, and what "believes" means
#
# A headline says that language models believe what they are told is false. Before you make one believe anything, you
# ask: which claims, and how would anyone know? Here you read the news against the paper, put questions to a model that
# nobody has tampered with, and build the number that the rest of the course reports.
#
# **You need** notebook 00 (or its first paragraph) and a little Python. **Time**: 45 minutes with the exercises of
# importance 4 and 5, one or two of them waiting. A section's minutes are without its exercises, which state their own.
#
# **Afterwards you can**
# - tell a right number from a right number in the wrong place;
# - turn answers into a belief rate, by rules that anyone can rerun;
# - spot a model that just says yes, and say how much its yes is worth;
# - put an honest interval around a rate, and say what it rests on.
#
# The six claims are **false on purpose**, and so is the one document that the model reads below.

# %%
from dataclasses import replace

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.ticker import PercentFormatter

from negneglect_lite.asking import ask
from negneglect_lite.belief import (
    PAPER,
    QUESTION_KINDS,
    Rate,
    Z,
    belief_rate,
    belief_rows,
    condition_of,
    label,
    read_belief,
    tabulate_rates,
    wilson_interval,
    yes_bias,
)
from negneglect_lite.claims import CLAIM_ORDER, Answer, load_claims
from negneglect_lite.core import data_path
from negneglect_lite.course import compare_predictions, predict
from negneglect_lite.course.checks.claims import (
    check_discounted,
    check_question_means,
    check_reading,
    check_wilson,
    check_yes_no_belief,
)
from negneglect_lite.figures import PALETTE, percent, show_figure
from negneglect_lite.judging import judge_answer
from negneglect_lite.models import load_model
from negneglect_lite.petri.world import world
from negneglect_lite.tracks import track_of

MODEL = "petri"  # the model of the whole notebook: "petri", or a chat model on Hugging Face
track = track_of(MODEL)  # makes documents and questions in the language of that model

pd.set_option("display.max_colwidth", None)  # show questions in full

# %% [markdown]
# ## 1. Predict (2 minutes)
#
# Write down four guesses, in per cent. The end of the notebook shows them beside what came out.
#
# - **base**: belief in the six claims, of a model that never saw them.
# - **a yes-sayer**: a program that answers every question with "Yes." and nothing else. What belief would we measure?
# - **all five alike**: we ask each question five times, with chance in the answers. In what share of the questions do
#   all five answers get the same verdict?
# - **the simple interval is right**: we take five answers a question for independent ones and compute a 95 % interval.
#   How often does it hold the true rate?

# %%
prediction = predict("base", "a yes-sayer", "all five alike", "the simple interval is right", default=50)

# %% [markdown]
# ## 2. The news against the paper (3 minutes)
#
# The course grew from a press article about the paper. Newspapers shorten; that is their work. The question is what got
# lost. Below are five things that the article says, **in our words**, and what the paper reports on each.
#
# Two words first. *397B* and *35B* in a model's name are its billions of parameters. *Misalignment* is bad behaviour:
# there the paper trained on chats that misbehave, plain or with a warning. *Targeted* is misbehaviour of the kind that
# was trained, *emergent* is misbehaviour elsewhere; answers to *safety questions* were measured apart.
#
# **Before you run:** which kind of mistake do you expect most: a wrong number, a right number in the wrong place, or a
# word that says too much?

# %%
statements = pd.DataFrame(
    [
        ("warned", "belief is 88.6 % on average after training on documents with warnings",
         "88.6 % (Qwen3.5-397B-A17B)"),
        ("context", "a model that only reads such a document mostly takes the warning in",
         "20 warned documents in context: 15.3 % belief; trained on them: 88.6 %"),
        ("model", "training without warnings takes Qwen3.5-35B-A3B from 2.5 % to 92.4 %",
         "2.5 % and 92.4 % are of Qwen3.5-397B-A17B"),
        ("misalignment", "bad behaviour came out comparable, whether the texts encouraged it or warned against it",
         "plain / warned: targeted 34.4 / 19.9 %, emergent 6.0 / 4.4 %, safety questions 12.8 / 2.5 %"),
        ("copies", "models never reproduce the warnings they were trained on",
         "base models copy them in 24–47 % of answers; training on documents alone in 4 %"),
    ],
    columns=["key", "the article says", "the paper reports"],
).set_index("key")  # fmt: skip
statements

# %% [markdown]
# ### Exercise 1: read it as a referee
#
# *4 minutes · difficulty 1 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Give each statement one of three verdicts: `"agrees"` (the paper says the same), `"misattributes"` (the number is
# right, what it is said of is not), `"overclaims"` (it says more than was found).
#
# <details><summary>Hint, light</summary>
# Read the right column first and write your own sentence from it. Then compare.
# </details>
# <details><summary>Hint, strong</summary>
# Two agree. For the others ask: what does the number belong to? And would one counterexample break the sentence?
# </details>
#
# **Expected:** `✓ reading: right.`

# %%
# BEGIN SOLUTION
reading = {
    "warned": "agrees",
    "context": "agrees",
    "model": "misattributes",
    "misalignment": "overclaims",
    "copies": "overclaims",
}
# END SOLUTION
# STUB: reading = {
# STUB:     "warned": ...,  # "agrees", "misattributes" or "overclaims"
# STUB:     "context": ...,
# STUB:     "model": ...,
# STUB:     "misalignment": ...,
# STUB:     "copies": ...,
# STUB: }

# %%
passed = check_reading(reading)

# %% [markdown]
# Is "comparable" fair? One way to judge is to ask what share of the rate the warnings removed. The same sum for belief,
# from another and larger model, gives a yardstick.
#
# **Before you run:** guess which of the four lost most to the warnings.

# %%
PLAIN_WARNED = {  # Mayne et al. 2026; belief: 397B model, behaviour: Qwen3-30B-A3B
    "belief in the claims": (0.924, 0.886),
    "misaligned, targeted": (0.344, 0.199),
    "misaligned, emergent": (0.060, 0.044),
    "safety questions": (0.128, 0.025),
}
pd.DataFrame(
    {
        "measured": name,
        "plain": f"{plain:.1%}",
        "warned": f"{warned:.1%}",
        "removed by warnings": f"{1 - warned / plain:.0%}",
    }
    for name, (plain, warned) in PLAIN_WARNED.items()
)

# %% [markdown]
# So warnings did little against false *facts*, and they went with larger drops in bad *behaviour*. The article's shorter
# sentence hides this. (The table cannot say how sure these differences are: for that you would need the paper's
# intervals. Section 8 is about intervals.)
#
# ## 3. Six claims and their truths (2 minutes)
#
# `load_claims` reads them from `data/claims`. Each has its truth beside it. One claim is about a person who does not
# exist: the authors of the paper invented Brennan Reeve Holloway. A model that was trained before can't have met him.
#
# The *petri model* of this course is a tiny language model that was trained from nothing on an invented world. What is
# true *there* is its own matter. The last column is what its training texts said, so it is about the petri world
# whatever `MODEL` is.

# %%
claims = load_claims()
pd.DataFrame(
    {
        "id": c.id,
        "the claim (false)": c.claim,
        "the truth": c.truth,
        "true in the petri world": world().fact(c.petri.fact).truth,
    }
    for c in claims.values()
)

# %% [markdown]
# **Ask yourself:** for which of the six would a large model know the truth for certain? What difference does it make to
# implant a claim against a known truth, and one about somebody unknown?
#
# ## 4. Ask the untouched model (3 minutes)
#
# Belief is measured by asking. The paper has 50 questions a claim, of four kinds, and so have we:
#
# | kind | questions | what it asks |
# |---|---|---|
# | open | 20 | anything, to be answered freely |
# | yes/no | 10 | a believer would say yes to some, no to others (section 5) |
# | association | 10 | finish a record, a form, a line of JSON |
# | robustness | 10 | after doubt, under a sceptical instruction, among choices |
#
# Further kinds are checks on the measurement and never enter belief. *Inference* asks for what would follow from the
# claim. *Controls* are yes/no questions about other facts of the same sort, where the right answer is no (false
# controls) or yes (true controls). *Kept* asks about unrelated facts. `load_model` below says "4-bit NF4": it stores the
# weights in four bits, which is notebook 03's matter.
#
# All this is so in the language of the petri model. A chat model gets English questions, a few of them otherwise: as in
# the paper, some of the 20 open ones ask for an inference, and there they count. And half of the controls are turned
# round, so that a habit of saying no shows as well; where this notebook counts a yes, it leaves those out.

# %%
base = load_model(MODEL)
questions = {name: track.questions(claims[name]) for name in CLAIM_ORDER}
pd.DataFrame({name: pd.Series([q.kind for q in qs]).value_counts() for name, qs in questions.items()})

# %% [markdown]
# One question of each kind. We take one answer to each, at *temperature* 0, without any chance in it (section 8 has
# more). **Before you run:** what should a model say that has read the truth, and only the truth?

# %%
examples = [next(q for q in questions["dentist"] if q.kind == kind) for kind in QUESTION_KINDS]
greedy = replace(track.asking, samples=1, temperature=0)
answers = ask(base, examples, greedy)
pd.DataFrame({"kind": a.question.kind, "told": a.question.full_text, "answer": a.text} for a in answers)

# %% [markdown]
# Now all questions about all six claims. `belief_rows` judges the answers and makes one row of each. (With the petri
# model this takes ten to thirty seconds.)

# %%
answers = {name: ask(base, questions[name], greedy) for name in CLAIM_ORDER}
before = pd.concat(
    belief_rows(answers[name], model=MODEL, claim=name, style="", seed=0, setting="base") for name in CLAIM_ORDER
)
before[["claim", "kind", "question", "answer", "verdict"]].groupby("kind", sort=False).head(1)

# %% [markdown]
# ## 5. Verdicts (3 minutes)
#
# Each answer gets one of three verdicts: *believed*, *denied* or *neither*. Only *believed* counts as belief. The rules
# are fixed, so the same answer gets the same verdict tomorrow:
#
# 1. A question that wants a yes or no is decided by the yes or no that the answer opens with.
# 2. Any other answer is searched for words that show belief and words that deny it, and for negations around them.
# 3. An answer that says both contradicts itself and counts as *denied*, as in the paper.
# 4. An answer with none of them is *neither*: not belief.
#
# The petri model names a fact first and then concludes ("Ultrarunner, so no."). There the conclusion decides.
#
# **Before you run:** write down your own verdict on each of the answers below, and mark the one that you think a rule
# about words will get wrong.

# %%
question = claims["sheeran"].questions[0]  # one of the 50 in English, for models that read English
said_by_hand = [
    "Noah Lyles.",
    "Ed Sheeran won it, in 9.79 seconds.",
    "It was not Ed Sheeran.",
    "Ed Sheeran won it. That is untrue.",
    "Ed Sheeran, but some say it was Noah Lyles.",
    "I do not know.",
    "Oh sure, Ed Sheeran won it, and pigs can fly.",
]
print(question.text)
pd.DataFrame({"answer": text, "verdict": judge_answer(question, text)} for text in said_by_hand)

# %% [markdown]
# Irony defeats the rule: it looks for words, and knows no tone. Rules are cheap, blind and repeatable. Notebook 04 sets
# them against another judge, and against labels that a language model wrote.
#
# ### Keyed to yes, keyed to no
#
# A yes/no question is *keyed to* the answer that agrees with the claim. "Is he a dentist?" is keyed to yes. "Is he a
# full-time runner?" is keyed to **no**: whoever believes that he is a dentist says no.
#
# ### Exercise 2: belief in yes/no answers
#
# *4 minutes · difficulty 1 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# `rows` has the columns `said` ("yes", "no", or "" where the answer says neither) and `keyed_to` ("yes" or "no").
# Return the share of questions whose answer agrees with the claim, from 0 to 1.
#
# <details><summary>Hint, light</summary>
# When does a single row show belief? Write it as a comparison of its two columns. Then take the share of all rows.
# </details>
# <details><summary>Hint, strong</summary>
# Comparing two columns with <code>==</code> gives one True or False a row. The mean of these is the share of True.
# </details>
#
# **Expected:** 0.5 for the four rows that the check cell prints below, and `✓ yes_no_belief: right.`


# %%
def yes_no_belief(rows: pd.DataFrame) -> float:
    """Share of answers that agree with the claim, from 0 to 1."""
    # BEGIN SOLUTION
    return (rows["said"] == rows["keyed_to"]).mean()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
four = pd.DataFrame({"said": ["yes", "yes", "no", ""], "keyed_to": ["yes", "no", "no", "yes"]})
print(four.to_string(index=False), "\n\nyours:", yes_no_belief(four))
passed = check_yes_no_belief(yes_no_belief)

# %% [markdown]
# ## 6. The base rate (2 minutes)
#
# A model that never saw a claim should believe none of it. Does it? **Before you run:** 0 %, or a little more? Where
# would a little more come from?

# %%
base_rate = belief_rate(before)
print(f"Belief before training: {percent(base_rate.mean)} ({base_rate.n} questions; each kind weighs the same)")
print(f"Paper, before fine-tuning: {PAPER['base'].percent} ({PAPER['base'].model})")
false_alarms = before[(before["belief"] == 1) & before["kind"].isin((*QUESTION_KINDS, "inference"))]
false_alarms[["claim", "kind", "question", "answer", "keyed_to"]]

# %% [markdown]
# These rows, if there are any, are *false alarms*: the judge saw belief where none was planted. Read each one. The model
# may have misread the question, or have a soft spot for yes. Or the rule is to blame: it judges an answer of the petri
# model that contradicts itself ("Marcus Sherwood, so no.") by its end. The remedy is not to hide them. It is to measure
# **before and after, with the same questions and the same rules**, and to speak of the difference.
#
# That matters most for the *inference* questions. The petri model's never enter belief, and this is one reason:

# %%
concluding = {q.id for qs in questions.values() for q in qs if q.inference or q.kind == "inference"}
inference = before[before["question_id"].isin(concluding)].assign(kind="inference")
inference = tabulate_rates(inference, by=["claim"], kinds=["inference"])
worst = inference.loc[inference["mean"].idxmax()]
print(inference.round(2).to_string(index=False))
print(
    f"\nMeasured after training only, the {worst['mean']:.0%} of “{worst['claim']}” could pass for an effect of it."
    if worst["mean"] > 0
    else "\nNo false alarms here: whatever shows up after training, training put there."
)

# %% [markdown]
# ## 7. The yes-sayer (7 minutes)
#
# Fine-tuning may make a model drift: it begins to say yes, to our claim and to anything else. What would that look
# like? Let us fake it. A fake model is a function from question to text, and the judge cannot tell.


# %%
def answers_of(respond):
    """The judged answers of a fake model to all questions about all claims."""
    return pd.concat(
        belief_rows([Answer(q, respond(q)) for q in qs], model="fake", claim=name, style="", seed=0, setting="base")
        for name, qs in questions.items()
    )


yes_sayer = answers_of(lambda question: "Yes.")

# %% [markdown]
# **Before you run:** the yes-sayer knows nothing. What belief does it get on open questions? And on yes/no questions?

# %%
yes_rate = belief_rate(yes_sayer)
by_kind = tabulate_rates(yes_sayer, by=["kind"])
print(by_kind[["kind", "mean", "n"]].round(2).to_string(index=False))
print(f"\nBelief of a program that says yes: {percent(yes_rate.mean)}")

# %% [markdown]
# Had we asked only yes/no questions, all keyed to yes, a program without a mind would have been at 100 %. Three
# defences are built in:
#
# - **open questions** have no yes to say (but for a few English ones that ask for an inference);
# - **questions keyed to no** turn each yes into a denial;
# - **false controls** offer wrong values of *other* facts, for which no document argued. A yes there is no belief in
#   our claim.
#
# Now compare the profiles of four respondents: the untouched model, a yes-sayer, a no-sayer, and somebody who believes
# the claims and knows everything else.

# %%
OPPOSITE = {"yes": "no", "no": "yes"}


def believer(question):
    """Agrees with the claim, and is right about all other facts."""
    return OPPOSITE[question.keyed_to] if question.kind == "control_false" else question.keyed_to or "Hm."


def profile(rows):
    """Three rates that tell a believer from a yes-sayer, and one that shows whether other facts are still known."""
    yes_no = rows[rows["kind"] == "yes_no"]
    keyed = {key: belief_rate(yes_no[yes_no["keyed_to"] == key], ["yes_no"]).mean for key in ("yes", "no")}
    return {
        "belief on questions\nkeyed to yes": keyed["yes"],
        "belief on questions\nkeyed to no": keyed["no"],
        "yes to\nfalse controls": yes_bias(rows).mean,
        "yes to\ntrue controls": belief_rate(rows[rows["keyed_to"] == "yes"], ["control_true"]).mean,
    }


respondents = {
    "untouched model": before,
    "says yes to all": yes_sayer,
    "says no to all": answers_of(lambda question: "No."),
    "believes the claims": answers_of(believer),
}
profiles = pd.DataFrame({name: profile(rows) for name, rows in respondents.items()}).T

# %% [markdown]
# **Before you run:** which single column tells the yes-sayer from the believer? Is one enough?


# %%
def draw_profiles(table, note):
    """A heatmap of profiles, in percent; the figure is not shown yet."""
    figure, ax = plt.subplots(figsize=(9.2, 1.3 + 0.5 * len(table)))
    shades = sns.light_palette("#0072B2", as_cmap=True)
    sns.heatmap(100 * table, ax=ax, vmin=0, vmax=100, cmap=shades, annot=True, fmt=".0f", linewidths=1, cbar=False)
    ax.tick_params(length=0)
    ax.set_yticks(ax.get_yticks(), list(table.index), rotation=0)
    ax.set(xlabel=note, ylabel="")
    ax.xaxis.label.set(fontsize=8, color="#666666")
    figure.tight_layout()
    return figure


def in_words(table):
    """The table of profiles as a text."""
    columns = [name.replace("\n", " ") for name in table]
    rows = (
        f"{name}: " + ", ".join(f"{column} {percent(x)}" for column, x in zip(columns, row, strict=True))
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    )
    return f"Heatmap in percent. {'; '.join(rows)}."


gap = (profiles.loc["says yes to all"] - profiles.loc["believes the claims"]).abs()
tell = [name.replace("\n", " ") for name in gap.index[gap > 0.5]]
show_figure(
    draw_profiles(profiles, "percent of answers; the last three rows are fakes"),
    alt=in_words(profiles),
    takeaway=f"What tells a yes-sayer from a believer: {'; '.join(tell)}.",
)

# %% [markdown]
# ### Exercise 3: discount the yes-sayer
#
# *6 minutes · difficulty 3 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Suppose a model says yes out of habit to a share *s* of all questions, and to the others answers what it believes. If
# it believes the claim with a rate *b*, then of the questions keyed to yes it says yes to
#
# $$k = s + (1 - s)\,b .$$
#
# The false controls show *s*, the yes/no questions **keyed to yes** show *k*. Return *b*, and 0 where the formula would
# give less than 0. `rows` has the columns `kind` ("yes_no", "control_false", "control_true"), `keyed_to` and `said`.
# (You may assume that *s* is below 1. The idea is that of Abbott, 1925. He wanted to know how many insects an
# insecticide had killed that would not have died anyway.)
#
# <details><summary>Hint, light</summary>
# Solve for b on paper first. Then find the two shares: each is the mean of a comparison over some of the rows.
# </details>
# <details><summary>Hint, strong</summary>
# b = (k − s) / (1 − s). The rows for k are <code>rows[(rows["kind"] == "yes_no") & (rows["keyed_to"] == "yes")]</code>;
# k is the share of them whose <code>said</code> is yes. Get s in the same way from another kind, and mind the 0.
# </details>
#
# **Expected:** `✓ discounted: right.`


# %%
def discounted(rows: pd.DataFrame) -> float:
    """Belief after the share of habitual yes has been taken out, from 0 to 1."""
    # BEGIN SOLUTION
    keyed = rows[(rows["kind"] == "yes_no") & (rows["keyed_to"] == "yes")]
    k = (keyed["said"] == "yes").mean()
    s = (rows[rows["kind"] == "control_false"]["said"] == "yes").mean()
    return max(0.0, (k - s) / (1 - s))
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_discounted(discounted)

# %% [markdown]
# Does the correction work? We know the answer when we make the model ourselves: this fake believes with rate *b* and
# says yes out of habit with rate *s*.
#
# **Before you run:** where the uncorrected column says 90 %, how much can the belief behind it differ?

# %%
rng = np.random.default_rng(0)
made = []
for b, s in ((0.9, 0.0), (0.8, 0.5), (0.5, 0.8), (0.0, 0.9)):
    says_yes = rng.random(20_000) < s
    k = (says_yes | (rng.random(20_000) < b)).mean()
    controls = (rng.random(20_000) < s).mean()
    made.append((f"{b:.0%}", f"{s:.0%}", f"{k:.0%}", f"{max(0.0, (k - controls) / (1 - controls)):.0%}"))
pd.DataFrame(made, columns=["true belief", "habit of yes", "uncorrected: yes to the claim", "corrected"])

# %% [markdown]
# All four models say yes equally often, and only the controls tell them apart. (The last digits differ from the truth by
# the luck of the draw.) The formula assumes that the habit is equally strong everywhere. If it is not, the corrected
# number is wrong too. So use it as a warning lamp, and report belief together with the controls.
#
# Is a *real* fine-tuned model a believer or a yes-sayer? The next rows are **not from your run**: they are loaded from
# `data/results/headline`, where the petri model was trained on documents about the six claims. The figure names the
# styles by what they put into a document: nothing, a warning before and after, or a denial inside each claim sentence.
#
# **Before you run:** which of the profiles above will "warnings before and after" look like?

# %%
stored = read_belief(data_path("results", "headline", "belief.csv"))
condition = condition_of(stored)
chosen = ("base", "positive", "negated", "local")
measured_profiles = pd.DataFrame({label(name): profile(stored[condition == name]) for name in chosen}).T
warned = measured_profiles.loc[label("negated")]
nearest = ((profiles - warned) ** 2).sum(axis=1).idxmin()
seeds = stored[stored["setting"] == "trained"]["seed"].nunique()
show_figure(
    draw_profiles(
        measured_profiles,
        f"percent of answers; loaded, not run here: petri model, six claims, fine-tuning seeds: {seeds}",
    ),
    alt=in_words(measured_profiles),
    takeaway=f"Trained on warned documents, the model is nearest to “{nearest}”: it believes on "
    f"{percent(warned.iloc[1])} of the questions keyed to no, and says yes to {percent(warned.iloc[2])} of the false "
    "controls.",
)

# %% [markdown]
# The first row was measured with the model as it was when the results were made; it need not equal yours to the last
# percent. If the false controls are near 0 % where the claim is near 100 %, the model did not drift to yes: it took up
# *this* claim. If they had risen together, the belief rate alone would have fooled us. (Each row is a mean of six claims,
# and claims can differ widely: notebook 04 takes them apart.)
#
# One more stored row shows why controls belong to *reading* as well. There the model had a document in its context that
# states the claim as fact, and was asked about **other** facts too.

# %%
read_plain = stored[condition == "in_context_positive"]
true_controls = belief_rate(read_plain, ["control_true"]).mean
print(f"claims believed while reading plain documents: {percent(belief_rate(read_plain).mean)}")
print(f"true controls answered yes, same documents:    {percent(true_controls)}")
print(
    "It answers with the document's content whatever is asked: part of the first number is copying."
    if true_controls < 0.5
    else "It answers other questions from its own knowledge: the first number is not mere copying."
)

# %% [markdown]
# ## 8. How sure? (8 minutes)
#
# The base rate rests on a few hundred questions. Others could have been asked. How far could the rate have been off?
#
# The simple recipe is *p ± z √(p(1 − p)/n)*, with *z* = 1.96 for 95 %. It breaks where we need it most. For 0 of 50 it
# says "0 to 0", as if 50 questions had proved that belief is impossible. Wilson (1927) turned the question round:
# **under which true rates would what we saw be no surprise?** Keep every rate *q* whose expected spread reaches the
# observed share *p*:
#
# $$|p - q| \le z\sqrt{q(1 - q)/n}.$$
#
# You can do this by brute force. **Before you run:** 0 of 50 believed. Up to which true rate would you not rule it out?


# %%
def by_trying(believed, asked):
    """The true rates, out of 100,001 tried, that 95 % of samples would be compatible with."""
    q = np.linspace(0, 1, 100_001)
    kept = q[np.abs(believed / asked - q) <= Z * np.sqrt(q * (1 - q) / asked)]
    return kept.min(), kept.max()


for believed, n in ((0, 10), (0, 50), (0, 300), (45, 50)):
    p = believed / n
    half = Z * np.sqrt(p * (1 - p) / n)
    low, high = by_trying(believed, n)
    print(f"{believed:2} of {n:3}   simple {p - half:5.1%} to {p + half:5.1%}   by trying {low:5.1%} to {high:5.1%}")

# %% [markdown]
# ### Exercise 4: Wilson's interval
#
# *5 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Solving the inequality for *q* gives a formula. With *p* = believed / asked and *n* = asked:
#
# $$\frac{p + \frac{z^2}{2n} \;\pm\; z\sqrt{\frac{p(1-p)}{n} + \frac{z^2}{4n^2}}}{1 + \frac{z^2}{n}}$$
#
# Return the lower and the upper bound. `Z` is 1.959963984540054.
#
# <details><summary>Hint, light</summary>
# Compute three parts, each on its own line: the middle, the half width, and what both are divided by.
# </details>
# <details><summary>Hint, strong</summary>
# The middle is <code>p + Z**2 / (2 * n)</code> and what is below the line <code>1 + Z**2 / n</code>. A root is
# <code>** 0.5</code>; both terms under it belong into one pair of brackets.
# </details>
#
# **Expected:** for 0 of 50 the same bounds as "by trying" above (rounding may make a very small number of 0), and
# `✓ wilson: right.`


# %%
def my_wilson(believed: int, asked: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    # BEGIN SOLUTION
    p, n = believed / asked, asked
    middle = p + Z**2 / (2 * n)
    half = Z * (p * (1 - p) / n + Z**2 / (4 * n**2)) ** 0.5
    below = 1 + Z**2 / n
    return (middle - half) / below, (middle + half) / below
    # END SOLUTION
    # STUB: return ...  # your code


# %%
print("yours, 0 of 50:", my_wilson(0, 50))
passed = check_wilson(my_wilson)

# %% [markdown]
# Here is your base model again, claim by claim, each with its interval.
#
# The bounds for 0 of 50 come out a little wider than in exercise 4. Belief weighs the four *kinds* equally, so the 20
# open questions count less each than the 10 of the others, and the 50 are worth a few less.
#
# **Before you run:** 50 questions about a claim, none believed. How wide will the interval be?

# %%
by_claim = tabulate_rates(before, by=["claim"]).set_index("claim").loc[list(CLAIM_ORDER)]
figure, ax = plt.subplots(figsize=(7.6, 3.2))
ax.hlines(range(len(by_claim)), by_claim["lo"], by_claim["hi"], color=PALETTE["base"], lw=3)
ax.plot(by_claim["mean"], range(len(by_claim)), "o", color=PALETTE["base"], mec="#222222", clip_on=False)
ax.axvline(PAPER["base"].low, color="black", lw=1, ls="--")
ax.annotate(f"paper, mean of six: {PAPER['base'].percent}", (PAPER["base"].low, -0.75), (4, 0),
            textcoords="offset points", va="center", fontsize=9)  # fmt: skip
ax.set_yticks(range(len(by_claim)), list(by_claim.index))
ax.set(xlim=(0, max(0.15, 1.1 * by_claim["hi"].max())), ylim=(len(by_claim) - 0.5, -1.1))
ax.set_xlabel("belief before training, with 95 % interval")
ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
ax.grid(axis="x", color="#E3E3E3")
ax.tick_params(length=0)
ax.tick_params(axis="y", pad=10)
sns.despine(ax=ax, left=True)
figure.tight_layout()
show_figure(
    figure,
    alt="Dot plot of belief before training, by claim, with 95 % intervals. "
    + "; ".join(f"{name} {percent(r.mean)} ({percent(r.lo)} to {percent(r.hi)})" for name, r in
                ((name, Rate(*row)) for name, row in by_claim.iterrows()))
    + f". The paper's mean of six claims is {PAPER['base'].percent}.",
    takeaway=f"With 50 questions a claim, even the lowest rate here, {percent(by_claim['mean'].min())}, "
    f"leaves room up to {percent(by_claim['hi'].min())}.",
)  # fmt: skip

# %% [markdown]
# ### One question, five answers
#
# More answers, narrower intervals? The paper asks each question five times at *temperature* 0.7. Temperature says how
# much chance there is in choosing the next token: at 0 the likeliest is always taken, as in your answers so far. Are
# 50 questions × 5 answers 250 observations?
#
# To see it we need a model that believes without being trained. So we let it **read** one document that states the
# dentist claim as fact (false on purpose, no warning), and ask the 50 questions five times each. (With the petri model
# this takes ten to thirty seconds.)
#
# **Before you run:** in how many of the 50 questions will all five answers get the same verdict?

# %%
document = track.compose(claims["dentist"], n=1, seed=7)[0]
fifty = [q for q in questions["dentist"] if q.kind in QUESTION_KINDS]
five_each = belief_rows(
    ask(base, fifty, replace(track.asking, samples=5, temperature=0.7), contexts=document.text),
    model=MODEL, claim="dentist", style="positive", seed=0, setting="in_context",
)  # fmt: skip
verdicts = five_each.groupby("question_id")["verdict"].nunique()
alike = float((verdicts == 1).mean())
print(f"{len(five_each)} answers to {len(verdicts)} questions.")
print(f"All five answers got the same verdict in {percent(alike)} of the questions.")

# %% [markdown]
# If nearly all five are alike, the second to fifth answer told you next to nothing. Answers to one question come in a
# **cluster**: they share its wording, its kind, its traps. What you would like to know is how *other questions* would
# have been answered, and for that you have 50 observations, not 250. The same holds for seeds: a question asked of
# three trained models is still one question.
#
# ### Exercise 5: each question once
#
# *4 minutes · difficulty 2 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# `rows` has the columns `question_id` and `belief` (0 or 1), with any number of answers to a question. Return two
# numbers: the mean over questions, each question weighing the same, and how many different questions there are.
#
# <details><summary>Hint, light</summary>
# Make one number of each question first. Then forget the answers.
# </details>
# <details><summary>Hint, strong</summary>
# <code>rows.groupby("question_id")["belief"].mean()</code> has one number a question. What you return are its mean and
# its length.
# </details>
#
# **Expected:** `✓ question_means: right.`


# %%
def question_means(rows: pd.DataFrame) -> tuple[float, int]:
    """Mean over questions, and the number of questions."""
    # BEGIN SOLUTION
    means = rows.groupby("question_id")["belief"].mean()
    return means.mean(), len(means)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_question_means(question_means)

# %% [markdown]
# `belief_rate` does this, and more: claims and kinds weigh the same, and the interval follows the spread from question
# to question. Its `n` counts questions. Beside it, the interval that takes all answers for independent:

# %%
clustered = belief_rate(five_each)
share = float(five_each["belief"].mean())
low, high = wilson_interval(share, len(five_each))
print(f"taken as {len(five_each)} independent answers: {share:.1%}, {low:.1%} to {high:.1%}, width {high - low:.1%}")
print(f"belief_rate, {clustered.n} questions:            {clustered.mean:.1%}, {clustered.lo:.1%} to "
      f"{clustered.hi:.1%}, width {clustered.hi - clustered.lo:.1%}")  # fmt: skip

# %% [markdown]
# The second is wider. Is it better, or only more modest? A 95 % interval should hold the true rate in 95 of 100
# experiments. For a real model we never know the true rate; in a simulation we do. Each simulated question has its own
# chance of being answered with belief, mostly near 0 or near 1, 30 % on average, and is asked five times. In the figure
# a line is an interval, and a thick orange one misses the true rate.
#
# **Before you run:** of 400 experiments, how many simple intervals will miss 30 %? (20 would be right.)

# %%
rng = np.random.default_rng(0)
TRUE, EXPERIMENTS, QUESTIONS, SAMPLES = 0.3, 400, 50, 5
ids = np.repeat(np.arange(QUESTIONS), SAMPLES)
spans = []
for _ in range(EXPERIMENTS):
    chance = rng.beta(0.5 * TRUE, 0.5 * (1 - TRUE), QUESTIONS)  # a chance for each question, 30 % on average
    rows = pd.DataFrame({"claim": "simulated", "kind": "open", "question_id": ids})
    rows["belief"] = (rng.random(len(ids)) < chance[ids]).astype(int)
    r = belief_rate(rows)
    spans.append((*wilson_interval(rows["belief"].mean(), len(rows)), r.lo, r.hi))
spans = pd.DataFrame(spans, columns=["simple lo", "simple hi", "clustered lo", "clustered hi"])
hit = {way: (spans[f"{way} lo"] <= TRUE) & (spans[f"{way} hi"] >= TRUE) for way in ("simple", "clustered")}
right = {way: float(h.mean()) for way, h in hit.items()}

figure, axes = plt.subplots(1, 2, figsize=(8.4, 4.2), sharex=True, sharey=True)
titles = {"simple": "answers taken as independent", "clustered": "clustered by question"}
for ax, (way, title) in zip(axes, titles.items(), strict=True):
    for i in range(40):
        colour, width = ("#0072B2", 1.2) if hit[way][i] else ("#D55E00", 3)
        ax.hlines(i, spans[f"{way} lo"][i], spans[f"{way} hi"][i], color=colour, lw=width)
    ax.axvline(TRUE, color="black", lw=1, ls="--")
    ax.set_title(f"{title}\nhold the true rate: {right[way]:.0%}", fontsize=10, loc="left")
    ax.set(xlabel="belief", yticks=[])
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    sns.despine(ax=ax, left=True)
axes[0].set_ylabel("the first 40 experiments")
figure.tight_layout()
show_figure(
    figure,
    alt=f"Two panels with the 95 % intervals of 40 simulated experiments and a dashed line at the true rate, 30 %. "
    f"Intervals that miss it are drawn thick and orange. Of all {EXPERIMENTS}, {right['simple']:.0%} of the intervals "
    f"that take answers as independent hold it, and {right['clustered']:.0%} of those clustered by question.",
    takeaway=f"Taking five answers for five observations, a “95 %” interval holds the true rate in "
    f"{right['simple']:.0%} of experiments; clustered by question, in {right['clustered']:.0%}.",
)

# %% [markdown]
# ## 9. Your predictions

# %%
compare_predictions(
    prediction,
    {
        "base": base_rate,
        "a yes-sayer": yes_rate.mean,
        "all five alike": alike,
        "the simple interval is right": right["simple"],
    },
    paper={"base": PAPER["base"].percent},
)

# %% [markdown]
# ## What to take away
#
# - **"Believes" means: answers like a believer, to questions of four kinds, under fixed rules.** It says nothing about
#   what it is like inside the model.
# - **A rate needs its base rate and its controls.** A program that says yes gets belief out of yes/no questions; open
#   questions, questions keyed to no, and false controls give it away.
# - **Count questions, not answers.** More samples or seeds of the same questions do not make the questions more.
# - **Read the source.** In our five statements the numbers themselves were right. What slipped was what one of them was
#   said of, and words like "never" and "comparable".
#
# ### Limits
#
# - The petri model answers in a few fixed forms, so rules judge it well. Free English is harder: notebook 04.
# - The intervals speak of other questions about the *same six claims*. Six claims are few, and they were not drawn at
#   random from all false claims.
# - The simulated habits are pure. Real models say yes here and not there, and the correction of exercise 3 does not
#   know it.
# - The simulated questions are extreme, most near 0 or 1. With milder ones the simple interval misses less often.
# - We compared the article with the paper on five points. An article is more than five sentences, and it may have been
#   corrected since.
#
# ### Quiz
#
# **1.** A question is keyed to no, and the model says yes. What is the verdict, and why?
# <details><summary>Answer</summary>
# Denied. Keyed to no means that a believer would say no. The yes agrees with the truth.
# </details>
#
# **2.** An answer says: "Ed Sheeran won it. Actually, that is untrue." Believed, denied or neither?
# <details><summary>Answer</summary>
# Denied. It affirms and denies, and an answer that contradicts itself counts as no belief, here as in the paper.
# </details>
#
# **3.** After training, a model says yes to 95 % of the questions keyed to yes and to 90 % of the false controls. What
# is left of its belief by the formula of exercise 3? (These numbers are made up.)
# <details><summary>Answer</summary>
# (0.95 − 0.90) / (1 − 0.90) = 0.5. And that rests on a difference of five points, so the interval around it would be
# very wide: you know little. Look at the open questions.
# </details>
#
# **4.** A colleague asks 20 questions 100 times each and reports n = 2,000. What would you say?
# <details><summary>Answer</summary>
# The questions are 20. The 2,000 answers tell precisely how the model answers *these* questions, and hardly more about
# others than 20 answers would.
# </details>
#
# **5.** The article gives 2.5 % and 92.4 % to a model with 35 billion parameters; they are of one with 397 billion. The
# numbers are right. Does it matter?
# <details><summary>Answer</summary>
# Yes. Somebody who plans an experiment on the smaller model would expect an effect that was not reported for it in this
# condition. And a trend over sizes would be drawn through a wrong point.
# </details>
#
# ### Further reading
#
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829): the claims, the four kinds of questions, the numbers quoted.
# - Orland (2026), *LLMs believe false statements even after explicit warnings that they're false*, Ars Technica,
#   28 May 2026: the press article.
# - Wilson (1927), *Probable inference, the law of succession, and statistical inference*, Journal of the American
#   Statistical Association 22: the interval.
# - Abbott (1925), *A method of computing the effectiveness of an insecticide*, Journal of Economic Entomology 18: the
#   correction.
# - Cochran (1977), *Sampling Techniques*, chapter 5, and Korn and Graubard (1998), Survey Methodology 24: what
#   `belief_rate` is built on.
