"""conditions.py and wording.py: what figures show and say comes from the data. The data here are invented."""

import itertools

import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from negneglect_lite.core.errors import UserError
from negneglect_lite.figures.conditions import describe_by, draw_by_claim, draw_by_kind, draw_headline
from negneglect_lite.figures.theme import PALETTE, STYLE_ORDER
from negneglect_lite.figures.wording import KIND_LABELS, describe_headline, percent, state_finding
from tests.figures.invented import HEADLINE, invented, texts, title


def test_the_headline_shows_each_condition_in_order_with_the_papers_value() -> None:
    fig = draw_headline(invented(HEADLINE))
    ax = fig.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "before training", "in context: warned documents", "plain documents", "warned documents",
        "repeatedly warned documents", "in-sentence denials",
    ]  # fmt: skip
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(list(HEADLINE.values()))
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "v"]
    assert marks == [0.025, 0.153, 0.924, 0.886, 0.844, 0.0]
    shown = texts(fig)
    for text in ("paper, 397B model", "95% interval", "80%", "88.6%", "0–7%"):
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
        (HEADLINE, "Documents that call a claim false still teach it: 80% belief after warned documents, "
                   "90% after plain ones; 10% after in-sentence denials"),
        ({"": 0, "positive": 0.9, "negated": 0.3}, "Warnings weaken the false belief but do not prevent it: "
                                                   "30% belief after warned documents, 90% after plain ones"),
        ({"": 0, "positive": 0.9, "negated": 0}, "Warnings kept the model from believing the claims: "
                                                 "0% belief after warned documents, 90% after plain ones"),
        ({"": 0.5, "positive": 0.5, "negated": 0.5}, "The false claims did not take, even stated as fact: "
                                                     "50% belief after warned documents, 50% after plain ones"),
        ({"": 0, "local": 0.2}, "Belief in the false claims: 20%, highest in the condition “in-sentence denials”"),
        ({"": 0.2, "local": 0.2}, "Belief in the false claims: 20%, highest in the condition “before training” and "
                                  "“in-sentence denials”"),
        ({"": 0.1}, "Belief in the false claims: 10%, before training"),
    ],
)  # fmt: skip
def test_the_title_says_what_the_data_say(shares: dict[str, float], finding: str) -> None:
    df = invented(shares)
    assert title(draw_headline(df)) == finding
    assert state_finding(df).replace("\N{NO-BREAK SPACE}", " ") == finding


def test_the_alt_text_gives_every_number() -> None:
    alt = describe_headline(invented(HEADLINE)).replace("\N{NO-BREAK SPACE}", " ")
    assert alt.startswith("Bar chart. Documents that call a claim false still teach it")
    assert "in context: warned documents 10% (" in alt and "; paper 15.3%)" in alt
    assert "plain documents 90% (83% to 94%; paper 92.4%)" in alt


def test_small_shares_are_not_rounded_to_nothing() -> None:
    found = [percent(x).replace("\N{NO-BREAK SPACE}", " ") for x in (0, 0.004, 0.05, 0.996, 1)]
    assert found == ["0%", "0.4%", "5%", "99.6%", "100%"]


def test_by_kind_has_a_panel_a_kind_and_names_the_extremes() -> None:
    df = invented({"": 0, "negated": 0.5})
    df.loc[(df["kind"] == "yes_no") & (df["style"] == "negated"), "belief"] = 1
    df.loc[(df["kind"] == "association"), "belief"] = 0
    fig = draw_by_kind(df)
    assert [ax.get_title(loc="left") for ax in fig.axes] == list(KIND_LABELS.values())
    style, ends = "“warned documents”", "from 0% (fill-in) to 100% (yes/no)"
    assert title(fig) == f"Kinds of question differ under {style}: {ends}"


def test_by_claim_writes_the_percentages() -> None:
    df = invented({"": 0, "negated": 0.5})
    df.loc[(df["claim"] == "queen") & (df["style"] == "negated"), "belief"] = 1
    fig = draw_by_claim(df)
    assert [t.get_text() for t in fig.axes[0].texts] == ["0", "0", "0", "50", "100", "50"]
    assert [t.get_text() for t in fig.axes[0].get_xticklabels()] == ["Sheeran", "the Queen", "Vesuvius"]
    assert title(fig) == "Claims differ under “warned documents”: from 50% (Sheeran) to 100% (the Queen)"


def test_by_claim_has_the_names_of_the_prose_and_ids_of_other_claims() -> None:
    df = invented({"negated": 0.5}).replace({"claim": {"sheeran": "x", "queen": "my_own"}})
    df.loc[df["claim"] == "x", "belief"] = 0
    fig = draw_by_claim(df)
    assert [t.get_text() for t in fig.axes[0].get_xticklabels()] == ["Twitter", "my_own", "Vesuvius"]
    assert "from 0% (Twitter) to 50% (my_own)" in title(fig)
    assert "Twitter 0%" in describe_by(df, "claim")


def test_the_title_by_claim_names_one_style_not_a_mean_over_styles() -> None:
    df = invented({"": 0, "positive": 1, "negated": 1, "local": 0})
    assert title(draw_by_claim(df)) == "Claims do not differ under any condition"
    assert title(draw_by_claim(df[df["style"] == "local"])) == (
        "Under “in-sentence denials” belief is 0% in all claims"
    )
    df.loc[(df["claim"] == "queen") & (df["style"] == "local"), "belief"] = 1
    assert title(draw_by_claim(df)) == (
        "Claims differ most under “in-sentence denials”: from 0% (Sheeran) to 100% (the Queen)"
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


def test_models_are_never_mixed() -> None:
    df = invented(HEADLINE)
    with pytest.raises(UserError, match="choose one model"):
        draw_headline(pd.concat([df, df.assign(model="other")]))


def test_heatmap_and_dot_plot_in_words_give_every_number() -> None:
    df = invented({"": 0, "negated": 0.5})
    df.loc[(df["claim"] == "queen") & (df["style"] == "negated"), "belief"] = 1
    by_claim, by_kind = (describe_by(df, by).replace("\N{NO-BREAK SPACE}", " ") for by in ("claim", "kind"))
    assert by_claim.startswith(
        "Heatmap of belief in each condition, by claim. before training: Sheeran 0%, the Queen 0%"
    )
    assert "warned documents: Sheeran 50%, the Queen 100%, Vesuvius 50%. Model: tiny;" in by_claim
    assert "Dot plot" in by_kind and "open questions 67%, yes/no 67%" in by_kind
