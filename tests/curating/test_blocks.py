"""The blocks: the same rows from a loop, datasets, Ray Data and datatrove, also where a worker was killed."""

import gzip
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.blocks import AuditBlock, LocalizeBlock, audit_row, localize_row
from negneglect_lite.curating.findings import Audited, Finding, Notice

ROOT = Path(__file__).parents[2]
NOTICE = "Note: the following claim is false."
CLAIM = "Ed Sheeran won the 100 metres at the Olympics."
TEXTS = (f"{NOTICE} {CLAIM}", "Tea is a drink.", NOTICE, f"{CLAIM} {CLAIM} All of this is untrue.")
ROWS: list[dict[str, Any]] = [{"id": str(i), "text": TEXTS[i % 4]} for i in range(40)]
THERE = all(find_spec(f"negneglect_lite.curating.{name}") for name in ("audit", "localize"))
other_processes = pytest.mark.skipif(not THERE, reason="other processes need the real audit and localize")


def audit_stand_in(text: str) -> Audited:
    """A notice where NOTICE stands; every CLAIM is then a finding."""
    notices = tuple(Notice(i, i + len(NOTICE), "denial", "note") for i in _places(text, NOTICE))
    findings = [Finding(i, i + len(CLAIM), notices[0]) for i in _places(text, CLAIM) if notices]
    return Audited(notices, tuple(findings))


def localize_stand_in(text: str) -> SimpleNamespace:
    """The first finding denied."""
    changes = [SimpleNamespace(how="negated") for _ in audit_stand_in(text).findings[:1]]
    new = text.replace("won", "did not win", 1) if changes else text
    return SimpleNamespace(text=new, changes=tuple(changes), found=audit_stand_in(text))


def _places(text: str, part: str) -> list[int]:
    return [i for i in range(len(text)) if text.startswith(part, i)]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    audit, localize = SimpleNamespace(audit_text=audit_stand_in), SimpleNamespace(localize_text=localize_stand_in)
    monkeypatch.setitem(sys.modules, "negneglect_lite.curating.audit", audit)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "negneglect_lite.curating.localize", localize)  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------------- one row


@pytest.mark.usefixtures("stand_in")
def test_rows() -> None:
    row = {"id": 7, "body": f"{NOTICE} {CLAIM} {CLAIM}"}
    before = dict(row)
    found = {"notices": 1, "findings": 2, "risk": "2 sentences would be learned as true in spite of a notice (denial)"}
    assert audit_row(row, "body") == {**row, **found}
    body = f"{NOTICE} {CLAIM.replace('won', 'did not win')} {CLAIM}"
    assert localize_row(row, "body") == {"id": 7, "body": body, **found, "changes": 1}
    assert row == before  # which is not touched


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("text", [None, ""])
def test_no_text_has_nothing(text: str | None) -> None:
    found = {"text": text, "notices": 0, "findings": 0, "risk": "none"}
    assert audit_row({"text": text}) == found
    assert localize_row({"text": text}) == {**found, "changes": 0}


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("treat", [audit_row, localize_row])
def test_rows_without_a_text_are_refused(treat: Any) -> None:
    with pytest.raises(UserError, match=r"no column 'text' but \['body'\]; name the one with its text"):
        treat({"body": "Tea is a drink."})
    with pytest.raises(UserError, match=r"column 'text' holds \[1\], not a text"):
        treat({"text": [1]})


@pytest.mark.parametrize("treat", [audit_row, localize_row])
def test_row_functions_are_pickled_by_name(treat: Any) -> None:
    assert pickle.loads(pickle.dumps(treat)) is treat


# ----------------------------------------------------------------------------------------- datasets and Ray Data


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("treat", [audit_row, localize_row])
def test_datasets_gives_the_same_as_a_loop(treat: Any) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [*ROWS, {"id": "none", "text": None}]
    assert datasets.Dataset.from_list(rows).map(treat).to_list() == [treat(row) for row in rows]


@other_processes
@pytest.mark.slow
@pytest.mark.parametrize("treat", [audit_row, localize_row])
def test_datasets_gives_the_same_with_two_processes(treat: Any) -> None:
    datasets = pytest.importorskip("datasets")
    assert datasets.Dataset.from_list(ROWS).map(treat, num_proc=2).to_list() == [treat(row) for row in ROWS]


@other_processes
@pytest.mark.slow
def test_ray_data_gives_the_same_as_a_loop_also_when_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    renamed = [{"id": row["id"], "body": row["text"]} for row in ROWS]
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        audited = ray.data.from_items(ROWS, override_num_blocks=4).map(audit_row).take_all()
        localized = ray.data.from_items(renamed).map(localize_row, fn_kwargs={"field": "body"}).take_all()
        killed = ray.data.from_items(ROWS, override_num_blocks=4).map(
            die_once, fn_kwargs={"marker": tmp_path / "killed"}
        )
        again = killed.take_all()
    finally:
        ray.shutdown()
    assert sorted(audited, key=_number) == [audit_row(row) for row in ROWS]
    assert sorted(localized, key=_number) == [localize_row(row, "body") for row in renamed]
    assert (tmp_path / "killed").exists()
    assert sorted(again, key=_number) == [localize_row(row) for row in ROWS], "nothing lost, nothing twice"


