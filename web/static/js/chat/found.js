// The message that a link leads to, as from a search: scrolled to, focused, and highlighted for a while.

const HIGHLIGHT_TIME = 4_000;
const PAINTS_TO_SETTLE = 3;

/**
 * Show the message that the address names, if it is on the page. After a reload the reader's place counts, see place.js.
 * @param {Autoscroll} autoscroll
 * @returns {boolean} Whether it is.
 */
export function showFound(autoscroll) {
  if (performance.getEntriesByType("navigation")[0]?.type !== "navigate") return false;
  const article = location.hash.startsWith("#m-") && document.getElementById(location.hash.slice(1));
  if (!article) return false;
  autoscroll.hold();
  article.classList.add("found");
  article.tabIndex = -1;
  article.focus({ preventScroll: true });
  settle(article, PAINTS_TO_SETTLE);
  setTimeout(() => article.classList.remove("found"), HIGHLIGHT_TIME);
  return true;
}

/** Messages above get their true size only when they are first painted. */
function settle(article, paints) {
  article.scrollIntoView({ block: article.offsetHeight < innerHeight / 2 ? "center" : "start" });
  if (paints) requestAnimationFrame(() => settle(article, paints - 1));
}
