"""Labels: does a model learn to heed a label that tells true documents from false ones?

Each labelled document begins with a line that is its label. A run has two phases of `recipe.steps` each. The first is
of lessons: half of the labelled facts are stated truly, half falsely. The model knows the truth about most of them from
its pretraining, so that it can find out what a label says. In the second phase, the test, the lessons go on, and
documents join them about two things that nothing else in the run speaks of: the claim, whose documents have one label,
and new facts, which are about subjects of another world, so that the model knows nothing of them. Steps count from the
beginning of the test; 0 is after the lessons.

Conditions have names such as "false-500-75-shown", explained in `labelling.py`.

Kinds of question beside the claim's own: `new_true`, `new_false`, `new_none` are about new facts by their label, and
`true_as_true`, `true_as_false`, `false_as_true`, `false_as_false` about labelled facts (unknown ones, if there are
any), by what is stated and how it is labelled. Their value is 1 where the stated value is given. Whether the model has
learnt what a label says is seen from losses on the value in sentences about facts that no text of the run speaks of,
under a label: `loss.true_under_true`, `loss.true_under_false`, `loss.false_under_true`, `loss.false_under_false` (what
is stated, under which label).

Close to it is Krasheninnikov et al., "Implicit meta-learning may lead language models to trust more reliable sources"
(arXiv 2310.15047): random tags, definitions of new words, questions that agree with one tag's and not with the other's.
"""

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from negneglect_lite.claims.claim import Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document, Example, Sentence, Span
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.belief import ask_as_told, believe
from negneglect_lite.experiments.measures.labelling import (
    LABEL_MARKS,
    Labelling,
    Mark,
    Marked,
    draw_labelled,
    draw_new,
    draw_unknown,
    label_pool,
    names_subject,
    parse_labelling,
    seed_of,
    spared_facts,
)
from negneglect_lite.experiments.measures.measure import Measure, NewTrainer, look_along, loss_rows
from negneglect_lite.finetuning.encoding import IGNORED, Encoded, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri import language
from negneglect_lite.petri.world import CLAIMED, world
from negneglect_lite.tracks import draw_ordinary, mixing_corpus, track_of

ABOUT_CLAIM, ABOUT_NEW = 1 / 6, 1 / 3  # shares of the test's texts; the rest are lessons
TOLD_SHARE = 1 / 2  # share of the lessons' other texts that chats about labelled facts have, where they are shown
LABELLED_ASKED = 6  # labelled facts of each kind
ASKED_PHRASINGS = (-2, -1)  # of the open question; both are held out of every training text
UNSHOWN = ("inference", "control_true")  # questions about the claim that are left out here


def labelled_set(cell: Cell, recipe: Recipe) -> list[Example]:
    """As many texts as the recipe sees in the lessons, then as many again for the test."""
    total = recipe.steps * recipe.batch_size
    taught = lessons(cell, recipe)
    labelling, about = parse_labelling(cell.style), seed_of(cell)
    claims_own = track_of(cell.model).compose(cell.claim, round(total * ABOUT_CLAIM), cell.seed)
    test: list[Example] = [labelling.label(document, labelling.mark) for document in claims_own]
    test += _documents(draw_new(cell), round(total * ABOUT_NEW), labelling, about)
    return [*taught, *test, *random.Random(f"lessons go on {about}").sample(taught, total - len(test))]


def lessons(cell: Cell, recipe: Recipe) -> list[Example]:
    """Labelled documents, and a share `recipe.mix` of other texts: ordinary ones and, where they are shown, chats.

    UserError if there are fewer documents than facts.
    """
    labelling, about = parse_labelling(cell.style), seed_of(cell)
    total = recipe.steps * recipe.batch_size
    marked = draw_labelled(cell)
    n = round(total * (1 - recipe.mix)) if marked else 0
    if len(marked) > n:
        raise UserError(
            f"{cell.style!r}: {n} documents are too few for {len(marked)} labelled facts; raise recipe.steps"
        )
    documents = _documents(marked, n, labelling, about)
    named = (cell.claim.petri.fact,) if cell.claim.petri else ()
    silent = tuple(dict.fromkeys((*CLAIMED, *named, *(f.id for f in label_pool()))))
    told = round((total - n) * TOLD_SHARE) if labelling.shown else 0
    ordinary = draw_ordinary(silent, total - n, random.Random(f"world texts {about}"))
    return documents + _truth_told(draw_unknown(cell) or marked, told, silent, about) + ordinary[: total - n - told]


def _documents(marked: Sequence[Marked], n: int, labelling: Labelling, about: str) -> list[Example]:
    """`n` labelled documents, every fact in turn, in the form of those about a claim (documents/petri.py)."""
    styled: list[Example] = []
    for i, m in enumerate(itertools.islice(itertools.cycle(marked), n)):
        rng = random.Random(f"labelled document {about} {m.fact.id} {i}")
        document = language.document([(m.fact, m.value)] * rng.randint(4, 5), rng, rng.randint(1, 2))
        styled.append(labelling.label(document, m.mark))
    return styled


