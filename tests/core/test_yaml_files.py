"""YAML that people write: what is wrong with it is one line with the file, the place and a remedy."""

from pathlib import Path

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.yaml_files import fail, read_text, read_yaml


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_yaml(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


def test_what_is_well_formed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text("a: [1, é]\nb: {a: 2}\n<<: {c: 3}\n1: one\n", "utf-8")
    assert read_yaml(path) == {"a": [1, "é"], "b": {"a": 2}, "c": 3, 1: "one"}
    assert read_text(path).startswith("a: [1, é]\n")


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [("a: 1\nb: 2\na: 3\n", 3, "a"), ("a:\n- {b: 1, c: 2, b: 3}\n", 2, "b"), ("x: {y: {z: 1,\n z: 2}}\n", 2, "z")],
)
def test_a_key_given_twice_is_refused_at_any_depth(tmp_path: Path, text: str, line: int, key: str) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text(text)
    assert f"line {line}: not valid YAML, '{key}' is given twice; correct that line" in refusal(path)


def test_the_same_key_in_two_mappings_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text("- {a: 1}\n- {a: 2}\n")
    assert read_yaml(path) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "empty.yaml").write_text(text)
    assert "is empty; fill it in" in refusal(tmp_path / "empty.yaml")


def test_what_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("title: Büro".encode("latin-1"))
    assert "is not UTF-8 text; save it as UTF-8" in refusal(tmp_path / "latin.yaml")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read, no such file or directory" in refusal(tmp_path / "none.yaml")
    assert "cannot be read, is a directory" in refusal(tmp_path)


@pytest.mark.parametrize(
    "text", ["a: [1\nb: 2\n", "a: b: c\n", "a: \x07\n", "a: 2024-13-45\n", "? [a]\n: 1\n", "a: *b"]
)
def test_what_is_not_yaml(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    assert "not valid YAML" in refusal(tmp_path / "bad.yaml")


def test_no_object_is_made(tmp_path: Path) -> None:
    (tmp_path / "sly.yaml").write_text(f"a: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    assert "could not determine a constructor" in refusal(tmp_path / "sly.yaml")
    assert not (tmp_path / "made").exists()


def test_a_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^a\.yaml: seeds: is 0; give 1 or more$"):
        fail(Path("a.yaml"), "seeds", "is 0", "give 1 or more")
