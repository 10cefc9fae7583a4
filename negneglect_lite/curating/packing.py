"""Packed files as streams: .gz, .bz2, .xz and .zst, read until where they break, and written with the same ending."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.files import refuse_to_write

PACKINGS = (".gz", ".bz2", ".xz", ".zst")
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)  # what reading a stream can raise


def need_package(name: str, file: Path) -> Any:
    """The package that a file is read with. UserError where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise UserError(f"{file}: is read with {name}, which is not installed: pip install {name}") from None


def open_unpacked(file: Path) -> Any:
    """The bytes of a file, unpacked as its name ends, as a stream with `peek`. Reading it raises one of BROKEN."""
    match file.suffix.lower():
        case ".gz":
            return gzip.open(file, "rb")
        case ".bz2":
            return bz2.open(file, "rb")
        case ".xz":
            return lzma.open(file, "rb")
        case ".zst":
            return io.BufferedReader(_Unzstd(file), 1 << 17)
    return open(file, "rb")


@contextmanager
def packed(file: Path, base: BinaryIO | None) -> Iterator[Any]:
    """What packs as `file` is packed, and writes to `base`. The same input gives the same bytes."""
    packing = file.suffix.lower()
    if base is None or packing not in PACKINGS:
        yield base
        return
    sink: Any
    if packing == ".gz":
        sink = gzip.GzipFile("", "wb", 6, base, mtime=0)
    elif packing == ".zst":
        sink = need_package("zstandard", file).ZstdCompressor().stream_writer(base, closefd=False)
    else:
        sink = (bz2 if packing == ".bz2" else lzma).open(base, "wb")
    try:
        yield sink
    finally:
        with refusals_of(base.name):
            sink.close()


@contextmanager
def refusals_of(target: str | Path) -> Iterator[None]:
    """What the operating system refuses while `target` is written is a UserError."""
    try:
        yield
    except (OSError, ValueError) as error:  # a ValueError for a name, or a text, that no file can have
        raise refuse_to_write(Path(target), error) from error


class _Unzstd(io.RawIOBase):
    """What a .zst file holds. The package's own reader takes a file that was cut off for a whole one."""

    def __init__(self, file: Path) -> None:
        self._zstandard = need_package("zstandard", file)
        self._file = open(file, "rb")  # noqa: SIM115
        self._pieces = self._unpacked()
        self._left = memoryview(b"")

    def _unpacked(self) -> Iterator[bytes]:
        frame, data = None, b""
        try:
            while data := data or self._file.read(4096):  # little at a time: it can become 30,000 times as much
                frame = frame or self._zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
                yield frame.decompress(data)
                data, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
        except self._zstandard.ZstdError as error:
            raise OSError(first_line(error)) from None
        if frame is not None:
            raise EOFError("the file ends before its data do")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()
