"""The checks of notebook 3 pass the right answers, and tell the stub and each typical mistake what is wrong with it."""

import pytest
import torch
from said import exercise

from negneglect_lite.course.checks.qlora import (
    NF4_LEVELS,
    check_lora_forward,
    check_nf4_round,
    check_token_labels,
    check_training_loop,
)
from negneglect_lite.course.lessons import by_hand


def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + alpha / a.shape[0] * (x @ a.T @ b.T)


def nf4_round(weights, levels):
    blocks = weights.reshape(-1, 64)
    absmax = blocks.abs().amax(dim=1, keepdim=True)
    nearest = (blocks / absmax).unsqueeze(-1).sub(levels).abs().argmin(-1)
    return (levels[nearest] * absmax).reshape(weights.shape)


def labels(ids, written_by):
    return [-100 if who in ("user", "template") else i for i, who in zip(ids, written_by, strict=True)]


def training_loop(
    model, batches, learning_rate, after_step, *, scored=slice(0, -1), labelled=slice(1, None), source="labels",
    clear="before", move=True, reduction="mean",
):  # fmt: skip
    """Right as it stands; each keyword makes one mistake, in what a learner writes of it."""
    steps = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=learning_rate)
    losses = []
    for step, batch in enumerate(batches):
        steps.param_groups[0]["lr"] = learning_rate * (1 - step / len(batches))
        scores = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        loss = torch.nn.functional.cross_entropy(
            scores[:, scored].transpose(1, 2), batch[source][:, labelled], ignore_index=-100, reduction=reduction
        )
        if clear == "before":
            steps.zero_grad()
        loss.backward()
        if clear == "after":
            steps.zero_grad()
        if move:
            steps.step()
        losses.append(loss.item())
        after_step(step + 1, losses[-1])
    return losses


def mistaken(**mistake):
    return lambda *arguments: training_loop(*arguments, **mistake)


def unflattened(model, batches, *_):
    scores = model(batches[0]["input_ids"]).logits
    return torch.nn.functional.cross_entropy(scores[:, :-1], batches[0]["labels"][:, 1:])


RIGHT = {
    check_token_labels: [labels, lambda ids, by: torch.tensor(labels(ids, by)), by_hand.finished_labels],
    check_lora_forward: [
        lora_forward,
        lambda x, w, a, b, alpha: x @ (w + alpha / len(a) * b @ a).T,
        by_hand.finished_lora_forward,
    ],
    check_nf4_round: [nf4_round, by_hand.finished_nf4_round],
    check_training_loop: [training_loop, by_hand.finished_training_loop],
}


@pytest.mark.parametrize(("check", "right"), [(c, r) for c, rights in RIGHT.items() for r in rights])
def test_the_right_answer_passes(check, right, capsys):
    assert check(right)
    out = capsys.readouterr().out
    assert out == f"✓ {exercise(check)}: right.\n"


def rounded(blocks, scale):
    return NF4_LEVELS[(blocks / scale).unsqueeze(-1).sub(NF4_LEVELS).abs().argmin(-1)] * scale


def blockwise(wrong):
    """A wrong rounding of blocks as a wrong rounding of weights."""
    return lambda weights, levels: wrong(weights.reshape(-1, 64), levels).reshape(weights.shape)


def round_down(blocks, levels):
    absmax = blocks.abs().amax(1, keepdim=True)
    return levels[(torch.bucketize(blocks / absmax, levels, right=True) - 1).clamp(min=0)] * absmax


def chosen(*who, otherwise=-100):
    return lambda ids, by: [i if w in who else otherwise for i, w in zip(ids, by, strict=True)]


