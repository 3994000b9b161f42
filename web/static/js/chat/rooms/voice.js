// What others say, told to screen readers: one by one while they are few, else how many there were.

import { announce, word } from "../../shared/words.js";

const SOON = 400;
const PAUSE = 4_000;
const SPOKEN = 200;

export class Voice {
  #waiting = [];
  #timer = null;
  #next = 0;

  /** Tell that `name` said `text`; without a name it is a line about the room. */
  say(name, text) {
    this.#waiting.push({ name, text: text.slice(0, SPOKEN) });
    this.#timer ??= setTimeout(() => this.#tell(), Math.max(SOON, this.#next - Date.now()));
  }

  #tell() {
    const waiting = this.#waiting.splice(0);
    this.#timer = null;
    this.#next = Date.now() + PAUSE;
    const { name, text } = waiting.at(-1);
    const said = name ? `${name}: ${text}` : text;
    const many = word("more").replace("{count}", waiting.length).replace("{name}", () => name);
    announce(waiting.length > 1 && name ? many : said);
  }
}
