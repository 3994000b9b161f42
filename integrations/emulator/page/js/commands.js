// The bot's commands, listed while a person types a slash.

import { make } from "./elements.js";

/**
 * @param {string} app
 * @param {object} profile What the account has set over the API.
 * @returns {Array<{name: string, about: string}>}
 */
export function commandsOf(app, profile) {
  if (app === "whatsapp") {
    return (profile.conversational_automation?.commands ?? []).map((one) => ({ name: one.command_name, about: one.command_description }));
  }
  return (profile.commands ?? []).flatMap((group) => group.commands ?? []).map((one) => ({ name: one.name, about: one.description }));
}

export class Commands {
  #element;
  #choose;
  #all = [];

  /**
   * @param {HTMLElement} element Where they are listed.
   * @param {function(string): void} choose Called with a name.
   */
  constructor(element, choose) {
    this.#element = element;
    this.#choose = choose;
  }

  /** Set what there is. */
  set all(commands) {
    this.#all = commands;
  }

  /** List those that begin as `text` does. */
  suggest(text) {
    const begun = text.match(/^\/(\S*)$/u)?.[1].toLowerCase();
    const fitting = begun === undefined ? [] : this.#all.filter(({ name }) => name.toLowerCase().startsWith(begun) && name.toLowerCase() !== begun);
    this.#element.hidden = !fitting.length;
    this.#element.replaceChildren(...fitting.map(({ name, about }) => make(
      "button.command", { type: "button", on: { click: () => this.#choose(name) } },
      make("strong", {}, `/${name}`), make("span.soft", {}, about),
    )));
  }
}
