// Menus as ARIA has them: beside their button, and gone through with the arrow keys.

const EDGE = 8;

/** Open `menu` beside `button`, where there is room, with its first item focused. */
export function openBeside(menu, button) {
  button.setAttribute("aria-expanded", "true");
  menu.showPopover();
  const spot = button.getBoundingClientRect();
  const below = spot.bottom + 4 + menu.offsetHeight + EDGE <= innerHeight;
  menu.style.left = `${Math.max(EDGE, Math.min(spot.left, innerWidth - menu.offsetWidth - EDGE))}px`;
  menu.style.top = `${Math.max(EDGE, below ? spot.bottom + 4 : spot.top - 4 - menu.offsetHeight)}px`;
  items(menu)[0].focus();
}

/**
 * Let keys go through `menu`. Tab leaves it, as Escape does.
 * @param {HTMLElement} menu
 * @param {function(): void} leave Focuses what opened it.
 */
export function listenForKeys(menu, leave) {
  for (const item of items(menu)) item.tabIndex = -1;
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") leave();
    if (event.key === "Tab") menu.hidePopover();
    const all = items(menu);
    const index = all.indexOf(document.activeElement);
    const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    all.at(next % all.length).focus();
  });
}

function items(menu) {
  return [...menu.querySelectorAll('[role="menuitem"]')];
}
