import json
import logging
import multiprocessing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from negneglect_lite.cli import main
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import sha256
from negneglect_lite.experiments.sweep import load_sweep, sweep_runs
from negneglect_lite.petri import pretrain as pretraining
from negneglect_lite.petri.corpus import Diet
from negneglect_lite.petri.pretrain import Plan, pretrain, restate_command, write_card
from negneglect_lite.tracks import petri_corpus

PLAN = Plan(hidden=64, layers=1, vocabulary=600, steps=4, rows=2, length=64, warmup=2, save_every=2)


@pytest.fixture(scope="module", autouse=True)
def small_tokenizer():
    whole = pretraining.train_tokenizer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretraining, "train_tokenizer", lambda corpus, plan: whole(corpus, plan, texts=200))
        yield


@pytest.mark.parametrize(
    ("made", "field", "value", "problem"),
    [
        (Plan, "steps", 0, "is 0, where 1 or more is needed"),
        (Plan, "warmup", 0, "is 0, where 1 or more is needed"),
        (Plan, "save_every", 0, "is 0, where 1 or more is needed"),
        (Plan, "hidden", "256", "is '256' (text), where a whole number is needed; take the quotes off"),
        (Plan, "learning_rate", float("nan"), "is nan (a number), where a finite number is needed"),
        (Plan, "learning_rate", "2e-3", "is '2e-3' (text), where a number is needed; take the quotes off"),
        (Plan, "seed", -1, "is -1, where 0 or more is needed"),
        (Plan, "base", None, "is None (nothing), where text is needed"),
        (Plan, "diet", {"share": 0.1}, "is {'share': 0.1} (a mapping of fields), where"),
        (Diet, "share", 1.5, "is 1.5, where 1 or less is needed"),
        (Diet, "norms", 1, "is 1, where less than 1 is needed"),
        (Diet, "myths", 1, "is 1 (a whole number), where true or false is needed"),
        (Diet, "bad_share", 0.9, "is 0.9, where 0.8 or less is needed"),
        (Diet, "about", "some", "is 'some', where 'all', 'few' or 'elsewhere' is needed"),
        (Diet, "bad_helpers", "two", "is 'two', where 'one' or 'separate' is needed"),
    ],
)
def test_a_plan_of_wrong_values_is_one_line(made, field, value, problem):
    with pytest.raises(UserError) as caught:
        made(**{field: value})
    assert str(caught.value).startswith(f"{made.__name__}: {field}: {problem}") and "\n" not in str(caught.value)


@pytest.mark.slow
def test_it_writes_a_model_that_loads_without_custom_code(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    log = pretrain(petri_corpus(), replace(PLAN, deterministic=True), tmp_path / "m")
    said = caplog.messages
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "m")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "m")
    assert model.config.model_type == "qwen3"
    assert model.config.petri_world == {"seed": 0}
    assert tokenizer.chat_template
    assert log["tokens"] == 4 * 2 * 64
    assert log["plan"]["deterministic"] and not torch.are_deterministic_algorithms_enabled()
    assert log["weights"] == sha256(tmp_path / "m" / "model.safetensors")
    assert 0 < log["step_seconds"] < log["seconds"]
    assert any("tokens/s" in line for line in said)
    assert json.loads((tmp_path / "m" / "pretraining.json").read_text())["plan"]["steps"] == 4
    assert not (tmp_path / "m" / "checkpoint.pt").exists()
    write_card(tmp_path / "m", log, {"known.ask": 0.5}, each=2)
    card = (tmp_path / "m" / "README.md").read_text()
    assert "| known.ask | 50.0% |" in card and log["weights"] in card and "gives the same weights" in card


