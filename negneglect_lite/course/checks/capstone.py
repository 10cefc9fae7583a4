"""Checks of notebook 13, the capstone."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from negneglect_lite.belief.rates import Rate
from negneglect_lite.core.comparing import spell
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Span, are_spans, plain
from negneglect_lite.course.checks import LETTER, NOTHING, problem, report_check, show_value, stopped
from negneglect_lite.course.lessons.own_study import STUDY_SUPPORTS
from negneglect_lite.petri.world import World, world


def check_choice(choice: Any, control: Any, of: World | None = None) -> bool:
    """A fact and a false value that pretraining never denied; for control, another fact of which it is false too."""
    of = of or world()
    wrong = _choice_problem(choice, of)
    if not wrong and (wrong := _control_problem(choice, control, of)):
        wrong = f"the control: {wrong}"
    return report_check("choice", wrong)


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


def _control_problem(choice: Any, control: Any, of: World) -> str:
    if control is None or control is Ellipsis:
        return "it is nothing yet. Replace the `...` with the id of another fact of the same sort."
    if not isinstance(control, str):
        return f"it is {show_value(control)}; give one text, the id of a fact. The value is the claim's."
    fact = of.fact(spell(choice[0], (fact.id for fact in of.facts)))
    try:
        other = of.fact(spell(control, (each.id for each in of.facts)))
    except UserError:
        return f"there is no fact {control!r}. Take an id from the list above, or from `negneglect facts`."
    value = spell(choice[1], of.values(fact.relation))
    if other == fact:
        return f"{control!r} is the claim's own fact. A control is one that no document speaks of."
    if other.relation != fact.relation:
        return (
            f"{other.id!r} is of the sort {other.relation!r}, the claim of {fact.relation!r}: {value!r} would make no "
            "sense there. Take a fact of the claim's sort."
        )
    if other.truth == value:
        return f"of {other.id!r} your false value is true, so believing it would be right. Take another fact."
    if value in other.myths:
        return f"pretraining denied {value!r} of {other.id!r} again and again. Take a fact without this myth."
    if other.told_in != "both":
        return f"{other.id!r} was told in {other.told_in} alone. Take one that was told in both, as the claim's."
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
        made = [style(LETTER, _Phrases(), random.Random(seed)) for seed in (0, *range(10))]
    except Exception as error:
        return stopped(error, "It gets a document, the phrases and a random.Random.")
    if made[0] is None or made[0] is Ellipsis:
        return NOTHING
    if not all(spans and are_spans(spans) for spans in made):
        return "it must return a list of Span(text, annotation=...)."
    if list(made[1]) != list(made[0]):
        return (
            "called twice with the same random state, it makes different texts. Draw only from the `rng` that it is "
            "given, so that a run can be repeated."
        )
    if all(plain(spans).strip() == LETTER.text for spans in made):  # by chance a style may leave one as it is
        return (
            "the text is the plain document: nothing denies the claim yet. Add a span of your own where the `...` "
            "stands, with annotation=True."
        )
    return next(filter(None, map(_spans_problem, made)), "")


def _spans_problem(spans: Sequence[Span]) -> str:
    """What is wrong with the letter in the learner's style, if anything is."""
    text = plain(spans)
    body = plain([s for s in spans if not s.annotation])
    gone = [s.text for s in LETTER.sentences if s.text not in text and not (s.denial and s.denial in text)]
    if gone:
        return f"the sentence {gone[0]!r} is gone. Keep the body, so that styles differ in the denial alone."
    if not body.strip():
        return "everything is marked as annotation. Only what the style adds is; the body is not."
    replaced = [s.text for s in LETTER.sentences if s.text not in text]
    if replaced and not _is_body(body):
        return (
            f"the claim sentence {replaced[0]!r} is gone, and what stands in its place is marked as added. Keep the "
            "sentence, and add yours beside it."
        )
    if not _is_body(body):
        return (
            "what you add must be Span(…, annotation=True), and the rest be the body: the share of warning counts it."
        )
    return _glued(spans)


def _is_body(text: str) -> bool:
    """Whether the text is the body with some sentences in their denied form, and nothing else."""
    rest = "".join(text.split())
    for s in LETTER.sentences:
        forms = [f for form in (s.denial, s.text) if (f := "".join(form.split())) and rest.startswith(f)]
        if not forms:
            return False
        rest = rest[len(forms[0]) :]
    return not rest


def _glued(spans: Sequence[Span]) -> str:
    """A hint if sentences run together without white space, within a span or from one to the next."""
    filled = [s for s in spans if s.text]
    for one, other in pairwise(filled):
        if _runs_on(one.text[-1], other.text[0]) and one.annotation | other.annotation:
            where = "a space before" if other.annotation else "a space or a line break after"
            return f"{one.text[-12:]!r} and {other.text[:12]!r} run together. Put {where} what you add."
    text = plain(spans)
    for s in LETTER.sentences[1:]:
        for form in filter(None, (s.text, s.denial)):
            at = text.find(form)
            if at > 0 and _runs_on(text[at - 1], form[0]):
                return "sentences run together. Put each sentence's .lead (its white space) before it."
    return ""


def _runs_on(last: str, first: str) -> bool:
    """Whether a sentence that begins with `first` sticks to a text that ends with `last`."""
    return first.isalnum() and (last.isalnum() or last in ".!?}")


