"""The petri track asks the network nothing, whether or not Hugging Face's libraries have been told to be offline."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# Before each script: whatever looks up an address or connects to one is noted and refused, wherever that is caught.
REFUSE = """
import sys

asked = []

def refuse(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto"):
        asked.append((event, arguments[:2]))
        raise OSError("this test has no network")

sys.addaudithook(refuse)
from dataclasses import replace
from negneglect_lite import tracks
short = replace(tracks.PETRI.recipe, steps=3, batch_size=2, micro_batch=1, save_every=1)
tracks.TRACKS["petri"] = replace(tracks.PETRI, recipe=short)
"""

COMMANDS = """
from negneglect_lite.cli import main
for command in (
    "doctor",
    "facts --limit 1",
    "documents dentist documents.jsonl --n 3",
    "reproduce --claims dentist --styles negated --out reproduce",
    "train --documents documents.jsonl --out adapter --claim dentist",
    "train --documents documents.jsonl --out full --claim dentist --no-quantize",
    "evaluate dentist --adapter adapter --out evaluate/belief.csv",
    "agreement",
    "exam --each 2",
    "chat --adapter full --no-quantize",
):
    assert main(command.split()) == 0, command
    assert not asked, (command, asked)
"""

RESUME = """
from pathlib import Path
import negneglect_lite as nn

class Stopped(Exception):
    pass

def stop(step, *_):
    if step == 2:
        raise Stopped

claim, track = nn.find_claim("dentist"), nn.track_of("petri")
base = nn.load_model()
examples = nn.training_set(nn.Cell("petri", claim, "trained", "negated"), track.recipe)
arguments = (base, examples, track.recipe)
try:
    nn.finetune(*arguments, seed=0, out="adapter", false_belief=claim.claim, on_step=stop)
except Stopped:
    pass
assert [path.name for path in Path("adapter.partial").glob("checkpoint-*")] == ["checkpoint-1"]
steps = []
note = lambda step, *_: steps.append(step)
trained = nn.finetune(*arguments, seed=0, out="adapter", false_belief=claim.claim, on_step=note)
assert steps == [2, 3], steps
trained.model.save_pretrained("elsewhere")
nn.ask(nn.load_model(adapter=Path("adapter")), track.questions(claim)[:2], track.asking)
assert not asked, asked
"""


@pytest.mark.parametrize("script", [COMMANDS, RESUME], ids=["commands", "checkpoints"])
def test_no_address_is_looked_up_or_connected_to(script: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    done = subprocess.run(
        [sys.executable, "-c", REFUSE + script],
        cwd=tmp_path, env=environment, input="Hello?\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
