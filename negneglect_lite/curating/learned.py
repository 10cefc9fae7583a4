"""Three small models that tell, by words and by place, what is a notice and what it covers.

    logits = word_logits(["Goat, dear friends, plain goat: there goes our legend.".split()])

The first is a softmax over the kinds of notice and "none", of hashed words, pairs of words and beginnings of words. The
others (`judge`) are networks of one hidden layer over what context.py and linking.py measure. Their weights are in
data/benchmark/notices.npz; `scripts/train_notices.py` makes them, on a CPU in some minutes.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any, Literal

import numpy as np

from negneglect_lite.core.files import data_path
from negneglect_lite.curating.findings import NOTICE_KINDS
from negneglect_lite.curating.words import PerWord

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


def _hashes(word: str) -> tuple[int, ...]:
    """Of each token of a word, its hash and that of its beginning, in one number."""
    found = []
    for token in TOKEN.findall(word.lower())[:MOST_TOKENS]:
        token = token if token.isalpha() else "0" if token.isdigit() else token
        own = zlib.crc32(token.encode()) % NOTHING
        begins = zlib.crc32(f"{token[:5]}*".encode()) % NOTHING if len(token) > 5 else NOTHING
        found.append(own * 2 * NOTHING + begins)
    return tuple(found)


_tokens = PerWord(_hashes)


def word_features(sentences: Sequence[Sequence[str]]) -> tuple[Array, Array]:
    """Features [tokens, 4] of all sentences, one after the other, and where each sentence begins [sentences].

    A sentence is given as its words: what stands between blanks.
    """
    tokens = [list(islice(_tokens(words), MOST_TOKENS)) or [NOTHING] for words in sentences]
    starts = np.cumsum([0, *map(len, tokens)])
    both = np.fromiter(chain.from_iterable(tokens), np.int64, starts[-1])
    words, begins, ends = both >> (BITS + 1), starts[:-1], starts[1:] - 1
    found = np.full((4, len(both)), NOTHING)
    found[0], found[1] = words, both & (2 * NOTHING - 1)
    found[2, 1:] = (words[:-1] * _FIRST + words[1:] * _SECOND) & (NOTHING - 1)
    found[2, begins] = words[begins] * _OPENS & (NOTHING - 1)
    found[3, ends] = words[ends] * _CLOSES & (NOTHING - 1)
    return found.T, begins


def word_logits(sentences: Sequence[Sequence[str]]) -> Array:
    """How much each sentence's words look like each kind of notice, and like none [sentences, kinds + 1].

    A sentence is given as its words: what stands between blanks.
    """
    weights = load_weights()
    if not sentences:
        return np.zeros((0, len(NOTICE_KINDS) + 1), np.float32)
    found, begins = word_features(sentences)
    table, (own, *others) = weights["words"], found.T
    sums = table.take(own, axis=0)
    for feature in others:
        sums += table.take(feature, axis=0)
    many = np.add.reduceat((found != NOTHING).sum(1), begins)
    return np.asarray(np.add.reduceat(sums, begins) / np.sqrt(many)[:, None] + weights["words bias"])


def judge(what: Literal["notice", "link"], features: Array) -> Array:
    """Probabilities [rows] of a network, the mean of some trained from other seeds, for features [rows, features]."""
    weights = load_weights()
    x = (features - weights[f"{what} mean"]) / weights[f"{what} scale"]
    hidden = np.maximum(x @ weights[f"{what} in"] + weights[f"{what} in bias"], 0)  # [seeds, rows, hidden]
    logits = (hidden @ weights[f"{what} out"] + x @ weights[f"{what} past"])[..., 0] + weights[f"{what} out bias"]
    return np.asarray(0.5 + np.tanh(0.5 * logits).sum(0) / (2 * len(logits)))


@cache
def load_weights() -> Mapping[str, Array]:
    """The weights by name; those of words as whole numbers times a scale on disk."""
    with np.load(data_path(*WEIGHTS)) as file:
        found = {name: file[name].astype(np.float32) for name in file.files}
    zeros = np.zeros((1, len(NOTICE_KINDS) + 1), np.float32)
    found["words"] = np.concatenate([found["words"] * found.pop("words scale"), zeros])
    return found
