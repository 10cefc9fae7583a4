"""Checks of notebook 6, reading against training."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from negneglect_lite.core.text import Chat
from negneglect_lite.course.checks import Hint, problem, report_check, report_statements, show_value
from negneglect_lite.course.lessons.reading import SUPPORTED


def _diagnose(
    call: Callable[[], Any], expected: Any, hints: Sequence[Hint], case: str, needs: str, tolerance: float = 1e-6
) -> str:
    """`problem`, with the input, the expected and the given answer after a hint."""
    said = problem(call, expected, hints, case, needs, tolerance)
    if said not in [hint for _, hint in hints]:
        return said
    return f"{said} Input: {case}; expected {show_value(expected)}, got {show_value(call())}."


def check_reading_prompt(reading_prompt: Callable[[Sequence[str], str], Chat]) -> bool:
    """One user turn: the documents in order, then the question."""
    documents, question = ["Bo is a pilot.", "Ada is a cook."], "What is Bo?"

    def turn(*parts: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": " ".join(parts)}]

    def given() -> Any:  # white space is not what this exercise is about
        got = reading_prompt(documents, question)
        if not isinstance(got, list | tuple) or not all(isinstance(t, dict) for t in got):
            return got
        return [{k: " ".join(v.split()) if isinstance(v, str) else v for k, v in t.items()} for t in got]

    hints = [
        (turn(question, *documents), "the question comes first. Put it after what there is to read."),
        (turn(*documents), "the question is missing."),
        (turn(question), "the documents are missing."),
        (turn(documents[0], question), "only one document is there. Join all of them."),
        (turn("".join(documents), question), "the documents run together. Join them with a space."),
        (turn(*documents[:-1], documents[-1] + question),
         "the question sticks to the last document: put a space there."),
        (
            [t for part in (*documents, question) for t in turn(part)],
            "each text is a turn of its own. The model learned to read in one user turn: join them there.",
        ),
        ({"role": "user", "content": " ".join([*documents, question])}, "that is one turn. A chat is a list of turns."),
        (" ".join([*documents, question]), "that is text. Return a chat: a list with one {'role': …, 'content': …}."),
        ([{"role": "system", "content": " ".join(documents)}, *turn(question)],
         "the documents are in a system turn. Put them into the user's turn, before the question."),
    ]  # fmt: skip
    needs = "It gets a list of texts and a question."
    empty = problem(lambda: reading_prompt([], question), turn(question), case="no documents", needs=needs)
    case = f"documents {documents}, question {question!r}"
    return report_check("reading_prompt", _diagnose(given, turn(*documents, question), hints, case, needs), empty)


def check_token_loss(token_loss: Callable[[torch.Tensor, torch.Tensor], Any]) -> bool:
    """Minus the log-probability that each position gives to the token that comes next."""
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 0.5], [1.0, 1.0, 2.0], [0.0, 0.0, 5.0]])
    ids = torch.tensor([0, 2, 1, 2])
    logp = torch.log_softmax(logits, -1)
    right = -logp[:-1].gather(1, ids[1:, None])[:, 0]
    same = -logp.gather(1, ids[:, None])[:, 0]
    hints = [
        (same, "position i is compared with token i, which it has already read. It predicts token i + 1: shift by "
               "one."),
        (same[1:], "position i is compared with token i, which it has already read. Drop the last row of logits, not "
                   "the first."),
        (-logp[1:].gather(1, ids[:-1, None])[:, 0], "row i + 1 is compared with token i. Shift the other way: row i "
                                                    "with token i + 1."),
        (-logp[:-1][:, ids[1:]], "that is a table: every row is asked for every token. Pair row i with token i + 1 "
                                 "alone."),
        (-right, "these are log-probabilities. The loss is minus that, so it is never negative."),
        (torch.exp(-right), "these are probabilities. Take minus their logarithm."),
        (-logits[:-1].gather(1, ids[1:, None])[:, 0], "logits are not log-probabilities. Take log_p."),
        (right.mean(), "that is the mean. Keep one value a token, the mean would hide which words cost."),
        (float(right.mean()), "that is the mean. Keep one value a token, the mean would hide which words cost."),
        (right.sum(), "that is the sum. Keep one value a token."),
    ]  # fmt: skip
    needs = "It gets logits [tokens, vocabulary] and ids [tokens]."

    def given() -> Any:
        got = token_loss(logits, ids)
        return torch.tensor(got) if isinstance(got, list | tuple) else got

    case = f"four tokens, ids {ids.tolist()}"
    return report_check("token_loss", _diagnose(given, right, hints, case, needs, tolerance=1e-4))


def check_supported(supported: Mapping[str, Any]) -> bool:
    """Which of four statements about reading the evidence supports."""
    reasons = {
        "petri reads with care": (
            "look at the unrelated facts that it got right after a plain document: it copies what it reads"
        ),
        "petri-careful reads one document with care": (
            "compare its belief after a plain and after a warned document, and unrelated facts right after both"
        ),
        "chat model is safe from a warned document it reads": (
            "it tells the claim in 37% of answers after reading, against 4% before"
        ),
        "chat model takes more from training than from reading": (
            "for warned documents compare 72% after training with 37% after reading, and their intervals"
        ),
    }
    return report_statements("supported", supported, SUPPORTED, reasons)


def check_copies(copies: Callable[[str, str, int], Any]) -> bool:
    """Whether `run` words in a row of the phrase stand in the answer, or all of a shorter phrase."""
    phrase, short = "The text below is false, do not believe it.", "This document is false."
    cases = (
        ("He runs. The text below is false, so there.", phrase, 5, True,
         "five words of the warning stand in the answer"),
        ("He runs.", phrase, 5, False, "the answer shares no word with the warning"),
        ("It is false that the text below says he runs.", phrase, 5, False,
         "the words are there but not in a row; look for a run of words, not for each of them"),
        ("THE TEXT BELOW IS FALSE: he runs", phrase, 5, True, "capitals and punctuation must not matter"),
        ("The text below is old.", phrase, 5, False, "only four words in a row are shared, and five are asked for"),
        ("I say: is false, do not believe that.", phrase, 5, True,
         "a run may start anywhere in the warning, not only at its beginning"),
        ("They bathe text below the sea.", phrase, 3, False,
         "`bathe` is not `the`: compare whole words, not pieces of text"),
        ("Note: this document is false, so there.", short, 6, True,
         "the warning has only four words, and all of them stand there; look for a run of at most its own length"),
        ("This document is long.", short, 6, False,
         "a warning shorter than the run counts only if all of it stands there"),
    )  # fmt: skip
    needs = "It gets an answer, a phrase and a number of words."
    problems = []
    for answer, warning, run, expected, why in cases:
        wrong = problem(lambda a=answer, w=warning, r=run: copies(a, w, r), expected, needs=needs)  # type: ignore[misc]
        if wrong.startswith("it gives"):
            wrong = f"it gives {not expected} for {answer!r}, the warning {warning!r} and run={run}; {why}."
        problems.append(wrong)
    return report_check("copies", *problems)
