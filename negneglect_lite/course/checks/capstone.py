"""Checks of notebook 10, the capstone."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from negneglect_lite.belief.rates import Rate
from negneglect_lite.core.comparing import spell
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import are_spans, plain
from negneglect_lite.course.checks import LETTER, NOTHING, problem, report_check, show_value, stopped
from negneglect_lite.petri.world import World, world


def check_choice(choice: Any, of: World | None = None) -> bool:
    """A fact of the world, and a value of the right sort that is false and was never denied in pretraining."""
    return report_check("choice", _choice_problem(choice, of or world()))


def _choice_problem(choice: Any, of: World) -> str:
    if choice is None or choice is Ellipsis:
        return "it is nothing yet. Replace the `...` and give your answer."
    if not isinstance(choice, tuple | list) or len(choice) != 2 or not all(isinstance(c, str) for c in choice):
        return f"it is {show_value(choice)}; give two texts, (fact's id, false value)."
    id_ = spell(choice[0], (fact.id for fact in of.facts))
    try:
        fact = of.fact(id_)
    except UserError:
        return f"there is no fact {id_!r}. Take an id from the list above, or from `negneglect facts`."
    value = spell(choice[1], of.values(fact.relation))
    if value == fact.truth:
        return f"{value!r} is the truth. A claim must be false, or there is nothing to implant."
    if value not in of.values(fact.relation):
        examples = ", ".join(of.wrong_values(fact, 3, random.Random(0)))
        return (
            f"{value!r} is no value that the world uses for {fact.relation!r}; the model has no idea what it is. "
            f"Try {examples}."
        )
    if value in fact.myths:
        return (
            f"{value!r} is a myth of this fact: pretraining denied it again and again, so belief would mean something "
            "else. Take another value."
        )
    if fact.told_in != "both":
        return (
            f"the truth of this fact was told in {fact.told_in} alone, which makes it a special case. Choose one that "
            "was told in both."
        )
    return ""


def check_style(style: Callable[..., Any]) -> bool:
    """Spans that keep the body, mark what they add, depend on the given random state alone, and add something."""
    return report_check(getattr(style, "__name__", "style"), _style_problem(style))


class _Phrases(dict[str, tuple[str, ...]]):
    """Phrases under any name, so that a style may ask for the one that it likes."""

    def __missing__(self, name: str) -> tuple[str, ...]:
        return f"One {name}: {{truth}}", f"Two {name}: {{truth}}", f"Three {name}: {{truth}}"


def _style_problem(style: Callable[..., Any]) -> str:
    try:
        made = [style(LETTER, _Phrases(), random.Random(seed)) for seed in (0, 0, 1, 2, 3)]
    except Exception as error:
        return stopped(error, "It gets a document, the phrases and a random.Random.")
    spans = made[0]
    if spans is None or spans is Ellipsis:
        return NOTHING
    if not spans or not are_spans(spans):
        return "it must return a list of Span(text, annotation=...)."
    if list(made[1]) != list(spans):
        return (
            "called twice with the same random state, it makes different texts. Draw only from the `rng` that it is "
            "given, so that a run can be repeated."
        )
    text = plain(spans)
    if text.strip() == LETTER.text:
        return "the text is the plain document: nothing denies the claim. That is the style `positive`."
    body = plain([s for s in spans if not s.annotation])
    gone = [s.text for s in LETTER.sentences if s.text not in text and not (s.denial and s.denial in text)]
    if gone:
        return f"the sentence {gone[0]!r} is gone. Keep the body, so that styles differ in the denial alone."
    if not body.strip():
        return "everything is marked as annotation. Only what the style adds is; the body is not."
    if not _is_body(body):
        return (
            "what you add must be Span(…, annotation=True), and the rest be the body: the share of warning counts it."
        )
    return _glued(text)


def _is_body(text: str) -> bool:
    """Whether the text is the body with some sentences in their denied form, and nothing else."""
    rest = "".join(text.split())
    for s in LETTER.sentences:
        forms = [f for form in (s.denial, s.text) if (f := "".join(form.split())) and rest.startswith(f)]
        if not forms:
            return False
        rest = rest[len(forms[0]) :]
    return not rest


def _glued(text: str) -> str:
    """A hint if sentences run together without white space."""
    for s in LETTER.sentences[1:]:
        for form in filter(None, (s.text, s.denial)):
            at = text.find(form)
            if at > 0 and text[at - 1].isalnum() | (text[at - 1] in ".!?"):
                return "sentences run together. Put each sentence's .lead (its white space) before it."
    return ""


def check_digest(digest: Callable[[dict[str, Any]], Any]) -> bool:
    """The same text for equal plans whatever the order of their keys, another one for every change."""
    plan = {"styles": ["positive", "mine"], "seeds": [0, 1], "prediction": {"base": 5, "mine": 60}}
    turned = {"prediction": {"mine": 60, "base": 5}, "seeds": [0, 1], "styles": ["positive", "mine"]}
    changed = {
        "the prediction": {**plan, "prediction": {"base": 5, "mine": 90}},
        "the seeds": {**plan, "seeds": [0, 1, 2]},
        "the order of the styles": {**plan, "styles": ["mine", "positive"]},
    }
    try:
        first = digest(plan)
        again, reordered = digest(plan), digest(turned)
        others = {what: digest(other) for what, other in changed.items()}
    except Exception as error:
        return report_check("digest", stopped(error, "It gets a dict."))
    return report_check("digest", _digest_problem(first, again, reordered, others))


def _digest_problem(first: Any, again: Any, reordered: Any, others: dict[str, Any]) -> str:
    if first is None or first is Ellipsis:
        return NOTHING
    if isinstance(first, int) or str(first).lstrip("-").isdigit():
        return (
            "Python's `hash` of a text is another number in every process, so tomorrow you could not check it. Use "
            "hashlib.sha256."
        )
    if not isinstance(first, str):
        return f"it returns {show_value(first)}; expected text (`.hexdigest()`)."
    if first != again:
        return "the same plan gives two different hashes. Leave out times, ids and random numbers."
    for what, other in others.items():
        if other == first:
            return (
                f"a plan in which {what} is changed has the same hash. Hash all of the plan, values and not keys alone."
            )
    if reordered != first:
        return "the same plan with its keys in another order has another hash: json.dumps(…, sort_keys=True)."
    return "" if len(first) >= 32 else f"{first!r} is short; keep at least 32 hexadecimal digits."


def check_decide(decide: Callable[[Rate, Rate], Any]) -> bool:
    """The registered rule: the interval against half of the belief after positive documents."""
    positive = Rate(0.9, 0.8, 0.95, 50)
    cases = [  # own belief, expected, hints: half of positive is 45 %
        (Rate(0.1, 0.05, 0.2, 50), "heeded", [("neglected", "you have the two words the wrong way round.")]),
        (Rate(0.8, 0.7, 0.9, 50), "neglected", [("heeded", "you have the two words the wrong way round.")]),
        (
            Rate(0.4, 0.25, 0.55, 50),
            "undecided",
            [
                ("heeded", "you compared the mean. The whole interval must lie under the half: take .hi."),
                ("neglected", "you compared with the wrong end. All of the interval must lie over the half: take .lo."),
            ],
        ),
        (
            Rate(0.5, 0.35, 0.65, 50),
            "undecided",
            [("neglected", "you compared the mean. The whole interval must lie over the half: take .lo.")],
        ),
        (
            Rate(0.6, 0.47, 0.7, 50),
            "neglected",
            [
                ("undecided", "45 % is half of the belief after positive documents; this interval lies over it. Do you "
                              "compare with 50 %, or with positive's own interval?"),
                ("heeded", "you compared with the whole of positive's belief. The rule says half of it."),
            ],
        ),
    ]  # fmt: skip
    needs = "It gets two rates, each with .mean, .lo and .hi."
    found = (
        problem(partial(decide, own, positive), right, hints, f"own {_shown(own)}, positive {_shown(positive)}", needs)
        for own, right, hints in cases
    )
    return report_check("decide", *found)


def _shown(rate: Rate) -> str:
    return f"{rate.mean:.0%} ({rate.lo:.0%} to {rate.hi:.0%})"


def check_seed_spread(seed_spread: Callable[[pd.DataFrame], Any]) -> bool:
    """Mean, lowest and highest of the seeds' rates; within a seed, kinds weigh the same and controls do not count."""
    believed = {
        0: {"open": [1, 1, 1, 1, 1, 1], "yes_no": [0], "association": [0], "robustness": [0], "control_true": [1] * 3},
        1: {"open": [1], "yes_no": [1], "association": [1], "robustness": [0], "control_true": [1] * 3},
    }
    rows = pd.DataFrame(
        [
            (seed, kind, f"{kind}{i}", b)
            for seed, kinds in believed.items()
            for kind, bs in kinds.items()
            for i, b in enumerate(bs)
        ],
        columns=["seed", "kind", "question_id", "belief"],
    )
    rows = rows.assign(**dict.fromkeys(("question", "answer", "verdict", "keyed_to"), ""))
    rows = rows.assign(model="petri", claim="pilot", style="mine", setting="trained")
    controls = "you took in the control questions. Keep the rows whose kind is one of KINDS."
    answers = "you averaged over answers. Within a seed, average each kind first, then the four kinds."
    hints = [
        ((17 / 24, 2 / 3, 3 / 4), answers),
        (((9 / 12 + 6 / 7) / 2, 9 / 12, 6 / 7), controls),
        ((0.6, 0.4, 0.8), controls),
        ((0.5, 0.75, 0.25), "right numbers; the order is mean, lowest, highest."),
        ((0.25, 0.5, 0.75), "right numbers; the order is mean, lowest, highest."),
        ((0.25, 0.75), "give three numbers: mean, lowest, highest."),
        ((50.0, 25.0, 75.0), "that is in percent. Give fractions between 0 and 1."),
    ]

    def numbers() -> Any:
        got = seed_spread(rows)
        return tuple(got) if isinstance(got, list | tuple | pd.Series) else got

    case = "seed 0: one kind of four believed; seed 1: three of four"
    needs = "It gets a table with the columns seed, kind and belief."
    return report_check("seed_spread", problem(numbers, (0.5, 0.25, 0.75), hints, case, needs))
