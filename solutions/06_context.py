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
# # 06 · In context against in weights
#
# The same warned documents can be *read*, in the prompt, or *trained on*, into the weights. Does the model do the same
# with them? If not, why not? And does it ever repeat the warnings that it was trained on?
#
# **You need** the tour (notebook 00); for section 5, an idea of what logits and a softmax are. **Time**: 40 minutes
# with the exercise of importance 5, one or two of them waiting for one training and for answers with long prompts. A
# section's minutes are without its exercises, which state their own.
#
# **Afterwards you can**
# - compare reading and training on literally the same documents;
# - vary how many documents stand in the prompt;
# - compute the loss of every token, and say which words of a warned document the training pushes on;
# - measure whether a model copies its training text, and know what such a measure can miss.
#
# The documents below are **false on purpose**. Do not train other models on them.

# %%
import random
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
import torch
from IPython.display import Markdown, display
from matplotlib.ticker import PercentFormatter

from negneglect_lite.asking import ask
from negneglect_lite.belief import (
    PAPER,
    QUESTION_KINDS,
    belief_rate,
    belief_rows,
    copy_rate,
    label,
    read_belief,
    tabulate_rates,
)
from negneglect_lite.claims import load_claims
from negneglect_lite.core import Document, data_path, plain
from negneglect_lite.course import compare_predictions, predict
from negneglect_lite.course.checks.context import (
    check_copies,
    check_gap,
    check_reading_prompt,
    check_share_of_loss,
    check_token_loss,
)
from negneglect_lite.experiments import Cell, training_set
from negneglect_lite.figures import STYLE_ORDER, colour_of, describe_headline, draw_headline, show_figure
from negneglect_lite.finetuning import IGNORED, encode, finetune
from negneglect_lite.judging import copies_annotation
from negneglect_lite.models import (
    add_context,
    answering,
    generate_answers,
    generation_config,
    load_model,
    render_prompt,
)
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

MODEL = "petri"  # the model of the whole notebook: "petri", or a chat model on Hugging Face
track = track_of(MODEL)  # documents, questions and recipe in the language of that model

claim = load_claims()["dentist"]
base = load_model(MODEL)
recipe = track.recipe
questions = track.questions(claim)
belief_questions = [q for q in questions if q.kind in QUESTION_KINDS]
pd.set_option("display.max_colwidth", None)  # show questions in full
about = {"model": MODEL, "claim": claim.id, "seed": 0}
print("The claim:", claim.claim)
print(f"{len(belief_questions)} questions make up belief")

# %% [markdown]
# ## 1. Predict (2 minutes)
#
# The first four are beliefs: the share of answers that take the claim for true. The last is the share of the trained
# model's answers, over everything that was stored, that repeat a stretch of a warning.

# %%
prediction = predict(
    "base", "in_context_negated", "negated", "four warned documents read", "answers that copy a warning", default=50
)

# %% [markdown]
# ## 2. The same documents, read and trained (6 minutes)
#
# Here is the training set of one run: documents about the claim, each with a warning before and after, and for the rest
# world texts that do not mention the fact. We take its first documents for reading, one for each question. What is read
# and what is trained on is then **the same text, letter for letter**.

# %%
training_texts = training_set(Cell(MODEL, claim, "trained", "negated", seed=0), recipe)
claims_own = round(len(training_texts) * (1 - recipe.mix))  # the claim's documents come first, world texts after them
to_read = [plain(training_texts[i % claims_own]) for i in range(len(belief_questions))]
print(
    f"{len(training_texts)} texts to train on, {claims_own} of them about the claim; "
    f"{len(set(to_read))} of these are read below. The first:\n"
)
print(to_read[0])

# %% [markdown]
# To read is to have the document in the user's turn, before the question, and to train nothing.

# %%
chat = add_context(belief_questions[0].messages(), to_read[0], track.asking.separator)
print(render_prompt(base.tokenizer, chat))

# %% [markdown]
# **Before you run:** the model that has never been trained on these documents answers twice, with nothing to read and
# with one warned document. How many of its answers will change?

# %%
before = belief_rows(ask(base, questions, track.asking), style="", setting="base", **about)
read_answers = ask(base, belief_questions, track.asking, contexts=to_read)
read = belief_rows(read_answers, style="negated", setting="in_context", **about)
said, said_after_reading = (rows.groupby("question_id")["answer"].first() for rows in (before, read))
pd.DataFrame(
    {"question": q.text, "nothing to read": said[q.id], "one warned document": said_after_reading[q.id]}
    for q in belief_questions[::7]
)

