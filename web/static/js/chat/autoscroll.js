// Where the reader is: at the end, where new text stays in view, or further up, where nothing moves.

const root = document.documentElement;
const FRAMES_TO_SETTLE = 3;

export class Autoscroll {
  #atEnd = true;

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

  toEnd() {
    this.#atEnd = true;
    root.scrollTop = root.scrollHeight;
  }

  /** Run `change`, and keep what is being read where it is. */
  keep(change) {
    if (this.#atEnd) return change();
    const read = [...this.thread.children].find((child) => child.getBoundingClientRect().bottom > 60 && child.dataset.message);
    const before = read?.getBoundingClientRect().top;
    root.style.overflowAnchor = "none";
    change();
    return this.#settle(read, before, FRAMES_TO_SETTLE);
  }

  /** Messages far away get their true size only when they are first drawn, a frame or two later. */
  #settle(read, before, frames) {
    const same = read && document.getElementById(read.id);
    if (!same || !frames) {
      root.style.overflowAnchor = "";
      return;
    }
    root.scrollTop += same.getBoundingClientRect().top - before;
    requestAnimationFrame(() => this.#settle(read, before, frames - 1));
  }
}
