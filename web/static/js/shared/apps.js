// The page of a person's apps: while a code is shown or an answer awaited, it is looked whether that has changed.

import { fragment } from "./http.js";

const EVERY = 3_000;
// A code lives for ten minutes; the page of one that has ended says so after that.
const LONGEST = 11 * 60_000;

/** Shows the state of the link that is being made, as long as it can change by what happens in the app. */
class LinkWatch {
  #place;
  #until = Date.now() + LONGEST;

  /** @param {HTMLElement} place Holds the card, and names where it comes from. */
  constructor(place) {
    this.#place = place;
    place.classList.add("watched");
    this.#wait();
  }

  #state() {
    return this.#place.querySelector("[data-link]").dataset.link;
  }

  #wait() {
    if (this.#state() !== "none" && Date.now() < this.#until) setTimeout(() => this.#look(), EVERY);
  }

  async #look() {
    if (!document.hidden) await this.#compare();
    this.#wait();
  }

  async #compare() {
    const card = (await fragment(`${this.#place.dataset.watch}?state=${this.#state()}`))?.querySelector("[data-link]");
    // Nothing comes where nothing has changed.
    if (!card) return;
    // It is made, or over: the list beside it has changed too.
    if (card.dataset.link === "none") location.reload();
    else this.#show(card);
  }

  #show(card) {
    const focused = this.#place.contains(document.activeElement);
    this.#place.replaceChildren(card);
    if (focused) card.querySelector("h2").focus();
  }
}

const place = document.querySelector("[data-watch]");
if (place) new LinkWatch(place);
