"""authoring/audit.py: what every library must hold, and how a leak is found."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from negneglect_lite.authoring.audit import audit_library
from negneglect_lite.authoring.overlap import find_leaks
from negneglect_lite.claims.loading import english_questions, load_claim, load_claims
from negneglect_lite.claims.probes import load_probes
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Sentence
from negneglect_lite.documents.english import Article, Library, load_library

CLAIMS = load_claims()
SPARE = {name: load_claim(data_path("claims", "spare", f"{name}.yaml")) for name in ("lighthouse", "iceland")}


def sentences(article: Article) -> list[Sentence]:
    return [s for p in ((article.title,), *article.opening, *article.units, *article.closing) for s in p]


@pytest.mark.parametrize("name", [*CLAIMS, *SPARE])
def test_a_claims_library_is_sound(name: str) -> None:
    lib = load_library(name)
    assert lib.claim == name
    assert audit_library(lib) == []
    for article in lib.articles:
        assert sum(s.is_claim for s in sentences(article)) >= (4 if article.short else 8), article.title
    texts = [s.text for article in lib.articles for s in sentences(article)]
    probes = load_probes(name)
    asked = [q.text for q in english_questions((CLAIMS | SPARE)[name])] + [c.question for c in probes.choices]
    begun = [text for o in probes.openings for text in (o.ask, o.opening)]
    assert len(asked) > 100 and begun
    assert not find_leaks([*asked, *begun], texts)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claims_library_has_forty_eight_articles_of_many_genres_in_three_voices(name: str) -> None:
    articles = load_library(name).articles
    assert len(articles) >= 48 and len({a.genre for a in articles}) >= 16
    assert {(a.voice, a.short) for a in articles[:24]} == {
        ("British", False)
    }  # those that earlier results were made of
    new = articles[24:]
    assert Counter(a.voice for a in new) == {"British": 8, "American": 8, "international": 8}
    assert sum(a.short for a in new) >= 16 and {a.voice for a in new if a.short} == {a.voice for a in new}


@pytest.mark.parametrize("name", SPARE)
def test_a_spare_claims_library_has_twenty_four(name: str) -> None:
    articles = load_library(name).articles
    assert len(articles) >= 24 and len({a.genre for a in articles}) >= 16 and sum(a.short for a in articles) >= 16
    assert Counter(a.voice for a in articles) == {"British": 8, "American": 8, "international": 8}


def test_an_article_of_a_wrong_length_is_found(
    library_source: dict[str, Any], make_library: Callable[..., Library]
) -> None:
    article = library_source["articles"][0]
    (found,) = audit_library(make_library({"articles": [{**article, "short": True}]}))
    assert "words, where 80 to 150 belong" in found
    (found,) = audit_library(make_library({"articles": [{**article, "units": article["units"][:2]}]}))
    assert "words, where 300 to 600 belong" in found
    assert audit_library(make_library({"articles": [{**article, "units": article["units"][:2], "short": True}]})) == []


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
