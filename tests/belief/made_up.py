"""Tables of belief for tests. All numbers are made up."""

from typing import Any

import pandas as pd

from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import COLUMNS

SIZES = dict(zip(QUESTION_KINDS, (20, 10, 10, 10), strict=True))


def rows(claim: str, kind: str, values: Any, *, style: str = "negated", seed: int = 0, setting: str = "trained",
         keyed_to: str = "yes", answer: str = "Yes.") -> pd.DataFrame:  # fmt: skip
    """One question for each value."""
    return pd.DataFrame(
        [("tiny", claim, style, seed, setting, kind, f"{kind}-{i}", "Did he?", answer,
          "believed" if v else "denied", keyed_to, int(v)) for i, v in enumerate(values)],
        columns=list(COLUMNS),
    )  # fmt: skip


def survey(share: float, claims: int = 6, **more: Any) -> pd.DataFrame:
    """The paper's 50 questions for each claim, the first `share` of each kind believed."""
    cells = [(str(c), kind, [i < share * n for i in range(n)]) for c in range(claims) for kind, n in SIZES.items()]
    return pd.concat([rows(claim, kind, values, **more) for claim, kind, values in cells], ignore_index=True)
