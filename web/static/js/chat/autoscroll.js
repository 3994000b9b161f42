// The scroll position: pinned to the end while the reader is there, still while they read further up.

const root = document.documentElement;
const PAINTS_TO_SETTLE = 3;

export class Autoscroll {
  #atEnd = true;

  /**
   * @param {HTMLElement} thread
   * @param {HTMLElement} end Marks the end of the thread.
   * @param {HTMLElement} jump The button that scrolls there.
   */
  constructor(thread, end, jump) {
    this.thread = thread;
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(thread);
    new IntersectionObserver(([entry]) => {
      this.#atEnd = entry.isIntersecting;
      jump.hidden = this.#atEnd;
    }, { rootMargin: "0px 0px 64px 0px" }).observe(end);
    jump.addEventListener("click", () => this.toEnd());
    this.toEnd();
  }

  /** Scroll to the end, and stay there. */
  toEnd() {
    this.#atEnd = true;
    root.scrollTop = root.scrollHeight;
  }

  /** Run `change`, and keep the first visible message where it is. */
  preserve(change) {
    if (this.#atEnd) return change();
    const read = [...this.thread.children].find((child) => child.getBoundingClientRect().bottom > 60 && child.dataset.message);
    const before = read?.getBoundingClientRect().top;
    root.style.overflowAnchor = "none";
    change();
    return this.#settle(read, before, PAINTS_TO_SETTLE);
  }

  /** Messages outside the viewport get their true size only when they are first painted. */
  #settle(read, before, paints) {
    const same = read && document.getElementById(read.id);
    if (!same || !paints) {
      root.style.overflowAnchor = "";
      return;
    }
    root.scrollTop += same.getBoundingClientRect().top - before;
    requestAnimationFrame(() => this.#settle(read, before, paints - 1));
  }
}
