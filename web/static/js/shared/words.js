// Words the scripts need. They stand in the page, so that they are translated with it.

export function word(name) {
  const attribute = `data-word-${name}`;
  return document.querySelector(`[${attribute}]`).getAttribute(attribute);
}

/** A copy of what the page's `<template id=name>` holds. */
export function piece(name) {
  return document.getElementById(name).content.firstElementChild.cloneNode(true);
}

/** Say it to those who listen. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

/** A quiet line over the composer; an empty text takes it away. */
export function notice(text) {
  document.getElementById("notice").textContent = text;
}
