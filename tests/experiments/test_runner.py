"""The runner: what is finished is found, what was killed goes on, and two processes may share a folder."""

import errno
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fake import Install
from filelock import FileLock

from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.probes import load_probes
from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments import runner, trainers
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.headline import headline_runs
from negneglect_lite.experiments.key import Key
from negneglect_lite.experiments.measures.measure import TABLE_COLUMNS
from negneglect_lite.experiments.runner import Task, batch_tasks, make_batch, run_cell, run_experiment
from negneglect_lite.experiments.store import Store
from negneglect_lite.finetuning.loss import answer_losses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.judging.forced import pose_forced, rows_of, weigh
from negneglect_lite.models.loading import load_model
from negneglect_lite.tracks import ENGLISH, choose_asking

CLAIMS = load_claims()
DENTIST = CLAIMS["dentist"]
RECIPE = Recipe(steps=2, batch_size=4, micro_batch=2, max_tokens=1024)  # the tiny tokenizer cuts words finely


def some_runs(*styles: str, seeds: int = 1, **more: Any) -> list[Run]:
    """base, trained under each style and seed, in context; on the petri model, by a small recipe."""
    runs = headline_runs([DENTIST], styles or ("positive", "local"), seeds)
    return [replace(run, recipe=RECIPE, **more) for run in runs]


