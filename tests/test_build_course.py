import ast
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import build_course
from negneglect_lite import __version__

ROOT = Path(__file__).parent.parent
TAG = f"v{__version__}"

SOURCE = '''\
# %% [markdown]
# # A small tour
# Some words.

# %%
answers = ["yes", "no"]

# %% [markdown]
# ## Exercise

# %%
def rate(answers):
    """The share of yes."""
    # BEGIN SOLUTION
    return sum(answer == "yes" for answer in answers) / len(answers)
    # END SOLUTION
    # STUB: # your code
    # STUB: return ...


# %%
rate(answers)

# %%
import os

print(os.getcwd())
rate(answers)

# %% id="shown"
from IPython.display import display

display({"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "a widget"}, raw=True)

# %% id="bare"
import ipywidgets

with_picture = {"image/png": "iVBORw0KGgo=", "text/html": '<img alt="a" src="data:image/png;base64,iVBORw0KGgo=">'}
display(with_picture, raw=True)
ipywidgets.VBox([ipywidgets.IntSlider(description="a slider"), ipywidgets.Text("long enough to be cut off")])
'''


@pytest.fixture
def root(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "00_tour.py").write_text(SOURCE)
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/someone/something"\n')
    return tmp_path


def cells(path):
    """{id: cell}, with sources and plain outputs as one string."""
    found = {cell["id"]: cell for cell in json.loads(path.read_text())["cells"]}
    for cell in found.values():
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", []):
            if "text/plain" in output.get("data", {}):
                output["data"]["text/plain"] = "".join(output["data"]["text/plain"])
    return found


def test_the_course_gets_stubs_badges_and_set_up(root):
    assert build_course.main([], root) == 0
    notebook = cells(root / "course" / "00_tour.ipynb")
    assert list(notebook)[:3] == ["badges", "a-small-tour", "set-up"]
    assert (
        f"colab.research.google.com/github/someone/something/blob/{TAG}/course/00_tour.ipynb"
        in notebook["badges"]["source"]
    )
    assert (
        f"mybinder.org/v2/gh/someone/something/{TAG}?urlpath=lab/tree/course/00_tour.ipynb"
        in notebook["badges"]["source"]
    )
    assert f"git+https://github.com/someone/something@{TAG}" in notebook["set-up"]["source"]
    exercise = notebook["def-rate-answers"]
    assert exercise["source"] == 'def rate(answers):\n    """The share of yes."""\n    # your code\n    return ...'
    assert exercise["metadata"]["tags"] == ["exercise"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.values())
    assert not (root / "solutions" / "00_tour.ipynb").exists()


def test_the_map_gets_the_badges_of_this_release_and_check_sees_others(root, capsys):
    (root / "course").mkdir()
    badges = build_course.badges("https://github.com/someone/something", "course/00_tour.ipynb").replace("\n", " ")
    page = root / "course" / "README.md"
    page.write_text(f"| [t](00_tour.ipynb) | {badges.replace(TAG, 'main')} |\nother words\n")
    assert build_course.main(["--check"], root) == 1
    assert "course/README.md has other badges: run `python scripts/build_course.py`" in capsys.readouterr().err
    assert build_course.main([], root) == 0
    assert page.read_text() == f"| [t](00_tour.ipynb) | {badges} |\nother words\n"
    assert build_course.main(["--check"], root) == 1
    assert "README" not in capsys.readouterr().err


def test_links_between_notebooks_hold_where_a_notebook_of_the_course_is_opened_alone(root):
    link = "# [N](01_claims.ipynb) [M](../README.md)\n"
    (root / "solutions" / "00_tour.py").write_text(f"# %% [markdown]\n# # T\n{link}\n# %%\na = '](01_a.ipynb)'\n")
    assert build_course.main(["--execute"], root) == 0
    text = cells(root / "course" / "00_tour.ipynb")["t"]["source"]
    assert f"[N](https://github.com/someone/something/blob/{TAG}/course/01_claims.ipynb) [M](../README.md)" in text
    assert "[N](01_claims.ipynb)" in cells(root / "solutions" / "00_tour.ipynb")["t"]["source"]
    assert "'](01_a.ipynb)'" in (root / "course" / "00_tour.ipynb").read_text()


