// The sheet of a phone: slides up from below; the rest of the phone waits behind it.

import { icon, make } from "./elements.js";

export class Sheet {
  #element;
  #shade;
  #behind;
  #opener = null;
  #onClose = null;

  /** @param {HTMLElement} screen The phone's screen, with `.sheet` and `.shade` in it. */
  constructor(screen) {
    this.#element = screen.querySelector(".sheet");
    this.#shade = screen.querySelector(".shade");
    this.#behind = [...screen.querySelectorAll(".front")];
    this.#shade.addEventListener("click", () => this.close());
    this.#element.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  /**
   * Show it.
   * @param {string} title
   * @param {...Node} children
   */
  open(title, ...children) {
    this.#opener ??= document.activeElement;
    const close = make("button.plain", { type: "button", "aria-label": "Close", on: { click: () => this.close() } }, icon("close"));
    this.#element.replaceChildren(make("header.sheet-head", {}, make("h2", {}, title), close), make("div.sheet-body", {}, ...children));
    this.#element.setAttribute("aria-label", title);
    this.#show(true);
    this.#element.focus();
  }

  /** Call it once, when the sheet closes. */
  onClose(callback) {
    this.#onClose = callback;
  }

  close() {
    if (this.#element.hidden) return;
    this.#show(false);
    this.#element.replaceChildren();
    this.#onClose?.();
    this.#onClose = null;
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  #show(on) {
    this.#element.hidden = this.#shade.hidden = !on;
    for (const front of this.#behind) front.inert = on;
  }
}
