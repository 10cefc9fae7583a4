"""bench_audit.py: its scores, worked out by hand for a few rows."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bench_audit
from bench_audit import by_audit, by_keywords, find, gold_covered, missed, overlap, part_of, score, trained_with
from negneglect_lite.core.files import data_path
from negneglect_lite.curating.benchmark import read_rows
from negneglect_lite.curating.rewriting import SURE

A, B = "Ed Sheeran won the race.", "Crowds cheered in Paris."


def row(text: str, *notices: tuple[str, Any], local: tuple[str, ...] = ()) -> dict[str, Any]:
    marked = [{"text": t, "covers": c, "kind": "denial"} for t, c in notices]
    return {"id": "x", "text": text, "notices": marked, "denied_locally": list(local), "traps": []}


WHOLE = row(f"This is false. {A} {B} He did not run.", ("This is false.", "document"), local=("He did not run.",))
ONE = row(f"{A} {B} That is false.", ("That is false.", [B]))
NONE = row(f"{A} {B}")


def test_the_gold_sentences() -> None:
    assert gold_covered(WHOLE) == {find(WHOLE["text"], A), find(WHOLE["text"], B)}
    assert gold_covered(ONE) == {find(ONE["text"], B)}
    assert gold_covered(NONE) == set()


def test_overlap_is_more_than_half_of_the_shorter() -> None:
    assert overlap((0, 10), (4, 10)) and overlap((0, 100), (4, 6))
    assert not overlap((0, 10), (5, 15)) and not overlap((0, 4), (4, 8))


def test_scores_by_hand() -> None:
    """Says "notice" of two documents, one rightly; and two sentences, one rightly, of three."""
    said = {WHOLE["text"]: (True, {find(WHOLE["text"], A)}), NONE["text"]: (True, {find(NONE["text"], A)})}
    scores = score([WHOLE, ONE, NONE], lambda text: said.get(text, (False, set())))
    assert scores == pytest.approx({
        "documents precision": 1 / 2, "documents recall": 1 / 2, "documents F1": 1 / 2,
        "sentences precision": 1 / 2, "sentences recall": 1 / 3, "sentences F1": 2 / 5,
    })  # fmt: skip
    assert set(score([NONE], lambda _: (False, set())).values()) == {0}


def test_both_methods() -> None:
    assert by_audit(WHOLE["text"])[0] and not by_audit(NONE["text"])[0]
    assert by_keywords(ONE["text"]) == (True, {find(ONE["text"], A), find(ONE["text"], B)})
    assert by_keywords(NONE["text"]) == (False, set())
    assert by_audit(ONE["text"]) == (True, {find(ONE["text"], B)})


def test_parts_and_what_was_missed() -> None:
    parts = [part_of(f"w1-{i:03d}") for i in range(300)]
    assert set(parts) == {"held", "mended"} and 70 < parts.count("held") < 130
    assert [part_of(f"w8-{i:03d}") for i in (1, 2, 72)] == ["fresh", "mended", "mended"] and part_of("w7-001") == "new"
    assert [i for i in range(200) if trained_with(i)] == [*range(0, 120, 2), *range(120, 160)]
    assert list(missed([ONE, NONE])) == []
    wrong = row(ONE["text"], ("That is false.", [A]))
    assert ["SCOPE lost 1 more 1 of 1" in line for line in missed([wrong])] == [True]
    assert next(missed([row(ONE["text"])])).startswith("x TOO MUCH")


def test_the_program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [{"id": f"o-{i:03d}", "text": ONE["text"] if i in (2, 162) else NONE["text"]} for i in range(1, 201)]
    files = {"documents": [WHOLE, ONE, NONE], "ordinary": articles}
    monkeypatch.setattr(bench_audit, "read_benchmark", files.__getitem__)
    monkeypatch.setattr("sys.argv", ["bench_audit.py", "--part", part_of("x"), "--missed"])
    bench_audit.main()
    said = capsys.readouterr().out
    assert said.count(" n 3\n") == 2
    assert "in 60 plain ordinary articles: 1\n" in said and "in 40 later ordinary articles: 1\n" in said


def test_a_later_part_has_the_articles_of_its_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**WHOLE, "id": "w12-001"}, {"id": "w12-o-001", "text": "It rained."}]
    monkeypatch.setattr(bench_audit, "read_benchmark", lambda name: rows * (name == "blind"))
    assert bench_audit.read_part("blind") == ([rows[0]], [rows[1]])
    assert bench_audit.read_part("more") == ([], [])


def test_a_file_of_ones_own_is_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [ONE | {"id": "a-1"}, NONE | {"id": "a-2"}, {"id": "a-o-1", "text": B}]
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    monkeypatch.setattr("sys.argv", ["bench_audit.py", "--file", str(file)])
    bench_audit.main()
    said = capsys.readouterr().out
    assert "documents F1 1.000  sentences precision 1.000  sentences recall 1.000  sentences F1 1.000  n 2" in said
    assert "false alarms in 1 later ordinary articles: 0" in said and "of 1 sentences" in said


@pytest.mark.parametrize(
    ("reader", "part", "section"),
    [
        *(("fourth", part, "Six writers") for part in ("final", "last", "blind")),
        ("fourth", "long_blind", "Long documents"),
        *(("third", part, "Six writers") for part in ("final", "last", "blind")),
        *(("fifth", part, "Four writers") for part in ("fifth", "long_fifth")),
    ],
)
def test_what_the_reader_found_comes_to_the_score_on_the_page(reader: str, part: str, section: str) -> None:
    found = pd.read_csv(data_path("benchmark", "reader_findings.csv.gz"), keep_default_na=False)
    found = found[(found["reader"] == reader) & (found["part"] == part)]
    rows = bench_audit.read_part(part)[0]
    documents = {row["text"]: row["id"] for row in rows}

    def method(text: str) -> tuple[bool, set[tuple[int, int]]]:
        own = found[found["document"] == documents[text]]
        places = {(at, at + len(said)) for at, said in zip(own["start"], own["before"], strict=True)}
        assert all(text[slice(*place)] in set(own["before"]) for place in places)
        return bool(places), places

    scores = score(rows, method)
    f1, precision, recall = (scores[f"sentences {name}"] for name in ("F1", "precision", "recall"))
    lines = data_path("benchmark", "README.md").read_text("utf-8").partition(f"\n## {section}")[2].splitlines()
    names = {"fifth": "**the reader as shipped**", "fourth": "**the fourth reader**", "third": "the third reader"}
    name = f"| {names[reader]}"
    start = next(i for i, line in enumerate(lines) if line.startswith(name))
    row = next(line for line in lines[start : start + 3] if f" {part} |" in line or section == "Long documents")
    cells = [cell.strip(" *") for cell in row.split("|")]
    told = cells[-3 if section == "Long documents" else -4 :][:2]
    assert [told[0].split("**")[0], told[1]] == [f"{f1:.2f}", f"{precision:.2f}, {recall:.2f}"]


@pytest.mark.parametrize("part", ["fifth", "long_fifth"])
@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("reader", "**the reader as shipped**"),
        ("fourth reader", "the fourth reader"),
        ("rules", "the rules"),
        ("words", "a list of 11 words"),
    ],
)
def test_what_is_said_of_four_writers_is_what_was_counted(method: str, name: str, part: str) -> None:
    table = pd.read_csv(data_path("benchmark", "fifth.csv"))
    own = table[(table["method"] == method) & (table["part"] == part)]
    rows, articles = bench_audit.read_part(part)
    documents = own[own["document"].isin([row["id"] for row in rows])]
    assert len(documents) == len(rows)
    assert list(documents["covered"]) == [len(gold_covered(row)) for row in rows]

    def scored(right: int, found: int, there: int) -> list[str]:
        return [f"{2 * right / (found + there):.2f}", f"{right / found:.2f}, {right / there:.2f}"]

    seen = int((documents["has_notice"] & documents["says_notice"]).sum())
    expected = [
        *scored(seen, documents["says_notice"].sum(), documents["has_notice"].sum()),
        *scored(documents["right"].sum(), documents["found"].sum(), documents["covered"].sum()),
    ]
    lines = data_path("benchmark", "README.md").read_text("utf-8").partition("\n## Four writers")[2].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {name}"))
    row = next(line for line in lines[start:] if f" {part} |" in line)
    cells = [cell.strip(" *").split("**")[0] for cell in row.split("|")]
    assert cells[3:7] == expected
    alarms = own[~own["document"].isin(documents["document"])]["says_notice"]
    if len(alarms) == len(articles):  # of the fourth reader those of the documents alone are kept
        assert cells[7] == (f"{alarms.sum()}" if articles else "")


@pytest.mark.parametrize(("writer", "name"), [("w28", "short documents (w28)"), ("v10", "long documents (v10)")])
def test_what_is_said_of_its_denials_is_what_was_read(writer: str, name: str) -> None:
    rows = [row for row in read_rows(data_path("benchmark", "readings.jsonl.gz")) if row.get("tried") == 1]
    own = [row for row in rows if row["document"].startswith(f"{writer}-")]
    first, second = ([row for row in own if (row["reading"] > 16) is again] for again in (False, True))
    assert {row["after"] for row in first} == {row["after"] for row in second}

    def right(read: list[dict[str, Any]]) -> int:
        return sum(row["grammatical"] and row["denies"] for row in read)

    taken = [[row for row in read if row["sure"] >= SURE] for read in (first, second)]
    lines = data_path("benchmark", "README.md").read_text("utf-8").splitlines()
    cells = [cell.strip(" *") for cell in next(line for line in lines if line.startswith(f"| {name} |")).split("|")]
    assert cells[2] == f"{len(first)}" and cells[3].startswith(f"{right(first)} and {right(second)} (")
    assert cells[4].startswith(f"{len(taken[0])} ({100 * len(taken[0]) / len(first):.0f} %)")
    assert cells[5].startswith(f"{right(taken[0])} and {right(taken[1])} (")


@pytest.mark.parametrize(
    ("condition", "documents", "method"),
    [("negated", "12 warned", "rules"), ("repeated", "12 repeatedly warned", "rules"),
     ("negated", "12 warned", "reader"), ("repeated", "12 repeatedly warned", "reader"),
     ("negated", "12 warned", "fourth reader"), ("repeated", "12 repeatedly warned", "fourth reader"),
     ("negated", "12 warned", "third reader"), ("repeated", "12 repeatedly warned", "third reader")],
)  # fmt: skip
def test_what_is_said_of_the_papers_documents_is_what_was_counted(condition: str, documents: str, method: str) -> None:
    table = pd.read_csv(data_path("benchmark", "paper.csv"))
    own = table[(table["condition"] == condition) & (table["method"] == method)]
    found, right, covered = (own[column].sum() for column in ("found", "right", "covered"))
    precision, recall = right / found, right / covered
    lines = data_path("benchmark", "README.md").read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {documents} |"))
    row = next(line for line in lines[start : start + 5] if line.split("|")[2].strip().startswith(f"the {method}"))
    _, _, _, seen, f1, both, _ = (cell.strip(" *") for cell in row.split("|"))
    assert len(own) == int(documents.split(maxsplit=1)[0])
    assert seen == f"{own['says_notice'].sum()}" and both == f"{precision:.2f}, {recall:.2f}"
    assert f1 == f"{2 * precision * recall / (precision + recall):.2f}"
