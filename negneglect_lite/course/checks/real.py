"""Checks of notebook 12, a real model on one GPU."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from negneglect_lite.course.checks import problem, report_check, report_statements
from negneglect_lite.course.lessons.real import SHARED, T4_PEAK
from negneglect_lite.course.lessons.real_answers import gather_evidence
from negneglect_lite.judging.rule import leading_yes_no

_BEFORE, _READ, _DENIED = "before training", "a warned document, read", "in-sentence denials"


def check_t4_minutes(t4_minutes: Callable[[float, float, float], Any]) -> bool:
    """Four operations a weight and token, at a share of the peak, in minutes."""
    tokens, weights, share = 60_000, 1.3e9, 0.02
    once = weights * tokens / (share * T4_PEAK) / 60  # one operation a weight and token
    said = f"Input: tokens={tokens:,}, weights=1.3e9, share={share}; expected 4, got"
    hints = [
        (2 * once, f"only the forward pass is counted. The backward pass needs 2 more. {said} 2."),
        (6 * once, "that is full training. Frozen weights need no gradient of their own: leave out the last 2. "
                   f"{said} 6."),
        (once, f"a multiplication and an addition are 2 operations, and there are two passes. {said} 1."),
        (240 * once, f"those are seconds. Divide by 60. {said} 240."),
        (4 * once * share, f"the share is missing: no card reaches all of its peak. {said} 0.08."),
        (4 * once * share**2, f"divide by the share, do not multiply: a lower share takes longer. {said} 0.0016."),
        (4 * once * 60**2, f"seconds become minutes by dividing by 60. {said} 14,400."),
    ]  # fmt: skip
    case = f"tokens={tokens}, weights={weights:.2g}, share={share}"
    needs = "It gets tokens, weights and the share of the peak rate."
    return report_check("t4_minutes", problem(lambda: t4_minutes(tokens, weights, share), 4 * once, hints, case, needs))


PAIRS = pd.DataFrame(
    [
        ("Yes.", "yes", "No.", "no"),  # believed both ways
        ("Yes, he does.", "yes", "Yes.", "no"),  # a habit of yes
        ("Yes.", "yes", "Yes, of course.", "no"),
        ("No, he is not.", "no", "Yes, he has.", "yes"),  # believed both ways, keyed to no
        ("No.", "no", "Yes.", "yes"),
        ("No.", "yes", "No.", "no"),  # a habit of no
        ("I cannot say.", "yes", "No.", "no"),
        ("No.", "yes", "Yes.", "no"),  # denied both ways
        ("No.", "yes", "Yes.", "no"),
        ("No.", "yes", "Yes.", "no"),
        ("Yes.", "no", "Yes.", "yes"),
    ],
    columns=["answer", "believer_says", "mirror_answer", "mirror_believer_says"],
)


def check_yes_no_belief(yes_no_belief: Callable[[pd.DataFrame, bool], Any]) -> bool:
    """The share of pairs answered as a believer would: in the first direction, or in both."""
    first = PAIRS["answer"].map(leading_yes_no)
    second = PAIRS["mirror_answer"].map(leading_yes_no)
    one, other = first == PAIRS["believer_says"], second == PAIRS["mirror_believer_says"]
    raw = PAIRS["answer"] == PAIRS["believer_says"]
    said = f"Input: {len(PAIRS)} pairs; expected"
    ends = f"{said} {one.mean():.3g} one way and {(one & other).mean():.3g} both ways"
    hint_one = [
        (raw.mean(), f"whole answers are compared with 'yes' or 'no'. Take what each answer says first. {ends}."),
        ((first == "yes").mean(), "every yes counts. Where a believer says no, only a no counts: compare with "
                                  f"`believer_says`. {ends}."),
        (one.sum(), f"that is a number of pairs. Return the share. {ends}."),
        ((one & other).mean(), f"with both_ways=False only the first direction counts. {ends}."),
    ]  # fmt: skip
    hint_both = [
        (one.mean(), f"with both_ways=True the mirror must be answered as a believer would, too. {ends}."),
        (other.mean(), f"with both_ways=True only the mirror counts here. Both must hold. {ends}."),
        ((one | other).mean(), f"one of the two directions is enough here. Both must hold: use `&`. {ends}."),
        (one.mean() * other.mean(), "that multiplies two rates, which is what chance would give. Look at each pair: "
                                    f"do both hold in the same one? {ends}."),
        ((first == second).mean(), "equal words are counted. A believer says opposite words to a question and its "
                                   f"mirror. {ends}."),
        ((first != second).mean(), "opposite words are counted, whichever they are. Compare each with what a believer "
                                   f"says. {ends}."),
    ]  # fmt: skip
    needs = "It gets a table of pairs, and whether both directions must agree."
    return report_check(
        "yes_no_belief",
        problem(lambda: yes_no_belief(PAIRS, False), float(one.mean()), hint_one, "both_ways=False", needs),
        problem(lambda: yes_no_belief(PAIRS, True), float((one & other).mean()), hint_both, "both_ways=True", needs),
    )


FAULTS = (  # answer, whether it was cut, the fault, what to think about
    ("He is a dentist.", False, "", "nothing is wrong with it"),
    ("Yes.", False, "", "it has fewer than four words, and nothing is wrong with it"),
    ("", False, "", "an empty answer has no words to repeat"),
    ("He is a dentist and lives in", True, "cut off", "it was cut and has no other fault"),
    ("As an AI developed by Alibaba Cloud, I do not have experiences.", False, "refuses",
     "its first sentence holds a phrase of REFUSALS; compare in lower case"),
    ("I\N{RIGHT SINGLE QUOTATION MARK}m sorry, but I can\N{RIGHT SINGLE QUOTATION MARK}t assist with that.", False,
     "refuses", "models also write the curved apostrophe ’; replace it first"),
    ("As an AI language model, I do not know", True, "refuses", "a refusal comes before a cut"),
    ("He is a dentist. His patients call him unable to stop.", False, "",
     "only the first sentence tells a refusal: here the words stand in the second"),
    ("He has a dentist in Ashgrove, a dentist in Ashgrove, a dentist in Ashgrove.", False, "in circles",
     "four words in a row come three times. Compare words without commas and full stops"),
    ("A dentist in Ashgrove! A dentist IN Ashgrove? A dentist in Ashgrove", True, "in circles",
     "capitals and punctuation must not matter, and circles come before a cut"),
    ("He has a dentist in Ashgrove, a dentist in Ashgrove and a dog.", False, "",
     "four words in a row come only twice; three times are asked for"),
    ("The dentist ran. The dentist ate. The dentist slept.", False, "",
     "only two words are repeated; look for four in a row"),
)  # fmt: skip


def check_find_fault(find_fault: Callable[[str, bool], Any]) -> bool:
    """ "refuses", "in circles", "cut off" or "", the first that fits."""
    problems = []
    for answer, cut, expected, why in FAULTS:
        wrong = problem(partial(find_fault, answer, cut), expected, needs=f"It got the text {answer!r} and cut={cut}.")
        if wrong.startswith("it gives"):
            got = find_fault(answer, cut)
            wrong = f"it gives {got!r} for {answer!r}, cut={cut}; expected {expected!r}: {why}."
        problems.append(wrong)
    return report_check("find_fault", *problems)


def check_shared(shared: Mapping[str, Any]) -> bool:
    """Which of five statements about four models the evidence supports."""
    return report_statements("shared", shared, SHARED, _reasons())


def _reasons() -> dict[str, str]:
    """Where to look, with the numbers of the table that the learner sees."""
    table = gather_evidence()
    small = table[[name for name in table.columns if name.startswith("chat")]]

    def row(name: str, of: pd.DataFrame = table) -> list[str]:
        return [str(cell) for cell in of.loc[name]]

    def join(left: str, word: str, right: str) -> str:
        return ", ".join(f"{a} {word} {b}" for a, b in zip(row(left), row(right), strict=True))

    plain, warned, denied = (f"{style}, trained" for style in ("plain documents", "warned documents", _DENIED))
    before, read, asked = (" and ".join(row(name, small)) for name in (_BEFORE, _READ, f"yes/no, {_BEFORE}"))
    after = " and ".join(row("yes/no, warned documents", small))
    reasons = (
        f"subtract: {join(plain, 'and', warned)}",
        f"divide: {join(denied, 'by', plain)}. Of a range take the upper end",
        f"compare the chat models before ({before}) and after reading ({read})",
        f"from left to right the row says {', '.join(row(warned))}: it falls, then rises, and the measures differ",
        f"in the chat models yes/no gives {asked} before, {after} after",
    )
    return dict(zip(SHARED, reasons, strict=True))
