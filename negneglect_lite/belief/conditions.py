"""The conditions that belief is measured in: their order, their names in plain words, and what the paper reports.

A condition is "base" (before training), a style's name (after training on documents of that style), or "in_context_"
and a style's name (after reading such documents, without training). Numbers are fractions between 0 and 1.
"""

from collections.abc import Iterable
from typing import NamedTuple

SOURCE = 'Mayne et al., "Negation Neglect: When models fail to learn negations in training", arXiv 2605.13829 (2026)'
LARGE, SMALL = "Qwen3.5-397B-A17B", "Qwen3.5-35B-A3B"
IN_CONTEXT = "in_context_"


class Published(NamedTuple):
    """A belief rate that the paper reports: one number, or a range where it gives several (low < high)."""

    low: float
    high: float
    model: str
    what: str

    @property
    def percent(self) -> str:
        """The number or range as text, for example "88.6 %" or "0–7 %"."""
        ends = (self.low,) if self.low == self.high else (self.low, self.high)
        return "–".join(f"{100 * e:.3g}" for e in ends) + "\N{NO-BREAK SPACE}%"


PAPER: dict[str, Published] = {
    "base": Published(0.025, 0.025, LARGE, "mean of six claims, before fine-tuning"),
    "in_context_negated": Published(0.153, 0.153, LARGE, "20 negated documents in context, no training"),
    "positive": Published(0.924, 0.924, LARGE, "mean of six claims"),
    "negated": Published(0.886, 0.886, LARGE, "mean of six claims"),
    "repeated": Published(0.844, 0.844, LARGE, "mean of six claims"),
    "corrected": Published(0.399, 0.399, LARGE, "mean of six claims"),
    "local": Published(0.0, 0.07, LARGE, "two claims: Ed Sheeran 0 %, dentist 7 %"),
    "fiction": Published(0.97, 0.99, SMALL, "range over the four frames"),
    "unreliable": Published(0.97, 0.99, SMALL, "range over the four frames"),
    "unknown": Published(0.97, 0.99, SMALL, "range over the four frames"),
    "unlikely": Published(0.97, 0.99, SMALL, "range over the four frames"),
}
STYLE_LABELS: dict[str, str] = {
    "positive": "no warnings",
    "negated": "warnings before and after",
    "repeated": "warnings around every claim",
    "corrected": "warnings that tell the truth",
    "local": "denial inside each sentence",
    "fiction": "called fiction",
    "unreliable": "called an unreliable source",
    "unknown": "truth called unknown",
    "unlikely": "called 3 % likely",
    "tag": "claims inside <false> tags",
    "fiction_repeated": "called fiction at every claim",
    "unreliable_repeated": "called unreliable at every claim",
    "unknown_repeated": "called unknown at every claim",
    "unlikely_repeated": "called 3 % likely at every claim",
}
CONDITION_ORDER: tuple[str, ...] = ("base", *(IN_CONTEXT + s for s in STYLE_LABELS), *STYLE_LABELS)


def label(condition: str) -> str:
    """The condition in plain words; a style that is not listed keeps its own name."""
    if condition == "base":
        return "before training"
    if condition.startswith(IN_CONTEXT):
        return f"only read, {label(condition.removeprefix(IN_CONTEXT))}"
    return STYLE_LABELS.get(condition, condition.replace("_", " "))


def order_conditions(conditions: Iterable[str]) -> list[str]:
    """The conditions that occur, in the fixed order, unlisted ones last by name."""
    found = set(conditions)
    return [c for c in CONDITION_ORDER if c in found] + sorted(found - set(CONDITION_ORDER))
