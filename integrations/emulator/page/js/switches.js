// Switches for a world that behaves badly: to see that the assistant bears it.

import { make } from "./elements.js";

const HOUR = 3600;
const DELAYS = [[0, "None"], [1, "1 second"], [5, "5 seconds"], [20, "20 seconds"]];
const CLOCKS = [[0, "As it is"], [23 * HOUR, "23 hours ahead, the window is still open"], [25 * HOUR, "25 hours ahead, the window has closed"], [8 * 24 * HOUR, "8 days ahead"]];
const COPIES = [[0, "Once"], [1, "Twice"], [4, "5 times"], [9, "10 times"]];
const COUNTS = [[0, "None"], [1, "The next one"], [3, "The next 3"], [20, "The next 20"]];
// Keys of the emulator's catalogue of errors.
const ERRORS = {
  "No answer": [["lost", "The request is lost, nothing is sent"], ["cut", "It is sent, but the answer is lost"]],
  "WhatsApp, Messenger and Instagram": [["2", "2, a temporary problem"], ["4", "4, too many calls"], ["190", "190, the token is no longer good"], ["100", "100, a bad parameter"], ["368", "368, blocked for breaking rules"]],
  WhatsApp: [["131000", "131000, something went wrong"], ["131016", "131016, not available now"], ["131056", "131056, too many messages to this person"], ["130429", "130429, too many messages at once"], ["131047", "131047, the window of 24 hours is closed"], ["131026", "131026, cannot be delivered"], ["131031", "131031, the account is locked"], ["131053", "131053, the file was not taken"], ["131208", "131208, too many calls about groups"], ["131214", "131214, no groups can be made for a while"]],
  "Messenger and Instagram": [["10/2018278", "10, the window of 24 hours is closed"], ["100/2018001", "100, no such person"], ["551/1545041", "551, the person is not available"], ["613", "613, too many calls"], ["1200", "1200, a temporary problem"]],
};

export class Switches {
  #form;
  #world;
  #set;

  /**
   * @param {HTMLFormElement} form
   * @param {import("./world.js").World} world
   * @param {function(object): void} set Called with the switches that were moved.
   */
  constructor(form, world, set) {
    this.#form = form;
    this.#world = world;
    this.#set = set;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", ({ target }) => this.#moved(target));
  }

  /** Draw all anew. */
  restore() {
    this.#form.replaceChildren(
      make("p.soft", {}, "The real apps do all of this now and then. Move a switch and see what the assistant makes of it."),
      group(
        "Webhooks to the assistant",
        choice("duplicates", "Deliver each", COPIES),
        choice("delay", "Wait before delivering", DELAYS),
        check("reorder", "In another order", "One is held back until the next has gone."),
        check("batch", "Several at once", "What happens within a moment comes in one delivery."),
        choice("refused_webhooks", "Lost on the way, then tried again", COUNTS),
        check("unreachable", "The assistant cannot be reached", "Deliveries wait, as when its server is down."),
      ),
      group(
        "Sends of the assistant",
        choice("failures", "Refuse", COUNTS),
        choice("late_failures", "Accept, then fail", COUNTS),
        errorChoice(),
      ),
      group("The number of the assistant", check("official", "Official business number", "WhatsApp offers groups to numbers with the blue badge only.")),
      group("The clock", choice("ahead", "The time on the phones", CLOCKS)),
      make("button.quiet", { type: "button", on: { click: () => this.#reset() } }, "All as usual"),
    );
    this.#show();
  }

  /** Take in one change of the world. */
  apply({ type }) {
    if (type === "switches") this.#show();
  }

  #show() {
    for (const input of this.#form.elements) {
      if (!(input.name in this.#world.switches)) continue;
      const value = this.#world.switches[input.name];
      if (input.type === "checkbox") input.checked = value;
      else input.value = nearest(input, value);
    }
  }

  #moved(input) {
    const now = this.#world.switches[input.name];
    if (now === undefined) return;
    this.#set({ [input.name]: input.type === "checkbox" ? input.checked : typeof now === "number" ? Number(input.value) : input.value });
  }

  #reset() {
    this.#set({ duplicates: 0, delay: 0, reorder: false, batch: false, refused_webhooks: 0, unreachable: false, failures: 0, late_failures: 0, ahead: 0, official: true });
  }
}

/** The option that stands for a value; a count runs down between two of them, and the next larger one is shown. */
function nearest(select, value) {
  if (typeof value !== "number") return String(value);
  const options = [...select.options].map((option) => Number(option.value));
  return String(options.find((option) => option >= value) ?? options.at(-1));
}

function group(title, ...children) {
  return make("fieldset.switch-group", {}, make("legend", {}, title), ...children);
}

function choice(name, words, options) {
  return make("label.switch", {}, make("span", {}, words), make("select", { name }, ...options.map(([value, label]) => make("option", { value }, label))));
}

function errorChoice() {
  const groups = Object.entries(ERRORS).map(([label, errors]) => make("optgroup", { label }, ...errors.map(([value, words]) => make("option", { value }, words))));
  return make("label.switch", {}, make("span", {}, "With this error"), make("select", { name: "failure" }, ...groups));
}

function check(name, words, about) {
  return make("label.switch.switch-check", {}, make("span", {}, words, make("small", {}, about)), make("input", { type: "checkbox", role: "switch", name }));
}
