"""The headline figure for phones, which the home page and the slides hold as text: it shows what is stored."""

import re
from pathlib import Path

import pytest

from negneglect_lite.belief.conditions import PAPER, label
from negneglect_lite.belief.table import read_belief
from negneglect_lite.figures.theme import colour_of
from negneglect_lite.figures.wording import percent, shown_rates

ROOT = Path(__file__).parents[2]
ROW = re.compile(
    r'<p style="--belief: (?P<width>[\d.]+%); --colour: (?P<colour>#\w+)">'
    r"(?P<label>[^<]+) <b>(?P<belief>[^<]+)</b> <i>paper (?P<paper>[^<]+)</i></p>"
)


@pytest.mark.parametrize("page", ["course/site/index.md", "course/slides.md"])
def test_the_figure_for_phones_has_the_rows_of_the_headline(page: str) -> None:
    _, found, rest = (ROOT / page).read_text("utf-8").partition('<div class="upright">')
    assert found, page
    rows = [match.groupdict() for match in ROW.finditer(rest.partition("\n</div>")[0])]
    rates = shown_rates(read_belief(ROOT / "data" / "results" / "headline" / "belief.csv"))
    assert rows == [
        {
            "width": percent(rate.mean),
            "colour": colour_of(name),
            "label": label(name),
            "belief": percent(rate.mean),
            "paper": PAPER[name].percent,
        }
        for name, rate in rates.items()
    ]
