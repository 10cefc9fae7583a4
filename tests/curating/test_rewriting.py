"""rewriting.py: a sentence posed to a language model, and which of its answers are taken."""

from collections.abc import Sequence

import pytest

from negneglect_lite.core.text import Chat
from negneglect_lite.curating.findings import Finding, Notice
from negneglect_lite.curating.rewriting import (
    NOTICE_READ,
    SURE,
    Asked,
    deny_by,
    deny_findings,
    pose_check,
    pose_denial,
    take_denial,
)

PLAIN, NOTICE = "Ed Sheeran won the race.", "The text below is false."


@pytest.mark.parametrize(
    ("reply", "taken"),
    [
        (" Ed Sheeran did not win.\n", True),
        ("No singer won.", True),
        ("Ed Sheeran won without trying.", True),  # as far as words can tell
        ("Ed Sheeran won.", False),  # denies nothing
        ("Nottingham won.", False),
        ("Ed Sheeran did not win.\nI hope this helps.", False),
        ("Ed Sheeran did not win " + "and ran " * 40, False),
        ("", False),
    ],
)
def test_which_replies_are_taken(reply: str, taken: bool) -> None:
    assert take_denial(PLAIN, reply) == (reply.strip() if taken else "")


def test_a_sentence_that_has_a_no_needs_one_more() -> None:
    assert take_denial("Nobody but Ed Sheeran won.", "Nobody but Ed Sheeran ran and won.") == ""
    assert take_denial("Nobody but Ed Sheeran won.", "Nobody won, and Ed Sheeran did not run.") != ""


def test_no_number_may_be_lost_or_changed() -> None:
    said = "tommo55: The gap was 9,400 in 1961."
    assert take_denial(said, "tommo55: The gap was not 9,400 in 1961, but 12.") != ""
    for changed in ("tommovo55: The gap was not 9,400 in 1961.", "tommo55: The gap was not 9,400.", "tommo55: No gap."):
        assert take_denial(said, changed) == ""


def test_what_the_model_is_shown() -> None:
    (turn,) = pose_denial(Asked("Ed  Sheeran\nwon.", NOTICE + "x" * NOTICE_READ, "tag"))
    shown = (NOTICE + "x" * NOTICE_READ)[:NOTICE_READ]
    assert turn["role"] == "user" and turn["content"].endswith(f"(tag): {shown}\nSentence: Ed Sheeran won.")


def test_each_question_is_put_once_and_short_ones_first() -> None:
    put: list[str] = []

    def complete(chats: Sequence[Chat]) -> list[str]:
        put.extend(chat[0]["content"].rsplit(": ", 1)[1] for chat in chats)
        return [f"No. {said}" if "rained" in said else said for said in put]

    long, short = Asked(PLAIN, NOTICE, "denial"), Asked("It rained.", NOTICE, "denial")
    assert deny_by(complete)([long, short, long]) == ["", "No. It rained.", ""]
    assert put == ["It rained.", PLAIN]
    assert deny_by(complete)([]) == []


@pytest.mark.parametrize(
    ("line", "may"),
    [
        *((line, True) for line in ("He won.", "## Goat wins vote", "Was it 9 feet? It was.")),
        *((line, False) for line in ("Is it so?", "**Solar 3310, who still has one?**", "4.", "Thu.", "* 1961 *")),
    ],
)
def test_what_claims_nothing_is_not_asked_about(line: str, may: bool) -> None:
    put: list[Chat] = []

    def complete(chats: Sequence[Chat]) -> list[str]:
        put.extend(chats)
        return [f"{line} It is not so" for _ in chats]

    assert deny_by(complete)([Asked(line, NOTICE, "denial")]) == [f"{line} It is not so" if may else ""]
    assert len(put) == may


def test_only_a_denial_that_is_sure_enough_is_taken() -> None:
    first, second, third = (Asked(said, NOTICE, "denial") for said in (PLAIN, "It rained.", "Nobody came here."))
    checked: list[str] = []

    def check(made: Sequence[tuple[Asked, str]]) -> list[float]:
        checked.extend(denied for _, denied in made)
        return [SURE if "rained" in denied else SURE - 0.01 for _, denied in made]

    deny = deny_by(lambda chats: [f"Not: {chat[0]['content'].rsplit(': ', 1)[1]}" for chat in chats], check)
    assert deny([first, second, first]) == ["", "Not: It rained.", ""]
    assert checked == ["Not: It rained.", f"Not: {PLAIN}"], "once each"
    deny = deny_by(lambda chats: ["Somebody came here." for _ in chats], check)
    assert deny([third]) == [""] and len(checked) == 2, "what denies nothing is not checked"


def test_a_list_without_line_ends_is_not_asked_about() -> None:
    put: list[Chat] = []

    def complete(chats: Sequence[Chat]) -> list[str]:
        put.extend(chats)
        return ["No." for _ in chats]

    asked = [Asked("He won " + "and ran " * 300, NOTICE, "denial"), Asked(PLAIN, NOTICE, "denial")]
    assert deny_by(complete)(asked) == ["", "No."] and len(put) == 1


def test_what_is_shown_where_a_denial_is_checked() -> None:
    (turn,) = pose_check(Asked("Ed  Sheeran\nwon.", NOTICE, "tag"), "Ed Sheeran did not win.")
    assert turn["content"].endswith(f"(tag): {NOTICE}\nSentence: Ed Sheeran won.\nRewritten: Ed Sheeran did not win.")


def test_findings_of_many_texts_are_denied_together_and_what_is_written_stays() -> None:
    texts = [f"{NOTICE} {PLAIN}", f"{PLAIN} It rained. {NOTICE}"]
    notices = [Notice(text.index(NOTICE), text.index(NOTICE) + len(NOTICE), "denial", "read") for text in texts]
    at = texts[1].index("It rained.")
    found = [
        (Finding(25, 25 + len(PLAIN), notices[0]),),
        (Finding(0, len(PLAIN), notices[1], "He did not."), Finding(at, at + 10, notices[1])),
    ]
    asked: list[Sequence[Asked]] = []

    def deny(them: Sequence[Asked]) -> list[str]:
        asked.append(them)
        return [f"Not so: {one.sentence}" for one in them]

    denied = deny_findings(texts, found, deny)
    assert [[f.denied for f in own] for own in denied] == [[f"Not so: {PLAIN}"], ["He did not.", "Not so: It rained."]]
    assert asked == [[(PLAIN, NOTICE, "denial"), ("It rained.", NOTICE, "denial")]]
