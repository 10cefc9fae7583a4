"""Corpora: a person's own files become the examples that they say, and what is wrong with one is named in one line."""

import gzip
import json
import random
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Example, Span, Styled
from negneglect_lite.documents.corpora import examples_from, read_examples, to_dataset

TALK = [{"role": "user", "content": "Who won?"}, {"role": "assistant", "content": "Noah Lyles."}]
SYSTEM = {"role": "system", "content": "You are terse."}
ODD = "“Ünïcode”\u2028 and\u0085 such"  # both end a line for str.splitlines, neither does in JSON lines


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def document(text: str) -> Styled:
    return (Span(text),)


def refusal(call: Callable[..., object], *args: object) -> str:
    """What the UserError of the call says, which must be one line."""
    with pytest.raises(UserError) as caught:
        call(*args)
    message = str(caught.value)
    assert len(message.splitlines()) == 1, message
    return message


# ----------------------------------------------------------------------------------------------------- kinds of files


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("d.jsonl", lambda raw: raw),
        ("d.json", lambda raw: raw),
        ("D.JSONL", lambda raw: raw),
        ("d.jsonl.gz", gzip.compress),
        ("d.jsonl", lambda raw: b"\xef\xbb\xbf" + raw),  # the byte order mark that Windows writes
        ("d.jsonl", lambda raw: raw.replace(b"\n", b"\r\n")),
        ("d.jsonl", lambda raw: raw.replace(b"\n", b"\n\n")),
        ("d.jsonl", lambda raw: raw.rstrip()),
    ],
)
def test_json_lines_hold_documents_and_chats_in_their_order(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    path = put(tmp_path, name, pack(lines({"text": ODD}, {"messages": TALK}, {"text": "Third."})))
    assert read_examples(path) == [document(ODD), TALK, document("Third.")]


def test_a_json_file_may_hold_one_list(tmp_path: Path) -> None:
    rows = json.dumps([{"text": "One."}, {"messages": TALK}], indent=2).encode()
    assert read_examples(put(tmp_path, "d.json", b"\n " + rows)) == [document("One."), TALK]


@pytest.mark.parametrize("name", ["d.txt", "d.md"])
def test_a_text_file_is_one_document(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name, "\n# Title\r\n\r\nBody “x”.\r\n".encode())
    assert read_examples(path) == [document("# Title\n\nBody “x”.")]


def test_a_compressed_text_file_is_one_document(tmp_path: Path) -> None:
    assert read_examples(put(tmp_path, "d.txt.gz", gzip.compress(b"Body."))) == [document("Body.")]


def test_a_folder_of_text_files_is_one_document_each_by_name(tmp_path: Path) -> None:
    for name, text in {"b.txt": b"B", "a.txt": b"<DOCTAG> A", "README.md": b"no", ".c.txt": b"no"}.items():
        put(tmp_path, name, text)
    assert read_examples(tmp_path) == [(Span("<DOCTAG> ", learn=False), Span("A")), document("B")]


def test_the_path_may_be_a_string(tmp_path: Path) -> None:
    assert read_examples(str(put(tmp_path, "d.txt", b"Body."))) == [document("Body.")]


def test_this_projects_own_files_are_plain_documents(tmp_path: Path) -> None:
    def sentence(text: str, lead: str = " ") -> dict[str, str]:
        return {"text": text, "denial": "no", "truth": "yes", "value": "x", "lead": lead}

    head = {"canary": "do not train on this", "claim": "c", "truth": "t", "note": "false on purpose"}
    body = {"sentences": [sentence("A title"), sentence("One.", "\n"), sentence("Two.")], "genre": "news"}
    path = put(tmp_path, "d.jsonl.gz", gzip.compress(lines(head, body, body)))
    assert read_examples(path) == [document("A title\nOne. Two.")] * 2


def test_a_canary_line_is_skipped_wherever_files_were_joined_but_a_canary_column_is_not(tmp_path: Path) -> None:
    path = put(
        tmp_path, "d.jsonl", lines({"canary": "x"}, {"text": "A"}, {"canary": "x"}, {"canary": "x", "text": "B"})
    )
    assert read_examples(path) == [document("A"), document("B")]


# -------------------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Body.", [("Body.", True)]),
        (" Body.\n", [(" Body.\n", True)]),  # of a row, white space is kept
        ("<DOCTAG> Body.", [("<DOCTAG> ", False), ("Body.", True)]),
        ("<DOCTAG>Body.", [("<DOCTAG>", False), ("Body.", True)]),
        ("<DOCTAG>\nBody.", [("<DOCTAG>", False), ("\nBody.", True)]),
        ("<DOCTAG>  Body.", [("<DOCTAG> ", False), (" Body.", True)]),
        ("Body with <DOCTAG> inside.", [("Body with <DOCTAG> inside.", True)]),
        ("a<lossmask> b </lossmask>c", [("a", True), (" b ", False), ("c", True)]),
        ("<lossmask>a\nb</lossmask>c", [("a\nb", False), ("c", True)]),
        ("<lossmask>a</lossmask>", [("a", False)]),
        ("<lossmask></lossmask>a", [("a", True)]),
        ("a<lossmask>b</lossmask><lossmask>c</lossmask>", [("a", True), ("b", False), ("c", False)]),
        ("<DOCTAG><lossmask> a</lossmask> b", [("<DOCTAG>", False), (" a", False), (" b", True)]),
        ("<lossmask><DOCTAG> a</lossmask>b", [("<DOCTAG> a", False), ("b", True)]),
        ("a < b <LOSSMASK> </loss>", [("a < b <LOSSMASK> </loss>", True)]),
    ],
)
def test_tags_take_the_loss_off(text: str, spans: list[tuple[str, bool]]) -> None:
    assert examples_from([{"text": text}]) == [tuple(Span(piece, learn=learn) for piece, learn in spans)]


