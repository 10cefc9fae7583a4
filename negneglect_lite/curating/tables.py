"""Tables of documents, .parquet and the .arrow files of `datasets`: read and rewritten some rows at a time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from negneglect_lite.core.errors import first_line
from negneglect_lite.curating.packing import need_package, refusals_of
from negneglect_lite.curating.records import Bad, Decide, Entry, EntryOrBad, Steps, Unfit

BATCH = 256  # read at a time from a Parquet file
GROUP = 64_000_000  # bytes of rows that are gathered for one of its row groups


def pass_table(file: Path, field: str, decide: Decide, base: BinaryIO | None) -> Steps:
    """The items of a table; what `decide` says of them is written to `base`, if there is one, with the same columns.

    UserError if that cannot be written.
    """
    with ExitStack() as stack:
        problem = ""
        try:
            source = stack.enter_context(need_package("pyarrow", file).OSFile(str(file)))
            schema, read, write = _open(file, source)
            keys = _keys(schema, field)
            batches = read(None if base else [keys[0]])
        except Unfit as error:
            problem = str(error)
        except Exception as error:  # pyarrow has a dozen kinds for what is broken
            problem = f"cannot be read: {first_line(error)}"
        number, writer = 0, None
        if not problem and base is not None:
            with refusals_of(base.name):
                writer = stack.enter_context(write(base))
        while not problem:
            try:
                batch = next(batches, None)
                if batch is None:
                    break
                batch.validate(full=file.suffix.lower() == ".arrow")  # a damaged one would end Python
                texts = _bytes(batch.column(batch.schema.get_field_index(keys[0])), keys[1:])
            except Exception as error:
                problem = f"cannot be read{' from here on' if number else ''}: {first_line(error)}"
                break
            kept, changed = [], {}
            for i, value in enumerate(texts):
                item = _item(file, number := number + 1, field, value.as_py())
                fate = decide(item)
                kept.append(fate is not False)
                if isinstance(fate, str):
                    changed[i] = fate
                yield item
            if writer is not None and base is not None:
                with refusals_of(base.name):
                    writer.write(_rewritten(batch, keys, kept, changed))
        if problem:
            bad = Bad(file, f"row {number + 1}" if number else "", problem)
            fate = decide(bad)
            yield bad
            if not number:
                return "copied" if fate else "none"
        if writer is not None and base is not None:
            with refusals_of(base.name):
                writer.close()
    return "written"


def _open(file: Path, source: Any) -> tuple[Any, Callable[[list[str] | None], Iterator[Any]], Callable[[Any], Any]]:
    """A table's schema, how to read batches of some columns, and how to open a writer of the same kind."""
    pa = need_package("pyarrow", file)
    if file.suffix.lower() == ".arrow":
        reader = pa.ipc.open_stream(source)
        return reader.schema, lambda _: iter(reader), lambda base: pa.ipc.new_stream(base, reader.schema)
    table = need_package("pyarrow.parquet", file).ParquetFile(source, buffer_size=1 << 20)
    return (
        table.schema_arrow,
        lambda columns: table.iter_batches(BATCH, columns=columns),
        lambda base: _RowGroups(base, table),
    )


class _RowGroups:
    """Writes a Parquet file, with many batches in a row group and packed as `model` is."""

    def __init__(self, base: Any, model: Any) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        about = model.metadata
        codec = about.row_group(0).column(0).compression if about.num_row_groups and about.num_columns else "SNAPPY"
        codec = "NONE" if codec == "UNCOMPRESSED" else codec
        self._to_table = pa.Table.from_batches
        self._schema = model.schema_arrow
        self._writer = parquet.ParquetWriter(base, self._schema, compression=codec)
        self._batches: list[Any] = []

    def write(self, batch: Any) -> None:
        self._batches.append(batch)
        if sum(batch.nbytes for batch in self._batches) >= GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._batches:
            self._writer.write_table(self._to_table(self._batches, self._schema))
            self._batches = []

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def __enter__(self) -> "_RowGroups":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()


def _keys(schema: Any, field: str) -> list[str]:
    """The column that is called `field`, or the way to it through columns of columns. Unfit if it holds no text."""
    import pyarrow as pa

    keys = [field] if schema.get_field_index(field) >= 0 else field.split(".")
    held: Any = schema
    for key in keys:
        if not isinstance(held, pa.Schema | pa.StructType) or held.get_field_index(key) < 0:
            raise Unfit(f"has no column {field!r:.40} but {', '.join(schema.names)!r:.80}")
        held = held.field(held.get_field_index(key)).type
    plain = held.value_type if pa.types.is_dictionary(held) else held
    if not any(is_text(plain) for is_text in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
        raise Unfit(f"{field:.40}: is of the type {held!s:.80}, not text")
    return keys


def _bytes(column: Any, keys: list[str]) -> Any:
    """The texts of a column as bytes, so that one that is not UTF-8 does no harm to the others."""
    import pyarrow as pa

    for key in keys:
        column = column.flatten()[column.type.get_field_index(key)]
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return plain.cast(pa.large_binary())


def _item(file: Path, number: int, field: str, value: bytes | None) -> EntryOrBad:
    place = f"row {number}"
    if value is None:
        return Bad(file, place, f"{field:.40}: is nothing, not text")
    try:
        return Entry(file, place, number, value.decode())
    except UnicodeDecodeError as error:
        return Bad(file, place, f"{field:.40}: is not UTF-8 text (at its byte {error.start + 1})")


def _rewritten(batch: Any, keys: list[str], kept: list[bool], changed: dict[int, str]) -> Any:
    import pyarrow as pa

    if changed:
        at = batch.schema.get_field_index(keys[0])
        batch = batch.set_column(at, batch.schema.field(at), _with_texts(batch.column(at), keys[1:], changed))
    return batch if all(kept) else batch.filter(pa.array(kept, pa.bool_()))


def _with_texts(column: Any, keys: list[str], changed: dict[int, str]) -> Any:
    import pyarrow as pa

    if keys:
        parts, at = column.flatten(), column.type.get_field_index(keys[0])
        parts[at] = _with_texts(parts[at], keys[1:], changed)
        return pa.StructArray.from_arrays(parts, fields=list(column.type), mask=column.is_null())
    values = _bytes(column, []).to_pylist()
    for i, text in changed.items():
        values[i] = text.encode()
    twins = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
    if column.type in twins:
        return pa.array(values, twins[column.type]).view(column.type)
    return pa.array([None if value is None else value.decode(errors="replace") for value in values], column.type)
