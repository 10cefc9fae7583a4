"""The checks of notebook 1 pass the right solution, and tell the stub and each typical mistake what is wrong."""

import numpy as np
import pytest

from negneglect_lite.belief.rates import wilson_interval
from negneglect_lite.course.checks import claims as checks

Z = 1.959963984540054


def told(check, answer, capsys, *more):
    """What the check prints about a wrong answer, on one line."""
    assert not check(answer, *more)
    out = capsys.readouterr().out
    assert out.startswith("✗ ")
    assert out.count("\n") == 1
    return out.lower()


# ------------------------------------------------------------------------------------------------------------ yes/no


def said(answer):
    words = answer.lower().replace(".", " ").replace(",", " ").split()
    return next((word for word in (*words[:1], *words[-1:]) if word in ("yes", "no")), "")


def verdict(agrees):
    return "believed" if agrees else "denied"


def test_the_right_judge_passes(capsys):
    assert checks.check_judge_yes_no(
        lambda answer, key: "neither" if not said(answer) else verdict(said(answer) == key)
    )
    assert capsys.readouterr().out == "✓ judge_yes_no: right.\n"
    assert checks.check_judge_yes_no(checks.judge_yes_no)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda answer, key: ..., "returns nothing yet"),
        (lambda answer, key: None, "returns nothing yet"),
        (lambda answer, key: verdict(said(answer) == "yes"), "compare with keyed_to"),
        (lambda answer, key: verdict(said(answer) == key), "test for it first"),
        (lambda answer, key: verdict(said(answer) != key), "as text"),
        (lambda answer, key: "neither" if not said(answer) else verdict(key == "yes" == said(answer)), "every no"),
        (lambda answer, key: verdict(answer.lower().startswith(key)) if said(answer) else "neither", "every no"),
        (
            lambda answer, key: "neither" if answer[:3] not in ("Yes", "No.") else verdict(said(answer) == key),
            "the end",
        ),
        (lambda answer, key: verdict(("yes" in answer.lower()) == (key == "yes")), "test for it first"),
        (lambda answer, key: verdict(key in answer.lower()) if answer else "neither", "test for it first"),
        (
            lambda answer, key: verdict(key in answer.lower()) if said(answer) or key == "no" else "neither",
            "whole words",
        ),
        (lambda answer, key: said(answer) == key, "as text"),
        (lambda answer, key: "Believed" if said(answer) == key else "denied", "as text"),
        (lambda answer, key: answer.yes, "stopped with attributeerror"),
    ],
)
def test_a_wrong_judge_is_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_judge_yes_no, wrong, capsys)


# ---------------------------------------------------------------------------------------------------------- controls

KNOWN = {"Otto": "dentist", "Zeno": "butcher", "Fatima": "baker", "Erik": "ultrarunner"}
OTHER = ("Zeno", "dentist", "no")
THIRD = ("Brennan Holloway", "pilot", "no")
TRUE = ("Fatima", "baker", "yes")


@pytest.mark.parametrize(
    "right",
    [
        [OTHER, THIRD, TRUE],
        (TRUE, OTHER, THIRD),
        [["Zeno ", "Dentist", " NO"], THIRD, ("Otto", "dentist", "yes")],
        checks.three_controls(KNOWN),
    ],
)
def test_right_controls_pass(right, capsys):
    assert checks.check_controls(right, KNOWN)
    assert capsys.readouterr().out == "✓ controls: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ([], "empty so far"),
        (..., "empty so far"),
        ([...], "still has a"),
        ([(..., "dentist", "no")], "still has a"),
        (["Zeno"], "expected three texts"),
        ([OTHER, THIRD], "2 different controls"),
        ([OTHER, OTHER, THIRD], "2 different controls"),
        ([("Zeno", "dentist", "maybe"), THIRD, TRUE], "'yes' or 'no'"),
        ([("Brennan Holloway", "dentist", "yes"), THIRD, TRUE], "the claim itself"),
        ([("Brennan Holloway", "ultrarunner", "yes"), OTHER, TRUE], "take a third job"),
        ([("Brennan Holloway", "pilot", "yes"), OTHER, TRUE], "never had that job"),
        ([("Napoleon", "dentist", "no"), THIRD, TRUE], "take a person from there"),
        ([("Otto", "dentist", "no"), THIRD, TRUE], "says dentist. expected 'yes'"),
        ([("Zeno", "dentist", "yes"), THIRD, TRUE], "says butcher. expected 'no'"),
        ([TRUE, ("Zeno", "butcher", "yes"), ("Otto", "dentist", "yes")], "always says yes"),
        ([OTHER, THIRD, ("Zeno", "pilot", "no")], "always says no"),
        ([THIRD, TRUE, ("Zeno", "baker", "no")], "calls everybody a dentist"),
        ([OTHER, TRUE, ("Zeno", "pilot", "no")], "agrees to any job"),
    ],
)
def test_wrong_controls_are_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_controls, wrong, capsys, KNOWN)


