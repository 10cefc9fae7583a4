"""Judges that are language models, beside the rule of judging.py: verdicts on answers, and how well judges agree.

    rule(claim, answers)                         # judging.verdict, no model
    ChoiceJudge(loaded)(claim, answers)          # log-probabilities of three options, permuted, against a control
    TextJudge(local(loaded))(claim, answers)     # the model writes a verdict; `adapter_off(trained)` is the base model
    TextJudge(Endpoint("…"))(claim, answers)     # the same through an endpoint
    agreement(labels, verdicts)                  # share, Cohen's kappa, rate of unparsed verdicts

A judge is a function from answers to verdicts: believed, denied, neither, or "unparsed" where it gave none. It is
told the claim, the question and the answer; the answer stands in the prompt as a JSON string without "<" and "[", with
which special tokens are written, so it can neither close its own quotation nor speak in another's turn, and only the
judge's own reply is parsed.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.judging.judges import Judge


def judge_labels(judge: Judge) -> pd.DataFrame:
    """The judge's verdicts on the 240 labelled answers of data/labels/judges.csv: its columns, and `verdict`."""
    table = pd.read_csv(data_path("labels", "judges.csv"), dtype=str, keep_default_na=False)
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
