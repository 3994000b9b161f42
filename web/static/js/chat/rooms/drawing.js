// Drawing together: what another draws live is seen by all, and one draws at a time.

import { Crossfade } from "../../pictures/crossfade.js";
import { isolated, piece, word } from "../../shared/words.js";

const TELL_EVERY = 1_000;
// As the server has it: who types nothing for so long after a preview has stopped, and for longer where none came.
const RESTS_AFTER = 5_000;
const DRAWN_AFTER = 15_000;
const GOES_AFTER = 60_000;
// Before the picture of a preview, see docs/protocol.md.
const HEADER = 25;

export class Together {
  /** Called with a sentence when another has the turn that one has begun to use. */
  onTaken = () => {};
  /** Called when one has the turn that another had. */
  onMine = () => {};

  #turn = null;
  #until = 0;
  #told = 0;
  #canvas = "";
  #card = null;
  #timer = null;
  #asks = null;

  /**
   * @param {{send: function(object): boolean}} socket
   * @param {string} me
   * @param {Autoscroll} autoscroll
   * @param {function(string): void} say Tells screen readers.
   */
  constructor(socket, me, autoscroll, say) {
    Object.assign(this, { socket, me, autoscroll, say });
    this.place = document.getElementById("drawing");
  }

  /**
   * Draw on `canvas` so that all see it, if nobody else does. The server is asked though another does: it ends turns.
   * @returns {string} Who draws, in a sentence; empty where one may.
   */
  take(canvas) {
    clearTimeout(this.#asks);
    const left = this.#told + TELL_EVERY - Date.now();
    if (left <= 0 || (canvas !== this.#canvas && !this.#isTaken)) this.#tell(canvas);
    else if (this.#isTaken) this.#asks = setTimeout(() => this.#tell(canvas), left);
    return this.#isTaken ? this.#sentence("taken") : "";
  }

  /** Draw no more: it was sent, or the words are gone. */
  end() {
    clearTimeout(this.#asks);
    if (!this.#canvas) return;
    this.#canvas = "";
    this.socket.send({ type: "drawn" });
  }

  /** Show whose turn it is; without a speaker nobody draws any more. */
  handle({ speaker, name }) {
    if (!speaker) return this.#clear();
    const isNew = this.#turn?.speaker !== speaker;
    if (speaker === this.me && this.#canvas) {
      const wasTaken = this.#turn && isNew;
      this.#clear();
      if (wasTaken) this.onMine();
      return undefined;
    }
    this.#turn = { speaker, name };
    if (isNew) this.#begin();
    // Said again where another asked: that is no sign of who draws.
    this.#touch(isNew ? DRAWN_AFTER : Math.max(RESTS_AFTER, this.#until - Date.now()));
    if (isNew) this.onTaken(this.#sentence("taken"));
    return undefined;
  }

  /** Show a preview. */
  show(bytes) {
    if (!this.#turn || bytes.byteLength <= HEADER) return;
    this.#touch(RESTS_AFTER);
    this.picture.show(new Blob([new Uint8Array(bytes, HEADER)], { type: "image/jpeg" }));
  }

  #tell(canvas) {
    this.#canvas = canvas;
    this.#told = Date.now();
    this.socket.send({ type: "drawing", sketch: canvas });
  }

  get #isTaken() {
    return this.#turn && this.#turn.speaker !== this.me && Date.now() < this.#until;
  }

  #sentence(name) {
    return word(name).replace("{name}", () => isolated(this.#turn.name));
  }

  #begin() {
    const wasAtEnd = !this.autoscroll.place();
    this.#card = piece("drawing-card");
    this.picture = new Crossfade(this.#card.querySelector(".frame"));
    this.place.replaceChildren(this.#card);
    if (wasAtEnd) this.autoscroll.toEnd();
    this.say("", this.#sentence("draws"));
  }

  #touch(restsAfter) {
    this.#until = Date.now() + restsAfter;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(), restsAfter);
    this.#write("draws");
  }

  #rest() {
    this.#write("rests");
    this.#timer = setTimeout(() => this.#clear(), GOES_AFTER);
  }

  #write(name) {
    const sentence = this.#sentence(name);
    const line = this.#card.querySelector("figcaption");
    if (line.textContent === sentence) return;
    line.textContent = sentence;
    this.#card.querySelector("[role=img]").setAttribute("aria-label", sentence);
    this.#card.toggleAttribute("data-rests", name === "rests");
  }

  #clear() {
    clearTimeout(this.#timer);
    this.#turn = null;
    this.#card = null;
    this.place.replaceChildren();
  }
}
