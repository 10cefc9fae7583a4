"""Figures on disk and in a notebook: with their alt texts, and without what they do not need."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from negneglect_lite.figures import display
from negneglect_lite.figures.conditions import draw_headline
from negneglect_lite.figures.display import save_figure, show_figure
from negneglect_lite.figures.wording import describe_headline
from tests.figures.invented import HEADLINE, invented

ROOT = Path(__file__).parents[2]


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


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    """What is displayed, as in a notebook: data and metadata."""
    found: list[tuple[dict, dict]] = []
    monkeypatch.setattr(display, "in_kernel", lambda: True)
    monkeypatch.setattr(
        "IPython.display.display", lambda data, raw, metadata=None: found.append((data, metadata or {}))
    )
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


def test_a_figure_that_cannot_be_drawn_is_told_in_words(displayed, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    figure = draw_headline(invented(HEADLINE))
    monkeypatch.setattr(figure, "savefig", lambda *_, **__: 1 / 0)
    show_figure(figure, alt="Bars.", takeaway="It fell.")
    assert capsys.readouterr().out == "It fell.\nBars.\n(not drawn: division by zero)\n" and not displayed


def test_showing_closes_the_figure(displayed) -> None:  # type: ignore[no-untyped-def]
    import matplotlib.pyplot as plt

    fig, _ = plt.subplots()
    show_figure(fig, "An empty plot.", "Nothing.")
    assert not plt.fignum_exists(fig.number)


def test_outside_of_notebooks_the_words_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show_figure(draw_headline(invented(HEADLINE)), alt="Bars.", takeaway="It fell.")
    assert capsys.readouterr().out == "It fell.\nBars.\n"


def test_a_table_is_drawn_and_saved_without_torch_and_ipython(tmp_path: Path) -> None:
    """A machine that only draws what was measured elsewhere needs neither. Seaborn takes IPython where it is there."""
    invented(HEADLINE).to_csv(tmp_path / "belief.csv", index=False)
    script = f"""
import sys
sys.modules.update(dict.fromkeys(("IPython", "ipywidgets")))  # as if they were not installed
from negneglect_lite.belief.table import read_belief
from negneglect_lite.figures.conditions import draw_headline
from negneglect_lite.figures.display import save_figure
rows = read_belief({str(tmp_path / "belief.csv")!r})
save_figure(draw_headline(rows), {str(tmp_path / "belief.png")!r}, "Bars.")
print([name for name in ("torch", "transformers", "IPython") if sys.modules.get(name)])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
    assert (tmp_path / "belief.png").read_bytes().startswith(b"\x89PNG")
