// One's own words, changed in their place. What is typed is kept over a reload.

import { fragment, post, sentenceOf } from "../../shared/http.js";
import { written } from "../../shared/composer.js";
import { draft } from "../../shared/store.js";
import { notice, word } from "../../shared/words.js";

export class Edit {
  /**
   * @param {HTMLElement} thread
   * @param {function(): void} onSaved Called once the server has taken an edit.
   */
  constructor(thread, onSaved) {
    this.onSaved = onSaved;
    thread.addEventListener("click", (event) => {
      const link = event.target.closest("[data-edit]");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.#open(link);
    });
    for (const link of thread.querySelectorAll(".message-user [data-edit]")) if (draft.read(nameOf(link))) this.#open(link);
  }

  async #open(link) {
    const article = link.closest(".message");
    notice("");
    const form = (await fragment(link.href))?.querySelector("form");
    if (!form) return notice(word("failed"));
    // Perhaps it was pressed twice.
    if (article.querySelector(".edit")) return undefined;
    const prose = article.querySelector(".prose");
    const field = form.elements.text;
    const close = () => {
      draft.write(nameOf(link), "");
      prose.hidden = false;
      form.remove();
      link.focus();
    };
    field.value = draft.read(nameOf(link)) || field.value;
    field.addEventListener("input", () => draft.write(nameOf(link), field.value));
    form.querySelector("[data-cancel]").addEventListener("click", (event) => {
      event.preventDefault();
      close();
    });
    form.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Escape") close();
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save(form, close);
    });
    prose.hidden = true;
    article.querySelector(".said-line").before(form);
    return field.focus();
  }

  async #save(form, close) {
    const button = form.querySelector("button");
    // A button that is disabled loses the focus.
    form.elements.text.focus({ preventScroll: true });
    button.disabled = true;
    const response = await post(form.action, { text: written(form.elements.text.value) }).catch(() => null);
    button.disabled = false;
    if (response?.ok) {
      close();
      return this.onSaved();
    }
    const line = form.querySelector(".trouble");
    line.textContent = (await sentenceOf(response)) || word("failed");
    line.hidden = false;
    if (response?.status === 404) document.dispatchEvent(new Event("missing"));
    return undefined;
  }
}

function nameOf(link) {
  return `edit:${link.closest(".message").dataset.message}`;
}
