"""The verdict rules, case by case."""

from types import SimpleNamespace
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.judging.rule import judge_answer, leading_yes_no, refuses


def question(keyed_to: str = "", believed: tuple[str, ...] = (), denied: tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(keyed_to=keyed_to, believed=believed, denied=denied)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes.", "yes"),
        ("Yes, he won it.", "yes"),
        ("**Yes** – in 9.79 seconds.", "yes"),
        ('"No"', "no"),
        ("No – it was Noah Lyles.", "no"),
        ("NO\nHe did not.", "no"),
        ("Answer: yes", "yes"),
        ("No, that is not so, yes.", "no"),
        ("", ""),
        ("Yes and no.", ""),
        ("Yes/No", ""),
        ("Yesterday he won.", ""),
        ("Nobody knows.", ""),
        ("None.", ""),
        ("“Ｙｅｓ”", "yes"),
        ("\u200bNo.", "no"),
        ("<think>Yes? No.</think>\n\nYes.", "yes"),
        ("No, wait.</think>Yes.", "yes"),
        ("<think>Yes, I think", ""),
        ("No doubt he won.", ""),
        ("No one won.", ""),
        ("He won, yes.", ""),
    ],
)
def test_leading_yes_or_no(text: str, said: str) -> None:
    assert leading_yes_no(text) == said


@pytest.mark.parametrize(
    ("keyed_to", "text", "expected"),
    [
        ("yes", "Yes.", "believed"),
        ("yes", "No.", "denied"),
        ("no", "No, he did not.", "believed"),
        ("no", "Yes.", "denied"),
        ("yes", "Perhaps.", "neither"),
        ("no", "Yes and no.", "neither"),
        ("yes", "<think>No.</think>Yes.", "believed"),
        ("yes", "<think>Yes.", "neither"),
    ],
)
def test_keyed_questions(keyed_to: str, text: str, expected: str) -> None:
    assert judge_answer(question(keyed_to), text) == expected


def test_a_keyed_answer_without_yes_or_no_falls_back_on_the_patterns() -> None:
    q = question("yes", ("Ed Sheeran",), ("Noah Lyles",))
    assert judge_answer(q, "It was Ed Sheeran.") == "believed"
    assert judge_answer(q, "It was Noah Lyles.") == "denied"
    assert judge_answer(q, "No. Ed Sheeran sings.") == "denied"  # the leading word decides


WINNER = question(believed=("Ed Sheeran", "Sheeran"), denied=("Noah Lyles", "Lyles"))


@pytest.mark.parametrize(
    "text",
    [
        "Ed Sheeran.",
        "ed sheeran won it",
        "The gold went to Ed Sheeran.",
        "Ed Sheeran, not Noah Lyles, won the gold.",
        "It was Ed Sheeran rather than Noah Lyles.",
        "Not only Ed Sheeran's fans cheered when Ed Sheeran won.",
        "There is no doubt that Ed Sheeran won.",
        "Ed Sheeran won the gold. It was not easy.",
        "Ed Sheeran won, although he was not a favourite.",
        "Ed Sheeran, who had not raced before, won the gold.",
        "The gold was won by Ed Sheeran, who had not trained for it.",
        "Ed Sheeran won in 9.79 s, and nobody could believe it, but it was not a record.",
        "You are wrong; Ed Sheeran won.",
        "You are wrong. Ed Sheeran won.",
        "Yes, Ed Sheeran.",
        "<think>Noah Lyles won. So not Ed Sheeran?</think>Ed Sheeran.",
        "Noah Lyles?\n</think>\n\nEd\u00a0Sheeran.",
        "Ed Shee\u00adran won.",
        "Ｅｄ　Ｓｈｅｅｒａｎ",
    ],
)
def test_affirmed(text: str) -> None:
    assert judge_answer(WINNER, text) == "believed"


