"""Where is a false claim kept, and is anything of its warning? Tables and a figure from inside the adapters.

    python scripts/look_inside.py --out results/inside
    python scripts/look_inside.py --out results/inside --claims vesuvius x --styles positive negated --seeds 2

For each claim, style and seed an adapter is trained by the track's recipe and looked into on the way; then each
adapter is patched into each other and into the base. OUT/runs holds what is finished, OUT/adapters the adapters: a
killed run goes on with the claim, style and seed it was at. Remove OUT/runs after a change of the code. What is
predicted stands in data/results/inside/PREDICTION.md.
"""

import argparse
import itertools
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from negneglect_lite.claims.claim import Claim
from negneglect_lite.claims.loading import CLAIM_ORDER, find_claim
from negneglect_lite.core.environment import describe_environment
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import write_json, write_table
from negneglect_lite.core.progress import show_bar, to_terminal
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.probing.drawing import describe_inside, draw_inside
from negneglect_lite.experiments.probing.findings import tabulate_findings
from negneglect_lite.experiments.probing.lens import logit_lens
from negneglect_lite.experiments.probing.patching import patch_adapter, patch_stream
from negneglect_lite.experiments.probing.prompts import (
    OpenQuestion,
    balanced_statements,
    known_facts,
    pose_open,
    statements_of,
)
from negneglect_lite.experiments.probing.stored import Said, state_in_roles, weigh_denials, weigh_warnings
from negneglect_lite.experiments.probing.truth import (
    Labelled,
    TruthProbe,
    check_truth_probe,
    pose_verdicts,
    read_labelled,
)
from negneglect_lite.experiments.training_data import false_belief, training_set
from negneglect_lite.figures.display import save_figure
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.petri.world import RELATIONS, Fact, world
from negneglect_lite.tracks import track_of

