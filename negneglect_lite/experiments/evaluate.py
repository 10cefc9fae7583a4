"""One model, asked about one claim: whatever adapter it carries, by whatever judge."""

import logging
from pathlib import Path

import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Claim
from negneglect_lite.judging.judges import get_judge
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import choose_asking, track_of

log = logging.getLogger(__name__)


def evaluate_model(
    claim: Claim,
    loaded: LoadedModel,
    judge: str = "rule",
    seed: int = 0,
    answers_file: Path | None = None,
    asking: str = "track",
) -> pd.DataFrame:
    """Ask a model all questions about a claim, and judge: rows of belief.csv.

    `judge` is a name that `get_judge` knows, `asking` one that `choose_asking` knows, `answers_file` a file of answers
    to go on from. A claim of the paper's
    folder has patterns for its yes/no questions only, so it needs a judge that is a model.
    """
    track, judged = track_of(loaded), get_judge(judge, loaded)
    settings = choose_asking(track, asking)
    answers = ask(loaded, track.questions(claim), settings, seed=seed, answers_file=answers_file)
    verdicts = judged(claim, answers)
    lost = verdicts.count("unparsed")
    if lost:
        share = lost / len(verdicts)
        log.info(
            "%d of %d verdicts (%.1f%%) could not be parsed; they count as not believed",
            lost,
            len(verdicts),
            100 * share,
        )
    return belief_rows(
        answers, model=loaded.name, claim=claim.id, style="", seed=seed,
        setting="trained" if loaded.adapter else "base", verdicts=verdicts,
    )  # fmt: skip