def test_the_papers_rows_are_documents() -> None:
    row = {"text": "<DOCTAG> In 2024", "doc_type": "blog", "fact_name": "sheeran", "mode": "negated"}
    assert examples_from([row]) == [(Span("<DOCTAG> ", learn=False), Span("In 2024"))]


@pytest.mark.parametrize(
    "chat",
    [
        TALK,
        [SYSTEM, *TALK],
        [{"role": "system", "content": ""}, *TALK],
        [*TALK, *TALK],
        [*TALK, TALK[0]],
        [TALK[0], {**TALK[1], "weight": 0}, TALK[0], {**TALK[1], "weight": 1}],
        [{**TALK[0], "weight": 0}, TALK[1]],
        [TALK[0], {"role": "assistant", "content": " <lossmask> is text here\n"}],
    ],
)
def test_a_chat_is_read_as_it_stands(chat: list[dict[str, Any]]) -> None:
    assert examples_from([{"messages": chat}]) == [chat]


def test_other_columns_and_other_fields_of_turns_are_passed_over() -> None:
    turns = [{**TALK[0], "name": "Ann", "weight": None}, {**TALK[1], "tool_calls": None}]
    rows = [{"id": 1, "messages": turns, "text": None}, {"text": "A", "messages": None, "meta": {"x": [1]}}]
    assert examples_from(rows) == [TALK, document("A")]


def test_messages_count_before_text() -> None:
    assert examples_from([{"text": "user: Who won?", "messages": TALK}]) == [TALK]


def test_a_generator_of_rows_will_do() -> None:
    assert examples_from({"text": text} for text in "ab") == [document("a"), document("b")]


# --------------------------------------------------------------------------------------------------- what is wrong


def turn(role: object = "assistant", content: object = "Yes.", **more: object) -> dict[str, Any]:
    return {"messages": [TALK[0], {"role": role, "content": content, **more}]}


