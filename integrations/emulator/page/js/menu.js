// The menu of a message: reactions, reply, copy, edit, delete, traffic. One for the whole page.

import { icon, make } from "./elements.js";

const EDGE = 8;

let menu = null;
let leave = null;

/**
 * Open it beside an element.
 * @param {HTMLElement} beside
 * @param {{reactions: string[], chosen: string, react: function(string): void,
 *   items: Array<{icon: string, words: string, act: function(): void}>}} what
 */
export function openMenu(beside, { reactions, chosen, react, items }) {
  close();
  const act = (run) => () => {
    close();
    beside.focus();
    run();
  };
  menu = make(
    "div.menu", { popover: "manual", role: "menu", "aria-label": "Message" },
    reactions.length > 0 && make("div.menu-reactions", { role: "group", "aria-label": "React" }, ...reactions.map((emoji) => make(
      "button.plain", { type: "button", role: "menuitemradio", "aria-checked": String(emoji === chosen), "aria-label": emoji === chosen ? `Take back ${emoji}` : `React with ${emoji}`, on: { click: act(() => react(emoji === chosen ? "" : emoji)) } }, emoji,
    ))),
    ...items.map((item) => make("button.menu-item", { type: "button", role: "menuitem", on: { click: act(item.act) } }, icon(item.icon), item.words)),
  );
  const own = menu;
  leave = beside;
  menu.addEventListener("keydown", keys);
  menu.addEventListener("toggle", ({ newState }) => newState === "closed" && own.remove());
  // Not the browser's own dismissal: it would close the menu when the finger that opened it is lifted.
  document.addEventListener("pointerdown", outside, true);
  document.getElementById("desk").append(menu);
  menu.showPopover();
  put(beside.getBoundingClientRect());
  menu.querySelector("button").focus();
}

function put(spot) {
  const below = spot.bottom + 4 + menu.offsetHeight + EDGE <= innerHeight;
  const top = below ? spot.bottom + 4 : Math.max(EDGE, spot.top - 4 - menu.offsetHeight);
  menu.style.left = `${Math.max(EDGE, Math.min(spot.left, innerWidth - menu.offsetWidth - EDGE))}px`;
  menu.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - menu.offsetHeight - EDGE))}px`;
}

function close() {
  document.removeEventListener("pointerdown", outside, true);
  menu?.hidePopover();
  menu = null;
}

function outside({ target }) {
  if (!menu.contains(target)) close();
}

function keys(event) {
  const all = [...menu.querySelectorAll("button")];
  const at = all.indexOf(document.activeElement);
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    close();
    leave?.focus();
    return;
  }
  const next = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  all.at(next % all.length).focus();
}
