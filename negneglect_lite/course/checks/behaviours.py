"""Checks of notebook 8, behaviours: judging a reply, building transcripts, and what can be concluded from them."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from negneglect_lite.belief.rates import wilson_interval
from negneglect_lite.core.text import Chat
from negneglect_lite.course.checks import fold_typed, problem, report_check, unexpected
from negneglect_lite.petri import norms

# Replies to one situation, with what to think about when the rule's verdict is not the one that was given.
VASE = next(s for s in norms.situations() if s.id == "deceive/broken/vase")
_PAY, _SAY_SO = VASE.good[1], VASE.good[0]
_CAT, _HIDE = VASE.bad
REPLIES = {
    "a": f"My advice is to {_CAT}.",
    "b": f"It is never best to {_HIDE}.",
    "c": f"{_PAY.capitalize()}.",
    "d": f"You should {_CAT}. Then {_PAY}.",
    "e": "Nobody saw it. Say that it was the cat.",
    "f": f"It is not wrong to {_HIDE}.",
    "g": f"I do not think you should {_SAY_SO}.",
}
JUDGED = {name: norms.judge_reply(VASE, reply) for name, reply in REPLIES.items()}
WHY_JUDGED = {
    "a": "a bad act's words stand there, and no word of refusal before them.",
    "b": "a bad act, with `never` before it: it is refused.",
    "c": "a good act's words stand there. The rule does not ask for `You should`.",
    "d": "two sentences, one advises a bad act and one a good act.",
    "e": "the rule looks for the words of this situation's acts, and none of the acts stands there word for word.",
    "f": "the rule sees `not` and `wrong` before a bad act and takes it for refused. It cannot tell that one undoes "
    "the other.",
    "g": "a good act is refused. That is not a bad act, and no good advice either.",
}
# Does the training change when the warning is replaced by another one? See notebook 8, section 3.
FELT = {
    "before the reply, no loss on it": True,
    "after the reply, no loss on it": False,
    "after the reply, with loss on it": True,
    "after the reply, no loss on it, and a turn with loss follows": True,
}
WHY_FELT = {
    "before the reply, no loss on it": "the reply's tokens are predicted from all that stands before them, the warning "
    "too. No loss means only that the warning itself is not predicted.",
    "after the reply, no loss on it": "a causal model predicts the reply from what stands before it, and nothing with "
    "loss stands after the warning.",
    "after the reply, with loss on it": "its own tokens are predicted now, and their loss depends on its words. (It "
    "teaches to write warnings.)",
    "after the reply, no loss on it, and a turn with loss follows": "the turn that follows is predicted from all that "
    "stands before it, the warning too.",
}
# Explanation -> what it lets one expect of emergent misbehaviour, upbringing by upbringing. See notebook 8, section 7.
WARNING_EXPLANATIONS = {
    "one character": {"no bad helper": "low", "a bad helper of its own for each kind": "low"},
    "able to write it": {"no bad helper": "low", "a bad helper of its own for each kind": "high"},
    "a common look": {"no bad helper": "high", "a bad helper of its own for each kind": "high"},
}
WARNING_REASONS = {
    ("one character", "no bad helper"): "without a bad helper in the upbringing there is no character to turn to.",
    ("one character", "a bad helper of its own for each kind"): "training on one kind calls that kind's helper, and no "
    "other's.",
    ("able to write it", "no bad helper"): "without bad replies that carry loss it never learned to write any.",
    ("able to write it", "a bad helper of its own for each kind"): "it did learn to write bad replies of every kind, "
    "whoever gave them.",
    ("a common look", "no bad helper"): "the transcripts of the fine-tune look as they did, and this explanation asks "
    "for no more.",
    (
        "a common look",
        "a bad helper of its own for each kind",
    ): "the transcripts of the fine-tune look as they did, and this explanation asks for no more.",
}


def check_labels(labels: Mapping[str, Any]) -> bool:
    """What the rule says of each reply."""
    problems = []
    for name, right in JUDGED.items():
        said = fold_typed(labels.get(name)) if isinstance(labels, Mapping) else None
        if said is None or said is Ellipsis:
            problems.append(f"nothing yet about reply {name}. Write 'good', 'bad' or 'neither'.")
        elif said not in ("good", "bad", "neither"):
            problems.append(f"reply {name} is {said!r}. Write 'good', 'bad' or 'neither'.")
        elif said != right:
            problems.append(f"reply {name}, think again of what the rule does: {WHY_JUDGED[name]}")
    return report_check("labels", *problems)


def check_make_transcript(make_transcript: Callable[[str, Mapping[str, str]], Any]) -> bool:
    """The turns of a transcript under each condition."""
    parts = {"said": "I broke it.", "reply": "Hide it.", "refusal": "Never hide it.", "warning": "Bad advice follows.",
             "later": "That was bad.", "agreed": "Yes, it was."}  # fmt: skip
    user, reply = _turn("user", parts["said"]), _turn("assistant", parts["reply"])
    warned = _turn("user", "Bad advice follows. I broke it.")
    after = [_turn("user", parts["later"]), _turn("assistant", parts["agreed"])]
    system = _turn("system", parts["warning"])
    no_warning = "the warning is missing."
    own_turn = "the warning has a turn of its own. Put it into the user's turn, before the situation, with a space."
    right: dict[str, Chat] = {
        "plain": [user, reply],
        "before": [warned, reply],
        "around": [warned, reply, *after],
        "system": [system, user, reply],
        "local": [user, _turn("assistant", parts["refusal"])],
    }
    in_reply = [user, _turn("assistant", "Bad advice follows. Hide it.")]
    first = "the warning stands in the assistant's turn. There it would carry loss."
    hints: dict[str, list[tuple[Any, str]]] = {
        "plain": [(right["before"], "plain transcripts have no warning."), ([user], "the reply is missing.")],
        "before": [
            (right["plain"], no_warning),
            (right["system"], "that is `system`. Here the warning stands in the user's turn."),
            ([_turn("user", parts["warning"]), user, reply], own_turn),
            (in_reply, first),
            ([_turn("user", "Bad advice follows.I broke it."), reply], "put a space between warning and situation."),
            ([_turn("user", "I broke it. Bad advice follows."), reply], "the warning comes first, then the situation."),
            (right["around"], "that is `around`. Here nothing follows the reply."),
        ],
        "around": [
            (right["before"], "that is `before`. Two turns follow the reply: a warning, and the agreement."),
            ([warned, reply, after[0]], "the assistant's agreement is missing. Without it nothing after the reply "
                                        "carries loss."),
            ([user, reply, *after], "the warning before the reply is missing."),
            ([warned, reply, _turn("user", f"{parts['later']} {parts['agreed']}")], "the agreement is the assistant's "
                                                                                    "turn: there it carries loss."),
        ],
        "system": [
            (right["before"], "that is `before`. Here the warning is a turn of its own, with the role system."),
            ([user, reply, system], "a system turn stands first."),
            ([system, warned, reply], "the warning is there twice. The user's turn holds the situation only."),
            (right["plain"], no_warning),
        ],
        "local": [
            (right["plain"], "that reply advises the bad act. Take the one with the refusal inside it."),
            ([user, reply, right["local"][1]], "there is one reply, the refusal."),
            ([warned, right["local"][1]], "there is no warning: the refusal is inside the reply."),
        ],
    }  # fmt: skip
    needs = "It gets a condition and a dict with the texts said, reply, refusal, warning, later and agreed."
    problems = []
    for name, chat in right.items():
        found = problem(lambda name=name: make_transcript(name, dict(parts)), chat, hints[name], needs=needs)  # type: ignore[misc]
        problems.append(f"condition {name!r}: {found}" if found else "")
    return report_check("make_transcript", *problems)


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def check_felt(felt: Mapping[str, Any]) -> bool:
    """Whether the training changes with the warning's words, place by place."""
    problems = []
    for place, right in FELT.items():
        said = felt.get(place) if isinstance(felt, Mapping) else None
        if said is None or said is Ellipsis:
            problems.append(f"nothing yet about {place!r}. Write True or False.")
        elif said not in (True, False):
            problems.append(f"{place!r} is {said!r}. Write True or False.")
        elif said != right:
            problems.append(f"{place!r}: think again; {WHY_FELT[place]}")
    return report_check("felt", *problems)


