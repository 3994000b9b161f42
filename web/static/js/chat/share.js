// Sharing a conversation: the panel over its page, or the page of it.

import { fragment, parse, post, sentenceOf } from "../shared/http.js";

function content() {
  return document.querySelector("[data-share-content]");
}

function say(text) {
  content().querySelector("[data-share-status]").textContent = text;
}

/** Show what the server rendered, and the buttons that this browser has a use for. */
function show(fresh) {
  if (content()) content().replaceWith(fresh);
  else document.getElementById("share-panel").replaceChildren(fresh);
  for (const button of document.querySelectorAll("[data-share-native]")) button.hidden = !navigator.share;
}

/** Open the panel with what the page behind the link `opener` holds; where that fails, the page itself. */
export async function openPanel(opener) {
  const panel = document.getElementById("share-panel");
  const found = panel.showPopover && (await fragment(opener.href))?.querySelector("[data-share-content]");
  if (!found) {
    location.assign(opener.href);
    return;
  }
  show(found);
  panel.showPopover({ source: opener });
  opener.setAttribute("aria-expanded", "true");
  panel.querySelector("[autofocus], [data-share-address], button")?.focus();
}

document.getElementById("share-panel")?.addEventListener("toggle", ({ newState }) => {
  document.querySelector("[data-share-open]").setAttribute("aria-expanded", newState === "open");
});

/** Make, renew or revoke a link. */
async function send(form, submitter) {
  const response = await post(form.action, new URLSearchParams(new FormData(form, submitter))).catch(() => null);
  const fresh = response?.ok && parse(await response.text()).querySelector("[data-share-content]");
  if (!fresh) {
    say((await sentenceOf(response)) || content().dataset.wordFailed);
    return;
  }
  show(fresh);
  (fresh.querySelector("[data-share-address]") ?? fresh.querySelector("button"))?.focus();
  fresh.querySelector("[data-share-address]")?.select();
}

async function copy(button, field) {
  field.select();
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
  else if (!document.execCommand("copy")) throw new Error("the browser refused");
  button.textContent = content().dataset.wordCopied;
  say(content().dataset.wordCopied);
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-share]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("click", ({ target }) => {
  const field = target.closest?.("[data-share-link]")?.querySelector("[data-share-address]");
  if (!field) return;
  const copies = target.closest("[data-copy-address]");
  if (copies) {
    copy(copies, field).catch(() => {
      field.select();
      say(content().dataset.wordUncopied);
    });
  }
  // Rejected when the person closes the system's sheet: nothing was shared.
  if (target.closest("[data-share-native]")) navigator.share({ url: field.value }).catch(() => {});
});

for (const button of document.querySelectorAll("[data-share-native]")) button.hidden = !navigator.share;
