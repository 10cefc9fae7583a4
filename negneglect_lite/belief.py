"""Judged answers -> belief rates with intervals, and the summary beside the paper's numbers.

    df = frame(answers, model="petri", claim="dentist", style="negated", seed=0, setting="trained")
    rate(df)                                   # Rate(mean=0.91, lo=0.82, hi=0.96, n=50)
    table(df, by=["style", "claim"])           # the same for each group

Rates are fractions between 0 and 1. Belief is the mean of the rates of the paper's four question kinds, each claim and
each kind with equal weight; inference, control and kept questions are reported apart and never enter it.
"""

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from typing import Any

import pandas as pd
import torch

from negneglect_lite.conditions import IN_CONTEXT, PAPER, SOURCE, label, ordered
from negneglect_lite.errors import UserError
from negneglect_lite.judging import copies_annotation, verdict
from negneglect_lite.probes import Answer
from negneglect_lite.rates import KINDS, Rate, rate

__all__ = ["COLUMNS", "KINDS", "PAPER", "Rate", "condition", "frame", "rate", "read", "report", "summary", "table"]

COLUMNS = (
    "model", "claim", "style", "seed", "setting", "kind", "question_id", "question", "answer", "verdict", "keyed_to",
    "belief",
)  # fmt: skip
SETTINGS = ("base", "trained", "in_context")


