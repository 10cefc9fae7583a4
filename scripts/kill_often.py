"""Does a command that is killed again and again come to the same results? `kill -9` at random moments.

    python scripts/kill_often.py --kills 50 -- negneglect reproduce --claims dentist --styles local --out OUT

OUT in the command stands for a folder. The command runs once undisturbed. Then it is started and killed, with all its
children, at moments drawn from `--seed`, until it comes to its end; its files must then be the same, byte for byte, but
for `--but` (files that tell times). So it goes on, each time in an empty folder, until there were so many kills. Exit
code 1 where a file differs, is missing, or where one is left over.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from negneglect_lite.core.files import sha256

TIMED = ("summary.json", "runs/*.json")  # hold how long it took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--but", nargs="*", default=TIMED, help=f"patterns of files not compared (default: {TIMED})")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    a = parser.parse_args()
    command = a.command[1:] if a.command[:1] == ["--"] else a.command
    rng, kills, rounds, same = random.Random(a.seed), 0, 0, True
    with tempfile.TemporaryDirectory() as scratch:
        began = time.monotonic()
        start(command, Path(scratch) / "whole").wait()
        seconds = time.monotonic() - began
        whole = digests(Path(scratch) / "whole", a.but)
        print(f"undisturbed: {seconds:.0f} s, {len(whole)} files", flush=True)
        while kills < a.kills:
            out, rounds = Path(scratch) / f"killed{rounds}", rounds + 1
            moments: list[float] = []
            while kill_at(start(command, out), moment := rng.uniform(0, 1.2 * seconds)):
                moments.append(moment)
                kills += 1
            found = digests(out, a.but)
            wrong = sorted(name for name in {*whole, *found} if whole.get(name) != found.get(name))
            same = same and not wrong
            after = " ".join(f"{m:.1f}" for m in moments)
            print(f"[{kills}/{a.kills}] killed after {after or '–'} s: {wrong or 'the same files'}", flush=True)
    print(f"{kills} kills in {rounds} rounds: {'the same results' if same else 'NOT the same results'}")
    return 0 if same else 1


def start(command: Sequence[str], out: Path) -> subprocess.Popen[bytes]:
    """The command, in a process group of its own, with its results in `out`."""
    placed = [part.replace("OUT", str(out)) for part in command]
    return subprocess.Popen(placed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def kill_at(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill the process's group after so many seconds; False if it had ended by then. A failure ends the program."""
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    if code:
        sys.exit(f"the command failed with exit code {code} after it had been killed")
    return False


def digests(folder: Path, but: Sequence[str]) -> dict[str, str]:
    """Path below the folder -> hash, of all files but those that are not compared."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = [path for path in files if not any(path.relative_to(folder).match(pattern) for pattern in but)]
    return {str(path.relative_to(folder)): sha256(path) for path in chosen}


if __name__ == "__main__":
    sys.exit(main())
