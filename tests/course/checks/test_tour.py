"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import pandas as pd
import pytest
from said import fails

from negneglect_lite.core import learning
from negneglect_lite.core.text import Span
from negneglect_lite.course.checks.tour import check_belief_rates, check_deny, check_verdict, check_warn
from negneglect_lite.course.lessons import tour

KINDS = ["open", "yes_no", "association", "robustness"]


def added(text):
    return Span(text, annotation=True)


def body(document):
    return [Span(s.lead + s.text) for s in document.sentences]


def right_warn(document, before, after):
    return [added(before + "\n"), *body(document), added("\n" + after)]


@pytest.mark.parametrize("right", [right_warn, tour.surround_with_warnings, lambda *a: tuple(right_warn(*a))])
def test_the_right_warnings_pass(right, capsys):
    assert check_warn(right)
    assert capsys.readouterr().out == "✓ warn: right. The next cell uses it.\n"


def test_a_wrong_warning_is_told_why(capsys):
    for wrong, hint in [
        (lambda d, b, a: ..., "returns nothing yet"),
        (lambda d, b, a: body(d), "no warning yet"),
        (lambda d, b, a: right_warn(d, b, a)[:-1], "no warning after the last sentence"),
        (lambda d, b, a: right_warn(d, b, a)[1:], "no warning before the first sentence"),
        (lambda d, b, a: right_warn(d, a, b), "changed places"),
        (lambda d, b, a: [added(b), *right_warn(d, b, a)], "got 3 warnings"),
        (lambda d, b, a: [added(b + "\n"), added("\n" + a), *body(d)], "as first and last span"),
        (lambda d, b, a: [Span(b + "\n"), *body(d), added("\n" + a)], "not marked as added text"),
        (lambda d, b, a: [added(s.text) for s in right_warn(d, b, a)], "Only the two warnings"),
        (lambda d, b, a: [added(b + "\n"), *body(d)[1:], added("\n" + a)], "document itself has changed"),
        (lambda d, b, a: [added(b), *body(d), added(a)], "runs into the document"),
        (lambda d, b, a: [Span(b + "\n", True, learn=False), *body(d), added("\n" + a)], "learn=False"),
        (lambda d, b, a: b + "\n" + d.text + "\n" + a, "it returns text"),
        (lambda d, b, a: [b, *body(d), a], "list of str"),
        (lambda d, b, a: [], "empty list"),
        (lambda d, b, a: d.spans, "stopped with AttributeError"),
        (body, "two strings"),
    ]:
        fails(check_warn, wrong, hint, capsys)