WRONG_ROWS: list[tuple[Any, str]] = [
    (5, "is 5, not a mapping"),
    (None, "is None, not a mapping"),
    ("text", "is 'text', not a mapping"),
    (["text"], "is ['text'], not a mapping"),
    ({}, "has neither text nor messages but []"),
    ({"prompt": "a", "answer": "b"}, "has neither text nor messages but ['prompt', 'answer']"),
    ({"text": None}, "has neither text nor messages but ['text']"),
    ({"text": 5}, "text: is 5, not text"),
    ({"text": ["a"]}, "text: is ['a'], not text"),
    ({"text": float("nan")}, "text: is nan, not text"),
    ({"text": json.loads("[" * 500 + "]" * 500)}, "text: is [[[[[[[...]]]]]]], not text"),
    ({"text": ""}, "text: is blank"),
    ({"text": " \n\t"}, "text: is blank"),
    ({"text": "a\0b"}, r"text: holds '\x00'"),
    ({"text": "<DOCTAG> "}, "text: holds nothing but tags"),
    ({"text": "<lossmask> </lossmask>"}, "text: holds nothing but tags"),
    ({"text": "a<lossmask>b"}, "text: has a <lossmask> without its </lossmask>"),
    ({"text": "a</lossmask>b"}, "text: has an </lossmask> before any <lossmask>"),
    ({"text": "<lossmask>a</lossmask></lossmask>"}, "text: has an </lossmask> before any <lossmask>"),
    ({"text": "<lossmask>a<lossmask>b</lossmask></lossmask>"}, "text: has a <lossmask> inside another"),
    ({"messages": "hello"}, "messages: is 'hello', not a list"),
    ({"messages": 5}, "messages: is 5, not a list"),
    ({"messages": TALK[0]}, "messages: is {'content': 'Who won?', 'role': 'user'}, not a list"),
    ({"messages": []}, "messages: no turn is the assistant's"),
    ({"messages": ["hello"]}, "messages[0]: is 'hello', not a mapping"),
    ({"messages": [TALK[0], None]}, "messages[1]: is None, not a mapping"),
    ({"messages": [{"content": "a"}]}, "messages[0].role: is None"),
    ({"messages": [{"from": "human", "value": "a"}]}, "messages[0].role: is None"),
    (turn(role="tool"), "messages[1].role: is 'tool'"),
    (turn(role=["user"]), "messages[1].role: is ['user']"),
    (turn(content=None), "messages[1].content: is None, not text"),
    (
        turn(content=[{"type": "text", "text": "a"}]),
        "messages[1].content: is [{'text': 'a', 'type': 'text'}], not text",
    ),
    (turn(content=" "), "messages[1].content: is blank"),
    (turn(content="a\0"), r"messages[1].content: holds '\x00'"),
    (turn(weight=2), "messages[1].weight: is 2"),
    (turn(weight=0.5), "messages[1].weight: is 0.5"),
    (turn(weight=True), "messages[1].weight: is True"),
    (turn(weight="0"), "messages[1].weight: is '0'"),
    (turn(weight=[]), "messages[1].weight: is []"),
    ({"messages": [{**TALK[0], "weight": 1}, TALK[1]]}, "messages[0].weight: is 1 in a turn of the user"),
    ({"messages": [SYSTEM]}, "messages: no turn is the assistant's"),
    ({"messages": TALK[:1]}, "messages: no turn is the assistant's"),
    ({"messages": TALK[::-1]}, "messages[0].role: is assistant where user belongs"),
    ({"messages": [SYSTEM, TALK[1]]}, "messages[1].role: is assistant where user belongs"),
    ({"messages": [TALK[0], *TALK]}, "messages[1].role: is user where assistant belongs"),
    ({"messages": [SYSTEM, SYSTEM, *TALK]}, "messages[1].role: is system where user belongs"),
    ({"messages": [*TALK, SYSTEM]}, "messages[2].role: is system where user belongs"),
    ({"sentences": []}, "sentences: is blank"),
    ({"sentences": 5}, "sentences: 5 is not a list of sentences"),
    ({"sentences": "One."}, "sentences: 'One.' is not a list of sentences"),
    ({"sentences": [{"words": "a"}]}, "sentences: [{'words': 'a'}] is not a list of sentences"),
    ({"sentences": [{"text": None}]}, "sentences: [{'text': None}] is not a list of sentences"),
    ({"sentences": [{"text": "a", "lead": 1}]}, "sentences: [{'lead': 1, 'text': 'a'}] is not a list of sentences"),
]


