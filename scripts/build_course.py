"""Build the notebooks of the course from their sources, solutions/NN_topic.py (jupytext's percent format).

    python scripts/build_course.py [NN_topic ...]             course/NN_topic.ipynb: exercises, no outputs (seconds),
                                                              and the badges in course/README.md
    python scripts/build_course.py --execute [NN_topic ...]   also solutions/NN_topic.ipynb, run in a fresh kernel
    python scripts/build_course.py --check                    change nothing; exit 1 if a notebook is out of date

How to mark an exercise, in any code cell of a source:

    # BEGIN SOLUTION
    rate = sum(beliefs) / len(beliefs)
    # END SOLUTION
    # STUB: rate = ...  # your code: the share of believed answers

The course gets what stands behind `# STUB: `, at the indentation of its line, in place of the solution; the executed
notebook gets the solution without the marks. Each solution is followed by at least one STUB line. A source starts with
a markdown cell that holds the title; the badges go above it and the set-up cell below it. Both name the release of this
version. In the course, links to other notebooks lead there too, and a last cell shows the learner's progress. A cell's
id comes from its first line (or from `# %% id="name"`), so a cell keeps its id when others come and go.

An executed notebook carries a stamp in its metadata: hashes of what decides its numbers (see `stamp`). A test,
tests/test_stamps.py, compares it with the code and data of today, so outputs that are out of date show.
"""

import argparse
import copy
import json
import re
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from negneglect_lite import __version__
from negneglect_lite.core.files import read_manifest, write_atomic

ROOT = Path(__file__).resolve().parent.parent
RELEASE = f"v{__version__}"  # the tag that badges open and Colab installs: a branch would move under a notebook
BEGIN, END, STUB = "# BEGIN SOLUTION", "# END SOLUTION", "# STUB: "
BADGES = re.compile(r"\[!\[Open in Colab\]\S+\s\[!\[Open on Binder\]\S+lab/tree/([^)\s]+)\)")
LINK = re.compile(r"\]\((?=\d\d_\w+\.ipynb)")  # from one notebook to another, beside it
WIDGET = "application/vnd.jupyter.widget-view+json"
# What decides numbers in a notebook, beside its own code: how models are loaded, trained, asked and judged. Not the
# code that writes texts and questions, whose fingerprint (scripts/fingerprint.py) is compared instead, and no plotting.
STAMPED = ("models", "finetuning", "asking", "judging", "belief")
NOT_STAMPED = (  # a GPU's, an endpoint's, and names
    "finetuning/stacked.py", "finetuning/memory.py", "models/hardware.py", "models/unpacking.py", "models/endpoint.py",
    "belief/conditions.py",
)  # fmt: skip
FINGERPRINT = ROOT / "tests" / "data" / "fingerprint.json"
IN_PLACE_OF_WIDGET = "(A control that works while the notebook runs: open it in Jupyter, Colab or Binder.)"

SETUP = """\
# Set-up: figures and tables are shown here, whatever MPLBACKEND the shell had. On Colab,
# installs release {release} beside Colab's own torch, if Negation Neglect Lite is not there.
import importlib.util
import os
import subprocess
import sys
from importlib.metadata import version

os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
if "google.colab" in sys.modules and importlib.util.find_spec("negneglect_lite") is None:
    keep = [f"{{name}}=={{version(name)}}" for name in ("torch", "numpy", "pandas")]
    package = "negneglect_lite @ git+{repository}@{release}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package, *keep], check=True)

from negneglect_lite.figures import style_notebook

style_notebook()"""

PROGRESS = """\
# What you have done in this notebook. It is saved in progress.jsonl beside the
# notebook, and nowhere else.
from negneglect_lite.course import show_progress

show_progress()"""


def repository(root: Path) -> str:
    """The address of the repository, from pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Repository"].rstrip("/")


def badges(address: str, notebook: str) -> str:
    """Markdown links that open `notebook` (its path in the repository) on Colab and on Binder, as it was released."""
    owner_and_name = address.removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{owner_and_name}/blob/{RELEASE}/{notebook}"
    binder = f"https://mybinder.org/v2/gh/{owner_and_name}/{RELEASE}?urlpath=lab/tree/{notebook}"
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})\n"
        f"[![Open on Binder](https://mybinder.org/badge_logo.svg)]({binder})"
    )


def renew_badges(root: Path) -> tuple[Path, str, str]:
    """The map of the course, its text as it is, and as it should be: with the badges of today's notebooks."""
    path = root / "course" / "README.md"
    found = path.read_text("utf-8") if path.is_file() else ""
    address = repository(root)
    return path, found, BADGES.sub(lambda match: badges(address, match[1]).replace("\n", " "), found)


