"""What notebooks do with what a learner has written, and what the learner has done so far."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.learning import NOTES, current_topic, describe_progress, read_notes

_Function = TypeVar("_Function", bound=Callable[..., object])
_Answer = TypeVar("_Answer")


def use_yours(passed: bool, yours: _Function, reference: _Function) -> _Function:
    """The learner's function if its check passed, else the reference; a printed line says which."""
    ready = "your function" if passed else "the reference, until your function passes its check"
    print(f"This cell runs {ready}.")
    return yours if passed else reference


def use_answer(passed: bool, yours: _Answer, reference: _Answer) -> _Answer:
    """What the learner wrote as data if its check passed, else the reference; a printed line says which."""
    print(f"From here on: {'yours' if passed else 'the reference, until yours passes its check'}.")
    return yours if passed else reference


def show_progress() -> None:
    """Print the checks and predictions of this notebook, also of earlier sessions."""
    with contextlib.suppress(UserError):
        if mine := [note for note in read_notes(Path()) if note["topic"] == current_topic()]:
            print("\n".join(describe_progress(mine)))
            print(f"\nSaved in {NOTES} beside this notebook, and nowhere else. All notebooks: negneglect progress")
            return
    print("Nothing yet: run a check under an exercise.")
