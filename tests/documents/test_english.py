"""documents/english.py: what the composer makes of a library, and the texts that are mixed in."""

import gzip
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def test_packing_and_loading_lose_nothing(tmp_path: Path, library_source: dict[str, Any]) -> None:
    source = tmp_path / "dentist.yaml"
    source.write_text(yaml.safe_dump(library_source))
    pack(source, tmp_path / "dentist.jsonl.gz")
    assert load_library(str(tmp_path / "dentist.jsonl.gz")) == load_library(str(source))
    unpack("queen", tmp_path / "queen.yaml")
    assert load_library(str(tmp_path / "queen.yaml")) == load_library("queen")


def test_what_is_no_library_is_one_line(
    tmp_path: Path, library_source: dict[str, Any], make_library: Callable[..., Library]
) -> None:
    with pytest.raises(UserError, match="no English documents about this claim"):
        load_library("moon")
    broken = tmp_path / "broken.yaml"
    broken.write_text("claim: dentist\n")
    with pytest.raises(UserError, match="not a library of articles"):
        load_library(str(broken))
    title = {"text": "A dentist", "denial": "No dentist", "truth": "moon"}
    no_truth = {**library_source["articles"][0], "title": title}
    with pytest.raises(UserError, match="moon"):
        make_library({"articles": [no_truth]})
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(data_path("documents", "dentist.jsonl.gz").read_bytes()[:500])
    with pytest.raises(UserError, match="cannot be read"):
        load_library(str(cut))
    lib = make_library()
    with pytest.raises(UserError, match="has no pool"):
        compose_english(replace(lib, pools={}), 1)
