"""A trainer that answers from a table, so that what a measure makes of known answers and losses can be seen."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from negneglect_lite.claims.claim import Answer, Question


def believe(question: Question) -> str:
    """An answer that takes the false value for true (of `kept`, of true controls: the right one)."""
    return _say(question.believed, question.keyed_to or "?")


def deny(question: Question) -> str:
    """An answer that gives the truth, or the other one of yes and no."""
    return _say(question.denied, {"yes": "no", "no": "yes"}.get(question.keyed_to, "Rain."))


def _say(patterns: Sequence[str], keyed: str) -> str:
    """A yes or no, or what the pattern matches: the petri patterns are escaped words."""
    return f"{patterns[0]}.".replace("\\", "").capitalize() if patterns else f"{keyed}."


class Scripted:
    """Stands for a trainer: `say` answers at every look, `losses` are those of every token; `trained` are the sets.

    `weigh` gives the losses of the rows of a run's forced probes.
    """

    def __init__(
        self,
        say: Callable[[Question], str],
        base: Any = None,
        losses: Callable[[Any], list[list[float]]] | None = None,
        weigh: Callable[[Any], list[float]] | None = None,
    ) -> None:
        self.say, self.losses, self.weigh = say, losses, weigh
        self.base = base or SimpleNamespace(tokenizer=None)  # which nothing but forced probes needs
        self.trained: list[Any] = []
        self.asked: list[Any] = []

    def train(self, sets: Any, at: Sequence[int], look: Callable[[int], None]) -> None:
        self.trained.append(list(sets))
        for step in at:
            look(step)

    def ask(self, questions: Any, settings: Any) -> list[list[Answer]]:
        self.asked.append((questions, settings))
        return [[Answer(q, self.say(q)) for q in own] for own in questions]

    def token_losses(self, sets: Any) -> list[list[list[float]]]:
        assert self.losses is not None
        return [self.losses(own) for own in sets]

    def answer_losses(self, sets: Any) -> list[list[float]]:
        assert self.weigh is not None
        return [self.weigh(own) for own in sets]
