// The menu beside an answer: ask for another one, shorter, longer or simpler.

import { listenForKeys, openBeside } from "../shared/menu.js";

const menu = document.getElementById("answer-menu");

/**
 * @param {HTMLElement} thread
 * @param {Actions} actions
 */
export function answerMenu(thread, actions) {
  let opener = null;

  thread.addEventListener("click", (event) => {
    const button = event.target.closest("[data-ways]");
    if (!button || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    opener = button;
    openBeside(menu, button);
  });

  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") opener?.setAttribute("aria-expanded", "false");
  });

  listenForKeys(menu, () => opener.focus());

  menu.addEventListener("click", (event) => {
    const item = event.target.closest("button");
    if (!item) return;
    menu.hidePopover();
    opener.focus({ preventScroll: true });
    if (opener.isConnected) actions.retry(opener.closest(".message"), opener.dataset.ways, item.dataset.revision);
  });
}
