"""A whole corpus: audited, or localized. Streams, with progress; what cannot be read is told by file and place.

tally = audit_corpus(Path("corpus"), Path("audit"))
localize_corpus(Path("corpus"), Path("clean"))
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Literal

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.progress import show_bar
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.corpus import Bad, Entry, list_corpus, read_corpus, rewrite_corpus
from negneglect_lite.curating.findings import Audited
from negneglect_lite.curating.findings_table import FindingsFile, Found, finding_rows
from negneglect_lite.curating.localize import Else, Localized, localize_text
from negneglect_lite.curating.reader import Read
from negneglect_lite.curating.records import EntryOrBad
from negneglect_lite.curating.report import Tally, write_html
from negneglect_lite.curating.rewriting import Deny

Words = Sequence[re.Pattern[str]]
READ_AT_ONCE = 256  # documents that go to a reader together


def read_words(path: Path) -> Words:
    """The patterns of a claims file: a YAML mapping from a claim's name to the words or patterns that speak of it.

    UserError with the line for what is no pattern.
    """
    found = []
    for name, words in read_yaml(path, dict[str, list[str]]).items():
        for word in words:
            try:
                found.append(re.compile(word, re.IGNORECASE))
            except re.error as error:
                raise UserError(f"{path}: {name}: {word!r} is no pattern ({error}); correct it") from None
    if not found:
        raise UserError(f"{path}: names no claim; give it at least one, as in `vaccine: ['vaccin', 'jab']`")
    return found


def audit_corpus(
    path: Path,
    out: Path,
    field: str = "text",
    about: Words = (),
    on_bad: Literal["skip", "refuse"] = "skip",
    table: str = "findings.csv",
    read: Read | None = None,
) -> Tally:
    """Audit every document, write OUT/findings.csv (or .csv.gz, .parquet) and OUT/audit.html, and return the counts.

    By the rules, or by `read` (reader.py), READ_AT_ONCE documents at a time. UserError if the corpus cannot be found,
    OUT cannot be written, or with `refuse` for the first unreadable document.
    """
    tally = Tally()
    items = read_corpus(path, field)

    def audit(texts: Sequence[str]) -> list[Audited]:
        if read is None:
            return [audit_text(text, about) for text in texts]
        return [_only(found, text, about) for found, text in zip(read(texts), texts, strict=True)]

    with FindingsFile(out / table) as rows, show_bar(_bytes(path), "bytes") as bar:
        for batch in _in_batches(items, READ_AT_ONCE if read else 1):
            said = iter(audit([item.text for item in batch if isinstance(item, Entry)]))
            for item in batch:
                if isinstance(item, Bad):
                    refuse_bad(item, on_bad)
                    tally.add_bad(str(item.file), item.place, item.reason)
                    continue
                audited = next(said)
                tally.add(str(item.file), item.place, item.text, audited)
                rows.write(finding_rows(str(item.file), item.place, item.text, audited))
                bar.update(len(item.text))
    write_html(out / "audit.html", tally, f"Audit of {path.name}", str(out / table) if read else "")
    return tally


def localize_corpus(
    path: Path,
    out: Path,
    field: str = "text",
    about: Words = (),
    otherwise: Else = "drop",
    on_bad: Literal["skip", "keep", "refuse"] = "skip",
    deny: Deny | None = None,
    told: Callable[[Entry, Localized], object] = lambda entry, localized: None,
    found: Mapping[tuple[str, str], Found] | None = None,
) -> dict[str, int]:
    """Write the corpus anew to `out` with its findings denied, or `otherwise`; how many changes of each sort.

    With `found` (findings_table.py), these findings are rewritten, and no audit is made. UserError for one of them
    whose document is not in the corpus.
    `told` is called with every document that was changed. What is unchanged keeps its bytes (corpus.py), and a call
    that was killed goes on.
    """
    counts = {"documents": 0, "changed": 0, "unreadable": 0}
    waiting: set[tuple[str, str]] = set()  # documents with findings that are still to be read
    if found:
        files, pending = ({str(file) for file in list_corpus(path, done)} for done in (None, out))
        if strange := sorted({file for file, _ in found} - files):
            raise UserError(
                f"{strange[0]}: has findings in the table and is not in {path}; name the corpus as for its audit"
            )
        waiting = {key for key in found if key[0] in pending}

    def change(entry: Entry) -> str:
        audited = None
        if found is not None:
            key = str(entry.file), entry.place
            waiting.discard(key)
            audited = found[key].audited(entry.text) if key in found else Audited()
        localized = localize_text(entry.text, otherwise, deny, about, audited)
        if localized.changes:
            counts["changed"] += 1
            told(entry, localized)
        for one in localized.changes:
            counts[one.how] = counts.get(one.how, 0) + 1
        return localized.text

    with show_bar(_bytes(path), "bytes") as bar:
        for item in rewrite_corpus(path, out, change, field, on_bad):
            counts["unreadable" if isinstance(item, Bad) else "documents"] += 1
            bar.update(len(item.text) if isinstance(item, Entry) else 0)
    if waiting:
        file, place = min(waiting)
        raise UserError(f"{file}, {place}: has findings in the table and was not there to read; audit {path} anew")
    return counts


def _only(audited: Audited, text: str, about: Words) -> Audited:
    """With `about`, only the findings in which one of these patterns is found."""
    if not about:
        return audited
    kept = (f for f in audited.findings if any(pattern.search(text[f.start : f.end]) for pattern in about))
    return replace(audited, findings=tuple(kept))


def _in_batches(items: Iterable[EntryOrBad], size: int) -> Iterator[list[EntryOrBad]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def refuse_bad(item: Bad, on_bad: str) -> None:
    """UserError for an unreadable document, if that is what is asked for."""
    if on_bad == "refuse":
        raise UserError(f"{item.where}: {item.reason}; correct it, or leave out --refuse")


def _bytes(path: Path) -> int:
    """Bytes on disk, for the bar: of packed files fewer than what is read."""
    return path.stat().st_size if path.is_file() else sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
