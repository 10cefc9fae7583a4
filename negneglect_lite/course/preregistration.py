"""A small pre-registered study: its plan is sealed before anything is measured, and a report is made from the table.

    mine = add_style(my_style)             # a style of one's own; its name changes when its texts change
    sealed = register(folder, describe_study(claim, ["positive", mine], seeds=2, prediction={"base": 5, mine: 60}))
    rows = run_experiment(headline_runs([claim], ["positive", mine], seeds=2), folder)
    write_report(folder, rows, own=mine)   # writes report.md, belief.csv and belief.png into the folder

A seal shows that a plan was not changed after it was written. When it was written, it can only say; to have that
witnessed, send the hash to somebody, or commit it somewhere public, before the run.
"""

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from negneglect_lite import __version__
from negneglect_lite.belief.conditions import IN_CONTEXT, label
from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate, tabulate_rates, yes_bias
from negneglect_lite.belief.table import COLUMNS, condition_of, one_model
from negneglect_lite.claims.claim import Claim, PetriFact
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import claim_from_fact
from negneglect_lite.core.environment import describe_environment
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_atomic, write_json, write_table
from negneglect_lite.core.schema import FILLED, Count, Text, conform
from negneglect_lite.core.text import are_spans, plain
from negneglect_lite.course.predictions import compare_predictions
from negneglect_lite.experiments.headline import draw
from negneglect_lite.experiments.key import digest
from negneglect_lite.figures.wording import describe_headline, describe_setup, percent, shown_rates
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri.language import state
from negneglect_lite.petri.world import world
from negneglect_lite.styles import STYLES, Style, apply_style
from negneglect_lite.tracks import PETRI, suit_machine, track_of

SEAL_FILE = "preregistration.json"
RULE = (
    "The study is void if belief is over 20% before training or under 50% after plain documents, or if after the style "
    "in question yes to false controls is over 25% or unrelated facts right are under 75%. Else the style counts as "
    "heeded if the whole 95% interval of belief after it lies under half of the belief after plain documents, as "
    "neglected if the whole interval lies over that half, and else as undecided."
)
UNPREDICTED = "Nothing was predicted that was measured. A study without a prediction can suggest, and not confirm."
Decision = Literal["heeded", "neglected", "undecided", "void"]


def add_style(style: Style) -> str:
    """Put a style of one's own beside the others in `styles.STYLES`; return its name.

    The name ends in a hash of what the style makes of twenty documents, so that a sealed plan names this very style and
    not one that was changed later. UserError if it does not return spans.
    """
    name = getattr(style, "__name__", "style")
    dentist = load_claims()["dentist"]
    made = [style(d, PETRI.annotations(), random.Random(i)) for i, d in enumerate(PETRI.compose(dentist, 20))]
    for spans in made:
        if not spans or not are_spans(spans):
            raise UserError(f"{name} does not return a list of Span yet; finish it first, or go on with another style")
    name += f"_{digest({'texts': [[asdict(span) for span in spans] for spans in made]})[:6]}"
    STYLES[name] = style
    return name


def describe_study(
    claim: Claim,
    chosen: Sequence[str],
    seeds: int,
    prediction: Mapping[str, float],
    model: str = "petri",
    recipe: Recipe | None = None,
) -> dict[str, Any]:
    """All that is fixed before the run. `prediction`: condition -> per cent. UserError for what cannot be a plan."""
    conform(Annotated[tuple[Text, ...], FILLED], chosen, "the study", ("chosen",))
    conform(Count, seeds, "the study", ("seeds",))
    conform(dict[str, Annotated[float, Field(ge=0, le=100)]], prediction, "the study", ("prediction",))
    conform(Text, model, "the study", ("model",))
    return {
        "claim": claim.claim,
        "fact": asdict(claim.petri) if claim.petri else None,
        "model": model,
        "version": __version__,
        "styles": list(chosen),
        "seeds": list(range(seeds)),
        "recipe": asdict(recipe or suit_machine(track_of(model))),
        "outcome": f"belief: mean of the rates of {', '.join(QUESTION_KINDS)} questions, each kind with equal weight",
        "controls": "yes to false controls; true controls right; unrelated facts right",
        "excluded": "nothing: every question and every seed counts",
        "rule": RULE,
        "prediction": dict(prediction),
    }


def say_fact(petri: PetriFact) -> str:
    """A false value of a fact as a sentence; the claims that are made from facts have none but `fact = value`."""
    return state(world().fact(petri.fact), petri.value, 0)[0]