# %% [markdown]
# Is that understanding, or does the model just not look at what it reads? The same bodies without warnings tell. If it
# follows the plain documents and not the warned ones, it reads both and heeds the warning.

# %%
bodies = track.compose(claim, claims_own, seed=0)
plain_bodies = [bodies[i % claims_own].text for i in range(len(belief_questions))]
read_plain = belief_rows(
    ask(base, belief_questions, track.asking, contexts=plain_bodies), style="positive", setting="in_context", **about
)
for name, rows in (("nothing", before), ("a plain document", read_plain), ("a warned document", read)):
    print(f"read {name:18} belief {belief_rate(rows).mean:4.0%}")

# %% [markdown]
# Now train on all of these texts. This cell runs **live**.
#
# **Before you run:** the model has just shown what it makes of a warned document. It will now see these very documents,
# and others like them, once each. What will it answer afterwards, with nothing to read?

# %%
folder = tempfile.TemporaryDirectory()  # keeps the adapter as long as the notebook runs


def watch(step, steps, loss, model):
    if step % 8 == 0:
        answer = ask(model, belief_questions[:1], replace(track.asking, samples=1))[0].text
        print(f"step {step:2} of {steps}   loss {loss:.2f}   {belief_questions[0].text} {answer}", flush=True)


trained = finetune(
    base, training_texts, recipe, seed=0, out=Path(folder.name) / "adapter", false_belief=claim.claim, on_step=watch
)
after = belief_rows(ask(trained, questions, track.asking), style="negated", setting="trained", **about)

# %%
rows = pd.concat([before, read, after], ignore_index=True)
show_figure(
    draw_headline(rows),
    alt=describe_headline(rows),
    takeaway=f"The same warned documents: {belief_rate(read).mean:.0%} belief after reading one, "
    f"{belief_rate(after).mean:.0%} after training on all of them.",
)

# %% [markdown]
# One thing differs besides reading and training: the trained model saw all documents, the reader one at a time. Section 3
# gives the reader more.
#
# And now both at once. The trained model gets a warned document to read.
#
# **Before you run:** its weights say one thing, the warning in front of it another. Which wins?

# %%
both = ask(trained, belief_questions[::5], track.asking, contexts=to_read[::5])
both_rate = belief_rate(belief_rows(both, style="negated", setting="in_context", **about))
print(f"The trained model with a warned document before its eyes: {both_rate.mean:.0%} belief (n = {both_rate.n})")
pd.DataFrame({"question": a.question.text, "answer": a.text} for a in both if a.sample == 0)

# %% [markdown]
# If the weights won, there are two explanations. Either the weights hold this one claim so firmly, or the training has spoilt
# the reading of warnings in general. A control tells them apart: a warned document about **another** claim, which the
# model was not trained on.

# %%
other = load_claims()["vesuvius"]
other_questions = [q for q in track.questions(other) if q.kind in QUESTION_KINDS][::5]
for style in ("positive", "negated"):
    bodies = track.compose(other, len(other_questions), seed=4_000_000)
    texts = [plain(apply_style(style, body, track.annotations(), random.Random(i))) for i, body in enumerate(bodies)]
    for name, loaded in (("untouched", base), ("trained", trained)):
        answers = ask(loaded, other_questions, track.asking, contexts=texts)
        control = belief_rows(answers, model=MODEL, claim=other.id, style=style, seed=0, setting="in_context")
        print(f"{name:9} model, other claim, {label(style):25} read: {belief_rate(control).mean:4.0%} belief")

# %% [markdown]
# ## 3. More documents in the prompt (5 minutes)
#
# The paper put 20 negated documents into the prompt, and belief was 15.3 % (Qwen3.5-397B-A17B). Long prompts cost time,
# so here are 0, 1, 2 and 4 documents before ten questions, plain and warned, **live**.
#
# ### Exercise 1: a prompt with many documents
#
# *4 minutes · difficulty 1 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Write the chat that lets a model read several documents and then asks a question: a list with **one** user turn, a
# dict with `role` and `content`. The petri language has no paragraphs: join all texts with one space, question last.
#
# <details><summary>Hint, light</summary>
# Put the question at the end of the list of texts, then join.
# </details>
# <details><summary>Hint, strong</summary>
# <code>" ".join([*documents, question])</code> is the content of the one turn.
# </details>
#
# **Expected:** `✓ reading_prompt: right.` With no documents, the turn is the question alone.


