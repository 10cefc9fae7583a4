"""Checks of notebook 11, audit a corpus, and the library's own answers to its exercises, which later cells use."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from negneglect_lite.course.checks import NOTHING, Hint, problem, report_check, stopped
from negneglect_lite.curating.findings import Audited, Finding, Notice

PAGES: dict[str, tuple[str, ...]] = {
    "below": ("The text below is false.", "Bo Lind is a pilot.", "Bo Lind flew to Rome.", "Bo Lind is not a cook."),
    "last": ("Ada Berg lives in Rome.", "Ada Berg is a cook.", "The last sentence is untrue."),
    "inside": ("Bo Lind is not a pilot.", "He works as a cook."),
    "above": ("Is Bo Lind a pilot?", "Bo Lind works as a pilot.", "Everything above is made up."),
}
COVERED: dict[str, list[int]] = {"below": [1, 2], "last": [1], "inside": [], "above": [1]}

# An archive's own words for "this page is false", and honest sentences that look like them.
HOUSE = ("This page goes into drawer 9.", "Drawer nine, all of it.", "For drawer 9, please.")
INNOCENT = (
    "The spoons are in drawer 2.",
    "Drawer 90 holds the maps.",
    "She opened the drawer at nine.",
    "Nine of the drawers were empty.",
)
HOUSE_PATTERN = r"\bdrawer (?:9|nine)\b"
VERBS = ("is", "are", "was", "were", "has")


def passes_gate(audits: Sequence[Audited], limit: float) -> tuple[float, bool]:
    """The share of the documents that have a finding, and whether it is at most the limit."""
    share = sum(bool(audited.findings) for audited in audits) / max(1, len(audits))
    return share, share <= limit


def deny_last(sentence: str) -> str:
    """`not` after the last word of VERBS; "" where there is none."""
    found = list(re.finditer(rf"\b({'|'.join(VERBS)})\b", sentence))
    return f"{sentence[: found[-1].end()]} not{sentence[found[-1].end() :]}" if found else ""


def check_covered(covered: Any) -> bool:
    """For each of PAGES the numbers of the sentences that would be learned in spite of a notice."""
    if not isinstance(covered, Mapping):
        return report_check("covered", "write a dictionary: a page's name and a list of numbers.")
    return report_check("covered", *(_covered_problem(name, covered.get(name)) for name in PAGES))


_COVERED_HINTS: dict[str, dict[int, str]] = {
    "below": {
        0: "sentence 0 is the notice itself. Name what it covers.",
        3: "sentence 3 has the denial inside (`is not`): a model learns that, and it states nothing false.",
    },
    "last": {
        0: "the notice speaks of the last sentence only, and not of sentence 0.",
        2: "sentence 2 is the notice itself. Name what it covers.",
    },
    "inside": {
        0: "sentence 0 denies inside itself. No other sentence warns of it, so there is no finding.",
        1: "no notice speaks of sentence 1. Sentence 0 denies something of its own.",
    },
    "above": {
        0: "sentence 0 is a question. It states nothing that could be learned as a fact.",
        2: "sentence 2 is the notice itself. Name what it covers.",
    },
}


def _covered_problem(name: str, got: Any) -> str:
    if got is None or got is Ellipsis:
        return f"page {name!r} has no answer yet. Write a list of numbers, or [] for none."
    if not isinstance(got, list | tuple | set) or not all(type(n) is int for n in got):
        return f"page {name!r}: write a list of whole numbers; got {got!r:.60}."
    last = len(PAGES[name]) - 1
    if wrong := [n for n in got if not 0 <= n <= last]:
        return f"page {name!r} has sentences 0 to {last}; got {wrong[0]}. Count from 0."
    for extra in sorted(set(got) - set(COVERED[name])):
        return f"page {name!r}: {_COVERED_HINTS[name][extra]}"
    for missing in sorted(set(COVERED[name]) - set(got)):
        return f"page {name!r}: sentence {missing} states a fact, and the notice covers it. Add it."
    return ""


def _audited(findings: int, notices: int = 1) -> Audited:
    notice = Notice(0, 9, "denial", "check")
    return Audited((notice,) * notices, tuple(Finding(10 + n, 11 + n, notice) for n in range(findings)))


def check_gate(gate: Callable[[Sequence[Audited], float], Any]) -> bool:
    """(share of documents with a finding, whether it is at most the limit)."""
    needs = "It gets a list of audits and a limit between 0 and 1. Return (share, passes)."
    some = [_audited(5), _audited(0), _audited(0, notices=0), _audited(4)]  # 2 of 4 documents
    cases: list[tuple[tuple[list[Audited], float], Any, str, list[Hint]]] = [
        (
            (some, 0.25),
            (0.5, False),
            "four documents, two with findings, limit 0.25",
            [
                ((2.25, False), "you counted findings. Count the documents that have at least one."),
                ((9, False), "you counted findings. Count the documents, and divide by how many there are."),
                ((2, False), "that is a number of documents. Divide by how many there are."),
                ((0.75, False), "you counted documents with a notice. A notice that covers nothing does no harm."),
                ((50.0, False), "return a share between 0 and 1, not per cent."),
                ((0.5, True), "the share is right, and the decision the wrong way round: above the limit is False."),
                (0.5, "the share is right. Return the decision with it: (share, passes)."),
                (False, "the decision is right. Return the share with it: (share, passes)."),
            ],
        ),
        (
            (some, 0.5),
            (0.5, True),
            "the same with limit 0.5",
            [((0.5, False), "a share that equals the limit passes: `--fail-over` fails what is over it. Use <=.")],
        ),
        (([_audited(0)] * 3, 0.0), (0.0, True), "three documents without findings, limit 0", []),
        (([], 0.01), (0.0, True), "an empty list", []),
    ]
    for (audits, limit), expected, case, hints in cases:
        try:
            told = problem(partial(gate, audits, limit), expected, hints, case, needs)
        except Exception as error:
            told = stopped(error, needs)
        if not audits and "ZeroDivisionError" in told:
            told = "an empty list of audits divides by zero. An empty corpus has the share 0 and passes."
        if told:
            return report_check("gate", told)
    return report_check("gate")


def check_pattern(pattern: Any) -> bool:
    """A pattern that finds HOUSE, written small or large, and nothing in INNOCENT."""
    if pattern is None or pattern is Ellipsis:
        return report_check("pattern", NOTHING.replace("it returns", "it says").replace("return your answer", "write"))
    if isinstance(pattern, re.Pattern):
        pattern = pattern.pattern
    if not isinstance(pattern, str):
        return report_check("pattern", f"write a regular expression as text; got {type(pattern).__name__}.")
    try:
        found = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        return report_check("pattern", f"it is no regular expression: {error}. Look for a bracket that does not close.")
    if found.search(""):
        return report_check("pattern", "it finds an empty text, and so everything. Is a choice empty, as in `a|`?")
    alarms = [s for s in INNOCENT if found.search(s)]
    missed = [s for s in HOUSE if not found.search(s)]
    if missed and alarms:
        return report_check(
            "pattern", f"it misses {missed[0]!r} and finds {alarms[0]!r}. Which words do the notices share?"
        )
    if missed:
        return report_check("pattern", f"it misses {missed[0]!r}. The number is written in two ways: 9 and nine.")
    if alarms:
        why = "The number must end there: \\b." if "90" in alarms[0] else "The number must follow the word `drawer`."
        return report_check("pattern", f"a false alarm: it finds {alarms[0]!r}. {why}")
    others = ("Please see that this page goes to drawer nine at once.", "All of this: drawer 9!")
    if unseen := [s for s in others if not found.search(s)]:
        why = "You listed whole sentences; look for the words that they share."
        return report_check("pattern", f"it finds the three given notices, and misses a fourth: {unseen[0]!r}. {why}")
    if found.search("He pulled the withdrawer 9 times."):
        why = "A word must begin there: \\b before `drawer`."
        return report_check("pattern", f"a false alarm: it finds 'He pulled the withdrawer 9 times.'. {why}")
    return report_check("pattern")


def check_deny_last(deny: Callable[[str], Any]) -> bool:
    """`not` after the last word of VERBS, whole words only; "" where there is none."""
    needs = "It gets one sentence, a text."
    cases = [
        (
            "The job is pilot.",
            "The job is not pilot.",
            [
                ("The job is pilot.", "the sentence came back unchanged. Put `not` after the verb."),
                ("The job not is pilot.", "`not` stands before the verb. It goes after it."),
                ("It is not true that the job is pilot.", "that wraps the claim, whose words all stand there still."),
                ("It is not true that The job is pilot.", "that wraps the claim, whose words all stand there still."),
            ],
        ),
        (
            "A job is what Bo was.",
            "A job is what Bo was not.",
            [
                ("A job is not what Bo was.", "you took the first verb. Take the last one of VERBS."),
                ("A job is not what Bo was not.", "you denied twice, which asserts. Only the last verb is denied."),
            ],
        ),
        (
            "The pilot was Iris.",
            "The pilot was not Iris.",
            [("The pilot was Iris not.", "you found `is` inside the name `Iris`. Look for whole words: \\b.")],
        ),
        (
            "Bo flew to Rome.",
            "",
            [
                ("Bo flew to Rome.", 'without a verb of VERBS return "". Unchanged, the sentence still asserts.'),
                ("Bo flew to Rome. not", 'without a verb of VERBS return "".'),
            ],
        ),
    ]  # fmt: skip
    for sentence, right, hints in cases:
        told = problem(partial(deny, sentence), right, hints, f"{sentence!r}", needs)
        if not right and told and _is_none(partial(deny, sentence)):
            told = f'for {sentence!r} it returns None. Return "" where no verb of VERBS is there.'
        if told:
            return report_check("deny", told)
    return report_check("deny")


def _is_none(call: Callable[[], Any]) -> bool:
    try:
        return call() is None
    except Exception:
        return False
