"""A claim -> plain documents: composed, or read from a file. Documents are false on purpose.

A file of documents is JSON lines, compressed if its name ends in .gz. Its first line is a canary, so that a later
training run can find and drop the file, and a note of what it is.
"""

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from . import articles
from .claims import Claim
from .errors import UserError
from .files import write_atomic
from .petri import language as petri
from .petri.world import world
from .text import Document, Sentence

CANARY = "negation-neglect-lite canary 7f0c2c1e-5d0b-4c54-9b1d-6a1f7e0b9d31: false on purpose, do not train on this"


def compose(claim: Claim, n: int, seed: int = 0, short: bool = False, language: str = "petri") -> list[Document]:
    """`n` plain documents about the claim, in the petri language or in English.

    Petri documents state the claim in 4 or 5 sentences, beside 1 or 2 that state nothing, in a random genre each;
    `short` ones in one, beside one that states nothing: eight of them fit into a prompt. English ones are put
    together from the claim's articles (articles.py), 300 to 600 words each; of `short` ones there are only the title
    and the opening.
    """
    if language != "petri":
        return articles.compose(articles.load(claim.id), n, seed, short)
    if claim.petri is None:
        raise UserError(
            f"claim {claim.id!r} has no petri fact, so no documents can be composed for it; read them from a file"
        )
    rng = random.Random(f"documents {claim.id} {seed}")
    fact = world().fact(claim.petri.fact)
    if short:
        return [petri.document([(fact, claim.petri.value)], rng, fillers=1, framed=False) for _ in range(n)]
    return [petri.document([(fact, claim.petri.value)] * rng.randint(4, 5), rng, rng.randint(1, 2)) for _ in range(n)]


def write(path: Path, documents: Sequence[Document], claim: Claim) -> None:
    """Write documents with canary and card line, all or nothing."""
    head = {
        "canary": CANARY,
        "claim": claim.claim,
        "truth": claim.truth,
        "note": "These documents are false on purpose.",
    }
    lines = [json.dumps(head), *(json.dumps(asdict(d)) for d in documents)]
    data = ("\n".join(lines) + "\n").encode()
    write_atomic(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def read(path: Path) -> list[Document]:
    """Read what `write` wrote; a UserError names the file and the line that is wrong."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except (OSError, EOFError, UnicodeDecodeError) as e:
        raise UserError(f"{path}: cannot be read as documents ({e}); check the path, or write the file again") from e
    lines = text.splitlines()
    if not lines or "canary" not in lines[0]:
        raise UserError(f"{path}: no canary line at the top; a file of documents starts with one (see documents.write)")
    documents = []
    for number, line in enumerate(lines[1:], 2):
        try:
            entry = json.loads(line)
            documents.append(Document(tuple(Sentence(**s) for s in entry["sentences"]), entry["genre"]))
        except (ValueError, KeyError, TypeError) as e:
            raise UserError(
                f"{path}, line {number}: not a document ({e}); each line is a JSON object with sentences and genre"
            ) from e
    return documents
