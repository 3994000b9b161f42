// The progress of a preview that takes longer: a moving band at first, a word after two seconds, a sentence after ten.

import { notice, word } from "../shared/words.js";

const STEPS = [
  [300, (drawing) => drawing.card.setAttribute("data-drawing", "")],
  [2_000, (drawing) => drawing.show(word("drawing"))],
  [10_000, (drawing) => drawing.show(word("slow"))],
];

export class DrawingNotice {
  #timers = [];
  #shown = false;

  /** @param {HTMLElement} card The card of the composer, around which the band moves. */
  constructor(card) {
    this.card = card;
  }

  /** A preview is awaited. Starting twice changes nothing. */
  start() {
    if (this.#timers.length) return;
    this.#timers = STEPS.map(([after, step]) => setTimeout(step, after, this));
  }

  /** No preview is awaited any more: take the band and the notice away. */
  stop() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.card.removeAttribute("data-drawing");
    if (this.#shown) notice("");
    this.#shown = false;
  }

  /** Show a sentence until `stop`. */
  show(sentence) {
    this.#shown = true;
    notice(sentence);
  }
}
