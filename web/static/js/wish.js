// A message that begins with “imagine” opens a small live picture above the composer.

const WISH = /^\s*\/?imagine\s+(?=\S)/iu;

/** Watch what is typed into `form`; what draws is loaded when it is first wanted. */
export function watchWishes(form) {
  const field = form.querySelector("textarea");
  let preview = null;

  async function look(text) {
    const words = WISH.test(text) ? text.replace(WISH, "") : "";
    if (!words && !preview) return;
    preview ??= import("./preview.js").then(({ Preview }) => new Preview(form));
    (await preview).show(words);
  }

  field.addEventListener("input", () => look(field.value));
  form.addEventListener("submit", () => look(""));
}
