"""The checks of notebook 5 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import random

import pytest
from said import fails

from negneglect_lite.core.text import Span, plain
from negneglect_lite.course.checks import LETTER
from negneglect_lite.course.checks.styles import (
    PHRASES,
    check_heeded,
    check_my_style,
    check_rule_breakers,
    check_warning_share,
    check_wrap_claims,
)
from negneglect_lite.styles import STYLES


def words(spans, marked=None):
    return sum(len(s.text.split()) for s in spans if marked is None or s.annotation == marked)


def letters(spans, marked=(True, False)):
    return sum(len("".join(s.text.split())) for s in spans if s.annotation in marked)


def test_the_right_share_passes(capsys):
    assert check_warning_share(lambda spans: words(spans, True) / words(spans))
    assert capsys.readouterr().out == "✓ warning_share: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda spans: ..., "returns nothing yet"),
        (lambda spans: words(spans, True) / words(spans, False), "words of the body"),
        (lambda spans: sum(s.annotation for s in spans) / len(spans), "counted spans"),
        (lambda spans: words(spans, False) / words(spans), "share of the body"),
        (lambda spans: 100 * words(spans, True) / words(spans), "percent"),
        (lambda spans: words(spans, True), "number of warning words"),
        (lambda spans: sum(len(s.text) for s in spans if s.annotation) / len(plain(spans)), "counted characters"),
        (lambda spans: letters(spans, (True,)) / letters(spans), "counted letters"),
        (lambda spans: spans.share, "stopped with AttributeError"),
        (lambda spans: 1 / 3, "a text without a warning"),
    ],
)
def test_a_wrong_share_is_told_why(wrong, hint, capsys):
    fails(check_warning_share, wrong, hint, capsys)


def wrap(document, before, after, marked=True, every=False, lead=True, text=lambda s: s.text):
    spans = []
    for s in document.sentences:
        start = s.lead if lead else ""
        if s.is_claim or every:
            spans += [
                Span(start + before, annotation=marked),
                Span(" " + text(s)),
                Span(" " + after, annotation=marked),
            ]
        else:
            spans.append(Span(start + text(s)))
    return spans


@pytest.mark.parametrize(
    "right", [wrap, lambda d, b, a: [Span(" " + s.text, s.annotation) for s in wrap(d, b, a, lead=False)]]
)
def test_the_right_wrapping_passes_whatever_the_white_space(right, capsys):
    assert check_wrap_claims(right)
    assert capsys.readouterr().out == "✓ wrap_claims: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda d, b, a: ..., "returns nothing yet"),
        (lambda d, b, a: wrap(d, b, a, marked=False), "not marked"),
        (lambda d, b, a: wrap(d, b, a, every=True), "every sentence is wrapped"),
        (lambda d, b, a: wrap(d, b, a, text=lambda s: s.denial or s.text), "inside its sentence too"),
        (
            lambda d, b, a: [Span(f" {b} {s.text} {a}", True) if s.is_claim else Span(s.text) for s in d.sentences],
            "marked as annotation",
        ),
        (
            lambda d, b, a: [p for p in wrap(d, b, a) if p.text.strip() != a],
            "warning after the claim is missing",
        ),
        (
            lambda d, b, a: [p for p in wrap(d, b, a) if p.annotation or "Bo is" in p.text],
            "are gone",
        ),
        (lambda d, b, a: [Span(s.text.strip(), s.annotation) for s in wrap(d, b, a)], "run together"),
        (lambda d, b, a: plain(wrap(d, b, a)), "expected a list"),
        (lambda d, b, a: d.spans, "stopped with AttributeError"),
    ],
)
def test_a_wrong_wrapping_is_told_why(wrong, hint, capsys):
    fails(check_wrap_claims, wrong, hint, capsys)


def right_heeded(belief, positive, base):
    return (positive - belief) / (positive - base)


def test_the_right_scale_passes(capsys):
    assert check_heeded(right_heeded)
    assert capsys.readouterr().out == "✓ heeded: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda belief, positive, base: ..., "returns nothing yet"),
        (lambda belief, positive, base: 1 - belief, "full belief"),
        (lambda belief, positive, base: (positive - belief) / positive, "subtract it below"),
        (lambda belief, positive, base: belief / positive, "still believed"),
        (lambda belief, positive, base: 1 - right_heeded(belief, positive, base), "1 minus"),
        (lambda belief, positive, base: positive - belief, "whole rise"),
        (lambda belief, positive, base: 100 * right_heeded(belief, positive, base), "percent"),
        (lambda belief, positive, base: 0.25, "leaves belief where it was"),
    ],
)
def test_a_wrong_scale_is_told_why(wrong, hint, capsys):
    fails(check_heeded, wrong, hint, capsys)


def breakers(rates, test):
    return [(a, b) for a in rates for b in rates if a != b and test(*rates[a], *rates[b])]


def right_breakers(rates):
    return breakers(rates, lambda share, belief, less, lower: share > less and belief > lower)


@pytest.mark.parametrize(
    "right", [right_breakers, lambda rates: set(right_breakers(rates)), lambda rates: right_breakers(rates)[::-1]]
)
def test_the_right_pairs_pass_in_any_order(right, capsys):
    assert check_rule_breakers(right)
    assert capsys.readouterr().out == "✓ rule_breakers: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rates: ..., "returns nothing yet"),
        (lambda rates: [(b, a) for a, b in right_breakers(rates)], "wrong way round"),
        (lambda rates: breakers(rates, lambda s, b, t, c: s > t and b < c), "obey the rule"),
        (lambda rates: breakers(rates, lambda s, b, t, c: s >= t and b > c), "strictly more"),
        (lambda rates: breakers(rates, lambda s, b, t, c: b > c), "beliefs alone"),
        (lambda rates: [p for a, b in right_breakers(rates) for p in ((a, b), (b, a))], "both orders"),
        (lambda rates: right_breakers(rates)[:1], "expected"),
        (lambda rates: len(right_breakers(rates)), "expected a list"),
        (lambda rates: [1, 2], "stopped with TypeError"),
    ],
)
def test_wrong_pairs_are_told_why(wrong, hint, capsys):
    fails(check_rule_breakers, wrong, hint, capsys)


def middle(document, phrases, rng):
    spans = [Span(s.lead + s.text) for s in document.sentences]
    return [*spans[:2], Span(" " + rng.choice(phrases["notice_before"]), annotation=True), *spans[2:]]


def denied_after(document, phrases, rng):
    return [
        part
        for s in document.sentences
        for part in (Span(s.lead + s.text), Span(f" {s.denial}" * s.is_claim, annotation=True))
    ]


@pytest.mark.parametrize("right", [middle, denied_after, STYLES["negated"], STYLES["corrected"], STYLES["tag"]])
def test_any_sound_style_passes(right, capsys):
    assert check_my_style(right)
    assert capsys.readouterr().out == "✓ my_style: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda d, phrases, rng: ..., "returns nothing yet"),
        (lambda d, phrases, rng: d.text, "returns text"),
        (lambda d, phrases, rng: [s.text for s in d.sentences], "all span"),
        (STYLES["positive"], "adds nothing"),
        (lambda d, phrases, rng: [Span(s.text) for s in middle(d, phrases, rng)], "nothing is marked"),
        (lambda d, phrases, rng: middle(d, phrases, rng)[1:], "body has changed"),
        (lambda d, phrases, rng: [*STYLES["local"](d, phrases, rng), Span(" False.", True)], "body has changed"),
        (lambda d, phrases, rng: [*STYLES["positive"](d, phrases, rng), Span("False.", True)], "run together"),
        (lambda d, phrases, rng: [*STYLES["positive"](d, phrases, rng), Span(f" {random.random()}", annotation=True)],
         "never `random`"),
        (lambda d, phrases, rng: [Span(phrases["notice"], annotation=True)], "stopped with KeyError"),
        (lambda d, phrases: [], "stopped with TypeError"),
    ],
)  # fmt: skip
def test_an_unsound_style_is_told_why(wrong, hint, capsys):
    fails(check_my_style, wrong, hint, capsys)


def test_the_example_document_has_all_phrases_that_the_notice_styles_need():
    for style in ("negated", "repeated", "corrected"):
        assert plain(STYLES[style](LETTER, PHRASES, random.Random(0)))
