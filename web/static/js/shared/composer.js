// The field one writes in.

import { draft } from "./store.js";

const touch = matchMedia("(hover: none) and (pointer: coarse)");
const grows = CSS.supports("field-sizing", "content");

export class Composer {
  /** `onSend(text)` is called for Enter and the button; when it returns true, the field is emptied. */
  constructor(form, onSend) {
    this.form = form;
    this.card = form.querySelector(".composer");
    this.field = form.querySelector("textarea");
    this.button = form.querySelector(".send");
    this.stop = form.querySelector(".stop");
    this.field.value ||= draft.read(form.dataset.draft);
    this.field.addEventListener("input", () => this.#changed());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.card.addEventListener("click", (event) => event.target === this.card && this.field.focus());
    if (onSend) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (this.text && onSend(this.text)) this.clear();
      });
    }
    this.#changed();
  }

  get text() {
    return this.field.value.trim();
  }

  get answering() {
    return "answering" in this.card.dataset;
  }

  set answering(yes) {
    this.card.toggleAttribute("data-answering", yes);
  }

  /** Put words back into the field, after what stands there. */
  put(text) {
    this.field.value = [this.text, text].filter(Boolean).join("\n");
    this.#changed();
    this.field.focus();
  }

  clear() {
    this.field.value = "";
    this.#changed();
  }

  #changed() {
    this.button.disabled = !this.text;
    draft.write(this.form.dataset.draft, this.field.value);
    if (grows) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #key(event) {
    // Enter that ends a word in an input method is not meant for us; Safari says so by the key code alone.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing || touch.matches) return;
    event.preventDefault();
    if (this.text) this.form.requestSubmit(this.button);
  }
}
