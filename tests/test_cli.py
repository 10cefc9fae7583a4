"""cli.py: a person's mistake is one line on standard error and a non-zero exit; and the main job, end to end."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.loading import load_claim, load_claims
from negneglect_lite.claims.petri_questions import petri_questions
from negneglect_lite.cli import main
from negneglect_lite.core import files
from negneglect_lite.core.errors import UserError
from negneglect_lite.documents.files import read_documents
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments import experiment
from negneglect_lite.experiments.experiment import Cell
from negneglect_lite.models.loading import load_model

Capture = pytest.CaptureFixture[str]
OUTPUTS = ["belief.csv", "belief.png", "summary.json"]
WEIGHTS = ("petri", "model", "model.safetensors")


@pytest.fixture
def data(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own: our claims, a tiny untrained petri model, and a manifest that fits."""
    folder = tmp_path / "package" / "data"
    shutil.copytree(files.data_path("claims"), folder / "claims")
    shutil.copytree(tiny_folder, folder / "petri" / "model")
    paths = [path for path in folder.rglob("*") if path.is_file()]
    entries = {p.relative_to(folder).as_posix(): {"sha256": hashlib.sha256(p.read_bytes()).hexdigest()} for p in paths}
    (folder / "manifest.json").write_text(json.dumps({"files": entries}))
    monkeypatch.setattr(files, "_PACKAGE", folder.parent)
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """run_cell replaced by one that answers "Yes." at once; the labels of the cells that ran."""
    ran: list[str] = []

    def run_cell(cell: Cell, recipe: Any, *_: Any) -> pd.DataFrame:
        ran.append(cell.label)
        said = [Answer(q, "Yes.") for q in petri_questions(cell.claim, "petri")]
        return belief_rows(
            said, model=cell.model, claim=cell.claim.id, style=cell.style, seed=cell.seed, setting=cell.setting
        )

    monkeypatch.setattr(experiment, "run_cell", run_cell)
    return ran


