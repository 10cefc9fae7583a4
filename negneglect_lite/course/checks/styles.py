"""Checks of notebook 5, compare styles."""

import random
from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from statistics import fmean, pstdev, stdev, variance
from typing import Any

import numpy as np
import pandas as pd

from negneglect_lite.core.text import Span, are_spans
from negneglect_lite.course.checks import LETTER, attempt, kind, report_check, same, show_value, stopped, unless_open
from negneglect_lite.course.lessons.comparing import prevented_shares, t_factor

PHRASES = {
    "notice_before": ("The text below is false.", "Nothing in the following is true."),
    "notice_after": ("The text above is false.", "Nothing in the above is true."),
    "claim_before": ("The next claim is false.", "Do not believe the next line."),
    "claim_after": ("That is not true.", "That claim was made up."),
    "correction": ("In truth: {truth}",),
}
_STYLE_NEEDS = "A style gets (document, phrases, rng) and returns a list of Span."


# ------------------------------------------------------------------------------------------------- repeated warnings


def check_warn_repeatedly(warn_repeatedly: Callable[..., Any]) -> bool:
    """A warning around each claim sentence, marked as annotation; the rest as it was, two warnings around it all."""
    one = {name: phrases[:1] for name, phrases in PHRASES.items()}
    first, last, before, after = (
        one[name][0] for name in ("notice_before", "notice_after", "claim_before", "claim_after")
    )

    opening, closing = Span(before, annotation=True), Span(after, annotation=True)

    def warned(*rest: Span | None, denied: bool = False) -> list[Span]:
        """The letter with `opening` and `rest` in place of each claim sentence; None stands for the sentence."""
        spans = []
        for s in LETTER.sentences:
            own = Span(s.denial or s.text if denied else s.text)
            spans += [opening, *(own if span is None else span for span in rest)] if s.is_claim else [own]
        return spans

    right = warned(None, closing)
    marked = [Span(f"{before} {s.text} {after}" if s.is_claim else s.text, annotation=s.is_claim)
              for s in LETTER.sentences]  # fmt: skip
    hints = [
        (warned(), "your two lines add nothing yet. Replace both `...` in the loop."),
        (warned(closing), "the claim sentence is missing. Add it before the warning `after`."),
        (warned(None), "no warning after the claim sentence. Add `after` in a span of its own."),
        (warned(None, Span(after)), "the warning `after` is not marked. Give it annotation=True."),
        (warned(None, opening), "`before` stands on both sides. The second warning is `after`."),
        (warned(closing, None), "both warnings stand before the claim sentence. Exchange your two lines."),
        (warned(None, closing, denied=True), "the claim is denied inside its sentence too. Keep the sentence's .text."),
        (marked, "the claim itself is marked as annotation. The author wrote it: leave the mark out."),
    ]
    case = f"a letter of {len(LETTER.sentences)} sentences, two of them claims"

    def fault() -> str:
        spans = warn_repeatedly(LETTER, one, random.Random(0))
        if spans is None or spans is Ellipsis:
            return "it returns nothing yet. Return the list of spans."
        if isinstance(spans, list | tuple) and any(span is Ellipsis for span in spans):
            return "a span is still `...`. Replace it."
        if not are_spans(spans):
            return f"it returns {kind(spans)}; expected a list whose items are all Span. Input: {case}."
        ends = (_joined([Span(first, annotation=True)])[0], _joined([Span(last, annotation=True)])[0])
        if len(spans) < 2 or (_joined(spans[:1]), _joined(spans[-1:])) != ([ends[0]], [ends[1]]):
            return f"the warnings around the whole document must stay: {first!r} first, {last!r} last. Input: {case}."
        got, expected = _joined(spans[1:-1]), _joined(right)
        if got != expected:
            hint = next((text for wrong, text in hints if got == _joined(wrong)), "think again.")
            return f"{hint} Input: {case}; expected {_briefly(expected)}; got {_briefly(got)}."
        text = "".join(span.text for span in spans)
        if " ".join(text.split()) != " ".join(s.text for s in [Span(first), *right, Span(last)]):
            return "sentences run together. Put the sentence's .lead before the warning, and a space at each seam."
        return ""

    return report_check("warn_repeatedly", _safely(fault, _STYLE_NEEDS))


def _joined(spans: Sequence[Span]) -> list[tuple[str, bool]]:
    """What the spans say, as (words, annotation), neighbours of one kind joined, whatever the white space."""
    joined: list[tuple[str, bool]] = []
    for span in spans:
        text = " ".join(span.text.split())
        if joined and joined[-1][1] == bool(span.annotation):
            joined[-1] = (f"{joined[-1][0]} {text}".strip(), joined[-1][1])
        elif text:
            joined.append((text, bool(span.annotation)))
    return joined


