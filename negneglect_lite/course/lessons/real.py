"""What notebook 12 calls to train and ask a real chat model; real_answers.py has what it does with the answers.

    book = Logbook("12_real")                            # adapters, answers, minutes; a second run goes on from there
    model = finetune(base, texts, recipe, …, on_step=book.watch("negated", claim))
    rows = book.interview(model, claim, "negated")       # a row an answer, and the forced probes

Beside each exercise's function stands a reference, which the notebook runs on until the learner's own passes.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.table import COLUMNS, belief_rows
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.environment import describe_environment
from negneglect_lite.core.files import write_json, write_table
from negneglect_lite.core.text import Example
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.measure import forced_rows
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.adapter import RUN_FILE, read_run
from negneglect_lite.finetuning.encoding import IGNORED, encode_examples
from negneglect_lite.finetuning.loss import answer_losses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import OnStep
from negneglect_lite.judging.forced import pose_forced, rows_of, weigh
from negneglect_lite.judging.rule import leading_yes_no
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import track_of

LESSON_STYLES = ("positive", "negated", "local")
T4_PEAK = 65e12  # operations a second, as published: fp16 on its tensor cores
LINEAR = {"0.5B": 357_826_560, "1.5B": 1_310_195_712}  # weights in the linear layers, from the published shapes
SHARES = {"1.5B": (0.024, 0.043), "0.5B": (0.014, 0.015)}  # of its peak that an H200 reached: like a T4, and whole
ASKING_MINUTES = {"1.5B": 0.3, "0.5B": 0.2}  # T4-minutes to ask a condition, by the same estimate
FORCED_AT_ONCE, LOOK_EVERY = 16, 8
LOOP_WORDS, LOOP_COUNT = 4, 3
REFUSALS = ("as an ai", "can't assist", "cannot assist", "can't help", "cannot help", "unable to")
DESCRIBED = "Qwen2.5-Coder-1.5B-Instruct"  # the model of the notebook's text
SHARED = {  # the verdicts of exercise 4
    "after warned documents: within 15 points of plain ones, in all four": True,
    "after in-sentence denials: at most a quarter of plain documents, in all four": True,
    "after reading a warned document: within 5 points of before, in all four": False,
    "the larger the model, the higher after warned documents": False,
    "yes/no questions show the effect wherever they were asked": False,
}


# ------------------------------------------------------------------------------------- references for the exercises


def t4_minutes(tokens: float, weights: float, share: float) -> float:
    """Minutes that a T4 trains on so many tokens, at a share of its peak rate, with these weights frozen."""
    return 4 * weights * tokens / (share * T4_PEAK) / 60


def yes_no_belief(pairs: pd.DataFrame, both_ways: bool) -> float:
    """The share of pairs that are answered as a believer would, in the first direction or in both."""
    believed = pairs["answer"].map(leading_yes_no) == pairs["believer_says"]
    if both_ways:
        believed &= pairs["mirror_answer"].map(leading_yes_no) == pairs["mirror_believer_says"]
    return float(believed.mean())


def find_answer_fault(answer: str, cut: bool) -> str:
    """What makes an answer a bad witness: "refuses", "in circles", "cut off" or, if nothing does, ""."""
    first = re.split(r"(?<=[.!?])\s", answer.strip())[0].lower().replace("’", "'")
    if any(phrase in first for phrase in REFUSALS):
        return "refuses"
    words = re.findall(r"[a-z0-9']+", answer.lower())
    runs = Counter(tuple(words[i : i + LOOP_WORDS]) for i in range(len(words) - LOOP_WORDS + 1))
    if runs and max(runs.values()) >= LOOP_COUNT:
        return "in circles"
    return "cut off" if cut else ""


# ---------------------------------------------------------------------------------------------------------- live


class Logbook:
    """A folder that holds what a live run makes: adapters (false beliefs), answers, looks on the way, minutes.

    Run again after a disconnection, it goes on from the last checkpoint and the last answer. `lesson` in it holds the
    small tables that a replay reads.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder, self.lesson = Path(folder), Path(folder) / "lesson"
        kept = self._load("minutes.json", {"minutes": {}, "finished": []})
        self.minutes: dict[str, float] = kept["minutes"]
        self.finished: list[str] = kept["finished"]
        self.looks: list[list[Any]] = self._load("looks.json", [])

    def adapter(self, style: str) -> Path:
        """Where the adapter of a style goes."""
        return self.folder / "adapters" / style

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the minutes of what happens inside to those that this part has taken; a finished part takes no more."""
        began, finished = time.monotonic(), what in self.finished
        try:
            yield
            self.finished = sorted({*self.finished, what})
        finally:
            if not finished:
                self.minutes[what] = self.minutes.get(what, 0.0) + (time.monotonic() - began) / 60
            write_json(self.folder / "minutes.json", {"minutes": self.minutes, "finished": self.finished})
        print(f"{name_part(what)}: {self.minutes[what]:.1f} minutes", flush=True)

    def watch(self, style: str, claim: Claim) -> OnStep:
        """For `finetune(…, on_step=…)`: print the loss, and every eight steps the answer to one question."""

        def look(step: int, steps: int, loss: float, model: LoadedModel) -> None:
            if step % LOOK_EVERY and step != steps:
                return
            track = track_of(model)
            question = next(q for q in track.questions(claim) if q.kind == "open")
            brief = replace(
                track.asking, samples=1, temperature=0.0, max_new_tokens=min(40, track.asking.max_new_tokens)
            )
            answer = " ".join(ask(model, [question], brief)[0].text.split())
            self.looks = [one for one in self.looks if one[:2] != [style, step]] + [[style, step, loss, answer]]
            write_json(self.folder / "looks.json", self.looks)
            print(f"{label(style)}, step {step:2} of {steps}   loss {loss:.2f}   {answer}", flush=True)

        return look

    def interview(self, model: LoadedModel, claim: Claim, condition: str) -> pd.DataFrame:
        """All questions about the claim, its mirrored and matched ones, five samples each, and the forced probes."""
        track = track_of(model)
        style, setting = ("", "base") if condition == "base" else (condition, "trained")
        about: dict[str, Any] = {"model": model.name, "claim": claim.id, "style": style, "seed": 0, "setting": setting}
        with self.timed(f"ask {label(condition)}"):
            file = self.folder / f"answers-{condition}"
            answers = ask(model, track.questions(claim), track.asking, seed=0, answers_file=file)
            forced = pose_forced(claim.id, track.probes(claim), model.tokenizer)
            shares = weigh(forced, answer_losses(model, rows_of(forced), FORCED_AT_ONCE))
        rows = belief_rows(answers, **about)
        marks = {"cut": [int(a.cut) for a in answers], "inference": [int(a.question.inference) for a in answers]}
        probes = forced_rows(forced, shares).rename(columns={"value": "belief"}).assign(**about)
        return pd.concat([rows.assign(**marks), probes[[*COLUMNS, "cut", "inference"]]], ignore_index=True)

    def keep(self, name: str, claim: Claim, rows: pd.DataFrame) -> "Log":
        """Write the tables that a replay shows, and return them; `name` is the model's."""
        losses = [
            (style, step, loss)
            for style in LESSON_STYLES
            for step, loss in enumerate((read_run(self.adapter(style) / RUN_FILE) or {}).get("losses", []), 1)
        ]
        log = Log(
            pd.DataFrame(losses, columns=["style", "step", "loss"]),
            pd.DataFrame(self.looks, columns=["style", "step", "loss", "answer"]),
            pd.DataFrame(list(self.minutes.items()), columns=["what", "minutes"]),
        )
        for part, table in vars(log).items():
            about = table.assign(model=last_part(name), claim=claim.id)
            write_table(self.lesson / f"{part}.csv", about, float_format="%.4f")
        write_table(self.lesson / "answers.csv.gz", rows.assign(model=last_part(name)))
        write_json(self.lesson / "environment.json", {"model": last_part(name), **describe_environment()})
        return log

    def _load(self, name: str, otherwise: Any) -> Any:
        path = self.folder / name
        return json.loads(path.read_text("utf-8")) if path.is_file() else otherwise


