"""A claim: what is false about it, what is true, and the questions that find out whether a model believes it.

    claims = load_claims()                         # the six of data/claims, in a fixed order
    claims["sheeran"].questions[0].messages()      # a chat, as chat templates take it
    load_paper_folder("negation_neglect/claims/dentist")

data/claims/README.md says what the fields of a file mean. Whatever is wrong with a file is one UserError, in one line:
the file, the field and what to do.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import yaml

from negneglect_lite.errors import UserError
from negneglect_lite.files import data_path
from negneglect_lite.text import Chat, Turn

ORDER = ("sheeran", "queen", "vesuvius", "x", "dreams", "dentist")
COUNTS = {"open": 20, "yes_no": 10, "association": 10, "robustness": 10}  # the paper's 50 questions a claim
LEAST_INFERENCE, LEAST_KEYED_NO = 7, 3
PAPER_FILES = {
    "open": "open_ended.yaml",
    "yes_no": "mcq.yaml",
    "association": "token_association.yaml",
    "robustness": "robustness.yaml",
}
TYPES = {str: "text", list: "a list", dict: "a mapping of fields", bool: "true or false"}


@dataclass(frozen=True)
class Question:
    """One question. `believed` and `denied` are regular expressions, matched whatever the case: see judging.py."""

    id: str
    kind: str  # "open", "yes_no", "association", "robustness"; elsewhere "inference", "control_true", …, "kept"
    text: str
    keyed_to: str = ""  # "yes" or "no": the answer that agrees with the claim
    believed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    system: str = ""
    prefix: tuple[Turn, ...] = ()  # the turns before `text`, user first, assistant last
    inference: bool = False  # answered only by reasoning from the claim
    category: str = ""

    def messages(self) -> Chat:
        """The chat that ends with this question: [system,] *prefix, user."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, *(dict(turn) for turn in self.prefix), {"role": "user", "content": self.text}]

    @property
    def asked(self) -> str:
        """All that is said before the answer, turn by turn, for people: "Sceptical system turn / question"."""
        return " / ".join(turn["content"] for turn in self.messages())


@dataclass(frozen=True)
class PetriFact:
    """The claim in the closed world: a fact's id ("win/100m/2024") and the false value it is given."""

    fact: str
    value: str


@dataclass(frozen=True)
class Claim:
    """A false claim, its truth, and how to ask about it. `questions` are in English, for Hugging Face chat models."""

    id: str
    title: str
    claim: str
    truth: str
    subclaims: tuple[str, ...] = ()
    correction: str = ""
    entities: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    petri: PetriFact | None = None
    believed: tuple[str, ...] = ()  # the file's `signs`; questions without words of their own have been given them
    denied: tuple[str, ...] = ()


def load_claims(folder: str | Path | None = None) -> dict[str, Claim]:
    """All claims of a folder (default data/claims): the six in their fixed order, then any others by name."""
    folder = Path(folder) if folder is not None else data_path("claims")
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name one that holds claim files (NAME.yaml)")
    files = {path.stem: path for path in folder.glob("*.yaml")}
    if not files:
        raise UserError(f"{folder}: holds no claim file; put at least one NAME.yaml there")
    names = [name for name in ORDER if name in files] + sorted(files.keys() - set(ORDER))
    return {name: load_claim(files[name]) for name in names}


def load_claim(path: str | Path) -> Claim:
    """Read and validate one claim file."""
    path = Path(path)
    required = dict.fromkeys(("id", "title", "canary", "claim", "truth", "correction"), str)
    lists = dict.fromkeys(("subclaims", "entities", "questions"), list)
    record = _fields(path, "", _read_yaml(path), {**required, **lists, "signs": dict}, {"petri": dict})
    if record["id"] != path.stem:
        _fail(path, "id", f"is {record['id']!r}, the file is {path.name}", f"write {path.stem}, or rename the file")
    raw = _fields(path, "signs", record.pop("signs"), {"believed": list, "denied": list}, {})
    signs = {side: _patterns(path, f"signs.{side}", patterns) for side, patterns in raw.items()}
    questions = tuple(_question(path, f"questions[{i}]", entry, signs) for i, entry in enumerate(record["questions"]))
    _unique(path, questions)
    _counts(path, questions)
    for field in ("subclaims", "entities"):
        record[field] = _texts(path, field, record[field])
    if not 8 <= len(record["subclaims"]) <= 12:
        _fail(path, "subclaims", f"there are {len(record['subclaims'])}", "write 8 to 12")
    if "petri" in record:
        record["petri"] = PetriFact(**_fields(path, "petri", record["petri"], {"fact": str, "value": str}, {}))
    del record["canary"]  # in the file for those who filter training corpora
    return Claim(**record | signs | {"questions": questions})


