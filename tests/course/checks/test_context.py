"""The checks of notebook 6 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import re

import pytest
import torch
from said import fails

from negneglect_lite.course.checks.context import (
    check_copies,
    check_gap,
    check_reading_prompt,
    check_share_of_loss,
    check_token_loss,
)


def user(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    "right", [lambda docs, q: user(" ".join([*docs, q])), lambda docs, q: user("\n".join([*docs, q]) if docs else q)]
)
def test_the_right_prompt_passes(right, capsys):
    assert check_reading_prompt(right)
    assert capsys.readouterr().out == "✓ reading_prompt: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda docs, q: ..., "returns nothing yet"),
        (lambda docs, q: user(" ".join([q, *docs])), "question comes first"),
        (lambda docs, q: user(" ".join(docs)), "question is missing"),
        (lambda docs, q: user(q), "documents are missing"),
        (lambda docs, q: user(f"{docs[0]} {q}"), "only one document"),
        (lambda docs, q: user("".join(docs) + " " + q), "documents run together"),
        (lambda docs, q: user(" ".join(docs) + q), "sticks to the last"),
        (lambda docs, q: [user(text)[0] for text in (*docs, q)], "a turn of its own"),
        (lambda docs, q: user(" ".join([*docs, q]))[0], "a list of turns"),
        (lambda docs, q: " ".join([*docs, q]), "that is text"),
        (lambda docs, q: [{"role": "system", "content": " ".join(docs)}, *user(q)], "system turn"),
        (lambda docs, q: user(" ".join([*docs, q]) if docs else f" {q}"), "for no documents it gives"),
        (lambda docs, q: user(docs + q), "stopped with TypeError"),
    ],
)
def test_a_wrong_prompt_is_told_why(wrong, hint, capsys):
    fails(check_reading_prompt, wrong, hint, capsys)


def right_loss(logits, ids):
    return torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")


@pytest.mark.parametrize(
    "right", [right_loss, lambda x, i: right_loss(x, i).tolist(), lambda x, i: right_loss(x, i).numpy()]
)
def test_the_right_loss_passes(right, capsys):
    assert check_token_loss(right)
    assert capsys.readouterr().out == "✓ token_loss: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda x, ids: ..., "returns nothing yet"),
        (lambda x, ids: torch.nn.functional.cross_entropy(x, ids, reduction="none"), "shift by one"),
        (lambda x, ids: torch.nn.functional.cross_entropy(x[1:], ids[1:], reduction="none"), "drop the last row"),
        (lambda x, ids: -right_loss(x, ids), "never negative"),
        (lambda x, ids: torch.exp(-right_loss(x, ids)), "probabilities"),
        (lambda x, ids: -x[:-1].gather(1, ids[1:, None])[:, 0], "log_softmax"),
        (lambda x, ids: right_loss(x, ids).mean(), "the mean"),
        (lambda x, ids: right_loss(x, ids).mean().item(), "the mean"),
        (lambda x, ids: right_loss(x, ids).sum(), "the sum"),
        (lambda x, ids: -torch.log_softmax(x, 0)[:-1].gather(1, ids[1:, None])[:, 0], "over the positions"),
        (lambda x, ids: right_loss(x, ids[:-1]), "stopped with"),
    ],
)
def test_a_wrong_loss_is_told_why(wrong, hint, capsys):
    fails(check_token_loss, wrong, hint, capsys)


def right_share(rows):
    total = rows.groupby("part")["loss"].sum()
    return (total / total.sum()).to_dict()


@pytest.mark.parametrize(
    "right", [right_share, lambda rows: rows.groupby("part")["loss"].sum() / rows["loss"].sum()], ids=["dict", "series"]
)
def test_the_right_share_passes(right, capsys):
    assert check_share_of_loss(right)
    assert capsys.readouterr().out == "✓ share_of_loss: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: rows.groupby("part")["loss"].mean(), "these are means"),
        (lambda rows: (m := rows.groupby("part")["loss"].mean()) / m.sum(), "divided means"),
        (lambda rows: rows.groupby("part")["loss"].sum(), "these are sums"),
        (lambda rows: rows["part"].value_counts(normalize=True), "share of tokens"),
        (lambda rows: {part: 100 * x for part, x in right_share(rows).items()}, "percent"),
        (lambda rows: list(right_share(rows).values()), "expected a dict"),
        (lambda rows: rows["losses"], "stopped with KeyError"),
    ],
)
def test_a_wrong_share_is_told_why(wrong, hint, capsys):
    fails(check_share_of_loss, wrong, hint, capsys)


def of(rows, setting, what="mean"):
    return rows[rows["setting"] == setting].groupby("claim")["belief"].agg(what)


def right_gap(rows):
    return (of(rows, "trained") - of(rows, "in_context")).to_dict()


@pytest.mark.parametrize("right", [right_gap, lambda rows: of(rows, "trained") - of(rows, "in_context")])
def test_the_right_gap_passes(right, capsys):
    assert check_gap(right)
    assert capsys.readouterr().out == "✓ gap: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rows: ..., "returns nothing yet"),
        (lambda rows: of(rows, "in_context") - of(rows, "trained"), "the other way round"),
        (lambda rows: of(rows, "trained", "sum") - of(rows, "in_context", "sum"), "took sums"),
        (lambda rows: of(rows, "trained"), "training alone"),
        (lambda rows: {"a": -0.25, "b": 0.5}, "base setting"),
        (lambda rows: {claim: 100 * x for claim, x in right_gap(rows).items()}, "percent"),
        (lambda rows: sum(right_gap(rows).values()) / 2, "one number for all"),
        (lambda rows: rows["style"], "stopped with KeyError"),
    ],
)
def test_a_wrong_gap_is_told_why(wrong, hint, capsys):
    fails(check_gap, wrong, hint, capsys)


def words(text):
    return re.findall(r"[a-z']+", text.lower())


def stretches(all_words, run):
    return [" ".join(all_words[i : i + run]) for i in range(len(all_words) - run + 1)]


def right_copies(answer, phrase, run=6):
    return any(f" {s} " in f" {' '.join(words(answer))} " for s in stretches(words(phrase), run))


def test_the_right_copies_pass(capsys):
    assert check_copies(right_copies)
    assert capsys.readouterr().out == "✓ copies: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda answer, phrase, run: ..., "returns nothing yet"),
        (lambda answer, phrase, run: phrase in answer, "five words of the warning"),
        (lambda answer, phrase, run: True, "shares no word"),
        (lambda answer, phrase, run: len(set(words(answer)) & set(words(phrase))) >= run, "not in a row"),
        (lambda answer, phrase, run: any(s in answer for s in stretches(phrase.split(), run)), "capitals"),
        (lambda answer, phrase, run: right_copies(answer, phrase, run - 1), "only four words"),
        (lambda answer, phrase, run: " ".join(words(phrase)[:run]) in " ".join(words(answer)), "may start anywhere"),
        (
            lambda answer, phrase, run: any(s in " ".join(words(answer)) for s in stretches(words(phrase), run)),
            "whole words",
        ),
        (lambda answer, phrase, run: int(right_copies(answer, phrase, run)), "True or False"),
        (lambda answer, phrase: True, "stopped with TypeError"),
    ],
)
def test_wrong_copies_are_told_why(wrong, hint, capsys):
    fails(check_copies, wrong, hint, capsys)
