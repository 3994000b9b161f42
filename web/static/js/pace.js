// How often what one types is sent: at once, then with the newest words whenever the painter can take them.

const SHORTEST = 120;
const QUICK = 0.4;
const SLOW = 2;
const REST = 600;

export class Pace {
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

  /** Send what waits now. */
  flush() {
    if (this.#waits) this.#go(true);
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
    this.#free = Date.now() + (this.seconds > QUICK ? this.seconds * 1_000 : SHORTEST);
    this.#send(value, hurry);
  }
}
