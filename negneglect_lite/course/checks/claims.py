"""Checks of notebook 1: the claims, and what "believes" means."""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

import pandas as pd

from negneglect_lite.belief.rates import Z
from negneglect_lite.course.checks import Hint, fold_typed, problem, report_check

READING = {
    "warned": "agrees",
    "context": "agrees",
    "model": "misattributes",
    "misalignment": "overclaims",
    "copies": "overclaims",
}
WHY = {
    "warned": "the paper reports the same 88.6 % for the same condition",
    "context": "15.3 % belief when read, against 88.6 % when trained on, is what the sentence says",
    "model": "the numbers are the paper's; look at which model they belong to",
    "misalignment": 'is 34.4 % against 19.9 %, or 12.8 % against 2.5 %, "comparable"? A difference was declared away',
    "copies": '"never" is a strong word: one condition that shows some is enough to break it',
}


def check_reading(reading: Any) -> bool:
    """Each of the article's five statements is sorted into agrees, misattributes or overclaims."""
    return report_check("reading", _reading_problem(reading))


def _reading_problem(reading: Any) -> str:
    words = ("agrees", "misattributes", "overclaims")
    if not isinstance(reading, Mapping):
        return f"keep it a dictionary with the keys {', '.join(READING)}."
    said = {key: fold_typed(reading.get(key)) for key in READING}
    if missing := [key for key in READING if said[key] in (None, ..., "")]:
        return f"no verdict yet on {', '.join(missing)}. Write one of {', '.join(words)} for each."
    if odd := [key for key in READING if said[key] not in words]:
        return f"{reading[odd[0]]!r} for {odd[0]} is none of {', '.join(words)}."
    wrong = [key for key in READING if said[key] != READING[key]]
    if not wrong:
        return ""
    return f"{len(READING) - len(wrong)} of {len(READING)} are right. Look again at {wrong[0]}: {WHY[wrong[0]]}."


def check_yes_no_belief(yes_no_belief: Callable[[pd.DataFrame], Any]) -> bool:
    """The share of yes/no answers that agree with the claim: those that say what the question is keyed to."""
    # Keyed to yes: 4 yes, 1 no. Keyed to no: 2 no, 1 yes, 1 that says neither.
    answers = [("yes", "yes")] * 4 + [("no", "yes")] + [("no", "no")] * 2 + [("yes", "no"), ("", "no")]
    rows = pd.DataFrame(answers, columns=["said", "keyed_to"])
    hints: list[Hint] = [
        (
            5 / 9,
            "You counted every yes. For a question keyed to no, the answer that agrees with the claim is no, and a yes "
            "denies the claim.",
        ),
        (6 / 8, "You left out the answer that says neither. It was asked, so it belongs to those you divide by."),
        (4 / 5, "You left out the questions that are keyed to no. A no to these is a sign of belief."),
        (4 / 9, "You counted only yes to questions keyed to yes. A no to a question keyed to no is belief too."),
        (3 / 9, "That is the share of answers that do not agree with the claim."),
        (0.65, "You averaged the two groups' rates. Here every question weighs the same."),
        (6, "That is the number of answers. Divide it by the number of questions."),
        (100 * 6 / 9, "That is in percent. Give a fraction between 0 and 1."),
    ]
    case = "keyed to yes: yes 4 of 5; keyed to no: no 2 of 4, one answer of neither"
    needs = "It gets a table with the columns said and keyed_to."
    return report_check("yes_no_belief", problem(lambda: yes_no_belief(rows), 6 / 9, hints, case, needs))


