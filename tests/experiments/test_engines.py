"""engines.py: who makes which batch. Processes on "GPUs" are tried on a CPU; Ray in test_sweep.py."""

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.engines import get_engine, run_locally, run_on_gpus

Seen = tuple[int, str, int, bool]  # a batch's number, the GPUs that its process sees, the process, whether to wait


def look(batch: tuple[Path, int], wait: bool) -> Seen:
    """What a process sees. It goes on when a second process has come here too, so that both get work."""
    folder, number = batch
    (folder / str(os.getpid())).touch()
    end = time.monotonic() + 120
    while len(list(folder.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    return number, os.environ["CUDA_VISIBLE_DEVICES"], os.getpid(), wait


def fail_at_two(batch: int, wait: bool) -> int:
    if batch == 2:
        raise UserError("the moon: is no model; name another")
    return batch


def die(batch: int, wait: bool) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return batch


@pytest.fixture
def visible(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No GPU is chosen outside."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield monkeypatch


@pytest.mark.parametrize(("gpus", "shared_out"), [(0, False), (1, False), (2, True), (8, True)])
def test_local_takes_all_the_gpus_there_are(monkeypatch: pytest.MonkeyPatch, gpus: int, shared_out: bool) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    engine: Any = get_engine("local")
    if shared_out:
        assert isinstance(engine, partial) and engine.func is run_on_gpus and engine.keywords == {"gpus": gpus}
    else:
        assert engine is run_locally


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(UserError, match="unknown engine 'cloud'; the engines are local, ray"):
        get_engine("cloud")


def test_locally_what_another_process_makes_comes_last_and_is_waited_for() -> None:
    asked: list[tuple[str, bool]] = []

    def work(batch: str, wait: bool) -> str | None:
        asked.append((batch, wait))
        return batch.upper() if batch != "held" or wait else None

    made = list(run_locally(["held", "a", "b"], work))
    assert [(batch, tables) for batch, tables, _ in made] == [("a", "A"), ("b", "B"), ("held", "HELD")]
    assert all(seconds >= 0 for *_, seconds in made) and asked[-1] == ("held", True)
    assert not any(wait for batch, wait in asked if batch != "held")
    assert list(run_locally([], work)) == []


@pytest.mark.slow
@pytest.mark.parametrize(("outside", "each"), [("", {"0", "1"}), ("4,7", {"4", "7"})])
def test_each_process_sees_one_gpu_and_results_come_with_their_batches(
    visible: pytest.MonkeyPatch, tmp_path: Path, outside: str, each: set[str]
) -> None:
    if outside:
        visible.setenv("CUDA_VISIBLE_DEVICES", outside)
    batches = [(tmp_path, number) for number in range(5)]
    made = list(run_on_gpus(batches, look, gpus=2))
    assert sorted(number for (_, number), *_ in made) == list(range(5))
    assert all(number == seen[0] for (_, number), seen, _ in made)
    gpu_of = {(process, gpu) for _, (_, gpu, process, _), _ in made}
    assert len(gpu_of) == 2 and {gpu for _, gpu in gpu_of} == each  # one of them for each process, all the time
    assert all(seen[3] for _, seen, _ in made)  # a batch that is held elsewhere is waited for
    assert all(0 <= seconds < 120 for *_, seconds in made)
    assert os.environ.get("CUDA_VISIBLE_DEVICES", "") == outside  # nothing has changed here


@pytest.mark.slow
def test_one_batch_needs_one_process(visible: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "second").touch()
    ((batch, (number, gpu, process, _), _),) = run_on_gpus([(tmp_path, 7)], look, gpus=4)
    assert (batch, number, gpu) == ((tmp_path, 7), 7, "0") and process != os.getpid()


def test_no_batch_needs_none() -> None:
    """As when an experiment whose runs are all finished is started again."""
    assert list(run_on_gpus([], look, gpus=2)) == []


@pytest.mark.slow
def test_what_a_person_can_put_right_is_told_as_it_was_in_the_process(visible: pytest.MonkeyPatch) -> None:
    made = []
    with pytest.raises(UserError) as caught:
        for batch, tables, _ in run_on_gpus([1, 2, 3, 4], fail_at_two, gpus=2):
            made.append((batch, tables))
    assert str(caught.value) == "the moon: is no model; name another"
    assert all(batch == tables for batch, tables in made)


@pytest.mark.slow
def test_a_process_that_dies_is_told_once_in_one_line(visible: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="a process on one of the GPUs ended; run again") as caught:
        list(run_on_gpus([1, 2, 3], die, gpus=2))
    assert "\n" not in str(caught.value)
