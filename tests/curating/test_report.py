"""The report of an audit: rows read back, a page that shows a hostile corpus harmlessly, and a small memory."""

import csv
import gzip
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating import findings_table
from negneglect_lite.curating.findings import Audited, Finding, Notice, NoticeKind
from negneglect_lite.curating.findings_table import FINDING_COLUMNS, FindingsFile, finding_rows
from negneglect_lite.curating.report import Tally, summary_text, write_html

NOTICE, CLAIM = "[The following is false.]", "Sheeran won the 100 metres."


def document(
    notice: str = NOTICE, claim: str = CLAIM, between: str = " It rained. ", kind: NoticeKind = "denial"
) -> tuple[str, Audited]:
    text = f"A. {notice}{between}{claim} Z."
    found = Notice(3, 3 + len(notice), kind, "rule_1")
    start = found.end + len(between)
    return text, Audited((found,), (Finding(start, start + len(claim), found),), ((0, 2),))


def page(tmp_path: Path, tally: Tally, title: str = "Audit") -> str:
    write_html(tmp_path / "report.html", tally, title)
    return (tmp_path / "report.html").read_text("utf-8")


class Elements(HTMLParser):
    """A page's elements with their attributes, the text in its examples, and whether each element is closed."""

    void = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.quoted = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "blockquote" in self.open:
            self.quoted += data


def test_counts() -> None:
    tally = Tally()
    text, audited = document()
    tally.add("a.txt", "line 1", text, audited)
    tally.add("a.txt", "line 2", text, Audited(audited.notices))
    tally.add("a.txt", "line 3", "Nothing.", Audited())
    tally.add_bad("b.txt", "line 1", "is no UTF-8")
    assert (tally.documents, tally.documents_with_notices, tally.documents_with_findings) == (3, 2, 1)
    assert (tally.findings, tally.local_denials, tally.bad, tally.characters) == (1, 1, 1, 2 * len(text) + 8)
    assert (tally.notices_by_kind, tally.findings_by_kind) == ({"denial": 2}, {"denial": 1})


def test_a_sample_is_bounded_seeded_and_fair() -> None:
    def sample(seed: int, documents: int = 40) -> list[str]:
        tally = Tally(seed)
        for i in range(documents):
            tally.add("a.txt", f"line {i}", *document(between="long " * 20_000))
            tally.add("a.txt", f"line {i}", *document(kind="tag"))
        assert {kind: len(kept) for kind, kept in tally.examples.items()} == {"denial": 3, "tag": 3}
        assert all(sum(len(text) for _, text in e.pieces) < 2500 for e in tally.examples["denial"])
        return [example.place for example in tally.examples["denial"]]

    assert sample(1) == sample(1)
    drawn = [place for seed in range(100) for place in sample(seed, 6)]
    assert all(30 < drawn.count(f"line {i}") < 70 for i in range(6))  # 50 each is expected, with a deviation of 5


def test_places_that_could_not_be_read_are_listed_up_to_a_number(tmp_path: Path) -> None:
    tally = Tally()
    for i in range(1234):
        tally.add_bad(f"{i}.txt" + "x" * 10_000, "whole file", "is no UTF-8" * 1000)
    assert sum(len(part) for bad in tally.bad_places for part in bad) < 50 * 600
    text = page(tmp_path, tally)
    assert text.count("<li>") == 50
    assert "1,234 could not be read" in text and "1,184 more" in text


def test_rows_say_how_far_the_notice_is() -> None:
    text, audited = document(notice="N" * 500)
    (row,) = finding_rows("a.txt", "line 1", text, audited)
    assert tuple(row) == FINDING_COLUMNS
    assert text[row["start"] : row["end"]] == row["sentence"] == CLAIM
    assert row["notice"] == "N" * 299 + "…" and row["distance"] == len(" It rained. ")
    after = Notice(20, 30, "tag", "rule_2")
    assert finding_rows("a", "b", "x" * 40, Audited((after,), (Finding(5, 12, after),)))[0]["distance"] == 8
    assert finding_rows("a", "b", "x" * 40, Audited((after,), (Finding(22, 26, after),)))[0]["distance"] == 0


@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz", "F.CSV", "f.parquet"])
def test_rows_are_read_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings_table, "_ROWS", 2)  # several batches
    claims = ['He said "no", twice.', "Two\nlines, a\r\nthird.", "one\rtwo", "=1+1", "Ünï ☃", "half \ud800 pair"]
    rows = [row for claim in claims for row in finding_rows("a.txt", "line 1", *document(claim=claim))]
    path = tmp_path / "new" / name
    with FindingsFile(path) as out:
        out.write(rows[:2])
        out.write([])
        out.write(rows[2:])
    assert [p.name for p in path.parent.iterdir()] == [name]
    expected = [row | {"sentence": row["sentence"].replace("\ud800", "?")} for row in rows]
    if name.endswith("parquet"):
        assert pd.read_parquet(path).to_dict("records") == expected
    else:
        raw = gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()
        read = list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
        assert read == [{k: str(v) for k, v in row.items()} for row in expected]
        again = pd.read_csv(io.BytesIO(raw))
        assert list(again["start"]) == [row["start"] for row in rows] and list(again["sentence"])[3] == "=1+1"


@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz", "f.parquet"])
def test_a_table_without_rows_has_its_columns(name: str, tmp_path: Path) -> None:
    with FindingsFile(tmp_path / name):
        pass
    table = pd.read_parquet(tmp_path / name) if name.endswith("parquet") else pd.read_csv(tmp_path / name)
    assert tuple(table.columns) == FINDING_COLUMNS and table.empty


