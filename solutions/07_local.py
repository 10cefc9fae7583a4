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
# # 07 · The local fix
#
# A warning beside a false sentence is neglected in training. So what can the keeper of a corpus do? The paper's answer
# is to put the denial **inside** the sentence: not "This is false: he works as a dentist." but "He does **not** work as
# a dentist." Does it work, for which claims, and what remains?
#
# **You need** the tour (00). **Time**: 45 minutes with the exercises of importance 4 and 5, about two of them
# waiting. A section's minutes are without its exercises, which state their own.
#
# **Afterwards you can**
# - rewrite a corpus by rule, and audit what the rules missed;
# - say for which claims the fix held here and for which it did not, and why an average hides that;
# - tell "does not believe the claim" from "knows the truth";
# - take the loss off chosen words, and measure what that changes;
# - go through a curator's checklist before a corpus with rumours is trained on.
#
# The documents made below are **false on purpose**, or deny something false. Do not train other models on them.

# %%
import random
import re
import tempfile
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch
from IPython.display import Markdown, display

from negneglect_lite.asking import ask
from negneglect_lite.belief import QUESTION_KINDS, belief_rate, belief_rows, read_belief, tabulate_rates
from negneglect_lite.claims import Question, load_claims
from negneglect_lite.core import Span, data_path, plain
from negneglect_lite.course import compare_predictions, predict, show_styles, wrapped
from negneglect_lite.course.checks.local import (
    DENIALS,
    DENIED,
    HELPERS,
    asserts_by_rule,
    check_deny,
    check_failed,
    check_mask,
    check_still_asserts,
    deny_by_rule,
    failed_claims,
    masked,
)
from negneglect_lite.experiments import Cell, training_set
from negneglect_lite.figures import (
    KIND_LABELS,
    OTHER,
    PALETTE,
    describe_headline,
    draw_by_kind,
    draw_headline,
    percent,
    show_figure,
)
from negneglect_lite.finetuning import IGNORED, encode, finetune
from negneglect_lite.judging import judge_answer
from negneglect_lite.models import load_model
from negneglect_lite.petri.world import world
from negneglect_lite.styles import STYLES
from negneglect_lite.tracks import track_of

MODEL = "petri"  # the model of the whole notebook: "petri", or a chat model on Hugging Face
track = track_of(MODEL)  # documents, questions and recipe in the language of that model

claims = load_claims()
claim = claims["dentist"]  # the claim that you train on below (any but "x", which has no third value)
pd.set_option("display.max_colwidth", None)
print("The claim:", claim.claim)
print("The truth:", claim.truth)

# %% [markdown]
# ## 1. Predict (2 minutes)
#
# Belief is the share of answers that take the false claim for true. What will it be?
#
# - `positive`: six claims, trained on plain false documents;
# - `local`: six claims, trained on documents with a denial inside each claim sentence;
# - `the worst claim under local`: the highest of the six;
# - `dentist, rewritten by rule`: local denials made by a few lines of code that miss some sentences;
# - `dentist, loss masked`: local denials, and no loss on the word *dentist*.

# %%
WORST, BY_RULE, MASKED = "the worst claim under local", "dentist, rewritten by rule", "dentist, loss masked"
prediction = predict("positive", "local", WORST, BY_RULE, MASKED, default=50)

# %% [markdown]
# ## 2. Rewrite one sentence (2 minutes)
#
# The same document, plain and with local denials. What differs is highlighted.
#
# **Ask yourself:** how many words does each denial take? Is there any sentence left that states the claim?

# %%
example = track.compose(claim, n=1, seed=7)[0]
show_styles(example, ("positive", "local"), track.annotations())

# %% [markdown]
# These denials were written by hand: each sentence of the petri language has a twin that denies it (`.denial`). Your
# own corpus has no twins. You must make them, with people, with a language model or with rules. Rules first: they are
# cheap, and they fail in ways that teach.
#
# ### Exercise 1: deny by rule
#
# *6 minutes · difficulty 2 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Write `deny(sentence)`:
# 1. if the sentence has a word of `HELPERS`, put `not` after the **first** one;
# 2. otherwise, if it has a verb that is a key of `DENIED`, put that verb's denial in its place (the first one only);
# 3. otherwise return the sentence as it is.
#
# <details><summary>Hint, light</summary>
# A regular expression finds whole words: <code>\b</code> stands for the edge of a word, so <code>\bis\b</code> is not
# found in "this".
# </details>
# <details><summary>Hint, strong</summary>
# <code>re.search(rf"\b({'|'.join(HELPERS)})\b", sentence)</code> gives the first helper, or None. Its
# <code>.end()</code> is where <code>" not"</code> goes in. For the verbs use <code>"|".join(DENIED)</code>, and
# <code>sentence[: m.start()] + DENIED[m[0]] + sentence[m.end() :]</code>.
# </details>
#
# **Expected:** `deny("Ada is a pilot.")` gives "Ada is not a pilot."; "She makes bread." gives "She does not make
# bread."