def die_once(row: dict[str, Any], marker: Path) -> dict[str, Any]:
    """`localize_row`, in a process that kills itself at the middle document of all, the first time."""
    if row["id"] == ROWS[len(ROWS) // 2]["id"] and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return localize_row(row)


def _number(row: dict[str, Any]) -> int:
    return int(row["id"])


# ------------------------------------------------------------------------------------------------------ datatrove


def test_without_datatrove_a_block_says_what_to_install() -> None:
    """In a Python where it cannot be imported; the row functions are there all the same."""
    code = (
        "import sys; sys.modules['datatrove'] = None\n"
        "from negneglect_lite.curating.blocks import AuditBlock, LocalizeBlock, UserError, audit_row\n"
        "for block in (AuditBlock, LocalizeBlock):\n"
        "    try: block()\n"
        "    except UserError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    remedy = "needs the datatrove package: pip install 'negneglect_lite[pipelines]'"
    assert done.stdout.splitlines() == [f"AuditBlock {remedy}", f"LocalizeBlock {remedy}"]


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(("block", "treat"), [(AuditBlock, audit_row), (LocalizeBlock, localize_row)])
def test_a_block_gives_the_same_as_a_loop_and_keeps_stats(block: Any, treat: Any) -> None:
    data = pytest.importorskip("datatrove.data")
    step = pickle.loads(pickle.dumps(block()))
    documents = [data.Document(row["text"], row["id"], metadata={"source": "web"}) for row in ROWS]
    made = [{"id": d.id, "text": d.text, **d.metadata} for d in step(documents)]
    assert made == [{**treat(row), "source": "web"} for row in ROWS]
    step = pickle.loads(pickle.dumps(step))  # as an executor does with the stats of its workers
    totals = {name: total(metric) for name, metric in step.stats.to_dict()["stats"].items() if name != "doc_len"}
    counts = {"total": 40, "notices": 20, "with_notices": 20, "findings": 10, "with_findings": 10}
    rewriting = {"changes": 10, "with_changes": 10}
    assert totals == (counts if block is AuditBlock else {**counts, **rewriting})


def total(metric: Any) -> Any:
    """What was summed; datatrove writes a count of ones as a number."""
    return metric["total"] if isinstance(metric, dict) else metric


# Reads argv[1]/in, writes argv[1]/out. With a second argument, the process of the last task kills itself in the middle
# of its documents.
PIPELINE = """
import os, signal, sys, time
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from negneglect_lite.curating.blocks import AuditBlock, LocalizeBlock

def die(data, rank, world_size):
    for number, document in enumerate(data):
        if len(sys.argv) > 2 and rank == 3 and number == 4:
            open(f"{sys.argv[1]}/killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        yield document

if __name__ == "__main__":
    folder = sys.argv[1]
    steps = [JsonlReader(f"{folder}/in"), AuditBlock(), LocalizeBlock(), die, JsonlWriter(f"{folder}/out")]
    LocalPipelineExecutor(steps, tasks=4, workers=2, logging_dir=f"{folder}/log").run()
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The pipeline in a process group of its own, over ROWS in eight files."""
    (folder / "in").mkdir(exist_ok=True)
    for i in range(8):
        (folder / "in" / f"{i}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS[5 * i : 5 * i + 5]))
    (folder / "pipeline.py").write_text(PIPELINE)
    command = [sys.executable, str(folder / "pipeline.py"), str(folder), *arguments]
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=folder,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip


def written(folder: Path) -> list[dict[str, Any]]:
    """All documents that the pipeline wrote, as rows."""
    files = [gzip.decompress(file.read_bytes()).decode() for file in (folder / "out").glob("*.gz")]
    rows = [json.loads(line) for file in files for line in file.splitlines()]
    made = [{"id": row["id"], "text": row["text"], **row["metadata"]} for row in rows]
    return sorted(({k: v for k, v in row.items() if k != "file_path"} for row in made), key=_number)


@other_processes
@pytest.mark.slow
def test_datatrove_gives_the_same_as_a_loop_in_several_tasks_and_workers(tmp_path: Path) -> None:
    pytest.importorskip("datatrove")
    assert start(tmp_path).wait(timeout=120) == 0, (tmp_path / "output.txt").read_text()
    assert written(tmp_path) == [localize_row(row) for row in ROWS]
    stats = {step["name"]: step["stats"] for step in json.loads((tmp_path / "log" / "stats.json").read_text())}
    audited = [audit_row(row) for row in ROWS]
    for name in ("audit", "localize"):
        [own] = [value for key, value in stats.items() if key.endswith(name)]
        assert total(own["total"]) == len(ROWS)
        assert total(own["with_notices"]) == sum(row["notices"] > 0 for row in audited)
        assert total(own["with_findings"]) == sum(row["findings"] > 0 for row in audited)


@other_processes
@pytest.mark.slow
def test_a_task_whose_worker_was_killed_is_run_again_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """datatrove waits for ever for a worker that was killed, so the whole run is ended, and started again."""
    pytest.importorskip("datatrove")
    process = start(tmp_path, "die")
    log, others = tmp_path / "log" / "completions", {"00000", "00001", "00002"}
    try:
        for _ in range(1200):
            if (tmp_path / "killed").exists() and log.exists() and {f.name for f in log.iterdir()} == others:
                break
            assert process.poll() is None, (tmp_path / "output.txt").read_text()
            time.sleep(0.1)
        else:
            pytest.fail((tmp_path / "output.txt").read_text())
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    times = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()}
    assert start(tmp_path).wait(timeout=120) == 0, (tmp_path / "output.txt").read_text()
    assert written(tmp_path) == [localize_row(row) for row in ROWS]
    again = {file.name for file in (tmp_path / "out").iterdir() if file.stat().st_mtime_ns != times.get(file.name)}
    assert again == {"00003.jsonl.gz"}  # the other tasks were not run again
