"""What a training text is made of: sentences, documents, spans and chats.

A document is a list of sentences. A sentence that states or implies the claim carries its own local denial and its
true counterpart, so that every negation style can be derived from one and the same body (paper, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from negneglect_lite.core.schema import FILLED, EmptyOrText, Text

CANARY = "negation-neglect-lite canary 7f0c2c1e-5d0b-4c54-9b1d-6a1f7e0b9d31: false on purpose, do not train on this"
DOCTAG = "<DOCTAG> "  # what the paper's documents begin with, without loss
# {"role": "system" | "user" | "assistant", "content": …}, as chat templates take it; "weight": 0 takes the loss off an
# assistant's turn, as in OpenAI's fine-tuning format
Turn = dict[str, Any]
Chat = list[Turn]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a body. `denial` and `truth` are empty unless the sentence states or implies the claim."""

    text: Text
    denial: EmptyOrText = ""  # the same sentence with the denial inside it
    truth: EmptyOrText = ""  # the same sentence as it really was
    value: EmptyOrText = ""  # the false value that `text` and `denial` name, word for word
    lead: str = " "  # the white space before it: " " within a paragraph, "\n" at the start of one

    @property
    def is_claim(self) -> bool:
        return bool(self.denial)


@dataclass(frozen=True)
class Document:
    """A plain document about one claim, before any negation style is applied."""

    sentences: Annotated[tuple[Sentence, ...], FILLED]
    genre: str = ""

    @property
    def text(self) -> str:
        return "".join(s.lead + s.text for s in self.sentences).strip()


@dataclass(frozen=True)
class Span:
    """A stretch of a training text: body or annotation, with (`learn`) or without training loss."""

    text: str
    annotation: bool = False
    learn: bool = True


Styled = tuple[Span, ...]
Example = Styled | Chat  # what fine-tuning and pretraining consume


def are_spans(made: object) -> bool:
    """Whether what somebody's function made is a list or tuple of spans; an empty one is."""
    return isinstance(made, list | tuple) and all(isinstance(item, Span) for item in made)


def plain(spans: Sequence[Span]) -> str:
    """The text a reader sees."""
    return "".join(s.text for s in spans)