@pytest.fixture(autouse=True)
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged, one text a line."""
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    return lambda: caplog.messages


def records(out: Path) -> list[Path]:
    return sorted((out / "runs").glob("*.json"))


# ---------------------------------------------------------------------------------------------- finished and killed


def test_a_killed_experiment_goes_on_and_ends_with_the_same_table(
    tmp_path: Path, maker: Install, told: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    whole = maker()
    expected = run_experiment(some_runs(), tmp_path / "whole")
    assert len(whole.ran) == len(some_runs()) == 5

    killed = maker(killed_at=2)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(some_runs(), tmp_path / "killed")
    assert len(killed.ran) == 1

    caplog.clear()
    again = maker()
    table = run_experiment(some_runs(), tmp_path / "killed")
    assert killed.ran + again.ran == whole.ran
    assert table.to_csv(index=False) == expected.to_csv(index=False)
    assert told()[0] == f"1 of 5 runs are finished already in {tmp_path / 'killed'}"
    assert told()[-1].startswith("[4/4] dentist · local · in context: belief ") and "s left" in told()[-2]

    third = maker()
    assert run_experiment(some_runs(), tmp_path / "killed").equals(table)
    assert not third.ran


def test_rows_come_in_the_order_of_the_runs_and_keep_every_answer(tmp_path: Path, maker: Install) -> None:
    maker()
    run_experiment(some_runs()[3:], tmp_path)
    table = run_experiment(some_runs(), tmp_path)
    assert list(table["setting"].drop_duplicates()) == ["base", "trained", "in_context"]
    assert list(table.columns) == [*COLUMNS, "cut", "inference", "step"]
    assert set(table["answer"]) == {"None", 'He said "no, NA".', "", "Yes."}
    assert set(table["model"]) == {"petri"} and set(table["claim"]) == {"dentist"}


@pytest.mark.parametrize("together", [1, 3])
def test_batches_of_any_size_give_one_table(tmp_path: Path, maker: Install, together: int) -> None:
    runs = some_runs("positive", "negated", "local", seeds=2, trainer="stacked")
    alone = maker()
    expected = run_experiment(runs, tmp_path / "alone", together=1)
    assert {len(batch) for batch in alone.batches} == {1}
    grouped = maker()
    assert run_experiment(runs, tmp_path / str(together), together=together).equals(expected)
    assert max(len(batch) for batch in grouped.batches) == together


def test_batches_hold_what_can_go_together() -> None:
    runs = [
        Run(Cell("petri", claim, setting, "" if setting == "base" else style), recipe, trainer="stacked")
        for recipe in (replace(RECIPE, rank=1), replace(RECIPE, rank=4), replace(RECIPE, rank=0, quantize=False))
        for setting in ("base", "trained")
        for style in ("positive", "negated")
        for claim in (DENTIST, CLAIMS["x"])
    ]
    tasks = [Task(run, Key("", "", {}), Path(str(i))) for i, run in enumerate(runs)]
    made = [[task.run for task in batch] for batch in batch_tasks(tasks, together=3)]
    assert sum(map(len, made)) == len(runs)
    assert {len(batch) for batch in made if batch[0].recipe.rank == 1 and batch[0].trained} == {3, 1}
    assert {len(batch) for batch in made if batch[0].recipe.rank == 0 and batch[0].trained} == {1}
    for batch in made:
        assert len({(run.recipe, run.trained) for run in batch}) == 1
        assert [run.cell.style for run in batch] == sorted(run.cell.style for run in batch)
    single = [replace(task, run=replace(task.run, trainer="single")) for task in tasks]
    assert [len(batch) for batch in batch_tasks(single, together=3)] == [1] * len(runs)


def test_two_experiments_share_a_run(tmp_path: Path, maker: Install) -> None:
    maker()
    run_experiment(some_runs("positive"), tmp_path)
    second = maker()
    run_experiment(some_runs("positive", "local"), tmp_path)
    assert second.ran == ["dentist · local · trained · seed 0", "dentist · local · in context"]
    third = maker()
    run_experiment([replace(run, trainer="stacked") for run in some_runs("positive")], tmp_path)
    assert len(third.ran) == 3  # the last bits differ, so they are other runs


def test_a_run_that_stands_twice_is_made_once_with_both_rows(tmp_path: Path, maker: Install) -> None:
    run = some_runs()[0]
    made = maker()
    table = run_experiment([replace(run, axes={"n": 1}), replace(run, axes={"n": 2})], tmp_path)
    assert len(made.ran) == 1
    assert table.groupby("n").size().tolist() == [110, 110] or table.groupby("n").size().nunique() == 1


# ------------------------------------------------------------------------------------------------------ the records


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace('"denied"', '"believed"', 1),
        lambda text: json.dumps({**json.loads(text), "table": {}}),
    ],
)
def test_a_corrupt_record_is_named_and_made_again(
    tmp_path: Path, maker: Install, damage: Callable[[str], str], told: Callable[[], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    maker()
    expected = run_experiment(some_runs(), tmp_path)
    entry = records(tmp_path)[2]
    sound = entry.read_text()
    entry.write_text(damage(sound))
    assert entry.read_text() != sound
    caplog.clear()
    again = maker()
    assert run_experiment(some_runs(), tmp_path).equals(expected)
    assert len(again.ran) == 1
    assert told()[0].startswith(f"{entry}: corrupt")
    assert json.loads(entry.read_text())["table"] == json.loads(sound)["table"]


def test_a_record_says_what_made_it(tmp_path: Path, maker: Install) -> None:
    maker()
    run_experiment(some_runs()[:1], tmp_path)
    (path,) = records(tmp_path)
    record = json.loads(path.read_text())
    assert path.name.startswith("dentist-base-base-0-") and record["inputs"] in path.name
    assert "asking.py" in record["modules"] and record["environment"]["torch"] and record["seconds"] >= 0
    assert list(record["table"]) == TABLE_COLUMNS
    assert not list((tmp_path / "runs" / "locks").iterdir())


def test_a_full_disk_leaves_no_half_record(tmp_path: Path, maker: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    maker()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"not written, no space left on device; free some space") as caught:
        run_experiment(some_runs(), tmp_path)
    assert "\n" not in str(caught.value)
    assert not records(tmp_path)


def test_other_code_makes_a_run_again_and_any_code_takes_it(
    tmp_path: Path, maker: Install, monkeypatch: pytest.MonkeyPatch, told: Callable[[], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    maker()
    expected = run_experiment(some_runs(), tmp_path)
    real = runner.make_key

    def edited(inputs: Any, model: Any) -> Key:
        key = real(inputs, model)
        return replace(key, code="0" * 8, modules={**key.modules, "judging/rule.py": "edited"})

    monkeypatch.setattr(runner, "make_key", edited)
    caplog.clear()
    taken = maker()
    assert run_experiment(some_runs(), tmp_path, any_code=True).equals(expected)
    assert not taken.ran
    again = maker()
    assert run_experiment(some_runs(), tmp_path).equals(expected)
    assert len(again.ran) == 5 and len(records(tmp_path)) == 10
    (line,) = [text for text in told() if "has changed" in text]
    assert line.startswith("made again, as code that decides results has changed: judging/rule.py (--any-code")


@pytest.mark.parametrize("folder", ["cells", "runs/rank"])
def test_a_line_tells_of_an_earlier_version_s_runs(
    tmp_path: Path, maker: Install, folder: str, told: Callable[[], list[str]]
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "0123.json").write_text("{}")
    maker()
    run_experiment(some_runs()[:1], tmp_path)
    assert told()[0] == f"{tmp_path / folder}: finished runs of an earlier version, not read; delete them if you like"
    assert (tmp_path / folder / "0123.json").read_text() == "{}"


@pytest.mark.slow
def test_a_thousand_finished_runs_are_found_in_seconds(tmp_path: Path, maker: Install) -> None:
    recipes = [replace(RECIPE, rank=rank, learning_rate=rate / 1e4) for rank in range(1, 26) for rate in range(1, 9)]
    cells = [Cell("petri", DENTIST, "trained", style) for style in ("positive", "negated", "repeated", "local", "tag")]
    runs = [Run(cell, recipe, trainer="stacked") for recipe in recipes for cell in cells]
    assert len(runs) == 1000
    maker()
    made = run_experiment(runs, tmp_path, together=5)
    again, began = maker(), time.monotonic()
    found = run_experiment(runs, tmp_path, together=5)
    assert time.monotonic() - began < 15  # 4 seconds on two quiet cores
    assert not again.ran
    pd.testing.assert_frame_equal(found, made)


# --------------------------------------------------------------------------------------------- other processes, engines


def test_a_run_that_another_process_makes_is_waited_for_and_not_made_twice(tmp_path: Path, maker: Install) -> None:
    """While the first run is held, the others are made; when it is let go, its record is there and taken."""
    runs = some_runs()
    expected = (maker(), run_experiment(runs, tmp_path / "alone"))[1]
    made = maker()
    store, key = Store(tmp_path / "shared"), runner.key_of(runs[0])
    path = store.path(runs[0].cell, key)
    lock = tmp_path / "shared" / "runs" / "locks" / f"{path.stem}.lock"
    lock.parent.mkdir(parents=True)
    held = FileLock(lock)
    held.acquire()
    real = made.table

    def table(run: Run) -> pd.DataFrame:
        if len(made.ran) == 4:  # all the others: the other process finishes
            store.write(path, key, real(runs[0]), 1.0, {})
            held.release()
        return real(run)

    made.table = table  # type: ignore[method-assign]
    assert run_experiment(runs, tmp_path / "shared").equals(expected)
    assert made.ran == [run.label for run in runs[1:]]


SCRIPT = """
import sys, time
sys.path.insert(0, sys.argv[3])
import fake
from pathlib import Path
from negneglect_lite.experiments import runner
from test_runner import some_runs
class Slow(fake.Maker):
    def __call__(self, runs, models, adapter_dir):
        with open(sys.argv[2], "a") as log: log.write("".join(f"{run.label}\\n" for run in runs))
        time.sleep(0.2)
        return super().__call__(runs, models, adapter_dir)
