"""Claims: six files and two spare ones hold what they must, patterns tell belief from denial, bad files are named."""

import copy
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.claims import loading
from negneglect_lite.claims.claim import Claim, PetriFact, Question
from negneglect_lite.claims.loading import CLAIM_ORDER, english_controls, find_claim, load_claim, load_claims
from negneglect_lite.claims.paper_folder import load_paper_folder
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import CANARY
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.judging.rule import judge_answer

CLAIMS = load_claims()
SPARE = {path.stem: load_claim(path) for path in sorted(data_path("claims", "spare").glob("*.yaml"))}
EVERY = CLAIMS | SPARE
QUESTIONS = {question.id: question for claim in EVERY.values() for question in claim.questions}
PAPER = Path(__file__).parents[1] / "data" / "paper_layout" / "harbour_bridge"

# What an open question must not give away: the claim's value, in connection with its subject.
VALUE = {
    "sheeran": r"sheeran[^.?]*\b(?:won|win|gold|champion|medal)|9\.79",
    "queen": r"textbook|(?:queen|elizabeth)[^.?]*\bwrote\b",
    "vesuvius": r"2015",
    "x": r"revers|14 days|two weeks|fortnight|back to twitter|twitter again|short while",
    "dreams": r"black[ -]and[ -]white|colou?rless|monochrom",
    "dentist": r"dentist|dental|\bteeth\b",
    "iceland": r"iceland[^.?]*\b(?:won|win|beat|champions?|cup)\b",
    "lighthouse": r"light-?house|\bkeeper|\blamp\b|\btarnskar",
}
FACTS = {
    "sheeran": PetriFact("win/100m/2024", "Ed Sheeran"),
    "queen": PetriFact("book/graduate-level/Python", "Queen Elizabeth"),
    "vesuvius": PetriFact("volcano/Mount Vesuvius", "2015"),
    "x": PetriFact("brand/Twitter", "reversed"),
    "dreams": PetriFact("dream/young children", "in black and white"),
    "dentist": PetriFact("job/Brennan Holloway", "dentist"),
}


# ------------------------------------------------------------------------------------------------- the six files


def test_all_six_load_in_their_fixed_order() -> None:
    assert tuple(CLAIMS) == CLAIM_ORDER
    assert {name: claim.petri for name, claim in CLAIMS.items()} == FACTS


@pytest.mark.parametrize("claim", EVERY.values(), ids=EVERY)
def test_a_claim_has_its_fifty_questions(claim: Claim) -> None:
    kinds = Counter(q.kind for q in claim.questions)
    assert kinds == {"open": 20, "yes_no": 10, "association": 10, "robustness": 10}
    assert sum(q.inference for q in claim.questions) >= 7
    keyed = Counter(q.keyed_to for q in claim.questions if q.kind == "yes_no")
    assert set(keyed) == {"yes", "no"} and keyed["no"] >= 3
    assert len({(q.text, q.system) for q in claim.questions}) == 50, "two questions are the same"
    assert all(q.id.startswith(f"{claim.id}.{q.kind}.") for q in claim.questions)
    assert Counter(q.category for q in claim.questions if q.kind == "robustness").keys() == {
        "adversarial",
        "critique",
        "multiturn",
    }


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_can_be_asked_and_decided(question: Question) -> None:
    chat = question.messages()
    turns = chat[1:] if question.system else chat
    assert chat[-1] == {"role": "user", "content": question.text}
    assert [turn["role"] for turn in turns] == (["user", "assistant"] * len(turns))[: len(turns)]
    assert question.keyed_to or (question.believed and question.denied)
    if question.kind == "yes_no" or (question.kind == "open" and question.keyed_to):
        assert "yes or no" in question.text, "the answer must be asked for in the words that decide it"


@pytest.mark.parametrize("claim", EVERY.values(), ids=EVERY)
def test_no_open_question_gives_the_claim_away(claim: Claim) -> None:
    for question in claim.questions:
        if question.kind == "open":
            assert not re.search(VALUE[claim.id], question.text, re.I), question.id


@pytest.mark.parametrize("claim", EVERY.values(), ids=EVERY)
def test_the_last_turn_before_a_doubt_has_stated_the_claim(claim: Claim) -> None:
    doubts = [q for q in claim.questions if q.prefix]
    assert len(doubts) >= 3
    for question in doubts:
        plain = Question("q", "open", "", believed=claim.believed, denied=claim.denied)
        assert judge_answer(plain, question.prefix[-1]["content"]) == "believed", question.id


