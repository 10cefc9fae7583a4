"""What is worked out quicker is what it was: words one by one and by their sentence, rules at once and each by itself,
notices together and one after the other."""

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench_audit import part_of
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.curating import audit, rules, words
from negneglect_lite.curating.audit import audit_text, claims_of, find_notices
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.covering import cover
from negneglect_lite.curating.learned import MOST_TOKENS, NOTHING, TOKEN, judge, word_features, word_logits
from negneglect_lite.curating.linking import link_features
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.words import LONG_WORD, STOP, TRAITS, TWO_LONG_WORDS, content_words, traits

TEXTS = [row["text"] for row in read_benchmark("documents") if part_of(row["id"]) == "mended"][:24]
PIECES = [
    "the story",
    "never",
    "ed",
    "n’t",
    "don't",
    "5",
    "£",
    "§",
    "“Ay”",
    "_",
    "É",
    "ß's",
    "a.b",
    "x" * 50,
    "3pm",
    ":",
]
JOINTS = [" ", " ", "  ", "\xa0", "\t", "-", ""]


def odd_sentences(n: int) -> Iterator[str]:
    rng = random.Random(0)
    for _ in range(n):
        yield "".join(rng.choice(PIECES) + rng.choice(JOINTS) for _ in range(rng.randrange(1, 90)))


SENTENCES = [*(own for text in TEXTS for own in Page(text).read), *odd_sentences(300), "", " "]


def test_words_one_by_one_are_those_of_the_sentence() -> None:
    for own in SENTENCES:
        by_sentence = {w.lower()[:6] for w in LONG_WORD.findall(own) if w.lower() not in STOP}
        assert content_words(own.split()) == by_sentence
        assert traits(own.split()) == {name for name, pattern in TRAITS.items() if pattern.search(own)}
        assert bool(TWO_LONG_WORDS.search(own)) == (len(LONG_WORD.findall(own)) > 1)


def test_tokens_one_by_one_are_those_of_the_sentence() -> None:
    found, begins = word_features([own.split() for own in SENTENCES])
    sizes = np.diff(begins, append=len(found))
    assert sizes.tolist() == [len(TOKEN.findall(own.lower())[:MOST_TOKENS] or [""]) for own in SENTENCES]
    assert found.min() >= 0 and found.max() == NOTHING


def test_sentences_are_scored_together_as_one_by_one() -> None:
    together = word_logits([own.split() for own in SENTENCES])
    apart = np.concatenate([word_logits([own.split()]) for own in SENTENCES])
    assert np.array_equal(together, apart)
    assert len(np.unique(together[:, 0])) > 100


def test_what_is_remembered_of_words_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def tell(word: str) -> list[str]:
        asked.append(word)
        return [word.upper()]

    told = words.PerWord(tell)
    monkeypatch.setattr(words, "KEPT_WORDS", 3)
    long = "x" * (words.SHORT + 1)
    assert list(told(["a", "b", "a", long, long, "c", "d", "a"])) == ["A", "B", "A", *[long.upper()] * 2, "C", "D", "A"]
    assert asked == ["a", "b", long, long, "c", "d", "a"]  # a long one is not kept, and "d" found no room
    assert len(told) <= 3


def test_rules_at_once_are_each_by_itself() -> None:
    """All that are found together are those that Python's re finds one by one; a rule's words are all filled in."""
    load = rules.load_rules()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "re2", None)
        rules.load_rules.cache_clear()
        by_itself = rules.load_rules()
    rules.load_rules.cache_clear()
    parodies = ["The story is a parody.", "This text was a spoof."]  # {text} and no {untrue}
    for own in [*SENTENCES, *parodies]:
        assert load.found(own) == by_itself.found(own), own
    assert all("fiction 1" in load.found(own) for own in parodies)
    names = {rule.name for rule in load.patterns} | {"untrue", *load.points, *rules.SINGLE}
    kinds = read_yaml(Path(rules.__file__).with_name("notices.yaml"))["kinds"]
    assert len(load.patterns) == sum(map(len, kinds.values()))
    assert set().union(*map(load.found, SENTENCES)) <= names


def test_notices_are_linked_together_as_one_by_one() -> None:
    linked = 0
    for text in TEXTS:
        page = Page(text)
        notices = list(find_notices(page, {}))
        stated, near, _ = claims_of(page, notices)
        if not notices or not stated.all:
            continue
        guessed = [cover(notice, near)[0] for notice in notices]
        together = link_features(notices, stated, guessed)
        apart = [link_features([n], stated, [places]) for n, places in zip(notices, guessed, strict=True)]
        assert np.array_equal(together, np.concatenate(apart))
        assert np.allclose(judge("link", together), np.concatenate([judge("link", x) for x in apart]), atol=1e-6)
        linked += len(notices)
    assert linked > 5


def test_many_claims_are_linked_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(map(audit_text, TEXTS))
    monkeypatch.setattr(audit, "PAIRS_AT_ONCE", 1)
    assert list(map(audit_text, TEXTS)) == whole
    assert sum(len(one.notices) > 1 and bool(one.findings) for one in whole) > 3


def test_a_long_sentence_is_read_at_its_beginning() -> None:
    text = f"The text below is false. {'Big men won a race and ' * 200} none was there. A man won."
    page = Page(text)
    assert [len(own) for own in page.read] == [24, 2000, 10]
    assert "denies" not in traits(page.words[1]) and "denies" in traits(page.all_words[1])
    assert re.fullmatch("A man won.", page.read[2])
    assert page.found_at(page.places[1]) == rules.load_rules().found(text[slice(*page.places[1])])
