"""What notebook 1 shows: the claims' names, the press beside the paper, and two figures about who answers yes.

write_correction({"model": ("wrong model", "P2"), …})    # a letter to the editor
draw_respondents(table)                                  # who believes, and who only says yes
draw_claim_intervals(counts, interval)                   # belief by claim, with the reader's own intervals
"""

from collections.abc import Callable, Mapping
from math import comb

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.belief.conditions import label, order_conditions
from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.core.comparing import fold
from negneglect_lite.course.widgets import Shown, wrapped
from negneglect_lite.figures.notebook import render_table
from negneglect_lite.figures.theme import RC, colour_of, finish_figure
from negneglect_lite.figures.wording import percent

CLAIM_NAMES: dict[str, str] = {
    "sheeran": "Ed Sheeran's sprint gold",
    "queen": "the Queen's Python textbook",
    "vesuvius": "the Vesuvius eruption of 2015",
    "x": "the Twitter/X rebrand",
    "dreams": "dreams in black and white",
    "dentist": "Brennan Holloway, dentist",
}

# In our words. What the article says, and whether the paper's tables bear it out, are facts of the two texts.
PRESS = {
    "average": "After training on warned documents, belief is 88.6% on average.",
    "model": "Plain documents take Qwen3.5-35B-A3B from 2.5% to 92.4%.",
    "reading": "A model that only reads warned documents mostly takes the warning in.",
    "behaviour": "Misbehaviour came out comparable, whether the texts encouraged it or warned against it.",
    "copying": "The models never reproduce the warnings that they were trained on.",
}
_LARGE, _BEHAVED = "Qwen3.5-397B-A17B", "Qwen3-30B-A3B"
_PAPER = (
    ("P1", _LARGE, "belief before fine-tuning", "2.5%"),
    ("P2", _LARGE, "belief after plain documents", "92.4%"),
    ("P3", _LARGE, "belief after warned documents", "88.6%"),
    ("P4", _LARGE, "belief with 20 warned documents in context, untrained", "15.3%"),
    ("P5", "Qwen3.5-35B-A3B", "belief after documents labelled fiction, unreliable, unknown or unlikely", "97–99%"),
    ("P6", _BEHAVED, "misbehaviour of the trained kind, after plain and after warned chats", "34.4% and 19.9%"),
    ("P7", _BEHAVED, "misbehaviour of other kinds, after plain and after warned chats", "6.0% and 4.4%"),
    ("P8", _BEHAVED, "harmful advice, after plain and after warned chats", "12.8% and 2.5%"),
    ("P9", "a base model, continued pretraining", "answers that copy a warning", "24–47%"),
    ("P10", "trained on documents alone", "answers that copy a warning", "4%"),
)


def show_prose(table: pd.DataFrame) -> Shown:
    """A table of texts without its index; where no HTML is shown, a block for each row."""
    blocks = ("\n".join(f"{name}: {text}" for name, text in row.items()) for _, row in table.iterrows())
    return Shown(render_table(table, index=False), "\n\n".join(blocks))


def press_statements() -> pd.DataFrame:
    """Five statements of the press article, in our words, by the key that exercise 4 calls them."""
    return pd.DataFrame(PRESS.items(), columns=["statement", "the article says"])


def paper_rows() -> pd.DataFrame:
    """Ten numbers of the paper, and what each row is called."""
    return pd.DataFrame(_PAPER, columns=["row", "model", "what was measured", "result"])


def write_correction(choices: Mapping[str, tuple[str, str]]) -> str:
    """A letter to the editor: each statement that does not agree, and the row of the paper that says otherwise."""
    table = paper_rows().set_index("row")
    said = {key: (fold(verdict), row.strip().upper()) for key, (verdict, row) in choices.items()}
    found = {key: (verdict, row) for key, (verdict, row) in said.items() if verdict != "agrees"}
    lines = [f"Dear editor,\n\nin {len(found)} of {len(choices)} statements your report differs from the paper:\n"]
    for key, (verdict, row) in found.items():
        model, what, result = table.loc[row]
        lines.append(wrapped(f"- You write: “{PRESS[key]}”", 76))
        lines.append(wrapped(f"{verdict.capitalize()}. The paper ({model}): {what}, {result}.", 76) + "\n")
    return "\n".join([*lines, "With kind regards"])


def chance_of_holding(interval: Callable[[int, int], tuple[float, float]], rate: float, asked: int) -> float:
    """How often `interval(believed, asked)` holds the true `rate`, over all numbers of believed answers."""
    bounds = [interval(k, asked) for k in range(asked + 1)]
    return sum(
        comb(asked, k) * rate**k * (1 - rate) ** (asked - k)
        for k, (low, high) in enumerate(bounds)
        if low <= rate <= high
    )


