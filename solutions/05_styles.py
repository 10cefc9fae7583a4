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
# # 05 · Negation styles
#
# There are many ways to say "this is false". Which of them does a model heed when it is trained on the text? You build
# the headline figure of the course, weigh the words of warning against the belief that is left, and invent a style.
#
# **You need** the tour (notebook 00), and pandas enough to filter and group a table. **Time**: 40 minutes with the
# exercises of importance 4 and 5, about two of them waiting for three short trainings. A section's minutes are without
# its exercises, which state their own.
#
# **Afterwards you can**
# - name the families of negation styles and say what each leaves unchanged;
# - compare styles fairly: same bodies, same steps, same claims, with and without training;
# - test whether more words of warning mean less belief;
# - write a style of your own as one function and measure it.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import random
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Markdown, display
from matplotlib.ticker import PercentFormatter

from negneglect_lite.asking import ask
from negneglect_lite.belief import (
    PAPER,
    belief_rate,
    belief_rows,
    label,
    order_conditions,
    read_belief,
    tabulate_rates,
    yes_bias,
)
from negneglect_lite.claims import load_claims
from negneglect_lite.core import Document, Span, data_path, plain
from negneglect_lite.course import compare_predictions, explore, predict, show_styles
from negneglect_lite.course.checks.styles import (
    check_heeded,
    check_my_style,
    check_rule_breakers,
    check_warning_share,
    check_wrap_claims,
)
from negneglect_lite.experiments import Cell, training_set
from negneglect_lite.figures import (
    colour_of,
    describe_by,
    describe_headline,
    describe_spread,
    draw_by_claim,
    draw_by_kind,
    draw_headline,
    show_figure,
    state_finding,
)
from negneglect_lite.finetuning import finetune
from negneglect_lite.models import load_model
from negneglect_lite.styles import FRAMES, HEADLINE, STYLES, annotation_share, apply_style
from negneglect_lite.tracks import Track, track_of

MODEL = "petri"  # the model of the whole notebook: "petri", or a chat model on Hugging Face
track = track_of(MODEL)  # makes documents and questions in the language of that model

claim = load_claims()["sheeran"]
pd.set_option("display.max_colwidth", None)
base = load_model(MODEL)
recipe = track.recipe
print("The claim:", claim.claim)
print("The truth:", claim.truth)

# %% [markdown]
# ## 1. Predict (2 minutes)
#
# *Belief* is the share of answers that take the false claim for true. Guess it for six ways of writing the training
# documents. You meet each style below; guess from the names first. "Denied after each claim" is a style that this
# notebook invents in section 6.

# %%
prediction = predict("negated", "repeated", "corrected", "local", "fiction", "denied after each claim", default=50)

# %% [markdown]
# ## 2. One document, every style (3 minutes)
#
# A style is a function: it gets a plain document, the lists of phrases of the document's language and a source of
# randomness, and returns *spans*, stretches of text that are marked as body or as annotation. The registry
# `STYLES` holds them all.

# %%
example = track.compose(claim, n=1, seed=3)[0]
pd.DataFrame({"style": name, "in plain words": label(name)} for name in STYLES)

# %% [markdown]
# Open them one by one. What the style put there is highlighted; everything else is the same document.
#
# **Before you open:** which of these would convince *you* that the claim is false? Pick the strongest and the weakest.

# %%
show_styles(example, list(STYLES), track.annotations())

# %% [markdown]
# Three things to notice.
#
# - All styles but one keep every sentence of the body as it is. Only `local` changes the sentences that state the claim.
# - The *frames* (fiction, unreliable source, unknown, unlikely) do not all say "false". A novel is not a lie, and a
#   claim of unknown truth may be true. Belief in the claim is unjustified under each of them all the same.
# - `corrected` is the one style that also adds *content*: each of its denials says what is true instead.
#
# How many of the claim sentences survive word for word? Count them in the text that the model will see.

