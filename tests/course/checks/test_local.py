"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import re

import pandas as pd
import pytest
from said import told

from negneglect_lite.course.checks.local import (
    check_asserts,
    check_deny,
    check_repair,
    check_signed_off,
    check_sort_answer,
)
from negneglect_lite.course.lessons.repairing import (
    CLAUSE_END,
    DENIABLE,
    DENIALS,
    DENIED,
    HELPER,
    HELPERS,
    VERB,
    asserts_in_clause,
    claims_signed_off,
    deny_at,
    deny_by_rule,
    has_denial,
    repair_until_clean,
    sort_by_value,
)

CHECKS = [
    (check_deny, deny_by_rule, "deny"),
    (check_asserts, asserts_in_clause, "asserts"),
    (check_repair, repair_until_clean, "repair"),
    (check_sort_answer, sort_by_value, "sort_answer"),
]


@pytest.mark.parametrize(("check", "right", "name"), CHECKS)
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


def verb_first(sentence):
    verb = VERB.search(sentence)
    return sentence.replace(verb[0], DENIED[verb[0]]) if verb else deny_by_rule(sentence)


def keeps_verb(sentence):
    if HELPER.search(sentence) or not (verb := VERB.search(sentence)):
        return deny_by_rule(sentence)
    return sentence[: verb.end()] + DENIED[verb[0]] + sentence[verb.end() :]


def alone(sentence):
    verb = VERB.search(sentence)
    return DENIED[verb[0]] if verb and not HELPER.search(sentence) else deny_by_rule(sentence)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s: s, "came back unchanged"),
        (lambda s: HELPER.sub(r"not \1", s, count=1), "before the helper"),
        (lambda s: at_first(HELPER, "not", s), "Put a space"),
        (lambda s: HELPER.sub("not", s, count=1), "helper verb is gone"),
        (lambda s: " not" + s[HELPER.search(s).end() :], "first part of the sentence is gone"),
        (lambda s: s[: HELPER.search(s).end()] + " not", "rest of the sentence is gone"),
        (lambda s: "It is false that " + s, "warning around the claim"),
        (lambda s: HELPER.sub(r"\1 not", s), "denied twice"),
        (lambda s: at_first("|".join(HELPERS), " not", s), "inside another word"),
        (lambda s: at_first(HELPER, " not", s), "Deny the verb"),
        (lambda s: at_first(HELPER, " not", s) if HELPER.search(s) else at_first(VERB, " not", s), "`makes not`"),
        (keeps_verb, "old verb is still there"),
        (alone, "only the denied verb came back"),
        (verb_first, "helper comes first"),
        (lambda s: deny_by_rule(s) if "Hello" not in s else "", "expected 'Hello, dear Ada!'"),
        (lambda s: s.split(), "expected text"),
    ],
)
def test_a_wrong_rule_is_told_why(wrong, hint, capsys):
    assert not check_deny(wrong)
    told(capsys, "deny", hint)


def test_a_hint_stands_behind_input_got_and_expected(capsys):
    assert not check_deny(lambda s: s)
    told(capsys, "deny", "for 'Ada is a pilot.' it gives 'Ada is a pilot.'; expected 'Ada is not a pilot.'. The sent")


def by_sentence(sentence, value):
    return value in sentence.lower() and not has_denial(sentence)


def clauses(sentence, value, join, fine=has_denial):
    return join(not fine(c) for c in CLAUSE_END.split(sentence.lower()) if value in c)


def by_spaces(clause):
    return bool(set(clause.split()) & set(DENIALS)) or "n't" in clause


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s, v: False, "states the claim asserts it"),
        (lambda s, v: v in s, "is denied: False"),
        (lambda s, v: not has_denial(s), "asserts nothing about it"),
        (by_sentence, "the `not` denies who said it"),
        (lambda s, v: v in s.lower() and any(not has_denial(c) for c in CLAUSE_END.split(s)), "first clause names no"),
        (lambda s, v: v in s.lower() and clauses(s, v, all), "use any, not all"),
        (lambda s, v: clauses(s, v, any, lambda c: any(d in c for d in DENIALS)), "inside another word"),
        (lambda s, v: asserts_in_clause(s, v) and v in s, "both in lower case"),
        (lambda s, v: clauses(s, v, any), "for 'The winner is Bo.' and the value 'Bo' it gives False"),
        (lambda s, v: any(v in c.lower() and not by_spaces(c) for c in CLAUSE_END.split(s)), "has_denial finds this"),
        (lambda s, v: clauses(s, v, any, lambda c: set(re.findall(r"\w+", c)) & set(DENIALS)), "as n't too"),
        (lambda s, v: "yes", "expected True or False"),
    ],
)
def test_a_wrong_audit_is_told_why(wrong, hint, capsys):
    assert not check_asserts(wrong)
    told(capsys, "asserts", hint)


def test_what_a_search_found_will_do():
    assert check_asserts(lambda s, v: re.search("", s) if asserts_in_clause(s, v) else False)