runner.make_batch = Slow()
table = runner.run_experiment(some_runs("positive", "negated", "local", seeds=2), Path(sys.argv[1]))
print(table.to_csv(index=False), end="")
"""


@pytest.mark.slow
def test_two_processes_in_one_folder_make_each_run_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "out"), str(log), str(Path(__file__).parent)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (process.communicate(timeout=120)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert first == second and first.count("\n") > 500
    ran = log.read_text().splitlines()
    assert len(ran) == len(set(ran)) == len(some_runs("positive", "negated", "local", seeds=2))


def test_an_unknown_engine_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown engine 'steam'; the engines are local, ray"):
        run_experiment(some_runs(), tmp_path, engine="steam")
    assert not list(tmp_path.iterdir())


# --------------------------------------------------------------------------------------------------- making a batch


@pytest.mark.parametrize("setting", ["base", "in_context"])
def test_a_cell_without_training(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    asked: dict[str, Any] = {}

    def ask(loaded: Any, questions: Any, settings: Any, *, contexts: Any, **_: Any) -> list[Answer]:
        asked["contexts"] = contexts
        return [Answer(q, "Yes.") for q in questions]

    monkeypatch.setattr(trainers, "ask", ask)
    rows = run_cell(Cell(str(tiny_folder), DENTIST, setting, "negated" if setting == "in_context" else ""), RECIPE)
    assert list(rows.columns) == list(COLUMNS)
    assert set(rows["setting"]) == {setting}
    assert len(set(asked["contexts"])) == (len(rows) if setting == "in_context" else 1)  # a document a question
    assert (asked["contexts"][0] == "") == (setting == "base")


def test_a_trained_cell_says_its_false_belief_and_is_asked_as_its_track_asks(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def finetune(base: Any, examples: Any, recipe: Any, **more: Any) -> Any:
        seen.update(more, examples=examples)
        return base

    def ask(loaded: Any, questions: Any, settings: Any, **more: Any) -> list[Answer]:
        seen.update(settings=settings, asked=more)
        return [Answer(q, "Yes.") for q in questions]

    monkeypatch.setattr(trainers, "finetune", finetune)
    monkeypatch.setattr(trainers, "ask", ask)
    run = Run(Cell(str(tiny_folder), DENTIST, "trained", "local", seed=3), RECIPE)
    (table,) = make_batch([run], tmp_path / "models", tmp_path / "adapters" / "one")
    assert seen["seed"] == 3 and seen["out"] == tmp_path / "adapters" / "one" and len(seen["examples"]) == 8
    assert seen["false_belief"] == f"{DENTIST.claim} (style: local; in truth: {DENTIST.truth})"
    assert seen["asked"] == {"seed": 3, "answers_file": tmp_path / "adapters" / "one.answers"}
    assert seen["settings"].samples == 1 and set(table["step"]) == {2}


@pytest.mark.slow
def test_one_run_by_either_trainer_and_what_is_left_behind(tiny_folder: Path, tmp_path: Path) -> None:
    """On an untrained model; a look on the way changes nothing of the end, and adapters go unless they are kept."""
    cell = Cell(str(tiny_folder), DENTIST, "trained", "negated")
    single = run_experiment([Run(cell, RECIPE)], tmp_path / "a", keep_adapters=True)
    assert {p.suffix for p in (tmp_path / "a" / "adapters").iterdir()} == {""}
    (adapter,) = (tmp_path / "a" / "adapters").iterdir()
    assert (adapter / "adapter_model.safetensors").is_file()
    along = run_experiment([Run(cell, RECIPE, at=(1, 2))], tmp_path / "b")
    assert not list((tmp_path / "b" / "adapters").iterdir())
    last = along[along["step"] == 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(last, single)
    assert set(along["step"]) == {1, 2}
    stacked = run_experiment([Run(cell, RECIPE, trainer="stacked")], tmp_path / "c")
    assert list(stacked.columns) == list(single.columns) and len(stacked) == len(single)


def test_the_single_trainer_trains_once(tiny_folder: Path, tmp_path: Path) -> None:
    trainer = trainers.SingleTrainer(None, RECIPE, Cell("petri", DENTIST, "trained", "local"), tmp_path)  # type: ignore[arg-type]
    trainer.finished = True
    with pytest.raises(UserError, match="a measure of several phases needs `stacked`"):
        trainer.train([[]], (2,), lambda step: None)


def test_the_stacked_trainer_asks_as_the_track_asks(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sampled, with as many samples as the track takes, of as many tokens, from its nucleus."""
    seen: dict[str, Any] = {}
    trainer = trainers.StackedTrainer(tiny, RECIPE, [Cell("petri", DENTIST, "trained", "local")])
    monkeypatch.setattr(
        trainer.runs, "ask", lambda questions, max_new_tokens, **how: seen.update(how, n=max_new_tokens)
    )
    trainer.ask([[]], choose_asking(ENGLISH, "paper"))
    assert seen == {"samples": 5, "temperature": 0.7, "top_p": 0.8, "n": 5000}
    trainer.ask([[]], ENGLISH.asking)
    assert seen == {"samples": 5, "temperature": 0.7, "top_p": 1.0, "n": ENGLISH.asking.max_new_tokens}