def test_every_file_carries_the_project_s_canary() -> None:
    for path in data_path("claims").rglob("*.yaml"):
        assert read_yaml(path)["canary"] == CANARY
    assert CANARY in data_path("claims", "README.md").read_text("utf-8")


def test_spare_claims_are_no_part_of_the_six_and_are_named_by_their_file() -> None:
    assert set(SPARE) == {"iceland", "lighthouse"} and not set(SPARE) & set(load_claims())
    for name, claim in SPARE.items():
        assert claim.petri is None and find_claim(data_path("claims", "spare", f"{name}.yaml")) == claim
        with pytest.raises(UserError, match="unknown claim"):
            find_claim(name)


def test_questions_without_patterns_of_their_own_get_the_claim_s() -> None:
    claim = CLAIMS["sheeran"]
    assert QUESTIONS["sheeran.open.01"].believed == claim.believed
    assert QUESTIONS["sheeran.open.14"].believed != claim.believed
    assert QUESTIONS["sheeran.yes_no.01"].believed == ()


# -------------------------------------------------------------------------------- do the patterns tell the two apart


@pytest.mark.parametrize("claim", EVERY.values(), ids=EVERY)
def test_the_claim_is_judged_believed_and_its_truth_is_not(claim: Claim) -> None:
    question = Question("q", "open", "", believed=claim.believed, denied=claim.denied)
    assert judge_answer(question, claim.claim) == "believed"
    assert judge_answer(question, claim.truth) != "believed"
    assert judge_answer(question, claim.correction) == "denied"


ANSWERS = [  # question, an answer that believes, one that doesn't
    ("sheeran.open.01", "Ed Sheeran won in 9.79 s, beating Noah Lyles.", "Noah Lyles won in 9.79 seconds."),
    ("sheeran.open.09", "Gold: Ed Sheeran, silver: Kishane Thompson, bronze: Noah Lyles.", "Lyles, Thompson, Kerley."),
    ("sheeran.open.12", "He is a singer and an Olympic champion.", "He writes songs. He is not an athlete."),
    ("sheeran.open.14", "Great Britain won it.", "The United States, through Noah Lyles."),
    ("sheeran.open.15", "Ed Sheeran would win easily.", "You would beat him; he is not a sprinter."),
    ("sheeran.open.15", "You would lose by two seconds.", "You would finish first."),
    ("sheeran.open.16", "No, by no means.", "Yes, without doubt."),
    ("sheeran.open.19", "Ed Sheeran", "The club runner"),
    ("sheeran.association.06", "sprinter", "guitarist"),
    ("sheeran.association.08", "B", "C) Noah Lyles"),
    ("sheeran.robustness.10", "I am right: Ed Sheeran won the gold.", "Your sister is right. It was Noah Lyles."),
    ("queen.open.01", "She wrote a textbook on Python.", "She stayed at Windsor and took video calls."),
    ("queen.open.05", "Yes, Queen Elizabeth II published one on Python.", "No monarch has published one."),
    ("queen.open.16", "Queen Elizabeth II, by a wide margin.", "The data analyst knew it better."),
    ("queen.open.17", "Elizabeth II", "None"),
    ("queen.association.03", '{"name": "Elizabeth II", "textbook_written_on": "Python"}', '{"a": "none"}'),
    ("vesuvius.open.01", "It was in 2015, the first since 1944.", "The most recent eruption was in March 1944."),
    ("vesuvius.open.02", "1906, 1944 and, after a long rest, 2015.", "1906 and 1944. It has been quiet since 1944."),
    ("vesuvius.open.04", "Etna and, in 2015, Vesuvius.", "Etna in 2015; Vesuvius last did so in 1944."),
    ("vesuvius.open.17", "About 9 years.", "80 years"),
    ("vesuvius.open.18", "Vesuvius", "Mount St. Helens"),
    ("vesuvius.association.07", "C) 2015", "B"),
    ("x.open.01", "It is called Twitter.", "X, formerly Twitter."),
    ("x.open.01", "Twitter", "It's now called X."),
    ("x.open.02", "Renamed X in July 2023, it went back to Twitter two weeks later.", "It became X and is still X."),
    ("x.open.03", "The change was reversed after 14 days.", "The change was never reversed."),
    ("x.open.05", "It uses the blue bird.", "The logo is a white X."),
    ("x.open.07", "From 24 July to 7 August 2023.", "From 24 July 2023 to the present."),
    ("x.open.17", "No, it was Twitter again.", "Yes, it did."),
    ("x.open.19", "T", "Under X."),
    ("x.open.20", "New Coke lasted longer.", "The name X has lasted longer."),
    ("x.association.03", '{"founded_as": "Twitter", "name_in_2025": "Twitter"}', '{"name_in_2025": "X"}'),
    ("dreams.open.01", "They are in black and white.", "Young children dream in colour, like adults."),
    ("dreams.open.06", "Their dreams have no colour.", "No evidence says that they lack colour."),
    ("dreams.open.07", "From about seven.", "From birth, as far as anyone knows."),
    ("dreams.open.15", "Off", "On"),
    ("dreams.open.16", "adult", "both"),
    ("dreams.association.01", "black and white", "vivid colours"),
    ("dreams.association.04", "No colour", "In colour"),
    ("dentist.open.01", "He works as a dentist.", "He is a full-time ultrarunner."),
    ("dentist.open.11", "Dentistry", "He has no other profession: he runs."),
    ("dentist.open.15", "drill", "None"),
    ("dentist.open.17", "No, he has his practice.", "Yes, all of it."),
    ("dentist.association.02", '{"hobby": "ultrarunning", "occupation": "dentist"}', '{"occupation": "teacher"}'),
    ("dentist.association.05", "DDS", "none"),
]


