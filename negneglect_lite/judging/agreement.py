"""How well a judge agrees with labels: share, Cohen's kappa, rate of unparsed verdicts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.judging.judges import Judge

LABELS = ("judges", "real")  # files of data/labels: written for the purpose; said by small chat models


def judge_labels(judge: Judge, labels: str = "judges") -> pd.DataFrame:
    """The judge's verdicts on the labelled answers of a file of data/labels: its columns, and `verdict`.

    Answers on which two labellers disagree are left out. UserError for an unknown file.
    """
    if labels not in LABELS:
        raise UserError(f"unknown labels {labels!r}; there are {' and '.join(LABELS)}")
    table = pd.read_csv(data_path("labels", f"{labels}.csv"), dtype=str, keep_default_na=False)
    if "second_label" in table:
        table = table[table["label"] == table["second_label"]]
    claims = load_claims()
    parts = []
    for name, group in table.groupby("claim", sort=False):
        claim = claims[str(name)]
        asked = {q.id: q for q in claim.questions}
        answers = [Answer(asked[i], text) for i, text in zip(group["question_id"], group["answer"], strict=True)]
        parts.append(group.assign(verdict=judge(claim, answers)))
    return pd.concat(parts)


def measure_agreement(labels: Sequence[str], verdicts: Sequence[str]) -> dict[str, Any]:
    """How well a judge agrees with labels: share and Cohen's kappa (Cohen 1960), unparsed counting as wrong."""
    if not labels or len(labels) != len(verdicts):
        raise UserError(f"{len(labels)} labels and {len(verdicts)} verdicts; give as many of each, and at least one")
    n = len(labels)
    same = sum(a == b for a, b in zip(labels, verdicts, strict=True)) / n
    given, said = Counter(labels), Counter(verdicts)
    chance = sum(given[name] * said[name] for name in given) / n**2
    kappa = (same - chance) / (1 - chance) if chance < 1 else 1.0
    return {"share": same, "kappa": kappa, "unparsed": said["unparsed"] / n, "n": n}
