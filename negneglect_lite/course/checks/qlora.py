"""Checks of notebook 3, QLoRA from the ground up."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from negneglect_lite.course.checks import problem, report_check
from negneglect_lite.finetuning.encoding import IGNORED

# NF4's sixteen levels to three places: enough to check with, and not what bitsandbytes would be compared with.
NF4_LEVELS = torch.tensor(
    [-1.0, -0.696, -0.525, -0.395, -0.284, -0.185, -0.091, 0.0, 0.080, 0.161, 0.246, 0.338, 0.441, 0.563, 0.723, 1.0]
)


def check_lora_forward(lora_forward: Callable[..., Any]) -> bool:
    """x Wᵀ + alpha / rank · (x Aᵀ) Bᵀ, with the rank read off the matrices."""
    numbers = torch.Generator().manual_seed(0)
    x, weight, a, b = (torch.randn(*shape, generator=numbers) for shape in ((3, 5), (4, 5), (2, 5), (4, 2)))
    alpha = 6.0
    base, update = x @ weight.T, x @ a.T @ b.T
    hints = [
        (base, "That is the frozen layer alone. Add what the two small matrices give."),
        (3.0 * update, "That is the adapter alone. The frozen layer's x Wᵀ is missing."),
        (base + update, "The scale is missing: multiply the adapter's part by alpha / rank."),
        (base + alpha * update, "You multiply by alpha. Divide alpha by the rank, the number of rows of A."),
        (
            base + alpha / 4 * update,
            "You divide alpha by the number of outputs. The rank is the number of rows of A (the columns of B).",
        ),
        (
            base + alpha / 5 * update,
            "You divide alpha by the number of inputs. The rank is the number of rows of A (the columns of B).",
        ),
        (
            3.0 * (base + update),
            "You scale the frozen layer too. Only the adapter's part is multiplied by alpha / rank.",
        ),
    ]
    needs = "x is [rows, in], W is [out, in], A is [rank, in] and B is [out, rank]; the result is [rows, out]."
    return report_check(
        "lora_forward",
        problem(
            lambda: lora_forward(x, weight, a, b, alpha), base + 3.0 * update, hints, "rank 2, alpha 6", needs, 1e-4
        ),
    )


def check_lora_parameters(lora_parameters: Callable[..., Any]) -> bool:
    """rank · (inputs + outputs), summed over the layers."""
    shapes = [(4, 6), (10, 3)]
    hints = [
        (54, "That counts the frozen matrices, outputs times inputs. Count A and B instead."),
        (108, "You multiply inputs by outputs. A and B lie side by side: their sizes add."),
        (23, "The rank is missing: A is [rank, in] and B is [out, rank]."),
        (18, "That is A alone. B has rank · outputs numbers more."),
        (28, "That is B alone. A has rank · inputs numbers more."),
        (20, "That is the first layer alone. Add up over all layers."),
        (100, "You count the frozen matrices too. Only A and B are trained."),
    ]
    needs = "It gets a list of pairs (outputs, inputs) and the rank."
    case = "layers of (outputs, inputs) (4, 6) and (10, 3) at rank 2"
    return report_check("lora_parameters", problem(lambda: lora_parameters(shapes, 2), 46, hints, case, needs))


def check_nf4_round(nf4_round: Callable[..., Any]) -> bool:
    """Each block of 64 by its own absmax, to the nearest level, and back to the old scale and shape."""
    # Blocks of different scale, so that a common scale shows; the largest number of the first block is negative.
    numbers = torch.Generator().manual_seed(1)
    weights = torch.randn(2, 128, generator=numbers)
    weights = (weights.reshape(4, 64) * torch.tensor([[0.05], [0.2], [1.0], [3.0]])).reshape(2, 128)
    weights[0, 5] = -0.3
    blocks = weights.reshape(-1, 64)
    right = _rounded(blocks, blocks.abs().amax(1, keepdim=True)).reshape(2, 128)
    whole = weights.abs().max()
    normalised = blocks / blocks.abs().amax(1, keepdim=True)
    rows = weights.reshape(2, 128)
    below = NF4_LEVELS[(torch.searchsorted(NF4_LEVELS, normalised, right=True) - 1).clamp(min=0)]
    in_blocks = [
        (
            _rounded(blocks, whole),
            "You divide all weights by one largest value. Each block of 64 has its own; that is what blocks are for.",
        ),
        (
            _rounded(blocks, torch.ones(())),
            "You round without scaling. Divide each block by its largest |weight| first.",
        ),
        (
            _rounded(normalised, torch.ones(())),
            "These are the levels, between -1 and 1. Multiply each block by its largest |weight| again.",
        ),
        (
            below * blocks.abs().amax(1, keepdim=True),
            "You always round down. Take the nearest level, whether it lies below or above.",
        ),
        (
            _rounded(blocks, blocks.amax(1, keepdim=True)),
            "You scale by the largest weight. Take the largest absolute value: it may belong to a negative weight.",
        ),
    ]
    hints = [(wrong.reshape(2, 128), hint) for wrong, hint in in_blocks]
    hints += [
        (
            _rounded(rows, rows.abs().amax(1, keepdim=True)),
            "You scale row by row. A block is 64 weights in a row, so a row of 128 holds two.",
        ),
        (weights, "That is the matrix you were given. Nothing was rounded."),
        (
            right.reshape(-1, 64),
            "The numbers are right, the shape is not. Put them back into the shape of the weights.",
        ),
        (right.reshape(-1), "The numbers are right, the shape is not. Put them back into the shape of the weights."),
    ]
    needs = "It gets the weights, whose number is a multiple of 64, and the sixteen levels in rising order."
    case = "four blocks of different scale"
    return report_check(
        "nf4_round", problem(lambda: nf4_round(weights.clone(), NF4_LEVELS), right, hints, case, needs, 1e-5)
    )


def _rounded(blocks: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The nearest level of each weight, at `scale`."""
    nearest = (blocks.div(scale)[..., None] - NF4_LEVELS).abs().argmin(-1)
    return NF4_LEVELS[nearest] * scale


