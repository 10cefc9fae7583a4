"""Loss and belief over the steps of one training."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, PercentFormatter

from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.theme import FAINT, PALETTE, RC, finish_figure
from negneglect_lite.figures.wording import percent


def draw_training(rows: pd.DataFrame) -> Figure:
    """Loss and belief over the steps of one training. `rows` has a row a question: step, loss, belief (0 or 1)."""
    steps = _by_step(rows)
    with mpl.rc_context(RC):
        fig = Figure(figsize=(7, 4.6))
        axes = fig.subplots(2, 1, sharex=True)
        for ax, column, shade in zip(axes, steps, (FAINT, PALETTE["positive"]), strict=True):
            ax.plot(steps.index, steps[column], "o-", color=shade, ms=5, clip_on=False, zorder=3)
            ax.grid(axis="y")
            ax.tick_params(length=0)
        axes[0].set_ylim(0, 1.1 * steps["loss"].max() if steps["loss"].max() > 0 else 1)  # no number: it diverged
        axes[0].set_ylabel("loss\n[nats a token]")
        axes[1].set(ylabel="belief", ylim=(0, 1), xlabel="training step")
        axes[1].yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
        axes[1].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
        axes[1].xaxis.set_major_locator(MaxNLocator(integer=True))
        asked = int(rows.groupby("step").size().max())
        note = f"Belief: share of {asked} question{'s' * (asked != 1)} whose answer takes the false claim for true."
        finish_figure(fig, describe_training(rows), note)
    return fig


def describe_training(rows: pd.DataFrame) -> str:
    """The finding of `training_curve` in a sentence."""
    steps = _by_step(rows)
    (first, start), (last, end) = (next(steps.iloc[[i]].iterrows()) for i in (0, -1))
    if first == last:
        return f"At step {first} belief is {percent(end['belief'])} and the loss {end['loss']:.2f}"
    before, after = percent(start["belief"]), percent(end["belief"])
    both = f"belief goes from {before} to {after}, the loss"
    moved = both if before != after else f"belief stays at {after}, the loss goes"
    return f"From step {first} to step {last} {moved} from {start['loss']:.2f} to {end['loss']:.2f}"


def _by_step(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        raise UserError("no training to show: a finished run is loaded, not trained again; choose another folder `out`")
    return rows.groupby("step")[["loss", "belief"]].mean()
