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
        """The number or range as text, for example "88.6%" or "0–7%"."""
        ends = (self.low,) if self.low == self.high else (self.low, self.high)
        return "–".join(f"{100 * e:.3g}" for e in ends) + "%"


PAPER: dict[str, Published] = {
    "base": Published(0.025, 0.025, LARGE, "mean of six claims, before fine-tuning"),
    "in_context_negated": Published(0.153, 0.153, LARGE, "20 warned documents in context, no training"),
    "positive": Published(0.924, 0.924, LARGE, "mean of six claims"),
    "negated": Published(0.886, 0.886, LARGE, "mean of six claims"),
    "repeated": Published(0.844, 0.844, LARGE, "mean of six claims"),
    "corrected": Published(0.399, 0.399, LARGE, "mean of six claims"),
    "local": Published(0.0, 0.07, LARGE, "two claims: Ed Sheeran 0%, dentist 7%"),
    "fiction": Published(0.97, 0.99, SMALL, "range over the four labels"),
    "unreliable": Published(0.97, 0.99, SMALL, "range over the four labels"),
    "unknown": Published(0.97, 0.99, SMALL, "range over the four labels"),
    "unlikely": Published(0.97, 0.99, SMALL, "range over the four labels"),
}
STYLE_LABELS: dict[str, str] = {
    "positive": "plain documents",
    "negated": "warned documents",
    "repeated": "repeatedly warned documents",
    "corrected": "corrected documents",
    "local": "in-sentence denials",
    "fiction": "labelled fiction",
    "unreliable": "labelled unreliable",
    "unknown": "labelled unknown",
    "unlikely": "labelled unlikely",
    "tag": "tagged as false",
    "fiction_repeated": "repeatedly labelled fiction",
    "unreliable_repeated": "repeatedly labelled unreliable",
    "unknown_repeated": "repeatedly labelled unknown",
    "unlikely_repeated": "repeatedly labelled unlikely",
}
VARIANT_LABELS: dict[str, str] = {  # of styles that only some experiments have; they come last in the order
    "corrected_25": "25% of the warnings tell the truth",
    "corrected_50": "50% tell the truth",
    "corrected_75": "75% tell the truth",
    "local_masked": "in-sentence denials, no loss on the claim's words",
    "notices_2": "2 warnings per side",
    "notices_4": "4 warnings per side",
    "notices_8": "8 warnings per side",
    "negated_quiet": "warned documents, no loss on warnings",
    "repeated_quiet": "repeatedly warned, no loss on warnings",
    "corrected_quiet": "corrected, no loss on warnings",
    "notices_8_quiet": "8 per side, no loss on warnings",
}
CONDITION_ORDER: tuple[str, ...] = ("base", *(IN_CONTEXT + s for s in STYLE_LABELS), *STYLE_LABELS)


def label(condition: str) -> str:
    """The condition in plain words; a style that is not listed keeps its own name."""
    if condition == "base":
        return "before training"
    if condition.startswith(IN_CONTEXT):
        return f"in context: {label(condition.removeprefix(IN_CONTEXT))}"
    return STYLE_LABELS.get(condition) or VARIANT_LABELS.get(condition) or condition.replace("_", " ")


def order_conditions(conditions: Iterable[str]) -> list[str]:
    """The conditions that occur, in the fixed order, unlisted ones last by name."""
    found = set(conditions)
    return [c for c in CONDITION_ORDER if c in found] + sorted(found - set(CONDITION_ORDER))
