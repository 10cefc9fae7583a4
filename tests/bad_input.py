"""Bad input for every command and loader, made from good input by seeded damage: nothing of it may end in a traceback.

    python -m tests.bad_input --cases 1500                       # the battery: what was refused, accepted, or failed
    python -m tests.bad_input --kind sweep --first 17 --cases 1  # one case again, with its traceback

Good is a UserError of one line, or to be taken. A command may return 0 or 2, and say one line that begins with
`negneglect:`. Where the computing would begin, `Accepted` is raised. A case is a function of its kind and number.
"""

import argparse
import contextlib
import copy
import csv
import gzip
import io
import itertools
import json
import logging
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pandas as pd

import tests.conftest as fixtures
from negneglect_lite import asking, cli, tracks
from negneglect_lite.asking import AskingSettings, ask
from negneglect_lite.authoring import writer
from negneglect_lite.authoring.audit import audit_library
from negneglect_lite.belief.rates import QUESTION_KINDS, belief_rate, tabulate_rates
from negneglect_lite.belief.summary import report_summary, summarise_belief
from negneglect_lite.belief.table import belief_rows, read_belief
from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.claims.loading import CLAIM_ORDER, english_controls, english_questions, find_claim, load_claims
from negneglect_lite.claims.petri import claim_from_fact, petri_questions
from negneglect_lite.core import progress
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import Journal, data_path
from negneglect_lite.core.text import Chat, Span
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.course.predictions import compare_predictions
from negneglect_lite.course.preregistration import SEAL_FILE, describe_study, register, write_report
from negneglect_lite.documents.corpora import examples_from, read_examples, to_dataset
from negneglect_lite.documents.english import compose_english, load_library
from negneglect_lite.documents.files import draw_documents, read_documents, write_documents
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.experiments import runner
from negneglect_lite.experiments.cell import Run
from negneglect_lite.experiments.engines import get_engine
from negneglect_lite.experiments.headline import headline_runs
from negneglect_lite.experiments.key import Key
from negneglect_lite.experiments.measures.catalogue import get_measure
from negneglect_lite.experiments.store import Store
from negneglect_lite.experiments.sweep import load_sweep, run_sweep
from negneglect_lite.figures.conditions import draw_headline
from negneglect_lite.figures.wording import describe_headline
from negneglect_lite.finetuning import trainer
from negneglect_lite.finetuning.adapter import RUN_FILE
from negneglect_lite.finetuning.encoding import encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.judging.copying import copies_annotation
from negneglect_lite.judging.judges import ChoiceJudge, TextJudge, get_judge
from negneglect_lite.judging.prompt import SCHEMA
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models import generation
from negneglect_lite.models.endpoint import Completion, Endpoint
from negneglect_lite.models.hardware import choose_device
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.models.templates import encode_prompt, prepare_tokenizer, render_prompt
from negneglect_lite.petri import pretrain
from negneglect_lite.petri.corpus import Diet
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.petri.world import World, world
from negneglect_lite.styles import STYLES, apply_style, get_style
from negneglect_lite.tracks import ENGLISH, PETRI, choose_asking, petri_corpus

SECONDS = 5  # of processor time, after which a case counts as endless
DATA = Path(__file__).parent / "data"
EXAMPLES = ((Span("He is a dentist."),),)
ONE_STEP = Recipe(steps=1, batch_size=1, micro_batch=1, mix=0.0, rank=1, alpha=1, quantize=False)


# ------------------------------------------------------------------------------------------------- what a case is


class Accepted(BaseException):
    """The input was taken: here the computing would begin."""


class Endless(BaseException):
    """It went on and on."""


@dataclass(frozen=True)
class Case:
    """What is done with a bad input, and the input as people read it."""

    shown: str
    call: Callable[[], object]


@dataclass(frozen=True)
class Bench:
    """What the cases share; none of them writes there."""

    tiny: Path  # a tiny petri model's folder
    loaded: LoadedModel
    adapter: Path
    petri: Path  # a tiny model that pretraining can go on from
    dataset: Path  # as save_to_disk writes it


@dataclass(frozen=True)
class Outcome:
    """What came of a case; `fault` is empty where it was "refused", "accepted" or "endless"."""

    kind: str
    number: int
    result: str
    shown: str = ""
    fault: str = ""
    where: str = ""


Make = Callable[[random.Random, Path, Bench], Case]
KINDS: dict[str, tuple[int, Make]] = {}  # name -> how many of each hundred cases, and what makes one


def kind(weight: int) -> Callable[[Make], Make]:
    def register_kind(make: Make) -> Make:
        KINDS[make.__name__.replace("_", "-")] = weight, make
        return make

    return register_kind


def make_bench(folder: Path, tiny: Path) -> Bench:
    bench = Bench(tiny, load_model(str(tiny), quantize=False, device="cpu"), *(folder / n for n in ("a", "p", "d")))
    finetune(bench.loaded, EXAMPLES, ONE_STEP, seed=0, out=bench.adapter, false_belief="he is")
    tokenizer = bench.loaded.tokenizer
    pretrain.new_model(Plan(hidden=64, layers=1), tokenizer, 0).save_pretrained(bench.petri)
    tokenizer.save_pretrained(bench.petri)
    to_dataset(examples_from(ROWS)).save_to_disk(str(bench.dataset))
    return bench


