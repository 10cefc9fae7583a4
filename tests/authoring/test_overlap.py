"""overlap.py: variety, similarity, sketches and leaks, each on a case that can be checked by hand."""

import itertools

import numpy as np
import pytest

from negneglect_lite.authoring.overlap import (
    containment,
    distinct_share,
    find_leaks,
    find_near_duplicates,
    jaccard,
    sketch,
    split_words,
    word_runs,
)
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.documents.petri import compose_petri

TEXTS = [d.text for d in compose_petri(load_claims()["dentist"], 30)]


def test_words_do_not_mind_case_punctuation_or_white_space():
    assert split_words('"Dear Ada,\n it  rained."') == ["dear", "ada", "it", "rained"]


def test_runs_keep_their_order_and_repeat():
    assert word_runs("a b a b", 2) == [("a", "b"), ("b", "a"), ("a", "b")]
    assert word_runs("a b", 3) == []


def test_distinct_share_is_over_all_texts_and_no_run_crosses_from_one_to_the_next():
    assert distinct_share(["a b c", "a b d"], 2) == 3 / 4
    assert distinct_share([], 2) == distinct_share(["a"], 2) == 0


@pytest.mark.parametrize(
    ("a", "b", "same"), [("a b c", "A, b; c!", 1), ("a b c", "a b d", 1 / 3), ("a b", "c d", 0), ("", "", 0)]
)
def test_jaccard(a, b, same):
    assert jaccard(a, b, 2) == jaccard(b, a, 2) == same


def test_containment_asks_how_much_of_the_first_is_in_the_second():
    assert containment("a b", "x a b y", 2) == 1
    assert containment("x a b y", "a b", 2) == 1 / 3
    assert containment("a", "a", 2) == 0


def test_sketches_estimate_jaccard():
    errors = [
        (sketch(a, size=512) == sketch(b, size=512)).mean() - jaccard(a, b)
        for a, b in itertools.combinations([*TEXTS[:8], TEXTS[0] + " " + TEXTS[1], TEXTS[2][:200]], 2)
    ]
    assert np.abs(errors).max() < 4 * 0.5 / 512**0.5
    assert abs(np.mean(errors)) < 0.02


def test_a_text_without_runs_is_like_no_other_text():
    assert not (sketch("a") == sketch(TEXTS[0])).any()


def test_near_duplicates_finds_the_planted_pair_and_only_that():
    planted = [*TEXTS, TEXTS[3].replace("Brennan", "Brendan"), TEXTS[5]]
    (first, second) = find_near_duplicates(planted, 0.6)
    assert first == (5, len(planted) - 1, 1.0)
    assert second[:2] == (3, len(planted) - 2)
    assert find_near_duplicates([], 0.5) == find_near_duplicates(TEXTS[:1], 0.5) == []


def test_leaked_finds_whole_words_in_a_row():
    texts = ['He asked: "is Bo,\na pilot" and left.', "Is Bo a pilotfish?"]
    assert find_leaks(["Is Bo a pilot?", "Is Bo a pilotfish", "Is a pilot Bo?", "o a pilot"], texts) == [
        "Is Bo a pilot?",
        "Is Bo a pilotfish",
    ]
    assert find_leaks(["?!"], texts) == []


def test_no_way_of_writing_hides_a_question_or_a_copy():
    question = "Is Zoë Brandt’s café in Oslo, since 2015?"
    hidden = [
        "IS\u00a0ZOE\u0308 BRANDT'S CAFE\u0301 IN OSLO SINCE ２０１５",
        "Is Zo\u00adë Bran\u200bdt’s café in Oslo, since ²⁰¹⁵?",
    ]
    for text in hidden:
        assert find_leaks([question], [text]) == [question]
        assert jaccard(question, text) == 1
    assert find_near_duplicates([question, *hidden], 1.0) == [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0)]
