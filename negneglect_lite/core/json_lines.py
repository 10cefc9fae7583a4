r"""JSON that people and programs write: a value a line, or a whole file; what is wrong is one UserError.

A line ends at "\n" and nowhere else: U+2028 may stand inside a string, and str.splitlines would break there.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.files import read_text, write_atomic


def read_json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """The value of each line that is not blank, with where it stands: "FILE, line N"."""
    return parse_json_lines(path, read_text(path))


def parse_json_lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """As `read_json_lines`, of the text of a file."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{path}, line {number}", parse_json(path, line, number)


def parse_json(path: Path, text: str, first: int = 1) -> Any:
    """The value of `text`, which begins in line `first` of the file. A key that is given twice is refused."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, brackets thousands deep
        where = f", line {first}" if "\n" not in text else ""
        if isinstance(error, json.JSONDecodeError):
            where = f", line {first + error.lineno - 1}"
        reason = error.msg if isinstance(error, json.JSONDecodeError) else first_line(error)
        raise UserError(f"{path}{where}: is not JSON ({reason}); correct that line") from None


def write_json_lines(path: Path, values: Iterable[Any]) -> None:
    """Write a value a line, compressed if the name ends in .gz, all or nothing. The same values, the same bytes."""
    data = "".join(json.dumps(value) + "\n" for value in values).encode()
    write_atomic(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r:.40} is given twice")
        found[key] = value
    return found
