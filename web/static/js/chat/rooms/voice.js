// What others say, told to screen readers: one by one while they are few, else how many there were.

import { announce, isolated, word } from "../../shared/words.js";

const SOON = 400;
const PAUSE = 4_000;
const SPOKEN = 200;
const MOST_LINES = 3;

export class Voice {
  #messages = [];
  #lines = [];
  #timer = null;
  #next = 0;

  /** Tell a sentence: what `name` said or asks, or without a name a line about the room. */
  say(name, sentence) {
    const text = sentence.slice(0, SPOKEN);
    if (name) this.#messages.push({ name, text });
    else this.#lines.push(text);
    this.#timer ??= setTimeout(() => this.#tell(), Math.max(SOON, this.#next - Date.now()));
  }

  #tell() {
    const messages = this.#messages.splice(0);
    const lines = this.#lines.splice(0).slice(-MOST_LINES);
    this.#timer = null;
    this.#next = Date.now() + PAUSE;
    const { name, text } = messages.at(-1) ?? {};
    const many = word("more").replace("{count}", messages.length).replace("{name}", () => isolated(name));
    const said = messages.length > 1 ? many : text;
    announce([said, ...lines].filter(Boolean).join(". "));
  }
}
