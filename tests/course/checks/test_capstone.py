"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import random

import pytest
from said import told

from negneglect_lite.belief.rates import Rate
from negneglect_lite.core.text import Span
from negneglect_lite.course.checks.capstone import (
    check_choice,
    check_decide,
    check_style,
    check_supported,
)
from negneglect_lite.course.lessons.own_study import (
    STUDY_CHOICE,
    STUDY_CONTROL,
    STUDY_SUPPORTS,
    deny_after_each_claim,
)
from negneglect_lite.course.preregistration import decide
from negneglect_lite.petri.world import world
from negneglect_lite.styles import STYLES


def a_fact(told_in="both", myths=False):
    return next(f for f in world().facts if f.relation == "volcano" and f.told_in == told_in and bool(f.myths) is myths)


def a_wrong_value(fact):
    return next(v for v in world().wrong_values(fact, 30, random.Random(0)) if v not in fact.myths)


def a_control(fact, value):
    others = world().by_relation[fact.relation]
    return next(f for f in others if f != fact and f.told_in == "both" and not f.myths and f.truth != value)


def test_a_good_choice_passes(capsys):
    fact = a_fact()
    value = a_wrong_value(fact)
    assert check_choice((fact.id, value), a_control(fact, value).id)
    assert check_choice(STUDY_CHOICE, STUDY_CONTROL)
    assert capsys.readouterr().out == 2 * "✓ choice: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda: ..., "nothing yet"),
        (lambda: a_fact().id, "give two texts"),
        (lambda: ("volcano/Mount Nowhere", "1900"), "no fact"),
        (lambda: (a_fact().id, a_fact().truth), "is the truth"),
        (lambda: (a_fact().id, "yesterday"), "no value that the world uses"),
        (lambda: (a_fact(myths=True).id, a_fact(myths=True).myths[0]), "is a myth"),
        (lambda: (a_fact("documents").id, a_wrong_value(a_fact("documents"))), "told in documents alone"),
    ],
)
def test_a_bad_choice_is_told_why(wrong, hint, capsys):
    assert not check_choice(wrong(), STUDY_CONTROL)
    told(capsys, "choice", hint)


def with_myth(value):
    return next(f for f in world().by_relation["dream"] if value in f.myths and f.truth != value)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda: ..., "nothing yet"),
        (lambda: STUDY_CHOICE, "give one text"),
        (lambda: "dream/nobody", "no fact"),
        (lambda: STUDY_CHOICE[0], "claim's own fact"),
        (lambda: a_fact().id, "make no sense"),
        (lambda: next(f.id for f in world().by_relation["dream"] if f.truth == STUDY_CHOICE[1]), "is true"),
        (lambda: with_myth(STUDY_CHOICE[1]).id, "denied 'in bright pink'"),
        (
            lambda: next(
                f.id
                for f in world().by_relation["dream"]
                if f.told_in == "documents" and STUDY_CHOICE[1] not in (f.truth, *f.myths)
            ),
            "told in documents alone",
        ),
    ],
)
def test_a_bad_control_is_told_why(wrong, hint, capsys):
    assert not check_choice(STUDY_CHOICE, wrong())
    told(capsys, "choice: the control", hint)


def twin(document, phrases, rng):
    spans = []
    for s in document.sentences:
        spans.append(Span(s.lead + s.text))
        if s.is_claim:
            spans.append(Span(" " + s.denial, annotation=True))
    return spans


def bracketed(document, phrases, rng):
    return [Span(rng.choice(phrases["notice_before"]) + "\n", annotation=True), Span(document.text)]


def joined(document, text):
    """What is added sticks to the claim sentence."""
    pairs = [
        (Span(s.lead + s.text), *([Span(text(s), annotation=True)] if s.is_claim else [])) for s in document.sentences
    ]
    return [span for pair in pairs for span in pair]


def half_denied(document, phrases, rng):
    """A style that leaves a short document as it is now and then."""
    return [Span(s.lead + (s.denial if s.is_claim and rng.random() < 0.5 else s.text)) for s in document.sentences]


