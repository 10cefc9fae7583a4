"""Which claims there are: the six of data/claims, any claim file, and the paper's own folders.

    claims = load_claims()                                # the six, in a fixed order
    find_claim("dentist")                                 # one of them
    find_claim("my_claim.yaml")                           # a file of one's own
    find_claim("negation_neglect/claims/dentist")         # a folder in the layout of the paper's repository

data/claims/README.md says what the fields of a file mean. Whatever is wrong with a file is one UserError, in one line:
the file, the field and what to do.
"""

from collections import Counter
from functools import cache
from pathlib import Path

from negneglect_lite.claims.claim import Claim, PetriFact, Question
from negneglect_lite.claims.paper_folder import load_paper_folder
from negneglect_lite.claims.petri import find_problem
from negneglect_lite.claims.validation import check_fields, check_patterns, check_texts, check_turns, check_unique
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.yaml_files import fail, read_yaml

CLAIM_ORDER = ("sheeran", "queen", "vesuvius", "x", "dreams", "dentist")
QUESTION_COUNTS = {"open": 20, "yes_no": 10, "association": 10, "robustness": 10}  # the paper's 50 questions a claim
LEAST_INFERENCE, LEAST_KEYED_NO = 7, 3


def load_claims(folder: str | Path | None = None) -> dict[str, Claim]:
    """All claims of a folder (default data/claims): the six in their fixed order, then any others by name."""
    folder = Path(folder) if folder is not None else data_path("claims")
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name one that holds claim files (NAME.yaml)")
    files = {path.stem: path for path in folder.glob("*.yaml")}
    if not files:
        raise UserError(f"{folder}: holds no claim file; put at least one NAME.yaml there")
    names = [name for name in CLAIM_ORDER if name in files] + sorted(files.keys() - set(CLAIM_ORDER))
    return {name: load_claim(files[name]) for name in names}


def find_claim(name_or_path: str | Path) -> Claim:
    """A claim by its id, its YAML file, or its folder in the layout of the paper's repository. UserError if none is."""
    path = Path(name_or_path)
    if str(name_or_path) and path.is_dir():
        return load_paper_folder(path)
    if path.suffix in (".yaml", ".yml"):
        return load_claim(path)
    file = data_path("claims", f"{name_or_path}.yaml")
    if path.name != str(name_or_path) or not file.is_file():
        known = ", ".join(load_claims())
        raise UserError(f"unknown claim {str(name_or_path)!r}; there are {known}, or give a claim's file or folder")
    return load_claim(file)


def load_claim(path: str | Path) -> Claim:
    """Read and validate one claim file."""
    path = Path(path)
    required = dict.fromkeys(("id", "title", "canary", "claim", "truth", "correction"), str)
    lists = dict.fromkeys(("subclaims", "entities", "questions"), list)
    record = check_fields(
        path, "", read_yaml(path), {**required, **lists, "signs": dict}, {"petri": dict, "documents": str}
    )
    if record["id"] != path.stem:
        fail(path, "id", f"is {record['id']!r}, the file is {path.name}", f"write {path.stem}, or rename the file")
    raw = check_fields(path, "signs", record.pop("signs"), {"believed": list, "denied": list}, {})
    signs = {side: check_patterns(path, f"signs.{side}", patterns) for side, patterns in raw.items()}
    questions = tuple(_question(path, f"questions[{i}]", entry, signs) for i, entry in enumerate(record["questions"]))
    check_unique(path, questions)
    _counts(path, questions)
    for field in ("subclaims", "entities"):
        record[field] = check_texts(path, field, record[field])
    if not 8 <= len(record["subclaims"]) <= 12:
        fail(path, "subclaims", f"there are {len(record['subclaims'])}", "write 8 to 12")
    if "petri" in record:
        record["petri"] = PetriFact(**check_fields(path, "petri", record["petri"], {"fact": str, "value": str}, {}))
        if problem := find_problem(record["petri"].fact, record["petri"].value):
            raise UserError(f"{path}: petri.value: {record['petri'].value!r}: {problem}")
    if "documents" in record:
        record["documents"] = str(path.parent / record["documents"])  # beside the claim's file, unless absolute
    del record["canary"]  # in the file for those who filter training corpora
    return Claim(**record | signs | {"questions": questions})


