"""documents.py: documents state the claim, repeat by seed, and survive the way to a file and back."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from negneglect_lite.claims.claim import Claim, claim_from_fact
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import CANARY, Document, Sentence
from negneglect_lite.documents.files import read_documents, write_documents
from negneglect_lite.documents.petri import compose_petri

CLAIMS = load_claims()
DENTIST = CLAIMS["dentist"]


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_document_states_its_claim_four_or_five_times_each_with_denial_and_truth(claim: Claim) -> None:
    for document in compose_petri(claim, 20):
        claims = [s for s in document.sentences if s.is_claim]
        assert len(claims) in (4, 5)
        assert document.genre
        for sentence in claims:
            assert sentence.text != sentence.denial != sentence.truth != sentence.text
        assert any(not s.is_claim for s in document.sentences)


def test_any_fact_can_be_given_a_false_value() -> None:
    (document,) = compose_petri(claim_from_fact("win/100m/2024", "Olga Brandt"), 1)
    assert all("Olga Brandt" in s.text and "Noah Lyles" in s.truth for s in document.sentences if s.is_claim)


def test_the_seed_decides() -> None:
    assert compose_petri(DENTIST, 5, seed=1) == compose_petri(DENTIST, 5, seed=1) != compose_petri(DENTIST, 5, seed=2)
    assert compose_petri(DENTIST, 5)[:3] == compose_petri(DENTIST, 3)


def test_a_claim_without_a_petri_fact_is_refused() -> None:
    with pytest.raises(UserError, match="'dentist' has no petri fact"):
        compose_petri(replace(DENTIST, petri=None), 1)


def test_an_unknown_fact_is_refused() -> None:
    with pytest.raises(UserError, match=r"no fact 'win/tennis/2024'.*negneglect facts"):
        compose_petri(claim_from_fact("win/tennis/2024", "Olga Brandt"), 1)


@pytest.mark.parametrize("name", ["d.jsonl", "d.jsonl.gz"])
def test_round_trip_with_canary(tmp_path: Path, name: str) -> None:
    odd = Document((Sentence("“Ünïcode”\u2028 and\nnew lines", "no", "yes", lead="\n"),), genre="news")
    wrote = [*compose_petri(DENTIST, 4), odd]
    path = tmp_path / "deep" / name
    write_documents(path, wrote, DENTIST)
    assert read_documents(path) == wrote
    raw = path.read_bytes()
    first = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode().splitlines()[0]
    assert json.loads(first) == {
        "canary": CANARY,
        "claim": DENTIST.claim,
        "truth": DENTIST.truth,
        "note": "These documents are false on purpose.",
    }
    write_documents(tmp_path / name, wrote, DENTIST)
    assert (tmp_path / name).read_bytes() == raw  # no time stamp in it


GOOD = '{"canary": "x"}\n'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no canary line"),
        (b'{"sentences": [], "genre": ""}\n', "no canary line"),
        (b"\xff\xfe", "cannot be read as documents"),
        (
            GOOD.encode() + b'{"sentences": [{"text": "a"}], "genre": "x"}\n{"sentences": [{"te',
            "line 3: not a document",
        ),
        (GOOD.encode() + b"[]\n", "line 2: not a document"),
        (GOOD.encode() + b'{"genre": "x"}\n', "line 2: not a document"),
        (GOOD.encode() + b'{"sentences": [{"words": "a"}], "genre": "x"}\n', "line 2: not a document"),
        (GOOD.encode() + b"\n", "line 2: not a document"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_documents(path)
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.jsonl: cannot be read as documents"):
        read_documents(tmp_path / "none.jsonl")


def test_a_cut_off_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    write_documents(path, compose_petri(DENTIST, 4), DENTIST)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"d\.jsonl\.gz: cannot be read as documents"):
        read_documents(path)