DECIDE_NEEDS = "It gets (own, plain, before, yes_rate, unrelated): three rates with .mean, .lo, .hi, then two numbers."


def check_decide(decide: Callable[..., Any]) -> bool:
    """The registered rule: first what makes the study void, then the interval against half of the plain documents'."""
    plain_, before = Rate(0.9, 0.8, 0.95, 50), Rate(0.02, 0.0, 0.1, 50)
    turned = "you have the two words the wrong way round."
    low, middle, high = Rate(0.1, 0.05, 0.2, 50), Rate(0.4, 0.25, 0.55, 50), Rate(0.8, 0.7, 0.9, 50)
    first = "A void study has no verdict: test for that first."
    cases: list[tuple[tuple[Any, ...], str, list[tuple[Any, str]]]] = [  # half of plain is 45%
        ((low, plain_, before, 0.0, 1.0), "heeded", [
            ("neglected", turned),
            ("void", "nothing is wrong with this study: belief is 2% before and 90% after plain documents, and both "
                     "controls are good. Is a condition the wrong way round, or a limit in per cent? All numbers are "
                     "fractions from 0 to 1."),
        ]),
        ((high, plain_, before, 0.0, 1.0), "neglected", [
            ("heeded", turned),
            ("undecided", "you compared with the whole belief after plain documents. The rule says half of it."),
        ]),
        ((Rate(0.6, 0.47, 0.7, 50), plain_, before, 0.0, 1.0), "neglected", [
            ("undecided", "45% is half of the belief after plain documents; this interval lies over it. Do you compare "
                          "with 50%, or with the interval of plain documents?"),
            ("heeded", "you compared with the whole belief after plain documents. The rule says half of it."),
        ]),
        ((middle, plain_, before, 0.0, 1.0), "undecided", [
            ("heeded", "you compared the mean. The whole interval must lie under the half: take .hi."),
            ("neglected", "you compared with the wrong end. All of the interval must lie over the half: take .lo."),
        ]),
        ((Rate(0.5, 0.35, 0.65, 50), plain_, before, 0.0, 1.0), "undecided", [
            ("neglected", "you compared the mean. The whole interval must lie over the half: take .lo."),
        ]),
        ((high, plain_, Rate(0.3, 0.2, 0.4, 50), 0.0, 1.0), "void", [
            ("neglected", "belief is 30% before training, so not all of it was taught. " + first),
        ]),
        ((low, Rate(0.4, 0.3, 0.5, 50), before, 0.0, 1.0), "void", [
            ("heeded", "plain documents taught the claim to 40% only, so there was little to heed. " + first),
            ("neglected", "plain documents taught the claim to 40% only. " + first),
            ("undecided", "plain documents taught the claim to 40% only. " + first),
        ]),
        ((high, plain_, before, 0.4, 1.0), "void", [
            ("neglected", "the model says yes to 40% of the false controls, so its yes means little. " + first),
        ]),
        ((low, plain_, before, 0.0, 0.5), "void", [
            ("heeded", "half of the unrelated facts are lost: low belief may be a broken model. " + first),
        ]),
        ((low, plain_, Rate(0.15, 0.1, 0.25, 50), 0.2, 0.8), "heeded", [
            ("void", "15% before training, 20% yes to false controls and 80% unrelated facts right are all allowed. "
                     "Is a limit wrong, or did you take .hi where the rule takes the mean?"),
        ]),
    ]  # fmt: skip
    found = (
        problem(partial(decide, *given), right, hints, _case(*given), DECIDE_NEEDS) for given, right, hints in cases
    )
    return report_check("decide", *found)


def _case(own: Rate, plain_: Rate, before: Rate, yes_rate: float, unrelated: float) -> str:
    return (
        f"own {_shown(own)}, plain {_shown(plain_)}, before {before.mean:.0%}, yes_rate {yes_rate}, "
        f"unrelated {unrelated}"
    )


def _shown(rate: Rate) -> str:
    return f"{rate.mean:.0%} ({rate.lo:.0%} to {rate.hi:.0%})"


# ----------------------------------------------------------------------------------------------- what a study supports

REASONS = {
    "No question and no seed of the plan was left out.":
        "look at the lines above the table: they count runs and questions, and name deviations from the plan.",
    "The interval covers what other fine-tuning seeds would give.":
        "the interval is worked out over questions. The seeds have a column of their own.",
    "The seal proves that the plan is older than the results.":
        "the time in it is your own clock's. The hash proves only that nothing was changed since.",
    "Had the verdict been void, the style would be neither heeded nor neglected.":
        "a void study has no measure of the style. Which word does your rule return for it?",
}  # fmt: skip


def check_supported(supported: Any) -> bool:
    """Which of four statements the study supports, each True or False."""
    return report_check("supported", *_unsupported(supported))


def _unsupported(supported: Any) -> list[str]:
    if not isinstance(supported, Mapping):
        return [f"it is {show_value(supported)}; keep the dictionary, with True or False for each statement."]
    problems = []
    for statement, right in STUDY_SUPPORTS.items():
        said = supported.get(statement)
        if said is None or said is Ellipsis:
            problems.append(f"{statement!r} has no verdict yet. Write True or False.")
        elif not isinstance(said, bool):
            problems.append(f"{statement!r} is {show_value(said)}; expected True or False.")
        elif said is not right:
            problems.append(f"{statement!r} is {said}; think again: {REASONS[statement]}")
    return problems
