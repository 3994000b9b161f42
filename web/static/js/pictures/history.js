// The frames that appeared while typing: a strip of small pictures, and a slider that goes back through them.

import { word } from "../shared/words.js";

// As many as the server keeps, see imagine/live.py.
const MOST = 60;
const HEIGHT = 44;

export class History {
  #frames = [];

  /** `onLook(frame)` is called with the frame that the person chose to see. */
  constructor(element, onLook) {
    this.element = element;
    this.roll = element.firstElementChild;
    this.slider = element.querySelector("input");
    this.strip = element.querySelector("canvas");
    this.slider.addEventListener("input", () => {
      this.#say();
      onLook(this.looked);
    });
    new ResizeObserver(() => this.#draw()).observe(element);
  }

  /** The frame that is looked at. */
  get looked() {
    return this.#frames[Number(this.slider.value)];
  }

  get length() {
    return this.#frames.length;
  }

  /** Whether the newest frame is looked at. */
  get atEnd() {
    return Number(this.slider.value) >= this.#frames.length - 1;
  }

  toEnd() {
    this.slider.value = this.#frames.length - 1;
    this.#say();
  }

  /** Add `frame`; who looks at an older one goes on looking at it. */
  async add(frame) {
    const drawing = this.#frames;
    const small = await createImageBitmap(frame.jpeg, { resizeHeight: HEIGHT * 2, resizeQuality: "medium" });
    // `clear` begins a new list: what was decoded for the one before is stale.
    if (drawing !== this.#frames) return small.close();
    const { atEnd, looked } = this;
    this.#frames.push({ ...frame, small });
    this.#frames.sort((one, other) => one.number - other.number);
    for (const gone of this.#frames.splice(0, this.#frames.length - MOST)) gone.small.close();
    this.slider.max = this.#frames.length - 1;
    this.slider.value = atEnd ? this.#frames.length - 1 : Math.max(0, this.#frames.indexOf(looked));
    this.#say();
    this.#draw();
    return undefined;
  }

  clear() {
    for (const frame of this.#frames) frame.small.close();
    this.#frames = [];
    this.#draw();
  }

  #say() {
    this.slider.setAttribute("aria-valuetext", this.looked?.prompt || word("frame"));
  }

  /** As many small pictures as fit, evenly over the film. */
  #draw() {
    const count = this.#frames.length;
    const boxes = Math.min(count, Math.max(1, Math.floor(this.element.clientWidth / HEIGHT)));
    this.roll.style.width = `${boxes * HEIGHT}px`;
    const side = HEIGHT * devicePixelRatio;
    this.strip.width = boxes * side;
    this.strip.height = side;
    const context = this.strip.getContext("2d");
    for (let box = 0; box < boxes; box += 1) {
      const frame = this.#frames[boxes === 1 ? 0 : Math.round((box * (count - 1)) / (boxes - 1))];
      cover(context, frame.small, box * side, side);
    }
  }
}

/** Fill a box of the strip with the middle of a picture. */
function cover(context, bitmap, left, side) {
  const part = Math.min(bitmap.width, bitmap.height);
  context.drawImage(bitmap, (bitmap.width - part) / 2, (bitmap.height - part) / 2, part, part, left, 0, side, side);
}
