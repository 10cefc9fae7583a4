"""Freed memory goes back to the system where a container grants little, and only there."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from negneglect_lite.core import cores, heap


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what the container's control group says of memory, as in Binder's: its own group is the root."""
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    monkeypatch.setattr(cores, "OWN_GROUPS", tmp_path / "own")
    (tmp_path / "own").write_text("0::/\n")
    return (tmp_path / "memory.max").write_text


def test_the_narrowest_limit_counts_in_either_version(container: Any, tmp_path: Path) -> None:
    assert heap.granted_memory() is None
    container("max\n")
    assert heap.granted_memory() is None
    container("2147483648\n")
    assert heap.granted_memory() == 2**31
    (tmp_path / "own").write_text("4:cpu,cpuacct:/docker/a\n5:memory:/docker/a\n")
    for folder, limit in (("memory/docker", 2**62), ("memory/docker/a", 2**30)):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "memory.limit_in_bytes").write_text(f"{limit}\n")
    assert heap.granted_memory() == 2**30


@pytest.mark.parametrize("limit, spares", [("2147483648\n", True), ("8589934592\n", False), ("max\n", False)])
def test_after_a_cell_and_a_step_where_memory_is_scarce(
    container: Any, monkeypatch: pytest.MonkeyPatch, limit: str, spares: bool
) -> None:
    container(limit)
    calls: list[str] = []
    hooks: list[Any] = []
    optimizer = sys.modules["torch.optim.optimizer"]  # torch.optim has another thing of this name
    register = optimizer.register_optimizer_step_post_hook
    monkeypatch.setattr(optimizer, "register_optimizer_step_post_hook", lambda hook: hooks.append(register(hook)))
    monkeypatch.setattr(heap, "release_heap", lambda *_: calls.append("released"))
    shell = InteractiveShell()
    heap.spare_memory(shell)
    try:
        shell.run_cell("1")
        shell.run_cell("2")
        assert len(calls) == 2 * spares
        assert len(hooks) == spares  # once, however many cells
        weight = torch.nn.Parameter(torch.ones(1))
        weight.grad = torch.ones(1)
        torch.optim.Adam([weight]).step()
        assert len(calls) == 3 * spares
    finally:
        for hook in hooks:
            hook.remove()


HOLD = """
import re
from negneglect_lite.core.heap import release_heap

def held():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

pieces = [bytes(100_000) for _ in range(2000)]  # too small for pages of their own
full, last = held(), pieces[-1]  # what lies above all others
del pieces
kept = held()
release_heap()
print(full - kept, kept - held())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another C library")
def test_what_was_freed_goes_back() -> None:
    out = subprocess.run([sys.executable, "-c", HOLD], capture_output=True, text=True, check=True).stdout
    before, after = map(float, out.split())
    assert before < 20 and after > 100  # MiB
