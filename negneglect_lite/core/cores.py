"""How many processor cores this process may use, and how its threads wait for each other.

PyTorch counts the machine's cores and lets a thread that waits spin. In a container that is granted two of sixty-four
cores, or beside another program, threads then spin while those they wait for have no core to run on: two notebooks at
once take four times as long each. So the package, before PyTorch is imported, asks for as many threads as there are
cores to have, and for threads that sleep after a moment. What a person has set already (OMP_NUM_THREADS,
GOMP_SPINCOUNT, OMP_WAIT_POLICY) stays.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Rounds that a waiting thread of GNU OpenMP, PyTorch's on Linux, spins before it sleeps; its own number is 300,000.
# Measured with `negneglect reproduce --claims dentist --styles negated`: see data/results/README.md.
SPINS = 3000
CGROUP = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def share_cores() -> None:
    """Set what OpenMP reads when PyTorch is imported; where it is there already, its number of threads only."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))
    if "OMP_NUM_THREADS" in os.environ or granted_cores() >= (os.cpu_count() or 1):
        return
    os.environ["OMP_NUM_THREADS"] = str(granted_cores())
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(granted_cores())


def granted_cores() -> int:
    """Cores that this process may use: of the machine's, those it is bound to, within its container's quota of time."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([bound, *_quotas()])))


def _quotas() -> Iterator[float]:
    """Cores' worth of time that the control groups around this process grant, where they set a limit."""
    for folder, version in control_groups("cpu"):
        try:
            if version == 2:
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            if quota != "max" and int(quota) > 0:
                yield int(quota) / int(period)
        except (OSError, ValueError, ZeroDivisionError):  # the outermost group has no such file
            continue


def control_groups(kind: str) -> Iterator[tuple[Path, int]]:
    """Folders of the control groups around this process that limit its "cpu" or "memory", and the version of each."""
    try:
        groups = OWN_GROUPS.read_text().splitlines()  # "0::/system.slice/app" or, in version 1, "4:cpu,cpuacct:/app"
    except OSError:
        return
    for line in groups:
        number, kinds, path = line.split(":", 2)
        if number != "0" and kind not in kinds.split(","):
            continue
        own = Path(path.lstrip("/"))
        for group in (own, *own.parents):
            yield (CGROUP / group, 2) if number == "0" else (CGROUP / kind / group, 1)
