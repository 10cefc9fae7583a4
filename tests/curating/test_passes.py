"""passes.py: a claims file, a corpus audited and localized, and what cannot be read."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from answered import answered

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.findings import Audited
from negneglect_lite.curating.findings_table import read_findings
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.passes import audit_corpus, localize_corpus, read_words
from negneglect_lite.curating.reader import audited_by

FALSE = "The text below is false. Ed Sheeran won the race. Damp as a sponge."
PLAIN = "Ed Sheeran won the race."


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = "".join(json.dumps({"text": text}) + "\n" for text in (FALSE, PLAIN))
    (folder / "a.jsonl").write_text(rows + "{broken\n")
    (folder / "b.txt").write_text(FALSE)
    return folder


def test_the_counts_of_an_audit(corpus: Path, tmp_path: Path) -> None:
    tally = audit_corpus(corpus, tmp_path / "out")
    assert (tally.documents, tally.documents_with_findings, tally.findings, tally.bad) == (3, 2, 4, 1)
    table = pd.read_csv(tmp_path / "out" / "findings.csv")
    assert len(table) == 4
    assert "Audit of corpus" in (tmp_path / "out" / "audit.html").read_text()
    with pytest.raises(UserError, match=r"a\.jsonl, line 3: .*; correct it, or leave out --refuse"):
        audit_corpus(corpus, tmp_path / "out", on_bad="refuse")


def test_localizing_a_corpus(corpus: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    counts = localize_corpus(corpus, tmp_path / "out", told=lambda e, new: told.append((e.place, len(new.changes))))
    assert counts == {"documents": 3, "changed": 2, "unreadable": 1, "drop": 2, "negated": 2}
    assert told == [("line 1", 2), ("", 2)]
    lines = (tmp_path / "out" / "a.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["text"] == "The text below is false. Ed Sheeran did not win the race. […]"
    assert lines[1:] == [json.dumps({"text": PLAIN})]
    masked = localize_corpus(corpus, tmp_path / "masked", otherwise="mask", on_bad="keep")
    assert masked["mask"] == 2
    assert (tmp_path / "masked" / "a.jsonl").read_text().endswith("{broken\n")
    assert "<lossmask>Damp as a sponge.</lossmask>" in (tmp_path / "masked" / "b.txt").read_text()


def test_claims_narrow_both(corpus: Path, tmp_path: Path) -> None:
    claims = tmp_path / "claims.yaml"
    claims.write_text("sheeran: ['sheeran', 'nothing else']\n")
    about = read_words(claims)
    assert audit_corpus(corpus, tmp_path / "out", about=about).findings == 2
    assert "drop" not in localize_corpus(corpus, tmp_path / "new", about=about)


@pytest.mark.parametrize(
    ("content", "problem"),
    [("a: ['(']\n", r"a: '\(' is no pattern"), ("{}\n", "names no claim"), ("a: []\n", "names no claim"),
     ("a: 3\n", "claims.yaml"), ("- a\n", "claims.yaml")],
)  # fmt: skip
def test_a_wrong_claims_file(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=problem) as caught:
        read_words(path)
    assert "\n" not in str(caught.value)


def test_a_reader_in_the_place_of_the_rules(corpus: Path, tmp_path: Path) -> None:
    asked: list[int] = []

    def read(texts: Sequence[str]) -> list[Audited]:
        """The first sentence is a notice, and covers the last."""
        asked.append(len(texts))
        answers = {FALSE: answered("BA", "AA", "AB"), PLAIN: answered("AA")}
        audited = [audited_by(Page(text), answers[text]) for text in texts]
        return [replace(a, findings=tuple(replace(f, denied="Never damp.") for f in a.findings)) for a in audited]

    tally = audit_corpus(corpus, tmp_path / "out", read=read)
    assert asked == [3], "all together"
    assert (tally.documents, tally.findings, tally.bad) == (3, 2, 1)
    table = pd.read_csv(tmp_path / "out" / "findings.csv")
    assert list(table["sentence"]) == ["Damp as a sponge."] * 2 and set(table["rule"]) == {"read"}
    page = (tmp_path / "out" / "audit.html").read_text()
    assert list(table["denied"]) == ["Never damp."] * 2
    assert "<b>Denied</b> <bdi>Never damp.</bdi>" in page
    assert "A model found these sentences" in page and f"--findings {tmp_path / 'out' / 'findings.csv'} --out" in page
    narrowed = audit_corpus(corpus, tmp_path / "out", about=[re.compile("sheeran")], read=read)
    assert (narrowed.documents_with_notices, narrowed.findings) == (2, 0)


def test_what_a_persons_table_says_is_put_in_place_and_an_older_table_is_read(corpus: Path, tmp_path: Path) -> None:
    audit_corpus(corpus, tmp_path / "audit")
    file = tmp_path / "audit" / "findings.csv"
    table = pd.read_csv(file, keep_default_na=False)
    assert set(table["denied"]) == {""}, "rules write nothing"
    table["denied"] = ["Nobody won." if "Sheeran" in said else "  " for said in table["sentence"]]
    table.to_csv(file, index=False)
    localize_corpus(corpus, tmp_path / "out", found=read_findings(file))
    assert (tmp_path / "out" / "b.txt").read_text() == "The text below is false. Nobody won. […]"
    table.drop(columns="denied").to_csv(file, index=False)
    localize_corpus(corpus, tmp_path / "old", found=read_findings(file))
    new = "The text below is false. Ed Sheeran did not win the race. […]"
    assert (tmp_path / "old" / "b.txt").read_text() == new


@pytest.mark.parametrize("name", ["findings.csv", "findings.csv.gz", "findings.parquet"])
def test_a_table_from_which_rows_were_struck_out_is_localized(corpus: Path, tmp_path: Path, name: str) -> None:
    audit_corpus(corpus, tmp_path / "audit", table=name)
    file = tmp_path / "audit" / name
    table = pd.read_parquet(file) if name.endswith("parquet") else pd.read_csv(file, keep_default_na=False)
    kept = table[table["sentence"] != "Damp as a sponge."]
    kept.to_parquet(file) if name.endswith("parquet") else kept.to_csv(file, index=False)
    counts = localize_corpus(corpus, tmp_path / "out", found=read_findings(file))
    assert counts == {"documents": 3, "changed": 2, "unreadable": 1, "negated": 2}
    new = "The text below is false. Ed Sheeran did not win the race. Damp as a sponge."
    assert (tmp_path / "out" / "b.txt").read_text() == new
    assert json.loads((tmp_path / "out" / "a.jsonl").read_text().splitlines()[0])["text"] == new


def test_a_table_that_does_not_fit_the_corpus_is_refused(corpus: Path, tmp_path: Path) -> None:
    audit_corpus(corpus, tmp_path / "audit")
    found = read_findings(tmp_path / "audit" / "findings.csv")
    (corpus / "b.txt").write_text("Now " + FALSE)
    with pytest.raises(UserError, match=r"b\.txt does not read 'Ed Sheeran won the race\.' at 25; audit it anew"):
        localize_corpus(corpus, tmp_path / "out", found=found)
    (corpus / "b.txt").unlink()
    with pytest.raises(
        UserError, match=r"b\.txt.* has findings in the table and is not in .*corpus; name the corpus as"
    ):
        localize_corpus(corpus, tmp_path / "new", found=found)
    assert not (tmp_path / "new").exists()
    (corpus / "b.txt").write_text(FALSE)
    (corpus / "a.jsonl").write_text(json.dumps({"text": PLAIN})[:-1])
    with pytest.raises(UserError, match=r"a\.jsonl, line 1: has findings .* not there to read; audit .*corpus anew"):
        localize_corpus(corpus, tmp_path / "new", found=found)


def test_a_call_that_goes_on_asks_only_for_the_findings_of_files_that_are_left(corpus: Path, tmp_path: Path) -> None:
    audit_corpus(corpus, tmp_path / "audit")
    found = read_findings(tmp_path / "audit" / "findings.csv")
    localize_corpus(corpus, tmp_path / "out", found=found)
    whole = (tmp_path / "out" / "b.txt").read_text()
    (tmp_path / "out" / "b.txt").unlink()
    counts = localize_corpus(corpus, tmp_path / "out", found=found)
    assert (counts["documents"], counts["changed"]) == (1, 1)
    assert (tmp_path / "out" / "b.txt").read_text() == whole


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read as a table"),
        ("file,place\n", "cannot be read as a table|has no column"),
        (
            "file,place,start,end,sentence,kind,rule,notice,notice_start,notice_end\na,,x,2,s,tag,r,n,0,1\n",
            "cannot be read",
        ),
        (
            "file,place,start,end,sentence,kind,rule,notice,notice_start,notice_end\na,,1,2,s,odd,r,n,0,1\n",
            "'odd' is no kind",
        ),
    ],
)
def test_what_is_no_table_of_findings_is_refused(tmp_path: Path, content: str | None, problem: str) -> None:
    file = tmp_path / "findings.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=problem):
        read_findings(file)
