"""A claim -> plain documents in the language of the petri world, false on purpose."""

import random

from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document
from negneglect_lite.petri import language
from negneglect_lite.petri.world import world


def compose_petri(claim: Claim, n: int, seed: int = 0, short: bool = False) -> list[Document]:
    """`n` plain documents about the claim. UserError if it has no petri fact.

    They state the claim in 4 or 5 sentences, beside 1 or 2 that state nothing, in a random genre each; `short` ones in
    one, beside one that states nothing: eight of them fit into a prompt.
    """
    if claim.petri is None:
        raise UserError(
            f"claim {claim.id!r} has no petri fact, so no documents can be composed for it; name a file of documents"
        )
    rng = random.Random(f"documents {claim.id} {seed}")
    item = world().fact(claim.petri.fact), claim.petri.value
    if short:
        return [language.document([item], rng, fillers=1, framed=False) for _ in range(n)]
    return [language.document([item] * rng.randint(4, 5), rng, rng.randint(1, 2)) for _ in range(n)]
