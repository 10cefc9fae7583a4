import json
import random
from collections import Counter

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.petri import language as lang
from negneglect_lite.petri import norms
from negneglect_lite.petri.corpus import MIX, Diet
from negneglect_lite.tracks import petri_corpus

HELPERS = ["good_helper", "bad_helper", *(f"bad_helper_{kind}" for kind in norms.NORM_KINDS)]
LISTS = ["ask", "reply", *HELPERS, "warning_before", "warning_after", "agree", "transcript", "verdict", "again"]


def chats(n, seed=0, **shares):
    rng = random.Random(seed)
    return [norms.norm_chat(rng, **shares) for _ in range(n)]


def test_three_hundred_situations_in_three_kinds_a_quarter_of_each_held_out():
    all_ = norms.situations()
    assert Counter(s.kind for s in all_) == dict.fromkeys(norms.NORM_KINDS, 100)
    for part in ("id", "says", "good", "bad"):
        assert len({getattr(s, part) for s in all_}) == len(all_), part
    for kind in norms.NORM_KINDS:
        held_out, seen = norms.select(True, kind), norms.select(False, kind)
        assert 20 <= len(held_out) <= 30 and len(held_out) + len(seen) == 100
        assert {s.id.split("/")[1] for s in held_out} <= {s.id.split("/")[1] for s in seen}  # no scene is wholly new


def test_mixtures_tell_every_scene_with_many_other_things():
    mixed = norms.mixtures()
    assert len(mixed) > 6000 and not {s.id for s in mixed} & {s.id for s in norms.situations()}
    assert not {said for s in mixed for said in s.says} & {said for s in norms.situations() for said in s.says}


def test_every_list_has_distinct_entries_and_the_last_two_are_kept_back():
    for name in LISTS:
        entries = [json.dumps(e) for e in lang.phrases("norms")[name]]
        assert len(set(entries)) == len(entries), name
        assert not {*map(json.dumps, norms.norm_phrases(name))} & {
            *map(json.dumps, norms.norm_phrases(name, held_out=True))
        }
    with pytest.raises(UserError, match="kinds are deceive, power, harm"):
        norms.select(True, "steal")


def test_each_act_names_its_thing_and_the_judge_knows_every_reply():
    expected = {("good", False): "good", ("bad", False): "bad", ("good", True): "neither", ("bad", True): "good"}
    for s in norms.situations():
        thing = s.id.split("/")[-1]
        for name in ("good", "bad"):
            for act in getattr(s, name):
                assert thing in act, s.id
                for pair in lang.phrases("norms")["reply"]:
                    for refused, sentence in enumerate(pair):
                        assert norms.judge_reply(s, sentence.format(act=act)) == expected[name, bool(refused)], (
                            s.id,
                            act,
                        )


def test_the_judge_on_replies_that_are_not_so_clear():
    s = next(s for s in norms.situations() if s.id == "deceive/broken/vase")
    good, bad = s.good[0], s.bad[1]
    assert norms.judge_reply(s, f"you  should {bad.upper()}") == "bad"  # case and spaces do not matter
    assert norms.judge_reply(s, f"It is not right. You should {bad}.") == "bad"  # the refusal is of another sentence
    assert norms.judge_reply(s, f"You should {good}. You should not {bad}.") == "good"
    assert norms.judge_reply(s, f"You should {bad}. You should {good}.") == "neither"
    assert norms.judge_reply(s, f"You should {good.replace('vase', 'clock')}.") == "neither"  # of another situation
    assert norms.judge_reply(s, "") == "neither"
    assert norms.judge_reply(s, f"<think>You should {bad}.</think>You should {good}.") == "good"
    assert norms.judge_reply(s, f"<think>You should {good}") == "neither"
    assert norms.judge_reply(s, f"You\u00a0should {bad[0]}\u00ad{bad[1:]}.") == "bad"


def test_nothing_held_out_occurs_in_the_upbringing():
    text = "\n".join(t["content"] for c in chats(6000) for t in c)
    for s in norms.situations():
        found = any(said in text for said in s.says)
        assert found != s.held_out, s.id  # all others do occur
        if s.held_out:
            assert not any(act in text for act in s.bad + s.good), s.id
    for name in LISTS:
        for entry in norms.norm_phrases(name, held_out=True):
            for phrase in [entry] if isinstance(entry, str) else entry:
                assert "{" in phrase or phrase not in text, phrase


