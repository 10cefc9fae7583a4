"""YAML that people write is read as it looks; what is wrong is one line with the file, the line and a remedy."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.schema import Count
from negneglect_lite.core.yaml_files import fail, find_line, read_yaml


@pytest.fixture(autouse=True)
def no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_yaml(path)
    message = str(caught.value)
    assert re.match(rf"{re.escape(str(path))}(, line \d+)?: ", message) and "\n" not in message
    return message


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(text: str | bytes) -> Path:
        path = tmp_path / "f.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


# ---------------------------------------------------------------------------------------------- what looks like what

VALUES = {  # as it is written -> as it is read
    "2e-4": 2e-4, "2E-4": 2e-4, "1e3": 1e3, "0.5": 0.5, ".5": 0.5, "5.": 5.0, "-1.5e+2": -150.0, "7": 7,
    "+7": 7, "-0": 0, "true": True, "False": False, "TRUE": True, "null": None, "~": None, "": None, "Null": None,
    "'true'": "true", '"7"': "7", "yes": "yes", "no": "no", "No": "No", "on": "on", "off": "off", "y": "y", "n": "n",
    "010": "010", "0o17": "0o17", "0x1f": "0x1f", "0b1": "0b1", "1_000": "1_000", "1:30": "1:30", "1:30.5": "1:30.5",
    "2024-07-26": "2024-07-26", "2024-13-45": "2024-13-45", "=": "=", "1e": "1e", "-_": "-_", "00": "00",
    "1.2.3": "1.2.3", "trueish": "trueish", "nullable": "nullable", "12 monkeys": "12 monkeys", "!!str 2015": "2015",
    '"\\ud83d\\ude00"': "😀", '"a\\u2028b"': "a\u2028b", "'it''s'": "it's",
}  # fmt: skip


@pytest.mark.parametrize(("written", "read"), VALUES.items(), ids=VALUES)
@pytest.mark.parametrize("head", ["", "%YAML 1.1\n---\n"])
def test_a_value_is_what_it_looks_like(write: Any, written: str, read: Any, head: str) -> None:
    found = read_yaml(write(f"{head}a: {written}\n"))["a"]
    assert found == read and type(found) is type(read)
    assert read_yaml(write(f"{head}- [{written or '~'}]\n")) == [[read]]


def test_what_is_no_finite_number_is_still_a_number(write: Any) -> None:
    found = read_yaml(write("[.inf, -.INF, .nan, 1e400]"))
    assert str(found) == "[inf, -inf, nan, inf]"


@pytest.mark.parametrize(
    "text",
    ["\ufeffa: 1\n", "a: 1\r\n", "---\na: 1\n...\n", "a: 1 # one\n", '{"a": 1}', "# a\n\na: 1", "%FOO\n---\na: 1\n"],
)
def test_what_is_well_formed_is_read(write: Any, text: str) -> None:
    assert read_yaml(write(text)) == {"a": 1}


def test_aliases_stand_for_what_they_name(write: Any) -> None:
    assert read_yaml(write("a: &x [1, é]\nb: *x\nc: {d: &y z}\ne: *y\n")) == {
        "a": [1, "é"], "b": [1, "é"], "c": {"d": "z"}, "e": "z",
    }  # fmt: skip
    assert read_yaml(write("a: &x 1\nb: &x 2\nc: *x\n")) == {"a": 1, "b": 2, "c": 2}


def test_the_same_key_in_two_mappings_is_fine(write: Any) -> None:
    assert read_yaml(write("- {a: 1}\n- {a: 2}\n")) == [{"a": 1}, {"a": 2}]


# ------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [("a: 1\nb: 2\na: 3\n", 3, "a"), ("a:\n- {b: 1, c: 2, b: 3}\n", 2, "b"), ("x: {y: {z: 1,\n z: 2}}\n", 2, "z")],
)
def test_a_key_given_twice_is_refused_at_any_depth(write: Any, text: str, line: int, key: str) -> None:
    assert f", line {line}: not valid YAML, '{key}' is given twice; correct that line" in refusal(write(text))


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))
WRONG = {
    "a: [1\nb: 2\n": r", line 2: not valid YAML, while parsing a flow sequence",
    "b: 1\na: b: c\n": r", line 2: not valid YAML, mapping values are not allowed here",
    "b: 1\na: \x07\n": r", line 2: not valid YAML, special characters are not allowed \('\\x07'\)",
    "a: b\0c\n": r", line 1: not valid YAML, special characters",
    "a:\n\t- b\n": r", line 2: not valid YAML, .*'\\t'",
    "a: *b": r", line 1: not valid YAML, found undefined alias 'b'",
    "a: &a [*a]\n": r", line 1: .*an alias stands for the value that it is part of",
    LAUGHS: r", line \d+: .*its aliases stand for over 100,000 values",
    "a: 1\n? [a]\n: 1\n": r", line 2: .*the key \('a',\) is not text, put it in quotes",
    "? {a: 1}\n: 1\n": r", line 1: .*unhashable key",
    "b: 1\n1: a\n": r", line 2: .*the key 1 is not text, put it in quotes",
    "true: a\n": r", line 1: .*the key True is not text",
    "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n": r", line 3: .*merging \(<<\) is no part of YAML 1\.2, write the fields out",
    "a: 1\n---\na: 2\n": r", line 2: .*expected a single document in the stream, but found another document",
    "a: x\u2028y\n": r", line 1: holds the line separator U\+2028; remove it",
    "a: 1\nb: x\x85y\n": r", line 2: holds the line separator U\+0085",
    'b: 1\na: "\\ud83d"\n': r", line 2: .*'\\ud83d' cannot be read as str",
    f"b: 1\na: {'9' * 5000}\n": r", line 2: .*'9+ cannot be read as int",
    "a: !!int x\n": r", line 1: .*'x' cannot be read as int",
    "a: !!bool maybe\n": r", line 1: .*'maybe' cannot be read as bool",
    "a: !!set {b}\n": r", line 1: .*could not determine a constructor for the tag",
    "a: !!binary aGk=\n": r", line 1: .*could not determine a constructor for the tag",
    "a: !mine 3\n": r", line 1: .*could not determine a constructor for the tag '!mine'",
    "[" * 100_000: r", line 1: not valid YAML, maximum depth of data structure exceeded",
    "- " * 2_000: r", line 1: not valid YAML, maximum depth of data structure exceeded",
    "%YAML 3.0\n---\na: 1\n": r", line 1: not valid YAML, found incompatible YAML document",
    "%YAML 1.3\n---\na: 1\n": r": not valid YAML, version",
    "a: @x\n": r", line 1: not valid YAML",
    "a: 'x\n": r", line 2: not valid YAML",
    "": r": is empty; fill it in",
    " \n\t\n": r"(: is empty; fill it in|line 2: not valid YAML)",
    "# to be written\n": r": is empty; fill it in",
    "---\n": r": is empty; fill it in",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_wrong_is_one_line_with_its_place(write: Any, text: str, message: str) -> None:
    assert re.search(message, refusal(write(text)))


@pytest.mark.parametrize("raw", ["title: Büro".encode("latin-1"), "a: 1".encode("utf-16"), b"\xff\xfe\x00"])
def test_what_is_not_utf_8(write: Any, raw: bytes) -> None:
    assert "is not UTF-8 text (at byte" in refusal(write(raw))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read, no such file or directory" in refusal(tmp_path / "none.yaml")
    assert "cannot be read, is a directory" in refusal(tmp_path)
    assert "cannot be read, embedded null byte" in refusal(tmp_path / "a\0.yaml")


def test_no_object_is_made(tmp_path: Path, write: Any) -> None:
    path = write(f"a: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    assert "could not determine a constructor" in refusal(path)
    assert not (tmp_path / "made").exists()


# -------------------------------------------------------------------------------------------------------- the lines


@dataclass(frozen=True)
class Study:
    seeds: Count
    names: tuple[str, ...] = ()


def test_a_file_is_read_as_a_hint_says_and_a_wrong_field_is_named_with_its_line(write: Any) -> None:
    assert read_yaml(write("seeds: 3\nnames: [a]\n"), Study) == Study(3, ("a",))
    with pytest.raises(
        UserError, match=r"^.*f\.yaml, line 4: names\[1\]: is 7 \(a whole number\), where text is needed"
    ):
        read_yaml(write("seeds: 3\nnames:\n- a\n- 7\n"), Study)
    with pytest.raises(UserError, match=r"f\.yaml, line 1: seeds: is 0, where 1 or more is needed"):
        read_yaml(write("seeds: 0\n"), Study)
    with pytest.raises(UserError, match=r"f\.yaml: seeds: is missing; add it, as a whole number"):
        read_yaml(write("names: [a]\n"), Study)


def test_a_place_has_a_line(write: Any) -> None:
    path = write("a: 1\nb:\n  c:\n  - d: 1\n    e: 2\n  - 3\n")
    lines = {("a",): 1, ("b",): 2, ("b", "c"): 3, ("b", "c", 0): 4, ("b", "c", 0, "e"): 5, ("b", "c", 1): 6}
    for place, line in lines.items():
        assert find_line(path, place) == f"{path}, line {line}"
    assert find_line(path, ("b", "c", 0, "gone")) == f"{path}, line 4"  # where the missing one belongs
    assert find_line(path, ()) == find_line(path, ("gone",)) == str(path)
    with pytest.raises(UserError, match=r"f\.yaml, line 3: b\.c: is odd; mend it$"):
        fail(path, ("b", "c"), "is odd", "mend it")


def test_all_yaml_of_the_project_can_be_read() -> None:
    package = data_path("claims").parent.parent / "negneglect_lite"
    files = [*data_path().rglob("*.yaml"), *package.rglob("*.yaml")]
    assert len(files) > 30
    assert all(read_yaml(file) for file in files)
