// Throttles what is typed: the newest value at most so often, and with a slow painter only once typing pauses (debounce).
// Between two sends the server keeps the newest prompt, and draws it as soon as it can.

const INTERVAL = 120;
const SLOW_SECONDS = 2;
const DEBOUNCE = 600;

export class Throttle {
  /** What one preview takes, in seconds, as the server measures it. */
  seconds = 0;

  #send;
  #timer = null;
  #newest;
  #pending = false;
  #nextAt = 0;

  /** @param {function(*, boolean): void} send Called with the newest value; the flag says that typing has paused. */
  constructor(send) {
    this.#send = send;
  }

  /** Send `value` when it is due, or at once with `hurry`, in place of an older one that waits. */
  push(value, hurry = false) {
    this.#newest = value;
    this.#pending = true;
    if (hurry) this.#fire(true);
    else if (this.seconds > SLOW_SECONDS) this.#debounce();
    else if (Date.now() >= this.#nextAt) this.#fire(false);
    else this.#timer ??= setTimeout(() => this.#fire(false), this.#nextAt - Date.now());
  }

  /** Send the pending value now. Returns false when there is none. */
  flush() {
    const pending = this.#pending;
    if (pending) this.#fire(true);
    return pending;
  }

  /** Drop the pending value. */
  cancel() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#pending = false;
  }

  #debounce() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fire(false), DEBOUNCE);
  }

  #fire(hurry) {
    const value = this.#newest;
    this.cancel();
    // One value may go early, so that the last one seldom waits; the next then waits for both.
    this.#nextAt = Math.max(this.#nextAt, Date.now() - INTERVAL) + INTERVAL;
    this.#send(value, hurry);
  }
}
