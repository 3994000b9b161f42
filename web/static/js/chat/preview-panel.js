// The panel above the chat's composer with the preview of an "imagine" command.

import { Crossfade } from "../pictures/crossfade.js";
import { LiveClient } from "../pictures/live.js";
import { sentence } from "../pictures/read.js";
import { Spoken } from "../pictures/spoken.js";
import { piece } from "../shared/words.js";

const HIGHEST_SEED = 2 ** 31;

export class PreviewPanel {
  #seed = Math.floor(Math.random() * HIGHEST_SEED);
  #prompt = "";
  #statusSentence = "";
  #read = "";
  #taken = "";

  /**
   * @param {HTMLFormElement} form The composer's form, which the panel becomes a part of.
   * @param {object} turns Where several draw by turns: see rooms/drawing.js.
   */
  constructor(form, turns = null) {
    this.turns = turns;
    if (turns) {
      turns.onTaken = (sentence) => {
        this.#wait(sentence);
        this.live.leave();
      };
      turns.onMine = () => this.show(this.#prompt);
    }
    this.element = piece("live-preview");
    this.status = this.element.querySelector("[data-line]");
    this.link = this.element.querySelector("[data-open]");
    this.picture = new Crossfade(this.element.querySelector(".frame"));
    this.spoken = new Spoken((prompt) => this.#say(prompt));
    this.hint = this.status.textContent;
    this.element.hidden = true;
    form.prepend(this.element);
    const { socket, begin, known } = this.element.dataset;
    this.live = new LiveClient({ socket, begin, known: known !== undefined }, {
      preview: (preview) => this.#showPreview(preview),
      read: (words) => {
        this.#read = sentence(words, this.element.dataset);
        this.#setStatus("");
      },
      pending: () => {},
      idle: () => this.#setStatus(""),
      error: (sentence) => this.#setStatus(sentence || this.element.dataset.wordNothing),
      queued: (sentence) => this.#setStatus(sentence),
      status: ({ sentence }) => {
        this.#statusSentence = sentence;
        this.#setStatus("");
      },
      progress: () => {},
      connected: () => {},
      lost: () => {},
    });
    form.querySelector("textarea").addEventListener("blur", () => this.live.flush());
  }

  /** Show previews of `prompt`; hide the panel where it is empty. */
  show(prompt) {
    this.#prompt = prompt;
    this.element.hidden = !prompt;
    if (prompt) this.spoken.touch();
    else this.spoken.clear();
    this.link.search = prompt ? new URLSearchParams({ prompt }) : "";
    if (!prompt) this.turns?.end();
    this.#wait((prompt && this.turns?.take(this.live.canvas)) || "");
    if (this.#taken) return this.live.leave();
    return this.live.draw({ prompt, style: "", shape: "square", seed: this.#seed });
  }

  /** Another draws now, as `sentence` says; an empty one ends that. */
  #wait(sentence) {
    if (sentence === this.#taken) return;
    this.#taken = sentence;
    this.element.toggleAttribute("data-taken", Boolean(sentence));
    this.#setStatus("");
  }

  /** The message is sent. On the start page its form makes the visitor a guest, so no second one may be made. */
  close() {
    this.live.abortBegin();
    this.show("");
  }

  /** Show a preview; its words are the picture's name. */
  #showPreview({ jpeg, prompt }) {
    this.picture.show(jpeg);
    if (!prompt) return;
    this.element.querySelector("[role=img]").setAttribute("aria-label", prompt);
    this.spoken.show(prompt);
  }

  #say(prompt) {
    this.element.querySelector("[data-shows]").textContent = this.element.dataset.wordShows.replace("{words}", () => prompt);
  }

  #setStatus(sentence) {
    this.status.textContent = this.#taken || sentence || this.#statusSentence || this.#read || this.hint;
  }
}
