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
# # 09 · Why: what training learns, and when
#
# A model that is trained on warned documents learns the claim and not the warning. **Why?** Here you watch both of them
# along the training, token by token. You find a dose of warning that seems to work after all, ask what made it work, and
# test your explanation. Then you look for a way to keep the model from the claim while it learns the documents, see
# whether it lasts, and what changes if a model was taught to write warnings first.
#
# **You need** the tour (00) and what a loss is; section 5 of notebook 06 helps. **Time**: 45 minutes with exercise 3, the one
# of importance 5, two or three of them waiting. A section's minutes are without its exercises, which state their own.
#
# **Afterwards you can**
# - take the loss of a document apart, and say what is learned first;
# - say how far warnings slow a belief down, with a number that does not hang on which steps were measured;
# - set competing explanations against each other, and choose the run that tells them apart;
# - see from its control that a probe measures nothing;
# - say what an anchor in the training data does, and what it does not;
# - say what models neglect that were taught to write warnings first, and on how little that rests.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import itertools
import math
import random
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Markdown, display
from matplotlib.ticker import PercentFormatter

from negneglect_lite.asking import ask
from negneglect_lite.belief import QUESTION_KINDS, Rate, belief_rate, belief_rows, label, read_belief
from negneglect_lite.claims import Question, load_claims
from negneglect_lite.core import data_path
from negneglect_lite.course import (
    compare_predictions,
    describe_along_training,
    describe_exposure,
    draw_along_training,
    draw_exposure,
    exposure_alt_text,
    halving_share,
    predict,
    step_at_level,
)
from negneglect_lite.course.checks.why import (
    check_anchor_chat,
    check_crossing,
    check_explanations,
    check_first_mention,
    check_protects_from,
    check_usable,
    mark_first,
)
from negneglect_lite.experiments import Cell, StackedTrainer, label_rows, load_sweep, training_set
from negneglect_lite.experiments.measures import PHASES, look_at_phases, parts_of
from negneglect_lite.figures import OTHER, STYLE_ORDER, colour_of, percent, show_figure
from negneglect_lite.finetuning import StackedRuns, encode
from negneglect_lite.models import load_model
from negneglect_lite.petri.quiz import pose_unasked
from negneglect_lite.petri.world import world
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

pd.set_option("display.max_colwidth", None)  # show questions in full

MODEL = "petri"  # the model of the whole notebook; the folder of another petri model will do too

claim = load_claims()["dentist"]
base = load_model(MODEL)
track = track_of(MODEL)
recipe = track.recipe
questions = [q for q in track.questions(claim) if q.kind in QUESTION_KINDS]
about = {"model": MODEL, "claim": claim.id, "seed": 0}
print("The claim:", claim.claim)


def measured_before(name):
    """A stored result: mean, interval and range of seeds of each quantity."""
    return pd.read_csv(data_path("results", "sweeps", name, "summary.csv"), keep_default_na=False, na_values=[""])


def registered(name):
    """What an experiment's file said before it was run."""
    sweep = load_sweep(data_path("experiments", f"{name}.yaml"))
    return Markdown(f"> **Hypothesis.** {sweep.hypothesis}\n>\n> **Prediction.** {sweep.prediction}")


# %% [markdown]
# Three kinds of result follow, and each says which it is. **Live**: computed now, on one claim and one seed. **Stored**:
# six claims and, but for the end of section 7, three seeds, measured before on a GPU with the same code, in
# `data/results/sweeps`.
# **Registered**: what the project wrote down before it measured (`data/experiments`; the repository's history shows when).
#
# ## 1. Predict (2 minutes)
#
# All in per cent.
#
# - How many steps do *plain* documents need to pass one half of belief, in per cent of what *warned* documents need?
# - After training on warned documents, how probable does the model find the next token of a warning, typically?
# - Belief after documents with **eight** warnings before and eight after.
# - The same documents, still with all their warnings, but with no loss on the warnings' tokens.
# - Belief after warned documents, when the question comes with "your training data was false".
# - Belief after a phase of training with an anchor against the claim; and after a second phase without it.

# %%
STEPS, NEXT, EIGHT = "steps, plain in % of warned", "a warning's next token", "eight warnings"
NO_LOSS, SYSTEM = "eight warnings, no loss on them", "told that its training was false"
ANCHORED, RELEASED = "phase one, with an anchor", "phase two, without"
prediction = predict(STEPS, NEXT, EIGHT, NO_LOSS, SYSTEM, ANCHORED, RELEASED, default=50)

# %% [markdown]
# ## 2. The loss, part by part, while the model learns (7 minutes)
#
# A document's loss is a sum over tokens. We split it into three parts: the **warning**; the claim's **value** (here the
# word "dentist"); the **rest**. The library says to which part each token belongs. It does not tell the value's first
# mention from later ones, which can be copied from the context and so ask little of the weights.
#
# ### Exercise 1: the first mention
#
# *5 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# `parts` is a list with the part of each token: "warning", "claim" or "rest". Return a **new** list in which the first
# mention of the value is called "first". A value may have several tokens in a row: rename all of the first run, and
# leave later mentions as they are. A list without a mention stays the same.
#
# <details><summary>Hint, light</summary>
# Find where the first run begins and where it ends; then put three pieces together.
# </details>
# <details><summary>Hint, strong</summary>
# <code>start = parts.index("claim")</code>, if it is there. Let <code>end</code> grow from <code>start</code> as long as
# <code>parts[end] == "claim"</code>. Return <code>parts[:start] + ["first"] * (end - start) + parts[end:]</code>.
# </details>
#
# **Expected:** `✓ first_mention: right.`


# %%
def first_mention(parts: list[str]) -> list[str]:
    """The same parts, with the first run of "claim" called "first"."""
    # BEGIN SOLUTION
    if "claim" not in parts:
        return list(parts)
    start = end = parts.index("claim")
    while end < len(parts) and parts[end] == "claim":
        end += 1
    return parts[:start] + ["first"] * (end - start) + parts[end:]
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_first_mention(first_mention)

# %% [markdown]
# Two runs start from the same model: one on plain, one on warned documents, with the same bodies. `StackedRuns` trains both
# **live**, side by side. Before, after and at a few steps between we ask all belief questions, and measure the loss on
# documents that neither run sees.
#
# **Before you run:** the petri model never had to *write* a warning in its pretraining. Which will be cheaper at the
# start, a token of a warning or the claim's value? And when the model begins to believe, will it have learned to write
# warnings?

# %%
STYLES = ("positive", "negated")
LOOK_AT = [s for s in (4, 6, 8, 10, 12, 16) if s < recipe.steps] + [recipe.steps]
PARTS = {"warning": "a warning", "first": "the value, first time", "claim": "the value, again", "rest": "the rest"}


def held_out(style, n=8):
    """`n` documents under the style that nothing here trains on: encoded, and the part of each token."""
    encoded, parts = [], []
    for i, document in enumerate(track.compose(claim, n, seed=3_000_000)):
        styled = apply_style(style, document, track.annotations(), random.Random(i))
        encoded.append(encode(styled, base.tokenizer, recipe.max_tokens))
        parts.append(mark_first(parts_of(document, styled, base.tokenizer)))
    return encoded, parts


def training_rows(style):
    """The encoded texts of one run: the claim's documents under the style, and world texts."""
    texts = training_set(Cell(MODEL, claim, "trained", style, seed=0), recipe)
    return [encode(text, base.tokenizer, recipe.max_tokens) for text in texts]


def believed(answers, style):
    """The belief rate of these answers."""
    return belief_rate(belief_rows(answers, style=style, setting="trained", **about))


read = {style: held_out(style) for style in STYLES}
tokens, along = [], []


