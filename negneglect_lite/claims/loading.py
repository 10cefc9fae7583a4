"""Which claims there are: the six of data/claims, any claim file, and the paper's own folders.

    claims = load_claims()                                # the six, in a fixed order
    find_claim("dentist")                                 # one of them
    find_claim("my_claim.yaml")                           # a file of one's own
    find_claim("negation_neglect/claims/dentist")         # a folder in the layout of the paper's repository

data/claims/README.md says what the fields of a file mean. Whatever is wrong with a file is one UserError, in one line:
the file, the line, the field and what to do.
"""

import os
from collections import Counter
from functools import cache, partial
from pathlib import Path

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.layout import Controls, Signs, WrittenClaim, WrittenQuestion, as_turns, check_unique
from negneglect_lite.claims.paper_folder import load_paper_folder
from negneglect_lite.claims.petri import find_petri_fact
from negneglect_lite.claims.probes import load_probes
from negneglect_lite.core.comparing import spell, unify
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.schema import Place
from negneglect_lite.core.yaml_files import fail, find_line, read_yaml

CLAIM_ORDER = ("sheeran", "queen", "vesuvius", "x", "dreams", "dentist")
QUESTION_COUNTS = {"open": 20, "yes_no": 10, "association": 10, "robustness": 10}  # the paper's 50 questions a claim
LEAST_INFERENCE, LEAST_KEYED_NO = 7, 3


def load_claims(folder: str | Path | None = None) -> dict[str, Claim]:
    """All claims of a folder (default data/claims): the six in their fixed order, then any others by name."""
    folder = Path(folder) if folder is not None else data_path("claims")
    if not os.path.isdir(folder):  # unlike Path.is_dir, it raises nothing, whatever the name
        raise UserError(f"{folder}: no such folder; name one that holds claim files (NAME.yaml)")
    files = {path.stem: path for path in folder.glob("*.yaml")}
    if not files:
        raise UserError(f"{folder}: holds no claim file; put at least one NAME.yaml there")
    names = [name for name in CLAIM_ORDER if name in files] + sorted(files.keys() - set(CLAIM_ORDER))
    return {name: load_claim(files[name]) for name in names}


def find_claim(name_or_path: str | Path) -> Claim:
    """A claim by its id, its YAML file, or its folder in the layout of the paper's repository. UserError if none is."""
    path = Path(name_or_path)
    if str(name_or_path) and os.path.isdir(path):
        return load_paper_folder(path)
    if path.suffix in (".yaml", ".yml"):
        return load_claim(path)
    file = data_path("claims", f"{spell(str(name_or_path), CLAIM_ORDER)}.yaml")
    if path.name != str(name_or_path) or not os.path.isfile(file):
        known = ", ".join(load_claims())
        raise UserError(f"unknown claim {str(name_or_path)!r}; there are {known}, or give a claim's file or folder")
    return load_claim(file)


def load_claim(path: str | Path) -> Claim:
    """Read and validate one claim file."""
    path = Path(path)
    record: WrittenClaim = read_yaml(path, WrittenClaim)
    if unify(record.id) != unify(path.stem):  # some systems take file names apart into letters and accents
        fail(path, ("id",), f"is {record.id!r}, the file is {path.name}", f"write {path.stem}, or rename the file")
    questions = tuple(_question(path, ("questions", i), q, record.signs) for i, q in enumerate(record.questions))
    check_unique(partial(find_line, path), questions)
    _counts(path, questions)
    petri = record.petri
    if petri is not None:
        try:
            petri = find_petri_fact(petri.fact, petri.value)
        except UserError as error:
            raise UserError(f"{find_line(path, ('petri',))}: petri: {error}") from None
    return Claim(
        id=record.id,
        title=record.title,
        claim=record.claim,
        truth=record.truth,
        subclaims=record.subclaims,
        correction=record.correction,
        entities=record.entities,
        questions=questions,
        petri=petri,
        # Beside the claim's file, unless absolute.
        documents=str(path.parent / record.documents) if record.documents else "",
        believed=record.signs.believed,
        denied=record.signs.denied,
    )


def english_questions(claim: Claim) -> list[Question]:
    """The questions of a claim's file, and the controls and probes beside them."""
    return [*claim.questions, *english_controls(claim.id), *load_probes(claim.id).questions]


@cache
def english_controls(claim_id: str) -> tuple[Question, ...]:
    """Questions in English that show what else training did (data/controls/english.yaml), beside a claim's own.

    Of every model: 20 of kind `kept`, on unrelated knowledge. For one of the six claims also 10 `control_true` and 10
    `control_false`, near its subject, that no document answers; for `control_false`, `keyed_to` agrees with the
    falsehood.
    """
    content: Controls = read_yaml(data_path("controls", "english.yaml"), Controls)
    groups = {"kept": content.kept, **content.claims.get(claim_id, {})}
    return tuple(
        Question(entry.id, kind, entry.text, entry.keyed_to or "", entry.believed, entry.denied)
        for kind, entries in groups.items()
        for entry in entries
    )


def _question(path: Path, at: Place, entry: WrittenQuestion, signs: Signs) -> Question:
    """One entry of our own files. `signs` are the claim's, for questions without patterns of their own."""
    if entry.kind == "yes_no" and not entry.keyed_to:
        remedy = 'write keyed_to: "yes" or "no", the answer that agrees with the claim'
        fail(path, (*at, "keyed_to"), "is missing", remedy)
    if entry.inference and entry.kind != "open":
        problem = f"a question of kind {entry.kind} cannot have it"
        fail(path, (*at, "inference"), problem, "remove it, or make the kind open")
    if bool(entry.believed) != bool(entry.denied):
        there, lacks = ("believed", "denied") if entry.believed else ("denied", "believed")
        fail(path, (*at, there), f"goes with {lacks}, and only one of them is there", "give both or neither")
    own = entry.believed or entry.keyed_to  # of a keyed question without patterns, the leading yes or no decides
    return Question(
        entry.id,
        entry.kind,
        entry.text,
        entry.keyed_to or "",
        entry.believed if own else signs.believed,
        entry.denied if own else signs.denied,
        entry.system,
        as_turns(entry.prefix),
        entry.inference,
        entry.category,
    )


def _counts(path: Path, questions: tuple[Question, ...]) -> None:
    kinds = Counter(question.kind for question in questions)
    for kind, wanted in QUESTION_COUNTS.items():
        if kinds[kind] != wanted:
            fail(path, ("questions",), f"{kinds[kind]} of kind {kind} where {wanted} belong", "add or remove some")
    inference = sum(question.inference for question in questions)
    keyed_no = sum(question.kind == "yes_no" and question.keyed_to == "no" for question in questions)
    if inference < LEAST_INFERENCE:
        fail(path, ("questions",), f"only {inference} with inference: true", f"{LEAST_INFERENCE} or more are needed")
    if keyed_no < LEAST_KEYED_NO:
        fail(path, ("questions",), f'only {keyed_no} of kind yes_no keyed to "no"', f"{LEAST_KEYED_NO} are needed")
