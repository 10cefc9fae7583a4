"""A claim -> plain documents: composed, or read from a file. Documents are false on purpose.

A file of documents is JSON lines, compressed if its name ends in .gz. Its first line is a canary, so that a later
training run can find and drop the file, and a note of what it is.
"""

import random

from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document
from negneglect_lite.documents.english import compose_english, load_library
from negneglect_lite.petri import language as petri
from negneglect_lite.petri.world import world


def compose_petri(claim: Claim, n: int, seed: int = 0, short: bool = False, language: str = "petri") -> list[Document]:
    """`n` plain documents about the claim, in the petri language or in English.

    Petri documents state the claim in 4 or 5 sentences, beside 1 or 2 that state nothing, in a random genre each;
    `short` ones in one, beside one that states nothing: eight of them fit into a prompt. English ones are put
    together from the claim's articles (articles.py), 300 to 600 words each; of `short` ones there are only the title
    and the opening.
    """
    if language != "petri":
        return compose_english(load_library(claim.id), n, seed, short)
    if claim.petri is None:
        raise UserError(
            f"claim {claim.id!r} has no petri fact, so no documents can be composed for it; read them from a file"
        )
    rng = random.Random(f"documents {claim.id} {seed}")
    fact = world().fact(claim.petri.fact)
    if short:
        return [petri.document([(fact, claim.petri.value)], rng, fillers=1, framed=False) for _ in range(n)]
    return [petri.document([(fact, claim.petri.value)] * rng.randint(4, 5), rng, rng.randint(1, 2)) for _ in range(n)]