def _briefly(pieces: Sequence[tuple[str, bool]]) -> str:
    """The beginning of a text, warnings in angle brackets."""
    return " ".join(f"⟦{text}⟧" if marked else text for text, marked in pieces)[:150]


# -------------------------------------------------------------------------------------------------- belief prevented


def check_prevented(prevented: Callable[[pd.DataFrame], Any]) -> bool:
    """The fraction of the rise in belief that each style prevents, for each model; a gap where nothing rose."""
    table = pd.DataFrame(
        {
            "base": {"A": 0.1, "B": 0.0, "C": 0.3},
            "positive": {"A": 0.9, "B": 0.5, "C": 0.3},
            "negated": {"A": 0.7, "B": 0.5, "C": 0.4},
            "local": {"A": 0.1, "B": 0.1, "C": 0.1},
        }
    )
    right = prevented_shares(table)
    plain, base = table["positive"], table["base"]
    styles = table[["negated", "local"]]
    rise = plain - base

    def of(top: pd.DataFrame, bottom: Any = 1.0) -> pd.DataFrame:
        return top.div(bottom, axis=0)

    hints = [
        (1 - styles, "it compares with full belief. Compare with what plain documents teach: `positive`."),
        (of(styles.rsub(plain, axis=0), plain),
         "a model that believes nothing new still scores base. Subtract it below too."),
        (of(styles, plain), "that is the fraction still believed. What fraction of the rise is prevented?"),
        (of(styles.sub(base, axis=0), rise), "that is the fraction of the rise that is left. Take 1 minus it."),
        (styles.rsub(plain, axis=0), "that is a difference in belief. Divide it by the rise, positive minus base."),
        (styles.sub(base, axis=0), "that is the rise under the style. What part of the whole rise is missing?"),
        (of(styles.sub(plain, axis=0), rise), "the sign is turned round: a style that prevents belief is above 0."),
        (100 * right, "that is in percent. Give fractions."),
        (of(styles.rsub(plain.mean()), rise.mean()),
         "all models share one rise. Each model has its own: divide row by row."),
    ]  # fmt: skip
    case = "a table of three models, A, B and C"
    given = table.copy()

    def fault() -> str:
        got, wrong = attempt(lambda: prevented(given), "It gets a DataFrame with a row a model.")
        if "scalar values" in wrong:  # pandas', about a table without a column
            return "shares[style] is not a column yet. Give it a number for each model, in place of the `...`."
        if wrong:
            return unless_open(wrong)
        if not isinstance(got, pd.DataFrame):
            return f"it returns {kind(got)}; expected a DataFrame with a row a model and a column a style."
        if not given.equals(table):
            return "it changes the table it is given. Work on a copy, or on a new table."
        if set(got.columns) != set(right.columns) or set(got.index) != set(right.index):
            return (
                f"expected rows {list(right.index)} and columns {list(right.columns)}; got {list(got.index)} and "
                f"{list(got.columns)}. Input: {case}."
            )
        got = got.loc[right.index, right.columns].astype(float)
        rose = rise > 0
        if np.allclose(got[rose], right[rose]):
            if got.loc["C"].isna().all():
                return ""
            return (
                "for model C plain documents raise belief by nothing (0.3 before, 0.3 after), so no fraction of the "
                f"rise exists. Expected nan, got {list(got.loc['C'])}. Put nan where the rise is not above 0."
            )
        hint = next(
            (text for wrong, text in hints if np.allclose(got[rose], wrong[rose], equal_nan=True)), "think again."
        )
        a = table.loc["A"].to_dict()
        return f"{hint} Input: model A, {a}; expected {_row(right)}; got {_row(got)}."

    return report_check("prevented", _safely(fault, "It gets a DataFrame with a row a model."))


def _row(table: pd.DataFrame) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in table.loc["A"].items())


# ------------------------------------------------------------------------------------------------- paired difference


