// The scroll position: pinned to the end while the reader is there, still while they read further up.

const root = document.documentElement;
const PAINTS_TO_SETTLE = 3;
const PAINTS_TO_ARRIVE = 20;
const BELOW_BAR = 72;
const NEAR_END = 64;

export class Autoscroll {
  #atEnd = true;
  #observer;

  /**
   * @param {HTMLElement} thread
   * @param {HTMLElement} end Marks the end of the thread.
   * @param {HTMLElement} jump The button that scrolls there.
   */
  constructor(thread, end, jump) {
    this.thread = thread;
    this.end = end;
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(thread);
    this.#observer = new IntersectionObserver((entries) => {
      this.#atEnd = entries.at(-1).isIntersecting;
      jump.hidden = this.#atEnd;
    }, { rootMargin: `0px 0px ${NEAR_END}px 0px` });
    this.#observer.observe(end);
    jump.addEventListener("click", () => this.toEnd());
    // Before the observers see it: sizes that become known must not pull the page away from what has the focus.
    thread.addEventListener("focusin", () => requestAnimationFrame(() => {
      this.#atEnd &&= end.getBoundingClientRect().top < innerHeight + NEAR_END;
    }));
    this.toEnd();
  }

  /** Scroll to the end, and stay there. */
  toEnd() {
    this.#atEnd = true;
    root.scrollTop = root.scrollHeight;
  }

  /** The first visible message and where its top is, as `{id, top}`; null at the end. */
  place() {
    const read = this.#atEnd ? null : this.#firstVisible();
    return read && { id: read.id, top: Math.round(read.getBoundingClientRect().top) };
  }

  /** Bring the message `id` to `top` pixels below the top of the window, and stay there. */
  show(id, top = BELOW_BAR) {
    this.#atEnd = false;
    root.style.overflowAnchor = "none";
    this.#settle(document.getElementById(id), top, PAINTS_TO_ARRIVE);
  }

  /** Stay where the reader is while something opens, and see after that whether the end is still in view. */
  release() {
    this.#atEnd = false;
    this.#observer.unobserve(this.end);
    this.#observer.observe(this.end);
  }

  /** Stay where the reader is, also when the thread grows. */
  hold() {
    this.#atEnd = false;
  }

  /** Run `change`, and keep the first visible message where it is. */
  preserve(change) {
    if (this.#atEnd) return change();
    const read = this.#firstVisible();
    const before = read?.getBoundingClientRect().top;
    root.style.overflowAnchor = "none";
    change();
    return this.#settle(read, before, PAINTS_TO_SETTLE);
  }

  #firstVisible() {
    return [...this.thread.children].find((child) => child.getBoundingClientRect().bottom > 60 && child.dataset.message);
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
