"""Fingerprints of everything that is trained on, read and asked: python scripts/fingerprint.py

Prints a JSON object, name -> hash. tests/test_fingerprint.py compares it with tests/data/fingerprint.json, so that a
change of the code that was not meant to change a number shows in a minute, on a CPU, without a model. Where a number
is meant to change, write the file anew and say so in the commit:

    python scripts/fingerprint.py > tests/data/fingerprint.json
"""

import json

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import depth_questions
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.key import digest
from negneglect_lite.experiments.measures.misbehaviour import (
    CONDITIONS,
    kinds_of_misbehaviour,
    situation_questions,
    transcript_set,
)
from negneglect_lite.experiments.training_data import contexts, training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.styles import HEADLINE, STYLES, VARIANTS
from negneglect_lite.tracks import ENGLISH, PETRI

FEW = Recipe(steps=3)
FEW_ENGLISH = Recipe(steps=3, batch_size=8, micro_batch=0, mix=0.5)
ENGLISH_MODEL = "somebody/some-model"  # any name that is no petri model's; it is not loaded


def fingerprint() -> dict[str, str]:
    """name -> hash of training sets, contexts, questions and transcripts."""
    found: dict[str, object] = {}
    for claim in load_claims().values():
        for style in HEADLINE:
            cell = Cell("petri", claim, "trained", style)
            found[f"training petri {claim.id} {style}"] = training_set(cell, PETRI.recipe)
        found[f"reading petri {claim.id}"] = contexts(Cell("petri", claim, "in_context", "negated"), 20)
        found[f"questions petri {claim.id}"] = PETRI.questions(claim)
        found[f"depth petri {claim.id}"] = depth_questions(claim)
        found[f"questions english {claim.id}"] = ENGLISH.questions(claim)
        english = Cell(ENGLISH_MODEL, claim, "trained", "corrected")
        found[f"training english {claim.id}"] = training_set(
            english, Recipe(steps=3, batch_size=8, micro_batch=0, mix=0.5)
        )
    dentist = load_claims()["dentist"]
    for style in (*STYLES, *VARIANTS):
        found[f"style petri {style}"] = training_set(Cell("petri", dentist, "trained", style, 1), FEW)
    odd = Cell("petri", dentist, "trained", "negated", 2, documents=4, short=True, doctag=True)
    found["short"] = training_set(odd, FEW)
    for kind, claim in kinds_of_misbehaviour().items():
        for condition in CONDITIONS:
            cell = Cell("petri-norms", claim, "trained", condition)
            found[f"transcripts {kind} {condition}"] = transcript_set(cell, Recipe(steps=4))
        found[f"situations {kind}"] = situation_questions(kind)
    return {name: digest(texts)[:16] for name, texts in found.items()}


if __name__ == "__main__":
    print(json.dumps(fingerprint(), indent=1))
