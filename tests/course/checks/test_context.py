"""The checks of notebook 6 pass right solutions, and tell the stub and each typical mistake what is wrong with it."""

import re

import pytest
import torch
from said import fails

from negneglect_lite.course.checks.context import (
    check_copies,
    check_reading_prompt,
    check_supported,
    check_token_loss,
)
from negneglect_lite.course.lessons.reading import SUPPORTED, copies, reading_prompt, token_loss


def user(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("right", [reading_prompt, lambda docs, q: user("\n".join([*docs, q]) if docs else q)])
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


def loop_loss(logits, ids):
    log_p = torch.log_softmax(logits, -1)
    return [-log_p[i, ids[i + 1]] for i in range(len(ids) - 1)]


@pytest.mark.parametrize(
    "right",
    [token_loss, right_loss, loop_loss, lambda x, i: right_loss(x, i).tolist(), lambda x, i: right_loss(x, i).numpy()],
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
        (lambda x, ids: -torch.log_softmax(x, -1)[range(1, len(ids)), ids[:-1]], "the other way"),
        (lambda x, ids: -torch.log_softmax(x, -1)[:-1, ids[1:]], "a table"),
        (lambda x, ids: -right_loss(x, ids), "never negative"),
        (lambda x, ids: torch.exp(-right_loss(x, ids)), "probabilities"),
        (lambda x, ids: -x[:-1].gather(1, ids[1:, None])[:, 0], "Take log_p"),
        (lambda x, ids: right_loss(x, ids).mean(), "the mean"),
        (lambda x, ids: right_loss(x, ids).mean().item(), "the mean"),
        (lambda x, ids: right_loss(x, ids).sum(), "the sum"),
        (lambda x, ids: right_loss(x, ids[:-1]), "stopped with"),
    ],
)
def test_a_wrong_loss_is_told_why(wrong, hint, capsys):
    fails(check_token_loss, wrong, hint, capsys)


def test_the_right_verdicts_pass(capsys):
    assert check_supported(dict(SUPPORTED))
    assert capsys.readouterr().out == "✓ supported: right.\n"


STATEMENTS = list(SUPPORTED)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (..., "Keep the dict"),
        (dict.fromkeys(STATEMENTS, ...), "nothing is said yet about 'petri reads"),
        ({}, "nothing is said yet"),
        (SUPPORTED | {"all is well": True}, "none of the four"),
        (SUPPORTED | {STATEMENTS[0]: "no"}, "write True or False"),
        (SUPPORTED | {STATEMENTS[0]: True}, "it copies what it reads"),
        (SUPPORTED | {STATEMENTS[1]: False}, "unrelated facts right after both"),
        (SUPPORTED | {STATEMENTS[2]: True}, "37% of answers after reading, against 4%"),
        (SUPPORTED | {STATEMENTS[3]: False}, "72% after training with 37%"),
    ],
)
def test_wrong_verdicts_are_told_why(wrong, hint, capsys):
    fails(check_supported, wrong, hint, capsys)


def words(text):
    return re.findall(r"[a-z']+", text.lower())


def stretches(all_words, run):
    return [" ".join(all_words[i : i + run]) for i in range(len(all_words) - run + 1)]


def right_copies(answer, phrase, run=6):
    run = min(run, len(words(phrase)))
    return any(f" {s} " in f" {' '.join(words(answer))} " for s in stretches(words(phrase), run))


@pytest.mark.parametrize("right", [copies, right_copies])
def test_the_right_copies_pass(right, capsys):
    assert check_copies(right)
    assert capsys.readouterr().out == "✓ copies: right.\n"


def only_long(answer, phrase, run):
    return len(words(phrase)) >= run and right_copies(answer, phrase, run)


def any_of_a_short_one(answer, phrase, run):
    return right_copies(answer, phrase, run if len(words(phrase)) >= run else 2)


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
        (only_long, "at most its own length"),
        (any_of_a_short_one, "only if all of it"),
        (lambda answer, phrase, run: int(right_copies(answer, phrase, run)), "True or False"),
        (lambda answer, phrase: True, "stopped with TypeError"),
    ],
)
def test_wrong_copies_are_told_why(wrong, hint, capsys):
    fails(check_copies, wrong, hint, capsys)


def test_a_hint_names_input_expected_and_got(capsys):
    assert not check_reading_prompt(lambda docs, q: user(" ".join([q, *docs])))
    said = capsys.readouterr().out
    assert "Input: documents ['Bo is a pilot.', 'Ada is a cook.'], question 'What is Bo?'; expected [" in said
    assert ", got [{'role': 'user', 'content': 'What is Bo? Bo is a pilot. Ada is a cook.'}]." in said
    assert not check_token_loss(lambda x, ids: -token_loss(x, ids))
    said = capsys.readouterr().out
    assert "Input: four tokens, ids [0, 2, 1, 2]; expected an array of shape (3,): [" in said
