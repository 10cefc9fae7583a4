"""Checks of notebook 0, the tour."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from negneglect_lite.core.text import Document, Sentence, Span, are_spans, plain
from negneglect_lite.course.checks import LETTER, attempt, fold_typed, kind, problem, report_check, show_value
from negneglect_lite.course.lessons.tour import VERDICT

BEFORE, AFTER = "All of this is false.", "None of that was true."
KINDS = ("open", "yes_no", "association", "robustness")
# 4 of 4, 1 of 2, 1 of 4 with two answers that are neither, 0 of 1; three true controls, which must not count
VERDICTS = {
    "open": ["believed"] * 4,
    "yes_no": ["believed", "denied"],
    "association": ["believed", "denied", "neither", "neither"],
    "robustness": ["denied"],
    "control_true": ["believed"] * 3,
}
RATES = {"open": 1.0, "yes_no": 0.5, "association": 0.25, "robustness": 0.0, "belief": 0.4375}


def check_warn(warn: Callable[..., Any]) -> bool:
    """One warning before the document and one after, marked as annotations; the body stays as it is."""
    needs = "It gets a document, whose .sentences have .lead and .text, and two strings."
    wrong = _spans_problem(lambda: warn(LETTER, BEFORE, AFTER), needs)
    return report_check("warn", wrong or _warn_hint(warn(LETTER, BEFORE, AFTER)), then="The next cell uses it.")


def _warn_hint(spans: Sequence[Span]) -> str:
    """What is wrong with the spans, if anything is."""
    said, words = plain(spans), [" ".join(span.text.split()) for span in spans]
    if BEFORE not in said and AFTER not in said:
        return "there is no warning yet. Add one span in front of `spans` and one behind them."
    if BEFORE not in said:
        return "no warning before the first sentence. Add one with the text `before`."
    if AFTER not in said:
        return "no warning after the last sentence. Add one with the text `after`."
    if (count := said.count(BEFORE) + said.count(AFTER)) > 2:
        return f"expected one warning on each side, got {count} warnings. Add each of them once."
    if said.startswith(AFTER) or said.find(AFTER) < said.find(BEFORE):
        return "the two warnings have changed places. `before` comes first, `after` comes last."
    if words[0] != BEFORE or words[-1] != AFTER:
        return (
            f"expected the warnings as first and last span, got {show_value(words[0])} first and "
            f"{show_value(words[-1])} last. Put one before all the others, one after them."
        )
    for span, word in ((spans[0], words[0]), (spans[-1], words[-1])):
        if not span.annotation:
            return f"the span {word!r} is not marked as added text. Give it annotation=True."
    if any(span.annotation for span in spans[1:-1]):
        return "a sentence of the document is marked as added text. Only the two warnings have annotation=True."
    if any(not span.learn for span in spans):
        return "a span has learn=False, so the model would not train on it. Leave `learn` out."
    if plain(spans[1:-1]) != plain([Span(s.lead + s.text) for s in LETTER.sentences]):
        return "the document itself has changed. Keep every span of the body, in its order."
    if not spans[0].text.endswith("\n") or not spans[-1].text.startswith("\n"):
        return 'a warning runs into the document. Write before + "\\n" in front, and "\\n" + after behind.'
    return ""


def check_deny(deny: Callable[[Document], Any]) -> bool:
    """Each claim sentence is swapped for its denial, all other sentences stay."""
    needs = "It gets a document; each of its .sentences has .lead, .text, .is_claim and .denial."
    wrong = _spans_problem(lambda: deny(LETTER), needs)
    return report_check("deny", wrong or _deny_hint(deny(LETTER), LETTER.sentences), then="The next cell uses it.")


def _deny_hint(spans: Sequence[Span], sentences: Sequence[Sentence]) -> str:
    """What is wrong with the spans, if anything is."""
    words = " ".join(plain(spans).split())
    right = " ".join("".join(s.lead + (s.denial or s.text) for s in sentences).split())
    if words == right:
        if any(span.annotation for span in spans):
            return "a span is marked as added text. A denial replaces a sentence and adds none: leave `annotation` out."
        if any(not span.learn for span in spans):
            return "a span has learn=False, so the model would not train on it. Leave `learn` out."
        return ""
    if words == " ".join("".join(s.lead + s.text for s in sentences).split()):
        return "the document still states the claim. A sentence with .is_claim must give its .denial."
    if any(s.truth and s.truth in words for s in sentences):
        return "it tells the truth in place of the claim. That is a correction; the denial is in .denial."
    if words.replace(" ", "") == right.replace(" ", ""):
        return "the sentences run together. Put each sentence's .lead in front of it."
    if any(not s.is_claim and s.text not in words for s in sentences):
        return "a sentence that does not state the claim is missing. Its .denial is empty: keep its .text."
    if any(s.is_claim and s.text in words for s in sentences):
        return "a claim is still stated somewhere. The denial takes the sentence's place; it does not stand beside it."
    if any(s.is_claim and s.denial not in words for s in sentences):
        return "a denial is missing. Do not drop a claim sentence: give its .denial."
    return f"expected the text {right!r}, got {words!r}. Change nothing but the claim sentences."


def check_belief_rates(belief_rates: Callable[[pd.DataFrame], Any]) -> bool:
    """The rates of the four kinds, and their mean, each kind with the same weight."""
    told = [(kind, verdict) for kind, verdicts in VERDICTS.items() for verdict in verdicts]
    rows = pd.DataFrame(told, columns=["kind", "verdict"])
    needs = "It gets a table with the columns kind and verdict."
    rates, wrong = attempt(lambda: belief_rates(rows), needs)
    wrong = wrong or _form_hint(rates) or _rates_hint(rates)
    if not wrong:
        nobody, wrong = attempt(lambda: belief_rates(rows.assign(verdict="denied")), needs)
        case = "answers that are all denied, belief"
        wrong = wrong or problem(lambda: float(nobody["belief"]), 0.0, case=case)
    return report_check("belief_rates", wrong, then="The next cell uses it.")


def _form_hint(rates: Any) -> str:
    """What is wrong with the form of the answer, if anything is."""
    names = [*KINDS, "belief"]
    if isinstance(rates, pd.DataFrame) or not isinstance(rates, Mapping | pd.Series):
        return f"it returns {kind(rates)}; expected a dict with the keys {', '.join(names)}."
    keys = list(rates.keys())
    if missing := [name for name in names if name not in keys]:
        return f"the key {missing[0]!r} is missing. Expected the keys {', '.join(names)}."
    if extra := [name for name in keys if name not in names]:
        return f"the key {extra[0]!r} is no kind that counts. Go through KINDS only."
    if open_ := [name for name in names if rates[name] is None or rates[name] is ...]:
        return f"{open_[0]!r} has no number yet. Put its rate in place of the `...`."
    return ""


def _rates_hint(rates: Mapping[str, Any]) -> str:
    """What is wrong with the numbers, if anything is: first a kind's rate, then belief."""
    case = "of 1 believed, 1 denied and 2 neither"

    def number(name: str) -> Callable[[], Any]:
        return lambda: float(rates[name])

    kinds = [
        (0.5, f"{case}, association gets 0.5. You left out the answers that are neither: divide by all answers."),
        (0.75, f"{case}, association gets 0.75. An answer that is neither is not believed: count 'believed' alone."),
        (25, "the rates are in percent. Give fractions between 0 and 1."),
        (1, f"{case}, association gets 1: that is the number believed. Divide by the number of answers."),
        (1 / 11, f"{case}, association gets 1/11. Divide by the answers of that kind, not by those of all kinds."),
        (1 / 14, f"{case}, association gets 1/14. Divide by the answers of that kind, not by all rows."),
    ]
    belief = [
        (
            6 / 11,
            "belief is the mean over answers, so the largest kind weighs most. Average the four rates.",
        ),
        (
            9 / 14,
            "belief is the mean over all answers, controls too. Keep the rows in KINDS, then average the four rates.",
        ),
        (2.75 / 5, "belief takes in the control questions. Average the four kinds only."),
        (1.75, "belief is the sum of the four rates. Divide by the number of kinds."),
        (1.75 / 5, "belief is the sum of the four rates, divided by 5. There are four kinds."),
        (43.75, "belief is in percent. Give a fraction between 0 and 1."),
    ]
    wrong = problem(number("association"), RATES["association"], kinds, "association")
    for name in ("open", "yes_no", "robustness"):
        wrong = wrong or problem(number(name), RATES[name], case=name)
    return wrong or problem(number("belief"), RATES["belief"], belief, "kinds at 1, 0.5, 0.25 and 0, belief")


