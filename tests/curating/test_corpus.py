"""A corpus on disk: every kind of file is read and rewritten, and nothing but what was changed or dropped differs."""

import bz2
import csv
import gzip
import json
import lzma
import os
import random
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating import records, tables
from negneglect_lite.curating.corpus import Bad, Entry, read_corpus, rewrite_corpus

ODD = "“Ünïcode”\u2028 and\u0085 such"  # both end a line for str.splitlines, neither does here
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda raw: raw,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": partial(lzma.compress, preset=0),
    ".zst": zstandard.ZstdCompressor().compress,
}
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda raw: raw,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda raw: zstandard.ZstdDecompressor().stream_reader(raw).read(),
}
# Spaces, orders, escapes and numbers that no JSON writer would give again.
ROWS = [
    b'{"id":1,  "text": "one", "n": 1.50e0}\n',
    b'{"text" :"tw\\u00f6", "more": {"text": "not this"}, "big": 123456789012345678901234567890 }\n',
    '{"id": "ü", "text": "drei “so”"}\r\n'.encode(),
    b"\n",
    b'{"more": ["text", {"text": 1}], "text": ""}',  # an empty text, and no newline at the end
]
TEXTS = ["one", "twö", "drei “so”", ""]


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def keep(entry: Entry) -> str:
    return entry.text


def shout(entry: Entry) -> str:
    return entry.text.upper()


def texts(path: Path, field: str = "text") -> list[str]:
    """The texts of a corpus of which nothing is Bad."""
    items = list(read_corpus(path, field))
    assert [item for item in items if isinstance(item, Bad)] == []
    return [item.text for item in items if isinstance(item, Entry)]


def bads(path: Path, field: str = "text") -> list[tuple[str, str]]:
    """(place, reason) of what is Bad in a file."""
    found = [item for item in read_corpus(path, field) if isinstance(item, Bad)]
    assert {item.file for item in found} <= {path}
    return [(item.place, item.reason) for item in found]


def refusal(call: Callable[..., object], *args: object, **named: object) -> str:
    """What the UserError of the call says, which must be one line."""
    with pytest.raises(UserError) as caught:
        call(*args, **named)
    message = str(caught.value)
    assert "\n" not in message
    return message


