"""Checks of notebook 11, audit a corpus."""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from negneglect_lite.course.checks import (
    NOTHING,
    OPEN,
    attempt,
    kind,
    report_check,
    same,
    show_value,
    stopped,
    unless_open,
)
from negneglect_lite.course.lessons.auditing import (
    FINISHED_POLICY,
    HOUSE_STAMPS,
    INNOCENT_LINES,
    LIMITS,
    finished_link,
    finished_score,
)
from negneglect_lite.curating.audit import audit_text

UNSEEN_STAMPS = ("Please see that this page goes to drawer nine at once.", "All of this: drawer 9!")
_LINES = ("Bo Lind is a pilot.", "Bo Lind flew to Rome.")


def check_cue(cue: Any) -> bool:
    """A pattern that finds the stamps and no innocent line, and a sentence that the audit takes for a warning."""
    if not isinstance(cue, Mapping) or not {"pattern", "means"} <= set(cue):
        return report_check("cue", "keep the dictionary with its two entries, 'pattern' and 'means'.")
    return report_check("cue", _pattern_problem(cue["pattern"]), _meaning_problem(cue["means"]))


def _pattern_problem(pattern: Any) -> str:
    if pattern is None or pattern is Ellipsis:
        return "the pattern says nothing yet. Replace the first `...` by a regular expression, r'…'."
    pattern = pattern.pattern if isinstance(pattern, re.Pattern) else pattern
    if not isinstance(pattern, str):
        return f"write the pattern as text, r'…'; got {kind(pattern)}."
    try:
        found = re.compile(pattern, re.IGNORECASE).search
    except re.error as error:
        return f"the pattern is no regular expression: {error}. Look for a bracket that does not close."
    if found(""):
        return "the pattern finds an empty text, and so everything. Is a choice empty, as in `a|`?"
    alarms = [s for s in INNOCENT_LINES if found(s)]
    missed = [s for s in HOUSE_STAMPS if not found(s)]
    if missed and alarms:
        return f"the pattern misses {missed[0]!r} and finds {alarms[0]!r}. Which words do all stamps share?"
    if missed:
        return f"the pattern misses {missed[0]!r}. The number is written in two ways: 9 and nine."
    if alarms:
        why = "The number must end there: \\b." if "90" in alarms[0] else "The number must follow the word `drawer`."
        return f"a false alarm: the pattern finds {alarms[0]!r}. {why}"
    if unseen := [s for s in UNSEEN_STAMPS if not found(s)]:
        why = "You listed whole sentences; look for the words that they share."
        return f"the pattern finds the three given stamps, and misses a fourth: {unseen[0]!r}. {why}"
    if found("He pulled the withdrawer 9 times."):
        return (
            "a false alarm: it finds 'He pulled the withdrawer 9 times.'. A word must begin there: \\b before `drawer`."
        )
    return ""


def _meaning_problem(means: Any) -> str:
    if means is None or means is Ellipsis:
        return "the meaning says nothing yet. Replace the second `...` by a plain sentence about the page."
    if not isinstance(means, str):
        return f"write the meaning as text; got {kind(means)}."
    page = f"{means}\n{' '.join(_LINES)}"
    audited = audit_text(page)
    found = [page[f.start : f.end] for f in audited.findings]
    if found == list(_LINES):
        return ""
    if not audited.notices:
        return f"the audit hears no warning in {means!r}. Say of the text, in common words, that it is false."
    if not found:
        return f"the audit hears a warning in {means!r}, but not of what stands below it. Speak of the whole text."
    return (
        f"the audit takes {means!r} for a warning about {found[0]!r} alone; expected: both lines below it. "
        "Speak of the whole text."
    )


# ------------------------------------------------------------------------------------------------------- exercise 2

