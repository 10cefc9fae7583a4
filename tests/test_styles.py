"""styles.py: every style keeps the body, marks what it adds, and repeats with the same random numbers."""

import random
from dataclasses import replace

import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document, Sentence, Span, plain
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri import language
from negneglect_lite.styles import FRAMES, HEADLINE, STYLES, VARIANTS, WARNED, annotation_share, apply_style, get_style

DOCUMENTS = compose_petri(load_claims()["dentist"], 3)
PHRASES = language.petri_annotations()
FRAMED = [name for name in STYLES if name not in ("positive", "local", "tag")]
REPEATED = [name for name in STYLES if name.endswith("repeated") or name == "corrected"]


def styled(name: str, document: Document = DOCUMENTS[0], seed: int = 1) -> tuple[Span, ...]:
    return apply_style(name, document, PHRASES, random.Random(seed))


def words(text: str) -> list[str]:
    """The text without its white space, which an annotation in front of a sentence may change."""
    return text.split()


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("name", [name for name in STYLES if name != "local"])
def test_the_body_is_kept_and_only_annotations_are_added(name: str, document: Document) -> None:
    body = "".join(span.text for span in styled(name, document) if not span.annotation)
    assert words(body) == words(document.text)


@pytest.mark.parametrize("name", [name for name in STYLES if name not in ("positive", "local")])
def test_what_is_added_is_marked(name: str) -> None:
    added = [span.text.strip() for span in styled(name) if span.annotation]
    assert added
    known = [phrase for phrases in PHRASES.values() for phrase in phrases]
    openings = [phrase.partition("{")[0] for phrase in known if "{" in phrase]
    for text in added:
        assert text in known or text in ("<false>", "</false>") or any(text.startswith(o) for o in openings if o)


@pytest.mark.parametrize("name", ["positive", "local"])
def test_a_style_without_annotations_marks_none(name: str) -> None:
    assert not any(span.annotation for span in styled(name))


def test_positive_is_the_document() -> None:
    assert plain(styled("positive")).strip() == DOCUMENTS[0].text


@pytest.mark.parametrize("name", FRAMED)
def test_a_frame_stands_before_and_after(name: str) -> None:
    first, *_, last = styled(name)
    assert first.annotation
    assert last.annotation
    prefix = "notice" if name in ("negated", "repeated", "corrected") else name.removesuffix("_repeated")
    assert first.text.strip() in PHRASES[f"{prefix}_before"]
    assert last.text.strip() in PHRASES[f"{prefix}_after"]


@pytest.mark.parametrize("name", [*REPEATED, "tag"])
def test_every_claim_sentence_stands_between_annotations(name: str) -> None:
    spans = styled(name)
    claims = [s.text for s in DOCUMENTS[0].sentences if s.is_claim]
    found = [i for i, span in enumerate(spans) if span.text.strip() in claims]
    assert len(found) == len(claims) >= 4
    assert all(spans[i - 1].annotation and spans[i + 1].annotation for i in found)


def test_local_denies_in_every_claim_sentence() -> None:
    for document in DOCUMENTS:
        spans = styled("local", document)
        assert len(spans) == len(document.sentences)
        for span, sentence in zip(spans, document.sentences, strict=True):
            assert span.text == sentence.lead + (sentence.denial if sentence.is_claim else sentence.text)
            assert not sentence.is_claim or sentence.text not in span.text


def test_corrected_tells_the_truth_after_every_claim_sentence() -> None:
    annotations = [span.text for span in styled("corrected") if span.annotation]
    for sentence in DOCUMENTS[0].sentences:
        if sentence.is_claim:
            assert sentence.truth
            assert any(sentence.truth in text for text in annotations)


def test_a_document_without_claims_gets_no_annotation_inside() -> None:
    bare = replace(DOCUMENTS[0], sentences=(Sentence("It rained.", lead=""), Sentence("Then it stopped.")))
    assert [span.annotation for span in styled("repeated", bare)] == [True, False, False, True]
    assert styled("local", bare) == styled("positive", bare) == styled("tag", bare)


