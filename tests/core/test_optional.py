"""core/optional.py: packages that stand beside ours, old or broken, stop no run and are otherwise left alone."""

import importlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from negneglect_lite.core.optional import LOOKED_FOR, QUANTISERS, hide_broken, hide_package

BROKEN = "raise RuntimeError('undefined symbol: of another torch')\n"


def add_package(folder: Path, name: str, code: str, version: str = "99.0") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(f"__version__ = {version!r}\n{code}")
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Puts a package where it can be imported. What the test has imported is forgotten."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def add(name: str, code: str) -> None:
        add_package(tmp_path, name, code)
        importlib.invalidate_caches()

    yield add
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_what_cannot_be_imported_is_as_if_it_were_not_installed(
    install: Callable[[str, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    install("brokenly_built", BROKEN)
    install("soundly_built", "")
    caplog.set_level(logging.INFO, "negneglect_lite")
    hide_broken({name: name for name in ("brokenly_built", "soundly_built", "not_there_at_all")})
    assert find_spec("brokenly_built") is None and find_spec("soundly_built") is not None
    with pytest.raises(ImportError):
        importlib.import_module("brokenly_built")
    (record,) = caplog.records
    assert "brokenly_built cannot be imported and is left out" in record.getMessage()
    assert record.getMessage().endswith("undefined symbol: of another torch")


def test_a_package_is_hidden_for_a_while(install: Callable[[str, str], None]) -> None:
    install("beside", "")
    for _ in range(2):  # before it was imported, and after
        with hide_package("beside"):
            assert find_spec("beside") is None
        assert isinstance(importlib.import_module("beside"), ModuleType)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import peft",
        "import negneglect_lite.finetuning.train",
        "from negneglect_lite.models.hardware import require_bitsandbytes as run; run()",
        "from negneglect_lite.doctor import diagnose as run; run()",
    ],
)
def test_nobody_fetches_a_kernel(tmp_path: Path, code: str) -> None:
    """Whoever imports bitsandbytes: here a hollow one that would."""
    add_package(tmp_path, "kernels", "")
    fetch = "try:\n    import kernels\n    print('fetched')\nexcept ImportError:\n    print('not found')\n"
    add_package(tmp_path, "bitsandbytes", fetch)
    code = f"import negneglect_lite\ntry:\n    {code}\nexcept AttributeError:\n    pass\nimport kernels\n"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "not found\n"), done.stderr


TRAIN = """
import sys, warnings
from dataclasses import replace
from pathlib import Path
import negneglect_lite as nn
from negneglect_lite.core import progress

progress.to_terminal()
claim, track = nn.find_claim("dentist"), nn.track_of("petri")
recipe = replace(track.recipe, steps=1, batch_size=2, micro_batch=2)
examples = nn.training_set(nn.Cell("petri", claim, "trained", "negated"), recipe)
for quantize in (True, False):
    base, out = nn.load_model(quantize=quantize), Path(f"adapter-{quantize}")
    nn.finetune(base, examples, recipe, seed=0, out=out, false_belief=claim.claim)
    trained = nn.load_model(quantize=quantize, adapter=out)
    nn.ask(trained, track.questions(claim)[:1], track.asking)
assert sys.modules.get("transformers")
import torchao
print(torchao.__version__)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["old", "broken"])
def test_neither_old_nor_broken_packages_stop_a_training(tmp_path: Path, kind: str) -> None:
    """As on Colab, whose torchao peft refuses; and all that are looked for at once, each made for another torch."""
    looked_for = [package for packages in LOOKED_FOR.values() for package in packages]
    for name in [*QUANTISERS, *looked_for] if kind == "broken" else QUANTISERS:
        add_package(tmp_path / "beside", name, BROKEN if kind == "broken" and name != "torchao" else "", "0.1")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "beside"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TRAIN], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "0.1\n"  # who uses torchao beside us still can
    told = [line for line in done.stderr.splitlines() if "left out" in line]
    assert len(told) == (len(looked_for) if kind == "broken" else 0), done.stderr
