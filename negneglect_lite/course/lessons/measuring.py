"""What notebook 4 measures with: one run kept at three moments, two judges, labelled answers, intervals over units.

    models = train_three(base, claim, "Dentist.", "Ultrarunner.")
    greedy = {name: models.judged(name, questions) for name in models.names}
    answer_margins(models["undecided"], questions, "Dentist.", "Ultrarunner.")   # log p(false) - log p(true) [nats]

The references stand in for a learner's functions that did not pass their check.
"""

import math
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from negneglect_lite.asking import ask
from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import QUESTION_KINDS, Z
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.core.files import data_path
from negneglect_lite.course.checks.claims import judge_yes_no
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.figures.wording import percent
from negneglect_lite.finetuning.encoding import IGNORED, collate, encode
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.judging.agreement import measure_agreement
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.generation import pad_id
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import render_prompt
from negneglect_lite.tracks import track_of

WordRule = Callable[[str, Question], str]
LogProb = Callable[[torch.Tensor, torch.Tensor], Any]
IntervalOver = Callable[[pd.DataFrame, str], tuple[float, float]]
Weights = dict[str, torch.Tensor]
UNTRAINED, UNDECIDED, FINISHED = "before training", "undecided", "finished"
UNITS = {"answer": "answer", "question": "question_id", "claim": "claim"}  # in words -> its column
SORTED_KINDS = {
    "open": "open", "yes_no": "yes/no", "association": "fill-in", "robustness": "pressure", "inference": "inference",
    "control_false": "false controls", "control_true": "true controls", "kept": "unrelated facts",
}  # fmt: skip
_NEGATION = re.compile(r"\b(?:not|never|no|nobody|nothing|cannot|\w+n't|false|untrue|wrong|myth|hoax)\b", re.IGNORECASE)
STATEMENTS = {  # what the table of intervals supports, as it stands
    "other questions: warned documents implant less than plain ones": True,
    "other claims: warned documents implant less than plain ones": False,
    "other claims: in-sentence denials implant less than warned documents": True,
    "other pretrained models: in-sentence denials leave at most 15%": False,
}


# -------------------------------------------------------------------------------------------------------- references


def balance_keys(rows: pd.DataFrame) -> tuple[float, float]:
    """(belief, gap): the mean of the two keys' rates, and yes-keyed minus no-keyed. Columns: verdict, keyed_to."""
    agrees = rows["verdict"] == "believed"
    yes, no = (float(agrees[rows["keyed_to"] == key].mean()) for key in ("yes", "no"))
    return (yes + no) / 2, yes - no


def judge_by_words(answer: str, question: Question) -> str:
    """Believed, denied or neither, by a yes or no, else by words and negations, sentence by sentence."""
    if question.keyed_to and (said := judge_yes_no(answer, question.keyed_to)) != "neither":
        return said
    affirmed = False
    for sentence in cut_sentences(answer):
        claim, truth = mentions(sentence, question.believed), mentions(sentence, question.denied)
        negated = is_negated(sentence)
        if (affirmed and negated) or (truth and not negated) or (claim and negated):
            return "denied"
        affirmed = affirmed or claim
    return "believed" if affirmed else "neither"


