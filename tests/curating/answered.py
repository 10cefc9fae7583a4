"""What a reader answers, written by hand: for each sentence two letters, A for none or that of a kind of notice."""

from collections.abc import Sequence

import numpy as np

from negneglect_lite.curating.learned import Array
from negneglect_lite.curating.reader import CHOICES
from negneglect_lite.curating.reader_model import KIND_LETTERS


def answered(*sentences: str) -> Array:
    """["BA", "AB"] -> probabilities [sentences, questions, answers]: a denial, and what it covers."""
    return np.stack([np.eye(CHOICES)[[KIND_LETTERS.index(letter) for letter in own]] for own in sentences])


def nothing(sentences: Sequence[str]) -> Array:
    """No sentence is a notice, and none is covered."""
    return answered(*["AA"] * len(sentences))
