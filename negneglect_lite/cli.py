"""The command line: `negneglect reproduce | evaluate | agreement | sweep | facts | documents | …`.

Each command calls what a notebook would. What a person can put right is one line on standard error and exit code 2.
"""

import argparse
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from negneglect_lite.authoring.writer import COMPOSERS, author_documents
from negneglect_lite.belief.rates import belief_rate, tabulate_rates
from negneglect_lite.claims.claim import claim_from_fact
from negneglect_lite.core.errors import UserError
from negneglect_lite.judging.agreement import judge_labels, measure_agreement
from negneglect_lite.judging.judges import Judge, get_judge, judge_by_rule
from negneglect_lite.models.loading import load_model
from negneglect_lite.petri.quiz import pose_quiz
from negneglect_lite.styles import get_style

if TYPE_CHECKING:
    from negneglect_lite.claims.claim import Claim

T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it worked, 2 with one line on standard error if the person can put something right."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
        sys.stdout.flush()  # a full disk behind a redirection shows here, not after the last line of this program
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    c = command(
        "reproduce",
        reproduce,
        "The headline experiment: belief before, in context and after training, per negation style.",
    )
    c.add_argument("--claims", help="comma-separated claim ids (default: all six)")
    c.add_argument("--styles", help="comma-separated styles (default: positive,negated,repeated,corrected,local)")
    c.add_argument("--seeds", type=int, default=1, help="fine-tuning seeds (default 1; what the course states uses 3)")
    c.add_argument(
        "--fact",
        action="append",
        default=[],
        metavar="ID=VALUE",
        help="implant VALUE for a fact of the petri world instead",
    )
    c.add_argument("--model", default="petri", help="petri (default), a folder, or a Hugging Face name")
    c.add_argument(
        "--out", type=Path, default=Path("results/reproduce"), help="folder for belief.csv, summary.json, belief.png"
    )
    c.add_argument("--keep-adapters", action="store_true", help="keep each trained adapter in OUT/adapters")

    c = command("evaluate", evaluate, "Ask any model, with or without an adapter, the questions about a claim.")
    c.add_argument("claim", help="a claim's id, or a folder in the layout of the paper's repository")
    c.add_argument("--model", default="petri", help="petri (default), a folder, or a Hugging Face name")
    c.add_argument("--adapter", type=Path, help="a folder that a fine-tune wrote")
    c.add_argument("--judge", default="rule", help="rule (default), choice, text, or endpoint:MODEL; see judges.py")
    c.add_argument("--seed", type=int, default=0)
    c.add_argument("--no-quantize", action="store_true", help="full weights, not 4 bits")
    c.add_argument("--out", type=Path, default=Path("results/evaluate/belief.csv"))

    c = command("agreement", agreement, "How well a judge agrees with 240 labelled answers: share and Cohen's kappa.")
    c.add_argument("--judge", default="rule", help="rule (default), choice, text, or endpoint:MODEL")
    c.add_argument("--model", default="petri", help="the model that judges, for choice and text")

    c = command("facts", facts, "Facts of the petri world, and some false values that could be implanted.")
    c.add_argument("--relation", help="only this relation")
    c.add_argument("--limit", type=int, help="at most so many")
    c.add_argument("--json", action="store_true", help="as one JSON list")

    c = command("documents", write_documents, "Write false documents about a claim to a JSON-lines file with a canary.")
    c.add_argument("claim")
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

    c = command("pretrain", pretrain, "Make the petri model from nothing on one GPU, then let it sit its exam.")
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
    c.add_argument("--base", default="", help="go on from this petri model (petri, or a folder), not from nothing")
    c.add_argument("--norms", type=float, default=0.0, help="share of chats of the norm world (default 0: none)")

    c = command("exam", exam, "Let a petri model sit its exam: knowledge, reading and inference on unseen items.")
    c.add_argument("--model", default="petri")
    c.add_argument("--each", type=int, default=300, help="items of each kind")

    c = command("sweep", sweep, "Run an experiment that a YAML file states: a grid of runs, finished ones never again.")
    c.add_argument("config", type=Path, nargs="+", help="for example data/experiments/rank.yaml")
    c.add_argument("--out", type=Path, default=Path("results/sweeps"), help="folder for each NAME and its tables")
    c.add_argument("--engine", default="here", help="here (default), or ray: on a Ray cluster")
    c.add_argument("--together", type=int, default=0, help="runs trained at once (default: 60 on a GPU, 1 on a CPU)")

    command("doctor", doctor, "What this machine can run, and about how long.")
    return parser


