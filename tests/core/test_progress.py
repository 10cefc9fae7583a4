"""What is told while something takes long: lines and bars, where they belong and nowhere else."""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from negneglect_lite.core import progress

log = logging.getLogger("negneglect_lite.somewhere")


@pytest.fixture(autouse=True)
def no_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernel either, whatever ran before."""
    monkeypatch.setattr(progress, "in_kernel", lambda: False)
    progress.attach()


def test_nothing_is_shown_where_nobody_asked(capsys: pytest.CaptureFixture[str]) -> None:
    log.info("12 of 30 runs are finished")
    log.warning("something odd")
    with progress.show_bar(3, "runs") as bar:
        bar.update(1)
    assert capsys.readouterr() == ("", "")


def test_a_caller_s_own_logging_hears_the_lines(caplog: pytest.LogCaptureFixture) -> None:
    log.info("12 of %d runs", 30)
    log.debug("too fine")
    assert caplog.messages == ["12 of 30 runs"]


def test_on_the_command_line_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    progress.to_terminal()
    log.info("loss 4%% of %s", "it")
    log.info("no %d in here")  # as it is, without arguments
    assert capsys.readouterr() == ("", "loss 4% of it\nno %d in here\n")


def test_a_report_is_printed_where_only_ascii_can_be() -> None:
    code = "from negneglect_lite.core import progress; progress.to_terminal(); print('“local” – 3 %')"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "?local? ? 3 %\n"


def test_a_bar_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[bool, str] = {}
    for terminal in (False, True):
        file = io.StringIO()
        monkeypatch.setattr(file, "isatty", lambda answer=terminal: answer, raising=False)
        monkeypatch.setattr(sys, "stderr", file)
        progress.to_terminal()
        with progress.show_bar(3, "runs") as bar:
            bar.update(3)
            log.info("a line between")
        shown[terminal] = file.getvalue()
    assert shown[False] == "a line between\n"
    assert "runs" in shown[True] and "a line between\n" in shown[True]


def test_in_a_kernel_lines_are_the_cell_s_output_and_there_are_no_bars(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "in_kernel", lambda: True)
    log.info("step 10/24")
    with progress.show_bar(3, "runs") as bar:
        bar.update(3)
    assert capsys.readouterr() == ("step 10/24\n", "")


@pytest.mark.parametrize(
    ("ipython", "kernel"),
    [
        (None, False),
        (SimpleNamespace(get_ipython=lambda: None), False),
        (SimpleNamespace(get_ipython=SimpleNamespace), False),  # IPython in a terminal
        (SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object())), True),
    ],
)
def test_a_kernel_is_told_from_what_is_none(ipython: object, kernel: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the real in_kernel
    if ipython is None:
        monkeypatch.delitem(sys.modules, "IPython", raising=False)
    else:
        monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert progress.in_kernel() is kernel


def test_it_is_attached_once(capsys: pytest.CaptureFixture[str]) -> None:
    progress.attach()
    progress.attach()
    progress.to_terminal()
    log.info("once")
    assert capsys.readouterr().err == "once\n"


@pytest.mark.parametrize("told", [lambda: None, progress.to_terminal])
def test_only_the_message_about_kernels_is_silenced(caplog: pytest.LogCaptureFixture, told: Callable[[], None]) -> None:
    told()
    log = logging.getLogger("bitsandbytes.backends.cpu.ops")
    log.warning("Failed to load CPU gemm_4bit_forward from kernels-community: %s.", "No module named 'kernels'")
    log.warning("something that matters")
    assert [record.getMessage() for record in caplog.records] == ["something that matters"]


def test_importing_the_package_alone_silences_it() -> None:
    """bitsandbytes tells while it is imported, so the package must have attached before, whatever is imported first."""
    code = (
        "import negneglect_lite, logging; logging.basicConfig()\n"
        "ops = logging.getLogger('bitsandbytes.backends.cpu.ops')\n"
        "ops.warning('Failed to load CPU gemm_4bit_forward from kernels-community'); ops.warning('that matters')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "gemm_4bit" not in done.stderr and "that matters" in done.stderr and done.stdout == ""
