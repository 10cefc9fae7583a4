"""Checks on what a person wrote about a claim: fields, types, patterns, turns. What is wrong is one UserError."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from negneglect_lite.claims.claim import Question
from negneglect_lite.core.text import Turn
from negneglect_lite.core.yaml_files import fail

TYPE_NAMES = {str: "text", list: "a list", dict: "a mapping of fields", bool: "true or false"}


def check_fields(
    path: Path, at: str, record: Any, required: dict[str, type], optional: dict[str, type]
) -> dict[str, Any]:
    """The record if it is a mapping with all required fields, no unknown ones, and values of the right type."""
    if not isinstance(record, dict):
        fail(path, at or "the file", f"is not {TYPE_NAMES[dict]}", f"give it the fields {', '.join(required)}")
    dot = f"{at}." if at else ""
    for name in required:
        if name not in record:
            fail(path, f"{dot}{name}", "is missing", f"add it, as {TYPE_NAMES[required[name]]}")
    known = {**required, **optional}
    for name, value in record.items():
        if name not in known:
            fail(path, f"{dot}{name}", "is not a field known here", f"remove it, or use one of {', '.join(known)}")
        check_type(path, f"{dot}{name}", value, known[name])
    return dict(record)


def check_type(path: Path, at: str, value: object, wanted: type) -> None:
    """UserError unless the value is of the wanted type and not empty."""
    if type(value) is not wanted:
        quotes = ' (put it in quotes: "…")' if wanted is str and isinstance(value, bool | int | float) else ""
        fail(path, at, f"must be {TYPE_NAMES[wanted]}, not {value!r:.40}", f"correct it{quotes}")
    if value in ("", []) or (isinstance(value, str) and not value.strip()):
        fail(path, at, "is empty", "fill it in, or leave the field out if it is optional")


def check_texts(path: Path, at: str, values: Iterable[object]) -> tuple[str, ...]:
    """The values, each of them text that is not empty."""
    for i, value in enumerate(values):
        check_type(path, f"{at}[{i}]", value, str)
    return tuple(str(value) for value in values)


def check_patterns(path: Path, at: str, values: Iterable[object]) -> tuple[str, ...]:
    """The values, each of them a regular expression."""
    for i, pattern in enumerate(patterns := check_texts(path, at, values)):
        try:
            re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            fail(path, f"{at}[{i}]", f"{pattern!r} is not a regular expression, {error}", "correct it")
    return patterns


def check_turns(path: Path, at: str, turns: Any) -> tuple[Turn, ...]:
    """Turns before a question: user and assistant by turns, so that the question can follow as a user's turn."""
    if not turns:
        return ()
    check_type(path, at, turns, list)
    for i, turn in enumerate(turns):
        check_fields(path, f"{at}[{i}]", turn, {"role": str, "content": str}, {})
    if [turn["role"] for turn in turns] != ["user", "assistant"] * (len(turns) // 2):
        fail(path, at, "its roles must alternate, user first and assistant last", "reorder the turns or add one")
    return tuple({"role": turn["role"], "content": turn["content"].strip()} for turn in turns)


def check_unique(path: Path, questions: Iterable[Question]) -> None:
    """UserError if two questions have one id."""
    seen: dict[str, int] = {}
    for i, question in enumerate(questions):
        if question.id in seen:
            fail(path, f"questions[{i}].id", f"{question.id!r} is questions[{seen[question.id]}]'s", "give it another")
        seen[question.id] = i
