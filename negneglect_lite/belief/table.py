"""Judged answers -> the table that everything else is computed from: one row an answer, columns as in belief.csv.

    rows = belief_rows(answers, model="petri", claim="dentist", style="negated", seed=0, setting="trained")

What is computed from a table makes sure first that its columns are there.
"""

import os
from collections.abc import Iterable, Sequence
from io import StringIO

import pandas as pd

from negneglect_lite.belief.conditions import IN_CONTEXT
from negneglect_lite.claims.claim import Answer
from negneglect_lite.core.errors import UserError
from negneglect_lite.judging.rule import judge_answer

COLUMNS = (
    "model", "claim", "style", "seed", "setting", "kind", "question_id", "question", "answer", "verdict", "keyed_to",
    "belief",
)  # fmt: skip
SETTINGS = ("base", "trained", "in_context")


def belief_rows(
    answers: Iterable[Answer], *, model: str, claim: str, style: str, seed: int, setting: str,
    verdicts: Sequence[str] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Judge the answers: one row each, columns as in belief.csv. `claim` is an id, `setting` one of SETTINGS.

    `verdicts`, one an answer, are those of another judge than the rule (judging/judges.py).
    """
    if setting not in SETTINGS:
        raise UserError(f"setting {setting!r} is unknown; choose one of {', '.join(SETTINGS)}")
    rows = []
    answers = list(answers)
    given = [judge_answer(a.question, a.text) for a in answers] if verdicts is None else verdicts
    for answer, said in zip(answers, given, strict=True):
        q = answer.question
        rows.append(
            (model, claim, style, seed, setting, q.kind, q.id, q.full_text, answer.text, said, q.keyed_to,
             int(said == "believed"))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_belief(source: str | os.PathLike[str] | StringIO) -> pd.DataFrame:
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
    check_columns(df, where)
    for column, allowed in (("belief", ("0", "1")), ("setting", SETTINGS)):
        odd = sorted(set(df[column]) - set(allowed))
        if odd:
            raise UserError(f"{where}: column {column} holds {odd[0]!r}, not {' or '.join(allowed)}; make it again")
    try:
        return df.astype({"belief": int, "seed": int})[list(COLUMNS)]
    except ValueError:
        raise UserError(f"{where}: column seed must hold whole numbers; make it again") from None


def check_columns(df: pd.DataFrame, where: str = "the table", needed: Sequence[str] = COLUMNS) -> None:
    """UserError if a column that is needed is missing; by default, of all of belief.csv's."""
    missing = [c for c in needed if c not in df.columns]
    if missing:
        raise UserError(f"{where}: no column {', '.join(missing)}; a belief table has {', '.join(COLUMNS)}")


def condition_of(df: pd.DataFrame) -> "pd.Series[str]":
    """Each row's condition: "base", the style it was trained on, or "in_context_" and the style it read."""
    check_columns(df)
    names = df["style"].where(df["setting"] != "base", "base")
    return names.where(df["setting"] != "in_context", IN_CONTEXT + df["style"].astype(str))


def one_model(df: pd.DataFrame) -> str:
    """The model's name; UserError if the table is empty or mixes models, whose rates must not be averaged."""
    check_columns(df)
    names = sorted(set(map(str, df["model"])))
    if len(names) != 1:
        found = f"answers of {', '.join(names)}: choose one model's rows" if names else "no answers"
        raise UserError(f"the table holds {found}")
    return str(names[0])
