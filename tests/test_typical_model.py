"""scripts/typical_model.py: distances by hand, and the verdict on the stored rows."""

import pandas as pd
import pytest

import typical_model
from negneglect_lite.core.errors import UserError


def test_a_sister_is_compared_with_the_others_and_model_0_with_all() -> None:
    profiles = pd.DataFrame({"1": [0.0, 10.0], "2": [10.0, 10.0], "3": [20.0, 40.0], "0": [10.0, 50.0]})
    distances = typical_model.measure_distances(profiles)
    # others of 1: 15, 25; of 2: 10, 25; of 3: 5, 10; all three: 10, 20
    assert distances.to_dict() == {"1": 15.0, "2": 7.5, "3": 22.5, "0": 15.0}
    assert typical_model.stays(distances)  # at the median
    farther = distances.mask(distances.index == "0", 15.1)
    assert not typical_model.stays(farther)


def test_the_stored_rows_give_the_stated_verdict() -> None:
    profiles = typical_model.read_profiles()
    assert profiles.loc["negated"].round(1).to_dict() == {
        "1": 99.0, "2": 81.1, "3": 85.1, "4": 85.3, "5": 96.0, "0": 85.6,
    }  # fmt: skip
    distances = typical_model.measure_distances(profiles)
    assert distances.round(1).to_dict() == {"1": 6.0, "2": 6.9, "3": 5.2, "4": 5.8, "5": 5.6, "0": 7.8}
    assert not typical_model.stays(distances) and distances.idxmin() == "3"


def test_a_style_that_was_not_trained_on_is_missed() -> None:
    rows = pd.DataFrame(
        [("dentist", "positive", "trained", "open", "q", 1.0)],
        columns=["claim", "style", "setting", "kind", "question_id", "belief"],
    )
    with pytest.raises(UserError, match="no trained rows of style corrected, local, negated, repeated"):
        typical_model.profile(rows)