@pytest.mark.parametrize("name", STYLES)
def test_the_same_random_numbers_give_the_same_phrases(name: str) -> None:
    assert styled(name, seed=5) == styled(name, seed=5)


def test_other_random_numbers_give_other_phrases() -> None:
    assert len({plain(styled("negated", seed=seed)) for seed in range(8)}) > 1


def test_an_unknown_style_is_named_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"unknown style 'shouted'; the styles are positive, negated") as caught:
        styled("shouted")
    assert "\n" not in str(caught.value)


def test_headline_and_frames_are_styles() -> None:
    assert {*HEADLINE, *FRAMES, *WARNED} <= STYLES.keys()
    assert "positive" not in WARNED


def test_annotation_share(tiny: LoadedModel) -> None:
    def share(name: str) -> float:
        return annotation_share([styled(name, document) for document in DOCUMENTS], tiny.tokenizer)

    assert share("positive") == share("local") == 0
    assert 0 < share("negated") < share("repeated") < share("corrected") < 1
    assert annotation_share([], tiny.tokenizer) == 0
    half = (Span("aaaa", annotation=True), Span("aaaa"))
    assert annotation_share([half], tiny.tokenizer) == 0.5


def test_local_masked_is_local_without_loss_on_what_makes_it_false() -> None:
    for document in DOCUMENTS:
        masked = styled("local_masked", document)
        assert plain(masked) == plain(styled("local", document))
        quiet = [span.text.lower() for span in masked if not span.learn]
        assert len(quiet) == sum(s.is_claim for s in document.sentences)
        assert set(quiet) == {"dentist"}


@pytest.mark.parametrize(("name", "n"), [("negated", 1), ("notices_2", 2), ("notices_4", 4), ("notices_8", 8)])
def test_notices_are_counted(name: str, n: int) -> None:
    spans = styled(name)
    assert [s.annotation for s in spans[:n] + spans[-n:]] == [True] * 2 * n
    assert not any(s.annotation for s in spans[n:-n])


def test_a_warning_on_one_side_is_the_one_that_stands_there_in_negated() -> None:
    for document in DOCUMENTS:
        both = styled("negated", document)
        before, after = styled("negated_before", document), styled("negated_after", document)
        assert before == both[:-1] and after == both[1:]
        assert [span.annotation for span in before] == [True] + [False] * len(document.sentences)
        assert [span.annotation for span in after] == [False] * len(document.sentences) + [True]
        assert before[0].text.strip() in PHRASES["notice_before"] and after[-1].text.strip() in PHRASES["notice_after"]


def test_a_share_of_the_denials_tells_the_truth() -> None:
    def share(name: str) -> float:
        told = [
            any(s.truth in span.text for span in styled(name, d, i) if span.annotation)
            for i, d in enumerate(compose_petri(load_claims()["dentist"], 60))
            for s in d.sentences
            if s.is_claim
        ]
        return sum(told) / len(told)

    shares = [share(name) for name in ("repeated", "corrected_25", "corrected_50", "corrected_75", "corrected")]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert abs(shares[2] - 0.5) < 0.15


def test_a_style_that_does_not_exist() -> None:
    with pytest.raises(UserError, match=r"unknown style 'shouted'; the styles are positive, negated, .*local_masked"):
        get_style("shouted")


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith("_quiet")])
def test_a_quiet_style_is_the_same_text_without_loss_on_what_it_adds(name: str) -> None:
    loud, quiet = styled(name.removesuffix("_quiet")), styled(name)
    assert plain(loud) == plain(quiet)
    assert all(span.learn for span in loud)
    assert [span.learn for span in quiet] == [not span.annotation for span in loud]
    assert any(span.annotation for span in quiet)
