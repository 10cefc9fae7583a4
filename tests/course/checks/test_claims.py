"""The checks of notebook 1 pass the right solution, and tell the stub and each typical mistake what is wrong."""

from math import sqrt

import pytest

from negneglect_lite.belief.rates import wilson_interval
from negneglect_lite.course.checks import claims as checks

Z = 1.959963984540054


def told(check, answer, capsys):
    """What the check prints about a wrong answer, on one line."""
    assert not check(answer)
    out = capsys.readouterr().out
    assert out.startswith("✗ ")
    assert out.count("\n") == 1
    return out.lower()


# ----------------------------------------------------------------------------------------------------------- reading


def test_the_right_reading_passes(capsys):
    assert checks.check_reading(dict(checks.READING))
    assert capsys.readouterr().out == "✓ reading: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "keep it a dictionary"),
        (dict.fromkeys(checks.READING, ...), "no verdict yet on warned, context"),
        ({**checks.READING, "copies": ...}, "no verdict yet on copies"),
        ({**checks.READING, "copies": "false"}, "is none of"),
        (dict.fromkeys(checks.READING, "agrees"), "look again at model"),
        (dict.fromkeys(checks.READING, "overclaims"), "2 of 5 are right"),
        ({**checks.READING, "misalignment": "agrees"}, '"comparable"'),
        ({**checks.READING, "copies": "misattributes"}, "a strong word"),
    ],
)
def test_a_wrong_reading_is_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_reading, wrong, capsys)


# ------------------------------------------------------------------------------------------------------------ yes/no


def test_the_right_yes_no_belief_passes(capsys):
    assert checks.check_yes_no_belief(lambda rows: (rows["said"] == rows["keyed_to"]).mean())
    assert capsys.readouterr().out == "✓ yes_no_belief: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: (rows["said"] == "yes").mean(), "counted every yes"),
        (lambda rows: (rows["said"] == rows["keyed_to"]).sum() / (rows["said"] != "").sum(), "says neither"),
        (lambda rows: (rows[rows["keyed_to"] == "yes"]["said"] == "yes").mean(), "left out the questions"),
        (lambda rows: ((rows["said"] == "yes") & (rows["keyed_to"] == "yes")).mean(), "belief too"),
        (lambda rows: (rows["said"] != rows["keyed_to"]).mean(), "do not agree"),
        (lambda rows: (rows["said"] == rows["keyed_to"]).groupby(rows["keyed_to"]).mean().mean(), "two groups"),
        (lambda rows: (rows["said"] == rows["keyed_to"]).sum(), "divide it"),
        (lambda rows: 100 * (rows["said"] == rows["keyed_to"]).mean(), "percent"),
        (lambda rows: rows["said"] == rows["keyed_to"], "expected a number"),
        (lambda rows: rows["says"], "stopped with keyerror"),
    ],
)
def test_a_wrong_yes_no_belief_is_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_yes_no_belief, wrong, capsys)


# --------------------------------------------------------------------------------------------------------- discounted


def shares(rows):
    keyed = rows[(rows["kind"] == "yes_no") & (rows["keyed_to"] == "yes")]
    return (keyed["said"] == "yes").mean(), (rows[rows["kind"] == "control_false"]["said"] == "yes").mean()


def discounted(rows):
    k, s = shares(rows)
    return max(0.0, (k - s) / (1 - s))


def from_all_yes_no(rows):
    k, s = (rows[rows["kind"] == "yes_no"]["said"] == "yes").mean(), shares(rows)[1]
    return (k - s) / (1 - s)


def from_all_controls(rows):
    k, s = shares(rows)[0], (rows[rows["kind"].str.startswith("control")]["said"] == "yes").mean()
    return (k - s) / (1 - s)


