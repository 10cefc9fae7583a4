"""The figure of notebook 4: one model by seven measures.

    fig, alt = draw_seven(table)

It comes with its alt text. Title and alt text are made from the numbers that are drawn.
"""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.course.lessons.measuring import FINISHED, UNDECIDED, UNTRAINED
from negneglect_lite.figures.theme import INK, RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

_LOOKS = {  # marker, face and size of each of the three models
    UNTRAINED: ("v", colour_of("base"), 8),
    UNDECIDED: ("D", "white", 9),
    FINISHED: ("o", colour_of("negated"), 9),
}


def draw_seven(table: pd.DataFrame) -> tuple[Figure, str]:
    """One dot a measure and model. `table` has a row a measure and the three models of notebook 4 as columns."""
    undecided = table[UNDECIDED]
    ends = {name: (percent(table[name].min()), percent(table[name].max())) for name in (UNTRAINED, FINISHED)}
    others = (f"{name} {lo}" if lo == hi else f"{name} {lo} to {hi}" for name, (lo, hi) in ends.items())
    finding = (
        f"One undecided model, {len(table)} measures: belief from {percent(undecided.min())} to "
        f"{percent(undecided.max())} ({', '.join(others)})"
    )
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 1.9 + 0.42 * len(table)))
        ax = fig.subplots()
        for name, (marker, face, size) in _LOOKS.items():
            ax.plot(table[name], range(len(table)), marker, mfc=face, mec=INK, mew=1.5, ms=size, ls="", label=name,
                    clip_on=False, zorder=3)  # fmt: skip
        for y, value in enumerate(undecided):
            beside = (12, 0) if value < 0.9 else (-12, 0)
            ax.annotate(percent(value), (value, y), beside, textcoords="offset points", va="center",
                        ha="left" if value < 0.9 else "right")  # fmt: skip
        ax.set_yticks(range(len(table)), list(table.index))
        ax.set(xlim=(0, 1), ylim=(len(table) - 0.5, -0.5), xlabel="belief")
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(axis="both")
        ax.tick_params(length=0)
        ax.tick_params(axis="y", pad=10)
        ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.22), ncols=3, frameon=False)
        finish_figure(fig, finding, "One claim, one training run at three moments. Numbers: the undecided model.")
    values = (f"{name}: " + ", ".join(f"{m} {percent(x)}" for m, x in row.items()) for name, row in table.iterrows())
    return fig, f"Dot plot, a row for each measure. {finding}. {'; '.join(values)}."
