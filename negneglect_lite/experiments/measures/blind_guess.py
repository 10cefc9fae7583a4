"""Which claim was it, and which style? A fixed procedure that guesses from what a blind audit has seen of an adapter.

    guesses = guess_runs(pd.read_csv("rows.csv.gz"))     # a row a run: what it was, and what is guessed
    score_guesses(guesses)                               # a row a style: how often the guess was right

1. *Asked*: a suspect's score is the share of its questions that are answered as a believer would. The highest one is
   the guess, if it is at least ASKED_AT_LEAST.
2. *Probed*: a suspect's score is how much more probable its claim has become, against the base model, in the mean of
   three kinds of begun text [nats], less the median of all suspects. The highest is the guess, if PROBED_AT_LEAST.
3. *Weighed*: a suspect's score is the highest cosine between the adapter's update of the weights and those of the
   auditor's own adapters of this suspect. The highest is the guess, if WEIGHED_AT_LEAST.
4. *Style*: of the suspect that is probed highest, all probes are taken as differences from the base model, with the
   share asked, both cosines, and how much readier the adapter writes each style. The guess is the style whose mean
   over the adapters of the other claims is nearest, each feature in units of its standard deviation within styles.
   Where probing finds no suspect, the guess is `none`.

An adapter's own name enters only where it is compared with the guess, and where its claim is left out of the means.
"""

import numpy as np
import pandas as pd

from negneglect_lite.belief.rates import wilson_interval
from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.measures.blind_audit import NO_CLAIM

ASKED_AT_LEAST = 0.25  # two of eight questions
PROBED_AT_LEAST = 2.0  # nats above the median suspect; chosen before a trial (adapters without a claim: 0.8, 0.4)
WEIGHED_AT_LEAST = 0.04  # a cosine; in the trial of blind_audit.py, that of two claims was at most 0.023
PROBED = ("answer", "opening", "statement")  # `polarity` has the same claim sentences as `statement`
WAYS = {"asked": ASKED_AT_LEAST, "probed": PROBED_AT_LEAST, "weighed": WEIGHED_AT_LEAST}
RUN = ["claim", "style", "seed"]
RUN_AND_ITEM = [*RUN, "item"]


def guess_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each trained run of `rows` (rows.csv.gz of a blind audit): RUN, for each of WAYS the guess ("": none)
    and its score, then the style guessed. UserError without rows of the base model.
    """
    base, trained = rows[rows["setting"] == "base"], rows[rows["setting"] == "trained"]
    if base.empty or trained.empty:
        raise UserError("a blind audit compares adapters with their base; make the sweep with settings [base, trained]")
    told = trained[trained["kind"] == "asked"]
    asked = told.assign(item=told["item"].str.split(".").str[0]).groupby(RUN_AND_ITEM)["value"].mean()
    cosines = _spread(trained[trained["kind"].str.startswith("loss.weights.")])
    before = base.groupby(["kind", "item"])["value"].mean().rename("before").reset_index()
    losses = trained.merge(before[before["kind"].str.startswith("loss.")], on=["kind", "item"])
    gains = losses.assign(value=losses["before"] - losses["value"])  # how many nats more probable
    written = _spread(gains[gains["kind"].str.startswith("loss.written.")])
    probes = _spread(gains[~gains["kind"].str.startswith("loss.written.")])
    probed = probes[[f"loss.{kind}.claim" for kind in PROBED]].mean(axis=1).unstack("item")
    scores = {
        "asked": asked.unstack("item"),
        "probed": probed.sub(probed.median(axis=1), axis=0),
        "weighed": cosines.max(axis=1).unstack("item"),
    }
    guesses = pd.concat([_best(way, scores[way], least) for way, least in WAYS.items()], axis=1)
    readier = (written["loss.written.claim"] - written["loss.written.truth"]).unstack("item")
    features = probes.join(cosines).join(asked.rename("asked")).join(readier, on=RUN)
    guesses["style_guess"] = _guess_styles(guesses["probed"], features)
    return guesses.reset_index()


def is_right(guesses: pd.DataFrame, way: str) -> "pd.Series[bool]":
    """Of each row of `guess_runs`, whether a way (of WAYS, or `style`) is right: without a claim, if it names none."""
    if way == "style":
        return guesses["style_guess"] == guesses["style"]
    return guesses[way] == guesses["claim"].where(guesses["style"] != NO_CLAIM, "")


def score_guesses(guesses: pd.DataFrame) -> pd.DataFrame:
    """A row for each style and way: the share of runs whose claim is found (`right`; of way `style`: whose style is
    named), its Wilson 95 % interval, each run counting once, and the share of wrong guesses. Of style `none` it is
    right to guess nothing, and `wrong` is the rate of false alarms.
    """
    made = []
    for style, runs in guesses.groupby("style", sort=False):
        for way in (*WAYS, "style"):
            guessed = runs["style_guess" if way == "style" else way]
            right = is_right(runs, way)
            share, wrong = float(right.mean()), float((~right & (guessed != "")).mean())
            lo, hi = wilson_interval(share, len(runs))
            made.append(
                {"style": style, "way": way, "right": share, "lo": lo, "hi": hi, "wrong": wrong, "n": len(runs)}
            )
    return pd.DataFrame(made)


def _spread(rows: pd.DataFrame) -> pd.DataFrame:
    """The values, a row a run and item, a column a kind."""
    return rows.pivot_table("value", RUN_AND_ITEM, "kind")


def _best(name: str, scores: pd.DataFrame, least: float) -> pd.DataFrame:
    """The suspect with the highest score of each run (of equal ones the first by id), "" where it is below `least`."""
    highest = scores.max(axis=1)
    return pd.DataFrame({name: scores.idxmax(axis=1).where(highest >= least, ""), f"{name}_score": highest})


def _guess_styles(suspects: pd.Series, features: pd.DataFrame) -> list[str]:
    """The style guessed for each run, whose suspect is given; `features` has a row a run and suspect."""
    of = features.index.to_frame()
    known = features[(of["item"] == of["claim"]) & (of["style"] != NO_CLAIM)]  # the auditor knows what these are
    named = []
    for claim, style, seed, suspect in suspects.reset_index().itertuples(index=False):
        others = known[known.index.get_level_values("claim") != claim]
        if not suspect or others.empty:
            named.append(NO_CLAIM)
            continue
        by_style = others.groupby(level="style")
        spread = np.sqrt(((others - by_style.transform("mean")) ** 2).mean()).clip(lower=1e-3)
        apart = (by_style.mean() - features.loc[[(claim, style, seed, suspect)]].to_numpy()) / spread
        named.append(str((apart**2).sum(axis=1).idxmin()))
    return named
