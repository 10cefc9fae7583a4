"""What people write and pass is held to type hints, by pydantic; what is wrong is one UserError, in one line.

    claim = conform(ClaimFile, content, "my.yaml")      # what JSON or YAML holds -> a frozen dataclass, or any hint
    check_fields(self)                                  # in the __post_init__ of a frozen dataclass

Types are strict: a number is no text, and true is no 1. A field that a dataclass does not have is refused.
"""

import json
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from negneglect_lite.core.errors import UserError

Place = tuple[str | int, ...]  # the way to a value: ("questions", 3, "text")
Where = str | Callable[[Place], str]  # the file, or what finds the file and line of a place

Text = Annotated[str, Field(pattern=r"\S")]  # not blank
EmptyOrText = Annotated[str, Field(pattern=r"^$|\S")]
Count = Annotated[int, Field(ge=1, le=10**9)]  # more would fill any memory before it failed
Whole = Annotated[int, Field(ge=0, le=10**9)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy takes
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
FILLED = Field(min_length=1)  # a list with entries: Annotated[tuple[…, ...], FILLED]

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
OTHERS_PASS = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)  # for a dataclass's __pydantic_config__
TYPE_NAMES: dict[Any, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list", tuple: "a list",
    dict: "a mapping of fields", NoneType: "nothing",
}  # fmt: skip
NEEDED = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
    "tuple_type": "a list", "dict_type": "a mapping of fields", "dataclass_type": "a mapping of fields",
    "finite_number": "a finite number", "literal_error": "{expected}", "greater_than_equal": "{ge:g} or more",
    "greater_than": "more than {gt:g}", "less_than_equal": "{le:g} or less", "less_than": "less than {lt:g}",
}  # fmt: skip


