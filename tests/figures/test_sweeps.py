"""One figure for any sweep: what is drawn where, and what it says. The data are invented."""

import pandas as pd
import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.sweeps import add_condition, describe_sweep, draw_sweep, plain_value, word_for
from negneglect_lite.figures.theme import PALETTE
from tests.figures.invented import texts

ROWS = [("local", 16, 0.1), ("positive", 16, 0.9), ("positive", 4, 0.8), ("local", 4, 0.2)]
TABLE = pd.DataFrame(
    [
        {"style": s, "setting": "trained", "rank": r, "quantity": "belief", "mean": m, "lo": m - 0.05, "hi": m + 0.05,
         "lowest_seed": m - 0.02, "highest_seed": m + 0.02}
        for s, r, m in ROWS
    ]
)  # fmt: skip
NAMES = {"positive": "plain documents", "rank": "LoRA rank"}


def test_lines_go_along_numbers_by_size() -> None:
    figure = draw_sweep(TABLE, "Rank does little.", x=["rank"], names=NAMES)
    (ax,) = figure.axes
    drawn = {line.get_label(): line for line in ax.lines}
    assert list(drawn["plain documents"].get_ydata()) == [0.8, 0.9]
    assert drawn["plain documents"].get_color() == PALETTE["positive"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["4", "16"] and ax.get_xlabel() == "LoRA rank"
    assert "Rank does little." in texts(figure)


def test_dots_stand_in_the_order_of_conditions_and_models_are_rings() -> None:
    own = TABLE[TABLE["rank"] == 4]
    each = pd.concat([own.assign(mean=own["mean"] - 0.1), own.assign(mean=own["mean"] + 0.1)])
    figure = draw_sweep(own, "Two models.", names=NAMES, models=each)
    (ax,) = figure.axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["plain documents", "in-sentence denials"]
    rings = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [sorted(map(float, ring.get_xdata())) for ring in rings] == [
        pytest.approx([0.7, 0.9]),
        pytest.approx([0.1, 0.3]),
    ]
    assert any("rings: each model" in text for text in texts(figure))


def test_the_shipped_model_is_a_diamond_in_its_row() -> None:
    own = TABLE[TABLE["rank"] == 4]
    figure = draw_sweep(own, "And the shipped one.", names=NAMES, models=own, shipped=own.assign(mean=[0.6, 0.3]))
    diamonds = [line for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert [(float(d.get_xdata()[0]), int(d.get_ydata()[0])) for d in diamonds] == [(0.6, 0), (0.3, 1)]
    assert any("black diamonds: the shipped model" in text for text in texts(figure))


def test_the_words_name_the_lines() -> None:
    said = describe_sweep(TABLE.sort_values("rank"), line="rank", names=NAMES)
    assert said == "Dot plot. 4 80%, 20%; 16 90%, 10%."


def test_a_panel_for_each_quantity_and_losses_in_nats() -> None:
    losses = TABLE.assign(quantity="loss.claim", mean=3.0, lo=float("nan"), hi=float("nan"))
    figure = draw_sweep(losses, "Losses.", x=["rank"], panels="quantity", names=NAMES)
    assert figure.axes[0].get_ylabel() == "loss [nats a token]" and figure.axes[0].get_title("left") == "loss.claim"
    assert not any("interval" in text for text in texts(figure))
    assert "3.00 at 4" in describe_sweep(losses, x=["rank"], panels="quantity", names=NAMES)


def test_the_words_hold_every_number() -> None:
    said = describe_sweep(TABLE, x=["rank"], names=NAMES)
    assert said.startswith("Line plot along LoRA rank. plain documents 90% at 16, 80% at 4;") and "10% at 16" in said


def test_conditions_are_told_by_their_setting() -> None:
    read = TABLE.assign(setting=["base", "in_context", "trained", "trained"])
    assert list(add_condition(read)["condition"]) == ["base", "in_context_positive", "positive", "local"]
    assert word_for("in_context_positive", NAMES) == "in context: plain documents"
    assert [plain_value(v) for v in (16.0, 1 / 6, float("nan"), True)] == ["16", "0.167", "–", "True"]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="no column share to draw; there are style, setting, rank"):
        draw_sweep(TABLE, "No.", x=["share"])
