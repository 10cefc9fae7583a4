"""The wheel with no extra: its declared dependencies, and what those need, run the headline experiment."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

RUN = """
import sys
import negneglect_lite
from dataclasses import replace
from negneglect_lite import tracks
from negneglect_lite.cli import main
assert negneglect_lite.__file__.startswith(sys.argv[1]), negneglect_lite.__file__
tracks.TRACKS["petri"] = replace(tracks.PETRI, recipe=replace(tracks.PETRI.recipe, steps=2))
sys.exit(main(sys.argv[2:]))
"""


def distributions(name: str) -> dict[str, list[str]]:
    """What pip would install for a package without extras, itself left out: distribution -> its top-level entries."""
    found: dict[str, list[str]] = {}
    waiting = [Requirement(name)]
    done: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        for extra in ("", *wanted.extras):
            if (wanted.name, extra) in done:
                continue
            done.add((wanted.name, extra))
            try:
                there = distribution(wanted.name)
            except PackageNotFoundError:  # of another platform
                continue
            found[wanted.name] = sorted({file.parts[0] for file in there.files or []} - {"..", "__pycache__"})
            lines = map(Requirement, there.requires or [])
            waiting += [r for r in lines if r.marker is None or r.marker.evaluate({"extra": extra})]
    del found[name]
    return found


@pytest.mark.slow
def test_the_wheel_alone_runs_the_headline_experiment(site: Path, tmp_path: Path) -> None:
    """In a Python whose packages are those alone, as links into this environment."""
    bare, packages = tmp_path / "bare", Path(pytest.__file__).parent.parent
    bare.mkdir()
    needed = distributions("negneglect_lite")
    for entry in {entry for entries in needed.values() for entry in entries}:
        if (packages / entry).exists():
            (bare / entry).symlink_to(packages / entry)
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in needed}
    assert {"torch", "transformers", "peft", "filelock", "tqdm", "ipython", "seaborn"} <= names
    assert not {"pytest", "jupyterlab", "openai", "ray", "datasets", "pyarrow", "mypy"} & names
    out = tmp_path / "out"
    arguments = ["reproduce", "--claims", "dentist", "--styles", "negated", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{bare}", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", RUN, str(site), *arguments],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(json.loads((out / "summary.json").read_text())["belief"]) == {"base", "negated"}
    assert (out / "belief.png").is_file()
