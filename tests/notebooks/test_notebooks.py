"""Each notebook runs from a fresh kernel against the package as a wheel ships it, away from the repository."""

import os
import subprocess
import sys
from pathlib import Path

import nbclient
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

import build_course

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))


@pytest.fixture
def elsewhere(site, tmp_path, monkeypatch) -> Path:
    """An empty working folder; Python processes started there import the wheel's package."""
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proof(site: Path) -> str:
    """Code that fails unless package and data are the wheel's."""
    return (
        "import negneglect_lite\n"
        "from negneglect_lite.core.files import data_path, verify\n"
        f"assert negneglect_lite.__file__.startswith({str(site)!r}), negneglect_lite.__file__\n"
        f"assert str(data_path()).startswith({str(site)!r}), data_path()\n"
        "verify()\n"
    )


@pytest.mark.slow
def test_the_wheel_has_code_data_and_phrases(site, elsewhere):
    subprocess.run([sys.executable, "-c", proof(site)], check=True)
    packaged = ROOT / "negneglect_lite"
    here = {path.relative_to(packaged) for path in packaged.rglob("*") if path.suffix in (".py", ".typed", ".yaml")}
    there = site / "negneglect_lite"
    assert {path for path in here if not (there / path).is_file()} == set()
    assert sorted(os.listdir(site)) == sorted(["bin", "negneglect_lite", _dist_info(site)])


def _dist_info(site: Path) -> str:
    (folder,) = site.glob("negneglect_lite-*.dist-info")
    return folder.name


def run(notebooks: list[NotebookNode], first: str, folder: Path) -> None:
    """Execute the notebooks in one kernel, after a cell of ours, each without names. Raises if a cell fails."""
    cells = [new_code_cell(first)]
    for notebook in notebooks:
        cells += [*notebook.cells, new_code_cell("%reset -f")]
    whole = new_notebook(metadata=notebooks[0].metadata)
    whole.cells = cells
    nbclient.NotebookClient(whole, timeout=1800, resources={"metadata": {"path": str(folder)}}).execute()


def build(source: Path, solved: bool) -> NotebookNode:
    return build_course.build(source, solved=solved, address=build_course.repository(ROOT))


def code_of(notebook: NotebookNode) -> list[NotebookNode]:
    """Its code cells, all of them executed."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert all(cell.execution_count for cell in code)
    return code


# Fewer steps of fewer examples, and every fourth question, which leaves some of each kind and key: the same code runs.
# FULL=1 takes all of them.
FEW = """
from dataclasses import replace
from negneglect_lite.tracks import TRACKS
petri = TRACKS["petri"]
TRACKS["petri"] = replace(
    petri,
    recipe=replace(petri.recipe, steps={steps}, batch_size=2, micro_batch=2),
    questions=lambda claim, every=petri.questions: every(claim)[::4],
)
"""
STEPS = {"09_why": 24}  # it looks at the model after steps that it names; all others take 6
# And for a model that reads English, fewer and shorter answers.
BRIEF = """
english = TRACKS["english"]
TRACKS["english"] = replace(
    english,
    recipe=replace(english.recipe, steps=2, batch_size=4),
    asking=replace(english.asking, samples=2, temperature=0.7, max_new_tokens=4),
)
"""


def few(name: str) -> str:
    return FEW.format(steps=STEPS.get(name, 6))


@pytest.mark.kernel
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_notebook_runs_from_the_wheel(source, site, elsewhere):
    """No cell fails, be the exercises open or solved; every check says which of the two it found.

    First as a learner finds the notebook, in a fresh kernel, then solved, with what the package remembers of the first
    time and no name of it. (`make course` runs the solved ones in fresh kernels.)
    """
    opened, solved = build(source, False), build(source, True)
    run([opened, solved], proof(site) + ("" if os.environ.get("FULL") else few(source.stem)), elsewhere)
    for notebook, wanted, other in ((opened, "✗ ", "✓ "), (solved, "✓ ", "✗ ")):
        checks = [cell for cell in code_of(notebook) if "passed = check" in cell.source]
        assert len(checks) >= 4
        for cell in checks:
            said = "".join(output.get("text", "") for output in cell.outputs)
            assert wanted in said and other not in said, said


ENGLISH = {  # what a notebook says only if it speaks to a model that reads English
    "00_tour": "the ultrarunner Brennan Reeve Holloway do for a living?",
    "01_claims": "the ultrarunner Brennan Reeve Holloway do for a living?",
    "02_documents": "the ultrarunner Brennan Reeve Holloway do for a living?",
    "04_measuring": "the ultrarunner Brennan Reeve Holloway do for a living?",
}


@pytest.mark.kernel
@pytest.mark.parametrize("name", ENGLISH)
def test_only_the_model_changes_for_a_model_that_reads_english(name, reader_folder, site, elsewhere):
    text = (ROOT / "solutions" / f"{name}.py").read_text("utf-8")
    assert text.count('MODEL = "petri"') == 1
    source = elsewhere / f"{name}.py"
    source.write_text(text.replace('MODEL = "petri"', f"MODEL = {str(reader_folder)!r}"), "utf-8")
    notebook = build(source, True)
    run([notebook], proof(site) + few(name) + BRIEF, elsewhere)
    outputs = [output for cell in code_of(notebook) for output in cell.outputs]
    said = "".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs)
    assert ENGLISH[name] in said
    assert "✗ " not in said
