// Texts and templates that the page holds for the scripts, so that they are translated with it, and its two status lines.

/**
 * @param {string} name
 * @returns {string} The text in the page's attribute `data-word-NAME`.
 */
export function word(name) {
  const attribute = `data-word-${name}`;
  return document.querySelector(`[${attribute}]`).getAttribute(attribute);
}

/** `name` for a sentence, whose direction it does not change. */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

/**
 * @param {string} name
 * @returns {Element} A copy of the element in the page's `<template id=NAME>`.
 */
export function piece(name) {
  return document.getElementById(name).content.firstElementChild.cloneNode(true);
}

/** Announce `text` to screen readers. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

let lasting = "";

/** Show `text` in the line above the composer; an empty one hides it, or shows what lasts again. */
export function notice(text) {
  document.getElementById("notice").textContent = text || lasting;
}

/** Have `text` stand there from now on, until something else is said and whenever that is over; an empty one ends that. */
export function lastingNotice(text) {
  const line = document.getElementById("notice");
  // What was said meanwhile stays.
  if (!lasting || line.textContent === lasting) line.textContent = text;
  lasting = text;
}