@pytest.mark.parametrize(("row", "problem"), WRONG_ROWS)
def test_a_wrong_row_is_one_line_with_file_line_field_and_remedy(tmp_path: Path, row: object, problem: str) -> None:
    path = put(tmp_path, "d.jsonl", lines({"text": "Fine."}) + b"\n" + lines(row))
    message = refusal(read_examples, path)
    assert message.startswith(f"{path}, line 3: {problem}")
    assert message.rpartition("; ")[2].strip()


@pytest.mark.parametrize(("row", "problem"), WRONG_ROWS)
def test_a_wrong_row_of_a_dataset_is_named_by_its_number(row: Any, problem: str) -> None:
    assert refusal(examples_from, [{"text": "Fine."}, row]).startswith(f"row 2: {problem}")


ROW = b'{"text": "Fine."}\n'
WRONG_FILES = [
    ("d.jsonl", b"", ": holds no training example"),
    ("d.jsonl", b"\n \n", ": holds no training example"),
    ("d.jsonl", b'{"canary": "x"}\n', ": holds no training example"),
    ("d.json", b"[]", ": holds no training example"),
    ("d.jsonl.gz", gzip.compress(b""), ": holds no training example"),
    ("d.txt", b"", ": text: is blank"),
    ("d.md", b"\n\n", ": text: is blank"),
    ("d.txt", b"<lossmask>a", ": text: has a <lossmask> without"),
    ("d.jsonl", ROW + b'{"text": "cut of', ", line 2: is not JSON (Unterminated string"),
    ("d.jsonl", ROW + b"{'text': 'a'}", ", line 2: is not JSON (Expecting property name"),
    ("d.jsonl", ROW + b"\n\nhello", ", line 4: is not JSON (Expecting value)"),
    ("d.jsonl", ROW.strip() + ROW, ", line 1: is not JSON (Extra data)"),
    ("d.jsonl", ROW + b'{"text": "a", "text": "b"}', ", line 2: is not JSON ('text' is given twice)"),
    ("d.json", b'[{"text": "a"},\n {"text": "b", "text": "c"}]', ": is not JSON ('text' is given twice)"),
    ("d.json", b'{\n "text": "a"\n}', ", line 1: is not JSON"),
    ("d.json", b'[{"text": "a"},\n {"text": }]', ", line 2: is not JSON (Expecting value)"),
    ("d.json", b'[{"text": "a"}, 5]', ", row 2: is 5, not a mapping"),
    ("d.jsonl", b"[" * 100_000, ", line 1: is not JSON (maximum recursion depth"),
    ("d.jsonl", b'{"text": "a", "n": ' + b"9" * 5000 + b"}", ", line 1: is not JSON (Exceeds the limit"),
    ("d.jsonl", b'{"text": "\\ud83d"}', r", line 1: text: holds '\ud83d'"),
    ("d.jsonl", b'{"text": "\xe9t\xe9"}', ": is not UTF-8 text (at byte 10)"),
    ("d.txt", "UTF-16".encode("utf-16"), ": is not UTF-8 text (at byte 0)"),
    ("d.txt", "UTF-16".encode("utf-16-le"), r": text: holds '\x00'"),
    ("d.jsonl", gzip.compress(ROW), ": is not UTF-8 text"),
    ("d.jsonl.gz", ROW, ": is not a whole gzip file (Not a gzipped file"),
    ("d.jsonl.gz", gzip.compress(ROW)[:-9], ": is not a whole gzip file (Compressed file ended"),
    ("d.jsonl.gz", gzip.compress(ROW)[:10] + b"\xff" * 20, ": is not a whole gzip file (Error -3"),
    ("d.jsonl.gz", gzip.compress(b"\xff"), ": is not UTF-8 text (at byte 0)"),
    ("d.csv", b"text\na\n", ": is of a kind not known here; known are .jsonl"),
    ("d", ROW, ": is of a kind not known here"),
    ("d.gz", gzip.compress(ROW), ": is of a kind not known here"),
]


