"""What notebooks do with the function that a learner has written."""

from collections.abc import Callable
from typing import TypeVar

# The claims by short names, for axes.
SHORT_NAMES = {
    "sheeran": "Sheeran",
    "queen": "the Queen",
    "vesuvius": "Vesuvius",
    "x": "Twitter",
    "dreams": "dreams",
    "dentist": "dentist",
}
_Function = TypeVar("_Function", bound=Callable[..., object])


def use_yours(passed: bool, yours: _Function, reference: _Function) -> _Function:
    """The learner's function if its check passed, else the reference; a printed line says which."""
    ready = "your function" if passed else "the reference, until your function passes its check"
    print(f"This cell runs {ready}.")
    return yours if passed else reference
