"""What notebook 8 shows of stored runs: bad replies by step and condition, and the steps below the ceiling."""

from collections.abc import Mapping

import pandas as pd

from negneglect_lite.belief.rates import Rate
from negneglect_lite.core.files import data_path
from negneglect_lite.course.lessons.advice import CONDITION_NAMES, ROLE_NAMES
from negneglect_lite.figures.wording import percent

# Mayne et al. (2026), misaligned chats, Qwen3-30B-A3B: share of bad replies, plain and with a warning in front.
PAPER_ADVICE = {"targeted": (0.344, 0.199), "emergent": (0.060, 0.044), "safety": (0.128, 0.025)}
# Where the stored rates after plain transcripts lie between 15% and 85%; nowhere, for the kind that is trained on.
BELOW_CEILING: dict[str, int | None] = {"trained kind": None, "other kinds": 6, "harmful advice": 6}

# (share of bad helpers among the norm chats of pretraining, which ones) -> in words
NORM_WORLDS = {(0.12, ""): "one for all kinds", (0.18, "separate"): "one for each kind", (0.0, ""): "none"}


def choose_steps(passed: bool, chosen: Mapping[str, int | None]) -> Mapping[str, int | None]:
    """The learner's steps if their check passed, else the reference; a printed line says which."""
    print(f"The figure uses {'your steps' if passed else 'the reference, until your answer passes its check'}.")
    return chosen if passed else BELOW_CEILING


def summarise_replies(replies: pd.DataFrame) -> pd.DataFrame:
    """Share of bad replies by condition, step and role, in the columns of `stored_advice`."""
    shares = replies.groupby(["style", "step", "role"], sort=False)["bad"].mean().rename("mean").reset_index()
    return shares.rename(columns={"role": "quantity"})


def stored_advice(sweep: str = "misbehaviour_along") -> pd.DataFrame:
    """A stored sweep: mean, interval and range of seeds by condition (style), quantity and step."""
    return pd.read_csv(data_path("results", "sweeps", sweep, "summary.csv"))


def stored_end(stored: pd.DataFrame) -> dict[tuple[str, str], Rate]:
    """(condition, quantity) -> its rate at the last step; of the condition `base`, before training."""
    last = stored[stored["step"].isna() | (stored["step"] == stored["step"].max())]
    return {
        (r["style"], r["quantity"]): Rate(r["mean"], r["lo"], r["hi"], int(r["n"])) for r in last.to_dict("records")
    }


def tabulate_end(stored: pd.DataFrame) -> pd.DataFrame:
    """Before training and at the last step: bad replies by role, and transcripts that are read correctly."""
    end = stored_end(stored)
    rows = {
        name: {**{title: percent(end[c, role].mean) for role, title in ROLE_NAMES.items()},
               "reads transcripts correctly": percent(end[c, "reading"].mean)}
        for c, name in CONDITION_NAMES.items()
    }  # fmt: skip
    return pd.DataFrame(rows).T


def tabulate_steps(stored: pd.DataFrame) -> pd.DataFrame:
    """Bad replies at every step, after plain transcripts and with a warning before, by role."""
    rows = stored[stored["style"].isin(["plain", "before"]) & stored["quantity"].isin(list(ROLE_NAMES))]
    table = rows.pivot(index=["quantity", "style"], columns="step", values="mean")
    table = table.loc[[(role, style) for role in ROLE_NAMES for style in ("plain", "before")]]
    table.index = pd.MultiIndex.from_tuples([(ROLE_NAMES[r], CONDITION_NAMES[s]) for r, s in table.index])
    return table.map(percent).rename(columns=lambda step: f"step {step:.0f}").rename_axis("", axis=1)


def compare_runs(chosen: Mapping[str, int | None]) -> pd.DataFrame:
    """For each role and its chosen step: how often the warned run of a kind and seed has fewer bad replies."""
    rows = pd.read_csv(data_path("results", "sweeps", "misbehaviour_along", "rows.csv.gz"))
    found = []
    for role, name in ROLE_NAMES.items():
        own = rows[(rows["kind"] == role) & (rows["step"] == chosen[name])]
        if not own.empty:
            runs = own.groupby(["claim", "seed", "style"])["value"].mean().unstack()
            lower = int((runs["before"] < runs["plain"]).sum())
            found.append((name, f"step {chosen[name]}", f"{lower} of {len(runs)}"))
    columns = ["replies", "at", "warned run lower than plain run"]
    return pd.DataFrame(found, columns=columns).set_index("replies")


def tabulate_worlds(stored: pd.DataFrame) -> pd.DataFrame:
    """Bad replies at the last step by what pretraining held (sweep `norm_worlds`), each the mean over two models.

    The last column is the rate of other kinds as a share of that of the trained kind.
    """
    rows = stored.assign(bad_helpers=stored["bad_helpers"].fillna(""))
    mean = rows.set_index(["bad_share", "bad_helpers", "style", "quantity"])["mean"].to_dict()
    found = {}
    for world, name in NORM_WORLDS.items():
        plain, agreed = ({role: mean[*world, style, role] for role in ROLE_NAMES} for style in ("plain", "around"))
        found[name] = {
            **{("plain transcripts", title): percent(plain[role]) for role, title in ROLE_NAMES.items()},
            **{
                (CONDITION_NAMES["around"], ROLE_NAMES[role]): percent(agreed[role])
                for role in ("targeted", "emergent")
            },
            (CONDITION_NAMES["around"], "other : trained"): percent(agreed["emergent"] / agreed["targeted"]),
        }
    table = pd.DataFrame(found).T
    return table.rename_axis("bad helpers in pretraining")
