// The list of conversations in the side bar.

import { fragment } from "./http.js";
import { piece } from "./words.js";

let searching = new AbortController();

/** Fetch the list again, filtered by the search field. A newer call aborts an older one. */
export async function refreshList() {
  const list = document.querySelector("[data-list]");
  if (!list || list.querySelector(".rename")) return;
  searching.abort();
  searching = new AbortController();
  const { signal } = searching;
  const q = document.querySelector("[data-search] input").value.trim();
  const found = await fragment(`${list.dataset.list}?${new URLSearchParams({ q })}`, signal);
  if (!found && q && !signal.aborted) announceResults(piece("failed-line"));
  // A rename that began meanwhile goes on, and fetches the list at its end.
  if (!found || list.querySelector(".rename")) return;
  for (const item of found.querySelectorAll("[data-conversation]")) item.id = `s-${item.dataset.conversation}`;
  const restore = keep(list);
  announceResults(found.querySelector("[data-search-status]"));
  list.replaceChildren(found);
  restore();
  const current = list.querySelector(`[data-conversation="${list.dataset.current}"] .conversation`);
  current?.setAttribute("aria-current", "page");
}

/** Note where the focus is in `list`, and which menu is open. Returns a function that finds both again. */
function keep(list) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const item = focused?.closest("li");
  const index = [...list.querySelectorAll("li")].indexOf(item);
  const expanded = list.querySelector('[aria-expanded="true"]')?.closest("li").dataset.conversation;
  return () => {
    find(list, expanded)?.querySelector("[data-rename]")?.setAttribute("aria-expanded", "true");
    if (!focused) return;
    const same = find(list, item?.dataset.conversation);
    const place = same?.querySelector(focused.matches("[data-rename]") ? "[data-rename]" : ".conversation");
    (place ?? linkNear(list, index)).focus({ preventScroll: Boolean(place) });
  };
}

/** The item of the conversation `id` in a list. */
export function find(list, id) {
  return id ? list.querySelector(`li[data-conversation="${id}"]`) : null;
}

/** The link that stands at `index` now; the last one after the end, and the way to a new conversation in an empty list. */
export function linkNear(list, index) {
  const links = [...list.querySelectorAll(".conversation")];
  return links[Math.max(0, index)] ?? links.at(-1) ?? document.querySelector("#text, .side-new");
}

/** Move how much was found into the line that screen readers watch; it is empty for the whole list. */
function announceResults(said) {
  const line = document.getElementById("search-status");
  const sentence = said?.textContent ?? "";
  line.className = sentence ? said.className : "sr-only";
  if (line.textContent !== sentence) line.textContent = sentence;
  said?.remove();
}

/** Show the new title of the open conversation in the page's title and heading. */
export function showTitle(title) {
  document.title = document.title.replace(/^.*(?= · )/u, title.replaceAll("$", "$$$$"));
  for (const place of document.querySelectorAll("[data-page-title]")) place.textContent = title;
}
