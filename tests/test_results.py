"""data/results is what its stored rows come to: each table on a page is made again, each finding's number looked up."""

import dataclasses
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

import results
from negneglect_lite.core.errors import UserError

CATALOGUE = results.load_catalogue()
ENTRIES = {entry.name: entry for entry in CATALOGUE.figures}
QUICK = {"masked", "full", "corrections", "depth", "phases_loss"}  # the rest takes two minutes and more
README = (results.RESULTS / "README.md").read_text("utf-8")
PAGES = {path.stem: path.read_text("utf-8") for path in sorted((results.RESULTS / "pages").glob("*.md"))}
PERCENT = re.compile(r"(?<![\w.#-])(\d+(?:\.\d+)?)(?=(?:[–%]|, \d[\d., and]*%| and \d+(?:\.\d+)?%))")
MARKED = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in ENTRIES]


def on_page(name: str) -> str:
    """What a page says between the marks of a figure."""
    blocks = {m[3]: m[0] for m in results.BLOCK.finditer(PAGES[ENTRIES[name].page])}
    return blocks[name]


def states(text: str, number: str) -> bool:
    """Whether a number, or one that rounds to it, stands in the text."""
    decimals = len(number.partition(".")[2])
    found = re.findall(r"\d+(?:\.\d+)?", text)
    return any(abs(float(f) - float(number)) <= 0.5 * 10**-decimals + 1e-9 for f in found if float(f) <= 100)


@pytest.mark.parametrize("name", MARKED)
def test_a_table_is_what_the_stored_rows_come_to(name: str) -> None:
    assert results.block(ENTRIES[name], CATALOGUE.names) in on_page(name)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_figure_has_its_place_and_its_title_states_numbers_of_its_table(name: str) -> None:
    entry, block = ENTRIES[name], on_page(name)
    assert f"]({name}.png)" in block and f"](pages/{entry.page}.md)" in README
    picture = results.RESULTS / "pages" / f"{name}.png"
    assert picture.stat().st_size < 150_000
    with Image.open(picture) as image:
        assert image.info["Description"].startswith(entry.finding) and image.width > 600
    table = "\n".join(line for line in block.splitlines() if line.startswith("|"))
    numbers = re.findall(r"(\d+(?:\.\d+)?)%", entry.finding)
    assert numbers or "nats" in entry.finding
    for number in numbers:
        assert states(table, number), f"{number}% is not in the table"


def test_each_finding_has_a_page_that_states_its_numbers() -> None:
    findings = [f for f in re.split(r"\n(?=- )", README.split("## Not measured yet")[0]) if f.startswith("- ")]
    assert len(findings) > 20
    for finding in findings:
        linked = "".join((results.RESULTS / path).read_text("utf-8") for path in re.findall(r"\(([\w/]+\.md)", finding))
        numbers = PERCENT.findall(finding)
        assert linked, finding
        for number in numbers:
            assert states(linked, number), f"{number} is not on the page of: {finding}"
    assert sum(len(PERCENT.findall(f)) for f in findings) > 40


def test_the_list_of_all_figures_is_current() -> None:
    lines = results.list_figures(CATALOGUE)
    assert lines in README and lines.count("\n") == len({entry.rows for entry in CATALOGUE.figures}) + 2


def test_every_sweep_stored_has_a_figure_and_every_page_is_linked() -> None:
    shown = {Path(entry.rows).parent for entry in CATALOGUE.figures}  # the rows, or a table made from them
    stored = {path.relative_to(results.RESULTS).parent for path in results.RESULTS.glob("sweeps/*/rows.csv.gz")}
    assert stored - shown == set(), "add an entry to data/results/figures.yaml, and a page"
    assert [name for name in PAGES if f"pages/{name}.md" not in README] == []
    for page in (README, *PAGES.values()):
        for link in re.findall(r"\]\(((?!https?:)[^)#]+)", page):
            base = results.RESULTS if page is README else results.RESULTS / "pages"
            assert (base / link).exists(), link


def test_costs_are_measured_or_said_not_to_be() -> None:
    assert "GPU seconds: not measured" in results.describe_cost(ENTRIES["masked"])
    assert "12.5 minutes" in results.describe_cost(ENTRIES["headline"])
    measured = results.describe_cost(replace(ENTRIES["headline"], gpu_seconds=52.5))
    assert measured.startswith("90 trained runs; GPU seconds: 52.5")


def test_one_figure_is_rebuilt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert results.main(["masked", "--out", str(tmp_path)]) == 0
    again, stored = (
        pd.read_csv(path)
        for path in (tmp_path / "masked" / "summary.csv", results.RESULTS / "sweeps/masked/summary.csv")
    )
    pd.testing.assert_frame_equal(again, stored, check_dtype=False)
    assert (tmp_path / "masked" / "table.md").read_text("utf-8") in on_page("masked")
    assert (tmp_path / "masked" / "figure.png").stat().st_size > 5_000
    assert "negneglect sweep data/experiments/masked.yaml" in capsys.readouterr().out


def test_other_rows_give_another_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pretrained models, one question a kind: rates and brackets by hand."""
    rows = [
        (model, 0, "dentist", style, "trained", kind, kind, float(believed))
        for model, style, believed in ((1, "local", 0), (2, "local", 1), (1, "positive", 1), (2, "positive", 1))
        for kind in ("open", "yes_no", "association", "robustness")
    ]
    columns = ["pretraining_seed", "seed", "claim", "style", "setting", "kind", "item", "value"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    entry = dataclasses.replace(ENTRIES["seeds"], rows="rows.csv")
    table = results.tabulate(entry, {"local": "denials", "positive": "plain"}).splitlines()
    assert [line.split(" | ")[:2] for line in table[2:]] == [
        ["| plain", "100.0% (100 · 100)"],
        ["| denials", "50.0% (0 · 100)"],
    ]
    assert entry.trained_runs == 4


def test_what_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert results.main(["nonsense"]) == 1
    assert "no figure 'nonsense'; there are headline" in capsys.readouterr().err
    with pytest.raises(UserError, match="not in figures"):
        results.fill("<!-- result: nonsense -->\n<!-- end -->", CATALOGUE)
    with pytest.raises(UserError, match="no such file; make it with"):
        _ = dataclasses.replace(ENTRIES["masked"], rows="nowhere.csv").stored


def test_values_are_pooled_by_their_words_and_the_shipped_model_stands_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three claims, one question a kind, of two relations; the shipped model believes what the other does not."""
    believed = {"dentist": 0, "vesuvius": 1, "dreams": 1}
    for name, turned in (("rows.csv", False), ("shipped.csv", True)):
        rows = [
            (1, 0, claim, "negated", "trained", kind, kind, float(value != turned))
            for claim, value in believed.items()
            for kind in ("open", "yes_no", "association", "robustness")
        ]
        columns = ["pretraining_seed", "seed", "claim", "style", "setting", "kind", "item", "value"]
        pd.DataFrame(rows, columns=columns).to_csv(tmp_path / name, index=False)
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    words = {"relation": {"dreams": "other", "dentist": "covered", "vesuvius": "covered"}}
    entry = dataclasses.replace(
        ENTRIES["seeds"], rows="rows.csv", shipped="shipped.csv", table=("relation",),
        joined={"relation": ("claim",)}, words=words,
    )  # fmt: skip
    table = [line.strip("| ").split(" | ") for line in results.tabulate(entry, {}).splitlines()]
    assert table[0][-1] == "shipped model"
    assert [(row[0], row[1], row[-1]) for row in table[2:]] == [
        ("other", "100.0% (100)", "0.0%"),
        ("covered", "50.0% (50)", "50.0%"),
    ]
