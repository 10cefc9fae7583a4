"""Where batches of runs are made: on this machine, or on a Ray cluster.

An engine takes batches and `work`, which makes a batch's runs and stores them, and yields each batch when it is there.
`work(batch, wait)` gives the tables, or None where another process makes one of the runs and `wait` is false.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from negneglect_lite.core.errors import UserError

MakeBatch = Callable[[Any, bool], Any]
Finished = tuple[Any, Any, float]  # batch, tables, seconds
RETRIES = 3  # of a batch whose worker was lost
ENGINES = ("local", "ray")


def get_engine(name: str) -> Callable[[Sequence[Any], MakeBatch], Iterator[Finished]]:
    """The engine of this name, or a UserError that lists them."""
    if name not in ENGINES:
        raise UserError(f"unknown engine {name!r}; the engines are {', '.join(ENGINES)}")
    return run_on_ray if name == "ray" else run_locally


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
