// Dictation: what is said becomes words in the composer, to be corrected and sent by hand.

import { post, refusalOf } from "../shared/http.js";
import { canRecord, record } from "./recorder.js";

const MOST_SECONDS = 120;
const WARNING_SECONDS = 110;
const TICK = 250;
const TIMEOUT = 100_000;
const REFUSED = ["NotAllowedError", "SecurityError"];
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

export class Dictation {
  #state = "";
  #recorder = null;
  #attempt = null;
  #before = null;
  #kept = null;
  #timer = 0;

  /**
   * @param {Composer} composer Whose form has the button for it; without one nothing is dictated here.
   * @param {Tray} tray Takes words for which the message has no room.
   */
  constructor(composer, tray) {
    this.composer = composer;
    this.tray = tray;
    this.button = composer.form.querySelector("[data-dictate]");
    if (!this.button) return;
    this.button.hidden = !canRecord;
    this.strip = composer.form.querySelector(".dictation");
    this.line = composer.form.querySelector(".dictation-line");
    this.again = this.line.querySelector("button");
    // The field keeps the focus where a mouse presses.
    this.button.addEventListener("mousedown", (event) => event.preventDefault());
    this.button.addEventListener("click", () => this.#start());
    this.#part("[data-cancel]").addEventListener("click", () => this.#cancel());
    this.#part("[data-done]").addEventListener("click", () => this.#finish());
    this.again.addEventListener("click", () => this.#write(this.#kept, this.#begin()));
    composer.field.addEventListener("input", () => this.#complain(""));
    document.addEventListener("keydown", (event) => this.#state && this.#key(event), { capture: true });
    addEventListener("pagehide", () => this.#state && this.#cancel());
  }

  #part(selector) {
    return this.strip.querySelector(selector);
  }

  #word(name) {
    return this.strip.getAttribute(`data-word-${name}`);
  }

  /** Begin an attempt; its signal tells when it was cancelled. */
  #begin() {
    this.#before = document.activeElement;
    this.#attempt = new AbortController();
    this.#complain("");
    return this.#attempt.signal;
  }

  async #start() {
    const cancelled = this.#begin();
    // Nothing is read aloud into the microphone.
    document.dispatchEvent(new Event("dictating"));
    this.#show("asking");
    let recorder;
    try {
      recorder = await record();
    } catch (error) {
      if (!cancelled.aborted) this.#end(this.#word(REFUSED.includes(error.name) ? "denied" : "missing"));
      return;
    }
    if (cancelled.aborted) {
      await recorder.finish();
      return;
    }
    this.#recorder = recorder;
    this.#show("listening");
    this.#timer = setInterval(() => this.#tick(), TICK);
    this.#tick();
    this.#drawLevel();
  }

  #tick() {
    const { seconds, active } = this.#recorder;
    const whole = Math.floor(Math.min(seconds, MOST_SECONDS));
    this.#part("[role=timer]").textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    if (!this.strip.isConnected) this.#cancel();
    else if (!active || seconds >= MOST_SECONDS) this.#finish();
    else if (seconds >= WARNING_SECONDS && this.#state === "listening") this.#show("ending");
  }

  #drawLevel() {
    if (!this.#recorder || stillness.matches) return;
    this.strip.style.setProperty("--level", this.#recorder.nextLevel().toFixed(2));
    requestAnimationFrame(() => this.#drawLevel());
  }

  /** Take the recorder, which is nobody's then. */
  #take() {
    const recorder = this.#recorder;
    this.#recorder = null;
    clearInterval(this.#timer);
    this.strip.style.removeProperty("--level");
    return recorder;
  }

  async #finish() {
    const recorder = this.#take();
    if (!recorder) return;
    const cancelled = this.#attempt.signal;
    this.#show("writing");
    const recording = await recorder.finish();
    if (cancelled.aborted) return;
    if (recording.size) await this.#write(recording, cancelled);
    else this.#end(this.#word("nothing"));
  }

  async #write(recording, cancelled) {
    this.#show("writing");
    const fields = new FormData();
    fields.set("file", recording, "dictation");
    const response = await post(this.button.dataset.dictate, fields, TIMEOUT, cancelled).catch(() => null);
    const found = response?.ok ? await response.json().catch(() => null) : null;
    const refused = found ? null : await refusalOf(response);
    if (cancelled.aborted) return;
    if (found) this.#put(found.text);
    else if (response?.status === 413) this.#end(this.#word("large"));
    else this.#end(refused?.sentence ?? this.#word(response ? "failed" : "away"), (refused?.retry ?? true) ? recording : null);
  }

  #put(text) {
    this.#hide();
    if (!this.composer.insert(text)) this.tray.addText(text);
    this.composer.field.focus();
    this.#tell("written");
  }

  #cancel() {
    this.#attempt.abort();
    this.#take()?.finish();
    this.#end("");
    this.#tell("cancelled");
  }

  /** Back to where one was, with a sentence where it went wrong; `kept` can be tried once more. */
  #end(sentence, kept = null) {
    this.#hide();
    this.#complain(sentence, kept);
    const wasSomewhere = this.#before !== document.body && this.#before.checkVisibility();
    (wasSomewhere ? this.#before : this.button).focus();
  }

  #complain(sentence, kept = null) {
    this.#kept = kept;
    this.line.querySelector("span").textContent = sentence;
    this.again.hidden = !kept;
  }

  /** Show the strip in place of the field. What has the focus then is what Enter is meant for. */
  #show(state) {
    const isSpeaking = state === "listening" || state === "ending";
    const changed = this.#state !== state;
    this.#state = state;
    this.composer.card.dataset.dictating = state;
    this.strip.hidden = false;
    this.#part("[data-done]").hidden = !isSpeaking;
    this.#part("[role=timer]").hidden = !isSpeaking;
    this.#part(".band").classList.toggle("band-busy", state === "writing");
    this.#part(".dictation-words").textContent = this.#word(state);
    if (changed && state !== "ending") this.#part(isSpeaking ? "[data-done]" : "[data-cancel]").focus();
    this.#tell(state);
  }

  #hide() {
    this.#state = "";
    delete this.composer.card.dataset.dictating;
    this.strip.hidden = true;
  }

  #tell(name) {
    this.composer.form.querySelector("[data-dictation-status]").textContent = this.#word(name);
  }

  #key(event) {
    if (document.querySelector("dialog[open], :popover-open")) return;
    const isFree = !event.target.closest("a, button, summary, input, textarea, select");
    if (event.key === "Escape") {
      event.preventDefault();
      this.#cancel();
    } else if (event.key === "Enter" && (event.repeat || isFree)) {
      // A key that is held down must not cancel at once what it has ended.
      event.preventDefault();
      if (!event.repeat) this.#finish();
    }
  }
}
