// The menu beside an answer: ask for another one, shorter, longer or simpler.

const menu = document.getElementById("answer-menu");
const items = [...menu.querySelectorAll("button")];
const EDGE = 8;

function open(button) {
  button.setAttribute("aria-expanded", "true");
  menu.showPopover();
  const spot = button.getBoundingClientRect();
  const below = spot.bottom + 4 + menu.offsetHeight + EDGE <= innerHeight;
  menu.style.left = `${Math.max(EDGE, Math.min(spot.left, innerWidth - menu.offsetWidth - EDGE))}px`;
  menu.style.top = `${Math.max(EDGE, below ? spot.bottom + 4 : spot.top - 4 - menu.offsetHeight)}px`;
  items[0].focus();
}

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
    open(button);
  });

  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") opener?.setAttribute("aria-expanded", "false");
  });

  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") opener.focus();
    if (event.key === "Tab") menu.hidePopover();
    const index = items.indexOf(document.activeElement);
    const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    items.at(next % items.length).focus();
  });

  menu.addEventListener("click", (event) => {
    const item = event.target.closest("button");
    if (!item) return;
    menu.hidePopover();
    opener.focus({ preventScroll: true });
    if (opener.isConnected) actions.retry(opener.closest(".message"), opener.dataset.ways, item.dataset.revision);
  });
}
