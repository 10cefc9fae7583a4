"""How much faster a grid is with many adapters in one forward pass than one run after another.

    python scripts/bench_sweep.py            # on a GPU: the headline's 90 trained cells, in two minutes

Together: run_sweep over six claims, five styles and three seeds, training and questions. One after another: five of the
same cells through run_cell, after one that is not timed, and 90 times their mean.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.runner import run_cell
from negneglect_lite.experiments.sweep import Sweep, run_sweep, sweep_runs
from negneglect_lite.styles import HEADLINE
from negneglect_lite.tracks import PETRI


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--together", type=int, default=90)
    parser.add_argument("--seeds", type=int, default=3)
    a = parser.parse_args()
    cells = [Cell("petri", load_claims()["dentist"], "trained", style) for style in HEADLINE]
    run_cell(cells[0], PETRI.recipe)
    each = []
    for cell in cells:
        start = time.perf_counter()
        run_cell(cell, PETRI.recipe)
        each.append(time.perf_counter() - start)
    print(f"one after another: {statistics.mean(each):.1f} s a cell ({min(each):.1f} to {max(each):.1f})")
    sweep = Sweep("speed", "speed", "none", "none", seeds=a.seeds)
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        run_sweep(sweep, Path(out), together=a.together)
        seconds = time.perf_counter() - start
    count = len(sweep_runs(sweep))
    print(f"together: {count} cells in {seconds:.1f} s; {count * statistics.mean(each) / seconds:.1f} times as fast")


if __name__ == "__main__":
    main()
