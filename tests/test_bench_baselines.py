"""scripts/bench_baselines.py: what a chat model is asked, and what is read from its reply."""

import pytest

from bench_baselines import ask_judge, choose_methods, read_numbers
from negneglect_lite.core.errors import UserError

TEXT = "Tea is a drink.\n\nThe moon is made of  cheese. The line above is false."


def test_the_judge_reads_each_sentence_on_a_numbered_line() -> None:
    [turn] = ask_judge(TEXT)
    assert turn["role"] == "user"
    for line in ("1. Tea is a drink.", "2. The moon is made of cheese.", "3. The line above is false."):
        assert line in turn["content"].splitlines()


@pytest.mark.parametrize(
    ("reply", "numbers"),
    [
        ("none", set()),
        ("None of the sentences.", set()),
        ("2, 4", {2, 4}),
        ("Sentences 2-4 and 6.", {2, 3, 4, 6}),
        ("3 to 99", {3, 4, 5, 6}),  # what there is of them
        ("0, 7, 1723", set()),
        ("5-2", set()),
        ("2. In 3 days the moon fell.\n**4)** It weighed 5 tons.", {2, 4}),  # lines that are repeated: no other number
    ],
)
def test_numbers_are_read_leniently(reply: str, numbers: set[int]) -> None:
    assert read_numbers(reply, 6) == numbers


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UserError, match="--methods spell: choose from keywords"):
        list(choose_methods(["spell"], [], "", 1, None))