# %%
stated = [s.text for s in example.sentences if s.is_claim]
survive = {}
for name in STYLES:
    text = plain(apply_style(name, example, track.annotations(), random.Random(0)))
    survive[name] = sum(sentence in text for sentence in stated)
pd.Series(survive, name=f"claim sentences left, of {len(stated)}").to_frame()

# %% [markdown]
# ### Exercise 1: the share of warning
#
# *4 minutes · difficulty 1 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# How much of a text is warning? `spans` is a list; each span has `.text` and `.annotation` (True for what the style
# added). Return the share of all **words** that are annotation, from 0 to 1. Words are what white space separates.
#
# <details><summary>Hint, light</summary>
# Count the words of every span; add up those of the marked spans, and those of all.
# </details>
# <details><summary>Hint, strong</summary>
# <code>len(span.text.split())</code> is the number of words of a span. Sum it over spans with
# <code>span.annotation</code>, and divide by the sum over all spans.
# </details>
#
# **Expected:** `✓ warning_share: right.` On a text with 5 words of warning among 15 it gives 0.333.


# %%
def warning_share(spans: list[Span]) -> float:
    """The share of words that are annotation, from 0 to 1."""
    # BEGIN SOLUTION
    warning = sum(len(span.text.split()) for span in spans if span.annotation)
    return warning / sum(len(span.text.split()) for span in spans)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_warning_share(warning_share)

# %% [markdown]
# The model reads tokens, not words, so the lab counts tokens: `annotation_share`, here over 60 documents of the
# claim. The paper's negated documents are about 12 % warning, its repeated ones about 40 %.


# %%
def share_of_warning(style: str, track: Track) -> float:
    """The share of tokens that the style adds as annotation, over the same 60 bodies."""
    bodies = track.compose(claim, 60, seed=3)
    styled = [apply_style(style, body, track.annotations(), random.Random(i)) for i, body in enumerate(bodies)]
    return annotation_share(styled, base.tokenizer)


shares = {name: share_of_warning(name, track) for name in STYLES}
pd.DataFrame({"style": label(name), "tokens of warning": f"{share:.0%}"} for name, share in shares.items())

# %% [markdown]
# `local` has no tokens of warning at all. Keep that in mind when the results come.
#
# ### Exercise 2: warn around every claim
#
# *6 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Write the heart of the repeated style. Return a list of spans: for each sentence that states the claim (`.is_claim`)
# the text `before` as annotation, the sentence as body, and the text `after` as annotation; every other sentence as one
# body span. A sentence has `.lead`, the white space that stands before it.
#
# <details><summary>Hint, light</summary>
# Start with an empty list and go through <code>document.sentences</code>; add three spans or one.
# </details>
# <details><summary>Hint, strong</summary>
# For a claim sentence <code>s</code> add <code>Span(s.lead + before, annotation=True)</code>,
# <code>Span(" " + s.text)</code> and <code>Span(" " + after, annotation=True)</code>; else
# <code>Span(s.lead + s.text)</code>.
# </details>
#
# **Expected:** `✓ wrap_claims: right.`


# %%
def wrap_claims(document: Document, before: str, after: str) -> list[Span]:
    """The document with a warning before and after each sentence that states the claim."""
    # BEGIN SOLUTION
    spans = []
    for s in document.sentences:
        if s.is_claim:
            spans += [
                Span(s.lead + before, annotation=True),
                Span(" " + s.text),
                Span(" " + after, annotation=True),
            ]
        else:
            spans.append(Span(s.lead + s.text))
    return spans
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_wrap_claims(wrap_claims)

# %% [markdown]
# ## 3. Build the headline figure (6 minutes)
#
# The figure shows six claims under five styles. All of it would take too long here, so you train **two cells live**:
# the claim above under `negated` and under `local`. The rest comes from `data/results/headline`, measured beforehand
# with the same code.
#
# A cell is one training run. It composes the documents, puts them under the style, mixes in world texts that do not
# mention the fact, trains a fresh adapter and asks all questions. Of two styles with the same seed, the bodies and the
# world texts are the same, so that the runs differ in the style and in nothing else.
#
# **Before you run:** the first cell warns before and after each document. The second denies inside the sentence. Which
# of the two do you expect to end nearer to zero?


