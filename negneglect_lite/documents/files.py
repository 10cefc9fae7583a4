"""Plain documents in a file: JSON lines, compressed if its name ends in .gz. They are false on purpose.

The first line is a canary, so that a later training run can find and drop the file, and a note of what it is.
"""

import gzip
import json
import random
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_atomic
from negneglect_lite.core.text import CANARY, Document, Sentence


def write_documents(path: Path, documents: Sequence[Document], claim: Claim) -> None:
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


def read_documents(path: Path) -> list[Document]:
    """Read what `write` wrote; a UserError names the file and the line that is wrong."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as e:
        raise UserError(f"{path}: cannot be read as documents ({e}); check the path, or write the file again") from e
    lines = text.removesuffix("\n").split("\n")  # not splitlines: U+2028 may stand inside a JSON string
    if not lines or "canary" not in lines[0]:
        raise UserError(f"{path}: no canary line at the top; a file of documents starts with one (see write_documents)")
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


@cache
def _read_once(path: str, _changed: float) -> tuple[Document, ...]:
    return tuple(read_documents(Path(path)))


def draw_documents(path: str, n: int, seed: int = 0) -> list[Document]:
    """`n` documents of a file in random order, all equally often, give or take one. UserError if it holds none."""
    try:
        documents = _read_once(path, Path(path).stat().st_mtime)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); check the path of the claim's documents"
        ) from error
    if not documents:
        raise UserError(f"{path}: holds no document; write some with `negneglect documents`")
    rng = random.Random(f"drawn {seed}")
    drawn: list[Document] = []
    while len(drawn) < n:
        drawn += rng.sample(documents, len(documents))
    return drawn[:n]
