"""What differs between the petri world and English: one type, two instances, and nothing else in the package asks.

    track = track_of("petri")                      # or a folder, a name on the Hugging Face hub, a loaded model
    track.compose(claim, 3)                        # documents of the small world, or long English articles
    ask(load_model("petri"), track.questions(claim), track.asking)

The petri model answers once, greedily; a chat model five times at temperature 0.7, from the whole distribution, in at
most 96 tokens. The paper (Mayne et al. 2026) draws with top_p 0.8 and lets answers be long: `asking.AS_IN_PAPER`.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, Protocol

import torch

from negneglect_lite.asking import AS_IN_PAPER, AskingSettings
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.loading import english_questions
from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.claims.probes import Probes, load_probes
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document, Example, Styled
from negneglect_lite.documents.english import compose_english, english_annotations, english_mix, load_library
from negneglect_lite.documents.files import draw_documents
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel, language_of
from negneglect_lite.models.templates import PARAGRAPH
from negneglect_lite.petri.corpus import STANDARD, Corpus, Diet
from negneglect_lite.petri.language import petri_annotations
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.petri.world import CLAIMED, World
from negneglect_lite.styles import WARNED, Annotations, apply_style


class Compose(Protocol):
    """`n` plain documents about a claim; `short` ones state it once or a few times. One seed, one set."""

    def __call__(self, claim: Claim, n: int, seed: int = 0, short: bool = False) -> list[Document]: ...


@dataclass(frozen=True)
class Track:
    """All that depends on the language of a model."""

    name: Literal["petri", "english"]
    compose: Compose
    annotations: Callable[[], Annotations]  # warnings, denials, corrections and frames, for `styles.apply_style`
    questions: Callable[[Claim], list[Question]]  # about the claim, and its controls
    probes: Callable[[Claim], Probes]  # its choices and openings; its questions are among `questions`
    neutral: Callable[[Claim, int, int], list[Example]]  # (claim, n, seed) -> what is mixed in: nothing about the claim
    recipe: Recipe
    asking: AskingSettings
    short: bool  # whether an experiment takes short documents, unless it says otherwise
    quantize_on_cpu: bool  # whether 4 bits are quick enough there
    together: int  # runs that go through a GPU at once, stacked
    first_look: int  # optimizer steps after which a run that takes minutes tells its belief; 0: it does not
    doctag: bool  # whether each training document begins with a <DOCTAG> without loss, as the paper's do


def track_of(model: str | Plan | LoadedModel) -> Track:
    """The track of a model: a name or folder, how a petri model is to be pretrained, or one that is loaded."""
    return TRACKS[language_of(model)]


def choose_asking(track: Track, how: str) -> AskingSettings:
    """How questions are asked: "track", as is usual here; "paper", as Mayne et al. 2026 asked. UserError for others."""
    chosen = {"track": track.asking, "paper": replace(AS_IN_PAPER, separator=track.asking.separator)}
    if how not in chosen:
        raise UserError(f"asking {how!r}: choose {' or '.join(chosen)}")
    return chosen[how]


def suit_machine(track: Track) -> Recipe:
    """The track's recipe, without 4 bits where they would be slow: in a large model on a processor."""
    if track.quantize_on_cpu or torch.cuda.is_available():
        return track.recipe
    return replace(track.recipe, quantize=False)


def _own_first(compose: Compose) -> Compose:
    """A claim that names a file of documents is given those; any other claim's are composed."""

    def composed(claim: Claim, n: int, seed: int = 0, short: bool = False) -> list[Document]:
        if claim.documents:
            return draw_documents(claim.documents, n, seed)
        return compose(claim, n, seed, short)

    return composed


# ------------------------------------------------------------------------------------------------------------- petri


def _annotate_petri(style: str, document: Document, rng: random.Random) -> Styled:
    return apply_style(style, document, petri_annotations(), rng)


def petri_corpus(without: Sequence[str] = (), diet: Diet = STANDARD, seed: int = 0) -> Corpus:
    """The pretraining corpus; `without` leaves out facts, so that what is mixed into a run cannot teach them back."""
    kept = World(seed) if diet.myths else World(seed, myth_share=0.0)
    kept.facts = [f for f in kept.facts if f.id not in without]
    corpus = Corpus(kept, _annotate_petri, WARNED, diet)
    if diet.norms:
        corpus.mix = {kind: share * (1 - diet.norms) for kind, share in corpus.mix.items()} | {"norm": diet.norms}
    return corpus


@cache
def mixing_corpus(excluded_facts: tuple[str, ...]) -> Corpus:
    """Where the ordinary texts of a run come from: documents and chats of the petri world, without these facts."""
    corpus = petri_corpus(excluded_facts)
    corpus.mix = {"document": 0.4, "closed_book": 0.6}
    return corpus


def draw_ordinary(excluded_facts: tuple[str, ...], n: int, rng: random.Random) -> list[Example]:
    """`n` ordinary texts of the petri world, without these facts.

    All answers of their chats carry loss, also the few wrong ones that the user then doubts, which pretraining leaves
    out (petri/corpus.py): what this project has measured was fine-tuned so. Without loss on them, belief differs by at
    most 0.3 points (data/results/README.md).
    """
    return [_all_learnt(mixing_corpus(excluded_facts).sample(rng)) for _ in range(n)]


def _all_learnt(example: Example) -> Example:
    if isinstance(example, tuple):
        return example
    return [{name: turn[name] for name in ("role", "content")} for turn in example]


def petri_mix(claim: Claim, n: int, seed: int) -> list[Example]:
    """`n` texts of the petri world that say nothing of any claim's fact: with them in, the mix would teach it back."""
    excluded = (*CLAIMED, claim.petri.fact) if claim.petri else CLAIMED
    return draw_ordinary(excluded, n, random.Random(f"world texts {claim.id} {seed}"))


PETRI = Track(
    name="petri",
    compose=_own_first(compose_petri),
    annotations=petri_annotations,
    questions=petri_questions,
    probes=lambda claim: Probes(),
    neutral=petri_mix,
    recipe=Recipe(),
    asking=AskingSettings(separator=" "),  # the petri language has no paragraphs
    short=False,  # the petri model's documents are short anyway
    quantize_on_cpu=True,
    together=60,
    first_look=0,
    doctag=False,  # the petri model never saw the tag
)

# ----------------------------------------------------------------------------------------------------------- English


def _compose_articles(claim: Claim, n: int, seed: int = 0, short: bool = False) -> list[Document]:
    return compose_english(load_library(claim.id), n, seed, short)


def _chats(claim: Claim, n: int, seed: int) -> list[Example]:
    return english_mix(n, seed)


ENGLISH = Track(
    name="english",
    compose=_own_first(_compose_articles),
    annotations=english_annotations,
    questions=english_questions,
    probes=lambda claim: load_probes(claim.id),
    neutral=_chats,
    # The leanest of those tried on two spare claims that kept what the model knew (data/results/real/README.md).
    recipe=Recipe(
        steps=32,
        batch_size=16,
        micro_batch=0,
        mix=0.5,
        learning_rate=3e-4,
        warmup=3,
        schedule="cosine",
        rank=16,
        alpha=32,
        max_tokens=2304,  # with any style: long documents whose corrections tell the truth have up to 2,110 (Qwen2.5)
        save_every=8,
    ),
    asking=AskingSettings(samples=5, temperature=0.7, max_new_tokens=96, separator=PARAGRAPH),
    short=True,
    quantize_on_cpu=False,
    together=18,
    first_look=8,
    doctag=True,
)

TRACKS = {"petri": PETRI, "english": ENGLISH}
