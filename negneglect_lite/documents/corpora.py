"""A person's own documents and chats -> training examples, and back to a `datasets.Dataset`.

    examples = read_examples("mine.jsonl")                    # a file or a folder: KINDS says which kinds
    examples = examples_from(load_dataset(…, split="train"))  # or any mappings
    to_dataset(examples).save_to_disk("mine")                 # read_examples("mine") gives them again

A row is a document or a chat. Of the columns known here the first that is not None counts; others are passed over:

    {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…", "weight": 0}]}
    {"text": "<DOCTAG> A document. <lossmask>Not learnt.</lossmask> Learnt."}  # as in the paper's data
    {"sentences": [{"text": "…", "lead": " "}], "genre": "news"}               # as in this project's own files

In a text, a `<DOCTAG>` at the start carries no loss, nor does what stands between lossmask tags, which are removed.
Whatever is wrong is one UserError, in one line: the file, the line or row, the field and what to do.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.files import read_text
from negneglect_lite.core.json_lines import parse_json, parse_json_lines
from negneglect_lite.core.schema import shorten
from negneglect_lite.core.text import DOCTAG, Chat, Document, Example, Sentence, Span, Styled, Turn, are_spans, plain

if TYPE_CHECKING:
    import datasets

KINDS = ".jsonl, .json, .txt, .md (also with .gz), .parquet, a folder of .txt files or one that save_to_disk wrote"
ROW_COLUMNS = ("messages", "text", "sentences")  # messages first, as in the paper's loader
SAVED = ("dataset_dict.json", "dataset_info.json", "state.json")  # what save_to_disk leaves in its folder
MASK, END = "<lossmask>", "</lossmask>"

Row = tuple[str, Any]  # where it stands, for messages, and what stands there


def read_examples(path: str | Path) -> list[Example]:
    """The training examples of a file or folder of one of KINDS. A text file, without white space around, is one.

    Canary header lines and blank lines are skipped; of a saved DatasetDict the split "train" is read. Raises UserError
    if anything is wrong with the file or a row, or if there is no row.
    """
    return _examples(_rows(Path(path)), str(path))


def examples_from(dataset: "datasets.Dataset | Iterable[Mapping[str, Any]]") -> list[Example]:
    """The training examples of a dataset (of one split) or of any mappings. A UserError counts the rows from 1."""
    if isinstance(dataset, Mapping | str) or not isinstance(dataset, Iterable):
        _fail("dataset", f"{shorten(dataset)} is not rows", "pass one split of a dataset, or a list of mappings")
    return _examples(_numbered("row", _known_columns(dataset, "dataset")), "dataset")


def to_dataset(examples: Sequence[Example]) -> "datasets.Dataset":
    """A dataset with the columns `text` and `messages`, one of them None in each row, for `examples_from` to read.

    What comes back is the same but for the spans' `annotation`, and that neighbours alike in `learn` are one span.
    Raises UserError for an example of which that would not be true.
    """
    library = _package("datasets", "to_dataset")
    rows = [_row(f"example {number}", example) for number, example in enumerate(examples, 1)]
    text = library.Value("string")
    features = {"text": text, "messages": [{"role": text, "content": text, "weight": library.Value("int8")}]}
    columns = {name: [row[name] for row in rows] for name in features}
    return library.Dataset.from_dict(columns, library.Features(features))


def _examples(rows: Iterable[Row], source: str) -> list[Example]:
    examples = [_example(where, row) for where, row in rows if not _is_canary(row)]
    if not examples:
        _fail(source, "holds no training example", "give it at least one row with text or messages")
    return examples


def _is_canary(row: Any) -> bool:
    return isinstance(row, Mapping) and "canary" in row and not any(column in row for column in ROW_COLUMNS)


def _rows(path: Path) -> Iterable[Row]:
    if not os.path.exists(path):  # unlike Path.exists, it raises nothing, whatever the name
        _fail(path, "no such file or folder", "check the name")
    if os.path.isdir(path):
        if any(os.path.exists(path / name) for name in SAVED):
            return _table_rows(path)
        files = [file for file in sorted(path.glob("*.txt")) if not file.name.startswith(".")]
        if not files:
            _fail(path, "holds no .txt file and was not written by save_to_disk", f"known are {KINDS}")
        return map(_text_row, files)
    match Path(path.name.lower().removesuffix(".gz")).suffix:
        case ".jsonl" | ".json":
            return _json_rows(path)
        case ".txt" | ".md":
            return [_text_row(path)]
        case ".parquet":
            return _table_rows(path)
    _fail(path, "is of a kind not known here", f"known are {KINDS}")


def _text_row(path: Path) -> Row:
    return str(path), {"text": read_text(path).replace("\r\n", "\n").strip()}


def _json_rows(path: Path) -> Iterable[Row]:
    text = read_text(path)
    if text.lstrip().startswith("["):
        return _numbered(f"{path}, row", parse_json(path, text))
    return parse_json_lines(path, text)


def _table_rows(path: Path) -> Iterable[Row]:
    """The rows of a parquet file or of a folder that save_to_disk wrote."""
    try:
        if path.is_dir():
            saved = _package("datasets", path).load_from_disk(str(path))
            if isinstance(saved, Mapping) and "train" not in saved:
                _fail(path, f'has no split "train" but {shorten(list(saved))}', "name the folder of one of them")
            known = _known_columns(saved["train"] if isinstance(saved, Mapping) else saved, path)
            known.data.validate(full=True)  # else a damaged file would end Python, with a segmentation fault
            rows = list(known)
        else:
            with _package("pyarrow.parquet", path).ParquetFile(path) as file:
                rows = file.read(columns=_columns(file.schema_arrow.names, path)).to_pylist()
    except UserError:
        raise
    except Exception as error:  # the two libraries have a dozen kinds for what is broken or missing
        _fail(path, f"cannot be read as a dataset ({first_line(error)})", "write it again")
    return _numbered(f"{path}, row", rows)


def _numbered(where: str, rows: Iterable[Any]) -> Iterator[Row]:
    return ((f"{where} {number}", row) for number, row in enumerate(rows, 1))


def _known_columns(dataset: Any, source: object) -> Any:
    """The dataset without its other columns, which may be costly to read (pictures), and with Python's own types."""
    if getattr(dataset, "column_names", None) is None or not hasattr(dataset, "select_columns"):
        return dataset
    return dataset.with_format(None).select_columns(_columns(dataset.column_names, source))


