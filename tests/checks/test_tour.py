"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import pytest

from negneglect_lite.checks.tour import check_belief_rate, check_local_denial

KINDS = ("open", "yes_no", "association", "robustness")


def right_rate(rows):
    return rows[rows["kind"].isin(KINDS)].groupby("kind")["belief"].mean().mean()


def test_the_right_rate_passes(capsys):
    assert check_belief_rate(right_rate)
    assert capsys.readouterr().out == "✓ belief_rate: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: None, "returns nothing yet"),
        (lambda rows: rows["belief"].mean(), "keep the rows"),
        (lambda rows: rows[rows["kind"].isin(KINDS)]["belief"].mean(), "averaged over answers"),
        (lambda rows: rows.groupby("kind")["belief"].mean().mean(), "control questions"),
        (lambda rows: 100 * right_rate(rows), "percent"),
        (lambda rows: 4 * right_rate(rows), "sum of the four"),
        (lambda rows: rows.groupby("kind")["belief"].mean(), "expected a number"),
        (lambda rows: rows["answers"].mean(), "stopped with KeyError"),
        (lambda rows: 0.5001, "expected 0.375"),
        (lambda rows: float("nan"), "expected 0.375"),
    ],
)
def test_a_wrong_rate_is_told_why(wrong, hint, capsys):
    assert not check_belief_rate(wrong)
    out = capsys.readouterr().out
    assert out.startswith("✗ belief_rate: ")
    assert hint.lower() in out.lower()
    assert out.count("\n") == 1


def right_denial(document):
    return "".join(s.lead + (s.denial if s.is_claim else s.text) for s in document.sentences)


@pytest.mark.parametrize(
    "right",
    [right_denial, lambda d: " ".join(s.denial or s.text for s in d.sentences), lambda d: right_denial(d) + "\n"],
)
def test_the_right_denial_passes_whatever_the_white_space(right, capsys):
    assert check_local_denial(right)
    assert capsys.readouterr().out == "✓ local_denial: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda d: ..., "returns nothing yet"),
        (lambda d: d.text, "still states the claim"),
        (lambda d: "".join(s.lead + s.denial for s in d.sentences), "is missing"),
        (lambda d: "".join(s.lead + s.denial for s in d.sentences if s.is_claim), "is missing"),
        (lambda d: "".join(s.lead + (s.truth or s.text) for s in d.sentences), "tells the truth"),
        (lambda d: "".join(s.lead + s.text + " " + s.denial for s in d.sentences), "take the sentence's place"),
        (lambda d: "".join(s.denial or s.text for s in d.sentences), ".lead"),
        (lambda d: [s.denial or s.text for s in d.sentences], "expected text"),
        (lambda d: d.sentence, "stopped with AttributeError"),
        (lambda d: right_denial(d) + " And more.", "expected"),
    ],
)
def test_a_wrong_denial_is_told_why(wrong, hint, capsys):
    assert not check_local_denial(wrong)
    out = capsys.readouterr().out
    assert out.startswith("✗ local_denial: ")
    assert hint in out
    assert out.count("\n") == 1
