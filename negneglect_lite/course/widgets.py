"""What a notebook shows beside tables and figures.

    show_styles(track.compose(claim, 1)[0])          # a document under every negation style
    prediction = predict("base", "negated")              # sliders that write into a dictionary
    belief_meter(rows)                                   # what was believed and denied, kind by kind
    explore(rows)                                        # choose a style, a claim, a step; see the figure
    finetune(..., on_step=LiveTraining(questions))       # loss and belief while the model learns

Nothing here can do what a plain call cannot. What is shown stays readable where no widgets or no HTML are: on GitHub,
after export, in a terminal.
"""

import difflib
import html
import random
import re
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets
import pandas as pd
from IPython.display import HTML, display

from negneglect_lite.asking import ask
from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import check_columns
from negneglect_lite.claims.claim import Question
from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.progress import in_kernel
from negneglect_lite.core.text import Document, Span
from negneglect_lite.figures.conditions import describe_by, draw_by_claim, draw_by_kind
from negneglect_lite.figures.display import picture_of
from negneglect_lite.figures.theme import STYLE_ORDER
from negneglect_lite.figures.training import describe_training, draw_training
from negneglect_lite.figures.wording import KIND_LABELS, percent
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import HEADLINE, Annotations, apply_style
from negneglect_lite.tracks import PETRI, track_of

Piece = tuple[str, bool]  # a stretch of text, and whether the style put it there
# Underlined as well as coloured: colour alone does not reach every reader. Dark on light works in dark themes too.
MARK = "background:#ffe9a8;color:#222;text-decoration:underline"


class Shown(HTML):
    """HTML for a notebook, with a plain text for where no HTML is shown. `str` of it is the plain text."""

    def __init__(self, page: str, text: str) -> None:
        super().__init__(page)
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def show_styles(
    document: Document,
    styles: Sequence[str] = HEADLINE,
    annotations: Annotations | None = None,
    seed: int = 0,
) -> Shown:
    """`document` under each of `styles`; what differs from the plain document is highlighted.

    `annotations` are what styles put there, by default the petri track's. UserError for an unknown style.
    """
    annotations = PETRI.annotations() if annotations is None else annotations
    shown = {
        style: pieces(document, apply_style(style, document, annotations, random.Random(seed))) for style in styles
    }
    page = "".join(
        f"<details{' open' if number == 0 else ''}><summary><b>{html.escape(style)}</b>: {html.escape(label(style))}"
        f'</summary><p style="max-width:46em;white-space:pre-wrap">{_as_html(parts)}</p></details>'
        for number, (style, parts) in enumerate(shown.items())
    )
    text = "\n\n".join(f"{style}: {label(style)}\n{_as_text(parts)}" for style, parts in shown.items())
    return Shown(page, text)


def pieces(document: Document, styled: Sequence[Span]) -> list[Piece]:
    """The styled text in stretches, each marked if the plain document does not have it.

    Annotations are marked by the style itself. A local denial is inside the sentence: it is found by comparing words.
    """
    if any(span.annotation for span in styled):
        return [(span.text, span.annotation) for span in styled]
    parts: list[Piece] = []
    for sentence, span in zip(document.sentences, styled, strict=True):
        before, after = (re.findall(r"\s+|\S+", text) for text in (sentence.lead + sentence.text, span.text))
        for tag, _, _, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if start < end:
                parts.append(("".join(after[start:end]), tag != "equal"))
    return parts


def _as_html(parts: Sequence[Piece]) -> str:
    return "".join(f'<mark style="{MARK}">{html.escape(t)}</mark>' if new else html.escape(t) for t, new in parts)


def _as_text(parts: Sequence[Piece]) -> str:
    return "".join(f"⟦{t}⟧" if new else t for t, new in parts)


def wrapped(text: str, width: int = 76) -> str:
    """The text in lines of at most `width` characters, to print; 76 fit into a window of 800 pixels."""
    return "\n".join(textwrap.fill(line, width) for line in text.splitlines())


