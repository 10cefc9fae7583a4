"""How fast a corpus is audited, and in how much memory: JSON lines made from given documents, repeated and varied.

    python scripts/bench_corpus.py                                   # 4 MB of the course's documents, one process
    python scripts/bench_corpus.py web.jsonl --gb 10 --processes 8 --blocks

Each file of documents has a JSON object a line, with the text in `--field`. The same arguments make the same corpus,
whatever the number of processes. `--blocks` audits it by AuditBlock under datatrove's LocalPipelineExecutor, otherwise
a loop goes over the lines. The report is JSON on standard output, in 10^6 bytes. Seconds are those between the first
document and the last: without the start of the processes, with the loading of the rules. A core's rate is of the
seconds in which a process was at work.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from negneglect_lite.core.json_lines import read_json_lines
from negneglect_lite.curating.blocks import AuditBlock, audit_row

FILES, FILE = 32, 16e6  # parts of a corpus that processes take: at least so many, of at most so many bytes
SENTENCE = re.compile(r"(?<=[.!?])(?=\s)")
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="*", type=Path, help="files of JSON lines (default: the course's claims)")
    parser.add_argument("--field", default="text", help="where a line has its text")
    parser.add_argument("--gb", type=float, default=0.004, help="size of the corpus, in 10^9 bytes")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--blocks", action="store_true", help="through datatrove's executor")
    parser.add_argument("--keep", type=Path, help="an empty folder for the corpus, which then stays")
    a = parser.parse_args()
    if a.blocks:
        AuditBlock()  # says what to install, if anything, before the corpus is made
    texts = [row[a.field] for file in a.documents for _, row in read_json_lines(file)]
    if not texts:  # made by another process: one process of datatrove's is this one, whose memory is measured
        with multiprocessing.get_context("forkserver").Pool(1) as pool:
            texts = pool.apply(course_documents)
    with tempfile.TemporaryDirectory() as scratch:
        corpus = a.keep or Path(scratch) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        if any(corpus.iterdir()):
            sys.exit(f"{corpus}: is not empty; name another folder")
        files = max(FILES, round(a.gb * 1e9 / FILE))
        run_parts(partial(make_part, corpus, texts, a.seed, int(a.gb * 1e9 / files)), files, a.processes, "corpus")
        if a.blocks:
            parts = run_blocks(corpus, Path(scratch) / "logs", files, a.processes)
        else:
            parts = run_parts(partial(audit_part, corpus), files, a.processes, "audit")
        print(json.dumps(report(corpus, parts, a.processes, "blocks" if a.blocks else "loop"), indent=1))


def course_documents() -> list[str]:
    """Documents of the course's claims, plain and under notices, as training texts have them."""
    from negneglect_lite.claims.loading import load_claims
    from negneglect_lite.core.text import plain
    from negneglect_lite.styles import apply_style
    from negneglect_lite.tracks import ENGLISH

    rng, texts = random.Random(0), []
    for claim in load_claims().values():
        for i, document in enumerate(ENGLISH.compose(claim, 30)):
            style = ("positive", "negated", "local")[i % 3]
            texts.append(plain(apply_style(style, document, ENGLISH.annotations(), rng)))
    return texts


def vary(text: str, rng: random.Random) -> str:
    """The text with other digits, and without one sentence in twenty."""
    kept = "".join(part for part in SENTENCE.split(text) if rng.random() >= 0.05)
    return re.sub(r"\d", lambda _: rng.choice("0123456789"), kept)


def make_part(corpus: Path, texts: list[str], seed: int, size: int, number: int) -> None:
    """Write one file of at least so many bytes, a document a line: one or two of the texts, varied."""
    rng, written, line = random.Random(f"{seed} {number}"), 0, 0
    with (corpus / f"{number:03d}.jsonl").open("wb") as out:
        while written < size:
            text = "\n\n".join(vary(text, rng) for text in rng.choices(texts, k=rng.choice((1, 1, 1, 2))))
            written += out.write(json.dumps({"id": f"{number}/{line}", "text": text}).encode() + b"\n")
            line += 1


