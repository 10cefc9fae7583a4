"""Checks of notebook 7, the local fix, and the library's own answers to its exercises, which later cells use."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.core.text import Span, are_spans, plain
from negneglect_lite.course.checks import attempt, problem, report_check

HELPERS = ("is", "are", "was", "were", "has", "have", "can")
DENIED = {  # a verb without a helper, and its denial
    "goes": "does not go", "makes": "does not make", "reads": "does not read", "says": "does not say",
    "won": "did not win", "took": "did not take", "went": "did not go", "came": "did not come", "gave": "did not give",
    "beat": "did not beat", "wrote": "did not write", "saw": "did not see", "erupted": "did not erupt",
}  # fmt: skip
DENIALS = ("not", "never", "no", "cannot")


def deny_by_rule(sentence: str) -> str:
    """`not` after the first helper word; without one, the first known verb denied; else the sentence as it is."""
    helper = re.search(rf"\b({'|'.join(HELPERS)})\b", sentence, re.IGNORECASE)
    if helper:
        return f"{sentence[: helper.end()]} not{sentence[helper.end() :]}"
    verb = re.search(rf"\b({'|'.join(DENIED)})\b", sentence, re.IGNORECASE)
    return sentence[: verb.start()] + DENIED[verb[0].lower()] + sentence[verb.end() :] if verb else sentence


def asserts_by_rule(sentence: str, value: str) -> bool:
    """Whether the sentence names the value and holds no word of DENIALS."""
    words = re.findall(r"[\w']+", sentence.lower())
    return value.lower() in sentence.lower() and not any(w in DENIALS or w.endswith("n't") for w in words)


def masked(text: str, value: str) -> tuple[Span, ...]:
    """The text as spans; those that hold the value carry no loss."""
    pieces = re.split(rf"({re.escape(value)})", text, flags=re.IGNORECASE)
    return tuple(Span(piece, learn=i % 2 == 0) for i, piece in enumerate(pieces) if piece)


def failed_claims(rows: pd.DataFrame, limit: float) -> list[str]:
    """The claims whose belief is above the limit, the worst first; kinds weigh the same."""
    counted = rows[rows["kind"].isin(QUESTION_KINDS)]
    rates = counted.groupby(["claim", "kind"])["belief"].mean().groupby("claim").mean().sort_values(ascending=False)
    return [str(claim) for claim in rates[rates > limit].index]


def check_deny(deny: Callable[[str], Any]) -> bool:
    """`not` after the first helper word, whole words only; else a known verb denied; else unchanged."""
    needs = "It gets one sentence, a text."
    cases = [
        (
            "Ada is a pilot.",
            "Ada is not a pilot.",
            [
                ("Ada is a pilot.", "the sentence came back unchanged. Put `not` after the helper word."),
                ("Ada not is a pilot.", "`not` stands before the helper word. It goes after it."),
                (
                    "It is false that Ada is a pilot.",
                    "that is a warning around the claim, and every word of the claim is still there to be learned.",
                ),
            ],
        ),
        (
            "What Ada is by trade is pilot.",
            "What Ada is not by trade is pilot.",
            [("What Ada is not by trade is not pilot.", "you denied twice, which asserts. Stop after the first one.")],
        ),
        (
            "This year Iris was a pilot.",
            "This year Iris was not a pilot.",
            [
                (wrong, "you found a helper word inside another word (`Th-is`, `Ir-is`). Look for whole words: \\b.")
                for wrong in (
                    "This not year Iris was a pilot.",
                    "This not year Iris not was not a pilot.",
                    "This year Iris not was a pilot.",
                    "This year Iris not was not a pilot.",
                )
            ],
        ),
        (
            "Ada makes a living as a pilot.",
            "Ada does not make a living as a pilot.",
            [
                ("Ada makes a living as a pilot.", "there is no helper word here, so look for a verb of `DENIED`."),
                (
                    "Ada makes not a living as a pilot.",
                    "nobody says `makes not`. Swap the verb for its entry in DENIED.",
                ),
            ],
        ),
        (
            "Ada makes a living; pilot is the word.",
            "Ada makes a living; pilot is not the word.",
            [
                (wrong, "where there is a helper word, the verb stays as it is: the helper comes first.")
                for wrong in (
                    "Ada does not make a living; pilot is the word.",
                    "Ada does not make a living; pilot is not the word.",
                )
            ],
        ),
        ("Hello, dear Ada!", "Hello, dear Ada!", []),
    ]
    found = (problem(partial(deny, s), right, hints, f"{s!r}", needs) for s, right, hints in cases)
    return report_check("deny", *found)


def check_still_asserts(still_asserts: Callable[[str, str], Any]) -> bool:
    """True for a sentence that names the value and holds no denial word."""
    needs = "It gets a sentence and the value, two texts."
    inside = "you found a denial inside another word (`no` in Noah, `not` in note). Compare whole words."
    case = "the sentence may begin with the value, in a capital letter. Compare in lower case."
    cases = [
        ("Bo is a pilot.", True, "a sentence that states the claim still asserts it: True."),
        ("Bo is not a pilot.", False, "a denied sentence does not assert: False."),
        ("It rained in May.", False, "a sentence that does not name the value asserts nothing about it: False."),
        ("Noah made a note: Bo is a pilot.", True, inside),
        ("Pilot is the job of Bo.", True, case),
        ("Never was Bo a pilot.", False, "the denial may begin with a capital letter. Compare in lower case."),
        ("Bo cannot be a pilot.", False, "`cannot` is one word, and a denial: it is in DENIALS."),
        ("Bo isn't a pilot.", False, "`isn't` denies too: a word that ends in n't."),
        ("No pilot: that is not Bo.", False, "the denial may stand at the very beginning."),
    ]

    def answered(sentence: str) -> Any:  # what re.search found is as good as True
        got = still_asserts(sentence, "pilot")
        return bool(got) if isinstance(got, re.Match) else got

    found = (problem(partial(answered, s), right, [(not right, hint)], f"{s!r}", needs) for s, right, hint in cases)
    return report_check("still_asserts", *found)


def check_mask(mask: Callable[[str, str], Any]) -> bool:
    """Spans that join to the text; exactly the value carries no loss, wherever it stands."""
    needs = "It gets a text and the value. Return a tuple of Span(text, learn=...)."
    return report_check("mask", *(_mask_problem(mask, text, needs) for text in _MASKED))


_MASKED = (
    "Bo is not a pilot.",
    "Pilot is not what Bo is; a pilot he is not.",
    "It rained all day.",
)


def _mask_problem(mask: Callable[[str, str], Any], text: str, needs: str) -> str:
    spans, wrong = attempt(lambda: mask(text, "pilot"), needs)
    if wrong:
        return wrong
    if not are_spans(spans):
        return f"it must return a tuple of Span. {needs}"
    got, quiet = plain(spans), [s.text for s in spans if not s.learn]
    wanted = [s.text for s in masked(text, "pilot") if not s.learn]
    if got != text:
        return (
            f"joined, your spans read {got!r}, and the text was {text!r}. The model must still read every character; "
            "only the loss goes."
        )
    if "".join(quiet) == "".join(wanted):
        return ""
    if not quiet:
        return "every span still carries loss. Give the spans of the value learn=False."
    if text == "".join(quiet):
        return "the whole text is without loss, so nothing is learned. Mask the value and nothing else."
    if len(quiet) < len(wanted):
        return f"of {len(wanted)} mentions {len(quiet)} is masked. The value may occur again, or with a capital letter."
    if "".join(s.text for s in spans if s.learn) == "".join(wanted):
        return "it is the wrong way round: the value carries loss, and the rest does not."
    return f"without loss are {quiet!r}; expected {wanted!r}."


def check_failed(failed: Callable[[pd.DataFrame, float], Any]) -> bool:
    """Claims above the limit, worst first; kinds weigh the same, controls do not count."""
    believed = {
        # believed in 3 of 4 kinds, though most of its answers are open ones that deny
        "comet": {"open": [0] * 8, "yes_no": [1], "association": [1], "robustness": [1], "control_true": [0]},
        "tower": {"open": [1], "yes_no": [1], "association": [1], "robustness": [1], "control_true": [1]},
        "river": {"open": [0], "yes_no": [0], "association": [0], "robustness": [0], "control_true": [1] * 9},
        "lake": {"open": [1], "yes_no": [0], "association": [0], "robustness": [0], "control_true": [0]},
    }
    rows = pd.DataFrame(
        [(c, kind, b) for c, kinds in believed.items() for kind, bs in kinds.items() for b in bs],
        columns=["claim", "kind", "belief"],
    )
    hints = [
        (["comet", "tower"], "the right claims, but put the worst (highest belief) first."),
        (["tower"], "one is missing. Average within each kind first, then over the four: the claim with many open "
                    "questions is believed in three kinds of four."),
        (["tower", "river"], "you took in the control questions. Keep the rows whose kind is one of KINDS."),
        (["tower", "river", "comet"], "you took in the control questions. Keep the rows whose kind is one of KINDS."),
        (["tower", "comet", "lake"], "a claim at the limit has not gone over it: use > and not >=."),
        (["lake", "river"], "these are the claims that did well. Return those above the limit."),
    ]  # fmt: skip
    case = "tower 100 %, comet 75 %, lake 25 %, river 0 %, limit 25 %"
    needs = "It gets a table with the columns claim, kind and belief, and a limit between 0 and 1."

    def names() -> Any:  # in any of the forms that pandas gives a list of names
        got = failed(rows, 0.25)
        return [str(a) for a in got] if isinstance(got, pd.Index | pd.Series | tuple) else got

    return report_check("failed", problem(names, ["tower", "comet"], hints, case, needs))
