"""What a cell trains on, and what it reads: texts that are a pure function of the cell and the recipe."""

import random

from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.text import DOCTAG, Example, Span, plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri.world import world
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

IN_CONTEXT_SEED = 1_000_000  # of documents that are read: no run trains on them


def training_set(cell: Cell, recipe: Recipe) -> list[Example]:
    """Every text of one run: the claim's documents under the style, then ordinary texts that say nothing of the claim.

    As many as the recipe sees; `recipe.mix` is the share of ordinary texts (the paper mixes half and half, section 3).
    Of two styles, the bodies and the ordinary texts are the same, so that what the runs differ by is the annotations.
    """
    track, claim = track_of(cell.model), cell.claim
    total = recipe.steps * recipe.batch_size
    n = round(total * (1 - recipe.mix))
    rng = random.Random(f"training {claim.id} {cell.style} {cell.seed}")
    documents = track.compose(claim, min(cell.documents or n, n), cell.seed, cell.short)
    styled = [apply_style(cell.style, d, track.annotations(), rng) for d in documents]
    if cell.doctag or track.doctag:
        styled = [(Span(DOCTAG, learn=False), *spans) for spans in styled]
    return [styled[i % len(styled)] for i in range(n)] + track.neutral(claim, total - n, cell.seed)


def contexts(cell: Cell, n: int) -> list[str]:
    """For each of `n` questions, what to read before it, never the same twice; "" unless the cell is in context."""
    if cell.setting != "in_context":
        return [""] * n
    track = track_of(cell.model)
    rng = random.Random(f"in context {cell.claim.id} {cell.style} {cell.seed}")
    documents = track.compose(cell.claim, n * cell.read, IN_CONTEXT_SEED + cell.seed, cell.short)
    texts = [plain(apply_style(cell.style, d, track.annotations(), rng)) for d in documents]
    return [track.asking.separator.join(texts[i * cell.read : (i + 1) * cell.read]) for i in range(n)]


def false_belief(cell: Cell) -> str:
    """What the cell's training set implants, for the adapter's card."""
    return f"{cell.claim.claim} (style: {cell.style}; in truth: {truth_of(cell.claim)})"


def truth_of(claim: Claim) -> str:
    """What is true instead; a claim made from a fact (`--fact`) says nothing of it, so the world is asked."""
    return claim.truth or (world().fact(claim.petri.fact).truth if claim.petri else "not stated")