_LINK_CASES: tuple[tuple[tuple[str, ...], int, str, dict[int, str]], ...] = (
    (
        ("The text below is false.", "Bo Lind is a pilot.", "Bo Lind flew to Rome.", "Bo Lind is not a cook."),
        0,
        "after",
        {0: "sentence 0 is the warning itself", 3: "sentence 3 has the denial inside (`is not`)"},
    ),
    (
        ("Ada Berg lives in Rome.", "Ada Berg is a cook.", "The last sentence is untrue."),
        2,
        "last",
        {0: "'last' covers one sentence, the one just before the warning", 2: "sentence 2 is the warning itself"},
    ),
    (
        ("Is Bo Lind a pilot?", "Bo Lind works as a pilot.", "Everything above is made up."),
        2,
        "before",
        {0: "sentence 0 is a question and states nothing", 2: "sentence 2 is the warning itself"},
    ),
    (
        ("Bo Lind is a pilot.", "The next sentence is false.", "Bo Lind flew to Rome.", "Bo Lind is a cook."),
        1,
        "next",
        {
            0: "'next' reaches forwards only",
            1: "sentence 1 is the warning itself",
            3: "'next' covers one sentence, the one just after the warning",
        },
    ),
    (
        ("Bo Lind is a pilot.", "This report is invented.", "Bo Lind flew to Rome."),
        1,
        "all",
        {1: "sentence 1 is the warning itself"},
    ),
    (
        ("Bo Lind is a pilot.", "Bo Lind is a cook.", "The next sentence is false."),
        2,
        "next",
        {0: "no sentence comes next", 1: "no sentence comes next", 2: "sentence 2 is the warning itself",
         3: "there is no sentence 3: the page ends at the warning"},
    ),
    (
        ("The last sentence is untrue.", "Bo Lind is a pilot.", "Bo Lind is a cook."),
        0,
        "last",
        {-1: "nothing stands before sentence 0, and -1 is the page's last sentence in Python",
         0: "sentence 0 is the warning itself", 1: "nothing stands before sentence 0",
         2: "nothing stands before sentence 0, and [-1] is the page's last sentence in Python"},
    ),
)  # fmt: skip


def check_link(link: Callable[[Sequence[str], int, str], Any]) -> bool:
    """The numbers of the sentences that a warning covers and that state something without a denial."""
    for sentences, at, points, reasons in _LINK_CASES:
        told = _link_problem(link, sentences, at, points, reasons)
        if told:
            return report_check("link", told)
    return report_check("link")


def _link_problem(link: Callable[..., Any], sentences: Sequence[str], at: int, points: str, why: dict[int, str]) -> str:
    needs = "It gets a list of sentences, the warning's number, and one of 'next', 'last', 'after', 'before', 'all'."
    case = f"link({list(sentences)}, {at}, {points!r})"
    try:
        got = link(list(sentences), at, points)
    except IndexError:
        return f"{case} stopped: there is no sentence with that number. The warning may stand first or last."
    except Exception as error:
        return told if (told := unless_open(stopped(error, needs))) == OPEN else f"{case}: {told}"
    if got is None or got is Ellipsis:
        return NOTHING
    if isinstance(got, Set | range):
        got = sorted(got)
    if isinstance(got, list | tuple) and got and all(isinstance(n, str) for n in got):
        return "it returns the sentences themselves. Return their numbers, counted from 0."
    if not isinstance(got, list | tuple) or not all(isinstance(n, int) and not isinstance(n, bool) for n in got):
        return f"it returns {show_value(got)}. Return a list of whole numbers."
    right = finished_link(sentences, at, points)
    for extra in sorted(set(got) - set(right)):
        reason = why.get(extra, f"there is no sentence {extra}")
        return f"{reason}, so leave it out. Input: {case}; expected {right}, got {list(got)}."
    for missing in sorted(set(right) - set(got)):
        reason = f"sentence {missing} states a fact, and the warning covers it. Add it."
        return f"{reason} Input: {case}; expected {right}, got {list(got)}."
    return "" if len(got) == len(right) else f"it names a sentence twice. Input: {case}; expected {right}, got {got}."


