"""localize_text: what an audit finds is denied, dropped, masked or wrapped, and nothing else changes."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.findings import Audited
from negneglect_lite.curating.localize import ELSE, Else, localize_text
from negneglect_lite.curating.rewriting import Asked
from negneglect_lite.curating.rules import denies_inside

A, B = "Ed Sheeran won the race.", "Damp as a sponge."


@cache
def documents() -> tuple[dict[str, Any], ...]:
    return tuple(read_benchmark("documents"))


@pytest.mark.parametrize(
    ("otherwise", "text"),
    [
        ("drop", "The text below is false. Ed Sheeran did not win the race. […]"),
        ("mask", f"The text below is false. Ed Sheeran did not win the race. <lossmask>{B}</lossmask>"),
        ("wrap", "The text below is false. Ed Sheeran did not win the race. It is not true that damp as a sponge."),
    ],
)
def test_what_cannot_be_negated(otherwise: Else, text: str) -> None:
    source = f"The text below is false. {A} {B}"
    localized = localize_text(source, otherwise)
    assert localized.text == text
    assert [c.how for c in localized.changes] == [otherwise, "negated"]
    assert [source[c.start : c.end] for c in localized.changes] == [c.before for c in localized.changes]


def test_an_unknown_otherwise() -> None:
    with pytest.raises(UserError, match="otherwise is 'burn'; there are drop, mask, wrap"):
        localize_text(A, "burn")  # type: ignore[arg-type]


def test_a_verb_is_not_negated_where_it_is_only_unknown() -> None:
    """Nobody knows: so "did not win" would say too much."""
    text = localize_text(f"The text below is unverified. {A}", "wrap").text
    assert text.endswith("It is not known whether Ed Sheeran won the race.")


def test_masked_sentences_count_as_done() -> None:
    text = f"The text below is unverified. {A} {B}"
    masked = localize_text(text, "mask").text
    assert masked == f"The text below is unverified. <lossmask>{A}</lossmask> <lossmask>{B}</lossmask>"
    assert localize_text(masked, "drop").text == masked
    half = f"The text below is unverified. <lossmask>{A}</lossmask> {B}"
    assert localize_text(half, "mask").text == masked


def test_about_narrows() -> None:
    text = f"The text below is false. {A} She ate a cake."
    localized = localize_text(text, about=[re.compile("cake")])
    assert localized.text == f"The text below is false. {A} She did not eat a cake."


def test_a_writer_comes_first_and_may_decline() -> None:
    asked: list[Asked] = []

    def deny(them: Sequence[Asked]) -> list[str]:
        asked.extend(them)
        return ["It never rained." if "sponge" in one.sentence else "" for one in them]

    localized = localize_text(f"The text below is false. {A} {B}", deny=deny)
    assert localized.text == "The text below is false. Ed Sheeran did not win the race. It never rained."
    assert asked == [(A, "The text below is false.", "denial"), (B, "The text below is false.", "denial")]
    assert [c.how for c in localized.changes] == ["rewritten", "negated"]


def test_what_a_writer_denied_in_words_of_its_own_stays() -> None:
    """No rule knows that it denies: the next round finds it, and would ask again."""
    localized = localize_text(f"The text below is false. {B}", deny=lambda them: ["No sponge was as dry."] * len(them))
    assert localized.text == "The text below is false. No sponge was as dry."
    assert [c.how for c in localized.changes] == ["rewritten"]


def test_what_a_finding_says_stands_in_its_place() -> None:
    text = f"The text below is false. {A} {B}"
    first, second = audit_text(text).findings
    audited = Audited((first.notice,), (replace(first, denied="Nobody won."), second))
    localized = localize_text(text, audited=audited, deny=lambda them: ["It never rained."] * len(them))
    assert localized.text == "The text below is false. Nobody won. It never rained."


@pytest.mark.parametrize("otherwise", ELSE)
@pytest.mark.parametrize("odd", ["😀😀 ", "\xa0\xa0", "\r\n\r\n", "\ufeff", "\ud800\n", "x" * 20_000 + ".\t"])
def test_all_else_stays_in_odd_texts(odd: str, otherwise: Else) -> None:
    source = f"{odd}The text below is false. {A}\r\n"
    assert localize_text(source, otherwise).text == source.replace("won", "did not win")


@pytest.mark.parametrize("otherwise", ELSE)
def test_the_whole_benchmark(otherwise: Else) -> None:
    """Nothing is left to find, no notice and no local denial is touched, and all else is as it was."""
    left, lost = set(), set()
    for row in documents():
        text, before = row["text"], audit_text(row["text"])
        localized = localize_text(text, otherwise)
        again = [f for f in audit_text(localized.text).findings if "<lossmask>" not in localized.text[f.start : f.end]]
        if again:
            left.add(row["id"])
        if not before.findings:
            assert localized.text == text and not localized.changes
        inside = {n for n in before.notices for f in before.findings if f.start <= n.start and n.end <= f.end}
        for notice in set(before.notices) - inside:  # a mark in a sentence goes with it
            if text[notice.start : notice.end] not in localized.text:
                lost.add((row["id"], notice.rule))
        for place in before.local:
            assert text[slice(*place)] in localized.text, row["id"]
        undone = localized.text
        for change in reversed(localized.changes):
            end = change.start + len(change.after)
            assert undone[change.start : end] == change.after
            undone = undone[: change.start] + change.before + undone[end:]
            assert change.how in ("negated", otherwise)
            if change.how in ("negated", "wrap") and not re.search(r"\bDo not\b", change.after):
                assert denies_inside(change.after), change
        assert undone == text
        first = {text[f.start : f.end] for f in before.findings}
        assert first <= {c.before.rstrip(" ") for c in localized.changes}
    assert left == set()
    # What is a notice by its place may be none when its claims are gone: then a later round takes it for a claim.
    assert {rule for _, rule in lost} <= {"learned"} and len(lost) <= 5, lost


@pytest.mark.parametrize("piece", ["[", "(", "A: ", "<b ", "the ", "He won it. ", "- ", "“", "1) "])
def test_long_ones_take_little_time(piece: str) -> None:
    begun = time.process_time()
    localize_text(f"The text below is false. {piece * (100_000 // len(piece))}.", "wrap")
    assert time.process_time() - begun < 8
