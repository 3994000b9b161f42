// A message that begins with “imagine” opens a small live picture above the composer.

// The same as `wanted` in assistant/tools/create_image.py: "imagine that ..." is talk, and so is what ends in "?".
const TALK = "(?:that|if|you|your|yourself|we|i|he|she|they|how|what|why|when|where|who|being|having|for)\\b";
const WISH = new RegExp(`^\\s*(?:/imagine\\s+|imagine\\s+(?!${TALK}|.*\\?\\s*$))(?=\\S)`, "isu");

/** Watch what is typed into `form`; what draws is loaded when it is first wanted. */
export function watchWishes(form) {
  const field = form.querySelector("textarea");
  let preview = null;
  let newest = "";

  async function look(text) {
    newest = WISH.test(text) ? text.replace(WISH, "") : "";
    if (!newest && !preview) return;
    preview ??= import("./preview-panel.js").then(({ PreviewPanel }) => new PreviewPanel(form));
    (await preview).show(newest);
  }

  async function send() {
    newest = "";
    if (preview) (await preview).giveUp();
  }

  field.addEventListener("input", () => look(field.value));
  form.addEventListener("submit", send);
}
