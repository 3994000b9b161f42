// Where the reader is in a conversation: kept over a reload and over the way back, in the storage of this tab.

const KEY = "place:";
const EARLIER_PAGES = 20;
const EARLIER_TIMEOUT = 5_000;

export class Place {
  /**
   * @param {HTMLElement} thread
   * @param {Autoscroll} autoscroll
   */
  constructor(thread, autoscroll) {
    this.thread = thread;
    this.autoscroll = autoscroll;
    this.key = KEY + thread.dataset.conversation;
    history.scrollRestoration = "manual";
    addEventListener("pagehide", () => this.#save());
    document.addEventListener("visibilitychange", () => document.hidden && this.#save());
    addEventListener("hashchange", () => this.#toHash());
    const [visit] = performance.getEntriesByType("navigation");
    if (visit?.type === "reload" || visit?.type === "back_forward") this.#restore();
  }

  /** The end is where a page opens anyway, if its address names no message: see found.js. */
  #save() {
    const place = this.autoscroll.place();
    try {
      if (place) sessionStorage.setItem(this.key, JSON.stringify(place));
      else sessionStorage.removeItem(this.key);
    } catch { /* Storage is full or switched off: the page opens at the end. */ }
  }

  async #restore() {
    const place = this.#saved();
    if (place && (await this.#find(place.id))) this.autoscroll.show(place.id, place.top);
  }

  #saved() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  #toHash() {
    const id = location.hash.slice(1);
    if (id.startsWith("m-") && document.getElementById(id)) this.autoscroll.show(id);
  }

  /** Whether the message is on the page; earlier ones are fetched until it is. */
  async #find(id) {
    for (let pages = 0; pages < EARLIER_PAGES && !document.getElementById(id); pages += 1) {
      const link = this.thread.querySelector(".earlier a");
      if (!link) return false;
      const changed = this.#nextChange();
      link.click();
      await changed;
    }
    return document.getElementById(id) !== null;
  }

  #nextChange() {
    return new Promise((resolve) => {
      const observer = new MutationObserver(done);
      const timer = setTimeout(done, EARLIER_TIMEOUT);
      observer.observe(this.thread, { childList: true });
      function done() {
        observer.disconnect();
        clearTimeout(timer);
        resolve();
      }
    });
  }
}