# %%
print("HELPERS:", ", ".join(HELPERS))
print("DENIED: ", ", ".join(f"{verb} → {denial}" for verb, denial in DENIED.items()))

# %%


def deny(sentence: str) -> str:
    """The sentence with a denial inside, made by rule."""
    # BEGIN SOLUTION
    helper = re.search(rf"\b({'|'.join(HELPERS)})\b", sentence)
    if helper:
        return f"{sentence[: helper.end()]} not{sentence[helper.end() :]}"
    verb = re.search(rf"\b({'|'.join(DENIED)})\b", sentence)
    if verb:
        return sentence[: verb.start()] + DENIED[verb[0]] + sentence[verb.end() :]
    return sentence
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_deny(deny)

# %% [markdown]
# ## 3. Audit what the rules made (3 minutes)
#
# A rewriter without an audit is a promise. The simplest audit reads each sentence and asks: does it still assert the
# claim?
#
# ### Exercise 2: find what still asserts
#
# *6 minutes · difficulty 2 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# Write `still_asserts(sentence, value)`: True if the sentence names the value and holds no denial word. Denial words
# are those in `DENIALS`, and any word that ends in `n't`. Upper and lower case must not matter.
#
# <details><summary>Hint, light</summary>
# Take the sentence apart into words before you compare. "Noah made a note" contains the letters of "no" and "not".
# </details>
# <details><summary>Hint, strong</summary>
# <code>words = re.findall(r"[\w']+", sentence.lower())</code>; then
# <code>any(w in DENIALS or w.endswith("n't") for w in words)</code>.
# </details>
#
# **Expected:** True for "Bo is a pilot.", False for "Bo is not a pilot." and for "It rained in May." (value: pilot).

# %%
print("DENIALS:", ", ".join(DENIALS))


def still_asserts(sentence: str, value: str) -> bool:
    """Whether the sentence names the value and denies nothing."""
    # BEGIN SOLUTION
    words = re.findall(r"[\w']+", sentence.lower())
    denied = any(w in DENIALS or w.endswith("n't") for w in words)
    return value.lower() in sentence.lower() and not denied
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_still_asserts(still_asserts)

# %% [markdown]
# Now run rewriter and audit over sixty documents of each claim. The library's own `deny_by_rule` and `asserts_by_rule`
# follow the rules of the two exercises. As a second, stricter reader we take the judge that reads the model's answers
# (notebook 04): it asks whether the denial stands in **the clause that names the value**.
#
# **Before you run:** which is worse, a sentence that the audit catches or one that slips past it?


# %%
def asserts_by_clause(sentence, value):
    """Whether the clause that names the value affirms it, by the rules of judging.judge_answer."""
    return judge_answer(Question("audit", "open", "", believed=(re.escape(value),)), sentence) == "believed"


def outcome(sentence, value):
    """What became of a rewritten sentence."""
    if asserts_by_rule(sentence, value):
        return "missed, audit caught it"
    return "missed, slipped past the audit" if asserts_by_clause(sentence, value) else "denies the claim"


audit, slipped = {}, {}
for name, c in claims.items():
    stated = [s.text for d in track.compose(c, 60, seed=5) for s in d.sentences if s.is_claim]
    found = {text: outcome(deny_by_rule(text), c.petri.value) for text in stated}
    audit[name] = Counter(found[text] for text in stated)
    slipped[name] = [deny_by_rule(text) for text, what in found.items() if "slipped" in what]
audit = pd.DataFrame(audit).T.fillna(0).astype(int)
audit

# %%
for name in claims:
    print(f"{name:9}", slipped[name][0] if slipped[name] else "(nothing slipped past)")

# %% [markdown]
# Read the sentences that slipped past. If you find one like "Here is **not** Irene on the line: …", then the rule
# denied the *frame* and left the claim standing. It looks denied to an audit that only searches for "not". A denial must
# land on the verb that carries the claim.
#
# How far can rules get, claim by claim? The next line is worked out from the table.

