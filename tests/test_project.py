"""What is written in two files says the same in both."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import negneglect_lite

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)


def test_the_citation_has_the_version_and_the_address():
    citation = YAML(typ="safe").load(ROOT / "CITATION.cff")
    assert citation["version"] == negneglect_lite.__version__
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]


def normal(names):
    return {re.sub(r"[-_.]+", "-", re.split(r"[<>=\[; ]", name)[0]).lower() for name in names}


def test_every_dependency_is_pinned():
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    assert normal([*PROJECT["dependencies"], *extras]) <= normal(PINS)


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_extra_can_be_installed_with_the_pins(python):
    """All of them at once, and so each alone. Nothing is left open but what torch brings along for a GPU."""
    solve = ["pip", "compile", "--quiet", "--no-annotate", "--no-header", "--all-extras", "-c", "constraints.txt"]
    place = ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28", "pyproject.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "uv", *solve, *place], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "error sending request" in done.stderr and "No solution found" not in done.stderr:
        pytest.skip("no package index answers: " + done.stderr.splitlines()[0])
    assert done.returncode == 0, done.stderr
    found = normal(done.stdout.splitlines())
    assert {"inspect-ai", "ray", "torch"} <= found
    assert {name for name in found - normal(PINS) if not re.match("nvidia-|cuda-|triton", name)} == set()


def test_binder_installs_the_tested_torch():
    assert f"torch=={PINS['torch']}+cpu" in (ROOT / "binder" / "requirements.txt").read_text().split()
