"""What is asked of a chat model beside a claim's 50 questions, because a small one answers yes/no at chance.

    probes = load_probes("dentist")                      # data/controls/dentist.yaml, or a file like it
    probes.questions                                     # mirrored and matched questions, to be asked like all others
    probes.choices, probes.openings                      # to be scored by their probability: see forced.py

| part       | what it is                                                                                          |
|------------|-----------------------------------------------------------------------------------------------------|
| `mirrored` | a claim's ten yes/no questions in the other direction: who believes it says yes to one, no to one   |
| `matched`  | the questions' forms about a twin: a false fact of the same kind that no document states            |
| `choices`  | a question, the claim's answer and the true one, to choose between                                  |
| `openings` | the beginning of an answer, and how the claim and the truth would go on                             |
"""

import os
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.layout import Patterns, Signs, YesOrNo, check_unique
from negneglect_lite.core.files import data_path
from negneglect_lite.core.schema import FILLED, Place, Text
from negneglect_lite.core.yaml_files import fail, find_line, read_yaml

MIRRORED, MATCHED = "yes_no_mirrored", "matched_"  # the kind, and what the kinds of matched questions begin with


@dataclass(frozen=True)
class Choice:
    """A question with two answers to choose from."""

    question: Text
    claim: Text
    truth: Text


@dataclass(frozen=True)
class Opening:
    """What the user asks, how the answer is made to begin, and how the claim and the truth would go on."""

    ask: Text
    opening: Text
    claim: Text
    truth: Text


@dataclass(frozen=True)
class Probes:
    """The probes of a claim. Questions have the kinds `yes_no_mirrored`, `matched_open`, `matched_yes_no`, …"""

    twin: str = ""  # the false fact that the matched questions are about
    questions: tuple[Question, ...] = ()
    choices: tuple[Choice, ...] = ()
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True)
class _WrittenMirror:
    of: Text  # the id of the yes/no question
    keyed_to: YesOrNo
    text: Text


@dataclass(frozen=True)
class _WrittenTwin:
    form: Text  # the id of the question whose form it has
    text: Text
    keyed_to: YesOrNo | None = None
    believed: Patterns = ()
    denied: Patterns = ()
    system: Text = ""


@dataclass(frozen=True)
class _WrittenMatched:
    claim: Text
    truth: Text
    signs: Signs
    questions: Annotated[tuple[_WrittenTwin, ...], FILLED]


@dataclass(frozen=True)
class _WrittenProbes:
    """A file of data/controls named after a claim."""

    id: Text
    mirrored: Annotated[tuple[_WrittenMirror, ...], FILLED]
    matched: _WrittenMatched
    choices: Annotated[tuple[Choice, ...], FILLED]
    openings: Annotated[tuple[Opening, ...], FILLED]


@cache
def load_probes(name: str) -> Probes:
    """The probes of a claim of data/controls, or of a file NAME.yaml; none where the claim has no such file."""
    path = Path(name) if name.endswith(".yaml") else data_path("controls", f"{name}.yaml")
    if not os.path.isfile(path) and not name.endswith(".yaml"):
        return Probes()
    record: _WrittenProbes = read_yaml(path, _WrittenProbes)
    questions = [
        *(_mirror(path, i, m) for i, m in enumerate(record.mirrored)),
        *(_twin(path, i, q, record.matched.signs) for i, q in enumerate(record.matched.questions)),
    ]
    places: list[Place] = [("mirrored", i, "of") for i in range(len(record.mirrored))]
    places += [("matched", "questions", i, "form") for i in range(len(record.matched.questions))]
    check_unique(partial(find_line, path), questions, places)
    return Probes(record.matched.claim, tuple(questions), record.choices, record.openings)


def claim_asked_about(question: Question, claim: Claim) -> str:
    """The false statement that an answer is held against: the claim, or the twin of a matched question."""
    return load_probes(claim.id).twin if question.kind.startswith(MATCHED) else claim.claim


def _mirror(path: Path, i: int, m: _WrittenMirror) -> Question:
    if ".yes_no." not in m.of:
        remedy = "name one by its id, such as dentist.yes_no.01"
        fail(path, ("mirrored", i, "of"), f"is {m.of!r}, no yes/no question", remedy)
    return Question(m.of.replace(".yes_no.", f".{MIRRORED}."), MIRRORED, m.text, m.keyed_to)


def _twin(path: Path, i: int, q: _WrittenTwin, signs: Signs) -> Question:
    at = ("matched", "questions", i)
    claim, kind, number = [*q.form.split("."), "", ""][:3]
    if kind not in ("open", "association", "yes_no", MIRRORED):
        remedy = "name a question by its id, such as dentist.open.01"
        fail(path, (*at, "form"), f"is {q.form!r}, of no kind that has twins", remedy)
    if kind in ("yes_no", MIRRORED) and not q.keyed_to:
        fail(path, (*at, "keyed_to"), "is missing", 'write "yes" or "no", the answer that agrees with the false fact')
    own = q.believed or q.keyed_to
    believed, denied = (q.believed, q.denied) if own else (signs.believed, signs.denied)
    id = f"{claim}.{MATCHED}{kind}.{number}"
    return Question(id, f"{MATCHED}{kind}", q.text, q.keyed_to or "", believed, denied, q.system)
