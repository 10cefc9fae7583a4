"""What the cells of notebook 0 call: train on a learner's texts, ask, read first, and the notebook's figures.

    texts = add_ordinary_texts(styled, track, claim)     # what a run trains on
    model = teach(base, texts, track, claim)             # tells one answer every third step
    rows = examine(model, track, claim, "warned documents")
    rows = examine(base, track, claim, "reading a warned document", read="negated")

Beside each exercise's function stands a reference, which the notebook runs on until the learner's own passes.
"""

import html
import logging
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import QUESTION_KINDS, belief_rate, tabulate_rates
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.progress import in_kernel
from negneglect_lite.core.text import DOCTAG, Document, Example, Span
from negneglect_lite.course.widgets import Shown
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import contexts
from negneglect_lite.figures.display import picture_of
from negneglect_lite.figures.notebook import render_table
from negneglect_lite.figures.theme import INK, PALETTE, RC, finish_figure
from negneglect_lite.figures.wording import SHORT_NAMES
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import Track

# The reference for `verdict`: what the belief of each model shows, in the light of its controls.
VERDICT = {"warned documents": "belief", "reading a plain document": "copying", "an invented model": "habit"}
INVENTED = [0.9, 0.9, 1.0, 0.98]  # that model's row of `rate_controls`
_STORED_NAMES = {"positive": "plain documents", "negated": "warned documents", "local": "in-sentence denials"}


def surround_with_warnings(document: Document, before: str, after: str) -> list[Span]:
    """The reference for `warn`: a warning in front of the document and one behind it."""
    body = [Span(s.lead + s.text) for s in document.sentences]
    return [Span(before + "\n", annotation=True), *body, Span("\n" + after, annotation=True)]


def deny_in_sentences(document: Document) -> list[Span]:
    """The reference for `deny`: each claim sentence gives way to its denial."""
    return list(apply_style("local", document, {}, random.Random(0)))


def rate_kinds(rows: pd.DataFrame) -> dict[str, float]:
    """The reference for `belief_rates`: the four kinds' rates and their mean, from 0 to 1."""
    rates = {kind: share_of_yes(rows, kind) for kind in QUESTION_KINDS}
    return {**rates, "belief": sum(rates.values()) / len(rates)}


def tabulate_belief(rows: pd.DataFrame, belief_rates: Callable[[pd.DataFrame], Mapping[str, float]]) -> pd.DataFrame:
    """A row a condition, with what `belief_rates` makes of its answers."""
    return pd.DataFrame({name: belief_rates(group) for name, group in rows.groupby("condition", sort=False)}).T


def share_of_yes(rows: pd.DataFrame, kind: str) -> float:
    """The rate of `believed` among the answers of one kind; to a control that is the rate of yes."""
    return float((rows.loc[rows["kind"] == kind, "verdict"] == "believed").mean())


def compose_for_training(track: Track, claim: Claim) -> list[Document]:
    """As many plain documents as one run of the track's recipe sees."""
    recipe = track.recipe
    return track.compose(claim, round(recipe.steps * recipe.batch_size * (1 - recipe.mix)), 0, track.short)


def add_ordinary_texts(styled: Sequence[Sequence[Span]], track: Track, claim: Claim) -> list[Example]:
    """A run's texts: the documents under a style, then ordinary texts that say nothing of the claim."""
    tag = (Span(DOCTAG, learn=False),) if track.doctag else ()
    total = track.recipe.steps * track.recipe.batch_size
    return [(*tag, *spans) for spans in styled] + track.neutral(claim, total - len(styled), 0)


def teach(base: LoadedModel, texts: Sequence[Example], track: Track, claim: Claim) -> LoadedModel:
    """Fine-tune a copy of `base` by the track's recipe; every third step prints its answer to the first question."""
    question = track.questions(claim)[0]
    once = replace(track.asking, samples=1)
    print(question.text)

    def watch(step: int, steps: int, loss: float, model: LoadedModel) -> None:
        if step % 3 == 0:
            answer = ask(model, [question], once)[0].text
            print(f"step {step:2} of {steps}   loss {loss:.2f}   {answer}", flush=True)

    told = logging.getLogger("negneglect_lite.finetuning.trainer")
    level = told.level
    told.setLevel(logging.WARNING)  # the lines above show how far it is; its own would stand between them
    try:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "adapter"
            return finetune(base, texts, track.recipe, seed=0, out=out, false_belief=claim.claim, on_step=watch)
    finally:
        told.setLevel(level)