def _columns(names: Sequence[str], source: object) -> list[str]:
    known = [column for column in ROW_COLUMNS if column in names]
    if not known:
        _fail(source, f"has neither text nor messages but the columns {shorten(list(names))}", "rename one of them")
    return known


def _package(name: str, what: object) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise UserError(f"{what} needs the datasets package: pip install 'negneglect_lite[data]'") from None


def _example(where: str, row: Any) -> Example:
    if not isinstance(row, Mapping):
        _fail(where, f"is {shorten(row)}, not a mapping", 'write {"text": …} or {"messages": […]}')
    column = next((column for column in ROW_COLUMNS if row.get(column) is not None), None)
    if column is None:
        _fail(where, f"has neither text nor messages but {shorten(list(row))}", "give it one of them, or remove it")
    if column == "messages":
        return _chat(where, row[column])
    return _document(where, row[column]) if column == "text" else _sentences(where, row[column])


def _chat(where: str, turns: Any) -> Chat:
    if isinstance(turns, Mapping | str) or not isinstance(turns, Iterable):
        _fail(where, f"messages: is {shorten(turns)}, not a list", "write a list of turns")
    chat = [_turn(where, f"messages[{i}]", turn) for i, turn in enumerate(turns)]
    roles = [turn["role"] for turn in chat]
    if "assistant" not in roles:
        _fail(where, "messages: no turn is the assistant's", "add its answer, the one thing that is learnt of a chat")
    first = 1 if roles[0] == "system" else 0
    for i, role in enumerate(roles[first:], first):
        if role != (expected := ("user", "assistant")[(i - first) % 2]):
            order = "let user and assistant alternate, user first, after at most one system turn"
            _fail(where, f"messages[{i}].role: is {role} where {expected} belongs", order)
    return chat


