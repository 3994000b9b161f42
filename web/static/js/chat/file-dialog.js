// The dialog with the text of an attached file.

import { copy as copyText } from "./copy.js";
import { piece } from "../shared/words.js";

const TIMEOUT = 20_000;

/**
 * The text of an attachment.
 * @param {string} url Of the text alone.
 * @returns {Promise<string>} Rejects when it cannot be loaded.
 */
async function loadText(url) {
  const response = await fetch(url, { headers: { "X-Fragment": "1" }, signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.text();
}

/**
 * Show a file.
 * @param {{name: string, size: string, url: string, text: string|null, sentence: string,
 *   back: (function(string): (function(): void|null))|undefined}} file `url` of its text, empty where it was not uploaded;
 *   `text` where it is known; `sentence` for when it cannot be loaded; `back` gives what puts it into the message, or
 *   null where it does not fit.
 */
export async function showFile({ name, size, url, text, sentence, back }) {
  const dialog = piece("file-dialog");
  const pre = dialog.querySelector("pre");
  const trouble = dialog.querySelector(".trouble");
  const download = dialog.querySelector("[data-download]");
  const copy = dialog.querySelector("[data-copy]");
  const into = dialog.querySelector("[data-back]");
  dialog.querySelector(".file-name").textContent = name;
  dialog.querySelector(".file-size").textContent = size;
  download.hidden = !url;
  if (url) download.href = url;
  copy.disabled = true;
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const found = text ?? await loadText(url);
    pre.textContent = found;
    copy.disabled = false;
    copy.addEventListener("click", () => copyAll(found, copy, dialog));
    const put = back?.(found);
    into.hidden = !put;
    into.addEventListener("click", () => {
      dialog.close();
      put();
    });
  } catch {
    trouble.textContent = sentence;
    trouble.hidden = false;
  }
  pre.removeAttribute("aria-busy");
}

async function copyAll(text, button, dialog) {
  const trouble = dialog.querySelector(".trouble");
  trouble.hidden = true;
  try {
    await copyText(text);
    button.textContent = dialog.dataset.wordCopied;
    button.focus();
  } catch {
    trouble.textContent = dialog.dataset.wordUncopied;
    trouble.hidden = false;
  }
}
