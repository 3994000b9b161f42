// The microphone: what is said, as one recording, and how loud it is meanwhile.

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
// Enough for speech: two minutes are half a megabyte.
const BITS = 32_000;
const SAMPLES = 512;
// Speech near a microphone has about a fifth of what it can record.
const LOUD = 0.2;
// So much is left of it in the next picture, for it does not flicker then.
const FADE = 0.92;

/** Whether this browser can record here: pages without HTTPS get no microphone. */
export const canRecord = Boolean(navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder);

/**
 * Ask for the microphone, and record from then on.
 * @returns {Promise<Recorder>} Rejects with a DOMException where there is none, or it may not be used.
 */
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  try {
    return new Recorder(stream);
  } catch (error) {
    letGo(stream);
    throw error;
  }
}

function letGo(stream) {
  for (const track of stream.getTracks()) track.stop();
}

class Recorder {
  #began = performance.now();
  #parts = [];
  #samples = new Float32Array(SAMPLES);
  #context = new AudioContext();
  #analyser = this.#context.createAnalyser();
  #source;
  #recorder;
  #level = 0;

  constructor(stream) {
    this.#analyser.fftSize = SAMPLES;
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(this.#analyser);
    this.#recorder = new MediaRecorder(stream, {
      mimeType: TYPES.find((type) => MediaRecorder.isTypeSupported(type)),
      audioBitsPerSecond: BITS,
    });
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#parts.push(data));
    this.#recorder.addEventListener("stop", () => this.#release(stream));
    this.#recorder.start();
  }

  /** Whether it goes on; not once the microphone was unplugged. */
  get active() {
    return this.#recorder.state === "recording";
  }

  /** How long it has lasted. */
  get seconds() {
    return (performance.now() - this.#began) / 1000;
  }

  /** How loud it is, from 0 to 1, for one picture of it. */
  nextLevel() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / SAMPLES;
    this.#level = Math.max(Math.min(1, Math.sqrt(power) / LOUD), this.#level * FADE);
    return this.#level;
  }

  /** End it, and let the microphone go. @returns {Promise<Blob>} What was recorded. */
  async finish() {
    if (this.active) {
      const stopped = new Promise((done) => this.#recorder.addEventListener("stop", done, { once: true }));
      this.#recorder.stop();
      await stopped;
    }
    return new Blob(this.#parts, { type: this.#recorder.mimeType });
  }

  #release(stream) {
    letGo(stream);
    this.#context.close();
  }
}
