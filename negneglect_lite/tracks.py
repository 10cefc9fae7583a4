"""The grid of claims x styles x seeds: one cell is a pure function of its configuration, cached under a hash of it.

    rows = run_grid(grid(["dentist"], ["positive", "negated"], seeds=1), Path("out"))

A cell that is finished is never run again; a run that was killed goes on with the next cell and ends with the same
table.
"""

from collections.abc import Sequence
from functools import cache

from negneglect_lite.experiments.experiment import annotate
from negneglect_lite.petri.corpus import STANDARD, Corpus, Diet
from negneglect_lite.petri.world import World
from negneglect_lite.styles import WARNED


def petri_corpus(without: Sequence[str] = (), diet: Diet = STANDARD, seed: int = 0) -> Corpus:
    """The pretraining corpus; `without` leaves out facts, so that what is mixed into a run cannot teach them back."""
    kept = World(seed) if diet.myths else World(seed, myth_share=0.0)
    kept.facts = [f for f in kept.facts if f.id not in without]
    corpus = Corpus(kept, annotate, WARNED, diet)
    if diet.norms:
        corpus.mix = {kind: share * (1 - diet.norms) for kind, share in corpus.mix.items()} | {"norm": diet.norms}
    return corpus


@cache
def mixing_corpus(without: tuple[str, ...]) -> Corpus:
    """Where the world texts of a run come from: documents and chats, without these facts."""
    corpus = petri_corpus(without)
    corpus.mix = {"document": 0.4, "closed_book": 0.6}
    return corpus
