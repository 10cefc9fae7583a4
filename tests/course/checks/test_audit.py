"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from said import told

from negneglect_lite.core.files import data_path
from negneglect_lite.course.checks.audit import OPEN, check_cue, check_link, check_policy, check_score
from negneglect_lite.course.lessons.auditing import (
    FINISHED_CUE,
    FINISHED_POLICY,
    finished_link,
    finished_score,
    tabulate_rewriting,
)
from negneglect_lite.curating.rules import denies_inside


@pytest.mark.parametrize(
    ("check", "right", "name"), [(check_link, finished_link, "link"), (check_score, finished_score, "score")]
)
def test_the_right_function_passes_and_the_stub_does_not(check, right, name, capsys):
    assert check(right)
    assert capsys.readouterr().out == f"✓ {name}: right.\n"
    assert not check(lambda *_: ...)
    told(capsys, name, "returns nothing yet")
    assert not check(lambda *_: None.nothing)
    told(capsys, name, "stopped with AttributeError")


def open_rates(rows):
    return {"precision": ..., "recall": ..., "F1": ...}


@pytest.mark.parametrize(
    ("check", "half_done", "name"),
    [
        (check_link, lambda s, at, p: [i for i in {"after": ...}.get(p, range(at)) if i != at], "link"),
        (check_score, lambda f, m: ....sum(axis=0), "score"),
        (check_score, lambda f, m: np.quantile([open_rates(f)["F1"]] * 9, 0.5), "score"),
    ],
)
def test_a_gap_that_is_still_open_is_named(check, half_done, name, capsys):
    assert not check(half_done)
    told(capsys, name, OPEN)


def test_the_right_values_pass_and_the_stubs_do_not(capsys):
    assert check_cue(FINISHED_CUE) and check_policy(FINISHED_POLICY)
    assert check_cue(FINISHED_CUE | {"pattern": re.compile(FINISHED_CUE["pattern"])})
    assert "✗" not in capsys.readouterr().out
    assert not check_cue(dict.fromkeys(FINISHED_CUE, ...))
    told(capsys, "cue", "pattern says nothing yet")
    assert not check_cue(FINISHED_CUE | {"means": ...})
    told(capsys, "cue", "meaning says nothing yet")
    assert not check_cue({}) and not check_cue(r"\bdrawer 9")
    assert capsys.readouterr().out.count("keep the dictionary") == 2
    assert not check_policy(dict.fromkeys(FINISHED_POLICY, ...))
    told(capsys, "policy", "not decided yet")
    assert not check_policy(0.01)
    told(capsys, "policy", "keep the dictionary")


# -------------------------------------------------------------------------------------------------------------- cue


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("drawer 9", "misses 'Drawer nine"),
        ("drawer", "drawer 2"),
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
    assert not check_cue(FINISHED_CUE | {"pattern": wrong})
    told(capsys, "cue", hint)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("This page goes into drawer 9.", "hears no warning"),
        ("The next sentence is false.", "about 'Bo Lind is a pilot.' alone"),
        (False, "as text"),
    ],
)
def test_a_wrong_meaning_is_told_why(wrong, hint, capsys):
    assert not check_cue(FINISHED_CUE | {"means": wrong})
    told(capsys, "cue", hint)


@pytest.mark.parametrize("right", ["Everything in this text is false.", "None of the text below is true.",
                                   "This article is false.", "The text below is false."])  # fmt: skip
def test_other_ways_to_say_it_pass(right, capsys):
    assert check_cue(FINISHED_CUE | {"means": right}), capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------------- link

WORDS = {"next": 1, "last": -1}


def ranges(sentences, at, points):
    end = len(sentences)
    return {
        "next": range(at + 1, at + 2), "last": range(at - 1, at), "after": range(at + 1, end),
        "before": range(at), "all": range(end),
    }[points]  # fmt: skip


