// Copying what was selected on the page: the words of the messages alone, with formulas as TeX.

import { ADDED, isSpaceBeforeHost, number, tex, textOf } from "./plain-text.js";

const KEPT_ATTRIBUTES = new Set(["href", "start", "value", "alt", "src", "data-exact"]);
// What a selection within one of these is a part of.
const AROUND = "ul, ol, table, thead, tbody, tr";
const EXACT = "pre, .plain, .thoughts";

/** @param {HTMLElement} thread */
export function copySelections(thread) {
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (event.target.closest?.("input, textarea") || selection.rangeCount !== 1 || selection.isCollapsed) return;
    if (!selection.getRangeAt(0).intersectsNode(thread)) return;
    const range = withinThread(selection.getRangeAt(0).cloneRange(), thread);
    const exact = elementOf(range.commonAncestorContainer).closest(EXACT);
    const copied = exact ? exact.cloneNode() : document.createElement("div");
    copied.append(exact ? range.cloneContents() : withAncestors(range));
    const text = exact ? copied.textContent : textOf(copied);
    if (!text) return;
    event.clipboardData.setData("text/plain", text);
    event.clipboardData.setData("text/html", htmlOf(copied));
    event.preventDefault();
  });
}

/** `range` without what lies outside of `thread`, and with formulas whole. */
function withinThread(range, thread) {
  if (!thread.contains(range.startContainer)) range.setStart(thread, 0);
  if (!thread.contains(range.endContainer)) range.setEnd(thread, thread.childNodes.length);
  const first = elementOf(range.startContainer).closest("math, code.formula");
  const last = elementOf(range.endContainer).closest("math, code.formula");
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  return range;
}

function elementOf(node) {
  return node instanceof Element ? node : node.parentNode;
}

/** A copy of the range, in the list or table that it is a part of; numbers of items stay. */
function withAncestors(range) {
  let copied = range.cloneContents();
  numberFirstItems(range, copied);
  for (let place = elementOf(range.commonAncestorContainer); place.matches(AROUND); place = place.parentNode) {
    const around = place.cloneNode();
    around.append(copied);
    copied = around;
  }
  return copied;
}

/** Where the range starts within numbered items, their copies are the first in their lists: give them their numbers. */
function numberFirstItems(range, copied) {
  const path = [];
  let node = range.startContainer.childNodes[range.startOffset] ?? range.startContainer;
  for (; node !== range.commonAncestorContainer; node = node.parentNode) path.unshift(node);
  let copy = copied;
  for (const original of path) {
    copy = copy?.firstChild;
    if (original.parentNode.nodeName === "OL" && copy?.nodeName === "LI") copy.value = number(original);
  }
}

/** The same as HTML for other programs, without what only this page understands. */
function htmlOf(copied) {
  for (const added of copied.querySelectorAll(ADDED)) {
    if (added.previousSibling && isSpaceBeforeHost(added.previousSibling)) added.previousSibling.remove();
    added.remove();
  }
  for (const formula of copied.querySelectorAll("math, code.formula")) formula.replaceWith(tex(formula));
  for (const chip of copied.querySelectorAll(".cite")) chip.textContent = `[${chip.textContent}]`;
  const whole = document.createElement("div");
  whole.append(copied);
  for (const element of whole.querySelectorAll("*")) {
    if (element.matches(".plain:not(:has(.plain))")) element.dataset.exact = "";
    if (element.matches("a[href]")) element.setAttribute("href", element.dataset.to ?? element.href);
    if (element.matches("img")) element.setAttribute("src", element.src);
    for (const { name } of [...element.attributes]) if (!KEPT_ATTRIBUTES.has(name)) element.removeAttribute(name);
  }
  // A style can be written here, but not set on an element: the page forbids styles of its own.
  return whole.innerHTML.replaceAll(' data-exact=""', ' style="white-space: pre-wrap"');
}
