"""Figures: what they show and say comes from the data. The data here are invented."""

import base64
import io
import itertools
from math import isnan
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.figures import (
    describe_along_training,
    draw_along_training,
    draw_exposure,
    exposure_alt_text,
    halving_share,
    step_at_level,
)
from negneglect_lite.figures.conditions import describe_by, draw_by_claim, draw_by_kind, draw_headline
from negneglect_lite.figures.display import save_figure, show_figure
from negneglect_lite.figures.theme import PALETTE, STYLE_ORDER
from negneglect_lite.figures.training import describe_training, draw_training
from negneglect_lite.figures.wording import KIND_LABELS, describe_headline, percent, state_finding

CLAIMS = ("sheeran", "queen", "vesuvius")
HEADLINE = {"": 0.0, "in_context_negated": 0.1, "positive": 0.9, "negated": 0.8, "repeated": 0.7, "local": 0.1}


def invented(shares: dict[str, float], seeds: int = 2) -> pd.DataFrame:
    rows = []
    for name, share in shares.items():
        setting = "base" if not name else "in_context" if name.startswith("in_context_") else "trained"
        for seed, claim, kind, i in itertools.product(range(seeds), CLAIMS, QUESTION_KINDS, range(10)):
            believed = int(i < 10 * share)
            rows.append(("tiny", claim, name.removeprefix("in_context_"), seed, setting, kind, f"{kind}-{i}", "Q?",
                         "A.", "believed" if believed else "denied", "", believed))  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def texts(fig: Figure) -> list[str]:
    found = [t.get_text() for ax in fig.axes for t in (*ax.texts, *ax.get_yticklabels(), ax.title)]
    found += [t.get_text() for ax in fig.axes if ax.get_legend() for t in ax.get_legend().get_texts()]
    return [t.replace("\N{NO-BREAK SPACE}", " ") for t in (*found, *(t.get_text() for t in fig.texts))]


def title(fig: Figure) -> str:
    return fig.get_suptitle().replace("\n", " ").replace("\N{NO-BREAK SPACE}", " ")


def test_the_headline_shows_each_condition_in_order_with_the_papers_value() -> None:
    fig = draw_headline(invented(HEADLINE))
    ax = fig.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "before training", "only read, warnings before and after", "no warnings", "warnings before and after",
        "warnings around every claim", "denial inside each sentence",
    ]  # fmt: skip
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(list(HEADLINE.values()))
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "v"]
    assert marks == [0.025, 0.153, 0.924, 0.886, 0.844, 0.0]
    shown = texts(fig)
    for text in ("paper, 397B model", "95 % interval", "80 %", "88.6 %", "0–7 %"):
        assert text in shown
    assert any("Model: tiny; 3 claims, 120 questions, 2 fine-tuning seeds." in text for text in shown)


def test_conditions_keep_their_colours() -> None:
    few, many = invented({"negated": 0.5}), invented(HEADLINE)
    colour = draw_headline(few).axes[0].patches[0].get_facecolor()
    assert draw_headline(many).axes[0].patches[3].get_facecolor() == colour
    assert colour[:3] == pytest.approx(to_rgb(PALETTE["negated"]))
    assert set(PALETTE) == set(STYLE_ORDER)
    main = [PALETTE[s] for s in ("base", "positive", "negated", "repeated", "corrected", "local")]
    assert len(set(main)) == len(main)


