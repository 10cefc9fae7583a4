"""How much faster a grid is with many adapters in one forward pass than one run after another.

    python scripts/bench_sweep.py            # on a GPU: the headline's 90 trained cells, in two minutes

Together: sweep.run over six claims, five styles and three seeds, training and questions. One after another: five of the
same cells through experiment.run_cell, after one that is not timed, and 90 times their mean.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.experiments import experiment, sweep
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.styles import HEADLINE


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--together", type=int, default=90)
    parser.add_argument("--seeds", type=int, default=3)
    a = parser.parse_args()
    recipe, dentist = Recipe(), load_claims()["dentist"]
    cells = [experiment.Cell("petri", dentist, "trained", style) for style in HEADLINE]
    experiment.run_cell(cells[0], recipe)
    each = []
    for cell in cells:
        start = time.perf_counter()
        experiment.run_cell(cell, recipe)
        each.append(time.perf_counter() - start)
    print(f"one after another: {statistics.mean(each):.1f} s a cell ({min(each):.1f} to {max(each):.1f})")
    grid = sweep.Sweep("speed", "speed", "none", "none", seeds=a.seeds)
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        sweep.run(grid, Path(out), together=a.together, say=lambda _: None)
        seconds = time.perf_counter() - start
    count = len(sweep.runs(grid))
    print(f"together: {count} cells in {seconds:.1f} s; {count * statistics.mean(each) / seconds:.1f} times as fast")


if __name__ == "__main__":
    main()
