// The sheet of a room: who is in it, its invitation, its settings.

import { fragment, post, sentenceOf } from "../../shared/http.js";
import { copy } from "../copy.js";
import { update } from "./update.js";

const dialog = document.getElementById("room-sheet");
const LOOK_MS = 2000;
let address = "";
let looking;

function content() {
  return dialog.querySelector("[data-sheet-content]");
}

function say(text) {
  content().querySelector("[data-sheet-status]").textContent = text;
}

/** Fetch what is behind `address`; null where that fails, or the dialog shows something else by then. */
async function fetched() {
  const wanted = address;
  const found = (await fragment(wanted))?.querySelector("[data-sheet-content]");
  return wanted === address ? found : null;
}

/** Show the sheet as it is now: only what changed is replaced. Returns false where it cannot be fetched. */
async function refresh() {
  const found = await fetched();
  const focused = dialog.contains(document.activeElement) && document.activeElement;
  if (found) update(content(), found);
  if (focused && !focused.isConnected) focusTitle();
  lookForGroup();
  return Boolean(found);
}

function focusTitle() {
  dialog.querySelector("#sheet-title").focus();
}

/** A WhatsApp group is being made: show its link once it is there. */
function lookForGroup() {
  clearTimeout(looking);
  if (content()?.querySelector("[data-group-asked]")) looking = setTimeout(() => dialog.open && refresh(), LOOK_MS);
}

/** Open the sheet behind `url`; where that fails, go there. */
export async function openSheet(url) {
  address = url;
  const found = await fetched();
  if (!found) return address === url && location.assign(url);
  dialog.replaceChildren(found);
  lookForGroup();
  if (!dialog.open) dialog.showModal();
  return (dialog.querySelector("#vote-question") ?? dialog.querySelector("#sheet-title")).focus();
}

/** Show who is here now, if the sheet is open; where somebody joined or left it is fetched again. */
export async function refreshSheet({ here, names }) {
  if (!dialog.open || !dialog.querySelector(".people")) return;
  const lines = [...dialog.querySelectorAll("[data-member]")];
  for (const line of lines) {
    const isHere = here.includes(line.dataset.member);
    line.querySelector(".dot").classList.toggle("dot-here", isHere);
    line.querySelector(".here-now").hidden = !isHere;
  }
  const shown = lines.map((line) => line.querySelector("bdi").textContent);
  if (shown.join("\n") !== names.join("\n")) await refresh();
}

/** Close it, for instance as one is not in the room any more. */
export function closeSheet() {
  dialog.close();
}

dialog.addEventListener("click", async ({ target }) => {
  if (target === dialog || target.closest("[data-sheet-close]")) dialog.close();
  if (!target.closest("[data-copy-link]")) return;
  const field = document.getElementById("invitation");
  field.select();
  await copy(field.value).then(() => say(content().dataset.wordCopied), () => say(content().dataset.wordFailed));
});

dialog.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-sheet]")) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const response = await post(form.action, fields).catch(() => null);
  if (response?.ok && ["leave", "end"].includes(fields.get("do"))) return location.assign("/");
  if (response?.ok && form.matches(".vote-form")) return dialog.close();
  if (response?.ok && (await refresh())) {
    say("");
    return focusTitle();
  }
  if (response?.status === 404) document.dispatchEvent(new Event("missing"));
  return say((await sentenceOf(response)) || content().dataset.wordFailed);
});

// Who fills in the last option of a vote gets one more.
dialog.addEventListener("input", ({ target }) => {
  const last = target.closest(".vote-options")?.lastElementChild;
  if (target !== last || !target.value) return;
  const number = dialog.querySelectorAll(".vote-options input").length + 1;
  if (number > Number(target.form.dataset.most)) return;
  const one = target.cloneNode();
  one.value = "";
  one.setAttribute("aria-label", target.getAttribute("aria-label").replace(String(number - 1), String(number)));
  last.after(one);
});
