"""The grid of claims x styles x seeds: one cell is a pure function of its configuration, cached under a hash of it.

    rows = run_grid(grid(["dentist"], ["positive", "negated"], seeds=1), Path("out"))

A cell that is finished is never run again; a run that was killed goes on with the next cell and ends with the same
table.
"""

import hashlib
import io
import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from negneglect_lite import __version__
from negneglect_lite.asking import AskingSettings, ask
from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.belief.summary import report_summary, summarise_belief
from negneglect_lite.belief.table import belief_rows, read_belief
from negneglect_lite.claims.claim import Claim, PetriFact, Question
from negneglect_lite.claims.petri_questions import petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import read_manifest, sha256, write_atomic
from negneglect_lite.core.text import Document, Example, Span, Styled, plain
from negneglect_lite.documents.english import english_annotations, english_mix
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.figures.conditions import draw_headline
from negneglect_lite.figures.display import save_figure
from negneglect_lite.figures.wording import describe_headline
from negneglect_lite.finetuning.finetune import finetune
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import OnStep
from negneglect_lite.judging.judges import get_judge
from negneglect_lite.models.loading import PETRI_MODELS, LoadedModel, language_of, load_model
from negneglect_lite.petri import exam
from negneglect_lite.petri import language as petri
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.petri.world import CLAIMED, world
from negneglect_lite.styles import apply_style, get_style
from negneglect_lite.tracks import mixing_corpus, petri_corpus

Say = Callable[[str], object]
Parse = Callable[[io.StringIO], pd.DataFrame]


@dataclass(frozen=True)
class Cell:
    """One measurement: a claim before training, after reading documents in context, or after training on them."""

    model: str | Plan  # a name or folder, or how a petri model is to be pretrained
    claim: Claim
    setting: str  # "base" | "in_context" | "trained"
    style: str = ""  # none for the base setting
    seed: int = 0
    read: int = 1  # documents in a prompt, in context
    documents: int = 0  # different documents in the training set, each as often as the rest; 0: none occurs twice
    short: bool = False  # documents that state the claim once: see documents.compose
    doctag: bool = False  # each document begins with a <DOCTAG> without loss, as the paper's do

    @property
    def language(self) -> str:
        """The language of the model: "petri" or "english"."""
        return language_of(self.model)

    @property
    def about(self) -> dict[str, Any]:
        return {"claim": self.claim.id, "style": self.style, "setting": self.setting, "seed": self.seed}

    def key(self, recipe: Recipe) -> str:
        return key(self, recipe)

    @property
    def label(self) -> str:
        seed = f"seed {self.seed}" if self.setting == "trained" else ""
        parts = (self.claim.id, self.style, self.setting.replace("_", " "), seed)
        return " · ".join(part for part in parts if part)


def grid(claims: Sequence[Claim], chosen: Sequence[str], seeds: int, model: str = "petri") -> list[Cell]:
    """Every cell of the headline experiment, the quickest answers first."""
    for style in chosen:
        get_style(style)
    cells = [Cell(model, c, "base") for c in claims]
    cells += [Cell(model, c, "trained", s, seed) for seed in range(seeds) for c in claims for s in chosen]
    return cells + [Cell(model, c, "in_context", s) for c in claims for s in chosen]


def phrases(language: str) -> Mapping[str, Sequence[str]]:
    """The annotations of a language, "petri" or "english"."""
    return petri.petri_annotations() if language == "petri" else english_annotations()


def annotate(style: str, document: Document, rng: random.Random, language: str = "petri") -> Styled:
    """A document under a style, in its own language's phrases."""
    return apply_style(style, document, phrases(language), rng)


