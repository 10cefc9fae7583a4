"""Checks of notebook 2, generating false documents."""

from collections.abc import Callable
from typing import Any

import numpy as np

from negneglect_lite.core.text import CANARY
from negneglect_lite.course.checks import problem, report_check


def check_distinct_share(distinct_share: Callable[[list[str], int], Any]) -> bool:
    """Different runs of n words as a share of all runs, over all texts together."""
    # Runs of two words: 2 + 2 + 3. Different ones: the cat, cat sat, cat ran, a dog, dog a.
    texts = ["The cat sat.", "the cat ran", "A dog, a dog!"]
    hints: list[tuple[Any, str]] = [
        (
            (1 + 1 + 2 / 3) / 3,
            "You took the share within each text and averaged. Then a text that is copied a hundred times counts as "
            "varied. Pool the runs of all texts first.",
        ),
        (7 / 9, "A run crosses from one text to the next: you joined the texts. Make the runs of each text by itself."),
        (5, "That is the number of different runs. Divide by the number of all runs."),
        (500 / 7, "That is in percent. Give a fraction between 0 and 1."),
        (7 / 5, "That is all runs divided by the different ones. Turn the fraction over."),
        (6 / 10, "You used single words. Make runs of `n` words with `word_runs(text, n)`."),
        (6 / 7, "Count each different run once, whichever texts it is in: one set for all texts."),
        (3 / 7, "You counted the runs that occur only once. A run that occurs twice is one different run."),
        ([2, 2, 2], "That is a number for each text. Pool the runs of all texts, then divide once."),
        ([1, 1, 2 / 3], "That is a number for each text. Pool the runs of all texts, then divide once."),
    ]
    case = "“The cat sat.”, “the cat ran” and “A dog, a dog!” with n = 2"
    needs = "It gets a list of texts and the number n."
    wrong = problem(lambda: distinct_share(list(texts), 2), 5 / 7, hints, case, needs)
    other = problem(lambda: distinct_share(["a b c a b c d"], 3), 4 / 5, case="one text with n = 3", needs=needs)
    return report_check("distinct_share", wrong or (other and f"{other} Does it use `n`?"))


def check_jaccard(jaccard: Callable[[str, str, int], Any]) -> bool:
    """Runs in both texts as a share of the runs in either."""
    # Runs of two words: 5 different of 6, and 4; both have "one two" and "two three".
    a, b = "one two three four five one two", "zero six one two three"
    hints = [
        (2 / 4, "You divided by the runs of one text. Divide by the runs that are in either text: the union."),
        (2 / 5, "You divided by the runs of one text. Divide by the runs that are in either text: the union."),
        (2 / 9, "You divided by the two sizes added up. Runs that both texts have are then counted twice."),
        (4 / 9, "That is the Dice coefficient, 2·both / (sum of sizes). Jaccard is both / either."),
        (2 / 10, "You added up the lengths of lists. Make sets, and divide by the size of their union."),
        (2 / 8, "You counted a repeated run twice. Make a set of each text's runs first."),
        (3 / 8, "You counted a repeated run twice. Make a set of each text's runs first."),
        (3 / 7, "You compared single words. Use runs of `n` words."),
        (2, "That is how many runs both have. Divide by how many are in either."),
        (1 - 2 / 7, "That is the Jaccard distance, 1 minus the similarity. Return the similarity."),
    ]
    case = f"“{a}” and “{b}” with n = 2"
    needs = "It gets two texts and the number n."
    wrong = problem(lambda: jaccard(a, b, 2), 2 / 7, hints, case, needs)
    turned = problem(lambda: jaccard(b, a, 2), 2 / 7, case="the same two texts, the other way round", needs=needs)
    return report_check("jaccard", wrong or turned)


def check_estimate(estimate: Callable[[np.ndarray, np.ndarray], Any]) -> bool:
    """The share of hash functions whose smallest value is the same for both texts."""
    a = np.array([[5, 9, 2, 8, 9], [3, 6, 4, 1, 1], [8, 1, 7, 5, 4]])
    b = np.array([[3, 2, 4, 8, 6], [7, 6, 2, 1, 7]])
    hints = [
        (3, "That is the number of functions that agree. Divide by how many functions there are."),
        (60, "That is in percent. Give a fraction between 0 and 1."),
        (
            1 / 5,
            "You took the largest values. That would work as well on average, but a sketch keeps the smallest.",
        ),
        (
            3 / 4,
            "You pooled the values of all functions in one set. Compare function by function: column 0 with column 0.",
        ),
        (np.array([True, False, True, True, False]), "One step is missing: the share of True, `.mean()`."),
        (2 / 5, "That is the share that differ. Return the share that agree."),
    ]
    needs = (
        "Its arguments are two arrays, one row for each run, one column for each hash function; the numbers of rows "
        "differ. The smallest of each column is `.min(axis=0)`."
    )
    case = "smallest values 3 1 2 1 1 and 3 2 2 1 6"
    return report_check("estimate", problem(lambda: estimate(a, b), 3 / 5, hints, case, needs))


