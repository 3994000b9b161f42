// Actions on a message of the thread: edit, retry, and feedback.

import { written } from "../shared/composer.js";
import { post } from "../shared/http.js";
import { draft, newId } from "../shared/store.js";
import { notice, piece, word } from "../shared/words.js";
import { storedText } from "./message-text.js";

const ACCEPT_TIMEOUT = 6_000;
const THANKS_TIME = 5_000;

export class Actions {
  /**
   * @param {HTMLElement} thread
   * @param {function(object): boolean} send Sends a message on the socket; false without a connection.
   */
  constructor(thread, send) {
    this.thread = thread;
    this.send = send;
    thread.addEventListener("click", (event) => this.#click(event));
    for (const link of thread.querySelectorAll("[data-edit]")) if (draft.read(editName(link))) this.edit(link);
  }

  /** The server refused an edit or a retry: show its sentence in the form, or else above the composer. */
  refused({ id, sentence }) {
    const form = this.thread.querySelector(`form[data-id="${id}"]`);
    if (form) showError(form, sentence);
    else notice(sentence);
  }

  /** Open the form to edit the message of `link`, with its draft or the text that is stored. */
  async edit(link) {
    const article = link.closest(".message");
    const kept = draft.read(editName(link));
    const text = kept || (await Promise.resolve(storedText(article)).catch(() => ""));
    if (!text) notice(word("failed"));
    if (text && !article.querySelector(".edit")) this.#open(link, article, text);
  }

  #open(link, article, text) {
    const form = piece("edit-form");
    const prose = article.querySelector(".prose");
    const close = () => {
      form.remove();
      prose.hidden = false;
      draft.write(editName(link), "");
      link.focus();
    };
    form.action = link.dataset.edit;
    form.elements.text.value = text;
    form.elements.text.addEventListener("input", () => draft.write(editName(link), form.elements.text.value));
    form.querySelector("[data-cancel]").addEventListener("click", close);
    form.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Escape") close();
      if (event.key === "Escape") event.stopPropagation();
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendEdit(form, article, link);
    });
    prose.hidden = true;
    article.prepend(form);
    form.elements.text.focus();
  }

  async #sendEdit(form, article, link) {
    const text = written(form.elements.text.value);
    if (!text) return;
    form.dataset.id ??= newId();
    const message = { type: "edit", message: article.dataset.message, id: form.dataset.id, text };
    form.querySelector("button").disabled = true;
    if (!this.send(message)) await this.#post(form.action, { id: message.id, text }, form);
    draft.write(editName(link), "");
    setTimeout(() => form.isConnected && showError(form, word("unsent")), ACCEPT_TIMEOUT);
  }

  /** Without a socket: send by HTTP, and reload the page. */
  async #post(url, fields, form) {
    const response = await post(url, fields).catch(() => null);
    if (response?.ok) location.reload();
    else if (form) showError(form, word("unsent"));
    else notice(word("failed"));
  }

  #click(event) {
    const target = event.target.closest("[data-edit], [data-retry], .icon-good, .icon-bad");
    if (!target || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    notice("");
    if (target.matches("[data-edit]")) this.edit(target);
    else if (target.matches("[data-retry]")) this.#retry(target);
    else this.#feedback(target);
  }

  #retry(button) {
    const message = button.closest(".message").dataset.message;
    const id = newId();
    if (!this.send({ type: "retry", message, id })) this.#post(button.formAction, { id });
  }

  async #feedback(button) {
    const footer = button.closest(".message-footer");
    const good = button.value;
    footer.querySelectorAll(".feedback-form, [data-thanks]").forEach((old) => old.remove());
    const response = await post(button.formAction, { good }).catch(() => null);
    if (!response?.ok) return notice(word("failed"));
    for (const one of footer.querySelectorAll(".icon-good, .icon-bad")) one.setAttribute("aria-pressed", one === button);
    if (good === "1") return thank(footer);
    const form = piece("feedback-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendWord(form, button.formAction, good);
    });
    footer.append(form);
    return form.elements.word.focus();
  }

  async #sendWord(form, url, good) {
    const response = await post(url, { good, word: form.elements.word.value }).catch(() => null);
    if (!response?.ok) return notice(word("failed"));
    thank(form.parentNode);
    return form.remove();
  }
}

function thank(footer) {
  const line = piece("thanks");
  footer.append(line);
  setTimeout(() => line.remove(), THANKS_TIME);
}

function editName(link) {
  return `edit:${link.closest(".message").dataset.message}`;
}

function showError(form, sentence) {
  const line = form.querySelector(".trouble");
  line.textContent = sentence;
  line.hidden = false;
  form.querySelector("button").disabled = false;
}
