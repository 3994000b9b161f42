// Shows the newest preview: it fades in over the one before on two canvases, so that nothing flashes.

const FADE = 90;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Crossfade {
  #shown = null;
  #newest = 0;

  /** @param {HTMLElement} element Holds two canvases, the second above the first. */
  constructor(element) {
    this.element = element;
    [this.under, this.over] = element.querySelectorAll("canvas");
  }

  /**
   * Decode and show a picture, unless a later call comes before it is decoded.
   * @param {Blob} blob
   * @returns {Promise<void>}
   */
  async show(blob) {
    this.#newest += 1;
    const turn = this.#newest;
    const bitmap = await createImageBitmap(blob);
    if (turn === this.#newest) this.#paint(bitmap);
    else bitmap.close();
  }

  #paint(bitmap) {
    if (this.#shown) put(this.under, this.#shown);
    put(this.over, bitmap);
    this.#shown?.close();
    this.#shown = bitmap;
    if (!calm.matches) this.over.animate({ opacity: [0, 1] }, { duration: FADE, easing: "ease-out" });
    this.element.dataset.shown = "";
  }
}

function put(canvas, bitmap) {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
}