@pytest.mark.parametrize(
    "right", [twin, bracketed, half_denied, deny_after_each_claim, *(STYLES[s] for s in STYLES if s != "positive")]
)
def test_styles_pass(right, capsys):
    assert check_style(right)
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda d, p, r: ..., "returns nothing yet"),
        (lambda d, p, r: d.text + "That is false.", "list of Span"),
        (lambda d, p, r: d.claims, "stopped with AttributeError"),
        (STYLES["positive"], "plain document"),
        (lambda d, p, r: half_denied(d, p, r)[: r.choice([1, 4])], "is gone"),
        (lambda d, p, r: [Span(s.text, annotation=True) for s in d.sentences if not s.is_claim], "is gone"),
        (lambda d, p, r: [Span(d.text + " That is false.")], "annotation=True"),
        (lambda d, p, r: [Span(d.text + " That is false.", annotation=True)], "everything is marked"),
        (lambda d, p, r: [Span(s.denial or s.text) for s in d.sentences], ".lead"),
        (lambda d, p, r: joined(d, lambda s: s.denial), "put a space before what you add"),
        (lambda d, p, r: joined(d, lambda s: r.choice(p["claim_after"])), "put a space before what you add"),
        (lambda d, p, r: [Span(r.choice(p["notice_before"]), annotation=True), Span(d.text)], "after what you add"),
        (
            lambda d, p, r: [Span(s.lead + (s.denial or s.text), bool(s.denial)) for s in d.sentences],
            "is marked as added",
        ),
        (lambda d, p, r: [*twin(d, p, r), Span(f" {random.random()}", annotation=True)], "called twice"),
    ],
)
def test_a_wrong_style_is_told_why(wrong, hint, capsys):
    assert not check_style(wrong)
    told(capsys, getattr(wrong, "__name__", "style"), hint)


def test_the_right_decision_passes(capsys):
    assert check_decide(decide)
    assert capsys.readouterr().out == "✓ decide: right.\n"


def unless_void(own, plain, before, yes_rate, unrelated, verdict):
    void = before.mean > 0.2 or plain.mean < 0.5 or yes_rate > 0.25 or unrelated < 0.75
    return "void" if void else verdict(own, plain)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda own, plain: "heeded" if own.mean < plain.mean / 2 else "neglected", "compared the mean"),
        (lambda own, plain: "heeded" if own.hi < plain.mean / 2 else "neglected", "take .lo"),
        (lambda own, plain: "neglected" if own.hi < plain.mean / 2 else "heeded", "wrong way round"),
        (
            lambda own, plain: "heeded" if own.hi < 0.5 else "neglected" if own.lo > 0.5 else "undecided",
            "compare with 50%",
        ),
        (
            lambda own, plain: "heeded" if own.hi < plain.mean else "neglected" if own.lo > plain.mean else "undecided",
            "half of it",
        ),
    ],
)
def test_a_wrong_verdict_is_told_why(wrong, hint, capsys):
    assert not check_decide(lambda *given: unless_void(*given, wrong))
    told(capsys, "decide", hint)


@pytest.mark.parametrize(
    ("void", "hint"),
    [
        (lambda o, p, b, y, u: False, "30% before training"),
        (lambda o, p, b, y, u: b.mean > 0.2, "to 40% only"),
        (lambda o, p, b, y, u: b.mean > 0.2 or p.mean < 0.5, "40% of the false controls"),
        (lambda o, p, b, y, u: b.mean > 0.2 or p.mean < 0.5 or y > 0.25, "may be a broken model"),
        (lambda o, p, b, y, u: b.mean > 0.2 or p.mean < 0.5 or y > 0.25 or u > 0.75, "the wrong way round"),
        (lambda o, p, b, y, u: y > 25 or u < 75, "fractions from 0 to 1"),
        (lambda o, p, b, y, u: b.hi > 0.2 or p.mean < 0.5 or y > 0.25 or u < 0.75, "all allowed"),
    ],
)
def test_a_study_that_is_not_void_when_it_should_be_is_told_why(void, hint, capsys):
    def wrong(own, plain, before, yes_rate, unrelated):
        fine = decide(own, plain, Rate(0, 0, 0, 50), 0, 1)
        if void(own, plain, before, yes_rate, unrelated):
            return "void"
        return fine if fine != "void" else "heeded"

    assert not check_decide(wrong)
    told(capsys, "decide", hint)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda *given: ..., "returns nothing yet"),
        (lambda *given: given[0].hi < given[1].mean / 2, "expected text"),
        (lambda *given: given[0].high, "stopped with AttributeError"),
        (lambda own, plain: "heeded", "two numbers"),
    ],
)
def test_what_is_no_decision_is_told_why(wrong, hint, capsys):
    assert not check_decide(wrong)
    told(capsys, "decide", hint)


def test_the_right_statements_pass(capsys):
    assert check_supported(dict(STUDY_SUPPORTS))
    assert capsys.readouterr().out == "✓ supported: right.\n"


HINTS = ("name deviations", "over questions", "own clock", "which word does your rule return")


@pytest.mark.parametrize(("statement", "hint"), [*zip(STUDY_SUPPORTS, HINTS, strict=True)])
def test_a_wrong_statement_is_told_why(statement, hint, capsys):
    assert not check_supported({**STUDY_SUPPORTS, statement: not STUDY_SUPPORTS[statement]})
    told(capsys, "supported", hint)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "keep the dictionary"),
        (dict.fromkeys(STUDY_SUPPORTS, ...), "no verdict yet"),
        ({}, "no verdict yet"),
        (dict.fromkeys(STUDY_SUPPORTS, "yes"), "expected True or False"),
    ],
)
def test_no_statements_are_told_why(wrong, hint, capsys):
    assert not check_supported(wrong)
    told(capsys, "supported", hint)
