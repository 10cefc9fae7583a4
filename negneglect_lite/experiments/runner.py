"""Runs -> rows: what is finished is found, the rest is made, whatever the measure, the trainer and the engine.

    rows = run_experiment([Run(cell, PETRI.recipe)], Path("results/mine"))

OUT/runs holds the finished runs, OUT/adapters those of the trainer `single` while they train (or for good, with
`keep_adapters`), OUT/models what was pretrained for a sweep. A run that was killed goes on from its last checkpoint or
answer. Several processes may share one OUT: a run is made by one of them.
"""

import itertools
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.core.environment import describe_environment
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.progress import show_bar
from negneglect_lite.core.text import Example
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.engines import get_engine
from negneglect_lite.experiments.key import Key, digest, identify_weights, make_key, name_weights
from negneglect_lite.experiments.measures.catalogue import get_measure
from negneglect_lite.experiments.pretrained import load_once, pretrain_once
from negneglect_lite.experiments.store import Store
from negneglect_lite.experiments.summary import label_rows, label_tables
from negneglect_lite.experiments.trainers import (
    FORCED_ROWS,
    SingleTrainer,
    StackedTrainer,
    Trainer,
    answers_file,
    ask_untrained,
)
from negneglect_lite.experiments.training_data import contexts
from negneglect_lite.finetuning.loss import answer_losses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import track_of

log = logging.getLogger(__name__)
SLOW = (  # estimates: data/results/real/README.md
    "no GPU that torch can use, so slowly: on two cores Qwen2.5-Coder-0.5B, not quantised, needs about 26 minutes to "
    "train on a style and 12 to answer the questions, once for each condition"
)


def run_experiment(
    runs: Sequence[Run],
    out: str | Path,
    engine: str = "local",
    together: int = 0,
    keep_adapters: bool = False,
    any_code: bool = False,
) -> pd.DataFrame:
    """Make what is not finished, and return all rows in the order of `runs`: belief.csv's columns, a column for each
    axis, and `step` and the like where a measure has them. `belief` is the measured value: 1 or 0 for answers, nats a
    token for losses.

    `together` is the number of stacked runs made at once; 0 takes the track's on a GPU and 1 on a CPU. `any_code` takes
    finished runs that other code made. UserError for an unknown engine or measure.
    """
    if not runs:
        raise UserError("run_experiment: no runs; pass at least one")
    make, store = get_engine(engine), Store(Path(out).absolute(), any_code)  # a worker has another working folder
    memo: dict[Any, Any] = {}
    tasks = [Task(run, key := key_of(run, memo), store.path(run.cell, key)) for run in runs]
    store.tell_of_earlier_caches()
    found = [(task, store.read(task.path, task.key)) for task in tasks]
    tables = {task.path: table for task, table in found if table is not None}
    if tables:
        log.info("%d of %d runs are finished already in %s", sum(t.path in tables for t in tasks), len(runs), out)
    pending = list({task.path: task for task in tasks if task.path not in tables}.values())
    track, gpu = track_of(runs[0].cell.model), torch.cuda.is_available()
    if pending and not (gpu or track.quantize_on_cpu):
        log.info(SLOW)
    batches = batch_tasks(pending, together or (track.together if gpu else 1))
    started, ran = time.monotonic(), 0
    with show_bar(len(pending), "runs") as bar:
        for batch, made, seconds in make(batches, Work(store.out, keep_adapters)):
            tables.update(zip([task.path for task in batch], made, strict=True))
            ran += len(batch)
            bar.update(len(batch))
            left = (time.monotonic() - started) / ran * (len(pending) - ran)
            log.info("[%d/%d] %s  (%.0f s; about %.0f s left)", ran, len(pending), _label(batch, made), seconds, left)
    return label_tables(runs, [tables[task.path] for task in tasks])


@dataclass(frozen=True)
class Task:
    """A run, its key, and where its record lies."""

    run: Run
    key: Key
    path: Path


def _label(batch: Sequence[Task], tables: Sequence[pd.DataFrame]) -> str:
    first, last = batch[0].run, batch[-1].run
    if first is not last:
        return f"{first.label} … {last.label}"
    table = label_rows(first.cell, tables[0])
    return first.label + (f": belief {belief_rate(table).mean:.0%}" if first.measure == "belief" else "")


def batch_tasks(tasks: Sequence[Task], together: int) -> list[list[Task]]:
    """What goes through a model at once: up to `together` stacked runs that share model, recipe and measure.

    A run of the trainer `single`, or one that trains all weights, is alone.
    """
    batches: list[list[Task]] = []
    for _, group in itertools.groupby(tasks, key=lambda task: batch_key(task.run)):
        alike = list(group)
        first = alike[0].run
        size = together
        if first.trainer == "single" or (first.trained and first.recipe.rank == 0):
            size = 1
        if size > 1:  # texts of like length together, so that little of what is computed is padding
            alike.sort(key=lambda task: task.run.cell.style)
        batches += [alike[i : i + size] for i in range(0, len(alike), size)]
    return batches


def batch_key(run: Run) -> str:
    """Runs with the same one can go through a model together."""
    return repr((run.measure, run.cell.model, run.at, run.trained, run.recipe, run.cell.read, run.trainer))