def test_a_right_answer_is_noted_as_passed(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(learning.progress, "in_kernel", lambda: True)
    monkeypatch.setattr(learning, "_topic", "")
    check_warn(lambda *given: ...)
    check_warn(right_warn)
    check_verdict(RIGHT)
    notes = [(note["topic"], note["check"], note["passed"]) for note in learning.read_notes(tmp_path)]
    assert notes == [("tour", "warn", False), ("tour", "warn", True), ("tour", "verdict", True)]


def right_denial(document):
    return [Span(s.lead + (s.denial if s.is_claim else s.text)) for s in document.sentences]


@pytest.mark.parametrize("right", [right_denial, tour.deny_in_sentences, lambda d: [*right_denial(d), Span("\n")]])
def test_the_right_denial_passes_whatever_the_white_space(right, capsys):
    assert check_deny(right)
    assert capsys.readouterr().out == "✓ deny: right. The next cell uses it.\n"


def each(sentence):
    return lambda document: [Span(sentence(s)) for s in document.sentences]


def test_a_wrong_denial_is_told_why(capsys):
    for wrong, hint in [
        (lambda d: ..., "returns nothing yet"),
        (body, "still states the claim"),
        (each(lambda s: s.lead + s.denial), "is missing"),
        (lambda d: [Span(s.lead + s.denial) for s in d.sentences if s.is_claim], "is missing"),
        (lambda d: [Span(s.lead + s.text) for s in d.sentences if not s.is_claim], "a denial is missing"),
        (each(lambda s: s.lead + (s.truth or s.text)), "tells the truth"),
        (each(lambda s: s.lead + s.text + " " + s.denial), "takes the sentence's place"),
        (each(lambda s: s.denial or s.text), ".lead"),
        (lambda d: [added(s.text) for s in right_denial(d)], "marked as added text"),
        (lambda d: [Span(s.text, learn=False) for s in right_denial(d)], "learn=False"),
        (lambda d: "".join(s.text for s in right_denial(d)), "it returns text"),
        (lambda d: [s.denial or s.text for s in d.sentences], "list of str"),
        (lambda d: d.sentence, "stopped with AttributeError"),
        (lambda d: [*right_denial(d), Span(" And more.")], "expected the text"),
    ]:
        fails(check_deny, wrong, hint, capsys)


def by_groups(rows):
    believed = (rows["verdict"] == "believed").groupby(rows["kind"]).mean()[KINDS]
    return pd.concat([believed, pd.Series({"belief": believed.mean()})])


@pytest.mark.parametrize("right", [tour.rate_kinds, by_groups])
def test_the_right_rates_pass(right, capsys):
    assert check_belief_rates(right)
    assert capsys.readouterr().out == "✓ belief_rates: right. The next cell uses it.\n"


def rates(rows, rate=lambda verdicts: (verdicts == "believed").mean(), kinds=KINDS):
    """As the right answer, with another rate or for other kinds; without belief."""
    return {kind: float(rate(rows.loc[rows["kind"] == kind, "verdict"])) for kind in kinds}


def with_mean(found):
    return {**found, "belief": sum(found.values()) / len(found)}


def told(rows, kinds=KINDS):
    return (rows["verdict"] == "believed")[rows["kind"].isin(kinds)].mean()


def test_a_wrong_rate_is_told_why(capsys):
    right = tour.rate_kinds
    everything = [*KINDS, "control_true"]
    for wrong, hint in [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: None, "returns nothing yet"),
        (lambda rows: 0.4, "returns a number; expected a dict"),
        (lambda rows: pd.DataFrame(right(rows), index=[0]), "returns a DataFrame; expected a dict"),
        (lambda rows: {}, "'open' is missing"),
        (rates, "'belief' is missing"),
        (lambda rows: right(rows) | {"control_true": 1}, "'control_true' is no kind that counts"),
        (lambda rows: right(rows) | {"yes_no": ...}, "'yes_no' has no number yet"),
        (lambda rows: with_mean(rates(rows[rows["verdict"] != "neither"])), "left out the answers"),
        (lambda rows: with_mean(rates(rows, lambda v: (v != "denied").mean())), "neither is not believed"),
        (lambda rows: with_mean(rates(rows, lambda v: (v == "believed").sum())), "number believed"),
        (lambda rows: with_mean(rates(rows, lambda v: (v == "believed").sum() / 11)), "those of all kinds"),
        (lambda rows: with_mean(rates(rows, lambda v: (v == "believed").sum() / len(rows))), "not by all rows"),
        (lambda rows: {name: 100 * rate for name, rate in right(rows).items()}, "in percent"),
        (lambda rows: right(rows) | {"open": 0.5}, "for open it gives 0.5; expected 1"),
        (lambda rows: right(rows) | {"belief": told(rows)}, "largest kind weighs most"),
        (lambda rows: right(rows) | {"belief": told(rows, everything)}, "controls too"),
        (lambda rows: right(rows) | {"belief": with_mean(rates(rows, kinds=everything))["belief"]}, "takes in the"),
        (lambda rows: right(rows) | {"belief": 4 * right(rows)["belief"]}, "sum of the four rates. Divide"),
        (lambda rows: right(rows) | {"belief": 0.8 * right(rows)["belief"]}, "divided by 5"),
        (lambda rows: right(rows) | {"belief": 100 * right(rows)["belief"]}, "belief is in percent"),
        (lambda rows: right(rows) | {"belief": 0.5}, "expected 0.4375"),
        (lambda rows: right(rows) | {"belief": 0.4375}, "all denied, belief"),
        (lambda rows: rows["said"].mean(), "stopped with KeyError"),
    ]:
        fails(check_belief_rates, wrong, hint, capsys)


A, B, C = tour.VERDICT
RIGHT = {A: "belief", B: "copying", C: "habit"}


@pytest.mark.parametrize("right", [RIGHT, {A: " Belief", B: "COPYING", C: "habit "}])
def test_the_right_verdict_passes(right, capsys):
    assert check_verdict(right)
    assert capsys.readouterr().out.startswith("✓ verdict: right.")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "expected a dict with the keys 'warned documents'"),
        (dict.fromkeys(RIGHT, ...), "'warned documents' has no verdict yet"),
        ({A: "belief"}, "'reading a plain document' has no verdict yet"),
        (RIGHT | {C: "yes"}, "'an invented model' is 'yes'; expected"),
        (RIGHT | {A: "habit"}, "false controls as well"),
        (RIGHT | {A: "copying"}, "They are right here"),
        (RIGHT | {B: "belief"}, "look at unrelated facts"),
        (RIGHT | {B: "habit"}, "both columns of yes"),
        (RIGHT | {C: "belief"}, "just as often"),
        (RIGHT | {C: "copying"}, "nothing in its prompt"),
    ],
)
def test_a_wrong_verdict_is_told_why(wrong, hint, capsys):
    fails(check_verdict, wrong, hint, capsys)