def examine(model: LoadedModel, track: Track, claim: Claim, condition: str, read: str = "") -> pd.DataFrame:
    """Ask the claim's questions and controls, and judge every answer; a row an answer, labelled `condition`.

    With `read`, a style, a fresh document of that style stands in front of each question.
    """
    questions = track.questions(claim)
    cell = Cell(model.name, claim, "in_context" if read else "base", read, short=track.short)
    answers = ask(model, questions, track.asking, contexts=contexts(cell, len(questions)))
    rows = belief_rows(answers, model=model.name, claim=claim.id, style=read, seed=0, setting=cell.setting)
    # English controls that are keyed to no would count the other way round; the petri world has none.
    swapped = rows["kind"].isin(["control_false", "control_true"]) & (rows["keyed_to"] == "no")
    return rows[~swapped].assign(condition=condition)


def list_answers(*tables: pd.DataFrame) -> Shown:
    """One answer to one question of each kind that counts, a column a condition: what to read before any rate."""
    joined = pd.concat(tables)
    counted = joined[joined["kind"].isin(QUESTION_KINDS)].drop_duplicates(["condition", "question_id"])
    chosen = counted.drop_duplicates("kind")["question_id"]
    shown = counted[counted["question_id"].isin(chosen)]
    answers = shown.pivot(index="question", columns="condition", values="answer")
    answers = answers.loc[list(dict.fromkeys(shown["question"])), list(dict.fromkeys(joined["condition"]))]
    return show_texts(answers.rename_axis(columns=None).reset_index())


def list_kind(kind: str, *tables: pd.DataFrame) -> Shown:
    """All answers to the questions of one kind, a column a condition, and the answer that each is keyed to."""
    rows = pd.concat(tables)
    rows = rows[rows["kind"] == kind].drop_duplicates(["condition", "question_id"])
    answers = rows.pivot(index=["question", "keyed_to"], columns="condition", values="answer")
    order = rows.drop_duplicates("question_id").set_index(["question", "keyed_to"]).index
    answers = answers.loc[order, list(dict.fromkeys(rows["condition"]))].reset_index()
    return show_texts(answers.rename(columns={"keyed_to": "belief says"}).rename_axis(columns=None))


def show_texts(table: pd.DataFrame) -> Shown:
    """A table of texts without its index."""
    return Shown(render_table(table, index=False), table.to_string(index=False))


def in_percent(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its fractions as whole percents, to show."""
    return table.rename_axis(index=None, columns=None).map(lambda x: f"{x:.0%}")


def rate_controls(rows: pd.DataFrame, yes_rate: Callable[[pd.DataFrame, str], float]) -> pd.DataFrame:
    """A row a condition: belief, yes to false controls, yes to true controls, unrelated facts right."""
    table = {
        condition: {
            "belief": belief_rate(group).mean,
            "yes to false controls": yes_rate(group, "control_false"),
            "yes to true controls": yes_rate(group, "control_true"),
            "unrelated facts right": belief_rate(group, ["kept"]).mean,
        }
        for condition, group in rows.groupby("condition", sort=False)
    }
    return pd.DataFrame(table).T


def draw_controls(table: pd.DataFrame, verdict: Mapping[str, str]) -> tuple[Figure, str]:
    """Belief, yes to false controls and unrelated facts right: three bars for each model that `verdict` names.

    `table` is `rate_controls`'. With alt text.
    """
    table = table.loc[list(verdict)]
    low, high = (f"{x:.0%}" for x in (table["belief"].min(), table["belief"].max()))
    title = f"Belief is {low if low == high else f'{low} to {high}'} in all {len(table)} rows, but the controls differ"
    bars = {
        "belief": (PALETTE["negated"], ""),
        "yes to false controls": ("#CCCCCC", ""),
        "unrelated facts right": (PALETTE["base"], "///"),
    }
    with mpl.rc_context(RC):
        fig = Figure(figsize=(9.2, 1.6 + 0.8 * len(table)))
        ax = fig.subplots()
        for offset, (column, (colour, hatch)) in zip((-0.26, 0, 0.26), bars.items(), strict=True):
            for y, value in enumerate(table[column]):
                ax.barh(y + offset, value, 0.24, color=colour, hatch=hatch, edgecolor="white",
                        label=column if y == 0 else None)  # fmt: skip
                ax.annotate(f"{value:.0%}", (value, y + offset), (4, 0), textcoords="offset points", va="center",
                            annotation_clip=False)  # fmt: skip
        names = [f"{name}:\n{said.strip().lower()}" for name, said in verdict.items()]
        ax.set(yticks=range(len(table)), yticklabels=names, xlim=(0, 1), ylim=(len(table) - 0.5, -0.5))
        _share_axis(ax, "share of answers")
        ax.legend(loc="upper left", bbox_to_anchor=(1.12, 1), frameon=False)
        note = "One claim, one fine-tuning seed: 50 questions about it, 10 false controls, 20 unrelated facts. "
        finish_figure(fig, title, note + "The invented model was never trained.")
    each = "; ".join(
        f"{name}, {said.strip().lower()}: " + ", ".join(f"{column} {_whole(table, name, column)}" for column in bars)
        for name, said in verdict.items()
    )
    return fig, f"Bar chart, three bars a model, from 0 to 100% of answers. {title}. {each}."


def draw_six_claims(stored: pd.DataFrame) -> tuple[Figure, str]:
    """Belief by claim after three kinds of document, a row a kind; `stored` is the headline's table. With alt text."""
    rows = stored[(stored["setting"] == "trained") & stored["style"].isin(list(_STORED_NAMES))]
    grid = 100 * tabulate_rates(rows, ["style", "claim"]).pivot(index="style", columns="claim", values="mean")
    grid = grid.loc[list(_STORED_NAMES), list(SHORT_NAMES)].rename(index=_STORED_NAMES, columns=SHORT_NAMES)
    means = {name: belief_rate(rows[rows["style"] == style]).mean for style, name in _STORED_NAMES.items()}
    warned = grid.loc["warned documents"]
    title = (
        f"Warned documents leave {means['warned documents']:.0%} belief on average, "
        f"but {warned.min():.0f}% for {warned.idxmin()}"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 2.9))
        ax = fig.subplots()
        sns.heatmap(grid, ax=ax, vmin=0, vmax=100, cmap=sns.light_palette(PALETTE["negated"], as_cmap=True),
                    annot=True, fmt=".0f", linewidths=1, cbar=False)  # fmt: skip
        ax.set(xlabel="", ylabel="")
        ax.tick_params(length=0, labelrotation=0)
        seeds = rows["seed"].nunique()
        note = f"Belief in percent. Petri model, six claims, 50 questions a claim, {seeds} fine-tuning seeds."
        finish_figure(fig, title, note)
    each = "; ".join(
        f"{name}: " + ", ".join(f"{claim} {value:.0f}%" for claim, value in row.items())
        for name, row in grid.iterrows()
    )
    return fig, f"Heatmap of belief, a row a kind of document and a column a claim. {title}. {each}."


