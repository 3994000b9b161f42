// What the model thinks before it answers: a line over the answer that opens.

import { parse } from "../shared/http.js";
import { piece } from "../shared/words.js";

/**
 * Show a `reasoning` message in an answer, see docs/protocol.md.
 * @param {HTMLElement} article
 * @param {{ previous: number | null, text: string, thinking: boolean, sentence: string }} message
 */
export function showReasoning(article, { previous, text, thinking, sentence }) {
  const details = article.querySelector(".reasoning") ?? insert(article, piece("reasoning"));
  const place = thoughts(details);
  if (previous === null) place.replaceChildren();
  // One text node, as the server renders it: the message stays equal to itself when the thread is fetched again.
  if (place.firstChild) place.firstChild.appendData(text);
  else place.append(text);
  caption(details, thinking, sentence);
}

/**
 * Show the reasoning of a finished answer.
 * @param {HTMLElement} article
 * @param {string} html Empty where the model did not think.
 */
export function finishReasoning(article, html) {
  const old = article.querySelector(".reasoning");
  const fresh = parse(html).querySelector(".reasoning");
  if (old && fresh && thoughts(old).textContent.trimEnd() === thoughts(fresh).textContent) {
    // It may be open, being read, or selected: only the white space at its end goes.
    const { data, length } = thoughts(fresh).firstChild;
    if (thoughts(old).textContent !== data) thoughts(old).firstChild.deleteData(length, 1e9);
    return caption(old, false, fresh.querySelector("summary span").textContent);
  }
  if (fresh) insert(article, fresh).open = old?.open ?? false;
  return old?.remove();
}

function thoughts(details) {
  return details.querySelector(".thoughts");
}

function insert(article, details) {
  article.querySelector(".prose").before(details);
  return details;
}

function caption(details, thinking, sentence) {
  details.toggleAttribute("data-thinking", thinking);
  const line = details.querySelector("summary span");
  if (line.textContent !== sentence) line.textContent = sentence;
}
