// The list of names above the composer while a word begins with @. It works as the list of commands does.

import { word } from "../../shared/words.js";

const BEGUN = /(?:^|[\s(])@([^\s@]*)$/u;
const MOST = 8;

export class Mentions {
  #names = [];
  #dismissed = "";

  /** @param {HTMLFormElement} form The composer's. */
  constructor(form) {
    this.field = form.querySelector("textarea");
    this.list = Object.assign(document.createElement("div"), { id: "mentions", className: "commands", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "@");
    this.line = Object.assign(document.createElement("p"), { className: "sr-only" });
    this.line.setAttribute("role", "status");
    this.field.parentNode.prepend(this.list, this.line);
    for (const event of ["input", "click", "focus"]) this.field.addEventListener(event, () => this.#update());
    this.field.addEventListener("blur", () => this.#close());
    form.addEventListener("keydown", (event) => this.#key(event), true);
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(option);
    });
  }

  /** The names that can be taken, the assistant's first. Who has just come can be named by what is written already. */
  set names(names) {
    const changed = names.join() !== this.#names.join();
    this.#names = names;
    if (changed && this.#begun) this.#update();
  }

  get #active() {
    return this.list.querySelector('[aria-selected="true"]');
  }

  get #begun() {
    return BEGUN.exec(this.field.value.slice(0, this.field.selectionStart));
  }

  #update() {
    const begun = this.#begun;
    if (!begun) this.#dismissed = "";
    const typed = begun?.[1].toLowerCase();
    const found = begun ? this.#names.filter((name) => name.toLowerCase().startsWith(typed)).slice(0, MOST) : [];
    // What is typed to its end needs no list.
    const done = found.length === 1 && found[0].toLowerCase() === typed;
    if (!found.length || done || this.#dismissed || document.activeElement !== this.field) return this.#close();
    this.list.replaceChildren(...found.map((name, index) => option(name, index)));
    if (this.list.hidden) this.line.textContent = word("mentions");
    this.list.hidden = false;
    this.field.setAttribute("aria-controls", this.list.id);
    this.field.setAttribute("aria-autocomplete", "list");
    return this.#mark(this.list.firstElementChild);
  }

  #mark(chosen) {
    this.#active?.setAttribute("aria-selected", "false");
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", chosen.id);
  }

  #close() {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.line.textContent = "";
    for (const name of ["aria-controls", "aria-autocomplete", "aria-activedescendant"]) this.field.removeAttribute(name);
  }

  #key(event) {
    if (this.list.hidden || event.target !== this.field || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const shown = [...this.list.children];
    if (step) this.#mark(shown.at((shown.indexOf(this.#active) + step) % shown.length));
    else if (event.key === "Enter" || event.key === "Tab") this.#choose(this.#active);
    else if (event.key === "Escape") {
      this.#dismissed = "yes";
      this.#close();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #choose(chosen) {
    const begun = this.#begun;
    const end = this.field.selectionStart;
    this.field.setRangeText(`${chosen.dataset.name} `, end - begun[1].length, end, "end");
    this.#close();
    this.field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    this.field.focus();
  }
}

function option(name, index) {
  const element = Object.assign(document.createElement("div"), { id: `mention-${index}`, className: "command" });
  element.setAttribute("role", "option");
  element.setAttribute("aria-selected", "false");
  element.dataset.name = name;
  const bold = Object.assign(document.createElement("b"), { textContent: `@${name}` });
  element.append(bold);
  return element;
}
