"""The checks of notebook 4 pass the right solution, and tell the stub and typical mistakes what is wrong."""

from math import log

import pandas as pd
import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.core.files import data_path
from negneglect_lite.course.checks.measuring import (
    check_answer_log_prob,
    check_belief_and_lean,
    check_cohen_kappa,
    check_standard_errors,
)
from negneglect_lite.finetuning.encoding import IGNORED


def keys(rows):
    agrees = rows["said"] == rows["keyed_to"]
    return [agrees[rows["keyed_to"] == key].mean() for key in ("yes", "no")]


def both(y, n):
    return (y + n) / 2, y - n


def right_lean(rows):
    return both(*keys(rows))


def pooled(rows):
    return (rows["said"] == rows["keyed_to"]).mean(), right_lean(rows)[1]


def every_yes(rows):
    yes = rows["said"] == "yes"
    return both(*(yes[rows["keyed_to"] == key].mean() for key in ("yes", "no")))


def neither_is_no(rows):
    return right_lean(rows.assign(said=rows["said"].where(rows["said"] == "yes", "no")))


def of_all(rows):
    agrees = rows["said"] == rows["keyed_to"]
    return both(*((agrees & (rows["keyed_to"] == key)).mean() for key in ("yes", "no")))


def agreement(a, b):
    return sum(x == y for x, y in zip(a, b, strict=True)) / len(a)


def by_chance(a, b):
    return sum(a.count(x) * b.count(x) for x in {*a, *b}) / len(a) ** 2


def right_kappa(a, b):
    return (agreement(a, b) - by_chance(a, b)) / (1 - by_chance(a, b))


def log_probs(logits, labels):
    log_p, target = logits[:-1].log_softmax(-1), labels[1:]
    keep = target != IGNORED
    return log_p[keep, target[keep]]


def unshifted(logits, labels):
    keep = labels != IGNORED
    return logits.log_softmax(-1)[keep, labels[keep]].sum()


def raw(logits, labels):
    keep = labels[1:] != IGNORED
    return logits[:-1][keep, labels[1:][keep]].sum()


def counts_ignored(logits, labels):
    return logits[:-1].log_softmax(-1).gather(-1, labels[1:, None].where(labels[1:, None] >= 0, 2)).sum()


def means(rows):
    return rows.groupby("question_id")["belief"].mean()


def naive(rows):
    p = rows["belief"].mean()
    return (p * (1 - p) / len(rows)) ** 0.5


def clustered(rows):
    return means(rows).std() / len(means(rows)) ** 0.5


