// Python's random.Random, so that the page writes the very documents of the course: Mersenne twister, seeded with text.

const MASK = (1n << 64n) - 1n;
const PRIMES = [];
for (let n = 2n; PRIMES.length < 80; n++) if (PRIMES.every((p) => n % p)) PRIMES.push(n);

/** The whole part of the k-th root of n, by Newton's method. */
function root(n, k) {
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / Number(k)));
  for (;;) {
    const y = ((k - 1n) * x + n / x ** (k - 1n)) / k;
    if (y >= x) return x;
    x = y;
  }
}
// SHA-512's constants: the first 64 bits behind the point of square and cube roots of primes.
const INITIAL = PRIMES.slice(0, 8).map((p) => root(p << 128n, 2n) & MASK);
const ROUND = PRIMES.map((p) => root(p << 192n, 3n) & MASK);

/** SHA-512 of bytes, as bytes. (crypto.subtle has it too, but not on plain http.) */
export function sha512(bytes) {
  const length = Math.ceil((bytes.length + 17) / 128) * 128, padded = new Uint8Array(length);
  padded.set(bytes);
  padded[bytes.length] = 128;
  const view = new DataView(padded.buffer);
  view.setBigUint64(length - 8, BigInt(bytes.length * 8));
  const right = (x, n) => ((x >> n) | (x << (64n - n))) & MASK;
  let state = [...INITIAL];
  for (let at = 0; at < length; at += 128) {
    const w = Array.from({ length: 16 }, (_, i) => view.getBigUint64(at + 8 * i));
    for (let i = 16; i < 80; i++) {
      const x = w[i - 15], y = w[i - 2];
      const s0 = right(x, 1n) ^ right(x, 8n) ^ (x >> 7n), s1 = right(y, 19n) ^ right(y, 61n) ^ (y >> 6n);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & MASK;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const one = h + (right(e, 14n) ^ right(e, 18n) ^ right(e, 41n)) + ((e & f) ^ (~e & MASK & g)) + ROUND[i] + w[i];
      const two = (right(a, 28n) ^ right(a, 34n) ^ right(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, h] = [(one + two) & MASK, a, b, c, (d + one) & MASK, e, f, g];
    }
    state = state.map((x, i) => (x + [a, b, c, d, e, f, g, h][i]) & MASK);
  }
  const digest = new DataView(new ArrayBuffer(64));
  state.forEach((x, i) => digest.setBigUint64(8 * i, x));
  return new Uint8Array(digest.buffer);
}

const N = 624, M = 397;

/** `new Random("text")` and `new Random(0)` draw what Python 3.11's random.Random draws from the same seed. */
export class Random {
  constructor(seed) {
    this.words = new Uint32Array(N);
    this.at = N;
    let key = [seed];
    if (typeof seed === "string") {
      const text = new TextEncoder().encode(seed), bytes = [...text, ...sha512(text)].reverse();
      key = [];
      for (let i = 0; i < bytes.length; i += 4)
        key.push((bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)) >>> 0);
      while (key.length > 1 && key.at(-1) === 0) key.pop();
    }
    this.#start(19650218);
    const w = this.words;
    let i = 1, j = 0;
    const step = () => { if (++i >= N) { w[0] = w[N - 1]; i = 1; } };
    const mixed = (factor) => w[i] ^ Math.imul(w[i - 1] ^ (w[i - 1] >>> 30), factor);
    for (let k = Math.max(N, key.length); k; k--) {
      w[i] = mixed(1664525) + key[j] + j;
      step();
      j = (j + 1) % key.length;
    }
    for (let k = N - 1; k; k--) {
      w[i] = mixed(1566083941) - i;
      step();
    }
    w[0] = 0x80000000;
  }

  #start(seed) {
    const w = this.words;
    w[0] = seed;
    for (let i = 1; i < N; i++) w[i] = Math.imul(w[i - 1] ^ (w[i - 1] >>> 30), 1812433253) + i;
  }

  /** The next 32 bits. */
  word() {
    const w = this.words;
    if (this.at === N) {
      for (let i = 0; i < N; i++) {
        const y = (w[i] & 0x80000000) | (w[(i + 1) % N] & 0x7fffffff);
        w[i] = w[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.at = 0;
    }
    let y = w[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n) {
    const bits = 32 - Math.clz32(n);
    for (;;) {
      const r = this.word() >>> (32 - bits);
      if (r < n) return r;
    }
  }

  between(first, last) {
    return first + this.below(last - first + 1);
  }

  choice(items) {
    return items[this.below(items.length)];
  }

  shuffle(items) {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  sample(items, k) {
    const n = items.length, many = 21 + (k > 5 ? 4 ** Math.ceil(Math.log(k * 3) / Math.log(4)) : 0);
    if (n <= many) {
      const pool = [...items];
      return Array.from({ length: k }, (_, i) => {
        const j = this.below(n - i), taken = pool[j];
        pool[j] = pool[n - i - 1];
        return taken;
      });
    }
    const seen = new Set();
    while (seen.size < k) seen.add(this.below(n));
    return [...seen].map((j) => items[j]);
  }
}
