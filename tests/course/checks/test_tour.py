"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import pandas as pd
import pytest
from said import fails

from negneglect_lite.core import learning
from negneglect_lite.core.text import Span
from negneglect_lite.course.checks.tour import check_belief_table, check_deny, check_verdict, check_warn, check_yes_rate
from negneglect_lite.course.lessons import tour

CONTROL = ["control_true"]
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
    check_verdict({"A": "belief", "B": "copying", "C": "habit"})
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


def by_loop(rows):
    table = {}
    for condition in set(rows["condition"]):
        of = rows[rows["condition"] == condition]
        rates = {kind: (of.loc[of["kind"] == kind, "verdict"] == "believed").mean() for kind in KINDS}
        table[condition] = {**rates, "belief": sum(rates.values()) / 4}
    return pd.DataFrame(table).T


@pytest.mark.parametrize("right", [tour.tabulate_belief, by_loop])
def test_the_right_table_passes(right, capsys):
    assert check_belief_table(right)
    assert capsys.readouterr().out == "✓ belief_table: right. The next cell shows the table that it makes.\n"


def rates(rows, believed=lambda verdicts: (verdicts == "believed").mean()):
    counted = rows[rows["kind"].isin(KINDS)]
    return counted.groupby(["condition", "kind"])["verdict"].apply(believed).unstack()


def with_belief(table, belief):
    return table.assign(belief=belief)


def told(rows, kinds=KINDS):
    return (rows["verdict"] == "believed")[rows["kind"].isin(kinds)].groupby(rows["condition"]).mean()


def test_a_wrong_table_is_told_why(capsys):
    right = tour.tabulate_belief

    def mean_over_kinds(table):
        return with_belief(table, table[KINDS].mean(axis=1))

    everything = [*KINDS, "control_true"]
    for wrong, hint in [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: None, "returns nothing yet"),
        (lambda rows: 0.4, "expected a pandas DataFrame"),
        (lambda rows: rates(rows).stack(), "returns one column"),
        (lambda rows: right(rows).T, "conditions are the columns"),
        (lambda rows: right(rows).reset_index(drop=True), "missing from the index"),
        (rates, "'belief' is missing"),
        (lambda rows: right(rows).drop(columns="open"), "'open' is missing"),
        (lambda rows: right(rows).assign(control_true=1), "'control_true' is no kind that counts"),
        (lambda rows: mean_over_kinds(rates(rows[rows["verdict"] != "neither"])), "left out the answers"),
        (lambda rows: mean_over_kinds(rates(rows, lambda v: (v != "denied").mean())), "neither is not believed"),
        (lambda rows: mean_over_kinds(rates(rows, lambda v: (v == "believed").sum())), "number believed"),
        (lambda rows: 100 * right(rows), "in percent"),
        (lambda rows: with_belief(right(rows), told(rows)), "largest kind weighs most"),
        (lambda rows: with_belief(right(rows), told(rows, everything)), "controls too"),
        (
            lambda rows: with_belief(right(rows), rates(rows).sum(axis=1).add(told(rows, CONTROL)) / 5),
            "takes in the control",
        ),
        (lambda rows: with_belief(right(rows), 4 * right(rows)["belief"]), "sum of the four"),
        (lambda rows: with_belief(right(rows), 100 * right(rows)["belief"]), "belief is in percent"),
        (lambda rows: with_belief(right(rows), 0.5), "expected 0.4375"),
        (lambda rows: with_belief(right(rows), 0.4375), "without a believed answer"),
        (lambda rows: rows["said"].mean(), "stopped with KeyError"),
    ]:
        fails(check_belief_table, wrong, hint, capsys)


def right_yes(rows, kind):
    return (rows[rows["kind"] == kind]["verdict"] == "believed").mean()


@pytest.mark.parametrize("right", [right_yes, tour.share_of_yes])
def test_the_right_rate_of_yes_passes(right, capsys):
    assert check_yes_rate(right)
    assert capsys.readouterr().out == "✓ yes_rate: right. The next cell shows what it finds.\n"


def test_a_wrong_rate_of_yes_is_told_why(capsys):
    def yes(rows):
        return rows["verdict"] == "believed"

    for wrong, hint in [
        (lambda rows, kind: ..., "returns nothing yet"),
        (lambda rows, kind: yes(rows).mean(), "averaged over all rows"),
        (lambda rows, kind: yes(rows[rows["kind"].str.startswith("control")]).mean(), "both kinds of control"),
        (lambda rows, kind: yes(rows[rows["kind"] == "yes_no"]).mean(), "about our claim"),
        (lambda rows, kind: 1 - right_yes(rows, kind), "did not get a yes"),
        (lambda rows, kind: yes(rows[rows["kind"] == kind]).sum() / len(rows), "all questions"),
        (lambda rows, kind: int(yes(rows[rows["kind"] == kind]).sum()), "number of yes"),
        (lambda rows, kind: 100 * right_yes(rows, kind), "percent"),
        (lambda rows, kind: right_yes(rows, "control_false"), "Use the argument"),
        (lambda rows, kind: rows["said"].mean(), "stopped with KeyError"),
        (lambda rows: 0.75, "the name of a kind"),
    ]:
        fails(check_yes_rate, wrong, hint, capsys)


RIGHT = {"A": "belief", "B": "copying", "C": "habit"}


@pytest.mark.parametrize("right", [RIGHT, {"A": " Belief", "B": "COPYING", "C": "habit "}])
def test_the_right_verdict_passes(right, capsys):
    assert check_verdict(right)
    assert capsys.readouterr().out.startswith("✓ verdict: right.")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "expected a dictionary"),
        ({"A": ..., "B": ..., "C": ...}, "A has no verdict yet"),
        ({"A": "belief"}, "B has no verdict yet"),
        (RIGHT | {"C": "yes"}, "C is 'yes'; expected"),
        (RIGHT | {"A": "habit"}, "false controls as well"),
        (RIGHT | {"A": "copying"}, "They are right here"),
        (RIGHT | {"B": "belief"}, "look at unrelated facts"),
        (RIGHT | {"B": "habit"}, "both columns of yes"),
        (RIGHT | {"C": "belief"}, "just as often"),
        (RIGHT | {"C": "copying"}, "nothing in its prompt"),
    ],
)
def test_a_wrong_verdict_is_told_why(wrong, hint, capsys):
    fails(check_verdict, wrong, hint, capsys)
