// Ideas for what to draw, and better words for a prompt that is there.

import { parse, post, sentenceOf } from "../shared/http.js";
import { notice, word } from "../shared/words.js";

const TIMEOUT = 30_000;

/**
 * Offer ideas below `form`.
 * @param {HTMLFormElement} form
 * @param {{url: string, begin: function(): Promise<boolean>, text: function(): string, write: function(string): void}} page
 *   `begin` makes the visitor a guest, `text` returns the prompt so far, `write` replaces it.
 */
export function listenForIdeas(form, { url, begin, text, write }) {
  const list = document.getElementById("ideas");
  let newest = 0;

  form.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-ideas], [data-idea]");
    if (button?.matches("[data-idea]")) {
      newest += 1;
      write(button.dataset.idea);
      list.replaceChildren();
    } else if (button) await request(button);
  });

  async function request(button) {
    button.disabled = true;
    button.classList.add("busy");
    const prompt = button.dataset.ideas ? text() : "";
    newest += 1;
    if (await begin()) await show(prompt, newest);
    button.disabled = false;
    // A button that was disabled has lost the focus.
    if (document.activeElement === document.body) button.focus();
    button.classList.remove("busy");
  }

  /** Replace the ideas, unless the answer is stale: others were requested meanwhile, or the prompt has changed. */
  async function show(prompt, turn) {
    const response = await post(url, { prompt }, TIMEOUT).catch(() => null);
    const html = response?.ok ? await response.text() : "";
    if (turn !== newest || (prompt && prompt !== text())) return;
    if (html) list.replaceChildren(parse(html));
    else notice((await sentenceOf(response)) || word("failed"));
  }
}