def attempt(name: str, number: int, bench: Bench, folder: Path, seed: int = 0) -> Outcome:
    """Make one case in a folder of its own, and see what comes of it."""
    here = folder / f"{name}-{number}"
    here.mkdir(parents=True)
    case = KINDS[name][1](random.Random(f"{seed} {name} {number}"), here, bench)
    result, fault, where = "accepted", "", ""
    before = os.getcwd()
    os.chdir(here)
    try:
        with _without_computing(), _limited(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case.call()
    except UserError as error:
        result, fault, where = "refused", _fault_of(str(error)), _place_of(error)
    except Accepted:
        pass
    except Endless:
        result = "endless"
    except (Exception, SystemExit) as error:
        fault, where = f"{type(error).__name__}: {error}", _place_of(error)
    finally:
        os.chdir(before)
    fault = fault or next((f"{path.name} is left behind" for path in here.rglob("*.tmp")), "")
    return Outcome(name, number, "failed" if fault else result, case.shown, fault, where if fault else "")


def _fault_of(message: str) -> str:
    if message.strip() and not {"\n", "\r"} & set(message):
        return ""
    return f"the message is not one line: {message!r:.300}"


def _place_of(error: BaseException) -> str:
    """The package's last line that was running, and the last of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "negneglect_lite/" in f.filename]
    return " <- ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in (*frames[-1:], *own[-2:][::-1]))


def command(*argv: object, said: bytes = b"") -> None:
    """Run a command as a shell does, `said` being what is typed into it. What it refuses is a UserError here too."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n")
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", newline="\n")
    typed = io.TextIOWrapper(io.BytesIO(said), "utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), patch("sys.stdin", typed):
        try:
            code = cli.main([str(a) for a in argv])
        except SystemExit as stop:  # argparse's
            code = -2 if stop.code == 2 else 1
        finally:
            progress._terminal = False
        out.flush()
        err.flush()
    text = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
    ours = [line for line in text.split("\n") if line.startswith("negneglect:")]
    if code not in (0, 2, -2) or "Traceback" in text or len(ours) != (code == 2):
        raise AssertionError(f"returned {code}, and said: {text[-500:]}")
    if code == 2:
        raise UserError(text[text.index(ours[0]) :].removeprefix("negneglect: ").removesuffix("\n"))
    if code == -2:
        raise UserError("argparse says it")


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raises Endless after SECONDS of processor time, where that can be done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Endless

    handler = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)


@contextlib.contextmanager
def _without_computing() -> Iterator[None]:
    """No training, no generation, no network; the first key of a run is made, as that reads all of its texts."""
    key_of = runner.key_of

    def accept(*_: object, **__: object) -> None:
        raise Accepted

    def first_key(*run: Any) -> None:
        key_of(*run)
        raise Accepted

    def answer(
        loaded: object, prompts: Sequence[object], config: object, samples: int = 1, runs: int = 1
    ) -> list[list[generation.Written]]:
        return [[generation.Written("Yes.", False)] * samples for _ in prompts]

    def unreachable(*_: object, **__: object) -> None:
        raise socket.gaierror("no network here")

    with contextlib.ExitStack() as stack:
        for place, name, made in (
            (runner, "key_of", first_key),
            (trainer.AdapterTrainer, "train", accept),
            (ChoiceJudge, "scores", accept),
            (pretrain, "train_tokenizer", accept),
            (pretrain, "DataLoader", accept),
            (tracks, "World", _copy_world),
            *((module, "generate_answers", answer) for module in (asking, generation, writer)),
            (socket, "getaddrinfo", unreachable),
            (socket.socket, "connect", unreachable),
        ):
            stack.enter_context(patch.object(place, name, made))
        stack.enter_context(patch("huggingface_hub.constants.HF_HUB_OFFLINE", True))
        yield


def _copy_world(*settings: Any, **more: Any) -> World:
    return copy.copy(_world(settings, tuple(more.items())))  # its users replace what it holds, and change none of it


@cache
def _world(settings: tuple[Any, ...], more: tuple[tuple[str, Any], ...]) -> World:
    return World(*settings, **dict(more))


# ------------------------------------------------------------------------------------------------------ damage

TEXTS = (
    "", " ", "\t", "\n", "x", "null", "yes", "no", "1", "-1", "2e-4", "nan", "010", "1:30", "2024-07-26", "\0",
    "\ud800", "\udcff", "a\u2028b", "a\nb", "a\rb", "\x85", "١٢", "２", "\ufeff", "é", "🙂", "<|end|>", "{x}", "{", "}",
    "{0}", "%s", "../..", "~", "a/b", "(", "(?P<x", "[", "*", "\\", "(?i)a(?-i)", "a{99999999999}", "<think>",
    "x" * 5000, "\x1b[31m", "\u202e", "<DOCTAG> ", "<lossmask>",
)  # fmt: skip
NUMBERS = (
    True, False, 0, -1, 1, 3, 0.5, -0.5, 1.5, 2**31, 2**63, 10**30, 10**400, 1e-300, 1e308, float("nan"), float("inf"),
    -float("inf"),
)  # fmt: skip
NUMBER_TEXTS = (
    "-1", "0", "1", "2.5", "1e-400", "1e400", "nan", "inf", "-inf", "4294967296", "18446744073709551616", "1" * 5000,
    "١٢", "1_0", "0x10", "", " ", "two", "1,5", "\udcff",
)  # fmt: skip
THINGS: tuple[Any, ...] = (
    None, [], [[]], {}, {"": ""}, [None], [1, [2, [3]]], {"a": {"b": {}}}, ["a", "a"], [{}], [""],
)  # fmt: skip


def odd(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice(rng.choice((TEXTS, NUMBERS, THINGS))))


def damage(rng: random.Random, value: Any) -> Any:
    """A copy of nested lists and mappings with one to three faults."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        inside, at = value, None
        while isinstance(inside, list | dict) and inside:
            at = rng.choice(list(inside)) if isinstance(inside, dict) else rng.randrange(len(inside))
            below = inside[at]
            if not isinstance(below, list | dict) or not below or rng.random() < 0.4:
                break
            inside = below
        if at is None:
            return odd(rng)
        match rng.randrange(8):
            case 0:
                del inside[at]
            case 1:
                inside[at] = [inside[at]]
            case 2 if isinstance(inside, list):
                inside.insert(at, copy.deepcopy(inside[rng.randrange(len(inside))]))
            case 2:
                inside[rng.choice(("x", "", "Id", f"{at} ", *TEXTS[15:20]))] = inside.pop(at)
            case 3 if isinstance(inside, dict):
                inside[at] = copy.deepcopy(rng.choice(list(inside.values())))
            case 4 if isinstance(inside[at], str):
                inside[at] = damage_text(rng, inside[at])
            case 5 if isinstance(inside[at], str):
                inside[at] = rng.choice(TEXTS)
            case _:
                inside[at] = odd(rng)
    return value


SNIPPETS = (
    "&a ", "*a", "&a [*a]", "!!python/object/apply:os.getcwd []", "!!binary x", "!!int x", "!!set {a}", "<<: *a",
    "? [a]\n: b", "%YAML 1.1\n---\n", "%TAG ! x\n", "\n---\n", "\n...\n", "\t", "\r", ": ", "- ", "|", ">", "'", '"',
    "`", "@", "#", "[" * 3000, "{a: " * 500, "}", "]", ",", "\\ud800", "\\u0000", "9" * 5000, "1e999", "NaN", "\x00",
    "\x07", "\ufffe", "\u2028", "\x85", "\n\n", "a: a: a", "é", "\ud800", "{% x %}", "{{ y.z.w }}", "{{ 1 // 0 }}",
    "{{ raise_exception('no\\nway') }}", "{% for %}", "{{ messages[9].x.y }}", "{{ [] | first | upper }}", "{#",
    "{% set x = x %}", "{{ 1 + 'a' }}",
)  # fmt: skip


def damage_text(rng: random.Random, text: str) -> str:
    """The text with one to three faults of writing."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        a, b = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        lines = text.split("\n")
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(12):
            case 0:
                text = text[:a]
            case 1 | 2:
                text = text[:a] + rng.choice(SNIPPETS) + text[a:]
            case 3:
                text = text[:a] + rng.choice(TEXTS) + text[a:]
            case 4:
                text = text[:a] + text[min(b, a + 40) :]
            case 5:
                text = "\n".join([*lines[: i + 1], *lines[i:]])
            case 6:
                lines[i], lines[j] = lines[j], lines[i]
                text = "\n".join(lines)
            case 7:
                lines[i] = rng.choice((" ", "  ", "\t", "- ", rng.choice(SNIPPETS))) + lines[i]
                text = "\n".join(lines)
            case 8:
                text = rng.choice((text.replace("\n", "\r\n"), text.replace("\n", "\r"), "\ufeff" + text, text + text))
            case 9:
                at = text.find(rng.choice(":\"'[]{},0123456789") or ":", a)
                text = text if at < 0 else text[:at] + rng.choice(SNIPPETS) + text[at + 1 :]
            case 10:
                text = text.translate(str.maketrans("0123456789", rng.choice(("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"))))
            case _:
                text = text.replace(text[a : a + 6] or "x", rng.choice(TEXTS), 3)
    return text


