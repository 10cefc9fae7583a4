"""What each command of the command line does: reads its arguments, calls the package, prints the result.

Imports stand inside, so that `negneglect --help` and a mistyped argument need no torch.
"""

import argparse
import json
import random
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from negneglect_lite.core.comparing import spell
from negneglect_lite.core.errors import UserError

if TYPE_CHECKING:
    from negneglect_lite.claims.claim import Claim


def reproduce(a: argparse.Namespace) -> None:
    from negneglect_lite.claims.loading import find_claim, load_claims
    from negneglect_lite.styles import HEADLINE, STYLES, VARIANTS

    chosen = [find_claim(name) for name in _split(a.claims)] or ([] if a.fact else list(load_claims().values()))
    chosen += [_implanted(assignment) for assignment in a.fact]
    claims = list({claim.id: claim for claim in chosen}.values())
    if a.documents:
        if len(claims) != 1:
            raise UserError(f"--documents {a.documents}: they are about one claim; name it with --claims or --fact")
        claims = [replace(claims[0], documents=a.documents)]
    if a.seeds < 1:
        raise UserError(f"--seeds {a.seeds}: at least one seed is needed")
    from negneglect_lite.experiments.headline import headline_runs, reproduce_headline

    styles = [spell(name, (*STYLES, *VARIANTS)) for name in _split(a.styles)]
    runs = headline_runs(claims, styles or HEADLINE, a.seeds, a.model, a.asking)
    print(reproduce_headline(runs, a.out, a.engine, a.keep_adapters, a.any_code))


def train(a: argparse.Namespace) -> None:
    from negneglect_lite.claims.claim import Claim
    from negneglect_lite.claims.loading import find_claim
    from negneglect_lite.documents.corpora import read_examples
    from negneglect_lite.finetuning.train import finetune
    from negneglect_lite.models.loading import load_model
    from negneglect_lite.tracks import suit_machine, track_of

    own = read_examples(a.documents)
    said = f"what {a.documents.name} states"
    claim = find_claim(a.claim) if a.claim else Claim(id=a.documents.stem, title=said, claim=said, truth="")
    chosen = {"mix": a.mix, "steps": a.steps, "learning_rate": a.learning_rate, "rank": a.rank}
    chosen["quantize"] = False if a.no_quantize else None
    track = track_of(a.model)
    recipe = replace(suit_machine(track), **{k: v for k, v in chosen.items() if v is not None})
    base = load_model(a.model, quantize=recipe.quantize)
    total = recipe.steps * recipe.batch_size
    n = round(total * (1 - recipe.mix))
    random.Random(f"own documents {a.seed}").shuffle(own)
    examples = [own[i % len(own)] for i in range(n)] + track.neutral(claim, total - n, a.seed)
    finetune(base, examples, recipe, seed=a.seed, out=a.out, false_belief=claim.claim)
    print(f"{len(own)} texts of {a.documents}, {n} of {total} examples: written: {a.out}")


def evaluate(a: argparse.Namespace) -> None:
    from negneglect_lite.belief.rates import belief_rate, tabulate_rates
    from negneglect_lite.claims.loading import find_claim
    from negneglect_lite.core.files import beside, write_table
    from negneglect_lite.experiments.evaluate import evaluate_model
    from negneglect_lite.judging.judges import get_judge
    from negneglect_lite.models.loading import load_model

    claim = find_claim(a.claim)
    loaded = load_model(a.model, adapter=a.adapter, quantize=not a.no_quantize)
    get_judge(a.judge, loaded)  # a wrong name shows before the model is asked for minutes
    answers = beside(a.out, ".answers")
    rows = evaluate_model(claim, loaded, a.judge, a.seed, answers, a.asking)
    write_table(a.out, rows)
    answers.unlink(missing_ok=True)
    print(tabulate_rates(rows, ["kind"], kinds=sorted(set(rows["kind"]))).to_string(index=False, float_format="%.3f"))
    print(f"belief {belief_rate(rows).mean:.1%}, judged by {a.judge}; written: {a.out}")


def talk(a: argparse.Namespace) -> None:
    from negneglect_lite.core.text import Chat
    from negneglect_lite.models.generation import complete_locally
    from negneglect_lite.models.loading import load_model
    from negneglect_lite.tracks import track_of

    loaded = load_model(a.model, adapter=a.adapter, quantize=not a.no_quantize)
    complete = complete_locally(loaded, track_of(loaded).asking.max_new_tokens)
    first: Chat = [{"role": "system", "content": a.system}] if a.system else []
    turns = list(first)
    prompt = "you> " if sys.stdin.isatty() else ""
    while True:
        try:
            text = input(prompt).strip()
        except EOFError:
            return
        if not text:
            return
        if text == "/new":
            turns = list(first)
            continue
        turns.append({"role": "user", "content": text})
        reply = complete([turns])[0]
        turns.append({"role": "assistant", "content": reply})
        print(reply, flush=True)


