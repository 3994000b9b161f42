// What fingers do to a message: a long press opens its menu, a swipe replies to it.

const PRESS = 450;
const SLOP = 10;
const SWIPE = 56;
const FARTHEST = 72;

/**
 * @param {HTMLElement} list Holds the rows.
 * @param {{onPress: function(HTMLElement): void, onSwipe: function(HTMLElement): void}} handlers Called with the row.
 */
export function listenForFingers(list, { onPress, onSwipe }) {
  let row = null;
  let start = null;
  let timer = 0;
  let far = 0;

  const end = () => {
    clearTimeout(timer);
    if (row) row.style.translate = "";
    row = null;
    far = 0;
  };

  list.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" || event.target.closest("input, a, .cards")) return;
    end();
    row = event.target.closest(".row");
    start = event;
    timer = setTimeout(() => {
      const pressed = row;
      end();
      if (!pressed) return;
      swallowNextClick();
      onPress(pressed);
    }, PRESS);
  });
  list.addEventListener("pointermove", (event) => {
    if (!row || event.pointerId !== start.pointerId) return;
    const across = event.clientX - start.clientX;
    if (Math.hypot(across, event.clientY - start.clientY) > SLOP) clearTimeout(timer);
    far = Math.max(0, Math.min(across, FARTHEST));
    row.style.translate = far > SLOP ? `${far}px` : "";
  });
  list.addEventListener("pointerup", () => {
    const swiped = far >= SWIPE && row;
    end();
    if (swiped) onSwipe(swiped);
  });
  list.addEventListener("pointercancel", end);
  list.addEventListener("contextmenu", (event) => event.pointerType === "touch" && event.preventDefault());
}

/** The finger that pressed long is lifted over something: that is no tap. */
function swallowNextClick() {
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("pointerup", () => setTimeout(() => removeEventListener("click", swallow, true), 50), { once: true });
  addEventListener("click", swallow, { capture: true, once: true });
}
