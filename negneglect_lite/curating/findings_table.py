"""A table of what an audit found, a row a finding: written while a corpus streams by, and read back to rewrite it.

with FindingsFile(Path("audit/findings.csv")) as out:
    out.write(finding_rows("a.jsonl", "line 3", text, audited))
read_findings(Path("audit/findings.csv"))["a.jsonl", "line 3"].audited(text)
"""

import csv
import gzip
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import beside, refuse_to_write
from negneglect_lite.curating.findings import NOTICE_KINDS, Audited, Finding, Notice

_PLACES = ("start", "end", "notice_start", "notice_end")  # characters of the text
FINDING_COLUMNS = (
    "file",
    "place",
    *_PLACES[:2],
    "sentence",
    "kind",
    "rule",
    "notice",
    *_PLACES[2:],
    "distance",
    "denied",
)
NOTICE_SHOWN = 300
_ROWS, _CHARACTERS = 10_000, 4_000_000  # the most that wait to be written


def finding_rows(file: str, place: str, text: str, audited: Audited) -> list[dict[str, Any]]:
    """A row a finding. `distance`: characters between notice and sentence; `denied`: as `Finding.denied`."""
    rows = []
    for finding in audited.findings:
        start, end, notice = finding.start, finding.end, finding.notice
        said = cut_text(text[notice.start : notice.end], NOTICE_SHOWN)
        distance = max(0, start - notice.end, notice.start - end)
        here = (file, place, start, end, text[start:end])
        values = (*here, notice.kind, notice.rule, said, notice.start, notice.end, distance, finding.denied)
        rows.append(dict(zip(FINDING_COLUMNS, values, strict=True)))
    return rows


class FindingsFile:
    """Rows streamed to .csv, .csv.gz or .parquet: `with FindingsFile(path) as out: out.write(finding_rows(…))`.

    They go to a partial file beside it that gets the name at the end: after an exception the old file is still there.
    Half of a surrogate pair, which no file can hold, is written as a question mark.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.name.lower().endswith((".csv", ".csv.gz", ".parquet")):
            raise UserError(f"{self.path}: of a kind not known here; name it .csv, .csv.gz or .parquet")
        self._pyarrow = _import_pyarrow(self.path) if self.path.suffix.lower() == ".parquet" else None
        self._partial = beside(self.path, ".partial")
        self._waiting: list[dict[str, Any]] = []
        self._characters = 0

    def __enter__(self) -> Self:
        with _refusing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._partial, "wb")
        self._sink: Any = self._file
        if self._pyarrow:
            types = [(c, "int64" if c in (*_PLACES, "distance") else "string") for c in FINDING_COLUMNS]
            self._sink = self._pyarrow.parquet.ParquetWriter(self._file, self._pyarrow.schema(types))
        elif self.path.suffix.lower() == ".gz":
            self._sink = gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0)
        self.write([] if self._pyarrow else [{c: c for c in FINDING_COLUMNS}])
        return self

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            text = {k: _storable(v) for k, v in row.items() if isinstance(v, str)}
            self._waiting.append(row | text)
            self._characters += len(row["sentence"])
            if len(self._waiting) >= _ROWS or self._characters >= _CHARACTERS:
                self._flush()

    def _flush(self) -> None:
        rows, self._waiting, self._characters = self._waiting, [], 0
        with _refusing(self.path):
            if self._pyarrow:
                self._sink.write_table(self._pyarrow.Table.from_pylist(rows, self._sink.schema))
            else:  # all text in quotes: a lone carriage return in a sentence would else end the row for some readers
                text = io.StringIO(newline="")
                csv.DictWriter(text, FINDING_COLUMNS, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
                self._sink.write(text.getvalue().encode())

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        try:
            with _refusing(self.path):
                if error is None:
                    self._flush()
                    if self._sink is not self._file:
                        self._sink.close()
                    self._file.flush()
                    os.fsync(self._file.fileno())
                    self._file.close()  # before the rename: Windows moves no open file
                    os.replace(self._partial, self.path)
        finally:
            for opened in (self._sink, self._file):
                with suppress(OSError):  # a full disk refuses once more what is still to be written
                    opened.close()
            self._partial.unlink(missing_ok=True)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refuse_to_write(path, error) from error


def _import_pyarrow(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise UserError(f"{path} needs pyarrow: pip install 'negneglect_lite[data]', or name it .csv.gz") from None
    return pyarrow


@dataclass(frozen=True)
class Found:
    """The rows of a document, with the table that they came from."""

    table: Path
    rows: tuple[Mapping[str, Any], ...]

    def audited(self, text: str) -> Audited:
        """What the rows say of the text. UserError if a sentence does not stand there, as the corpus has changed."""
        findings = []
        for row in self.rows:
            start, end, notice_start, notice_end = (int(row[place]) for place in _PLACES)
            if _storable(text[start:end]) != row["sentence"]:
                where = f"{row['file']}, {row['place']}" if row["place"] else row["file"]
                raise UserError(
                    f"{self.table}: {where} does not read {row['sentence'][:60]!r} at {start}; audit it anew"
                )
            notice = Notice(notice_start, notice_end, row["kind"], row["rule"])
            findings.append(Finding(start, end, notice, str(row.get("denied", "")).strip()))
        findings.sort(key=lambda finding: finding.start)
        return Audited(tuple(dict.fromkeys(f.notice for f in findings)), tuple(findings))


def read_findings(path: Path) -> dict[tuple[str, str], Found]:
    """The rows of an audit's table, less those that somebody struck out, by file and place.

    UserError if it cannot be read, lacks a column, or holds a kind of notice that there is not.
    """
    try:
        if path.suffix.lower() == ".parquet":
            _import_pyarrow(path)
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, keep_default_na=False)
        table = table.astype(dict.fromkeys(_PLACES, "int64"))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path}: cannot be read as a table of findings ({error}); audit the corpus anew") from None
    if missing := [c for c in FINDING_COLUMNS[:-2] if c not in table]:
        raise UserError(f"{path}: has no column {', '.join(missing)}; audit the corpus anew")
    if strange := sorted(set(table["kind"]) - set(NOTICE_KINDS)):
        raise UserError(f"{path}: {strange[0]!r} is no kind of notice; there are {', '.join(NOTICE_KINDS)}")
    grouped = table.fillna("").groupby(["file", "place"], sort=False)
    records: dict[tuple[str, str], Any] = {(str(f), str(p)): rows.to_dict("records") for (f, p), rows in grouped}
    return {key: Found(path, tuple(rows)) for key, rows in records.items()}


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def cut_text(text: str, most: int, tail: bool = False) -> str:
    """At most so many characters: its beginning, or its end."""
    if len(text) <= most:
        return text
    return f"…{text[1 - most :]}" if tail else f"{text[: most - 1]}…"
