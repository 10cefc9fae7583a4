r"""A corpus of documents on disk: read as a stream, in memory that does not grow with it, and rewritten file by file.

    for item in read_corpus("corpus"):                          # a file, or a folder with all that is in it
        …                                                       # an Entry, or a Bad that says what is wrong and where
    for item in rewrite_corpus("corpus", "clean", change):      # change(entry) gives the new text, or None to drop it
        …

| kind                                | a document is                                    | place    |
|-------------------------------------|--------------------------------------------------|----------|
| .jsonl, .json                       | a line (ended by "\n" alone) with a JSON object  | "line 3" |
| .csv, .tsv, with a row of names     | a row, without that first one; it may hold "\n"  | "row 3"  |
| .txt, .md                           | a file, with its line ends and white space       | ""       |
| .parquet                            | a row                                            | "row 3"  |
| a folder that `save_to_disk` wrote  | a row of one of its files, of every split        | "row 3"  |

All but the last two may be packed: .gz, .bz2, .xz, .zst. Text is UTF-8. Numbers count from 1 in each file. Of a folder,
hidden files and folders, links to folders, and files of other kinds are passed over; so are blank lines and canaries
(`{"canary": …}` without the field), which a rewriting copies.
"""

import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import read_text, write_atomic
from negneglect_lite.core.json_lines import parse_json
from negneglect_lite.curating.packing import PACKINGS, need_package, refusals_of
from negneglect_lite.curating.records import Bad, Decide, Entry, EntryOrBad, Fate, Steps, pass_stream
from negneglect_lite.curating.tables import pass_table

__all__ = ["Bad", "Entry", "list_corpus", "read_corpus", "rewrite_corpus"]

_HELD = {
    ".jsonl": "lines", ".json": "lines", ".csv": "csv", ".tsv": "tsv", ".txt": "text", ".md": "text",
    ".parquet": "table",
}  # fmt: skip
_KNOWN = f"known are {', '.join(_HELD)} (all but .parquet also with {', '.join(PACKINGS)}) and save_to_disk's folders"
_SAVED = ("state.json", "dataset_info.json")  # beside the .arrow files that save_to_disk leaves
_NEEDS = {".parquet": "pyarrow", ".arrow": "pyarrow", ".zst": "zstandard"}

log = logging.getLogger(__name__)


def read_corpus(path: str | Path, field: str = "text") -> Iterator[Entry | Bad]:
    """The documents of a file or folder, in the order of the files' paths.

    `field` names the text of a row; "document.text" is the text in `document`, unless a field has that very name. A
    text file has no fields. UserError at once if the path does not exist, holds no file of a known kind, or needs a
    package that is not installed.
    """
    files, _ = _find(Path(path))
    return chain.from_iterable(_pass(file, field, lambda _: False, None) for file in files)


def list_corpus(path: str | Path, out: str | Path | None = None) -> list[Path]:
    """The files that hold documents, in the order in which they are read; less those that `out` has ready.

    UserError as in `read_corpus`, and with `out` as in `rewrite_corpus`.
    """
    path = Path(path)
    files, _ = _find(path)
    if out is None:
        return files
    return [file for file, target in _targets(path, Path(out), files).items() if not os.path.isfile(target)]


def rewrite_corpus(
    path: str | Path,
    out: str | Path,
    change: Callable[[Entry], str | None],
    field: str = "text",
    on_bad: Literal["skip", "keep", "refuse"] = "skip",
) -> Iterator[Entry | Bad]:
    """Write the corpus anew to `out`, with the texts that `change` gives, and yield its items while that goes on.

    `change(entry)` returns the text, or None to drop the document. Files keep their names, kinds and packing; for a
    file, `out` is a file of the same kind, or a folder. A line or row that does not change keeps its bytes, and so does
    all but the text of a JSON line that changes. A text file that is dropped, or Bad and skipped, leaves none.

    `on_bad`: "skip" leaves out what is Bad, "keep" copies it (of a file that breaks in the middle there is no rest to
    copy), "refuse" raises UserError.

    A file is written as a hidden one beside its place, and renamed when it is complete. So the same call goes on after
    a run that was killed: files that are in `out` already are passed over, neither read nor yielded, and the log says
    how many. It cannot tell whether they were written with another `change`. Nothing is written until the first item is
    asked for, and the last file is complete when the iterator has ended.

    UserError at once as in `read_corpus` and if `out` is, holds or lies in `path`; later if it cannot be written.
    """
    if on_bad not in ("skip", "keep", "refuse"):
        raise UserError(f"on_bad is {on_bad!r}; pass skip, keep or refuse")
    path, out = Path(path), Path(out)
    files, sides = _find(path)
    targets = _targets(path, out, files)
    ready = {file for file, target in targets.items() if os.path.isfile(target)}
    if ready:
        log.info("%d of %d files are in %s already and are passed over", len(ready), len(files), out)
    decide = partial(_decide, change, on_bad)
    return chain(
        chain.from_iterable(_rewrite(f, target, field, decide) for f, target in targets.items() if f not in ready),
        chain.from_iterable(_copy_side(side, out / side.relative_to(path)) for side in sides),
    )