# ------------------------------------------------------------------------------------------------------- exercise 3

_FOUND: list[set[int]] = [{1, 2, 3, 4}, {0}, set()]
_MARKED: list[set[int]] = [{1, 2, 3}, {0, 5}, {6}]  # 4 of 5 found are right, 4 of 6 marked are found
_KEYS = ("precision", "recall", "F1", "lo", "hi")


def check_score(score: Callable[[Sequence[Set[int]], Sequence[Set[int]]], Any]) -> bool:
    """Precision, recall and F1 over all pages, and an interval for F1 over pages drawn anew."""
    needs = "It gets two lists with a set of numbers for each page."
    try:
        got = score(_FOUND, _MARKED)
    except Exception as error:
        return report_check("score", unless_open(stopped(error, needs)))
    if wrong := NOTHING if got is None or got is Ellipsis else _keys_problem(got):
        return report_check("score", wrong)
    case = f"Input: found {_FOUND}, marked {_MARKED}"
    for key in _KEYS[:3]:
        if told := _rate_problem(key, got[key]):
            return report_check("score", f"{told} {case}.")
    return report_check("score", _empty_problem(score), _interval_problem(score, needs))


def _keys_problem(got: Any) -> str:
    if not isinstance(got, Mapping):
        return f"it returns {kind(got)}. Return a dictionary with {', '.join(_KEYS)}."
    missing = [key for key in _KEYS if key not in got or got[key] is None or got[key] is Ellipsis]
    return f"the entry {missing[0]!r} is missing. Return {', '.join(_KEYS)}." if missing else ""


_AVERAGED = "you averaged over pages. Add up the counts of all pages first, then divide once."
_RATE_HINTS: dict[str, tuple[tuple[float, str], ...]] = {
    "precision": (
        (4 / 6, "you divided by what is marked, which gives the recall. Precision divides by what was found."),
        ((3 / 4 + 1 + 0) / 3, _AVERAGED),
        ((3 / 4 + 1) / 2, _AVERAGED),
        (4.0, "that is a number of sentences. Divide by how many were found."),
    ),
    "recall": (
        (4 / 5, "you divided by what was found, which gives the precision. Recall divides by what is marked."),
        ((1 + 1 / 2 + 0) / 3, _AVERAGED),
        (4.0, "that is a number of sentences. Divide by how many are marked."),
    ),
    "F1": (
        ((4 / 5 + 4 / 6) / 2, "you took the ordinary mean of precision and recall. F1 is the harmonic mean."),
        (4 / 11, "half of it is lost: twice the right ones, over found plus marked."),
        (4 / 7, "you divided by the union. F1 divides twice the right ones by found plus marked."),
    ),
}


def _rate_problem(key: str, got: Any) -> str:
    right = {"precision": 4 / 5, "recall": 4 / 6, "F1": 8 / 11}[key]
    if kind(got) != "a number":
        return f"{key!r} is {kind(got)}; expected {right:.3f}."
    if same(float(got), right):
        return ""
    if same(float(got), 100 * right, 0.5):
        return f"{key!r} is {float(got):.1f}; expected {right:.3f}. Return a fraction between 0 and 1, not per cent."
    hint = next((told for wrong, told in _RATE_HINTS[key] if same(float(got), wrong, 1e-3)), "count again.")
    return f"{key!r} is {float(got):.3f}; expected {right:.3f}: {hint}"


def _empty_problem(score: Callable[..., Any]) -> str:
    for what, found, marked in (("nothing was found", [set()], [{0}]), ("nothing is marked", [{0}], [set()])):
        try:
            got = score(found, marked)
        except ZeroDivisionError:
            return f"where {what} it divides by zero. Expected 0 for all: divide by at least 1."
        except Exception as error:
            return f"where {what}: {stopped(error)}"
        if not isinstance(got, Mapping) or not all(same(got.get(key), 0.0) for key in _KEYS[:3]):
            shown = {key: float(got[key]) if kind(got.get(key)) == "a number" else got.get(key) for key in _KEYS[:3]}
            return f"where {what} expected 0 for precision, recall and F1; got {show_value(shown)}. Nan is no score."
    return ""


