"""The blind audit of notebook 13: an adapter of unknown claim and style, found by asking, probing and weighing.

    blind = train_blind("your name")              # drawn by the name, told to nobody
    rows = pd.concat([ask_suspects(blind), probe_suspects(blind)])
    rows = pd.concat([rows, weigh_suspects(blind, shortlist(rows))])     # takes a minute or more; may be left out
    found = guess_blind(rows)                     # the fixed procedure's guesses, as in the stored sweep
    reveal(blind, {"suspect": 6, "style": "in-sentence denials"}, found)

Suspects are shown in words, with numbers by which a learner names them. The procedure is
experiments/measures/blind_guess.py. Its means over styles come from the stored adapters.
"""

import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd

from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.core.comparing import spell
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.progress import show_bar
from negneglect_lite.course.preregistration import say_fact
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.key import digest
from negneglect_lite.experiments.measures.blind_audit import (
    BLIND_AUDIT,
    NO_CLAIM,
    audited_set,
    reference_cells,
    suspect_questions,
    suspects,
)
from negneglect_lite.experiments.measures.blind_guess import PROBED, WAYS, guess_runs, is_right, score_guesses
from negneglect_lite.experiments.trainers import FORCED_ROWS, StackedTrainer
from negneglect_lite.figures.wording import percent
from negneglect_lite.finetuning.loss import answer_losses
from negneglect_lite.finetuning.stacked import compare_updates
from negneglect_lite.finetuning.trainer import TELL_EVERY
from negneglect_lite.judging.forced import rows_of
from negneglect_lite.models.loading import load_model
from negneglect_lite.styles import HEADLINE
from negneglect_lite.tracks import track_of

log = logging.getLogger(__name__)

BLIND_STYLES = (NO_CLAIM, *HEADLINE)
SWEEP = "blind_audit"
_UNKNOWN = "?"
_NOBODY = "nobody"
_SEEDS = 1_000_000  # from here on: neither a stored adapter's seed nor a reference's


@dataclass(frozen=True)
class Blind:
    """An adapter to be audited. What it was made from is in `cell`; whoever audits does not look there."""

    trainer: StackedTrainer
    sealed: str  # a hash of the answer, known before anything is asked
    cell: Cell = field(repr=False)


def draw_blind(name: str) -> Cell:
    """What the adapter of this name is made from: a style or none, and one of the suspects."""
    rng = random.Random(f"blind audit for {' '.join(name.split()).casefold()}")
    style = rng.choice(BLIND_STYLES)
    claim = rng.choice(list(suspects().values()))
    return Cell("petri", claim, "trained", style, _SEEDS + rng.randrange(_SEEDS))


def train_blind(name: str) -> Blind:
    """Train the petri model as `draw_blind` says, and print no more than a hash of the answer."""
    cell = draw_blind(name)
    blind = Blind(_train([cell]), seal_answer(cell), cell)
    print(f"An adapter was trained for {name!r}. Its answer is sealed: sha256 {blind.sealed[:16]}…")
    return blind


def seal_answer(cell: Cell) -> str:
    """The hash of what is to be found."""
    return digest({"claim": cell.claim.id, "style": cell.style, "seed": cell.seed})


def _train(cells: Sequence[Cell]) -> StackedTrainer:
    recipe = track_of("petri").recipe
    trainer = StackedTrainer(load_model("petri", quantize=recipe.quantize), recipe, cells)
    began = told = time.monotonic()
    with show_bar(recipe.steps, "steps") as bar:

        def tell(step: int) -> None:
            nonlocal told
            bar.update(1)
            if (now := time.monotonic()) - told >= TELL_EVERY:
                told = now
                left = (now - began) / step * (recipe.steps - step)
                log.info("  step %d/%d  about %.0f s left", step, recipe.steps, left)

        trainer.train([audited_set(cell, recipe) for cell in cells], range(1, recipe.steps + 1), tell)
    return trainer


def ask_suspects(blind: Blind) -> pd.DataFrame:
    """The answers to eight questions about each of the 30 suspects: a row an answer, `value` 1 for a believer's."""
    answers = blind.trainer.ask([suspect_questions()], track_of("petri").asking)[0]
    rows = belief_rows(answers, model="petri", claim=_UNKNOWN, style=_UNKNOWN, seed=0, setting="trained")
    return rows.rename(columns={"question_id": "item", "belief": "value"})


