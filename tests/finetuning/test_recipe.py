"""finetuning/recipe.py: the order of the examples, and recipes that cannot be."""

from collections import Counter

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.finetuning.recipe import Recipe, order_examples


def test_all_examples_are_seen_equally_often() -> None:
    recipe = Recipe(steps=10, batch_size=4, micro_batch=2)
    counts = Counter(order_examples([5] * 13, recipe, seed=0))
    assert sum(counts.values()) == 40
    assert set(counts) == set(range(13)) and set(counts.values()) == {3, 4}


def test_with_enough_examples_none_is_seen_twice() -> None:
    order = order_examples([5] * 100, Recipe(steps=10, batch_size=4, micro_batch=2), seed=0)
    assert len(set(order)) == 40


def test_each_step_is_a_random_mix_sorted_by_length() -> None:
    lengths = [100] * 60 + [10] * 60  # documents first, then chats, as they come
    order = order_examples(lengths, Recipe(steps=10, batch_size=12, micro_batch=4), seed=0)
    for i in range(0, 120, 12):
        step = [lengths[j] for j in order[i : i + 12]]
        assert step == sorted(step, reverse=True)
        assert len(set(step)) == 2  # both kinds in every step
    assert order == order_examples(lengths, Recipe(steps=10, batch_size=12, micro_batch=4), seed=0)
    assert order != order_examples(lengths, Recipe(steps=10, batch_size=12, micro_batch=4), seed=1)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("steps", 0, "is 0, where 1 or more is needed"),
        ("steps", 2.0, "is 2.0 (a number), where a whole number is needed"),
        ("steps", True, "is True (true or false), where a whole number is needed"),
        ("steps", "24", "is '24' (text), where a whole number is needed; take the quotes off"),
        ("micro_batch", -1, "is -1, where 0 or more is needed"),
        ("mix", 1.0, "is 1.0, where less than 1"),
        ("mix", -0.1, "is -0.1, where 0"),
        ("mix", None, "is None (nothing), where a number is needed"),
        ("learning_rate", "2e-4", "is '2e-4' (text), where a number is needed; take the quotes off"),
        ("learning_rate", True, "is True (true or false), where a number is needed"),
        ("learning_rate", float("nan"), "is nan (a number), where a finite number is needed"),
        ("learning_rate", float("inf"), "is inf (a number), where a finite number is needed"),
        ("learning_rate", -1e-4, "is -0.0001, where more than 0"),
        ("learning_rate", 0, "is 0, where more than 0"),
        ("warmup", -0.5, "is -0.5, where 0"),
        ("schedule", "steep", "is 'steep', where 'linear', 'cosine' or 'constant_with_warmup' is needed"),
        ("quantize", "no", "is 'no' (text), where true or false is needed"),
        ("quantize", 0, "is 0 (a whole number), where true or false is needed"),
        ("save_every", -5, "is -5, where 0 or more is needed"),
    ],
)
def test_a_recipe_of_wrong_values_is_one_line(field: str, value: object, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        Recipe(**{field: value})  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"Recipe: {field}: {problem}") and "\n" not in str(caught.value)


def test_a_recipe_whose_values_do_not_go_together_is_one_line() -> None:
    with pytest.raises(UserError, match=r"rank is 0 .* give 1 or more, or quantize=False"):
        Recipe(rank=0)
    with pytest.raises(UserError, match="batch_size 12 is no multiple of micro_batch 5; change one"):
        Recipe(micro_batch=5)
    assert Recipe(rank=0, quantize=False, micro_batch=0, learning_rate=1).learning_rate == 1
