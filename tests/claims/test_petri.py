"""A claim made from a fact of the closed world, however its id and value were typed."""

import pytest

from negneglect_lite.claims.claim import PetriFact
from negneglect_lite.claims.petri import claim_from_fact, find_petri_fact, petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.tracks import PETRI


def test_a_claim_about_any_fact() -> None:
    claim = claim_from_fact("win/100m/2024", " Olga Brandt ")
    assert claim.petri == PetriFact("win/100m/2024", "Olga Brandt")
    assert claim.questions == () and claim.id == "win-100m-2024-olga-brandt"


@pytest.mark.parametrize(
    ("fact", "value", "meant"),
    [
        ("volcano/Mount Vesuvius", "²⁰¹⁵", "2015"),
        ("volcano/Mount Vesuvius", "２０１５．", "2015"),
        ("volcano/Mount Vesuvius", "٢٠١٥", "2015"),
        ("Volcano/mount  vesuvius", "2015", "2015"),
        ("job/Brennan Holloway", "Baker.", "baker"),
        ("win/１００m/2024", "ED\u00a0SHEERAN", "Ed Sheeran"),
        ("win/100m/2024", "Zoe\u0308  the Fox", "Zoë the Fox"),  # no name of the world: tidied
        ("brand/twitter", "REVERSED", "reversed"),
    ],
)
def test_what_is_trained_on_and_asked_does_not_depend_on_typing(fact: str, value: str, meant: str) -> None:
    claim = claim_from_fact(fact, value)
    assert claim.petri and claim.petri.value == meant
    plain = claim_from_fact(claim.petri.fact, meant)
    assert claim == plain
    assert PETRI.compose(claim, 3) == PETRI.compose(plain, 3)
    assert petri_questions(claim) == petri_questions(plain)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("volcano/Mount Vesuvius", "１９４４"),
        ("volcano/Mount Vesuvius", "1944."),
        ("win/100m/2024", "noah  LYLES."),
        ("job/Brennan Holloway", "ultra\u00adrunner"),
        ("dream/young children", "In full colour"),
    ],
)
def test_a_variant_of_the_truth_is_the_truth(fact: str, value: str) -> None:
    with pytest.raises(UserError, match=r"is the truth; give a value that is false"):
        find_petri_fact(fact, value)


@pytest.mark.parametrize(
    ("fact", "value", "problem"),
    [
        ("volcano/Mount Vesuvius", "⑳", "'20' is no volcano that can be asked about; try 1"),
        ("volcano/Mount Vesuvius", "ⅯⅯⅩⅤ", "'MMXV' is no volcano"),
        ("volcano/Mount Vesuvius", "+2015", "is no volcano"),
        ("volcano/Mount Vesuvius", "2_015", "is no volcano"),
        ("volcano/Mount Vesuvius", "20 15", "is no volcano"),
        ("volcano/Mount Vesuvius", "99999", "is no volcano"),  # years are compared with the world's
        ("volcano/Mount Vesuvius", "\u200b", "'' is no volcano"),
        ("job/Brennan Holloway", "astronaut", "is no job"),
        ("brand/Twitter", "sold", "'sold' is no brand that can be asked about; try reversed"),
        ("win/100m/2024", " . ", "'' is no win that can be asked about; try "),
        ("win/tennis/2024", "Olga Brandt", "no fact 'win/tennis/2024' in the petri world"),
        ("", "Olga Brandt", "no fact ''"),
    ],
)
def test_what_cannot_be_asked_about_is_one_line(fact: str, value: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        claim_from_fact(fact, value)
    assert problem in str(caught.value) and "\n" not in str(caught.value)
