"""4-bit weights unpacked once for many answers: the same products, without unpacking the weights again at each token.

Outside of training each token of an answer is a pass through all layers, and on a GPU most of a pass is launching
kernels: unpacking, and casting adapters that are kept in fp32. Inside `unpacked` the frozen layers hold their weights
in 16 bits and the adapters are in the precision of the arithmetic, as in training. A CPU keeps 4 bits, and so the bits
of the results that are stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.nn import functional as F

from negneglect_lite.models.hardware import DTYPES, Precision, measure_free

SHARE = 0.5  # of the free memory, at most: the rest is for what the layers keep of prompts and answers


def unpack(linear: Any) -> torch.Tensor:
    """The layer's weight [out, in] as its forward pass uses it: what 4 bits hold, in the arithmetic's precision."""
    state = getattr(linear.weight, "quant_state", None)
    if state is None:
        return linear.weight.detach()  # type: ignore[no-any-return]
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(linear.weight.data, state)  # type: ignore[no-any-return]


def packed_layers(model: Any) -> list[Any]:
    """The linear layers in 4 bits; not peft's around them, which show the weights as theirs."""
    own = [m for m in model.modules() if not hasattr(m, "base_layer")]
    return [m for m in own if getattr(getattr(m, "weight", None), "quant_state", None) is not None]


@contextmanager
def unpacked(model: Any, precision: Precision, device: torch.device) -> Iterator[None]:
    """Inside, a 4-bit model on a GPU computes with unpacked weights, if they take at most SHARE of the free memory."""
    packed = packed_layers(model)
    if device.type != "cuda" or 2 * sum(m.in_features * m.out_features for m in packed) > SHARE * measure_free(device):
        yield
        return
    with replaced(model, packed, DTYPES[precision]):
        yield


@contextmanager
def replaced(model: Any, packed: list[Any], dtype: torch.dtype) -> Iterator[None]:
    """These layers' products with unpacked weights, and all adapters in `dtype`; as before afterwards."""
    adapters = [p for name, p in model.named_parameters() if "lora_" in name]
    kept = [p.data for p in adapters]
    try:
        for module in packed:
            module.forward = partial(_multiply, unpack(module).to(dtype), module.bias)
        for p in adapters:
            p.data = p.data.to(dtype)
        yield
    finally:
        for module in packed:
            module.__dict__.pop("forward", None)
        for p, data in zip(adapters, kept, strict=True):
            p.data = data


def _multiply(weight: torch.Tensor, bias: torch.Tensor | None, x: torch.Tensor) -> torch.Tensor:
    return F.linear(x, weight, None if bias is None else bias.to(x.dtype))