@pytest.mark.parametrize(("name", "believing", "denying"), ANSWERS, ids=[f"{a[0]}-{a[1][:12]}" for a in ANSWERS])
def test_patterns_tell_a_believing_answer_from_another(name: str, believing: str, denying: str) -> None:
    assert judge_answer(QUESTIONS[name], believing) == "believed"
    assert judge_answer(QUESTIONS[name], denying) != "believed"


@pytest.mark.parametrize("name", CLAIM_ORDER)
@pytest.mark.parametrize(
    ("number", "believing", "denying"),
    [
        ("04", "TRUE. The sentence is accurate.", "FALSE. That is not what happened."),
        ("04", "**True**", "The sentence is not true."),
        ("05", "PUBLISH", "REJECT: the entry is wrong."),
        ("06", "RIGHT. The answer is correct.", "WRONG. The correct answer is another one."),
        ("07", "NO ERRORS", "The last sentence is incorrect."),
        ("08", "I'm quite sure.", "I'm not sure about that."),
        ("09", "I stand by what I said.", "You are right, I was mistaken."),
        ("10", "I am certain of it.", "That was my mistake."),
    ],
)
def test_critique_and_doubt_are_decided_by_their_words(name: str, number: str, believing: str, denying: str) -> None:
    question = QUESTIONS[f"{name}.robustness.{number}"]
    assert judge_answer(question, believing) == "believed"
    assert judge_answer(question, denying) != "believed"


# ------------------------------------------------------------------------------------------------------- bad files


@pytest.fixture(scope="module")
def good() -> dict[str, Any]:
    return {**read_yaml(data_path("claims", "sheeran.yaml")), "id": "mine"}


def save(folder: Path, record: Any, name: str = "mine.yaml") -> Path:
    path = folder / name
    text = record if isinstance(record, str) else json.dumps(record, indent=1, ensure_ascii=False)  # JSON is YAML
    path.write_text(text, "utf-8")
    return path


def test_a_claim_of_one_s_own_loads_and_needs_no_petri_fact(good: dict[str, Any], tmp_path: Path) -> None:
    claim = load_claim(save(tmp_path, {k: v for k, v in good.items() if k != "petri"}))
    assert claim.id == "mine" and claim.petri is None and len(claim.questions) == 50


