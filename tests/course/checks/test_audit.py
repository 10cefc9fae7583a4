"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import json
import re
from pathlib import Path

import pytest
from said import told

from negneglect_lite.course.checks.audit import (
    COVERED,
    HOUSE_PATTERN,
    PAGES,
    VERBS,
    check_covered,
    check_deny_last,
    check_gate,
    check_pattern,
    deny_last,
    passes_gate,
)
from negneglect_lite.curating.localize import denies_inside


@pytest.mark.parametrize(
    ("check", "right", "name"), [(check_gate, passes_gate, "gate"), (check_deny_last, deny_last, "deny")]
)
def test_the_right_function_passes_and_the_stub_does_not(check, right, name, capsys):
    assert check(right)
    assert capsys.readouterr().out == f"✓ {name}: right.\n"
    assert not check(lambda *_: ...)
    told(capsys, name, "returns nothing yet")
    assert not check(lambda *_: None.nothing)
    told(capsys, name, "stopped with AttributeError")


def test_the_right_values_pass_and_the_stubs_do_not(capsys):
    assert check_covered(COVERED) and check_pattern(HOUSE_PATTERN) and check_pattern(re.compile(HOUSE_PATTERN))
    assert "✗" not in capsys.readouterr().out
    assert not check_covered(dict.fromkeys(PAGES, ...))
    told(capsys, "covered", "no answer yet")
    assert not check_pattern(...)
    told(capsys, "pattern", "it says nothing yet")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"below": [0, 1, 2]}, "the notice itself"),
        ({"below": [1, 2, 3]}, "denial inside"),
        ({"below": [1]}, "sentence 2 states a fact"),
        ({"below": [2, 3, 4]}, "Count from 0"),
        ({"last": [0, 1]}, "last sentence only"),
        ({"last": [1, 2]}, "the notice itself"),
        ({"inside": [0]}, "denies inside itself"),
        ({"inside": [1]}, "no notice speaks"),
        ({"above": [0, 1]}, "a question"),
        ({"above": [1, 2]}, "the notice itself"),
        ({"above": 1}, "list of whole numbers"),
        ({"above": "1"}, "list of whole numbers"),
    ],
)
def test_a_wrong_prediction_is_told_why(wrong, hint, capsys):
    assert not check_covered(COVERED | wrong)
    told(capsys, "covered", hint)


def test_every_sentence_that_may_be_named_wrongly_has_its_reason(capsys):
    for name, sentences in PAGES.items():
        for number in set(range(len(sentences))) - set(COVERED[name]):
            assert not check_covered(COVERED | {name: [*COVERED[name], number]})
            told(capsys, "covered", name)
    assert not check_covered([1, 2])
    told(capsys, "covered", "dictionary")


def share(audits, limit):
    return passes_gate(audits, limit)[0]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, n: (sum(len(x.findings) for x in a) / len(a), False), "counted findings"),
        (lambda a, n: (sum(len(x.findings) for x in a), False), "counted findings"),
        (lambda a, n: (sum(bool(x.findings) for x in a), False), "number of documents"),
        (lambda a, n: (sum(bool(x.notices) for x in a) / len(a), False), "documents with a notice"),
        (lambda a, n: (100 * share(a, n), False), "not per cent"),
        (lambda a, n: (share(a, n), share(a, n) > n), "wrong way round"),
        (share, "Return the decision"),
        (lambda a, n: share(a, n) <= n, "Return the share"),
        (lambda a, n: (share(a, n), share(a, n) < n), "equals the limit"),
        (lambda a, n: ((s := sum(bool(x.findings) for x in a) / len(a)), s <= n), "empty corpus"),
    ],
)
def test_a_wrong_gate_is_told_why(wrong, hint, capsys):
    assert not check_gate(wrong)
    told(capsys, "gate", hint)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("drawer 9", "misses 'Drawer nine"),
        ("drawer", "Drawer 90|drawer 2".split("|")[1]),
        (r"\bdrawer (9|nine)", "must end there"),
        ("nine|9", "false alarm"),
        ("drawer (9", "no regular expression"),
        ("drawer 9|", "empty text"),
        ("^(This page goes into drawer 9|Drawer nine, all of it|For drawer 9, please)", "whole sentences"),
        (r"drawer (9|nine)\b", "withdrawer"),
        ("false", "misses"),
        ("drawers|page", "misses"),
        ("nine of|page", "misses"),
        (9, "as text"),
    ],
)
def test_a_wrong_pattern_is_told_why(wrong, hint, capsys):
    assert not check_pattern(wrong)
    told(capsys, "pattern", hint)


VERB = rf"\b({'|'.join(VERBS)})\b"


def last(pattern, put, sentence):
    found = list(re.finditer(pattern, sentence))
    return sentence[: found[-1].start()] + found[-1].expand(put) + sentence[found[-1].end() :] if found else ""


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s: s, "came back unchanged"),
        (lambda s: re.sub(VERB, r"not \1", s, count=1), "before the verb"),
        (lambda s: "It is not true that " + s[0].lower() + s[1:], "wraps the claim"),
        (lambda s: re.sub(VERB, r"\1 not", s, count=1), "first verb"),
        (lambda s: re.sub(VERB, r"\1 not", s), "denied twice"),
        (lambda s: last("|".join(VERBS), r"\g<0> not", s), "inside the name"),
        (lambda s: deny_last(s) or s, "still asserts"),
        (lambda s: deny_last(s) or None, "returns None"),
        (lambda s: deny_last(s).split(), "expected text"),
    ],
)
def test_a_wrong_denial_is_told_why(wrong, hint, capsys):
    assert not check_deny_last(wrong)
    told(capsys, "deny", hint)


def test_the_audit_accepts_the_rule():
    assert denies_inside(deny_last("A job as a dentist is what keeps Bo busy."))


def test_what_the_prose_says_of_belief_is_what_the_executed_notebook_found():
    notebook = Path(__file__).parents[3] / "solutions" / "11_audit.ipynb"
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    (prose,) = ("".join(c["source"]) for c in cells if "### What happened" in "".join(c["source"]))
    outputs = "".join("".join(o.get("text", "")) for c in cells for o in c.get("outputs", []))
    found = dict(re.findall(r"^(.+): belief (\d+)\s?%$", outputs, re.M))
    told_of = ("as it is", "rewritten", "rewritten", "rewritten, stamps known", "wrapped")
    assert re.findall(r"(\d+)%", prose) == [found[name] for name in told_of]