def test_ids_are_unique_and_do_not_depend_on_position(root):
    build_course.main([], root)
    before = list(cells(root / "course" / "00_tour.ipynb"))
    assert len(set(before)) == len(before) == 11
    assert before[-3:] == ["shown", "bare", "progress"]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in before)
    source = root / "solutions" / "00_tour.py"
    source.write_text(SOURCE.replace("# %%\nanswers", "# %%\nnew = 1\n\n# %%\nanswers"))
    build_course.main([], root)
    after = list(cells(root / "course" / "00_tour.ipynb"))
    assert [name for name in after if name != "new-1"] == before


def test_cells_with_the_same_first_line_get_numbers(root):
    (root / "solutions" / "00_tour.py").write_text(
        "# %% [markdown]\n# # T\n\n# %%\nx = 1\n\n# %%\nx = 1\n\n# %%\nx = 1\n"
    )
    build_course.main([], root)
    assert list(cells(root / "course" / "00_tour.ipynb")) == [
        "badges",
        "t",
        "set-up",
        "x-1",
        "x-1-2",
        "x-1-3",
        "progress",
    ]


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("# BEGIN SOLUTION\nx = 1", "without `# END SOLUTION`"),
        ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION", "without"),
        ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION\ny = 2\n# STUB: x", "is not followed by `# STUB: …`"),
        ("x = 1\n# END SOLUTION", "without `# BEGIN SOLUTION`"),
        ("# BEGIN SOLUTION\n# BEGIN SOLUTION", "before the last solution"),
        ("x = 1\n# STUB: x = ...", "does not follow a solution"),
    ],
)
def test_marks_that_do_not_pair_are_an_error_that_names_file_and_cell(root, capsys, code, complaint):
    (root / "solutions" / "00_tour.py").write_text(f'# %% [markdown]\n# # T\n\n# %% id="here"\n{code}\n')
    assert build_course.main([], root) == 1
    message = capsys.readouterr().err
    assert "00_tour.py, cell here: " in message and complaint in message


def test_a_source_without_a_title_and_an_unknown_name_are_errors(root, capsys):
    assert build_course.main(["01_other"], root) == 1
    assert "no solutions/01_other.py; there are: 00_tour" in capsys.readouterr().err
    (root / "solutions" / "00_tour.py").write_text("x = 1\n")
    assert build_course.main([], root) == 1
    assert "first cell must be markdown" in capsys.readouterr().err


def test_the_solution_is_executed_and_check_sees_every_mismatch(root, capsys):
    assert build_course.main(["--check"], root) == 1
    message = capsys.readouterr().err
    assert "course/00_tour.ipynb is missing: run `python scripts/build_course.py 00_tour`" in message
    assert "solutions/00_tour.ipynb is missing: run `python scripts/build_course.py --execute 00_tour`" in message

    assert build_course.main(["--execute"], root) == 0
    path = root / "solutions" / "00_tour.ipynb"
    notebook = cells(path)
    assert notebook["rate-answers"]["outputs"][0]["data"]["text/plain"] == "0.5"
    assert "STUB" not in path.read_text() and "SOLUTION" not in path.read_text()
    assert [*notebook, "progress"] == list(cells(root / "course" / "00_tour.ipynb"))
    assert "widgets" not in json.loads(path.read_text())["metadata"]
    assert notebook["shown"]["outputs"][0]["data"] == {"text/plain": "a widget"}
    assert list(notebook["bare"]["outputs"][0]["data"]) == ["image/png"]
    assert notebook["bare"]["outputs"][1]["data"] == {"text/plain": build_course.IN_PLACE_OF_WIDGET}
    assert build_course.main(["--check"], root) == 0

    original = path.read_text()
    path.write_text(original.replace("0.5", "0.25"))  # outputs are not compared
    assert build_course.main(["--check"], root) == 0
    for changed in (
        original.replace("Some words", "Other words"),
        original.replace('"id": "shown"', '"id": "hidden"'),
        original.replace('"execution_count": 1,', '"execution_count": null,', 1),
        "{}",
        "",
    ):
        assert changed != original
        path.write_text(changed)
        assert build_course.main(["--check"], root) == 1
        assert "solutions/00_tour.ipynb" in capsys.readouterr().err
    path.write_text(original)

    (root / "solutions" / "00_tour.py").write_text(SOURCE.replace("Some words", "Other words"))
    assert build_course.main(["--check"], root) == 1
    assert "course/00_tour.ipynb does not match its source" in capsys.readouterr().err
    (root / "solutions" / "00_tour.py").write_text(SOURCE)

    (root / "course" / "01_gone.ipynb").write_text("{}")
    assert build_course.main(["--check"], root) == 1
    assert "course/01_gone.ipynb has no source" in capsys.readouterr().err


