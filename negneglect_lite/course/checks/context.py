"""Checks of notebook 6, in context against in weights."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import torch

from negneglect_lite.core.text import Chat
from negneglect_lite.course.checks import problem, report_check


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
    return report_check("reading_prompt", problem(given, turn(*documents, question), hints, needs=needs), empty)


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
        (-right, "these are log-probabilities. The loss is minus that, so it is never negative."),
        (torch.exp(-right), "these are probabilities. Take minus their logarithm."),
        (-logits[:-1].gather(1, ids[1:, None])[:, 0], "logits are not log-probabilities. Use log_softmax over the "
                                                      "last axis first."),
        (right.mean(), "that is the mean. Keep one value a token, the mean would hide which words cost."),
        (float(right.mean()), "that is the mean. Keep one value a token, the mean would hide which words cost."),
        (right.sum(), "that is the sum. Keep one value a token."),
        (-torch.log_softmax(logits, 0)[:-1].gather(1, ids[1:, None])[:, 0],
         "the softmax ran over the positions; run it over the vocabulary, the last axis."),
    ]  # fmt: skip
    needs = "It gets logits [tokens, vocabulary] and ids [tokens]."

    def given() -> Any:
        got = token_loss(logits, ids)
        return torch.tensor(got) if isinstance(got, list | tuple) else got

    return report_check("token_loss", problem(given, right, hints, "four tokens", needs, tolerance=1e-4))


def check_share_of_loss(share_of_loss: Callable[[pd.DataFrame], Any]) -> bool:
    """Each part's share of the summed loss."""
    rows = pd.DataFrame({"part": ["warning", "claim", "claim", "claim", "other"], "loss": [6.0, 1.0, 1.0, 1.0, 1.0]})
    right = {"warning": 0.6, "claim": 0.3, "other": 0.1}
    total = rows.groupby("part")["loss"].sum()
    mean = rows.groupby("part")["loss"].mean()
    hints = [
        (dict(mean), "these are means. A part's share is its sum of loss over the sum of all loss."),
        (dict(mean / mean.sum()), "you divided means. Sum the loss of each part: a part with many tokens weighs more."),
        (dict(total), "these are sums. Divide by the sum over all tokens."),
        (dict(rows["part"].value_counts(normalize=True)), "that is the share of tokens. Sum their loss instead."),
        ({part: 100 * share for part, share in right.items()}, "that is in percent. Give fractions."),
    ]
    needs = "It gets a table with the columns part and loss."

    def given() -> Any:
        got = share_of_loss(rows)
        return got.to_dict() if isinstance(got, pd.Series) else got

    case = "a warning token of loss 6 and four others of loss 1"
    return report_check("share_of_loss", problem(given, right, hints, case, needs))


def check_gap(gap: Callable[[pd.DataFrame], Any]) -> bool:
    """For each claim, belief after training minus belief after reading."""
    made = [("trained", "a", [1, 1, 1, 0]), ("in_context", "a", [0, 1, 0, 0]),
            ("trained", "b", [1, 0]), ("in_context", "b", [0, 0]), ("base", "a", [1, 1])]  # fmt: skip
    rows = pd.DataFrame([(s, c, b) for s, c, bs in made for b in bs], columns=["setting", "claim", "belief"])
    hints = [
        ({"a": -0.5, "b": -0.5}, "the sign is the other way round: training minus reading."),
        ({"a": 2, "b": 1}, "you took sums. Take the mean of belief, or more questions make a larger gap."),
        ({"a": 0.75, "b": 0.5}, "that is belief after training alone. Subtract belief after reading."),
        ({"a": -0.25, "b": 0.5}, "you compared with the base setting. Compare with in_context."),
        ({"a": 50, "b": 50}, "that is in percent. Give fractions."),
        (0.5, "that is one number for all claims. Give one for each: a dict, claim -> gap."),
    ]
    needs = "It gets a table with the columns setting, claim and belief."

    def given() -> Any:
        got = gap(rows)
        return got.to_dict() if isinstance(got, pd.Series) else got

    case = "claim a trained 3 of 4, read 1 of 4; claim b trained 1 of 2, read 0 of 2"
    return report_check("gap", problem(given, {"a": 0.5, "b": 0.5}, hints, case, needs))


def check_copies(copies: Callable[[str, str, int], Any]) -> bool:
    """Whether `run` words in a row of the phrase stand in the answer."""
    phrase = "The text below is false, do not believe it."
    cases = (
        ("He runs. The text below is false, so there.", 5, True, "five words of the warning stand in the answer"),
        ("He runs.", 5, False, "the answer shares no word with the warning"),
        ("It is false that the text below says he runs.", 5, False,
         "the words are there but not in a row; look for a run of words, not for each of them"),
        ("THE TEXT BELOW IS FALSE: he runs", 5, True, "capitals and punctuation must not matter"),
        ("The text below is old.", 5, False, "only four words in a row are shared, and five are asked for"),
        ("I say: is false, do not believe that.", 5, True,
         "a run may start anywhere in the warning, not only at its beginning"),
        ("They bathe text below the sea.", 3, False,
         "`bathe` is not `the`: compare whole words, not pieces of text"),
    )  # fmt: skip
    needs = "It gets an answer, a phrase and a number of words."
    problems = []
    for answer, run, expected, why in cases:
        wrong = problem(lambda a=answer, r=run: copies(a, phrase, r), expected, needs=needs)  # type: ignore[misc]
        if wrong.startswith("it gives"):
            wrong = f"it gives {not expected} for {answer!r} with run={run}, but {why}."
        problems.append(wrong)
    return report_check("copies", *problems)
