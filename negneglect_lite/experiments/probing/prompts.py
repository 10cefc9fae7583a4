"""Where we look: open questions about a fact, and statements in which a fact has a value.

Questions and statements are the petri world's (petri/phrases); nothing is asked that a training document contains.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Span
from negneglect_lite.experiments.probing.residual import Prompt
from negneglect_lite.finetuning.encoding import encode
from negneglect_lite.models.templates import encode_chat
from negneglect_lite.petri import language
from negneglect_lite.petri.world import CLAIMED, Fact, world


@dataclass(frozen=True)
class OpenQuestion:
    """A question, read up to the first token in which the answers differ.

    `claim` and `truth` are the tokens that either answer goes on with, `others` those of other wrong values; "In black
    and white" and "In full colour" both begin with "In", so it stands in `ids` already.
    """

    ids: Sequence[int]
    subject: int  # position of the subject's last token
    claim: int
    truth: int
    others: Sequence[int] = ()

    @property
    def answer(self) -> int:
        """Position of the last token, after which the answer goes on."""
        return len(self.ids) - 1

    def at(self, place: str) -> Prompt:
        """The question looked at in its "subject" or its "answer"."""
        return Prompt(self.ids, self.subject if place == "subject" else self.answer)


@dataclass(frozen=True)
class Statement:
    """A statement that ends with its value, looked at in the value's last token."""

    prompt: Prompt
    true: bool
    pair: int = 0  # statements with one number share their subjects and values


def pose_open(fact: Fact, value: str, tokenizer: Any) -> list[OpenQuestion]:
    """The 16 open questions about a fact, where `value` stands against its truth."""
    rng = random.Random(f"other values {fact.id} {value}")
    others = [v for v in world().wrong_values(fact, 8, rng) if v != value]
    return [_open(fact, value, others, k, tokenizer) for k in range(language.count(fact.relation, "ask"))]


def _open(fact: Fact, value: str, others: Sequence[str], k: int, tokenizer: Any) -> OpenQuestion:
    question = language.pose(fact, "ask", k)
    whole = encode_chat(tokenizer, language.chat(question, language.answer(value)))
    replies = [encode_chat(tokenizer, language.chat(question, language.answer(v))).ids for v in (fact.truth, *others)]
    n = next((i for i, (a, b) in enumerate(zip(whole.ids, replies[0], strict=False)) if a != b), 0)
    if not n:
        raise UserError(f"{value!r} and {fact.truth!r} are one answer; give a value that is false")
    here = whole.ids[:n]
    tokens = {ids[n] for ids in replies[1:] if ids[:n] == here} - {whole.ids[n], replies[0][n]}
    start, text = whole.text.index(question), question.lower()
    end = start + max(text.rfind(s.lower()) + len(s) for s in fact.subject.values() if s.lower() in text)
    subject = max(i for i, (since, to) in enumerate(whole.offsets) if since < end <= to)
    return OpenQuestion(here, subject, whole.ids[n], replies[0][n], sorted(tokens))


def known_facts(relation: str) -> list[Fact]:
    """The relation's facts that documents and chats both tell, without those of the claims."""
    return [f for f in world().by_relation[relation] if f.told_in == "both" and f.id not in CLAIMED]


def statements_of(fact: Fact, value: str, tokenizer: Any) -> list[Statement]:
    """Each phrasing that ends with its value, of the statement that the fact has this value."""
    return [_statement(text, value == fact.truth, 0, tokenizer) for text in _ending_in_value(fact, value)]


def balanced_statements(relation: str, pairs: int, tokenizer: Any, seed: int = 0) -> list[Statement]:
    """Four statements for each of up to `pairs` pairs of facts: each subject with its own value and with the other's.

    So each subject and each value is as often in a true statement as in a false one, and neither tells which it is.
    Each statement has a phrasing drawn for itself, and each fact is in one pair.
    """
    rng = random.Random(f"statements {relation} {seed}")
    facts = known_facts(relation)
    rng.shuffle(facts)
    made = []
    for pair, (a, b) in enumerate(_pair(facts)):
        if pair == pairs:
            break
        for fact, value in ((a, a.truth), (a, b.truth), (b, a.truth), (b, b.truth)):
            text = rng.choice(_ending_in_value(fact, value))
            made.append(_statement(text, value == fact.truth, pair, tokenizer))
    return made


def _pair(facts: list[Fact]) -> Iterator[tuple[Fact, Fact]]:
    """Neighbours with different values; who finds none is left out."""
    waiting: Fact | None = None
    for fact in facts:
        if waiting is None:
            waiting = fact
        elif fact.truth != waiting.truth:
            yield waiting, fact
            waiting = None


def _ending_in_value(fact: Fact, value: str) -> list[str]:
    texts = (language.state(fact, value, k)[0] for k in range(language.count(fact.relation, "statements")))
    return [text for text in texts if text.endswith(f" {value}.")]


def _statement(text: str, true: bool, pair: int, tokenizer: Any) -> Statement:
    ids = encode((Span(text[:-1]),), tokenizer, 512)["input_ids"]
    ids = ids[: len(ids) - (tokenizer.eos_token_id is not None)]
    return Statement(Prompt(ids, len(ids) - 1), true, pair)