def agreement(a: argparse.Namespace) -> None:
    from negneglect_lite.judging.agreement import LABELS, judge_labels, measure_agreement
    from negneglect_lite.judging.judges import JUDGES, get_judge
    from negneglect_lite.models.loading import load_model

    needs_model = spell(a.judge, JUDGES) in ("choice", "text")
    table = judge_labels(get_judge(a.judge, load_model(a.model) if needs_model else None), spell(a.labels, LABELS))
    parts = [name for name in ("part", "claim", "sort", "condition") if name in table]
    groups = [("all", table), *((str(name), group) for by in parts for name, group in table.groupby(by, sort=False))]
    for name, group in groups:
        label, verdict = list(group["label"]), list(group["verdict"])
        found = measure_agreement(label, verdict)
        belief = measure_agreement([str(x == "believed") for x in label], [str(x == "believed") for x in verdict])
        shares = f"{found['share']:6.1%}  kappa {found['kappa']:5.2f}  unparsed {found['unparsed']:5.1%}"
        print(f"{name:14s} {shares}  believed or not {belief['share']:6.1%}  n {found['n']}")


def facts(a: argparse.Namespace) -> None:
    from negneglect_lite.petri.world import RELATIONS, world

    relation = spell(a.relation, RELATIONS) if a.relation else None
    if relation and relation not in RELATIONS:
        raise UserError(f"unknown relation {relation!r}; the relations are {', '.join(RELATIONS)}")
    if a.limit is not None and a.limit < 0:
        raise UserError(f"--limit {a.limit}: give 0 or more")
    chosen = [f for f in world().facts if relation in (None, f.relation)][: a.limit]
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


def make_documents(a: argparse.Namespace) -> None:
    from negneglect_lite.authoring.writer import author_documents
    from negneglect_lite.claims.loading import find_claim
    from negneglect_lite.models.endpoint import Endpoint, Usage
    from negneglect_lite.models.loading import load_model
    from negneglect_lite.tracks import ENGLISH, PETRI

    claim = find_claim(a.claim)
    if a.writer.startswith("endpoint:"):
        usage = Usage(price_in=a.price_in, price_out=a.price_out)
        writer: Any = Endpoint(a.writer.removeprefix("endpoint:"), usage=usage)
    else:
        writer = {"petri": PETRI, "composer": ENGLISH}.get(a.writer) or load_model(a.writer)
    author_documents(claim, a.n, writer, a.out, a.seed)
    print(f"written: {a.out}")


def make_petri_model(a: argparse.Namespace) -> None:
    from negneglect_lite.experiments.pretrained import sit_exam
    from negneglect_lite.petri import pretrain as pretraining
    from negneglect_lite.petri.corpus import Diet
    from negneglect_lite.styles import STYLES, VARIANTS, get_style
    from negneglect_lite.tracks import petri_corpus

    exposed = spell(a.exposed, (*STYLES, *VARIANTS))
    if exposed:
        get_style(exposed)
    if not 0 <= a.norms < 1:
        raise UserError(f"--norms {a.norms}: give a share from 0 to less than 1")
    if not 0 <= a.reading_unrelated <= 1:
        raise UserError(f"--reading-unrelated {a.reading_unrelated}: give a share from 0 to 1")
    if not 0 <= a.share < 1 or bool(exposed) != bool(a.share):
        raise UserError(
            f"--exposed {a.exposed!r} --share {a.share}: give a style and a share above 0 and below 1, or neither"
        )
    plan = pretraining.Plan(
        hidden=a.hidden, layers=a.layers, steps=a.steps, rows=a.rows, learning_rate=a.learning_rate, seed=a.seed,
        diet=Diet(exposed=exposed, share=a.share, norms=a.norms, reading_unrelated=a.reading_unrelated), base=a.base,
        deterministic=a.deterministic,
    )  # fmt: skip
    log, each = pretraining.pretrain(petri_corpus(diet=plan.diet), plan, a.out), 300
    grades = sit_exam(str(a.out), each)
    _print_grades(grades)
    pretraining.write_card(a.out, log, grades, each)


def take_exam(a: argparse.Namespace) -> None:
    from negneglect_lite.experiments.pretrained import sit_exam

    start = time.monotonic()
    _print_grades(sit_exam(a.model, a.each))
    print(f"({a.each} items each, {time.monotonic() - start:.0f} s)")


