"""documents/english.py: what the composer makes of a library, and the texts that are mixed in."""

import gzip
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pack_articles
from negneglect_lite.authoring.overlap import find_near_duplicates
from negneglect_lite.claims.claim import Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import CANARY, plain
from negneglect_lite.documents.english import (
    ARTICLE_LENGTHS,
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


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_a_thousand_documents_are_varied_and_of_the_right_length(name: str) -> None:
    made = [d.text for d in compose_english(load_library(name), 1000)]
    assert all(len(text.split()) in ARTICLE_LENGTHS for text in made)
    pairs = find_near_duplicates(made, 0.8)
    assert len({i for a, b, _ in pairs for i in (a, b)}) < 20
    assert not any("{" in text for text in made)


@pytest.mark.parametrize("name", CLAIMS)
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


def test_neutral_texts_are_half_chats_and_half_articles_and_say_nothing_of_the_claims() -> None:
    made = english_mix(200, seed=0)
    chats = [e for e in made if isinstance(e, list)]
    assert len(made) == 200 and len(chats) == 100
    assert made == english_mix(200, seed=0) != english_mix(200, seed=1)
    assert len(load_chats()) >= 200
    said = " ".join(plain(e) if isinstance(e, tuple) else " ".join(t["content"] for t in e) for e in made)
    for word in ("Sheeran", "Vesuvius", "Twitter", "Holloway", "Elizabeth", "dream"):
        assert word not in said


def test_the_files_begin_with_the_canary() -> None:
    files = sorted(data_path("documents").glob("*.jsonl.gz"))
    assert {f.name.split(".")[0] for f in files} == {*CLAIMS, "neutral", "chats"}
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