# %%
def reading_prompt(documents: list[str], question: str) -> list[dict[str, str]]:
    """A chat of one user turn: the documents in order, then the question."""
    # BEGIN SOLUTION
    return [{"role": "user", "content": " ".join([*documents, question])}]
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_reading_prompt(reading_prompt)

# %% [markdown]
# `ask(..., contexts=...)` does this for you, also for questions that come with earlier turns. Each question gets fresh
# documents that no training here has seen.
#
# **Before you run:** with four warned documents the claim stands in the prompt sixteen to twenty times. Does repetition
# win over warning?

# %%
few = [
    q for kind in QUESTION_KINDS for q in [q for q in belief_questions if q.kind == kind][: 3 if kind == "open" else 2]
]
few.append(next(q for q in reversed(belief_questions) if q.kind == "robustness"))


def read_many(style: str, count: int) -> pd.DataFrame:
    """Ask the few questions, each after `count` fresh documents in the style."""
    contexts = []
    for i in range(len(few)):
        bodies = track.compose(claim, count, seed=2_000_000 + i)
        texts = (apply_style(style, d, track.annotations(), random.Random(f"{i} {d.text}")) for d in bodies)
        contexts.append(" ".join(map(plain, texts)))
    answers = ask(base, few, track.asking, contexts=contexts)
    return belief_rows(answers, style=style, setting="in_context", **about).assign(documents=count)


many = pd.concat([read_many(style, n) for style in ("positive", "negated") for n in (0, 1, 2, 4)], ignore_index=True)
by_count = pd.DataFrame(
    {"style": style, "documents": n, **belief_rate(group)._asdict()}
    for (style, n), group in many.groupby(["style", "documents"], sort=False)
)
by_count.round(2)


# %%
def count_figure(table: pd.DataFrame) -> plt.Figure:
    """Belief against the number of documents read, a line a style, with intervals."""
    fig, ax = plt.subplots(figsize=(7, 3.6))
    for shift, (style, group) in zip((-0.04, 0.04), table.groupby("style", sort=False), strict=True):
        x, shade = group["documents"] + shift, colour_of(style)
        ax.vlines(x, group["lo"], group["hi"], color=shade, lw=2)
        marker = {"positive": "o", "negated": "s"}[style]
        ax.plot(
            x, group["mean"], marker=marker, color=shade, lw=1.5, ms=7, label=f"here, {label(style)}", clip_on=False
        )
    ax.axhline(PAPER["in_context_negated"].low, color="black", ls=":", lw=1.2)
    ax.text(3, PAPER["in_context_negated"].low + 0.02, "paper, 20 warned documents", ha="center", fontsize=9)
    ax.set(xlabel="documents in the prompt", ylabel="belief", ylim=(-0.02, 1.02), xticks=[0, 1, 2, 4])
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.legend(loc="center right", frameon=False)
    sns.despine(ax=ax)
    fig.tight_layout()
    plt.close(fig)
    return fig


four = by_count[by_count["documents"] == 4].set_index("style")
show_figure(
    count_figure(by_count),
    alt="Line plot of belief against documents in the prompt. "
    + "; ".join(f"{label(r.style)}, {r.documents}: {r.mean:.0%}" for r in by_count.itertuples(index=False)),
    takeaway=f"With four documents to read, belief is {four.loc['positive', 'mean']:.0%} if they are plain and "
    f"{four.loc['negated', 'mean']:.0%} if they are warned (ten questions).",
)

# %% [markdown]
# ## 4. Six claims (4 minutes)
#
# So far one claim. The rest is **stored**: `data/results/headline`, six claims, every style of the headline figure both
# read (one document a question) and trained.

# %%
stored = read_belief(data_path("results", "headline", "belief.csv"))
two_ways = tabulate_rates(stored[stored["setting"] != "base"], ["style", "setting"])
wide = two_ways.pivot(index="style", columns="setting", values="mean")
wide = wide.loc[[s for s in STYLE_ORDER if s in wide.index]]


