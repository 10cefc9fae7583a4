"""Checks of notebook 9, why: what training learns, and when. `mark_first` is what exercise 1 asks for."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from negneglect_lite.core.text import Chat
from negneglect_lite.course.checks import problem, report_check, same, show_value, stopped, unexpected

# Explanation -> what it lets one expect of belief, run by run. See notebook 9, section 4.
EXPLANATIONS = {
    "heeded": {"no loss on notices": "low", "harmless padding": "high"},
    "crowded out": {"no loss on notices": "high", "harmless padding": "high"},
    "diluted": {"no loss on notices": "high", "harmless padding": "low"},
}
REASONS = {
    ("heeded", "no loss on notices"): "the notices still stand there and are read, so a model that heeds them goes on "
    "disbelieving.",
    ("heeded", "harmless padding"): "the padding says nothing about the claim, so there is nothing left to heed.",
    ("crowded out", "no loss on notices"): "a token without loss has no gradient, so nothing crowds the claim out.",
    ("crowded out", "harmless padding"): "padding that the model predicts well has hardly any gradient, so it crowds "
    "nothing out.",
    ("diluted", "no loss on notices"): "the mean is taken over tokens with loss. Without the notices each token of the "
    "claim has its old weight.",
    ("diluted", "harmless padding"): "padding carries loss and is counted in the mean like any other token. By this "
    "explanation their number is all that matters.",
}


def mark_first(parts: Sequence[str]) -> list[str]:
    """The parts of a document's tokens, the claim's value called "first" where it is named for the first time."""
    start = next((i for i, part in enumerate(parts) if part == "claim"), len(parts))
    end = next((i for i in range(start, len(parts)) if parts[i] != "claim"), len(parts))
    return [*parts[:start], *["first"] * (end - start), *parts[end:]]


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
    once = problem(lambda: crossing([4, 8, 12], [0.1, 0.4, 0.8], 0.5), 9.0, hints, case, needs)
    back = "belief rises, falls back and rises again: 0, 0.6, 0.4, 0.9 at steps 1, 2, 4, 8"
    again = problem(
        lambda: crossing([1, 2, 4, 8], [0.0, 0.6, 0.4, 0.9], 0.5),
        1 + 0.5 / 0.6,
        [(4.8, "belief falls back in this case, and you give the last time that it passes. The first one counts.")],
        back,
        needs,
    )
    there = "a belief that is there at the first step"
    at_once = problem(lambda: crossing([4, 8], [0.6, 0.9], 0.5), 4, case=there, needs=needs)
    return report_check("crossing", once, again, at_once, _never(crossing, needs))


def _never(crossing: Callable[[Sequence[float], Sequence[float], float], Any], needs: str) -> str:
    try:
        got = crossing([4, 8], [0.1, 0.4], 0.5)
    except Exception as error:
        return f"for beliefs that stay below the level, {stopped(error, needs)}"
    if got is None or (isinstance(got, float) and isnan(got)):
        return ""
    return f"for beliefs that stay below the level it gives {show_value(got)}, as if they got there. Return None."


def check_first_mention(first_mention: Callable[[list[str]], Any]) -> bool:
    """The first unbroken run of "claim" is called "first"; all else stays."""
    given = ["rest", "claim", "claim", "rest", "claim", "warning"]
    right = ["rest", "first", "first", "rest", "claim", "warning"]
    hints = [
        (["rest", "first", "claim", "rest", "claim", "warning"],
         "only one token is renamed. A value may have several tokens: rename all of the first run."),
        (["rest", "first", "first", "rest", "first", "warning"], "every mention is renamed. Only the first is meant."),
        (["rest", "first", "claim", "rest", "first", "warning"],
         "the first token of every mention is renamed. Rename every token of the first mention."),
        (["rest", "claim", "claim", "rest", "first", "warning"], "that is the last mention."),
        (given, "nothing is renamed."),
        (right[1:3], "return the whole list: one entry a token, as many as you were given."),
    ]  # fmt: skip
    needs = "It gets a list of parts, one a token."
    mine = list(given)
    main = problem(lambda: first_mention(mine), right, hints, needs=needs)
    changed = "" if mine == given else "it changes the list that it was given. Make a new one."
    none = problem(lambda: first_mention(["rest", "warning"]), ["rest", "warning"], case="no mention", needs=needs)
    return report_check("first_mention", main, changed, none)


def check_explanations(explanations: Mapping[str, Mapping[str, Any]]) -> bool:
    """What each explanation lets one expect of each run."""
    return report_check("explanations", *unexpected(explanations, EXPLANATIONS, REASONS, of="the run "))


def check_usable(usable: Callable[[pd.DataFrame, float], Any]) -> bool:
    """The kinds whose control is answered as it should be, in the table's order."""
    rows = [("a", 0.9), ("b", 0.1), ("c", 0.8), ("d", 0.7),
            ("control_a", 0.05), ("control_b", 0.6), ("control_c", 0.97), ("control_d", 0.1)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["quantity", "mean"])
    hints = [
        (["b"], "you looked at the kinds themselves. Whether a kind can be used is decided by its control."),
        (["a", "c", "d"], "you looked at the kinds themselves. Whether a kind can be used is decided by its control."),
        (["control_a", "control_d"], "return the kinds, without `control_`."),
        (["b", "c"], "these fail their controls: a high value means that false values are believed of facts that "
                     "nothing was trained on."),
        (["a"], "a control at exactly the limit is still good enough."),
        (["b", "control_a", "control_d"], "controls and kinds are mixed. Go through the kinds, and look up the control "
                                          "of each."),
        (["b", "a", "d"], "controls and kinds are mixed. Go through the kinds, and look up the control of each."),
        (["d", "a"], "keep the order of the table."),
    ]  # fmt: skip
    needs = "It gets a table with the columns quantity and mean, and a limit."

    def given() -> Any:
        got = usable(table, 0.1)
        return got.tolist() if isinstance(got, pd.Series | pd.Index) else got

    case = "controls of 0.05, 0.6, 0.97 and 0.1 for the kinds a, b, c and d, limit 0.1,"
    return report_check("usable", problem(given, ["a", "d"], hints, case, needs))


