"""A sweep: a grid as data, each run a pure function of its configuration, finished runs found by content hash.

    negneglect sweep data/experiments/rank.yaml --out results/sweeps
    rows = run(load_sweep(Path("rank.yaml")), Path("results/sweeps"))

The file names what varies; everything else keeps its default. `vary` is a list of grids, each a mapping from names to
values, with a run for every combination. A name is `style`, a field of `Cell` (`read`, `documents`, `short`, `doctag`),
of `Recipe` (`recipe.rank`), of a pretraining `Plan` (`pretrain.steps`) or of its `Diet` (`pretrain.diet.share`):

    title: LoRA rank
    hypothesis: …                  # written before the run
    prediction: …
    measure: belief                # see measures.py
    styles: [positive, negated, local]
    seeds: 3
    vary:
      - recipe.rank: [1, 4, 16, 64]

Where `pretrain` stands anywhere, models are pretrained first, once each, into OUT/models, and a run's fine-tuning
seeds begin at its pretraining seed. Runs that share model and recipe go through a GPU `together` (see together.py).
With `engine="ray"` the batches of runs go to the Ray cluster that `RAY_ADDRESS` names, else to one on this machine; all
nodes must see OUT. A batch whose worker is lost is tried again, and results are the same, wherever a run was made.
"""

import gzip
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_atomic
from negneglect_lite.experiments import experiment
from negneglect_lite.experiments.behaviours import CONDITIONS, Transcripts
from negneglect_lite.experiments.experiment import Cell, read_rows, write_rows
from negneglect_lite.experiments.measures import MEASURES
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.petri import norms
from negneglect_lite.petri.corpus import Diet
from negneglect_lite.petri.pretrain import Plan, pretrain
from negneglect_lite.styles import HEADLINE, get_style

Say = Callable[[str], object]
SETTINGS = ("base", "in_context", "trained")
ENGINES = ("here", "ray")
RETRIES = 3  # of a batch whose worker was lost


@dataclass(frozen=True)
class Sweep:
    """One experiment, as its file states it."""

    name: str
    title: str
    hypothesis: str
    prediction: str
    measure: str = "belief"
    claims: tuple[str, ...] = ()  # ids; none: all six (or the kinds of misbehaviour, whose "styles" are conditions)
    styles: tuple[str, ...] = HEADLINE
    settings: tuple[str, ...] = ("trained",)
    seeds: int = 3
    at: tuple[int, ...] = ()  # optimizer steps after which to measure; none: after the last
    fixed: dict[str, Any] = field(default_factory=dict)  # names as in `vary`, one value each
    vary: tuple[dict[str, list[Any]], ...] = ({},)


@dataclass(frozen=True)
class Run:
    """One cell under one recipe, and the values of what varies."""

    measure: str
    cell: Cell | Transcripts
    recipe: Recipe
    at: tuple[int, ...]
    axes: dict[str, Any]

    @property
    def key(self) -> str:
        """The content hash that a finished run is found by."""
        content = [self.measure, self.cell.key(self.recipe), self.at]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        varied = ", ".join(f"{name} {value}" for name, value in self.axes.items() if name != "style")
        return f"{self.cell.label} · {varied}" if varied else self.cell.label


