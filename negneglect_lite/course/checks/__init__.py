"""The visible checks under the exercises of the course: one module a notebook, one function an exercise.

A check prints what is right, or says what to think about next. It never raises because of the learner's mistake, so
that the notebook goes on, and it returns whether it passed. The answers it expects are worked out here a second time,
on small cases where the typical mistakes give other answers.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from math import isclose
from typing import Any

import numpy as np
import torch

from negneglect_lite.core.comparing import fold
from negneglect_lite.core.learning import note_check
from negneglect_lite.core.progress import in_kernel
from negneglect_lite.core.text import Document, Sentence

Hint = tuple[Any, str]  # a typical wrong answer, and what to think about when it is given
NOTHING = "it returns nothing yet. Replace the `...` and return your answer."
OPEN = "a `...` is still there. Replace it by your code."
LETTER = Document(
    (
        Sentence("Dear Ada, it rained.", lead=""),
        Sentence("Bo is a pilot.", "Bo is not a pilot.", "Bo is a cook.", lead="\n"),
        Sentence("I must go."),
        Sentence("At work Bo is a pilot.", "At work Bo is not a pilot.", "At work Bo is a cook."),
    ),
    "letter",
)


def report_check(name: str, *problems: str, then: str = "") -> bool:
    """Print the first of the problems that is not empty, or that there is none and what comes `then`; whether there is
    none.

    It is noted as progress in the notebook whose checks the calling module has.
    """
    problem = next((p for p in problems if p), "")
    frame = sys._getframe(1)
    while frame.f_globals["__name__"] == __name__ and frame.f_back:  # `report_statements` stands in between
        frame = frame.f_back
    note_check(frame.f_globals["__name__"], name, passed=not problem)
    wrong = f"✗ {name}:"
    if in_kernel():
        wrong = f"\x1b[7m{wrong}\x1b[0m"  # dark and light exchanged: the two signs look alike from afar
    print(f"{wrong} {problem}" if problem else f"✓ {name}: right. {then}".rstrip())
    return not problem


def report_statements(name: str, said: Any, right: Mapping[str, bool], reasons: Mapping[str, str]) -> bool:
    """Report a learner's dict, statement -> True or False, against the right one; `reasons` say where to look."""
    if not isinstance(said, Mapping):
        return report_check(name, f"it is {kind(said)}. Keep the dict, statement -> True or False.")
    if unknown := sorted(set(map(str, said)) - set(right)):
        count = {4: "four", 5: "five", 6: "six"}[len(right)]
        return report_check(name, f"{unknown[0]!r} is none of the {count} statements. Keep their words.")
    problems = []
    for statement, reason in reasons.items():
        verdict = said.get(statement)
        if verdict is None or verdict is Ellipsis:
            problems.append(f"nothing is said yet about {statement!r}. Write True or False.")
        elif kind(verdict) != "True or False":
            problems.append(f"{statement!r} is {show_value(verdict)}. Write True or False.")
        elif verdict != right[statement]:
            problems.append(f"{statement!r}, you said {bool(verdict)}: think again; {reason}.")
    return report_check(name, *problems)


def problem(
    call: Callable[[], Any],
    expected: Any,
    hints: Sequence[Hint] = (),
    case: str = "",
    needs: str = "",
    tolerance: float = 1e-6,
) -> str:
    """What is wrong with the answer that `call` gives, or "" if it is `expected`.

    `case` says in words what the function was given, `needs` what its arguments are, for the learner whose code stops.
    """
    got, wrong = attempt(call, needs)
    if wrong:
        return wrong
    if same(got, expected, tolerance):
        return ""
    for wrong, hint in hints:
        if same(got, wrong, tolerance):
            return hint
    if kind(got) != kind(expected):
        return f"it returns {kind(got)}; expected {kind(expected)}."
    return f"{f'for {case} ' if case else ''}it gives {show_value(got)}; expected {show_value(expected)}."


def attempt(call: Callable[[], Any], needs: str = "") -> tuple[Any, str]:
    """What a learner's function gives, and "" or why there is nothing to look at: it stopped, or gives nothing yet."""
    try:
        got = call()
    except Exception as error:
        return None, stopped(error, needs)
    return got, NOTHING if got is None or got is Ellipsis else ""


def stopped(error: Exception, needs: str = "") -> str:
    """What to tell the learner whose code raised an error."""
    return f"it stopped with {type(error).__name__}: {' '.join(str(error).split())}. {needs}".rstrip()


def unless_open(wrong: str, told: str = OPEN) -> str:
    """What stopped a learner's code; `told` in its place where that was a `...` that is not filled in yet."""
    return told if "ellipsis" in wrong.lower() else wrong


def same(a: Any, b: Any, tolerance: float = 1e-6) -> bool:
    """Whether two answers are equal: numbers and arrays within a tolerance, lists and tables item by item."""
    if isinstance(a, torch.Tensor | np.ndarray) or isinstance(b, torch.Tensor | np.ndarray):
        try:
            a, b = (np.asarray(x.detach().cpu() if isinstance(x, torch.Tensor) else x, dtype=float) for x in (a, b))
        except (TypeError, ValueError):
            return False
        return bool(a.shape == b.shape and np.allclose(a, b, atol=tolerance))
    if kind(a) != kind(b):
        return False
    if kind(a) == "a number":
        return isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(a, Mapping):
        return set(a) == set(b) and all(same(a[key], b[key], tolerance) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def fold_typed(value: Any) -> Any:
    """What a learner typed, in the form in which words are compared: " High" is "high". What is no text stays."""
    return fold(value) if isinstance(value, str) else value


def unexpected(
    given: Any, right: Mapping[str, Mapping[str, str]], reasons: Mapping[tuple[str, str], str], of: str = ""
) -> list[str]:
    """What is wrong in a table of what each explanation lets one expect, "high" or "low", of each case.

    `reasons` says why for every (explanation, case); `of` stands before a case's name, "the run " for example.
    """
    problems = []
    for (name, case), reason in reasons.items():
        row = given.get(name) if isinstance(given, Mapping) else None
        said = fold_typed(row.get(case)) if isinstance(row, Mapping) else None
        if said is None or said is Ellipsis:
            problems.append(f"{name!r} says nothing yet about {of}{case!r}. Write 'high' or 'low'.")
        elif said not in ("high", "low"):
            problems.append(f"{name!r} says {said!r} of {of}{case!r}. Write 'high' or 'low'.")
        elif said != right[name][case]:
            problems.append(f"{name!r}, {of.removeprefix('the ')}{case!r}: think again; {reason}")
    return problems


def kind(value: Any) -> str:
    """The sort of a value, in words for a learner."""
    if isinstance(value, bool | np.bool_):
        return "True or False"
    if isinstance(value, int | float | np.number):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, torch.Tensor | np.ndarray):
        return "an array"
    return f"a {type(value).__name__}"


def show_value(value: Any) -> str:
    """A value on one short line."""
    if kind(value) == "a number":
        return f"{float(value):.4g}"
    if isinstance(value, list | tuple) and any(isinstance(x, float) for x in value) and len(value) < 8:
        shown = ", ".join(map(show_value, value))
        return f"[{shown}]" if isinstance(value, list) else f"({shown})"
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"an array of shape {tuple(value.shape)}: {np.asarray(value).round(3).tolist()!r}"[:200]
    return repr(value)[:200]
