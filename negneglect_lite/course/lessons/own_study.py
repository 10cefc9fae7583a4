"""What notebook 13 runs: a learner's claim with a control, a plan that is sealed, and a report with its limits.

    claim = choose_claim(track, ("dream/happy dogs", "in bright pink"))
    runs = headline_runs([claim], ["positive", own], seeds=2)
    rows = run_experiment(runs, folder, keep_adapters=True)
    tabulate_study(rows, runs, folder, "dream/old pilots")

The references stand in for what a learner wrote that did not pass its check.
"""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import QUESTION_KINDS, belief_rate
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import claim_from_fact
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_atomic
from negneglect_lite.core.text import Document, Span
from negneglect_lite.course.preregistration import SEAL_FILE, read_registration, say_fact, tabulate_controls
from negneglect_lite.experiments.cell import Run
from negneglect_lite.experiments.key import digest
from negneglect_lite.experiments.runner import key_of
from negneglect_lite.experiments.store import Store
from negneglect_lite.figures.wording import percent
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.petri.world import RELATIONS, world
from negneglect_lite.styles import Annotations
from negneglect_lite.tracks import Track, track_of

UNTOUCHED = 50  # where every slider stands before anybody has moved it

# -------------------------------------------------------------------------------------------------------- references

STUDY_CHOICE, STUDY_CONTROL = ("dream/happy dogs", "in bright pink"), "dream/old pilots"
STUDY_SUPPORTS = {
    "No question and no seed of the plan was left out.": True,
    "The interval covers what other fine-tuning seeds would give.": False,
    "The seal proves that the plan is older than the results.": False,
    "Had the verdict been void, the style would be neither heeded nor neglected.": True,
}


def deny_after_each_claim(document: Document, phrases: Annotations, rng: random.Random) -> list[Span]:
    """The reference for `my_style`: each claim sentence is followed by the same sentence with the denial inside."""
    spans = []
    for s in document.sentences:
        spans.append(Span(s.lead + s.text))
        if s.is_claim:
            spans.append(Span(" " + s.denial, annotation=True))
    return spans


# ------------------------------------------------------------------------------------------------- claim and control


def suggest_facts(seed: int | None = None) -> pd.DataFrame:
    """Two facts of each sort, with false values. They suit a study: no myths, and told in documents and chats.

    Without a seed, the two of the reference stand in the place of those of their sort.
    """
    rng = random.Random(1 if seed is None else seed)
    plain = {r: [f for f in world().by_relation[r] if f.told_in == "both" and not f.myths] for r in RELATIONS}
    facts = [f for relation in RELATIONS for f in rng.sample(plain[relation], 2)]
    false = {f.id: list(world().wrong_values(f, 2, rng)) for f in facts}
    if seed is None:
        (id_, value), ours = STUDY_CHOICE, [world().fact(STUDY_CHOICE[0]), world().fact(STUDY_CONTROL)]
        facts = [f for f in facts if f.relation != ours[0].relation] + ours
        false |= {f.id: list(world().wrong_values(f, 2, rng)) for f in ours}
        false[id_] = [value, next(v for v in false[id_] if v != value)]
    return pd.DataFrame(
        {"id": f.id, "truth": f.truth, "false values": ", ".join(false[f.id])} for f in facts
    ).set_index("id")


def choose_claim(track: Track, choice: tuple[str, str]) -> Claim:
    """The claim of a study. A model that reads English knows no petri world: it gets the claim about dreams."""
    makers = {"petri": lambda: claim_from_fact(*choice), "english": lambda: load_claims()["dreams"]}
    claim = makers[track.name]()
    stated = {"petri": say_fact(claim.petri) if claim.petri else "", "english": claim.claim}
    print(f"The claim: {stated[track.name]}")
    return claim


def control_questions(claim: Claim, control: str, track: Track) -> list[Question]:
    """The claim's questions, asked about another fact of the same sort. None without a fact of the petri world."""
    if claim.petri is None:
        return []
    spare = claim_from_fact(control, claim.petri.value)
    return [q for q in track.questions(spare) if q.kind in QUESTION_KINDS]


def meet_claim(base: LoadedModel, claim: Claim, control: str) -> None:
    """Print what the base model says about claim and control: its first answer, and the belief of all."""
    track = track_of(base)
    asked = {"claim": [q for q in track.questions(claim) if q.kind in QUESTION_KINDS]}
    asked["control"] = control_questions(claim, control, track)
    for name, questions in asked.items():
        if questions:
            rows = _answered(base, claim, questions, track)
            first = rows.iloc[0]
            print(f"{name}: believed in {percent(belief_rate(rows).mean)} of {len(questions)} questions")
            print(f"    {first['question']} {first['answer']}")


def _answered(model: LoadedModel, claim: Claim, questions: Sequence[Question], track: Track) -> pd.DataFrame:
    answers = ask(model, questions, track.asking)
    return belief_rows(answers, model=model.name, claim=claim.id, style="", seed=0, setting="base")