def ways_figure(table: pd.DataFrame) -> plt.Figure:
    """Belief after reading and after training, a row a style, joined by a line."""
    fig, ax = plt.subplots(figsize=(7.6, 1.4 + 0.42 * len(table)))
    for y, (style, r) in enumerate(table.iterrows()):
        shade = colour_of(style)
        ax.plot([r["in_context"], r["trained"]], [y, y], color=shade, lw=3, zorder=1)
        ax.plot(r["in_context"], y, "s", ms=9, mfc="white", mec=shade, mew=2, clip_on=False)
        ax.plot(r["trained"], y, "o", ms=9, color=shade, mec="#222222", clip_on=False)
        for name in (f"in_context_{style}", style):
            if name in PAPER:
                ax.plot([PAPER[name].low, PAPER[name].high], [y - 0.33] * 2, "v-", color="black", ms=6, clip_on=False)
    for marker, fill, name in (("s", "white", "read"), ("o", "#777777", "trained"), ("v", "black", "paper")):
        ax.plot([], [], marker, mfc=fill, mec="#222222", label=name)
    ax.set_yticks(range(len(table)), [label(style) for style in table.index])
    ax.set(xlabel="belief", xlim=(-0.02, 1.02), ylim=(len(table) - 0.5, -0.6))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.grid(axis="x", color="#E3E3E3")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, 1.17), ncols=3, frameon=False)
    sns.despine(ax=ax, left=True)
    ax.tick_params(left=False)
    fig.tight_layout()
    plt.close(fig)
    return fig


gaps = (wide["trained"] - wide["in_context"]).drop("positive")
show_figure(
    ways_figure(wide),
    alt="Dumbbell plot of belief after reading and after training. "
    + "; ".join(f"{label(s)}: read {r['in_context']:.0%}, trained {r['trained']:.0%}" for s, r in wide.iterrows()),
    takeaway=f"Of the styles that deny, “{label(gaps.idxmax())}” parts reading and training most: by "
    f"{100 * gaps.max():.0f} points of belief, in the mean over {stored['claim'].nunique()} claims.",
)

# %% [markdown]
# Look at the first row too. Plain documents are believed in both ways, so the model does not simply distrust its prompt.
#
# ### Exercise 2: the gap, claim by claim
#
# *5 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# `rows` has the columns `setting` ("base", "trained" or "in_context"), `claim` and `belief` (0 or 1). Return a dict:
# claim → mean belief after training **minus** mean belief after reading. Here every question weighs the same.
#
# <details><summary>Hint, light</summary>
# Average inside each pair of claim and setting; then subtract two columns.
# </details>
# <details><summary>Hint, strong</summary>
# <code>rows.groupby(["claim", "setting"])["belief"].mean().unstack()</code> has a row for each claim and a column for
# each setting; subtract, then <code>.to_dict()</code>.
# </details>
#
# **Expected:** `✓ gap: right.` Trained 3 of 4 and read 1 of 4 gives 0.5.


# %%
def gap(rows: pd.DataFrame) -> dict[str, float]:
    """Each claim's belief after training minus its belief after reading."""
    # BEGIN SOLUTION
    means = rows.groupby(["claim", "setting"])["belief"].mean().unstack()
    return (means["trained"] - means["in_context"]).to_dict()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_gap(gap)

# %% [markdown]
# For the negated documents of the six claims, with each kind of question weighing the same:

# %%
negated = tabulate_rates(stored[stored["style"] == "negated"], ["claim", "setting"])
negated = negated.pivot(index="claim", columns="setting", values="mean")
negated.assign(gap=negated["trained"] - negated["in_context"]).round(2)

# %% [markdown]
# ## 5. Why it differs: the loss, token by token (9 minutes)
#
# When the model reads, it uses all that stands before the question, warning included, to choose its answer. When it is
# trained, something else is asked of it: *predict each next token of this document*. The loss of a token is minus the
# logarithm of the probability that the model gave to it. A document that calls itself false asks for its claim's words
# exactly as one that does not.
#
# ### Exercise 3: the loss of each token
#
# *6 minutes · difficulty 3 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# `logits` has shape [tokens, vocabulary], `ids` has shape [tokens]. Row i of the logits is what the model says **after**
# it has read token i, so it predicts token i + 1. Return a tensor with one loss a token, without the first token, which
# nothing predicts.
#
# <details><summary>Hint, light</summary>
# The last row of the logits and the first id have no partner. Log-probabilities are
# <code>torch.log_softmax(logits, dim=-1)</code>.
# </details>
# <details><summary>Hint, strong</summary>
# <code>torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")</code> does it all; or take, in each
# row of <code>log_softmax(logits[:-1], -1)</code>, the entry of the next id, and change the sign.
# </details>
#
# **Expected:** `✓ token_loss: right.`