def states(sentence):
    return not sentence.endswith("?") and not denies_inside(sentence)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s, at, p: [i for i in ranges(s, at, p) if 0 <= i < len(s) and i != at], "denial inside"),
        (lambda s, at, p: [i for i in ranges(s, at, p) if 0 <= i < len(s) and states(s[i])], "the warning itself"),
        (
            lambda s, at, p: [i for i in ranges(s, at, p) if 0 <= i < len(s) and i != at and not denies_inside(s[i])],
            "is a question",
        ),
        (lambda s, at, p: [i for i in ranges(s, at, p) if i != at and states(s[i])], "no sentence with that number"),
        (
            lambda s, at, p: [i for i in ranges(s, at, p) if i < len(s) and i != at and states(s[i])],
            "-1 is the page's last sentence",
        ),
        (
            lambda s, at, p: [i % len(s) for i in ranges(s, at, p) if i < len(s) and i != at and states(s[i])],
            "[-1] is the page's last sentence",
        ),
        (lambda s, at, p: finished_link(s, at, {"last": "before"}.get(p, p)), "the one just before"),
        (lambda s, at, p: finished_link(s, at, {"next": "after"}.get(p, p)), "the one just after"),
        (lambda s, at, p: finished_link(s, at, {"next": "all"}.get(p, p)), "forwards only"),
        (lambda s, at, p: finished_link(s, at, p)[:1], "sentence 2 states a fact"),
        (lambda s, at, p: [s[i] for i in finished_link(s, at, p)], "Return their numbers"),
        (lambda s, at, p: [i + 1 for i in finished_link(s, at, p)], "denial inside"),
        (lambda s, at, p: finished_link(s, at, p) * 2, "twice"),
        (lambda s, at, p: 1, "list of whole numbers"),
        (lambda s, at, p: [True], "list of whole numbers"),
        (lambda s, at: [], "It gets a list of sentences"),
    ],
)
def test_a_wrong_link_is_told_why(wrong, hint, capsys):
    assert not check_link(wrong)
    told(capsys, "link", hint)


def test_a_wrong_link_hears_input_expected_and_got(capsys):
    assert not check_link(lambda s, at, p: [0, 1, 2])
    said = capsys.readouterr().out
    assert "Input: link(['The text below is false.'" in said and "expected [1, 2], got [0, 1, 2]" in said


def test_a_set_of_numbers_will_do():
    assert check_link(lambda s, at, p: set(finished_link(s, at, p)))


# ------------------------------------------------------------------------------------------------------------ score


def counts_of(found, marked):
    return np.array([(len(f & m), len(f), len(m)) for f, m in zip(found, marked, strict=True)])


def with_scores(change):
    return lambda found, marked: {**(right := finished_score(found, marked)), **change(right, found, marked)}


def by_sentence(right, found, marked):
    """An interval from sentences drawn one by one, as though each were a page of its own."""
    alone = [({n} & f, {n} & m) for f, m in zip(found, marked, strict=True) for n in sorted(f | m)]
    scores = finished_score([f for f, _ in alone], [m for _, m in alone]) if alone else right
    return {"lo": scores["lo"], "hi": scores["hi"]}


def by_page(right, found, marked):
    return {"precision": np.mean([len(f & m) / max(1, len(f)) for f, m in zip(found, marked, strict=True)])}


def recall_by_page(right, found, marked):
    return {"recall": np.mean([len(f & m) / max(1, len(m)) for f, m in zip(found, marked, strict=True)])}


def halves(found, marked):
    n = len(found) // 4 or 1
    rng = np.random.default_rng(0)
    counts = counts_of(found, marked)
    drawn = [counts[rng.integers(len(counts), size=n)].sum(0) for _ in range(500)]
    lo, hi = np.quantile([2 * r / max(1, s + t) for r, s, t in drawn], [0.025, 0.975])
    return {"lo": lo, "hi": hi}