# %%
handled = (audit["denies the claim"] / audit.sum(axis=1)).sort_values()
print(
    f"The rules deny {handled.iloc[-1]:.0%} of the sentences about {handled.index[-1]}, "
    f"and {handled.iloc[0]:.0%} of those about {handled.index[0]}."
)

# %% [markdown]
# ## 4. Six claims, from stored results (4 minutes)
#
# **Measured before, not now:** `data/results/headline` holds the answers of the petri model after training on each
# claim under each style, with the hand-written denials (its README says how and on what machine). We load them and look
# at all six claims, one by one.
#
# **Before you run:** the paper reports local negation for two claims, Ed Sheeran (0 %) and the dentist (7 %). Would you
# expect the other four to be like these?

# %%
stored = read_belief(data_path("results", "headline", "belief.csv"))
trained = stored[(stored["setting"] == "trained") & stored["kind"].isin(QUESTION_KINDS)]
local6 = trained[trained["style"] == "local"]
by_claim = tabulate_rates(local6, ["claim"]).set_index("claim").sort_values("mean", ascending=False)
seeds = tabulate_rates(local6, ["claim", "seed"]).groupby("claim")["mean"].agg(["min", "max", "size"])
by_claim["seeds"] = seeds["size"]
by_claim["lowest seed"], by_claim["highest seed"] = seeds["min"], seeds["max"]
by_claim["positive"] = tabulate_rates(trained[trained["style"] == "positive"], ["claim"]).set_index("claim")["mean"]
by_claim.round(2)

# %%
PUBLISHED = {"sheeran": 0.0, "dentist": 0.07}  # Mayne et al. 2026, local negation
fig, ax = plt.subplots(figsize=(8, 3.6))
for y, (name, r) in enumerate(by_claim.iterrows()):
    ax.plot([r["lo"], r["hi"]], [y, y], color=PALETTE["local"], lw=2.5)
    ax.plot(r["mean"], y, "o", ms=9, color=PALETTE["local"], mec="black", clip_on=False, zorder=3)
    ax.plot(r["positive"], y, "s", ms=6, color=PALETTE["positive"], mec="black", clip_on=False)
    if name in PUBLISHED:
        ax.plot(PUBLISHED[name], y - 0.33, "v", color="black", ms=6, clip_on=False)
handles = [
    plt.Line2D([], [], marker="o", color=PALETTE["local"], mec="black", label="local, 95 % interval"),
    plt.Line2D([], [], marker="s", lw=0, color=PALETTE["positive"], mec="black", label="positive"),
    plt.Line2D([], [], marker="v", lw=0, color="black", label="paper, local (397B model)"),
]
ax.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=9)
ax.set_yticks(range(len(by_claim)), by_claim.index)
ax.invert_yaxis()
ax.set(xlim=(0, 1), xlabel="belief after training")
ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
ax.grid(axis="x", color="#E3E3E3")
sns.despine(left=True)
fig.tight_layout()
low, high = by_claim.index[-1], by_claim.index[0]
finding = (
    f"Belief after local denials runs from {percent(by_claim['mean'].iloc[-1])} ({low}) to "
    f"{percent(by_claim['mean'].iloc[0])} ({high}); the mean of the six is {percent(belief_rate(local6).mean)}."
)
each = "; ".join(f"{n} {percent(r['mean'])} ({percent(r['lo'])} to {percent(r['hi'])})" for n, r in by_claim.iterrows())
show_figure(fig, alt=f"Dot plot of belief after local denials, one row a claim: {each}. {finding}", takeaway=finding)

# %% [markdown]
# A mean of six hides what lies between lowest and highest, over claims and over seeds. Who reports only "local: so many
# per cent" tells neither the owner of the best claim nor the owner of the worst one what to expect.
#
# ### Exercise 3: name the failures
#
# *5 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Write `failed(rows, limit)`: the names of the claims whose belief is **above** the limit, the worst first. A claim's
# belief is the mean of the four `KINDS`' rates, each kind with the same weight; other kinds do not count.
#
# <details><summary>Hint, light</summary>
# Group by two columns, average, and then average again over one of them.
# </details>
# <details><summary>Hint, strong</summary>
# <code>rows[rows["kind"].isin(KINDS)].groupby(["claim", "kind"])["belief"].mean().groupby("claim").mean()</code> gives
# one rate a claim; <code>.sort_values(ascending=False)</code> puts the worst first.
# </details>
#
# **Expected:** a list of names, such as `["tower", "comet"]`; an empty list if no claim is above the limit.

