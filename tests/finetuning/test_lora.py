"""finetuning/lora.py: module trees that share tensors, and what tells one base from another."""

import torch

from negneglect_lite.finetuning.lora import hash_weights, share_weights
from negneglect_lite.models.loading import LoadedModel


def test_a_shared_tree_costs_no_memory(tiny: LoadedModel) -> None:
    second = share_weights(tiny.model)
    assert second is not tiny.model and second.model.layers[0] is not tiny.model.model.layers[0]
    for a, b in zip(tiny.model.parameters(), second.parameters(), strict=True):
        assert a is b


def test_weights_hash_tells_models_apart(tiny: LoadedModel) -> None:
    before = hash_weights(tiny.model)
    with torch.no_grad():
        tiny.model.model.norm.weight += 1
    assert hash_weights(tiny.model) != before
