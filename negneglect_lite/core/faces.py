"""A folder's face: what users and notebooks import from it, each name loaded when it is first asked for.

    __getattr__, __dir__ = face(__name__)

So `from negneglect_lite.belief import belief_rate` works, and importing the folder alone loads nothing. Names are found
by reading the folder's modules, not by running them. Modules of the package import from modules, never from faces.
"""

import ast
import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def face(package: str, names: Mapping[str, str] | None = None) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package.

    `names` says which module in it defines a name; by default all public names of the folder's own modules are offered.
    """

    def offered() -> Mapping[str, str]:
        return names if names is not None else _names(package)

    def __getattr__(name: str) -> Any:
        if not name.startswith("_") and name in offered():
            return getattr(importlib.import_module(f"{package}.{offered()[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted(offered())

    return __getattr__, __dir__


@cache
def _names(package: str) -> dict[str, str]:
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.py")) if file.stem != "__init__"]
    return {name: file.stem for file in files for name in public_names(file) if name != "log"}


def public_names(file: Path) -> Iterator[str]:
    """The names that a module's source defines at its top, without leading underscores."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found = [node.name]
        elif isinstance(node, ast.Assign):
            names = [n for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)]
            found = [n.id for n in names if isinstance(n.ctx, ast.Store)]  # not those read, as in names["a"] = 1
        else:
            found = [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []
        yield from (name for name in found if not name.startswith("_"))
