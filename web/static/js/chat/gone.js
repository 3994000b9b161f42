// A conversation that was deleted elsewhere while this page shows it.

import { refreshList } from "../shared/conversation-list.js";
import { Outbox, draft } from "../shared/store.js";
import { notice, piece } from "../shared/words.js";

const TIMEOUT = 15_000;

export class Gone {
  /** Whether the page says that the conversation was deleted. */
  shown = false;

  /**
   * @param {HTMLElement} thread
   * @param {Composer} composer
   * @param {function(): void} onGone Called once.
   */
  constructor(thread, composer, onGone) {
    this.thread = thread;
    this.composer = composer;
    this.onGone = onGone;
    document.addEventListener("missing", () => this.check());
    document.addEventListener("deleted", () => this.show());
  }

  /** Ask the server whether the conversation is still there. */
  async check() {
    if (this.shown) return;
    const headers = { "X-Fragment": "1" };
    const request = fetch(this.thread.dataset.messages, { headers, signal: AbortSignal.timeout(TIMEOUT) });
    const response = await request.catch(() => null);
    if (response?.status === 404) this.show();
  }

  /** Say so in the composer's place. What was being written is kept for the next conversation. */
  show() {
    if (this.shown) return;
    this.shown = true;
    this.onGone();
    const kept = this.#keep();
    const card = piece("gone");
    card.role = "alert";
    card.querySelector("[data-kept]").hidden = !kept;
    const focused = this.composer.form.contains(document.activeElement) || this.thread.contains(document.activeElement);
    this.thread.dataset.gone = "";
    for (const pending of this.thread.querySelectorAll(".pending")) pending.remove();
    this.composer.form.replaceWith(card);
    notice("");
    if (focused) card.querySelector("a").focus({ preventScroll: true });
    refreshList();
  }

  /** Move what was not sent to the draft of the start page. Returns whether there was something. */
  #keep() {
    const outbox = new Outbox(this.thread.dataset.conversation);
    const edits = [...this.thread.querySelectorAll(".edit textarea")].map((field) => field.value.trim());
    const texts = [...outbox.entries.map(({ text }) => text), ...edits, this.composer.text].filter(Boolean);
    for (const { id } of [...outbox.entries]) outbox.remove(id);
    draft.write(this.composer.form.dataset.draft, "");
    if (!texts.length) return false;
    draft.write("start", [draft.read("start"), ...texts].filter(Boolean).join("\n\n"));
    return true;
  }
}
