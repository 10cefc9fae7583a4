"""The checks of notebook 8 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import re

import pytest
from said import fails

from negneglect_lite.course.checks.behaviours import (
    CONCLUSIONS,
    JUDGED,
    REACHED,
    check_below_ceiling,
    check_judge,
    check_make_transcript,
    check_reaches_loss,
)
from negneglect_lite.course.lessons import advice
from negneglect_lite.course.lessons.advice import spaced, spaced_sentences
from negneglect_lite.course.lessons.advice_results import BELOW_CEILING
from negneglect_lite.petri import norms

REFUSALS = {"not", "never", "refuse", "wrong"}


def turn(role, text):
    return {"role": role, "content": text}


def right(condition, p):
    reply = turn("assistant", p["refusal"] if condition == "local" else p["reply"])
    said = f"{p['warning']} {p['said']}" if condition in ("before", "around") else p["said"]
    after = [turn("user", p["later"]), turn("assistant", p["agreed"])] if condition == "around" else []
    return [turn("user", said), reply, *after]


def but(condition, make):
    """Right, but for one condition."""
    return lambda c, p: make(p) if c == condition else right(c, p)


def test_the_right_transcript_passes(capsys):
    assert check_make_transcript(right)
    assert capsys.readouterr().out == "✓ make_transcript: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda c, p: ..., "'plain': it returns nothing yet"),
        (lambda c, p: right("plain", p), "'before': the warning is missing"),
        (lambda c, p: right("before", p), "plain transcripts have no warning"),
        (but("plain", lambda p: right("plain", p)[:1]), "the reply is missing"),
        (but("before", lambda p: [turn("user", p["warning"]), *right("plain", p)]), "a turn of its own"),
        (but("before", lambda p: [turn("system", p["warning"]), *right("plain", p)]), "a turn of its own"),
        (but("before", lambda p: right("around", p)), "that is `around`"),
        (
            but("before", lambda p: [turn("user", p["said"]), turn("assistant", f"{p['warning']} {p['reply']}")]),
            "it would carry loss",
        ),
        (
            but("before", lambda p: [turn("user", p["warning"] + p["said"]), turn("assistant", p["reply"])]),
            "put a space",
        ),
        (
            but("before", lambda p: [turn("user", f"{p['said']} {p['warning']}"), turn("assistant", p["reply"])]),
            "the warning comes first",
        ),
        (but("around", lambda p: right("before", p)), "two turns follow"),
        (but("around", lambda p: right("around", p)[:3]), "agreement is missing"),
        (but("around", lambda p: right("plain", p) + right("around", p)[2:]), "before the reply is missing"),
        (
            but("around", lambda p: [*right("before", p), turn("user", f"{p['later']} {p['agreed']}")]),
            "the agreement is the assistant's",
        ),
        (but("local", lambda p: right("plain", p)), "advises the bad act"),
        (but("local", lambda p: [*right("plain", p), turn("assistant", p["refusal"])]), "one reply"),
        (
            but("local", lambda p: [turn("user", f"{p['warning']} {p['said']}"), turn("assistant", p["refusal"])]),
            "there is no warning",
        ),
        (but("before", lambda p: [turn("user", p["warning"]), turn("assistant", p["reply"])]), "situation is missing"),
        (but("around", lambda p: [*right("before", p), turn("assistant", p["agreed"])]), "after the reply is missing"),
        (but("around", lambda p: [*right("before", p), *right("around", p)[:1:-1]]), "the user speaks first"),
        (but("before", lambda p: [turn("user", ...), turn("assistant", p["reply"])]), "a gap is still open"),
        (but("around", lambda p: [*right("before", p), ...]), "a gap is still open"),
        (lambda c, p: [p["said"], p["reply"]], "each turn is a dict"),
        (but("around", lambda p: [*right("before", p), {"user": p["later"]}]), "each turn is a dict"),
        (
            but("local", lambda p: [turn("user", p["said"]), turn("assistant", f"{p['reply']} {p['refusal']}")]),
            "takes the place of the bad reply",
        ),
        (lambda c: [], "stopped with TypeError"),
    ],
)
def test_a_wrong_transcript_is_told_why(wrong, hint, capsys):
    fails(check_make_transcript, wrong, hint, capsys)


def test_the_course_agrees_with_the_expected_answers():
    for situation, reply, right, _ in JUDGED:
        assert norms.judge_reply(situation, reply) == right, reply
    assert {right for _, _, right, _ in JUDGED} == {"bad", "good", "neither"}
    assert {right for _, _, right, _ in REACHED} == {True, False}


def rule(
    reply, good, bad, *, split=spaced_sentences, look=spaced, refuses=None, first=False,
    good_refused="neither", bad_refused="good", both="neither",
):  # fmt: skip
    """The judge, with one thing that may be wrong."""
    refuses = refuses or (lambda before, sentence: bool(REFUSALS & set(before.split())))
    found = set()
    for sentence in split(reply):
        for acts, advised, refused in ((good, "good", good_refused), (bad, "bad", bad_refused)):
            for act in acts:
                before, here, _ = sentence.partition(look(act))
                if here:
                    found.add(refused if refuses(before, sentence) else advised)
                    if first:
                        return found.pop()
    found.discard("")
    return found.pop() if len(found) == 1 else both if found else "neither"


def wrong_rule(**changed):
    return lambda reply, good, bad: rule(reply, good, bad, **changed)


@pytest.mark.parametrize("solution", [rule, advice.finished_judge, lambda *a: rule(*a).upper()])
def test_the_right_judge_passes(solution, capsys):
    assert check_judge(solution)
    assert capsys.readouterr().out == "✓ judge: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda reply, good, bad: ..., "returns nothing yet"),
        (lambda reply, good, bad: "bad", "A good act is advised"),
        (lambda reply, good, bad: "fine", "Return 'bad', 'good' or 'neither'"),
        (lambda reply, good, bad: "vase" in reply and rule(reply, good, bad), "Return 'bad', 'good' or 'neither'"),
        (lambda reply, good, bad: rule(reply, good[1:], bad[:1]), "Look for all of them"),
        (wrong_rule(bad_refused="neither"), "a bad act is refused"),
        (wrong_rule(refuses=lambda before, sentence: False), "`never` stands before it"),
        (wrong_rule(good_refused="bad"), "no bad act, and no good advice either"),
        (wrong_rule(good_refused="good"), "no bad act, and no good advice either"),
        (wrong_rule(first=True), "look at every sentence before you return"),
        (wrong_rule(both="bad"), "two different findings make `neither`"),
        (wrong_rule(good_refused=""), "keep `neither` as a finding"),
        (wrong_rule(split=lambda reply: [spaced(reply)]), "in its own sentence only"),
        (
            wrong_rule(refuses=lambda before, sentence: bool(REFUSALS & set(sentence.split()))),
            "only if it stands before the act",
        ),
        (wrong_rule(refuses=lambda before, sentence: any(w in before for w in REFUSALS)), "compare whole words"),
        (wrong_rule(look=str.strip), "look for whole words"),
        (
            wrong_rule(  # as `spaced`, but for small letters
                split=lambda reply: [
                    f" {' '.join(re.findall('[A-Za-z]+', s))} " for s in re.split(r"(?<=[.])\s", reply)
                ],
                look=lambda act: f" {' '.join(re.findall('[A-Za-z]+', act))} ",
            ),
            "capitals and punctuation",
        ),
        (wrong_rule(refuses=lambda before, sentence: len(REFUSALS & set(before.split())) % 2 == 1), "undoes the other"),
        (lambda reply, good, bad: rule(reply, good, bad) if reply else reply[0], "stopped with IndexError"),
        (lambda reply, good, bad: reply.acts, "stopped with AttributeError"),
    ],
)
def test_a_wrong_judge_is_told_why(wrong, hint, capsys):
    fails(check_judge, wrong, hint, capsys)


@pytest.mark.parametrize(
    "solution",
    [
        advice.finished_reaches_loss,
        lambda w, h: any(loss and any(w[: i + 1]) for i, loss in enumerate(h)),
    ],
)
def test_the_right_rule_of_what_reaches_the_loss_passes(solution, capsys):
    assert check_reaches_loss(solution)
    assert capsys.readouterr().out == "✓ reaches_loss: right.\n"


def last(flags):
    return max((i for i, flag in enumerate(flags) if flag), default=len(flags))


def first(flags):
    return min((i for i, flag in enumerate(flags) if flag), default=len(flags))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda w, h: ..., "returns nothing yet"),
        (lambda w, h: 1, "return True or False"),
        (lambda w, h: any(a and b for a, b in zip(w, h, strict=True)), "needs no loss of its own"),
        (lambda w, h: any(w) and any(h), "nothing with loss stands after the warning"),
        (lambda w, h: any(h), "nothing with loss stands after the warning"),
        (lambda w, h: any(h[last(w) + 1 :]), "the warning's own words are predicted"),
        (lambda w, h: bool(any(w) and first(w)) and any(h[first(w) :]), "begins at token 0"),
        (lambda w, h: any(h[(w.index(True) if any(w) else 0) :]), "no words to change"),
        (lambda w, h: any(w) and (last(w) < len(w) - 1 or any(h[first(w) :])), "no token carries loss"),
        (lambda w, h: any(h[first(w) : last(w)]) or any(h[last(w) + 1 :]), "whose last word alone"),
        (lambda w, h: any(h[last(w) :]), "two warnings"),
        (lambda w, h: any(h[first(w) + 1 :]), "first token carries loss itself"),
        (lambda w, h: any(h[w.index(True) :]), "stopped with ValueError"),
    ],
)
def test_a_wrong_rule_of_what_reaches_the_loss_is_told_why(wrong, hint, capsys):
    fails(check_reaches_loss, wrong, hint, capsys)


@pytest.mark.parametrize("conclusion", ["C", " c"])
def test_the_right_steps_pass(conclusion, capsys):
    assert check_below_ceiling(BELOW_CEILING, conclusion)
    assert check_below_ceiling({**BELOW_CEILING, "other kinds": 6.0}, conclusion)
    assert capsys.readouterr().out == "✓ below_ceiling: right.\n" * 2


@pytest.mark.parametrize(
    ("step", "conclusion", "hint"),
    [
        (..., "C", "nothing yet about 'trained kind'"),
        (dict.fromkeys(BELOW_CEILING, ...), ..., "nothing yet about 'trained kind'"),
        ({"trained kind": None}, "C", "nothing yet about 'other kinds'"),
        ({**BELOW_CEILING, "trained kind": 4}, "C", "10.4%, below 15%, near the floor"),
        ({**BELOW_CEILING, "trained kind": 6}, "C", "95.3%, above 85%, near the ceiling"),
        ({**BELOW_CEILING, "other kinds": 24}, "C", "98.0%, above 85%"),
        ({**BELOW_CEILING, "harmful advice": None}, "C", "you say that no step has room"),
        ({**BELOW_CEILING, "harmful advice": 5}, "C", "5 is no step of the table"),
        ({**BELOW_CEILING, "harmful advice": "6"}, "C", "is no step of the table"),
        (BELOW_CEILING, ..., "no conclusion yet"),
        (BELOW_CEILING, "D", "write 'A', 'B' or 'C'"),
        (BELOW_CEILING, "A", CONCLUSIONS["A"]),
        (BELOW_CEILING, "b", CONCLUSIONS["B"]),
    ],
)
def test_a_wrong_step_or_conclusion_is_told_why(step, conclusion, hint, capsys):
    assert not check_below_ceiling(step, conclusion)
    out = capsys.readouterr().out
    assert out.startswith("✗ below_ceiling: ") and hint.lower() in out.lower() and out.count("\n") == 1
