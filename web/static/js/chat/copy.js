// The buttons that copy: a message as Markdown, an answer as plain text, a piece of code.

import { announce, notice, word } from "../shared/words.js";
import { storedText } from "./message-text.js";
import { textOf } from "./plain-text.js";

const CONFIRM_TIME = 1_500;
const BUTTONS = "[data-copy-message], [data-copy-text], .copy-code";
const confirming = new WeakSet();
let refused = false;

/** What a button copies: a text, or the promise of one. */
function textFor(button) {
  const article = button.closest(".message");
  if (button.matches("[data-copy-message]")) return storedText(article);
  if (button.matches("[data-copy-text]")) return textOf(article.querySelector(".prose"), true);
  return button.closest("figure").querySelector("code").textContent;
}

/** Put `text`, or the promise of one, into the clipboard. Rejects when the browser refuses, or the text does not arrive. */
export async function copy(text) {
  if (!navigator.clipboard) return copyBySelection(await text);
  if (typeof text === "string" || !window.ClipboardItem) return navigator.clipboard.writeText(await text);
  // After a wait the click no longer counts in some browsers: they take the promise instead.
  const blob = text.then((found) => new Blob([found], { type: "text/plain" }));
  blob.catch(() => {});
  return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

/** Over plain HTTP there is no clipboard API; the older command works. */
function copyBySelection(text) {
  const focused = document.activeElement;
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "sr-only" });
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  if (!copied) throw new Error("the browser refused");
}

function confirmCopy(button) {
  announce(word("copied"));
  if (confirming.has(button)) return;
  confirming.add(button);
  const before = button.textContent;
  const icon = [...button.classList].find((name) => name.startsWith("icon-"));
  if (icon) button.classList.replace(icon, "icon-check");
  else button.textContent = word("copied");
  setTimeout(() => {
    confirming.delete(button);
    if (icon) button.classList.replace("icon-check", icon);
    else button.textContent = before;
  }, CONFIRM_TIME);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.(BUTTONS);
  if (!button) return;
  announce("");
  const text = textFor(button);
  try {
    await copy(text);
    confirmCopy(button);
    if (refused) notice("");
    refused = false;
  } catch {
    refused = true;
    const arrived = await Promise.resolve(text).then(() => true, () => false);
    notice(word(arrived ? "uncopied" : "failed"));
  }
});

/** A text that is there before the click is copied at once, in every browser. */
function prefetch(event) {
  const button = event.target.closest?.("[data-copy-message], [data-edit]");
  const article = button?.closest("[data-message]");
  if (article) Promise.resolve(storedText(article)).catch(() => { /* The click will try again, and say so. */ });
}

document.addEventListener("pointerover", prefetch);
document.addEventListener("focusin", prefetch);