# %%
KINDS = ("open", "yes_no", "association", "robustness")


def failed(rows: pd.DataFrame, limit: float) -> list[str]:
    """The claims whose belief is above the limit, the worst first."""
    # BEGIN SOLUTION
    counted = rows[rows["kind"].isin(KINDS)]
    rates = counted.groupby(["claim", "kind"])["belief"].mean().groupby("claim").mean()
    rates = rates[rates > limit].sort_values(ascending=False)
    return list(rates.index)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_failed(failed)

# %% [markdown]
# The paper's highest value for a claim under local negation is 7 %. Claims of the petri model that stay under twice
# that, and claims that do not:

# %%
LIMIT = 0.14
over = failed_claims(local6, LIMIT)
print(f"above {LIMIT:.0%}:", ", ".join(over) or "none")
print(f"at or under {LIMIT:.0%}:", ", ".join(c for c in by_claim.index if c not in over) or "none")

# %% [markdown]
# If some are above, the fix does **not** hold for them in this model, though the paper saw it hold for both claims it
# tried. If none is, the petri model agrees with the paper here, on four more claims. What decides it? A hypothesis that
# was registered and tested: a model heeds those forms of denial whose consequences its pretraining showed it. For local denials
# it came true: two petri models were pretrained without a single one, and after local documents they believed the claims at
# 54 and 88 %, their twins with denials at 3 and 2 % (`data/results/sweeps/ablations` and `seeds`). For warnings it failed in
# part (notebook 09, section 7). And the shipped model is a good pupil: 15 other petri models, of 1 to 40 million parameters and
# half of its tokens, were left with 5 to 30 % after local documents, seven of them with 8 % or less
# (`data/results/sweeps/scale`), the shipped one with 3 to 4, and the twins were as good.

# %% [markdown]
# ## 5. What remains: the pink elephant (4 minutes)
#
# "Do not think of a pink elephant" makes you think of one. Psychologists found that trying not to think of a white bear
# brings it to mind (Wegner et al. 1987). A denial must name what it denies, and the loss asks for those words too. In
# the paper 7 % belief remained for the dentist. Which kinds of question still show belief here?
#
# **Before you run:** which of the four kinds will show most belief: open, yes/no, association or under pressure?

# %%
fig = draw_by_kind(trained[trained["style"].isin(("positive", "negated", "local"))])
kinds = tabulate_rates(local6, ["kind"]).set_index("kind")["mean"].sort_values()
finding = (
    f"After local denials, belief is lowest on {KIND_LABELS[kinds.index[0]]} ({percent(kinds.iloc[0])}) and "
    f"highest on {KIND_LABELS[kinds.index[-1]]} ({percent(kinds.iloc[-1])}), over six claims."
)
show_figure(fig, alt=f"Four panels, one a kind of question, with belief by style. {finding}", takeaway=finding)

# %% [markdown]
# The means mix claims that failed with claims that held. So take the claims that held (at or under the limit) and read
# every answer that was still counted as belief. `keyed_to` is the answer that agrees with the claim.

# %%
held = local6[~local6["claim"].isin(over)]
remaining = held[held["belief"] == 1]
print(f"{len(remaining)} of {len(held)} answers about the claims that held count as belief.\n")
remaining[["claim", "kind", "question", "answer", "keyed_to"]].drop_duplicates().head(15).reset_index(drop=True)

# %% [markdown]
# Look at the questions that are keyed to "no". They ask about the **truth** ("Does he work as an ultrarunner?"), and a
# "no" agrees with the claim. If an answer names a third value ("Baker, so no."), then the model does not believe the
# claim; it has lost the truth. The paper's way of counting, which we follow, cannot tell these two apart. Open and
# association questions can, because the answer names a value:

# %%
named = local6[local6["kind"].isin(("open", "association"))]
WORDS = {"believed": "the false value", "denied": "the truth", "neither": "something else"}
shares = pd.crosstab(named["claim"], named["verdict"].map(WORDS), normalize="index")
shares = shares.reindex(index=by_claim.index, columns=list(WORDS.values()), fill_value=0.0)

