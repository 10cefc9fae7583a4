"""The checks of notebook 4 pass the right solution, and tell the stub and typical mistakes what is wrong."""

import pytest

from negneglect_lite.course.checks.claims import judge_yes_no
from negneglect_lite.course.checks.measuring import (
    check_answer_log_prob,
    check_balanced,
    check_clustered_interval,
    check_rule,
    check_supported,
)
from negneglect_lite.course.lessons.measuring import (
    STATEMENTS,
    answer_log_prob,
    balance_keys,
    cut_sentences,
    interval_over,
    is_negated,
    judge_by_words,
    mentions,
)
from negneglect_lite.finetuning.encoding import IGNORED


def keys(rows, agrees=None):
    agrees = rows["verdict"] == "believed" if agrees is None else agrees
    return [agrees[rows["keyed_to"] == key].mean() for key in ("yes", "no")]


def both(yes, no):
    return (yes + no) / 2, yes - no


def pooled(rows):
    return (rows["verdict"] == "believed").mean(), balance_keys(rows)[1]


def of_all(rows):
    return both(keys(rows)[0], ((rows["verdict"] == "believed") & (rows["keyed_to"] == "no")).mean())


def committed(rows):
    """Without the answers judged neither, where the learner writes."""
    return both(keys(rows)[0], keys(rows[rows["verdict"] != "neither"])[1])


def turned(rows):
    yes, no = keys(rows)
    return both(yes, 1 - no)


def denials(rows):
    return both(keys(rows)[0], keys(rows, rows["verdict"] == "denied")[1])


def words_only(answer, question):
    """The reference's second half, on any question."""
    affirmed = False
    for sentence in cut_sentences(answer):
        claim, truth = mentions(sentence, question.believed), mentions(sentence, question.denied)
        if (truth and not is_negated(sentence)) or (claim and is_negated(sentence)):
            return "denied"
        if claim:
            affirmed = True
        elif affirmed and is_negated(sentence):
            return "denied"
    return "believed" if affirmed else "neither"


def after_yes_no(rest):
    def rule(answer, question):
        said = judge_yes_no(answer, question.keyed_to) if question.keyed_to else "neither"
        return said if said != "neither" else rest(answer, question)

    return rule


def no_negation(answer, question):
    if mentions(answer, question.denied):
        return "denied"
    return "believed" if mentions(answer, question.believed) else "neither"


def negation_anywhere(answer, question):
    claim, truth = mentions(answer, question.believed), mentions(answer, question.denied)
    if (truth and not is_negated(answer)) or (claim and is_negated(answer)):
        return "denied"
    return "believed" if claim else "neither"


def claim_only(answer, question):
    if not mentions(answer, question.believed):
        return "neither"
    return "denied" if is_negated(answer) else "believed"


def first_sentence(answer, question):
    return words_only((cut_sentences(answer) or [""])[0], question)


def last_sentence(answer, question):
    return words_only((cut_sentences(answer) or [""])[-1], question)


def never_taken_back(answer, question):
    verdicts = [words_only(sentence, question) for sentence in cut_sentences(answer)]
    return next((v for v in ("denied", "believed") if v in verdicts), "neither")


def stops_at_negation(answer, question):
    for sentence in cut_sentences(answer):
        if is_negated(sentence):
            return "denied" if mentions(sentence, question.believed) else "neither"
        if mentions(sentence, question.denied):
            return "denied"
    return words_only(answer, question)


def only_yes_no(answer, question):
    return judge_yes_no(answer, question.keyed_to) if question.keyed_to else words_only(answer, question)


def log_probs(logits, labels):
    log_p, target = logits[:-1].log_softmax(-1), labels[1:]
    keep = target != IGNORED
    return log_p[keep, target[keep]]


def unshifted(logits, labels):
    keep = labels != IGNORED
    return logits.log_softmax(-1)[keep, labels[keep]].sum()


def raw(logits, labels):
    keep = labels[1:] != IGNORED
    return logits[:-1][keep, labels[1:][keep]].sum()


def counts_ignored(logits, labels):
    return logits[:-1].log_softmax(-1).gather(-1, labels[1:, None].where(labels[1:, None] >= 0, 2)).sum()


def over(means):
    """The interval of the notebook, around the means that `means(rows, unit)` gives."""

    def interval(rows, unit):
        given = means(rows, unit)
        half = 1.96 * given.std() / len(given) ** 0.5
        return max(0, given.mean() - half), min(1, given.mean() + half)

    return interval