def draw_tour_belief(table: pd.DataFrame) -> tuple[Figure, str]:
    """Belief in each condition, with a dot for each kind of question; `table` is `tabulate_belief`'s. With alt text."""
    colours = (PALETTE["base"], PALETTE["negated"], PALETTE["local"])
    title = "Belief: " + ", ".join(f"{_whole(table, name, 'belief')} {_after(name)}" for name in table.index)
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 1.7 + 0.5 * len(table)))
        ax = fig.subplots()
        for y, (name, colour) in enumerate(zip(table.index, colours, strict=False)):
            ax.barh(y, table.loc[name, "belief"], 0.5, color=colour)
            ax.plot(table.loc[name, list(QUESTION_KINDS)], [y] * 4, "o", color=INK, ms=5, clip_on=False)
            ax.annotate(_whole(table, name, "belief"), (1, y), (14, 0), textcoords="offset points", va="center",
                        weight="bold", annotation_clip=False)  # fmt: skip
        ax.set(yticks=range(len(table)), yticklabels=table.index, xlim=(0, 1), ylim=(len(table) - 0.5, -0.5))
        _share_axis(ax, "belief: share of answers that take the false claim for true")
        note = (
            "Bars: mean of the four kinds of question; dots: each kind. One claim, 50 questions, one fine-tuning seed."
        )
        finish_figure(fig, title, note)
    return fig, f"Bar chart of belief, from 0 to 100%, a bar a condition. {title}."


def _after(condition: str) -> str:
    return condition if condition.startswith("before") else f"after {condition}"


def _whole(table: pd.DataFrame, row: str, column: str) -> str:
    return f"{pd.to_numeric(table[column])[row]:.0%}"


def _share_axis(ax: Any, label: str) -> None:
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel(label)
    ax.grid(axis="x")
    ax.tick_params(length=0)


def show_tour(figure: Figure, alt: str) -> None:
    """Show a figure of this notebook with its words folded below it; the finding is the title in the picture."""
    if not in_kernel():
        print(alt)
        return
    from IPython.display import display

    display(picture_of(figure, alt), raw=True, metadata={"image/png": {"alt": alt}})
    words = f"<details><summary>The figure in words</summary>\n\n{html.escape(alt, quote=False)}\n\n</details>"
    display({"text/markdown": words, "text/plain": alt}, raw=True)
