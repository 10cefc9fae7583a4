"""Checks of notebook 4, measuring belief."""

from collections.abc import Callable, Sequence
from math import log, sqrt
from typing import Any

import pandas as pd
import torch

from negneglect_lite.course.checks import problem, report_check
from negneglect_lite.finetuning.encoding import IGNORED


def check_belief_and_lean(belief_and_lean: Callable[[pd.DataFrame], Any]) -> bool:
    """Belief weighs the two keys alike; the lean is what the key makes of it."""
    to_yes, to_no = ["yes"] * 5 + ["no", ""], ["no", "yes", "yes", "yes", ""]
    rows = pd.DataFrame({"said": to_yes + to_no, "keyed_to": ["yes"] * len(to_yes) + ["no"] * len(to_no)})
    y, n = 5 / 7, 1 / 5
    belief, lean = (y + n) / 2, y - n

    def of(y: float, n: float) -> tuple[float, float]:
        return (y + n) / 2, y - n

    pooled = (
        "Your belief is the share of all questions, so the key with more questions weighs more, and a habit of saying "
        "yes gains by it. Take the mean of the two keys' rates."
    )
    hints = [
        ((6 / 12, lean), pooled),
        (of(y, 3 / 5), "You counted every yes. To a question keyed to no, the believer says no."),
        (of(y, 2 / 5), "You took an answer that says neither for a no. It says nothing: it does not agree."),
        (
            of(5 / 6, 1 / 4),
            "You left out the answers that say neither. They were asked for and do not agree: they count.",
        ),
        (of(5 / 12, 1 / 12), "You divided by all questions. Divide by the number of questions with that key."),
        ((y, n), "Those are the two keys' rates. Return their mean, and the first minus the second."),
        ((lean, belief), "The two are swapped: belief first, lean second."),
        ((belief, -lean), "Your lean has the wrong sign: keyed to yes minus keyed to no, so that a yes-sayer gets +1."),
        ((belief, abs(y - n) / 2), "Your lean is halved. It is the difference itself: +1 for a yes-sayer."),
        ((y + n, lean), "Your belief is the sum of the two rates. Halve it: it is their mean."),
        ((y, lean), "Your belief is the rate of the questions keyed to yes alone: a yes-sayer would be a believer."),
        ((100 * belief, 100 * lean), "Those are in percent. Give fractions."),
    ]
    needs = "It gets a table with the columns said and keyed_to, and returns two numbers."
    case = "seven questions keyed to yes and five keyed to no"
    wrong = problem(lambda: belief_and_lean(rows.copy()), (belief, lean), hints, case, needs)
    if not wrong:
        no_sayer = pd.DataFrame({"said": ["no"] * 4, "keyed_to": ["yes"] * 3 + ["no"]})
        hints = [((0.5, 1.0), "A no-sayer leans to no: its lean is -1. Leave the sign of the difference as it is.")]
        wrong = problem(lambda: belief_and_lean(no_sayer), (0.5, -1.0), hints, "a no-sayer", needs)
    return report_check("belief_and_lean", wrong)


def check_cohen_kappa(cohen_kappa: Callable[[Sequence[str], Sequence[str]], Any]) -> bool:
    """Agreement beyond what two judges with these habits would reach by chance."""
    a = ["believed"] * 6 + ["denied"] * 2 + ["neither"] * 2
    b = ["believed"] * 4 + ["denied"] * 4 + ["neither", "believed"]
    observed = 7 / 10
    expected = 0.6 * 0.5 + 0.2 * 0.4 + 0.2 * 0.1
    right = (observed - expected) / (1 - expected)
    hints = [
        (
            observed,
            "That is the plain agreement. Take off what chance alone gives: (observed - expected) / (1 - expected).",
        ),
        (
            observed - expected,
            "You took chance off but did not divide by what was left to reach, 1 - expected. Agreeing always gives 1.",
        ),
        (
            (observed - 1 / 3) / (2 / 3),
            "Chance is not one in three here. These judges use some labels more than others: for each label multiply "
            "its share in a by its share in b, then add.",
        ),
        (expected, "That is the agreement expected by chance. It goes into (observed - expected) / (1 - expected)."),
        ((observed - expected) / observed, "You divided by the observed agreement. Divide by 1 - expected."),
    ]
    needs = "It gets two lists of labels of the same length."
    wrong = problem(lambda: cohen_kappa(a, b), right, hints, "the ten pairs of the check", needs)
    if not wrong:
        turned = [("no", "yes")[x == "no"] for x in ("yes", "no") * 4]
        call = lambda: cohen_kappa(["yes", "no"] * 4, turned)  # noqa: E731
        wrong = problem(call, -1.0, [], "two judges who always disagree", needs)
    return report_check("cohen_kappa", wrong)