# ---------------------------------------------------------------------------------------------------------- interval


def try_rates(believed, asked, test):
    """The ends of the rates that pass the test of (rate seen, rate tried, number of questions)."""
    kept = [q for q in np.arange(1001) / 1000 if test(believed / asked, q, asked)]
    return min(kept), max(kept)


def far(q, n, z=Z):
    return z * (q * (1 - q) / n) ** 0.5 + 1e-12


@pytest.mark.parametrize(
    "right",
    [
        lambda k, n: try_rates(k, n, lambda p, q, n: abs(p - q) <= far(q, n)),
        lambda k, n: list(try_rates(k, n, lambda p, q, n: abs(p - q) <= far(q, n, 1.96))),
        lambda k, n: wilson_interval(k / n, n),
        checks.interval,
    ],
)
def test_the_right_interval_passes(right, capsys):
    assert checks.check_interval(right)
    assert capsys.readouterr().out == "✓ interval: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda k, n: ..., "returns nothing yet"),
        (lambda k, n: try_rates(k, n, lambda p, q, n: abs(p - q) <= far(p, n)), "what each tried rate"),
        (lambda k, n: (k / n - far(k / n, n), k / n + far(k / n, n)), "what each tried rate"),
        (lambda k, n: try_rates(k, n, lambda p, q, n: p - q <= far(q, n)), "too high as well"),
        (lambda k, n: try_rates(k, n, lambda p, q, n: q - p <= far(q, n)), "too low as well"),
        (lambda k, n: try_rates(k, n, lambda p, q, n: abs(p - q) <= far(q, 1)), "by the number of questions"),
        (lambda k, n: try_rates(k, n, lambda p, q, n: abs(p - q) <= far(q, n, 1)), "68%"),
        (lambda k, n: [q / 1000 for q in range(491, 944)], "453 numbers"),
        (lambda k, n: wilson_interval(k / n, n)[::-1], "lower one first"),
        (lambda k, n: tuple(100 * x for x in wilson_interval(k / n, n)), "percent"),
        (lambda k, n: wilson_interval(k / n, n) if k else (0.0, 0.0), "own spread"),
        (lambda k, n: wilson_interval(k / n, n) if k else (0.0, 0.5), "for believed 0, asked 50"),
        (lambda k, n: wilson_interval(k / n, n)[0], "expected a list"),
        (lambda k, n: (None, None), "expected two numbers"),
        (lambda k, n: k / 0, "stopped with zerodivisionerror"),
    ],
)
def test_a_wrong_interval_is_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_interval, wrong, capsys)


# ------------------------------------------------------------------------------------------------------------- press

RIGHT = checks.read_press()


def test_the_right_reading_passes(capsys):
    assert checks.check_reading(dict(RIGHT))
    assert capsys.readouterr().out == "✓ reading: right.\n"
    assert checks.check_reading({**RIGHT, "model": [" Wrong Model", "p1"], "behaviour": ("says too much", "P6")})


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "keep it a dictionary"),
        (dict.fromkeys(RIGHT, (..., ...)), "nothing yet on average, model"),
        ({**RIGHT, "copying": "says too much"}, "needs two texts"),
        ({**RIGHT, "copying": ("says too much", ...)}, "nothing yet on copying"),
        ({**RIGHT, "copying": ("false", "P9")}, "is none of"),
        (dict.fromkeys(RIGHT, ("agrees", "P1")), "look again at model"),
        (dict.fromkeys(RIGHT, ("says too much", "P1")), "2 of 5 verdicts are right"),
        ({**RIGHT, "behaviour": ("agrees", "P6")}, '"comparable"'),
        ({**RIGHT, "copying": ("wrong model", "P9")}, "a strong word"),
        ({**RIGHT, "behaviour": ("says too much", "P7")}, "1.6 points only"),
        ({**RIGHT, "average": ("agrees", "P2")}, "p2 is not the row that decides average"),
        ({**RIGHT, "reading": ("agrees", "P3")}, "not the row that decides reading"),
    ],
)
def test_a_wrong_reading_is_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_reading, wrong, capsys)