def english_questions(claim: Claim) -> list[Question]:
    """The questions of a claim's file, and the controls beside them."""
    return [*claim.questions, *english_controls(claim.id)]


@cache
def english_controls(claim_id: str) -> tuple[Question, ...]:
    """Questions in English that show what else training did (data/controls/english.yaml), beside a claim's own.

    Of every model: 20 of kind `kept`, on unrelated knowledge. For one of the six claims also 10 `control_true` and 10
    `control_false`, near its subject, that no document answers; for `control_false`, `keyed_to` agrees with the
    falsehood.
    """
    path = data_path("controls", "english.yaml")
    content = read_yaml(path)
    for name in sorted(set(content) - {"kept", "claims"}):
        fail(path, name, "is no group that is asked", "put it under `claims`, below a claim's id")
    groups = {"kept": content["kept"], **content["claims"].get(claim_id, {})}
    return tuple(
        Question(
            entry["id"],
            kind,
            entry["text"],
            entry.get("keyed_to", ""),
            tuple(entry.get("believed", ())),
            tuple(entry.get("denied", ())),
        )
        for kind, entries in groups.items()
        for entry in entries
    )


def _question(path: Path, at: str, entry: object, signs: dict[str, tuple[str, ...]]) -> Question:
    """One entry of our own files. `signs` are the claim's believed and denied, for questions without their own."""
    optional = {"keyed_to": str, "category": str, "system": str, "inference": bool}
    lists = dict.fromkeys(("believed", "denied", "prefix"), list)
    record = check_fields(path, at, entry, {"id": str, "kind": str, "text": str}, {**optional, **lists})
    kind, keyed_to = record["kind"], record.get("keyed_to", "")
    if kind not in QUESTION_COUNTS:
        fail(path, f"{at}.kind", f"unknown kind {kind!r}", f"use {', '.join(QUESTION_COUNTS)}")
    if keyed_to not in (("yes", "no") if "keyed_to" in record or kind == "yes_no" else ("",)):
        fail(path, f"{at}.keyed_to", f"is {keyed_to!r}", 'write "yes" or "no", the answer that agrees with the claim')
    if record.get("inference") and kind != "open":
        fail(path, f"{at}.inference", f"a question of kind {kind} cannot have it", "remove it, or make the kind open")
    if ("believed" in record) != ("denied" in record):
        fail(path, f"{at}.believed", "goes with denied, and only one of them is there", "give both or neither")
    if "believed" in record:
        signs = {side: check_patterns(path, f"{at}.{side}", record[side]) for side in ("believed", "denied")}
    elif keyed_to:
        signs = {}  # the leading yes or no decides
    return Question(**record | signs | {"prefix": check_turns(path, f"{at}.prefix", record.get("prefix"))})


def _counts(path: Path, questions: tuple[Question, ...]) -> None:
    kinds = Counter(question.kind for question in questions)
    for kind, wanted in QUESTION_COUNTS.items():
        if kinds[kind] != wanted:
            fail(path, "questions", f"{kinds[kind]} of kind {kind} where {wanted} belong", "add or remove some")
    inference = sum(question.inference for question in questions)
    keyed_no = sum(question.kind == "yes_no" and question.keyed_to == "no" for question in questions)
    if inference < LEAST_INFERENCE:
        fail(path, "questions", f"only {inference} with inference: true", f"{LEAST_INFERENCE} or more are needed")
    if keyed_no < LEAST_KEYED_NO:
        fail(path, "questions", f'only {keyed_no} of kind yes_no keyed to "no"', f"{LEAST_KEYED_NO} are needed")
