"""Each notebook runs from a fresh kernel against the package as a wheel ships it, away from the repository."""

import os
import subprocess
import sys
from pathlib import Path

import nbclient
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

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


def run(source: Path, solved: bool, first: str, folder: Path) -> list[NotebookNode]:
    """The code cells of the notebook after a run in the folder, with a first cell of ours. Raises if a cell fails."""
    notebook = build_course.build(source, solved=solved, address=build_course.repository(ROOT))
    notebook.cells.insert(0, new_code_cell(first, id="proof"))
    nbclient.NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(folder)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert all(cell.execution_count for cell in code)
    return code


# A few steps in place of the recipe's: the same code runs, in a fifth of the time. FULL=1 takes all of them.
FEW = """
from dataclasses import replace
from negneglect_lite.tracks import TRACKS
TRACKS["petri"] = replace(TRACKS["petri"], recipe=replace(TRACKS["petri"].recipe, batch_size=2, micro_batch=2))
"""
# And for a model that reads English, fewer and shorter answers.
BRIEF = """
english = TRACKS["english"]
TRACKS["english"] = replace(
    english,
    recipe=replace(english.recipe, steps=2, batch_size=4),
    asking=replace(english.asking, samples=2, temperature=0.7, max_new_tokens=4),
)
"""


@pytest.mark.kernel
@pytest.mark.parametrize("solved", [True, False], ids=["solution", "course"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_notebook_runs_from_the_wheel(source, solved, site, elsewhere):
    """No cell fails, be the exercises solved or not; every check says which of the two it found."""
    code = run(source, solved, proof(site) + ("" if os.environ.get("FULL") else FEW), elsewhere)
    checks = [cell for cell in code if "passed = check" in cell.source]
    assert len(checks) >= 4
    for cell in checks:
        said = "".join(output.get("text", "") for output in cell.outputs)
        assert ("✓ " if solved else "✗ ") in said, said
        assert ("✗ " if solved else "✓ ") not in said, said


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
    code = run(source, True, proof(site) + FEW + BRIEF, elsewhere)
    outputs = [output for cell in code for output in cell.outputs]
    said = "".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs)
    assert ENGLISH[name] in said
    assert "✗ " not in said
