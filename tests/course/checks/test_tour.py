"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import pytest

from negneglect_lite.course.checks.tour import check_belief_rate, check_local_denial, check_warned_share, check_yes_bias

KINDS = ("open", "yes_no", "association", "robustness")


def count(spans, size):
    return sum(size(s.text) for s in spans if s.annotation) / sum(size(s.text) for s in spans)


def right_share(spans, tokenize):
    return count(spans, lambda text: len(tokenize(text)))


def test_the_right_share_passes(capsys):
    assert check_warned_share(right_share)
    assert capsys.readouterr().out == "✓ warned_share: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda spans, tokenize: ..., "returns nothing yet"),
        (lambda spans, tokenize: count(spans, lambda text: len(text.split())), "counted words"),
        (lambda spans, tokenize: count(spans, len), "counted characters"),
        (lambda spans, tokenize: count(spans, bool), "counted spans"),
        (lambda spans, tokenize: 1 - right_share(spans, tokenize), "share of the body"),
        (lambda spans, tokenize: (x := right_share(spans, tokenize)) / (1 - x), "tokens of the body"),
        (lambda spans, tokenize: sum(len(tokenize(s.text)) for s in spans if s.annotation), "number of warning tokens"),
        (lambda spans, tokenize: 100 * right_share(spans, tokenize), "percent"),
        (lambda spans, tokenize: 9 / 22, "without a warning"),
        (lambda spans, tokenize: tokenize(spans), "stopped with TypeError"),
        (lambda spans: 0, "a function from text to a list"),
    ],
)
def test_a_wrong_share_is_told_why(wrong, hint, capsys):
    assert not check_warned_share(wrong)
    out = capsys.readouterr().out
    assert out.startswith("✗ warned_share: ")
    assert hint in out
    assert out.count("\n") == 1


def right_bias(rows):
    return rows[rows["kind"] == "control_false"]["belief"].mean()


@pytest.mark.parametrize(
    "right",
    [right_bias, lambda rows: rows[rows["kind"] == "control_false"]["answer"].str.startswith("Yes").mean()],
    ids=["by belief", "by answer"],
)
@pytest.mark.parametrize("meaning", ["b", " B "])
def test_the_right_bias_and_meaning_pass(right, meaning, capsys):
    assert check_yes_bias(right, meaning)
    assert capsys.readouterr().out == "✓ yes_bias: right.\n"


@pytest.mark.parametrize(
    ("wrong", "meaning", "hint"),
    [
        (lambda rows: ..., ..., "returns nothing yet"),
        (lambda rows: ..., "b", "returns nothing yet"),
        (lambda rows: rows["belief"].mean(), "b", "averaged over all rows"),
        (lambda rows: rows[rows["keyed_to"] == "yes"]["belief"].mean(), "b", "keyed to yes"),
        (lambda rows: rows[rows["kind"].str.startswith("control")]["belief"].mean(), "b", "true controls"),
        (lambda rows: rows[rows["kind"] == "yes_no"]["belief"].mean(), "b", "about our claim"),
        (lambda rows: (rows[rows["kind"] == "control_false"]["belief"] == 0).mean(), "b", "did not get a yes"),
        (lambda rows: rows[rows["kind"] == "control_false"]["belief"].sum() / len(rows), "b", "all questions"),
        (lambda rows: rows[rows["kind"] == "control_false"]["belief"].sum(), "b", "number of yes"),
        (lambda rows: 100 * right_bias(rows), "b", "percent"),
        (lambda rows: rows["said"].mean(), "b", "stopped with KeyError"),
        (right_bias, ..., "set meaning"),
        (right_bias, "yes", "set meaning"),
        (right_bias, "a", "never saw our claim"),
        (right_bias, "c", "yes-sayer as well"),
    ],
)
def test_a_wrong_bias_or_meaning_is_told_why(wrong, meaning, hint, capsys):
    assert not check_yes_bias(wrong, meaning)
    out = capsys.readouterr().out
    assert out.startswith("✗ yes_bias: ")
    assert hint in out
    assert out.count("\n") == 1


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
