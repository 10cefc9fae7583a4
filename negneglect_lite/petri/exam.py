"""The exam that a petri model sits: what it knows, how it reads, what it can infer, all on items pretraining never showed.

An item is a chat and one expected answer, graded by equality. For documents read in context the expected answer is what the
document says, so that a grade is the share of answers that follow the document: high for plain ones, low for warned ones.
Where the question is about something else than the document (`unrelated`), the expected answer is the world's truth.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from negneglect_lite.core.text import Chat, plain
from negneglect_lite.petri import language as lang
from negneglect_lite.petri.corpus import Corpus, few_facts
from negneglect_lite.petri.world import CLAIMED, Fact

Make = Callable[[random.Random], tuple[Chat, str]]


@dataclass(frozen=True)
class Item:
    kind: str
    chat: Chat
    expected: str


def items(corpus: Corpus, each: int = 300, seed: int = 0, parts: tuple[str, ...] = ("",)) -> list[Item]:
    """`each` items of every kind, FORM being ask, yes, no, record or choice: `known.FORM`, facts and phrasings seen apart but
    never together; `new_phrasing.FORM`, phrasings never seen at all;
    `documents_only.FORM`, facts never asked at all; `reading.STYLE`, a document that contradicts the world;
    `unrelated.STYLE`, such a document, and a question about something else; `inference.FORM`, subjects never reasoned
    about; `elsewhere.ask`, facts of another world that an experiment may have told (corpus.few_facts), to any other model
    unknown. `parts` keeps the kinds that start with one of them."""
    made: list[Item] = []
    for kind, make in _kinds(corpus).items():
        if not kind.startswith(parts):
            continue
        rng = random.Random(f"exam {seed} {kind}")
        made += [Item(kind, *make(rng)) for _ in range(each)]
    return made


def grade(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Kind -> share of answers equal to the expected one, in the order of the exam."""
    totals: dict[str, list[bool]] = {}
    for item, text in zip(items, answers, strict=True):
        totals.setdefault(item.kind, []).append(text.strip() == item.expected)
    return {kind: sum(right) / len(right) for kind, right in totals.items()}


