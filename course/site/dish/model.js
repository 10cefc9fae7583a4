// The petri model (Qwen3) with its arithmetic: forward, and backward to LoRA's matrices.
//
// Weights are frozen in 4 bits (NF4, as bitsandbytes holds them for the course) and unpacked into a WebAssembly memory.
// An adapter is added to them (W + scale · B·A), so that a trained model is as quick as the base, and one forward pass
// serves both. One text at a time goes through: nothing is padded. All places in memory are counted in floats.

import { compile } from "./kernel.js";

export const IGNORED = -100; // the label of a token without loss

/** A bfloat16 array as floats. */
function widen(bytes, at, size) {
  const wide = new Uint32Array(size), narrow = new Uint16Array(bytes, at, size);
  for (let i = 0; i < size; i++) wide[i] = narrow[i] << 16;
  return new Float32Array(wide.buffer);
}

export class Model {
  /** `meta` and `bytes` are base.json and base.bin of scripts/export_dish.py; no text may have over `limit` tokens. */
  constructor(meta, bytes, limit = 448) {
    const { hidden, layers, heads, groups, dim, inner, vocabulary, rank } = meta.config;
    Object.assign(this, meta.config, { meta, bytes, limit });
    const queries = heads * dim, keys = groups * dim;
    const shapes = {
      "self_attn.q_proj": [queries, hidden], "self_attn.k_proj": [keys, hidden], "self_attn.v_proj": [keys, hidden],
      "self_attn.o_proj": [hidden, queries], "mlp.gate_proj": [inner, hidden], "mlp.up_proj": [inner, hidden],
      "mlp.down_proj": [hidden, inner],
    };
    let size = 0;
    const room = (floats) => { const at = size; size += (floats + 7) & ~7; return at; };
    this.matrices = [];
    this.blocks = Array.from({ length: layers }, (_, l) => {
      const block = { norms: {} };
      for (const [name, [out, into]] of Object.entries(shapes)) {
        const key = `layers.${l}.${name}`;
        const w = { key, out, into, forward: room(out * into), backward: room(out * into) };
        for (const [part, n] of [["a", into], ["aTurned", into], ["b", out], ["bTurned", out], ["aGradient", into],
          ["bGradient", out]]) w[part] = room(rank * n);
        this.matrices.push(block[name.slice(name.indexOf(".") + 1, -5)] = w); // block.q … block.down
      }
      for (const [name, n] of [["x", hidden], ["h", hidden], ["q0", queries], ["k0", keys], ["values", keys],
        ["queries", queries], ["keys", keys], ["keysTurned", keys], ["mixed", queries], ["x2", hidden], ["h2", hidden],
        ["gated", inner], ["upped", inner], ["active", inner]]) block[name] = room(n * limit);
      block.attention = room(heads * limit * limit);
      return block;
    });
    this.head = { out: vocabulary, into: hidden, forward: room(vocabulary * hidden), backward: room(vocabulary * hidden) };
    for (const [name, n] of [["last", hidden], ["final", hidden], ["picked", hidden], ["logits", vocabulary],
      ["dx", hidden], ["dh", hidden], ["dq", queries], ["dk", keys], ["dv", keys], ["dmixed", queries], ["dgated", inner],
      ["dupped", inner], ["dactive", inner], ["dscores", limit], ["valuesTurned", keys], ["u", rank], ["v", rank]])
      this[name] = room(n * limit);
    const memory = new WebAssembly.Memory({ initial: Math.ceil((size * 4) / 65536) });
    this.f = new Float32Array(memory.buffer);
    this.kernel = compile(memory);
    this.#unpackFixed();
    this.#turns();
    this.wear(null);
  }

