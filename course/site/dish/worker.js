// The model, off the page's own thread: it answers, trains and looks ahead while the page stays alive. One call at a
// time; `control` (pause, go on, stop) and nothing else reaches a training that runs.

import { complete, mostProbable } from "./answering.js";
import { Model } from "./model.js";
import { Tokenizer } from "./tokenizer.js";
import { Training } from "./training.js";
import { World, order } from "./world.js";

const EVERY = 3; // steps after which questions are asked and the adapter is kept
let model, tokenizer, world, first, worn;
let control = "run"; // "run" | "pause" | "stop"
const minds = new Map([["base", null]]); // name -> adapter

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Let messages in, and wait while the training is paused. Throws when it is stopped. */
async function breathe() {
  do await pause(control === "pause" ? 100 : 0); while (control === "pause");
  if (control === "stop") throw new Error("stopped");
}

function wear(name) {
  if (worn === name) return;
  if (!minds.has(name)) throw new Error(`no model of the name ${name} is here`);
  model.wear(minds.get(name));
  worn = name;
}

/** Arrays [rank, n] in the model's order of matrices; `read(n)` gives the next one. */
const byMatrix = (read) => Object.fromEntries(model.matrices.map((w) => [w.key, read(w)]));

const calls = {
  load({ meta, bytes, matrices, words, facts }) {
    model = new Model(meta, bytes);
    tokenizer = new Tokenizer(words);
    world = new World(facts);
    let at = 0;
    first = byMatrix(({ into }) => {
      const size = model.rank * into;
      at += 4 * size;
      return new Float32Array(matrices, at - 4 * size, size);
    });
    worn = "base";
    return { megabytes: Math.round(model.f.byteLength / 2 ** 20) };
  },

  /** Take in a shipped adapter: for each matrix, A and then B turned, 16 scales and 8-bit numbers. */
  keep({ name, packed }) {
    let at = 0;
    const rows = (n) => {
      const scales = new Float32Array(packed.slice(at, (at += 4 * model.rank)));
      const numbers = new Int8Array(packed, at, model.rank * n);
      at += model.rank * n;
      return (r, i) => numbers[r * n + i] * scales[r];
    };
    minds.set(name, byMatrix(({ out, into }) => {
      const a = new Float32Array(model.rank * into), b = new Float32Array(model.rank * out);
      const left = rows(into), right = rows(out);
      for (let r = 0; r < model.rank; r++) {
        for (let i = 0; i < into; i++) a[r * into + i] = left(r, i);
        for (let o = 0; o < out; o++) b[o * model.rank + r] = right(r, o);
      }
      return { a, b };
    }));
  },

  answer({ name, chat }) {
    wear(name);
    return tokenizer.decode(complete(model, tokenizer.prompt(chat))).trim();
  },

  /** The five most probable first tokens of an answer: [[text, probability]]. */
  ahead({ name, chat }) {
    wear(name);
    const prompt = tokenizer.prompt(chat);
    model.forward(prompt);
    const next = model.next(prompt.length - 1);
    return mostProbable(next, 5).map((id) => [id === 5 ? "(end)" : tokenizer.decode([id]) || "(special)", next[id]]);
  },

  /** Fine-tune on a claim's texts under a style; each step is told, with the answers to `asked` after every third. */
  async train({ name, claim, style, asked, tell }) {
    control = "run";
    const rows = world.trainingSet(claim, style).map((text) => tokenizer.row(text));
    const ordered = order(rows.map(([ids]) => ids.length), world.recipe).map((i) => rows[i]);
    for (const kept of [...minds.keys()]) if (kept.includes("@") && !kept.startsWith(`${name}@`)) minds.delete(kept);
    worn = name;
    const training = new Training(model, world.recipe, ordered, first);
    const says = () => asked.map((chat) => tokenizer.decode(complete(model, tokenizer.prompt(chat))).trim());
    tell({ step: 0, answers: says() });
    try {
      while (!training.done) {
        const since = performance.now(), loss = await training.advance(breathe), look = training.step % EVERY === 0;
        if (look) minds.set(`${name}@${training.step}`, copy(training.adapter));
        const answers = look ? says() : undefined;
        tell({ step: training.step, loss, answers, seconds: (performance.now() - since) / 1000 });
      }
    } catch (error) {
      worn = "";
      model.takeGradients();
      if (error.message !== "stopped") throw error;
      return { stopped: true };
    }
    minds.set(name, training.adapter);
    return { stopped: false };
  },
};

const copy = (adapter) =>
  Object.fromEntries(Object.entries(adapter).map(([key, { a, b }]) => [key, { a: a.slice(), b: b.slice() }]));

let last = Promise.resolve();
self.onmessage = ({ data: { id, call, given } }) => {
  if (call === "control") {
    control = given;
    return;
  }
  const tell = (event) => self.postMessage({ id, event });
  last = last
    .then(() => calls[call]({ ...given, tell }))
    .then((result) => self.postMessage({ id, result }), (error) => self.postMessage({ id, error: String(error?.message ?? error) }));
};
