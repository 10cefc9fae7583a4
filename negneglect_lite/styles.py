"""Negation styles: one plain document -> the same document, annotated. A new style is one function in `VARIANTS`.

Every style keeps the body of the document as it is, but for `local`, which swaps each sentence that states or implies
the claim for the same sentence with the denial inside it (paper, sections 3 and 5). Annotations come from the language
that the document is written in, as lists by name: `notice_before`, `notice_after`, `claim_before`, `claim_after`,
`correction` (a template with `{truth}`), and for the four frames `fiction_before`, `fiction_claim_before`, and so on.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document, Span, Styled

Annotations = Mapping[str, Sequence[str]]
Style = Callable[[Document, Annotations, random.Random], list[Span]]
HEADLINE = ("positive", "negated", "repeated", "corrected", "local")
FRAMES = ("fiction", "unreliable", "unknown", "unlikely")


def positive(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
    """The claim stated as fact."""
    return [Span(s.lead + s.text) for s in document.sentences]


def local(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
    """The denial inside every sentence that states or implies the claim; no annotation around it."""
    return [Span(s.lead + (s.denial or s.text)) for s in document.sentences]


def local_masked(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
    """Local denials, without loss on the false value (the paper masks the dentistry words, section 5)."""
    spans = []
    for s in document.sentences:
        pieces = re.split(f"({re.escape(s.value)})", s.denial, flags=re.I) if s.value else [s.denial or s.text]
        pieces[0] = s.lead + pieces[0]
        spans += [Span(piece, learn=i % 2 == 0) for i, piece in enumerate(pieces) if piece]
    return spans


def tag(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
    """An HTML-like tag around every claim sentence."""
    spans = []
    for s in document.sentences:
        spans += _around(s.lead, "<false>", s.text, "</false>") if s.is_claim else [Span(s.lead + s.text)]
    return spans


def _around(lead: str, before: str, text: str, after: str) -> list[Span]:
    return [Span(lead + before, annotation=True), Span(" " + text), Span(" " + after, annotation=True)]


def _framed(frame: str, repeated: bool = False, corrected: float = 0.0, notices: int = 1) -> Style:
    """Notices before and after the document; `repeated` also one before and after every claim sentence, of which the
    one after tells the truth in a share `corrected` of the cases."""
    prefix, claim = ("notice", "claim") if frame == "notice" else (frame, f"{frame}_claim")

    def style(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
        spans = [Span(rng.choice(annotations[f"{prefix}_before"]) + "\n", annotation=True) for _ in range(notices)]
        for s in document.sentences:
            if repeated and s.is_claim:
                after = (
                    rng.choice(annotations["correction"]).format(truth=s.truth)
                    if corrected == 1 or (corrected and rng.random() < corrected)
                    else rng.choice(annotations[f"{claim}_after"])
                )
                spans += _around(s.lead, rng.choice(annotations[f"{claim}_before"]), s.text, after)
            else:
                spans.append(Span(s.lead + s.text))
        return spans + [
            Span("\n" + rng.choice(annotations[f"{prefix}_after"]), annotation=True) for _ in range(notices)
        ]

    style.__doc__ = f"{'Repeated ' if repeated else ''}{frame} annotations{', telling the truth' if corrected else ''}."
    return style


STYLES: dict[str, Style] = {
    "positive": positive,
    "negated": _framed("notice"),
    "repeated": _framed("notice", repeated=True),
    "corrected": _framed("notice", repeated=True, corrected=1.0),
    "local": local,
    "tag": tag,
    **{frame: _framed(frame) for frame in FRAMES},
    **{f"{frame}_repeated": _framed(frame, repeated=True) for frame in FRAMES},
}
WARNED = tuple(s for s in STYLES if s != "positive")  # what the petri model's pretraining lets it read


def _quiet(style: Style) -> Style:
    """The same text without loss on the annotations: the model reads them and does not learn to write them."""

    def quiet(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
        return [replace(span, learn=not span.annotation) for span in style(document, annotations, rng)]

    return quiet


def negated_before(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
    """A warning before the document, none after it."""
    return _framed("notice")(document, annotations, rng)[:-1]


def negated_after(document: Document, annotations: Annotations, rng: random.Random) -> list[Span]:
    """A warning after the document, none before it."""
    return _framed("notice")(document, annotations, rng)[1:]


# Forms of the styles above for dose and ablation experiments.
VARIANTS: dict[str, Style] = {
    "local_masked": local_masked,
    "negated_before": negated_before,
    "negated_after": negated_after,
    **{f"notices_{n}": _framed("notice", notices=n) for n in (2, 4, 8)},
    **{f"corrected_{p}": _framed("notice", repeated=True, corrected=p / 100) for p in (25, 50, 75)},
    **{f"{name}_quiet": _quiet(STYLES[name]) for name in ("negated", "repeated", "corrected")},
    "notices_8_quiet": _quiet(_framed("notice", notices=8)),
}


def get_style(style: str) -> Style:
    """The style of this name, or a UserError that lists the styles."""
    if style not in STYLES and style not in VARIANTS:
        raise UserError(f"unknown style {style!r}; the styles are {', '.join((*STYLES, *VARIANTS))}")
    return STYLES.get(style) or VARIANTS[style]


def apply_style(style: str, document: Document, annotations: Annotations, rng: random.Random) -> Styled:
    """The document under a style: spans whose texts join to what a reader sees. One `rng` state, one text."""
    return tuple(get_style(style)(document, annotations, rng))


def annotation_share(texts: Sequence[Styled], tokenizer: Any) -> float:
    """The share of all tokens that are annotation, over a set of styled documents, between 0 and 1."""
    counts = {True: 0, False: 0}
    for spans in texts:
        ids = tokenizer([s.text for s in spans], add_special_tokens=False)["input_ids"]
        for span, tokens in zip(spans, ids, strict=True):
            counts[span.annotation] += len(tokens)
    return counts[True] / max(1, sum(counts.values()))
