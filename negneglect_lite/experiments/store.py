"""Finished runs, one file each: found by key, never half written, remade where they are corrupt.

OUT/runs/CLAIM-STYLE-SETTING-SEED-<inputs>-<code>.json holds the key, what made it, and the run's table. The first part
of the name is for people; the two hashes decide.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from negneglect_lite.core.files import refuse_to_write, write_atomic
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.key import Key, changed_modules, digest

log = logging.getLogger(__name__)
EARLIER = ("cells",)  # folders of caches that earlier versions wrote


class Store:
    """The finished runs in OUT. With `any_code`, a record counts whatever code it was made by."""

    def __init__(self, out: Path, any_code: bool = False) -> None:
        self.out, self.folder, self.any_code = Path(out), Path(out) / "runs", any_code
        self.reported: set[str] = set()

    def path(self, cell: Cell, key: Key) -> Path:
        """Where the record of a run lies."""
        claim, style = (re.sub(r"[^\w.-]", "_", text)[:60] for text in (cell.claim.id, cell.style or cell.setting))
        return self.folder / f"{claim}-{style}-{cell.setting}-{cell.seed}-{key.inputs}-{key.code}.json"

    def read(self, path: Path, key: Key) -> pd.DataFrame | None:
        """The table of a finished run; None if it is not there, was made by other code, or is corrupt."""
        table = self.read_record(path)
        if table is None:
            for other in self._made_by_other_code(path, key):
                if self.any_code and (table := self.read_record(other)) is not None:
                    return table
                self._report(_entry(other).get("modules", {}), key)
        return table

    def read_record(self, path: Path) -> pd.DataFrame | None:
        """The table of this very record; None if it is not there or corrupt."""
        if not path.exists():
            return None
        entry = _entry(path)
        columns = entry.get("table")
        if isinstance(columns, dict) and digest(columns) == entry.get("sha256"):
            return pd.DataFrame(columns)
        log.info("%s: corrupt, its content does not match its hash; this run is made again", path)
        return None

    def write(self, path: Path, key: Key, table: pd.DataFrame, seconds: float, environment: Mapping[str, Any]) -> None:
        """Write a finished run's record, whole or not at all. UserError where the operating system refuses."""
        columns = {str(name): table[name].tolist() for name in table.columns}
        record = {
            "inputs": key.inputs,
            "modules": key.modules,
            "environment": environment,
            "seconds": round(seconds, 2),
            "sha256": digest(columns),
            "table": columns,
        }
        write_atomic(path, json.dumps(record, ensure_ascii=False))

    def tell_of_earlier_caches(self) -> None:
        """A line where OUT holds finished runs of an earlier version, which are neither read nor deleted."""
        earlier = [self.out / name for name in EARLIER if (self.out / name).is_dir()]
        earlier += [path for path in self.folder.glob("*/") if path.name != "locks"] if self.folder.is_dir() else []
        if earlier:
            log.info("%s: finished runs of an earlier version, not read; delete them if you like", earlier[0])

    @contextmanager
    def claimed(self, paths: list[Path], wait: bool) -> Iterator[bool]:
        """Hold these runs against other processes; False, without `wait`, if another one holds any of them.

        The lock ends with its process, however that ends.
        """
        locks = [self.folder / "locks" / f"{path.stem}.lock" for path in sorted(paths)]
        with ExitStack() as held:
            try:
                (self.folder / "locks").mkdir(parents=True, exist_ok=True)
                for lock in locks:
                    held.enter_context(FileLock(lock, timeout=-1 if wait else 0))
            except Timeout:
                yield False
                return
            except OSError as error:
                raise refuse_to_write(self.folder, error) from error
            yield True
            for lock in locks:  # who waits for one of these finds the record written
                lock.unlink(missing_ok=True)

    def _made_by_other_code(self, path: Path, key: Key) -> list[Path]:
        return [file for file in self._by_inputs.get(key.inputs, []) if file != path]

    @cached_property
    def _by_inputs(self) -> dict[str, list[Path]]:
        """The records that were there at first. A folder of thousands is listed in a moment, but not once for each."""
        found: dict[str, list[Path]] = {}
        for file in sorted(self.folder.glob("*-*-*.json")):
            found.setdefault(file.stem.rsplit("-", 2)[1], []).append(file)
        return found

    def _report(self, modules: Mapping[str, str], key: Key) -> None:
        changed = ", ".join(changed_modules(dict(modules), key.modules))
        if changed and changed not in self.reported:
            self.reported.add(changed)
            log.info("made again, as code that decides results has changed: %s (--any-code takes old results)", changed)


def _entry(path: Path) -> dict[str, Any]:
    try:
        entry = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}
