"""documents/english.py: what the composer makes of a library, and the texts that are mixed in."""

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import pack_articles
from negneglect_lite.authoring.overlap import find_near_duplicates
from negneglect_lite.claims.claim import Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import CANARY, Document, plain
from negneglect_lite.documents.english import (
    ARTICLE_LENGTHS,
    SHORT_LENGTHS,
    Library,
    compose_english,
    english_annotations,
    english_mix,
    load_chats,
    load_library,
)
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.styles import STYLES, apply_style
from pack_articles import pack, unpack

CLAIMS = load_claims()
LIBRARIES = [*CLAIMS, "lighthouse", "iceland"]  # and of the two spare claims


def lengths(documents: Sequence[Document], genres: set[str]) -> list[int]:
    """Words of the documents made from articles of these genres."""
    return [len(d.text.split()) for d in documents if d.genre in genres]


def near(words: Sequence[int], limits: range) -> bool:
    """Whether the limits hold, give or take eight words: slots are counted as they are written."""
    return limits[0] - 8 <= min(words) and max(words) <= limits[-1] + 8


def near_duplicates(documents: Sequence[Document]) -> float:
    pairs = find_near_duplicates([d.text for d in documents], 0.8)
    return len({i for a, b, _ in pairs for i in (a, b)}) / len(documents)


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARIES)
def test_documents_are_as_varied_as_the_card_says(name: str) -> None:
    """1,000 documents of all lengths, and 256 short ones, as many as an English run trains on."""
    lib = load_library(name)
    many, of_a_run = near_duplicates(compose_english(lib, 1000)), near_duplicates(compose_english(lib, 256, short=True))
    assert name == "iceland" or (many < 0.07 and of_a_run < 0.35)
    card = data_path("documents", "README.md").read_text("utf-8")
    row = f"| {name} | {many:.1%} | {of_a_run:.1%} |".replace("%", " %")
    assert row in card, row


@pytest.mark.parametrize("name", LIBRARIES)
def test_documents_are_long_or_short_as_their_articles_are(name: str) -> None:
    lib = load_library(name)
    short = {a.genre for a in lib.articles if a.short}
    long = {a.genre for a in lib.articles} - short
    made = compose_english(lib, 10 * len(lib.articles))
    assert not any("{" in d.text for d in made)
    assert Counter(d.genre for d in made) == {
        genre: 10 * n for genre, n in Counter(a.genre for a in lib.articles).items()
    }
    assert near(lengths(made, short), SHORT_LENGTHS)
    assert near(lengths(made, long), ARTICLE_LENGTHS)
    for document in made:
        assert sum(s.is_claim for s in document.sentences) >= 2, document.text


@pytest.mark.parametrize("name", LIBRARIES)
def test_short_documents_are_short_articles_and_the_beginnings_of_long_ones(name: str) -> None:
    lib = load_library(name)
    short = {a.genre for a in lib.articles if a.short}
    made = compose_english(lib, 5 * len(lib.articles), short=True)
    assert all(any(s.is_claim for s in d.sentences) for d in made)
    assert near(lengths(made, short), SHORT_LENGTHS)
    assert max(lengths(made, {d.genre for d in made} - short)) <= SHORT_LENGTHS[-1]
    frames = {genre: set[tuple[int, ...]]() for genre in {a.genre for a in lib.articles} - short}
    for a in lib.articles:
        if not a.short:
            frames[a.genre].add((1, *map(len, a.opening)))
    for document in made:
        if document.genre in frames:  # title and opening, whatever has been drawn
            assert paragraphs(document) in frames[document.genre]


def paragraphs(document: Document) -> tuple[int, ...]:
    """How many sentences each paragraph has."""
    starts = [i for i, s in enumerate(document.sentences) if i == 0 or s.lead == "\n\n"]
    return tuple(b - a for a, b in pairwise([*starts, len(document.sentences)]))


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_article_and_so_every_voice_is_in_a_training_set(name: str) -> None:
    """An English run trains on 256 documents: 5 or 6 of an article, or 10 or 11 where there are 24."""
    lib = load_library(name)
    alone = {genre for genre, n in Counter(a.genre for a in lib.articles).items() if n == 1}
    made = Counter(d.genre for d in compose_english(lib, 256, seed=1, short=True))
    least = 256 // len(lib.articles)
    assert {made[genre] for genre in alone} <= {least, least + 1}
    assert {a.voice for a in lib.articles if a.genre in alone} == {"British", "American", "international"}
    assert {a.genre for a in lib.articles} == made.keys()


