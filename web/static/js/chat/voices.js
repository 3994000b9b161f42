// Who reads aloud: the voice of the server, or one that the browser has on this device.

import { post, sentenceOf } from "../shared/http.js";

const TIMEOUT = 45_000;

/** What went wrong, in the server's words, where it had some. */
export class ReadingError extends Error {}

/** The voice of the server: a sentence is fetched while the one before is read. */
export class ServerVoice {
  #context = new AudioContext();
  #abort = new AbortController();
  #sounds = new Map();

  /** @param {string} url Of the answer's sentences. @param {number} count How many there are. */
  constructor(url, count) {
    this.url = url;
    this.count = count;
  }

  /** Read the sentence with this number. Resolves at its end; rejects with a ReadingError. */
  async read(number) {
    const sound = await this.#sound(number);
    if (number + 1 < this.count) this.#sound(number + 1).catch(() => { /* It is said when its turn comes. */ });
    this.#sounds.delete(number);
    const source = this.#context.createBufferSource();
    source.buffer = sound;
    source.connect(this.#context.destination);
    await new Promise((done) => {
      source.addEventListener("ended", done);
      source.start();
    });
  }

  #sound(number) {
    if (!this.#sounds.has(number)) this.#sounds.set(number, this.#fetch(number));
    return this.#sounds.get(number);
  }

  async #fetch(number) {
    const response = await post(`${this.url}/${number}`, {}, TIMEOUT, this.#abort.signal).catch(() => null);
    if (!response?.ok) throw new ReadingError(await sentenceOf(response));
    try {
      return await this.#context.decodeAudioData(await response.arrayBuffer());
    } catch {
      throw new ReadingError("");
    }
  }

  pause() {
    return this.#context.suspend();
  }

  resume() {
    return this.#context.resume();
  }

  /** Be silent, for good. */
  stop() {
    this.#abort.abort();
    this.#context.close();
  }
}

/** A voice of the browser that needs no server: others would send the words to a company. */
export class LocalVoice {
  /** Whether there is one by now; some browsers look for them only once they are asked. */
  static get known() {
    return Boolean(LocalVoice.#voice());
  }

  static #voice() {
    const own = globalThis.speechSynthesis?.getVoices().filter(({ localService }) => localService) ?? [];
    const language = navigator.language.split("-")[0];
    return own.find(({ lang }) => lang.split(/[-_]/)[0] === language) ?? own[0];
  }

  /** Read `text`. Resolves at its end; rejects with a ReadingError. */
  read(number, text) {
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = LocalVoice.#voice();
    utterance.lang = utterance.voice.lang;
    return new Promise((done, fail) => {
      utterance.addEventListener("end", done);
      utterance.addEventListener("error", () => fail(new ReadingError("")));
      speechSynthesis.speak(utterance);
    });
  }

  pause() {
    speechSynthesis.pause();
  }

  resume() {
    speechSynthesis.resume();
  }

  stop() {
    speechSynthesis.cancel();
  }
}
