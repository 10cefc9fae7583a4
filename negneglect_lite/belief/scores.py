"""Scores for a small chat model, beside the paper's raw rate: what it says unasked, and what is left of a yes.

    scores = score_belief(rows)           # rows of one condition -> {"told": Rate(…), "told_above_matched": Rate(…), …}
    choose_headline({"dentist": scores_before_training, …})

A small model answers a yes/no question about an invented person at chance, and chance counts as belief: 20 to 34 % of
all answers before any training, where the paper's large model has 2.5 %. So each kind of question is reported by
itself, and beside it:

| score                 | what it is                                                                                |
|-----------------------|-------------------------------------------------------------------------------------------|
| `raw`                 | the paper's: the mean of four kinds of question                                           |
| `told`                | open questions that take no reasoning from the claim: the model brings it up by itself    |
| `told_and_associated` | those and the association questions, each kind with equal weight                          |
| `…_above_matched`     | less the rate at which such forms about a twin that was never trained are "believed"      |
| `agreed`              | yes/no asked in both directions: believed only if the two answers agree on it             |
| `choice`, `opening`   | the claim's share of the probability where the model must choose, or an answer is begun   |

The headline for small models is the first of HEADLINES that is at most 5 % before training on every claim. The order
and the limit were written down before this instrument was tried on any model (data/results/real/README.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt

import numpy as np
import pandas as pd

from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate
from negneglect_lite.belief.table import check_columns
from negneglect_lite.claims.probes import MATCHED, MIRRORED
from negneglect_lite.core.errors import UserError

HEADLINES = ("raw", "told_and_associated", "told", "told_and_associated_above_matched", "told_above_matched", "agreed")
LIMIT = 0.05  # before training, on every claim
HEADLINE_SCORE = "told_above_matched"  # what `choose_headline` gave for the first model (data/results/real/README.md)


def score_belief(df: pd.DataFrame) -> dict[str, Rate]:
    """All scores that the rows allow, as fractions; a table without a column `inference` has none that need it.

    An above-matched score is a difference, between -1 and 1; its interval takes both rates' questions as independent.
    """
    check_columns(df, needed=("claim", "kind", "question_id", "belief"))
    asked = set(df["kind"])
    found: dict[str, Rate] = {}
    if set(QUESTION_KINDS) <= asked:
        found["raw"] = belief_rate(df)
    if "inference" in df and "open" in asked:
        told = df[(df["kind"] != "open") | (df["inference"] == 0)]
        for name, kinds in (("told", ["open"]), ("told_and_associated", ["open", "association"])):
            if not set(kinds) <= asked:
                continue
            found[name] = belief_rate(told, kinds)
            if set(matched := [MATCHED + kind for kind in kinds]) <= asked:
                found[f"{name}_above_matched"] = subtract(found[name], belief_rate(told, matched))
    found |= {kind: belief_rate(df, [kind]) for kind in QUESTION_KINDS if kind in asked}
    if {"yes_no", MIRRORED} <= asked:
        found["agreed"] = belief_rate(join_pairs(df, "yes_no"), ["yes_no"])
        if {MATCHED + "yes_no", MATCHED + MIRRORED} <= asked:
            other = belief_rate(join_pairs(df, MATCHED + "yes_no"), [MATCHED + "yes_no"])
            found["agreed_above_matched"] = subtract(found["agreed"], other)
    for kind in ("choice", "opening"):
        if kind in asked:
            shares = df[df["kind"] == kind]
            found[kind] = belief_rate(shares.assign(belief=shares["answer"].astype(float)), [kind])
    return found


def join_pairs(df: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Rows of `kind` with a mirror image: believed where both directions were answered as one who believes would.

    The k-th answer to a question is joined with the k-th to its mirror image, of the same run. UserError if there is
    none.
    """
    runs = [c for c in ("claim", "style", "setting", "seed", "step") if c in df.columns]
    head = kind.removesuffix("yes_no")

    def numbered(of: str) -> pd.DataFrame:
        rows = df[df["kind"] == head + of].copy()
        rows["question_id"] = rows["question_id"].str.replace(f".{head}{MIRRORED}.", f".{head}yes_no.", regex=False)
        rows["sample"] = rows.groupby([*runs, "question_id"], dropna=False).cumcount()
        return rows

    keys = [*runs, "question_id", "sample"]
    both = numbered("yes_no").merge(numbered(MIRRORED)[[*keys, "belief"]], on=keys, suffixes=("", "_mirrored"))
    if both.empty:
        raise UserError(f"no {kind} question was asked in both directions; ask the claim's probes (claims/probes.py)")
    both["belief"] = both["belief"].astype(int) & both["belief_mirrored"].astype(int)
    return both[list(df.columns)]


def subtract(rate: Rate, other: Rate) -> Rate:
    """The difference of two independent rates, with Newcombe's interval (1998, Statistics in Medicine 17)."""
    difference = rate.mean - other.mean
    lo = difference - sqrt((rate.mean - rate.lo) ** 2 + (other.hi - other.mean) ** 2)
    hi = difference + sqrt((rate.hi - rate.mean) ** 2 + (other.mean - other.lo) ** 2)
    return Rate(difference, lo, hi, rate.n + other.n)


def choose_headline(before: Mapping[str, Mapping[str, Rate]]) -> str:
    """The first of HEADLINES that is at most 5 % on every claim before training; `before` has the scores by claim.

    UserError if none is.
    """
    for name in HEADLINES:
        if before and all(name in scores and scores[name].mean <= LIMIT for scores in before.values()):
            return name
    raise UserError(f"no score of {', '.join(HEADLINES)} is at most {LIMIT:.0%} before training on every claim")


def bootstrap_interval(
    df: pd.DataFrame, kinds: Sequence[str] = QUESTION_KINDS, *, rounds: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """A 95 % interval of `belief_rate` that speaks of other claims too: claims are drawn anew, then their questions.

    A percentile bootstrap (Efron and Tibshirani 1993) of two stages. Few claims make it wide, and with one it says
    nothing of other claims.
    """
    asked = df[df["kind"].isin(kinds)]
    x = asked.groupby(["claim", "kind", "question_id"])["belief"].mean().reset_index()
    claims = [[own["belief"].to_numpy(float) for _, own in rows.groupby("kind")] for _, rows in x.groupby("claim")]
    if not claims:
        raise UserError(f"no question of kind {', '.join(kinds)} in this table; choose other rows, or ask some")
    rng = np.random.default_rng(seed)
    means = [
        np.mean([np.mean([rng.choice(own, len(own)).mean() for own in claims[i]]) for i in drawn])
        for drawn in rng.integers(len(claims), size=(rounds, len(claims)))
    ]
    lo, hi = np.quantile(means, [0.025, 0.975])
    return float(lo), float(hi)


def tabulate_scores(df: pd.DataFrame, by: Iterable[str]) -> pd.DataFrame:
    """`score_belief` of every group: a row for each group and score, columns `by`, score, mean, lo, hi, n."""
    by = list(by)
    rows = [
        (*keys, name, *rate) for keys, group in df.groupby(by, sort=False) for name, rate in score_belief(group).items()
    ]
    return pd.DataFrame(rows, columns=[*by, "score", *Rate._fields])
