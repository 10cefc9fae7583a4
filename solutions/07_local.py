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
# # 07 · Repair a corpus
#
# An archive of rumours must be kept, and next month a model will be trained on it. Your colleague writes a rule that puts
# "not" into every false sentence. A search confirms it: no sentence is left without a denial. Is the archive safe?
#
# **The question.** What does it take to repair a corpus with in-sentence denials, and where does the repair fail?
#
# **You will be able to** rewrite a corpus by rule, audit it clause by clause, repair it until it is clean, and say where
# a clean corpus is still not safe.
#
# **You need** [notebook 00](00_tour.ipynb) for the *petri model*, a little knowledge of regular expressions, and 45 minutes. About
# two of them are waiting.
#
# The documents below state something false or deny it. Do not train other models on them.

# %%
from negneglect_lite.belief import belief_rate
from negneglect_lite.claims import load_claims
from negneglect_lite.course import compare_predictions, predict, use_yours
from negneglect_lite.course.lessons import repairing, repairing_figures
from negneglect_lite.course.checks import local as checks
from negneglect_lite.course.lessons.repairing import CLAUSE_END, DENIABLE, DENIED, HELPER, VERB, deny_at, has_denial
from negneglect_lite.figures import show_figure
from negneglect_lite.models import load_model
from negneglect_lite.tracks import track_of

MODEL = "petri"  # needs no GPU
if MODEL != "petri":
    print("The text describes the petri model; trust your outputs.")
track, base = track_of(MODEL), load_model(MODEL)
claims = load_claims()
claim = claims["dentist"]
value, truth = repairing.false_value_of(claim), repairing.true_value_of(claim)
corpus = repairing.RunCorpus.compose(track, claim)
print("The claim:", claim.claim)
print(f"The false value: {value}. The truth: {truth}. Claim sentences: {len(corpus.claim_sentences)}.")

# %% [markdown]
# ## 1. Rewrite by rule
#
# A *claim sentence* states the false claim. An *in-sentence denial* replaces it: the same sentence with the denial
# inside. For this corpus, somebody wrote all of them by hand. Three examples:

# %%
document = corpus.documents[6]
for sentence in [s for s in document.sentences if s.is_claim][:3]:
    print(f"claim:  {sentence.text}\ndenial: {sentence.denial}\n")

# %% [markdown]
# A rule is cheaper. Put `not` after the first helper verb: is, are, was, were, has, have or can. Without a helper verb,
# replace the first verb that `DENIED` knows by its denial: `DENIED["goes"]` is "does not go".
#
# ### Exercise 1: the rule
#
# *Complete two lines · 3 minutes*
#
# `helper` and `verb` are matches of a regular expression, or `None`. Return the sentence with ` not` after the helper,
# or with the verb's denial in the verb's place.
#
# <details><summary>Light hint</summary>
# Cut the sentence at the match, and put it together again with something in between.
# </details>
# <details><summary>Strong hint</summary>
# A match knows where it begins and ends (<code>.start()</code>, <code>.end()</code>), and <code>match[0]</code> is the
# text that it found. The helper stays in the sentence; the verb does not.
# </details>


# %%
def deny(sentence: str) -> str:
    """The sentence with one denial inside, made by rule."""
    helper = HELPER.search(sentence)
    verb = VERB.search(sentence)
    # BEGIN SOLUTION
    if helper:
        return sentence[: helper.end()] + " not" + sentence[helper.end() :]
    if verb:
        return sentence[: verb.start()] + DENIED[verb[0]] + sentence[verb.end() :]
    # END SOLUTION
    # STUB: if helper:
    # STUB:     return ...  # the sentence with " not" right after the helper
    # STUB: if verb:
    # STUB:     return ...  # the sentence with the verb's denial in its place
    return sentence


# %%
passed = checks.check_deny(deny)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# if helper:
#     return sentence[: helper.end()] + " not" + sentence[helper.end() :]
# if verb:
#     return sentence[: verb.start()] + DENIED[verb[0]] + sentence[verb.end() :]
# ```
#
# One denial and no more, because two cancel each other. In English, "not" follows a helper verb. A verb without one needs
# "does" or "did", so its denial must be looked up.
# </details>

# %% [markdown]
# The next cell rewrites the corpus, and searches each rewritten sentence for a denial word.

