"""What notebooks do with a learner's function."""

import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.course.exercises import use_answer, use_yours
from negneglect_lite.figures.wording import SHORT_NAMES


@pytest.mark.parametrize(("passed", "says"), [(True, "your function"), (False, "the reference")])
def test_a_line_says_whose_function_runs(passed, says, capsys):
    assert use_yours(passed, min, max) is (min if passed else max)
    assert says in capsys.readouterr().out


def test_a_line_says_whose_answer_is_used(capsys):
    assert use_answer(True, 1, 2) == 1 and "yours." in capsys.readouterr().out
    assert use_answer(False, 1, 2) == 2 and "the reference, until yours" in capsys.readouterr().out


def test_every_claim_has_a_short_name():
    assert set(SHORT_NAMES) == set(load_claims())
