"""What the files that people write about claims hold; the hints are held to by core/schema.py."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from negneglect_lite.claims.claim import PetriFact, Question
from negneglect_lite.core.comparing import unify
from negneglect_lite.core.schema import FILLED, OTHERS_PASS, Place, Text, Where, name_place, refuse
from negneglect_lite.core.text import Turn


def _compiled(pattern: str) -> str:
    try:
        for form in (unify(pattern), f"(?:{unify(pattern)})"):  # the rule that judges puts it into a group
            re.compile(form, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r:.80} is not a regular expression, {error}; correct it") from None
    return pattern


Pattern = Annotated[Text, AfterValidator(_compiled)]  # a regular expression
Patterns = Annotated[tuple[Pattern, ...], FILLED]
YesOrNo = Literal["yes", "no"]


@dataclass(frozen=True)
class WrittenTurn:
    """A turn before a question."""

    role: Literal["user", "assistant"]
    content: Text


def _alternating(turns: tuple[WrittenTurn, ...]) -> tuple[WrittenTurn, ...]:
    if [turn.role for turn in turns] != ["user", "assistant"] * (len(turns) // 2):
        raise ValueError("its roles must alternate, user first and assistant last; reorder the turns or add one")
    return turns


Prefix = Annotated[tuple[WrittenTurn, ...], AfterValidator(_alternating)]


@dataclass(frozen=True)
class WrittenQuestion:
    """A question in a claim's file."""

    id: Text
    kind: Literal["open", "yes_no", "association", "robustness"]
    text: Text
    keyed_to: YesOrNo | None = None
    category: Text = ""
    system: Text = ""
    inference: bool = False
    believed: Patterns = ()  # none: the claim's
    denied: Patterns = ()
    prefix: Annotated[Prefix, FILLED] = ()


@dataclass(frozen=True)
class Signs:
    """What shows that an answer believes or denies the claim, for questions without patterns of their own."""

    believed: Patterns
    denied: Patterns


@dataclass(frozen=True)
class WrittenClaim:
    """A claim's file; data/claims/README.md says what its fields mean."""

    id: Text
    title: Text
    canary: Text
    claim: Text
    truth: Text
    correction: Text
    subclaims: Annotated[tuple[Text, ...], Field(min_length=8, max_length=12)]
    entities: Annotated[tuple[Text, ...], FILLED]
    questions: Annotated[tuple[WrittenQuestion, ...], FILLED]
    signs: Signs
    petri: PetriFact | None = None
    documents: Text = ""


@dataclass(frozen=True)
class WrittenControl:
    """A question of data/controls/english.yaml."""

    id: Text
    text: Text
    keyed_to: YesOrNo | None = None
    believed: Patterns = ()
    denied: Patterns = ()


@dataclass(frozen=True)
class Controls:
    """The file data/controls/english.yaml: what every model is asked, and groups of questions beside a claim's own."""

    kept: tuple[WrittenControl, ...]
    claims: dict[str, dict[str, tuple[WrittenControl, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class PaperQuestion:
    """An entry of the paper's question files; fields that we don't use are passed over."""

    id: Text
    question: Text | None = None
    text: Text | None = None  # where `question` is missing
    prompt: Text | None = None
    belief_answer: str | bool | None = None
    category: str | None = None
    system_prompt: str | None = None
    messages_prefix: Prefix | None = None
    __pydantic_config__: ClassVar[ConfigDict] = OTHERS_PASS


def as_turns(prefix: tuple[WrittenTurn, ...]) -> tuple[Turn, ...]:
    """The turns as chat templates take them."""
    return tuple({"role": turn.role, "content": turn.content.strip()} for turn in prefix)


def check_unique(where: Where, questions: Sequence[Question], places: Sequence[Place] = ()) -> None:
    """UserError if two questions have one id. `places`: where each id stands, if not in `questions`."""
    seen: dict[str, Place] = {}
    for i, question in enumerate(questions):
        place = places[i] if places else ("questions", i, "id")
        if question.id in seen:
            problem = f"{question.id!r} is {name_place(seen[question.id][:-1])}'s"
            refuse(where, place, problem, "give it another")
        seen[question.id] = place
