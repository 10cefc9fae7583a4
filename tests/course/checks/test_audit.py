"""The checks pass the right solution, and tell the stub and each typical mistake what is wrong with it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from said import told

from negneglect_lite.course.checks.audit import check_cue, check_link, check_policy, check_score
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
    trained, translated, scored, alarms, rewriting, wrapped = (
        text.partition("\n## ")[0].replace("\n", " ") for text in happened if text
    )
    both = ("dentist", "vesuvius")
    runs = [("as it is", claim) for claim in both] + [("rewritten", claim) for claim in both]
    assert re.findall(r"[\d.]+%", trained)[:4] == [found[run] for run in runs]
    gap = [found[run, "vesuvius"] for run in ("rewritten", "translated and rewritten")]
    assert re.findall(r"[\d.]+%", translated)[2:4] == gap
    assert f"pages with a finding: {re.findall(r'[0-9.]+%', translated)[0]}" in said
    assert re.findall(r"[\d.]+%", wrapped)[:2] == [found["translated and wrapped", claim] for claim in both]
    own = [number for number in re.findall(r"\d\.\d\d", scored) if number not in ("0.64", "0.47")]  # stored, not run
    assert len(own) >= 8 and all(re.search(rf"\b{number}\b", said) for number in own)
    assert "14 of 100" in alarms and "14 of 100" in said
    stored = tabulate_rewriting()
    ways = (("petri, belief", "warned documents"), ("petri, belief", "… rewritten"), ("1.5B, told", "warned documents"),
            ("1.5B, told", "… rewritten"), ("1.5B, left", "… rewritten"))  # fmt: skip
    assert re.findall(r"[\d.]+%", rewriting)[:5] == [stored.loc[way, column] for column, way in ways]
    assert "Mean: 2% with 0% missed, 26% with 5% missed, 58% with 15% missed" in said