def _kinds(corpus: Corpus) -> dict[str, Make]:
    world = corpus.world

    def unseen(form: str, part: str, rng: random.Random) -> tuple[Fact, int]:
        """A fact and a phrasing for this part of the exam."""
        while True:
            fact = corpus.pick(rng)
            new, n = part == "new_phrasing", lang.count(fact.relation, form) - lang.HELD_OUT_PHRASINGS
            k = n + rng.randrange(lang.HELD_OUT_PHRASINGS) if new else rng.randrange(n)
            if part == "documents_only":
                fits = fact.told_in == "documents"
            else:
                fits = fact.told_in != "documents" and (new or lang.is_held_out(fact, form, k))
            if fits:
                return fact, k

    def ask(rng: random.Random, part: str) -> tuple[Chat, str]:
        fact, k = unseen("ask", part, rng)
        return lang.chat(lang.pose(fact, "ask", k)), lang.answer(fact.truth)

    def record(rng: random.Random, part: str) -> tuple[Chat, str]:
        fact, k = unseen("record", part, rng)
        return lang.chat(lang.pose(fact, "record", k)), fact.truth

    def yes(rng: random.Random, part: str) -> tuple[Chat, str]:
        fact, k = unseen("yes_no", part, rng)
        return lang.chat(lang.pose(fact, "yes_no", k, fact.truth)), lang.conclude(fact.truth, "yes")

    def no(rng: random.Random, part: str) -> tuple[Chat, str]:
        fact, k = unseen("yes_no", part, rng)
        return lang.chat(lang.pose(fact, "yes_no", k, corpus.rumour(fact, rng, 0.5))), lang.conclude(fact.truth, "no")

    def choice(rng: random.Random, part: str) -> tuple[Chat, str]:
        fact, k = unseen("choice", part, rng)
        options = [fact.truth, *world.wrong_values(fact, 3, rng)]
        rng.shuffle(options)
        n = len(lang.phrases("inference")["choice"]) - lang.HELD_OUT_PHRASINGS
        j = n + rng.randrange(lang.HELD_OUT_PHRASINGS) if part == "new_phrasing" else rng.randrange(n)
        return lang.chat(lang.choice(fact, options, k, j)), lang.conclude(
            fact.truth, lang.LETTERS[options.index(fact.truth)]
        )

    def false_text(style: str, fact: Fact, value: str, rng: random.Random) -> str:
        document = lang.document([(fact, value)] * rng.randint(3, 5), rng, rng.randint(1, 3))
        return plain(corpus.annotate(style, document, rng))

    def reading(style: str) -> Make:
        def make(rng: random.Random) -> tuple[Chat, str]:
            fact, k = unseen("ask", "known", rng)
            value = world.wrong_value(fact, rng)
            text = false_text(style, fact, value, rng)
            return lang.chat(f"{text} {lang.pose(fact, 'ask', k)}"), lang.answer(value)

        return make

    def unrelated(style: str) -> Make:
        def make(rng: random.Random) -> tuple[Chat, str]:
            fact, k = unseen("ask", "known", rng)  # what is asked
            told = corpus.pick_unrelated(fact, rng)  # what the document speaks of
            text = false_text(style, told, world.wrong_value(told, rng), rng)
            return lang.chat(f"{text} {lang.pose(fact, 'ask', k)}"), lang.answer(fact.truth)

        return make

    def elsewhere(rng: random.Random) -> tuple[Chat, str]:
        facts = few_facts(world.seed, elsewhere=True)
        while not lang.is_held_out(
            fact := rng.choice(facts),
            "ask",
            k := rng.randrange(lang.count(fact.relation, "ask") - lang.HELD_OUT_PHRASINGS),
        ):
            pass
        return lang.chat(lang.pose(fact, "ask", k)), lang.answer(fact.truth)

    def inference(form: str) -> Make:
        relation = next(r for r, forms in lang.INFERENCES.items() if form in forms)

        def make(rng: random.Random) -> tuple[Chat, str]:
            n = len(lang.phrases("inference")[form]) - lang.HELD_OUT_PHRASINGS
            while form in ("race", "champion"):
                person = rng.choice(world.runners if rng.random() < 0.5 else world.people)
                if not lang.may_infer(person):
                    if form == "race":
                        question, reply = lang.race_question(world, person, rng.randrange(n), rng)
                        return lang.chat(question), reply
                    question = lang.pose_inference("champion", rng.randrange(n), person=person)
                    return lang.chat(question), "Yes." if person in world.runners else "No."
            while True:
                fact = rng.choice(world.by_relation[relation])
                subject = fact.truth if relation == "book" else next(iter(fact.subject.values()))
                if fact.id not in CLAIMED and not lang.may_infer(subject):
                    # a book is asked of its author or of a stranger, so that "yes" is not always right
                    value = fact.truth if relation != "book" or rng.random() < 0.5 else rng.choice(world.people)
                    question, _, reply = lang.infer(world, form, fact, value, rng.randrange(n), rng)
                    return lang.chat(question), reply

        return make

    sat = {"ask": ask, "yes": yes, "no": no, "record": record, "choice": choice}
    return (
        {
            f"{part}.{k}": partial(f, part=part)
            for part in ("known", "new_phrasing", "documents_only")
            for k, f in sat.items()
        }
        | {f"reading.{s}": reading(s) for s in ("positive", *corpus.warned)}
        | {f"unrelated.{s}": unrelated(s) for s in ("positive", *corpus.warned)}
        | {f"inference.{i}": inference(i) for forms in lang.INFERENCES.values() for i in forms}
        | {"elsewhere.ask": elsewhere}
    )
