// The WebSocket of a page: reconnects with exponential backoff, and detects a dead connection by pings.

const PING_INTERVAL = 20_000;
const PONG_TIMEOUT = 10_000;
const LONGEST_BACKOFF = 20_000;
const TOO_MANY_PAUSE = 30_000;
const RELOAD_PAUSE = 60_000;

export class Socket {
  #socket = null;
  #attempts = 0;
  #ended = false;
  #timers = {};

  /**
   * @param {string} path
   * @param {{onMessage: function((object|ArrayBuffer)): void, onOpen: function(): void, onClose: function(): void}} handlers
   *   `onOpen` is called after each connect, `onClose` after each loss.
   */
  constructor(path, { onMessage, onOpen, onClose }) {
    this.url = new URL(path, location.href.replace(/^http/, "ws"));
    Object.assign(this, { onMessage, onOpen, onClose });
    addEventListener("online", () => this.#retryNow());
    addEventListener("pageshow", (event) => event.persisted && this.#retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
    this.#connect();
  }

  /** Whether it is connected. */
  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /**
   * Send a message.
   * @param {object} message
   * @returns {boolean} False when there is no connection.
   */
  send(message) {
    if (!this.open) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Close it for good. */
  end() {
    const socket = this.#socket;
    this.#ended = true;
    this.#socket = null;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    socket?.close();
  }

  #connect() {
    clearTimeout(this.#timers.retry);
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#pingLater();
      this.onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#attempts = 0;
      this.#pingLater();
      this.onMessage(typeof data === "string" ? JSON.parse(data) : data);
    };
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code);
  }

  #lost(code) {
    this.#socket = null;
    clearTimeout(this.#timers.ping);
    if (code === 4401 && reloadedLongAgo()) return location.reload();
    this.onClose();
    this.#timers.retry = setTimeout(() => this.#connect(), this.#backoff(code));
  }

  /** Milliseconds until the next attempt: growing, with jitter, so that browsers do not reconnect in step. */
  #backoff(code) {
    if (code === 4429) return TOO_MANY_PAUSE * (1 + Math.random() / 2);
    const first = code === 1012 ? 100 : 500;
    const pause = Math.min(first * 2 ** this.#attempts, LONGEST_BACKOFF);
    this.#attempts += 1;
    return pause * (0.5 + Math.random() / 2);
  }

  #pingLater() {
    clearTimeout(this.#timers.ping);
    this.#timers.ping = setTimeout(() => this.#ping(PONG_TIMEOUT), PING_INTERVAL);
  }

  #ping(timeout) {
    clearTimeout(this.#timers.ping);
    if (!this.send({ type: "ping" })) return;
    this.#timers.ping = setTimeout(() => this.#drop(), timeout);
  }

  #drop() {
    const dead = this.#socket;
    this.#lost(1006);
    dead?.close();
  }

  /** The page is visible again: the connection may have died meanwhile. */
  #wake() {
    if (this.open) this.#ping(PONG_TIMEOUT / 2);
    else this.#retryNow();
  }

  #retryNow() {
    if (!this.#socket && !this.#ended) this.#connect();
  }
}

/** True at most once a minute, so that a page never reloads in a loop. */
function reloadedLongAgo() {
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Date.now() - last < RELOAD_PAUSE) return false;
  sessionStorage.setItem("reloaded", Date.now());
  return true;
}
