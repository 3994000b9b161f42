// Messages on their way: shown at once, kept until the server has them, sent again when asked.

import { post } from "../shared/http.js";
import { Outbox, newId } from "../shared/store.js";
import { piece, word } from "../shared/words.js";

const PATIENCE = 6_000;
const RECONNECTING = 2_000;
const FIRST_LOOK = 500;

export class Pending {
  #timers = new Map();

  /** `send(entry)` puts a message on the socket; `onSent()` follows a message that went as a form. */
  constructor(thread, { send, onSent, onTakeBack }) {
    this.thread = thread;
    this.outbox = new Outbox(thread.dataset.conversation);
    this.send = send;
    this.onSent = onSent;
    this.onTakeBack = onTakeBack;
    thread.addEventListener("click", (event) => this.#click(event));
    // Left over from before a reload: most have arrived and are only asked about, so drawing them can wait.
    if (this.outbox.entries.length) setTimeout(() => this.outbox.entries.forEach((entry) => this.#draw(entry)), FIRST_LOOK);
  }

  add(text) {
    const entry = { id: newId(), text };
    this.outbox.add(entry);
    this.#draw(entry);
    this.#try(entry);
  }

  /** The connection is there (again): what waits goes out; sending twice is harmless. */
  resend() {
    for (const entry of this.outbox.entries) if (!entry.refused) this.#try(entry);
  }

  /** The message `id` has arrived; true when it was one of ours. */
  accepted(id) {
    this.#article(id)?.remove();
    this.#calm(id);
    return this.outbox.remove(id);
  }

  /** The message `id` was not taken; true when it was one of ours. */
  refused({ id, sentence, retry }) {
    const entry = this.outbox.entries.find((one) => one.id === id);
    if (!entry) return false;
    entry.refused = true;
    this.#fail(entry, sentence, retry);
    return true;
  }

  #try(entry) {
    this.#calm(entry.id);
    const sent = this.send(entry);
    const next = sent ? () => this.#fail(entry, word("unsent"), true) : () => this.#post(entry);
    this.#timers.set(entry.id, setTimeout(next, sent ? PATIENCE : RECONNECTING));
  }

  /** No socket gets through here, perhaps because of a proxy: plain HTTP may. */
  async #post(entry) {
    const response = await post(this.thread.dataset.messages, { id: entry.id, text: entry.text }).catch(() => null);
    if (!response?.ok) return this.#fail(entry, word("unsent"), true);
    this.accepted(entry.id);
    return this.onSent();
  }

  #calm(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  #fail(entry, sentence, retry) {
    this.#calm(entry.id);
    const article = this.#article(entry.id) ?? this.#draw(entry);
    article.classList.add("unsent");
    article.querySelector(".state").hidden = true;
    article.querySelector(".trouble").hidden = false;
    article.querySelector(".trouble span").textContent = sentence;
    article.querySelector("[data-resend]").hidden = !retry;
  }

  #draw(entry) {
    const article = piece("pending-message");
    article.dataset.id = entry.id;
    for (const paragraph of entry.text.split(/\n\s*\n/)) {
      const block = Object.assign(document.createElement("div"), { className: "block", textContent: paragraph });
      article.querySelector(".prose").append(block);
    }
    this.thread.append(article);
    return article;
  }

  #article(id) {
    return this.thread.querySelector(`.pending[data-id="${id}"]`);
  }

  #click(event) {
    const article = event.target.closest(".pending");
    const entry = article && this.outbox.entries.find((one) => one.id === article.dataset.id);
    if (!entry) return;
    if (event.target.closest("[data-resend]")) this.#again(entry, article);
    if (event.target.closest("[data-take-back]")) {
      this.accepted(entry.id);
      this.onTakeBack(entry.text);
    }
  }

  #again(entry, article) {
    article.classList.remove("unsent");
    article.querySelector(".state").hidden = false;
    article.querySelector(".trouble").hidden = true;
    delete entry.refused;
    this.#try(entry);
  }
}
