// The petri dish: the model in its worker, the world, and what has been trained here. The panels call nothing else.

import { read, readJson, has, startWorker } from "./files.js";
import { judge } from "./judge.js";
import { World } from "./world.js";

const SIZES = { "base.bin": 4.76, "first.bin": 0.88, "world.json": 0.52, "tokenizer.json": 0.07, "base.json": 0.01 }; // MB

export class Dish {
  #worker = startWorker();
  #waiting = new Map(); // id -> {resolve, reject, tell}
  #calls = 0;
  #kept = new Set(["base"]);
  trained = new Map(); // name -> {losses, answers} of runs made here
  latest = ""; // the name of the last run, whose steps can be looked into
  running = null; // its losses and answers so far

  constructor() {
    this.#worker.onmessage = ({ data: { id, event, result, error } }) => {
      const { resolve, reject, tell } = this.#waiting.get(id);
      if (event) return tell(event);
      this.#waiting.delete(id);
      if (error) reject(new Error(explain(error)));
      else resolve(result);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.#waiting.values()) reject(new Error(explain(event.message ?? "the worker failed")));
      this.#waiting.clear();
    };
  }

  #call(call, given, tell = () => {}) {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, tell });
      this.#worker.postMessage({ id, call, given });
    });
  }

  /** Load what is needed to talk and to train; `told(share)` hears how much is here. */
  async load(told) {
    if (typeof WebAssembly !== "object") throw new Error(explain("WebAssembly is missing"));
    const total = Object.values(SIZES).reduce((a, b) => a + b) * 1e6;
    let come = 0;
    const count = (bytes) => told(Math.min(1, (come += bytes) / total));
    const [meta, bytes, matrices, words, facts, losses] = await Promise.all([
      readJson("base.json", count), read("base.bin", count), read("first.bin", count),
      readJson("tokenizer.json", count), readJson("world.json", count), readJson("trained/losses.json"),
    ]);
    this.courseLosses = losses;
    this.world = new World(facts);
    return await this.#call("load", { meta, bytes, matrices, words, facts });
  }

  /** The name under which a claim's model of a style goes. */
  name = (claim, style) => `${claim.id}-${style}`;

  /** Whether there is a trained model of this claim and style: made here, or shipped. */
  knows(claim, style) {
    const name = this.name(claim, style);
    return this.trained.has(name) || (name in this.courseLosses && has(`trained/${name}.bin`));
  }

  /** Make sure that the worker has the model of this name. */
  async #fetch(name) {
    if (this.#kept.has(name) || name.includes("@")) return;
    await this.#call("keep", { name, packed: await read(`trained/${name}.bin`) });
    this.#kept.add(name);
  }

  async answer(name, chat) {
    await this.#fetch(name);
    return await this.#call("answer", { name, chat });
  }

  async ahead(name, chat) {
    await this.#fetch(name);
    return await this.#call("ahead", { name, chat });
  }

  /** Ask all questions of a model; `told` hears each answer with its verdict. Resolves to all of them. */
  async examine(name, questions, told = () => {}) {
    const answers = [];
    for (const question of questions) {
      const text = await this.answer(name, question.chat), verdict = judge(question, text);
      answers.push({ question, text, verdict });
      told(answers);
    }
    return answers;
  }

  /** Train on a claim's texts; resolves to false if it was stopped. */
  async train(claim, style, asked, told) {
    const name = (this.latest = this.name(claim, style)), run = (this.running = { losses: [], answers: [] });
    const { stopped } = await this.#call("train", { name, claim, style, asked }, (event) => {
      if (event.loss !== undefined) run.losses.push(event.loss);
      if (event.answers) run.answers.push([event.step, event.answers]);
      told(event, run);
    });
    if (stopped) return false;
    this.#kept.add(name);
    this.trained.set(name, run);
    return true;
  }

  /** "pause", "run" or "stop" the training that runs. */
  control(what) {
    this.#worker.postMessage({ call: "control", given: what });
  }
}

export const rate = (answers) => answers.filter((a) => a.verdict === "believed").length / answers.length;

function explain(error) {
  const long = /of (\d+) tokens; at most (\d+)/.exec(error);
  if (long) return `That makes a text of ${long[1]} tokens, and ${long[2]} are the most that fit. Use fewer words.`;
  if (/memory|RangeError/i.test(error))
    return "This tab got too little memory: about 150 MB are needed. Close other tabs, then reload the page.";
  if (/WebAssembly|CompileError|wasm/i.test(error))
    return "This browser cannot run the model: it has no WebAssembly with vector instructions, or it is switched off. " +
      "Chrome and Edge 91, Firefox 89, Safari 16.4 and later ones have it.";
  return `The model failed: ${error}. Reload the page.`;
}
