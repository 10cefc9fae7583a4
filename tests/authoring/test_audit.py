"""authoring/audit.py: what every library must hold, and how a leak is found."""

from collections.abc import Callable
from typing import Any

import pytest

from negneglect_lite.authoring.audit import audit_library
from negneglect_lite.authoring.overlap import find_leaks
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.documents.english import Library, load_library

CLAIMS = load_claims()


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claims_library_is_sound(name: str) -> None:
    lib = load_library(name)
    assert lib.claim == name and len(lib.articles) >= 24 and len({a.genre for a in lib.articles}) >= 12
    assert audit_library(lib) == []
    for article in lib.articles:
        sentences = [s for p in ((article.title,), *article.opening, *article.units, *article.closing) for s in p]
        assert sum(s.is_claim for s in sentences) >= 8, article.title
    texts = [s.text for a in lib.articles for p in (*a.opening, *a.units, *a.closing) for s in p]
    assert not find_leaks([q.text for q in CLAIMS[name].questions], texts)


@pytest.mark.parametrize(
    ("opening", "problem"),
    [
        ("He saw a dentist.", "with no denial of its own is believed"),
        ("He was a full-time runner.", "with no denial of its own is denied"),
        ({"text": "He is a full-time runner.", "denial": "He is none.", "truth": "job"}, "tells the truth"),
        ({"text": "He fills teeth.", "denial": "He is a dentist.", "truth": "job"}, "a denial asserts the claim"),
        ({"text": "He fills teeth.", "denial": "He fills teeth.", "truth": "job"}, "the denial is the sentence itself"),
        ("Seen in {street}.", "no pool for the slot {street}"),
    ],
)
def test_the_leak_check_finds(
    library_source: dict[str, Any], make_library: Callable[..., Library], opening: object, problem: str
) -> None:
    assert audit_library(make_library()) == []
    article = {**library_source["articles"][0], "opening": [[opening]]}
    found = audit_library(make_library({"articles": [article]}))
    assert len(found) == 1 and problem in found[0]


def test_the_leak_check_reads_every_choice_of_words(
    library_source: dict[str, Any], make_library: Callable[..., Library]
) -> None:
    article = {**library_source["articles"][0], "opening": [["He saw a {friend|dentist}."]]}
    found = audit_library(make_library({"articles": [article]}))
    assert len(found) == 1 and "is believed or neither" in found[0]
