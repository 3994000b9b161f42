// What a message or a vote says, in words.

import { isolated } from "../../shared/words.js";

// What has no words of its own bears a label.
const THINGS = ".message-picture img, .message-sound, .message-video, .message-files .file-name";

/** Who said `article`, or asks in it; empty for a line about the room. */
export function speakerOf(article) {
  return article.querySelector(".speaker, .poll-asked bdi")?.textContent.trim() ?? "";
}

/** What stands in `article`: its words, and what its pictures, recordings and files are. */
export function wordsOf(article) {
  const shown = [...article.querySelectorAll(`.prose .block, ${THINGS}`)];
  return shown.map((one) => one.alt ?? one.ariaLabel ?? one.textContent).join(" ").trim().replace(/\s+/g, " ");
}

/** `article` in a sentence. */
export function sentenceFor(article) {
  const name = speakerOf(article);
  const question = article.querySelector(".poll-question")?.textContent;
  if (question) return `${article.querySelector(".poll-asked")?.textContent ?? ""} ${question}`.trim();
  return name ? `${isolated(name)}: ${wordsOf(article)}` : article.textContent.trim();
}
