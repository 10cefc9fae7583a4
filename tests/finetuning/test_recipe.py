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
    ("field", "value"), [("steps", 0), ("rank", 0), ("micro_batch", 5), ("mix", 1.0), ("mix", -0.1)]
)
def test_a_recipe_that_cannot_be_cooked(field: str, value: float) -> None:
    with pytest.raises(UserError, match=field):
        Recipe(**{field: value})  # type: ignore[arg-type]
