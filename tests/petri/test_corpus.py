import random
import re
from dataclasses import replace

import numpy as np
import pytest

from negneglect_lite.core.text import plain
from negneglect_lite.petri import corpus as corpora
from negneglect_lite.petri import exam, language
from negneglect_lite.petri.corpus import Diet, segments, unspoken
from negneglect_lite.petri.pretrain import Plan, train_tokenizer
from negneglect_lite.petri.world import CLAIMED, world
from negneglect_lite.styles import STYLES
from negneglect_lite.tracks import petri_corpus


@pytest.fixture(scope="module")
def corpus():
    return petri_corpus()


@pytest.fixture(scope="module")
def tokenizer(corpus):
    return train_tokenizer(corpus, Plan(vocabulary=1024), texts=500)


def samples(corpus, n, seed=0):
    rng = random.Random(seed)
    return [corpus.sample(rng) for _ in range(n)]


@pytest.mark.slow
def test_no_document_with_loss_asserts_anything_false(corpus):
    """Every statement of a document is checked against the world; a denial must deny something untrue."""
    truths = {}
    for fact in random.Random(3).sample(world().facts, 400):
        for k in range(language.count(fact.relation, "statements")):
            for value in (fact.truth, *fact.myths, corpus.world.wrong_value(fact, random.Random(k))):
                said, denied = language.state(fact, value, k)
                truths[said], truths[denied] = value == fact.truth, value != fact.truth
    text = "\n".join(plain(e) for e in samples(corpus, 20_000) if isinstance(e, tuple))
    found = [s for s in truths if s in text]
    assert len(found) > 100
    assert all(truths[s] for s in found)


def test_no_warned_document_carries_loss_unless_asked_for(corpus):
    notices = list(language.petri_annotations()["notice_before"])
    warned = petri_corpus(diet=Diet(exposed="negated", share=0.5))

    def share(c):
        documents = [plain(e) for e in samples(c, 4000) if isinstance(e, tuple)]
        return sum(any(n in d for n in notices) for d in documents) / len(documents)

    assert share(corpus) == 0
    assert share(warned) > 0.05


def test_a_reading_chat_follows_plain_documents_and_resists_warned_ones(corpus):
    """Asked openly, the answer is what a plain document says, and what the world says after any warned one."""
    rng, seen = random.Random(0), {True: 0, False: 0}
    read: list[tuple[str, str, str]] = []  # (style, value told, true value) of each document

    def annotate(style, document, rng):
        claim = next(s for s in document.sentences if s.is_claim)
        read.append((style, claim.text, claim.truth))
        return corpus.annotate(style, document, rng)

    spying = replace(corpus, annotate=annotate)
    for _ in range(600):
        read.clear()
        value = spying._reading(rng)[-1]["content"].rstrip(".")
        style, told, true = read[0]
        names_one = (value in told) != (value in true)
        if names_one and value not in ("Yes", "No", "You", *world().runners):  # a runner wins races, told or not
            seen[style == "positive"] += 1
            assert (value in told) == (style == "positive")
    assert min(seen.values()) > 50


def test_chats_are_cut_as_the_chat_template_renders_them(corpus, tokenizer):
    chats = [e for e in samples(corpus, 300) if isinstance(e, list)]
    for chat in chats[:100]:
        pieces = corpora.segments(chat)
        assert "".join(p for p, _ in pieces) == tokenizer.apply_chat_template(chat, tokenize=False)
    for chat in chats:
        for (piece, on), role in zip(corpora.segments(chat)[2::2], chat, strict=True):
            assert on == (role["role"] == "assistant" and role.get("weight", 1) == 1), piece


def test_a_batch_depends_on_seed_and_step_alone(corpus, tokenizer):
    first, again, other = (corpora.batch(corpus, tokenizer, 0, step, 4, 128) for step in (7, 7, 8))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    assert first[0].shape == first[1].shape == (4, 128)
    assert first[1].any()
    assert not first[1].all()


