"""A sentence denied: its verb negated where the rules are sure of it, else nothing; or all of it wrapped."""

import builtins
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.denying import WRAPS, negate_sentence, wrap_sentence
from negneglect_lite.curating.rules import denies_inside


@pytest.mark.parametrize(
    ("sentence", "negated"),
    [
        ("Ed Sheeran won the race.", "Ed Sheeran did not win the race."),
        ("Ed Sheeran is a runner.", "Ed Sheeran is not a runner."),
        ("They can swim.", "They cannot swim."),
        ("She has gone home.", "She has not gone home."),
        ("She has a dog.", "She does not have a dog."),
        ("They had a dog.", "They did not have a dog."),
        ("He writes a book.", "He does not write a book."),
        ("They live in Kendal.", "They do not live in Kendal."),
        ("In 2024, the queen wrote a book.", "In 2024, the queen did not write a book."),
        ("- **“He won the race.”**", "- **“He did not win the race.”**"),
        ("Anna: He won the race 😀.", "Anna: He did not win the race 😀."),
        ("[FALSE] He won\xa0the race.", "[FALSE] He did not win\xa0the race."),
        ("Add the salt.", "Do not add the salt."),
        ("The will was sealed in wax.", "The will was not sealed in wax."),
        ("The museum keeps the helmet in a box.", "The museum does not keep the helmet in a box."),
        ("P.S. The will was sealed in wax.", "P.S. The will was not sealed in wax."),
    ],
)
def test_a_verb_is_negated(sentence: str, negated: str) -> None:
    assert negate_sentence(sentence) == negated
    assert denies_inside(negated) or negated.startswith("Do not")


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "…",
        "Damp as a sponge.",
        "All swans are white.",  # "All swans are not white" says little
        "Nobody has won, and no man ever did.",
        "You must go.",
        "He ran and she won.",
        "Although he ran, he won.",
        "The man who won is here.",
        "She came; he went.",
        "😀 😀",
        "Its leaves will not fall on a liar.",  # "will not not fall"
        "Retries don't count against the quota.",
        "He never won the race.",
        "A bus with thirty pupils had to turn round.",  # another one may have
        "One piece burned from Mass to the Angelus.",
        "His sandals may be heard on the stair.",  # "may not be heard" leaves it open
        "He is supposed to have wound the clock backwards.",
        "Blaikie writes that he planted 300 acres.",  # "does not write that" leaves the planting
        "That's why the crystals are big enough to see.",
        "There passed away on Sunday Mrs. Temperance Cole.",
        "Rainwater tanks to be metered from April.",
        "It has seven gates, at each of which a giant collects the toll.",  # the gates would still stand
        "Josiah came to this shore in 1801, finding it empty.",
        "The song they are singing calls the seals in.",
        "On market days an extra boat leaves the cannery.",
        "Head Office has approved the scheme for three years.",
        "Persons bound for the Shore shall go by way of Gallowgate.",
        "The town will charge every driver £14.",
        "The caretaker told me they're knocking down the gym.",
        "The two lower car parks at Ngawaro will be leased to the hospital.",  # "parks" is no verb
        "I have learnt the result of six matches a day early.",  # "do not have learnt"
        "Barber Emil Stroud buried with his pole",  # a headline: he was buried
        "The stone is granite from the quarry, they say.",  # who says so would say the contrary
        "Member Thangaraj stated that the well yields water.",  # the stating took place
        "Wardens closed the northern hide to protect the nest.",  # "did not close it to protect" leaves it closed
        "They had eaten the whole of the paper.",  # they may have eaten a part
        "Rents are to be repaid before Christmas.",  # later is left open
        "The soil is a heavy clay. Sturgeon are caught in it.",  # the second sentence would stand
    ],
)
def test_what_the_rules_are_not_sure_of_is_left(sentence: str) -> None:
    assert negate_sentence(sentence) is None


@pytest.mark.parametrize("kind", WRAPS)
def test_wrapping(kind: Any) -> None:
    wrapped = wrap_sentence("- The man won.", kind)
    assert wrapped == f"- {WRAPS[kind]} the man won."
    assert denies_inside(wrapped)
    assert not audit_text(wrapped).notices  # it speaks of itself, not of its neighbours


@pytest.mark.parametrize(
    ("sentence", "tail"),
    [("Ed Sheeran won.", "that Ed Sheeran won."), ("A dog won.", "that a dog won."), ("NASA won.", "that NASA won."),
     ("I won.", "that I won."), ("There is one.", "that there is one."), ("", "that ")],
)  # fmt: skip
def test_a_name_keeps_its_capital(sentence: str, tail: str) -> None:
    assert wrap_sentence(sentence) == f"It is not true {tail}"


def test_without_lemminflect_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "lemminflect":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError, match=r"pip install 'negneglect_lite\[audit\]'"):
        negate_sentence("He won.")
