// Ideas for what to draw, and better words for what is there.

import { parse, post, sentenceOf } from "../shared/http.js";
import { notice, word } from "../shared/words.js";

const PATIENCE = 30_000;

/** `begin()` makes sure that the visitor is somebody, `text()` gives the words so far, `write(text)` replaces them. */
export function listenForIdeas(form, { url, begin, text, write }) {
  const place = document.getElementById("ideas");
  let newest = 0;

  form.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-ideas], [data-idea]");
    if (button?.matches("[data-idea]")) {
      newest += 1;
      write(button.dataset.idea);
      place.replaceChildren();
    } else if (button) await ask(button);
  });

  async function ask(button) {
    button.disabled = true;
    button.classList.add("busy");
    const prompt = button.dataset.ideas ? text() : "";
    newest += 1;
    if (await begin()) await show(prompt, newest);
    button.disabled = false;
    button.classList.remove("busy");
  }

  /** Ideas in the place of those before, unless other ones were asked for meanwhile, or the words to better are gone. */
  async function show(prompt, turn) {
    const response = await post(url, { prompt }, PATIENCE).catch(() => null);
    const html = response?.ok ? await response.text() : "";
    if (turn !== newest || (prompt && prompt !== text())) return;
    if (html) place.replaceChildren(parse(html));
    else notice((await sentenceOf(response)) || word("failed"));
  }
}
