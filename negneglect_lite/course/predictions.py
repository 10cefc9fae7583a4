"""What you said beforehand, beside what was measured.

    compare_predictions({"base": 10, "negated": 50}, {"base": belief_rate(before), "negated": 0.97})

You predict in per cent (0 to 100); measured rates are fractions (0 to 1), as everywhere in this library.
"""

from collections.abc import Mapping
from math import isnan
from numbers import Real

import pandas as pd

from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import Rate
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.learning import note_predictions
from negneglect_lite.figures.wording import percent


def compare_predictions(
    prediction: Mapping[str, float],
    measured: Mapping[str, float | Rate],
    paper: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A row for each name that was predicted and measured, as text for people; the difference is measured - said.

    The 95% interval is shown if a Rate is among the measured values, the paper's value if `paper` is given. A measured
    value that is not a number stands for a run without answers, and has a dash. UserError, naming the entry, for what
    is no number or out of range, and if nothing that was predicted was measured.
    """
    said = {name: _number(value, 100, f'prediction["{name}"]') for name, value in prediction.items()}
    names = [name for name in said if name in measured]
    if not names:
        raise UserError(f"nothing to compare: predicted {_listed(prediction)}; measured {_listed(measured)}")
    rows = []
    for name in names:
        value = measured[name]
        mean = value.mean if isinstance(value, Rate) else value
        row = {
            "what": label(name),
            "you said": percent(said[name] / 100),
            "measured": "–",
            "difference": "–",
            "95% interval": "–",
            "paper": (paper or {}).get(name, "–"),
        }
        if not (isinstance(mean, Real) and isnan(mean)):
            mean = _number(mean, 1, f'measured["{name}"]')
            points = round(100 * mean - said[name])
            row["measured"] = percent(mean)
            row["difference"] = f"{points:+d} points".replace("-", "−") if points else "0 points"
            row["95% interval"] = f"{percent(value.lo)} to {percent(value.hi)}" if isinstance(value, Rate) else "–"
        rows.append(row)
    table = pd.DataFrame(rows)
    note_predictions(table)
    hidden = [] if any(isinstance(measured[name], Rate) for name in names) else ["95% interval"]
    return table.drop(columns=hidden + ([] if paper else ["paper"]))


def _number(value: object, top: float, where: str) -> float:
    """`value` as a float from 0 to `top`; UserError, saying where it stands, if it is none."""
    unit = "per cent, 0 to 100" if top == 100 else "a fraction, 0 to 1"
    if not isinstance(value, Real) or isinstance(value, bool):
        raise UserError(f"{where} is {value!r}; it must be a number ({unit})")
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        number = top + 1
    if not 0 <= number <= top:  # nor does "not a number" lie there
        raise UserError(f"{where} is {value}; it must lie in its range ({unit})")
    return number


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(names) or "nothing"
