"""YAML that people write, read strictly: what is wrong is one UserError: the file, the line or field, a remedy.

A key given twice is refused, where PyYAML keeps the last without a word.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from negneglect_lite.core.errors import UserError


class StrictLoader(yaml.SafeLoader):
    """Safe YAML that takes a key given twice for the mistake it is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is given twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def fail(path: Path, field: str, problem: str, remedy: str) -> NoReturn:
    """Raise the UserError for one field of a file."""
    raise UserError(f"{path}: {field}: {problem}; {remedy}")


def read_text(path: Path) -> str:
    """The text of a file. UserError if it cannot be read, is not UTF-8, or is empty."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{path}: cannot be read, {reason}; check the name and its permissions") from None
    if not text.strip():
        raise UserError(
            f"{path}: is empty; fill it in (data/claims/README.md describes a claim, data/experiments has sweeps)"
        )
    return text


def read_yaml(path: Path) -> Any:
    """What a YAML file holds. UserError, with the line, if it is not valid YAML or gives a key twice."""
    try:
        return yaml.load(read_text(path), StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}" if mark else "somewhere"
        raise UserError(f"{path}: {line}: not valid YAML, {error.problem}; correct that line") from None
    except (yaml.YAMLError, ValueError) as error:  # a character YAML forbids, an impossible date
        raise UserError(f"{path}: not valid YAML, {str(error).splitlines()[0]}; correct or remove it") from None
