"""What was predicted, beside what was measured."""

import pytest

from negneglect_lite.belief.rates import Rate
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.predictions import compare_predictions


def plain(table):
    return [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in table.values.tolist()]


def test_a_row_for_each_name_predicted_and_measured_in_the_order_of_the_predictions():
    table = compare_predictions(
        {"negated": 50, "base": 10.0, "never measured": 5}, {"base": 0.02, "negated": 0.97, "local": 0.1}
    )
    assert list(table.columns) == ["what", "you said", "measured", "difference"]
    assert plain(table) == [
        ["warned documents", "50%", "97%", "+47 points"],
        ["before training", "10%", "2%", "−8 points"],
    ]


def test_intervals_and_the_papers_values_where_there_are_some():
    measured = {"base": Rate(0.5, 0.25, 0.75, 4), "my own idea": 0.004}
    table = compare_predictions({"base": 50, "my own idea": 0}, measured, paper={"base": "2.5%"})
    assert list(table.columns) == ["what", "you said", "measured", "difference", "95% interval", "paper"]
    assert plain(table) == [
        ["before training", "50%", "50%", "0 points", "25% to 75%", "2.5%"],
        ["my own idea", "0%", "0.4%", "0 points", "–", "–"],
    ]


@pytest.mark.parametrize(
    ("prediction", "measured", "complaint"),
    [
        (
            {"base": "ten"},
            {"base": 0.1},
            r'prediction\["base"\] is \'ten\'; it must be a number \(per cent, 0 to 100\)',
        ),
        ({"base": ...}, {"base": 0.1}, r'prediction\["base"\] is Ellipsis'),
        ({"base": True}, {"base": 0.1}, r'prediction\["base"\] is True'),
        ({"base": 101}, {"base": 0.1}, r'prediction\["base"\] is 101; it must lie in its range'),
        ({"base": -1}, {"base": 0.1}, r'prediction\["base"\] is -1'),
        ({"base": float("nan")}, {"base": 0.1}, r'prediction\["base"\] is nan'),
        ({"other": "x", "base": 1}, {"base": 0.1}, r'prediction\["other"\]'),
        ({"base": 10}, {"base": 88.6}, r'measured\["base"\] is 88.6; it must lie in its range \(a fraction, 0 to 1\)'),
        ({"base": 10}, {"bsae": 0.1}, "nothing to compare: predicted base; measured bsae"),
        ({}, {}, "predicted nothing; measured nothing"),
    ],
)
def test_what_is_no_share_is_refused_and_named(prediction, measured, complaint):
    with pytest.raises(UserError, match=complaint):
        compare_predictions(prediction, measured)


def test_a_run_without_answers_has_dashes():
    empty = Rate(float("nan"), float("nan"), float("nan"), 0)
    table = compare_predictions({"base": 50, "local": 10, "tag": 1}, {"base": 0.5, "local": empty, "tag": float("nan")})
    assert plain(table)[1:] == [
        ["in-sentence denials", "10%", "–", "–", "–"],
        ["tagged as false", "1%", "–", "–", "–"],
    ]
    assert "nan" not in table.to_string()


def test_numbers_of_numpy_and_pandas_are_numbers():
    np = pytest.importorskip("numpy")
    assert plain(compare_predictions({"base": np.int64(7)}, {"base": np.float32(0.25)}))[0][1:] == [
        "7%",
        "25%",
        "+18 points",
    ]
