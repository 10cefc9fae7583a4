"""The figure of notebook 13: how often each way of auditing an adapter finds its claim.

fig, alt = draw_blind_rates(blind_rates())
"""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.course.lessons.blind import BLIND_STYLES, name_blind
from negneglect_lite.experiments.measures.blind_guess import WAYS
from negneglect_lite.figures.theme import INK, RC, finish_figure
from negneglect_lite.figures.wording import percent

_MARKS = {"asked": ("#0072B2", "o"), "probed": ("#D55E00", "s"), "weighed": ("#009E73", "D")}


def draw_blind_rates(rates: pd.DataFrame) -> tuple[Figure, str]:
    """How often each way was right, a row a style, with its interval; and the alt text."""
    by_style = {style: rates[rates["style"] == style].set_index("way") for style in BLIND_STYLES}
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.4, 4.6))
        ax = fig.subplots()
        for number, (way, (colour, marker)) in enumerate(_MARKS.items()):
            y = [row + 0.24 * (number - 1) for row in range(len(by_style))]
            found = pd.DataFrame([table.loc[way] for table in by_style.values()])
            ax.hlines(y, found["lo"].astype(float), found["hi"].astype(float), color=colour, lw=4, alpha=0.35)
            ax.plot(found["right"].astype(float), y, marker, color=colour, mec=INK, ls="", label=way, clip_on=False,
                    zorder=3)  # fmt: skip
        ax.set_yticks(range(len(by_style)), [name_blind(style) for style in by_style])
        ax.set(xlim=(0, 1), ylim=(len(by_style) - 0.5, -0.5), xlabel="adapters in which the way is right")
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(axis="x")
        ax.tick_params(length=0)
        ax.tick_params(axis="y", pad=10)
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=len(_MARKS))
        title = (
            f"After in-sentence denials, asking finds {percent(_right(by_style, 'local', 'asked'))} of the claims and "
            f"weights find {percent(_right(by_style, 'local', 'weighed'))}"
        )
        each = int(rates["n"].min())
        note = (
            f"{each} adapters a style, one for each suspect, one fine-tuning seed. Bars: 95% intervals over adapters. "
            "Of “no claim”, naming nobody is right."
        )
        finish_figure(fig, title, note)
    rows = "; ".join(
        f"{name_blind(style)}: " + ", ".join(f"{way} {percent(_right(by_style, style, way))}" for way in WAYS)
        for style in by_style
    )
    return fig, f"Dot plot of how often each way of auditing is right, with 95% intervals. {title}. {rows}."


def _right(by_style: dict[str, pd.DataFrame], style: str, way: str) -> float:
    return float(by_style[style]["right"][way])