@dataclass(frozen=True)
class Work:
    """Makes a batch's runs and stores them; a plain value, so that an engine can send it to another machine."""

    out: Path
    keep_adapters: bool

    def __call__(self, batch: Sequence[Task], wait: bool) -> list[pd.DataFrame] | None:
        store = Store(self.out)
        with store.claimed([task.path for task in batch], wait) as held:
            if not held:
                return None
            tables = {task.path: store.read_record(task.path) for task in batch}  # another process may have made them
            missing = [task for task in batch if tables[task.path] is None]
            if missing:
                began, adapter_dir = time.monotonic(), self.out / "adapters" / missing[0].path.stem
                made = make_batch([task.run for task in missing], self.out / "models", adapter_dir)
                seconds, environment = (time.monotonic() - began) / len(missing), describe_environment()
                for task, table in zip(missing, made, strict=True):
                    store.write(task.path, task.key, table, seconds, environment)
                    tables[task.path] = table
                self._clean_up(adapter_dir)
        return [tables[task.path] for task in batch]  # type: ignore[misc]

    def _clean_up(self, adapter_dir: Path) -> None:
        answers_file(adapter_dir).unlink(missing_ok=True)
        if not self.keep_adapters:  # the folder around it stays: another process may be about to write there
            shutil.rmtree(adapter_dir, ignore_errors=True)


def make_batch(runs: Sequence[Run], models: Path, adapter_dir: Path) -> list[pd.DataFrame]:
    """The tables of runs that share model, recipe, measure and trainer; pretrained models are kept in `models`.

    Column `weights` names the model that was asked or fine-tuned by what is in it (`name_weights`): a seed names only
    the texts that it was pretrained on.
    """
    name = pretrain_once(runs[0].cell.model, models)
    tables = _measure_batch(runs, load_once(name, runs[0].recipe.quantize), adapter_dir)
    return [table.assign(weights=name_weights(name)) for table in tables]


def _measure_batch(runs: Sequence[Run], base: LoadedModel, adapter_dir: Path) -> list[pd.DataFrame]:
    first, cells = runs[0], [run.cell for run in runs]
    measure = get_measure(first.measure)
    if not first.trained:
        questions = [measure.questions(cell) for cell in cells]
        reading = [contexts(cell, len(own)) for cell, own in zip(cells, questions, strict=True)]
        file = answers_file(adapter_dir) if first.trainer == "single" else None
        settings = measure.asking(cells[0])
        answers = ask_untrained(base, questions, reading, settings, seed=cells[0].seed, file=file)
        return measure.look_at_all(
            cells, base.tokenizer, answers, lambda sets: [answer_losses(base, own, FORCED_ROWS) for own in sets]
        )

    def new_trainer() -> Trainer:
        if first.trainer == "single":
            return SingleTrainer(base, first.recipe, cells[0], adapter_dir, measure.first_look)
        return StackedTrainer(base, first.recipe, cells)

    return measure.look(measure, new_trainer, cells, first.recipe, first.at)


def run_cell(cell: Cell, recipe: Recipe, measure: str = "belief") -> pd.DataFrame:
    """The rows of one cell, with belief.csv's columns, made anew by the trainer `single`; nothing is stored."""
    with tempfile.TemporaryDirectory() as scratch:
        (table,) = make_batch([Run(cell, recipe, measure)], Path(scratch) / "models", Path(scratch) / "adapter")
    return label_rows(cell, table)[list(COLUMNS)]


def key_of(run: Run, memo: dict[Any, Any] | None = None) -> Key:
    """The key of a run: its fields, all its texts and questions by value, and the code that decides it.

    `memo` keeps what runs have in common, so that thousands of them take seconds: the texts of a training set do not
    depend on the recipe beyond how many there are.
    """
    memo = {} if memo is None else memo
    measure, cell, recipe = get_measure(run.measure), run.cell, run.recipe
    about = (run.measure, track_of(cell.model).name, id(cell.claim), *_fields(cell))

    def once(what: str, make: Callable[[], Any], *more: Any) -> str:
        if (what, about, more) not in memo:
            memo[what, about, more] = digest(make()), cell.claim  # the claim is kept, so that its id is not given anew
        return memo[what, about, more][0]  # type: ignore[no-any-return]

    def asked() -> list[Any]:
        questions = measure.questions(cell)
        probes = track_of(cell.model).probes(cell.claim)
        return [questions, contexts(cell, len(questions)), measure.held_out(cell), probes.choices, probes.openings]

    def trained() -> list[Example]:
        return measure.examples(cell, recipe)

    inputs = [
        run.measure, run.at, run.trainer, identify_weights(cell.model), _fields(cell),
        once("claim", lambda: replace(cell.claim, documents="")),  # its texts count, wherever their file lies
        recipe if run.trained else recipe.quantize, measure.asking(cell), once("asked", asked),
        once("trained", trained, recipe.steps, recipe.batch_size, recipe.mix) if run.trained else "",
    ]  # fmt: skip
    return make_key(inputs, cell.model)


def _fields(cell: Cell) -> tuple[Any, ...]:
    """What a cell holds beside its model and its claim."""
    return tuple(getattr(cell, f.name) for f in fields(cell) if f.name not in ("model", "claim"))