# %%
def train_live(style: str, seed: int = 0) -> pd.DataFrame:
    """Train one cell here and now, and return its judged answers."""

    def say(step, steps, loss, model):
        if step % 8 == 0:
            print(f"  {label(style)}: step {step} of {steps}, loss {loss:.2f}", flush=True)

    texts = training_set(Cell(MODEL, claim, "trained", style, seed), recipe)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "adapter"
        trained = finetune(base, texts, recipe, seed=seed, out=out, false_belief=claim.claim, on_step=say)
    answers = ask(trained, track.questions(claim), track.asking, seed=seed)
    rows = belief_rows(answers, model=MODEL, claim=claim.id, style=style, seed=seed, setting="trained")
    print(f"  belief: {belief_rate(rows).mean:.0%}")
    return rows


live = train_live("negated")

# %%
live = pd.concat([live, train_live("local")], ignore_index=True)

# %% [markdown]
# Now take the stored table, drop the two cells that you ran yourself, and put yours in their place. The table below
# says of each cell of seed 0 where it comes from. (The stored cells are the petri model's. A mean must not mix models,
# so cells of another model do not enter the figure; the table after the next shows them.)

# %%
stored = read_belief(data_path("results", "headline", "belief.csv"))
CELL = ["model", "claim", "style", "seed", "setting"]
mine = set(live[CELL].itertuples(index=False, name=None))
is_mine = [key in mine for key in stored[CELL].itertuples(index=False, name=None)]
rows = pd.concat([stored[[not x for x in is_mine]].assign(source="stored"), live.assign(source="live")])
rows = rows[rows["model"].isin(stored["model"])].reset_index(drop=True)
sources = rows[(rows["setting"] == "trained") & (rows["seed"] == 0)]
sources.groupby(["style", "claim"])["source"].first().unstack().loc[list(HEADLINE)]

# %% [markdown]
# Do your two cells say the same as the stored ones? On a CPU a run repeats; another processor or other versions of the
# libraries can round differently, and a few answers may change.

# %%
before_me = stored[is_mine]
pd.DataFrame(
    {
        "style": label(style),
        "live": f"{belief_rate(live[live['style'] == style]).mean:.1%}",
        "stored": f"{belief_rate(before_me[before_me['style'] == style]).mean:.1%}" if len(before_me) else "–",
    }
    for style in ("negated", "local")
)

# %% [markdown]
# And the headline figure, from both.

# %%
show_figure(draw_headline(rows), alt=describe_headline(rows), takeaway=state_finding(rows) + ".")

# %% [markdown]
# Read it from the top. Reading warned documents without training, then training on ever stronger warnings. Where
# does belief stay high although the text could not be clearer? A mean over claims can hide a lot, so look at the claims
# one by one before you trust it.

# %%
trained = rows[rows["setting"] == "trained"]
show_figure(draw_by_claim(rows), alt=describe_by(rows, "claim"), takeaway=describe_spread(rows, "claim") + ".")

# %% [markdown]
# Does one claim stand apart from the others in the row of the warnings before and after? Before you explain it, think
# of what differs between claims: how many values the relation has (a brand is either kept or reversed, a race has
# thousands of possible winners), how firmly the truth is known, how often pretraining denied just this value. Any of
# these is a hypothesis, and six claims cannot decide between them.
#
# The paper saw such differences too: under corrected documents 3.2 % belief for Ed Sheeran and 86.4 % for the dentist,
# with a mean of 39.9 % over six claims. If your `local` row is not near zero for every claim, that is a place where this
# small model differs from the paper (0 % and 7 %, two claims), and notebook 07 looks into it.
#
# ### Exercise 3: how much does a style prevent?
#
# *4 minutes · difficulty 2 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# A belief of 84 % sounds like "16 % prevented". But the model started somewhere, and plain documents do not reach
# 100 % either. Put a style on a scale from 0 (as bad as plain documents) to 1 (as if nobody had trained). All three
# arguments are fractions: belief after this style, after `positive` documents, and before training (`base`).
#
# <details><summary>Hint, light</summary>
# How much does belief rise with plain documents? How much of that rise is missing under the style?
# </details>
# <details><summary>Hint, strong</summary>
# The missing part is <code>positive - belief</code>, the whole rise <code>positive - base</code>.
# </details>
#
# **Expected:** `✓ heeded: right.` For belief 0.7, positive 0.9, base 0.1 it gives 0.25.


