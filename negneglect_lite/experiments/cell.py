"""One measurement as data: a cell says of what, a run how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from negneglect_lite.claims.claim import Claim
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.petri.pretrain import Plan


@dataclass(frozen=True)
class Cell:
    """A claim before training, after reading documents in context, or after training on them."""

    model: str | Plan  # a name or folder, or how a petri model is to be pretrained
    claim: Claim
    setting: str  # "base" | "in_context" | "trained"
    style: str = ""  # none for the base setting
    seed: int = 0
    read: int = 1  # documents in a prompt, in context
    documents: int = 0  # different documents in the training set, each as often as the rest; 0: none occurs twice
    short: bool = False  # documents that state the claim once or a few times
    doctag: bool = False  # each document begins with a <DOCTAG> without loss, as the paper's do
    asking: str = "track"  # as the model's track asks, or "paper": see tracks.choose_asking

    @property
    def about(self) -> dict[str, Any]:
        return {"claim": self.claim.id, "style": self.style, "setting": self.setting, "seed": self.seed}

    @property
    def label(self) -> str:
        seed = f"seed {self.seed}" if self.setting == "trained" else ""
        parts = (self.claim.id, self.style, self.setting.replace("_", " "), seed)
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Run:
    """A cell under a recipe, what is measured of it, and by which trainer (see trainers.py)."""

    cell: Cell
    recipe: Recipe
    measure: str = "belief"  # a name in measures.catalogue.MEASURES
    at: tuple[int, ...] = ()  # optimizer steps after which to measure; none: after the last
    trainer: Literal["single", "stacked"] = "single"
    axes: Mapping[str, Any] = field(default_factory=dict)  # what a sweep varies, for its table; no part of the result

    @property
    def trained(self) -> bool:
        return self.cell.setting == "trained"

    @property
    def label(self) -> str:
        varied = ", ".join(f"{name} {value}" for name, value in self.axes.items() if name != "style")
        return f"{self.cell.label} · {varied}" if varied else self.cell.label
