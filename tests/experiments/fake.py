"""Stands for making a batch of runs: answers at once, remembers what ran, and can be killed."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from negneglect_lite.claims.claim import Answer
from negneglect_lite.experiments import runner
from negneglect_lite.experiments.cell import Run
from negneglect_lite.experiments.measures.catalogue import get_measure

SAID = ["None", 'He said "no, NA".', "", "Yes."]  # answers that a careless table would change


class Maker:
    """In place of `runner.make_batch`; killed at the n-th run, if `killed_at` is n."""

    def __init__(self, killed_at: int = 0) -> None:
        self.ran: list[str] = []
        self.batches: list[list[Run]] = []
        self.killed_at = killed_at

    def __call__(self, runs: Sequence[Run], models: Path, adapter_dir: Path) -> list[pd.DataFrame]:
        if self.killed_at and len(self.ran) + len(runs) >= self.killed_at:
            raise KeyboardInterrupt
        self.batches.append(list(runs))
        self.ran += [run.label for run in runs]
        return [self.table(run) for run in runs]

    def table(self, run: Run) -> pd.DataFrame:
        measure = get_measure(run.measure)
        answers = [Answer(q, SAID[(i + run.cell.seed) % 4]) for i, q in enumerate(measure.questions(run.cell))]
        table = measure.table(run.cell, answers)
        return table.assign(step=run.recipe.steps) if run.trained else table


Install = Callable[..., Maker]


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a new Maker."""

    def install(killed_at: int = 0) -> Maker:
        made = Maker(killed_at)
        monkeypatch.setattr(runner, "make_batch", made)
        return made

    return install