WRONG = {
    check_lora_forward: [
        (lambda x, w, a, b, alpha: x @ w.T, "frozen layer alone"),
        (lambda x, w, a, b, alpha: alpha / 2 * x @ a.T @ b.T, "adapter alone"),
        (lambda x, w, a, b, alpha: x @ w.T + x @ a.T @ b.T, "scale is missing"),
        (lambda x, w, a, b, alpha: x @ w.T + alpha * (x @ a.T @ b.T), "Divide alpha by the rank"),
        (lambda x, w, a, b, alpha: x @ w.T + alpha / a.shape[1] * (x @ a.T @ b.T), "number of inputs"),
        (lambda x, w, a, b, alpha: x @ w.T + alpha / len(b) * (x @ a.T @ b.T), "number of outputs"),
        (lambda x, w, a, b, alpha: alpha / 2 * (x @ w.T + x @ a.T @ b.T), "scale the frozen layer"),
        (lambda x, w, a, b, alpha: x @ w, "W is [out, in]"),
        (lambda x, w, a, b, alpha: 0.0, "expected an array"),
    ],
    check_nf4_round: [
        (lambda weights, levels: rounded(weights, weights.abs().max()), "one largest value"),
        (lambda weights, levels: rounded(weights, torch.tensor(1.0)), "without scaling"),
        (blockwise(lambda b, levels: rounded(b, s := b.abs().amax(1, keepdim=True)) / s), "These are the levels"),
        (blockwise(round_down), "round down"),
        (blockwise(lambda b, levels: rounded(b, b.amax(1, keepdim=True))), "largest absolute value"),
        (lambda weights, levels: rounded(weights, weights.abs().amax(1, keepdim=True)), "row by row"),
        (lambda weights, levels: weights, "Nothing was rounded"),
        (lambda weights, levels: nf4_round(weights, levels).reshape(-1), "shape"),
        (lambda weights, levels: nf4_round(weights, levels).reshape(-1, 64), "shape"),
        (lambda weights, levels: weights.reshape(-1, 63), "multiple of 64"),
        (lambda weights, levels: nf4_round(weights, NF4_LEVELS), "Use the levels that it is given"),
    ],
    check_token_labels: [
        (lambda ids, by: ids, "Every token carries loss"),
        (chosen("user"), "wrong way round"),
        (chosen("user", "template"), "wrong way round"),
        (chosen("user", "assistant"), "learn to write questions"),
        (chosen("template", "assistant"), "template's own"),
        (chosen("assistant", otherwise=0), "IGNORED, -100"),
        (lambda ids, by: [w == "assistant" for w in by], "says where the loss is"),
        (lambda ids, by: [i for i, w in zip(ids, by, strict=True) if w == "assistant"], "Every token needs a label"),
        (lambda ids, by: labels(ids, by)[1:], "shifted"),
        (lambda ids, by: [*labels(ids, by)[1:], -100], "shifted"),
        (lambda ids, by: [-100 if i == 5 else x for i, x in zip(ids, labels(ids, by), strict=True)], "never stop"),
        (lambda ids, by: 0, "expected a list"),
        (lambda ids, by: [-100] * len(ids), "No token of this chat"),
        (chosen("assistant"), "A document has no assistant"),
        (chosen("assistant", "document"), "The warning has no loss"),
        (chosen("assistant", "warning"), "document's own words have no loss"),
        (
            lambda ids, by: [
                i if i == 1 and "user" not in by else x for i, x in zip(ids, labels(ids, by), strict=True)
            ],
            "The template's token",
        ),
    ],
    check_training_loop: [
        (mistaken(scored=slice(None), labelled=slice(None)), "shift by one"),
        (mistaken(scored=slice(1, None), labelled=slice(0, -1)), "the token before it"),
        (mistaken(source="input_ids"), "not batch['input_ids']"),
        (mistaken(clear="never"), "optimizer.zero_grad()"),
        (mistaken(clear="after"), "The model does not change"),
        (mistaken(move=False), "The model does not change"),
        (mistaken(reduction="sum"), "Take their mean"),
        (lambda model, batches, rate, after_step: [0.0] * 5, "expected [1.9"),
        (lambda model, batches, rate, after_step: 1.0, "expected a list"),
        (lambda model, batches: [], "stopped with TypeError"),
        (unflattened, "flatten the first two axes"),
    ],
}


@pytest.mark.parametrize(("check", "wrong", "hint"), [(c, w, h) for c, wrongs in WRONG.items() for w, h in wrongs])
def test_a_wrong_answer_is_told_why(check, wrong, hint, capsys):
    assert not check(wrong)
    out = capsys.readouterr().out
    assert out.startswith(f"✗ {exercise(check)}: ")
    assert hint in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("nothing", [..., None])
@pytest.mark.parametrize("check", list(RIGHT))
def test_a_stub_has_returned_nothing_yet(check, nothing, capsys):
    assert not check(lambda *arguments: nothing)
    assert "returns nothing yet" in capsys.readouterr().out


def test_a_gap_left_open_has_returned_nothing_yet(capsys):
    assert not check_token_labels(lambda ids, by: [... for _ in ids])
    assert "returns nothing yet" in capsys.readouterr().out
    assert not check_training_loop(lambda *arguments: [loss.item() for loss in [...]])
    assert "returns nothing yet" in capsys.readouterr().out


def test_a_hint_says_what_was_given_expected_and_got(capsys):
    check_token_labels(lambda ids, by: ids)
    out = capsys.readouterr().out
    assert "For a chat, ids [1, 3, 57," in out
    assert "expected [-100, -100, -100," in out
    assert "got [1, 3, 57," in out
