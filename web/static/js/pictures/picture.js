// The page of one picture: what its buttons do without leaving it.

import "./loops.js";
import { parse, post, sentenceOf } from "../shared/http.js";
import { Pictures } from "./pictures.js";
import { Socket } from "../shared/socket.js";
import { announce, notice, word } from "../shared/words.js";

const LOOK_AGAIN = 3_000;

const words = document.getElementById("words");
const pictures = new Pictures(document.getElementById("drawn"));
const socket = new Socket(words.dataset.socket, {
  onFrame: (frame) => frame.type === "picture" && pictures.take(frame),
  onUp: () => pictures.lookAgain(),
  onDown: () => {},
});
setInterval(() => socket.open || document.hidden || pictures.lookAgain(), LOOK_AGAIN);

// Sharing

function showNative() {
  for (const button of document.querySelectorAll("[data-share-native]")) button.hidden = !navigator.share;
}

function address() {
  return document.querySelector("[data-share-address]");
}

/** Make the link or take it back, and show what the panel says then. */
async function share(form, submitter) {
  const response = await post(form.action, new URLSearchParams(new FormData(form, submitter))).catch(() => null);
  if (!response?.ok) return notice((await sentenceOf(response)) || word("failed"));
  const fresh = parse(await response.text()).querySelector("#share-panel");
  document.getElementById("share-panel").replaceWith(fresh);
  showNative();
  fresh.showPopover({ source: document.querySelector("[popovertarget=share-panel]") });
  return address()?.select();
}

async function copy(button) {
  address().select();
  if (navigator.clipboard) await navigator.clipboard.writeText(address().value);
  else document.execCommand("copy");
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
  if (copies) copy(copies).catch(() => address().select());
  // Who closes the system's sheet has shared nothing, and knows it.
  if (target.closest("[data-share-native]")) navigator.share({ url: address().value }).catch(() => {});
});

showNative();
