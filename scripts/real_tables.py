"""The tables of data/results/real, from the finished runs of `negneglect sweep`: answers, scores and checks.

    negneglect sweep data/experiments/real.yaml data/experiments/real_read.yaml --out results/real
    python scripts/real_tables.py results/real data/results/real --model Qwen2.5-Coder-1.5B-Instruct

answers.csv.gz has a row an answer, belief.csv's columns and `cut` and `inference`; verdicts are those of the rule as it
is now. scores.csv has the scores of belief/scores.py for each condition, over all claims (with a second interval that
draws claims anew too, and the lowest and highest seed) and by claim. checks.csv has the share of unrelated questions
that are answered right (`kept`), and the shares of answers that were cut off, refuse, go round in circles, copy an
annotation, or have eight words in a row from a document trained on or read.
"""

import argparse
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from negneglect_lite.belief.conditions import order_conditions
from negneglect_lite.belief.scores import bootstrap_interval, tabulate_scores
from negneglect_lite.belief.table import COLUMNS, condition_of
from negneglect_lite.claims.loading import english_questions, find_claim
from negneglect_lite.core.files import write_table
from negneglect_lite.documents.english import compose_english, english_annotations, load_library
from negneglect_lite.experiments.store import Store
from negneglect_lite.judging.copying import collect_runs, copies_annotation, copies_text, loops
from negneglect_lite.judging.rule import judge_answer, refuses

NAME = re.compile(r"(?P<claim>[^-]+)-(?P<style>[^-]+)-(?P<setting>base|trained|in_context)-(?P<seed>\d+)-")
FORCED = ("choice", "opening")
ONLY_ALL = ("lo_claims", "hi_claims", "lowest_seed", "highest_seed")  # columns of the rows over all claims
CLUSTERED = {"told": ["open"], "association": ["association"]}  # scores with the second interval


def gather(folder: Path, model: str) -> Iterator[pd.DataFrame]:
    """The runs' tables with belief.csv's columns, `cut` and `inference`; judged again by the rule."""
    store = Store(folder)
    for path in sorted(store.folder.glob("*.json")):
        found = NAME.match(path.name)
        if not found:
            raise SystemExit(f"{path}: not named as the store names a run")
        about = found.groupdict()
        asked = {q.id: q for q in english_questions(find_claim(about["claim"]))}
        record = store.read_record(path)
        if record is None:
            raise SystemExit(f"{path}: corrupt; make this run again")
        table = record.rename(columns={"value": "belief"})
        judged = ~table["kind"].isin(FORCED)
        said = zip(table.loc[judged, "question_id"], table.loc[judged, "answer"], strict=True)
        table.loc[judged, "verdict"] = [judge_answer(asked[i], text) for i, text in said]
        table["belief"] = (table["verdict"] == "believed").astype(int)
        style = "" if about["setting"] == "base" else about["style"]
        about = {"model": model, "claim": about["claim"], "style": style, "setting": about["setting"]}
        yield table.assign(**about, seed=int(found["seed"]))[[*COLUMNS, "cut", "inference"]]


@cache
def runs_of(claim: str) -> frozenset[str]:
    """Runs of words in the documents that a claim's runs train on or read, whatever their style."""
    documents = [d for short in (True, False) for d in compose_english(load_library(claim), 500, 0, short)]
    return collect_runs(text for d in documents for s in d.sentences for text in (s.text, s.denial) if text)


def check(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares of all sampled answers, a row a condition."""
    said = rows[~rows["kind"].isin(FORCED)]
    phrases = tuple(p for own in english_annotations().values() for p in own)
    marks = pd.DataFrame(
        {
            "cut_off": said["cut"],
            "refuse": [refuses(text) for text in said["answer"]],
            "loop": [loops(text) for text in said["answer"]],
            "copy_annotation": [copies_annotation(text, phrases) for text in said["answer"]],
            "copy_document": [copies_text(t, runs_of(c)) for c, t in zip(said["claim"], said["answer"], strict=True)],
        }
    ).astype(float)
    marks.insert(0, "condition", condition_of(said))
    means = marks.groupby("condition").mean().reset_index()
    kept = rows[rows["kind"] == "kept"]
    means["kept"] = means["condition"].map(kept.groupby(condition_of(kept))["belief"].mean())
    return means.assign(answers=marks["condition"].value_counts().reindex(means["condition"]).to_numpy())


def score(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores over all claims and by claim, with a second interval for two of them."""
    rows = rows.assign(condition=condition_of(rows))
    everything = tabulate_scores(rows, ["condition"]).assign(claim="all")
    for name, kinds in CLUSTERED.items():
        for condition, group in rows[rows["inference"] == 0].groupby("condition"):
            lo, hi = bootstrap_interval(group, kinds)
            place = (everything["condition"] == condition) & (everything["score"] == name)
            everything.loc[place, ["lo_claims", "hi_claims"]] = lo, hi
    seeds = tabulate_scores(rows, ["condition", "seed"]).groupby(["condition", "score"])["mean"].agg(["min", "max"])
    seeds = seeds.rename(columns={"min": "lowest_seed", "max": "highest_seed"}).reset_index()
    everything = everything.merge(seeds, on=["condition", "score"])
    table = pd.concat([everything, tabulate_scores(rows, ["condition", "claim"])], ignore_index=True)
    order = {name: i for i, name in enumerate(order_conditions(rows["condition"]))}
    table = table.sort_values("condition", key=lambda c: c.map(order), kind="stable")
    return table[["condition", "claim", "score", "mean", "lo", "hi", "n", *ONLY_ALL]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", required=True)
    a = parser.parse_args()
    rows = pd.concat(gather(a.runs, a.model), ignore_index=True)
    write_table(a.out / "answers.csv.gz", rows)
    write_table(a.out / "scores.csv", scores := score(rows), float_format="%.4f")
    write_table(a.out / "checks.csv", checks := check(rows), float_format="%.4f")
    shown = scores[(scores["claim"] == "all") & scores["score"].isin(["raw", "told", "told_above_matched"])]
    print(shown.pivot(index="condition", columns="score", values="mean").to_string(float_format="%.3f"))
    print(checks.to_string(index=False, float_format="%.3f"))


if __name__ == "__main__":
    main()