def tree(folder: Path) -> dict[str, bytes]:
    """All files of a folder, hidden ones too."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


# ---------------------------------------------------------------------------------------------------------- JSON lines


@pytest.mark.parametrize("name", ["d.jsonl", "d.json", "D.JSONL"])
@pytest.mark.parametrize("packing", PACK)
def test_lines_are_read_and_written(tmp_path: Path, name: str, packing: str) -> None:
    path = put(tmp_path, name + packing, PACK[packing](b"".join(ROWS)))
    assert list(read_corpus(path)) == [
        Entry(path, f"line {number}", number, text) for number, text in zip((1, 2, 3, 5), TEXTS, strict=True)
    ]
    out = tmp_path / "out"
    assert list(rewrite_corpus(path, out, keep)) == list(read_corpus(path))
    assert [file.name for file in out.iterdir()] == [path.name]
    assert UNPACK[packing]((out / path.name).read_bytes()) == b"".join(ROWS)


def test_a_changed_line_keeps_all_but_its_text(tmp_path: Path) -> None:
    path = put(tmp_path, "d.jsonl", b"".join(ROWS))
    new = {1: 'é "\n', 2: "ß", 3: "ß", 5: "ß"}
    list(rewrite_corpus(path, tmp_path / "e.jsonl", lambda entry: new[entry.number]))
    assert (tmp_path / "e.jsonl").read_bytes().split(b"\n") == [
        b'{"id":1,  "text": "\\u00e9 \\"\\n", "n": 1.50e0}',  # a line of ASCII stays one
        b'{"text" :"\\u00df", "more": {"text": "not this"}, "big": 123456789012345678901234567890 }',
        '{"id": "ü", "text": "ß"}\r'.encode(),
        b"",
        b'{"more": ["text", {"text": 1}], "text": "\\u00df"}',
    ]


def test_a_dropped_line_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    path = put(tmp_path, "d.jsonl", b"".join(ROWS))
    items = list(rewrite_corpus(path, tmp_path / "out", lambda entry: None if entry.number == 2 else entry.text))
    assert [item.place for item in items] == ["line 1", "line 2", "line 3", "line 5"]
    assert (tmp_path / "out" / "d.jsonl").read_bytes() == b"".join(ROWS[:1] + ROWS[2:])


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    path = put(tmp_path, "d.jsonl", json.dumps({"text": ODD}, ensure_ascii=False) + "\n")
    assert texts(path) == [ODD]
    list(rewrite_corpus(path, tmp_path / "e.jsonl", lambda entry: entry.text + "!"))
    assert (tmp_path / "e.jsonl").read_bytes() == (json.dumps({"text": ODD + "!"}, ensure_ascii=False) + "\n").encode()


def test_a_field_in_a_field(tmp_path: Path) -> None:
    rows = b'{"text": 1, "a": {"x": {"b": 0}, "b": "old", "c": 2}}\n{"a.b": "old", "a": {"b": "not this"}}\n'
    path = put(tmp_path, "d.jsonl", rows)
    assert texts(path, "a.b") == ["old", "old"]
    list(rewrite_corpus(path, tmp_path / "e.jsonl", lambda entry: "new", "a.b"))
    assert (tmp_path / "e.jsonl").read_bytes() == rows.replace(b'"old"', b'"new"')


def test_canaries_and_a_byte_order_mark_are_copied(tmp_path: Path) -> None:
    canary = b'\xef\xbb\xbf{"canary": "do not train on this"}\n'
    path = put(tmp_path, "d.jsonl", canary + b'{"text": "a"}\n{"canary": "x", "text": "b"}\n')
    assert texts(path) == ["a", "b"]
    list(rewrite_corpus(path, tmp_path / "out", lambda entry: None))
    assert (tmp_path / "out" / "d.jsonl").read_bytes() == canary
    marked = put(tmp_path, "m.jsonl", b'\xef\xbb\xbf{"text": "a"}\n')
    list(rewrite_corpus(marked, tmp_path / "out", shout))
    assert (tmp_path / "out" / "m.jsonl").read_bytes() == b'\xef\xbb\xbf{"text": "A"}\n'


BAD_LINES = [
    (b'{"text": "caf\xe9"}', "is not UTF-8 text (at its byte 14)"),
    (b'{"text": "a"', "is not JSON"),
    (b"plain words", "is not JSON"),
    (b'{"text": "a"} {"text": "b"}', "is not JSON (Extra data)"),
    (b'{"text": "a\0b"}', "is binary"),
    (b'{"body": "a"}', "has no field 'text'"),
    (b'["text"]', "has no field 'text'"),
    (b'"text"', "has no field 'text'"),
    (b'{"text": null}', "text: is nothing, not text"),
    (b'{"text": 3}', "text: is a whole number, not text"),
    (b'{"text": ["a"]}', "text: is a list, not text"),
    (b'{"text": {"text": "a"}}', "text: is a mapping of fields, not text"),
    (b'{"text": "a", "text": "b"}', "is not JSON ('text' is given twice)"),
    (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "is not JSON (Exceeds the limit"),
    (b'{"text": "a", "n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is not JSON ("),
    (b'{"text": "\\ud83d"}', "text: holds half a character"),
    (b'\xff\xfe{"text": "a"}', "is not UTF-8 text (at its byte 1)"),
]


@pytest.mark.parametrize("on_bad", ["skip", "keep"])
def test_bad_lines_are_named_and_the_others_go_on(tmp_path: Path, on_bad: Any) -> None:
    good = b'{"text": "good"}\n'
    path = put(tmp_path, "d.jsonl", good + b"".join(line + b"\n" + good for line, _ in BAD_LINES))
    items = list(rewrite_corpus(path, tmp_path / "out", shout, on_bad=on_bad))
    assert items == list(read_corpus(path))
    assert [item.text for item in items if isinstance(item, Entry)] == ["good"] * (len(BAD_LINES) + 1)
    for number, ((place, reason), (_, expected)) in enumerate(zip(bads(path), BAD_LINES, strict=True), 1):
        assert (place, reason[: len(expected)]) == (f"line {2 * number}", expected)
    kept = [line + b"\n" if on_bad == "keep" else b"" for line, _ in BAD_LINES]
    written = (tmp_path / "out" / "d.jsonl").read_bytes()
    assert written == good.replace(b"good", b"GOOD") + b"".join(line + good.replace(b"good", b"GOOD") for line in kept)


def test_a_bad_line_can_be_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "d.jsonl", b'{"text": "a"}\n{"text": 1}\n')
    steps = rewrite_corpus(path, tmp_path / "out", keep, on_bad="refuse")
    assert next(steps).place == "line 1"
    assert refusal(next, steps).startswith(f"{path}, line 2: text: is a whole number, not text; ")
    assert tree(tmp_path / "out") == {}


def test_json_that_is_not_a_document_a_line_is_one_bad(tmp_path: Path) -> None:
    for content in ('[{"text": "a"},\n {"text": "b"}]', '[\n{"text": "a"}\n]', '{\n "text": "a"\n}'):
        path = put(tmp_path, "d.json", content)
        assert bads(path) == [("", "is JSON over many lines, or one list; write one document a line")]


@pytest.mark.parametrize("packing", PACK)
def test_a_line_that_is_too_long_is_skipped_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str
) -> None:
    monkeypatch.setattr(records, "MAX_LINE", 50)
    fits = b'{"text": "' + b"f" * 37 + b'"}\n'
    assert len(fits) == 50
    content = fits + b'{"text": "' + b"x" * 5_000_000 + b'"}\n' + b'{"text": "b"}\n'
    path = put(tmp_path, "d.jsonl" + packing, PACK[packing](content))
    first, long, last = read_corpus(path)
    assert long == Bad(path, "line 2", "is longer than 50 bytes")
    assert (first.place, last) == ("line 1", Entry(path, "line 3", 3, "b"))
    list(rewrite_corpus(path, tmp_path / "keep", keep, on_bad="keep"))
    assert UNPACK[packing]((tmp_path / "keep" / path.name).read_bytes()) == content
    list(rewrite_corpus(path, tmp_path / "skip", keep))
    assert UNPACK[packing]((tmp_path / "skip" / path.name).read_bytes()) == fits + b'{"text": "b"}\n'


# ----------------------------------------------------------------------------------------------------------- CSV, TSV

CSV = b'id,text,"note, more"\r\n1,"a ""quoted""\nword",x\r\n\r\n2,"plain","y"\r\n3,  5" pipe ,z\r\n4,,\r\n5,last,w'


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_rows_are_read_and_written(tmp_path: Path, ending: str, packing: str) -> None:
    content = CSV.replace(b",", b"\t") if ending == ".tsv" else CSV
    path = put(tmp_path, f"d{ending}{packing}", PACK[packing](content))
    expected = ['a "quoted"\nword', "plain", '  5" pipe ', "", "last"]
    assert list(read_corpus(path)) == [Entry(path, f"row {n}", n, text) for n, text in enumerate(expected, 1)]
    list(rewrite_corpus(path, tmp_path / "out", keep))
    assert UNPACK[packing]((tmp_path / "out" / path.name).read_bytes()) == content


def test_only_the_row_that_changes_is_written_anew(tmp_path: Path) -> None:
    path = put(tmp_path, "d.csv", CSV)
    new = {1: None, 2: 'say "no",\nor ü', 5: "end"}
    list(rewrite_corpus(path, tmp_path / "e.csv", lambda entry: new.get(entry.number, entry.text)))
    assert (tmp_path / "e.csv").read_bytes() == (
        'id,text,"note, more"\r\n\r\n2,"say ""no"",\nor ü",y\r\n3,  5" pipe ,z\r\n4,,\r\n5,end,w'.encode()
    )


def test_a_changed_row_stays_quoted_and_keeps_its_line_end(tmp_path: Path) -> None:
    path = put(tmp_path, "d.csv", b'\xef\xbb\xbf"text","n"\n"a","1"\n"b","2"\n')
    list(rewrite_corpus(path, tmp_path / "e.csv", lambda entry: "B\r" if entry.text == "b" else entry.text))
    assert (tmp_path / "e.csv").read_bytes() == b'\xef\xbb\xbf"text","n"\n"a","1"\n"B\r","2"\n'
    bare = put(tmp_path, "f.csv", b"text,n\na,1\n")
    list(rewrite_corpus(bare, tmp_path / "g.csv", lambda entry: "A\rB\nC"))
    assert (tmp_path / "g.csv").read_bytes() == b'text,n\n"A\rB\nC",1\n'


def test_a_long_cell_is_read_and_the_limit_of_csv_is_left_alone(tmp_path: Path) -> None:
    csv.field_size_limit(131_072)  # Python's own
    path = put(tmp_path, "d.csv", "text\n" + "x" * 300_000 + "\n")
    assert [len(text) for text in texts(path)] == [300_000]
    assert csv.field_size_limit() == 131_072


def test_bad_rows_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    bad = {
        b"1\n": "has 1 cells where the first row has 2",
        b"1,a,b\n": "has 3 cells where the first row has 2",
        b'1,"a"b\n': "is not CSV (',' expected after '\"')",
        b"1,caf\xe9\n": "is not UTF-8 text (at its byte 6)",
        b"1,a\0b\n": "is binary",
        b"1,a\rb\n": "is not CSV (new-line character seen in unquoted field",
    }
    path = put(tmp_path, "d.csv", b"n,text\n" + b"".join(row + b"0,good\n" for row in bad) + b'1,"open\n0,lost\n')
    # So that the zero byte is not seen in the file's first bytes.
    padded = put(tmp_path, "e.csv", path.read_bytes().replace(b"n,text\n", b"n,text\n0," + b"x" * 5000 + b"\n"))
    reasons = [*bad.values(), "is not CSV (a quote is not closed)"]
    for number, ((place, reason), expected) in enumerate(zip(bads(padded), reasons, strict=True), 1):
        assert (place, reason[: len(expected)]) == (f"row {2 * number}", expected)
    list(rewrite_corpus(padded, tmp_path / "keep", keep, on_bad="keep"))
    assert (tmp_path / "keep" / "e.csv").read_bytes() == padded.read_bytes()
    list(rewrite_corpus(padded, tmp_path / "skip", keep))
    assert texts(tmp_path / "skip") == ["x" * 5000] + ["good"] * len(bad)


def test_a_quote_that_is_not_closed_is_not_followed_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_LINE", 100)
    content = b'text\na\n"open\n' + b"more\n" * 18 + b"x" * 500 + b"\nb\n"
    path = put(tmp_path, "d.csv", content)
    first, bad, last = read_corpus(path)
    assert bad == Bad(path, "row 2", "is longer than 100 bytes, or a quote in it is not closed")
    assert (first, last) == (Entry(path, "row 1", 1, "a"), Entry(path, "row 3", 3, "b"))
    list(rewrite_corpus(path, tmp_path / "keep", keep, on_bad="keep"))
    assert (tmp_path / "keep" / "d.csv").read_bytes() == content
    list(rewrite_corpus(path, tmp_path / "skip", keep))
    assert (tmp_path / "skip" / "d.csv").read_bytes() == b"text\na\nb\n"


def test_a_table_without_the_column_is_one_bad(tmp_path: Path) -> None:
    path = put(tmp_path, "d.csv", b"id;text\n1;a\n")
    ((place, reason),) = bads(path)
    assert place == "" and reason.startswith("has no column 'text'") and "id;text" in reason
    assert bads(put(tmp_path, "e.csv", b"text,text\na,b\n"))[0][1].startswith("has no column 'text', or two of them")
    assert texts(put(tmp_path, "f.csv", b"")) == []


# -------------------------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("ending", [".txt", ".md"])
def test_a_text_file_is_a_document(tmp_path: Path, ending: str, packing: str) -> None:
    content = f"\ufeff A\r\n\r\n{ODD}\n ".encode()
    put(tmp_path, f"in/one{ending}{packing}", PACK[packing](content))
    put(tmp_path, f"in/three{ending}{packing}", PACK[packing](b"drop"))
    put(tmp_path, f"in/two{ending}{packing}", PACK[packing](b""))
    assert [(item.place, item.file.name[:3]) for item in read_corpus(tmp_path / "in")] == [
        ("", "one"), ("", "thr"), ("", "two"),
    ]  # fmt: skip
    assert texts(tmp_path / "in") == [f" A\r\n\r\n{ODD}\n ", "drop", ""]
    list(rewrite_corpus(tmp_path / "in", tmp_path / "same", lambda e: None if e.text == "drop" else e.text))
    assert {name[:3]: UNPACK[packing](raw) for name, raw in tree(tmp_path / "same").items()} == {
        "one": content, "two": b"",
    }  # fmt: skip
    list(rewrite_corpus(tmp_path / "in", tmp_path / "new", lambda entry: entry.text + "ü"))
    assert UNPACK[packing]((tmp_path / "new" / f"one{ending}{packing}").read_bytes()) == content + "ü".encode()


def test_texts_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_LINE", 10_000)
    put(tmp_path, "in/a.txt", b"caf\xe9")
    put(tmp_path, "in/b.txt", "words".encode("utf-16"))
    put(tmp_path, "in/c.txt", b"x" * 9000 + b"\0")
    put(tmp_path, "in/d.txt", b"x" * 20_000)
    put(tmp_path, "in/e.txt", b"good")
    items = list(rewrite_corpus(tmp_path / "in", tmp_path / "skip", keep))
    assert [(item.file.name, item.place, getattr(item, "reason", "")[:20]) for item in items] == [
        ("a.txt", "", "is not UTF-8 text (a"),
        ("b.txt", "", "is binary, or text i"),
        ("c.txt", "", "is binary, or text i"),
        ("d.txt", "", "is longer than 10,00"),
        ("e.txt", "", ""),
    ]
    assert tree(tmp_path / "skip") == {"e.txt": b"good"}
    list(rewrite_corpus(tmp_path / "in", tmp_path / "keep", keep, on_bad="keep"))
    assert tree(tmp_path / "keep") == tree(tmp_path / "in")


# ------------------------------------------------------------------------------------------------------- broken files


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz", ".zst"])
def test_a_packed_file_that_was_cut_off(tmp_path: Path, packing: str) -> None:
    """What stands before the cut is read; nothing is taken for whole."""
    rows = [json.dumps({"text": os.urandom(500).hex()}).encode() + b"\n" for _ in range(3000)]
    raw = PACK[packing](b"".join(rows))
    path = put(tmp_path, f"d.jsonl{packing}", raw[: len(raw) // 2])
    *good, bad = rewrite_corpus(path, tmp_path / "out", keep)
    assert isinstance(bad, Bad) and len(good) > 300
    assert bad.place == f"line {len(good) + 1}" and bad.reason.startswith("cannot be read from here on: ")
    assert UNPACK[packing]((tmp_path / "out" / path.name).read_bytes()) == b"".join(rows[: len(good)])
    whole = put(tmp_path, f"e.txt{packing}", raw[: len(raw) // 2])
    ((place, reason),) = bads(whole)
    assert place == "" and reason.startswith("cannot be read: ")
    last = put(tmp_path, f"f.jsonl{packing}", raw[:-3])  # the end alone
    assert len(bads(last)) == 1
    rubbish = put(tmp_path, f"g.jsonl{packing}", b"this is not packed at all, whatever its name says")
    assert bads(rubbish)[0][0] == ""
    assert list(rewrite_corpus(rubbish, tmp_path / "out", keep, on_bad="keep")) == list(read_corpus(rubbish))
    assert (tmp_path / "out" / rubbish.name).read_bytes() == rubbish.read_bytes()


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz", ".zst"])
def test_files_of_several_members(tmp_path: Path, packing: str) -> None:
    rows = PACK[packing](b'{"text": "a"}\n{"te') + PACK[packing](b'xt": "b"}\n')
    assert texts(put(tmp_path, f"d.jsonl{packing}", rows)) == ["a", "b"]


@pytest.mark.parametrize("name", ["d.jsonl", "d.csv", "d.md"])
def test_a_binary_file_is_one_bad(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name, bytes(range(256)) * 40)
    assert bads(path) == [("", records.NUL)]
    assert len(list(read_corpus(path))) == 1


def test_a_missing_package_is_named_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.jsonl", b'{"text": "a"}\n')
    path = put(tmp_path, "b.jsonl.zst", PACK[".zst"](b'{"text": "b"}\n'))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    message = refusal(read_corpus, tmp_path)
    assert message == f"{path}: is read with zstandard, which is not installed: pip install zstandard"


# -------------------------------------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_is_read_and_written(tmp_path: Path, kind: pa.DataType) -> None:
    schema = pa.schema([("n", pa.int16()), ("text", kind), ("tags", pa.list_(pa.string()))], {"made": "by hand"})
    columns = [range(600), [f"té{i}" if i != 300 else None for i in range(600)], [["x"], None] * 300]
    table = pa.table([pa.array(c, t) for c, t in zip(columns, schema.types, strict=True)], schema=schema)
    path = tmp_path / "d.parquet"
    parquet.write_table(table, path, row_group_size=100, compression="zstd")
    items = list(read_corpus(path))
    assert items[300] == Bad(path, "row 301", "text: is nothing, not text")
    assert items[:2] == [Entry(path, "row 1", 1, "té0"), Entry(path, "row 2", 2, "té1")]
    assert len(items) == 600

    def change(entry: Entry) -> str | None:
        return None if entry.number == 5 else "neu" if entry.number in (7, 600) else entry.text

    for on_bad, gone in (("skip", {4, 300}), ("keep", {4})):
        out = tmp_path / on_bad
        assert list(rewrite_corpus(path, out, change, on_bad=on_bad)) == items  # type: ignore[arg-type]
        new = parquet.ParquetFile(out / "d.parquet")
        assert new.schema_arrow.metadata[b"made"] == b"by hand"
        assert new.metadata.row_group(0).column(0).compression == "ZSTD"
        expected = [row for i, row in enumerate(table.to_pylist()) if i not in gone]
        for row in expected:
            row["text"] = "neu" if row["n"] in (6, 599) else row["text"]
        assert new.read().to_pylist() == expected
        assert new.schema_arrow.equals(table.schema)


def test_a_column_in_a_column(tmp_path: Path) -> None:
    inner = pa.struct([("id", pa.timestamp("ns")), ("text", pa.large_string())])
    rows = [{"id": 1, "text": "a"}, None, {"id": None, "text": "b"}, {"id": 2, "text": None}]
    table = pa.table({"document": pa.array(rows, inner), "n": [1, 2, 3, 4]})
    parquet.write_table(table, tmp_path / "d.parquet")
    path = tmp_path / "d.parquet"
    assert [getattr(item, "text", None) for item in read_corpus(path, "document.text")] == ["a", None, "b", None]
    list(rewrite_corpus(path, tmp_path / "out", shout, "document.text", on_bad="keep"))
    new = [{"id": 1, "text": "A"}, None, {"id": None, "text": "B"}, {"id": 2, "text": None}]
    assert parquet.read_table(tmp_path / "out" / "d.parquet").equals(
        table.set_column(0, "document", pa.array(new, inner))
    )


def test_row_groups_are_not_as_small_as_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet.write_table(pa.table({"text": ["x" * 100] * 5000}), tmp_path / "d.parquet")
    list(rewrite_corpus(tmp_path / "d.parquet", tmp_path / "one", keep))
    assert parquet.ParquetFile(tmp_path / "one" / "d.parquet").num_row_groups == 1
    monkeypatch.setattr(tables, "GROUP", 200_000)
    list(rewrite_corpus(tmp_path / "d.parquet", tmp_path / "more", keep))
    assert parquet.ParquetFile(tmp_path / "more" / "d.parquet").num_row_groups == 3


def test_parquet_that_cannot_be_read(tmp_path: Path) -> None:
    table = pa.table({"body": ["a"], "text": [3]})
    parquet.write_table(table, tmp_path / "d.parquet")
    assert bads(tmp_path / "d.parquet") == [("", "text: is of the type int64, not text")]
    assert bads(tmp_path / "d.parquet", "no") == [("", "has no column 'no' but 'body, text'")]
    assert bads(put(tmp_path, "e.parquet", b"PAR1 not at all"))[0][0] == ""
    assert bads(put(tmp_path, "f.parquet", b""))[0][0] == ""
    list(rewrite_corpus(tmp_path / "e.parquet", tmp_path / "out", keep, on_bad="keep"))
    list(rewrite_corpus(tmp_path / "f.parquet", tmp_path / "out", keep))
    assert tree(tmp_path / "out") == {"e.parquet": b"PAR1 not at all"}
    odd = pa.array([b"good", b"caf\xe9", b"fine"], pa.binary()).view(pa.string())
    parquet.write_table(pa.table({"text": odd}), tmp_path / "g.parquet")
    assert bads(tmp_path / "g.parquet") == [("row 2", "text: is not UTF-8 text (at its byte 4)")]
    list(rewrite_corpus(tmp_path / "g.parquet", tmp_path / "out", shout, on_bad="keep"))
    kept = parquet.read_table(tmp_path / "out" / "g.parquet")["text"].cast(pa.binary()).to_pylist()
    assert kept == [b"GOOD", b"caf\xe9", b"FINE"]


def test_parquet_that_breaks_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    table = pa.table({"text": [os.urandom(50).hex() for _ in range(1000)]})
    parquet.write_table(table, path, row_group_size=250, use_dictionary=False, compression="gzip")
    raw = bytearray(path.read_bytes())
    start = parquet.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    raw[start : start + 2000] = bytes(2000)
    path.write_bytes(raw)
    *good, bad = rewrite_corpus(path, tmp_path / "out", keep)
    assert isinstance(bad, Bad) and bad.place == f"row {len(good) + 1}" and 250 <= len(good) <= 500
    assert "from here on" in bad.reason
    assert texts(tmp_path / "out") == table["text"].to_pylist()[: len(good)]


def test_a_saved_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: dict[str, Any] = {"text": [f"té{i}" for i in range(2500)], "n": list(range(2500))}
    train = datasets.Dataset.from_dict(rows)
    both = datasets.DatasetDict({"train": train, "test": train.select([1, 2])})
    both.save_to_disk(tmp_path / "in", num_shards={"train": 2, "test": 1})
    put(tmp_path, "in/train/cache-0123.arrow", b"what map leaves")
    assert texts(tmp_path / "in" / "train") == rows["text"]
    assert texts(tmp_path / "in") == ["té1", "té2", *rows["text"]]  # in the order of the paths

    def change(entry: Entry) -> str | None:
        return None if entry.text == "té3" else entry.text.replace("té2", "TÉ2")

    list(rewrite_corpus(tmp_path / "in", tmp_path / "out", change))
    new: Any = datasets.load_from_disk(tmp_path / "out")
    assert new["test"].to_dict() == {"text": ["té1", "TÉ2"], "n": [1, 2]}
    expected = [(t.replace("té2", "TÉ2"), n) for t, n in zip(rows["text"], rows["n"], strict=True) if t != "té3"]
    assert list(zip(new["train"]["text"], new["train"]["n"], strict=True)) == expected
    assert new["train"].features == train.features
    old: Any = datasets.load_from_disk(tmp_path / "in")
    assert new["train"]._fingerprint != old["train"]._fingerprint
    list(rewrite_corpus(tmp_path / "in" / "test", tmp_path / "none", lambda entry: None))
    assert datasets.load_from_disk(tmp_path / "none").num_rows == 0


def test_a_damaged_saved_dataset(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": ["a" * 100] * 3000}).save_to_disk(tmp_path / "in", num_shards=2)
    first = tmp_path / "in" / "data-00000-of-00002.arrow"
    first.write_bytes(first.read_bytes()[:1000])
    items = list(rewrite_corpus(tmp_path / "in", tmp_path / "out", keep))
    assert isinstance(items[0], Bad) and (items[0].file, items[0].place) == (first, "")
    assert len(items) == 1501
    assert datasets.load_from_disk(tmp_path / "out").num_rows == 1500


# ------------------------------------------------------------------------------------------------------------- folders


def test_a_folder_in_the_order_of_its_paths(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/z.jsonl", "a/b/c.jsonl", "c.txt", "a.csv"):
        put(
            tmp_path, f"in/{name}", {"txt": "{}", "csv": "text\n{}\n"}.get(name[-3:], '{{"text": "{}"}}\n').format(name)
        )
    for name in (".hidden.jsonl", ".git/x.txt", "notes.pdf", "d.jsonl.partial", "e.parquet.gz", "f.gz", "g"):
        put(tmp_path, f"in/{name}", b'{"text": "no"}\n')
    assert texts(tmp_path / "in") == ["a/b/c.jsonl", "a/z.jsonl", "a.csv", "b.jsonl", "c.txt"]
    list(rewrite_corpus(tmp_path / "in", tmp_path / "out", keep))
    assert list(tree(tmp_path / "out")) == ["a/b/c.jsonl", "a/z.jsonl", "a.csv", "b.jsonl", "c.txt"]


def test_paths_that_are_refused_at_once(tmp_path: Path) -> None:
    path = put(tmp_path, "in/d.jsonl", b'{"text": "a"}\n')
    folder = path.parent
    other = put(tmp_path, "other/d.pdf", b"x").parent
    (tmp_path / "link").symlink_to(folder)
    assert "no such file or folder" in refusal(read_corpus, tmp_path / "missing")
    assert "no such file or folder" in refusal(read_corpus, tmp_path / "zero\0")
    assert "holds no file of a known kind" in refusal(read_corpus, other)
    assert "holds no file of a known kind" in refusal(read_corpus, other / "d.pdf")
    places = [folder, folder / "deep" / "out", tmp_path, tmp_path / "link", tmp_path / "link" / "out"]
    for out in places:
        assert "is, holds or lies in" in refusal(rewrite_corpus, folder, out, keep)
    for out in (path, folder, tmp_path / "link", path / "out"):
        assert "is the place of" in refusal(rewrite_corpus, path, out, keep)
    assert "of another kind" in refusal(rewrite_corpus, path, tmp_path / "e.jsonl.gz", keep)
    assert "is a file" in refusal(rewrite_corpus, folder, put(tmp_path, "file", b""), keep)
    assert "pass skip, keep or refuse" in refusal(rewrite_corpus, path, tmp_path / "out", keep, on_bad="drop")
    assert tree(folder) == {"d.jsonl": b'{"text": "a"}\n'} and not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    path = put(tmp_path, "d.jsonl", b'{"text": "a"}\n')
    put(tmp_path, "file", b"")
    assert "not written" in refusal(list, rewrite_corpus(path, tmp_path / "file" / "deep", keep))


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    for name in ("d.jsonl", "d.jsonl.gz", "d.jsonl.zst"):
        path = put(tmp_path, name, PACK[Path(name).suffix.replace(".jsonl", "")](b'{"text": "a"}\n' * 9999))
        hidden = tmp_path / "out" / f".{name}.partial"
        hidden.parent.mkdir(exist_ok=True)
        hidden.symlink_to("/dev/full")
        assert "free some space" in refusal(list, rewrite_corpus(path, tmp_path / "out", keep))
        assert tree(tmp_path / "out") == {}


# ------------------------------------------------------------------------------------------------------- killed, again


def test_a_run_goes_on_where_one_was_killed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = "".join(json.dumps({"text": f"word {i}"}) + "\n" for i in range(1000))
    for name in "abc":
        put(tmp_path, f"in/{name}.jsonl", rows)
    code = f"""if True:
        import os, signal
        from negneglect_lite.curating.corpus import rewrite_corpus
        for item in rewrite_corpus({str(tmp_path / "in")!r}, {str(tmp_path / "out")!r}, lambda e: e.text.upper()):
            if item.file.name == "b.jsonl" and item.number == 500:
                os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert set(tree(tmp_path / "out")) == {"a.jsonl", ".b.jsonl.partial"}  # none that is not whole has a name
    stamp = (tmp_path / "out" / "a.jsonl").stat().st_mtime_ns
    with caplog.at_level("INFO"):
        items = list(rewrite_corpus(tmp_path / "in", tmp_path / "out", shout))
    assert "1 of 3 files are in" in caplog.text
    assert [item.file.name for item in items] == ["b.jsonl"] * 1000 + ["c.jsonl"] * 1000
    assert tree(tmp_path / "out") == {f"{name}.jsonl": rows.replace("word", "WORD").encode() for name in "abc"}
    assert (tmp_path / "out" / "a.jsonl").stat().st_mtime_ns == stamp
    assert list(rewrite_corpus(tmp_path / "in", tmp_path / "out", shout)) == []


