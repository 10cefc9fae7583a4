"""The picture of the house: imports go down, a name is defined once, one module asks which language it is."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import negneglect_lite
from negneglect_lite.core.faces import public_names

PACKAGE = Path(negneglect_lite.__file__).parent
ROOT = PACKAGE.parent
# From the bottom left of the picture in CONTRIBUTING.md: a module imports from its own folder and from what stands
# before it here.
LAYERS = (
    "core", "petri", "claims", "documents", "styles", "models", "finetuning", "asking", "judging", "belief", "figures",
    "tracks", "authoring", "curating", "experiments", "course", "inspect_task", "doctor", "commands", "cli",
)  # fmt: skip
# Inside experiments/.
EXPERIMENTS = (
    ("cell",), ("training_data", "key", "engines"), ("store", "summary"), ("trainers", "pretrained"), ("measures",),
    ("runner",), ("headline", "sweep", "evaluate", "probing"),
)  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """X of each `negneglect_lite.X` that a module imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import in line {node.lineno}"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("negneglect_lite.") for name in names if name.startswith("negneglect_lite."))


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_imports_go_down() -> None:
    for path in MODULES:
        here = place(path)
        for name in imported(path):
            there = name.split(".")[0]
            if there == "__version__" or here in ("__init__", there):
                continue
            assert LAYERS.index(there) < LAYERS.index(here), f"{path.relative_to(ROOT)} imports {name}"


def test_imports_inside_experiments_go_down() -> None:
    floor = {name: i for i, names in enumerate(EXPERIMENTS) for name in names}
    for path in (PACKAGE / "experiments").rglob("*.py"):
        here = path.relative_to(PACKAGE / "experiments").parts[0].removesuffix(".py")
        for name in imported(path):
            if name.startswith("experiments.") and here != "__init__":
                there = name.split(".")[1]
                assert there == here or floor[there] < floor[here], f"{path.relative_to(ROOT)} imports {name}"


def test_every_module_has_a_floor() -> None:
    places = {place(path) for path in MODULES} - {"__init__"}
    assert places == set(LAYERS)
    assert len([p for p in PACKAGE.iterdir() if p.name != "__pycache__"]) <= 22  # with __init__.py and py.typed


def test_nothing_imports_the_course() -> None:
    for path in MODULES:
        if place(path) != "course":
            assert not [name for name in imported(path) if name.split(".")[0] == "course"], path


def test_no_module_is_long() -> None:
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: n for name, n in lines.items() if n > 350} == {}


def test_a_public_name_is_defined_once() -> None:
    """Exercises' checks are named after what a learner writes, and face a notebook alone, so they don't count."""
    where = defaultdict(list)
    for path in MODULES:
        if "checks" not in path.parts:
            for name in set(public_names(path)) - {"log"}:
                where[name].append(path.relative_to(PACKAGE).as_posix())
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_only_tracks_asks_which_language_it_is() -> None:
    """A model's language is read from its config (models/loading.py), and compared nowhere but by `tracks.TRACKS`."""
    asks = re.compile(r"""(?<!petri)\.language\b|language_of|(?:==|!=|\bin)\s*[("']*(?:petri|english)["']""")
    for path in MODULES:
        if not path.relative_to(PACKAGE).as_posix().startswith(("tracks.py", "models/loading.py", "petri/")):
            found = asks.search(path.read_text("utf-8"))
            assert not found, f"{path}: {found}"


def test_what_is_imported_is_declared() -> None:
    """Every package that the core imports is a dependency, and every dependency is imported or needed to run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {_normal(re.split(r"[<>=\[; ]", line)[0]) for line in project["dependencies"]}
    optional = {
        _normal(re.split(r"[<>=\[; ]", line)[0]) for e in project["optional-dependencies"].values() for line in e
    }
    found = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            found |= {name.split(".")[0] for name in names}
    outside = found - set(sys.stdlib_module_names) - {"negneglect_lite"}
    distributions = packages_distributions()
    used = {name: {_normal(d) for d in distributions.get(name, [name])} for name in outside}
    assert {name for name, of in used.items() if not of & (declared | optional)} == set()
    at_run_time = {"accelerate", "jinja2"}  # transformers asks for them: Trainer, device_map; chat templates
    assert declared - set().union(*used.values()) - at_run_time == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, negneglect_lite; print([m for m in ('torch', 'pandas', 'IPython', 'tqdm') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