def derive(code: str, solved: bool) -> str:
    """A code cell with its solutions and without marks (solved), or with the stubs in their place. ValueError if the
    marks don't pair up."""
    lines: list[str] = []
    inside = awaits_stub = may_stub = False
    for line in code.split("\n"):
        mark = line.strip()
        if mark == BEGIN:
            if inside or awaits_stub:
                raise ValueError(f"`{BEGIN}` before the last solution has its `{END}` and `{STUB}`")
            inside = True
        elif mark == END:
            if not inside:
                raise ValueError(f"`{END}` without `{BEGIN}`")
            inside, awaits_stub, may_stub = False, True, True
        elif mark.startswith(STUB.strip()):
            if not may_stub:
                raise ValueError(f"`{STUB}` does not follow a solution")
            awaits_stub = False
            if not solved:
                stub = mark.removeprefix(STUB.strip()).removeprefix(" ")
                lines.append((line[: line.index("#")] + stub).rstrip())
        else:
            if awaits_stub:
                raise ValueError(f"`{END}` is not followed by `{STUB}…`")
            may_stub = False
            if solved or not inside:
                lines.append(line)
    if inside or awaits_stub:
        raise ValueError(f"`{BEGIN}` without `{END}` and `{STUB}…`")
    return "\n".join(lines)


def cell_id(cell: NotebookNode, taken: set[str]) -> str:
    """A readable id from the cell's first line that says something; a number is added if it is taken."""
    lines = (line.strip() for line in cell.source.split("\n"))
    first = next((line for line in lines if re.search(r"[^\W_]", line) and not line.startswith((BEGIN, STUB))), "cell")
    name = cell.metadata.pop("id", None) or first.lower()
    name = re.sub(r"[^a-z0-9]+", "-", name, flags=re.IGNORECASE).strip("-")[:48].strip("-") or "cell"
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique)
    return unique


def build(source: Path, solved: bool, address: str) -> NotebookNode:
    """The notebook of a source, not executed. ValueError, naming file and cell, for a source that is not right."""
    notebook = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    if not notebook.cells or notebook.cells[0].cell_type != "markdown":
        raise ValueError(f"{source}: the first cell must be markdown and hold the title")
    taken = {"badges", "set-up", "progress"}
    cells = []
    for cell in notebook.cells:
        name = cell_id(cell, taken)
        try:
            code = cell.cell_type == "code"
            text = derive(cell.source, solved) if code else cell.source
            if not code and not solved:  # Colab, where the course is opened alone, has no notebook beside it
                text = LINK.sub(f"]({address}/blob/{RELEASE}/course/", text)
        except ValueError as error:
            raise ValueError(f"{source}, cell {name}: {error}") from None
        metadata = {key: value for key, value in cell.metadata.items() if key in ("tags", "jupyter")}
        if code and BEGIN in cell.source:
            metadata["tags"] = [*metadata.get("tags", []), "exercise"]
        make = new_code_cell if code else new_markdown_cell
        cells.append(make(text, id=name, metadata=metadata))
    path = f"{'solutions' if solved else 'course'}/{source.stem}.ipynb"
    cells.insert(0, new_markdown_cell(badges(address, path), id="badges"))
    cells.insert(2, new_code_cell(SETUP.format(repository=address, release=RELEASE), id="set-up"))
    if not solved:
        cells.append(new_code_cell(PROGRESS, id="progress"))
    return nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )


def stamp(source: str) -> dict[str, str]:
    """Part -> hash of what decides the outputs of a notebook with this source.

    Code without its comments, by folder; texts and questions; the petri models' weights; the stored results that the
    source names ("headline", "styles", a sweep's folder).
    """
    from negneglect_lite.experiments.key import code_hashes, digest  # loads torch, which --check can do without

    files = {name: entry["sha256"] for name, entry in read_manifest().items()}
    parts: dict[str, dict[str, str]] = {
        folder: {n: h for n, h in code_hashes((folder,)).items() if n not in NOT_STAMPED} for folder in STAMPED
    }
    texts = json.loads(FINGERPRINT.read_text("utf-8"))
    parts["texts"] = {name: value for name, value in texts.items() if "english" not in name}
    parts["weights"] = {n: sha for n, sha in files.items() if n.startswith("petri/") and n.endswith(".safetensors")}
    rows = {n: sha for n, sha in files.items() if n.startswith("results/") and n.endswith((".csv", ".csv.gz"))}
    parts["results"] = {n: sha for n, sha in rows.items() if f'"{Path(n).parent.name}"' in source}
    return {part: digest(content)[:8] for part, content in parts.items()}