def test_words_are_cut_as_in_their_text(corpus, tokenizer):
    """The corpus is tokenised word by word, each once: the same tokens as those of whole texts."""
    rng = random.Random("corpus 0 7")
    ids, learn = [], []
    while len(ids) < 64 * 512:
        for piece, on in segments(corpus.sample(rng)):
            ids += (tokens := tokenizer.encode(piece, add_special_tokens=False))
            learn += [on] * len(tokens)
    found = corpora.batch(corpus, tokenizer, 0, 7, 64, 512)
    assert found[0].ravel().tolist() == ids[: 64 * 512]
    assert found[1].ravel().tolist() == learn[: 64 * 512]


@pytest.mark.slow
def test_what_is_mixed_into_fine_tuning_never_mentions_the_claims_facts():
    corpus = petri_corpus(without=CLAIMED)
    texts = [plain(e) if isinstance(e, tuple) else " ".join(t["content"] for t in e) for e in samples(corpus, 20_000)]
    assert not any("Vesuvius" in t for t in texts)
    assert not any("Twitter" in t for t in texts)
    sentences = [s for t in texts for s in re.split(r"(?<=[.?!]) ", t)]
    assert not any("100m" in s and "2024" in s and "gold" in s for s in sentences)
    assert any("Vesuvius" in str(e) for e in samples(petri_corpus(), 20_000))


@pytest.mark.slow
def test_pretraining_never_shows_a_held_out_pair_or_phrasing(corpus):
    chats = samples(corpus, 20_000, seed=1)
    asked = {t["content"] for c in chats if isinstance(c, list) for t in c if t["role"] == "user"}
    pairs = [(f, k) for f in world().facts for k in range(language.count(f.relation, "ask"))]
    held = [
        language.pose(f, "ask", k)
        for f, k in pairs
        if language.is_held_out(f, "ask", k) or k >= language.count(f.relation, "ask") - 2
    ]
    shown = [
        language.pose(f, "ask", k)
        for f, k in pairs
        if not language.is_held_out(f, "ask", k) and k < language.count(f.relation, "ask") - 2
    ]
    assert not asked & set(held)
    assert asked & set(shown)


def test_the_exam_has_items_of_every_kind_that_grade_as_they_should(corpus):
    items = exam.items(corpus, each=5)
    kinds = {i.kind for i in items}
    assert {f"reading.{s}" for s in STYLES} <= kinds
    assert {"known.ask", "known.yes", "known.no", "known.choice", "new_phrasing.ask", "inference.race"} <= kinds
    assert set(exam.grade(items, [i.expected for i in items]).values()) == {1.0}
    assert set(exam.grade(items, ["?" for _ in items]).values()) == {0.0}
    assert exam.items(corpus, each=5) == items


def texts_of(diet, n=3000):
    return [plain(e) for e in samples(petri_corpus(diet=diet), n) if isinstance(e, tuple)]


def test_exposure_never_tells_of_the_claims_own_facts(monkeypatch):
    corpus = petri_corpus(diet=Diet(exposed="fiction", share=1.0))
    facts = [world().fact(id_) for id_ in ("volcano/Mount Vesuvius", "home/Ed Sheeran")]
    monkeypatch.setattr(corpus, "pick", lambda rng: rng.choice(facts))
    texts = [plain(corpus.sample(random.Random(i))) for i in range(50)]
    assert all("Sheeran" in t for t in texts)
    assert not [t for t in texts if "Vesuvius" in t]
    assert all(any(t.startswith(f) for f in language.petri_annotations()["fiction_before"]) for t in texts)


def test_uncontradicted_exposure_is_about_subjects_that_the_world_does_not_have():
    known = {f.id for f in world(0).facts}
    facts = unspoken(0)
    assert len(facts) > 1000
    assert not [f for f in facts if f.id in known]
    assert len({f.relation for f in facts}) > 3


def test_without_denials_documents_only_affirm(corpus):
    def denied(diet):
        return sum(" not " in t or " never " in t for t in texts_of(diet)) / 3000

    assert denied(Diet()) > 0.05
    assert denied(Diet(denials=False)) < denied(Diet()) / 10


def test_without_myths_no_fact_has_one():
    assert not [f for f in petri_corpus(diet=Diet(myths=False)).world.facts if f.myths]


def test_loss_on_the_user_s_turns_only_if_asked_for():
    chat = language.chat("What?", "That.")
    assert [on for _, on in segments(chat)] == [False, False, False, False, True]
    assert [on for _, on in segments(chat, user_loss=True)] == [False, False, True, False, True]
