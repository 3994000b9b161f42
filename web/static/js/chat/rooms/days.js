// What the reader's clock and the neighbours decide: days, times, and whose words follow their own.

import { word } from "../../shared/words.js";

const DAY = 86_400_000;
// As in web/rooms/presenter.py.
const FOLLOWS = 5 * 60_000;
const language = document.documentElement.lang;
const time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });

export class Days {
  #told = new WeakSet();

  /** @param {HTMLElement} thread Whatever comes into it or goes is arranged. */
  constructor(thread) {
    this.thread = thread;
    this.#arrange();
    new MutationObserver(() => this.#arrange()).observe(thread, { childList: true });
  }

  #arrange() {
    let before = null;
    for (const element of [...this.thread.children]) {
      if (!element.dataset.at) continue;
      const at = new Date(element.dataset.at);
      const isNew = at.toDateString() !== (before?.at ?? new Date()).toDateString();
      this.#mark(element, at, isNew);
      const goesOn = !isNew && isSpeaker(before?.element, element) && at - before.at < FOLLOWS;
      element.classList.toggle("follows", goesOn);
      this.#tell(element, at);
      before = { element, at };
    }
  }

  /** Have one line with the day before an element, or none. */
  #mark(element, at, isNew) {
    const lines = linesBefore(element);
    const [line, ...others] = lines.filter((one) => one.matches(".day-line"));
    for (const one of isNew ? others : [line, ...others]) one?.remove();
    if (!isNew) return;
    const fresh = line ?? Object.assign(document.createElement("p"), { className: "day-line" });
    if (!line) {
      fresh.append(document.createElement("span"));
      (lines.at(-1) ?? element).before(fresh);
    }
    const name = nameOf(at);
    if (fresh.textContent !== name) fresh.firstElementChild.textContent = name;
  }

  /** Show the time by the reader's clock. */
  #tell(element, at) {
    if (this.#told.has(element)) return;
    this.#told.add(element);
    const place = element.querySelector(".said-at");
    if (place) place.textContent = time.format(at);
  }
}

/** The lines right before an element that say how what follows is to be read, nearest first. */
function linesBefore(element) {
  const found = [];
  for (let one = element.previousElementSibling; one?.matches(".day-line, .unread"); one = one.previousElementSibling) found.push(one);
  return found;
}

function isSpeaker(before, element) {
  return Boolean(element.dataset.speaker) && before?.dataset.speaker === element.dataset.speaker;
}

function nameOf(at) {
  const now = new Date();
  if (at.toDateString() === now.toDateString()) return word("today");
  if (at.toDateString() === new Date(now - DAY).toDateString()) return word("yesterday");
  return (at.getFullYear() === now.getFullYear() ? day : dayOfYear).format(at);
}
