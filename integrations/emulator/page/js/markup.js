// WhatsApp's own formatting, read as WhatsApp reads it: a mistake of the assistant's is seen as a person would see it.

import { make } from "./elements.js";
import { findAddresses, link } from "./links.js";

const MARKS = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;
const BULLET = /^[-*•] +(?=\S)/u;
const NUMBER = /^(\d{1,9})\. +(?=\S)/u;
const QUOTE = /^> ?/u;
const NESTED = 8;

/**
 * @param {string} text A message.
 * @returns {DocumentFragment} As WhatsApp shows it.
 */
export function formatted(text) {
  const fragment = document.createDocumentFragment();
  const fence = /```([\s\S]+?)```/gu;
  let from = 0;
  for (const match of text.matchAll(fence)) {
    fragment.append(...blocks(linesBetween(text.slice(from, match.index), from > 0, true)));
    fragment.append(make("pre", {}, make("code", {}, match[1].replace(/^\n|\n$/gu, ""))));
    from = match.index + match[0].length;
  }
  fragment.append(...blocks(linesBetween(text.slice(from), from > 0, false)));
  return fragment;
}

/** The lines of a text that stands after a block, before one, or both: the ends of their lines make none of their own. */
function linesBetween(text, after, before) {
  const lines = text.split("\n");
  if (after && lines[0] === "") lines.shift();
  if (before && lines.at(-1) === "") lines.pop();
  return lines;
}

/** Lines as paragraphs, lists and quotes. */
function blocks(lines) {
  const made = [];
  let list = null;
  for (const line of lines) {
    const kind = BULLET.test(line) ? "ul" : NUMBER.test(line) ? "ol" : QUOTE.test(line) ? "blockquote" : "p";
    if (kind !== "p" && list?.localName === kind) {
      list.append(item(line, kind));
      continue;
    }
    list = kind === "p" ? null : make(kind, {}, item(line, kind));
    made.push(list ?? make("p", { dir: "auto" }, ...(line ? inline(line) : [make("br")])));
  }
  return made;
}

function item(line, kind) {
  if (kind === "blockquote") return make("p", { dir: "auto" }, ...inline(line.replace(QUOTE, "")));
  const number = kind === "ol" && line.match(NUMBER)[1];
  return make("li", { value: number, dir: "auto" }, ...inline(line.replace(kind === "ul" ? BULLET : NUMBER, "")));
}

/** One line with its marks. An address is whole: marks inside it mean nothing. */
function inline(line, depth = 0) {
  const parts = [];
  const addresses = findAddresses(line);
  let from = 0;
  let at = 0;
  const keep = (end) => end > from && parts.push(line.slice(from, end));
  while (at < line.length) {
    const address = addresses.find((one) => one.at === at);
    const end = address ? at + address.length : closing(line, at, addresses);
    if (!end || depth > NESTED) {
      at += 1;
      continue;
    }
    keep(at);
    parts.push(address ? link(line.slice(at, end)) : marked(line, at, end, depth));
    at = from = end;
  }
  keep(line.length);
  return parts;
}

function marked(line, at, end, depth) {
  if (line[at] === "`") return make("code", {}, line.slice(at + 1, end - 1));
  return make(MARKS[line[at]], {}, ...inline(line.slice(at + 1, end - 1), depth + 1));
}

/** Where the span that begins here ends; 0 when no mark begins here. */
function closing(line, at, addresses) {
  const mark = line[at];
  if (mark !== "`" && !MARKS[mark]) return 0;
  // Two in a row are no mark: `**so**` is shown as it is.
  if (line[at - 1] === mark || (mark !== "`" && WORD.test(line[at - 1] ?? ""))) return 0;
  if (/\s/u.test(line[at + 1] ?? " ") || line[at + 1] === mark) return 0;
  for (let end = at + 2; end < line.length; end += 1) {
    if (line[end] !== mark || addresses.some((one) => end >= one.at && end < one.at + one.length)) continue;
    if (mark === "`") return end + 1;
    if (!/\s/u.test(line[end - 1]) && line[end + 1] !== mark && !WORD.test(line[end + 1] ?? "")) return end + 1;
  }
  return 0;
}