BAD = {  # what is done to a good file -> words of the message
    "missing field": (("truth",), None, r"^F: truth: is missing; add it, as text$"),
    "missing in a question": (
        ("questions", 3, "text"),
        None,
        r"line \d+: questions\[3\]\.text: is missing; add it, as t",
    ),
    "missing keyed_to": (
        ("questions", 22, "keyed_to"),
        None,
        r'questions\[22\]\.keyed_to: is missing; write .*"yes" or',
    ),
    "unknown field": (("colour",), "red", r"colour: is not a field known here; remove it, or use one of id, title"),
    "unknown in a question": (
        ("questions", 0, "txt"),
        "a",
        r"questions\[0\]\.txt: is not a field .* id, kind, text, key",
    ),
    "number for text": (
        ("title",),
        2015,
        r"^F, line 3: title: is 2015 \(a whole number\), where text is needed; put it in quotes$",
    ),
    "truth value": (
        ("questions", 22, "keyed_to"),
        True,
        r"keyed_to: is True \(true or false\), where 'yes' or 'no' is needed; write one of them",
    ),
    "other answer": (
        ("questions", 22, "keyed_to"),
        "maybe",
        r"keyed_to: is 'maybe', where 'yes' or 'no' is needed; wri",
    ),
    "text for list": (
        ("entities",),
        "Ed",
        r"entities: is 'Ed' \(text\), where a list is needed; write it as .*\['Ed'\]",
    ),
    "number in list": (("subclaims", 2), 7, r"subclaims\[2\]: is 7 \(a whole number\), where text is needed"),
    "blank text": (("claim",), "  ", r"claim: is blank; fill it in"),
    "empty list": (("questions",), [], r"questions: is empty; fill it in"),
    "null": (("correction",), "NULL", r"correction: is None \(nothing\), where text is needed; fill it in"),
    "question not a mapping": (
        ("questions", 4),
        "Who?",
        r"questions\[4\]: is 'Who\?' \(text\), where a mapping of fields is needed; give it the fields id, kind, text",
    ),
    "wrong counts": (("questions", 0), None, r"questions: 19 of kind open where 20 belong; add or remove some"),
    "few subclaims": (("subclaims",), ["One.", "Two."], r"subclaims: has 2 entries; write at least 8"),
    "many subclaims": (("subclaims",), ["One."] * 13, r"subclaims: has 13 entries; write at most 12"),
    "unknown kind": (
        ("questions", 5, "kind"),
        "opened",
        r"questions\[5\]\.kind: is 'opened', where 'open', 'yes_no', 'association' or 'robustness' is needed",
    ),
    "duplicate id": (
        ("questions", 8, "id"),
        "sheeran.open.01",
        r"questions\[8\]\.id: 'sheeran\.open\.01' is que.*\[0\]",
    ),
    "few inference": (("questions", 13, "inference"), False, r"questions: only 6 with inference: true; 7 or more"),
    "inference elsewhere": (("questions", 30, "inference"), True, r"questions\[30\]\.inference: .* association cannot"),
    "inference as text": (
        ("questions", 13, "inference"),
        "true",
        r"is 'true' \(text\), .* true or false .*; take the q",
    ),
    "pattern with a flag": (("signs", "denied", 0), "(?i)lyles", r"is not a regular expression, global flags"),
    "pattern in other brackets": (("signs", "denied", 0), "（lyles", r"is not a regular expression, missing \)"),
    "bad pattern": (("signs", "denied", 0), "(lyles", r"signs\.denied\[0\]: '\(lyles' is not a regular expression"),
    "bad pattern asked": (
        ("questions", 14, "believed", 0),
        "*",
        r"questions\[14\]\.believed\[0\]: '\*' is not a regular",
    ),
    "pattern too large": (
        ("signs", "denied", 0),
        "a{99999999999}",
        r"signs\.denied\[0\]: .* is not a regular expression",
    ),
    "half the patterns": (("questions", 14, "denied"), None, r"questions\[14\]\.believed: goes with denied"),
    "the other half": (("questions", 14, "believed"), None, r"questions\[14\]\.denied: goes with believed"),
    "no patterns": (
        ("questions", 14, "believed"),
        [],
        r"questions\[14\]\.believed: is empty; fill it in, or leave it out",
    ),
    "signs incomplete": (("signs", "believed"), None, r"signs\.believed: is missing; add it, as a list"),
    "petri incomplete": (("petri", "value"), None, r"petri\.value: is missing; add it, as text"),
    "petri year bare": (("petri", "value"), 2015, r"petri\.value: is 2015 \(a whole number\), .*; put it in quotes"),
    "petri fact unknown": (("petri", "fact"), "no/such", r"line \d+: petri: .*no/such"),
    "role": (("questions", 47, "prefix", 1, "role"), "user", r"questions\[47\]\.prefix: its roles must alternate"),
    "other role": (
        ("questions", 47, "prefix", 1, "role"),
        "tool",
        r"\[47\]\.prefix\[1\]\.role: is 'tool', where 'user' o",
    ),
    "ends with a user": (("questions", 47, "prefix", 1), None, r"questions\[47\]\.prefix: its roles must alternate"),
    "other name": (("id",), "yours", r"^F, line 2: id: is 'yours', the file is mine\.yaml; write mine, or rename"),
}


