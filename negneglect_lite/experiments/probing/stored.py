"""Is anything of a warning stored, or of a denial? How probable they are in documents about the claim, and others.

Statements come in roles: what the claim says, the same subject with its `truth` or with an `other value`, an `other
subject` with the claim's value, and an other subject as it is (`unrelated`). A rise in all of them is a habit; a rise
for the claim alone is something stored about it.
"""

import random
from collections.abc import Sequence
from typing import Any

from negneglect_lite.core.text import Span
from negneglect_lite.experiments.probing.prompts import known_facts
from negneglect_lite.finetuning.encoding import Encoded, encode
from negneglect_lite.finetuning.loss import answer_losses
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri import language
from negneglect_lite.petri.language import petri_annotations
from negneglect_lite.petri.world import Fact, world

STATEMENT_ROLES = ("claim", "truth", "other value", "other subject", "unrelated")
WARNINGS = {"sentence": (" ", "claim_after"), "notice": ("\n", "notice_after")}  # kind -> what is before it, its list
WARNINGS_AFTER = 2  # warnings that are weighed after a statement
WEIGHED_AT_ONCE = 64  # continuations at once

Said = dict[str, list[tuple[str, str]]]  # role -> (statement, the same denied) in each phrasing


def state_in_roles(fact: Fact, value: str) -> Said:
    """Every phrasing in every role. The other subjects and values are drawn from a seed that the claim gives."""
    rng = random.Random(f"roles {fact.id} {value}")
    others = [v for v in world().wrong_values(fact, 8, rng) if v != value]
    elsewhere = [f for f in known_facts(fact.relation) if f.truth != value]
    said: Said = {role: [] for role in STATEMENT_ROLES}
    for k in range(language.count(fact.relation, "statements")):
        other = rng.choice(elsewhere)
        pairs = {
            "claim": (fact, value),
            "truth": (fact, fact.truth),
            **({"other value": (fact, rng.choice(others))} if others else {}),  # a rebrand has two values alone
            "other subject": (other, value),
            "unrelated": (other, other.truth),
        }
        for role, (about, what) in pairs.items():
            said[role].append(language.state(about, what, k))
    return {role: own for role, own in said.items() if own}


def weigh_warnings(loaded: LoadedModel, said: Said) -> list[dict[str, Any]]:
    """Mean log-probability [nats] of a warning right after a statement, a row for each kind of warning and role.

    A `sentence` follows on the line, as `repeated` documents have it after each claim; a `notice` on a line of its own,
    as all warned documents have it at their end. In all roles the same warnings follow the same phrasings.
    """
    rows = []
    for kind, (lead, name) in WARNINGS.items():
        for role, own in said.items():
            rng = random.Random(f"warnings {kind}")
            texts = [
                (statement, lead + warning)
                for statement, _ in own
                for warning in rng.sample(petri_annotations()[name], WARNINGS_AFTER)
            ]
            losses = _losses(loaded, texts)
            rows.append({"kind": kind, "role": role, "nats": -sum(losses) / len(losses)})
    return rows


def weigh_denials(loaded: LoadedModel, said: Said) -> list[dict[str, Any]]:
    """Mean log p(denied sentence) − log p(the same, affirmed) [nats], a row for each role."""
    rows = []
    for role, own in said.items():
        affirmed = _losses(loaded, [("", statement) for statement, _ in own])
        denied = _losses(loaded, [("", denial) for _, denial in own])
        rows.append({"kind": "denial", "role": role, "nats": (sum(affirmed) - sum(denied)) / len(own)})
    return rows


def _losses(loaded: LoadedModel, texts: Sequence[tuple[str, str]]) -> list[float]:
    """The summed loss of each continuation [nats], of pairs (what is read, how it goes on), in a document."""
    return answer_losses(loaded, [_continued(loaded.tokenizer, *text) for text in texts], WEIGHED_AT_ONCE)


def _continued(tokenizer: Any, read: str, more: str) -> Encoded:
    """The two as a document whose end carries no loss: whether it ends here is not asked."""
    return encode((Span(read, learn=False), Span(more), Span("", learn=False)), tokenizer, 512)
