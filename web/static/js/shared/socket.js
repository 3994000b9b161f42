// The one WebSocket of a page: it reconnects by itself, and notices when the line is dead.

const PING_EVERY = 20_000;
const SILENCE = 10_000;
const SLOWEST_RETRY = 20_000;
const CROWDED_PAUSE = 30_000;
const RELOAD_PAUSE = 60_000;

export class Socket {
  #socket = null;
  #tries = 0;
  #timers = {};

  /** `onFrame(frame)` for each frame (bytes as an ArrayBuffer), `onUp()` after each connect, `onDown()` after each loss. */
  constructor(path, { onFrame, onUp, onDown }) {
    this.url = new URL(path, location.href.replace(/^http/, "ws"));
    Object.assign(this, { onFrame, onUp, onDown });
    addEventListener("online", () => this.#retryNow());
    addEventListener("pageshow", (event) => event.persisted && this.#retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
    this.#connect();
  }

  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Send a frame; false when there is no connection to send it on. */
  send(frame) {
    if (!this.open) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    clearTimeout(this.#timers.retry);
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#pingLater();
      this.onUp();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#tries = 0;
      this.#pingLater();
      this.onFrame(typeof data === "string" ? JSON.parse(data) : data);
    };
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code);
  }

  #lost(code) {
    this.#socket = null;
    clearTimeout(this.#timers.ping);
    if (code === 4401 && reloadedLongAgo()) return location.reload();
    this.onDown();
    this.#timers.retry = setTimeout(() => this.#connect(), this.#pause(code));
  }

  /** Milliseconds until the next try: growing, and never in step with the other browsers. */
  #pause(code) {
    if (code === 4429) return CROWDED_PAUSE * (1 + Math.random() / 2);
    const first = code === 1012 ? 100 : 500;
    const pause = Math.min(first * 2 ** this.#tries, SLOWEST_RETRY);
    this.#tries += 1;
    return pause * (0.5 + Math.random() / 2);
  }

  #pingLater() {
    clearTimeout(this.#timers.ping);
    this.#timers.ping = setTimeout(() => this.#ping(SILENCE), PING_EVERY);
  }

  #ping(patience) {
    clearTimeout(this.#timers.ping);
    if (!this.send({ type: "ping" })) return;
    this.#timers.ping = setTimeout(() => this.#drop(), patience);
  }

  #drop() {
    const dead = this.#socket;
    this.#lost(1006);
    dead?.close();
  }

  /** The page is looked at again: the line may have died while nobody looked. */
  #wake() {
    if (this.open) this.#ping(SILENCE / 2);
    else this.#retryNow();
  }

  #retryNow() {
    if (!this.#socket) this.#connect();
  }
}

/** True at most once a minute, so that a page never reloads in a circle. */
function reloadedLongAgo() {
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Date.now() - last < RELOAD_PAUSE) return false;
  sessionStorage.setItem("reloaded", Date.now());
  return true;
}