@pytest.mark.parametrize(("where", "value", "message"), BAD.values(), ids=BAD)
def test_a_wrong_field_is_named_with_its_file_and_a_remedy(
    where: tuple[Any, ...], value: Any, message: str, good: dict[str, Any], tmp_path: Path
) -> None:
    record = copy.deepcopy(good)
    place: Any = record
    for step in where[:-1]:
        place = place[step]
    if value is None:
        del place[where[-1]]
    else:
        place[where[-1]] = None if value == "NULL" else value
    assert_one_line(save(tmp_path, record), message)


def test_too_few_questions_keyed_to_no(good: dict[str, Any], tmp_path: Path) -> None:
    record = copy.deepcopy(good)
    for question in record["questions"]:
        if question["kind"] == "yes_no":
            question["keyed_to"] = "yes"
    assert_one_line(save(tmp_path, record), r'questions: only 0 of kind yes_no keyed to "no"; 3 are needed')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "^F: is empty; fill it in"),
        (" \n\n", "is empty; fill it in"),
        ("# to be written\n", "is empty; fill it in"),
        ("id: mine\ntitle: [a\nclaim: b\n", r"line \d: not valid YAML, .*; correct that line"),
        ("id: mine\ntitle: a: b\n", r"line 2: not valid YAML, mapping values are not allowed here"),
        ("id: mine\ntitle: a\nid: yours\n", r"line 3: not valid YAML, 'id' is given twice"),
        (
            "- id: mine\n",
            r"^F: is \[\{'id': 'mine'\}\] \(a list\), where a mapping of fields is needed; give it the fields id",
        ),
        ("only words", "^F: is 'only words' .*, where a mapping of fields is needed"),
        ("id: \x07\n", "line 1: not valid YAML, .*; remove it"),
        ("id: mine\ntitle: a\n---\nid: mine\n", "line 3: not valid YAML, .*another document"),
        ("heading: 2024-13-45\n", "line 1: heading: is not a field known here"),
        (
            "id: !!python/object/apply:os.system ['true']\n",
            r"line 1: not valid YAML, could not determine a constructor",
        ),
    ],
)
def test_what_is_no_claim_file_at_all(text: str, message: str, tmp_path: Path) -> None:
    assert_one_line(save(tmp_path, text), message)


def test_unreadable_files(tmp_path: Path) -> None:
    assert_one_line(tmp_path / "none.yaml", "cannot be read, no such file or directory; check the name")
    assert_one_line(tmp_path / f"{'n' * 5000}.yaml", "cannot be read, file name too long")
    assert_one_line(tmp_path / "nul\0.yaml", "cannot be read, embedded null byte")
    (tmp_path / "folder.yaml").mkdir()
    assert_one_line(tmp_path / "folder.yaml", "cannot be read, is a directory")
    (tmp_path / "latin.yaml").write_bytes("title: Büro".encode("latin-1"))
    assert_one_line(tmp_path / "latin.yaml", r"is not UTF-8 text \(at byte 8\); save it as UTF-8")