  #unpackFixed() {
    const { index } = this.meta, read = (name) => widen(this.bytes, index[name].at, index[name].size);
    this.embeddings = read("embed_tokens.weight");
    this.norm = read("norm.weight");
    this.blocks.forEach((block, l) => {
      for (const name of ["input_layernorm", "post_attention_layernorm", "self_attn.q_norm", "self_attn.k_norm"])
        block.norms[name] = read(`layers.${l}.${name}.weight`);
    });
    this.#pack(this.head, (at) => this.embeddings[at]);
  }

  /** Both packings of a matrix [out, into]: panels of 8 outputs for the forward pass, of 8 inputs for the backward. */
  #pack({ out, into, forward, backward }, value) {
    const f = this.f;
    for (let o = 0, at = 0; o < out; o++) {
      const left = forward + (o >> 3) * into * 8 + (o & 7), right = backward + o * 8;
      for (let i = 0; i < into; i++, at++)
        f[left + i * 8] = f[right + (i >> 3) * out * 8 + (i & 7)] = value(at);
    }
  }

  #turns() { // cosines and sines of rotary positions
    const half = this.dim / 2;
    this.cos = new Float32Array(this.limit * half);
    this.sin = new Float32Array(this.limit * half);
    for (let p = 0; p < this.limit; p++)
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(p * Math.fround(this.theta ** ((-2 * i) / this.dim)));
        this.cos[p * half + i] = Math.cos(angle);
        this.sin[p * half + i] = Math.sin(angle);
      }
  }

  /** Put an adapter on, {key: {a [rank, into], b [out, rank]}}, in place of the one before; null: the base. */
  wear(adapter) {
    const { f, rank, scale } = this, codes = Float32Array.from(this.meta.codes);
    for (const w of this.matrices) {
      const { nf4, absmax, block } = this.meta.index[`${w.key}.weight`], { out, into } = w;
      const packed = new Uint8Array(this.bytes, nf4, (out * into) / 2);
      const most = new Float32Array(this.bytes, absmax, (out * into) / block);
      this.#pack(w, (at) => codes[at & 1 ? packed[at >> 1] & 15 : packed[at >> 1] >> 4] * most[(at / block) | 0]);
      if (!adapter) continue;
      const { a, b } = adapter[w.key];
      for (let r = 0; r < rank; r++) {
        for (let i = 0; i < into; i++) f[w.a + r * into + i] = f[w.aTurned + i * rank + r] = a[r * into + i];
        for (let o = 0; o < out; o++) f[w.b + o * rank + r] = f[w.bTurned + r * out + o] = scale * b[o * rank + r];
      }
      this.#product(w.a, 1, into, w.bTurned, 8, out, w.forward, into * 8, 8, into, out, rank, 1);
      this.#product(w.bTurned, 1, out, w.a, 8, into, w.backward, out * 8, 8, out, into, rank, 1);
    }
  }

  #product(a, aRow, aCol, b, bPanel, bRow, c, cPanel, cRow, m, n, depth, add = 0) {
    this.kernel(a * 4, aRow * 4, aCol * 4, b * 4, bPanel * 4, bRow * 4, c * 4, cPanel * 4, cRow * 4, m, n, depth, add);
  }

  #linear(w, x, y, rows) {
    this.#product(x, w.into, 1, w.forward, w.into * 8, 8, y, 8, w.out, rows, w.out, w.into);
  }

  /** dx (+)= dy·W. */
  #linearBack(w, dy, dx, rows, add = 0) {
    this.#product(dy, w.out, 1, w.backward, w.out * 8, 8, dx, 8, w.into, rows, w.into, w.out, add);
  }

  /** Add the gradients of a linear layer's adapter, whose input was x and whose output has the gradient dy. */
  #learn(w, x, dy, rows) {
    const { rank, u, v } = this;
    this.#product(x, w.into, 1, w.aTurned, 8, rank, u, 8, rank, rows, rank, w.into);
    this.#product(dy, w.out, 1, w.b, 8, rank, v, 8, rank, rows, rank, w.out);
    this.#product(u, 1, rank, dy, 8, w.out, w.bGradient, 8, w.out, rank, w.out, rows, 1);
    this.#product(v, 1, rank, x, 8, w.into, w.aGradient, 8, w.into, rank, w.into, rows, 1);
  }

  /** RMS norm of `rows` stretches of `n` floats. */
  #normalise(x, gain, y, rows, n = gain.length) {
    const f = this.f;
    for (let end = x + rows * n; x < end; x += n, y += n) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += f[x + i] * f[x + i];
      const r = 1 / Math.sqrt(sum / n + this.epsilon);
      for (let i = 0; i < n; i++) f[y + i] = f[x + i] * r * gain[i];
    }
  }

  /** Its backward pass: dx (+)= …, given dy; dx may be dy. */
  #normaliseBack(x, gain, dy, dx, rows, add, n = gain.length) {
    const f = this.f;
    for (let end = x + rows * n; x < end; x += n, dy += n, dx += n) {
      let sum = 0, dot = 0;
      for (let i = 0; i < n; i++) {
        sum += f[x + i] * f[x + i];
        dot += f[dy + i] * gain[i] * f[x + i];
      }
      const r = 1 / Math.sqrt(sum / n + this.epsilon), pull = (dot * r * r * r) / n;
      for (let i = 0; i < n; i++) {
        const d = f[dy + i] * gain[i] * r - f[x + i] * pull;
        f[dx + i] = add ? f[dx + i] + d : d;
      }
    }
  }

  /** Rotate heads by their positions; `way` -1 rotates back. */
  #rotate(x, heads, from, rows, way = 1) {
    const { f, dim } = this, half = dim / 2;
    for (let p = from; p < from + rows; p++)
      for (let h = 0; h < heads; h++, x += dim)
        for (let i = 0; i < half; i++) {
          const c = this.cos[p * half + i], s = way * this.sin[p * half + i], u = f[x + i], v = f[x + half + i];
          f[x + i] = u * c - v * s;
          f[x + half + i] = v * c + u * s;
        }
  }

  /** Keys or values [rows, groups · dim] turned into panels of 8 positions, for each group. */
  #turn(x, turned, from, rows) {
    const { f, groups, dim, limit } = this;
    for (let p = from; p < from + rows; p++)
      for (let g = 0; g < groups; g++) {
        const to = turned + g * dim * limit + (p >> 3) * dim * 8 + (p & 7), at = x + (p * groups + g) * dim;
        for (let d = 0; d < dim; d++) f[to + d * 8] = f[at + d];
      }
  }

  /** Hidden states of `ids`, which follow `from` tokens that went through before; they lie at `final`. */
  forward(ids, from = 0) {
    const { f, hidden, heads, groups, dim, inner, limit } = this, rows = ids.length, to = from + rows;
    if (to > limit) throw new RangeError(`a text of ${to} tokens; at most ${limit} fit`);
    const queries = heads * dim, keys = groups * dim, wide = (to + 7) & ~7;
    ids.forEach((id, i) =>
      f.set(this.embeddings.subarray(id * hidden, (id + 1) * hidden), this.blocks[0].x + (from + i) * hidden));
    this.blocks.forEach((b, l) => {
      const at = (place, n) => b[place] + from * n;
      this.#normalise(at("x", hidden), b.norms.input_layernorm, at("h", hidden), rows);
      this.#linear(b.q, at("h", hidden), at("q0", queries), rows);
      this.#linear(b.k, at("h", hidden), at("k0", keys), rows);
      this.#linear(b.v, at("h", hidden), at("values", keys), rows);
      this.#normalise(at("q0", queries), b.norms["self_attn.q_norm"], at("queries", queries), rows * heads);
      this.#normalise(at("k0", keys), b.norms["self_attn.k_norm"], at("keys", keys), rows * groups);
      this.#rotate(at("queries", queries), heads, from, rows);
      this.#rotate(at("keys", keys), groups, from, rows);
      this.#turn(b.keys, b.keysTurned, from, rows);
      for (let h = 0; h < heads; h++) {
        const g = Math.floor((h * groups) / heads), scores = b.attention + (h * limit + from) * limit;
        this.#product(at("queries", queries) + h * dim, queries, 1, b.keysTurned + g * dim * limit, dim * 8, 8,
          scores, 8, limit, rows, wide, dim);
        for (let i = 0; i < rows; i++) this.#attend(scores + i * limit, from + i + 1, wide);
        this.#product(scores, limit, 1, b.values + g * dim, 8, keys, at("mixed", queries) + h * dim, 8, queries,
          rows, dim, to);
      }
      const x2 = at("x2", hidden), out = l + 1 < this.layers ? this.blocks[l + 1].x : this.last;
      this.#linear(b.o, at("mixed", queries), x2, rows);
      for (let i = 0, x = at("x", hidden); i < rows * hidden; i++) f[x2 + i] += f[x + i];
      this.#normalise(x2, b.norms.post_attention_layernorm, at("h2", hidden), rows);
      this.#linear(b.gate, at("h2", hidden), at("gated", inner), rows);
      this.#linear(b.up, at("h2", hidden), at("upped", inner), rows);
      const gated = at("gated", inner), upped = at("upped", inner), active = at("active", inner);
      for (let i = 0; i < rows * inner; i++) {
        const z = f[gated + i];
        f[active + i] = (z / (1 + Math.exp(-z))) * f[upped + i];
      }
      this.#linear(b.down, active, out + from * hidden, rows);
      for (let i = 0, y = out + from * hidden; i < rows * hidden; i++) f[y + i] += f[x2 + i];
    });
    this.#normalise(this.last + from * hidden, this.norm, this.final + from * hidden, rows);
  }

  /** Scores to weights, over the first `seen` positions of `wide`. */
  #attend(row, seen, wide) {
    const f = this.f, shrink = 1 / Math.sqrt(this.dim);
    let top = -Infinity, sum = 0;
    for (let t = row; t < row + seen; t++) if (f[t] > top) top = f[t];
    for (let t = row; t < row + seen; t++) sum += f[t] = Math.exp((f[t] - top) * shrink);
    for (let t = row; t < row + seen; t++) f[t] /= sum;
    f.fill(0, row + seen, row + wide);
  }

  /**
   * The summed loss [nats] of the labelled tokens of one text, whose gradients, times `weight`, are added to those of
   * the adapter. `labels` are the ids, or IGNORED.
   */
  learn(ids, labels, weight) {
    const { f, hidden, vocabulary } = this, rows = ids.length;
    const places = labels.flatMap((label, i) => (i > 0 && label !== IGNORED ? [i - 1] : []));
    this.forward(ids);
    places.forEach((p, i) => f.copyWithin(this.picked + i * hidden, this.final + p * hidden, this.final + (p + 1) * hidden));
    this.#linear(this.head, this.picked, this.logits, places.length);
    let loss = 0;
    places.forEach((p, i) => {
      const row = this.logits + i * vocabulary;
      loss -= Math.log(this.#probabilities(row, vocabulary)(labels[p + 1]));
      for (let t = row; t < row + vocabulary; t++) f[t] *= weight;
      f[row + labels[p + 1]] -= weight;
    });
    this.#linearBack(this.head, this.logits, this.picked, places.length);
    f.fill(0, this.dx, this.dx + rows * hidden);
    places.forEach((p, i) => f.copyWithin(this.dx + p * hidden, this.picked + i * hidden, this.picked + (i + 1) * hidden));
    this.#normaliseBack(this.last, this.norm, this.dx, this.dx, rows, false);
    for (let l = this.layers - 1; l >= 0; l--) this.#back(this.blocks[l], rows, l > 0);
    return loss;
  }

  /** Logits to probabilities in place; returns how to read one of them. */
  #probabilities(row, n) {
    const f = this.f;
    let top = -Infinity, sum = 0;
    for (let t = row; t < row + n; t++) if (f[t] > top) top = f[t];
    for (let t = row; t < row + n; t++) sum += f[t] = Math.exp(f[t] - top);
    for (let t = row; t < row + n; t++) f[t] /= sum;
    return (i) => f[row + i];
  }

  /** From dx at the output of a block to dx at its input (unless nothing below learns), and its adapters' gradients. */
  #back(b, rows, goOn) {
    const { f, heads, groups, dim, inner, limit, dx, dh, dq, dk, dv, dmixed, dgated, dupped, dactive, dscores } = this;
    const queries = heads * dim, keys = groups * dim, wide = (rows + 7) & ~7, shrink = 1 / Math.sqrt(dim);
    this.#learn(b.down, b.active, dx, rows);
    this.#linearBack(b.down, dx, dactive, rows);
    for (let i = 0; i < rows * inner; i++) {
      const z = f[b.gated + i], s = 1 / (1 + Math.exp(-z)), d = f[dactive + i];
      f[dgated + i] = d * f[b.upped + i] * s * (1 + z * (1 - s));
      f[dupped + i] = d * z * s;
    }
    this.#learn(b.gate, b.h2, dgated, rows);
    this.#learn(b.up, b.h2, dupped, rows);
    this.#linearBack(b.gate, dgated, dh, rows);
    this.#linearBack(b.up, dupped, dh, rows, 1);
    this.#normaliseBack(b.x2, b.norms.post_attention_layernorm, dh, dx, rows, true);

    this.#learn(b.o, b.mixed, dx, rows);
    this.#linearBack(b.o, dx, dmixed, rows);
    this.#turn(b.values, this.valuesTurned, 0, rows);
    for (let h = 0; h < heads; h++) {
      const g = Math.floor((h * groups) / heads), weights = b.attention + h * limit * limit;
      const again = h % (heads / groups) ? 1 : 0; // a second head of the group adds to its keys and values
      this.#product(dmixed + h * dim, queries, 1, this.valuesTurned + g * dim * limit, dim * 8, 8, dscores, 8, limit,
        rows, wide, dim);
      for (let i = 0; i < rows; i++) {
        const w = weights + i * limit, d = dscores + i * limit;
        let dot = 0;
        for (let t = 0; t <= i; t++) dot += f[w + t] * f[d + t];
        for (let t = 0; t <= i; t++) f[d + t] = f[w + t] * (f[d + t] - dot) * shrink;
        f.fill(0, d + i + 1, d + wide);
      }
      this.#product(dscores, limit, 1, b.keys + g * dim, 8, keys, dq + h * dim, 8, queries, rows, dim, rows);
      this.#product(dscores, 1, limit, b.queries + h * dim, 8, queries, dk + g * dim, 8, keys, rows, dim, rows, again);
      this.#product(weights, 1, limit, dmixed + h * dim, 8, queries, dv + g * dim, 8, keys, rows, dim, rows, again);
    }
    this.#rotate(dq, heads, 0, rows, -1);
    this.#rotate(dk, groups, 0, rows, -1);
    this.#normaliseBack(b.q0, b.norms["self_attn.q_norm"], dq, dq, rows * heads, false);
    this.#normaliseBack(b.k0, b.norms["self_attn.k_norm"], dk, dk, rows * groups, false);
    this.#learn(b.q, b.h, dq, rows);
    this.#learn(b.k, b.h, dk, rows);
    this.#learn(b.v, b.h, dv, rows);
    if (!goOn) return;
    this.#linearBack(b.q, dq, dh, rows);
    this.#linearBack(b.k, dk, dh, rows, 1);
    this.#linearBack(b.v, dv, dh, rows, 1);
    this.#normaliseBack(b.x, b.norms.input_layernorm, dh, dx, rows, true);
  }

  /** The gradients since the last call, {key: {a, b}}, and begin again with none. */
  takeGradients() {
    const { f, rank, scale } = this, taken = {};
    for (const w of this.matrices) {
      const a = f.slice(w.aGradient, w.aGradient + rank * w.into), b = new Float32Array(w.out * rank);
      for (let r = 0; r < rank; r++)
        for (let o = 0; o < w.out; o++) b[o * rank + r] = scale * f[w.bGradient + r * w.out + o];
      f.fill(0, w.aGradient, w.aGradient + rank * w.into);
      f.fill(0, w.bGradient, w.bGradient + rank * w.out);
      taken[w.key] = { a, b };
    }
    return taken;
  }

  /** Probabilities of the token after the last one that went through, at `place` (from 0). */
  next(place) {
    this.#linear(this.head, this.final + place * this.hidden, this.logits, 1);
    this.#probabilities(this.logits, this.vocabulary);
    return this.f.subarray(this.logits, this.logits + this.vocabulary);
  }
}
