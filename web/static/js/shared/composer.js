// The composer: a growing text field with its send and stop buttons, and a draft kept over a reload.

import { draft } from "./store.js";

const touch = matchMedia("(hover: none) and (pointer: coarse)");
const grows = CSS.supports("field-sizing", "content");

/** `text` without empty lines before it and white space after it, see `clean_text` in assistant/conversations.py. */
export function written(text) {
  return text.trimEnd().replace(/^(?:[^\S\n]*\n)+/, "");
}

export class Composer {
  #attached = false;

  /**
   * @param {HTMLFormElement} form
   * @param {function(string): (boolean|undefined)} onSend Called for Enter and the button; the field is cleared when it
   *   returns true. Without it the form is submitted as usual.
   */
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
        if (this.sendable && onSend(this.text)) this.clear();
      });
    }
    this.#changed();
  }

  /** What is typed, without empty lines before it and white space after it, as the server keeps it. */
  get text() {
    return written(this.field.value);
  }

  /** Whether there is something to send: words, or files. */
  get sendable() {
    return Boolean(this.text) || this.#attached;
  }

  /** Set whether there are files to send, which need no words. */
  set attached(yes) {
    this.#attached = yes;
    this.field.required = !yes;
    this.#changed();
  }

  /** Whether the stop button stands in place of the send button. */
  get answering() {
    return "answering" in this.card.dataset;
  }

  set answering(yes) {
    this.card.toggleAttribute("data-answering", yes);
  }

  /** Append a text to what is typed, and focus the field. */
  put(text) {
    this.field.value = [this.text, text].filter(Boolean).join("\n");
    this.#changed();
    this.field.focus();
  }

  /** Put words at the caret, apart from what stands there, and focus the field. Returns false where there is no room. */
  insert(words) {
    const { value, selectionEnd: caret, maxLength } = this.field;
    const before = /\S$/.test(value.slice(0, caret)) ? " " : "";
    const after = /^[\p{L}\p{N}]/u.test(value.slice(caret)) ? " " : "";
    const text = before + words + after;
    if (value.length + text.length > maxLength) return false;
    this.field.setRangeText(text, caret, caret, "end");
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus();
    return true;
  }

  /** Clear the field and its draft. */
  clear() {
    this.field.value = "";
    this.#changed();
  }

  #changed() {
    this.button.disabled = !this.sendable;
    draft.write(this.form.dataset.draft, this.field.value);
    if (grows) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #key(event) {
    // Enter may end a word in an input method, which Safari reports by the key code alone.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing || touch.matches) return;
    event.preventDefault();
    if (this.sendable) this.form.requestSubmit(this.button);
  }
}
