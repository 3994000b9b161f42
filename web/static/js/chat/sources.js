// The numbers in an answer: under the pointer, the focus or a finger they show the passage that the words rest on.

import { announce, piece } from "../shared/words.js";

const LEAVE_TIME = 250;
const EDGE = 8;
const GAP = 6;
const TOP_BAR = 56;

/**
 * @param {HTMLElement} thread
 * @param {Element} first The number that was looked at first; meanwhile it may be another.
 */
export function explainSources(thread, first) {
  let card = null;
  let timer = null;

  function show(chip) {
    clearTimeout(timer);
    if (card?.chip === chip) return;
    hide();
    const source = sourceOf(chip);
    if (!source) return;
    const element = piece("source-card");
    element.append(...[...source.cloneNode(true).childNodes]);
    document.body.append(element);
    element.showPopover?.();
    place(element, chip);
    card = { chip, element };
    // Said and not pointed at by an attribute, with which the message would no longer equal the one on the server.
    if (document.activeElement === chip) announce(element.textContent);
  }

  function hide() {
    card?.element.remove();
    card = null;
  }

  function hideSoon() {
    clearTimeout(timer);
    timer = setTimeout(hide, LEAVE_TIME);
  }

  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "touch") return;
    const chip = target.closest?.(".cite");
    if (chip && thread.contains(chip)) show(chip);
    else if (card?.element.contains(target)) clearTimeout(timer);
    else if (card && document.activeElement !== card.chip) hideSoon();
  });
  document.addEventListener("focusin", ({ target }) => {
    if (thread.contains(target) && target.matches(".cite:focus-visible")) show(target);
    else if (!card?.element.contains(target)) hide();
  });
  // A finger has no other way to ask: the first touch shows, and the card has the link.
  thread.addEventListener("click", (event) => {
    const chip = event.target.closest(".cite");
    if (!chip || event.pointerType !== "touch" || !sourceOf(chip)) return;
    event.preventDefault();
    show(chip);
  });
  document.addEventListener("click", ({ target }) => {
    if (card && !card.element.contains(target) && !target.closest?.(".cite")) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (!card || event.key !== "Escape") return;
    event.preventDefault();
    hide();
  });
  addEventListener("scroll", () => card && place(card.element, card.chip), { passive: true });
  show(thread.querySelector(".cite:is(:hover, :focus-visible)") ?? first);
}

/** What the list under the answer says about the source of a number. */
function sourceOf(chip) {
  return chip.closest(".message")?.querySelector(`[data-source="${chip.textContent}"]`);
}

/** Stand over the number, or under it where there is no room, within the window. */
function place(element, chip) {
  const at = chip.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = element;
  const room = document.documentElement.clientWidth - width - EDGE;
  const above = at.top - height - GAP;
  element.style.left = `${Math.max(EDGE, Math.min(at.left + at.width / 2 - width / 2, room))}px`;
  element.style.top = `${above > TOP_BAR ? above : at.bottom + GAP}px`;
}
