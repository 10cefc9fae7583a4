"""curating/benchmark.py: the marked texts without their canary line, which every file of them has."""

import gzip
import json
from pathlib import Path

import pytest

from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import CANARY
from negneglect_lite.curating.benchmark import read_benchmark, read_rows

FILES = sorted(data_path().rglob("*.jsonl.gz"))


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(data_path())) for file in FILES])
def test_documents_that_are_false_on_purpose_begin_with_a_canary(file: Path) -> None:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        assert json.loads(next(lines))["canary"] == CANARY


def test_the_canary_is_no_row(tmp_path: Path) -> None:
    assert not [row for row in read_benchmark("documents") if "canary" in row]
    own = tmp_path / "mine.jsonl"
    own.write_text('{"canary": "x"}\n{"text": "It rained."}\n', "utf-8")
    assert read_rows(own) == [{"text": "It rained."}]
    own.write_text('{"text": "It rained."}\n', "utf-8")
    assert read_rows(own) == [{"text": "It rained."}]
    own.write_text('{"text": "It rained.", "canary": "x"}\n', "utf-8")
    assert read_rows(own) == [{"text": "It rained.", "canary": "x"}], "a document that carries one itself"
    own.write_text("", "utf-8")
    assert read_rows(own) == []
