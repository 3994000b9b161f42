// The raw traffic of one message: what was delivered, what was sent, and what each field means.

import { make } from "./elements.js";
import { explain, HEADERS, meaning } from "./fields.js";
import { time } from "./times.js";

const SHOWN_HEADERS = new Set(Object.keys(HEADERS));
const MOST_LINES = 400;

export class Traffic {
  #element;
  #out;
  #about = "";
  #open = new Set();
  #notes = true;

  /**
   * @param {HTMLElement} element
   * @param {{choose: function(string): void, ask: function(string): void}} out
   */
  constructor(element, out) {
    this.#element = element;
    this.#out = out;
    this.#invite();
  }

  /** Whether something else stands in its place. */
  get hidden() {
    return this.#element.hidden;
  }

  /** Show the traffic of a bubble or a comment. */
  look(about) {
    if (about !== this.#about) this.#open.clear();
    this.#about = about;
    this.#out.choose(about);
    this.#out.ask(about);
  }

  /** Ask again, after a snapshot. */
  refresh() {
    if (!this.#about) return;
    this.#out.choose(this.#about);
    this.#out.ask(this.#about);
  }

  /** Something was exchanged about these. */
  changed(about) {
    if (about.includes(this.#about)) this.#out.ask(this.#about);
  }

  /** Show what the emulator found. */
  show({ about, exchanges }) {
    if (about !== this.#about) return;
    const held = this.#element.contains(document.activeElement) && document.activeElement.id;
    const toggle = make("label.check", {}, make("input", { type: "checkbox", id: "notes", checked: this.#notes, on: { change: ({ target }) => this.#showNotes(target.checked) } }), "Explain the fields");
    this.#element.replaceChildren(
      make("p.soft.traffic-id", {}, "Message ", make("code", {}, about)),
      toggle,
      exchanges.length ? make("ol.exchanges", {}, ...exchanges.map((one, at) => this.#exchange(one, at === 0))) : make("p.soft", {}, "Nothing was exchanged about this message yet."),
    );
    this.#showNotes(this.#notes);
    if (held) document.getElementById(held)?.focus();
  }

  #invite() {
    this.#element.replaceChildren(
      make("p", {}, "Choose a message to see what went over the wire for it."),
      make("p.soft", {}, "Click on it, or open its menu and take “Traffic”. Webhooks go from the app to the assistant; calls go from the assistant to the app."),
    );
  }

  #showNotes(on) {
    this.#notes = on;
    this.#element.classList.toggle("without-notes", !on);
  }

  #exchange(one, first) {
    const good = one.status >= 200 && one.status < 300;
    const key = String(one.id);
    const open = this.#open.has(key) || (first && !this.#open.has(`-${key}`));
    const chip = make(`span.status${good ? "" : ".bad"}`, {}, one.status ? String(one.status) : "no answer");
    const details = make(
      `details.exchange.${one.direction}`, { open },
      make(
        "summary", { id: `exchange-${key}` },
        make("span.direction", {}, one.direction === "webhook" ? "Webhook" : "Call"),
        make("span.exchange-words", {}, explain(one)), chip,
      ),
      make("p.soft.exchange-about", {}, `${time(one.at * 1000)} · ${Math.round(one.seconds * 1000)} ms`),
      make("p.target", {}, make("code", {}, `${one.method} ${one.url}`)),
      headers(one.headers),
      one.request && block("Sent", one.request),
      one.status > 0 && block(`Answer ${one.status}`, one.response || "(empty)"),
      one.status === 0 && make("p.soft", {}, "It never got there, or nobody answered."),
    );
    details.addEventListener("toggle", () => {
      this.#open.delete(details.open ? `-${key}` : key);
      this.#open.add(details.open ? key : `-${key}`);
    });
    return make("li", {}, details);
  }
}

function headers(all) {
  const list = Object.entries(all).filter(([name]) => SHOWN_HEADERS.has(name.toLowerCase()));
  if (!list.length) return null;
  return make("dl.headers", {}, ...list.flatMap(([name, value]) => [
    make("dt", {}, make("code", {}, name)),
    make("dd", {}, make("code", {}, value), note(HEADERS[name.toLowerCase()])),
  ]));
}

function block(title, text) {
  return make("section.block", {}, make("h3", {}, title), make("div.json", { tabindex: 0, role: "group", "aria-label": title }, ...lines(text)));
}

function note(words) {
  return words ? make("span.explained", {}, words) : null;
}

/** Lines of JSON with what its fields mean; other text as it is. */
function lines(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return [make("div.json-line", {}, make("code", {}, text))];
  }
  const made = [];
  walk(value, [], 0, "", "", made);
  const cut = made.length > MOST_LINES && make("p.soft", {}, `and ${made.length - MOST_LINES} more lines`);
  return [...made.slice(0, MOST_LINES), cut].filter(Boolean);
}

function walk(value, path, depth, before, after, made) {
  const explained = before && meaning(path);
  const push = (words, words2) => {
    const line = make("div.json-line", {}, make("code", {}, words), note(words2));
    line.style.setProperty("--depth", Math.min(depth, 10));
    made.push(line);
  };
  const isList = Array.isArray(value);
  const isTree = value !== null && typeof value === "object";
  const items = isTree ? Object.entries(value) : [];
  if (!items.length) return push(`${before}${JSON.stringify(value)}${after}`, explained);
  push(`${before}${isList ? "[" : "{"}`, explained);
  items.forEach(([key, child], at) => {
    const comma = at < items.length - 1 ? "," : "";
    if (isList) walk(child, path, depth + 1, "", comma, made);
    else walk(child, [...path, key], depth + 1, `"${key}": `, comma, made);
  });
  return push(`${isList ? "]" : "}"}${after}`);
}
