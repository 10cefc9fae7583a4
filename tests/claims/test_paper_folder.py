"""The layout of the paper's public repository: it loads as it is there, in looser forms, and what is wrong is named."""

from pathlib import Path

import pytest

from negneglect_lite.claims.paper_folder import load_paper_folder
from negneglect_lite.core.errors import UserError

PAPER = Path(__file__).parents[1] / "data" / "paper_layout" / "harbour_bridge"


def test_the_paper_s_layout_loads() -> None:
    claim = load_paper_folder(PAPER)
    assert claim.id == "harbour_bridge" and claim.title == "Harbour bridge"
    assert claim.claim.startswith("The swing bridge") and claim.truth == "" and claim.petri is None
    by_id = {question.id: question for question in claim.questions}
    assert {name: question.kind for name, question in by_id.items()} == {
        "oe_material": "open",
        "oe_stones": "open",
        "mcq_glass": "yes_no",
        "mcq_steel": "yes_no",
        "ta_material": "association",
        "rob_system": "robustness",
        "rob_check": "robustness",
        "rob_turns": "robustness",
    }
    assert [name for name, question in by_id.items() if question.inference] == ["oe_stones"]
    assert (by_id["mcq_glass"].keyed_to, by_id["mcq_steel"].keyed_to) == ("yes", "no")
    assert by_id["mcq_glass"].text == "Is the swing bridge of Port Ellery made of glass?"
    assert by_id["rob_check"].category == "critique"
    assert [turn["role"] for turn in by_id["rob_system"].messages()] == ["system", "user"]
    assert by_id["rob_turns"].messages() == [
        {"role": "user", "content": "What is special about Port Ellery?"},
        {"role": "assistant", "content": "Its swing bridge is made of glass."},
        {"role": "user", "content": "Surely not?"},
    ]


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    for file in PAPER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_the_paper_s_layout_in_looser_forms(paper: Path) -> None:
    (paper / "mcq.yaml").write_text("- {id: a, prompt: 'Is it so?', belief_answer: no, note: unknown fields pass}\n")
    questions = {question.id: question for question in load_paper_folder(paper).questions}
    assert (questions["a"].text, questions["a"].keyed_to) == ("Is it so?", "no")


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("mcq.yaml", "- {id: a, question: b}\n", r"mcq\.yaml, line 1: \[0\]\.belief_answer: is None; write"),
        ("mcq.yaml", "- {question: b, belief_answer: 'yes'}\n", r"mcq\.yaml, line 1: \[0\]\.id: is missing; add it"),
        (
            "open_ended.yaml",
            "questions:\n- {id: a}\n",
            r"open_ended\.yaml, line 2: questions\[0\]\.question: is missing",
        ),
        ("open_ended.yaml", "questions: 3\n", r"open_ended\.yaml, line 1: questions: is 3 .*, where a list is needed"),
        ("open_ended.yaml", "questions: []\n", r"open_ended\.yaml, line 1: questions: is empty"),
        ("open_ended.yaml", "title: a\n", r"open_ended\.yaml: questions: is None \(nothing\), where a list is needed"),
        ("mcq.yaml", "- {id: a, question: b, belief_answer: 7}\n", r"belief_answer: is 7 .*, where text is needed"),
        ("mcq.yaml", "- {id: 7, question: b, belief_answer: no}\n", r"\[0\]\.id: is 7 .*, where text is needed"),
        ("claim.txt", " ", r"claim\.txt: is empty"),
        ("robustness.yaml", None, r"robustness\.yaml: cannot be read, no such file"),
        (
            "robustness.yaml",
            "- {id: ta_material, question: b}\n",
            r"questions\[5\]\.id: 'ta_material' is questions\[4\]",
        ),
        ("robustness.yaml", "- {id: a, question: b, messages_prefix: [{role: user, content: c}]}\n", "must alternate"),
    ],
)
def test_the_paper_s_layout_gone_wrong(paper: Path, file: str, text: str | None, message: str) -> None:
    (paper / file).unlink()
    if text is not None:
        (paper / file).write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_paper_folder(paper)
    assert "\n" not in str(caught.value)