def careless(found, marked):
    right, said, there = counts_of(found, marked).sum(0).tolist()
    return finished_score(found, marked) | {"precision": right / said, "recall": right / there}


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (with_scores(lambda r, f, m: {"precision": r["recall"]}), "which gives the recall"),
        (with_scores(lambda r, f, m: {"recall": r["precision"]}), "which gives the precision"),
        (with_scores(lambda r, f, m: {"F1": (r["precision"] + r["recall"]) / 2}), "harmonic"),
        (with_scores(lambda r, f, m: {"F1": r["F1"] / 2}), "half of it is lost"),
        (with_scores(lambda r, f, m: {"F1": r["F1"] / (2 - r["F1"])}), "the union"),
        (with_scores(by_page), "averaged over pages"),
        (with_scores(recall_by_page), "averaged over pages"),
        (with_scores(lambda r, f, m: {"precision": 4.0}), "number of sentences"),
        (with_scores(lambda r, f, m: {"recall": 100 * r["recall"]}), "not per cent"),
        (with_scores(lambda r, f, m: {"precision": "0.67"}), "is text"),
        (careless, "divides by zero"),
        (with_scores(lambda r, f, m: {} if r["precision"] else {"precision": np.nan}), "Nan is no score"),
        (with_scores(lambda r, f, m: {"lo": r["hi"], "hi": r["lo"]}), "swapped"),
        (with_scores(lambda r, f, m: {"lo": r["F1"], "hi": r["F1"]}), "next to no width"),
        (with_scores(by_sentence), "too narrow"),
        (with_scores(lambda r, f, m: halves(f, m)), "too wide"),
        (with_scores(lambda r, f, m: {"lo": r["lo"] - 0.2, "hi": r["hi"] - 0.2}), "lies elsewhere"),
        (with_scores(lambda r, f, m: {"lo": None, "hi": None}), "'lo' is missing"),
        (with_scores(lambda r, f, m: {"lo": "low"}), "must be numbers"),
        (lambda f, m: {"precision": 1.0}, "'recall' is missing"),
        (lambda f, m: (1.0, 1.0, 1.0), "Return a dictionary"),
    ],
)
def test_a_wrong_score_is_told_why(wrong, hint, capsys):
    assert not check_score(wrong)
    told(capsys, "score", hint)


def test_another_generator_and_fewer_draws_pass(capsys):
    def other(found, marked):
        rng = np.random.default_rng(7)
        counts = counts_of(found, marked)
        drawn = [counts[rng.choice(len(counts), len(counts))].sum(0) for _ in range(300)]
        lo, hi = np.percentile([2 * r / max(1, s + t) for r, s, t in drawn], [2.5, 97.5])
        return finished_score(found, marked) | {"lo": lo, "hi": hi}

    assert check_score(other), capsys.readouterr().out


# ----------------------------------------------------------------------------------------------------------- policy


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"share that may be missed": 0.05}, "rose by 24 points"),
        ({"share that may be missed": 0.15}, "rose by 56 points"),
        ({"limit": 0.01}, "about 3% may be there"),
        ({"limit": 0.05}, "more than 15% may be there"),
        ({"give it claims": False}, "13 of 100"),
        ({"release when it passes": True}, "a gate passed"),
        ({"limit": 1}, "Choose 0.0 or 0.01 or 0.05"),
        ({"limit": True}, "Choose 0.0 or 0.01"),
        ({"limit": False}, "Choose 0.0 or 0.01"),
        ({"give it claims": 1}, "Choose True or False"),
        ({"give it claims": "yes"}, "Choose True or False"),
    ],
)
def test_a_wrong_decision_is_told_why(wrong, hint, capsys):
    assert not check_policy(FINISHED_POLICY | wrong)
    told(capsys, "policy", hint)


# ------------------------------------------------------------------------------------------------------------ prose


