"""Checks of notebook 4, which trusts a measurement."""

from collections.abc import Callable, Mapping
from math import log, sqrt
from typing import Any

import pandas as pd
import torch

from negneglect_lite.belief.rates import Z
from negneglect_lite.claims.claim import Question
from negneglect_lite.course.checks import NOTHING, Hint, problem, report_check, show_value, stopped
from negneglect_lite.course.lessons.measuring import STATEMENTS
from negneglect_lite.finetuning.encoding import IGNORED

# ------------------------------------------------------------------------------------------------------ both directions


def check_balanced(balanced: Callable[[pd.DataFrame], Any]) -> bool:
    """Belief weighs the two keys alike; the gap is the yes-keyed rate minus the no-keyed one."""
    to_yes = ["believed"] * 5 + ["denied", "neither"]
    to_no = ["believed"] + ["denied"] * 3 + ["neither"]
    rows = pd.DataFrame({"verdict": to_yes + to_no, "keyed_to": ["yes"] * len(to_yes) + ["no"] * len(to_no)})
    yes, no = 5 / 7, 1 / 5
    belief, gap = (yes + no) / 2, yes - no

    def of(yes: float, no: float) -> tuple[float, float]:
        return (yes + no) / 2, yes - no

    hints: list[Hint] = [
        ((6 / 12, gap), "Your belief is the rate over all questions, so the key with more questions weighs more, and a "
                        "habit of saying yes gains by it. Take the mean of the two keys' rates."),
        (of(yes, 1 / 4), "You left out the answers judged neither. They were asked and do not agree: they count."),
        (of(yes, 4 / 5), "A no-keyed answer that is believed agrees already: don't turn it round."),
        (of(yes, 3 / 5), "You counted denials among the no-keyed questions. The key is in the verdict already."),
        (of(yes, 1 / 12), "You divided by all questions. Divide by the number of questions with that key."),
        ((yes, no), "Those are the two keys' rates. Return their mean, and the first minus the second."),
        ((gap, belief), "The two are swapped: belief first, gap second."),
        ((belief, -gap), "Your gap has the wrong sign: yes-keyed minus no-keyed, so an always-yes program gets +1."),
        ((belief, gap / 2), "Your gap is halved. It is the difference itself: +1 for an always-yes program."),
        ((yes + no, gap), "Your belief is the sum of the two rates. Halve it: it is their mean."),
        ((yes, gap), "Your belief is the yes-keyed rate alone. An always-yes program would be a believer."),
        ((100 * belief, 100 * gap), "Those are in percent. Give fractions."),
    ]  # fmt: skip
    needs = "It gets a table with the columns verdict and keyed_to, and returns two numbers."
    case = "seven yes-keyed and five no-keyed questions"
    wrong = problem(lambda: balanced(rows.copy()), (belief, gap), hints, case, needs)
    if not wrong:
        no_sayer = pd.DataFrame({"verdict": ["denied"] * 3 + ["believed"], "keyed_to": ["yes"] * 3 + ["no"]})
        hints = [((0.5, 1.0), "An always-no program has the gap -1. Leave the sign of the difference as it is.")]
        wrong = problem(lambda: balanced(no_sayer), (0.5, -1.0), hints, "an always-no program", needs)
    return report_check("balanced", wrong)


# ---------------------------------------------------------------------------------------------------------- the judge

