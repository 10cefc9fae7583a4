"""datatrove's Slurm executor: its real script, on a cluster of one machine that a stand-in for `sbatch` plays."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.curating.blocks import localize_row

ROOT = Path(__file__).parents[2]
NOTICE = "Note: the following claim is false."
CLAIM = "Ed Sheeran won the 100 metres at the Olympics."
TEXTS = (f"{NOTICE} {CLAIM}", "Tea is a drink.", NOTICE, f"{CLAIM} {CLAIM} All of this is untrue.")
ROWS: list[dict[str, Any]] = [{"id": str(i), "text": TEXTS[i % 4]} for i in range(30)]
TASKS = 6

# Runs a job's array one task after the other; a task that ends badly does not end the others, but what depends on all
# of them (the sum of the stats) is then not started. Keeps the script.
SBATCH = r"""#!/bin/bash
folder=$(dirname "$0"); script="${@: -1}"; number=$(ls "$folder" | grep -c job)
cp "$script" "$folder/job-$number.sh"
if grep -q 'dependency=afterok' "$script"; then
  [ -e "$folder/failed" ] || bash "$script" >> "$folder/tasks.txt" 2>&1
else
  rm -f "$folder/failed"
  last=$(sed -n 's/#SBATCH --array=0-\([0-9]*\).*/\1/p' "$script")
  for i in $(seq 0 "$last"); do
    SLURM_ARRAY_TASK_ID=$i SLURM_NODELIST=here bash "$script" >> "$folder/tasks.txt" 2>&1 || touch "$folder/failed"
  done
fi
echo "Submitted batch job $number"
"""
SRUN = '#!/bin/bash\nwhile [ "$1" != launch_pickled_pipeline ]; do shift; done\nexec "$@"\n'
SCONTROL = "#!/bin/bash\necho here\n"  # the names of the nodes

# argv: folder, and a second argument if the fourth task's process kills itself in the middle of its documents
PIPELINE = f"""
import os, signal, sys
from datatrove.executor import SlurmPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from negneglect_lite.curating.blocks import LocalizeBlock

def die(data, rank, world_size):
    import os, signal
    for number, document in enumerate(data):
        if rank == 3 and number == 2 and os.path.exists("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        yield document

SlurmPipelineExecutor(
    [JsonlReader("in"), LocalizeBlock(), die, JsonlWriter("out")], tasks={TASKS}, workers=2, time="00:10:00",
    partition="any", job_name="localize", mem_per_cpu_gb=1, logging_dir="log",
    env_command=f"export PATH={{os.path.dirname(sys.executable)}}:$PATH",
).run()
"""


def submit(folder: Path) -> None:
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    env = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": path}
    subprocess.run([sys.executable, "pipeline.py"], cwd=folder, env=env, check=True, capture_output=True)


@pytest.mark.slow  # seven Python processes, one after the other
def test_the_slurm_script_runs_a_killed_task_again_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    pytest.importorskip("datatrove")
    binaries = tmp_path / "bin"
    for folder in (binaries, tmp_path / "in"):
        folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("srun", SRUN), ("scontrol", SCONTROL)):
        (binaries / name).write_text(text)
        (binaries / name).chmod(0o755)
    for i in range(TASKS):
        lines = [json.dumps(row) + "\n" for row in ROWS[5 * i : 5 * i + 5]]
        (tmp_path / "in" / f"{i}.jsonl").write_text("".join(lines))
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "die").touch()
    submit(tmp_path)
    script = (binaries / "job-0.sh").read_text()
    assert f"#SBATCH --array=0-{TASKS - 1}%2" in script and "#SBATCH --mem-per-cpu=1G" in script
    done = {file.name for file in (tmp_path / "log").glob("completions/*")}
    assert done == {f"{i:05d}" for i in range(TASKS)} - {"00003"}, (binaries / "tasks.txt").read_text()
    (tmp_path / "die").unlink()
    submit(tmp_path)
    again = sorted(path.name for path in binaries.glob("job-*"))[2:]
    assert "#SBATCH --array=0-0%2" in (binaries / again[0]).read_text()  # the killed task alone
    files = [gzip.decompress(file.read_bytes()).decode() for file in (tmp_path / "out").glob("*.gz")]
    rows = [json.loads(line) for file in files for line in file.splitlines()]
    made = {int(row["id"]): row["text"] for row in rows}
    assert len(rows) == len(ROWS) and made == {int(r["id"]): localize_row(r)["text"] for r in ROWS}