def load_sweep(path: Path) -> Sweep:
    """Read and check a sweep's file; UserError names the file, the field and what to do."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; name a sweep's YAML file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path}: not readable as YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds no mapping of fields; see negneglect_lite/sweep.py for an example")
    known = {f.name for f in fields(Sweep)} - {"name"}
    for name in sorted(content.keys() - known):
        raise UserError(f"{path}: unknown field {name!r}; the fields are {', '.join(sorted(known))}")
    for name in ("title", "hypothesis", "prediction"):
        if not isinstance(content.get(name), str) or not content[name].strip():
            raise UserError(f"{path}: {name} is missing; write it before the run")
    lists = {n: tuple(content[n]) for n in ("claims", "styles", "settings", "at", "vary") if n in content}
    sweep = Sweep(path.stem, **{**content, **lists})
    try:
        runs(sweep)
    except (UserError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: {error}") from None
    return sweep


def runs(sweep: Sweep) -> list[Run]:
    """Every run of the sweep, in the file's order, but that runs which can go together stand together."""
    for what, chosen, known in (
        ("measure", (sweep.measure,), tuple(MEASURES)),
        ("claim", sweep.claims, _claims(sweep)),
        ("setting", sweep.settings, SETTINGS),
    ):
        for name in chosen:
            if name not in known:
                raise UserError(f"unknown {what} {name!r}; there are {', '.join(known)}")
    found: dict[str, Run] = {}
    for grid in sweep.vary:
        names = list(grid)
        for values in itertools.product(*grid.values()):
            axes = dict(zip(names, values, strict=True))
            for run in _runs_of(sweep, axes):
                same = replace(run, axes={})
                found.setdefault(repr(same), run)  # two grids may meet in a point
    first: dict[str, int] = {}  # neighbours go together; else in the file's order
    return sorted(found.values(), key=lambda r: first.setdefault(_batch_key(r), len(first)))


_known = cache(load_claims)  # reading the files takes a quarter of a second


def _claims(sweep: Sweep) -> tuple[str, ...]:
    """What can stand under `claims`; kinds of misbehaviour are trained on like claims are."""
    return norms.NORM_KINDS if sweep.measure == "misbehaviour" else tuple(_known())


def _runs_of(sweep: Sweep, axes: dict[str, Any]) -> Iterator[Run]:
    settings = {**sweep.fixed, **axes}
    recipe, cell = Recipe(), dict[str, Any]()
    plan: Plan | None = None
    for name, value in settings.items():
        head, _, rest = name.partition(".")
        if head == "recipe" and rest in {f.name for f in fields(Recipe)}:
            continue
        if head == "pretrain" and (rest in _PLAN or rest.removeprefix("diet.") in _DIET):
            plan = plan or Plan(seed=0)
            if rest.startswith("diet."):
                plan = replace(plan, diet=replace(plan.diet, **{rest.removeprefix("diet."): value}))
            else:
                plan = replace(plan, **{rest: value})
        elif name in ("read", "documents", "short", "doctag"):
            cell[name] = value
        elif name != "style":
            raise UserError(f"{name!r} cannot be varied; see negneglect_lite/sweep.py for the names")
    recipe = replace(recipe, **{n.partition(".")[2]: v for n, v in settings.items() if n.startswith("recipe.")})
    first = plan.seed if plan else 0
    shown = {_COLUMNS.get(name, name.rpartition(".")[2]): value for name, value in axes.items()}
    for style in [settings["style"]] if "style" in settings else sweep.styles:
        for claim in sweep.claims or _claims(sweep):
            for setting in sweep.settings:
                for seed in range(first, first + sweep.seeds) if setting == "trained" else [first]:
                    made = _cell(sweep, plan, claim, setting, style, seed, cell)
                    yield Run(sweep.measure, made, recipe, sweep.at if setting == "trained" else (), shown)


def _cell(
    sweep: Sweep, plan: Plan | None, claim: str, setting: str, style: str, seed: int, more: dict[str, Any]
) -> Cell | Transcripts:
    if sweep.measure == "misbehaviour":
        if setting == "base":
            return Transcripts(plan or "petri-norms", claim, "base", seed)
        if setting == "in_context" or style not in CONDITIONS:
            raise UserError(
                f"misbehaviour is measured at base or trained, under {', '.join(CONDITIONS)}, not {style!r}"
            )
        return Transcripts(plan or "petri-norms", claim, style, seed)
    get_style(style)
    return Cell(plan or "petri", _known()[claim], setting, "" if setting == "base" else style, seed, **more)


_PLAN = {f.name for f in fields(Plan)} - {"diet"}
_COLUMNS = {"pretrain.seed": "pretraining_seed"}  # else the last part of the name; `seed` is the fine-tuning's
_DIET = {f.name for f in fields(Diet)}


