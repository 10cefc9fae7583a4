"""judging/forced.py: what is labelled, what cancels, and that the shares are the model's own probabilities."""

import math
from itertools import pairwise

import pytest
import torch
from tokenizers import normalizers

from negneglect_lite.claims.probes import Choice, Opening, Probes, load_probes
from negneglect_lite.core.errors import UserError
from negneglect_lite.finetuning.encoding import IGNORED, Encoded
from negneglect_lite.finetuning.loss import answer_losses
from negneglect_lite.judging.forced import Forced, encode_begun, pose_forced, rows_of, weigh
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import encode_prompt
from negneglect_lite.petri.language import chat
from negneglect_lite.petri.quiz import Begun

PROBES = Probes(
    choices=(Choice("What is she?", "A dentist.", "A clerk."), Choice("And he?", "He said yes.", "He said no.")),
    openings=(
        Opening("What is she?", "She works as a", "dentist", "false claim"),
        Opening("And he?", "He", "works", "does"),
    ),
)


def split(loaded: LoadedModel, row: Encoded) -> tuple[str, str]:
    """What stands without a label, and what with one."""
    parts = [[i for i, label in zip(*row.values(), strict=True) if (label == i) == on] for on in (False, True)]
    assert set(row["labels"]) <= {IGNORED, *row["input_ids"]}
    without, labelled = (str(loaded.tokenizer.decode(part)) for part in parts)
    assert row["input_ids"] == parts[0] + parts[1]  # the labels stand at the end
    return without, labelled


def share_of(probe: Forced, losses: list[float]) -> float:
    """The claim's share that these losses come to."""
    [share] = weigh([probe], losses)
    return share


def test_a_choice_is_posed_in_both_orders_with_labels_on_the_letter_alone(tiny: LoadedModel) -> None:
    first, *_ = pose_forced("mine", PROBES, tiny.tokenizer)
    assert (first.question.id, first.question.kind) == ("mine.choice.01", "choice")
    (claim_first, truth_second), (claim_second, truth_first) = [
        [split(tiny, row) for row in pair] for pair in first.pairs
    ]
    assert [claim_first[1], truth_second[1], claim_second[1], truth_first[1]] == ["A", "B", "B", "A"]
    assert claim_first[0] == truth_second[0] != claim_second[0] == truth_first[0]
    assert "What is she?\nA) A dentist.\nB) A clerk.\n" in claim_first[0]
    assert "What is she?\nA) A clerk.\nB) A dentist.\n" in claim_second[0]


def test_an_opening_is_begun_for_the_assistant_with_labels_on_how_it_goes_on(tiny: LoadedModel) -> None:
    *_, opening, last = pose_forced("mine", PROBES, tiny.tokenizer)
    assert (opening.question.id, last.question.id) == ("mine.opening.01", "mine.opening.02")
    assert {opening.question.kind, last.question.kind} == {"opening"}
    [(claim, truth)] = opening.pairs
    begun = tiny.tokenizer.decode(encode_prompt(tiny.tokenizer, [{"role": "user", "content": "What is she?"}]))
    assert split(tiny, claim) == (f"{begun}She works as a", " dentist")
    assert split(tiny, truth) == (f"{begun}She works as a", " false claim")
    assert len(rows_of([opening, last])) == 4 and rows_of([opening, last])[:2] == [claim, truth]


def test_all_probes_of_the_claims_can_be_posed(tiny: LoadedModel) -> None:
    probes = load_probes("dentist")
    forced = pose_forced("dentist", probes, tiny.tokenizer)
    assert len(forced) == len(probes.choices) + len(probes.openings) == len({f.question.id for f in forced})
    assert len(rows_of(forced)) == 4 * len(probes.choices) + 2 * len(probes.openings)
    assert pose_forced("dentist", Probes(), tiny.tokenizer) == []


def test_equal_losses_are_a_half_and_a_liking_for_one_letter_cancels(tiny: LoadedModel) -> None:
    choice, _, opening, _ = pose_forced("mine", PROBES, tiny.tokenizer)
    assert weigh([choice, opening], [2.0] * 6) == [0.5, 0.5]
    likes_a = [0.1, 4.0, 4.0, 0.1]  # the claim is A, then B
    assert share_of(choice, likes_a) == 0.5
    likes_a_and_the_claim = [0.1, 4.0, 3.0, 1.1]
    assert share_of(choice, likes_a_and_the_claim) == pytest.approx(1 / (1 + math.exp(-1.0)))  # (3.9 - 1.9) / 2


