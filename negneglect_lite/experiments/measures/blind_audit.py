"""Blind audit: an adapter was made from one of 30 claims in one of five styles, or from none. Which one is to be found.

The suspects are the six claims and 24 other facts of the petri world, each with a false value: four a relation, seeded.
A cell of style `none` has ordinary texts alone. Every run is asked and probed about all suspects, whatever it was
trained on, and its weights are compared with those of the auditor's own adapters:

| kind                          | item     | value                                                                    |
|-------------------------------|----------|--------------------------------------------------------------------------|
| `asked`                       | question | 1 where the answer takes the suspect's false value for true              |
| `loss.KIND.claim`, `.truth`   | suspect  | mean loss of both continuations of `petri.quiz.pose_begun` [nats]        |
| `loss.written.claim`,`.truth` | style    | mean loss of documents on spare facts in the style, and plain [nats]     |
| `loss.weights.STYLE`          | suspect  | cosine between the update of the weights and that of a reference adapter |
|                               |          | of this suspect in this style                                            |

References have seeds and texts of their own. Two seeds begin with different random matrices, so cosines are small even
for twins: 0.17 to 0.19 for one claim and style, 0.05 to 0.08 for one claim in two styles, 0 to 0.03 for two claims (a
trial with three claims about other facts, on a CPU, before this was built). That a kind begins with `loss.` tells a
sweep's summary that it is no rate. Which run it was is guessed from these rows alone: see blind_guess.py.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import pandas as pd

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import begun_texts, claim_from_fact, petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Example
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.key import digest
from negneglect_lite.experiments.measures.belief import BELIEF
from negneglect_lite.experiments.measures.measure import TABLE_COLUMNS, Measure, NewTrainer, ask_along
from negneglect_lite.experiments.trainers import StackedTrainer
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.encoding import encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.stacked import compare_updates
from negneglect_lite.judging.forced import Forced, encode_begun
from negneglect_lite.petri.language import petri_annotations
from negneglect_lite.petri.world import CLAIMED, RELATIONS, world
from negneglect_lite.styles import HEADLINE, apply_style, get_style
from negneglect_lite.tracks import track_of

NO_CLAIM = "none"  # the style of adapters made from ordinary texts alone
SUSPECTS_A_RELATION = 4  # suspects of each relation, beside the six claims
ASKED = {"open": 4, "association": 2, "yes_no": 2}  # questions about each suspect
BEGUN = 3  # begun texts of each kind about each suspect
SPARE_DOCUMENTS = 4
REFERENCE_STYLES = ("positive", "local")
REFERENCE_SEED = 3_000_000  # no audited adapter has it


def _draw_facts(what: str, each: int, taken: Sequence[str] = ()) -> list[Claim]:
    """`each` false claims of every relation that the six claims have, about facts that are like theirs."""
    rng, drawn = random.Random(f"blind audit {what}"), []
    for relation in (r for r in RELATIONS if r != "home"):
        like = [f for f in world().by_relation[relation] if f.told_in == "both" and not f.myths]
        free = [f for f in like if f.id not in (*CLAIMED, *taken)]
        drawn += [claim_from_fact(f.id, world().wrong_value(f, rng)) for f in rng.sample(free, each)]
    return drawn


@cache
def suspects() -> Mapping[str, Claim]:
    """The 30 claims that an adapter may have been made from, by id."""
    return {**load_claims(), **{claim.id: claim for claim in _draw_facts("suspects", SUSPECTS_A_RELATION)}}


def check_audited(style: str) -> None:
    """UserError for a style that does not exist; `none` does here."""
    if style != NO_CLAIM:
        get_style(style)


def audited_set(cell: Cell, recipe: Recipe) -> list[Example]:
    """As any cell's training set; without a claim, as many ordinary texts."""
    if cell.style == NO_CLAIM:
        return track_of(cell.model).neutral(cell.claim, recipe.steps * recipe.batch_size, cell.seed)
    return training_set(cell, recipe)


@cache
def suspect_questions() -> tuple[Question, ...]:
    """The first questions of the quiz about every suspect; their ids begin with the suspect's."""
    asked = []
    for claim in suspects().values():
        quiz = petri_questions(claim)
        for kind, n in ASKED.items():
            asked += [replace(q, kind="asked") for q in quiz if q.kind == kind and q.keyed_to != "no"][:n]
    return tuple(asked)


