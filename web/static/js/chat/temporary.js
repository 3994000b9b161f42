// Temporary chats: the switch on the start page, and the end of one that is open.

/** Let the switch of the start page decide whether `form` begins a temporary chat. */
export function temporarySwitch(form) {
  const button = document.querySelector("[data-temporary]");
  const field = form.elements.temporary;
  const show = (pressed) => {
    button.setAttribute("aria-pressed", pressed);
    field.disabled = !pressed;
  };
  button.addEventListener("click", () => {
    show(field.disabled);
    form.querySelector("textarea").focus();
  });
  // Some browsers keep the state of fields over a reload, but not that of buttons.
  show(button.getAttribute("aria-pressed") === "true");
}

let ending = false;
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-end]")) ending = true;
});

/** The page of a temporary chat that is gone: the server has the words for it, and nothing of it stays on screen. */
export function showGone() {
  // The tab that ends it goes to the start page.
  if (ending) return;
  const url = new URL(location.href);
  url.searchParams.set("temporary", "");
  location.replace(url);
}