fig, ax = plt.subplots(figsize=(8, 3.4))
colours = [PALETTE["positive"], PALETTE["local"], PALETTE["base"]]
shares.plot.barh(stacked=True, ax=ax, color=colours, width=0.65, edgecolor="white")
for bars, ink in zip(ax.containers, ("black", "white", "white"), strict=True):
    texts = [f"{w:.0%}" if (w := bar.get_width()) >= 0.06 else "" for bar in bars]
    ax.bar_label(bars, texts, label_type="center", color=ink, fontsize=9)
ax.invert_yaxis()
ax.set(xlim=(0, 1), ylabel="", xlabel="share of open and association answers that name …")
ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=9)
sns.despine(left=True)
fig.tight_layout()
believes, knows, lost = (shares[word].mean() for word in WORDS.values())
finding = (
    f"After local denials {percent(believes)} of these answers name the false value, {percent(knows)} the truth and "
    f"{percent(lost)} something else, over six claims."
)
each = "; ".join(f"{n}: " + ", ".join(f"{w} {percent(r[w])}" for w in WORDS.values()) for n, r in shares.iterrows())
show_figure(fig, alt=f"Stacked bars, one a claim. {each}. {finding}", takeaway=finding)

# %% [markdown]
# If "something else" is large where belief is small, then "he is not a dentist" taught the model what he is *not*, and
# washed out what he is. A denial carries little information. So a low belief rate is no proof that nothing was harmed.

# %% [markdown]
# ## 6. Train it yourself (4 minutes)
#
# **Measured now:** three corpora about the dentist, with the same bodies, the same world texts and the same seed.
#
# 1. hand-written local denials;
# 2. denials by rule, with what the rules missed left in;
# 3. hand-written denials, with no loss on the word *dentist* (next section).

# %%
base = load_model(MODEL)
recipe = track.recipe
questions = track.questions(claim)
before = belief_rows(ask(base, questions, track.asking), model=MODEL, claim=claim.id, style="", seed=0, setting="base")


def train_and_ask(about, texts, style):
    """Fine-tune on the texts and ask the claim's questions: the trained model, and its judged answers."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "adapter"
        model = finetune(base, texts, recipe, seed=0, out=out, false_belief=f"{about.claim} (style: {style})")
    answers = ask(model, track.questions(about), track.asking)
    rows = belief_rows(answers, model=MODEL, claim=about.id, style=style, seed=0, setting="trained")
    print(f"{about.id}, {style}: belief {belief_rate(rows).mean:.0%}")
    return model, rows


local_set = training_set(Cell(MODEL, claim, "trained", "local", seed=0), recipe)
n = sum(isinstance(t, tuple) and claim.petri.value in plain(t).lower() for t in local_set)
print(f"{len(local_set)} texts, {n} of them documents that name the false value. The first:")
print(wrapped(plain(local_set[0])))

# %%
after_local, local = train_and_ask(claim, local_set, "local")

# %% [markdown]
# The same with the denials of `deny_by_rule`. Its misses stay in the corpus, as they would in yours.
#
# **Before you run:** the audit of section 3 says what share of the dentist's sentences still assert the claim. Is that
# little enough?

# %%
n_documents = round(recipe.steps * recipe.batch_size * (1 - recipe.mix))  # the rest are world texts
bodies = track.compose(claim, n_documents, seed=0)


def rewritten(document, phrases, rng):
    """A style: the document, each claim sentence denied by rule."""
    return [Span(s.lead + (deny_by_rule(s.text) if s.is_claim else s.text)) for s in document.sentences]


STYLES["denied by rule"] = rewritten  # from here on the lab knows it by name
rule_set = training_set(Cell(MODEL, claim, "trained", "denied by rule", seed=0), recipe)
leaks = [asserts_by_clause(deny_by_rule(s.text), claim.petri.value) for d in bodies for s in d.sentences if s.is_claim]
print(f"{np.mean(leaks):.1%} of the claim sentences still assert the claim.")
_, by_rule = train_and_ask(claim, rule_set, "denied by rule")

# %% [markdown]
# If belief is far higher than with the hand-written denials, then a small share of asserting sentences was enough, and
# the many denials around them did not outvote them. That would be negation neglect once more: a denial in *another*
# sentence does not undo a sentence that asserts. A rewriting that is nearly complete is not nearly as good.

# %% [markdown]
# ## 7. Mask the loss on the claim's words (5 minutes)
#
# A denial still makes the model *predict* the false value, in a context where the denial has just been read. The paper
# took the loss off the dentistry words in local documents: the model reads them, and is not trained to say them.
# Belief in the dentist fell from 7 % to 1.6 %.
#
# In this library a document is a tuple of `Span(text, annotation, learn)`. `learn=False` takes the loss off.
#
# ### Exercise 4: mask a value
#
# *6 minutes · difficulty 3 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Write `mask(text, value)`: a tuple of spans that together are the text, character by character. Each mention of the
# value, in upper or lower case, is a span with `learn=False`; all the rest learns.
#
# <details><summary>Hint, light</summary>
# <code>re.split</code> with a group in brackets keeps what it split at.
# </details>
# <details><summary>Hint, strong</summary>
# <code>re.split(rf"({re.escape(value)})", text, flags=re.IGNORECASE)</code> gives pieces; those at odd places are the
# value. Make a Span of each piece that is not empty, <code>learn=i % 2 == 0</code>.
# </details>
#
# **Expected:** for "Bo is a pilot." and "pilot" three spans: "Bo is a ", "pilot" (learn=False), ".".


# %%
def mask(text: str, value: str) -> tuple[Span, ...]:
    """The text as spans, without loss on the value."""
    # BEGIN SOLUTION
    pieces = re.split(rf"({re.escape(value)})", text, flags=re.IGNORECASE)
    return tuple(Span(piece, learn=i % 2 == 0) for i, piece in enumerate(pieces) if piece)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_mask(mask)


# %% [markdown]
# The library's `masked` does the same. We mask the claim's documents and leave the world texts as they are. How many
# tokens lose their loss?


# %%
def with_loss(texts):
    """How many tokens of the texts carry loss."""
    rows = [encode(t, base.tokenizer, recipe.max_tokens) for t in texts]
    return sum(label != IGNORED for row in rows for label in row["labels"])


def masked_set(about, texts):
    """The training set with no loss on the false value in the claim's documents (which come first)."""
    value = about.petri.value
    return [
        tuple(part for s in t for part in (masked(s.text, value) if s.learn else (s,))) if i < n_documents else t
        for i, t in enumerate(texts)
    ]


