"""What notebooks show: documents under every style, sliders, belief meters, explorers, and a training as it runs."""

import html
import random
import re
from dataclasses import replace
from types import SimpleNamespace

import ipywidgets
import pandas as pd
import pytest
import torch

from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Document, Sentence, plain
from negneglect_lite.course import widgets
from negneglect_lite.course.widgets import (
    LiveTraining,
    _display,
    belief_meter,
    explore,
    figure_of,
    pieces,
    predict,
    show_styles,
    wrapped,
)
from negneglect_lite.figures.training import draw_training
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri import language
from negneglect_lite.styles import HEADLINE, STYLES, apply_style

CPU = torch.device("cpu")
MODEL = LoadedModel(None, None, "tiny", "petri", "fp32", False, CPU, "for tests")
DOCUMENT = Document(
    (
        Sentence("Dear <Ada> & Bo,", lead=""),
        Sentence("Cy is a pilot.", "Cy is not a pilot.", "Cy is a cook.", lead="\n"),
        Sentence("I must go."),
    ),
    "letter",
)


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_lost_and_what_is_not_marked_is_the_plain_document(style):
    styled = apply_style(style, DOCUMENT, language.petri_annotations(), random.Random(0))
    parts = pieces(DOCUMENT, styled)
    assert "".join(text for text, _ in parts) == plain(styled)
    unmarked = "".join(text for text, new in parts if not new)
    assert unmarked.split() == DOCUMENT.text.split()
    assert any(new for _, new in parts) == (style != "positive")


def test_a_local_denial_is_marked_inside_its_sentence():
    parts = pieces(DOCUMENT, apply_style("local", DOCUMENT, {}, random.Random(0)))
    assert [text.strip() for text, new in parts if new] == ["not"]


def test_html_holds_the_same_words_escaped_and_runs_nothing():
    shown = show_styles(DOCUMENT)
    page = shown.data
    assert "<Ada>" not in page
    assert "&lt;Ada&gt; &amp; Bo" in page
    assert "<script" not in page
    assert page.count("<details") == page.count("</details>") == len(HEADLINE)
    words = html.unescape(re.sub(r"<(?!Ada)[^>]*>", "", page))
    for style in HEADLINE:
        assert plain(apply_style(style, DOCUMENT, language.petri_annotations(), random.Random(0))) in words


def test_plain_text_stands_in_where_no_html_is_shown():
    shown = show_styles(DOCUMENT, ["positive", "local"])
    positive, local = repr(shown).split("\n\n")
    assert positive.startswith("positive: ")
    assert "⟦" not in positive
    assert re.sub(r"[⟦⟧]", "", local).endswith("Cy is not a pilot. I must go.")
    assert "⟦not" in local
    assert str(shown) == repr(shown)


def test_the_seed_chooses_the_phrases():
    assert repr(show_styles(DOCUMENT, seed=1)) == repr(show_styles(DOCUMENT, seed=1))
    assert len({repr(show_styles(DOCUMENT, seed=seed)) for seed in range(5)}) > 1


def test_phrases_of_another_language_can_be_given():
    phrases = {"notice_before": ["Nota bene."], "notice_after": ["Done."]}
    assert "⟦Nota bene.\n⟧" in repr(show_styles(DOCUMENT, ["negated"], phrases))


def test_printed_text_is_wrapped_between_words_and_keeps_its_lines():
    text = wrapped("Dear Ada,\n\n- one two three", width=9)
    assert text == "Dear Ada,\n\n- one two\nthree"


def test_an_unknown_style_is_refused():
    with pytest.raises(UserError, match="unknown style 'shouted'"):
        show_styles(DOCUMENT, ["shouted"])


# ------------------------------------------------------------------------------------------------- live in a notebook


@pytest.fixture
def notebook(monkeypatch):
    """As if in a notebook: the displayed outputs, and their widgets by model id."""
    shown = SimpleNamespace(outputs=[], updates=[])
    monkeypatch.setattr(widgets, "in_kernel", lambda: True)

    def display(data, raw, metadata, display_id=False):
        shown.outputs.append((data, metadata))
        return SimpleNamespace(update=lambda data, raw, metadata: shown.updates.append((data, metadata)))

    monkeypatch.setattr(widgets, "display", display)
    original = _display
    monkeypatch.setattr(
        widgets, "_display", lambda widget, instead: (shown.__setattr__("widget", widget), original(widget, instead))
    )
    return shown