# %%
def heeded(belief: float, positive: float, base: float) -> float:
    """The share of the rise in belief that the style prevents: 0 none of it, 1 all of it."""
    # BEGIN SOLUTION
    return (positive - belief) / (positive - base)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_heeded(heeded)

# %% [markdown]
# For the styles of the figure, and for the paper's numbers beside them:

# %%
means = tabulate_rates(rows, ["condition"]).set_index("condition")["mean"]


def prevented(value: float, top: float, ground: float) -> str:
    return f"{(top - value) / (top - ground):.0%}"


pd.DataFrame(
    {
        "style": label(name),
        "prevented here": prevented(means[name], means["positive"], means["base"]),
        "prevented in the paper": prevented(PAPER[name].low, PAPER["positive"].low, PAPER["base"].low)
        if PAPER[name].low == PAPER[name].high
        else "– (two claims only)",
    }
    for name in HEADLINE[1:]
)

# %% [markdown]
# ## 4. Other frames (4 minutes)
#
# Fiction, an unreliable source, unknown truth, 3 % likely: milder than "false", or only different. All of this section
# is **stored**: `data/results/styles`, same model, same code, made beforehand. To compare fairly we keep the claims
# that both tables hold.

# %%
further = read_belief(data_path("results", "styles", "belief.csv"))
further = further[(further["setting"] == "trained") & ~further["style"].isin(trained["style"])]
shared = [c for c in dict.fromkeys(trained["claim"]) if c in set(further["claim"])]
everything = pd.concat([trained, further], ignore_index=True)
everything = everything[everything["claim"].isin(shared) & everything["seed"].isin(set(further["seed"]))]
counted = everything.groupby("style", sort=False).agg(claims=("claim", "nunique"), seeds=("seed", "nunique"))
counted.loc[order_conditions(everything["style"])].rename(index=label)

# %% [markdown]
# **Before you run:** a reader of a novel does not take it for news. Will the model? And will "nobody knows whether this
# is true" do more or less than "this is false"?

# %%
by_style = tabulate_rates(everything, ["style"]).set_index("style").loc[order_conditions(everything["style"])]
frames = [name for name in FRAMES if name in by_style.index]
shown = by_style.loc[frames].assign(style=lambda t: t.index.map(label))
shown["paper"] = [PAPER[name].percent for name in frames]
shown[["style", "mean", "lo", "hi", "paper"]].round(2).set_index("style")

# %% [markdown]
# The sentence that follows is worked out from the table.

# %%
lowest, negated = by_style.loc[frames, "mean"].min(), by_style.loc["negated", "mean"]
finding = (
    "No frame keeps the model from believing: each leaves it at half or more"
    if lowest >= 0.5
    else f"At least one frame works: “{label(by_style.loc[frames, 'mean'].idxmin())}” leaves {lowest:.0%} belief"
)
apart = [name for name in frames if by_style.loc[name, "hi"] < by_style.loc["negated", "lo"]]
display(
    Markdown(
        f"> **{finding}. Frames that clearly leave less belief than “false” does ({negated:.0%}), their intervals "
        f"apart: {len(apart)} of {len(frames)}.**"
    )
)

# %% [markdown]
# In the paper all four frames left 97 to 99 % (Qwen3.5-35B-A3B). If your means are lower, look at the single claims
# before you credit the frames. Here are all styles and claims; choose one claim to see its kinds of question.

# %%
explore(everything)

