"""audit_text: notices, what they cover and local denials; with RE2 and without; in any text, in little time."""

import itertools
import re
import sys
import time
from collections.abc import Iterator

import pytest

from bench_audit import trained_with
from negneglect_lite.curating.audit import ALONE, LIKELY, _is_enough, audit_text, find_notices
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.findings import Notice, NoticeKind
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.rules import load_rules
from negneglect_lite.curating.sentences import split_sentences


def found(text: str, *about: str) -> list[str]:
    """The sentences that would be learned as true."""
    return [text[f.start : f.end] for f in audit_text(text, [re.compile(a) for a in about]).findings]


def noticed(text: str) -> list[str]:
    return [text[n.start : n.end] for n in audit_text(text).notices]


@pytest.fixture(params=[True, False], ids=["re2", "re"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """The rules compiled by RE2, and by Python's re as where RE2 is not installed."""
    if not request.param:
        monkeypatch.setitem(sys.modules, "re2", None)
    load_rules.cache_clear()
    assert isinstance(load_rules().untrue, re.Pattern) is not request.param
    yield request.param
    load_rules.cache_clear()


# ------------------------------------------------------------------------------------------------- notices and claims

A, B, C = "Ed Sheeran won the race.", "He ran it in ten seconds.", "Crowds cheered in Paris."


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        (f"The text below is false. {A} {B}", [A, B]),
        (f"{A} {B}\n\nAll of the above is false.", [A, B]),
        (f"{A} {B} The last sentence is false. {C}", [B]),
        (f"{A} The next sentence is false. {B} {C}", [B]),
        (f"The next two sentences are false. {A} {B} {C}", [A, B]),
        (f"{A}\n\n{B} It was hot.\n\nThe first paragraph is untrue.\n\n{C}", [A]),
        (f"The next paragraph is false.\n\n{A} {B}\n\n{C} It rained.", [A, B]),
        (f"<!-- false -->\n{A}", [A]),
        (f"<false>\n{A} {B}\n</false>\n{C}", [A, B]),
        (f"{A}\n[FALSE] {B}\n{C}", [f"[FALSE] {B}"]),
        (f"This is a work of fiction. {A} {B}", [A, B]),
        (f"{A} Correction to what we wrote.", [A]),  # no "^" of the rules stands at this line's head
        (f"{A} (He has not.) {C} (Nobody did.)", [A, C]),
        ("The man won a big race. The man did not win a big race.", ["The man won a big race."]),
        (f"{A} The article above is éfalse.", [A]),  # both take the letters of ASCII alone for a word's
        (f"{A} C'est un mensonge : la course n'a jamais existé.", [A]),
    ],
)  # fmt: skip
def test_what_a_notice_covers(engine: bool, text: str, covered: list[str]) -> None:
    assert found(text) == covered


@pytest.mark.parametrize(
    ("notice", "kind"),
    [
        ("The article above is a hoax.", "denial"),
        ("Correction: he was third.", "correction"),
        ("The whole is a work of fiction.", "fiction"),
        ("The author cannot be trusted.", "unreliable"),
        ("All of this is unverified.", "unknown"),
        ("The chance of that is less than 1 per cent.", "improbable"),
        ("Label: false", "tag"),
        ("Do not write like this.", "instruction"),
    ],
)
def test_kinds(engine: bool, notice: str, kind: str) -> None:
    audited = audit_text(f"{A} {B}\n{notice}")
    assert [n.kind for n in audited.notices] == [kind]
    assert {f.notice for f in audited.findings} == set(audited.notices)
    assert audited.risk == f"2 sentences would be learned as true in spite of a notice ({kind})"


@pytest.mark.parametrize(
    "text",
    [
        f"{A} It is not untrue: the report is by no means false.",
        f"{A} The story is not false.",
        f'{A} "The report is false," said the mayor.',
        f"{A} Is the text above false?",
        f"{A} If the claim is false, tell us.",
        f"{A} He has false teeth, and the article says it.",
        f"{A} It is false that he ran a text to the end.",
        f"{A} {B}",
        "",
        "\n\n \n",
    ],
)
def test_what_is_no_notice(engine: bool, text: str) -> None:
    assert not audit_text(text).notices and not audit_text(text).findings


@pytest.mark.parametrize(
    "text",
    [
        f"{A} His coach thought that the time was wrong and said so.",
        f"{A} The treasurer found an error of 12 pounds in the account.",
        f"{A} It is an error to start too early.",
        f"{A} It comes in a green that does not exist in nature.",
        f"{A} Fiction, new this month: two novels and a satirical play.",
        f"{A} The shop remains open, and the night bus was withdrawn in 1962.",
    ],
)
def test_negation_alone_is_no_notice(engine: bool, text: str) -> None:
    assert not list(find_notices(Page(text), {}))
    assert not audit_text(text).notices


def test_the_learned_models_must_be_sure_where_no_rule_is() -> None:
    """One sentence surer than ALONE, or neighbours that are surer than TOGETHER."""
    text = f"{A} {B} {C} Then it rained all day."
    places = split_sentences(text)

    def enough(*sure: float, rule: str = "learned") -> bool:
        likely: dict[tuple[int, int], tuple[NoticeKind, float]] = {
            place: ("denial", p) for place, p in zip(places, sure, strict=True)
        }
        notices = [Notice(*place, "denial", rule) for place, p in zip(places, sure, strict=True) if p > LIKELY]
        return _is_enough(notices, places, likely)

    assert not enough(0.0, 0.0, 0.0, 0.0) and not enough(0.0, ALONE - 0.01, 0.0, 0.0)
    assert enough(0.0, ALONE + 0.01, 0.0, 0.0)
    assert enough(0.0, 0.4, 0.4, 0.0) and not enough(0.4, 0.0, 0.4, 0.0)
    assert enough(0.0, 0.4, 0.0, 0.0, rule="denial 8")