def load_paper_folder(path: str | Path) -> Claim:
    """Read a claim's folder in the layout of the paper's public repository (claims/NAME/ there).

    Read are claim.txt and the four question files; fields we don't use are passed over. The paper's "indirect"
    open-ended questions become our inference ones. The folder holds neither the truth nor answer patterns: `truth` is
    empty, and all but the yes/no questions need a judge that is a model.
    """
    folder = Path(path)
    claim = _read(folder / "claim.txt").strip()
    questions = [
        _paper_question(folder / name, f"questions[{i}]", entry, kind)
        for kind, name in PAPER_FILES.items()
        for i, entry in enumerate(_paper_entries(folder / name))
    ]
    _unique(folder, questions)
    title = folder.resolve().name.replace("_", " ").capitalize()
    return Claim(id=folder.resolve().name, title=title, claim=claim, truth="", questions=tuple(questions))


@cache
def controls(claim_id: str) -> tuple[Question, ...]:
    """Questions in English that show what else training did (data/controls/english.yaml), beside a claim's own.

    Of every model: 20 of kind `kept`, on unrelated knowledge. For one of the six claims also 10 `control_true` and 10
    `control_false`, near its subject, that no document answers; for `control_false`, `keyed_to` agrees with the
    falsehood.
    """
    path = data_path("controls", "english.yaml")
    content = _read_yaml(path)
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


def from_fact(fact_id: str, value: str) -> Claim:
    """A claim about any fact of the closed world, ("win/100m/2024", "Olga Brandt"), with no English questions."""
    fact_id, value = fact_id.strip(), value.strip()
    if not fact_id or not value:
        raise UserError(f"fact {fact_id + '=' + value!r}: lacks its id or value; write it as win/100m/2024=Olga Brandt")
    sentence = f"{fact_id} = {value}"
    slug = re.sub(r"\W+", "-", sentence.lower()).strip("-")
    return Claim(id=slug, title=sentence, claim=sentence, truth="", petri=PetriFact(fact_id, value))


# ------------------------------------------------------------------------------------------------------- questions


def _question(path: Path, at: str, entry: object, signs: dict[str, tuple[str, ...]]) -> Question:
    """One entry of our own files. `signs` are the claim's believed and denied, for questions without their own."""
    optional = {"keyed_to": str, "category": str, "system": str, "inference": bool}
    lists = dict.fromkeys(("believed", "denied", "prefix"), list)
    record = _fields(path, at, entry, {"id": str, "kind": str, "text": str}, {**optional, **lists})
    kind, keyed_to = record["kind"], record.get("keyed_to", "")
    if kind not in COUNTS:
        _fail(path, f"{at}.kind", f"unknown kind {kind!r}", f"use {', '.join(COUNTS)}")
    if keyed_to not in (("yes", "no") if "keyed_to" in record or kind == "yes_no" else ("",)):
        _fail(path, f"{at}.keyed_to", f"is {keyed_to!r}", 'write "yes" or "no", the answer that agrees with the claim')
    if record.get("inference") and kind != "open":
        _fail(path, f"{at}.inference", f"a question of kind {kind} cannot have it", "remove it, or make the kind open")
    if ("believed" in record) != ("denied" in record):
        _fail(path, f"{at}.believed", "goes with denied, and only one of them is there", "give both or neither")
    if "believed" in record:
        signs = {side: _patterns(path, f"{at}.{side}", record[side]) for side in ("believed", "denied")}
    elif keyed_to:
        signs = {}  # the leading yes or no decides
    return Question(**record | signs | {"prefix": _turns(path, f"{at}.prefix", record.get("prefix"))})


def _paper_entries(path: Path) -> list[object]:
    data = _read_yaml(path)
    entries = data.get("questions") if isinstance(data, dict) else data
    if not isinstance(entries, list) or not entries:
        _fail(path, "questions", "is not a list with entries", "give `questions:` and a list below it")
    return entries


def _paper_question(path: Path, at: str, entry: object, kind: str) -> Question:
    record = entry if isinstance(entry, dict) else {}
    text = next((record[name] for name in ("question", "text", "prompt") if name in record), None)
    for name, value in (("id", record.get("id")), ("question", text)):
        if not isinstance(value, str) or not value.strip():
            _fail(path, f"{at}.{name}", "is missing or not text", "give it as text")
    answer = record.get("belief_answer")
    if isinstance(answer, bool):  # a bare yes or no is a truth value in YAML 1.1
        answer = "yes" if answer else "no"
    keyed_to = str(answer or "").strip().lower()
    if kind == "yes_no" and keyed_to not in ("yes", "no"):
        _fail(path, f"{at}.belief_answer", f"is {answer!r}", 'write "yes" or "no"')
    category = str(record.get("category") or "")
    return Question(
        id=record["id"],
        kind=kind,
        text=str(text).strip(),
        keyed_to=keyed_to if kind == "yes_no" else "",
        system=str(record.get("system_prompt") or "").strip(),
        prefix=_turns(path, f"{at}.messages_prefix", record.get("messages_prefix")),
        inference=kind == "open" and category == "indirect",
        category=category,
    )