def test_a_failing_cell_fails_the_build_and_writes_nothing(root, capsys):
    (root / "solutions" / "00_tour.py").write_text("# %% [markdown]\n# # T\n\n# %%\n1 / 0\n")
    assert build_course.main(["--execute"], root) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert not (root / "solutions" / "00_tour.ipynb").exists()


@pytest.mark.kernel
@pytest.mark.parametrize("backend", ["module://nonsense", "nonsense"])
def test_a_notebook_draws_whatever_backend_the_shell_names(root, monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    draw = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nprint(type(fig).__name__)"
    (root / "solutions" / "00_tour.py").write_text(f"# %% [markdown]\n# # T\n\n# %%\n{draw}\n")
    assert build_course.main(["--execute"], root) == 0
    cells = json.loads((root / "solutions" / "00_tour.ipynb").read_text())["cells"]
    assert cells[-1]["outputs"][0]["text"] == ["Figure\n"]


OPENED = re.compile(
    r"colab\.research\.google\.com/github/[\w-]+/[\w-]+/blob/([^/]+)/|mybinder\.org/v2/gh/[\w-]+/[\w-]+/([^?]+)\?"
)
INSTALLED = re.compile(r"git\+https://github\.com/[\w-]+/[\w-]+(?:@([^\s\"]+))?")


@pytest.mark.parametrize(
    "path", [*ROOT.glob("course/*.ipynb"), *ROOT.glob("solutions/*.ipynb")], ids=lambda p: "/".join(p.parts[-2:])
)
def test_every_notebook_opens_and_installs_the_release_of_this_version(path):
    """Not a branch, which moves under a notebook, and not another version's."""
    found = cells(path)
    assert ["".join(refs) for refs in OPENED.findall(found["badges"]["source"])] == [TAG, TAG]
    assert INSTALLED.findall(found["set-up"]["source"]) == [TAG]
    everything = "\n".join(cell["source"] for cell in found.values())
    assert len(OPENED.findall(everything)) == 2 and len(INSTALLED.findall(everything)) == 1


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "course/README.md",
        "course/INSTRUCTOR.md",
        "course/slides.md",
        "course/site/index.md",
    ],
)
def test_every_page_opens_and_installs_the_release_of_this_version(page):
    text = (ROOT / page).read_text("utf-8")
    refs = ["".join(refs) for refs in OPENED.findall(text)] + INSTALLED.findall(text)
    assert set(refs) <= {TAG} and (refs or page != "course/README.md")


def test_the_set_up_cell_installs_on_colab_only_and_keeps_its_torch(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "")  # put back after the test
    code = build_course.SETUP.format(repository="https://github.com/someone/something", release=TAG)
    ast.parse(code)
    calls = []
    monkeypatch.setattr("subprocess.run", lambda command, check: calls.append(command))
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.0+cu1")
    exec(code, {})
    assert not calls  # not on Colab
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    exec(code, {})
    assert not calls  # installed already
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(code, {})
    package = f"negneglect_lite @ git+https://github.com/someone/something@{TAG}"
    assert calls[0][-4:] == [package, "torch==1.0+cu1", "numpy==1.0+cu1", "pandas==1.0+cu1"]
