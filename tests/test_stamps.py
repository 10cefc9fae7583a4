"""The outputs of the executed notebooks are those of today's code and data, as far as their stamps tell."""

import json
from pathlib import Path

import pytest

import build_course

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))
# Executed before there were stamps. A notebook leaves this list when it is executed again.
UNSTAMPED: tuple[str, ...] = ()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_outputs_are_of_the_code_and_data_of_today(source: Path) -> None:
    metadata = json.loads(source.with_suffix(".ipynb").read_text("utf-8"))["metadata"]
    if "stamp" not in metadata and source.stem[:2] in UNSTAMPED:
        pytest.skip("executed before there were stamps")
    today, then = build_course.stamp(source.read_text("utf-8")), metadata.get("stamp", {})
    changed = [part for part in {**today, **then} if today.get(part) != then.get(part)]
    again = f"python scripts/build_course.py --execute {source.stem}"
    assert not changed, f"since it was executed, {', '.join(changed)} changed: run `{again}`"


def test_a_stamp_follows_code_data_and_the_results_that_a_source_names(monkeypatch: pytest.MonkeyPatch) -> None:
    before = build_course.stamp('data_path("results", "headline", "belief.csv")')
    assert set(before) == {"models", "finetuning", "asking", "judging", "belief", "texts", "weights", "results"}
    assert build_course.stamp('data_path("results", "headline", "belief.csv")  # again') == before
    assert {part for part, value in build_course.stamp("").items() if value != before[part]} == {"results"}
    files = {"results/headline/belief.csv": {"sha256": "x"}, "petri/model/model.safetensors": {"sha256": "y"}}
    monkeypatch.setattr(build_course, "read_manifest", lambda: files)
    after = build_course.stamp('"headline"')
    assert {part for part, value in after.items() if value != before[part]} == {"weights", "results"}
    monkeypatch.setattr("negneglect_lite.experiments.key.code_hashes", lambda parts: {f"{parts[0]}/x.py": "z"})
    assert {part for part, value in build_course.stamp('"headline"').items() if value != after[part]} == set(
        build_course.STAMPED
    )
