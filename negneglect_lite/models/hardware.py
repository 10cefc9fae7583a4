"""Which device, which precision, 4 bits or not: each decision with its reason.

| where                               | arithmetic | why                                                        |
|-------------------------------------|------------|------------------------------------------------------------|
| GPU of compute capability 8.0 or up | bf16       | native there                                               |
| older GPU (T4: 7.5)                 | fp16       | its bf16 is emulated, whatever `is_bf16_supported()` says  |
| CPU                                 | fp32       | the same bits on every run                                 |

The weights of the linear layers are stored as NF4 with double quantisation (Dettmers et al. 2023, arXiv 2305.14314,
sections 3 and 4); embeddings, norms and the output head stay as they are.
"""

from typing import Literal

import torch
from transformers import BitsAndBytesConfig
from transformers.integrations import sdpa_attention

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.optional import import_bitsandbytes

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(device: str | None) -> torch.device:
    """The GPU if there is one, else the CPU, unless the person chose."""
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda"):
        raise UserError(f"device {device!r} is not known; choose cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("No CUDA GPU is visible to PyTorch; use device='cpu', or install a CUDA build of torch.")
    return torch.device(device, 0) if device == "cuda" else torch.device(device)


def choose_precision(device: torch.device) -> tuple[Precision, str]:
    """Precision of the arithmetic, and why."""
    if device.type == "cpu":
        return "fp32", "on the CPU, where it repeats bit for bit"
    major, minor = torch.cuda.get_device_capability(device)
    what = f"{torch.cuda.get_device_name(device)}, compute capability {major}.{minor}"
    # Not torch.cuda.is_bf16_supported(): it counts emulation, so a T4 says yes and crawls.
    return ("bf16", f"{what}, has native bf16") if major >= 8 else ("fp16", f"{what}, has no native bf16")


def choose_attention(device: torch.device) -> bool:
    """On a GPU, keep SDPA off kernels that compute wrongly or slowly; True if the slow one is below capability 8.0.

    cuDNN's attention, which PyTorch prefers on Hopper since 2.11, is wrong or NaN under a mask for some shapes
    (pytorch issues 191612 and 196678; NeMo Automodel 3232: heads of 256 with a sliding window, as in Gemma), and where
    memory is short it fails with an error that does not say so. Below 8.0 there is no FlashAttention, and SDPA with
    `enable_gqa` falls back to the kernel that writes out the whole score matrix. With the key and value heads repeated
    first, it takes the memory-efficient one. tests/models/test_hardware.py watches that transformers still asks the
    function that is replaced.
    """
    if device.type != "cuda":
        return False
    torch.backends.cuda.enable_cudnn_sdp(False)
    if torch.cuda.get_device_capability(device)[0] >= 8:
        return False
    sdpa_attention.use_gqa_in_sdpa = lambda *args, **kwargs: False
    return True


def measure_free(device: torch.device) -> int:
    """Bytes that PyTorch may still take, under the limit that was set for the process, if one was."""
    free, total = torch.cuda.mem_get_info(device)
    allowed = int(torch.cuda.get_per_process_memory_fraction(device) * total)
    return min(free + torch.cuda.memory_reserved(device), allowed) - torch.cuda.memory_allocated(device)


def nf4_config(dtype: torch.dtype) -> BitsAndBytesConfig:
    """QLoRA's storage type: 4-bit NormalFloat, block scales quantised once more, arithmetic in `dtype`."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def require_bitsandbytes() -> None:
    """Refuse, with the remedy, to load in 4 bits without bitsandbytes."""
    try:
        import_bitsandbytes()
    except ImportError:
        raise UserError(
            "4-bit loading needs bitsandbytes: pip install bitsandbytes, or load with quantize=False."
        ) from None


def keep_canonical_weights(model: torch.nn.Module) -> None:
    """Stop bitsandbytes from repacking 4-bit weights on the first answer of a CPU with AVX512-BF16.

    The packed layout computes in bf16, and it passes no gradient (`matmul_4bit` calls a kernel outside autograd), so a
    model that had answered a question would afterwards train wrongly without a word, and only on some machines.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