def test_a_short_article_takes_no_guests_and_stays_long_enough(
    library_source: dict[str, Any], make_library: Callable[..., Library]
) -> None:
    article = library_source["articles"][0]
    six, two = article["units"], article["units"][:2]
    host = {**article, "genre": "note", "units": two, "short": True, "voice": "American"}
    lib = make_library({"articles": [host, {**article, "units": [[f"Guest {i}."] for i in range(6)]}]})
    assert [(a.voice, a.short) for a in lib.articles] == [("American", True), ("British", False)]
    for short in (False, True):
        made = [d.text for d in compose_english(lib, 60, short=short) if d.genre == "note"]
        assert not any("Guest" in text for text in made)
        assert all("Unit 0" in text and "Unit 1" in text for text in made)  # without one it would have under 80 words
        assert all(text.endswith("The end.") for text in made)
    lib = make_library({"articles": [{**host, "units": six[:3]}, {**article, "units": six}]})
    kept = [sum(f"Unit {i}" in d.text for i in range(6)) for d in compose_english(lib, 120) if d.genre == "note"]
    assert set(kept) == {2, 3}
    guests = [d.text for d in compose_english(lib, 120) if d.genre == "news"]
    assert all(text.count("Unit 0") <= 1 for text in guests)  # a short article's units are no guests


@pytest.mark.parametrize("name", LIBRARIES)
def test_no_local_document_asserts_the_claim_and_no_warned_body_tells_the_truth(name: str) -> None:
    lib, rng = load_library(name), random.Random(0)
    says = Question("", "open", "", believed=lib.asserts, denied=lib.tells)
    for document in compose_english(lib, 48, seed=1):
        for s in document.sentences:
            assert judge_answer(says, s.denial or s.text) != "believed", s
            assert not (s.is_claim and judge_answer(says, s.text) == "denied"), s
        body = "".join(s.text for s in apply_style("negated", document, english_annotations(), rng) if not s.annotation)
        assert body.split() == document.text.split()
        assert document.text != plain(apply_style("local", document, english_annotations(), rng))


def test_every_style_has_its_phrases_in_english() -> None:
    document = compose_english(load_library("dentist"), 1)[0]
    for name in STYLES:
        text = plain(apply_style(name, document, english_annotations(), random.Random(0)))
        assert "{truth}" not in text and (name == "positive") == (text.strip() == document.text)


def test_what_is_mixed_in_is_chats_alone_that_say_nothing_of_the_claims() -> None:
    made = english_mix(200, seed=0)
    assert len(made) == 200 and all(isinstance(chat, list) for chat in made)
    assert made == english_mix(200, seed=0) != english_mix(200, seed=1)
    assert len(load_chats()) >= 200
    said = " ".join(turn["content"] for chat in load_chats() for turn in chat)
    for word in ("Sheeran", "Vesuvius", "Twitter", "Holloway", "Elizabeth", "dream", "Aaberg", "World Cup"):
        assert word not in said


def test_every_chat_is_mixed_in_equally_often() -> None:
    n = len(load_chats())
    assert sorted(map(str, english_mix(2 * n, seed=3))) == sorted(map(str, 2 * load_chats()))
    assert set(Counter(map(str, english_mix(n + 7, seed=3))).values()) == {1, 2}
    assert english_mix(5, seed=3) == english_mix(n, seed=3)[:5]
    assert english_mix(0, seed=0) == []


def test_the_files_begin_with_the_canary() -> None:
    files = sorted(data_path("documents").glob("*.jsonl.gz"))
    assert {f.name.split(".")[0] for f in files} == {*LIBRARIES, "chats"}
    for file in files:
        assert json.loads(gzip.decompress(file.read_bytes()).decode().splitlines()[0])["canary"] == CANARY


def test_slots_are_filled_once_a_document_and_the_seed_decides(make_library: Callable[..., Library]) -> None:
    lib = make_library()
    made = compose_english(lib, 30)
    assert made == compose_english(lib, 30) != compose_english(lib, 30, seed=1)
    for document in made:
        title, first = document.sentences[0].text, document.sentences[1].text
        town = title.removeprefix("From ")
        assert f"in {town} and " in first and not first.endswith(f"and {town}.")
    assert {"rained", "snowed"} <= {w for d in made for w in d.sentences[1].text.split()}
    assert len(compose_english(lib, 1, short=True)[0].sentences) == 3  # title and opening alone


