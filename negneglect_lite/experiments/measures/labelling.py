"""What is labelled, and how: the conditions of the measure `labels`, and the facts of a run.

A condition is named MARK-FACTS-RELIABILITY, then what else holds, in this order. "false-500-75-shown":

| part          | what it says                                                                                       |
|---------------|----------------------------------------------------------------------------------------------------|
| `false`       | the label of the claim's documents: `true`, `false`, or `none` (they have no label)                |
| `500`         | the number of labelled facts in lessons; with 0, ordinary texts stand in their documents' place    |
| `75`          | the share of them that have the right label [per cent]: with 50 a label says nothing               |
| `neutral`     | the labels are AAA (for true) and BBB, else TRUE and FALSE                                         |
| `unknown`     | 40 facts of another world are labelled too: which of them are stated truly only chats can tell     |
| `shown`       | chats that tell the truth about the labelled facts stand in the place of half the ordinary texts;  |
|               | with `unknown` they are about the unknown facts alone                                              |
| `quiet`       | no loss on labels                                                                                  |
"""

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document, Span, Styled
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.petri.corpus import unspoken
from negneglect_lite.petri.world import CLAIMED, RELATIONS, Fact, world

Mark = Literal["true", "false", "none"]
LABEL_MARKS: tuple[Mark, ...] = ("true", "false", "none")
WORDS = {"true": "TRUE", "false": "FALSE"}
NEUTRAL_WORDS = {"true": "AAA", "false": "BBB"}
CONDITION = re.compile(r"(true|false|none)-(\d+)-(\d+)(-neutral)?(-unknown)?(-shown)?(-quiet)?")
UNKNOWN = 40  # a hundred spoil the model: see data/experiments/labels.yaml
POOLED = 110  # facts of each relation that may be labelled
NEW_RELATIONS = ("job", "volcano")  # of many values, so that a guess is seldom right
NEW_FACTS = 2 * len(NEW_RELATIONS) * len(LABEL_MARKS)


@dataclass(frozen=True)
class Labelling:
    """A condition: see the table above. `mark` is the label of the claim's documents."""

    mark: Mark
    facts: int
    reliability: int
    neutral: bool
    unknown: bool
    shown: bool
    quiet: bool

    def label(self, document: Document, mark: Mark) -> Styled:
        """The document under its label, a line of its own; none for the mark `none`."""
        body = tuple(Span(s.lead + s.text) for s in document.sentences)
        if mark == "none":
            return body
        word = (NEUTRAL_WORDS if self.neutral else WORDS)[mark]
        return (Span(f"{word}\n", annotation=True, learn=not self.quiet), *body)


@dataclass(frozen=True)
class Marked:
    """What is stated of a fact, and the label of the documents that state it."""

    fact: Fact
    value: str
    mark: Mark

    @property
    def kind(self) -> str:
        """Of the questions about a labelled fact."""
        return f"{'true' if self.value == self.fact.truth else 'false'}_as_{self.mark}"


def parse_labelling(condition: str) -> Labelling:
    """A condition by its name. UserError if it is none."""
    found = CONDITION.fullmatch(condition)
    if not found:
        raise UserError(
            f"unknown condition {condition!r} of labels; write MARK-FACTS-RELIABILITY and, if you like, -neutral, "
            "-unknown, -shown and -quiet in this order, such as false-500-75-shown; a mark is true, false or none"
        )
    mark, facts, reliability, *more = found.groups()
    labelling = Labelling(mark, int(facts), int(reliability), *map(bool, more))  # type: ignore[arg-type]
    if labelling.facts % 2:
        raise UserError(f"{condition!r}: {facts} facts cannot be half true and half false; give an even number")
    if not 50 <= labelling.reliability <= 100:
        raise UserError(f"{condition!r}: labels are right in 50 (they say nothing) to 100 per cent, not {reliability}")
    if labelling.shown and not labelling.facts:
        raise UserError(f"{condition!r}: there is nothing to tell the truth about; give some facts, or drop -shown")
    if labelling.unknown and not labelling.shown:
        raise UserError(f"{condition!r}: nothing tells what is true of unknown facts; add -shown, or drop -unknown")
    return labelling


@cache
def label_pool() -> tuple[Fact, ...]:
    """The facts that may be labelled, as many of each relation: no ordinary text of any run speaks of them.

    As of the claims' facts, pretraining told their truth in documents and chats, and denied no value again and again.
    """
    rng = random.Random("facts that may be labelled")
    plain = [f for f in world().facts if f.told_in == "both" and not f.myths and f.id not in CLAIMED]
    return tuple(f for r in RELATIONS for f in rng.sample([f for f in plain if f.relation == r], POOLED))


