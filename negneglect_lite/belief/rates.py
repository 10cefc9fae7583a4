"""Belief rates and their 95 % intervals: claims and kinds weigh the same, clustered by question, within [0, 1].

    belief_rate(rows)                                  # Rate(mean=0.91, lo=0.82, hi=0.96, n=50)
    tabulate_rates(rows, by=["style", "claim"])        # the same for each group

Rates are fractions between 0 and 1. Belief is the mean of the rates of the paper's four question kinds, each claim and
each kind with equal weight; inference, control and kept questions are reported apart and never enter it.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NamedTuple

import pandas as pd

from negneglect_lite.belief.table import check_columns, condition_of
from negneglect_lite.core.errors import UserError
from negneglect_lite.judging.copying import copies_annotation

QUESTION_KINDS = ("open", "yes_no", "association", "robustness")  # the paper's four, which make up belief
Z = 1.959963984540054  # two-sided 95 %


class Rate(NamedTuple):
    """A rate with its 95 % interval, resting on `n` different questions."""

    mean: float
    lo: float
    hi: float
    n: int


def belief_rate(df: pd.DataFrame, kinds: Sequence[str] = QUESTION_KINDS) -> Rate:
    """Mean of column `belief` over `kinds`, with a 95 % interval; UserError if no such question was asked.

    A question is drawn once and asked under every seed and sample, so it counts once: x is its mean (one value a claim
    and question id). The rate is the weighted mean of the x, with weights w equal over claims, then over a claim's
    kinds, then over a kind's questions. Its variance is that of a stratified mean, the strata being claim and kind
    (Cochran 1977, Sampling Techniques, ch. 5). The interval is Wilson's at the effective sample size
    mean (1 - mean) / variance (Korn and Graubard 1998, Survey Methodology 24), at most Kish's 1 / sum w² (the number
    of questions, if all weigh the same): 0 out of 300 does not give [0, 0], and more seeds do not pass for more
    questions. Simulated coverage is 93 to 98 %, more where claims lie at 0 or 1 (tests/belief/test_rates.py).

    The interval speaks of other questions about the same claims to the same trained models. What differs from seed to
    seed is not in it: look at `tabulate_rates(df, by=["seed"])`.
    """
    check_columns(df, needed=("claim", "kind", "question_id", "belief"))
    asked = df[df["kind"].isin(kinds)]
    if asked.empty:
        raise UserError(f"no question of kind {', '.join(kinds)} in this table; choose other rows, or ask some")
    try:
        asked = asked.assign(belief=pd.to_numeric(asked["belief"]))
    except (TypeError, ValueError):
        raise UserError("column belief holds what is no number; make the table again") from None
    x = asked.groupby(["claim", "kind", "question_id"], sort=True)["belief"].mean().rename("x").reset_index()
    cell = x.groupby(["claim", "kind"])["x"]
    size = cell.transform("size")
    kinds_of_claim = x.groupby("claim")["kind"].transform("nunique")
    w = 1 / (x["claim"].nunique() * kinds_of_claim * size)
    mean = round(float((w * x["x"]).sum()), 12)  # all believed is 1, not a rounding error below
    # A cell with one question says nothing about its own spread: take the distance from the whole mean.
    centre = cell.transform("mean").where(size > 1, mean)
    variance = float((w**2 * (x["x"] - centre) ** 2 * (size / (size - 1)).where(size > 1, 1.0)).sum())
    effective = 1 / float((w**2).sum())
    if variance > 0 and 0 < mean < 1:
        effective = min(effective, mean * (1 - mean) / variance)
    lo, hi = wilson_interval(mean, effective)
    return Rate(mean, lo, hi, len(x))


def wilson_interval(mean: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval for a share `mean` of `n` independent trials; `n` need not be whole."""
    centre = (mean + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(mean * (1 - mean) / n + Z**2 / (4 * n**2))
    # At the ends the bound is exactly 0 or 1, which the rounding of the formula would miss by a hair.
    return (centre - half if mean > 0 else 0.0), (centre + half if mean < 1 else 1.0)


def tabulate_rates(df: pd.DataFrame, by: Sequence[str], kinds: Sequence[str] = QUESTION_KINDS) -> pd.DataFrame:
    """`belief_rate` of every group: one row each, columns `by`, mean, lo, hi, n. `by` may hold "condition"."""
    asked = df.assign(condition=condition_of)
    if missing := sorted(set(by) - set(asked.columns)):
        raise UserError(f"no column {', '.join(missing)} to group by; there are {', '.join(asked.columns)}")
    asked = asked[asked["kind"].isin(kinds)]
    rows = [(*keys, *belief_rate(group, kinds)) for keys, group in asked.groupby(list(by), sort=False)]
    return pd.DataFrame(rows, columns=[*by, *Rate._fields])


def yes_bias(df: pd.DataFrame) -> Rate:
    """Share of "yes" to control questions where a yes agrees with a falsehood that no document stated.

    English controls that are keyed to no are left out: to them the honest answer is yes.
    """
    return belief_rate(df[df["keyed_to"] == "yes"], ["control_false"])


def copy_rate(df: pd.DataFrame, phrases: Iterable[str]) -> Rate:
    """Share of all answers that reproduce one of the annotation `phrases` (see judging/copying.py)."""
    phrases = tuple(phrases)
    copies = [int(copies_annotation(text, phrases)) for text in df["answer"]]
    return belief_rate(df.assign(belief=copies), sorted(set(df["kind"])))
