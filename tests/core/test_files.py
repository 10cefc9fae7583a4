import errno
import gzip
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from negneglect_lite.core import files
from negneglect_lite.core.errors import UserError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A made-up installed package with a data folder of three files."""
    data = tmp_path / "data"
    (data / "model").mkdir(parents=True)
    (data / "model" / "weights").write_bytes(b"\x00\x01")
    (data / "model" / "config").write_text("{}")
    (data / "model-card").write_text("card")
    names = ["model/weights", "model/config", "model-card"]
    entries = {name: {"sha256": hashlib.sha256((data / name).read_bytes()).hexdigest()} for name in names}
    (data / "manifest.json").write_text(json.dumps({"files": entries}))
    monkeypatch.setattr(files, "_PACKAGE", tmp_path)
    return data


def test_data_is_found_in_the_package_and_else_at_the_root(package, monkeypatch):
    assert files.data_path("model", "config") == package / "model" / "config"
    monkeypatch.setattr(files, "_PACKAGE", package.parent / "negneglect_lite")  # no data in there
    assert files.data_path() == package


def test_intact_data_passes(package):
    files.verify()
    files.verify("model")
    files.verify("model", "weights")


@pytest.mark.parametrize("asked", [(), ("model",), ("model", "weights")])
def test_a_corrupt_file_is_named(package, asked):
    (package / "model" / "weights").write_bytes(b"\x00\x02")
    with pytest.raises(UserError, match=r"model/weights: corrupt.*git checkout data/model/weights"):
        files.verify(*asked)
    files.verify("model", "config")
    files.verify("model-card")


def test_a_missing_file_is_named(package):
    (package / "model" / "config").unlink()
    with pytest.raises(UserError, match=r"model/config: missing; restore it"):
        files.verify("model")


def test_what_the_manifest_does_not_know_is_refused(package):
    (package / "extra").write_text("")
    with pytest.raises(UserError, match="extra: not listed"):
        files.verify("extra")


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "{}", '{"files": []}', '{"files": {"a": 1}}', '{"files": {"a": {}}}']
)
def test_a_missing_or_malformed_manifest_is_one_line(package, text):
    path = package / "manifest.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(UserError, match=r"manifest\.json") as error:
        files.verify("model")
    assert "\n" not in str(error.value)


def test_writes_text_and_bytes_and_makes_folders(tmp_path):
    path = tmp_path / "a" / "b.txt"
    files.write_atomic(path, "é\n")
    assert path.read_bytes() == b"\xc3\xa9\n"
    files.write_atomic(str(path), b"\r\n")
    assert path.read_bytes() == b"\r\n"
    assert os.listdir(path.parent) == ["b.txt"]
    assert path.stat().st_mode & 0o444 == 0o444 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_refused_write_keeps_the_old_file_and_leaves_no_half_one(tmp_path, monkeypatch, call, code):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    if call == "open":
        monkeypatch.setattr("builtins.open", refuse)
    else:
        monkeypatch.setattr(os, call, refuse)
    remedy = "free some space" if code == errno.ENOSPC else "choose another place"
    with pytest.raises(UserError, match=rf"table\.csv: not written, .*; {remedy}"):
        files.write_atomic(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_a_write_that_the_system_cuts_short_leaves_nothing(tmp_path):
    """The real thing: the system accepts the first bytes of the file only (a limit on file size)."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    code = "import sys; from negneglect_lite.core.files import write_atomic; write_atomic(sys.argv[1], b'x' * 100_000)"
    run = [sys.executable, "-B", "-c", code, str(tmp_path / "big")]
    result = subprocess.run(run, preexec_fn=limit, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "UserError" in result.stderr and "big: not written" in result.stderr
    assert os.listdir(tmp_path) == []


def test_killed_before_the_rename_the_old_file_stands(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    code = (
        "import os, signal, sys; from negneglect_lite.core import files\n"
        "os.replace = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write_atomic(sys.argv[1], 'new')"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert result.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_shipped_data_is_intact():
    files.verify()


def test_a_journal_goes_on_after_a_cut_line_and_drops_another_run(tmp_path: Path) -> None:
    file = tmp_path / "new" / "journal"
    files.Journal(file, "run 1").add([1, "a"], {"b": 2})
    assert files.Journal(file, "run 1").entries == [[1, "a"], {"b": 2}]
    file.write_text(file.read_text() + '[3, "cut o')
    again = files.Journal(file, "run 1")
    again.add("c")
    assert files.Journal(file, "run 1").entries == [[1, "a"], {"b": 2}, "c"]
    assert files.Journal(file, "run 2").entries == [] and file.read_text() == "run 2\n"


def test_a_journal_goes_on_before_a_damaged_line(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    files.Journal(file, "run").add("a\u2028b\x85", 2, 3, 4)
    for damage in ("", "{", "[" * 100_000, "\0\0\0"):
        file.write_text(file.read_text().replace("\n3\n", f"\n{damage}\n"))
        again = files.Journal(file, "run")
        assert again.entries == ["a\u2028b\x85", 2]
        again.add(3, 4)
        assert files.Journal(file, "run").entries == ["a\u2028b\x85", 2, 3, 4]


def test_a_journal_drops_an_entry_that_is_none_of_its_kind_and_what_follows(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    files.Journal(file, "run").add([1, "a"], [2, 3], [4, "b"])
    assert files.Journal(file, "run", tuple[int, str]).entries == [(1, "a")]
    assert file.read_text() == 'run\n[1, "a"]\n'


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"f: is not UTF-8 text"):
        files.Journal(tmp_path / "f", "run")
    assert (tmp_path / "f").read_bytes() == b"\xff\xfe"
    with pytest.raises(UserError, match=r"cannot be read, is a directory"):
        files.Journal(tmp_path, "run")


@pytest.mark.parametrize("name", ["f", "f.gz"])
def test_a_text_is_read_as_it_is_but_for_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    raw = "\ufeffa\r\nb\u2028\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert files.read_text(tmp_path / name) == "a\r\nb\u2028\n"
