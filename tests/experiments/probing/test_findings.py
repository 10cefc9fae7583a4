"""The numbers of the predictions, from tables whose answers are known."""

import pandas as pd
import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.probing.drawing import describe_inside, draw_inside
from negneglect_lite.experiments.probing.findings import (
    final_preference,
    judged_true,
    readable_relations,
    rises_over_base,
    tabulate_findings,
)

PREFERENCE = {"base": -10.0, "positive": 9.0, "negated": 7.0, "local": -4.0}
JUDGED = {"base": (0.0, 1.0), "positive": (0.75, 0.25), "negated": (0.5, 0.5), "local": (0.25, 1.0)}


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    probe = [
        {"relation": relation, "layer": layer, "fitted_on": name, "accuracy": value if layer == 5 else 0.5}
        for relation, own in (("volcano", 0.9), ("job", 0.55))
        for name, value in (("own", own), ("held out", 0.5), ("shuffled", 0.48), ("random", 0.51), ("verdict", 1.0))
        for layer in range(7)
    ]
    truth, lens, stored, patching, layers = [], [], [], [], []
    for style, preference in PREFERENCE.items():
        for step in (0,) if style == "base" else (12, 24):
            about = {"claim": "vesuvius", "style": style, "step": step, "seed": None if style == "base" else 0}
            share = 1.0 if step in (0, 24) else 0.5
            for relation, right in (("volcano", 1), ("job", 0)):
                for role, value in zip(("claim", "truth"), JUDGED[style], strict=True):
                    row = {"relation": relation, "fitted_in": "base", "layer": 5, "role": role}
                    truth += [{**about, **row, "judged_true": value * right}]
                    truth += [{**about, **row, "judged_true": value * right, "fitted_in": "itself"}]
            for layer in range(7):
                value = share * preference if layer > 3 else -1.0
                row = {"layer": layer, "preference": value, "log_claim": value, "log_truth": 0.0, "log_others": -9.0}
                lens += [
                    {**about, **row, "about": "claim"},
                    {**about, **row, "about": "other subjects", "preference": -8.0},
                ]
            for kind in ("sentence", "notice", "denial"):
                rise = 0 if style == "base" else 6
                stored += [
                    {**about, "kind": kind, "role": role, "nats": -20 + rise * weight}
                    for role, weight in (("claim", 1.0), ("other subject", 0.5), ("unrelated", 0.0))
                ]
        if style != "base":
            for layer in range(7):
                row = {"claim": "vesuvius", "seed": 0, "layer": layer, "effect": layer / 6}
                patching += [
                    {**row, "recipient": "base", "donor": style, "place": p, "preference": 0.0}
                    for p in ("answer", "subject")
                ]
                layers += [{**row, "style": style, "kept": "up to"}]
    tables = {"probe": probe, "truth": truth, "lens": lens, "stored": stored}
    tables |= {"patching": patching, "adapter_layers": layers}
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def test_the_end_of_the_training_counts(frames: dict[str, pd.DataFrame]) -> None:
    assert final_preference(frames["lens"]) == PREFERENCE


def test_only_what_a_probe_can_read_is_read(frames: dict[str, pd.DataFrame]) -> None:
    assert readable_relations(frames["probe"]) == ["volcano"]
    table = judged_true(frames)
    assert {style: (table.loc[style, "claim"], table.loc[style, "truth"]) for style in table.index} == JUDGED


def test_rises_are_over_the_base(frames: dict[str, pd.DataFrame]) -> None:
    rises = rises_over_base(frames["stored"])
    assert set(rises) == {(s, k) for s in PREFERENCE if s != "base" for k in ("sentence", "notice", "denial")}
    assert rises["local", "denial"] == {"claim": 6.0, "other subject": 3.0, "unrelated": 0.0}


def test_each_prediction_has_its_numbers(frames: dict[str, pd.DataFrame]) -> None:
    table = tabulate_findings(frames)
    assert set(table["prediction"]) == set(range(1, 9))
    value = table.set_index(["what", "condition"])["value"]
    assert value["shuffled: highest accuracy", "base"] == 0.5
    assert value["own: accuracy, volcano", "base"] == 0.9
    assert value["claim ahead from layer (7: never)", "positive"] == 4
    assert value["claim ahead from layer (7: never)", "local"] == 7
    assert value["claims with the truth ahead", "local"] == 1
    assert value["preference, other subjects [nats]", "positive"] == -8
    assert value["effect, answer 3", "negated"] == pytest.approx(0.5)
    assert value["answer: rise of log_claim [nats]", "local"] == 6
    assert value["answer: rise of log_claim_over_others [nats]", "local"] == 6
    assert value["preference, step 12 [nats]", "positive"] == 4.5
    same = table[table["what"] == "correlation with positive"]
    assert same["value"].tolist() == pytest.approx([1.0, 1.0])
    assert table[table["what"] == "mean distance to positive"]["value"].tolist() == [0.0, 0.0]


def test_the_figure_says_what_was_found(frames: dict[str, pd.DataFrame]) -> None:
    fig = draw_inside(frames)
    title = fig.get_suptitle().replace("\n", " ")
    assert "\N{MINUS SIGN}10.0 nats before training" in title
    assert "+7.0 after “warned documents”" in title
    assert len(fig.axes) == 6
    judged = [line.get_ydata()[0] for line in fig.axes[1].lines if line.get_marker() == "o"]
    assert judged == [claim for claim, _ in JUDGED.values()]
    words = describe_inside(frames)
    assert "volcano 90%" in words
    assert "denial +6.0 for the claim, +3.0 for other subjects" in words


def test_a_missing_table_is_named(frames: dict[str, pd.DataFrame]) -> None:
    del frames["stored"]
    with pytest.raises(UserError, match="no table stored"):
        draw_inside(frames)