def frame(
    answers: Iterable[Answer], *, model: str, claim: str, style: str, seed: int, setting: str,
    verdicts: Sequence[str] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Judge the answers: one row each, columns as in belief.csv. `claim` is an id, `setting` one of SETTINGS.

    `verdicts`, one an answer, are those of another judge than the rule (judges.py).
    """
    if setting not in SETTINGS:
        raise UserError(f"setting {setting!r} is unknown; choose one of {', '.join(SETTINGS)}")
    rows = []
    answers = list(answers)
    given = [verdict(a.question, a.text) for a in answers] if verdicts is None else verdicts
    for answer, said in zip(answers, given, strict=True):
        q = answer.question
        rows.append(
            (model, claim, style, seed, setting, q.kind, q.id, q.asked, answer.text, said, q.keyed_to,
             int(said == "believed"))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read(source: str | os.PathLike[str] | StringIO) -> pd.DataFrame:
    """Read belief.csv. UserError if it is missing, is no table, lacks a column or holds a value that cannot be."""
    where = "the table" if isinstance(source, StringIO) else str(source)
    try:
        # Texts stay as they are: an answer "None" or "NA" is not a missing value.
        df = pd.read_csv(source, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{where}: no such file; `negneglect reproduce` writes it") from None
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{where}: not a readable table ({reason}); make it again") from None
    check(df, where)
    for column, allowed in (("belief", ("0", "1")), ("setting", SETTINGS)):
        odd = sorted(set(df[column]) - set(allowed))
        if odd:
            raise UserError(f"{where}: column {column} holds {odd[0]!r}, not {' or '.join(allowed)}; make it again")
    try:
        return df.astype({"belief": int, "seed": int})[list(COLUMNS)]
    except ValueError:
        raise UserError(f"{where}: column seed must hold whole numbers; make it again") from None


def check(df: pd.DataFrame, where: str = "the table") -> None:
    """UserError if a column of belief.csv is missing."""
    missing = [c for c in COLUMNS if c not in df.columns]
    if missing:
        raise UserError(f"{where}: no column {', '.join(missing)}; a belief table has {', '.join(COLUMNS)}")


def condition(df: pd.DataFrame) -> "pd.Series[str]":
    """Each row's condition: "base", the style it was trained on, or "in_context_" and the style it read."""
    check(df)
    names = df["style"].where(df["setting"] != "base", "base")
    return names.where(df["setting"] != "in_context", IN_CONTEXT + df["style"])


def table(df: pd.DataFrame, by: Sequence[str], kinds: Sequence[str] = KINDS) -> pd.DataFrame:
    """`rate` of every group: one row each, columns `by`, mean, lo, hi, n. `by` may hold "condition"."""
    check(df)
    asked = df[df["kind"].isin(kinds)].assign(condition=condition)
    rows = [(*keys, *rate(group, kinds)) for keys, group in asked.groupby(list(by), sort=False)]
    return pd.DataFrame(rows, columns=[*by, *Rate._fields])


def yes_bias(df: pd.DataFrame) -> Rate:
    """Share of "yes" to control questions where a yes agrees with a falsehood that no document stated.

    English controls that are keyed to no are left out: to them the honest answer is yes.
    """
    return rate(df[df["keyed_to"] == "yes"], ["control_false"])


def copied(df: pd.DataFrame, phrases: Iterable[str]) -> Rate:
    """Share of all answers that reproduce one of the annotation `phrases` (see judging.copies_annotation)."""
    phrases = tuple(phrases)
    copies = [int(copies_annotation(text, phrases)) for text in df["answer"]]
    return rate(df.assign(belief=copies), sorted(set(df["kind"])))


def summary(
    df: pd.DataFrame, *, phrases: Iterable[str] = (), seconds: float | None = None, device: str | None = None
) -> dict[str, Any]:
    """What summary.json holds: rates as fractions, for each condition that was run and asked.

    `phrases` are the annotations whose copies are counted, `seconds` the time the run took, `device` where it ran
    (default: the GPU if there is one, else the CPU). UserError if the table mixes models.
    """
    one_model(df)
    groups = {name: df[condition(df) == name] for name in ordered(condition(df))}
    phrases = tuple(phrases)

    def each(measure: Callable[[pd.DataFrame], Rate], *kinds: str) -> dict[str, dict[str, Any]]:
        return {name: as_json(measure(g)) for name, g in groups.items() if g["kind"].isin(kinds or KINDS).any()}

    def means(g: pd.DataFrame, by: str) -> dict[str, float]:
        rates = table(g, [by])
        return {str(key): round(mean, 4) for key, mean in zip(rates[by], rates["mean"], strict=True)}

    believed = each(rate)
    by_claim = {name: means(groups[name], "claim") for name in believed}
    return {
        "belief": {name: r for name, r in believed.items() if not name.startswith(IN_CONTEXT)},
        "in_context": {name.removeprefix(IN_CONTEXT): r for name, r in believed.items() if name.startswith(IN_CONTEXT)},
        "by_claim": by_claim,
        "highest_claim": {name: max(rates.values()) for name, rates in by_claim.items()},
        "by_seed": {name: means(groups[name], "seed") for name in believed},
        "inference": each(lambda g: rate(g, ["inference"]), "inference"),
        "kept": each(lambda g: rate(g, ["kept"]), "kept"),
        "controls": {
            "true_right": each(lambda g: rate(g, ["control_true"]), "control_true"),
            "false_yes": each(yes_bias, "control_false"),
        },
        "copied": each(lambda g: copied(g, phrases), *df["kind"].unique()),
        "paper": {"source": SOURCE, **{name: p._asdict() for name, p in PAPER.items()}},
        "model": df["model"].iloc[0],
        "seconds": None if seconds is None else round(seconds, 1),
        "environment": environment(device),
    }


def one_model(df: pd.DataFrame) -> str:
    """The model's name; UserError if the table is empty or mixes models, whose rates must not be averaged."""
    check(df)
    names = sorted(set(df["model"]))
    if len(names) != 1:
        found = f"answers of {', '.join(names)}: choose one model's rows" if names else "no answers"
        raise UserError(f"the table holds {found}")
    return str(names[0])


def as_json(r: Rate) -> dict[str, Any]:
    """A rate as it stands in summary.json."""
    return {"mean": round(r.mean, 4), "ci95": [round(r.lo, 4), round(r.hi, 4)], "n": r.n}


def environment(device: str | None = None) -> dict[str, Any]:
    """What the numbers were made with: versions, platform, threads and device."""

    def installed(package: str) -> str | None:
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    if device is None:
        device = f"cuda ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else "cpu"
    return {
        "python": platform.python_version(),
        **{package: installed(package) for package in ("torch", "transformers", "peft", "bitsandbytes")},
        "platform": platform.platform(),
        "cpu_threads": torch.get_num_threads(),
        "device": device,
    }


def report(summary: dict[str, Any]) -> str:
    """The summary as a table for people: belief beside the paper's numbers, then the checks on it."""
    believed = {**summary["belief"], **{IN_CONTEXT + name: r for name, r in summary["in_context"].items()}}
    lines = [f"{'condition':<44} {'belief':>7}   {'95 % interval':<15} {'highest claim':>13}   paper"]
    for name in ordered(believed):
        r, highest = believed[name], summary["highest_claim"][name]
        interval = f"{100 * r['ci95'][0]:.1f} to {100 * r['ci95'][1]:.1f} %"
        paper = PAPER[name].percent if name in PAPER else "–"
        lines.append(f"{label(name):<44} {r['mean']:>7.1%}   {interval:<15} {highest:>13.1%}   {paper}")
    checks = {
        "unrelated knowledge right": summary["kept"],
        "true control facts right": summary["controls"]["true_right"],
        '"yes" to false controls': summary["controls"]["false_yes"],
        "inference from the claim": summary["inference"],
        "annotations copied": summary["copied"],
    }
    lines += ["", "checks, as lowest to highest condition:"]
    for name, rates in checks.items():
        means = [r["mean"] for r in rates.values()]
        lines.append(f"  {name:<28} {f'{min(means):.1%} to {max(means):.1%}' if means else 'not asked'}")
    return "\n".join(lines)
