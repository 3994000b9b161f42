// The menu beside an answer: ask for another one, shorter, longer or simpler.

import { listenForKeys, openBeside } from "../shared/menu.js";

const menu = document.getElementById("answer-menu");

/**
 * @param {HTMLElement} thread
 * @param {Actions} actions
 */
export function answerMenu(thread, actions) {
  let message = "";
  // A refresh may have put another button in the place of the one that was pressed.
  const opener = () => document.getElementById(message)?.querySelector("[data-ways]");

  thread.addEventListener("click", (event) => {
    const button = event.target.closest("[data-ways]");
    if (!button || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    message = button.closest(".message").id;
    openBeside(menu, button);
  });

  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") opener()?.setAttribute("aria-expanded", "false");
  });

  listenForKeys(menu, () => opener()?.focus());

  menu.addEventListener("click", (event) => {
    const item = event.target.closest("button");
    if (!item) return;
    menu.hidePopover();
    const button = opener();
    button?.focus({ preventScroll: true });
    if (button) actions.retry(button.closest(".message"), button.dataset.ways, item.dataset.revision);
  });
}