def _decide(change: Callable[[Entry], str | None], on_bad: str, item: EntryOrBad) -> Fate:
    if isinstance(item, Entry):
        text = change(item)
        return False if text is None else True if text == item.text else text
    if on_bad == "refuse":
        raise UserError(f"{item.where}: {item.reason}; correct it, or pass on_bad skip or keep")
    return on_bad == "keep"


def _pass(file: Path, field: str, decide: Decide, base: BinaryIO | None) -> Steps:
    """The items of a file; what `decide` says of them is written to `base`, if there is one."""
    held, _ = _kind(file) or ("table", "")
    return pass_table(file, field, decide, base) if held == "table" else pass_stream(file, held, field, decide, base)


def _rewrite(file: Path, target: Path, field: str, decide: Decide) -> Iterator[EntryOrBad]:
    hidden = target.with_name(f".{target.name}.partial")
    with refusals_of(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        base = open(hidden, "wb")  # noqa: SIM115
    try:
        outcome = yield from _pass(file, field, decide, base)
        with refusals_of(target):
            base.flush()
            os.fsync(base.fileno())  # on the disk before the name is, and a full disk shows here at the latest
            base.close()
            if outcome == "copied":
                shutil.copyfile(file, hidden)
            if outcome != "none":
                os.replace(hidden, target)
    finally:
        with suppress(OSError):  # what else was wrong is told
            base.close()
        with suppress(OSError):
            hidden.unlink(missing_ok=True)


def _copy_side(side: Path, target: Path) -> Iterator[EntryOrBad]:
    """Write what save_to_disk left beside its tables, once these are there: the state names those that are."""
    if not os.path.exists(target):
        content = read_text(side)
        if side.name == "state.json":
            state = parse_json(side, content)
            if not isinstance(state, dict) or not isinstance(state.get("_data_files"), list):
                raise UserError(f"{side}: names no _data_files; save the dataset anew")
            there = [data for data in state["_data_files"] if os.path.exists(target.with_name(str(data["filename"])))]
            # Another fingerprint: by it `datasets` finds what it has computed of a dataset before.
            content = json.dumps(state | {"_data_files": there, "_fingerprint": uuid.uuid4().hex[:16]})
        write_atomic(target, content)
    yield from ()


# --------------------------------------------------------------------------------------------------- files and folders


def _find(path: Path) -> tuple[list[Path], list[Path]]:
    """The corpus's files, and those that stand beside the tables in save_to_disk's folders."""
    if not os.path.exists(path):
        raise UserError(f"{path}: no such file or folder; check the name")
    files = [path] if os.path.isfile(path) and _kind(path) else []
    sides: list[Path] = []
    walk = os.walk(path, onerror=_refuse_to_list) if os.path.isdir(path) else ()
    for folder, folders, names in walk:
        folders[:] = [name for name in folders if not name.startswith(".")]
        seen = [Path(folder, name) for name in names if not name.startswith(".")]
        saved = set(_SAVED) <= set(names)
        for file in filter(os.path.isfile, seen):
            if file.name == "dataset_dict.json" or (saved and file.name in _SAVED):
                sides.append(file)
            elif _is_saved_table(file) if saved else _kind(file):
                files.append(file)
    if not files:
        raise UserError(f"{path}: holds no file of a known kind; {_KNOWN}")
    for file in files:
        if (ending := file.suffix.lower()) in _NEEDS:
            need_package(_NEEDS[ending], file)
    return sorted(files), sorted(sides)


def _refuse_to_list(error: OSError) -> NoReturn:
    raise UserError(f"{error.filename}: cannot be read, {error.strerror}; correct its permissions") from None


def _is_saved_table(file: Path) -> bool:
    return file.suffix == ".arrow" and not file.name.startswith(("cache-", "tmp"))  # both left by `map`


def _kind(file: Path) -> tuple[str, str] | None:
    """What a file holds and how it is packed, by its name."""
    packing = file.suffix.lower() if file.suffix.lower() in PACKINGS else ""
    held = _HELD.get(Path(file.name[: len(file.name) - len(packing)]).suffix.lower())
    return None if held is None or (packing and held == "table") else (held, packing)


def _targets(path: Path, out: Path, files: list[Path]) -> dict[Path, Path]:
    """Each file with the one to write for it."""
    source, place = path.resolve(), out.resolve()
    if os.path.isdir(path):
        if source == place or source in place.parents or place in source.parents:
            raise UserError(f"{out}: is, holds or lies in {path}; choose a folder beside it")
        if os.path.exists(out) and not os.path.isdir(out):
            raise UserError(f"{out}: is a file, and {path} a folder; choose another name")
        return {file: out / file.relative_to(path) for file in files}
    if _kind(out) not in (None, _kind(path)) and not os.path.isdir(out):
        raise UserError(f"{out}: is of another kind than {path}; give it the same ending, or name a folder")
    target = out if _kind(out) and not os.path.isdir(out) else out / path.name
    if source == target.resolve() or source in target.resolve().parents:
        raise UserError(f"{out}: is the place of {path} itself; choose another")
    return {path: target}
