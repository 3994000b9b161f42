// The switch in the composer that says whether the web is searched; what was chosen holds in this browser.

const NAME = "search";

/**
 * @param {HTMLFormElement} form The composer's.
 * @returns {function(): string} What is chosen: empty, "always" or "never".
 */
export function searchSwitch(form) {
  const field = form.elements.search;
  if (!field) return () => "";
  try {
    field.value = localStorage.getItem(NAME) ?? "";
    if (field.selectedIndex < 0) field.selectedIndex = 0;
  } catch { /* Storage is switched off: it holds for this page only. */ }
  field.addEventListener("change", () => {
    try {
      localStorage.setItem(NAME, field.value);
    } catch { /* As above. */ }
    form.querySelector("textarea").focus();
  });
  return () => field.value;
}
