"""What deterministic pretraining costs, and whether it keeps its word.

    python scripts/bench_deterministic.py [--steps 300]

Pretrains the petri model for some steps, as often with usual as with deterministic kernels, in turn, each in a process
of its own that compiles anew, as on another day. Prints seconds a step (after the first 50; the whole run's seconds
hold the tokenizer, the compiler and the start too) and the hash of the weights, then the cost, and whether the hashes
agree.

On a GPU with the defaults two rounds take about four minutes. Measured with `--steps 200` on one H100 with 16 cores and
nothing else on it: usual 0.0198 and 0.0204 s a step, different weights; deterministic 0.0288 and 0.0274, the same
weights; +39.8 % in the medians. Determinism was to become the rule if it cost at most 30 %, so it stays an option.

On a CPU, to see that it runs:

    python scripts/bench_deterministic.py --steps 4 --rows 2 --hidden 128 --layers 1
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from negneglect_lite.petri.pretrain import Plan, pretrain
from negneglect_lite.tracks import petri_corpus


def run(plan: Plan, out: str) -> dict[str, Any]:
    """The record of one pretraining."""
    return pretrain(petri_corpus(diet=plan.diet), plan, Path(out))


def run_apart(plan: Plan) -> dict[str, Any]:
    """The same in a fresh process, with nothing that an earlier one has compiled."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):  # read as torch starts
            os.environ[name] = str(Path(scratch) / name.lower())
        # No pool of multiprocessing: its workers may not start the data loader's.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
            return fresh.submit(run, plan, str(Path(scratch) / "model")).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2, help="trainings of each kind (default 2)")
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    records: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    for _ in range(a.rounds):
        for deterministic, made in records.items():
            plan = Plan(
                hidden=a.hidden, layers=a.layers, steps=a.steps, rows=a.rows, seed=a.seed, deterministic=deterministic
            )
            record = run_apart(plan)
            made.append(record)
            kind = "deterministic" if deterministic else "usual"
            print(
                f"{kind:14s} {record['step_seconds']:.4f} s a step, {record['seconds']:.0f} s in all, "
                f"last loss {record['loss'][-1][1]:.4f}, weights {record['weights'][:16]}",
                flush=True,
            )
    usual, fixed = (statistics.median(r["step_seconds"] for r in made) for made in records.values())
    print(f"deterministic kernels take {fixed / usual - 1:+.1%} a step (medians of {a.rounds} rounds)")
    for deterministic, made in records.items():
        equal = "the same" if len({r["weights"] for r in made}) == 1 else "different"
        print(f"{'deterministic' if deterministic else 'usual'}: {equal} weights in {a.rounds} trainings")
    print(f"{made[0]['hardware']}, torch {made[0]['torch']}")


if __name__ == "__main__":
    main()