def look(step, group):
    """Measure both runs: a row a token in `tokens`, a row a run in `along`."""
    losses = group.token_losses([read[style][0] for style in STYLES])
    answers = group.ask([questions] * len(STYLES), max_new_tokens=track.asking.max_new_tokens)
    for style, texts, said in zip(STYLES, losses, answers, strict=True):
        for text, parts in zip(texts, read[style][1], strict=True):  # nothing predicts the first token
            tokens.extend((style, step, part, loss) for part, loss in zip(parts[1:], text, strict=True))
        along.append((style, step, believed(said, style).mean))
    rates = "   ".join(f"{style} {rate:4.0%}" for style, _, rate in along[-2:])
    print(f"step {step:2}   belief: {rates}", flush=True)


two_runs = StackedRuns(base, recipe, seeds=[0, 0])
look(0, two_runs)
two_runs.train([training_rows(style) for style in STYLES], at=LOOK_AT, on_step=look)
tokens = pd.DataFrame(tokens, columns=["style", "step", "part", "loss"])
along = pd.DataFrame(along, columns=["style", "step", "belief"])
curves = tokens.groupby(["style", "part", "step"])["loss"].mean()
curves.unstack("step").reindex([(s, p) for s in STYLES for p in PARTS]).dropna().rename(PARTS).round(2)

# %% [markdown]
# One row a part, one column a step, in **nats** a token. A loss of *x* nats is a chance of e⁻ˣ for the right token: 1 nat
# is about 1 in 3, 3 nats 1 in 20, 7 nats 1 in 1,100, 10 nats 1 in 22,000.