def candidates(sentence):
    return [deny_at(sentence, place) for place in DENIABLE.finditer(sentence)]


def without_asking(s, v, audit):
    return next((c for c in candidates(s) if not audit(c, v)), "")


def of_the_rules(s, v, audit):
    return repair_until_clean(deny_by_rule(s) if VERB.search(s) else s, v, audit)


def all_along(s, v, audit):
    while audit(s, v) and (place := DENIABLE.search(s)):
        s = s[: place.start()] + DENIED.get(place[0], f"{place[0].upper()} not") + s[place.end() :]
    return s.replace("IS", "is") if not audit(s, v) else ""


def first_only(s, v, audit):
    return next(iter(candidates(s)), "") if audit(s, v) else s


def last_tried(s, v, audit):
    return next((c for c in [s, *candidates(s)] if not audit(c, v)), ([s, *candidates(s)])[-1])


def one_name(s, v, audit):
    if not audit(s, v):
        return s
    for place in DENIABLE.finditer(s):
        s = deny_at(s, place)
        if not audit(s, v):
            return s
    return ""


def first_or(fallback):
    def wrong(s, v, audit):
        clean = [c for c in candidates(s)[:1] if not audit(c, v)]
        return s if not audit(s, v) else (clean or [fallback(s)])[0]

    return wrong


def last_clean(s, v, audit):
    return s if not audit(s, v) else next((c for c in reversed(candidates(s)) if not audit(c, v)), "")


def every_place(s, v, audit):
    if not audit(s, v):
        return s
    changed = DENIABLE.sub(lambda m: DENIED.get(m[0], f"{m[0]} not"), s)
    return changed if not audit(changed, v) else ""


def own_audit(s, v, audit):
    return repair_until_clean(s, v, asserts_in_clause)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s, v, audit: s, "the sentence came back though"),
        (lambda s, v, audit: "", "you dropped a sentence"),
        (without_asking, "was clean already"),
        (lambda s, v, audit: "" if not audit(s, v) else repair_until_clean(s, v, audit), "Return it as it is"),
        (first_only, "is denied nowhere"),
        (of_the_rules, "they cancel each other"),
        (all_along, "they cancel each other"),
        (one_name, "a name of its own"),
        (first_or(lambda s: ""), "gave up after the first place"),
        (first_or(lambda s: s), "gave up after the first place"),
        (last_clean, "the first candidate that it accepts"),
        (every_place, "cancel"),
        (last_tried, "which drops it"),
        (lambda s, v, audit: repair_until_clean(s, v, audit) or s, "which drops it"),
        (lambda s, v, audit: repair_until_clean(s, v, audit) or None, "returns nothing. If no place"),
        (lambda s, v, audit: repair_until_clean(s, v, audit) or (s if "dear" in s else ""), "the sentence is dropped"),
        (own_audit, "does not ask the audit that it is given"),
        (lambda s, v, audit: [repair_until_clean(s, v, audit)], "expected text"),
    ],
)
def test_a_wrong_repair_is_told_why(wrong, hint, capsys):
    assert not check_repair(wrong)
    told(capsys, "repair", hint)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, t, f: "other", "capital letters"),
        (lambda a, t, f: "truth", "pilot is the false value"),
        (lambda a, t, f: "false" if f in a else "truth", "names neither value"),
        (lambda a, t, f: "false" if f in a else "truth" if t in a.lower() else "other", "denies the false value"),
        (
            lambda a, t, f: "truth" if asserts_in_clause(a, t) else "false" if asserts_in_clause(a, f) else "other",
            "look for the false value first",
        ),
        (
            lambda a, t, f: "false" if asserts_in_clause(a, f) else "truth" if a == "Cook." else "other",
            "asserts the truth",
        ),
        (lambda a, t, f: True, "expected text"),
    ],
)
def test_a_wrong_sorting_is_told_why(wrong, hint, capsys):
    assert not check_sort_answer(wrong)
    told(capsys, "sort_answer", hint)


TABLE = pd.DataFrame(
    {"truth": [0.2, 0.8, 0.9, 1.0], "belief": [0.10, 0.0, 0.05, 0.02]}, index=["lake", "tower", "comet", "river"]
)


@pytest.mark.parametrize("right", [["comet", "river"], ("river", "comet"), {"comet", "river"}])
def test_signing_off_by_both_rules_passes(right, capsys):
    assert claims_signed_off(TABLE) == ["comet", "river"]
    assert check_signed_off(right, TABLE)
    assert capsys.readouterr().out == "✓ signed_off: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ([...], "no list of names yet"),
        ("river", "no list of names yet"),
        (["river", "sea"], "no claim 'sea'"),
        (["river", "comet", "lake"], "'lake' does not pass: 10% belief"),
        (["river", "comet", "tower"], "only 80% of its answers name the truth"),
        (["river"], "'comet' passes both rules"),
        ([], "passes both rules"),
    ],
)
def test_signing_off_wrongly_is_told_why(wrong, hint, capsys):
    assert not check_signed_off(wrong, TABLE)
    told(capsys, "signed_off", hint)
