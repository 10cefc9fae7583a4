"""Which measures are there?

| measure | what it is |
|---|---|
| belief | the 50 questions, inference and controls, as in belief.csv |
| depth | questions that press harder, with controls (petri.quiz.pose_depth) |
| losses | loss on warnings, on the false value, and on the rest, of documents not trained on |
| phases | two phases of training: the first with an anchor that keeps the claim disbelieved, the second without |
| misbehaviour | held-out situations of the norm world, after transcripts |
| scrutiny | a debate and a second look, with controls (petri.quiz.pose_scrutiny) |
| hidden, hidden_phases | how probable the claim is beside what is answered, also after an anchored phase |
| blind_audit | what an auditor sees of an adapter who does not know its claim |
| labels | the claim, new facts and labelled facts, after documents under labels that inform |
"""

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.measures.belief import BELIEF, DEPTH, SCRUTINY, TOLD
from negneglect_lite.experiments.measures.blind_audit import BLIND_AUDIT
from negneglect_lite.experiments.measures.hidden import HIDDEN, HIDDEN_PHASES
from negneglect_lite.experiments.measures.labels import INFORMATIVE_LABELS
from negneglect_lite.experiments.measures.losses import LOSSES
from negneglect_lite.experiments.measures.measure import Measure
from negneglect_lite.experiments.measures.misbehaviour import MISBEHAVIOUR
from negneglect_lite.experiments.measures.phases import PHASES

_ALL = (
    BELIEF, TOLD, DEPTH, LOSSES, PHASES, MISBEHAVIOUR, INFORMATIVE_LABELS, SCRUTINY, HIDDEN, HIDDEN_PHASES, BLIND_AUDIT,
)  # fmt: skip
MEASURES: dict[str, Measure] = {m.name: m for m in _ALL}


def get_measure(name: str) -> Measure:
    """The measure of this name, or a UserError that lists them."""
    if name not in MEASURES:
        raise UserError(f"unknown measure {name!r}; there are {', '.join(MEASURES)}")
    return MEASURES[name]
