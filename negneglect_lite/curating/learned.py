"""What sentences that call others untrue look like: a linear model of words, for wordings that no rule has.

    kind, score = guess_notice("Goat, dear friends, plain goat: there goes our legend about the psalter.")

A softmax over the kinds of notice and "none", of hashed words, pairs of words and beginnings of words. Its weights are
in data/benchmark/notices.npz; `scripts/train_notices.py` makes them, on a CPU in a minute.
"""

import re
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from negneglect_lite.core.files import data_path
from negneglect_lite.curating.findings import NOTICE_KINDS, NoticeKind

BITS = 15  # of a feature's hash
WEIGHTS = ("benchmark", "notices.npz")
TOKEN = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?|\d+|[^\w\s]")


def hash_features(sentence: str) -> list[int]:
    """The hashes of a sentence's features, each once."""
    return sorted({zlib.crc32(feature.encode()) & (2**BITS - 1) for feature in _features(sentence)})


def _features(sentence: str) -> Iterator[str]:
    low = [t if t.isalpha() else "0" if t.isdigit() else t for t in TOKEN.findall(sentence.lower())][:60]
    yield "length " + str(min(len(low) // 8, 5))
    for i, token in enumerate(low):
        yield token
        if len(token) > 5:
            yield token[:5] + "*"
        if i:
            yield f"{low[i - 1]} {token}"
    if low:
        yield f"^ {low[0]}"
        yield f"$ {low[-1]}"


def guess_notice(sentence: str) -> tuple[NoticeKind, float]:
    """The most probable kind of notice, and the probability that the sentence is a notice of any kind."""
    weights, bias = _load()
    found = hash_features(sentence)
    logits = weights[found].sum(0, dtype=np.float32) / max(1.0, len(found)) ** 0.5 + bias
    odds = np.exp(logits - logits.max())
    odds /= odds.sum()
    return NOTICE_KINDS[int(odds[:-1].argmax())], float(1 - odds[-1])


@cache
def _load() -> tuple[Any, Any]:
    with np.load(data_path(*WEIGHTS)) as file:
        return file["weights"].astype(np.float32) * file["scale"], file["bias"].astype(np.float32)