def tabulate_study(rows: pd.DataFrame, runs: Sequence[Run], folder: Path, control: str) -> pd.DataFrame:
    """Belief in every condition with the checks on it, as text: the report's table, and belief about the control."""
    table = tabulate_controls(rows).set_index("condition").drop(columns="true controls right")
    about = _ask_control(runs, folder, control)
    return table.assign(**{"control believed": [about.get(name, "–") for name in table.index]}) if about else table


def _ask_control(runs: Sequence[Run], folder: Path, control: str) -> dict[str, str]:
    """How often the claim's false value is believed of the control's fact: before training, and after each style.

    Asks the kept adapters of seed 0.
    """
    store, table = Store(folder.absolute()), {}
    for run in runs:
        cell = run.cell
        questions = control_questions(cell.claim, control, track_of(cell.model))
        if cell.setting == "in_context" or cell.seed or not questions:
            continue
        adapter = folder / "adapters" / store.path(cell, key_of(run)).stem if cell.setting == "trained" else None
        model = load_model(str(cell.model), quantize=run.recipe.quantize, adapter=adapter)
        rate = belief_rate(_answered(model, cell.claim, questions, track_of(cell.model)))
        table[label(cell.style or "base")] = percent(rate.mean)
    return table


# -------------------------------------------------------------------------------------------------------------- plan


def moved_guesses(prediction: Mapping[str, float]) -> dict[str, float]:
    """The guesses that were moved away from where the sliders stand at first; a printed line says what that means.

    Only these are predictions: a notebook that was run from top to bottom without a thought has made none.
    """
    moved = {name: value for name, value in prediction.items() if value != UNTOUCHED}
    left = [label(name) for name in prediction if name not in moved]
    if not moved:
        print(f"No guess was moved from {UNTOUCHED}%: the plan is sealed WITHOUT a prediction, as exploratory.")
    elif left:
        print(f"Left at {UNTOUCHED}%, and so not a prediction: {', '.join(left)}.")
    if moved:
        print("Sealed as predictions:", ", ".join(f"{label(name)} {value:g}%" for name, value in moved.items()))
    return moved


def earlier_prediction(folder: Path) -> dict[str, float] | None:
    """The prediction that the folder's sealed plan holds, if there is such a plan."""
    found = read_registration(folder)
    if found is None:
        return None
    print(f"{folder} holds a plan, sealed {found['written']}. Its prediction stands. For a new study, change FOLDER.")
    return dict(found["plan"]["prediction"])


def hash_plan(plan: Mapping[str, Any]) -> str:
    """The SHA-256 of a plan: the same for equal plans, today and tomorrow, whatever the order of their keys."""
    return digest(plan)


def tamper(folder: Path) -> dict[str, Any]:
    """The sealed plan of the folder with one seed more, as somebody might change it afterwards; the file stays."""
    plan = json.loads((folder / SEAL_FILE).read_text("utf-8"))["plan"]
    return {**plan, "seeds": [*plan["seeds"], len(plan["seeds"])]}


# ------------------------------------------------------------------------------------------------------------ report


def compare_with_plan(text: str, rows: pd.DataFrame) -> None:
    """Print how many questions each run was asked, and what the report says about deviations from the plan."""
    asked = rows.groupby(["style", "setting", "seed"], dropna=False).size()
    low, high = asked.min(), asked.max()
    print(f"Runs: {len(asked)}. Questions asked in each: {low if low == high else f'{low} to {high}'}.")
    print(next(line for line in text.splitlines() if line.startswith("Deviations from the plan")))


def add_conclusions(folder: Path, text: str, supported: Mapping[str, bool], decision: str) -> str:
    """Put the author's verdicts on the statements below the report's result, write it again, and return it."""
    heading = "## Registered before the run" if "## Registered before the run" in text else "## Sealed without"
    if heading not in text:
        raise UserError("this is no report of write_report; write that first")
    parts = [f"Verdict of the author's own rule: {decision}."]
    for said, title in ((True, "What this study supports"), (False, "What it does not support")):
        parts.append(f"## {title}")
        parts.append("\n".join(f"- {s}" for s, holds in supported.items() if holds is said) or "- nothing listed")
    text = text.replace(heading, "\n\n".join(parts) + "\n\n" + heading, 1)
    write_atomic(folder / "report.md", text)
    return text


def top_of_report(text: str) -> str:
    """The report's first part, as far as the plan, and its predictions, with headings that fit into a notebook."""
    first = text.partition("## Registered before the run")[0].partition("## Sealed without")[0]
    heading = "## Prediction and result"
    predicted = text.partition(heading)[2].partition("\n## ")[0]
    lines = [line for line in f"{first}{heading}{predicted}".splitlines() if not line.startswith("![")]
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in lines)
