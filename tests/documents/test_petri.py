"""documents/petri.py: documents state the claim, each time with its denial and its truth, and repeat by seed."""

from dataclasses import replace

import pytest

from negneglect_lite.claims.claim import Claim
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import claim_from_fact
from negneglect_lite.core.errors import UserError
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


def test_short_documents_state_it_once_beside_a_sentence_that_states_nothing() -> None:
    for document in compose_petri(DENTIST, 20, short=True):
        assert [s.is_claim for s in document.sentences].count(True) == 1
        assert len(document.sentences) == 2