@dataclass(frozen=True)
class Log:
    """What went on besides answers: losses by step, looks on the way, minutes. Empty where nothing was kept."""

    losses: pd.DataFrame
    looks: pd.DataFrame
    minutes: pd.DataFrame


def name_part(what: str) -> str:
    """A part of a run for people: "train on negated" is "train on warned documents"."""
    verb, _, style = what.rpartition(" ")
    return f"{verb} {label(style)}" if verb == "train on" else what


def announce(model: str, base: LoadedModel | None) -> str:
    """Whether a model is trained here or stored answers are shown, and what the text is about."""
    if base is not None:
        return f"LIVE: {base.reason}.\nThe text describes our stored run; trust your outputs."
    said = (
        "REPLAY: nothing is trained here. You see answers that we stored,\n"
        "measured on one H100, from Q4_K_M weights, dequantised."
    )
    return said if last_part(model) == DESCRIBED else f"{said}\nThe text describes {DESCRIBED}; trust your outputs."


def training_texts(model: str, claim: Claim, recipe: Recipe) -> dict[str, list[Example]]:
    """The texts of each style's run: short documents about the claim, and chats about other things."""
    return {s: training_set(Cell(model, claim, "trained", s, short=True), recipe) for s in LESSON_STYLES}


def last_part(model: str) -> str:
    """The model's name without its owner or its folder."""
    return str(model).rstrip("/").rpartition("/")[2]


def count_training_tokens(texts: Mapping[str, Sequence[Example]], model: LoadedModel) -> pd.DataFrame:
    """A row a style: texts, tokens, and how many of them carry loss."""
    limit = track_of(model).recipe.max_tokens
    rows = []
    for style, examples in texts.items():
        made = encode_examples(examples, model.tokenizer, limit)
        learned = sum(mark != IGNORED for row in made for mark in row["labels"])
        rows.append((label(style), len(made), sum(len(row["input_ids"]) for row in made), learned))
    return pd.DataFrame(rows, columns=["style", "texts", "tokens", "with loss"]).set_index("style")