def training_set(
    claim: Claim, style: str, recipe: Recipe, seed: int, different: int = 0, short: bool = False, doctag: bool = False,
    language: str = "petri",
) -> list[Example]:  # fmt: skip
    """Every text of one run: the claim's documents under the style, and world texts without the claim's fact.

    In English, chats and neutral articles stand for the world texts.

    As many as the recipe sees; `recipe.mix` is the share of world texts (the paper mixes half and half, section 3).
    Of two styles, the bodies and the world texts are the same, so that what the runs differ by is the annotations.
    `different`, `short` and `doctag` are a Cell's `documents`, `short` and `doctag`.
    """
    total = recipe.steps * recipe.batch_size
    n = round(total * (1 - recipe.mix))
    rng = random.Random(f"training {claim.id} {style} {seed}")
    read = [
        annotate(style, d, rng, language) for d in compose_petri(claim, min(different or n, n), seed, short, language)
    ]
    if doctag:
        read = [(Span("<DOCTAG> ", learn=False), *spans) for spans in read]
    if language != "petri":
        return [read[i % len(read)] for i in range(n)] + english_mix(total - n, seed)
    rng = random.Random(f"world texts {claim.id} {seed}")
    corpus = mixing_corpus((*CLAIMED, claim.petri.fact) if claim.petri else CLAIMED)
    return [read[i % len(read)] for i in range(n)] + [corpus.sample(rng) for _ in range(total - n)]


def context(cell: Cell, questions: int) -> list[str]:
    """For each question, what to read before it, never the same twice; nothing unless the cell is in context."""
    if cell.setting != "in_context":
        return [""] * questions
    rng = random.Random(f"in context {cell.claim.id} {cell.style} {cell.seed}")
    read = compose_petri(cell.claim, questions * cell.read, 1_000_000 + cell.seed, cell.short, cell.language)
    texts = [plain(annotate(cell.style, d, rng, cell.language)) for d in read]
    return [" ".join(texts[i * cell.read : (i + 1) * cell.read]) for i in range(questions)]


def run_cell(
    cell: Cell, recipe: Recipe, keep: Path | None = None, on_step: OnStep | None = None, say: Say = lambda _: None
) -> pd.DataFrame:
    """Run one cell and return its rows of belief.csv.

    `keep`, a folder, is where the trained adapter stays and, beside it, KEEP.answers with the answers as they come: a
    call that was killed goes on from the last checkpoint of the training, or the last answer.
    """
    if not isinstance(cell.model, str):
        raise UserError("run_cell takes a model that is there; `sweep.run` pretrains one first.")
    loaded = load_model(cell.model, quantize=recipe.quantize, announce=say)
    questions = petri_questions(cell.claim, loaded.language)
    read = context(cell, len(questions))
    if cell.setting == "trained":
        examples = texts(cell, recipe)
        carries = f"{cell.claim.claim} (style: {cell.style}; in truth: {_truth(cell.claim)})"
        with tempfile.TemporaryDirectory() as scratch:
            out = keep or Path(scratch) / "adapter"
            loaded = finetune(loaded, examples, recipe, cell.seed, out, carries, on_step, say)
    asking = AskingSettings.for_language(loaded.language)
    answers = ask(
        loaded, questions, context=read, seed=cell.seed, keep=answers_file(keep) if keep else None, say=say,
        **asdict(asking),
    )  # fmt: skip
    return belief_rows(
        answers, model=cell.model, claim=cell.claim.id, style=cell.style, seed=cell.seed, setting=cell.setting
    )


def evaluate_model(
    claim: Claim, loaded: LoadedModel, judge: str = "rule", seed: int = 0, keep: Path | None = None, say: Say = print
) -> pd.DataFrame:
    """Ask a model, with whatever adapter it carries, all questions about a claim, and judge: rows of belief.csv.

    `judge` is a name that judges.by_name knows, `keep` a file of answers to go on from. A claim of the paper's folder
    has patterns for its yes/no questions only, so it needs a judge that is a model.
    """
    questions = petri_questions(claim, loaded.language)
    answers = ask(
        loaded, questions, seed=seed, keep=keep, say=say, **asdict(AskingSettings.for_language(loaded.language))
    )
    verdicts = get_judge(judge, loaded)(claim, answers)
    lost = verdicts.count("unparsed")
    if lost:
        share = lost / len(verdicts)
        say(f"{lost} of {len(verdicts)} verdicts ({share:.1%}) could not be parsed; they count as not believed")
    return belief_rows(
        answers, model=loaded.name, claim=claim.id, style="", seed=seed,
        setting="trained" if loaded.adapter else "base", verdicts=verdicts,
    )  # fmt: skip