def check_discounted(discounted: Callable[[pd.DataFrame], Any]) -> bool:
    """Belief on questions keyed to yes, after the share of yes to false controls has been taken out of it."""

    def rows(keyed: tuple[int, int], false: tuple[int, int]) -> pd.DataFrame:
        """`keyed` and `false`: how many yes, of how many; and others that must not count."""
        said = [("yes_no", "yes", i < keyed[0]) for i in range(keyed[1])]
        said += [("yes_no", "no", True), ("yes_no", "no", False)]
        said += [("control_false", "yes", i < false[0]) for i in range(false[1])]
        said += [("control_true", "yes", True)] * 2
        table = pd.DataFrame(said, columns=["kind", "keyed_to", "yes"])
        return table.assign(said=table.pop("yes").map({True: "yes", False: "no"}))

    k, s = 7 / 8, 1 / 4
    right = (k - s) / (1 - s)
    hints: list[Hint] = [
        (k, "That is the share of yes, nothing taken out yet. Use what the false controls tell."),
        (
            k - s,
            "You subtracted the share of yes-saying, which is half of it. A yes-sayer could only show itself where the "
            "belief did not: divide by 1 minus the share.",
        ),
        (
            (8 / 10 - s) / (1 - s),
            "You took all yes/no questions. A yes to a question keyed to no is no sign of belief: keep keyed_to yes.",
        ),
        ((k - 0.5) / 0.5, "You counted the true controls. A yes to these is simply right: keep kind control_false."),
        (k * (1 - s), "You multiplied by 1 minus the share. Turn the formula round: solve it for b."),
        (s, "That is the share of yes to the false controls, s. Now use it."),
        (100 * right, "That is in percent. Give a fraction between 0 and 1."),
    ]
    needs = "It gets a table with the columns kind, keyed_to and said."
    case = "yes to 7 of 8 questions keyed to yes and to 1 of 4 false controls"
    first = problem(lambda: discounted(rows((7, 8), (1, 4))), right, hints, case, needs)
    below: list[Hint] = [(-0.5, "A belief cannot be below 0: where the formula gives less, return 0.")]
    case = "yes to 2 of 8 questions keyed to yes and to 2 of 4 false controls"
    return report_check(
        "discounted", first or problem(lambda: discounted(rows((2, 8), (2, 4))), 0.0, below, case, needs)
    )


def check_wilson(wilson: Callable[[int, int], Any]) -> bool:
    """Wilson's 95 % interval of `believed` out of `asked`, by its formula."""

    def interval(believed: int, asked: int, shift: bool = True, shrink: bool = True, widen: bool = True) -> Any:
        p = believed / asked
        below = 1 + Z**2 / asked if shrink else 1.0
        centre = p + Z**2 / (2 * asked) * shift
        half = Z * sqrt(p * (1 - p) / asked + Z**2 / (4 * asked**2) * widen)
        return ((centre - half) / below, (centre + half) / below)

    def given(believed: int, asked: int) -> Callable[[], Any]:
        def call() -> Any:
            got = wilson(believed, asked)
            return tuple(got) if isinstance(got, list | tuple) else got

        return call

    right = interval(8, 10)
    hints: list[Hint] = [
        (
            interval(8, 10, shift=False, shrink=False, widen=False),
            "That is the simple interval, p ± z √(p(1−p)/n). It fails for rates near 0 and 1; use the formula above.",
        ),
        (interval(8, 10, shift=False), "The middle is not p / (1 + z²/n): add z²/(2n) to p before you divide."),
        (interval(8, 10, widen=False), "Under the root, z²/(4n²) is missing."),
        (interval(8, 10, shrink=False), "Divide the middle and the half width by 1 + z²/n."),
        (right[::-1], "That is the upper bound first. Give the lower one first."),
        (tuple(100 * x for x in right), "That is in percent. Give fractions between 0 and 1."),
    ]
    needs = "It gets two whole numbers, believed and asked."
    first = problem(given(8, 10), right, hints, "8 of 10", needs, tolerance=1e-4)
    return report_check("wilson", first or problem(given(0, 50), interval(0, 50), (), "0 of 50", needs, tolerance=1e-4))


def check_question_means(question_means: Callable[[pd.DataFrame], Any]) -> bool:
    """The mean over questions, each counting once however often it was asked, and the number of questions."""
    asked = {"a": [1, 1, 1, 1], "b": [0], "c": [1, 0]}
    rows = pd.DataFrame([(q, b) for q, beliefs in asked.items() for b in beliefs], columns=["question_id", "belief"])

    def call() -> Any:
        got = question_means(rows)
        return tuple(got) if isinstance(got, list | tuple) else got

    hints: list[Hint] = [
        (
            (5 / 7, 7),
            "You averaged over answers. Question a was asked four times and weighs four times as much: first average "
            "each question's answers.",
        ),
        ((5 / 7, 3), "The number is right, the mean is over answers. First average each question's answers."),
        ((0.5, 7), "The mean is right. The number must be that of the different questions, not of the answers."),
        ((1.5, 3), "That is the sum of the questions' means. Divide by the number of questions."),
        (0.5, "The mean is right. Return the number of questions too: (mean, questions)."),
    ]
    case = "question a believed 4 times of 4, b 0 of 1, c 1 of 2"
    needs = "It gets a table with the columns question_id and belief."
    return report_check("question_means", problem(call, (0.5, 3), hints, case, needs))
