// Keys that work on the whole page. The page lists them all in a dialog, see web/templates/_keys.html.

import { openSide } from "./sidebar.js";

const apple = /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform);
const dialog = document.getElementById("keys-dialog");
const FIELDS = "input, textarea, select, [contenteditable], audio, video, [role='listbox'], .menu";

for (const key of dialog.querySelectorAll("[data-ctrl]")) if (apple) key.textContent = "⌘";

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-keys]")) showKeys();
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isComposing(event) || document.querySelector("dialog[open]")) return;
  const action = actionOf(event);
  if (!action) return;
  event.preventDefault();
  action();
});

// After the keys above: the rest goes where one writes. The field gets the focus while the key is still going down, so
// that the character, a dead key or an input method lands there by itself.
document.addEventListener("keydown", (event) => {
  const field = document.querySelector(".at-start #text, .in-conversation #text");
  if (field && !event.defaultPrevented && isTyped(event) && isFree(event.target)) field.focus({ preventScroll: true });
});

function actionOf(event) {
  const { key, target } = event;
  const held = apple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (held && !event.altKey && !event.shiftKey && key.toLowerCase() === "k") return search;
  if (held && !event.altKey && event.shiftKey && key.toLowerCase() === "o") return beginAnew;
  if (isModified(event)) return null;
  if (target.id === "text" && key === "ArrowUp" && !event.shiftKey && !target.value) return editLast();
  if (target.matches?.("[data-search] input") && key === "Escape" && !target.value) return leaveSearch();
  if (!isFree(target)) return null;
  return { "/": search, "?": showKeys }[key];
}

/** Whether the key writes a character, or begins one. Space has other uses: it scrolls, and presses buttons. */
function isTyped(event) {
  const starts = event.key === "Dead" || event.key === "Process" || event.keyCode === 229;
  return !isModified(event) && (starts || ([...event.key].length === 1 && event.key !== " "));
}

/** Whether nothing else has a use for keys: no field, no dialog, menu or sheet, no text selected to be copied. */
function isFree(target) {
  const open = document.querySelector("dialog[open], :popover-open");
  return !open && !target.closest?.(FIELDS) && getSelection().isCollapsed;
}

function isModified(event) {
  return (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
}

/** Safari reports the Enter that ends a word of an input method by the key code alone. */
function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

function search() {
  const field = document.querySelector("main .search input") ?? document.querySelector("[data-search] input");
  if (!field) return;
  if (field.closest("#side")) openSide();
  field.focus();
  field.select();
}

function beginAnew() {
  location.assign(document.querySelector(".brand").href);
}

function showKeys() {
  const sheet = document.getElementById("side");
  if (sheet.matches(":popover-open")) sheet.hidePopover();
  dialog.showModal();
}

/** To the field where one writes, unless the sheet with the search is open, which closes itself. */
function leaveSearch() {
  const field = document.getElementById("text");
  return field && !document.querySelector(":popover-open") ? () => field.focus() : null;
}

/** Edit the person's last message, if there is one. */
function editLast() {
  const last = [...document.querySelectorAll(".message-user:not(.pending)")].at(-1);
  const open = last?.querySelector(".edit textarea");
  const link = last?.querySelector("[data-edit]");
  if (open) return () => open.focus();
  return link ? () => link.click() : null;
}
