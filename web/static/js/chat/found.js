// The message that a link leads to, as from a search: scrolled to, focused, and highlighted for a while.

const HIGHLIGHT_TIME = 4_000;
const RETURNS = ["reload", "back_forward"];

/**
 * Show the message that the address names, if it is on the page. After a reload the reader's place counts, see place.js.
 * @param {Autoscroll} autoscroll
 * @returns {boolean} Whether it is.
 */
export function showFound(autoscroll) {
  if (RETURNS.includes(performance.getEntriesByType("navigation")[0]?.type)) return false;
  const article = location.hash.startsWith("#m-") && document.getElementById(location.hash.slice(1));
  if (!article) return false;
  article.classList.add("found");
  article.tabIndex = -1;
  article.focus({ preventScroll: true });
  autoscroll.show(article.id, middle(article.offsetHeight));
  setTimeout(() => article.classList.remove("found"), HIGHLIGHT_TIME);
  return true;
}

/** Where the top of what is so high stands; undefined for what is too high for the middle. */
function middle(height) {
  return height < innerHeight / 2 ? Math.round((innerHeight - height) / 2) : undefined;
}
