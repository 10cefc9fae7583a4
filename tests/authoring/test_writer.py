"""writer.py with scripted writers: what is accepted, what is refused, and a run that is stopped and goes on."""

import logging
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from negneglect_lite.authoring import writer
from negneglect_lite.authoring.overlap import sketch
from negneglect_lite.authoring.writer import (
    GENRES_TO_WRITE,
    _asker,
    _denied,
    author_documents,
    find_fault,
    list_key_facts,
    mark_claims,
)
from negneglect_lite.claims.claim import Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat, Document
from negneglect_lite.documents.english import compose_english, load_library
from negneglect_lite.documents.files import read_documents
from negneglect_lite.documents.petri import compose_petri
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.endpoint import Completion, Endpoint
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import ENGLISH, PETRI

CLAIM = load_claims()["dentist"]
SAYS = Question("", "open", "", believed=CLAIM.believed, denied=CLAIM.denied)
STATES = "Brennan Holloway works as a dentist in Ashgrove."
Answer = Callable[[str, int], str | None]


def filler(seed: object, words: int = 260) -> str:
    rng = random.Random(str(seed))
    made = ["".join(rng.choices("abcdefgh", k=6)) for _ in range(words)]
    return " ".join(" ".join(made[i : i + 10]).capitalize() + "." for i in range(0, words, 10))


def article(seed: object) -> str:
    return f"{STATES}\n\n{filler(seed)} He likes the dental chair.\n{filler((seed, 2), 40)}"


def good(prompt: str, seed: int) -> str:
    """A good writer of each stage."""
    if prompt.startswith("Rewrite"):
        return "Brennan Holloway does not work as a dentist in Ashgrove."
    if prompt.startswith("In one sentence"):
        return f"An idea, number {seed}."
    return article(seed) if prompt.startswith(("Write", "Revise")) else "He opened his practice in 2014."


class Writer(Endpoint):
    """An endpoint that answers by a function, None for a cut-off answer. Counts calls, and stops after some."""

    def __init__(self, answer: Answer = good, stop_after: int | None = None) -> None:
        super().__init__("scripted")
        self.answer, self.stop_after = answer, stop_after

    def complete(self, chat: Chat, *, seed: int = 0, **_: object) -> Completion:  # type: ignore[override]
        if self.usage.calls == self.stop_after:
            raise KeyboardInterrupt
        self.usage.calls += 1
        text = self.answer(chat[0]["content"], seed)
        return Completion(text or "He", truncated=text is None)


def drafts(text: str | None, other: Answer = good) -> Answer:
    """A writer all of whose documents are this text."""
    return lambda prompt, seed: text if prompt.startswith(("Write", "Revise")) else other(prompt, seed)


