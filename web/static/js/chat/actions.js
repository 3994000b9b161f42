// Actions on a message of the thread: edit, retry, and feedback.

import { written } from "../shared/composer.js";
import { post } from "../shared/http.js";
import { draft, newId } from "../shared/store.js";
import { announce, notice, piece, word } from "../shared/words.js";
import { Tray } from "./attachments.js";
import { storedText } from "./message-text.js";

const ACCEPT_TIMEOUT = 6_000;
const THANKS_TIME = 5_000;

export class Actions {
  #retrying = {};

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
    if (this.#retrying.id === id) this.#retrying = {};
    const form = this.thread.querySelector(`form[data-id="${id}"]`);
    if (form) showError(form, sentence);
    else notice(sentence);
  }

  /** Open the form to edit the message of `link`, with its draft or the text that is stored. */
  async edit(link) {
    const article = link.closest(".message");
    const kept = draft.read(editName(link));
    const text = kept || (await Promise.resolve(storedText(article)).catch(() => null));
    if (text === null) notice(word("failed"));
    else if (!article.querySelector(".edit")) this.#open(link, article, text);
  }

  #open(link, article, text) {
    const form = piece("edit-form");
    const prose = article.querySelector(".prose");
    const files = article.querySelector(".message-files");
    const close = () => {
      tray.discard();
      form.remove();
      if (files) files.hidden = false;
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
      this.#sendEdit(form, article, link, tray);
    });
    const field = form.elements.text;
    const tray = new Tray(form, { kept: filesOf(article), onChange: (some) => { field.required = !some; } });
    prose.hidden = true;
    if (files) files.hidden = true;
    article.prepend(form);
    form.elements.text.focus();
  }

  async #sendEdit(form, article, link, tray) {
    const text = written(form.elements.text.value);
    if (tray.hold() || (!text && !tray.ids.length)) return;
    form.dataset.id ??= newId();
    const message = { type: "edit", message: article.dataset.message, id: form.dataset.id, text, attachments: tray.ids };
    const fields = [["id", message.id], ["text", text], ...tray.ids.map((id) => ["attachments", id])];
    // A button that is disabled loses the focus.
    form.elements.text.focus({ preventScroll: true });
    form.querySelector("button").disabled = true;
    if (!this.send(message)) await this.#post(form.action, fields, form);
    draft.write(editName(link), "");
    setTimeout(() => form.isConnected && form.querySelector("button").disabled && showError(form, word("unsent")), ACCEPT_TIMEOUT);
  }

  /** Without a socket: send by HTTP, and reload the page. */
  async #post(url, fields, form) {
    const response = await post(url, fields).catch(() => null);
    if (response?.status === 404) document.dispatchEvent(new Event("missing"));
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
    else if (target.matches("[data-retry]")) this.retry(target.closest(".message"), target.formAction, target.value);
    else this.#feedback(target);
  }

  /** Ask for another answer in place of that of `article`, as `revision` says; once, however often it is called. */
  retry(article, url, revision) {
    if (this.#retrying.article !== article) this.#retrying = { article, id: newId() };
    const { id } = this.#retrying;
    const message = article.dataset.message;
    if (!this.send({ type: "retry", message, id, revision })) this.#post(url, { id, revision });
  }

  async #feedback(pressed) {
    const { id } = pressed.closest(".message");
    const back = pressed.ariaPressed === "true";
    const good = pressed.matches(".icon-good") ? "1" : "0";
    const response = await post(pressed.formAction, { good: back ? "none" : good }).catch(() => null);
    if (!response?.ok) return failed(response);
    this.thread.dispatchEvent(new Event("edited"));
    // A refresh may have put another in its place.
    const footer = document.getElementById(id).querySelector(".message-footer");
    const button = footer.querySelector(good === "1" ? ".icon-good" : ".icon-bad");
    footer.querySelectorAll(".feedback-form, [data-thanks]").forEach((old) => old.remove());
    for (const one of footer.querySelectorAll(".icon-good, .icon-bad")) press(one, one === button && !back);
    if (back) return announce(word("taken-back"));
    if (good === "1") return thank(footer);
    const form = piece("feedback-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendWord(form, button, good);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing || event.keyCode === 229) return;
      event.stopPropagation();
      form.remove();
      button.focus();
    });
    footer.append(form);
    return form.elements.word.focus();
  }

  async #sendWord(form, button, good) {
    const response = await post(button.formAction, { good, word: form.elements.word.value }).catch(() => null);
    if (!response?.ok) return failed(response);
    const focused = form.contains(document.activeElement);
    thank(form.parentNode);
    form.remove();
    if (focused) button.focus();
    return undefined;
  }
}

/** A thumb that is pressed takes itself back. */
function press(button, pressed) {
  button.setAttribute("aria-pressed", pressed);
  button.value = pressed ? "none" : Number(button.matches(".icon-good"));
}

function failed(response) {
  notice(word("failed"));
  if (response?.status === 404) document.dispatchEvent(new Event("missing"));
}

function thank(footer) {
  const line = piece("thanks");
  footer.append(line);
  setTimeout(() => line.remove(), THANKS_TIME);
}

function editName(link) {
  return `edit:${link.closest(".message").dataset.message}`;
}

function filesOf(article) {
  return [...article.querySelectorAll("[data-file]")].map((link) => ({
    id: link.dataset.file,
    name: link.title,
    short: link.querySelector(".file-name")?.textContent ?? link.title,
    size: link.dataset.size,
    picture: link.dataset.picture,
  }));
}

function showError(form, sentence) {
  const line = form.querySelector(".trouble");
  line.textContent = sentence;
  line.hidden = false;
  form.querySelector("button").disabled = false;
  announce(sentence);
}
