// The large picture: a new one fades in over the one before, and nothing ever flashes.

const FADE = 90;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Crossfade {
  #shown = null;
  #newest = 0;

  constructor(element) {
    this.element = element;
    [this.under, this.over] = element.querySelectorAll("canvas");
  }

  /** Show the picture in `blob`; gives its bitmap (as long as it is shown), or null when a newer call was quicker. */
  async show(blob) {
    this.#newest += 1;
    const turn = this.#newest;
    const bitmap = await createImageBitmap(blob);
    if (turn !== this.#newest) {
      bitmap.close();
      return null;
    }
    this.#paint(bitmap);
    return bitmap;
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
