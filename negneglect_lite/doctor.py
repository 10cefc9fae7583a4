"""What this machine can run, and about how long it takes: `negneglect doctor`.

    print("\n".join(diagnose()))

Nothing is loaded but torch and nothing is fetched. Whatever is missing is one line of the answer, never an error.
"""

import importlib
import logging
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from negneglect_lite.core.cores import granted_cores
from negneglect_lite.core.environment import GIB
from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.files import data_path, verify
from negneglect_lite.core.heap import memory_is_scarce
from negneglect_lite.core.optional import hide_package

DISK_NEEDED = 1.0  # [GiB] for results and adapters of the whole petri track, with room to spare
# Largest model [billions of parameters] to fine-tune in 4 bits -> GPU memory it takes [GiB]: half a byte a weight, one
# to two GiB for embeddings and adapters in full precision, and the activations of a micro-batch of 4 x 768 tokens with
# gradient checkpointing. Rules of thumb, on the safe side.
HUGGING_FACE_SIZES = ((0.6, 5.0), (1.7, 7.0), (4.0, 11.0), (8.0, 16.0), (14.0, 24.0), (32.0, 44.0), (70.0, 78.0))
# How long a notebook takes is scaled from one machine: two cores of an x86-64 server, Python 3.11, torch 2.13, no GPU.
# There, `matrix_rate()` gave REFERENCE_RATE, and each notebook was executed once (`build_course.py --execute`), two of
# them side by side with one thread each: seconds by the clock, with the start of the kernel.
REFERENCE_RATE = 92.0  # [GFLOP/s]
NOTEBOOK_MINUTES = {
    "00_tour": 1.2, "01_claims": 0.8, "02_documents": 1.5, "03_qlora": 1.4, "04_measuring": 0.9, "05_styles": 1.5,
    "06_context": 1.3, "07_local": 2.1, "08_behaviours": 1.4, "09_why": 5.0, "10_pretraining": 2.3, "11_audit": 2.3,
    "12_real": 0.4, "13_capstone": 6.1,
}  # fmt: skip


def diagnose() -> list[str]:
    """Lines for a person to read: software, processor, memory, GPU, disk, the petri model, minutes a notebook."""
    return [
        *_software(),
        _processor(),
        _memory(),
        *_gpu(),
        _disk(Path.cwd()),
        _petri_model(),
        *_minutes(),
    ]


def matrix_rate(seconds: float = 0.3, size: int = 256) -> float:
    """Measured rate of fp32 matrix products of the petri model's width on one core [GFLOP/s].

    One core, and the best of many, so that another program in the background does not count; at the petri model's size
    further cores help little.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        a, b = torch.randn(size, size), torch.randn(size, size)
        times: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 5:
            start = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return 2 * size**3 / min(times) / 1e9


def largest_model(gpu_gib: float) -> float:
    """Billions of parameters of the largest model that a GPU of this memory can fine-tune in 4 bits; 0 if none."""
    return max((size for size, needed in HUGGING_FACE_SIZES if needed <= gpu_gib), default=0.0)


def _software() -> list[str]:
    lines = [f"Python        {platform.python_version()} on {platform.system()} {platform.machine()}"]
    remedies = {"torch": "pip install torch", "bitsandbytes": "needed for 4-bit loading: pip install bitsandbytes"}
    for package, remedy in remedies.items():
        try:
            state = version(package)
            with _nothing_logged(), hide_package("kernels"):
                module = importlib.import_module(package)
            if problem := _missing_kernels(module):
                state = f"{state}, but its kernels cannot be loaded ({problem}); install it again"
        except PackageNotFoundError:
            state = f"missing; {remedy}"
        except Exception as error:  # a broken build can raise anything, and this is the command that must say so
            state = f"{state}, but it cannot be imported ({first_line(error)}); install it again"
        lines.append(f"{package:<13} {state}")
    return lines


@contextmanager
def _nothing_logged() -> Iterator[None]:
    """What a library logs while it is imported, tracebacks too, is left to the line that the caller makes of it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _missing_kernels(bitsandbytes: ModuleType) -> str:
    """Why bitsandbytes has no kernels for the GPU, or "". It logs that and can be imported all the same."""
    library = getattr(getattr(bitsandbytes, "cextension", None), "lib", None)
    said = getattr(library, "__dict__", {}).get("error_msg", "")  # asked for it, a sound library makes a function
    torch = _torch()
    return said.strip().splitlines()[0] if said and torch is not None and torch.cuda.is_available() else ""