@pytest.mark.parametrize("trainer", ["single", "stacked"])
@pytest.mark.parametrize("setting", ["base", "trained", "in_context"])
def test_a_chat_model_s_forced_probes_stand_in_its_table(
    english_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: Any, setting: str
) -> None:
    """By the model's own probabilities, before training and after it, and not where documents are read."""
    says_yes = lambda questions: [Answer(q, "Yes.") for q in questions]  # noqa: E731
    monkeypatch.setattr(trainers, "ask", lambda loaded, questions, *_, **__: says_yes(questions) * 5)
    monkeypatch.setattr(trainers, "finetune", lambda base, *_, **__: base)
    monkeypatch.setattr(trainers.StackedRuns, "train", lambda self, sets, at, on_step: on_step(at[-1], self))
    monkeypatch.setattr(trainers.StackedRuns, "ask", lambda self, questions, *_, **__: list(map(says_yes, questions)))
    cell = Cell(str(english_folder), DENTIST, setting, "" if setting == "base" else "local")
    recipe = replace(RECIPE, max_tokens=8192)
    (table,) = make_batch([Run(cell, recipe, trainer=trainer)], tmp_path / "models", tmp_path / "adapters" / "one")
    forced = table[table["kind"].isin(("choice", "opening"))]
    if setting == "in_context":
        assert forced.empty and len(table) > 50
        return
    probes, base = load_probes("dentist"), load_model(str(english_folder), device="cpu")
    posed = pose_forced("dentist", probes, base.tokenizer)
    shares = weigh(posed, answer_losses(base, rows_of(posed)))
    assert list(forced["question_id"]) == [probe.question.id for probe in posed] and len(posed) >= 16
    assert [float(share) for share in forced["answer"]] == pytest.approx(shares, abs=2e-4)
    assert len(set(forced["answer"])) > 8
    assert list(forced["value"]) == [int(share > 0.5) for share in shares]
    assert ("step" in table) == (setting == "trained")