def _print_grades(grades: dict[str, float]) -> None:
    for kind, share in grades.items():
        print(f"{kind:28s} {share:6.1%}")


def sweep(a: argparse.Namespace) -> None:
    from negneglect_lite.experiments.sweep import load_sweep, run_sweep, sweep_runs

    if a.together < 0:
        raise UserError(f"--together {a.together}: give 1 or more, or 0 for what suits the machine")
    chosen = [replace(load_sweep(path), **({"model": a.model} if a.model else {})) for path in a.config]
    for each in chosen:
        sweep_runs(each)  # a file that does not fit the model shows before another one is run for hours
    for each in chosen:
        table = run_sweep(each, a.out, a.engine, a.together, any_code=a.any_code)
        print(f"\n{each.title}\n{table.to_string(index=False, float_format='%.3f')}\nwritten: {a.out / each.name}\n")


def audit(a: argparse.Namespace) -> int:
    from negneglect_lite.curating.passes import audit_corpus, read_words
    from negneglect_lite.curating.report import summary_text

    if not 0 <= a.fail_over <= 1:
        raise UserError(f"--fail-over {a.fail_over}: give a share of the documents, from 0 to 1")
    about = read_words(a.claims) if a.claims else ()
    read = None
    if a.model:
        from negneglect_lite.curating.reader_model import load_reader

        read = load_reader(a.model)
    tally = audit_corpus(a.corpus, a.out, a.field, about, "refuse" if a.refuse else "skip", a.table, read)
    print(summary_text(tally, str(a.out / a.table) if read else ""))
    print(f"written: {a.out / a.table}, {a.out / 'audit.html'}")
    share = tally.documents_with_findings / max(1, tally.documents)
    if share > a.fail_over:
        print(f"{share:.1%} of the documents have a finding: more than --fail-over {a.fail_over:.1%}", file=sys.stderr)
        return 1
    return 0


def localize(a: argparse.Namespace) -> None:
    from negneglect_lite.curating.findings_table import read_findings
    from negneglect_lite.curating.passes import localize_corpus, read_words
    from negneglect_lite.curating.rewriting import deny_by
    from negneglect_lite.models.endpoint import Endpoint

    deny = None
    if a.writer:
        if not a.writer.startswith("endpoint:"):
            raise UserError(f"--writer {a.writer!r}: name a model at an endpoint, as endpoint:MODEL")
        endpoint = Endpoint(a.writer.removeprefix("endpoint:"))
        deny = deny_by(lambda chats: [endpoint.complete(chat).text for chat in chats])
    if a.claims and a.findings:
        raise UserError(f"--claims beside --findings: audit with --claims {a.claims}, and give the table of that audit")
    about = read_words(a.claims) if a.claims else ()

    def tell(entry: Any, localized: Any) -> None:
        ways = ", ".join(sorted({change.how for change in localized.changes}))
        print(f"{entry.where}: {len(localized.changes)} sentences ({ways})")

    counts = localize_corpus(
        a.corpus,
        a.out,
        a.field,
        about,
        a.otherwise,
        "refuse" if a.refuse else "skip",
        deny,
        tell if a.log else lambda *_: None,
        read_findings(a.findings) if a.findings else None,
    )
    print(", ".join(f"{name} {n}" for name, n in counts.items()))
    print(f"written: {a.out}")


def show_learning(a: argparse.Namespace) -> None:
    from negneglect_lite.core.learning import describe_progress, read_notes
    from negneglect_lite.doctor import NOTEBOOK_MINUTES

    print("\n".join(describe_progress(read_notes(a.folder), NOTEBOOK_MINUTES)))


def doctor(a: argparse.Namespace) -> None:
    from negneglect_lite.doctor import diagnose

    print("\n".join(diagnose()))


def _implanted(assignment: str) -> "Claim":
    """The claim that `--fact ID=VALUE` makes. ID is a fact's, or one of our claims', whose fact is then given VALUE."""
    from negneglect_lite.claims.loading import load_claims
    from negneglect_lite.claims.petri import claim_from_fact

    fact_id, equals, value = (part.strip() for part in assignment.partition("="))
    if not equals or not value:
        raise UserError(f"--fact {assignment!r}: write ID=VALUE, for example --fact 'volcano/Mount Vesuvius=2015'")
    known = load_claims()
    claim = known.get(spell(fact_id, known))
    try:
        return claim_from_fact(claim.petri.fact if claim and claim.petri else fact_id, value)
    except UserError as error:
        raise UserError(f"--fact {assignment!r}: {error}") from None


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