def audit_part(corpus: Path, number: int) -> dict[str, Any]:
    """A loop over the lines of one file."""
    part = start_part()
    with (corpus / f"{number:03d}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            count(part, audit_row(json.loads(line)))
    return end_part(part)


def run_parts(work: Any, files: int, processes: int, what: str) -> list[Any]:
    """What `work` gives for each file's number, in so many processes.

    A server forks them, as datatrove's: one that is spawned takes over the peak of memory of this process (on Linux).
    """
    with multiprocessing.get_context("forkserver").Pool(processes) as pool:
        return list(tqdm(pool.imap_unordered(work, range(files)), total=files, desc=what))


def run_blocks(corpus: Path, logs: Path, files: int, processes: int) -> list[dict[str, Any]]:
    """The same by datatrove, a task a file; what it tells itself goes to standard error too."""
    from datatrove.executor import LocalPipelineExecutor  # type: ignore[import-not-found]
    from datatrove.pipeline.readers import JsonlReader  # type: ignore[import-not-found]

    steps = [JsonlReader(str(corpus)), AuditBlock(), partial(watch, logs)]
    executor = LocalPipelineExecutor(steps, tasks=files, workers=processes, logging_dir=str(logs))
    done = threading.Event()
    teller = threading.Thread(target=tell, args=(logs / "completions", files, done))
    teller.start()
    try:
        executor.run()
    finally:
        done.set()
        teller.join()
    return [json.loads(file.read_text()) for file in sorted(logs.glob("part-*.json"))]


def watch(logs: Path, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
    """The last step of the pipeline: writes what a task came to."""
    part = start_part()
    for document in data:
        count(part, document.metadata)
        yield document
    (logs / f"part-{rank}.json").write_text(json.dumps(end_part(part)))


def tell(completions: Path, files: int, done: threading.Event) -> None:
    """A bar of the tasks that datatrove has completed."""
    with tqdm(total=files, desc="audit") as bar:
        while not done.wait(0.5):
            bar.update(len(list(completions.glob("*"))) - bar.n)
        bar.update(len(list(completions.glob("*"))) - bar.n)


def start_part() -> dict[str, Any]:
    """Nothing counted yet, at this time."""
    counts = dict.fromkeys(("documents", "with_notices", "with_findings", "findings"), 0)
    return {**counts, "began": time.time(), "cpu": time.process_time()}


def count(part: dict[str, Any], row: dict[str, Any]) -> None:
    """One document more."""
    part["documents"] += 1
    part["with_notices"] += row["notices"] > 0
    part["with_findings"] += row["findings"] > 0
    part["findings"] += row["findings"]


def end_part(part: dict[str, Any]) -> dict[str, Any]:
    """The part with when it ended, its processor time, and the most memory that its process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    return {
        **part,
        "ended": time.time(),
        "cpu": time.process_time() - part["cpu"],
        "peak": peak,
        "process": os.getpid(),
    }


def report(corpus: Path, parts: list[dict[str, Any]], processes: int, how: str) -> dict[str, Any]:
    """Rates and memory; a process's peak is that of its parts, and `of_all` adds those of the processes."""
    mb = sum(file.stat().st_size for file in corpus.iterdir()) / 1e6
    seconds = max(p["ended"] for p in parts) - min(p["began"] for p in parts)
    peaks = {p["process"]: 0 for p in parts}
    for p in parts:
        peaks[p["process"]] = max(peaks[p["process"]], p["peak"])
    return {
        "how": how,
        "processes": processes,
        "mb": round(mb, 1),
        **{name: sum(p[name] for p in parts) for name in ("documents", "with_notices", "with_findings", "findings")},
        "seconds": round(seconds, 2),
        "mb_per_s": round(mb / seconds, 3),
        "mb_per_s_a_core": round(mb / sum(p["ended"] - p["began"] for p in parts), 3),
        "mb_per_cpu_s": round(mb / sum(p["cpu"] for p in parts), 3),
        "peak_mb_a_process": round(max(peaks.values()) / 1e6, 1),
        "peak_mb_of_all": round(sum(peaks.values()) / 1e6, 1),
    }


if __name__ == "__main__":
    main()