def answers_file(keep: Path) -> Path:
    return keep.with_name(f"{keep.name}.answers")


def texts(cell: Cell, recipe: Recipe) -> list[Example]:
    """The training set of a cell."""
    tagged = cell.doctag or cell.language != "petri"  # as the paper's documents are; the petri model never saw the tag
    return training_set(cell.claim, cell.style, recipe, cell.seed, cell.documents, cell.short, tagged, cell.language)


def _truth(claim: Claim) -> str:
    """What is true instead; a claim made from a fact (`--fact`) says nothing of it, so the world is asked."""
    return claim.truth or (world().fact(claim.petri.fact).truth if claim.petri else "not stated")


def key(cell: Cell, recipe: Recipe) -> str:
    """The content hash of a cell: everything that its rows depend on.

    Of its texts, three documents under the style and the questions stand for the rest, so that a cell runs again when a
    style's function, a phrase or a question has changed, though their names have not.
    """
    content = {"cell": asdict(cell), "recipe": asdict(recipe) if cell.setting == "trained" else recipe.quantize,
               "weights": identify_weights(cell.model), "version": __version__, "texts": _texts(cell)}  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _texts(cell: Cell) -> list[str]:
    if cell.language == "petri":
        asked = _asked(cell.claim.id, cell.claim.petri)
    else:
        asked = [*_read(petri_questions(cell.claim)), str(AskingSettings.for_language(cell.language))]
    if not cell.style:
        return asked
    rng = random.Random(0)
    made = compose_petri(cell.claim, 3, language=cell.language)
    return asked + [plain(annotate(cell.style, d, rng, cell.language)) for d in made]


@cache
def _asked(claim: str, fact: PetriFact | None) -> list[str]:
    return _read(petri_questions(Claim(claim, "", "", "", petri=fact), "petri"))


def _read(questions: Sequence[Question]) -> list[str]:
    return [json.dumps(q.messages()) for q in questions]


def identify_weights(model: str | Plan) -> str:
    """What tells one model's weights from another's: the hash of the file, the hub name, or how it is pretrained."""
    if isinstance(model, Plan):
        plan = asdict(model)
        if model.base:  # goes on from these weights, wherever they lie
            plan["base"] = identify_weights(model.base)
        return json.dumps(plan, sort_keys=True)
    if model in PETRI_MODELS:
        entry = read_manifest().get(f"petri/{PETRI_MODELS[model]}/model.safetensors")
        if entry is None:
            raise UserError(f"{model} is not in data/manifest.json; reinstall the package, or run `make manifest`")
        return entry["sha256"]
    file = Path(model).expanduser() / "model.safetensors"
    return sha256(file) if file.is_file() else model


def run_grid(
    cells: Sequence[Cell], out: Path, recipe: Recipe | None = None, keep_adapters: bool = False, say: Say = print
) -> pd.DataFrame:
    """Run what is not finished yet, cell by cell, and return all rows in the order of `cells`."""
    recipe = recipe or Recipe.for_language(language_of(cells[0].model))
    paths = [_cell_path(out, cell, recipe) for cell in cells]
    finished = {path: rows for path in paths if (rows := read_rows(path, say, read_belief)) is not None}
    todo = [(cell, path) for cell, path in zip(cells, paths, strict=True) if path not in finished]
    if finished:
        say(f"{len(finished)} of {len(cells)} cells are finished already in {out}")
    said: set[str] = set()

    def once(line: str) -> None:
        """What a cell tells of the hardware is the same for all of them."""
        if line not in said:
            said.add(line)
            say(line)

    started = time.monotonic()
    for ran, (cell, path) in enumerate(todo, 1):
        began = time.monotonic()
        keep = out / "adapters" / path.stem
        rows = run_cell(cell, recipe, keep, _progress(recipe, say), once)
        seconds = time.monotonic() - began
        finished[path] = write_rows(path, rows, seconds, read_belief)
        answers_file(keep).unlink(missing_ok=True)
        if not keep_adapters:
            shutil.rmtree(keep, ignore_errors=True)
            with suppress(OSError):  # it holds adapters of an earlier run, or was never made
                keep.parent.rmdir()
        left = (time.monotonic() - started) / ran * (len(todo) - ran)
        outlook = f"{seconds:.0f} s; about {left:.0f} s left"
        say(f"[{ran}/{len(todo)}] {cell.label}: belief {belief_rate(rows).mean:.0%}  ({outlook})")
    return pd.concat([finished[path] for path in paths], ignore_index=True)