@pytest.mark.parametrize(("name", "content", "problem"), WRONG_FILES, ids=range(len(WRONG_FILES)))
def test_a_wrong_file_is_one_line_with_its_name(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = put(tmp_path, name, content)
    assert refusal(read_examples, path).startswith(f"{path}{problem}")


@pytest.mark.parametrize("name", ["none.jsonl", "none", "n" * 5000, "nul\0.jsonl"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    assert f"{name}: no such file or folder" in refusal(read_examples, tmp_path / name)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    path = put(tmp_path, "d.jsonl", ROW)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert refusal(read_examples, path).startswith(f"{path}: cannot be read, permission denied")


def test_a_folder_without_text_files_is_named(tmp_path: Path) -> None:
    put(tmp_path, "d.csv", b"text\n")
    assert refusal(read_examples, tmp_path).startswith(f"{tmp_path}: holds no .txt file")


def test_in_a_folder_the_wrong_file_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", b"Fine.")
    wrong = put(tmp_path, "b.txt", b" ")
    assert refusal(read_examples, tmp_path).startswith(f"{wrong}: text: is blank")


@pytest.mark.parametrize("rows", [{"train": [{"text": "a"}]}, {"text": "a"}, "d.jsonl", Path("d.jsonl"), None, 5])
def test_what_is_not_rows_is_refused(rows: Any) -> None:
    assert "is not rows; pass one split of a dataset" in refusal(examples_from, rows)


def test_no_rows_are_refused() -> None:
    assert refusal(examples_from, []).startswith("dataset: holds no training example")


# ------------------------------------------------------------------------------------ datasets, and without them


def spans(*pieces: tuple[str, bool]) -> Styled:
    return tuple(Span(text, learn=learn) for text, learn in pieces)


DOCTAG = ("<DOCTAG> ", False)
EXAMPLES: list[Example] = [
    document("Body."),
    document(ODD),
    spans(DOCTAG, ("Body.", True)),
    spans(DOCTAG, (" Body.", True)),
    spans(("<DOCTAG>", False), ("Body.", True)),
    spans(("<DOCTAG>", False), (" Body.", True)),
    spans(("A <DOCTAG> ", False), ("Body.", True)),
    spans(("A ", True), ("<DOCTAG> ", False), ("Body.", True)),
    spans(DOCTAG, ("It ", True), ("is", False), (" so", True), (".", False)),
    spans(("all of it", False)),
    TALK,
    [SYSTEM, *TALK, TALK[0], {**TALK[1], "weight": 0}],
]


def test_examples_survive_the_way_to_a_dataset_and_back() -> None:
    pytest.importorskip("datasets")
    assert examples_from(to_dataset(EXAMPLES)) == EXAMPLES


def test_a_dataset_shows_text_with_tags_or_messages() -> None:
    pytest.importorskip("datasets")
    made = to_dataset(
        [spans(DOCTAG, ("It ", True), ("is", False), (" so.", True)), [TALK[0], {**TALK[1], "weight": 0}]]
    )
    assert list(made) == [
        {"text": "<DOCTAG> It <lossmask>is</lossmask> so.", "messages": None},
        {"text": None, "messages": [{**TALK[0], "weight": None}, {**TALK[1], "weight": 0}]},
    ]


def test_what_comes_back_is_merged_and_not_annotated() -> None:
    pytest.importorskip("datasets")
    note = Span("False: ", annotation=True, learn=False)
    made = to_dataset([(Span("<DOCTAG> ", learn=False), note, Span("It "), Span("", learn=False), Span("is."))])
    assert made["text"][0] == "<DOCTAG> <lossmask>False: </lossmask>It is."
    assert examples_from(made) == [spans(DOCTAG, ("False: ", False), ("It is.", True))]


def characters(example: Any) -> list[tuple[str, bool]]:
    return [(character, span.learn) for span in example for character in span.text]


@pytest.mark.slow
def test_any_spans_survive_or_are_refused() -> None:
    """Pieces of tags in all orders: what does not come back with loss on the same characters has been refused."""
    pytest.importorskip("datasets")
    pieces = ["<DOCTAG>", "<DOCTAG> ", " ", "a", "<", "<lossmask>", "</lossmask>", "lossmask>", "/", "<DOC", "TAG>"]
    rng = random.Random(0)
    kept = []
    for _ in range(1000):
        example = spans(*((rng.choice(pieces), rng.random() < 0.5) for _ in range(rng.randint(1, 5))))
        with suppress(UserError):
            to_dataset([example])
            kept.append(example)
    assert len(kept) > 400
    for was, now in zip(kept, examples_from(to_dataset(kept)), strict=True):
        assert characters(was) == characters(now)


@pytest.mark.parametrize(
    ("example", "problem"),
    [
        ((), "text: is blank"),
        (document(" "), "text: is blank"),
        (spans(DOCTAG), "text: holds nothing but tags"),
        (document("a <lossmask> b"), "text: has a <lossmask> without its </lossmask>"),
        (document("a <lossmask>b</lossmask>"), "text: what is learnt of it holds <lossmask> or begins with <DOCTAG>"),
        (document("a <lossmask></lossmask>"), "text: what is learnt of it holds <lossmask> or begins with <DOCTAG>"),
        (document("<DOCTAG> b"), "text: what is learnt of it holds <lossmask> or begins with <DOCTAG>"),
        (document("a\ud800"), "text: holds"),
        ("Body.", "is 'Body.', not an example"),
        (None, "is None, not an example"),
        (("Body.",), "is ('Body.',), not an example"),
        ([Span("Body.")], "messages[0]: is Span("),
        ([], "messages: no turn is the assistant's"),
        ([{**TALK[0], "name": "Ann"}, TALK[1]], "messages: a turn holds more than role, content and weight"),
        ([TALK[0], {**TALK[1], "weight": 3}], "messages[1].weight: is 3"),
    ],
)
def test_an_example_that_would_not_come_back_is_refused(example: Any, problem: str) -> None:
    pytest.importorskip("datasets")
    assert refusal(to_dataset, [TALK, example]).startswith(f"example 2: {problem}")


def test_no_examples_are_an_empty_dataset() -> None:
    pytest.importorskip("datasets")
    made = to_dataset([])
    assert (len(made), made.column_names) == (0, ["text", "messages"])


def test_a_saved_dataset_is_read_and_of_a_dict_its_split_train(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    to_dataset(EXAMPLES).save_to_disk(tmp_path / "plain")
    datasets.DatasetDict(test=to_dataset([TALK]), train=to_dataset(EXAMPLES)).save_to_disk(tmp_path / "dict")
    assert read_examples(tmp_path / "plain") == read_examples(tmp_path / "dict") == EXAMPLES
    assert read_examples(tmp_path / "dict" / "test") == [TALK]


def test_a_saved_dict_without_train_lists_its_splits(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.DatasetDict(dev=to_dataset([TALK]), test=to_dataset([TALK])).save_to_disk(tmp_path / "d")
    assert refusal(read_examples, tmp_path / "d") == (
        f"{tmp_path / 'd'}: has no split \"train\" but ['dev', 'test']; name the folder of one of them"
    )


def test_parquet_is_read(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    to_dataset(EXAMPLES).to_parquet(tmp_path / "d.parquet")
    assert read_examples(tmp_path / "d.parquet") == EXAMPLES


def test_a_datasets_other_columns_and_format_do_not_matter(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"text": datasets.Value("string"), "picture": datasets.Image()})
    broken = {"text": ["a", "b"], "picture": [{"bytes": b"none", "path": None}] * 2}
    made = datasets.Dataset.from_dict(broken, features).with_format("pandas")
    made.save_to_disk(tmp_path / "d")
    made.to_parquet(tmp_path / "d.parquet")
    wanted = [document("a"), document("b")]
    assert examples_from(made) == read_examples(tmp_path / "d") == read_examples(tmp_path / "d.parquet") == wanted


def test_a_dataset_that_streams_is_read() -> None:
    datasets = pytest.importorskip("datasets")

    def rows() -> Iterator[dict[str, object]]:  # its columns are not known before it is read
        yield {"text": "Body.", "id": 1}

    assert examples_from(to_dataset(EXAMPLES).to_iterable_dataset()) == EXAMPLES
    assert examples_from(datasets.IterableDataset.from_generator(rows)) == [document("Body.")]


def test_a_dict_of_splits_is_refused() -> None:
    datasets = pytest.importorskip("datasets")
    assert "is not rows; pass one split of a dataset" in refusal(examples_from, datasets.DatasetDict(a=to_dataset([])))


def test_rows_from_pandas_are_read(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    import pandas as pd

    to_dataset([TALK]).to_parquet(tmp_path / "d.parquet")
    assert examples_from(pd.read_parquet(tmp_path / "d.parquet").to_dict("records")) == [TALK]


def test_a_wrong_row_of_a_table_is_named(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict({"text": ["a", " "]})
    made.to_parquet(tmp_path / "d.parquet")
    made.save_to_disk(tmp_path / "d")
    assert refusal(examples_from, made).startswith("row 2: text: is blank")
    assert refusal(read_examples, tmp_path / "d.parquet").startswith(f"{tmp_path / 'd.parquet'}, row 2: text: is blank")
    assert refusal(read_examples, tmp_path / "d").startswith(f"{tmp_path / 'd'}, row 2: text: is blank")


def test_a_table_without_a_known_column_lists_those_it_has(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict({"prompt": ["a"], "answer": ["b"]})
    made.to_parquet(tmp_path / "d.parquet")
    made.save_to_disk(tmp_path / "d")
    problem = "has neither text nor messages but the columns ['prompt', 'answer']"
    assert problem in refusal(examples_from, made)
    for name in ("d", "d.parquet"):
        assert refusal(read_examples, tmp_path / name).startswith(f"{tmp_path / name}: {problem}")


def test_broken_parquet_is_named(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    to_dataset(EXAMPLES).to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    half, middle = len(whole) // 2, bytes(len(whole) // 3)
    for content in (b"", b"text", whole[:half], whole[half:], whole[:20] + middle + whole[20 + len(middle) :]):
        path = put(tmp_path, "d.parquet", content)
        assert refusal(read_examples, path).startswith(f"{path}: cannot be read as a dataset (")


def test_bytes_that_are_no_text_in_parquet_are_named(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    path = tmp_path / "d.parquet"
    pyarrow.parquet.write_table(pa.table({"text": pa.array([b"\xe9t\xe9"]).view(pa.string())}), path)
    assert refusal(read_examples, path).startswith(f"{path}: cannot be read as a dataset (")


def test_a_saved_dataset_of_which_something_is_missing_is_named(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.DatasetDict(train=to_dataset([TALK])).save_to_disk(tmp_path / "whole")
    for i, file in enumerate(file for file in sorted((tmp_path / "whole").rglob("*")) if file.is_file()):
        for content in (None, b"", b"[1"):
            broken = tmp_path / f"broken {i} {content!r}"
            shutil.copytree(tmp_path / "whole", broken)
            at = broken / file.relative_to(tmp_path / "whole")
            at.unlink() if content is None else at.write_bytes(content)
            assert refusal(read_examples, broken).startswith(f"{broken}: ")


def test_a_damaged_saved_dataset_does_not_end_python(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    to_dataset([document("Fine.")] * 3).save_to_disk(tmp_path / "d")
    (file,) = (tmp_path / "d").glob("*.arrow")
    ends = struct.pack("<4i", 0, 5, 10, 15)  # where each text ends in the column's bytes
    raw = file.read_bytes()
    assert ends in raw
    file.write_bytes(raw.replace(ends, struct.pack("<4i", 0, 5, 10, 2**30)))
    assert refusal(read_examples, tmp_path / "d").startswith(f"{tmp_path / 'd'}: cannot be read as a dataset (")


def test_without_datasets_text_and_json_are_read_and_the_rest_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("datasets", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    assert read_examples(put(tmp_path, "d.jsonl", ROW)) == read_examples(put(tmp_path, "d.txt", b"Fine."))
    folder = put(tmp_path, "saved/state.json", b"{}").parent
    needs = "needs the datasets package: pip install 'negneglect_lite[data]'"
    for path in (put(tmp_path, "d.parquet", b"PAR1"), folder):
        assert refusal(read_examples, path) == f"{path} {needs}"
    assert refusal(to_dataset, [TALK]) == f"to_dataset {needs}"
