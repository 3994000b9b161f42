// What comes while nobody looks: counted in the title of the page, and marked where it begins.

import { piece } from "../../shared/words.js";

export class Away {
  #count = 0;

  /** @param {HTMLElement} thread */
  constructor(thread) {
    this.thread = thread;
    document.addEventListener("visibilitychange", () => this.#changed());
  }

  /** Something came that nobody saw: `element` shows it. */
  missed(element) {
    this.#count += 1;
    if (this.#count === 1) {
      this.thread.querySelector(".unread")?.remove();
      element.before(piece("unread-mark"));
    }
    document.title = document.title.replace(/^(?:\(\d+\) )?/, `(${this.#count}) `);
  }

  #changed() {
    if (document.hidden) return;
    this.#count = 0;
    document.title = document.title.replace(/^\(\d+\) /, "");
  }
}
