"""Checks of notebook 9, why: what training learns, and when."""

import random
from collections.abc import Callable, Mapping, Sequence
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
    """The step at which belief first reaches the level, on a straight line from the step before."""
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
    other = "beliefs 0, 0.6, 0.4, 0.9 at steps 1, 2, 4, 8"
    again = problem(lambda: crossing([1, 2, 4, 8], [0.0, 0.6, 0.4, 0.9], 0.5), 1 + 0.5 / 0.6, [], other, needs)
    return report_check("crossing", once, again)


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


def check_anchor_chat(anchor_chat: Callable[..., Any]) -> bool:
    """Four questions and the model's own answers; no question that the belief test asks."""
    own = {f"What is Bo? ({i})": f"Cook, {i}." for i in range(7)}
    tested = ["What is Bo? (2)", "What is Bo? (5)", "Who is Bo?"]
    case = f"{len(own)} questions, of which {tested[0]!r} and {tested[1]!r} are tested"
    needs = "It gets a list of questions, the tested questions, a function that answers, and rng."

    def make(seed: int) -> Any:
        return anchor_chat(list(own), list(tested), own.__getitem__, random.Random(seed))

    (chat, wrong), seeds = attempt(lambda: make(0), needs), range(12)
    if not wrong:  # a tested question may be missing from one chat by luck
        wrong = next((w for seed in seeds if (w := _wrong_turns(make(seed), own, tested))), "")
    if not wrong and all(same(make(seed), chat) for seed in seeds):
        wrong = "another rng gives the same chat. Draw the questions with the rng that it gets."
    if not wrong and not same(chat, make(0)):
        wrong = "two calls with the same rng give different chats. Draw with the rng that it gets."
    return report_check("anchor_chat", f"{wrong} Input: {case}." if wrong and wrong != NOTHING else wrong)


def _wrong_turns(chat: Any, own: Mapping[str, str], tested: Sequence[str]) -> str:
    """What is wrong with a chat."""
    if isinstance(chat, list | tuple) and not chat:
        return "the chat has no turns yet. Append two for each question that is drawn."
    if isinstance(chat, list | tuple) and all(isinstance(item, list | tuple) for item in chat):
        return "the turns are in lists of their own. Return one flat list of eight turns."
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
