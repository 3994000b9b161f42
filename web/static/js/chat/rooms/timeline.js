// What happened in a room, in the order of its numbers: each event is shown once.

import { parse } from "../../shared/http.js";
import { piece } from "../../shared/words.js";

// Of more the oldest leave the page, and can be loaded again.
const MOST = 600;
const KEPT = 400;

export class Timeline {
  #host = "";

  /**
   * @param {Thread} thread
   * @param {Autoscroll} autoscroll
   * @param {function(HTMLElement): void} onEnded Called where an answer that was followed is shown whole before its end
   *   was heard.
   */
  constructor(thread, autoscroll, onEnded) {
    this.onEnded = onEnded;
    this.thread = thread;
    this.element = thread.element;
    this.autoscroll = autoscroll;
    this.me = this.element.dataset.me;
    this.last = Number(this.element.dataset.last);
    this.#host = this.element.dataset.host;
  }

  /** Set who the host is, who may end what others began. */
  set host(speaker) {
    this.#host = speaker;
    for (const one of this.element.querySelectorAll("[data-by]")) this.#allow(one);
  }

  /**
   * Show an event.
   * @returns {HTMLElement|null} What is new on the page.
   */
  take({ number, kind, html, poll, message, reactions, numbers = [] }) {
    if (number <= this.last) return null;
    this.last = number;
    for (const one of numbers) this.#remove(one);
    if (reactions) this.#react(message, parse(reactions).firstElementChild);
    if (poll) this.#show(parse(poll).firstElementChild, kind);
    const fresh = html && parse(html).firstElementChild;
    if (!fresh) return null;
    const there = fresh.id && document.getElementById(fresh.id);
    this.#allow(fresh);
    this.#own(fresh);
    if (there) return this.#replace(there, fresh, kind);
    if (kind === "voted" || kind === "edited") return null;
    if (fresh.dataset.speaker === this.me) fresh.classList.replace("message-other", "message-user");
    this.element.insertBefore(fresh, this.element.querySelector(".pending"));
    if (this.element.childElementCount > MOST) this.#shorten();
    return fresh;
  }

  /** Mark the reader's own vote; null: there is none. */
  mark(poll, option) {
    for (const button of document.querySelectorAll(`#poll-${poll} [data-option]`)) {
      button.setAttribute("aria-pressed", Number(button.dataset.option) === option && option !== null);
    }
  }

  /** Show the reactions to a message, where it is on the page. */
  #react(message, fresh) {
    const there = document.getElementById(`m-${message}`)?.querySelector(".reactions");
    if (!there) return;
    this.#own(fresh);
    const focused = there.contains(document.activeElement) && document.activeElement.dataset.react;
    this.#change(() => {
      there.replaceWith(fresh);
      if (focused) (fresh.querySelector(`[data-react="${focused}"]`) ?? fresh.querySelector("button"))?.focus({ preventScroll: true });
    });
  }

  /** Mark the reader's own reactions: pressed again they are taken back. */
  #own(element) {
    for (const one of element.querySelectorAll("[data-speakers]")) {
      if (!one.dataset.speakers.split(" ").includes(this.me)) continue;
      one.setAttribute("aria-pressed", "true");
      one.value = "";
    }
  }

  /** Show a poll as it stands now, where it is on the page. */
  #show(fresh, kind) {
    this.#allow(fresh);
    const there = document.getElementById(fresh.id);
    if (there) this.#replace(there, fresh, kind);
  }

  /** What only some may end shows it to them, and what was made for one shows them what they can do with it. */
  #allow(element) {
    const asked = this.me === element.dataset.by;
    element.toggleAttribute("data-may", this.me === this.#host || asked);
    element.toggleAttribute("data-asked", asked);
  }

  #replace(there, fresh, kind) {
    if (there.matches(".poll")) {
      const { option, close } = there.contains(document.activeElement) ? document.activeElement.dataset : {};
      const same = close === undefined ? `[data-option="${option}"]:enabled` : "[data-close]";
      fresh.dataset.event = there.dataset.event;
      this.thread.keepFocus(() => {
        there.replaceWith(fresh);
        fresh.querySelector(same)?.focus({ preventScroll: true });
      });
      return null;
    }
    if (kind === "edited") {
      this.#change(() => there.querySelector(".prose").replaceWith(fresh.querySelector(".prose")));
      return null;
    }
    // An answer that was followed to its end is there already.
    const followed = "run" in there.dataset;
    if (kind !== "answered" || !(followed || "stale" in there.dataset)) return null;
    fresh.dataset.event = there.dataset.event;
    this.#change(() => there.replaceWith(fresh));
    if (followed) this.onEnded(fresh);
    return null;
  }

  /** Take the oldest off the page, unless the reader is among them. */
  #shorten() {
    if (this.autoscroll.place() || this.element.contains(document.activeElement)) return;
    const events = [...this.element.children].filter((one) => Number(one.dataset.event) > 0);
    const first = events.at(-KEPT);
    if (!first || first === events[0]) return;
    while (this.element.firstElementChild !== first) this.element.firstElementChild.remove();
    const link = piece("earlier-link");
    link.querySelector("a").href = `${this.element.dataset.messages}?before=${first.dataset.event}`;
    this.element.prepend(link);
  }

  #remove(number) {
    // It may be quoted where it does not stand any more.
    const gone = this.element.querySelectorAll(`[data-event="${number}"], [data-quotes="${number}"]`);
    if (gone.length) this.#change(() => gone.forEach((one) => one.remove()));
  }

  /** Change what stands there, under the reader's eyes and focus. */
  #change(change) {
    this.autoscroll.preserve(() => this.thread.keepFocus(change));
  }
}
