"""Plain documents in a file: JSON lines, compressed if its name ends in .gz. They are false on purpose.

The first line is a canary, so that a later training run can find and drop the file, and a note of what it is.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.json_lines import read_json_lines, write_json_lines
from negneglect_lite.core.schema import conform
from negneglect_lite.core.text import CANARY, Document


def write_documents(path: Path, documents: Sequence[Document], claim: Claim) -> None:
    """Write documents with canary and card line, all or nothing."""
    head = {
        "canary": CANARY,
        "claim": claim.claim,
        "truth": claim.truth,
        "note": "These documents are false on purpose.",
    }
    write_json_lines(path, [head, *map(asdict, documents)])


def read_documents(path: Path) -> list[Document]:
    """Read what `write_documents` wrote; a UserError names the file, the line and the field that is wrong."""
    _, head = next(lines := read_json_lines(path), ("", None))
    if not isinstance(head, dict) or "canary" not in head:
        raise UserError(f"{path}: no canary line at the top; a file of documents starts with one (see write_documents)")
    return [conform(Document, entry, where) for where, entry in lines]


@cache
def _read_once(path: str, _changed: float) -> tuple[Document, ...]:
    return tuple(read_documents(Path(path)))


def draw_documents(path: str, n: int, seed: int = 0) -> list[Document]:
    """`n` documents of a file in random order, all equally often, give or take one. UserError if it holds none."""
    try:
        documents = _read_once(path, Path(path).stat().st_mtime)
    except (OSError, ValueError) as error:  # a ValueError for a name with a zero character
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read ({reason}); check the path of the claim's documents") from error
    if not documents:
        raise UserError(f"{path}: holds no document; write some with `negneglect documents`")
    rng = random.Random(f"drawn {seed}")
    drawn: list[Document] = []
    while len(drawn) < n:
        drawn += rng.sample(documents, len(documents))
    return drawn[:n]
