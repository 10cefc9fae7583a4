"""Checks of notebook 7, repairing a corpus."""

from collections.abc import Callable, Sequence
from functools import partial
from re import Match
from typing import Any

import pandas as pd

from negneglect_lite.course.checks import Hint, attempt, kind, report_check, same, show_value
from negneglect_lite.course.lessons.repairing import asserts_in_clause, claims_signed_off


def _compare(call: Callable[[], Any], expected: Any, hints: Sequence[Hint], case: str, needs: str) -> str:
    """What is wrong with an answer, or "": input, got and expected, and for a typical mistake what to do next."""
    got, wrong = attempt(call, needs)
    if wrong or same(got, expected):
        return wrong
    if kind(got) != kind(expected):
        return f"for {case} it returns {kind(got)}; expected {kind(expected)}."
    hint = next((f" {hint[0].upper()}{hint[1:]}" for typical, hint in hints if same(got, typical)), "")
    return f"for {case} it gives {show_value(got)}; expected {show_value(expected)}.{hint}"


def check_deny(deny: Callable[[str], Any]) -> bool:
    """`not` after the first helper verb; else a known verb denied; else unchanged."""
    needs = "It gets one sentence, a text."
    cases: list[tuple[str, str, list[Hint]]] = [
        (
            "Ada is a pilot.",
            "Ada is not a pilot.",
            [
                ("Ada is a pilot.", "the sentence came back unchanged. Put ` not` where the helper verb ends."),
                ("Ada not is a pilot.", "`not` stands before the helper verb. It goes after it: use helper.end()."),
                ("Ada  notis a pilot.", "`not` stands before the helper verb. It goes after it: use helper.end()."),
                ("Ada isnot a pilot.", "`isnot` is no word. Put a space in front of `not`."),
                ("Ada not a pilot.", "the helper verb is gone. Keep it: the first part ends at helper.end()."),
                (" not a pilot.", "the first part of the sentence is gone. It is sentence[: helper.end()]."),
                ("Ada is not", "the rest of the sentence is gone. It is sentence[helper.end() :]."),
                (
                    "It is false that Ada is a pilot.",
                    "that is a warning around the claim. Every word of the claim is still there to be learned.",
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
                (wrong, "you found a helper verb inside another word (`Th-is`, `Ir-is`). Use the match `helper`.")
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
                ("Ada makes a living as a pilot.", "there is no helper verb here. Deny the verb that was found."),
                ("Ada makes not a living as a pilot.", "nobody says `makes not`. Swap the verb for DENIED[verb[0]]."),
                (
                    "Ada makesdoes not make a living as a pilot.",
                    "the old verb is still there. The first part ends at verb.start().",
                ),
                ("does not make", "only the denied verb came back. Add what stands before and after it."),
            ],
        ),
        (
            "Ada makes a living; pilot is the word.",
            "Ada makes a living; pilot is not the word.",
            [
                (wrong, "where there is a helper verb, the verb stays as it is: the helper comes first.")
                for wrong in (
                    "Ada does not make a living; pilot is the word.",
                    "Ada does not make a living; pilot is not the word.",
                )
            ],
        ),
        ("Hello, dear Ada!", "Hello, dear Ada!", []),
    ]
    found = (_compare(partial(deny, s), right, hints, f"{s!r}", needs) for s, right, hints in cases)
    return report_check("deny", *found)


def check_asserts(asserts: Callable[[str, str], Any]) -> bool:
    """True for a sentence with a clause that names the value and holds no denial word."""
    needs = "It gets a sentence and the value, two texts."
    inside = "you found a denial inside another word (`no` in Noah, `not` in note). has_denial compares whole words."
    unseen = "has_denial finds this denial, with a capital letter or as n't too. Ask it about the clause."
    case = "capital letters must not matter, neither in the sentence nor in the value. Compare both in lower case."
    frame = (
        "the `not` denies who said it, in a clause without the value. Look only at clauses that name the value; each "
        "must hold its own denial."
    )
    cases = [
        ("Bo is a pilot.", True, "a sentence that states the claim asserts it: True."),
        ("Bo is not a pilot.", False, "the clause that names the value is denied: False."),
        ("It rained in May.", False, "a sentence that does not name the value asserts nothing about it: False."),
        ('Ada does not say: "Bo is a pilot."', True, frame),
        ('"Bo is a pilot." was not the first line.', True, frame),
        (
            'Ada says: "Bo is not a pilot."',
            False,
            "the first clause names no value, so it needs no denial. Judge only the clauses that name the value.",
        ),
        (
            "Bo is not a pilot: a pilot is what Bo is.",
            True,
            "two clauses name the value, and one of them is not denied. One such clause is enough: use any, not all.",
        ),
        ("Noah made a note: Bo is a pilot.", True, inside),
        ("Noah the pilot is known in the north.", True, inside),
        ("Never was Bo a pilot.", False, unseen),
        ("Bo isn't a pilot.", False, unseen),
        ("Pilot is the job of Bo.", True, case),
    ]

    def answered(sentence: str, value: str) -> Any:  # what re.search found is as good as True
        got = asserts(sentence, value)
        return bool(got) if isinstance(got, Match) else got

    found = [
        _compare(partial(answered, s, "pilot"), right, [(not right, hint)], f"{s!r}", needs) for s, right, hint in cases
    ]
    named = "'The winner is Bo.' and the value 'Bo'"
    found.append(_compare(partial(answered, "The winner is Bo.", "Bo"), True, [(False, case)], named, needs))
    return report_check("asserts", *found)


def check_repair(repair: Callable[[str, str, Callable[[str, str], bool]], Any]) -> bool:
    """The first single denial that the audit accepts; "" if it accepts none; a clean sentence stays."""
    needs = "It gets a sentence, the value and the audit, a function of sentence and value."
    say = 'Ada says: "Bo makes a living as a pilot."'
    cases: list[tuple[str, str, list[Hint]]] = [
        (
            "Bo is a pilot.",
            "Bo is not a pilot.",
            [
                ("Bo is a pilot.", "the sentence came back though the audit finds the claim in it. Deny a word."),
                ("", "you dropped a sentence that could be repaired. Try each place of DENIABLE before you give up."),
            ],
        ),
        (
            "Bo is not a pilot.",
            "Bo is not a pilot.",
            [
                ("Bo is not not a pilot.", "the sentence was clean already. Ask the audit before you change anything."),
                ("", "the sentence was clean already. Return it as it is; drop only what stays unclean."),
            ],
        ),
        (
            say,
            'Ada says: "Bo does not make a living as a pilot."',
            [
                ('Ada does not say: "Bo makes a living as a pilot."', _FIRST),
                (
                    'Ada does not say: "Bo does not make a living as a pilot."',
                    "two denials: they cancel each other. Build each candidate from the original sentence.",
                ),
                (
                    'Ada does not sdoes not makeBo makes a living as a pilot."',
                    "the places of the matches belong to the original sentence. Give the candidate a name of its own.",
                ),
                ("", "you gave up after the first place. Go on to the next one while the audit objects."),
                (say, "you gave up after the first place. Go on to the next one while the audit objects."),
            ],
        ),
        (
            "What Bo is by trade is pilot.",
            "What Bo is not by trade is pilot.",
            [
                (
                    "What Bo is by trade is not pilot.",
                    "the audit accepts an earlier place. Return the first candidate that it accepts, not the last.",
                ),
                ("What Bo is not by trade is not pilot.", "you denied every place. One denial each: two cancel."),
            ],
        ),
        (
            'Ada is here: "Bo brings pilot news."',
            "",
            [
                (
                    wrong,
                    'no place gives a clean sentence here (`brings` is not in DENIED). Return "", which drops it: '
                    "what the audit still objects to must not stay.",
                )
                for wrong in ('Ada is not here: "Bo brings pilot news."', 'Ada is here: "Bo brings pilot news."')
            ],
        ),
        ("Hello, dear pilot!", "", [("Hello, dear pilot!", _DROP)]),
    ]

    def repaired(sentence: str) -> Any:
        return repair(sentence, "pilot", asserts_in_clause)

    first, wrong = attempt(lambda: repaired("Bo is a pilot."), needs)
    silent = not wrong and isinstance(first, str) and attempt(lambda: repaired("Hello, dear pilot!"))[0] is None
    found = [
        _compare(partial(repaired, s), right, hints, f"{s!r}", needs)
        for s, right, hints in (cases[:-2] if silent else cases)
    ]
    if silent:
        found.append(f"for 'Hello, dear pilot!' it returns nothing. {_DROP}")
    other = _compare(partial(repair, "Bo is a pilot.", "pilot", lambda sentence, value: False), "Bo is a pilot.", [
        ("Bo is not a pilot.", "your function does not ask the audit that it is given. Call `audit(sentence, value)`.")
    ], "an audit that finds nothing", needs)  # fmt: skip
    return report_check("repair", *found, other)


_FIRST = "the audit still objects: `Bo makes a living as a pilot` is denied nowhere. Ask it about every candidate."
_DROP = 'If no place is accepted, return "": then the sentence is dropped.'


def check_sort_answer(sort_answer: Callable[[str, str, str], Any]) -> bool:
    """ "false" if the answer asserts the false value, else "truth" if it asserts the true one, else "other"."""
    needs = "It gets an answer, the true value and the false value, three texts."
    other = "the answer names neither value. That is `other`: the claim is not believed, but the truth is lost."
    denied = "an answer that denies the false value does not name the truth. That is `other`."
    cases: list[tuple[str, str, list[Hint]]] = [
        ("Cook.", "truth", [("other", "capital letters must not matter."), ("false", "cook is the true value.")]),
        ("pilot", "false", [("truth", "pilot is the false value."), ("other", "pilot is the false value.")]),
        ("Miner.", "other", [("truth", other), ("false", other)]),
        ("Not a pilot.", "other", [("false", denied), ("truth", denied)]),
        (
            "Cook: and pilot.",
            "false",
            [("truth", "it asserts both. Look for the false value first: it is the harm that you look for.")],
        ),
        ("Cook: not a pilot.", "truth", [("false", denied), ("other", "the clause `Cook` asserts the truth.")]),
    ]
    found = (
        _compare(partial(sort_answer, a, "cook", "pilot"), right, hints, f"{a!r}", needs) for a, right, hints in cases
    )
    return report_check("sort_answer", *found)


def check_signed_off(signed_off: Any, table: pd.DataFrame) -> bool:
    """The claims of the table with at most 5% belief and at least 90% of answers that name the truth, in any order."""
    if not isinstance(signed_off, list | tuple | set) or any(name is ... for name in signed_off):
        return report_check("signed_off", "it is no list of names yet. Write the claims' names in quotation marks.")
    right, names = set(claims_signed_off(table)), set(map(str, signed_off))
    if unknown := names - set(map(str, table.index)):
        return report_check("signed_off", f"the figure has no claim {sorted(unknown)[0]!r}. Use its names.")
    for name in sorted(names - right):
        believed, true = (float(table[column].to_dict()[name]) for column in ("belief", "truth"))
        why = f"{believed:.0%} belief" if believed > 0.05 else f"only {true:.0%} of its answers name the truth"
        return report_check("signed_off", f"{name!r} does not pass: {why}. Both rules must hold.")
    if left := right - names:
        return report_check("signed_off", f"{sorted(left)[0]!r} passes both rules and is not in your list.")
    return report_check("signed_off")