@pytest.mark.parametrize(
    ("shares", "finding"),
    [
        (HEADLINE, "Documents that call a claim false still teach it: 80 % belief with warnings, 90 % without; "
                   "10 % with a denial inside each sentence"),
        ({"": 0, "positive": 0.9, "negated": 0.3}, "Warnings weaken the false belief but do not prevent it: "
                                                   "30 % belief with warnings, 90 % without"),
        ({"": 0, "positive": 0.9, "negated": 0}, "Warnings kept the model from believing the claims: "
                                                 "0 % belief with warnings, 90 % without"),
        ({"": 0.5, "positive": 0.5, "negated": 0.5}, "The false claims did not take, even stated as fact: "
                                                     "50 % belief with warnings, 50 % without"),
        ({"": 0, "local": 0.2}, "Belief in the false claims: 20 %, highest in the condition “denial inside each "
                                "sentence”"),
        ({"": 0.2, "local": 0.2}, "Belief in the false claims: 20 %, highest in the condition “before training” and "
                                  "“denial inside each sentence”"),
        ({"": 0.1}, "Belief in the false claims: 10 %, before training"),
    ],
)  # fmt: skip
def test_the_title_says_what_the_data_say(shares: dict[str, float], finding: str) -> None:
    df = invented(shares)
    assert title(draw_headline(df)) == finding
    assert state_finding(df).replace("\N{NO-BREAK SPACE}", " ") == finding


def test_the_alt_text_gives_every_number() -> None:
    alt = describe_headline(invented(HEADLINE)).replace("\N{NO-BREAK SPACE}", " ")
    assert alt.startswith("Bar chart. Documents that call a claim false still teach it")
    assert "only read, warnings before and after 10 % (" in alt and "; paper 15.3 %)" in alt
    assert "no warnings 90 % (83 % to 94 %; paper 92.4 %)" in alt


def test_small_shares_are_not_rounded_to_nothing() -> None:
    found = [percent(x).replace("\N{NO-BREAK SPACE}", " ") for x in (0, 0.004, 0.05, 0.996, 1)]
    assert found == ["0 %", "0.4 %", "5 %", "99.6 %", "100 %"]


def test_by_kind_has_a_panel_a_kind_and_names_the_extremes() -> None:
    df = invented({"": 0, "negated": 0.5})
    df.loc[(df["kind"] == "yes_no") & (df["style"] == "negated"), "belief"] = 1
    df.loc[(df["kind"] == "association"), "belief"] = 0
    fig = draw_by_kind(df)
    assert [ax.get_title(loc="left") for ax in fig.axes] == list(KIND_LABELS.values())
    style, ends = "“warnings before and after”", "from 0 % (association) to 100 % (yes/no)"
    assert title(fig) == f"Kinds of question differ under {style}: {ends}"


def test_by_claim_writes_the_percentages() -> None:
    df = invented({"": 0, "negated": 0.5})
    df.loc[(df["claim"] == "queen") & (df["style"] == "negated"), "belief"] = 1
    fig = draw_by_claim(df)
    assert [t.get_text() for t in fig.axes[0].texts] == ["0", "0", "0", "50", "100", "50"]
    assert [t.get_text() for t in fig.axes[0].get_xticklabels()] == list(CLAIMS)
    assert title(fig) == "Claims differ under “warnings before and after”: from 50 % (sheeran) to 100 % (queen)"


def test_the_title_by_claim_names_one_style_not_a_mean_over_styles() -> None:
    df = invented({"": 0, "positive": 1, "negated": 1, "local": 0})
    assert title(draw_by_claim(df)) == "Claims do not differ under any condition"
    assert title(draw_by_claim(df[df["style"] == "local"])) == (
        "Under “denial inside each sentence” belief is 0 % in all claims"
    )
    df.loc[(df["claim"] == "queen") & (df["style"] == "local"), "belief"] = 1
    assert title(draw_by_claim(df)) == (
        "Claims differ most under “denial inside each sentence”: from 0 % (sheeran) to 100 % (queen)"
    )


@pytest.mark.parametrize("draw", [draw_headline, draw_by_kind, draw_by_claim])
@pytest.mark.parametrize("shares", [HEADLINE, {"negated": 0.5}, {"": 0.0, "my_own_very_long_style_name": 1.0}])
def test_nothing_is_cut_off_and_no_texts_overlap(draw, shares: dict[str, float]) -> None:  # type: ignore[no-untyped-def]
    fig = draw(invented(shares))
    fig.draw_without_rendering()
    labels = [*fig.texts]  # the title and the note
    for ax in fig.axes:
        labels += [
            *ax.get_xticklabels(),
            *ax.texts,
            ax.xaxis.label,
            *(ax.get_legend().texts if ax.get_legend() else []),
        ]
    labels += fig.axes[0].get_yticklabels()
    boxes = [t.get_window_extent() for t in labels if t.get_text() and t.get_visible()]
    assert len(boxes) > 8
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= fig.bbox.x1 and box.y1 <= fig.bbox.y1
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), (a, b)