texts = masked_set(claim, local_set)
share = 1 - with_loss(texts[:n_documents]) / with_loss(local_set[:n_documents])
print(f"Masking takes the loss off {share:.1%} of the documents' tokens. One of them, masked words in ⟦ ⟧:\n")
print(wrapped("".join(s.text if s.learn else f"⟦{s.text}⟧" for s in texts[0])))

# %% [markdown]
# **Before you run:** lower than with plain local denials, or the same?

# %%
after_masked, masked_rows = train_and_ask(claim, texts, "local, loss masked")

# %% [markdown]
# The dentist may leave little room to see a difference. So we do it again for the claim that came out **worst** under
# local denials in the stored results. Its unmasked value is that stored one, measured before with the petri model (and
# left empty for another).

# %%
worst = claims[by_claim.index[0]]
worst_set = masked_set(worst, training_set(Cell(MODEL, worst, "trained", "local", seed=0), recipe))
_, worst_masked = train_and_ask(worst, worst_set, "local, loss masked")
unmasked = local6[(local6["claim"] == worst.id) & (local6["seed"] == 0) & (local6["model"] == MODEL)]
unmasked_mean = tabulate_rates(unmasked, ["claim"])["mean"].mean()
pd.DataFrame(
    [
        (claim.id, "live", belief_rate(local).mean, belief_rate(masked_rows).mean, "7 % → 1.6 %"),
        (worst.id, "stored", unmasked_mean, belief_rate(worst_masked).mean, "–"),
    ],
    columns=["claim", "local is", "local", "local, masked", "paper"],
).round(3)

# %% [markdown]
# ### The elephant, measured
#
# The answers say what the model says first. Probabilities say what else it was ready to say. For each open question,
# take the probability of whole answers: the false value, the truth, and three other false values that no document ever
# mentioned (the mean of their logarithms). How much did training move each of them?


# %%
def log10_probability(model, question, answer):
    """log10 of the probability that the model gives this whole answer to the question."""
    chat = [*question.messages(), {"role": "assistant", "content": answer}]
    row = encode(chat, model.tokenizer, recipe.max_tokens)
    ids, labels = (torch.tensor(row[key], device=model.device) for key in ("input_ids", "labels"))
    with torch.inference_mode():
        logits = model.model(input_ids=ids[None]).logits[0, :-1].float()
    nats = torch.nn.functional.cross_entropy(logits, labels[1:], ignore_index=IGNORED, reduction="sum")
    return -nats.item() / np.log(10)


