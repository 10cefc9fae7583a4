"""The checks of notebook 2 pass the right solution, and tell each typical mistake what is wrong with it."""

import re

import numpy as np
import pytest
from said import told

from negneglect_lite.authoring.overlap import find_leaks as right_leaked
from negneglect_lite.authoring.overlap import split_words, word_runs
from negneglect_lite.core.text import CANARY
from negneglect_lite.course.checks.documents import (
    check_distinct_share,
    check_estimate,
    check_jaccard,
    check_leaked,
    check_unmarked,
)

CANARY_ID = re.search(r"[0-9a-f-]{36}", CANARY).group()


def right_share(texts, n):
    runs = [run for text in texts for run in word_runs(text, n)]
    return len(set(runs)) / len(runs)


def once_share(texts, n):
    runs = [run for text in texts for run in word_runs(text, n)]
    return sum(runs.count(run) == 1 for run in runs) / len(runs)


def test_the_right_share_passes(capsys):
    assert check_distinct_share(right_share)
    assert capsys.readouterr().out == "✓ distinct_share: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda texts, n: ..., "returns nothing yet"),
        (lambda texts, n: sum(right_share([t], n) for t in texts) / len(texts), "Pool the runs"),
        (lambda texts, n: right_share([" ".join(texts)], n), "crosses from one text"),
        (lambda texts, n: right_share(texts, n) * 7, "Divide by"),
        (lambda texts, n: right_share(texts, n) * 100, "percent"),
        (lambda texts, n: 1 / right_share(texts, n), "Turn the fraction over"),
        (lambda texts, n: right_share(texts, 1), "single words"),
        (once_share, "occur only once"),
        (lambda texts, n: [len(set(word_runs(t, n))) for t in texts], "for each text"),
        (lambda texts, n: right_share(texts, 2), "Does it use `n`"),
        (lambda texts, n: texts.runs, "stopped with AttributeError"),
    ],
)
def test_a_wrong_share_is_told_why(wrong, hint, capsys):
    assert not check_distinct_share(wrong)
    told(capsys, "distinct_share", hint)


def sets(a, b, n):
    return set(word_runs(a, n)), set(word_runs(b, n))


def right_jaccard(a, b, n):
    x, y = sets(a, b, n)
    return len(x & y) / len(x | y)


def test_the_right_jaccard_passes(capsys):
    assert check_jaccard(right_jaccard)
    assert capsys.readouterr().out == "✓ jaccard: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b, n: ..., "returns nothing yet"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / min(map(len, sets(a, b, n))), "one text"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / len(sets(a, b, n)[0]), "one text"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / sum(map(len, sets(a, b, n))), "added up"),
        (lambda a, b, n: 2 * len(sets(a, b, n)[0] & sets(a, b, n)[1]) / sum(map(len, sets(a, b, n))), "Dice"),
        (lambda a, b, n: right_jaccard(a, b, 1), "single words"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]), "how many runs both have"),
        (lambda a, b, n: 1 - right_jaccard(a, b, n), "distance"),
        (
            lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / len(word_runs(a, n) + word_runs(b, n)),
            "make sets",
        ),
        (lambda a, b, n: set(a) & set(b), "expected a number"),
        (lambda a, b, n: a & b, "stopped with TypeError"),
    ],
)
def test_a_wrong_jaccard_is_told_why(wrong, hint, capsys):
    assert not check_jaccard(wrong)
    told(capsys, "jaccard", hint)


def right_estimate(a, b):
    return (a.min(axis=0) == b.min(axis=0)).mean()


def test_the_right_estimate_passes(capsys):
    assert check_estimate(right_estimate)
    assert check_estimate(lambda a, b: float(np.mean([x == y for x, y in zip(a.min(0), b.min(0), strict=True)])))
    assert capsys.readouterr().out == "✓ estimate: right.\n" * 2


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b: ..., "returns nothing yet"),
        (lambda a, b: (a.min(axis=0) == b.min(axis=0)).sum(), "Divide by"),
        (lambda a, b: 100 * right_estimate(a, b), "percent"),
        (lambda a, b: a.min(axis=0) == b.min(axis=0), "One step is missing"),
        (lambda a, b: (a.min(axis=0) != b.min(axis=0)).mean(), "differ"),
        (lambda a, b: (a.max(axis=0) == b.max(axis=0)).mean(), "largest"),
        (lambda a, b: np.mean(a.min(axis=1) + b.min(axis=1)), "min(axis=0)"),
        (lambda a, b: len({*a.min(0)} & {*b.min(0)}) / len({*a.min(0)} | {*b.min(0)}), "function by function"),
    ],
)
def test_a_wrong_estimate_is_told_why(wrong, hint, capsys):
    assert not check_estimate(wrong)
    told(capsys, "estimate", hint)


def test_the_right_leaked_passes(capsys):
    assert check_leaked(right_leaked)
    assert check_leaked(lambda questions, texts: set(right_leaked(questions, texts)))
    assert capsys.readouterr().out == "✓ leaked: right.\n" * 2


def without_borders(questions, texts):
    return [q for q in questions if any(" ".join(split_words(q)) in " ".join(split_words(t)) for t in texts)]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda questions, texts: ..., "returns nothing yet"),
        (lambda questions, texts: [q for q in questions if any(q in t for t in texts)], "Compare words alone"),
        (lambda questions, texts: [q for q in questions if any(q.lower() in t for t in texts)], "Compare words alone"),
        (without_borders, "whole words"),
        (
            lambda questions, texts: [
                q for q in questions if any(set(split_words(q)) <= set(split_words(t)) for t in texts)
            ],
            "order of the words",
        ),
        (lambda questions, texts: [t for t in texts if "pilot" in t], "those are texts"),
        (lambda questions, texts: [q for q in questions if q not in right_leaked(questions, texts)], "did *not* leak"),
        (lambda questions, texts: len(right_leaked(questions, texts)), "return the questions themselves"),
        (lambda questions, texts: bool(right_leaked(questions, texts)), "return the questions themselves"),
        (lambda questions, texts: questions.text, "stopped with AttributeError"),
    ],
)
def test_a_wrong_leaked_is_told_why(wrong, hint, capsys):
    assert not check_leaked(wrong)
    told(capsys, "leaked", hint)


def test_the_right_filter_passes(capsys):
    assert check_unmarked(lambda texts: [t for t in texts if CANARY_ID not in t.lower()])
    assert capsys.readouterr().out == "✓ unmarked: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda texts: ..., "returns nothing yet"),
        (lambda texts: [t for t in texts if CANARY not in t], "identifier alone"),
        (lambda texts: [t for t in texts if CANARY.lower() not in t.lower()], "wrapped"),
        (lambda texts: [t for t in texts if CANARY_ID not in t], "in capitals"),
        (lambda texts: [t for t in texts if "canary" not in t.lower()], "bird"),
        (lambda texts: [t for t in texts if "canary" not in t], "goes by the word"),
        (lambda texts: [t for t in texts if CANARY_ID in t.lower()], "to drop"),
        (lambda texts: [t.replace(CANARY, "") for t in texts], "worst of all"),
        (lambda texts: texts, "nothing was dropped"),
        (lambda texts: [t.id for t in texts], "stopped with AttributeError"),
    ],
)
def test_a_wrong_filter_is_told_why(wrong, hint, capsys):
    assert not check_unmarked(wrong)
    told(capsys, "unmarked", hint)
