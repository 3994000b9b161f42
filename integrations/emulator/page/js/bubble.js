// One message on a phone.

import { icon, make } from "./elements.js";
import { linked, target } from "./links.js";
import { formatted } from "./markup.js";
import { medium } from "./media.js";
import { cards, listButton, offers } from "./offers.js";
import { time } from "./times.js";

const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|\s){1,12}$/u;
// Hebrew, Arabic and their like: a last line that ends on the left leaves no room for the time on the right.
const LEFTWARD = /[\u0590-\u08ff\ufb1d-\ufefc]/u;
const MARKS = {
  sending: ["waiting", "on its way"],
  sent: ["sent", "sent"],
  delivered: ["delivered", "delivered"],
  read: ["delivered", "read"],
  played: ["delivered", "played"],
  failed: ["failed", "not delivered"],
};
const WORDS = {
  image: "Picture", video: "Video", audio: "Sound", document: "Document", sticker: "Sticker", location: "Place",
  contacts: "Contact", cards: "Cards", unsupported: "A message that cannot be shown here",
};

/** @returns {string} What a bubble says in one line, for quotes, lists and screen readers. */
export function summary(bubble) {
  if (bubble.deleted) return "This message was deleted";
  const words = bubble.text || bubble.caption || bubble.cards[0]?.title || bubble.media?.name || bubble.place?.name;
  const kind = bubble.kind === "audio" && bubble.voice ? "Voice note" : WORDS[bubble.kind];
  return [kind, words].filter(Boolean).join(": ") || "Message";
}

export class Bubble {
  #phone;
  #medium = null;
  #mediumOf = "";

  /**
   * @param {object} data As the emulator sends it.
   * @param {object} phone Whose `traits`, `quoted`, `nameOf`, `reactor`, `author`, `tap`, `sheet`, `openMenu`, `rate` and `played` are used.
   */
  constructor(data, phone) {
    this.#phone = phone;
    this.element = make("li.row");
    this.update(data);
  }

  /** Show what has become of it. What only goes on, as its ticks do, leaves what may have the focus as it is. */
  update(data) {
    const before = this.data;
    this.data = data;
    if (!before || lasting(before) !== lasting(data)) this.#draw();
    else if (JSON.stringify(before) !== JSON.stringify(data)) this.#refresh();
  }

  #draw() {
    const { data } = this;
    const mine = data.by === "person";
    const held = this.element.contains(document.activeElement) && document.activeElement.className;
    this.element.dataset.id = data.id;
    this.element.className = `row ${mine ? "mine" : "theirs"}${data.edits && !data.deleted ? " edited" : ""} ${[...this.element.classList].filter((name) => /^(first|last|chosen)$/.test(name)).join(" ")}`;
    this.element.replaceChildren(
      make("span.sr-only", {}, `${this.#phone.nameOf(data)}, ${time(data.at * 1000)}: `),
      this.#body(),
      this.#more(),
      ...[this.#reactions(), this.#thumbs()].filter(Boolean),
    );
    if (held) this.element.querySelector(`[class="${CSS.escape(held)}"]`)?.focus();
  }