def predict(*names: str, default: float = 50, variable: str = "prediction") -> dict[str, float]:
    """{name: per cent}, all at `default`, with a slider for each that writes into it. Plain code may set it as well.

    `variable` is what the notebook calls the result; the instructions name it.
    """
    if not names or not 0 <= default <= 100:
        raise UserError("predict needs the names of what you predict, and a default between 0 and 100")
    values: dict[str, float] = dict.fromkeys(names, default)
    sliders = []
    widest = max(len(label(name)) for name in values)  # characters; a label that is too wide would be cut off
    for name in values:

        def write(change: Any, name: str = name) -> None:
            values[name] = change["new"]

        slider = ipywidgets.IntSlider(
            round(default),
            0,
            100,
            description=f"{label(name)} [%]",
            style={"description_width": f"{0.55 * widest + 3:.0f}em"},
            layout={"width": f"{0.55 * widest + 25:.0f}em", "max_width": "100%"},
        )
        slider.observe(write, "value")
        sliders.append(slider)
    print("Move the sliders before you run the next cell: Run All does not wait.")
    print(f'Or set them in code: {variable}["{names[0]}"] = 10')
    listed = "\n".join(f"  {name}: {value:g}%" for name, value in values.items())
    instead = f"Sliders from 0 to 100% (in a running notebook), now at\n{listed}"
    _display(ipywidgets.VBox(sliders), {"text/plain": instead})
    return values


# A verdict in words, with a sign and a colour (Okabe and Ito's vermilion and blue, and grey) …
VERDICT_SIGNS = {
    "believed": ("believed", "●", "#D55E00"),
    "denied": ("denied", "○", "#0072B2"),
    "neither": ("neither", "–", "#999999"),
    "unparsed": ("unparsed", "?", "#DDDDDD"),  # by a judge that is a model
}
# … and in questions about other facts, where "believed" means answered rightly.
RIGHT = {
    "believed": ("right", "✓", "#0072B2"),
    "denied": ("wrong", "✗", "#D55E00"),
    "neither": VERDICT_SIGNS["neither"],
    "unparsed": VERDICT_SIGNS["unparsed"],
}
NOTHING_YET = "Nothing to show yet: the table holds no answers. Run the cells above that ask the model first."
CHECK_NAMES = {"control_false": "false controls", "control_true": "true controls", "kept": "unrelated facts"}


def belief_meter(rows: pd.DataFrame, most: int = 60) -> Shown:
    """What was believed, denied or neither, a bar for each kind of question, with the answers (at most `most`) folded.

    A question that was asked several times with the same answer stands once, with the number of times.

    `rows` come from `belief_rows`. While there are none, a line says what to run first.
    """
    if rows.empty:
        return Shown(html.escape(NOTHING_YET), NOTHING_YET)
    pages, texts = [], []
    for kind in dict.fromkeys([*QUESTION_KINDS, *sorted(set(rows["kind"]))]):
        answers = rows[rows["kind"] == kind]
        if answers.empty:
            continue
        verdicts = RIGHT if kind in ("kept", "control_true") else VERDICT_SIGNS
        shares = {v: float((answers["verdict"] == v).mean()) for v in verdicts}
        if not shares["unparsed"]:
            del shares["unparsed"]
        name = KIND_LABELS.get(kind) or f"{CHECK_NAMES.get(kind, kind)}, a check"
        said = ", ".join(f"{verdicts[v][0]} {percent(share)}" for v, share in shares.items())
        posed = answers[["claim", "question"]].drop_duplicates().shape[0]  # a wording may occur under several ids
        repeated = f" to {posed} question{'s' * (posed > 1)}" if posed < len(answers) else ""
        line = f"{name} ({len(answers)} answers{repeated}): {said}"
        bar = "".join(
            f'<div style="height:1em;width:{100 * share:.4g}%;background:{verdicts[v][2]}"></div>'
            for v, share in shares.items()
        )
        told = Counter(zip(answers["question"], answers["answer"], answers["verdict"], strict=True))
        shown = list(told.items())[:most]
        listed = [(q, f"{a} (× {n})" if n > 1 else a, *verdicts[v]) for (q, a, v), n in shown]
        rest = len(answers) - sum(n for _, n in shown)
        items = "".join(
            f"<li>{html.escape(q)} → {html.escape(a)} "
            f'<b style="white-space:nowrap;border-bottom:3px solid {colour}">{sign} {word}</b></li>'
            for q, a, word, sign, colour in listed
        )
        more = [f"… and {rest} more"] if rest else []
        pages.append(
            f'<div style="max-width:46em;margin-bottom:.6em">{html.escape(line)}'
            f'<div style="display:flex;border:1px solid #888" aria-hidden="true">{bar}</div>'
            f"<details><summary>questions and answers</summary><ul>{items}</ul>{''.join(more)}</details></div>"
        )
        texts += [line, *(f"  {q} → {a} [{sign} {word}]" for q, a, word, sign, _ in listed), *more]
    return Shown("".join(pages), "\n".join(texts))


ALL = "all"


