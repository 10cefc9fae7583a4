import random
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import re2

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import plain
from negneglect_lite.experiments.key import digest
from negneglect_lite.petri import corpus as corpora
from negneglect_lite.petri import exam, language
from negneglect_lite.petri.corpus import Diet, few_facts, segments, unspoken
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
    found = found_in(text, list(truths))
    assert len(found) > 100
    assert all(truths[s] for s in found)


def found_in(text, sentences):
    """Those that stand in the text. All are looked for at once: one after the other, 90,000 take a minute."""
    options = re2.Options()
    options.literal, options.max_mem = True, 2**29
    wanted = re2.Set.SearchSet(options)
    for sentence in sentences:
        wanted.Add(sentence)
    wanted.Compile()
    return [sentences[i] for i in wanted.Match(text)]


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


EARLIER = {  # diet -> hash of 400 of its texts, by the code before diets had the fields that follow below
    "standard": (Diet(), "3ae4acf93efe3c66"),
    "exposed": (Diet(exposed="negated", share=0.5), "18ff380664a00831"),
    "uncontradicted": (Diet(exposed="negated", share=0.5, contradicted=False), "b862e1b36fd4fa85"),
    "without denials": (Diet(denials=False), "e48b9b496a5ab926"),
    "without myths": (Diet(myths=False), "98c87cfc25df21ac"),
    "norms": (Diet(norms=0.5), "f30c34272749ee95"),
}


@pytest.mark.parametrize("name", EARLIER)
def test_earlier_diets_have_the_texts_that_they_had(name):
    diet, expected = EARLIER[name]
    drawn, rng = petri_corpus(diet=diet), random.Random("earlier")
    texts = [t if isinstance(t, list) else [s.text for s in t] for t in (drawn.sample(rng) for _ in range(400))]
    assert digest(texts)[:16] == expected


def test_earlier_kinds_of_the_exam_have_the_items_that_they_had(corpus):
    earlier = [i for i in exam.items(corpus, each=2) if i.kind.split(".")[0] not in ("unrelated", "elsewhere")]
    assert digest(earlier)[:16] == "1a15caf4558e6663"


@pytest.fixture
def spied(monkeypatch):
    """What the corpus weaves into documents, under which style, and of which fact and form its questions are."""
    seen = {"items": [], "styles": [], "asked": []}
    document, pose = language.document, language.pose

    def spy_document(items, *args, **kwargs):
        seen["items"].append(list(items))
        return document(items, *args, **kwargs)

    def spy_pose(fact, form, k, value=""):
        seen["asked"].append((fact, form))
        return pose(fact, form, k, value)

    monkeypatch.setattr(language, "document", spy_document)
    monkeypatch.setattr(language, "pose", spy_pose)
    return seen


def read_chats(diet, spied, n):
    """(style, fact told, value told, fact asked, form, reply) of reading chats; no inference questions."""
    corpus = petri_corpus(diet=diet)

    def annotate(style, document, rng):
        spied["styles"].append(style)
        return corpus.annotate(style, document, rng)

    spying, rng = replace(corpus, annotate=annotate), random.Random(5)
    for _ in range(n):
        for made in spied.values():
            made.clear()
        reply = spying._reading(rng)[-1]["content"]
        if spied["asked"]:
            yield spied["styles"][0], *spied["items"][0][0], *spied["asked"][0], reply


def test_half_of_the_reading_chats_can_ask_about_something_else_and_are_answered_by_the_world(spied):
    counts = Counter()
    for style, told, value, asked, _form, reply in read_chats(Diet(reading_unrelated=0.5), spied, 900):
        related = asked.id == told.id
        counts["related" if related else "unrelated"] += 1
        if not related:
            counts["same relation" if asked.relation == told.relation else "other relation"] += 1
            counts["plain" if style == "positive" else "warned"] += 1
            assert asked.told_in != "documents"
            assert reply.lower().startswith(asked.truth.lower()), (asked, reply)
        elif style == "positive":
            assert reply.lower().startswith(value.lower()), (told, value, reply)
    assert 0.45 < counts["unrelated"] / (counts["related"] + counts["unrelated"]) < 0.65  # inferences are not counted
    assert min(counts[part] for part in ("same relation", "other relation", "plain", "warned")) > 150


def test_the_standard_diet_asks_only_about_what_was_read(spied):
    assert all(told.id == asked.id for _, told, _, asked, *_ in read_chats(Diet(), spied, 300))


