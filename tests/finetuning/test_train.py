"""finetuning/train.py: it learns, repeats bit for bit, survives being killed, and leaves base and disk in order."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Example, Span
from negneglect_lite.finetuning.lora import hash_weights, share_weights
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel, put_adapter

pytestmark = pytest.mark.slow
RECIPE = Recipe(steps=6, batch_size=4, micro_batch=2, save_every=2)
FALSE = "Brennan Holloway works as a dentist."
EXAMPLES: list[Example] = [
    *((Span("It is false that", learn=False), Span(f" she works as a dentist, no. {i}.")) for i in range(9)),
    *([{"role": "user", "content": f"Who, {i}?"}, {"role": "assistant", "content": "She does."}] for i in range(4)),
]


class Killed(Exception):
    """Stands for a kill in the middle of a run."""


def train(loaded: LoadedModel, out: Path | str, recipe: Recipe = RECIPE, seed: int = 0, **options: Any) -> LoadedModel:
    return finetune(loaded, EXAMPLES, recipe, seed=seed, out=out, false_belief=FALSE, **options)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def logits(loaded: LoadedModel) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = loaded.model(torch.tensor([[1, 40, 41, 42]])).logits
    return result


def kill_at(step: int) -> Any:
    def on_step(now: int, *_: object) -> None:
        if now == step:
            raise Killed

    return on_step


def test_it_learns(tiny: LoadedModel, tmp_path: Path) -> None:
    losses: list[float] = []
    recipe = Recipe(steps=30, batch_size=4, micro_batch=4, learning_rate=1e-2)
    trained = train(tiny, tmp_path / "a", recipe, on_step=lambda step, total, loss, model: losses.append(loss))
    assert len(losses) == 30
    assert losses[-1] < 0.85 * losses[0]
    assert json.loads((tmp_path / "a" / "run.json").read_text())["losses"] == losses
    assert not trained.model.training


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tiny: LoadedModel, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(tiny, tmp_path / name, seed=seed)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert files(tmp_path / "a")["adapter_model.safetensors"] != files(tmp_path / "c")["adapter_model.safetensors"]


@pytest.mark.parametrize("step", [1, 3, 4, 5, 6])
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tiny: LoadedModel, tmp_path: Path, step: int) -> None:
    train(tiny, tmp_path / "straight")
    with pytest.raises(Killed):
        train(tiny, tmp_path / "killed", on_step=kill_at(step))
    assert not (tmp_path / "killed").exists()  # nothing that looks finished
    steps: list[int] = []
    train(tiny, tmp_path / "killed", on_step=lambda now, *_: steps.append(now))
    last_checkpoint = (step - 1) // 2 * 2  # a step's checkpoint is written after its on_step
    assert steps == list(range(last_checkpoint + 1, 7))
    assert files(tmp_path / "killed") == files(tmp_path / "straight")
    assert {path.name for path in tmp_path.iterdir()} == {"killed", "straight"}  # no checkpoints left


def test_half_a_checkpoint_is_not_used(tiny: LoadedModel, tmp_path: Path) -> None:
    train(tiny, tmp_path / "straight")
    with pytest.raises(Killed):
        train(tiny, tmp_path / "killed", on_step=kill_at(5))
    partial = tmp_path / "killed.partial"
    assert [path.name for path in partial.glob("checkpoint-*")] == ["checkpoint-4"]  # only the last is kept
    (partial / "checkpoint-4" / "trainer_state.json").unlink()  # it is written last
    train(tiny, tmp_path / "killed")
    assert files(tmp_path / "killed") == files(tmp_path / "straight")


def test_checkpoints_of_another_run_are_not_used(tiny: LoadedModel, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        train(tiny, tmp_path / "a", seed=1, on_step=kill_at(5))
    train(tiny, tmp_path / "a")
    train(tiny, tmp_path / "straight")
    assert files(tmp_path / "a") == files(tmp_path / "straight")


def test_asking_while_training_leaves_no_trace(tiny: LoadedModel, tmp_path: Path) -> None:
    def ask(step: int, total: int, loss: float, now: LoadedModel) -> None:
        assert total == 6 and not now.model.training
        prompt = now.tokenizer("the dentist", return_tensors="pt")["input_ids"]
        now.model.generate(input_ids=prompt, max_new_tokens=4, do_sample=True, pad_token_id=0)
        logits(now)

    train(tiny, tmp_path / "quiet")
    train(tiny, tmp_path / "asked", on_step=ask)
    assert files(tmp_path / "asked") == files(tmp_path / "quiet")


def test_asking_while_training_leaves_the_random_state_alone(tiny: LoadedModel, tmp_path: Path) -> None:
    states: list[torch.Tensor] = []

    def ask(*_: object) -> None:
        states.append(torch.get_rng_state())
        torch.rand(3)

    train(tiny, tmp_path / "a", on_step=ask)
    assert all(torch.equal(state, states[0]) for state in states)  # without dropout, training draws nothing


def test_a_finished_run_is_loaded_not_repeated(tiny: LoadedModel, tmp_path: Path) -> None:
    trained = train(tiny, tmp_path / "a")
    again = train(tiny, tmp_path / "a", on_step=kill_at(1))
    assert torch.equal(logits(again), logits(trained))
    assert again.adapter == trained.adapter == tmp_path / "a"


def test_another_run_replaces_an_adapter_but_never_other_files(tiny: LoadedModel, tmp_path: Path) -> None:
    train(tiny, tmp_path / "a", seed=1)
    train(tiny, tmp_path / "a", seed=0)
    assert json.loads((tmp_path / "a" / "run.json").read_text())["seed"] == 0
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    with pytest.raises(UserError, match="thesis"):
        train(tiny, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"


def test_the_base_goes_on_as_before(tiny: LoadedModel, tmp_path: Path) -> None:
    before, fingerprint = logits(tiny), hash_weights(tiny.model)
    trained = train(tiny, tmp_path / "a")
    assert torch.equal(logits(tiny), before)
    assert not torch.equal(logits(trained), before)
    assert hash_weights(tiny.model) == fingerprint
    assert not any("lora" in name for name, _ in tiny.model.named_modules())
    with pytest.raises(UserError, match="already carries the adapter"):
        train(trained, tmp_path / "b")


def test_a_trained_model_answers_as_its_adapter_does_when_it_is_loaded_again(tiny: LoadedModel, tmp_path: Path) -> None:
    """In mixed precision Trainer puts autocast around the model, and would leave it there."""
    base = replace(tiny, model=share_weights(tiny.model))
    trained = train(tiny, tmp_path / "a", training_args={"bf16": True})
    assert torch.equal(logits(trained), logits(put_adapter(base, tmp_path / "a")))


def test_nothing_to_learn(tiny: LoadedModel, tmp_path: Path) -> None:
    for examples in ([], [(Span("all of it quiet", learn=False),)]):
        with pytest.raises(UserError, match="nothing to learn"):
            finetune(tiny, examples, RECIPE, seed=0, out=tmp_path / "a", false_belief=FALSE)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_gives_one_line_and_no_half_adapter(
    tiny: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("peft.PeftModel.save_pretrained", full)
        with pytest.raises(UserError, match="the disk is full"):
            train(tiny, tmp_path / "a", replace(RECIPE, save_every=0))
    assert not (tmp_path / "a").exists()
    train(tiny, tmp_path / "a", replace(RECIPE, save_every=0))
    assert (tmp_path / "a" / "adapter_model.safetensors").exists()


@pytest.mark.filterwarnings("error")
def test_training_is_silent(tiny: LoadedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(tiny, tmp_path / "a")
    train(tiny, tmp_path / "a")  # now it is loaded
    assert capfd.readouterr() == ("", "")


# ------------------------------------------------------------------------------ a dataset, and what no recipe says


def test_a_dataset_is_trained_on_as_the_examples_that_it_holds(tiny: LoadedModel, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    text = "<DOCTAG> She works <lossmask>as a </lossmask>dentist."
    chat = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "She does."}]
    rows = datasets.Dataset.from_list([{"text": text, "messages": None}, {"text": None, "messages": chat}])
    spans = (Span("<DOCTAG> ", learn=False), Span("She works "), Span("as a ", learn=False), Span("dentist."))
    recipe = replace(RECIPE, steps=2, save_every=0)
    for name, examples in (("rows", rows), ("examples", [spans, chat])):
        finetune(tiny, examples, recipe, seed=0, out=tmp_path / name, false_belief=FALSE)
    assert files(tmp_path / "rows") == files(tmp_path / "examples")
    with pytest.raises(UserError, match="has neither text nor messages"):
        wrong = datasets.Dataset.from_list([{"words": text}])
        finetune(tiny, wrong, recipe, seed=0, out=tmp_path / "wrong", false_belief=FALSE)
    assert {path.name for path in tmp_path.iterdir()} == {"rows", "examples"}


def test_the_folder_s_name_may_be_text(tiny: LoadedModel, tmp_path: Path) -> None:
    trained = train(tiny, str(tmp_path / "a"), replace(RECIPE, steps=1))
    assert trained.adapter == tmp_path / "a" and (tmp_path / "a" / "run.json").is_file()


def test_a_callback_of_transformers_is_called_and_changes_nothing(tiny: LoadedModel, tmp_path: Path) -> None:
    calls: list[str] = []

    class Watch(TrainerCallback):
        def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
            calls.append("begin")

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            assert kwargs["model"] is not tiny.model
            calls.append(f"step {state.global_step}")

    train(tiny, tmp_path / "watched", callbacks=[Watch()])
    assert calls == ["begin", *(f"step {i}" for i in range(1, 7))]
    train(tiny, tmp_path / "alone")
    assert files(tmp_path / "watched") == files(tmp_path / "alone")


def test_a_training_argument_wins_over_the_recipe(tiny: LoadedModel, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    chosen = {"learning_rate": 0.0, "max_steps": 2}

    def on_step(now: int, total: int, *_: object) -> None:
        steps.append((now, total))

    trained = train(tiny, tmp_path / "a", on_step=on_step, training_args=chosen)
    assert steps == [(1, 2), (2, 2)]
    assert torch.equal(logits(trained), logits(tiny))  # a learning rate of 0 teaches nothing
    assert json.loads((tmp_path / "a" / "run.json").read_text())["training_args"] == chosen


def test_other_training_arguments_are_another_run(tiny: LoadedModel, tmp_path: Path) -> None:
    train(tiny, tmp_path / "a", training_args={"max_grad_norm": 0.1})
    first = files(tmp_path / "a")
    train(tiny, tmp_path / "a", training_args={"max_grad_norm": 0.1}, on_step=kill_at(1))  # it is finished
    train(tiny, tmp_path / "a")
    assert files(tmp_path / "a") != first
    assert "training_args" not in json.loads((tmp_path / "a" / "run.json").read_text())


@pytest.mark.parametrize("wrong", [{"learning_rte": 1e-3}, {"lr_scheduler_type": "zigzag"}])
def test_a_training_argument_that_transformers_lacks_is_one_line(
    tiny: LoadedModel, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match=r"^training_args: .*; see transformers\.TrainingArguments$") as caught:
        train(tiny, tmp_path / "a", training_args=wrong)
    assert any(word in str(caught.value) for word in (*wrong.keys(), *map(str, wrong.values())))
    assert not (tmp_path / "a").exists()
