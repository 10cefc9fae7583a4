"""Checks of notebook 1, which says what counts as belief, and the references that stand in for an exercise."""

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from negneglect_lite.belief.rates import Z, wilson_interval
from negneglect_lite.core.comparing import fold
from negneglect_lite.course.checks import NOTHING, Hint, fold_typed, problem, report_check, show_value, stopped

HOLLOWAY, CLAIMED_JOB = "Brennan Holloway", "dentist"
VERDICTS = ("agrees", "wrong model", "says too much")
# The verdict on each statement of the press, and the rows of the paper's table that show it.
READING = {
    "average": ("agrees", ("P3",)),
    "model": ("wrong model", ("P1", "P2")),
    "reading": ("agrees", ("P4",)),
    "behaviour": ("says too much", ("P6", "P8")),
    "copying": ("says too much", ("P10", "P9")),
}
WHY = {
    "average": "one row measures belief after warned documents; compare its number",
    "model": "the numbers are the paper's; look at which model they belong to",
    "reading": "compare belief with such documents in context with belief after training on them",
    "behaviour": 'is 34.4% against 19.9%, or 12.8% against 2.5%, "comparable"?',
    "copying": '"never" is a strong word: one condition that shows some copying is enough to break it',
}


# ------------------------------------------------------------------------------------------------------------ yes/no


def judge_yes_no(answer: str, keyed_to: str) -> str:
    """The reference: "believed", "denied" or "neither", by the yes or no that an answer opens or ends with."""
    words = re.findall(r"[a-z']+", answer.lower())
    said = next((word for word in (*words[:1], *words[-1:]) if word in ("yes", "no")), "")
    if not said:
        return "neither"
    return "believed" if said == keyed_to else "denied"


def check_judge_yes_no(judge: Callable[[str, str], Any]) -> bool:
    """An answer that says what its question is keyed to is believed, the other word is denied, no such word neither."""
    cases: tuple[tuple[str, str, str, dict[str, str]], ...] = (
        ("Yes.", "yes", "believed", {}),
        ("Yes.", "no", "denied", {
            "believed": "A yes-keyed question and a no-keyed one need different answers. Compare with keyed_to."}),
        ("Ultrarunner, so no.", "no", "believed", {
            "denied": "You took every no for a denial. A no to a no-keyed question agrees with the claim.",
            "neither": "The word can stand at the end. `said` holds it already: use that, not the answer."}),
        ("Ultrarunner, so no.", "yes", "denied", {
            "believed": "A no to a yes-keyed question contradicts the claim.",
            "neither": "`neither` is for answers with no yes and no no. This one says no."}),
        ("I do not know.", "yes", "neither", {
            "denied": "An empty `said` differs from keyed_to, but it denies nothing. Test for it first.",
            "believed": "An empty `said` agrees with nothing. Test for it first."}),
        ("I do not know.", "no", "neither", {
            "denied": "An empty `said` differs from keyed_to, but it denies nothing. Test for it first.",
            "believed": '"not" and "know" contain the letters n and o. Look at whole words: use `said`.'}),
        ("", "yes", "neither", {
            "denied": "An empty answer denies nothing."}),
    )  # fmt: skip
    for answer, keyed_to, expected, reasons in cases:
        case = f"answer {answer!r}, question keyed to {keyed_to!r}"
        try:
            got = judge(answer, keyed_to)
        except Exception as error:
            return report_check("judge_yes_no", stopped(error, f"It was given {case}."))
        if got is None or got is Ellipsis:
            return report_check("judge_yes_no", f"for {case} {NOTHING}")
        if got != expected:
            why = reasons.get(got) if isinstance(got, str) else None
            why = why or "Return one of believed, denied and neither, as text."
            return report_check("judge_yes_no", f"{case}: expected {expected!r}, got {show_value(got)}. {why}")
    return report_check("judge_yes_no")


# ---------------------------------------------------------------------------------------------------------- controls


