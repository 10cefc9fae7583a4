"""What is written in two files says the same in both."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
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


# What Colab had in June 2026, by pip-freeze.gpu.txt of https://github.com/googlecolab/backend-info.
COLAB = dict(
    line.split("==")
    for line in """
        accelerate==1.13.0 filelock==3.29.0 huggingface-hub==1.17.0 ipython==7.34.0 ipywidgets==7.7.1 jinja2==3.1.6
        matplotlib==3.10.0 numpy==2.0.2 pandas==2.2.2 peft==0.19.1 pydantic==2.12.3 safetensors==0.7.0 seaborn==0.13.2
        tokenizers==0.22.2 torch==2.11.0+cu128 tqdm==4.67.3 transformers==5.9.0
    """.split()
)


def test_colab_keeps_its_own_packages():
    """One that pip replaced might be loaded already, and the learner would have to restart."""
    wanted = {name: Requirement(line) for line in PROJECT["dependencies"] for name in normal([line])}
    assert set(wanted) - set(COLAB) == {"bitsandbytes", "ruamel-yaml"}  # which pip adds there
    assert [name for name, version in COLAB.items() if not wanted[name].specifier.contains(version)] == []


def test_binder_installs_the_tested_torch():
    assert f"torch=={PINS['torch']}+cpu" in (ROOT / "binder" / "requirements.txt").read_text().split()


def test_binder_keeps_its_own_jupyterlab():
    """A newer one, from the extra `course` say, breaks the extensions that Binder's image was made with."""
    script = (ROOT / "binder" / "postBuild").read_text()
    extras = [name for names in re.findall(r"\.\[([\w,]+)\]", script) for name in names.split(",")]
    wanted = [*PROJECT["dependencies"], *(line for name in extras for line in PROJECT["optional-dependencies"][name])]
    assert re.search(r"pip install .*-e ['\"]?\.", script)
    assert not {"jupyterlab", "notebook", "jupyter-server", "ipykernel"} & normal(wanted)
