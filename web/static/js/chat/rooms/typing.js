// Who is writing, told to the others and shown for some seconds.

import { word } from "../../shared/words.js";

const TELL_EVERY = 3_000;
const SHOWN = 5_000;

export class Typing {
  #told = 0;
  #writing = new Map();

  /**
   * @param {HTMLTextAreaElement} field
   * @param {function(): void} tell Called while somebody types here.
   */
  constructor(field, tell) {
    this.line = document.getElementById("typing");
    field.addEventListener("input", () => {
      if (!field.value.trim() || field.value.startsWith("/") || Date.now() - this.#told < TELL_EVERY) return;
      this.#told = Date.now();
      tell();
    });
  }

  /** What was typed is sent: the next word counts anew. */
  sent() {
    this.#told = 0;
  }

  /** Somebody types. */
  show({ speaker, sentence }) {
    clearTimeout(this.#writing.get(speaker)?.timer);
    const timer = setTimeout(() => this.stopped(speaker), SHOWN);
    this.#writing.set(speaker, { sentence, timer });
    this.#draw();
  }

  /** Somebody has sent what they typed, or does not go on. */
  stopped(speaker) {
    clearTimeout(this.#writing.get(speaker)?.timer);
    if (this.#writing.delete(speaker)) this.#draw();
  }

  #draw() {
    const [first] = this.#writing.values();
    this.line.textContent = this.#writing.size > 1 ? word("several") : first?.sentence ?? "";
  }
}