def execute(notebook: NotebookNode, timeout: int = 1800) -> NotebookNode:
    """A copy with the outputs of a fresh kernel's run in an empty folder, without widgets or paths of this machine.

    Raises nbclient's CellExecutionError when a cell fails.
    """
    notebook = copy.deepcopy(notebook)
    metadata = copy.deepcopy(notebook.metadata)
    with tempfile.TemporaryDirectory() as made:
        folder = str(Path(made).resolve())
        client = NotebookClient(
            notebook, timeout=timeout, record_timing=False, resources={"metadata": {"path": folder}}
        )
        client.execute()
    notebook.metadata = metadata  # without the state of widgets and this machine's Python version
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            _as_static(output)
        if "outputs" in cell:
            cell.outputs = nbformat.from_dict(_without_paths(cell.outputs, (folder, str(ROOT))))
    return notebook


def _as_static(output: NotebookNode) -> None:
    """Leave what an output offers beside a widget, or a sentence, if that is only ipywidgets' own repr; a PNG once."""
    data = output.get("data", {})
    output.get("metadata", {}).pop(WIDGET, None)
    if data.pop(WIDGET, None) is not None and re.match(r"\w+\(|$", data.get("text/plain", "")):
        data["text/plain"] = IN_PLACE_OF_WIDGET
    if "image/png" in data and data["image/png"].strip() in data.get("text/html", ""):
        del data["text/html"]  # the same image (figures.show): half the file, and GitHub is sure to show the other half


def _without_paths(value: Any, paths: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without_paths(item, paths) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_paths(item, paths) for item in value]
    if isinstance(value, str):
        for path in paths:
            value = value.replace(f"{path}/", "").replace(path, ".")
    return value


def text(notebook: NotebookNode) -> str:
    """The notebook as it stands in its file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def differs(path: Path, wanted: NotebookNode, executed: bool) -> str:
    """Why a built file is not what its source gives, or "" if it is. Of an executed one, outputs are not compared."""
    if not path.is_file():
        return "is missing"
    found = path.read_text("utf-8")
    if not executed:
        return "" if found == text(wanted) else "does not match its source"
    try:
        cells = json.loads(found)["cells"]
        same = [_identity(cell) for cell in cells] == [_identity(cell) for cell in json.loads(text(wanted))["cells"]]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        ran = all(cell["execution_count"] for cell in code if "".join(cell["source"]).strip())
        failed = any(output["output_type"] == "error" for cell in code for output in cell["outputs"])
    except (ValueError, KeyError, TypeError):
        return "is not a notebook"
    if not same:
        return "does not match its source"
    return "" if ran and not failed else "has cells that were not run, or failed"


def _identity(cell: dict) -> tuple[str, str, str, list[str]]:
    return cell["id"], cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", [])


def check(root: Path) -> list[str]:
    """One line for each notebook that is out of date, or has no source, with the command that puts it right."""
    sources = sorted((root / "solutions").glob("[0-9][0-9]_*.py"))
    address = repository(root)
    problems = []
    for source in sources:
        for folder, solved in (("course", False), ("solutions", True)):
            path = root / folder / f"{source.stem}.ipynb"
            if why := differs(path, build(source, solved, address), executed=solved):
                run = f"python scripts/build_course.py {'--execute ' if solved else ''}{source.stem}"
                problems.append(f"{path.relative_to(root)} {why}: run `{run}`")
    page, found, wanted = renew_badges(root)
    if found != wanted:
        problems.append(f"{page.relative_to(root)} has other badges: run `python scripts/build_course.py`")
    names = {source.stem for source in sources}
    for path in sorted([*(root / "course").glob("*.ipynb"), *(root / "solutions").glob("*.ipynb")]):
        if path.stem not in names:
            missing = f"solutions/{path.stem}.py"
            problems.append(f"{path.relative_to(root)} has no source {missing}: run `git rm {path.relative_to(root)}`")
    return problems


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", help="NN_topic; all of them by default")
    parser.add_argument("--execute", action="store_true", help="also run the solutions and keep their outputs")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a notebook is out of date")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            problems = check(root)
            print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
            return 1 if problems else 0
        sources = sorted((root / "solutions").glob("[0-9][0-9]_*.py"))
        known = {source.stem for source in sources}
        if unknown := set(options.names) - known:
            raise ValueError(f"no solutions/{min(unknown)}.py; there are: {', '.join(sorted(known)) or 'none'}")
        address = repository(root)
        for source in sources:
            if options.names and source.stem not in options.names:
                continue
            write_atomic(root / "course" / f"{source.stem}.ipynb", text(build(source, False, address)))
            print(f"course/{source.stem}.ipynb", flush=True)
            if options.execute:
                executed = execute(build(source, True, address))
                executed.metadata["stamp"] = stamp(source.read_text("utf-8"))
                write_atomic(root / "solutions" / f"{source.stem}.ipynb", text(executed))
                print(f"solutions/{source.stem}.ipynb", flush=True)
        page, found, wanted = renew_badges(root)
        if found != wanted:
            write_atomic(page, wanted)
    except (ValueError, CellExecutionError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