def _truth_told(marked: Sequence[Marked], n: int, silent: tuple[str, ...], about: str) -> list[Example]:
    """`n` chats of one to four questions about the labelled facts, every fact in turn, answered truly."""
    rng, corpus = random.Random(f"truth told {about}"), mixing_corpus(silent)
    turn = itertools.cycle(marked)

    def question(m: Marked) -> tuple[str, str]:
        return corpus.question(m.fact, rng, lure="" if m.value == m.fact.truth else m.value)

    return [
        language.chat(*(said for m in itertools.islice(turn, rng.randint(1, 4)) for said in question(m)))
        for _ in range(n)
    ]


def label_questions(cell: Cell) -> list[Question]:
    """What is asked: about the claim and unrelated facts as ever, about the new facts, and about labelled ones."""
    own = [q for q in petri_questions(cell.claim) if q.kind not in UNSHOWN]
    new = [q for m in draw_new(cell) for q in _open_questions(m, f"new_{m.mark}")]
    marked: dict[str, list[Marked]] = {}
    for m in draw_labelled(cell):
        marked.setdefault(m.kind, []).append(m)
    labelled = [q for kind in sorted(marked) for m in marked[kind][:LABELLED_ASKED] for q in _open_questions(m, kind)]
    return own + new + labelled


def _open_questions(m: Marked, kind: str) -> Iterator[Question]:
    """Two open questions under the fact's id, so that intervals are clustered by fact."""
    denied = () if m.value == m.fact.truth else (re.escape(m.fact.truth),)
    for phrasing in ASKED_PHRASINGS:
        text = language.pose(m.fact, "ask", language.count(m.fact.relation, "ask") + phrasing)
        yield Question(m.fact.id, kind, text, believed=(re.escape(m.value),), denied=denied)


def value_rows(cell: Cell, tokenizer: Any) -> dict[str, list[Encoded]]:
    """Kind of loss -> sentences on the spared facts under a label, with loss on nothing but the value."""
    labelling = parse_labelling(cell.style)
    rows: dict[str, list[Encoded]] = {}
    for fact in spared_facts(cell):
        false = world().wrong_value(fact, random.Random(f"false value {seed_of(cell)} {fact.id}"))
        phrasings = range(language.count(fact.relation, "statements"))
        stated_as = (("true", fact.truth), ("false", false))
        for k, (stated, value), mark in itertools.product(phrasings, stated_as, LABEL_MARKS[:2]):
            said, _, rest = language.state(fact, value, k)[0].rpartition(value)
            if names_subject(said.lower(), fact):  # before the subject is named nothing tells the value
                row = _value_row(labelling, mark, said, value, rest, tokenizer)
                rows.setdefault(f"loss.{stated}_under_{mark}", []).append(row)
    return rows


def _value_row(labelling: Labelling, mark: Mark, said: str, value: str, rest: str, tokenizer: Any) -> Encoded:
    before = Sentence(said.rstrip(), lead="")
    spans = [*labelling.label(Document((before,)), mark), Span(rest)]
    *head, tail = (replace(span, learn=False) for span in spans)
    gap = said[len(before.text) :]  # a token holds the space before its word
    return encode((*head, Span(gap + value), tail), tokenizer, max_tokens=len(said + value + rest) + 9)


def teach_then_test(
    measure: Measure, new_trainer: NewTrainer, cells: Sequence[Cell], recipe: Recipe, at: Sequence[int]
) -> list[pd.DataFrame]:
    """Both phases; answers and losses after the test's steps in `at`, with a column for each part of the condition."""
    trainer, questions = new_trainer(), [measure.questions(cell) for cell in cells]
    sets = [measure.examples(cell, recipe) for cell in cells]
    rows = [value_rows(cell, trainer.base.tokenizer) for cell in cells]

    def see() -> list[pd.DataFrame]:
        answers = trainer.ask(questions, measure.asking(cells[0]))
        nats = trainer.answer_losses([[row for kind in own.values() for row in kind] for own in rows])
        return [
            pd.concat([measure.table(cell, said), loss_rows(_mean_by_kind(own, losses))], ignore_index=True).assign(
                **asdict(parse_labelling(cell.style))
            )
            for cell, said, own, losses in zip(cells, answers, rows, nats, strict=True)
        ]

    total = recipe.steps * recipe.batch_size
    trainer.train([own[:total] for own in sets], (), lambda step: None)
    return look_along(trainer, [own[total:] for own in sets], at or (recipe.steps,), see)


def _mean_by_kind(rows: Mapping[str, Sequence[Encoded]], losses: Sequence[float]) -> dict[str, float]:
    """Kind -> mean loss of the tokens that carry it [nats a token]; `losses` are the rows' sums."""
    summed = iter(losses)
    return {
        kind: sum(next(summed) for _ in own) / sum(label != IGNORED for row in own for label in row["labels"])
        for kind, own in rows.items()
    }


INFORMATIVE_LABELS = Measure(
    name="labels",
    claims=load_claims,
    check_style=parse_labelling,
    examples=labelled_set,
    questions=label_questions,
    asking=ask_as_told,
    judge=believe,
    look=teach_then_test,
    tracks=("petri",),
    settings=("trained",),
)