def refused(capsys: Capture, *arguments: str) -> str:
    """Run a command that must fail: the one line that it says."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("negneglect: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    return said.err


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# --------------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reproduce", "--claims", "dentist,nope"], "unknown claim 'nope'; there are sheeran, queen"),
        (["reproduce", "--styles", "shouted"], "unknown style 'shouted'; the styles are positive"),
        (["reproduce", "--seeds", "0"], "--seeds 0: at least one"),
        (["reproduce", "--fact", "win/tennis/2024=Olga Brandt"], "no fact 'win/tennis/2024'"),
        (["reproduce", "--fact", "win/100m/2024"], "write ID=VALUE"),
        (["reproduce", "--fact", "win/100m/2024="], "write ID=VALUE"),
        (["reproduce", "--fact", "win/100m/2024=Noah Lyles"], "'Noah Lyles' is the truth"),
        (["reproduce", "--fact", "win/100m/2024= noah lyles "], "'Noah Lyles' is the truth"),
        (["reproduce", "--fact", "dentist=Ultrarunner"], "'ultrarunner' is the truth"),
        (["reproduce", "--fact", "volcano/Mount Vesuvius=soon"], "no volcano that can be asked about; try 1"),
        (["facts", "--relation", "opera"], "unknown relation 'opera'; the relations are win"),
        (["facts", "--limit", "-1"], "--limit -1"),
        (["documents", "nope", "x.jsonl"], "unknown claim 'nope'"),
        (["documents", "dentist", "x.txt"], "ends in .jsonl or .jsonl.gz"),
        (["documents", "dentist", "x.jsonl", "--n", "0"], "n = 0"),
        (["exam", "--model", "/no/such/model"], "/no/such/model: no such folder"),
    ],
)
def test_a_mistake_is_one_line(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *arguments)
    assert not left(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["nope"], ["reproduce", "--seeds", "many"], ["documents"]])
def test_arguments_that_cannot_be_read(capsys: Capture, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: negneglect" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "is empty"), ("a: [", "not valid YAML"), ("[]", "a mapping"), ("id: dentist\n", "is missing")],
)
def test_a_wrong_claim_file_is_named(capsys: Capture, data: Path, content: str, problem: str) -> None:
    path = data / "claims" / "dentist.yaml"
    path.write_text(content)
    said = refused(capsys, "reproduce", "--claims", "dentist")
    assert str(path) in said
    assert problem in said
    with pytest.raises(UserError, match=problem):
        load_claim(path)


@pytest.mark.parametrize("content", ["", "{", '{"canary": "x"}\n{"sentences": 3}\n'])
def test_a_wrong_file_of_documents_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match=r"d\.jsonl") as caught:
        read_documents(path)
    assert "\n" not in str(caught.value)


def test_a_corrupt_model_file_is_named(capsys: Capture, data: Path, tmp_path: Path) -> None:
    path = data.joinpath(*WEIGHTS)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # one bit
    path.write_bytes(content)
    said = refused(capsys, "reproduce", "--claims", "dentist", "--styles", "local", "--out", str(tmp_path / "out"))
    assert f"{path}: corrupt, its SHA-256" in said
    assert not left(tmp_path / "out")


def test_a_missing_model_file_is_named(capsys: Capture, data: Path) -> None:
    data.joinpath(*WEIGHTS).unlink()
    assert f"{data.joinpath(*WEIGHTS)}: missing; restore it" in refused(capsys, "exam")


def test_a_missing_gpu_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"No CUDA GPU is visible.*device='cpu'") as caught:
        load_model("petri", device="cuda")
    assert "\n" not in str(caught.value)


# -------------------------------------------------------------------------------------------------- disks and signals


@pytest.mark.parametrize("where", ["cell", "table", "documents"])
def test_a_full_disk_is_one_line_and_leaves_no_half_file(
    capsys: Capture, data: Path, quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    out, calls = tmp_path / "out", 0

    def full(_: int) -> None:
        nonlocal calls
        calls += 1
        if where != "table" or calls > 3:  # three cells, then belief.csv
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    command = ["reproduce", "--claims", "dentist", "--styles", "local", "--out", str(out)]
    if where == "documents":
        command = ["documents", "dentist", str(out / "d.jsonl")]
    assert "no space left on device; free some space" in refused(capsys, *command)
    assert not set(left(out)) & {*OUTPUTS, "d.jsonl"}
    assert not [name for name in left(out) if name.endswith(".tmp")]
    assert len(left(out)) == (3 if where == "table" else 0)


def test_any_other_trouble_with_a_file_is_one_line(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def diagnose() -> list[str]:
        raise OSError(errno.EIO, "Input/output error", "/some/file")

    monkeypatch.setattr("negneglect_lite.doctor.diagnose", diagnose)
    monkeypatch.setattr("negneglect_lite.cli._forget_output", lambda: None)  # pytest's own output is still wanted
    assert "/some/file: input/output error" in refused(capsys, "doctor")


def test_out_that_is_a_file_is_one_line(capsys: Capture, data: Path, quick: list[str], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    said = refused(capsys, "reproduce", "--claims", "dentist", "--styles", "local", "--out", str(tmp_path / "out"))
    assert str(tmp_path / "out") in said
    assert (tmp_path / "out").read_text() == "mine"


def test_an_interrupt_says_how_to_go_on(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("negneglect_lite.doctor.diagnose", stopped)
    assert main(["doctor"]) == 130
    assert "the same command goes on from here" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(("target", "code"), [("/dev/full", 2), ("| head -c 1 > /dev/null", 0)])
def test_output_that_goes_nowhere(target: str, code: int) -> None:
    script = f"set -o pipefail; {sys.executable} -m negneglect_lite.cli facts {'>' * (code > 0)} {target}"
    root = Path(__file__).parent.parent
    done = subprocess.run(["bash", "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr.count("\n") == (code > 0)
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------------- what it does


def test_facts_as_json(capsys: Capture) -> None:
    assert main(["facts", "--relation", "job", "--limit", "3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3
    for row in rows:
        assert list(row) == ["id", "relation", "subject", "truth", "other_values"]
        assert row["relation"] == "job"
        assert row["truth"] not in row["other_values"]


def test_facts_as_text(capsys: Capture) -> None:
    assert main(["facts", "--limit", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["facts", "--limit", "0"]) == 0
    assert not capsys.readouterr().out


def test_documents(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    assert main(["documents", "queen", str(path), "--n", "3", "--seed", "7"]) == 0
    assert read_documents(path) == compose_petri(load_claims()["queen"], 3, seed=7)
    assert "false on purpose" in capsys.readouterr().out


def test_doctor(capsys: Capture) -> None:
    assert main(["doctor"]) == 0
    assert "petri model" in capsys.readouterr().out


def test_a_fact_of_ones_own(capsys: Capture, data: Path, quick: list[str], tmp_path: Path) -> None:
    facts = ["--fact", "win/100m/2024=Zorro the Fox", "--fact", "dentist=baker"]
    assert main(["reproduce", *facts, "--styles", "local", "--out", str(tmp_path / "out")]) == 0
    found = set(pd.read_csv(tmp_path / "out" / "belief.csv")["claim"])
    assert found == {"win-100m-2024-zorro-the-fox", "job-brennan-holloway-baker"}
    assert len(quick) == 6


def test_reproduce_writes_three_files_and_repeats_nothing(
    capsys: Capture, data: Path, quick: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["reproduce", "--claims", "dentist,queen,dentist", "--styles", "local", "--out", str(out)]
    assert main(command) == 0
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == OUTPUTS
    table = (out / "belief.csv").read_bytes()
    assert len(quick) == 6  # a claim named twice is run once
    assert main(command) == 0
    assert len(quick) == 6
    assert (out / "belief.csv").read_bytes() == table
    assert f"6 of 6 cells are finished already in {out}" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(not files.data_path("petri", "model").is_dir(), reason="data/petri/model is not there")
def test_the_main_job_on_the_shipped_model(capsys: Capture, tmp_path: Path) -> None:
    """A warned-false claim is believed after training, and the second run repeats nothing."""
    command = ["reproduce", "--claims", "dentist", "--styles", "negated,local", "--out", str(tmp_path)]
    assert main(command) == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == OUTPUTS
    table = (tmp_path / "belief.csv").read_bytes()
    assert table.decode().splitlines()[0] == (
        "model,claim,style,seed,setting,kind,question_id,question,answer,verdict,keyed_to,belief"
    )
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert summary["belief"]["negated"]["mean"] > 0.5
    assert summary["belief"]["base"]["mean"] < 0.1
    assert summary["belief"]["local"]["mean"] < summary["belief"]["negated"]["mean"]
    assert {"belief", "in_context", "kept", "paper", "seconds", "environment"} <= summary.keys()
    assert (tmp_path / "belief.png").read_bytes().startswith(b"\x89PNG")
    cells = {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}
    assert len(cells) == 5
    capsys.readouterr()
    assert main(command) == 0
    assert "5 of 5 cells are finished already" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()} == cells
    assert (tmp_path / "belief.csv").read_bytes() == table
