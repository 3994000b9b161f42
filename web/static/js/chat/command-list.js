// The list of commands above the composer, while a message begins with a slash. It works as ARIA has it for comboboxes;
// but a field of several lines may not have that role, so a line says that the list is there.

const BEGUN = /^\/(\p{L}*)$/u;

export class CommandList {
  #dismissed = false;

  /** @param {HTMLFormElement} form The composer's, in which the server lists the commands. */
  constructor(form) {
    const list = form.querySelector("#commands");
    this.list = list;
    this.line = form.querySelector("[data-commands-line]");
    this.field = form.querySelector("textarea");
    this.field.addEventListener("input", () => this.#update());
    this.field.addEventListener("focus", () => this.#update());
    this.field.addEventListener("blur", () => this.#close());
    // Before the composer's own keys, which would send.
    form.addEventListener("keydown", (event) => this.#key(event), true);
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-command]");
      if (option) this.#choose(option);
    });
    this.#update();
  }

  get #shown() {
    return [...this.list.children].filter((option) => !option.hidden);
  }

  get #active() {
    return this.list.querySelector('[aria-selected="true"]');
  }

  #update() {
    const begun = BEGUN.exec(this.field.value);
    if (!begun) this.#dismissed = false;
    for (const option of this.list.children) {
      option.hidden = !begun || !option.dataset.command.startsWith(begun[1].toLowerCase());
    }
    if (this.#dismissed || !this.#shown.length || document.activeElement !== this.field) return this.#close();
    if (this.list.hidden) this.line.textContent = this.line.dataset.words;
    this.list.hidden = false;
    this.field.setAttribute("aria-controls", this.list.id);
    this.field.setAttribute("aria-autocomplete", "list");
    const active = this.#active;
    return this.#mark(active && !active.hidden ? active : this.#shown[0]);
  }

  #mark(option) {
    this.#active?.setAttribute("aria-selected", "false");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", option.id);
  }

  #close() {
    this.list.hidden = true;
    this.line.textContent = "";
    this.#active?.setAttribute("aria-selected", "false");
    for (const name of ["aria-controls", "aria-autocomplete", "aria-activedescendant"]) {
      this.field.removeAttribute(name);
    }
  }

  #key(event) {
    if (this.list.hidden || event.target !== this.field || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const shown = this.#shown;
    if (step) this.#mark(shown.at((shown.indexOf(this.#active) + step) % shown.length));
    else if (event.key === "Enter" || event.key === "Tab") this.#choose(this.#active);
    else if (event.key === "Escape") this.#dismiss();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #dismiss() {
    this.#dismissed = true;
    this.#close();
  }

  #choose(option) {
    this.field.value = `/${option.dataset.command} `;
    this.field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    this.field.focus();
  }
}
