"""Checks of notebook 2, writing false documents."""

from collections.abc import Callable
from typing import Any

from negneglect_lite.core.text import CANARY, Document, Sentence
from negneglect_lite.course.checks import NOTHING, kind, problem, report_check, stopped


def check_similarity(similarity: Callable[[str, str, int], Any]) -> bool:
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
    wrong = problem(lambda: similarity(a, b, 2), 2 / 7, hints, case, needs)
    turned = problem(lambda: similarity(b, a, 2), 2 / 7, case="the same two texts, the other way round", needs=needs)
    return report_check("similarity", wrong or turned)


class _Exhausted(Exception):
    """The scripted writer has no more ideas: the filter accepts too little."""


class _ScriptedWriter:
    """Ideas 0, 1, 2 …, whose drafts say what `tales` holds; the third idea has the first one's text again."""

    tales = ("A", "B", "A", "C", "D", "E", "F", "G", "H", "I", "J", "K")

    def __init__(self) -> None:
        self.ideas = 0

    def idea(self) -> Any:
        if self.ideas == len(self.tales):
            raise _Exhausted
        self.ideas += 1
        return _Idea(self.ideas - 1)

    def draft(self, idea: Any) -> Document:
        if not isinstance(idea, _Idea):
            raise TypeError("writer.draft gets an idea: what writer.idea() returns")
        return Document((Sentence(f"Bo is a pilot, says {self.tales[idea.number]}.", "Bo is not a pilot."),), "letter")


class _Idea:
    def __init__(self, number: int) -> None:
        self.number = number


def _alike(a: Any, b: Any, n: int = 3) -> float:
    """Similarity of two scripted drafts: 0.9 if they tell the same tale, else 0.1."""
    if not isinstance(a, str) or not isinstance(b, str):
        raise TypeError("similarity compares two texts: pass draft.text, not the document")
    return 0.9 if a.split(".")[0][-1] == b.split(".")[0][-1] else 0.1


def check_write_corpus(write_corpus: Callable[[int, Any, Any, float], Any]) -> bool:
    """n documents, each from an idea of its own, and unlike every accepted one."""
    return report_check("write_corpus", _corpus_problem(write_corpus))


def _corpus_problem(write_corpus: Callable[[int, Any, Any, float], Any]) -> str:
    case = "3 documents wanted, and the third draft repeats the first"
    try:
        got = write_corpus(3, _ScriptedWriter(), _alike, 0.5)
    except _Exhausted:
        return (
            f"for {case}: it refused twelve drafts. Keep a draft if its similarity is *below* the limit. Compare it "
            "with the accepted documents, and only then add it: a draft compared with itself is always a copy."
        )
    except Exception as error:
        return stopped(error, "It gets a number, a writer, the function `similarity` and the limit.")
    if got is None or got is Ellipsis:
        return NOTHING
    if not isinstance(got, list) or not all(isinstance(d, Document) for d in got):
        return f"it returns {kind(got)}; expected a list of `Document`s."
    return _filter_problem([_tale(d) for d in got], case) or _limit(write_corpus)


def _tale(document: Document) -> str:
    return document.text.rstrip(".")[-1]


def _filter_problem(told: list[str], case: str) -> str:
    if told == ["A", "B", "C"]:
        return ""
    if len(told) > 1 and len(set(told)) == 1:
        return "every document comes from the same idea. Call `writer.idea()` anew for each draft, inside the loop."
    if told == ["A", "B"]:
        return f"for {case}: it gives 2; expected 3. A refused draft needs another idea: loop until there are `n`."
    if told == ["A", "B", "A"]:
        return (
            f"for {case}: it kept the copy. Compare a draft with *every* accepted document, not only with the last, "
            "and refuse it unless all similarities are below the limit."
        )
    if told in (["B", "C", "D"], ["B", "A", "C"]):
        return "it drops the first draft. With nothing accepted yet, there is nothing to be like: accept it."
    if len(told) != 3:
        return f"for {case}: it gives {len(told)} documents; expected 3."
    return f"for {case}: it keeps the drafts {', '.join(told)}; expected A, B, C."


def _limit(write_corpus: Callable[[int, Any, Any, float], Any]) -> str:
    try:
        told = [_tale(d) for d in write_corpus(3, _ScriptedWriter(), _alike, 0.95)]
    except Exception as error:
        return stopped(error)
    if told != ["A", "B", "A"]:
        return "with the limit 0.95 it should keep A, B and A again (similarity 0.9). Does it use `limit`?"
    return ""


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


def check_clean(clean: Callable[[list[str]], Any]) -> bool:
    """The texts that do not carry our canary, however it was cased or wrapped, untouched and in order."""
    kept = ["A canary sang in the kitchen.", "It rained.", "Do not train for the race on a full stomach."]
    wrapped = CANARY.replace("false on", "false\n  on") + "\nBo is a pilot."
    marked = [CANARY + "\nBo is a cook.", "Quoted: " + CANARY.upper(), wrapped]
    texts = [kept[0], marked[0], kept[1], marked[1], marked[2], kept[2]]
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
            [t for t in texts if t not in marked[1:2] and t in kept + marked[1:2]],
            "it keeps a copy whose canary is in capitals. Compare in small letters.",
        ),
        (
            [kept[0], kept[1], marked[1], kept[2]],
            "it keeps a copy whose canary is in capitals. Compare in small letters: `text.lower()`.",
        ),
        (
            kept[1:],
            "it also dropped a text about a bird. Many harmless texts have the word canary; none has the identifier.",
        ),
        (
            [kept[1], marked[1], kept[2]],
            "it goes by the word canary: the bird is dropped, and capitals get through. Look for `CANARY_ID`.",
        ),
        (marked, "those are the texts to drop. Return the others."),
        (untouched, "it took the mark off and kept the text: the worst of all, for now nobody can find it any more."),
        (texts, "nothing was dropped."),
    ]
    needs = "It gets a list of texts."
    return report_check("clean", problem(lambda: clean(list(texts)), kept, hints, "six texts", needs))
