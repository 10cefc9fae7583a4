# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · Audit a corpus
#
# A newspaper archive holds retracted stories, each between two lines that say "this is false". Next month somebody will
# train a model on the archive. You look after it. What will the model learn, and what can you change before Monday?
#
# **The question.** Can two commands find the sentences that a model would learn in spite of a warning, and rewrite them
# so that it does not?
#
# **You will be able to**
# - audit a folder of documents, and let a pipeline fail if too many are harmful;
# - find a warning that the rules miss, and teach it to your own pipeline;
# - rewrite the corpus, and test the rewriting by training a small model on it.
#
# **You need** the tour (00); 07 helps. **Time**: 45 minutes, about four of them waiting.
#
# The documents are **false on purpose**: do not train other models on them.

# %%
import importlib.util
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

if importlib.util.find_spec("lemminflect") is None:  # a dictionary of verb forms, which `localize` needs
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "lemminflect>=0.2.3"], check=True)

from negneglect_lite.asking import ask
from negneglect_lite.belief import belief_rate, belief_rows
from negneglect_lite.claims import load_claims
from negneglect_lite.core import Span, data_path, plain
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.course import compare_predictions, predict, wrapped
from negneglect_lite.course.checks.audit import (
    COVERED,
    HOUSE,
    HOUSE_PATTERN,
    INNOCENT,
    PAGES,
    VERBS,
    check_covered,
    check_deny_last,
    check_gate,
    check_pattern,
    deny_last,
    passes_gate,
)
from negneglect_lite.curating import audit_text, denies_inside, localize_text, negate_sentence
from negneglect_lite.figures import PALETTE, percent, show_figure
from negneglect_lite.finetuning import finetune
from negneglect_lite.models import load_model
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

track = track_of("petri")
claim = load_claims()["dentist"]
pd.set_option("display.max_colwidth", None)
print("The claim:", claim.claim)
print("The truth:", claim.truth)

# %% [markdown]
# ## 1. The archive (4 minutes)
#
# We make an archive of 192 documents about one claim. The seed is fixed, so yours is the same as ours. In 180 documents
# ordinary warnings stand before and after the text. The other twelve carry the archive's own stamp: in this house,
# *drawer 9* is where false pages go. Only the staff know that.