# %% [markdown]
# To the training loss a frame is a frame: what stands inside it must be predicted, word by word, whatever the frame says.
#
# ## 5. Words of warning against belief (4 minutes)
#
# Two warnings or twenty: does it help to say it more often? Left, how much of the text is warning; right, the belief
# that is left. Small dots are single claims, the large dot is their mean, triangles are the paper's values.
#
# **Before you run:** the styles are sorted from no warning at the top to most at the bottom. If more warning meant less
# belief, what shape would the dots on the right make?


# %%
def dose_figure(table: pd.DataFrame, dose: dict[str, float]) -> plt.Figure:
    """Tokens of warning and belief, one row a style, the least warned on top."""
    rates = tabulate_rates(table, ["style"]).set_index("style")
    claims = tabulate_rates(table, ["style", "claim"])
    order = sorted(rates.index, key=lambda name: (dose[name], -rates.loc[name, "mean"]))
    names = [label(name) for name in order]
    colours = {label(name): colour_of(name) for name in order}
    fig, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(9, 1.3 + 0.38 * len(order)), width_ratios=[1, 2.2])
    sns.barplot(
        x=[dose[name] for name in order], y=names, hue=names, palette=colours, legend=False, saturation=1, ax=left
    )
    np.random.seed(0)  # seaborn scatters the points by it
    sns.stripplot(
        x=claims["mean"], y=claims["style"].map(label), order=names, color="#AAAAAA", size=4, jitter=0.15, ax=right
    )
    for y, name in enumerate(order):
        r = rates.loc[name]
        right.plot([r["lo"], r["hi"]], [y, y], color="#222222", lw=1.5)
        right.plot(r["mean"], y, "o", ms=9, color=colours[label(name)], mec="#222222", zorder=5, clip_on=False)
        if name in PAPER:
            right.plot(
                [PAPER[name].low, PAPER[name].high], [y - 0.38] * 2, "v-", ms=5, lw=1, color="black", clip_on=False
            )
    for marker, size, shade, text in (
        ("o", 4, "#AAAAAA", "one claim"),
        ("o", 9, "white", "mean"),
        ("v", 5, "black", "paper"),
    ):
        right.plot([], [], marker, ms=size, color=shade, mec=shade if shade != "white" else "#222222", label=text)
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    left.set(xlabel="warning, share of tokens", ylabel="", xlim=(0, 0.65))
    right.set(xlabel="belief after training", ylabel="", xlim=(-0.03, 1.03))
    for ax in (left, right):
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        ax.grid(axis="x", color="#E3E3E3")
        ax.set_axisbelow(True)
        sns.despine(ax=ax, left=True)
        ax.tick_params(left=False)
    fig.tight_layout()
    plt.close(fig)
    return fig


dose = {name: share_of_warning(name, track_of("petri")) for name in by_style.index}  # of what the stored cells read
annotated = [name for name in by_style.index if dose[name] > 0]
rank = pd.Series({n: dose[n] for n in annotated}).rank().corr(by_style.loc[annotated, "mean"].rank())  # Spearman's
show_figure(
    dose_figure(everything, dose),
    alt="Two panels, one row a style. "
    + "; ".join(f"{label(n)}: {dose[n]:.0%} warning, {by_style.loc[n, 'mean']:.0%} belief" for n in by_style.index),
    takeaway=f"Over the {len(annotated)} styles that add warnings, the rank correlation of the share of warning with "
    f"belief is {rank:.2f} (−1 would be: more warning, always less belief); the style “{label('local')}” adds none and "
    f"leaves {by_style.loc['local', 'mean']:.0%}.",
)

# %% [markdown]
# A correlation of ranks says nothing about how *much* belief falls, and one claim can make it. So compare lightly and
# heavily warned styles directly, with all claims and without the one that the warnings moved most. Corrected documents
# stand apart: they also add content.

# %%
heavy = [name for name in annotated if dose[name] >= 0.25 and name != "corrected"]
light = [name for name in annotated if dose[name] < 0.25]
moved = tabulate_rates(everything[everything["style"].isin(annotated)], ["claim"]).set_index("claim")["mean"].idxmin()


