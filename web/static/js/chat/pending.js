// Optimistic messages: shown at once, kept until the server accepts them, retried on demand.

import { post, refusalOf, sentenceOf } from "../shared/http.js";
import { Outbox, newId } from "../shared/store.js";
import { sentFiles } from "./attachments.js";
import { announce, piece, word } from "../shared/words.js";

const ACCEPT_TIMEOUT = 6_000;
const RECONNECT_TIME = 2_000;
const DRAW_DELAY = 500;

export class Pending {
  #timers = new Map();

  /**
   * @param {HTMLElement} thread
   * @param {{send: function(object): boolean, onPosted: function(string): void, onTakeBack: function(string, Array<object>): void}}
   *   handlers `send` sends an entry on the socket; `onPosted` is called after one went by HTTP instead, with what a
   *   command of a room has to say; `onTakeBack` with the text and the files of one that the person takes back.
   */
  constructor(thread, { send, onPosted, onTakeBack }) {
    this.thread = thread;
    this.outbox = new Outbox(thread.dataset.conversation);
    this.send = send;
    this.onPosted = onPosted;
    this.onTakeBack = onTakeBack;
    thread.addEventListener("click", (event) => this.#click(event));
    // Left from before a reload: most were accepted meanwhile, which a resend will show, so they are drawn with a delay.
    if (this.outbox.entries.length) setTimeout(() => this.outbox.entries.forEach((entry) => this.#draw(entry)), DRAW_DELAY);
  }

  /**
   * Show and send a new message with files, each `{id, name, short, size}`; `wishes`: whether the web is searched, and
   * whether the best model is asked; `quoted`: the id of the message to which it is a reply.
   */
  add(text, files = [], wishes = {}, quoted = undefined) {
    const entry = { id: newId(), text, files, ...wishes, quoted };
    this.outbox.add(entry);
    this.#draw(entry);
    this.#try(entry);
  }

  /** After a connect: send all again that were not refused. That is idempotent by their ids. */
  resend() {
    for (const entry of this.outbox.entries) if (!entry.refused) this.#try(entry);
  }

  /** The server accepted the message `id`. Returns whether it was pending here. */
  accepted(id) {
    this.#article(id)?.remove();
    this.#clearTimer(id);
    return this.outbox.remove(id);
  }

  /** The server refused a message. Returns whether it was pending here. */
  refused({ id, sentence, retry }) {
    const entry = this.outbox.entries.find((one) => one.id === id);
    if (!entry) return false;
    entry.refused = true;
    this.#fail(entry, sentence, retry);
    return true;
  }

  #try(entry) {
    this.#clearTimer(entry.id);
    const sent = this.send(entry);
    const next = sent ? () => this.#fail(entry, word("unsent"), true) : () => this.#post(entry);
    this.#timers.set(entry.id, setTimeout(next, sent ? ACCEPT_TIMEOUT : RECONNECT_TIME));
  }

  /** Send by HTTP where no socket connects, perhaps because of a proxy. */
  async #post(entry) {
    const files = (entry.files ?? []).map(({ id }) => ["attachments", id]);
    const fields = [["id", entry.id], ["text", entry.text], ["search", entry.search ?? ""], ...files];
    if (entry.harder) fields.push(["harder", "1"]);
    if (entry.quoted) fields.push(["quoted", entry.quoted]);
    const response = await post(this.thread.dataset.messages, fields).catch(() => null);
    if (response?.status === 404) document.dispatchEvent(new Event("missing"));
    if (response?.ok) {
      this.accepted(entry.id);
      return this.onPosted(response.status === 204 ? "" : await sentenceOf(response));
    }
    const refusal = await refusalOf(response);
    return refusal ? this.refused({ id: entry.id, ...refusal }) : this.#fail(entry, word("unsent"), true);
  }

  #clearTimer(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  #fail(entry, sentence, retry) {
    this.#clearTimer(entry.id);
    const article = this.#article(entry.id) ?? this.#draw(entry);
    article.classList.add("unsent");
    article.querySelector(".state").hidden = true;
    article.querySelector(".trouble").hidden = false;
    article.querySelector(".trouble span").textContent = sentence;
    article.querySelector("[data-resend]").hidden = !retry;
    announce(sentence);
  }

  #draw(entry) {
    const article = piece("pending-message");
    article.dataset.id = entry.id;
    if (entry.files?.length) article.prepend(sentFiles(entry.files));
    const block = Object.assign(document.createElement("div"), { className: "block", textContent: entry.text });
    if (entry.text) article.querySelector(".prose").append(block);
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
    if (event.target.closest("[data-resend]")) this.#retry(entry, article);
    if (event.target.closest("[data-take-back]")) {
      this.accepted(entry.id);
      this.onTakeBack(entry.text, entry.files ?? []);
    }
  }

  #retry(entry, article) {
    article.classList.remove("unsent");
    article.querySelector(".state").hidden = false;
    article.querySelector(".trouble").hidden = true;
    delete entry.refused;
    this.#try(entry);
  }
}
