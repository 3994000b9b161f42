// Where a sentence that is read stands on the page, whatever marks and elements are within it.

import { ADDED } from "./plain-text.js";

const SPOKEN = /[\p{L}\p{N}]/u;
// The signs after the last letter, such as a full stop and a quotation mark.
const SIGNS = /[^\s\p{L}\p{N}]*/uy;

/**
 * @param {HTMLElement} block
 * @param {string} sentence
 * @param {number} from Its letters before this one are not looked at.
 * @returns {{range: Range, end: number}|null} `end` is the letter after it. Null where its words do not stand there.
 */
export function rangeOf(block, sentence, from) {
  const letters = lettersOf(block);
  const wanted = [...sentence].filter((letter) => SPOKEN.test(letter)).join("");
  const place = wanted ? letters.map(({ letter }) => letter).join("").indexOf(wanted, from) : -1;
  if (place < 0) return null;
  const last = letters[place + wanted.length - 1];
  const range = document.createRange();
  range.setStart(letters[place].node, letters[place].offset);
  SIGNS.lastIndex = last.offset + 1;
  SIGNS.test(last.node.data);
  range.setEnd(last.node, SIGNS.lastIndex);
  return { range, end: place + wanted.length };
}

/** Each letter and digit, in units of UTF-16, with the text node that it stands in. */
function lettersOf(block) {
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => (
    node instanceof Element && node.matches(`${ADDED}, .cite, pre`) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT
  ));
  const letters = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!(node instanceof Text)) continue;
    let offset = 0;
    for (const letter of node.data) {
      if (SPOKEN.test(letter)) for (const [index, unit] of letter.split("").entries()) letters.push({ letter: unit, node, offset: offset + index });
      offset += letter.length;
    }
  }
  return letters;
}
