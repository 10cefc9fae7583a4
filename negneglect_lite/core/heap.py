"""Memory that a notebook has freed, and how it comes back where there is little of it.

The C library of Linux keeps what is freed, in pieces that the next tensors often do not fit into: while the petri model
trains, up to half of the process is such pieces, and two GiB, which is what Binder grants, can be too little. Handing
them back after each step of training costs time, as the system has to clear them again, so it is done only where
memory is scarce.
"""

import ctypes
import sys
from typing import Any

from negneglect_lite.core.cores import control_groups

SCARCE = 4 * 2**30  # bytes


def spare_memory(shell: Any) -> None:
    """From now on, in a container with less than SCARCE, freed memory goes back to the system at once.

    That is after each cell of the notebook whose IPython shell this is, and after each step of any torch optimizer.
    """
    if not memory_is_scarce():
        return
    hooked = False

    def after_cell(*_: Any) -> None:
        nonlocal hooked
        release_heap()
        optimizer = sys.modules.get("torch.optim.optimizer")  # not imported for this
        if optimizer is not None and not hooked:
            optimizer.register_optimizer_step_post_hook(release_heap)
            hooked = True

    shell.events.register("post_run_cell", after_cell)


def memory_is_scarce() -> bool:
    """Whether this is a container with less than SCARCE."""
    granted = granted_memory()
    return granted is not None and granted < SCARCE


def granted_memory() -> int | None:
    """Bytes that the control groups around this process let it have; None where they set no limit."""
    limits = []
    for folder, version in control_groups("memory"):
        try:
            limits.append(int((folder / ("memory.max" if version == 2 else "memory.limit_in_bytes")).read_text()))
        except (OSError, ValueError):  # the outermost group has no such file, or it says "max"
            continue
    return min(limits, default=None)


def release_heap(*_: Any) -> None:
    """Hand memory that was freed back to the system, if the C library is one that keeps it and can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
