"""A training as a curve, and in words."""

import pandas as pd
import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.training import describe_training, draw_training
from tests.figures.invented import texts, title


def training(steps: tuple[int, ...] = (1, 4, 8), questions: int = 4) -> pd.DataFrame:
    rows = [(step, 2 - step / 10, f"Q{i}?", "A.", int(i < step / 2)) for step in steps for i in range(questions)]
    return pd.DataFrame(rows, columns=["step", "loss", "question", "answer", "belief"])


def test_the_training_curve_shows_loss_and_belief_and_says_where_they_went() -> None:
    fig = draw_training(training())
    loss, belief = (ax.lines[0] for ax in fig.axes)
    assert list(loss.get_xdata()) == list(belief.get_xdata()) == [1, 4, 8]
    assert list(loss.get_ydata()) == pytest.approx([1.9, 1.6, 1.2])
    assert list(belief.get_ydata()) == [0.25, 0.5, 1]
    assert title(fig) == "From step 1 to step 8 belief goes from 25% to 100%, the loss from 1.90 to 1.20"
    assert any("share of 4 questions" in text for text in texts(fig))


def test_a_belief_that_does_not_move_is_not_said_to_go_anywhere() -> None:
    rows = training().assign(belief=0)
    assert describe_training(rows).replace("\N{NO-BREAK SPACE}", " ") == (
        "From step 1 to step 8 belief stays at 0%, the loss goes from 1.90 to 1.20"
    )


def test_a_training_curve_of_one_step_and_of_none() -> None:
    assert title(draw_training(training((4,)))) == "At step 4 belief is 50% and the loss 1.60"
    with pytest.raises(UserError, match="no training to show"):
        draw_training(training(()))
