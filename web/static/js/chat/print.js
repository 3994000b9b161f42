// Printing a conversation: all of it, with what is folded open and addresses after the words of links.

import { listenForKeys } from "../shared/menu.js";
import { notice, word } from "../shared/words.js";
import { isShown } from "./plain-text.js";

const PICTURES_TIMEOUT = 10_000;

/** @param {Thread} thread */
export function listenForPrint(thread) {
  const folded = [];

  document.querySelector("[data-print]")?.addEventListener("click", async () => {
    if (!(await thread.loadAll())) return notice(word("failed"));
    await pictures(thread.element);
    return print();
  });

  addEventListener("beforeprint", () => {
    for (const details of thread.element.querySelectorAll("details:not([open])")) {
      details.open = true;
      folded.push(details);
    }
    for (const link of thread.element.querySelectorAll(".prose a[href]")) {
      const address = link.dataset.to ?? link.getAttribute("href");
      if (!isShown(link.textContent, address)) link.dataset.address = address.replace(/^mailto:/, "");
    }
  });

  addEventListener("afterprint", () => {
    for (const details of folded.splice(0)) details.open = false;
    for (const link of thread.element.querySelectorAll("[data-address]")) delete link.dataset.address;
  });
}

/** Wait until the pictures are there, for a while. */
function pictures(element) {
  const loaded = [...element.querySelectorAll("img")].map((picture) => {
    picture.loading = "eager";
    return picture.decode().catch(() => { /* It is printed without. */ });
  });
  const timeout = new Promise((resolve) => { setTimeout(resolve, PICTURES_TIMEOUT); });
  return Promise.race([Promise.all(loaded), timeout]);
}

// The menu of the page, which the browser opens. It closes once something in it was chosen.
const menu = document.getElementById("page-menu");
menu?.addEventListener("click", (event) => {
  if (event.target.closest("a, button")) menu.hidePopover();
});
if (menu) listenForKeys(menu, () => document.querySelector('[popovertarget="page-menu"]').focus());