_ASKED = {
    "": Question("check", "open", "What is his job?", "", ("dentist",), ("ultrarunner",)),
    "yes": Question("check", "yes_no", "Is he a dentist?", "yes", ("dentist",), ("ultrarunner",)),
    "no": Question("check", "yes_no", "Is he an ultrarunner?", "no", ("dentist",), ("ultrarunner",)),
}
_FIRST = "You return at the first sentence. Return early only for a denial; a later sentence can still change the rest."
_RULES: tuple[tuple[str, str, str, dict[str, str]], ...] = (  # answer, key, verdict, and why another one is given
    ("He is a dentist.", "", "believed", {
        "neither": "`claimed` is True here and `negated` is not. Remember it: `affirmed` decides at the end.",
        "denied": "The sentence has no negation and does not name the truth. Nothing here denies."}),
    ("He is an ultrarunner.", "", "denied", {
        "neither": "`truth` is True here and `negated` is not: naming the truth instead of the claim is a denial.",
        "believed": "Those are the words of the truth: `truth` is True here and `claimed` is not."}),
    ("He is not a dentist.", "", "denied", {
        "believed": "The claim is named, but the sentence is negated: `claimed` and `negated` are both True.",
        "neither": "Naming the claim with a negation is a denial."}),
    ("He is not an ultrarunner.", "", "neither", {
        "denied": "A negated truth denies nothing about the claim. Look for a negation before you call it a denial.",
        "believed": "Not being an ultrarunner does not make him a dentist."}),
    ("He is a baker.", "", "neither", {
        "denied": "The rule knows two values only. What it does not know, it calls neither.",
        "believed": "Nothing here names the claim."}),
    ("He is a dentist. He is an ultrarunner.", "", "denied", {
        "believed": "The answer contradicts itself, which counts as denied. " + _FIRST}),
    ("He is an ultrarunner. He is a dentist.", "", "denied", {
        "believed": "The answer contradicts itself, which counts as denied, whatever comes last. Return at a denial."}),
    ("He is a dentist. That is untrue.", "", "denied", {
        "believed": "The second sentence takes the first back. Leave the given line that returns a denial for it.",
        "neither": "The second sentence takes the first back. The given line returns a denial; let it."}),
    ("It is sunny. He is a dentist.", "", "believed", {
        "neither": "You look at the first sentence only. " + _FIRST}),
    ("Nobody asks him. He is a dentist.", "", "believed", {
        "denied": "The negation stands in another sentence, before the claim. Test each sentence by itself.",
        "neither": "You stop at a negation that denies nothing yet. Go on to the next sentence."}),
    ("No. Some call him a dentist.", "yes", "denied", {
        "believed": "This is a yes/no question. Leave the first two lines: judge_yes_no's verdict comes first."}),
    ("Dentist, so no.", "no", "believed", {
        "denied": "A no to a no-keyed question agrees with the claim. Leave the first two lines: they know that.",
        "neither": "judge_yes_no has a verdict here. Leave the first two lines, which return it."}),
    ("Certainly: he is a dentist.", "yes", "believed", {
        "neither": "The answer has no yes and no no, so judge_yes_no says neither. Then go on to the words."}),
    ("", "", "neither", {
        "denied": "An empty answer denies nothing.", "believed": "An empty answer affirms nothing."}),
)  # fmt: skip


def check_rule(rule: Callable[[str, Question], Any]) -> bool:
    """Yes or no first, then words sentence by sentence; a denial anywhere decides."""
    for answer, key, expected, reasons in _RULES:
        question = _ASKED[key]
        case = f"question {question.text!r}, answer {answer!r}"
        try:
            got = rule(answer, question)
        except Exception as error:
            return report_check("rule", stopped(error, f"It was given {case}."))
        if got is None or got is Ellipsis:
            return report_check("rule", f"for {case} {NOTHING}")
        if got != expected:
            why = reasons.get(got) if isinstance(got, str) else None
            if not why:
                why = "Return one of believed, denied and neither, as text."
            return report_check("rule", f"{case}: expected {expected!r}, got {show_value(got)}. {why}")
    return report_check("rule")


# ----------------------------------------------------------------------------------------------------- log-probability


