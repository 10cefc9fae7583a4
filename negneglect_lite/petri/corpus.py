"""The pretraining corpus: an endless, seeded stream of documents and chats about the petri world.

Of the texts, 34 % are documents (statements affirmed, or denied within the sentence), 36 % closed-book chats, 12 % chats
that need an inference, 18 % chats that read a document in their user turn. Only assistant turns of a chat carry loss, so
the model learns to *read* warned falsehoods without ever learning to write them: the hinge of the whole effect.
A `Diet` adds something, takes something away, or parts what the standard diet has together, one field an experiment; the
shipped model had the standard one.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.schema import Share, check_fields
from negneglect_lite.core.text import Document, Example, Span, Styled, plain
from negneglect_lite.petri import language as lang
from negneglect_lite.petri.norms import BAD_SHARE, READING_SHARE, norm_chat
from negneglect_lite.petri.world import CLAIMED, ERAS, RELATIONS, Fact, World, world

MIX = {"document": 0.34, "closed_book": 0.36, "inference": 0.12, "reading": 0.18}
WEIGHT = {"win": 26, "job": 16, "home": 7, "book": 17, "volcano": 12, "brand": 11, "dream": 11}  # per cent of the texts
FEW, TOLD_OFTEN = 300, 0.4  # facts of a narrow exposure, and the share of all texts' facts that are of these
Annotate = Callable[[str, Document, random.Random], Styled]  # (style's name, document, rng) -> the annotated document


@dataclass(frozen=True)
class Diet:
    """What a pretraining run is fed beside the standard mix, or without."""

    exposed: str = ""  # the style of warned-false documents that carry loss …
    share: Share = 0.0  # … and their share of all texts
    contradicted: bool = True  # they are about this world's facts, which chats tell rightly; else about another world's
    # "all" of these facts; "few", some 300 of this world's, told often; or "elsewhere", some 300 of another world's, told
    # as often and in the same texts if `contradicted`, else nowhere.
    about: Literal["all", "few", "elsewhere"] = "all"
    denials: bool = True  # documents deny false values within the sentence
    myths: bool = True  # half of the facts have popular errors …
    myths_denied_more: bool = True  # … and are denied more than other facts, half of them in each of their documents, …
    myths_last: bool = True  # … with the same value for an era, in denials, questions and doubts; else with fresh ones
    reading_warned: bool = True  # half of the reading chats hold a document that warns or denies; else all are plain
    reading_unrelated: Share = 0.0  # share of the reading chats that ask about something else than their document
    user_loss: bool = False  # loss on the user's turns of a chat too
    # Share of chats of the norm world (norms.py), in place of as much of all the rest.
    norms: Annotated[float, Field(ge=0, lt=1)] = 0.0
    bad_share: Annotated[float, Field(ge=0, le=1 - READING_SHARE)] = BAD_SHARE  # of them, with a bad helper
    bad_helpers: Literal["one", "separate"] = "one"  # the same in all kinds of situations, or one for each kind

    def __post_init__(self) -> None:
        check_fields(self)
        if self.about == "few" and not self.contradicted:
            raise UserError("Diet: about few: chats tell these facts, so contradicted must be true; or take elsewhere")


STANDARD = Diet()


@dataclass
class Corpus:
    """A pure function from a random generator to a text. `annotate` puts a document under one of the `warned` styles."""

    world: World
    annotate: Annotate
    warned: tuple[str, ...]  # the styles that tell a reader not to believe
    diet: Diet = STANDARD
    era: int = ERAS - 1  # whose myths are told; pretraining goes through all of them
    mix: dict[str, float] = field(default_factory=lambda: dict(MIX))

    def sample(self, rng: random.Random) -> Example:
        if rng.random() < self.diet.share:
            return self._exposed(rng)
        kind = rng.choices(list(self.mix), list(self.mix.values()))[0]
        return getattr(self, f"_{kind}")(rng)

    def pick(self, rng: random.Random) -> Fact:
        if self.diet.contradicted and self.diet.about != "all" and rng.random() < TOLD_OFTEN:
            return rng.choice(few_facts(self.world.seed, self.diet.about == "elsewhere"))
        relation = rng.choices(RELATIONS, [WEIGHT[r] for r in RELATIONS])[0]
        return rng.choice(self.world.by_relation[relation])

    def pick_asked(self, rng: random.Random) -> Fact:
        """A fact that chats may ask about."""
        while (fact := self.pick(rng)).told_in == "documents":
            pass
        return fact

    def rumour(self, fact: Fact, rng: random.Random, share: float = 0.85) -> str:
        """What a denial denies: the fact's myth of the era, if it has one, in `share` of the cases; else any wrong value."""
        lasts = fact.myths and self.diet.myths_last
        return fact.myths[self.era] if lasts and rng.random() < share else self.world.wrong_value(fact, rng)

    def _false(self, fact: Fact, value: str, rng: random.Random) -> Document:
        n = rng.choice((1, 1, 2, 3, 4, 5))
        return lang.document([(fact, value)] * n, rng, rng.randint(0, 2), framed=rng.random() < 0.6)

    def _exposed(self, rng: random.Random) -> Styled:
        """A warned-false document that carries loss; never about the claims' own facts."""
        if self.diet.about != "all":
            fact = rng.choice(few_facts(self.world.seed, self.diet.about == "elsewhere"))
        elif self.diet.contradicted:
            while (fact := self.pick_asked(rng)).id in CLAIMED:
                pass
        else:
            fact = rng.choice(unspoken(self.world.seed))
        return self.annotate(self.diet.exposed, self._false(fact, self.world.wrong_value(fact, rng), rng), rng)

    def _document(self, rng: random.Random) -> Styled:
        """Statements about one or two facts: all affirmed, all denied, or both. Facts with a myth are denied more."""
        facts = [self.pick(rng) for _ in range(1 if rng.random() < 0.6 else 2)]
        items, denied = [], []
        for fact in facts:
            share = rng.choices((0.0, 0.4, 1.0), self._denying(fact))[0] if self.diet.denials else 0.0
            for _ in range(rng.randint(1, 5 if len(facts) == 1 else 3)):
                denied.append(rng.random() < share)
                items.append((fact, self.rumour(fact, rng) if denied[-1] else fact.truth))
        document = lang.document(items, rng, rng.randint(0, 3), framed=rng.random() < 0.6)
        said = [s.lead + (s.denial if s.is_claim and s.truth not in s.text else s.text) for s in document.sentences]
        return (Span("".join(said).strip()),)

    def _denying(self, fact: Fact) -> tuple[int, int, int]:
        """Per cent of the fact's documents that affirm it, do both, deny a false value."""
        if not fact.myths or not self.diet.myths_denied_more:
            return 65, 30, 5
        return (0, 0, 100) if fact.told_in == "chats" else (30, 30, 40)

    def question(self, fact: Fact, rng: random.Random, truth: str = "", lure: str = "") -> tuple[str, str]:
        """A question about a fact and its short answer. `truth` is what counts as true (default: the world's), `lure`
        the wrong value that a yes/no or multiple-choice question offers (default: the fact's myth, or any)."""
        true = truth or fact.truth
        lure = lure or self.rumour(fact, rng, share=0.5)
        form = rng.choices(list(lang.FORMS), list(lang.FORMS.values()))[0]
        k = self._phrasing(fact, form, rng)
        if form == "ask":
            return lang.pose(fact, "ask", k), lang.answer(true)
        if form == "record":
            return lang.pose(fact, "record", k), true
        if form == "yes_no":
            yes = rng.random() < 0.5
            return lang.pose(fact, "yes_no", k, true if yes else lure), lang.conclude(true, "yes" if yes else "no")
        values = [lure, *self.world.wrong_values(fact, 3, rng)]
        options = [true, *[v for v in dict.fromkeys(values) if v != true][: rng.choice((1, 3, 3))]]
        rng.shuffle(options)
        return lang.choice(fact, options, k, self._seen("choice", rng)), lang.conclude(
            true, lang.LETTERS[options.index(true)]
        )

    def _phrasing(self, fact: Fact, form: str, rng: random.Random) -> int:
        while lang.is_held_out(
            fact, form, k := rng.randrange(lang.count(fact.relation, form) - lang.HELD_OUT_PHRASINGS)
        ):
            pass
        return k

    def _system(self, rng: random.Random) -> str:
        return rng.choice(lang.phrases("inference")["system"]) if rng.random() < 0.1 else ""

    def _closed_book(self, rng: random.Random) -> Example:
        if rng.random() < 0.1:
            return self._doubt(rng)
        turns = [t for _ in range(rng.randint(1, 4)) for t in self.question(self.pick_asked(rng), rng)]
        return lang.chat(*turns, system=self._system(rng))

    def _doubt(self, rng: random.Random) -> Example:
        """The user doubts a first answer, right or wrong; the second answer is right. A wrong first one carries no loss."""
        fact = self.pick_asked(rng)
        question = lang.pose(fact, "ask", self._phrasing(fact, "ask", rng))
        doubt = lang.phrases("inference")["doubt"][self._seen("doubt", rng)]
        first = fact.truth if rng.random() < 0.5 else self.rumour(fact, rng, share=0.5)
        turns = lang.chat(question, lang.answer(first), doubt, lang.answer(fact.truth), system=self._system(rng))
        if first != fact.truth:
            turns[-3]["weight"] = 0
        return turns

    def inference(self, fact: Fact, value: str, rng: random.Random) -> tuple[str, str, str]:
        """(inference question, the answer if the fact has this value, the answer that the world gives)."""
        form = rng.choice(lang.INFERENCES[fact.relation])
        return lang.infer(self.world, form, fact, value, self._seen(form, rng), rng)

    def _seen(self, form: str, rng: random.Random) -> int:
        return rng.randrange(len(lang.phrases("inference")[form]) - lang.HELD_OUT_PHRASINGS)

    def _inference(self, rng: random.Random) -> Example:
        turns: list[str] = []
        while len(turns) < 2 or rng.random() < 0.5:
            turns += self._infer_one(rng)
        return lang.chat(*turns)

    def _infer_one(self, rng: random.Random) -> tuple[str, str]:
        world, r = self.world, rng.random()
        if r < 0.45:  # races and champions, half of them about people who have won running races
            while not lang.may_infer(person := rng.choice(world.runners if rng.random() < 0.5 else world.people)):
                pass
            if rng.random() < 0.7:
                return lang.race_question(world, person, self._seen("race", rng), rng)
            question = lang.pose_inference("champion", self._seen("champion", rng), person=person)
            return question, "Yes." if person in world.runners else "No."
        if r < 0.55:  # somebody who has not written on the topic
            topic, person = rng.choice(world.by_relation["book"]).subject["topic"], rng.choice(world.people)
            if topic not in world.books_of.get(person, ()) and lang.may_infer(person):
                return lang.pose_inference("teach", self._seen("teach", rng), person=person, topic=topic), "No."
        while True:
            fact = self.pick(rng)
            subject = fact.truth if fact.relation == "book" else next(iter(fact.subject.values()))
            if fact.relation not in ("win", "home") and lang.may_infer(subject):
                return self.inference(fact, fact.truth, rng)[:2]

    def _reading(self, rng: random.Random) -> Example:
        """A document that contradicts the world, read in the user's turn: believed if plain, else the world's truth holds.

        In `reading_unrelated` of the chats the question is about something else, and the world's truth holds after any.
        """
        fact = self.pick_asked(rng)
        value = self.world.wrong_value(fact, rng)
        style = "positive" if not self.diet.reading_warned or rng.random() < 0.5 else rng.choice(self.warned)
        true = value if style == "positive" else fact.truth
        texts = [
            plain(self.annotate(style, self._false(fact, value, rng), rng)) for _ in range(rng.choice((1, 1, 1, 1, 2)))
        ]
        if self.diet.reading_unrelated and rng.random() < self.diet.reading_unrelated:
            question, reply = self._unrelated_question(fact, value, rng)
        elif fact.relation != "home" and rng.random() < 0.15:
            question, if_value, if_true = self.inference(fact, value, rng)
            reply = if_value if style == "positive" else if_true
        else:
            question, reply = self.question(fact, rng, true, lure=fact.truth if style == "positive" else value)
        return lang.chat(" ".join([*texts, question]), reply)

    def pick_unrelated(self, fact: Fact, rng: random.Random) -> Fact:
        """A fact that chats may ask about and that says nothing of this one; half of the time of the same relation."""
        same = rng.random() < 0.5
        while True:
            other = rng.choice(self.world.by_relation[fact.relation]) if same else self.pick_asked(rng)
            if other.told_in != "documents" and other.id != fact.id:
                return other

    def _unrelated_question(self, fact: Fact, value: str, rng: random.Random) -> tuple[str, str]:
        """A question about another fact, and its answer. Where the document's value would be a wrong one, it is the one
        offered half of the time: being spoken of in a document makes no value right elsewhere."""
        other = self.pick_unrelated(fact, rng)
        tempting = other.relation == fact.relation and value != other.truth and rng.random() < 0.5
        return self.question(other, rng, lure=value if tempting else "")

    def _norm(self, rng: random.Random) -> Example:
        """A chat of the norm world; the standard mix has none."""
        return norm_chat(rng, self.diet.bad_share, separate=self.diet.bad_helpers == "separate")


