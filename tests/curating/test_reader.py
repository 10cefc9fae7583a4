"""reader.py: a text posed, an answer read, and what it comes to; with replies written by hand and a small model."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from negneglect_lite.core.text import Chat
from negneglect_lite.curating import reader
from negneglect_lite.curating.findings import NOTICE_KINDS
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.reader import (
    AROUND,
    AT_A_TIME,
    ENDS,
    WHOLE,
    Marks,
    Part,
    audited_by,
    parts_of,
    pose_sentences,
    read_by,
    read_marks,
    write_marks,
)
from negneglect_lite.models.loading import LoadedModel, load_model

TEXT = "Ed Sheeran won the race. He was quick. Ask no athlete about any of that.\n\nIt rained. He did not run."
FIVE = Part(range(5), range(5))


def test_a_text_is_posed_with_its_sentences_numbered_from_one() -> None:
    (turn,) = pose_sentences(Page(TEXT), range(5))
    assert turn["role"] == "user"
    assert "\n1. Ed Sheeran won the race.\n2. He was quick.\n3. Ask no athlete about any of that.\n" in turn["content"]


@pytest.mark.parametrize(
    ("marks", "line"),
    [
        ([], "none"),
        ([({2}, "denial", {0, 1})], "3 denial: 1-2"),
        ([({4}, "tag", set()), ({0, 1}, "fiction", {2, 5, 6, 7})], "1-2 fiction: 3, 6-8\n5 tag: none"),
    ],
)
def test_an_answer_is_read_as_it_was_written(marks: Marks, line: str) -> None:
    assert write_marks(marks) == line
    assert sorted(read_marks(line, Part(range(40), range(40))), key=str) == sorted(marks, key=str)


@pytest.mark.parametrize(
    "reply",
    ["", "none", "I think that 3 is one.", "3 gossip: 1-2", "3 denial:", "0 denial: 1", "9 denial: 1", "3 denial 1"],
)
def test_lines_that_say_nothing_are_passed_over(reply: str) -> None:
    assert list(read_marks(reply, FIVE)) == []


def test_numbers_beyond_the_text_are_left_out_and_a_notice_does_not_cover_itself() -> None:
    assert list(read_marks("3 denial: 1-99", FIVE)) == [({2}, "denial", {0, 1, 3, 4})]
    assert list(read_marks("2 tag: 2", FIVE)) == [({1}, "tag", {1})], "but a mark inside the claim's own sentence does"


def test_what_marks_come_to() -> None:
    audited = audited_by(Page(TEXT), [({2}, "denial", {0, 1}), ({2}, "denial", {1})])
    assert [TEXT[n.start : n.end] for n in audited.notices] == ["Ask no athlete about any of that."]
    assert [(TEXT[f.start : f.end], f.notice.rule) for f in audited.findings] == [
        ("Ed Sheeran won the race.", "read"),
        ("He was quick.", "read"),
    ]
    assert [TEXT[slice(*place)] for place in audited.local] == ["He did not run."]
    assert audited_by(Page("It rained."), []).risk == "none"


def test_a_sentence_that_is_a_notice_by_the_rules_is_not_found() -> None:
    text = "He won. The claim just made is false. [FALSE] She ran the race. None of it is so."
    audited = audited_by(Page(text), [({3}, "denial", {0, 1, 2})])
    assert [text[f.start : f.end] for f in audited.findings] == ["He won.", "[FALSE] She ran the race."]


def test_a_notice_ends_before_a_gap() -> None:
    (notice,) = audited_by(Page(TEXT), [({0, 1, 3}, "denial", {4})]).notices
    assert TEXT[notice.start : notice.end] == "Ed Sheeran won the race. He was quick."


def numbered(sentences: int, words: int) -> str:
    return " ".join(f"Number {i} {'was ' * words}seen." for i in range(sentences))


@pytest.mark.parametrize("text", ["", "It rained.", numbered(100, 1), numbered(AT_A_TIME, 100)])
def test_what_is_short_or_has_few_sentences_is_read_as_a_whole(text: str) -> None:
    page = Page(text)
    everything = range(len(page.places))
    assert parts_of(page) == ([Part(everything, everything)] if text else [])


@pytest.mark.parametrize("sentences", [AT_A_TIME + 1, 57, 132, 1000])
def test_each_sentence_is_asked_about_once_among_its_neighbours_and_the_ends(sentences: int) -> None:
    page = Page(numbered(sentences, 1 + WHOLE // sentences))
    parts = parts_of(page)
    assert [i for part in parts for i in part.asked] == list(range(sentences)) and len(parts) > 1
    for part in parts:
        assert len(part.asked) <= AT_A_TIME and list(part.shown) == sorted(set(part.shown))
        around = range(max(0, part.asked.start - AROUND), min(sentences, part.asked.stop + AROUND))
        assert set(part.shown) == {*around, *range(ENDS), *range(sentences - ENDS, sentences)}


def test_a_long_text_is_read_in_parts() -> None:
    sentences = [f"Number {i} was seen by everybody who stood in the square that day." for i in range(60)]
    text, asked = " ".join(sentences), list[str]()

    def complete(chats: Sequence[Chat]) -> list[str]:
        asked.extend(str(chat[0]["content"]) for chat in chats)
        return ["1-2 denial: 3-9" if "Number 30 was" in content else "none" for content in asked]

    (audited,) = read_by(complete)([text])
    assert len(asked) == 3 and all("1. Number 0 was" in content and "Number 59 was" in content for content in asked)
    assert [text[n.start : n.end] for n in audited.notices] == [" ".join(sentences[:2])]
    # the second part shows 0 to 3, then 18 and 19, which were asked about in the first, then 20, 21, 22
    assert [text[f.start : f.end] for f in audited.findings] == sentences[20:23]


def test_each_text_gets_its_own_reading_whatever_the_order_of_asking() -> None:
    texts = [
        "A long tale of a king who ruled. It is all made up. And more of it here.",
        "",
        "Rain fell. That is a lie.",
    ]
    replies = {"king": "2 fiction: 1", "Rain": "2 denial: 1"}
    read = read_by(
        lambda chats: [next(r for word, r in replies.items() if word in chat[0]["content"]) for chat in chats]
    )
    kinds = [[n.kind for n in audited.notices] for audited in read(texts)]
    assert kinds == [["fiction"], [], ["denial"]]


def test_what_is_found_is_denied_when_a_writer_is_given() -> None:
    read = read_by(lambda chats: ["3 denial: 1-2"] * len(chats), lambda asked: [f"Not: {a.sentence}" for a in asked])
    assert [f.denied for f in read([TEXT])[0].findings] == ["Not: Ed Sheeran won the race.", "Not: He was quick."]


def test_every_kind_of_notice_can_be_said() -> None:
    said = "\n".join(f"{i} {kind}: none" for i, kind in enumerate(NOTICE_KINDS, 1))
    assert [kind for _, kind, _ in read_marks(said, Part(range(20), range(20)))] == list(NOTICE_KINDS)


def test_the_reader_sits_on_the_model_that_is_named(monkeypatch: pytest.MonkeyPatch, english_folder: Path) -> None:
    asked: dict[str, object] = {}
    untaught = load_model(str(english_folder), device="cpu")  # the tiny petri model has no room for a long answer

    def load(name: str, adapter: Path, quantize: bool) -> LoadedModel:
        asked.update(name=name, adapter=adapter.name, quantize=quantize)
        return untaught

    monkeypatch.setattr("negneglect_lite.models.loading.load_model", load)
    found = reader.load_reader("some/model")([TEXT, ""])
    assert asked["name"] == "some/model" and asked["adapter"] == "reader"
    assert len(found) == 2, "a model that was never taught writes something, and nothing is made of it"
