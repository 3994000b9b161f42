// The card that asks for a yes to the terms of the site: what was to be sent waits for it, and then goes by itself.

import { post } from "./http.js";
import { announce } from "./words.js";

const card = document.getElementById("terms");
const line = card.querySelector(".trouble");
// What costs nothing before a yes is not held: who only reads is asked nothing.
const HELD = ".composer-form, .edit, [data-makes]";
const PRESSED = "[data-say], [data-retry], [data-preview], [data-resend], [data-dictate], [data-read]";
const tabs = new BroadcastChannel("terms");

let agreed = false;
let waiting = null;
let before = null;

/** Show the card, and do `then` after a yes. */
function ask(then) {
  waiting = then;
  before = document.activeElement;
  card.hidden = false;
  card.scrollIntoView({ block: "nearest" });
  card.querySelector("[name=agree]").focus({ preventScroll: true });
}

/** The same for who is writing in `field`: it keeps the focus, and stays where it is. */
function askBeside(field, then) {
  const { top } = field.getBoundingClientRect();
  waiting = then;
  card.hidden = false;
  scrollBy({ top: field.getBoundingClientRect().top - top, behavior: "instant" });
  announce(card.querySelector("h2").textContent);
}

function close() {
  agreed = true;
  card.hidden = true;
}

function hold(event, then) {
  if (agreed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(then);
}

document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (target.matches(HELD) && !submitter?.matches(".stop")) hold(event, () => target.requestSubmit(submitter));
}, true);

document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.(PRESSED);
  if (pressed) hold(event, () => pressed.click());
}, true);

// While one types a picture is drawn already: there the card comes with the first word, and the focus stays.
const prompt = document.querySelector(".composer-form[data-draft=imagine] textarea");
prompt?.addEventListener("input", () => {
  if (agreed || !prompt.value.trim()) return;
  const draw = () => prompt.dispatchEvent(new InputEvent("input", { bubbles: true }));
  if (card.hidden) askBeside(prompt, draw);
});

card.addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  line.hidden = true;
  const response = await post(card.dataset.agree).catch(() => null);
  if (!response?.ok) {
    line.textContent = line.dataset.word;
    line.hidden = false;
    return;
  }
  tabs.postMessage("agreed");
  close();
  before?.focus({ preventScroll: true });
  waiting?.();
});

function notNow() {
  card.hidden = true;
  waiting = null;
  (before?.isConnected && before !== document.body ? before : document.querySelector(".composer-form textarea"))?.focus();
}

card.querySelector("[data-not-now]").addEventListener("click", notNow);
card.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  event.stopPropagation();
  notNow();
});
tabs.addEventListener("message", close);
