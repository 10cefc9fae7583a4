"""How many threads there are, and how they wait, by whatever door a person comes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from negneglect_lite.core import cores

SHOW = "import os, torch; print(os.environ.get('GOMP_SPINCOUNT'), torch.get_num_threads())"
NAMES = ("OMP_NUM_THREADS", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up tree of control groups, for a process that may run on all of 64 cores."""
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    monkeypatch.setattr(cores, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_narrowest_group_counts(groups: Path) -> None:
    write(groups / "own", "0::/pods/notebook\n")
    write(groups / "pods/cpu.max", "800000 100000\n")
    assert cores.granted_cores() == 8
    write(groups / "pods/notebook/cpu.max", "250000 100000\n")
    assert cores.granted_cores() == 2  # two and a half
    write(groups / "cpu.max", "50000 100000\n")
    assert cores.granted_cores() == 1


def test_groups_of_version_1(groups: Path) -> None:
    write(groups / "own", "5:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n")
    write(groups / "cpu/docker/a/cpu.cfs_quota_us", "300000\n")
    write(groups / "cpu/docker/a/cpu.cfs_period_us", "100000\n")
    write(groups / "cpu/docker/cpu.cfs_quota_us", "-1\n")
    write(groups / "cpu/docker/cpu.cfs_period_us", "100000\n")
    assert cores.granted_cores() == 3


@pytest.mark.parametrize("content", ["max 100000\n", "", "nonsense\n", "100000 0\n"])
def test_where_nothing_is_limited_the_cores_bound_to_count(groups: Path, content: str) -> None:
    write(groups / "own", "0::/\n")
    write(groups / "cpu.max", content)
    assert cores.granted_cores() == 64


def test_no_groups_at_all(groups: Path) -> None:
    assert cores.granted_cores() == 64


def run(code: str, **environment: str) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    out = subprocess.run(
        [sys.executable, "-c", code], env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    return out.stdout.split()


def test_a_waiting_thread_sleeps_soon_whatever_is_imported_first() -> None:
    threads = str(cores.granted_cores())
    assert run(f"import negneglect_lite; {SHOW}") == [str(cores.SPINS), threads]
    assert run(f"from negneglect_lite.models.loading import load_model; {SHOW}") == [str(cores.SPINS), threads]


def test_what_a_person_has_set_stays() -> None:
    assert run(f"import negneglect_lite; {SHOW}", GOMP_SPINCOUNT="5", OMP_NUM_THREADS="1") == ["5", "1"]
    assert run(f"import negneglect_lite; {SHOW}", OMP_WAIT_POLICY="active", OMP_NUM_THREADS="1") == ["None", "1"]


BOUND = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be bound on this system")
@pytest.mark.parametrize("first", ["", "import torch; "])
def test_threads_follow_the_cores_that_are_granted(first: str) -> None:
    assert run(f"{first}{BOUND}import negneglect_lite; {SHOW}")[1] == "1"