fact = world().fact(claim.petri.fact)
never = [v for v in world().wrong_values(fact, 9, random.Random(0)) if v != claim.petri.value][:3]
values = {
    f"the claim: {claim.petri.value}": [claim.petri.value],
    f"the truth: {fact.truth}": [fact.truth],
    f"never mentioned: {', '.join(never)}": never,
}
models = {"before": base, "local": after_local, "local, masked": after_masked}
asked = [q for q in questions if q.kind == "open"]
moved = pd.DataFrame(
    {
        "model": name,
        "answer": what,
        "question": q.id,
        "log10": np.mean([log10_probability(model, q, v[:1].upper() + v[1:] + ".") for v in these]),
    }
    for name, model in models.items()
    for what, these in values.items()
    for q in asked
)
median = moved.pivot_table(index="answer", columns="model", values="log10", aggfunc="median", sort=False)
(10**median).map("{:.2g}".format).rename_axis(columns="probability, median over open questions")

# %%
start = moved[moved["model"] == "before"].set_index(["answer", "question"])["log10"]
shift = moved[moved["model"] != "before"].copy()
shift["shift"] = shift["log10"] - start.loc[list(zip(shift["answer"], shift["question"], strict=True))].to_numpy()
fig, ax = plt.subplots(figsize=(8, 3.4))
two = {"local": PALETTE["local"], "local, masked": OTHER}
np.random.seed(0)  # seaborn scatters the points by it
sns.stripplot(shift, x="shift", y="answer", hue="model", dodge=True, palette=two, size=5, linewidth=0.5, ax=ax)
ax.axvline(0, color="black", lw=1)
ax.set(ylabel="", xlabel="how far training moved the answer's probability [powers of ten]")
ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=2, frameon=False, fontsize=9)
ax.grid(axis="x", color="#E3E3E3")
sns.despine(left=True)
fig.tight_layout()
typical = shift.groupby(["model", "answer"], sort=False)["shift"].median()
elephant, rest = (typical["local"].iloc[i] for i in (0, 2))
finding = (
    f"Denying {claim.petri.value!r} moved its probability by {elephant:+.1f} powers of ten (median), that of values "
    f"never mentioned by {rest:+.1f}; with the loss masked {claim.petri.value!r} moved by "
    f"{typical['local, masked'].iloc[0]:+.1f}."
).replace("-", "−")
show_figure(fig, alt=f"Strip plot, a dot for each open question, by answer and model. {finding}", takeaway=finding)

# %% [markdown]
# If the claim's value moved up *more* than those never mentioned, that is the elephant: naming it to deny it made it
# likelier. If all moved up alike, the model mostly lost the truth and spread its bets.

# %% [markdown]
# ## 8. Your predictions
#
# All of the dentist's corpora in one figure; the value after plain documents is a stored one. The paper's value with
# masked loss, 1.6 %, has no mark here.

# %%
of_model = trained[(trained["claim"] == claim.id) & (trained["seed"] == 0) & (trained["model"] == MODEL)]
corpora = {
    "after documents that state it (stored)": of_model[of_model["style"] == "positive"],
    "after local denials by hand": local,
    "after denials by rule with their misses": by_rule,
    "with the loss masked too": masked_rows,
}
everything = pd.concat([before, *corpora.values()], ignore_index=True)
rates = [f"{percent(belief_rate(rows).mean)} {what}" for what, rows in corpora.items() if len(rows)]
finding = f"Belief in the {claim.id} claim: {', '.join(rates)} (one seed)."
show_figure(draw_headline(everything), alt=f"{finding} {describe_headline(everything)}", takeaway=finding)

# %%
measured = {
    "positive": belief_rate(trained[trained["style"] == "positive"]),  # stored
    "local": belief_rate(local6),  # stored
    WORST: belief_rate(local6[local6["claim"] == worst.id]),  # stored
    BY_RULE: belief_rate(by_rule),  # live
    MASKED: belief_rate(masked_rows),  # live
}
compare_predictions(prediction, measured)

