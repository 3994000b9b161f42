// The small live picture above the chat's composer.

import { Crossfade } from "../pictures/crossfade.js";
import { LiveClient } from "../pictures/live.js";
import { piece } from "../shared/words.js";

const HIGHEST_SEED = 2 ** 31;

export class PreviewPanel {
  #seed = Math.floor(Math.random() * HIGHEST_SEED);

  constructor(form) {
    this.element = piece("live-preview");
    this.line = this.element.querySelector("[data-line]");
    this.link = this.element.querySelector("[data-open]");
    this.frame = new Crossfade(this.element.querySelector(".frame"));
    this.invitation = this.line.textContent;
    this.told = "";
    this.element.hidden = true;
    form.prepend(this.element);
    const { socket, begin, known } = this.element.dataset;
    this.live = new LiveClient({ socket, begin, known: known !== undefined }, {
      frame: ({ jpeg }) => this.frame.show(jpeg),
      wait: () => {},
      rest: () => this.#say(""),
      trouble: (sentence) => this.#say(sentence || this.element.dataset.wordNothing),
      line: (sentence) => this.#say(sentence),
      studio: ({ sentence }) => {
        this.told = sentence;
        this.#say("");
      },
      picture: () => {},
      up: () => {},
    });
    form.querySelector("textarea").addEventListener("blur", () => this.live.flush());
  }

  /** Draw `words`; without any, go away. */
  show(words) {
    this.element.hidden = !words;
    this.link.search = words ? new URLSearchParams({ prompt: words }) : "";
    this.live.draw({ prompt: words, style: "", shape: "square", seed: this.#seed });
  }

  /** The message is sent. On the start page its form makes the visitor a guest, so no second one may be made. */
  close() {
    this.live.giveUp();
    this.show("");
  }

  #say(sentence) {
    this.line.textContent = sentence || this.told || this.invitation;
  }
}
