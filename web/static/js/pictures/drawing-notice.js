// Honest waiting for a frame: the band after a moment, a word after two seconds, a sentence after ten.

import { notice, word } from "../shared/words.js";

const STEPS = [
  [300, (patience) => patience.card.setAttribute("data-drawing", "")],
  [2_000, (patience) => patience.say(word("drawing"))],
  [10_000, (patience) => patience.say(word("slow"))],
];

export class DrawingNotice {
  #timers = [];
  #said = false;

  constructor(card) {
    this.card = card;
  }

  /** Something is being waited for; waiting on goes on. */
  begin() {
    if (this.#timers.length) return;
    this.#timers = STEPS.map(([after, step]) => setTimeout(step, after, this));
  }

  end() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.card.removeAttribute("data-drawing");
    if (this.#said) notice("");
    this.#said = false;
  }

  say(sentence) {
    this.#said = true;
    notice(sentence);
  }
}
