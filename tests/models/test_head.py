"""models/head.py: the logits at some positions are those that the whole forward pass has there."""

from pathlib import Path

import pytest
import torch

from negneglect_lite.finetuning.lora import add_lora
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.head import logits_at
from negneglect_lite.models.loading import LoadedModel, load_model

IDS = torch.arange(10, 34).view(3, 8)
MASK = torch.ones(3, 8, dtype=torch.long)


def whole(loaded: LoadedModel) -> torch.Tensor:
    with torch.no_grad():
        return loaded.model(input_ids=IDS, attention_mask=MASK).logits  # type: ignore[no-any-return]


@pytest.mark.parametrize("quantize", [True, False])
def test_they_equal_the_full_logits_at_the_picked_positions(tiny_folder: Path, quantize: bool) -> None:
    loaded = load_model(str(tiny_folder), quantize=quantize, device="cpu")
    full = whole(loaded)
    some = torch.rand(3, 8, generator=torch.Generator().manual_seed(0)) < 0.4
    last = torch.tensor([7, 2, 5])
    for pick in (lambda x: x[some], lambda x: x[torch.arange(3), last], lambda x: x[:, 1:][some[:, 1:]], lambda x: x):
        with torch.no_grad():
            found = logits_at(pick, loaded.model, input_ids=IDS, attention_mask=MASK)
        assert found.shape == pick(full).shape
        torch.testing.assert_close(found, pick(full), rtol=1e-4, atol=1e-5)


def test_the_head_sees_no_other_position_and_afterwards_all_again(tiny: LoadedModel) -> None:
    full, seen = whole(tiny), []
    tiny.model.get_output_embeddings().register_forward_hook(lambda _, args, out: seen.append(tuple(out.shape)))
    with torch.no_grad():
        logits_at(lambda hidden: hidden[:2, -1], tiny.model, input_ids=IDS)
    torch.testing.assert_close(whole(tiny), full)
    assert seen == [(2, full.shape[-1]), tuple(full.shape)]


def test_a_pick_that_fails_leaves_the_model_as_it_was(tiny: LoadedModel) -> None:
    full = whole(tiny)
    with pytest.raises(IndexError), torch.no_grad():
        logits_at(lambda hidden: hidden[99], tiny.model, input_ids=IDS)
    torch.testing.assert_close(whole(tiny), full)


def test_gradients_flow_through_an_adapter(tiny: LoadedModel) -> None:
    model = add_lora(tiny, Recipe(rank=2), seed=0)
    weights = [p for p in model.parameters() if p.requires_grad]
    gradients = []
    for logits in (
        logits_at(lambda hidden: hidden[1, 3:5], model, input_ids=IDS),
        model(input_ids=IDS, use_cache=False).logits[1, 3:5],
    ):
        model.zero_grad()
        logits.square().sum().backward()
        gradients.append([p.grad.clone() for p in weights if p.grad is not None])
    assert gradients[0] and len(gradients[0]) == len(gradients[1])
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