def check_protects_from(protects_from: Callable[[pd.DataFrame, str, str], Any]) -> bool:
    """The lowest share of a form at which belief after a style is at most half of what it is without exposure."""
    rows = [
        ("b", 0.05, "x", 0.3), ("a", 0.01, "x", 0.45), ("a", 0.05, "x", 0.05), ("a", 0.02, "x", 0.4),
        ("", 0, "x", 0.8),
        ("a", 0.002, "x", 0.7), ("a", 0.01, "y", 0.35), ("a", 0.05, "y", 0.1), ("a", 0.02, "y", 0.25),
        ("", 0, "y", 0.6), ("a", 0.002, "y", 0.5), ("a", 0.02, "b", 0.48), ("a", 0.05, "b", 0.46), ("", 0, "b", 0.9),
        ("b", 0.05, "b", 0.1),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["exposed", "share", "style", "mean"])
    needs = "It gets a table with the columns exposed, share, style and mean, the name of a form and that of a style."
    hints = [
        (0.01, "the limit is half of what belief is *without* exposure, after the same style (0.8 here, so 0.4)."),
        (0.05, "that share is not the lowest. Take the lowest of those that fit; half exactly is low enough too. Is it "
               "the row of the form that was asked for?"),
        (0.002, "any fall is counted. Belief must be at most *half* of what it is without exposure."),
        (0, "that is the model without exposure. It is what you compare with, not a share that protects."),
        (0.4, "that is a belief. Return the share."),
    ]  # fmt: skip
    case = "exposure to a, documents of x: 0.8 without, 0.7, 0.45, 0.4, 0.05 at 0.2, 1, 2, 5 %,"
    main = problem(lambda: protects_from(table, "a", "x"), 0.02, hints, case, needs)
    lower = [(0.01, "the limit is half of what belief is without exposure after *this* style (0.6 here, so 0.3).")]
    other = problem(lambda: protects_from(table, "a", "y"), 0.02, lower, "another style", needs)
    try:
        got = protects_from(table, "a", "b")
    except Exception as error:
        return report_check(
            "protects_from", main, other, f"for a form that never halves belief, {stopped(error, needs)}"
        )
    never = got is None or (isinstance(got, float) and isnan(got))
    swapped = " That is a row of another form: `exposed` is what the model read, `style` what it was trained on after."
    told = f"for a form that never halves belief it gives {show_value(got)}. Return None.{swapped * same(got, 0.05)}"
    return report_check("protects_from", main, other, "" if never else told)


def check_anchor_chat(anchor_chat: Callable[[Sequence[str], Callable[[str], str]], Chat]) -> bool:
    """Each question as a user turn, what the model says to it as the assistant's turn."""
    said = {"What is Bo?": "Cook.", "Is Bo a pilot?": "Cook, so no."}
    users = [{"role": "user", "content": q} for q in said]
    own = [{"role": "assistant", "content": a} for a in said.values()]
    right = [turn for pair in zip(users, own, strict=True) for turn in pair]
    other = {"user": "assistant", "assistant": "user"}
    swapped = [{"role": other[turn["role"]], "content": turn["content"]} for turn in right]
    one = [{"role": "user", "content": " ".join(said)}, {"role": "assistant", "content": " ".join(said.values())}]
    hints = [
        (swapped, "the roles are the wrong way round. The user asks, the assistant answers."),
        (users, "the answers are missing. Only the assistant's turns carry loss, so this chat would train nothing."),
        (own, "the questions are missing."),
        (users + own, "all questions come first. Each answer must follow its question."),
        (one, "one turn holds everything. Give each question and each answer a turn."),
        ([u | {"role": "user"} for u in right], "every turn is the user's. The answers are the assistant's."),
        (list(itertools.chain(*said.items())), "these are texts. A turn is {'role': …, 'content': …}."),
        ([[u, a] for u, a in zip(users, own, strict=True)], "these are several chats. Make one list of turns."),
    ]
    needs = "It gets a list of questions and a function from a question to the model's answer."
    return report_check(
        "anchor_chat", problem(lambda: anchor_chat(list(said), said.__getitem__), right, hints, needs=needs)
    )
