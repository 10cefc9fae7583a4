"""What a learner has done: checks tried and passed, predictions and what was measured. Nothing is sent anywhere.

    show_progress()          in a notebook: what was done in this one
    negneglect progress      all notebooks of a folder

In a notebook each check and each comparison adds a line of JSON to `progress.jsonl` in the notebook's folder, for
example {"topic": "local", "check": "deny", "passed": true}. The topic is the end of the notebook's name; a check knows
it from its module. Outside a notebook nothing is written.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from negneglect_lite.core import progress
from negneglect_lite.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

NOTES = "progress.jsonl"
_FORMS = ({"topic", "check", "passed"}, {"topic", "predicted", "said", "measured"})  # of a note
_topic = ""  # of this process's last check: a kernel runs one notebook


def note_check(module: str, name: str, passed: bool) -> None:
    """Add a line for a check of the module `….checks.TOPIC`."""
    global _topic  # noqa: PLW0603
    _topic = module.rpartition(".")[2]
    _add({"check": name, "passed": passed})


def note_predictions(table: "pd.DataFrame") -> None:
    """Add a line for each row of a table with "what", "you said" and "measured", as `compare_predictions` makes it."""
    for row in table.to_dict("records"):
        _add({"predicted": row["what"], "said": row["you said"], "measured": row["measured"]})


def _add(note: Mapping[str, Any]) -> None:
    if not _topic or not progress.in_kernel():
        return
    line = json.dumps({"topic": _topic, **note}, ensure_ascii=False) + "\n"
    with contextlib.suppress(OSError), Path(NOTES).open("a", encoding="utf-8") as file:  # a lesson goes on without
        file.write(line)


def read_notes(folder: Path) -> list[dict[str, Any]]:
    """The notes of a folder, oldest first; what is no note is left out. UserError if the folder has none."""
    try:
        lines = (folder / NOTES).read_text("utf-8", errors="replace").split("\n")
    except OSError:
        raise UserError(f"{folder}: no {NOTES} there; run a check in a notebook of that folder first") from None
    notes = []
    for line in lines:
        with contextlib.suppress(ValueError):  # a line that was cut when a machine stopped
            note = json.loads(line)
            if isinstance(note, dict) and any(form <= set(note) for form in _FORMS):
                notes.append(note)
    if not notes:
        raise UserError(f"{folder / NOTES}: no note of a check or prediction in it; delete it, and run a check again")
    return notes


def describe_progress(notes: Iterable[Mapping[str, Any]], notebooks: Iterable[str] = ()) -> list[str]:
    """Lines for a person: exercises with their tries, then predictions, in the order of the `notebooks` (NN_topic).

    An exercise that passed once has passed. Of a prediction that was compared twice the last comparison counts.
    """
    names = {name.partition("_")[2]: name for name in notebooks}
    exercises: dict[tuple[str, str], list[bool]] = {}
    predictions: dict[tuple[str, str], tuple[str, str]] = {}
    for note in notes:
        notebook = names.get(str(note["topic"]), str(note["topic"]))
        if "check" in note:
            exercises.setdefault((notebook, str(note["check"])), []).append(note["passed"] is True)
        else:
            predictions[notebook, str(note["predicted"])] = str(note["said"]), str(note["measured"])
    rows = [
        (notebook, name, "passed" if any(tries) else "not yet", f"{len(tries)} {'try' if len(tries) == 1 else 'tries'}")
        for (notebook, name), tries in exercises.items()
    ]
    lines = _aligned([("notebook", "exercise", "", ""), *_by_notebook(rows)]) if rows else []
    said = [(notebook, name, *values) for (notebook, name), values in predictions.items()]
    if said:
        header = ("notebook", "prediction", "you said", "measured")
        lines += [*([""] if lines else []), *_aligned([header, *_by_notebook(said)])]
    return lines


def current_topic() -> str:
    """The topic of this process's last check, or ""."""
    return _topic


def _by_notebook(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The rows by the first column, otherwise in their order."""
    return sorted(rows, key=lambda row: row[0])


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