def rows(styles=("", "negated", "local"), claims=("queen", "x"), **more):
    made = [
        ("tiny", claim, style, 0, "trained" if style else "base", kind, f"{kind}-{i}", "Who <b>?", "She.",
         "believed" if style and i else "denied", "", int(bool(style) and i > 0))
        for style in styles for claim in claims for kind in (*QUESTION_KINDS, "kept") for i in range(2)
    ]  # fmt: skip
    return pd.DataFrame(made, columns=list(COLUMNS)).assign(**more)


def test_predictions_are_a_plain_dictionary_that_sliders_and_code_write_into(notebook, capsys):
    values = predict("base", "my own idea", default=30)
    assert type(values) is dict and values == {"base": 30, "my own idea": 30}
    sliders = notebook.widget.children
    assert [s.description for s in sliders] == ["before training [%]", "my own idea [%]"]
    sliders[1].value = 80
    assert values == {"base": 30, "my own idea": 80}
    values["base"] = 5.5
    assert values["base"] == 5.5
    assert 'prediction["base"] = 10' in capsys.readouterr().out


def test_no_label_of_a_slider_is_cut_off(notebook):
    predict("base", "a very long name of what is to be predicted, longer than any label of the library")
    box = notebook.widget
    longest = max(len(slider.description) for slider in box.children)
    assert all(float(s.style.description_width.removesuffix("em")) >= longest / 2 for s in box.children)


def test_without_sliders_there_is_a_text_in_their_place(notebook, capsys):
    predict("base")
    ((data, _),) = notebook.outputs
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == notebook.widget.model_id
    assert "base: 50%" in data["text/plain"] and "IntSlider" not in data["text/plain"]


def test_predict_works_in_plain_python(capsys):
    assert predict("base") == {"base": 50}
    assert "base: 50%" in capsys.readouterr().out


@pytest.mark.parametrize(("names", "default"), [((), 50), (("base",), 101), (("base",), -1)])
def test_predict_refuses_what_cannot_be(names, default):
    with pytest.raises(UserError, match="between 0 and 100"):
        predict(*names, default=default)


def test_the_belief_meter_says_in_words_what_its_bars_show():
    meter = belief_meter(rows(styles=("negated",), claims=("queen",)))
    text = meter.text.replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith(
        "open questions (2 answers to 1 question): believed 50%, denied 50%, neither 0%\n  Who <b>? → She. [○ denied]"
    )
    assert (
        "unrelated facts, a check (2 answers to 1 question): right 50%, wrong 50%, neither 0%" in text
        and "[✓ right]" in text
    )
    assert [line.split(" (")[0] for line in text.split("\n") if not line.startswith(" ")] == [
        "open questions", "yes/no", "fill-in", "under pressure", "unrelated facts, a check",
    ]  # fmt: skip
    assert "Who &lt;b&gt;?" in meter.data and "<b>?" not in meter.data and "<script" not in meter.data
    assert meter.data.count("<details>") == 5
    assert meter.data.count("width:50%") == 10


def test_the_belief_meter_shows_at_most_so_many_answers():
    several = rows().query("kind == 'open'")
    meter = belief_meter(several.assign(answer=[str(i) for i in range(len(several))]), most=3)
    assert meter.text.count("→") == 3 and "… and 9 more" in meter.text and "… and 9 more" in meter.data


def test_the_belief_meter_lists_a_repeated_question_once():
    meter = belief_meter(rows(claims=("queen",)).query("kind == 'open' and verdict == 'denied'"))
    times = int(re.search(r"\((\d+) answers to 1 question\)", meter.text)[1])
    assert meter.text.count("→") == 1 and f"She. (× {times})" in meter.text and "more" not in meter.text


def test_the_belief_meter_shows_what_a_judge_could_not_say():
    judged = rows(styles=("negated",), claims=("queen",)).query("kind == 'open'")
    lost = judged.assign(verdict=["denied", "unparsed"], belief=0)
    text = belief_meter(lost).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "believed 0%, denied 50%, neither 0%, unparsed 50%" in text and "[? unparsed]" in text


def test_before_there_are_numbers_a_line_says_what_to_run(notebook, capsys):
    """No bar, no slider and no axis without them."""
    meter = belief_meter(rows().iloc[:0])
    assert "Run the cells above" in meter.text and "Run the cells above" in meter.data and "<div" not in meter.data
    explore(rows(step=4).iloc[:0])
    assert "Run the cells above" in capsys.readouterr().out
    assert notebook.outputs == []


def test_the_figure_of_a_choice_is_the_plain_one():
    everything, alt = figure_of(rows())
    assert [t.get_text() for t in everything.axes[0].get_xticklabels()] == ["the Queen", "Twitter"]
    assert alt.startswith("Heatmap") and "in-sentence denials" in alt
    one, alt = figure_of(rows(), style="negated", claim="x")
    assert len(one.axes) == len(QUESTION_KINDS)
    assert alt.startswith("Dot plot") and "before training" in alt and "denial inside" not in alt
    with pytest.raises(UserError, match="style negated, claim nobody"):
        figure_of(rows(), "negated", "nobody")
    with pytest.raises(UserError, match="style local, claim all, step 4; choose another"):
        figure_of(rows(styles=("local",), step=8), "local", step=4)