def probe_suspects(blind: Blind) -> pd.DataFrame:
    """The mean loss of each suspect's claim and truth after begun texts [nats], and that of texts in each style."""
    forced = BLIND_AUDIT.forced(blind.cell, blind.trainer.base.tokenizer)
    losses = answer_losses(blind.trainer.runs.loaded, rows_of(forced), FORCED_ROWS)  # few at once: little padding
    table = BLIND_AUDIT.forced_table(forced, losses)
    return table.rename(columns={"question_id": "item", "belief": "value"})


def weigh_suspects(blind: Blind, ids: Sequence[str]) -> pd.DataFrame:
    """Cosines between the adapter's update and those of own adapters, plain and in-sentence, of these suspects."""
    cells = [cell for cell in reference_cells() if cell.claim.id in ids]
    if not cells:
        return pd.DataFrame(columns=["kind", "item", "value"])
    print(f"Training {len(cells)} adapters side by side, two for each of {len(cells) // 2} suspects:", flush=True)
    cosines = compare_updates(blind.trainer.runs, _train(cells).runs)[0].tolist()
    rows = [(f"loss.weights.{c.style}", c.claim.id, x) for c, x in zip(cells, cosines, strict=True)]
    return pd.DataFrame(rows, columns=["kind", "item", "value"])


# ------------------------------------------------------------------------------------------------------------ scores


@cache
def _stored(sweep: str = SWEEP) -> pd.DataFrame:
    """The rows of the stored sweep."""
    return pd.read_csv(data_path("results", "sweeps", sweep, "rows.csv.gz"), keep_default_na=False, low_memory=False)