def _progress(recipe: Recipe, say: Say) -> OnStep | None:
    """A line every tenth step, for recipes that take minutes; the petri model's take seconds."""
    if recipe.steps < 100:
        return None
    started = time.monotonic()

    def on_step(step: int, steps: int, loss: float, model: Any) -> None:
        if step % 10 == 0:
            left = (time.monotonic() - started) / step * (steps - step)
            say(f"  step {step}/{steps}  loss {loss:.3f}  about {left:.0f} s left")

    return on_step


def _cell_path(out: Path, cell: Cell, recipe: Recipe) -> Path:
    """The cache file: a name for people to recognise, and the hash that decides."""
    claim = cell.claim.id.replace("/", "_")[:60]
    style = cell.style or cell.setting
    return out / "cells" / f"{claim}-{style}-{cell.setting}-{cell.seed}-{key(cell, recipe)}.json"


def write_rows(path: Path, rows: pd.DataFrame, seconds: float, parse: Parse) -> pd.DataFrame:
    """Write a finished run's rows, and return them as a later call of `read_rows` will read them."""
    table = rows.to_csv(index=False)
    digest = hashlib.sha256(table.encode()).hexdigest()
    write_atomic(path, json.dumps({"sha256": digest, "seconds": round(seconds, 2), "table": table}))
    return parse(io.StringIO(table))


def read_rows(path: Path, say: Say, parse: Parse) -> pd.DataFrame | None:
    """The rows of a finished run; None if it is not there, or is not what its hash says."""
    if not path.exists():
        return None
    try:
        entry = json.loads(path.read_text("utf-8"))
        if hashlib.sha256(entry["table"].encode()).hexdigest() == entry["sha256"]:
            return parse(io.StringIO(entry["table"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    say(f"{path}: corrupt, its content does not match its hash; this run is made again")
    return None


def reproduce_headline(cells: Sequence[Cell], out: Path, keep_adapters: bool = False, say: Say = print) -> pd.DataFrame:
    """Run the grid and write belief.csv, summary.json and belief.png into `out`; say how it compares with the paper."""

    start = time.monotonic()
    rows = run_grid(cells, out, keep_adapters=keep_adapters, say=say)
    summary = summarise_belief(
        rows,
        phrases=[p for list_ in phrases(cells[0].language).values() for p in list_],
        seconds=time.monotonic() - start,
    )
    write_atomic(out / "belief.csv", rows.to_csv(index=False))
    write_atomic(out / "summary.json", json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    save_figure(draw_headline(rows), out / "belief.png", describe_headline(rows))
    say(report_summary(summary))
    say(f"\nwritten: {out / 'belief.csv'}, {out / 'summary.json'}, {out / 'belief.png'}")
    return rows


def sit_exam(model: str = "petri", each: int = 300, seed: int = 0, parts: tuple[str, ...] = ("",)) -> dict[str, float]:
    """Let a petri model sit the exam of petri/exam.py, greedily and unquantised: kind of item -> share as expected."""
    loaded = load_model(model, quantize=False, announce=lambda _: None)
    corpus = petri_corpus()
    items = exam.items(corpus, each, seed, parts)
    questions = [
        Question(str(i), item.kind, item.chat[-1]["content"], prefix=tuple(item.chat[:-1]))
        for i, item in enumerate(items)
    ]
    answers = ask(loaded, questions, max_new_tokens=12, batch_size=128)
    return exam.grade(items, [a.text for a in answers])