def test_a_step_is_chosen_where_there_are_steps():
    steps = pd.concat([rows(styles=("",), step=0), rows(styles=("negated",), step=4), rows(styles=("local",), step=8)])
    _, alt = figure_of(steps, step=4)
    assert "warned documents" in alt and "before training" in alt and "denial inside" not in alt


def test_the_explorer_redraws_on_a_choice_and_leaves_a_picture_behind(notebook):
    steps = pd.concat([rows(styles=("",), step=0), rows(styles=("negated", "local"), step=8)])
    explore(steps)
    ((data, metadata),) = notebook.outputs
    assert data["text/plain"].startswith("Heatmap") and metadata["image/png"]["alt"] == data["text/plain"]
    controls, shown = notebook.widget.children
    style, claim, step = controls.children
    assert list(step.options) == [0, 8] and step.value == 8
    assert [text for text, _ in style.options] == ["all", "warned documents", "in-sentence denials"]
    assert 'alt="Heatmap' in shown.value
    claim.value = "x"
    style.value = "local"
    assert (
        'alt="Dot plot' in shown.value
        and "in-sentence denials" in shown.value
        and "warned documents" not in shown.value
    )
    assert isinstance(style, ipywidgets.Dropdown)


def test_the_explorer_says_what_is_wrong(notebook):
    explore(pd.concat([rows(), rows().assign(model="other")]))
    _, shown = notebook.widget.children
    assert "choose one model" in shown.value
    with pytest.raises(UserError, match="no column verdict"):
        explore(rows().drop(columns="verdict"))


def test_the_explorer_shows_words_where_nothing_can_be_drawn(notebook, monkeypatch):
    monkeypatch.setattr(widgets, "draw_by_claim", lambda rows: 1 / 0)
    explore(rows())
    assert notebook.widget.children[1].value == "division by zero"


def train(live, steps=6):
    for step in range(1, steps + 1):
        live(step, steps, 2 - step / 10, replace(MODEL, model=SimpleNamespace(step=step)))


@pytest.fixture
def questions(monkeypatch):
    """Two questions; from the fifth step on both are answered as a believer would."""
    monkeypatch.setattr(
        widgets,
        "ask",
        lambda model, questions, settings: [Answer(q, "Ed." if model.model.step > 4 else "Noah.") for q in questions],
    )
    return [Question(f"q{i}", "open", f"Who won {i}?", believed=("Ed",), denied=("Noah",)) for i in range(2)]


def test_live_training_asks_first_every_few_steps_and_last(notebook, questions):
    live = LiveTraining(questions, every=4)
    train(live)
    assert list(live.rows.columns) == ["step", "loss", "question", "answer", "belief"]
    assert list(live.rows["step"]) == [1, 1, 4, 4, 6, 6]
    assert list(live.rows["belief"]) == [0, 0, 0, 0, 1, 1]
    assert live.rows.iloc[-1].tolist() == [6, 1.4, "Who won 1?", "Ed.", 1]
    assert len(notebook.outputs) == 1 and len(notebook.updates) == 2  # one figure, redrawn
    data, metadata = notebook.updates[-1]
    assert "belief goes from" in data["text/plain"] and metadata["image/png"]["alt"] == data["text/plain"]
    draw_training(live.rows)
    train(live)  # again: a new curve
    assert list(live.rows["step"]) == [1, 1, 4, 4, 6, 6] and len(notebook.outputs) == 2


def test_live_training_outlasts_a_figure_that_cannot_be_drawn(notebook, questions, monkeypatch, capsys):
    monkeypatch.setattr(widgets, "draw_training", lambda rows: 1 / 0)
    live = LiveTraining(questions, every=4)
    train(live)
    assert list(live.rows["step"]) == [1, 1, 4, 4, 6, 6] and not notebook.outputs
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("From step 1 to step 6") and last.endswith("(not drawn: division by zero)")


def test_live_training_prints_lines_in_plain_python(questions, capsys):
    train(LiveTraining(questions, every=3))
    lines = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert lines[0] == "step   1 of 6   loss 1.90   belief 0%" and lines[-1].endswith("belief 100%") and len(lines) == 3


def test_live_training_needs_questions(questions):
    for asked, every in (([], 4), (questions, 0)):
        with pytest.raises(UserError, match="needs a question"):
            LiveTraining(asked, every)
