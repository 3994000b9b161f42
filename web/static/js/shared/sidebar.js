// The side bar on every page: folding, live search, renaming and deleting.

import { post } from "./http.js";
import { refreshList, showTitle } from "./conversation-list.js";

const side = document.getElementById("side");
const menu = document.getElementById("conversation-menu");
const dialog = document.getElementById("delete-dialog");
const SEARCH_DEBOUNCE = 200;

function fold(state) {
  document.documentElement.dataset.side = state;
  try {
    localStorage.setItem("side", state);
  } catch { /* Storage is switched off: it folds for this page only. */ }
  document.querySelector(state === "open" ? "[data-fold]" : "[data-unfold]").focus();
}

document.querySelector("[data-fold]")?.addEventListener("click", () => fold("open" === document.documentElement.dataset.side ? "folded" : "open"));
document.querySelector("[data-unfold]")?.addEventListener("click", () => fold("open"));
matchMedia("(min-width: 48rem)").addEventListener("change", () => side?.matches(":popover-open") && side.hidePopover());

// Forms that sign out or erase also remove the drafts kept in this tab.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-forget]")) sessionStorage.clear();
});

// Search

let debounce;
document.querySelector("[data-search] input")?.addEventListener("input", () => {
  clearTimeout(debounce);
  debounce = setTimeout(() => refreshList(), SEARCH_DEBOUNCE);
});

// The small menu beside a conversation

let opener;

function openMenu(button) {
  opener = button;
  button.setAttribute("aria-expanded", "true");
  for (const link of menu.querySelectorAll("[data-export]")) link.href = button.dataset.rename.replace(/rename$/, link.dataset.export);
  // Inside the sheet it is opened on top of it; elsewhere the sheet is not shown, and would hide it.
  (button.closest("#side") ?? document.body).append(menu);
  menu.showPopover();
  const spot = button.getBoundingClientRect();
  const room = { x: innerWidth - menu.offsetWidth - 8, y: innerHeight - menu.offsetHeight - 8 };
  menu.style.left = `${Math.max(8, Math.min(spot.left, room.x))}px`;
  menu.style.top = `${Math.max(8, Math.min(spot.bottom + 4, room.y))}px`;
  menu.querySelector("button").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-rename]");
  if (!button || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  openMenu(button);
});

menu?.addEventListener("toggle", (event) => {
  if (event.newState === "closed") opener?.removeAttribute("aria-expanded");
});

menu?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") opener.focus();
  if (event.key === "Tab") menu.hidePopover();
  if (!step) return;
  event.preventDefault();
  const buttons = [...menu.querySelectorAll("button, a")];
  const index = buttons.indexOf(document.activeElement) + step;
  buttons.at(index % buttons.length).focus();
});

menu?.addEventListener("click", (event) => {
  if (event.target.closest("a")) menu.hidePopover();
  const action = event.target.closest("button")?.dataset.do;
  if (!action) return;
  menu.hidePopover();
  if (action === "rename") rename(opener.closest("li"));
  else remove(opener.closest("li"));
});

function rename(item) {
  const link = item.querySelector(".conversation");
  const input = document.getElementById("rename-form").content.firstElementChild.cloneNode();
  const before = link.textContent.trim();
  input.value = before;
  link.hidden = true;
  item.prepend(input);
  input.select();
  let done = false;
  const close = async (save) => {
    if (done) return;
    done = true;
    const title = input.value.trim();
    input.remove();
    link.hidden = false;
    if (!save || !title || title === before) return;
    link.textContent = title;
    const answer = await post(opener.dataset.rename, { title }).catch(() => null);
    if (!answer?.ok) link.textContent = before;
    else if (link.hasAttribute("aria-current")) showTitle(title);
  };
  input.addEventListener("blur", () => close(true));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") close(true).then(() => link.focus());
    if (event.key === "Escape") close(false).then(() => link.focus());
    if (event.key === "Enter" || event.key === "Escape") event.stopPropagation();
    if (event.key === "Escape") event.preventDefault(); // or the sheet around it would close too
  });
}

function remove(item) {
  const link = item.querySelector(".conversation");
  dialog.querySelector("[data-title]").textContent = link.textContent.trim();
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "delete") return opener.focus();
    const answer = await post(opener.dataset.delete).catch(() => null);
    if (!answer?.ok) return opener.focus();
    if (link.hasAttribute("aria-current")) return location.assign(document.querySelector(".brand").href);
    item.remove();
  }, { once: true });
}