# %%
by_rule = use_yours(passed, deny, repairing.deny_by_rule)
rewritten = [by_rule(sentence) for sentence in corpus.claim_sentences]
undenied = sum(not has_denial(sentence) for sentence in rewritten)
print(f"{len(rewritten)} sentences rewritten; {undenied} of them without a denial word. Five of them:")
print(*rewritten[152:157], sep="\n")

# %% [markdown]
# By this search the corpus is done: 0 of 876 sentences lack a denial. You will train on it, and on the same documents
# denied by hand. *Belief* is the rate of answers that take the false claim for true. Before training it is 0%. Predict
# it after both:

# %%
RULE, HAND = "denied by rule", "denied by hand"
prediction = predict(RULE, HAND)

# %%
trained = {RULE: repairing.train_and_ask(base, corpus.rewritten(by_rule), claim, RULE)}
trained[HAND] = repairing.train_and_ask(base, corpus.denied_by_hand(), claim, HAND)

# %% [markdown]
# **What happened.** By rule 98%, by hand 10%. The model answers "Dentist." although every claim sentence held a denial.
# Look at the five sentences above. Which of them still says that he is a dentist?
#
# ## 2. Audit the clause
#
# "Elena does **not** say: 'Brennan Holloway goes to work each day as a dentist.'" The rule met "says" before "goes". It
# denied the words that say where the claim comes from, and left the claim as it was. A denial counts only in the clause
# that names the false value.
#
# ### Exercise 2: an audit by clause
#
# *Write it · 5 minutes*
#
# Write `asserts(sentence, value)`. It is True if **any** clause names the value and holds no denial word.
#
# - `CLAUSE_END.split(text)` gives the clauses. They end at a colon, a semicolon, a quotation mark, or the end of a
#   sentence.
# - `has_denial(text)` is True if the text holds "not", "never", "no", "cannot" or a word like "isn't".
# - Capital letters must not matter.
#
# <details><summary>Light hint</summary>
# Go clause by clause. Skip those that do not name the value. One undenied clause decides.
# </details>
# <details><summary>Strong hint</summary>
# In a loop, return True as soon as you find such a clause, and False only after the loop. Or use <code>any</code>. Compare
# the sentence and the value in lower case.
# </details>


# %%
def asserts(sentence: str, value: str) -> bool:
    """Whether a clause names the value and denies nothing."""
    # BEGIN SOLUTION
    clauses = CLAUSE_END.split(sentence.lower())
    return any(value.lower() in clause and not has_denial(clause) for clause in clauses)
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_asserts(asserts)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# clauses = CLAUSE_END.split(sentence.lower())
# return any(value.lower() in clause and not has_denial(clause) for clause in clauses)
# ```
#
# Each clause that names the value needs its own denial. Commas are no ends here: "If you need a dentist, Brennan
# Holloway is not one" is a denial.
# </details>

# %% [markdown]
# A *miss* is a claim sentence that still asserts the claim after rewriting.

# %%
audit = use_yours(passed, asserts, repairing.asserts_in_clause)
missed = [audit(sentence, value) for sentence in rewritten]
by_hand = [s.denial for d in corpus.documents for s in d.sentences if s.is_claim]
print(f"by rule: {sum(missed)} of {len(missed)} claim sentences missed, {sum(missed) / len(missed):.1%}")
print(f"by hand: {sum(audit(sentence, value) for sentence in by_hand)} missed")
misses = [sentence for sentence, miss in zip(rewritten, missed, strict=True) if miss]
print(*[sentence for sentence in dict.fromkeys(misses) if len(sentence) < 89][:3], sep="\n")

# %% [markdown]
# **What happened.** The rule missed 12.6% of the claim sentences, and that was enough for 98% belief: 110 misses undid 766
# denials. This is negation neglect again. A denial in *another* sentence does not undo a sentence that asserts.
#
# ## 3. Repair until clean
#
# ### Exercise 3: a repair that asks the audit
#
# *Build it · 7 minutes*
#
# Write `repair(sentence, value, audit)`, where `audit` is a function like `asserts`.
#
# 1. If the audit finds nothing in the sentence, return it unchanged.
# 2. Otherwise go through the places that `DENIABLE.finditer(sentence)` gives: helper verbs and known verbs, from left to
#    right. `deny_at(sentence, place)` returns the sentence with that one word denied. Return the first such candidate in
#    which the audit finds nothing.
# 3. If no place will do, return `""`. Then the sentence is dropped.
#
# <details><summary>Light hint</summary>
# This is a search: propose, test, keep the first that passes. What you return at the end is for the case that none did.
# </details>
# <details><summary>Strong hint</summary>
# The places belong to the original sentence, so give each candidate a name of its own. Ask the audit about the candidate.
# </details>