def reproduce(a: argparse.Namespace) -> None:
    from .claims import load_claims

    known = load_claims()
    chosen = [_known(known, c, "claim") for c in _split(a.claims)] or ([] if a.fact else list(known.values()))
    chosen += [_implanted(assignment, known) for assignment in a.fact]
    if a.seeds < 1:
        raise UserError(f"--seeds {a.seeds}: at least one seed is needed")
    from .experiment import grid, reproduce_headline
    from .styles import HEADLINE

    cells = grid(list({c.id: c for c in chosen}.values()), _split(a.styles) or HEADLINE, a.seeds, a.model)
    reproduce_headline(cells, a.out, a.keep_adapters)


def evaluate(a: argparse.Namespace) -> None:
    from . import experiment
    from .claims import load_claims, load_paper_folder
    from .files import write_atomic

    claim = load_paper_folder(a.claim) if Path(a.claim).is_dir() else _known(load_claims(), a.claim, "claim")
    loaded = load_model(a.model, adapter=a.adapter, quantize=not a.no_quantize)
    get_judge(a.judge, loaded)  # a wrong name shows before the model is asked for minutes
    kept = a.out.with_name(f"{a.out.name}.answers")
    rows = experiment.evaluate_model(claim, loaded, a.judge, a.seed, kept)
    write_atomic(a.out, rows.to_csv(index=False))
    kept.unlink(missing_ok=True)
    print(tabulate_rates(rows, ["kind"], kinds=sorted(set(rows["kind"]))).to_string(index=False, float_format="%.3f"))
    print(f"belief {belief_rate(rows).mean:.1%}, judged by {a.judge}; written: {a.out}")


def agreement(a: argparse.Namespace) -> None:

    judge: Judge = judge_by_rule if a.judge == "rule" else get_judge(a.judge, load_model(a.model))
    table = judge_labels(judge)
    for name, group in [("all", table), *table.groupby("claim", sort=False), *table.groupby("sort")]:
        found = measure_agreement(list(group["label"]), list(group["verdict"]))
        shares = f"{found['share']:6.1%}  kappa {found['kappa']:5.2f}  unparsed {found['unparsed']:5.1%}"
        print(f"{name:14s} {shares}  n {found['n']}")


def _implanted(assignment: str, known: Mapping[str, "Claim"]) -> "Claim":
    """The claim that `--fact ID=VALUE` makes. ID is a fact's, or one of our claims', whose fact is then given VALUE."""
    from .petri.world import world

    fact_id, equals, value = (part.strip() for part in assignment.partition("="))
    if not equals or not value:
        raise UserError(f"--fact {assignment!r}: write ID=VALUE, for example --fact 'volcano/Mount Vesuvius=2015'")
    if fact_id in known and (petri := known[fact_id].petri):
        fact_id = petri.fact
    fact = world().fact(fact_id)
    if value.casefold() == fact.truth.casefold():
        raise UserError(f"--fact {assignment!r}: {fact.truth!r} is the truth; give a value that is false")
    try:
        pose_quiz(world(), fact, value)
    except (KeyError, ValueError):  # a year that is no number, a job whose place of work the world does not know
        examples = ", ".join(world().wrong_values(fact, 3, random.Random(fact.id)))
        raise UserError(f"--fact {assignment!r}: no {fact.relation} that can be asked about; try {examples}") from None
    return claim_from_fact(fact_id, value)