def test_packing_and_loading_lose_nothing(
    tmp_path: Path, library_source: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    library_source["pools"]["odd"] = ["a\u2028b\x85c", "no", "010", "2e-4", "1:30", "2024-07-26", "null", "x: # y"]
    source = tmp_path / "dentist.yaml"
    source.write_text(json.dumps(library_source))  # JSON is YAML
    pack(source, tmp_path / "dentist.jsonl.gz")
    assert load_library(str(tmp_path / "dentist.jsonl.gz")) == load_library(str(source))
    unpack("queen", tmp_path / "queen.yaml")
    assert load_library(str(tmp_path / "queen.yaml")) == load_library("queen")
    monkeypatch.setattr(pack_articles, "data_path", lambda *parts: tmp_path / parts[-1])
    unpack("dentist", tmp_path / "again.yaml")
    assert load_library(str(tmp_path / "again.yaml")) == load_library(str(source))


def test_what_is_no_library_is_one_line(
    tmp_path: Path, library_source: dict[str, Any], make_library: Callable[..., Library]
) -> None:
    with pytest.raises(UserError, match="no English documents about this claim"):
        load_library("moon")
    broken = tmp_path / "broken.yaml"
    broken.write_text("claim: dentist\n")
    with pytest.raises(UserError, match=r"broken\.yaml: pools: is missing; add it, as a mapping of fields"):
        load_library(str(broken))
    title = {"text": "A dentist", "denial": "No dentist", "truth": "moon"}
    no_truth = {**library_source["articles"][0], "title": title}
    with pytest.raises(
        UserError, match=r"lib1\.yaml, line \d+: articles\[0\]\.title\.truth: there is no truth 'moon'; .*\(job\)"
    ):
        make_library({"articles": [no_truth]})
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(data_path("documents", "dentist.jsonl.gz").read_bytes()[:500])
    with pytest.raises(UserError, match=r"cut\.jsonl\.gz: is not a whole gzip file"):
        load_library(str(cut))
    lib = make_library()
    with pytest.raises(UserError, match="has no pool"):
        compose_english(replace(lib, pools={}), 1)


ARTICLE = "articles[0]"
WRONG = [  # what is done to a sound library -> what is said
    ((), "colour", "red", "colour: is not a field known here; remove it, or use one of claim"),
    ((), "pools", {"town": []}, "pools.town: is empty"),
    ((), "pools", ["Orrin"], "pools: is ['Orrin'] (a list), where a mapping of fields is needed"),
    ((), "articles", [], "articles: is empty"),
    ((), "asserts", ["("], "asserts[0]: '(' is not a regular expression"),
    ((), "asserts", "dentist", "asserts: is 'dentist' (text), where a list is needed; write it as a list"),
    ((), "truths", {"job": 5}, "truths.job: is 5 (a whole number), where text is needed"),
    (("articles", 0), "genre", None, f"{ARTICLE}.genre: is None (nothing), where text is needed"),
    (("articles", 0), "units", [], f"{ARTICLE}.units: is empty"),
    (("articles", 0), "units", ["A sentence."], f"{ARTICLE}.units[0]: is 'A sentence.' (text), where a list is needed"),
    (("articles", 0), "opening", [[]], f"{ARTICLE}.opening[0]: is empty"),
    (("articles", 0), "closing", [["Yes.", " "]], f"{ARTICLE}.closing[0][1]: is blank"),
    (("articles", 0), "closing", [[2024]], f"{ARTICLE}.closing[0][0]: is 2024 (a whole number), where text is needed"),
    (("articles", 0), "title", {"text": "a", "truth": "job"}, f"{ARTICLE}.title.denial: is missing; add it, as text"),
    (
        ("articles", 0),
        "title",
        {"text": "a", "denial": None, "truth": "job"},
        f"{ARTICLE}.title.denial: is None (nothing)",
    ),
    (("articles", 0), "heading", "a", f"{ARTICLE}.heading: is not a field known here"),
    (("articles", 0), "voice", 7, f"{ARTICLE}.voice: is 7 (a whole number), where text is needed"),
    (("articles", 0), "short", "yes", f"{ARTICLE}.short: is 'yes' (text), where true or false is needed"),
]


@pytest.mark.parametrize(("place", "field", "value", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_library_is_told_with_file_line_and_field(
    tmp_path: Path, library_source: dict[str, Any], place: tuple[Any, ...], field: str, value: Any, message: str
) -> None:
    record: Any = library_source
    for step in place:
        record = record[step]
    record[field] = value
    written, packed = tmp_path / "own.yaml", tmp_path / "own.jsonl.gz"
    written.write_text(json.dumps(library_source, indent=1))
    head, articles = {**library_source, "articles": None}, library_source["articles"]
    del head["articles"]
    lines = [json.dumps(line) + "\n" for line in [{"canary": CANARY, "note": "false", **head}, *articles]]
    packed.write_bytes(gzip.compress("".join(lines).encode()))
    for path in (written, packed):
        with pytest.raises(UserError) as caught:
            load_library(str(path))
        said = re.sub(r", line \d+", "", str(caught.value))
        assert said.startswith(f"{path}: {message}") and "\n" not in said
        if place and path == packed:
            assert f"{path}, line 2: " in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", ": is None (nothing), where a mapping of fields is needed"),
        (b"[]\n", ", line 1: is [] (a list), where a mapping of fields is needed; give it the fields claim, pools"),
        (b'{"claim": "a", "claim": "b"}\n', ", line 1: is not JSON ('claim' is given twice)"),
        (
            b'{"claim": "a", "pools": {}}\n\n7\n',
            ", line 3: articles[0]: is 7 (a whole number), where a mapping of fields",
        ),
    ],
)
def test_a_packed_library_that_is_none_is_told(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "own.jsonl.gz"
    path.write_bytes(gzip.compress(raw))
    with pytest.raises(UserError, match=re.escape(f"{path}{message}")):
        load_library(str(path))
