"""What notebook 9 runs: several runs trained side by side and looked at on the way, padding, anchor chats.

    sets = {"plain": texts, "warned": other_texts}
    looks = train_side_by_side(base, claim, [sets], at=(4, 8, 24), styles={"plain": "positive", "warned": "negated"})

`finished_without_loss` and `finished_anchor_chat` stand in for a learner's functions that did not pass their check.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isnan, nan
from typing import Any

import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import QUESTION_KINDS, belief_rate
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.core.files import data_path
from negneglect_lite.core.heap import memory_is_scarce
from negneglect_lite.core.text import Chat, Example, Span, Styled, plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.losses import parts_of
from negneglect_lite.experiments.measures.phases import unasked_chats
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.figures.wording import percent
from negneglect_lite.finetuning.encoding import IGNORED, encode
from negneglect_lite.finetuning.memory import largest_divisor
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.stacked import StackedRuns
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.language import chat as petri_chat
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

HELD_OUT = 3_000_000  # seed of documents that no run here trains on
FILLER = 5_000_000  # seed of documents whose sentences about nothing in particular are padding
NO_LOSS, HARMLESS, NONSENSE = "no loss on the warnings", "harmless sentences", "nonsense"
# Explanation -> what it lets one expect of belief, run by run.
EXPLANATIONS = {
    "heeded": {NO_LOSS: "low", HARMLESS: "high", NONSENSE: "high"},
    "diluted": {NO_LOSS: "high", HARMLESS: "low", NONSENSE: "low"},
    "crowded out": {NO_LOSS: "high", HARMLESS: "high", NONSENSE: "low"},
}


# ---------------------------------------------------------------------------------------------------------- references


def finished_without_loss(spans: Sequence[Span]) -> Styled:
    """The same document; the model reads its warnings and gets no loss on them."""
    return tuple(replace(span, learn=span.learn and not span.annotation) for span in spans)


def finished_anchor_chat(
    questions: Sequence[str], tested: Sequence[str], answer: Callable[[str], str], rng: random.Random
) -> Chat:
    """A chat of four different questions, none of them tested, with the model's own answers."""
    asked = rng.sample([question for question in questions if question not in tested], 4)
    return petri_chat(*(text for question in asked for text in (question, answer(question))))


# --------------------------------------------------------------------------------------------------------------- texts


def texts_of(loaded: LoadedModel, claim: Claim, style: str, recipe: Recipe) -> tuple[list[Styled], list[Example]]:
    """A run's documents about the claim, and the ordinary texts that stand among them."""
    texts = training_set(Cell(loaded.name, claim, "trained", style, seed=0), recipe)
    n = round(recipe.steps * recipe.batch_size * (1 - recipe.mix))
    return texts[:n], texts[n:]  # type: ignore[return-value]


def loss_coverage(loaded: LoadedModel, documents: Sequence[Styled]) -> float:
    """The share of the documents' tokens that carry loss."""
    labels = [x for spans in documents for x in encode(spans, loaded.tokenizer, 2**20)["labels"]]
    return sum(x != IGNORED for x in labels) / len(labels)


def harmless_sentences(loaded: LoadedModel, claim: Claim) -> list[str]:
    """Sentences about nothing in particular, in words that the model has often written: "After lunch I slept." """
    bodies = track_of(loaded).compose(claim, 60, seed=FILLER)
    sentences = {s.text for body in bodies for s in body.sentences if not s.is_claim and 4 < len(s.text.split()) < 16}
    names = set(re.findall(r"[A-Z]\w+", claim.claim[1:]))  # of those the claim is about
    return sorted(text for text in sentences if not names & set(re.findall(r"\w+", text)))


def nonsense_sentences(documents: Sequence[Styled], words_from: Sequence[str]) -> list[str]:
    """As many sentences as the documents have different warnings, as long as those, of words drawn at random."""
    warnings = sorted({span.text for spans in documents for span in spans if span.annotation})
    words, rng = sorted({word for text in words_from for word in text.split()}), random.Random(1)
    return [" ".join(rng.choice(words) for _ in warning.split()) for warning in warnings]


def swap_warnings(loaded: LoadedModel, documents: Sequence[Styled], sentences: Sequence[str]) -> list[Styled]:
    """The documents with other sentences in place of their warnings, before and after, of about as many tokens.

    What is added stays marked as an annotation, so that its loss can be told apart.
    """

    def tokens(text: str) -> int:
        return len(loaded.tokenizer(text, add_special_tokens=False)["input_ids"])

    def fill(text: str) -> str:
        drawn, wanted = "", tokens(text)
        while tokens(drawn) < wanted:
            drawn += rng.choice(sentences) + "\n"
        return drawn

    rng, made = random.Random(2), []
    for spans in documents:
        body = [i for i, span in enumerate(spans) if not span.annotation]
        before, after = (plain(part) for part in (spans[: body[0]], spans[body[-1] + 1 :]))
        kept = spans[body[0] : body[-1] + 1]
        made.append((Span(fill(before), True), *kept, Span("\n" + fill(after).strip(), True)))
    return made


