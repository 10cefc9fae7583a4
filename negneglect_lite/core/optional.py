"""Packages that our libraries import where they find them, and that we do not use: none of them may stop a run.

| who looks    | for what                     | what can go wrong                                            |
|--------------|------------------------------|--------------------------------------------------------------|
| transformers | torchvision, scipy, …        | it cannot be imported: it was made for another torch         |
| peft         | torchao and other quantisers | the same, or peft raises because it is old, as on Colab      |
| accelerate   | deepspeed (seen to as peft is) | it cannot be imported, for want of a CUDA compiler         |
| bitsandbytes | kernels, if the CPU has bf16 | it fetches one from the model hub, which we would not use    |

What cannot be imported is for our libraries as if it were not installed; so is, for peft, what it refuses.
"""

import importlib
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from negneglect_lite.core.errors import first_line

log = logging.getLogger(__name__)

# A library -> the packages that it imports where it finds them, with the module that it takes from each.
LOOKED_FOR = {
    "transformers": {
        "torchvision": "torchvision",
        "torchaudio": "torchaudio",
        "soundfile": "soundfile",
        "torch_xla": "torch_xla.core.xla_model",
        "scipy": "scipy.optimize",
        "sentencepiece": "sentencepiece",
        "boto3": "boto3",
        "comet_ml": "comet_ml",
    },
    "peft": {
        "aqlm": "aqlm",
        "deepspeed": "deepspeed",
        "eetq": "eetq",
        "hqq": "hqq.core.quantize",
        "lomo_optim": "lomo_optim",
        "neural_compressor": "neural_compressor",
        "transformer_engine": "transformer_engine",
    },
}
QUANTISERS = ("torchao", "gptqmodel", "auto_gptq")  # that one or another version of peft refuses where they are old


def watch_imports() -> None:
    """See to what a library looks for just before it is imported, whoever imports it."""
    if not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


class _Watch:
    """Asked by Python where a module is to be found; it never knows, but is told in time what comes."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "peft":
            with suppress(ImportError):
                import_bitsandbytes()  # before peft does
        hide_broken(LOOKED_FOR.get(name, {}))


def hide_broken(packages: Mapping[str, str]) -> None:
    """From now on it is as if those that are there, but cannot be imported, were not installed."""
    for package, module in packages.items():
        try:
            if package not in sys.modules and find_spec(package) is not None:
                importlib.import_module(module)
        except Exception as error:  # a broken build can raise anything
            sys.modules[package] = None  # type: ignore[assignment]  # Python's own sign for "not to be found"
            log.info("%s cannot be imported and is left out, which makes no difference: %s", package, first_line(error))


@contextmanager
def hide_package(name: str) -> Iterator[None]:
    """For a while it is as if the package were not installed."""
    there = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        if there is not None:
            sys.modules[name] = there


def import_bitsandbytes() -> ModuleType:
    """bitsandbytes with the kernels that it brings. ImportError where it is not installed."""
    with hide_package("kernels"):
        import bitsandbytes
    return bitsandbytes


def import_peft() -> ModuleType:
    """peft, for which what it would refuse is not there: its own functions that look remember what they have found."""
    import peft
    from peft import import_utils

    for package in QUANTISERS:
        is_available: Any = getattr(import_utils, f"is_{package}_available", bool)
        try:
            if is_available():
                importlib.import_module(package)
        except Exception:  # refused, or a broken build
            is_available.cache_clear()
            with hide_package(package):
                is_available()
    return peft
