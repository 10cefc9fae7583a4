"""The checks of notebook 9 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import random
from dataclasses import replace

import numpy as np
import pytest
from said import fails

from negneglect_lite.core.text import Span
from negneglect_lite.course.checks.why import (
    REASONS,
    check_anchor_chat,
    check_crossing,
    check_explanations,
    check_without_loss,
)
from negneglect_lite.course.lessons.explaining import (
    EXPLANATIONS,
    HARMLESS,
    NO_LOSS,
    finished_anchor_chat,
    finished_without_loss,
    step_at_level,
)


def right_crossing(steps, beliefs, level=0.5):
    if beliefs[0] >= level:
        return steps[0]
    for i in range(1, len(steps)):
        if beliefs[i] >= level:
            share = (level - beliefs[i - 1]) / (beliefs[i] - beliefs[i - 1])
            return steps[i - 1] + share * (steps[i] - steps[i - 1])
    return None


def above(steps, beliefs, level):
    return [i for i, b in enumerate(beliefs) if b >= level]


@pytest.mark.parametrize("right", [right_crossing, step_at_level])
def test_the_right_crossing_passes(right, capsys):
    assert check_crossing(right)
    assert capsys.readouterr().out == "✓ crossing: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s, b, at: ..., "returns nothing yet"),
        (
            lambda s, b, at: next((x for x, y in zip(s, b, strict=True) if y >= at), None),
            "first measured step at or above",
        ),
        (lambda s, b, at: [x for x, y in zip(s, b, strict=True) if y < at][-1], "last measured step below"),
        (lambda s, b, at: s[np.argmin(np.abs(np.array(b) - at))], "last measured step below"),
        (lambda s, b, at: np.mean([s[i := above(s, b, at)[0]], s[i - 1]]), "the middle"),
        (lambda s, b, at: 8 + 4 * 0.75, "the wrong share"),
        (lambda s, b, at: right_crossing(s, b, at) - 8, "add that step"),
        (lambda s, b, at: 0.25, "turn it into a step"),
        (lambda s, b, at: 9.0, "for beliefs 0, 0.6, 0.4, 0.9 at steps 1, 2, 4, 8"),
        (lambda s, b: 9.0, "stopped with TypeError"),
    ],
)
def test_a_wrong_crossing_is_told_why(wrong, hint, capsys):
    fails(check_crossing, wrong, hint, capsys)


def but(name, run, said):
    return {n: {r: said if (n, r) == (name, run) else s for r, s in row.items()} for n, row in EXPLANATIONS.items()}


def test_the_right_explanations_pass(capsys):
    assert check_explanations(EXPLANATIONS)
    assert capsys.readouterr().out == "✓ explanations: right.\n"


@pytest.mark.parametrize(("name", "run"), REASONS)
def test_each_wrong_expectation_is_told_why(name, run, capsys):
    other = {"high": "low", "low": "high"}[EXPLANATIONS[name][run]]
    fails(check_explanations, but(name, run, other), REASONS[name, run], capsys)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "says nothing yet"),
        ({n: dict.fromkeys(row, ...) for n, row in EXPLANATIONS.items()}, "says nothing yet"),
        ({}, "says nothing yet"),
        (but("diluted", HARMLESS, "it depends"), "write 'high' or 'low'"),
        (but("heeded", NO_LOSS, 0.2), "write 'high' or 'low'"),
    ],
)
def test_unfinished_explanations_are_told_so(wrong, hint, capsys):
    fails(check_explanations, wrong, hint, capsys)


def test_any_two_explanations_differ_in_a_run():
    rows = [tuple(row.values()) for row in EXPLANATIONS.values()]
    assert len(set(rows)) == len(rows) == 3


def test_a_wrong_crossing_is_shown_with_its_input(capsys):
    check_crossing(lambda steps, beliefs, level: 12)
    out = capsys.readouterr().out
    assert "Input: beliefs 0.1, 0.4, 0.8 at steps 4, 8, 12; expected 9, got 12." in out


def off(wanted):
    """A function that sets `learn` by the span."""
    return lambda spans: [replace(span, learn=wanted(span)) for span in spans]


def only_the_first(spans):
    first = next(i for i, span in enumerate(spans) if span.annotation)
    return [replace(span, learn=span.learn and i != first) for i, span in enumerate(spans)]


@pytest.mark.parametrize("right", [finished_without_loss, off(lambda s: s.learn and not s.annotation)])
def test_the_right_loss_mark_passes(right, capsys):
    assert check_without_loss(right)
    assert capsys.readouterr().out == "✓ without_loss: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda spans: ..., "returns nothing yet"),
        (lambda spans: [...] * len(spans), "returns nothing yet"),
        (off(lambda s: not s.annotation), "the tag had no loss before, and now it has"),
        (off(lambda s: s.annotation), "wrong way round"),
        (off(lambda s: s.learn and s.annotation), "wrong way round"),
        (off(lambda s: False), "would teach nothing"),
        (off(lambda s: True), "not the spans that should be off"),
        (list, "nothing has changed"),
        (only_the_first, "only the warning before the text"),
        (lambda spans: [s for s in spans if not s.annotation], "the warnings are gone"),
        (lambda spans: [s for s in spans if not s.annotation and s.learn], "the warnings are gone"),
        (lambda spans: finished_without_loss(spans)[1:], "the text has changed"),
        (lambda spans: [Span(s.text, learn=s.learn and not s.annotation) for s in spans], "lost its mark"),
        (lambda spans: [s.learn and not s.annotation for s in spans], "no spans"),
        (lambda spans: "".join(s.text for s in spans), "it returns text"),
        (lambda spans: [s.update(learn=False) for s in spans], "stopped with AttributeError"),
    ],
)
def test_a_wrong_loss_mark_is_told_why(wrong, hint, capsys):
    fails(check_without_loss, wrong, hint, capsys)


def turn(role, text):
    return {"role": role, "content": text}


def pairs(questions, answer):
    return [t for q in questions for t in (turn("user", q), turn("assistant", answer(q)))]


def right_chat(questions, tested, answer, rng, k=4):
    return pairs(rng.sample([q for q in questions if q not in tested], k), answer)


def changed(change):
    """The right chat, changed."""
    return lambda *given: change(right_chat(*given))


def flipped(chat):
    return [turn({"user": "assistant", "assistant": "user"}[t["role"]], t["content"]) for t in chat]


@pytest.mark.parametrize("right", [finished_anchor_chat, right_chat])
def test_the_right_anchor_passes(right, capsys):
    assert check_anchor_chat(right)
    assert capsys.readouterr().out == "✓ anchor_chat: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda qs, tested, a, rng: ..., "returns nothing yet"),
        (lambda qs, tested, a, rng: [], "no turns yet"),
        (lambda qs, tested, a, rng: right_chat(qs, [], a, rng), "is a question of the belief test"),
        (lambda qs, tested, a, rng: right_chat(qs, tested, a, rng, k=3), "3 questions; expected 4"),
        (lambda qs, tested, a, rng: pairs(rng.choices(sorted(set(qs) - set(tested)), k=4), a), "same question twice"),
        (lambda qs, tested, a, rng: right_chat(qs, tested, a, random), "two calls with the same rng"),
        (lambda qs, tested, a, rng: right_chat(qs, tested, a, random.Random(5)), "another rng gives the same"),
        (changed(flipped), "wrong way round"),
        (changed(lambda chat: chat[::2]), "would train nothing"),
        (changed(lambda chat: chat[1::2]), "the questions are missing"),
        (changed(lambda chat: chat[::2] + chat[1::2]), "each answer must follow its question"),
        (changed(lambda chat: [chat[i : i + 2] for i in range(0, 8, 2)]), "one flat list of eight turns"),
        (changed(lambda chat: [turn("user", t["content"]) for t in chat]), "every turn is the user's"),
        (changed(lambda chat: [t["content"] for t in chat]), "a chat is a list of turns"),
        (changed(lambda chat: [{"role": t["role"]} for t in chat]), "needs `role` and `content`"),
        (changed(lambda chat: [chat[0], chat[3], chat[2], chat[1], *chat[4:]]), "keep answers with questions"),
        (changed(lambda chat: [turn("user", "Who?"), *chat[1:]]), "none of the questions"),
        (changed(lambda chat: [*chat, turn("user", "And?")]), "must alternate"),
        (lambda qs, tested, a, rng: 6, "a chat is a list of turns"),
        (lambda qs, tested, a: [], "stopped with TypeError"),
    ],
)
def test_a_wrong_anchor_is_told_why(wrong, hint, capsys):
    fails(check_anchor_chat, wrong, hint, capsys)