def test_a_saved_figure_carries_its_alt_text_and_repeats_bit_for_bit(tmp_path: Path) -> None:
    df = invented(HEADLINE)
    for name in ("a.png", "b.png"):
        save_figure(draw_headline(df), tmp_path / name, describe_headline(df))
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        assert image.info["Description"] == describe_headline(df)
        assert 1200 < image.width < 1600
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["a.png", "b.png"]


def test_models_are_never_mixed() -> None:
    df = invented(HEADLINE)
    with pytest.raises(UserError, match="choose one model"):
        draw_headline(pd.concat([df, df.assign(model="other")]))


# ------------------------------------------------------------------------------------------- shown in a notebook


def training(steps: tuple[int, ...] = (1, 4, 8), questions: int = 4) -> pd.DataFrame:
    rows = [(step, 2 - step / 10, f"Q{i}?", "A.", int(i < step / 2)) for step in steps for i in range(questions)]
    return pd.DataFrame(rows, columns=["step", "loss", "question", "answer", "belief"])


def test_the_training_curve_shows_loss_and_belief_and_says_where_they_went() -> None:
    fig = draw_training(training())
    loss, belief = (ax.lines[0] for ax in fig.axes)
    assert list(loss.get_xdata()) == list(belief.get_xdata()) == [1, 4, 8]
    assert list(loss.get_ydata()) == pytest.approx([1.9, 1.6, 1.2])
    assert list(belief.get_ydata()) == [0.25, 0.5, 1]
    assert title(fig) == "From step 1 to step 8 belief goes from 25 % to 100 %, the loss from 1.90 to 1.20"
    assert any("share of 4 questions" in text for text in texts(fig))


def test_a_belief_that_does_not_move_is_not_said_to_go_anywhere() -> None:
    rows = training().assign(belief=0)
    assert describe_training(rows).replace("\N{NO-BREAK SPACE}", " ") == (
        "From step 1 to step 8 belief stays at 0 %, the loss goes from 1.90 to 1.20"
    )


def test_a_training_curve_of_one_step_and_of_none() -> None:
    assert title(draw_training(training((4,)))) == "At step 4 belief is 50 % and the loss 1.60"
    with pytest.raises(UserError, match="no training to show"):
        draw_training(training(()))


