// Elements made by scripts. Whatever the assistant or a person wrote becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag An element's name, with its classes: "p.soft.small".
 * @param {object} [properties] Attributes by name, `on` with listeners by event; false and null are left out.
 * @param {...(Node|string|null|false|undefined)} children Strings become text.
 * @returns {HTMLElement}
 */
export function make(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child || child === 0));
  return element;
}

/**
 * @param {string} name One of the symbols in the page, as "send".
 * @returns {SVGElement} The icon, which screen readers pass over.
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", name === "band" ? "band" : "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** @returns {HTMLElement} A copy of the element in the page's `<template id=NAME>`. */
export function piece(name) {
  return document.getElementById(name).content.firstElementChild.cloneNode(true);
}

/** Say `text` to screen readers. */
export function announce(text) {
  const line = document.getElementById("spoken");
  line.append(make("p", {}, text));
  while (line.childElementCount > 20) line.firstElementChild.remove();
}

let hiding = 0;

/** Show what went wrong, for a while. */
export function complain(text) {
  const line = document.getElementById("problem");
  clearTimeout(hiding);
  line.textContent = text;
  line.hidden = false;
  hiding = setTimeout(() => { line.hidden = true; }, 8_000);
}
