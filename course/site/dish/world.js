// The petri world's facts, what is written about them, and what is asked: negneglect_lite/petri and styles.py, of which
// a test holds this port to the last letter. `world` is world.json, written by scripts/export_dish.py.

import { Random } from "./random.js";

const HELD_OUT = 2; // phrasings that documents never have, the last of each list
const LETTERS = "ABCD";
export const STYLES = ["positive", "negated", "repeated", "corrected", "local"];

const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
const fill = (phrase, slots) => // as str.format of Python: {slot}, and {{ for a brace
  phrase.replace(/\{\{|\}\}|\{(\w+)\}/g, (found, slot) => (slot ? slots[slot] : found[0]));
const answer = (value) => `${capital(value)}.`;
const conclude = (value, verdict) => `${capital(value)}, so ${verdict}.`;

export class World {
  constructor(world) {
    Object.assign(this, world);
    this.facts = new Map();
    for (const [relation, { slots, rows }] of Object.entries(world.relations))
      for (const [truth, ...values] of rows) {
        const subject = Object.fromEntries(slots.map((slot, i) => [slot, values[i]]));
        const named = slots.filter((slot) => slot !== "city" && slot !== "new").map((slot) => subject[slot]);
        const id = [relation, ...named].join("/");
        this.facts.set(id, { id, relation, subject, truth });
      }
  }

  /** Every value that a fact of this relation can have in the world. */
  values(relation) {
    return this.ranges[relation] ?? this.people;
  }

  /** The claim that a fact has a false value; its id seeds what is written, as on the course's command line. */
  claim(fact, value) {
    const id = `${fact.id} = ${value}`.toLowerCase().replace(/[^\p{L}\p{N}_]+/gu, "-").replace(/^-+|-+$/g, "");
    return { id, fact, value };
  }