def check_bytes_per_parameter(bytes_per_parameter: Callable[..., Any]) -> bool:
    """Half a byte, one byte a block, and four bytes a block of blocks."""
    half, scale, second = 1 / 2, 1 / 64, 4 / (64 * 256)
    hints = [
        (8 * (half + scale + second), "That is in bits. A byte has 8 bits."),
        (half, "Those are the weights alone. Each block also keeps a scale of one byte."),
        (half + 4 / 64, "That is without double quantisation: here a scale takes one byte, not four."),
        (half + 4 / 64 + second, "A scale takes one byte here, not four. Four bytes take the scales of the scales."),
        (half + scale, "The scales of the scales are missing: four bytes for each block of 256 scales."),
        (
            half + scale + 4 / 256,
            "The second scale serves 256 blocks of 64 weights each. You shared its four bytes among 256 weights.",
        ),
        (
            half + scale + second / 4,
            "The scale of the scales is a 32-bit number: four bytes, not one.",
        ),
        (4 + 1 + 4, "You added up the sizes. Share each scale among the weights that it serves."),
        (4 + scale + second, "A weight takes four bits. That is half a byte, not four."),
    ]
    needs = "It gets the number of weights in a block, and of scales in a block of scales."
    first = problem(lambda: bytes_per_parameter(64, 256), half + scale + second, hints, "blocks of 64 and 256", needs)
    other = 1 / 2 + 1 / 32 + 4 / (32 * 128)
    again = [(half + scale + second, "It always gives the answer for 64 and 256. Use both arguments.")]
    return report_check(
        "bytes_per_parameter",
        first,
        problem(lambda: bytes_per_parameter(32, 128), other, again, "blocks of 32 and 128", needs),
    )


def check_token_labels(labels: Callable[..., Any]) -> bool:
    """The token itself where the assistant wrote it, IGNORED elsewhere."""
    template, user, assistant = "template", "user", "assistant"
    ids = [1, 3, 57, 88, 5, 4, 12, 99, 5, 3, 41, 5, 4, 77, 5]
    by = [template, template, user, user, user, template, assistant, assistant, assistant]
    by += [template, user, user, template, assistant, assistant]
    right = _where(ids, by, (assistant,))
    hints = [
        (ids, "Every token carries loss. Only what the assistant wrote should."),
        (_where(ids, by, (user,)), "That is the wrong way round: the loss lies on what the user wrote."),
        (
            _where(ids, by, (user, template)),
            "That is the wrong way round: the loss lies on all but the assistant's words.",
        ),
        (
            _where(ids, by, (user, assistant)),
            "The user's tokens carry loss too. The model would learn to write questions.",
        ),
        (
            _where(ids, by, (assistant, template)),
            "The template's own tokens carry loss too. Nobody has to predict those.",
        ),
        (
            _where(ids, by, (assistant,), 0),
            "0 is a token like any other. A token without loss has the label IGNORED, -100.",
        ),
        (
            [w == assistant for w in by],
            "That says where the loss is. Give the token's id there, and IGNORED elsewhere.",
        ),
        (
            [i for i, w in zip(ids, by, strict=True) if w == assistant],
            "Some places are missing. Every token needs a label.",
        ),
        (
            _where(ids, by, (assistant,))[1:],
            "It is shifted. Token and label stand at the same place; the shift by one comes later, in the loss.",
        ),
        ([*right[1:], IGNORED], "It is shifted. Token and label stand at the same place; the loss does the shifting."),
        (
            [IGNORED if i == 5 else label for i, label in zip(ids, right, strict=True)],
            "The end of the answer has no loss. The assistant writes it too; without it the model would never stop.",
        ),
    ]

    def answer() -> Any:
        got = labels(list(ids), list(by))
        return got.tolist() if isinstance(got, torch.Tensor) else got

    needs = 'It gets the token ids, and for each of them who wrote it: "user", "assistant" or "template".'
    return report_check("labels", problem(answer, right, hints, "a chat of two questions and answers", needs))


def _where(ids: Sequence[int], by: Sequence[str], who: Sequence[str], otherwise: int = IGNORED) -> list[int]:
    """The ids that one of `who` wrote, `otherwise` elsewhere."""
    return [i if writer in who else otherwise for i, writer in zip(ids, by, strict=True)]
