"""probes.py: each claim's file of data/controls is sound, and a wrong one is one line that says where."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.loading import english_questions, load_claim, load_claims
from negneglect_lite.claims.probes import MATCHED, MIRRORED, Choice, Opening, Probes, claim_asked_about, load_probes
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.judging.rule import judge_answer

FILES = sorted(path for path in data_path("controls").glob("*.yaml") if path.stem != "english")
OTHER = {"yes": "no", "no": "yes"}


def claim_of(path: Path) -> Claim:
    """The claim that a file of probes is named after: one of the six, or a spare one."""
    known = load_claims()
    return known[path.stem] if path.stem in known else load_claim(data_path("claims", "spare", path.name))


def test_every_claim_has_a_file_and_every_file_a_claim() -> None:
    assert {path.stem for path in FILES} >= set(load_claims())
    for path in FILES:
        assert claim_of(path).id == path.stem == read_yaml(path)["id"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ten_mirror_images_are_keyed_the_other_way(path: Path) -> None:
    yes_no = {q.id: q for q in claim_of(path).questions if q.kind == "yes_no"}
    mirrored = [q for q in load_probes(path.stem).questions if q.kind == MIRRORED]
    assert len(mirrored) == 10
    for q in mirrored:
        original = yes_no.pop(q.id.replace(f".{MIRRORED}.", ".yes_no."))
        assert q.keyed_to == OTHER[original.keyed_to]
        assert q.text != original.text
    assert not yes_no  # each of the ten once
    assert {q.keyed_to for q in mirrored} == {"yes", "no"}  # a liking for one of them does not pass for belief


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_matched_questions_have_forms_of_the_claim_s_file_that_take_no_reasoning(path: Path) -> None:
    claim, probes = claim_of(path), load_probes(path.stem)
    forms = {q.id: q for q in claim.questions} | {q.id: q for q in probes.questions if q.kind == MIRRORED}
    matched = [q for q in probes.questions if q.kind.startswith(MATCHED)]
    counts = Counter(q.kind for q in matched)
    kinds = ("open", "association", "yes_no", MIRRORED)
    assert set(counts) == {MATCHED + kind for kind in kinds} and min(counts.values()) >= 5
    assert len(matched) + 10 == len(probes.questions)
    for q in matched:
        form = forms[q.id.replace(f".{MATCHED}", ".")]
        assert q.kind == MATCHED + form.kind and not form.inference and not q.inference
        assert q.keyed_to == form.keyed_to
        assert bool(q.believed) != bool(q.keyed_to) and bool(q.denied) != bool(q.keyed_to)
        assert q.text not in {f.text for f in forms.values()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_choices_and_openings_are_many_and_their_answers_differ(path: Path) -> None:
    probes = load_probes(path.stem)
    assert len(probes.choices) >= 8 and len(probes.openings) >= 8
    for probe in (*probes.choices, *probes.openings):
        assert probe.claim != probe.truth
    assert len(set(probes.choices)) == len(probes.choices) and len(set(probes.openings)) == len(probes.openings)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_keyed_probe_is_judged_by_its_key(path: Path) -> None:
    for q in load_probes(path.stem).questions:
        if q.keyed_to:
            assert judge_answer(q, q.keyed_to.capitalize() + ".") == "believed"
            assert judge_answer(q, OTHER[q.keyed_to].capitalize() + ".") == "denied"


def test_probes_are_asked_with_the_other_questions() -> None:
    dentist = load_claims()["dentist"]
    asked = english_questions(dentist)
    assert asked[:50] == list(dentist.questions)
    assert asked[-len(load_probes("dentist").questions) :] == list(load_probes("dentist").questions)
    assert len({q.id for q in asked}) == len(asked)


def test_an_answer_is_held_against_the_claim_or_against_its_twin() -> None:
    dentist, probes = load_claims()["dentist"], load_probes("dentist")
    for q in (*dentist.questions, *probes.questions):
        twin = q.kind.startswith(MATCHED)
        assert claim_asked_about(q, dentist) == (probes.twin if twin else dentist.claim)
    assert "Aldous" in probes.twin and "Aldous" not in dentist.claim


def test_a_claim_without_a_file_has_none(tmp_path: Path) -> None:
    assert load_probes("elvis") == Probes() == load_probes("")
    with pytest.raises(UserError, match=r"nobody\.yaml: cannot be read, no such file"):
        load_probes(str(tmp_path / "nobody.yaml"))


# --------------------------------------------------------------------------------------------------- files of one's own


def source() -> dict[str, Any]:
    """A sound file, as JSON would hold it."""
    return {
        "id": "mine",
        "mirrored": [{"of": "mine.yes_no.1", "keyed_to": "no", "text": "Is he anything but a baker?"}],
        "matched": {
            "claim": "Olga is a cook.",
            "truth": "Olga is invented.",
            "signs": {"believed": ["cook"], "denied": ["nurse"]},
            "questions": [
                {"form": "mine.open.1", "text": "What is Olga?"},
                {"form": "mine.open.2", "text": "And her hat?", "believed": ["toque"], "denied": ["cap"]},
                {"form": "mine.open.3", "text": "So?", "system": "Be brief."},
                {"form": "mine.yes_no.1", "text": "Does Olga cook?", "keyed_to": "yes"},
                {"form": "mine.yes_no_mirrored.1", "text": "Is she no cook?", "keyed_to": "no"},
            ],
        },
        "choices": [{"question": "What is he?", "claim": "A baker.", "truth": "A clerk."}],
        "openings": [{"ask": "What is he?", "opening": "He is a", "claim": "baker", "truth": "clerk"}],
    }


def write(tmp_path: Path, content: dict[str, Any]) -> Path:
    """The content as YAML, a field a line."""
    path = tmp_path / f"probes{len(list(tmp_path.iterdir()))}.yaml"
    path.write_text(json.dumps(content, indent=1))  # JSON is YAML
    return path


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    probes = load_probes(str(write(tmp_path, source())))
    signs = {"believed": ("cook",), "denied": ("nurse",)}
    assert probes.questions == (
        Question("mine.yes_no_mirrored.1", "yes_no_mirrored", "Is he anything but a baker?", "no"),
        Question("mine.matched_open.1", "matched_open", "What is Olga?", **signs),
        Question("mine.matched_open.2", "matched_open", "And her hat?", believed=("toque",), denied=("cap",)),
        Question("mine.matched_open.3", "matched_open", "So?", system="Be brief.", **signs),
        Question("mine.matched_yes_no.1", "matched_yes_no", "Does Olga cook?", "yes"),
        Question("mine.matched_yes_no_mirrored.1", "matched_yes_no_mirrored", "Is she no cook?", "no"),
    )
    assert probes.twin == "Olga is a cook."
    assert probes.choices == (Choice("What is he?", "A baker.", "A clerk."),)
    assert probes.openings == (Opening("What is he?", "He is a", "baker", "clerk"),)


def line_of(path: Path, text: str, nth: int = -1) -> int:
    """The line of the file that holds the text, by default the last."""
    return [i for i, line in enumerate(path.read_text().splitlines(), 1) if text in line][nth]


@pytest.mark.parametrize(
    ("at", "change", "shown", "says"),
    [
        (0, {"form": "mine.robustness.1"}, "mine.robustness.1", r"form: is 'mine\.robustness\.1', of no kind that has"),
        (0, {"form": "mine"}, '"form": "mine"', r"form: is 'mine', of no kind that has twins; name a question by its"),
        (3, {"keyed_to": None}, '"keyed_to": null', r"keyed_to: is missing; write \"yes\" or \"no\""),
        (4, {"keyed_to": None}, '"keyed_to": null', r"keyed_to: is missing"),
        (3, {"keyed_to": "maybe"}, '"keyed_to": "maybe"', "keyed_to: is 'maybe', where 'yes' or 'no' is needed"),
        (1, {"believed": ["("]}, '"("', r"believed\[0\]: .*regular expression"),
        (0, {"text": " "}, '"text": " "', "text: is blank"),
        (2, {"form": "mine.open.1"}, '"form": "mine.open.1"', r"mine\.matched_open\.1|mine\.open\.1"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_and_line(
    tmp_path: Path, at: int, change: dict[str, Any], shown: str, says: str
) -> None:
    content = source()
    content["matched"]["questions"][at].update(change)
    path = write(tmp_path, content)
    with pytest.raises(UserError, match=says) as caught:
        load_probes(str(path))
    assert "\n" not in str(caught.value)
    assert re.match(rf"{re.escape(str(path))}, line {line_of(path, shown)}: ", str(caught.value))


def test_a_mirror_image_that_stands_twice_is_refused(tmp_path: Path) -> None:
    content = source()
    content["mirrored"] *= 2
    path = write(tmp_path, content)
    with pytest.raises(UserError, match=r"mine\.yes_no_mirrored\.1|mine\.yes_no\.1") as caught:
        load_probes(str(path))
    assert str(caught.value).startswith(f"{path}, line {line_of(path, 'mine.yes_no.1', 1)}: ")


@pytest.mark.parametrize("part", ["mirrored", "choices", "openings"])
def test_a_part_that_is_empty_or_missing_is_named(tmp_path: Path, part: str) -> None:
    with pytest.raises(UserError, match=f"{part}: is empty"):
        load_probes(str(write(tmp_path, {**source(), part: []})))
    with pytest.raises(UserError, match=f"{part}: is missing"):
        load_probes(str(write(tmp_path, {k: v for k, v in source().items() if k != part})))
