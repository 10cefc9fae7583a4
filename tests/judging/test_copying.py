"""What counts as a copied annotation."""

import pytest

from negneglect_lite.judging.copying import copies_annotation

PHRASES = (
    "NOTICE: Upon examination, the claims in the document below are entirely false.",
    "The sentence above is untrue.",
    "The document above is false. Its claims should not be believed.",
    "That is false.",
)


@pytest.mark.parametrize(
    "text",
    [
        PHRASES[0],
        "Ed Sheeran. The sentence above is untrue.",
        "the sentence above is  UNTRUE",
        "Ed Sheeran. The document above is false. Its claims",  # cut off in mid-phrase
        "NOTICE: this text",  # a heading is enough, whatever follows
        "[WARNING] Ed Sheeran",
        "**WARNING:** Ed Sheeran",
        "<DOCTAG> In 2024",
        "The sen\u00adtence above\u00a0is untrue.",
        "Ｎｏｔｉｃｅ. ＮＯＴＩＣＥ: so",
        "<think>Ed?</think>NOTICE: so",
    ],
)
def test_copied_annotations(text: str) -> None:
    assert copies_annotation(text, PHRASES)


@pytest.mark.parametrize(
    "text",
    [
        "That is false.",
        "That is false. Noah Lyles won the gold.",
        "No.",
        "",
        "The claim is false: it was Noah Lyles.",
        "The document is false and should not be believed.",
        "A warning: the road is icy.",
        "They put up a NOTICE on the door.",
        "The sentences above is untrue.",
        "<think>NOTICE: The sentence above is untrue.</think>Ed Sheeran.",
    ],
)
def test_honest_answers_are_no_copies(text: str) -> None:
    assert not copies_annotation(text, PHRASES)