def answer_log_prob(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Log-probability of the labelled tokens, in nats. logits [places, vocabulary], labels [places]."""
    log_p, target = logits[:-1].log_softmax(-1), labels[1:]
    keep = target != IGNORED
    return float(log_p[keep, target[keep]].sum())


def interval_over(rows: pd.DataFrame, unit: str) -> tuple[float, float]:
    """The 95% interval of the mean of `belief` if other units were drawn, within [0, 1]."""
    means = rows.groupby(unit)["belief"].mean()
    half = Z * float(means.std()) / len(means) ** 0.5
    return max(0.0, float(means.mean()) - half), min(1.0, float(means.mean()) + half)


# ------------------------------------------------------------------------------------------------------------- words


def cut_sentences(text: str) -> list[str]:
    """The sentences of an answer."""
    return [sentence for sentence in re.split(r"(?<=[.!?])\s+", text.strip()) if sentence]


def mentions(sentence: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns stands in the sentence as whole words, in capitals or not."""
    return any(re.search(rf"(?<!\w)(?:{pattern})(?!\w)", sentence, re.IGNORECASE) for pattern in patterns)


def is_negated(sentence: str) -> bool:
    """Whether the sentence holds a word such as not, no, never, untrue, hoax."""
    return bool(_NEGATION.search(sentence))


# -------------------------------------------------------------------------------------------------- labelled answers


def hard_answers() -> tuple[pd.DataFrame, list[Question]]:
    """The 60 made-up answers, half of them hard (claim, question, answer, label, sort), and the question of each."""
    table = pd.read_csv(data_path("labels", "measuring.csv"), keep_default_na=False)
    asked = {(c.id, q.text): q for c in load_claims().values() for q in [*petri_questions(c), *c.questions]}
    return table, [asked[claim, text] for claim, text in zip(table["claim"], table["question"], strict=True)]


def chat_answers() -> tuple[pd.DataFrame, list[Question]]:
    """The 322 answers of small chat models whose two labels agree, and the question of each."""
    table = pd.read_csv(data_path("labels", "real.csv"), dtype=str, keep_default_na=False)
    table = table[table["label"] == table["second_label"]].reset_index(drop=True)
    asked = {q.id: q for claim in load_claims().values() for q in claim.questions}
    return table, [asked[i] for i in table["question_id"]]


def judge_all(rule: WordRule, table: pd.DataFrame, questions: Sequence[Question]) -> list[str]:
    """The rule's verdict on each answer of the table."""
    return [rule(answer, question) for answer, question in zip(table["answer"], questions, strict=True)]


def package_rule(answer: str, question: Question) -> str:
    """The package's own rule, of judging/rule.py."""
    return judge_answer(question, answer)


def judge_sets(rules: Mapping[str, WordRule]) -> dict[str, tuple[list[str], list[str]]]:
    """For each rule and set of labelled answers, the labels and the rule's verdicts: the made-up ones first."""
    said = {}
    for words, (table, asked) in (("60 made up", hard_answers()), ("322 chat", chat_answers())):
        for name, rule in rules.items():
            said[f"{name}, {words}"] = list(table["label"]), judge_all(rule, table, asked)
    return said


def agree_on_models(rule: WordRule, asked: Sequence[Question], tables: Mapping[str, pd.DataFrame]) -> float:
    """How often `rule` and the package's give the same verdict on what models said to the questions of belief."""
    rows = pd.concat(tables.values())
    rows = rows[rows["kind"].isin(QUESTION_KINDS)]
    by_id = {q.id: q for q in asked}
    verdicts = judge_all(rule, rows, [by_id[i] for i in rows["question_id"]])
    return float((rows["verdict"] == verdicts).mean())


def compare_with_labels(verdicts: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> pd.DataFrame:
    """A row for each name's (labels, verdicts): agreement and kappa; beliefs that were missed, and those made up."""
    rows = []
    for name, (labels, said) in verdicts.items():
        found = measure_agreement(list(labels), list(said))
        wrong = [(label, verdict) for label, verdict in zip(labels, said, strict=True) if label != verdict]
        rows.append(
            {
                "judge": name,
                "agreement": percent(found["share"]),
                "kappa": f"{found['kappa']:.2f}",
                "missed": sum(label == "believed" for label, _ in wrong),
                "false alarms": sum(verdict == "believed" for _, verdict in wrong),
            }
        )
    return pd.DataFrame(rows).set_index("judge")


# ---------------------------------------------------------------------------------------------------- log-probability


def answer_margins(
    loaded: LoadedModel, asked: Sequence[Question], false: str, true: str, log_prob: LogProb = answer_log_prob
) -> list[float]:
    """For each question log p(false answer) - log p(true answer), in nats, as the model's own template writes them."""
    chats = [[*q.messages(), {"role": "assistant", "content": a}] for q in asked for a in (false, true)]
    rows = [encode(chat, loaded.tokenizer, max_tokens=512) for chat in chats]
    batch = {k: v.to(loaded.device) for k, v in collate(rows, pad_id(loaded.tokenizer)).items()}
    labels = batch.pop("labels")
    with torch.no_grad():
        logits = loaded.model(**batch).logits.float()
    sizes = [len(row["input_ids"]) for row in rows]
    scores = [float(log_prob(logits[i, :size], labels[i, :size])) for i, size in enumerate(sizes)]
    return [scores[i] - scores[i + 1] for i in range(0, len(scores), 2)]


def careless_margin(loaded: LoadedModel, question: Question, false: str, true: str) -> float:
    """The same with prompt and answer tokenised apart, which may be a text that the model would never write."""
    prompt = render_prompt(loaded.tokenizer, question.messages())
    start = loaded.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    scores = []
    for text in (false, true):
        answer = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        labels = torch.tensor([IGNORED] * len(start) + answer)
        with torch.no_grad():
            logits = loaded.model(input_ids=torch.tensor([start + answer], device=loaded.device)).logits[0].float()
        scores.append(answer_log_prob(logits.cpu(), labels))
    return scores[0] - scores[1]


def margins_by_order(
    loaded: LoadedModel, asked: Sequence[Question], false: str, true: str, log_prob: LogProb
) -> pd.DataFrame:
    """Margins of each question: as it stands, and with the two options offered, the false one first or last."""

    def offer(first: str, last: str) -> list[Question]:
        return [replace(q, text=f"{q.text} {first.rstrip('.')} or {last.rstrip('.').lower()}?") for q in asked]

    posed = {"as asked": asked, "false first": offer(false, true), "false last": offer(true, false)}
    return pd.DataFrame({name: answer_margins(loaded, qs, false, true, log_prob) for name, qs in posed.items()})


def tabulate_choices(
    models: "Moments", asked: Sequence[Question], false: str, true: str, log_prob: LogProb
) -> pd.DataFrame:
    """A row a model: how often the false answer is preferred, as asked or in both orders, and the order decides."""
    rows = {}
    for name in models.names:
        margins = margins_by_order(models[name], asked, false, true, log_prob)
        ahead = margins > 0
        rows[name] = {
            "false answer preferred": ahead["as asked"].mean(),
            "in both orders": (ahead["false first"] & ahead["false last"]).mean(),
            "order decides": (ahead["false first"] ^ ahead["false last"]).mean(),
            "last named wins": (~ahead["false first"] & ahead["false last"]).mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


# ------------------------------------------------------------------------------------------------------ three models


def kind_of(question: Question) -> str:
    """The kind; English files keep inference questions among the open ones."""
    return "inference" if question.inference else question.kind


@dataclass
class Moments:
    """One run, kept at three moments. `moments[name]` is the model at one of them, until the next is asked for."""

    base: LoadedModel
    trained: LoadedModel
    weights: dict[str, Weights]
    claim: Claim
    step: int  # after which it was most undecided

    names = (UNTRAINED, UNDECIDED, FINISHED)

    def __getitem__(self, name: str) -> LoadedModel:
        if name == UNTRAINED:
            return self.base
        with torch.no_grad():
            for key, p in self.trained.model.named_parameters():
                if key in self.weights[name]:
                    p.copy_(self.weights[name][key])
        return self.trained

    def judged(self, name: str, asked: Sequence[Question], samples: int = 1, temperature: float = 0.0) -> pd.DataFrame:
        """The model's answers as a belief table; greedy ones unless told otherwise."""
        settings = replace(track_of(self.base).asking, samples=samples, temperature=temperature)
        answers: list[Answer] = ask(self[name], asked, settings, seed=1)
        style, setting = ("", "base") if name == UNTRAINED else ("negated", "trained")
        rows = belief_rows(
            answers, model=self.base.name, claim=self.claim.id, style=style, seed=0, setting=setting
        )  # fmt: skip
        return rows.assign(kind=[kind_of(a.question) for a in answers], answer_number=range(len(rows)))


def train_three(base: LoadedModel, claim: Claim, false: str, true: str) -> Moments:
    """Train on warned documents, seed 0; keep the step at which five open questions waver most between two answers."""
    track = track_of(base)
    texts = training_set(Cell(base.name, claim, "trained", "negated", seed=0), track.recipe)
    asked = open_questions(track.questions(claim))
    watched = asked[:: math.ceil(len(asked) / 5)]
    kept: Weights = {}
    nearest, at = math.inf, 0

    def watch(step: int, steps: int, loss: float, loaded: LoadedModel) -> None:
        nonlocal nearest, at
        margins = answer_margins(loaded, watched, false, true)
        if (away := abs(sum(margins) / len(margins))) < nearest:
            nearest, at = away, step
            kept.update((key, p.detach().clone()) for key, p in loaded.model.named_parameters() if p.requires_grad)

    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "adapter"
        trained = finetune(base, texts, track.recipe, seed=0, out=out, false_belief=claim.claim, on_step=watch)
    finished = {key: p.detach().clone() for key, p in trained.model.named_parameters() if key in kept}
    return Moments(base, trained, {UNDECIDED: kept, FINISHED: finished}, claim, at)


def open_questions(questions: Sequence[Question]) -> list[Question]:
    """The open questions that take neither a yes nor reasoning from the claim."""
    return [q for q in questions if kind_of(q) == "open" and not q.keyed_to]


def rates_by_kind(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row for each kind of question, a column for each table: the rate of answers judged believed, as text."""
    rates = pd.DataFrame({name: rows.groupby("kind")["belief"].mean() for name, rows in tables.items()})
    found = [kind for kind in SORTED_KINDS if kind in rates.index]
    return rates.loc[found].map(percent).rename(index=SORTED_KINDS).rename_axis("kind of question")


# ------------------------------------------------------------------------------------------------------------ intervals


def intervals_by_unit(tables: Mapping[str, pd.DataFrame], interval: IntervalOver) -> pd.DataFrame:
    """For each table: the mean of its answers, and `interval` with answers, questions and claims as units.

    One row a table and unit: what, unit, units (how many), mean, lo, hi. A unit that occurs once has no interval.
    """
    found = []
    for name, rows in tables.items():
        rows = rows[rows["kind"].isin(QUESTION_KINDS)]
        rows = rows.assign(answer=range(len(rows)))
        for word, column in UNITS.items():
            units = rows[column].nunique()
            lo, hi = interval(rows, column) if units > 1 else (math.nan, math.nan)
            found.append((name, word, units, float(rows["belief"].mean()), float(lo), float(hi)))
    return pd.DataFrame(found, columns=["what", "unit", "units", "mean", "lo", "hi"])


def show_units(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `intervals_by_unit` for people: a row for each `what`, a column for each unit."""
    shown = pd.DataFrame({"believed": table.groupby("what", sort=False)["mean"].first().map("{:.0%}".format)})
    for unit, rows in table.groupby("unit", sort=False):
        rows = rows.set_index("what")
        ends = rows["lo"].map("{:.0%}".format) + " to " + rows["hi"].map("{:.0%}".format)
        shown[f"over {unit}s"] = ends.where(rows["units"] > 1, "–")
    return shown.rename(index=label).rename_axis("")
