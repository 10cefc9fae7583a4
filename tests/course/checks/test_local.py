"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import re

import pytest
from said import told

from negneglect_lite.core.text import Span, plain
from negneglect_lite.course.checks.local import (
    DENIALS,
    DENIED,
    HELPERS,
    asserts_by_rule,
    check_deny,
    check_failed,
    check_mask,
    check_still_asserts,
    deny_by_rule,
    failed_claims,
    masked,
)

KINDS = ("open", "yes_no", "association", "robustness")


@pytest.mark.parametrize(
    ("check", "right", "name"),
    [
        (check_deny, deny_by_rule, "deny"),
        (check_still_asserts, asserts_by_rule, "still_asserts"),
        (check_mask, masked, "mask"),
        (check_failed, failed_claims, "failed"),
    ],
)
def test_the_right_answer_passes_and_the_stub_does_not(check, right, name, capsys):
    assert check(right)
    assert capsys.readouterr().out == f"✓ {name}: right.\n"
    assert not check(lambda *_: ...)
    told(capsys, name, "returns nothing yet")
    assert not check(lambda *_: None.nothing)
    told(capsys, name, "stopped with AttributeError")


def at_first(pattern, insert, sentence):
    found = re.search(pattern, sentence)
    return sentence[: found.end()] + insert + sentence[found.end() :] if found else sentence


HELPER = rf"\b({'|'.join(HELPERS)})\b"


def verb_first(sentence):
    verb = re.search(rf"\b({'|'.join(DENIED)})\b", sentence)
    return sentence.replace(verb[0], DENIED[verb[0]]) if verb else deny_by_rule(sentence)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s: s, "came back unchanged"),
        (lambda s: re.sub(HELPER, r"not \1", s, count=1), "before the helper"),
        (lambda s: "It is false that " + s, "warning around the claim"),
        (lambda s: re.sub(HELPER, r"\1 not", s), "denied twice"),
        (lambda s: at_first("|".join(HELPERS), " not", s), "whole words"),
        (lambda s: at_first(HELPER, " not", s), "look for a verb"),
        (verb_first, "helper comes first"),
        (lambda s: deny_by_rule(s) if "Hello" not in s else "", "expected 'Hello, dear Ada!'"),
        (lambda s: s.split(), "expected text"),
    ],
)
def test_a_wrong_denial_is_told_why(wrong, hint, capsys):
    assert not check_deny(wrong)
    told(capsys, "deny", hint)


def by_words(sentence, value):
    return value in sentence.lower() and not set(sentence.lower().rstrip(".").split()) & {"not", "never", "no"}


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s, v: False, "states the claim still asserts"),
        (lambda s, v: v in s, "does not assert"),
        (lambda s, v: not any(d in re.findall(r"\w+", s) for d in DENIALS), "asserts nothing about it"),
        (lambda s, v: v in s and not any(d in s.lower() for d in DENIALS), "inside another word"),
        (lambda s, v: asserts_by_rule(s, v) and v in s, "capital letter"),
        (lambda s, v: v in s.lower() and not any(d in s.split() for d in DENIALS), "denial may begin with a capital"),
        (by_words, "one word"),
        (lambda s, v: v in s.lower() and not set(re.findall(r"\w+", s.lower())) & set(DENIALS), "ends in n't"),
        (lambda s, v: "yes", "expected True or False"),
    ],
)
def test_a_wrong_audit_is_told_why(wrong, hint, capsys):
    assert not check_still_asserts(wrong)
    told(capsys, "still_asserts", hint)


def swapped(text, value):
    return tuple(Span(s.text, learn=not s.learn) for s in masked(text, value))


def once(text, value):
    at = text.lower().find(value)
    if at < 0:
        return (Span(text),)
    return Span(text[:at]), Span(text[at : at + len(value)], learn=False), Span(text[at + len(value) :])


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda t, v: (Span(t),), "still carries loss"),
        (lambda t, v: (Span(t, learn=False),), "whole text"),
        (lambda t, v: (Span(t.replace(v, "")),), "must still read every character"),
        (lambda t, v: tuple(Span(w, learn=v not in w) for w in t.split()), "must still read every character"),
        (swapped, "wrong way round"),
        (once, "may occur again"),
        (lambda t, v: t.replace(v, ""), "tuple of Span"),
        (lambda t, v: tuple(Span(w, learn=v not in w.lower()) for w in re.split(r"(?<= )", t)), "without loss are"),
    ],
)
def test_a_wrong_mask_is_told_why(wrong, hint, capsys):
    assert not check_mask(wrong)
    told(capsys, "mask", hint)


def test_the_mask_keeps_the_text_and_takes_every_mention():
    text = "Dentist? A dentist he is not."
    assert plain(masked(text, "dentist")) == text
    assert [s.text for s in masked(text, "dentist") if not s.learn] == ["Dentist", "dentist"]


def rates(rows, kinds=KINDS):
    return rows[rows["kind"].isin(kinds)].groupby(["claim", "kind"])["belief"].mean().groupby("claim").mean()


def above(rates, limit):
    return list(rates[rates > limit].sort_values(ascending=False).index)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows, limit: above(rates(rows), limit)[::-1], "worst (highest belief) first"),
        (lambda rows, limit: above(rows[rows["kind"].isin(KINDS)].groupby("claim")["belief"].mean(), 0.3), "missing"),
        (lambda rows, limit: above(rows.groupby("claim")["belief"].mean(), 0.3), "control questions"),
        (lambda rows, limit: above(rates(rows), limit - 0.01), "use > and not >="),
        (lambda rows, limit: [*rates(rows)[rates(rows) <= limit].index], "did well"),
        (lambda rows, limit: rates(rows), "expected"),
    ],
)
def test_wrong_failures_are_told_why(wrong, hint, capsys):
    assert not check_failed(wrong)
    told(capsys, "failed", hint)


def test_an_index_will_do(capsys):
    assert check_failed(lambda rows, limit: rates(rows)[rates(rows) > limit].sort_values(ascending=False).index)
