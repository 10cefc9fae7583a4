"""How much texts repeat themselves and each other: variety, near-duplicates, and questions that leaked into a corpus.

    distinct_share(texts, 3)             # of all runs of three words, how many are different ones
    jaccard(a, b)                        # of the runs of two texts, how many both have: 0 to 1
    find_near_duplicates(texts, 0.5)     # pairs of texts whose sketches say so: (i, j, estimate)
    find_leaks(questions, texts)           # which questions stand word for word in some text

Texts are compared by their words, whatever the case, punctuation, white space and way of writing a character
(`core.comparing.fold`). A *run* is n words in a row, also
called an n-gram or a shingle. Sketches are MinHash (Broder 1997): the chance that the smallest hash value of two sets
is the same equals the Jaccard similarity of the sets.
"""

import re
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from negneglect_lite.core.comparing import fold

WordRun = tuple[str, ...]
SKETCH = 128  # hash functions in a sketch: the standard error of an estimate is at most 0.5 / sqrt(128) = 0.044
_PRIME = 4_294_967_311  # the smallest above 2**32, so that products of two hashes fit into 64 bits
_A, _B = np.random.default_rng(13829).integers(1, 2**32 - 1, (2, 1024), dtype=np.uint64)


def split_words(text: str) -> list[str]:
    """The words of a text in small letters, without punctuation."""
    return re.findall(r"\w+", fold(text))


def word_runs(text: str, n: int = 3) -> list[WordRun]:
    """All runs of `n` words, in order, repeated ones repeatedly; none if the text is shorter."""
    w = split_words(text)
    return [tuple(w[i : i + n]) for i in range(len(w) - n + 1)]


def distinct_share(texts: Iterable[str], n: int = 3) -> float:
    """Different runs of `n` words as a share of all runs in all texts; 0 if there is none."""
    runs = [run for text in texts for run in word_runs(text, n)]
    return len(set(runs)) / max(1, len(runs))


def jaccard(a: str, b: str, n: int = 3) -> float:
    """Runs that both texts have as a share of the runs that either has; 0 if neither has any."""
    in_a, in_b = set(word_runs(a, n)), set(word_runs(b, n))
    return len(in_a & in_b) / max(1, len(in_a | in_b))


def containment(part: str, whole: str, n: int = 3) -> float:
    """The share of the runs of `part` that `whole` has too; 0 if `part` has none."""
    inside = set(word_runs(part, n))
    return len(inside & set(word_runs(whole, n))) / max(1, len(inside))


def hash_table(text: str, n: int = 3, size: int = SKETCH) -> np.ndarray:
    """[different runs of the text, hash functions]: the value that each function gives to each run."""
    runs = sorted(set(word_runs(text, n)))
    x = np.array([zlib.crc32(" ".join(run).encode()) for run in runs], dtype=np.uint64)
    return (x[:, None] * _A[:size] + _B[:size]) % np.uint64(_PRIME)


def sketch(text: str, n: int = 3, size: int = SKETCH) -> np.ndarray:
    """MinHash: for each hash function, the smallest value that any run of the text gets."""
    table = hash_table(text, n, size)
    return table.min(axis=0) if len(table) else np.full(size, _PRIME, dtype=np.uint64)


def find_near_duplicates(
    texts: Sequence[str], threshold: float, n: int = 3, size: int = SKETCH
) -> list[tuple[int, int, float]]:
    """Pairs (i, j) of texts, i < j, whose estimated Jaccard similarity is at least `threshold`, most alike first."""
    sketches = [sketch(text, n, size) for text in texts]
    pairs = []
    for i, one in enumerate(sketches[:-1]):
        estimates = (np.stack(sketches[i + 1 :]) == one).mean(axis=1)
        pairs += [(i, i + 1 + int(j), float(estimates[j])) for j in np.flatnonzero(estimates >= threshold)]
    return sorted(pairs, key=lambda pair: -pair[2])


def find_leaks(questions: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The questions whose words stand in some text, in a row and as whole words."""
    said = [f" {' '.join(split_words(text))} " for text in texts]
    return [q for q in questions if split_words(q) and any(f" {' '.join(split_words(q))} " in text for text in said)]