def _processor() -> str:
    torch = _torch()
    cores, threads = granted_cores(), torch.get_num_threads() if torch else granted_cores()
    waiting = os.environ.get("GOMP_SPINCOUNT") or os.environ.get("OMP_WAIT_POLICY") or "as OpenMP decides"
    return (
        f"CPU           {threads} threads on {cores} cores granted of {os.cpu_count()}, spinning while they wait: "
        f"{waiting}; the petri track runs here"
    )


def _memory() -> str:
    """Free memory against what the petri track takes at its peak, in notebooks 03 and 09."""
    free, most = _free_memory(), 1.5 if memory_is_scarce() else 2.0
    if free is None:
        return f"memory        unknown on this system; the petri track takes at most {most} GiB"
    verdict = "enough" if free >= most else "too little: close other programs"
    return f"memory        {free:.1f} GiB free: {verdict} for the petri track, which takes at most {most} GiB"


def _free_memory() -> float | None:
    """Memory that can be had without swapping [GiB], within a container's limit too; None where it can't be told."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        try:
            free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
        except (AttributeError, OSError, ValueError):
            return None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        free = min(free, limit - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    except (OSError, ValueError):  # no container, or "max"
        pass
    return max(0, free) / GIB


def _gpu() -> list[str]:
    torch = _torch()
    if torch is None or not torch.cuda.is_available():
        return [
            "GPU           none that torch can use: petri track only (Hugging Face models need one; Colab lends one)"
        ]
    lines = []
    for i in range(torch.cuda.device_count()):
        try:
            name, gib = torch.cuda.get_device_name(i), torch.cuda.get_device_properties(i).total_memory / GIB
            major, minor = torch.cuda.get_device_capability(i)
        except RuntimeError as error:
            lines.append(f"GPU {i}         cannot be used ({first_line(error)})")
            continue
        size = largest_model(gib)
        fits = f"Hugging Face track with models of up to about {size:g}B parameters" if size else "petri track only"
        number = "bf16" if major >= 8 else "fp16"
        lines.append(f"GPU {i}         {name}, {gib:.0f} GiB, compute capability {major}.{minor} ({number}): {fits}")
    return lines


def _disk(folder: Path) -> str:
    try:
        free = shutil.disk_usage(folder).free / GIB
    except OSError as error:
        return f"disk          unknown ({first_line(error)})"
    verdict = "enough" if free >= DISK_NEEDED else f"too little: free {DISK_NEEDED:g} GiB"
    return f"disk          {free:.1f} GiB free in {folder}: {verdict} for the petri track"


def _petri_model() -> str:
    try:
        verify("petri", "model")
    except UserError as error:
        return f"petri model   {error}"
    return f"petri model   intact ({data_path('petri', 'model')})"


def _minutes() -> list[str]:
    if _torch() is None:
        return []
    rate = matrix_rate()
    lines = [f"speed         {rate:.0f} GFLOP/s in fp32 matrix products on one core, measured just now"]
    for name in _notebooks():
        minutes = NOTEBOOK_MINUTES.get(name)
        if minutes is None:
            lines.append(f"  {name:<24} not timed yet")
        else:
            here = max(1, round(minutes * REFERENCE_RATE / rate))
            lines.append(f"  {name:<24} about {here} min of computing (an estimate)")
    return lines


def _notebooks() -> list[str]:
    """Names of the notebooks beside the package, in order; of those that have been timed where there are none."""
    root = data_path().parent
    found = {path.stem for pattern in ("solutions/*.py", "course/*.ipynb") for path in root.glob(pattern)}
    return sorted(name for name in found or NOTEBOOK_MINUTES if name[:1].isdigit())


def _torch() -> Any:
    """The torch module, or None if it is missing or broken."""
    try:
        return importlib.import_module("torch")
    except Exception:
        return None
