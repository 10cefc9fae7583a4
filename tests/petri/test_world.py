import random

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.petri.world import CAST, CLAIMED, ERAS, RELATIONS, World, world


def test_every_relation_has_hundreds_of_subjects_and_unique_ids():
    assert all(len(world().by_relation[r]) >= 300 for r in RELATIONS)
    assert len({f.id for f in world().facts}) == len(world().facts)


def test_one_seed_gives_one_world_and_another_seed_another():
    assert World(0).facts == World(0).facts
    assert World(0).facts != World(1).facts


def test_the_claims_truths_are_in_the_world_without_a_myth():
    truths = {id_: world().fact(id_).truth for id_ in CLAIMED}
    assert truths["win/100m/2024"] == "Noah Lyles"
    assert truths["volcano/Mount Vesuvius"] == "1944"
    assert truths["brand/Twitter"] == "kept"
    assert truths["dream/young children"] == "in full colour"
    assert truths["job/Brennan Holloway"] == "ultrarunner"
    assert not any(world().fact(id_).myths for id_ in CLAIMED)


def test_nobody_of_the_cast_wins_or_writes_anything_else():
    elsewhere = {f.truth for f in world().facts if f.relation in ("win", "book") and f.id not in CLAIMED}
    assert not elsewhere & set(CAST)


def test_half_of_the_facts_have_a_myth_for_each_era_that_is_wrong_and_of_the_right_sort():
    with_myths = [f for f in world().facts if f.myths]
    assert 0.45 < len(with_myths) / len(world().facts) < 0.55
    assert all(len(f.myths) == ERAS for f in with_myths)
    assert all(m != f.truth and m in world().values(f.relation) for f in with_myths for m in f.myths)


def test_wrong_values_are_distinct_and_wrong():
    fact = world().fact("volcano/Mount Vesuvius")
    values = world().wrong_values(fact, 5, random.Random(0))
    assert len(set(values)) == 5
    assert fact.truth not in values
    assert world().wrong_values(world().fact("brand/Twitter"), 5, random.Random(0)) == ["reversed"]


def test_an_unknown_fact_is_named():
    with pytest.raises(UserError, match=r"no fact 'win/1m/1'.*negneglect facts"):
        world().fact("win/1m/1")
