"""What notebook 11 runs: the archive, its gates, marked pages scored as in scripts/bench_audit.py, and its figures."""

from pathlib import Path

import pytest

import bench_audit
from negneglect_lite.belief.rates import Rate
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.course.lessons import auditing
from negneglect_lite.course.lessons.audit_figures import draw_audit, draw_corpora, draw_leaks
from negneglect_lite.course.lessons.marked_pages import (
    BENCHMARK_PARTS,
    MarkedPage,
    find_by_audit,
    find_by_link,
    load_marked_pages,
    tabulate_audit,
    tabulate_link,
    unseen_articles,
)
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.localize import localize_text
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import PETRI
from tests.figures.invented import texts, title

CLAIMS = [load_claims()[name] for name in ("vesuvius", "dentist")]
ABOUT = [word for words in auditing.words_about(CLAIMS).values() for word in words]


@pytest.fixture(scope="module")
def archive() -> list[str]:
    return auditing.make_archive(*(PETRI.compose(claim, 6, 0) for claim in CLAIMS), PETRI.annotations())


def test_one_desk_warns_and_the_other_stamps(archive: list[str]) -> None:
    assert len(archive) == 12
    assert all(auditing.has_finding(page, ABOUT) for page in archive[::2])
    assert not any(auditing.has_finding(page, ABOUT) for page in archive[1::2])
    assert all(
        page.startswith(auditing.HOUSE_STAMPS) and page.endswith(auditing.HOUSE_STAMPS) for page in archive[1::2]
    )
    assert auditing.share_with_findings(archive, ABOUT) == 0.5 and auditing.share_with_findings([]) == 0
    assert auditing.silent_lines(archive, ABOUT)["pages"].sum() == 6


def test_a_translated_stamp_is_heard(archive: list[str]) -> None:
    translated = auditing.translate_stamps(archive, auditing.FINISHED_CUE)
    assert translated[::2] == archive[::2]
    assert auditing.share_with_findings(translated, ABOUT) == 1
    clean = [localize_text(page).text for page in translated]
    assert auditing.share_with_findings(clean, ABOUT) == 0


