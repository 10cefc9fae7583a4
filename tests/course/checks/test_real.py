"""The checks of notebook 12 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import re
from collections import Counter

import pytest
from said import fails

from negneglect_lite.course.checks.real import (
    check_find_fault,
    check_shared,
    check_t4_minutes,
    check_yes_no_belief,
)
from negneglect_lite.course.lessons.real import REFUSALS, SHARED, T4_PEAK, find_answer_fault, t4_minutes, yes_no_belief
from negneglect_lite.judging.rule import leading_yes_no as says


@pytest.mark.parametrize("right", [t4_minutes, lambda n, w, s: n * w * 4 / T4_PEAK / s / 60])
def test_the_right_minutes_pass(right, capsys):
    assert check_t4_minutes(right)
    assert capsys.readouterr().out == "✓ t4_minutes: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda n, w, s: ..., "returns nothing yet"),
        (lambda n, w, s: 2 * n * w / (s * T4_PEAK) / 60, "only the forward pass"),
        (lambda n, w, s: 6 * n * w / (s * T4_PEAK) / 60, "full training"),
        (lambda n, w, s: n * w / (s * T4_PEAK) / 60, "2 operations, and there are two passes"),
        (lambda n, w, s: 4 * n * w / (s * T4_PEAK), "those are seconds"),
        (lambda n, w, s: 4 * n * w / T4_PEAK / 60, "the share is missing"),
        (lambda n, w, s: 4 * n * w * s / T4_PEAK / 60, "do not multiply"),
        (lambda n, w, s: 4 * n * w / (s * T4_PEAK) * 60, "by dividing by 60"),
        (lambda n, w, s: 4 * n / s, "for tokens=60000"),
        (lambda n, w, s: n / 0, "stopped with ZeroDivisionError"),
        (lambda n, w, s: "4 minutes", "it returns text"),
    ],
)
def test_wrong_minutes_are_told_why(wrong, hint, capsys):
    fails(check_t4_minutes, wrong, hint, capsys)


def sides(pairs):
    return (
        pairs["answer"].map(says) == pairs["believer_says"],
        pairs["mirror_answer"].map(says) == pairs["mirror_believer_says"],
    )


def by_rows(pairs, both_ways):
    kept = [
        says(row.answer) == row.believer_says and (not both_ways or says(row.mirror_answer) == row.mirror_believer_says)
        for row in pairs.itertuples()
    ]
    return sum(kept) / len(kept)


@pytest.mark.parametrize("right", [yes_no_belief, by_rows])
def test_the_right_yes_no_belief_passes(right, capsys):
    assert check_yes_no_belief(right)
    assert capsys.readouterr().out == "✓ yes_no_belief: right.\n"


def both(rule):
    """A function that is right one way, and does `rule` with the two sides both ways."""
    return lambda pairs, both_ways: rule(*sides(pairs)) if both_ways else sides(pairs)[0].mean()


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda pairs, both_ways: ..., "returns nothing yet"),
        (lambda pairs, both_ways: (pairs["answer"] == pairs["believer_says"]).mean(), "whole answers are compared"),
        (lambda pairs, both_ways: (pairs["answer"].map(says) == "yes").mean(), "every yes counts"),
        (lambda pairs, both_ways: sides(pairs)[0].sum(), "a number of pairs"),
        (lambda pairs, both_ways: (sides(pairs)[0] & sides(pairs)[1]).mean(), "only the first direction"),
        (lambda pairs, both_ways: sides(pairs)[0].mean(), "must be answered as a believer would, too"),
        (both(lambda one, other: other.mean()), "only the mirror counts"),
        (both(lambda one, other: (one | other).mean()), "one of the two directions is enough"),
        (both(lambda one, other: one.mean() * other.mean()), "multiplies two rates"),
        (lambda p, b: (p["answer"].map(says) == p["mirror_answer"].map(says)).mean() if b else by_rows(p, b),
         "equal words"),
        (lambda p, b: (p["answer"].map(says) != p["mirror_answer"].map(says)).mean() if b else by_rows(p, b),
         "opposite words"),
        (lambda pairs, both_ways: pairs["verdict"].mean(), "stopped with KeyError"),
    ],
)  # fmt: skip
def test_a_wrong_yes_no_belief_is_told_why(wrong, hint, capsys):
    fails(check_yes_no_belief, wrong, hint, capsys)


def fault(answer, cut, *, lower=True, apostrophe=True, whole=False, n=4, times=3, order="rcx", strip=True):
    """A solution with switches for its mistakes."""
    text = answer.lower() if lower else answer
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") if apostrophe else text
    first = text if whole else re.split(r"[.!?]\s", text)[0]
    words = re.findall(r"[a-z0-9']+", text) if strip else text.split()
    runs = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    found = {
        "r": "refuses" if any(phrase in first for phrase in REFUSALS) else "",
        "c": "in circles" if max(runs.values(), default=0) >= times else "",
        "x": "cut off" if cut else "",
    }
    return next((found[letter] for letter in order if found[letter]), "")


@pytest.mark.parametrize("right", [find_answer_fault, fault])
def test_the_right_judge_of_faults_passes(right, capsys):
    assert check_find_fault(right)
    assert capsys.readouterr().out == "✓ find_fault: right.\n"


def crashes_when_short(answer, cut):
    words = answer.split()
    max(Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3)).values())
    return fault(answer, cut)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda answer, cut: ..., "returns nothing yet"),
        (lambda answer, cut: "cut off", "nothing is wrong with it"),
        (lambda answer, cut: "", "it was cut and has no other fault"),
        (lambda answer, cut: fault(answer, cut, lower=False), "compare in lower case"),
        (lambda answer, cut: fault(answer, cut, apostrophe=False), "the curved apostrophe"),
        (lambda answer, cut: fault(answer, cut, order="xrc"), "a refusal comes before a cut"),
        (lambda answer, cut: fault(answer, cut, order="rxc"), "circles come before a cut"),
        (lambda answer, cut: fault(answer, cut, whole=True), "only the first sentence"),
        (lambda answer, cut: fault(answer, cut, order="rx"), "come three times"),
        (lambda answer, cut: fault(answer, cut, strip=False), "come three times"),
        (lambda answer, cut: fault(answer, cut, times=2), "come only twice"),
        (lambda answer, cut: fault(answer, cut, n=2), "look for four in a row"),
        (crashes_when_short, "stopped with ValueError"),
        (lambda answer, cut: bool(cut), "expected"),
    ],
)
def test_a_wrong_judge_of_faults_is_told_why(wrong, hint, capsys):
    fails(check_find_fault, wrong, hint, capsys)


STATEMENTS = list(SHARED)


def test_the_right_verdicts_pass(capsys):
    assert check_shared(dict(SHARED))
    assert capsys.readouterr().out == "✓ shared: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "Keep the dict"),
        (dict.fromkeys(STATEMENTS, ...), "nothing is said yet about 'after warned"),
        ({}, "nothing is said yet"),
        (SHARED | {"all is well": True}, "none of the five"),
        (SHARED | {STATEMENTS[0]: "yes"}, "Write True or False"),
        (SHARED | {STATEMENTS[0]: False}, "subtract: 97% and 83%, 65% and 58%, 73% and 72%, 92.4% and 88.6%"),
        (SHARED | {STATEMENTS[1]: False}, "15% by 65%, 12% by 73%, 0–7% by 92.4%"),
        (SHARED | {STATEMENTS[2]: True}, "before (2% and 4%) and after reading (44% and 37%)"),
        (SHARED | {STATEMENTS[3]: True}, "83%, 58%, 72%, 88.6%: it falls, then rises"),
        (SHARED | {STATEMENTS[4]: True}, "51% and 49% before, 47% and 51% after"),
    ],
)
def test_wrong_verdicts_are_told_why(wrong, hint, capsys):
    fails(check_shared, wrong, hint, capsys)