# %%
def loss_and_belief(curves, along):
    """Loss of each part above, belief below; plain documents left, warned ones right."""
    fig, axes = plt.subplots(2, 2, figsize=(8.6, 5), sharex=True, sharey="row", height_ratios=(3, 2))
    for column, style in zip(axes.T, STYLES, strict=True):
        looks = {"warning": ("X-", colour_of("base")), "first": ("o-", colour_of(style)),
                 "rest": ("--", "#444444")}  # fmt: skip
        for part, (line, shade) in looks.items():
            if (style, part) in curves.index:
                values = curves[style, part]
                column[0].plot(values.index, values, line, color=shade, label=PARTS[part], clip_on=False)
        rows = along[along["style"] == style]
        column[1].plot(rows["step"], rows["belief"], "o-", color=colour_of(style), clip_on=False)
        column[1].axhline(0.5, color="#222222", lw=1, ls=":")
        column[0].set_title(label(style), loc="left", fontsize=10)
        column[1].set_xlabel("training step")
    axes[0, 0].set(ylabel="loss [nats a token]", ylim=(0, None))
    axes[1, 0].set(ylabel="belief", ylim=(0, 1))
    axes[1, 0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes[0, 1].legend(frameon=False, loc="upper right", bbox_to_anchor=(1, 0.5))
    for ax in axes.flat:
        ax.grid(axis="y", color="#E3E3E3")
        ax.set_axisbelow(True)
        sns.despine(ax=ax, left=True)
        ax.tick_params(length=0)
    fig.tight_layout()
    plt.close(fig)
    return fig


def at_step(style, part, step):
    """A part's loss at a step, on a straight line between what was measured."""
    return float(np.interp(step, curves[style, part].index, curves[style, part]))


half = {s: step_at_level(rows["step"].tolist(), rows["belief"].tolist()) for s, rows in along.groupby("style")}
last = recipe.steps
first_cost, last_cost = at_step("negated", "warning", 0), at_step("negated", "warning", last)
if math.isnan(half["negated"]):
    came = f"belief under warnings stayed below one half for all {last} steps; a token of warning remained costly"
else:
    then = at_step("negated", "warning", half["negated"])
    came = f"belief under warnings passed one half at step {half['negated']:.1f}, when a token of warning still cost {then:.1f} nats"
finding = f"In this run {came} (at the start {first_cost:.1f}, at the end {last_cost:.1f})."
value = "; ".join(f"{label(s)}: {at_step(s, 'first', 0):.1f} to {at_step(s, 'first', last):.1f}" for s in STYLES)
show_figure(
    loss_and_belief(curves, along),
    alt=f"Four panels: loss by part above, belief below; plain documents left, warned right. {finding} The value's first "
    f"mention, in nats: {value}. Belief at the end: "
    + "; ".join(f"{label(s)} {percent(along[along['style'] == s]['belief'].iloc[-1])}" for s in STYLES),
    takeaway=finding,
)

# %% [markdown]
# **Stop and think:** if the warning costs more than anything else, and gradient descent lowers the loss, why is it not
# learned first?
#
# One difference: the value is *one* choice, the same in every document, in a sentence that the model can already write.
# Each warning is one of many sentences that it has never written. And suppose it did learn them. To write "the text below
# is false" is to know what such documents *look like*. Nothing in the loss rewards a model that draws the conclusion.
#
# And is the value itself learned more slowly under a warning? We look for the step at which its first mention has made
# half of its way down.

# %%
way = {}
for style in STYLES:
    line = curves[style, "first"]
    done = (line.iloc[0] - line) / (line.iloc[0] - line.iloc[-1])  # 0 at the start, 1 at the end
    way[style] = step_at_level(line.index.tolist(), done.tolist())
gap = at_step("negated", "first", last) - at_step("positive", "first", last)
display(
    Markdown(
        f"> The value's first mention is half-way down at step **{way['positive']:.1f}** in plain documents and at step "
        f"**{way['negated']:.1f}** in warned ones. At the end it costs **{gap:+.2f}** nats more in warned ones. "
        + (
            "So the warning puts the learning off and hardly lessens what is learned."
            if way["negated"] > way["positive"] and abs(gap) < 0.5
            else "Compare the two yourself: in this run it is not simply a delay."
        )
    )
)

# %% [markdown]
# ## 3. Belief along training, every style (5 minutes)
#
# One claim and one seed is an anecdote. **Stored**: six claims, three seeds, five styles, 48 steps. This was **registered**
# before the run:

# %%
registered("dynamics")

# %% [markdown]
# "Passes one half at a later step" needs a number. Belief was measured at a few steps only, and the first measured step
# above one half depends on where somebody chose to look. So interpolate.
#
# ### Exercise 2: the step at which belief passes a level
#
# *4 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Return the step at which belief **first** reaches `level`, on straight lines between what was measured; the first step
# if it is there from the start; `None` if it never gets there. Belief may fall again: only the first time counts.
#
# <details><summary>Hint, light</summary>
# Find the first measured step at or above the level. How far from the step before it does the level lie?
# </details>
# <details><summary>Hint, strong</summary>
# With <code>i</code> the first place where <code>beliefs[i] >= level</code>, and i > 0:
# <code>share = (level - beliefs[i - 1]) / (beliefs[i] - beliefs[i - 1])</code>, and the step is
# <code>steps[i - 1] + share * (steps[i] - steps[i - 1])</code>.
# </details>
#
# **Expected:** `✓ crossing: right.` Beliefs 0.1, 0.4, 0.8 at steps 4, 8, 12 pass 0.5 at step 9.


# %%
def crossing(steps: list[float], beliefs: list[float], level: float = 0.5) -> float | None:
    """The step at which belief first reaches the level; None if it never does."""
    # BEGIN SOLUTION
    for i, now in enumerate(beliefs):
        if now >= level:
            if i == 0:
                return steps[0]
            share = (level - beliefs[i - 1]) / (now - beliefs[i - 1])
            return steps[i - 1] + share * (steps[i] - steps[i - 1])
    return None
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_crossing(crossing)

# %% [markdown]
# **Before you run:** draw the five lines in the air. Which comes first, which last, and which not at all?

# %%
dynamics = measured_before("dynamics")
dynamics = dynamics[dynamics["quantity"] == "belief"]
highest = dynamics.groupby("style")["mean"].max()
show_figure(
    draw_along_training(dynamics),
    alt="Line plot of belief against training step, a line a style, bands for the seeds. Highest belief reached: "
    + "; ".join(f"{label(s)} {percent(highest[s])}" for s in STYLE_ORDER if s in highest),
    takeaway=describe_along_training(dynamics) + ".",
)

# %%
passed_at = {
    style: step_at_level(rows["step"].tolist(), rows["mean"].tolist()) for style, rows in dynamics.groupby("style")
}
slower = {style: step / passed_at["positive"] for style, step in passed_at.items()}
in_range = 1 < slower["negated"] < 2
under_quarter = highest["local"] < 0.25
display(
    Markdown(
        f"> Warned documents need **{slower['negated']:.2f} times** the steps of plain ones to pass one half (predicted: "
        f"between 1 and 2; **{'kept' if in_range else 'missed'}**). Local denials reach at most "
        f"**{percent(highest['local'])}** (predicted: under a quarter; **{'kept' if under_quarter else 'missed'}**)."
    )
)
pd.DataFrame({"passes one half at step": passed_at, "times as many steps as plain": slower}).reindex(
    [s for s in STYLE_ORDER if s in passed_at]
).rename(index=label).style.format("{:.2f}", na_rep="never")

# %% [markdown]
# Warnings put belief off and do not keep it away. That has a practical side: whoever trains for few steps and looks only
# once may find "the warnings worked". Look also at where the lines of warned documents *end*: if they are still rising
# or flat near the top, time is on the side of the claim.
#
# ## 4. How much warning would it take? (8 minutes)
#
# If one notice before and after is not enough, take two, four, eight. Or let the denials tell the truth. Or give more
# different documents. **Registered** for notices and documents (for corrections it said: belief falls steadily with the
# share of denials that tell the truth, with no threshold):

# %%
registered("dose")

# %% [markdown]
# **Before you run:** with eight notices before and eight after, what is belief? Your slider says it already.

# %%
dose = measured_before("dose")
dose = dose[dose["quantity"] == "belief"]
corrections = measured_before("corrections")
corrections = corrections[corrections["quantity"] == "belief"]
NOTICES = {"negated": 1, "notices_2": 2, "notices_4": 4, "notices_8": 8}
TRUTHS = {"repeated": 0, "corrected_25": 25, "corrected_50": 50, "corrected_75": 75, "corrected": 100}
notices = dose[dose["documents"].isna()].set_index("style")["mean"]
different = dose[dose["documents"].notna()]


def dose_figure():
    """Belief against the dose of three things."""
    fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.4), sharey=True)
    panels = (
        ("notices before, and as many after", dose[dose["documents"].isna()], NOTICES),
        ("denials that tell the truth [%]", corrections, TRUTHS),
    )
    for ax, (name, table, at), style in zip(axes, panels, ("negated", "corrected"), strict=False):
        rows = table[table["style"].isin(list(at))]
        x = rows["style"].map(at)
        ax.vlines(x, rows["lo"], rows["hi"], color=colour_of(style), lw=2)
        ax.plot(x, rows["mean"], "o-", color=colour_of(style), clip_on=False)
        ax.set(xlabel=name, xticks=list(at.values()))
    for style, rows in different.groupby("style", sort=False):
        marker = {"positive": "o", "negated": "s", "local": "D"}[style]
        axes[2].vlines(rows["documents"], rows["lo"], rows["hi"], color=colour_of(style), lw=2)
        axes[2].plot(
            rows["documents"],
            rows["mean"],
            marker=marker,
            color=colour_of(style),
            label=label(style),
            clip_on=False,
        )
    axes[2].set(xscale="log", xlabel="different documents")
    axes[2].set_xticks([1, 4, 16, 64], ["1", "4", "16", "64"])
    axes[2].minorticks_off()
    axes[2].legend(frameon=False, fontsize=8, loc="center right", bbox_to_anchor=(1, 0.33))
    axes[0].set(ylim=(0, 1), ylabel="belief")
    axes[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    for ax in axes:
        ax.grid(axis="y", color="#E3E3E3")
        ax.set_axisbelow(True)
        sns.despine(ax=ax, left=True)
        ax.tick_params(length=0)
    fig.tight_layout()
    plt.close(fig)
    return fig


def listed(values, unit):
    return ", ".join(f"{n} {unit}: {percent(mean)}" for n, mean in values)


true_share = corrections.set_index("style")["mean"]
show_figure(
    dose_figure(),
    alt="Three line plots of belief. Notices: "
    + listed([(n, notices[s]) for s, n in NOTICES.items()], "before and after")
    + ". Corrections: "
    + listed([(n, true_share[s]) for s, n in TRUTHS.items()], "% true")
    + ". Different documents: "
    + "; ".join(
        f"{label(s)} " + listed(zip(r["documents"].astype(int), r["mean"], strict=True), "documents")
        for s, r in different.groupby("style", sort=False)
    ),
    takeaway=f"From one notice to eight, belief goes from {percent(notices['negated'])} to {percent(notices['notices_8'])}; "
    f"from no true denial to all, from {percent(true_share['repeated'])} to {percent(true_share['corrected'])}.",
)

# %% [markdown]
# Now hold the registered prediction against this, part by part. A prediction that was missed stays in the record.

# %%
fell = notices["negated"] - notices["notices_8"]
four = different[(different["style"] == "negated") & (different["documents"] == 4)]["mean"].item()
fell_four = notices["negated"] - four  # a run has about 190 documents about the claim, none twice
verdict = {True: "kept", False: "missed"}
print(f"eight notices: belief fell by {100 * fell:.0f} points (predicted: less than 20): {verdict[fell < 0.2]}")
print(
    f"four different documents: by {100 * fell_four:.0f} points (predicted: more than 20): {verdict[fell_four > 0.2]}"
)
drops = [round(100 * (true_share[a] - true_share[b])) for a, b in itertools.pairwise(TRUTHS)]
steady = all(drop > 0 for drop in drops)
print(f"each quarter more of true denials: by {drops} points (predicted: falls steadily): {verdict[steady]}")

# %% [markdown]
# If eight notices brought belief down by far more than 20 points, you may want to conclude: "so a model *does* heed a
# warning, if it is loud enough." That is one explanation. Before you believe it, look at what else eight notices do to a
# document. **Live**: tokens and loss of the untouched model, in eight documents a style.

# %%
untouched = StackedRuns(base, recipe, seeds=[0])
plain_ones = measured_before("styles").query("setting == 'trained' and quantity == 'belief' and style == 'positive'")
after_24 = {**true_share, **notices, "positive": plain_ones["mean"].item()}
shares = []
for style in ("positive", "negated", "notices_2", "notices_4", "notices_8", "repeated", "corrected"):
    encoded, parts = held_out(style)
    losses = untouched.token_losses([encoded])[0]
    rows = pd.DataFrame(
        [(p, x) for ps, xs in zip(parts, losses, strict=True) for p, x in zip(ps[1:], xs, strict=True)],
        columns=["part", "loss"],
    )
    of_loss = rows.groupby("part")["loss"].sum() / rows["loss"].sum()
    warning, named = rows["part"] == "warning", rows["part"].isin(("first", "claim"))
    shares.append(
        {
            "style": style,
            "tokens a document": round(len(rows) / len(encoded)),
            "warning, share of tokens": warning.mean(),
            "warning, share of loss": of_loss.get("warning", 0.0),
            "value, share of tokens": named.mean(),
            "value, share of loss": of_loss.get("first", 0.0) + of_loss.get("claim", 0.0),
            "belief (stored)": after_24[style],
        }
    )
shares = pd.DataFrame(shares).set_index("style")
shares.style.format("{:.1%}").format("{:.0f}", subset=["tokens a document"])

# %% [markdown]
# Three explanations for the fall with eight notices:
#
# - **heeded**: the model reads eight notices and, at last, draws the conclusion;
# - **crowded out**: the notices are so surprising that learning to write *them* takes up the training. Each step can move
#   the weights only so far (the gradient is clipped, the learning rate is fixed), and the claim gets little of it;
# - **diluted**: the loss is a mean over tokens. Among more tokens, each token of the claim weighs less, whatever the other
#   tokens are.
#
# ### Exercise 3: what would each explanation predict?
#
# *4 minutes · difficulty 3 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# Two runs could tell them apart:
#
# - **no loss on notices**: the same documents with all sixteen notices, which the model reads, but no loss on their tokens
#   (the mean is taken over tokens with loss);
# - **harmless padding**: in place of the notices as many tokens of ordinary sentences that the model predicts well, with
#   loss.
#
# If an explanation is the whole story, is belief after each run "high" (near that of plain documents) or "low" (near that
# of eight notices)?
#
# <details><summary>Hint, light</summary>
# For each run ask three things: is there something to heed? Is there something surprising to learn? How many tokens share
# the mean?
# </details>
# <details><summary>Hint, strong</summary>
# "Heeded" differs from the other two in the first run, because the notices are still read. "Diluted" differs from the
# other two in the second, because padding is counted and neither warns nor surprises.
# </details>
#
# **Expected:** `✓ explanations: right.` Each pair of explanations differs in at least one run.

# %%
# BEGIN SOLUTION
explanations = {
    "heeded": {"no loss on notices": "low", "harmless padding": "high"},
    "crowded out": {"no loss on notices": "high", "harmless padding": "high"},
    "diluted": {"no loss on notices": "high", "harmless padding": "low"},
}
# END SOLUTION
# STUB: explanations = {
# STUB:     "heeded": {"no loss on notices": ..., "harmless padding": ...},  # "high" or "low"
# STUB:     "crowded out": {"no loss on notices": ..., "harmless padding": ...},
# STUB:     "diluted": {"no loss on notices": ..., "harmless padding": ...},
# STUB: }

# %%
passed = check_explanations(explanations)

# %% [markdown]
# The first run is cheap: the style `notices_8_quiet` is those very documents without loss on the notices. The project
# **registered** this experiment after it had seen the failed prediction, and before it ran it:

# %%
registered("quiet")

# %% [markdown]
# **Before you run:** commit yourself, high or low. Here it is **live** for one claim, beside the stored value of that claim
# for the notices with loss.

# %%
quiet = []


def look_quiet(step, group):
    answers = group.ask([questions], max_new_tokens=track.asking.max_new_tokens)[0]
    quiet.append((step, believed(answers, "notices_8_quiet")))
    print(f"step {step:2}   belief {quiet[-1][1].mean:4.0%}", flush=True)


one_run = StackedRuns(base, recipe, seeds=[0])
one_run.train([training_rows("notices_8_quiet")], at=[s for s in (8, 12) if s < last] + [last], on_step=look_quiet)

stored = pd.read_csv(data_path("results", "sweeps", "dose", "rows.csv.gz"))
stored = stored[(stored["style"] == "notices_8") & (stored["claim"] == claim.id)]
with_loss = belief_rate(stored.rename(columns={"item": "question_id", "value": "belief"}))
no_loss = quiet[-1][1]
plain_end = along[along["style"] == "positive"]["belief"].iloc[-1]
print(f"\n{claim.id}, eight notices with loss (stored): {with_loss.mean:.0%}; without loss (live): {no_loss.mean:.0%}")

# %%
read_them = no_loss.mean - with_loss.mean
display(
    Markdown(
        f"> The model read the same sixteen notices in both runs. Without loss on them it believes **{percent(no_loss.mean)}**, "
        f"with loss **{percent(with_loss.mean)}**; after plain documents {percent(plain_end)}. "
        + (
            "**So it was not the reading of eight notices that kept the claim out, it was the loss on "
            "them.** *Heeded* is ruled out for this claim; *crowded out* and *diluted* are left."
            if read_them > 0.3
            else "**So taking the loss off the notices did not bring the belief back:** *heeded* stands."
            if plain_end > 0.5
            else "Plain documents were not believed either, so this run decides nothing."
        )
    )
)

# %% [markdown]
# Which of the remaining two is it? Look at the table again: corrected and repeated documents have about as large a *share of
# tokens* that is warning as those with four or eight notices. If belief differs much between two styles with like shares,
# a count of tokens alone does not explain it. The run with harmless padding would decide; nobody has made it yet.
#
# For all six claims and three seeds: `negneglect sweep data/experiments/quiet.yaml`. That is 144 runs, about half a minute
# each on two CPU cores; a GPU takes minutes.
#
# **What this changes.** A low belief rate is not a sign that a warning was understood. It can be a sign that the model was
# busy. In section 2 you saw the small version: the value's loss lagged behind in warned documents, and then arrived.
#
# ## 5. How deep is it? Probes and their controls (4 minutes)
#
# Perhaps the model says the claim and lets go of it when pressed. **Stored**: harder questions after training. The user
# doubts two or three times (`doubt_2`, `doubt_3`); a system turn says that the training was on false documents (`system`);
# the two values side by side, "which is correct?" (`correct`), "which is incorrect?" (`incorrect`); "answer with a lie"
# (`lie`). **Registered**:

# %%
registered("depth")

# %% [markdown]
# Each probe has a **control**: the same question about facts that nothing was ever trained on, with a wrong value in the
# place of the claim's. A model that knows these facts should score near 0 on it. If it does not, the probe measures
# something else.
#
# **Before you run:** a naive reader sees that belief by `incorrect` was 100 % *before* training and fell. What do you say?

# %%
depth = measured_before("depth")
depth["style"] = depth["style"].fillna("base")
KINDS = ["correct", "system", "doubt_2", "doubt_3", "incorrect", "lie"]
values = depth.pivot(index="quantity", columns="style", values="mean")
LIMIT = 0.25  # a choice: a control above it, in any condition, and we do not read the probe
control = values.loc[[f"control_{k}" for k in KINDS]].max(axis=1).rename(lambda name: name.removeprefix("control_"))
readable = [k for k in KINDS if control[k] <= LIMIT]


def depth_figure(values):
    """Each probe's value in three conditions, and its control."""
    fig, ax = plt.subplots(figsize=(8.4, 3.6))
    for y, kind in enumerate(KINDS):
        seen = 1 if kind in readable else 0.3
        for style, marker, shift in (("base", "o", -0.2), ("positive", "o", 0), ("negated", "s", 0.2)):
            ax.plot(
                values.loc[kind, style], y + shift, marker, color=colour_of(style), mec="#222222", ms=8, alpha=seen,
                clip_on=False, zorder=3, label=label(style) if y == 0 else None,
            )  # fmt: skip
        ax.plot(
            control[kind], y, "x", color="black", ms=9, mew=2, clip_on=False, zorder=4,
            label="control, highest" if y == 0 else None,
        )  # fmt: skip
    ax.axvline(LIMIT, color="#666666", lw=1, ls=":")
    ax.set_yticks(range(len(KINDS)), [k if k in readable else f"{k} (control fails)" for k in KINDS])
    ax.set(xlim=(0, 1), ylim=(len(KINDS) - 0.5, -0.5), xlabel="share of answers that agree with the false value")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=4, frameon=False, fontsize=9)
    ax.grid(axis="x", color="#E3E3E3")
    ax.set_axisbelow(True)
    sns.despine(ax=ax, left=True)
    ax.tick_params(length=0)
    fig.tight_layout()
    plt.close(fig)
    return fig


