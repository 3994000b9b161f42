// Live prompts while a person types: sends the newest, and passes on previews that are newer than the one shown.

import { post, sentenceOf } from "../shared/http.js";
import { Socket } from "../shared/socket.js";
import { newId } from "../shared/store.js";
import { Throttle } from "./throttle.js";

const BEGIN_AGAIN = 10_000;
const HEADER = 25;
const PREVIEW = 1;
// Before a prompt is sent again that was refused for now: the first pause, which doubles up to the last. So often one is
// sent again in any case that is still awaited: the server forgets it after a minute, and may have lost it.
const AGAIN = 2_000;
const AGAIN_AT_MOST = 8_000;

export class LiveClient {
  /** The id of what is drawn from the first word until all are gone; in the protocol it is called `sketch`. */
  canvas = newId();

  #socket = null;
  #beginRequest = null;
  #beginning = null;
  #number = 0;
  #shown = 0;
  #sent = "";
  #pending = null;
  #again = null;
  #pause = AGAIN;
  #throttle = new Throttle((prompt, hurry) => this.#send(prompt, hurry));

  /**
   * @param {{socket: string, begin: string, known: boolean}} paths `known`: the visitor is a person already; otherwise
   *   the first word makes them a guest, by a POST to `begin`.
   * @param {object} on Callbacks: `preview({number, prompt, width, height, jpeg})`, `pending()` when a prompt is sent,
   *   `idle()` when no preview is awaited, `error(sentence)`, `queued(sentence)`, `status(message)` of the painter,
   *   `progress(message)` of a picture, `read(words)` of the preview that is shown: what was left out of the prompt,
   *   null where nothing was; `connected()`, `lost()`.
   */
  constructor({ socket, begin, known }, on) {
    Object.assign(this, { path: socket, beginPath: begin, on });
    this.prompts = new Map();
    this.reads = new Map();
    if (known) this.#connect();
    document.addEventListener("visibilitychange", () => document.hidden && this.leave());
    addEventListener("pagehide", () => this.leave());
  }

  /** Whether the socket is connected. */
  get open() {
    return Boolean(this.#socket?.open);
  }

  /**
   * Have a live prompt drawn as the throttle allows, or at once with `hurry`. One without words clears the canvas.
   * @param {{prompt: string, style: string, shape: string, seed: number}} livePrompt
   */
  draw(livePrompt, hurry = false) {
    const clean = { ...livePrompt, prompt: normal(livePrompt.prompt) };
    if (!clean.prompt) return this.clear();
    if (JSON.stringify(clean) === this.#sent) return this.#throttle.cancel();
    this.begin();
    this.#throttle.push(clean, hurry);
    return undefined;
  }

  /** Typing has paused: send what is held back, or ask for the pending preview before others. */
  flush() {
    if (this.#throttle.flush() || !this.#pending) return;
    const { sketch, number } = this.#pending;
    this.#socket?.send({ type: "hurry", sketch, number });
  }

  /** The words are gone: the next ones are drawn on another canvas. */
  clear() {
    this.leave();
    this.canvas = newId();
    this.#shown = this.#number;
    this.prompts.clear();
    this.reads.clear();
    this.on.read(null);
  }

  /** No preview is visible any more: withdraw the prompt. */
  leave() {
    this.#throttle.cancel();
    if (!this.#sent) return;
    this.#sent = "";
    this.#forget();
    this.#socket?.send({ type: "leave" });
    this.on.idle();
  }

  /**
   * Make the visitor a guest, and connect. A failure is reported once, and not retried for a while.
   * @returns {Promise<boolean>} Whether that worked.
   */
  begin() {
    if (this.#socket) return Promise.resolve(true);
    this.#beginning ??= this.#becomeGuest();
    return this.#beginning;
  }

  /** Abort a running `begin`: a form is submitted that makes the visitor a guest too, and there must not be two. */
  abortBegin() {
    this.#beginRequest?.abort();
  }

  async #becomeGuest() {
    const { signal } = (this.#beginRequest = new AbortController());
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
    this.on.error(await sentenceOf(response));
    return false;
  }

  #connect() {
    this.#socket ??= new Socket(this.path, {
      onMessage: (message) => this.#receive(message),
      onOpen: () => this.#opened(),
      onClose: () => this.on.lost(),
    });
  }

  #send(livePrompt, hurry) {
    this.#forget();
    this.#number += 1;
    this.#sent = JSON.stringify(livePrompt);
    this.#pending = { type: "draw", sketch: this.canvas, number: this.#number, ...livePrompt, hurry };
    this.prompts.set(this.#number, livePrompt.prompt);
    this.#sendAgain();
  }

  #opened() {
    this.on.connected();
    this.#sendAgain();
  }

  #sendAgain() {
    if (!this.#pending) return;
    this.#socket?.send(this.#pending);
    this.#wait(AGAIN_AT_MOST);
    this.on.pending();
  }

  #wait(pause) {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#sendAgain(), pause);
  }