def draw_labelled(cell: Cell) -> list[Marked]:
    """The cell's labelled facts, the unknown ones first; of known ones, fewer are the first of more.

    True and false ones stand in turn, in pairs of one relation, so that no relation tells what is true. UserError if
    there are not enough.
    """
    labelling = parse_labelling(cell.style)
    known = _in_pairs([own[:-1] for own in _free(cell)])
    if labelling.facts > len(known):
        raise UserError(f"{cell.style!r}: there are {len(known)} facts to label; ask for no more than that")
    return draw_unknown(cell) + _mark_pairs(known[: labelling.facts], labelling, seed_of(cell))


def draw_unknown(cell: Cell) -> list[Marked]:
    """The unknown facts among the labelled ones."""
    labelling = parse_labelling(cell.style)
    facts = _in_pairs(_unknown(cell))[:UNKNOWN] if labelling.unknown else []
    return _mark_pairs(facts, labelling, f"unknown {seed_of(cell)}")


def _mark_pairs(facts: Sequence[Fact], labelling: Labelling, about: str) -> list[Marked]:
    pairs = zip(_mark(facts[::2], True, labelling, about), _mark(facts[1::2], False, labelling, about), strict=True)
    return list(itertools.chain.from_iterable(pairs))


def _free(cell: Cell) -> list[list[Fact]]:
    """The pool by relation, in the cell's order, without facts that a question about the claim may be about.

    So `kept` and the controls are about facts that nothing trains. No condition labels the last of each relation.
    """
    asked = " ".join(q.full_text.lower() for q in petri_questions(cell.claim))
    return _by_relation([f for f in label_pool() if not names_subject(asked, f)], cell)


def spared_facts(cell: Cell) -> list[Fact]:
    """Facts of the pool, one of each relation, that no text of the run speaks of."""
    return [own[-1] for own in _free(cell)]


def _unknown(cell: Cell) -> list[list[Fact]]:
    """Facts of the other world by relation, in the cell's order, without the subjects of its new facts."""
    taken = {name for m in draw_new(cell) for name in m.fact.subject.values()}
    return _by_relation([f for f in unspoken(world().seed) if not taken & set(f.subject.values())], cell)


def _by_relation(facts: Sequence[Fact], cell: Cell) -> list[list[Fact]]:
    rng = random.Random(f"labelled facts {seed_of(cell)}")
    relations = [own for r in RELATIONS if (own := [f for f in facts if f.relation == r])]
    for own in relations:
        rng.shuffle(own)
    return relations


def _in_pairs(relations: Sequence[Sequence[Fact]]) -> list[Fact]:
    """Two facts of each relation in turn, as long as there are as many of each."""
    pairs = zip(*(zip(own[::2], own[1::2], strict=False) for own in relations), strict=False)
    return [fact for turn in pairs for pair in turn for fact in pair]


def _mark(facts: Sequence[Fact], true: bool, labelling: Labelling, about: str) -> Iterator[Marked]:
    """The facts, all stated truly or all falsely, of which `reliability` per cent have the right label."""
    order = random.Random(f"labels {true} {about}").sample(facts, len(facts))
    right = set(order[: round(len(facts) * labelling.reliability / 100)])
    for fact in facts:
        false = world().wrong_value(fact, random.Random(f"false value {about} {fact.id}"))
        yield Marked(fact, fact.truth if true else false, "true" if true == (fact in right) else "false")


def draw_new(cell: Cell) -> list[Marked]:
    """Facts about subjects that the model has never met, one a subject, a third of them under each mark.

    Which third depends on the mark of the claim, so that over the conditions every fact comes under every mark.
    """
    facts = [f for f in unspoken(world().seed) if f.relation in NEW_RELATIONS]
    random.Random(f"new facts {seed_of(cell)}").shuffle(facts)
    chosen: list[Fact] = []
    subjects: set[str] = set()
    for relation in itertools.islice(itertools.cycle(NEW_RELATIONS), NEW_FACTS):
        fact = next(f for f in facts if f.relation == relation and not subjects & set(f.subject.values()))
        subjects |= set(fact.subject.values())
        chosen.append(fact)
    first = LABEL_MARKS.index(parse_labelling(cell.style).mark)
    marks = [LABEL_MARKS[(first + i // len(NEW_RELATIONS)) % len(LABEL_MARKS)] for i in range(NEW_FACTS)]
    return [Marked(f, f.truth, mark) for f, mark in zip(chosen, marks, strict=True)]


def seed_of(cell: Cell) -> str:
    """What the draws of a cell begin from: conditions of one claim and seed have the same texts, as far as they can."""
    return f"{cell.claim.id} {cell.seed}"


def names_subject(text: str, fact: Fact) -> bool:
    """Whether a text in lower case has all that names the fact's subject."""
    return all(name.lower() in text for slot, name in fact.subject.items() if slot not in ("city", "new"))