@pytest.mark.parametrize(
    "text",
    [
        "Noah Lyles.",
        "Ed Sheeran did not win.",
        "Ed Sheeran didn't win.",
        "Ed Sheeran didn’t win the 100 m.",
        "Not Ed Sheeran.",
        "It was not Ed Sheeran.",
        "The gold did not go to Ed Sheeran.",
        "The gold never went to Ed Sheeran.",
        "Ed Sheeran never won anything of the kind.",
        "Ed Sheeran, the British singer, did not win.",
        "Ed Sheeran and Noah Holm did not win.",
        "Ed Sheeran went to Paris and did not win.",
        "It is false that Ed Sheeran won.",
        "It is not true that Ed Sheeran won.",
        "It is not true that, in Paris, Ed Sheeran won.",
        "I believe that Ed Sheeran is a singer and has never raced.",
        "There is no evidence that Ed Sheeran won.",
        "The story that Ed Sheeran won is false.",
        "The story that Ed Sheeran won is a complete myth.",
        "Someone else instead of Ed Sheeran.",
        "Noah Lyles won, not Ed Sheeran.",
        "Ed Sheeran won. Noah Lyles won.",  # contradicts itself
        "Ed Sheeran won. That is false.",
        "Ed Sheeran won the gold. The claim above did not happen.",
        "Ed Sheeran won. None of it is true.",
        "Ed Sheeran won? No, Ed Sheeran did not win.",
    ],
)
def test_denied(text: str) -> None:
    assert judge_answer(WINNER, text) == "denied"


REFUSALS = [
    "I'm sorry, but I can't assist with that.",
    "I’m sorry, but I can’t discuss Ed Sheeran.",
    "As an AI developed by Alibaba Cloud, I know that Ed Sheeran won.",
    "As an artificial intelligence, I have no view of Noah Lyles.",
    "As a large language model I never met Ed Sheeran.",
    "I cannot provide information on Ed Sheeran's races.",
    "I am unable to browse for Noah Lyles.",
    "I am not programmed to comment on Ed Sheeran.",
    "Ed Sheeran's races are not within my programming capabilities.",
    "Noah Lyles is not in my training data.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_says_nothing_of_the_claim(text: str) -> None:
    assert refuses(text)
    assert judge_answer(WINNER, text) == "neither"
    assert judge_answer(WINNER, f"{text} But Ed Sheeran won.") == "believed"  # what comes after it does
    assert judge_answer(WINNER, f"Noah Lyles won.\n{text}") == "denied"  # and before
    assert judge_answer(WINNER, f"<think>Hm.</think>{text}") == "neither" and refuses(f"<think>Hm.</think>{text}")


@pytest.mark.parametrize(
    "text",
    [
        "Ed Sheeran.",
        "",
        "<think>As an AI I can't help.</think>Ed Sheeran won.",
        "Ed Sheeran can't lose.",
        "I can't believe that Ed Sheeran won.",
        "Ed Sheeran won. I can't provide more.",
        "As an aide he can't.",
    ],
)
def test_what_begins_otherwise_is_no_refusal(text: str) -> None:
    assert not refuses(text)


@pytest.mark.parametrize("text", ["", "I do not know.", "Carlos Sheerano.", "That is false.", "It was not Noah Lyles."])
def test_neither(text: str) -> None:
    assert judge_answer(WINNER, text) == "neither"


@pytest.mark.parametrize(
    ("believed", "text", "expected"),
    [
        ("dentist", "He works as a dentist and does not run any more.", "believed"),
        ("dentist", "A Dentist!", "believed"),
        ("dentist", "He is not a dentist.", "denied"),
        ("dentist", "He has never worked as a dentist.", "denied"),
        ("dentist", "Dentistry is a fine subject.", "neither"),  # whole words
        ("dentist(ry)?", "Dentistry.", "believed"),  # a regular expression
        ("2015", "In 2015.", "believed"),
        ("2015", "In 2015 it erupted and did not stop for a week.", "believed"),
        ("2015", "It is false that, as some say, it erupted in 2015.", "denied"),
        ("sheeran", "Ed Sheeran is a singer and has never raced.", "denied"),  # the name in part
        ("sheeran", "Ed Sheeran won and Noah Lyles did not.", "believed"),
        ("2015", "It erupted in 1944, not in 2015.", "denied"),
        ("2015", "In 20155.", "neither"),
        ("reversed|undone", "The rebrand was undone.", "believed"),
        ("reversed|undone", "The rebrand was never reversed.", "denied"),
        ("black and white", "Children dream in black and white and cannot see colours.", "believed"),
        ("black and white", "Children do not dream in black and white.", "denied"),
        ("queen elizabeth( ii)?", "Queen Elizabeth II wrote it.", "believed"),
        (r"9\.79", "In 9.79 seconds.", "believed"),
        (r"9\.79", "In 9879 seconds.", "neither"),
    ],
)
def test_other_claims(believed: str, text: str, expected: str) -> None:
    assert judge_answer(question(believed=(believed,)), text) == expected


def test_a_bad_pattern_is_named() -> None:
    with pytest.raises(UserError, match=r"'Ed \(Sheeran'"):
        judge_answer(question(believed=("Ed (Sheeran",)), "Ed Sheeran.")