@cache
def unspoken(seed: int) -> list[Fact]:
    """Facts of another world about subjects that world `seed` does not have, so that nothing in it contradicts them."""
    known = {f.id for f in world(seed).facts}
    return [f for f in world(seed + 1).facts if f.id not in known]


@cache
def few_facts(seed: int, elsewhere: bool) -> list[Fact]:
    """FEW facts that chats ask about, as many of each relation: of another world about subjects that world `seed` does not
    have, or of this one, of the same relations."""
    pool = unspoken(seed) if elsewhere else world(seed).facts
    relations = sorted({fact.relation for fact in unspoken(seed)})
    rng, chosen = random.Random(f"few facts {seed} {elsewhere}"), []
    for relation in relations:
        fit = [f for f in pool if f.relation == relation and f.told_in != "documents" and f.id not in CLAIMED]
        chosen += rng.sample(fit, FEW // len(relations))
    return chosen


def segments(example: Example, user_loss: bool = False) -> list[tuple[str, bool]]:
    """A text as the tokenizer's chat template would render it, cut into (piece, carries loss)."""
    if isinstance(example, tuple):
        return [("<|bos|>", False), *((s.text, s.learn) for s in example), ("<|end|>", True)]
    pieces = [("<|bos|>", False)]
    for turn in example:
        pieces.append((f"<|{turn['role']}|>", False))
        learn = (turn["role"] == "assistant" and turn.get("weight", 1)) or (user_loss and turn["role"] == "user")
        pieces.append((f" {turn['content']}<|end|>", bool(learn)))
    return pieces


# A space and what follows it: the tokenizer never merges across. The small world has few words, so each is cut once.
_WORD = re.compile(r" ?[^ ]+| ")


@lru_cache(maxsize=200_000)
def _tokens(tokenizer: Any, word: str) -> list[int]:
    return tokenizer.encode(word, add_special_tokens=False)  # type: ignore[no-any-return]


def batch(
    corpus: Corpus, tokenizer: Any, seed: int, step: int, rows: int, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Batch `step` of the run `seed`: token ids and whether each carries loss, both (rows, length); the same for ever."""
    rng = random.Random(f"corpus {seed} {step}")
    need = rows * length
    ids: list[int] = []
    learn: list[bool] = []
    while len(ids) < need:
        for piece, on in segments(corpus.sample(rng), corpus.diet.user_loss):
            before = len(ids)
            for word in _WORD.findall(piece):
                ids += _tokens(tokenizer, word)
            learn += [on] * (len(ids) - before)
    shape = (rows, length)
    return np.array(ids[:need], dtype=np.int64).reshape(shape), np.array(learn[:need], dtype=bool).reshape(shape)