def added_loss(loaded: LoadedModel, documents: Sequence[Styled], n: int = 20) -> float:
    """The model's mean loss on the text that was added to the first `n` documents [nats a token]."""
    runs = StackedRuns(loaded, track_of(loaded).recipe, seeds=[0])
    only = [tuple(replace(span, learn=span.annotation) for span in spans) for spans in documents[:n]]
    encoded = [encode(spans, loaded.tokenizer, 2**20) for spans in only]
    (losses,) = runs.token_losses([encoded])
    labels = [one["labels"][1:] for one in encoded]
    added = [x for row, own in zip(losses, labels, strict=True) for x, k in zip(row, own, strict=True) if k != IGNORED]
    return sum(added) / len(added)


def anchor_questions(loaded: LoadedModel, claim: Claim) -> tuple[list[str], list[str]]:
    """(questions about the claim, those of them that the belief test asks), in an order that mixes the two."""
    tested = [q.text for q in track_of(loaded).questions(claim) if q.kind in QUESTION_KINDS]
    questions = [turns[-1]["content"] for turns in unasked_chats(Cell(loaded.name, claim, "trained"))]
    pool = list(dict.fromkeys([*questions, *tested[:20]]))
    random.Random(3).shuffle(pool)
    return pool, tested


def own_answers(loaded: LoadedModel, questions: Sequence[str]) -> dict[str, str]:
    """Question -> what the model answers."""
    asked = [Question(str(i), "open", text) for i, text in enumerate(questions)]
    return {a.question.text: a.text for a in ask(loaded, asked, track_of(loaded).asking)}


# ------------------------------------------------------------------------------------------------------------ training


def mark_first(parts: Sequence[str]) -> list[str]:
    """The parts of a document's tokens, the claim's value called "first" where it is named for the first time."""
    start = next((i for i, part in enumerate(parts) if part == "claim"), len(parts))
    end = next((i for i in range(start, len(parts)) if parts[i] != "claim"), len(parts))
    return [*parts[:start], *["first"] * (end - start), *parts[end:]]


def held_out(loaded: LoadedModel, claim: Claim, style: str, n: int = 8) -> tuple[list[Any], list[list[str]]]:
    """`n` documents of the style that nothing here trains on: encoded, and the part of each token."""
    track, encoded, parts = track_of(loaded), [], []
    for i, body in enumerate(track.compose(claim, n, seed=HELD_OUT)):
        styled = apply_style(style, body, track.annotations(), random.Random(i))
        encoded.append(encode(styled, loaded.tokenizer, 2**20))
        parts.append(mark_first(parts_of(body, styled, loaded.tokenizer)))
    return encoded, parts


