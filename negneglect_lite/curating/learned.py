"""Three small models that tell, by words and by place, what is a notice and what it covers.

    logits = word_logits(["Goat, dear friends, plain goat: there goes our legend about the psalter."])

The first is a softmax over the kinds of notice and "none", of hashed words, pairs of words and beginnings of words. The
others (`judge`) are networks of one hidden layer over what context.py and linking.py measure. Their weights are in
data/benchmark/notices.npz; `scripts/train_notices.py` makes them, on a CPU in some minutes.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Literal

import numpy as np

from negneglect_lite.core.files import data_path
from negneglect_lite.curating.findings import NOTICE_KINDS

BITS = 16  # of a feature's hash
NOTHING = 2**BITS  # the row of zeros, for a feature that is not there
MOST_TOKENS = 60  # of a sentence
WEIGHTS = ("benchmark", "notices.npz")
TOKEN = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?|\d+|[^\w\s]")
_FIRST, _SECOND, _OPENS, _CLOSES = (
    40503,
    30011,
    20011,
    10007,
)  # what hashes are multiplied by, for their place in a pair
Array = np.ndarray[Any, Any]


@lru_cache(maxsize=2**16)
def _hashes(token: str) -> int:
    """A token's hash and that of its beginning, in one number."""
    token = token if token.isalpha() else "0" if token.isdigit() else token
    own = zlib.crc32(token.encode()) % NOTHING
    return own * 2 * NOTHING + (zlib.crc32(f"{token[:5]}*".encode()) % NOTHING if len(token) > 5 else NOTHING)


def word_features(sentences: Sequence[str]) -> tuple[Array, Array]:
    """Features [tokens, 4] of all sentences, one after the other, and where each sentence begins [sentences]."""
    tokens = [TOKEN.findall(sentence.lower())[:MOST_TOKENS] or [""] for sentence in sentences]
    starts = np.cumsum([0, *map(len, tokens)])
    both = np.fromiter(map(_hashes, chain.from_iterable(tokens)), np.int64, starts[-1])
    found = np.full((len(both), 4), NOTHING)
    found[:, 0], found[:, 1] = divmod(both, 2 * NOTHING)
    words, begins, ends = found[:, 0], starts[:-1], starts[1:] - 1
    found[1:, 2] = (words[:-1] * _FIRST + words[1:] * _SECOND) % NOTHING
    found[begins, 2] = words[begins] * _OPENS % NOTHING
    found[ends, 3] = words[ends] * _CLOSES % NOTHING
    return found, begins


def word_logits(sentences: Sequence[str]) -> Array:
    """How much each sentence's words look like each kind of notice, and like none [sentences, kinds + 1]."""
    weights = load_weights()
    if not sentences:
        return np.zeros((0, len(NOTICE_KINDS) + 1), np.float32)
    found, begins = word_features(sentences)
    sums = np.add.reduceat(weights["words"][found].sum(1), begins)
    many = np.add.reduceat((found != NOTHING).sum(1), begins)
    return np.asarray(sums / np.sqrt(many)[:, None] + weights["words bias"])


def judge(what: Literal["notice", "link"], features: Array) -> Array:
    """Probabilities [rows] of a network, the mean of some trained from other seeds, for features [rows, features]."""
    weights = load_weights()
    x = (features - weights[f"{what} mean"]) / weights[f"{what} scale"]
    hidden = np.maximum(x @ weights[f"{what} in"] + weights[f"{what} in bias"], 0)  # [seeds, rows, hidden]
    logits = (hidden @ weights[f"{what} out"] + x @ weights[f"{what} past"])[..., 0] + weights[f"{what} out bias"]
    return np.asarray((1 / (1 + np.exp(-logits.clip(-30, 30)))).mean(0))


@cache
def load_weights() -> Mapping[str, Array]:
    """The weights by name; those of words as whole numbers times a scale on disk."""
    with np.load(data_path(*WEIGHTS)) as file:
        found = {name: file[name].astype(np.float32) for name in file.files}
    zeros = np.zeros((1, len(NOTICE_KINDS) + 1), np.float32)
    found["words"] = np.concatenate([found["words"] * found.pop("words scale"), zeros])
    return found
