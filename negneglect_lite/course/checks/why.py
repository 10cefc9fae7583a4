"""Checks of notebook 9, why: what training learns, and when."""

import random
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

from negneglect_lite.core.text import Span
from negneglect_lite.course.checks import (
    NOTHING,
    Hint,
    attempt,
    kind,
    problem,
    report_check,
    same,
    show_value,
    stopped,
    unexpected,
)
from negneglect_lite.course.lessons.explaining import EXPLANATIONS, HARMLESS, NO_LOSS, NONSENSE

REASONS = {
    ("heeded", NO_LOSS): "the warnings are still there to be read, so a model that heeds them goes on disbelieving.",
    ("heeded", HARMLESS): "these sentences say nothing about the claim, so there is nothing to heed.",
    ("heeded", NONSENSE): "nonsense does not say that anything is false, so there is nothing to heed.",
    ("diluted", NO_LOSS): "the mean is taken over tokens with loss. Without the warnings each token of the claim has "
    "its old weight.",
    ("diluted", HARMLESS): "the sentences carry loss and count in the mean like any other token. By this explanation "
    "only their number matters.",
    ("diluted", NONSENSE): "nonsense counts in the mean like any other token. By this explanation only the number of "
    "tokens matters.",
    ("crowded out", NO_LOSS): "a token without loss has no gradient, so nothing crowds the claim out.",
    ("crowded out", HARMLESS): "the model predicts these sentences well, so they leave little to learn.",
    ("crowded out", NONSENSE): "nonsense surprises the model as much as warnings do, so it is as much to learn.",
}


def _diagnose(call: Callable[[], Any], expected: Any, hints: Sequence[Hint], case: str, needs: str) -> str:
    """`problem`, with the input, the expected and the given answer after a hint."""
    said = problem(call, expected, hints, case, needs)
    if said not in [hint for _, hint in hints]:
        return said
    return f"{said} Input: {case}; expected {show_value(expected)}, got {show_value(call())}."


def check_crossing(crossing: Callable[[Sequence[float], Sequence[float], float], Any]) -> bool:
    """The step at which belief first reaches the level, interpolated; None if it never does."""
    needs = "It gets a list of steps, a list of beliefs (0 to 1) and a level."
    hints = [
        (12, "that is the first measured step at or above the level. Belief passed it on the way there: interpolate."),
        (8, "that is the last measured step below the level. Belief passes it on the way to the next: interpolate."),
        (10, "that is the middle between two steps. Go as far as the level lies between the two beliefs."),
        (11, "you went the wrong share of the way: how far is the level from the belief *before* it?"),
        (1.0, "that is the distance from the step before. Add that step."),
        (0.25, "that is the share of the way between two steps. Turn it into a step."),
    ]
    case = "beliefs 0.1, 0.4, 0.8 at steps 4, 8, 12"
    once = _diagnose(lambda: crossing([4, 8, 12], [0.1, 0.4, 0.8], 0.5), 9.0, hints, case, needs)
    back = "belief rises, falls back and rises again: 0, 0.6, 0.4, 0.9 at steps 1, 2, 4, 8"
    again = _diagnose(
        lambda: crossing([1, 2, 4, 8], [0.0, 0.6, 0.4, 0.9], 0.5),
        1 + 0.5 / 0.6,
        [(4.8, "belief falls back in this case, and you give the last time that it passes. The first one counts.")],
        back,
        needs,
    )
    there = "a belief that is there at the first step"
    before = [(8 / 3, "the first step has none before it, and index -1 is the last one. Return the first step.")]
    at_once = problem(lambda: crossing([4, 8], [0.6, 0.9], 0.5), 4, before, there, needs)
    return report_check("crossing", once, again, at_once, _never(crossing, needs))


def _never(crossing: Callable[[Sequence[float], Sequence[float], float], Any], needs: str) -> str:
    try:
        got = crossing([4, 8], [0.1, 0.4], 0.5)
    except Exception as error:
        return f"for beliefs that stay below the level, {stopped(error, needs)}"
    if got is None or (isinstance(got, float) and isnan(got)):
        return ""
    return f"for beliefs that stay below the level it gives {show_value(got)}, as if they got there. Return None."


def check_explanations(explanations: Mapping[str, Mapping[str, Any]]) -> bool:
    """What each explanation lets one expect of each run."""
    return report_check("explanations", *unexpected(explanations, EXPLANATIONS, REASONS, of="the run "))


