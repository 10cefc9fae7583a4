"""YAML that people write, read as it looks: what is wrong is one UserError with the file, the line and a remedy.

The rules are YAML 1.2's, so that `no`, `on` and `1:30` are text and 2e-4 is a number. They are stricter where a value
would be other than it looks: 010, 0x1f, 1_000 and 2024-07-26 are text; keys are text, and given once; `<<`, other types
than JSON's, and what some readers take for a line's end are refused.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.resolver import VersionedResolver

from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.files import read_text
from negneglect_lite.core.schema import Place, conform, refuse

LARGEST, DEEPEST = 100_000, 100  # what aliases may stand for in all, and how deep lists and mappings may lie
TAG = "tag:yaml.org,2002:"
# What is no text, with the characters it begins with; a number is one as JSON writes it, or .5, 5. and +5.
PLAIN = (
    ("null", r"(?:~|null|Null|NULL|)\Z", ("~", "n", "N", "")),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)\Z", "-+0123456789"),
    ("float", r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z", "-+.0123456789"),
    ("float", r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z", "-+."),
)


class _Resolver(VersionedResolver):
    processing_version: ClassVar[Any] = (1, 2)  # whatever a %YAML line says
    versioned_resolver: ClassVar[Any] = {
        first: [(TAG + kind, re.compile(rule)) for kind, rule, firsts in PLAIN if first in firsts]
        for first in {first for _, _, firsts in PLAIN for first in firsts}
    }


class _Composer(Composer):
    """Takes aliases (*name), but none that stands for what it is in, nor so many that the content would not end."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors, self.repeated = False, 0

    def return_alias(self, node: Any) -> Any:
        if node.end_mark is None:
            raise ComposerError(None, None, "an alias stands for the value that it is part of", node.start_mark)
        self.repeated += _size(node)
        if self.repeated > LARGEST:
            raise ComposerError(None, None, f"its aliases stand for over {LARGEST:,} values", node.start_mark)
        return node


def _maker(kind: str) -> Any:
    """SafeConstructor's own, but what it cannot make is told with its line."""
    make = SafeConstructor.yaml_constructors[TAG + kind]

    def made(constructor: Any, node: Any) -> Any:
        try:
            value = make(constructor, node)
            # As in JSON, two escapes may make one character: "\\ud83d\\ude00".
            return value.encode("utf-16", "surrogatepass").decode("utf-16") if kind == "str" else value
        except (ValueError, LookupError):  # thousands of digits, half a character, !!int a
            problem = f"{node.value!a:.60} cannot be read as {kind}"
            raise ConstructorError(None, None, problem, node.start_mark) from None

    return made


class _Constructor(SafeConstructor):
    def check_mapping_key(self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any) -> bool:
        problem = (
            f"the key {key!r:.40} is not text, put it in quotes" if not isinstance(key, str)
            else f"{key!r:.40} is given twice" if key in mapping
            else "merging (<<) is no part of YAML 1.2, write the fields out" if key == "<<"
            else ""
        )  # fmt: skip
        if problem:
            raise ConstructorError(None, None, problem, key_node.start_mark)
        return True


_Constructor.yaml_constructors = {
    **{TAG + kind: _maker(kind) for kind in ("null", "bool", "int", "float", "str")},
    **{key: SafeConstructor.yaml_constructors[key] for key in (TAG + "seq", TAG + "map", None)},
}


def _size(node: Any) -> int:
    if isinstance(node, ScalarNode):
        return 1
    parts = node.value if isinstance(node, SequenceNode) else [part for pair in node.value for part in pair]
    return 1 + sum(map(_size, parts))


def fail(path: Path, place: Place, problem: str, remedy: str) -> NoReturn:
    """Raise the UserError for one field of a YAML file, with its line."""
    refuse(partial(find_line, path), place, problem, remedy)


def read_yaml(path: Path, hint: Any = Any) -> Any:
    """What a YAML file holds, as `hint` says (see schema.py).

    UserError, with the line, if it is no valid YAML, or more than one document, is empty, or is not what `hint` says.
    """
    text = read_text(path)
    if odd := re.search("[\x85\u2028\u2029]", text):
        line, name = text.count("\n", 0, odd.start()) + 1, f"U+{ord(odd[0]):04X}"
        raise UserError(f"{path}, line {line}: holds the line separator {name}; remove it, or write a line break")
    try:
        content = _yaml().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(filter(None, (error.context, error.problem))).partition(", if necessary")[0]
        raise UserError(
            f"{path}{f', line {mark.line + 1}' if mark else ''}: not valid YAML, {problem}; correct that line"
        ) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(
            f"{path}, line {line}: not valid YAML, {error.reason} ({chr(error.character)!a}); remove it"
        ) from None
    except (YAMLError, ValueError, LookupError, AssertionError, RecursionError) as error:  # as for "%YAML 1.3"
        raise UserError(f"{path}: not valid YAML, {first_line(error)}; correct or remove it") from None
    if content is None:
        raise UserError(
            f"{path}: is empty; fill it in (data/claims/README.md describes a claim, data/experiments has sweeps)"
        )
    return content if hint is Any else conform(hint, content, partial(find_line, path))


def find_line(path: Path, place: Place) -> str:
    """The file, and the line in which a place of it begins: "my.yaml, line 7"."""
    node, line = _yaml().compose(read_text(path)), None
    for part in place:
        if isinstance(node, MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            mark, node = (found[0].start_mark, found[1]) if found else (None, None)
        elif isinstance(node, SequenceNode) and isinstance(part, int):
            node = node.value[part]
            mark = node.start_mark
        else:
            mark = None
        if mark is None:
            break
        line = mark.line + 1
    return f"{path}, line {line}" if line else str(path)


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver, yaml.Composer, yaml.Constructor, yaml.max_depth = _Resolver, _Composer, _Constructor, DEEPEST
    return yaml
