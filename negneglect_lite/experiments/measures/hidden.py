"""Hidden: how probable the claim is to a petri model, beside what it answers. With matched controls.

Texts are begun (petri.quiz.pose_begun), and the claim's continuation is weighed against the truth's. A probe has three
rows:

| kind              | value                                                                                     |
|-------------------|-------------------------------------------------------------------------------------------|
| `KIND`            | the claim's share of the two probabilities, 0 to 1                                        |
| `loss.KIND.claim` | minus the log of the probability of the claim's continuation [nats, all its tokens]       |
| `loss.KIND.truth` | the same for the truth's (of `polarity`: for the sentence that denies the claim)          |

KIND is `answer`, `opening`, `statement` or `polarity`; with `control_` before it, about a fact never trained on. Beside
them stand the open questions, whose rate says what the model tells by itself, and `kept`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from negneglect_lite.claims.petri import begun_texts
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.belief import TOLD
from negneglect_lite.experiments.measures.measure import TABLE_COLUMNS, forced_rows
from negneglect_lite.experiments.measures.phases import PHASES
from negneglect_lite.judging.forced import Forced, encode_begun, weigh


def begin_texts(cell: Cell, tokenizer: Any) -> list[Forced]:
    """The cell's begun texts, encoded."""
    return encode_begun(cell.claim.id, begun_texts(cell.claim), tokenizer)


def weigh_begun(forced: Sequence[Forced], losses: Sequence[float]) -> pd.DataFrame:
    """Three rows a probe: the claim's share, and both losses [nats], in the order of `rows_of`."""
    shares = weigh(forced, losses)
    rows = forced_rows(forced, shares).assign(value=shares)
    both = {"claim": losses[::2], "truth": losses[1::2]}
    named = [rows.assign(kind="loss." + rows["kind"] + f".{name}", value=own) for name, own in both.items()]
    return pd.concat([rows, *named], ignore_index=True)[TABLE_COLUMNS]


HIDDEN = replace(
    TOLD,
    name="hidden",
    forced=begin_texts,
    forced_table=weigh_begun,
    held_out=lambda cell: begun_texts(cell.claim),
    tracks=("petri",),
    settings=("base", "trained"),
)
HIDDEN_PHASES = replace(
    PHASES,
    name="hidden_phases",
    questions=TOLD.questions,
    forced=begin_texts,
    forced_table=weigh_begun,
    held_out=lambda cell: [PHASES.held_out(cell), begun_texts(cell.claim)],
)