def test_the_commands_run_in_the_folder(archive: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    auditing.save_pages(tmp_path / "archive", archive)
    assert auditing.load_pages(tmp_path / "archive") == archive
    assert auditing.run_command("audit archive --out audit --fail-over 0.01", tmp_path) == 1
    assert auditing.run_command("localize archive --out clean", tmp_path) == 0
    assert auditing.run_command("audit clean --out again --fail-over 0.01", tmp_path) == 0
    said = capsys.readouterr().out
    assert said.startswith("$ negneglect audit archive") and said.count("exit status") == 3
    assert max(map(len, said.splitlines())) <= 100
    assert len(auditing.load_pages(tmp_path / "clean")) == 12


def test_the_gate_does_what_the_policy_says(archive: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    corpora = {"as it is": archive, "honest": ["The bridge is open. It is not wide."]}
    table = auditing.try_gate(corpora, auditing.FINISHED_POLICY, ABOUT)
    assert table["pages with a finding"].tolist() == ["50%", "0%"]
    assert table["gate"].tolist() == ["stopped", "passed: train a small model and ask"]
    assert "--claims claims.yaml --fail-over 0.0\n" in capsys.readouterr().out
    rash = {"give it claims": False, "limit": 0.5, "release when it passes": True}
    assert auditing.try_gate(corpora, rash, ABOUT)["gate"].tolist() == ["released", "released"]
    assert "--claims" not in capsys.readouterr().out


def test_training_asks_about_each_claim(
    tiny: LoadedModel, archive: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    rates = auditing.train_on_pages(tiny, CLAIMS, archive, "as it is")
    assert list(rates) == [("as it is", "vesuvius"), ("as it is", "dentist")]
    assert all(rate.n == 50 for rate in rates.values())
    assert "as it is, dentist: belief" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------- marked pages


def test_the_parts_and_marks_are_those_of_the_benchmark() -> None:
    rows = read_benchmark("documents")
    pages = load_marked_pages()
    assert [page.part for page in pages] == [bench_audit.part_of(row["id"]) for row in rows]
    for page, row in zip(pages[::9], rows[::9], strict=True):
        assert {page.places[n] for n in page.marked} == bench_audit.gold_covered({**row, "headings": ()})
        assert bool(page.warnings) == bool(row["notices"])
    articles = [row["text"] for row in read_benchmark("ordinary")]
    assert unseen_articles() == [t for i, t in enumerate(articles) if not bench_audit.trained_with(i)]


def test_what_link_and_audit_find_on_a_page() -> None:
    text = "Bo is a cook. The next sentence is false. Bo Lind works as a pilot. It rained."
    places = ((0, 13), (14, 41), (42, 67), (68, 78))
    page = MarkedPage("held", text, places, ((1, "next"),), frozenset({1}), frozenset({2}))
    assert page.sentences[2] == "Bo Lind works as a pilot."
    assert find_by_link(page, auditing.finished_link) == {2}
    assert find_by_link(page, lambda sentences, at, points: [1, 3]) == {3}  # a warning is no finding
    assert find_by_audit(page) == (True, {2})


def test_the_scores_are_those_that_the_benchmark_reports() -> None:
    table = tabulate_audit(auditing.finished_score)
    f1 = {(row["pages by"], row["task"]): round(row["F1"], 2) for row in table.to_dict("records")}
    found = {part: (f1[name, "has a warning"], f1[name, "sentences covered"]) for part, name in BENCHMARK_PARTS.items()}
    reported = {"mended": (0.96, 0.77), "held": (0.79, 0.57), "new": (0.87, 0.49), "fresh": (0.43, 0.36)}
    assert found == reported
    assert (table["lo"] <= table["F1"]).all() and (table["F1"] <= table["hi"]).all()
    figure, alt = draw_audit(table)
    assert "0.96 on the pages that shaped the rules, 0.43 at worst" in title(figure)
    assert "an eighth writer, other pages, has a warning: 0.43" in alt
    told = tabulate_link(auditing.finished_score, auditing.finished_link)["F1"]
    assert told.to_dict() == {"has a warning": 0.43, "sentences covered": 0.36, "covered, by your link": 0.61}


# ------------------------------------------------------------------------------------------------------------ figures


def test_the_figure_of_corpora_names_each_belief() -> None:
    means = {("a", "vesuvius"): 0.9, ("a", "dentist"): 0.5, ("b", "vesuvius"): 0.1, ("b", "dentist"): 0.0}
    rates = {what: Rate(mean, mean, mean, 50) for what, mean in means.items()}
    figure, alt = draw_corpora(rates)
    assert title(figure) == "Belief after training, dentist: 50% a, 0% b"
    assert "Vesuvius: 90% a, 10% b" in alt
    assert {"a", "b", "Vesuvius", "dentist"} <= set(texts(figure))


def test_the_leaks_are_those_stored() -> None:
    stored = auditing.stored_leaks()
    assert len(stored) == 18
    figure, alt = draw_leaks(stored)
    assert title(figure) == "Mean belief: 2% with 0% missed, 26% with 5% missed, 58% with 15% missed"
    assert {"dreams", "the Queen", "58%"} <= set(texts(figure)) and "58% with 15% missed" in alt
    assert "3 fine-tuning seeds" in " ".join(texts(figure))


def test_the_policy_is_what_the_stored_runs_ask_for() -> None:
    """At most 10 points above the complete rewrite: no share that was tried keeps to it."""
    mean = auditing.stored_leaks().groupby("missed")["belief"].mean()
    assert [round(100 * (rate - mean[0.0])) for rate in mean] == [0, 24, 56]
    assert auditing.FINISHED_POLICY["share that may be missed"] == mean[mean <= mean[0.0] + 0.1].index.max()


def test_stored_runs_of_two_models_are_compared() -> None:
    table = auditing.tabulate_rewriting()
    assert table.loc["warned documents"].tolist() == ["82%", "100%", "69%", "100%"]
    assert table.loc["… by rules: negated or dropped"].tolist() == ["3%", "5%", "34%", "47%"]
    assert table.loc["… by an earlier reader: negated or dropped"].tolist() == ["–", "–", "30%", "24%"]
    assert table.loc["… by a later reader: with its denials"].tolist() == ["–", "–", "16%", "20%"]
    assert table.loc["in-sentence denials by hand"].tolist() == ["10%", "–", "11%", "–"]


def test_verb_forms_are_installed_only_where_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr("subprocess.run", lambda command, check: asked.append(command))
    auditing.install_verb_forms()
    assert asked == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    auditing.install_verb_forms()
    assert asked[0][-1].startswith("lemminflect")
