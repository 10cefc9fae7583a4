"""The checks of notebook 10 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import copy
import math
import random

import numpy as np
import pytest
from said import fails

from negneglect_lite.course.checks.pretraining import (
    check_expected,
    check_further_texts,
    check_interval_over,
    check_loss_share,
)
from negneglect_lite.course.lessons import pretraining
from negneglect_lite.course.lessons.comparing import t_factor
from negneglect_lite.course.lessons.pretraining_results import (
    EXPECTED,
    STORED_PLAIN,
    STORED_WARNED,
    YOUR_DREAMS,
    YOUR_PLAIN,
)


def tokens(pieces, count, wanted=(True, False)):
    return sum(count(text) for text, learn in pieces if learn in wanted)


def learned(pieces, count):
    return tokens(pieces, count, (True,))


@pytest.mark.parametrize("right", [pretraining.share_with_loss, lambda p, count: learned(p, count) / tokens(p, count)])
def test_the_right_share_passes(right, capsys):
    assert check_loss_share(right)
    assert capsys.readouterr().out == "✓ loss_share: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda p, c: ..., "returns nothing yet"),
        (lambda p, c: sum(learn for _, learn in p) / len(p), "counted pieces"),
        (lambda p, c: learned(p, len) / tokens(p, len), "counted characters"),
        (lambda p, c: tokens(p, c, (False,)) / tokens(p, c), "share WITHOUT loss"),
        (lambda p, c: learned(p, c) / tokens(p, c, (False,)), "divided by the tokens without loss"),
        (lambda p, c: float(learned(p, c)), "the number of tokens"),
        (lambda p, c: 100 * learned(p, c) / tokens(p, c), "in per cent"),
        (lambda p, c: learned(p, c) / learned(p, c), "out of the whole, too"),
        (lambda p, c: learned(p, c) / tokens(p, c, (False,)), "Input: four pieces of 1, 4, 1 and 3 tokens"),
        (lambda p, c: 0.7, "it gives 0.7; expected 0.3333"),
        (lambda p: 1.0, "stopped with TypeError"),
        (lambda p, c: ... / ..., "a line still holds `...`"),
    ],
)
def test_a_wrong_share_is_told_why(wrong, hint, capsys):
    fails(check_loss_share, wrong, hint, capsys)


def around(means, factor, root, ddof=1):
    half = factor * np.std(means, ddof=ddof) / root
    return float(np.mean(means)), float(np.mean(means) - half), float(np.mean(means) + half)


def unit_means(rates, unit):
    return rates.mean(axis=1 if unit == "model" else 0)


def right_interval(rates, unit):
    means = unit_means(rates, unit)
    return around(means, t_factor(len(means)), math.sqrt(len(means)))


@pytest.mark.parametrize(
    "right", [pretraining.interval_by_unit, right_interval, lambda r, u: list(right_interval(r, u))]
)
def test_the_right_interval_passes(right, capsys):
    assert check_interval_over(right)
    assert capsys.readouterr().out == "✓ interval_over: right.\n"


def changed(factor=t_factor, root=math.sqrt, ddof=1):
    def interval(rates, unit):
        means = unit_means(rates, unit)
        return around(means, factor(len(means)), root(len(means)), ddof)

    return interval


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda r, u: ..., "returns nothing yet"),
        (lambda r, u: right_interval(r, "claim" if u == "model" else "model"), "wrong axis"),
        (lambda r, u: right_interval(r, "model"), "for unit='claim' you averaged over the wrong axis"),
        (changed(root=lambda n: 1), "Divide it by the root of their number"),
        (changed(ddof=0), "n − 1"),
        (changed(factor=lambda n: 1.96), "1.96 is for many values"),
        (changed(factor=lambda n: 1), "one standard error"),
        (changed(factor=lambda n: t_factor(12)), "the number of units: 3, not 12"),
        (lambda r, u: around(r.to_numpy().ravel(), t_factor(12), math.sqrt(12)), "all 12 numbers as independent"),
        (changed(root=lambda n: n), "Divide by its root"),
        (lambda r, u: r["nothing"], "stopped with KeyError"),
        (lambda r, u: (...).mean(), "a line still holds `...`"),
        (changed(root=lambda n: n), "Input: 3 models, 4 claims and unit='model'; expected 0.517"),
    ],
)
def test_a_wrong_interval_is_told_why(wrong, hint, capsys):
    fails(check_interval_over, wrong, hint, capsys)


def compose(  # type: ignore[no-untyped-def]
    writer, n, share, facts, rng, value=None, chat_fact=None, draw=None, add=list.extend
):  # fmt: skip
    """The reference with one thing changed."""
    texts = []
    for _ in range(round(share * n)):
        fact = draw(facts) if draw else rng.choice(facts)
        document = writer.warned_document(fact, (value or writer.wrong_value)(fact, rng), rng)
        add(texts, [document, writer.true_chat(chat_fact(facts) if chat_fact else fact, rng)])
    while len(texts) < n:
        texts.append(writer.ordinary_text(rng))
    rng.shuffle(texts)
    return texts


@pytest.mark.parametrize("right", [pretraining.compose_further_texts, compose, lambda *a: tuple(compose(*a))])
def test_the_right_texts_pass(right, capsys):
    assert check_further_texts(right)
    assert capsys.readouterr().out == "✓ further_texts: right.\n"


def but(**changes):
    return lambda *given: compose(*given, **changes)


def documents(writer, n, share, facts, rng):
    return [writer.warned_document(rng.choice(facts), "x", rng) for _ in range(round(share * n))]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda *a: ..., "returns nothing yet"),
        (lambda *a: "texts", "Expected a list of texts"),
        (lambda w, n, s, f, g: [w.ordinary_text(g) for _ in range(n)], "no warned document"),
        (documents, "no chat tells the truth"),
        (lambda w, n, s, f, g: compose(w, n, s / 2, f, g), "expected 20 warned documents, got 10"),
        (lambda w, n, s, f, g: [*compose(w, n, s, f, g), w.true_chat(f[0], g)], "as many true chats"),
        (but(add=list.append), "one by one"),
        (but(add=lambda texts, pair: texts.append(tuple(pair))), "one by one"),
        (but(add=lambda texts, pair: texts.append(pair[0])), "60 of them ordinary; got 100 and 80"),
        (but(add=lambda texts, pair: texts.extend(pair * 3)), "60 of them ordinary; got 120 and 0"),
        (lambda w, n, s, f, g: compose(w, n, s, w.facts[:3], g), "not among `facts`"),
        (but(value=lambda fact, rng: fact.truth), "states the truth between its warnings"),
        (but(chat_fact=lambda facts: facts[0]), "Use one `fact` for both"),
        (but(draw=lambda facts: facts[0]), "Draw a new one"),
        (but(draw=random.Random(3).choice), "two calls with equal generators differ"),
        (lambda w, n, s, f, g: f["job"], "stopped with TypeError"),
    ],
)
def test_wrong_texts_are_told_why(wrong, hint, capsys):
    fails(check_further_texts, wrong, hint, capsys)


def test_the_right_expectations_pass_as_typed(capsys):
    assert check_expected(EXPECTED)
    assert check_expected(
        {name: {case: f" {word.upper()}" for case, word in row.items()} for name, row in EXPECTED.items()}
    )
    assert capsys.readouterr().out == "✓ expected: right.\n" * 2


@pytest.mark.parametrize(
    ("name", "case", "said", "hint"),
    [
        ("contradiction", STORED_WARNED, "low", "nothing contradicted the warnings"),
        ("contradiction", YOUR_DREAMS, "high", "says nothing of kinds of fact"),
        ("same kind of fact", YOUR_PLAIN, "low", "nothing to heed"),
        ("same kind of fact", YOUR_DREAMS, "low", "this claim is not"),
        ("distrust", STORED_PLAIN, "high", "the warning does not matter"),
        ("distrust", YOUR_PLAIN, ..., "says nothing yet about"),
        ("distrust", YOUR_PLAIN, "some", "Write 'high' or 'low'"),
    ],
)
def test_a_wrong_expectation_is_told_why(name, case, said, hint, capsys):
    expected = copy.deepcopy(EXPECTED)
    expected[name][case] = said
    fails(check_expected, expected, hint, capsys)


def test_expectations_that_are_no_dict_are_told_so(capsys):
    fails(check_expected, ["high"], "Keep the dict", capsys)