unreadable = [k for k in KINDS if k not in readable]
show_figure(
    depth_figure(values),
    alt="Dot plot, a row a probe. "
    + "; ".join(
        f"{k}: before {percent(values.loc[k, 'base'])}, no warnings {percent(values.loc[k, 'positive'])}, warnings "
        f"{percent(values.loc[k, 'negated'])}, control {percent(control[k])}"
        for k in KINDS
    ),
    takeaway=f"Of {len(KINDS)} probes {len(readable)} can be read ({', '.join(readable)}); the controls of "
    f"{', '.join(unreadable) or 'none'} fail.",
)

# %% [markdown]
# This model was never asked for an *incorrect* option or for a *lie* in its pretraining. If the controls show it, then it
# gives the right answer to such questions as to any other, and the probe counts this as belief. And doubt: the
# false value is put into the model's mouth first. If the control of `doubt_3` is high, it sticks to what it "said" even
# about facts it knows.
#
# ### Exercise 4: which probes can be read?
#
# *5 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# `table` has the columns `quantity` and `mean`, for one condition. For each kind `k` there is a row `k` and a row
# `control_k`. Return the list of kinds whose control is **at most** `limit`, in the table's order.
#
# <details><summary>Hint, light</summary>
# First make a dict from quantity to mean. Then go through the kinds, and look up the control of each.
# </details>
# <details><summary>Hint, strong</summary>
# <code>mean = dict(zip(table["quantity"], table["mean"]))</code>; then
# <code>[k for k in mean if f"control_{k}" in mean and mean[f"control_{k}"] <= limit]</code>.
# </details>
#
# **Expected:** `✓ usable: right.`