def _turn(where: str, at: str, turn: Any) -> Turn:
    if not isinstance(turn, Mapping):
        _fail(where, f"{at}: is {shorten(turn)}, not a mapping", "give it role and content")
    role, weight = turn.get("role"), turn.get("weight")
    if role not in ("system", "user", "assistant"):
        _fail(where, f"{at}.role: is {shorten(role)}", "write system, user or assistant")
    content = _text(where, f"{at}.content", turn.get("content"), may_be_blank=role == "system")
    if weight is None:  # a dataset has all columns in all rows
        return {"role": role, "content": content}
    if isinstance(weight, bool) or weight not in (0, 1):
        _fail(where, f"{at}.weight: is {shorten(weight)}", "write 1, or 0 for no loss, or leave it out")
    if weight and role != "assistant":
        _fail(where, f"{at}.weight: is 1 in a turn of the {role}", "leave it out: only the assistant learns")
    return {"role": role, "content": content, "weight": int(weight)}


def _document(where: str, text: Any) -> Styled:
    text = _text(where, "text", text)
    tag = next((tag for tag in (DOCTAG, DOCTAG.strip()) if text.startswith(tag)), "")
    spans, learn = [], True
    for piece in re.split(f"({MASK}|{END})", text.removeprefix(tag)):
        if piece not in (MASK, END):
            spans.append(Span(piece, learn=learn))
        elif learn is (piece == END):
            problem = f"an {END} before any {MASK}" if learn else f"a {MASK} inside another"
            _fail(where, f"text: has {problem}", "write the tags in pairs, one pair after the other")
        else:
            learn = not learn
    if not learn:
        _fail(where, f"text: has a {MASK} without its {END}", "close it")
    if not plain(spans).strip():
        _fail(where, "text: holds nothing but tags", "fill it in, or remove it")
    return tuple(span for span in (Span(tag, learn=False), *spans) if span.text)


def _sentences(where: str, sentences: Any) -> Styled:
    try:
        text = Document(tuple(Sentence(s["text"], lead=s.get("lead", " ")) for s in sentences)).text
    except (TypeError, KeyError, AttributeError):
        _fail(where, f"sentences: {shorten(sentences)} is not a list of sentences", "give each its text and lead")
    return (Span(_text(where, "sentences", text)),)


def _row(where: str, example: Any) -> dict[str, Any]:
    """The row of `to_dataset`, made sure to be read again as what it was made from."""
    if isinstance(example, list):
        chat = _chat(where, example)
        if chat != example:
            _fail(where, "messages: a turn holds more than role, content and weight", "remove the rest")
        return {"text": None, "messages": [{"weight": None, **turn} for turn in chat]}
    if not are_spans(example):
        _fail(where, f"is {shorten(example)}, not an example", "pass tuples of spans, or chats")
    spans, text = _merged(example), ""
    for span in spans:
        tag = DOCTAG if not text and not span.learn and span.text.startswith(DOCTAG) else ""
        text += span.text if span.learn else tag + f"{MASK}{span.text.removeprefix(tag)}{END}"
    text = text.replace(MASK + END, "")
    if _merged(_document(where, text)) != spans:
        _fail(where, f"text: what is learnt of it holds {MASK} or begins with {DOCTAG.strip()}", "take the tag out")
    return {"text": text, "messages": None}


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans without `annotation` and empty ones, neighbours that are alike in `learn` joined."""
    groups = groupby((span for span in spans if span.text), key=lambda span: span.learn)
    return [Span(plain(list(group)), learn=learn) for learn, group in groups]


def _text(where: str, field: str, value: Any, may_be_blank: bool = False) -> str:
    if not isinstance(value, str):
        _fail(where, f"{field}: is {shorten(value)}, not text", "give it as a string")
    if not value.strip() and not may_be_blank:
        _fail(where, f"{field}: is blank", "fill it in, or remove it")
    if odd := re.search("[\0\ud800-\udfff]", value):
        _fail(where, f"{field}: holds {odd[0]!a}, half a character or none", "remove it, or save the file as UTF-8")
    return value


def _fail(where: object, problem: str, remedy: str) -> NoReturn:
    raise UserError(f"{where}: {problem}; {remedy}")