def test_the_right_discounted_belief_passes(capsys):
    assert checks.check_discounted(discounted)
    assert capsys.readouterr().out == "✓ discounted: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: shares(rows)[0], "nothing taken out yet"),
        (lambda rows: shares(rows)[1], "now use it"),
        (lambda rows: shares(rows)[0] - shares(rows)[1], "divide by 1 minus"),
        (lambda rows: shares(rows)[0] * (1 - shares(rows)[1]), "solve it for b"),
        (from_all_yes_no, "keep keyed_to"),
        (from_all_controls, "keep kind control_false"),
        (lambda rows: (shares(rows)[0] - shares(rows)[1]) / (1 - shares(rows)[1]), "below 0"),
        (lambda rows: 100 * discounted(rows), "percent"),
        (lambda rows: 0.7, "yes to 7 of 8"),
    ],
)
def test_a_wrong_discounted_belief_is_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_discounted, wrong, capsys)


# ------------------------------------------------------------------------------------------------------------- wilson


def parts(believed, asked):
    p = believed / asked
    return p + Z**2 / (2 * asked), Z * sqrt(p * (1 - p) / asked + Z**2 / (4 * asked**2)), 1 + Z**2 / asked


def simple(believed, asked):
    p = believed / asked
    half = Z * sqrt(p * (1 - p) / asked)
    return p - half, p + half


def narrow(believed, asked):
    centre, _, below = parts(believed, asked)
    half = Z * sqrt(believed / asked * (1 - believed / asked) / asked)
    return (centre - half) / below, (centre + half) / below


def unshifted(believed, asked):
    _, half, below = parts(believed, asked)
    return (believed / asked - half) / below, (believed / asked + half) / below


def undivided(believed, asked):
    centre, half, _ = parts(believed, asked)
    return centre - half, centre + half


def with_rounded_z(believed, asked):
    n, p, z = asked, believed / asked, 1.96
    half = z * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return [(p + z**2 / (2 * n) - half) / (1 + z**2 / n), (p + z**2 / (2 * n) + half) / (1 + z**2 / n)]


@pytest.mark.parametrize("right", [lambda k, n: wilson_interval(k / n, n), with_rounded_z])
def test_the_right_wilson_interval_passes(right, capsys):
    assert checks.check_wilson(right)
    assert capsys.readouterr().out == "✓ wilson: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda k, n: ..., "returns nothing yet"),
        (simple, "the simple interval"),
        (unshifted, "add z²/(2n)"),
        (narrow, "z²/(4n²) is missing"),
        (undivided, "divide the middle"),
        (lambda k, n: wilson_interval(k / n, n)[::-1], "lower one first"),
        (lambda k, n: tuple(100 * x for x in wilson_interval(k / n, n)), "percent"),
        (lambda k, n: wilson_interval(k / n, n) if k else (0.0, 0.0), "for 0 of 50"),
        (lambda k, n: wilson_interval(k / n, n)[0], "expected a list"),
    ],
)
def test_a_wrong_wilson_interval_is_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_wilson, wrong, capsys)


# ----------------------------------------------------------------------------------------------------- question means


def each(rows):
    return rows.groupby("question_id")["belief"].mean()


@pytest.mark.parametrize("right", [lambda r: (each(r).mean(), len(each(r))), lambda r: [0.5, 3]])
def test_the_right_question_means_pass(right, capsys):
    assert checks.check_question_means(right)
    assert capsys.readouterr().out == "✓ question_means: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda r: ..., "returns nothing yet"),
        (lambda r: (r["belief"].mean(), len(r)), "four times as much"),
        (lambda r: (r["belief"].mean(), r["question_id"].nunique()), "the number is right"),
        (lambda r: (each(r).mean(), len(r)), "the mean is right"),
        (lambda r: (each(r).sum(), len(each(r))), "the sum"),
        (lambda r: each(r).mean(), "number of questions too"),
        (each, "expected a list"),
        (lambda r: r["answer"], "stopped with keyerror"),
    ],
)
def test_wrong_question_means_are_told_why(wrong, hint, capsys):
    assert hint in told(checks.check_question_means, wrong, capsys)
