// The answers on a page that are being written: watched by the socket, shown as their events come.

import { word } from "../shared/words.js";
import { showReasoning } from "./reasoning.js";

const SLOW_AFTER = 10_000;

export class Following {
  #slow = null;

  /**
   * @param {Thread} thread
   * @param {{send: function(object): boolean}} socket
   * @param {function(boolean, HTMLElement): void} onFinished Called at the end of each answer, with whether something
   *   of it was missed, so that it is to be fetched, and its article.
   */
  constructor(thread, socket, onFinished) {
    this.thread = thread;
    this.socket = socket;
    this.onFinished = onFinished;
  }

  /** Watch every run on the page that is being answered. */
  watchAll() {
    for (const article of this.thread.element.querySelectorAll("[data-run]")) this.watch(article);
  }

  /** Watch the run of one article, from an event on. */
  watch(article, after = this.thread.number(article)) {
    this.socket.send({ type: "watch", run: article.dataset.run, after });
    this.hintWhenSlow(article);
  }

  /** Show that it may take longer once no event has come for a while. */
  hintWhenSlow(article) {
    const line = article.querySelector(".waiting");
    line?.classList.remove("slow");
    this.end();
    this.#slow = setTimeout(() => {
      line?.classList.add("slow");
      line?.querySelector("[data-waiting]").replaceChildren(word("slow"));
    }, SLOW_AFTER);
  }

  /** Hint no more. */
  end() {
    clearTimeout(this.#slow);
  }

  /**
   * Show a message of the socket.
   * @returns {boolean} Whether it is one about a run.
   */
  handle(message) {
    const show = this.#handlers[message.type];
    const article = show && this.thread.running(message.run);
    if (article) show(article, message);
    return Boolean(show);
  }

  /** Watch again after an event that does not follow the last one. */
  #catchUp(article, after = this.thread.number(article)) {
    article.dataset.behind = "";
    this.watch(article, after);
  }

  #handlers = {
    waiting: (article, { number, sentence }) => {
      const line = article.querySelector("[data-waiting]");
      if (line) line.textContent = sentence;
      article.dataset.number = Math.max(number, this.thread.number(article));
      this.hintWhenSlow(article);
    },

    reasoning: (article, message) => {
      const { number, previous } = message;
      if (number < this.thread.number(article)) return;
      if (previous !== null && previous !== this.thread.number(article)) return this.#catchUp(article);
      showReasoning(article, message);
      article.dataset.number = number;
      this.hintWhenSlow(article);
    },

    text: (article, { number, blocks }) => {
      if (number < this.thread.number(article)) return;
      this.thread.setBlocks(article, blocks);
      article.dataset.number = number;
      delete article.dataset.behind;
      this.hintWhenSlow(article);
    },

    append: (article, { number, previous, block, text }) => {
      if (number <= this.thread.number(article)) return;
      if (previous !== this.thread.number(article)) return this.#catchUp(article);
      if (!this.thread.appendText(article, block, text)) return this.#catchUp(article, 0);
      article.dataset.number = number;
      this.hintWhenSlow(article);
    },

    finished: (article, message) => {
      this.end();
      // The end holds what changed last; what was missed before it is fetched.
      const behind = "behind" in article.dataset;
      delete article.dataset.behind;
      this.thread.finish(article, message);
      this.onFinished(behind, article);
    },
  };
}