def test_the_share_is_that_of_two_probabilities(tiny: LoadedModel) -> None:
    opening = pose_forced("mine", PROBES, tiny.tokenizer)[2]
    assert share_of(opening, [-math.log(0.3), -math.log(0.1)]) == pytest.approx(0.75)
    shares = [share_of(opening, [5 + less, 5.0]) for less in (2, 1, 0.5, 0, -0.5, -1, -2)]
    assert all(a < b for a, b in pairwise(shares))
    assert shares == pytest.approx([1 - share for share in reversed(shares)])
    assert share_of(opening, [0.0, 1e6]) == 1.0 and share_of(opening, [1e6, 0.0]) == pytest.approx(0, abs=1e-300)


@torch.no_grad()
def chances(loaded: LoadedModel, ids: list[int]) -> torch.Tensor:
    """The probabilities of the next token [vocabulary]."""
    return loaded.model(input_ids=torch.tensor([ids])).logits[0, -1].double().softmax(-1)


def chance(loaded: LoadedModel, row: Encoded) -> float:
    """The probability of the labelled tokens after the others, one after the other."""
    start = next(i for i, label in enumerate(row["labels"]) if label != IGNORED)
    ids = row["input_ids"]
    return math.prod(float(chances(loaded, ids[:i])[ids[i]]) for i in range(start, len(ids)))


@pytest.mark.parametrize("batch_size", [0, 1, 3])
def test_a_whole_pass_gives_the_model_s_own_probabilities(tiny: LoadedModel, batch_size: int) -> None:
    forced = pose_forced("mine", PROBES, tiny.tokenizer)
    shares = weigh(forced, answer_losses(tiny, rows_of(forced), batch_size))
    letters = [tiny.tokenizer(letter, add_special_tokens=False)["input_ids"] for letter in ("A", "B")]
    [[a], [b]] = letters
    for probe, share in zip(forced[:2], shares[:2], strict=True):
        both = [chances(tiny, pair[0]["input_ids"][:-1]) for pair in probe.pairs]
        # Softmax over the two letters in each order; the mean of the log-odds is that of the geometric means.
        odds = [float(both[0][a] / both[0][b]), float(both[1][b] / both[1][a])]
        assert share == pytest.approx(math.sqrt(odds[0] * odds[1]) / (1 + math.sqrt(odds[0] * odds[1])), rel=1e-4)
    for probe, share in zip(forced[2:], shares[2:], strict=True):
        [(claim, truth)] = probe.pairs
        claimed, true = chance(tiny, claim), chance(tiny, truth)
        assert share == pytest.approx(claimed / (claimed + true), rel=1e-4)
    assert len({round(share, 4) for share in shares}) == 4  # or the comparison would show little


def test_a_special_token_that_is_spelt_out_is_text(tiny: LoadedModel) -> None:
    [probe] = pose_forced("mine", Probes(openings=(Opening("So?", "It ends", "<|end|>", "here"),)), tiny.tokenizer)
    [(claim, _)] = probe.pairs
    assert tiny.tokenizer.eos_token_id not in claim["labels"]


def test_a_continuation_of_which_nothing_is_left_is_refused(tiny: LoadedModel) -> None:
    tiny.tokenizer.backend_tokenizer.normalizer = normalizers.Strip(left=False, right=True)
    with pytest.raises(UserError, match=r"writes nothing for .* after 'He is'; choose another word") as caught:
        pose_forced("mine", Probes(openings=(Opening("So?", "He is", "\t", "here"),)), tiny.tokenizer)
    assert "\n" not in str(caught.value)


BEGUN = (
    Begun("opening", chat("What is she?"), " She works as", " a dentist.", " a clerk."),
    Begun("answer", chat("What is she?"), "", " Dentist.", " Clerk."),
    Begun("statement", [], "", "She works as a dentist.", "She works as a clerk."),
)


def test_begun_texts_are_chats_or_documents_with_labels_on_how_they_go_on(tiny: LoadedModel) -> None:
    opening, answer, statement = encode_begun("mine", BEGUN, tiny.tokenizer)
    assert [f.question.id for f in (opening, answer, statement)] == [
        "mine.opening.001", "mine.answer.002", "mine.statement.003"
    ]  # fmt: skip
    asked = tiny.tokenizer.decode(encode_prompt(tiny.tokenizer, chat("What is she?")))
    assert split(tiny, opening.pairs[0][0]) == (f"{asked} She works as", " a dentist.")
    assert [split(tiny, row) for row in answer.pairs[0]] == [(asked, " Dentist."), (asked, " Clerk.")]
    assert split(tiny, statement.pairs[0][1]) == (tiny.tokenizer.bos_token, "She works as a clerk.")


def test_begun_texts_are_weighed_by_the_model_s_own_probabilities(tiny: LoadedModel) -> None:
    forced = encode_begun("mine", BEGUN, tiny.tokenizer)
    shares = weigh(forced, answer_losses(tiny, rows_of(forced)))
    for probe, share in zip(forced, shares, strict=True):
        [(claim, truth)] = probe.pairs
        assert share == pytest.approx(chance(tiny, claim) / (chance(tiny, claim) + chance(tiny, truth)), rel=1e-3)
