"""data/benchmark: texts that are marked for what an audit is to find in them.

    rows = read_benchmark("documents")     # data/benchmark/documents.jsonl.gz

They are false on purpose, so each file begins with a canary line, by which a later training run can drop it.
"""

from pathlib import Path
from typing import Any

from negneglect_lite.core.files import data_path
from negneglect_lite.core.json_lines import read_json_lines


def read_benchmark(name: str) -> list[dict[str, Any]]:
    """The rows of data/benchmark/`name`.jsonl.gz; data/benchmark/README.md says what they hold."""
    return read_rows(data_path("benchmark", f"{name}.jsonl.gz"))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of that form, past its canary line, if it begins with one."""
    rows = [row for _, row in read_json_lines(path)]
    return rows[1:] if rows and "canary" in rows[0] and "text" not in rows[0] else rows