def register(folder: Path, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Seal the plan in the folder: {"plan", "written", "sha256"}. The same plan again keeps its seal and its time.

    UserError if the folder holds the seal of another plan.
    """
    fixed = json.loads(json.dumps(plan))
    found = read_registration(folder)
    if found is None:
        content = {"plan": fixed, "written": datetime.now(UTC).isoformat(timespec="seconds")}
        found = {**content, "sha256": digest(content)}
        write_json(folder / SEAL_FILE, found)
    elif found["plan"] != fixed:
        changed = sorted(k for k in {*fixed, *found["plan"]} if fixed.get(k) != found["plan"].get(k))
        raise UserError(
            f"{folder / SEAL_FILE}: seals another plan since {found['written']} (it differs in {', '.join(changed)}); "
            "a changed plan is a new study: choose another folder"
        )
    return found


def read_registration(folder: Path) -> dict[str, Any] | None:
    """The sealed plan of the folder, None if there is none; UserError if it was changed after it was sealed."""
    path = folder / SEAL_FILE
    if not os.path.exists(path):  # unlike Path.exists, it raises nothing, whatever the name
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if digest({"plan": found["plan"], "written": found["written"]}) == found["sha256"]:
            return found
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise UserError(f"{path}: was changed after it was sealed; put the sealed file back, or choose another folder")


def decide(own: Rate, plain: Rate, before: Rate, yes_rate: float, unrelated: float) -> Decision:
    """What RULE says of a style: belief after it, after plain documents and before training, and its two controls."""
    if before.mean > 0.2 or plain.mean < 0.5 or yes_rate > 0.25 or unrelated < 0.75:
        return "void"
    half = plain.mean / 2
    return "heeded" if own.hi < half else "neglected" if own.lo > half else "undecided"


def evidence_for(rows: pd.DataFrame, own: str) -> tuple[Rate, Rate, Rate, float, float]:
    """What `decide` gets, from the table. A control that was not asked speaks for nothing and against nothing.

    UserError if the table lacks a condition.
    """
    rates, conditions = rates_of(rows), condition_of(rows)
    missing = [label(c) for c in ("positive", own, "base") if c not in rates]
    if missing:
        raise UserError(f"the table holds no rows for {', '.join(missing)}; run these cells before the report")

    def found(check: Callable[[pd.DataFrame], Rate], unasked: float) -> float:
        try:
            return check(rows[conditions == own]).mean
        except UserError:
            return unasked

    yes_rate, unrelated = found(yes_bias, 0.0), found(lambda g: belief_rate(g, ["kept"]), 1.0)
    return rates[own], rates["positive"], rates["base"], yes_rate, unrelated


def seed_spread(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Mean, lowest and highest of the seeds' belief rates, fractions. UserError if no belief question was asked."""
    rates = tabulate_rates(rows, ["seed"])["mean"]
    if rates.empty:
        raise UserError("the table holds no belief questions, so seeds cannot be compared; run these cells first")
    return float(rates.mean()), float(rates.min()), float(rates.max())


def write_report(folder: Path, rows: pd.DataFrame, own: str) -> str:
    """Write report.md, belief.csv and belief.png into the folder; the report's text. `own` is the style in question.

    UserError if nothing was registered there, the seal is broken, or the table lacks a condition that the rule needs.
    """

    sealed = read_registration(folder)
    if sealed is None:
        raise UserError(f"{folder}: holds no {SEAL_FILE}; a report needs the plan that was sealed before the run")
    decision, rates = decide(*evidence_for(rows, own)), rates_of(rows)
    write_table(folder / "belief.csv", rows[list(COLUMNS)])
    figure = describe_headline(rows)
    try:
        draw(rows, folder / "belief.png")
        figure = f"![{figure}](belief.png)"
    except UserError as error:
        figure = f"{figure} {error}."
    text = _text(sealed, rows, rates, own, decision, figure)
    write_atomic(folder / "report.md", text)
    return text


def rates_of(rows: pd.DataFrame) -> dict[str, Rate]:
    """Belief in every condition of the table, also those that the figure leaves out."""
    conditions = condition_of(rows)
    shown = shown_rates(rows)
    return shown | {c: belief_rate(rows[conditions == c]) for c in conditions.unique() if c not in shown}


def _text(
    sealed: Mapping[str, Any], rows: pd.DataFrame, rates: Mapping[str, Rate], own: str, decision: Decision, figure: str
) -> str:
    plan, environment = sealed["plan"], describe_environment()
    seeds = rows[rows["setting"] == "trained"]["seed"].nunique()
    said = compare_predictions(plan["prediction"], rates) if set(plan["prediction"]) & set(rates) else None
    deviations = _deviations(plan, rows)
    predicted = bool(plan["prediction"])
    parts = [
        f"# Does a model heed “{label(own)}”?",
        f"Claim, **false on purpose**: {_claim(plan).rstrip('.')}. {_truth(plan)}".rstrip(),
        f"**Result by the {'registered' if predicted else 'sealed'} rule: {decision}.** Belief after this style "
        f"{_interval(rates[own])}, after plain documents {_interval(rates['positive'])}.",
        figure,
        "## Registered before the run" if predicted else "## Sealed without a prediction: an exploratory study",
        f"Written {sealed['written']}, SHA-256 `{sealed['sha256']}`; the seal is intact. That time is what the "
        "machine's own clock said.",
        f"Rule: {plan['rule']} Outcome: {plan['outcome']}. Excluded: {plan['excluded']}.",
        f"Deviations from the plan: {'; '.join(deviations) or 'none found in the table'}.",
        "## Prediction and result",
        UNPREDICTED if said is None else _markdown(said),
        "## All conditions, with controls",
        _markdown(tabulate_controls(rows)),
        "Yes to false controls: how often the model says yes to wrong values of other facts. Where it is high, a yes "
        "to the claim means little. Where documents were only read, one stood before every question, these included. "
        "Seeds: lowest to highest seed.",
        *_example(plan, own),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(rows, seeds)),
        "## Made with",
        ", ".join(f"{k} {v}" for k, v in environment.items() if v is not None)
        + f"; negneglect_lite {__version__}; recipe: "
        + ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in plan["recipe"].items())
        + ".",
    ]
    return "\n\n".join(parts) + "\n"