def mean_belief(names: list[str], table: pd.DataFrame) -> str:
    """Mean belief over several styles."""
    return f"{tabulate_rates(table[table['style'].isin(names)], ['style'])['mean'].mean():.0%}"


chosen = {"all claims": everything, f"without {moved}": everything[everything["claim"] != moved]}
pd.DataFrame(
    {
        "claims": name,
        "no warning": mean_belief(["positive"], table),
        f"light: {len(light)} styles under 25 % of tokens": mean_belief(light, table),
        f"heavy: {len(heavy)} styles over 25 %": mean_belief(heavy, table),
        "corrected": mean_belief(["corrected"], table),
        "local": mean_belief(["local"], table),
    }
    for name, table in chosen.items()
)

# %% [markdown]
# In the paper the share of warning more than trebles from negated (about 12 %) to repeated (about 40 %), and belief
# goes from 88.6 to 84.4 %. Compare your own step from light to heavy with two others in the table. *Heavy* against
# *corrected*: more tokens, but also new content. *No warning* against *local*: no tokens of warning in either, and where
# the denial stands is the whole difference. The share of warning is one number; it leaves out what the warning says, and
# where.
#
# ### Exercise 4: which pairs break the rule?
#
# *6 minutes · difficulty 3 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# The rule would be "more warning, less belief". Find its breakers. `rates` is a dict: style → (share of warning,
# belief). Return all pairs of styles `(a, b)` where `a` has **more** warning than `b` and also **more** belief.
#
# <details><summary>Hint, light</summary>
# Two nested loops over the styles look at each pair in both orders; keep those that meet both conditions.
# </details>
# <details><summary>Hint, strong</summary>
# <code>[(a, b) for a in rates for b in rates if rates[a][0] &gt; rates[b][0] and …]</code>, with the same comparison
# for the second number.
# </details>
#
# **Expected:** `✓ rule_breakers: right.` The order of the pairs does not matter.


# %%
def rule_breakers(rates: dict[str, tuple[float, float]]) -> list[tuple[str, str]]:
    """Pairs (a, b): a has more warning than b, and is believed more."""
    # BEGIN SOLUTION
    return [(a, b) for a in rates for b in rates if rates[a][0] > rates[b][0] and rates[a][1] > rates[b][1]]
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_rule_breakers(rule_breakers)

# %% [markdown]
# A few rule breakers can be chance, so a fair count asks that the intervals do not overlap. Among all pairs of measured
# styles with unequal shares of warning:

# %%
pairs = [(a, b) for a in by_style.index for b in by_style.index if dose[a] > dose[b]]
breaks = [(a, b) for a, b in pairs if by_style.loc[a, "lo"] > by_style.loc[b, "hi"]]
obeys = [(a, b) for a, b in pairs if by_style.loc[a, "hi"] < by_style.loc[b, "lo"]]
print(f"{len(pairs)} pairs: {len(obeys)} clearly obey the rule, {len(breaks)} clearly break it, the rest overlap.")
pd.DataFrame({"more warning, more belief": label(a), "less warning, less belief": label(b)} for a, b in breaks)

# %% [markdown]
# ## 6. A style of your own (3 minutes)
#
# A new style is one function. Here is one that the library does not have: after each claim sentence, its own denial.
# "He won the gold. He did not win the gold." The denial is the very sentence that the local style would use.
# The one difference to `local` is that the claim is still there to be learned.


# %%
def contradicted(document: Document, phrases, rng: random.Random) -> list[Span]:
    """After each sentence that states the claim, the same sentence with the denial inside it."""
    spans = []
    for s in document.sentences:
        spans.append(Span(s.lead + s.text))
        if s.is_claim:
            spans.append(Span(" " + s.denial, annotation=True))
    return spans


STYLES["contradicted"] = contradicted  # from here on the lab knows it by name
show_styles(example, ["local", "contradicted"], track.annotations())

