// Ideas for what to draw, and better words for what is there.

import { parse, post, sentenceOf } from "../shared/http.js";
import { notice, word } from "../shared/words.js";

const PATIENCE = 30_000;

/** `begin()` makes sure that the visitor is somebody, `text()` gives the words so far, `write(text)` replaces them. */
export function listenForIdeas(form, { url, begin, text, write }) {
  const place = document.getElementById("ideas");

  form.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-ideas], [data-idea]");
    if (button?.matches("[data-idea]")) {
      write(button.dataset.idea);
      place.replaceChildren();
    } else if (button) await ask(button);
  });

  async function ask(button) {
    button.disabled = true;
    button.classList.add("busy");
    if (await begin()) await show(button.dataset.ideas ? text() : "");
    button.disabled = false;
    button.classList.remove("busy");
  }

  async function show(prompt) {
    const response = await post(url, { prompt }, PATIENCE).catch(() => null);
    if (response?.ok) place.replaceChildren(parse(await response.text()));
    else notice((await sentenceOf(response)) || word("failed"));
  }
}
