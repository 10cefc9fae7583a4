"""What is told while something takes long, and where: the package's one log handler, and progress bars.

Modules tell by `logging.getLogger(__name__)`. Where it is shown depends on who listens:

| where                       | lines                                   | bars          |
|-----------------------------|-----------------------------------------|---------------|
| command line (`to_terminal`)| standard error, results stay on stdout  | on a terminal |
| Jupyter kernel              | the cell's output                       | none          |
| anywhere else               | nothing, unless the caller sets logging | none          |
"""

import io
import logging
import sys
from typing import Any

LOGGER = "negneglect_lite"
_terminal = False


def to_terminal() -> None:
    """From now on lines go to standard error, and bars are shown there if it is a terminal.

    Where standard output takes ASCII alone (PYTHONIOENCODING, an old locale), the dashes and quotes of a report become
    question marks.
    """
    global _terminal  # noqa: PLW0603
    _terminal = True
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def on_terminal() -> bool:
    """Whether lines go to standard error."""
    return _terminal


def show_bar(total: int, what: str) -> Any:
    """A tqdm bar of `total` parts, for a `with` and `.update(n)`; it shows nothing where none is to be shown."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, leave=False, disable=None if _terminal else True, file=sys.stderr)


def in_kernel() -> bool:
    """Whether a Jupyter kernel runs this code. IPython is not imported for it: where it is not there, no kernel is."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if _terminal:
            from tqdm import tqdm

            tqdm.write(self.format(record), file=sys.stderr)
        elif in_kernel():
            print(self.format(record), flush=True)


def _useful(record: logging.LogRecord) -> bool:
    return "Failed to load CPU gemm_4bit_forward" not in record.getMessage()


def attach() -> None:
    """Put the handler onto the package's logger, once, and silence one line of bitsandbytes.

    bitsandbytes tells while it is imported (by peft, by Trainer) that it did not find an optional kernel, which only
    speeds up inference in bf16. So the package attaches before anything imports it.
    """
    logger = logging.getLogger(LOGGER)
    if not any(isinstance(handler, _Lines) for handler in logger.handlers):
        logger.addHandler(_Lines())
        logger.setLevel(logging.INFO)
        logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(_useful)
