// How often what one types is sent: the newest words, so many times a second at most, and for slow painters at rest only.
// Between two times the server keeps the newest itself, and draws them as soon as it can.

const SHORTEST = 120;
const SLOW = 2;
const REST = 600;

export class Throttle {
  /** What one picture takes, in seconds, as the server measures it. */
  seconds = 0;

  #send;
  #timer = null;
  #newest;
  #waits = false;
  #free = 0;

  /** `send(value, hurry)` is called with the newest value; `hurry` says that nothing more will be typed now. */
  constructor(send) {
    this.#send = send;
  }

  push(value, hurry = false) {
    this.#newest = value;
    this.#waits = true;
    if (hurry) this.#go(true);
    else if (this.seconds > SLOW) this.#after(REST);
    else if (Date.now() >= this.#free) this.#go(false);
    else this.#timer ??= setTimeout(() => this.#go(false), this.#free - Date.now());
  }

  /** Send what waits now; false when nothing does. */
  flush() {
    const waits = this.#waits;
    if (waits) this.#go(true);
    return waits;
  }

  /** Forget what waits. */
  drop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#waits = false;
  }

  #after(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#go(false), pause);
  }

  #go(hurry) {
    const value = this.#newest;
    this.drop();
    // One letter may come early, so that the last one seldom waits; the next then waits for both.
    this.#free = Math.max(this.#free, Date.now() - SHORTEST) + SHORTEST;
    this.#send(value, hurry);
  }
}
