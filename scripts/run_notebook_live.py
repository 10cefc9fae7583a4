"""The code cells of a notebook's source, run one after another as a plain script: no Jupyter, no network needed.

    PYTHONPATH=. python scripts/run_notebook_live.py 12_real MODEL=/models/Qwen2.5-Coder-1.5B-Instruct RUN=live

runs solutions/12_real.py on the machine's GPU with a model in a folder, and leaves what it makes in the folder 12_real
where it was started: adapters (they carry false beliefs) and 12_real/lesson, the small tables that a replay shows. Each
NAME=VALUE takes the place of what the source assigns to that name at the beginning of a line, as a text. Name the
model's folder as its model is called: tables are labelled so.

What a notebook would show is printed; figures are printed in words. Packages that only show something (seaborn,
ipywidgets, IPython) may be missing. `--few` trains 2 steps of 2 texts and asks few questions with short answers: a try
on a processor.
"""

import argparse
import ast
import os
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

SOURCES = Path(__file__).resolve().parent.parent / "solutions"


def code_cells(source: str) -> Iterator[str]:
    """The code cells of a source in jupytext's percent format."""
    for cell in re.split(r"^# %%", source, flags=re.M)[1:]:
        header, _, body = cell.partition("\n")
        if "[markdown]" not in header:
            yield body


def assign(source: str, values: dict[str, str]) -> str:
    """The source with other values in its lines `NAME = …`. ValueError for a name that no line assigns."""
    for name, value in values.items():
        line = f"{name} = {value!r}".replace("\\", r"\\")
        source, found = re.subn(rf"^{re.escape(name)} = .*$", line, source, flags=re.M)
        if not found:
            raise ValueError(f"no line of the source begins with `{name} = `")
    return source


def run_cell(code: str, names: dict[str, Any]) -> None:
    """Run a cell, and print the value of its last line if that is an expression, as a notebook shows it."""
    tree = ast.parse(code)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        del tree.body[-1]
    exec(compile(tree, "cell", "exec"), names)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        if value is not None:
            print(value.to_string() if hasattr(value, "to_string") else value, flush=True)


def stand_in() -> None:
    """Put modules in the place of packages that only show something, where they are not installed."""
    if find_spec("seaborn") is None:
        seaborn: Any = types.ModuleType("seaborn")
        seaborn.light_palette = seaborn.dark_palette = lambda colour, n=6, **_: [colour] * n
        sys.modules["seaborn"] = seaborn
    if find_spec("ipywidgets") is None:
        sys.modules["ipywidgets"] = MagicMock()
    if find_spec("IPython") is None:
        ipython: Any = types.ModuleType("IPython")
        shown: Any = types.ModuleType("IPython.display")
        ipython.get_ipython, ipython.display = lambda: None, shown
        ipython.version_info = (9, 0)  # matplotlib looks
        shown.HTML, shown.display = type("HTML", (), {"__init__": lambda self, data="": None}), print
        sys.modules |= {"IPython": ipython, "IPython.display": shown}


def take_few() -> None:
    """Two steps of two texts, the first and fifth question of each kind, two samples of four tokens."""
    from negneglect_lite.tracks import TRACKS

    english = TRACKS["english"]
    TRACKS["english"] = replace(
        english,
        recipe=replace(english.recipe, steps=2, batch_size=2, save_every=1),
        asking=replace(english.asking, samples=2, max_new_tokens=4),
        questions=lambda claim: [q for q in english.questions(claim) if q.id.endswith((".01", ".05"))],
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("name", help="NN_topic, of solutions/")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help="what stands in place of an assigned text")
    parser.add_argument("--few", action="store_true", help="a try: few steps, questions and tokens")
    a = parser.parse_args(arguments)
    os.environ["MPLBACKEND"] = "Agg"
    stand_in()
    if a.few:
        take_few()
    source = assign((SOURCES / f"{a.name}.py").read_text("utf-8"), dict(v.split("=", 1) for v in a.values))
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, code in enumerate(code_cells(source), 1):
        print(f"\n--- cell {number}", flush=True)
        run_cell(code, names)


if __name__ == "__main__":
    main()