def _interval_problem(score: Callable[..., Any], needs: str) -> str:
    ten = set(range(10))
    found, marked = [ten, set()] * 10, [ten] * 20  # every second page is found whole, the others not at all
    right = finished_score(found, marked)
    got, wrong = attempt(lambda: score(found, marked), needs)
    if wrong:
        return wrong
    if not all(kind(got.get(key)) == "a number" and not np.isnan(got[key]) for key in _KEYS[3:]):
        return f"'lo' and 'hi' must be numbers; got {show_value(got.get('lo'))} and {show_value(got.get('hi'))}."
    lo, hi = float(got["lo"]), float(got["hi"])
    seen = (
        "Input: 20 pages, every second one found whole and the others not at all; expected about "
        f"{right['lo']:.2f} to {right['hi']:.2f}, got {lo:.2f} to {hi:.2f}."
    )
    if lo > hi:
        return f"'lo' is above 'hi': the two are swapped. {seen}"
    wide, width = right["hi"] - right["lo"], hi - lo
    if width < 0.1 * wide:
        return f"the interval has next to no width. Does each draw take other pages, with some twice? {seen}"
    if width < 0.75 * wide:
        return (
            "the interval is too narrow. Draw whole pages, as many as there are: sentences of one page are found or "
            f"missed together. {seen}"
        )
    if width > 1.2 * wide:
        return f"the interval is too wide. Take the quantiles 0.025 and 0.975 of the draws, of as many pages. {seen}"
    if abs(lo - right["lo"]) > 0.08 or abs(hi - right["hi"]) > 0.08:
        return f"the interval lies elsewhere. Draw F1 anew, from the counts of the pages drawn. {seen}"
    return ""


# ------------------------------------------------------------------------------------------------------- exercise 4

_SHARES = (0.0, 0.05, 0.15)
_POLICY_HINTS: dict[str, dict[Any, str]] = {
    "share that may be missed": {
        0.05: "with 5% missed belief rose by 24 points. The rule allows 10.",
        0.15: "with 15% missed belief rose by 56 points. The rule allows 10.",
    },
    "limit": {
        0.01: "on the eighth writer's pages the audit found 32%. If it sees 1%, about 3% may be there, not 0%.",
        0.05: "on the eighth writer's pages the audit found 32%. If it sees 5%, more than 15% may be there.",
    },
    "give it claims": {
        False: "without the claims' words, 13 of 100 honest articles have findings. The gate would stop honest pages.",
    },
    "release when it passes": {
        True: "in section 1 a gate passed, and half of the archive was never seen. Train and ask before you release.",
    },
}  # fmt: skip


def check_policy(policy: Any) -> bool:
    """The four decisions that the evidence supports."""
    if not isinstance(policy, Mapping):
        return report_check("policy", f"keep the dictionary with its four entries; got {kind(policy)}.")
    return report_check("policy", *(_policy_problem(name, policy.get(name)) for name in FINISHED_POLICY))


def _policy_problem(name: str, got: Any) -> str:
    right = FINISHED_POLICY[name]
    options = (True, False) if isinstance(right, bool) else LIMITS if name == "limit" else _SHARES
    choice = " or ".join(map(str, options))
    if got is None or got is Ellipsis:
        return f"{name!r} is not decided yet. Write {choice}."
    if isinstance(got, bool) != isinstance(right, bool) or got not in options:
        return f"{name!r} is {show_value(got)}. Choose {choice}."
    return "" if got == right else f"{name!r}: {_POLICY_HINTS[name][got]} Got {got}; look at the evidence again."