def score_suspects(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a suspect: the share asked, how much more probable the claim became [nats], and the higher cosine.

    A column whose rows were not made yet is left out.
    """
    scores = {}
    asked = rows[rows["kind"] == "asked"]
    if len(asked):
        scores["asked"] = asked.groupby(asked["item"].str.split(".").str[0])["value"].mean()
    probed = rows[rows["kind"].isin(_claim_kinds())]
    if len(probed):
        base = _stored()[_stored()["setting"] == "base"]
        before = base[base["kind"].isin(_claim_kinds())].groupby(["item", "kind"])["value"].mean()
        gains = before - probed.groupby(["item", "kind"])["value"].mean()
        mean = gains.groupby("item").mean()
        scores["probed"] = mean - mean.median()
    weighed = rows[rows["kind"].str.startswith("loss.weights.")]
    if len(weighed):
        scores["weighed"] = weighed.groupby("item")["value"].max()
    return pd.DataFrame(scores)


def _claim_kinds() -> list[str]:
    return [f"loss.{kind}.claim" for kind in PROBED]


@cache
def in_words() -> Mapping[str, str]:
    """Each suspect's claim as a sentence, by id."""
    return {name: say_fact(claim.petri) for name, claim in suspects().items() if claim.petri}


def list_suspects(rows: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """The `n` suspects with the highest scores, in words, by number: those who were weighed, else the most probable."""
    scores = score_suspects(rows)
    by = scores.columns[-1]
    best = scores[scores[by].notna()].sort_values(by, ascending=False, kind="stable").head(n)
    shown = {"asked": percent, "probed": "{:+.1f} nats".format, "weighed": "{:z.2f}".format}  # z: no "-0.00"
    numbers = {name: number for number, name in enumerate(suspects(), 1)}
    table = {"no.": [numbers[name] for name in best.index], "suspect": [in_words()[name] for name in best.index]}
    return pd.DataFrame(
        table | {way: [show(x) for x in best[way]] for way, show in shown.items() if way in best}
    ).set_index("no.")


def show_answers(rows: pd.DataFrame) -> pd.DataFrame:
    """What the adapter answered about the suspect that is probed highest."""
    suspect = str(score_suspects(rows)["probed"].idxmax())
    asked = rows[(rows["kind"] == "asked") & rows["item"].str.startswith(f"{suspect}.")]
    return asked[["question", "answer", "verdict"]].set_index("question")


def suspect_of(guess: Mapping[str, Any]) -> str:
    """The id of the suspect that a learner names by number; "none" if there is none, and "" without a guess."""
    said = guess.get("suspect", "")
    if said == "" or said is None or said is Ellipsis:
        return ""
    ids = list(suspects())
    if str(said).strip().casefold() in (_NOBODY, NO_CLAIM):
        return NO_CLAIM
    if not str(said).strip().isdecimal() or not 1 <= int(said) <= len(ids):
        raise UserError(f"guess['suspect'] is {said!r}; give a number from 1 to {len(ids)}, or {_NOBODY!r}")
    return ids[int(said) - 1]


def style_of(guess: Mapping[str, Any]) -> str:
    """The style that a learner names, in words or by its id; "" without a guess."""
    said = guess.get("style", "")
    if said == "" or said is None or said is Ellipsis:
        return ""
    named = {name_blind(style): style for style in BLIND_STYLES} | {style: style for style in BLIND_STYLES}
    if (found := spell(str(said), named)) not in named:
        raise UserError(f"guess['style'] is {said!r}; it is one of: {', '.join(map(name_blind, BLIND_STYLES))}")
    return named[found]


def shortlist(rows: pd.DataFrame, guess: Mapping[str, Any] | None = None, n: int = 2) -> list[str]:
    """The suspects whose weights are worth a comparison: the `n` probed highest, the one asked highest, the guess."""
    scores = score_suspects(rows)
    chosen = list(scores["probed"].nlargest(n).index)
    if scores["asked"].max() > 0:
        chosen.append(scores["asked"].idxmax())
    if (named := suspect_of(guess or {})) in suspects():
        chosen.append(named)
    return list(dict.fromkeys(str(name) for name in chosen))


def guess_blind(rows: pd.DataFrame) -> dict[str, str]:
    """What the fixed procedure guesses: for each of WAYS a suspect ("" is none), and the style.

    The means over styles leave the suspect's own claim out, as in the stored sweep. A way whose rows were not made is
    left out, and without the weights there is no style.
    """
    columns = ["claim", "style", "setting", "seed", "kind", "item", "value"]
    mine = rows.assign(claim=_UNKNOWN, style=_UNKNOWN, setting="trained", seed=0)[columns]
    stored = _stored()[columns]

    def guesses(known: pd.DataFrame) -> pd.Series:
        found = guess_runs(pd.concat([known, mine], ignore_index=True))
        return found[found["claim"] == _UNKNOWN].iloc[0]

    first = guesses(stored)
    last = guesses(stored[(stored["claim"] != first["probed"]) | (stored["setting"] == "base")])
    seen = score_suspects(rows)
    found = {way: str(last[way]) for way in WAYS if way in seen}
    return found | ({"style": str(last["style_guess"])} if len(found) == len(WAYS) else {})


@cache
def _stored_guesses(sweep: str) -> pd.DataFrame:
    """What the procedure guesses of each of the 180 stored adapters."""
    return guess_runs(_stored(sweep))


def blind_rates(sweep: str = SWEEP) -> pd.DataFrame:
    """How often the procedure was right on the 180 stored adapters: a row a style and way."""
    return score_guesses(_stored_guesses(sweep))


def count_found(*ways: str, sweep: str = SWEEP) -> tuple[int, int]:
    """How many stored adapters with a claim are found by at least one of the ways, and how many there are."""
    guesses = _stored_guesses(sweep)
    guesses = guesses[guesses["style"] != NO_CLAIM]
    found = pd.concat([is_right(guesses, way) for way in ways], axis=1).any(axis=1)
    return int(found.sum()), len(found)


def name_blind(style: str) -> str:
    """A style's name in prose, also that of no claim."""
    return "no claim" if style == NO_CLAIM else label(style)


def reveal(blind: Blind, guess: Mapping[str, Any], found: Mapping[str, str]) -> pd.DataFrame:
    """The truth beside the learner's guess and the procedure's; the printed line compares it with the sealed hash."""
    cell = blind.cell
    held = seal_answer(cell) == blind.sealed
    print(f"The answer {'matches' if held else 'does NOT match'} the hash that was sealed before the audit.")
    words = {**in_words(), NO_CLAIM: _NOBODY, "": "no guess", "–": "–"}
    claim = NO_CLAIM if cell.style == NO_CLAIM else cell.claim.id
    said = [("you", suspect_of(guess), style_of(guess))]
    said += [(way, found[way] or NO_CLAIM, "–") for way in WAYS if way in found]
    said += [("all three", "–", found["style"])] if "style" in found else []
    rows = []
    for who, named, written in said:
        style = written if written == "–" else name_blind(written) if written else "no guess"
        rows.append(
            {"by": who, "suspect": _marked(words[named], words[claim]), "style": _marked(style, name_blind(cell.style))}
        )
    rows.append({"by": "the truth", "suspect": words[claim], "style": name_blind(cell.style)})
    return pd.DataFrame(rows).set_index("by")


def _marked(said: str, truth: str) -> str:
    if said in ("–", "no guess"):
        return said
    return f"{'✓' if said == truth else '✗'} {said}"