  #receive(message) {
    if (message instanceof ArrayBuffer) this.#receivePreview(message);
    else this.#handlers[message.type]?.(message);
  }

  #handlers = {
    studio: (message) => {
      this.#throttle.seconds = message.seconds;
      this.on.status(message);
    },
    line: (message) => this.#pending && this.#isCurrent(message) && this.on.queued(message.sentence),
    read: (message) => {
      if (message.sketch !== this.canvas) return;
      this.reads.set(message.number, message);
      if (message.number === this.#shown) this.on.read(message);
    },
    refused: (message) => {
      if (!this.#isCurrent(message)) return;
      if (message.number === this.#number) this.#refused(message);
      // The card above the composer asks for it.
      const asked = message.code === "agreement_needed" && document.querySelector("#terms:not([hidden])");
      if (!asked) this.on.error(message.sentence);
    },
    problem: (message) => this.on.error(message.sentence),
    picture: (message) => this.on.progress(message),
  };

  /** Kind, canvas, number, width and height, then a JPEG; see docs/protocol.md. */
  #receivePreview(bytes) {
    const view = new DataView(bytes);
    if (bytes.byteLength <= HEADER || view.getUint8(0) !== PREVIEW) return;
    const number = view.getUint32(17);
    // What is drawn again once it is translated has the number that it had.
    if (uuid(bytes) !== this.canvas || number < this.#shown) return;
    this.#shown = number;
    if (number === this.#number) this.#end();
    this.on.preview({
      number,
      prompt: this.prompts.get(number) ?? "",
      width: view.getUint16(21),
      height: view.getUint16(23),
      jpeg: new Blob([new Uint8Array(bytes, HEADER)], { type: "image/jpeg" }),
    });
    this.on.read(this.reads.get(number) ?? null);
  }

  /** Whether a message is of this canvas and newer than what is shown; others are stale. */
  #isCurrent({ sketch, number }) {
    return sketch === this.canvas && number > this.#shown;
  }

  /** What is refused only for now goes again by itself: who has typed all their words would wait for nothing. */
  #refused({ retry, code }) {
    // The same words are drawn once the person has agreed.
    if (code === "agreement_needed") this.#sent = "";
    if (!retry || !this.#pending) return this.#end();
    this.#wait(this.#pause);
    this.#pause = Math.min(2 * this.#pause, AGAIN_AT_MOST);
    return this.on.idle();
  }

  #end() {
    this.#forget();
    this.#pause = AGAIN;
    this.on.idle();
  }

  /** No prompt is awaited any more. */
  #forget() {
    clearTimeout(this.#again);
    this.#pending = null;
  }
}

function normal(prompt) {
  return prompt.trim().replace(/\s+/g, " ");
}

/** The canvas's id, which stands after the first byte. */
function uuid(bytes) {
  const hex = Array.from(new Uint8Array(bytes, 1, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