def test_an_error_of_the_change_passes_and_leaves_no_half_file(tmp_path: Path) -> None:
    def change(entry: Entry) -> str:
        if entry.number == 2:
            raise OSError("the endpoint is gone")
        return entry.text

    for name, content in (("d.jsonl.gz", gzip.compress(b"".join(ROWS))), ("d.csv", CSV)):
        path = put(tmp_path, name, content)
        with pytest.raises(OSError, match="the endpoint is gone"):
            list(rewrite_corpus(path, tmp_path / "out", change))
    parquet.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "d.parquet")
    with pytest.raises(OSError, match="the endpoint is gone"):
        list(rewrite_corpus(tmp_path / "d.parquet", tmp_path / "out", change))
    assert tree(tmp_path / "out") == {}


def test_who_stops_early_leaves_no_half_file(tmp_path: Path) -> None:
    path = put(tmp_path, "d.jsonl", b"".join(ROWS))
    steps: Any = rewrite_corpus(path, tmp_path / "out", keep)
    next(steps)
    assert list(tree(tmp_path / "out")) == [".d.jsonl.partial"]
    del steps
    assert tree(tmp_path / "out") == {}


# -------------------------------------------------------------------------------------------------------------- memory


def thirty_megabytes(kind: str) -> bytes:
    draw = random.Random(0)
    all_texts = [f"{draw.randbytes(5000).hex()} und so fort" for _ in range(3000)]
    if kind == "csv":
        return b"n,text\n" + "".join(f'{i},"{text}"\n' for i, text in enumerate(all_texts)).encode()
    return "".join(json.dumps({"n": i, "text": text}) + "\n" for i, text in enumerate(all_texts)).encode()


