// One matrix product in WebAssembly with 128-bit vectors, assembled here: some 500 bytes, no file to fetch.
//
//   C[i][j] = Σk A[i][k] · B[k][j], or C += … : i < m, j < n (a multiple of 8), k < depth; 32-bit floats.
//
// B and C are read and written in stretches of 8 columns, "panels". Every address and step is in bytes, so that one
// function serves transposed matrices (steps of A exchanged) and heads of attention (a step longer than the head):
//   A[i][k] at a + i·aRow + k·aCol    B[k][8p…] at b + p·bPanel + k·bRow    C[i][8p…] at c + p·cPanel + i·cRow
// The inner loop keeps 4 rows × 8 columns of C in registers.

const PARAMETERS = ["a", "aRow", "aCol", "b", "bPanel", "bRow", "c", "cPanel", "cRow", "m", "n", "depth", "add"];
const INT = 0x7f, VECTOR = 0x7b;
const ROWS = 4, HALVES = 2; // of a panel: two vectors of 4 floats

const number = (n) => { // unsigned LEB128
  const bytes = [];
  do {
    bytes.push((n & 127) | (n > 127 ? 128 : 0));
    n >>>= 7;
  } while (n);
  return bytes;
};
const list = (items) => [...number(items.length), ...items.flat()];
const section = (id, items) => { const body = list(items); return [id, ...number(body.length), ...body]; };
const name = (text) => list([...new TextEncoder().encode(text)]);
const vector = (code, ...rest) => [0xfd, ...number(code), ...rest];

/** The bytes of the module; `fused`: multiply and add in one instruction, where the browser has relaxed vectors. */
export function assemble(fused) {
  const locals = [...PARAMETERS];
  const local = (label) => { if (!locals.includes(label)) locals.push(label); return number(locals.indexOf(label)); };
  const ints = ["column", "row", "left", "aNow", "bNow", "cNow", "at"];
  for (let r = 0; r < ROWS; r++) ints.push(`a${r}`, `c${r}`);
  ints.forEach(local);
  const vectors = ["b0", "b1", "s"];
  for (let r = 0; r < ROWS; r++) for (let h = 0; h < HALVES; h++) vectors.push(`v${r}${h}`);
  vectors.forEach(local);

  const get = (label) => [0x20, ...local(label)];
  const set = (label, ...value) => [...value.flat(), 0x21, ...local(label)];
  const constant = (n) => [0x41, ...number(n)]; // below 64: signed and unsigned LEB128 agree
  const plus = (x, y) => [...x, ...y, 0x6a];
  const minus = (x, y) => [...x, ...y, 0x6b];
  const block = (...body) => [0x02, 0x40, ...body.flat(), 0x0b];
  const loop = (...body) => [0x03, 0x40, ...body.flat(), 0x0b];
  const load = (pointer, offset = 0) => [...pointer, ...vector(0, 2, ...number(offset))];
  const splat = (pointer) => [...pointer, ...vector(9, 2, 0)];
  const store = (pointer, offset, value) => [...pointer, ...value, ...vector(11, 2, ...number(offset))];
  const zero = vector(12, ...new Array(16).fill(0));
  const multiplyAdd = (x, y, sum) =>
    fused ? [...x, ...y, ...sum, ...vector(0x105)] : [...sum, ...x, ...y, ...vector(0xe6), ...vector(0xe4)];

  // All full groups of `rows` rows of one panel.
  const group = (rows) => {
    const each = (make) => Array.from({ length: rows }, (_, r) => make(r)).flat();
    const halves = (make) => Array.from({ length: HALVES }, (_, h) => make(h)).flat();
    return block(loop(
      plus(get("row"), constant(rows)), get("m"), [0x4b, 0x0d, 1], // done if row + rows > m
      each((r) => set(`a${r}`, r ? plus(get(`a${r - 1}`), get("aRow")) : get("aNow"))),
      each((r) => set(`c${r}`, r ? plus(get(`c${r - 1}`), get("cRow")) : get("cNow"))),
      get("add"), [0x04, 0x40],
      each((r) => halves((h) => set(`v${r}${h}`, load(get(`c${r}`), 16 * h)))),
      [0x05],
      each((r) => halves((h) => set(`v${r}${h}`, zero))),
      [0x0b],
      set("at", get("bNow")), set("left", get("depth")),
      loop(
        set("b0", load(get("at"))), set("b1", load(get("at"), 16)),
        each((r) => [
          ...set("s", splat(get(`a${r}`))), ...set(`a${r}`, plus(get(`a${r}`), get("aCol"))),
          ...halves((h) => set(`v${r}${h}`, multiplyAdd(get("s"), get(`b${h}`), get(`v${r}${h}`)))),
        ]),
        set("at", plus(get("at"), get("bRow"))),
        minus(get("left"), constant(1)), [0x22, ...local("left"), 0x0d, 0],
      ),
      each((r) => halves((h) => store(get(`c${r}`), 16 * h, get(`v${r}${h}`)))),
      each(() => set("aNow", plus(get("aNow"), get("aRow")))),
      set("cNow", plus(get(`c${rows - 1}`), get("cRow"))),
      set("row", plus(get("row"), constant(rows))), [0x0c, 0],
    ));
  };
  const body = [
    block(loop(
      get("column"), get("n"), [0x4f, 0x0d, 1], // done if column >= n
      set("row", constant(0)), set("aNow", get("a")), set("bNow", get("b")), set("cNow", get("c")),
      group(ROWS), group(1),
      set("b", plus(get("b"), get("bPanel"))), set("c", plus(get("c"), get("cPanel"))),
      set("column", plus(get("column"), constant(8))), [0x0c, 0],
    )),
    0x0b,
  ].flat();
  const declared = list([[...number(ints.length), INT], [...number(vectors.length), VECTOR]]);
  const code = [...declared, ...body];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [[0x60, ...list(PARAMETERS.map(() => INT)), 0]]),
    ...section(2, [[...name("m"), ...name("memory"), 2, 0, 1]]),
    ...section(3, [[0]]),
    ...section(7, [[...name("product"), 0, 0]]),
    ...section(10, [[...number(code.length), ...code]]),
  ]);
}

/** The product over a WebAssembly memory. Throws where the browser has no WebAssembly, or none with vectors. */
export function compile(memory) {
  const bytes = [assemble(true), assemble(false)].find((b) => WebAssembly.validate(b));
  if (!bytes) throw new Error("this browser's WebAssembly has no vector instructions");
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { memory } }).exports.product;
}
