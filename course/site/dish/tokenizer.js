// Text to token ids and back: byte-level BPE, cut into words as GPT-2 does; and the chat template around it.

import { IGNORED } from "./model.js";

const START = 1, ROLES = { system: 2, user: 3, assistant: 4 }, END = 5, SPECIAL = 6; // ids below SPECIAL are no text
const WORDS = /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

export class Tokenizer {
  /** `vocabulary` lists the tokens in order, `merges` the pairs ("a b"), the first to be merged first. */
  constructor({ vocabulary, merges }) {
    this.vocabulary = vocabulary;
    this.ids = new Map(vocabulary.map((token, id) => [token, id]));
    this.ranks = new Map(merges.map((pair, rank) => [pair, rank]));
    this.known = new Map(); // word -> ids
    let extra = 0;
    const plain = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    this.letters = Array.from({ length: 256 }, (_, b) => String.fromCodePoint(plain(b) ? b : 256 + extra++));
    this.bytes = new Map(this.letters.map((letter, b) => [letter, b]));
  }

  encode(text) {
    return (text.match(WORDS) ?? []).flatMap((word) => {
      if (!this.known.has(word)) this.known.set(word, this.#merge(word));
      return this.known.get(word);
    });
  }

  #merge(word) {
    const parts = [...new TextEncoder().encode(word)].map((b) => this.letters[b]);
    for (;;) {
      let place = -1, lowest = Infinity;
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = this.ranks.get(`${parts[i]} ${parts[i + 1]}`) ?? Infinity;
        if (rank < lowest) [place, lowest] = [i, rank];
      }
      if (place < 0) return parts.map((part) => this.ids.get(part));
      parts.splice(place, 2, parts[place] + parts[place + 1]);
    }
  }

  decode(ids) {
    const letters = ids.filter((id) => id >= SPECIAL).map((id) => this.vocabulary[id]).join("");
    return new TextDecoder().decode(Uint8Array.from(letters, (letter) => this.bytes.get(letter)));
  }

  /** Ids of a chat, turns [role, text], up to where the assistant begins to speak. */
  prompt(chat) {
    const turn = ([role, text]) => [ROLES[role], ...this.encode(` ${text}`), END];
    return [START, ...chat.flatMap(turn), ROLES.assistant];
  }

  /** One training text as [ids, labels]: all of a document (a string) carries loss, of a chat what the assistant says. */
  row(text) {
    if (typeof text === "string") {
      const ids = [START, ...this.encode(text), END];
      return [ids, [IGNORED, ...ids.slice(1)]];
    }
    const ids = [START], labels = [IGNORED];
    for (const [role, said] of text) {
      const turn = [...this.encode(` ${said}`), END];
      ids.push(ROLES[role], ...turn);
      labels.push(IGNORED, ...turn.map((id) => (role === "assistant" ? id : IGNORED)));
    }
    return [ids, labels];
  }
}
