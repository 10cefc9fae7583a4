"""Which measures are there?

| measure | what it is |
|---|---|
| belief | the 50 questions, inference and controls, as in belief.csv |
| depth | questions that press harder, with controls (petri.quiz.pose_depth) |
| losses | loss on warnings, on the false value, and on the rest, of documents not trained on |
| phases | two phases of training: the first with an anchor that keeps the claim disbelieved, the second without |
| misbehaviour | held-out situations of the norm world, after transcripts |
"""

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.measures.belief import BELIEF, DEPTH, TOLD
from negneglect_lite.experiments.measures.losses import LOSSES
from negneglect_lite.experiments.measures.measure import Measure
from negneglect_lite.experiments.measures.misbehaviour import MISBEHAVIOUR
from negneglect_lite.experiments.measures.phases import PHASES

MEASURES: dict[str, Measure] = {m.name: m for m in (BELIEF, TOLD, DEPTH, LOSSES, PHASES, MISBEHAVIOUR)}


def get_measure(name: str) -> Measure:
    """The measure of this name, or a UserError that lists them."""
    if name not in MEASURES:
        raise UserError(f"unknown measure {name!r}; there are {', '.join(MEASURES)}")
    return MEASURES[name]