def train_side_by_side(
    loaded: LoadedModel,
    claim: Claim,
    phases: Sequence[Mapping[str, Sequence[Example]]],
    at: Sequence[int],
    styles: Mapping[str, str] | None = None,
    recipe: Recipe | None = None,
) -> pd.DataFrame:
    """Train one run for each name, all from the same model and seed, and look at belief after the steps in `at`.

    `phases` holds the texts of each run, once a phase. With `styles`, run -> style, the loss of each part of unseen
    documents of that style is measured too. One row a run, phase and step: belief with its interval, and loss by part.
    """
    track, names = track_of(loaded), list(phases[0])
    recipe = recipe or track.recipe
    if memory_is_scarce() and recipe.micro_batch > 1:  # on Binder: half as many texts at once, for the same steps
        recipe = replace(recipe, micro_batch=largest_divisor(recipe.batch_size, recipe.micro_batch // 2))
    questions = [q for q in track.questions(claim) if q.kind in QUESTION_KINDS]
    read = [held_out(loaded, claim, styles[name]) for name in names] if styles else []
    runs = StackedRuns(loaded, recipe, seeds=[0] * len(names))
    found: list[dict[str, Any]] = []

    def look(step: int, group: StackedRuns, phase: int = 1) -> None:
        answers = group.ask([questions] * len(names), max_new_tokens=track.asking.max_new_tokens)
        losses = group.token_losses([encoded for encoded, _ in read]) if read else [[] for _ in names]
        for i, name in enumerate(names):
            rows = belief_rows(answers[i], model=loaded.name, claim=claim.id, style=name, seed=0, setting="trained")
            parts = [(p, x) for own, row in zip(read[i][1] if read else [], losses[i], strict=True)
                     for p, x in zip(own[1:], row, strict=True)]  # fmt: skip
            table = pd.DataFrame(parts, columns=["part", "loss"])
            means = {"document": table["loss"].mean()} | dict(table.groupby("part")["loss"].mean())
            found.append({"run": name, "phase": phase, "step": step} | belief_rate(rows)._asdict() | means)
        rates = "   ".join(f"{label(row['run'])}: {row['mean']:.0%}" for row in found[-len(names) :])
        where = f"phase {phase}, " if len(phases) > 1 else ""
        print(f"{where}step {step:2}   belief   {rates}", flush=True)

    if 0 in at:
        look(0, runs)
    for phase, texts in enumerate(phases, 1):
        encoded = [[encode(text, loaded.tokenizer, recipe.max_tokens) for text in texts[name]] for name in names]
        runs.train(encoded, at=at, on_step=lambda step, group, phase=phase: look(step, group, phase))  # type: ignore[misc]
    return pd.DataFrame(found).dropna(axis=1, how="all")


# ---------------------------------------------------------------------------------------------------- tables of numbers


def stored_belief(name: str) -> pd.DataFrame:
    """A stored experiment's belief after training: style, step, mean, interval and the range over seeds."""
    table = pd.read_csv(data_path("results", "sweeps", name, "summary.csv"))
    return table[(table["quantity"] == "belief") & (table["setting"] == "trained")].reset_index(drop=True)


def show_doses(claim: Claim) -> pd.DataFrame:
    """Belief by the number of warnings per side: all claims, and this one; from the stored experiment dose."""
    rows = pd.read_csv(data_path("results", "sweeps", "dose", "rows.csv.gz"))
    rows = rows.rename(columns={"item": "question_id", "value": "belief"})
    found = {}
    for number, style in {1: "negated", 2: "notices_2", 4: "notices_4", 8: "notices_8"}.items():
        of = rows[(rows["style"] == style) & rows["documents"].isna()]
        mine = of[of["claim"] == claim.id]
        found[number] = {"six claims": percent(belief_rate(of).mean), "this claim": percent(belief_rate(mine).mean)}
    return pd.DataFrame(found).T.rename_axis("warnings per side")


def step_at_level(steps: Sequence[float], beliefs: Sequence[float], level: float = 0.5) -> float:
    """The step at which belief first reaches `level`, on straight lines between what was measured; nan for never."""
    before: tuple[float, float] | None = None
    for step, belief in zip(steps, beliefs, strict=True):
        if belief >= level:
            return (
                step if before is None else before[0] + (step - before[0]) * (level - before[1]) / (belief - before[1])
            )
        before = step, belief
    return nan


def tabulate_delay(
    live: pd.DataFrame, stored: pd.DataFrame, crossing: Callable[[list[float], list[float]], float | None]
) -> pd.DataFrame:
    """The step at which belief passes one half, live and stored, by a learner's function; and belief at the end."""
    at: dict[str, dict[str, Any]] = {}
    plain_rows = stored[stored["style"] == "positive"].sort_values("step")
    first = step_at_level(plain_rows["step"].tolist(), plain_rows["mean"].tolist())
    for name, table, key in (("your run", live, "run"), ("six claims, three seeds", stored, "style")):
        for style, rows in table.groupby(key, sort=False):
            rows = rows[rows["step"] > 0].sort_values("step")
            step = crossing(rows["step"].tolist(), rows["mean"].tolist())
            there = step is not None and not isnan(step)
            at.setdefault(label(str(style)), {})[name] = f"{step:.1f}" if there else "never"
            if key == "style":
                at[label(str(style))]["times plain"] = f"{step / first:.2f}" if there and step else "–"
                last = rows.iloc[-1]
                at[label(str(style))][f"belief at step {last['step']:.0f}"] = percent(last["mean"])
    return pd.DataFrame(at).T.fillna("–")


def give_verdict(
    explanations: Mapping[str, Mapping[str, str]], measured: Mapping[str, float], prediction: Mapping[str, float]
) -> pd.DataFrame:
    """What each explanation expects of each run, beside what was measured; the last column says whether all agree.

    Above it is the learner's `prediction` [%].
    """
    found = {run: "high" if rate > 0.5 else "low" for run, rate in measured.items()}
    head = {f"{run}: {percent(rate)}": run for run, rate in measured.items()}
    rows = {"your prediction": {column: f"{prediction[run]:g}%" for column, run in head.items()} | {"verdict": "–"}}
    for name, expected in explanations.items():
        wrong = [run for run in measured if expected[run] != found[run]]
        rows[name] = {column: expected[run] for column, run in head.items()}
        rows[name]["verdict"] = f"excluded by: {', '.join(wrong)}" if wrong else "not excluded"
    return pd.DataFrame(rows).T


def show_inside() -> pd.DataFrame:
    """What was found inside the model after three styles, mean of six claims; from data/results/inside."""
    table = pd.read_csv(data_path("results", "inside", "stored.csv"))
    means = table.groupby(["style", "step", "kind", "role"])["nats"].mean()
    last = table["step"].max()
    rows = {}
    for style in ("positive", "negated", "local"):
        gain = {k: means[style, last][k] - means["base", 0][k] for k in ("notice", "denial")}
        rows[label(style)] = {
            "a warning, after the claim": gain["notice"]["claim"],
            "a warning, after true sentences about other things": gain["notice"]["unrelated"],
            "“not”, in the claim's sentence": gain["denial"]["claim"],
            "“not”, in the same sentence about somebody else": gain["denial"]["other subject"],
        }
    return pd.DataFrame(rows).map("{:+.1f}".format)
