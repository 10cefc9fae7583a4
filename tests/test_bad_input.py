"""A sample of bad input: no traceback, and one line for each refusal. The whole battery, of 1,500 cases:

python -m tests.bad_input --cases 1500
"""

from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from tests.bad_input import KINDS, Bench, Case, attempt, command, describe, make_bench

EACH = 5  # cases of every kind


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"), tiny_folder)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_refused_in_one_line_or_taken(kind: str, bench: Bench, tmp_path: Path) -> None:
    made = [attempt(kind, number, bench, tmp_path) for number in range(EACH)]
    failed = [outcome for outcome in made if outcome.fault]
    assert not failed, "\n".join(map(describe, failed))


def fail(error: BaseException) -> object:
    raise error


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: fail(TypeError("odd")), "TypeError: odd"),
        (lambda: fail(UserError(" ")), "not one line"),
        (lambda: Path("half.tmp").write_text("x"), "half.tmp is left behind"),
        (lambda: command("facts", "--limit", 1), ""),
        (lambda: command("facts", "--limit", "-1"), ""),
        (lambda: command("facts", "--limit", "x"), ""),
        (lambda: fail(UserError("one line")), ""),
    ],
)
def test_what_counts_as_a_fault(call: Any, fault: str, bench: Bench, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(KINDS, "made-up", (1, lambda *_: Case("the input", call)))
    outcome = attempt("made-up", 0, bench, tmp_path)
    assert fault in outcome.fault
    assert bool(fault) == bool(outcome.fault) == (outcome.result == "failed")


@pytest.mark.parametrize("code", [1, 2, 130, None])
def test_a_command_returns_0_or_2_and_says_why(code: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 2 without a line is a fault too."""
    monkeypatch.setattr("negneglect_lite.cli.main", lambda argv: code)
    with pytest.raises(AssertionError, match="returned"):
        command("facts")
