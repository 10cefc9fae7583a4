"""What numbers were made with."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

GIB = 2**30


def describe_environment(device: str | None = None) -> dict[str, Any]:
    """Versions, platform, threads and device (default: the GPU if there is one, else the CPU)."""
    import torch

    def installed(package: str) -> str | None:
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    if device is None:
        device = f"cuda ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else "cpu"
    return {
        "python": platform.python_version(),
        **{package: installed(package) for package in ("torch", "transformers", "peft", "bitsandbytes")},
        "platform": platform.platform(),
        "cpu_threads": torch.get_num_threads(),
        "device": device,
    }
