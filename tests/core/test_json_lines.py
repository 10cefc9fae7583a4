r"""core/json_lines.py: a line ends at "\n" alone, and what is no JSON is one line with its place."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.json_lines import read_json_lines, write_json_lines

ODD = ["a\u2028b", "a\x85b", "a\u2029b\x0c\x1c\r\n", "é 😀"]  # str.splitlines breaks at each of these but the last


@pytest.mark.parametrize("name", ["f.jsonl", "f.jsonl.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    write_json_lines(tmp_path / name, [ODD, {"b": 0.1}])
    assert list(read_json_lines(tmp_path / name)) == [
        (f"{tmp_path / name}, line 1", ODD), (f"{tmp_path / name}, line 2", {"b": 0.1}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "x\u2028y"}\n[1]\n', '{"a": "x\u2028y"}\r\n[1]\r\n', '\ufeff{"a": "x\u2028y"}\n\n[1]\n \n\n',
        '{"a": "x\u2028y"}\n[1]',
    ],
)  # fmt: skip
def test_files_of_any_kind_of_line_end(tmp_path: Path, text: str) -> None:
    (tmp_path / "f").write_bytes(text.encode())
    assert [value for _, value in read_json_lines(tmp_path / "f")] == [{"a": "x\u2028y"}, [1]]


def test_a_line_is_counted_where_an_editor_counts_it(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('["\u2028\x85"]\n\n{"a"\n', "utf-8")
    with pytest.raises(UserError, match=r"f, line 3: is not JSON \(Expecting ':' delimiter\); correct that line"):
        list(read_json_lines(tmp_path / "f"))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', ", line 1: is not JSON ('a' is given twice)"),
        (b'[]\n{"b": {"a": 1, "a": 1}}', ", line 2: is not JSON ('a' is given twice)"),
        (b"[" * 100_000, ", line 1: is not JSON (maximum recursion depth"),
        (b"9" * 5000, ", line 1: is not JSON (Exceeds the limit"),
        (b'{"a": "\xff"}', ": is not UTF-8 text (at byte 7)"),
        ("[]".encode("utf-16"), ": is not UTF-8 text"),
        (b"{'a': 1}", ", line 1: is not JSON (Expecting property name"),
        (b"[1] [2]", ", line 1: is not JSON (Extra data)"),
    ],
    ids=range(8),
)
def test_what_is_no_json_is_one_line(tmp_path: Path, raw: bytes, problem: str) -> None:
    for path, content in ((tmp_path / "f.jsonl", raw), (tmp_path / "f.gz", gzip.compress(raw))):
        path.write_bytes(content)
        with pytest.raises(UserError) as caught:
            list(read_json_lines(path))
        assert str(caught.value).startswith(f"{path}{problem}") and "\n" not in str(caught.value)


def test_values_that_are_no_json_leave_no_file(tmp_path: Path) -> None:
    def values() -> Any:
        yield 1
        yield {1, 2}

    with pytest.raises(TypeError):
        write_json_lines(tmp_path / "f", values())
    assert not list(tmp_path.iterdir())