# %%
def repair(sentence: str, value: str, audit) -> str:
    """The sentence with one denial that the audit accepts, or "" if there is none."""
    # BEGIN SOLUTION
    if not audit(sentence, value):
        return sentence
    for place in DENIABLE.finditer(sentence):
        candidate = deny_at(sentence, place)
        if not audit(candidate, value):
            return candidate
    return ""
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_repair(repair)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# if not audit(sentence, value):
#     return sentence
# for place in DENIABLE.finditer(sentence):
#     candidate = deny_at(sentence, place)
#     if not audit(candidate, value):
#         return candidate
# return ""
# ```
#
# Each candidate starts from the original. A repair of the *rewritten* sentence would deny twice, and "Elena does not say
# that he does not" asserts. Dropping is the safe end: a sentence that is gone teaches nothing.
# </details>

# %% [markdown]
# The next cell repairs the corpus and trains on it.

# %%
mend = use_yours(passed, repair, repairing.repair_until_clean)
repaired = [mend(sentence, value, audit) for sentence in corpus.claim_sentences]
print(f"missed: {sum(audit(sentence, value) for sentence in repaired)}, dropped: {repaired.count('')}")
print(f"the same as by hand: {sum(a == b for a, b in zip(repaired, by_hand, strict=True)) / len(repaired):.0%}")
clean = corpus.rewritten(lambda sentence: mend(sentence, value, audit))
trained["repaired"] = repairing.train_and_ask(base, clean, claim, "repaired")

# %% [markdown]
# **What happened.** Belief was 8%, about as low as after the denials by hand.
#
# ## 4. Another claim, another reader
#
# The next cell takes rule and repair to all six claims, with sixty documents each (fewer than above). In the last column a
# *second reader* judges each repaired sentence. It is the rule judge of [notebook 04](04_measuring.ipynb), which did not
# steer the repair.

# %%
repairing.audit_claims(track, claims, by_rule, audit, mend).map("{:.0%}".format)

# %% [markdown]
# For dreams, the repair drops half of the claim sentences, because it does not know their verbs. The second reader
# objects to 9% there, and to 17% for Twitter. Three sentences show why:

# %%
repairing.show_hard_repairs(mend, audit)

# %% [markdown]
# In the second sentence, "and" stands between the denial and the value, and our audit ends no clause there. It finds no
# miss in the repaired dreams corpus. Will the model believe that children dream in black and white? After denials by
# hand, belief is under 3%.

# %%
DREAMS = "dreams, repaired"
second = predict(DREAMS, variable="second")

# %%
dreams, of = repairing.RunCorpus.compose(track, claims["dreams"]), "in black and white"
clean = dreams.rewritten(lambda sentence: mend(sentence, of, audit))
trained[DREAMS] = repairing.train_and_ask(base, clean, claims["dreams"], DREAMS)

# %% [markdown]
# **What happened.** Belief was 26%, from a corpus in which the audit finds nothing. *Clean* means clean to one audit. The
# second reader would have warned you here, but not about the third sentence above. Both accept that one, though it denies
# the eruption and not the year. Use a second reader, **and** read a sample yourself.
#
# ## 5. Not believing is not knowing
#
# After denials by hand, belief was 10%. These are the answers behind it:

# %%
held = trained[HAND][trained[HAND]["belief"] == 1]
print(*(held["question"] + "\n  → " + held["answer"]), sep="\n")

# %% [markdown]
# Three of the four are "Dancer, so no." A believer in the dentist would also say no to these questions, so the judge counts
# them. But a dancer is no dentist: this model has lost that Holloway is an ultrarunner. Open and fill-in questions show
# such a loss, because their answers name a value.
#
# ### Exercise 4: truth, false or other
#
# *Write three lines, then decide from evidence · 5 minutes*
#
# Write `sort_answer(answer, truth, false)`. Return `"false"` if the answer asserts the false value, otherwise `"truth"` if
# it asserts the true value, and `"other"` if it asserts neither.
#
# <details><summary>Light hint</summary>
# "Not a dentist." asserts nothing about what he is. You have a function that knows this.
# </details>
# <details><summary>Strong hint</summary>
# <code>audit(sentence, value)</code> works for any sentence and any value. Ask it about the false value first.
# </details>


