// Says in words what a live picture shows once typing rests, so that nothing talks over the keys.

const REST = 2_000;

export class Spoken {
  #timer = null;
  #prompt = "";
  #said = "";

  /** @param {function(string): void} say Called with the prompt of what is shown, once for each. */
  constructor(say) {
    this.say = say;
  }

  /** A picture of `prompt` is shown. */
  show(prompt) {
    this.#prompt = prompt;
    this.touch();
  }

  /** A key was pressed: wait until the keys rest. */
  touch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#prompt || this.#prompt === this.#said) return;
      this.#said = this.#prompt;
      this.say(this.#prompt);
    }, REST);
  }

  /** Nothing is shown any more. */
  clear() {
    clearTimeout(this.#timer);
    this.#prompt = "";
    this.#said = "";
  }
}
