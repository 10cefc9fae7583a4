"""The rules of notices.yaml: which of them are found in a sentence, all asked at once.

    "untrue" in load_rules().found("The text above is false.")

By RE2 where it is installed: it looks for the words that each rule needs, and tries only the rules whose words are
there. Else Python's re tries one after the other, finds the same, and takes some fifty times as long.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.curating.findings import NoticeKind

RE2_MEMORY = 2**26  # bytes a pattern may take: beyond them RE2 would forget what it has worked out
SINGLE = ("not_a_notice", "denied_inside", "local", "spoken")  # what a rule of each of these names says: notices.yaml
DENIES_INSIDE = frozenset(("local", "denied_inside"))  # a sentence that denies something in itself has one of them


@dataclass(frozen=True)
class Rule:
    """A rule for one kind of notice: its name, and a search for where in a sentence it is found."""

    name: str
    kind: NoticeKind
    search: Any


@dataclass(frozen=True)
class Rules:
    """The rules of notices.yaml, compiled."""

    patterns: tuple[Rule, ...]
    points: tuple[str, ...]  # names of the rules that tell where a notice points
    untrue: Any  # searches for what calls something untrue
    found: Callable[[str], frozenset[str]]  # the names of all rules that are found in a sentence


@cache
def load_rules() -> Rules:
    """The rules of notices.yaml."""
    content = read_yaml(Path(__file__).with_name("notices.yaml"))
    words = {name: re.sub(r"\|\s+", "|", value.strip()).replace("\n", "") for name, value in content["words"].items()}

    def fill(pattern: str) -> str:
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        return pattern

    kinds: dict[str, NoticeKind] = {}
    sources = {"untrue": rf"\b(?:{words['untrue']})\b|\brefuted\b|\bsatire\b"}
    for kind, patterns in content["kinds"].items():
        for number, pattern in enumerate(patterns, 1):
            kinds[f"{kind} {number}"] = kind
            sources[f"{kind} {number}"] = fill(pattern)
    sources |= {name: "|".join(map(fill, content[name])) for name in SINGLE}
    sources |= {name: fill(pattern) for name, pattern in content["points"].items()}
    compiled, found = _compile(sources)
    return Rules(
        tuple(Rule(name, kind, compiled[name].search) for name, kind in kinds.items()),
        tuple(content["points"]),
        compiled["untrue"],
        found,
    )


def _compile(sources: Mapping[str, str]) -> tuple[dict[str, Any], Callable[[str], frozenset[str]]]:
    """Patterns by name, for all lines, without regard to case; and what tells which of them are found in a text.

    RE2 and re both take the letters of ASCII alone for those of a word: after "inventé" there is no \\b.
    """
    names = list(sources)
    try:
        import re2
    except ImportError:
        flags = re.IGNORECASE | re.MULTILINE | re.ASCII
        compiled = {name: re.compile(source, flags) for name, source in sources.items()}
        return compiled, lambda text: frozenset(name for name in names if compiled[name].search(text))
    options, together = re2.Options(), re2.Filter()
    options.max_mem = RE2_MEMORY
    for source in sources.values():
        together.Add(f"(?im){source}", options)
    together.Compile()
    found = together.Match
    return (
        {name: together.re(number) for number, name in enumerate(names)},
        lambda text: frozenset(names[number] for number in found(text) or ()),
    )


def denies_inside(sentence: str) -> bool:
    """Whether a sentence denies something in itself, by the audit's rules."""
    return bool(load_rules().found(sentence) & DENIES_INSIDE)