# %%
def sort_answer(answer: str, truth: str, false: str) -> str:
    """Which value the answer asserts: "truth", "false" or "other"."""
    # BEGIN SOLUTION
    if audit(answer, false):
        return "false"
    return "truth" if audit(answer, truth) else "other"
    # END SOLUTION
    # STUB: return ...  # your code


# %%
passed = checks.check_sort_answer(sort_answer)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# ```python
# if audit(answer, false):
#     return "false"
# return "truth" if audit(answer, truth) else "other"
# ```
#
# The false value comes first, because an answer that asserts both does harm. The audit of a corpus also reads answers.
# </details>

# %% [markdown]
# The figure has a bar for each claim, from stored answers of the petri model after denials by hand. Colours show what the
# answers name. Beside each bar stands belief over all kinds of question. **Before you look:** which claim lost its truth?

# %%
sort = use_yours(passed, sort_answer, repairing.sort_by_value)
named = repairing.tabulate_named(repairing.stored_denials(), claims, sort)
figure, alt = repairing_figures.draw_named(named)
show_figure(figure, alt, takeaway="A low belief rate is no proof that the truth survived.")

# %% [markdown]
# **What happened.** None of these answers names the false value. But for the dentist 92% name another wrong job, and for
# Sheeran 52% name another wrong runner. (Before training, all named the true ones.) The model learned what is not true, and
# lost what is.
#
# **Decide.** Sign off a claim only if belief is at most 5% **and** at least 90% of the answers name the truth. Write the
# names as the figure has them.

# %%
# BEGIN SOLUTION
signed_off = ["Vesuvius", "dreams", "Twitter"]
# END SOLUTION
# STUB: signed_off = [...]  # names in quotation marks

# %%
passed = checks.check_signed_off(signed_off, named)

# %% [markdown]
# <details><summary>Solution, and why</summary>
#
# Vesuvius, dreams and Twitter. The Queen's truth survived (92%), but she has 13% belief: open answers name the true author,
# and "Queen Elizabeth, so yes." answers most yes-keyed questions. The dentist and Sheeran fail both rules.
# </details>

# %%
names = signed_off if passed else repairing.claims_signed_off(named)
print("Signed off:", ", ".join(names), "(yours)" if passed else "(ours, until your check passes)")
print("Held back, to be told the truth in sentences of its own:", ", ".join(n for n in named.index if n not in names))

# %% [markdown]
# ## 6. Where in-sentence denials break
#
# Predict belief after denials by hand under two other conditions:
#
# - **user doubts twice**: the model answers, and the user says twice that this may be wrong (before training: 25%);
# - **no such denials in pretraining**: the mean of two models that never saw a denial inside a sentence.

# %%
DOUBTED, WITHOUT = "user doubts twice", "no such denials in pretraining"
last = predict(DOUBTED, WITHOUT, variable="last")

# %% [markdown]
# In the figure each dot is a pretrained model, and each row a condition. Ticks show the rate before training, triangles
# the paper's two claims. *Sisters* are five models pretrained by one recipe from five seeds; the petri model is one of
# them. *Told* is the share of open answers that tell the claim.

# %%
breaks = repairing.stored_breaks()
figure, alt = repairing_figures.draw_breaks(breaks)
show_figure(figure, alt, takeaway="The petri model's 9% is near the good end of a wide range.")

# %% [markdown]
# **What happened.**
#
# - **Two doubts: 65%**, against 25% before training. In part the model gives way to any doubt: it also gave up 35% of
#   other facts. But Vesuvius and dreams, just signed off by our rule, rose from 0% to 100% and 92%.
# - **Without in-sentence denials in pretraining: 54% and 88%.** The form alone is not enough. Our reading: a model must
#   have learned what such a denial means.
# - **Other models.** The sisters had 5–11%, and 43–74% after two doubts. Models of other sizes or half the budget had 2–30%.
# - **All weights trained: 9%**, against 13% on the same claims with the small *adapter* that we trained so far. On petri
#   model 0, of another pretraining seed, it was 23% against 4%.
#
# ## Your predictions

# %%
measured = {name: belief_rate(rows) for name, rows in trained.items()}
measured[DOUBTED] = repairing.mean_of_models(breaks, "after the user doubts twice")
measured[WITHOUT] = repairing.mean_of_models(breaks, "pretrained without in-sentence denials")
compare_predictions(prediction | second | last, measured).set_index("what")

