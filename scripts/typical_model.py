"""Which pretrained model is most like the others: the rule of data/experiments/five_models.yaml, from the stored rows.

    python scripts/typical_model.py

A model's profile is its belief after training on each of five styles. Its distance is the mean over the styles of
|its belief - the mean over the sisters|, in points; a sister's is taken to the mean over the four others. Model 0
(pretraining seed 0), which was shipped when the rule was written, was to stay if its distance is at most the median of
the sisters'. Otherwise the nearest sister is named whose exam passes; the exam (`negneglect exam`) needs the model
itself and is no part of this script. Sister 3 was named, and is the petri model now.
"""

import pandas as pd

from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.belief.table import read_belief
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path

STYLES = ("positive", "negated", "repeated", "corrected", "local")
SISTERS = data_path("results", "sweeps", "five_models", "rows.csv.gz")
MODEL_0 = data_path("results", "replication", "model_0.csv.gz")  # `negneglect reproduce --seeds 3` with that model


def read_profiles() -> pd.DataFrame:
    """Belief after training in percent: a row for each style, a column for each model, by its pretraining seed."""
    rows = pd.read_csv(SISTERS, keep_default_na=False).rename(columns={"item": "question_id", "value": "belief"})
    sisters = {f"{seed}": profile(own) for seed, own in rows.groupby("pretraining_seed")}
    return pd.DataFrame({"0": profile(read_belief(MODEL_0)), **sisters})


def profile(rows: pd.DataFrame) -> "pd.Series[float]":
    """One model's belief after training on each style, in percent. UserError if a style was not trained on."""
    trained = rows[rows["setting"] == "trained"]
    if missing := sorted(set(STYLES) - set(trained["style"])):
        raise UserError(f"no trained rows of style {', '.join(missing)}; make them with the sweep five_models")
    return pd.Series({style: 100 * belief_rate(trained[trained["style"] == style]).mean for style in STYLES})


def measure_distances(profiles: pd.DataFrame) -> "pd.Series[float]":
    """Each model's distance, in points, as the module says; `profiles` is that of read_profiles."""
    sisters = profiles.drop(columns="0")
    return pd.Series(
        {
            name: (profiles[name] - sisters.drop(columns=name, errors="ignore").mean(axis=1)).abs().mean()
            for name in profiles
        }
    )


def stays(distances: "pd.Series[float]") -> bool:
    """Whether model 0 is at most as far as the median sister."""
    return bool(distances["0"] <= distances.drop("0").median())


def main() -> None:
    profiles = read_profiles()
    distances = measure_distances(profiles)
    sisters = distances.drop("0")
    table = profiles.assign(mean=profiles.drop(columns="0").mean(axis=1)).rename(index=label)
    print("Belief after training, in percent:", table.round(1).to_string(), "", sep="\n")
    print("Distance in points:", distances.round(1).to_string(), "", sep="\n")
    verdict = "stays" if stays(distances) else "does not stay"
    print(f"Median of the sisters: {sisters.median():.1f}. By the rule model 0 {verdict}.")
    if not stays(distances):
        print(f"In its place, the first of these whose exam passes: {', '.join(sisters.sort_values().index)}.")


if __name__ == "__main__":
    main()