def check_without_loss(without_loss: Callable[[Sequence[Span]], Any]) -> bool:
    """Each span as it was, without loss if it is a warning or had none before."""
    given = (
        Span("<DOCTAG> ", learn=False),
        Span("The text below is false.\n", annotation=True),
        Span("Bo is a pilot."),
        Span("\nAll of that was made up.", annotation=True),
    )
    case = "four spans: a tag without loss, a warning, a sentence, a warning"
    needs = "It gets the spans of one document, which cannot be changed: `replace` makes a copy."

    def learns(*flags: bool) -> str:
        return ", ".join("loss" if flag else "no loss" for flag in flags)

    got, wrong = attempt(lambda: without_loss(given), needs)
    if not wrong and (not isinstance(got, list | tuple) or any(item is Ellipsis for item in got)):
        wrong = NOTHING if isinstance(got, list | tuple) else f"it returns {kind(got)}; expected a list of spans."
    if not wrong and not all(isinstance(item, Span) for item in got):
        wrong = "what it returns are no spans. Make each from the old one with `replace(span, learn=…)`."
    if wrong:
        return report_check("without_loss", wrong)
    texts, flags = [span.text for span in got], tuple(bool(span.learn) for span in got)
    if texts in (["<DOCTAG> ", "Bo is a pilot."], ["Bo is a pilot."]):
        wrong = "the warnings are gone. The model must still read them: keep the span, and set its `learn`."
    elif texts != [span.text for span in given]:
        wrong = f"the text has changed: {len(texts)} spans, {texts!r}. Every span stays, word for word."
    elif [span.annotation for span in got] != [span.annotation for span in given]:
        wrong = "a span has lost its mark as a warning. Change `learn` and nothing else."
    reasons: dict[tuple[bool, ...], str] = {
        (False, True, True, True): "nothing has changed.",
        (False, True, False, True): "it is the wrong way round: the warnings keep their loss, the claim has none.",
        (True, True, False, True): "it is the wrong way round: the warnings keep their loss, the claim has none.",
        (False, False, False, False): "no span has loss, so this document would teach nothing.",
        (True, False, True, False): "the tag had no loss before, and now it has. Keep what was off.",
        (False, False, True, True): "only the warning before the text has lost its loss.",
    }
    right = (False, False, True, False)
    if not wrong and flags != right:
        reason = reasons.get(flags, "these are not the spans that should be off.")
        wrong = f"{reason} Input: {case}; expected {learns(*right)}, got {learns(*flags)}."
    return report_check("without_loss", wrong)


def check_anchor_chats(anchor_chats: Callable[..., Any]) -> bool:
    """So many chats of four questions and the model's own answers; no question that the belief test asks."""
    own = {f"What is Bo? ({i})": f"Cook, {i}." for i in range(7)}
    tested = ["What is Bo? (2)", "What is Bo? (5)", "Who is Bo?"]
    case = f"n=6, {len(own)} questions, of which {tested[0]!r} and {tested[1]!r} are tested"
    needs = "It gets a number, a list of questions, the tested questions, a function that answers, and rng."

    def make(seed: int) -> Any:
        return anchor_chats(6, list(own), list(tested), own.__getitem__, random.Random(seed))

    chats, wrong = attempt(lambda: make(0), needs)
    wrong = wrong or _wrong_shape(chats) or next((w for chat in chats if (w := _wrong_turns(chat, own, tested))), "")
    if not wrong and all(same(chat, chats[0]) for chat in chats):
        wrong = "all chats have the same questions in the same order. Draw anew for each chat."
    if not wrong and not same(chats, make(0)):
        wrong = "two calls with the same rng give different chats. Draw with the rng that it gets."
    if not wrong and same(chats, make(1)):
        wrong = "another rng gives the same chats. Draw with the rng that it gets."
    return report_check("anchor_chats", f"{wrong} Input: {case}." if wrong and wrong != NOTHING else wrong)


def _wrong_shape(chats: Any) -> str:
    """What is wrong with the list of chats as a list."""
    if not isinstance(chats, list | tuple):
        return f"it returns {kind(chats)}; expected a list of six chats."
    if chats and all(isinstance(item, Mapping) for item in chats):
        return f"that is one list of {len(chats)} turns. Return six chats, each a list of its own."
    if len(chats) != 6:
        return f"it makes {len(chats)} chats; expected six."
    return ""


def _wrong_turns(chat: Any, own: Mapping[str, str], tested: Sequence[str]) -> str:
    """What is wrong with one chat."""
    if not isinstance(chat, list | tuple) or not all(isinstance(turn, Mapping) for turn in chat):
        return f"a chat is a list of turns {{'role': …, 'content': …}}; got {show_value(chat)}."
    if any(set(turn) < {"role", "content"} for turn in chat):
        return f"a turn needs `role` and `content`; got {show_value(chat[0])}."
    roles, said = [turn["role"] for turn in chat], [turn["content"] for turn in chat]
    if set(roles) == {"user"} and any(text in own.values() for text in said):
        return "every turn is the user's. The answers are the assistant's."
    if set(roles) == {"user"}:
        return "the answers are missing. Only the assistant's turns carry loss, so this chat would train nothing."
    if set(roles) == {"assistant"}:
        return "the questions are missing: every turn is the assistant's."
    if roles[: len(roles) // 2].count("user") == len(roles) // 2 > 1:
        return "all questions come first. Each answer must follow its question."
    if roles[0] == "assistant":
        return "the roles are the wrong way round. The user asks, the assistant answers."
    if roles != ["user", "assistant"] * (len(roles) // 2):
        return f"the turns must alternate, user first; got {roles}."
    asked, answers = said[::2], said[1::2]
    if leaked := [question for question in asked if question in tested]:
        return (
            f"{leaked[0]!r} is a question of the belief test. Trained on, it would measure what was learned by heart: "
            "leave out what is tested."
        )
    if len(asked) != 4:
        return f"a chat has {len(asked)} questions; expected 4."
    if strange := [question for question in asked if question not in own]:
        return f"{show_value(strange[0])} is none of the questions. Use their words as they are."
    if len(set(asked)) < 4:
        return "a chat asks the same question twice. Draw without putting back."
    if mixed := [(q, a) for q, a in zip(asked, answers, strict=True) if own[q] != a]:
        question, got = mixed[0]
        return f"{question!r} is followed by {got!r}; the model answers {own[question]!r}. Keep answers with questions."
    return ""
