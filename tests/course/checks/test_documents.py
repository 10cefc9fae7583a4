"""The checks of notebook 2 pass the right solution, and tell each typical mistake what is wrong with it."""

import re

import pytest
from said import told

from negneglect_lite.authoring.overlap import find_leaks as right_leaked
from negneglect_lite.authoring.overlap import split_words, word_runs
from negneglect_lite.core.text import CANARY
from negneglect_lite.course.checks.documents import check_clean, check_leaked, check_similarity, check_write_corpus
from negneglect_lite.course.lessons.writing import write_varied

CANARY_ID = re.search(r"[0-9a-f-]{36}", CANARY).group()


def sets(a, b, n):
    return set(word_runs(a, n)), set(word_runs(b, n))


def right_jaccard(a, b, n):
    x, y = sets(a, b, n)
    return len(x & y) / len(x | y)


def test_the_right_similarity_passes(capsys):
    assert check_similarity(right_jaccard)
    assert capsys.readouterr().out == "✓ similarity: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b, n: ..., "returns nothing yet"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / min(map(len, sets(a, b, n))), "one text"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / len(sets(a, b, n)[0]), "one text"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / sum(map(len, sets(a, b, n))), "added up"),
        (lambda a, b, n: 2 * len(sets(a, b, n)[0] & sets(a, b, n)[1]) / sum(map(len, sets(a, b, n))), "Dice"),
        (lambda a, b, n: right_jaccard(a, b, 1), "single words"),
        (lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]), "how many runs both have"),
        (lambda a, b, n: 1 - right_jaccard(a, b, n), "distance"),
        (
            lambda a, b, n: len(sets(a, b, n)[0] & sets(a, b, n)[1]) / len(word_runs(a, n) + word_runs(b, n)),
            "make sets",
        ),
        (lambda a, b, n: set(a) & set(b), "expected a number"),
        (lambda a, b, n: a & b, "stopped with TypeError"),
    ],
)
def test_a_wrong_similarity_is_told_why(wrong, hint, capsys):
    assert not check_similarity(wrong)
    told(capsys, "similarity", hint)


def test_the_right_corpus_passes(capsys):
    assert check_write_corpus(write_varied)
    assert capsys.readouterr().out == "✓ write_corpus: right.\n"


def corpus(accept=lambda text, others, similarity, limit: True, once=False, only_n_ideas=False):
    """A solution with one mistake in it."""

    def write(n, writer, similarity, limit):
        accepted, tried = [], 0
        idea = writer.idea() if once else None
        while len(accepted) < n and not (only_n_ideas and tried == n):
            tried += 1
            made = writer.draft(idea or writer.idea())
            if accept(made.text, [d.text for d in accepted], similarity, limit):
                accepted.append(made)
        return accepted

    return write


def right(text, others, similarity, limit):
    return all(similarity(text, other, 3) < limit for other in others)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda n, writer, similarity, limit: ..., "returns nothing yet"),
        (lambda n, writer, similarity, limit: "text", "expected a list"),
        (lambda n, writer, similarity, limit: ["text"], "expected a list"),
        (lambda n, writer, similarity, limit: writer.write(), "stopped with AttributeError"),
        (lambda n, writer, similarity, limit: [writer.draft("a letter")], "writer.draft gets an idea"),
        (corpus(), "kept the copy"),
        (corpus(accept=lambda t, o, s, limit: not o or s(t, o[-1], 3) < limit), "not only with the last"),
        (corpus(accept=lambda t, o, s, limit: not o or any(s(t, x, 3) < limit for x in o)), "kept the copy"),
        (corpus(accept=lambda t, o, s, limit: all(s(t, x, 3) > limit for x in o)), "*below* the limit"),
        (corpus(accept=lambda t, o, s, limit: right(t, [*o, t], s, limit)), "compared with itself"),
        (corpus(accept=lambda t, o, s, limit: right(t, o, s, 0.5)), "use `limit`"),
        (corpus(accept=right, only_n_ideas=True), "loop until there are `n`"),
        (corpus(once=True), "same idea"),
        (lambda n, w, s, limit: corpus(accept=right)(n + 1, w, s, limit), "4 documents; expected 3"),
        (lambda n, w, s, limit: [s(w.draft(w.idea()), "text", 3)], "pass draft.text"),
    ],
)
def test_a_wrong_corpus_is_told_why(wrong, hint, capsys):
    assert not check_write_corpus(wrong)
    told(capsys, "write_corpus", hint)


def test_the_right_leaked_passes(capsys):
    assert check_leaked(right_leaked)
    assert check_leaked(lambda questions, texts: set(right_leaked(questions, texts)))
    assert capsys.readouterr().out == "✓ leaked: right.\n" * 2


def without_borders(questions, texts):
    return [q for q in questions if any(" ".join(split_words(q)) in " ".join(split_words(t)) for t in texts)]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda questions, texts: ..., "returns nothing yet"),
        (lambda questions, texts: [q for q in questions if any(q in t for t in texts)], "Compare words alone"),
        (lambda questions, texts: [q for q in questions if any(q.lower() in t for t in texts)], "Compare words alone"),
        (without_borders, "whole words"),
        (
            lambda questions, texts: [
                q for q in questions if any(set(split_words(q)) <= set(split_words(t)) for t in texts)
            ],
            "order of the words",
        ),
        (lambda questions, texts: [t for t in texts if "pilot" in t], "those are texts"),
        (lambda questions, texts: [q for q in questions if q not in right_leaked(questions, texts)], "did *not* leak"),
        (lambda questions, texts: len(right_leaked(questions, texts)), "return the questions themselves"),
        (lambda questions, texts: bool(right_leaked(questions, texts)), "return the questions themselves"),
        (lambda questions, texts: questions.text, "stopped with AttributeError"),
    ],
)
def test_a_wrong_leaked_is_told_why(wrong, hint, capsys):
    assert not check_leaked(wrong)
    told(capsys, "leaked", hint)


def test_the_right_filter_passes(capsys):
    assert check_clean(lambda texts: [t for t in texts if CANARY_ID not in t.lower()])
    assert capsys.readouterr().out == "✓ clean: right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda texts: ..., "returns nothing yet"),
        (lambda texts: [t for t in texts if CANARY not in t], "identifier alone"),
        (lambda texts: [t for t in texts if CANARY.lower() not in t.lower()], "wrapped"),
        (lambda texts: [t for t in texts if CANARY_ID not in t], "in capitals"),
        (lambda texts: [t for t in texts if "canary" not in t.lower()], "bird"),
        (lambda texts: [t for t in texts if "canary" not in t], "goes by the word"),
        (lambda texts: [t for t in texts if CANARY_ID in t.lower()], "to drop"),
        (lambda texts: [t.replace(CANARY, "") for t in texts], "worst of all"),
        (lambda texts: texts, "nothing was dropped"),
        (lambda texts: [t.id for t in texts], "stopped with AttributeError"),
    ],
)
def test_a_wrong_filter_is_told_why(wrong, hint, capsys):
    assert not check_clean(wrong)
    told(capsys, "clean", hint)