def damage_bytes(rng: random.Random, data: bytes) -> bytes:
    a, b = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    noise = bytes(rng.randrange(256) for _ in range(4))
    # fmt: off
    return rng.choice((
        data[:a], data[a:], data[:a] + data[b:], data + data, b"", b"\x80" * 20, data[:a] + noise + data[a + 4 :],
        data[:a] + bytes(8) + data[a:], b"\xff\xfe" + data, data.decode("utf-8", "replace").encode("utf-16"),
        gzip.compress(data), b"\x1f\x8b" + data,
    ))
    # fmt: on


def put(rng: random.Random, path: Path, text: str, content: Any = None, lines: bool = False) -> str:
    """Write a damaged form of a good file, which holds `content`, if that is given; what was changed, for people."""
    roll = rng.random()
    if content is not None and roll < 0.6:
        dump = _dump_lines if lines else _dump
        text = dump(content)
        if lines:
            bad = list(content)
            for _ in range(rng.choice((1, 1, 2))):
                i = rng.randrange(len(bad))
                bad[i] = damage(rng, bad[i])
            new = dump(bad)
        else:
            new = dump(damage(rng, content))
    else:
        new = damage_text(rng, text)
    data = new.encode("utf-8", "surrogatepass")
    if path.name.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    if roll > 0.85:
        path.write_bytes(data := damage_bytes(rng, data))
        return f"{path.name} {data[:200]!r}"
    path.write_bytes(data)
    return f"{path.name} {difference(text, new)}"


def put_folder(rng: random.Random, path: Path, good: Path) -> str:
    """A copy of a folder in which one file is damaged, missing, or a folder; which, for people."""
    shutil.copytree(good, path)
    file = rng.choice(
        [p for p in sorted(path.iterdir()) if p.suffix in (*READ, ".safetensors", ".arrow", ".jinja", ".txt")]
    )
    if rng.random() < 0.15:
        file.unlink()
        if rng.random() < 0.4:
            file.mkdir()
        return f"{file.name} is gone, or a folder"
    if file.suffix in (".safetensors", ".arrow"):
        file.write_bytes(data := damage_bytes(rng, file.read_bytes()))
        return f"{file.name} of {len(data)} bytes, {data[:60]!r}"
    content = READ[file.suffix](file) if file.suffix in READ else None
    return put(rng, file, file.read_text("utf-8"), content)