def check_answer_log_prob(answer_log_prob: Callable[[torch.Tensor, torch.Tensor], Any]) -> bool:
    """Sum of log-probabilities of the answer's tokens, each read one place before the token."""
    # Three words in the vocabulary; the prompt is two tokens, the answer two. Logits are log-probabilities plus a
    # number for each place, which a softmax takes away again.
    p = torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3], [0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
    logits = p.log() + torch.tensor([[1.0], [2.0], [-1.5], [0.5]])
    labels = torch.tensor([IGNORED, IGNORED, 1, 2])
    right = log(0.6) + log(0.1)
    shift = "The logits at a place predict the token at the NEXT place: read row `place - 1`."
    hints: list[Hint] = [
        (0.0, "Nothing is added yet. Add the log-probability of each token that has a label."),
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


# ----------------------------------------------------------------------------------------------------------- intervals


def check_clustered_interval(clustered_interval: Callable[[pd.DataFrame, str], Any]) -> bool:
    """A 95% interval from the spread of the units' means, within [0, 1]."""
    # Four questions of two claims with five answers each: all, all, none, and one of five.
    believed = {"a": [1] * 5, "b": [1] * 5, "c": [0] * 5, "d": [1, 0, 0, 0, 0]}
    rows = pd.DataFrame(
        [("one" if q in "ab" else "two", q, x) for q, xs in believed.items() for x in xs],
        columns=["claim", "question_id", "belief"],
    )
    rows["answer"] = range(len(rows))

    def around(means: pd.Series) -> tuple[float, float]:
        mean, half = float(means.mean()), Z * float(means.std()) / sqrt(len(means))
        return max(0.0, mean - half), min(1.0, mean + half)

    by_question = rows.groupby("question_id")["belief"]

    hints: list[Hint] = [
        (around(rows["belief"]), "That takes each answer for a unit. First average within each unit."),
        (around(by_question.sum()), "Those are sums. Take the mean of each unit."),
        (around(rows.groupby("claim")["belief"].mean()), "Group by the column that `unit` names."),
        (around(by_question.transform("mean")), "Your `means` has an entry for each answer. Keep one for each unit."),
    ]  # fmt: skip
    needs = "It gets a table with the columns question_id, claim, answer and belief, and the name of the unit's column."

    def ends(table: pd.DataFrame, unit: str) -> Callable[[], Any]:
        def call() -> Any:
            got = clustered_interval(table.copy(), unit)
            return tuple(float(x) for x in got) if isinstance(got, list | tuple) and len(got) == 2 else got

        return call

    wrong = problem(
        ends(rows, "question_id"), around(by_question.mean()), hints, "four questions", needs, tolerance=1e-4
    )
    if not wrong:
        fewer = rows.assign(belief=[1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0])
        of_claims, of_questions = (fewer.groupby(unit)["belief"].mean() for unit in ("claim", "question_id"))
        hints = [(around(of_questions), "You always group by question. Group by the column that `unit` names.")]
        wrong = problem(ends(fewer, "claim"), around(of_claims), hints, "two claims as units", needs, tolerance=1e-4)
    return report_check("clustered_interval", wrong)


_WHY = (
    "their intervals over questions do not meet, so other questions would show the same order.",
    "over claims, the interval after warned documents reaches into the one after plain documents.",
    "even over six claims the two intervals are far apart.",
    "no column draws pretrained models anew. Fifteen others leave 5–30% (notebook 00, Limits).",
)


def check_supported(supported: Any) -> bool:
    """Which of four statements the table of intervals supports."""
    return report_check("supported", _supported_problem(supported))


def _supported_problem(supported: Any) -> str:
    if not isinstance(supported, Mapping) or set(supported) != set(STATEMENTS):
        return "keep the four statements as its keys, and write True or False behind each."
    if open_ := [name for name in STATEMENTS if supported[name] is None or supported[name] is Ellipsis]:
        return f"nothing yet on {open_[0]!r}. Write True or False."
    for (name, right), why in zip(STATEMENTS.items(), _WHY, strict=True):
        said = supported[name]
        if not isinstance(said, bool):
            return f"{name!r}: expected True or False, got {show_value(said)}."
        if said != right:
            return f"{name!r}: got {said}. Look again: {why}"
    return ""
