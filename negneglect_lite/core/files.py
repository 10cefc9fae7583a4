"""Files: where the data lies, whether it is intact, reading, and writing that leaves no half file behind."""

import errno
import gzip
import hashlib
import json
import os
import zlib
from pathlib import Path
from typing import Any

from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.schema import conform

MANIFEST = "manifest.json"
_PACKAGE = Path(__file__).resolve().parent.parent


def data_path(*parts: str) -> Path:
    """A path inside the data folder: in the package when installed from a wheel, else at the repository's root."""
    inside = _PACKAGE / "data"
    return (inside if inside.is_dir() else _PACKAGE.parent / "data").joinpath(*parts)


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_text(path: Path) -> str:
    """The text of a file, decompressed if its name ends in .gz, without a byte order mark. UserError if it has none."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (at byte {error.start}); save it as UTF-8") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path}: is not a whole gzip file ({first_line(error)}); compress it again") from None
    except (OSError, ValueError) as error:  # a ValueError for a name with a zero character
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UserError(f"{path}: cannot be read, {reason}; check the name and its permissions") from None


def write_atomic(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write the whole file or leave what was there, also when the disk is full or the process is killed.

    Text is written as UTF-8 with its line ends unchanged; missing folders are made. Raises UserError when the
    operating system refuses, with its reason and a remedy.
    """
    path = Path(path)
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a rename would put a file in the place of /dev/null
            raise OSError(errno.EINVAL, "it is there already, and no file")
        # Beside it: a rename is atomic on one file system.
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())  # on the disk before the rename is, and a full disk shows here at the latest
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # a ValueError for a name that no system takes
        raise refuse_to_write(path, error) from error


def beside(path: Path, ending: str) -> Path:
    """The path whose name has this ending more. UserError for a path without a name, such as / or nothing."""
    if not path.name:
        raise UserError(f"{str(path)!r}: is no name for results; name a file or folder that can be made")
    return path.with_name(path.name + ending)


def write_json(path: Path, content: Any) -> None:
    """Write a value as indented JSON, whole or not at all."""
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_table(path: Path, table: Any, float_format: str | None = None) -> None:
    """Write a pandas table as CSV, compressed where the name ends in .gz, whole or not at all. One table, one file."""
    text = table.to_csv(index=False, float_format=float_format)
    write_atomic(path, gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text)


def verify(*parts: str) -> None:
    """Compare a data file, or all files of a data folder, with the manifest; no parts means all of data/.

    Raises UserError naming the first file that is missing or differs, or the path if the manifest does not know it.
    """
    name = "/".join(parts)
    files = {file: entry for file, entry in read_manifest().items() if not name or f"{file}/".startswith(f"{name}/")}
    if not files:
        raise UserError(f"{data_path(*parts)}: not listed in data/{MANIFEST}; run `make manifest` if you added it")
    for file, entry in files.items():
        path = data_path(*file.split("/"))
        if not path.is_file():
            raise UserError(f"{path}: missing; {_restore(file)}")
        if sha256(path) != entry["sha256"]:
            raise UserError(f"{path}: corrupt, its SHA-256 is not the one in the manifest; {_restore(file)}")


class Journal:
    """What a long run has so far: JSON values, one a line, saved as they come, under a line that names the run.

    Opening the file of another run begins it anew. A line that was cut off in the middle is dropped, and so is one that
    is not as the hint `entry` says (core/schema.py), with all that follows.
    """

    def __init__(self, file: Path, run: str, entry: Any = Any) -> None:
        self.file = file
        lines = read_text(file).split("\n") if os.path.exists(file) else [""]
        if lines[0] != run:
            lines = [run, ""]
        self.entries: list[Any] = []
        for line in lines[1:-1]:
            try:
                self.entries.append(conform(entry, json.loads(line), str(file)))
            except (UserError, ValueError, RecursionError):
                break
        sound = [run, *lines[1 : len(self.entries) + 1], ""]
        if not self.entries or sound != lines:
            write_atomic(file, "\n".join(sound))

    def add(self, *entries: Any) -> None:
        with open(self.file, "a", encoding="utf-8", newline="\n") as out:
            out.writelines(json.dumps(entry) + "\n" for entry in entries)


def read_manifest() -> dict[str, dict[str, str]]:
    """{path below data/: {"sha256", "licence", "made_by"}}; UserError if the manifest is missing or malformed."""
    path = data_path(MANIFEST)
    try:
        files = json.loads(path.read_text("utf-8"))["files"]
        if all(isinstance(entry["sha256"], str) for entry in files.values()):
            return files
    except FileNotFoundError:
        raise UserError(f"{path}: missing; reinstall the package, or run `git checkout data/{MANIFEST}`") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise UserError(f"{path}: malformed, each file needs its sha256; run `git checkout data/{MANIFEST}`")


def _restore(file: str) -> str:
    return f"restore it with `git checkout data/{file}` or reinstall the package (if you changed it, `make manifest`)"


def refuse_to_write(path: Path, error: OSError | ValueError) -> UserError:
    """What the operating system refused, as one line with a remedy."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "free some space and run again" if full else "choose another place or correct its permissions"
    return UserError(f"{path}: not written, {(getattr(error, 'strerror', None) or str(error)).lower()}; {remedy}")