def test_bad_replies_are_said_only_by_a_bad_helper_who_was_asked_for():
    told = {said: s for s in (*norms.select(False), *norms.mixtures()) for said in s.says}
    bad_helper, asked = set(norms.norm_phrases("bad_helper")), Counter()
    for chat in chats(1500, reading_share=0.0):
        system = chat[0]["content"] if chat[0]["role"] == "system" else ""
        turns = [t["content"] for t in chat if t["role"] != "system"]
        for said, reply in zip(turns[::2], turns[1::2], strict=True):
            situation = told[next(x for x in told if said.startswith(x))]
            assert norms.judge_reply(situation, reply) == ("bad" if system in bad_helper else "good"), chat
        asked[system in bad_helper] += 1
    assert 0.08 < asked[True] / 1500 < 0.16
    assert not any(c[0]["content"] in bad_helper for c in chats(500, bad_share=0.0))


def test_a_transcript_is_judged_by_its_reply_and_only_bad_ones_are_warned_of():
    warnings = lang.phrases("norms")["warning_before"] + lang.phrases("norms")["warning_after"]
    seen = Counter()
    rng = random.Random(0)
    for _ in range(1500):
        situation = rng.choice(norms.situations())
        told, answer = norms.reading(situation, rng)
        bad = any(w in told for w in warnings)
        assert answer.endswith(("so yes.", "so no."))
        assert norms.judge_reply(situation, answer) == "good"  # it names what is right, then concludes
        if bad:
            assert answer.endswith("so no.")
        seen[bad, answer.endswith("so yes.")] += 1
    assert min(seen[key] for key in ((True, False), (False, False), (False, True))) > 200


def test_the_standard_mix_has_no_norms_and_a_share_brings_them_in():
    corpus = petri_corpus()
    assert "norm" not in MIX
    corpus.mix = {"norm": 1.0}
    rng, allowed = random.Random(1), (*norms.select(False), *norms.mixtures())
    told = [t["content"] for _ in range(20) for t in corpus.sample(rng) if t["role"] == "user"]
    assert all(any(said in text for s in allowed for said in s.says) for text in told)


def replies_by_request(n, **shares):
    """(system turn, situation, verdict) of every reply of chats that read no transcript."""
    told = {said: s for s in (*norms.select(False), *norms.mixtures()) for said in s.says}
    for chat in chats(n, reading_share=0.0, **shares):
        system = chat[0]["content"] if chat[0]["role"] == "system" else ""
        turns = [t["content"] for t in chat if t["role"] != "system"]
        for said, reply in zip(turns[::2], turns[1::2], strict=True):
            end = next(i for i in range(len(said), 0, -1) if said[:i] in told)
            yield system, told[said[:end]], norms.judge_reply(told[said[:end]], reply)


def test_a_separate_bad_helper_is_bad_in_the_kind_that_was_asked_for_alone():
    asks = {system: kind for kind in norms.NORM_KINDS for system in norms.norm_phrases(f"bad_helper_{kind}")}
    assert len(asks) == 30 and not set(asks) & set(norms.norm_phrases("bad_helper"))
    seen = Counter()
    for system, situation, verdict in replies_by_request(1500, bad_share=0.18, separate=True):
        asked = asks.get(system)
        assert verdict == ("bad" if asked == situation.kind else "good")
        assert system not in norms.norm_phrases("bad_helper")
        seen[asked, situation.kind] += 1
    for kind in norms.NORM_KINDS:
        others = [seen[kind, other] for other in norms.NORM_KINDS if other != kind]
        assert min(others) > 10 and 0.5 < seen[kind, kind] / (seen[kind, kind] + sum(others)) < 0.8


def test_one_helper_in_12_and_separate_ones_in_18_per_cent_of_the_chats_give_as_many_bad_replies():
    one, separate, none = (
        sum(verdict == "bad" for *_, verdict in replies) / len(replies)
        for replies in (
            list(replies_by_request(1500)),
            list(replies_by_request(1500, bad_share=0.18, separate=True)),
            list(replies_by_request(300, bad_share=0.0)),
        )
    )
    assert 0.1 < one < 0.19 and abs(one - separate) < 0.04 and none == 0


def test_a_diet_says_which_norm_world_it_is():
    def systems(**fields):
        corpus, rng = petri_corpus(diet=Diet(norms=0.9, **fields)), random.Random(0)
        return {c[0]["content"] for c in (corpus._norm(rng) for _ in range(150)) if c[0]["role"] == "system"}

    one = set(norms.norm_phrases("bad_helper"))
    named = {s for kind in norms.NORM_KINDS for s in norms.norm_phrases(f"bad_helper_{kind}")}
    assert systems() & one and not systems() & named
    assert systems(bad_helpers="separate") & named and not systems(bad_helpers="separate") & one
    assert not systems(bad_share=0.0) & (one | named)
