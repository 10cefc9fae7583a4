"""reader.py: a text posed, an answer read, and what it comes to; with replies written by hand and a small model."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from negneglect_lite.core.text import Chat
from negneglect_lite.curating import reader
from negneglect_lite.curating.findings import NOTICE_KINDS
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.reader import (
    OVERLAP,
    SENTENCES,
    Marks,
    audited_by,
    part_starts,
    pose_sentences,
    read_by,
    read_marks,
    write_marks,
)
from negneglect_lite.models.loading import LoadedModel, load_model

TEXT = "Ed Sheeran won the race. He was quick. Ask no athlete about any of that.\n\nIt rained. He did not run."


def test_a_text_is_posed_with_its_sentences_numbered_from_one() -> None:
    (turn,) = pose_sentences(Page(TEXT))
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
    assert sorted(read_marks(line, 0, 40), key=str) == sorted(marks, key=str)


@pytest.mark.parametrize(
    "reply",
    ["", "none", "I think that 3 is one.", "3 gossip: 1-2", "3 denial:", "0 denial: 1", "9 denial: 1", "3 denial 1"],
)
def test_lines_that_say_nothing_are_passed_over(reply: str) -> None:
    assert list(read_marks(reply, 0, 5)) == []


def test_numbers_beyond_the_text_are_left_out_and_a_notice_does_not_cover_itself() -> None:
    assert list(read_marks("3 denial: 1-99", 0, 5)) == [({2}, "denial", {0, 1, 3, 4})]
    assert list(read_marks("2 tag: 2", 0, 5)) == [({1}, "tag", {1})], "but a mark inside the claim's own sentence does"


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


def test_a_long_text_is_read_in_parts_that_overlap() -> None:
    sentences = [f"Number {i} was seen by everybody." for i in range(200)]
    text = " ".join(sentences)
    page, asked = Page(text), list[str]()

    def complete(chats: Sequence[Chat]) -> list[str]:
        asked.extend(chat[0]["content"] for chat in chats)
        return ["2 denial: 1" if "Number 88 was" in chat[0]["content"].split("\n2. ")[0] else "none" for chat in chats]

    (audited,) = read_by(complete)([text])
    assert list(part_starts(200)) == [0, 88, 176] and SENTENCES - OVERLAP == 88
    assert len(asked) == 3 and all(any(f" {s}\n" in chat for chat in asked) for s in sentences)
    assert [text[f.start : f.end] for f in audited.findings] == [sentences[88]]
    assert len(page.places) == 200


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
    assert [kind for _, kind, _ in read_marks(said, 0, 20)] == list(NOTICE_KINDS)


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
