// Voice notes from the microphone.

import { length } from "./times.js";

const LONGEST = 5 * 60;
// WhatsApp's notes are Opus in Ogg; where a browser records WebM, the emulator puts the same sound into Ogg.
const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

export class Recorder {
  #recorder = null;
  #parts = [];
  #timer = 0;
  #wanted = false;

  /** @param {{onTime: function(string): void, onDone: function(Blob): void, onEnd: function(): void}} handlers */
  constructor(handlers) {
    Object.assign(this, handlers);
  }

  /** Whether this browser can record here. */
  static get possible() {
    return Boolean(navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder);
  }

  /** Begin. Rejects when there is no microphone, or it may not be used. */
  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(stream, { mimeType });
    const began = performance.now();
    this.#recorder = recorder;
    this.#parts = [];
    recorder.addEventListener("dataavailable", ({ data }) => this.#parts.push(data));
    recorder.addEventListener("stop", () => this.#stopped(stream, recorder.mimeType));
    recorder.start();
    this.#timer = setInterval(() => {
      const seconds = (performance.now() - began) / 1000;
      this.onTime(length(seconds));
      if (seconds >= LONGEST) this.finish();
    }, 250);
    this.onTime(length(0));
  }

  /** End, and hand over what was recorded. */
  finish() {
    this.#wanted = true;
    this.#stop();
  }

  /** End, and forget it. */
  drop() {
    this.#wanted = false;
    this.#stop();
  }

  #stop() {
    clearInterval(this.#timer);
    if (this.#recorder?.state !== "inactive") this.#recorder?.stop();
  }

  #stopped(stream, type) {
    for (const track of stream.getTracks()) track.stop();
    this.#recorder = null;
    this.onEnd();
    const blob = new Blob(this.#parts, { type });
    if (this.#wanted && blob.size) this.onDone(blob);
  }
}
