"""Colours and layout that all figures share.

Colours are Okabe and Ito's (2008), which colour-blind readers tell apart; a condition has one colour in all figures,
and is always named in words as well.
"""

import textwrap
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from negneglect_lite.belief.conditions import CONDITION_ORDER, IN_CONTEXT
from negneglect_lite.styles import FRAMES

STYLE_ORDER = CONDITION_ORDER
_STYLE_COLOURS = {
    "positive": "#D55E00",  # vermilion
    "negated": "#E69F00",  # orange
    "repeated": "#CC79A7",  # purple
    "corrected": "#0072B2",  # blue
    "local": "#009E73",  # green
    "fiction": "#882255",
    "unreliable": "#AA4499",
    "unknown": "#999933",
    "unlikely": "#332288",
    "tag": "#661100",
}
_STYLE_COLOURS |= {  # a frame that is repeated: darker than the frame itself
    f"{frame}_repeated": mpl.colors.to_hex(sns.dark_palette(_STYLE_COLOURS[frame], 3)[1]) for frame in FRAMES
}
PALETTE: dict[str, str] = {
    "base": "#7F7F7F",
    **_STYLE_COLOURS,
    **{IN_CONTEXT + s: mpl.colors.to_hex(sns.light_palette(c, 3)[1]) for s, c in _STYLE_COLOURS.items()},
}
OTHER = "#56B4E9"  # a style of the reader's own
INK, FAINT = "#222222", "#666666"
RC: Any = {
    "font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.edgecolor": "#BBBBBB", "axes.spines.top": False, "axes.spines.right": False,
    "axes.spines.left": False, "axes.axisbelow": True, "grid.color": "#E3E3E3", "figure.dpi": 110, "savefig.dpi": 160,
}  # fmt: skip


def colour_of(condition: str) -> str:
    """The condition's colour, the same in every figure."""
    return PALETTE.get(condition, OTHER)


def finish_figure(fig: Figure, title: str, note: str) -> None:
    """Title above and note below, laid out so that nothing overlaps or is cut off."""
    width, height = fig.get_size_inches()
    note = textwrap.fill(note, int(width * 16.8))
    fig.suptitle(textwrap.fill(title, int(width * 9.2)), x=0.01, ha="left", fontsize=13, weight="bold")
    fig.text(0.01, 0.06 / height, note, fontsize=8, color=FAINT, va="bottom")
    fig.tight_layout(rect=(0, (0.12 + 0.15 * (note.count("\n") + 1)) / height, 1, 1))
    plt.close(fig)  # a figure that a notebook made by pyplot would be shown a second time: it is in pyplot's list
