// The stored text of a message, mark by mark: fetched when it is wanted, as the page holds the messages as HTML only.

const TIMEOUT = 15_000;

/** By article: the text, or its promise while it is fetched. A message never changes, so it goes with its article. */
const texts = new WeakMap();

async function request(article) {
  const address = document.getElementById("thread").dataset.text.replace(/0{8}(-0+)+/, article.dataset.message);
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`the text was not sent: ${response.status}`);
  return response.text();
}

/**
 * @param {HTMLElement} article A message that is whole.
 * @returns {string|Promise<string>} The text itself once it is known; the promise rejects when the request fails.
 */
export function storedText(article) {
  if (!texts.has(article)) {
    const requested = request(article);
    texts.set(article, requested);
    requested.then((text) => texts.set(article, text), () => texts.delete(article));
  }
  return texts.get(article);
}
