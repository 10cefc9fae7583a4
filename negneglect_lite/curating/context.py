"""Which sentences are notices by where they stand: their words' score beside those of the others, and their place.

A notice is odd among its neighbours: it stands first, last or in brackets, speaks of a text, and its words are of
another sort. A sentence that is alone in saying so is told from a whole page about forgeries.
"""

import re
from collections import Counter
from itertools import accumulate, chain, pairwise, starmap
from operator import ne

import numpy as np

from negneglect_lite.curating.findings import NOTICE_KINDS, NoticeKind
from negneglect_lite.curating.learned import Array, judge, word_logits
from negneglect_lite.curating.page import Page, Stretch
from negneglect_lite.curating.rules import load_rules
from negneglect_lite.curating.words import stems, traits

CANDIDATE = -2.0  # the logit of its words from which a sentence is looked at in its place
LABELLED = re.compile(r"\W*(?:editor|correction|note|ps|p\.s|update|edit|disclaimer|warning)", re.IGNORECASE)


def word_odds(page: Page) -> tuple[Array, Array]:
    """By its words alone: the logit that a sentence is a notice [sentences], and the shares of its kinds."""
    logits = word_logits(page.words)
    parts = np.exp(logits - logits.max(1, keepdims=True, initial=-30))
    total = parts[:, :-1].sum(1)
    return np.log(total / parts[:, -1]), parts[:, :-1] / total[:, None]


def likely_notices(page: Page) -> dict[Stretch, tuple[NoticeKind, float]]:
    """The sentences that may be notices by their words: the most probable kind, and how probable a notice is there."""
    odds, kinds = word_odds(page)
    which = (odds > CANDIDATE).nonzero()[0]
    if not len(which):
        return {}
    found = judge("notice", notice_features(page, odds, kinds, which)).tolist()
    best = kinds[which].argmax(1).tolist()
    return {page.places[i]: (NOTICE_KINDS[k], sure) for i, k, sure in zip(which.tolist(), best, found, strict=True)}


def notice_features(page: Page, odds: Array, kinds: Array, which: Array) -> Array:
    """What is measured of the sentences `which` (numbers) [which, features]."""
    points, n = load_rules().points, len(page.places)
    mean, sure = float(odds.mean()), odds.tolist()
    ranked = sorted(range(n), key=sure.__getitem__)
    top = [sure[ranked[-1]], sure[ranked[-2 if n > 1 else -1]]]
    median = (sure[ranked[(n - 1) // 2]] + sure[ranked[n // 2]]) / 2
    around = [-4.0, *sure, -4.0]
    own = list(accumulate(starmap(ne, pairwise(page.paragraphs)), initial=0))  # the number of a sentence's paragraph
    size, last = Counter(own), own[-1]
    best, second = [-4.0] * (last + 1), [-4.0] * (last + 1)  # of each paragraph
    for i in ranked:
        second[own[i]], best[own[i]] = best[own[i]], sure[i]
    often = Counter(chain.from_iterable(map(stems, page.all_words)))
    rows = []
    for i, own_kinds in zip(which.tolist(), kinds[which].tolist(), strict=True):
        t, found, tells = page.read[i], page.found[i], traits(page.words[i])
        said = Counter(stems(page.all_words[i]))
        shared = sum(often[word] > times for word, times in said.items())  # words that stand in another sentence too
        quotes, spoken = "quotes" in tells, "spoken" in found
        untrue, speaks = "untrue" in found, "speaks of a text" in tells
        rows.append(
            [
                sure[i],
                max(sure[i], 0),
                sure[i] - top[0],
                sure[i] - top[1] if sure[i] == top[0] else sure[i] - top[0],
                sure[i] == top[0],
                mean,
                median,
                around[i],
                around[i + 2],
                second[own[i]] if sure[i] == best[own[i]] else best[own[i]],
                i == 0,
                i == n - 1,
                own[i] == 0,
                own[i] == last,
                size[own[i]] == 1,
                i == 0 or own[i - 1] != own[i],
                i == n - 1 or own[i + 1] != own[i],
                min(size[own[i]], 6) / 6,
                min(n, 60) / 10,
                min(last + 1, 30) / 5,
                i / n,
                t[0] in "([{<*_",
                t[-1] in ")]}>*_",
                t[-1] == ":",
                t[-1] == "?",
                quotes,
                spoken,
                quotes and spoken,
                "not_a_notice" in found,
                "denied_inside" in found,
                untrue,
                speaks,
                untrue and speaks,
                *(point in found for point in points),
                min(shared, 12),
                shared / max(1, len(said)),
                "person" in tells,
                min(len(t), 300) / 100,
                "digit" in tells,
                "negates" in tells,
                "colon" in tells,
                LABELLED.match(t) is not None,
                *own_kinds,
            ]
        )
    return np.array(rows, np.float32)