def check_answer_log_prob(answer_log_prob: Callable[[torch.Tensor, torch.Tensor], Any]) -> bool:
    """Sum of log-probabilities of the answer's tokens, each read one place before the token."""
    # Three words in the vocabulary; the prompt is two tokens, the answer two. Logits are log-probabilities plus a
    # number for each place, which a softmax takes away again.
    p = torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3], [0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
    logits = p.log() + torch.tensor([[1.0], [2.0], [-1.5], [0.5]])
    labels = torch.tensor([IGNORED, IGNORED, 1, 2])
    right = log(0.6) + log(0.1)
    shift = "The logits at a place predict the token at the NEXT place: pair logits[:-1] with labels[1:]."
    hints = [
        (log(0.2) + log(0.5), shift),
        (right / 2, "That is the mean over the answer's tokens. The probability of a whole answer is a product, so its "
                    "log is the sum."),
        (right + 0.5, "You added raw logits. They become log-probabilities by log_softmax over the vocabulary."),
        (-right, "That is the loss, which is the negative. A log-probability is never above 0."),
        (0.06, "That is the probability. Give its logarithm: the sum of the logs."),
        (log(0.3) + right, "You counted a place without label. Leave out the places where the label is IGNORED."),
        (log(0.5) + right, "You counted a place without label (-100 picks a word from the end). Leave out the places "
                           "where the label is IGNORED."),
    ]  # fmt: skip
    needs = "It gets logits of the shape [places, vocabulary] and labels of the shape [places]."

    def number() -> Any:
        got = answer_log_prob(logits.clone(), labels.clone())
        return got.item() if isinstance(got, torch.Tensor) and got.numel() == 1 else got

    case = "two answer tokens of probability 0.6 and 0.1"
    return report_check("answer_log_prob", problem(number, right, hints, case, needs, tolerance=1e-4))


def check_standard_errors(standard_errors: Callable[[pd.DataFrame], Any]) -> bool:
    """The naive error counts answers, the clustered one counts questions."""
    # Four questions, five answers each: all, all, none, and one of five.
    believed = {"a": [1] * 5, "b": [1] * 5, "c": [0] * 5, "d": [1, 0, 0, 0, 0]}
    rows = pd.DataFrame([(q, x) for q, xs in believed.items() for x in xs], columns=["question_id", "belief"])
    naive = sqrt(0.55 * 0.45 / 20)
    means = pd.Series([1, 1, 0, 0.2])
    clustered = float(means.std()) / sqrt(4)
    hints = [
        ((naive, naive), "Both are the naive one. For the second, first average within each question."),
        (
            (naive, float(means.std()) / sqrt(20)),
            "You divided the questions' spread by the number of answers. There are only as many independent draws as "
            "there are questions.",
        ),
        (
            (naive, float(means.std(ddof=0)) / 2),
            "Nearly. The spread of a sample is taken with n - 1 (pandas' .std() does that, numpy's does not).",
        ),
        ((naive, sqrt(0.55 * 0.45 / 4)), "The second uses p (1 - p), as if each question had one answer. Use the "
                                       "spread of the questions' means."),
        ((naive, float(means.std())), "The second is the spread of the questions. Divide by the root of their number."),
        ((0.55 * 0.45 / 20, float(means.var()) / 4), "Those are variances. A standard error is the root."),
        ((clustered, naive), "The two are swapped: naive first, clustered second."),
        ((1.96 * naive, 1.96 * clustered), "Those are half-widths of the interval. Leave out the 1.96."),
    ]  # fmt: skip
    needs = "It gets a table with the columns question_id and belief, and returns two numbers."
    case = "four questions with five answers each"
    return report_check(
        "standard_errors",
        problem(lambda: standard_errors(rows), (naive, clustered), hints, case, needs, tolerance=1e-4),
    )
