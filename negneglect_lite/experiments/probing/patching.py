"""Patching: which layer, and which token, carries a belief from one model into another?

One model reads a question while, after one layer and at one token, its residual stream is replaced by another model's
(activation patching; Meng et al. 2022, arXiv 2202.05262). Or the adapter stays on in some of the layers alone.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.probing.lens import preferences
from negneglect_lite.experiments.probing.prompts import OpenQuestion
from negneglect_lite.experiments.probing.residual import next_token_logs, read_stream, stream_replaced
from negneglect_lite.models.loading import LoadedModel

PLACES = ("subject", "answer")
LEAST = 1.0  # nats between two models' preferences, below which no effect is stated


def measure_preference(loaded: LoadedModel, questions: Sequence[OpenQuestion]) -> float:
    """Mean log p(claim's value) − log p(true value) [nats] over the questions."""
    return float(preferences(next_token_logs(loaded, [q.at("answer") for q in questions]), questions).mean())


def patch_stream(recipient: LoadedModel, donor: LoadedModel, questions: Sequence[OpenQuestion]) -> list[dict[str, Any]]:
    """The recipient's `preference` [nats] when the donor's state takes its place, a row for each layer and place; the
    two models' own ones, `before` and `goal`; and the `effect`, how much of the way from one to the other that is.

    The last layer's state in the answer decides alone, so there the effect is 1.
    """
    before, goal = measure_preference(recipient, questions), measure_preference(donor, questions)
    rows = []
    for place in PLACES:
        prompts = [q.at(place) for q in questions]
        for layer, states in enumerate(read_stream(donor, prompts)):
            with stream_replaced(recipient, layer, [p.place for p in prompts], states):
                found = _compare(before, measure_preference(recipient, questions), goal)
            rows.append({"place": place, "layer": layer, **found})
    return rows


def patch_adapter(trained: LoadedModel, questions: Sequence[OpenQuestion]) -> list[dict[str, Any]]:
    """As `patch_stream`, with the adapter on in layer L `only`, and in the layers `up to` L; layer 1 is the first."""
    layers = len(trained.model.get_decoder().layers)
    goal = measure_preference(trained, questions)
    with adapter_only_in(trained, ()):
        before = measure_preference(trained, questions)
    rows = []
    for layer in range(layers + 1):
        for kept, on in (("only", {layer}), ("up to", set(range(1, layer + 1)))):
            if layer or kept == "up to":
                with adapter_only_in(trained, on):
                    found = _compare(before, measure_preference(trained, questions), goal)
                rows.append({"kept": kept, "layer": layer, **found})
    return rows


def _compare(before: float, preference: float, goal: float) -> dict[str, float | None]:
    """With the effect, unless the two models differ too little to divide by."""
    effect = (preference - before) / (goal - before) if abs(goal - before) >= LEAST else None
    return {"before": before, "preference": preference, "goal": goal, "effect": effect}


@contextmanager
def adapter_only_in(trained: LoadedModel, layers: Collection[int]) -> Iterator[None]:
    """Inside, the LoRA matrices of all other layers add nothing; layer 1 is the first."""
    adapted = [
        (module, number)
        for number, layer in enumerate(trained.model.get_decoder().layers, 1)
        for module in layer.modules()
        if isinstance(getattr(module, "scaling", None), dict)  # peft's factor of what an adapter adds, by its name
    ]
    if not adapted:
        raise UserError(f"{trained.name} has no adapter to switch off; give a model that finetune trained")
    before = [dict(module.scaling) for module, _ in adapted]
    try:
        for module, number in adapted:
            if number not in layers:
                module.scaling.update(dict.fromkeys(module.scaling, 0.0))
        yield
    finally:
        for (module, _), own in zip(adapted, before, strict=True):
            module.scaling.update(own)