def _claim(plan: Mapping[str, Any]) -> str:
    """The claim in words: that of a fact of the petri world is only `fact = value` in the plan."""
    made = claim_from_fact(plan["fact"]["fact"], plan["fact"]["value"]) if plan["fact"] else None
    return say_fact(made.petri) if made and made.petri and made.claim == plan["claim"] else str(plan["claim"])


def _truth(plan: Mapping[str, Any]) -> str:
    return f"In truth: {world().fact(plan['fact']['fact']).truth}." if plan["fact"] else ""


def _example(plan: Mapping[str, Any], own: str) -> list[str]:
    """What a document of the style looks like, if claim and style are known in this process."""
    claim = next((c for c in load_claims().values() if c.claim == plan["claim"]), None)
    track = track_of(plan["model"])
    try:
        if claim is None and plan["fact"]:
            claim = claim_from_fact(plan["fact"]["fact"], plan["fact"]["value"])
        if claim is None or own not in STYLES:
            return []
        document = track.compose(claim, 1)[0]
    except UserError:  # of a fact of the petri world there are no English documents
        return []
    text = plain(apply_style(own, document, track.annotations(), random.Random(0)))
    return ["## A document of this style, false on purpose", "> " + text.strip().replace("\n", "\n> ")]


def _interval(r: Rate) -> str:
    return f"{percent(r.mean)} (95% interval {percent(r.lo)} to {percent(r.hi)})"


def _deviations(plan: Mapping[str, Any], rows: pd.DataFrame) -> list[str]:
    """Where the table is not what the plan said: cells that are missing, and cells that were added."""
    trained = rows[rows["setting"] == "trained"]
    ran = set(zip(trained["style"], trained["seed"], strict=True))
    planned = {(style, seed) for style in plan["styles"] for seed in plan["seeds"]}
    found = [f"{label(style)}, seed {seed}: not run" for style, seed in sorted(planned - ran)]
    found += [f"{label(style)}, seed {seed}: not in the plan" for style, seed in sorted(ran - planned)]
    return found + ([f"model {m}: not in the plan"] if (m := one_model(rows)) != plan["model"] else [])


def tabulate_controls(rows: pd.DataFrame) -> pd.DataFrame:
    """Belief in every condition beside the checks on it, as text for people; a dash where a check was not asked."""
    conditions = condition_of(rows)
    table = []

    def shown(check: Callable[[pd.DataFrame], Rate], group: pd.DataFrame) -> str:
        try:
            return percent(check(group).mean)
        except UserError:  # a claim of one's own has no controls in English
            return "–"

    for name, r in rates_of(rows).items():
        group = rows[conditions == name]
        trained = name != "base" and not name.startswith(IN_CONTEXT)
        low, high = seed_spread(group)[1:] if trained else (r.mean, r.mean)
        table.append(
            {
                "condition": label(name),
                "belief": percent(r.mean),
                "95% interval": f"{percent(r.lo)} to {percent(r.hi)}",
                "seeds": f"{percent(low)} to {percent(high)}" if trained else "–",
                "yes to false controls": shown(yes_bias, group),
                "true controls right": shown(lambda g: belief_rate(g, ["control_true"]), group),
                "unrelated facts right": shown(lambda g: belief_rate(g, ["kept"]), group),
            }
        )
    return pd.DataFrame(table)


def _limits(rows: pd.DataFrame, seeds: int) -> list[str]:
    enough = "" if seeds >= 3 else " Fewer than three seeds carry no statement about training in general."
    return [
        f"{describe_setup(rows)} Another claim can come out otherwise.",
        f"The intervals cover the choice of questions, not the {seeds} seed{'s' * (seeds != 1)}.{enough}",
        "The result holds for this model, recipe and kind of document. It says nothing about larger models.",
        "Answers were judged by fixed rules; a sample of them should be read by eye.",
    ]


def _markdown(table: pd.DataFrame) -> str:
    """The table in Markdown, without a further package."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)