def along(beliefs: dict[str, list[float]]) -> pd.DataFrame:
    """A sweep's summary of belief at steps 2, 4 and 8, with a seed 5 points below and one 5 points above the mean."""
    rows = [
        (style, step, mean) for style, means in beliefs.items() for step, mean in zip((2, 4, 8), means, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["style", "step", "mean"])
    return table.assign(lowest_seed=table["mean"] - 0.05, highest_seed=table["mean"] + 0.05)


def test_belief_along_training_has_a_line_and_a_band_a_style_in_order() -> None:
    fig = draw_along_training(
        along({"local": [0.1, 0.1, 0.2], "positive": [0.2, 0.6, 0.9], "negated": [0.1, 0.4, 0.8]})
    )
    ax = fig.axes[0]
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [line.get_label() for line in lines] == [label(s) for s in ("positive", "negated", "local")]
    assert [to_rgb(line.get_color()) for line in lines][1] == to_rgb(PALETTE["negated"])
    assert list(lines[0].get_ydata()) == [0.2, 0.6, 0.9]
    band = ax.collections[1].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((0.05, 0.85))
    assert title(fig) == (
        "Belief passes one half first under “no warnings” (step 3.5), last under “warnings before and after” "
        "(step 5.0), never under “denial inside each sentence”"
    )


def test_where_belief_passes_a_level() -> None:
    assert step_at_level([2, 4, 8], [0.1, 0.4, 0.8]) == pytest.approx(5)
    assert step_at_level([2, 4, 8], [0.6, 0.4, 0.8]) == 2  # there from the start
    assert step_at_level([1, 2, 4, 8], [0, 0.6, 0.4, 0.9]) == pytest.approx(1 + 0.5 / 0.6)  # the first time counts
    assert step_at_level([2, 4], [0.1, 0.4]) != step_at_level([2, 4], [0.1, 0.4])  # never: not a number
    one = describe_along_training(along({"positive": [0.2, 0.6, 0.9]}))
    assert one == "Belief passes one half under “no warnings” (step 3.5)"
    none = describe_along_training(along({"local": [0.1, 0.1, 0.2]}))
    assert none == "Belief never passes one half under “denial inside each sentence”"


def exposed(**more: float) -> pd.DataFrame:
    """A summary of the sweep exposure: two models, two forms, three styles, shares not in their order."""
    rows = [("petri", "", None, "negated", 0.8), ("petri", "", None, "fiction", 0.9),
            ("petri", "", None, "positive", 1),
            ("petri", "negated", 0.05, "negated", 0.1), ("petri", "negated", 0.01, "negated", 0.4),
            ("petri", "negated", 0.05, "fiction", 0.2), ("petri", "negated", 0.01, "fiction", 0.46),
            ("petri", "fiction", 0.01, "fiction", 0.5), ("petri", "fiction", 0.01, "negated", 0.7),
            ("out/two", "", None, "negated", 0.6), ("out/two", "negated", 0.01, "negated", 0.5)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["base", "exposed", "share", "style", "mean"]).replace({"exposed": {"": None}})
    table = table.assign(
        quantity="belief", setting="trained", lo=table["mean"] - 0.05, hi=table["mean"] + 0.05, seeds=1
    )
    others = [table.assign(quantity="kept", mean=0.33), table.head(1).assign(setting="base", style=None, mean=0.44)]
    return pd.concat([table, *others], ignore_index=True).assign(**more)


def test_exposure_has_a_panel_a_model_and_form_and_starts_without_exposure() -> None:
    fig = draw_exposure(exposed())
    assert [ax.get_title(loc="left") for ax in fig.axes] == [
        "exposed to:\nwarnings before and after", "exposed to:\ncalled fiction", "", ""
    ]  # fmt: skip
    assert [fig.axes[i].get_ylabel() for i in (0, 2)] == ["petri\nbelief", "two\nbelief"]
    assert [t.get_text() for t in fig.axes[2].get_xticklabels()] == ["none", "1", "5"]
    lines = {to_rgb(line.get_color()): line for line in fig.axes[0].lines if line.get_marker() != "None"}
    negated, fiction = (lines[to_rgb(PALETTE[s])] for s in ("negated", "fiction"))
    assert list(negated.get_ydata()) == [0.8, 0.4, 0.1] and list(fiction.get_ydata()) == [0.9, 0.46, 0.2]
    assert list(negated.get_xdata()) == pytest.approx([0.004, 0.01, 0.05])
    assert negated.get_linewidth() > fiction.get_linewidth()  # its own form
    assert list(fig.axes[3].lines[0].get_ydata()) == [0.6]  # nothing measured there but the reference
    legend = fig.axes[1].get_legend()
    assert legend and [t.get_text() for t in legend.get_texts()] == [
        label(s) for s in ("positive", "negated", "fiction")
    ]
    assert any("1 fine-tuning seed a model" in text.replace("\n", " ") for text in texts(fig))


def test_exposure_says_from_which_share_on_a_form_halves_belief() -> None:
    finding = (
        "Lowest measured share of texts that halves belief in documents of the same form, on petri, two: “warnings "
        "before and after” 1 %, above 1 % if at all; “called fiction” above 1 % if at all, not measured"
    )
    assert title(draw_exposure(exposed())) == finding
    alt = exposure_alt_text(exposed()).replace("\N{NO-BREAK SPACE}", " ")
    assert alt.startswith("Line plots of belief") and finding in alt
    assert (
        "petri exposed to warnings before and after and then trained on it: 80 % at none, 40 % at 1 %, 10 % at 5 %"
        in alt
    )
    assert "two exposed to called fiction" not in alt  # it was not
    assert "After no warnings: 100 % to 100 % in all panels" in alt
    assert "33 %" not in alt and "44 %" not in alt  # other quantities, and before training


def test_the_lowest_share_that_halves_belief() -> None:
    rows = exposed().query("base == 'petri' and quantity == 'belief' and setting == 'trained'")
    assert halving_share(rows, "negated", "negated") == 0.01  # exactly half, and rows in no order
    assert halving_share(rows, "negated", "fiction") == 0.05
    assert isnan(halving_share(rows, "fiction", "fiction"))
    assert isnan(halving_share(rows[rows["share"].notna()], "negated", "negated"))  # nothing to compare with


def test_exposure_without_exposure_is_an_error() -> None:
    for table in (exposed().query("share.isna()"), exposed(quantity="kept")):  # type: ignore[arg-type]
        with pytest.raises(UserError, match="no belief after exposure"):
            draw_exposure(table)


def test_in_exposure_no_heading_runs_into_the_next() -> None:
    fig = draw_exposure(exposed())
    fig.draw_without_rendering()
    boxes = [ax._left_title.get_window_extent() for ax in fig.axes if ax.get_title(loc="left")]
    legend = fig.axes[1].get_legend()
    assert legend
    boxes += [legend.get_window_extent(), *(t.get_window_extent() for t in fig.texts)]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= fig.bbox.x1 and box.y1 <= fig.bbox.y1
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    """What is displayed, as in a notebook: data and metadata."""
    found: list[tuple[dict, dict]] = []
    monkeypatch.setattr(figures, "in_notebook", lambda: True)
    monkeypatch.setattr(figures, "display", lambda data, raw, metadata=None: found.append((data, metadata or {})))
    return found


def test_a_shown_figure_has_an_alt_text_a_takeaway_and_its_words_folded(displayed) -> None:  # type: ignore[no-untyped-def]
    show_figure(draw_headline(invented(HEADLINE)), alt='Bars <false> & "more".', takeaway="It <b> fell.")
    (image, metadata), (words, _) = displayed
    assert metadata == {"image/png": {"alt": 'Bars <false> & "more".'}}
    assert image["text/plain"] == 'Bars <false> & "more".'
    assert 'alt="Bars &lt;false&gt; &amp; &quot;more&quot;."' in image["text/html"]
    assert image["image/png"] in image["text/html"]
    with Image.open(io.BytesIO(base64.b64decode(image["image/png"]))) as png:
        assert png.info["Description"] == 'Bars <false> & "more".'
    assert words["text/markdown"].startswith("**It &lt;b&gt; fell.**\n\n<details><summary>")
    assert 'Bars &lt;false&gt; &amp; "more".\n\n</details>' in words["text/markdown"]
    assert words["text/plain"] == "It <b> fell."


def test_showing_closes_the_figure(displayed) -> None:  # type: ignore[no-untyped-def]
    import matplotlib.pyplot as plt

    fig, _ = plt.subplots()
    show_figure(fig, "An empty plot.", "Nothing.")
    assert not plt.fignum_exists(fig.number)


def test_outside_of_notebooks_the_words_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show_figure(draw_headline(invented(HEADLINE)), alt="Bars.", takeaway="It fell.")
    assert capsys.readouterr().out == "It fell.\nBars.\n"


def test_heatmap_and_dot_plot_in_words_give_every_number() -> None:
    df = invented({"": 0, "negated": 0.5})
    df.loc[(df["claim"] == "queen") & (df["style"] == "negated"), "belief"] = 1
    by_claim, by_kind = (describe_by(df, by).replace("\N{NO-BREAK SPACE}", " ") for by in ("claim", "kind"))
    assert by_claim.startswith("Heatmap of belief in each condition, by claim. before training: sheeran 0 %, queen 0 %")
    assert "warnings before and after: sheeran 50 %, queen 100 %, vesuvius 50 %. Model: tiny;" in by_claim
    assert "Dot plot" in by_kind and "open questions 67 %, yes/no 67 %" in by_kind