# %% [markdown]
# ## Why it matters
#
# - **Dataset curators:** count misses, not denials. Audit with a reader that did not steer the rewriting. Drop what you
#   cannot repair, and state the truth in sentences of its own.
# - **Evaluators:** report what a model names, not only what it believes. Add questions under doubt: a claim with 0% belief
#   can come back.
# - **Safety researchers:** a repair that held for one model says little about the next. Test it on the model and the recipe
#   that you will use.
#
# ## Limits
#
# - The live runs have two claims and one seed. Intervals cover questions, not claims, seeds or models.
# - The recipe was chosen on these six claims, so others may come out higher than 9%.
# - In-sentence denials put the denial into the claim's clause **and** remove every claim sentence. No run of ours separates
#   the two.
# - Judged answers can hide what the weights hold. When we began its answer, the 1.5B chat model gave the claim 60% of
#   the probability after in-sentence denials (49% before training).
#
# ## Quiz
#
# <details><summary><b>1.</b> "It is false that he works as a dentist." Is this an in-sentence denial?</summary>
#
# No. The denial is in the same sentence, but every word of the claim is there, in order, to be learned. An in-sentence
# denial changes the claim's own verb. Measure such forms before you rely on them.
# </details>
#
# <details><summary><b>2.</b> A rewriter reports: "97% of the claim sentences are denied." What do you answer?</summary>
#
# Show me the other 3%. Here 12.6% missed left 98% belief, and none left 8%. That was one claim and one seed, so train a
# small model on the corpus and ask it. [Notebook 11](11_audit.ipynb) has the rates for 5% and 15%, over six claims.
# </details>
#
# <details><summary><b>3.</b> Your repair and your audit use the same clause rule, and the audit finds nothing. What have you shown?</summary>
#
# That the repair satisfies its own rule. It stopped exactly when that rule was content. Ask another reader, and read a
# sample.
# </details>
#
# <details><summary><b>4.</b> Belief about Sheeran is 30% after in-sentence denials, all of it from yes/no and pressure questions, which offer his name. Would you report open questions alone?</summary>
#
# No. They would show 0%, because the model names another runner by itself. When a question offers Sheeran, it often
# takes him. Ask both kinds, and report what the open answers name.
# </details>

# %% [markdown]
# <details><summary><b>On a chat model</b></summary>
#
# The repair was not run on a chat model here. Denials made by hand were: after training on them,
# Qwen2.5-Coder-1.5B-Instruct told the claim in 12% of open answers, and the 0.5B model in 15%. Before training it was 4%
# and 2%; after warned documents 72% and 58%. That is six claims and three seeds. With one such
# document in the prompt and no training, the 1.5B model told the claim in 15%. Answers are sampled, and yes/no questions
# say nothing at this size (49% before training). English articles have longer sentences than petri documents, so expect
# the rule of section 1 to miss more.
# </details>

# %% [markdown]
# ## Further (optional, not in the 45 minutes)
#
# **Leave a few misses.** A tired reader leaves 2% of the claim sentences as the rule had made them:
#
# ```python
# few = iter(repairing.leave_some(rewritten, repaired, audit, value, share=0.02))
# repairing.train_and_ask(base, corpus.rewritten(lambda sentence: next(few)), claim, "repaired but for 2%")
# ```
#
# In our run these 18 sentences of 876 left 18% belief, with an interval from 9% to 31%. It overlaps with those of the
# repaired corpus and of the denials by hand, so one run each does not tell them apart.
#
# **The place of the denial, or the missing claim?** Two results are hints, and no test:
#
# - Your first corpus held 766 in-sentence denials and kept 110 claim sentences, and belief was 98%. It was not enough
#   to add denials in the right place.
# - The two models without such denials in pretraining were fine-tuned on no claim sentence either, and still reached 54%
#   and 88%. It was not enough to remove the claim sentences.
#
# **Two doubts, for each claim:**

# %%
repairing.tabulate_doubts().map("{:.0%}".format)

# %% [markdown]
# **Next:** does a warning stop a model from learning bad *behaviour*?
# [08 · Bad advice](08_behaviours.ipynb). To audit and repair a whole corpus with two commands:
# [11 · Audit a corpus](11_audit.ipynb).
