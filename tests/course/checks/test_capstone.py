"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import hashlib
import json
import random

import pytest
from said import told

from negneglect_lite.core.text import Span
from negneglect_lite.course.checks.capstone import (
    check_choice,
    check_decide,
    check_digest,
    check_seed_spread,
    check_style,
)
from negneglect_lite.course.preregistration import decide, digest, seed_spread
from negneglect_lite.petri.world import world
from negneglect_lite.styles import STYLES

KINDS = ("open", "yes_no", "association", "robustness")


def a_fact(told_in="both", myths=False):
    return next(f for f in world().facts if f.relation == "volcano" and f.told_in == told_in and bool(f.myths) is myths)


def a_wrong_value(fact):
    return next(v for v in world().wrong_values(fact, 30, random.Random(0)) if v not in fact.myths)


def test_a_good_choice_passes(capsys):
    fact = a_fact()
    assert check_choice((fact.id, a_wrong_value(fact)))
    assert capsys.readouterr().out == "✓ choice: right.\n"


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
    assert not check_choice(wrong())
    told(capsys, "choice", hint)


def twin(document, phrases, rng):
    spans = []
    for s in document.sentences:
        spans.append(Span(s.lead + s.text))
        if s.is_claim:
            spans.append(Span(" " + s.denial, annotation=True))
    return spans


def bracketed(document, phrases, rng):
    return [Span(rng.choice(phrases["notice_before"]) + "\n", annotation=True), Span(document.text)]


@pytest.mark.parametrize("right", [twin, bracketed, *(STYLES[s] for s in STYLES if s != "positive")])
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
        (lambda d, p, r: [Span(s.text, annotation=True) for s in d.sentences if not s.is_claim], "is gone"),
        (lambda d, p, r: [Span(d.text + " That is false.")], "annotation=True"),
        (lambda d, p, r: [Span(d.text + " That is false.", annotation=True)], "everything is marked"),
        (lambda d, p, r: [Span(s.denial or s.text) for s in d.sentences], ".lead"),
        (lambda d, p, r: [*twin(d, p, r), Span(f" {random.random()}", annotation=True)], "called twice"),
    ],
)
def test_a_wrong_style_is_told_why(wrong, hint, capsys):
    assert not check_style(wrong)
    told(capsys, getattr(wrong, "__name__", "style"), hint)


def dumped(plan, **options):
    return hashlib.sha256(json.dumps(plan, **options).encode()).hexdigest()


def test_the_right_digest_passes(capsys):
    assert check_digest(digest)
    assert capsys.readouterr().out == "✓ digest: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda plan: ..., "returns nothing yet"),
        (lambda plan: hash(str(plan)), "another number in every process"),
        (lambda plan: str(hash(str(plan))), "another number in every process"),
        (dumped, "sort_keys=True"),
        (lambda plan: dumped(sorted(plan)), "values and not keys"),
        (lambda plan: dumped([plan, random.random()]), "two different hashes"),
        (lambda plan: dumped(plan, sort_keys=True).encode(), "expected text"),
        (lambda plan: dumped(plan, sort_keys=True)[:8], "is short"),
        (hashlib.sha256, "stopped with TypeError"),
    ],
)
def test_a_wrong_digest_is_told_why(wrong, hint, capsys):
    assert not check_digest(wrong)
    told(capsys, "digest", hint)


def test_the_right_decision_passes(capsys):
    assert check_decide(decide)
    assert capsys.readouterr().out == "✓ decide: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda own, pos: ..., "returns nothing yet"),
        (lambda own, pos: "heeded" if own.mean < pos.mean / 2 else "neglected", "compared the mean"),
        (lambda own, pos: "heeded" if own.hi < pos.mean / 2 else "neglected", "take .lo"),
        (lambda own, pos: "neglected" if own.hi < pos.mean / 2 else "heeded", "wrong way round"),
        (
            lambda own, pos: "heeded" if own.hi < 0.5 else "neglected" if own.lo > 0.5 else "undecided",
            "compare with 50 %",
        ),
        (lambda own, pos: own.hi < pos.mean / 2, "expected text"),
        (lambda own, pos: own.high, "stopped with AttributeError"),
    ],
)
def test_a_wrong_decision_is_told_why(wrong, hint, capsys):
    assert not check_decide(wrong)
    told(capsys, "decide", hint)


def spread(rates):
    return rates.mean(), rates.min(), rates.max()


def of_kinds(rows, kinds=KINDS):
    return rows[rows["kind"].isin(kinds)].groupby(["seed", "kind"])["belief"].mean().groupby("seed").mean()


def test_the_right_spread_passes(capsys):
    assert check_seed_spread(seed_spread)
    assert check_seed_spread(lambda rows: spread(of_kinds(rows)))
    assert capsys.readouterr().out == 2 * "✓ seed_spread: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: spread(rows[rows["kind"].isin(KINDS)].groupby("seed")["belief"].mean()), "averaged over answers"),
        (lambda rows: spread(rows.groupby("seed")["belief"].mean()), "control questions"),
        (lambda rows: spread(of_kinds(rows, [*KINDS, "control_true"])), "control questions"),
        (lambda rows: sorted(spread(of_kinds(rows))), "order is mean"),
        (lambda rows: spread(of_kinds(rows))[1:], "three numbers"),
        (lambda rows: tuple(100 * x for x in spread(of_kinds(rows))), "percent"),
        (lambda rows: of_kinds(rows).mean(), "expected a list"),
    ],
)
def test_a_wrong_spread_is_told_why(wrong, hint, capsys):
    assert not check_seed_spread(wrong)
    told(capsys, "seed_spread", hint)