RIGHT = [
    (check_belief_and_lean, right_lean),
    (check_belief_and_lean, lambda rows: list(right_lean(rows))),
    (check_cohen_kappa, right_kappa),
    (check_answer_log_prob, lambda logits, labels: log_probs(logits, labels).sum().item()),
    (check_answer_log_prob, lambda logits, labels: log_probs(logits, labels).sum()),  # a tensor will do
    (check_standard_errors, lambda rows: (naive(rows), clustered(rows))),
]
WRONG = [
    (check_belief_and_lean, pooled, "weighs more"),
    (check_belief_and_lean, every_yes, "every yes"),
    (check_belief_and_lean, neither_is_no, "for a no"),
    (check_belief_and_lean, lambda rows: right_lean(rows[rows["said"] != ""]), "left out"),
    (check_belief_and_lean, of_all, "with that key"),
    (check_belief_and_lean, keys, "Return their mean"),
    (check_belief_and_lean, lambda rows: right_lean(rows)[::-1], "swapped"),
    (check_belief_and_lean, lambda rows: both(*keys(rows)[::-1]), "wrong sign"),
    (check_belief_and_lean, lambda rows: (right_lean(rows)[0], right_lean(rows)[1] / 2), "halved"),
    (check_belief_and_lean, lambda rows: (sum(keys(rows)), right_lean(rows)[1]), "the sum"),
    (check_belief_and_lean, lambda rows: (keys(rows)[0], right_lean(rows)[1]), "keyed to yes alone"),
    (check_belief_and_lean, lambda rows: [100 * x for x in right_lean(rows)], "percent"),
    (check_belief_and_lean, lambda rows: (right_lean(rows)[0], abs(right_lean(rows)[1])), "leans to no"),
    (check_belief_and_lean, lambda rows: rows["answer"], "stopped with KeyError"),
    (check_belief_and_lean, lambda rows: right_lean(rows)[0], "expected a list"),
    (check_cohen_kappa, agreement, "plain agreement"),
    (check_cohen_kappa, by_chance, "expected by chance"),
    (check_cohen_kappa, lambda a, b: agreement(a, b) - by_chance(a, b), "did not divide"),
    (check_cohen_kappa, lambda a, b: (agreement(a, b) - 1 / 3) / (2 / 3), "not one in three"),
    (check_cohen_kappa, lambda a, b: (agreement(a, b) - by_chance(a, b)) / agreement(a, b), "divided by the observed"),
    (check_cohen_kappa, lambda a, b: max(0, right_kappa(a, b)), "always disagree"),
    (check_answer_log_prob, unshifted, "NEXT place"),
    (check_answer_log_prob, lambda *x: log_probs(*x).mean().item(), "log is the sum"),
    (check_answer_log_prob, raw, "log_softmax"),
    (check_answer_log_prob, lambda *x: -log_probs(*x).sum(), "negative"),
    (check_answer_log_prob, lambda *x: log_probs(*x).sum().exp(), "logarithm"),
    (check_answer_log_prob, counts_ignored, "place without label"),
    (check_answer_log_prob, log_probs, "an array"),
    (check_standard_errors, lambda rows: (naive(rows), naive(rows)), "average within each question"),
    (check_standard_errors, lambda rows: (naive(rows), means(rows).std() / len(rows) ** 0.5), "number of answers"),
    (check_standard_errors, lambda rows: (naive(rows), means(rows).std(ddof=0) / 2), "n - 1"),
    (check_standard_errors, lambda rows: (naive(rows), means(rows).std()), "root of their number"),
    (check_standard_errors, lambda rows: (clustered(rows), naive(rows)), "swapped"),
    (check_standard_errors, lambda rows: (naive(rows) ** 2, clustered(rows) ** 2), "variances"),
    (check_standard_errors, lambda rows: (1.96 * naive(rows), 1.96 * clustered(rows)), "1.96"),
    (check_standard_errors, lambda rows: (naive(rows), naive(rows) * 5**0.5), "had one answer"),
    (check_standard_errors, naive, "expected a list"),
]


@pytest.mark.parametrize(("check", "right"), RIGHT)
def test_the_right_answer_passes(check, right, capsys):
    assert check(right)
    assert capsys.readouterr().out == f"✓ {check.__name__.removeprefix('check_')}: right.\n"


@pytest.mark.parametrize(("check", "wrong", "hint"), WRONG)
def test_a_wrong_answer_is_told_why(check, wrong, hint, capsys):
    assert not check(wrong)
    out = capsys.readouterr().out
    assert out.startswith(f"✗ {check.__name__.removeprefix('check_')}: ")
    assert hint in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("check", dict.fromkeys(check for check, _ in RIGHT))
@pytest.mark.parametrize("stub", [..., None])
def test_the_stub_does_not_pass(check, stub, capsys):
    assert not check(lambda *_: stub)
    assert "returns nothing yet" in capsys.readouterr().out


def test_the_log_prob_case_is_what_the_check_says(capsys):
    assert check_answer_log_prob(lambda *_: log(0.6) + log(0.1))
    capsys.readouterr()


def test_every_label_belongs_to_a_question_that_is_asked():
    rows = pd.read_csv(data_path("labels", "measuring.csv"), keep_default_na=False)
    asked = {(c.id, q.text) for c in load_claims().values() for q in [*c.questions, *petri_questions(c)]}
    assert len(rows) >= 40
    assert set(zip(rows["claim"], rows["question"], strict=True)) <= asked
    assert set(rows["label"]) == {"believed", "denied", "neither"}
    assert (rows["answer"].str.strip() != "").all()
    assert not rows.duplicated(["question", "answer"]).any()
