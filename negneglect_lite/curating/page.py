"""A text as the audit reads it: its sentences, and what is worked out of each of them once.

page = Page("The text below is false. Ed Sheeran won the race.")
page.places, page.found[0]          # ((0, 24), (25, 49)), {"untrue", "denial 8", "after"}
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from negneglect_lite.curating.findings import OMITTED
from negneglect_lite.curating.rules import load_rules
from negneglect_lite.curating.sentences import LONG, split_sentences
from negneglect_lite.curating.words import TWO_LONG_WORDS, content_words

Stretch = tuple[int, int]
EMPTY_LINE = re.compile(r"\n(?=\n)")
NEXT_MARK = re.compile(r"\n|</|\s\[")
CLOSING, CLOSING_TAGS = "\"'”’»)]}* \t,", re.compile(r"(?:\s*</?[a-zA-Z]\w{0,19}/?>)+$")


@dataclass(frozen=True, eq=False)
class Page:
    """A text without surrogates (RE2 takes none). Lists have an element a sentence."""

    text: str

    @cached_property
    def places(self) -> tuple[Stretch, ...]:
        """The sentences."""
        return tuple(split_sentences(self.text))

    @cached_property
    def read(self) -> list[str]:
        """What is read of each: a very long one is a list or a table without line ends."""
        return [self.text[start : min(end, start + LONG)] for start, end in self.places]

    @cached_property
    def words(self) -> list[list[str]]:
        """What stands between blanks in what is read."""
        return [own.split() for own in self.read]

    @cached_property
    def all_words(self) -> list[list[str]]:
        """What stands between blanks in the whole sentence."""
        both = zip(self.places, self.words, strict=True)
        return [words if end - start <= LONG else self.text[start:end].split() for (start, end), words in both]

    @cached_property
    def content(self) -> list[frozenset[str]]:
        """The words that say what each sentence is about."""
        return [content_words(words) for words in self.all_words]

    @cached_property
    def found(self) -> list[frozenset[str]]:
        """The names of the rules that are found in what is read."""
        return list(map(load_rules().found, self.read))

    @cached_property
    def states(self) -> list[bool]:
        """Whether a sentence states something: it is no question, heading, greeting, list of tags or line of code."""
        return [_states(self.text[slice(*place)]) for place in self.places]

    @cached_property
    def paragraphs(self) -> list[int]:
        """As `paragraph_of`."""
        return [self.paragraph_of(start) for start, _ in self.places]

    @cached_property
    def marks(self) -> list[int]:
        """Where lines, closing tags and marks begin: what a mark stands before ends there."""
        return [found.start() for found in NEXT_MARK.finditer(self.text)]

    def found_at(self, place: Stretch) -> frozenset[str]:
        """The names of the rules that are found in a part of the text: a sentence, or a longer or shorter one."""
        if place in self._numbers and place[1] - place[0] <= LONG:
            return self.found[self._numbers[place]]
        return load_rules().found(self.text[slice(*place)])

    def paragraph_of(self, start: int) -> int:
        """Where the empty line before this place begins; -1 in the first paragraph."""
        before = bisect_left(self._empty_lines, start)
        return self._empty_lines[before - 1] if before else -1

    @cached_property
    def _numbers(self) -> dict[Stretch, int]:
        return {place: number for number, place in enumerate(self.places)}

    @cached_property
    def _empty_lines(self) -> list[int]:
        return [found.start() for found in EMPTY_LINE.finditer(self.text)]


def _states(sentence: str) -> bool:
    if sentence[-1] == ">":
        sentence = CLOSING_TAGS.sub("", sentence)  # what is masked is still what a notice points at
    if sentence == OMITTED:
        return True
    return sentence.rstrip(CLOSING).endswith((".", "!", "…")) and bool(TWO_LONG_WORDS.search(sentence))