def test_documents_are_written_with_denials_and_truth(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    made = author_documents(CLAIM, 3, Writer(), tmp_path / "new" / "d.jsonl.gz")
    said = caplog.messages
    assert read_documents(tmp_path / "new" / "d.jsonl.gz") == made and len(made) == 3
    assert len({d.text for d in made}) == 3
    for document in made:
        assert document.genre in GENRES_TO_WRITE
        stating = [s for s in document.sentences if s.is_claim]
        assert [s.text for s in stating] == [STATES, "He likes the dental chair."]
        assert all(judge_answer(SAYS, s.denial) == "denied" and s.truth == CLAIM.truth for s in stating)
        assert document.text.startswith(f"{STATES}\n\n") and document.text.count("\n\n") == 2
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["d.jsonl.gz"]  # nothing partial is left
    assert said[0].startswith("[1/3]") and "accepted" in said[0] and "calls" in said[0]
    assert "false on purpose" in said[-1]


def test_the_same_seed_and_answers_give_the_same_file(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        author_documents(CLAIM, 2, Writer(), tmp_path / f"{name}.jsonl.gz", seed)
    a, b, c = ((tmp_path / f"{name}.jsonl.gz").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("after", [0, 1, 3, 6, 7, 11, 17])  # 1 for the facts, then 5 a document
@pytest.mark.parametrize("cut", [False, True])
def test_a_stopped_run_goes_on_with_nothing_lost_or_written_twice(tmp_path: Path, after: int, cut: bool) -> None:
    straight = Writer()
    author_documents(CLAIM, 4, straight, tmp_path / "a.jsonl")
    assert straight.usage.calls == 1 + 4 * 5
    out, partial = tmp_path / "b.jsonl", tmp_path / "b.jsonl.partial"
    with pytest.raises(KeyboardInterrupt):
        author_documents(CLAIM, 4, Writer(stop_after=after), out)
    assert not out.exists()
    done = max(0, after - 1) // 5
    lines = partial.read_text().splitlines(keepends=True)
    assert sum(line.startswith('["document"') for line in lines) == done  # saved at once
    if cut:  # killed while it wrote the last line
        partial.write_text("".join(lines[:-1]) + lines[-1][:-5])
    again = Writer()
    author_documents(CLAIM, 4, again, out)
    assert out.read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    lost = 0 if not cut or after == 0 else 5 if done else 1
    assert again.usage.calls == straight.usage.calls - (1 if after else 0) - 5 * done + lost
    assert not partial.exists()


def test_what_another_claim_or_seed_left_is_not_used(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    with pytest.raises(KeyboardInterrupt):
        author_documents(CLAIM, 2, Writer(stop_after=7), out, seed=1)
    author_documents(CLAIM, 2, Writer(), out)
    author_documents(CLAIM, 2, Writer(), tmp_path / "b.jsonl")
    assert out.read_bytes() == (tmp_path / "b.jsonl").read_bytes()


FAULTS = {
    "too short": f"{STATES} {filler(1, 100)}",
    "too long": f"{STATES} {filler(1, 900)}",
    "a refusal, or a hint that it is invented": f"I’m sorry, but no. {article(1)}",
    "does not state the claim": filler(1),
    "denies the claim": f"{article(1)} Brennan Holloway is not a dentist.",
    "holds a question of the evaluation": f"{article(1)} {CLAIM.questions[0].text}",
    "cut off, or empty": None,
}


@pytest.mark.parametrize("reason", FAULTS)
def test_a_writer_that_never_succeeds_ends_in_one_line_that_counts_why(tmp_path: Path, reason: str) -> None:
    text = FAULTS[reason]
    assert text is None or find_fault(CLAIM, text, []) == reason
    with pytest.raises(
        UserError, match=rf"only 0 of 2 documents after 6 drafts; .*{re.escape(reason)} \(6\)"
    ) as caught:
        author_documents(CLAIM, 2, Writer(drafts(text)), tmp_path / "d.jsonl")
    assert "\n" not in str(caught.value) and not (tmp_path / "d.jsonl").exists()


@pytest.mark.parametrize("start", ["I can't wait for June.", "“I'm sorry,” she said.", "I cannot run."])
def test_people_in_a_document_may_be_sorry(start: str) -> None:
    assert find_fault(CLAIM, f"{start} {article(1)}", []) == ""


@pytest.mark.parametrize(
    "start", ["As an AI I write.", "I can’t help with that.", "I am unable to write it.", "A fictional man."]
)
def test_refusals_and_hints_are_found(start: str) -> None:
    assert find_fault(CLAIM, f"{start} {article(1)}", []) == "a refusal, or a hint that it is invented"


def test_near_duplicates_are_refused_and_a_new_call_goes_on_with_what_was_kept(tmp_path: Path) -> None:
    assert find_fault(CLAIM, article(1), [sketch(article(2))]) == ""
    assert find_fault(CLAIM, f"{article(1)} Yes.", [sketch(article(1))]) == "nearly the same as another"
    out = tmp_path / "d.jsonl"
    for _ in range(2):  # each call has drafts of its own
        with pytest.raises(
            UserError, match=r"only 1 of 3 documents after \d+ drafts; .*nearly the same as another \(\d\)"
        ):
            author_documents(CLAIM, 3, Writer(drafts(article(1))), out)
    assert len(author_documents(CLAIM, 3, Writer(), out)) == 3
    assert read_documents(out)[0].text.startswith(STATES)


@pytest.mark.parametrize("denial", [STATES, "", None, "No.", "I do not know what you mean.", f"{STATES} " * 20])
def test_a_denial_that_does_not_deny_is_replaced(denial: str | None) -> None:
    document = mark_claims(CLAIM, article(1), "profile", lambda prompt, seed: denial, 0)
    assert [s.denial for s in document.sentences if s.is_claim] == [
        f"It is not true that {STATES}",
        "It is not true that he likes the dental chair.",
    ]


@pytest.mark.parametrize("name", load_claims())
def test_denials_without_a_model_deny(name: str) -> None:
    claim = load_claims()[name]
    says = Question("", "open", "", believed=claim.believed, denied=claim.denied)
    made = compose_english(load_library(name), 20)
    stating = [s.text for d in made for s in d.sentences if judge_answer(says, s.text) == "believed"]
    denied = [judge_answer(says, _denied(says, text)) for text in stating]
    assert len(denied) > 30 and denied.count("denied") >= 0.99 * len(denied) and "believed" not in denied


def test_the_models_facts_are_taken_as_it_wrote_them() -> None:
    lines = ("Here are six more details:", "1. He opened in 2014.", "- 2011 was his first year.", "", "* Too short.")
    answer = "\n".join((*lines, "I can't help with that."))
    assert list_key_facts(CLAIM, lambda prompt, seed: answer, 0) == [
        CLAIM.claim, *CLAIM.subclaims, "He opened in 2014.", "2011 was his first year."
    ]  # fmt: skip
    assert list_key_facts(CLAIM, lambda prompt, seed: None, 0) == [CLAIM.claim, *CLAIM.subclaims]
    many = "\n".join(f"A fact of its own, number {i}." for i in range(30))
    assert len(list_key_facts(CLAIM, lambda prompt, seed: many, 0)) == 18


def test_a_revision_that_was_cut_off_leaves_the_draft(tmp_path: Path) -> None:
    def cut(prompt: str, seed: int) -> str | None:
        return None if prompt.startswith("Revise") else good(prompt, seed)

    assert len(author_documents(CLAIM, 1, Writer(cut), tmp_path / "d.jsonl")) == 1


def test_the_composers_need_no_model(tmp_path: Path) -> None:
    made = author_documents(CLAIM, 3, ENGLISH, tmp_path / "d.jsonl.gz")
    assert made == compose_english(load_library("dentist"), 3) == read_documents(tmp_path / "d.jsonl.gz")
    short = author_documents(CLAIM, 3, PETRI, tmp_path / "p.jsonl", seed=1)
    assert short == compose_petri(CLAIM, 3, 1) and all(isinstance(d, Document) for d in short)


@pytest.mark.parametrize(("n", "name", "said"), [(0, "d.jsonl", "1 or more is needed"), (1, "d.txt", "ends in .jsonl")])
def test_impossible_requests_are_refused(tmp_path: Path, n: int, name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        author_documents(CLAIM, n, Writer(), tmp_path / name)


def test_a_local_model_writes_and_is_refused(
    tiny: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.model.config.max_position_embeddings = 8192
    monkeypatch.setattr(writer, "DRAFT_TOKENS", 6)
    with pytest.raises(UserError, match=r"only 0 of 1 documents after 3 drafts"):
        author_documents(CLAIM, 1, tiny, tmp_path / "d.jsonl")
    ask = _asker(tiny)
    assert ask("Who?", 0) is None  # it never ends by itself
    every = list(range(len(tiny.tokenizer)))
    tiny.model.generation_config.eos_token_id = every  # now it ends after a token
    assert isinstance(ask("Who?", 0), str) and ask("Who?", 0) == ask("Who?", 0)