  #refresh() {
    const { data, element } = this;
    const bubble = element.querySelector(".bubble");
    bubble.classList.toggle("lost", data.status === "failed");
    bubble.querySelector(":scope > .meta").replaceWith(this.#meta());
    element.querySelector(".reactions")?.remove();
    element.append(this.#reactions() ?? "");
    for (const thumb of element.querySelectorAll(".thumb")) thumb.ariaPressed = String(thumb.dataset.rating === data.rating);
  }

  #body() {
    const { data } = this;
    const bare = data.kind === "sticker" || (this.#isEmoji() && !data.reply_to);
    const shape = data.deleted ? ".deleted" : data.status === "failed" ? ".lost" : bare ? ".bare" : data.media && !data.text && !data.caption ? ".only-media" : "";
    return make(`div.bubble.kind-${data.kind}${shape}`, {}, ...(data.deleted ? [make("p.gone", {}, "This message was deleted")] : this.#content()), this.#meta());
  }

  #content() {
    const { data } = this;
    const tap = (payload) => this.#phone.tap(data.id, payload);
    return [
      this.#phone.author(data),
      data.private_reply_to && make("p.note", {}, "About a comment"),
      data.story && make("p.note", {}, "Answer to a story"),
      this.#quote(),
      data.header && make("p.header", {}, data.header),
      data.media && this.#keptMedium(),
      data.place && place(data.place),
      ...data.contacts.map(contact),
      data.kind === "link" && sharedLink(data),
      data.kind === "unsupported" && make("p.gone", {}, `A ${data.text || "message"} that the API does not carry`),
      !["link", "unsupported"].includes(data.kind) && data.text && this.#words(data.text),
      data.caption && this.#words(data.caption),
      data.footer && make("p.footer", {}, data.footer),
      data.cards.length > 0 && cards(data.cards, tap),
      data.sections.length > 0 && listButton(data, this.#phone.sheet, tap),
      offers(data.buttons, tap),
    ];
  }

  #words(text) {
    const { written } = this.#phone.traits;
    const words = make(`div.words${this.#isEmoji() ? ".emoji" : ""}`, { dir: "auto" });
    if (!written) {
      words.append(...linked(text));
      return words;
    }
    words.append(formatted(text));
    // The time stands in the last line where there is room for it.
    const last = words.lastElementChild?.matches("ul, ol, blockquote") ? words.lastElementChild.lastElementChild : words.lastElementChild;
    if (last?.matches("p, li") && !this.data.footer && !this.#isEmoji() && !LEFTWARD.test(last.textContent)) last.append(make("span.room-for-time", { "aria-hidden": "true" }));
    return words;
  }

  #isEmoji() {
    return this.data.kind === "text" && EMOJI_ONLY.test(this.data.text);
  }

  /** Kept from one showing to the next, so that what plays goes on. */
  #keptMedium() {
    if (this.#mediumOf !== this.data.media_id) this.#medium = medium(this.data, () => this.#played());
    this.#mediumOf = this.data.media_id;
    return this.#medium;
  }

  /** WhatsApp tells who sent a voice note that it was listened to. */
  #played() {
    if (this.data.by === "bot" && this.data.voice) this.#phone.played(this.data.id);
  }

  #quote() {
    const { reply_to: id } = this.data;
    if (!id) return null;
    const quoted = this.#phone.quoted(id);
    if (!quoted) return make("p.quote", {}, "A message that is no longer here");
    const who = this.#phone.nameOf(quoted);
    return make("button.quote", { type: "button", on: { click: () => this.#phone.showBubble(id) } }, make("strong", {}, who), make("span", {}, summary(quoted)));
  }

  #meta() {
    const { data } = this;
    const at = new Date(data.at * 1000);
    const mine = data.by === "person";
    return make(
      "p.meta", {},
      data.edits > 0 && !data.deleted && make("span", {}, "Edited"),
      make("time", { datetime: at.toISOString() }, time(at)),
      mine && !data.deleted && this.#mark(data.status),
      data.status === "failed" && make("span.failed", {}, data.fault ? `Did not arrive: ${data.fault.code}, ${data.fault.title}` : "Did not arrive"),
    );
  }

  #mark(status) {
    const [name, words] = MARKS[status];
    return make(`span.mark.mark-${status}`, { role: "img", "aria-label": words, title: words }, icon(name));
  }

  #more() {
    return make(
      "button.plain.more", { type: "button", "aria-label": "What to do with this message", "aria-haspopup": "menu", on: { click: ({ currentTarget }) => this.#phone.openMenu(this, currentTarget) } },
      icon("dots"),
    );
  }

  #reactions() {
    const list = Object.entries(this.data.reactions);
    if (!list.length || this.data.deleted) return null;
    const words = list.map(([who, emoji]) => `${this.#phone.reactor(who)}: ${emoji}`).join(", ");
    return make("p.reactions", { role: "img", "aria-label": `Reactions. ${words}` }, ...new Set(list.map(([, emoji]) => emoji)));
  }

  #thumbs() {
    const { data } = this;
    if (!this.#phone.traits.thumbs || data.by !== "bot" || data.deleted) return null;
    const thumb = (good, name, label) => make(
      "button.plain.thumb", { type: "button", "aria-label": label, "data-rating": good ? "good" : "bad", "aria-pressed": String(data.rating === (good ? "good" : "bad")), on: { click: () => this.#phone.rate(data.id, good) } },
      icon(name),
    );
    return make("div.thumbs", { role: "group", "aria-label": "How was this answer" }, thumb(true, "up", "Good answer"), thumb(false, "down", "Bad answer"));
  }
}

/** A bubble without what changes while it stays what it is. */
function lasting({ status, marks, fault, reactions, rating, receipts, ...rest }) {
  return JSON.stringify(rest);
}

function place({ latitude, longitude, name, address }) {
  const spot = `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
  return make("div.place", {}, make("div.map", { "aria-hidden": "true" }, icon("place")), make("strong", {}, name || "A place"), make("span.soft", {}, address || spot));
}

function contact({ name, phones, emails }) {
  return make("div.contact", {}, make("span.avatar", { "aria-hidden": "true" }, icon("person")), make("div", {}, make("strong", {}, name), make("span.soft", {}, [...phones, ...emails].join(" · "))));
}

function sharedLink({ link: address, text }) {
  const href = target(address);
  const words = [make("strong", {}, text || address), make("span.soft", {}, href ? new URL(href).host : address)];
  return href ? make("a.shared", { href, target: "_blank", rel: "noopener noreferrer" }, ...words) : make("p.shared", {}, ...words);
}
