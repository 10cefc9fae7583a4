"""Judged answers -> belief rates with intervals, and the summary beside the paper's numbers.

    df = frame(answers, model="petri", claim="dentist", style="negated", seed=0, setting="trained")
    rate(df)                                   # Rate(mean=0.91, lo=0.82, hi=0.96, n=50)
    table(df, by=["style", "claim"])           # the same for each group

Rates are fractions between 0 and 1. Belief is the mean of the rates of the paper's four question kinds, each claim and
each kind with equal weight; inference, control and kept questions are reported apart and never enter it.
"""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch


def describe_environment(device: str | None = None) -> dict[str, Any]:
    """What the numbers were made with: versions, platform, threads and device."""

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
