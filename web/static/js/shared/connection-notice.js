// What a page says while it is not connected: nothing for a moment, as most losses mend at once, then that it connects
// again, then that the site is away. The words stand on the notice itself.

import { lastingNotice, word } from "./words.js";

const STEPS = [
  [1_500, "connecting"],
  [4_000, "away"],
];

export class ConnectionNotice {
  #timers = null;
  #shown = false;

  /** The connection is lost. Losing it again changes nothing. */
  lost() {
    this.#timers ??= STEPS.map(([after, name]) => setTimeout(() => this.#show(navigator.onLine ? name : "offline"), after));
  }

  /** The connection is there again: take the words away. */
  back() {
    for (const timer of this.#timers ?? []) clearTimeout(timer);
    this.#timers = null;
    if (this.#shown) lastingNotice("");
    this.#shown = false;
  }

  #show(name) {
    this.#shown = true;
    lastingNotice(word(name));
  }
}
