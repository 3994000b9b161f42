// What the assistant offers to tap: buttons, lists, cards, quick replies.

import { icon, make } from "./elements.js";
import { target } from "./links.js";

/**
 * @param {{title: string, payload: string, url: string}} one
 * @param {function(string): void} tap Called with the payload.
 * @returns {HTMLElement|null} A button, or a link where it leads to a page.
 */
export function offer(one, tap) {
  if (!one.url) return make("button.offer", { type: "button", on: { click: () => tap(one.payload) } }, one.title);
  const href = target(one.url);
  return href && make("a.offer", { href, target: "_blank", rel: "noopener noreferrer" }, icon("open"), one.title);
}

/** @returns {HTMLElement|null} The buttons under a message. */
export function offers(buttons, tap) {
  return buttons.length ? make("div.offers", {}, ...buttons.map((one) => offer(one, tap))) : null;
}

/** @returns {HTMLElement} The button of a list, which opens it in a sheet. */
export function listButton({ list_button: words, sections }, sheet, tap) {
  const open = () => sheet.open(words, ...sections.map((section) => listSection(section, (payload) => {
    sheet.close();
    tap(payload);
  })));
  const button = make("button.offer", { type: "button", "aria-haspopup": "dialog", on: { click: open } }, icon("list"), words);
  return make("div.offers", {}, button);
}

function listSection({ title, rows }, tap) {
  return make(
    "section.list-section", {},
    title && make("h3", {}, title),
    make("ul", {}, ...rows.map((row) => make("li", {}, make(
      "button.list-row", { type: "button", on: { click: () => tap(row.payload) } },
      make("span.list-words", {}, make("span", {}, row.title), row.description && make("span.soft", {}, row.description)),
      make("i.radio", { "aria-hidden": "true" }),
    )))),
  );
}

/** @returns {HTMLElement} The cards of a message, side by side. */
export function cards(list, tap) {
  return make("ul.cards", { tabindex: list.length > 1 ? 0 : null, "aria-label": "Cards" }, ...list.map((card) => cardItem(card, tap)));
}

function cardItem(card, tap) {
  const href = card.url && target(card.url);
  const words = [card.title && make("strong", {}, card.title), card.subtitle && make("span.soft", {}, card.subtitle)];
  const isVideo = card.media?.mime.startsWith("video/");
  return make(
    "li.card", {},
    card.media?.url && (isVideo
      ? make("video", { src: card.media.url, controls: true, loop: true, playsinline: true })
      : make("img", { src: card.media.url, alt: "" })),
    href
      ? make("a.card-words", { href, target: "_blank", rel: "noopener noreferrer" }, ...words, new URL(href).host !== card.subtitle && make("span.soft", {}, new URL(href).host))
      : words.some(Boolean) && make("div.card-words", {}, ...words),
    offers(card.buttons, tap),
  );
}
