// Where a person writes: words, a reply, an edit, a voice note.

import { complain, make, piece } from "./elements.js";
import { summary } from "./bubble.js";
import { Commands } from "./commands.js";
import { Recorder } from "./recorder.js";

export class Composer {
  #field;
  #quoting;
  #recorder;
  #commands;
  #send;
  #reply = null;
  #edited = null;
  #draft = "";

  /**
   * @param {object} traits Of the app.
   * @param {{write: function(string, string): void, edit: function(string, string): void, voice: function(Blob): void, like: function(): void,
   *   attach: function(): void, file: function(File): void, menu: function(): void}} send
   */
  constructor(traits, send) {
    this.#send = send;
    this.traits = traits;
    this.element = piece("composer");
    this.#field = this.element.querySelector("textarea");
    this.#quoting = this.element.querySelector(".quoting");
    this.#field.placeholder = traits.placeholder;
    this.#field.setAttribute("aria-label", `Message on ${traits.name}`);
    this.#recorder = new Recorder({
      onTime: (text) => { this.#one(".recording-time").textContent = text; },
      onDone: (blob) => send.voice(blob),
      onEnd: () => this.#showRecording(false),
    });
    this.#commands = new Commands(this.#one(".commands"), (name) => {
      this.#field.value = `/${name} `;
      this.#fit();
      this.#field.focus();
    });
    this.#listen();
    this.#fit();
  }

  /** Reply to a message: its words stand over the field. */
  reply(bubble, who) {
    this.#leaveEdit();
    this.#reply = bubble.id;
    this.#quote(who, summary(bubble));
  }

  /** Change a message that was sent. */
  edit(bubble) {
    this.#reply = null;
    if (!this.#edited) this.#draft = this.#field.value;
    this.#edited = bubble.id;
    this.#field.value = bubble.text || bubble.caption;
    this.#quote("Change this message", summary(bubble));
  }

  /** Let reply and edit be, as when another person takes the phone. */
  clear() {
    this.#leaveEdit();
    this.#reply = null;
    this.#quoting.hidden = true;
    this.#fit();
  }

  /** What was typed but not sent. */
  get draft() {
    return this.#edited ? this.#draft : this.#field.value;
  }

  set draft(text) {
    this.clear();
    this.#field.value = text;
    this.#fit();
  }

  /** Show quick replies; none hides them. */
  offer(replies, tap) {
    const bar = this.#one(".quick");
    bar.hidden = !replies.length;
    bar.replaceChildren(...replies.map(({ title, payload, image_url: image }) => make("button.quick-reply", { type: "button", on: { click: () => tap(payload) } }, image && make("span.quick-picture", { "aria-hidden": "true" }), title)));
  }

  /** The commands to suggest after a slash. */
  set commands(list) {
    this.#commands.all = list;
  }

  /** Show or hide the button of the bot's own menu. */
  set hasMenu(on) {
    this.#one('[data-act="menu"]').hidden = !on;
  }

  focus() {
    this.#field.focus();
  }

  #listen() {
    const acts = {
      unquote: () => this.clear(),
      attach: () => this.#send.attach(),
      menu: () => this.#send.menu(),
      like: () => this.#send.like(),
      record: () => this.#record(),
      drop: () => this.#recorder.drop(),
      finish: () => this.#recorder.finish(),
    };
    this.element.addEventListener("click", ({ target }) => acts[target.closest("[data-act]")?.dataset.act]?.());
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("input", () => this.#fit());
    this.#field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !matchMedia("(pointer: coarse)").matches) {
        event.preventDefault();
        this.#submit();
      }
      if (event.key === "Escape") this.clear();
    });
    this.#field.addEventListener("paste", (event) => {
      const file = [...event.clipboardData.files][0];
      if (!file) return;
      event.preventDefault();
      this.#send.file(file);
    });
    const like = this.#one('[data-act="like"]');
    if (this.traits.like) {
      like.setAttribute("aria-label", this.traits.like.label);
      like.querySelector("use").setAttribute("href", `#icon-${this.traits.like.icon}`);
    }
  }

  #submit() {
    const text = this.#field.value.trim();
    if (!text) return;
    const sent = this.#edited ? this.#send.edit(this.#edited, text) : this.#send.write(text, this.#reply ?? "");
    if (sent === false) return complain("The emulator does not answer. Your words are still here.");
    const next = this.#edited ? this.#draft : "";
    this.#edited = this.#reply = null;
    this.draft = next;
    return undefined;
  }

  async #record() {
    if (!Recorder.possible) return complain("This browser records nothing here. A sound file works: the plus sign, then Sound.");
    try {
      await this.#recorder.start();
      this.#showRecording(true);
    } catch {
      complain("There is no microphone, or it may not be used. A sound file works: the plus sign, then Sound.");
    }
    return undefined;
  }

  #showRecording(on) {
    this.#one(".recording").hidden = !on;
    this.#one(".composer-row").hidden = on;
    this.#one(on ? '[data-act="finish"]' : '[data-act="record"]').focus();
  }

  #quote(who, words) {
    this.#quoting.hidden = false;
    this.#quoting.querySelector("strong").textContent = who;
    this.#quoting.querySelector("p").textContent = words;
    this.#fit();
    this.#field.focus();
  }

  #leaveEdit() {
    if (!this.#edited) return;
    this.#edited = null;
    this.#field.value = this.#draft;
  }

  /** As high as its words; and what its last button does. */
  #fit() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, 132)}px`;
    this.#commands.suggest(this.#field.value);
    const empty = !this.#field.value.trim();
    this.#one('[type="submit"]').hidden = empty;
    this.#one('[data-act="record"]').hidden = !empty;
    this.#one('[data-act="like"]').hidden = !empty || !this.traits.like;
  }

  #one(selector) {
    return this.element.querySelector(selector);
  }
}
