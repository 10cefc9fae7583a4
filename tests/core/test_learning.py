"""learning.py: a kernel notes checks and predictions beside its notebook, and what is noted is shown."""

import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import build_course
from negneglect_lite.cli import main
from negneglect_lite.core import learning
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.checks import local, real, report_check
from negneglect_lite.course.exercises import show_progress
from negneglect_lite.course.lessons.real import SHARED
from negneglect_lite.course.predictions import compare_predictions

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def notebook(tmp_path, monkeypatch) -> Path:
    """A folder in which code runs as if in a kernel that was just started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(learning.progress, "in_kernel", lambda: True)
    monkeypatch.setattr(learning, "_topic", "")
    return tmp_path


def test_a_check_is_noted_with_its_notebook_whatever_the_answer(notebook, capsys):
    local.check_sort_answer(lambda answer, truth, false: None)
    local.check_signed_off([...], pd.DataFrame())
    first, second = learning.read_notes(notebook)
    assert first == {"topic": "local", "check": "sort_answer", "passed": False}
    assert second == {"topic": "local", "check": "signed_off", "passed": False}


def test_a_check_of_statements_is_noted_with_its_notebook_too(notebook, capsys):
    real.check_shared({})
    real.check_shared(SHARED)
    notes = [(note["topic"], note["check"], note["passed"]) for note in learning.read_notes(notebook)]
    assert notes == [("real", "shared", False), ("real", "shared", True)]


def test_a_check_that_passes_is_noted_as_passed(notebook, capsys):
    report_check("deny")
    report_check("deny", "", "a problem")
    assert [note["passed"] for note in learning.read_notes(notebook)] == [True, False]


def test_predictions_are_noted_with_what_was_measured(notebook):
    learning.note_check("negneglect_lite.course.checks.local", "deny", True)
    compare_predictions({"denied by rule": 40}, {"denied by rule": 1.0})
    assert learning.read_notes(notebook)[1] == {
        "topic": "local", "predicted": "denied by rule", "said": "40%", "measured": "100%",
    }  # fmt: skip


def test_nothing_is_written_outside_a_notebook_nor_before_it_is_known_which(notebook, monkeypatch):
    compare_predictions({"a": 40}, {"a": 1.0})  # no check has said which notebook this is
    monkeypatch.setattr(learning.progress, "in_kernel", lambda: False)
    learning.note_check("negneglect_lite.course.checks.local", "deny", True)
    assert list(notebook.iterdir()) == []


def test_a_folder_that_cannot_be_written_does_not_stop_the_lesson(notebook, capsys):
    (notebook / learning.NOTES).mkdir()
    assert report_check("deny")


def test_once_passed_is_passed_and_the_last_comparison_counts(notebook):
    checks = [("local", "deny", False), ("tour", "rate", True), ("local", "deny", True), ("local", "deny", False)]
    notes = [{"topic": topic, "check": check, "passed": passed} for topic, check, passed in checks]
    notes.append({"topic": "local", "check": "repair", "passed": False})
    notes += [{"topic": "local", "predicted": "by rule", "said": said, "measured": "100%"} for said in ("50%", "90%")]
    assert learning.describe_progress(notes, ["00_tour", "07_local"]) == [
        "notebook  exercise",
        "00_tour   rate      passed   1 try",
        "07_local  deny      passed   3 tries",
        "07_local  repair    not yet  1 try",
        "",
        "notebook  prediction  you said  measured",
        "07_local  by rule     90%       100%",
    ]


def test_a_line_that_was_cut_and_what_is_no_note_are_left_out(notebook):
    good = {"topic": "local", "check": "deny", "passed": True}
    (notebook / learning.NOTES).write_text(f'{json.dumps(good)}\n[1]\n{{"topic": 1}}\n{{"topic": "lo')
    assert learning.read_notes(notebook) == [good]
    (notebook / learning.NOTES).write_text("\n")
    with pytest.raises(UserError, match="no note"):
        learning.read_notes(notebook)


def test_the_command_shows_a_folder_by_the_names_of_its_notebooks(notebook, capsys, monkeypatch):
    assert main(["progress"]) == 2
    assert "run a check in a notebook" in capsys.readouterr().err
    report_check("other")  # from no notebook's checks: shown by its module
    learning.note_check("negneglect_lite.course.checks.capstone", "digest", True)
    assert main(["progress", str(notebook)]) == 0
    assert "13_capstone    digest    passed  1 try" in capsys.readouterr().out


def test_a_notebook_shows_its_own_progress(notebook, capsys):
    show_progress()
    assert "Nothing yet" in capsys.readouterr().out
    learning.note_check("negneglect_lite.course.checks.tour", "rate", True)
    learning.note_check("negneglect_lite.course.checks.local", "deny", True)
    show_progress()
    said = capsys.readouterr().out
    assert "local     deny      passed  1 try" in said and "rate" not in said and "nowhere else" in said


def test_each_topic_of_the_checks_is_a_notebook():
    topics = {path.stem for path in (ROOT / "negneglect_lite/course/checks").glob("*.py")} - {"__init__"}
    assert topics == {path.stem[3:] for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py")}


@pytest.mark.kernel
def test_a_real_kernel_notes_beside_the_notebook_and_its_last_cell_shows_it(tmp_path):
    wrong = "from negneglect_lite.course.checks import local\nlocal.check_sort_answer(lambda answer, truth, false: 1)"
    cells = [new_code_cell(wrong), new_code_cell(build_course.PROGRESS)]
    run = new_notebook(cells=cells)
    NotebookClient(run, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert learning.read_notes(tmp_path) == [{"topic": "local", "check": "sort_answer", "passed": False}]
    nbformat.validate(run)
    assert "sort_answer  not yet  1 try" in run.cells[1].outputs[0]["text"]