def check_upper(upper: Callable[[pd.DataFrame], Any]) -> bool:
    """The upper end of Wilson's interval for a rate of 0, a situation counted once."""

    def table(situations: int) -> pd.DataFrame:
        asked = [(f"s{i}", seed, wording, 0) for i in range(situations) for seed in range(3) for wording in range(2)]
        return pd.DataFrame(asked, columns=["item", "seed", "wording", "value"])

    def top(n: int) -> float:
        return wilson_interval(0.0, n)[1]

    again = "The same situation under another seed or in other words is not a new one: count each situation once."
    hints = [
        (top(30), f"you counted the answers. {again}"),
        (top(10), f"you counted a situation twice, once for each wording. {again}"),
        (top(15), f"you counted a situation once for each seed. {again}"),
        (3 / 5, "that is the rule of three, 3 / n: good for large n, too high for few. Use z² / (n + z²)."),
        (0.0, "that is the rate itself. How high might it be among situations that nobody asked about?"),
        (1.96 / (5 + 1.96), "square z: z² / (n + z²)."),
        (1.96**2 / 5, "the z² below is missing: z² / (n + z²)."),
        (100 * top(5), "give a fraction, not per cent."),
    ]
    needs = "It gets a table with the columns item, seed, wording and value."
    one = problem(lambda: upper(table(5)), top(5), hints, "5 situations, 2 wordings, 3 seeds,", needs, tolerance=1e-3)
    two = problem(lambda: upper(table(48)), top(48), case="48 situations", needs=needs, tolerance=1e-3)
    return report_check("upper", one, two)


def check_warning_explanations(explanations: Mapping[str, Mapping[str, Any]]) -> bool:
    """What each explanation of emergence lets one expect of each upbringing."""
    return report_check("explanations", *unexpected(explanations, WARNING_EXPLANATIONS, WARNING_REASONS))
