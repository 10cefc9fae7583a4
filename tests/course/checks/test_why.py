"""The checks of notebook 9 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import numpy as np
import pytest
from said import fails

from negneglect_lite.course.checks.why import (
    EXPLANATIONS,
    REASONS,
    check_anchor_chat,
    check_crossing,
    check_explanations,
    check_first_mention,
    check_protects_from,
    check_usable,
    mark_first,
)
from negneglect_lite.course.figures import halving_share, step_at_level


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


def last_crossing(steps, beliefs, level):
    turned = [1 - b for b in beliefs[::-1]]
    found = right_crossing([-s for s in steps[::-1]], turned, 1 - level)
    return found if found is None else -found


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
        (last_crossing, "the first one counts"),
        (lambda s, b, at: right_crossing(s, b, at) if b[0] < at else None, "returns nothing yet"),
        (lambda s, b, at: right_crossing(s, b, at) or s[-1], "as if they got there"),
        (lambda s, b: 9.0, "stopped with TypeError"),
        (lambda s, b, at: right_crossing(s, b, at) + 0 * above(s, b, at)[0], "stay below the level, it stopped with"),
    ],
)
def test_a_wrong_crossing_is_told_why(wrong, hint, capsys):
    fails(check_crossing, wrong, hint, capsys)


def right_first(parts):
    if "claim" not in parts:
        return list(parts)
    start = parts.index("claim")
    end = next((i for i in range(start, len(parts)) if parts[i] != "claim"), len(parts))
    return [*parts[:start], *["first"] * (end - start), *parts[end:]]


def in_place(parts):
    parts[:] = right_first(parts)
    return parts


def one_token(parts):
    return [*parts[: (i := parts.index("claim"))], "first", *parts[i + 1 :]]


def starts(parts):
    before = ["", *parts]
    return ["first" if p == "claim" != before[i] else p for i, p in enumerate(parts)]


@pytest.mark.parametrize("right", [right_first, mark_first])
def test_the_right_first_mention_passes(right, capsys):
    assert check_first_mention(right)
    assert capsys.readouterr().out == "✓ first_mention: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda parts: ..., "returns nothing yet"),
        (one_token, "only one token"),
        (lambda parts: ["first" if p == "claim" else p for p in parts], "every mention"),
        (starts, "every token of the first mention"),
        (lambda parts: right_first(parts[::-1])[::-1], "the last mention"),
        (list, "nothing is renamed"),
        (lambda parts: [p for p in right_first(parts) if p == "first"], "the whole list"),
        (in_place, "make a new one"),
        (lambda parts: right_first(parts) if "claim" in parts else [], "for no mention"),
        (lambda parts: parts.find("claim"), "stopped with AttributeError"),
    ],
)
def test_a_wrong_first_mention_is_told_why(wrong, hint, capsys):
    fails(check_first_mention, wrong, hint, capsys)


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
        (but("diluted", "harmless padding", "it depends"), "write 'high' or 'low'"),
        (but("heeded", "no loss on notices", 0.2), "write 'high' or 'low'"),
    ],
)
def test_unfinished_explanations_are_told_so(wrong, hint, capsys):
    fails(check_explanations, wrong, hint, capsys)


def control(table, kind):
    return table.set_index("quantity")["mean"].get(f"control_{kind}", 1.0)


def right_usable(table, limit):
    kinds = [q for q in table["quantity"] if not q.startswith("control_")]
    return [k for k in kinds if control(table, k) <= limit]


def low(table, limit):
    return table.loc[table["mean"] <= limit, "quantity"].tolist()


def test_the_right_usable_passes(capsys):
    assert check_usable(right_usable)
    assert capsys.readouterr().out == "✓ usable: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda t, limit: ..., "returns nothing yet"),
        (lambda t, limit: [q for q in low(t, limit) if "control" not in q], "decided by its control"),
        (lambda t, limit: [q for q in t["quantity"][:4] if q not in low(t, limit)], "decided by its control"),
        (lambda t, limit: [q for q in low(t, limit) if "control" in q], "without `control_`"),
        (lambda t, limit: [k for k in "abcd" if control(t, k) > limit], "fail their controls"),
        (lambda t, limit: [k for k in "abcd" if control(t, k) < limit], "exactly the limit"),
        (low, "are mixed"),
        (lambda t, limit: [q.removeprefix("control_") for q in low(t, limit)], "are mixed"),
        (lambda t, limit: right_usable(t, limit)[::-1], "the order"),
        (lambda t, limit: set(right_usable(t, limit)), "expected a list"),
        (lambda t, limit: t["kind"], "stopped with KeyError"),
    ],
)
def test_a_wrong_usable_is_told_why(wrong, hint, capsys):
    fails(check_usable, wrong, hint, capsys)


def fitting(table, exposed, style, part=0.5):
    mine = table[table["style"] == style]
    without = mine.loc[mine["share"] == 0, "mean"].item()
    return mine[(mine["exposed"] == exposed) & (mine["mean"] <= part * without)]["share"]


def right_protects(table, exposed, style):
    shares = fitting(table, exposed, style)
    return None if shares.empty else min(shares)


def below(table, exposed, style, level):
    mine = table[(table["style"] == style) & (table["exposed"] == exposed)]
    return min(mine.loc[mine["mean"] <= level, "share"], default=None)


@pytest.mark.parametrize("right", [right_protects, halving_share])
def test_the_right_protects_from_passes(right, capsys):
    assert check_protects_from(right)
    assert capsys.readouterr().out == "✓ protects_from: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda t, exposed, style: ..., "returns nothing yet"),
        (lambda t, exposed, style: below(t, exposed, style, 0.5), "*without* exposure"),
        (lambda t, exposed, style: below(t, exposed, style, 0.4), "after *this* style"),
        (lambda t, exposed, style: fitting(t, exposed, style).iloc[0], "not the lowest"),
        (lambda t, exposed, style: max(fitting(t, exposed, style)), "not the lowest"),
        (lambda t, exposed, style: min(fitting(t, exposed, style, 0.4999)), "half exactly"),
        (lambda t, exposed, style: min(fitting(t, exposed, style, 0.99)), "any fall is counted"),
        (lambda t, exposed, style: 0.0, "without exposure. It is what you compare with"),
        (lambda t, exposed, style: 0.4, "Return the share"),
        (lambda t, exposed, style: min(fitting(t, exposed, style)), "never halves belief, it stopped with ValueError"),
        (lambda t, exposed, style: min(fitting(t, exposed, style), default=0), "it gives 0. Return None"),
        (
            lambda t, e, s: right_protects(t, e, s) or right_protects(t, s, s),
            "what the model read, `style` what it was trained on",
        ),
        (lambda t, exposed, style: t["form"], "stopped with KeyError"),
    ],
)
def test_a_wrong_protects_from_is_told_why(wrong, hint, capsys):
    fails(check_protects_from, wrong, hint, capsys)


def turn(role, text):
    return {"role": role, "content": text}


def right_anchor(questions, answer):
    return [t for q in questions for t in (turn("user", q), turn("assistant", answer(q)))]


def asked(questions):
    return [turn("user", q) for q in questions]


def said(questions, answer):
    return [turn("assistant", answer(q)) for q in questions]


def test_the_right_anchor_passes(capsys):
    assert check_anchor_chat(right_anchor)
    assert capsys.readouterr().out == "✓ anchor_chat: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda qs, a: ..., "returns nothing yet"),
        (
            lambda qs, a: [
                turn("user" if t["role"] == "assistant" else "assistant", t["content"]) for t in right_anchor(qs, a)
            ],
            "wrong way round",
        ),
        (lambda qs, a: asked(qs), "would train nothing"),
        (said, "questions are missing"),
        (lambda qs, a: asked(qs) + said(qs, a), "must follow its question"),
        (
            lambda qs, a: [turn("user", " ".join(qs)), turn("assistant", " ".join(map(a, qs)))],
            "one turn holds everything",
        ),
        (lambda qs, a: [turn("user", t["content"]) for t in right_anchor(qs, a)], "every turn is the user's"),
        (lambda qs, a: [x for q in qs for x in (q, a(q))], "these are texts"),
        (lambda qs, a: [[turn("user", q), turn("assistant", a(q))] for q in qs], "several chats"),
        (lambda qs, a: a[0], "stopped with TypeError"),
    ],
)
def test_a_wrong_anchor_is_told_why(wrong, hint, capsys):
    fails(check_anchor_chat, wrong, hint, capsys)