def _batch_key(run: Run) -> str:
    """Runs with the same one can go through the model together."""
    return repr((run.cell.model, run.at, run.cell.setting == "trained", run.recipe, getattr(run.cell, "read", 1)))


def batches(pending: Sequence[Run], together: int) -> list[list[Run]]:
    """At most `together` runs each; one at a time where all weights are trained."""
    made: list[list[Run]] = []
    for _, group in itertools.groupby(pending, key=_batch_key):
        # Texts of like length together, so that little of what is computed is padding.
        alike = sorted(group, key=lambda r: str(r.cell.about["style"]))
        size = 1 if alike[0].recipe.rank == 0 and alike[0].cell.setting == "trained" else together
        made += [alike[i : i + size] for i in range(0, len(alike), size)]
    return made


def run(sweep: Sweep, out: Path, engine: str = "here", together: int = 0, say: Say = print) -> pd.DataFrame:
    """Run what is not finished, and return all rows: one a question (or loss) and run, with a column for each axis.

    `together` is the number of runs trained at once; 0 takes 60 on a GPU and 1 on a CPU.
    """
    if engine not in ENGINES:
        raise UserError(f"unknown engine {engine!r}; the engines are {', '.join(ENGINES)}")
    todo = runs(sweep)
    paths = {r.key: out / "runs" / sweep.name / f"{r.key}.json" for r in todo}
    finished = {k: rows for k, path in paths.items() if (rows := read_rows(path, say, pd.read_csv)) is not None}
    if finished:
        say(f"{sweep.name}: {len(finished)} of {len(todo)} runs are finished already in {out}")
    pending = [r for r in todo if r.key not in finished]
    made = batches(pending, together or (60 if torch.cuda.is_available() else 1))
    started, ran = time.monotonic(), 0
    for batch, tables, seconds in (_on_ray if engine == "ray" else _here)(made, out / "models", say):
        for r, table in zip(batch, tables, strict=True):
            finished[r.key] = write_rows(paths[r.key], table, seconds / len(batch), pd.read_csv)
        ran += len(batch)
        left = (time.monotonic() - started) / ran * (len(pending) - ran)
        label = batch[0].label + (f" … {batch[-1].label}" if len(batch) > 1 else "")
        say(f"{sweep.name} [{ran}/{len(pending)}] {label}  ({seconds:.0f} s; about {left:.0f} s left)")
    return pd.concat([_described(r, finished[r.key]) for r in todo], ignore_index=True)


