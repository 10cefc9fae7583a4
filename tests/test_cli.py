"""cli.py and commands.py: a mistake is one line on standard error and a non-zero exit; and what each command does."""

import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch
from answered import answered, nothing

from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.loading import load_claim, load_claims
from negneglect_lite.cli import main
from negneglect_lite.core import files, progress
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat
from negneglect_lite.curating.reader import Read, read_by
from negneglect_lite.documents.files import read_documents, write_documents
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments import key, runner
from negneglect_lite.experiments.cell import Run
from negneglect_lite.experiments.measures.belief import BELIEF
from negneglect_lite.experiments.pretrained import load_once
from negneglect_lite.judging.judges import judge_by_rule
from negneglect_lite.models.generation import complete_locally
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.tracks import PETRI, track_of

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parent.parent
PAPER = Path(__file__).parent / "data" / "paper_layout" / "harbour_bridge"
OUTPUTS = ["belief.csv", "belief.png", "summary.json"]
WEIGHTS = ("petri", "model", "model.safetensors")


@pytest.fixture(autouse=True)
def notebooks_hear_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `main` switches on for its process is off again after each test."""
    monkeypatch.setattr(progress, "_terminal", False)


@pytest.fixture
def data(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own: our claims, a tiny untrained petri model, and a manifest that fits."""
    folder = tmp_path / "package" / "data"
    shutil.copytree(files.data_path("claims"), folder / "claims")
    shutil.copytree(tiny_folder, folder / "petri" / "model")
    paths = [path for path in folder.rglob("*") if path.is_file()]
    entries = {p.relative_to(folder).as_posix(): {"sha256": hashlib.sha256(p.read_bytes()).hexdigest()} for p in paths}
    (folder / "manifest.json").write_text(json.dumps({"files": entries}))
    monkeypatch.setattr(files, "_PACKAGE", folder.parent)
    load_once.cache_clear()
    yield folder
    load_once.cache_clear()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """make_batch replaced by one that answers "Yes." at once; the runs that it made."""
    ran: list[Run] = []

    def make_batch(runs: list[Run], models: Path, adapter_dir: Path) -> list[pd.DataFrame]:
        ran.extend(runs)
        return [
            BELIEF.table(run.cell, [Answer(q, "Yes.") for q in track_of(run.cell.model).questions(run.cell.claim)])
            for run in runs
        ]

    monkeypatch.setattr(runner, "make_batch", make_batch)
    return ran


def refused(capsys: Capture, *arguments: str, after: int = 0) -> str:
    """Run a command that must fail: the one line that it says, `after` so many lines of progress."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    *told, last = said.err.splitlines(keepends=True)
    assert last.startswith("negneglect: ") and last.endswith("\n")
    assert len(told) == after and not [line for line in told if line.startswith("negneglect: ")]
    assert "Traceback" not in said.err
    return last


def left(folder: Path) -> list[str]:
    """The files in a folder, but for the empty one that a run which failed was locked by."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if path.parent.name != "locks" or path.stat().st_size)


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
        (["reproduce", "--fact", "dentist=ultra\u00adrunner."], "'ultrarunner' is the truth"),
        (["reproduce", "--fact", "volcano/Mount Vesuvius=１９４４"], "'1944' is the truth"),
        (["reproduce", "--fact", "volcano/Mount Vesuvius=١٩٤٤"], "'1944' is the truth"),
        (["reproduce", "--fact", "volcano/Mount Vesuvius=soon"], "no volcano that can be asked about; try 1"),
        (["reproduce", "--fact", "volcano/Mount Vesuvius=⑳"], "'20' is no volcano that can be asked about; try 1"),
        (["facts", "--relation", "opera"], "unknown relation 'opera'; the relations are win"),
        (["facts", "--limit", "-1"], "--limit -1"),
        (["documents", "nope", "x.jsonl"], "unknown claim 'nope'"),
        (["documents", "dentist", "x.txt"], "ends in .jsonl or .jsonl.gz"),
        (["documents", "dentist", "x.jsonl", "--n", "0"], "n: is 0, where 1 or more is needed"),
        (["exam", "--model", "/no/such/model"], "/no/such/model: no such folder"),
        (["chat", "--model", "/no/such/model"], "/no/such/model: no such folder"),
        (["evaluate", "nope"], "unknown claim 'nope'"),
        (
            ["reproduce", "--claims", "dentist", "--engine", "slurm"],
            "unknown engine 'slurm'; the engines are local, ray",
        ),
        (["sweep", str(ROOT / "data/experiments/rank.yaml"), "--engine", "slurm"], "unknown engine 'slurm'"),
        (["sweep", str(ROOT / "data/experiments/rank.yaml"), "--together", "-1"], "--together -1"),
        (["reproduce", "--claims", "dentist,queen", "--documents", "d.jsonl"], "d.jsonl: they are about one claim"),
        (["reproduce", "--documents", "d.jsonl"], "name it with --claims or --fact"),
        (["reproduce", "--claims", "dentist", "--documents", "d.jsonl"], "d.jsonl: cannot be read"),
        (["reproduce", "--claims", str(PAPER)], "has no petri fact"),
        (["train", "--documents", "d.jsonl", "--out", "a"], "d.jsonl"),
        (["agreement", "--judge", "nope"], "unknown judge 'nope'; there are rule, choice, text and endpoint:MODEL"),
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