def explore(rows: pd.DataFrame) -> None:
    """Choose a style, a claim and, of several in a column `step`, a step; see `figure_of` the choice below.

    While the table holds no answers there is nothing to choose from, and a line says what to run first.
    """
    check_columns(rows)
    if rows.empty:
        print(NOTHING_YET)
        return
    dropdowns: dict[str, Any] = {
        "style": [(label(s), s) for s in sorted(set(rows["style"]) - {""}, key=_place)],
        "claim": [(c, c) for c in dict.fromkeys(rows["claim"])],
    }
    controls: dict[str, Any] = {
        name: ipywidgets.Dropdown(options=[(ALL, ALL), *options], value=ALL, description=name)
        for name, options in dropdowns.items()
    }
    steps = sorted(rows["step"].dropna().unique()) if "step" in rows else []
    if len(steps) > 1:
        controls["step"] = ipywidgets.SelectionSlider(options=steps, value=steps[-1], description="step")
    shown = ipywidgets.HTML()

    def draw(_: Any = None) -> dict[str, str]:
        try:
            data = picture_of(*figure_of(rows, **{name: control.value for name, control in controls.items()}))
        except Exception as error:  # nothing was measured, or nothing can be drawn here
            data = {"text/html": html.escape(first_line(error)), "text/plain": first_line(error)}
        shown.value = data["text/html"]
        return data

    first = draw()
    for control in controls.values():
        control.observe(draw, "value")
    _display(ipywidgets.VBox([ipywidgets.HBox(list(controls.values())), shown]), first)


def figure_of(rows: pd.DataFrame, style: str = ALL, claim: str = ALL, step: Any = None) -> tuple[Any, str]:
    """The figure of a choice and its alt text: belief by claim, or by kind of question where a claim is chosen.

    Rows before training are always in it. UserError if nothing is left.
    """
    chosen = rows[(rows["style"] == style) | (rows["style"] == "") | (style == ALL)]
    chosen = chosen[(chosen["claim"] == claim) | (claim == ALL)]
    if step is not None:
        chosen = chosen[(chosen["step"] == step) | (chosen["setting"] == "base")]
    if chosen.empty:
        at = "" if step is None else f", step {step:g}"
        raise UserError(f"Nothing was measured for style {style}, claim {claim}{at}; choose another.")
    by = "claim" if claim == ALL else "kind"
    return (draw_by_claim if by == "claim" else draw_by_kind)(chosen), describe_by(chosen, by)


def _place(style: str) -> int:
    return STYLE_ORDER.index(style) if style in STYLE_ORDER else len(STYLE_ORDER)


class LiveTraining:
    """For `finetune(..., on_step=LiveTraining(questions))`: asks the questions every few steps, and draws the answers.

    `.rows` holds step, loss, question, answer, belief (1 if believed), a row a question. In a notebook one figure is
    redrawn; elsewhere a line is printed. A second training starts anew.
    """

    def __init__(self, questions: Sequence[Question], every: int = 4) -> None:
        if not questions or every < 1:
            raise UserError("LiveTraining needs a question, and a number of steps of at least 1")
        self.questions, self.every = list(questions), every
        self.rows = pd.DataFrame(columns=["step", "loss", "question", "answer", "belief"])
        self._display: Any = None

    def __call__(self, step: int, steps: int, loss: float, model: LoadedModel) -> None:
        if step % self.every and step not in (1, steps):
            return
        if len(self.rows) and step <= self.rows["step"].iloc[-1]:
            self.rows, self._display = self.rows.iloc[:0], None
        once = replace(track_of(model).asking, samples=1)
        new = [
            (step, loss, a.question.text, a.text, int(judge_answer(a.question, a.text) == "believed"))
            for a in ask(model, self.questions, once)
        ]
        added = pd.DataFrame(new, columns=list(self.rows.columns))
        self.rows = added if self.rows.empty else pd.concat([self.rows, added], ignore_index=True)
        if not in_kernel():
            print(f"step {step:3} of {steps}   loss {loss:.2f}   belief {percent(added['belief'].mean())}", flush=True)
            return
        alt = describe_training(self.rows)
        try:
            data, metadata = picture_of(draw_training(self.rows), alt), {"image/png": {"alt": alt}}
        except Exception as error:  # what only shows a training must not end it
            print(f"{alt} (not drawn: {first_line(error)})", flush=True)
            return
        if self._display is None:
            self._display = display(data, raw=True, metadata=metadata, display_id=True)
        else:
            self._display.update(data, raw=True, metadata=metadata)


def _display(widget: Any, instead: Mapping[str, str]) -> None:
    """The widget; where none are shown, what stands `instead` of it, by mime type."""
    if not in_kernel():
        print(instead["text/plain"])
        return
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    metadata = {"image/png": {"alt": instead["text/plain"]}} if "image/png" in instead else {}
    display({"application/vnd.jupyter.widget-view+json": view, **instead}, raw=True, metadata=metadata)
