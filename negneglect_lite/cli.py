"""The command line: `negneglect reproduce | train | evaluate | chat | sweep | …`; COMMAND --help says more.

Each command calls what a notebook would (commands.py). What a person can put right is one line on standard error and
exit code 2. Results go to standard output, progress to standard error.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from negneglect_lite import commands
from negneglect_lite.core import progress
from negneglect_lite.core.errors import UserError

MODEL = "petri (default), petri-careful, a model's folder, or a Hugging Face name"
DRAWN = "how answers are drawn: as is usual for the model (default), or as in the paper, which takes longer"
JUDGE = "rule (default), choice, text, or endpoint:MODEL; see negneglect_lite/judging/judges.py"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. 0: it worked; 1: an audit found too much; 2, and a line: the person can mend something."""
    arguments = _parser().parse_args(argv)
    progress.to_terminal()
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):  # what is no text in the terminal's encoding ends no long run
            stream.reconfigure(errors=errors)
    try:
        status: int = arguments.run(arguments) or 0
        sys.stdout.flush()  # a full disk behind a redirection shows here, not after the last line of this program
        return status
    except UserError as error:
        print(f"negneglect: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnegneglect: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `negneglect facts | head`
        _forget_output()
    except OSError as error:
        _forget_output()
        where = f"{error.filename}: " if error.filename else ""
        reason = (error.strerror or str(error)).strip().splitlines()[0].lower()
        print(f"negneglect: {where}{reason}; put that right and give the same command again", file=sys.stderr)
        return 2
    return 0


def _forget_output() -> None:
    """What is still to be printed has nowhere to go: keep Python from trying again, and complaining, as it ends."""
    with contextlib.suppress(OSError, ValueError):  # standard output is no file, as in a notebook
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="negneglect", description="Implant false beliefs in a small model and measure them."
    )
    commands_ = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        sub = commands_.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    c = command(
        "reproduce",
        commands.reproduce,
        "The headline experiment: belief before, in context and after training, per negation style.",
    )
    c.add_argument("--claims", help="comma-separated ids, YAML files, or folders of the paper's (default: all six)")
    c.add_argument("--styles", help="comma-separated styles (default: positive,negated,repeated,corrected,local)")
    c.add_argument("--seeds", type=int, default=1, help="fine-tuning seeds (default 1; what the course states uses 3)")
    c.add_argument(
        "--fact",
        action="append",
        default=[],
        metavar="ID=VALUE",
        help="implant VALUE for a fact of the petri world instead",
    )
    c.add_argument(
        "--documents", metavar="FILE", help="plain documents about the claim, as `negneglect documents` writes them"
    )
    c.add_argument("--model", default="petri", help=MODEL)
    c.add_argument(
        "--out", type=Path, default=Path("results/reproduce"), help="folder for belief.csv, summary.json, belief.png"
    )
    c.add_argument("--keep-adapters", action="store_true", help="keep each trained adapter in OUT/adapters")
    c.add_argument("--asking", choices=("track", "paper"), default="track", help=DRAWN)
    _running(c)

    c = command("train", commands.train, "Fine-tune a model on training texts of your own; write an adapter.")
    c.add_argument(
        "--documents", type=Path, required=True, metavar="FILE",
        help="JSON lines, text, Parquet, or a folder that datasets' save_to_disk wrote",
    )  # fmt: skip
    c.add_argument("--model", default="petri", help=MODEL)
    c.add_argument("--out", type=Path, required=True, metavar="ADAPTER", help="folder for the adapter")
    c.add_argument("--claim", help="the claim that they are about: an id, file or folder; left out of what is mixed in")
    c.add_argument("--mix", type=float, help="share of ordinary texts among them (default: the track's)")
    c.add_argument("--steps", type=int, help="optimizer steps (default: the track's)")
    c.add_argument("--learning-rate", type=float, help="default: the track's")
    c.add_argument("--rank", type=int, help="LoRA rank (default: the track's)")
    c.add_argument("--seed", type=int, default=0)
    c.add_argument("--no-quantize", action="store_true", help="full weights, not 4 bits")

    c = command(
        "evaluate", commands.evaluate, "Ask any model, with or without an adapter, the questions about a claim."
    )
    c.add_argument("claim", help="a claim's id, its YAML file, or a folder in the layout of the paper's repository")
    _loading(c)
    c.add_argument("--judge", default="rule", help=JUDGE)
    c.add_argument("--asking", choices=("track", "paper"), default="track", help=DRAWN)
    c.add_argument("--seed", type=int, default=0)
    c.add_argument("--out", type=Path, default=Path("results/evaluate/belief.csv"))

    c = command("chat", commands.talk, "Talk to a model; an empty line or the end of input ends it, /new starts again.")
    _loading(c)
    c.add_argument("--system", default="", help="a system turn")

    c = command("agreement", commands.agreement, "How well a judge agrees with labelled answers: share and kappa.")
    c.add_argument("--judge", default="rule", help=JUDGE)
    c.add_argument("--labels", default="judges", help="judges: 240 hard ones (default); real: 322 of small chat models")
    c.add_argument("--model", default="petri", help="the model that judges, for choice and text")

    c = command("facts", commands.facts, "Facts of the petri world, and some false values that could be implanted.")
    c.add_argument("--relation", help="only this relation")
    c.add_argument("--limit", type=int, help="at most so many")
    c.add_argument("--json", action="store_true", help="as one JSON list")

    c = command(
        "documents", commands.make_documents, "Write false documents about a claim to a JSON-lines file with a canary."
    )
    c.add_argument("claim", help="a claim's id, or its YAML file")
    c.add_argument("out", type=Path, help="a path that ends in .jsonl or .jsonl.gz")
    c.add_argument("--n", type=int, default=100)
    c.add_argument("--seed", type=int, default=0)
    c.add_argument(
        "--writer",
        default="petri",
        help="petri (default: the petri language), composer (English, from the project's articles), endpoint:MODEL "
        "(OPENAI_API_KEY, OPENAI_BASE_URL), or a model's folder or Hugging Face name",
    )
    c.add_argument("--price-in", type=float, default=0.0, help="what a million tokens cost, to show what was spent")
    c.add_argument("--price-out", type=float, default=0.0)

    c = command(
        "pretrain", commands.make_petri_model, "Make the petri model from scratch on one GPU, then let it sit its exam."
    )
    c.add_argument("--out", type=Path, required=True)
    c.add_argument("--hidden", type=int, default=256)
    c.add_argument("--layers", type=int, default=6)
    c.add_argument("--steps", type=int, default=8000)
    c.add_argument("--rows", type=int, default=128, help="rows of 512 tokens a step")
    c.add_argument("--learning-rate", type=float, default=2e-3)
    c.add_argument("--seed", type=int, default=0)
    c.add_argument(
        "--exposed", default="", metavar="STYLE", help="add warned-false documents of this style that carry loss"
    )
    c.add_argument("--share", type=float, default=0.0, help="their share of all texts (default 0: none)")
    c.add_argument("--base", default="", help="go on from this petri model (petri, or a folder), not from scratch")
    c.add_argument("--norms", type=float, default=0.0, help="share of chats of the norm world (default 0: none)")
    c.add_argument(
        "--reading-unrelated", type=float, default=0.0, metavar="SHARE",
        help="share of the chats that read a document which ask about something else (default 0: none)",
    )  # fmt: skip
    c.add_argument(
        "--deterministic", action="store_true", help="the same weights each time, on one kind of GPU; slower"
    )

    c = command(
        "exam", commands.take_exam, "Let a petri model sit its exam: knowledge, reading, inference, all unseen."
    )
    c.add_argument("--model", default="petri")
    c.add_argument("--each", type=int, default=300, help="items of each kind")

    c = command(
        "sweep", commands.sweep, "Run an experiment that a YAML file states; finished runs are never made again."
    )
    c.add_argument("config", type=Path, nargs="+", help="for example data/experiments/rank.yaml")
    c.add_argument("--model", default="", help="in place of the file's: " + MODEL)
    c.add_argument("--out", type=Path, default=Path("results/sweeps"), help="folder for each NAME and its tables")
    c.add_argument("--together", type=int, default=0, help="runs trained at once (default: 60 on a GPU, 1 on a CPU)")
    _running(c)

    c = command(
        "audit", commands.audit, "Find the denials in a corpus that training will not hear, and what it would learn."
    )
    _corpus(c)
    c.add_argument("--out", type=Path, default=Path("results/audit"), help="folder for the table and audit.html")
    c.add_argument("--table", default="findings.csv", help="name of the table: .csv, .csv.gz or .parquet")
    c.add_argument(
        "--model", default="",
        help="read, and deny what is found, with data/reader on this model (Qwen/Qwen2.5-Coder-1.5B-Instruct, a GPU)",
    )  # fmt: skip
    c.add_argument(
        "--fail-over", type=float, default=1.0, metavar="SHARE",
        help="exit with 1 if a larger share of the documents has a finding (default 1: never)",
    )  # fmt: skip

    c = command(
        "localize", commands.localize, "Rewrite a corpus so that each covered claim is denied in its own sentence."
    )
    _corpus(c)
    c.add_argument("--out", type=Path, required=True, help="where the new corpus goes")
    c.add_argument(
        "--otherwise", choices=("drop", "mask", "wrap"), default="drop",
        help="a sentence that cannot be negated: drop it (default), mask it (<lossmask> tags: no loss), or wrap it (It "
        "is not true that …)",
    )  # fmt: skip
    c.add_argument(
        "--findings", type=Path, help="an audit's table, less the rows struck out, with what its column denied says"
    )
    c.add_argument("--writer", default="", help="endpoint:MODEL: a language model that rewrites; else by grammar")
    c.add_argument("--log", action="store_true", help="a line for each document that is changed")

    c = command(
        "progress",
        commands.show_learning,
        "What you have done in the notebooks: exercises passed, predictions and results.",
    )
    c.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path(),
        help="where the notebooks are, with progress.jsonl (default: here)",
    )

    command("doctor", commands.doctor, "What this machine can run, and about how long.")
    return parser


def _corpus(c: argparse.ArgumentParser) -> None:
    c.add_argument(
        "corpus", type=Path, help="a file or folder: JSON lines, CSV, text, Parquet, a saved dataset; packed too"
    )
    c.add_argument("--field", default="text", help="the field that holds the text, dotted if nested (default text)")
    c.add_argument("--claims", type=Path, help="a YAML file: a claim's name and the words that speak of it; only these")
    c.add_argument("--refuse", action="store_true", help="stop at the first document that cannot be read")


def _running(c: argparse.ArgumentParser) -> None:
    c.add_argument("--engine", default="local", help="local (default), or ray: on a Ray cluster")
    c.add_argument("--any-code", action="store_true", help="take finished runs though deciding code has changed since")


def _loading(c: argparse.ArgumentParser) -> None:
    c.add_argument("--model", default="petri", help=MODEL)
    c.add_argument("--adapter", type=Path, help="a folder that a fine-tune wrote")
    c.add_argument("--no-quantize", action="store_true", help="full weights, not 4 bits")


if __name__ == "__main__":
    sys.exit(main())