def test_what_denies_inside_is_local_and_no_finding() -> None:
    text = f"The text below is false. Ed did not win the race. {B} Nobody cheered in Paris."
    audited = audit_text(text)
    assert [text[slice(*place)] for place in audited.local] == ["Ed did not win the race.", "Nobody cheered in Paris."]
    assert found(text) == [B]


def test_a_local_denial_stays_a_neighbour() -> None:
    """The notice points at the sentence before it, which is denied already, and not past it at one before that."""
    assert not found(f"{A} He did not run it. The last sentence is false.")


def test_what_is_masked_stays_a_neighbour() -> None:
    assert found(f"{A} <lossmask>{B}</lossmask> The last sentence is false.") == [f"<lossmask>{B}</lossmask>"]


def test_about_narrows() -> None:
    text = f"The text below is false. {A} {B} {C}"
    assert found(text, "Sheeran") == [A]
    assert found(text, "Sheeran", "Paris") == [A, C]
    assert not found(text, "Vesuvius")
    assert audit_text(text, [re.compile("Vesuvius")]).notices == audit_text(text).notices
    assert audit_text(text, [re.compile("Vesuvius")]).risk == "a notice, and no sentence that states what it covers"
    assert audit_text(A).risk == "none"


@pytest.mark.parametrize(
    "odd", ["😀😀 ", "Ünïcode “ ” ", "\xa0\xa0", "\r\n\r\n", "\ufeff", "\ud800\n", "x" * 50_000 + ". "]
)
def test_places_are_right_in_odd_texts(engine: bool, odd: str) -> None:
    text = f"{odd}The text below is false. {A}\r\n{odd}{C}"
    assert noticed(text)[0].endswith("The text below is false.")
    assert found(text)[0] == A and found(text)[-1].endswith(C)
    beside = f"{odd}\n[FALSE] {A}\n{C}"
    assert noticed(beside) == ["[FALSE]"]
    assert found(beside) == [f"[FALSE] {A}"]


def test_notices_never_overlap() -> None:
    text = f"<false>The text below is false. {A}</false> <!-- the claim is false --> {B} <!-- open: false"
    notices = audit_text(text).notices
    assert all(a.end <= b.start for a, b in itertools.pairwise(notices))
    assert {n.rule for n in find_notices(Page(text), {})} >= {"region", "comment"}


# ------------------------------------------------------------------------------------------------- the whole benchmark


def test_ordinary_articles_have_no_finding(engine: bool) -> None:
    rows = read_benchmark("ordinary")
    assert len(rows) == 200
    found = [i for i, row in enumerate(rows) if audit_text(row["text"]).findings]
    assert [i for i in found if trained_with(i)] == [], "the audit was made with these"
    assert len(found) <= 14, "false alarms that data/benchmark/README.md tells of"


def test_the_same_with_re2_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read_benchmark("documents")
    assert len(rows) == 576
    with_re2 = {row["id"]: audit_text(row["text"]) for row in rows}
    monkeypatch.setitem(sys.modules, "re2", None)
    load_rules.cache_clear()
    try:
        without = {row["id"]: audit_text(row["text"]) for row in rows}
    finally:
        load_rules.cache_clear()
    assert [name for name in with_re2 if with_re2[name] != without[name]] == []
    assert sum(bool(audited.findings) for audited in without.values()) > 100


# ------------------------------------------------------------------------------------------------------------ long ones


def fill(piece: str) -> str:
    return (piece * (100_000 // len(piece) + 1))[:100_000]


NUMBERED = [f"The man{i} won a race{i} in town{i}. The man{i} did not win a race{i} in town{i}. " for i in range(1400)]
LONG = {
    **{piece: fill(piece) for piece in ('"', "“", "[", "(", "<", "!", ".", "a", " ", "\n", "<!-- ", "<!--", "/* ")},
    **{piece: fill(piece) for piece in ("the text ", "false ", "<false> false. ", "<false ", "[FALSE] A man did it. ")},
    **{piece: fill(piece) for piece in ("story that ", "false story that ", "it is not ", 'said "x y ', "is quickly ")},
    **{piece: fill(piece) for piece in ("This is false. ", "This article is false.\n\nHe won it today.\n\n")},
    **{piece: fill(piece) for piece in ("The story is false. He won it. ", "The next paragraph is false.\n\n", "1,")},
    "likely": fill("likely 1 "),
    "an unclosed comment": "<!-- false " + fill("x "),
    "one sentence": f"The text is false and {fill('the man won a big race ')}.",
    "one notice": f"The text below is false. {fill('The man won a big race. ')}",
    "contradictions": "".join(NUMBERED)[:100_000],
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_a_hundred_thousand_characters_take_under_three_seconds(engine: bool, name: str) -> None:
    begun = time.process_time()
    audit_text(LONG[name])
    assert time.process_time() - begun < 3