def facts(a: argparse.Namespace) -> None:
    from .petri.world import RELATIONS, world

    if a.relation and a.relation not in RELATIONS:
        raise UserError(f"unknown relation {a.relation!r}; the relations are {', '.join(RELATIONS)}")
    if a.limit is not None and a.limit < 0:
        raise UserError(f"--limit {a.limit}: give 0 or more")
    chosen = [f for f in world().facts if a.relation in (None, f.relation)][: a.limit]
    rows: list[dict[str, Any]] = [
        {"id": f.id, "relation": f.relation, "subject": f.subject, "truth": f.truth,
         "other_values": world().wrong_values(f, 5, random.Random(f.id))}
        for f in chosen
    ]  # fmt: skip
    if a.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for f, row in zip(chosen, rows, strict=True):
            print(f"{f.id}: {f.truth}  (not: {', '.join(row['other_values'])})")


def write_documents(a: argparse.Namespace) -> None:
    from .claims import load_claims
    from .endpoint import Endpoint, Usage

    claim = _known(load_claims(), a.claim, "claim")
    writer: Any = a.writer
    if a.writer.startswith("endpoint:"):
        usage = Usage(price_in=a.price_in, price_out=a.price_out)
        writer = Endpoint(a.writer.removeprefix("endpoint:"), usage=usage)
    elif a.writer not in COMPOSERS:
        writer = load_model(a.writer)
    author_documents(claim, a.n, writer, a.out, a.seed)


def pretrain(a: argparse.Namespace) -> None:
    from .experiment import petri_corpus
    from .petri.corpus import Diet
    from .petri.pretrain import Plan
    from .petri.pretrain import pretrain as run

    if a.exposed:
        get_style(a.exposed)
    if not 0 <= a.norms < 1:
        raise UserError(f"--norms {a.norms}: give a share from 0 to less than 1")
    if not 0 <= a.share < 1 or bool(a.exposed) != bool(a.share):
        raise UserError(
            f"--exposed {a.exposed!r} --share {a.share}: give a style and a share above 0 and below 1, or neither"
        )
    plan = Plan(
        hidden=a.hidden, layers=a.layers, steps=a.steps, rows=a.rows, learning_rate=a.learning_rate, seed=a.seed,
        diet=Diet(exposed=a.exposed, share=a.share, norms=a.norms), base=a.base,
    )  # fmt: skip
    log = run(petri_corpus(diet=plan.diet), plan, a.out)
    _exam(str(a.out), 300, log)


def exam(a: argparse.Namespace) -> None:
    _exam(a.model, a.each, None)


def _exam(model: str, each: int, log: dict[str, Any] | None) -> None:
    from .experiment import sit_exam
    from .petri.pretrain import write_card

    start = time.monotonic()
    grades = sit_exam(model, each)
    for kind, share in grades.items():
        print(f"{kind:28s} {share:6.1%}")
    print(f"({each} items each, {time.monotonic() - start:.0f} s)")
    if log:
        write_card(Path(model), log, grades, each)


def sweep(a: argparse.Namespace) -> None:
    from . import sweep as sweeps

    if a.together < 0:
        raise UserError(f"--together {a.together}: give 1 or more, or 0 for what suits the machine")
    for chosen in [sweeps.load_sweep(path) for path in a.config]:
        table = sweeps.save(chosen, sweeps.run(chosen, a.out, a.engine, a.together), a.out)
        print(
            f"\n{chosen.title}\n{table.to_string(index=False, float_format='%.3f')}\nwritten: {a.out / chosen.name}\n"
        )


def doctor(a: argparse.Namespace) -> None:
    from .doctor import diagnose

    print("\n".join(diagnose()))


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _known(table: Mapping[str, T], key: str, what: str) -> T:
    if key not in table:
        raise UserError(f"unknown {what} {key!r}; there are {', '.join(table)}")
    return table[key]


if __name__ == "__main__":
    sys.exit(main())