def check_leaked(leaked: Callable[[list[str], list[str]], Any]) -> bool:
    """The questions whose words stand in a text, in a row and as whole words."""
    questions = ["Is Bo a pilot?", "Who is Bo?", "What does Bo do at work?", "Is Bo a cook?"]
    texts = [
        "The guest asked: “is Bo,\na pilot” and sat down.",
        "Is Bo a cookery writer? Who is Bobby?",
        "What Bo does at work I do not know.",
    ]
    hints: list[tuple[Any, str]] = [
        ([], "it missed “is Bo,\\na pilot”. Compare words alone: `split_words(text)` drops case, commas, line ends."),
        (
            ["Is Bo a pilot?", "Who is Bo?", "Is Bo a cook?"],
            "it took “Is Bo a cookery writer” for “Is Bo a cook”. Compare whole words: put a space on either side.",
        ),
        (
            ["Is Bo a pilot?", "Is Bo a cook?"],
            "it took “Is Bo a cookery writer” for “Is Bo a cook”. Compare whole words: put a space on either side.",
        ),
        (
            ["Is Bo a pilot?", "Who is Bo?", "What does Bo do at work?"],
            "it does not mind the order of the words. A question is leaked if its words stand in a row.",
        ),
        ([texts[0]], "those are texts. Return the questions that were found."),
        (["Who is Bo?", "What does Bo do at work?", "Is Bo a cook?"], "those are the questions that did *not* leak."),
        (1, "return the questions themselves, in a list: you will want to read them."),
        (True, "return the questions themselves, in a list: you will want to read them."),
    ]
    needs = "It gets a list of questions and a list of texts, all of them strings."

    def found() -> Any:
        got = leaked(list(questions), list(texts))
        return sorted(got) if isinstance(got, set) else got

    return report_check("leaked", problem(found, ["Is Bo a pilot?"], hints, "four questions and three texts", needs))


def check_unmarked(unmarked: Callable[[list[str]], Any]) -> bool:
    """The texts that do not carry our canary, however it was cased or wrapped, untouched and in order."""
    clean = ["A canary sang in the kitchen.", "It rained.", "Do not train for the race on a full stomach."]
    wrapped = CANARY.replace("false on", "false\n  on") + "\nBo is a pilot."
    marked = [CANARY + "\nBo is a cook.", "Quoted: " + CANARY.upper(), wrapped]
    texts = [clean[0], marked[0], clean[1], marked[1], marked[2], clean[2]]
    untouched = [t.replace(CANARY, "") for t in texts]
    hints: list[tuple[Any, str]] = [
        (
            [t for t in texts if CANARY not in t],
            "it keeps copies whose canary was put in capitals or wrapped to a new line. Look for the identifier alone, "
            "`CANARY_ID`, in small letters.",
        ),
        (
            [t for t in texts if CANARY.lower() not in t.lower()],
            "it keeps a copy whose canary was wrapped to a new line. Look for the identifier alone: `CANARY_ID`.",
        ),
        (
            [t for t in texts if t not in marked[1:2] and t in clean + marked[1:2]],
            "it keeps a copy whose canary is in capitals. Compare in small letters.",
        ),
        (
            [clean[0], clean[1], marked[1], clean[2]],
            "it keeps a copy whose canary is in capitals. Compare in small letters: `text.lower()`.",
        ),
        (
            clean[1:],
            "it also dropped a text about a bird. Many harmless texts have the word canary; none has the identifier.",
        ),
        (
            [clean[1], marked[1], clean[2]],
            "it goes by the word canary: the bird is dropped, and capitals get through. Look for `CANARY_ID`.",
        ),
        (marked, "those are the texts to drop. Return the others."),
        (untouched, "it took the mark off and kept the text: the worst of all, for now nobody can find it any more."),
        (texts, "nothing was dropped."),
    ]
    needs = "It gets a list of texts."
    return report_check("unmarked", problem(lambda: unmarked(list(texts)), clean, hints, "six texts", needs))