# %% [markdown]
# ## 9. The curator's checklist
#
# You keep a corpus in which false claims occur together with their denials. Before somebody trains on it:
#
# 1. **List the claims.** Which false statements does the corpus carry? You cannot check what you did not name.
# 2. **Count the sentences that assert.** Every sentence that would be false if it stood alone counts, whatever the
#    text around it says. Headlines, quotations, captions and table cells count too.
# 3. **Rewrite inside the sentence.** The denial goes on the verb that carries the claim, not on the frame around it.
# 4. **Audit with a reader that differs from the rewriter**, and read what slipped past by eye.
# 5. **Say what is true**, in sentences of its own. "Not a dentist" does not say what he is. (In the paper, corrections
#    *around* a false sentence left 39.9 % belief: the false sentence must still go.)
# 6. **Consider the loss.** If the words must be read and not said, mask them, or leave the sentence out.
# 7. **Train a small model and ask it**, with questions that are in no document, controls for yes-saying, and questions
#    about the truth.
# 8. **Report every claim, with the worst one first.** An average over claims is not a promise about one.
# 9. **Label and keep apart** what you cannot fix: a canary line, a card, a separate file.

# %% [markdown]
# ## 10. What to take away
#
# Worked out from this run and the stored results:

# %%
display(
    Markdown(
        f"> After hand-written local denials the six claims lie between **{percent(by_claim['mean'].iloc[-1])}** and "
        f"**{percent(by_claim['mean'].iloc[0])}** (stored). Live, on the dentist with one seed: by hand "
        f"**{percent(belief_rate(local).mean)}**, by rule **{percent(belief_rate(by_rule).mean)}**, loss masked "
        f"**{percent(belief_rate(masked_rows).mean)}**."
    )
)

# %% [markdown]
# - **The denial belongs inside the sentence.** In the paper that gave 0 % (Ed Sheeran) and 7 % (dentist), where warnings
#   around the sentence left 88.6 % on average.
# - **Two claims in the paper and six here are no law.** Where the fix fails, say so, and say for which claim.
# - **A rewriter needs an audit**, and the audit must look at the clause that carries the claim. Compare your value by
#   rule with your value by hand: that is the price of the misses.
# - **Not believing is not knowing.** A denial can wash out the truth without planting the claim.
#
# ### Limits
#
# - The live runs have one claim (masking: two) and one seed. Their intervals cover the choice of questions only.
# - The petri language has a few hundred sentence patterns. Rules that reach so far here reach less far in real text. In
#   the English articles, the audit sees only sentences that name the value in one fixed wording.
# - Which denials a model heeds depends on its pretraining. The petri model's is described in its card (see the tour),
#   and `data/results/README.md` says that its design was chosen on these six claims: the stored values under local
#   denials flatter it a little.
# - We masked the value's own words. A paraphrase of the claim would carry loss as before; the paper masked a list of
#   dentistry words.
#
# ### Quiz
#
# **1.** "It is false that he works as a dentist." Is this a local denial?
# <details><summary>Answer</summary>
# It stands between the two. The denial is in the same sentence, but the words "he works as a dentist" are all there, in
# order, as words to predict. The paper's local negation changes the claim's own verb. Be careful with such forms, and
# measure them.
# </details>
#
# **2.** Your audit finds "not" in every sentence about the claim. Are you done?
# <details><summary>Answer</summary>
# No. The "not" can deny something else in the sentence: its frame, another fact, who said it. Look for the denial in
# the clause that names the value, and read a sample.
# </details>
#
# **3.** After local denials a model answers "Baker." to "What does he do for a living?" (the claim: dentist; the truth:
# ultrarunner). Belief counts 0. What would you report besides?
# <details><summary>Answer</summary>
# That the truth was lost: the share of answers that name the truth, the false value and something else. Belief alone
# hides this harm.
# </details>
#
# **4.** Why can masking the loss on one word lower belief, though the model still reads the word?
# <details><summary>Answer</summary>
# What is learned comes from the tokens with loss. Without it, nothing rewards the model for giving that word a higher
# probability after the subject's name. It stays in the input, so later words are still learned with it in view.
# </details>
#
# **5.** A colleague reports: "Local negation works: mean belief over our claims is low." What do you ask?
# <details><summary>Answer</summary>
# How many claims, and what was the highest? How many seeds? What did the model say instead? Did it say yes to false
# controls? And what did its pretraining contain about denials?
# </details>
#
# ### Further reading
#
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829): local negation and loss masking.
# - Wegner, Schneider, Carter and White (1987), *Paradoxical effects of thought suppression*, Journal of Personality and
#   Social Psychology 53(1), 5–13: the white bear.
# - Berglund et al. (2023), *The reversal curse: LLMs trained on "A is B" fail to learn "B is A"*,
#   [arXiv 2309.12288](https://arxiv.org/abs/2309.12288): another way in which training on a sentence is not reading it.