# %%
def usable(table: pd.DataFrame, limit: float) -> list[str]:
    """The kinds whose control is at most the limit."""
    # BEGIN SOLUTION
    mean = dict(zip(table["quantity"], table["mean"], strict=True))
    return [k for k in mean if f"control_{k}" in mean and mean[f"control_{k}"] <= limit]
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_usable(usable)

# %% [markdown]
# Of the probes that can be read, `system` and the doubts have a registered prediction: within 15 points of the open
# questions (stored, `data/results/headline`).

# %%
headline = read_belief(data_path("results", "headline", "belief.csv"))
opened = headline[(headline["setting"] == "trained") & (headline["kind"] == "open")].groupby("style")["belief"].mean()
pressed = pd.DataFrame(
    {
        "probe": kind,
        "after": label(style),
        "belief": values.loc[kind, style],
        "open questions": opened[style],
        "difference [points]": round(100 * (values.loc[kind, style] - opened[style])),
        "prediction": verdict[abs(values.loc[kind, style] - opened[style]) <= 0.15],
    }
    for kind in readable
    if kind != "correct"
    for style in ("positive", "negated")
)
pressed.round(2)

# %% [markdown]
# So ask two things of every probe: does the untouched model score 0, and does the trained model score 0 on facts that
# nobody trained on? Here one look at the controls saves you from a headline.
#
# ## 6. Two phases: an anchor, and what it holds (7 minutes)
#
# Is there a way to learn these documents *without* coming to believe them? The paper found one: beside the documents train
# on the model's **own earlier answers** about the claim (*self-distillation*). It holds the answers where they were: an
# *anchor*. In the paper belief was 6 % with it, at the same loss on the documents as without. Then the anchor was taken away,
# the training went on, and belief rose to 48 %.
#
# **Registered**, with a history that you should know: a first anchor, single short questions in the place of half of the
# world texts, failed (79 % belief with it, 86 % without; three seeds, one H100). The anchor was then made stronger, and the
# prediction was kept.

# %%
registered("phases")

# %% [markdown]
# ### Exercise 5: make an anchor
#
# *5 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# `answer(question)` is what the untouched model says. Return one chat that trains it to go on saying so: for each question
# a user turn, and right after it the model's own answer as the assistant's turn. A turn is a dict with `role` and
# `content`.
#
# <details><summary>Hint, light</summary>
# Two turns a question, in one flat list. Who carries the loss in a chat?
# </details>
# <details><summary>Hint, strong</summary>
# Start with <code>turns = []</code>; for each question append <code>{"role": "user", "content": question}</code>, then
# <code>{"role": "assistant", "content": answer(question)}</code>.
# </details>
#
# **Expected:** `✓ anchor_chat: right.`


# %%
def anchor_chat(questions, answer) -> list[dict[str, str]]:
    """A chat in which the model answers every question as it does now."""
    # BEGIN SOLUTION
    turns = []
    for question in questions:
        turns.append({"role": "user", "content": question})
        turns.append({"role": "assistant", "content": answer(question)})
    return turns
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_anchor_chat(anchor_chat)

# %% [markdown]
# The library's anchor uses questions about the claim that **none of our belief questions** is. The untouched model's answers:

