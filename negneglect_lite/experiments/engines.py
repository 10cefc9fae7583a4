"""Where batches of runs are made: on this machine, one GPU or several, or on a Ray cluster.

An engine takes batches and `work`, which makes a batch's runs and stores them, and yields each batch when it is there.
`work(batch, wait)` gives the tables, or None where another process makes one of the runs and `wait` is false.
"""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

import torch

from negneglect_lite.core import progress
from negneglect_lite.core.errors import UserError

MakeBatch = Callable[[Any, bool], Any]
Finished = tuple[Any, Any, float]  # batch, tables, seconds
RETRIES = 3  # of a batch whose worker was lost
ENGINES = ("local", "ray")


def get_engine(name: str) -> Callable[[Sequence[Any], MakeBatch], Iterator[Finished]]:
    """The engine of this name, or a UserError that lists them. "local" takes all the GPUs there are."""
    if name not in ENGINES:
        raise UserError(f"unknown engine {name!r}; the engines are {', '.join(ENGINES)}")
    if name == "ray":
        return run_on_ray
    gpus = torch.cuda.device_count()
    return run_locally if gpus < 2 else partial(run_on_gpus, gpus=gpus)


def run_locally(batches: Sequence[Any], work: MakeBatch) -> Iterator[Finished]:
    """One batch after another; those that another process is making come last."""
    waiting, held_in_a_row = deque(batches), 0
    while waiting:
        batch = waiting.popleft()
        began = time.monotonic()
        tables = work(batch, held_in_a_row > len(waiting))  # all that are left are held: wait for this one
        if tables is None:
            held_in_a_row += 1
            waiting.append(batch)
        else:
            held_in_a_row = 0
            yield batch, tables, time.monotonic() - began


def run_on_gpus(batches: Sequence[Any], work: MakeBatch, gpus: int) -> Iterator[Finished]:
    """The batches shared out among the GPUs of this machine, a process each; first done, first out."""
    if not batches:
        return
    context = multiprocessing.get_context("spawn")
    free = context.SimpleQueue()
    for gpu in range(gpus):
        free.put(gpu)
    with ProcessPoolExecutor(min(gpus, len(batches)), context, _take_gpu, (free, progress.on_terminal())) as pool:
        waiting = {pool.submit(_timed, work, batch): batch for batch in batches}
        try:
            for done in as_completed(waiting):
                tables, seconds = done.result()
                yield waiting[done], tables, seconds
        except BrokenProcessPool:
            raise UserError(
                "a process on one of the GPUs ended; run again, it goes on (a script of one's own needs "
                "`if __name__ == '__main__':` around its calls)"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _take_gpu(free: Any, terminal: bool) -> None:
    """The first thing a process does: see one GPU only, and tell its progress as the parent does."""
    gpu, visible = free.get(), os.environ.get("CUDA_VISIBLE_DEVICES", "")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[gpu] if visible else str(gpu)
    if terminal:
        progress.to_terminal()


def run_on_ray(batches: Sequence[Any], work: MakeBatch) -> Iterator[Finished]:
    """The batches as tasks of the Ray cluster that RAY_ADDRESS names, else of one made here; first done, first out.

    A batch whose worker is lost is tried again. UserError where one failed for good.
    """
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError:
        raise UserError("--engine ray needs Ray: pip install 'negneglect_lite[ray]'") from None
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)
    gpu = 1 if ray.cluster_resources().get("GPU") else 0
    task = ray.remote(num_cpus=1, num_gpus=gpu, max_retries=RETRIES)(_timed)
    try:
        waiting = {task.remote(work, batch): batch for batch in batches}
        while waiting:
            done, _ = ray.wait(list(waiting), num_returns=1)
            batch = waiting.pop(done[0])
            tables, seconds = ray.get(done[0])
            yield batch, tables, seconds
    except RayError as error:
        cause = getattr(error, "cause", None) or error
        raise UserError(f"a run failed on the Ray cluster: {str(cause).strip().splitlines()[-1]}") from error


def _timed(work: MakeBatch, batch: Any) -> tuple[Any, float]:
    began = time.monotonic()
    return work(batch, True), time.monotonic() - began
