// Reads an answer aloud, sentence by sentence, and marks on the page the one that is read.

import { sentenceOf } from "../shared/http.js";
import { notice } from "../shared/words.js";
import { rangeOf } from "./spoken-range.js";
import { LocalVoice, ReadingError, ServerVoice } from "./voices.js";

const NAME = "aloud";
const TIMEOUT = 15_000;

export class Aloud {
  #voice = null;
  #message = "";
  #paused = false;

  /** @param {HTMLElement} thread Its `data-aloud` says that the server has a voice; else one of the browser is used. */
  constructor(thread) {
    this.thread = thread;
    this.bar = document.getElementById("aloud");
    this.pauseButton = this.bar.querySelector("[data-pause]");
    this.#offer();
    globalThis.speechSynthesis?.addEventListener?.("voiceschanged", () => this.#offer());
    thread.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-read]");
      if (button) this.#toggle(button);
      else if (target.closest("[data-show]")) this.stop();
    });
    this.pauseButton.addEventListener("click", () => this.#pause());
    this.bar.querySelector("[data-silence]").addEventListener("click", () => this.stop());
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    document.addEventListener("dictating", () => this.stop());
    addEventListener("pagehide", () => this.stop());
    // Another version is shown, or the answer was taken back or deleted.
    new MutationObserver(() => this.#message && !this.#button() && this.stop()).observe(thread, { childList: true, subtree: true });
  }

  /** Show the buttons where there is a voice. */
  #offer() {
    if (!("aloud" in this.thread.dataset) && LocalVoice.known) this.thread.dataset.aloud = "local";
  }

  /** That of the answer which is read, if it still stands there. */
  #button() {
    return document.getElementById(this.#message)?.querySelector("[data-read]");
  }

  #toggle(button) {
    const { id } = button.closest(".message");
    const same = id === this.#message;
    this.stop();
    if (!same) this.#read(id, button.dataset.read);
  }

  async #read(id, url) {
    this.#message = id;
    notice("");
    this.#show(false);
    const local = this.thread.dataset.aloud === "local" ? new LocalVoice() : null;
    // Made while the press still counts: browsers let no sound begin by itself.
    const voice = this.#voice = local ?? new ServerVoice(url);
    try {
      const found = await this.#sentences(url);
      if (this.#voice !== voice) return;
      voice.count = found.length;
      await this.#readAll(voice, found);
    } catch (error) {
      if (!(error instanceof ReadingError)) throw error;
      if (this.#voice === voice) notice(error.message || this.bar.dataset.wordFailed);
    }
    if (this.#voice === voice) this.stop();
  }

  /** The sentences as `[block, text]`. Rejects with a ReadingError. */
  async #sentences(url) {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) }).catch(() => null);
    if (!response?.ok) throw new ReadingError(await sentenceOf(response));
    return (await response.json()).sentences;
  }

  async #readAll(voice, found) {
    let before = { block: -1, end: 0 };
    for (const [number, [block, text]] of found.entries()) {
      before = { block, end: this.#mark(block, text, before.block === block ? before.end : 0) };
      await voice.read(number, text);
      if (this.#voice !== voice) return;
    }
  }

  /** Mark a sentence, or the whole block that it stands in. Returns where the next one may begin. */
  #mark(block, text, from) {
    const element = document.getElementById(this.#message)?.querySelector(`.prose > [data-block="${block}"]`);
    if (!element || !globalThis.Highlight) return 0;
    const found = rangeOf(element, text, from);
    const range = found?.range ?? document.createRange();
    if (!found) range.selectNodeContents(element);
    CSS.highlights.set(NAME, new Highlight(range));
    return found?.end ?? from;
  }

  #pause() {
    if (this.#paused) this.#voice?.resume();
    else this.#voice?.pause();
    this.#show(!this.#paused);
  }

  #show(paused) {
    const { wordPause, wordGoOn } = this.bar.dataset;
    this.#paused = paused;
    this.bar.hidden = false;
    this.pauseButton.classList.toggle("icon-pause", !paused);
    this.pauseButton.classList.toggle("icon-play", paused);
    this.pauseButton.ariaLabel = this.pauseButton.title = paused ? wordGoOn : wordPause;
  }

  /** Be silent. The focus in the bar goes back to the answer. */
  stop() {
    const voice = this.#voice;
    if (!voice) return;
    const hadFocus = this.bar.contains(document.activeElement);
    const button = this.#button();
    this.#voice = null;
    this.#message = "";
    voice.stop();
    globalThis.CSS?.highlights?.delete(NAME);
    this.bar.hidden = true;
    if (hadFocus) (button ?? document.getElementById("text")).focus({ preventScroll: true });
  }

  #key(event) {
    if (event.key !== "Escape" || !this.#voice || event.isComposing) return;
    if (event.target.closest?.("input, select, .edit") || document.querySelector("dialog[open], :popover-open")) return;
    event.preventDefault();
    event.stopPropagation();
    this.stop();
  }
}