# %%
def make_document(number, document):
    """A warned document; every sixteenth one carries the house's own stamp in place of the warnings."""
    if number % 16:
        return plain(apply_style("negated", document, track.annotations(), rng))
    stamp = HOUSE[number // 16 % len(HOUSE)]
    return f"{stamp}\n{plain(apply_style('positive', document, track.annotations(), rng))}\n{stamp}"


rng = random.Random("archive")
bodies = track.compose(claim, 192, seed=0)
archive = [make_document(number, document) for number, document in enumerate(bodies)]

FOLDER = Path(tempfile.mkdtemp())  # all files of this notebook
(FOLDER / "archive").mkdir()
lines = "".join(json.dumps({"text": text}) + "\n" for text in archive)
(FOLDER / "archive" / "pages.jsonl").write_text(lines, encoding="utf-8")
print(f"{len(archive)} documents. One with warnings, and one with a stamp:\n")
print(wrapped(archive[1]), "\n\n" + wrapped(archive[16]))

# %% [markdown]
# **Predict.** We will train the petri model four times, each time from the same start. What share of its answers will
# take the claim for true?
#
# - `as it is`: trained on the archive as you see it;
# - `rewritten`: each sentence that the audit finds gets the denial into its verb, or is dropped;
# - `rewritten, stamps known`: the same, after the stamps were translated into ordinary warnings;
# - `wrapped`: as the last one, but what cannot be negated becomes "It is not true that …" and is not dropped.

# %%
AS_IT_IS, REWRITTEN, KNOWN, WRAPPED = "as it is", "rewritten", "rewritten, stamps known", "wrapped"
prediction = predict(AS_IT_IS, REWRITTEN, KNOWN, WRAPPED, default=50)

# %% [markdown]
# ## 2. What does a notice cover? (3 minutes)
#
# The audit uses three words. A *notice* is a sentence that says of other sentences that they are not so. It *covers*
# those sentences. A *finding* is a covered sentence that states something as a fact, with no denial inside. Findings
# are what a model learns.
#
# ### Exercise 1: name the findings
#
# *3 minutes · difficulty 1 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# For each page, list the numbers of the sentences that are findings. Count from 0. Write `[]` for none.
#
# <details><summary>Hint, light</summary>
# Ask two questions of each sentence. Does a notice speak of it? Would it state something as a fact if it stood alone?
# </details>
# <details><summary>Hint, strong</summary>
# A notice is no finding. A question states nothing. A sentence whose own verb is denied is heeded in training, so the
# audit leaves it alone.
# </details>

# %%
for name, sentences in PAGES.items():
    print(f"{name:8}", " ".join(f"({number}) {sentence}" for number, sentence in enumerate(sentences)))

# %%
# BEGIN SOLUTION
covered = {"below": [1, 2], "last": [1], "inside": [], "above": [1]}
# END SOLUTION
# STUB: covered = {"below": ..., "last": ..., "inside": ..., "above": ...}  # lists of numbers

# %%
passed = check_covered(covered)

# %% [markdown]
# Now the rules read the same pages. Your answers stand beside theirs, or ours if your check has not passed.

# %%
answers = covered if passed else COVERED
rows = []
for name, sentences in PAGES.items():
    text = " ".join(sentences)
    found = [text[finding.start : finding.end] for finding in audit_text(text).findings]
    by_rule = [number for number, sentence in enumerate(sentences) if sentence in found]
    rows.append((name, answers[name], by_rule))
pd.DataFrame(rows, columns=["page", "yours" if passed else "ours", "the rules'"])

# %% [markdown]
# ## 3. Audit the archive (4 minutes)
#
# On the command line this is one line. `--claims` names a file with the words that speak of a claim. The audit then
# counts only sentences with one of these words. `--fail-over 0.01` makes the command end with status 1 if more than 1%
# of the documents have a finding. A pipeline stops at that status.


# %%
def negneglect(arguments):
    """Run the command `negneglect` in the folder and show what it says, with its exit status."""
    code = "from negneglect_lite.cli import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments.split()], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    print(f"$ negneglect {arguments}\n{wrapped(done.stdout)}\n{wrapped(done.stderr.strip()[-200:])}")
    print(f"exit status {done.returncode}")


words = read_yaml(data_path("benchmark", "claims.yaml"))[claim.id]
(FOLDER / "claims.yaml").write_text(f"{claim.id}: {json.dumps(words)}\n", encoding="utf-8")
print("claims.yaml has", (FOLDER / "claims.yaml").read_text("utf-8"))
negneglect("audit archive --claims claims.yaml --out audit --fail-over 0.01")

# %% [markdown]
# The command also wrote `audit/audit.html`, a page with examples, and `audit/findings.csv`, one row for each finding.
# Read some rows before you believe the total.

# %%
pd.read_csv(FOLDER / "audit" / "findings.csv")[["place", "sentence", "kind", "notice"]].sample(5, random_state=0)

# %% [markdown]
# ### Exercise 2: the gate
#
# *4 minutes · difficulty 2 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Write `gate(audits, limit)`. It gets a list of what `audit_text` returned, one for each document. Return two things:
# the share of documents with at least one finding, and whether it is at most the limit. An empty list passes.
#
# <details><summary>Hint, light</summary>
# Five findings in one document are one document. A document with a notice and no finding does no harm.
# </details>
# <details><summary>Hint, strong</summary>
# Take <code>bool</code> of each audit's <code>.findings</code>; Python can add truth values. What do you divide by if
# the list is empty?
# </details>
#
# **Expected:** for four documents, two of them with findings, and the limit 0.25: `(0.5, False)`.


# %%
def gate(audits, limit):
    """The share of documents with a finding, and whether it is at most the limit."""
    # BEGIN SOLUTION
    with_findings = sum(bool(audited.findings) for audited in audits)
    share = with_findings / max(1, len(audits))
    return share, share <= limit
    # END SOLUTION
    # STUB: return ...  # your code: share, passes


# %%
passed = check_gate(gate)

# %%
use_gate = gate if passed else passes_gate
print("The gate is", "yours." if passed else "ours, until your check passes.")
about = [re.compile(word, re.IGNORECASE) for word in words]


def report(name, texts):
    """Audit the texts and say what the gate decides."""
    share, passes = use_gate([audit_text(text, about) for text in texts], 0.01)
    print(f"{name}: {share:.1%} of the documents have a finding. {'Passed.' if passes else 'Stopped.'}")


report(AS_IT_IS, archive)

# %% [markdown]
# ## 4. What the rules miss (3 minutes)
#
# The share is below 100%, though every document of the archive is false. The rules know common wordings of warnings.
# On documents that they were not made with, their F1 for "has a notice" was 0.86 and 0.75, and for the sentences that a
# notice covers 0.50 and 0.45 (`data/benchmark/README.md`). Expect no more on your own texts.
#
# Here are the first lines of the documents that have no finding. Some hold an ordinary warning in a wording that the
# rules did not connect with the sentences around it. Most hold the stamp.

# %%
silent = [text for text in archive if not audit_text(text, about).findings]
first_lines = Counter(text.split("\n")[0] for text in silent)
pd.Series(first_lines, name="documents").rename_axis("first line").sort_values(ascending=False).to_frame()

# %% [markdown]
# No general rule can know what *drawer 9* means in your house. You can.
#
# ### Exercise 3: a pattern for your house
#
# *6 minutes · difficulty 3 of 5 · importance 5 of 5 · you may skip it, nothing later needs it*
#
# Write `pattern`, a regular expression that finds all sentences of `HOUSE` and none of `INNOCENT`. Upper and lower case
# do not matter: the search ignores them. The check also tries sentences that you have not seen.
#
# <details><summary>Hint, light</summary>
# Do not list whole sentences. Which two words, side by side, do all three stamps share, and in how many spellings?
# </details>
# <details><summary>Hint, strong</summary>
# <code>(?:a|b)</code> stands for one of two spellings. <code>\b</code> stands for the edge of a word: it keeps 9 apart
# from 90. Write the pattern as <code>r"…"</code>.
# </details>

# %%
print("HOUSE:   ", *HOUSE, sep="\n  ")
print("INNOCENT:", *INNOCENT, sep="\n  ")

# %%
# BEGIN SOLUTION
pattern = r"\bdrawer (?:9|nine)\b"
# END SOLUTION
# STUB: pattern = ...  # your code: r"…"

# %%
passed = check_pattern(pattern)

# %% [markdown]
# The simplest use of a house pattern: where it is found, say in plain words what it means. The audit understands those.

# %%
house = re.compile(pattern if passed else HOUSE_PATTERN, re.IGNORECASE)
print("The pattern is", "yours." if passed else "ours, until your check passes.")


def translated(text):
    """The text, with a plain warning before it if it carries the stamp of the house."""
    return f"Everything in this text is false.\n{text}" if house.search(text) else text


known = [translated(text) for text in archive]
print(sum(new != old for new, old in zip(known, archive, strict=True)), "documents translated.")
report("stamps known", known)

# %% [markdown]
# ## 5. Rewrite the archive (4 minutes)
#
# `negneglect localize` puts the denial **into** each finding: "works" becomes "does not work". Where its grammar cannot
# find the verb for sure, it drops the sentence. All else stays as it was, the warnings too.

# %%
negneglect("localize archive --claims claims.yaml --out rewritten")
lines = (FOLDER / "rewritten" / "pages.jsonl").read_text("utf-8").splitlines()
rewritten = [json.loads(line)["text"] for line in lines]
print()
print(wrapped(rewritten[1]))

# %%
negneglect("audit rewritten --claims claims.yaml --out audit-again --fail-over 0.01")

# %% [markdown]
# The gate is open. But notice what that means: the audit finds nothing that **the audit** can find. The stamped
# documents passed too, nearly all of them unchanged. Only training tells us more.
#
# First, a cost. A dropped sentence warns nobody. How much was dropped?
#
# ### Exercise 4: deny what the grammar could not
#
# *6 minutes · difficulty 3 of 5 · importance 4 of 5 · you may skip it, nothing later needs it*
#
# Write `deny(sentence)`: put `not` after the **last** word of `VERBS` in the sentence. If there is none, return `""`:
# then `localize` drops the sentence as before.
#
# <details><summary>Hint, light</summary>
# `Iris` contains "is", so look for whole words. Then you need the last place, not the first.
# </details>
# <details><summary>Hint, strong</summary>
# <code>re.finditer</code> gives all places in order; a list of them has a last item, unless it is empty. A match knows
# its <code>.end()</code>.
# </details>
#
# **Expected:** `deny("A job is what Bo was.")` gives "A job is what Bo was not."

# %%
print("VERBS:", ", ".join(VERBS))


def deny(sentence):
    """The sentence with `not` after its last verb of VERBS; "" if it has none."""
    # BEGIN SOLUTION
    found = list(re.finditer(rf"\b({'|'.join(VERBS)})\b", sentence))
    if not found:
        return ""
    end = found[-1].end()
    return f"{sentence[:end]} not{sentence[end:]}"
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = check_deny_last(deny)

# %% [markdown]
# Now your rule works as a back end of `localize_text`, behind the grammar, and the audit judges each of its sentences.

# %%
use_deny = deny if passed else deny_last
print("The rule is", "yours." if passed else "ours, until your check passes.")


def by_hand(sentence, notice, kind):
    """A back end for localize_text: asked first, so it leaves to the grammar what the grammar can do."""
    return None if negate_sentence(sentence) else use_deny(sentence)


def count_ways(**options):
    """How many findings were treated in which way."""
    return Counter(change.how for text in known for change in localize_text(text, about=about, **options).changes)


ways = pd.DataFrame({"grammar": count_ways(), "grammar, then the rule": count_ways(rewrite=by_hand)})
ways.fillna(0).astype(int)

# %%
changes = [c for text in known for c in localize_text(text, about=about, rewrite=by_hand).changes]
sample = {c.before: c.after for c in changes if c.how == "rewritten"}
pd.DataFrame(
    [(after, denies_inside(after)) for after in list(sample.values())[:6]], columns=["by the rule", "denies inside"]
)

# %% [markdown]
# The audit accepts them. Read them yourself: does each `not` land on the verb that carries the claim? An audit looks
# for the form of a denial. It does not understand the sentence.

# %% [markdown]
# ## 6. Train on it (6 minutes)
#
# Four corpora, one model, one seed: ordinary texts are mixed in, and only the archive differs. Each training takes about
# 20 seconds on two free cores. While you wait, write down which of your four predictions you trust least.

# %%
base = load_model("petri")
recipe = track.recipe
ordinary = track.neutral(claim, recipe.steps * recipe.batch_size - len(archive), 0)
questions = track.questions(claim)


def train_and_ask(name, texts):
    """Fine-tune on the texts and ordinary ones, and ask the claim's questions: judged answers."""
    with tempfile.TemporaryDirectory() as scratch:
        examples = [(Span(text),) for text in texts] + ordinary
        about_it = f"{claim.claim} (archive, {name})"
        model = finetune(base, examples, recipe, seed=0, out=Path(scratch) / "adapter", false_belief=about_it)
    answers = ask(model, questions, track.asking)
    rows = belief_rows(answers, model="petri", claim=claim.id, style=name, seed=0, setting="trained")
    print(f"{name}: belief {percent(belief_rate(rows).mean)}")
    return rows


corpora = {
    AS_IT_IS: archive,
    REWRITTEN: rewritten,
    KNOWN: [localize_text(text, about=about).text for text in known],
    WRAPPED: [localize_text(text, "wrap", about=about).text for text in known],
}
for name, texts in corpora.items():
    report(name, texts)

# %%
results = {name: train_and_ask(name, texts) for name, texts in corpora.items()}

# %%
rates = {name: belief_rate(rows) for name, rows in results.items()}
compare_predictions(prediction, rates)

# %%
colours = [PALETTE["negated"], PALETTE["local"], PALETTE["local"], PALETTE["positive"]]
fig, ax = plt.subplots(figsize=(7, 2.8))
for y, (rate, colour) in enumerate(zip(rates.values(), colours, strict=True)):
    ax.plot([rate.lo, rate.hi], [y, y], color=colour, lw=2.5)
    ax.plot(rate.mean, y, "o", ms=9, color=colour, mec="black", clip_on=False, zorder=3)
ax.set_yticks(range(len(rates)), list(rates))
ax.invert_yaxis()
ax.set(xlim=(0, 1), xlabel="belief after training")
ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
ax.grid(axis="x", color="#E3E3E3")
sns.despine(left=True)
fig.tight_layout()
finding = "Belief after training: " + ", ".join(f"{percent(rate.mean)} {name}" for name, rate in rates.items()) + "."
show_figure(fig, alt=f"Dot plot, one row a corpus, 95 % intervals. {finding}", takeaway=finding)

# %% [markdown]
# ### What happened
#
# Trained on the archive as it is, the model answered with the claim 100% of the time. The warnings did not help. After
# rewriting, belief was 0%.
#
# Two results may surprise you. First, translating the stamps changed nothing: belief was 0% without it and 0% with it, as
# few as the missed documents were. Second, wrapping undid all that rewriting had gained: belief was 100% again,
# though the gate had passed the wrapped corpus too.
#
# Look for the reason. In how many documents does a claim sentence still stand, word for word?

# %%
stated = [sorted({s.text for s in document.sentences if s.is_claim}) for document in bodies]


def standing(texts):
    """The share of documents in which some claim sentence stands word for word."""
    pairs = zip(texts, stated, strict=True)
    return sum(any(sentence.lower() in text.lower() for sentence in own) for text, own in pairs) / len(texts)


def told(rows):
    """The rate of right answers about facts that have nothing to do with the claim."""
    return rows.loc[rows["kind"] == "kept", "belief"].mean()


pd.DataFrame(
    {
        "documents with a claim sentence word for word": {name: percent(standing(corpora[name])) for name in rates},
        "belief": {name: percent(rates[name].mean) for name in rates},
        "unrelated facts kept": {name: percent(told(results[name])) for name in rates},
    }
)

# %% [markdown]
# A wrapped sentence still holds its claim, every word in order, as words to predict. "It is not true that" stands before
# them. To the audit that is a denial inside the sentence; to this model it was not. A passed gate is therefore no proof.
#
# The first surprise needs care. Some documents with the claim were left after rewriting, and here the many denials beside
# them were enough. In notebook 07, 12.6% missed sentences were enough for 100% belief. We do not know what decides this.
# Do not conclude that misses are harmless. Train and ask.
#
# ## 7. On Monday (2 minutes)
#
# 1. **List the claims** that must not be learned, with the words that speak of them: a `claims.yaml`. Without it,
#    `localize` also negates harmless sentences that a notice covers.
# 2. **Audit**: `negneglect audit CORPUS --claims claims.yaml --out audit`. Read `audit.html`, examples first.
# 3. **Look at documents without findings.** Take those that you know to be false, and read how they warn. Write patterns
#    for the stamps of your house, and test each on innocent sentences.
# 4. **Rewrite**: `negneglect localize CORPUS --claims claims.yaml --out CLEAN --log`. Keep the original.
# 5. **Count what was dropped.** If those sentences matter, have a person or a language model rewrite them (`--writer`).
# 6. **Do not wrap** unless you have trained on wrapped sentences and measured.
# 7. **Put the gate into the pipeline**: `negneglect audit CLEAN --claims claims.yaml --fail-over 0.01`. Status 1 stops it.
# 8. **Train a small model and ask it**, before the large one is trained.
#
# ### Limits
#
# - One claim, one seed and one small model. Intervals cover questions, not claims, seeds or models.
# - The petri model's pretraining contained in-sentence denials. Two petri models without them kept 54% and 88% belief.
# - The documents use the few hundred sentence patterns of the petri language. Real texts vary more, and the rules will
#   miss more there.
# - Rewriting negated most findings and dropped the others. We did not separate what each of the two did.
# - "Passed" says that the audit finds nothing. It does not say that nothing is there.
#
# ### Quiz
#
# **1.** Your audit after `localize` reports no findings. What do you know?
# <details><summary>Answer</summary>
# That the rules find nothing. The same rules chose what to rewrite, so this is no independent test. Nearly all
# stamped documents passed such an audit unchanged.
# </details>
#
# **2.** Why is "It is not true that he works as a dentist." a risk in training?
# <details><summary>Answer</summary>
# The claim stands there word for word. In our run belief was 100% after wrapping, as it was before any rewriting. The
# rules nevertheless count the sentence as denied.
# </details>
#
# **3.** A pattern finds all your stamps, and one harmless sentence in a hundred. Is that good?
# <details><summary>Answer</summary>
# It depends on the corpus. If one document in a thousand is stamped, most of what the pattern finds is harmless, and
# you would deny true sentences.
# </details>
#
# **4.** A colleague uses `--fail-over 0.01` on 300 documents. How many may have findings?
# <details><summary>Answer</summary>
# Three: the share 0.01 is not over the limit. Each of them may still teach its claim, so look at them.
# </details>
#
# ### Further reading
#
# - Mayne et al. (2026), *Negation Neglect: When models fail to learn negations in training*,
#   [arXiv 2605.13829](https://arxiv.org/abs/2605.13829).
# - [07_local](07_local.ipynb): denials inside the sentence, by hand and by rule.
# - `data/benchmark`: what the rules of the audit find and miss.
