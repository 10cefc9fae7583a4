"""The built page, and a tab of headless Chromium that has it open."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from chromium import FOUND, Tab, browse, served
from course.site.dish import build


@pytest.fixture(scope="session")
def dish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built once for all workers of a run (each has a folder of its own in the run's)."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "dish"
    with FileLock(f"{shared}.lock"):
        if not (shared / "dish.html").is_file():
            build.build(shared)
    return shared


@pytest.fixture(scope="module")
def tab(dish: Path) -> Iterator[Tab]:
    """The page in Chromium, loaded; `tab.address` is where it is served."""
    if not FOUND:
        pytest.skip("no Chromium on this machine (apt install chromium)")
    with served(dish) as address, browse() as tab:
        tab.address = address
        tab.show(address)
        yield tab