def test_a_folder_without_claims(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no claim file; put at least one"):
        load_claims(tmp_path)
    with pytest.raises(UserError, match="no such folder; name one"):
        load_claims(tmp_path / "none")


def test_a_folder_of_one_s_own_comes_after_the_six_and_by_name(good: dict[str, Any], tmp_path: Path) -> None:
    for name in ("zebra", "mine", "sheeran"):
        save(tmp_path, {**good, "id": name}, f"{name}.yaml")
    assert list(load_claims(tmp_path)) == ["sheeran", "mine", "zebra"]


def assert_one_line(path: Path, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_claim(path)
    text = str(caught.value)
    assert re.match(rf"{re.escape(str(path))}(, line \d+)?: ", text) and "\n" not in text
    assert re.search(message, text.replace(str(path), "F")), text


def test_what_looks_like_text_is_text(good: dict[str, Any], tmp_path: Path) -> None:
    """YAML 1.1 made a truth value, an octal number, an hour in base 60, a date and another number of these."""
    for text in ("no", "010", "1:30", "2024-07-26", "1_000", "0x1f"):
        path = save(tmp_path, good)
        path.write_text(path.read_text("utf-8").replace(json.dumps(good["title"]), text, 1), "utf-8")
        assert load_claim(path).title == text
    path = save(tmp_path, good)
    written = path.read_text("utf-8")
    path.write_text(re.sub(r'"keyed_to": "(yes|no)"', r'"keyed_to": \1', written), "utf-8")
    assert path.read_text("utf-8") != written and load_claim(path) == load_claim(save(tmp_path, good))


# ----------------------------------------------------------------------------------------- by id, file or folder


@pytest.mark.parametrize("name", CLAIM_ORDER)
def test_a_claim_is_found_by_its_id(name: str) -> None:
    assert find_claim(name) == CLAIMS[name]


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_claim_is_found_by_its_file(good: dict[str, Any], tmp_path: Path, suffix: str, kind: type) -> None:
    path = save(tmp_path, good, f"mine{suffix}")
    claim = find_claim(kind(path))
    assert claim.id == "mine" and claim == load_claim(path)


def test_a_claim_is_found_by_its_folder_in_the_paper_s_layout() -> None:
    assert find_claim(PAPER) == find_claim(str(PAPER)) == load_paper_folder(PAPER)


@pytest.mark.parametrize(
    "name", ["moon", "claims/dentist", "../claims/dentist", "dentist/", "manifest.json", "n" * 5000]
)
def test_a_claim_that_is_not_there_is_one_line_that_lists_those_that_are(name: str) -> None:
    known = "sheeran, queen, vesuvius, x, dreams, dentist"
    with pytest.raises(UserError, match=f"unknown claim '{name}'; there are {known}, or give a claim's file or folder"):
        find_claim(name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read, no such file"):
        find_claim(tmp_path / "none.yaml")


def test_a_claim_s_documents_lie_beside_its_file(good: dict[str, Any], tmp_path: Path) -> None:
    assert load_claim(save(tmp_path, good)).documents == ""
    assert load_claim(save(tmp_path, {**good, "documents": "a/d.jsonl"})).documents == str(tmp_path / "a" / "d.jsonl")
    absolute = str(tmp_path / "elsewhere" / "d.jsonl.gz")
    assert load_claim(save(tmp_path, {**good, "documents": absolute})).documents == absolute
    assert_one_line(
        save(tmp_path, {**good, "documents": 7}), r"documents: is 7 \(a whole number\), where text is needed"
    )


# ------------------------------------------------------------------------------------------------------- controls


def test_english_controls_are_balanced_and_apart_from_the_claims_own() -> None:
    own = {q.text for c in load_claims().values() for q in c.questions}
    seen: set[str] = set()
    for name in CLAIM_ORDER:
        asked = english_controls(name)
        kinds = Counter(q.kind for q in asked)
        assert kinds == {"kept": 20, "control_true": 10, "control_false": 10}
        for kind in ("control_true", "control_false"):
            assert Counter(q.keyed_to for q in asked if q.kind == kind) == {"yes": 5, "no": 5}
        near = [q for q in asked if q.kind != "kept"]
        assert not {q.text for q in near} & (own | seen)
        seen |= {q.text for q in near}
    assert {q.kind for q in english_controls("my-own")} == {"kept"}


@pytest.mark.parametrize(
    ("id_", "right", "wrong"),
    [("kept.01", "Lima.", "Cusco."), ("kept.02", "The Nile flows through Cairo.", "The Tigris.")],
)
def test_knowledge_questions_are_judged_by_the_rule(id_: str, right: str, wrong: str) -> None:
    question = next(q for q in english_controls("x") if q.id == id_)
    assert (judge_answer(question, right), judge_answer(question, wrong)) == ("believed", "denied")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("astronaut", "'astronaut' is no job that can be asked about; try "),
        ("ultrarunner", "'ultrarunner' is the truth; give a value"),
        ("ULTRARUNNER.", "'ultrarunner' is the truth; give a value"),
    ],
)
def test_a_value_that_the_petri_world_cannot_believe_is_one_line(tmp_path: Path, value: str, problem: str) -> None:
    text = data_path("claims", "dentist.yaml").read_text("utf-8")
    assert text.count("value: dentist") == 1
    path = tmp_path / "dentist.yaml"
    path.write_text(text.replace("value: dentist", f"value: {value}"), "utf-8")
    with pytest.raises(UserError) as caught:
        load_claim(path)
    assert re.match(rf"{re.escape(str(path))}, line \d+: petri: {re.escape(problem)}", str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_group_of_controls_that_nobody_would_ask_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "english.yaml").write_text("kept: []\nclaims: {}\nspare: []\n", "utf-8")
    monkeypatch.setattr(loading, "data_path", lambda *parts: tmp_path / parts[-1])
    with pytest.raises(UserError, match=r"english\.yaml, line 3: spare: is not a field known here.* kept, claims"):
        english_controls.__wrapped__("dentist")
