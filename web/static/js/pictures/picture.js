// The page of one picture: its buttons, and the panel for sharing.

import "./loops.js";
import { fragment, parse, post, sentenceOf } from "../shared/http.js";
import { Pictures } from "./pictures.js";
import { ConnectionNotice } from "../shared/connection-notice.js";
import { Socket } from "../shared/socket.js";
import { announce, notice, word } from "../shared/words.js";

const POLL_INTERVAL = 3_000;

const words = document.getElementById("words");
const connection = new ConnectionNotice();
const pictures = new Pictures(document.getElementById("drawn"));
const socket = new Socket(words.dataset.socket, {
  onMessage(message) {
    if (message.type === "picture") pictures.apply(message);
    if (message.type === "studio") noteStatus(message);
  },
  onOpen() {
    connection.back();
    pictures.refreshAll();
  },
  onClose: () => connection.lost(),
});
let offers = picture().dataset.offers;
setInterval(() => socket.open || document.hidden || pictures.refreshAll(), POLL_INTERVAL);
setInterval(showOffers, POLL_INTERVAL);

// What can be made of it

function picture() {
  return words.querySelector("[data-picture]");
}

/** Another checkpoint may draw by now. While it loads nobody knows what it can do. */
function noteStatus({ loading, ready, redraw, animate, broken }) {
  if (loading || !(ready || broken)) return;
  offers = `${redraw} ${animate} ${broken}`;
  showOffers();
}

/** Show the buttons as the server renders them now, where others are due. A panel that is open stays. */
async function showOffers() {
  const old = picture();
  if (offers === old.dataset.offers || old.querySelector(":popover-open")) return;
  const fresh = (await fragment(old.dataset.address))?.querySelector("[data-picture]");
  if (!fresh || picture() !== old || old.querySelector(":popover-open")) return;
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("popovertarget");
  // A loop goes on playing.
  if (fresh.dataset.status === "done" && old.dataset.status === "done") {
    fresh.querySelector("[data-shown]").replaceWith(old.querySelector("[data-shown]"));
  }
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(`[popovertarget="${focused}"]`)?.focus();
  showNative();
}

// Sharing

function showNative() {
  for (const button of document.querySelectorAll("[data-share-native]")) button.hidden = !navigator.share;
}

function address() {
  return document.querySelector("[data-share-address]");
}

/** Make the link or revoke it, and show the panel as the server renders it then. */
async function share(form, submitter) {
  const response = await post(form.action, new URLSearchParams(new FormData(form, submitter))).catch(() => null);
  if (!response?.ok) return notice((await sentenceOf(response)) || word("failed"));
  // The panel itself stays: it knows where the focus returns once it closes.
  const panel = document.getElementById("share-panel");
  panel.replaceChildren(...parse(await response.text()).querySelector("#share-panel").childNodes);
  showNative();
  (address() ?? panel.querySelector("button")).focus();
  return address()?.select();
}

async function copy(button) {
  address().select();
  if (navigator.clipboard) await navigator.clipboard.writeText(address().value);
  else if (!document.execCommand("copy")) throw new Error("the browser refused");
  button.textContent = word("copied");
  announce(word("copied"));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-share]")) return;
  event.preventDefault();
  share(event.target, event.submitter);
});

document.addEventListener("click", ({ target }) => {
  const copies = target.closest("[data-copy-address]");
  if (copies) {
    copy(copies).catch(() => {
      address().select();
      notice(word("uncopied"));
    });
  }
  // Rejected when the person closes the system's sheet: nothing was shared.
  if (target.closest("[data-share-native]")) navigator.share({ url: address().value }).catch(() => {});
});

showNative();