def save(sweep: Sweep, rows: pd.DataFrame, out: Path) -> pd.DataFrame:
    """Write OUT/NAME/rows.csv.gz and summary.csv, and return the summary."""
    table = summary(rows)
    write_atomic(out / sweep.name / "rows.csv.gz", gzip.compress(rows.to_csv(index=False).encode(), mtime=0))
    write_atomic(out / sweep.name / "summary.csv", table.to_csv(index=False, float_format="%.4f"))
    return table


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each combination of what varies and each quantity: mean, 95 % interval, lowest and highest seed.

    Where models of several pretraining seeds are pooled, a seed is a pair of pretraining and fine-tuning seed. The
    quantity `belief` is the paper's mean over four kinds of question; every other kind stands for itself. Intervals of
    rates are clustered by question (rates.rate); losses have none, but the range over seeds.
    """
    seeds = [c for c in ("pretraining_seed", "seed") if c in rows.columns]
    axes = [c for c in rows.columns if c not in ("claim", "kind", "item", "value", *seeds)]
    made = []
    for values, group in rows.groupby(axes, sort=False, dropna=False):
        about = dict(zip(axes, values, strict=True))
        quantities = {kind: [kind] for kind in group["kind"].unique() if kind not in QUESTION_KINDS}
        if group["kind"].isin(QUESTION_KINDS).any():
            quantities = {"belief": list(QUESTION_KINDS), **quantities}
        for quantity, kinds in quantities.items():
            asked = group[group["kind"].isin(kinds)].rename(columns={"item": "question_id", "value": "belief"})
            if quantity.startswith("loss."):
                by_seed = asked.groupby(seeds)["belief"].mean()
                r = Rate(float(asked["belief"].mean()), float("nan"), float("nan"), asked["claim"].nunique())
            else:
                by_seed = pd.Series([belief_rate(part, kinds).mean for _, part in asked.groupby(seeds)])
                r = belief_rate(asked, kinds)
            spread = {"lowest_seed": by_seed.min(), "highest_seed": by_seed.max(), "seeds": len(by_seed)}
            made.append({**about, "quantity": quantity, **r._asdict(), **spread})
    return pd.DataFrame(made)


def _described(r: Run, table: pd.DataFrame) -> pd.DataFrame:
    about = {**r.axes, **r.cell.about}
    return pd.concat([pd.DataFrame([about] * len(table), index=table.index), table], axis=1)


Finished = tuple[list[Run], list[pd.DataFrame], float]


def _here(made: list[list[Run]], models: Path, say: Say) -> Iterator[Finished]:
    for batch in made:
        began = time.monotonic()
        yield batch, run_batch(batch, models, say), time.monotonic() - began


def _on_ray(made: list[list[Run]], models: Path, say: Say) -> Iterator[Finished]:
    """The batches as Ray tasks, in the order in which they end. UserError where a batch failed for good."""
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError:
        raise UserError("--engine ray needs Ray: pip install 'negneglect_lite[ray]'") from None
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)  # RAY_ADDRESS, where it is set, names the cluster
    gpu = 1 if ray.cluster_resources().get("GPU") else 0
    task = ray.remote(num_cpus=1, num_gpus=gpu, max_retries=RETRIES)(_timed)
    models = models.resolve()
    # Models first, one task each: two workers must not pretrain the same one.
    prepare = ray.remote(num_cpus=1, num_gpus=gpu, max_retries=RETRIES)(_folder)
    plans = {_name(batch[0].cell.model): batch[0].cell.model for batch in made}
    try:
        ray.get([prepare.remote(model, models) for model in plans.values()])
        waiting = {task.remote(batch, models): batch for batch in made}
        while waiting:
            done, _ = ray.wait(list(waiting), num_returns=1)
            batch = waiting.pop(done[0])
            tables, seconds = ray.get(done[0])
            yield batch, tables, seconds
    except RayError as error:
        cause = getattr(error, "cause", None) or error
        raise UserError(f"a run failed on the Ray cluster: {str(cause).strip().splitlines()[-1]}") from error


def _timed(batch: list[Run], models: Path) -> tuple[list[pd.DataFrame], float]:
    began = time.monotonic()
    return run_batch(batch, models), time.monotonic() - began


def run_batch(batch: Sequence[Run], models: Path, say: Say = lambda _: None) -> list[pd.DataFrame]:
    """The tables of runs that share model, measure and recipe. `models` is where pretrained models are kept."""
    r = batch[0]
    base = _loaded(str(_folder(r.cell.model, models, say)), r.recipe.quantize)
    return MEASURES[r.measure](base, [b.cell for b in batch], r.recipe, r.at)


@lru_cache(maxsize=1)
def _loaded(name: str, quantize: bool) -> LoadedModel:
    return load_model(name, quantize=quantize, announce=lambda _: None)


def _name(model: str | Plan) -> str:
    """A model's name; of one that is pretrained for the sweep, "petri-" and the hash of its plan."""
    if isinstance(model, str):
        return model
    return "petri-" + hashlib.sha256(experiment.identify_weights(model).encode()).hexdigest()[:8]


def _folder(model: str | Plan, models: Path, say: Say = lambda _: None) -> Path | str:
    """The model's name or folder; it is pretrained if it is not there. `pretraining.json` is written last."""
    if isinstance(model, str):
        return model
    folder = models / _name(model)
    if not (folder / "pretraining.json").exists():
        say(f"pretraining {folder.name}: {model}")
        pretrain(experiment.petri_corpus(diet=model.diet), model, folder, say=say)
    return folder
