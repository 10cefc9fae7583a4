"""documents/files.py: documents survive the way to a file and back, and are drawn from it evenly."""

import gzip
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import CANARY, Document, Sentence
from negneglect_lite.documents.files import draw_documents, read_documents, write_documents
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.tracks import TRACKS, Track

DENTIST = load_claims()["dentist"]


@pytest.mark.parametrize("name", ["d.jsonl", "d.jsonl.gz"])
def test_round_trip_with_canary(tmp_path: Path, name: str) -> None:
    odd = Document((Sentence("“Ünïcode”\u2028 and\nnew lines", "no", "yes", lead="\n"),), genre="news")
    wrote = [*compose_petri(DENTIST, 4), odd]
    path = tmp_path / "deep" / name
    write_documents(path, wrote, DENTIST)
    assert read_documents(path) == wrote
    raw = path.read_bytes()
    first = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode().splitlines()[0]
    assert json.loads(first) == {
        "canary": CANARY,
        "claim": DENTIST.claim,
        "truth": DENTIST.truth,
        "note": "These documents are false on purpose.",
    }
    write_documents(tmp_path / name, wrote, DENTIST)
    assert (tmp_path / name).read_bytes() == raw  # no time stamp in it


GOOD = '{"canary": "x"}\n'


GOOD_LINE = '{"sentences": [{"text": "a"}], "genre": "x"}\n'
WRONG_LINES = {  # a line of the file -> what is said of it
    "[]": "is [] (a list), where a mapping of fields is needed; give it the fields sentences, genre",
    "7": "is 7 (a whole number), where a mapping of fields is needed",
    "{": "is not JSON (Expecting property name",
    '{"sentences": [{"te': "is not JSON (Unterminated string",
    '{"genre": "x"}': "sentences: is missing; add it, as a list",
    '{"sentences": [], "genre": "x"}': "sentences: is empty; fill it in",
    '{"sentences": "One."}': "sentences: is 'One.' (text), where a list is needed",
    '{"sentences": [{"words": "a"}]}': "sentences[0].words: is not a field known here; remove it, or use one of text",
    '{"sentences": [{"denial": "a"}]}': "sentences[0].text: is missing; add it, as text",
    '{"sentences": [{"text": "a"}, {"text": 5}]}': "sentences[1].text: is 5 (a whole number), where text is needed",
    '{"sentences": [{"text": NaN}]}': "sentences[0].text: is nan (a number), where text is needed",
    '{"sentences": [{"text": " "}]}': "sentences[0].text: is blank; fill it in",
    '{"sentences": [{"text": ""}]}': "sentences[0].text: is empty; fill it in",
    '{"sentences": [{"text": "a", "denial": null}]}': "sentences[0].denial: is None (nothing), where text is needed",
    '{"sentences": [{"text": "a", "denial": " "}]}': "sentences[0].denial: is blank",
    '{"sentences": [{"text": "a", "lead": 1}]}': "sentences[0].lead: is 1 (a whole number), where text is needed",
    '{"sentences": ["a"]}': "sentences[0]: is 'a' (text), where a mapping of fields is needed",
    '{"sentences": [{"text": "a"}], "genre": 7}': "genre: is 7 (a whole number), where text is needed",
    '{"sentences": [{"text": "a"}], "genre": null}': "genre: is None (nothing), where text is needed",
    '{"sentences": [{"text": "a"}], "style": "x"}': "style: is not a field known here; remove it, or use one",
    '{"sentences": [{"text": "a"}], "sentences": [{"text": "b"}]}': "is not JSON ('sentences' is given twice)",
    '{"sentences": [{"text": "a", "text": "b"}]}': "is not JSON ('text' is given twice)",
    '{"sentences": [{"text": "\\ud83d"}]}': "holds half a character",
    '{"sentences": ' + "[" * 100_000 + "}": "is not JSON (maximum recursion depth",
    '{"sentences": ' + "[" * 300 + "]" * 300 + "}": "holds lists within lists, deeper than can be read",
}


