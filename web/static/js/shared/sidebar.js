// The side bar on every page: folding, live search, renaming and deleting.

import "./theme.js";
import { post } from "./http.js";
import { listenForKeys, openBeside } from "./menu.js";
import { piece } from "./words.js";
import { find, linkNear, refreshList, showTitle } from "./conversation-list.js";

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

/** Show the side bar where it is folded or a sheet; for this page only. */
export function openSide() {
  if (getComputedStyle(side).display !== "none") return;
  if (matchMedia("(min-width: 48rem)").matches) document.documentElement.dataset.side = "open";
  else side.showPopover();
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

// The list behind the menu may be replaced at any time, so the conversation is found again by its id.
const LINE_TIME = 8_000;
let opened = { list: document.body, id: "" };

function item() {
  return find(opened.list, opened.id);
}

function opener() {
  return item()?.querySelector("[data-rename]");
}

function openMenu(button) {
  opened = {
    list: button.closest("[data-list], main"),
    id: button.closest("li").dataset.conversation,
    index: [...button.closest("ul").children].indexOf(button.closest("li")),
    rename: button.dataset.rename,
    delete: button.dataset.delete,
    title: button.closest("li").querySelector(".conversation").textContent.trim(),
  };
  menu.setAttribute("aria-label", button.getAttribute("aria-label"));
  for (const link of menu.querySelectorAll("[data-export]")) link.href = button.dataset.rename.replace(/rename$/, link.dataset.export);
  // Inside the sheet it is opened on top of it; elsewhere the sheet is not shown, and would hide it.
  (button.closest("#side") ?? document.body).append(menu);
  openBeside(menu, button);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-rename]");
  if (!button || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  openMenu(button);
});

menu?.addEventListener("toggle", (event) => {
  if (event.newState === "closed") opener()?.setAttribute("aria-expanded", "false");
});

if (menu) listenForKeys(menu, () => focusItem("[data-rename]"));

menu?.addEventListener("click", (event) => {
  if (event.target.closest("a")) menu.hidePopover();
  const action = event.target.closest("button")?.dataset.do;
  if (!action) return;
  menu.hidePopover();
  if (action === "rename") rename();
  else remove();
});

/** Focus a part of the conversation's item, or what stands in its place. */
function focusItem(part) {
  (item()?.querySelector(part) ?? linkNear(opened.list, opened.index))?.focus();
}

/** Show the line of the template `name` over the list for a while; screen readers hear it at once. */
function say(name) {
  const line = piece(name);
  line.role = "alert";
  (opened.list.matches("main") ? opened.list.querySelector("ul") : opened.list).before(line);
  setTimeout(() => line.remove(), LINE_TIME);
}

/** Say that the conversation was deleted meanwhile. */
function vanished() {
  say("deleted-line");
  if (opened.id === shownConversation()) document.dispatchEvent(new Event("missing"));
  takeOut();
}

/** Remove the conversation from its list, and focus the next one. */
function takeOut() {
  item()?.remove();
  linkNear(opened.list, opened.index)?.focus();
}

function shownConversation() {
  return document.querySelector("[data-list]").dataset.current;
}

function rename() {
  const before = item();
  if (!before) return vanished();
  const link = before.querySelector(".conversation");
  const input = document.getElementById("rename-form").content.firstElementChild.cloneNode();
  const was = link.textContent.trim();
  input.value = was;
  link.hidden = true;
  before.prepend(input);
  input.select();
  let done = false;
  const close = async (save) => {
    if (done) return;
    done = true;
    const title = input.value.trim();
    const focused = document.activeElement === input;
    input.remove();
    link.hidden = false;
    if (focused) link.focus();
    if (save && title && title !== was) await store(title, was);
    refreshList();
  };
  input.addEventListener("blur", () => close(true));
  input.addEventListener("keydown", (event) => {
    // Enter may end a word in an input method, which Safari reports by the key code alone.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault(); // or the sheet around it would close too
    close(event.key === "Enter");
  });
  return undefined;
}

async function store(title, was) {
  const show = (text) => item()?.querySelector(".conversation").replaceChildren(text);
  show(title);
  const answer = await post(opened.rename, { title }).catch(() => null);
  if (answer?.status === 404) return vanished();
  if (!answer?.ok) {
    show(was);
    return say("failed-line");
  }
  if (opened.id === shownConversation()) showTitle(title);
  return undefined;
}

function remove() {
  dialog.querySelector("[data-title]").textContent = opened.title;
  dialog.returnValue = "";
  const button = side.matches(":popover-open") ? document.querySelector(".open-side") : null;
  dialog.showModal();
  dialog.addEventListener("close", async () => {
    // A dialog closes the sheet, which holds what the focus returns to, and later gives it back to its button.
    button?.focus();
    if (button) side.showPopover();
    if (dialog.returnValue !== "delete") return focusItem("[data-rename]");
    const answer = await post(opened.delete).catch(() => null);
    if (answer?.status === 404) return vanished();
    if (!answer?.ok) {
      focusItem("[data-rename]");
      return say("failed-line");
    }
    if (opened.id !== shownConversation()) return takeOut();
    document.dispatchEvent(new Event("deleted"));
    return location.assign(document.querySelector(".brand").href);
  }, { once: true });
}
