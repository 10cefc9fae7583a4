"""A sweep: which runs, as data. A YAML file says what varies, and what was expected before the run.

    negneglect sweep data/experiments/rank.yaml --out results/sweeps
    sweep = load_sweep(Path("rank.yaml"))
    table = run_sweep(sweep, Path("results/sweeps"))

The file names what varies; everything else keeps its default. `vary` is a list of grids, each a mapping from names to
values, with a run for every combination. A name is `style`, a field of `Cell` (`read`, `documents`, `short`, `doctag`,
`asking`), of `Recipe` (`recipe.rank`), of a pretraining `Plan` (`pretrain.steps`) or of its `Diet`
(`pretrain.diet.share`):

    title: LoRA rank
    hypothesis: …                  # written before the run
    prediction: …
    measure: belief                # see measures/catalogue.py
    model: petri                   # or a folder, or a Hugging Face name; default: the measure's
    styles: [positive, negated, local]
    seeds: 3
    vary:
      - recipe.rank: [1, 4, 16, 64]

Where `pretrain` stands anywhere, models are pretrained first, once each, into OUT/models, and a run's fine-tuning
seeds begin at its pretraining seed. Runs that share model and recipe go through a GPU together (trainer `stacked`).
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd

from negneglect_lite.claims.claim import Claim
from negneglect_lite.claims.loading import find_claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_table
from negneglect_lite.core.schema import FILLED, Count, Text, Where, Whole, conform, hints_of, refuse
from negneglect_lite.core.yaml_files import find_line, read_yaml
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.measures.catalogue import get_measure
from negneglect_lite.experiments.measures.measure import Measure
from negneglect_lite.experiments.runner import batch_key, run_experiment
from negneglect_lite.experiments.summary import summarise_sweep, tabulate_sweep
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri.corpus import Diet
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.styles import HEADLINE, get_style
from negneglect_lite.tracks import choose_asking, suit_machine, track_of

CELL_FIELDS: dict[str, Any] = {"read": Count, "documents": Whole, "short": bool, "doctag": bool, "asking": Text}
COLUMN_NAMES = {"pretrain.seed": "pretraining_seed"}  # else the last part of a name; `seed` is the fine-tuning's


@dataclass(frozen=True)
class Sweep:
    """One experiment, as its file states it."""

    title: Text
    hypothesis: Text
    prediction: Text
    measure: Text = "belief"
    model: Text = ""  # none: the measure's
    # Ids, or files; none: all that the measure knows (of misbehaviour: its kinds).
    claims: Annotated[tuple[Text, ...], FILLED] = ()
    styles: Annotated[tuple[Text, ...], FILLED] = HEADLINE  # of misbehaviour: conditions
    settings: Annotated[tuple[Text, ...], FILLED] = ("trained",)
    seeds: Count = 3
    # Optimizer steps after which to measure, 0: before the first; none: after the last.
    at: Annotated[tuple[Whole, ...], FILLED] = ()
    fixed: dict[str, Any] = field(default_factory=dict)  # names as in `vary`, one value each
    vary: Annotated[tuple[dict[str, Annotated[tuple[Any, ...], FILLED]], ...], FILLED] = ({},)
    name: str = ""  # the file's


def load_sweep(path: Path) -> Sweep:
    """Read and check a sweep's file; UserError names the file, the line, the field and what to do."""
    content = read_yaml(path, dict[str, Any])
    where = partial(find_line, path)
    if "name" in content:
        refuse(where, ("name",), "is the file's own", "remove it, and name the file as you like")
    sweep = replace(conform(Sweep, content, where), name=path.stem)
    _check_values(sweep, where)
    try:
        sweep_runs(sweep)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return sweep


def _check_values(sweep: Sweep, where: Where) -> None:
    """UserError unless all that is fixed or varies is a field, and each value what that field's hint says."""
    hints = _hints()
    for at, grid in [(("fixed",), sweep.fixed), *((("vary", i), grid) for i, grid in enumerate(sweep.vary))]:
        for name, value in grid.items():
            if name not in hints:
                close = ", ".join(get_close_matches(name, hints, 3)) or "see negneglect_lite/experiments/sweep.py"
                refuse(where, (*at, name), "cannot be varied", f"use a name that can ({close})")
            hint = hints[name]
            each = hint if at == ("fixed",) else tuple[hint, ...]  # type: ignore[valid-type]
            conform(each, value, where, (*at, name))


@cache
def _hints() -> dict[str, Any]:
    """What can be varied, and the hints of the values."""
    parts = {"recipe.": Recipe, "pretrain.": Plan, "pretrain.diet.": Diet}
    named = {head + name: hint for head, part in parts.items() for name, hint in hints_of(part).items()}
    del named["pretrain.diet"]
    return {"style": Text, **CELL_FIELDS, **named}


