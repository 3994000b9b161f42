// The versions of a message: shows the earlier or the later one, and keeps the focus on its button.

import { post, sentenceOf } from "../shared/http.js";
import { announce, notice, word } from "../shared/words.js";

async function show(button, refresh) {
  const { value, dataset, formAction } = button;
  notice("");
  const response = await post(formAction).catch(() => null);
  if (!response?.ok) return notice(await sentenceOf(response) || word("failed"));
  if (!await refresh(value)) return notice(word("failed"));
  const same = document.querySelector(`#m-${CSS.escape(value)} [data-show="${dataset.show}"]`);
  if (!same) return undefined;
  same.focus({ preventScroll: true });
  announce(same.closest("[data-version]").dataset.version);
  await painted();
  return same.scrollIntoView({ block: "nearest" });
}

/** After that the thread has scrolled to its end, if it does. */
function painted() {
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}

/**
 * @param {HTMLElement} thread
 * @param {function(string): Promise<boolean>} refresh Shows the messages as they are now; gets the id of the chosen one.
 */
export function switchVersions(thread, refresh) {
  thread.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    if (button.getAttribute("aria-disabled") !== "true") show(button, refresh);
  });
}