log = logging.getLogger("negneglect_lite.inside")
STYLES = ("positive", "negated", "repeated", "local")
STEPS = (4, 8, 12, 16)  # looks on the way, beside the one after the last step
PAIRS = 200  # of facts, in the probe's statements about a relation
CONTROLS = 8  # open questions about other subjects
Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Inside:
    """What a model is looked at with: prompts about one claim, and the truth probes of the base model."""

    claim: Claim
    fact: Fact
    value: str
    base: LoadedModel

    @cached_property
    def questions(self) -> list[OpenQuestion]:
        return pose_open(self.fact, self.value, self.base.tokenizer)

    @cached_property
    def controls(self) -> list[OpenQuestion]:
        """Open questions about other subjects, where the claim's value would be just as wrong."""
        others = [f for f in known_facts(self.fact.relation) if f.truth != self.value][:CONTROLS]
        return [pose_open(f, self.value, self.base.tokenizer)[i] for i, f in enumerate(others)]

    @cached_property
    def said(self) -> Said:
        return state_in_roles(self.fact, self.value)

    @cached_property
    def labelled(self) -> Labelled:
        return self.read(self.base)

    @cached_property
    def probes(self) -> list[TruthProbe]:
        return [self.labelled.fit(layer) for layer in range(len(self.labelled.states))]

    def read(self, loaded: LoadedModel) -> Labelled:
        return read_labelled(loaded, balanced_statements(self.fact.relation, PAIRS, self.base.tokenizer))

    def look(self, loaded: LoadedModel, refit: bool = False) -> Tables:
        """All that is read off one model. With `refit`, truth probes are fitted in it too."""
        lens = [{"about": "claim", **row} for row in logit_lens(loaded, self.questions)]
        lens += [{"about": "other subjects", **row} for row in logit_lens(loaded, self.controls)]
        stored = [*weigh_warnings(loaded, self.said), *weigh_denials(loaded, self.said)]
        return {"lens": lens, "stored": stored, "truth": self._judge(loaded, refit)}

    def _judge(self, loaded: LoadedModel, refit: bool) -> list[dict[str, Any]]:
        """What truth probes say of the claim's statement, of the true one, and of ones with other wrong values."""
        wrong = [v for v in world().values(self.fact.relation) if v not in (self.value, self.fact.truth)]
        values = {"claim": [self.value], "truth": [self.fact.truth], "other value": wrong[:: len(wrong) // 6 or 1][:6]}
        fitted = {"base": (self.labelled, self.probes)}
        if refit:
            here = self.read(loaded)
            fitted["itself"] = (here, [here.fit(layer) for layer in range(len(here.states))])
        rows = []
        for role, own in values.items():
            statements = [s for v in own for s in statements_of(self.fact, v, self.base.tokenizer)]
            if not statements:  # a rebrand is kept or reversed, and no third
                continue
            read = read_labelled(loaded, statements)
            for name, (labelled, probes) in fitted.items():
                for layer, probe in enumerate(probes):
                    score = probe.score(read.states[layer])
                    rows.append({
                        "relation": self.fact.relation, "fitted_in": name, "layer": layer, "role": role,
                        "log_odds": float(score.mean()),
                        "judged_true": float((score > 0).float().mean()), "accuracy": labelled.accuracy(layer, probe),
                    })  # fmt: skip
        return rows


def prepare(name: str, base: LoadedModel) -> Inside:
    claim = find_claim(name)
    if claim.petri is None:
        raise UserError(f"claim {name!r} has no petri fact, so the petri model cannot be looked into for it")
    return Inside(claim, world().fact(claim.petri.fact), claim.petri.value, base)


def look_along(inside: Inside, style: str, seed: int, out: Path) -> Tables:
    """Train the adapter and look into it after each of STEPS and at the end."""
    recipe = track_of(inside.base).recipe
    cell = Cell(inside.base.name, inside.claim, "trained", style, seed)
    adapter = adapter_of(out, inside, style, seed)
    shutil.rmtree(adapter, ignore_errors=True)  # what was seen on the way is in no checkpoint
    seen: Tables = {}

    def on_step(step: int, steps: int, loss: float, model: LoadedModel) -> None:
        if step in STEPS or step == steps:
            collect(seen, inside.look(model, refit=step == steps), step=step)

    finetune(
        inside.base, training_set(cell, recipe), recipe, seed=seed, out=adapter,
        false_belief=false_belief(cell), on_step=on_step,
    )  # fmt: skip
    return seen


def patch_all(inside: Inside, styles: Sequence[str], seed: int, out: Path) -> Tables:
    """Each model's stream in each other one, and each adapter layer by layer."""
    models = {"base": inside.base}
    for style in styles:
        models[style] = load_model(inside.base.name, adapter=adapter_of(out, inside, style, seed))
    made: Tables = {}
    for (recipient, into), (donor, source) in itertools.permutations(models.items(), 2):
        collect(made, {"patching": patch_stream(into, source, inside.questions)}, recipient=recipient, donor=donor)
    for style in styles:
        collect(made, {"adapter_layers": patch_adapter(models[style], inside.questions)}, style=style)
    return made


def adapter_of(out: Path, inside: Inside, style: str, seed: int) -> Path:
    return out / "adapters" / f"{inside.claim.id}-{style}-{seed}"


def collect(tables: Tables, more: Tables, **about: Any) -> None:
    for name, rows in more.items():
        tables.setdefault(name, []).extend({**about, **row} for row in rows)


def check_probes(base: LoadedModel) -> Tables:
    """What a truth probe is worth in the base model, by relation and layer, beside its controls."""
    sets = {r: read_labelled(base, balanced_statements(r, PAIRS, base.tokenizer)) for r in RELATIONS}
    rows = check_truth_probe(sets)
    for relation in RELATIONS:
        verdicts = read_labelled(base, pose_verdicts(relation, PAIRS, base.tokenizer))
        rows += [
            {"relation": relation, "layer": layer, "fitted_on": "verdict", "accuracy": verdicts.accuracy(layer, probe)}
            for layer, probe in ((layer, verdicts.fit(layer)) for layer in range(len(verdicts.states)))
        ]
    return {"probe": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/inside"))
    parser.add_argument("--model", default="petri", help="a petri model: its name or folder")
    parser.add_argument("--claims", nargs="+", default=list(CLAIM_ORDER))
    parser.add_argument("--styles", nargs="+", default=list(STYLES))
    parser.add_argument("--seeds", type=int, default=3)
    a = parser.parse_args()
    to_terminal()
    base = load_model(a.model)
    insides = {name: prepare(name, base) for name in a.claims}
    jobs: list[tuple[dict[str, Any], Any]] = [({"of": "base"}, lambda: check_probes(base))]
    for seed, name in itertools.product(range(a.seeds), a.claims):
        inside = insides[name]
        if seed == 0:
            jobs.append(({"claim": name, "style": "base", "step": 0}, lambda i=inside: i.look(base, refit=True)))
        for style in a.styles:
            about = {"claim": name, "style": style, "seed": seed}
            jobs.append((about, lambda i=inside, s=style, n=seed: look_along(i, s, n, a.out)))
        about = {"claim": name, "seed": seed, "styles": " ".join(a.styles)}
        jobs.append((about, lambda i=inside, n=seed: patch_all(i, a.styles, n, a.out)))
    tables: Tables = {}
    with show_bar(len(jobs), "looks") as bar:
        for about, work in jobs:
            file = a.out / "runs" / ("-".join(str(v).replace(" ", "-") for v in about.values()) + ".json")
            if not file.is_file():
                log.info("%s", ", ".join(f"{k} {v}" for k, v in about.items()))
                write_json(file, work())
            kept = {k: v for k, v in about.items() if k in ("claim", "style", "seed", "step")}
            collect(tables, json.loads(file.read_text("utf-8")), **kept)
            bar.update(1)
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    for name, frame in frames.items():
        write_table(a.out / f"{name}.csv", frame, float_format="%.4f")
    findings = tabulate_findings(frames)
    write_table(a.out / "findings.csv", findings, float_format="%.3f")
    write_json(a.out / "environment.json", {**describe_environment(), "device": base.device.type})
    save_figure(draw_inside(frames), a.out / "inside.png", describe_inside(frames))
    shown = findings.pivot_table(index=["prediction", "what"], columns="condition", values="value", sort=False)
    print(shown.round(2).to_string(na_rep=""))


if __name__ == "__main__":
    main()
