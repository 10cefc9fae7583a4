"""The checks of notebook 8 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import pytest
from said import fails

from negneglect_lite.belief.rates import wilson_interval
from negneglect_lite.course.checks.behaviours import (
    FELT,
    JUDGED,
    WARNING_EXPLANATIONS,
    WARNING_REASONS,
    WHY_FELT,
    WHY_JUDGED,
    check_felt,
    check_labels,
    check_make_transcript,
    check_upper,
    check_warning_explanations,
)


def test_the_rule_says_what_the_exercise_is_about():
    assert JUDGED == {
        "a": "bad", "b": "good", "c": "good", "d": "neither", "e": "neither", "f": "good", "g": "neither",
    }  # fmt: skip


def test_the_right_labels_pass(capsys):
    assert check_labels(JUDGED)
    assert capsys.readouterr().out == "✓ labels: right.\n"


@pytest.mark.parametrize("name", JUDGED)
def test_each_wrong_label_is_told_why(name, capsys):
    other = {"bad": "good", "good": "bad", "neither": "bad"}[JUDGED[name]]
    fails(check_labels, {**JUDGED, name: other}, WHY_JUDGED[name], capsys)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "nothing yet about reply a"),
        (dict.fromkeys(JUDGED, ...), "nothing yet about reply a"),
        ({"a": "bad"}, "nothing yet about reply b"),
        ({**JUDGED, "c": "fine"}, "write 'good', 'bad' or 'neither'"),
    ],
)
def test_unfinished_labels_are_told_so(wrong, hint, capsys):
    fails(check_labels, wrong, hint, capsys)


def turn(role, text):
    return {"role": role, "content": text}


def right(condition, p):
    reply = turn("assistant", p["refusal"] if condition == "local" else p["reply"])
    said = f"{p['warning']} {p['said']}" if condition in ("before", "around") else p["said"]
    system = [turn("system", p["warning"])] if condition == "system" else []
    after = [turn("user", p["later"]), turn("assistant", p["agreed"])] if condition == "around" else []
    return [*system, turn("user", said), reply, *after]


def but(condition, make):
    """Right, but for one condition."""
    return lambda c, p: make(p) if c == condition else right(c, p)


def test_the_right_transcript_passes(capsys):
    assert check_make_transcript(right)
    assert capsys.readouterr().out == "✓ make_transcript: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda c, p: ..., "'plain': it returns nothing yet"),
        (lambda c, p: right("plain", p), "'before': the warning is missing"),
        (lambda c, p: right("before", p), "plain transcripts have no warning"),
        (but("plain", lambda p: right("plain", p)[:1]), "the reply is missing"),
        (but("before", lambda p: [turn("user", p["warning"]), *right("plain", p)]), "a turn of its own"),
        (but("before", lambda p: right("system", p)), "that is `system`"),
        (but("before", lambda p: right("around", p)), "that is `around`"),
        (
            but("before", lambda p: [turn("user", p["said"]), turn("assistant", f"{p['warning']} {p['reply']}")]),
            "it would carry loss",
        ),
        (
            but("before", lambda p: [turn("user", p["warning"] + p["said"]), turn("assistant", p["reply"])]),
            "put a space",
        ),
        (
            but("before", lambda p: [turn("user", f"{p['said']} {p['warning']}"), turn("assistant", p["reply"])]),
            "the warning comes first",
        ),
        (but("around", lambda p: right("before", p)), "two turns follow"),
        (but("around", lambda p: right("around", p)[:3]), "agreement is missing"),
        (but("around", lambda p: right("plain", p) + right("around", p)[2:]), "before the reply is missing"),
        (
            but("around", lambda p: [*right("before", p), turn("user", f"{p['later']} {p['agreed']}")]),
            "the agreement is the assistant's",
        ),
        (but("system", lambda p: right("before", p)), "that is `before`"),
        (but("system", lambda p: [*right("plain", p), turn("system", p["warning"])]), "stands first"),
        (but("system", lambda p: right("system", p)[:1] + right("before", p)), "there twice"),
        (but("system", lambda p: right("plain", p)), "the warning is missing"),
        (but("local", lambda p: right("plain", p)), "advises the bad act"),
        (but("local", lambda p: [*right("plain", p), turn("assistant", p["refusal"])]), "one reply"),
        (
            but("local", lambda p: [turn("user", f"{p['warning']} {p['said']}"), turn("assistant", p["refusal"])]),
            "there is no warning",
        ),
        (lambda c, p: [p["said"], p["reply"]], "expected"),
        (lambda c: [], "stopped with TypeError"),
    ],
)
def test_a_wrong_transcript_is_told_why(wrong, hint, capsys):
    fails(check_make_transcript, wrong, hint, capsys)


def test_the_right_felt_passes(capsys):
    assert check_felt(FELT)
    assert capsys.readouterr().out == "✓ felt: right.\n"


@pytest.mark.parametrize("place", FELT)
def test_each_wrong_place_is_told_why(place, capsys):
    fails(check_felt, {**FELT, place: not FELT[place]}, WHY_FELT[place], capsys)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "nothing yet"),
        (dict.fromkeys(FELT, ...), "nothing yet"),
        ({}, "nothing yet"),
        (dict.fromkeys(FELT, "yes"), "write True or False"),
    ],
)
def test_unfinished_felt_is_told_so(wrong, hint, capsys):
    fails(check_felt, wrong, hint, capsys)


def top(n):
    return 1.96**2 / (n + 1.96**2)


@pytest.mark.parametrize(
    "solution", [lambda rows: top(rows["item"].nunique()), lambda rows: wilson_interval(0.0, len(set(rows["item"])))[1]]
)
def test_the_right_upper_passes(solution, capsys):
    assert check_upper(solution)
    assert capsys.readouterr().out == "✓ upper: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: top(len(rows)), "counted the answers"),
        (lambda rows: top(len(rows[["item", "wording"]].drop_duplicates())), "each wording"),
        (lambda rows: top(len(rows[["item", "seed"]].drop_duplicates())), "each seed"),
        (lambda rows: 3 / rows["item"].nunique(), "rule of three"),
        (lambda rows: rows["value"].mean(), "the rate itself"),
        (lambda rows: 1.96 / (rows["item"].nunique() + 1.96), "square z"),
        (lambda rows: 1.96**2 / rows["item"].nunique(), "below is missing"),
        (lambda rows: 100 * top(rows["item"].nunique()), "not per cent"),
        (lambda rows: top(5), "for 48 situations"),
        (lambda rows: rows["situation"], "stopped with KeyError"),
    ],
)
def test_a_wrong_upper_is_told_why(wrong, hint, capsys):
    fails(check_upper, wrong, hint, capsys)


def changed(name, run, said):
    return {
        n: {r: said if (n, r) == (name, run) else s for r, s in row.items()} for n, row in WARNING_EXPLANATIONS.items()
    }


def test_the_right_explanations_pass_and_differ(capsys):
    assert check_warning_explanations(WARNING_EXPLANATIONS)
    assert capsys.readouterr().out == "✓ explanations: right.\n"
    assert len({tuple(row.values()) for row in WARNING_EXPLANATIONS.values()}) == len(WARNING_EXPLANATIONS)


@pytest.mark.parametrize(("name", "run"), WARNING_REASONS)
def test_each_wrong_expectation_is_told_why(name, run, capsys):
    other = {"high": "low", "low": "high"}[WARNING_EXPLANATIONS[name][run]]
    fails(check_warning_explanations, changed(name, run, other), WARNING_REASONS[name, run], capsys)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "says nothing yet"),
        ({n: dict.fromkeys(row, ...) for n, row in WARNING_EXPLANATIONS.items()}, "says nothing yet"),
        ({}, "says nothing yet"),
        (changed("a common look", "no bad helper", 0.9), "write 'high' or 'low'"),
    ],
)
def test_unfinished_explanations_are_told_so(wrong, hint, capsys):
    fails(check_warning_explanations, wrong, hint, capsys)
