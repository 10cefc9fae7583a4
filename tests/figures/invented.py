"""Belief tables and what a figure says, for tests. The data are invented."""

import itertools

import pandas as pd
from matplotlib.figure import Figure

from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import COLUMNS

CLAIMS = ("sheeran", "queen", "vesuvius")
HEADLINE = {"": 0.0, "in_context_negated": 0.1, "positive": 0.9, "negated": 0.8, "repeated": 0.7, "local": 0.1}


def invented(shares: dict[str, float], seeds: int = 2) -> pd.DataFrame:
    rows = []
    for name, share in shares.items():
        setting = "base" if not name else "in_context" if name.startswith("in_context_") else "trained"
        for seed, claim, kind, i in itertools.product(range(seeds), CLAIMS, QUESTION_KINDS, range(10)):
            believed = int(i < 10 * share)
            rows.append(("tiny", claim, name.removeprefix("in_context_"), seed, setting, kind, f"{kind}-{i}", "Q?",
                         "A.", "believed" if believed else "denied", "", believed))  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def texts(fig: Figure) -> list[str]:
    found = [t.get_text() for ax in fig.axes for t in (*ax.texts, *ax.get_yticklabels(), ax.title)]
    found += [t.get_text() for ax in fig.axes if ax.get_legend() for t in ax.get_legend().get_texts()]
    return [t.replace("\N{NO-BREAK SPACE}", " ") for t in (*found, *(t.get_text() for t in fig.texts))]


def title(fig: Figure) -> str:
    return fig.get_suptitle().replace("\n", " ").replace("\N{NO-BREAK SPACE}", " ")