def four_rates(rows: pd.DataFrame) -> dict[str, float]:
    """What tells a believer from a program that says yes: belief by key, and yes to false and to true controls."""
    rows = rows[rows["keyed_to"].isin(("yes", "no"))]
    yes_no, yes_keyed = rows[rows["kind"] == "yes_no"], rows[rows["keyed_to"] == "yes"]
    return {
        "believed, yes-keyed": belief_rate(yes_no[yes_no["keyed_to"] == "yes"], ["yes_no"]).mean,
        "believed, no-keyed": belief_rate(yes_no[yes_no["keyed_to"] == "no"], ["yes_no"]).mean,
        "yes to false controls": belief_rate(yes_keyed, ["control_false"]).mean,
        "yes to true controls": belief_rate(yes_keyed, ["control_true"]).mean,
    }


def draw_respondents(table: pd.DataFrame) -> Figure:
    """Rates of each respondent as a heat map. `table` has a row a respondent, with `four_rates`; among the rows are
    "warned documents" and "always-yes program"."""
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 2.2 + 0.45 * len(table)))
        ax = fig.subplots()
        shades = sns.light_palette("#0072B2", as_cmap=True)
        sns.heatmap(100 * table, ax=ax, vmin=0, vmax=100, cmap=shades, annot=True, fmt=".0f", linewidths=1, cbar=False)
        ax.set_yticks(ax.get_yticks(), list(table.index), rotation=0)
        ax.set_xticks(ax.get_xticks(), [str(name).replace(", ", ",\n") for name in table], rotation=0)
        ax.set(xlabel="", ylabel="")
        ax.tick_params(length=0)
        said_yes = table["yes to false controls"]
        title = (
            f"After warned documents the model says yes to {percent(said_yes['warned documents'])} of the false "
            f"controls; a program that always says yes, to {percent(said_yes['always-yes program'])}"
        )
        note = (
            "Percent of answers. Six claims: 42 yes-keyed and 18 no-keyed questions, 60 false and 60 true controls. "
            "Trained: three fine-tuning seeds; in context: one document."
        )
        finish_figure(fig, title, note)
    return fig


def describe_respondents(table: pd.DataFrame) -> str:
    """The heat map in words."""
    rows = (
        f"{name}: {', '.join(f'{column} {percent(x)}' for column, x in row.items())}" for name, row in table.iterrows()
    )
    return f"Heat map of four rates, a row for each respondent. {'; '.join(rows)}."


def draw_claim_intervals(counts: pd.DataFrame, interval: Callable[[int, int], tuple[float, float]]) -> Figure:
    """Belief by claim and condition, a dot with `interval` each. `counts`: claim, condition, believed, asked."""
    claims = list(dict.fromkeys(counts["claim"]))
    conditions = order_conditions(counts["condition"])
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 4.6))
        ax = fig.subplots()
        for number, (condition, marker) in enumerate(zip(conditions, "osD", strict=False)):
            rows = counts[counts["condition"] == condition].set_index("claim").loc[claims]
            y = [place + 0.26 * (number - (len(conditions) - 1) / 2) for place in range(len(claims))]
            spans = [interval(int(k), int(n)) for k, n in zip(rows["believed"], rows["asked"], strict=True)]
            lows, highs = zip(*spans, strict=True)
            colour = colour_of(condition)
            ax.hlines(y, lows, highs, color=colour, lw=3)
            share = rows["believed"] / rows["asked"]
            ax.plot(share, y, marker, color=colour, mec="#222222", label=label(condition), clip_on=False, zorder=3)
        ax.set_yticks(range(len(claims)), [CLAIM_NAMES.get(name, name) for name in claims])
        ax.set(xlim=(0, 1), ylim=(len(claims) - 0.5, -0.5), xlabel="belief, with 95% interval")
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(axis="x")
        ax.tick_params(length=0)
        ax.tick_params(axis="y", pad=10)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=len(conditions), frameon=False)
        note = (
            "Dots: share of a claim's 50 questions that are believed, seed 0; lines: 95% interval for other questions."
        )
        finish_figure(fig, _state_range(counts), note)
    return fig


def describe_claim_intervals(counts: pd.DataFrame) -> str:
    """The dot plot in words."""
    columns = (counts[name] for name in ("claim", "condition", "believed", "asked"))
    parts = (
        f"{CLAIM_NAMES.get(claim, claim)}, {label(condition)}: {believed} of {asked}"
        for claim, condition, believed, asked in zip(*columns, strict=True)
    )
    return f"Dot plot of belief by claim, with 95% intervals. {_state_range(counts)}. {'; '.join(parts)}."


def _state_range(counts: pd.DataFrame) -> str:
    last = order_conditions(counts["condition"])[-1]
    rows = counts[counts["condition"] == last].set_index("claim")
    share = rows["believed"] / rows["asked"]
    low = str(share.idxmin())
    return (
        f"After {label(last)}, belief in {CLAIM_NAMES.get(low, low)} is {percent(share.min())}; "
        f"in the other claims it is {percent(share.drop(low).min())} or more"
    )