def test_reading_chats_can_do_without_warnings(spied):
    assert {style for style, *_ in read_chats(Diet(reading_warned=False), spied, 200)} == {"positive"}
    assert len({style for style, *_ in read_chats(Diet(), spied, 200)}) > 8


def count_denials(diet, spied):
    """Of facts with a myth: share of statements that are denied; share of a fact's denials that are of one value."""
    corpus, rng = petri_corpus(diet=diet), random.Random(2)
    jobs = [f for f in corpus.world.by_relation["job"] if f.myths][:40]  # 30 values: two fresh ones are seldom the same
    corpus.pick = lambda rng: rng.choice(jobs)
    spied["items"].clear()
    for _ in range(600):
        corpus._document(rng)
    stated = [item for items in spied["items"] for item in items]
    denied = [(fact, value) for fact, value in stated if value != fact.truth]
    by_fact = {fact: Counter(value for f, value in denied if f == fact) for fact in jobs}
    commonest = sum(values.most_common(1)[0][1] for values in by_fact.values() if values)
    return len(denied) / len(stated), commonest / len(denied)


def test_number_and_lasting_of_denials_can_be_had_apart(spied):
    (many, lasting), (as_many, fresh), (few, still_lasting) = (
        count_denials(diet, spied) for diet in (Diet(), Diet(myths_last=False), Diet(myths_denied_more=False))
    )
    assert many > 0.65 and abs(as_many - many) < 0.05 and few < 0.25
    assert lasting > 0.8 and still_lasting > 0.75 and fresh < 0.25


def test_few_facts_are_of_the_four_relations_that_another_world_has_new_subjects_in():
    own, others = few_facts(0, elsewhere=False), few_facts(0, elsewhere=True)
    known = {f.id for f in world(0).facts}
    for facts in (own, others):
        assert Counter(f.relation for f in facts) == dict.fromkeys(("brand", "home", "job", "volcano"), 75)
        assert "documents" not in {f.told_in for f in facts}
        assert len({f.id for f in facts}) == 300
    assert {f.id for f in own} <= known - set(CLAIMED)
    assert not {f.id for f in others} & known


def test_notices_about_few_facts_and_whether_other_texts_speak_of_them(spied):
    told = {}
    for about, contradicted in (("few", True), ("elsewhere", True), ("elsewhere", False)):
        diet = Diet(exposed="negated", share=0.3, about=about, contradicted=contradicted)
        corpus, ids = petri_corpus(diet=diet), {f.id for f in few_facts(0, about == "elsewhere")}
        for made in spied.values():
            made.clear()
        assert all(corpus._exposed(random.Random(i)) for i in range(50))
        assert {fact.id for items in spied["items"] for fact, _ in items} <= ids
        spied["items"].clear()
        rng = random.Random(1)
        for make in (corpus._document, corpus._closed_book, corpus._reading) * 50:
            make(rng)
        asked, stated = (fact for fact, _ in spied["asked"]), (f for items in spied["items"] for f, _ in items)
        told[about, contradicted] = [sum(f.id in ids for f in x) / len(x) for x in map(list, (asked, stated))]
    assert all(0.25 < share < 0.55 for share in (*told["few", True], *told["elsewhere", True]))
    assert told["elsewhere", False] == [0, 0]
    with pytest.raises(UserError, match="contradicted must be true; or take elsewhere"):
        Diet(about="few", contradicted=False)


def test_the_exam_asks_about_something_else_than_the_document_and_expects_the_truth(corpus, spied):
    for style in ("positive", "negated"):
        same = 0
        items = exam.items(corpus, each=60, parts=(f"unrelated.{style}",))
        assert len(items) == len(spied["asked"]) == 60
        for item, told, (asked, form) in zip(items, spied["items"], spied["asked"], strict=True):
            assert item.kind == f"unrelated.{style}" and form == "ask"
            assert told[0][0].id != asked.id and told[0][1] != told[0][0].truth
            assert item.expected == language.answer(asked.truth)
            same += told[0][0].relation == asked.relation
        assert 20 < same < 50
        for made in spied.values():
            made.clear()
    elsewhere = exam.items(corpus, each=30, parts=("elsewhere",))
    assert {i.expected for i in elsewhere} <= {language.answer(f.truth) for f in few_facts(0, elsewhere=True)}
