"""The audit and the rewriting as steps of the pipelines that people run: datasets, Ray Data, datatrove.

    dataset.map(audit_row)                                     # datasets.Dataset, with any num_proc
    ray.data.read_json("corpus").map(localize_row)             # Ray Data
    steps = [JsonlReader("corpus"), LocalizeBlock(), JsonlWriter("out")]
    LocalPipelineExecutor(steps, tasks=8, logging_dir="log").run()             # datatrove

| column     | what it holds                                                                     |
|------------|-----------------------------------------------------------------------------------|
| `notices`  | how many notices stand in the text, as it came                                    |
| `findings` | how many of its sentences state as a fact what a notice covers                    |
| `risk`     | what a model trained on the text, as it came, would learn, in words               |
| `changes`  | how many places the rewriting changed (not after an audit alone)                  |

In datatrove they are a document's metadata; a run that was killed goes on when it is started again with the same
`logging_dir`. datasets keeps what `map` made under the name of the function: after an update of this package, give it
`load_from_cache_file=False`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.schema import shorten
from negneglect_lite.curating.findings import Audited

try:
    from datatrove.pipeline.base import PipelineStep  # type: ignore[import-not-found]
except ImportError:

    class PipelineStep:  # type: ignore[no-redef]
        """In the place of datatrove's, where that is not installed."""

        def __new__(cls, *_: Any, **__: Any) -> Any:
            raise UserError(f"{cls.__name__} needs the datatrove package: pip install 'negneglect_lite[pipelines]'")


def audit_row(row: Mapping[str, Any], field: str = "text") -> dict[str, Any]:
    """The row with what the audit found in its text. A text of None has nothing; UserError where there is none."""
    from negneglect_lite.curating.audit import audit_text

    return {**row, **_columns(audit_text(_text(row, field)))}


def localize_row(row: Mapping[str, Any], field: str = "text") -> dict[str, Any]:
    """The row with its text rewritten, and with what was found and changed. For the rest as `audit_row`."""
    from negneglect_lite.curating.localize import localize_text

    new = localize_text(_text(row, field))
    text = {} if row[field] is None else {field: new.text}
    return {**row, **text, **_columns(new.found), "changes": len(new.changes)}


class AuditBlock(PipelineStep):
    """A datatrove step that writes what the audit found into each document's metadata, and keeps all documents.

    Its stats count the documents (`total`, `with_notices`, `with_findings`) and sum the notices and findings.
    """

    name = "audit"
    type = "🔎 - NEGATION NEGLECT"

    def treat(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with `text` -> the row with the columns that become metadata."""
        return audit_row(row)

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """The documents, each with its metadata set."""
        for document in data:
            with self.track_time():
                row = self.treat({"text": document.text})
            document.text = row.pop("text")
            document.metadata.update(row)
            self.stat_update("total")
            for name, count in row.items():
                if name != "risk":
                    self.stat_update(name, value=count)
                    if count:
                        self.stat_update(f"with_{name}")
            self.update_doc_stats(document)
            yield document


class LocalizeBlock(AuditBlock):
    """A datatrove step that rewrites each document's text; for the rest as AuditBlock.

    Its stats tell besides how many documents were changed (`with_changes`).
    """

    name = "localize"

    def treat(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """As AuditBlock's, with the text rewritten."""
        return localize_row(row)


def _text(row: Mapping[str, Any], field: str) -> str:
    if field not in row:
        raise UserError(f"a row has no column {field!r} but {shorten(list(row))}; name the one with its text: field=…")
    text = row[field]
    if text is not None and not isinstance(text, str):
        raise UserError(f"column {field!r} holds {shorten(text)}, not a text; name the one with its text: field=…")
    return text or ""


def _columns(audited: Audited) -> dict[str, Any]:
    return {"notices": len(audited.notices), "findings": len(audited.findings), "risk": audited.risk}
