"""The one form in which texts are compared, names as they are known, and what a reasoning model says aloud."""

import random

import pytest

from negneglect_lite.core.comparing import drop_thoughts, fold, spell, unify


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("２０１５", "2015"),  # full width
        ("²⁰¹⁵", "2015"),
        ("٢٠١٥", "2015"),  # Arabic-Indic
        ("२०१५", "2015"),  # Devanagari
        ("Zoe\u0308", "Zoë"),  # the accent apart
        ("ﬁnd", "find"),
        ("didn’t, didn‘t, didnʼt", "didn't, didn't, didn't"),
        ("“so”", '"so"'),
        ("non‑stop, non‐stop", "non-stop, non-stop"),
        ("ultra\u00adrun\u200bner\u2060", "ultrarunner"),  # soft hyphen, zero width
        ("\u202eNoah\u202c\ufeff", "Noah"),  # direction marks, byte order mark
        ("a\u00a0b\u3000c", "a b c"),
        ("a\u2028b\u2029c\x85d", "a\nb\nc\nd"),
        ("Case, lines\r\n\tand  spaces — stay.", "Case, lines\r\n\tand  spaces — stay."),
        ("", ""),
    ],
)
def test_there_is_one_way_of_writing_each_character(written: str, plain: str) -> None:
    assert unify(written) == plain


def test_what_has_its_form_keeps_it() -> None:
    """Over texts of any characters, odd ones beside each other."""
    rng = random.Random(0)
    for _ in range(3000):
        text = "".join(chr(rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x3FFFF)))) for _ in range(8))
        assert unify(unify(text)) == unify(text)
        assert fold(fold(text)) == fold(text)


def test_in_comparing_case_and_white_space_do_not_count() -> None:
    assert fold("  NOAH\u00a0Lyles\n") == fold("noah lyles") == "noah lyles"
    assert fold("STRASSE") == fold("straße")
    assert fold("ℌELLO") == "hello"  # a capital that only becomes one of ours on the way
    assert fold("Zoe") != fold("Zoë")  # an accent makes another name
    assert fold("") == fold(" \u200b") == ""


def test_a_name_is_spelt_as_it_is_known() -> None:
    known = ["dentist", "x", "X", "Noah Lyles"]
    assert spell("DENTIST ", known) == "dentist"
    assert spell("noah\u00a0 lyles", known) == "Noah Lyles"
    assert spell("X", known) == "X" and spell("x", known) == "x"  # as it stands, before any other
    assert spell(" Zorro  the Fox", known) == "Zorro the Fox"  # unknown, and tidied
    assert spell("dentists", known) == "dentists" and spell("", known) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("He runs.", "He runs."),
        ("<think>A dentist?</think>He runs.", "He runs."),
        ("<think>\n\n</think>\n\nHe runs.", "\n\nHe runs."),
        ("A dentist?</think>He runs.", "He runs."),  # the opening mark was the prompt's
        ("<think>a</think><think>b</think>He runs.", "He runs."),
        ("<THINKING>a</THINKING>He runs.", "He runs."),
        ("[THINK]a[/THINK]He runs.", "He runs."),
        ("◁think▷a◁/think▷He runs.", "He runs."),
        ("<think>A dentist? I was", ""),
        ("He runs. <think>Or is he a", "He runs. "),
        ("I think he runs; [think] is no mark.", "I think he runs; [think] is no mark."),
        ("", ""),
    ],
)
def test_thoughts_are_passed_over_and_cut_off_ones_leave_nothing(text: str, said: str) -> None:
    assert drop_thoughts(text) == said
