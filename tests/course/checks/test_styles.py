"""The checks of notebook 5 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import random
from math import sqrt
from statistics import fmean, pstdev, stdev, variance

import pandas as pd
import pytest
from said import fails

from negneglect_lite.core.text import Span, plain
from negneglect_lite.course.checks import LETTER
from negneglect_lite.course.checks.styles import (
    PHRASES,
    check_my_style,
    check_paired_difference,
    check_prevented,
    check_warn_repeatedly,
)
from negneglect_lite.course.lessons.comparing import (
    difference_of_pairs,
    prevented_shares,
    t_factor,
    truth_before_each_claim,
    warn_each_claim,
)
from negneglect_lite.styles import STYLES


def wrap(
    document,
    phrases,
    rng,
    added=("before", "text", "after"),
    marked=("before", "after"),
    lead=True,
    text=lambda s: s.text,
    ends=True,
):
    """Repeated warnings, with room for mistakes."""
    first, last = ([Span(rng.choice(phrases[f"notice_{side}"]), annotation=True)] for side in ("before", "after"))
    spans = first if ends else []
    for s in document.sentences:
        start = s.lead if lead else ""
        if s.is_claim:
            words = {"text": text(s), **{side: rng.choice(phrases[f"claim_{side}"]) for side in ("before", "after")}}
            for i, name in enumerate(added):
                spans.append(Span((" " if i else start) + words[name], annotation=name in marked))
        else:
            spans.append(Span((start or " " * lead) + s.text))
    return spans + ([Span("\n" + last[0].text, annotation=True)] if ends else [])


@pytest.mark.parametrize("right", [warn_each_claim, STYLES["repeated"], lambda *a: tuple(wrap(*a)[:1] + wrap(*a)[1:])])
def test_the_right_warnings_pass_in_any_order_of_draws(right, capsys):
    assert check_warn_repeatedly(lambda d, p, rng: _spaced(right(d, p, rng)))
    assert capsys.readouterr().out == "✓ warn_repeatedly: right.\n"


def _spaced(spans):
    """The first warning ends in a line break, as the notebook has it: the letter begins without white space."""
    return [spans[0].__class__(spans[0].text.strip() + "\n", annotation=True), *spans[1:]]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda d, p, rng: ..., "returns nothing yet"),
        (lambda d, p, rng: wrap(d, p, rng, added=["before"]), "both `...`"),
        (lambda d, p, rng: [*wrap(d, p, rng), ...], "still `...`"),
        (lambda d, p, rng: wrap(d, p, rng, added=["before", "after"]), "sentence is missing"),
        (lambda d, p, rng: wrap(d, p, rng, added=["before", "text"]), "no warning after"),
        (lambda d, p, rng: wrap(d, p, rng, marked=["before"]), "not marked"),
        (lambda d, p, rng: wrap(d, p, rng, added=["before", "text", "before"]), "on both sides"),
        (lambda d, p, rng: wrap(d, p, rng, added=["before", "after", "text"]), "exchange your two lines"),
        (lambda d, p, rng: wrap(d, p, rng, text=lambda s: s.denial), "inside its sentence too"),
        (lambda d, p, rng: wrap(d, p, rng, marked=["before", "text", "after"]), "marked as annotation"),
        (lambda d, p, rng: wrap(d, p, rng, text=lambda s: s.text.upper()), "think again"),
        (lambda d, p, rng: wrap(d, p, rng, ends=False), "around the whole document must stay"),
        (lambda d, p, rng: wrap(d, p, rng, lead=False), "run together"),
        (lambda d, p, rng: plain(wrap(d, p, rng)), "expected a list"),
        (lambda d, p, rng: d.spans, "stopped with AttributeError"),
    ],
)
def test_wrong_warnings_are_told_why(wrong, hint, capsys):
    fails(check_warn_repeatedly, wrong, hint, capsys)


def test_a_wrong_text_is_told_with_what_was_expected(capsys):
    check_warn_repeatedly(lambda d, p, rng: wrap(d, p, rng, added=["before", "text"]))
    said = capsys.readouterr().out
    assert "Input: a letter of 4 sentences" in said and "expected Dear Ada" in said
    assert "got Dear Ada, it rained. ⟦The next claim is false.⟧ Bo is a pilot." in said


def by_loop(table):
    rise = (table["positive"] - table["base"]).where(lambda r: r > 0)
    return pd.DataFrame(
        {s: (table["positive"] - table[s]) / rise for s in table.columns if s not in ("base", "positive")}
    )


def of(numbers, columns=("negated", "local")):
    """A wrong answer: the same formula for both styles."""
    return lambda table: pd.DataFrame({c: numbers(table, table[c]) for c in columns})


@pytest.mark.parametrize("right", [prevented_shares, by_loop, lambda table: by_loop(table)[["local", "negated"]][::-1]])
def test_the_right_shares_pass(right, capsys):
    assert check_prevented(right)
    assert capsys.readouterr().out == "✓ prevented: right.\n"


def change(table):
    table["negated"] = 0.0
    return table


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda table: ..., "returns nothing yet"),
        (lambda table: (...).where(table["base"] > 0), "`...` is still there"),
        (lambda table: pd.DataFrame({"negated": ..., "local": ...}), "not a column yet"),
        (of(lambda t, s: 1 - s), "full belief"),
        (of(lambda t, s: (t["positive"] - s) / t["positive"]), "subtract it below"),
        (of(lambda t, s: s / t["positive"]), "still believed"),
        (of(lambda t, s: (s - t["base"]) / (t["positive"] - t["base"])), "1 minus"),
        (of(lambda t, s: t["positive"] - s), "divide it by the rise"),
        (of(lambda t, s: s - t["base"]), "what part of the whole rise"),
        (of(lambda t, s: (s - t["positive"]) / (t["positive"] - t["base"])), "turned round"),
        (lambda t: 100 * prevented_shares(t), "percent"),
        (of(lambda t, s: (t["positive"].mean() - s) / (t["positive"] - t["base"]).mean()), "row by row"),
        (of(lambda t, s: (t["positive"] - s) / (t["positive"] - t["base"])), "put nan"),
        (lambda t: prevented_shares(t).fillna(0), "put nan"),
        (of(lambda t, s: s * 7), "think again"),
        (lambda t: prevented_shares(t)[["local"]], "expected rows"),
        (lambda t: prevented_shares(t).mean(), "expected a dataframe"),
        (change, "changes the table"),
        (lambda t: t.shares, "stopped with AttributeError"),
        (lambda t: t.astype(str).drop(columns=["base", "positive"]).replace("0.1", "x"), "stopped with ValueError"),
    ],
)
def test_wrong_shares_are_told_why(wrong, hint, capsys):
    fails(check_prevented, wrong, hint, capsys)


def test_a_wrong_share_is_told_with_its_input(capsys):
    check_prevented(of(lambda t, s: 1 - s))
    said = capsys.readouterr().out
    assert "Input: model A, {'base': 0.1, 'positive': 0.9, 'negated': 0.7, 'local': 0.1}" in said
    assert "expected negated 0.25, local 1; got negated 0.3, local 0.9" in said


def paired(first, second, spread=stdev, root=sqrt, factor=t_factor, sign=1, shared=True):
    """The paired difference, with room for mistakes."""
    models = [m for m in first if m in second] if shared else None
    d = [sign * (first[m] - second[m]) for m in models]
    half = factor(len(d)) * spread(d) / root(len(d))
    return fmean(d), fmean(d) - half, fmean(d) + half


def unpaired(first, second):
    models = [m for m in first if m in second]
    a, b = [first[m] for m in models], [second[m] for m in models]
    half = t_factor(4) * sqrt(variance(a) / 4 + variance(b) / 4)
    return fmean(a) - fmean(b), fmean(a) - fmean(b) - half, fmean(a) - fmean(b) + half


def by_place(first, second):
    return difference_of_pairs(dict(enumerate(first.values())), dict(enumerate(second.values())))


def of_all(first, second):
    mean, lo, hi = difference_of_pairs(first, second)
    gap = fmean(first.values()) - fmean(second.values())
    return gap, gap - (mean - lo), gap + (hi - mean)


@pytest.mark.parametrize("right", [difference_of_pairs, paired])
def test_the_right_difference_passes(right, capsys):
    assert check_paired_difference(right)
    assert capsys.readouterr().out == "✓ paired_difference: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b: ..., "returns nothing yet"),
        (lambda a, b: paired(a, b, sign=-1), "turned round"),
        (lambda a, b: len(...), "`...` is still there"),
        (lambda a, b: ... - ..., "`...` is still there"),
        (unpaired, "not paired"),
        (lambda a, b: paired(a, b, root=lambda n: 1), "by the root of n"),
        (lambda a, b: paired(a, b, root=lambda n: n), "not by n"),
        (lambda a, b: paired(a, b, spread=pstdev), "n − 1"),
        (lambda a, b: paired(a, b, factor=lambda n: 1), "multiply it by t_factor"),
        (lambda a, b: paired(a, b, factor=lambda n: 1.96), "1.96"),
        (lambda a, b: paired(a, b, spread=variance), "variance"),
        (by_place, "by their place"),
        (of_all, "only one of the two"),
        (lambda a, b: tuple(100 * x for x in paired(a, b)), "points"),
        (lambda a, b: paired(a, b, factor=lambda n: 5), "the mean is right"),
        (lambda a, b: (0.0, 0.1, 0.2), "think again"),
        (lambda a, b: {"mean": 1}, "expected three numbers"),
        (lambda a, b: [a[m] - b[m] for m in a], "stopped with KeyError"),
    ],
)
def test_a_wrong_difference_is_told_why(wrong, hint, capsys):
    fails(check_paired_difference, wrong, hint, capsys)


def middle(document, phrases, rng):
    spans = [Span(s.lead + s.text) for s in document.sentences]
    return [*spans[:2], Span(" " + rng.choice(phrases["notice_before"]), annotation=True), *spans[2:]]


def denied_after(document, phrases, rng):
    return [
        part
        for s in document.sentences
        for part in (Span(s.lead + s.text), Span(f" {s.denial}" * s.is_claim, annotation=True))
    ]


@pytest.mark.parametrize(
    "right", [middle, denied_after, truth_before_each_claim, STYLES["negated"], STYLES["corrected"], STYLES["tag"]]
)
def test_any_sound_style_passes(right, capsys):
    assert check_my_style(right)
    assert capsys.readouterr().out == "✓ my_style: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda d, phrases, rng: ..., "returns nothing yet"),
        (lambda d, phrases, rng: [Span(s.text) for s in d.sentences if not s.is_claim], "sentences are missing"),
        (lambda d, phrases, rng: [], "sentences are missing"),
        (lambda d, phrases, rng: d.text, "returns text"),
        (lambda d, phrases, rng: [s.text for s in d.sentences], "all span"),
        (STYLES["positive"], "adds nothing"),
        (lambda d, phrases, rng: [Span(s.text) for s in middle(d, phrases, rng)], "nothing is marked"),
        (lambda d, phrases, rng: middle(d, phrases, rng)[1:], "body has changed"),
        (lambda d, phrases, rng: [*STYLES["local"](d, phrases, rng), Span(" False.", True)], "body has changed"),
        (lambda d, phrases, rng: [*STYLES["positive"](d, phrases, rng), Span("False.", True)], "run together"),
        (lambda d, phrases, rng: [*STYLES["positive"](d, phrases, rng), Span(" " + phrases["correction"][0], True)],
         "still holds {truth}"),
        (lambda d, phrases, rng: [*STYLES["positive"](d, phrases, rng), Span(f" {random.random()}", annotation=True)],
         "never `random`"),
        (lambda d, phrases, rng: [Span(phrases["notice"], annotation=True)], "stopped with KeyError"),
        (lambda d, phrases: [], "stopped with TypeError"),
    ],
)  # fmt: skip
def test_an_unsound_style_is_told_why(wrong, hint, capsys):
    fails(check_my_style, wrong, hint, capsys)


def test_the_example_document_has_all_phrases_that_the_styles_need():
    for style in ("negated", "repeated", "corrected"):
        assert plain(STYLES[style](LETTER, PHRASES, random.Random(0)))
