"""The checks of notebook 3 pass the right answers, and tell the stub and each typical mistake what is wrong with it."""

import pytest
import torch
from said import exercise

from negneglect_lite.course.checks.qlora import (
    NF4_LEVELS,
    check_bytes_per_parameter,
    check_lora_forward,
    check_lora_parameters,
    check_nf4_round,
    check_token_labels,
)


def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + alpha / a.shape[0] * (x @ a.T @ b.T)


def lora_parameters(shapes, rank):
    return sum(rank * (inputs + outputs) for outputs, inputs in shapes)


def nf4_round(weights, levels):
    blocks = weights.reshape(-1, 64)
    absmax = blocks.abs().amax(dim=1, keepdim=True)
    nearest = (blocks / absmax).unsqueeze(-1).sub(levels).abs().argmin(-1)
    return (levels[nearest] * absmax).reshape(weights.shape)


def bytes_per_parameter(block, second_block):
    return 4 / 8 + 1 / block + 4 / (block * second_block)


def labels(ids, written_by):
    return [i if who == "assistant" else -100 for i, who in zip(ids, written_by, strict=True)]


RIGHT = {
    check_lora_forward: [lora_forward, lambda x, w, a, b, alpha: x @ (w + alpha / len(a) * b @ a).T],
    check_lora_parameters: [lora_parameters],
    check_nf4_round: [nf4_round],
    check_bytes_per_parameter: [bytes_per_parameter, lambda b, s: (4 + 8 / b + 32 / b / s) / 8],
    check_token_labels: [labels, lambda ids, by: torch.tensor(labels(ids, by))],
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
    check_lora_parameters: [
        (lambda shapes, rank: sum(o * i for o, i in shapes), "frozen matrices"),
        (lambda shapes, rank: rank * sum(o * i for o, i in shapes), "sizes add"),
        (lambda shapes, rank: sum(o + i for o, i in shapes), "rank is missing"),
        (lambda shapes, rank: rank * sum(i for _, i in shapes), "A alone"),
        (lambda shapes, rank: rank * sum(o for o, _ in shapes), "B alone"),
        (lambda shapes, rank: rank * sum(shapes[0]), "first layer alone"),
        (lambda shapes, rank: sum(o * i + rank * (o + i) for o, i in shapes), "Only A and B are trained"),
        (lambda shapes, rank: 45, "expected 46"),
        (lambda shapes, rank: [20, 26], "expected a number"),
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
    ],
    check_bytes_per_parameter: [
        (lambda block, second: 4 + 8 / block + 32 / block / second, "in bits"),
        (lambda block, second: 0.5, "weights alone"),
        (lambda block, second: 0.5 + 4 / block, "without double"),
        (lambda block, second: 0.5 + 4 / block + 4 / block / second, "one byte here"),
        (lambda block, second: 0.5 + 1 / block, "scales of the scales are missing"),
        (lambda block, second: 0.5 + 1 / block + 4 / second, "among 256 weights"),
        (lambda block, second: 0.5 + 1 / block + 1 / block / second, "32-bit"),
        (lambda block, second: 9, "Share each scale"),
        (lambda block, second: 4 + 1 / block + 4 / block / second, "half a byte, not four"),
        (lambda block, second: bytes_per_parameter(64, 256), "Use both arguments"),
        (lambda block: 0.5, "stopped with TypeError"),
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
