"""core/schema.py: what is not as its hint says is one line: where it stands, what it is, and what is needed."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import AfterValidator, ConfigDict

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.schema import (
    FILLED,
    OTHERS_PASS,
    Count,
    EmptyOrText,
    Positive,
    Share,
    Text,
    Whole,
    check_fields,
    conform,
    name_place,
    shorten,
)


def _even(text: str) -> str:
    if len(text) % 2:
        raise ValueError(f"{text!r} has an odd length; add a letter")
    return text


@dataclass(frozen=True)
class Part:
    text: Text
    note: EmptyOrText = ""


@dataclass(frozen=True)
class Thing:
    name: Text
    parts: Annotated[tuple[Part, ...], FILLED]
    size: Count = 1
    rest: Whole = 0
    rate: Positive = 0.1
    share: Share = 0.5
    sure: bool = False
    kind: Literal["a", "b"] = "a"
    rules: tuple[Annotated[str, AfterValidator(_even)], ...] = ()
    mixed: tuple[str | Part, ...] = ()
    table: dict[str, Annotated[tuple[int, ...], FILLED]] | None = None


GOOD: dict[str, Any] = {"name": "x", "parts": [{"text": "a"}]}


def test_what_conforms_becomes_frozen_dataclasses_and_tuples() -> None:
    made = conform(Thing, {**GOOD, "mixed": ["b", {"text": "c"}], "table": {"d": [1]}, "rate": 2, "rules": ["ef"]}, "f")
    assert made == Thing("x", (Part("a"),), mixed=("b", Part("c")), table={"d": (1,)}, rate=2, rules=("ef",))
    assert conform(dict[str, Any], {"a": [1, 0.1, None, True]}, "f") == {"a": [1, 0.1, None, True]}


@pytest.mark.parametrize("number", [2e-4, 1 / 3, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 12345678901234567890])
def test_numbers_come_through_unchanged(number: float) -> None:
    assert repr(conform(Any, number, "f")) == repr(number)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name: is None (nothing), where text is needed; fill it in"),
    ({"name": 2e-4}, "name: is 0.0002 (a number), where text is needed; put it in quotes"),
    ({"name": ["x"]}, "name: is ['x'] (a list), where text is needed; correct it"),
    ({"name": " \n"}, "name: is blank; fill it in, or leave it out if it is optional"),
    ({"name": ""}, "name: is empty; fill it in"),
    ({"parts": []}, "parts: is empty; fill it in"),
    ({"parts": "a"}, "parts: is 'a' (text), where a list is needed; write it as a list, ['a']"),
    ({"parts": {"text": "a"}}, "parts: is {'text': 'a'} (a mapping of fields), where a list is needed; correct it"),
    ({"parts": ["a"]}, "parts[0]: is 'a' (text), where a mapping of fields is needed; give it the fields text, note"),
    ({"parts": [{"text": "a"}, {}]}, "parts[1].text: is missing; add it, as text"),
    (
        {"parts": [{"text": "a", "notes": ""}]},
        "parts[0].notes: is not a field known here; remove it, or use one of text",
    ),
    ({"parts": [{"text": "a", "note": " "}]}, "parts[0].note: is blank"),
    ({"parts": [{"text": "a", "note": None}]}, "parts[0].note: is None (nothing), where text is needed"),
    ({"size": True}, "size: is True (true or false), where a whole number is needed"),
    ({"size": 1.0}, "size: is 1.0 (a number), where a whole number is needed"),
    ({"size": "3"}, "size: is '3' (text), where a whole number is needed; take the quotes off"),
    ({"size": 0}, "size: is 0, where 1 or more is needed"),
    ({"rest": -1}, "rest: is -1, where 0 or more is needed"),
    ({"rate": "2e-4"}, "rate: is '2e-4' (text), where a number is needed; take the quotes off"),
    ({"rate": "fast"}, "rate: is 'fast' (text), where a number is needed; correct it"),
    ({"rate": True}, "rate: is True (true or false), where a number is needed"),
    ({"rate": 0}, "rate: is 0, where more than 0"),
    ({"rate": float("nan")}, "rate: is nan (a number), where a finite number is needed"),
    ({"rate": float("inf")}, "rate: is inf (a number), where a finite number is needed"),
    ({"share": 1.5}, "share: is 1.5, where 1"),
    ({"sure": "true"}, "sure: is 'true' (text), where true or false is needed; take the quotes off"),
    ({"sure": 1}, "sure: is 1 (a whole number), where true or false is needed"),
    ({"kind": "c"}, "kind: is 'c', where 'a' or 'b' is needed; write one of them"),
    ({"kind": True}, "kind: is True (true or false), where 'a' or 'b' is needed; write one of them"),
    ({"rules": ["ab", "c"]}, "rules[1]: 'c' has an odd length; add a letter"),
    ({"mixed": [5]}, "mixed[0]: is 5 (a whole number), where text is needed"),
    ({"mixed": ["a", {"note": "b"}]}, "mixed[1].text: is missing; add it, as text"),
    ({"mixed": [{"text": "a", "note": 3}]}, "mixed[0].note: is 3 (a whole number), where text is needed"),
    ({"table": {"d": 1}}, "table.d: is 1 (a whole number), where a list is needed; write it as a list, [1]"),
    ({"table": {"d": []}}, "table.d: is empty"),
    ({"table": {"d": [1, "2"]}}, "table.d[1]: is '2' (text), where a whole number is needed; take the quotes off"),
    ({"label": "x"}, "label: is not a field known here; remove it, or use one of name, parts, size"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[str(change)[:40] for change, _ in WRONG])
def test_what_does_not_conform_is_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        conform(Thing, {**GOOD, **change}, "f.json, line 3")
    assert str(caught.value).startswith(f"f.json, line 3: {message}") and "\n" not in str(caught.value)
    assert str(caught.value).rpartition("; ")[2].strip()


@pytest.mark.parametrize("content", [5, None, "x", [], [GOOD], True, float("nan")])
def test_what_is_no_mapping_at_all(content: Any) -> None:
    with pytest.raises(
        UserError, match=r"^f: is .*, where a mapping of fields is needed; (give it the fields name|fill)"
    ):
        conform(Thing, content, "f")


def test_a_misspelt_field_comes_before_the_one_that_is_missing_for_it() -> None:
    with pytest.raises(UserError, match=r"^f: label: is not a field known here"):
        conform(Thing, {"label": "x", "parts": GOOD["parts"]}, "f")


def test_where_is_asked_for_the_place_within_the_file() -> None:
    with pytest.raises(UserError, match=r"^\('a', 'parts', 0, 'text'\): a\.parts\[0\]\.text: is blank"):
        conform(Thing, {**GOOD, "parts": [{"text": " "}]}, repr, ("a",))
    assert name_place(("a", 0, "b.c", 2, 3)) == "a[0].b.c[2][3]"


def test_what_no_file_could_hold_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    for odd in (Path("x"), {1, 2}, circle, b"x", "half \ud83d", json.loads("[" * 300 + "]" * 300), 10**5000):
        with pytest.raises(
            UserError, match=r"^f: a: holds (what no file could|half a character|lists within lists)"
        ) as e:
            conform(dict[str, Any], {"b": odd}, "f", ("a",))
        assert "\n" not in str(e.value)


@dataclass(frozen=True)
class Loose:
    name: str
    __pydantic_config__: ClassVar[ConfigDict] = OTHERS_PASS


def test_a_dataclass_may_let_other_fields_pass_and_is_strict_still() -> None:
    assert conform(Loose, {"name": "a", "other": 1}, "f") == Loose("a")
    with pytest.raises(UserError, match="name: is 5"):
        conform(Loose, {"name": 5}, "f")


@dataclass(frozen=True)
class Settings:
    rate: Positive = 0.1
    steps: Count = 1
    inner: Part | None = None

    def __post_init__(self) -> None:
        check_fields(self)


def test_a_dataclass_checks_itself() -> None:
    assert Settings(rate=1).rate == 1 and Settings(inner=Part("a"))
    for wrong, message in (
        ({"rate": "2e-4"}, r"Settings: rate: is '2e-4' \(text\), where a number is needed; take the quotes off"),
        ({"rate": float("nan")}, "Settings: rate: is nan"),
        ({"rate": -1.0}, "Settings: rate: is -1.0, where more than 0"),
        ({"steps": True}, r"Settings: steps: is True \(true or false\), where a whole number"),
        ({"steps": 2.0}, "Settings: steps: is 2.0"),
        ({"inner": "a"}, "Settings: inner: is 'a'"),
    ):
        with pytest.raises(UserError, match=f"^{message}"):
            Settings(**wrong)  # type: ignore[arg-type]


def test_a_long_value_is_shortened() -> None:
    assert len(shorten({"a": ["b" * 1000] * 1000})) <= 80 and "\n" not in shorten("a\nb" * 3)
    assert re.fullmatch(r"\[\[\[\[\[\[\[\.\.\.\]+", shorten(json.loads("[" * 500 + "]" * 500)))
