// Addresses in text as links that open outside. Nothing is fetched for them.

import { make } from "./elements.js";

const ADDRESS = /\b(?:https?:\/\/|www\.)[^\s<>"“”«»]+/giu;
const TRAILING = /[.,;:!?'’*_~`\])}]+$/u;

/** An address without what ends the sentence around it; a closing bracket stays where its opening one is inside. */
function trimmed(address) {
  let end = address.length;
  for (;;) {
    const part = address.slice(0, end);
    const tail = part.match(TRAILING)?.[0];
    if (!tail) return part;
    const last = part.at(-1);
    if (last === ")" && part.split("(").length === part.split(")").length) return part;
    if (last === "_" && /[\w/]_+$/u.test(part) && !/[*~`]/u.test(tail)) return part;
    end -= 1;
  }
}

/**
 * @param {string} text
 * @returns {Array<{at: number, length: number}>} Where addresses stand in it.
 */
export function findAddresses(text) {
  return [...text.matchAll(ADDRESS)].map((match) => ({ at: match.index, length: trimmed(match[0]).length }));
}

/**
 * @param {string} address
 * @returns {string|null} What a link may lead to: only http and https.
 */
export function target(address) {
  try {
    const url = new URL(/^www\./i.test(address) ? `https://${address}` : address);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** @returns {HTMLElement|string} The link, or plain text where it could lead nowhere good. */
export function link(address, words = address) {
  const href = target(address);
  return href ? make("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, words) : words;
}

/** @returns {Array<Node|string>} Text with its addresses as links. */
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const { at, length } of findAddresses(text)) {
    parts.push(text.slice(from, at), link(text.slice(at, at + length)));
    from = at + length;
  }
  return [...parts, text.slice(from)].filter((part) => part !== "");
}
