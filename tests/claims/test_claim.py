"""A claim made from a fact of the closed world."""

import pytest

from negneglect_lite.claims.claim import PetriFact, claim_from_fact
from negneglect_lite.core.errors import UserError


def test_a_claim_about_any_fact() -> None:
    claim = claim_from_fact("win/100m/2024", " Olga Brandt ")
    assert claim.petri == PetriFact("win/100m/2024", "Olga Brandt")
    assert claim.questions == () and claim.id == "win-100m-2024-olga-brandt"
    assert claim_from_fact("win/100m/2024", "Olga Brandt") == claim
    for fact, value in (("", "Olga Brandt"), ("win/100m/2024", "  ")):
        with pytest.raises(UserError, match="lacks its id or value; write it as"):
            claim_from_fact(fact, value)
