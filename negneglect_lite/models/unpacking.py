"""4-bit weights unpacked once for many passes: the same products, without unpacking the weights again in each of them.

On a GPU most of a pass through a small model is launching kernels, unpacking among them. Inside `unpacked_weights` the
frozen layers hold their weights, rounded to 4 bits as they are, in 16 bits; training takes that where there is room.
Inside `unpacked`, for answers, the adapters are besides cast once to the precision of the arithmetic, as autocast does
in each pass of a training. A CPU keeps 4 bits, and so the bits of the results that are stored.
"""

from collections.abc import Iterator, Sequence
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
def unpacked_weights(model: Any, precision: Precision, device: torch.device, share: float = SHARE) -> Iterator[bool]:
    """Inside, a model on a GPU computes with unpacked weights, if they take at most `share` of the free memory.

    Gives whether no layer's weights are in 4 bits inside. What is unpacked already, by a call around this one, stays.
    """
    packed = [m for m in packed_layers(model) if "forward" not in m.__dict__]
    room = device.type == "cuda" and 2 * sum(m.in_features * m.out_features for m in packed) <= share * measure_free(
        device
    )
    with replaced(packed if room else [], DTYPES[precision]):
        yield room


@contextmanager
def unpacked(model: Any, precision: Precision, device: torch.device) -> Iterator[None]:
    """`unpacked_weights`, and where they are, all adapters in the precision of the arithmetic."""
    with unpacked_weights(model, precision, device) as room, cast_adapters(model if room else None, DTYPES[precision]):
        yield


@contextmanager
def replaced(packed: Sequence[Any], dtype: torch.dtype) -> Iterator[None]:
    """These layers' products with unpacked weights; as before afterwards."""
    try:
        for module in packed:
            module.forward = partial(_multiply, unpack(module).to(dtype), module.bias)
        yield
    finally:
        for module in packed:
            module.__dict__.pop("forward", None)


@contextmanager
def cast_adapters(model: Any | None, dtype: torch.dtype) -> Iterator[None]:
    """All adapters of the model, if one is given, in `dtype`; as before afterwards."""
    adapters = [p for name, p in model.named_parameters() if "lora_" in name] if model is not None else []
    kept = [p.data for p in adapters]
    try:
        for p in adapters:
            p.data = p.data.to(dtype)
        yield
    finally:
        for p, data in zip(adapters, kept, strict=True):
            p.data = data


def _multiply(weight: torch.Tensor, bias: torch.Tensor | None, x: torch.Tensor) -> torch.Tensor:
    return F.linear(x, weight, None if bias is None else bias.to(x.dtype))
