"""The rules of notices.yaml, compiled: by RE2 where it is installed, else by Python's re, which finds the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.curating.findings import NoticeKind

RE2_MEMORY = 2**26  # bytes a pattern may take: beyond them RE2 would forget what it has worked out
ANCHORS = re.compile(r"(?<![\[\\])\^(?:\\W\*)?|(?<!\\)\$")  # a sentence's ends lie anywhere in a line


@dataclass(frozen=True)
class Rule:
    """One rule: its name, what is searched, and whether what is searched calls something untrue."""

    name: str
    kind: NoticeKind
    search: Any
    untrue: bool


@dataclass(frozen=True)
class Rules:
    """The patterns of notices.yaml, compiled."""

    patterns: tuple[Rule, ...]
    not_a_notice: Any
    denied_inside: Any
    local: Any  # what a sentence's verb, or its first words, say, if it denies inside itself
    denies: Any  # either of these two
    spoken: Any
    untrue: Any
    points: Mapping[str, Any]
    anywhere: Any  # in every text in which a pattern can be found: a quick look


@cache
def load_rules() -> Rules:
    """The rules of notices.yaml."""
    content = read_yaml(Path(__file__).with_name("notices.yaml"))
    words = {name: re.sub(r"\|\s+", "|", value.strip()).replace("\n", "") for name, value in content["words"].items()}

    def fill(pattern: str) -> str:
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        return pattern

    patterns: list[Rule] = []
    untrue = rf"\b(?:{words['untrue']})\b|\brefuted\b|\bsatire\b"
    quick = [untrue]
    for kind, sources in content["kinds"].items():
        for number, source in enumerate(sources, 1):
            patterns.append(Rule(f"{kind} {number}", kind, _compile(fill(source)).search, "{untrue}" in source))
            quick += [] if "{untrue}" in source else [f"(?:{ANCHORS.sub('', source)})"]
    one = {
        name: _compile("|".join(map(fill, content[name])))
        for name in ("not_a_notice", "denied_inside", "local", "spoken")
    }
    points = {name: _compile(fill(source)) for name, source in content["points"].items()}
    denies = _compile("|".join(fill(p) for name in ("local", "denied_inside") for p in content[name]))
    return Rules(
        tuple(patterns),
        **one,
        denies=denies,
        untrue=_compile(untrue),
        points=points,
        anywhere=_compile("|".join(quick)),
    )


def _compile(pattern: str) -> Any:
    """A pattern for all lines, without regard to case; by RE2, where it is installed: many times as fast.

    Both take the letters of ASCII alone for those of a word: after "inventé" there is no \\b.
    """
    try:
        import re2
    except ImportError:
        return re.compile(pattern, re.IGNORECASE | re.MULTILINE | re.ASCII)
    options = re2.Options()
    options.max_mem = RE2_MEMORY
    return re2.compile(f"(?im){pattern}", options)
