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

from negneglect_lite import asking
from negneglect_lite.asking import AskingSettings
from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.claims.petri_questions import petri_questions
from negneglect_lite.core.text import Document, Example, Styled
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments import experiment
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel


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
        return compose_petri(claim, n, seed, language=self.language)

    def annotate(self, style: str, document: Document, rng: Random) -> Styled:
        """The document under a style: experiment.annotate."""
        return experiment.annotate(style, document, rng, self.language)

    def training_set(self, claim: Claim, style: str, recipe: Recipe, seed: int) -> list[Example]:
        """Every text of one run, as `experiment.run_cell` trains on them; the claim's documents come first."""
        return experiment.texts(experiment.Cell(self.model, claim, "trained", style, seed), recipe)

    def questions(self, claim: Claim) -> list[Question]:
        """The questions about the claim, and its controls: probes.questions."""
        return petri_questions(claim, self.language)

    def ask(self, loaded: LoadedModel, questions: Sequence[Question], **changed: Any) -> list[Answer]:
        """probes.ask, with the settings of the language unless they are `changed`."""
        return asking.ask(loaded, questions, **{**vars(AskingSettings.for_language(self.language)), **changed})