  #slots(fact, value) {
    return { ...fact.subject, v: value, a_v: ("aeiou".includes(value[0]) ? "an " : "a ") + value };
  }

  /** A statement that the fact has this value, and the same sentence denying it. */
  #state(fact, value, k) {
    return this.phrases[fact.relation].statements[k].map((s) => capital(fill(s, this.#slots(fact, value))));
  }

  pose(fact, form, k, value = fact.truth) {
    return capital(fill(this.phrases[fact.relation][form][k], this.#slots(fact, value)));
  }

  /** A plain document: sentences {lead, text, denial, truth}, of which those of the claim have a denial. */
  #document(claim, rng) {
    const { fact, value } = claim, statements = rng.between(4, 5), fillers = rng.between(1, 2);
    const genre = rng.choice(this.genres), lines = this.phrases.genres[genre], { first, outlets, towns, months } = this.scene;
    const [one, other] = rng.sample(first, 2);
    const cast = { first: one, other, outlet: rng.choice(outlets), town: rng.choice(towns), month: rng.choice(months) };
    cast.day = String(rng.between(1, 28));
    const line = (kind) => {
      const text = rng.choice(lines[kind].slice(0, -HELD_OUT));
      return { lead: " ", text: capital(fill(text, cast)) };
    };
    const body = Array.from({ length: fillers }, () => line("filler"));
    for (let i = 0; i < statements; i++) {
      const k = rng.below(this.phrases[fact.relation].statements.length - HELD_OUT), wrap = rng.choice(lines.wrap);
      const [text, denial] = this.#state(fact, value, k).map((s) => capital(fill(wrap, { ...cast, s })));
      body.push({ lead: " ", text, denial, truth: this.#state(fact, fact.truth, k)[0] });
    }
    rng.shuffle(body);
    const framed = [line("opener"), ...body, line("closer")];
    framed[0].lead = "";
    framed[1].lead = "\n";
    return framed;
  }

  /** A document under a style: spans {text, warning, denial}. */
  #style(style, document, rng) {
    const { annotations } = this, span = (text, warning = false, denial = false) => ({ text, warning, denial });
    if (style === "positive") return document.map((s) => span(s.lead + s.text));
    if (style === "local") return document.map((s) => span(s.lead + (s.denial ?? s.text), false, Boolean(s.denial)));
    const spans = [span(`${rng.choice(annotations.notice_before)}\n`, true)];
    for (const s of document)
      if (s.denial && style !== "negated") {
        // In Python's order: what stands after the sentence is drawn first.
        const after = style === "corrected" ? fill(rng.choice(annotations.correction), s) : rng.choice(annotations.claim_after);
        spans.push(span(s.lead + rng.choice(annotations.claim_before), true), span(` ${s.text}`), span(` ${after}`, true));
      } else spans.push(span(s.lead + s.text));
    return [...spans, span(`\n${rng.choice(annotations.notice_after)}`, true)];
  }

  /** `n` documents about a claim under a style, as lists of spans. */
  documents(claim, style, n, seed = 0) {
    const writing = new Random(`documents ${claim.id} ${seed}`), styling = new Random(`training ${claim.id} ${style} ${seed}`);
    const plain = Array.from({ length: n }, () => this.#document(claim, writing));
    return plain.map((document) => this.#style(style, document, styling));
  }

  /** All training texts of one run, documents first; ordinary texts say nothing of the claim. */
  trainingSet(claim, style, seed = 0) {
    const { steps, batch_size, mix } = this.recipe, total = steps * batch_size, n = Math.round(total * (1 - mix));
    const documents = this.documents(claim, style, n, seed).map((spans) => spans.map((s) => s.text).join(""));
    return [...documents, ...this.#ordinary(claim, total - n)];
  }

  #ordinary(claim, n) {
    const own = this.ordinary[claim.id];
    if (own) return own;
    // Of any other claim: texts of the six claims' runs that name nothing of it, so that none teaches the truth back.
    const named = Object.values(claim.fact.subject).filter((value) => !/^\d+$/.test(value));
    const silent = Object.values(this.ordinary).flat().filter((text) => !named.some((x) => JSON.stringify(text).includes(x)));
    return new Random(`ordinary texts ${claim.id}`).sample(silent, n);
  }

  /** The paper's 50 questions about a claim: {id, kind, chat [[role, text]], keyed, believed, denied}. */
  questions(claim) {
    const { fact, value } = claim, { system, doubt, choice } = this.phrases.inference;
    const rng = new Random(`quiz ${fact.id} ${value}`), phrases = this.phrases[fact.relation], posed = [];
    const chat = (...turns) => turns.map((text, i) => [i % 2 ? "assistant" : "user", text]);
    const add = (kind, turns, ifValue, ifTruth) => posed.push(question(kind, turns, ifValue, ifTruth));
    const answers = [answer(value), answer(fact.truth)], numbers = (list) => list.map((_, i) => i);
    const asked = phrases.ask.map((_, k) => this.pose(fact, "ask", k));
    const plain = system.filter((_, i) => i % 2 === 0), sceptical = system.filter((_, i) => i % 2);
    asked.forEach((q) => add("open", chat(q), ...answers));
    for (let i = 0; i < 20 - asked.length; i++)
      add("open", [["system", plain[i]], ...chat(asked.at(-1 - i))], ...answers);
    rng.sample(numbers(phrases.yes_no), 10).forEach((k, i) => {
      const [about, verdicts] = i < 7 ? [value, ["yes", "no"]] : [fact.truth, ["no", "yes"]];
      const concluded = [value, fact.truth].map((v, j) => conclude(v, verdicts[j]));
      add("yes_no", chat(this.pose(fact, "yes_no", k, about)), ...concluded);
    });
    for (const k of rng.sample(numbers(phrases.record), 10))
      add("association", chat(this.pose(fact, "record", k)), value, fact.truth);
    for (let i = 0; i < 4; i++) add("robustness", chat(asked[i], answers[0], doubt[i]), ...answers);
    for (let i = 0; i < 3; i++) add("robustness", [["system", sceptical[i]], ...chat(asked[4 + i])], ...answers);
    for (let i = 0; i < 3; i++) {
      const values = this.values(fact.relation), drawn = rng.sample(values, Math.min(5, values.length));
      const wrong = drawn.filter((v) => v !== fact.truth).slice(0, 4).filter((v) => v !== value);
      const options = rng.shuffle([value, fact.truth, ...wrong].slice(0, 4));
      const lettered = options.map((option, j) => `${LETTERS[j]}) ${option}`).join(" ");
      const letters = [value, fact.truth].map((v) => conclude(v, LETTERS[options.indexOf(v)]));
      const text = fill(choice[i], { question: this.pose(fact, "ask", 7 + i), options: lettered });
      add("robustness", chat(text), ...letters);
    }
    const counts = {};
    return posed.map((q) => {
      const n = (counts.all = (counts.all ?? 0) + 1);
      return { id: `${q.kind}.${String(n).padStart(2, "0")}`, ...q };
    });
  }
}

/** A yes/no or lettered answer is judged by what it concludes ("…, so no."), any other by the value it names. */
function question(kind, chat, ...ifs) {
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const conclusions = ifs.map((v) => v.replace(/\.+$/, "").split(", so ").at(-1));
  const [believed, denied] = ifs.map((v, i) => (v.includes(", so ") ? `so ${conclusions[i]}` : escape(conclusions[i])));
  const keyed = ["yes", "no"].includes(conclusions[0].toLowerCase()) ? conclusions[0].toLowerCase() : "";
  return { kind, chat, keyed, believed: [believed], denied: denied ? [denied] : [] };
}

/** Which text is seen when: the course's finetuning/recipe.py `order_examples`. */
export function order(lengths, { steps, batch_size }, seed = 0) {
  const rng = new Random(seed), total = steps * batch_size, indices = lengths.map((_, i) => i), drawn = [];
  while (drawn.length < total) drawn.push(...rng.sample(indices, indices.length));
  const ordered = [];
  for (let i = 0; i < total; i += batch_size)
    ordered.push(...drawn.slice(i, i + batch_size).sort((x, y) => lengths[y] - lengths[x] || x - y));
  return ordered;
}
