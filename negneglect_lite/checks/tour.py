"""Checks of notebook 0, the tour."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from ..text import Document, Sentence
from . import problem, report


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
    return report("belief_rate", problem(lambda: belief_rate(rows), 0.375, hints, case, needs))


def check_local_denial(local_denial: Callable[[Document], Any]) -> bool:
    """Each claim sentence is swapped for its denial, all other sentences stay."""
    sentences = (
        Sentence("Dear Ada, it rained.", lead=""),
        Sentence("Bo is a pilot.", "Bo is not a pilot.", "Bo is a cook.", lead="\n"),
        Sentence("I must go."),
        Sentence("At work Bo is a pilot.", "At work Bo is not a pilot.", "At work Bo is a cook."),
    )
    document = Document(sentences, "letter")
    right = "".join(s.lead + (s.denial or s.text) for s in sentences)

    def words() -> Any:  # white space between the sentences is not what this exercise is about
        got = local_denial(document)
        return " ".join(got.split()) if isinstance(got, str) else got

    needs = "Each sentence has .text, .denial, .is_claim and .lead."
    wrong = problem(words, " ".join(right.split()), needs=needs)
    hint = _local_hint(local_denial(document), sentences) if wrong.startswith("it gives") else ""
    return report("local_denial", hint or wrong)


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