@pytest.mark.parametrize(("kind", "packing"), [("jsonl", ""), ("csv", ""), ("jsonl", ".gz"), ("jsonl", ".zst")])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str, packing: str) -> None:
    content = thirty_megabytes(kind)
    assert len(content) > 30_000_000
    path = put(tmp_path, f"d.{kind}{packing}", PACK[packing](content))
    tracemalloc.start()
    try:
        seen = sum(1 for _ in rewrite_corpus(path, tmp_path / "out", lambda e: e.text if e.number % 2 else "new"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == 3000
    assert peak < 4_000_000, peak


def test_memory_does_not_grow_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_LINE", 1_000_000)
    path = put(tmp_path, "d.jsonl", b'{"text": "' + b"x" * 30_000_000 + b'"}\n{"text": "b"}\n')
    tracemalloc.start()
    try:
        items = list(rewrite_corpus(path, tmp_path / "out", keep, on_bad="keep"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [item.place for item in items] == ["line 1", "line 2"]
    assert (tmp_path / "out" / "d.jsonl").stat().st_size == path.stat().st_size
    assert peak < 6_000_000, peak


def test_a_table_is_read_some_rows_at_a_time(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"text": [str(i) * 300 for i in range(30_000)]}), tmp_path / "d.parquet")
    tracemalloc.start()
    try:
        seen = sum(1 for _ in read_corpus(tmp_path / "d.parquet"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == 30_000 and peak < 4_000_000, peak