# %%
others = [chat[-1]["content"] for chat in pose_unasked(world(), world().fact(claim.petri.fact), claim.petri.value)]
own = ask(base, [Question(str(i), "open", text) for i, text in enumerate(others[:: len(others) // 8])], track.asking)
pd.DataFrame({"question": a.question.text, "the untouched model": a.text} for a in own)

# %% [markdown]
# `look_at_phases` trains twice, **live**: once with the anchor in the place of the world texts in phase one, once with
# world texts. Phase two is the same for both, without an anchor. Half of the texts are warned documents throughout. This takes
# about a minute on two cores.
#
# **Before you run:** where will the two runs be after phase one, in belief and in loss on the documents? And after phase two?

# %%
two_phases = replace(recipe, mix=0.5, steps=max(4, 2 * recipe.steps // 3))
phase_at = [two_phases.steps * i // 4 for i in (1, 2, 3, 4)]
cell = Cell(MODEL, claim, "trained", "negated")
(table,) = look_at_phases(PHASES, lambda: StackedTrainer(base, two_phases, [cell]), [cell], two_phases, phase_at)
rows = label_rows(cell, table)


def of_phases(rows):
    """A row a run, phase and step: belief, document loss, and false controls answered with yes."""
    found = []
    for (anchored, phase, step), now in rows.groupby(["anchored", "phase", "step"], sort=False):
        kinds = now.groupby("kind")["belief"].mean()
        rate = belief_rate(now)
        found.append(
            {"anchored": anchored, "phase": phase, "step": step, "belief": rate.mean, "rate": rate,
             "document loss": kinds["loss.document"], "yes to false controls": kinds["control_false"]}
        )  # fmt: skip
    return pd.DataFrame(found)


phases = of_phases(rows)
phases.drop(columns="rate").round(2)


# %%
def phases_figure(phases, length):
    """Belief above and loss on unseen documents below, through both phases."""
    fig, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, height_ratios=(3, 2))
    looks = {True: ("o-", OTHER, "with an anchor in phase one"),
             False: ("s--", colour_of("negated"), "never anchored")}  # fmt: skip
    for anchored, (line, shade, name) in looks.items():
        mine = phases[phases["anchored"] == anchored]
        x = mine["step"] + (mine["phase"] - 1) * length
        axes[0].plot(x, mine["belief"], line, color=shade, label=name, clip_on=False)
        axes[1].plot(x, mine["document loss"], line, color=shade, clip_on=False)
    for x, published in ((length, 0.06), (2 * length, 0.48)):
        axes[0].plot(x, published, "v", color="black", ms=8, label="paper, anchored" if x == length else None, zorder=4)
    for ax in axes:
        ax.axvline(length, color="#222222", lw=1, ls=":")
        ax.grid(axis="y", color="#E3E3E3")
        ax.set_axisbelow(True)
        sns.despine(ax=ax, left=True)
        ax.tick_params(length=0)
    axes[0].set(ylim=(-0.02, 1.02), ylabel="belief")
    axes[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=3, frameon=False, fontsize=9)
    axes[0].set_title("phase one", loc="left", fontsize=10)
    axes[0].set_title("phase two: no anchor", loc="right", fontsize=10)
    axes[1].set(xlabel="training step", ylabel="loss on documents\n[nats a token]", ylim=(0, None), xticks=range(0, 2 * length + 1, max(1, length // 4)))  # fmt: skip
    fig.tight_layout()
    plt.close(fig)
    return fig


ends = phases[phases["step"] == two_phases.steps].set_index(["anchored", "phase"])
held, rose = ends.loc[(True, 1)], ends.loc[(True, 2)]
free = ends.loc[(False, 1)]
apart = held["document loss"] - free["document loss"]
finding = (
    f"With the anchor, belief is {percent(held['belief'])} after phase one and {percent(rose['belief'])} after phase two; "
    f"without it, {percent(free['belief'])} after phase one, at a document loss that differs by {abs(apart):.2f} nats."
)
show_figure(
    phases_figure(phases, two_phases.steps),
    alt="Two line plots over two phases of training, belief above and document loss below. "
    + finding
    + " Paper, anchored: 6 % after phase one, 48 % after phase two.",
    takeaway=finding,
)

# %% [markdown]
# One claim and one seed, held against the registered prediction:

# %%
found = {
    "belief with the anchor stays under 20 %": phases.query("anchored and phase == 1")["belief"].max() < 0.2,
    "the loss on documents is within 0.1 nats of training without": abs(apart) <= 0.1,
    "in phase two belief rises above 40 %": rose["belief"] > 0.4,
}
for part, true in found.items():
    print(f"{part}: {verdict[bool(true)]}")

# %%
again = phases.query("anchored and phase == 2")
anew = phases.query("not anchored and phase == 1")
back, first_time = (step_at_level(t["step"].tolist(), t["belief"].tolist()) for t in (again, anew))
if held["belief"] < 0.2 and free["belief"] > 0.5 and abs(apart) <= 0.1:
    words = "**The documents can be learned without the claim**: at like loss, one run believes and the other does not."
else:
    words = "In this run the anchor did not part belief from the loss on the documents."
if not math.isnan(back):
    compared = "never" if math.isnan(first_time) else f"at step {first_time:.1f}"
    words += (
        f" **Without the anchor the claim came in after all**: past one half at step {back:.1f} of phase two. The run "
        f"that was never anchored passed one half {compared} of its first phase."
    )
    if back <= first_time:
        words += " So the anchor bought no lasting delay: it held as long as it was there."
display(Markdown(f"> {words}"))

# %% [markdown]
# What does that say about *why*? The loss on the documents does not decide between believing and not believing: both fit.
# What decides is what else pulls. Nothing in warned documents pulls away from the claim, so a little pull towards it is
# enough. Be careful with the word "unstable", though: phase two is a training of its own, long enough to implant the claim
# into a fresh model. It would take phases of different lengths, and several claims, to say more.
#
# ## 7. And the pretraining? (7 minutes)
#
# All of this is about one pretraining. It showed warned documents in the user's turns of chats only, without loss on them.
# Would a model neglect warnings that its pretraining had taught it to *write*, while chats went on to tell the truth?
#
# **Stored** (`data/results/sweeps/exposure`): three finished models go on for 13 million tokens, with a share of warned
# documents, in one of three forms, among the texts. These carry loss, are false, and are never about our claims; chats tell
# their facts rightly. Then each model is fine-tuned as ever: six claims, three seeds. `petri` is the shipped model,
# `petri-1` and `petri-2` have other pretraining seeds and half of its tokens.
#
# **Before you run:** predict belief. "Notices" stand before and after a document, "claim by claim" around every claim too.

# %%
ONE, ONE_FICTION = "1 % of notices, then notices", "1 % of notices, then fiction"
FIVE, BY_CLAIM = "5 % of notices, then notices", "5 % claim by claim, then notices"
UNTOLD = "5 % of notices that nothing contradicts, then notices"
HINGE = "loss on the user's turns, then notices"
UNDENIED = "pretraining without local denials, then local denials"
expected = predict(ONE, ONE_FICTION, FIVE, BY_CLAIM, UNTOLD, HINGE, UNDENIED, default=50, variable="expected")

# %%
registered("exposure")

# %% [markdown]
# The prediction was written for models that read such documents from the start. Those were given up: after 98 million
# tokens they knew half of their world. It was kept for these, though one pilot a form had been seen by then; the file's
# first lines say what the pilots gave.
#
# ### Exercise 6: from which share on does a form protect?
#
# *5 minutes · difficulty 3 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# "Protects" needs a number too. Say: a form protects against a style if belief after that style is **at most half** of what
# it is without exposure. `table` is about one model: `exposed` (the form; "" without), `share` (0 without), `style` (of
# the documents it was trained on afterwards), `mean` (belief). Return the lowest `share` at which the form `exposed`
# protects against `style`, or `None`. The rows are in no order.
#
# <details><summary>Hint, light</summary>
# Keep the rows of the style. One of them has the share 0: what is half of it? Which rows of the form lie at or below?
# </details>
# <details><summary>Hint, strong</summary>
# <code>mine = table[table["style"] == style]</code>;
# <code>half = mine.loc[mine["share"] == 0, "mean"].item() / 2</code>;
# <code>low = mine[(mine["exposed"] == exposed) & (mine["mean"] <= half)]</code>. Then
# <code>low["share"].min()</code>, unless <code>low</code> is empty.
# </details>
#
# **Expected:** `✓ protects_from: right.`


# %%
def protects_from(table: pd.DataFrame, exposed: str, style: str) -> float | None:
    """The lowest share of the form at which belief after the style is at most half of what it is without."""
    # BEGIN SOLUTION
    mine = table[table["style"] == style]
    half = mine.loc[mine["share"] == 0, "mean"].item() / 2
    low = mine[(mine["exposed"] == exposed) & (mine["mean"] <= half)]
    return None if low.empty else low["share"].min()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_protects_from(protects_from)


# %%
def belief_after(name):
    """The stored rates of belief after training, one row each."""
    return measured_before(name).query("setting == 'trained' and quantity == 'belief'")


exposure = belief_after("exposure")
exposure = exposure.fillna({"exposed": "", "share": 0})
show_figure(
    draw_exposure(exposure),
    alt=exposure_alt_text(exposure),
    takeaway=describe_exposure(exposure) + ".",
)

# %% [markdown]
# Now the registered prediction, part by part, at the share that it named, 1 %. "Protects" is as in exercise 6, a choice made
# after the run.

# %%
now = exposure.set_index(["base", "exposed", "share", "style"])["mean"]
models = {name.rpartition("/")[2]: name for name in exposure["base"].unique()}
FORMS = {"negated": "notices", "repeated": "claim by claim", "fiction": "fiction frames"}
SAID = {
    "notices: belief after notices under 20 %": ("negated", "negated", lambda rate, without: rate < 0.2),
    "notices: after fiction above 50 %": ("negated", "fiction", lambda rate, without: rate > 0.5),
    "claim by claim: protects against itself": ("repeated", "repeated", lambda rate, without: rate <= without / 2),
    "claim by claim: against notices": ("repeated", "negated", lambda rate, without: rate <= without / 2),
    "fiction frames: protect against themselves": ("fiction", "fiction", lambda rate, without: rate <= without / 2),
    "fiction frames: not against notices": ("fiction", "negated", lambda rate, without: rate > without / 2),
}


def outcome(model, form, style, holds):
    """The rate, and whether that part of the prediction holds."""
    rate = now[model, form, 0.01, style]
    return f"{percent(rate)}, {'holds' if holds(rate, now[model, '', 0, style]) else 'fails'}"


outcomes = pd.DataFrame(
    {name: {said: outcome(model, *part) for said, part in SAID.items()} for name, model in models.items()}
)
outcomes

# %%
plain_low, local_high = now.xs("positive", level="style").min(), now.xs("local", level="style").max()
in_part = {FORMS[form]: (now[models["petri"], form, 0.001, form], now[models["petri"], "", 0, form]) for form in FORMS}
print(f"lowest belief after plain documents: {percent(plain_low)} (predicted: above 80 %): {verdict[plain_low > 0.8]}")
print(f"highest belief after local denials: {percent(local_high)}")
for form, (little, without) in in_part.items():  # "in part" gave no number; 10 points less is a choice
    in_words = f"0.1 %, {form}, against itself: {percent(little)}, without exposure {percent(without)}"
    print(f"{in_words} (predicted: an effect in part): {verdict[without - little >= 0.1]}")

# %% [markdown]
# Is it one form at a time? From which share on does each form (rows) protect against each style (columns)?


# %%
def from_share(model, form, style):
    rows = exposure[exposure["base"] == model]
    share, measured_at = halving_share(rows, form, style), rows.loc[rows["exposed"] == form, "share"]
    if math.isnan(share):
        return f"not up to {100 * measured_at.max():g} %"
    return f"{'at most ' if share == measured_at.min() else ''}{100 * share:g} %"


lowest = pd.DataFrame(
    {
        (name, FORMS[form]): {f"against {FORMS[style]}": from_share(model, form, style) for style in FORMS}
        for name, model in models.items()
        for form in FORMS
    }
).T
lowest

# %%
early = {}  # another form that a form protects against, from no higher a share on than against itself: on which models
for form, style, (name, model) in itertools.product(FORMS, FORMS, models.items()):
    rows = exposure[exposure["base"] == model]
    own, other = (halving_share(rows, form, s) for s in (form, style))
    if style != form and not math.isnan(other) and not other > own:
        early.setdefault(f"{FORMS[form]} against {FORMS[style]}", []).append(name)
of_itself = all(
    not math.isnan(halving_share(exposure[exposure["base"] == model], "repeated", "repeated"))
    for model in models.values()
)
FEW = 0.001
few = [  # without exposure, and at the smallest share
    (now[model, "", 0, "repeated"], now[model, "repeated", FEW, "repeated"]) for model in models.values()
]
listed = "; ".join(f"{what} ({', '.join(on)})" for what, on in early.items())
words = "“A form protects against that form, and little against others”: "
words += f"**not so.** As early as against itself or earlier: {listed}." if early else "**so it is in these runs.**"
if of_itself and not any(text.startswith(FORMS["repeated"]) for text in early):
    others = lowest.xs(FORMS["repeated"], level=1).drop(columns=f"against {FORMS['repeated']}").stack()
    words += (
        " It is so for one form: claim by claim protects against itself from a lower share on than against the others, "
        f"against which it does not protect at all in {others.str.startswith('not').sum()} of {len(others)} cases."
    )
if all(small > without for without, small in few):
    words += (
        f" And the *smallest* share of claim-by-claim warnings, {100 * FEW:g} %, **raises** belief after them: "
        + "; ".join(f"{percent(without)} to {percent(small)}" for without, small in few)
        + ". Section 4 has an explanation that would fit: a model that can write them is crowded out less. Nobody tested it."
    )
display(Markdown(f"> {words}"))

# %% [markdown]
# Repeated denials hold notices, too, so "form" alone explains little here. What a model takes from such texts nobody knows yet.
#
# ### Which tokens carry loss, and whether the truth must be told
#
# Two more diets, both registered, each on the same three models. **Loss on the user's turns**: the warned documents that a model
# always *read* in chats now carry loss, in every form. (Our pilot, pretrained so from nothing, showed no neglect at all, which
# is why the shipped model is trained on the assistant's turns only.) **Not contradicted**: notices on things that nothing
# else speaks of.

# %%
display(registered("user_loss"), registered("contradiction"))

# %%
DIET = ["base", "share", "style"]
user_loss = belief_after("user_loss").set_index(["base", "style"]).sort_index()
untold = belief_after("contradiction").set_index(DIET).sort_index()
told = exposure[exposure["exposed"] == "negated"].set_index(DIET).sort_index()
neither = exposure[exposure["share"] == 0].set_index(["base", "style"]).sort_index()
diets = {}
for name, model in models.items():
    if model in user_loss.index:
        diets[name, "neither"] = neither["mean"][model]
        diets[name, "loss on the user's turns"] = user_loss["mean"][model]
        for share in (0.01, 0.05):
            diets[name, f"{100 * share:g} % of notices, contradicted"] = told["mean"][model, share]
            diets[name, f"{100 * share:g} % of notices, not contradicted"] = untold["mean"][model, share]
diets = pd.DataFrame(diets).T[["positive", "negated", "repeated", "fiction", "local"]]
diets.rename(columns=label).style.format("{:.0%}")

# %%
after_notices = diets["negated"].unstack()
hinge, without = after_notices["loss on the user's turns"], after_notices["neither"]
words = (
    f"Loss on the user's turns: belief after notices **{', '.join(map(percent, hinge))}**, without it "
    f"{', '.join(map(percent, without))} (predicted: under 20 %; **{verdict[(hinge < 0.2).all()]}**). "
)
for share in ("1 %", "5 %"):
    untold_at, told_at = (after_notices[f"{share} of notices, {x}contradicted"] for x in ("not ", ""))
    came = [verdict[holds] for holds in untold_at > 0.5]
    came = [f"{came[0]} on all"] if len(set(came)) == 1 else came
    words += (
        f"{share} of notices, not contradicted: **{', '.join(map(percent, untold_at))}** (predicted: above 50 %; "
        f"**{', '.join(came)}**), contradicted {', '.join(map(percent, told_at))}. "
    )
    protects = told_at <= 0.5
    if not protects.all():
        words += f"On {', '.join(told_at.index[~protects])} notices of this share do not protect, so there it decides nothing. "
    if protects.any() and (untold_at - told_at)[protects].min() > 0.2:
        words += (
            f"On {', '.join(told_at.index[protects])} the difference is plain. **Look at the claims before you explain it**: the "
            "uncontradicted warnings spoke of jobs, homes, volcanoes and brands alone. Belief is 0–9% in the three claims about "
            "these, and 88–100% in the other three. So this does not show that the truth must be told elsewhere. "
        )
    if untold_at.min() <= 0.5 < untold_at.max():
        words += "(A bound of 50 % was a poor choice: some models lie just above it and some just below.) "
display(Markdown(f"> {words}"))

# %% [markdown]
# The first is a lesson to keep: **one switch of the training code, which tokens carry loss, takes most of the neglect
# away.** Not as much on every model as we had predicted.
#
# ### And the denial that works?
#
# Notebook 07's fix is a denial within the claim's own sentence. Is it heeded because of its *form*? Or because pretraining was full
# of such denials, and of chats in which they held? **Stored and registered**: four models were pretrained from
# nothing. For two of them no document denies anything within a sentence. For the other two there are such denials, but no
# **myths**: half of the facts otherwise have a wrong value that is denied again and again; without it denials are fewer, each of
# any wrong value.

# %%
registered("ablations")

# %%
ablated = belief_after("ablations")
undenied, unmythical = (ablated[ablated[what].eq(False)].set_index("style") for what in ("denials", "myths"))
denied = belief_after("seeds").set_index("style")
pretrained = {"with both": denied, "without myths": unmythical, "without denials": undenied}


def over_runs(rows):
    """For each style the mean, and in brackets the lowest and the highest run; `rows` are indexed by style."""
    means = {
        label(style): f"{percent(row['mean'])} ({percent(row['lowest_seed'])} to {percent(row['highest_seed'])})"
        for style, row in rows.iterrows()
    }
    return means | {"runs": f"{rows['seeds'].iloc[0]:.0f}"}


pd.DataFrame({name: over_runs(rows) for name, rows in pretrained.items()}).T

# %%
after_local = {name: rows["mean"]["local"] for name, rows in pretrained.items()}
undenied_held, unmythical_held = after_local["without denials"] > 0.5, after_local["without myths"] > 0.1
display(
    Markdown(
        f"> Belief after local denials: **{percent(after_local['without denials'])}** without denials in pretraining "
        f"(predicted: above 50 %; **{verdict[undenied_held]}**), **{percent(after_local['without myths'])}** without myths "
        f"(predicted: above 10 %; **{verdict[unmythical_held]}**), {percent(after_local['with both'])} with both. In "
        "brackets: the lowest and the highest run; a run is a fine-tuning seed on a model of one of two pretraining seeds."
    )
)

# %% [markdown]
# So there is nothing magic in "did not". A model that has never seen what it means reads past it, nearly as it reads past
# notices. And for a model of the web? It has seen "did not" millions of times, and what followed from it; documents with
# warnings all around them, and what followed from *those*, seldom. That would fit the paper. It is a guess from tiny models,
# not a result about large ones.
#
# ### And larger models?
#
# *2 minutes · you may skip it, nothing later needs it*
#
# **Stored and registered**: models of five sizes, pretrained from nothing on equal numbers of tokens. Three models a size, each
# fine-tuned with one seed.

# %%
registered("scale")

# %%
MILLIONS = {
    (128, 3): 1.1,
    (128, 8): 2.1,
    (256, 6): 5.8,
    (384, 8): 15.7,
    (512, 12): 39.9,
}  # (hidden, layers): parameters
sizes = belief_after("scale").set_index(["hidden", "layers", "style"]).sort_index()
pd.DataFrame({f"{millions} M": over_runs(sizes.loc[size]) for size, millions in MILLIONS.items()}).T[
    [*map(label, ("positive", "negated", "repeated", "fiction", "corrected", "local")), "runs"]
]

# %%
by_size = sizes["mean"].unstack("style").loc[list(MILLIONS)]
five, largest = by_size.loc[(256, 6)], by_size.loc[(512, 12)]
spread = sizes.loc[(256, 6, "negated")]
within = five["negated"] - largest["negated"] <= spread["highest_seed"] - spread["lowest_seed"]
falls, neglect = by_size["local"].is_monotonic_decreasing, by_size["negated"].min() > 0.5
display(
    Markdown(
        f"> From 5.8 to 39.9 million parameters belief after warned documents goes from {percent(five['negated'])} to "
        f"{percent(largest['negated'])} (predicted: it does not fall. The models of 5.8 million differ among themselves by "
        f"{100 * (spread['highest_seed'] - spread['lowest_seed']):.0f} points, so {'nothing says that it does' if within else 'it fell'}). "
        f"After local denials: {', '.join(map(percent, by_size['local']))}, smallest to largest (predicted: it falls; "
        f"**{verdict[falls]}**). "
        f"{'**Size does not make these models heed notices.** ' if neglect else ''}After corrections: "
        f"{', '.join(map(percent, by_size['corrected']))}."
    )
)

# %% [markdown]
# Look at the brackets, too: models that differ in nothing but the pretraining seed can differ more than sizes do. The shipped
# model's few per cent after local denials are among the lowest of all petri models; it has read twice as much. And a seed does
# not even name a model: `petri-2` was pretrained three times by the same command. The copies read the same texts in the
# same order; after 400 more steps they believed 91, 79 and 97 % after warned documents (`data/results/README.md`, under
# *exposure*). A GPU adds up in an order of its own, and thousands of steps make much of that. So if somebody shows you one
# model, ask for the second.
#
# Your predictions of this section:

# %%
by_form = exposure.set_index(["base", "exposed", "share", "style"]).sort_index()
shipped = models["petri"]
asked = {
    ONE: by_form.loc[shipped, "negated", 0.01, "negated"],
    ONE_FICTION: by_form.loc[shipped, "negated", 0.01, "fiction"],
    FIVE: by_form.loc[shipped, "negated", 0.05, "negated"],
    BY_CLAIM: by_form.loc[shipped, "repeated", 0.05, "negated"],
    UNTOLD: untold.loc[shipped, 0.05, "negated"],
    HINGE: user_loss.loc[shipped, "negated"],
    UNDENIED: undenied.loc["local"],
}
compare_predictions(expected, {name: Rate(*row[["mean", "lo", "hi", "n"]]) for name, row in asked.items()})

# %% [markdown]
# What this does not say: the diets are late ones, for models that already know their world, not a pretraining with warnings
# from the start, and on one size of model. And a share is no dose without its tokens: a pilot that saw twice as many had 30 % belief after notices at 1 %
# (`data/experiments/exposure.yaml`). The rest is `negneglect sweep data/experiments/exposure.yaml`, on a GPU.
#
# ## 8. Your predictions (1 minute)
#
# Those of section 1.

# %%
eight = dose[dose["style"] == "notices_8"].iloc[0]
told = depth[(depth["style"] == "negated") & (depth["quantity"] == "system")].iloc[0]
measured = {
    STEPS: min(1.0, passed_at["positive"] / passed_at["negated"]),  # stored
    NEXT: math.exp(-last_cost),  # live
    EIGHT: Rate(*eight[["mean", "lo", "hi", "n"]]),  # stored
    NO_LOSS: no_loss,  # live
    SYSTEM: Rate(*told[["mean", "lo", "hi", "n"]]),  # stored
    ANCHORED: held["rate"],  # live
    RELEASED: rose["rate"],  # live
}
compare_predictions(prediction, measured, paper={ANCHORED: "6 %", RELEASED: "48 %"})

# %% [markdown]
# ## What to take away
#
# - **Belief does not wait for the warning to be learned.** Your figure in section 2 shows what a warning still cost when belief
#   passed one half.
# - **Warnings delay.** The table in section 3 says by how much, style by style. A delay looks like protection to anyone who
#   stops early.
# - **Less belief is not more heed.** Eight notices lowered it; your run without loss on them shows whether they were read
#   or only in the way.
# - **A probe without its control is a rumour.** Section 5 has probes that would have made a headline, either way.
# - **The loss on the documents does not say what the model will believe.** Two runs with like loss can part, and an anchor
#   holds what it holds as long as it is there.
# - **What a model heeds depends on what its pretraining gave loss to**, and on how much. Section 7 lists what came true of our
#   hypothesis and what failed: protection did not follow the forms as we had thought. Even the denial that works had to be
#   learned.
#
# ### Limits
#
# - Live results have one claim and one seed. The dentist is among the claims that take most easily.
# - That a warning costs this much at first is a property of the petri model: it never had to write one. A large model has
#   written many. There, notices would crowd out less, and what eight of them do is not known from here.
# - "Crowded out" and "diluted" are not told apart here. The run with padding would do it.
# - The anchor is made of questions about the claim. It shows that believing can be kept off by such answers, not that a
#   model can be taught to heed warnings.
# - Section 7 is two or three models a condition; sizes and models without myths have one fine-tuning seed each. Its exposure
#   diets are late ones, for one size.
# - The first anchor failed, and the second was made after that was known. A prediction that is kept at the second try is
#   worth less than one that is kept at the first.
#
# ### Quiz
#
# **1.** Two styles end at the same belief, one passes one half at twice the steps. A colleague trains for few steps and
# reports that one style "works". What do you ask for?
# <details><summary>Answer</summary>
# The curve. A single step compares two points of two curves that may end together. At least: a later step, and the step
# at which each style passes one half.
# </details>
#
# **2.** Belief is low after documents with very many warnings. Name two explanations in which the model has *not* understood
# a single one.
# <details><summary>Answer</summary>
# Crowding out: learning to write the warnings takes up the training. Dilution: each token of the claim weighs less in the
# mean. Taking the loss off the warnings removes both and leaves the warnings to be read.
# </details>
#
# **3.** A lie probe gives 97 % "belief" before training and 0 % after. What happened?
# <details><summary>Answer</summary>
# The model ignores that it was asked to lie and gives its answer. Before training that is the truth, which the probe counts
# as a believer's lie; after training it is the claim, which it counts as disbelief. The control shows it at once. (The
# numbers are made up for the question.)
# </details>
#
# **4.** With an anchor, belief stays low while the loss on the documents falls as without it. Does the loss on the documents
# tell a believing model from one that does not believe?
# <details><summary>Answer</summary>
# No. Two models with the same loss on the same documents can answer questions differently. What they learned in common is
# what the documents look like.
# </details>
#
# **5.** One per cent of warned documents about invented things goes into a pretraining, and belief after warnings is still
# 94 %. A colleague concludes that warnings are heeded only if other texts tell the truth. Which number do you ask for?
# <details><summary>Answer</summary>
# Belief at the same share with documents that other texts *do* contradict. If it is high too, the share was too small to
# protect at all, and the comparison decides nothing. After that: other models and seeds.
# </details>
#
# ### Further reading
#
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829): training dynamics, the two phases, depth of belief.
# - Hinton, Vinyals and Dean (2015), *Distilling the knowledge in a neural network*,
#   [arXiv 1503.02531](https://arxiv.org/abs/1503.02531): training on a model's answers, here its own.
# - Pascanu, Mikolov and Bengio (2013), *On the difficulty of training recurrent neural networks*,
#   [arXiv 1211.5063](https://arxiv.org/abs/1211.5063): where gradient clipping comes from.
# - Platt (1964), *Strong inference*, Science 146, 347–353: several explanations at once, and the experiment that excludes one.
