"""Checks of notebook 3, build QLoRA."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch.nn import functional as F

from negneglect_lite.course.checks import NOTHING, Hint, problem, report_check, show_value
from negneglect_lite.finetuning.encoding import IGNORED

# NF4's sixteen levels to three places: enough to check with, and not what bitsandbytes would be compared with.
NF4_LEVELS = torch.tensor(
    [-1.0, -0.696, -0.525, -0.395, -0.284, -0.185, -0.091, 0.0, 0.080, 0.161, 0.246, 0.338, 0.441, 0.563, 0.723, 1.0]
)

EVEN_LEVELS = torch.linspace(-1, 1, 5)


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
    case = "rank 2, alpha 6, five inputs and four outputs"
    return report_check(
        "lora_forward",
        _compared(lambda: lora_forward(x, weight, a, b, alpha), base + 3.0 * update, hints, case, needs, 1e-4),
    )


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
        "nf4_round",
        _compared(lambda: nf4_round(weights.clone(), NF4_LEVELS), right, hints, case, needs, 1e-5),
        _compared(
            lambda: nf4_round(weights.clone(), EVEN_LEVELS),
            _rounded(blocks, blocks.abs().amax(1, keepdim=True), EVEN_LEVELS).reshape(2, 128),
            [(right, "It always rounds to NF4's levels. Use the levels that it is given; there may be fewer of them.")],
            "five even levels",
            needs,
            1e-5,
        ),
    )


def _rounded(blocks: torch.Tensor, scale: torch.Tensor, levels: torch.Tensor = NF4_LEVELS) -> torch.Tensor:
    """The nearest level of each weight, at `scale`."""
    nearest = (blocks.div(scale)[..., None] - levels).abs().argmin(-1)
    return levels[nearest] * scale


def check_token_labels(labels: Callable[..., Any]) -> bool:
    """The token itself where a document, a warning or the assistant stands, IGNORED elsewhere."""
    template, user, assistant, document, warning = "template", "user", "assistant", "document", "warning"
    ids = [1, 3, 57, 5, 4, 12, 99, 5, 3, 41, 5, 4, 77, 5]
    by = [template, template, user, user, template, assistant, assistant, assistant]
    by += [template, user, user, template, assistant, assistant]
    learned = (assistant, document, warning)
    right = _where(ids, by, learned)
    hints = [
        (ids, "Every token carries loss. In a chat only what the assistant wrote should."),
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
            right[1:],
            "It is shifted. Token and label stand at the same place; the shift by one comes later, in the loss.",
        ),
        ([*right[1:], IGNORED], "It is shifted. Token and label stand at the same place; the loss does the shifting."),
        (
            [IGNORED if i == 5 else label for i, label in zip(ids, right, strict=True)],
            "The end of the answer has no loss. The assistant writes it too; without it the model would never stop.",
        ),
        ([IGNORED] * len(ids), "No token of this chat carries loss. What the assistant wrote should."),
    ]
    page, page_by = [1, 20, 21, 33, 34, 2], [template, warning, warning, document, document, document]
    page_hints = [
        ([IGNORED] * 6, "A document has no assistant, and yet it is learned from. Its own words carry loss."),
        (
            _where(page, page_by, (document,)),
            "The warning has no loss. It is part of the document, and is learned too.",
        ),
        (
            _where(page, page_by, (warning,)),
            "The document's own words have no loss. They are learned like the warning.",
        ),
        (page, "The template's token carries loss too. Nobody has to predict it."),
    ]

    def answer(ids: list[int], by: list[str]) -> Any:
        got = labels(list(ids), list(by))
        if isinstance(got, list) and got and all(label is ... for label in got):
            return None
        return got.tolist() if isinstance(got, torch.Tensor) else got

    needs = 'It gets the token ids, and for each who wrote it: "document", "warning", "user", "assistant", "template".'
    return report_check(
        "labels",
        _compared(lambda: answer(ids, by), right, hints, f"a chat, ids {ids} by {by},", needs),
        _compared(
            lambda: answer(page, page_by),
            _where(page, page_by, learned),
            page_hints,
            f"a document, ids {page} by {page_by},",
            needs,
        ),
    )


def _where(ids: Sequence[int], by: Sequence[str], who: Sequence[str], otherwise: int = IGNORED) -> list[int]:
    """The ids that one of `who` wrote, `otherwise` elsewhere."""
    return [i if writer in who else otherwise for i, writer in zip(ids, by, strict=True)]


class _Toy(torch.nn.Module):
    """A model of seven tokens: each token's fixed vector, times a matrix that is trained, scores the next token."""

    def __init__(self) -> None:
        super().__init__()
        numbers = torch.Generator().manual_seed(3)
        self.vectors = torch.nn.Parameter(torch.randn(7, 4, generator=numbers), requires_grad=False)
        self.matrix = torch.nn.Parameter(torch.randn(4, 7, generator=numbers) / 2)

    def forward(self, input_ids: torch.Tensor, attention_mask: Any = None, **others: Any) -> SimpleNamespace:
        return SimpleNamespace(logits=self.vectors[input_ids] @ self.matrix)


