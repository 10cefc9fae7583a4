"""Which device and precision are chosen, what is refused, and what is kept from going wrong on some machines."""

import sys
from pathlib import Path
from typing import Any

import bitsandbytes
import pytest
import torch

from negneglect_lite.core.errors import UserError
from negneglect_lite.models.hardware import choose_attention, choose_precision
from negneglect_lite.models.loading import LoadedModel, load_model


@pytest.mark.parametrize(("capability", "precision"), [((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")])
def test_precision_goes_by_compute_capability(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Some GPU")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)  # as a T4 says
    chosen, reason = choose_precision(torch.device("cuda", 0))
    assert chosen == precision
    assert "Some GPU" in reason


def test_a_model_that_has_answered_still_passes_gradients(tiny: LoadedModel) -> None:
    """On CPUs with AVX512-BF16 bitsandbytes would repack the weights for inference, which cuts the gradient."""
    layers = [m for m in tiny.model.modules() if isinstance(m, bitsandbytes.nn.Linear4bit)]
    assert not any(layer.support_avx512bf16_for_cpu for layer in layers)
    with torch.no_grad():
        tiny.model(torch.tensor([[1, 7, 8]]))
    x = torch.randn(2, 64, requires_grad=True)
    layers[0](x).sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0


def test_bitsandbytes_missing(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)  # as if it were not installed
    with pytest.raises(UserError, match="pip install bitsandbytes"):
        load_model(str(tiny_folder), device="cpu")
    load_model(str(tiny_folder), quantize=False, device="cpu")


def test_gpu_that_is_not_there(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="No CUDA GPU"):
        load_model(str(tiny_folder), device="cuda")
    with pytest.raises(UserError, match="tpu"):
        load_model(str(tiny_folder), device="tpu")


def test_transformers_still_asks_the_function_that_is_replaced_on_old_gpus(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below capability 8.0 no attention may be called with enable_gqa, and nowhere cuDNN's: see choose_attention."""
    from transformers.integrations import sdpa_attention

    monkeypatch.setattr(sdpa_attention, "use_gqa_in_sdpa", sdpa_attention.use_gqa_in_sdpa)  # put back afterwards
    real, grouped = torch.nn.functional.scaled_dot_product_attention, []

    def attention(*args: Any, **kwargs: Any) -> torch.Tensor:
        grouped.append(bool(kwargs.get("enable_gqa")))
        return real(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attention)
    cudnn: list[bool] = []
    monkeypatch.setattr(torch.backends.cuda, "enable_cudnn_sdp", cudnn.append)
    loaded = load_model(str(tiny_folder), quantize=False, device="cpu")
    ids = torch.arange(8)[None]
    expected = loaded.model(input_ids=ids).logits
    assert True in grouped  # the model has fewer key than query heads, and nothing is masked
    for capability, avoided in (((8, 0), False), ((7, 5), True)):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device, c=capability: c)
        assert choose_attention(torch.device("cuda", 0)) == avoided
        grouped.clear()
        torch.testing.assert_close(loaded.model(input_ids=ids).logits, expected)
        assert (True in grouped) != avoided
    assert cudnn == [False, False]  # on every GPU: its attention is wrong under some masks
    assert not choose_attention(torch.device("cpu"))
    assert len(cudnn) == 2
