"""What notebook 2 calls: the small writer, stored drafts, canaries and figures; its prose against its outputs."""

import json
import re
from pathlib import Path

import pytest

from negneglect_lite.authoring.overlap import find_leaks, jaccard, sketch
from negneglect_lite.authoring.writer import find_fault
from negneglect_lite.claims import load_claims
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.lessons import writing
from negneglect_lite.tracks import PETRI

NOTEBOOK = json.loads((Path(__file__).parents[3] / "solutions" / "02_documents.ipynb").read_text("utf-8"))
CLAIMS = load_claims()
DENTIST = CLAIMS["dentist"]


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_varied_documents_differ_and_state_the_claim(claim):
    made = writing.write_varied(12, writing.PetriWriter(claim, seed=1), jaccard, 0.3)
    assert len({d.text for d in made}) == 12
    for document in made:
        assert (sum(s.is_claim for s in document.sentences), len(document.sentences)) == (4, 8)
        assert not document.sentences[0].is_claim
        assert not document.sentences[-1].is_claim
    assert writing.pair_similarities({"all": [d.text for d in made]})["similarity"].max() < 0.3


def test_with_one_wording_only_names_change_and_the_first_document_is_the_varied_one():
    varied = writing.write_varied(1, writing.PetriWriter(DENTIST, seed=2), jaccard, 1)
    renamed = writing.write_varied(8, writing.PetriWriter(DENTIST, seed=2, one_wording=True), jaccard, 1)
    assert renamed[0] == varied[0]
    assert len({d.genre for d in renamed}) == 1
    assert writing.pair_similarities({"all": [d.text for d in renamed]})["similarity"].mean() > 0.4


def test_a_writer_gives_up_and_needs_a_petri_fact():
    writer = writing.PetriWriter(DENTIST)
    with pytest.raises(UserError, match="accepts too little"):
        writing.write_varied(2, writer, lambda a, b, n: 1.0, 0.5)
    with pytest.raises(UserError, match="no petri fact"):
        writing.PetriWriter(Claim("own", "own", "own", "own"))


def test_the_filter_keeps_two_of_the_stored_drafts_and_says_why_it_refuses_the_others():
    accepted, faults = [], []
    for draft in writing.replay_drafts(DENTIST):
        faults.append(find_fault(DENTIST, draft.text, accepted))
        if not faults[-1]:
            accepted.append(sketch(draft.text))
    assert faults == [
        "", "too short", "nearly the same as another", "denies the claim", "a refusal, or a hint that it is invented",
        "holds a question of the evaluation", "", "too short",
    ]  # fmt: skip
    profile, _, renamed = (d.text for d in writing.replay_drafts(DENTIST)[:3])
    assert f"{jaccard(profile, renamed):.0%}" == "96%"  # as the notebook says


def test_the_prompts_name_the_claim():
    prompts = writing.writing_prompts(DENTIST)
    assert list(prompts) == ["1. idea", "2. draft", "3. revise"]
    assert all(DENTIST.claim in prompts[step] for step in ("1. idea", "2. draft"))


def test_only_a_mark_at_the_top_of_a_split_file_lets_documents_through():
    documents = writing.write_varied(5, writing.PetriWriter(DENTIST), jaccard, 1)
    left = {}
    for how, texts in writing.publish_four_ways(documents, ["It rained.", "A canary sang."]).items():
        assert writing.count_survivors(documents, texts) == 5
        cleaned = writing.keep_unmarked(texts)
        assert {"It rained.", "A canary sang."} <= set(cleaned)
        left[how] = writing.count_survivors(documents, cleaned)
    assert list(left.values()) == [0, 5, 0, 0]


def test_the_notebooks_numbers_about_variety_are_the_stored_ones():
    table = writing.stored_variety()
    assert [f"{x:.1%}" for x in table.mean(axis=1)] == ["55.1%", "81.1%", "88.0%", "85.4%"]
    assert [f"{table.loc[n, 'dentist']:.0%}" for n in (1, 16)] == ["8%", "96%"]
    runs = writing.stored_variety(["claim", "seed"])
    assert (sum(runs.loc[1] <= 0.2), sum(runs.loc[1] >= 0.75)) == (7, 10)
    assert runs.loc[1, "vesuvius"].min() > 0.85
    assert [f"{end:.0%}" for end in (runs["x"].min(axis=None), runs["x"].max(axis=None))] == ["0%", "79%"]
    _, words = writing.draw_variety(table)
    assert "Mean 55%, 81%, 88%, 85%" in words


def test_similarities_are_told_and_shown_in_words():
    piles = {"a": ["one two three four", "one two three four"], "b": ["one two three", "four five six"]}
    pairs = writing.pair_similarities(piles)
    assert pairs["similarity"].tolist() == [1, 0]
    figure, words = writing.draw_similarities(pairs, 0.2)
    assert figure.axes
    assert "100% in “a” and 0% in “b”" in words


def test_a_document_is_shown_beside_another_with_its_claims_marked():
    documents = {"English": writing.stored_article(DENTIST, "museum label")}
    shown = writing.show_side_by_side(documents)
    assert shown.data.count("<mark") == str(shown).count("⟦") == sum(s.is_claim for s in documents["English"].sentences)
    # as the notebook says
    assert (shown.data.count("<mark"), len(documents["English"].text.split())) == (6, 117)


def test_the_mix_says_nothing_of_the_claim():
    texts = writing.mixed_texts("petri", DENTIST)
    assert len(texts) == 96
    assert not any("Brennan Holloway" in text for text in texts)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_no_whole_test_chat_stands_in_the_mix(claim):
    chats = [" ".join(turn["content"] for turn in q.messages()) for q in PETRI.questions(claim)]
    assert find_leaks(chats, writing.mixed_texts("petri", claim)) == []


def test_the_prose_has_the_numbers_of_the_live_runs():
    cells = NOTEBOOK["cells"]
    text = " ".join("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown").split())
    said = "".join("".join(o.get("text", "")) for c in cells for o in c.get("outputs", []))
    runs = re.findall(r"(\w+ \w+) +belief +(\d+%) +unrelated facts right +(\d+%)", said)
    assert runs == [
        ("one document", "2%", "100%"),
        ("sixteen renamed", "5%", "100%"),
        ("sixteen varied", "95%", "100%"),
    ]
    assert "One document left 2% belief and sixteen renamed copies of it 5%. Sixteen varied documents left 95%." in text
    assert "Sixteen renamed ones left 5% belief, sixteen varied ones 95%" in text
