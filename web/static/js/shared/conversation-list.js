// The list of conversations in the side bar.

import { fragment } from "./http.js";

let searching = new AbortController();

/** Fetch the list again, filtered by the search field. A newer call aborts an older one. */
export async function refreshList() {
  const list = document.querySelector("[data-list]");
  if (!list || list.querySelector(".rename")) return;
  searching.abort();
  searching = new AbortController();
  const q = document.querySelector("[data-search] input").value.trim();
  const found = await fragment(`${list.dataset.list}?${new URLSearchParams({ q })}`, searching.signal);
  if (!found) return;
  list.replaceChildren(found);
  const current = list.querySelector(`[data-conversation="${list.dataset.current}"] .conversation`);
  current?.setAttribute("aria-current", "page");
}

/** Show the new title of the open conversation in the page's title and heading. */
export function showTitle(title) {
  document.title = document.title.replace(/^.*(?= · )/u, title.replaceAll("$", "$$$$"));
  for (const place of document.querySelectorAll("[data-page-title]")) place.textContent = title;
}
