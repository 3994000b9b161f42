// The dock covers the end of the page, and the bar its beginning: what gets the focus is shown between them.

const PAINTS_TO_SETTLE = 3;

/**
 * Tell the style sheet the height of `dock`, now and when it changes, and keep what has the focus in `thread` clear of it.
 * @param {HTMLElement} dock
 * @param {HTMLElement} thread
 */
export function keepClear(dock, thread) {
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--dock", `${Math.ceil(dock.offsetHeight)}px`);
  }).observe(dock);
  thread.addEventListener("focusin", ({ target }) => {
    if (target.matches(":focus-visible")) show(target, PAINTS_TO_SETTLE);
  });
}

/** Messages around it may get their true size only now. */
function show(target, paints) {
  if (!paints || target !== document.activeElement) return;
  if (!isTall(target)) target.scrollIntoView({ block: "nearest" });
  requestAnimationFrame(() => show(target, paints - 1));
}

/** A field that is taller than the window keeps its caret in view by itself. */
function isTall(target) {
  return target.offsetHeight > innerHeight / 2;
}