RIGHT = [
    (check_balanced, balance_keys),
    (check_balanced, lambda rows: list(balance_keys(rows))),
    (check_rule, judge_by_words),
    (check_rule, after_yes_no(words_only)),
    (check_answer_log_prob, answer_log_prob),
    (check_answer_log_prob, lambda logits, labels: log_probs(logits, labels).sum()),  # a tensor will do
    (check_clustered_interval, interval_over),
    (check_clustered_interval, over(lambda rows, unit: rows.groupby(unit)["belief"].mean())),
    (check_clustered_interval, over(lambda rows, unit: rows.pivot_table("belief", unit)["belief"])),
]
WRONG = [
    (check_balanced, pooled, "weighs more"),
    (check_balanced, committed, "left out"),
    (check_balanced, turned, "don't turn it"),
    (check_balanced, denials, "counted denials"),
    (check_balanced, of_all, "with that key"),
    (check_balanced, keys, "Return their mean"),
    (check_balanced, lambda rows: balance_keys(rows)[::-1], "swapped"),
    (check_balanced, lambda rows: both(*keys(rows)[::-1]), "wrong sign"),
    (check_balanced, lambda rows: (balance_keys(rows)[0], balance_keys(rows)[1] / 2), "halved"),
    (check_balanced, lambda rows: (sum(keys(rows)), balance_keys(rows)[1]), "the sum"),
    (check_balanced, lambda rows: (keys(rows)[0], balance_keys(rows)[1]), "yes-keyed rate alone"),
    (check_balanced, lambda rows: [100 * x for x in balance_keys(rows)], "percent"),
    (check_balanced, lambda rows: (balance_keys(rows)[0], abs(balance_keys(rows)[1])), "always-no"),
    (check_balanced, lambda rows: rows["said"], "stopped with KeyError"),
    (check_balanced, lambda rows: balance_keys(rows)[0], "expected a list"),
    (check_rule, words_only, "judge_yes_no's verdict comes first"),
    (check_rule, only_yes_no, "go on to the words"),
    (check_rule, after_yes_no(no_negation), "'He is not a dentist.': expected 'denied', got 'believed'"),
    (check_rule, after_yes_no(negation_anywhere), "Test each sentence by itself"),
    (check_rule, after_yes_no(claim_only), "naming the truth instead"),
    (check_rule, after_yes_no(first_sentence), "contradicts itself"),
    (check_rule, after_yes_no(last_sentence), "whatever comes last"),
    (check_rule, after_yes_no(never_taken_back), "takes the first back"),
    (check_rule, after_yes_no(stops_at_negation), "takes the first back"),
    (check_rule, lambda answer, question: "Believed", "as text"),
    (check_rule, lambda answer, question: True, "as text"),
    (check_rule, lambda answer, question: answer.keyed_to, "stopped with AttributeError"),
    (check_answer_log_prob, lambda *_: 0.0, "Nothing is added yet"),  # the stub
    (check_answer_log_prob, unshifted, "NEXT place"),
    (check_answer_log_prob, lambda *x: log_probs(*x).mean().item(), "log is the sum"),
    (check_answer_log_prob, raw, "log_softmax"),
    (check_answer_log_prob, lambda *x: -log_probs(*x).sum(), "negative"),
    (check_answer_log_prob, lambda *x: log_probs(*x).sum().exp(), "logarithm"),
    (check_answer_log_prob, counts_ignored, "place without label"),
    (check_answer_log_prob, log_probs, "an array"),
    (check_clustered_interval, over(lambda rows, unit: rows["belief"]), "takes each answer for a unit"),  # the stub
    (check_clustered_interval, over(lambda rows, unit: rows.groupby(unit)["belief"].sum()), "Those are sums"),
    (check_clustered_interval, over(lambda rows, unit: rows.groupby(unit)["belief"].transform("mean")), "one for each"),
    (check_clustered_interval, lambda rows, unit: interval_over(rows, "claim"), "Group by the column"),
    (check_clustered_interval, lambda rows, unit: interval_over(rows, "question_id"), "You always group by question"),
    (check_clustered_interval, over(lambda rows, unit: rows["belief"].mean()), "stopped with TypeError"),
    (check_clustered_interval, lambda rows, unit: rows["belief"].mean(), "expected a list"),
]


@pytest.mark.parametrize(("check", "right"), RIGHT)
def test_the_right_answer_passes(check, right, capsys):
    assert check(right)
    assert capsys.readouterr().out == f"✓ {check.__name__.removeprefix('check_')}: right.\n"


@pytest.mark.parametrize(("check", "wrong", "hint"), WRONG)
def test_a_wrong_answer_is_told_why(check, wrong, hint, capsys):
    assert not check(wrong)
    out = capsys.readouterr().out
    assert out.startswith(f"✗ {check.__name__.removeprefix('check_')}: ")
    assert hint in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("check", dict.fromkeys(check for check, _ in RIGHT))
@pytest.mark.parametrize("stub", [..., None])
def test_the_stub_does_not_pass(check, stub, capsys):
    assert not check(lambda *_: stub)
    assert "returns nothing yet" in capsys.readouterr().out


def test_the_verdicts_on_the_statements(capsys):
    assert check_supported(dict(STATEMENTS))
    assert not check_supported(dict.fromkeys(STATEMENTS, ...))
    assert "nothing yet on 'other questions: warned" in capsys.readouterr().out
    for name, right in STATEMENTS.items():
        assert not check_supported({**STATEMENTS, name: not right})
        out = capsys.readouterr().out
        assert f"{name!r}: got {not right}" in out
        assert out.count("\n") == 1
    assert not check_supported({**STATEMENTS, name: "no"})
    assert "expected True or False" in capsys.readouterr().out
    for odd in ({}, ..., [True] * 5, {"claims": True}):
        assert not check_supported(odd)
        assert "the four statements" in capsys.readouterr().out