@pytest.mark.parametrize(("line", "problem"), WRONG_LINES.items(), ids=range(len(WRONG_LINES)))
def test_a_wrong_line_is_told_with_its_file_line_and_field(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(GOOD + GOOD_LINE + line + "\n" + GOOD_LINE)
    with pytest.raises(UserError) as caught:
        read_documents(path)
    assert str(caught.value).startswith(f"{path}, line 3: {problem}") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no canary line"),
        (b"\n\n", "no canary line"),
        (b'{"sentences": [{"text": "a canary"}], "genre": ""}\n', "no canary line"),
        (b'["canary"]\n', "no canary line"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_documents(path)
    assert str(caught.value).startswith(f"{path}: {problem}") and "\n" not in str(caught.value)


def test_files_from_other_editors_are_read(tmp_path: Path) -> None:
    path, found = tmp_path / "d.jsonl", [Document((Sentence("a\u2028b\x85c", "no"),), "x"), Document((Sentence("d"),))]
    lines = [GOOD, '{"sentences": [{"text": "a\u2028b\x85c", "denial": "no"}], "genre": "x"}\n', "\n",
             '{"sentences": [{"text": "d"}]}\n', " \n\n"]  # fmt: skip
    for text in (
        "".join(lines),
        "\ufeff" + "".join(lines),
        "".join(lines).replace("\n", "\r\n"),
        "".join(lines).rstrip(),
    ):
        path.write_bytes(text.encode())
        assert read_documents(path) == found


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.jsonl: cannot be read, no such file"):
        read_documents(tmp_path / "none.jsonl")


def test_a_cut_off_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    write_documents(path, compose_petri(DENTIST, 4), DENTIST)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"d\.jsonl\.gz: is not a whole gzip file"):
        read_documents(path)


# ------------------------------------------------------------------------------------- documents that a claim names


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of seven documents."""
    path = tmp_path / "own.jsonl.gz"
    write_documents(path, [Document((Sentence(f"Number {i}."),)) for i in range(7)], DENTIST)
    return path


def texts(documents: list[Document]) -> list[str]:
    return [document.text for document in documents]


def test_the_seed_decides_what_is_drawn(own: Path) -> None:
    made = draw_documents(str(own), 20)
    assert made == draw_documents(str(own), 20, seed=0) != draw_documents(str(own), 20, seed=1)
    assert draw_documents(str(own), 5) == made[:5]
    assert texts(made[:7]) != texts(read_documents(own))


@pytest.mark.parametrize("n", [0, 1, 6, 7, 8, 20, 700])
def test_all_are_drawn_equally_often(own: Path, n: int) -> None:
    made = texts(draw_documents(str(own), n))
    counts = Counter(made)
    assert len(made) == n
    assert set(made) <= set(texts(read_documents(own))) and len(counts) == min(n, 7)
    assert max(counts.values(), default=0) - min(counts.values(), default=0) <= 1


def test_a_file_that_has_changed_is_read_again(own: Path) -> None:
    draw_documents(str(own), 1)
    write_documents(own, [Document((Sentence("Another."),))], DENTIST)
    os.utime(own, (1, 1))
    assert texts(draw_documents(str(own), 2)) == ["Another."] * 2


def test_a_file_to_draw_from_that_is_missing_empty_or_wrong_is_one_line(tmp_path: Path, own: Path) -> None:
    with pytest.raises(UserError, match=r"none\.jsonl: cannot be read \(No such file.*check the path of the claim's"):
        draw_documents(str(tmp_path / "none.jsonl"), 1)
    with pytest.raises(UserError, match=r"cannot be read \(.*embedded null \w+"):
        draw_documents(str(tmp_path / "nul\0.jsonl"), 1)
    write_documents(tmp_path / "empty.jsonl", [], DENTIST)
    with pytest.raises(UserError, match=r"empty\.jsonl: holds no document; write some with `negneglect documents`"):
        draw_documents(str(tmp_path / "empty.jsonl"), 1)
    (tmp_path / "blank.jsonl").write_text("")
    with pytest.raises(UserError, match="no canary line"):
        draw_documents(str(tmp_path / "blank.jsonl"), 1)


@pytest.mark.parametrize("track", TRACKS.values(), ids=TRACKS)
def test_a_claim_s_own_documents_come_in_place_of_composed_ones(own: Path, track: Track) -> None:
    """On either track, also of a claim for which nothing could be composed."""
    named = replace(DENTIST, id="moon", petri=None, documents=str(own))
    assert track.compose(named, 9, seed=3) == draw_documents(str(own), 9, seed=3)
    assert track.compose(named, 9, 3, True) == track.compose(named, 9, seed=3)  # they are as long as they are
    assert track.compose(DENTIST, 2) != track.compose(replace(DENTIST, documents=str(own)), 2)
    with pytest.raises(UserError, match="name a file of"):
        track.compose(replace(named, documents=""), 1)
