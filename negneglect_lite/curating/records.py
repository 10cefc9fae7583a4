"""Files of lines, of CSV rows, and of one text: their documents, each with its bytes and with those of another text.

A line is read with a bound, MAX_LINE, so that a file without line ends takes no more memory than that.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Literal

from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.json_lines import parse_json
from negneglect_lite.core.schema import TYPE_NAMES
from negneglect_lite.curating.packing import BROKEN, open_unpacked, packed, refusals_of

MAX_LINE = 100_000_000  # bytes of a line, a CSV row or a text file; what is longer is no document
BLANK = " \t\r\n"  # what JSON takes for white space
_SPACE, _JSON, _LINE = re.compile(f"[{BLANK}]*"), json.JSONDecoder(), Path("line")
# A first line with which a list of documents begins, or a document in several lines.
SPREAD = re.compile(rb"\s*(\[\s*(\{|$)|\{\s*$)")
TEXT_BYTES = b"\t\n\r" + bytes(range(32, 256))
NUL = "is binary, or text in UTF-16 (it holds NUL bytes)"


@dataclass(frozen=True)
class Entry:
    """A document: its file, its place there ("line 3", "row 3", or "" for a text file), its number, and its text."""

    file: Path
    place: str
    number: int
    text: str

    @property
    def where(self) -> str:
        return _where(self.file, self.place)


@dataclass(frozen=True)
class Bad:
    """What cannot be read: a line, a row or, with the place "", a whole file.

    Where the reason says "from here on", no more of the file is read.
    """

    file: Path
    place: str
    reason: str

    @property
    def where(self) -> str:
        return _where(self.file, self.place)


def _where(file: Path, place: str) -> str:
    """ "FILE, line 3", or the file alone."""
    return f"{file}, {place}" if place else str(file)


EntryOrBad = Entry | Bad
Fate = str | bool  # what becomes of an item: another text, True for as it is, False for nothing
Decide = Callable[[EntryOrBad], Fate]
Outcome = Literal["written", "copied", "none"]  # a file was written, is to be copied whole, or is not to be there
Steps = Generator[EntryOrBad, None, Outcome]


@dataclass(frozen=True)
class Record:
    """A piece of a file: its bytes, and the bytes that say another text. Without an item it is only copied."""

    number: int
    item: EntryOrBad | None
    raw: Iterable[bytes]
    changed: Callable[[str], bytes] = str.encode


class Unfit(Exception):
    """Why a line, a row or a file is no document."""


def pass_stream(file: Path, kind: str, field: str, decide: Decide, base: BinaryIO | None) -> Steps:
    """The items of a file of "lines", "csv", "tsv" or "text"; what `decide` says of them is written to `base`, if any.

    UserError if that cannot be written.
    """
    with packed(file, base) as sink:
        for record in _records(file, kind, field):
            item = record.item
            fate = True if item is None else decide(item)
            if base is not None and fate is not False:
                with refusals_of(base.name):
                    pieces = [record.changed(fate)] if isinstance(fate, str) else record.raw
                for piece in pieces:
                    with refusals_of(base.name):
                        sink.write(piece)
            if item is not None:
                yield item
                if isinstance(item, Bad) and not item.place:
                    return "copied" if fate else "none"
                if not item.place and fate is False:
                    return "none"
    return "written"


def _records(file: Path, kind: str, field: str) -> Iterator[Record]:
    readers: dict[str, Callable[[Path, Any, str], Iterator[Record]]] = {
        "lines": _lines, "text": _whole, "csv": partial(_rows, ","), "tsv": partial(_rows, "\t"),
    }  # fmt: skip
    number = 0
    try:
        with open_unpacked(file) as stream:
            start = stream.peek(4096)[:4096]
            if b"\0" in start and len(start.translate(None, TEXT_BYTES)) * 20 > len(start):
                yield Record(0, Bad(file, "", NUL), ())
                return
            if start.startswith(b"\xef\xbb\xbf"):  # the byte order mark that Windows writes
                yield Record(0, None, [stream.read(3)])
            for record in readers[kind](file, stream, field):
                number = record.number
                yield record
    except BROKEN as error:
        reason = (getattr(error, "strerror", None) or first_line(error)).lower()
        place = f"{'line' if kind == 'lines' else 'row'} {number + 1}" if number else ""
        yield Record(number, Bad(file, place, f"cannot be read{' from here on' if place else ''}: {reason}"), ())


def _whole(file: Path, stream: Any, _: str) -> Iterator[Record]:
    raw = stream.read(MAX_LINE + 1)
    item: EntryOrBad = Bad(file, "", f"is longer than {MAX_LINE:,} bytes")
    if len(raw) <= MAX_LINE:
        try:
            item = Entry(file, "", 1, _decode(raw))
        except Unfit as error:
            item = Bad(file, "", str(error))
    yield Record(0, item, [raw])


def _rest(begun: list[bytes], stream: Any) -> Iterator[bytes]:
    """The lines that have been read, and what is left of the last one."""
    yield from begun
    piece = begun[-1]
    while piece and not piece.endswith(b"\n"):
        try:
            piece = stream.readline(1 << 20)
        except BROKEN:  # told by who reads on
            return
        yield piece


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Unfit(f"is not UTF-8 text (at its byte {error.start + 1})") from None
    if "\0" in text:
        raise Unfit(NUL)
    return text


# ---------------------------------------------------------------------------------------------------------- JSON lines


def _lines(file: Path, stream: Any, field: str) -> Iterator[Record]:
    for number in count(1):
        line = stream.readline(MAX_LINE + 1)
        if not line:
            return
        if number == 1 and SPREAD.match(line):
            yield Record(1, Bad(file, "", "is JSON over many lines, or one list; write one document a line"), ())
            return
        place = f"line {number}"
        if len(line) > MAX_LINE:
            rest = _rest([line], stream)
            yield Record(number, Bad(file, place, f"is longer than {MAX_LINE:,} bytes"), rest)
            for _ in rest:
                pass
            continue
        try:
            yield _line_record(file, number, line, field)
        except Unfit as error:
            yield Record(number, Bad(file, place, str(error)), [line])


def _line_record(file: Path, number: int, line: bytes, field: str) -> Record:
    text = _decode(line)
    if not text.strip(BLANK):
        return Record(number, None, [line])
    try:
        row = parse_json(_LINE, text.strip(BLANK))
    except UserError as error:
        raise Unfit(str(error).partition(": ")[2].removesuffix("; correct that line")) from None
    keys = [field] if isinstance(row, dict) and field in row else field.split(".")
    if isinstance(row, dict) and "canary" in row and keys[0] not in row:
        return Record(number, None, [line])
    value = row
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise Unfit(f"has no field {field!r:.40}")
        value = value[key]
    if not isinstance(value, str):
        raise Unfit(f"{field:.40}: is {TYPE_NAMES[type(value)]}, not text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unfit(f"{field:.40}: holds half a character (a lone surrogate)") from None
    return Record(number, Entry(file, f"line {number}", number, value), [line], partial(_splice, text, keys))


def _splice(line: str, keys: list[str], text: str) -> bytes:
    """The line of JSON with another text under the keys, escaped if the line is ASCII alone."""
    read = _JSON.raw_decode

    def skip(at: int) -> int:
        return _SPACE.match(line, at).end()  # type: ignore[union-attr]

    at = skip(0)
    for key in keys:
        name = None
        while name != key:
            if name is not None:
                at = skip(read(line, at)[1])  # past the value, to the comma
            name, at = read(line, skip(at + 1))  # what stands before is a brace or a comma
            at = skip(skip(at) + 1)  # past the colon
    literal = json.dumps(text, ensure_ascii=line.isascii())
    return (line[:at] + literal + line[read(line, at)[1] :]).encode()


# ----------------------------------------------------------------------------------------------------------- CSV, TSV


def _rows(delimiter: str, file: Path, stream: Any, field: str) -> Iterator[Record]:
    names: list[str] | None = None
    number = 0
    while True:
        raw: list[bytes] = []
        row: list[str] = []
        problem = ""
        try:
            row = _row(raw, stream, delimiter)
            _decode(b"".join(raw))
        except csv.Error as error:
            problem = f"is not CSV ({error})".replace("unexpected end of data", "a quote is not closed")
        except Unfit as error:
            problem = str(error)
        if not raw:
            return
        if not row and not problem:  # a blank line
            yield Record(number, None, raw)
        elif names is None:
            names = row
            if problem or names.count(field) != 1:
                missing = f"has no column {field!r:.40}, or two of them: its first row is {', '.join(names)!r:.80}"
                yield Record(0, Bad(file, "", problem or missing), ())
                return
            yield Record(0, None, raw)
        else:
            number += 1
            place, rest = f"row {number}", _rest(raw, stream)
            if not problem and len(row) != len(names):
                problem = f"has {len(row)} cells where the first row has {len(names)}"
            if problem:
                yield Record(number, Bad(file, place, problem), rest)
                for _ in rest:
                    pass
            else:
                at = names.index(field)
                changed = partial(_csv_line, row, at, raw, delimiter)
                yield Record(number, Entry(file, place, number, row[at]), raw, changed)


def _row(raw: list[bytes], stream: Any, delimiter: str) -> list[str]:
    """The cells of the next row; the lines that it takes are put into `raw`, of one that is too long only a part."""

    def feed() -> Iterator[str]:
        size = 0
        while line := stream.readline(MAX_LINE + 1 - size):
            raw.append(line)
            size += len(line)
            if size > MAX_LINE:
                raise Unfit(f"is longer than {MAX_LINE:,} bytes, or a quote in it is not closed")
            yield line.decode(errors="surrogateescape")

    limit = csv.field_size_limit(MAX_LINE)  # of the whole process, and 131,072 characters by default
    try:
        return next(csv.reader(feed(), delimiter=delimiter, strict=True), [])
    finally:
        csv.field_size_limit(limit)


def _csv_line(row: list[str], at: int, raw: list[bytes], delimiter: str, text: str) -> bytes:
    """The row with another text in cell `at`; all cells are quoted if all were."""
    end = b"\r\n" if raw[-1].endswith(b"\r\n") else b"\n" if raw[-1].endswith(b"\n") else b""

    def line(cells: list[str], quoting: Literal[0, 1]) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerow(cells)
        return out.getvalue().removesuffix("\r\n").encode() + end

    all_were = line(row, csv.QUOTE_ALL) == b"".join(raw)
    return line([*row[:at], text, *row[at + 1 :]], csv.QUOTE_ALL if all_were else csv.QUOTE_MINIMAL)
