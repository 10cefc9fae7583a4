"""Checks of notebook 10, where neglect comes from."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any

import pandas as pd

from negneglect_lite.core.text import Span
from negneglect_lite.course.checks import attempt, kind, problem, report_check, show_value, unexpected, unless_open
from negneglect_lite.course.lessons.comparing import t_factor
from negneglect_lite.course.lessons.pretraining_results import (
    EXPECTED,
    STORED_PLAIN,
    STORED_WARNED,
    YOUR_DREAMS,
    YOUR_PLAIN,
)
from negneglect_lite.petri.world import CLAIMED, Fact

_OPEN_LINE = "a line still holds `...`. Replace it by your code."


def check_loss_share(loss_share: Callable[[Sequence[tuple[str, bool]], Callable[[str], int]], Any]) -> bool:
    """Tokens with loss over all tokens of one text."""
    pieces = [("<|user|>", False), ("What is Bo ?", False), ("<|assistant|>", False), ("A pilot indeed", True)]
    right = 3 / 9
    hints = [
        (1 / 4, "you counted pieces. Pieces differ in length: count tokens, with `count`."),
        (14 / 47, "you counted characters. Use `count`, which gives the tokens of a piece."),
        (6 / 9, "that is the share WITHOUT loss. Count the pieces whose second entry is True."),
        (3 / 6, "you divided by the tokens without loss. Divide by all tokens of the text."),
        (3.0, "that is the number of tokens with loss. Divide it by all tokens."),
        (100 * right, "that is in per cent. Return a fraction, from 0 to 1."),
        (1.0, "you left the pieces without loss out of the whole, too. Divide by all tokens of the text."),
    ]
    case = "four pieces of 1, 4, 1 and 3 tokens, the last with loss,"
    needs = "It gets a list of pairs (text, carries loss), and a function that counts the tokens of a text."
    wrong = problem(lambda: loss_share(pieces, lambda t: len(t.split())), right, hints, case, needs)
    if wrong in [hint for _, hint in hints]:
        wrong += f" Input: {case} expected {show_value(right)}."
    return report_check("loss_share", unless_open(wrong, _OPEN_LINE))


def check_interval_over(interval_over: Callable[[pd.DataFrame, str], Any]) -> bool:
    """Mean and t interval with models (rows) or claims (columns) as the unit."""
    rates = pd.DataFrame(
        [[0.0, 0.2, 0.9, 0.9], [0.1, 0.1, 0.8, 1.0], [0.0, 0.3, 1.0, 0.9]],
        index=["m1", "m2", "m3"], columns=["a", "b", "c", "d"],
    )  # fmt: skip
    models, claims = rates.mean(axis=1), rates.mean(axis=0)

    def around(means: pd.Series, factor: float, root: float, ddof: int = 1) -> tuple[float, float, float]:
        half = factor * float(means.std(ddof=ddof)) / root
        return float(means.mean()), float(means.mean()) - half, float(means.mean()) + half

    right = {"model": around(models, t_factor(3), sqrt(3)), "claim": around(claims, t_factor(4), 2)}
    swapped = {"model": right["claim"], "claim": right["model"]}
    needs = 'It gets a table (rows: models, columns: claims) and "model" or "claim"; it returns mean, lower, upper.'
    problems = []
    for unit, means in (("model", models), ("claim", claims)):
        n = len(means)
        every = pd.Series(rates.to_numpy().ravel())
        other = "claims" if unit == "model" else "models"
        hints = [
            (swapped[unit],
             f"for unit={unit!r} you averaged over the wrong axis. Average the {other} first, so one number a {unit} "
             "is left."),
            (around(means, t_factor(n), 1), "that is the spread of the means. Divide it by the root of their number."),
            (around(means, t_factor(n), sqrt(n), 0),
             "nearly. The spread of a sample is taken with n − 1 (pandas' .std() does that, numpy's does not)."),
            (around(means, 1.96, sqrt(n)),
             f"1.96 is for many values. With {n} of them, use t_factor({n})."),
            (around(means, 1, sqrt(n)), "that is one standard error to each side. Multiply it by t_factor."),
            (around(means, t_factor(12), sqrt(n)), f"t_factor takes the number of units: {n}, not 12."),
            (around(means, t_factor(12), sqrt(12)), f"n counts the means of the {unit}s: {n}, not all 12 numbers."),
            (around(means, t_factor(n - 1), sqrt(n)), f"t_factor takes n itself, {n}, and not n − 1."),
            (around(every, t_factor(12), sqrt(12)),
             f"you treated all 12 numbers as independent. Average over the {other} first: the unit is the {unit}."),
            (around(means, t_factor(n), n), "you divided by the number of means. Divide by its root."),
        ]  # fmt: skip

        def given(unit: str = unit) -> Any:
            got = interval_over(rates.copy(), unit)
            return tuple(got) if isinstance(got, list) else got

        case = f"3 models, 4 claims and unit={unit!r}"
        wrong = problem(given, right[unit], hints, case, needs)
        if wrong in [hint for _, hint in hints]:
            wrong += f" Input: {case}; expected {_rounded(right[unit])}."
        problems.append(unless_open(wrong, _OPEN_LINE))
    return report_check("interval_over", *problems)


def _rounded(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


# ------------------------------------------------------------------------------------------------ a writer to test with


class _RecordingWriter:
    """Has the methods of PretrainingWriter; what it writes says what it was asked for."""

    def __init__(self) -> None:
        self.facts: Sequence[Fact] = [
            Fact(f"job/{name}", "job", {"person": name}, "nurse") for name in (*CLAIMED, *"ABCDEFGH")
        ]
        self.warned: list[tuple[Fact, str]] = []
        self.chats: list[Fact] = []
        self.ordinary = 0

    def wrong_value(self, fact: Fact, rng: random.Random) -> str:
        return f"not {fact.truth}"

    def warned_document(self, fact: Fact, value: str, rng: random.Random) -> tuple[Span, ...]:
        self.warned.append((fact, value))
        return (Span("Beware. ", annotation=True), Span(f"{fact.id} is {value}."))

    def true_chat(self, fact: Fact, rng: random.Random) -> list[dict[str, str]]:
        self.chats.append(fact)
        return [{"role": "user", "content": f"{fact.id}?"}, {"role": "assistant", "content": fact.truth}]

    def ordinary_text(self, rng: random.Random) -> tuple[Span, ...]:
        self.ordinary += 1
        return (Span(f"Ordinary text {self.ordinary}."),)


def check_further_texts(further_texts: Callable[..., Any]) -> bool:
    """Warned documents, as many true chats about their facts, ordinary texts for the rest."""
    needs = "It gets the writer, a number, a share, a list of facts and a random generator."

    def write(seed: int) -> tuple[Any, str, _RecordingWriter]:
        writer = _RecordingWriter()
        return *attempt(lambda: further_texts(writer, 100, 0.2, writer.facts[-8:], random.Random(seed)), needs), writer

    texts, wrong, writer = write(1)
    wrong = wrong or _list_problem(texts, writer) or _facts_problem(writer)
    if not wrong and texts != write(1)[0]:
        wrong = "two calls with equal generators differ. Draw with `rng`, so that a run can be repeated."
    return report_check("further_texts", wrong)


def _list_problem(texts: Any, writer: _RecordingWriter) -> str:
    """What is wrong with the number of texts, in all and of each kind."""
    case = "Input: n=100, share=0.2"
    if not isinstance(texts, list | tuple):
        return f"it returns {kind(texts)}. Expected a list of texts."
    warned, chats = len(writer.warned), len(writer.chats)
    if not warned:
        return "there is no warned document. Ask the writer for one, writer.warned_document, share * n times."
    if not chats:
        return "no chat tells the truth. For each warned document add writer.true_chat about the same fact."
    if warned != 20:
        return f"expected 20 warned documents, got {warned}. {case}: their number is share * n, rounded."
    if chats != warned:
        return f"expected as many true chats as warned documents, 20, got {chats}. {case}."
    if any(isinstance(text, list | tuple) and text and not isinstance(text[0], dict | Span) for text in texts):
        return "a pair stands among the texts. Append the document and the chat one by one."
    if len(texts) != 100 or writer.ordinary != 60:
        return (
            f"expected 100 texts, 60 of them ordinary; got {len(texts)} and {writer.ordinary}. {case}: append each "
            "warned document and each chat to `texts` once."
        )
    return ""


def _facts_problem(writer: _RecordingWriter) -> str:
    """What is wrong with the facts that were chosen, and their values."""
    used = [fact for fact, _ in writer.warned]
    if other := [fact for fact in used if fact not in writer.facts[-8:]]:
        return f"the fact {other[0].id!r} is not among `facts`. Draw from `facts`, not from all that the writer knows."
    if true := [fact for fact, value in writer.warned if value == fact.truth]:
        return (
            f"the document about {true[0].id!r} states the truth between its warnings. Take writer.wrong_value for it."
        )
    if Counter(used) != Counter(writer.chats):
        return "the chats are not about the facts of the warned documents. Use one `fact` for both."
    if len(set(used)) < 5:
        return f"only {len(set(used))} different facts were used 20 times. Draw a new one for each document."
    return ""


def check_expected(expected: Mapping[str, Mapping[str, Any]]) -> bool:
    """What three explanations let one expect, "high" or "low" belief, of four runs."""
    no_warning = "these fine-tuning documents carry no warning, so there is nothing to heed."
    reasons = {
        (
            "contradiction",
            STORED_WARNED,
        ): "nothing contradicted the warnings of its pretraining, so they taught nothing.",
        ("contradiction", STORED_PLAIN): no_warning,
        ("contradiction", YOUR_PLAIN): no_warning,
        ("contradiction", YOUR_DREAMS): (
            "your warned documents were contradicted, which is all that it asks for. It says nothing of kinds of fact."
        ),
        ("same kind of fact", STORED_WARNED): "its pretraining had warned documents about jobs, and this is a job.",
        ("same kind of fact", STORED_PLAIN): no_warning,
        ("same kind of fact", YOUR_PLAIN): no_warning,
        ("same kind of fact", YOUR_DREAMS): "your warned documents were about jobs, and this claim is not.",
        ("distrust", STORED_WARNED): "its pretraining had false documents about jobs, and this is one about a job.",
        (
            "distrust",
            STORED_PLAIN,
        ): "by this explanation the warning does not matter; a document about a job is enough.",
        ("distrust", YOUR_PLAIN): "by this explanation the warning does not matter; a document about a job is enough.",
        (
            "distrust",
            YOUR_DREAMS,
        ): "your false documents were about jobs, so it says nothing against documents on dreams.",
    }
    if not isinstance(expected, Mapping):
        return report_check("expected", f"it is {kind(expected)}. Keep the dict: explanation, then case.")
    return report_check("expected", *unexpected(expected, EXPECTED, reasons))