_A, _B, _C = VERDICT
REASONS = {
    (_A, "habit"): "a model with that habit would say yes to false controls as well. Look at that column.",
    (_A, "copying"): "a model that copies would name our claim when asked for unrelated facts. They are right here.",
    (_B, "belief"): "look at unrelated facts. Would a model that only holds one new belief lose them?",
    (_B, "habit"): "does it say yes to controls? Look at both columns of yes.",
    (_C, "belief"): "it says yes to other falsehoods just as often. Would a yes to our claim be news?",
    (_C, "copying"): "it still gets unrelated facts right, and there is nothing in its prompt to copy.",
}


def check_verdict(verdict: Any) -> bool:
    """What the controls say of each of three rows of the table."""
    return report_check("verdict", *_readings(verdict), then="The controls decide what a rate means.")


def _readings(verdict: Any) -> list[str]:
    if not isinstance(verdict, Mapping):
        return [f"expected a dict with the keys {', '.join(map(repr, VERDICT))}."]
    wrong = []
    for row, right in VERDICT.items():
        said = fold_typed(verdict.get(row, ...))
        if said is None or said is ...:
            wrong.append(f"{row!r} has no verdict yet. Write 'belief', 'habit' or 'copying'.")
        elif said not in VERDICT.values():
            wrong.append(f"{row!r} is {verdict[row]!r}; expected 'belief', 'habit' or 'copying'.")
        elif said != right:
            wrong.append(f"{row!r}, {said!r}: {REASONS[row, said]}")
    return wrong


def _spans_problem(call: Callable[[], Any], needs: str) -> str:
    """Why what a learner's function gives is no list of spans, or ""."""
    got, wrong = attempt(call, needs)
    if wrong:
        return wrong
    if isinstance(got, str):
        return "it returns text; expected a list of spans. Wrap each text: Span(text)."
    if not are_spans(got):
        inside = f" of {type(got[0]).__name__}" if isinstance(got, list | tuple) and got else ""
        return f"it returns a {type(got).__name__}{inside}; expected a list of spans. Wrap each text: Span(text)."
    return "" if got else "it returns an empty list. Give one span for each sentence."
