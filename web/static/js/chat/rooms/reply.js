// To which message the next one is a reply: shown above the composer until it is sent.

import { sentenceFor } from "./spoken.js";

export class Reply {
  #message;

  /**
   * @param {HTMLElement} thread
   * @param {Composer} composer
   */
  constructor(thread, composer) {
    this.line = document.getElementById("replying");
    this.text = this.line.querySelector(".replying-text");
    this.field = composer.field;
    const named = composer.form.elements.quoted;
    this.#message = named?.value;
    named?.remove();
    thread.addEventListener("click", (event) => {
      const link = event.target.closest("[data-reply]");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.#choose(link.closest(".message"));
    });
    this.line.querySelector("[data-reply-not]").addEventListener("click", (event) => {
      event.preventDefault();
      this.take();
      this.field.focus();
    });
  }

  /** The id of the message, or undefined; the next one is no reply to it any more. */
  take() {
    const message = this.#message;
    this.#message = undefined;
    this.line.hidden = true;
    return message;
  }

  #choose(article) {
    this.#message = article.dataset.message;
    this.text.textContent = sentenceFor(article);
    this.line.hidden = false;
    this.field.focus();
  }
}
