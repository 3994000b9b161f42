// The history of previews: a strip of thumbnails, and a slider that goes back through them.

import { word } from "../shared/words.js";

// As many as the server keeps, see imagine/history.py.
const LENGTH = 60;
const HEIGHT = 44;

export class History {
  #previews = [];

  /**
   * @param {HTMLElement} element Holds the strip's canvas and the slider.
   * @param {function(object): void} onSelect Called with the preview that the person selected.
   */
  constructor(element, onSelect) {
    this.element = element;
    this.strip = element.firstElementChild;
    this.slider = element.querySelector("input");
    this.canvas = element.querySelector("canvas");
    this.slider.addEventListener("input", () => {
      this.#describe();
      onSelect(this.selected);
    });
    new ResizeObserver(() => this.#draw()).observe(element);
  }

  /** The selected preview; undefined in an empty history. */
  get selected() {
    return this.#previews[Number(this.slider.value)];
  }

  /** Whether the newest preview is selected. */
  get atNewest() {
    return Number(this.slider.value) >= this.#previews.length - 1;
  }

  /** Select the newest preview. */
  selectNewest() {
    this.slider.value = this.#previews.length - 1;
    this.#describe();
  }

  /**
   * Add a preview. The selection follows it only from the newest one; an older one stays selected.
   * @param {{number: number, prompt: string, jpeg: Blob}} preview
   * @returns {Promise<void>}
   */
  async add(preview) {
    const previews = this.#previews;
    const thumbnail = await createImageBitmap(preview.jpeg, { resizeHeight: HEIGHT * 2, resizeQuality: "medium" });
    // `clear` begins a new list: what was decoded for the one before is stale.
    if (previews === this.#previews) this.#insert({ ...preview, thumbnail });
    else thumbnail.close();
  }

  /** Remove all previews. */
  clear() {
    for (const { thumbnail } of this.#previews) thumbnail.close();
    this.#previews = [];
    this.#draw();
  }

  #insert(preview) {
    const { atNewest, selected } = this;
    const same = this.#previews.findIndex(({ number }) => number === preview.number);
    // It was drawn again, from a translation.
    if (same >= 0) this.#previews.splice(same, 1)[0].thumbnail.close();
    this.#previews.push(preview);
    this.#previews.sort((one, other) => one.number - other.number);
    for (const { thumbnail } of this.#previews.splice(0, this.#previews.length - LENGTH)) thumbnail.close();
    const newest = this.#previews.length - 1;
    this.slider.max = newest;
    this.slider.value = atNewest ? newest : Math.max(0, this.#previews.indexOf(selected));
    this.#describe();
    this.#draw();
  }

  #describe() {
    const values = { number: Number(this.slider.value) + 1, total: this.#previews.length, words: this.selected?.prompt || word("preview") };
    this.slider.setAttribute("aria-valuetext", word("step").replace(/\{(\w+)\}/g, (_, name) => values[name]));
  }

  /** Draw as many thumbnails as fit, evenly over the history. */
  #draw() {
    const count = this.#previews.length;
    const boxes = Math.min(count, Math.max(1, Math.floor(this.element.clientWidth / HEIGHT)));
    this.strip.style.width = `${boxes * HEIGHT}px`;
    const side = HEIGHT * devicePixelRatio;
    this.canvas.width = boxes * side;
    this.canvas.height = side;
    const context = this.canvas.getContext("2d");
    for (let box = 0; box < boxes; box += 1) {
      const { thumbnail } = this.#previews[boxes === 1 ? 0 : Math.round((box * (count - 1)) / (boxes - 1))];
      cover(context, thumbnail, box * side, side);
    }
  }
}

/** Fill a box of the strip with the middle of a picture. */
function cover(context, bitmap, left, side) {
  const part = Math.min(bitmap.width, bitmap.height);
  context.drawImage(bitmap, (bitmap.width - part) / 2, (bitmap.height - part) / 2, part, part, left, 0, side, side);
}