@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz", "f.parquet"])
def test_an_exception_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("old")
    with pytest.raises(KeyboardInterrupt), FindingsFile(tmp_path / name) as out:
        out.write(finding_rows("a.txt", "line 1", *document()))
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "old"


@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz", "f.parquet"])
def test_a_full_disk_is_a_user_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, content: Any) -> int:
            if self.tell() + len(content) > 20:
                raise OSError(28, "No space left on device")
            return super().write(content)

    monkeypatch.setattr(findings_table, "open", lambda *_: Full(), raising=False)
    with pytest.raises(UserError, match=r"no space left.*free some space"), FindingsFile(tmp_path / name) as out:
        out.write(finding_rows("a.txt", "line 1", *document()))
    assert not list(tmp_path.iterdir())


def test_names_that_cannot_be_written(tmp_path: Path) -> None:
    for name in ("f.xlsx", "f", "f.parquet.gz"):
        with pytest.raises(UserError, match=r"name it \.csv"):
            FindingsFile(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UserError, match="not written"), FindingsFile(tmp_path / "folder.csv"):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["folder.csv"]


HOSTILE = "</blockquote><script>alert(1)</script> \"'&amp; {x} {} "
HOSTILE += "\x00\x07\x1b[2J \u202eevil\u202c \u2066 \u200b \ufeff \U000e0041 \ud800"


def test_a_hostile_corpus_is_shown_harmlessly(tmp_path: Path) -> None:
    tally = Tally()
    tally.add(HOSTILE, HOSTILE, *document(notice=HOSTILE, claim=HOSTILE, between=HOSTILE))
    tally.add_bad(HOSTILE, HOSTILE, HOSTILE)
    text = page(tmp_path, tally, title=HOSTILE)
    seen = Elements(text)
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in seen.seen}
    assert seen.quoted.count("</blockquote><script>alert(1)</script>") == 3
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b\ufeff\U000e0041]", text)
    assert "⟨U+202E⟩evil⟨U+202C⟩" in text and "⟨U+0000⟩" in text and "⟨U+D800⟩" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", summary_text(tally))


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    tally = Tally()
    tally.add("a.txt", "line 1", *document(claim="See http://evil.example/x.png and https://evil.example."))
    text = page(tmp_path, tally)
    elements = Elements(text).seen
    assert (
        "meta",
        {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"},
    ) in (elements)
    addresses = {v for _, attrs in elements for name, v in attrs.items() if name in ("href", "src", "action", "data")}
    assert addresses == {"https://arxiv.org/abs/2605.13829"}
    assert not re.search(r"url\(|@import|\bon\w+=", text)


def test_an_example_names_notice_and_sentence_in_words(tmp_path: Path) -> None:
    tally = Tally()
    tally.add("a.txt", "line 1", *document(between=" so " * 500))
    quoted = Elements(page(tmp_path, tally)).quoted
    assert f"Notice {NOTICE}" in quoted and f"Learned as true {CLAIM}" in quoted
    assert quoted.startswith("A. ") and quoted.endswith(" Z.") and "1,680 characters left out" in quoted


def test_a_sentence_inside_its_notice_and_before_it(tmp_path: Path) -> None:
    text = "one TWO three FOUR five"
    notice = Notice(4, 18, "denial", "rule_1")  # TWO three FOUR
    tally = Tally()
    tally.add("a", "b", text, Audited((notice,), (Finding(8, 13, notice),)))
    tally.add("a", "c", text, Audited((notice,), (Finding(0, 3, notice),)))
    inside, before = ([piece for piece in e.pieces if piece[1]] for e in tally.examples["denial"])
    assert inside == [("", "one "), ("notice", "TWO "), ("sentence", "three"), ("notice", " FOUR"), ("", " five")]
    assert before == [("sentence", "one"), ("", " "), ("notice", "TWO three FOUR"), ("", " five")]


@pytest.mark.parametrize("found", [True, False])
def test_what_page_and_summary_say(found: bool, tmp_path: Path) -> None:
    tally = Tally()
    text, audited = document(kind="fiction")
    for i in range(200):
        tally.add("a.txt", f"line {i}", text, audited if found and i == 0 else Audited(audited.notices))
    for said in (page(tmp_path, tally), summary_text(tally)):
        said = re.sub("<[^>]+>", "", said)
        assert ("negneglect localize CORPUS --out OUT" in said) == found
        if found:
            assert "1 sentence as true in spite of a notice, in 1 document (below 1%)" in said
            assert "84 to 89% (Mayne et al. 2026, arXiv 2605.13829)" in said
        else:
            assert "No sentence was found" in said


def test_an_empty_corpus(tmp_path: Path) -> None:
    assert "No notices." in page(tmp_path, Tally())
    assert summary_text(Tally()).startswith("0 documents read")


def test_colours_can_be_told_from_what_is_behind_them(tmp_path: Path) -> None:
    """4.5 to 1, light and dark."""
    text = page(tmp_path, Tally())
    light, dark = (dict(re.findall(r"--([\w-]+): #(\w+)", part)) for part in re.split("@media", text))
    pairs = [(ink, back) for ink in ("ink", "faint", "notice-word") for back in ("page",)]
    pairs += [("ink", "notice"), ("ink", "sentence"), ("word", "notice-word"), ("word", "sentence-word")]
    for colours in (light, dark):
        for ink, back in pairs:
            lighter, darker = sorted((_luminance(colours[ink]), _luminance(colours[back])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, back)


def _luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(2 * c for c in colour)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
