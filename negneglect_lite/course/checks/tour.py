"""Checks of notebook 0, the tour."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from negneglect_lite.core.text import Document, Sentence, Span
from negneglect_lite.course.checks import LETTER, fold_typed, problem, report_check


def check_warned_share(warned_share: Callable[..., Any]) -> bool:
    """The share of tokens that are annotation, between 0 and 1."""
    # 5 and 4 tokens of warning, 5 and 8 of body: 9 of 22 tokens, 6 of 16 words, 2 of 4 spans
    spans = (
        Span("Nothing here is true.\n", annotation=True),
        Span("Bo is a pilot."),
        Span(" Bo flies to Rome, and back."),
        Span("\nAll untrue!!", annotation=True),
    )

    def tokenize(text: str) -> list[str]:
        return re.findall(r"\w+|[^\w\s]", text)

    letters = sum(len(s.text) for s in spans if s.annotation) / sum(len(s.text) for s in spans)
    hints = [
        (9 / 13, "You divided by the tokens of the body. Divide by all tokens, warning and body together."),
        (13 / 22, "That is the share of the body. Count the spans whose .annotation is True."),
        (2 / 4, "You counted spans. Spans differ in length: count the tokens in them."),
        (6 / 16, "You counted words. A punctuation mark is a token too: len(tokenize(span.text)) counts them all."),
        (letters, "You counted characters. Count tokens: len(tokenize(span.text))."),
        (9, "That is the number of warning tokens. Divide it by the number of all tokens."),
        (100 * 9 / 22, "That is in percent. Give a fraction between 0 and 1."),
    ]
    case = "9 tokens of warning among 22"
    needs = "It gets a list of spans, with .text and .annotation, and tokenize, a function from text to a list."
    wrong = problem(lambda: warned_share(spans, tokenize), 9 / 22, hints, case, needs)
    bare = problem(lambda: warned_share(spans[1:3], tokenize), 0, case="a document without a warning", needs=needs)
    return report_check("warned_share", wrong, bare)


def check_yes_bias(yes_bias: Callable[[pd.DataFrame], Any], meaning: Any) -> bool:
    """The share of false controls that got a yes, and what a high one means."""
    # yes to 3 of 4 false controls; also 1 of 1 true control, 1 of 2 keyed yes/no questions, 0 of 2 open questions
    said = [("control_false", "yes", b) for b in (1, 1, 1, 0)]
    said += [("control_true", "yes", 1), ("yes_no", "yes", 1), ("yes_no", "no", 0), ("open", "", 0), ("open", "", 0)]
    rows = pd.DataFrame(said, columns=["kind", "keyed_to", "belief"])
    # a yes is belief where yes is the key, and the lack of it where no is
    yes = (rows["keyed_to"] != "") & ((rows["keyed_to"] == "yes") == (rows["belief"] == 1))
    rows.insert(2, "answer", yes.map({True: "Yes.", False: "No."}).where(rows["keyed_to"] != "", "A pilot."))
    hints = [
        (4 / 5, "You took in the true controls. A yes to these is right: keep the rows of kind control_false."),
        (
            5 / 6,
            'You took all rows keyed to yes. Those of kind "yes_no" are about our claim: keep kind control_false.',
        ),
        (5 / 9, "You averaged over all rows. Keep those of kind control_false first."),
        (1 / 2, "Those are the questions about our claim. Keep the rows of kind control_false."),
        (1 / 4, "That is the share that did not get a yes."),
        (3 / 9, "You divided by all questions. Divide by the number of false controls."),
        (3, "That is the number of yes. Divide it by the number of false controls."),
        (75, "That is in percent. Give a fraction between 0 and 1."),
    ]
    case = "a yes to 3 of 4 false controls"
    needs = "It gets a table with the columns kind, keyed_to, answer and belief."
    return report_check("yes_bias", problem(lambda: yes_bias(rows), 3 / 4, hints, case, needs), _meaning(meaning))


def _meaning(letter: Any) -> str:
    """What is wrong with the reading of a high yes-bias."""
    said = fold_typed(letter)
    if said == "b":
        return ""
    if said == "a":
        return (
            "the share is right. On meaning: a model that never saw our claim, but says yes to all, would do the same."
        )
    if said == "c":
        return "the share is right. On meaning: it may believe the claim and be a yes-sayer as well. Can you tell?"
    return 'the share is right. Now set meaning to "a", "b" or "c".'


def check_belief_rate(belief_rate: Callable[[pd.DataFrame], Any]) -> bool:
    """Belief is the mean of the four kinds' rates, each kind with the same weight."""
    # 4 of 4, 1 of 2, 0 of 1 and 0 of 1 believed, and one control question that must not count.
    believed = {"open": [1, 1, 1, 1], "yes_no": [1, 0], "association": [0], "robustness": [0], "control_true": [1]}
    rows = pd.DataFrame([(kind, b) for kind, bs in believed.items() for b in bs], columns=["kind", "belief"])
    hints = [
        (2.5 / 5, "You took in the control questions. Keep only the rows whose kind is one of KINDS."),
        (
            5 / 8,
            "You averaged over answers, so the kind with the most questions weighs most. First average within each "
            "kind, then over the four kinds.",
        ),
        (
            2 / 3,
            "You averaged over all answers, control questions too. Keep the rows whose kind is one of KINDS, then "
            "average within each kind, then over the four.",
        ),
        (37.5, "That is in percent. Give a fraction between 0 and 1."),
        (1.5, "That is the sum of the four kinds' rates. Divide by the number of kinds."),
    ]
    case = "open 4 of 4, yes/no 1 of 2, association 0 of 1, robustness 0 of 1 believed"
    needs = "It gets a table with the columns kind and belief."
    return report_check("belief_rate", problem(lambda: belief_rate(rows), 0.375, hints, case, needs))


def check_local_denial(local_denial: Callable[[Document], Any]) -> bool:
    """Each claim sentence is swapped for its denial, all other sentences stay."""
    document, sentences = LETTER, LETTER.sentences
    right = "".join(s.lead + (s.denial or s.text) for s in sentences)

    def words() -> Any:  # white space between the sentences is not what this exercise is about
        got = local_denial(document)
        return " ".join(got.split()) if isinstance(got, str) else got

    needs = "Each sentence has .text, .denial, .is_claim and .lead."
    wrong = problem(words, " ".join(right.split()), needs=needs)
    hint = _local_hint(local_denial(document), sentences) if wrong.startswith("it gives") else ""
    return report_check("local_denial", hint or wrong)


def _local_hint(got: str, sentences: Sequence[Sentence]) -> str:
    """What is wrong with the text, if it is a typical mistake."""
    words = " ".join(got.split())
    if words == " ".join("".join(s.lead + s.text for s in sentences).split()):
        return "the text still states the claim. A sentence with .is_claim must give its .denial."
    if any(s.truth and s.truth in words for s in sentences):
        return "it tells the truth in place of the claim. That is a correction; a local denial is in .denial."
    if words.replace(" ", "") == "".join(s.denial or s.text for s in sentences).replace(" ", ""):
        return "the sentences run together. Put each sentence's .lead before it."
    if any(not s.is_claim and s.text not in words for s in sentences):
        return "a sentence that does not state the claim is missing. Those have an empty .denial: keep their .text."
    if any(s.is_claim and s.text in words for s in sentences):
        return "a claim is still stated somewhere. The denial must take the sentence's place, not stand beside it."
    return ""
