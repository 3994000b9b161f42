// Pictures while one types: sends the newest words, takes frames, and lets no older one replace a newer.

import { post, sentenceOf } from "../shared/http.js";
import { Throttle } from "./throttle.js";
import { Socket } from "../shared/socket.js";
import { newId } from "../shared/store.js";

const BEGIN_AGAIN = 10_000;
const HEADER = 25;
const LIVE_FRAME = 1;

export class LiveClient {
  sketch = newId();

  #socket = null;
  #becoming = null;
  #beginning = null;
  #number = 0;
  #shown = 0;
  #sent = "";
  #waiting = null;
  #pace = new Throttle((wish, hurry) => this.#send(wish, hurry));

  /**
   * `known` says that the visitor is a person already; otherwise the first word makes them one.
   * `on` holds what to do: `frame(frame)` with `{number, prompt, width, height, jpeg}`, `wait()` when a frame is
   * asked for, `rest()` when none is due, `trouble(sentence)`, `line(sentence)`, `studio(frame)`, `picture(frame)`, `up()`.
   */
  constructor({ socket, begin, known }, on) {
    Object.assign(this, { path: socket, beginPath: begin, on });
    this.prompts = new Map();
    if (known) this.#connect();
    document.addEventListener("visibilitychange", () => document.hidden && this.leave());
    addEventListener("pagehide", () => this.leave());
  }

  get open() {
    return Boolean(this.#socket?.open);
  }

  /** Draw `{prompt, style, shape, seed}` when it is time to; `hurry` says that it is now. */
  draw(wish, hurry = false) {
    const same = { ...wish, prompt: normal(wish.prompt) };
    if (!same.prompt) return this.clear();
    if (JSON.stringify(same) === this.#sent) return this.#pace.drop();
    this.begin();
    this.#pace.push(same, hurry);
    return undefined;
  }

  /** Nothing more will be typed now. */
  flush() {
    if (this.#pace.flush() || !this.#waiting) return;
    const { sketch, number } = this.#waiting;
    this.#socket?.send({ type: "hurry", sketch, number });
  }

  /** The words are gone: what comes next is another sketch. */
  clear() {
    this.leave();
    this.sketch = newId();
    this.#shown = this.#number;
    this.prompts.clear();
  }

  /** Nobody looks: nothing need be drawn. */
  leave() {
    this.#pace.drop();
    if (!this.#sent) return;
    this.#sent = "";
    this.#waiting = null;
    this.#socket?.send({ type: "leave" });
    this.on.rest();
  }

  /** Be somebody, and connect; true when that worked. What failed is not tried again with every letter. */
  begin() {
    if (this.#socket) return Promise.resolve(true);
    this.#beginning ??= this.#become();
    return this.#beginning;
  }

  /** A form is on its way that makes the visitor somebody too: at the same time, they would be two people. */
  giveUp() {
    this.#becoming?.abort();
  }

  async #become() {
    const { signal } = (this.#becoming = new AbortController());
    const response = await post(this.beginPath, {}, undefined, signal).catch(() => null);
    if (response?.ok) {
      this.#connect();
      return true;
    }
    if (signal.aborted) {
      this.#beginning = null;
      return false;
    }
    setTimeout(() => (this.#beginning = null), BEGIN_AGAIN);
    this.#end();
    this.on.trouble(await sentenceOf(response));
    return false;
  }

  #connect() {
    this.#socket ??= new Socket(this.path, {
      onFrame: (frame) => this.#take(frame),
      onUp: () => this.#up(),
      onDown: () => {},
    });
  }

  #send(wish, hurry) {
    this.#number += 1;
    this.#sent = JSON.stringify(wish);
    this.#waiting = { type: "draw", sketch: this.sketch, number: this.#number, ...wish, hurry };
    this.prompts.set(this.#number, wish.prompt);
    this.#socket?.send(this.#waiting);
    this.on.wait();
  }

  /** Connected (again): what was not answered is asked for once more. */
  #up() {
    if (this.#waiting) this.#socket.send(this.#waiting);
    this.on.up();
  }

  #take(frame) {
    if (frame instanceof ArrayBuffer) this.#takePicture(frame);
    else this.#frames[frame.type]?.(frame);
  }

  #frames = {
    studio: (frame) => {
      this.#pace.seconds = frame.seconds;
      this.on.studio(frame);
    },
    line: (frame) => this.#waiting && this.#awaits(frame) && this.on.line(frame.sentence),
    refused: (frame) => {
      if (!this.#awaits(frame)) return;
      if (frame.number === this.#number) this.#end();
      this.on.trouble(frame.sentence);
    },
    problem: (frame) => this.on.trouble(frame.sentence),
    picture: (frame) => this.on.picture(frame),
  };

  /** Kind, sketch, number, width and height, then a JPEG; see docs/protocol.md. */
  #takePicture(bytes) {
    const view = new DataView(bytes);
    if (bytes.byteLength <= HEADER || view.getUint8(0) !== LIVE_FRAME || uuid(bytes) !== this.sketch) return;
    const number = view.getUint32(17);
    if (number <= this.#shown) return;
    this.#shown = number;
    if (number === this.#number) this.#end();
    this.on.frame({
      number,
      prompt: this.prompts.get(number) ?? "",
      width: view.getUint16(21),
      height: view.getUint16(23),
      jpeg: new Blob([new Uint8Array(bytes, HEADER)], { type: "image/jpeg" }),
    });
  }

  /** Whether an answer about `{sketch, number}` still matters: not once the words are gone, or a newer picture is shown. */
  #awaits({ sketch, number }) {
    return sketch === this.sketch && number > this.#shown;
  }

  #end() {
    this.#waiting = null;
    this.on.rest();
  }
}

function normal(prompt) {
  return prompt.trim().replace(/\s+/g, " ");
}

/** The sketch's id, which stands after the first byte. */
function uuid(bytes) {
  const hex = Array.from(new Uint8Array(bytes, 1, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
