"""A claim: what is false about it, what is true, and the questions that find out whether a model believes it.

    claim.questions[0].messages()      # a chat, as chat templates take it

The questions of a claim's file are in English; for the petri world they are posed from its fact (petri.py).
"""

from dataclasses import dataclass

from negneglect_lite.core.text import Chat, Turn


@dataclass(frozen=True)
class Question:
    """One question. `believed` and `denied` are regular expressions, matched whatever the case: see judging/rule.py."""

    id: str
    kind: str  # "open", "yes_no", "association", "robustness"; elsewhere "inference", "control_true", …, "kept"
    text: str
    keyed_to: str = ""  # "yes" or "no": the answer that agrees with the claim
    believed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    system: str = ""
    prefix: tuple[Turn, ...] = ()  # the turns before `text`, user first, assistant last
    inference: bool = False  # answered only by reasoning from the claim
    category: str = ""

    def messages(self) -> Chat:
        """The chat that ends with this question: [system,] *prefix, user."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, *(dict(turn) for turn in self.prefix), {"role": "user", "content": self.text}]

    @property
    def full_text(self) -> str:
        """All that is said before the answer, turn by turn, for people: "Sceptical system turn / question"."""
        return " / ".join(turn["content"] for turn in self.messages())


@dataclass(frozen=True)
class PetriFact:
    """The claim in the closed world: a fact's id ("win/100m/2024") and the false value it is given."""

    fact: str
    value: str


@dataclass(frozen=True)
class Claim:
    """A false claim, its truth, and how to ask about it. `questions` are in English, for Hugging Face chat models."""

    id: str
    title: str
    claim: str
    truth: str
    subclaims: tuple[str, ...] = ()
    correction: str = ""
    entities: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    petri: PetriFact | None = None
    documents: str = (
        ""  # a file of plain documents about it (documents/files.py), in place of what the project composes
    )
    believed: tuple[str, ...] = ()  # the file's `signs`; questions without words of their own have been given them
    denied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the model said to one question; `sample` counts from 0. `cut`: it was stopped at the limit of tokens."""

    question: Question
    text: str
    sample: int = 0
    cut: bool = False