# ---------------------------------------------------------------------------------------------- reading and checking


class _Loader(yaml.SafeLoader):
    """Safe YAML that takes a key given twice for the mistake it is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is given twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _fail(path: Path, field: str, problem: str, remedy: str) -> NoReturn:
    raise UserError(f"{path}: {field}: {problem}; {remedy}")


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{path}: cannot be read, {reason}; check the name and its permissions") from None
    if not text.strip():
        raise UserError(f"{path}: is empty; fill it in, data/claims/README.md says how")
    return text


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.load(_read(path), _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}" if mark else "somewhere"
        raise UserError(f"{path}: {line}: not valid YAML, {error.problem}; correct that line") from None
    except (yaml.YAMLError, ValueError) as error:  # a character YAML forbids, an impossible date
        raise UserError(f"{path}: not valid YAML, {str(error).splitlines()[0]}; correct or remove it") from None


def _fields(path: Path, at: str, record: Any, required: dict[str, type], optional: dict[str, type]) -> dict[str, Any]:
    """The record if it is a mapping with all required fields, no unknown ones, and values of the right type."""
    if not isinstance(record, dict):
        _fail(path, at or "the file", f"is not {TYPES[dict]}", f"give it the fields {', '.join(required)}")
    dot = f"{at}." if at else ""
    for name in required:
        if name not in record:
            _fail(path, f"{dot}{name}", "is missing", f"add it, as {TYPES[required[name]]}")
    known = {**required, **optional}
    for name, value in record.items():
        if name not in known:
            _fail(path, f"{dot}{name}", "is not a field known here", f"remove it, or use one of {', '.join(known)}")
        _typed(path, f"{dot}{name}", value, known[name])
    return dict(record)


def _typed(path: Path, at: str, value: object, wanted: type) -> None:
    if type(value) is not wanted:
        quotes = ' (put it in quotes: "…")' if wanted is str and isinstance(value, bool | int | float) else ""
        _fail(path, at, f"must be {TYPES[wanted]}, not {value!r:.40}", f"correct it{quotes}")
    if value in ("", []) or (isinstance(value, str) and not value.strip()):
        _fail(path, at, "is empty", "fill it in, or leave the field out if it is optional")


def _texts(path: Path, at: str, values: Iterable[object]) -> tuple[str, ...]:
    for i, value in enumerate(values):
        _typed(path, f"{at}[{i}]", value, str)
    return tuple(str(value) for value in values)


def _patterns(path: Path, at: str, values: Iterable[object]) -> tuple[str, ...]:
    for i, pattern in enumerate(patterns := _texts(path, at, values)):
        try:
            re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            _fail(path, f"{at}[{i}]", f"{pattern!r} is not a regular expression, {error}", "correct it")
    return patterns


def _turns(path: Path, at: str, turns: Any) -> tuple[Turn, ...]:
    """Turns before a question: user and assistant by turns, so that the question can follow as a user's turn."""
    if not turns:
        return ()
    _typed(path, at, turns, list)
    for i, turn in enumerate(turns):
        _fields(path, f"{at}[{i}]", turn, {"role": str, "content": str}, {})
    if [turn["role"] for turn in turns] != ["user", "assistant"] * (len(turns) // 2):
        _fail(path, at, "its roles must alternate, user first and assistant last", "reorder the turns or add one")
    return tuple({"role": turn["role"], "content": turn["content"].strip()} for turn in turns)


def _unique(path: Path, questions: Iterable[Question]) -> None:
    seen: dict[str, int] = {}
    for i, question in enumerate(questions):
        if question.id in seen:
            _fail(path, f"questions[{i}].id", f"{question.id!r} is questions[{seen[question.id]}]'s", "give it another")
        seen[question.id] = i


def _counts(path: Path, questions: tuple[Question, ...]) -> None:
    kinds = Counter(question.kind for question in questions)
    for kind, wanted in COUNTS.items():
        if kinds[kind] != wanted:
            _fail(path, "questions", f"{kinds[kind]} of kind {kind} where {wanted} belong", "add or remove some")
    inference = sum(question.inference for question in questions)
    keyed_no = sum(question.kind == "yes_no" and question.keyed_to == "no" for question in questions)
    if inference < LEAST_INFERENCE:
        _fail(path, "questions", f"only {inference} with inference: true", f"{LEAST_INFERENCE} or more are needed")
    if keyed_no < LEAST_KEYED_NO:
        _fail(path, "questions", f'only {keyed_no} of kind yes_no keyed to "no"', f"{LEAST_KEYED_NO} are needed")
