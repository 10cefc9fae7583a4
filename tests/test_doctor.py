"""doctor.py: it always answers, whatever is missing on the machine."""

import importlib.metadata
import logging
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from negneglect_lite import doctor
from negneglect_lite.core.errors import UserError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "matrix_rate", lambda: doctor.REFERENCE_RATE)


def report() -> str:
    return "\n".join(doctor.diagnose())


def test_it_names_everything() -> None:
    text = report()
    for word in ("Python", "torch", "bitsandbytes", "CPU", "memory", "GPU", "disk", "petri model", "speed", "00_tour"):
        assert word in text
    assert "estimate" in text


def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "none that torch can use: petri track only" in report()


@pytest.mark.parametrize(
    ("capability", "gib", "expected"),
    [
        ((7, 5), 15, "7.5 (fp16): Hugging Face track with models of up to about 4B"),
        ((9, 0), 79, "9.0 (bf16): Hugging Face track with models of up to about 70B"),
        ((5, 0), 2, "petri track only"),
    ],
)
def test_gpus(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], gib: int, expected: str) -> None:
    properties = SimpleNamespace(total_memory=gib * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda i: "Tester")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: properties)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda i: capability)
    assert expected in report()


def test_a_gpu_that_fails_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> str:
        raise RuntimeError("CUDA error: driver too old\nmore lines")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", broken)
    assert "cannot be used (CUDA error: driver too old)" in report()


@pytest.mark.parametrize("package", ["bitsandbytes", "torch"])
def test_a_missing_or_broken_package_is_a_line(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real_version, real_import = importlib.metadata.version, importlib.import_module

    def no_version(name: str) -> str:
        if name == package:
            raise PackageNotFoundError(name)
        return real_version(name)

    def no_import(name: str, *rest: Any) -> Any:
        if name == package:
            raise OSError("libcudart.so: cannot open\nshared object")
        return real_import(name, *rest)

    monkeypatch.setattr(importlib, "import_module", no_import)
    assert "cannot be imported (libcudart.so: cannot open); install it again" in report()
    monkeypatch.setattr(doctor, "version", no_version)
    assert f"{package:<13} missing" in report()


def test_bitsandbytes_without_kernels_for_the_gpu_is_a_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It can be imported all the same, and logs why with a traceback; so it does with what other kernels it misses."""
    real_import = importlib.import_module

    def import_and_log(name: str, *rest: Any) -> Any:
        if name == "bitsandbytes":
            logging.getLogger("bitsandbytes.cextension").error("library load error")
            logging.getLogger("bitsandbytes.backends.elsewhere").warning("Failed to load CPU gemm_4bit_forward")
            return SimpleNamespace(cextension=SimpleNamespace(lib=SimpleNamespace(error_msg="no CUDA binary\nat all")))
        return real_import(name, *rest)

    monkeypatch.setattr(importlib, "import_module", import_and_log)
    assert "kernels" not in report()  # a CPU does without them
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert "but its kernels cannot be loaded (no CUDA binary); install it again" in report()
    assert not caplog.records
    assert logging.root.manager.disable == logging.NOTSET


def test_without_torch_it_answers_too() -> None:
    code = "import sys; sys.modules['torch'] = None\nfrom negneglect_lite.cli import main; sys.exit(main(['doctor']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "but it cannot be imported" in done.stdout and "petri model   intact" in done.stdout


def test_the_petri_model_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    def corrupt(*_: str) -> None:
        raise UserError("model.safetensors: corrupt")

    monkeypatch.setattr(doctor, "verify", corrupt)
    assert "petri model   model.safetensors: corrupt" in report()
    monkeypatch.setattr(doctor, "verify", lambda *_: None)
    assert "petri model   intact" in report()


def test_memory_is_a_line_where_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_free_memory", lambda: None)
    assert "memory        unknown" in report()
    monkeypatch.setattr(doctor, "_free_memory", lambda: 0.5)
    assert "too little" in report()


def test_minutes_scale_with_the_measured_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_notebooks", lambda: ["00_tour", "01_new"])
    monkeypatch.setattr(doctor, "NOTEBOOK_MINUTES", {"00_tour": 6.0})
    monkeypatch.setattr(doctor, "matrix_rate", lambda: doctor.REFERENCE_RATE / 2)
    lines = doctor.diagnose()[-2:]
    assert "about 12 min of computing (an estimate)" in lines[0]
    assert "not timed yet" in lines[1]


def test_every_notebook_is_timed() -> None:
    assert "not timed yet" not in report()
    assert doctor._notebooks() == sorted(doctor.NOTEBOOK_MINUTES)


def test_the_matrix_rate_is_a_rate_and_leaves_the_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    threads = torch.get_num_threads()
    assert 0.1 < doctor.matrix_rate(0.01) < 10_000
    assert torch.get_num_threads() == threads


def test_largest_model() -> None:
    assert [doctor.largest_model(gib) for gib in (1, 15, 80)] == [0, 4.0, 70.0]
