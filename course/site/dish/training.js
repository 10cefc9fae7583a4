// Fine-tuning: transformers' Trainer with AdamW, in the few lines that the course's recipe needs of it.

/** One run: the recipe's steps over `rows` ([ids, labels], in the order in which they are seen). */
export class Training {
  /** `first` are LoRA's matrices A before the first step, {key: Float32Array [rank, into]}; B begins as zeros. */
  constructor(model, recipe, rows, first) {
    Object.assign(this, { model, recipe, rows, step: 0, adapter: {}, moments: {} });
    for (const { key, out, into } of model.matrices) {
      this.adapter[key] = { a: Float32Array.from(first[key]), b: new Float32Array(out * model.rank) };
      this.moments[key] = { a: moments(model.rank * into), b: moments(model.rank * out) };
    }
    model.wear(this.adapter);
  }

  get done() {
    return this.step === this.recipe.steps;
  }

  /** The rows of this step, and how many of their tokens carry loss. */
  get batch() {
    const { batch_size: size } = this.recipe, batch = this.rows.slice(this.step * size, (this.step + 1) * size);
    const count = ([, labels]) => labels.filter((label, i) => i > 0 && label >= 0).length;
    return { batch, labelled: batch.reduce((sum, row) => sum + count(row), 0) };
  }

  /** Make one optimizer step; resolves to its loss [nats a token]. `breathe` is awaited after each text. */
  async advance(breathe = async () => {}) {
    const { batch, labelled } = this.batch;
    let loss = 0;
    for (const [ids, labels] of batch) {
      loss += this.model.learn(ids, labels, 1 / labelled);
      await breathe();
    }
    this.#update(this.model.takeGradients());
    this.step++;
    this.model.wear(this.adapter);
    return loss / labelled;
  }

  #update(gradients) {
    const { steps, warmup, learning_rate } = this.recipe, rising = Math.ceil(warmup * steps);
    const share = this.step < rising ? this.step / rising : (steps - this.step) / (steps - rising);
    const rate = learning_rate * share, [fade, fade2] = [0.9, 0.999];
    const bias = 1 - fade ** (this.step + 1), bias2 = 1 - fade2 ** (this.step + 1);
    let square = 0;
    for (const { a, b } of Object.values(gradients)) for (const g of [a, b]) for (const x of g) square += x * x;
    const clip = Math.min(1, 1 / (Math.sqrt(square) + 1e-6)); // Trainer's max_grad_norm
    for (const key in gradients)
      for (const part of ["a", "b"]) {
        const g = gradients[key][part], w = this.adapter[key][part], { mean, mean2 } = this.moments[key][part];
        for (let i = 0; i < g.length; i++) {
          const x = g[i] * clip;
          mean[i] = fade * mean[i] + (1 - fade) * x;
          mean2[i] = fade2 * mean2[i] + (1 - fade2) * x * x;
          w[i] -= (rate * mean[i]) / bias / (Math.sqrt(mean2[i] / bias2) + 1e-8);
        }
      }
  }
}

const moments = (n) => ({ mean: new Float32Array(n), mean2: new Float32Array(n) });