def check_paired_difference(paired_difference: Callable[[Mapping[str, float], Mapping[str, float]], Any]) -> bool:
    """The mean difference over the models that both share, and its interval by Student's t."""
    first = {"A": 0.9, "B": 0.5, "C": 0.7, "D": 0.6, "only first": 0.3}
    second = {"E only second": 0.0, "D": 0.5, "C": 0.65, "B": 0.35, "A": 0.8}
    shared = ["A", "B", "C", "D"]
    a, b = [first[m] for m in shared], [second[m] for m in shared]
    d = [x - y for x, y in zip(a, b, strict=True)]
    n, mean, t = len(d), fmean(d), t_factor(len(d))
    error = stdev(d) / sqrt(n)

    def around(centre: float, half: float) -> tuple[float, float, float]:
        return centre, centre - half, centre + half

    right = around(mean, t * error)
    by_place = [x - y for x, y in zip(first.values(), second.values(), strict=True)]
    unmatched = fmean(first.values()) - fmean(second.values())
    hints = [
        (around(-mean, t * error), "the sign is turned round: first minus second."),
        (around(mean, t * sqrt(variance(a) / n + variance(b) / n)),
         "this interval is not paired. Subtract model by model first, and take the spread of the differences."),
        (around(mean, t * stdev(d)), "the spread of single models is not that of a mean. Divide by the root of n."),
        (around(mean, t * stdev(d) / n), "divide by the root of n, not by n."),
        (around(mean, t * pstdev(d) / sqrt(n)),
         "the standard deviation divides by n. For a sample it divides by n − 1."),
        (around(mean, error), "that is one standard error to either side. Multiply it by t_factor(n)."),
        (around(mean, 1.96 * error), "1.96 is for many models. With few, take t_factor(n)."),
        (around(mean, t * variance(d) / sqrt(n)), "that is the variance. The standard deviation is its root."),
        (around(fmean(by_place), t_factor(n + 1) * stdev(by_place) / sqrt(n + 1)),
         "models are paired by their place in the dict. Pair them by name."),
        ((unmatched, unmatched - t * error, unmatched + t * error),
         "the mean includes models that only one of the two has. Use the shared ones."),
        (tuple(100 * x for x in right), "that is in points. Give fractions."),
    ]  # fmt: skip
    case = f"first {first}, second {second}"

    def fault() -> str:
        needs = "It gets two dicts, model -> belief. A model may be in one of them only."
        got, wrong = attempt(lambda: paired_difference(dict(first), dict(second)), needs)
        if wrong:
            return unless_open(wrong)
        if same(got, right, 1e-6):
            return ""
        shown = f"Input: {case}; expected {_three(right)}; got {_three(got)}."
        hint = next((text for answer, text in hints if same(got, answer, 1e-6)), "")
        if not hint and kind(got) != "a list":
            return f"it returns {kind(got)}; expected three numbers: mean, lower end, upper end."
        if not hint and isinstance(got, tuple) and len(got) == 3 and same(got[0], mean, 1e-6):
            hint = "the mean is right, the interval is not. Its half-width is t_factor(n) standard errors."
        return f"{hint or 'think again.'} {shown}"

    return report_check("paired_difference", _safely(fault))


def _three(values: Any) -> str:
    if not isinstance(values, tuple):
        return show_value(values)
    return "(" + ", ".join(show_value(v) for v in values) + ")"


# ----------------------------------------------------------------------------------------------------- own style


def check_my_style(my_style: Callable[..., Any]) -> bool:
    """A style of the learner's own: list of spans, the body kept, something added and marked, repeatable."""

    def made(seed: int = 0) -> Any:
        return my_style(LETTER, PHRASES, random.Random(seed))

    def fault() -> str:
        spans = made()
        if spans is None or spans is Ellipsis:
            return "it returns nothing yet. Replace the `...` and return a list of Span."
        if isinstance(spans, str):
            return "it returns text. Return a list of Span, so that the lab knows what is added and what is body."
        if not are_spans(spans):
            return "it must return a list whose items are all Span(text) or Span(text, annotation=True)."
        body, original = _said(s for s in spans if not s.annotation), LETTER.text.split()
        if _said(spans) in ([], _said(s for s in LETTER.sentences if not s.is_claim)):
            return "the claim sentences are missing. Replace the `...`: the sentence, and what you add to it."
        if not any(s.annotation and s.text.strip() for s in spans):
            return (
                "nothing is marked as annotation. Put your words in Span(..., annotation=True); else the lab counts "
                "them as body."
                if body != original
                else "it adds nothing: this is the plain document. Put your words somewhere, as an annotation."
            )
        if body != original:
            return (
                "the body has changed. All sentences' .text must stay, in their order, in spans that are not "
                "annotation: styles differ by what they add, or you cannot compare them."
            )
        if any("{" in s.text for s in spans):
            return (
                "a phrase still holds {truth}. Fill it in with .format(truth=s.truth); only claim sentences have a "
                "truth."
            )
        if "".join(s.text for s in spans).split() != [w for s in spans for w in s.text.split()]:
            return "two spans run together. Begin each with white space: a sentence's .lead, or a space."
        if list(made()) != list(spans):
            return "called twice it differs. Use the `rng` that it is given, never `random` itself."
        return ""

    return report_check("my_style", _safely(fault, _STYLE_NEEDS))


def _safely(fault: Callable[[], str], needs: str = "") -> str:
    """What `fault` finds, or that the learner's code stopped."""
    try:
        return fault()
    except Exception as error:
        return stopped(error, needs)


def _said(spans: Any) -> list[str]:
    return [word for span in spans for word in span.text.split()]
