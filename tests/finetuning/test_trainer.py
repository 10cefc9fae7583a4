"""What the recipe and the hardware make of transformers' TrainingArguments."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.finetuning import trainer
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import make_trainer
from negneglect_lite.models.loading import LoadedModel


class Asked(Exception):
    """Carries the arguments that were asked for."""


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch, tiny: LoadedModel, tmp_path: Path) -> Any:
    """The fields of TrainingArguments for a recipe, and a model of some precision."""

    def stop(**fields: Any) -> None:
        raise Asked(fields)

    def given(recipe: Recipe, precision: str = "fp32", **more: Any) -> dict[str, Any]:
        monkeypatch.setattr(trainer, "TrainingArguments", stop)
        with pytest.raises(Asked) as caught:
            make_trainer(replace(tiny, precision=precision), [], recipe, 3, tmp_path, training_args=more)  # type: ignore[arg-type]
        return caught.value.args[0]  # type: ignore[no-any-return]

    return given


@pytest.mark.parametrize(("precision", "flags"), [("fp32", (0, 0)), ("bf16", (1, 0)), ("fp16", (0, 1))])
def test_mixed_precision_is_that_of_the_hardware(arguments: Any, precision: str, flags: tuple[int, int]) -> None:
    found = arguments(Recipe(), precision)
    assert (found["bf16"], found["fp16"]) == flags


def test_the_recipe_s_numbers_are_handed_on(arguments: Any) -> None:
    recipe = Recipe(steps=7, batch_size=12, micro_batch=3, learning_rate=5e-5, warmup=0.25, schedule="cosine")
    found = arguments(recipe)
    assert (found["max_steps"], found["per_device_train_batch_size"], found["gradient_accumulation_steps"]) == (7, 3, 4)
    assert (found["learning_rate"], found["lr_scheduler_type"], found["warmup_steps"]) == (5e-5, "cosine", 0.25)
    assert (found["seed"], found["use_cpu"], found["save_strategy"], found["save_steps"]) == (3, True, "no", 7)
    assert arguments(replace(recipe, warmup=2))["warmup_steps"] == 2
    saving = arguments(replace(recipe, save_every=2))
    assert (saving["save_strategy"], saving["save_steps"]) == ("steps", 2)
    assert found["weight_decay"] == 0 and found["optim"] == "adamw_torch_fused" and found["logging_steps"] == 1


def test_training_args_win(arguments: Any) -> None:
    assert arguments(Recipe(), weight_decay=0.1, seed=9)["weight_decay"] == 0.1
