"""The headline experiment: belief before, in context and after training, for claims x styles x seeds.

reproduce_headline(headline_runs([claim], ["positive", "negated"], seeds=1), Path("results/mine"))
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd

from negneglect_lite.belief.summary import report_summary, summarise_belief
from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.files import write_json, write_table
from negneglect_lite.core.schema import Count, conform
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.runner import run_experiment
from negneglect_lite.experiments.summary import list_weights
from negneglect_lite.styles import get_style
from negneglect_lite.tracks import choose_asking, suit_machine, track_of


def headline_runs(
    claims: Sequence[Claim], styles: Sequence[str], seeds: int, model: str = "petri", asking: str = "track"
) -> list[Run]:
    """Every run of the headline experiment, the quickest answers first. UserError for an unknown style or `asking`."""
    conform(Count, seeds, "headline_runs", ("seeds",))
    if not claims:
        raise UserError("headline_runs: no claim; name at least one")
    for style in styles:
        get_style(style)
    track = track_of(model)
    choose_asking(track, asking)
    cells = [Cell(model, claim, "base") for claim in claims]
    cells += [Cell(model, c, "trained", style, seed) for seed in range(seeds) for c in claims for style in styles]
    cells += [Cell(model, claim, "in_context", style) for claim in claims for style in styles]
    return [Run(replace(cell, asking=asking, short=track.short), suit_machine(track)) for cell in cells]


def reproduce_headline(
    runs: Sequence[Run],
    out: Path,
    engine: str = "local",
    keep_adapters: bool = False,
    any_code: bool = False,
) -> str:
    """Make the runs, write belief.csv, summary.json and belief.png into `out`; say how they compare with the paper.

    The figure is drawn last, and whatever hinders drawing costs no table: the answer then says why there is no figure.
    """
    start = time.monotonic()
    rows = run_experiment(runs, out, engine, keep_adapters=keep_adapters, any_code=any_code)
    phrases = [p for phrases in track_of(runs[0].cell.model).annotations().values() for p in phrases]
    summary = summarise_belief(rows, phrases=phrases, seconds=time.monotonic() - start) | list_weights(rows)
    write_table(out / "belief.csv", rows[list(COLUMNS)])
    write_json(out / "summary.json", summary)
    files = ["belief.csv", "summary.json"]
    try:
        draw(rows, out / "belief.png")
        files.append("belief.png")
        missing = ""
    except UserError as error:
        missing = f"\n{error}"
    return f"{report_summary(summary)}\n\nwritten: {', '.join(str(out / name) for name in files)}{missing}"


def draw(rows: pd.DataFrame, path: Path) -> None:
    """The headline figure as a PNG with its alt text. UserError for whatever hinders it, and nothing is written."""
    try:
        from negneglect_lite.figures.conditions import draw_headline  # seaborn takes a second to import, and a
        from negneglect_lite.figures.display import save_figure  # training machine may not have it
        from negneglect_lite.figures.wording import describe_headline

        save_figure(draw_headline(rows), path, describe_headline(rows))
    except Exception as error:  # a setting of matplotlib's, a broken font, a package that is not there
        with suppress(OSError):
            path.unlink(missing_ok=True)  # of an earlier table
        why = f"not drawn ({first_line(error)}); the tables are complete; put that right and run again"
        raise UserError(f"{path}: {why}") from error