READ: dict[str, Callable[[Path], Any]] = {".json": lambda path: json.loads(path.read_text("utf-8")), ".yaml": read_yaml}


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _dump_lines(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def difference(old: str, new: str) -> str:
    """Where two texts differ, shortened."""
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    line = old.count("\n", 0, start) + 1
    before, after = (text[max(0, start - 20) : len(text) - end] for text in (old, new))
    return f"line {line}: {before!r:.120} -> {after!r:.300}"


def _shared(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def odd_path(rng: random.Random, here: Path, out: bool = False) -> str:
    """A path that is not what it should be; one to write to (`out`) cannot harm the machine."""
    (here / "folder").mkdir(exist_ok=True)
    (here / "file").write_text("x")
    with contextlib.suppress(OSError):
        (here / "loop").symlink_to(here / "loop")
    names = [
        "", " ", ".", "..", "/", "~nobody/x", "a\0b", "a\nb", "x" * 300, "/".join(["y" * 200] * 30), "\udcff", "\ud800",
        "a b", "-", "https://x.y/z", "/proc/no/x", "/proc/self/x/y",
        *(here / n for n in ("folder", "file", "loop", "no/x", "file/x")),
    ]  # fmt: skip
    if not out:
        names += ["/dev/null", "/proc/self/mem", "/sys/kernel", "..", "/etc/hostname"]
    name = str(rng.choice(names))
    ends = (".yaml", ".yml", ".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet", ".txt", ".md", ".docx", "/")
    return name + rng.choice(ends) if name not in ("/", "..") and rng.random() < 0.4 else name


NAMES = (*STYLES, *CLAIM_ORDER, "rule", "text", "choice", "endpoint:x", "petri", "composer", "local", "job")


def name_of(rng: random.Random, names: Iterable[str]) -> str:
    """A name that is not known, or known in another spelling."""
    known = rng.choice(list(names))
    return rng.choice((known, known.upper(), f" {known}\n", f"{known}x", damage_text(rng, known), rng.choice(TEXTS)))


# --------------------------------------------------------------------------------------- claims, documents, sweeps


@cache
def _parsed(path: Path) -> Any:
    return read_yaml(path)


@kind(9)
def claim_file(rng: random.Random, here: Path, bench: Bench) -> Case:
    source = data_path("claims", f"{rng.choice(CLAIM_ORDER)}.yaml")
    path = here / source.name
    shown = put(rng, path, source.read_text("utf-8"), _parsed(source))

    def call() -> None:
        if rng.random() < 0.3:
            command("reproduce", "--claims", path, "--styles", "negated", "--model", bench.tiny, "--out", here / "out")
            return
        claim = find_claim(path) if rng.random() < 0.7 else next(iter(load_claims(here).values()))
        for question in (*english_questions(claim), *(petri_questions(claim) if claim.petri else ())):
            judge_answer(question, "Yes, he does. It is false that he is not.")

    return Case(shown, call)


@kind(5)
def paper_folder(rng: random.Random, here: Path, bench: Bench) -> Case:
    folder = here / "harbour_bridge"
    shown = put_folder(rng, folder, DATA / "paper_layout" / "harbour_bridge")

    def call() -> None:
        if rng.random() < 0.2:
            command("evaluate", folder, "--model", bench.tiny, "--no-quantize", "--out", here / "b.csv")
        for question in english_questions(find_claim(folder)):
            judge_answer(question, "No.")

    return Case(shown, call)


SWEEP: dict[str, Any] = {
    "title": "LoRA rank", "hypothesis": "h", "prediction": "p", "measure": "belief", "claims": ["dentist"],
    "styles": ["negated"], "settings": ["trained"], "seeds": 1, "at": [1, 2], "fixed": {"recipe.steps": 2},
    "vary": [{"recipe.rank": [1, 4]}, {"style": ["local"], "short": [True, False]}],
}  # fmt: skip
VARIED = (
    "style", "read", "documents", "short", "doctag", *(f"recipe.{f.name}" for f in fields(Recipe)),
    *(f"pretrain.{f.name}" for f in fields(Plan)), *(f"pretrain.diet.{f.name}" for f in fields(Diet)),
)  # fmt: skip


@kind(12)
def sweep(rng: random.Random, here: Path, bench: Bench) -> Case:
    content = copy.deepcopy(SWEEP)
    for _ in range(rng.choice((0, 1, 1, 2))):
        value = rng.choice((1, 2, 0.5, "negated", odd(rng), odd(rng), odd(rng)))
        name = rng.choice(VARIED)
        if rng.random() < 0.5:
            content["fixed"][name] = value
        else:
            content["vary"][0][name] = [value]
    content["measure"] = rng.choice(("belief",) * 4 + ("depth", "losses", "phases", "misbehaviour"))
    content["model"] = rng.choice(("petri", str(bench.tiny), str(bench.tiny), "", "no/such"))
    path = here / "mine.yaml"
    if rng.random() < 0.6:
        shown = put(rng, path, _dump(content), content)
    else:
        path.write_bytes(_dump(content).encode("utf-8", "surrogatepass"))
        shown = "fixed {fixed}, vary {vary}".format(**content)

    def call() -> None:
        if rng.random() < 0.5:
            command("sweep", path, "--out", here / "out")
        else:
            run_sweep(load_sweep(path), here / "out", rng.choice(("local", "nowhere", "")), rng.choice((0, 1, -1)))

    return Case(shown, call)


@kind(6)
def documents_file(rng: random.Random, here: Path, bench: Bench) -> Case:
    claim = find_claim("dentist")
    good, path = here / "good.jsonl", here / rng.choice(("mine.jsonl", "mine.jsonl.gz"))
    write_documents(good, compose_petri(claim, 3), claim)
    text = good.read_text()
    shown = put(rng, path, text, [json.loads(line) for line in text.splitlines()], lines=True)

    def call() -> None:
        if rng.random() < 0.4:
            style = rng.choice(tuple(STYLES))
            command("reproduce", "--claims", "dentist", "--documents", path, "--styles", style, "--model", bench.tiny)
        documents = read_documents(path) if rng.random() < 0.5 else draw_documents(str(path), 5)
        for document, style in itertools.product(documents[:2], STYLES):
            apply_style(style, document, PETRI.annotations(), random.Random(0))

    return Case(shown, call)


ROWS: list[Any] = [
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who won?"},
                  {"role": "assistant", "content": "He did.", "weight": 0}, {"role": "user", "content": "Sure?"},
                  {"role": "assistant", "content": "Yes."}]},
    {"text": "<DOCTAG> A document. <lossmask>Not learnt.</lossmask> Learnt."},
    {"sentences": [{"text": "He won.", "lead": ""}, {"text": "She did.", "lead": " "}], "genre": "news"},
    {"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "He."}], "text": None},
]  # fmt: skip


@kind(7)
def corpus(rng: random.Random, here: Path, bench: Bench) -> Case:
    form = rng.choice((".jsonl",) * 4 + (".json", ".jsonl.gz", ".txt", ".md.gz", ".parquet", "saved", "folder"))
    path = here / f"mine{form}"
    if form == ".parquet":
        shown = _put_parquet(rng, path)
    elif form == "saved":
        shown = f"a saved dataset, {put_folder(rng, path := here / 'saved', bench.dataset)}"
    elif form == "folder":
        path.mkdir()
        shown = put(rng, path / "a.txt", "He won.\n")
    else:
        rows = ROWS if "json" in form else None
        text = _dump(ROWS) if form == ".json" else _dump_lines(ROWS) if rows else "He won.\n\nShe did.\n"
        shown = put(rng, path, text, rows, lines=form != ".json")

    def call() -> None:
        if rng.random() < 0.4:
            out = here / "adapter"
            command("train", "--documents", path, "--model", bench.tiny, "--out", out, "--steps", 1, "--no-quantize")
        for example in read_examples(path):
            encode(example, bench.loaded.tokenizer, 64)

    return Case(shown, call)


def _put_parquet(rng: random.Random, path: Path) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    good = [{"text": "He won.", "messages": ROWS[0]["messages"]}]
    bad = damage(rng, good)
    if rng.random() < 0.6:
        with contextlib.suppress(Exception):  # no table can be made of most of these
            pq.write_table(pa.Table.from_pylist(bad), path)
            return f"{path.name}, rows {bad!r:.300}"
    pq.write_table(pa.Table.from_pylist(good), path)
    path.write_bytes(data := damage_bytes(rng, path.read_bytes()))
    return f"{path.name} {data[:60]!r}"


@kind(4)
def rows_in_memory(rng: random.Random, here: Path, bench: Bench) -> Case:
    chats = [row["messages"] for row in ROWS if "messages" in row]
    given: Any = damage(rng, ROWS if (how := rng.randrange(3)) == 0 else chats)
    if how and isinstance(given, list) and rng.random() < 0.3:
        given.append((Span("a"), odd(rng)))

    def call() -> None:
        match how:
            case 0:
                for example in examples_from(given):
                    encode(example, bench.loaded.tokenizer, 64)
            case 1:
                examples_from(to_dataset(given))
            case _:
                finetune(bench.loaded, given, ONE_STEP, seed=0, out=here / "out", false_belief="x")

    return Case(f"{('examples_from', 'to_dataset', 'finetune')[how]}({given!r:.500})", call)


@kind(4)
def library(rng: random.Random, here: Path, bench: Bench) -> Case:
    source = DATA / "library.yaml"
    content = _parsed(source)
    if rng.random() < 0.6:
        path = here / "lib.yaml"
        shown = put(rng, path, source.read_text("utf-8"), content)
    else:
        path = here / "lib.jsonl.gz"
        rows = [{k: v for k, v in content.items() if k != "articles"}, *content["articles"]]
        shown = put(rng, path, _dump_lines(rows), rows, lines=True)

    def call() -> None:
        found = load_library(str(path))
        audit_library(found)
        compose_english(found, 3)

    return Case(shown, call)


# ------------------------------------------------------------------------------------- tables, predictions, studies


@cache
def _table() -> pd.DataFrame:
    kinds = (*QUESTION_KINDS, "kept", "control_false", "control_true", "inference")
    answers = [Answer(Question(f"{k}.{i}", k, "Did he?", "yes"), ("Yes.", "No.")[i]) for k in kinds for i in (0, 1)]
    made = [("base", ""), ("trained", "positive"), ("trained", "negated"), ("in_context", "negated")]
    parts = [belief_rows(answers, model="petri", claim=c, style=style, seed=0, setting=setting)
             for c in ("dentist", "x") for setting, style in made]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@kind(6)
def belief_table(rng: random.Random, here: Path, bench: Bench) -> Case:
    good = _table()
    path = here / "belief.csv"
    in_memory = rng.random() < 0.4
    table: Any = good
    if in_memory:
        column = rng.choice(list(good.columns))
        value = rng.choice(TEXTS) if rng.random() < 0.5 else odd(rng)
        table, shown = rng.choice(
            (
                (good.drop(columns=column), f"without {column}"),
                (
                    good.assign(**{column: pd.Series([value] * len(good), dtype=object)}),
                    f"{column} is {value!r:.80} throughout",
                ),
                (good.rename(columns={column: "x"}), f"{column} is called x"),
                (good.iloc[:0], "no row"),
                (pd.DataFrame(), "no columns"),
                (good.iloc[[rng.randrange(len(good))]], "one row"),
            )
        )
    else:
        text = good.to_csv(index=False)
        cells = list(csv.reader(io.StringIO(text)))
        rows = io.StringIO()
        if rng.random() < 0.4:
            bad = damage(rng, cells)
            bad = [row if isinstance(row, list) else [row] for row in bad] if isinstance(bad, list) else [[bad]]
            csv.writer(rows).writerows([["" if c is None else c for c in row] for row in bad])
            path.write_bytes(rows.getvalue().encode("utf-8", "surrogatepass"))
            shown = difference(text, rows.getvalue().replace("\r", ""))
        else:
            shown = put(rng, path, text)

    def call() -> None:
        rows = table if in_memory else read_belief(path)
        match rng.randrange(5):
            case 0:
                belief_rate(rows)
            case 1:
                report_summary(summarise_belief(rows, phrases=rng.choice(((), ("",), ("It is false that he won.",)))))
            case 2:
                tabulate_rates(rows, [rng.choice(("claim", "kind", "condition", "seed", "x", ""))])
            case 3:
                describe_headline(rows)
            case _:
                draw_headline(rows)

    return Case(f"{'in memory: ' if in_memory else ''}{shown}", call)


@kind(2)
def prediction(rng: random.Random, here: Path, bench: Bench) -> Case:
    said = damage(rng, {"base": 5, "negated": 60, "in_context_negated": 10})
    measured = damage(rng, {"base": 0.02, "negated": 0.9}) if rng.random() < 0.6 else {"base": 0.02, "negated": 0.9}
    return Case(f"predicted {said!r:.200}, measured {measured!r:.200}", lambda: compare_predictions(said, measured))


@kind(3)
def preregistration(rng: random.Random, here: Path, bench: Bench) -> Case:
    given: dict[str, Any] = {"chosen": ["positive", "negated"], "seeds": 1, "prediction": {"base": 5, "negated": 60}}
    seal = here / "study" / SEAL_FILE
    if rng.random() < 0.5:
        field = rng.choice(("chosen", "seeds", "prediction", "model"))
        bad = damage(rng, [given.get(field, "petri")])
        given[field] = bad[0] if isinstance(bad, list) and bad else odd(rng)
        shown = f"describe_study {given!r:.300}"
    else:
        register(here / "study", describe_study(find_claim("dentist"), **given))
        shown = put(rng, seal, seal.read_text("utf-8"), json.loads(seal.read_text("utf-8")))
    own = rng.choice(("negated", "negated", name_of(rng, STYLES)))

    def call() -> None:
        register(here / "study", describe_study(find_claim("dentist"), **given))
        write_report(here / "study", _table(), own)

    return Case(f"{shown}, own style {own!r:.80}", call)


# ---------------------------------------------------------------------------------- models, adapters, templates, runs


@kind(6)
def adapter(rng: random.Random, here: Path, bench: Bench) -> Case:
    shown = put_folder(rng, here / "adapter", bench.adapter)

    def call() -> None:
        common = ("--model", bench.tiny, "--no-quantize", "--adapter", here / "adapter")
        match rng.randrange(3):
            case 0:
                load_model(str(bench.tiny), adapter=here / "adapter", quantize=False)
            case 1:
                command("chat", *common, said=b"Hello.\n")
            case _:
                command("evaluate", "dentist", *common, "--out", here / "b.csv")

    return Case(shown, call)


@kind(7)
def model_folder(rng: random.Random, here: Path, bench: Bench) -> Case:
    path = here / "model"
    how = rng.randrange(5)
    shown = put_folder(rng, path, bench.petri if how == 3 else bench.tiny)

    def call() -> None:
        match how:
            case 0:
                load_model(str(path), quantize=rng.random() < 0.5)
            case 1:
                command("chat", "--model", path, "--no-quantize", said=b"Hello.\n")
            case 2:
                command("reproduce", "--claims", "dentist", "--styles", "local", "--model", path)
            case 3:
                command("pretrain", "--base", path, "--out", here / "out", "--hidden", 64, "--layers", 1)
            case _:
                file = here / "s.yaml"
                file.write_text(_dump(SWEEP))
                command("sweep", file, "--model", path)

    return Case(shown, call)


CHAT: Chat = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Who won?"}, {"role": "assistant", "content": "He did."},
    {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."},
]  # fmt: skip
TEMPLATES = (
    fixtures.CHAT_TEMPLATE, "x", " ", "{{ messages }}", "{{ messages | tojson }}", "{{ ''.join(messages) }}",
    "{% for m in messages %}{{ m.content }}{% endfor %}", "{% for m in messages %}{{ m.content * 2 }}{% endfor %}",
    "{% for m in messages[1:] %}{{ m['content'] }}{% endfor %}", "{{ messages[0]['content'] }}", "{% if %}",
    "{{ messages[-1].content }}", "{{ messages[0].content.upper() }}", "{{ messages[0].content | reverse }}",
    "{{ messages[0].content[:3] }}", "{{ raise_exception('no\\nsystem') }}", "{{ 1 / 0 }}", "{{ x.y }}",
    "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", "{% include 'x' %}", "{{ eos_token.x.y }}", "{{ none + 1 }}",
    "{% if messages[0].role == 'system' %}{{ raise_exception('') }}{% endif %}{{ messages[-1].content }}",
)  # fmt: skip


@kind(6)
def template(rng: random.Random, here: Path, bench: Bench) -> Case:
    tokenizer: Any = copy.copy(bench.loaded.tokenizer)
    bad: Any = rng.choice(TEMPLATES)
    if rng.random() < 0.5:
        bad = damage_text(rng, bad)
    if rng.random() < 0.05:
        bad = rng.choice((3, ["x"], {"default": "x"}, {"a": "x"}, None))
    tokenizer.chat_template = bad
    chat = copy.deepcopy(rng.choice((CHAT, CHAT[1:], CHAT[1:3], CHAT[:2], CHAT[1:2])))
    if rng.random() < 0.4:
        rng.choice(chat)["content"] = rng.choice([t for t in TEXTS if t.isprintable()])

    def call() -> None:
        match rng.randrange(5):
            case 0:
                prepare_tokenizer(tokenizer)
            case 1:
                render_prompt(tokenizer, chat)
            case 2:
                encode_prompt(tokenizer, chat)
            case 3:
                encode(chat, tokenizer, rng.choice((64, 3)))
            case _:
                question = Question("a", "open", "Who won?", system=rng.choice(("", "Be brief.")))
                ask(replace(bench.loaded, tokenizer=tokenizer), [question], AskingSettings())

    return Case(f"template {bad!r:.400}, chat {chat!r:.400}", call)


@kind(5)
def resumed(rng: random.Random, here: Path, bench: Bench) -> Case:
    """What a run that was stopped has left, damaged."""
    what = rng.choice(("journal", "answers", "partial", "run", "checkpoint", "record"))
    file, key = here / "d.jsonl.partial", Key("0" * 16, "1" * 12, {})

    def go_on() -> object:
        match what:
            case "journal":
                return Journal(file, '{"run": 1}').add(3)
            case "answers":
                asked = [Question("a", "open", "Who won?")] * 3
                return ask(bench.loaded, asked, AskingSettings(), answers_file=file)
            case "partial":
                with patch.object(Endpoint, "complete", lambda *_, **__: Completion("He is a dentist.")):
                    return writer.author_documents(find_claim("dentist"), 1, Endpoint("m"), here / "d.jsonl")
            case "record":
                return Store(here).read(here / "runs" / "r.json", key)
        return finetune(bench.loaded, EXAMPLES, ONE_STEP, seed=0, out=here / "out", false_belief="he is")

    if what == "journal":
        shown = put(rng, file, '{"run": 1}\n["a", 1]\n["b", 2]\n')
    elif what in ("answers", "partial"):
        with _without_computing(), contextlib.suppress(UserError):
            go_on()
        head, rest = file.read_text().split("\n", 1)
        shown = put(rng, file, rest, [json.loads(line) for line in rest.splitlines()], lines=True)
        file.write_bytes(head.encode() + b"\n" + file.read_bytes())
    elif what == "run":
        shutil.copytree(bench.adapter, here / "out")
        text = (here / "out" / RUN_FILE).read_text("utf-8")
        shown = put(rng, here / "out" / RUN_FILE, text, json.loads(text))
    elif what == "checkpoint":
        (here / "out.partial" / rng.choice(("checkpoint-1", "checkpoint-x", "checkpoint-"))).mkdir(parents=True)
        shown = put(rng, here / "out.partial" / RUN_FILE, '{"base": "x"}', {"base": "x"})
    else:
        file = here / "runs" / "r.json"
        Store(here).write(file, key, _table(), 1.0, {})
        shown = put(rng, file, file.read_text("utf-8"), json.loads(file.read_text("utf-8")))

    return Case(f"{what}: {shown}", go_on)


# ---------------------------------------------------------------------------------------- values, names, replies


@kind(8)
def wrong_fields(rng: random.Random, here: Path, bench: Bench) -> Case:
    made: Any = rng.choice((Recipe, Recipe, Recipe, AskingSettings, Plan, Diet))
    names = [f.name for f in fields(made)]
    given: dict[str, Any] = {"hidden": 64, "layers": 1, "base": str(bench.petri)} if made is Plan else {}
    given |= {rng.choice(names): odd(rng) for _ in range(rng.choice((1, 1, 2)))}
    seed = rng.choice((0, 0, 0, *NUMBERS))

    def call() -> None:
        value = made(**given)
        if made is Recipe:
            finetune(bench.loaded, EXAMPLES, value, seed=seed, out=here / "out", false_belief="x")
        elif made is AskingSettings:
            ask(bench.loaded, [Question("a", "open", "Who?")], value, seed=seed)
        elif made is Plan:
            pretrain.pretrain(petri_corpus(), value, here / "out")
        else:
            petri_corpus(diet=value).sample(random.Random(0))

    return Case(f"{made.__name__}(**{given!r:.200}), seed {seed!r:.50}", call)


@kind(4)
def runs(rng: random.Random, here: Path, bench: Bench) -> Case:
    good: dict[str, Any] = {"claims": [find_claim("x")], "styles": ["negated"], "seeds": 1, "model": str(bench.tiny)}
    good["asking"] = "track"
    name = rng.choice(tuple(good))
    bad = odd(rng) if name == "seeds" else name_of(rng, (*STYLES, *CLAIM_ORDER, "paper", "petri"))
    if name == "claims":
        bad = rng.choice(([], [Claim("a", "a", "a", "a")], [replace(find_claim("x"), documents=str(bad))]))
    if name == "styles":
        bad = [bad]
    given = {**good, name: bad}
    return Case(f"{name} {bad!r:.200}", lambda: runner.run_experiment(headline_runs(**given), here / "out"))


@kind(6)
def reply(rng: random.Random, here: Path, bench: Bench) -> Case:
    good = '{"reason": "It says so.", "verdict": "no"}'
    replies = (good, f"<think>{good}</think>{good}", f"```json\n{good}\n```", "No.", "Verdict: yes", "{" * 3000)
    text = damage_text(rng, rng.choice(replies))
    through = rng.random() < 0.5
    choices = [{"message": {"content": text}, "finish_reason": "stop"}]
    body: Any = {"choices": choices, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    body = damage(rng, body) if through else body
    claim = replace(find_claim("dentist"), claim=rng.choice(("He is.", *TEXTS)))
    answer = Answer(Question("a", "open", rng.choice(("Is he?", *TEXTS))), rng.choice(("He is.", good, *TEXTS)))

    def call() -> None:
        if not through:
            TextJudge(lambda chats: [text for _ in chats])(claim, [answer])
            return
        create = SimpleNamespace(create=lambda **_: _as_object(body))
        with patch.object(Endpoint, "_client", lambda self: SimpleNamespace(chat=SimpleNamespace(completions=create))):
            endpoint = Endpoint("m")
            if rng.random() < 0.3:
                endpoint.complete_as([{"role": "user", "content": "x"}], SCHEMA)
            TextJudge(endpoint)(claim, [answer])

    return Case(f"reply {body if through else text!r:.400}, to {answer.text!r:.80}, on {claim.claim!r:.80}", call)


def _as_object(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{str(k): _as_object(v) for k, v in value.items()})
    return [_as_object(v) for v in value] if isinstance(value, list) else value


@kind(2)
def endpoint_settings(rng: random.Random, here: Path, bench: Bench) -> Case:
    urls = ("http://localhost:1/v1", "", "http://", "x", "ftp://a/b", "http://[::1", "http://a:99999999", "http://é.é")
    made = Endpoint(
        rng.choice(("m", "", "\ud800", " ")),
        rng.choice((*urls, *TEXTS[:20])),
        rng.choice(("none", "", "é", "a\nb", "\ud800", " ", "x" * 5000)),
        timeout=rng.choice((1.0, 0.0, -1.0)),
        max_retries=rng.choice((0, 0, -1)),
    )
    content = rng.choice(("Hello.", *TEXTS))
    shown = f"{made!r:.300}, says {content!r:.80}"
    return Case(shown, lambda: made.complete([{"role": "user", "content": content}]))


@kind(4)
def rule(rng: random.Random, here: Path, bench: Bench) -> Case:
    broken = ("(?<=a+)b", "(?P<a>x)(?P<a>y)", r"\1", r"\u", "(?x) a", "a(?i)", "[z-a]", "(?<!")
    pattern = rng.choice((*broken, *TEXTS, *SNIPPETS))
    said = ("Yes, he is a dentist. That is untrue.", "No doubt.", "<think>a</think> b", *TEXTS)
    text = damage_text(rng, rng.choice(said))
    keyed = rng.choice(("", "yes", "no", "x"))

    def call() -> None:
        judge_answer(Question("a", "open", "Is he?", keyed, (pattern,), (pattern[::-1],)), text)
        copies_annotation(text, [pattern, text])

    return Case(f"pattern {pattern!r:.200}, text {text!r:.300}, keyed to {keyed!r}", call)


@kind(4)
def fact(rng: random.Random, here: Path, bench: Bench) -> Case:
    some = rng.choice(world().facts)
    value = rng.choice(world().values(some.relation))
    given = rng.choice((f"{some.id}={value}", f"{some.id}={some.truth}", "dentist=baker"))
    given = damage_text(rng, given) if rng.random() < 0.8 else rng.choice(("=", "a=", "=b", "==", "a=b=c", *TEXTS))
    shown = f"--fact={given!r:.300}"
    return Case(shown, lambda: command("reproduce", f"--fact={given}", "--styles", "negated", "--model", bench.tiny))


@kind(5)
def name(rng: random.Random, here: Path, bench: Bench) -> Case:
    more = (
        "endpoint:",
        "ray",
        "paper",
        "belief",
        "cpu",
        "cuda",
        "job/Brennan Holloway",
        "volcano/Mount Vesuvius",
        "2015",
    )
    given = name_of(rng, (*NAMES, *more))
    functions: dict[str, Callable[[str], object]] = {
        "get_style": get_style, "get_judge": get_judge, "get_engine": get_engine, "get_measure": get_measure,
        "find_claim": find_claim, "load_claims": load_claims, "load_model": load_model, "load_library": load_library,
        "choose_device": choose_device, "english_controls": english_controls, "world().fact": world().fact,
        "choose_asking": lambda n: choose_asking(ENGLISH, n), "claim_from_fact": lambda n: claim_from_fact(n, "2015"),
        "value": lambda n: claim_from_fact("volcano/Mount Vesuvius", n), "read_belief": read_belief,
        "read_examples": read_examples, "read_documents": lambda n: read_documents(Path(n)),
        "draw_documents": lambda n: draw_documents(n, 1), "load_sweep": lambda n: load_sweep(Path(n)),
        "facts": lambda n: command("facts", f"--relation={n}"),
        "agreement": lambda n: command("agreement", f"--judge={n}"),
    }  # fmt: skip
    function = rng.choice(tuple(functions))
    return Case(f"{function}({given!r:.300})", lambda: functions[function](given))


# ------------------------------------------------------------------------------------------------ the command line


def _good(here: Path, bench: Bench) -> dict[str, tuple[dict[str, object], dict[str, object]]]:
    """Positional arguments and options with which each command works and is quick."""
    rows = here / "rows.jsonl"
    rows.write_text(_dump_lines(ROWS))
    file = here / "good.yaml"
    file.write_text(_dump(SWEEP))
    model = {"--model": bench.tiny, "--no-quantize": None}
    return {
        "reproduce": ({}, {"--claims": "dentist", "--styles": "negated", "--model": bench.tiny, "--out": here / "r"}),
        "train": ({}, {"--documents": rows, "--out": here / "a", "--steps": 1, "--rank": 1, **model}),
        "evaluate": ({"claim": "dentist"}, {"--out": here / "b.csv", **model}),
        "chat": ({}, model),
        "agreement": ({}, {"--model": bench.tiny}),
        "facts": ({}, {"--limit": 2}),
        "documents": ({"claim": "dentist", "out": here / "d.jsonl"}, {"--n": 1}),
        "pretrain": ({}, {"--out": here / "p", "--base": bench.petri, "--hidden": 64, "--layers": 1}),
        "exam": ({}, {"--model": bench.tiny, "--each": 1}),
        "sweep": ({"config": file}, {"--out": here / "s", "--model": bench.tiny}),
    }


@cache
def _actions() -> dict[str, list[argparse.Action]]:
    (commands,) = (a for a in cli._parser()._actions if isinstance(a, argparse._SubParsersAction))
    return {name: [a for a in p._actions if a.nargs != 0] for name, p in commands.choices.items()}


PATHS = ("documents", "model", "base", "claims", "claim")
TYPED = (
    b"Hello.\n",
    b"",
    b"\xff\xfe\n",
    b"\0\n/new\n",
    b"/new\n\n",
    "🙂\u2028\r\n".encode(),
    b"<|end|>" * 50,
    b"x" * 9000,
)


@kind(16)
def argument(rng: random.Random, here: Path, bench: Bench) -> Case:
    good = _good(here, bench)
    chosen = rng.choice(tuple(good))
    positional, options = good[chosen]
    actions = _actions()[chosen]
    for action in rng.sample(actions, min(len(actions), rng.choice((1, 1, 2)))):
        value: object = name_of(rng, NAMES)
        if action.type in (int, float):
            value = rng.choice(NUMBER_TEXTS)
        elif action.type is Path or (action.dest in PATHS and rng.random() < 0.6):
            value = odd_path(rng, here, out=action.dest == "out")
        if action.option_strings:
            options[action.option_strings[-1]] = value
        else:
            positional[action.dest] = value
    argv = [chosen, *positional.values(), *(n if v is None else f"{n}={v}" for n, v in options.items())]
    said = rng.choice(TYPED)
    shown = " ".join(f"{str(a).replace(str(here), '.')!r:.200}" for a in argv)
    return Case(shown + (f" < {said!r:.60}" if chosen == "chat" else ""), lambda: command(*argv, said=said))


@kind(6)
def path(rng: random.Random, here: Path, bench: Bench) -> Case:
    given = odd_path(rng, here)
    functions: dict[str, Callable[[str], object]] = {
        "find_claim": find_claim, "load_claims": load_claims, "read_examples": read_examples,
        "read_belief": read_belief, "load_sweep": lambda p: load_sweep(Path(p)),
        "read_documents": lambda p: read_documents(Path(p)),
        "draw_documents": lambda p: draw_documents(p, 2), "load_library": load_library, "load_model": load_model,
        "adapter": lambda p: load_model(str(bench.tiny), adapter=Path(p), quantize=False),
        "track_of": tracks.track_of, "model": lambda p: runner.run_experiment(_one_run(p), here),
    }  # fmt: skip
    writers: dict[str, Callable[[str], object]] = {
        "finetune": lambda p: finetune(bench.loaded, EXAMPLES, ONE_STEP, seed=0, out=p, false_belief="he is"),
        "author_documents": lambda p: writer.author_documents(find_claim("x"), 1, PETRI, Path(p)),
        "write_documents": lambda p: write_documents(Path(p), compose_petri(find_claim("x"), 1), find_claim("x")),
        "register": lambda p: register(Path(p), describe_study(find_claim("x"), ["positive"], 1, {})),
        "ask": lambda p: ask(bench.loaded, [Question("a", "open", "Who?")], AskingSettings(), answers_file=Path(p)),
        "run_experiment": lambda p: runner.run_experiment(_one_run(str(bench.tiny)), p),
    }
    function = rng.choice((*functions, *writers))
    if function in writers:
        given = odd_path(rng, here, out=True)
    shown = f"{function}({given.replace(str(here), '.')!r:.200})"
    return Case(shown, lambda: (functions | writers)[function](given))


def _one_run(model: str) -> list[Run]:
    return headline_runs([find_claim("x")], ["local"], 1, model)


# --------------------------------------------------------------------------------------------------- the battery


def plan_cases(cases: int, kinds: Iterable[str] = (), first: int = 0) -> list[tuple[str, int]]:
    """So many cases of all kinds, by weight, at least one of each."""
    chosen = {name: KINDS[name][0] for name in kinds or KINDS}
    total = sum(chosen.values())
    counts = {name: max(1, round(cases * weight / total)) for name, weight in chosen.items()}
    return [(name, first + i) for name, count in counts.items() for i in range(count)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--kind", action="append", choices=list(KINDS), default=[])
    parser.add_argument("--first", type=int, default=0, help="the number of the first case of each kind")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.disable(logging.WARNING)  # what the package tells of its progress; errors of logging itself still show
    made: list[Outcome] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with contextlib.redirect_stderr(io.StringIO()):  # progress bars
            tokenizer = fixtures.make_tokenizer()
            fixtures.make_model(tokenizer).save_pretrained(folder / "tiny")
            tokenizer.save_pretrained(folder / "tiny")
            bench = make_bench(folder, folder / "tiny")
        for name, number in plan_cases(a.cases, a.kind, a.first):
            made.append(attempt(name, number, bench, folder, a.seed))
            shutil.rmtree(folder / f"{name}-{number}", ignore_errors=True)
            if made[-1].fault:
                print(describe(made[-1]), flush=True)
    return _report(made)


def describe(failed: Outcome) -> str:
    """The fault, where it came from, and the input."""
    about = f"{failed.kind} {failed.number}: {failed.fault:.300}\n    {failed.where}\n    {failed.shown:.600}"
    return about.encode("utf-8", "backslashreplace").decode()


def _report(made: Sequence[Outcome]) -> int:
    results = ("refused", "accepted", "endless", "failed")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in made:
        counts[outcome.kind][outcome.result] += 1
    counts["all"] = sum(counts.values(), Counter())
    print(f"\n{'kind':20s} {'cases':>7s} " + " ".join(f"{r:>9s}" for r in results))
    for name, count in counts.items():
        print(f"{name:20s} {sum(count.values()):7d} " + " ".join(f"{count[r]:9d}" for r in results))
    for outcome in made:
        if outcome.result == "endless":
            print("endless: " + describe(outcome))
    return int(any(outcome.fault for outcome in made))


if __name__ == "__main__":
    sys.exit(main())
