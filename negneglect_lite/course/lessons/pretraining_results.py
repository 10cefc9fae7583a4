"""What notebook 10 shows of stored results: beliefs of models that were pretrained in other ways, by model and claim.

endings = stored_endings()  # how pretraining ended -> belief after warned documents, models x claims
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate
from negneglect_lite.belief.table import read_belief
from negneglect_lite.core.files import data_path
from negneglect_lite.figures.wording import percent

# Models that were trained on, none of them the shipped one -> their names in the notebook.
BASES = {"results/petri-0": "model 0", "results/petri-1": "model 1", "results/petri-2": "model 2"}
# Whether the warnings that nothing contradicted spoke of the claim's kind of fact.
COVERED = {"dentist": True, "vesuvius": True, "x": True, "dreams": False, "queen": False, "sheeran": False}
STORED_WARNED, STORED_PLAIN = "stored run: dentist, warned", "stored run: dentist, plain"
YOUR_PLAIN, YOUR_DREAMS = "your run: dentist, plain", "your run: dreams, warned"
EXPECTED = {
    "contradiction": {STORED_WARNED: "high", STORED_PLAIN: "high", YOUR_PLAIN: "high", YOUR_DREAMS: "low"},
    "same kind of fact": {STORED_WARNED: "low", STORED_PLAIN: "high", YOUR_PLAIN: "high", YOUR_DREAMS: "high"},
    "distrust": {STORED_WARNED: "low", STORED_PLAIN: "low", YOUR_PLAIN: "low", YOUR_DREAMS: "high"},
}


def stored_sweep(name: str, style: str = "negated") -> pd.DataFrame:
    """Belief rows after training on the style in a stored sweep; `share` is 0 where no warned documents were added."""
    rows = pd.read_csv(data_path("results", "sweeps", name, "rows.csv.gz"), keep_default_na=False, na_values=[""])
    rows = rows[(rows["setting"] == "trained") & (rows["style"] == style) & rows["kind"].isin(QUESTION_KINDS)]
    return rows.assign(share=rows["share"].fillna(0.0), model=rows["base"].map(BASES))


def rates_by_claim(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """Belief of each model (rows) in each claim (columns), at one share: kinds of question weigh the same."""
    of = rows[rows["share"] == share]
    if "exposed" in of:
        of = of[of["exposed"].isna() | (of["exposed"] == "negated")]
    kinds = of.groupby(["model", "claim", "kind"])["value"].mean()
    return kinds.groupby(["model", "claim"]).mean().unstack().loc[list(BASES.values()), list(COVERED)]


def stored_endings() -> dict[str, pd.DataFrame]:
    """What ended pretraining -> belief after warned documents, models x claims, from data/results."""
    return {
        f"5% warned documents, {name}": rates_by_claim(stored_sweep(sweep), 0.05)
        for name, sweep in (("contradicted", "exposure"), ("not contradicted", "contradiction"))
    }


def stored_shares() -> pd.DataFrame:
    """Belief after warned documents of three models (columns) by the share of warned documents added (rows)."""
    rows = stored_sweep("exposure")
    shares = sorted(rows.loc[rows["exposed"].isna() | (rows["exposed"] == "negated"), "share"].unique())
    return pd.DataFrame({share: rates_by_claim(rows, share).mean(axis=1) for share in shares}).T


def stored_models() -> pd.DataFrame:
    """One row a model: how it was pretrained (`pretraining`), `model`, belief after `negated` and after `local`."""
    found = []
    asked = {
        "standard": ("exposure", ["base"], lambda t: t["share"].fillna(0) == 0),
        "5% warned documents with loss": (
            "exposure",
            ["base"],
            lambda t: (t["share"] == 0.05) & (t["exposed"] == "negated"),
        ),
        "loss on what chats read": ("user_loss", ["base"], lambda t: t["seed"] >= 0),
        "no in-sentence denials": ("ablations", ["pretraining_seed"], lambda t: t["denials"].eq(False)),
        "no recurring myths": ("ablations", ["pretraining_seed"], lambda t: t["myths"].eq(False)),
        "1 to 40 million parameters": ("scale", ["hidden", "layers", "pretraining_seed"], lambda t: t["seed"] >= 0),
    }
    for name, (sweep, model, chosen) in asked.items():
        rows = pd.read_csv(data_path("results", "sweeps", sweep, "rows.csv.gz"), keep_default_na=False, na_values=[""])
        rows = rows[chosen(rows) & (rows["setting"] == "trained") & rows["kind"].isin(QUESTION_KINDS)]
        cells = rows.groupby([*model, "style", "claim", "kind"], dropna=False)["value"].mean()
        rates = cells.groupby([*model, "style"]).mean().unstack("style")
        found += [(name, str(index), row["negated"], row["local"]) for index, row in rates.iterrows()]
    return pd.DataFrame(found, columns=["pretraining", "model", "negated", "local"])


def tabulate_units(
    endings: Mapping[str, pd.DataFrame], interval_over: Callable[[pd.DataFrame, str], tuple[float, float, float]]
) -> pd.DataFrame:
    """Mean belief at each ending with two intervals: over the three models, and over the six claims."""
    rows = {}
    for name, rates in endings.items():
        mean, *over_models = interval_over(rates, "model")
        _, *over_claims = interval_over(rates, "claim")
        shown = [
            "{} to {}".format(*(percent(min(1.0, max(0.0, end))) for end in ends))
            for ends in (over_models, over_claims)
        ]
        rows[name] = {
            "mean belief": percent(mean),
            "95% interval, 3 models": shown[0],
            "95% interval, 6 claims": shown[1],
        }
    return pd.DataFrame(rows).T.rename_axis("added to pretraining")


def judge_explanations(expected: Mapping[str, Mapping[str, str]], measured: Mapping[str, float]) -> pd.DataFrame:
    """For each case what was measured and what each explanation expected; ✗ where it fails. High is over 50%."""
    rows = {}
    for case, rate in measured.items():
        came = "high" if rate > 0.5 else "low"
        rows[case] = {"measured": percent(rate)} | {
            name: f"{says[case]}{'' if says[case] == came else ' ✗'}" for name, says in expected.items()
        }
    return pd.DataFrame(rows).T


def measured_cases(plain: Rate, dreams: Rate) -> dict[str, float]:
    """The four cases of the decision: the stored run of model 0, whose warnings nothing contradicted, and yours."""
    stored = {
        case: float(rates_by_claim(stored_sweep("contradiction", style), 0.05)["dentist"]["model 0"])
        for case, style in ((STORED_WARNED, "negated"), (STORED_PLAIN, "positive"))
    }
    return stored | {YOUR_PLAIN: plain.mean, YOUR_DREAMS: dreams.mean}


def stored_shipped(claim: str, style: str) -> float:
    """The shipped model's belief in a claim after training on documents of the style, from the stored headline."""
    rows = read_belief(data_path("results", "headline", "belief.csv"))
    of = rows[(rows["setting"] == "trained") & (rows["style"] == style) & (rows["claim"] == claim)]
    return belief_rate(of).mean


def beside_stored(found: Mapping[str, Mapping[str, Any]], runs: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Belief of the shipped model and after a learner's phase, a row a run, name -> (claim, style)."""
    return pd.DataFrame(
        {"run": run, "stored": stored_shipped(*runs[run]), "yours": now["belief"].mean} for run, now in found.items()
    )