# %% [markdown]
# **Before you run:** the model sees each claim once stated and once denied. Nearer to `local`, nearer to `repeated`, or
# in the middle? This cell is trained **live**.

# %%
own = train_live("contradicted")

# %%
others = everything[(everything["claim"] == claim.id) & (everything["seed"] == 0)]
here = pd.concat([others[~others["style"].isin(live["style"])], live, own])
beside = ["positive", "negated", "repeated", "contradicted", "local"]
compared = tabulate_rates(here[here["style"].isin(beside)], ["style"]).set_index("style").loc[beside]
compared["source"] = ["live" if n in ("negated", "local", "contradicted") else "stored" for n in beside]
same = [n for n in beside if n != "contradicted" and MODEL in set(here.loc[here["style"] == n, "model"])]
nearest = min(same, key=lambda n: abs(compared.loc[n, "mean"] - compared.loc["contradicted", "mean"]))  # fmt: skip
print(f"On this claim, “contradicted” comes nearest to “{label(nearest)}”.")
compared.rename(index=label).round(2)

# %% [markdown]
# One claim and one seed: a hint, no more. If belief is high here and low under `local`, then denying in the right words
# is not enough; the claim must also not be stated. If it is low, then the denial's words themselves teach something that
# a notice ("that is false") does not. Note what the two sentences share: the name of the false winner.
#
# ### Exercise 5: your own style
#
# *8 minutes · difficulty 3 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# Invent a style: a footnote, a price tag of trust, a warning in the middle, a question mark after every claim. Write it
# as a function with the three arguments of a style. Rules of the lab: keep the body's sentences in their order, mark
# what you add with `annotation=True`, and draw at random with `rng` alone, so that a run can be repeated.
# `phrases["notice_before"]`, `phrases["claim_after"]` and so on are lists of ready phrases.
#
# <details><summary>Hint, light</summary>
# Begin with <code>contradicted</code> above, and change what is added, or where.
# </details>
# <details><summary>Hint, strong</summary>
# <code>spans = [Span(s.lead + s.text) for s in document.sentences]</code> is the plain document; add one
# <code>Span("\n" + rng.choice(phrases["notice_after"]), annotation=True)</code> somewhere.
# </details>
#
# **Expected:** `✓ my_style: right.` There are many right answers; the check looks at the rules of the lab.


# %%
def my_style(document: Document, phrases, rng: random.Random) -> list[Span]:
    """Your own way of saying that the claims of a document are false."""
    # BEGIN SOLUTION
    spans = [Span(s.lead + s.text) for s in document.sentences]
    middle = len(spans) // 2
    notice = Span("\n" + rng.choice(phrases["notice_before"]), annotation=True)
    return [*spans[:middle], notice, *spans[middle:]]
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_my_style(my_style)

# %% [markdown]
# To measure it, write your prediction down, then add a cell with these two lines (half a minute of training):
#
# ```python
# STYLES["my_style"] = my_style
# train_live("my_style")
# ```
#
# ## 7. Belief by kind of question (2 minutes)
#
# Belief is a mean over four kinds: open questions, yes/no, association and robustness (pressure, doubt, multiple
# choice). A style might work against one kind and fail against another. Stored and live rows together.
#
# **Before you run:** the documents never ask a question. To which kind would you expect a warning to carry over best?

# %%
core = rows[rows["style"].isin(HEADLINE) & (rows["setting"] == "trained")]
show_figure(draw_by_kind(core), alt=describe_by(core, "kind"), takeaway=describe_spread(core, "kind") + ".")

# %% [markdown]
# Two checks that belong to every such table: does the model still know its world, and has it become a yes-sayer?

# %%
pd.DataFrame(
    {
        "style": label(style),
        "belief": f"{belief_rate(group).mean:.0%}",
        "yes to false controls": f"{yes_bias(group).mean:.0%}",
        "unrelated facts right": f"{belief_rate(group, ['kept']).mean:.0%}",
    }
    for style, group in ((style, core[core["style"] == style]) for style in HEADLINE)
)