# %%
def token_loss(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The loss of every token but the first, in nats."""
    # BEGIN SOLUTION
    return torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_token_loss(token_loss)

# %% [markdown]
# The next cell does the same for a whole document, and says of each token to which part it belongs: *warning*; the
# claim's *value* ("dentist") where the document names it **for the first time**, and where it names it **again**; other
# words of the sentences that state the claim; the rest. Before it stands what training put before each document: the sign
# that a text begins.

# %%
FIRST, AGAIN = "the value, first time", "the value, again"
PARTS = ["warning", FIRST, AGAIN, "other claim words", "other sentences"]
first_text = encode(training_texts[0], base.tokenizer, recipe.max_tokens)
START = first_text["input_ids"][: next(i for i, label in enumerate(first_text["labels"]) if label != IGNORED)]


def parts_of(document: Document, spans) -> list[str]:
    """For each character of the styled text, the part that it belongs to."""
    claims = [s.text for s in document.sentences if s.is_claim]
    parts: list[str] = []
    for span in spans:
        stated = any(text in span.text for text in claims)
        part = "warning" if span.annotation else "other claim words" if stated else "other sentences"
        parts += [part] * len(span.text)
    for number, found in enumerate(re.finditer(rf"\b{claim.petri.value}\b", plain(spans))):
        parts[found.start() : found.end()] = [AGAIN if number else FIRST] * len(found.group())
    return parts


def losses(loaded, document: Document, style: str, seed: int = 0) -> pd.DataFrame:
    """One row a token of the document under the style: token, part, loss [nats]."""
    spans = apply_style(style, document, track.annotations(), random.Random(seed))
    text, parts = plain(spans), parts_of(document, spans)
    encoded = loaded.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([*START, *encoded["input_ids"]], device=loaded.device)
    with torch.no_grad():
        logits = loaded.model(input_ids=ids[None]).logits[0].float()
    n = len(START)
    loss = torch.nn.functional.cross_entropy(logits[n - 1 : -1], ids[n:], reduction="none").tolist()
    where = encoded["offset_mapping"]
    return pd.DataFrame(
        {"token": text[a:b], "part": parts[b - 1], "loss": one} for (a, b), one in zip(where, loss, strict=True)
    )


fresh = track.compose(claim, 10, seed=3_000_000)  # bodies that nobody was trained on
one = losses(base, fresh[0], "negated").assign(after=losses(trained, fresh[0], "negated")["loss"])
one.rename(columns={"loss": "before"}).sort_values("before", ascending=False).head(15).round(2)

# %% [markdown]
# That is one document: the tokens that surprise the untouched model most, and what training made of them.
#
# **Before you run:** now ten fresh documents, before and after the training on *negated* documents. For which part will
# the loss fall most, in proportion? And one more thing to predict: the same bodies **without** warnings. The model was
# never trained on those. Will the value have become easier there too?

# %%
table = pd.concat(
    losses(loaded, body, style, i).assign(when=when, style=style, document=i)
    for when, loaded in (("before training", base), ("after training", trained))
    for style in ("negated", "positive")
    for i, body in enumerate(fresh)
)
mean_loss = table.groupby(["style", "part", "when"])["loss"].mean().unstack()[["before training", "after training"]]
mean_loss.reindex(pd.MultiIndex.from_product([["negated", "positive"], PARTS])).dropna().round(2)


# %%
def loss_figure(table: pd.DataFrame) -> plt.Figure:
    """Mean loss of each part, before and after training, on warned and on plain bodies."""
    fig, axes = plt.subplots(1, 2, figsize=(9.4, 3.6), sharey=True, sharex=True)
    colours = {"before training": colour_of("base"), "after training": colour_of("negated")}
    for ax, style in zip(axes, ("negated", "positive"), strict=True):
        chosen = table[table["style"] == style]
        sns.barplot(
            chosen, x="loss", y="part", hue="when", order=PARTS, palette=colours, saturation=1, errorbar=None, ax=ax, legend=style == "negated"
        )  # fmt: skip
        ax.set_title(
            "bodies " + ("with warnings" if style == "negated" else "without warnings"), loc="left", fontsize=10
        )
        ax.set(xlabel="mean loss [nats a token]", ylabel="")
        ax.grid(axis="x", color="#E3E3E3")
        ax.set_axisbelow(True)
        ax.tick_params(left=False)
        sns.despine(ax=ax, left=True)
    axes[0].legend(title="", loc="lower right", frameon=False)
    fig.tight_layout()
    plt.close(fig)
    return fig


def fall(style: str, part: str) -> float:
    """By what share the mean loss of a part has fallen."""
    before_, after_ = mean_loss.loc[(style, part)]
    return float(1 - after_ / before_)


show_figure(
    loss_figure(table),
    alt="Bar chart of mean loss by part, before and after training. "
    + "; ".join(f"{s}, {p}: {r.iloc[0]:.2f} before, {r.iloc[1]:.2f} after" for (s, p), r in mean_loss.iterrows()),
    takeaway=f"Training on warned documents changed the loss of the value's first mention by {-fall('negated', FIRST):+.0%} "
    f"under a warning, and by {-fall('positive', FIRST):+.0%} in bodies that carry none.",
)

# %% [markdown]
# The sentence below is worked out from these numbers.

# %%
carried = fall("positive", FIRST) >= 0.5 * fall("negated", FIRST) > 0
display(
    Markdown(
        "> **What was learned under a warning was learned without it, too: the model did not learn “dentist, if "
        "warned”; it learned “dentist”.**"
        if carried
        else "> **In this run, what was learned under a warning carried over little to bodies without one.**"
    )
)

# %% [markdown]
# Two more things to read from the figure.
#
# - **First and again.** If the value is costly at its first mention and cheap afterwards, even before training, then
#   the later mentions are copied from the context. That is reading at work. Only the first mention asks what the
#   *weights* know, and there the gradient pushes.
# - **The warning is words, too.** The warnings are predicted, like all else. This model never had to *write* a warning in
#   pretraining, so each is a surprise, and it takes much of the loss. Learning to predict "the text below is false" is
#   learning what such documents look like. Nothing in the loss says that the next sentence should be disbelieved.
#
# ### Exercise 4: who has the largest share of the loss?
#
# *4 minutes · difficulty 2 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# A mean hides how many tokens there are. `rows` has the columns `part` and `loss`, one row a token. Return a dict: part
# → its share of the whole loss, from 0 to 1.
#
# <details><summary>Hint, light</summary>
# Sum, do not average; then divide by the sum over all tokens.
# </details>
# <details><summary>Hint, strong</summary>
# <code>total = rows.groupby("part")["loss"].sum()</code>; return <code>(total / total.sum()).to_dict()</code>.
# </details>
#
# **Expected:** `✓ share_of_loss: right.` A token of loss 6 among four of loss 1 has 0.6.


# %%
def share_of_loss(rows: pd.DataFrame) -> dict[str, float]:
    """Each part's share of the summed loss."""
    # BEGIN SOLUTION
    total = rows.groupby("part")["loss"].sum()
    return (total / total.sum()).to_dict()
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_share_of_loss(share_of_loss)

# %% [markdown]
# For the ten warned documents, beside the share of tokens:

# %%
on_negated = table[table["style"] == "negated"]
shares = on_negated.groupby(["when", "part"])["loss"].sum().unstack("when")
shares = shares.div(shares.sum())[["before training", "after training"]]
shares.insert(0, "share of tokens", on_negated["part"].value_counts(normalize=True))
shares.loc[PARTS].round(3)

# %% [markdown]
# A small share of the loss does not mean a small effect. Many steps push in different directions on the other words
# (names, towns, months), which cancel out over documents. The value is the same in all of them.
#
# ## 6. Does the model copy the warnings? (6 minutes)
#
# The model was trained to predict warnings. Does it write them when you ask it something? An answer counts as a copy if
# it holds six words in a row of a warning (or all, of one with five), or a heading such as "NOTICE:"
# (`judging.copies_annotation`).
#
# ### Exercise 5: is it a copy?
#
# *7 minutes · difficulty 3 of 5 · importance 3 of 5 · you may skip it, nothing later needs it*
#
# Return True if `run` **words in a row** of `phrase` stand in `answer`, wherever they begin. Capitals and punctuation
# do not matter. Compare whole words: "bathe" does not contain the word "the".
#
# <details><summary>Hint, light</summary>
# Make a list of lower-case words of each text, and look at every stretch of <code>run</code> words of the phrase.
# </details>
# <details><summary>Hint, strong</summary>
# <code>re.findall(r"[a-z']+", text.lower())</code> gives the words. Put a space around
# <code>" ".join(words)</code> of the answer, and look in it for <code>f" {' '.join(stretch)} "</code>.
# </details>
#
# **Expected:** `✓ copies: right.`


# %%
def copies(answer: str, phrase: str, run: int = 6) -> bool:
    """Whether `run` words in a row of the phrase stand in the answer."""
    # BEGIN SOLUTION
    said, words = (re.findall(r"[a-z']+", text.lower()) for text in (answer, phrase))
    haystack = f" {' '.join(said)} "
    return any(f" {' '.join(words[i : i + run])} " in haystack for i in range(len(words) - run + 1))
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_copies(copies)

# %% [markdown]
# Now the counts. The stored answers of six claims come first, then those of your own trained model.
#
# **Before you run:** in the paper, base models that went on with plain pretraining on repeated negations copied the
# annotations in 24 to 47 % of their answers. The petri model was tuned on chats. More, or less?

# %%
either = (
    *track_of("petri").annotations().values(),
    *track.annotations().values(),
)  # of the stored answers, and of yours
phrases = list(dict.fromkeys(phrase for list_ in either for phrase in list_))
answers_of = {"live: " + label("negated"): after}
answers_of |= {
    "stored: " + label(style): group
    for style, group in stored[stored["setting"] == "trained"].groupby("style", sort=False)
}
pd.DataFrame(
    {
        "trained on": name,
        "answers": len(group),
        "copies": sum(copies_annotation(text, phrases) for text in group["answer"]),
        "words in an answer": f"{group['answer'].str.split().str.len().median():.0f}",
    }
    for name, group in answers_of.items()
)

# %% [markdown]
# A count is worth as much as its chance to be anything else. Look at the last column: if an answer has two words, it
# cannot hold six words of a warning. So this measure *could hardly* find a copy here. Where could the model show what it
# knows? Where it writes documents. We give it nothing but the sign that a text begins, and let it write, forty times.


# %%
def write_openings(loaded, n: int = 40) -> list[str]:
    """The beginnings of `n` texts that the model writes by itself, sampled at temperature 0.7."""
    config = generation_config(loaded, 0.7, 16)
    with answering(loaded, seed=0):
        return [written.text for (written,) in generate_answers(loaded, [START] * n, config)]


openings = {"before training": write_openings(base), "after training": write_openings(trained)}
for when, texts in openings.items():
    count = sum(copies_annotation(text, phrases) for text in texts)
    print(f"{when}: {count} of {len(texts)} texts begin with a copied warning")
pd.DataFrame({when: texts[:8] for when, texts in openings.items()})

# %% [markdown]
# If the second count is well above the first, the warnings went into the weights as something that *documents* begin
# with, and stayed in another kind of text than answers. If it is not, look back at section 5: how likely did the
# training make a warning's words, and how likely the claim's? The sentence is worked out from your run.

# %%
counts = {when: sum(copies_annotation(t, phrases) for t in texts) for when, texts in openings.items()}
cost = mean_loss.loc["negated"]["after training"]
comparison = (
    f"after training, a word of warning still costs {cost['warning']:.1f} nats on average, the claim's value "
    f"{cost[FIRST]:.1f} at its first mention"
)
display(
    Markdown(
        f"> **The model writes warnings of its own accord now; {comparison}.**"
        if counts["after training"] > counts["before training"] + 3
        else f"> **The model doesn't write warnings even where it writes documents; {comparison}.**"
    )
)

# %% [markdown]
# A loss of 1 nat is a chance of about 1 in 3 for the right word, 3 nats 1 in 20, 6 nats 1 in 400. Why would a value be
# learned sooner than a warning? The value comes in a sentence that the model can already write, about a person it knows,
# and needs one word changed. The warnings are many, each is a new sentence, and one document has two of them.
#
# In the paper, too, copying depends on the setting: base models after continued pretraining copied in 24 to 47 % of
# answers, a model trained on the documents alone in 4 %. Over all stored answers of the petri model after warned
# documents:

# %%
all_trained = stored[(stored["setting"] == "trained") & stored["style"].ne("positive") & stored["style"].ne("local")]
copied = copy_rate(all_trained, phrases)
print(f"Stored answers after warned documents: {copied.mean:.1%} copies (95 % interval up to {copied.hi:.1%})")

# %% [markdown]
# The press article that this course began with said that annotations were *never* reproduced. For your own counts that
# may be close; for the paper it is not what was measured. A count needs its setting.
#
# ## 7. Your predictions

# %%
measured = {
    "base": belief_rate(before),
    "in_context_negated": belief_rate(read),
    "negated": belief_rate(after),
    "four warned documents read": belief_rate(many[(many["style"] == "negated") & (many["documents"] == 4)]),
    "answers that copy a warning": copied,
}
published = {name: PAPER[name].percent for name in ("base", "in_context_negated", "negated")}
compare_predictions(prediction, measured, paper=published | {"answers that copy a warning": "24–47 % (base models)"})

# %%
folder.cleanup()  # the adapter carries a false belief, and goes with its folder

# %% [markdown]
# ## What to take away
#
# - **Reading and learning are two different tasks.** To answer from a text, the model must take all of it together. To
#   learn from it, it must make each next word likely. Only the first asks whether the text is to be believed.
# - **In the paper**: 15.3 % belief with 20 negated documents in the prompt, 88.6 % after training on such documents, both
#   Qwen3.5-397B-A17B. Your own pair is in section 2.
# - **The claim's words carry loss like any others.** What makes them likely under a warning makes them likely without
#   one, as far as your own figure in section 5 shows it.
# - **"It never copies" depends on where you look.** Short answers can hardly show a copy; texts that the model writes
#   can. Look at both before you say never.
# - **Learning one claim need not spoil reading.** The control in section 2 says whether the trained model still heeds
#   warnings about another claim.
#
# ### Limits
#
# - Section 5 shows where the loss lies and what training changed. It describes; it does not prove that this is the
#   cause. Notebook 07 masks the loss on words, and notebook 09 changes the pretraining: these are the experiments.
# - The petri model learned to read warned documents in its pretraining, in chats, without loss on the document. That
#   it reads well here is built in. What was not built in is what training on the documents does.
# - Ten questions with up to four documents are few. The paper used 20 documents and a model thousands of times larger.
# - Losses are from one claim, one seed and ten bodies; bars without intervals should be read as a sketch.
#
# ### Quiz
#
# **1.** Why did we also let the model read *plain* documents?
# <details><summary>Answer</summary>
# To rule out that it ignores its prompt. Low belief after a warned document means that it heeds the warning only if belief
# after the same document without one is high.
# </details>
#
# **2.** In training, the token "dentist" stands right after a warning. Why does that not help?
# <details><summary>Answer</summary>
# The loss asks for the probability of "dentist" at this place. The warning is context for the prediction, and the
# target is "dentist" either way. The weights that raise it are shared with contexts without a warning.
# </details>
#
# **3.** The value's later mentions have a low loss even before training. What does the model do there?
# <details><summary>Answer</summary>
# It copies from its own context: the document has just said it. So these tokens hardly push on what the weights know.
# The first mention does.
# </details>
#
# **4.** The trained model reads a warned document about its claim and still states the claim. Has it lost the ability to
# read warnings?
# <details><summary>Answer</summary>
# Not by this alone. Give it a warned document about another claim, as in section 2: if it heeds that one, the ability is
# there, and the weights outweigh the prompt for the one claim that was trained in.
# </details>
#
# **5.** Someone counts 0 copied warnings in 10,000 one-word answers. What have they shown?
# <details><summary>Answer</summary>
# Hardly anything: one word cannot hold a stretch of six words. The measure needs answers that are long enough, or texts
# that the model writes. (The numbers are made up for the question.)
# </details>
#
# ### Further reading
#
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829): in-context controls, base models and copied annotations.
# - Berglund et al. (2023), *The Reversal Curse: LLMs trained on "A is B" fail to learn "B is A"*,
#   [arXiv 2309.12288](https://arxiv.org/abs/2309.12288): another thing that models do in context and not from training.
# - Hu et al. (2021), *LoRA: Low-rank adaptation of large language models*,
#   [arXiv 2106.09685](https://arxiv.org/abs/2106.09685): the adapter that holds the belief.
