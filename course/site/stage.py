"""Copy what the site shows into a folder for Sphinx: python course/site/stage.py OUT

The folder mirrors the repository, so that links between pages hold. Each executed notebook lies in course/ there,
changed in what a reader needs otherwise than a learner: above each solution stands the stub, the solution is folded,
the set-up cell is left out, pictures carry their alt texts, and badges (pictures from a network) are words.

A link to a file that is not a page leads to the repository. A link to nothing stops the copying, with a line for each.
"""

import html
import json
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDED = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide the solution"}
INDEX = "course/site/index.md"
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "course/README.md",
    "course/GLOSSARY.md",
    "course/INSTRUCTOR.md",
    "course/slides.md",
    "data/claims/README.md",
    "data/results/README.md",
    "data/petri/model/README.md",
)
BADGE = re.compile(r"\[!\[([^\]]*)\]\(https?://[^)]*\)\]\(([^)]*)\)")
BETWEEN_BADGES = re.compile(r"(?<=\))\s+(?=\[!\[)")
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def stage(out: Path, root: Path = ROOT) -> list[str]:
    """Write the pages into `out`, an empty or new folder; one line for each link that leads to nothing."""
    notebooks = sorted((root / "solutions").glob("[0-9][0-9]_*.ipynb"))
    pages = {*PAGES, *(f"course/{path.name}" for path in notebooks)}
    site = Site(out, root, pages)
    site.write("index.md", (root / INDEX).read_text("utf-8"))
    for page in PAGES:
        site.write(page, site.linked(page, (root / page).read_text("utf-8")))
    for path in notebooks:
        page = f"course/{path.name}"
        notebook = for_readers(json.loads(path.read_text("utf-8")), json.loads((root / page).read_text("utf-8")))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = site.linked(page, cell["source"])
        site.write(page, json.dumps(notebook, indent=1))
    return site.problems


class Site:
    """The folder that is written, and what was found wrong on the way."""

    def __init__(self, out: Path, root: Path, pages: set[str]) -> None:
        self.out, self.root, self.pages, self.problems = out, root, pages, list[str]()
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
        self.repository = project["urls"]["Repository"].rstrip("/")

    def write(self, page: str, text: str) -> None:
        (self.out / page).parent.mkdir(parents=True, exist_ok=True)
        (self.out / page).write_text(text, "utf-8")

    def linked(self, page: str, text: str) -> str:
        """The Markdown of a page, its links and pictures leading to where they are on the site."""

        def lead(match: re.Match[str]) -> str:
            picture, words, link, anchor = match[1], match[2], match[3], match[4] or ""
            target = os.path.normpath(os.path.join(os.path.dirname(page), link))
            if target in self.pages:
                return match[0]
            if target.startswith("..") or not (self.root / target).exists():
                self.problems.append(f"{page}: the link to {link} leads to nothing")
                return match[0]
            if picture:
                (self.out / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.root / target, self.out / target)
                return match[0]
            kind = "tree" if (self.root / target).is_dir() else "blob"
            return f"[{words}]({self.repository}/{kind}/main/{target}{anchor})"

        return LINK.sub(lead, BADGE.sub(r"[\1](\2)", BETWEEN_BADGES.sub(" · ", text)))


def for_readers(solved: dict[str, Any], exercise: dict[str, Any]) -> dict[str, Any]:
    """The executed notebook for the site; `exercise` is the same one with stubs, whose cells have the same ids."""
    stubs = {cell["id"]: "".join(cell["source"]) for cell in exercise["cells"]}
    cells: list[dict[str, Any]] = []
    for cell in solved["cells"]:
        cell = {**cell, "source": "".join(cell["source"]), "metadata": dict(cell["metadata"])}
        tags = cell["metadata"].get("tags", [])
        if cell["id"] in ("badges", "set-up"):
            continue
        if "exercise" in tags:
            stub = f"```python\n{stubs[cell['id']].strip()}\n```"
            cells.append({"cell_type": "markdown", "id": f"{cell['id'][:59]}-stub", "metadata": {}, "source": stub})
            cell["metadata"]["tags"] = [*tags, "hide-input"]
            cell["metadata"]["mystnb"] = dict(FOLDED)
        for output in cell.get("outputs", []):
            with_alt_text(output)
        cells.append(cell)
    links = {"cell_type": "markdown", "id": "open", "metadata": {}, "source": stubs["badges"]}
    cells.insert(1, links)  # below the title
    return {**solved, "cells": cells}


def with_alt_text(output: dict[str, Any]) -> None:
    """Turn a picture that has an alt text into HTML that has it too; myst-nb would drop it."""
    data = output.get("data", {})
    alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
    if alt and "image/png" in data:
        source = "".join(data.pop("image/png")).replace("\n", "")
        data["text/html"] = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{source}">'


def main() -> int:
    if len(sys.argv) != 2:
        print((__doc__ or "").split("\n")[0], file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    problems = stage(out)
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
