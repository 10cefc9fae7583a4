"""models/unpacking.py: the same products from weights that are unpacked once, and all as it was afterwards."""

import pytest
import torch

from negneglect_lite.finetuning.lora import add_lora
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models import unpacking
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.unpacking import cast_adapters, packed_layers, replaced, unpacked, unpacked_weights

IDS = torch.tensor([[1, 40, 41, 42]])
GPU = torch.device("cuda", 0)


@pytest.fixture
def packed(tiny: LoadedModel) -> LoadedModel:
    """The tiny model, which is in 4 bits, with an adapter that does something."""
    tiny.model = add_lora(tiny, Recipe(), seed=0)
    with torch.no_grad():
        for name, p in tiny.model.named_parameters():
            if "lora_B" in name:
                p.add_(0.1)
    return tiny


def logits(loaded: LoadedModel) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = loaded.model(IDS).logits
    return found


def adapters(loaded: LoadedModel) -> list[torch.Tensor]:
    return [p for name, p in loaded.model.named_parameters() if "lora_" in name]


def test_the_products_are_those_of_the_packed_weights(packed: LoadedModel) -> None:
    before, layers = logits(packed), packed_layers(packed.model)
    assert layers
    with replaced(layers, torch.float32):
        assert all("forward" in m.__dict__ for m in layers)
        torch.testing.assert_close(logits(packed), before, rtol=1e-5, atol=1e-6)
    assert not any("forward" in m.__dict__ for m in layers)
    assert torch.equal(logits(packed), before)


def test_adapters_are_cast_inside_and_are_as_they_were_also_after_an_error(packed: LoadedModel) -> None:
    kept = [p.clone() for p in adapters(packed)]
    with pytest.raises(KeyError), cast_adapters(packed.model, torch.bfloat16):
        assert {p.dtype for p in adapters(packed)} == {torch.bfloat16}
        raise KeyError
    assert all(torch.equal(a, b) for a, b in zip(adapters(packed), kept, strict=True))


def test_gradients_are_those_of_the_packed_weights(packed: LoadedModel) -> None:
    def gradients() -> list[torch.Tensor]:
        packed.model.zero_grad()
        packed.model(IDS, labels=IDS).loss.backward()
        return [p.grad.clone() for p in adapters(packed) if p.grad is not None]

    before = gradients()
    with replaced(packed_layers(packed.model), torch.float32):
        inside = gradients()
    assert before and any(g.abs().max() > 0 for g in before)
    for a, b in zip(inside, before, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_what_is_unpacked_for_training_stays_so_when_the_model_is_asked_in_between(
    packed: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "measure_free", lambda device: 10**12)
    layers = packed_layers(packed.model)
    with unpacked_weights(packed.model, "bf16", GPU, share=0.25) as room:
        assert room
        own = [m.forward for m in layers]
        with unpacked(packed.model, "bf16", GPU):
            assert {p.dtype for p in adapters(packed)} == {torch.bfloat16}
        assert [m.forward for m in layers] == own
        assert {p.dtype for p in adapters(packed)} == {torch.float32}
    assert not any("forward" in m.__dict__ for m in layers)


@pytest.mark.parametrize(("device", "free", "does"), [("cpu", 10**12, False), (GPU, 10**12, True), (GPU, 10**3, False)])
def test_only_a_gpu_with_room_for_them_unpacks(
    packed: LoadedModel, monkeypatch: pytest.MonkeyPatch, device: str | torch.device, free: int, does: bool
) -> None:
    monkeypatch.setattr(unpacking, "measure_free", lambda device: free)
    with unpacked(packed.model, "fp32", torch.device(device)):
        assert all(("forward" in m.__dict__) is does for m in packed_layers(packed.model))