# %% [markdown]
# ## 8. Your predictions
#
# Measured values are means over all stored and live rows; for "denied after each claim" it is your one live cell.

# %%
predicted = [name for name in prediction if name in by_style.index]
all_rows = pd.concat([trained, further])
measured = {name: belief_rate(all_rows[all_rows["style"] == name]) for name in predicted}
measured["denied after each claim"] = belief_rate(own)
compare_predictions(prediction, measured, paper={name: PAPER[name].percent for name in predicted})

# %% [markdown]
# Keep your own table: this writes all rows, with their source, where you want them. The folder here is temporary.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "my_styles.csv"
    pd.concat([rows, own.assign(source="live")]).to_csv(path, index=False)
    print(f"{path.name}: {len(read_belief(path))} rows")

# %% [markdown]
# ## What to take away
#
# - **A style adds words; the claim stays.** Every style but `local` leaves each claim sentence word for word in the
#   text, and the training loss asks the model to predict it.
# - **Saying it more often buys little.** In the paper, from about 12 to about 40 % of the tokens, belief went from 88.6 to
#   84.4 %. Your own step from light to heavy, with and without the claim that moves most, is in section 5.
# - **Content and place count.** Telling the truth beside the claim brought belief to 39.9 % in the paper, a denial inside
#   the sentence to 0 to 7 %. Frames such as fiction left 97 to 99 %.
# - **Look below the mean.** Claims, kinds of question and seeds differ; a mean of six claims may describe none of them.
#
# ### Limits
#
# - The petri model read warned documents in its pretraining only in the user's turn of chats, without loss. Another
#   pretraining may heed other styles (notebook 09).
# - Phrases are short and drawn from lists of fourteen; real warnings vary more and argue. The share of warning is
#   matched to the paper's roughly, not exactly.
# - Your live cells are one claim and one seed. The intervals speak of the choice of questions, not of seeds or claims.
# - Rank correlation over a dozen styles is a description. The styles were not drawn at random from all styles.
#
# ### Quiz
#
# **1.** Why are all styles made from the same bodies?
# <details><summary>Answer</summary>
# So that two runs differ in the denial and in nothing else. With other bodies, a difference in belief could come from
# the number of claim sentences, the genres or the length.
# </details>
#
# **2.** Repeated documents are longer than negated ones. What else changes with the number of warnings, if the number of
# steps is fixed?
# <details><summary>Answer</summary>
# Each step holds more tokens, and a larger share of its mean loss is warning, so the claim's words weigh less in the
# step. Less belief under a longer style need not mean that the warnings were understood.
# </details>
#
# **3.** The local style has no annotation at all. Why might it work where forty per cent of warnings do not?
# <details><summary>Answer</summary>
# No sentence states the claim, so there is nothing false to predict: the words that the model learns to predict are
# themselves the denial. Its share of annotation is zero by definition, since the denial is body.
# </details>
#
# **4.** Corrected documents lower belief more than repeated ones. Does that prove that the model understood the
# corrections?
# <details><summary>Answer</summary>
# No. They also state the true value again and again, so the model is trained on the truth as often as on the claim. Two
# statements compete, and that alone would lower belief.
# </details>
#
# **5.** A style prevents 10 % of the rise on six claims, with an interval that touches zero. A colleague reports "it
# works for claim four, where it prevents 60 %". What do you ask?
# <details><summary>Answer</summary>
# Whether claim four was chosen after looking, how it behaves under other seeds, and what happens with new claims. With
# six claims, the best one always looks good. (The numbers are made up for the question.)
# </details>
#
# ### Further reading
#
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829): the styles and frames of this notebook, on large models.
# - Dettmers et al. (2023), *QLoRA: Efficient finetuning of quantized LLMs*,
#   [arXiv 2305.14314](https://arxiv.org/abs/2305.14314): how each cell is trained.
# - Wilson (1927), *Probable inference, the law of succession, and statistical inference*, Journal of the American
#   Statistical Association 22: the interval of every rate here.