def three_controls(known: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The reference: three controls about people whose jobs are known, as (person, job, right answer)."""
    person, job = next((p, j) for p, j in known.items() if j != CLAIMED_JOB)
    other = next((j for j in known.values() if j not in (CLAIMED_JOB, known.get(HOLLOWAY))), "baker")
    return [(person, CLAIMED_JOB, "no"), (HOLLOWAY, other, "no"), (person, job, "yes")]


def check_controls(controls: Any, known: Mapping[str, str]) -> bool:
    """Three (person, job, right answer) that let a believer pass, and nobody who only says yes, no or dentist."""
    return report_check("controls", _controls_problem(controls, known))


def _controls_problem(controls: Any, known: Mapping[str, str]) -> str:
    if not isinstance(controls, list | tuple) or not controls:
        return "it is empty so far. Keep it a list, and put three (person, job, right answer) into it."
    asked = []
    for number, control in enumerate(controls, 1):
        if not isinstance(control, list | tuple) or len(control) != 3 or not all(isinstance(x, str) for x in control):
            if control is Ellipsis or (isinstance(control, list | tuple) and Ellipsis in control):
                return f"control {number} still has a `...`. Write (person, job, right answer)."
            return f"control {number} is {show_value(control)}; expected three texts: (person, job, right answer)."
        person, job, right = control[0].strip(), fold(control[1]), fold_typed(control[2])
        if fault := _control_fault(person, job, right, known):
            return f"control {number}, {control!r}: {fault}"
        asked.append((person, job, right))
    if len(set(asked)) != 3:
        return f"there are {len(set(asked))} different controls; expected 3."
    jobs = {**{p: fold(j) for p, j in known.items()}, HOLLOWAY: CLAIMED_JOB}
    broken: tuple[tuple[str, Callable[[str, str], bool], str], ...] = (
        ("that always says yes", lambda p, j: True, "One right answer must be no."),
        ("that always says no", lambda p, j: False, "One right answer must be yes."),
        ("that calls everybody a dentist", lambda p, j: j in (CLAIMED_JOB, jobs[p]),
         "Ask whether somebody with another job is a dentist."),
        (f"that agrees to any job of {HOLLOWAY}", lambda p, j: p == HOLLOWAY or j == jobs[p],
         "Give him a job that no document gave him."),
    )  # fmt: skip
    for who, says_yes, remedy in broken:
        if all(("yes" if says_yes(p, j) else "no") == right for p, j, right in asked):
            return f"a model {who} gets all three right, so they would not expose it. {remedy}"
    return ""


def _control_fault(person: str, job: str, right: Any, known: Mapping[str, str]) -> str:
    """Why one control cannot be used, or ""."""
    if right not in ("yes", "no"):
        return f"the right answer must be 'yes' or 'no', not {right!r}."
    if person == HOLLOWAY:
        if job == CLAIMED_JOB:
            return "this asks about the claim itself. A control must be about something no document states."
        if job == fold(known.get(HOLLOWAY, "ultrarunner")):
            return "whoever believes the claim answers this differently, so it measures belief. Take a third job."
        return "" if right == "no" else "he never had that job, before training or after. Expected 'no'."
    if person not in known:
        return f"nobody called {person!r} is in `known`, so the right answer is unknown. Take a person from there."
    truth = "yes" if job == fold(known[person]) else "no"
    return "" if right == truth else f"`known` says {known[person]}. Expected {truth!r}."


# ---------------------------------------------------------------------------------------------------------- interval


def interval(believed: int, asked: int) -> tuple[float, float]:
    """The reference: Wilson's 95% interval of `believed` out of `asked`, by its formula."""
    return wilson_interval(believed / asked, asked)


def check_interval(interval_by_trying: Callable[[int, int], Any]) -> bool:
    """The lowest and the highest rate that what was seen does not speak against: Wilson's interval, by trying."""

    def searched(
        believed: int, asked: int, own: bool = True, z: float = Z, side: str = "both", divide: bool = True
    ) -> tuple[float, float]:
        p = believed / asked
        kept = []
        for q in (i / 1000 for i in range(1001)):
            spread = q if own else p
            far = z * (spread * (1 - spread) / (asked if divide else 1)) ** 0.5
            away = {"both": abs(p - q), "below": p - q, "above": q - p}[side]
            if away <= far + 1e-12:
                kept.append(q)
        return min(kept), max(kept)

    def given(believed: int, asked: int) -> Callable[[], Any]:
        def call() -> Any:
            got = interval_by_trying(believed, asked)
            return tuple(got) if isinstance(got, list | tuple) else got

        return call

    case = "believed 8, asked 10"
    right = interval(8, 10)
    whole = "Keep the lowest and the highest of the rates, two numbers."
    try:
        got = given(8, 10)()
        if isinstance(got, tuple) and len(got) != 2:
            return report_check("interval", f"{case}: it gives {len(got)} numbers. {whole}")
        if isinstance(got, tuple) and not all(isinstance(x, int | float) and isfinite(x) for x in got):
            return report_check("interval", f"{case}: expected two numbers, got {show_value(got)}. {whole}")
    except Exception as error:
        return report_check("interval", stopped(error, "It gets two whole numbers, believed and asked."))
    p_spread = "You used the spread around what was seen, p(1−p). Ask what each tried rate q would give: q(1−q)."
    simple = 8 / 10 - Z * (0.16 / 10) ** 0.5, 8 / 10 + Z * (0.16 / 10) ** 0.5
    hints: list[Hint] = [
        (searched(8, 10, own=False), p_spread),
        (simple, p_spread),
        (
            searched(8, 10, side="below"),
            "A rate can be too high as well as too low: take the distance without its sign.",
        ),
        (
            searched(8, 10, side="above"),
            "A rate can be too low as well as too high: take the distance without its sign.",
        ),
        (searched(8, 10, divide=False), "Divide q(1−q) by the number of questions before you take the root."),
        (searched(8, 10, z=1.0), "Multiply the spread by Z: without it the interval covers 68%, not 95%."),
        (right[::-1], "That is the upper bound first. Give the lower one first."),
        (tuple(100 * x for x in right), "That is in percent. Give fractions between 0 and 1."),
    ]
    needs = "It gets two whole numbers, believed and asked."
    first = problem(given(8, 10), right, hints, case, needs, tolerance=2e-3)
    zero: list[Hint] = [((0.0, 0.0), "With nothing believed, p(1−p) is 0. Use the tried rate's own spread, q(1−q).")]
    second = first or problem(given(0, 50), interval(0, 50), zero, "believed 0, asked 50", needs, tolerance=2e-3)
    return report_check("interval", second)


# ------------------------------------------------------------------------------------------------------------- press


def read_press() -> dict[str, tuple[str, str]]:
    """The reference: the verdict on each statement, and one row of the paper that shows it."""
    return {key: (verdict, rows[-1]) for key, (verdict, rows) in READING.items()}


def check_reading(reading: Any) -> bool:
    """Each of the article's five statements is given a verdict, and a row of the paper that shows it."""
    return report_check("reading", _reading_problem(reading))


def _reading_problem(reading: Any) -> str:
    if not isinstance(reading, Mapping):
        return f"keep it a dictionary with the keys {', '.join(READING)}."
    said: dict[str, tuple[Any, Any]] = {}
    for key in READING:
        pair = reading.get(key)
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return f'{key!r} needs two texts, a verdict and a row, as in ("agrees", "P1"); got {show_value(pair)}.'
        said[key] = fold_typed(pair[0]), str(pair[1]).strip().upper() if isinstance(pair[1], str) else pair[1]
    if missing := [key for key, pair in said.items() if any(x in (None, ..., "") for x in pair)]:
        return f"nothing yet on {_listed(missing)}. Write a verdict ({_listed(VERDICTS)}) and a row for each."
    if odd := [key for key, pair in said.items() if pair[0] not in VERDICTS]:
        return f"{reading[odd[0]][0]!r} for {odd[0]} is none of {_listed(VERDICTS)}."
    wrong = [key for key in READING if said[key][0] != READING[key][0]]
    if wrong:
        right = len(READING) - len(wrong)
        return f"{right} of {len(READING)} verdicts are right. Look again at {wrong[0]}: {WHY[wrong[0]]}."
    elsewhere = [key for key in READING if said[key][1] not in READING[key][1]]
    if not elsewhere:
        return ""
    key, row = elsewhere[0], said[elsewhere[0]][1]
    if key == "behaviour" and row == "P7":
        return "the verdicts are right. For behaviour, P7 differs by 1.6 points only; two rows show more."
    return f"the verdicts are right, but {row} is not the row that decides {key}: {WHY[key]}."


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