RATE = 0.3


def check_training_loop(training_loop: Callable[..., Any]) -> bool:
    """In each step of the given loop: the next token's mean loss, gradients cleared and computed, and a step."""
    right = _run_loop()
    wrong: list[Hint] = [
        (
            _run_loop(shift=0),
            "Each position is compared with its own token. Compare it with the next one: shift by one.",
        ),
        (
            _run_loop(shift=-1),
            "Each position is compared with the token before it. Leave out the last scores and the first labels.",
        ),
        (_run_loop(masked=False), "The loss is on every token. Take batch['labels'], not batch['input_ids']."),
        (_run_loop(clear=False), "Old gradients pile up. Clear them with optimizer.zero_grad() before backward."),
        (
            _run_loop(move=False),
            "The model does not change. Clear old gradients, find new ones by backward(), use them by step(): in this "
            "order.",
        ),
        (_run_loop(reduction="sum"), "You add up the losses of the tokens. Take their mean, as cross_entropy does."),
    ]

    def losses() -> Any:
        try:
            return training_loop(_Toy(), _toy_batches(), RATE, lambda step, loss: None)
        except AttributeError as error:
            if "ellipsis" in str(error):  # the gap is open: the given code asks `...` for its number
                return None
            raise

    needs = "cross_entropy wants scores [many, vocabulary] and labels [many]: flatten the first two axes of both."
    case = "a toy model and five batches"
    return report_check("training_loop", _compared(losses, right, wrong, case, needs, tolerance=1e-3))


def _toy_batches() -> list[dict[str, torch.Tensor]]:
    numbers = torch.Generator().manual_seed(5)
    batches = []
    for _ in range(5):
        ids = torch.randint(7, (2, 6), generator=numbers)
        labels = ids.clone()
        labels[:, :2], labels[1, 5] = IGNORED, IGNORED
        batches.append({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels})
    return batches


def _run_loop(
    shift: int = 1,
    masked: bool = True,
    clear: bool = True,
    move: bool = True,
    reduction: str = "mean",
) -> list[float]:
    """The losses of the loop on the toy model; each argument can make one mistake."""
    model, batches, losses = _Toy(), _toy_batches(), []
    optimizer = torch.optim.Adam([model.matrix], lr=RATE)
    for step, batch in enumerate(batches):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / len(batches))
        scores, wanted = model(batch["input_ids"]).logits, batch["labels" if masked else "input_ids"]
        last, first = scores.shape[1] - max(shift, 0), max(-shift, 0)
        guesses, targets = scores[:, first:last], wanted[:, max(shift, 0) : wanted.shape[1] - first]
        loss = F.cross_entropy(guesses.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction=reduction)
        if clear:
            optimizer.zero_grad()
        loss.backward()
        if move:
            optimizer.step()
        losses.append(loss.item())
    return losses


def _compared(
    call: Callable[[], Any], expected: Any, hints: Sequence[Hint], case: str, needs: str, tolerance: float = 1e-6
) -> str:
    """As `problem`; a hint is followed by what was given, expected and got."""
    answers: list[Any] = []

    def remembered() -> Any:
        answers.append(call())
        return answers[-1]

    said = problem(remembered, expected, hints, case, needs, tolerance)
    if said == NOTHING or said not in {hint for _, hint in hints}:
        return said
    return f"{said} (For {case.rstrip(',')}: expected {_brief(expected)}, got {_brief(answers[-1])}.)"


def _brief(value: Any) -> str:
    """A value on a short line: of a large array its first numbers."""
    if isinstance(value, torch.Tensor) and value.numel() > 8:
        return f"{[round(x, 3) for x in value.flatten()[:4].tolist()]} … in the shape {tuple(value.shape)}"
    if isinstance(value, list) and all(isinstance(x, float) for x in value):
        return str([round(x, 3) for x in value])
    return show_value(value)
