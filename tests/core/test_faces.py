"""A folder offers the names of its modules, found without running them, and loads each when it is asked for."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import negneglect_lite
from negneglect_lite.core.faces import face, public_names

ROOT = Path(negneglect_lite.__file__).parent
FOLDERS = sorted(
    ".".join(("negneglect_lite", *init.parent.relative_to(ROOT).parts))
    for init in ROOT.glob("**/*/__init__.py")
    if "face(" in init.read_text("utf-8")
)
SOURCE = '''"""A module that ends whoever runs it."""
import os
from collections import Counter as Tally

log = 1
BIG, (SMALL, _HIDDEN) = 2, (1, 0)
sized: int = 3
box[0] = 4


def walk(step): ...


class Cat:
    LEGS = 4


def _secret(): ...


if True:
    LATER = 5
raise SystemExit
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A made-up package: one module that must not be run, one that may, and a folder below."""
    folder = tmp_path / "made_up"
    (folder / "below").mkdir(parents=True)
    init = "from negneglect_lite.core.faces import face\n__getattr__, __dir__ = face(__name__)\n"
    (folder / "__init__.py").write_text(init)
    (folder / "deadly.py").write_text(SOURCE)
    (folder / "kind.py").write_text("def greet():\n    return 'hello'\n")
    (folder / "below" / "__init__.py").write_text("DEEP = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "made_up"
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_up"]:
        del sys.modules[name]


def test_names_are_read_from_the_source_and_nothing_is_run(package: str) -> None:
    made = importlib.import_module(package)
    assert dir(made) == ["BIG", "Cat", "SMALL", "greet", "sized", "walk"]
    assert not [name for name in sys.modules if name.startswith("made_up.")]
    assert made.greet() == "hello"
    assert "made_up.kind" in sys.modules and "made_up.deadly" not in sys.modules


def test_the_names_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(SOURCE)
    assert list(public_names(tmp_path / "m.py")) == ["log", "BIG", "SMALL", "sized", "walk", "Cat"]


def test_a_name_that_is_not_there_is_an_attribute_error(package: str) -> None:
    made = importlib.import_module(package)
    for name in ("purr", "_secret", "_HIDDEN", "__path_to_nowhere__", "Tally", "LATER", "log"):
        with pytest.raises(AttributeError, match=f"module 'made_up' has no attribute '{name}'"):
            getattr(made, name)
    assert not hasattr(made, "purr")
    with pytest.raises(ImportError, match="purr"):
        exec("from made_up import purr")


def test_modules_and_folders_below_are_imported_as_ever(package: str) -> None:
    scope: dict[str, object] = {}
    exec("from made_up import kind, below, greet", scope)
    assert scope["kind"] is sys.modules["made_up.kind"] and scope["below"] is sys.modules["made_up.below"]
    assert importlib.import_module("made_up.kind").greet is scope["greet"]


def test_names_can_be_given() -> None:
    get, offered = face("negneglect_lite.core", {"UserError": "errors"})
    assert offered() == ["UserError"]
    assert get("UserError") is importlib.import_module("negneglect_lite.core.errors").UserError
    with pytest.raises(AttributeError, match="no attribute 'write_atomic'"):
        get("write_atomic")


# ------------------------------------------------------------------------------------------------ the package's own


@pytest.mark.slow  # the first to import all there is
@pytest.mark.parametrize("name", ["negneglect_lite", *FOLDERS])
def test_everything_that_a_face_offers_can_be_loaded(name: str) -> None:
    package = importlib.import_module(name)
    assert dir(package)
    for offered in dir(package):
        assert getattr(package, offered) is not None
    with pytest.raises(AttributeError):
        package.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", FOLDERS)
def test_no_two_modules_of_a_folder_offer_the_same_name(name: str) -> None:
    """The one would hide the other."""
    folder = Path(importlib.import_module(name).__file__ or "").parent
    names = [n for file in sorted(folder.glob("*.py")) for n in public_names(file) if n != "log"]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", ["negneglect_lite", *FOLDERS])
def test_no_name_is_that_of_a_module_beside_it(name: str) -> None:
    """Once the module is imported, the name would be the module's."""
    package = importlib.import_module(name)
    assert not {file.stem for file in Path(package.__file__ or "").parent.iterdir()} & set(dir(package))


def test_importing_the_faces_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'pandas', 'transformers', 'matplotlib'}"
    code = f"import sys, {', '.join(FOLDERS)}; print(*sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")