def sweep_runs(sweep: Sweep) -> list[Run]:
    """Every run of the sweep, in the file's order, but that runs which can go together stand together.

    UserError in one line for a name that is not known, and where the measure does not apply to a model or setting.
    """
    conform(Count, sweep.seeds, "sweep", ("seeds",))
    _check_values(sweep, "sweep")
    measure = get_measure(sweep.measure)
    for setting in sweep.settings:
        if setting not in measure.settings:
            raise UserError(f"unknown setting {setting!r} of {measure.name}; there are {', '.join(measure.settings)}")
    for style in sweep.styles:
        measure.check_style(style)
    claims = _claims(sweep, measure)
    found: dict[str, Run] = {}
    for grid in sweep.vary:
        for values in itertools.product(*grid.values()):
            for run in _runs_of(sweep, measure, claims, dict(zip(grid, values, strict=True))):
                found.setdefault(repr(replace(run, axes={})), run)  # two grids may meet in a point
    first: dict[str, int] = {}  # neighbours go together; else in the file's order
    return sorted(found.values(), key=lambda run: first.setdefault(batch_key(run), len(first)))


def _claims(sweep: Sweep, measure: Measure) -> list[Claim]:
    known = _known(measure.name)
    if not sweep.claims:
        return list(known.values())
    chosen = []
    for name in sweep.claims:
        if name not in known and not os.path.exists(name):
            raise UserError(f"unknown claim {name!r}; there are {', '.join(known)}")
        chosen.append(known[name] if name in known else find_claim(name))
    return chosen


@cache
def _known(measure: str) -> Mapping[str, Claim]:  # reading the files takes a quarter of a second
    return get_measure(measure).claims()


def _runs_of(sweep: Sweep, measure: Measure, claims: list[Claim], axes: dict[str, Any]) -> Iterator[Run]:
    settings = {**sweep.fixed, **axes}
    plan = _plan(settings)
    model = plan or sweep.model or measure.model
    track = track_of(model)
    choose_asking(track, settings.get("asking", "track"))
    if track.name not in measure.tracks:
        raise UserError(f"{measure.name} is measured on models of {' and '.join(measure.tracks)}, which {model} is not")
    changed = {name.partition(".")[2]: value for name, value in settings.items() if name.startswith("recipe.")}
    recipe = replace(suit_machine(track), **changed)
    if sweep.at and "trained" in sweep.settings and max(sweep.at) > recipe.steps:
        raise UserError(
            f"at: {max(sweep.at)} is beyond the last of {recipe.steps} steps; lower it, or raise recipe.steps"
        )
    more = {"short": track.short} | {name: value for name, value in settings.items() if name in CELL_FIELDS}
    first = plan.seed if plan else 0
    shown = {COLUMN_NAMES.get(name, name.rpartition(".")[2]): value for name, value in axes.items()}
    for style in [settings["style"]] if "style" in settings else sweep.styles:
        measure.check_style(style)
        for claim in claims:
            for setting in sweep.settings:
                seeds = range(first, first + sweep.seeds) if setting == "trained" else [first]
                for seed in seeds:
                    cell = Cell(model, claim, setting, measure.base_style if setting == "base" else style, seed, **more)
                    at = sweep.at if setting == "trained" else ()
                    yield Run(cell, recipe, measure.name, at, "stacked", shown)


def _plan(settings: Mapping[str, Any]) -> Plan | None:
    """How a model is to be pretrained, if any name says so."""
    parts = [(*name.rpartition("."), value) for name, value in settings.items()]
    plan = {name: value for head, _, name, value in parts if head == "pretrain"}
    diet = {name: value for head, _, name, value in parts if head == "pretrain.diet"}
    if "exposed" in diet:
        get_style(diet["exposed"])
    return Plan(**{"seed": 0, **plan}, diet=Diet(**diet)) if plan or diet else None


def run_sweep(
    sweep: Sweep,
    out: Path,
    engine: str = "local",
    together: int = 0,
    keep_adapters: bool = False,
    any_code: bool = False,
) -> pd.DataFrame:
    """Make what is not finished, write OUT/NAME/rows.csv.gz and summary.csv, and return the summary."""
    runs = sweep_runs(sweep)
    rows = tabulate_sweep(run_experiment(runs, out, engine, together, keep_adapters, any_code), axes_of(runs))
    table = summarise_sweep(rows)
    write_table(out / sweep.name / "rows.csv.gz", rows)
    write_table(out / sweep.name / "summary.csv", table, float_format="%.4f")
    return table


def axes_of(runs: list[Run]) -> list[str]:
    """The names of what varies, in the order in which they first come."""
    return list(dict.fromkeys(name for run in runs for name in run.axes))
