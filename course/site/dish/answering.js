// Answers, token by token: the most probable one each time, as the course asks the petri model.

const END = 5; // <|end|>
const LONGEST = 24; // tokens

/** The ids of the greedy answer to a prompt of ids. */
export function complete(model, prompt) {
  const said = [];
  model.forward(prompt);
  for (let place = prompt.length - 1; said.length < LONGEST; place++) {
    const [best] = mostProbable(model.next(place), 1);
    if (best === END) break;
    said.push(best);
    model.forward([best], place + 1);
  }
  return said;
}

/** The indices of the `n` largest, largest first. */
export function mostProbable(values, n) {
  const best = [];
  for (let i = 0; i < values.length; i++) {
    if (best.length === n && values[i] <= values[best[n - 1]]) continue;
    const place = best.findIndex((j) => values[i] > values[j]);
    best.splice(place < 0 ? best.length : place, 0, i);
    best.length = Math.min(best.length, n);
  }
  return best;
}