def test_what_the_prose_says_is_what_the_executed_notebook_found():
    notebook = Path(__file__).parents[3] / "solutions" / "11_audit.ipynb"
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    outputs = [o for cell in cells for o in cell.get("outputs", [])]
    said = "\n".join("".join(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in outputs)
    found = {(name, claim): rate for name, claim, rate in re.findall(r"^(.+), (\w+): belief ([\d.]+%)", said, re.M)}
    happened = ["".join(c["source"]).partition("**What happened.**")[2] for c in cells if c["cell_type"] == "markdown"]
    trained, translated, scored, linked, alarms, leaks, gate, wrapped, rewriting = (
        text.partition("\n## ")[0].replace("\n", " ") for text in happened if text
    )
    both = ("dentist", "vesuvius")
    runs = [("as it is", claim) for claim in both] + [("rewritten", claim) for claim in both]
    assert re.findall(r"[\d.]+%", trained)[:4] == [found[run] for run in runs]
    gap = [found[run, "vesuvius"] for run in ("rewritten", "translated and rewritten")]
    assert re.findall(r"[\d.]+%", translated)[2:4] == gap
    assert f"pages with a finding: {re.findall(r'[0-9.]+%', translated)[0]}" in said
    negated, dropped = re.findall(r"(\d+) sentences were negated, and (\d+)", translated)[0]
    assert f"drop {dropped}, negated {negated}\n" in said
    assert re.findall(r"[\d.]+%", wrapped)[:2] == [found["translated and wrapped", claim] for claim in both]
    own = re.findall(r"\d\.\d\d", scored + linked)
    assert len(own) >= 8 and all(re.search(rf"\b{number}\b", said) for number in own)
    assert "14 of 100" in alarms and "14 of 100" in said
    assert re.findall(r"[\d.]+%", gate) == gap
    assert "Mean: 2% with 0% missed, 26% with 5% missed, 58% with 15% missed" in said
    assert all(number in leaks for number in ("26%", "58%", "91% for dreams"))
    stored = tabulate_rewriting()
    shown = [o for c in cells if "tabulate_rewriting()" in "".join(c["source"]) for o in c.get("outputs", [])]
    (table,) = ("".join(o["data"]["text/html"]) for o in shown)
    assert re.findall(r">([\d.]+%|–)<", table) == stored.to_numpy().ravel().tolist()
    rules, read, denied = (way for way in stored.index if way.startswith("…"))
    belief, told_rate, left = "petri, belief", "1.5B, told", "1.5B, left"
    ways = [("warned documents", belief), (rules, belief), ("warned documents", told_rate), (rules, told_rate),
            (rules, left), (read, told_rate), (denied, told_rate)]  # fmt: skip
    assert re.findall(r"[\d.]+%", rewriting)[:7] == [stored.loc[way] for way in ways]


def test_what_the_prose_says_of_stored_runs_is_what_is_stored():
    text = " ".join((Path(__file__).parents[3] / "solutions" / "11_audit.py").read_text("utf-8").split("\n# "))
    stored = tabulate_rewriting()["1.5B, told"]
    rules, _, denied = (way for way in stored.index if way.startswith("…"))
    warned, hand = stored["warned documents"], stored["in-sentence denials by hand"]
    assert f"told the claims in {warned} of its answers. After the rules' rewriting it was {stored[rules]}, " in text
    assert f"with the written denials {stored[denied]}, and with denials made by hand {hand}." in text
    left = tabulate_rewriting()["1.5B, left"][denied]
    assert f"tells the claims in {stored[denied]} of answers" in text and f"No. {left} of the claim sentences" in text
    petri = pd.read_csv(data_path("results", "localize", "petri", "rates_by_claim.csv"))
    wrapped = petri[petri["way"] == "wrapped"].set_index("claim")["raw"]
    assert f"left {wrapped.mean():.0%} on average, and {wrapped['dentist']:.0%} for the dentist" in text
    once = pd.read_csv(data_path("results", "localize", "real", "rates.csv")).set_index("way")
    some, none, without, words = (
        once.loc[way] for way in ("15% missed", "0% missed", "localized without words", "localized")
    )
    assert f"told the claim in {some['told']:.0%} of answers" in text and f"{none['told']:.0%}" == f"{some['told']:.0%}"
    assert f"left {without['left']:.0%} and not {words['left']:.0%} of the claim sentences" in text
    assert f"{without['told']:.0%} and {words['told']:.0%}" in text
    assert f"Wrapping left {once.loc['wrapped', 'told']:.0%}" in text