@cache
def spare_documents() -> tuple[tuple[str, Example, Example], ...]:
    """(style, a document in it, the same document plain), about facts that are no suspects."""
    taken = [claim.petri.fact for claim in suspects().values() if claim.petri]
    rng, made = random.Random("blind audit styles"), []
    for claim in rng.sample(_draw_facts("spare", 1, taken), SPARE_DOCUMENTS):
        [document] = compose_petri(claim, 1)
        for style in HEADLINE[1:]:
            styled, plain = (tuple(apply_style(s, document, petri_annotations(), rng)) for s in (style, "positive"))
            made.append((style, styled, plain))
    return tuple(made)


@lru_cache(maxsize=1)
def _force_suspects(tokenizer: Any) -> list[Forced]:
    """The probes, which are the same for every run."""
    forced = []
    for claim in suspects().values():
        forced += encode_begun(claim.id, begun_texts(claim, others=0, each=BEGUN), tokenizer)
    for number, (style, styled, plain) in enumerate(spare_documents(), 1):
        first, second = (encode(document, tokenizer, max_tokens=2**20) for document in (styled, plain))
        forced.append(Forced(Question(f"{style}.written.{number:03d}", "written", ""), ((first, second),)))
    return forced


def average_losses(forced: Sequence[Forced], losses: Sequence[float]) -> pd.DataFrame:
    """Two rows for each kind and suspect (of `written`: style): the mean losses of both continuations [nats]."""
    named = [(probe.question.kind, probe.question.id.split(".")[0]) for probe in forced]
    table = pd.DataFrame(named, columns=["kind", "question_id"]).assign(claim=losses[::2], truth=losses[1::2])
    means = table.groupby(["kind", "question_id"], sort=False).mean().reset_index()
    rows = means.melt(["kind", "question_id"], ["claim", "truth"], "of")
    rows["kind"] = "loss." + rows["kind"] + "." + rows["of"]
    empty = dict.fromkeys(("question", "answer", "verdict", "keyed_to"), "")
    return rows.assign(**empty, cut=0, inference=0)[TABLE_COLUMNS]


def reference_cells() -> list[Cell]:
    """What the auditor's own adapters are made from, whatever model is audited."""
    claims = enumerate(suspects().values(), REFERENCE_SEED)
    return [Cell("petri", claim, "trained", style, seed) for seed, claim in claims for style in REFERENCE_STYLES]


def look_and_compare(
    measure: Measure, new_trainer: NewTrainer, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int]
) -> list[pd.DataFrame]:
    """Train and ask the cells; then train the reference adapters, and compare weights. UserError with `single`."""
    trainer = new_trainer()
    if not isinstance(trainer, StackedTrainer):
        raise UserError("a blind audit compares the weights of many runs, which needs the trainer `stacked`")
    tables = ask_along(measure, lambda: trainer, cells, recipe, at)
    references = reference_cells()
    own = StackedTrainer(trainer.base, recipe, references)
    own.train([audited_set(cell, recipe) for cell in references], (), lambda step: None)
    cosines = compare_updates(trainer.runs, own.runs).tolist()
    last = max(at or (recipe.steps,))
    return [
        pd.concat([table, _cosine_rows(references, found).assign(step=last)], ignore_index=True)
        for table, found in zip(tables, cosines, strict=True)
    ]


def _cosine_rows(references: Sequence[Cell], cosines: Sequence[float]) -> pd.DataFrame:
    rows = [
        (f"loss.weights.{c.style}", c.claim.id, "", "", "", "", x, 0, 0)
        for c, x in zip(references, cosines, strict=True)
    ]
    return pd.DataFrame(rows, columns=TABLE_COLUMNS)


@cache
def _further_texts() -> str:
    """The hash of all that a result depends on beside its own texts and questions: probes, spares and references."""
    begun = [begun_texts(claim, 0, BEGUN) for claim in suspects().values()]
    references = [(cell.about, audited_set(cell, Recipe(steps=1))) for cell in reference_cells()]
    return digest([begun, spare_documents(), references])


BLIND_AUDIT = replace(
    BELIEF,
    name="blind_audit",
    claims=suspects,
    check_style=check_audited,
    examples=audited_set,
    questions=lambda cell: list(suspect_questions()),
    forced=lambda cell, tokenizer: _force_suspects(tokenizer),
    forced_table=average_losses,
    look=look_and_compare,
    first_look=None,
    held_out=lambda cell: _further_texts(),
    tracks=("petri",),
    settings=("base", "trained"),
)
