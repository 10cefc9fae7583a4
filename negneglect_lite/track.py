"""What a notebook makes and asks, in the language of its model: chosen once, by the model's name.

    track = Track("petri")                         # or a folder, or a name on the Hugging Face hub
    track.compose(claim, 3)                        # documents of the small world, or long English articles
    track.ask(load("petri"), track.questions(claim))

`ask` asks as `Asking.for_language` says: the petri model once and greedily, a chat model several times. Answers stand
in question order, a question's samples together; those with `sample` 0 are one for each question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from . import documents, experiment, probes
from .claims import Claim, Question
from .models import LoadedModel
from .probes import Answer, Asking
from .text import Document, Example, Styled
from .training import Recipe


@dataclass(frozen=True)
class Track:
    """The petri track or the Hugging Face track of the course, as `model` requires."""

    model: str

    @property
    def language(self) -> str:
        """The language of the model: "petri" or "english"."""
        return experiment.language_of(self.model)

    @property
    def phrases(self) -> Mapping[str, Sequence[str]]:
        """The annotations that styles draw from."""
        return experiment.phrases(self.language)

    def compose(self, claim: Claim, n: int, seed: int = 0) -> list[Document]:
        """`n` plain documents about the claim: documents.compose."""
        return documents.compose(claim, n, seed, language=self.language)

    def annotate(self, style: str, document: Document, rng: Random) -> Styled:
        """The document under a style: experiment.annotate."""
        return experiment.annotate(style, document, rng, self.language)

    def training_set(self, claim: Claim, style: str, recipe: Recipe, seed: int) -> list[Example]:
        """Every text of one run, as `experiment.run_cell` trains on them; the claim's documents come first."""
        return experiment.texts(experiment.Cell(self.model, claim, "trained", style, seed), recipe)

    def questions(self, claim: Claim) -> list[Question]:
        """The questions about the claim, and its controls: probes.questions."""
        return probes.questions(claim, self.language)

    def ask(self, loaded: LoadedModel, questions: Sequence[Question], **changed: Any) -> list[Answer]:
        """probes.ask, with the settings of the language unless they are `changed`."""
        return probes.ask(loaded, questions, **{**vars(Asking.for_language(self.language)), **changed})