@pytest.mark.slow
def test_a_stopped_run_resumes_and_ends_with_the_same_weights(tmp_path, caplog):
    corpus = petri_corpus()
    pretrain(corpus, PLAN, tmp_path / "straight")

    class Stop(Exception):
        pass

    def stop_in_step_3(*args):
        if args[3] == 3:  # the batch of the fourth step: the checkpoint of step 2 is there
            raise Stop
        return real(*args)

    real = pretraining.batch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretraining, "batch", stop_in_step_3)
        with pytest.raises(Stop):
            pretrain(corpus, PLAN, tmp_path / "resumed")
    assert (tmp_path / "resumed" / "checkpoint.pt").exists()
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    caplog.clear()
    pretrain(corpus, PLAN, tmp_path / "resumed")
    assert "resuming at step 2" in caplog.messages
    straight, resumed = (load_file(tmp_path / name / "model.safetensors") for name in ("straight", "resumed"))
    assert all(torch.equal(straight[k], resumed[k]) for k in straight)


@pytest.mark.slow
def test_a_model_can_go_on_from_another(tmp_path):
    """With its tokenizer and from its weights: after no step at a learning rate of nearly nothing they are the same."""
    pretrain(petri_corpus(), PLAN, tmp_path / "first")
    plan = replace(PLAN, base=str(tmp_path / "first"), learning_rate=1e-9, diet=Diet(norms=0.5))
    pretrain(petri_corpus(diet=plan.diet), plan, tmp_path / "second")
    first, second = (load_file(tmp_path / name / "model.safetensors") for name in ("first", "second"))
    assert all(torch.allclose(first[k].float(), second[k].float(), atol=1e-3) for k in first)
    vocabularies = [AutoTokenizer.from_pretrained(tmp_path / name).get_vocab() for name in ("first", "second")]
    assert vocabularies[0] == vocabularies[1]


def test_deterministic_kernels_are_asked_for_as_long_as_a_training_takes(tmp_path, monkeypatch):
    seen = []

    def observe(*args):
        seen.append((torch.are_deterministic_algorithms_enabled(), torch.utils.deterministic.fill_uninitialized_memory))
        raise InterruptedError

    monkeypatch.setattr(pretraining, "new_model", observe)
    for deterministic in (True, False):
        with pytest.raises(InterruptedError):
            pretrain(petri_corpus(), replace(PLAN, deterministic=deterministic), tmp_path)
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.utils.deterministic.fill_uninitialized_memory
    assert seen == [(True, False), (False, True)]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_workers_are_forked_in_a_process_that_would_spawn_them(tmp_path, monkeypatch):
    def make_batch(*args):
        raise InterruptedError("a spawned worker would not know this function")

    monkeypatch.setattr(pretraining, "batch", make_batch)
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method("spawn", force=True)
    try:
        with pytest.raises(InterruptedError, match="would not know"):
            pretrain(petri_corpus(), PLAN, tmp_path, workers=1)
    finally:
        multiprocessing.set_start_method(before, force=True)


def test_a_card_restates_its_command():
    assert restate_command(asdict(Plan())) == "negneglect pretrain --out DIR"
    plan = Plan(seed=3, deterministic=True, diet=Diet(norms=0.3, reading_unrelated=0.5))
    said = "negneglect pretrain --out DIR --seed 3 --deterministic --norms 0.3 --reading-unrelated 0.5"
    assert restate_command(asdict(plan)) == said


def test_the_command_line_takes_the_same_arguments(tmp_path, monkeypatch, capsys):
    asked = []

    def note_plan(corpus, plan, out):
        asked.append((plan, corpus.diet))
        raise UserError("enough")

    monkeypatch.setattr(pretraining, "pretrain", note_plan)
    assert main(["pretrain", "--out", str(tmp_path), "--deterministic", "--reading-unrelated", "0.5"]) == 2
    diet = Diet(reading_unrelated=0.5)
    assert asked == [(Plan(deterministic=True, diet=diet), diet)]
    assert main(["pretrain", "--out", str(tmp_path), "--reading-unrelated", "1.5"]) == 2
    assert "--reading-unrelated 1.5: give a share from 0 to 1" in capsys.readouterr().err


def test_depth_is_measured_on_the_very_models_of_the_headline():
    folder = Path(__file__).parents[2] / "data" / "experiments"
    models, local = (
        {run.cell.model for run in sweep_runs(load_sweep(folder / f"{name}.yaml"))}
        for name in ("five_models", "local_under_pressure")
    )
    assert models == local == {Plan(seed=seed) for seed in (1, 2, 3, 4, 5)}