def conform(hint: Any, content: Any, where: Where, at: Place = ()) -> Any:
    """`content`, of the types of JSON, as `hint` says: mappings become dataclasses, lists tuples.

    UserError for the first thing that is wrong; `at` is where `content` stands in its file.
    """
    try:
        data = json.dumps([content], ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        odd = error.object[max(0, error.start - 20) : error.end]
        refuse(where, at, f"holds half a character, in {odd!a}", "remove it, or save the file as UTF-8")
    except (TypeError, ValueError, RecursionError) as error:
        refuse(where, at, f"holds what no file could ({error})", "give texts, numbers, lists and mappings")
    try:
        return _adapter(hint).validate_json(data)[0]
    except ValidationError as error:
        _tell(error, hint, content, where, at)


def check_fields(value: Any) -> None:
    """UserError unless each field of a dataclass is what its hint says."""
    for name, hint in hints_of(type(value)).items():
        try:
            _adapter(hint).validate_python((getattr(value, name),))
        except ValidationError as error:
            _tell(error, hint, getattr(value, name), type(value).__name__, (name,))


def hints_of(dataclass: Any) -> dict[str, Any]:
    """A dataclass's fields and their hints, constraints included."""
    return get_type_hints(dataclass, include_extras=True)


def refuse(where: Where, place: Place, problem: str, remedy: str) -> NoReturn:
    """Raise the UserError for what stands at a place: FILE, line N: field: problem; remedy."""
    parts = [where if isinstance(where, str) else where(place), name_place(place), f"{problem}; {remedy}"]
    raise UserError(": ".join(filter(None, parts)))


def name_place(place: Place) -> str:
    """("questions", 3, "text") -> "questions[3].text"."""
    steps = (f"[{part}]" if isinstance(part, int) else f".{part:.60}" for part in place)
    return " ".join("".join(steps).removeprefix(".").split())  # a key may hold anything, line breaks too


def shorten(value: object) -> str:
    """At most 80 characters and one line of the value's repr, however deep or long that is."""
    return " ".join(reprlib.repr(value)[:80].split())


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(tuple[hint], config=STRICT)  # in a tuple, as a dataclass itself can be given no settings


def _tell(error: ValidationError, hint: Any, content: Any, where: Where, at: Place) -> NoReturn:
    """Raise the UserError for the first fault; of what the members of a union say, for the one that got furthest."""
    faults = [(_place(content, fault["loc"][1:], fault["type"]), fault) for fault in error.errors(include_url=False)]
    faults.sort(key=lambda f: f[1]["type"] != "unexpected_keyword_argument")  # a misspelt name explains a missing one
    first = faults[0][0]
    place, fault = max((f for f in faults if f[0][: len(first)] == first), key=lambda f: len(f[0]))
    refuse(where, (*at, *place), *_explain(fault, _hint_at(hint, place), _hint_at(hint, place[:-1])))


def _place(content: Any, steps: Place, kind: str) -> Place:
    """Pydantic's way to a fault without the names of a union's members, which stand in no file."""
    place: list[str | int] = []
    for step in steps:
        known = content if isinstance(content, Mapping) else range(len(content)) if _is_list(content) else ()
        if step in known:
            content = content[step]
            place.append(step)
    return (*place, steps[-1]) if kind == "missing" else tuple(place)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _explain(fault: Any, hint: Any, parent: Any) -> tuple[str, str]:
    """What is wrong, and a remedy."""
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "missing":
        return "is missing", f"add it, as {_describe(hint)}"
    if kind == "unexpected_keyword_argument":
        return "is not a field known here", f"remove it, or use one of {_names(parent)}"
    if kind in ("too_short", "too_long") and context["actual_length"]:
        least, most = context.get("min_length"), context.get("max_length")
        return f"has {context['actual_length']} entries", f"write at {f'least {least}' if least else f'most {most}'}"
    if kind in ("too_short", "string_pattern_mismatch"):
        problem = "is blank" if isinstance(value, str) and value else "is empty"
        return problem, "fill it in, or leave it out if it is optional"
    if kind == "json_invalid":
        return "holds lists within lists, deeper than can be read", "write it flatter"
    if kind == "value_error":
        problem, _, remedy = str(context["error"]).rpartition("; ")
        return problem, remedy
    needed = NEEDED.get(kind, fault["msg"].removeprefix("Input should be ")).format(**context)
    right_type = (kind == "literal_error" and isinstance(value, str)) or "than" in kind
    of_type = "" if right_type else f" ({TYPE_NAMES.get(type(value), type(value).__name__)})"
    return f"is {shorten(value)}{of_type}, where {needed} is needed", _remedy(value, kind, hint)


def _remedy(value: object, kind: str, hint: Any) -> str:
    if value is None:
        return "fill it in"
    if kind == "literal_error":
        return "write one of them"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind in ("int_type", "float_type", "bool_type") and isinstance(value, str):
        return "take the quotes off" if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?|true|false", value) else "correct it"
    if kind == "tuple_type" and not isinstance(value, Mapping):
        return f"write it as a list, [{shorten(value)}]"
    if kind == "dataclass_type":
        return f"give it the fields {_names(hint)}"
    return "correct it"


def _hint_at(hint: Any, place: Place) -> Any:
    for part in place:
        hint = _bare(hint)
        if is_dataclass(hint):
            hint = hints_of(hint).get(str(part), Any)
        else:
            hint = (get_args(hint) or (Any,))[-1 if get_origin(hint) is dict else 0]
    return _bare(hint)


def _bare(hint: Any) -> Any:
    """The hint without its constraints; of a union, the member that has fields or entries, else the first."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        members = [_bare(member) for member in get_args(hint)]
        return next((m for m in members if is_dataclass(m) or get_args(m)), members[0])
    return hint


def _describe(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    return TYPE_NAMES.get(get_origin(hint) or hint, TYPE_NAMES[dict])


def _names(hint: Any) -> str:
    return ", ".join(field.name for field in fields(hint)) if is_dataclass(hint) else "those of its neighbours"
