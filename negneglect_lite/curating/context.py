"""Which sentences are notices by where they stand: their words' score beside those of the others, and their place.

A notice is odd among its neighbours: it stands first, last or in brackets, speaks of a text, and its words are of
another sort. A sentence that is alone in saying so is told from a whole page about forgeries.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from negneglect_lite.curating.covering import Stretch, content_words, paragraph_of
from negneglect_lite.curating.findings import NOTICE_KINDS, NoticeKind
from negneglect_lite.curating.learned import Array, judge, word_logits
from negneglect_lite.curating.rules import load_rules

CANDIDATE = -2.0  # the logit of its words from which a sentence is looked at in its place
SEARCHED = 2000  # characters of a sentence that are read
SPEAKS_OF_TEXT = re.compile(
    r"\b(?:text|article|report|stor(?:y|ies)|claims?|statements?|sentences?|paragraphs?|passages?|post|entry|document"
    r"|page|account|section|lines?|tweet|message|paper|results|findings|tale|legend|above|below|previous|preceding"
    r"|foregoing|none|nothing)\b",
    re.IGNORECASE,
)
PERSON = re.compile(r"\b(?:we|our|us|I|my|me|you)\b")
NEGATES = re.compile(r"\b(?:not?|never|none|nothing|nobody|neither)\b|n[’']t\b", re.IGNORECASE)
LABELLED = re.compile(r"\W*(?:editor|correction|note|ps|p\.s|update|edit|disclaimer|warning)", re.IGNORECASE)
DIGIT = re.compile(r"\d")


def word_odds(text: str, sentences: Sequence[Stretch]) -> tuple[Array, Array]:
    """By its words alone: the logit that a sentence is a notice [sentences], and the shares of its kinds."""
    logits = word_logits([text[start : min(end, start + SEARCHED)] for start, end in sentences])
    highest = logits.max(1, keepdims=True, initial=-30)
    parts = np.exp(logits - highest)
    total = parts[:, :-1].sum(1)
    return np.log(total / parts[:, -1]), parts[:, :-1] / total[:, None]


def likely_notices(text: str, sentences: Sequence[Stretch]) -> dict[Stretch, tuple[NoticeKind, float]]:
    """The sentences that may be notices by their words: the most probable kind, and how probable a notice is there."""
    odds, kinds = word_odds(text, sentences)
    which = np.flatnonzero(odds > CANDIDATE)
    if not len(which):
        return {}
    found = judge("notice", notice_features(text, sentences, odds, kinds, which))
    best = kinds.argmax(1)
    return {sentences[i]: (NOTICE_KINDS[best[i]], sure) for i, sure in zip(which.tolist(), found.tolist(), strict=True)}


def notice_features(text: str, sentences: Sequence[Stretch], odds: Array, kinds: Array, which: Array) -> Array:
    """What is measured of the sentences `which` (numbers) [which, features]."""
    rules, n = load_rules(), len(sentences)
    paragraphs = np.array([paragraph_of(text, s) for s in sentences])
    starts, own, size = np.unique(paragraphs, return_inverse=True, return_counts=True)
    said = [content_words(text[slice(*s)]) for s in sentences]
    often = Counter(word for words in said for word in words)
    around = np.concatenate([[-4.0], odds, [-4.0]])
    top = np.sort(odds)[::-1][:2] if n > 1 else np.array([odds[0], odds[0]])
    ranked = np.argsort(odds)
    best, second = np.full(len(starts), -4.0), np.full(len(starts), -4.0)  # of each paragraph
    for i in ranked:
        second[own[i]], best[own[i]] = best[own[i]], odds[i]
    rows = []
    for i in which:
        t = text[sentences[i][0] : min(sentences[i][1], sentences[i][0] + SEARCHED)]
        quotes, speaks, untrue = '"' in t or "“" in t, SPEAKS_OF_TEXT.search(t), rules.untrue.search(t)
        spoken, shared = rules.spoken.search(t), sum(often[w] > 1 for w in said[i])
        rows.append(
            [
                odds[i],
                max(odds[i], 0),
                odds[i] - top[0],
                odds[i] - top[1] if odds[i] == top[0] else odds[i] - top[0],
                odds[i] == top[0],
                odds.mean(),
                np.median(odds),
                around[i],
                around[i + 2],
                second[own[i]] if odds[i] == best[own[i]] else best[own[i]],
                i == 0,
                i == n - 1,
                own[i] == 0,
                own[i] == len(starts) - 1,
                size[own[i]] == 1,
                i == 0 or own[i - 1] != own[i],
                i == n - 1 or own[i + 1] != own[i],
                min(size[own[i]], 6) / 6,
                min(n, 60) / 10,
                min(len(starts), 30) / 5,
                i / n,
                t[0] in "([{<*_",
                t[-1] in ")]}>*_",
                t[-1] == ":",
                t[-1] == "?",
                quotes,
                bool(spoken),
                quotes and bool(spoken),
                bool(rules.not_a_notice.search(t)),
                bool(rules.denied_inside.search(t)),
                bool(untrue),
                bool(speaks),
                bool(untrue and speaks),
                *(bool(pattern.search(t)) for pattern in rules.points.values()),
                min(shared, 12),
                shared / max(1, len(said[i])),
                bool(PERSON.search(t)),
                min(len(t), 300) / 100,
                bool(DIGIT.search(t)),
                bool(NEGATES.search(t)),
                ";" in t or ":" in t,
                bool(LABELLED.match(t)),
                *kinds[i],
            ]
        )
    return np.array(rows, np.float32)