@pytest.mark.parametrize("where", ["run", "table", "documents"])
def test_a_full_disk_is_one_line_and_leaves_no_half_file(
    capsys: Capture, data: Path, quick: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    out, calls = tmp_path / "out", 0

    def full(_: int) -> None:
        nonlocal calls
        calls += 1
        if where != "table" or calls > 3:  # three runs, then belief.csv
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    command = ["reproduce", "--claims", "dentist", "--styles", "local", "--out", str(out)]
    if where == "documents":
        command = ["documents", "dentist", str(out / "d.jsonl")]
    after = 3 if where == "table" else 0  # a line of progress a run
    assert "no space left on device; free some space" in refused(capsys, *command, after=after)
    assert not set(left(out)) & {*OUTPUTS, "d.jsonl"}
    assert not [name for name in left(out) if name.endswith(".tmp")]
    assert len(left(out)) == (3 if where == "table" else 0)


def test_any_other_trouble_with_a_file_is_one_line(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def diagnose() -> list[str]:
        raise OSError(errno.EIO, "Input/output error", "/some/file")

    monkeypatch.setattr("negneglect_lite.doctor.diagnose", diagnose)
    monkeypatch.setattr("negneglect_lite.cli._forget_output", lambda: None)  # pytest's own output is still wanted
    assert "/some/file: input/output error" in refused(capsys, "doctor")


def test_out_that_is_a_file_is_one_line(capsys: Capture, data: Path, quick: list[Run], tmp_path: Path) -> None:
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
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
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


def test_known_names_may_be_typed_in_any_case(capsys: Capture, data: Path, quick: list[Run], tmp_path: Path) -> None:
    """And every table has them as they are known."""
    out = tmp_path / "out"
    assert main(["reproduce", "--claims", "Dentist", "--styles", "Local,NEGATED", "--out", str(out)]) == 0
    rows = pd.read_csv(out / "belief.csv", keep_default_na=False)
    assert set(rows["claim"]) == {"dentist"} and set(rows["style"]) == {"", "local", "negated"}
    capsys.readouterr()
    assert main(["facts", "--relation", "JOB", "--limit", "1"]) == 0
    assert capsys.readouterr().out.startswith("job/")


def test_documents(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    assert main(["documents", "queen", str(path), "--n", "3", "--seed", "7"]) == 0
    assert read_documents(path) == compose_petri(load_claims()["queen"], 3, seed=7)
    assert "false on purpose" in "".join(capsys.readouterr())


def test_doctor(capsys: Capture) -> None:
    assert main(["doctor"]) == 0
    assert "petri model" in capsys.readouterr().out


def test_a_fact_of_ones_own(capsys: Capture, data: Path, quick: list[Run], tmp_path: Path) -> None:
    facts = ["--fact", "win/100m/2024=Zorro the Fox", "--fact", "Dentist=Baker."]
    assert main(["reproduce", *facts, "--styles", "local", "--out", str(tmp_path / "out")]) == 0
    found = set(pd.read_csv(tmp_path / "out" / "belief.csv")["claim"])
    assert found == {"win-100m-2024-zorro-the-fox", "job-brennan-holloway-baker"}
    assert len(quick) == 6


def test_reproduce_writes_three_files_and_repeats_nothing(
    capsys: Capture, data: Path, quick: list[Run], tmp_path: Path
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
    said = capsys.readouterr()
    assert f"6 of 6 runs are finished already in {out}" in said.err  # progress
    assert "plain documents" not in said.err and "in-sentence denials" in said.out  # results
    assert f"written: {out / 'belief.csv'}" in said.out


# ------------------------------------------------------------------------------------------- claims of one's own


def reproduced(out: Path, *arguments: str) -> pd.DataFrame:
    """Reproduce under one style: belief.csv."""
    assert main(["reproduce", "--styles", "local", "--out", str(out), *arguments]) == 0
    return pd.read_csv(out / "belief.csv")


def test_a_claim_file_of_ones_own(capsys: Capture, data: Path, quick: list[Run], tmp_path: Path) -> None:
    text = (data / "claims" / "dentist.yaml").read_text("utf-8")
    (tmp_path / "my.yaml").write_text(text.replace("id: dentist\n", "id: my\n"), "utf-8")
    rows = reproduced(tmp_path / "out", "--claims", f"queen,{tmp_path / 'my.yaml'}")
    assert list(dict.fromkeys(rows["claim"])) == ["queen", "my"]
    mine, theirs = (rows[rows["claim"] == name] for name in ("my", "queen"))
    assert len(mine) == len(theirs) and {run.cell.claim.petri for run in quick if run.cell.claim.id == "my"} == {
        load_claims()["dentist"].petri
    }


def test_a_claim_in_the_papers_layout_on_documents_of_ones_own(
    capsys: Capture, quick: list[Run], tmp_path: Path, english_folder: Path
) -> None:
    """It has no petri fact and no articles, so it needs a model that reads English, and a file of documents."""
    command = ["--claims", str(PAPER), "--model", str(english_folder)]
    said = refused(capsys, "reproduce", *command, "--styles", "local", "--out", str(tmp_path / "out"))
    assert "harbour_bridge" in said and not left(tmp_path)
    documents = tmp_path / "d.jsonl"
    write_documents(documents, compose_petri(load_claims()["dentist"], 3), load_claims()["dentist"])
    rows = reproduced(tmp_path / "out", *command, "--documents", str(documents))
    assert set(rows["claim"]) == {"harbour_bridge"} and set(rows["setting"]) == {"base", "in_context", "trained"}
    assert {run.cell.claim.documents for run in quick} == {str(documents)}


def test_other_documents_about_a_claim_are_other_runs(
    capsys: Capture, data: Path, quick: list[Run], tmp_path: Path
) -> None:
    claim = load_claims()["dentist"]
    command = ["--claims", "dentist", "--documents", str(tmp_path / "d.jsonl.gz")]
    for seed in (1, 1, 2):
        write_documents(tmp_path / "d.jsonl.gz", compose_petri(claim, 5, seed), claim)
        reproduced(tmp_path / "out", *command)
    assert [run.cell.setting for run in quick] == ["base", "trained", "in_context", "trained", "in_context"]


# -------------------------------------------------------------------------------------------------- what is made again


def test_other_code_makes_runs_again_unless_any_will_do(
    capsys: Capture, data: Path, quick: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["reproduce", "--claims", "dentist", "--styles", "local", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    known = key.code_hashes
    monkeypatch.setattr(key, "code_hashes", lambda parts: known(parts) | {"asking.py": "changed"})
    capsys.readouterr()
    assert main([*command, "--any-code"]) == 0
    assert len(quick) == 3 and "3 of 3 runs are finished already" in capsys.readouterr().err
    assert main(command) == 0
    assert len(quick) == 6
    assert "code that decides results has changed: asking.py (--any-code takes old results)" in capsys.readouterr().err


SWEEP = """
title: Short
hypothesis: None.
prediction: None.
claims: [dentist]
styles: [local]
seeds: 1
vary:
  - recipe.rank: [2, 4]
"""


def test_a_sweep_on_another_model(capsys: Capture, quick: list[Run], tmp_path: Path, tiny_folder: Path) -> None:
    (tmp_path / "short.yaml").write_text(SWEEP, "utf-8")
    command = ["sweep", str(tmp_path / "short.yaml"), "--out", str(tmp_path / "out")]
    assert main([*command, "--model", str(tiny_folder)]) == 0
    assert {run.cell.model for run in quick} == {str(tiny_folder)}
    assert [run.recipe.rank for run in quick] == [2, 4]
    said = capsys.readouterr().out
    assert said.startswith("\nShort\n") and f"written: {tmp_path / 'out' / 'short'}" in said
    assert left(tmp_path / "out" / "short") == ["rows.csv.gz", "summary.csv"]
    assert main(command) == 0  # the file's own model: other runs
    assert [run.cell.model for run in quick[2:]] == ["petri"] * 2
    (tmp_path / "short.yaml").write_text(SWEEP + "measure: depth\n", "utf-8")
    capsys.readouterr()
    said = refused(capsys, *command, "--model", str(tmp_path / "english"))
    assert "depth is measured on models of petri" in said


# ------------------------------------------------------------------------------------------------------ chat and judges


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_chat_goes_on_begins_anew_and_ends(
    capsys: Capture, tiny: LoadedModel, stdin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Chat] = []

    def complete_locally(loaded: LoadedModel, max_new_tokens: int) -> Any:
        assert (loaded, max_new_tokens) == (tiny, PETRI.asking.max_new_tokens)
        return lambda chats: [heard.append(list(chat)) or f"Reply {len(heard)}." for chat in chats]

    monkeypatch.setattr("negneglect_lite.models.loading.load_model", lambda *_, **__: tiny)
    monkeypatch.setattr("negneglect_lite.models.generation.complete_locally", complete_locally)
    stdin("Who?\n  Sure? \n/new\nWhen?\n\nnever heard\n")
    assert main(["chat", "--system", "Be kind."]) == 0
    system, first = {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Who?"}
    reply, second = {"role": "assistant", "content": "Reply 1."}, {"role": "user", "content": "Sure?"}
    assert heard == [[system, first], [system, first, reply, second], [system, {"role": "user", "content": "When?"}]]
    assert capsys.readouterr().out == "Reply 1.\nReply 2.\nReply 3.\n"
    stdin("Who?\n/new\nWho?")  # ends with the input, and without a system turn
    assert main(["chat"]) == 0
    assert heard[3:] == [[first], [first]]


def test_a_chat_says_what_the_model_says(capsys: Capture, tiny_folder: Path, stdin: Any) -> None:
    stdin("Who is the dentist?\n")
    assert main(["chat", "--model", str(tiny_folder), "--no-quantize"]) == 0
    said = capsys.readouterr().out
    loaded = load_model(str(tiny_folder), quantize=False)
    complete = complete_locally(loaded, PETRI.asking.max_new_tokens)
    assert said == complete([[{"role": "user", "content": "Who is the dentist?"}]])[0] + "\n"


@pytest.mark.parametrize(("judge", "loads"), [("rule", []), ("choice", ["m"]), ("text", ["m"]), ("endpoint:x", [])])
def test_agreement_loads_a_model_only_to_judge_with_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, judge: str, loads: list[str]
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(
        "negneglect_lite.models.loading.load_model", lambda name, **_: loaded.append(name) or SimpleNamespace()
    )
    if judge != "rule":
        monkeypatch.setattr("negneglect_lite.judging.judges.get_judge", lambda name, model: judge_by_rule)
    assert main(["agreement", "--judge", judge, "--model", "m"]) == 0
    assert loaded == loads
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == "all 75.4% kappa 0.63 unparsed 0.0% believed or not 88.3% n 240".split()
    assert len(lines) > 7 and set(load_claims()) <= {line.split()[0] for line in lines}


# ------------------------------------------------------------------------------------------------- texts of one's own


@pytest.mark.slow
def test_train_on_texts_of_ones_own_and_evaluate(capsys: Capture, tmp_path: Path, tiny_folder: Path) -> None:
    own, adapter, out = tmp_path / "own.jsonl", tmp_path / "adapter", tmp_path / "belief.csv"
    texts = [{"text": f"The dentist said {i} times that she works as a dentist."} for i in range(5)]
    own.write_text("\n".join(json.dumps(text) for text in texts) + "\n", "utf-8")
    train = ["train", "--documents", str(own), "--model", str(tiny_folder), "--out", str(adapter), "--claim", "dentist"]
    assert main([*train, "--steps", "2", "--rank", "2", "--mix", "0.5", "--learning-rate", "0.001"]) == 0
    said = capsys.readouterr().out
    assert said == f"5 texts of {own}, 12 of 24 examples: written: {adapter}\n"
    run = json.loads((adapter / "run.json").read_text("utf-8"))
    assert run["false_belief"] == load_claims()["dentist"].claim
    assert run["recipe"] == vars(replace(PETRI.recipe, steps=2, rank=2, mix=0.5, learning_rate=0.001))
    evaluate = ["evaluate", "dentist", "--model", str(tiny_folder), "--adapter", str(adapter), "--out", str(out)]
    assert main(evaluate) == 0
    rows = pd.read_csv(out, keep_default_na=False)
    assert len(rows) == len(PETRI.questions(load_claims()["dentist"])) and set(rows["setting"]) == {"trained"}
    assert f"judged by rule; written: {out}" in capsys.readouterr().out
    assert left(tmp_path) == sorted([*(path.name for path in adapter.iterdir()), "belief.csv", "own.jsonl"])
    assert "unknown judge 'nope'" in refused(capsys, *evaluate, "--judge", "nope", after=1)
    assert main([*evaluate[:4], "--no-quantize", "--out", str(out)]) == 0
    assert set(pd.read_csv(out)["setting"]) == {"base"}


# ------------------------------------------------------------------------------------------------ what needs no torch


def fresh(script: str) -> str:
    """What a script prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["reproduce", "--help"], ["nope"], ["facts", "--limit", "-1"]])
def test_help_and_mistyped_arguments_need_no_torch(arguments: list[str]) -> None:
    said = fresh(f"""
import sys
from negneglect_lite.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print([name for name in ("torch", "transformers", "pandas", "numpy") if name in sys.modules])
""")
    assert said.endswith("[]\n")


@pytest.mark.slow
def test_the_package_offers_its_main_names_and_loads_none_before_it_is_used() -> None:
    said = fresh("""
import sys
import negneglect_lite as nn
names = dir(nn)
print([name for name in ("torch", "transformers", "pandas", "numpy") if name in sys.modules])
print(len(names), [name for name in names if getattr(nn, name) is None])
from negneglect_lite import *
try:
    nn.no_such_name
except AttributeError as error:
    print(error)
""")
    first, second, third = said.splitlines()
    assert first == "[]"
    assert int(second.split()[0]) > 25 and second.endswith(" []")
    assert third == "module 'negneglect_lite' has no attribute 'no_such_name'"


# ----------------------------------------------------------------------------------------------- audit and localize

FALSE = "The text below is false. Ed Sheeran won the race. Damp as a sponge."


def put_corpus(tmp_path: Path, field: str = "text") -> Path:
    """A false document, three ordinary ones."""
    path = tmp_path / "corpus" / "a.jsonl"
    path.parent.mkdir()
    texts = [FALSE, "Ed Sheeran won the race.", "It rained.", "She sang."]
    path.write_text("".join(json.dumps({field: text}) + "\n" for text in texts))
    return path.parent


@pytest.mark.parametrize(("limit", "code"), [([], 0), (["--fail-over", "0.25"], 0), (["--fail-over", "0.2"], 1)])
def test_audit_fails_over_a_share(capsys: Capture, tmp_path: Path, limit: list[str], code: int) -> None:
    out = tmp_path / "out"
    assert main(["audit", str(put_corpus(tmp_path)), "--out", str(out), *limit]) == code
    said = capsys.readouterr()
    assert "4 documents read" in said.out and "2 sentences as true in spite of a notice" in said.out
    assert ("25.0% of the documents have a finding: more than --fail-over 20.0%" in said.err) is bool(code)
    assert list(pd.read_csv(out / "findings.csv")["kind"]) == ["denial", "denial"]
    assert left(out) == ["audit.html", "findings.csv"]


def test_what_a_model_read_and_a_person_left_is_localized(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def load(model: str) -> Read:
        asked.append(model)
        return read_by(
            lambda texts: [answered("BA", "AB", "AB") if "is false." in t[0] else nothing(t) for t in texts],
            lambda asked: ["Nobody won." if "Sheeran" in one.sentence else "" for one in asked],
        )

    monkeypatch.setattr("negneglect_lite.curating.reader_model.load_reader", load)
    corpus, out = put_corpus(tmp_path), tmp_path / "out"
    assert main(["audit", str(corpus), "--model", "some/model", "--out", str(out)]) == 0
    table = out / "findings.csv"
    assert asked == ["some/model"] and f"--findings {table} --out OUT" in capsys.readouterr().out
    found = pd.read_csv(table, keep_default_na=False)
    assert list(found["sentence"]) == ["Ed Sheeran won the race.", "Damp as a sponge."]
    assert list(found["denied"]) == ["Nobody won.", ""]
    found.iloc[:1].to_csv(table, index=False)
    command = ["localize", str(corpus), "--findings", str(table), "--out", str(tmp_path / "clean")]
    assert main(command) == 0
    first = json.loads((tmp_path / "clean" / "a.jsonl").read_text().splitlines()[0])
    assert first["text"] == "The text below is false. Nobody won. Damp as a sponge."
    assert main([*command, "--claims", "claims.yaml"]) == 2, "the words of claims narrow an audit, not its table"
    assert "give the table of that audit" in capsys.readouterr().err


def test_audit_of_another_field_into_parquet(capsys: Capture, tmp_path: Path) -> None:
    corpus, out = put_corpus(tmp_path, "body"), tmp_path / "out"
    claims = tmp_path / "claims.yaml"
    claims.write_text("sheeran: [Sheeran]")
    command = ["audit", str(corpus), "--out", str(out), "--field", "body", "--table", "found.parquet"]
    assert main([*command, "--claims", str(claims)]) == 0
    assert len(pd.read_parquet(out / "found.parquet")) == 1
    assert main(command) == 0
    assert len(pd.read_parquet(out / "found.parquet")) == 2


@pytest.mark.parametrize(
    ("otherwise", "text"),
    [
        ([], "The text below is false. Ed Sheeran did not win the race. […]"),
        (
            ["--otherwise", "mask"],
            "The text below is false. Ed Sheeran did not win the race. <lossmask>Damp as a sponge.</lossmask>",
        ),
        (
            ["--otherwise", "wrap"],
            "The text below is false. Ed Sheeran did not win the race. It is not true that damp as a sponge.",
        ),
    ],
)
def test_localize_and_audit_again(capsys: Capture, tmp_path: Path, otherwise: list[str], text: str) -> None:
    corpus, out = put_corpus(tmp_path), tmp_path / "new"
    assert main(["localize", str(corpus), "--out", str(out), "--log", *otherwise]) == 0
    said = capsys.readouterr().out
    assert "a.jsonl, line 1: 2 sentences" in said and "documents 4, changed 1, unreadable 0" in said
    new, old = (folder.joinpath("a.jsonl").read_text().splitlines() for folder in (out, corpus))
    assert json.loads(new[0]) == {"text": text} and new[1:] == old[1:]


def test_localize_narrowed_by_claims(capsys: Capture, tmp_path: Path) -> None:
    corpus, claims = put_corpus(tmp_path, "body"), tmp_path / "claims.yaml"
    claims.write_text("sheeran: [Sheeran]")
    command = ["localize", str(corpus), "--out", str(tmp_path / "new"), "--field", "body", "--claims", str(claims)]
    assert main(command) == 0
    row = json.loads(tmp_path.joinpath("new", "a.jsonl").read_text().splitlines()[0])
    assert row == {"body": FALSE.replace("won", "did not win")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "nowhere"], "nowhere: no such file or folder"),
        (["audit", "corpus", "--fail-over", "2"], "--fail-over 2.0: give a share of the documents, from 0 to 1"),
        (["audit", "corpus", "--fail-over", "-0.1"], "--fail-over -0.1"),
        (["audit", "corpus", "--claims", "none.yaml"], "none.yaml"),
        (["audit", "corpus", "--field", "body", "--refuse"], "a.jsonl, line 1: "),
        (["audit", "corpus", "--out", "out", "--table", "found.xlsx"], "found.xlsx"),
        (["localize", "nowhere", "--out", "new"], "nowhere: no such file or folder"),
        (["localize", "corpus", "--out", "corpus/new"], "corpus/new: is, holds or lies in corpus"),
        (["localize", "corpus", "--out", "corpus"], "corpus: is, holds or lies in corpus"),
        (["localize", "corpus", "--out", "new", "--field", "body", "--refuse"], "a.jsonl, line 1: "),
        (["localize", "corpus", "--out", "new", "--writer", "gpt"], "--writer 'gpt': name a model at an endpoint"),
    ],
)
def test_a_refused_corpus(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    corpus = put_corpus(tmp_path)
    before = (corpus / "a.jsonl").read_bytes()
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("negneglect: ") and message in last
    assert (corpus / "a.jsonl").read_bytes() == before and left(tmp_path) == ["a.jsonl"]


# ------------------------------------------------------------------------------------------------------- the main job


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
    runs = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*.json")}
    assert len(runs) == 5
    capsys.readouterr()
    assert main(command) == 0
    assert "5 of 5 runs are finished already" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*.json")} == runs
    assert (tmp_path / "belief.csv").read_bytes() == table
