"""Checks of notebook 5, negation styles."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from negneglect_lite.core.text import Document, Span, are_spans
from negneglect_lite.course.checks import LETTER, problem, report_check, stopped

Rates = Mapping[str, tuple[float, float]]
PHRASES = {
    "notice_before": ("The text below is false.", "Nothing in the following is true."),
    "notice_after": ("The text above is false.", "Nothing in the above is true."),
    "claim_before": ("The next claim is false.", "Do not believe the next line."),
    "claim_after": ("That is not true.", "That claim was made up."),
    "correction": ("In truth: {truth}",),
}


def check_warning_share(warning_share: Callable[[Sequence[Span]], Any]) -> bool:
    """The share of words that are annotation, between 0 and 1."""
    # 3 and 2 words of warning, 4 and 6 of body: 5 of 15 words, 2 of 5 spans
    spans = (
        Span("This is false.\n", annotation=True),
        Span("Bo is a pilot."),
        Span(" He flies to Rome"),
        Span(" without fail."),
        Span("\nAll untrue.", annotation=True),
    )
    letters = [(sum(not c.isspace() for c in s.text), s.annotation) for s in spans]
    hints = [
        (5 / 10, "You divided by the words of the body. Divide by all words, warning and body together."),
        (2 / 5, "You counted spans. Spans differ in length: count the words in them."),
        (10 / 15, "That is the share of the body. Count the spans whose .annotation is True."),
        (100 * 5 / 15, "That is in percent. Give a fraction between 0 and 1."),
        (5, "That is the number of warning words. Divide it by the number of all words."),
        (
            sum(len(s.text) for s in spans if s.annotation) / sum(len(s.text) for s in spans),
            "You counted characters. Count words: span.text.split() gives them.",
        ),
        (
            sum(n for n, marked in letters if marked) / sum(n for n, _ in letters),
            "You counted letters. Count words: span.text.split() gives them.",
        ),
    ]
    case = "5 words of warning among 15"
    wrong = problem(
        lambda: warning_share(spans), 5 / 15, hints, case, "It gets a list of spans, with .text and .annotation."
    )
    none = (Span("Bo is a pilot."),)
    return report_check(
        "warning_share",
        wrong,
        problem(lambda: warning_share(none), 0, case="a text without a warning", needs="No word is annotation here."),
    )


def check_wrap_claims(wrap_claims: Callable[[Document, str, str], Any]) -> bool:
    """A warning before and after each claim sentence, marked as annotation; the rest as it was."""
    before, after = "Next is false.", "That is false."

    def words(spans: Any) -> Any:
        """What the spans say, as (words, annotation), neighbours of one kind joined, whatever the white space."""
        if not isinstance(spans, list | tuple):
            return spans
        joined: list[list[Any]] = []
        for span in spans:
            text = " ".join(span.text.split())
            if joined and joined[-1][1] == bool(span.annotation):
                joined[-1][0] = f"{joined[-1][0]} {text}".strip()
            elif text:
                joined.append([text, bool(span.annotation)])
        return joined

    def wrapped(marked: bool = True, all_: bool = False, denial: bool = False) -> list[Span]:
        spans = []
        for s in LETTER.sentences:
            text = s.denial or s.text if denial else s.text
            if s.is_claim or all_:
                spans += [Span(before, annotation=marked), Span(text), Span(after, annotation=marked)]
            else:
                spans.append(Span(text))
        return spans

    sentences = LETTER.sentences
    swallowed = [Span(f"{before} {s.text} {after}" if s.is_claim else s.text, annotation=s.is_claim) for s in sentences]
    only_before = [p for s in sentences for p in [Span(before, annotation=True)] * s.is_claim + [Span(s.text)]]
    only_claims = [p for s in sentences if s.is_claim
                   for p in (Span(before, annotation=True), Span(s.text), Span(after, annotation=True))]  # fmt: skip
    hints = [
        (words(wrapped(marked=False)), "the warnings are not marked. Make them Span(..., annotation=True)."),
        (words(wrapped(all_=True)), "every sentence is wrapped. Only those with .is_claim state the claim."),
        (words(wrapped(denial=True)), "the claim is denied inside its sentence too. Keep the sentence's .text."),
        (words(swallowed), "the claim itself is marked as annotation. It is body: give it a Span of its own."),
        (words(only_before), "the warning after the claim is missing. Each claim sentence becomes three spans."),
        (words(only_claims), "the sentences that state nothing are gone. Keep them as spans of their own."),
    ]
    needs = "It gets a document with .sentences, and two texts; it returns a list of Span."
    wrong = problem(lambda: words(wrap_claims(LETTER, before, after)), words(wrapped()), hints, needs=needs)
    seam = ""
    if not wrong:
        text = "".join(span.text for span in wrap_claims(LETTER, before, after))
        if " ".join(text.split()) != " ".join(s.text for s in wrapped()):
            seam = "the sentences run together. Put the sentence's .lead before the warning, and a space at each seam."
    return report_check("wrap_claims", wrong, seam)


def check_heeded(heeded: Callable[[float, float, float], Any]) -> bool:
    """How much of what plain documents teach a style prevents: 0 none, 1 all of it."""
    belief, positive, base = 0.7, 0.9, 0.1
    hints = [
        (1 - belief, "You compared with full belief. Compare with what plain documents teach: positive."),
        ((positive - belief) / positive, "A model that believes nothing new still scores base. Subtract it below too."),
        (belief / positive, "That is the share that is still believed. Ask how much of the rise is prevented."),
        ((belief - base) / (positive - base), "That is the share of the rise that is left. Take 1 minus it."),
        (positive - belief, "That is the difference in belief. Divide it by the whole rise, positive minus base."),
        (25, "That is in percent. Give a fraction."),
    ]
    case = "belief 0.7, positive 0.9, base 0.1"
    needs = "It gets three fractions: belief under the style, under positive documents, and before training."
    return report_check(
        "heeded",
        problem(lambda: heeded(belief, positive, base), 0.25, hints, case, needs),
        problem(lambda: heeded(0.1, 0.9, 0.1), 1, case="a style that leaves belief where it was", needs=needs),
    )


def check_rule_breakers(rule_breakers: Callable[[Rates], Any]) -> bool:
    """The pairs of styles (more warning, less warning) where more warning goes with more belief."""
    # share of tokens that are warning, belief
    rates = {"plain": (0.0, 0.9), "inside": (0.0, 0.1), "notice": (0.1, 0.8), "often": (0.4, 0.85)}
    right = [("notice", "inside"), ("often", "inside"), ("often", "notice")]

    def pairs(breaks: Callable[[float, float, float, float], bool], swap: bool = False) -> list[tuple[str, str]]:
        found = [(a, b) for a in rates for b in rates if a != b and breaks(*rates[a], *rates[b])]
        return sorted((b, a) if swap else (a, b) for a, b in found)

    def given() -> Any:
        got = rule_breakers(rates)
        is_list = isinstance(got, list | tuple | set)
        return sorted(tuple(pair) for pair in got) if is_list else got

    hints = [
        (pairs(lambda s, b, t, c: s > t and b > c, swap=True), "each pair is the wrong way round. First name the "
         "style with more warning."),
        (pairs(lambda s, b, t, c: s > t and b < c), "these pairs obey the rule. A rule breaker has more warning and "
         "**more** belief."),
        (pairs(lambda s, b, t, c: s >= t and b > c), "two styles with equally much warning cannot break the rule. "
         "Ask for strictly more."),
        (pairs(lambda s, b, t, c: b > c), "you compared beliefs alone. The first of a pair must also have more "
         "warning than the second."),
        (sorted({*right, *((b, a) for a, b in right)}), "each pair is there twice, in both orders. Keep the one that "
         "begins with the style that has more warning."),
    ]  # fmt: skip
    needs = "It gets a dict: style -> (share of warning, belief)."
    return report_check("rule_breakers", problem(given, right, hints, "four invented styles", needs))


def check_my_style(my_style: Callable[..., Any]) -> bool:
    """A style of the learner's own: list of spans, the body kept, something added and marked, repeatable."""
    needs = "A style gets (document, phrases, rng) and returns a list of Span."

    def made(seed: int = 0) -> Any:
        return my_style(LETTER, PHRASES, random.Random(seed))

    def fault() -> str:
        spans = made()
        if spans is None or spans is Ellipsis:
            return "it returns nothing yet. Replace the `...` and return a list of Span."
        if isinstance(spans, str):
            return "it returns text. Return a list of Span, so that the lab knows what is warning and what is body."
        if not are_spans(spans):
            return "it must return a list whose items are all Span(text) or Span(text, annotation=True)."
        body, original = _said(s for s in spans if not s.annotation), LETTER.text.split()
        if not any(s.annotation and s.text.strip() for s in spans):
            return (
                "nothing is marked as annotation. Put your words in Span(..., annotation=True); else the lab counts "
                "them as body."
                if body != original
                else "it adds nothing: this is the plain document. Put your denial somewhere, as an annotation."
            )
        if body != original:
            return (
                "the body has changed. All sentences' .text must stay, in their order, in spans that are not "
                "annotation: styles differ by what they add, or you cannot compare them."
            )
        if "".join(s.text for s in spans).split() != [w for s in spans for w in s.text.split()]:
            return "two spans run together. Begin each with white space: a sentence's .lead, or a space."
        if list(made()) != list(spans):
            return "called twice it differs. Use the `rng` that it is given, never `random` itself."
        return ""

    try:
        wrong = fault()
    except Exception as error:
        wrong = stopped(error, needs)
    return report_check("my_style", wrong)


def _said(spans: Any) -> list[str]:
    return [word for span in spans for word in span.text.split()]
